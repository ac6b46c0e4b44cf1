/* The authorization code grant; states and invariants are in the header. */
#include "core/authorize.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/id.h"
#include "core/access.h"
#include "core/grant_refresh.h"
#include "core/pending_secrets.h"
#include "core/stops.h"
#include "crypto/pkce.h"
#include "crypto/random.h"
#include "store/pending.h"

#define KIND_AUTHORIZE STR("authorize")
#define KIND_SITE STR("site")

/* --- to Atlassian ----------------------------------------------------------------------------- */

/* What every pending row of this user's begins with. */
static struct pending_row new_row(const struct work *w, str kind,
                                  const struct credential_moment *moment, str client_id)
{
    return (struct pending_row){
        .id = id_new(w->arena),
        .kind = kind,
        .app = w->membership.app,
        .connection = moment->connection,
        .user = w->actor.user,
        .session = w->actor.session,
        .switch_counter = moment->switch_counter,
        .credential = moment->credential,
        .generation = moment->generation,
        .client_id = client_id,
        .found = STR("{}"),
        .created = w->now_ms,
        .until = w->now_ms + AUTHORIZE_MS,
    };
}

enum err authorize_begin(struct work *w, const struct connection_row *n,
                         const struct credential_row *row, str return_to, str *ret_authorize_url)
{
    SECRET_AUTO struct secret verifier = {0};
    const struct provider *provider = w->services->provider;
    struct oauth_client client = {0};
    struct provider_client open = {0};
    struct credential_moment moment = credentials_moment(w->arena, n, row);
    str state = random_token(w->arena);
    enum err e;

    must(db_transaction_mode(w->db) == DB_WRITE);
    e = n->base_url_fixed ? stops_check_address(w, n->base_url) : ERR_OK;
    if (!e)
        e = oauth_client_of(w, n, &client);
    if (!e)
        e = oauth_client_consent_scopes(w, &client, &client.scopes);
    if (!e)
        e = oauth_client_open(w, &client, &open); /* a bad secret is told before the journey */
    if (e)
        return e;
    pkce_make_verifier(&verifier);
    struct pending_row p = new_row(w, KIND_AUTHORIZE, &moment, client.client_id);
    p.token_hmac = work_hmac(w, VAULT_STATE, state);
    p.return_to = return_to;
    pending_seal(w, &p, &verifier, NULL);
    e = store_pending_insert(w->db, w->arena, w->fault, &p);
    if (!e)
        *ret_authorize_url = provider->authorize_url(provider->self, w->arena, &open, state,
                                                     pkce_challenge(w->arena, &verifier));
    secret_wipe(&open.client_secret);
    return e;
}

/* --- and back --------------------------------------------------------------------------------- */

static void tell_way_back(const struct pending_row *p, struct authorize_claim *ret)
{
    ret->pending = p->id;
    ret->app = p->app_slug;
    ret->connection = p->connection;
    ret->return_to = p->return_to;
    ret->moment =
        (struct credential_moment){p->connection, p->switch_counter, p->credential, p->generation};
}

static int is_ours(const struct work *w, const struct pending_row *p)
{
    return p && w->actor.user.p && str_eq(p->session, w->actor.session) &&
           str_eq(p->user, w->actor.user);
}

/* What was true at the start and has to be true still. */
static enum err check_moment(struct work *w, const struct pending_row *p,
                             struct connection_row *ret_connection)
{
    struct effective effective = {0};
    struct connection_row n = {0};
    enum err e =
        store_connection_find(w->db, w->arena, w->fault, w->membership.app, p->connection, &n);
    if (!e)
        e = credentials_effective(w, &n, &effective);
    if (e)
        return e;
    const struct credential_row *c = effective.row;
    if (effective.decision == DECISION_STOPPED)
        return stops_refuse(w, &effective.stop);
    if (n.shared && w->membership.role != PERMISSION_ROLE_ADMIN)
        return work_fail(w, ERR_NOT_APP_ADMIN, "An app admin has to connect this.");
    if (n.switch_counter != p->switch_counter)
        return work_fail(w, ERR_CONFLICT,
                         "Shared credentials were switched while you were at Atlassian. Nothing was"
                         " saved; please connect again.");
    if ((c ? c->generation : 0) != p->generation ||
        !str_eq(c ? c->id : STR(""), p->credential.p ? p->credential : STR("")))
        return work_fail(w, ERR_CONFLICT,
                         "This connection changed while you were at Atlassian, perhaps in another"
                         " tab. What is on file stays.");
    *ret_connection = n;
    return ERR_OK;
}

