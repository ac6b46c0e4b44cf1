/* jira/token.h: recorded answers of the token endpoint, what is sent to it, where a browser is
 * sent.
 */
#include "support.h"

#include "base/doc.h"
#include "jira/token.h"

#define HTML "<!DOCTYPE html><html><body>Bad gateway</body></html>"
#define ASKED "read:jira-work write:jira-work read:jira-user"
#define GOOD                                                                                       \
    "{\"access_token\":\"canary.access\",\"refresh_token\":\"canary.refresh\","                    \
    "\"expires_in\":3600,\"scope\":\"" ASKED "\",\"token_type\":\"Bearer\"}"
#define ERROR_OF(error, text) "{\"error\":\"" error "\",\"error_description\":\"" text "\"}"

struct row {
    enum jira_token_use use;
    int status;
    const char *body;
    enum err err;
    enum provider_meaning meaning;
    const char *words; /* part of the sentence */
};

#define CHECK JIRA_TOKEN_CHECK
#define CODE JIRA_TOKEN_CODE
#define REFRESH JIRA_TOKEN_REFRESH

static const struct row rows[] = {
    /* success */
    {CODE, 200, GOOD, ERR_OK, MEANING_OK, ""},
    {REFRESH, 200, GOOD, ERR_OK, MEANING_OK, ""},
    /* the documented example has no token_type; a refresh may bring no refresh token */
    {REFRESH, 200, "{\"access_token\":\"canary.access\"}", ERR_OK, MEANING_OK, ""},
    {REFRESH, 200, "{\"access_token\":\"a\",\"refresh_token\":null,\"token_type\":\"bearer\"}",
     ERR_OK, MEANING_OK, ""},
    /* a consent without it would end after an hour */
    {CODE, 200, "{\"access_token\":\"canary.access\",\"scope\":\"" ASKED "\"}", ERR_SCOPE_MISSING,
     MEANING_SCOPE_MISSING, "offline_access"},
    /* scopes: less than asked for; more; none named */
    {CODE, 200,
     "{\"access_token\":\"canary\",\"refresh_token\":\"canary\",\"scope\":\"read:jira-work\"}",
     ERR_SCOPE_MISSING, MEANING_SCOPE_MISSING, "did not grant write:jira-work, read:jira-user."},
    {CODE, 200, "{\"access_token\":\"canary\",\"refresh_token\":\"canary\",\"scope\":\" \"}",
     ERR_SCOPE_MISSING, MEANING_SCOPE_MISSING, "developer console"},
    {CODE, 200,
     "{\"access_token\":\"canary\",\"refresh_token\":\"canary\",\"scope\":\"read:jira-workers "
     "write:jira-work read:jira-user\"}",
     ERR_SCOPE_MISSING, MEANING_SCOPE_MISSING, "did not grant read:jira-work."},
    {CODE, 200,
     "{\"access_token\":\"canary\",\"refresh_token\":\"canary\",\"scope\":\"offline_access " ASKED
     " read:me\"}",
     ERR_OK, MEANING_OK, ""},
    {CODE, 200, "{\"access_token\":\"canary\",\"refresh_token\":\"canary\"}", ERR_OK, MEANING_OK,
     ""},
    /* a refresh takes what comes: the old token is spent */
    {REFRESH, 200, "{\"access_token\":\"canary\",\"scope\":\"read:me\"}", ERR_OK, MEANING_OK, ""},
    /* answers that cannot be used */
    {CODE, 200, "{}", ERR_UPSTREAM_NOT_JIRA, MEANING_NOT_PROVIDER, "tokens that can be used"},
    {CODE, 200, "[]", ERR_UPSTREAM_NOT_JIRA, MEANING_NOT_PROVIDER, "did not come from"},
    {CODE, 200, HTML, ERR_UPSTREAM_NOT_JIRA, MEANING_NOT_PROVIDER, "did not come from"},
    {CODE, 200, "", ERR_UPSTREAM_NOT_JIRA, MEANING_NOT_PROVIDER, "did not come from"},
    {CODE, 200, "{\"access_token\":\"canary", ERR_UPSTREAM_NOT_JIRA, MEANING_NOT_PROVIDER, "(200)"},
    {REFRESH, 200, "{\"access_token\":\"\"}", ERR_UPSTREAM_NOT_JIRA, MEANING_NOT_PROVIDER, "used"},
    {REFRESH, 200, "{\"access_token\":7}", ERR_UPSTREAM_NOT_JIRA, MEANING_NOT_PROVIDER, "used"},
    {REFRESH, 200, "{\"access_token\":\"canary x\"}", ERR_UPSTREAM_NOT_JIRA, MEANING_NOT_PROVIDER,
     "used"},
    {REFRESH, 200, "{\"access_token\":\"canary\\r\\nX: 1\"}", ERR_UPSTREAM_NOT_JIRA,
     MEANING_NOT_PROVIDER, "used"},
    {REFRESH, 200, "{\"access_token\":\"canary\xc3\xa9\"}", ERR_UPSTREAM_NOT_JIRA,
     MEANING_NOT_PROVIDER, "used"},
    {REFRESH, 200, "{\"access_token\":\"canary\",\"refresh_token\":\"\"}", ERR_UPSTREAM_NOT_JIRA,
     MEANING_NOT_PROVIDER, "used"},
    {REFRESH, 200, "{\"access_token\":\"canary\",\"refresh_token\":\"a\\tb\"}",
     ERR_UPSTREAM_NOT_JIRA, MEANING_NOT_PROVIDER, "used"},
    {REFRESH, 200, "{\"access_token\":\"canary\",\"expires_in\":-1}", ERR_UPSTREAM_NOT_JIRA,
     MEANING_NOT_PROVIDER, "used"},
    {REFRESH, 200, "{\"access_token\":\"canary\",\"expires_in\":99999999}", ERR_UPSTREAM_NOT_JIRA,
     MEANING_NOT_PROVIDER, "used"},
    {REFRESH, 200, "{\"access_token\":\"canary\",\"expires_in\":\"1h\"}", ERR_UPSTREAM_NOT_JIRA,
     MEANING_NOT_PROVIDER, "used"},
    {REFRESH, 200, "{\"access_token\":\"canary\",\"token_type\":\"mac\"}", ERR_UPSTREAM_NOT_JIRA,
     MEANING_NOT_PROVIDER, "used"},
    {REFRESH, 200, "{\"access_token\":\"canary\",\"scope\":[\"x\"]}", ERR_UPSTREAM_NOT_JIRA,
     MEANING_NOT_PROVIDER, "used"},
    {REFRESH, 200, "{\"access_token\":\"canary\",\"scope\":\"a\\nb\"}", ERR_UPSTREAM_NOT_JIRA,
     MEANING_NOT_PROVIDER, "used"},
    /* the client: an operator's fault */
    {CHECK, 401, ERROR_OF("access_denied", "Unauthorized"), ERR_CLIENT_REFUSED,
     MEANING_CLIENT_REFUSED, "this client id and secret"},
    {CODE, 401, ERROR_OF("access_denied", "Unauthorized"), ERR_CLIENT_REFUSED,
     MEANING_CLIENT_REFUSED, "nobody needs to reconnect"},
    {REFRESH, 401, ERROR_OF("access_denied", "Unauthorized"), ERR_CLIENT_REFUSED,
     MEANING_CLIENT_REFUSED, "nobody needs to reconnect"},
    {REFRESH, 401, ERROR_OF("invalid_client", "x"), ERR_CLIENT_REFUSED, MEANING_CLIENT_REFUSED,
     "workspace admin"},
    {CHECK, 403, ERROR_OF("unauthorized_client", "x"), ERR_CLIENT_REFUSED, MEANING_CLIENT_REFUSED,
     "this client id and secret"},
    {CHECK, 400, ERROR_OF("invalid_client", "x"), ERR_CLIENT_REFUSED, MEANING_CLIENT_REFUSED,
     "developer console"},
    {CODE, 403, ERROR_OF("unauthorized_client", "x"), ERR_CLIENT_REFUSED, MEANING_CLIENT_REFUSED,
     "workspace admin"},
    /* the client is known, its made-up code is not */
    {CHECK, 400, ERROR_OF("invalid_request", "authorization_code is invalid"), ERR_OK, MEANING_OK,
     ""},
    {CHECK, 400, ERROR_OF("invalid_grant", "no such code"), ERR_OK, MEANING_OK, ""},
    {CHECK, 403, "{\"error\":\"invalid_grant\"}", ERR_OK, MEANING_OK, ""},
    /* nothing was found out */
    {CHECK, 400, ERROR_OF("invalid_request", "client_id is malformed"), ERR_UPSTREAM_NOT_JIRA,
     MEANING_INVALID, "could not be tested"},
    {CHECK, 400, ERROR_OF("invalid_request", "The body cannot be read."), ERR_UPSTREAM_NOT_JIRA,
     MEANING_INVALID, "could not be tested"},
    {CHECK, 400, "{\"error\":\"invalid_request\"}", ERR_UPSTREAM_NOT_JIRA, MEANING_INVALID,
     "could not be tested"},
    {CHECK, 400, ERROR_OF("invalid_grant", "client mismatch"), ERR_UPSTREAM_NOT_JIRA,
     MEANING_INVALID, "could not be tested"},
    {CHECK, 200, GOOD, ERR_UPSTREAM_NOT_JIRA, MEANING_NOT_PROVIDER, "could not be tested"},
    {CHECK, 500, ERROR_OF("access_denied", "Unauthorized"), ERR_UPSTREAM_UNREACHABLE,
     MEANING_PROVIDER_ERROR, "could not be tested"},
    {CHECK, 503, HTML, ERR_UPSTREAM_UNREACHABLE, MEANING_PROVIDER_ERROR, "could not be tested"},
    {CHECK, 429, "{}", ERR_RATE_LIMITED, MEANING_RATE_LIMITED, "could not be tested"},
    {CHECK, 401, HTML, ERR_UPSTREAM_NOT_JIRA, MEANING_NOT_PROVIDER, "could not be tested"},
    {CHECK, 302, "", ERR_UPSTREAM_NOT_JIRA, MEANING_NOT_PROVIDER, "could not be tested"},
    {CHECK, 401, "{\"code\":401,\"message\":\"Unauthorized\"}", ERR_UPSTREAM_NOT_JIRA,
     MEANING_NOT_PROVIDER, "could not be tested"},
    /* the code */
    {CODE, 400, ERROR_OF("invalid_request", "authorization_code is invalid"), ERR_CODE_REFUSED,
     MEANING_CODE_REFUSED, "Please connect again"},
    {CODE, 400, ERROR_OF("invalid_grant", "x"), ERR_CODE_REFUSED, MEANING_CODE_REFUSED, "connect"},
    {CODE, 403, ERROR_OF("invalid_grant", "x"), ERR_CODE_REFUSED, MEANING_CODE_REFUSED, "connect"},
    {CODE, 403, HTML, ERR_UPSTREAM_NOT_JIRA, MEANING_NOT_PROVIDER, "Nothing was connected"},
    {CODE, 502, HTML, ERR_UPSTREAM_UNREACHABLE, MEANING_PROVIDER_ERROR, "(502)"},
    {CODE, 400, ERROR_OF("invalid_scope", "x"), ERR_UPSTREAM_NOT_JIRA, MEANING_INVALID,
     "invalid_scope"},
    /* the grant is dead: documented, observed, and as others handle it */
    {REFRESH, 403, ERROR_OF("invalid_grant", "Unknown or invalid refresh token."),
     ERR_NEEDS_RECONNECT, MEANING_REFUSED_TOKEN, "Reconnect"},
    {REFRESH, 403, ERROR_OF("unauthorized_client", "refresh_token is invalid"), ERR_NEEDS_RECONNECT,
     MEANING_REFUSED_TOKEN, "Reconnect"},
    {REFRESH, 403, ERROR_OF("unauthorized_client", "Token was globally revoked"),
     ERR_NEEDS_RECONNECT, MEANING_REFUSED_TOKEN, "Reconnect"},
    {REFRESH, 403, "Token was globally revoked", ERR_NEEDS_RECONNECT, MEANING_REFUSED_TOKEN,
     "Reconnect"},
    {REFRESH, 400, ERROR_OF("invalid_grant", "x"), ERR_NEEDS_RECONNECT, MEANING_REFUSED_TOKEN,
     "Reconnect"},
    {REFRESH, 401, ERROR_OF("invalid_request", "Invalid refresh token"), ERR_NEEDS_RECONNECT,
     MEANING_REFUSED_TOKEN, "Reconnect"},
    {REFRESH, 400, ERROR_OF("invalid_request", "refresh_token is invalid"), ERR_NEEDS_RECONNECT,
     MEANING_REFUSED_TOKEN, "Reconnect"},
    /* says nothing about the grant */
    {REFRESH, 400, ERROR_OF("invalid_request", "canary"), ERR_UPSTREAM_NOT_JIRA, MEANING_INVALID,
     "invalid_request"},
    {REFRESH, 400, ERROR_OF("canary", "canary"), ERR_UPSTREAM_NOT_JIRA, MEANING_INVALID,
     "an unknown error"},
    {REFRESH, 404, ERROR_OF("invalid_grant", "x"), ERR_UPSTREAM_NOT_JIRA, MEANING_INVALID,
     "(404, "},
    {REFRESH, 503, ERROR_OF("invalid_grant", "x"), ERR_UPSTREAM_UNREACHABLE, MEANING_PROVIDER_ERROR,
     "(503)"},
    {REFRESH, 500, "Token was globally revoked", ERR_UPSTREAM_UNREACHABLE, MEANING_PROVIDER_ERROR,
     "(500)"},
    {REFRESH, 429, ERROR_OF("invalid_grant", "x"), ERR_RATE_LIMITED, MEANING_RATE_LIMITED,
     "slow down"},
    {REFRESH, 403, HTML, ERR_UPSTREAM_NOT_JIRA, MEANING_NOT_PROVIDER, "(403)"},
    {REFRESH, 400, HTML, ERR_UPSTREAM_NOT_JIRA, MEANING_NOT_PROVIDER, "(400)"},
    {REFRESH, 403, "", ERR_UPSTREAM_NOT_JIRA, MEANING_NOT_PROVIDER, "(403)"},
};

