/* Rows of `incidents` and `notices`: SQL only, no rules. See the header. */
#include "store/incidents.h"

#include "base/check.h"
#include "store/credentials_int.h"
#include "store/people_int.h"

/* --- what is wrong ---------------------------------------------------------------------------- */

/* The owner hears of it and can do something: nobody else's business is suspended or left over. */
#define CONCERNS                                                                                   \
    " c.suspended IS NULL AND CASE WHEN c.owner IS NULL THEN 1 ELSE 0 END = n.shared"              \
    " AND (c.owner IS NULL OR (EXISTS (SELECT 1 FROM users u WHERE u.id = c.owner"                 \
    " AND u.state = 'active') AND " HAS_APP("c.app_id", "c.owner") "))"

/* Written as in the index that finds them; and so that no index of all API keys looks better. */
#define IS_REFUSED " c.status IN ('needs_reconnect', 'grant_refused', 'locked')"
#define HAS_KEY " c.sealed IS NOT NULL AND COALESCE(c.grant_id, '') = ''"

/* What is stopped is not told of: whoever stopped it knows, and nobody can mend it. */
#define IS_NEWS CONCERNS " AND " C_IS_FREE

/* The OAuth client by which a credential's connection signs in. */
#define PLACE                                                                                      \
    "COALESCE((SELECT o.id FROM oauth_clients o WHERE o.connection_id = c.connection_id),"         \
    " (SELECT o.id FROM oauth_clients o WHERE o.connection_id IS NULL), 'environment')"
/* Retried at the next use once somebody mended it, and so not counted until it fails again. */
#define CLIENT_FAILS " g.last_class = 'client' AND g.next_try IS NOT NULL"

/* In the words of an incident. */
#define LOST(scopes) " replace(" scopes ", ' ', ', ') || '.'"

#define IS_OPEN(kind, subject)                                                                     \
    "EXISTS (SELECT 1 FROM incidents i WHERE i.subject = " subject " AND i.kind = '" kind "'"      \
    " AND i.closed IS NULL)"

#define FOUND                                                                                      \
    "SELECT c.id, c.app_id, c.connection_id, c.owner, n.name, s.name, s.url, c.expires, a.slug,"   \
    " a.name, o.name,"
#define FROM                                                                                       \
    " FROM credentials c JOIN connections n ON n.id = c.connection_id"                             \
    " JOIN sites s ON s.id = c.site_id JOIN apps a ON a.id = c.app_id"                             \
    " LEFT JOIN users o ON o.id = c.owner"

static str or_empty(str s)
{
    return s.p ? s : STR("");
}

static void found_of(struct arena *a, const struct db_rows *r, str kind, struct incident_row **ret,
                     size_t *ret_count)
{
    struct incident_row *rows = arena_alloc_array(a, r->count + 1, sizeof(*rows));

    for (size_t i = 0; i < r->count; i++)
        rows[i] = (struct incident_row){
            .kind = kind,
            .subject = db_text(r, i, 0),
            .app = db_text(r, i, 1),
            .connection = db_text(r, i, 2),
            .owner = db_text(r, i, 3),
            .name = db_text(r, i, 4),
            .site_name = db_text(r, i, 5),
            .site_url = db_text(r, i, 6),
            .expires = db_int(r, i, 7),
            .app_slug = db_text(r, i, 8),
            .app_name = db_text(r, i, 9),
            .owner_name = db_text(r, i, 10),
            .why = or_empty(db_text(r, i, 11)),
            .grant = db_text(r, i, 12),
        };
    *ret = rows;
    *ret_count = r->count;
}

/* Smaller than every id. */
static str key(str s)
{
    return s.p ? s : STR("");
}

enum err store_incidents_refused(struct db *d, struct arena *a, struct fault *f,
                                 const struct incident_cursor *after, int64_t limit,
                                 struct incident_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r,
                 FOUND " c.why, NULL" FROM " WHERE" IS_REFUSED " AND c.id > $1 AND" IS_NEWS
                       " AND NOT " IS_OPEN("needs_reconnect", "c.id") " ORDER BY c.id LIMIT $2",
                 DB_T(key(after->id)), DB_I(limit));

    if (!e)
        found_of(a, &r, STR("needs_reconnect"), ret, ret_count);
    return e;
}

