/* Options of selects that come from a request's answer: which can be looked up with what is entered
 * so far, and looking them up, one call after the other (chain.h), for a form that is shown.
 *
 * A source depends on the inputs that its request names: only when all of them have a value it is
 * asked. One whose request names {{search}} is asked with what somebody types. Nothing of it is
 * kept; only requests that read are sources (action.h checks that).
 */
#ifndef ACTIONS_OPTIONS_H
#define ACTIONS_OPTIONS_H

#include <jansson.h>

#include "actions/fill.h"
#include "actions/run.h"
#include "core/provider.h"

#define OPTIONS_SOURCES_MAX 20 /* asked for one form */

/* The ids of the inputs that an input's options depend on: a list of texts, in the arena. Empty
 * for one without a source. */
json_t *options_depend_on(struct arena *a, const json_t *applied, const json_t *input,
                          const struct place_filter *filters);
/* 1: its source takes what somebody types. */
int options_search(struct arena *a, const json_t *applied, const json_t *input,
                   const struct place_filter *filters);
/* 1: it has a source, and all that it depends on has a value in `inputs`. */
int options_are_known(struct arena *a, const json_t *applied, const json_t *input,
                      const json_t *inputs, const struct place_filter *filters);
/* The options in an answer of the source. ERR_INVALID: it has none, or was no success. */
MUST_USE enum err options_read(struct arena *a, struct fault *f, const json_t *input,
                               const struct fill_scope *scope, const struct provider_request *reply,
                               json_t **ret, int *ret_cut);

struct options_order {
    const struct access_query *who; /* copied */
    const json_t *applied;          /* these live until done() */
    const json_t *values;           /* scope_values(), with the inputs so far */
    const json_t *search;           /* {input id: text}; may be NULL */
    json_t *found;                  /* an object: gets {input id: {"options","cut","problem"}} */
};
/* 1 when there is something to look up. */
int options_wanted(struct arena *a, const struct options_order *order,
                   const struct place_filter *filters);
/* On the loop; done(token) comes once, there, later. */
void options_start(struct runner *r, struct loop *loop, const struct options_order *order,
                   void (*done)(void *token), void *token);

#endif
