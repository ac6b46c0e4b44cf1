/* The life of a credential; states and invariants are in the header. */
#include "core/credentials.h"

#include <jansson.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/id.h"
#include "core/grant_refresh.h"
#include "core/grants.h"
#include "core/oauth_clients.h"
#include "core/pending_secrets.h"
#include "core/stops.h"
#include "crypto/random.h"
#include "store/needs.h"
#include "store/pending.h"

#define QUESTION_MS (10 * CLOCK_MINUTE_MS)

/* --- whose ------------------------------------------------------------------------------------ */

static struct effective effective_of(const struct work *w, const struct connection_row *n,
                                     const struct stops_in_force *stops,
                                     const struct oauth_client *client,
                                     const struct credential_row *own,
                                     const struct credential_row *common)
{
    struct decide_question q = {
        .connection = n,
        .user = w->actor.user,
        .user_active = w->actor.user.p != NULL || w->actor.key != NULL,
        .user_in_app =
            w->membership.role != PERMISSION_ROLE_NONE && str_eq(w->membership.app, n->app),
        .user_is_app_admin = w->membership.role == PERMISSION_ROLE_ADMIN,
        .app_stopped = stops->app,
        .user_stopped = stops->user,
        .client_id = client->client_id,
        .own = own,
        .common = common,
    };
    struct decide_answer answer = decide(&q);
    return (struct effective){answer.decision, n->shared ? common : own, answer.use, answer.locked,
                              answer.stop};
}

enum err credentials_effective(struct work *w, const struct connection_row *n,
                               struct effective *ret)
{
    struct credential_row *own = NULL, *common = NULL;
    struct oauth_client client = {0};
    struct stops_in_force stops = {0};
    enum err e = ERR_OK;
    if (w->actor.user.p) /* a key of an app has no own one */
        e = store_credential_of(w->db, w->arena, w->fault, n->id, w->actor.user, &own);
    if (!e)
        e = store_credential_of(w->db, w->arena, w->fault, n->id, (str){NULL, 0}, &common);
    if (!e)
        e = oauth_client_of(w, n, &client);
    if (!e)
        e = stops_in_force(w, &stops);
    if (e)
        return e;
    *ret = effective_of(w, n, &stops, &client, own, common);
    return ERR_OK;
}

enum err credentials_effective_all(struct work *w, const struct connection_row *rows, size_t count,
                                   struct effective **ret)
{
    struct credential_row *found = NULL;
    struct oauth_client *clients = NULL;
    struct stops_in_force stops = {0};
    size_t n = 0;
    enum err e = store_credentials_of_app(w->db, w->arena, w->fault, w->membership.app,
                                          w->actor.user, &found, &n);
    if (!e)
        e = oauth_client_of_all(w, rows, count, &clients);
    if (!e)
        e = stops_in_force(w, &stops);
    if (e)
        return e;
    struct effective *all = arena_alloc_array(w->arena, count + 1, sizeof(*all));
    for (size_t i = 0; i < count; i++) {
        const struct credential_row *own = NULL, *common = NULL;
        for (size_t k = 0; k < n; k++) {
            if (!str_eq(found[k].connection, rows[i].id))
                continue;
            if (found[k].owner.p)
                own = &found[k];
            else
                common = &found[k];
        }
        all[i] = effective_of(w, &rows[i], &stops, &clients[i], own, common);
    }
    *ret = all;
    return ERR_OK;
}

enum err credentials_own(struct work *w, struct own_credential_row **ret, size_t *ret_count)
{
    return store_credentials_of_owner(w->db, w->arena, w->fault, w->actor.user, ret, ret_count);
}

str credentials_why(const struct credential_row *c, str client_id)
{
    if (c && c->why.p)
        return c->why;
    if (!c || !c->grant.p || !str_eq(c->status, STR("connected")))
        return STR("what was entered is no longer in use.");
    if (client_id.n)
        return STR("the OAuth client was changed.");
    return STR("no OAuth client is set up at present. Once a workspace admin or the operator has"
               " set it up again, this works as before.");
}

