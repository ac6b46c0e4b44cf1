/* What is on file for a connection: shown before it is disconnected, disconnected, tested.
 *
 * A test in two halves. begin opens the credential; the loop asks Jira, by way of src/life, so that
 * a stale access token is refreshed first; finish notes what was learnt, if the credential is still
 * the one that was used. Only Jira's word on a credential changes its state; an outage does not.
 */
#include "core/credentials.h"

#include "base/clock.h"
#include "base/doc.h"
#include "core/connections.h"
#include "core/settings.h"
#include "resources/app_doc.h"
#include "resources/connection_doc.h"
#include "resources/provider_wait.h"
#include "resources/routes.h"

static int is_by_oauth(const struct connection_row *n)
{
    const struct connection_type *type = connection_type_find(n->type);
    return type && type->by_oauth;
}

/* --- disconnect ------------------------------------------------------------------------------- */

/* What disconnecting leaves at Atlassian. */
struct remains {
    int stored;    /* there is a secret to erase */
    int elsewhere; /* the grant stays: another credential stands on it */
    str page;      /* where to take it back */
};

static enum err remains_of(struct exchange *x, const struct connection_row *n,
                           const struct credential_row *row, struct remains *ret)
{
    const struct settings *s = x->work->services->settings;
    struct remains r = {
        .stored = row && row->sealed.p,
        .page = is_by_oauth(n) ? s->grants_page_url : s->token_page_url,
    };
    enum err e = row ? credentials_grant_is_used_elsewhere(x->work, row, &r.elsewhere) : ERR_OK;
    if (!e)
        *ret = r;
    return e;
}

enum err credential_show(struct exchange *x)
{
    struct connection_row n = {0};
    struct effective effective = {0};
    struct remains r = {0};
    enum err e = app_doc_fill(x, APP_TAB_DESCRIPTION);
    if (!e)
        e = connection_of_path(x, &n, &effective);
    if (!e)
        e = remains_of(x, &n, effective.row, &r);
    if (!e)
        e = connection_doc_put(x, exchange_doc(x), &n, &effective);
    if (e)
        return e;
    doc_set_bool(exchange_doc(x), "stored", r.stored);
    doc_set_bool(exchange_doc(x), "elsewhere", r.elsewhere);
    doc_set_str(exchange_doc(x), "revoke_page", r.page);
    doc_set_str(exchange_doc(x), "return_to", exchange_return_to(x, app_doc_path(x, "")));
    return ERR_OK;
}

static str disconnected_sentence(struct exchange *x, const struct connection_row *n,
                                 const struct remains *r)
{
    if (!r->stored)
        return STR("Disconnected. Nothing of it was stored here any more.");
    if (!is_by_oauth(n))
        return arena_printf(x->arena,
                            "Disconnected. Mortise erased the API key; at Atlassian it stays valid"
                            " until you revoke it at %.*s.",
                            STR_ARG(r->page));
    if (r->elsewhere)
        return arena_printf(x->arena,
                            "Disconnected. Mortise keeps the tokens of this Atlassian account,"
                            " because another connection uses them; at Atlassian the access stays"
                            " until you remove it at %.*s, which ends both.",
                            STR_ARG(r->page));
    return arena_printf(x->arena,
                        "Disconnected. Mortise erased its tokens for this connection; at Atlassian"
                        " the access stays until you remove it at %.*s.",
                        STR_ARG(r->page));
}

enum err credential_delete(struct exchange *x)
{
    struct connection_row n = {0};
    struct effective effective = {0};
    struct remains r = {0};
    enum err e = work_write(x->work);
    if (!e)
        e = connection_of_path(x, &n, &effective);
    if (!e)
        e = remains_of(x, &n, effective.row, &r);
    if (!e)
        e = credentials_disconnect(x->work, &n);
    if (!e)
        e = connection_of_path(x, &n, &effective);
    if (e)
        return e;
    x->doc = doc_object(x->arena);
    e = connection_doc_put(x, x->doc, &n, &effective);
    if (e)
        return e;
    x->notice = disconnected_sentence(x, &n, &r);
    doc_set_str(x->doc, "sentence", x->notice);
    x->location = exchange_return_to(x, app_doc_path(x, ""));
    return ERR_OK;
}

/* --- test ------------------------------------------------------------------------------------- */

struct testing {
    struct provider_op *op;
    str credential;
    int64_t generation;
    int by_oauth;
};

static enum err may_test(struct exchange *x, const struct connection_row *n,
                         const struct effective *effective)
{
    if (n->shared && x->work->membership.role != PERMISSION_ROLE_ADMIN)
        return fail(&x->fault, ERR_NOT_APP_ADMIN,
                    "Shared credentials are tested by app admins. Ask one of them.");
    enum err e = credentials_refusal(x->work, n, effective);
    if (e == ERR_CONNECTION_REQUIRED || e == ERR_NEEDS_RECONNECT)
        doc_set_str(exchange_doc(x), "connect_url", connection_connect_url(x, n->id));
    return e;
}

