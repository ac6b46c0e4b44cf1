/* A connection as one caller sees it. The table of product.md section 3 (what a row shows) is here:
 * states, sentences, which control is offered. Makes documents only; decides nothing.
 */
#include "resources/connection_doc.h"

#include "base/clock.h"
#include "base/doc.h"
#include "core/connections.h"
#include "core/settings.h"
#include "resources/app_doc.h"

#define SOON_MS (14 * CLOCK_DAY_MS)

enum err connection_of_path(struct exchange *x, struct connection_row *ret,
                            struct effective *ret_effective)
{
    enum err e = connection_find(x->work, x->params[1], ret);
    return e ? e : credentials_effective(x->work, ret, ret_effective);
}

str connection_connect_url(struct exchange *x, str connection)
{
    return arena_printf(x->arena, "%.*s%.*s/%.*s/connect",
                        STR_ARG(x->work->services->settings->public_url),
                        STR_ARG(app_doc_path(x, "/connections")), STR_ARG(connection));
}

struct look {
    const char *state;
    const char *connect_label;
    int can_connect;
    int can_manage;
};

/* Runners of a shared connection see its state and no control. */
static struct look look_of(const struct connection_row *n, const struct effective *e, int admin)
{
    int mine = !n->shared || admin;
    switch (e->decision) {
    case DECISION_USE:
        return (struct look){"connected", "Reconnect", mine, mine};
    case DECISION_CONNECT:
        return (struct look){"not_connected", "Connect", 1, 0};
    case DECISION_RECONNECT:
        return (struct look){"needs_reconnect", "Reconnect", 1, e->row && e->row->sealed.p};
    case DECISION_WAIT:
        return (struct look){"waiting", "Connect", 0, 0};
    case DECISION_NO_ACCESS:
        break;
    }
    return (struct look){"suspended", "Connect", 0, 0};
}

static str date_of(struct arena *a, int64_t ms)
{
    char text[25];
    clock_format(ms, text);
    return arena_str(a, (str){text, 10});
}

static str connected_sentence(struct exchange *x, const struct connection_row *n,
                              const struct credential_row *c, int64_t now_ms)
{
    str note = STR("");
    if (c->expires && c->expires < now_ms)
        note = arena_printf(x->arena, " · The API key was noted to expire on %.*s",
                            STR_ARG(date_of(x->arena, c->expires)));
    else if (c->expires)
        note = arena_printf(x->arena, " · Expires on %.*s", STR_ARG(date_of(x->arena, c->expires)));
    return arena_printf(x->arena, "Connected%s as %.*s on %.*s%.*s", n->shared ? " (shared)" : "",
                        STR_ARG(c->account_name), STR_ARG(c->site_name), STR_ARG(note));
}

static str sentence_of(struct exchange *x, const struct connection_row *n,
                       const struct effective *e, int64_t now_ms)
{
    switch (e->decision) {
    case DECISION_USE:
        return connected_sentence(x, n, e->row, now_ms);
    case DECISION_CONNECT:
        return STR("Not connected");
    case DECISION_RECONNECT:
        return arena_printf(x->arena, "Needs reconnecting: %.*s",
                            STR_ARG(e->row && e->row->why.p
                                        ? e->row->why
                                        : STR("what was entered is no longer in use.")));
    case DECISION_WAIT:
        return STR("An app admin has to connect this");
    case DECISION_NO_ACCESS:
        break;
    }
    return STR("Suspended: you no longer have this app. If you get it back within 30 days, this"
               " works again.");
}

static json_t *is_doc(struct exchange *x, const struct connection_row *n, const char *state)
{
    static const char *const STATES[] = {"not_connected", "connected", "needs_reconnect",
                                         "suspended", "waiting"};
    json_t *is = doc_object(x->arena);
    for (size_t i = 0; i < sizeof(STATES) / sizeof(STATES[0]); i++)
        doc_set_bool(is, STATES[i], strcmp(STATES[i], state) == 0);
    doc_set_bool(is, "jira_api", str_eq(n->type, STR("jira_api")));
    doc_set_bool(is, "jira_oauth2", str_eq(n->type, STR("jira_oauth2")));
    return is;
}

static const str NONE = {NULL, 0};

