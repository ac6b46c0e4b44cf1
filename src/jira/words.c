/* Finding the reason in the several shapes of Jira's error bodies. */
#include "base/doc.h"
#include "jira/classify.h"

#define WORDS_MAX 200
#define BODY_MAX ((size_t)64 * 1024)

/* One line, cut. */
static str tidy(struct arena *a, str s)
{
    str cut = str_utf8_cut(str_trim(s), WORDS_MAX);
    char *p = arena_cstring(a, cut);

    for (size_t i = 0; i < cut.n; i++) {
        if ((unsigned char)p[i] < 0x20 || p[i] == 0x7F)
            p[i] = ' ';
    }
    return cut.n ? (str){p, cut.n} : (str){NULL, 0};
}

static str first_message(const json_t *doc)
{
    const json_t *list = doc_get(doc, "errorMessages");
    const json_t *first = json_array_get(list, 0);

    if (!json_is_string(first))
        return (str){NULL, 0};
    return (str){json_string_value(first), json_string_length(first)};
}

static str first_field(struct arena *a, const json_t *doc)
{
    json_t *errors = doc_get(doc, "errors");
    const char *key;
    json_t *value;

    json_object_foreach (errors, key, value) {
        if (json_is_string(value))
            return arena_printf(a, "%s: %s", key, json_string_value(value));
    }
    return (str){NULL, 0};
}

str jira_words(struct arena *a, str body)
{
    static const char *const keys[] = {"message", "detail", "title", "error"};
    json_t *doc = NULL;
    str found;

    if (body.n == 0 || body.n > BODY_MAX || doc_parse(a, NULL, body, &doc) != ERR_OK ||
        !json_is_object(doc))
        return (str){NULL, 0};
    found = first_message(doc);
    if (found.n == 0)
        found = first_field(a, doc);
    for (size_t i = 0; found.n == 0 && i < sizeof(keys) / sizeof(keys[0]); i++)
        found = doc_get_str(doc, keys[i]);
    return tidy(a, found);
}
