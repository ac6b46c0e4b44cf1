/* Everything that is OAuth 2.0 (RFC 6749), as one state machine: tokens, the sites they reach,
 * whose they are. What is sent to the token endpoint and what its answers mean is token.c's.
 *
 * Steps (one call each; the table is `steps`):
 *   TOKEN      POST /oauth/token; body and answer are secrets
 *   RESOURCES  GET  /oauth/token/accessible-resources at the gateway's origin; access token
 *   MYSELF     GET  /ex/jira/<cloud id>/rest/api/3/myself at the gateway; access token
 *
 * client check, refresh:  TOKEN -> done
 * exchange:  TOKEN -> RESOURCES -> MYSELF of the wanted site, the only one, or the first -> done
 *            (several: somebody has to choose; none: whose it is stays unknown; tokens that lack a
 *            scope are refused, but whose they are is asked before)
 * identify:  MYSELF -> done
 * test:      RESOURCES -site still there-> MYSELF -> done (rights.c goes on)
 *
 * Invariants: each step is sent once (MYSELF of several sites until one tells, WHOSE_MAX at most);
 * a token call that broke off is not repeated here (the code or refresh token may be spent). Client
 * secret, code and refresh token go to the authorization server only, the access token to the
 * gateway only. New tokens are handed out with success and wiped with any failure; the body of the
 * token call is wiped at the end, whatever it is. Nobody is reported as connected without an answer
 * that names the account.
 */
#include "base/check.h"
#include "base/clock.h"
#include "base/doc.h"
#include "jira/failure.h"
#include "jira/jira_int.h"
#include "jira/provider.h"
#include "jira/sites.h"
#include "jira/token.h"

#define ANSWER_MAX ((size_t)512 * 1024)
#define TEXT_MAX 255
#define URL_SHOWN_MAX 80
#define WHOSE_MAX                                                                                  \
    3 /* sites that are asked whose tokens these are, where somebody has to choose                 \
       */

enum step { STEP_TOKEN, STEP_RESOURCES, STEP_MYSELF };

/* What grant.c knows of its flow; f->state. */
struct grant {
    struct jira_flow *flow;
    enum step step;
    struct secret body;            /* of the token call */
    struct provider_tokens tokens; /* of an exchange or refresh, until they are handed out */
    const struct secret *access;   /* what RESOURCES and MYSELF are called with */
    struct jira_sites sites;
    str reach;            /* the ids of all of Jira's */
    int lacks_wanted;     /* an exchange's site_url is not among them */
    struct fault refused; /* how the flow ends, whatever else comes: code ERR_OK: not yet known */
    enum provider_meaning refused_meaning;
    size_t asked;              /* how many of several sites were asked whose it is */
    struct provider_site site; /* the one that MYSELF is asked of */
    struct provider_identity who;
    str email;
};

struct step_row {
    void (*prepare)(struct grant *g, struct upstream_call *call);
    enum provider_stage stage; /* where a test stops when this step fails */
    void (*heard)(struct grant *g, const struct upstream_call *call);
};

static void go(struct grant *g, enum step step);

static struct arena *arena_of(const struct grant *g)
{
    return g->flow->op->arena;
}

static const struct jira_policy *policy_of(const struct grant *g)
{
    return &g->flow->jira->policy;
}

/* --- ends ------------------------------------------------------------------------------------- */

static void hand_out_tokens(struct grant *g, struct provider_tokens *to)
{
    secret_take(&to->access, &g->tokens.access);
    secret_take(&to->refresh, &g->tokens.refresh);
    to->expires_in_s = g->tokens.expires_in_s;
    to->scopes = g->tokens.scopes;
}

static void hand_out_exchange(struct grant *g, struct provider_exchange *x)
{
    hand_out_tokens(g, &x->tokens);
    x->reach = g->reach;
    x->sites = g->sites.jira;
    x->site_count = g->sites.jira_count;
    if (x->site_count != 1)
        return;
    x->identity = g->who;
    x->origin = policy_of(g)->api_origin;
    x->base_path = jira_flow_base_path(g->flow, g->site.id);
    x->email = g->email;
}

static void hand_out_identify(struct grant *g, struct provider_identify *i)
{
    i->identity = g->who;
    i->origin = policy_of(g)->api_origin;
    i->base_path = jira_flow_base_path(g->flow, g->site.id);
    i->email = g->email;
}

