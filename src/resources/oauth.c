/* Connecting by way of Atlassian (core/authorize.h has the states): the press of Connect, the way
 * back (/oauth/callback), and the choice when the grant opens several sites.
 *
 * The callback in two halves. begin: claims `state` and commits that, before anybody is called, so
 * that of callbacks in parallel one goes on; then the code is exchanged on the loop. finish: enters
 * the app again and saves in one transaction what is still true. It is the one GET that writes:
 * `state` is its proof that this browser asked for it.
 * Invariants:
 *   - the code leaves the parameters for a struct secret, and they are forgotten with the half;
 *     neither it nor `state` is in any page or log line;
 *   - before anything else is done with an answer it is noted, and committed, what the exchange may
 *     have used up (core/consents.h);
 *   - every end has a page with a way back and a note of what became of it, so that the dialog can
 *     explain; a failure changes nothing else.
 */
#include "core/authorize.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/fault_point.h"
#include "core/access.h"
#include "core/connections.h"
#include "core/grants.h"
#include "core/stops.h"
#include "core/throttle.h"
#include "resources/app_doc.h"
#include "resources/connect_doc.h"
#include "resources/connection_doc.h"
#include "resources/provider_wait.h"
#include "resources/routes.h"

#define ERROR_NAME_MAX 40

static const struct throttle BY_USER = {"authorize", 30, 15 * CLOCK_MINUTE_MS};

/* --- to Atlassian ----------------------------------------------------------------------------- */

enum err oauth_start(struct exchange *x, const struct connection_row *n,
                     const struct effective *effective)
{
    str url = {NULL, 0};
    str back = exchange_return_to(x, app_doc_path(x, ""));
    enum err e = throttle_take(x->work, &BY_USER, x->work->actor.user, &x->retry_after_s);
    if (!e)
        e = authorize_begin(x->work, n, effective->row, back, &url);
    if (e)
        return e;
    x->doc = doc_object(x->arena);
    doc_set_str(x->doc, "authorize_url", url);
    if (x->representation == EXCHANGE_PAGE)
        x->page = "leave"; /* not a redirect: see there */
    return ERR_OK;
}

/* --- the way back: begin ---------------------------------------------------------------------- */

struct returning {
    struct authorize_claim claim;
    int noted; /* what becomes of it is kept with it, to explain */
    struct provider_op *op;
};

/* What came with the redirect, once it is not needed any more. */
static void forget_parameters(struct exchange *x)
{
    (void)json_object_del(x->input, "code");
    (void)json_object_del(x->input, "state");
    x->query = STR("");
}

/* Best effort: it explains, and is no part of what happened. */
static void note_outcome(struct exchange *x, const struct returning *r, enum err outcome)
{
    struct fault fault = x->fault;
    enum err e = r->noted ? work_write(x->work) : ERR_NOT_FOUND;
    if (!e)
        e = authorize_outcome(x->work, r->claim.pending, str_from(err_code(outcome)));
    if (!e)
        e = work_commit(x->work);
    if (e)
        db_rollback(x->work->db);
    x->fault = fault;
}

/* The connection that it was about, when the caller may still see it. */
static enum err add_way_back(struct exchange *x, const struct authorize_claim *c)
{
    struct connection_row n = {0};
    struct effective effective = {0};
    json_t *doc = exchange_doc(x);
    enum err e = app_doc_fill(x, APP_TAB_DESCRIPTION);
    if (!e)
        e = connection_find(x->work, c->connection, &n);
    if (!e)
        e = credentials_effective(x->work, &n, &effective);
    if (!e)
        e = connection_doc_put(x, doc, &n, &effective);
    if (!e)
        doc_set_str(doc, "return_to", str_empty(c->return_to) ? app_doc_path(x, "") : c->return_to);
    return e;
}

/* A proper page instead of the general one, with a way on. */
static enum err failure_page(struct exchange *x, const struct authorize_claim *c, enum err e)
{
    struct fault fault = x->fault;
    x->doc = NULL;
    if (!x->work->membership.app.p || !c->connection.p || add_way_back(x, c)) {
        db_rollback(x->work->db);
        x->doc = doc_object(x->arena);
        doc_set_null(x->doc, "app");
        doc_set_null(x->doc, "connection");
        doc_set_null(x->doc, "return_to");
    }
    x->fault = fault;
    doc_set_cstring(x->doc, "sentence", fault_text(&fault));
    doc_set_cstring(x->doc, "code", err_code(e));
    doc_set_int(x->doc, "status", err_status(e));
    doc_set_bool(x->doc, "operator", e == ERR_CLIENT_REFUSED || e == ERR_TYPE_UNAVAILABLE);
    x->page = "callback";
    x->status = err_status(e);
    return ERR_OK;
}