enum err store_incidents_expiring(struct db *d, struct arena *a, struct fault *f, int64_t until,
                                  int64_t recent, const struct incident_cursor *after,
                                  int64_t limit, struct incident_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(
        d, a, f, &r,
        FOUND " NULL, NULL" FROM " WHERE c.expires IS NOT NULL AND c.expires <= $1"
              " AND c.expires >= $2 AND (c.expires > $2 OR c.id > $3) AND"
              " c.status = 'connected' AND" HAS_KEY " AND" IS_NEWS
              " AND NOT EXISTS (SELECT 1 FROM incidents i WHERE i.subject = c.id"
              " AND i.kind = 'key_expires' AND i.opened > $4)"
              " AND NOT " IS_OPEN("key_expires", "c.id") " ORDER BY c.expires, c.id LIMIT $5",
        DB_I(until), DB_I(after->expires), DB_T(key(after->id)), DB_I(recent), DB_I(limit));

    if (!e)
        found_of(a, &r, STR("key_expires"), ret, ret_count);
    return e;
}

enum err store_incidents_failing(struct db *d, struct arena *a, struct fault *f, int64_t now_ms,
                                 int64_t since, const struct incident_cursor *after, int64_t limit,
                                 struct incident_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(
        d, a, f, &r,
        FOUND " g.last_error, g.id" FROM " JOIN oauth_grants g ON g.id = c.grant_id"
              " WHERE g.last_class = 'transient' AND g.access_expires <= $1"
              " AND g.failing_since <= $2 AND g.id >= $3"
              " AND (g.id > $3 OR c.id > $4)"
              " AND c.status = 'connected' AND" IS_NEWS
              " AND NOT " IS_OPEN("refresh_failing", "c.id") " ORDER BY g.id, c.id LIMIT $5",
        DB_I(now_ms), DB_I(since), DB_T(key(after->grant)), DB_T(key(after->id)), DB_I(limit));

    if (!e)
        found_of(a, &r, STR("refresh_failing"), ret, ret_count);
    return e;
}

enum err store_incidents_lost(struct db *d, struct arena *a, struct fault *f,
                              const struct incident_cursor *after, int64_t limit,
                              struct incident_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r,
                 FOUND LOST("c.lost_scopes") ", NULL" FROM " WHERE c.lost_scopes IS NOT NULL AND "
                                             "c.status = 'connected' AND c.id > $1"
                                             " AND" IS_NEWS " AND NOT " IS_OPEN(
                                                 "scopes_lost", "c.id") " ORDER BY c.id LIMIT $2",
                 DB_T(key(after->id)), DB_I(limit));

    if (!e)
        found_of(a, &r, STR("scopes_lost"), ret, ret_count);
    return e;
}

enum err store_incidents_client(struct db *d, struct arena *a, struct fault *f, int64_t limit,
                                struct incident_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT p.place, n.app_id, o.connection_id, NULL, COALESCE(n.name, ''),"
                          " '', '', NULL, a.slug, a.name, NULL, NULL, NULL"
                          " FROM (SELECT DISTINCT " PLACE " AS place FROM oauth_grants g"
                          " JOIN credentials c ON c.grant_id = g.id WHERE" CLIENT_FAILS
                          " AND " C_IS_FREE ") p"
                          " LEFT JOIN oauth_clients o ON o.id = p.place"
                          " LEFT JOIN connections n ON n.id = o.connection_id"
                          " LEFT JOIN apps a ON a.id = n.app_id"
                          " WHERE NOT " IS_OPEN("client_refused", "p.place") " LIMIT $1",
                          DB_I(limit));

    if (!e)
        found_of(a, &r, STR("client_refused"), ret, ret_count);
    return e;
}

/* --- incidents -------------------------------------------------------------------------------- */

#define COLUMNS                                                                                    \
    "i.id, i.kind, i.subject, i.app_id, i.connection_id, i.owner, i.name, i.site_name, "           \
    "i.site_url,"                                                                                  \
    " i.why, i.expires, i.opened, i.remind_at, i.calm_since, i.calm_ms, i.closed, a.slug AS "      \
    "app_slug,"                                                                                    \
    " a.name AS app_name, o.name AS owner_name"
