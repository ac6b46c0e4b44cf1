/* Rows of `webhooks` and `deliveries`: SQL only, no rules. See the header. */
#include "store/webhooks.h"

#define WEBHOOK                                                                                    \
    "w.id, w.app_id, w.url, w.active, w.off_why, w.sealed, w.generation, w.created, w.created_by"
#define WEBHOOK_COLUMNS 9

static struct webhook_row webhook_of(const struct db_rows *r, size_t i, size_t k)
{
    return (struct webhook_row){
        .id = db_text(r, i, k),
        .app = db_text(r, i, k + 1),
        .url = db_text(r, i, k + 2),
        .active = db_int(r, i, k + 3) != 0,
        .off_why = db_text(r, i, k + 4),
        .sealed = db_blob(r, i, k + 5),
        .generation = db_int(r, i, k + 6),
        .created = db_int(r, i, k + 7),
        .created_by = db_text(r, i, k + 8),
    };
}

enum err store_webhooks_of(struct db *d, struct arena *a, struct fault *f, str app,
                           struct webhook_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = app.p ? db_query(d, a, f, &r,
                                  "SELECT " WEBHOOK " FROM webhooks w WHERE w.app_id = $1"
                                  " ORDER BY w.id",
                                  DB_T(app))
                       : db_query_none(d, a, f, &r,
                                       "SELECT " WEBHOOK " FROM webhooks w WHERE w.app_id IS NULL"
                                       " ORDER BY w.id");

    if (e)
        return e;
    struct webhook_row *rows = arena_alloc_array(a, r.count + 1, sizeof(*rows));
    for (size_t i = 0; i < r.count; i++)
        rows[i] = webhook_of(&r, i, 0);
    *ret = rows;
    *ret_count = r.count;
    return ERR_OK;
}

enum err store_webhook_find(struct db *d, struct arena *a, struct fault *f, str app, str id,
                            struct webhook_row **ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT " WEBHOOK " FROM webhooks w WHERE w.id = $1"
                          " AND COALESCE(w.app_id, '') = $2",
                          DB_T(id), DB_T(app.p ? app : STR("")));

    if (e)
        return e;
    *ret = NULL;
    if (r.count) {
        *ret = arena_new_of(a, struct webhook_row);
        **ret = webhook_of(&r, 0, 0);
    }
    return ERR_OK;
}

enum err store_webhook_save(struct db *d, struct arena *a, struct fault *f,
                            const struct webhook_row *w)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "INSERT INTO webhooks (id, app_id, url, active, off_why, sealed, generation,"
                    " created, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
                    " ON CONFLICT (id) DO UPDATE SET url = excluded.url, active = excluded.active,"
                    " off_why = excluded.off_why, sealed = excluded.sealed,"
                    " generation = excluded.generation",
                    DB_T(w->id), db_text_or_null(w->app), DB_T(w->url), DB_I(w->active),
                    db_text_or_null(w->off_why), DB_B(w->sealed), DB_I(w->generation),
                    DB_I(w->created), DB_T(w->created_by));
}

enum err store_webhook_delete(struct db *d, struct arena *a, struct fault *f, str id)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "DELETE FROM webhooks WHERE id = $1", DB_T(id));
}

enum err store_webhook_off(struct db *d, struct arena *a, struct fault *f, str id, str why)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r, "UPDATE webhooks SET active = 0, off_why = $1 WHERE id = $2",
                          db_text_or_null(why), DB_T(id));

    if (!e)
        e = db_query(d, a, f, &r,
                     "UPDATE deliveries SET state = 'given_up',"
                     " last_error = COALESCE(last_error, 'The webhook was switched off.')"
                     " WHERE webhook_id = $1 AND state = 'pending'",
                     DB_T(id));
    return e;
}

/* --- deliveries ------------------------------------------------------------------------------- */

#define DELIVERY                                                                                   \
    "v.id, v.webhook_id, v.user_id, v.event, v.subject, v.state, v.attempts, v.created,"           \
    " v.next_try, v.until, v.last_try, v.last_status, v.last_error"