static void wipe(struct jira_token_answer *answer)
{
    secret_wipe(&answer->tokens.access);
    secret_wipe(&answer->tokens.refresh);
}

static void check_row(const struct row *row, size_t i)
{
    struct arena *a = arena_new((size_t)1 << 20);
    struct upstream_call call = {.status = row->status, .reply_body = str_from(row->body)};
    struct jira_token_answer answer = {0};
    struct fault f = {0};
    enum err e = jira_token_judge(a, &f, &call, row->use, STR(ASKED " offline_access"), &answer);
    const char *text = e ? fault_text(&f) : "";

    if (e != row->err || answer.meaning != row->meaning)
        fail_msg("row %zu (%d %s): %s, meaning %d: %s", i, row->status, row->body,
                 e ? err_name(e) : "OK", answer.meaning, text);
    if (strstr(text, row->words) == NULL)
        fail_msg("row %zu: \"%s\" lacks \"%s\"", i, text, row->words);
    if (strlen(text) > sizeof(f.message) - 8 || strstr(text, "canary"))
        fail_msg("row %zu: too long, or tells a secret: \"%s\"", i, text);
    assert_int_equal(secret_is_set(&answer.tokens.access),
                     e == ERR_SCOPE_MISSING || (e == ERR_OK && row->use != CHECK));
    assert_true(e == ERR_OK || !secret_is_set(&answer.tokens.refresh));
    wipe(&answer);
    arena_free(a);
}

