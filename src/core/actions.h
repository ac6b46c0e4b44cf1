/* The rules of actions: an app's admins design them as a draft; Apply changes makes the draft what
 * is run; revert makes what is run the draft again. Without HTTP and SQL. What stands in the
 * documents is src/actions' and was checked before.
 *
 * Invariants:
 *   - an action can be run when it is enabled and was applied at least once;
 *   - every change takes the draft_version that was read: nobody overwrites what somebody else
 * saved meanwhile (ERR_CONFLICT);
 *   - the slug is made of the first name and never changes.
 * The membership of the unit of work names the app; that the caller is its admin was decided
 * before.
 */
#ifndef CORE_ACTIONS_H
#define CORE_ACTIONS_H

#include "core/work.h"
#include "store/actions.h"

#define ACTIONS_MAX 500 /* of one app: pages show them all at once */

/* By name, without documents. Runners get those that can be run. */
MUST_USE enum err actions_list(struct work *w, struct action_row **ret, size_t *ret_count);
/* By id, slug or name; ERR_NOT_FOUND, for runners also when it cannot be run. */
MUST_USE enum err action_find(struct work *w, str wanted, struct action_row *ret);
int action_can_run(const struct action_row *row);
/* 1: the draft was changed since it was applied last, or never was. */
int action_is_draft(const struct action_row *row);

/* Write transactions. ERR_NAME_TAKEN; ERR_INVALID: ACTIONS_MAX. */
MUST_USE enum err action_create(struct work *w, str name, str description, str draft,
                                struct action_row *ret);
/* NULL: stays. A new draft moves draft_version. */
struct action_change {
    const str *name;
    const str *description;
    const int *enabled;
    const str *draft;
};
MUST_USE enum err action_change(struct work *w, const struct action_row *row,
                                const struct action_change *change, struct action_row *ret);
/* Remembers which entry of the catalogue it was added from. */
MUST_USE enum err action_set_entry(struct work *w, const struct action_row *row, str entry);
/* The first free one of "Add comment", "Add comment 2", ... */
MUST_USE enum err action_free_name(struct work *w, str name, str *ret);
/* applied: the draft of `row` with its requests in it. */
MUST_USE enum err action_apply(struct work *w, const struct action_row *row, str applied,
                               struct action_row *ret);
/* The draft becomes `draft`, what was applied without its requests. */
MUST_USE enum err action_revert(struct work *w, const struct action_row *row, str draft,
                                struct action_row *ret);
MUST_USE enum err action_delete(struct work *w, const struct action_row *row);

#endif
