/* Rows of `credentials` and `sites`: SQL only, no rules. See the header. */
#include "store/credentials.h"

#include "base/check.h"
#include "store/credentials_int.h"
#include "store/people_int.h"

#define COLUMNS                                                                                    \
    "c.id, c.app_id, c.connection_id, c.owner, c.entered_by, c.switch_counter, c.generation,"      \
    " c.status, c.why, c.account_id, c.account_name, c.username, c.site_id,"                       \
    " c.entered_origin, c.origin, c.base_path, c.sealed, c.expires, c.since, c.last_used, "        \
    "c.last_checked, c.suspended, c.grant_id,"                                                     \
    " s.url, s.name, g.client_id, COALESCE(c.status_since, c.since), c.last_error,"                \
    " c.last_error_at, g.scopes, g.granted, g.refreshed, g.failing_since, g.next_try,"             \
    " g.last_class, g.last_error,"                                                                 \
    " (SELECT max(k.last_used) FROM credentials k WHERE k.grant_id = c.grant_id),"                 \
    " (SELECT max(k.since) FROM credentials k WHERE k.grant_id = c.grant_id),"                     \
    " su.stopped, ss.stopped"
#define COLUMN_COUNT 40
#define FROM                                                                                       \
    " FROM credentials c JOIN sites s ON s.id = c.site_id"                                         \
    " LEFT JOIN oauth_grants g ON g.id = c.grant_id"                                               \
    " LEFT JOIN stops su ON su.kind = 'user' AND su.subject = c.entered_by AND su.lifted IS NULL"  \
    " LEFT JOIN stops ss ON ss.kind = 'site' AND ss.subject = c.site_id AND ss.lifted IS NULL "

static struct credential_grant_health tokens_of(const struct db_rows *r, size_t i)
{
    return (struct credential_grant_health){
        .scopes = db_text(r, i, 29),
        .granted = db_int(r, i, 30),
        .refreshed = db_int(r, i, 31),
        .failing_since = db_int(r, i, 32),
        .next_try = db_int(r, i, 33),
        .last_class = db_text(r, i, 34),
        .last_error = db_text(r, i, 35),
        .last_used = db_int(r, i, 36),
        .since = db_int(r, i, 37),
    };
}

static struct credential_row row_of(const struct db_rows *r, size_t i)
{
    return (struct credential_row){
        .id = db_text(r, i, 0),
        .app = db_text(r, i, 1),
        .connection = db_text(r, i, 2),
        .owner = db_text(r, i, 3),
        .entered_by = db_text(r, i, 4),
        .switch_counter = db_int(r, i, 5),
        .generation = db_int(r, i, 6),
        .status = db_text(r, i, 7),
        .why = db_text(r, i, 8),
        .account_id = db_text(r, i, 9),
        .account_name = db_text(r, i, 10),
        .username = db_text(r, i, 11),
        .site_id = db_text(r, i, 12),
        .entered_origin = db_text(r, i, 13),
        .origin = db_text(r, i, 14),
        .base_path = db_text(r, i, 15),
        .sealed = db_blob(r, i, 16),
        .expires = db_int(r, i, 17),
        .since = db_int(r, i, 18),
        .last_used = db_int(r, i, 19),
        .last_checked = db_int(r, i, 20),
        .suspended = db_int(r, i, 21),
        .grant = db_text(r, i, 22),
        .site_url = db_text(r, i, 23),
        .site_name = db_text(r, i, 24),
        .client_id = db_text(r, i, 25),
        .status_since = db_int(r, i, 26),
        .last_error = db_text(r, i, 27),
        .last_error_at = db_int(r, i, 28),
        .tokens = tokens_of(r, i),
        .user_stopped = db_int(r, i, 38),
        .site_stopped = db_int(r, i, 39),
    };
}

static struct credential_row *first_of(struct arena *a, const struct db_rows *r)
{
    if (r->count == 0)
        return NULL;
    struct credential_row *row = arena_new_of(a, struct credential_row);
    *row = row_of(r, 0);
    return row;
}

enum err store_credential_of(struct db *d, struct arena *a, struct fault *f, str connection,
                             str owner, struct credential_row **ret)
{
    struct db_rows r;
    enum err e =
        owner.p ? db_query(d, a, f, &r,
                           "SELECT " COLUMNS FROM "WHERE c.connection_id = $1 AND c.owner = $2",
                           DB_T(connection), DB_T(owner))
                : db_query(d, a, f, &r,
                           "SELECT " COLUMNS FROM "WHERE c.connection_id = $1 AND c.owner IS NULL",
                           DB_T(connection));
    if (e)
        return e;
    *ret = first_of(a, &r);
    return ERR_OK;
}