static void hand_out(struct grant *g)
{
    struct provider_op *op = g->flow->op;

    if (op->kind == PROVIDER_EXCHANGE)
        hand_out_exchange(g, &op->exchange);
    if (op->kind == PROVIDER_IDENTIFY)
        hand_out_identify(g, &op->identify);
    if (op->kind == PROVIDER_REFRESH)
        hand_out_tokens(g, &op->refresh.tokens);
    if (op->kind == PROVIDER_TEST)
        op->test.identity = g->who;
}

static void set_meaning(struct provider_op *op, enum provider_meaning why)
{
    if (op->kind == PROVIDER_CLIENT_CHECK)
        op->client_check.meaning = why;
    if (op->kind == PROVIDER_EXCHANGE)
        op->exchange.meaning = why;
    if (op->kind == PROVIDER_IDENTIFY)
        op->identify.meaning = why;
    if (op->kind == PROVIDER_REFRESH)
        op->refresh.meaning = why;
    if (op->kind == PROVIDER_TEST)
        op->test.meaning = why;
}

static void end(struct grant *g, enum err e, enum provider_stage stage, enum provider_meaning why)
{
    struct provider_op *op = g->flow->op;

    if (g->refused.code) {
        op->fault = g->refused;
        e = g->refused.code;
        why = g->refused_meaning;
    }
    if (!e)
        hand_out(g);
    secret_wipe(&g->body);
    secret_wipe(&g->tokens.access);
    secret_wipe(&g->tokens.refresh);
    set_meaning(op, why);
    if (op->kind == PROVIDER_TEST)
        op->test.stage = stage;
    if (!e && op->kind == PROVIDER_TEST)
        jira_rights_begin(g->flow);
    else
        jira_flow_end(g->flow, e);
}

#define end_with(g, code, stage, why, ...)                                                         \
    end((g), fail(&(g)->flow->op->fault, (code), __VA_ARGS__), (stage), (why))

/* How a sentence ends about a call that came to nothing. */
static const char *advice_of(const struct grant *g)
{
    const struct provider_op *op = g->flow->op;

    if (op->kind == PROVIDER_IDENTIFY)
        return "Nothing was connected; try again in a while.";
    if (op->kind == PROVIDER_TEST)
        return "Try again in a while.";
    return jira_token_advice(jira_token_use_of(op));
}

/* --- tokens ----------------------------------------------------------------------------------- */

static void prepare_token(struct grant *g, struct upstream_call *call)
{
    static const struct upstream_header headers[] = {
        {STR("Accept"), STR("application/json")},
        {STR("Content-Type"), STR("application/json")},
    };
    int64_t timeout_ms = g->flow->jira->timeout_ms;

    if (timeout_ms < JIRA_TOKEN_MS || g->flow->op->kind == PROVIDER_EXCHANGE)
        timeout_ms = JIRA_TOKEN_MS;
    g->flow->deadline_ms = clock_monotonic_ms() + timeout_ms;
    call->method = STR("POST");
    call->url = arena_printf(arena_of(g), "%.*s%.*s/oauth/token",
                             STR_ARG(policy_of(g)->auth_origin), STR_ARG(policy_of(g)->auth_path));
    call->headers = headers;
    call->header_count = 2;
    call->secret_body = &g->body;
    call->reply = UPSTREAM_REPLY_SECRET;
    call->body_max = UPSTREAM_SECRET_MAX;
}

static void heard_exchange(struct grant *g, enum err e, const struct jira_token_answer *answer)
{
    struct provider_op *op = g->flow->op;

    op->exchange.spent = e == ERR_CODE_REFUSED ? SPENT_NO : answer->spent;
    g->access = &g->tokens.access;
    if (e != ERR_SCOPE_MISSING)
        return;
    g->refused = op->fault;
    g->refused_meaning = answer->meaning;
}

static void heard_token(struct grant *g, const struct upstream_call *call)
{
    struct provider_op *op = g->flow->op;
    struct jira_token_answer answer = {0};
    str asked = op->kind == PROVIDER_EXCHANGE ? op->exchange.client.scopes : STR("");
    enum err e =
        jira_token_judge(arena_of(g), &op->fault, call, jira_token_use_of(op), asked, &answer);

    g->tokens = answer.tokens;
    if (op->kind == PROVIDER_EXCHANGE)
        heard_exchange(g, e, &answer);
    if (op->kind == PROVIDER_REFRESH) {
        op->refresh.spent = answer.spent;
        op->refresh.retry_after_s = jira_retry_after(call);
    }
    if (op->kind != PROVIDER_EXCHANGE || !secret_is_set(&g->tokens.access))
        end(g, e, e ? STAGE_TOKEN : STAGE_DONE, answer.meaning);
    else
        go(g, STEP_RESOURCES);
}