enum err test_begin(struct exchange *x)
{
    struct connection_row n = {0};
    struct effective effective = {0};
    struct credential_grant grant = {0};
    enum err e = connection_of_path(x, &n, &effective);
    if (!e)
        e = may_test(x, &n, &effective);
    if (e)
        return e;
    struct testing *t = arena_new_of(x->arena, struct testing);
    t->op = provider_wait_op(x, PROVIDER_TEST);
    provider_wait_wipe(x, &t->op->test.target.secret);
    e = credentials_target(x->work, effective.use, &t->op->test.target, &grant);
    if (e)
        return e;
    t->op->test.site_id = effective.use->site_id;
    t->op->test.site_url = effective.use->site_url;
    t->credential = effective.use->id;
    t->generation = effective.use->generation;
    t->by_oauth = is_by_oauth(&n);
    x->carried = t;
    provider_wait_use(x, t->op, effective.use, &grant);
    return ERR_OK;
}

static const char *done_sentence(int stage, int by_oauth)
{
    static const char *const DONE[] = {"The address was found.", "The server there answers.",
                                       "Jira accepted the API key.", "Jira named the account.",
                                       "The site is the one on file."};
    return by_oauth && stage == STAGE_TOKEN ? "Atlassian accepted the authorisation." : DONE[stage];
}

/* Tokens that could not be refreshed end it before any address is asked for. */
static json_t *stages_doc(struct exchange *x, const struct testing *t)
{
    const struct provider_op *op = t->op;
    json_t *list = doc_array(x->arena);
    enum provider_stage last = op->err ? op->test.stage : STAGE_DONE;
    int first = t->by_oauth && last == STAGE_TOKEN ? STAGE_TOKEN : STAGE_ADDRESS;
    for (int i = first; i < STAGE_DONE && i <= (int)last; i++) {
        json_t *stage = doc_object(x->arena);
        int ok = i < (int)last;
        doc_set_cstring(stage, "stage", provider_wait_stage((enum provider_stage)i));
        doc_set_bool(stage, "ok", ok);
        doc_set_cstring(stage, "sentence",
                        ok ? done_sentence(i, t->by_oauth) : fault_text(&op->fault));
        doc_append(list, stage);
    }
    return list;
}

static enum err note(struct exchange *x, const struct testing *t)
{
    const struct provider_op *op = t->op;
    if (op->err == ERR_OK) {
        enum err e = credentials_note(x->work, t->credential, t->generation, CREDENTIAL_FINE,
                                      (str){NULL, 0});
        return e ? e : credentials_note_site(x->work, &op->test.identity);
    }
    if (op->test.meaning == MEANING_REFUSED_TOKEN || op->test.meaning == MEANING_NO_SITE)
        return credentials_note(x->work, t->credential, t->generation, CREDENTIAL_REFUSED,
                                str_from(fault_text(&op->fault)));
    return ERR_OK;
}

/* A stop set meanwhile counts: nothing is learnt from the answer. */
static enum err refuse_if_stopped(struct exchange *x, const struct testing *t)
{
    struct connection_row n = {0};
    struct effective effective = {0};
    if (t->op->err == ERR_STOPPED)
        return provider_wait_failed(x, t->op);
    enum err e = connection_of_path(x, &n, &effective);
    if (!e && effective.decision == DECISION_STOPPED)
        e = credentials_refusal(x->work, &n, &effective);
    return e;
}

enum err test_finish(struct exchange *x)
{
    const struct testing *t = x->carried;
    struct connection_row n = {0};
    struct effective effective = {0};
    enum err e = work_write(x->work);
    if (!e)
        e = refuse_if_stopped(x, t);
    if (!e)
        e = note(x, t);
    if (!e)
        e = app_doc_fill(x, APP_TAB_DESCRIPTION);
    if (!e)
        e = connection_of_path(x, &n, &effective);
    if (!e)
        e = connection_doc_put(x, exchange_doc(x), &n, &effective);
    if (e)
        return e;
    const struct provider_identity *who = &t->op->test.identity;
    json_t *doc = exchange_doc(x);
    doc_set_bool(doc, "ok", t->op->err == ERR_OK);
    doc_set_str(doc, "sentence",
                t->op->err ? str_from(fault_text(&t->op->fault))
                           : arena_printf(x->arena, "Everything works: this is %.*s on %.*s.",
                                          STR_ARG(who->account_name), STR_ARG(who->site_name)));
    doc_set(doc, "stages", stages_doc(x, t));
    doc_set_str(doc, "return_to", exchange_return_to(x, app_doc_path(x, "")));
    return ERR_OK;
}
