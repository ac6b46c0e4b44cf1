/* Requests without forms, from socket to socket: which representation, which host, what is refused
 * before a handler runs, headers, problems, assets, the log.
 */
#include "web_support.h"

#include "base/doc.h"
#include "crypto/random.h"
#include "http/exchange.h"

static enum err show_thing(struct exchange *x)
{
    doc_set_str(exchange_doc(x), "id", x->params[0]);
    doc_set_str(exchange_doc(x), "q", exchange_text(x, "q"));
    return ERR_OK;
}

static enum err make_thing(struct exchange *x)
{
    exchange_doc(x);
    x->status = 201;
    x->location = STR("/things/new one");
    return ERR_OK;
}

static enum err change_nothing(struct exchange *x)
{
    (void)x;
    return ERR_OK;
}

static enum err show_raw(struct exchange *x)
{
    doc_set_int(exchange_doc(x), "status", 200);
    x->raw_key = "body";
    x->raw_json = STR("{\"n\": 0.10, \"big\": 123456789012345678901234567890}");
    return ERR_OK;
}

static enum err break_down(struct exchange *x)
{
    (void)fail(&x->fault, ERR_STORAGE_FAILED, "");
    return fault_detail(&x->fault, "disk I/O error (10)");
}

static enum err show_home(struct exchange *x)
{
    x->location = STR("/things/first");
    return ERR_OK;
}

static enum err show_many(struct exchange *x)
{
    x->retry_after_s = 17;
    doc_set_cstring(exchange_doc(x), "connect_url", "/connect");
    return fail(&x->fault, ERR_RATE_LIMITED, "Slow <down>.");
}

static enum err show_cookie(struct exchange *x)
{
    doc_set_str(exchange_doc(x), "cookie", x->cookie);
    doc_set_str(exchange_doc(x), "remote", x->remote);
    return ERR_OK;
}

static const struct route routes[] = {
    {ROUTE_GET, "/", PERMISSION_PUBLIC, ROUTE_BODY_NONE, "", show_home, NULL, NULL},
    {ROUTE_GET, "/healthz", PERMISSION_PUBLIC, ROUTE_BODY_NONE, "", show_cookie, NULL, NULL},
    {ROUTE_GET, "/things/{thing}", PERMISSION_PUBLIC, ROUTE_BODY_NONE, "thing", show_thing, NULL,
     NULL},
    {ROUTE_POST, "/things", PERMISSION_PUBLIC, ROUTE_BODY_FORM, "", make_thing, NULL, NULL},
    {ROUTE_DELETE, "/things", PERMISSION_PUBLIC, ROUTE_BODY_FORM, "", change_nothing, NULL, NULL},
    {ROUTE_GET, "/raw", PERMISSION_PUBLIC, ROUTE_BODY_NONE, "", show_raw, NULL, NULL},
    {ROUTE_GET, "/broken", PERMISSION_PUBLIC, ROUTE_BODY_NONE, "thing", break_down, NULL, NULL},
    {ROUTE_GET, "/many", PERMISSION_PUBLIC, ROUTE_BODY_NONE, "thing", show_many, NULL, NULL},
    {ROUTE_GET, "/cookie", PERMISSION_PUBLIC, ROUTE_BODY_NONE, "", show_cookie, NULL, NULL},
    {ROUTE_GET, "/mine", PERMISSION_SIGNED_IN, ROUTE_BODY_NONE, "thing", show_thing, NULL, NULL},
    {ROUTE_GET, "/admin", PERMISSION_APP_ADMIN, ROUTE_BODY_NONE, "thing", show_thing, NULL, NULL},
    {ROUTE_GET, "/lost", PERMISSION_PUBLIC, ROUTE_BODY_NONE, "no-such-page", show_thing, NULL,
     NULL},
};

