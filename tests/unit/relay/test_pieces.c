/* The relay's pure pieces: addresses, header lists, links across every border, kept bodies. */
#include "support.h"

#include "relay/address.h"
#include "relay/body.h"
#include "relay/headers.h"
#include "relay/links.h"
#include "relay/rewrite.h"

static const str PREFIXES[] = {STR("https://acme.example/rest/"),
                               STR("https://api.example/ex/jira/1/rest/")};
#define OURS "http://m.example/jira/a/b/rest/"

/* Rewritten in two pieces, cut at `cut`, and in pieces of one byte. */
static void check_cut(str in, str expected, size_t cut)
{
    struct rewrite r;
    BUF_AUTO struct buf out;

    buf_init(&out, 100000);
    rewrite_init(&r, PREFIXES, 2, STR(OURS));
    if (cut == SIZE_MAX) {
        for (size_t i = 0; i < in.n; i++)
            rewrite_piece(&r, str_slice(in, i, i + 1), &out);
    } else {
        rewrite_piece(&r, str_slice(in, 0, cut), &out);
        rewrite_piece(&r, str_slice(in, cut, in.n), &out);
    }
    rewrite_end(&r, &out);
    assert_true(buf_ok(&out));
    assert_int_equal(out.n, expected.n);
    assert_memory_equal(out.p, expected.p, expected.n);
}

