/* One turn of a run: hears the call that was made, finds the next one, and sees to the record. The
 * states are in run.h.
 */
#include "actions/action.h"
#include "actions/input.h"
#include "actions/output.h"
#include "actions/run_int.h"
#include "base/check.h"
#include "base/doc.h"
#include "core/connections.h"
#include "core/credentials.h"

#define PAUSE_MS INT64_C(500)
#define WAIT_MAX_S 60 /* that Jira asks for; a run does not wait longer */
#define SAVE_PAUSE_MS 1000
#define SAVE_FAILURES_MAX 30
#define WEIGHT_OF_A_VALUE 100 /* about what jansson needs for one */

const json_t *run_step_of(const struct run *r)
{
    return json_array_get(doc_get(r->applied, "steps"), r->step);
}

static const json_t *request_of(const struct run *r)
{
    return action_request(r->applied, doc_get_str(run_step_of(r), "request"));
}

static struct fill_scope scope_of(const struct run *r)
{
    return (struct fill_scope){r->values, r->filters};
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

/* --- what later templates can name ------------------------------------------------------------ */

/* The values of this step; made when it is entered. Borrowed. */
static json_t *values_of_step(struct run *r)
{
    str name = action_step_name(run_step_of(r));

    return json_object_getn(doc_get(r->values, "request"), name.p, name.n);
}

static void make_values(struct run *r)
{
    str name = action_step_name(run_step_of(r));
    json_t *values = json_object();

    doc_set_null(values, "response");
    must(json_object_set_new(values, "results", json_array()) == 0);
    doc_set_int(values, "count", 0);
    doc_set_int(values, "failed", 0);
    doc_set_null(values, "site");
    must(json_object_setn_new(doc_get(r->values, "request"), name.p, name.n, values) == 0);
}

static size_t weight_of(str body)
{
    size_t n = body.n;

    for (size_t i = 0; i < body.n; i++)
        n += strchr(",:[{", body.p[i]) && body.p[i] ? WEIGHT_OF_A_VALUE : 0;
    return n;
}

/* A new reference; JSON as it is, a text else. NULL: it does not fit into the run any more. */
static json_t *body_value(struct run *r, struct work *w, const struct provider_request *p)
{
    size_t weight = weight_of(p->reply_body);
    json_t *parsed = NULL;

    if (r->kept + weight > RUN_KEPT_MAX)
        return NULL;
    r->kept += weight;
    if (str_empty(p->reply_body))
        return json_null();
    if (doc_parse(w->arena, NULL, p->reply_body, &parsed) == ERR_OK)
        return json_incref(parsed);
    if (!str_is_utf8(p->reply_body))
        return json_null();
    return json_stringn(p->reply_body.p, p->reply_body.n);
}

/* A new reference. */
static json_t *headers_value(const struct provider_request *p)
{
    json_t *headers = json_object();

    for (size_t i = 0; i < p->reply_header_count; i++) {
        const struct provider_header *h = &p->reply_headers[i];
        if (str_is_utf8(h->name) && str_is_utf8(h->value))
            must(json_object_setn_new(headers, h->name.p, h->name.n,
                                      json_stringn(h->value.p, h->value.n)) == 0);
    }
    return headers;
}

static void set_response(struct run *r, const struct provider_request *p, json_t *body)
{
    json_t *response = json_object();

    doc_set_int(response, "status", p->status);
    must(json_object_set_new(response, "headers", headers_value(p)) == 0);
    doc_set(response, "body", body);
    must(json_object_set_new(values_of_step(r), "response", response) == 0);
    doc_set_str(values_of_step(r), "site", r->chain.call->site_url);
}

/* Of a list: what became of an item. */
static void add_result(struct run *r, int failed, int64_t status, str sentence, json_t *body)
{
    json_t *result = json_object();

    doc_set(result, "item", json_array_get(r->items, r->item));
    doc_set_int(result, "index", (int64_t)r->item);
    doc_set_bool(result, "ok", !failed);
    doc_set_int(result, "status", status);
    doc_set_str(result, "sentence", sentence.p ? sentence : STR(""));
    if (body)
        doc_set(result, "body", body);
    else
        doc_set_null(result, "body");
    must(json_array_append_new(doc_get(values_of_step(r), "results"), result) == 0);
}

/* --- hearing ---------------------------------------------------------------------------------- */

static int is_bad_luck(const struct chain_call *call)
{
    const struct provider_request *p = &call->op.request;

    if (call->op.err)
        return call->op.err == ERR_UPSTREAM_UNREACHABLE ||
               call->op.err == ERR_UPSTREAM_INTERRUPTED || call->op.err == ERR_UPSTREAM_TIMEOUT;
    return p->status >= 502 && p->status <= 504;
}

/* Milliseconds until the call is made again; -1: it is not. ERR_UPSTREAM_UNREACHABLE says that
 * nothing was sent, 429 that nothing was done. */
static int64_t again_after(const struct run *r)
{
    const struct chain_call *call = r->chain.call;
    const struct provider_request *p = &call->op.request;
    int limited = !call->op.err && p->status == 429;

    if (r->tries >= RUN_TRIES_MAX || (limited && p->retry_after_s > WAIT_MAX_S))
        return -1;
    if (limited && p->retry_after_s)
        return p->retry_after_s * CLOCK_SECOND_MS + clock_monotonic_us() % 300;
    if (limited || call->op.err == ERR_UPSTREAM_UNREACHABLE ||
        (is_bad_luck(call) && !r->call.is_write))
        return PAUSE_MS << (r->tries - 1);
    return -1;
}

/* 1: the template is not empty. What names nothing (an empty answer, say) is empty. */
static int holds(struct run *r, struct work *w, str template)
{
    struct fill_scope scope = scope_of(r);
    json_t *value = NULL;

    if (fill_value(w->arena, NULL, template, &scope, &value))
        return 0;
    if (json_is_string(value))
        return json_string_length(value) > 0;
    if (json_is_array(value))
        return json_array_size(value) > 0;
    return !json_is_null(value) && !json_is_false(value);
}

/* What is wrong with an answer; empty: nothing. */
static str failure_of(struct run *r, struct work *w)
{
    const struct chain_call *call = r->chain.call;
    const struct provider_request *p = &call->op.request;
    const json_t *step = run_step_of(r);
    str rule = doc_get_str(step, "fails_if");

    if (call->op.err)
        return str_from(fault_text(&call->op.fault));
    if (p->meaning == MEANING_REFUSED_TOKEN || p->meaning == MEANING_NOT_PROVIDER)
        return p->sentence;
    if (p->status >= 400 && !str_eq(doc_get_str(step, "fails"), STR("never")))
        return str_empty(p->sentence) ? arena_printf(w->arena, "Jira answered %d.", p->status)
                                      : p->sentence;
    if (rule.n && holds(r, w, rule))
        return STR("The answer counts as a failure by this step's rule.");
    return STR("");
}

/* Nothing else with this credential will do better. */
static int is_hopeless(const struct chain_call *call)
{
    return call->op.err == ERR_NEEDS_RECONNECT || call->op.err == ERR_CLIENT_REFUSED ||
           call->op.err == ERR_STOPPED || call->op.err == ERR_NOT_FOUND ||
           call->op.err == ERR_NOT_SIGNED_IN || call->op.err == ERR_KEY_REFUSED ||
           (!call->op.err && (call->op.request.meaning == MEANING_REFUSED_TOKEN ||
                              call->op.request.meaning == MEANING_LOCKED));
}

static void count_call(struct run *r, int failed)
{
    json_t *values = values_of_step(r);

    r->row.calls_done++;
    r->row.calls_failed += failed;
    r->step_done++;
    r->step_failed += failed;
    doc_set_int(values, "count", r->step_done);
    doc_set_int(values, "failed", r->step_failed);
}

/* The rule of the step, after its call or its last item. */
static void leave_step(struct run *r, str sentence)
{
    int stops = r->step_failed && !str_eq(doc_get_str(run_step_of(r), "on_failure"), STR("go_on"));

    if (stops && r->step_done > 1)
        run_end(r, arena_printf(r->arena, "%lld of %lld calls of step \"%.*s\" failed.",
                                (long long)r->step_failed, (long long)r->step_done,
                                STR_ARG(action_step_name(run_step_of(r)))));
    else if (stops)
        run_end(r, arena_printf(r->arena, "Step \"%.*s\": %.*s",
                                STR_ARG(action_step_name(run_step_of(r))), STR_ARG(sentence)));
    json_decref(r->items);
    r->items = NULL;
    r->step++;
    r->entered = 0;
}

/* After a call, or one that could not be made. */
static void go_on(struct run *r, str sentence)
{
    r->is_planned = 0;
    r->tries = 0;
    if (!r->items) {
        leave_step(r, sentence);
        return;
    }
    r->item++;
    if (r->item == r->item_count && !r->is_over)
        leave_step(r, sentence);
}

static void take_answer(struct run *r, struct work *w)
{
    struct chain_call *call = r->chain.call;
    const struct provider_request *p = &call->op.request;
    int answered = !call->op.err;
    json_t *body = answered ? body_value(r, w, p) : NULL;

    if (answered)
        set_response(r, p, body ? body : json_null());
    str why = failure_of(r, w);
    int failed = why.n > 0;
    count_call(r, failed);
    if (r->items)
        add_result(r, failed, answered ? p->status : 0, why, body);
    run_record_heard(r, w, failed, why);
    if (answered && !body && !r->items)
        run_end(r, STR("The answers of this run are larger together than Mortise keeps in memory."
                       " What was done counts; ask for less, for example with fields."));
    else if (answered && !body)
        r->note = STR(" Not all answers were kept: together they are too large.");
    json_decref(body);
    if (call->op.err == ERR_STOPPED)
        r->hides = 1;
    if (is_hopeless(call))
        run_end(r, why);
    go_on(r, why);
}

static void hear(struct run *r, struct work *w)
{
    int64_t pause = again_after(r);

    chain_note(&r->chain, w);
    if (pause >= 0 && !*r->chain.stopping) {
        r->chain.pause_ms = pause;
        r->is_planned = 0; /* planned anew, with the credential that is used then */
        r->number = r->call.number - 1;
        return;
    }
    take_answer(r, w);
}

/* --- planning --------------------------------------------------------------------------------- */

static enum err find_items(struct run *r, struct work *w)
{
    const json_t *step = run_step_of(r);
    struct fill_scope scope = scope_of(r);
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

