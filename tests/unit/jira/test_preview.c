/* jira/preview.h: which calls are edits, and which fields would change. */
#include "support.h"

#include "base/doc.h"
#include "jira/preview.h"

static void test_edits(void **state)
{
    static const struct {
        const char *method, *path, *body, *query; /* NULL: no edit */
    } table[] = {
        {"PUT", "/rest/api/3/issue/ACME-1", "{\"fields\":{\"summary\":\"x\",\"a b\":1}}",
         "fields=summary,a%20b"},
        {"PUT", "/rest/api/2/issue/10001", "{\"fields\":{\"summary\":\"x\"}}", "fields=summary"},
        {"PUT", "/rest/api/3/issue/ACME-1", "{\"update\":{\"labels\":[{\"add\":\"x\"}]}}",
         "fields="},
        {"PUT", "/rest/api/3/issue/ACME-1", "{}", NULL},
        {"PUT", "/rest/api/3/issue/ACME-1", "nonsense", NULL},
        {"PUT", "/rest/api/3/issue/ACME-1/assignee", "{\"fields\":{\"summary\":\"x\"}}", NULL},
        {"POST", "/rest/api/3/issue/ACME-1", "{\"fields\":{\"summary\":\"x\"}}", NULL},
        {"POST", "/rest/api/3/issue", "{\"fields\":{\"summary\":\"x\"}}", NULL},
    };
    struct arena *a = arena_new((size_t)1 << 20);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct provider_request write = {.method = str_from(table[i].method),
                                         .path = str_from(table[i].path),
                                         .body = str_from(table[i].body)};
        struct provider_request read = {0};
        int is = jira_preview(a, &write, &read);
        if (is != (table[i].query != NULL) || (is && !str_eq(read.query, str_from(table[i].query))))
            fail_msg("%s %s %s: %d %.*s", table[i].method, table[i].path, table[i].body, is,
                     STR_ARG(read.query));
        if (is)
            assert_true(str_eq(read.method, STR("GET")) && str_eq(read.path, write.path));
    }
    arena_free(a);
}

/* Names of any length come to no query that is longer than a query. */
static void test_long_names(void **state)
{
    struct arena *a = arena_new((size_t)4 << 20);
    json_t *body = doc_object(a), *fields = doc_object(a);
    struct provider_request write = {.method = STR("PUT"), .path = STR("/rest/api/3/issue/A-1")};
    struct provider_request read = {0};
    char name[20002];

    (void)state;
    for (int i = 0; i < 50; i++) {
        memset(name, '"', sizeof(name) - 1);
        name[sizeof(name) - 2] = (char)('A' + i);
        name[sizeof(name) - 1] = '\0';
        doc_set_null(fields, name);
    }
    doc_set(body, "fields", fields);
    write.body = doc_print(a, body);
    assert_int_equal(jira_preview(a, &write, &read), 0);
    arena_free(a);
}

static void test_changes(void **state)
{
    static const struct {
        const char *write, *read, *changes;
    } table[] = {
        {"{\"fields\":{\"summary\":\"b\"}}", "{\"fields\":{\"summary\":\"a\"}}",
         "[{\"name\":\"summary\",\"from\":\"a\",\"to\":\"b\"}]"},
        {"{\"fields\":{\"summary\":\"a\"}}", "{\"fields\":{\"summary\":\"a\"}}", "[]"},
        {"{\"fields\":{\"priority\":{\"name\":\"High\"}}}",
         "{\"fields\":{\"priority\":{\"name\":\"High\",\"id\":\"2\",\"iconUrl\":\"x\"}}}", "[]"},
        {"{\"fields\":{\"priority\":{\"name\":\"High\"}}}",
         "{\"fields\":{\"priority\":{\"name\":\"Low\",\"id\":\"4\"}}}",
         "[{\"name\":\"priority\",\"from\":\"Low\",\"to\":\"High\"}]"},
        {"{\"fields\":{\"assignee\":null}}", "{\"fields\":{}}", "[]"},
        {"{\"fields\":{\"assignee\":null}}",
         "{\"fields\":{\"assignee\":{\"accountId\":\"1\",\"displayName\":\"Anna\"}}}",
         "[{\"name\":\"assignee\",\"from\":\"Anna\",\"to\":\"\"}]"},
        {"{\"fields\":{\"labels\":[\"a\",\"b\"]}}", "{\"fields\":{\"labels\":[\"a\"]}}",
         "[{\"name\":\"labels\",\"from\":\"a\",\"to\":\"a, b\"}]"},
        {"{\"update\":{\"labels\":[{\"add\":\"x\"}]}}", "{\"fields\":{}}",
         "[{\"name\":\"labels\",\"from\":\"\",\"to\":\"{\\\"add\\\":\\\"x\\\"}\"}]"},
        {"{\"fields\":{\"summary\":\"b\"}}", "nonsense", "[]"},
        {"{\"fields\":{\"summary\":\"b\"}}", "{\"errorMessages\":[\"no\"]}", "[]"},
    };
    struct arena *a = arena_new((size_t)1 << 20);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        str got = doc_print(
            a, jira_preview_changes(a, str_from(table[i].write), str_from(table[i].read)));
        if (!str_eq(got, str_from(table[i].changes)))
            fail_msg("%s %s: %.*s", table[i].write, table[i].read, STR_ARG(got));
    }
    arena_free(a);
}

static void test_field_errors(void **state)
{
    struct arena *a = arena_new((size_t)1 << 20);

    (void)state;
    assert_true(str_eq(
        doc_print(a,
                  jira_field_errors(a, STR("{\"errorMessages\":[],\"errors\":{\"summary\":\"No.\","
                                           "\"x\":{}}}"))),
        STR("{\"summary\":\"No.\"}")));
    assert_int_equal(json_object_size(jira_field_errors(a, STR("<html>"))), 0);
    assert_int_equal(json_object_size(jira_field_errors(a, STR("[]"))), 0);
    arena_free(a);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edits),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_field_errors),
    };

    doc_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
