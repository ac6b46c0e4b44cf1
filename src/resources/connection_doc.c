/* A connection as one caller sees it. The table of product.md section 3 (what a row shows) is here:
 * states, sentences, which control is offered. Makes documents only; decides nothing.
 */
#include "resources/connection_doc.h"

#include "base/clock.h"
#include "base/doc.h"
#include "core/authorize.h"
#include "core/connections.h"
#include "core/oauth_clients.h"
#include "core/settings.h"
#include "core/stops.h"
#include "resources/app_doc.h"
#include "resources/connection_health.h"

static const str NONE = {NULL, 0};

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

/* What a document is made from. */
struct view {
    str app_slug;
    const struct connection_row *n;
    const struct connection_type *type;
    const struct effective *effective;
    int admin;
    int switched; /* to shared, and nobody has connected since */
    int retired;  /* an own credential of a connection that is shared now */
    struct oauth_client client;
    struct authorize_unfinished unfinished; /* began == 0: none */
    const struct connected_row *person;     /* who entered the shared one, for app admins */
};

struct look {
    const char *state;
    const char *connect_label;
    int can_connect;
    int can_manage;
};

/* Not so for runners of a shared connection, who see its state and no control. */
static int is_theirs(const struct view *v)
{
    return !v->n->shared || v->admin;
}

static struct look look_of(const struct view *v)
{
    int mine = is_theirs(v);
    if (v->retired)
        return (struct look){"waiting", "Connect", 0, 0};
    switch (v->effective->decision) {
    case DECISION_USE:
        return (struct look){"connected", "Reconnect", mine, mine};
    case DECISION_CONNECT:
        if (v->switched)
            return (struct look){"needs_reconnect", "Reconnect", 1, 0};
        return (struct look){"not_connected", "Connect", 1, 0};
    case DECISION_RECONNECT:
        return (struct look){"needs_reconnect", "Reconnect", 1, 1};
    case DECISION_WAIT:
        return (struct look){"waiting", "Connect", 0, 0};
    case DECISION_STOPPED:
        return (struct look){"stopped", "Connect", 0, 0};
    case DECISION_NO_ACCESS:
        break;
    }
    return (struct look){"suspended", "Connect", 0, 0};
}

static str connected_sentence(struct exchange *x, const struct connection_row *n,
                              const struct credential_row *c)
{
    return arena_printf(x->arena, "Connected%s as %.*s on %.*s", n->shared ? " (shared)" : "",
                        STR_ARG(c->account_name), STR_ARG(c->site_name));
}

static str sentence_of(struct exchange *x, const struct view *v)
{
    const struct effective *e = v->effective;
    if (v->retired)
        return STR("Out of use: this connection has Shared credentials now");
    switch (e->decision) {
    case DECISION_USE:
        return connected_sentence(x, v->n, e->row);
    case DECISION_CONNECT:
        return v->switched ? STR("Needs reconnecting: Shared credentials were switched on.")
                           : STR("Not connected");
    case DECISION_RECONNECT:
        return arena_printf(x->arena, "%s: %.*s", e->locked ? "Locked" : "Needs reconnecting",
                            STR_ARG(credentials_why(e->row, v->client.client_id)));
    case DECISION_WAIT:
        return STR("An app admin has to connect this");
    case DECISION_STOPPED:
        return stops_sentence(x->arena, &e->stop);
    case DECISION_NO_ACCESS:
        break;
    }
    return STR("Suspended: you no longer have this app. If you get it back within 30 days, this"
               " works again.");
}

static json_t *is_doc(struct exchange *x, const struct connection_row *n, const char *state)
{
    static const char *const STATES[] = {"not_connected", "connected", "needs_reconnect",
                                         "suspended",     "waiting",   "stopped"};
    json_t *is = doc_object(x->arena);
    for (size_t i = 0; i < sizeof(STATES) / sizeof(STATES[0]); i++)
        doc_set_bool(is, STATES[i], strcmp(STATES[i], state) == 0);
    doc_set_bool(is, "jira_api", str_eq(n->type, STR("jira_api")));
    doc_set_bool(is, "jira_oauth2", str_eq(n->type, STR("jira_oauth2")));
    return is;
}

/* theirs: with the account's e-mail (with Jira (API) it is half of what one signs in with), the
 * day an API key expires, and why it is out of use. */