#define INCIDENTS                                                                                  \
    " FROM incidents i LEFT JOIN apps a ON a.id = i.app_id LEFT JOIN users o ON o.id = i.owner"

static void rows_of(struct arena *a, const struct db_rows *r, struct incident_row **ret,
                    size_t *ret_count)
{
    struct incident_row *rows = arena_alloc_array(a, r->count + 1, sizeof(*rows));

    for (size_t i = 0; i < r->count; i++)
        rows[i] = (struct incident_row){
            .id = db_text(r, i, 0),
            .kind = db_text(r, i, 1),
            .subject = db_text(r, i, 2),
            .app = db_text(r, i, 3),
            .connection = db_text(r, i, 4),
            .owner = db_text(r, i, 5),
            .name = db_text(r, i, 6),
            .site_name = db_text(r, i, 7),
            .site_url = db_text(r, i, 8),
            .why = db_text(r, i, 9),
            .expires = db_int(r, i, 10),
            .opened = db_int(r, i, 11),
            .remind_at = db_int(r, i, 12),
            .calm_since = db_int(r, i, 13),
            .calm_ms = db_int(r, i, 14),
            .closed = db_int(r, i, 15),
            .app_slug = db_text(r, i, 16),
            .app_name = db_text(r, i, 17),
            .owner_name = db_text(r, i, 18),
            .holds = r->columns > 19 && db_int(r, i, 19) != 0,
            .works = r->columns > 20 && db_int(r, i, 20) != 0,
        };
    *ret = rows;
    *ret_count = r->count;
}

#define CREDENTIAL                                                                                 \
    "EXISTS (SELECT 1 FROM credentials c JOIN connections n ON n.id = c.connection_id"             \
    " LEFT JOIN oauth_grants g ON g.id = c.grant_id WHERE c.id = i.subject AND"
#define WORKS                                                                                      \
    " CASE WHEN i.kind = 'client_refused' OR EXISTS (SELECT 1 FROM credentials c"                  \
    " WHERE c.id = i.subject AND c.status = 'connected' AND c.sealed IS NOT NULL)"                 \
    " THEN 1 ELSE 0 END AS works"

/* $1: now, $2: refreshes that fail for so long count. */
#define HOLDS                                                                                      \
    " CASE i.kind WHEN 'refresh_failing' THEN CASE WHEN " CREDENTIAL                               \
    " g.last_class = 'transient' AND g.access_expires <= $1 AND g.failing_since <= $2"             \
    " AND c.status = 'connected' AND" CONCERNS ") THEN 1 ELSE 0 END"                               \
    " WHEN 'needs_reconnect' THEN CASE WHEN " CREDENTIAL IS_REFUSED " AND" CONCERNS                \
    ") THEN 1 ELSE 0 END"                                                                          \
    " WHEN 'key_expires' THEN CASE WHEN " CREDENTIAL HAS_KEY                                       \
    " AND c.expires = i.expires AND" CONCERNS ") THEN 1 ELSE 0 END"                                \
    " WHEN 'scopes_lost' THEN CASE WHEN " CREDENTIAL " c.lost_scopes IS NOT NULL AND" CONCERNS     \
    ") THEN 1 ELSE 0 END"                                                                          \
    " WHEN 'client_refused' THEN CASE WHEN EXISTS (SELECT 1 FROM oauth_grants g"                   \
    " JOIN credentials c ON c.grant_id = g.id WHERE" CLIENT_FAILS " AND " PLACE " = i.subject)"    \
    " THEN 1 ELSE 0 END ELSE 0 END AS holds,"

/* Neither over nor told again while stopped: what it is then is seen once the stop is lifted. An
 * OAuth client's goes on as long as somebody stands on it who is not stopped. */
#define IS_FROZEN                                                                                  \
    "(EXISTS (SELECT 1 FROM stops x WHERE x.lifted IS NULL AND x.kind = 'app'"                     \
    " AND x.subject = i.app_id) OR EXISTS (SELECT 1 FROM credentials c WHERE c.id = i.subject"     \
    " AND NOT (" C_IS_FREE ")))"
#define CLIENT_IS_FROZEN                                                                           \
    "(i.kind = 'client_refused' AND NOT EXISTS (SELECT 1 FROM oauth_grants g"                      \
    " JOIN credentials c ON c.grant_id = g.id WHERE" CLIENT_FAILS " AND " PLACE " = i.subject"     \
    " AND " C_IS_FREE "))"

