/* jira/classify.h by recorded answers: of Jira Cloud's sites, its gateway, Data Center, and of
 * things that are not Jira.
 */
#include "support.h"

#include <time.h>

#include "jira/classify.h"
#include "jira/scopes.h"

#define JSON "application/json;charset=UTF-8"
#define PROBLEM "application/problem+json;charset=UTF-8"
#define HTML "text/html;charset=UTF-8"
#define PAGE "<!DOCTYPE html><html><head><title>Page unavailable</title></head></html>"
#define NOT_SIGNED_IN "Client must be authenticated to access this resource."

struct row {
    enum jira_route route;
    int status;
    const char *type;
    const char *headers; /* "Name: value|Name: value" */
    const char *body;
    enum provider_meaning meaning;
    const char *words; /* part of the sentence; NULL: it is empty */
};

static const struct row rows[] = {
    /* signed in */
    {JIRA_SITE, 200, JSON, "X-Seraph-LoginReason: OK", "{\"accountId\":\"x\"}", MEANING_OK, NULL},
    {JIRA_SITE, 200, JSON, "", "{}", MEANING_OK, NULL},
    {JIRA_SITE, 201, JSON, "", "{\"id\":\"1\"}", MEANING_OK, NULL},
    {JIRA_SITE, 204, JSON, "", "", MEANING_OK, NULL},
    {JIRA_GATEWAY, 200, JSON, "", "{\"values\":[]}", MEANING_OK, NULL},
    {JIRA_SERVER, 200, JSON, "X-Seraph-LoginReason: OK", "{}", MEANING_OK, NULL},
    {JIRA_SITE, 200, "image/png", "", "\x89PNG", MEANING_OK, NULL},
    {JIRA_SITE, 304, NULL, "", "", MEANING_OK, "Not changed"},
    {JIRA_SITE, 303, NULL, "Location: https://media.example/x", "", MEANING_OK, "Location"},
    {JIRA_SITE, 200, HTML, "Content-Disposition: attachment; filename=a.html", "<p>", MEANING_OK,
     NULL},
    /* answered as to a stranger */
    {JIRA_SITE, 200, JSON, "X-Seraph-LoginReason: AUTHENTICATED_FAILED", "{\"values\":[]}",
     MEANING_REFUSED_TOKEN, "stranger"},
    {JIRA_SITE, 200, JSON, "x-seraph-loginreason: AUTHENTICATED_FAILED",
     "{\"issues\":[],\"isLast\":true}", MEANING_REFUSED_TOKEN, "stranger"},
    {JIRA_SITE, 404, JSON, "X-Seraph-LoginReason: AUTHENTICATED_FAILED",
     "{\"errorMessages\":[\"Issue does not exist or you do not have permission to see it.\"]}",
     MEANING_REFUSED_TOKEN, "Reconnect"},
    {JIRA_SERVER, 200, JSON, "X-Seraph-LoginReason: AUTHENTICATED_FAILED", "",
     MEANING_REFUSED_TOKEN, "stranger"},
    {JIRA_SITE, 401, "text/html", "WWW-Authenticate: OAuth realm=\"https%3A%2F%2Facme\"",
     NOT_SIGNED_IN, MEANING_REFUSED_TOKEN, "Reconnect"},
    {JIRA_SITE, 401, "application/json", "X-Seraph-LoginReason: AUTHENTICATED_FAILED",
     NOT_SIGNED_IN, MEANING_REFUSED_TOKEN, "Reconnect"},
    {JIRA_SITE, 401, NULL, "", "", MEANING_REFUSED_TOKEN, "Reconnect"},
    {JIRA_SERVER, 401, HTML, "X-Seraph-LoginReason: AUTHENTICATED_FAILED", PAGE,
     MEANING_REFUSED_TOKEN, "Reconnect"},
    {JIRA_GATEWAY, 401, "application/json", "", "{\"code\":401,\"message\":\"Unauthorized\"}",
     MEANING_REFUSED_TOKEN, "Reconnect"},
    {JIRA_GATEWAY, 401, "application/json", "", "not json", MEANING_REFUSED_TOKEN, "Reconnect"},
    /* CAPTCHA */
    {JIRA_SERVER, 403, HTML,
     "X-Seraph-LoginReason: AUTHENTICATION_DENIED|X-Authentication-Denied-Reason: "
     "CAPTCHA_CHALLENGE; login-url=https://jira/login.jsp",
     PAGE, MEANING_LOCKED, "CAPTCHA"},
    {JIRA_SITE, 403, HTML, "X-Authentication-Denied-Reason: CAPTCHA_CHALLENGE; login-url=x", PAGE,
     MEANING_LOCKED, "browser"},
    {JIRA_SITE, 401, NULL, "X-Seraph-LoginReason: AUTHENTICATION_DENIED", "", MEANING_LOCKED,
     "browser"},
    {JIRA_SITE, 200, JSON, "X-Seraph-LoginReason: AUTHENTICATION_DENIED", "{}", MEANING_LOCKED,
     "browser"},
    /* scopes */
    {JIRA_GATEWAY, 401, "application/json", "",
     "{\"code\":401,\"message\":\"Unauthorized; scope does not match\"}", MEANING_SCOPE_MISSING,
     "scope"},
    {JIRA_GATEWAY, 401, "application/json", "",
     "{\"code\":403,\"message\":\"Unauthorized; scope does not match\"}", MEANING_REFUSED_TOKEN,
     "Reconnect"},
    /* Jira's permissions */
    {JIRA_SITE, 403, JSON, "",
     "{\"errorMessages\":[\"Sie haben keine Berechtigung.\"],\"errors\":{}}", MEANING_FORBIDDEN,
     "Sie haben keine Berechtigung."},
    {JIRA_GATEWAY, 403, "application/json", "", "{\"code\":403,\"message\":\"Forbidden\"}",
     MEANING_FORBIDDEN, "no access to the site"},
    {JIRA_SITE, 403, HTML, "", PAGE, MEANING_FORBIDDEN, "IP addresses"},
    {JIRA_SITE, 403, "application/json", "",
     "{\"error\":\"Failed to parse Connect Session Auth Token\"}", MEANING_FORBIDDEN,
     "Failed to parse Connect"},
    {JIRA_SITE, 403, "text/plain", "", "XSRF check failed", MEANING_FORBIDDEN, "may not do this"},
    /* missing or invisible */
    {JIRA_SITE, 404, JSON, "X-Seraph-LoginReason: OK",
     "{\"errorMessages\":[\"Issue does not exist or you do not have permission to see it.\"],"
     "\"errors\":{}}",
     MEANING_NOT_FOUND, "Issue does not exist"},
    {JIRA_GATEWAY, 404, PROBLEM, "",
     "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,\"detail\":\"No endpoint "
     "GET /rest/x.\"}",
     MEANING_NOT_FOUND, "No endpoint GET"},
    {JIRA_SITE, 404, HTML, "", PAGE, MEANING_SITE_MOVED, "new address"},
    {JIRA_SERVER, 404, HTML, "", PAGE, MEANING_NOT_PROVIDER, "web page"},
    {JIRA_GATEWAY, 404, HTML, "", PAGE, MEANING_NOT_PROVIDER, "web page"},
    /* input */
    {JIRA_SITE, 400, JSON, "",
     "{\"errorMessages\":[],\"errors\":{\"summary\":\"Bitte geben Sie etwas ein.\"}}",
     MEANING_INVALID, "summary: Bitte geben Sie etwas ein."},
    {JIRA_SITE, 400, JSON, "",
     "{\"errorMessages\":[\"Invalid request payload. Refer to the REST API documentation and try "
     "again.\"]}",
     MEANING_INVALID, "Invalid request payload"},
    {JIRA_SITE, 400, PROBLEM, "", "{\"title\":\"Bad Request\",\"status\":400}", MEANING_INVALID,
     "Bad Request"},
    {JIRA_SITE, 400, "text/plain", "", "no", MEANING_INVALID, "(400)"},
    {JIRA_SITE, 405, PROBLEM, "", "{\"detail\":\"Method 'DELETE' is not supported.\"}",
     MEANING_INVALID, "not supported"},
    {JIRA_SITE, 409, JSON, "", "{\"errorMessages\":[\"in use\"]}", MEANING_INVALID, "in use"},
    {JIRA_SITE, 413, JSON, "", "{}", MEANING_INVALID, "(413)"},
    {JIRA_SITE, 415, PROBLEM, "", "{\"detail\":\"Content-Type 'text/plain' is not supported.\"}",
     MEANING_INVALID, "text/plain"},
    {JIRA_SITE, 422, JSON, "", "{\"errors\":{\"a\":\"b\"}}", MEANING_INVALID, "a: b"},
    {JIRA_SITE, 400, HTML, "", "<h1>Request header is too large</h1>", MEANING_NOT_PROVIDER,
     "web page (400)"},
    /* removed */
    {JIRA_SITE, 410, JSON, "",
     "{\"errorMessages\":[\"The requested API has been removed. Please migrate to the "
     "/rest/api/3/search/jql API.\"],\"errors\":{}}",
     MEANING_GONE, "migrate to the /rest/api/3/search/jql"},
    /* limits */
    {JIRA_SITE, 429, JSON, "Retry-After: 12|RateLimit-Reason: jira-burst-based", "{}",
     MEANING_RATE_LIMITED, "12 seconds"},
    {JIRA_SITE, 429, NULL, "", "", MEANING_RATE_LIMITED, "in a while"},
    {JIRA_GATEWAY, 429, HTML, "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT", PAGE,
     MEANING_RATE_LIMITED, "in a while"},
    {JIRA_SITE, 429, JSON, "Retry-After: -5", "{}", MEANING_RATE_LIMITED, "in a while"},
    {JIRA_SITE, 429, JSON, "RateLimit-Reason: jira-per-issue-on-write", "{}", MEANING_RATE_LIMITED,
     "this issue"},
    {JIRA_SITE, 429, JSON, "RateLimit-Reason: jira-quota-tenant-based", "{}", MEANING_RATE_LIMITED,
     "allowance"},
    /* Jira's own trouble */
    {JIRA_SITE, 500, JSON, "",
     "{\"message\":\"Internal server error\",\"status-code\":500,\"stack-trace\":\"\"}",
     MEANING_PROVIDER_ERROR, "Internal server error"},
    {JIRA_SITE, 502, HTML, "", PAGE, MEANING_PROVIDER_ERROR, "(502)"},
    {JIRA_SITE, 503, HTML, "Retry-After: 30", PAGE, MEANING_PROVIDER_ERROR, "(503)"},
    {JIRA_GATEWAY, 504, NULL, "", "", MEANING_PROVIDER_ERROR, "(504)"},
    /* not Jira */
    {JIRA_SERVER, 200, HTML, "", "<html>sign in</html>", MEANING_NOT_PROVIDER, "web page"},
    {JIRA_SERVER, 200, "TEXT/HTML", "", "<html>", MEANING_NOT_PROVIDER, "web page"},
    {JIRA_SITE, 200, "application/xhtml+xml", "", "<html>", MEANING_NOT_PROVIDER, "web page"},
    {JIRA_SERVER, 302, HTML, "Location: https://sso.example/login", "", MEANING_NOT_PROVIDER,
     "https://sso.example/login"},
    {JIRA_SITE, 301, NULL, "", "", MEANING_NOT_PROVIDER, "redirection"},
};