static enum err refuse_stale(struct work *w, const struct connection_row *n,
                             const struct effective *effective)
{
    const struct credential_row *row = effective->row;
    struct oauth_client client = {0};
    enum err e = oauth_client_of(w, n, &client);
    if (e)
        return e;
    return work_fail(w, ERR_NEEDS_RECONNECT, "\"%.*s\" %s: %.*s",
                     STR_ARG(str_utf8_cut(n->name, 120)),
                     effective->locked ? "is locked" : "needs reconnecting",
                     STR_ARG(credentials_why(row, client.client_id)));
}

enum err credentials_refusal(struct work *w, const struct connection_row *n,
                             const struct effective *effective)
{
    switch (effective->decision) {
    case DECISION_USE:
        return ERR_OK;
    case DECISION_CONNECT:
        return work_fail(w, ERR_CONNECTION_REQUIRED,
                         "You have not connected \"%.*s\" yet. Connect first, then run this again.",
                         STR_ARG(str_utf8_cut(n->name, 120)));
    case DECISION_RECONNECT:
        return refuse_stale(w, n, effective);
    case DECISION_WAIT:
        return work_fail(w, ERR_CONNECTION_REQUIRED,
                         "An app admin has to connect \"%.*s\" before anybody can use it.",
                         STR_ARG(str_utf8_cut(n->name, 120)));
    case DECISION_STOPPED:
        return stops_refuse(w, &effective->stop);
    case DECISION_NO_ACCESS:
        return work_fail(w, ERR_NOT_FOUND, "");
    }
    unreachable("decision");
}

/* --- sealing ---------------------------------------------------------------------------------- */

static struct vault_binding binding_of(struct arena *a, const struct credential_row *c)
{
    return (struct vault_binding){
        .table = STR("credentials"),
        .row = c->id,
        .column = STR("sealed"),
        .generation = c->generation,
        .app = c->app,
        .connection = c->connection,
        .owner = c->owner.p ? c->owner : STR(""),
        .type = c->grant.p ? STR("jira_oauth2") : STR("jira_api"),
        .destination = arena_printf(a, "%.*s%.*s", STR_ARG(c->origin), STR_ARG(c->base_path)),
    };
}

static const str NONE = {NULL, 0};

/* The sealed link first: rows made by SQL lead to no grant. */
static enum err target_of_grant(struct work *w, const struct credential_row *c,
                                struct provider_target *ret, struct credential_grant *ret_grant)
{
    struct vault_binding binding = binding_of(w->arena, c);
    struct secret access = {0};
    struct grant_row g = {0};
    if (vault_verify(w->services->vault, w->fault, &binding, c->sealed, c->grant))
        return work_fail(w, ERR_INTERNAL,
                         "The stored authorisation cannot be opened. Reconnect; if that happens"
                         " again, tell the operator.");
    enum err e = grant_access(w, c->grant, &access, &g);
    if (!e && !str_eq(g.account_id, c->account_id)) {
        secret_wipe(&access);
        e = work_fail(w, ERR_NEEDS_RECONNECT, "The stored authorisation is another account's.");
    }
    if (e)
        return e;
    *ret = (struct provider_target){PROVIDER_BEARER, c->origin, c->base_path, STR(""), access};
    *ret_grant = (struct credential_grant){g.id, g.generation, g.access_expires};
    return ERR_OK;
}

enum err credentials_target(struct work *w, const struct credential_row *c,
                            struct provider_target *ret, struct credential_grant *ret_grant)
{
    must(c->sealed.p != NULL);
    if (c->grant.p)
        return target_of_grant(w, c, ret, ret_grant);
    struct vault_binding binding = binding_of(w->arena, c);
    struct secret secret = {0};
    enum err e = vault_open(w->services->vault, w->fault, &binding, c->sealed, &secret);
    if (e)
        return work_fail(w, ERR_INTERNAL,
                         "The stored API key cannot be opened. Reconnect; if that happens again,"
                         " tell the operator.");
    *ret = (struct provider_target){PROVIDER_BASIC, c->origin, c->base_path, c->username, secret};
    *ret_grant = (struct credential_grant){NONE, 0, 0};
    return ERR_OK;
}

/* --- saving ----------------------------------------------------------------------------------- */

struct credential_moment credentials_moment(struct arena *a, const struct connection_row *n,
                                            const struct credential_row *c)
{
    return (struct credential_moment){
        .connection = arena_str(a, n->id),
        .switch_counter = n->switch_counter,
        .credential = c ? arena_str(a, c->id) : (str){NULL, 0},
        .generation = c ? c->generation : 0,
    };
}

