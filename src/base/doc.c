/* Making, reading, parsing and printing jansson documents whose life is an arena's. */
#include "base/doc.h"

#include <malloc.h>
#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"

static void *jansson_alloc(size_t size)
{
    return mem_alloc(size ? size : 1);
}

static void jansson_free(void *p)
{
    if (p)
        explicit_bzero(p, malloc_usable_size(p));
    mem_free(p);
}

void doc_init(void)
{
    json_set_alloc_funcs(jansson_alloc, jansson_free);
    json_object_seed(0);
}

static void release_json(void *value)
{
    json_decref(value);
}

json_t *doc_keep(struct arena *a, json_t *value)
{
    must(value != NULL);
    arena_defer(a, release_json, value);
    return value;
}

json_t *doc_object(struct arena *a)
{
    return doc_keep(a, json_object());
}

json_t *doc_array(struct arena *a)
{
    return doc_keep(a, json_array());
}

/* Takes the reference. NULL here is text that is not UTF-8. */
static void set_new(json_t *object, const char *key, json_t *value)
{
    must(value != NULL);
    must(json_object_set_new(object, key, value) == 0);
}

void doc_set_str(json_t *object, const char *key, str value)
{
    set_new(object, key, value.p ? json_stringn(value.p, value.n) : json_null());
}

void doc_set_cstring(json_t *object, const char *key, const char *value_or_null)
{
    doc_set_str(object, key, str_from(value_or_null));
}

void doc_set_int(json_t *object, const char *key, int64_t value)
{
    set_new(object, key, json_integer(value));
}

void doc_set_bool(json_t *object, const char *key, int value)
{
    set_new(object, key, json_boolean(value));
}

void doc_set_null(json_t *object, const char *key)
{
    set_new(object, key, json_null());
}

void doc_set_time(json_t *object, const char *key, int64_t ms)
{
    char text[25];

    if (ms == 0) {
        doc_set_null(object, key);
        return;
    }
    clock_format(ms, text);
    doc_set_cstring(object, key, text);
}

void doc_set(json_t *object, const char *key, json_t *value)
{
    must(json_object_set(object, key, value) == 0);
}

void doc_append(json_t *array, json_t *value)
{
    must(json_array_append(array, value) == 0);
}

str doc_get_str(const json_t *object, const char *key)
{
    const json_t *value = doc_get(object, key);

    if (!json_is_string(value))
        return (str){NULL, 0};
    return (str){json_string_value(value), json_string_length(value)};
}

int64_t doc_get_int(const json_t *object, const char *key, int64_t fallback)
{
    const json_t *value = doc_get(object, key);

    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

json_t *doc_get(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

/* Ours instead of jansson's, which quote the text they stumbled over. */
static const char *reason_of(enum json_error_code code)
{
    if (code == json_error_duplicate_key)
        return "a key occurs twice";
    if (code == json_error_invalid_utf8)
        return "the text is not UTF-8";
    if (code == json_error_premature_end_of_input)
        return "the text ends too early";
    if (code == json_error_end_of_input_expected)
        return "something follows after the end";
    if (code == json_error_stack_overflow)
        return "it is nested too deeply";
    if (code == json_error_numeric_overflow)
        return "a number is too large";
    if (code == json_error_null_character || code == json_error_null_byte_in_key)
        return "the character U+0000 is not accepted";
    return "this is not valid here";
}

int doc_is_parsable(str text)
{
    size_t values = 1;
    int in_string = 0;

    for (size_t i = 0; i < text.n && values <= DOC_VALUES_MAX; i++) {
        char c = text.p[i];

        if (c == '"')
            in_string = !in_string;
        else if (in_string)
            i += c == '\\';
        else
            values += c == ',' || c == '[' || c == '{';
    }
    return values <= DOC_VALUES_MAX;
}

enum err doc_parse(struct arena *a, struct fault *f, str text, json_t **ret)
{
    json_error_t error;
    json_t *value;

    if (str_trim(text).n == 0)
        return fail(f, ERR_MALFORMED, "The JSON text is empty.");
    if (!doc_is_parsable(text))
        return fail(f, ERR_MALFORMED, "The JSON text holds more than %d values.", DOC_VALUES_MAX);
    value = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (value == NULL)
        return fail(f, ERR_MALFORMED, "The JSON cannot be read at line %d, column %d: %s.",
                    error.line, error.column, reason_of(json_error_code(&error)));
    *ret = doc_keep(a, value);
    return ERR_OK;
}

static int digits_needed(double value)
{
    for (int digits = 15; digits < 17; digits++) {
        char text[40];
        (void)snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            return digits;
    }
    return 17;
}

/* jansson has one precision for a whole text. 15 digits print 0.1 as people write it. */
static int precision_of(json_t *value)
{
    const char *key;
    json_t *child;
    size_t i;
    int most = json_is_real(value) ? digits_needed(json_real_value(value)) : 15;

    json_object_foreach (value, key, child) {
        int digits = precision_of(child);
        most = digits > most ? digits : most;
    }
    json_array_foreach (value, i, child) {
        int digits = precision_of(child);
        most = digits > most ? digits : most;
    }
    return most;
}

str doc_print(struct arena *a, const json_t *value)
{
    json_t *readable = (json_t *)value; /* jansson iterates without const */
    size_t precision = (size_t)precision_of(readable);
    size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(precision);
    char *text = json_dumps(value, flags);
    str copy;

    must(text != NULL);
    copy = arena_str_from(a, text);
    mem_free(text);
    return copy;
}