static void test_recorded_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_row(&rows[i], i);
}

static void test_tokens(void **state)
{
    struct arena *a = arena_new((size_t)1 << 20);
    struct upstream_call call = {.status = 200, .reply_body = STR(GOOD)};
    struct jira_token_answer answer = {0};

    (void)state;
    assert_int_equal(jira_token_judge(a, NULL, &call, CODE, STR(ASKED), &answer), ERR_OK);
    assert_str(secret_expose(&answer.tokens.access), "canary.access");
    assert_str(secret_expose(&answer.tokens.refresh), "canary.refresh");
    assert_int_equal(answer.tokens.expires_in_s, 3600);
    assert_str(answer.tokens.scopes, ASKED);
    wipe(&answer);
    call.reply_body = STR("{\"access_token\":\"a\"}");
    assert_int_equal(jira_token_judge(a, NULL, &call, REFRESH, STR(""), &answer), ERR_OK);
    assert_false(secret_is_set(&answer.tokens.refresh));
    assert_int_equal(answer.tokens.expires_in_s, 0);
    assert_str(answer.tokens.scopes, "");
    wipe(&answer);
    arena_free(a);
}

static void test_length_of_tokens(void **state)
{
    static char body[JIRA_TOKEN_MAX + 64] = "{\"access_token\":\"";
    static const char start[] = "{\"access_token\":\"";
    struct arena *a = arena_new((size_t)1 << 20);
    struct upstream_call call = {.status = 200};
    struct jira_token_answer answer = {0};

    (void)state;
    memset(body + sizeof(start) - 1, 't', JIRA_TOKEN_MAX);
    memcpy(body + sizeof(start) - 1 + JIRA_TOKEN_MAX, "\"}", 3);
    call.reply_body = str_from(body);
    assert_int_equal(jira_token_judge(a, NULL, &call, REFRESH, STR(""), &answer), ERR_OK);
    assert_int_equal(answer.tokens.access.n, JIRA_TOKEN_MAX);
    wipe(&answer);
    memcpy(body + sizeof(start) - 1 + JIRA_TOKEN_MAX, "t\"}", 4);
    call.reply_body = str_from(body);
    assert_int_equal(jira_token_judge(a, NULL, &call, REFRESH, STR(""), &answer),
                     ERR_UPSTREAM_NOT_JIRA);
    arena_free(a);
}

