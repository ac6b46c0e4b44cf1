/* Row ids: 26 lower-case Crockford base32 characters, 48 bits of time then 80 random bits (the
 * layout of a ULID), so that they sort by the millisecond of creation and cannot be guessed. Not a
 * secret: whoever needs one takes crypto/random.h. Any thread.
 */
#ifndef BASE_ID_H
#define BASE_ID_H

#include "base/arena.h"
#include "base/str.h"

#define ID_LENGTH 26

/* A new id, in the arena. */
str id_new(struct arena *a);
/* Exactly 26 characters of the alphabet. */
int id_valid(str s);

#endif