#define DELIVERY_COLUMNS 13

static struct delivery_row delivery_of(const struct db_rows *r, size_t i)
{
    return (struct delivery_row){
        .id = db_text(r, i, 0),
        .webhook = db_text(r, i, 1),
        .user = db_text(r, i, 2),
        .event = db_text(r, i, 3),
        .subject = db_text(r, i, 4),
        .state = db_text(r, i, 5),
        .attempts = db_int(r, i, 6),
        .created = db_int(r, i, 7),
        .next_try = db_int(r, i, 8),
        .until = db_int(r, i, 9),
        .last_try = db_int(r, i, 10),
        .last_status = db_int(r, i, 11),
        .last_error = db_text(r, i, 12),
    };
}

static struct delivery_row *first_of(struct arena *a, const struct db_rows *r)
{
    if (r->count == 0)
        return NULL;
    struct delivery_row *row = arena_new_of(a, struct delivery_row);
    *row = delivery_of(r, 0);
    return row;
}

enum err store_delivery_insert(struct db *d, struct arena *a, struct fault *f,
                               const struct delivery_row *v)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "INSERT INTO deliveries (id, webhook_id, user_id, event, subject, body, state,"
                    " attempts, created, next_try, until)"
                    " VALUES ($1, $2, $3, $4, $5, $6, 'pending', 0, $7, $8, $9)",
                    DB_T(v->id), db_text_or_null(v->webhook), db_text_or_null(v->user),
                    DB_T(v->event), DB_T(v->subject), DB_T(v->body), DB_I(v->created),
                    DB_I(v->next_try), DB_I(v->until));
}

enum err store_delivery_find(struct db *d, struct arena *a, struct fault *f, str webhook, str id,
                             struct delivery_row **ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT " DELIVERY " FROM deliveries v WHERE v.id = $1"
                          " AND v.webhook_id = $2",
                          DB_T(id), DB_T(webhook));

    if (!e)
        *ret = first_of(a, &r);
    return e;
}

enum err store_delivery_by_id(struct db *d, struct arena *a, struct fault *f, str id,
                              struct delivery_row **ret)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r, "SELECT " DELIVERY " FROM deliveries v WHERE v.id = $1", DB_T(id));

    if (!e)
        *ret = first_of(a, &r);
    return e;
}

enum err store_deliveries_of(struct db *d, struct arena *a, struct fault *f, str webhook,
                             str before, int64_t limit, struct delivery_row **ret,
                             size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT " DELIVERY " FROM deliveries v WHERE v.webhook_id = $1"
                          " AND v.id < $2 ORDER BY v.id DESC LIMIT $3",
                          DB_T(webhook),
                          DB_T(str_empty(before) ? STR("zzzzzzzzzzzzzzzzzzzzzzzzzzz") : before),
                          DB_I(limit));

    if (e)
        return e;
    struct delivery_row *rows = arena_alloc_array(a, r.count + 1, sizeof(*rows));
    for (size_t i = 0; i < r.count; i++)
        rows[i] = delivery_of(&r, i);
    *ret = rows;
    *ret_count = r.count;
    return ERR_OK;
}

enum err store_delivery_last_mail(struct db *d, struct arena *a, struct fault *f, str user,
                                  str event, struct delivery_row **ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT " DELIVERY " FROM deliveries v WHERE v.user_id = $1"
                          " AND v.event = $2 ORDER BY v.id DESC LIMIT 1",
                          DB_T(user), DB_T(event));

    if (!e)
        *ret = first_of(a, &r);
    return e;
}

enum err store_delivery_again(struct db *d, struct arena *a, struct fault *f, str id,
                              int64_t db_now, int64_t until)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "UPDATE deliveries SET state = 'pending', next_try = $1, until = $2"
                    " WHERE id = $3",
                    DB_I(db_now), DB_I(until), DB_T(id));
}

