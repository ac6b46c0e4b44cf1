/* jira/jql.h: whatever a value holds, it stays one value. */
#include "support.h"

#include "base/doc.h"
#include "jira/jql.h"

static void test_values(void **state)
{
    static const struct {
        const char *json;
        const char *jql;
    } rows[] = {
        {"\"DEMO\"", "\"DEMO\""},
        {"\"\"", "\"\""},
        {"\"a \\\"b\\\" \\\\ c'd\"", "\"a \\\"b\\\" \\\\ c'd\""},
        {"\"x\\\" OR project = SECRET OR y = \\\"\"", "\"x\\\" OR project = SECRET OR y = \\\"\""},
        {"\"x\\\\\"", "\"x\\\\\""}, /* a backslash at the end does not eat the quote */
        {"\"a\\nb\\rc\\td\\u0001e\\u007f\"", "\"a\\nb\\rc\\td\\u0001e\\u007f\""},
        {"\"\u00e4\u20ac\"", "\"\u00e4\u20ac\""},
        {"5", "\"5\""},
        {"-1.5", "\"-1.5\""},
        {"true", "\"true\""},
        {"null", "EMPTY"},
        {"[]", "EMPTY"},
        {"[\"a\", \"b\\\"c\", 3, null]", "\"a\", \"b\\\"c\", \"3\", EMPTY"},
        {"{\"a\": 1}", "\"{\\\"a\\\":1}\""},
    };
    struct arena *a = arena_new((size_t)1 << 20);
    struct fault f;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        json_t *value;
        assert_int_equal(doc_parse(a, &f, str_from(rows[i].json), &value), ERR_OK);
        assert_str(jira_jql_value(a, value), rows[i].jql);
    }
    arena_free(a);
}

/* Half of a quoted text would not be quoted. */
static void test_too_long(void **state)
{
    struct arena *a = arena_new((size_t)64 << 20);
    json_t *list = doc_array(a);
    char *text = arena_alloc(a, (size_t)1 << 20);

    (void)state;
    memset(text, '"', (size_t)1 << 20);
    for (int i = 0; i < 3; i++)
        assert_int_equal(json_array_append_new(list, json_stringn(text, (size_t)1 << 20)), 0);
    assert_non_null(jira_jql_value(a, list).p);
    assert_int_equal(json_array_append_new(list, json_stringn(text, (size_t)1 << 20)), 0);
    assert_null(jira_jql_value(a, list).p);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_too_long),
    };

    doc_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
