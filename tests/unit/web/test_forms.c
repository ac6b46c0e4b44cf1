/* Browsers' forms, from socket to socket: success is a redirect with a notice shown once, failure
 * is the form's page again with the sentence and what was entered, never a secret.
 */
#include "web_support.h"

#include "base/doc.h"
#include "crypto/random.h"
#include "http/exchange.h"

#define FORM "application/x-www-form-urlencoded"
#define ANNA "Cookie: mortise=anna\r\nOrigin: http://mortise.test\r\n"

static enum err show_box(struct exchange *x)
{
    if (str_eq(x->params[0], STR("hidden")))
        return fail(&x->fault, ERR_NOT_FOUND, "");
    if (str_eq(x->params[0], STR("moved")))
        x->location = STR("/elsewhere");
    doc_set_str(exchange_doc(x), "box", x->params[0]);
    doc_set_null(exchange_doc(x), "confirm");
    return ERR_OK;
}

static enum err update_box(struct exchange *x)
{
    str name = exchange_name_field(x, "name", 10);
    enum err e = exchange_field_problem(x);

    if (e)
        return e;
    if (str_eq(name, STR("taken")))
        return fail(&x->fault, ERR_NAME_TAKEN, "");
    if (str_eq(name, STR("ask"))) {
        doc_set_cstring(exchange_doc(x), "confirm", "c-1");
        return fail(&x->fault, ERR_IDENTITY_CHANGED, "");
    }
    doc_set_bool(exchange_doc(x), "secret_came",
                 str_eq(secret_expose(exchange_secret(x, "api_key")), STR("s3cr3t&+ü")));
    x->location = exchange_return_to(x, STR("/boxes/one"));
    x->notice = arena_printf(x->arena, "Saved <%.*s>.", STR_ARG(name));
    x->set_cookie = STR("other=1; Path=/");
    return ERR_OK;
}

static enum err delete_box(struct exchange *x)
{
    (void)x;
    return ERR_OK;
}

static enum err show_link(struct exchange *x)
{
    doc_set_cstring(exchange_doc(x), "box", "link shown once");
    doc_set_null(exchange_doc(x), "confirm");
    x->status = 201;
    x->location = STR("/boxes/new");
    x->notice = STR("Made.");
    return ERR_OK;
}

static const struct route routes[] = {
    {ROUTE_GET, "/boxes/{box}", PERMISSION_SIGNED_IN, ROUTE_BODY_NONE, "box", show_box, NULL, NULL},
    {ROUTE_PATCH, "/boxes/{box}", PERMISSION_SIGNED_IN, ROUTE_BODY_FORM, "", update_box, NULL,
     show_box},
    {ROUTE_DELETE, "/boxes/{box}", PERMISSION_SIGNED_IN, ROUTE_BODY_FORM, "", delete_box, NULL,
     NULL},
    {ROUTE_PATCH, "/boxes/{box}/lids/{lid}", PERMISSION_SIGNED_IN, ROUTE_BODY_FORM, "", update_box,
     NULL, show_box},
    {ROUTE_POST, "/plain", PERMISSION_SIGNED_IN, ROUTE_BODY_FORM, "", update_box, NULL, NULL},
    {ROUTE_POST, "/links", PERMISSION_SIGNED_IN, ROUTE_BODY_FORM, "box", show_link, NULL, NULL},
};

static const char box_template[] =
    "box={{box}};notice={{page.notice}};confirm={{confirm}};csrf={{page.csrf}};path={{page.path}};"
    "{{#page.problem}}problem={{code}} {{status}} {{sentence}} {{confirm}};{{/page.problem}}"
    "name={{page.entered.name}};key={{page.entered.api_key}};"
    "error={{page.field_errors.name}};{{#page.field_error_list}}[{{field}}]{{/"
    "page.field_error_list}}";
static const char problem_template[] =
    "plain problem={{page.problem.code}} {{page.problem.sentence}};csrf={{page.csrf}}";

static const struct template_source templates[] = {
    {"box", {box_template, sizeof(box_template) - 1}},
    {"problem", {problem_template, sizeof(problem_template) - 1}},
};
static const struct ui ui = {templates, COUNT_OF(templates), NULL, 0};

static struct web web;

static int start(void **state)
{
    (void)state;
    web_start(&web, &(struct web_setup){
                        .routes = {routes, COUNT_OF(routes)}, .hooks = web_hooks(NULL), .ui = &ui});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    str log = web_stop(&web);
    assert_lacks(log, "template_missing");
    assert_lacks(log, "s3cr3t");
    web_free(&web);
    return 0;
}

static str update(const char *target, const char *body)
{
    return web_post(&web, target, FORM, ANNA, body);
}