static void test_retry_after(void **state)
{
    static const struct upstream_header header = {STR("Retry-After"), STR("17")};
    struct arena *a = arena_new(65536);
    struct upstream_call call = {.status = 429, .reply_headers = &header, .reply_header_count = 1};
    struct jira_token_answer answer = {0};
    struct fault f = {0};

    (void)state;
    assert_int_equal(jira_token_judge(a, &f, &call, REFRESH, STR(""), &answer), ERR_RATE_LIMITED);
    assert_non_null(strstr(f.message, "17 seconds"));
    arena_free(a);
}

/* --- what is sent ----------------------------------------------------------------------------- */

static struct provider_client client_of(const char *secret)
{
    struct provider_client c = {
        .client_id = STR("id \"1\""),
        .redirect_uri = STR("http://localhost:8080/oauth/callback"),
        .scopes = STR(ASKED),
    };

    secret_set(&c.client_secret, secret, strlen(secret));
    return c;
}

static void test_bodies(void **state)
{
    struct provider_op op = {.kind = PROVIDER_EXCHANGE, .exchange.client = client_of("s\\1")};
    struct secret body = {0};

    (void)state;
    secret_set(&op.exchange.code, "c1", 2);
    secret_set(&op.exchange.verifier, "v1", 2);
    assert_int_equal(jira_token_body(NULL, &op, &body), ERR_OK);
    assert_str(secret_expose(&body),
               "{\"grant_type\":\"authorization_code\",\"client_id\":\"id \\\"1\\\"\","
               "\"client_secret\":\"s\\\\1\",\"code\":\"c1\","
               "\"redirect_uri\":\"http://localhost:8080/oauth/callback\",\"code_verifier\":"
               "\"v1\"}");
    secret_wipe(&op.exchange.verifier); /* never one half of it */
    assert_int_equal(jira_token_body(NULL, &op, &body), ERR_OK);
    assert_int_equal(str_find(secret_expose(&body), STR("verifier")), SIZE_MAX);
    secret_set(&op.exchange.code, "\xff", 1);
    assert_int_equal(jira_token_body(NULL, &op, &body), ERR_CODE_REFUSED);
    secret_wipe(&op.exchange.code);
    secret_wipe(&op.exchange.client.client_secret);
    secret_wipe(&body);
}