enum err store_incidents_changed(struct db *d, struct arena *a, struct fault *f, str kind,
                                 int64_t now_ms, int64_t since, const struct incident_cursor *after,
                                 int64_t limit, struct incident_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT * FROM (SELECT " COLUMNS "," HOLDS WORKS INCIDENTS
                          " WHERE i.kind = $3 AND i.id > $4 AND i.closed IS NULL"
                          " AND NOT " IS_FROZEN ") t"
                          " WHERE (t.calm_since IS NULL AND t.holds = 0) OR (t.calm_since IS NOT"
                          " NULL AND (t.holds = 1 OR t.calm_since + t.calm_ms <= $1))"
                          " ORDER BY t.id LIMIT $5",
                          DB_I(now_ms), DB_I(since), DB_T(kind), DB_T(key(after->id)), DB_I(limit));

    if (!e)
        rows_of(a, &r, ret, ret_count);
    return e;
}

/* Lists of incidents of the kinds of tables/incidents.def: a row of any other (a later version's,
 * or somebody's SQL) is left out, as nobody here could say what it means. */
#define INCIDENT(name, code, calm, opened, still, closed, gone) ",'" code "'"
static const char DUE[] =
    "SELECT " COLUMNS ", 1 AS holds," WORKS INCIDENTS
    " WHERE i.remind_at IS NOT NULL AND i.remind_at <= $1"
    " AND i.closed IS NULL AND i.calm_since IS NULL AND i.kind IN (''"
#include "incidents.def"
    ") AND NOT " IS_FROZEN " AND NOT " CLIENT_IS_FROZEN " ORDER BY i.remind_at LIMIT $2";
static const char OF_APP[] = "SELECT " COLUMNS INCIDENTS " WHERE i.app_id = $1 AND i.closed IS NULL"
                             " AND i.calm_since IS NULL AND i.kind IN (''"
#include "incidents.def"
                             ") ORDER BY i.id DESC LIMIT $2";
static const char OF_WORKSPACE[] =
    "SELECT " COLUMNS INCIDENTS " WHERE i.app_id IS NULL AND i.closed IS NULL"
    " AND i.calm_since IS NULL AND i.kind IN (''"
#include "incidents.def"
    ") ORDER BY i.id DESC LIMIT $1";
#undef INCIDENT

enum err store_incidents_due(struct db *d, struct arena *a, struct fault *f, int64_t now_ms,
                             int64_t limit, struct incident_row **ret, size_t *ret_count)
{
    const struct db_value args[] = {DB_I(now_ms), DB_I(limit)};
    struct db_rows r;
    enum err e = db_run(d, a, f, DUE, args, 2, &r);

    if (!e)
        rows_of(a, &r, ret, ret_count);
    return e;
}

enum err store_incident_open(struct db *d, struct arena *a, struct fault *f,
                             const struct incident_row *i, int *ret_opened)
{
    struct db_rows r;
    enum err e = db_query(
        d, a, f, &r,
        "INSERT INTO incidents (id, kind, subject, app_id, connection_id, owner, name, site_name,"
        " site_url, why, expires, opened, remind_at, calm_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
        " ON CONFLICT (subject, kind) WHERE closed IS NULL DO NOTHING RETURNING id",
        DB_T(i->id), DB_T(i->kind), DB_T(i->subject), db_text_or_null(i->app),
        db_text_or_null(i->connection), db_text_or_null(i->owner), DB_T(i->name),
        DB_T(i->site_name), DB_T(i->site_url), DB_T(i->why), db_int_or_null(i->expires),
        DB_I(i->opened), db_int_or_null(i->remind_at), DB_I(i->calm_ms));

    if (!e)
        *ret_opened = r.count > 0;
    return e;
}

enum err store_incident_count(struct db *d, struct arena *a, struct fault *f, str kind, str subject,
                              int64_t after, int64_t *ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT count(*) FROM incidents WHERE kind = $1 AND subject = $2"
                          " AND opened > $3",
                          DB_T(kind), DB_T(subject), DB_I(after));

    if (!e)
        *ret = db_int(&r, 0, 0);
    return e;
}

