/* See the header: states and invariants. */
#include "relay/gates.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"

#define KEY_MAX 512
#define WIDTH_MAX 256
#define LOOK_AGAIN_MS 500

struct gate {
    struct gate *next;
    struct gates *all;
    enum provider_limit limit;
    char key[KEY_MAX];
    int64_t until_ms;        /* monotonic */
    struct gate_pass *first; /* who waits, in the order they go */
    int64_t round;           /* turn of who was let through last */
    size_t waiting;
    size_t through; /* and not back */
    size_t width;   /* how many may be through at once */
};

struct gates {
    pthread_mutex_t mutex;
    _Atomic size_t count;
    size_t waiting_max; /* at one gate */
    size_t waiting;
    struct gate *first;
};

struct gates *gates_new(size_t waiting_max)
{
    struct gates *gs = mem_new(struct gates);

    must(waiting_max > 0 && pthread_mutex_init(&gs->mutex, NULL) == 0);
    gs->waiting_max = waiting_max;
    return gs;
}

void gates_free(struct gates *gs)
{
    if (!gs)
        return;
    while (gs->first) {
        struct gate *g = gs->first;
        must(g->waiting == 0 && g->through == 0);
        gs->first = g->next;
        mem_free(g);
    }
    must(pthread_mutex_destroy(&gs->mutex) == 0);
    mem_free(gs);
}

/* --- under the mutex -------------------------------------------------------------------------- */

static void lock(struct gates *gs)
{
    must(pthread_mutex_lock(&gs->mutex) == 0);
}

static void unlock(struct gates *gs)
{
    must(pthread_mutex_unlock(&gs->mutex) == 0);
}

static int key_of(const struct gate_call *c, enum provider_limit limit, char *to)
{
    int n = -1;

    if (limit == LIMIT_QUOTA || limit == LIMIT_QUOTA_ALL)
        n = snprintf(to, KEY_MAX, "q %.*s", STR_ARG(c->place));
    else if (limit == LIMIT_ISSUE && c->issue.n && c->writes)
        n = snprintf(to, KEY_MAX, "i %.*s %.*s", STR_ARG(c->place), STR_ARG(c->issue));
    else if (limit == LIMIT_BURST)
        n = snprintf(to, KEY_MAX, "b %.*s %.*s %.*s", STR_ARG(c->place), STR_ARG(c->method),
                     STR_ARG(c->template));
    return n > 0 && n < KEY_MAX;
}

static struct gate *find(struct gates *gs, const struct gate_call *c, enum provider_limit limit)
{
    char key[KEY_MAX];
    struct gate *g = key_of(c, limit, key) ? gs->first : NULL;

    while (g && (g->limit != limit || strcmp(g->key, key) != 0))
        g = g->next;
    return g;
}

static void drop_if_done(struct gates *gs, struct gate *g)
{
    struct gate **link = &gs->first;

    if (g->waiting || g->through || clock_monotonic_ms() < g->until_ms)
        return;
    while (*link != g)
        link = &(*link)->next;
    *link = g->next;
    atomic_fetch_sub(&gs->count, 1);
    mem_free(g);
}

/* Gates that nobody came to since they closed. */
static void drop_idle(struct gates *gs)
{
    for (struct gate *g = gs->first, *next; g; g = next) {
        next = g->next;
        drop_if_done(gs, g);
    }
}

static void let_through(struct gate *g)
{
    struct gate_pass *p;

    while ((p = g->first) != NULL && g->through < g->width) {
        g->first = p->next;
        g->round = p->turn;
        g->waiting--;
        g->all->waiting--;
        g->through++;
        p->through = 1;
        loop_post(p->loop, p->go, p->arg);
    }
}

/* In turns: one's first stands behind all who have had or have their first, one's second behind all
 * seconds. A newcomer's first is the round that is being let through now. */
