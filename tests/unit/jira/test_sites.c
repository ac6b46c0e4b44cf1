/* jira/sites.h: what accessible-resources may answer. */
#include "support.h"

#include <stdio.h>

#include "base/mem.h"
#include "jira/sites.h"

#define ID(digit) #digit "d1f4c5e-7a52-4d0e-9b5b-2c8f6a3e9d70"
#define SITE(id, name, url, scopes)                                                                \
    "{\"id\":\"" id "\",\"name\":\"" name "\",\"url\":\"" url "\",\"scopes\":[" scopes             \
    "],\"avatarUrl\":\"https://x\"}"
#define JIRA "\"read:jira-work\",\"read:jira-user\""
#define WIKI "\"read:confluence-space.summary\""

struct fixture {
    struct arena *a;
    struct jira_policy policy;
};

static int set_up(void **state)
{
    struct fixture *x = test_malloc(sizeof(*x));
    struct settings s = {
        .allow_hosts = STR("http://*.localhost:8090 jira.corp.example"),
        .atlassian_api_url = STR("https://api.atlassian.com"),
        .atlassian_auth_url = STR("https://auth.atlassian.com"),
        .atlassian_sites = STR("atlassian.net"),
    };

    x->a = arena_new((size_t)64 << 20);
    assert_int_equal(jira_policy_make(x->a, NULL, &s, &x->policy), ERR_OK);
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;

    arena_free(x->a);
    test_free(x);
    return 0;
}

static struct jira_sites read_sites(struct fixture *x, const char *body)
{
    struct jira_sites s = {0};

    if (!jira_sites_read(&x->policy, x->a, str_from(body), &s))
        fail_msg("not read: %s", body);
    return s;
}

static void test_merging_and_order(void **state)
{
    /* no order; acme once for each product, Confluence first and under another name */
    struct jira_sites s = read_sites(
        *state,
        "[" SITE(ID(3), "zebra", "https://zebra.atlassian.net", JIRA) "," SITE(
            ID(1), "acme-wiki", "https://acme.atlassian.net",
            WIKI) "," SITE(ID(4), "beta", "https://b2.atlassian.net/",
                           JIRA) "," SITE(ID(2), "beta", "https://b1.atlassian.net",
                                          "\"read:issue:jira\"") "," SITE(ID(1), "acme",
                                                                          "https://"
                                                                          "ACME.atlassian.net/jira",
                                                                          JIRA) "," SITE(ID(5),
                                                                                         "wiki",
                                                                                         "https://"
                                                                                         "wiki."
                                                                                         "atlassian"
                                                                                         ".net",
                                                                                         WIKI) "]");

    assert_int_equal(s.jira_count, 4);
    assert_str(s.jira[0].name, "acme");
    assert_str(s.jira[0].id, ID(1));
    assert_str(s.jira[0].url, "https://acme.atlassian.net");
    assert_str(s.jira[1].id, ID(2));
    assert_str(s.jira[2].id, ID(4));
    assert_str(s.jira[2].url, "https://b2.atlassian.net");
    assert_str(s.jira[3].name, "zebra");
    assert_int_equal(s.other_count, 1);
    assert_str(s.other[0].name, "wiki");
    assert_ptr_equal(jira_sites_by_id(s.jira, s.jira_count, STR(ID(4))), &s.jira[2]);
    assert_null(jira_sites_by_id(s.jira, s.jira_count, STR(ID(5))));
    assert_ptr_equal(jira_sites_by_url(s.jira, s.jira_count, STR("https://b1.atlassian.net")),
                     &s.jira[1]);
    assert_null(jira_sites_by_url(s.jira, s.jira_count, STR("https://b1.atlassian.ne")));
}

