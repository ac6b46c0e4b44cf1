/* One turn of a run: hears the call that was made, finds the next one, and sees to the record. The
 * states are in run.h.
 */
#include "actions/action.h"
#include "actions/input.h"
#include "actions/output.h"
#include "actions/request.h"
#include "actions/run_int.h"
#include "base/check.h"
#include "base/doc.h"
#include "core/connections.h"
#include "core/credentials.h"

#define SAVE_PAUSE_MS 1000
#define SAVE_FAILURES_MAX 30

const json_t *run_step_of(const struct run *r)
{
    return json_array_get(doc_get(r->applied, "steps"), r->step);
}

static const json_t *request_of(const struct run *r)
{
    return action_request(r->applied, doc_get_str(run_step_of(r), "request"));
}

struct fill_scope run_scope(const struct run *r)
{
    return (struct fill_scope){.values = r->values, .filters = r->filters};
}

void run_end(struct run *r, str sentence)
{
    r->is_over = 1;
    r->is_planned = 0;
    if (!r->row.sentence.p && sentence.p)
        r->row.sentence = arena_str(r->arena, str_utf8_cut(sentence, 1000));
}

static void end_by_fault(struct run *r, const struct fault *f)
{
    run_end(r, str_from(fault_text(f)));
}

/* --- planning --------------------------------------------------------------------------------- */

static enum err find_items(struct run *r, struct work *w)
{
    const json_t *step = run_step_of(r);
    struct fill_scope scope = run_scope(r);
    size_t limit = (size_t)doc_get_int(step, "limit", STEP_LIMIT);
    str template = doc_get_str(step, "for_each");
    json_t *list = NULL;
    enum err e;

    if (str_empty(template))
        return ERR_OK;
    e = fill_value(w->arena, w->fault, template, &scope, &list);
    if (!e && !json_is_array(list) && !json_is_null(list))
        e = work_fail(w, ERR_INVALID, "\"%.*s\" is no list.", STR_ARG(str_utf8_cut(template, 120)));
    if (e)
        return e;
    r->items = json_is_array(list) ? json_incref(list) : json_array();
    r->item_count = json_array_size(r->items);
    if (r->item_count <= limit)
        return ERR_OK;
    r->note = arena_printf(r->arena, " Step \"%.*s\" took the first %zu of %zu items.",
                           STR_ARG(action_step_name(step)), limit, r->item_count);
    r->item_count = limit;
    return ERR_OK;
}

static void skip(struct run *r, struct work *w, str sentence)
{
    run_record_skipped(r, w, sentence);
    json_decref(r->items);
    r->items = NULL;
    r->step++;
    r->entered = 0;
}

/* A call that cannot be made is a failed one of its step. */
static void refuse(struct run *r, struct work *w, const json_t *document, int fatal)
{
    str why = str_from(fault_text(w->fault));

    run_count_call(r, 1);
    if (r->items)
        run_add_result(r, 1, 0, why, NULL);
    run_record_refused(r, w, document, why);
    if (fatal && w->fault->code == ERR_STOPPED)
        r->hides = 1;
    if (fatal)
        end_by_fault(r, w->fault);
    run_go_on(r, why);
    fault_clear(w->fault);
}

static void enter(struct run *r, struct work *w)
{
    const json_t *step = run_step_of(r);
    str rule = doc_get_str(step, "run_if");

    r->entered = 1;
    r->item = 0;
    r->step_done = r->step_failed = 0;
    run_make_values(r);
    if (rule.n && !run_holds(r, w, rule)) {
        r->row.calls_planned--;
        skip(r, w, STR("Not run: its condition is empty."));
        return;
    }
    if (find_items(r, w)) {
        if (r->was_dry)
            run_dry_unknown(r, w, doc_get(request_of(r), "document"));
        else
            refuse(r, w, doc_get(request_of(r), "document"), 0);
        return;
    }
    if (r->items)
        r->row.calls_planned += (int64_t)r->item_count - 1;
    if (r->items && r->item_count == 0)
        skip(r, w, STR("Not run: its list is empty."));
}

static void plan_call(struct run *r, struct work *w)
{
    const json_t *request = request_of(r), *document = doc_get(request, "document");
    struct fill_scope scope = run_scope(r);
    int fatal = 0;

    if (r->items) {
        doc_set(r->values, "item", json_array_get(r->items, r->item));
        doc_set_int(r->values, "index", (int64_t)r->item);
    } else {
        (void)json_object_del(r->values, "item");
        (void)json_object_del(r->values, "index");
    }
    if (chain_prepare(&r->chain, w, doc_get_str(request, "connection"), document, &scope, &fatal)) {
        if (r->was_dry && !fatal && w->fault->code == ERR_INVALID)
            run_dry_unknown(r, w, document);
        else
            refuse(r, w, document, fatal);
        chain_forget(&r->chain);
        return;
    }
    r->row.own |= !r->chain.call->shared;
    if (r->row.dry && request_writes(document)) {
        run_dry_plan(r, w, document);
        return;
    }
    r->is_planned = 1;
    r->tries++;
    run_record_plan(r, w, document);
}

