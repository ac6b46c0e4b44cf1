/* What templates may name, and what it stands for:
 *
 *   input.ID                        what the runner entered
 *   request.NAME.response.status    of a step's call that was answered, of a list the last one
 *   request.NAME.response.body...   its body, when it was JSON; a text otherwise
 *   request.NAME.response.headers["Name"]
 *   request.NAME.results[0]...      of a step that went over a list: {item, ok, status, sentence,
 * body} request.NAME.count, .failed     how many calls the step made, and how many of them failed
 *   request.NAME.site               where it was sent, for people: "https://acme.atlassian.net"
 *   user.id, user.name, user.email  who runs it; null for a key of an app
 *   now, today                      "2026-11-28T23:50:11.000Z", "2026-11-28"; UTC
 *   search                          what somebody types to find an option of a select; else empty
 *   item..., index                  of the list that a step goes over, a table shows, or a select
 *                                   offers; index is a number, from 0
 *
 * The rules of a name that is unknown: an error that quotes it, here when something is saved, and
 * in fill.h when it runs. Pure; any thread.
 */
#ifndef ACTIONS_NAMES_H
#define ACTIONS_NAMES_H

#include <jansson.h>

#include "actions/fill.h"

struct names {
    const json_t *inputs;   /* an object with a member an input; NULL: any may be named */
    const json_t *requests; /* the same for steps, or requests of the app */
    int in_list;            /* item and index may be named */
};

/* A fill_check_fn; arg is a const struct names *. */
MUST_USE enum err names_check(void *arg, struct fault *f, const struct place *place);

/* A place as it could be written: "request.Find.response.body.issues[0].key". In the arena. */
str names_reference(struct arena *a, const struct place *place);
/* Reads what names_reference() makes. */
MUST_USE enum err names_read(struct arena *a, struct fault *f, str reference, struct place *ret);
/* Puts a value (its own reference is taken) where the place points, making objects and lists on
 * the way. ERR_INVALID: something else is there already, or an index is beyond NAMES_INDEX_MAX. */
#define NAMES_INDEX_MAX 100
MUST_USE enum err names_set(struct fault *f, json_t *values, const struct place *place,
                            json_t *value);

#endif
