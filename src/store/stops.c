/* Rows of `stops` and `stop_items`. See the header. */
#include "store/stops.h"

#include "base/check.h"
#include "store/credentials_int.h"

#define COLUMNS                                                                                    \
    "s.id, s.kind, s.subject, s.label, s.detail, s.reason, s.by_workspace, s.stopped,"             \
    " s.stopped_by, s.erased, s.erased_by, s.erased_count, s.lifted, s.lifted_by, s.listed,"       \
    " us.name, ue.name, ul.name, (SELECT count(*) FROM stop_items i WHERE i.stop_id = s.id)"
#define FROM                                                                                       \
    " FROM stops s LEFT JOIN users us ON us.id = s.stopped_by"                                     \
    " LEFT JOIN users ue ON ue.id = s.erased_by LEFT JOIN users ul ON ul.id = s.lifted_by "

static const char *const KINDS[STOP_KINDS] = {"app", "user", "site"};

str stop_kind_text(enum stop_kind kind)
{
    return str_from(KINDS[kind]);
}

int stop_kind_read(str text, enum stop_kind *ret)
{
    for (int i = 0; i < STOP_KINDS; i++) {
        if (str_eq(text, str_from(KINDS[i]))) {
            *ret = (enum stop_kind)i;
            return 1;
        }
    }
    return 0;
}

/* 0: of a kind that only a later version knows. */
static int row_of(const struct db_rows *r, size_t i, struct stop_row *ret)
{
    enum stop_kind kind;

    if (!stop_kind_read(db_text(r, i, 1), &kind))
        return 0;
    *ret = (struct stop_row){
        .id = db_text(r, i, 0),
        .kind = kind,
        .subject = db_text(r, i, 2),
        .label = db_text(r, i, 3),
        .detail = db_text(r, i, 4),
        .reason = db_text(r, i, 5),
        .by_workspace = db_int(r, i, 6) != 0,
        .stopped = db_int(r, i, 7),
        .stopped_by = db_text(r, i, 8),
        .erased = db_int(r, i, 9),
        .erased_by = db_text(r, i, 10),
        .erased_count = db_int(r, i, 11),
        .lifted = db_int(r, i, 12),
        .lifted_by = db_text(r, i, 13),
        .listed = db_int(r, i, 14),
        .stopped_name = db_text(r, i, 15),
        .erased_name = db_text(r, i, 16),
        .lifted_name = db_text(r, i, 17),
        .items = db_int(r, i, 18),
    };
    return 1;
}

static struct stop_row *first_of(struct arena *a, const struct db_rows *r)
{
    if (r->count == 0)
        return NULL;
    struct stop_row *row = arena_new_of(a, struct stop_row);
    return row_of(r, 0, row) ? row : NULL;
}

/* --- one stop --------------------------------------------------------------------------------- */

enum err store_stop_insert(struct db *d, struct arena *a, struct fault *f,
                           const struct stop_row *row)
{
    struct db_rows r;

    return db_query(
        d, a, f, &r,
        "INSERT INTO stops (id, kind, subject, label, detail, reason, by_workspace,"
        " stopped, stopped_by, erased_count) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,"
        " 0)",
        DB_T(row->id), DB_T(stop_kind_text(row->kind)), DB_T(row->subject), DB_T(row->label),
        DB_T(row->detail), DB_T(row->reason), DB_I(row->by_workspace), DB_I(row->stopped),
        db_text_or_null(row->stopped_by));
}

enum err store_stop_find(struct db *d, struct arena *a, struct fault *f, str id,
                         struct stop_row **ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r, "SELECT " COLUMNS FROM "WHERE s.id = $1", DB_T(id));

    if (!e)
        *ret = first_of(a, &r);
    return e;
}

enum err store_stop_open(struct db *d, struct arena *a, struct fault *f, enum stop_kind kind,
                         str subject, struct stop_row **ret)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r,
                 "SELECT " COLUMNS FROM "WHERE s.kind = $1 AND s.subject = $2 AND s.lifted IS NULL",
                 DB_T(stop_kind_text(kind)), DB_T(subject));

    if (!e)
        *ret = first_of(a, &r);
    return e;
}

