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

/* Ids of things that are kept together under one id, without random bits of their own: a thing's
 * time, 13 characters of the group's random part, and which of the group it is. They sort by time,
 * and within a group and a millisecond by index. */
#define ID_MEMBERS_MAX ((size_t)1 << 15)
/* group: valid; index: below ID_MEMBERS_MAX. NUL-terminated. */
void id_of_member(char ret[static ID_LENGTH + 1], int64_t ms, str group, size_t index);
/* The lowest id of that millisecond, in the arena. */
str id_lowest(struct arena *a, int64_t ms);
/* The millisecond of a valid id. */
int64_t id_ms(str id);

#endif
