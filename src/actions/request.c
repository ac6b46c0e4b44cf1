/* See the header. */
#include "actions/request.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/doc.h"
#include "base/url.h"

#define QUERY_TEXT_MAX ((size_t)16384)

static str text_of(const json_t *value)
{
    return (str){json_string_value(value), json_string_length(value)};
}

int request_writes(const json_t *document)
{
    str method = doc_get_str(document, "method");

    return !str_eq(method, STR("GET")) && !str_eq(method, STR("HEAD"));
}

/* --- checking --------------------------------------------------------------------------------- */

struct checking {
    struct slips *slips;
    const struct names *names;
    const struct place_filter *filters;
};

static void check_text(const struct checking *c, const char *field, str text)
{
    struct fault f = {.code = ERR_OK};

    if (fill_check(&f, text, c->filters, names_check, (void *)(uintptr_t)c->names))
        slips_add_fault(c->slips, field, &f);
}

static void check_pairs(const struct checking *c, const json_t *list, const char *field, size_t max)
{
    json_t *pair;
    size_t i;

    if (!json_is_array(list) || json_array_size(list) > max) {
        slips_add(c->slips, field, "At most %zu, please.", max);
        return;
    }
    json_array_foreach ((json_t *)(uintptr_t)list, i, pair) {
        str name = text_of(json_array_get(pair, 0)), value = text_of(json_array_get(pair, 1));
        if (!name.n || !value.p || name.n > REQUEST_PAIR_MAX || value.n > REQUEST_PAIR_MAX) {
            slips_add(c->slips, field, "Each has a name and a value, of at most %zu characters.",
                      REQUEST_PAIR_MAX);
            return;
        }
        if (str_find(name, STR("{{")) != SIZE_MAX)
            slips_add(c->slips, field, "Templates stand in values only, not in names.");
        check_text(c, field, value);
    }
}

static void check_body(const struct checking *c, const json_t *body)
{
    struct fault f = {.code = ERR_OK};

    if (doc_print(c->slips->arena, body).n > REQUEST_BODY_MAX) {
        slips_add(c->slips, "body", "At most %zu characters, please.", REQUEST_BODY_MAX);
        return;
    }
    if (fill_check_document(&f, body, c->filters, names_check, (void *)(uintptr_t)c->names))
        slips_add_fault(c->slips, "body", &f);
}

/* The path as it could become, for the provider's rules on paths: each place is "x". */
static str example_path(struct slips *s, str path, const struct place_filter *filters)
{
    struct place_reader r = {path, NULL, filters};
    struct place place;
    str example = STR(""), before;
    int found = 1;

    while (found) {
        if (place_next(&r, &before, &place, &found))
            return path; /* said already */
        example = arena_printf(s->arena, "%.*s%.*s%s", STR_ARG(example), STR_ARG(before),
                               found ? "x" : "");
    }
    return example;
}

static struct provider_header *headers_of(struct arena *a, const json_t *list, size_t *ret_count)
{
    struct provider_header *all = arena_alloc_array(a, PROVIDER_HEADERS_MAX, sizeof(*all));
    json_t *pair;
    size_t i, n = 0;

    json_array_foreach ((json_t *)(uintptr_t)list, i, pair) {
        if (n < PROVIDER_HEADERS_MAX)
            all[n++] = (struct provider_header){text_of(json_array_get(pair, 0)), STR("x")};
    }
    *ret_count = n;
    return all;
}

static void check_provider(struct slips *s, const json_t *document,
                           const struct place_filter *filters, const struct provider *p)
{
    struct fault f = {.code = ERR_OK};
    struct provider_request r = {
        .method = doc_get_str(document, "method"),
        .path = example_path(s, doc_get_str(document, "path"), filters),
        .query = STR(""),
    };

    if (p->check_request(p->self, s->arena, &f, &r)) {
        slips_add_fault(s, "path", &f);
        return;
    }
    r.headers = headers_of(s->arena, doc_get(document, "headers"), &r.header_count);
    if (p->check_request(p->self, s->arena, &f, &r))
        slips_add_fault(s, "headers", &f);
}

