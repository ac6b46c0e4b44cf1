/* Cloning an action, within its app or into another one that the caller administers. Its draft goes
 * along, the requests that it names, and the connections of these with their type, Base URL and
 * sharing scope; credentials never. A clone begins as a draft, disabled.
 *
 * What the other app has already under the same name is used when it is the same, and refused when
 * it is not: nothing of the other app is changed.
 */
#include "base/doc.h"
#include "core/access.h"
#include "core/actions.h"
#include "core/connections.h"
#include "core/names.h"
#include "core/requests.h"
#include "resources/action_doc.h"
#include "resources/fields.h"
#include "resources/routes.h"

#define PARTS_MAX (STEPS_MAX + 50)

/* A request to take along, and its connection. */
struct part {
    struct request_row request;
    struct connection_row connection;
};

struct cloning {
    struct action_row action;
    struct part parts[PARTS_MAX];
    size_t count;
};

/* --- what goes along -------------------------------------------------------------------------- */

static enum err add_part(struct exchange *x, struct cloning *c, str name)
{
    struct part *p = &c->parts[c->count];
    enum err e;

    for (size_t i = 0; i < c->count; i++) {
        if (str_eq(c->parts[i].request.name, name))
            return ERR_OK;
    }
    if (str_empty(name) || c->count == PARTS_MAX)
        return ERR_OK;
    e = request_find(x->work, name, &p->request);
    if (!e && !p->request.connection.p)
        e = fail(&x->fault, ERR_CONFLICT,
                 "The connection of the request \"%.*s\" was deleted. Choose another one first.",
                 STR_ARG(name));
    if (!e)
        e = connection_find(x->work, p->request.connection, &p->connection);
    if (!e)
        c->count++;
    return e;
}

static enum err gather(struct exchange *x, struct cloning *c)
{
    json_t *draft = NULL, *one;
    size_t i;
    enum err e = action_document(x, &c->action, c->action.draft, &draft);

    json_array_foreach (doc_get(draft, "steps"), i, one) {
        if (!e)
            e = add_part(x, c, doc_get_str(one, "request"));
    }
    json_array_foreach (doc_get(draft, "inputs"), i, one) {
        if (!e)
            e = add_part(x, c, doc_get_str(doc_get(one, "options_from"), "request"));
    }
    return e;
}

/* --- the other app ---------------------------------------------------------------------------- */

/* From here on the unit of work acts there. */
static enum err enter(struct exchange *x, str app)
{
    enum err e = access_enter(x->work, app);

    if (!e && x->work->membership.role != PERMISSION_ROLE_ADMIN)
        e = fail(&x->fault, ERR_NOT_APP_ADMIN, "You can clone into apps that you administer.");
    return e;
}

static enum err make_connection(struct exchange *x, const struct connection_row *from,
                                struct connection_row *ret)
{
    const struct connection_properties p = {from->name, from->base_url, from->base_url_fixed,
                                            from->runners_may_request, from->old_search};
    struct connection_switch cost = {0};
    enum err e = connection_create(x->work, from->type, &p, ret);

    if (!e && from->shared)
        e = connection_switch(x->work, ret, 1, 0, ret, &cost);
    return e;
}

static enum err find_connection(struct exchange *x, const struct connection_row *from,
                                struct connection_row *ret)
{
    enum err e = connection_find_named(x->work, from->name, ret);

    if (e == ERR_NOT_FOUND) {
        fault_clear(&x->fault);
        return make_connection(x, from, ret);
    }
    if (!e && (!str_eq(ret->type, from->type) || ret->shared != from->shared))
        e = fail(&x->fault, ERR_CONFLICT,
                 "That app has a connection \"%.*s\" of another type or sharing scope.",
                 STR_ARG(str_utf8_cut(from->name, 120)));
    return e;
}

static enum err bring(struct exchange *x, const struct part *p)
{
    struct connection_row n = {0};
    struct request_row there = {0}, made = {0};
    enum err e = find_connection(x, &p->connection, &n);

    if (e)
        return e;
    e = request_find(x->work, p->request.name, &there);
    if (e == ERR_NOT_FOUND) {
        fault_clear(&x->fault);
        return request_create(x->work, p->request.name, n.id, p->request.document, &made);
    }
    if (!e && (!str_eq(there.document, p->request.document) || !there.connection.p ||
               !str_eq(there.connection, n.id)))
        e = fail(&x->fault, ERR_CONFLICT, "That app has another request \"%.*s\".",
                 STR_ARG(p->request.name));
    return e;
}

static enum err make_clone(struct exchange *x, const struct cloning *c, str name,
                           struct action_row *ret)
{
    const int off = 0;
    const struct action_change change = {.enabled = &off};
    struct action_row made = {0};
    enum err e = action_create(x->work, name, c->action.description, c->action.draft, &made);

    return e ? e : action_change(x->work, &made, &change, ret);
}

enum err action_cloned(struct exchange *x)
{
    struct cloning *c = arena_new_of(x->arena, struct cloning);
    str name = exchange_name_field(x, "name", NAMES_LENGTH_MAX);
    str app = str_trim(exchange_text(x, "app"));
    struct action_row made = {0};
    enum err e = exchange_field_problem(x);

    if (!e)
        e = action_find(x->work, x->params[1], &c->action);
    if (!e && !str_empty(app) && !str_eq(app, x->work->membership.slug)) {
        e = gather(x, c);
        if (!e)
            e = enter(x, app);
    }
    for (size_t i = 0; !e && i < c->count; i++)
        e = bring(x, &c->parts[i]);
    if (!e)
        e = make_clone(x, c, name, &made);
    if (e)
        return e;
    x->doc = action_doc(x, &made);
    x->status = 201;
    x->location = action_path(x, &made, "");
    x->notice = STR("Cloned, as a draft that is disabled. Credentials did not go along.");
    return ERR_OK;
}