static void queue(struct gate *g, struct gate_pass *pass)
{
    struct gate_pass **link = &g->first;

    pass->turn = g->round;
    for (const struct gate_pass *p = g->first; p; p = p->next) {
        if (str_eq(p->key, pass->key) && p->turn >= pass->turn)
            pass->turn = p->turn + 1;
    }
    while (*link && (*link)->turn <= pass->turn)
        link = &(*link)->next;
    pass->next = *link;
    *link = pass;
    pass->gate = g;
    pass->through = 0;
    g->waiting++;
    g->all->waiting++;
}

/* --- coming and going ------------------------------------------------------------------------- */

static enum gate_answer enter(struct gate *g, struct gate_pass *pass, int64_t *ret_wait_ms)
{
    int64_t left = g->until_ms - clock_monotonic_ms();

    *ret_wait_ms = left > 0 ? left : 1000;
    if (left <= 0 && g->through < g->width && g->waiting == 0) {
        pass->gate = g;
        pass->through = 1;
        g->through++;
        return GATE_OPEN;
    }
    if (g->waiting >= g->all->waiting_max || g->all->waiting >= GATES_WAITING * g->all->waiting_max)
        return GATE_FULL;
    queue(g, pass);
    return GATE_WAIT;
}

enum gate_answer gates_enter(struct gates *gs, const struct gate_call *call, struct gate_pass *pass,
                             int64_t *ret_wait_ms, enum provider_limit *ret_limit)
{
    static const enum provider_limit order[] = {LIMIT_QUOTA_ALL, LIMIT_QUOTA, LIMIT_ISSUE,
                                                LIMIT_BURST};
    enum gate_answer answer = GATE_OPEN;
    struct gate *g = NULL;

    if (atomic_load(&gs->count) == 0)
        return GATE_OPEN;
    lock(gs);
    drop_idle(gs);
    for (size_t i = 0; !g && i < sizeof(order) / sizeof(order[0]); i++)
        g = find(gs, call, order[i]);
    if (g) {
        *ret_limit = g->limit;
        answer = enter(g, pass, ret_wait_ms);
    }
    unlock(gs);
    return answer;
}

void gates_close(struct gates *gs, const struct gate_call *call, enum provider_limit limit,
                 int64_t ms)
{
    int64_t until = clock_monotonic_ms() + ms;
    char key[KEY_MAX];

    lock(gs);
    struct gate *g = find(gs, call, limit);
    if (!g && key_of(call, limit, key) && atomic_load(&gs->count) < GATES_MAX) {
        g = mem_new(struct gate);
        g->all = gs;
        g->limit = limit;
        memcpy(g->key, key, sizeof(key));
        g->next = gs->first;
        gs->first = g;
        atomic_fetch_add(&gs->count, 1);
    }
    if (g) {
        g->width = 1;
        if (until > g->until_ms)
            g->until_ms = until;
    }
    unlock(gs);
}

static void unqueue(struct gate *g, struct gate_pass *pass)
{
    struct gate_pass **link = &g->first;

    while (*link != pass)
        link = &(*link)->next;
    *link = pass->next;
    g->waiting--;
    g->all->waiting--;
}

int64_t gates_look(struct gates *gs, struct gate_pass *pass)
{
    struct gate *g = pass->gate;
    int64_t left = 0;

    must(g != NULL);
    lock(gs);
    if (!pass->through) {
        left = g->until_ms - clock_monotonic_ms();
        if (left <= 0)
            let_through(g);
        left = pass->through ? 0 : left > 0 ? left : LOOK_AGAIN_MS;
    }
    unlock(gs);
    return left;
}

int gates_leave(struct gates *gs, struct gate_pass *pass, int limited)
{
    struct gate *g = pass->gate;
    int was_through;

    if (!g)
        return 0;
    lock(gs);
    was_through = pass->through;
    pass->gate = NULL;
    pass->through = 0;
    if (was_through) {
        g->through--;
        if (!limited && g->width < WIDTH_MAX)
            g->width *= 2;
        if (clock_monotonic_ms() >= g->until_ms)
            let_through(g);
    } else {
        unqueue(g, pass);
    }
    drop_if_done(gs, g);
    unlock(gs);
    return was_through;
}
