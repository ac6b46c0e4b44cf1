/* Bodies and answers of the token endpoint. Secrets: what stands in struct secret, and the parsed
 * answer, whose memory jansson wipes; no other place here sees them.
 */
#include "jira/token.h"

#include "base/check.h"
#include "base/doc.h"
#include "base/secret_json.h"
#include "base/url.h"
#include "jira/classify.h"

#define EXPIRES_MAX_S (INT64_C(366) * 24 * 3600)
#define SCOPES_SHOWN_MAX 120

/* --- asking ----------------------------------------------------------------------------------- */

str jira_authorize_url(const struct jira_policy *p, struct arena *a,
                       const struct provider_client *client, str state, str challenge)
{
    str scopes = client->scopes;

    if (!str_has_word(scopes, STR("offline_access")))
        scopes = arena_printf(a, "%.*s%soffline_access", STR_ARG(scopes), scopes.n ? " " : "");
    return arena_printf(a,
                        "%.*s%.*s/authorize?audience=api.atlassian.com&client_id=%.*s&scope=%.*s"
                        "&redirect_uri=%.*s&state=%.*s&response_type=code&prompt=consent"
                        "&code_challenge=%.*s&code_challenge_method=S256",
                        STR_ARG(p->auth_origin), STR_ARG(p->auth_path),
                        STR_ARG(url_encode(a, client->client_id)), STR_ARG(url_encode(a, scopes)),
                        STR_ARG(url_encode(a, client->redirect_uri)), STR_ARG(url_encode(a, state)),
                        STR_ARG(url_encode(a, challenge)));
}

enum jira_token_use jira_token_use_of(const struct provider_op *op)
{
    if (op->kind == PROVIDER_CLIENT_CHECK)
        return JIRA_TOKEN_CHECK;
    if (op->kind == PROVIDER_REFRESH)
        return JIRA_TOKEN_REFRESH;
    must(op->kind == PROVIDER_EXCHANGE);
    return JIRA_TOKEN_CODE;
}

static int make_check(const struct provider_client_check *c, struct secret *ret)
{
    const struct secret_json_field fields[] = {
        {.key = "grant_type", .text = STR("authorization_code")},
        {.key = "client_id", .text = c->client.client_id},
        {.key = "client_secret", .secret = &c->client.client_secret},
        {.key = "code", .text = STR("mortise-asks-whether-the-client-is-known")},
        {.key = "redirect_uri", .text = c->client.redirect_uri},
    };

    return secret_json_make(fields, sizeof(fields) / sizeof(fields[0]), ret);
}

static int make_code(const struct provider_exchange *x, struct secret *ret)
{
    const struct secret_json_field fields[] = {
        {.key = "grant_type", .text = STR("authorization_code")},
        {.key = "client_id", .text = x->client.client_id},
        {.key = "client_secret", .secret = &x->client.client_secret},
        {.key = "code", .secret = &x->code},
        {.key = "redirect_uri", .text = x->client.redirect_uri},
        {.key = "code_verifier", .secret = &x->verifier},
    };
    size_t count = sizeof(fields) / sizeof(fields[0]);

    return secret_json_make(fields, secret_is_set(&x->verifier) ? count : count - 1, ret);
}

static int make_refresh(const struct provider_refresh *r, struct secret *ret)
{
    const struct secret_json_field fields[] = {
        {.key = "grant_type", .text = STR("refresh_token")},
        {.key = "client_id", .text = r->client.client_id},
        {.key = "client_secret", .secret = &r->client.client_secret},
        {.key = "refresh_token", .secret = &r->refresh},
    };

    return secret_json_make(fields, sizeof(fields) / sizeof(fields[0]), ret);
}

enum err jira_token_body(struct fault *f, const struct provider_op *op, struct secret *ret)
{
    switch (jira_token_use_of(op)) {
    case JIRA_TOKEN_CHECK:
        return make_check(&op->client_check, ret) ? ERR_OK : fail(f, ERR_CLIENT_REFUSED, "");
    case JIRA_TOKEN_CODE:
        return make_code(&op->exchange, ret) ? ERR_OK : fail(f, ERR_CODE_REFUSED, "");
    case JIRA_TOKEN_REFRESH:
        return make_refresh(&op->refresh, ret) ? ERR_OK : fail(f, ERR_NEEDS_RECONNECT, "");
    }
    unreachable("a use of tokens");
}

