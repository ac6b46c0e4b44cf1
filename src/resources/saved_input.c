/* What was entered for a saved request. See the header. */
#include "resources/saved_input.h"

#include "actions/request.h"
#include "actions/scope.h"
#include "base/check.h"
#include "base/doc.h"
#include "core/requests.h"
#include "core/work.h"

static void add_pair(json_t *list, str name, str value)
{
    json_t *pair = json_array();

    must(json_array_append_new(pair, json_stringn(name.p ? name.p : "", name.n)) == 0);
    must(json_array_append_new(pair, json_stringn(value.p ? value.p : "", value.n)) == 0);
    must(json_array_append_new(list, pair) == 0);
}

/* One scalar as text; p == NULL for anything else. */
static str scalar(struct exchange *x, const json_t *value)
{
    if (json_is_string(value))
        return (str){json_string_value(value), json_string_length(value)};
    if (json_is_number(value) || json_is_boolean(value))
        return doc_print(x->arena, value);
    return (str){NULL, 0};
}

/* 0: it is no text. */
static int add_value(struct exchange *x, json_t *list, const char *name, const json_t *value)
{
    str text = scalar(x, value);

    if (text.p)
        add_pair(list, str_from(name), text);
    return text.p != NULL;
}

static int add_object(struct exchange *x, json_t *list, json_t *object)
{
    const char *name;
    json_t *value, *one;
    size_t i;
    int ok = 1;

    json_object_foreach (object, name, value) {
        if (json_is_array(value)) {
            json_array_foreach (value, i, one) {
                ok = add_value(x, list, name, one) && ok;
            }
        } else {
            ok = add_value(x, list, name, value) && ok;
        }
    }
    return ok;
}

static int add_list(struct exchange *x, json_t *list, json_t *given)
{
    json_t *one;
    size_t i;
    int ok = 1;

    json_array_foreach (given, i, one) {
        const char *name = json_string_value(doc_get(one, "name"));
        ok = ok && name && add_value(x, list, name, doc_get(one, "value"));
    }
    return ok;
}

static int add_lines(json_t *list, str text, char between)
{
    while (!str_empty(text)) {
        str line = str_trim(str_take_until(&text, '\n'));
        size_t at = str_find_char(line, between);
        if (str_empty(line))
            continue;
        if (at == SIZE_MAX)
            return 0;
        add_pair(list, str_trim(str_slice(line, 0, at)), str_trim(str_slice(line, at + 1, line.n)));
    }
    return 1;
}

static json_t *pairs_field(struct exchange *x, const char *field, char between, const char *help)
{
    json_t *given = doc_get(x->input, field), *list = doc_array(x->arena);
    int ok = 1;

    if (json_is_object(given))
        ok = add_object(x, list, given);
    else if (json_is_array(given))
        ok = add_list(x, list, given);
    else if (json_is_string(given))
        ok = add_lines(list, exchange_text(x, field), between);
    else
        ok = json_is_null(given);
    if (!ok)
        exchange_field_error(x, field, help);
    return list;
}

/* Borrowed. */
static json_t *body_field(struct exchange *x)
{
    json_t *given = doc_get(x->input, "body"), *parsed = NULL;
    struct fault f = {.code = ERR_OK};
    str text;

    if (!x->is_form || !json_is_string(given))
        return given;
    text = str_trim(exchange_text(x, "body"));
    if (str_empty(text))
        return doc_keep(x->arena, json_null());
    if (doc_parse(x->arena, &f, text, &parsed) == ERR_OK)
        return parsed;
    exchange_field_error(x, "body", fault_text(&f));
    return doc_keep(x->arena, json_null());
}

static void take_text(struct exchange *x, json_t *d, const char *field)
{
    if (exchange_has(x, field))
        doc_set_str(d, field, str_trim(exchange_text(x, field)));
    if (!json_is_string(doc_get(d, field)))
        doc_set_str(d, field, STR(""));
}

static json_t *document_of(struct exchange *x, const json_t *before)
{
    json_t *d = doc_keep(x->arena, before ? json_deep_copy(before) : json_object());

    take_text(x, d, "method");
    take_text(x, d, "path");
    if (str_empty(doc_get_str(d, "method")))
        doc_set_cstring(d, "method", "GET");
    if (exchange_has(x, "query") || !doc_get(d, "query"))
        doc_set(d, "query",
                exchange_has(x, "query")
                    ? pairs_field(x, "query", '=', "Write one parameter a line, as name=value.")
                    : doc_array(x->arena));
    if (exchange_has(x, "headers") || !doc_get(d, "headers"))
        doc_set(d, "headers",
                exchange_has(x, "headers")
                    ? pairs_field(x, "headers", ':', "Write one header a line, as Name: value.")
                    : doc_array(x->arena));
    if (exchange_has(x, "body"))
        doc_set(d, "body", body_field(x));
    if (!doc_get(d, "body"))
        doc_set_null(d, "body");
    return d;
}

static enum err known_requests(struct exchange *x, json_t **ret)
{
    struct request_row *rows = NULL;
    size_t count = 0;
    enum err e = requests_list(x->work, &rows, &count);
    json_t *known = doc_object(x->arena);

    for (size_t i = 0; !e && i < count; i++)
        must(json_object_setn_new(known, rows[i].name.p, rows[i].name.n, json_true()) == 0);
    *ret = known;
    return e;
}

enum err saved_input(struct exchange *x, const json_t *before, json_t **ret)
{
    struct names names = {.in_list = 1};
    struct slips slips;
    json_t *known = NULL, *d;
    enum err e = known_requests(x, &known);

    if (e)
        return e;
    d = document_of(x, before);
    names.requests = known;
    slips_init(&slips, x->arena);
    request_check(&slips, d, &names, scope_filters(x->work), x->work->services->provider);
    for (size_t i = 0; i < slips.count; i++)
        exchange_field_error(x, slips.list[i].field, slips.list[i].message);
    *ret = d;
    return ERR_OK;
}
