/* The rules of connections. See the header. */
#include "core/connections.h"

#include "base/check.h"
#include "base/id.h"
#include "core/names.h"
#include "core/oauth_clients.h"
#include "core/stops.h"
#include "store/credentials.h"
#include "store/pending.h"

static const struct connection_type TYPES[] = {
    {STR("jira_oauth2"), STR("Jira (OAuth2)"),
     STR("People sign in at Atlassian and choose a site. Nobody copies a key."), 1},
    {STR("jira_api"), STR("Jira (API)"),
     STR("People enter the Base URL of their site, their Username and an API key."), 0},
};

const struct connection_type *connection_types(size_t *ret_count)
{
    *ret_count = sizeof(TYPES) / sizeof(TYPES[0]);
    return TYPES;
}

const struct connection_type *connection_type_find(str type)
{
    for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++)
        if (str_eq(TYPES[i].type, type))
            return &TYPES[i];
    return NULL;
}

enum err connection_type_reason(struct work *w, const struct connection_type *type,
                                const struct connection_row *n, str *ret_reason)
{
    struct oauth_client client = {0};
    enum err e = oauth_client_of(w, n, &client);

    if (e)
        return e;
    if (!type->by_oauth || client.source != OAUTH_CLIENT_NONE)
        *ret_reason = STR("");
    else if (w->actor.workspace_admin)
        *ret_reason = STR("No OAuth client is set up yet. Do that in Settings.");
    else
        *ret_reason = STR("No OAuth client is set up yet. Ask a workspace admin to do that in"
                          " Settings.");
    return ERR_OK;
}

static enum err name_taken(struct work *w, enum err e)
{
    if (e != ERR_CONFLICT)
        return e;
    return work_fail(w, ERR_NAME_TAKEN,
                     "This app already has a connection of that name. Choose another one.");
}

/* In the transaction that adds one. */
static enum err check_room(struct work *w)
{
    struct connection_row *rows = NULL;
    size_t count = 0;
    enum err e = connections_list(w, &rows, &count);
    if (e || count < CONNECTIONS_MAX)
        return e;
    return work_fail(w, ERR_INVALID,
                     "An app can have %d connections at most. Delete one that nobody needs.",
                     CONNECTIONS_MAX);
}

enum err connection_create(struct work *w, str type, const struct connection_properties *properties,
                           struct connection_row *ret)
{
    const struct connection_type *t = connection_type_find(type);
    if (!t)
        return work_fail(w, ERR_INVALID, "Choose Jira (OAuth2) or Jira (API) as the type.");
    str reason = STR("");
    enum err e = connection_type_reason(w, t, NULL, &reason);
    if (e)
        return e;
    if (reason.n)
        return work_fail(w, ERR_TYPE_UNAVAILABLE, "%.*s", STR_ARG(reason));
    struct connection_row row = {
        .id = id_new(w->arena),
        .app = w->membership.app,
        .type = t->type,
        .name = properties->name,
        .base_url = properties->base_url,
        .base_url_fixed = properties->base_url.p && properties->base_url_fixed,
        .created = w->now_ms,
        .created_by = w->actor.user,
        .runners_may_request = properties->runners_may_request,
        .old_search = properties->old_search,
    };
    e = work_write(w);
    if (!e)
        e = check_room(w);
    if (!e)
        e = name_taken(w, store_connection_insert(w->db, w->arena, w->fault, &row,
                                                  name_key(w->arena, row.name)));
    if (!e)
        *ret = row;
    return e;
}

enum err connection_update(struct work *w, const struct connection_row *old,
                           const struct connection_properties *properties,
                           struct connection_row *ret, int64_t *ret_lost)
{
    struct connection_row row = *old;
    struct stop_row *kept = NULL;
    int64_t lost = 0;
    row.name = properties->name;
    row.base_url = properties->base_url;
    row.base_url_fixed = properties->base_url.p && properties->base_url_fixed;
    row.runners_may_request = properties->runners_may_request;
    row.old_search = properties->old_search;
    enum err e = work_write(w);
    if (!e)
        e = name_taken(w, store_connection_update(w->db, w->arena, w->fault, &row,
                                                  name_key(w->arena, row.name)));
    if (!e)
        e = stops_that_keep(w, &(struct stop_loss){.app = row.app, .connection = row.id}, &kept);
    if (!e && row.base_url_fixed)
        e = store_credentials_wipe_other_origin(
            w->db, w->arena, w->fault, row.id, row.base_url,
            STR("an app admin fixed the connection to another Base URL."), w->now_ms, &lost);
    if (!e && lost && kept)
        return stops_refuse_loss(w, kept);
    if (!e && lost)
        e = store_grants_drop_unused(w->db, w->arena, w->fault);
    if (e)
        return e;
    *ret = row;
    *ret_lost = lost;
    return ERR_OK;
}

/* --- Shared credentials ----------------------------------------------------------------------- */

static const char *people_are(int64_t n)
{
    return n == 1 ? "person is" : "people are";
}