enum err store_credentials_of_app(struct db *d, struct arena *a, struct fault *f, str app, str user,
                                  struct credential_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r,
                 "SELECT " COLUMNS FROM "WHERE c.app_id = $1 AND (c.owner = $2 OR c.owner IS NULL)",
                 DB_T(app), DB_T(user));
    if (e)
        return e;
    struct credential_row *rows = arena_alloc_array(a, r.count + 1, sizeof(*rows));
    for (size_t i = 0; i < r.count; i++)
        rows[i] = row_of(&r, i);
    *ret = rows;
    *ret_count = r.count;
    return ERR_OK;
}

enum err store_credentials_of_owner(struct db *d, struct arena *a, struct fault *f, str owner,
                                    struct own_credential_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r,
                 "SELECT " COLUMNS ", a.slug, a.name, n.name, n.type, n.base_url, n.base_url_fixed,"
                 " n.shared, n.switch_counter,"
                 " CASE WHEN " OWNER_HAS_APP " THEN 1 ELSE 0 END, sa.stopped" FROM
                 "JOIN connections n ON n.id = c.connection_id"
                 " JOIN apps a ON a.id = c.app_id"
                 " LEFT JOIN stops sa ON sa.kind = 'app' AND sa.subject = c.app_id"
                 " AND sa.lifted IS NULL"
                 " WHERE c.owner = $1 ORDER BY a.sort_key, n.name_key, n.id",
                 DB_T(owner));
    if (e)
        return e;
    struct own_credential_row *rows = arena_alloc_array(a, r.count + 1, sizeof(*rows));
    for (size_t i = 0; i < r.count; i++) {
        size_t k = COLUMN_COUNT;
        rows[i].credential = row_of(&r, i);
        rows[i].app_slug = db_text(&r, i, k++);
        rows[i].app_name = db_text(&r, i, k++);
        rows[i].connection_name = db_text(&r, i, k++);
        rows[i].connection_type = db_text(&r, i, k++);
        rows[i].connection_base_url = db_text(&r, i, k++);
        rows[i].connection_base_url_fixed = db_int(&r, i, k++) != 0;
        rows[i].connection_shared = db_int(&r, i, k++) != 0;
        rows[i].connection_switch_counter = db_int(&r, i, k++);
        rows[i].has_access = db_int(&r, i, k++) != 0;
        rows[i].app_stopped = db_int(&r, i, k);
    }
    *ret = rows;
    *ret_count = r.count;
    return ERR_OK;
}

enum err store_credential_save(struct db *d, struct arena *a, struct fault *f,
                               const struct credential_row *c)
{
    struct db_rows r;
    return db_query(
        d, a, f, &r,
        "INSERT INTO credentials (id, app_id, connection_id, owner, entered_by, switch_counter,"
        " generation, status, why, account_id, account_name, username, site_id,"
        " entered_origin, origin, base_path, sealed, expires, since, last_used, last_checked, "
        "suspended, grant_id, status_since, last_error, last_error_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,"
        " $18, $19, $20, $21, $22, $23, $24, $25, $26)"
        " ON CONFLICT (id) DO UPDATE SET entered_by = excluded.entered_by,"
        " switch_counter = excluded.switch_counter, generation = excluded.generation,"
        " status = excluded.status, why = excluded.why, account_id = excluded.account_id,"
        " account_name = excluded.account_name, username = excluded.username,"
        " site_id = excluded.site_id, entered_origin = excluded.entered_origin,"
        " origin = excluded.origin, base_path = excluded.base_path,"
        " sealed = excluded.sealed, expires = excluded.expires, since = excluded.since,"
        " last_used = excluded.last_used, last_checked = excluded.last_checked,"
        " suspended = excluded.suspended, grant_id = excluded.grant_id,"
        " status_since = excluded.status_since, last_error = excluded.last_error,"
        " last_error_at = excluded.last_error_at, lost_scopes = NULL",
        DB_T(c->id), DB_T(c->app), DB_T(c->connection), db_text_or_null(c->owner),
        DB_T(c->entered_by), DB_I(c->switch_counter), DB_I(c->generation), DB_T(c->status),
        db_text_or_null(c->why), DB_T(c->account_id), DB_T(c->account_name), DB_T(c->username),
        DB_T(c->site_id), DB_T(c->entered_origin), DB_T(c->origin), DB_T(c->base_path),
        c->sealed.p ? DB_B(c->sealed) : DB_N, db_int_or_null(c->expires), DB_I(c->since),
        db_int_or_null(c->last_used), db_int_or_null(c->last_checked), db_int_or_null(c->suspended),
        db_text_or_null(c->grant), DB_I(c->status_since ? c->status_since : c->since),
        db_text_or_null(c->last_error), db_int_or_null(c->last_error_at));
}