static void plan(struct run *r, struct work *w)
{
    while (!r->is_over && !r->is_planned && r->pending_count < RUN_PENDING_MAX) {
        if (*r->chain.stopping)
            run_end(r, STR("Mortise is being stopped. Nothing more was sent."));
        else if (r->chain.refused)
            end_by_fault(r, w->fault);
        else if (r->checked < json_array_size(doc_get(r->applied, "inputs")))
            run_check_plan(r, w);
        else if (r->row.calls_done >= RUN_CALLS_MAX)
            run_end(r, arena_printf(w->arena, "A run makes %d calls at most.", RUN_CALLS_MAX));
        else if (r->step == json_array_size(doc_get(r->applied, "steps")))
            run_end(r, (str){NULL, 0});
        else if (!r->entered)
            enter(r, w);
        else
            plan_call(r, w);
    }
}

/* --- the end ---------------------------------------------------------------------------------- */

static str status_of(const struct run *r)
{
    int64_t worked = r->row.calls_done - r->row.calls_failed;

    if (r->row.calls_failed == 0 && !r->row.sentence.p)
        return STR("successful");
    return worked > 0 ? STR("partial") : STR("stopped");
}

/* An emergency stop, or a right that is gone: what Jira answered before is not shown. */
static int must_hide(struct run *r, struct work *w)
{
    const char *name;
    json_t *request;

    if (r->hides || r->chain.refused)
        return 1;
    json_object_foreach (doc_get(r->applied, "requests"), name, request) {
        struct connection_row n = {0};
        struct effective effective = {0};
        if (connection_find(w, doc_get_str(request, "connection"), &n) == ERR_OK &&
            credentials_effective(w, &n, &effective) == ERR_OK &&
            effective.decision == DECISION_STOPPED)
            return 1;
    }
    return 0;
}

/* In the turn's arena: saved in this turn, or made again in the next. */
static void finish(struct run *r, struct work *w)
{
    struct fill_scope scope = run_scope(r);

    r->row.status = status_of(r);
    r->row.ended = w->now_ms;
    r->row.outputs = (str){NULL, 0};
    (void)json_object_del(r->values, "item");
    (void)json_object_del(r->values, "index");
    if (r->row.calls_done > 0 && !r->was_dry && !must_hide(r, w))
        r->row.outputs =
            doc_print(w->arena, outputs_show(w->arena, doc_get(r->applied, "outputs"), &scope));
    if (r->note.n)
        r->row.sentence =
            r->row.sentence.p
                ? arena_printf(r->arena, "%.*s%.*s", STR_ARG(r->row.sentence), STR_ARG(r->note))
                : str_trim(r->note);
    r->note = STR("");
}

/* --- a turn ----------------------------------------------------------------------------------- */

/* The database did not take it. What was planned is planned anew: a write that is not on file is
 * not sent. */
static enum chain_next not_saved(struct run *r)
{
    if (r->is_planned) {
        r->is_planned = 0;
        r->tries--;
        if (!r->is_check)
            r->number = r->call.number - 1;
        if (r->call.is_write && !r->is_preview && r->pending_count)
            r->pending_count--;
        r->is_check = r->is_preview = 0;
    }
    chain_forget(&r->chain);
    if (++r->save_failures > SAVE_FAILURES_MAX || *r->chain.stopping)
        return CHAIN_END; /* whoever looks next finds it silent */
    r->chain.pause_ms = SAVE_PAUSE_MS;
    return CHAIN_PAUSE;
}

static enum chain_next save(struct run *r, struct work *w)
{
    enum err e;

    if (r->is_over)
        finish(r, w);
    e = run_save(r, w);
    if (e == ERR_CONFLICT)
        return CHAIN_END; /* somebody ended it: what was done is on file, and nothing more is */
    if (e)
        return not_saved(r);
    r->save_failures = 0;
    return r->is_over ? CHAIN_END : CHAIN_CALL;
}

static void check_refused(struct run *r, struct work *w)
{
    if (r->chain.refused && !r->is_over && !r->is_planned)
        end_by_fault(r, w->fault);
}

enum chain_next run_turn(struct chain *c, struct work *w)
{
    struct run *r = c->arg;

    c->pause_ms = 0;
    if (r->is_planned && c->call)
        run_hear(r, w);
    chain_forget(c);
    check_refused(r, w);
    if (c->pause_ms == 0)
        plan(r, w);
    if (run_save_is_due(r) || !r->is_planned) {
        enum chain_next next = save(r, w);
        if (next != CHAIN_CALL)
            return next;
    }
    if (!r->is_planned && c->pause_ms == 0)
        c->pause_ms = 1; /* much was skipped: the record first */
    return r->is_planned ? CHAIN_CALL : CHAIN_PAUSE;
}