/* With an access token instead of an API key: the meaning is the same, the way out is not. */
static const struct row bearer_rows[] = {
    {JIRA_GATEWAY, 200, JSON, "", "{}", MEANING_OK, NULL},
    {JIRA_GATEWAY, 401, "application/json", "", "{\"code\":401,\"message\":\"Unauthorized\"}",
     MEANING_REFUSED_TOKEN, "this authorisation: it has expired"},
    {JIRA_GATEWAY, 401, NULL, "", "", MEANING_REFUSED_TOKEN, "Reconnect."},
    {JIRA_GATEWAY, 200, JSON, "X-Seraph-LoginReason: AUTHENTICATED_FAILED", "{\"values\":[]}",
     MEANING_REFUSED_TOKEN, "stranger"},
    {JIRA_GATEWAY, 401, "application/json", "",
     "{\"code\":401,\"message\":\"Unauthorized; scope does not match\"}", MEANING_SCOPE_MISSING,
     "Whoever manages the OAuth app adds it"},
    {JIRA_GATEWAY, 403, "application/json", "", "{\"code\":403,\"message\":\"Forbidden\"}",
     MEANING_FORBIDDEN, "no access to the site"},
    {JIRA_GATEWAY, 404, JSON, "", "{\"errorMessages\":[\"No issue\"]}", MEANING_NOT_FOUND,
     "No issue"},
    {JIRA_GATEWAY, 429, JSON, "Retry-After: 3", "{}", MEANING_RATE_LIMITED, "3 seconds"},
};

