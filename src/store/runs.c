/* Rows of `runs` and `run_calls`. See the header. */
#include "store/runs.h"

#define COLUMNS(inputs, outputs)                                                                   \
    "SELECT r.id, r.app_id, r.action_id, r.action_name, r.applied_version, r.user_id,"             \
    " r.user_name, r.source, r.status, r.sentence, r.own, " inputs ", " outputs                    \
    ", r.calls_done, r.calls_failed, r.calls_planned, r.started, r.ended, r.beat, a.slug, r.dry,"  \
    " r.input_errors, r.writes"                                                                    \
    " FROM runs r LEFT JOIN actions a ON a.id = r.action_id"

static struct run_row row_of(const struct db_rows *r, size_t i)
{
    return (struct run_row){
        .id = db_text(r, i, 0),
        .app = db_text(r, i, 1),
        .action = db_text(r, i, 2),
        .action_name = db_text(r, i, 3),
        .applied_version = db_int(r, i, 4),
        .user = db_text(r, i, 5),
        .user_name = db_text(r, i, 6),
        .source = db_text(r, i, 7),
        .status = db_text(r, i, 8),
        .sentence = db_text(r, i, 9),
        .own = db_int(r, i, 10) != 0,
        .inputs = db_text(r, i, 11),
        .outputs = db_text(r, i, 12),
        .calls_done = db_int(r, i, 13),
        .calls_failed = db_int(r, i, 14),
        .calls_planned = db_int(r, i, 15),
        .started = db_int(r, i, 16),
        .ended = db_int(r, i, 17),
        .beat = db_int(r, i, 18),
        .action_slug = db_text(r, i, 19),
        .dry = db_int(r, i, 20) != 0,
        .input_errors = db_text(r, i, 21),
        .writes = db_int(r, i, 22),
    };
}

enum err store_run_insert(struct db *d, struct arena *a, struct fault *f, const struct run_row *row)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "INSERT INTO runs (id, app_id, action_id, action_name, applied_version,"
                    " user_id, user_name, source, status, own, inputs, calls_done, calls_failed,"
                    " calls_planned, started, beat, dry, writes)"
                    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, $12, $13, $14,"
                    " $15, $16)",
                    DB_T(row->id), DB_T(row->app), db_text_or_null(row->action),
                    DB_T(row->action_name), DB_I(row->applied_version), db_text_or_null(row->user),
                    DB_T(row->user_name), DB_T(row->source), DB_T(row->status), DB_I(row->own),
                    DB_T(row->inputs), DB_I(row->calls_planned), DB_I(row->started),
                    DB_I(row->beat), DB_I(row->dry), DB_I(row->writes));
}

enum err store_run_find(struct db *d, struct arena *a, struct fault *f, str app, str id,
                        struct run_row *ret)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r, COLUMNS("r.inputs", "r.outputs") " WHERE r.app_id = $1 AND r.id = $2",
                 DB_T(app), DB_T(id));
    if (e)
        return e;
    if (r.count == 0)
        return fail(f, ERR_NOT_FOUND, "There is no such run in this app.");
    *ret = row_of(&r, 0);
    return ERR_OK;
}

enum err store_run_last_writes(struct db *d, struct arena *a, struct fault *f, str action, str user,
                               int64_t *ret)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT writes FROM runs WHERE action_id = $1 AND user_id = $2"
                          " AND dry = 0 ORDER BY id DESC LIMIT 1",
                          DB_T(action), DB_T(user));

    if (!e)
        *ret = r.count ? db_int(&r, 0, 0) : -1;
    return e;
}

enum err store_runs_list(struct db *d, struct arena *a, struct fault *f, str app,
                         const struct run_filter *filter, int64_t limit, struct run_row **ret,
                         size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(
        d, a, f, &r,
        COLUMNS("CAST(NULL AS TEXT)",
                "CAST(NULL AS TEXT)") " WHERE r.app_id = $1"
                                      " AND (CAST($2 AS TEXT) IS NULL OR r.action_id = $2)"
                                      " AND (CAST($3 AS TEXT) IS NULL OR r.user_id = $3)"
                                      " AND (CAST($4 AS TEXT) IS NULL OR r.status = $4)"
                                      " AND (CAST($5 AS TEXT) IS NULL OR r.source = $5)"
                                      " AND r.started >= $6 AND (CAST($7 AS BIGINT) IS NULL OR "
                                      "r.started < $7)"
                                      " AND (CAST($8 AS TEXT) IS NULL OR r.id < $8) ORDER BY r.id "
                                      "DESC LIMIT $9",
        DB_T(app), filter->action.n ? DB_T(filter->action) : DB_N,
        filter->user.n ? DB_T(filter->user) : DB_N, filter->status.n ? DB_T(filter->status) : DB_N,
        filter->source.n ? DB_T(filter->source) : DB_N, DB_I(filter->from),
        db_int_or_null(filter->until), filter->before.n ? DB_T(filter->before) : DB_N, DB_I(limit));

    if (e)
        return e;
    struct run_row *rows = arena_alloc_array(a, r.count + 1, sizeof(*rows));
    for (size_t i = 0; i < r.count; i++)
        rows[i] = row_of(&r, i);
    *ret = rows;
    *ret_count = r.count;
    return ERR_OK;
}

