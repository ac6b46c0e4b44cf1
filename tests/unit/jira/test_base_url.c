/* jira/base_url.h and jira/policy.h: what may be entered as the Base URL. */
#include "support.h"

#include "jira/base_url.h"

struct fixture {
    struct arena *a;
    struct jira_policy policy;
};

static struct settings settings_with(const char *allow)
{
    return (struct settings){
        .allow_hosts = str_from(allow),
        .atlassian_api_url = STR("https://api.atlassian.com"),
        .atlassian_auth_url = STR("https://auth.atlassian.com"),
        .atlassian_sites = STR("atlassian.net"),
    };
}

static int set_up(void **state)
{
    struct fixture *x = test_malloc(sizeof(*x));
    struct settings s = settings_with(
        "jira.corp.example, corp.example:8443, http://sim.example:8090, http://*.localhost:8090, "
        "10.0.0.5, http://127.0.0.1:8090, https://[fd00::5]");

    x->a = arena_new((size_t)4 << 20);
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

static void test_accepted(void **state)
{
    static const struct {
        const char *entered;
        const char *origin;
    } rows[] = {
        {"https://acme.atlassian.net", "https://acme.atlassian.net"},
        {"https://acme.atlassian.net/", "https://acme.atlassian.net"},
        {"  https://acme.atlassian.net/  ", "https://acme.atlassian.net"},
        {"acme.atlassian.net", "https://acme.atlassian.net"},
        {"//acme.atlassian.net", "https://acme.atlassian.net"},
        {"ACME.Atlassian.NET", "https://acme.atlassian.net"},
        {"HTTPS://Acme.atlassian.net", "https://acme.atlassian.net"},
        {"https://acme.atlassian.net.", "https://acme.atlassian.net"},
        {"https://acme.atlassian.net:443", "https://acme.atlassian.net"},
        {"acme.atlassian.net:443/browse/DEMO-1", "https://acme.atlassian.net"},
        {"https://acme.atlassian.net/jira/software/projects/DEMO/boards/1?selectedIssue=DEMO-2",
         "https://acme.atlassian.net"},
        {"https://acme.atlassian.net/browse/DEMO-1#comment", "https://acme.atlassian.net"},
        {"https://acme.atlassian.net/issues/?jql=a = b \xc3\xa9", "https://acme.atlassian.net"},
        {"https://acme.atlassian.net?x=https://evil.example", "https://acme.atlassian.net"},
        {"acme.atlassian.net/login?dest=https://evil.example/", "https://acme.atlassian.net"},
        {"https://acme.atlassian.net#@evil.example", "https://acme.atlassian.net"},
        {"https://acme.atlassian.net/\\evil", "https://acme.atlassian.net"},
        {"https://acme%2eatlassian.net", "https://acme.atlassian.net"},
        {"https://a-b-1.atlassian.net", "https://a-b-1.atlassian.net"},
        {"https://jira.corp.example", "https://jira.corp.example"},
        {"jira.corp.example/secure/Dashboard.jspa", "https://jira.corp.example"},
        {"https://corp.example:8443", "https://corp.example:8443"},
        {"corp.example:8443", "https://corp.example:8443"},
        {"http://sim.example:8090/", "http://sim.example:8090"},
        {"sim.example:8090", "http://sim.example:8090"},
        {"http://acme.localhost:8090/jira", "http://acme.localhost:8090"},
        {"acme.localhost:8090", "http://acme.localhost:8090"},
        {"https://10.0.0.5", "https://10.0.0.5"},
        {"127.0.0.1:8090", "http://127.0.0.1:8090"},
        {"http://2130706433:8090", "http://127.0.0.1:8090"},
        {"https://[fd00::5]/", "https://[fd00::5]"},
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fault f = {0};
        str origin = STR("");
        if (jira_base_url_check(&x->policy, x->a, &f, str_from(rows[i].entered), &origin))
            fail_msg("\"%s\" was refused: %s", rows[i].entered, f.message);
        assert_str(origin, rows[i].origin);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *entered;
        const char *word; /* of the sentence */
    } rows[] = {
        {"", "Enter the Base URL"},
        {"   ", "Enter the Base URL"},
        {"http://acme.atlassian.net", "https://"},
        {"http://acme.atlassian.net:443", "https://"},
        {"ftp://acme.atlassian.net", "https://"},
        {"file:///etc/passwd", "https://"},
        {"gopher://acme.atlassian.net", "https://"},
        {"javascript://acme.atlassian.net/%0aalert(1)", "https://"},
        {"javascript:alert(1)", "cannot be read"},
        {"https:acme.atlassian.net", "cannot be read"},
        {"https://", "cannot be read"},
        {"https:///acme.atlassian.net", "cannot be read"},
        {"https://acme.atlassian.net:8443", "port"},
        {"https://acme.atlassian.net:80", "port"},
        {"https://acme.atlassian.net:0", "cannot be read"},
        {"https://acme.atlassian.net:99999", "cannot be read"},
        {"https://user@acme.atlassian.net", "@"},
        {"https://user:word@acme.atlassian.net", "@"},
        {"https://acme.atlassian.net@evil.example", "@"},
        {"https://acme.atlassian.net:443@evil.example", "@"},
        {"https://user@jira.corp.example", "@"},
        {"user@sim.example:8090", "@"},
        {"anna@acme.example", "@"},
        {"https://evil.example\\@acme.atlassian.net", "cannot be read"},
        {"https://acme.atlassian.net\\.evil.example", "cannot be read"},
        {"https://evil.example#.atlassian.net", "not a Jira Cloud site"},
        {"https://evil.example?.atlassian.net", "not a Jira Cloud site"},
        {"https://evil.example/.atlassian.net", "not a Jira Cloud site"},
        {"https://acme.atlassian.net.evil.example", "not a Jira Cloud site"},
        {"https://evilatlassian.net", "not a Jira Cloud site"},
        {"https://acme.atlassian.net%2eevil.example", "not a Jira Cloud site"},
        {"https://acme.atlassian.net%00.evil.example", "cannot be read"},
        {"https://acme.atlassian.net%2f.evil.example", "cannot be read"},
        {"https://acme .atlassian.net", "cannot be read"},
        {"https://acme.atlassian.net\r\nHost: evil", "characters"},
        {"https://acme\tx.atlassian.net", "characters"},
        {"https://\xff.atlassian.net", "characters"},
        {"https://acme\xe3\x80\x82net.atlassian.net", "xn--"},
        {"https://\xc3\xbc.atlassian.net", "xn--"},
        {"https://a..atlassian.net", "cannot be read"},
        {"https://.atlassian.net", "cannot be read"},
        {"https://atlassian.net", "name of your site"},
        {"atlassian.net", "name of your site"},
        {"acme", "https://acme.atlassian.net"},
        {"localhost", "full address"},
        {"https://api.atlassian.com/ex/jira/1d1f4c5e-7a52-4d0e-9b5b-2c8f6a3e9d70",
         "Atlassian's own"},
        {"https://id.atlassian.com/manage-profile", "Atlassian's own"},
        {"https://evil.example", "not a Jira Cloud site"},
        {"https://corp.example", "MORTISE_ALLOW_HOSTS"},
        {"http://jira.corp.example", "MORTISE_ALLOW_HOSTS"},
        {"https://sim.example:8090", "not a Jira Cloud site"},
        {"https://127.0.0.1", "IP address"},
        {"http://127.0.0.1:8091", "IP address"},
        {"https://127.1", "IP address"},
        {"https://2130706433", "IP address"},
        {"https://0x7f000001", "IP address"},
        {"https://0x7f.0.0.1", "IP address"},
        {"https://017700000001", "IP address"},
        {"https://0177.0.0.1", "IP address"},
        {"https://169.254.169.254", "IP address"},
        {"https://[::1]", "IP address"},
        {"https://[::ffff:127.0.0.1]", "IP address"},
        {"https://[::ffff:7f00:1]", "IP address"},
        {"https://[fd00::6]", "IP address"},
        {"https://[fe80::1%25eth0]", "IP address"},
        {"https://8.8.8.8", "IP address"},
        {"https://1.2.3.4.5", "IP address"},
        {"http://localhost:8090", "full address"},
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fault f = {0};
        str origin = STR("untouched");
        enum err e = jira_base_url_check(&x->policy, x->a, &f, str_from(rows[i].entered), &origin);
        if (e != ERR_BASE_URL_REFUSED)
            fail_msg("\"%s\" gave %s", rows[i].entered, err_name(e));
        assert_str(origin, "untouched");
        if (strstr(f.message, rows[i].word) == NULL)
            fail_msg("\"%s\": \"%s\" lacks \"%s\"", rows[i].entered, f.message, rows[i].word);
        assert_null(strstr(f.message, "word@"));
    }
}

static void test_too_long(void **state)
{
    struct fixture *x = *state;
    struct fault f = {0};
    char text[3000];
    str origin;

    memset(text, 'a', sizeof(text));
    memcpy(text, "https://acme.atlassian.net/", 27);
    assert_int_equal(jira_base_url_check(&x->policy, x->a, &f, (str){text, sizeof(text)}, &origin),
                     ERR_BASE_URL_REFUSED);
    assert_int_equal(jira_base_url_check(&x->policy, x->a, &f, (str){text, 2048}, &origin), ERR_OK);
}

static void test_cloud_or_not(void **state)
{
    static const struct {
        const char *url;
        int cloud;
    } rows[] = {
        {"https://acme.atlassian.net", 1},   {"https://atlassian.net", 0},
        {"https://evilatlassian.net", 0},    {"https://jira.corp.example", 0},
        {"https://x.atlassian.net.evil", 0}, {"https://127.0.0.1", 0},
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct upstream_url u;
        assert_true(upstream_url_parse(x->a, str_from(rows[i].url), &u));
        assert_int_equal(jira_policy_is_cloud(&x->policy, &u), rows[i].cloud);
    }
}

static void test_cloud_ids(void **state)
{
    (void)state;
    assert_true(jira_is_uuid(STR("1d1f4c5e-7a52-4d0e-9b5b-2c8f6a3e9d70")));
    assert_true(jira_is_uuid(STR("1D1F4C5E-7A52-4D0E-9B5B-2C8F6A3E9D70")));
    assert_false(jira_is_uuid(STR("")));
    assert_false(jira_is_uuid(STR("1d1f4c5e-7a52-4d0e-9b5b-2c8f6a3e9d7")));
    assert_false(jira_is_uuid(STR("1d1f4c5e-7a52-4d0e-9b5b-2c8f6a3e9d700")));
    assert_false(jira_is_uuid(STR("1d1f4c5e-7a52-4d0e-9b5b-2c8f6a3e9d7g")));
    assert_false(jira_is_uuid(STR("1d1f4c5e/7a52-4d0e-9b5b-2c8f6a3e9d70")));
    assert_false(jira_is_uuid(STR("../../../../../../../../../../../xx0")));
}

static void test_bad_settings(void **state)
{
    struct fixture *x = *state;
    struct jira_policy p;
    struct fault f = {0};
    struct settings s = settings_with("ftp://x");

    assert_int_equal(jira_policy_make(x->a, &f, &s, &p), ERR_CONFIG);
    s = settings_with("");
    s.atlassian_api_url = STR("api.atlassian.com");
    assert_int_equal(jira_policy_make(x->a, &f, &s, &p), ERR_CONFIG);
    assert_non_null(strstr(f.message, "MORTISE_ATLASSIAN_API_URL"));
    s = settings_with("");
    s.atlassian_auth_url = STR("https://user@auth.atlassian.com");
    assert_int_equal(jira_policy_make(x->a, &f, &s, &p), ERR_CONFIG);
    assert_non_null(strstr(f.message, "MORTISE_ATLASSIAN_AUTH_URL"));
    s = settings_with("");
    s.atlassian_sites = STR("https://atlassian.net");
    assert_int_equal(jira_policy_make(x->a, &f, &s, &p), ERR_CONFIG);
    assert_non_null(strstr(f.message, "MORTISE_ATLASSIAN_SITES"));
    s.atlassian_sites = STR("");
    assert_int_equal(jira_policy_make(x->a, &f, &s, &p), ERR_CONFIG);
}

static void test_atlassian_with_a_path(void **state)
{
    struct fixture *x = *state;
    struct upstream_url u;
    struct jira_policy p;
    struct settings s = settings_with("");

    s.atlassian_api_url = STR("http://127.0.0.1:8090/gw/");
    assert_int_equal(jira_policy_make(x->a, NULL, &s, &p), ERR_OK);
    assert_str(p.api_origin, "http://127.0.0.1:8090");
    assert_str(p.api_path, "/gw");
    assert_str(x->policy.api_path, "");
    assert_str(x->policy.auth_origin, "https://auth.atlassian.com");
    assert_str(x->policy.auth_path, "");
    s.atlassian_auth_url = STR("http://auth.localhost:8090/as//");
    assert_int_equal(jira_policy_make(x->a, NULL, &s, &p), ERR_OK);
    assert_str(p.auth_origin, "http://auth.localhost:8090");
    assert_str(p.auth_path, "/as");
    /* may be called, may not be entered as a Base URL */
    assert_int_equal(upstream_url_parse(x->a, STR("http://auth.localhost:8090/as/x"), &u), 1);
    assert_true(allow_list_has(p.callable, &u));
    assert_false(allow_list_has(p.allow, &u));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_accepted),
        TEST(test_refused),
        TEST(test_too_long),
        TEST(test_cloud_or_not),
        TEST(test_cloud_ids),
        TEST(test_bad_settings),
        TEST(test_atlassian_with_a_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
