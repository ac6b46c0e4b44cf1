/* The life of a credential; states and invariants are in the header. */
#include "core/credentials.h"

#include <jansson.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/id.h"
#include "crypto/random.h"
#include "store/pending.h"

#define QUESTION_MS (10 * CLOCK_MINUTE_MS)

/* --- whose ------------------------------------------------------------------------------------ */

static struct effective effective_of(const struct work *w, const struct connection_row *n,
                                     const struct credential_row *own,
                                     const struct credential_row *common)
{
    struct decide_question q = {
        .connection = n,
        .user = w->actor.user,
        .user_active = w->actor.user.p != NULL,
        .user_in_app =
            w->membership.role != PERMISSION_ROLE_NONE && str_eq(w->membership.app, n->app),
        .user_is_app_admin = w->membership.role == PERMISSION_ROLE_ADMIN,
        .own = own,
        .common = common,
    };
    struct decide_answer answer = decide(&q);
    return (struct effective){answer.decision, n->shared ? common : own, answer.use};
}

enum err credentials_effective(struct work *w, const struct connection_row *n,
                               struct effective *ret)
{
    struct credential_row *own = NULL, *common = NULL;
    enum err e = store_credential_of(w->db, w->arena, w->fault, n->id, w->actor.user, &own);
    if (!e)
        e = store_credential_of(w->db, w->arena, w->fault, n->id, (str){NULL, 0}, &common);
    if (e)
        return e;
    *ret = effective_of(w, n, own, common);
    return ERR_OK;
}

enum err credentials_effective_all(struct work *w, const struct connection_row *rows, size_t count,
                                   struct effective **ret)
{
    struct credential_row *found = NULL;
    size_t n = 0;
    enum err e = store_credentials_of_app(w->db, w->arena, w->fault, w->membership.app,
                                          w->actor.user, &found, &n);
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
        all[i] = effective_of(w, &rows[i], own, common);
    }
    *ret = all;
    return ERR_OK;
}

enum err credentials_own(struct work *w, struct own_credential_row **ret, size_t *ret_count)
{
    return store_credentials_of_owner(w->db, w->arena, w->fault, w->actor.user, ret, ret_count);
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
        return work_fail(w, ERR_NEEDS_RECONNECT, "\"%.*s\" needs reconnecting: %.*s",
                         STR_ARG(str_utf8_cut(n->name, 120)),
                         STR_ARG(effective->row && effective->row->why.p
                                     ? effective->row->why
                                     : STR("what was entered is no longer in use.")));
    case DECISION_WAIT:
        return work_fail(w, ERR_CONNECTION_REQUIRED,
                         "An app admin has to connect \"%.*s\" before anybody can use it.",
                         STR_ARG(str_utf8_cut(n->name, 120)));
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
        .type = STR("jira_api"),
        .destination = arena_printf(a, "%.*s%.*s", STR_ARG(c->origin), STR_ARG(c->base_path)),
    };
}

enum err credentials_target(struct work *w, const struct credential_row *c,
                            struct provider_target *ret)
{
    must(c->sealed.p != NULL);
    struct vault_binding binding = binding_of(w->arena, c);
    struct secret secret = {0};
    enum err e = vault_open(w->services->vault, w->fault, &binding, c->sealed, &secret);
    if (e)
        return work_fail(w, ERR_INTERNAL,
                         "The stored API key cannot be opened. Reconnect; if that happens again,"
                         " tell the operator.");
    *ret = (struct provider_target){c->origin, c->base_path, c->username, secret};
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

static enum err replace(struct work *w, const struct connection_row *n,
                        const struct credential_row *old, const struct credential_found *found,
                        const struct secret *secret, struct credential_row *ret)
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
    struct vault_binding binding = binding_of(w->arena, &c);
    c.sealed = vault_seal(w->services->vault, w->arena, &binding, secret);
    e = store_credential_save(w->db, w->arena, w->fault, &c);
    if (!e)
        *ret = c;
    return e;
}

static int same_identity(const struct credential_row *old, const struct provider_identity *now)
{
    return str_eq(old->account_id, now->account_id) && str_eq(old->site_id, now->site_id);
}

/* Rule 9: what was entered for one address is not kept for a connection fixed to another since. */
static enum err check_fixed(struct work *w, const struct connection_row *n,
                            const struct credential_found *found)
{
    if (!n->base_url_fixed || str_eq(found->entered_origin, n->base_url))
        return ERR_OK;
    return work_fail(w, ERR_CONFLICT,
                     "An app admin has fixed the Base URL of this connection meanwhile. Nothing"
                     " was saved; please connect again.");
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
    return doc_print(a, o);
}

static enum err found_parse(struct work *w, str text, struct credential_found *ret)
{
    json_t *o = NULL;
    enum err e = doc_parse(w->arena, w->fault, text, &o);
    if (e)
        return e;
    struct credential_found found = {.expires = doc_get_int(o, "expires", 0)};
    for (size_t i = 0; i < FOUND_COUNT; i++) {
        str value = arena_str(w->arena, doc_get_str(o, FOUND_FIELDS[i].key));
        memcpy((char *)&found + FOUND_FIELDS[i].offset, &value, sizeof(value));
    }
    *ret = found;
    return ERR_OK;
}