enum err store_incident_calm(struct db *d, struct arena *a, struct fault *f, str id, int64_t since)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "UPDATE incidents SET calm_since = $1 WHERE id = $2",
                    db_int_or_null(since), DB_T(id));
}

enum err store_incident_remind(struct db *d, struct arena *a, struct fault *f, str id,
                               int64_t remind_at)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "UPDATE incidents SET remind_at = $1 WHERE id = $2",
                    db_int_or_null(remind_at), DB_T(id));
}

enum err store_incident_lost_changed(struct db *d, struct arena *a, struct fault *f, str credential,
                                     str lost, int64_t now_ms)
{
    struct db_rows r;

    return db_query(
        d, a, f, &r,
        "UPDATE incidents SET why =" LOST(
            "CAST($1 AS TEXT)") ", remind_at = $2"
                                " WHERE subject = $3 AND kind = 'scopes_lost' AND closed IS NULL",
        DB_T(lost), DB_I(now_ms), DB_T(credential));
}

enum err store_incident_close(struct db *d, struct arena *a, struct fault *f, str id,
                              int64_t now_ms, int *ret_closed)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "UPDATE incidents SET closed = $1, remind_at = NULL"
                          " WHERE id = $2 AND closed IS NULL",
                          DB_I(now_ms), DB_T(id));

    if (!e)
        *ret_closed = r.changed > 0;
    return e;
}

enum err store_incidents_of_app(struct db *d, struct arena *a, struct fault *f, str app,
                                int64_t limit, struct incident_row **ret, size_t *ret_count)
{
    const struct db_value args[] = {DB_T(app), DB_I(limit)};
    struct db_rows r;
    enum err e = app.p ? db_run(d, a, f, OF_APP, args, 2, &r)
                       : db_run(d, a, f, OF_WORKSPACE, args + 1, 1, &r);

    if (!e)
        rows_of(a, &r, ret, ret_count);
    return e;
}

enum err store_incidents_expire(struct db *d, struct arena *a, struct fault *f, int64_t before_ms)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "DELETE FROM incidents WHERE closed IS NOT NULL AND closed < $1",
                    DB_I(before_ms));
}

enum err store_incident_keep_trying(struct db *d, struct arena *a, struct fault *f, str credential,
                                    int64_t now_ms)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "UPDATE oauth_grants SET keep_at = $1 WHERE keep_at > $1 AND id ="
                    " (SELECT c.grant_id FROM credentials c WHERE c.id = $2)",
                    DB_I(now_ms), DB_T(credential));
}

/* --- people ----------------------------------------------------------------------------------- */

static enum err people(struct arena *a, enum err e, const struct db_rows *r,
                       struct person_row **ret, size_t *ret_count)
{
    if (!e)
        people_of(a, r, ret, ret_count);
    return e;
}

enum err store_incident_owner(struct db *d, struct arena *a, struct fault *f, str app, str owner,
                              struct person_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT u.id, u.name, u.email FROM users u WHERE u.id = $1"
                          " AND u.state = 'active' AND " HAS_APP("$2", "u.id"),
                          DB_T(owner), DB_T(app));

    return people(a, e, &r, ret, ret_count);
}

/* From the few who were told, not from all who could have been. */
#define TOLD                                                                                       \
    "SELECT u.id, u.name, u.email FROM (SELECT DISTINCT n.user_id AS told FROM notices n"          \
    " WHERE n.incident_id = $1) t JOIN users u ON u.id = t.told"                                   \
    " WHERE COALESCE(u.state, '') = 'active'"

enum err store_incident_told(struct db *d, struct arena *a, struct fault *f, str incident, str app,
                             struct person_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e =
        app.p ? db_query(d, a, f, &r, TOLD " AND " HAS_APP("$2", "u.id"), DB_T(incident), DB_T(app))
              : db_query(d, a, f, &r, TOLD " AND u.workspace_admin = 1", DB_T(incident));

    return people(a, e, &r, ret, ret_count);
}