/* --- failures --------------------------------------------------------------------------------- */

/* What is being judged. */
struct judged {
    struct arena *arena;
    struct fault *fault;
    const struct upstream_call *call;
    enum jira_token_use use;
    enum provider_meaning *meaning;
};

const char *jira_token_advice(enum jira_token_use use)
{
    static const char *const advice[] = {
        [JIRA_TOKEN_CHECK] = "The client could not be tested; try again in a while.",
        [JIRA_TOKEN_CODE] = "Nothing was connected; press Connect again in a while.",
        [JIRA_TOKEN_REFRESH] = "Try again in a while.",
    };
    return advice[use];
}

#define judge(j, why, code, ...)                                                                   \
    (*(j)->meaning = (why), fault_set((j)->fault, (code), __func__, __VA_ARGS__))

static enum err judge_client(struct judged *j)
{
    if (j->use == JIRA_TOKEN_CHECK)
        return judge(j, MEANING_CLIENT_REFUSED, ERR_CLIENT_REFUSED,
                     "Atlassian does not accept this client id and secret. Copy both anew from the "
                     "app's Settings in the developer console; after a rotation, the new secret.");
    return judge(j, MEANING_CLIENT_REFUSED, ERR_CLIENT_REFUSED, "");
}

static enum err judge_dead(struct judged *j)
{
    return judge(j, MEANING_REFUSED_TOKEN, ERR_NEEDS_RECONNECT,
                 "Atlassian no longer accepts this authorisation: it was revoked, was not used for "
                 "90 days, or the account's password was changed. Reconnect.");
}

static enum err judge_limited(struct judged *j)
{
    int seconds = jira_retry_after(j->call);

    if (seconds)
        return judge(j, MEANING_RATE_LIMITED, ERR_RATE_LIMITED,
                     "Atlassian asks to slow down, for %d seconds. %s", seconds,
                     jira_token_advice(j->use));
    return judge(j, MEANING_RATE_LIMITED, ERR_RATE_LIMITED, "Atlassian asks to slow down. %s",
                 jira_token_advice(j->use));
}

static enum err judge_foreign(struct judged *j)
{
    return judge(j, MEANING_NOT_PROVIDER, ERR_UPSTREAM_NOT_JIRA,
                 "The answer (%d) did not come from Atlassian's authorization server. %s If it "
                 "stays so, the operator checks MORTISE_ATLASSIAN_AUTH_URL and the proxy.",
                 j->call->status, jira_token_advice(j->use));
}

static enum err judge_unusable(struct judged *j)
{
    return judge(j, MEANING_NOT_PROVIDER, ERR_UPSTREAM_NOT_JIRA,
                 "Atlassian's authorization server answered, but not with tokens that can be used. "
                 "%s",
                 jira_token_advice(j->use));
}

/* Errors that RFC 6749 knows (sections 4.1.2.1 and 5.2) may be repeated to people. */
static const char *known_error(str error)
{
    static const char *const known[] = {
        "access_denied",           "invalid_client",      "invalid_grant",
        "invalid_request",         "invalid_scope",       "server_error",
        "temporarily_unavailable", "unauthorized_client", "unsupported_grant_type",
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (str_eq(error, str_from(known[i])))
            return known[i];
    }
    return "an unknown error";
}

static enum err judge_odd(struct judged *j, str error)
{
    return judge(j, MEANING_INVALID, ERR_UPSTREAM_NOT_JIRA,
                 "Atlassian's authorization server refused the call (%d, %s), which tells nothing "
                 "about client or account. %s",
                 j->call->status, known_error(error), jira_token_advice(j->use));
}

/* --- refusals --------------------------------------------------------------------------------- */

enum verdict { ODD, CLIENT, CODE, DEAD, FINE };