static str switch_sentence(struct work *w, const struct connection_switch *s, int64_t members,
                           const struct connected_row *common)
{
    if (s->to_shared && s->credentials == 0)
        return STR(
            "Nobody has connected yet, so nothing is lost. From then on everybody runs on the"
            " credentials that an app admin enters; press Connect after this.");
    if (s->to_shared)
        return arena_printf(w->arena,
                            "%lld %s disconnected, and the credentials they entered for this"
                            " connection are erased. Nobody can use it until an app admin has"
                            " pressed Reconnect; from then on everybody runs on those credentials.",
                            (long long)s->credentials, people_are(s->credentials));
    if (s->credentials == 0)
        return STR("No shared credentials are stored, so nothing is lost. From then on each person"
                   " connects an account of their own.");
    return arena_printf(w->arena,
                        "The shared credentials of %.*s on %.*s are erased. %lld %s without a"
                        " connection until they have connected an account of their own.",
                        STR_ARG(common ? common->credential.account_name : STR("")),
                        STR_ARG(common ? common->credential.site_name : STR("")),
                        (long long)members, people_are(members));
}

enum err connection_switch_cost(struct work *w, const struct connection_row *row,
                                struct connection_switch *ret)
{
    struct connection_switch s = {.to_shared = !row->shared};
    struct connected_row *common = NULL;
    int64_t members = 0;
    enum err e =
        store_credentials_count(w->db, w->arena, w->fault, row->id, &s.credentials, &s.connected);

    if (!e)
        e = store_credential_shared_person(w->db, w->arena, w->fault, row->id, &common);
    if (!e)
        e = store_app_people(w->db, w->arena, w->fault, row->app, &members);
    if (e)
        return e;
    s.sentence = switch_sentence(w, &s, members, common);
    *ret = s;
    return ERR_OK;
}

static enum err wipe_all(struct work *w, const struct connection_row *row)
{
    int64_t wiped = 0;
    enum err e =
        store_credentials_wipe_connection(w->db, w->arena, w->fault, row->id,
                                          row->shared ? STR("Shared credentials were switched off.")
                                                      : STR("Shared credentials were switched on."),
                                          w->now_ms, &wiped);

    if (!e && wiped)
        e = store_grants_drop_unused(w->db, w->arena, w->fault);
    if (!e)
        e = store_pending_delete_of_connection(w->db, w->arena, w->fault, row->id);
    return e;
}

enum err connection_switch(struct work *w, const struct connection_row *old, int shared,
                           int64_t confirm_lost, struct connection_row *ret,
                           struct connection_switch *ret_cost)
{
    struct connection_row row = {0};
    struct connection_switch cost = {0};
    enum err e = work_write(w);

    if (!e)
        e = store_connection_find(w->db, w->arena, w->fault, old->app, old->id, &row);
    if (e)
        return e;
    if (!row.shared == !shared) {
        *ret = row;
        *ret_cost = cost;
        return ERR_OK;
    }
    e = stops_check_loss(w, &(struct stop_loss){.app = row.app, .connection = row.id});
    if (!e)
        e = connection_switch_cost(w, &row, &cost);
    if (e)
        return e;
    *ret_cost = cost;
    if (cost.credentials > confirm_lost)
        return work_fail(w, ERR_CONFIRM_REQUIRED, "%.*s Confirm that to go on.",
                         STR_ARG(cost.sentence));
    e = wipe_all(w, &row);
    row.shared = shared != 0;
    row.switch_counter++;
    if (!e)
        e = store_connection_switch(w->db, w->arena, w->fault, row.id, row.shared,
                                    row.switch_counter);
    if (!e)
        *ret = row;
    return e;
}

/* --- the end ---------------------------------------------------------------------------------- */

enum err connection_delete(struct work *w, const struct connection_row *row)
{
    enum err e = work_write(w);

    if (!e)
        e = stops_check_loss(w, &(struct stop_loss){.app = row->app, .connection = row->id});
    if (!e)
        e = store_connection_delete(w->db, w->arena, w->fault, row->app, row->id);
    return e ? e : store_grants_drop_unused(w->db, w->arena, w->fault);
}

enum err connection_find(struct work *w, str id, struct connection_row *ret)
{
    return store_connection_find(w->db, w->arena, w->fault, w->membership.app, id, ret);
}

enum err connection_find_named(struct work *w, str id_or_name, struct connection_row *ret)
{
    return store_connection_find_named(w->db, w->arena, w->fault, w->membership.app, id_or_name,
                                       name_key(w->arena, id_or_name), ret);
}

enum err connection_permits_requests(struct work *w, const struct connection_row *n)
{
    int by_admins = w->membership.role == PERMISSION_ROLE_ADMIN ||
                    (w->actor.key && !w->actor.user.p); /* a key that admins made */

    if (!n->shared || n->runners_may_request || by_admins)
        return ERR_OK;
    return work_fail(w, ERR_BLOCKED_BY_POLICY,
                     "Requests of one's own on shared credentials are for app admins. Ask one of"
                     " the app's admins to run it, or to allow this in the properties of \"%.*s\".",
                     STR_ARG(str_utf8_cut(n->name, 120)));
}

enum err connections_list(struct work *w, struct connection_row **ret, size_t *ret_count)
{
    return store_connections_list(w->db, w->arena, w->fault, w->membership.app, ret, ret_count);
}

enum err connection_cost(struct work *w, str id, int64_t *ret_credentials, int64_t *ret_people)
{
    must(id.p != NULL);
    return store_credentials_cost(w->db, w->arena, w->fault, w->membership.app, id, ret_credentials,
                                  ret_people);
}

enum err connections_cost(struct work *w, int64_t *ret_credentials, int64_t *ret_people)
{
    return store_credentials_cost(w->db, w->arena, w->fault, w->membership.app, (str){NULL, 0},
                                  ret_credentials, ret_people);
}

enum err connections_todo(struct work *w, str app, int64_t *ret)
{
    return store_connections_todo(w->db, w->arena, w->fault, app, w->actor.user, ret);
}