static int is_ours_to_mend(enum err e)
{
    return e == ERR_INTERNAL || e == ERR_STORAGE_BUSY || e == ERR_STORAGE_FAILED;
}

static enum err failed(struct exchange *x, const struct returning *r, enum err e)
{
    if (e == ERR_RETRY)
        return e;
    if (x->fault.code != e)
        (void)fail(&x->fault, e, "");
    forget_parameters(x);
    db_rollback(x->work->db);
    note_outcome(x, r, e);
    if (x->representation == EXCHANGE_PAGE && !is_ours_to_mend(e))
        return failure_page(x, &r->claim, e);
    if (x->work->membership.app.p && r->claim.connection.p)
        doc_set_str(exchange_doc(x), "connect_url", connection_connect_url(x, r->claim.connection));
    return e;
}

/* An error's name as RFC 6749 section 4.1.2.1 has it, or what may be shown of it. */
static str error_name(str error)
{
    for (size_t i = 0; i < error.n; i++) {
        char c = error.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'))
            return STR("unknown");
    }
    return error.n <= ERROR_NAME_MAX ? error : STR("unknown");
}

static enum err reported(struct exchange *x, str error)
{
    if (str_eq(error, STR("access_denied")))
        return fail(&x->fault, ERR_DECLINED, "");
    return fail(&x->fault, ERR_DECLINED,
                "Atlassian sent you back with the error \"%.*s\". Nothing was changed. If it"
                " happens again, tell a workspace admin: the OAuth client may be set up wrongly.",
                STR_ARG(error_name(error)));
}

static enum err begin_exchange(struct exchange *x, struct returning *r, str code)
{
    struct authorize_claim *c = &r->claim;
    struct provider_op *op = provider_wait_op(x, PROVIDER_EXCHANGE);
    struct connection_row n = {0};
    enum err e = connection_find(x->work, c->connection, &n);
    if (e)
        return e;
    provider_wait_wipe(x, &op->exchange.client.client_secret);
    provider_wait_wipe(x, &op->exchange.code);
    provider_wait_wipe(x, &op->exchange.verifier);
    provider_wait_wipe(x, &op->exchange.tokens.access);
    provider_wait_wipe(x, &op->exchange.tokens.refresh);
    op->exchange.client = c->client;
    c->client.client_secret = (struct secret){0};
    secret_take(&op->exchange.verifier, &c->verifier);
    secret_set(&op->exchange.code, code.p, code.n);
    if (n.base_url_fixed)
        op->exchange.site_url = n.base_url;
    op->exchange.send_until_ms = clock_monotonic_ms() + CONSENT_SEND_MS;
    r->op = op;
    return authorize_exchanging(x->work, c, &x->retry_after_s);
}

/* Atlassian's Cancel leads here. Nothing proves that it was this person's doing, so it uses nothing
 * up and only explains. */
static enum err come_without_state(struct exchange *x, struct returning *r, str error)
{
    enum err e = authorize_last(x->work, &r->claim);
    if (e)
        return e;
    if (str_empty(error))
        return fail(&x->fault, ERR_MALFORMED,
                    "People come to this address from Atlassian, after Connect. Nothing was"
                    " changed.");
    r->noted = r->claim.pending.p != NULL;
    return reported(x, error);
}

/* What began this has changed meanwhile: it counts once, also then. */
static int is_verdict(enum err e)
{
    return e == ERR_CONFLICT || e == ERR_NOT_APP_ADMIN || e == ERR_CLIENT_REFUSED ||
           e == ERR_STOPPED;
}

static enum err refuse_for_good(struct exchange *x, struct returning *r, enum err e)
{
    struct fault fault = x->fault;
    enum err committed = work_commit(x->work);
    if (committed)
        return committed;
    x->fault = fault;
    r->noted = 1;
    return e;
}

/* Read, claimed, and the claim committed. */
static enum err claim(struct exchange *x, struct returning *r)
{
    str state = exchange_text(x, "state"), error = exchange_text(x, "error");
    str code = exchange_text(x, "code");
    if (!x->work->actor.user.p && !str_empty(state))
        return fail(&x->fault, ERR_STATE_FOREIGN, "");
    enum err e = work_write(x->work);
    if (e)
        return e;
    if (str_empty(state))
        return come_without_state(x, r, error);
    e = authorize_claim(x->work, state, &r->claim);
    if (is_verdict(e))
        return refuse_for_good(x, r, e);
    if (!e && str_empty(error) && !str_empty(code))
        e = begin_exchange(x, r, code);
    if (!e)
        e = work_commit(x->work);
    if (e)
        return e;
    r->noted = 1;
    if (!str_empty(error))
        return reported(x, error);
    return r->op ? ERR_OK
                 : fail(&x->fault, ERR_MALFORMED,
                        "Atlassian sent you back without a code. Nothing was changed; please"
                        " connect again.");
}