static void add_credential(json_t *doc, const struct credential_row *c, int theirs)
{
    int64_t expires = c && theirs ? c->expires : 0;
    int known = c && c->status.p && !str_eq(c->status, STR("disconnected"));
    doc_set_str(doc, "why", known && theirs ? c->why : NONE);
    doc_set_str(doc, "account", known ? c->account_name : NONE);
    doc_set_str(doc, "account_email", known && theirs ? c->username : NONE);
    doc_set_str(doc, "site", known ? c->site_name : NONE);
    doc_set_str(doc, "site_url", known ? c->site_url : NONE);
    doc_set_time(doc, "expires", known ? expires : 0);
    doc_set_time(doc, "last_used", known ? c->last_used : 0);
    doc_set_time(doc, "since", known ? c->since : 0);
}

/* --- facts that only some connections have ---------------------------------------------------- */

static const char *source_name(const struct view *v)
{
    if (!v->type || !v->type->by_oauth)
        return NULL;
    switch (v->client.source) {
    case OAUTH_CLIENT_NONE:
        break;
    case OAUTH_CLIENT_OWN:
        return "own";
    case OAUTH_CLIENT_WORKSPACE:
        return "workspace";
    case OAUTH_CLIENT_ENVIRONMENT:
        return "environment";
    }
    return NULL;
}

static const char *unfinished_sentence(const struct authorize_unfinished *u)
{
    if (!u->outcome.p)
        return u->expired ? "You left for Atlassian and did not come back in time."
                          : "You left for Atlassian and have not come back.";
    if (str_eq(u->outcome, str_from(err_code(ERR_CHOOSE_SITE))))
        return "You came back from Atlassian and did not choose a site.";
    if (str_eq(u->outcome, str_from(err_code(ERR_IDENTITY_CHANGED))))
        return "You came back from Atlassian as another account or with another site than before,"
               " and did not say that it shall replace the old one.";
    if (str_eq(u->outcome, str_from(err_code(ERR_DECLINED))))
        return "You came back from Atlassian without having accepted.";
    for (int e = ERR_OK + 1; e < ERR_COUNT; e++)
        if (str_eq(u->outcome, str_from(err_code((enum err)e))))
            return err_sentence((enum err)e);
    return "Your last attempt did not work.";
}

static void add_unfinished(struct exchange *x, json_t *doc, const struct authorize_unfinished *u)
{
    if (!u->began) {
        doc_set_null(doc, "unfinished");
        return;
    }
    json_t *o = doc_object(x->arena);
    doc_set_time(o, "began", u->began);
    doc_set_bool(o, "expired", u->expired);
    doc_set_str(o, "outcome", u->outcome);
    doc_set_cstring(o, "sentence", unfinished_sentence(u));
    doc_set(doc, "unfinished", o);
}

/* Not for runners of a shared connection. */
static void add_health(struct exchange *x, json_t *doc, const struct view *v)
{
    const struct credential_row *c = v->effective->row;
    if (c && is_theirs(v) && !str_eq(c->status, STR("disconnected")))
        doc_set(doc, "health", connection_health_doc(x, c, v->effective->decision));
    else
        doc_set_null(doc, "health");
}

static json_t *doc_of(struct exchange *x, const struct view *v)
{
    const struct connection_row *n = v->n;
    const struct effective *e = v->effective;
    struct look look = look_of(v);
    int by_oauth = v->type && v->type->by_oauth;
    int has_client = v->client.source != OAUTH_CLIENT_NONE;
    json_t *doc = doc_object(x->arena);
    doc_set_str(doc, "id", n->id);
    doc_set_str(doc, "app_slug", v->app_slug);
    doc_set_str(doc, "name", n->name);
    doc_set_str(doc, "type", n->type);
    doc_set_str(doc, "type_label", v->type ? v->type->label : n->type);
    doc_set_bool(doc, "by_oauth", by_oauth);
    doc_set_cstring(doc, "client_source", source_name(v));
    doc_set_bool(doc, "shared", n->shared);
    doc_set_bool(doc, "runners_may_request", n->runners_may_request);
    doc_set_bool(doc, "old_search", n->old_search);
    doc_set_bool(doc, "can_request", !n->shared || v->admin || n->runners_may_request);
    doc_set_str(doc, "base_url", n->base_url);
    doc_set_bool(doc, "base_url_fixed", n->base_url_fixed);
    doc_set_cstring(doc, "state", look.state);
    doc_set_bool(doc, "connected", e->decision == DECISION_USE);
    doc_set_str(doc, "status", sentence_of(x, v));
    add_credential(doc, e->row, is_theirs(v));
    doc_set_str(doc, "entered_by", v->person ? v->person->name : NONE);
    doc_set_bool(doc, "entered_by_left",
                 v->person && (!v->person->active || !v->person->has_access));
    add_health(x, doc, v);
    add_unfinished(x, doc, &v->unfinished);
    doc_set_bool(doc, "can_connect", look.can_connect);
    doc_set_bool(doc, "direct", by_oauth && has_client && !n->shared && look.can_connect);
    doc_set_cstring(doc, "connect_label", look.connect_label);
    doc_set_bool(doc, "can_manage", look.can_manage);
    doc_set_bool(doc, "can_test", look.can_manage && (e->use || e->locked));
    doc_set_bool(doc, "can_see_people", v->admin);
    doc_set_bool(doc, "has_menu", look.can_manage || v->admin);
    json_t *is = is_doc(x, n, look.state);
    doc_set_bool(is, "own_client", by_oauth && v->client.source == OAUTH_CLIENT_OWN);
    doc_set(doc, "is", is);
    return doc;
}