enum err store_incident_admins(struct db *d, struct arena *a, struct fault *f, str app,
                               int64_t limit, struct person_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT u.id, u.name, u.email FROM (SELECT p.principal AS admin"
                          " FROM permissions p WHERE p.app_id = $1 AND p.role = 'admin'"
                          " AND p.kind = 'user' UNION SELECT m.user_id FROM permissions p"
                          " JOIN group_members m ON m.group_id = p.principal WHERE p.app_id = $1"
                          " AND p.role = 'admin' AND p.kind = 'group') t"
                          " JOIN users u ON u.id = t.admin WHERE COALESCE(u.state, '') = 'active'"
                          " ORDER BY u.sort_key LIMIT $2",
                          DB_T(app), DB_I(limit));

    return people(a, e, &r, ret, ret_count);
}

enum err store_workspace_admins(struct db *d, struct arena *a, struct fault *f, int64_t limit,
                                struct person_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT id, name, email FROM users WHERE state = 'active'"
                          " AND workspace_admin = 1 ORDER BY sort_key LIMIT $1",
                          DB_I(limit));

    return people(a, e, &r, ret, ret_count);
}

/* --- notices ---------------------------------------------------------------------------------- */

enum err store_notice_insert(struct db *d, struct arena *a, struct fault *f,
                             const struct notice_row *n)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "INSERT INTO notices (id, user_id, incident_id, event, sentence, link, created)"
                    " VALUES ($1, $2, $3, $4, $5, $6, $7)",
                    DB_T(n->id), DB_T(n->user), DB_T(n->incident), DB_T(n->event),
                    DB_T(n->sentence), DB_T(n->link), DB_I(n->created));
}

enum err store_notices_page(struct db *d, struct arena *a, struct fault *f, str user, str before,
                            int64_t limit, struct notice_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r,
                 "SELECT t.id, t.user_id, t.incident_id, t.event, t.sentence, t.link,"
                 " t.created, t.read_at, i.kind, a.slug, a.name,"
                 " CASE WHEN i.closed IS NULL THEN 1 ELSE 0 END"
                 " FROM notices t JOIN incidents i ON i.id = t.incident_id"
                 " LEFT JOIN apps a ON a.id = i.app_id"
                 " WHERE t.user_id = $1 AND t.id < $2 ORDER BY t.id DESC LIMIT $3",
                 DB_T(user), DB_T(str_empty(before) ? STR("zzzzzzzzzzzzzzzzzzzzzzzzzzz") : before),
                 DB_I(limit));

    if (e)
        return e;
    struct notice_row *rows = arena_alloc_array(a, r.count + 1, sizeof(*rows));
    for (size_t i = 0; i < r.count; i++)
        rows[i] = (struct notice_row){
            .id = db_text(&r, i, 0),
            .user = db_text(&r, i, 1),
            .incident = db_text(&r, i, 2),
            .event = db_text(&r, i, 3),
            .sentence = db_text(&r, i, 4),
            .link = db_text(&r, i, 5),
            .created = db_int(&r, i, 6),
            .read_at = db_int(&r, i, 7),
            .kind = db_text(&r, i, 8),
            .app_slug = db_text(&r, i, 9),
            .app_name = db_text(&r, i, 10),
            .open = db_int(&r, i, 11) != 0,
        };
    *ret = rows;
    *ret_count = r.count;
    return ERR_OK;
}

enum err store_notices_unread(struct db *d, struct arena *a, struct fault *f, str user,
                              int64_t most, int64_t *ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT count(*) FROM (SELECT 1 AS one FROM notices WHERE user_id = $1"
                          " AND read_at IS NULL LIMIT $2) t",
                          DB_T(user), DB_I(most));

    if (!e)
        *ret = db_int(&r, 0, 0);
    return e;
}

enum err store_notices_read(struct db *d, struct arena *a, struct fault *f, str user, str id,
                            int64_t now_ms, int64_t *ret_count)
{
    struct db_rows r;
    enum err e = str_empty(id) ? db_query(d, a, f, &r,
                                          "UPDATE notices SET read_at = $1 WHERE user_id = $2"
                                          " AND read_at IS NULL",
                                          DB_I(now_ms), DB_T(user))
                               : db_query(d, a, f, &r,
                                          "UPDATE notices SET read_at = COALESCE(read_at, $1)"
                                          " WHERE user_id = $2 AND id = $3",
                                          DB_I(now_ms), DB_T(user), DB_T(id));

    if (!e)
        *ret_count = r.changed;
    return e;
}