enum err oauth_callback(struct exchange *x)
{
    if (x->is_head) /* it would use `state` up, and show nothing */
        return fail(&x->fault, ERR_METHOD_NOT_ALLOWED, "");
    struct returning *r = arena_new_of(x->arena, struct returning);
    provider_wait_wipe(x, &r->claim.client.client_secret);
    provider_wait_wipe(x, &r->claim.verifier);
    enum err e = claim(x, r);
    if (e)
        return failed(x, r, e);
    forget_parameters(x);
    x->carried = r;
    provider_wait(x, r->op);
    return ERR_OK;
}

/* --- the way back: finish --------------------------------------------------------------------- */

static enum err ask_site(struct exchange *x, struct returning *r)
{
    const struct provider_exchange *p = &r->op->exchange;
    const struct authorize_claim *c = &r->claim;
    str confirm = {NULL, 0};
    enum err e = authorize_keep(x->work, c, p, &confirm);
    if (!e)
        e = work_commit(x->work);
    if (e)
        return e;
    note_outcome(x, r, ERR_CHOOSE_SITE);
    if (x->representation == EXCHANGE_PAGE) {
        x->location = connect_question_path(x, c->connection, confirm, c->return_to);
        return ERR_OK;
    }
    x->doc = doc_object(x->arena);
    doc_set_str(x->doc, "confirm", confirm);
    doc_set(x->doc, "sites", connect_sites_doc(x, p->sites, p->site_count, (str){NULL, 0}));
    doc_set_str(x->doc, "connect_url", connection_connect_url(x, c->connection));
    return fail(&x->fault, ERR_CHOOSE_SITE, "");
}

static enum err ask_identity(struct exchange *x, struct returning *r, str confirm,
                             const struct credential_row *before)
{
    const struct provider_exchange *p = &r->op->exchange;
    note_outcome(x, r, ERR_IDENTITY_CHANGED);
    if (x->representation == EXCHANGE_PAGE) {
        x->location = connect_question_path(x, r->claim.connection, confirm, r->claim.return_to);
        return ERR_OK;
    }
    x->doc = doc_object(x->arena);
    connect_put_question(x, confirm, before, &p->identity, p->email);
    doc_set_str(x->doc, "connect_url", connection_connect_url(x, r->claim.connection));
    return ERR_IDENTITY_CHANGED;
}

/* What a provider proved, as it is saved. site_url: of the site that was asked for, or empty. */
static struct credential_found found_of(const struct provider_identity *identity, str email,
                                        str origin, str base_path, str site_url)
{
    return (struct credential_found){
        .identity = *identity,
        .username = email,
        .entered_origin = str_empty(site_url) ? identity->site_url : site_url,
        .origin = origin,
        .base_path = base_path,
    };
}

static enum err save(struct exchange *x, struct returning *r)
{
    const struct provider_exchange *p = &r->op->exchange;
    const struct authorize_claim *c = &r->claim;
    struct credential_found found =
        found_of(&p->identity, p->email, p->origin, p->base_path, p->site_url);
    struct credential_proof proof = {&p->tokens.access, &p->tokens.refresh};
    struct credential_row row = {0}, before = {0};
    struct connection_row n = {0};
    str confirm = {NULL, 0};
    found.client_id = c->client.client_id;
    found.scopes = p->tokens.scopes;
    found.reach = p->reach;
    found.access_expires = grant_access_expires(x->work, p->tokens.expires_in_s);
    found.until = c->until;
    found.consent = &c->consent;
    enum err e = credentials_save(x->work, &c->moment, &found, &proof, &row, &confirm, &before);
    if (e == ERR_IDENTITY_CHANGED)
        return ask_identity(x, r, confirm, &before);
    if (!e)
        e = authorize_outcome(x->work, c->pending, STR("ok"));
    if (!e)
        e = connection_find(x->work, c->connection, &n);
    return e ? e
             : connect_done(x, &n, &row,
                            str_empty(c->return_to) ? app_doc_path(x, "") : c->return_to);
}