/* Who will own a credential entered now by the acting user. */
static str owner_for(const struct work *w, const struct connection_row *n)
{
    return n->shared ? (str){NULL, 0} : w->actor.user;
}

/* The connection and the row as they are now, if nothing moved since `moment`. */
static enum err reread(struct work *w, const struct credential_moment *moment,
                       struct connection_row *ret_connection, struct credential_row **ret_row)
{
    struct connection_row n = {0};
    enum err e =
        store_connection_find(w->db, w->arena, w->fault, w->membership.app, moment->connection, &n);
    if (e)
        return e;
    struct credential_row *c = NULL;
    e = store_credential_of(w->db, w->arena, w->fault, n.id, owner_for(w, &n), &c);
    if (e)
        return e;
    if (n.shared && w->membership.role != PERMISSION_ROLE_ADMIN)
        return work_fail(w, ERR_NOT_APP_ADMIN, "An app admin has to connect this.");
    if (n.switch_counter != moment->switch_counter ||
        (c ? c->generation : 0) != moment->generation ||
        !str_eq(c ? c->id : STR(""), moment->credential.p ? moment->credential : STR("")))
        return work_fail(w, ERR_CONFLICT,
                         "This connection changed while you were connecting. Nothing was saved;"
                         " please connect again.");
    *ret_connection = n;
    *ret_row = c;
    return ERR_OK;
}

/* What is sealed in the row: the key, or the link to the grant that now holds the tokens. */
static enum err keep_proof(struct work *w, struct credential_row *c,
                           const struct credential_found *found,
                           const struct credential_proof *proof)
{
    SECRET_AUTO struct secret link = {0};
    struct grant_tokens tokens = {proof->secret, proof->refresh, found->access_expires,
                                  found->scopes};
    const struct secret *kept = proof->secret;
    if (found->client_id.n) {
        struct grant_reach reach = {c->id, c->site_id, found->reach, found->consent};
        enum err e = grant_save(w, found->client_id, c->account_id, &reach, &tokens, &c->grant,
                                &c->scopes_lost);
        if (e)
            return e;
        c->client_id = found->client_id;
        secret_set(&link, c->grant.p, c->grant.n);
        kept = &link;
    }
    struct vault_binding binding = binding_of(w->arena, c);
    c->sealed = vault_seal(w->services->vault, w->arena, &binding, kept);
    return ERR_OK;
}

static enum err drop_grant(struct work *w, const struct credential_row *old, str now)
{
    if (!old || !old->grant.p || (now.p && str_eq(now, old->grant)))
        return ERR_OK;
    return store_grant_drop_unused(w->db, w->arena, w->fault, old->grant);
}

static enum err replace(struct work *w, const struct connection_row *n,
                        const struct credential_row *old, const struct credential_found *found,
                        const struct credential_proof *proof, struct credential_row *ret)
{
    const struct provider_identity *who = &found->identity;
    struct site_row site = {who->site_id, who->site_url, who->site_name, w->now_ms};
    enum err e = store_site_save(w->db, w->arena, w->fault, &site);
    if (e)
        return e;
    struct credential_row c = {
        .id = old ? old->id : id_new(w->arena),
        .app = n->app,
        .connection = n->id,
        .owner = owner_for(w, n),
        .entered_by = w->actor.user,
        .switch_counter = n->switch_counter,
        .generation = old ? old->generation + 1 : 1,
        .status = STR("connected"),
        .account_id = who->account_id,
        .account_name = who->account_name,
        .username = found->username,
        .site_id = who->site_id,
        .entered_origin = found->entered_origin,
        .origin = found->origin,
        .base_path = found->base_path,
        .expires = found->expires,
        .since = w->now_ms,
        .last_used = old ? old->last_used : 0,
        .last_checked = w->now_ms,
        .site_url = who->site_url,
        .site_name = who->site_name,
    };
    e = keep_proof(w, &c, found, proof);
    if (!e)
        e = store_credential_save(w->db, w->arena, w->fault, &c);
    if (!e)
        e = store_needs_forgive(w->db, w->arena, w->fault, c.id, c.grant);
    if (!e)
        e = drop_grant(w, old, c.grant);
    if (!e)
        *ret = c;
    return e;
}