static enum err open_client(struct work *w, const struct pending_row *p,
                            const struct connection_row *n, struct provider_client *ret)
{
    struct oauth_client client = {0};
    enum err e = oauth_client_of(w, n, &client);

    if (!e && !str_eq(client.client_id, p->client_id.p ? p->client_id : STR("")))
        e = work_fail(w, ERR_CONFLICT,
                      "The OAuth client was changed while you were at Atlassian. Nothing was saved;"
                      " please connect again.");
    if (!e)
        e = oauth_client_consent_scopes(w, &client, &client.scopes);
    return e ? e : oauth_client_open(w, &client, ret);
}

static enum err claim(struct work *w, const struct pending_row *p)
{
    int claimed = 0;
    enum err e = store_pending_claim(w->db, w->arena, w->fault, p->id, w->now_ms, &claimed);

    if (e || claimed)
        return e;
    if (p->used)
        return work_fail(
            w, ERR_STATE_EXPIRED,
            "You came back from Atlassian with this before; it counts once. Nothing was"
            " changed now.");
    return work_fail(w, ERR_STATE_EXPIRED,
                     "This sign-in is more than 10 minutes old and no longer counts. Nothing was"
                     " changed; please connect again.");
}

enum err authorize_claim(struct work *w, str state, struct authorize_claim *ret)
{
    struct connection_row n = {0};
    struct pending_row *p = NULL;
    enum err e = ERR_OK;

    must(db_transaction_mode(w->db) == DB_WRITE);
    *ret = (struct authorize_claim){0};
    if (!str_empty(state))
        e = store_pending_find(w->db, w->arena, w->fault, KIND_AUTHORIZE,
                               work_hmac(w, VAULT_STATE, state), &p);
    if (e)
        return e;
    if (!is_ours(w, p))
        return work_fail(w, ERR_STATE_FOREIGN, "");
    must(p != NULL);
    tell_way_back(p, ret);
    e = access_enter(w, p->app_slug);
    if (!e)
        e = claim(w, p);
    if (!e)
        e = check_moment(w, p, &n);
    if (!e)
        e = open_client(w, p, &n, &ret->client);
    if (!e)
        e = pending_open(w, p, &ret->verifier, &(struct secret){0});
    if (e)
        secret_wipe(&ret->client.client_secret);
    return e;
}

enum err authorize_exchanging(struct work *w, struct authorize_claim *c, int *retry_after_s)
{
    c->consent = (struct consent){.id = c->pending, .client_id = c->client.client_id};
    c->until = w->now_ms + CONSENT_WAIT_MS;
    return consent_begins(w, &c->consent, retry_after_s);
}

enum err authorize_last(struct work *w, struct authorize_claim *ret)
{
    struct pending_row *p = NULL;
    enum err e = ERR_OK;

    *ret = (struct authorize_claim){0};
    if (w->actor.session.p)
        e = store_pending_latest_of_session(w->db, w->arena, w->fault, KIND_AUTHORIZE,
                                            w->actor.session, &p);
    if (e || !is_ours(w, p) || access_enter(w, p->app_slug))
        return e;
    tell_way_back(p, ret);
    return ERR_OK;
}

enum err authorize_outcome(struct work *w, str pending, str outcome)
{
    return store_pending_outcome(w->db, w->arena, w->fault, pending, outcome);
}

/* --- several sites ---------------------------------------------------------------------------- */

static str print_found(struct work *w, const struct provider_exchange *x)
{
    json_t *o = doc_object(w->arena), *sites = doc_array(w->arena);

    for (size_t i = 0; i < x->site_count; i++) {
        json_t *site = doc_object(w->arena);
        doc_set_str(site, "id", x->sites[i].id);
        doc_set_str(site, "url", x->sites[i].url);
        doc_set_str(site, "name", x->sites[i].name);
        doc_append(sites, site);
    }
    doc_set(o, "sites", sites);
    doc_set_str(o, "scopes", x->tokens.scopes);
    doc_set_str(o, "reach", x->reach);
    doc_set_int(o, "access_expires", grant_access_expires(w, x->tokens.expires_in_s));
    return doc_print(w->arena, o);
}

static enum err parse_found(struct work *w, str text, struct authorize_choice *ret)
{
    json_t *o = NULL, *one;
    size_t i;
    enum err e = doc_parse(w->arena, w->fault, text, &o);

