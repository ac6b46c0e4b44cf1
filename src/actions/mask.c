/* See the header. */
#include "actions/mask.h"

#include "base/check.h"
#include "base/doc.h"

#define NAME_MAX_BYTES 64
#define LARGE ((size_t)1 << 20)

/* Letters and digits only, in lower case: "API-Key" and "api_key" are "apikey". */
static str plain_name(char room[static NAME_MAX_BYTES], const char *name)
{
    size_t n = 0;

    for (; *name && n < NAME_MAX_BYTES; name++) {
        char c = *name;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            room[n++] = c;
    }
    return (str){room, n};
}

static int is_secret(const char *name)
{
    static const char *const WORDS[] = {"password",   "passwd", "secret",        "apikey",
                                        "privatekey", "cookie", "authorization", "credential"};
    char room[NAME_MAX_BYTES];
    str plain = plain_name(room, name);

    for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
        if (str_find(plain, str_from(WORDS[i])) != SIZE_MAX)
            return 1;
    }
    return str_ends(plain, STR("token")) && !str_ends(plain, STR("pagetoken"));
}

static int is_scalar(const json_t *value)
{
    return json_is_string(value) || json_is_number(value);
}

size_t mask_document(json_t *document)
{
    const char *name;
    json_t *value;
    size_t i, n = 0;
    void *next;

    json_object_foreach_safe(document, next, name, value)
    {
        if (is_scalar(value) && is_secret(name)) {
            must(json_object_set_new(document, name, json_string(MASK_TEXT)) == 0);
            n++;
        } else {
            n += mask_document(value);
        }
    }
    json_array_foreach (document, i, value) {
        n += mask_document(value);
    }
    return n;
}

str mask_body(struct arena *a, str body)
{
    json_t *document = NULL;

    if (str_empty(body) || doc_parse(a, NULL, body, &document) || mask_document(document) == 0)
        return body;
    return doc_print(a, document);
}

str mask_cut(struct arena *a, str body, size_t max)
{
    if (!body.p)
        return body;
    if (!str_is_utf8(body) && body.n)
        return arena_printf(a, "(%zu bytes that are not text)", body.n);
    if (body.n > LARGE)
        return arena_printf(a, "(%zu bytes, too many to be kept)", body.n);
    str masked = mask_body(a, body);
    str cut = str_utf8_cut(masked, max);
    return cut.n == masked.n ? masked : arena_printf(a, "%.*s...", STR_ARG(cut));
}
