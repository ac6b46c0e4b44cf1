/* What was entered for a request. See the header. */
#include "resources/request_input.h"

#include "base/buf.h"
#include "base/doc.h"
#include "base/url.h"
#include "core/work.h"

#define QUERY_MAX 16384

/* --- query ------------------------------------------------------------------------------------ */

/* One scalar as text; p == NULL for anything else. */
static str scalar(struct exchange *x, const json_t *value)
{
    if (json_is_string(value))
        return (str){json_string_value(value), json_string_length(value)};
    if (json_is_integer(value) || json_is_real(value) || json_is_boolean(value))
        return doc_print(x->arena, value);
    return (str){NULL, 0};
}

/* Nothing is encoded once the query is too long: a long key with a million values would fill the
 * exchange's arena a million times. */
static int add_pair(struct exchange *x, struct buf *out, const char *key, const json_t *value)
{
    str text = scalar(x, value);
    if (!text.p || !buf_ok(out) || strlen(key) > QUERY_MAX || text.n > QUERY_MAX)
        return 0;
    if (out->n)
        buf_add_char(out, '&');
    buf_add(out, url_encode(x->arena, str_from(key)));
    buf_add_char(out, '=');
    buf_add(out, url_encode(x->arena, text));
    return 1;
}

static str query_of_object(struct exchange *x, json_t *object)
{
    BUF_AUTO struct buf out = {0};
    const char *key;
    json_t *value, *one;
    size_t i;
    int ok = 1;
    buf_init(&out, QUERY_MAX);
    json_object_foreach (object, key, value) {
        if (json_is_null(value))
            continue;
        if (json_is_array(value)) {
            json_array_foreach (value, i, one)
                ok = ok && add_pair(x, &out, key, one);
        } else
            ok = ok && add_pair(x, &out, key, value);
    }
    if (!ok || !buf_ok(&out))
        exchange_field_error(x, "query",
                             "Give text, numbers, booleans or lists of them, 16 kB at most.");
    return arena_str(x->arena, buf_str(&out));
}

static str query_field(struct exchange *x)
{
    json_t *given = doc_get(x->input, "query");
    if (json_is_object(given))
        return query_of_object(x, given);
    str text = str_trim(exchange_text(x, "query"));
    if (given && !json_is_string(given) && !json_is_null(given))
        exchange_field_error(x, "query", "Give an object or text like a=b&c=d.");
    return str_starts(text, STR("?")) ? str_slice(text, 1, text.n) : text;
}

/* --- headers ---------------------------------------------------------------------------------- */

struct headers {
    struct provider_header *list;
    size_t count;
};

static void add_header(struct exchange *x, struct headers *h, str name, str value)
{
    if (h->count == PROVIDER_HEADERS_MAX) {
        exchange_field_error(x, "headers", "At most 20 headers, please.");
        return;
    }
    h->list[h->count++] =
        (struct provider_header){arena_str(x->arena, name), arena_str(x->arena, value)};
}

static void headers_of_object(struct exchange *x, struct headers *h, json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach (object, key, value) {
        if (json_is_string(value))
            add_header(x, h, str_from(key),
                       (str){json_string_value(value), json_string_length(value)});
        else
            exchange_field_error(x, "headers", "Every header's value must be text.");
    }
}

static void headers_of_lines(struct exchange *x, struct headers *h, str text)
{
    while (!str_empty(text)) {
        str line = str_trim(str_take_until(&text, '\n'));
        if (str_empty(line))
            continue;
        size_t colon = str_find_char(line, ':');
        if (colon == SIZE_MAX) {
            exchange_field_error(x, "headers", "Write one header a line, as Name: value.");
            return;
        }
        add_header(x, h, str_slice(line, 0, colon), str_trim(str_slice(line, colon + 1, line.n)));
    }
}

static struct headers headers_field(struct exchange *x)
{
    struct headers h = {arena_alloc_array(x->arena, PROVIDER_HEADERS_MAX, sizeof(*h.list)), 0};
    json_t *given = doc_get(x->input, "headers");
    if (json_is_object(given))
        headers_of_object(x, &h, given);
    else if (json_is_string(given))
        headers_of_lines(x, &h, exchange_text(x, "headers"));
    else if (given && !json_is_null(given))
        exchange_field_error(x, "headers", "Give an object or lines like Name: value.");
    return h;
}

static int names_a_type(const struct headers *h)
{
    for (size_t i = 0; i < h->count; i++)
        if (str_eq_nocase(h->list[i].name, STR("Content-Type")))
            return 1;
    return 0;
}

static int is_credential(str line)
{
    str name = str_trim(str_slice(line, 0, str_find_char(line, ':')));
    return str_eq_nocase(name, STR("Authorization")) || str_eq_nocase(name, STR("Cookie")) ||
           str_eq_nocase(name, STR("Proxy-Authorization"));
}

str request_input_kept(struct exchange *x, const char *field)
{
    BUF_AUTO struct buf out = {0};
    str text = exchange_text(x, field);
    if (strcmp(field, "headers") != 0)
        return text;
    buf_init(&out, text.n + 1);
    while (!str_empty(text)) {
        str line = str_take_until(&text, '\n');
        if (is_credential(line))
            continue;
        if (out.n)
            buf_add_char(&out, '\n');
        buf_add(&out, line);
    }
    return arena_str(x->arena, buf_str(&out));
}

/* --- body ------------------------------------------------------------------------------------- */

/* A form's body without a type of its own is meant as JSON: a slip is said here, not by Jira. */
static str body_field(struct exchange *x, const struct headers *h)
{
    json_t *given = doc_get(x->input, "body");
    if (!given || json_is_null(given))
        return (str){NULL, 0};
    if (!json_is_string(given))
        return doc_print(x->arena, given);
    str text = exchange_text(x, "body");
    if (!x->is_form)
        return text;
    text = str_trim(text);
    if (str_empty(text) || names_a_type(h))
        return text;
    struct fault fault = {0};
    json_t *parsed = NULL;
    if (doc_parse(x->arena, &fault, text, &parsed))
        exchange_field_error(x, "body", fault_text(&fault));
    return text;
}

enum err request_input(struct exchange *x, struct provider_request *request)
{
    const struct provider *provider = x->work->services->provider;
    struct headers h = headers_field(x);
    request->method = str_trim(exchange_text(x, "method"));
    request->path = str_trim(exchange_text(x, "path"));
    request->query = query_field(x);
    request->headers = h.list;
    request->header_count = h.count;
    request->body = body_field(x, &h);
    if (str_empty(request->method))
        request->method = STR("GET");
    if (str_empty(request->path))
        exchange_field_error(x, "path", "Enter a path, like /rest/api/3/myself.");
    enum err e = exchange_field_problem(x);
    return e ? e : provider->check_request(provider->self, x->arena, &x->fault, request);
}
