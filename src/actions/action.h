/* An action's document: inputs, then steps in their order, then outputs.
 *
 *   {"inputs": [...],                                                         input.h
 *    "steps": [{"name": "Find", "request": "Find", "run_if": "{{input.key}}",
 *               "for_each": "{{request.List.response.body.issues}}", "limit": 100,
 *               "fails": "status", "fails_if": "{{request.Find.response.body.errors[0]}}",
 *               "on_failure": "stop"}],
 *    "outputs": [...],                                                        output.h
 *    "confirm": true}                          a dry run comes first; may be left out
 *
 * Of a step only `request` has to be there: a saved request of the app, by its name. `name` is what
 * later templates call it, else the request's. Invariants of a document that passed the check:
 *   - ids of inputs and names of steps are unique;
 *   - every template reads, and names what exists: inputs, and steps that come before it;
 *   - every request was checked as this step's.
 * The draft names requests; what was applied has a copy of each in `requests`, {NAME:
 * {"connection": id or null, "document": {...}}}, so that no later change of a request changes what
 * is run.
 *
 * How a step goes (run.h runs it):
 *   run_if    not run when this is empty: nothing, null, false, "" or an empty list
 *   for_each  one call for each item of the list, `limit` at most (STEP_LIMIT when it is not said)
 *   fails     "status" (400 and above; the rule when nothing is said) or "never"; what is not
 *             answered at all always failed
 *   fails_if  after an answer: it failed, too, when this is not empty
 *   on_failure "stop" the run (the rule), or "go_on" with the next step. Items of one step go on
 *             either way
 * Pure; any thread.
 */
#ifndef ACTIONS_ACTION_H
#define ACTIONS_ACTION_H

#include <jansson.h>

#include "actions/fill.h"
#include "actions/slips.h"
#include "core/provider.h"

#define STEPS_MAX 100
#define STEP_LIMIT 100      /* items, unless the step says another limit */
#define STEP_LIMIT_MAX 1000 /* and at most */
#define ACTION_DOCUMENT_MAX ((size_t)512 * 1024)

/* What the check needs to know of the app. */
struct action_surroundings {
    const json_t *requests; /* {NAME: {"connection", "document"}} */
    const struct place_filter *filters;
    const struct provider *provider;
};

/* A document with nothing in it, in the arena. */
json_t *action_empty(struct arena *a);
/* Collects what is wrong; fields like "steps[0].run_if". */
void action_check(struct slips *s, const json_t *draft, const struct action_surroundings *around);
/* The same, and what only matters when it is run: there is a step. */
void action_check_whole(struct slips *s, const json_t *draft,
                        const struct action_surroundings *around);
/* What is applied: a copy with its requests. The draft passed the check. In the arena. */
json_t *action_freeze(struct arena *a, const json_t *draft, const json_t *requests);

/* Of a step. */
str action_step_name(const json_t *step);
/* {"connection", "document"} of what was applied; NULL: it is not there. Borrowed. */
const json_t *action_request(const json_t *applied, str request);
/* How many steps of what was applied can change something. */
int64_t action_writes(const json_t *applied);

#endif
