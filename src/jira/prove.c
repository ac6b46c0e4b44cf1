/* Proving an API key: whose it is and on which site, with a live call. Connect does it with what a
 * person entered, test with what is on file. Not access tokens (grant.c).
 *
 * Steps (one call each; the table is `steps`):
 *   SITE      /myself on the site's host with the secret   (connect, and test of such a credential)
 *   CLOUD_ID  /_edge/tenant_info of the site, no secret    (Jira Cloud only)
 *   GATEWAY   /myself on the gateway with the secret       (scoped keys, service accounts)
 *   INFO      /serverInfo of the site, no secret           (its present address; may fail)
 * connect:  SITE -ok-> CLOUD_ID -> INFO -> done
 *           SITE -refused, Cloud-> CLOUD_ID -> GATEWAY -ok-> INFO -> done
 *           SITE -ok, Data Center-> INFO -> done
 * test:     SITE -ok-> CLOUD_ID (same site as before?) -> INFO;  SITE -refused-> CLOUD_ID -> failed
 *           GATEWAY -ok-> INFO -> done
 * What comes after a test's done is rights.c's.
 *
 * Invariants: up to done, the secret goes once to the site and once to the gateway at most, to
 * nobody else, and never after a CAPTCHA. A refused key is not tried again. Nothing is reported as
 * connected without an answer that names the account: serverInfo and most of the API answer
 * strangers with 200.
 */
#include "base/check.h"
#include "base/doc.h"
#include "jira/base_url.h"
#include "jira/failure.h"
#include "jira/jira_int.h"

#define ANSWER_MAX ((size_t)512 * 1024)
#define TEXT_MAX 255

enum step { STEP_SITE, STEP_CLOUD_ID, STEP_GATEWAY, STEP_INFO };

/* What prove.c knows of its flow; f->state. */
struct prove {
    struct jira_flow *flow;
    enum step step;
    str site;     /* origin of the site's host, "" when not known (a test through the gateway) */
    str cloud_id; /* "" until known */
    int cloud;
    int refused; /* the site's host refused the key */
    str origin;  /* where the credential works */
    str base_path;
    str username;
    const struct secret *secret;
    struct provider_identity who;
};

struct step_row {
    str (*url)(struct prove *p);
    int with_secret;
    enum provider_stage stage; /* where it stops when this step's call fails */
    void (*heard)(struct prove *p, const struct upstream_call *call);
};

static void go(struct prove *p, enum step step);

static struct arena *arena_of(const struct prove *p)
{
    return p->flow->op->arena;
}

/* --- ends ------------------------------------------------------------------------------------- */

static void end(struct prove *p, enum err e, enum provider_stage stage, enum provider_meaning why)
{
    struct provider_op *op = p->flow->op;

    if (op->kind == PROVIDER_CONNECT) {
        op->connect.stage = stage;
        op->connect.meaning = why;
        if (!e) {
            op->connect.identity = p->who;
            op->connect.origin = p->origin;
            op->connect.base_path = p->base_path;
        }
    } else {
        op->test.stage = stage;
        op->test.meaning = why;
        if (!e) {
            op->test.identity = p->who;
            jira_rights_begin(p->flow);
            return;
        }
    }
    jira_flow_end(p->flow, e);
}

#define end_with(p, code, stage, why, ...)                                                         \
    end((p), fail(&(p)->flow->op->fault, (code), __VA_ARGS__), (stage), (why))

static void end_refused(struct prove *p)
{
    if (p->flow->op->kind == PROVIDER_TEST)
        end_with(p, ERR_CREDENTIAL_REFUSED, STAGE_TOKEN, MEANING_REFUSED_TOKEN,
                 "Jira no longer accepts this API key: it has expired or was revoked. Reconnect "
                 "with a new one.");
    else if (p->cloud)
        end_with(p, ERR_CREDENTIAL_REFUSED, STAGE_TOKEN, MEANING_REFUSED_TOKEN,
                 "Jira did not accept this Username and API key. The Username is the e-mail "
                 "address of the account that made the key; check that the key was copied whole "
                 "and has not expired or been revoked, or make a new one.");
    else
        end_with(p, ERR_CREDENTIAL_REFUSED, STAGE_TOKEN, MEANING_REFUSED_TOKEN,
                 "Jira did not accept this Username and API key. On Jira Data Center they are the "
                 "user name and the password; check both.");
}

