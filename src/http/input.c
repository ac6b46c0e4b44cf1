/* Parameters in, see the header. The body is decoded in place, so that a secret is in no other
 * memory than the body's, which is wiped, and its own.
 */
#include "http/input.h"

#include <stdint.h>

#include "base/check.h"
#include "base/doc.h"
#include "base/mem.h"
#include "http/exchange_int.h"

#define BODY_ROOM_FIRST 4096

void input_body_wipe(struct input_body *b)
{
    if (b->p)
        explicit_bzero(b->p, b->room);
    mem_free(b->p);
    *b = (struct input_body){0};
}

/* Never realloc: it may leave a copy behind. */
void input_body_add(struct input_body *b, str chunk)
{
    if (chunk.n > b->room - b->n) {
        size_t room = b->room ? b->room : BODY_ROOM_FIRST;

        while (room - b->n < chunk.n)
            room *= 2;
        struct input_body larger = {mem_alloc(room), b->n, room};
        if (b->n)
            memcpy(larger.p, b->p, b->n);
        input_body_wipe(b);
        *b = larger;
    }
    if (chunk.n)
        memcpy(b->p + b->n, chunk.p, chunk.n);
    b->n += chunk.n;
}

static int charset_is_utf8(str parameters)
{
    while (parameters.p) {
        str value = str_trim(str_take_until(&parameters, ';'));
        str name = str_trim(str_take_until(&value, '='));

        if (!str_eq_nocase(name, STR("charset")))
            continue;
        value = str_trim(value);
        if (!str_eq_nocase(value, STR("utf-8")) && !str_eq_nocase(value, STR("\"utf-8\"")))
            return 0;
    }
    return 1;
}

enum err input_type_of(struct fault *f, str content_type, enum input_type *ret)
{
    str parameters = content_type;
    str type = str_trim(str_take_until(&parameters, ';'));
    int json = str_eq_nocase(type, STR("application/json"));

    if (str_empty(type)) {
        *ret = INPUT_NONE;
        return ERR_OK;
    }
    if (!json && !str_eq_nocase(type, STR("application/x-www-form-urlencoded")))
        return fail(f, ERR_UNSUPPORTED_MEDIA_TYPE, "");
    if (!charset_is_utf8(parameters))
        return fail(f, ERR_UNSUPPORTED_MEDIA_TYPE, "Send the body in UTF-8.");
    *ret = json ? INPUT_JSON : INPUT_FORM;
    return ERR_OK;
}

/* Decodes within its own bytes. */
static int decode_in_place(char *p, size_t n, size_t *ret_n)
{
    size_t to = 0;

    for (size_t i = 0; i < n; i++) {
        if (p[i] == '%') {
            int high = i + 2 < n ? str_hex_value(p[i + 1]) : -1;
            int low = i + 2 < n ? str_hex_value(p[i + 2]) : -1;

            if (high < 0 || low < 0)
                return 0;
            p[to++] = (char)(unsigned char)(high * 16 + low);
            i += 2;
        } else {
            p[to++] = p[i] == '+' ? ' ' : p[i];
        }
    }
    *ret_n = to;
    return 1;
}

enum source { SOURCE_QUERY, SOURCE_FORM };

static enum err store_pair(struct exchange *x, enum source source, str name, str value)
{
    enum exchange_secret_index secret = exchange_secret_find(name);

    if (secret != EXCHANGE_SECRET_COUNT && source == SOURCE_QUERY)
        return fail(
            &x->fault, ERR_MALFORMED,
            "Passwords and keys belong into the body of a request, never into its address.");
    if (secret != EXCHANGE_SECRET_COUNT)
        secret_set(&x->private->secrets[secret], value.p, value.n);
    else if (source == SOURCE_FORM && str_eq(name, STR("_csrf")))
        x->csrf_header = arena_str(x->arena, value);
    else
        doc_set_str(x->input, arena_cstring(x->arena, name), value);
    return ERR_OK;
}

static enum err read_pair(struct exchange *x, enum source source, char *p, size_t n)
{
    const char *equals = memchr(p, '=', n);
    size_t name_n = equals ? (size_t)(equals - p) : n;
    char *value_p = p + name_n + (equals ? 1 : 0);
    size_t value_n = n - name_n - (equals ? 1 : 0);

