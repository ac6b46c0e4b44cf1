/* Filling templates (actions/place.h) with values.
 *
 * Invariants:
 *   - a value is never read as a template, whatever it holds;
 *   - in a document templates stand inside strings, and the document was parsed before they are
 *     filled, so that no value can become anything but a value;
 *   - in a path a value is one segment or part of one: it is percent-encoded, and neither nothing
 *     nor "." nor ".." can come of it;
 *   - however often a long value is named, what comes of it is bounded;
 *   - what names nothing is an error that quotes it, never silently nothing. A member that is there
 *     and null is nothing: that is how optional inputs stand in the values;
 *   - a place that ends in "?" may name nothing. In a document a member or an item that is such a
 *     place is left out when there is nothing, and what holds nothing but those as well.
 * Pure; any thread. Results are in the arena.
 */
#ifndef ACTIONS_FILL_H
#define ACTIONS_FILL_H

#include <jansson.h>

#include "actions/place.h"

#define FILL_TEXT_MAX ((size_t)1 << 20)     /* of one text when it is filled */
#define FILL_DOCUMENT_MAX ((size_t)8 << 20) /* of all values in a document, with 16 for each */

/* Where a filled text is put, and so how values are written. */
enum fill_use {
    FILL_TEXT,
    FILL_PATH,   /* of a URL */
    FILL_QUERY,  /* the value of a parameter is not encoded here, whoever joins them does that */
    FILL_HEADER, /* no line ends, no other control characters */
};

struct fill_scope {
    const json_t *values;               /* an object; a reference's first name is looked up in it */
    const struct place_filter *filters; /* NULL: none */
    size_t print_max; /* bytes of one object or list inside a text; 0: FILL_TEXT_MAX */
};

/* Called for every place, when a template is saved. Fails (fault_set) for what it does not know. */
typedef enum err fill_check_fn(void *arg, struct fault *f, const struct place *place);

/* ERR_INVALID that quotes the place: unclosed, empty, nested, unknown filter, too long; and what
 * `check` (may be NULL) says. */
MUST_USE enum err fill_check(struct fault *f, str text, const struct place_filter *filters,
                             fill_check_fn *check, void *arg);
/* The same for every string in a document, its members' names too. */
MUST_USE enum err fill_check_document(struct fault *f, const json_t *document,
                                      const struct place_filter *filters, fill_check_fn *check,
                                      void *arg);

/* ERR_INVALID that quotes the place: it names nothing, or its value cannot stand there. */
MUST_USE enum err fill_text(struct arena *a, struct fault *f, str text,
                            const struct fill_scope *scope, enum fill_use use, str *ret);
/* A text that is exactly one place keeps its value's type; any other becomes a string. */
MUST_USE enum err fill_value(struct arena *a, struct fault *f, str text,
                             const struct fill_scope *scope, json_t **ret);
/* A copy of the document with every string filled as by fill_value(). Members whose place
 * is nothing stay, as null. */
MUST_USE enum err fill_document(struct arena *a, struct fault *f, const json_t *document,
                                const struct fill_scope *scope, json_t **ret);

#endif
