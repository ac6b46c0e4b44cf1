/* See the header. */
#include "relay/records.h"

#include "base/check.h"
#include "base/id.h"
#include "base/mem.h"

#define BATCH_ARENA_MAX ((size_t)64 << 20)
#define WORK_ARENA_MAX ((size_t)256 << 20)

struct batch {
    struct records *all;
    struct arena *arena;
    struct call_row *rows; /* on the heap: it grows */
    size_t count;
    size_t room;
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
    arena_free(b->arena);
    mem_free(b->rows);
    mem_free(b);
}

/* --- on its way ------------------------------------------------------------------------------- */

static void written(void *arg)
{
    struct batch *b = arg;
    struct records *rs = b->all;

    if (b->err)
        rs->lost += (int64_t)b->count;
    if (rs->lost)
        log_event(rs->config.log, LOG_WARNING, "calls_not_recorded", LOG_INT("calls", rs->lost),
                  LOG_STR("detail", str_from(b->fault.detail)));
    rs->lost = 0;
    rs->on_its_way = 0;
    batch_free(b);
    count_end(rs->config.count);
    if (rs->filling && rs->filling->count >= RECORDS_BATCH)
        records_flush(rs);
}

static enum err run(struct work *w, void *arg)
{
    const struct batch *b = arg;

    return calls_save(w, b->rows, b->count);
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

static struct batch *batch_for(struct records *rs)
{
    struct batch *b = rs->filling;

    if (!b) {
        b = rs->filling = mem_new(struct batch);
        b->all = rs;
        b->arena = arena_new(BATCH_ARENA_MAX);
    }
    if (b->count == b->room) {
        b->room = b->room ? b->room * 2 : 64;
        b->rows = mem_realloc(b->rows, b->room * sizeof(*b->rows));
    }
    return b;
}

void records_add(struct records *rs, const struct call_row *row)
{
    if (rs->filling && rs->filling->count >= RECORDS_MAX) {
        rs->lost++;
        return;
    }
    struct batch *b = batch_for(rs);
    struct call_row *r = &b->rows[b->count++];
    str *const texts[] = {&r->app,  &r->connection, &r->connection_name, &r->key,      &r->key_name,
                          &r->user, &r->credential, &r->method,          &r->template, &r->issue,
                          &r->code};
    *r = *row;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        *texts[i] = arena_str(b->arena, *texts[i]);
    r->id = id_new(b->arena);
    if (b->count >= RECORDS_BATCH)
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
