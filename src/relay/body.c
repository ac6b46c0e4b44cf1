/* See the header. */
#include "relay/body.h"

#include "base/check.h"

#define CHUNK_MAX ((size_t)256 * 1024) /* of what is added at once; http reads 64 kB at most */

void body_init(struct body *b, struct body_budget *budget, size_t keep_max, int64_t length)
{
    *b = (struct body){.budget = budget, .max = keep_max, .ended = length == 0};
    b->kept = length <= (int64_t)keep_max;
    buf_init(&b->data, (keep_max > BODY_WINDOW ? keep_max : BODY_WINDOW) + CHUNK_MAX);
}

static void uncharge(struct body *b)
{
    atomic_fetch_sub(&b->budget->held, b->charged);
    b->charged = 0;
}

void body_done(struct body *b)
{
    if (b->budget)
        uncharge(b);
    buf_done(&b->data);
}

static int charge(struct body *b, size_t n)
{
    size_t over = b->data.n + n > BODY_FREE ? b->data.n + n - BODY_FREE : 0;
    size_t more = over - b->charged;

    if (over == 0)
        return 1;
    if (atomic_fetch_add(&b->budget->held, more) + more > b->budget->max) {
        atomic_fetch_sub(&b->budget->held, more);
        return 0;
    }
    b->charged += more;
    return 1;
}

int body_add(struct body *b, str chunk)
{
    must(!b->ended && chunk.n <= CHUNK_MAX);
    if (b->kept && (b->data.n + chunk.n > b->max || !charge(b, chunk.n))) {
        b->kept = 0;
        uncharge(b);
    }
    buf_add(&b->data, chunk);
    must(buf_ok(&b->data));
    return !b->kept && body_left(b) >= BODY_WINDOW;
}

size_t body_take(struct body *b, char *to, size_t room)
{
    size_t n = body_left(b) < room ? body_left(b) : room;

    if (n)
        memcpy(to, b->data.p + b->at, n);
    b->at += n;
    if (!b->kept && (b->at >= BODY_WINDOW || b->at == b->data.n)) {
        buf_consume(&b->data, b->at);
        b->at = 0;
    }
    return n;
}

size_t body_left(const struct body *b)
{
    return b->data.n - b->at;
}

void body_rewind(struct body *b)
{
    must(b->kept);
    b->at = 0;
}