static struct upstream_call recorded(struct arena *a, const struct row *row)
{
    struct upstream_header *headers = arena_alloc_array(a, 8, sizeof(*headers));
    size_t n = 0;
    str rest = str_from(row->headers);

    if (row->type)
        headers[n++] = (struct upstream_header){STR("Content-Type"), str_from(row->type)};
    while (rest.n) {
        str value = str_take_until(&rest, '|');
        str name = str_take_until(&value, ':');
        headers[n++] = (struct upstream_header){name, str_trim(value)};
    }
    return (struct upstream_call){
        .status = row->status,
        .reply_headers = headers,
        .reply_header_count = n,
        .reply_body = str_from(row->body),
    };
}

static struct jira_verdict check_row(struct arena *a, const struct row *row, size_t i,
                                     enum provider_auth auth)
{
    struct upstream_call call = recorded(a, row);
    struct jira_verdict v = jira_classify(a, &call, row->route, auth);

    if (v.meaning != row->meaning)
        fail_msg("row %zu (%d): meaning %d, expected %d: %.*s", i, row->status, v.meaning,
                 row->meaning, STR_ARG(v.sentence));
    if (row->words == NULL ? v.sentence.n != 0
                           : str_find(v.sentence, str_from(row->words)) == SIZE_MAX)
        fail_msg("row %zu (%d): sentence \"%.*s\"", i, row->status, STR_ARG(v.sentence));
    assert_true(str_is_utf8(v.sentence));
    return v;
}

