/* Mustache templates (mustache(5): variables, sections, inverted sections, partials, comments,
 * set delimiters; no lambdas), compiled once at start from the embedded ui/ files, rendered from a
 * JSON document. `{{name}}` escapes for HTML text and quoted attributes; lint refuses `{{{` and
 * `{{&` in ui/.
 *
 * A name that no object of the context stack has at all (not even as null) is remembered as
 * missing: documents always have all their keys, so that tests can hold templates against them.
 *
 * The set is immutable after making it: any thread.
 */
#ifndef HTTP_TEMPLATE_H
#define HTTP_TEMPLATE_H

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct template_set;

struct template_source {
    const char *name; /* without ".html" */
    str text;
};

/* Sources must outlive the set. ERR_CONFIG names template and line. */
MUST_USE enum err template_set_new(struct fault *f, const struct template_source *sources,
                                   size_t count, struct template_set **ret);
void template_set_free(struct template_set *s);
/* Appends to out (its limit applies: ERR_TOO_LARGE). ret_missing (may be NULL): the first missing
 * name, in the arena, or an empty str. Unknown template: ERR_NOT_FOUND. Nesting is bounded. */
MUST_USE enum err template_render(const struct template_set *s, struct arena *a, struct fault *f,
                                  const char *name, json_t *context, struct buf *out,
                                  str *ret_missing);

#endif