static int same_identity(const struct credential_row *old, const struct provider_identity *now)
{
    return str_eq(old->account_id, now->account_id) && str_eq(old->site_id, now->site_id);
}

/* Rule 9: what was entered for one address is not kept for a connection fixed to another since, and
 * what one OAuth client was granted not for another. */
static enum err check_proven_for(struct work *w, const struct connection_row *n,
                                 const struct credential_found *found)
{
    struct oauth_client client = {0};
    enum err e = stops_check_connect(w, found->identity.site_id);
    if (!e)
        e = oauth_client_of(w, n, &client);
    if (e)
        return e;
    if (found->client_id.n && !str_eq(found->client_id, client.client_id))
        return work_fail(w, ERR_CONFLICT,
                         "The OAuth client was changed while you were connecting. Nothing was"
                         " saved; please connect again.");
    if (!n->base_url_fixed || str_eq(found->entered_origin, n->base_url))
        return ERR_OK;
    return work_fail(w, ERR_CONFLICT,
                     "An app admin has fixed the Base URL of this connection meanwhile. Nothing"
                     " was saved; please connect again.");
}

/* What is on file and stopped stays as it is: it may be needed again. */
static enum err check_not_stopped(struct work *w, const struct credential_row *old)
{
    if (!old || !old->sealed.p)
        return ERR_OK;
    if (old->user_stopped)
        return stops_refuse(w, &(struct decide_stop){STOPPED_ENTERER, old->user_stopped});
    if (old->site_stopped)
        return stops_refuse(w, &(struct decide_stop){STOPPED_SITE, old->site_stopped});
    return ERR_OK;
}

/* --- the question ----------------------------------------------------------------------------- */

static const struct {
    const char *key;
    size_t offset;
} FOUND_FIELDS[] = {
    {"account_id", offsetof(struct credential_found, identity.account_id)},
    {"account_name", offsetof(struct credential_found, identity.account_name)},
    {"site_id", offsetof(struct credential_found, identity.site_id)},
    {"site_url", offsetof(struct credential_found, identity.site_url)},
    {"site_name", offsetof(struct credential_found, identity.site_name)},
    {"username", offsetof(struct credential_found, username)},
    {"entered_origin", offsetof(struct credential_found, entered_origin)},
    {"origin", offsetof(struct credential_found, origin)},
    {"base_path", offsetof(struct credential_found, base_path)},
    {"client_id", offsetof(struct credential_found, client_id)},
    {"scopes", offsetof(struct credential_found, scopes)},
    {"reach", offsetof(struct credential_found, reach)},
};
#define FOUND_COUNT (sizeof(FOUND_FIELDS) / sizeof(FOUND_FIELDS[0]))

static str found_print(struct arena *a, const struct credential_found *found)
{
    json_t *o = doc_object(a);
    for (size_t i = 0; i < FOUND_COUNT; i++) {
        str value = {NULL, 0};
        memcpy(&value, (const char *)found + FOUND_FIELDS[i].offset, sizeof(value));
        doc_set_str(o, FOUND_FIELDS[i].key, value);
    }
    doc_set_int(o, "expires", found->expires);
    doc_set_int(o, "access_expires", found->access_expires);
    return doc_print(a, o);
}

static enum err found_parse(struct work *w, str text, struct credential_found *ret)
{
    json_t *o = NULL;
    enum err e = doc_parse(w->arena, w->fault, text, &o);
    if (e)
        return e;
    struct credential_found found = {.expires = doc_get_int(o, "expires", 0),
                                     .access_expires = doc_get_int(o, "access_expires", 0)};
    for (size_t i = 0; i < FOUND_COUNT; i++) {
        str value = arena_str(w->arena, doc_get_str(o, FOUND_FIELDS[i].key));
        memcpy((char *)&found + FOUND_FIELDS[i].offset, &value, sizeof(value));
    }
    *ret = found;
    return ERR_OK;
}