static void add_credential(json_t *doc, const struct credential_row *c, int64_t now_ms)
{
    int known = c && c->status.p && !str_eq(c->status, STR("disconnected"));
    doc_set_str(doc, "why", known ? c->why : NONE);
    doc_set_str(doc, "account", known ? c->account_name : NONE);
    doc_set_str(doc, "account_email", known ? c->username : NONE);
    doc_set_str(doc, "site", known ? c->site_name : NONE);
    doc_set_str(doc, "site_url", known ? c->site_url : NONE);
    doc_set_time(doc, "expires", known ? c->expires : 0);
    doc_set_bool(doc, "expires_soon", known && c->expires && c->expires < now_ms + SOON_MS);
    doc_set_time(doc, "last_used", known ? c->last_used : 0);
    doc_set_time(doc, "since", known ? c->since : 0);
}

static json_t *doc_of(struct exchange *x, str app_slug, const struct connection_row *n,
                      const struct effective *e, int admin)
{
    const struct connection_type *type = connection_type_find(n->type);
    struct look look = look_of(n, e, admin);
    int64_t now_ms = x->work->now_ms;
    json_t *doc = doc_object(x->arena);
    doc_set_str(doc, "id", n->id);
    doc_set_str(doc, "app_slug", app_slug);
    doc_set_str(doc, "name", n->name);
    doc_set_str(doc, "type", n->type);
    doc_set_str(doc, "type_label", type ? type->label : n->type);
    doc_set_bool(doc, "shared", n->shared);
    doc_set_str(doc, "base_url", n->base_url);
    doc_set_bool(doc, "base_url_fixed", n->base_url_fixed);
    doc_set_cstring(doc, "state", look.state);
    doc_set_bool(doc, "connected", e->decision == DECISION_USE);
    doc_set_str(doc, "status", sentence_of(x, n, e, now_ms));
    add_credential(doc, e->row, now_ms);
    doc_set_bool(doc, "can_connect", look.can_connect);
    doc_set_cstring(doc, "connect_label", look.connect_label);
    doc_set_bool(doc, "can_manage", look.can_manage);
    doc_set(doc, "is", is_doc(x, n, look.state));
    return doc;
}

json_t *connection_doc(struct exchange *x, const struct connection_row *n,
                       const struct effective *e)
{
    return doc_of(x, x->work->membership.slug, n, e,
                  x->work->membership.role == PERMISSION_ROLE_ADMIN);
}

json_t *connection_doc_own(struct exchange *x, const struct own_credential_row *row)
{
    const struct credential_row *c = &row->credential;
    struct connection_row n = {
        .id = c->connection,
        .app = c->app,
        .type = row->connection_type,
        .name = row->connection_name,
        .base_url = row->connection_base_url,
        .base_url_fixed = row->connection_base_url_fixed,
        .shared = 0, /* the list is of own credentials: it shows what became of each */
        .switch_counter = row->connection_switch_counter,
    };
    struct decide_question q = {
        .connection = &n,
        .user = c->owner,
        .user_active = 1,
        .user_in_app = row->has_access,
        .own = c,
    };
    struct decide_answer answer = decide(&q);
    struct effective e = {answer.decision, c, answer.use};
    json_t *doc = doc_of(x, row->app_slug, &n, &e, 0);
    json_t *app = doc_object(x->arena);
    doc_set_str(app, "slug", row->app_slug);
    doc_set_str(app, "name", row->app_name);
    doc_set(doc, "app", app);
    doc_set_bool(doc, "shared", row->connection_shared);
    return doc;
}

enum err connections_doc_list(struct exchange *x, json_t **ret)
{
    struct connection_row *rows = NULL;
    struct effective *effective = NULL;
    size_t count = 0;
    enum err e = connections_list(x->work, &rows, &count);
    if (!e)
        e = credentials_effective_all(x->work, rows, count, &effective);
    if (e)
        return e;
    json_t *list = doc_array(x->arena);
    for (size_t i = 0; i < count; i++)
        doc_append(list, connection_doc(x, &rows[i], &effective[i]));
    *ret = list;
    return ERR_OK;
}

enum err connections_delete_cost(struct exchange *x, json_t **ret)
{
    struct connection_row *rows = NULL;
    size_t count = 0;
    int64_t credentials = 0, people = 0;
    enum err e = connections_list(x->work, &rows, &count);
    if (!e)
        e = connections_cost(x->work, &credentials, &people);
    if (e)
        return e;
    json_t *cost = doc_object(x->arena);
    doc_set_int(cost, "connections", (int64_t)count);
    doc_set_int(cost, "credentials", credentials);
    doc_set_int(cost, "people", people);
    *ret = cost;
    return ERR_OK;
}
