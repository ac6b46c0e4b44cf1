/* Links in a JSON answer that lead to Jira's REST API, made to lead to the relay, while the answer
 * passes piece by piece: every occurrence of one of some prefixes is replaced, also where it lies
 * across the borders of pieces. Nothing is parsed.
 *
 * State: what was held back is always the beginning of a prefix, and shorter than it.
 * Invariant: what came out so far and what is held back is what came in so far, rewritten.
 */
#ifndef RELAY_REWRITE_H
#define RELAY_REWRITE_H

#include "base/buf.h"
#include "base/str.h"

#define REWRITE_PREFIX_MAX 300
#define REWRITE_PREFIXES_MAX 4

struct rewrite {
    const str *prefixes; /* borrowed, none empty; longer ones are left alone */
    size_t count;        /* REWRITE_PREFIXES_MAX at most */
    str replacement;
    char held[REWRITE_PREFIX_MAX];
    size_t held_n;
};

void rewrite_init(struct rewrite *r, const str *prefixes, size_t count, str replacement);
/* Appends what of the piece, and of what was held back, can go on. */
void rewrite_piece(struct rewrite *r, str piece, struct buf *to);
/* No more comes. */
void rewrite_end(struct rewrite *r, struct buf *to);

#endif
