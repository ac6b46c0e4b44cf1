/* A growable buffer that never passes its maximum. Room always includes one byte for the NUL. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"

#define BUF_FIRST_ROOM 256

void buf_init(struct buf *b, size_t max)
{
    must(max < SIZE_MAX / 2);
    *b = (struct buf){.max = max};
}

void buf_done(struct buf *b)
{
    mem_free(b->p);
    *b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->overflow = 0;
    if (b->p)
        b->p[0] = '\0';
}

/* 1 when n more bytes and the NUL fit; makes the room. Otherwise latches. */
static int buf_make_room(struct buf *b, size_t n)
{
    size_t needed;
    size_t room = b->room ? b->room : BUF_FIRST_ROOM;

    if (b->overflow || n > b->max - b->n) {
        b->overflow = 1;
        return 0;
    }
    needed = b->n + n + 1;
    if (needed <= b->room)
        return 1;
    while (room < needed)
        room *= 2;
    if (room > b->max + 1)
        room = b->max + 1;
    b->p = mem_realloc(b->p, room);
    b->room = room;
    return 1;
}

void buf_add_bytes(struct buf *b, const void *p, size_t n)
{
    if (!buf_make_room(b, n))
        return;
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = '\0';
}

void buf_add(struct buf *b, str s)
{
    buf_add_bytes(b, s.p, s.n);
}

void buf_add_parts(struct buf *b, const str *parts, size_t count)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        n += parts[i].n;
    if (!buf_make_room(b, n))
        return;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].n)
            memcpy(b->p + b->n, parts[i].p, parts[i].n);
        b->n += parts[i].n;
    }
    b->p[b->n] = '\0';
}

void buf_add_char(struct buf *b, char c)
{
    if (!buf_make_room(b, 1))
        return;
    b->p[b->n++] = c;
    b->p[b->n] = '\0';
}

void buf_add_cstring(struct buf *b, const char *s)
{
    buf_add(b, str_from(s));
}

void buf_add_int(struct buf *b, int64_t n)
{
    char text[20];
    char *at = text + sizeof(text);
    uint64_t left = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

    do
        *--at = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (n < 0)
        *--at = '-';
    buf_add_bytes(b, at, (size_t)(text + sizeof(text) - at));
}

void buf_addf(struct buf *b, const char *format, ...)
{
    size_t left = b->overflow || !b->p ? 0 : b->room - b->n;
    va_list args;
    va_list again;
    int n;

    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf(left ? b->p + b->n : NULL, left, format, args);
    must(n >= 0);
    if ((size_t)n < left) {
        b->n += (size_t)n;
    } else if (buf_make_room(b, (size_t)n)) {
        (void)vsnprintf(b->p + b->n, (size_t)n + 1, format, again);
        b->n += (size_t)n;
    } else if (left) {
        b->p[b->n] = '\0'; /* what did not fit is not there */
    }
    va_end(again);
    va_end(args);
}

void buf_consume(struct buf *b, size_t n)
{
    must(n <= b->n);
    if (n == 0)
        return;
    memmove(b->p, b->p + n, b->n - n + 1);
    b->n -= n;
}