static enum err ask(struct work *w, const struct connection_row *n,
                    const struct credential_row *old, const struct credential_found *found,
                    const struct credential_proof *proof, str *ret_confirm)
{
    str confirm = random_token(w->arena);
    struct pending_row p = {
        .id = id_new(w->arena),
        .kind = STR("identity"),
        .token_hmac = work_hmac(w, VAULT_CONFIRM, confirm),
        .app = n->app,
        .connection = n->id,
        .user = w->actor.user,
        .session = w->actor.session,
        .switch_counter = n->switch_counter,
        .credential = old->id,
        .generation = old->generation,
        .client_id = found->client_id.n ? found->client_id : NONE,
        .found = found_print(w->arena, found),
        .created = w->now_ms,
        .until = found->until ? found->until : w->now_ms + QUESTION_MS,
    };
    pending_seal(w, &p, proof->secret, proof->refresh);
    enum err e = store_pending_delete_of(w->db, w->arena, w->fault, n->id, w->actor.user, p.kind);
    if (!e)
        e = store_pending_insert(w->db, w->arena, w->fault, &p);
    if (!e)
        *ret_confirm = confirm;
    return e;
}

enum err credentials_save(struct work *w, const struct credential_moment *moment,
                          const struct credential_found *found,
                          const struct credential_proof *proof, struct credential_row *ret_row,
                          str *ret_confirm, struct credential_row *ret_before)
{
    must(db_transaction_mode(w->db) == DB_WRITE);
    struct connection_row n = {0};
    struct credential_row *old = NULL;
    enum err e = reread(w, moment, &n, &old);
    if (!e)
        e = check_not_stopped(w, old);
    if (!e)
        e = check_proven_for(w, &n, found);
    if (e)
        return e;
    if (!old || same_identity(old, &found->identity))
        return replace(w, &n, old, found, proof, ret_row);
    e = ask(w, &n, old, found, proof, ret_confirm);
    if (!e)
        e = work_commit(w); /* the question must outlive the refusal that asks it */
    if (e)
        return e;
    *ret_before = *old;
    return work_fail(w, ERR_IDENTITY_CHANGED,
                     "This was %.*s on %.*s. What you entered is %.*s on %.*s. Shall it be"
                     " replaced?",
                     STR_ARG(str_utf8_cut(old->account_name, 60)),
                     STR_ARG(str_utf8_cut(old->site_url, 60)),
                     STR_ARG(str_utf8_cut(found->identity.account_name, 60)),
                     STR_ARG(str_utf8_cut(found->identity.site_url, 60)));
}

static enum err question_find(struct work *w, const struct connection_row *n, str confirm,
                              struct pending_row *ret, struct credential_row **ret_old)
{
    struct pending_row *p = NULL;
    struct credential_row *old = NULL;
    enum err e = store_pending_find(w->db, w->arena, w->fault, STR("identity"),
                                    work_hmac(w, VAULT_CONFIRM, confirm), &p);
    if (!e)
        e = store_credential_of(w->db, w->arena, w->fault, n->id, owner_for(w, n), &old);
    if (e)
        return e;
    if (!p || p->until <= w->now_ms || !str_eq(p->connection, n->id) ||
        !str_eq(p->user, w->actor.user) || !str_eq(p->session, w->actor.session) ||
        p->switch_counter != n->switch_counter || !old || old->generation != p->generation ||
        !str_eq(old->id, p->credential))
        return work_fail(w, ERR_CONFIRM_EXPIRED, "");
    *ret = *p;
    *ret_old = old;
    return ERR_OK;
}

enum err credentials_question(struct work *w, const struct connection_row *n, str confirm,
                              struct credential_found *ret_found, struct credential_row *ret_before)
{
    struct pending_row p = {0};
    struct credential_row *old = NULL;
    enum err e = question_find(w, n, confirm, &p, &old);
    if (!e)
        e = found_parse(w, p.found, ret_found);
    if (e)
        return e;
    must(old != NULL); /* a question is only asked about a row */
    *ret_before = *old;
    return ERR_OK;
}

enum err credentials_confirm(struct work *w, const struct connection_row *n, str confirm,
                             struct credential_row *ret_row)
{
    must(db_transaction_mode(w->db) == DB_WRITE);
    struct pending_row p = {0};
    struct credential_row *old = NULL;
    struct credential_found found = {0};
    int deleted = 0;
    enum err e = question_find(w, n, confirm, &p, &old);
    if (!e)
        e = found_parse(w, p.found, &found);
    if (!e)
        e = check_not_stopped(w, old);
    if (!e)
        e = check_proven_for(w, n, &found);
    if (!e)
        e = store_pending_delete(w->db, w->arena, w->fault, p.id, &deleted);
    if (e)
        return e;
    if (!deleted)
        return work_fail(w, ERR_CONFIRM_EXPIRED, "");
    if (n->shared && w->membership.role != PERMISSION_ROLE_ADMIN)
        return work_fail(w, ERR_NOT_APP_ADMIN, "An app admin has to connect this.");
    SECRET_AUTO struct secret secret = {0};
    SECRET_AUTO struct secret refresh = {0};
    must(old != NULL);
    e = pending_open(w, &p, &secret, &refresh);
    struct credential_proof proof = {&secret, p.sealed_refresh.p ? &refresh : NULL};
    return e ? e : replace(w, n, old, &found, &proof, ret_row);
}

