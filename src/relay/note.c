/* Jira's word on a credential, noted on a worker while the caller has its answer already. */
#include "base/check.h"
#include "relay/call.h"

#define NOTE_ARENA_MAX ((size_t)1 << 20)
#define DOUBT_MS 20 /* until a call that waits for notes looks again */

struct note {
    struct relay *relay;
    struct arena *arena;
    str credential;
    int64_t generation;
    enum credential_word word;
    str why;
    struct note *next;
};

/* --- what is not written yet ------------------------------------------------------------------ */

void notes_init(struct notes *all)
{
    atomic_init(&all->count, 0);
    all->first = NULL;
    must(pthread_mutex_init(&all->mutex, NULL) == 0);
}

void notes_done(struct notes *all)
{
    must(all->first == NULL);
    must(pthread_mutex_destroy(&all->mutex) == 0);
}

static void add(struct notes *all, struct note *n)
{
    must(pthread_mutex_lock(&all->mutex) == 0);
    n->next = all->first;
    all->first = n;
    atomic_fetch_add(&all->count, 1);
    must(pthread_mutex_unlock(&all->mutex) == 0);
}

static void take(struct notes *all, const struct note *n)
{
    must(pthread_mutex_lock(&all->mutex) == 0);
    struct note **link = &all->first;
    while (*link != n)
        link = &(*link)->next;
    *link = n->next;
    atomic_fetch_sub(&all->count, 1);
    must(pthread_mutex_unlock(&all->mutex) == 0);
}

int call_is_in_doubt(struct call *c)
{
    struct notes *all = &c->lane->relay->notes;
    const struct key_call *is = &c->use->is;
    int found = 0;

    if (atomic_load_explicit(&all->count, memory_order_relaxed) == 0)
        return 0;
    must(pthread_mutex_lock(&all->mutex) == 0);
    for (const struct note *n = all->first; n && !found; n = n->next)
        found = n->generation == is->generation && str_eq(n->credential, is->credential);
    must(pthread_mutex_unlock(&all->mutex) == 0);
    if (found)
        call_wait(c, DOUBT_MS);
    return found;
}

/* --- writing ---------------------------------------------------------------------------------- */

static enum err run(struct work *w, void *arg)
{
    const struct note *n = arg;
    enum err e = work_write(w);

    return e ? e : credentials_note(w, n->credential, n->generation, n->word, n->why);
}

static void note(void *arg, void *db)
{
    struct note *n = arg;
    struct relay *r = n->relay;
    struct fault fault = {.code = ERR_OK};

    if (db && work_run(n->arena, &fault, db, r->config.services, run, n))
        log_event(r->config.log, LOG_WARNING, "refusal_not_noted",
                  LOG_STR("detail", str_from(fault.detail))); /* the next call notes it */
    take(&r->notes, n);
    arena_free(n->arena);
    count_end(&r->count);
}

void call_note(struct call *c, enum credential_word word, str why)
{
    struct relay *r = c->lane->relay;
    const struct key_call *is = &c->use->is;

    if (c->use->noted)
        return;
    struct arena *a = arena_new(NOTE_ARENA_MAX);
    struct note *n = arena_new_of(a, struct note);
    *n = (struct note){
        r, a, arena_str(a, is->credential), is->generation, word, arena_str(a, why), NULL};
    count_begin(&r->count);
    add(&r->notes, n);
    c->use->noted = pool_submit(r->config.pool, note, n);
    if (c->use->noted)
        return;
    take(&r->notes, n);
    arena_free(a);
    count_end(&r->count);
}
