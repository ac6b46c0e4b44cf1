/* See the header. */
#include "core/key_calls.h"

#include "core/access.h"
#include "core/connections.h"

static enum err find_credential(struct work *w, const struct connection_row *n,
                                struct key_call *ret)
{
    const struct provider *p = w->services->provider;
    struct effective effective = {0};
    enum err e = credentials_effective(w, n, &effective);
    if (!e)
        e = credentials_refusal(w, n, &effective);
    if (!e)
        e = credentials_target(w, effective.use, &ret->target, &ret->grant);
    if (e)
        return e;
    ret->credential = effective.use->id;
    ret->generation = effective.use->generation;
    ret->account = effective.use->account_name;
    e = p->pass_place(p->self, w->arena, w->fault, &ret->target, effective.use->site_url,
                      effective.use->entered_origin, &ret->place);
    if (e)
        secret_wipe(&ret->target.secret);
    return e;
}

static enum err decide_in_app(struct work *w, const struct key_call_question *q,
                              struct key_call *ret)
{
    const struct key_row *key = w->actor.key;
    struct connection_row n = {0};
    enum err e = connection_find_named(w, q->connection, &n);
    if (!e)
        e = keys_permit(w, &n, (str){NULL, 0}, (str){NULL, 0});
    if (!e)
        e = connection_permits_requests(w, &n);
    if (e)
        return e;
    *ret = (struct key_call){
        .key = key->id,
        .user = w->actor.user,
        .methods = key->methods,
        .paths = key->paths,
        .key_expires = key->expires,
        .app = n.app,
        .connection = n.id,
        .old_search = n.old_search,
        .key_name = key->name,
        .connection_name = n.name,
    };
    return find_credential(w, &n, ret);
}

enum err key_call_decide(struct work *w, const struct key_call_question *q, struct key_call *ret)
{
    struct access_query access = {.level = ACCESS_APP_MEMBER, .key = q->key, .app = q->app};
    enum err e = db_begin(w->db, w->fault, DB_READ);

    if (!e)
        e = access_decide(w, &access);
    if (!e)
        e = decide_in_app(w, q, ret);
    db_rollback(w->db); /* it only read */
    if (!e)
        access_touch(w, &access);
    return e;
}

enum err key_call_permits(const struct key_call *c, struct fault *f, str method, str path)
{
    return keys_check_limits(f, c->methods, c->paths, method, path);
}
