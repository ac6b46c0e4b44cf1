/* Secrets: bytes that must never be printed, logged, copied into an arena or left in memory.
 *
 * Invariants:
 *   - the bytes live in their own pages: locked where the system allows it, left out of core
 *     files, wiped when released;
 *   - a struct secret cannot be given to a printf-like function (it is a struct) and has no
 *     accessor but secret_expose(), which lint allows only in the places listed in
 *     tables/layers.txt (base, crypto, vault, writing the key file, upstream's authorisation
 *     header);
 *   - SECRET_AUTO wipes at the end of the scope.
 * One owner, one thread at a time.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

struct secret {
    unsigned char *p; /* NULL: none */
    size_t n;
};

#define SECRET_AUTO CLEANUP(secret_wipe)

/* Room for n bytes, zeroed; n may be 0 (p is then not NULL either). A held secret is wiped. */
void secret_alloc(struct secret *s, size_t n);
/* Copies bytes in. The caller wipes its own copy. */
void secret_set(struct secret *s, const void *p, size_t n);
/* A copy; *to must be empty, an unset source leaves it so. */
void secret_copy(struct secret *to, const struct secret *from);
/* A copy without the ASCII white space at both ends (what a paste brings along); *to must be empty,
 * an unset source leaves it so. */
void secret_set_trimmed(struct secret *to, const struct secret *from);
/* Wipes and frees; accepts an empty one. */
void secret_wipe(struct secret *s);
/* Moves: *to (must be empty) gets it, *from is empty afterwards. */
void secret_take(struct secret *to, struct secret *from);
static inline int secret_is_set(const struct secret *s)
{
    return s->p != NULL;
}
/* The one way out; the view lives as long as the secret and is followed by a NUL byte that is
 * not counted. An empty secret gives p == NULL. */
str secret_expose(const struct secret *s);

#endif
