/* upstream/url.h and upstream/allow.h. */
#include "support.h"

#include "upstream/allow.h"

struct fixture {
    struct arena *a;
};

static int set_up(void **state)
{
    struct fixture *x = test_malloc(sizeof(*x));

    x->a = arena_new(1 << 20);
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

static void test_parts(void **state)
{
    static const struct {
        const char *text;
        const char *origin;
        const char *path;
        int is_address;
        int has_user;
    } rows[] = {
        {"https://acme.atlassian.net", "https://acme.atlassian.net", "/", 0, 0},
        {"HTTPS://ACME.Atlassian.NET/X", "https://acme.atlassian.net", "/X", 0, 0},
        {"https://acme.atlassian.net.", "https://acme.atlassian.net", "/", 0, 0},
        {"https://acme.atlassian.net:443/", "https://acme.atlassian.net", "/", 0, 0},
        {"https://acme.atlassian.net:8443/", "https://acme.atlassian.net:8443", "/", 0, 0},
        {"http://h:80/a/../b?q", "http://h", "/a/../b", 0, 0},
        {"http://h:443/", "http://h:443", "/", 0, 0},
        {"https://u@h/", "https://h", "/", 0, 1},
        {"https://u:p@h/", "https://h", "/", 0, 1},
        {"https://:p@h/", "https://h", "/", 0, 1},
        {"https://127.0.0.1/", "https://127.0.0.1", "/", 1, 0},
        {"https://2130706433/", "https://127.0.0.1", "/", 1, 0},
        {"https://0x7f000001/", "https://127.0.0.1", "/", 1, 0},
        {"https://0177.0.0.1/", "https://127.0.0.1", "/", 1, 0},
        {"https://127.1/", "https://127.0.0.1", "/", 1, 0},
        {"https://1.2.3.4.5/", "https://1.2.3.4.5", "/", 1, 0},
        {"https://x.0x1/", "https://x.0x1", "/", 1, 0},
        {"https://[::1]/", "https://[::1]", "/", 1, 0},
        {"https://[::FFFF:127.0.0.1]:8443/", "https://[::ffff:127.0.0.1]:8443", "/", 1, 0},
        {"https://acme%2eatlassian.net/", "https://acme.atlassian.net", "/", 0, 0},
        {"https://xn--bcher-kva.example/", "https://xn--bcher-kva.example", "/", 0, 0},
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct upstream_url u;
        print_message("%s\n", rows[i].text);
        assert_true(upstream_url_parse(x->a, str_from(rows[i].text), &u));
        assert_str(upstream_url_origin(x->a, &u), rows[i].origin);
        assert_str(u.path, rows[i].path);
        assert_int_equal(u.is_address, rows[i].is_address);
        assert_int_equal(u.has_user, rows[i].has_user);
    }
}

static void test_not_urls(void **state)
{
    static const char *const rows[] = {
        "https:///h/x",
        "https:/h/x",
        "https:h/x",
        "https://?x",
        "https://#x",
        "://h/",
        "",
        "acme.atlassian.net",
        "//acme.atlassian.net",
        "ftp://acme.atlassian.net",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https:///",
        "https://a b/",
        "https://a\tb/",
        "https://a\r\nb/",
        "https://evil.com\\@acme.atlassian.net/",
        "https://a..b/",
        "https://.a/",
        "https://h:0/",
        "https://h:65536/",
        "https://h:x/",
        "https://[::1/",
        "https://[zz]/",
        "https://\xff/",
        "https://a_b!c/",
        "https://a%00b/",
        "https://a%2fb/",
        "https://\xc3\xbc.example/",
        "https://h/\xc3\xbc",
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct upstream_url u;
        if (upstream_url_parse(x->a, str_from(rows[i]), &u))
            fail_msg("\"%s\" was taken for a URL", rows[i]);
    }
}

static void test_no_query_and_empty_query(void **state)
{
    struct fixture *x = *state;
    struct upstream_url u;

    assert_true(upstream_url_parse(x->a, STR("https://h/p"), &u));
    assert_null(u.query.p);
    assert_true(upstream_url_parse(x->a, STR("https://h/p?a=b&c"), &u));
    assert_str(u.query, "a=b&c");
}

static int has(struct fixture *x, const char *list, const char *url)
{
    struct allow_list *l;
    struct upstream_url u;

    assert_int_equal(allow_list_parse(x->a, NULL, "", str_from(list), &l), ERR_OK);
    assert_true(upstream_url_parse(x->a, str_from(url), &u));
    return allow_list_has(l, &u);
}

static void test_allow(void **state)
{
    static const char list[] = "jira.corp, plain.corp:8080,http://sim:8090 http://*.localhost:8090"
                               ",https://JIRA.example:8443/, 10.0.0.5, [fd00::1]:8443";
    static const struct {
        const char *url;
        int allowed;
    } rows[] = {
        {"https://jira.corp", 1},
        {"http://jira.corp", 0},
        {"https://jira.corp:8443", 0},
        {"https://x.jira.corp", 0},
        {"https://plain.corp:8080", 1},
        {"http://plain.corp:8080", 0},
        {"http://sim:8090", 1},
        {"https://sim:8090", 0},
        {"http://sim", 0},
        {"http://acme.localhost:8090", 1},
        {"http://localhost:8090", 0},
        {"http://a.b.localhost:8090", 1},
        {"http://evillocalhost:8090", 0},
        {"http://acme.localhost:8091", 0},
        {"https://jira.example:8443", 1},
        {"https://jira.example", 0},
        {"https://10.0.0.5", 1},
        {"https://167772165", 1},
        {"https://10.0.0.6", 0},
        {"https://[fd00::1]:8443", 1},
        {"https://[fd00::2]:8443", 0},
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (has(x, list, rows[i].url) != rows[i].allowed)
            fail_msg("%s: expected %d", rows[i].url, rows[i].allowed);
    }
    assert_false(has(x, "", "https://jira.corp"));
}

static void test_bad_entries(void **state)
{
    static const char *const rows[] = {"ftp://h",    "https://u@h", "h/path",   "h?x",
                                       "*.10.0.0.1", "h:999999",    "https://", "a*b"};
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fault f = {0};
        struct allow_list *l = NULL;
        if (allow_list_parse(x->a, &f, "MORTISE_ALLOW_HOSTS", str_from(rows[i]), &l) != ERR_CONFIG)
            fail_msg("\"%s\" was accepted", rows[i]);
        assert_true(str_find(str_from(f.message), str_from(rows[i])) != SIZE_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_parts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_not_urls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_query_and_empty_query, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_allow, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_entries, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
