/* Runs as callers see them. See the header. */
#include "resources/run_doc.h"

#include "base/check.h"
#include "base/doc.h"
#include "core/provider.h"
#include "core/work.h"
#include "resources/app_doc.h"

static const char *const STATES[] = {"running", "successful", "partial", "stopped", "interrupted"};
static const char *const WORDS[] = {"Running", "Successful", "Partially successful", "Stopped",
                                    "Interrupted"};

static void set_status(struct exchange *x, json_t *doc, str status)
{
    json_t *is = doc_object(x->arena);

    doc_set_str(doc, "status", status);
    doc_set_null(doc, "status_text");
    for (size_t i = 0; i < sizeof(STATES) / sizeof(STATES[0]); i++) {
        int it = str_eq(status, str_from(STATES[i]));
        doc_set_bool(is, STATES[i], it);
        if (it)
            doc_set_cstring(doc, "status_text", WORDS[i]);
    }
    doc_set(doc, "is", is);
}

static void set_action(struct exchange *x, json_t *doc, const struct run_row *row)
{
    json_t *action = doc_object(x->arena);

    doc_set_str(action, "name", row->action_name);
    doc_set_str(action, "slug", row->action_slug);
    doc_set_int(action, "version", row->applied_version);
    doc_set(doc, "action", action);
}

static void set_calls(struct exchange *x, json_t *doc, const struct run_row *row)
{
    json_t *calls = doc_object(x->arena);
    int64_t planned = row->calls_planned > row->calls_done ? row->calls_planned : row->calls_done;

    doc_set_int(calls, "done", row->calls_done);
    doc_set_int(calls, "failed", row->calls_failed);
    doc_set_int(calls, "planned", planned > 0 ? planned : 1);
    doc_set(doc, "calls", calls);
}

/* It may quote Jira, which spoke to whoever ran it. */
static str sentence_shown(struct exchange *x, const struct run_row *row)
{
    if (str_empty(row->sentence) || run_shows_contents(x->work, row) ||
        str_starts(row->sentence, STR("Stopped by ")) || str_eq(row->status, STR("interrupted")))
        return row->sentence;
    return STR("What was said about it is for whoever ran it, on an account of their own.");
}

json_t *run_doc(struct exchange *x, const struct run_row *row)
{
    json_t *doc = doc_object(x->arena), *user = doc_object(x->arena);
    int64_t until = row->ended ? row->ended : x->work->now_ms;

    doc_set_str(doc, "id", row->id);
    set_action(x, doc, row);
    set_status(x, doc, row->status);
    doc_set_str(doc, "sentence", sentence_shown(x, row));
    doc_set_str(user, "id", row->user);
    doc_set_str(user, "name", row->user_name);
    doc_set(doc, "user", user);
    doc_set_str(doc, "source", row->source);
    doc_set_bool(doc, "mine", run_is_mine(x->work, row));
    doc_set_bool(doc, "own", row->own);
    doc_set_bool(doc, "dry", row->dry);
    set_calls(x, doc, row);
    doc_set_time(doc, "started", row->started);
    doc_set_time(doc, "ended", row->ended);
    doc_set_int(doc, "ms", until > row->started ? until - row->started : 0);
    return doc;
}

/* --- contents --------------------------------------------------------------------------------- */

static json_t *inputs_doc(struct exchange *x, str inputs, str input_errors)
{
    json_t *list = doc_array(x->arena), *object = NULL, *errors = NULL, *value;
    const char *id;

    if (doc_parse(x->arena, NULL, inputs, &object))
        return list;
    if (input_errors.p && doc_parse(x->arena, NULL, input_errors, &errors))
        errors = NULL;
    json_object_foreach (object, id, value) {
        json_t *one = doc_object(x->arena);
        doc_set_cstring(one, "id", id);
        doc_set(one, "value", value);
        doc_set_str(one, "text",
                    json_is_string(value)
                        ? (str){json_string_value(value), json_string_length(value)}
                    : json_is_null(value) ? STR("")
                                          : doc_print(x->arena, value));
        doc_set_str(one, "error", doc_get_str(errors, id));
        doc_append(list, one);
    }
    return list;
}

/* Of texts, made anew whenever they are shown; null: too large, or none. */
static void set_html(struct exchange *x, json_t *output)
{
    str text = doc_get_str(output, "text"), html = {NULL, 0};

    if (text.p && str_eq(doc_get_str(output, "type"), STR("text")) &&
        x->work->services->provider->markdown_html(x->arena, NULL, text, &html))
        html = (str){NULL, 0};
    doc_set_str(output, "html", html);
}

