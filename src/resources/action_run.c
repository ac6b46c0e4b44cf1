/* Running an action: by the form and by the API alike.
 *
 * begin: what was entered is checked, the connections have to work, and the run is on file before
 * anything is sent. The loop takes it through its steps (actions/run.h) and comes back when it has
 * ended, or after a while: then it goes on by itself. finish: the run as it is then.
 */
#include "actions/input.h"
#include "actions/run.h"
#include "actions/scope.h"
#include "base/check.h"
#include "base/doc.h"
#include "core/connections.h"
#include "core/credentials.h"
#include "core/drafts.h"
#include "core/runs.h"
#include "core/work.h"
#include "resources/action_doc.h"
#include "resources/action_form.h"
#include "resources/app_doc.h"
#include "resources/connection_doc.h"
#include "resources/fields.h"
#include "resources/routes.h"
#include "resources/run_doc.h"

#define PAGE_WAIT_MS INT64_C(2000)
#define API_WAIT_S 30
#define API_WAIT_MAX_S 60

struct starting {
    struct action_page page; /* first: the form that is shown again reads it */
    struct runner *runner;
    struct access_query who;
    struct run_row row;
    json_t *applied;
    json_t *values;
    json_t *confirmed; /* inputs of the dry run that confirms this one, or NULL */
    enum run_kind kind;
    int64_t wait_ms;
    enum err failed; /* with the second half, once the form's options were looked up */
    struct fault fault;
    json_t *field_errors;
};

static void start(void *arg, struct loop *loop, void (*done)(void *token), void *token)
{
    struct starting *s = arg;
    const struct run_order order = {&s->who, &s->row, s->applied, s->values};

    run_start(s->runner, loop, &order, s->wait_ms, done, token);
}

/* --- begin ------------------------------------------------------------------------------------ */

/* The values of the dry run that is confirmed, or what was entered. */
static json_t *entered_of(struct exchange *x, struct starting *s)
{
    return s->confirmed ? s->confirmed : action_entered(x, s->applied);
}

static enum err read_inputs(struct exchange *x, struct starting *s)
{
    struct fill_scope scope = {.values = scope_values(x->work), .filters = scope_filters(x->work)};
    json_t *values = (json_t *)(uintptr_t)scope.values, *inputs;
    struct slips slips;

    slips_init(&slips, x->arena);
    inputs = inputs_read(&slips, doc_get(s->applied, "inputs"), entered_of(x, s), &scope);
    doc_set(values, "input", inputs);
    s->values = values;
    if (slips.count)
        s->page.errors = doc_object(x->arena);
    for (size_t i = 0; i < slips.count; i++) {
        exchange_field_error(x, slips.list[i].field, slips.list[i].message);
        doc_set_cstring(s->page.errors, slips.list[i].field, slips.list[i].message);
    }
    return exchange_field_problem(x);
}

/* Outlives the refusal that comes next. */
static enum err keep_entered(struct exchange *x, struct starting *s)
{
    json_t *content = doc_object(x->arena);
    enum err e;

    doc_set(content, "inputs", doc_get(s->values, "input"));
    e = draft_save(x->work, content, &s->page.draft);
    return e ? e : work_commit(x->work);
}

/* The first connection that the caller cannot use: why, and where to connect. */
static enum err check_connections(struct exchange *x, struct starting *s,
                                  const struct action_row *row)
{
    struct connection_row n = {0};
    struct effective effective = {0};
    json_t *missing = NULL;
    str id;
    enum err e = action_connect_first(x, row, s->applied, (str){NULL, 0}, &missing);

    if (e || json_array_size(missing) == 0)
        return e;
    id = doc_get_str(json_array_get(missing, 0), "id");
    if (x->representation == EXCHANGE_PAGE)
        e = keep_entered(x, s);
    if (!e)
        e = connection_find(x->work, id, &n);
    if (!e)
        e = credentials_effective(x->work, &n, &effective);
    if (e)
        return e;
    if (effective.decision != DECISION_STOPPED)
        doc_set_str(exchange_doc(x), "connect_url", connection_connect_url(x, id));
    return credentials_refusal(x->work, &n, &effective);
}

static str source_of(const struct exchange *x)
{
    if (x->work->actor.key)
        return STR("key");
    return x->representation == EXCHANGE_PAGE ? STR("page") : STR("api");
}

static int64_t wait_of(struct exchange *x)
{
    int64_t s = exchange_int(x, "wait", API_WAIT_S);

    if (x->representation == EXCHANGE_PAGE)
        return PAGE_WAIT_MS;
    if (s < 0 || s > API_WAIT_MAX_S)
        exchange_field_error(x, "wait", "Wait 0 to 60 seconds.");
    return s * CLOCK_SECOND_MS;
}

