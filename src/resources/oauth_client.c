/* Setting, removing and testing an OAuth client: the workspace's, or a connection's own when the
 * path names one. Which one is in force, and what a change does, is core/oauth_clients.c; what is
 * shown is oauth_client_doc.c.
 *
 * Saving in two halves. begin: checks the fields and, when people would lose their credentials,
 * that this was confirmed, and that scopes become fewer than what was granted; then Atlassian is
 * asked whether it knows the pair. finish: saves it in one transaction, or nothing. A secret is
 * only ever read: no answer holds one, entered or stored. An empty secret with the Client ID on
 * file keeps the one on file, if it is still that one at the end.
 */
#include "base/clock.h"
#include "base/doc.h"
#include "core/connections.h"
#include "core/grant_refresh.h"
#include "core/oauth_clients.h"
#include "core/throttle.h"
#include "resources/app_doc.h"
#include "resources/oauth_client_doc.h"
#include "resources/provider_wait.h"
#include "resources/routes.h"

#define CLIENT_SECRET_MAX 4096

static const struct throttle BY_USER = {"oauth-client", 30, 15 * CLOCK_MINUTE_MS};

/* Where the client is set: n, or the workspace when it is NULL. */
struct place {
    struct connection_row row;
    const struct connection_row *n;
    struct oauth_client client; /* in force there now */
};

static enum err place_of(struct exchange *x, struct place *ret)
{
    enum err e = ERR_OK;
    ret->n = NULL;
    if (x->params[1].p) {
        e = connection_find(x->work, x->params[1], &ret->row);
        if (e)
            return e;
        ret->n = &ret->row;
        const struct connection_type *type = connection_type_find(ret->row.type);
        if (!type || !type->by_oauth)
            return fail(&x->fault, ERR_INVALID,
                        "This connection signs in with API keys: it has no OAuth client.");
    }
    return oauth_client_of(x->work, ret->n, &ret->client);
}

/* --- what was entered ------------------------------------------------------------------------- */

struct client_saving {
    struct provider_op *op;
    str client_id;
    str scopes;
    int64_t kept; /* generation of the secret on file that is kept, 0: a new one was entered */
};

/* RFC 6749 appendix A.1: VSCHAR; without the space, which only a slip brings in. */
static str client_id_field(struct exchange *x)
{
    str id = exchange_name_field(x, "client_id", OAUTH_CLIENT_ID_MAX);
    for (size_t i = 0; i < id.n; i++) {
        if (id.p[i] > ' ' && id.p[i] < 0x7f)
            continue;
        exchange_field_error(x, "client_id",
                             "Copy the Client ID as it stands in the developer console.");
        break;
    }
    return id;
}

static str scopes_field(struct exchange *x)
{
    str scopes = STR("");
    if (oauth_scopes_read(x->work, exchange_text(x, "scopes"), &scopes))
        exchange_field_error(x, "scopes", fault_text(&x->fault));
    return scopes;
}

static void keep_secret(struct exchange *x, struct client_saving *s, const struct place *at)
{
    struct provider_client stored = {0};
    if (oauth_client_open(x->work, &at->client, &stored)) {
        exchange_field_error(x, "client_secret",
                             "The secret on file can no longer be opened. Enter it again.");
        return;
    }
    secret_take(&s->op->client_check.client.client_secret, &stored.client_secret);
    s->kept = at->client.row->generation;
}

static void secret_field(struct exchange *x, struct client_saving *s, const struct place *at)
{
    struct secret *secret = &s->op->client_check.client.client_secret;
    secret_set_trimmed(secret, exchange_secret(x, "client_secret"));
    if (secret_is_set(secret) && secret->n > 0) {
        if (secret->n > CLIENT_SECRET_MAX)
            exchange_field_error(x, "client_secret", "This is too long to be a client secret.");
        return;
    }
    secret_wipe(secret);
    if (oauth_client_is_here(&at->client, at->n) && str_eq(at->client.client_id, s->client_id))
        keep_secret(x, s, at);
    else
        exchange_field_error(x, "client_secret",
                             "Enter the secret that belongs to this Client ID.");
}

/* --- confirming ------------------------------------------------------------------------------- */

