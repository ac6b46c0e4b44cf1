/* jira/paths.h: what may be asked of Jira's API. */
#include "support.h"

#include "jira/paths.h"

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new((size_t)4 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void test_good_paths(void **state)
{
    static const struct {
        const char *path;
        const char *sent;
    } rows[] = {
        {"/rest/api/3/myself", "/rest/api/3/myself"},
        {"rest/api/3/myself", "/rest/api/3/myself"},
        {"/rest/api/2/issue/DEMO-1", "/rest/api/2/issue/DEMO-1"},
        {"/rest/api/3/issue/DEMO-1/", "/rest/api/3/issue/DEMO-1/"},
        {"/rest/agile/1.0/board", "/rest/agile/1.0/board"},
        {"/rest/servicedeskapi/request", "/rest/servicedeskapi/request"},
        {"/rest/api/3/project/DEMO/properties/a%20b", "/rest/api/3/project/DEMO/properties/a%20b"},
        {"/rest/api/3/project/DEMO/properties/a b", "/rest/api/3/project/DEMO/properties/a%20b"},
        {"/rest/api/3/x/\xc3\xa9", "/rest/api/3/x/%C3%A9"},
        {"/rest/api/3/x/%c3%a9", "/rest/api/3/x/%c3%a9"},
        {"/rest/api/3/x/100%25", "/rest/api/3/x/100%25"},
        {"/rest/api/3/x/%2525", NULL}, /* "%25" after one round: would decode again */
        {"/rest/api/3/x/a.b..c", "/rest/api/3/x/a.b..c"},
        {"/rest/api/3/x/...", "/rest/api/3/x/..."},
        {"/rest/api/3/x/.hidden", "/rest/api/3/x/.hidden"},
        {"/rest/api/3/x/a:b,c+d=e", "/rest/api/3/x/a:b,c+d=e"},
        {"/rest/api/3/x/<\"{}>", "/rest/api/3/x/%3C%22%7B%7D%3E"},
        {"/rest/api/3/issue/TOKEN-12", "/rest/api/3/issue/TOKEN-12"},
        {"/rest/api/3/issue/my_token-12/comment", "/rest/api/3/issue/my_token-12/comment"},
        {"/rest/api/3/author", "/rest/api/3/author"},
        {"/rest/authors", "/rest/authors"},
        {"/rest/pattern/1", "/rest/pattern/1"},
        {"/rest/api/3/auth", "/rest/api/3/auth"},
        {"/rest/", "/rest/"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fault f = {0};
        str sent = STR("");
        enum err e = jira_path_check(arena, &f, str_from(rows[i].path), &sent);
        if ((e == ERR_OK) != (rows[i].sent != NULL))
            fail_msg("\"%s\": %s", rows[i].path, e ? f.message : "was accepted");
        if (rows[i].sent)
            assert_str(sent, rows[i].sent);
    }
}

static void test_bad_paths(void **state)
{
    static const struct {
        const char *path;
        enum err code;
    } rows[] = {
        {"", ERR_INVALID},
        {"/", ERR_BLOCKED_BY_POLICY},
        {"/browse/DEMO-1", ERR_BLOCKED_BY_POLICY},
        {"/restful/api", ERR_BLOCKED_BY_POLICY},
        {"/rest", ERR_BLOCKED_BY_POLICY},
        {"/REST/api/3/myself", ERR_BLOCKED_BY_POLICY},
        {"/secure/rest/api", ERR_BLOCKED_BY_POLICY},
        {"/_edge/tenant_info", ERR_BLOCKED_BY_POLICY},
        {"https://acme.atlassian.net/rest/api/3/myself", ERR_INVALID},
        {"//evil.example/rest/", ERR_BLOCKED_BY_POLICY},
        {"/rest/../secure", ERR_BLOCKED_BY_POLICY},
        {"/rest/api/../../secure", ERR_BLOCKED_BY_POLICY},
        {"/rest/api/3/..", ERR_BLOCKED_BY_POLICY},
        {"/rest/./api", ERR_BLOCKED_BY_POLICY},
        {"/rest/%2e%2e/secure", ERR_BLOCKED_BY_POLICY},
        {"/rest/.%2E/secure", ERR_BLOCKED_BY_POLICY},
        {"/rest/%2e/api", ERR_BLOCKED_BY_POLICY},
        {"/rest/api//3", ERR_BLOCKED_BY_POLICY},
        {"/rest//auth/1/session", ERR_BLOCKED_BY_POLICY},
        {"/rest/api/3/x%2fy", ERR_BLOCKED_BY_POLICY},
        {"/rest/api%2F3", ERR_BLOCKED_BY_POLICY},
        {"/rest/api\\3", ERR_BLOCKED_BY_POLICY},
        {"/rest/api/%5c..%5c", ERR_BLOCKED_BY_POLICY},
        {"/rest/api/3/a@b", ERR_BLOCKED_BY_POLICY},
        {"/rest/api/3/a%40b", ERR_BLOCKED_BY_POLICY},
        {"/rest/api;x=1/3/myself", ERR_BLOCKED_BY_POLICY},
        {"/rest/..;/secure", ERR_BLOCKED_BY_POLICY},
        {"/rest/api%3b/3", ERR_BLOCKED_BY_POLICY},
        {"/rest/%252e%252e/secure", ERR_BLOCKED_BY_POLICY},
        {"/rest/%25%32%65/x", ERR_BLOCKED_BY_POLICY},
        {"/rest/api/3/x%2541", ERR_BLOCKED_BY_POLICY},
        {"/rest/api/3/x\r\nHost: evil", ERR_INVALID},
        {"/rest/api/3/x\n", ERR_INVALID},
        {"/rest/api/3/%0d%0aHost:%20evil", ERR_INVALID},
        {"/rest/api/3/%00", ERR_INVALID},
        {"/rest/api/3/%7f", ERR_INVALID},
        {"/rest/api/3/\t", ERR_INVALID},
        {"/rest/api/3/\xff", ERR_INVALID},
        {"/rest/api/3/%ff", ERR_INVALID},
        {"/rest/api/3/%", ERR_INVALID},
        {"/rest/api/3/%4", ERR_INVALID},
        {"/rest/api/3/%zz", ERR_INVALID},
        {"/rest/api/3/x#y", ERR_INVALID},
        /* credentials */
        {"/rest/auth", ERR_BLOCKED_BY_POLICY},
        {"/rest/auth/1/session", ERR_BLOCKED_BY_POLICY},
        {"/rest/Auth/1/session", ERR_BLOCKED_BY_POLICY},
        {"/rest/%61uth/1/session", ERR_BLOCKED_BY_POLICY},
        {"rest/auth/latest/session", ERR_BLOCKED_BY_POLICY},
        {"/rest/pat/latest/tokens", ERR_BLOCKED_BY_POLICY},
        {"/rest/PAT/latest", ERR_BLOCKED_BY_POLICY},
        {"/rest/pa%54/latest", ERR_BLOCKED_BY_POLICY},
        {"/rest/oauth2/latest/token", ERR_BLOCKED_BY_POLICY},
        {"/rest/oauth2", ERR_BLOCKED_BY_POLICY},
        {"/rest/OAuth2/", ERR_BLOCKED_BY_POLICY},
        {"/rest/api/3/user/token", ERR_BLOCKED_BY_POLICY},
        {"/rest/api/2/api-tokens/1", ERR_BLOCKED_BY_POLICY},
        {"/rest/api/3/ApiTokenS", ERR_BLOCKED_BY_POLICY},
        {"/rest/api/3/a%74oken/x", ERR_BLOCKED_BY_POLICY},
        {"/rest/api/latest/tOkEn", ERR_BLOCKED_BY_POLICY},
        {"/rest/api/3/token-/x", ERR_BLOCKED_BY_POLICY},
        {"/rest/api/3/x-token-1", ERR_BLOCKED_BY_POLICY},
        {"/rest/api/3/token-1a", ERR_BLOCKED_BY_POLICY},
        {"/rest/other/1/token", ERR_BLOCKED_BY_POLICY},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fault f = {0};
        str sent = STR("untouched");
        enum err e = jira_path_check(arena, &f, str_from(rows[i].path), &sent);
        if (e != rows[i].code)
            fail_msg("\"%s\" gave %s: %s", rows[i].path, err_name(e), f.message);
        assert_str(sent, "untouched");
        assert_true(f.message[0] != '\0');
    }
}

static void test_path_length(void **state)
{
    char text[JIRA_PATH_MAX + 1];
    str sent;

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text, "/rest/", 6);
    assert_int_equal(jira_path_check(arena, NULL, (str){text, JIRA_PATH_MAX}, &sent), ERR_OK);
    assert_int_equal(jira_path_check(arena, NULL, (str){text, sizeof(text)}, &sent), ERR_INVALID);
}

static void test_queries(void **state)
{
    static const struct {
        const char *query;
        const char *sent; /* NULL: ERR_INVALID */
    } rows[] = {
        {"", ""},
        {"a=b&c=d", "a=b&c=d"},
        {"jql=project = DEMO", "jql=project%20=%20DEMO"},
        {"jql=project%20%3D%20DEMO", "jql=project%20%3D%20DEMO"},
        {"jql=text ~ \"\xc3\xa9\"", "jql=text%20~%20%22%C3%A9%22"},
        {"query=C#", "query=C%23"},
        {"nextPageToken=abc%3D", "nextPageToken=abc%3D"},
        {"q=a@b.example/x?y", "q=a@b.example/x?y"},
        {"a[]=1|2", "a%5B%5D=1%7C2"},
        {"jql=a%0Ab", "jql=a%0Ab"},
        {"x=%2525", "x=%2525"},
        {"x=100%", NULL},
        {"x=%zz", NULL},
        {"x=\r\nHost: evil", NULL},
        {"x=\xff", NULL},
        {"x=\t", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        str sent = STR("untouched");
        enum err e = jira_query_check(arena, NULL, str_from(rows[i].query), &sent);
        if (e != (rows[i].sent ? ERR_OK : ERR_INVALID))
            fail_msg("\"%s\" gave %s", rows[i].query, err_name(e));
        assert_str(sent, rows[i].sent ? rows[i].sent : "untouched");
    }
}

static void test_headers(void **state)
{
    static const struct {
        const char *name;
        const char *value;
        int good;
    } rows[] = {
        {"Accept", "application/json", 1},
        {"ACCEPT-language", "de", 1},
        {"content-type", "text/plain", 1},
        {"If-Match", "\"1\"", 1},
        {"If-None-Match", "*", 1},
        {"X-Atlassian-Token", "no-check", 1},
        {"X-ExperimentalApi", "opt-in", 1},
        {"X-Force-Accept-Language", "true", 1},
        {"Accept", "", 1},
        {"Authorization", "Basic x", 0},
        {"authorization", "Bearer x", 0},
        {"Cookie", "a=b", 0},
        {"Host", "evil", 0},
        {"Content-Length", "0", 0},
        {"Transfer-Encoding", "chunked", 0},
        {"Connection", "close", 0},
        {"X-HTTP-Method-Override", "DELETE", 0},
        {"X-Forwarded-For", "127.0.0.1", 0},
        {"User-Agent", "Mozilla", 0},
        {"Origin", "https://x", 0},
        {"Expect", "100-continue", 0},
        {"", "x", 0},
        {"Accept ", "x", 0},
        {"Accept\r\nX", "x", 0},
        {"Acc\xff", "x", 0},
        {"Accept", "a\r\nHost: evil", 0},
        {"Accept", "a\n", 0},
        {"Accept", "\x7f", 0},
        {"Accept", "\xff", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct provider_header h = {str_from(rows[i].name), str_from(rows[i].value)};
        struct fault f = {0};
        enum err e = jira_headers_check(&f, &h, 1);
        if (e != (rows[i].good ? ERR_OK : ERR_INVALID))
            fail_msg("\"%s: %s\" gave %s", rows[i].name, rows[i].value, err_name(e));
    }
}

static void test_too_many_headers_and_twice(void **state)
{
    struct provider_header many[PROVIDER_HEADERS_MAX + 1];
    struct provider_header twice[] = {{STR("Accept"), STR("a")}, {STR("accept"), STR("b")}};
    char value[JIRA_HEADER_VALUE_MAX + 1];
    struct provider_header longest = {STR("Accept"), {value, JIRA_HEADER_VALUE_MAX}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(many); i++)
        many[i] = (struct provider_header){STR("Accept"), STR("a")};
    assert_int_equal(jira_headers_check(NULL, many, COUNT_OF(many)), ERR_INVALID);
    assert_int_equal(jira_headers_check(NULL, twice, 2), ERR_INVALID);
    assert_int_equal(jira_headers_check(NULL, NULL, 0), ERR_OK);
    memset(value, 'x', sizeof(value));
    assert_int_equal(jira_headers_check(NULL, &longest, 1), ERR_OK);
    longest.value.n++;
    assert_int_equal(jira_headers_check(NULL, &longest, 1), ERR_INVALID);
}

static void test_a_request(void **state)
{
    struct provider_request r = {
        .method = STR(" get "),
        .path = STR(" rest/api/3/search/jql?jql=a = b "),
        .query = STR("?fields=id"),
    };

    (void)state;
    assert_int_equal(jira_request_check(arena, NULL, &r), ERR_OK);
    assert_str(r.method, "GET");
    assert_str(r.path, "/rest/api/3/search/jql");
    assert_str(r.query, "jql=a%20=%20b&fields=id");
    /* what was checked stays as it is when it is checked again */
    assert_int_equal(jira_request_check(arena, NULL, &r), ERR_OK);
    assert_str(r.query, "jql=a%20=%20b&fields=id");
    r.query = STR("");
    r.path = STR("/rest/api/3/myself?");
    assert_int_equal(jira_request_check(arena, NULL, &r), ERR_OK);
    assert_str(r.query, "");
    r.body = STR("{}");
    assert_int_equal(jira_request_check(arena, NULL, &r), ERR_INVALID);
    r.method = STR("delete");
    assert_int_equal(jira_request_check(arena, NULL, &r), ERR_OK);
}

static void test_methods(void **state)
{
    static const char *const bad[] = {"", "HEAD", "OPTIONS", "TRACE", "CONNECT", "GET /", "G\nET"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct provider_request r = {.method = str_from(bad[i]), .path = STR("/rest/api/3/x")};
        assert_int_equal(jira_request_check(arena, NULL, &r), ERR_INVALID);
        assert_str(r.method, bad[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_good_paths), TEST(test_bad_paths), TEST(test_path_length),
        TEST(test_queries),    TEST(test_headers),   TEST(test_too_many_headers_and_twice),
        TEST(test_a_request),  TEST(test_methods),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
