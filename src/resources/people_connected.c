/* Who has connected: every account that stands or stood behind a connection, for app admins. Never
 * a secret; whether a row works is decided by core/decide.c, for the person it belongs to.
 */
#include "base/doc.h"
#include "core/credentials.h"
#include "core/decide.h"
#include "core/oauth_clients.h"
#include "core/stops.h"
#include "resources/app_doc.h"
#include "resources/connection_doc.h"
#include "resources/connection_health.h"
#include "resources/routes.h"

enum state { CONNECTED, NEEDS_RECONNECT, DISCONNECTED, SUSPENDED, OUT_OF_USE, STOPPED };

static const char *const STATES[] = {"connected", "needs_reconnect", "disconnected",
                                     "suspended", "out_of_use",      "stopped"};

struct asking {
    const struct connection_row *n;
    str client_id; /* in force for it */
    struct stops_in_force stops;
};

static struct decide_answer answer_of(const struct asking *a, const struct connected_row *p)
{
    const struct credential_row *c = &p->credential;
    int is_own = c->owner.p != NULL;
    struct decide_question q = {
        .connection = a->n,
        .user = p->user,
        .user_active = is_own ? p->active : 1,
        .user_in_app = is_own ? p->has_access : 1,
        .app_stopped = a->stops.app,
        .user_stopped = is_own ? c->user_stopped : 0,
        .user_is_app_admin = 1,
        .client_id = a->client_id,
        .own = is_own ? c : NULL,
        .common = is_own ? NULL : c,
    };
    return decide(&q);
}

/* A row of the other scope is history. */
static enum state state_of(const struct asking *a, const struct connected_row *p)
{
    const struct credential_row *c = &p->credential;
    if (str_eq(c->status, STR("disconnected")))
        return DISCONNECTED;
    if (!c->owner.p != !!a->n->shared)
        return OUT_OF_USE;
    switch (answer_of(a, p).decision) {
    case DECISION_USE:
        return CONNECTED;
    case DECISION_NO_ACCESS:
        return SUSPENDED;
    case DECISION_STOPPED:
        return STOPPED;
    case DECISION_CONNECT:
    case DECISION_RECONNECT:
    case DECISION_WAIT:
        break;
    }
    return NEEDS_RECONNECT;
}

static str stopped_sentence(struct exchange *x, const struct asking *a,
                            const struct connected_row *p)
{
    struct decide_stop stop = answer_of(a, p).stop;
    if (stop.of == STOPPED_USER) /* not whoever reads this */
        stop.of = STOPPED_ENTERER;
    return stops_sentence(x->arena, &stop);
}

static str status_of(struct exchange *x, const struct asking *a, const struct connected_row *p,
                     enum state state)
{
    str why = credentials_why(&p->credential, a->client_id);
    switch (state) {
    case CONNECTED:
        return STR("Connected");
    case DISCONNECTED:
        return STR("Disconnected");
    case NEEDS_RECONNECT:
        return arena_printf(x->arena, "Needs reconnecting: %.*s", STR_ARG(why));
    case OUT_OF_USE:
        return arena_printf(x->arena, "Out of use: %.*s", STR_ARG(why));
    case STOPPED:
        return stopped_sentence(x, a, p);
    case SUSPENDED:
        break;
    }
    if (!p->active)
        return STR("Suspended: this person's account is disabled.");
    return STR("Suspended: this person no longer has the app. Erased 30 days after that.");
}

static int64_t since_of(const struct asking *a, const struct connected_row *p, enum state state)
{
    const struct credential_row *c = &p->credential;
    struct decide_answer answer = answer_of(a, p);

    if (state == OUT_OF_USE || state == DISCONNECTED)
        return c->status_since;
    return state == STOPPED ? answer.stop.since : connection_health_since(c, answer.decision);
}

static void set_person(struct exchange *x, json_t *doc, const char *key,
                       const struct connected_row *p, int is)
{
    if (is)
        doc_set(doc, key, app_doc_person(x, p->user, p->name, p->email));
    else
        doc_set_null(doc, key);
}

static json_t *person_doc(struct exchange *x, const struct asking *a, const struct connected_row *p)
{
    const struct credential_row *c = &p->credential;
    enum state state = state_of(a, p);
    json_t *doc = doc_object(x->arena), *is = doc_object(x->arena);
    set_person(x, doc, "user", p, c->owner.p != NULL);
    set_person(x, doc, "entered_by", p, !c->owner.p);
    doc_set_str(doc, "account", c->account_name);
    doc_set_str(doc, "account_email", str_empty(c->username) ? (str){NULL, 0} : c->username);
    doc_set_str(doc, "site", c->site_name);
    doc_set_str(doc, "site_url", c->site_url);
    doc_set_time(doc, "since", c->since);
    doc_set_time(doc, "last_used", c->last_used);
    doc_set_time(doc, "state_since", since_of(a, p, state));
    connection_health_put_error(x, doc, c);
    doc_set_cstring(doc, "state", STATES[state]);
    doc_set_str(doc, "status", status_of(x, a, p, state));
    doc_set_bool(doc, "active", p->active);
    doc_set_bool(doc, "has_access", p->has_access);
    for (size_t i = 0; i < sizeof(STATES) / sizeof(STATES[0]); i++)
        doc_set_bool(is, STATES[i], i == (size_t)state);
    doc_set(doc, "is", is);
    return doc;
}

static enum err add_people(struct exchange *x, const struct connection_row *n)
{
    struct oauth_client client = {0};
    struct connected_row *people = NULL;
    size_t count = 0;
    str next = {NULL, 0};
    enum err e = oauth_client_of(x->work, n, &client);
    struct stops_in_force stops = {0};
    if (!e)
        e = stops_in_force(x->work, &stops);
    if (!e)
        e = credentials_people(x->work, n, exchange_text(x, "after"), &people, &count, &next);
    if (e)
        return e;
    const struct asking asking = {n, client.client_id, stops};
    json_t *list = doc_array(x->arena);
    for (size_t i = 0; i < count; i++)
        doc_append(list, person_doc(x, &asking, &people[i]));
    doc_set(exchange_doc(x), "people", list);
    doc_set_str(exchange_doc(x), "next", next);
    return ERR_OK;
}

enum err people_connected(struct exchange *x)
{
    struct connection_row n = {0};
    struct effective effective = {0};
    enum err e = app_doc_fill(x, APP_TAB_SETTINGS);
    if (!e)
        e = connection_of_path(x, &n, &effective);
    if (!e)
        e = add_people(x, &n);
    if (!e)
        e = connection_doc_put(x, exchange_doc(x), &n, &effective);
    return e;
}
