/* Whose credential is used; the rule is in the header. Pure. */
#include "core/decide.h"

#include "base/check.h"

/* A credential is of its connection's type: a key, or a grant of the client in force. */
static int fits_type(const struct connection_row *n, const struct credential_row *c, str client_id)
{
    if (!str_eq(n->type, STR("jira_oauth2")))
        return !c->grant.p;
    return c->grant.p && client_id.n && str_eq(c->client_id, client_id);
}

static int is_whole(const struct connection_row *n, const struct credential_row *c, str client_id)
{
    return c->switch_counter == n->switch_counter && c->sealed.p && fits_type(n, c, client_id);
}

static enum decision state_of(const struct connection_row *n, const struct credential_row *c,
                              str client_id)
{
    if (!c || str_eq(c->status, STR("disconnected")))
        return DECISION_CONNECT;
    return str_eq(c->status, STR("connected")) && is_whole(n, c, client_id) ? DECISION_USE
                                                                            : DECISION_RECONNECT;
}

/* What has no secret any more can be connected anew by whoever is not stopped. */
static struct decide_stop stop_of(const struct decide_question *q, const struct credential_row *c)
{
    if (q->app_stopped)
        return (struct decide_stop){STOPPED_APP, q->app_stopped};
    if (q->user_stopped)
        return (struct decide_stop){str_empty(q->user) ? STOPPED_MAKER : STOPPED_USER,
                                    q->user_stopped};
    if (c && c->sealed.p && c->user_stopped)
        return (struct decide_stop){STOPPED_ENTERER, c->user_stopped};
    if (c && c->sealed.p && c->site_stopped)
        return (struct decide_stop){STOPPED_SITE, c->site_stopped};
    return (struct decide_stop){STOPPED_NOT, 0};
}

struct decide_answer decide(const struct decide_question *q)
{
    const struct connection_row *n = q->connection;
    must(!q->own || (str_eq(q->own->owner, q->user) && !str_empty(q->user)));
    must(!q->own || str_eq(q->own->connection, n->id));
    must(!q->common || (!q->common->owner.p && str_eq(q->common->connection, n->id)));

    if (!q->user_active || !q->user_in_app)
        return (struct decide_answer){.decision = DECISION_NO_ACCESS};
    const struct credential_row *candidate = n->shared ? q->common : q->own;
    struct decide_stop stop = stop_of(q, candidate);
    if (stop.of != STOPPED_NOT)
        return (struct decide_answer){.decision = DECISION_STOPPED, .stop = stop};
    enum decision state = state_of(n, candidate, q->client_id);
    if (state == DECISION_USE)
        return (struct decide_answer){.decision = DECISION_USE, .use = candidate};
    if (n->shared && !q->user_is_app_admin)
        return (struct decide_answer){.decision = DECISION_WAIT};
    int locked = state == DECISION_RECONNECT && str_eq(candidate->status, STR("locked")) &&
                 is_whole(n, candidate, q->client_id);
    return (struct decide_answer){.decision = state, .locked = locked ? candidate : NULL};
}
