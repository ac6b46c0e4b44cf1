/* The history of runs: who may see which, and how much of it. Without HTTP and SQL; running itself
 * is src/actions/run.h's.
 *
 * States of a run (status):
 *   running     -- went to its end, nothing failed -->             successful
 *   running     -- something failed and something was done -->     partial
 *   running     -- failed before anything was done, or stopped --> stopped
 *   running     -- its process has not beaten for RUN_SILENT_MS -> interrupted
 * The states of a call (run_calls.state): a write is "sending" on file before it is sent; then
 * "done" or "failed". One that stays "sending" was cut off: Jira may have carried it out. A step
 * that was not run is "skipped". Rules:
 *   - runners see their own runs, an app's admins all of them;
 *   - once a step used an account of the runner's own, contents (paths, bodies, outputs) are the
 *     runner's alone: they show what that account may see in Jira;
 *   - what runs is ended once: by its runner, by whoever stops it, or by the look at silent ones.
 */
#ifndef CORE_RUNS_H
#define CORE_RUNS_H

#include "base/clock.h"
#include "core/actions.h"
#include "core/settings.h"
#include "core/work.h"
#include "store/runs.h"

#define RUNS_PAGE 50
#define RUN_CALLS_PAGE 200
#define RUN_SILENT_MS (45 * CLOCK_SECOND_MS)
#define RUNS_DAYS_MAX 3650
#define RUN_INTERRUPTED                                                                            \
    "Mortise was stopped in the middle of this run. The calls below were made; one that says "     \
    "\"sending\" may have been carried out: look in Jira before you run it again."

/* How many days runs are kept: the setting. Pure. */
int64_t runs_days(const struct settings *settings);
/* Write transaction. A new row, running, for the acting user or key. inputs: JSON. */
enum run_kind { RUN_REAL, RUN_DRY };
MUST_USE enum err run_create(struct work *w, const struct action_row *action, enum run_kind kind,
                             int64_t writes, str source, str inputs, struct run_row *ret);
/* 1: the acting user ran it before, when fewer of its steps could write than now. */
MUST_USE enum err run_gained_write(struct work *w, const struct action_row *action, int64_t writes,
                                   int *ret);
/* A dry run that confirms a real one: the caller's, of what is applied now, successful, begun in
 * the last RUN_CONFIRM_MS. ERR_CONFIRM_EXPIRED. */
#define RUN_CONFIRM_MS (60 * CLOCK_MINUTE_MS)
MUST_USE enum err run_confirmed(struct work *w, const struct action_row *action, str dry_run,
                                struct run_row *ret);
/* ERR_NOT_FOUND: none that the caller may see. One that is silent is shown as interrupted. */
MUST_USE enum err run_find(struct work *w, str id, struct run_row *ret);
/* 1 when the caller may see its contents. */
int run_shows_contents(const struct work *w, const struct run_row *row);
int run_is_mine(const struct work *w, const struct run_row *row);
/* The newest first; *ret_next: to go on after, p == NULL on the last page. */
MUST_USE enum err runs_page(struct work *w, const struct run_filter *filter, struct run_row **ret,
                            size_t *ret_count, str *ret_next);
MUST_USE enum err run_calls(struct work *w, const struct run_row *row, int64_t after,
                            struct run_call_row **ret, size_t *ret_count);
/* Write transaction. Nothing more is sent; what is under way comes to its end. ERR_CONFLICT: it has
 * ended already. Its runner, or an app's admin. */
MUST_USE enum err run_stop(struct work *w, const struct run_row *row);
/* Write transaction. Ends what is silent; *ret_count: how many. */
MUST_USE enum err runs_interrupt(struct work *w, int64_t *ret_count);

#endif
