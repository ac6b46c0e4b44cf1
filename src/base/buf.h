/* A growable byte buffer with a mandatory maximum. Building is sticky: buf_add* return nothing,
 * the first overflow is latched and everything after it is dropped; ask buf_ok() once at the end.
 * Owned by one thread at a time; its memory is the heap's.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

struct buf {
    char *p; /* NUL-terminated whenever not NULL */
    size_t n;
    size_t room;
    size_t max;
    int overflow;
};

void buf_init(struct buf *b, size_t max);
/* Frees; accepts an all-zero struct. */
void buf_done(struct buf *b);
/* Empties, unlatches, keeps the memory. */
void buf_clear(struct buf *b);
static inline int buf_ok(const struct buf *b)
{
    return !b->overflow;
}
static inline str buf_str(const struct buf *b)
{
    return (str){b->p, b->n};
}

void buf_add(struct buf *b, str s);
void buf_add_bytes(struct buf *b, const void *p, size_t n);
/* One after the other, as one addition. */
void buf_add_parts(struct buf *b, const str *parts, size_t count);
void buf_add_char(struct buf *b, char c);
void buf_add_cstring(struct buf *b, const char *s);
/* Decimal. */
void buf_add_int(struct buf *b, int64_t n);
void buf_addf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
/* Drops the first n bytes. */
void buf_consume(struct buf *b, size_t n);

#define BUF_AUTO CLEANUP(buf_done)

#endif
