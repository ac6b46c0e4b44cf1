/* Pieces of an answer over HTTP/2 that came while its reader wanted no more.
 *
 * libcurl 7.88 cannot pause one stream of a connection alone: what it has no room for stops all
 * streams of the connection, so that one reader who stalls would hold up everybody's calls to that
 * server; and what it has room for may be a window of 32 MB, unpacked, a stream. So it is never
 * asked to: pieces that nobody takes are kept here.
 *
 * A transfer:
 *   (nothing) -- a piece comes while it is in_pause -->     behind: all pieces that follow join it
 *   behind    -- woken, the reader takes all -->            (nothing); EMPTYING ends, as judged
 *   behind    -- woken, the reader says no in between -->   behind, since now
 *   behind    -- no room, and nobody holds more -->         (nothing), `full`: UPSTREAM_FULL, later
 *                                                           or, when the piece was its own, at once
 * Invariants:
 *   - the reader gets every byte in the order it came, or the transfer does not end as
 *     UPSTREAM_ANSWERED;
 *   - pieces have one size, and client->behind is the sum of what they take: never more than
 *     UPSTREAM_STALLED_MAX;
 *   - nothing here calls libcurl, so that all of it is all right within its callbacks.
 */
#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "upstream/client_int.h"

#define PIECE_BYTES 16384 /* with its head */

struct piece {
    struct piece *next;
    size_t to;
    char bytes[PIECE_BYTES - 2 * sizeof(size_t)];
};

static void drop_first(struct transfer *t)
{
    struct piece *p = t->behind.first;

    t->behind.first = p->next;
    if (p->next == NULL)
        t->behind.last = NULL;
    t->behind.count--;
    t->client->behind -= sizeof(*p);
    mem_free(p);
}

void behind_drop(struct transfer *t)
{
    while (t->behind.first)
        drop_first(t);
}

/* --- room ------------------------------------------------------------------------------------- */

static int goes_before(const struct behind *a, const struct behind *b)
{
    return a->count > b->count || (a->count == b->count && a->since_ms < b->since_ms);
}

/* Who holds most, of equals who has stalled longest: who reads a little now and then must not drive
 * out those who hold next to nothing. */
static struct transfer *who_goes(struct client *c)
{
    struct transfer *found = NULL;

    for (struct transfer *t = c->transfers; t; t = t->next) {
        if (t->behind.first && (found == NULL || goes_before(&t->behind, &found->behind)))
            found = t;
    }
    return found;
}

/* 0 when the transfer itself has to go. */
static int make_room(struct transfer *t)
{
    struct client *c = t->client;

    while (c->behind + sizeof(struct piece) > UPSTREAM_STALLED_MAX) {
        struct transfer *most = who_goes(c);
        must(most != NULL);
        behind_drop(most);
        most->full = 1;
        if (most == t)
            return 0;
        event_active(&most->wake, EV_TIMEOUT, 0);
    }
    return 1;
}

/* --- in and out ------------------------------------------------------------------------------- */

static struct piece *add_piece(struct transfer *t)
{
    struct behind *b = &t->behind;
    struct piece *p = mem_new(struct piece);

    if (b->first == NULL) {
        b->since_ms = clock_monotonic_ms();
        b->first = p;
    } else {
        must(b->last != NULL);
        b->last->next = p;
    }
    b->last = p;
    b->count++;
    t->client->behind += sizeof(*p);
    return p;
}

int behind_keep(struct transfer *t, const char *p, size_t n)
{
    while (n && !t->full) {
        struct piece *last = t->behind.last;
        if (last == NULL || last->to == sizeof(last->bytes)) {
            if (!make_room(t))
                return 0;
            last = add_piece(t);
        }
        size_t room = sizeof(last->bytes) - last->to;
        size_t some = n < room ? n : room;
        memcpy(last->bytes + last->to, p, some);
        last->to += some;
        p += some;
        n -= some;
    }
    return !t->full;
}

void behind_hand_on(struct transfer *t)
{
    struct upstream_call *call = t->call;

    while (t->behind.first && !t->in_pause) {
        struct piece *p = t->behind.first;
        t->in_pause = !call->stream->on_data(call, (str){p->bytes, p->to}, call->token);
        drop_first(t);
        t->behind.since_ms = clock_monotonic_ms();
    }
}