enum err store_stop_of_address(struct db *d, struct arena *a, struct fault *f, str url,
                               struct stop_row **ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT " COLUMNS FROM "JOIN sites t ON t.id = s.subject"
                          " WHERE s.kind = 'site' AND s.lifted IS NULL"
                          " AND (t.url = $1 OR s.detail = $2) ORDER BY s.stopped LIMIT 1",
                          DB_T(url), DB_T(url));

    if (!e)
        *ret = first_of(a, &r);
    return e;
}

enum err store_stop_update(struct db *d, struct arena *a, struct fault *f,
                           const struct stop_row *row)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "UPDATE stops SET erased = $1, erased_by = $2, erased_count = $3, lifted = $4,"
                    " lifted_by = $5 WHERE id = $6",
                    db_int_or_null(row->erased), db_text_or_null(row->erased_by),
                    DB_I(row->erased_count), db_int_or_null(row->lifted),
                    db_text_or_null(row->lifted_by), DB_T(row->id));
}

enum err store_stop_that_keeps(struct db *d, struct arena *a, struct fault *f,
                               const struct stop_loss *loss, struct stop_row **ret)
{
    struct db_rows r;
    str connection = loss->connection.p ? loss->connection : STR("");
    str credential = loss->credential.p ? loss->credential : STR("");
    enum err e = db_query(
        d, a, f, &r,
        "SELECT " COLUMNS FROM "WHERE s.lifted IS NULL AND s.by_workspace = 1"
        " AND ((s.kind = 'app' AND s.subject = $1) OR (s.kind <> 'app' AND EXISTS"
        " (SELECT 1 FROM credentials c WHERE c.app_id = $2 AND c.sealed IS NOT NULL"
        " AND ($3 = '' OR c.connection_id = $4) AND ($5 = '' OR c.id = $6)"
        " AND CASE WHEN s.kind = 'user' THEN c.entered_by ELSE c.site_id END = s.subject)))"
        " ORDER BY s.kind, s.stopped LIMIT 1",
        DB_T(loss->app), DB_T(loss->app), DB_T(connection), DB_T(connection), DB_T(credential),
        DB_T(credential));

    if (!e)
        *ret = first_of(a, &r);
    return e;
}

/* --- what is in force ------------------------------------------------------------------------- */

enum err store_stops_in_force(struct db *d, struct arena *a, struct fault *f, str app, str user,
                              int64_t *ret_app, int64_t *ret_user)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT (SELECT stopped FROM stops WHERE kind = 'app' AND subject = $1"
                          " AND lifted IS NULL), (SELECT stopped FROM stops WHERE kind = 'user'"
                          " AND subject = $2 AND lifted IS NULL)",
                          DB_T(app), DB_T(user));

    if (e)
        return e;
    *ret_app = db_int(&r, 0, 0);
    *ret_user = db_int(&r, 0, 1);
    return ERR_OK;
}

enum err store_stops_of_credential(struct db *d, struct arena *a, struct fault *f, str entered_by,
                                   str site, int64_t *ret_user, int64_t *ret_site)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT (SELECT stopped FROM stops WHERE kind = 'user' AND subject = $1"
                          " AND lifted IS NULL), (SELECT stopped FROM stops WHERE kind = 'site'"
                          " AND subject = $2 AND lifted IS NULL)",
                          DB_T(entered_by), DB_T(site));

    if (e)
        return e;
    *ret_user = db_int(&r, 0, 0);
    *ret_site = db_int(&r, 0, 1);
    return ERR_OK;
}