static void test_recorded_answers(void **state)
{
    struct arena *a = arena_new((size_t)4 << 20);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        (void)check_row(a, &rows[i], i, PROVIDER_BASIC);
    arena_free(a);
}

/* Whoever has no API key is not told to make a new one, whatever the answer. */
static void test_answers_to_bearer(void **state)
{
    struct arena *a = arena_new((size_t)4 << 20);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bearer_rows); i++)
        (void)check_row(a, &bearer_rows[i], i, PROVIDER_BEARER);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct upstream_call call = recorded(a, &rows[i]);
        struct jira_verdict v = jira_classify(a, &call, rows[i].route, PROVIDER_BEARER);
        assert_int_equal(v.meaning, rows[i].meaning);
        if (str_find(v.sentence, STR("API key")) != SIZE_MAX)
            fail_msg("row %zu: \"%.*s\"", i, STR_ARG(v.sentence));
    }
    arena_free(a);
}

static void test_retry_after(void **state)
{
    static const struct {
        const char *header;
        int seconds;
    } cases[] = {
        {"Retry-After: 7", 7},
        {"Retry-After: 0", 0},
        {"Retry-After: 86400", 86400},
        {"Retry-After: 86401", 0},
        {"Retry-After: soon", 0},
        {"Retry-After: 99999999999999999999", 0},
        {"", 0},
    };
    struct arena *a = arena_new(1 << 20);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct row row = {JIRA_SITE, 429, JSON, cases[i].header, "{}", MEANING_RATE_LIMITED, ""};
        struct upstream_call call = recorded(a, &row);
        assert_int_equal(jira_classify(a, &call, JIRA_SITE, PROVIDER_BASIC).retry_after_s,
                         cases[i].seconds);
        row.status = 503;
        call = recorded(a, &row);
        assert_int_equal(jira_classify(a, &call, JIRA_SITE, PROVIDER_BASIC).retry_after_s,
                         cases[i].seconds);
    }
    arena_free(a);
}

/* The same as a date (RFC 9110 section 10.2.3). */
static void test_retry_after_a_date(void **state)
{
    struct arena *a = arena_new(65536);
    char date[80];
    time_t at = time(NULL) + 90;

    (void)state;
    (void)strftime(date, sizeof(date), "Retry-After: %a, %d %b %Y %H:%M:%S GMT", gmtime(&at));
    struct upstream_call call = recorded(a, &(struct row){.status = 429, .headers = date});
    int seconds = jira_retry_after(&call);
    assert_true(seconds > 80 && seconds <= 90);
    at -= 200;
    (void)strftime(date, sizeof(date), "Retry-After: %a, %d %b %Y %H:%M:%S GMT", gmtime(&at));
    call = recorded(a, &(struct row){.status = 429, .headers = date});
    assert_int_equal(jira_retry_after(&call), 0);
    call = recorded(a, &(struct row){.status = 429, .headers = "Retry-After: Wed, 21 Oct 2099"});
    assert_int_equal(jira_retry_after(&call), 0);
    arena_free(a);
}