/* The site refused the key, and without its cloud id the gateway cannot be asked whether the key is
 * a scoped one. */
static void end_unchecked(struct prove *p, const struct upstream_call *call)
{
    str site = str_utf8_cut(p->site, 80);

    if (call->status >= 500 || call->status == 429)
        end_with(p, ERR_UPSTREAM_UNREACHABLE, STAGE_TOKEN, MEANING_PROVIDER_ERROR,
                 "%.*s failed with an error of its own (%d), so the API key could not be checked. "
                 "Try again in a while.",
                 STR_ARG(site), call->status);
    else
        end_with(p, ERR_CREDENTIAL_REFUSED, STAGE_TOKEN, MEANING_REFUSED_TOKEN,
                 "%.*s did not accept this Username and API key, and does not say which site it "
                 "is. If the site was renamed, enter its present address; otherwise check both.",
                 STR_ARG(site));
}

static void end_moved(struct prove *p)
{
    end_with(p, ERR_NEEDS_RECONNECT, STAGE_SITE, MEANING_SITE_MOVED,
             "%.*s is no longer the site of this connection: it was renamed or removed. Reconnect "
             "with the site's present address.",
             STR_ARG(str_utf8_cut(p->site, 100)));
}

/* An answer to /myself that is neither an account nor a refusal of the key. */
static void end_by_meaning(struct prove *p, const struct jira_verdict *v)
{
    static const struct {
        enum err code;
        enum provider_stage stage;
    } rows[] = {
        [MEANING_OK] = {ERR_UPSTREAM_NOT_JIRA, STAGE_IDENTITY},
        [MEANING_REFUSED_TOKEN] = {ERR_CREDENTIAL_REFUSED, STAGE_TOKEN},
        [MEANING_LOCKED] = {ERR_CREDENTIAL_REFUSED, STAGE_TOKEN},
        [MEANING_SCOPE_MISSING] = {ERR_SCOPE_MISSING, STAGE_IDENTITY},
        [MEANING_FORBIDDEN] = {ERR_CREDENTIAL_REFUSED, STAGE_TOKEN},
        [MEANING_NOT_FOUND] = {ERR_UPSTREAM_NOT_JIRA, STAGE_ADDRESS},
        [MEANING_INVALID] = {ERR_UPSTREAM_NOT_JIRA, STAGE_ADDRESS},
        [MEANING_RATE_LIMITED] = {ERR_RATE_LIMITED, STAGE_TOKEN},
        [MEANING_GONE] = {ERR_UPSTREAM_NOT_JIRA, STAGE_ADDRESS},
        [MEANING_SITE_MOVED] = {ERR_UPSTREAM_NOT_JIRA, STAGE_ADDRESS},
        [MEANING_PROVIDER_ERROR] = {ERR_UPSTREAM_UNREACHABLE, STAGE_TOKEN},
        [MEANING_NOT_PROVIDER] = {ERR_UPSTREAM_NOT_JIRA, STAGE_ADDRESS},
        [MEANING_CLIENT_REFUSED] = {ERR_INTERNAL, STAGE_TOKEN}, /* of OAuth 2.0 only, as are ... */
        [MEANING_CODE_REFUSED] = {ERR_INTERNAL, STAGE_TOKEN},
        [MEANING_NO_SITE] = {ERR_INTERNAL, STAGE_SITE}, /* ... these */
    };
    enum err code = rows[v->meaning].code;
    enum provider_stage stage = rows[v->meaning].stage;

    switch (v->meaning) {
    case MEANING_NOT_FOUND:
    case MEANING_SITE_MOVED:
        end_with(p, code, stage, v->meaning,
                 "There is no Jira site at %.*s. Check the spelling of the Base URL; if the site "
                 "was renamed, use its new address.",
                 STR_ARG(str_utf8_cut(p->site, 100)));
        return;
    case MEANING_SCOPE_MISSING:
        end_with(p, code, stage, v->meaning,
                 "The API key works, but lacks the scope read:jira-user, by which Mortise finds "
                 "out whose it is. Make a new API key with this scope too.");
        return;
    case MEANING_LOCKED:
        if (p->flow->op->kind == PROVIDER_TEST)
            end_with(p, code, stage, v->meaning, "%.*s", STR_ARG(v->sentence));
        else
            end_with(p, code, stage, v->meaning,
                     "Jira has locked this account's API sign-in after failed attempts. Sign in to "
                     "Jira once in a browser and solve the CAPTCHA, then connect again.");
        return;
    case MEANING_OK:
    case MEANING_REFUSED_TOKEN:
    case MEANING_FORBIDDEN:
    case MEANING_INVALID:
    case MEANING_RATE_LIMITED:
    case MEANING_GONE:
    case MEANING_PROVIDER_ERROR:
    case MEANING_NOT_PROVIDER:
    case MEANING_CLIENT_REFUSED:
    case MEANING_CODE_REFUSED:
    case MEANING_NO_SITE:
        if (p->flow->op->kind == PROVIDER_TEST)
            p->flow->op->test.plain = v->plain;
        end_with(p, code, stage, v->meaning, "%.*s", STR_ARG(v->sentence));
        return;
    }
}