/* Reads what doc_of() needs besides; `client` is set already. */
static enum err complete(struct exchange *x, struct view *v)
{
    const struct credential_row *row = v->effective->row;
    struct connected_row *person = NULL;
    enum err e = ERR_OK;
    v->type = connection_type_find(v->n->type);
    v->switched = v->n->shared && v->n->switch_counter > 0 && !row;
    if (v->type && v->type->by_oauth && (!v->n->shared || v->admin))
        e = authorize_find_unfinished(x->work, v->n, row, &v->unfinished);
    if (!e && v->n->shared && v->admin && row && !str_eq(row->status, STR("disconnected")))
        e = credentials_shared_person(x->work, v->n, &person);
    v->person = person;
    return e;
}

static enum err in_app(struct exchange *x, const struct connection_row *n,
                       const struct effective *effective, const struct oauth_client *client,
                       json_t **ret)
{
    struct view v = {
        .app_slug = x->work->membership.slug,
        .n = n,
        .effective = effective,
        .admin = x->work->membership.role == PERMISSION_ROLE_ADMIN,
        .client = *client,
    };
    enum err e = complete(x, &v);
    if (!e)
        *ret = doc_of(x, &v);
    return e;
}

enum err connection_doc(struct exchange *x, const struct connection_row *n,
                        const struct effective *effective, json_t **ret)
{
    struct oauth_client client = {0};
    enum err e = oauth_client_of(x->work, n, &client);
    return e ? e : in_app(x, n, effective, &client, ret);
}

enum err connection_doc_put(struct exchange *x, json_t *doc, const struct connection_row *n,
                            const struct effective *effective)
{
    json_t *one = NULL;
    enum err e = connection_doc(x, n, effective, &one);
    if (!e)
        doc_set(doc, "connection", one);
    return e;
}

/* --- lists ------------------------------------------------------------------------------------ */

enum err connection_doc_own(struct exchange *x, const struct own_credential_row *row, json_t **ret)
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
    struct view v = {
        .app_slug = row->app_slug,
        .n = &n,
        .retired = row->connection_shared && row->has_access,
    };
    enum err e = oauth_client_of(x->work, &n, &v.client);
    if (e)
        return e;
    struct decide_question q = {
        .connection = &n,
        .user = c->owner,
        .user_active = 1,
        .user_in_app = row->has_access,
        .app_stopped = row->app_stopped,
        .user_stopped = c->user_stopped,
        .client_id = v.client.client_id,
        .own = c,
    };
    struct decide_answer answer = decide(&q);
    struct effective effective = {answer.decision, c, answer.use, answer.locked, answer.stop};
    v.effective = &effective;
    e = complete(x, &v);
    if (e)
        return e;
    json_t *doc = doc_of(x, &v);
    json_t *app = doc_object(x->arena);
    doc_set_str(app, "slug", row->app_slug);
    doc_set_str(app, "name", row->app_name);
    doc_set(doc, "app", app);
    doc_set_bool(doc, "shared", row->connection_shared);
    *ret = doc;
    return ERR_OK;
}

enum err connections_doc_list(struct exchange *x, json_t **ret)
{
    struct connection_row *rows = NULL;
    struct effective *effective = NULL;
    struct oauth_client *clients = NULL;
    size_t count = 0;
    enum err e = connections_list(x->work, &rows, &count);
    if (!e)
        e = credentials_effective_all(x->work, rows, count, &effective);
    if (!e)
        e = oauth_client_of_all(x->work, rows, count, &clients);
    if (e)
        return e;
    json_t *list = doc_array(x->arena);
    for (size_t i = 0; i < count; i++) {
        json_t *one = NULL;
        e = in_app(x, &rows[i], &effective[i], &clients[i], &one);
        if (e)
            return e;
        doc_append(list, one);
    }
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