static void check_method(struct slips *s, str method)
{
    static const char *const METHODS[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

    for (size_t i = 0; i < sizeof(METHODS) / sizeof(METHODS[0]); i++) {
        if (str_eq(method, str_from(METHODS[i])))
            return;
    }
    slips_add(s, "method", "Choose GET, POST, PUT, PATCH or DELETE.");
}

void request_check(struct slips *s, const json_t *document, const struct names *names,
                   const struct place_filter *filters, const struct provider *provider)
{
    struct checking c = {s, names, filters};
    str path = doc_get_str(document, "path");

    check_method(s, doc_get_str(document, "method"));
    if (path.n == 0 || path.n > REQUEST_PATH_MAX)
        slips_add(s, "path", "Enter a path, like /rest/api/3/issue/{{input.key}}.");
    else if (str_find_char(path, '?') != SIZE_MAX)
        slips_add(s, "path", "What stands behind ? belongs into the query.");
    else
        check_text(&c, "path", path);
    check_pairs(&c, doc_get(document, "query"), "query", REQUEST_QUERY_MAX);
    check_pairs(&c, doc_get(document, "headers"), "headers", PROVIDER_HEADERS_MAX);
    check_body(&c, doc_get(document, "body"));
    if (s->count == 0)
        check_provider(s, document, filters, provider);
}

/* --- names ------------------------------------------------------------------------------------ */

struct naming {
    struct arena *arena;
    json_t *list;
};

static enum err note_name(void *arg, struct fault *f, const struct place *place)
{
    struct naming *n = arg;
    str first = place->steps[0].name, reference;
    json_t *one;
    size_t i;

    (void)f;
    if (str_eq(first, STR("user")) || str_eq(first, STR("now")) || str_eq(first, STR("today")))
        return ERR_OK;
    reference = names_reference(n->arena, place);
    json_array_foreach (n->list, i, one) {
        if (str_eq(text_of(one), reference))
            return ERR_OK;
    }
    if (i < REQUEST_NAMES_MAX)
        must(json_array_append_new(n->list, json_stringn(reference.p, reference.n)) == 0);
    return ERR_OK;
}

json_t *request_names(struct arena *a, const json_t *document, const struct place_filter *filters)
{
    struct naming n = {a, doc_array(a)};

    (void)!fill_check_document(NULL, document, filters, note_name, &n);
    return n.list;
}

static enum err note_input(void *arg, struct fault *f, const struct place *place)
{
    str *id = arg;

    (void)f;
    if (!id->p && place->step_count > 1 && place->steps[1].name.p &&
        str_eq(place->steps[0].name, STR("input")))
        *id = place->steps[1].name;
    return ERR_OK;
}

static str input_in(const json_t *value, const char *field, const struct place_filter *filters)
{
    str id = {NULL, 0};
    const char *name;
    json_t *member;
    size_t i;

    json_object_foreach ((json_t *)(uintptr_t)value, name, member) {
        if (!id.p && strcmp(name, field) == 0)
            (void)!fill_check_document(NULL, member, filters, note_input, &id);
        if (!id.p)
            id = input_in(member, field, filters);
    }
    json_array_foreach ((json_t *)(uintptr_t)value, i, member) {
        if (!id.p)
            id = input_in(member, field, filters);
    }
    return id;
}

str request_input_of(struct arena *a, const json_t *document, const char *field,
                     const struct place_filter *filters)
{
    return arena_str(a, input_in(doc_get(document, "body"), field, filters));
}

/* --- filling ---------------------------------------------------------------------------------- */

/* What a document holds is bounded, and what becomes of a value by FILL_TEXT_MAX; of a query
 * here. */
static enum err fill_pair(struct arena *a, struct fault *f, const json_t *pair,
                          const struct fill_scope *scope, struct buf *out)
{
    str name = text_of(json_array_get(pair, 0)), text;
    json_t *value;
    enum err e = fill_value(a, f, text_of(json_array_get(pair, 1)), scope, &value);

    if (e || json_is_null(value))
        return e;
    text = json_is_string(value) ? text_of(value) : doc_print(a, value);
    if (text.n > QUERY_TEXT_MAX)
        return fail(f, ERR_INVALID, "The query's \"%.*s\" is longer than 16 kB.",
                    STR_ARG(str_utf8_cut(name, 60)));
    if (out->n)
        buf_add_char(out, '&');
    buf_add(out, url_encode(a, name));
    buf_add_char(out, '=');
    buf_add(out, url_encode(a, text));
    return ERR_OK;
}

static enum err fill_query(struct arena *a, struct fault *f, const json_t *list,
                           const struct fill_scope *scope, str *ret)
{
    BUF_AUTO struct buf out = {0};
    json_t *pair;
    size_t i;
    enum err e = ERR_OK;

    buf_init(&out, QUERY_TEXT_MAX);
    json_array_foreach ((json_t *)(uintptr_t)list, i, pair) {
        if (!e)
            e = fill_pair(a, f, pair, scope, &out);
    }
    if (!e && !buf_ok(&out))
        e = fail(f, ERR_INVALID, "The query becomes longer than 16 kB when it is filled.");
    if (!e)
        *ret = arena_str(a, buf_str(&out));
    return e;
}

static enum err fill_headers(struct arena *a, struct fault *f, const json_t *list,
                             const struct fill_scope *scope, struct provider_request *ret)
{
    struct provider_header *all = arena_alloc_array(a, PROVIDER_HEADERS_MAX, sizeof(*all));
    json_t *pair;
    size_t i, n = 0;
    enum err e = ERR_OK;

    json_array_foreach ((json_t *)(uintptr_t)list, i, pair) {
        if (e || n == PROVIDER_HEADERS_MAX)
            break;
        all[n].name = arena_str(a, text_of(json_array_get(pair, 0)));
        e = fill_text(a, f, text_of(json_array_get(pair, 1)), scope, FILL_HEADER, &all[n].value);
        n++;
    }
    ret->headers = all;
    ret->header_count = n;
    return e;
}

static enum err fill_body(struct arena *a, struct fault *f, const json_t *body,
                          const struct fill_scope *scope, str *ret)
{
    json_t *filled;
    enum err e = ERR_OK;

    *ret = (str){NULL, 0};
    if (!body || json_is_null(body))
        return ERR_OK;
    e = fill_document(a, f, body, scope, &filled);
    if (!e)
        *ret = doc_print(a, filled);
    return e;
}

enum err request_fill(struct arena *a, struct fault *f, const json_t *document,
                      const struct fill_scope *scope, const struct provider *provider,
                      struct provider_request *ret)
{
    enum err e = fill_text(a, f, doc_get_str(document, "path"), scope, FILL_PATH, &ret->path);

    ret->method = arena_str(a, doc_get_str(document, "method"));
    if (!e)
        e = fill_query(a, f, doc_get(document, "query"), scope, &ret->query);
    if (!e)
        e = fill_headers(a, f, doc_get(document, "headers"), scope, ret);
    if (!e)
        e = fill_body(a, f, doc_get(document, "body"), scope, &ret->body);
    return e ? e : provider->check_request(provider->self, a, f, ret);
}
