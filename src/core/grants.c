/* OAuth grants; the invariants are in the header. */
#include "core/grants.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/id.h"
#include "core/oauth_clients.h"

#define GONE "This authorisation is no longer on file. Reconnect."

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

static enum err open_refresh(struct work *w, const struct grant_row *g, struct secret *ret)
{
    struct vault_binding binding = binding_of_refresh(w, g);

    if (vault_open(w->services->vault, w->fault, &binding, g->sealed_refresh, ret))
        return work_fail(w, ERR_NEEDS_RECONNECT,
                         "The stored authorisation cannot be opened. Reconnect; if that happens"
                         " again, tell the operator.");
    return ERR_OK;
}

static enum err open_access(struct work *w, const struct grant_row *g, struct secret *ret)
{
    struct vault_binding binding = binding_of_access(w, g);

    if (vault_open(w->services->vault, w->fault, &binding, g->sealed_access, ret))
        return work_fail(w, ERR_NEEDS_RECONNECT,
                         "The stored authorisation cannot be opened. Reconnect; if that happens"
                         " again, tell the operator.");
    return ERR_OK;
}

/* Seals both under the row's new generation; a kept refresh token is sealed anew with it. */
static enum err seal_and_save(struct work *w, struct grant_row *g,
                              const struct grant_tokens *tokens, const struct secret *kept)
{
    const struct secret *refresh =
        tokens->refresh && secret_is_set(tokens->refresh) ? tokens->refresh : kept;

    must(refresh != NULL && secret_is_set(refresh));
    g->generation++;
    g->scopes = tokens->scopes.n ? tokens->scopes : g->scopes;
    g->access_expires = tokens->access_expires;
    struct vault_binding access_binding = binding_of_access(w, g);
    struct vault_binding refresh_binding = binding_of_refresh(w, g);
    g->sealed_access = vault_seal(w->services->vault, w->arena, &access_binding, tokens->access);
    g->sealed_refresh = vault_seal(w->services->vault, w->arena, &refresh_binding, refresh);
    return store_grant_save(w->db, w->arena, w->fault, g);
}

enum err grant_save(struct work *w, str client_id, str account_id,
                    const struct grant_tokens *tokens, str *ret_id)
{
    struct grant_row *old = NULL;
    enum err e;

    must(db_transaction_mode(w->db) == DB_WRITE);
    if (!tokens->refresh || !secret_is_set(tokens->refresh))
        return work_fail(w, ERR_SCOPE_MISSING,
                         "Atlassian gave no refresh token, so this would end within the hour."
                         " Nothing was saved; please connect again.");
    e = store_grant_of(w->db, w->arena, w->fault, client_id, account_id, &old);
    if (e)
        return e;
    struct grant_row g = {.id = id_new(w->arena), .client_id = client_id, .account_id = account_id};
    if (old)
        g = *old;
    if (!g.scopes.p)
        g.scopes = STR("");
    g.granted = w->now_ms;
    g.refreshed = 0;
    e = seal_and_save(w, &g, tokens, NULL);
    if (!e && old)
        e = store_credentials_revive_grant(w->db, w->arena, w->fault, g.id, w->actor.user);
    if (!e)
        *ret_id = arena_str(w->arena, g.id);
    return e;
}

static enum err find(struct work *w, str grant, struct grant_row **ret)
{
    struct grant_row *g = NULL;
    enum err e = store_grant_find(w->db, w->arena, w->fault, grant, &g);

    if (e)
        return e;
    if (!g)
        return work_fail(w, ERR_NEEDS_RECONNECT, GONE);
    *ret = g;
    return ERR_OK;
}

enum err grant_access(struct work *w, str grant, struct secret *ret_access,
                      struct grant_row *ret_row)
{
    struct grant_row *g = NULL;
    enum err e = find(w, grant, &g);

    if (e)
        return e;
    must(g != NULL);
    e = open_access(w, g, ret_access);
    if (!e)
        *ret_row = *g;
    return e;
}

/* --- refreshing ------------------------------------------------------------------------------- */

/* Rule 9: a grant is refreshed only with the client that made it. */
static enum err open_client(struct work *w, const struct grant_row *g, str app, str connection,
                            struct provider_client *ret)
{
    struct connection_row n = {0};
    struct oauth_client client = {0};
    enum err e = store_connection_find(w->db, w->arena, w->fault, app, connection, &n);

    if (e == ERR_NOT_FOUND)
        return work_fail(w, ERR_NEEDS_RECONNECT, GONE);
    if (!e)
        e = oauth_client_of(w, &n, &client);
    if (e)
        return e;
    if (!str_eq(client.client_id, g->client_id))
        return work_fail(w, ERR_NEEDS_RECONNECT, "The OAuth client was changed. Reconnect.");
    return oauth_client_open(w, &client, ret);
}

enum err grant_refresh_begin(struct work *w, str grant, int64_t generation, str app, str connection,
                             struct grant_refresh *ret)
{
    struct grant_refresh r = {0};
    struct grant_row *g = NULL;
    enum err e = find(w, grant, &g);

    if (e)
        return e;
    must(g != NULL);
    r.generation = g->generation;
    r.fresh = g->generation != generation && g->access_expires > w->now_ms;
    if (r.fresh)
        e = open_access(w, g, &r.access);
    else
        e = open_refresh(w, g, &r.refresh);
    if (!e && !r.fresh)
        e = open_client(w, g, app, connection, &r.client);
    if (e) {
        secret_wipe(&r.access);
        secret_wipe(&r.refresh);
        return e;
    }
    *ret = r;
    return ERR_OK;
}

enum err grant_refresh_save(struct work *w, str grant, int64_t generation,
                            const struct provider_tokens *tokens, struct secret *ret_access,
                            int64_t *ret_generation)
{
    SECRET_AUTO struct secret kept = {0};
    struct grant_row *g = NULL;
    enum err e = work_write(w);

    if (!e)
        e = find(w, grant, &g);
    if (e)
        return e;
    must(g != NULL);
    if (g->generation == generation) {
        struct grant_tokens fresh = {&tokens->access, &tokens->refresh,
                                     grant_access_expires(w, tokens->expires_in_s), tokens->scopes};
        if (!secret_is_set(&tokens->refresh))
            e = open_refresh(w, g, &kept);
        g->refreshed = w->now_ms;
        if (!e)
            e = seal_and_save(w, g, &fresh, &kept);
    }
    if (!e)
        e = open_access(w, g, ret_access);
    if (!e)
        *ret_generation = g->generation;
    return e;
}

enum err grant_refresh_refused(struct work *w, str grant, int64_t generation, str why)
{
    struct grant_row *g = NULL;
    enum err e = work_write(w);

    if (!e)
        e = store_grant_find(w->db, w->arena, w->fault, grant, &g);
    if (e || !g || g->generation != generation)
        return e;
    return store_credentials_refuse_grant(w->db, w->arena, w->fault, grant, why);
}
