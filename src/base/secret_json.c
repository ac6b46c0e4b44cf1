/* The JSON text is walked twice by one function: to measure, then to write, because a secret's
 * memory does not grow. */
#include "base/secret_json.h"

#include "base/check.h"

struct writer {
    unsigned char *p; /* NULL: measuring */
    size_t n;
};

static void put(struct writer *w, const char *bytes, size_t n)
{
    if (w->p && n)
        memcpy(w->p + w->n, bytes, n);
    w->n += n;
}

static void put_escaped(struct writer *w, char c)
{
    static const char hex[] = "0123456789abcdef";
    char code[6] = {'\\', 'u', '0', '0', hex[(unsigned char)c >> 4 & 15], hex[c & 15]};

    if (c == '"' || c == '\\') {
        put(w, "\\", 1);
        put(w, &c, 1);
    } else if ((unsigned char)c < 0x20 || c == 0x7F) {
        put(w, code, sizeof(code));
    } else {
        put(w, &c, 1);
    }
}

static str value_of(const struct secret_json_field *field)
{
    return field->secret ? secret_expose(field->secret) : field->text;
}

static void put_all(struct writer *w, const struct secret_json_field *fields, size_t count)
{
    put(w, "{", 1);
    for (size_t i = 0; i < count; i++) {
        str value = value_of(&fields[i]);
        put(w, i ? ",\"" : "\"", i ? 2 : 1);
        put(w, fields[i].key, strlen(fields[i].key));
        put(w, "\":\"", 3);
        for (size_t at = 0; at < value.n; at++)
            put_escaped(w, value.p[at]);
        put(w, "\"", 1);
    }
    put(w, "}", 1);
}

int secret_json_make(const struct secret_json_field *fields, size_t count, struct secret *ret)
{
    struct writer w = {NULL, 0};
    struct secret made = {0};

    for (size_t i = 0; i < count; i++) {
        must(strpbrk(fields[i].key, "\"\\") == NULL);
        if (!str_is_utf8(value_of(&fields[i])))
            return 0;
    }
    put_all(&w, fields, count);
    secret_alloc(&made, w.n);
    w = (struct writer){made.p, 0};
    put_all(&w, fields, count);
    must(w.n == made.n);
    secret_wipe(ret); /* only now: a field may be what it held */
    *ret = made;
    return 1;
}

int secret_json_take(json_t *object, const char *key, struct secret *to)
{
    const json_t *value = json_object_get(object, key);

    must(to->p == NULL);
    if (!json_is_string(value))
        return 0;
    secret_set(to, json_string_value(value), json_string_length(value));
    must(json_object_del(object, key) == 0);
    return 1;
}