enum err store_credential_wipe(struct db *d, struct arena *a, struct fault *f, str id, str status,
                               str why, int64_t now_ms)
{
    struct db_rows r;
    return db_query(d, a, f, &r, "UPDATE credentials SET " WIPED("$1", "$2", "$3") " WHERE id = $4",
                    DB_T(status), DB_I(now_ms), db_text_or_null(why), DB_T(id));
}

enum err store_credential_checked(struct db *d, struct arena *a, struct fault *f, str id,
                                  int64_t generation, str status, str why, int64_t now_ms,
                                  int *ret_saved)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r,
                 "UPDATE credentials SET status_since = CASE WHEN status = 'grant_refused' AND"
                 " $1 = 'needs_reconnect' THEN status_since"
                 " WHEN status = $1 THEN COALESCE(status_since, since)"
                 " ELSE $2 END,"
                 " status = CASE WHEN status = 'grant_refused' AND"
                 " $1 = 'needs_reconnect' THEN status ELSE $1 END, why = $3, last_checked = $2,"
                 " last_error = $3, last_error_at = CASE WHEN $1 = 'connected' THEN NULL"
                 " ELSE $2 END"
                 " WHERE id = $4 AND generation = $5 AND sealed IS NOT NULL",
                 DB_T(status), DB_I(now_ms), db_text_or_null(why), DB_T(id), DB_I(generation));
    if (e)
        return e;
    *ret_saved = r.changed > 0;
    return ERR_OK;
}

enum err store_credential_used(struct db *d, struct arena *a, struct fault *f, str id,
                               int64_t now_ms)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "UPDATE credentials SET last_used = $1, last_error = NULL, last_error_at = NULL"
                    " WHERE id = $2",
                    DB_I(now_ms), DB_T(id));
}

enum err store_credential_failed(struct db *d, struct arena *a, struct fault *f, str id,
                                 int64_t generation, str sentence, int64_t now_ms)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "UPDATE credentials SET last_error = $1, last_error_at = $2"
                    " WHERE id = $3 AND generation = $4",
                    DB_T(sentence), DB_I(now_ms), DB_T(id), DB_I(generation));
}

enum err store_credentials_wipe_other_origin(struct db *d, struct arena *a, struct fault *f,
                                             str connection, str origin, str why, int64_t now_ms,
                                             int64_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(
        d, a, f, &r,
        "UPDATE credentials SET " WIPED(
            "'needs_reconnect'", "$1",
            "$2") " WHERE connection_id = $3 AND sealed IS NOT NULL AND entered_origin <> $4",
        DB_I(now_ms), DB_T(why), DB_T(connection), DB_T(origin));
    if (e)
        return e;
    *ret_count = r.changed;
    return ERR_OK;
}

enum err store_credentials_wipe_connection(struct db *d, struct arena *a, struct fault *f,
                                           str connection, str why, int64_t now_ms,
                                           int64_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(
        d, a, f, &r,
        "UPDATE credentials SET " WIPED("'needs_reconnect'", "$1",
                                        "$2") " WHERE connection_id = $3 AND sealed IS NOT NULL",
        DB_I(now_ms), DB_T(why), DB_T(connection));
    if (!e)
        *ret_count = r.changed;
    return e;
}

enum err store_credentials_count(struct db *d, struct arena *a, struct fault *f, str connection,
                                 int64_t *ret_credentials, int64_t *ret_connected)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT count(*), COALESCE(sum(CASE WHEN status = 'connected' THEN 1"
                          " ELSE 0 END), 0) FROM credentials"
                          " WHERE connection_id = $1 AND sealed IS NOT NULL",
                          DB_T(connection));
    if (e)
        return e;
    *ret_credentials = db_int(&r, 0, 0);
    *ret_connected = db_int(&r, 0, 1);
    return ERR_OK;
}

