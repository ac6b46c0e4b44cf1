/* Hearing the answer to a call: what it means for its step, what later templates can name of it,
 * and whether the call is made again. See run.h.
 */
#include "actions/action.h"
#include "actions/request.h"
#include "actions/run_int.h"
#include "base/check.h"
#include "base/doc.h"

#define PAUSE_MS INT64_C(500)
#define WAIT_MAX_S 60         /* that Jira asks for; a run does not wait longer */
#define WEIGHT_OF_A_VALUE 100 /* about what jansson needs for one */

/* --- what later templates can name ------------------------------------------------------------ */

/* The values of this step; made when it is entered. Borrowed. */
json_t *run_step_values(struct run *r)
{
    str name = action_step_name(run_step_of(r));

    return json_object_getn(doc_get(r->values, "request"), name.p, name.n);
}

void run_make_values(struct run *r)
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
    must(json_object_set_new(run_step_values(r), "response", response) == 0);
    doc_set_str(run_step_values(r), "site", r->chain.call->site_url);
}

/* Of a list: what became of an item. */
void run_add_result(struct run *r, int failed, int64_t status, str sentence, json_t *body)
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
    must(json_array_append_new(doc_get(run_step_values(r), "results"), result) == 0);
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
        (is_bad_luck(call) && (!r->call.is_write || r->is_preview)))
        return PAUSE_MS << (r->tries - 1);
    return -1;
}

/* 1: the template is not empty. What names nothing (an empty answer, say) is empty. */
int run_holds(struct run *r, struct work *w, str template)
{
    struct fill_scope scope = run_scope(r);
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
    if (rule.n && run_holds(r, w, rule))
        return STR("The answer counts as a failure by this step's rule.");
    return STR("");
}

/* Nothing else with this credential will do better. */
int run_is_hopeless(const struct chain_call *call)
{
    return call->op.err == ERR_NEEDS_RECONNECT || call->op.err == ERR_CLIENT_REFUSED ||
           call->op.err == ERR_STOPPED || call->op.err == ERR_NOT_FOUND ||
           call->op.err == ERR_NOT_SIGNED_IN || call->op.err == ERR_KEY_REFUSED ||
           (!call->op.err && (call->op.request.meaning == MEANING_REFUSED_TOKEN ||
                              call->op.request.meaning == MEANING_LOCKED));
}

void run_count_call(struct run *r, int failed)
{
    json_t *values = run_step_values(r);

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
void run_go_on(struct run *r, str sentence)
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

/* What Jira says of single fields, at the inputs that they are filled from. */
static void note_input_errors(struct run *r, struct work *w, const struct provider_request *p)
{
    const json_t *document =
        doc_get(action_request(r->applied, doc_get_str(run_step_of(r), "request")), "document");
    json_t *found = w->services->provider->field_errors(w->arena, p->reply_body), *value;
    json_t *errors = doc_object(w->arena);
    const char *field;

    json_object_foreach (found, field, value) {
        str id = request_input_of(w->arena, document, field, r->filters);
        if (id.p)
            doc_set(errors, arena_cstring(w->arena, id), value);
    }
    if (json_object_size(errors) && !r->row.input_errors.p)
        r->row.input_errors = arena_str(r->arena, doc_print(w->arena, errors));
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
    run_count_call(r, failed);
    if (failed && answered && !r->items)
        note_input_errors(r, w, p);
    if (r->items)
        run_add_result(r, failed, answered ? p->status : 0, why, body);
    run_record_heard(r, w, failed, why);
    if (answered && !body && !r->items)
        run_end(r, STR("The answers of this run are larger together than Mortise keeps in memory."
                       " What was done counts; ask for less, for example with fields."));
    else if (answered && !body)
        r->note = STR(" Not all answers were kept: together they are too large.");
    json_decref(body);
    if (call->op.err == ERR_STOPPED)
        r->hides = 1;
    if (run_is_hopeless(call))
        run_end(r, why);
    run_go_on(r, why);
}

void run_hear(struct run *r, struct work *w)
{
    int64_t pause = again_after(r);
    int was_check = r->is_check;

    chain_note(&r->chain, w);
    if (pause >= 0 && !*r->chain.stopping) {
        r->chain.pause_ms = pause;
        r->is_check = r->is_preview = r->is_planned =
            0; /* planned anew, with the credential that is used then */
        if (!was_check)
            r->number = r->call.number - 1;
        return;
    }
    if (r->is_check)
        run_check_heard(r, w);
    else if (r->is_preview)
        run_dry_heard(r, w);
    else
        take_answer(r, w);
}