static void success_is_a_redirect(void **state)
{
    (void)state;
    str a = update("/boxes/one?_method=PATCH", "_csrf=token-anna&name=bo%2Bx&return_to=/boxes/two");
    assert_status(a, 303);
    assert_str(web_header(a, "Location", 0), "/boxes/two");
    assert_str(web_header(a, "Set-Cookie", 0), "other=1; Path=/");
    str cookie = web_header(a, "Set-Cookie", 1);
    assert_true(str_starts(cookie, STR("mortise-notice=")));
    assert_has(cookie, "; Max-Age=60; HttpOnly; SameSite=Lax");
    a = update("/boxes/one?_method=PATCH", "_csrf=token-anna&name=box&return_to=//evil.test");
    assert_str(web_header(a, "Location", 0), "/boxes/one");
    a = update("/boxes/one?_method=DELETE", "_csrf=token-anna");
    assert_status(a, 303);
    assert_str(web_header(a, "Location", 0), "/");
}

static str show_with_notice(str cookie)
{
    return web_ask(&web, arena_printf(web.arena,
                                      "GET /boxes/one HTTP/1.1\r\n" WEB_HOST
                                      "Cookie: mortise=anna; %.*s\r\n\r\n",
                                      STR_ARG(cookie))
                             .p);
}

static void notice_is_shown_once(void **state)
{
    (void)state;
    str a = update("/boxes/one?_method=PATCH", "_csrf=token-anna&name=%C3%BC%3B");
    str rest = web_header(a, "Set-Cookie", 1);
    str cookie = str_take_until(&rest, ';');

    a = show_with_notice(cookie);
    assert_has(a, "notice=Saved &lt;ü;&gt;.;");
    assert_true(str_starts(web_header(a, "Set-Cookie", 0), STR("mortise-notice=; ")));
    assert_has(web_header(a, "Set-Cookie", 0), "Max-Age=0");
    a = show_with_notice(STR("x=y"));
    assert_has(a, "notice=;");
    assert_null(web_header(a, "Set-Cookie", 0).p);
}

static void notice_of_another_is_not_shown(void **state)
{
    (void)state;
    str a = update("/boxes/one?_method=PATCH", "_csrf=token-anna&name=box");
    str rest = web_header(a, "Set-Cookie", 1);
    str cookie = str_take_until(&rest, ';');
    char *forged = arena_cstring(web.arena, cookie);

    forged[cookie.n - 2] = forged[cookie.n - 2] == 'A' ? 'B' : 'A';
    assert_has(show_with_notice(str_from(forged)), "notice=;");
    assert_has(show_with_notice(STR("mortise-notice=.U2VuZCB5b3VyIHBhc3N3b3Jk")), "notice=;");
    assert_has(show_with_notice(STR("mortise-notice=")), "notice=;");
    assert_has(show_with_notice(STR("mortise-notice=....")), "notice=;");
}

static void failure_shows_the_form_again(void **state)
{
    (void)state;
    str a = update("/boxes/one?_method=PATCH&tab=2",
                   "_csrf=token-anna&name=much+too+long+for+it%3Cb%3E&api_key=s3cr3t");
    assert_status(a, 422);
    assert_has(a, "box=one;notice=;confirm=;csrf=token-anna;path=/boxes/one;");
    assert_has(a, "problem=invalid 422 Some of what was entered");
    assert_has(a, "name=much too long for it&lt;b&gt;;key=;");
    assert_has(a, "error=At most 10 characters, please.;[name]");
    assert_lacks(a, "s3cr3t");
    a = update("/boxes/one?_method=PATCH", "_csrf=token-anna&name=taken");
    assert_status(a, 409);
    assert_has(a, "problem=name_taken 409 This name is already in use.");
    assert_has(a, "error=;");
    a = update("/boxes/one/lids/two?_method=PATCH", "_csrf=token-anna&name=taken");
    assert_status(a, 409);
    assert_has(a, "box=one;");
    assert_has(a, "path=/boxes/one;");
}

static void what_a_failure_adds_is_shown(void **state)
{
    (void)state;
    str a = update("/boxes/one?_method=PATCH", "_csrf=token-anna&name=ask");
    assert_status(a, 409);
    assert_has(a, "confirm=c-1;");
    assert_has(a, "problem=identity_changed 409");
    a = web_post(&web, "/api/v1/boxes/one?_method=PATCH", FORM, ANNA, "_csrf=token-anna&name=ask");
    assert_status(a, 409);
    assert_has(a, "\"confirm\":\"c-1\"");
    assert_str(web_header(a, "Content-Type", 0), "application/problem+json");
}

