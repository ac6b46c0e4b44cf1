/* The rules of saved requests. See the header. */
#include "core/requests.h"

#include "base/id.h"
#include "core/connections.h"
#include "core/names.h"

static int is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

int request_name_valid(str name)
{
    if (name.n == 0 || name.n > REQUEST_NAME_MAX || !is_name_start(name.p[0]))
        return 0;
    for (size_t i = 1; i < name.n; i++) {
        char c = name.p[i];
        if (!is_name_start(c) && !(c >= '0' && c <= '9') && c != '-')
            return 0;
    }
    return 1;
}

enum err requests_list(struct work *w, struct request_row **ret, size_t *ret_count)
{
    return store_requests_list(w->db, w->arena, w->fault, w->membership.app, ret, ret_count);
}

enum err request_find(struct work *w, str id_or_name, struct request_row *ret)
{
    return store_request_find(w->db, w->arena, w->fault, w->membership.app, id_or_name,
                              name_key(w->arena, id_or_name), ret);
}

/* In the transaction that adds one. */
static enum err check_room(struct work *w)
{
    struct request_row *rows = NULL;
    size_t count = 0;
    enum err e = requests_list(w, &rows, &count);

    if (e || count < REQUESTS_MAX)
        return e;
    return work_fail(w, ERR_INVALID,
                     "An app can have %d saved requests at most. Delete one that nobody needs.",
                     REQUESTS_MAX);
}

static enum err find_connection(struct work *w, str connection)
{
    struct connection_row n = {0};

    return connection_find(w, connection, &n);
}

enum err request_create(struct work *w, str name, str connection, str document,
                        struct request_row *ret)
{
    struct request_row row = {
        .id = id_new(w->arena),
        .app = w->membership.app,
        .name = name,
        .connection = connection,
        .document = document,
        .version = 1,
        .created = w->now_ms,
        .created_by = w->actor.user,
        .changed = w->now_ms,
        .changed_by = w->actor.user,
    };
    enum err e = work_write(w);

    if (!e)
        e = check_room(w);
    if (!e)
        e = find_connection(w, connection);
    if (e)
        return e;
    e = store_request_insert(w->db, w->arena, w->fault, &row, name_key(w->arena, name));
    if (e == ERR_CONFLICT)
        return work_fail(w, ERR_NAME_TAKEN,
                         "This app already has a request of that name. Choose another one.");
    return e ? e : request_find(w, row.id, ret);
}

enum err request_change(struct work *w, const struct request_row *row, str connection, str document,
                        struct request_row *ret)
{
    struct request_row next = *row;
    int done = 0;
    enum err e = work_write(w);

    next.connection = connection;
    next.document = document;
    next.changed = w->now_ms;
    next.changed_by = w->actor.user;
    if (!e)
        e = find_connection(w, connection);
    if (!e)
        e = store_request_update(w->db, w->arena, w->fault, &next, &done);
    if (e)
        return e;
    return done ? request_find(w, row->id, ret) : work_fail(w, ERR_CONFLICT, "");
}

enum err request_delete(struct work *w, const struct request_row *row)
{
    int done = 0;
    enum err e = work_write(w);

    if (!e)
        e = store_request_delete(w->db, w->arena, w->fault, row->app, row->id, &done);
    if (e)
        return e;
    return done ? ERR_OK : work_fail(w, ERR_NOT_FOUND, "There is no such request in this app.");
}
