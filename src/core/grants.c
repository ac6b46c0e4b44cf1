/* OAuth grants; the invariants are in the header. */
#include "core/grants.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/id.h"
#include "core/grants_int.h"
#include "crypto/random.h"
#include "store/journal.h"
#include "store/renewals.h"

int64_t grant_access_expires(const struct work *w, int64_t expires_in_s)
{
    return w->now_ms + (expires_in_s ? expires_in_s : 3600) * CLOCK_SECOND_MS;
}

static struct vault_binding binding_of(const struct work *w, const struct grant_row *g, str column,
                                       str destination)
{
    return (struct vault_binding){
        .table = STR("oauth_grants"),
        .row = g->id,
        .column = column,
        .generation = g->generation,
        .owner = g->account_id,
        .type = g->client_id,
        .destination = arena_printf(w->arena, "%.*s", STR_ARG(destination)),
    };
}

static struct vault_binding binding_of_access(const struct work *w, const struct grant_row *g)
{
    return binding_of(w, g, STR("sealed_access"), w->services->provider->gateway);
}

static struct vault_binding binding_of_refresh(const struct work *w, const struct grant_row *g)
{
    return binding_of(w, g, STR("sealed_refresh"), w->services->provider->auth_origin);
}

static enum err open_sealed(struct work *w, const struct vault_binding *binding, str sealed,
                            struct secret *ret)
{
    if (vault_open(w->services->vault, w->fault, binding, sealed, ret))
        return work_fail(w, ERR_NEEDS_RECONNECT,
                         "The stored authorisation cannot be opened. Reconnect; if that happens"
                         " again, tell the operator.");
    return ERR_OK;
}

enum err grant_open_refresh(struct work *w, const struct grant_row *g, struct secret *ret)
{
    struct vault_binding binding = binding_of_refresh(w, g);

    return open_sealed(w, &binding, g->sealed_refresh, ret);
}

enum err grant_open_access(struct work *w, const struct grant_row *g, struct secret *ret)
{
    struct vault_binding binding = binding_of_access(w, g);

    return open_sealed(w, &binding, g->sealed_access, ret);
}

/* Spread over a day, so that what was made together is not refreshed together. */
static int64_t keep_at(const struct work *w)
{
    uint32_t part;

    random_bytes(&part, sizeof(part));
    return w->now_ms + GRANT_KEEP_MS + (int64_t)(part % (uint32_t)CLOCK_DAY_MS);
}

enum err grant_seal_and_save(struct work *w, struct grant_row *g, const struct grant_tokens *tokens,
                             const struct secret *kept)
{
    const struct secret *refresh =
        tokens->refresh && secret_is_set(tokens->refresh) ? tokens->refresh : kept;

    must(refresh != NULL && secret_is_set(refresh));
    g->generation++;
    g->scopes = tokens->scopes.n ? tokens->scopes : g->scopes;
    g->access_expires = tokens->access_expires;
    g->keep_at = keep_at(w);
    g->failures = g->failing_since = g->next_try = 0;
    g->last_class = g->last_error = (str){NULL, 0};
    struct vault_binding access_binding = binding_of_access(w, g);
    struct vault_binding refresh_binding = binding_of_refresh(w, g);
    g->sealed_access = vault_seal(w->services->vault, w->arena, &access_binding, tokens->access);
    g->sealed_refresh = vault_seal(w->services->vault, w->arena, &refresh_binding, refresh);
    enum err e = store_grant_save(w->db, w->arena, w->fault, g);
    return e ? e : store_journal_settle(w->db, w->arena, w->fault, g->id);
}

/* --- to be renewed ---------------------------------------------------------------------------- */

enum err grant_consent_begins(struct work *w, struct grant_consent *c)
{
    must(db_transaction_mode(w->db) == DB_WRITE);
    enum err e = db_clock_ms(w->db, w->arena, w->fault, &c->claimed);
    struct renewal_row row = {c->id, c->client_id, c->claimed + GRANT_RENEW_AFTER_MS};

    return e ? e : store_renewals_add_of_user(w->db, w->arena, w->fault, &row, w->actor.user);
}

static enum err add_known(struct work *w, const struct renewal_row *row, str account_id)
{
    if (str_empty(account_id))
        return store_renewals_add_of_user(w->db, w->arena, w->fault, row, w->actor.user);
    enum err e = store_renewals_keep_account(w->db, w->arena, w->fault, row->consent, account_id);
    return e ? e : store_renewals_add_of_account(w->db, w->arena, w->fault, row, account_id);
}

/* An exchange that took longer than it can (the process was stopped) may have come after a refresh
 * at the time that was set: then once more. */
enum err grant_consent_happened(struct work *w, const struct grant_consent *c, str account_id)
{
    struct work own = *w; /* acts for the same user, and asks nobody whether it may */
    int64_t now = 0;
    enum err e = db_clock_ms(w->db, w->arena, w->fault, &now);
    struct renewal_row row = {c->id, c->client_id, c->claimed + GRANT_RENEW_AFTER_MS};

    own.authorize = NULL;
    if (e || (str_empty(account_id) && now < row.due))
        return e;
    row.due = row.due < now ? now : row.due;
    e = work_write(&own);
    if (!e)
        e = add_known(&own, &row, account_id);
    return e ? e : work_commit(&own);
}