/* By `error`, for CHECK, CODE, REFRESH. */
static const struct {
    const char *error;
    enum verdict verdicts[3];
} refusals[] = {
    {"access_denied", {CLIENT, CLIENT, CLIENT}},     {"invalid_client", {CLIENT, CLIENT, CLIENT}},
    {"unauthorized_client", {CLIENT, CLIENT, DEAD}}, {"invalid_grant", {FINE, CODE, DEAD}},
    {"invalid_request", {FINE, CODE, ODD}},
};

static int says(const json_t *doc, const char *words)
{
    const char *text = json_string_value(doc_get(doc, "error_description"));

    return text && strcasestr(text, words) != NULL;
}

static enum verdict find_verdict(const struct judged *j, const json_t *doc, str error)
{
    enum verdict v = ODD;

    if (j->use == JIRA_TOKEN_REFRESH &&
        (says(doc, "refresh_token is invalid") || says(doc, "invalid refresh token")))
        return DEAD;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if (str_eq(error, str_from(refusals[i].error)))
            v = refusals[i].verdicts[j->use];
    }
    /* invalid_request may also be said before the client is looked at: only a complaint about the
     * code proves that the client is known. */
    if (v == FINE && str_eq(error, STR("invalid_request")) && !says(doc, "code"))
        return ODD;
    return v == FINE && says(doc, "client") ? ODD : v;
}

static enum err judge_refusal(struct judged *j)
{
    int status = j->call->status;
    int usual = status == 400 || status == 401 || status == 403;
    json_t *doc = NULL;
    str error;

    if (usual && j->use == JIRA_TOKEN_REFRESH &&
        str_find(j->call->reply_body, STR("globally revoked")) != SIZE_MAX)
        return judge_dead(j);
    if (doc_parse(j->arena, NULL, j->call->reply_body, &doc) != ERR_OK)
        return judge_foreign(j);
    error = doc_get_str(doc, "error");
    if (error.n == 0)
        return judge_foreign(j);
    switch (usual ? find_verdict(j, doc, error) : ODD) {
    case ODD:
        return judge_odd(j, error);
    case CLIENT:
        return judge_client(j);
    case CODE:
        return judge(j, MEANING_CODE_REFUSED, ERR_CODE_REFUSED, "");
    case DEAD:
        return judge_dead(j);
    case FINE:
        *j->meaning = MEANING_OK;
        return ERR_OK;
    }
    unreachable("a verdict");
}

/* --- tokens ----------------------------------------------------------------------------------- */

/* What can stand in a Bearer header and is not too long to keep. */
static int take_token(json_t *doc, const char *key, struct secret *to)
{
    str text = doc_get_str(doc, key);

    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] <= 0x20 || text.p[i] >= 0x7F)
            return 0;
    }
    return text.n > 0 && text.n <= JIRA_TOKEN_MAX && secret_json_take(doc, key, to);
}

static int is_absent(const json_t *doc, const char *key)
{
    const json_t *value = doc_get(doc, key);

    return value == NULL || json_is_null(value);
}

/* Everything but the tokens. */
static int read_plain_parts(struct arena *a, const json_t *doc, struct provider_tokens *t)
{
    str scopes = doc_get_str(doc, "scope");
    int64_t seconds = is_absent(doc, "expires_in") ? 0 : doc_get_int(doc, "expires_in", -1);

    if (!is_absent(doc, "token_type") &&
        !str_eq_nocase(doc_get_str(doc, "token_type"), STR("Bearer")))
        return 0;
    if (seconds < 0 || seconds > EXPIRES_MAX_S)
        return 0;
    if ((!is_absent(doc, "scope") && scopes.p == NULL) || str_has_control(scopes))
        return 0;
    t->expires_in_s = seconds;
    t->scopes = arena_str(a, scopes.n ? scopes : STR(""));
    return 1;
}

static int read_tokens(struct arena *a, json_t *doc, struct provider_tokens *t)
{
    if (!read_plain_parts(a, doc, t))
        return 0;
    if (!take_token(doc, "access_token", &t->access))
        return 0;
    return is_absent(doc, "refresh_token") || take_token(doc, "refresh_token", &t->refresh);
}