static struct vault_binding binding_of_pending(const struct pending_row *p)
{
    return (struct vault_binding){
        .table = STR("pending_connects"),
        .row = p->id,
        .column = STR("sealed"),
        .generation = p->generation,
        .app = p->app,
        .connection = p->connection,
        .owner = p->user,
        .type = STR("jira_api"),
        .destination = p->found,
    };
}

static enum err ask(struct work *w, const struct connection_row *n,
                    const struct credential_row *old, const struct credential_found *found,
                    const struct secret *secret, str *ret_confirm)
{
    str confirm = random_token(w->arena);
    struct pending_row p = {
        .id = id_new(w->arena),
        .confirm_hmac = work_hmac(w, VAULT_CONFIRM, confirm),
        .app = n->app,
        .connection = n->id,
        .user = w->actor.user,
        .session = w->actor.session,
        .switch_counter = n->switch_counter,
        .generation = old->generation,
        .found = found_print(w->arena, found),
        .until = w->now_ms + QUESTION_MS,
    };
    struct vault_binding binding = binding_of_pending(&p);
    p.sealed = vault_seal(w->services->vault, w->arena, &binding, secret);
    enum err e = store_pending_delete_of(w->db, w->arena, w->fault, n->id, w->actor.user);
    if (!e)
        e = store_pending_insert(w->db, w->arena, w->fault, &p);
    if (!e)
        *ret_confirm = confirm;
    return e;
}

enum err credentials_save(struct work *w, const struct credential_moment *moment,
                          const struct credential_found *found, const struct secret *secret,
                          struct credential_row *ret_row, str *ret_confirm,
                          struct credential_row *ret_before)
{
    must(db_transaction_mode(w->db) == DB_WRITE);
    struct connection_row n = {0};
    struct credential_row *old = NULL;
    enum err e = reread(w, moment, &n, &old);
    if (!e)
        e = check_fixed(w, &n, found);
    if (e)
        return e;
    if (!old || same_identity(old, &found->identity))
        return replace(w, &n, old, found, secret, ret_row);
    e = ask(w, &n, old, found, secret, ret_confirm);
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
    struct pending_row p = {0};
    enum err e = store_pending_find(w->db, w->arena, w->fault, work_hmac(w, VAULT_CONFIRM, confirm),
                                    w->now_ms, &p);
    if (e == ERR_NOT_FOUND)
        return work_fail(w, ERR_CONFIRM_EXPIRED, "");
    if (e)
        return e;
    struct credential_row *old = NULL;
    e = store_credential_of(w->db, w->arena, w->fault, n->id, owner_for(w, n), &old);
    if (e)
        return e;
    if (!str_eq(p.connection, n->id) || !str_eq(p.user, w->actor.user) ||
        !str_eq(p.session, w->actor.session) || p.switch_counter != n->switch_counter || !old ||
        old->generation != p.generation)
        return work_fail(w, ERR_CONFIRM_EXPIRED, "");
    *ret = p;
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
        e = check_fixed(w, n, &found);
    if (!e)
        e = store_pending_delete(w->db, w->arena, w->fault, p.id, &deleted);
    if (e)
        return e;
    if (!deleted)
        return work_fail(w, ERR_CONFIRM_EXPIRED, "");
    if (n->shared && w->membership.role != PERMISSION_ROLE_ADMIN)
        return work_fail(w, ERR_NOT_APP_ADMIN, "An app admin has to connect this.");
    SECRET_AUTO struct secret secret = {0};
    must(old != NULL);
    struct vault_binding binding = binding_of_pending(&p);
    if (vault_open(w->services->vault, w->fault, &binding, p.sealed, &secret))
        return work_fail(w, ERR_CONFIRM_EXPIRED, "");
    return replace(w, n, old, &found, &secret, ret_row);
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
    e = store_pending_delete_of(w->db, w->arena, w->fault, n->id, w->actor.user);
    if (e)
        return e;
    return store_credential_wipe(w->db, w->arena, w->fault, c->id, STR("disconnected"),
                                 (str){NULL, 0});
}

enum err credentials_note(struct work *w, str credential, int64_t generation,
                          enum credential_word word, str why)
{
    must(db_transaction_mode(w->db) == DB_WRITE);
    int saved = 0;
    return store_credential_checked(
        w->db, w->arena, w->fault, credential, generation,
        word == CREDENTIAL_FINE ? STR("connected") : STR("needs_reconnect"),
        word == CREDENTIAL_FINE ? (str){NULL, 0} : why, w->now_ms, &saved);
}

enum err credentials_note_use(struct work *w, str credential)
{
    return store_credential_used(w->db, w->arena, w->fault, credential, w->now_ms);
}