static const struct template_source templates[] = {
    {"thing",
     {"<p>{{id}}|{{q}}|{{#page.me}}{{name}}{{/page.me}}|{{page.path}}|{{page.assets.css}}"
      "|{{#page.in.things}}here{{/page.in.things}}|{{page.section}}|{{page.api_path}}",
      0}},
    {"problem",
     {"<h1>{{page.problem.status}} {{page.problem.code}}</h1>{{page.problem.sentence}}|"
      "{{page.problem.instance}}|{{page.problem.retry_after}}|"
      "{{#page.me}}{{name}}{{/page.me}}{{nowhere}}",
      0}},
};

static const struct asset assets[] = {
    {"style.css",
     "style_css",
     "/assets/style.0123456789ab.css",
     "text/css; charset=utf-8",
     {"p{}", 3}},
};

static struct web web;

static int start(void **state)
{
    static struct template_source sources[COUNT_OF(templates)];
    static const struct ui ui = {sources, COUNT_OF(templates), assets, COUNT_OF(assets)};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(templates); i++)
        sources[i] = (struct template_source){templates[i].name, str_from(templates[i].text.p)};
    web_start(&web, &(struct web_setup){
                        .routes = {routes, COUNT_OF(routes)}, .hooks = web_hooks(NULL), .ui = &ui});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    web_free(&web);
    return 0;
}

static str get(const char *target, const char *head)
{
    return web_ask(&web, arena_printf(web.arena, "GET %s HTTP/1.1\r\n%s\r\n", target, head).p);
}

static void json_by_prefix(void **state)
{
    (void)state;
    str a = get("/api/v1/things/a%20b?q=%C3%BC", WEB_HOST);
    assert_status(a, 200);
    assert_str(web_header(a, "Content-Type", 0), "application/json");
    assert_str(web_body(a), "{\"id\":\"a b\",\"q\":\"ü\"}");
    assert_str(web_header(a, "Cache-Control", 0), "no-store");
    assert_str(web_header(a, "X-Content-Type-Options", 0), "nosniff");
    assert_str(web_header(a, "Referrer-Policy", 0), "same-origin");
    assert_str(web_header(a, "Cross-Origin-Opener-Policy", 0), "same-origin");
    assert_int_equal(web_header(a, "X-Request-Id", 0).n, 26);
    assert_has(web_header(a, "Content-Security-Policy", 0), "default-src 'none';");
    assert_has(web_header(a, "Content-Security-Policy", 0), "frame-ancestors 'none';");
    assert_has(web_header(a, "Content-Security-Policy", 0),
               "form-action 'self' https://auth.atlassian.com");
    assert_null(web_header(a, "Server", 0).p);
    assert_null(web_header(a, "Vary", 0).p);
    assert_status(get("/api/v1x/things/a", WEB_HOST), 404);
}

static void json_by_accept(void **state)
{
    static const struct {
        const char *accept;
        int json;
    } cases[] = {
        {"application/json", 1},
        {"application/json, text/html;q=0.5", 1},
        {"application/json, */*", 1},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 0},
        {"text/html, application/json", 0},
        {"*/*", 0},
        {"", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str a =
            get("/things/x", arena_printf(web.arena, WEB_HOST "Accept: %s\r\n", cases[i].accept).p);
        assert_status(a, 200);
        assert_str(web_header(a, "Content-Type", 0),
                   cases[i].json ? "application/json" : "text/html; charset=utf-8");
        assert_str(web_header(a, "Vary", 0), "Accept, Cookie");
    }
}

static void page_of_a_document(void **state)
{
    (void)state;
    str a = get("/things/%3Cb%3E?q=%22x%22", WEB_HOST "Cookie: mortise=anna\r\n");
    assert_status(a, 200);
    assert_str(web_body(a), "<p>&lt;b&gt;|&quot;x&quot;|Anna|/things/%3Cb%3E?q=%22x%22|"
                            "/assets/style.0123456789ab.css|here|things|"
                            "/api/v1/things/%3Cb%3E?q=%22x%22");
    assert_str(web_header(a, "Cache-Control", 0), "no-store");
}

