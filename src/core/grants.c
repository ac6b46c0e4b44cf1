/* OAuth grants; the invariants are in the header. */
#include "core/grants.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/id.h"
#include "core/grants_int.h"
#include "core/scopes_lost.h"
#include "crypto/random.h"
#include "store/journal.h"

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

/* --- consents --------------------------------------------------------------------------------- */

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
        *ret = *ret && str_has_word(reach->sites, sites[i]);
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
        e = scopes_lost_note(w, &g, reach->credential, tokens->scopes, ret_lost);
    if (e)
        return e;
    g.granted = w->now_ms;
    g.refreshed = 0;
    e = grant_seal_and_save(w, &g, tokens, NULL);
    if (!e)
        e = consent_saved(w, g.id, reach->consent);
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
