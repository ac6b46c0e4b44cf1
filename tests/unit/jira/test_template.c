/* jira/template.h, by a table. */
#include "support.h"

#include "jira/template.h"

static void test_kinds_of_paths(void **state)
{
    static const struct {
        str path;
        const char *template, *issue, *project;
    } cases[] = {
        {STR("/rest/api/3/issue/ACME-12"), "/rest/api/3/issue/{issue}", "ACME-12", "ACME"},
        {STR("/rest/api/2/issue/10012/comment/77"), "/rest/api/2/issue/{issue}/comment/{id}",
         "10012", ""},
        {STR("/rest/api/3/issue"), "/rest/api/3/issue", "", ""},
        {STR("/rest/api/3/issue/createmeta/ACME/issuetypes"),
         "/rest/api/3/issue/createmeta/{id}/issuetypes", "", "ACME"},
        {STR("/rest/api/3/issue/bulk"), "/rest/api/3/issue/bulk", "", ""},
        {STR("/rest/api/3/project/myproject"), "/rest/api/3/project/{id}", "", ""},
        {STR("/rest/api/3/project/OPS/statuses"), "/rest/api/3/project/{id}/statuses", "", "OPS"},
        {STR("/rest/api/3/project/10000"), "/rest/api/3/project/{id}", "", ""},
        {STR("/rest/api/3/project/search"), "/rest/api/3/project/search", "", ""},
        {STR("/rest/api/3/user/assignable/search"), "/rest/api/3/user/assignable/search", "", ""},
        {STR("/rest/agile/1.0/board/5/sprint"), "/rest/agile/1.0/board/{id}/sprint", "", ""},
        {STR("/rest/api/latest/issueLinkType"), "/rest/api/latest/issueLinkType", "", ""},
        {STR("/rest/api/3/issue/ACME-1/properties/my.key"),
         "/rest/api/3/issue/{issue}/properties/{id}", "ACME-1", "ACME"},
        {STR("/rest/api/3/x/5b10a2844c20165700ede21f"), "/rest/api/3/x/{id}", "", ""},
    };
    struct arena *a = arena_new(1 << 20);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str template, issue, project;
        jira_template(a, cases[i].path, &template, &issue, &project);
        assert_str(template, cases[i].template);
        assert_str(issue, cases[i].issue);
        assert_str(project, cases[i].project);
    }
    arena_free(a);
}

static void test_paths_that_a_template_fits(void **state)
{
    static const struct {
        str template, project;
        const char *path;
    } cases[] = {
        {STR("/rest/api/3/issue/{issue}/comment/{id}"), STR("ACME"),
         "/rest/api/3/issue/ACME-1/comment/{id}"},
        {STR("/rest/api/3/issue/createmeta/{id}/issuetypes/{id}"), STR("OPS"),
         "/rest/api/3/issue/createmeta/OPS/issuetypes/{id}"},
        {STR("/rest/api/3/project/{id}"), STR("OPS"), "/rest/api/3/project/OPS"},
        {STR("/rest/api/3/issue/{issue}"), STR(""), "/rest/api/3/issue/{issue}"},
        {STR("/rest/api/3/myself"), STR("OPS"), "/rest/api/3/myself"},
    };
    struct arena *a = arena_new(1 << 20);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_str(jira_template_path(a, cases[i].template, cases[i].project), cases[i].path);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kinds_of_paths),
                                       cmocka_unit_test(test_paths_that_a_template_fits)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