/* What is on file now is the consent's own: what happened before it began counts no more. */
static enum err renewed_by(struct work *w, str grant, const struct grant_consent *c)
{
    int64_t now = 0;
    enum err e = ERR_OK;

    if (!c) {
        e = db_clock_ms(w->db, w->arena, w->fault, &now);
        return e ? e : store_renewal_add(w->db, w->arena, w->fault, grant, id_new(w->arena), now);
    }
    e = store_renewal_delete(w->db, w->arena, w->fault, grant, c->id);
    return e ? e : store_renewals_settle(w->db, w->arena, w->fault, grant, c->claimed);
}

/* --- consents --------------------------------------------------------------------------------- */

/* One of the words, separated by spaces. */
static int has_word(str words, str one)
{
    while (words.n) {
        if (str_eq(str_take_until(&words, ' '), one))
            return 1;
    }
    return 0;
}

/* Whether the new tokens reach what else stands on this grant. */
static enum err serves_others(struct work *w, const struct grant_row *g,
                              const struct grant_reach *reach, int *ret)
{
    str *sites = NULL;
    size_t count = 0;
    enum err e =
        store_grant_sites(w->db, w->arena, w->fault, g->id, reach->credential, &sites, &count);

    if (e)
        return e;
    *ret = 1;
    for (size_t i = 0; i < count && reach->sites.n; i++)
        *ret = *ret && has_word(reach->sites, sites[i]);
    return ERR_OK;
}

/* The grant whose tokens a consent replaces, else a new one, for one site when there is one already
 * that the tokens do not serve. */
static enum err grant_for(struct work *w, str client_id, str account_id,
                          const struct grant_reach *reach, struct grant_row *ret)
{
    struct grant_row *rows = NULL;
    size_t count = 0;
    int narrow = 0;
    enum err e = store_grants_of(w->db, w->arena, w->fault, client_id, account_id, &rows, &count);

    for (size_t i = 0; !e && i < count; i++) {
        int serves = str_eq(rows[i].site_id, reach->site);
        if (rows[i].site_id.n == 0)
            e = serves_others(w, &rows[i], reach, &serves);
        narrow |= rows[i].site_id.n == 0 && !serves;
        if (!e && serves) {
            *ret = rows[i];
            return ERR_OK;
        }
    }
    *ret = (struct grant_row){.id = id_new(w->arena),
                              .client_id = client_id,
                              .account_id = account_id,
                              .site_id = narrow ? reach->site : STR(""),
                              .scopes = STR("")};
    return e;
}

static enum err find_lost(struct work *w, const struct grant_row *g,
                          const struct grant_reach *reach, str scopes, str *ret)
{
    str *sites = NULL; /* of others; more is not asked for */
    size_t others = 0;
    str held = g->scopes, lost = STR("");
    enum err e =
        store_grant_sites(w->db, w->arena, w->fault, g->id, reach->credential, &sites, &others);

    while (!e && others && scopes.n && held.n) {
        str one = str_take_until(&held, ' ');
        if (one.n && !has_word(scopes, one) && !str_eq(one, STR("offline_access")))
            lost = arena_printf(w->arena, "%.*s%s%.*s", STR_ARG(lost), lost.n ? ", " : "",
                                STR_ARG(one));
    }
    *ret = lost;
    return e;
}

enum err grant_save(struct work *w, str client_id, str account_id, const struct grant_reach *reach,
                    const struct grant_tokens *tokens, str *ret_id, str *ret_lost)
{
    struct grant_row g = {0};

    must(db_transaction_mode(w->db) == DB_WRITE);
    if (!tokens->refresh || !secret_is_set(tokens->refresh))
        return work_fail(w, ERR_SCOPE_MISSING,
                         "Atlassian gave no refresh token, so this would end within the hour."
                         " Nothing was saved; please connect again.");
    enum err e = grant_for(w, client_id, account_id, reach, &g);
    if (!e)
        e = find_lost(w, &g, reach, tokens->scopes, ret_lost);
    if (e)
        return e;
    g.granted = w->now_ms;
    g.refreshed = 0;
    e = grant_seal_and_save(w, &g, tokens, NULL);
    if (!e)
        e = renewed_by(w, g.id, reach->consent);
    if (!e)
        e = store_credentials_revive_grant(w->db, w->arena, w->fault, g.id, w->actor.user,
                                           w->now_ms);
    if (!e)
        *ret_id = arena_str(w->arena, g.id);
    return e;
}

enum err grant_find(struct work *w, str grant, struct grant_row **ret)
{
    struct grant_row *g = NULL;
    enum err e = store_grant_find(w->db, w->arena, w->fault, grant, &g);

    if (e)
        return e;
    if (!g)
        return work_fail(w, ERR_NEEDS_RECONNECT, GRANT_GONE);
    *ret = g;
    return ERR_OK;
}

enum err grant_access(struct work *w, str grant, struct secret *ret_access,
                      struct grant_row *ret_row)
{
    struct grant_row *g = NULL;
    enum err e = grant_find(w, grant, &g);

    if (e)
        return e;
    must(g != NULL);
    e = grant_open_access(w, g, ret_access);
    if (!e)
        *ret_row = *g;
    return e;
}