/* --- ending and noting ------------------------------------------------------------------------ */

enum err credentials_disconnect(struct work *w, const struct connection_row *n)
{
    if (n->shared && w->membership.role != PERMISSION_ROLE_ADMIN)
        return work_fail(w, ERR_NOT_APP_ADMIN,
                         "Only an app admin can disconnect shared credentials.");
    struct credential_row *c = NULL;
    enum err e = store_credential_of(w->db, w->arena, w->fault, n->id, owner_for(w, n), &c);
    if (e)
        return e;
    if (!c || str_eq(c->status, STR("disconnected")))
        return work_fail(w, ERR_NOT_FOUND,
                         "There is nothing to disconnect: you are not connected.");
    if (n->shared) /* an own one its owner may always take back */
        e = stops_check_loss(
            w, &(struct stop_loss){.app = n->app, .connection = n->id, .credential = c->id});
    if (!e)
        e = store_pending_delete_of(w->db, w->arena, w->fault, n->id, w->actor.user, NONE);
    if (!e)
        e = store_credential_wipe(w->db, w->arena, w->fault, c->id, STR("disconnected"), NONE,
                                  w->now_ms);
    return e ? e : drop_grant(w, c, NONE);
}

/* --- who has connected ------------------------------------------------------------------------ */

enum err credentials_shared_person(struct work *w, const struct connection_row *n,
                                   struct connected_row **ret)
{
    return store_credential_shared_person(w->db, w->arena, w->fault, n->id, ret);
}

enum err credentials_people(struct work *w, const struct connection_row *n, str after,
                            struct connected_row **ret, size_t *ret_count, str *ret_next)
{
    struct connected_row *own = NULL, *common = NULL;
    size_t count = 0;
    enum err e = store_credentials_people(w->db, w->arena, w->fault, n->id, after,
                                          CREDENTIALS_PAGE + 1, &own, &count);
    if (!e && str_empty(after))
        e = credentials_shared_person(w, n, &common);
    if (e)
        return e;
    str next = NONE;
    if (count > CREDENTIALS_PAGE) {
        count = CREDENTIALS_PAGE;
        next = own[count - 1].sort_key;
    }
    struct connected_row *all = arena_alloc_array(w->arena, count + 1, sizeof(*all));
    size_t k = 0;
    if (common)
        all[k++] = *common;
    for (size_t i = 0; i < count; i++)
        all[k++] = own[i];
    *ret = all;
    *ret_count = k;
    *ret_next = next;
    return ERR_OK;
}

enum err credentials_grant_is_used_elsewhere(struct work *w, const struct credential_row *c,
                                             int *ret)
{
    int64_t uses = 0;
    if (!c->grant.p) {
        *ret = 0;
        return ERR_OK;
    }
    enum err e = store_grant_uses(w->db, w->arena, w->fault, c->grant, &uses);
    if (!e)
        *ret = uses > 1;
    return e;
}

enum err credentials_note_site(struct work *w, const struct provider_identity *who)
{
    struct site_row site = {who->site_id, who->site_url, who->site_name, w->now_ms};
    must(db_transaction_mode(w->db) == DB_WRITE);
    return store_site_save(w->db, w->arena, w->fault, &site);
}

enum err credentials_note(struct work *w, str credential, int64_t generation,
                          enum credential_word word, str why)
{
    must(db_transaction_mode(w->db) == DB_WRITE);
    static const str STATUS[] = {STR("connected"), STR("needs_reconnect"), STR("locked")};
    int saved = 0;
    return store_credential_checked(w->db, w->arena, w->fault, credential, generation, STATUS[word],
                                    word == CREDENTIAL_FINE ? (str){NULL, 0} : why, w->now_ms,
                                    &saved);
}
