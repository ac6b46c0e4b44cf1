/* What time does; see the header. */
#include "core/sweep.h"

#include <unistd.h>

#include "base/clock.h"
#include "core/calls.h"
#include "core/deliveries.h"
#include "core/grants.h"
#include "core/oauth_clients.h"
#include "core/runs.h"
#include "core/settings.h"
#include "store/calls.h"
#include "store/incidents.h"
#include "store/links.h"
#include "store/pending.h"
#include "store/runs.h"
#include "store/sessions.h"
#include "store/sweep.h"
#include "store/throttles.h"

#define ERASE_AFTER_MS (30 * CLOCK_DAY_MS)
/* Rows in one transaction: others wait for it no longer than some milliseconds. */
#define BATCH 200
/* Between two transactions: who waits to write gets a turn. */
#define PAUSE_US 20000
#define INCIDENTS_KEPT_MS (90 * CLOCK_DAY_MS)

static struct sweep_terms terms_of(const struct work *w)
{
    str environment = w->services->settings->jira_client_id;

    return (struct sweep_terms){
        .now_ms = w->now_ms,
        .erase_before = w->now_ms - ERASE_AFTER_MS,
        .keep_before = w->now_ms + GRANT_KEEP_MS + 2 * CLOCK_DAY_MS,
        /* A start without the environment's variables is a mistake more often than a decision:
         * nothing can be used meanwhile (core/decide.h), and nothing is lost. */
        .environment = str_empty(environment) ? (str){NULL, 0} : environment,
        .erased_why = STR("erased 30 days after the access to the app was lost."),
        .client_why = STR(OAUTH_CLIENT_CHANGED),
    };
}

static enum err run_batch(struct work *w, enum sweep_task task, const struct sweep_terms *terms,
                          const str *ids, size_t count)
{
    enum err e = work_write(w);

    for (size_t i = 0; !e && i < count; i++)
        e = store_sweep_do(w->db, w->arena, w->fault, task, terms, ids[i]);
    return e ? e : work_commit(w);
}

static enum err run_task(struct work *w, enum sweep_task task, const struct sweep_terms *terms)
{
    str *ids = NULL;
    size_t count = 0;
    enum err e;

    do {
        e = store_sweep_find(w->db, w->arena, w->fault, task, terms, BATCH, &ids, &count);
        if (!e && count)
            e = run_batch(w, task, terms, ids, count);
        if (!e && count == BATCH)
            (void)usleep(PAUSE_US);
    } while (!e && count == BATCH);
    return e;
}

static enum err expire(struct work *w)
{
    enum err e = work_write(w);

    if (!e)
        e = store_pending_expire(w->db, w->arena, w->fault, w->now_ms, w->now_ms - CLOCK_DAY_MS);
    if (!e)
        e = store_drafts_expire(w->db, w->arena, w->fault, w->now_ms);
    if (!e)
        e = store_throttles_expire(w->db, w->arena, w->fault, w->now_ms);
    if (!e)
        e = store_deliveries_expire(w->db, w->arena, w->fault, w->now_ms - DELIVERY_KEPT_MS);
    if (!e)
        e = store_incidents_expire(w->db, w->arena, w->fault, w->now_ms - INCIDENTS_KEPT_MS);
    if (!e)
        e = store_links_expire(w->db, w->arena, w->fault, w->now_ms);
    if (!e)
        e = store_sessions_expire(w->db, w->arena, w->fault, w->now_ms);
    if (!e)
        e = store_runs_expire(w->db, w->arena, w->fault,
                              w->now_ms - runs_days(w->services->settings) * CLOCK_DAY_MS);
    if (!e)
        e = store_call_groups_delete_before(w->db, w->arena, w->fault, w->now_ms - CALLS_KEPT_MS);
    return e ? e : work_commit(w);
}

enum err sweep_run(struct work *w)
{
    struct sweep_terms terms = terms_of(w);
    enum err e = ERR_OK;

    for (int task = 0; !e && task < SWEEP_TASKS; task++)
        e = run_task(w, (enum sweep_task)task, &terms);
    return e ? e : expire(w);
}