/* --- whose is it ------------------------------------------------------------------------------ */

static str kept_text(struct prove *p, const json_t *doc, const char *key)
{
    return arena_str(arena_of(p), str_utf8_cut(doc_get_str(doc, key), TEXT_MAX));
}

/* Cloud names accounts by accountId; Data Center by key, which survives a renaming, and name. */
static int read_account(struct prove *p, str body)
{
    json_t *doc = NULL;
    int found;

    if (doc_parse(arena_of(p), NULL, body, &doc) != ERR_OK || !json_is_object(doc))
        return 0;
    p->who.account_id = kept_text(p, doc, p->cloud ? "accountId" : "key");
    if (p->who.account_id.n == 0 && !p->cloud)
        p->who.account_id = kept_text(p, doc, "name");
    found = p->who.account_id.n > 0;
    p->who.account_name = kept_text(p, doc, "displayName");
    if (p->who.account_name.n == 0)
        p->who.account_name = p->username;
    return found;
}

/* Common to both hosts: 1 when the answer names the account; otherwise the flow has ended, or
 * *ret_refused tells that the key was refused. */
static int heard_myself(struct prove *p, const struct upstream_call *call, int *ret_refused)
{
    struct jira_verdict v = jira_classify(arena_of(p), call, p->flow->route, PROVIDER_BASIC);

    *ret_refused = v.meaning == MEANING_REFUSED_TOKEN;
    if (*ret_refused)
        return 0;
    if (v.meaning != MEANING_OK) {
        end_by_meaning(p, &v);
        return 0;
    }
    if (call->status == 200 && read_account(p, call->reply_body))
        return 1;
    end_with(p, ERR_UPSTREAM_NOT_JIRA, STAGE_IDENTITY, MEANING_NOT_PROVIDER,
             "The answer does not say whose API key this is, so it did not come from Jira's REST "
             "API. Check the Base URL.");
    return 0;
}

static void heard_site(struct prove *p, const struct upstream_call *call)
{
    int refused;

    if (heard_myself(p, call, &refused)) {
        p->origin = p->site;
        p->base_path = STR("");
        go(p, p->cloud ? STEP_CLOUD_ID : STEP_INFO);
    } else if (refused && p->cloud) {
        p->refused = 1;
        go(p, STEP_CLOUD_ID);
    } else if (refused) {
        end_refused(p);
    }
}

static void heard_gateway(struct prove *p, const struct upstream_call *call)
{
    int refused;

    if (heard_myself(p, call, &refused))
        go(p, STEP_INFO);
    else if (refused)
        end_refused(p);
}

/* --- which site ------------------------------------------------------------------------------- */

static str read_cloud_id(struct prove *p, const struct upstream_call *call)
{
    json_t *doc = NULL;
    str id;

    if (call->status != 200 || doc_parse(arena_of(p), NULL, call->reply_body, &doc) != ERR_OK)
        return STR("");
    id = doc_get_str(doc, "cloudId");
    return jira_is_uuid(id) ? arena_str(arena_of(p), id) : STR("");
}

