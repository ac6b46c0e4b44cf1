/* jira/permissions.h and the comparison of jira/scopes.h: tables (tables/jira_permissions.def
 * against Jira's own file: tests/scenario/spec.test.mjs). */
#include "support.h"

#include "jira/permissions.h"
#include "jira/scopes.h"

#define GATEWAY "https://g/ex/jira/c/rest/api/3/"

static void permission_and_project_of_a_call(void **state)
{
    static const struct {
        const char *method, *url, *body, *permission, *project;
    } rows[] = {
        {"GET", GATEWAY "issue/ACME-1?fields=x", "", "BROWSE_PROJECTS", "ACME"},
        {"GET", "https://acme/rest/api/2/issue/acme_2-17", "", "BROWSE_PROJECTS", "ACME_2"},
        {"PUT", GATEWAY "issue/ACME-1", "", "EDIT_ISSUES", "ACME"},
        {"DELETE", GATEWAY "issue/ACME-1", "", "DELETE_ISSUES", "ACME"},
        {"PUT", GATEWAY "issue/ACME-1/assignee", "", "ASSIGN_ISSUES", "ACME"},
        {"POST", GATEWAY "issue/ACME-1/comment", "{", "ADD_COMMENTS", "ACME"},
        {"POST", GATEWAY "issue/ACME-1/transitions", "", "TRANSITION_ISSUES", "ACME"},
        {"POST", GATEWAY "issue/ACME-1/worklog", "", "WORK_ON_ISSUES", "ACME"},
        {"POST", GATEWAY "issue/ACME-1/attachments", "", "CREATE_ATTACHMENTS", "ACME"},
        {"POST", GATEWAY "issue", "{\"fields\":{\"project\":{\"key\":\"OPS\"}}}", "CREATE_ISSUES",
         "OPS"},
        {"POST", GATEWAY "issueLink", "{\"outwardIssue\":{\"key\":\"HR-3\"}}", "LINK_ISSUES", "HR"},
        {"GET", GATEWAY "issue/createmeta/OPS/issuetypes/1", "", "CREATE_ISSUES", "OPS"},
        {"GET", GATEWAY "project/OPS", "", "BROWSE_PROJECTS", "OPS"},
        /* no project by its key, or no such row */
        {"GET", GATEWAY "issue/10001", "", NULL, NULL},
        {"GET", GATEWAY "issue/picker", "", NULL, NULL},
        {"GET", GATEWAY "issue/ACME-1x", "", NULL, NULL},
        {"GET", GATEWAY "issue/-1", "", NULL, NULL},
        {"GET", GATEWAY "issue/%41CME-1", "", NULL, NULL},
        {"GET", GATEWAY "issue/ACME-1/comment/5", "", NULL, NULL},
        {"GET", GATEWAY "project/search", "", NULL, NULL},
        {"GET", GATEWAY "project/10000", "", NULL, NULL},
        {"POST", GATEWAY "issue", "{\"fields\":{\"project\":{\"id\":\"10000\"}}}", NULL, NULL},
        {"POST", GATEWAY "issue", "{\"fields\":{\"project\":{\"key\":\"A&b=c\"}}}", NULL, NULL},
        {"POST", GATEWAY "issue", "not JSON", NULL, NULL},
        {"POST", GATEWAY "issue", "[]", NULL, NULL},
        {"POST", GATEWAY "issue", "", NULL, NULL},
        {"PATCH", GATEWAY "issue/ACME-1", "", NULL, NULL},
        {"GET", GATEWAY "myself", "", NULL, NULL},
        {"GET", "https://g/rest/agile/1.0/board", "", NULL, NULL},
        {"GET", "", "", NULL, NULL},
    };
    struct arena *a = arena_new((size_t)1 << 20);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        str permission = STR(""), project = STR("");
        int found = jira_permission_of(a, str_from(rows[i].method), str_from(rows[i].url),
                                       str_from(rows[i].body), &permission, &project);
        if (found != (rows[i].permission != NULL))
            fail_msg("row %zu: %.*s in %.*s", i, STR_ARG(permission), STR_ARG(project));
        assert_str(permission, found ? rows[i].permission : "");
        assert_str(project, found ? rows[i].project : "");
    }
    arena_free(a);
}

/* Every permission that a row names has its words. */
static void permissions_have_words(void **state)
{
    static const char *const keys[] = {
#define JIRA_PERMISSION(method, path, permission, place) #permission,
#define JIRA_PERMISSION_NAME(key, name, words)
#include "jira_permissions.def"
#undef JIRA_PERMISSION
#undef JIRA_PERMISSION_NAME
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        if (str_eq(jira_permission_words(str_from(keys[i])), str_from(keys[i])))
            fail_msg("%s has no words", keys[i]);
    }
    assert_str(jira_permission_words(STR("CREATE_ISSUES")), "create issues");
    assert_str(jira_permission_words(STR("FLY")), "FLY");
}

static void missing_scopes(void **state)
{
    static const struct {
        const char *needed, *granted, *missing;
    } rows[] = {
        {"", "", ""},
        {"read:jira-work", "", "read:jira-work"},
        {"read:jira-work write:jira-work", "write:jira-work offline_access", "read:jira-work"},
        {"a b a b", "", "a b"},
        {" a  b ", "b", "a"},
        {"read:jira-work", "read:jira-work", ""},
        {"read:jira-work", "read:jira-worker", "read:jira-work"},
        /* granular scopes: not this table's */
        {"read:jira-work", "read:issue:jira read:user:jira", ""},
    };
    struct arena *a = arena_new(65536);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_str(jira_scopes_missing(a, str_from(rows[i].needed), str_from(rows[i].granted)),
                   rows[i].missing);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permission_and_project_of_a_call),
        cmocka_unit_test(permissions_have_words),
        cmocka_unit_test(missing_scopes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