enum err store_run_progress(struct db *d, struct arena *a, struct fault *f,
                            const struct run_row *row, int *ret_done)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "UPDATE runs SET calls_done = $1, calls_failed = $2, calls_planned = $3,"
                          " own = $4, beat = $5 WHERE id = $6 AND status = 'running'",
                          DB_I(row->calls_done), DB_I(row->calls_failed), DB_I(row->calls_planned),
                          DB_I(row->own), DB_I(row->beat), DB_T(row->id));

    if (!e)
        *ret_done = r.changed > 0;
    return e;
}

enum err store_run_end(struct db *d, struct arena *a, struct fault *f, const struct run_row *row,
                       int *ret_done)
{
    struct db_rows r;
    enum err e =
        db_query(d, a, f, &r,
                 "UPDATE runs SET status = $1, sentence = $2,"
                 " own = CASE WHEN own = 1 THEN 1 ELSE CAST($3 AS BIGINT) END, outputs = $4,"
                 " calls_done = $5, calls_failed = $6, calls_planned = $7, ended = $8,"
                 " input_errors = $9 WHERE id = $10 AND status = 'running'",
                 DB_T(row->status), db_text_or_null(row->sentence), DB_I(row->own),
                 db_text_or_null(row->outputs), DB_I(row->calls_done), DB_I(row->calls_failed),
                 DB_I(row->calls_planned), DB_I(row->ended), db_text_or_null(row->input_errors),
                 DB_T(row->id));

    if (!e)
        *ret_done = r.changed > 0;
    return e;
}

enum err store_run_is_own(struct db *d, struct arena *a, struct fault *f, str id)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "UPDATE runs SET own = 1 WHERE id = $1 AND own = 0", DB_T(id));
}

enum err store_runs_interrupt(struct db *d, struct arena *a, struct fault *f, int64_t beat_before,
                              str sentence, int64_t now_ms, int64_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "UPDATE runs SET status = 'interrupted', sentence = $1, ended = $2"
                          " WHERE status = 'running' AND beat < $3",
                          DB_T(sentence), DB_I(now_ms), DB_I(beat_before));

    if (!e)
        *ret_count = r.changed;
    return e;
}

enum err store_run_beat(struct db *d, struct arena *a, struct fault *f, str id, int64_t now_ms)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "UPDATE runs SET beat = $1 WHERE id = $2 AND status = 'running'",
                    DB_I(now_ms), DB_T(id));
}

enum err store_runs_expire(struct db *d, struct arena *a, struct fault *f, int64_t before)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "DELETE FROM runs WHERE ended < $1", DB_I(before));
}

/* --- calls ------------------------------------------------------------------------------------ */

enum err store_run_call_put(struct db *d, struct arena *a, struct fault *f,
                            const struct run_call_row *row)
{
    struct db_rows r;

    return db_query(
        d, a, f, &r,
        "INSERT INTO run_calls (run_id, number, app_id, step, item, state, is_write,"
        " connection_name, account, site, shared, method, template, path, request_body, status,"
        " response_body, sentence, began, ms, changes)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,"
        " $18, $19, $20, $21) ON CONFLICT (run_id, number) DO UPDATE SET state = excluded.state,"
        " status = excluded.status, response_body = excluded.response_body,"
        " sentence = excluded.sentence, ms = excluded.ms",
        DB_T(row->run), DB_I(row->number), DB_T(row->app), DB_T(row->step),
        db_int_or_null(row->item), DB_T(row->state), DB_I(row->is_write),
        DB_T(row->connection_name), DB_T(row->account), DB_T(row->site), DB_I(row->shared),
        DB_T(row->method), DB_T(row->template), DB_T(row->path), db_text_or_null(row->request_body),
        db_int_or_null(row->status), db_text_or_null(row->response_body),
        db_text_or_null(row->sentence), DB_I(row->began), DB_I(row->ms),
        db_text_or_null(row->changes));
}

static struct run_call_row call_of(const struct db_rows *r, size_t i)
{
    return (struct run_call_row){
        .run = db_text(r, i, 0),
        .number = db_int(r, i, 1),
        .app = db_text(r, i, 2),
        .step = db_text(r, i, 3),
        .item = db_int(r, i, 4),
        .state = db_text(r, i, 5),
        .is_write = db_int(r, i, 6) != 0,
        .connection_name = db_text(r, i, 7),
        .account = db_text(r, i, 8),
        .site = db_text(r, i, 9),
        .shared = db_int(r, i, 10) != 0,
        .method = db_text(r, i, 11),
        .template = db_text(r, i, 12),
        .path = db_text(r, i, 13),
        .request_body = db_text(r, i, 14),
        .status = db_int(r, i, 15),
        .response_body = db_text(r, i, 16),
        .sentence = db_text(r, i, 17),
        .began = db_int(r, i, 18),
        .ms = db_int(r, i, 19),
        .changes = db_text(r, i, 20),
    };
}

enum err store_run_calls(struct db *d, struct arena *a, struct fault *f, str run, int64_t after,
                         int64_t limit, struct run_call_row **ret, size_t *ret_count)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "SELECT run_id, number, app_id, step, item, state, is_write,"
                          " connection_name, account, site, shared, method, template, path,"
                          " request_body, status, response_body, sentence, began, ms, changes"
                          " FROM run_calls WHERE run_id = $1 AND number > $2"
                          " ORDER BY number LIMIT $3",
                          DB_T(run), DB_I(after), DB_I(limit));

    if (e)
        return e;
    struct run_call_row *rows = arena_alloc_array(a, r.count + 1, sizeof(*rows));
    for (size_t i = 0; i < r.count; i++)
        rows[i] = call_of(&r, i);
    *ret = rows;
    *ret_count = r.count;
    return ERR_OK;
}