/* Whether what is at the address now is another site, or none. With a key that works there, a page
 * of a proxy's tells nothing; with one that does not, the address is to blame. */
static int is_elsewhere(const struct prove *p, const struct upstream_call *call)
{
    if (p->refused)
        return call->status < 500 && call->status != 429;
    return p->cloud_id.n > 0 || call->status == 404;
}

static void heard_cloud_id(struct prove *p, const struct upstream_call *call)
{
    int testing = p->flow->op->kind == PROVIDER_TEST;
    str before = p->cloud_id;

    p->cloud_id = read_cloud_id(p, call);
    if (testing && before.n && !str_eq(before, p->cloud_id) && is_elsewhere(p, call)) {
        end_moved(p);
        return;
    }
    if (p->refused && testing) {
        end_refused(p);
        return;
    }
    if (p->refused && p->cloud_id.n == 0) {
        end_unchecked(p, call);
        return;
    }
    if (p->cloud_id.n == 0) {
        end_with(p, ERR_UPSTREAM_NOT_JIRA, STAGE_SITE, MEANING_NOT_PROVIDER,
                 "%.*s accepted the API key but did not say which site it is. Try again in a "
                 "while.",
                 STR_ARG(str_utf8_cut(p->site, 100)));
        return;
    }
    if (!p->refused) {
        go(p, STEP_INFO);
        return;
    }
    p->origin = p->flow->jira->policy.api_origin;
    p->base_path = jira_flow_base_path(p->flow, p->cloud_id);
    go(p, STEP_GATEWAY);
}

/* "acme" for "https://acme.atlassian.net". */
static str first_label(str site)
{
    str host = str_slice(site, str_find(site, STR("://")) + 3, site.n);

    return str_take_until(&host, '.');
}

/* The site's present address as it gives it itself; only one that may be a Base URL is believed. */
static str read_address(struct prove *p, const struct upstream_call *call, str *ret_title)
{
    json_t *doc = NULL;
    str origin;

    *ret_title = STR("");
    if (call->outcome != UPSTREAM_ANSWERED || call->status != 200 ||
        doc_parse(arena_of(p), NULL, call->reply_body, &doc) != ERR_OK)
        return p->site;
    *ret_title = kept_text(p, doc, "serverTitle");
    if (jira_base_url_check(&p->flow->jira->policy, arena_of(p), NULL, doc_get_str(doc, "baseUrl"),
                            &origin) != ERR_OK)
        return p->site;
    return origin;
}

static void heard_info(struct prove *p, const struct upstream_call *call)
{
    str title;

    p->who.site_url = read_address(p, call, &title);
    p->who.site_id =
        p->cloud ? p->cloud_id : arena_printf(arena_of(p), "host:%.*s", STR_ARG(p->site));
    if (p->cloud || title.n == 0)
        title = p->who.site_url.n ? first_label(p->who.site_url) : p->cloud_id;
    p->who.site_name = title;
    end(p, ERR_OK, STAGE_DONE, MEANING_OK);
}

/* --- steps ------------------------------------------------------------------------------------ */

static str myself_path(const struct prove *p)
{
    return p->cloud ? STR("/rest/api/3/myself") : STR("/rest/api/2/myself");
}

static str url_site(struct prove *p)
{
    str path = myself_path(p);
    return arena_printf(arena_of(p), "%.*s%.*s", STR_ARG(p->site), STR_ARG(path));
}

static str url_cloud_id(struct prove *p)
{
    return arena_printf(arena_of(p), "%.*s/_edge/tenant_info", STR_ARG(p->site));
}

static str url_gateway(struct prove *p)
{
    str path = myself_path(p);
    return arena_printf(arena_of(p), "%.*s%.*s%.*s", STR_ARG(p->origin), STR_ARG(p->base_path),
                        STR_ARG(path));
}

static str url_info(struct prove *p)
{
    return arena_printf(arena_of(p), "%.*s/rest/api/%s/serverInfo", STR_ARG(p->site),
                        p->cloud ? "3" : "2");
}