/* --- calls with the access token -------------------------------------------------------------- */

static void prepare_gateway(struct grant *g, struct upstream_call *call)
{
    static const struct upstream_header accept[] = {{STR("Accept"), STR("application/json")}};

    if (g->asked < 2) /* all who are asked whose it is share one */
        g->flow->deadline_ms = clock_monotonic_ms() + g->flow->jira->timeout_ms;
    call->method = STR("GET");
    call->headers = accept;
    call->header_count = 1;
    call->auth = UPSTREAM_BEARER;
    call->secret = g->access;
    call->body_max = ANSWER_MAX;
}

static void say(struct jira_verdict *v, str sentence)
{
    v->sentence = v->plain = sentence;
}

/* jira_classify() with the sentence that holds for both steps where a web page came: there is no
 * Base URL to check. */
static struct jira_verdict classify(const struct grant *g, const struct upstream_call *call)
{
    struct jira_verdict v = jira_classify(arena_of(g), call, JIRA_GATEWAY, PROVIDER_BEARER);

    if (v.meaning == MEANING_NOT_PROVIDER)
        say(&v, arena_printf(arena_of(g),
                             "A web page or a redirection (%d) came instead of an answer of "
                             "Atlassian's API. %s",
                             call->status, advice_of(g)));
    return v;
}

/* An answer that is none, by its meaning; sentences that are the step's own come before. */
static void end_by_meaning(struct grant *g, const struct jira_verdict *v)
{
    static const enum err codes[] = {
        [MEANING_OK] = ERR_UPSTREAM_NOT_JIRA,
        [MEANING_REFUSED_TOKEN] = ERR_NEEDS_RECONNECT,
        [MEANING_LOCKED] = ERR_CREDENTIAL_REFUSED,
        [MEANING_SCOPE_MISSING] = ERR_SCOPE_MISSING,
        [MEANING_FORBIDDEN] = ERR_CREDENTIAL_REFUSED,
        [MEANING_NOT_FOUND] = ERR_UPSTREAM_NOT_JIRA,
        [MEANING_INVALID] = ERR_UPSTREAM_NOT_JIRA,
        [MEANING_RATE_LIMITED] = ERR_RATE_LIMITED,
        [MEANING_GONE] = ERR_UPSTREAM_NOT_JIRA,
        [MEANING_SITE_MOVED] = ERR_UPSTREAM_NOT_JIRA,
        [MEANING_PROVIDER_ERROR] = ERR_UPSTREAM_UNREACHABLE,
        [MEANING_NOT_PROVIDER] = ERR_UPSTREAM_NOT_JIRA,
        [MEANING_CLIENT_REFUSED] = ERR_CLIENT_REFUSED,
        [MEANING_CODE_REFUSED] = ERR_CODE_REFUSED,
        [MEANING_NO_SITE] = ERR_NO_SITE,
    };
    enum provider_stage stage = v->meaning == MEANING_REFUSED_TOKEN ? STAGE_TOKEN
                                : g->step == STEP_MYSELF            ? STAGE_IDENTITY
                                                                    : STAGE_SITE;

    if (g->flow->op->kind == PROVIDER_TEST)
        g->flow->op->test.plain = v->plain;
    if (v->meaning == MEANING_REFUSED_TOKEN && g->flow->op->kind != PROVIDER_TEST)
        end_with(g, ERR_NEEDS_RECONNECT, stage, v->meaning,
                 "Atlassian does not accept the authorisation that it gave. Nothing was connected; "
                 "connect again.");
    else
        end_with(g, codes[v->meaning], stage, v->meaning, "%.*s", STR_ARG(v->sentence));
}

/* --- which sites ------------------------------------------------------------------------------ */

static void prepare_resources(struct grant *g, struct upstream_call *call)
{
    prepare_gateway(g, call);
    call->url = arena_printf(arena_of(g), "%.*s%.*s/oauth/token/accessible-resources",
                             STR_ARG(policy_of(g)->api_origin), STR_ARG(policy_of(g)->api_path));
}

#define end_no_site(g, ...) end_with((g), ERR_NO_SITE, STAGE_SITE, MEANING_NO_SITE, __VA_ARGS__)