/* The scope that is probably missing is named, where the table knows it. */
static void test_names_the_missing_scope(void **state)
{
    static const struct {
        const char *method, *url, *scope;
    } cases[] = {
        {"GET", "https://g/ex/jira/c/rest/api/3/issue/A-1?fields=x", "read:jira-work"},
        {"POST", "https://g/ex/jira/c/rest/api/2/issue", "write:jira-work"},
        {"POST", "https://g/ex/jira/c/rest/api/3/search/jql", "read:jira-work"},
        {"HEAD", "https://g/ex/jira/c/rest/api/3/myself", "read:jira-user"},
        {"GET", "https://g/ex/jira/c/rest/api/3/project/A/email", "manage:jira-project"},
        {"GET", "https://g/ex/jira/c/rest/api/3/project/A", "read:jira-work"},
        {"DELETE", "https://g/ex/jira/c/rest/api/3/issuelinks", ""},
        {"GET", "https://g/ex/jira/c/rest/agile/1.0/board", ""},
        {"GET", "https://g/ex/jira/c/rest/api/3/", ""},
    };
    struct arena *a = arena_new(65536);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct row row = {.status = 401,
                          .headers = "",
                          .body =
                              "{\"code\":401,\"message\":\"Unauthorized; scope does not match\"}"};
        struct upstream_call call = recorded(a, &row);
        call.method = str_from(cases[i].method);
        call.url = str_from(cases[i].url);
        struct jira_verdict v = jira_classify(a, &call, JIRA_GATEWAY, PROVIDER_BEARER);
        assert_int_equal(v.meaning, MEANING_SCOPE_MISSING);
        assert_str(jira_scope_of(call.method, call.url), cases[i].scope);
        str named =
            arena_printf(a, "needs%s%s.", cases[i].scope[0] ? ", probably " : "", cases[i].scope);
        if (str_find(v.sentence, named) == SIZE_MAX)
            fail_msg("case %zu: %.*s", i, STR_ARG(v.sentence));
    }
    arena_free(a);
}

static void test_words(void **state)
{
    static const struct {
        const char *body;
        const char *words; /* NULL: none */
    } cases[] = {
        {"{\"errorMessages\":[\"first\",\"second\"],\"errors\":{\"a\":\"b\"}}", "first"},
        {"{\"errorMessages\":[],\"errors\":{\"a\":\"b\",\"c\":\"d\"}}", "a: b"},
        {"{\"errorMessages\":[],\"errors\":{}}", NULL},
        {"{\"errors\":{\"a\":5,\"b\":\"c\"}}", "b: c"},
        {"{\"message\":\"m\",\"detail\":\"d\"}", "m"},
        {"{\"detail\":\"d\",\"title\":\"t\"}", "d"},
        {"{\"title\":\"t\"}", "t"},
        {"{\"error\":\"e\"}", "e"},
        {"{\"errorMessages\":\"text\",\"message\":{}}", NULL},
        {"{\"message\":\" two\\nlines\\u0007 \"}", "two lines"},
        {"[\"x\"]", NULL},
        {"\"x\"", NULL},
        {"plain", NULL},
        {"", NULL},
        {"{\"message\":\"\xff\"}", NULL},
    };
    struct arena *a = arena_new(1 << 20);
    char body[400] = "{\"message\":\"";

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str words = jira_words(a, str_from(cases[i].body));
        if (cases[i].words)
            assert_str(str_trim(words), cases[i].words);
        else
            assert_null(words.p);
    }
    memset(body + 12, 'x', 300);
    memcpy(body + 312, "\"}", 3);
    assert_int_equal(jira_words(a, str_from(body)).n, 200);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded_answers),
        cmocka_unit_test(test_retry_after_a_date),
        cmocka_unit_test(test_names_the_missing_scope),
        cmocka_unit_test(test_answers_to_bearer),
        cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