/* The two questions are no failures: what they ask about is kept. */
static int is_question(enum err e)
{
    return e == ERR_CHOOSE_SITE || e == ERR_IDENTITY_CHANGED;
}

static enum consent_end end_of(const struct provider_exchange *p)
{
    if (p->spent == SPENT_NO)
        return CONSENT_NOTHING;
    return str_empty(p->account_id) ? CONSENT_UNKNOWN : CONSENT_KNOWN;
}

enum err oauth_callback_finish(struct exchange *x)
{
    struct returning *r = x->carried;
    const struct provider_exchange *p = &r->op->exchange;
    struct provider_tokens *tokens = &r->op->exchange.tokens;
    if (str_empty(tokens->scopes))
        tokens->scopes = r->claim.client.scopes; /* RFC 6749 section 5.1: as asked for */
    fault_point(FAULT_POINT_EXCHANGED);
    enum err e = consent_happened(x->work, &r->claim.consent, end_of(p), p->account_id);
    if (!e)
        e = access_enter(x->work, r->claim.app);
    if (!e)
        e = work_write(x->work);
    if (!e && r->op->err)
        e = provider_wait_failed(x, r->op);
    if (!e)
        e = p->site_count > 1 ? ask_site(x, r) : save(x, r);
    return !e || is_question(e) ? e : failed(x, r, e);
}

/* --- which site ------------------------------------------------------------------------------- */

static const struct provider_site *site_of(struct exchange *x,
                                           const struct authorize_choice *choice)
{
    str id = exchange_text(x, "site");
    for (size_t i = 0; i < choice->site_count; i++)
        if (str_eq(choice->sites[i].id, id))
            return &choice->sites[i];
    exchange_field_error(x, "site", "Choose one of these sites.");
    return NULL;
}

static enum err open_choice(struct exchange *x, struct connecting *c)
{
    struct connection_row n = {0};
    enum err e = connection_find(x->work, x->params[1], &n);
    if (!e)
        e = connect_check_right(x, &n);
    if (!e)
        e = authorize_choice_open(x->work, &n, c->confirm, c->choice);
    return e;
}

enum err oauth_choose_begin(struct exchange *x)
{
    struct connecting *c = arena_new_of(x->arena, struct connecting);
    c->choice = arena_new_of(x->arena, struct authorize_choice);
    c->op = provider_wait_op(x, PROVIDER_IDENTIFY);
    c->confirm = exchange_text(x, "confirm");
    provider_wait_wipe(x, &c->choice->access);
    provider_wait_wipe(x, &c->choice->refresh);
    provider_wait_wipe(x, &c->op->identify.access);
    x->carried = c;
    enum err e = open_choice(x, c);
    if (e)
        return e;
    const struct provider_site *site = site_of(x, c->choice);
    e = exchange_field_problem(x);
    if (!e)
        e = stops_check_connect(x->work, site ? site->id : (str){NULL, 0});
    if (!e)
        e = throttle_take(x->work, &BY_USER, x->work->actor.user, &x->retry_after_s);
    if (e)
        return e;
    must(site != NULL);
    c->op->identify.site = *site;
    secret_take(&c->op->identify.access, &c->choice->access);
    provider_wait(x, c->op);
    return ERR_OK;
}

enum err oauth_choose_finish(struct exchange *x)
{
    struct connecting *c = x->carried;
    const struct provider_identify *p = &c->op->identify;
    struct credential_found found =
        found_of(&p->identity, p->email, p->origin, p->base_path, p->site.url);
    struct credential_proof proof = {&p->access, &c->choice->refresh};
    struct credential_row row = {0}, before = {0};
    struct connection_row n = {0};
    enum err e = work_write(x->work);
    if (!e && c->op->err)
        e = provider_wait_failed(x, c->op);
    if (!e)
        e = authorize_choice_claim(x->work, c->choice);
    if (e)
        return e;
    found.client_id = c->choice->client_id;
    found.scopes = c->choice->scopes;
    found.reach = c->choice->reach;
    found.access_expires = c->choice->access_expires;
    found.until = c->choice->until;
    e = credentials_save(x->work, &c->choice->moment, &found, &proof, &row, &c->confirm, &before);
    if (e == ERR_IDENTITY_CHANGED)
        connect_put_question(x, c->confirm, &before, &p->identity, p->email);
    if (!e)
        e = connection_find(x->work, x->params[1], &n);
    str back = str_empty(c->choice->return_to) ? app_doc_path(x, "") : c->choice->return_to;
    return e ? e : connect_done(x, &n, &row, exchange_return_to(x, back));
}
