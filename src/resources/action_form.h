/* The form with which an action is run: its fields, with what was entered, their options, and the
 * connections that have to work first. Workers only.
 */
#ifndef RESOURCES_ACTION_FORM_H
#define RESOURCES_ACTION_FORM_H

#include <jansson.h>

#include "core/actions.h"
#include "http/exchange.h"

/* A run that could not begin, for the form that is shown again (x->carried). */
struct action_page {
    json_t *errors; /* {input id: message}; NULL: none */
    str draft;      /* what was entered is kept there; p == NULL: it is not */
    str run;        /* that the errors are from; p == NULL: none */
    str sentence;   /* why it ended */
    json_t *found;  /* options that were looked up (actions/options.h); NULL: not yet */
};

/* What is run: the row, and its applied document. ERR_CONFLICT: it cannot be run now. */
MUST_USE enum err action_runnable(struct exchange *x, struct action_row *ret, json_t **ret_applied);
/* {input id: value} of what was entered: the API's "inputs", or the form's fields "i:ID" and, for
 * the options of a multi-select, "m0:ID", "m1:ID" ... */
json_t *action_entered(struct exchange *x, const json_t *applied);
/* Looks up the options of the form, between the halves, when there are some to look up and the
 * connections work; page->found is set either way. applied and entered live as long as the
 * exchange. */
MUST_USE enum err action_look_up(struct exchange *x, struct action_page *page,
                                 const struct action_row *row, const json_t *applied,
                                 const json_t *entered);
/* The connections of what is applied that the caller cannot use now: [C] with "return_to". ERR_OK
 * also when there are some. */
MUST_USE enum err action_connect_first(struct exchange *x, const struct action_row *row,
                                       const json_t *applied, str draft, json_t **ret);

#endif