/* A connection for one site only, which is not among those granted. */
static void end_without_wanted(struct grant *g, str wanted)
{
    const struct jira_sites *s = &g->sites;
    str shown = str_utf8_cut(wanted, URL_SHOWN_MAX);

    if (jira_sites_by_url(s->other, s->other_count, wanted))
        end_no_site(g,
                    "This Atlassian account gave access to %.*s, but not to Jira there. Connect "
                    "again with an account that uses Jira on this site.",
                    STR_ARG(shown));
    else if (s->jira_count)
        end_no_site(g,
                    "This Atlassian account gave access to %.*s, but this connection is for %.*s. "
                    "Connect again and choose that site.",
                    STR_ARG(jira_sites_list(arena_of(g), s->jira, s->jira_count)), STR_ARG(shown));
    else
        end_no_site(g,
                    "This Atlassian account gave access to no Jira site; this connection is for "
                    "%.*s. Connect again with an account that uses Jira there.",
                    STR_ARG(shown));
}

static void end_without_jira(struct grant *g)
{
    const struct jira_sites *s = &g->sites;

    if (s->other_count)
        end_no_site(g,
                    "This Atlassian account gave access to %.*s, but not to Jira there. Connect "
                    "again with an account that uses Jira, and choose its site.",
                    STR_ARG(jira_sites_list(arena_of(g), s->other, s->other_count)));
    else
        end_no_site(g, "");
}

/* Leaves only the wanted site, when there is a wanted one and it was granted. */
static void keep_wanted(struct grant *g, str wanted)
{
    struct jira_sites *s = &g->sites;
    const struct provider_site *found;

    if (wanted.n == 0)
        return;
    found = jira_sites_by_url(s->jira, s->jira_count, wanted);
    g->lacks_wanted = found == NULL;
    if (found == NULL)
        return;
    s->jira = found;
    s->jira_count = 1;
}

static str ids_of(struct arena *a, const struct jira_sites *s)
{
    str ids = STR("");

    for (size_t i = 0; i < s->jira_count && i < PROVIDER_SITES_MAX; i++)
        ids = arena_printf(a, "%.*s%s%.*s", STR_ARG(ids), i ? " " : "", STR_ARG(s->jira[i].id));
    return ids;
}

/* Whose it is was asked, where there was somebody to ask. */
static void end_exchange(struct grant *g)
{
    if (g->lacks_wanted)
        end_without_wanted(g, g->flow->op->exchange.site_url);
    else if (g->sites.jira_count == 0)
        end_without_jira(g);
    else
        end(g, ERR_OK, STAGE_DONE, MEANING_OK);
}

/* The next of the sites that may tell whose it is. */
static void ask_whose(struct grant *g)
{
    if (g->asked == g->sites.jira_count || g->asked == WHOSE_MAX) {
        end_exchange(g);
        return;
    }
    g->site = g->sites.jira[g->asked++];
    go(g, STEP_MYSELF);
}

/* Whether any site will do that tells whose it is: none of them is chosen yet. */
static int is_any(const struct grant *g)
{
    return g->flow->op->kind == PROVIDER_EXCHANGE &&
           (g->sites.jira_count > 1 || g->lacks_wanted || g->refused.code);
}

static void choose_site(struct grant *g)
{
    struct jira_sites *s = &g->sites;

    g->reach = ids_of(arena_of(g), s);
    keep_wanted(g, g->flow->op->exchange.site_url);
    if (s->jira_count > PROVIDER_SITES_MAX)
        s->jira_count = PROVIDER_SITES_MAX;
    ask_whose(g);
}

/* A test: the site by its id, which survives a renaming. */
static void find_site_again(struct grant *g)
{
    const struct provider_test *t = &g->flow->op->test;
    const struct jira_sites *s = &g->sites;
    const struct provider_site *found = jira_sites_by_id(s->jira, s->jira_count, g->site.id);
    str shown = str_utf8_cut(t->site_url.n ? t->site_url : g->site.id, URL_SHOWN_MAX);

    if (found) {
        g->site = *found;
        go(g, STEP_MYSELF);
    } else if (jira_sites_by_id(s->other, s->other_count, g->site.id)) {
        end_with(g, ERR_NEEDS_RECONNECT, STAGE_SITE, MEANING_NO_SITE,
                 "This authorisation covers %.*s, but no longer Jira there. Reconnect, or ask the "
                 "site's administrator for access to Jira.",
                 STR_ARG(shown));
    } else {
        end_with(g, ERR_NEEDS_RECONNECT, STAGE_SITE, MEANING_NO_SITE,
                 "This authorisation no longer covers %.*s: the site is gone, or access to it was "
                 "taken back. Reconnect and choose it again.",
                 STR_ARG(shown));
    }
}