static void test_other_bodies(void **state)
{
    struct provider_op op = {.kind = PROVIDER_REFRESH, .refresh.client = client_of("s1")};
    struct secret body = {0};

    (void)state;
    secret_set(&op.refresh.refresh, "r1", 2);
    assert_int_equal(jira_token_body(NULL, &op, &body), ERR_OK);
    assert_str(secret_expose(&body),
               "{\"grant_type\":\"refresh_token\",\"client_id\":\"id \\\"1\\\"\","
               "\"client_secret\":\"s1\",\"refresh_token\":\"r1\"}");
    secret_set(&op.refresh.refresh, "\xc3", 1);
    assert_int_equal(jira_token_body(NULL, &op, &body), ERR_NEEDS_RECONNECT);
    secret_wipe(&op.refresh.refresh);
    secret_wipe(&op.refresh.client.client_secret);
    op =
        (struct provider_op){.kind = PROVIDER_CLIENT_CHECK, .client_check.client = client_of("s1")};
    assert_int_equal(jira_token_body(NULL, &op, &body), ERR_OK);
    assert_true(str_find(secret_expose(&body), STR("\"grant_type\":\"authorization_code\"")) !=
                SIZE_MAX);
    assert_true(str_find(secret_expose(&body), STR("\"client_secret\":\"s1\",\"code\":\"")) !=
                SIZE_MAX);
    secret_set(&op.client_check.client.client_secret, "\xff", 1);
    assert_int_equal(jira_token_body(NULL, &op, &body), ERR_CLIENT_REFUSED);
    secret_wipe(&op.client_check.client.client_secret);
    secret_wipe(&body);
}