    if (!decode_in_place(p, name_n, &name_n) || !decode_in_place(value_p, value_n, &value_n))
        return fail(&x->fault, ERR_MALFORMED, "A parameter holds a broken %% escape.");
    str name = {p, name_n}, value = {value_p, value_n};
    if (!str_is_utf8(name) || !str_is_utf8(value))
        return fail(&x->fault, ERR_MALFORMED, "A parameter is not valid UTF-8 text.");
    if (name.n == 0 || name.n > INPUT_NAME_MAX)
        return fail(&x->fault, ERR_MALFORMED, "The name of a parameter is empty or too long.");
    return store_pair(x, source, name, value);
}

static enum err read_pairs(struct exchange *x, enum source source, char *p, size_t n)
{
    size_t count = 0;

    for (size_t from = 0; from < n;) {
        const char *end = memchr(p + from, '&', n - from);
        size_t length = end ? (size_t)(end - (p + from)) : n - from;

        if (length && ++count > INPUT_PARAMETERS_MAX)
            return fail(&x->fault, ERR_MALFORMED, "The request has more than %d parameters.",
                        INPUT_PARAMETERS_MAX);
        if (length) {
            enum err e = read_pair(x, source, p + from, length);

            if (e)
                return e;
        }
        from += length + 1;
    }
    return ERR_OK;
}

enum err input_read_query(struct exchange *x)
{
    return read_pairs(x, SOURCE_QUERY, arena_cstring(x->arena, x->query), x->query.n);
}

/* One buffer for all: anybody can send thousands of pairs. */
str input_take_method(struct arena *a, str *query)
{
    str rest = *query, method = {NULL, 0};
    char *kept = arena_alloc(a, query->n + 1);
    size_t n = 0;

    while (rest.p) {
        str pair = str_take_until(&rest, '&');

        if (str_starts(pair, STR("_method="))) {
            method = str_slice(pair, sizeof("_method=") - 1, pair.n);
            continue;
        }
        if (pair.n == 0)
            continue;
        if (n > 0)
            kept[n++] = '&';
        memcpy(kept + n, pair.p, pair.n);
        n += pair.n;
    }
    *query = (str){kept, n};
    return method;
}

/* jansson lets U+0000 be refused by itself; names are ours to check. */
static enum err check_json_names(struct exchange *x, json_t *object)
{
    const char *name;
    json_t *value;

    if (json_object_size(object) > INPUT_PARAMETERS_MAX)
        return fail(&x->fault, ERR_MALFORMED, "The request has more than %d parameters.",
                    INPUT_PARAMETERS_MAX);
    json_object_foreach (object, name, value) {
        size_t n = strlen(name);

        if (n == 0 || n > INPUT_NAME_MAX)
            return fail(&x->fault, ERR_MALFORMED, "The name of a parameter is empty or too long.");
    }
    return ERR_OK;
}

/* Deleting gives the text's memory back, and that is wiped (doc_init). */
static void move_json_secrets(struct exchange *x, json_t *object)
{
#define SECRET_FIELD(name)                                                                         \
    {                                                                                              \
        json_t *value = json_object_get(object, #name);                                            \
        if (json_is_string(value))                                                                 \
            secret_set(&x->private->secrets[EXCHANGE_SECRET_##name], json_string_value(value),     \
                       json_string_length(value));                                                 \
        (void)json_object_del(object, #name);                                                      \
    }
#include "secret_fields.def"
#undef SECRET_FIELD
}

static enum err read_json(struct exchange *x, str text)
{
    json_t *object;
    enum err e = doc_parse(x->arena, &x->fault, text, &object);

    if (e)
        return e;
    if (!json_is_object(object))
        return fail(&x->fault, ERR_MALFORMED, "The body has to be a JSON object.");
    e = check_json_names(x, object);
    move_json_secrets(x, object);
    if (e)
        return e;
    must(json_object_update(x->input, object) == 0);
    return ERR_OK;
}

enum err input_read_body(struct exchange *x, enum input_type type, struct input_body *body)
{
    enum err e = ERR_OK;

    if (body->n && type == INPUT_FORM)
        e = read_pairs(x, SOURCE_FORM, body->p, body->n);
    else if (body->n && type == INPUT_JSON)
        e = read_json(x, (str){body->p, body->n});
    else if (body->n)
        e = fail(&x->fault, ERR_UNSUPPORTED_MEDIA_TYPE, "");
    input_body_wipe(body);
    return e;
}