static const struct step_row steps[] = {
    [STEP_SITE] = {url_site, 1, STAGE_TOKEN, heard_site},
    [STEP_CLOUD_ID] = {url_cloud_id, 0, STAGE_SITE, heard_cloud_id},
    [STEP_GATEWAY] = {url_gateway, 1, STAGE_TOKEN, heard_gateway},
    [STEP_INFO] = {url_info, 0, STAGE_SITE, heard_info},
};

static void heard(struct upstream_call *call, void *token)
{
    struct jira_flow *f = token;
    struct prove *p = f->state;
    const struct step_row *row = &steps[p->step];
    enum provider_stage stage;
    enum err e;

    if (call->outcome == UPSTREAM_ANSWERED || p->step == STEP_INFO) {
        row->heard(p, call);
        return;
    }
    /* Past the first call the entered address is proven: whatever fails now is not its fault. */
    stage = p->step == STEP_SITE ? jira_failure_stage(call, row->stage) : row->stage;
    e = jira_failure(&f->op->fault, call);
    end(p, e, stage, MEANING_PROVIDER_ERROR);
}

static void go(struct prove *p, enum step step)
{
    static const struct upstream_header accept[] = {{STR("Accept"), STR("application/json")}};
    struct jira_flow *f = p->flow;

    p->step = step;
    if (step == STEP_INFO && p->site.n == 0) { /* nobody to ask */
        heard_info(p, &(struct upstream_call){.outcome = UPSTREAM_NO_HOST});
        return;
    }
    f->route = step == STEP_GATEWAY ? JIRA_GATEWAY : p->cloud ? JIRA_SITE : JIRA_SERVER;
    f->call = (struct upstream_call){
        .method = STR("GET"),
        .url = steps[step].url(p),
        .headers = accept,
        .header_count = 1,
        .username = steps[step].with_secret ? p->username : (str){NULL, 0},
        .secret = steps[step].with_secret ? p->secret : NULL,
        .body_max = ANSWER_MAX,
    };
    jira_flow_call(f, heard);
}

/* --- beginnings ------------------------------------------------------------------------------- */

static void begin_connect(struct prove *p, struct provider_connect *c)
{
    enum jira_route route;
    enum err e = jira_base_url_check(&p->flow->jira->policy, arena_of(p), &p->flow->op->fault,
                                     c->entered_url, &p->site);

    p->username = str_trim(c->username);
    p->secret = &c->secret;
    if (!e)
        e = jira_flow_route(p->flow, PROVIDER_BASIC, p->site, STR(""), &route);
    if (e) {
        end(p, e, STAGE_ADDRESS, MEANING_INVALID);
        return;
    }
    p->cloud = route == JIRA_SITE;
    if (p->username.n == 0 || str_find_char(p->username, ':') != SIZE_MAX ||
        str_has_control(p->username) || c->secret.n == 0) {
        end_with(p, ERR_INVALID, STAGE_TOKEN, MEANING_INVALID,
                 "Enter the Username (for Jira Cloud an e-mail address, without a colon) and the "
                 "API key.");
        return;
    }
    go(p, STEP_SITE);
}

static void begin_test(struct prove *p, struct provider_test *t)
{
    enum jira_route route;
    enum err e =
        jira_flow_route(p->flow, PROVIDER_BASIC, t->target.origin, t->target.base_path, &route);

    p->username = t->target.username;
    p->secret = &t->target.secret;
    p->origin = t->target.origin;
    p->base_path = t->target.base_path;
    p->cloud = e || route != JIRA_SERVER;
    p->cloud_id = p->cloud ? t->site_id : STR("");
    if (e) {
        end(p, e, STAGE_ADDRESS, MEANING_INVALID);
        return;
    }
    p->site = p->origin;
    if (route == JIRA_GATEWAY &&
        jira_base_url_check(&p->flow->jira->policy, arena_of(p), NULL, t->site_url, &p->site))
        p->site = STR("");
    go(p, route == JIRA_GATEWAY ? STEP_GATEWAY : STEP_SITE);
}

void jira_prove_begin(struct jira_flow *f)
{
    struct prove *p = arena_new_of(f->op->arena, struct prove);

    p->flow = f;
    f->state = p;
    if (f->op->kind == PROVIDER_CONNECT)
        begin_connect(p, &f->op->connect);
    else
        begin_test(p, &f->op->test);
}