/* Asked for and not granted, separated by commas. An answer that names no scopes granted all (RFC
 * 6749 section 5.1). */
static str missing_scopes(struct arena *a, str asked, str granted)
{
    str missing = STR("");

    while (granted.n && asked.n) {
        str scope = str_take_until(&asked, ' ');
        if (scope.n && !str_eq(scope, STR("offline_access")) && !str_has_word(granted, scope))
            missing = arena_printf(a, "%.*s%s%.*s", STR_ARG(missing), missing.n ? ", " : "",
                                   STR_ARG(scope));
    }
    return missing;
}

static enum err judge_consent(struct judged *j, str asked, const struct provider_tokens *t)
{
    str missing = missing_scopes(j->arena, asked, t->scopes);

    if (missing.n)
        return judge(j, MEANING_SCOPE_MISSING, ERR_SCOPE_MISSING,
                     "Atlassian did not grant %.*s. Whoever manages the OAuth app adds that under "
                     "Permissions in the developer console, then people connect again. Nothing was "
                     "connected.",
                     STR_ARG(str_utf8_cut(missing, SCOPES_SHOWN_MAX)));
    if (!secret_is_set(&t->refresh))
        return judge(j, MEANING_SCOPE_MISSING, ERR_SCOPE_MISSING,
                     "Atlassian gave no refresh token (the scope offline_access), so this would "
                     "end after an hour. Nothing was connected. Connect again; if it stays so, "
                     "whoever manages the OAuth app has to look at it.");
    return ERR_OK;
}

static enum err judge_success(struct judged *j, str asked, struct provider_tokens *ret)
{
    struct provider_tokens t = {0};
    json_t *doc = NULL;
    enum err e = ERR_OK;

    if (doc_parse(j->arena, NULL, j->call->reply_body, &doc) != ERR_OK || !json_is_object(doc))
        return judge_foreign(j);
    if (j->use == JIRA_TOKEN_CHECK) /* tokens for a code that nobody issued */
        return judge_unusable(j);
    if (!read_tokens(j->arena, doc, &t))
        e = judge_unusable(j);
    else if (j->use == JIRA_TOKEN_CODE)
        e = judge_consent(j, asked, &t);
    if (e)
        secret_wipe(&t.refresh);
    if (e && e != ERR_SCOPE_MISSING)
        secret_wipe(&t.access);
    if (!e)
        *j->meaning = MEANING_OK;
    *ret = t;
    return e;
}

static enum err judge_by_status(struct judged *j, str asked, struct provider_tokens *ret)
{
    const struct upstream_call *call = j->call;

    if (call->status == 429)
        return judge_limited(j);
    if (call->status >= 500)
        return judge(j, MEANING_PROVIDER_ERROR, ERR_UPSTREAM_UNREACHABLE,
                     "Atlassian's authorization server failed with an error of its own (%d). %s",
                     call->status, jira_token_advice(j->use));
    if (call->status == 200)
        return judge_success(j, asked, ret);
    if (call->status >= 400)
        return judge_refusal(j);
    return judge_foreign(j);
}

/* Whether code or refresh token may be used up: an answer that tells nothing may have come after
 * it was. */
static enum provider_spent spent_by(enum provider_meaning m)
{
    if (m == MEANING_OK || m == MEANING_REFUSED_TOKEN || m == MEANING_CODE_REFUSED)
        return SPENT_YES;
    if (m == MEANING_CLIENT_REFUSED || m == MEANING_RATE_LIMITED)
        return SPENT_NO;
    return SPENT_UNKNOWN;
}

enum err jira_token_judge(struct arena *a, struct fault *f, const struct upstream_call *call,
                          enum jira_token_use use, str asked, struct jira_token_answer *ret)
{
    struct judged j = {a, f, call, use, &ret->meaning};
    enum err e = judge_by_status(&j, asked, &ret->tokens);

    ret->spent = spent_by(ret->meaning);
    return e;
}
