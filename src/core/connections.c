/* The rules of connections. See the header. */
#include "core/connections.h"

#include "base/check.h"
#include "base/id.h"
#include "core/names.h"
#include "store/credentials.h"

static const struct connection_type TYPES[] = {
    {STR("jira_oauth2"), STR("Jira (OAuth2)"),
     STR("People sign in at Atlassian and choose a site. Nobody copies a key."), 0,
     STR("This version of Mortise cannot connect by OAuth2 yet. Use Jira (API).")},
    {STR("jira_api"), STR("Jira (API)"),
     STR("People enter the Base URL of their site, their Username and an API key."), 1, STR("")},
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
    if (!t->available)
        return work_fail(w, ERR_TYPE_UNAVAILABLE, "%.*s", STR_ARG(t->reason));
    struct connection_row row = {
        .id = id_new(w->arena),
        .app = w->membership.app,
        .type = t->type,
        .name = properties->name,
        .base_url = properties->base_url,
        .base_url_fixed = properties->base_url.p && properties->base_url_fixed,
        .created = w->now_ms,
        .created_by = w->actor.user,
    };
    enum err e = work_write(w);
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
    int64_t lost = 0;
    row.name = properties->name;
    row.base_url = properties->base_url;
    row.base_url_fixed = properties->base_url.p && properties->base_url_fixed;
    enum err e = work_write(w);
    if (!e)
        e = name_taken(w, store_connection_update(w->db, w->arena, w->fault, &row,
                                                  name_key(w->arena, row.name)));
    if (!e && row.base_url_fixed)
        e = store_credentials_wipe_other_origin(
            w->db, w->arena, w->fault, row.id, row.base_url,
            STR("an app admin fixed the connection to another Base URL."), &lost);
    if (e)
        return e;
    *ret = row;
    *ret_lost = lost;
    return ERR_OK;
}

enum err connection_delete(struct work *w, const struct connection_row *row)
{
    enum err e = work_write(w);
    return e ? e : store_connection_delete(w->db, w->arena, w->fault, row->app, row->id);
}

enum err connection_find(struct work *w, str id, struct connection_row *ret)
{
    return store_connection_find(w->db, w->arena, w->fault, w->membership.app, id, ret);
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