#define PERSON_COLUMNS                                                                             \
    ", u.id, u.name, u.email, u.sort_key, CASE WHEN u.state = 'active' THEN 1 ELSE 0 END,"         \
    " CASE WHEN " HAS_APP("c.app_id", "u.id") " THEN 1 ELSE 0 END"

static struct connected_row person_of(const struct db_rows *r, size_t i)
{
    size_t k = COLUMN_COUNT;
    struct connected_row row = {.credential = row_of(r, i)};

    row.user = db_text(r, i, k++);
    row.name = db_text(r, i, k++);
    row.email = db_text(r, i, k++);
    row.sort_key = db_text(r, i, k++);
    row.active = db_int(r, i, k++) != 0;
    row.has_access = db_int(r, i, k) != 0;
    return row;
}

enum err store_credentials_people(struct db *d, struct arena *a, struct fault *f, str connection,
                                  str after, int64_t limit, struct connected_row **ret,
                                  size_t *ret_count)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r,
                 "SELECT " COLUMNS PERSON_COLUMNS FROM "JOIN users u ON u.id = c.owner"
                 " WHERE c.connection_id = $1 AND u.sort_key > $2 ORDER BY u.sort_key LIMIT $3",
                 DB_T(connection), DB_T(after.p ? after : STR("")), DB_I(limit));
    if (e)
        return e;
    struct connected_row *rows = arena_alloc_array(a, r.count + 1, sizeof(*rows));
    for (size_t i = 0; i < r.count; i++)
        rows[i] = person_of(&r, i);
    *ret = rows;
    *ret_count = r.count;
    return ERR_OK;
}

enum err store_credential_shared_person(struct db *d, struct arena *a, struct fault *f,
                                        str connection, struct connected_row **ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT " COLUMNS PERSON_COLUMNS FROM "JOIN users u ON u.id ="
                          " c.entered_by WHERE c.connection_id = $1 AND c.owner IS NULL",
                          DB_T(connection));
    if (e)
        return e;
    *ret = NULL;
    if (r.count) {
        *ret = arena_new_of(a, struct connected_row);
        **ret = person_of(&r, 0);
    }
    return ERR_OK;
}

enum err store_app_people(struct db *d, struct arena *a, struct fault *f, str app, int64_t *ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT count(*) FROM users u WHERE u.state = 'active'"
                          " AND " HAS_APP("$1", "u.id"),
                          DB_T(app));
    if (!e)
        *ret = db_int(&r, 0, 0);
    return e;
}

enum err store_credentials_cost(struct db *d, struct arena *a, struct fault *f, str app,
                                str connection, int64_t *ret_credentials, int64_t *ret_people)
{
    struct db_rows r;
    enum err e = connection.p
                     ? db_query(d, a, f, &r,
                                "SELECT count(*), count(DISTINCT owner) FROM credentials"
                                " WHERE app_id = $1 AND connection_id = $2 AND sealed IS NOT NULL",
                                DB_T(app), DB_T(connection))
                     : db_query(d, a, f, &r,
                                "SELECT count(*), count(DISTINCT owner) FROM credentials"
                                " WHERE app_id = $1 AND sealed IS NOT NULL",
                                DB_T(app));
    if (e)
        return e;
    *ret_credentials = db_int(&r, 0, 0);
    *ret_people = db_int(&r, 0, 1);
    return ERR_OK;
}

enum err store_connections_todo(struct db *d, struct arena *a, struct fault *f, str app, str user,
                                int64_t *ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT count(*) FROM connections n WHERE n.app_id = $1 AND n.shared = 0"
                          " AND NOT EXISTS (SELECT 1 FROM credentials c"
                          " WHERE c.connection_id = n.id AND c.owner = $2"
                          " AND c.sealed IS NOT NULL AND c.status = 'connected'"
                          " AND c.switch_counter = n.switch_counter)",
                          DB_T(app), DB_T(user));
    if (e)
        return e;
    *ret = db_int(&r, 0, 0);
    return ERR_OK;
}

enum err store_site_save(struct db *d, struct arena *a, struct fault *f, const struct site_row *row)
{
    struct db_rows r;
    return db_query(d, a, f, &r,
                    "INSERT INTO sites (id, url, name, last_seen) VALUES ($1, $2, $3, $4)"
                    " ON CONFLICT (id) DO UPDATE SET url = excluded.url, name = excluded.name,"
                    " last_seen = excluded.last_seen",
                    DB_T(row->id), DB_T(row->url), DB_T(row->name), DB_I(row->last_seen));
}
