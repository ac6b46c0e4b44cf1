/* Jira's refusal of a credential, noted on a worker while the caller has its answer already. */
#include "base/check.h"
#include "relay/call.h"

#define NOTE_ARENA_MAX ((size_t)1 << 20)

struct note {
    struct relay *relay;
    struct arena *arena;
    str credential;
    int64_t generation;
    str why;
};

static enum err run(struct work *w, void *arg)
{
    const struct note *n = arg;
    enum err e = work_write(w);

    return e ? e : credentials_note(w, n->credential, n->generation, CREDENTIAL_REFUSED, n->why);
}

static void note(void *arg, void *db)
{
    struct note *n = arg;
    struct relay *r = n->relay;
    struct fault fault = {.code = ERR_OK};

    if (db && work_run(n->arena, &fault, db, r->config.services, run, n))
        log_event(r->config.log, LOG_WARNING, "refusal_not_noted",
                  LOG_STR("detail", str_from(fault.detail))); /* the next call notes it */
    arena_free(n->arena);
    count_end(&r->count);
}

void call_note_refused(struct call *c, str why)
{
    struct arena *a = arena_new(NOTE_ARENA_MAX);
    struct note *n = arena_new_of(a, struct note);
    const struct key_call *is = &c->use->is;

    *n = (struct note){c->lane->relay, a, arena_str(a, is->credential), is->generation,
                       arena_str(a, why)};
    if (!c->use->noted) {
        count_begin(&c->lane->relay->count);
        c->use->noted = pool_submit(c->lane->relay->config.pool, note, n);
        if (c->use->noted)
            return;
        count_end(&c->lane->relay->count);
    }
    arena_free(a);
}
