/* Memory of one request or job: allocated piece by piece, freed at once.
 *
 * An arena belongs to one request and is used by one thread at a time (it travels with the
 * request from loop to worker and back). Its cap is far above what the limits on bodies and
 * headers allow; reaching it is a bug and aborts. What is given back is wiped, since the tokens of
 * sessions and links pass through it, and poisoned under AddressSanitizer. Never holds a secret
 * (base/secret.h).
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

struct arena;

/* cap: bytes it may hand out until it is cleared. */
MUST_USE struct arena *arena_new(size_t cap);
/* Accepts NULL. */
void arena_free(struct arena *a);
/* Forgets everything handed out, keeps the first block. */
void arena_clear(struct arena *a);

/* A block that one arena gives back and another one takes, instead of the heap: for arenas of one
 * thread that need a second block for a moment only. Zeroed at first; outlives them. */
struct arena_spare {
    void *block;
};
void arena_share(struct arena *a, struct arena_spare *spare);
void arena_spare_done(struct arena_spare *spare);

/* Zeroed, aligned for any type, never NULL. */
MUST_USE void *arena_alloc(struct arena *a, size_t size);
MUST_USE void *arena_alloc_array(struct arena *a, size_t count, size_t size);
#define arena_new_of(a, type) ((type *)arena_alloc((a), sizeof(type)))

/* Copies; the copy is followed by a NUL byte that is not counted. No text (p == NULL) stays no
 * text, so that null and empty remain apart. */
str arena_str(struct arena *a, str s);
str arena_str_from(struct arena *a, const char *cstring);
/* The same as a C string, never NULL. Bytes after an inner NUL are cut off by whoever reads it:
 * check first. */
char *arena_cstring(struct arena *a, str s);
/* All parts, one behind the other, as one copy. For what every request does: printf costs many
 * times as much. */
str arena_join(struct arena *a, const str *parts, size_t count);
/* printf into the arena. */
str arena_printf(struct arena *a, const char *format, ...) PRINTF_LIKE(2, 3);

/* Runs release(object) when the arena is cleared or freed, last registered first; for library
 * objects (jansson, curl lists) that must go with the request. release must not use the arena. */
void arena_defer(struct arena *a, void (*release)(void *object), void *object);

#endif
