/* Reading templates: text with places in double braces that name a value.
 *
 *   {{input.key}}    {{request.Find.response.body.issues[0].key}}    {{input.words | jql}}
 *
 *   place     = "{{" reference [ "|" filter ] [ "?" ] "}}"       spaces may stand between all of it
 *   reference = name *( "." name / "[" digits "]" / "[" DQUOTE key DQUOTE "]" )
 *   name      = a letter or "_", then letters, digits, "_" and "-"
 *
 * Nothing in it is evaluated. What becomes of a place is actions/fill.h's. Pure; any thread.
 */
#ifndef ACTIONS_PLACE_H
#define ACTIONS_PLACE_H

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define PLACE_STEPS_MAX 64 /* of one reference */

/* Writes a value in another language, quoted, or makes another value of it. A list may be given to
 * it. NULL: it cannot. */
struct place_filter {
    const char *name; /* NULL ends a list of them */
    str (*apply)(struct arena *a, const json_t *value);
    json_t *(*convert)(struct arena *a, const json_t *value); /* instead of apply; in the arena */
};

struct place_step {
    str name;     /* of a member; p NULL: it is an index */
    size_t index; /* of a list */
};

struct place {
    str source; /* with its braces, for messages; borrowed from the template */
    struct place_step steps[PLACE_STEPS_MAX];
    size_t step_count;                 /* at least 1, and the first is a name */
    const struct place_filter *filter; /* NULL: none */
    int is_optional;                   /* "?": may name nothing, and is left out then */
};

struct place_reader {
    str rest; /* the template at first */
    struct fault *fault;
    const struct place_filter *filters; /* NULL: none */
};

/* The text up to the next place, and that; *found 0: there is none, and the text is all that was
 * left. ERR_INVALID that quotes the place: unclosed, empty, nested, unknown filter, too long. */
MUST_USE enum err place_next(struct place_reader *r, str *before, struct place *place, int *found);
/* ERR_INVALID: "SOURCE" why. */
enum err place_error(struct fault *f, str source, const char *why);

#endif
