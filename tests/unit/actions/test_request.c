/* actions/request.h: what a saved request may hold, and what is sent when it is filled. */
#include "support.h"

#include "actions/request.h"
#include "base/doc.h"

struct fixture {
    struct arena *a;
    struct fault f;
    struct fill_scope scope;
};

/* The provider's rules, as far as they matter here. */
static enum err check(void *self, struct arena *a, struct fault *f, struct provider_request *r)
{
    (void)self;
    (void)a;
    if (str_find(r->path, STR("/token")) != SIZE_MAX)
        return fail(f, ERR_BLOCKED_BY_POLICY, "Not this path.");
    for (size_t i = 0; i < r->header_count; i++) {
        if (str_eq_nocase(r->headers[i].name, STR("Host")))
            return fail(f, ERR_INVALID, "Not this header.");
    }
    return ERR_OK;
}

static str quote(struct arena *a, const json_t *value)
{
    return arena_printf(a, "\"%s\"", json_is_string(value) ? json_string_value(value) : "?");
}

static const struct provider PROVIDER = {.check_request = check};
static const struct place_filter FILTERS[] = {{"jql", quote, NULL}, {NULL, NULL, NULL}};

static json_t *parse(struct fixture *x, const char *text)
{
    json_t *value;

    assert_int_equal(doc_parse(x->a, &x->f, str_from(text), &value), ERR_OK);
    return value;
}

static int set_up(void **state)
{
    static struct fixture x;

    x = (struct fixture){.a = arena_new((size_t)64 << 20)};
    x.scope = (struct fill_scope){
        .values = parse(
            &x, "{\"input\": {\"key\": \"A/B-1\", \"n\": 5, \"none\": null, \"words\": \"a&b=c\","
                " \"evil\": \"\\\", \\\"x\\\": \\\"\", \"line\": \"a\\nb\"}}"),
        .filters = FILTERS};
    *state = &x;
    return 0;
}

static int tear_down(void **state)
{
    arena_free(((struct fixture *)*state)->a);
    return 0;
}

#define DOC(method, path, query, headers, body)                                                    \
    "{\"method\":\"" method "\",\"path\":\"" path "\",\"query\":" query ",\"headers\":" headers    \
    ",\"body\":" body "}"

static void test_checked(void **state)
{
    static const struct {
        const char *document, *field; /* NULL: nothing is wrong */
        const char *says;
    } table[] = {
        {DOC("GET", "/rest/api/3/issue/{{input.key}}", "[]", "[]", "null"), NULL, ""},
        {DOC("PUT", "/rest/x", "[[\"jql\",\"a = {{input.key | jql}}\"]]",
             "[[\"Accept-Language\",\"{{input.n}}\"]]", "{\"a\":[\"{{input.words}}\"]}"),
         NULL, ""},
        {DOC("FETCH", "/rest/x", "[]", "[]", "null"), "method", "GET, POST"},
        {DOC("GET", "", "[]", "[]", "null"), "path", "Enter a path"},
        {DOC("GET", "/rest/x?a=b", "[]", "[]", "null"), "path", "query"},
        {DOC("GET", "/rest/{{input.kye}}", "[]", "[]", "null"), "path", "{{input.kye}}"},
        {DOC("GET", "/rest/{{input.key", "[]", "[]", "null"), "path", "{{input.key"},
        {DOC("GET", "/rest/token/{{input.key}}", "[]", "[]", "null"), "path", "Not this path"},
        {DOC("GET", "/rest/x", "[[\"a\",\"{{nothing}}\"]]", "[]", "null"), "query", "{{nothing}}"},
        {DOC("GET", "/rest/x", "[[\"{{input.key}}\",\"a\"]]", "[]", "null"), "query", "names"},
        {DOC("GET", "/rest/x", "[[\"\",\"a\"]]", "[]", "null"), "query", "name and a value"},
        {DOC("GET", "/rest/x", "{}", "[]", "null"), "query", "At most"},
        {DOC("GET", "/rest/x", "[]", "[[\"Host\",\"x\"]]", "null"), "headers", "Not this header"},
        {DOC("GET", "/rest/x", "[]", "[]", "{\"a\":{\"b\":\"{{item}}\"}}"), "body", "{{item}}"},
        {DOC("GET", "/rest/x", "[]", "[]", "{\"{{input.kye}}\":1}"), "body", "{{input.kye}}"},
        {DOC("GET", "/rest/x", "[]", "[]", "\"{{input.key | sql}}\""), "body", "sql"},
    };
    struct fixture *x = *state;
    struct names names = {parse(x, "{\"key\":1,\"n\":1,\"words\":1}"), parse(x, "{}"), 0};

    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct slips s;
        slips_init(&s, x->a);
        request_check(&s, parse(x, table[i].document), &names, FILTERS, &PROVIDER);
        if (table[i].field ? s.count != 1 || strcmp(s.list[0].field, table[i].field) != 0 ||
                                 !strstr(s.list[0].message, table[i].says)
                           : s.count != 0)
            fail_msg("%s: %zu %s: %s", table[i].document, s.count, s.count ? s.list[0].field : "",
                     s.count ? s.list[0].message : "");
    }
}

