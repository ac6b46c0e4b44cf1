/* The history of runs. See the header. */
#include "core/runs.h"

#include "base/id.h"
#include "core/keys.h"

#define DAYS 90 /* where no settings were read, as in tests */

int64_t runs_days(const struct settings *settings)
{
    int64_t days = 0;

    return str_to_int64(settings->run_days, &days) && days > 0 ? days : DAYS;
}

static str name_of_actor(const struct work *w)
{
    if (w->actor.user.p)
        return w->actor.name;
    return w->actor.key ? w->actor.key->name : STR("");
}

enum err run_create(struct work *w, const struct action_row *action, enum run_kind kind,
                    int64_t writes, str source, str inputs, struct run_row *ret)
{
    struct run_row row = {
        .id = id_new(w->arena),
        .app = w->membership.app,
        .action = action->id,
        .action_name = action->name,
        .action_slug = action->slug,
        .applied_version = action->applied_version,
        .user = w->actor.user,
        .user_name = name_of_actor(w),
        .source = source,
        .status = STR("running"),
        .writes = writes,
        .dry = kind == RUN_DRY,
        .inputs = inputs,
        .started = w->now_ms,
    };
    enum err e = work_write(w);

    if (!e)
        e = db_clock_ms(w->db, w->arena, w->fault, &row.beat);
    if (!e)
        db_moves_nothing(w->db);
    if (!e)
        e = store_run_insert(w->db, w->arena, w->fault, &row);
    if (!e)
        *ret = row;
    return e;
}

enum err run_gained_write(struct work *w, const struct action_row *action, int64_t writes, int *ret)
{
    int64_t before = -1;
    enum err e = ERR_OK;

    if (w->actor.user.p)
        e = store_run_last_writes(w->db, w->arena, w->fault, action->id, w->actor.user, &before);
    if (!e)
        *ret = before >= 0 && writes > before;
    return e;
}

int run_is_mine(const struct work *w, const struct run_row *row)
{
    if (!w->actor.user.p)
        return w->actor.key != NULL && !row->user.p;
    return row->user.p && str_eq(row->user, w->actor.user);
}

static int is_admin(const struct work *w)
{
    return w->membership.role == PERMISSION_ROLE_ADMIN;
}

int run_shows_contents(const struct work *w, const struct run_row *row)
{
    return run_is_mine(w, row) || (is_admin(w) && !row->own);
}

/* Until the next look ends it. */
static enum err show_silent(struct work *w, struct run_row *rows, size_t count)
{
    int64_t now = 0;
    enum err e = db_clock_ms(w->db, w->arena, w->fault, &now);

    for (size_t i = 0; !e && i < count; i++) {
        if (!str_eq(rows[i].status, STR("running")) || rows[i].beat >= now - RUN_SILENT_MS)
            continue;
        rows[i].status = STR("interrupted");
        rows[i].sentence = STR(RUN_INTERRUPTED);
    }
    return e;
}

enum err run_find(struct work *w, str id, struct run_row *ret)
{
    struct run_row row = {0};
    enum err e = store_run_find(w->db, w->arena, w->fault, w->membership.app, id, &row);

    if (!e && !is_admin(w) && !run_is_mine(w, &row))
        e = work_fail(w, ERR_NOT_FOUND, "There is no such run in this app.");
    if (!e)
        e = show_silent(w, &row, 1);
    if (!e)
        *ret = row;
    return e;
}

enum err run_confirmed(struct work *w, const struct action_row *action, str dry_run,
                       struct run_row *ret)
{
    enum err e = run_find(w, dry_run, ret);

    if (e && e != ERR_NOT_FOUND)
        return e;
    if (!e && ret->dry && run_is_mine(w, ret) && ret->action.p && str_eq(ret->action, action->id) &&
        ret->applied_version == action->applied_version && str_eq(ret->status, STR("successful")) &&
        ret->started >= w->now_ms - RUN_CONFIRM_MS)
        return ERR_OK;
    return work_fail(w, ERR_CONFIRM_EXPIRED,
                     "That dry run does not confirm this: it is too old, went wrong, or the action "
                     "was changed since. Make another dry run.");
}

enum err runs_page(struct work *w, const struct run_filter *filter, struct run_row **ret,
                   size_t *ret_count, str *ret_next)
{
    struct run_filter f = *filter;
    enum err e;

    if (!is_admin(w))
        f.user = w->actor.user.p ? w->actor.user : STR("-");
    e = store_runs_list(w->db, w->arena, w->fault, w->membership.app, &f, RUNS_PAGE + 1, ret,
                        ret_count);
    if (e)
        return e;
    *ret_next = (str){NULL, 0};
    if (*ret_count > RUNS_PAGE) {
        *ret_count = RUNS_PAGE;
        *ret_next = (*ret)[RUNS_PAGE - 1].id;
    }
    return show_silent(w, *ret, *ret_count);
}

enum err run_calls(struct work *w, const struct run_row *row, int64_t after,
                   struct run_call_row **ret, size_t *ret_count)
{
    return store_run_calls(w->db, w->arena, w->fault, row->id, after, RUN_CALLS_PAGE, ret,
                           ret_count);
}

enum err run_stop(struct work *w, const struct run_row *row)
{
    struct run_row next = *row;
    int done = 0;
    enum err e = work_write(w);

    next.status = row->calls_done > row->calls_failed ? STR("partial") : STR("stopped");
    next.sentence =
        arena_printf(w->arena, "Stopped by %.*s.", STR_ARG(str_utf8_cut(name_of_actor(w), 120)));
    next.ended = w->now_ms;
    if (!e)
        e = store_run_end(w->db, w->arena, w->fault, &next, &done);
    if (e)
        return e;
    return done ? ERR_OK : work_fail(w, ERR_CONFLICT, "This run has ended already.");
}

enum err runs_interrupt(struct work *w, int64_t *ret_count)
{
    int64_t now = 0;
    enum err e = work_write(w);

    if (!e)
        e = db_clock_ms(w->db, w->arena, w->fault, &now);
    if (!e)
        db_moves_nothing(w->db);
    return e ? e
             : store_runs_interrupt(w->db, w->arena, w->fault, now - RUN_SILENT_MS,
                                    STR(RUN_INTERRUPTED), w->now_ms, ret_count);
}