static void head_is_get_without_body(void **state)
{
    (void)state;
    str a = web_ask(&web, "HEAD /things/abc HTTP/1.1\r\n" WEB_HOST "\r\n");
    assert_status(a, 200);
    assert_str(web_body(a), "");
    assert_str(web_header(a, "Content-Type", 0), "text/html; charset=utf-8");
    assert_true(web_header(a, "Content-Length", 0).n > 0);
}

static void redirect_of_a_page(void **state)
{
    (void)state;
    str a = get("/", WEB_HOST);
    assert_status(a, 303);
    assert_str(web_header(a, "Location", 0), "/things/first");
    assert_str(web_body(a), "");
    assert_status(get("/api/v1", WEB_HOST), 204);
    assert_status(get("/api/v1/", WEB_HOST), 204);
}

static void made_something(void **state)
{
    (void)state;
    str a = web_post(&web, "/api/v1/things", "application/json", "", "{\"name\":\"x\"}");
    assert_status(a, 201);
    assert_str(web_header(a, "Location", 0), "/api/v1/things/new%20one");
    assert_str(web_body(a), "{}");
    assert_status(web_ask(&web, "DELETE /api/v1/things HTTP/1.1\r\n" WEB_HOST "\r\n"), 204);
}

static void raw_member(void **state)
{
    (void)state;
    assert_str(web_body(get("/api/v1/raw", WEB_HOST)),
               "{\"status\":200,\"body\":{\"n\": 0.10, \"big\": 123456789012345678901234567890}}");
}

static void not_found(void **state)
{
    (void)state;
    str json = get("/api/v1/nothing", WEB_HOST);
    assert_status(json, 404);
    assert_str(web_header(json, "Content-Type", 0), "application/problem+json");
    assert_has(web_body(json), "\"code\":\"not_found\"");
    assert_has(web_body(json), "\"title\":\"Not Found\"");
    assert_has(web_body(json), "\"errors\":[]");
    assert_lacks(get("/nothing", WEB_HOST), "Anna");
    str page = get("/nothing", WEB_HOST "Cookie: mortise=anna\r\n");
    assert_status(page, 404);
    assert_has(page, "<h1>404 not_found</h1>There is nothing here");
    assert_has(page, "Anna");
}

static void wrong_method(void **state)
{
    (void)state;
    str a = web_ask(&web, "PUT /api/v1/things HTTP/1.1\r\n" WEB_HOST "Content-Length: 0\r\n\r\n");
    assert_status(a, 405);
    assert_str(web_header(a, "Allow", 0), "POST, DELETE");
    a = web_ask(&web, "OPTIONS /things/x HTTP/1.1\r\n" WEB_HOST "\r\n");
    assert_status(a, 405);
    assert_str(web_header(a, "Allow", 0), "GET, HEAD");
}

