/* Reads parameters: the query, forms (application/x-www-form-urlencoded as the URL Standard,
 * url.spec.whatwg.org section 5, has it) and JSON objects, all into x->input. Values of
 * tables/secret_fields.def go into struct secret instead, from forms and JSON alike.
 *
 * Of parameters with the same name the last one counts, and the body's over the query's.
 * Refused as ERR_MALFORMED: bad escapes, invalid UTF-8, U+0000, duplicate JSON keys, more than
 * INPUT_PARAMETERS_MAX parameters, names empty or longer than INPUT_NAME_MAX bytes, a secret in
 * the query.
 */
#ifndef HTTP_INPUT_H
#define HTTP_INPUT_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define INPUT_PARAMETERS_MAX 200
#define INPUT_NAME_MAX 64

struct exchange;

/* A request's body while it arrives: wiped whenever its memory is given back. */
struct input_body {
    char *p;
    size_t n;
    size_t room;
};

void input_body_add(struct input_body *b, str chunk);
void input_body_wipe(struct input_body *b);

enum input_type { INPUT_NONE, INPUT_FORM, INPUT_JSON };

/* What a Content-Type names; ERR_UNSUPPORTED_MEDIA_TYPE for all but the two, and for a charset
 * other than UTF-8. An empty header is INPUT_NONE. */
MUST_USE enum err input_type_of(struct fault *f, str content_type, enum input_type *ret);
/* Takes `_method` out of a query and returns its value (empty: none); *query is without it. */
str input_take_method(struct arena *a, str *query);
/* Into x->input. The query is x->query; of the body, a form's `_csrf` goes to x->csrf_header.
 * The body is wiped, whatever the result. */
MUST_USE enum err input_read_query(struct exchange *x);
MUST_USE enum err input_read_body(struct exchange *x, enum input_type type,
                                  struct input_body *body);

#endif