/* The fault is filled. field: where the page asks. */
static enum err ask(struct exchange *x, const char *field, int64_t lost)
{
    doc_set_int(exchange_doc(x), "lost", lost);
    doc_set_cstring(exchange_doc(x), "sentence", fault_text(&x->fault));
    exchange_field_error(x, field, fault_text(&x->fault));
    return ERR_CONFIRM_REQUIRED;
}

/* Before Atlassian is asked, so that a secret is not entered in vain; the transaction that saves
 * counts again. */
static enum err check_lost(struct exchange *x, const struct place *at, str client_id)
{
    int64_t lost = 0;
    enum err e = oauth_client_lost(x, at->n, &at->client, client_id, &lost);
    if (e || lost <= exchange_int(x, "confirm_lost", 0))
        return e;
    (void)fail(
        &x->fault, ERR_CONFIRM_REQUIRED,
        "With another Client ID, %lld %s to be reconnected. Confirm that, and enter the secret"
        " again.",
        (long long)lost, lost == 1 ? "credential has" : "credentials have");
    return ask(x, "confirm_lost", lost);
}

static enum err check_fewer(struct exchange *x, str client_id, str scopes)
{
    int64_t fewer = 0;
    enum err e = oauth_client_check_fewer(x->work, client_id, scopes,
                                          exchange_int(x, "confirm_fewer", 0), &fewer);
    if (e != ERR_CONFIRM_REQUIRED)
        return e;
    doc_set_int(exchange_doc(x), "fewer", fewer);
    doc_set_cstring(exchange_doc(x), "sentence", fault_text(&x->fault));
    doc_set_str(x->input, "fewer",
                arena_printf(x->arena, "%lld", (long long)fewer)); /* the page's */
    exchange_field_error(x, "confirm_fewer", fault_text(&x->fault));
    return e;
}

/* --- answers ---------------------------------------------------------------------------------- */

static str page_of(struct exchange *x, const struct place *at)
{
    if (!at->n)
        return STR("/settings");
    return arena_printf(x->arena, "%.*s/%.*s/edit", STR_ARG(app_doc_path(x, "/connections")),
                        STR_ARG(at->n->id));
}

static str retried_sentence(struct exchange *x, const char *done, int64_t retried)
{
    if (!retried)
        return str_from(done);
    return arena_printf(x->arena, "%s %lld %s refused because of it before and %s tried again.",
                        done, (long long)retried,
                        retried == 1 ? "authorisation was" : "authorisations were",
                        retried == 1 ? "is" : "are");
}

static str lost_sentence(struct exchange *x, str done, int64_t lost)
{
    if (lost == 0)
        return done;
    return arena_printf(x->arena, "%.*s %lld %s out of use and must be reconnected.", STR_ARG(done),
                        (long long)lost, lost == 1 ? "credential went" : "credentials went");
}

static enum err answer(struct exchange *x, const struct place *at, str sentence, int64_t lost)
{
    json_t *client = NULL;
    enum err e = oauth_client_doc(x, at->n, &client);
    if (e)
        return e;
    x->doc = doc_object(x->arena);
    doc_set(x->doc, "oauth_client", client);
    doc_set_str(x->doc, "sentence", sentence);
    doc_set_int(x->doc, "lost", lost);
    x->notice = sentence;
    x->location = page_of(x, at);
    return ERR_OK;
}

static struct provider_op *check_op(struct exchange *x, str client_id, str scopes)
{
    struct provider_op *op = provider_wait_op(x, PROVIDER_CLIENT_CHECK);
    op->client_check.client.client_id = client_id;
    op->client_check.client.scopes = scopes;
    op->client_check.client.redirect_uri = oauth_redirect_uri(x->work);
    provider_wait_wipe(x, &op->client_check.client.client_secret);
    return op;
}

/* --- save ------------------------------------------------------------------------------------- */

enum err client_save_begin(struct exchange *x)
{
    struct place at = {0};
    enum err e = place_of(x, &at);
    if (e)
        return e;
    struct client_saving *s = arena_new_of(x->arena, struct client_saving);
    s->client_id = client_id_field(x);
    s->scopes = scopes_field(x);
    s->op = check_op(x, s->client_id, s->scopes);
    secret_field(x, s, &at);
    e = exchange_field_problem(x);
    if (!e)
        e = check_lost(x, &at, s->client_id);
    if (!e)
        e = check_fewer(x, s->client_id, s->scopes);
    if (!e)
        e = throttle_take(x->work, &BY_USER, x->work->actor.user, &x->retry_after_s);
    if (e)
        return e;
    x->carried = s;
    provider_wait(x, s->op);
    return ERR_OK;
}

