/* jira/rich.h: the filters for long texts, and Markdown as HTML. */
#include "support.h"

#include "base/doc.h"
#include "jira/rich.h"

static void test_filters(void **state)
{
    struct arena *a = arena_new(1 << 20);
    json_t *text = doc_keep(a, json_string("Hello **you**")), *document = jira_rich_adf(a, text);

    (void)state;
    assert_str(doc_get_str(document, "type"), "doc");
    assert_int_equal(doc_get_int(document, "version", 0), 1);
    assert_str(jira_rich_markdown(a, document), "Hello **you**");
    assert_str(jira_rich_markdown(a, text), "Hello **you**");
    assert_str(jira_rich_markdown(a, json_null()), "");
    assert_true(json_is_null(jira_rich_adf(a, json_null())));
    assert_true(json_is_null(jira_rich_adf(a, doc_keep(a, json_string("")))));
    assert_null(jira_rich_adf(a, json_true()));
    arena_free(a);
}

static void test_html(void **state)
{
    struct arena *a = arena_new(1 << 20);
    str html = {NULL, 0};

    (void)state;
    assert_int_equal(
        jira_rich_html(a, NULL, STR("**b** <script>x</script> [l](javascript:x)"), &html), ERR_OK);
    assert_true(str_find(html, STR("<strong>b</strong>")) != SIZE_MAX);
    assert_true(str_find(html, STR("<script")) == SIZE_MAX);
    assert_int_equal(jira_rich_html(a, NULL, STR("# One\n\n> ##### Five"), &html), ERR_OK);
    assert_true(str_find(html, STR("<h4>One</h4>")) != SIZE_MAX);
    assert_true(str_find(html, STR("<h1")) == SIZE_MAX && str_find(html, STR("<h5")) == SIZE_MAX);
    assert_int_equal(jira_rich_html(a, NULL, STR("[l](javascript:x)"), &html), ERR_OK);
    assert_true(str_find(html, STR("href=\"javascript")) == SIZE_MAX);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_html),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
