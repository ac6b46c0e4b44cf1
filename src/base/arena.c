/* Blocks in a list, newest first; allocation moves a mark in the newest. Deferred releases are
 * a list inside the arena itself, newest first.
 *
 * Under AddressSanitizer everything not handed out is poisoned, with a gap behind each piece, so
 * that reading past a piece or after arena_clear() stops the program.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/poison.h"

#define ARENA_ALIGN alignof(max_align_t)
#define ARENA_FIRST_BLOCK ((size_t)3520) /* holds what a relayed call needs while Jira thinks */
#define ARENA_MAX_BLOCK ((size_t)65536)
#define PRINTF_SHORT 256 /* is formatted once only */

struct block {
    struct block *next;
    size_t room;
    size_t used;
    alignas(max_align_t) unsigned char data[];
};

struct deferred {
    struct deferred *next;
    void (*release)(void *object);
    void *object;
};

struct arena {
    struct block *newest;
    struct deferred *deferred;
    struct arena_spare *spare; /* NULL: none */
    size_t cap;
    size_t handed_out;
    size_t next_block;
};

struct arena *arena_new(size_t cap)
{
    struct arena *a = mem_new(struct arena);

    must(cap > 0 && cap < SIZE_MAX / 2);
    a->cap = cap;
    a->next_block = ARENA_FIRST_BLOCK;
    return a;
}

void arena_share(struct arena *a, struct arena_spare *spare)
{
    a->spare = spare;
}

void arena_spare_done(struct arena_spare *spare)
{
    struct block *b = spare->block;

    if (b)
        unpoison(b->data, b->room);
    mem_free(b);
    spare->block = NULL;
}

static void block_wipe(struct block *b)
{
    unpoison(b->data, b->room);
    explicit_bzero(b->data, b->used);
    b->used = 0;
}

static void block_free(struct block *b)
{
    block_wipe(b);
    mem_free(b);
}

static void give_back(struct arena *a, struct block *b)
{
    if (!a->spare || a->spare->block || b->room > ARENA_MAX_BLOCK) {
        block_free(b);
        return;
    }
    block_wipe(b);
    poison(b->data, b->room);
    a->spare->block = b;
}

/* NULL: none that is large enough. */
static struct block *take_spare(struct arena *a, size_t room)
{
    struct block *b = a->spare && a->newest ? a->spare->block : NULL;

    if (!b || b->room < room)
        return NULL;
    a->spare->block = NULL;
    return b;
}

static void run_deferred(struct arena *a)
{
    while (a->deferred) {
        struct deferred *d = a->deferred;
        a->deferred = d->next;
        d->release(d->object);
    }
}

void arena_clear(struct arena *a)
{
    run_deferred(a);
    while (a->newest && a->newest->next) {
        struct block *b = a->newest;
        a->newest = b->next;
        give_back(a, b);
    }
    if (a->newest) {
        block_wipe(a->newest);
        poison(a->newest->data, a->newest->room);
    }
    a->handed_out = 0;
    a->next_block = ARENA_FIRST_BLOCK;
}

void arena_free(struct arena *a)
{
    if (a == NULL)
        return;
    arena_clear(a);
    if (a->newest)
        block_free(a->newest);
    mem_free(a);
}

static void add_block(struct arena *a, size_t least)
{
    size_t room = a->next_block > least ? a->next_block : least;
    struct block *b = take_spare(a, least);

    if (!b) {
        b = mem_realloc(NULL, sizeof(*b) + room);
        b->room = room;
        b->used = 0;
    }
    b->next = a->newest;
    poison(b->data, b->room);
    a->newest = b;
    if (a->next_block < ARENA_MAX_BLOCK)
        a->next_block *= 2;
}

/* As it was left. */
static void *take(struct arena *a, size_t size)
{
    size_t taken;
    unsigned char *p;

    must(size <= a->cap - a->handed_out);
    a->handed_out += size;
    taken = ((size ? size : 1) + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN + POISON_GAP;
    if (a->newest == NULL || taken > a->newest->room - a->newest->used)
        add_block(a, taken);
    p = a->newest->data + a->newest->used;
    a->newest->used += taken;
    unpoison(p, size);
    return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
    return memset(take(a, size), 0, size);
}

void *arena_alloc_array(struct arena *a, size_t count, size_t size)
{
    size_t total;

    must(!__builtin_mul_overflow(count, size, &total));
    return arena_alloc(a, total);
}

str arena_str(struct arena *a, str s)
{
    return s.p ? (str){arena_cstring(a, s), s.n} : s;
}

str arena_str_from(struct arena *a, const char *cstring)
{
    return arena_str(a, str_from(cstring));
}

char *arena_cstring(struct arena *a, str s)
{
    char *p = take(a, s.n + 1);

    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return p;
}

str arena_join(struct arena *a, const str *parts, size_t count)
{
    size_t n = 0;
    char *p;
    char *end;

    for (size_t i = 0; i < count; i++)
        n += parts[i].n;
    p = end = take(a, n + 1);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].n)
            memcpy(end, parts[i].p, parts[i].n);
        end += parts[i].n;
    }
    *end = '\0';
    return (str){p, n};
}

str arena_printf(struct arena *a, const char *format, ...)
{
    char short_text[PRINTF_SHORT];
    va_list args;
    va_list again;
    int n;
    char *p;

    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf(short_text, sizeof(short_text), format, args);
    must(n >= 0);
    p = arena_alloc(a, (size_t)n + 1);
    if ((size_t)n < sizeof(short_text))
        memcpy(p, short_text, (size_t)n);
    else
        (void)vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    return (str){p, (size_t)n};
}

void arena_defer(struct arena *a, void (*release)(void *object), void *object)
{
    struct deferred *d = arena_new_of(a, struct deferred);

    must(release != NULL);
    *d = (struct deferred){a->deferred, release, object};
    a->deferred = d;
}