static void refused_before_the_body(void **state)
{
    (void)state;
    /* nothing of the body is ever sent */
    str a = web_ask(&web, "POST /api/v1/things HTTP/1.1\r\n" WEB_HOST
                          "Content-Type: application/json\r\nContent-Length: 65537\r\n\r\n");
    assert_status(a, 413);
    assert_has(web_body(a), "at most 64 KiB here");
    a = web_ask(&web, "POST /api/v1/things HTTP/1.1\r\n" WEB_HOST
                      "Content-Type: text/plain\r\nContent-Length: 10\r\n\r\n");
    assert_status(a, 415);
    a = web_ask(&web, "POST /api/v1/things HTTP/1.1\r\n" WEB_HOST "Content-Length: 10\r\n\r\n");
    assert_status(a, 415);
    a = web_ask(&web, "POST /api/v1/nothing HTTP/1.1\r\n" WEB_HOST
                      "Content-Type: text/plain\r\nContent-Length: 10\r\n\r\n");
    assert_status(a, 404);
    a = web_ask(&web, "GET /api/v1/things/x HTTP/1.1\r\n" WEB_HOST
                      "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    assert_status(a, 400);
}

static void chunked_beyond_the_limit(void **state)
{
    static char body[70000];
    (void)state;
    memset(body, ' ', sizeof(body));
    str a = web_ask(&web, arena_printf(web.arena,
                                       "POST /api/v1/things HTTP/1.1\r\n" WEB_HOST
                                       "Content-Type: application/json\r\n"
                                       "Transfer-Encoding: chunked\r\n\r\n%zx\r\n%.*s\r\n0\r\n\r\n",
                                       sizeof(body), (int)sizeof(body), body)
                              .p);
    assert_status(a, 413);
}

static void malformed_json(void **state)
{
    static const char *const bodies[] = {"{",
                                         "[]",
                                         "\"x\"",
                                         "{\"a\":1,\"a\":2}",
                                         "{\"a\":\"\xff\"}",
                                         "{\"a\\u0000b\":1}",
                                         "{\"\":1}",
                                         "nonsense"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        str a = web_post(&web, "/api/v1/things", "application/json", "", bodies[i]);
        assert_status(a, 400);
        assert_has(web_body(a), "\"code\":\"malformed\"");
    }
}

static void other_hosts(void **state)
{
    const char *head = "Host: 127.0.0.1:9\r\nConnection: close\r\nCookie: mortise=anna\r\n";
    (void)state;
    str a = get("/things/x?q=1", head);
    assert_status(a, 302);
    assert_str(web_header(a, "Location", 0), WEB_PUBLIC_URL "/things/x?q=1");
    a = web_ask(&web, arena_printf(web.arena,
                                   "POST /things HTTP/1.1\r\n%sContent-Type: "
                                   "application/x-www-form-urlencoded\r\nContent-Length: 0\r\n\r\n",
                                   head)
                          .p);
    assert_status(a, 403);
    assert_str(web_body(get("/api/v1/cookie", head)), "{\"cookie\":null,\"remote\":\"127.0.0.1\"}");
    assert_str(web_body(get("/api/v1/cookie", WEB_HOST "Cookie: mortise=anna\r\n")),
               "{\"cookie\":\"mortise=anna\",\"remote\":\"127.0.0.1\"}");
    assert_status(get("/healthz", head), 200);
    assert_status(get("/things/x", "Host: MORTISE.test:80\r\nConnection: close\r\n"), 200);
}

static void problem_with_all_members(void **state)
{
    (void)state;
    str a = get("/api/v1/many", WEB_HOST);
    assert_status(a, 429);
    assert_str(web_header(a, "Retry-After", 0), "17");
    assert_has(web_body(a), "\"detail\":\"Slow <down>.\"");
    assert_has(web_body(a), "\"connect_url\":\"/connect\"");
    assert_has(web_body(a), "\"type\":\"about:blank\"");
    a = get("/many", WEB_HOST);
    assert_status(a, 429);
    assert_has(a, "Slow &lt;down&gt;.");
    assert_has(a, "|17|");
}

static void failure_on_our_side(void **state)
{
    (void)state;
    str a = get("/broken", WEB_HOST);
    assert_status(a, 503);
    assert_str(web_header(a, "Retry-After", 0), "2");
    assert_lacks(a, "disk I/O");
    assert_has(web_body(a), "storage_failed");
    str id = arena_str(web.arena, web_header(a, "X-Request-Id", 0));
    assert_has(web_body(a), id.p);
    assert_status(get("/lost", WEB_HOST), 500);
}

static void sign_in_first(void **state)
{
    (void)state;
    str a = get("/mine?q=a%26b", WEB_HOST);
    assert_status(a, 303);
    assert_str(web_header(a, "Location", 0), "/session?return_to=%2Fmine%3Fq%3Da%2526b");
    a = get("/api/v1/mine", WEB_HOST);
    assert_status(a, 401);
    assert_has(web_body(a), "Please sign in first.");
    assert_non_null(web_header(a, "WWW-Authenticate", 0).p);
    assert_status(get("/mine", WEB_HOST "Cookie: mortise=anna\r\n"), 200);
    a = get("/admin", WEB_HOST "Cookie: mortise=anna\r\n");
    assert_status(a, 403);
    assert_has(a, "Anna"); /* a refusal is shown with the session's menu */
}

static void writes_from_elsewhere(void **state)
{
    static const struct {
        const char *head;
        int status;
    } cases[] = {
        {"Cookie: mortise=anna\r\nX-CSRF-Token: token-anna\r\n", 201},
        {"Cookie: mortise=anna\r\nX-CSRF-Token: token-anna\r\nOrigin: http://mortise.test\r\n",
         201},
        {"Cookie: mortise=anna\r\nX-CSRF-Token: token-anna\r\nOrigin: http://evil.test\r\n", 403},
        {"Cookie: mortise=anna\r\nX-CSRF-Token: token-anna\r\nOrigin: https://mortise.test\r\n",
         403},
        {"Cookie: mortise=anna\r\nX-CSRF-Token: token-anna\r\nOrigin: null\r\n", 403},
        {"Cookie: mortise=anna\r\nX-CSRF-Token: token-anna\r\nSec-Fetch-Site: cross-site\r\n", 403},
        {"Cookie: mortise=anna\r\nX-CSRF-Token: token-anna\r\nSec-Fetch-Site: same-site\r\n", 403},
        {"Cookie: mortise=anna\r\nX-CSRF-Token: token-anna\r\nSec-Fetch-Site: same-origin\r\n",
         201},
        {"Cookie: mortise=anna\r\nX-CSRF-Token: wrong\r\n", 403},
        {"Cookie: mortise=anna\r\n", 403},
        {"Origin: http://evil.test\r\n", 201}, /* no cookie: nothing to misuse */
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_status(web_post(&web, "/api/v1/things", "application/json", cases[i].head, "{}"),
                      cases[i].status);
}

static void assets_are_kept_for_ever(void **state)
{
    (void)state;
    str a = get("/assets/style.0123456789ab.css", WEB_HOST);
    assert_status(a, 200);
    assert_str(web_body(a), "p{}");
    assert_str(web_header(a, "Cache-Control", 0), "public, max-age=31536000, immutable");
    assert_str(web_header(a, "Content-Type", 0), "text/css; charset=utf-8");
    assert_str(web_header(a, "X-Content-Type-Options", 0), "nosniff");
    assert_status(get("/assets/style.000000000000.css", WEB_HOST), 404);
    assert_status(get("/api/v1/assets/style.0123456789ab.css", WEB_HOST), 404);
}

/* The last one: reads the log. */
static void log_tells_and_keeps_silent(void **state)
{
    (void)state;
    (void)get("/things/one-time-link-token?q=hidden", WEB_HOST);
    str log = web_stop(&web);
    assert_has(log, "route=/things/{thing} status=200");
    assert_lacks(log, "one-time-link-token");
    assert_lacks(log, "hidden");
    assert_has(log, "detail=\"disk I/O error (10)\"");
    assert_has(log, "code=storage_failed");
    assert_has(log, "template_missing template=problem name=nowhere");
    assert_has(log, "where=break_down");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_by_prefix),
        cmocka_unit_test(json_by_accept),
        cmocka_unit_test(page_of_a_document),
        cmocka_unit_test(head_is_get_without_body),
        cmocka_unit_test(redirect_of_a_page),
        cmocka_unit_test(made_something),
        cmocka_unit_test(raw_member),
        cmocka_unit_test(not_found),
        cmocka_unit_test(wrong_method),
        cmocka_unit_test(refused_before_the_body),
        cmocka_unit_test(chunked_beyond_the_limit),
        cmocka_unit_test(malformed_json),
        cmocka_unit_test(other_hosts),
        cmocka_unit_test(problem_with_all_members),
        cmocka_unit_test(failure_on_our_side),
        cmocka_unit_test(sign_in_first),
        cmocka_unit_test(writes_from_elsewhere),
        cmocka_unit_test(assets_are_kept_for_ever),
        cmocka_unit_test(log_tells_and_keeps_silent),
    };

    doc_init();
    crypto_init();
    return cmocka_run_group_tests(tests, start, stop);
}