    if (e)
        return e;
    json_t *list = doc_get(o, "sites");
    struct provider_site *sites =
        arena_alloc_array(w->arena, json_array_size(list) + 1, sizeof(*sites));
    json_array_foreach (list, i, one) {
        sites[i].id = arena_str(w->arena, doc_get_str(one, "id"));
        sites[i].url = arena_str(w->arena, doc_get_str(one, "url"));
        sites[i].name = arena_str(w->arena, doc_get_str(one, "name"));
    }
    ret->sites = sites;
    ret->site_count = json_array_size(list);
    ret->scopes = arena_str(w->arena, doc_get_str(o, "scopes"));
    ret->reach = arena_str(w->arena, doc_get_str(o, "reach"));
    ret->access_expires = doc_get_int(o, "access_expires", 0);
    return ERR_OK;
}

enum err authorize_keep(struct work *w, const struct authorize_claim *c,
                        const struct provider_exchange *x, str *ret_confirm)
{
    str confirm = random_token(w->arena);
    struct pending_row p = new_row(w, KIND_SITE, &c->moment, c->client.client_id);
    enum err e;

    must(db_transaction_mode(w->db) == DB_WRITE);
    e = stops_check_connect(w, (str){NULL, 0});
    if (e)
        return e;
    p.token_hmac = work_hmac(w, VAULT_CONFIRM, confirm);
    p.found = print_found(w, x);
    p.return_to = c->return_to;
    p.until = c->until;
    pending_seal(w, &p, &x->tokens.access, &x->tokens.refresh);
    e = store_pending_delete_of(w->db, w->arena, w->fault, p.connection, p.user, KIND_SITE);
    if (!e)
        e = store_pending_insert(w->db, w->arena, w->fault, &p);
    if (!e)
        *ret_confirm = confirm;
    return e;
}

static enum err choice_find(struct work *w, const struct connection_row *n, str confirm,
                            struct authorize_choice *ret, struct pending_row **ret_row)
{
    struct pending_row *p = NULL;
    enum err e = store_pending_find(w->db, w->arena, w->fault, KIND_SITE,
                                    work_hmac(w, VAULT_CONFIRM, confirm), &p);
    if (e)
        return e;
    if (!is_ours(w, p) || !str_eq(p->connection, n->id) || p->until <= w->now_ms ||
        p->switch_counter != n->switch_counter)
        return work_fail(w, ERR_CONFIRM_EXPIRED,
                         "This choice has expired or was made already. Please connect again.");
    struct authorize_choice c = {
        .pending = p->id,
        .return_to = p->return_to,
        .client_id = p->client_id,
        .until = p->until,
        .moment = {p->connection, p->switch_counter, p->credential, p->generation},
    };
    e = parse_found(w, p->found, &c);
    if (e)
        return e;
    *ret = c;
    *ret_row = p;
    return ERR_OK;
}

enum err authorize_choice_show(struct work *w, const struct connection_row *n, str confirm,
                               struct authorize_choice *ret)
{
    struct pending_row *p = NULL;

    return choice_find(w, n, confirm, ret, &p);
}

enum err authorize_choice_open(struct work *w, const struct connection_row *n, str confirm,
                               struct authorize_choice *ret)
{
    struct pending_row *p = NULL;
    enum err e = choice_find(w, n, confirm, ret, &p);

    return e ? e : pending_open(w, p, &ret->access, &ret->refresh);
}

enum err authorize_choice_claim(struct work *w, const struct authorize_choice *choice)
{
    int deleted = 0;
    enum err e;

    must(db_transaction_mode(w->db) == DB_WRITE);
    e = store_pending_delete(w->db, w->arena, w->fault, choice->pending, &deleted);
    if (e || (deleted && choice->until > w->now_ms))
        return e;
    return work_fail(w, ERR_CONFIRM_EXPIRED,
                     "This choice has expired or was made already. Please connect again.");
}

/* --- what became of it ------------------------------------------------------------------------ */

enum err authorize_find_unfinished(struct work *w, const struct connection_row *n,
                                   const struct credential_row *row,
                                   struct authorize_unfinished *ret)
{
    struct pending_row *p = NULL;
    enum err e = store_pending_latest_of_user(w->db, w->arena, w->fault, KIND_AUTHORIZE, n->id,
                                              w->actor.user, &p);
    if (e)
        return e;
    *ret = (struct authorize_unfinished){0};
    if (!p || p->switch_counter != n->switch_counter || (row && row->since >= p->created) ||
        (p->outcome.p && str_eq(p->outcome, STR("ok"))))
        return ERR_OK;
    *ret = (struct authorize_unfinished){p->created, p->until <= w->now_ms, p->outcome};
    return ERR_OK;
}