/* Hidden inputs have their defaults, now as then. */
static void drop_hidden(const json_t *applied, json_t *inputs)
{
    json_t *input;
    size_t i;

    json_array_foreach (doc_get(applied, "inputs"), i, input) {
        if (json_is_true(doc_get(input, "hidden")))
            (void)json_object_del(inputs, json_string_value(doc_get(input, "id")));
    }
}

/* Dry, or confirmed by a dry run where the action wants that; its inputs are then what is run. */
static enum err read_kind(struct exchange *x, struct starting *s, const struct action_row *row)
{
    struct run_row before = {0};
    str confirm = str_trim(exchange_text(x, "confirm"));
    int dry = 0;
    enum err e = ERR_OK;

    (void)field_flag(x, "dry_run", &dry);
    s->kind = dry ? RUN_DRY : RUN_REAL;
    if (dry)
        return exchange_field_problem(x);
    if (str_empty(confirm) && json_is_true(doc_get(s->applied, "confirm")))
        return fail(&x->fault, ERR_CONFIRM_REQUIRED,
                    "This action wants a dry run first. Make one, look at what it shows, and "
                    "confirm it.");
    if (str_empty(confirm))
        return ERR_OK;
    e = run_confirmed(x->work, row, confirm, &before);
    if (!e)
        e = doc_parse(x->arena, &x->fault, before.inputs, &s->confirmed);
    if (!e)
        drop_hidden(s->applied, s->confirmed);
    return e;
}

/* A form that is shown again needs the options of its selects: they are looked up first, and the
 * failure comes with the second half. */
static enum err fail_later(struct exchange *x, struct starting *s, const struct action_row *row,
                           enum err e)
{
    struct fault fault = x->fault;
    enum err looked;

    if (!x->is_form || x->representation != EXCHANGE_PAGE || !s->applied)
        return e;
    s->fault = fault;
    s->field_errors = x->field_errors;
    s->failed = e;
    looked = action_look_up(x, &s->page, row, s->applied, action_entered(x, s->applied));
    if (looked || !x->wait.start) {
        x->fault = fault;
        x->field_errors = s->field_errors;
        return e;
    }
    fault_clear(&x->fault);
    return ERR_OK;
}

static enum err prepare(struct exchange *x, struct starting *s, const struct action_row *row)
{
    enum err e = read_kind(x, s, row);

    if (!e)
        e = read_inputs(x, s);
    if (!e)
        e = check_connections(x, s, row);
    if (!e && runner_is_full(s->runner, x->work->actor.user, x->work->membership.app))
        e = fail(&x->fault, ERR_OVERLOADED,
                 "Many actions are being run at the moment. Nothing was sent; try again in a "
                 "minute.");
    return e;
}

enum err action_run(struct exchange *x)
{
    struct starting *s = arena_new_of(x->arena, struct starting);
    struct action_row row = {0};
    enum err e = action_runnable(x, &row, &s->applied);

    x->carried = s;
    s->runner = x->work->services->runner;
    s->who = *(const struct access_query *)x->work->authorize_arg;
    s->wait_ms = wait_of(x);
    if (!e)
        e = prepare(x, s, &row);
    if (e)
        return e == ERR_RETRY ? e : fail_later(x, s, &row, e);
    e = run_create(x->work, &row, s->kind, action_writes(s->applied), source_of(x),
                   doc_print(x->arena, doc_get(s->values, "input")), &s->row);
    if (e)
        return e;
    x->wait = (struct exchange_wait){start, s};
    return ERR_OK;
}

/* --- finish ----------------------------------------------------------------------------------- */

static int leads_back(const struct exchange *x, const struct run_row *row)
{
    return x->representation == EXCHANGE_PAGE && row->input_errors.p && row->action_slug.p &&
           str_eq(row->status, STR("stopped"));
}

enum err action_run_finish(struct exchange *x)
{
    const struct starting *s = x->carried;
    struct run_row row = {0};
    enum err e;

    if (s->failed) {
        x->fault = s->fault;
        x->field_errors = s->field_errors;
        return s->failed;
    }
    e = run_find(x->work, s->row.id, &row);
    if (!e)
        e = run_doc_whole(x, &row, 0, &x->doc);
    if (e)
        return e;
    x->status = 201;
    x->location =
        arena_printf(x->arena, "%.*s/%.*s", STR_ARG(app_doc_path(x, "/runs")), STR_ARG(row.id));
    if (leads_back(x, &row)) /* nothing was done, and the form says what to mend */
        x->location =
            arena_printf(x->arena, "%.*s/%.*s/form?run=%.*s", STR_ARG(app_doc_path(x, "/actions")),
                         STR_ARG(row.action_slug), STR_ARG(row.id));
    return ERR_OK;
}