static void heard_resources(struct grant *g, const struct upstream_call *call)
{
    struct jira_verdict v = classify(g, call);

    if (v.meaning == MEANING_FORBIDDEN || v.meaning == MEANING_NOT_FOUND)
        say(&v, arena_printf(arena_of(g),
                             "Atlassian does not say which sites this authorisation covers "
                             "(%d). %s",
                             call->status, advice_of(g)));
    if (v.meaning != MEANING_OK) {
        end_by_meaning(g, &v);
    } else if (call->status != 200 ||
               !jira_sites_read(policy_of(g), arena_of(g), call->reply_body, &g->sites)) {
        end_with(g, ERR_UPSTREAM_NOT_JIRA, STAGE_SITE, MEANING_NOT_PROVIDER,
                 "Atlassian's answer does not say which sites this authorisation covers. %s",
                 advice_of(g));
    } else if (g->flow->op->kind == PROVIDER_TEST) {
        find_site_again(g);
    } else {
        choose_site(g);
    }
}

/* --- whose is it ------------------------------------------------------------------------------ */

static void prepare_myself(struct grant *g, struct upstream_call *call)
{
    str base_path = jira_flow_base_path(g->flow, g->site.id);

    prepare_gateway(g, call);
    call->url = arena_printf(arena_of(g), "%.*s%.*s/rest/api/3/myself",
                             STR_ARG(policy_of(g)->api_origin), STR_ARG(base_path));
}

static str kept_text(struct grant *g, const json_t *doc, const char *key)
{
    str text = arena_str(arena_of(g), str_utf8_cut(doc_get_str(doc, key), TEXT_MAX));
    return text.n ? text : STR("");
}

static int read_account(struct grant *g, str body)
{
    json_t *doc = NULL;

    if (doc_parse(arena_of(g), NULL, body, &doc) != ERR_OK || !json_is_object(doc))
        return 0;
    g->who = (struct provider_identity){
        .account_id = kept_text(g, doc, "accountId"),
        .account_name = kept_text(g, doc, "displayName"),
        .site_id = g->site.id,
        .site_url = g->site.url,
        .site_name = g->site.name,
    };
    g->email = kept_text(g, doc, "emailAddress");
    if (g->who.account_name.n == 0)
        g->who.account_name = g->email.n ? g->email : g->who.account_id;
    return g->who.account_id.n > 0 && doc_get_str(doc, "accountId").n <= TEXT_MAX;
}

/* The step's own sentences for what jira_classify() found. */
static void explain(struct grant *g, struct jira_verdict *v)
{
    str site = str_utf8_cut(g->site.url, URL_SHOWN_MAX);

    if (v->meaning == MEANING_SCOPE_MISSING)
        say(v, STR("This authorisation works, but lacks the scope read:jira-user, by which "
                   "Mortise finds out whose it is. Whoever manages the OAuth app adds it "
                   "under Permissions in the developer console; then connect again."));
    if (v->meaning == MEANING_FORBIDDEN)
        say(v, arena_printf(arena_of(g),
                            "This account may not use Jira on %.*s. Ask the site's "
                            "administrator for access to Jira, or connect with another "
                            "account.",
                            STR_ARG(site)));
    if (v->meaning == MEANING_NOT_FOUND || v->meaning == MEANING_SITE_MOVED)
        say(v, arena_printf(arena_of(g),
                            "Atlassian finds no Jira at %.*s. Perhaps it was just removed "
                            "or renamed; connect again in a while.",
                            STR_ARG(site)));
}

static void end_identified(struct grant *g)
{
    if (g->flow->op->kind != PROVIDER_EXCHANGE) {
        end(g, ERR_OK, STAGE_DONE, MEANING_OK);
        return;
    }
    g->flow->op->exchange.account_id = g->who.account_id;
    end_exchange(g);
}

static void heard_myself(struct grant *g, const struct upstream_call *call)
{
    struct jira_verdict v = classify(g, call);

    if (v.meaning == MEANING_OK && call->status == 200 && read_account(g, call->reply_body)) {
        end_identified(g);
    } else if (is_any(g) && v.meaning == MEANING_RATE_LIMITED) {
        end_exchange(g);
    } else if (is_any(g)) {
        ask_whose(g);
    } else if (v.meaning != MEANING_OK) {
        explain(g, &v);
        end_by_meaning(g, &v);
    } else {
        end_with(g, ERR_UPSTREAM_NOT_JIRA, STAGE_IDENTITY, MEANING_NOT_PROVIDER,
                 "Jira's answer does not say whose authorisation this is. %s", advice_of(g));
    }
}

