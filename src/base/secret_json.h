/* JSON that carries secrets: an object made straight into a secret's memory, and strings moved out
 * of a parsed document into one. Not a general writer (base/doc.h): text values only. Pure but for
 * what it is given; any thread.
 *
 * Invariants: no byte of a secret passes through an arena or the plain heap, except the parsed
 * document, whose memory jansson wipes when it gives it back (doc_init()).
 */
#ifndef BASE_SECRET_JSON_H
#define BASE_SECRET_JSON_H

#include <jansson.h>

#include "base/secret.h"
#include "base/str.h"

struct secret_json_field {
    const char *key;             /* ours: plain ASCII without '"' and '\' */
    const struct secret *secret; /* the value; NULL: text is */
    str text;
};

/* {"key":"value",...} in the order given, RFC 8259, compact; with no field "{}". *ret is the
 * caller's, an earlier one is wiped. Returns 1, or 0 (and leaves *ret) when a value is not UTF-8 or
 * holds U+0000, which str_is_utf8() counts as none. */
MUST_USE int secret_json_make(const struct secret_json_field *fields, size_t count,
                              struct secret *ret);

/* Moves the string object[key] into *to (which must be empty); the key is gone from the object
 * afterwards, its memory wiped. Returns 1, or 0 when there is no such key or it is no string:
 * nothing is changed then. */
MUST_USE int secret_json_take(json_t *object, const char *key, struct secret *to);

#endif