static void test_links_across_every_border(void **state)
{
    static const struct {
        str in, out;
    } cases[] = {
        {STR("{\"self\":\"https://acme.example/rest/api/3/issue/1\"}"),
         STR("{\"self\":\"" OURS "api/3/issue/1\"}")},
        {STR("https://acme.example/rest/https://api.example/ex/jira/1/rest/x"), STR(OURS OURS "x")},
        {STR("https://acme.example/browse/A-1 https://acme.example.evil/rest/"),
         STR("https://acme.example/browse/A-1 https://acme.example.evil/rest/")},
        {STR("https://https://acme.example/rest/"), STR("https://" OURS)},
        {STR("hhttps://acme.example/rest"), STR("hhttps://acme.example/rest")},
        {STR("https://api.example/ex/jira/2/rest/"), STR("https://api.example/ex/jira/2/rest/")},
        {STR("h"), STR("h")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check_cut(cases[i].in, cases[i].out, SIZE_MAX);
        for (size_t cut = 0; cut <= cases[i].in.n; cut++)
            check_cut(cases[i].in, cases[i].out, cut);
    }
}

/* However many there are of one prefix, another is looked for once: or this takes hours. */
static void test_many_links_in_one_piece(void **state)
{
    static const int many = 200000;
    str one = STR("https://acme.example/rest/x ////// ");
    struct rewrite r;
    BUF_AUTO struct buf in, out;

    (void)state;
    buf_init(&in, 16 << 20);
    buf_init(&out, 32 << 20);
    for (int i = 0; i < many; i++)
        buf_add(&in, one);
    buf_add(&in, STR("https://api.example/ex/jira/1/rest/"));
    rewrite_init(&r, PREFIXES, 2, STR(OURS));
    rewrite_piece(&r, buf_str(&in), &out);
    rewrite_end(&r, &out);
    assert_true(buf_ok(&out));
    assert_int_equal(out.n, (sizeof(OURS "x ////// ") - 1) * (size_t)many + sizeof(OURS) - 1);
}

static void test_links_in_headers(void **state)
{
    static const struct {
        str in, out;
    } cases[] = {
        {STR("<https://acme.example/rest/x?startAt=50>; rel=\"next\""),
         STR("<" OURS "x?startAt=50>; rel=\"next\"")},
        {STR("<https://acme.example/rest/a>; rel=prev, <https://api.example/ex/jira/1/rest/b>"),
         STR("<" OURS "a>; rel=prev, <" OURS "b>")},
        {STR("<https://acme.example/browse/A-1>;rel=up,<https://acme.example/rest/b>;rel=next"),
         STR("<https://acme.example/browse/A-1>;rel=up,<" OURS "b>;rel=next")},
        {STR("<https://a.example/>; title=\"\\\"<https://acme.example/rest/>\", "
             "<https://acme.example/rest/>"),
         STR("<https://a.example/>; title=\"\\\"<https://acme.example/rest/>\", <" OURS ">")},
        {STR("<https://acme.example/rest/a\"b>, <https://acme.example/rest/c>"),
         STR("<" OURS "a\"b>, <" OURS "c>")},
        {STR("</rest/a>, </ex/jira/1/rest/b>, </ex/jira/2/rest/c>, <../rest/>"),
         STR("<" OURS "a>, <" OURS "b>, </ex/jira/2/rest/c>, <../rest/>")},
        {STR("https://acme.example/rest/a"), STR("https://acme.example/rest/a")},
        {STR("<https://acme.example/rest/"), STR("<" OURS)},
        {STR("<"), STR("<")},
        {STR("\""), STR("\"")},
        {STR("\"\\"), STR("\"\\")},
        {STR(""), STR("")},
    };
    struct arena *a = arena_new(1 << 20);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_str(links_link(a, cases[i].in, PREFIXES, 2, STR(OURS)), cases[i].out.p);
    assert_str(links_location(a, STR("https://acme.example/rest/x"), PREFIXES, 2, STR(OURS)),
               OURS "x");
    assert_str(links_location(a, STR("/ex/jira/1/rest/x"), PREFIXES, 2, STR(OURS)), OURS "x");
    assert_str(links_location(a, STR("/browse/rest/"), PREFIXES, 2, STR(OURS)), "/browse/rest/");
    /* so many links that a head of ours would have no room for them all stay as they came */
    str link = STR("</ex/jira/1/rest/>,"), many[2000];
    for (size_t i = 0; i < 2000; i++)
        many[i] = link;
    assert_int_equal(links_link(a, arena_join(a, many, 2000), PREFIXES, 2, STR(OURS)).n,
                     2000 * link.n);
    assert_true(links_are_in(STR("LINK")) && links_are_in(STR("location")));
    assert_false(links_are_in(STR("Links")) || links_are_in(STR("Date")));
    arena_free(a);
}

static void test_headers_by_list(void **state)
{
    static const char *const stay[] = {"Authorization",
                                       "Cookie",
                                       "Host",
                                       "Origin",
                                       "Referer",
                                       "Forwarded",
                                       "X-Forwarded-For",
                                       "User-Agent",
                                       "Connection",
                                       "Transfer-Encoding",
                                       "TE",
                                       "Upgrade",
                                       "Content-Length",
                                       "Expect",
                                       "X_Atlassian_Token",
                                       "Accept ",
                                       "Proxy-Authorization",
                                       "Accept-Encoding",
                                       "",
                                       "X-Mortise-Timeout"};
    static const char *const held_back[] = {"Set-Cookie",
                                            "Server",
                                            "X-AUSERNAME",
                                            "Content-Length",
                                            "Connection",
                                            "Transfer-Encoding",
                                            "Alt-Svc",
                                            "Content-Encoding",
                                            "Strict-Transport-Security",
                                            "WWW-Authenticate",
                                            "Access-Control-Allow-Origin"};

    (void)state;
    for (size_t i = 0; i < sizeof(stay) / sizeof(stay[0]); i++)
        assert_false(headers_asked(str_from(stay[i])));
    for (size_t i = 0; i < sizeof(held_back) / sizeof(held_back[0]); i++)
        assert_false(headers_answered(str_from(held_back[i])));
    assert_true(headers_asked(STR("accept")) && headers_asked(STR("X-ATLASSIAN-TOKEN")));
    assert_true(headers_answered(STR("etag")) && headers_answered(STR("RETRY-AFTER")));
}

static void test_addresses(void **state)
{
    struct arena *a = arena_new(65536);
    struct address found;

    (void)state;
    assert_true(address_parse(a, STR("/jira/desk/My%20Jira/rest/api/3/x"), &found));
    assert_true(str_eq(found.app, STR("desk")) && str_eq(found.connection, STR("My Jira")));
    assert_true(str_eq(found.path, STR("/rest/api/3/x")));
    assert_true(str_eq(found.base, STR("/jira/desk/My%20Jira")));
    assert_true(address_parse(a, STR("/jira/a/b/"), &found) && str_eq(found.path, STR("/")));
    assert_false(address_parse(a, STR("/jira/a/b"), &found));
    assert_false(address_parse(a, STR("/jira//b/rest"), &found));
    assert_false(address_parse(a, STR("/jira/a/%ff/rest"), &found));
    assert_false(address_parse(a, STR("/jira/a/%0a/rest"), &found));
    assert_false(address_parse(a, STR("/other/a/b/rest"), &found));
    arena_free(a);
}

static struct body_budget budget(size_t max)
{
    return (struct body_budget){.held = 0, .max = max};
}

static void test_kept_body_goes_out_again(void **state)
{
    struct body_budget all = budget(1 << 20);
    struct body b;
    char to[8];

    (void)state;
    body_init(&b, &all, 100, -1);
    assert_int_equal(body_add(&b, STR("hello ")), 0);
    assert_int_equal(body_add(&b, STR("world")), 0);
    assert_true(b.kept);
    assert_int_equal(body_take(&b, to, 8), 8);
    assert_int_equal(body_take(&b, to, 8), 3);
    assert_int_equal(body_take(&b, to, 8), 0);
    body_rewind(&b);
    assert_int_equal(body_left(&b), 11);
    body_done(&b);
}

static void test_large_body_passes_through_a_window(void **state)
{
    static char chunk[32 * 1024], to[64 * 1024];
    struct body_budget all = budget(1 << 20);
    struct body b;

    (void)state;
    body_init(&b, &all, 100, 1000000);
    assert_false(b.kept);
    body_done(&b);
    body_init(&b, &all, 40 * 1024, -1);
    assert_int_equal(body_add(&b, (str){chunk, sizeof(chunk)}), 0);
    assert_true(b.kept && all.held > 0);
    assert_int_equal(body_add(&b, (str){chunk, sizeof(chunk)}), 1); /* and the window is full */
    assert_false(b.kept);
    assert_int_equal(all.held, 0);
    assert_int_equal(body_take(&b, to, sizeof(to)), 64 * 1024);
    assert_int_equal(b.data.n, 0); /* what has gone out is forgotten */
    body_done(&b);
}

static void test_kept_bodies_share_a_budget(void **state)
{
    static char chunk[60 * 1024];
    struct body_budget all = budget(64 * 1024);
    struct body first, second;

    (void)state;
    body_init(&first, &all, 1 << 20, -1);
    body_init(&second, &all, 1 << 20, -1);
    (void)body_add(&first, (str){chunk, sizeof(chunk)});
    (void)body_add(&second, (str){chunk, sizeof(chunk)});
    assert_true(first.kept);
    assert_false(second.kept);
    body_done(&first);
    body_done(&second);
    assert_int_equal(all.held, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links_across_every_border),
        cmocka_unit_test(test_many_links_in_one_piece),
        cmocka_unit_test(test_links_in_headers),
        cmocka_unit_test(test_headers_by_list),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_kept_body_goes_out_again),
        cmocka_unit_test(test_large_body_passes_through_a_window),
        cmocka_unit_test(test_kept_bodies_share_a_budget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