enum err store_stop_covers_grant(struct db *d, struct arena *a, struct fault *f, str grant,
                                 int *ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT count(*), COALESCE(sum(CASE WHEN " C_IS_FREE
                          " THEN 1 ELSE 0 END), 0) FROM credentials c WHERE c.grant_id = $1",
                          DB_T(grant));

    if (!e)
        *ret = db_int(&r, 0, 0) > 0 && db_int(&r, 0, 1) == 0;
    return e;
}

/* --- lists ------------------------------------------------------------------------------------ */

enum err store_stops_page(struct db *d, struct arena *a, struct fault *f,
                          const struct stops_filter *filter, int64_t skip, int64_t limit,
                          struct stop_row **ret, size_t *ret_count)
{
    struct db_rows r;
    str app = filter->app.p ? filter->app : STR("");
    str viewer = filter->viewer.p ? filter->viewer : STR("");
    enum err e = db_query(
        d, a, f, &r,
        "SELECT " COLUMNS FROM "WHERE s.kind IN ('app', 'user', 'site')"
        " AND ($1 = '' OR (s.kind = 'app' AND s.subject = $2))"
        " AND ($3 = '' OR s.kind <> 'app' OR s.stopped_by = $4 OR EXISTS (SELECT 1 FROM "
        "permissions p"
        " WHERE p.app_id = s.subject AND (p.kind = 'everyone' OR (p.kind = 'user'"
        " AND p.principal = $5) OR (p.kind = 'group' AND EXISTS (SELECT 1 FROM group_members m"
        " WHERE m.group_id = p.principal AND m.user_id = $6)))))"
        " ORDER BY CASE WHEN s.lifted IS NULL THEN 0 ELSE 1 END, s.stopped DESC, s.id DESC"
        " LIMIT $7 OFFSET $8",
        DB_T(app), DB_T(app), DB_T(viewer), DB_T(viewer), DB_T(viewer), DB_T(viewer), DB_I(limit),
        DB_I(skip));

    if (e)
        return e;
    struct stop_row *rows = arena_alloc_array(a, r.count + 1, sizeof(*rows));
    size_t n = 0;
    for (size_t i = 0; i < r.count; i++)
        n += (size_t)row_of(&r, i, &rows[n]);
    *ret = rows;
    *ret_count = n;
    return ERR_OK;
}

enum err store_stop_items(struct db *d, struct arena *a, struct fault *f, str stop, int64_t after,
                          int64_t limit, struct stop_item **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT position, kind, client_id, account_id, account_name,"
                          " account_email, person_name, person_email, people, site_name, site_url,"
                          " sites, credentials, since, last_used FROM stop_items"
                          " WHERE stop_id = $1 AND position > $2 ORDER BY position LIMIT $3",
                          DB_T(stop), DB_I(after), DB_I(limit));

    if (e)
        return e;
    struct stop_item *rows = arena_alloc_array(a, r.count + 1, sizeof(*rows));
    for (size_t i = 0; i < r.count; i++)
        rows[i] = (struct stop_item){
            .position = db_int(&r, i, 0),
            .by_oauth = str_eq(db_text(&r, i, 1), STR("oauth")),
            .client_id = db_text(&r, i, 2),
            .account_id = db_text(&r, i, 3),
            .account_name = db_text(&r, i, 4),
            .account_email = db_text(&r, i, 5),
            .person_name = db_text(&r, i, 6),
            .person_email = db_text(&r, i, 7),
            .people = db_int(&r, i, 8),
            .site_name = db_text(&r, i, 9),
            .site_url = db_text(&r, i, 10),
            .sites = db_int(&r, i, 11),
            .credentials = db_int(&r, i, 12),
            .since = db_int(&r, i, 13),
            .last_used = db_int(&r, i, 14),
        };
    *ret = rows;
    *ret_count = r.count;
    return ERR_OK;
}

/* --- what belongs to a subject ---------------------------------------------------------------- */

/* One text a kind. Of a user counts what they entered, which what they own is a part of. */

/* The accounts of a Data Center site are its own; Atlassian's are known on all its sites. */
#define ITEMS(column)                                                                              \
    "INSERT INTO stop_items (stop_id, position, kind, client_id, account_id, account_name,"        \
    " account_email, person_name, person_email, people, site_name, site_url, sites, credentials,"  \
    " since, last_used) SELECT CAST($1 AS TEXT), row_number() OVER (ORDER BY"                      \
    " COALESCE(u.sort_key, ''), t.first), CASE WHEN t.client_id IS NULL THEN 'api_key'"            \
    " ELSE 'oauth' END, t.client_id, c.account_id, c.account_name, c.username,"                    \
    " COALESCE(u.name, ''), COALESCE(u.email, ''), t.people, s.name, s.url, t.sites,"              \
    " t.credentials, t.since, t.last_used FROM (SELECT min(c.id) AS first, g.client_id,"           \
    " count(*) AS credentials, count(DISTINCT c.entered_by) AS people,"                            \
    " count(DISTINCT c.site_id) AS sites, min(c.since) AS since, max(c.last_used) AS last_used"    \
    " FROM credentials c LEFT JOIN oauth_grants g ON g.id = c.grant_id"                            \
    " WHERE " column " = $2 AND c.sealed IS NOT NULL GROUP BY c.account_id, g.client_id,"          \
    " CASE WHEN substr(c.site_id, 1, 5) = 'host:' THEN c.site_id ELSE '' END) t"                   \
    " JOIN credentials c ON c.id = t.first JOIN sites s ON s.id = c.site_id"                       \
    " LEFT JOIN users u ON u.id = c.entered_by"