/* --- steps ------------------------------------------------------------------------------------ */

static const struct step_row steps[] = {
    [STEP_TOKEN] = {prepare_token, STAGE_TOKEN, heard_token},
    [STEP_RESOURCES] = {prepare_resources, STAGE_TOKEN, heard_resources},
    [STEP_MYSELF] = {prepare_myself, STAGE_IDENTITY, heard_myself},
};

static void heard(struct upstream_call *call, void *token)
{
    struct jira_flow *f = token;
    struct grant *g = f->state;
    enum err e;

    if (call->outcome == UPSTREAM_ANSWERED) {
        steps[g->step].heard(g, call);
        return;
    }
    if (g->step == STEP_MYSELF && is_any(g)) {
        end_exchange(g); /* whoever chooses goes on, and the site that is chosen is asked */
        return;
    }
    if (f->op->kind == PROVIDER_REFRESH)
        f->op->refresh.spent = call->sent ? SPENT_UNKNOWN : SPENT_NO;
    if (f->op->kind == PROVIDER_EXCHANGE && g->step == STEP_TOKEN)
        f->op->exchange.spent = call->sent ? SPENT_UNKNOWN : SPENT_NO;
    e = jira_grant_failure(&f->op->fault, call, advice_of(g));
    end(g, e, jira_failure_stage(call, steps[g->step].stage), MEANING_PROVIDER_ERROR);
}

static void go(struct grant *g, enum step step)
{
    g->step = step;
    g->flow->call = (struct upstream_call){0};
    steps[step].prepare(g, &g->flow->call);
    jira_flow_call(g->flow, heard);
}

/* --- beginnings ------------------------------------------------------------------------------- */

static void begin_token(struct grant *g)
{
    static const enum provider_meaning refusals[] = {
        [JIRA_TOKEN_CHECK] = MEANING_CLIENT_REFUSED,
        [JIRA_TOKEN_CODE] = MEANING_CODE_REFUSED,
        [JIRA_TOKEN_REFRESH] = MEANING_REFUSED_TOKEN,
    };
    struct provider_op *op = g->flow->op;
    enum err e = jira_token_body(&op->fault, op, &g->body);

    if (!e && op->kind == PROVIDER_EXCHANGE && clock_monotonic_ms() > op->exchange.send_until_ms)
        e = fail(&op->fault, ERR_CODE_REFUSED, "");
    if (e && op->kind == PROVIDER_EXCHANGE)
        op->exchange.spent = SPENT_NO;
    if (e)
        end(g, e, STAGE_TOKEN, refusals[jira_token_use_of(op)]);
    else
        go(g, STEP_TOKEN);
}

/* 1 when the target is a cloud id's place on the gateway; otherwise the flow has ended, and nothing
 * was sent. */
static int check_target(struct grant *g, str origin, str base_path)
{
    enum jira_route route;
    enum err e = jira_flow_route(g->flow, PROVIDER_BEARER, origin, base_path, &route);

    if (e)
        end(g, e, STAGE_ADDRESS, MEANING_INVALID);
    return e == ERR_OK;
}

static void begin_identify(struct grant *g, const struct provider_identify *i)
{
    g->site = i->site;
    g->access = &i->access;
    if (check_target(g, policy_of(g)->api_origin, jira_flow_base_path(g->flow, i->site.id)))
        go(g, STEP_MYSELF);
}

static void begin_test(struct grant *g, const struct provider_test *t)
{
    str start = jira_flow_base_path(g->flow, STR(""));

    g->access = &t->target.secret;
    if (!check_target(g, t->target.origin, t->target.base_path))
        return;
    g->site.id = str_slice(t->target.base_path, start.n, t->target.base_path.n);
    go(g, STEP_RESOURCES);
}

void jira_grant_begin(struct jira_flow *f)
{
    struct grant *g = arena_new_of(f->op->arena, struct grant);

    g->flow = f;
    f->state = g;
    if (f->op->kind == PROVIDER_TEST)
        begin_test(g, &f->op->test);
    else if (f->op->kind == PROVIDER_IDENTIFY)
        begin_identify(g, &f->op->identify);
    else
        begin_token(g);
}