static enum err not_proven(struct exchange *x, const struct client_saving *s)
{
    enum err e = provider_wait_failed(x, s->op);
    if (e == ERR_CLIENT_REFUSED) {
        exchange_field_error(x, "client_secret",
                             "Atlassian does not accept this Client ID and secret together. Copy"
                             " both again from the app's Settings in the developer console.");
        return exchange_field_problem(x);
    }
    str why = arena_printf(x->arena, "%s", fault_text(&x->fault));
    return fail(&x->fault, e, "Nothing was saved, because Atlassian could not be asked: %.*s",
                STR_ARG(why));
}

enum err client_save_finish(struct exchange *x)
{
    const struct client_saving *s = x->carried;
    struct place at = {0};
    int64_t lost = 0, retried = 0;
    if (s->op->err)
        return not_proven(x, s);
    enum err e = work_write(x->work);
    if (!e)
        e = place_of(x, &at);
    if (!e && s->kept &&
        (!oauth_client_is_here(&at.client, at.n) || at.client.row->generation != s->kept))
        e = fail(&x->fault, ERR_CONFLICT, "");
    if (!e)
        e = check_fewer(x, s->client_id, s->scopes);
    if (e == ERR_CONFIRM_REQUIRED)
        return e;
    if (!e)
        e = grants_failing_client(x->work, s->client_id, &retried);
    if (!e)
        e = oauth_client_save(x->work, at.n, s->client_id,
                              &s->op->client_check.client.client_secret, s->scopes,
                              exchange_int(x, "confirm_lost", 0), &lost);
    if (e == ERR_CONFIRM_REQUIRED)
        return ask(x, "confirm_lost", lost);
    return e ? e
             : answer(x, &at,
                      lost_sentence(x,
                                    retried_sentence(
                                        x, "Saved. Atlassian accepts this OAuth client.", retried),
                                    lost),
                      lost);
}

/* --- remove ----------------------------------------------------------------------------------- */

enum err client_remove(struct exchange *x)
{
    struct place at = {0};
    int64_t lost = 0;
    enum err e = work_write(x->work);
    if (!e)
        e = place_of(x, &at);
    if (!e)
        e = oauth_client_delete(x->work, at.n, exchange_int(x, "confirm_lost", 0), &lost);
    if (e == ERR_CONFIRM_REQUIRED)
        return ask(x, "remove", lost);
    return e ? e
             : answer(x, &at, lost_sentence(x, STR("The OAuth client was removed."), lost), lost);
}

/* --- test ------------------------------------------------------------------------------------- */

enum err client_test_begin(struct exchange *x)
{
    struct place at = {0};
    struct provider_client client = {0};
    enum err e = place_of(x, &at);
    if (!e && at.n &&
        !oauth_client_is_here(&at.client, at.n)) /* nor whether the workspace's fits */
        e = fail(&x->fault, ERR_NOT_FOUND, "This connection has no OAuth client of its own.");
    if (!e)
        e = oauth_client_open(x->work, &at.client, &client);
    if (e)
        return e;
    struct provider_op *op = check_op(x, client.client_id, client.scopes);
    secret_take(&op->client_check.client.client_secret, &client.client_secret);
    e = throttle_take(x->work, &BY_USER, x->work->actor.user, &x->retry_after_s);
    if (e)
        return e;
    x->carried = op;
    provider_wait(x, op);
    return ERR_OK;
}

enum err client_test_finish(struct exchange *x)
{
    const struct provider_op *op = x->carried;
    struct place at = {0};
    if (op->err == ERR_CLIENT_REFUSED)
        return fail(&x->fault, ERR_CLIENT_REFUSED,
                    "Atlassian does not accept this Client ID with the secret on file. Enter the"
                    " right secret; nobody has to reconnect for that.");
    if (op->err)
        return provider_wait_failed(x, op);
    int64_t retried = 0;
    enum err e = work_write(x->work);
    if (!e)
        e = place_of(x, &at);
    if (!e)
        e = grants_retry_client(x->work, op->client_check.client.client_id, &retried);
    return e ? e
             : answer(x, &at, retried_sentence(x, "Atlassian accepts this OAuth client.", retried),
                      0);
}