static void test_jira_scopes(void **state)
{
    static const struct {
        const char *scopes;
        size_t jira;
    } rows[] = {
        {"\"read:jira-work\"", 1},
        {"\"read:issue:jira\"", 1},
        {"\"read:sprint:jira-software\"", 1},
        {"\"read:me\",\"manage:jira-webhook\"", 1},
        {"\"read:me\"", 0},
        {"", 0},
        {"7,null,{\"jira\":\"jira\"}", 0},
        {"\"search:confluence\"", 0},
    };
    char body[512];

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        (void)snprintf(body, sizeof(body),
                       "[{\"id\":\"" ID(1) "\",\"url\":\"https://a.atlassian.net\",\"scopes\":[%s]}"
                                           "]",
                       rows[i].scopes);
        struct jira_sites s = read_sites(*state, body);
        if (s.jira_count != rows[i].jira || s.other_count != 1 - rows[i].jira)
            fail_msg("%s: %zu and %zu", rows[i].scopes, s.jira_count, s.other_count);
        assert_str(rows[i].jira ? s.jira[0].name : s.other[0].name, "a"); /* without a name */
    }
}

static void test_what_is_left_out(void **state)
{
    static const char *const rows[] = {
        SITE("1", "a", "https://a.atlassian.net", JIRA),
        SITE("../../../../../../../../../../../xx0", "a", "https://a.atlassian.net", JIRA),
        SITE(ID(1), "a", "http://a.atlassian.net", JIRA),
        SITE(ID(1), "a", "https://evil.example", JIRA),
        SITE(ID(1), "a", "https://jira.corp.example", JIRA), /* allowed, but no cloud site */
        SITE(ID(1), "a", "https://u@a.atlassian.net", JIRA),
        SITE(ID(1), "a", "javascript:alert(1)", JIRA),
        SITE(ID(1), "a", "", JIRA),
        "{\"name\":\"a\"}",
        "{}",
        "null",
        "7",
        "\"" ID(1) "\"",
        "[]",
    };
    char body[1024];

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        (void)snprintf(body, sizeof(body),
                       "[%s," SITE(ID(2), "good", "https://good.atlassian.net", JIRA) "]", rows[i]);
        struct jira_sites s = read_sites(*state, body);
        if (s.jira_count != 1 || s.other_count != 0)
            fail_msg("%s was taken", rows[i]);
        assert_str(s.jira[0].name, "good");
    }
}

static void test_no_array(void **state)
{
    static const char *const rows[] = {
        "", "{}", "{\"values\":[]}", "null", "[", "[{\"id\":", "<html>", "\"[]\"",
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct jira_sites s = {0};
        if (jira_sites_read(&x->policy, x->a, str_from(rows[i]), &s))
            fail_msg("%s was read", rows[i]);
    }
    assert_int_equal(read_sites(x, "[]").jira_count, 0);
    assert_int_equal(read_sites(x, "[]").other_count, 0);
}

static void test_list(void **state)
{
    struct fixture *x = *state;
    struct provider_site sites[4] = {
        {.url = STR("https://a")},
        {.url = STR("https://b")},
        {.url = STR("https://c")},
        {.url = STR("https://d")},
    };

    assert_str(jira_sites_list(x->a, sites, 0), "");
    assert_str(jira_sites_list(x->a, sites, 1), "https://a");
    assert_str(jira_sites_list(x->a, sites, 2), "https://a, https://b");
    assert_str(jira_sites_list(x->a, sites, 4), "https://a, https://b and 2 others");
}

/* As long as an answer may be. */
static void test_many(void **state)
{
    size_t room = (size_t)600 * 1024;
    char *body = mem_alloc(room);
    size_t n = 1;

    body[0] = '[';
    for (int i = 0; i < 5000; i++)
        n += (size_t)snprintf(body + n, room - n,
                              "%s{\"id\":\"%08d-7a52-4d0e-9b5b-2c8f6a3e9d70\",\"url\":\"https://"
                              "s%d.atlassian.net\",\"scopes\":[\"jira\"]}",
                              i ? "," : "", i / 2, i / 2);
    (void)snprintf(body + n, room - n, "]");
    assert_int_equal(read_sites(*state, body).jira_count, 2500);
    mem_free(body);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_merging_and_order), TEST(test_jira_scopes), TEST(test_what_is_left_out),
        TEST(test_no_array),          TEST(test_list),        TEST(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