enum err store_delivery_nth_mail(struct db *d, struct arena *a, struct fault *f, str user,
                                 int64_t n, int64_t *ret_created)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT created FROM deliveries WHERE user_id = $1 ORDER BY id DESC"
                          " LIMIT 1 OFFSET $2",
                          DB_T(user), DB_I(n - 1));

    if (!e)
        *ret_created = r.count ? db_int(&r, 0, 0) : 0;
    return e;
}

/* One text a way, each with an index of its own. */
#define ANY(way)                                                                                   \
    "SELECT 1 FROM deliveries WHERE state = 'pending' AND " way " AND next_try <= $1 LIMIT 1"
#define DUE(way)                                                                                   \
    "SELECT " DELIVERY ", v.body, u.email, " WEBHOOK " FROM deliveries v"                          \
    " LEFT JOIN webhooks w ON w.id = v.webhook_id"                                                 \
    " LEFT JOIN users u ON u.id = v.user_id AND u.state = 'active'"                                \
    " WHERE v.state = 'pending' AND v." way " AND v.next_try <= $1 ORDER BY v.next_try LIMIT $2"

enum err store_deliveries_any(struct db *d, struct arena *a, struct fault *f, enum delivery_way way,
                              int64_t db_now, int *ret)
{
    static const char *const TEXTS[] = {ANY("webhook_id IS NOT NULL"), ANY("webhook_id IS NULL")};
    const struct db_value args[] = {DB_I(db_now)};
    struct db_rows r;
    enum err e = db_run(d, a, f, TEXTS[way], args, 1, &r);

    if (!e)
        *ret = r.count > 0;
    return e;
}

enum err store_deliveries_claim(struct db *d, struct arena *a, struct fault *f,
                                enum delivery_way way, int64_t db_now, int64_t lease_until,
                                int64_t limit, struct due_delivery **ret, size_t *ret_count)
{
    static const char *const TEXTS[] = {DUE("webhook_id IS NOT NULL"), DUE("webhook_id IS NULL")};
    const struct db_value args[] = {DB_I(db_now), DB_I(limit)};
    struct db_rows r, ignored;
    size_t k = DELIVERY_COLUMNS;
    enum err e = db_run(d, a, f, TEXTS[way], args, 2, &r);

    if (e)
        return e;
    struct due_delivery *due = arena_alloc_array(a, r.count + 1, sizeof(*due));
    for (size_t i = 0; i < r.count && !e; i++) {
        due[i] = (struct due_delivery){delivery_of(&r, i), webhook_of(&r, i, k + 2),
                                       db_text(&r, i, k + 1)};
        due[i].row.body = db_text(&r, i, k);
        due[i].row.attempts++;
        e = db_query(d, a, f, &ignored,
                     "UPDATE deliveries SET attempts = $1, next_try = $2 WHERE id = $3",
                     DB_I(due[i].row.attempts), DB_I(lease_until), DB_T(due[i].row.id));
    }
    if (e)
        return e;
    *ret = due;
    *ret_count = r.count;
    return ERR_OK;
}

enum err store_delivery_settle(struct db *d, struct arena *a, struct fault *f,
                               const struct delivery_row *v, int *ret_noted)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "UPDATE deliveries SET state = $1, next_try = $2, last_try = $3,"
                          " last_status = $4, last_error = $5"
                          " WHERE id = $6 AND attempts = $7 AND state = 'pending'",
                          DB_T(v->state), DB_I(v->next_try), db_int_or_null(v->last_try),
                          db_int_or_null(v->last_status), db_text_or_null(v->last_error),
                          DB_T(v->id), DB_I(v->attempts));

    if (!e)
        *ret_noted = r.changed > 0;
    return e;
}

enum err store_deliveries_postpone(struct db *d, struct arena *a, struct fault *f, str webhook,
                                   int64_t next_try)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "UPDATE deliveries SET next_try = $1 WHERE webhook_id = $2"
                    " AND state = 'pending' AND next_try < $1",
                    DB_I(next_try), DB_T(webhook));
}

enum err store_deliveries_expire(struct db *d, struct arena *a, struct fault *f, int64_t before_ms)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "DELETE FROM deliveries WHERE created < $1", DB_I(before_ms));
}
