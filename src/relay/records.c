/* See the header. */
#include "relay/records.h"

#include "base/check.h"
#include "base/mem.h"
#include "core/calls.h"

#define WORK_ARENA_MAX ((size_t)256 << 20)

struct batch {
    struct records *all;
    struct call_batch *calls;
    enum err err;
    struct fault fault;
};

struct records {
    struct records_config config;
    struct event *timer;
    struct batch *filling; /* NULL: nothing noted */
    int on_its_way;
    int64_t lost;
};

static void batch_free(struct batch *b)
{
    call_batch_free(b->calls);
    mem_free(b);
}

/* --- on its way ------------------------------------------------------------------------------- */

static void written(void *arg)
{
    struct batch *b = arg;
    struct records *rs = b->all;

    if (b->err)
        rs->lost += (int64_t)b->calls->count;
    if (rs->lost)
        log_event(rs->config.log, LOG_WARNING, "calls_not_recorded", LOG_INT("calls", rs->lost),
                  LOG_STR("detail", str_from(b->fault.detail)));
    rs->lost = 0;
    rs->on_its_way = 0;
    batch_free(b);
    count_end(rs->config.count);
    if (rs->filling && rs->filling->calls->count >= RECORDS_BATCH)
        records_flush(rs);
}

static enum err run(struct work *w, void *arg)
{
    const struct batch *b = arg;

    return calls_save(w, b->calls);
}

static void write_batch(void *arg, void *db)
{
    struct batch *b = arg;
    struct arena *a = arena_new(WORK_ARENA_MAX);

    b->err = db ? work_run(a, &b->fault, db, b->all->config.services, run, b)
                : fail(&b->fault, ERR_STORAGE_FAILED, "");
    arena_free(a);
    loop_post(b->all->config.loop, written, b);
}

void records_flush(struct records *rs)
{
    struct batch *b = rs->filling;

    if (!b || rs->on_its_way)
        return;
    count_begin(rs->config.count);
    if (!pool_submit(rs->config.pool, write_batch, b)) {
        count_end(rs->config.count); /* the next time comes */
        return;
    }
    rs->filling = NULL;
    rs->on_its_way = 1;
}

/* --- noting ----------------------------------------------------------------------------------- */

void records_add(struct records *rs, const struct call_kind *kind, const struct call_note *note)
{
    if (rs->filling && rs->filling->calls->count >= RECORDS_MAX) {
        rs->lost++;
        return;
    }
    if (rs->filling == NULL) {
        rs->filling = mem_new(struct batch);
        rs->filling->all = rs;
        rs->filling->calls = call_batch_new();
    }
    call_batch_add(rs->filling->calls, kind, note);
    if (rs->filling->calls->count >= RECORDS_BATCH)
        records_flush(rs);
}

/* --- life ------------------------------------------------------------------------------------- */

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    records_flush(arg);
}

struct records *records_new(const struct records_config *config)
{
    struct records *rs = mem_new(struct records);
    struct timeval every = {RECORDS_EVERY_S, 0};

    rs->config = *config;
    rs->timer = event_new(loop_base(config->loop), -1, EV_PERSIST, on_timer, rs);
    must(rs->timer && event_add(rs->timer, &every) == 0);
    return rs;
}

void records_free(struct records *rs)
{
    must(!rs->on_its_way);
    if (rs->filling)
        batch_free(rs->filling);
    event_free(rs->timer);
    mem_free(rs);
}