enum err store_stop_write_items(struct db *d, struct arena *a, struct fault *f,
                                const struct stop_row *row, int64_t now_ms)
{
    static const char *const TEXTS[STOP_KINDS] = {ITEMS("c.app_id"), ITEMS("c.entered_by"),
                                                  ITEMS("c.site_id")};
    const struct db_value args[] = {DB_T(row->id), DB_T(row->subject)};
    struct db_rows r;
    enum err e = db_run(d, a, f, TEXTS[row->kind], args, 2, &r);

    return e ? e
             : db_query(d, a, f, &r, "UPDATE stops SET listed = $1 WHERE id = $2", DB_I(now_ms),
                        DB_T(row->id));
}

#define COST(column)                                                                               \
    "SELECT count(*) FROM credentials c WHERE " column " = $1 AND c.sealed IS NOT NULL"

enum err store_stop_cost(struct db *d, struct arena *a, struct fault *f, enum stop_kind kind,
                         str subject, int64_t *ret_credentials)
{
    static const char *const TEXTS[STOP_KINDS] = {COST("c.app_id"), COST("c.entered_by"),
                                                  COST("c.site_id")};
    const struct db_value args[] = {DB_T(subject)};
    struct db_rows r;
    enum err e = db_run(d, a, f, TEXTS[kind], args, 1, &r);

    if (!e)
        *ret_credentials = db_int(&r, 0, 0);
    return e;
}

#define WIPE(column)                                                                               \
    "UPDATE credentials SET " WIPED("'needs_reconnect'", "$1", "$2") " WHERE " column " = $3"      \
                                                                     " AND sealed IS NOT NULL"

/* Which site a connect that waits is for is not known before its answer: those that ask about a
 * credential on file on the stopped one. */
static const char *const WIPE_PENDING[STOP_KINDS] = {
    "DELETE FROM pending_connects WHERE app_id = $1",
    "DELETE FROM pending_connects WHERE user_id = $1",
    ("DELETE FROM pending_connects WHERE credential_id IN (SELECT id FROM credentials"
     " WHERE site_id = $1)"),
};

enum err store_stop_wipe(struct db *d, struct arena *a, struct fault *f, enum stop_kind kind,
                         str subject, str why, int64_t now_ms, int64_t *ret_count)
{
    static const char *const TEXTS[STOP_KINDS] = {WIPE("app_id"), WIPE("entered_by"),
                                                  WIPE("site_id")};
    const struct db_value args[] = {DB_I(now_ms), DB_T(why), DB_T(subject)};
    struct db_rows r;
    enum err e = db_run(d, a, f, TEXTS[kind], args, 3, &r);

    if (e)
        return e;
    *ret_count = r.changed;
    return db_run(d, a, f, WIPE_PENDING[kind], args + 2, 1, &r);
}

/* --- sites ------------------------------------------------------------------------------------ */

static struct stop_site *sites_of(struct arena *a, const struct db_rows *r)
{
    struct stop_site *rows = arena_alloc_array(a, r->count + 1, sizeof(*rows));

    for (size_t i = 0; i < r->count; i++)
        rows[i] = (struct stop_site){db_text(r, i, 0), db_text(r, i, 1), db_text(r, i, 2)};
    return rows;
}

enum err store_stop_site_find(struct db *d, struct arena *a, struct fault *f, str id_or_url,
                              struct stop_site **ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT id, url, name FROM sites WHERE id = $1 OR url = $2"
                          " ORDER BY last_seen DESC LIMIT 1",
                          DB_T(id_or_url), DB_T(id_or_url));

    if (!e)
        *ret = r.count ? sites_of(a, &r) : NULL;
    return e;
}

enum err store_stop_sites(struct db *d, struct arena *a, struct fault *f, int64_t limit,
                          struct stop_site **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r, "SELECT id, url, name FROM sites ORDER BY url LIMIT $1", DB_I(limit));

    if (e)
        return e;
    *ret = sites_of(a, &r);
    *ret_count = r.count;
    return ERR_OK;
}
