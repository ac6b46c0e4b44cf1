/* The record of a run: one row a call, on file before a write is sent and after. See run.h. */
#include <unistd.h>

#include "actions/action.h"
#include "actions/mask.h"
#include "actions/request.h"
#include "actions/run_int.h"
#include "base/check.h"
#include "base/doc.h"

#define ATTEMPTS_MAX 5
#define PATH_KEPT 2000

static str body_kept(struct run *r, struct arena *a, str body)
{
    str kept = {NULL, 0};

    if (!body.p || r->bodies >= RUN_BODIES_MAX)
        return kept;
    kept = mask_cut(a, body, RUN_BODY_KEPT);
    r->bodies += kept.n;
    return kept;
}

static struct run_call_row new_row(struct run *r, struct work *w)
{
    return (struct run_call_row){
        .run = r->row.id,
        .number = ++r->number,
        .app = r->row.app,
        .step = action_step_name(run_step_of(r)),
        .item = r->items ? (int64_t)r->item + 1 : 0,
        .connection_name = STR(""),
        .account = STR(""),
        .site = STR(""),
        .method = STR(""),
        .template = STR(""),
        .path = STR(""),
        .began = w->now_ms,
    };
}

static struct run_call_row copy_of(struct arena *a, const struct run_call_row *row)
{
    struct run_call_row copy = *row;

    copy.step = arena_str(a, row->step);
    copy.connection_name = arena_str(a, row->connection_name);
    copy.account = arena_str(a, row->account);
    copy.site = arena_str(a, row->site);
    copy.method = arena_str(a, row->method);
    copy.template = arena_str(a, row->template);
    copy.path = arena_str(a, row->path);
    copy.request_body = arena_str(a, row->request_body);
    copy.response_body = arena_str(a, row->response_body);
    copy.sentence = arena_str(a, row->sentence);
    copy.changes = arena_str(a, row->changes);
    return copy;
}

static void add_pending(struct run *r, const struct run_call_row *row)
{
    if (r->pending_count < PENDING_ROOM) /* else it was full for minutes: the database is away */
        r->pending[r->pending_count++] = copy_of(r->pending_arena, row);
}

static void set_call(struct run_call_row *row, const struct chain_call *call,
                     const json_t *document)
{
    row->is_write = request_writes(document);
    row->method = doc_get_str(document, "method");
    row->template = doc_get_str(document, "path");
    if (!call)
        return;
    row->connection_name = call->connection_name;
    row->account = call->account.p ? call->account : STR("");
    row->site = call->site.p ? call->site : STR("");
    row->shared = call->shared;
}

static void fill_row(struct run *r, struct work *w, const json_t *document)
{
    struct chain_call *call = r->chain.call;
    const struct provider_request *p = &call->op.request;
    str whole = arena_printf(call->arena, "%.*s%s%.*s", STR_ARG(p->path), p->query.n ? "?" : "",
                             STR_ARG(p->query));

    r->call = new_row(r, w);
    set_call(&r->call, call, document);
    r->call.path = str_utf8_cut(whole, PATH_KEPT);
    r->call.request_body = body_kept(r, call->arena, p->body);
}

void run_record_plan(struct run *r, struct work *w, const json_t *document)
{
    fill_row(r, w, document);
    r->call.state = STR("sending");
    if (r->call.is_write)
        add_pending(r, &r->call);
}

void run_record_dry(struct run *r, struct work *w, const json_t *document)
{
    fill_row(r, w, document);
    r->call.state = STR("dry");
}

void run_record_dry_heard(struct run *r, str changes, str sentence)
{
    r->call.changes = changes;
    r->call.sentence = sentence;
    add_pending(r, &r->call);
    r->call = (struct run_call_row){0};
}

void run_record_refused(struct run *r, struct work *w, const json_t *document, str sentence)
{
    struct run_call_row row = new_row(r, w);

    set_call(&row, r->chain.call, document);
    row.state = STR("failed");
    row.sentence = sentence;
    add_pending(r, &row);
}

void run_record_skipped(struct run *r, struct work *w, str sentence)
{
    struct run_call_row row = new_row(r, w);

    row.state = STR("skipped");
    row.sentence = sentence;
    add_pending(r, &row);
}

void run_record_heard(struct run *r, struct work *w, int failed, str sentence)
{
    const struct provider_request *p = &r->chain.call->op.request;

    r->call.state = failed ? STR("failed") : STR("done");
    r->call.status = p->status;
    r->call.response_body = p->status ? body_kept(r, w->arena, p->reply_body) : (str){NULL, 0};
    r->call.sentence = str_empty(sentence) ? (str){NULL, 0} : sentence;
    r->call.ms = r->chain.call->took_ms;
    add_pending(r, &r->call);
    r->call = (struct run_call_row){0};
}

/* --- saving ----------------------------------------------------------------------------------- */

int run_save_is_due(const struct run *r)
{
    return r->is_over || r->pending_count >= RUN_PENDING_MAX ||
           (r->is_planned && r->call.is_write && !r->is_preview) ||
           clock_monotonic_ms() - r->saved_ms >= RUN_SAVE_MS;
}

static enum err save_rows(struct run *r, struct work *w, int *done)
{
    enum err e = db_begin(w->db, w->fault, DB_WRITE);

    if (!e)
        db_moves_nothing(w->db);
    if (!e)
        e = db_clock_ms(w->db, w->arena, w->fault, &r->row.beat);
    if (!e)
        e = r->is_over ? store_run_end(w->db, w->arena, w->fault, &r->row, done)
                       : store_run_progress(w->db, w->arena, w->fault, &r->row, done);
    if (!e && r->row.own && !*done) /* what comes behind its end is nobody else's either */
        e = store_run_is_own(w->db, w->arena, w->fault, r->row.id);
    /* a write that is not sent, because somebody ended the run, leaves no trace */
    size_t count = r->pending_count;
    if (!*done && r->is_planned && r->call.is_write && !r->is_preview && count)
        count--;
    for (size_t i = 0; !e && i < count; i++)
        e = store_run_call_put(w->db, w->arena, w->fault, &r->pending[i]);
    if (!e)
        return db_commit(w->db, w->fault);
    db_rollback(w->db);
    return e;
}

/* What was done after somebody ended the run belongs to its record as well. */
enum err run_save(struct run *r, struct work *w)
{
    int done = 0;
    enum err e = ERR_RETRY;

    for (unsigned attempt = 0; e == ERR_RETRY && attempt < ATTEMPTS_MAX; attempt++) {
        if (attempt)
            (void)usleep(10000u << attempt);
        e = save_rows(r, w, &done);
    }
    if (e)
        return e;
    r->pending_count = 0;
    arena_clear(r->pending_arena);
    r->saved_ms = clock_monotonic_ms();
    return done ? ERR_OK : ERR_CONFLICT;
}