static void a_form_that_cannot_be_shown_again(void **state)
{
    (void)state;
    str a = update("/boxes/hidden?_method=PATCH", "_csrf=token-anna&name=taken");
    assert_status(a, 409);
    assert_has(a, "plain problem=name_taken This name is already in use.");
    a = update("/boxes/moved?_method=PATCH", "_csrf=token-anna&name=taken");
    assert_status(a, 409);
    assert_has(a, "plain problem=name_taken");
    a = update("/plain", "_csrf=token-anna&name=taken");
    assert_status(a, 409);
    assert_has(a, "plain problem=name_taken");
}

static void no_token_no_change(void **state)
{
    (void)state;
    str a = update("/boxes/one?_method=PATCH", "name=box");
    assert_status(a, 403);
    assert_has(a, "problem=csrf 403");
    assert_has(a, "csrf=token-anna;"); /* the form that can be sent again */
    assert_has(a, "name=box;");
    a = web_post(&web, "/boxes/one?_method=PATCH", FORM,
                 "Cookie: mortise=anna\r\nOrigin: http://evil.test\r\n",
                 "_csrf=token-anna&name=box");
    assert_status(a, 403);
    assert_has(a, "plain problem=csrf");
    assert_lacks(a, "token-anna");
    a = web_post(&web, "/boxes/one?_method=PATCH", FORM, "", "name=box");
    assert_status(a, 401);
    assert_has(a, "plain problem=not_signed_in Please sign in first.");
}

static void secrets_reach_the_handler_only(void **state)
{
    (void)state;
    str a = web_post(&web, "/api/v1/boxes/one?_method=PATCH", FORM, ANNA,
                     "_csrf=token-anna&name=box&api_key=s3cr3t%26%2B%C3%BC");
    assert_status(a, 200);
    assert_has(a, "\"secret_came\":true");
    a = web_ask(&web,
                "PATCH /api/v1/boxes/one HTTP/1.1\r\n" WEB_HOST ANNA
                "X-CSRF-Token: token-anna\r\nContent-Type: application/json\r\n"
                "Content-Length: 41\r\n\r\n{\"name\":\"box\",\"api_key\":\"s3cr3t&+\\u00fc\"}");
    assert_has(a, "\"secret_came\":true");
    a = update("/boxes/one?_method=PATCH&api_key=s3cr3t", "_csrf=token-anna&name=box");
    assert_status(a, 400);
    assert_lacks(a, "s3cr3t");
}

static void a_write_with_a_page_of_its_own(void **state)
{
    (void)state;
    str a = update("/links", "_csrf=token-anna");
    assert_status(a, 201);
    assert_has(a, "box=link shown once;notice=Made.;");
    assert_null(web_header(a, "Location", 0).p);
    assert_has(a, "path=/;"); /* nothing to come back to */
}

static void method_override_is_for_forms(void **state)
{
    (void)state;
    assert_status(update("/boxes/one?_method=PUT", "_csrf=token-anna"), 400);
    assert_status(update("/boxes/one?_method=GET", "_csrf=token-anna"), 400);
    assert_status(update("/boxes/one?_method=patch", "_csrf=token-anna"), 400);
    assert_status(update("/boxes/one", "_csrf=token-anna"), 405);
    assert_status(web_post(&web, "/api/v1/boxes/one?_method=DELETE", "application/json",
                           ANNA "X-CSRF-Token: token-anna\r\n", "{}"),
                  405);
    assert_status(web_ask(&web, "GET /boxes/one?_method=DELETE HTTP/1.1\r\n" WEB_HOST
                                "Cookie: mortise=anna\r\n\r\n"),
                  200);
}

static void odd_forms(void **state)
{
    static const char *const bodies[] = {"a=%",   "a=%4",  "a=%zz", "a=%ff",
                                         "a=%00", "%ff=a", "=a",    "a=b&%=c"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        str a =
            web_post(&web, "/api/v1/plain", FORM, ANNA "X-CSRF-Token: token-anna\r\n", bodies[i]);
        assert_status(a, 400);
        assert_has(a, "\"code\":\"malformed\"");
    }
    assert_status(web_post(&web, "/plain", "multipart/form-data; boundary=x", ANNA, "--x--"), 415);
    assert_status(web_post(&web, "/plain", FORM "; charset=latin-1", ANNA, "a=b"), 415);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(success_is_a_redirect),
        cmocka_unit_test(notice_is_shown_once),
        cmocka_unit_test(notice_of_another_is_not_shown),
        cmocka_unit_test(failure_shows_the_form_again),
        cmocka_unit_test(what_a_failure_adds_is_shown),
        cmocka_unit_test(a_form_that_cannot_be_shown_again),
        cmocka_unit_test(no_token_no_change),
        cmocka_unit_test(secrets_reach_the_handler_only),
        cmocka_unit_test(a_write_with_a_page_of_its_own),
        cmocka_unit_test(method_override_is_for_forms),
        cmocka_unit_test(odd_forms),
    };

    doc_init();
    crypto_init();
    return cmocka_run_group_tests(tests, start, stop);
}