static void test_authorize_url(void **state)
{
    struct arena *a = arena_new((size_t)1 << 20);
    struct jira_policy p = {.auth_origin = STR("https://auth.atlassian.com"), .auth_path = STR("")};
    struct provider_client c = {
        .client_id = STR("a&b"),
        .redirect_uri = STR("http://localhost:8080/oauth/callback"),
        .scopes = STR("read:jira-work read:me"),
    };

    (void)state;
    assert_str(jira_authorize_url(&p, a, &c, STR("st-1#"), STR("ch_1")),
               "https://auth.atlassian.com/authorize?audience=api.atlassian.com&client_id=a%26b"
               "&scope=read%3Ajira-work%20read%3Ame%20offline_access"
               "&redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Foauth%2Fcallback&state=st-1%23"
               "&response_type=code&prompt=consent&code_challenge=ch_1&code_challenge_method=S256");
    c.scopes = STR("offline_access x");
    p.auth_path = STR("/as");
    assert_true(str_find(jira_authorize_url(&p, a, &c, STR("s"), STR("c")),
                         STR("/as/authorize?")) != SIZE_MAX);
    assert_true(str_find(jira_authorize_url(&p, a, &c, STR("s"), STR("c")),
                         STR("scope=offline_access%20x&")) != SIZE_MAX);
    c.scopes = STR("");
    assert_true(str_find(jira_authorize_url(&p, a, &c, STR("s"), STR("c")),
                         STR("scope=offline_access&")) != SIZE_MAX);
    arena_free(a);
}

/* Only what surely used nothing up may be forgotten; a page instead of an answer may come after it
 * was carried out. */
static void test_spent(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum provider_spent spent;
    } cases[] = {
        {200, GOOD, SPENT_YES},
        {403, ERROR_OF("unauthorized_client", "refresh_token is invalid"), SPENT_YES},
        {403, ERROR_OF("invalid_grant", "Unknown or invalid refresh token."), SPENT_YES},
        {401, ERROR_OF("access_denied", "Unauthorized"), SPENT_NO},
        {401, ERROR_OF("invalid_client", "x"), SPENT_NO},
        {429, "", SPENT_NO},
        {200, HTML, SPENT_UNKNOWN},
        {200, "{\"access_token\":\"canary", SPENT_UNKNOWN},
        {200, "", SPENT_UNKNOWN},
        {400, ERROR_OF("invalid_request", "x"), SPENT_UNKNOWN},
        {500, "", SPENT_UNKNOWN},
        {503, HTML, SPENT_UNKNOWN},
        {302, "", SPENT_UNKNOWN},
    };
    struct arena *a = arena_new((size_t)1 << 20);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct upstream_call call = {.status = cases[i].status,
                                     .reply_body = str_from(cases[i].body)};
        struct jira_token_answer answer = {0};
        struct fault f;
        (void)!jira_token_judge(a, &f, &call, REFRESH, STR(""), &answer);
        if (answer.spent != cases[i].spent)
            fail_msg("case %zu (%d): %d", i, cases[i].status, answer.spent);
        wipe(&answer);
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spent),        cmocka_unit_test(test_recorded_answers),
        cmocka_unit_test(test_tokens),       cmocka_unit_test(test_length_of_tokens),
        cmocka_unit_test(test_retry_after),  cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_other_bodies), cmocka_unit_test(test_authorize_url),
    };

    doc_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