static void set_outputs(struct exchange *x, json_t *doc, const struct run_row *row, int shown)
{
    json_t *outputs = NULL, *one;
    size_t i;

    if (!shown || !row->outputs.p || doc_parse(x->arena, NULL, row->outputs, &outputs))
        outputs = doc_array(x->arena);
    json_array_foreach (outputs, i, one) {
        doc_set_int(one, "number", (int64_t)i + 1);
        set_html(x, one);
    }
    doc_set(doc, "outputs", outputs);
    doc_set_bool(doc, "several", json_array_size(outputs) > 1);
}

static void set_body(struct exchange *x, json_t *doc, const char *key, str body, int shown)
{
    str pretty = body;

    if (shown && body.p)
        (void)doc_pretty(x->arena, body, 256u * 1024, &pretty);
    doc_set_str(doc, key, shown ? pretty : (str){NULL, 0});
}

/* changes null: not known. */
static void set_changes(struct exchange *x, json_t *doc, str changes, int shown)
{
    json_t *list = NULL;
    int known = shown && changes.p && doc_parse(x->arena, NULL, changes, &list) == ERR_OK;

    if (known)
        doc_set(doc, "changes", list);
    else
        doc_set_null(doc, "changes");
    doc_set_bool(doc, "changes_nothing", known && json_array_size(list) == 0);
}

static json_t *call_doc(struct exchange *x, const struct run_call_row *c, int shown)
{
    static const char *const CALL_STATES[] = {"sending", "done", "failed", "skipped", "dry"};
    json_t *doc = doc_object(x->arena), *is = doc_object(x->arena);

    doc_set_int(doc, "number", c->number);
    doc_set_str(doc, "step", c->step);
    if (c->item)
        doc_set_int(doc, "item", c->item);
    else
        doc_set_null(doc, "item");
    doc_set_str(doc, "state", c->state);
    for (size_t i = 0; i < sizeof(CALL_STATES) / sizeof(CALL_STATES[0]); i++)
        doc_set_bool(is, CALL_STATES[i], str_eq(c->state, str_from(CALL_STATES[i])));
    doc_set(doc, "is", is);
    doc_set_bool(doc, "write", c->is_write);
    doc_set_str(doc, "connection", c->connection_name.n ? c->connection_name : (str){NULL, 0});
    doc_set_str(doc, "account", c->account.n ? c->account : (str){NULL, 0});
    doc_set_str(doc, "site", c->site.n ? c->site : (str){NULL, 0});
    doc_set_bool(doc, "shared", c->shared);
    doc_set_str(doc, "method", c->method.n ? c->method : (str){NULL, 0});
    doc_set_str(doc, "path", shown && c->path.n ? c->path : c->template);
    set_body(x, doc, "request_body", c->request_body, shown);
    if (c->status)
        doc_set_int(doc, "status", c->status);
    else
        doc_set_null(doc, "status");
    set_body(x, doc, "response_body", c->response_body, shown);
    doc_set_str(doc, "sentence", shown || !c->status ? c->sentence : (str){NULL, 0});
    set_changes(x, doc, c->changes, shown);
    doc_set_time(doc, "began", c->began);
    doc_set_int(doc, "ms", c->ms);
    return doc;
}

/* A dry run that the caller may still confirm, as far as it tells by itself. */
static int can_confirm(struct exchange *x, const struct run_row *row)
{
    return row->dry && run_is_mine(x->work, row) && row->action_slug.p &&
           str_eq(row->status, STR("successful")) &&
           row->started >= x->work->now_ms - RUN_CONFIRM_MS;
}

enum err run_doc_whole(struct exchange *x, const struct run_row *row, int64_t after, json_t **ret)
{
    json_t *doc = run_doc(x, row), *list = doc_array(x->arena);
    int shown = run_shows_contents(x->work, row);
    struct run_call_row *calls = NULL;
    size_t count = 0;
    enum err e = run_calls(x->work, row, after, &calls, &count);

    if (e)
        return e;
    doc_set_bool(doc, "shows_contents", shown);
    doc_set_bool(doc, "can_confirm", can_confirm(x, row));
    doc_set(doc, "inputs", inputs_doc(x, row->inputs, shown ? row->input_errors : (str){NULL, 0}));
    set_outputs(x, doc, row, shown);
    for (size_t i = 0; i < count; i++)
        doc_append(list,
                   call_doc(x, &calls[i], shown && (calls[i].shared || run_is_mine(x->work, row))));
    doc_set(doc, "steps", list);
    if (count == RUN_CALLS_PAGE)
        doc_set_int(doc, "next", calls[count - 1].number);
    else
        doc_set_null(doc, "next");
    *ret = doc;
    return ERR_OK;
}