    count_call(r, 1);
    if (r->items)
        add_result(r, 1, 0, why, NULL);
    run_record_refused(r, w, document, why);
    if (fatal && w->fault->code == ERR_STOPPED)
        r->hides = 1;
    if (fatal)
        end_by_fault(r, w->fault);
    go_on(r, why);
    fault_clear(w->fault);
}

static void enter(struct run *r, struct work *w)
{
    const json_t *step = run_step_of(r);
    str rule = doc_get_str(step, "run_if");

    r->entered = 1;
    r->item = 0;
    r->step_done = r->step_failed = 0;
    make_values(r);
    if (rule.n && !holds(r, w, rule)) {
        r->row.calls_planned--;
        skip(r, w, STR("Not run: its condition is empty."));
        return;
    }
    if (find_items(r, w)) {
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
    struct fill_scope scope = scope_of(r);
    int fatal = 0;

    if (r->items) {
        doc_set(r->values, "item", json_array_get(r->items, r->item));
        doc_set_int(r->values, "index", (int64_t)r->item);
    } else {
        (void)json_object_del(r->values, "item");
        (void)json_object_del(r->values, "index");
    }
    if (chain_prepare(&r->chain, w, doc_get_str(request, "connection"), document, &scope, &fatal)) {
        refuse(r, w, document, fatal);
        chain_forget(&r->chain);
        return;
    }
    r->is_planned = 1;
    r->tries++;
    r->row.own |= !r->chain.call->shared;
    run_record_plan(r, w, document);
}

static void plan(struct run *r, struct work *w)
{
    while (!r->is_over && !r->is_planned && r->pending_count < RUN_PENDING_MAX) {
        if (*r->chain.stopping)
            run_end(r, STR("Mortise is being stopped. Nothing more was sent."));
        else if (r->chain.refused)
            end_by_fault(r, w->fault);
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
    struct fill_scope scope = scope_of(r);

    r->row.status = status_of(r);
    r->row.ended = w->now_ms;
    r->row.outputs = (str){NULL, 0};
    (void)json_object_del(r->values, "item");
    (void)json_object_del(r->values, "index");
    if (r->row.calls_done > 0 && !must_hide(r, w))
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
        r->number = r->call.number - 1;
        if (r->call.is_write && r->pending_count)
            r->pending_count--;
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
        hear(r, w);
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