static void test_limits(void **state)
{
    struct fixture *x = *state;
    struct names names = {0};
    json_t *d = parse(x, DOC("GET", "/rest/x", "[]", "[]", "null"));
    char *long_text = arena_alloc(x->a, REQUEST_BODY_MAX + 1);
    struct slips s;

    for (size_t i = 0; i <= REQUEST_QUERY_MAX; i++)
        json_array_append_new(doc_get(d, "query"), json_pack("[s, s]", "a", "b"));
    memset(long_text, 'a', REQUEST_BODY_MAX);
    json_object_set_new(d, "body", json_string(long_text));
    slips_init(&s, x->a);
    request_check(&s, d, &names, FILTERS, &PROVIDER);
    assert_int_equal(s.count, 2);
    assert_string_equal(s.list[0].field, "query");
    assert_string_equal(s.list[1].field, "body");
}

static enum err filled(struct fixture *x, const char *document, struct provider_request *ret)
{
    *ret = (struct provider_request){0};
    return request_fill(x->a, &x->f, parse(x, document), &x->scope, &PROVIDER, ret);
}

static void assert_text(str got, const char *expected)
{
    if (!str_eq(got, str_from(expected)))
        fail_msg("\"%.*s\" instead of \"%s\"", STR_ARG(got), expected);
}

static void test_filled(void **state)
{
    struct fixture *x = *state;
    struct provider_request r;

    assert_int_equal(
        filled(x,
               DOC("POST", "/rest/issue/{{input.key}}/x",
                   "[[\"jql\",\"k = {{input.key | jql}}\"],[\"n\",\"{{input.n}}\"],"
                   "[\"left out\",\"{{input.none}}\"],[\"empty\",\"<{{input.none}}>\"],"
                   "[\"w\",\"{{input.words}}\"]]",
                   "[[\"X-N\",\"n={{input.n}}\"]]",
                   "{\"n\":\"{{input.n}}\",\"t\":\"{{input.n}}!\",\"e\":\"{{input.evil}}\","
                   "\"o\":\"{{input.none}}\",\"i\":1.5}"),
               &r),
        ERR_OK);
    assert_text(r.method, "POST");
    assert_text(r.path, "/rest/issue/A%2FB-1/x");
    assert_text(r.query, "jql=k%20%3D%20%22A%2FB-1%22&n=5&empty=%3C%3E&w=a%26b%3Dc");
    assert_int_equal(r.header_count, 1);
    assert_text(r.headers[0].value, "n=5");
    assert_text(r.body,
                "{\"n\":5,\"t\":\"5!\",\"e\":\"\\\", \\\"x\\\": \\\"\",\"o\":null,\"i\":1.5}");
    assert_int_equal(filled(x, DOC("GET", "/rest/x", "[]", "[]", "null"), &r), ERR_OK);
    assert_null(r.body.p);
}

static void test_refused(void **state)
{
    struct fixture *x = *state;
    struct provider_request r;

    assert_int_equal(filled(x, DOC("GET", "/rest/{{input.none}}", "[]", "[]", "null"), &r),
                     ERR_INVALID);
    assert_int_equal(filled(x, DOC("GET", "/rest/{{input.lost}}", "[]", "[]", "null"), &r),
                     ERR_INVALID);
    assert_non_null(strstr(x->f.message, "{{input.lost}}"));
    assert_int_equal(
        filled(x, DOC("GET", "/rest/x", "[]", "[[\"A\",\"{{input.line}}\"]]", "null"), &r),
        ERR_INVALID);
    assert_int_equal(filled(x, DOC("GET", "/token", "[]", "[]", "null"), &r),
                     ERR_BLOCKED_BY_POLICY);
}

static void test_names(void **state)
{
    struct fixture *x = *state;
    json_t *names = request_names(
        x->a,
        parse(x, DOC("PUT", "/rest/{{input.key}}", "[[\"a\",\"{{now}} {{user.id}} {{input.n}}\"]]",
                     "[]", "{\"x\":\"{{input.key | jql}} {{item.a[0]}}\"}")),
        FILTERS);

    assert_text(doc_print(x->a, names), "[\"input.key\",\"input.n\",\"item.a[0]\"]");
    assert_false(request_writes(parse(x, "{\"method\":\"GET\"}")));
    assert_true(request_writes(parse(x, "{\"method\":\"POST\"}")));
}

static void test_inputs_of_fields(void **state)
{
    struct fixture *x = *state;
    json_t *d =
        parse(x, DOC("POST", "/rest/x", "[]", "[]",
                     "{\"fields\":{\"summary\":\"{{input.title}}\",\"project\":{\"key\":"
                     "\"{{input.where}}\"},\"fixed\":\"x\",\"by\":\"{{user.id}} {{input.b}}\"}}"));

    assert_text(request_input_of(x->a, d, "summary", FILTERS), "title");
    assert_text(request_input_of(x->a, d, "project", FILTERS), "where");
    assert_text(request_input_of(x->a, d, "by", FILTERS), "b");
    assert_null(request_input_of(x->a, d, "fixed", FILTERS).p);
    assert_null(request_input_of(x->a, d, "nosuch", FILTERS).p);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_filled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_inputs_of_fields, set_up, tear_down),
    };

    doc_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
