/* Helpers on jansson for the documents that handlers read and make. (The prefix json_ is
 * jansson's.) A document always has all its keys: what is absent is null, so that templates can
 * be checked against it. Not for Jira's bodies, which pass unparsed or are shown raw when
 * jansson refuses them. A json_t belongs to one thread at a time.
 */
#ifndef BASE_DOC_H
#define BASE_DOC_H

#include <jansson.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* Call once at the start, before any other thread and any JSON: makes jansson wipe memory that it
 * gives back (parsed bodies hold secrets for a moment) and seeds its hash tables. */
void doc_init(void);

/* An object/array that goes with the arena. Put nothing of the arena's into longer-lived JSON. */
json_t *doc_object(struct arena *a);
json_t *doc_array(struct arena *a);
/* Any other value that goes with the arena, which takes the reference. */
json_t *doc_keep(struct arena *a, json_t *value);

/* Setters copy. Text that is not UTF-8 is a bug (check what comes from outside with str_is_utf8;
 * U+0000 does pass here); a str with p == NULL sets null. */
void doc_set_str(json_t *object, const char *key, str value);
void doc_set_cstring(json_t *object, const char *key, const char *value_or_null);
void doc_set_int(json_t *object, const char *key, int64_t value);
void doc_set_bool(json_t *object, const char *key, int value);
void doc_set_null(json_t *object, const char *key);
/* RFC 3339; 0 sets null. */
void doc_set_time(json_t *object, const char *key, int64_t ms);
/* Shares value (takes its own reference). */
void doc_set(json_t *object, const char *key, json_t *value);
void doc_append(json_t *array, json_t *value);

/* Getters on an object that may be NULL. Missing or of another type: empty / fallback. The str
 * borrows from the document. */
str doc_get_str(const json_t *object, const char *key);
int64_t doc_get_int(const json_t *object, const char *key, int64_t fallback);
json_t *doc_get(const json_t *object, const char *key); /* borrowed, NULL when missing */

/* jansson makes some 200 bytes of heap of the two bytes "{}": texts with more values than this
 * are not given to it, or a few megabytes sent by a stranger become a gigabyte. */
#define DOC_VALUES_MAX 400000
/* 1 when text cannot hold more than DOC_VALUES_MAX values. Looks at brackets and commas only. */
int doc_is_parsable(str text);

/* Parses strictly (RFC 8259, UTF-8, duplicate keys refused, nesting limited by jansson, values by
 * DOC_VALUES_MAX) into the arena. Any value is accepted at the top. ERR_MALFORMED with the reason,
 * line and column in the message and nothing of the text, which may hold a secret. */
MUST_USE enum err doc_parse(struct arena *a, struct fault *f, str text, json_t **ret);
/* Compact text in the arena; reals with as few digits as give the same values back. */
str doc_print(struct arena *a, const json_t *value);
/* Re-indents JSON text without touching its numbers or escapes, two spaces a level. Returns 1
 * and the text in the arena, or 0 when the text is not JSON (jansson judges, but integers beyond
 * 64 bits, repeated keys and \u0000 pass), holds too many values or would pass max bytes. */
int doc_pretty(struct arena *a, str text, size_t max, str *ret);

#endif
