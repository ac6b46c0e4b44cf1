/* What is made from a name: keys that are unique or sorted by, search text, slugs. Pure; the
 * results are in the arena, the input is valid UTF-8.
 *
 * The rules are simple on purpose. Two names are the same when they differ in ASCII case only:
 * "Team" and "TEAM" are, "Ärzte" and "ärzte" are not. For sorting, searching and slugs, Latin
 * letters with marks (U+00C0..U+017F) count as their base letters: "Ärzte" is "arzte".
 */
#ifndef CORE_NAMES_H
#define CORE_NAMES_H

#include "base/arena.h"
#include "base/str.h"

/* Longest name of a user, group, app or connection, in code points. */
#define NAMES_LENGTH_MAX 120
/* Longest description. */
#define NAMES_DESCRIPTION_MAX 2000

/* ASCII lower case: what must be unique. */
str name_key(struct arena *a, str name);
/* ASCII lower case and base letters: what a filter is looked for in, and the filter itself. */
str name_search(struct arena *a, str name);
/* Hexadecimal of the first bytes of name_search(), then the id: ASCII letters and digits only, so
 * that every collation agrees. */
str name_sort_key(struct arena *a, str name, str id);

#define SLUG_LENGTH_MIN 2
#define SLUG_LENGTH_MAX 40
/* "Größe & Co." -> "grosse-co"; "app" when too little is left or it would be a reserved word. At
 * most SLUG_LENGTH_MAX - 5 characters, so that "-2".."-9999" fits behind it. */
str name_slug(struct arena *a, str name);
/* [a-z0-9-]{2,40}, no '-' at either end, not the reserved "new". */
int name_slug_valid(str slug);

/* An e-mail address as far as it can be told without sending to it: one '@' with something on both
 * sides, no white space or control characters, at most 254 bytes (RFC 5321 section 4.5.3.1.3). */
int name_email_valid(str email);

#endif
