/* The form with which an action is run. See the header. */
#include "resources/action_form.h"

#include "actions/input.h"
#include "actions/options.h"
#include "actions/scope.h"
#include "base/check.h"
#include "base/doc.h"
#include "core/connections.h"
#include "core/credentials.h"
#include "core/drafts.h"
#include "core/runs.h"
#include "core/work.h"
#include "resources/action_doc.h"
#include "resources/app_doc.h"
#include "resources/connection_doc.h"
#include "resources/routes.h"

#define BOXES_MAX 150 /* of a multi-select; a form has 200 parameters at most */

enum err action_runnable(struct exchange *x, struct action_row *ret, json_t **ret_applied)
{
    enum err e = action_find(x->work, x->params[1], ret);

    if (!e && !ret->applied.p)
        return fail(&x->fault, ERR_CONFLICT,
                    "This action was never applied. An app admin has to apply it first.");
    if (!e && !ret->enabled)
        return fail(&x->fault, ERR_CONFLICT, "This action is disabled.");
    return e ? e : action_document(x, ret, ret->applied, ret_applied);
}

/* --- what was entered ------------------------------------------------------------------------- */

static const char *field_name(struct exchange *x, const json_t *input)
{
    return arena_printf(x->arena, "i:%s", json_string_value(doc_get(input, "id"))).p;
}

static const char *box_name(struct exchange *x, const json_t *input, size_t i)
{
    return arena_printf(x->arena, "m%zu:%s", i, json_string_value(doc_get(input, "id"))).p;
}

static int is_of_kind(const json_t *input, enum input_kind kind)
{
    const struct input_type *t = input_type_find(doc_get_str(input, "type"));

    return t && t->kind == kind;
}

/* A box that is not ticked is not sent. */
static json_t *entered_field(struct exchange *x, const json_t *input)
{
    json_t *list;

    if (is_of_kind(input, INPUT_KIND_FLAG))
        return doc_keep(x->arena, json_boolean(exchange_has(x, field_name(x, input))));
    if (!is_of_kind(input, INPUT_KIND_CHOICES))
        return doc_get(x->input, field_name(x, input));
    list = doc_array(x->arena);
    for (size_t i = 0; i < BOXES_MAX; i++) {
        json_t *one = doc_get(x->input, box_name(x, input, i));
        if (json_is_string(one))
            doc_append(list, one);
    }
    return list;
}

json_t *action_entered(struct exchange *x, const json_t *applied)
{
    json_t *entered = doc_object(x->arena), *given = doc_get(x->input, "inputs"), *input;
    size_t i;

    if (!x->is_form)
        return json_is_object(given) ? given : entered;
    json_array_foreach (doc_get(applied, "inputs"), i, input) {
        json_t *value = json_is_true(doc_get(input, "hidden")) ? NULL : entered_field(x, input);
        if (value)
            doc_set(entered, json_string_value(doc_get(input, "id")), value);
    }
    return entered;
}

/* What the fields are made from. */
struct form {
    const json_t *applied;
    const struct fill_scope *scope;
    const json_t *errors; /* {input id: message}, or NULL */
    const json_t *found;  /* options that were looked up */
    const json_t *search; /* {input id: what is typed} */
};

/* --- fields ----------------------------------------------------------------------------------- */

/* Of its own, or as they were looked up. */
static json_t *options_of(const json_t *input, const json_t *found)
{
    if (json_is_object(doc_get(input, "options_from")))
        return doc_get(doc_get(found, json_string_value(doc_get(input, "id"))), "options");
    return doc_get(input, "options");
}

static json_t *option_doc(struct exchange *x, const json_t *input, size_t i, json_t *value,
                          str label, int selected)
{
    json_t *one = doc_object(x->arena);

    doc_set(one, "value", value);
    doc_set_str(one, "label", label);
    doc_set_bool(one, "selected", selected);
    doc_set_cstring(one, "field", box_name(x, input, i));
    return one;
}

/* What was chosen stays chosen, also when it was not looked up again. */
static json_t *options_doc(struct exchange *x, const json_t *input, const json_t *value,
                           const json_t *found)
{
    json_t *list = doc_array(x->arena), *option, *options = options_of(input, found);
    int any = 0;
    size_t i;

    json_array_foreach (options, i, option) {
        json_t *v = doc_get(option, "value"), *chosen;
        str label = doc_get_str(option, "label");
        size_t k;
        int selected = json_equal(v, value);
        json_array_foreach ((json_t *)(uintptr_t)value, k, chosen) {
            selected |= json_equal(v, chosen);
        }
        any |= selected;
        doc_append(list, option_doc(x, input, i, v, label.n ? label : doc_get_str(option, "value"),
                                    selected));
    }
    if (!any && json_is_string(value) && json_string_length(value) && !doc_get(input, "options"))
        doc_append(list, option_doc(x, input, i, (json_t *)(uintptr_t)value,
                                    str_from(json_string_value(value)), 1));
    return list;
}

/* What stands in the field. */
static str value_text(struct exchange *x, const json_t *value)
{
    if (json_is_string(value))
        return (str){json_string_value(value), json_string_length(value)};
    return value && !json_is_null(value) && !json_is_array(value) ? doc_print(x->arena, value)
                                                                  : STR("");
}

static void set_bound(json_t *field, const json_t *input, const char *name)
{
    json_t *bound = doc_get(input, name);

    if (bound)
        doc_set(field, name, bound);
    else
        doc_set_null(field, name);
}

static void set_kind(struct exchange *x, json_t *field, const struct input_type *t)
{
    json_t *is = doc_object(x->arena);
    int text = t->kind == INPUT_KIND_TEXT;

    doc_set_bool(is, "textarea", strcmp(t->control, "textarea") == 0);
    doc_set_bool(is, "checkbox", t->kind == INPUT_KIND_FLAG);
    doc_set_bool(is, "select", t->kind == INPUT_KIND_CHOICE);
    doc_set_bool(is, "multiselect", t->kind == INPUT_KIND_CHOICES);
    doc_set_bool(is, "line",
                 t->kind != INPUT_KIND_FLAG && t->kind != INPUT_KIND_CHOICE &&
                     t->kind != INPUT_KIND_CHOICES && strcmp(t->control, "textarea") != 0);
    doc_set_bool(is, "text", text); /* min and max are lengths */
    doc_set_bool(is, "number", t->kind == INPUT_KIND_NUMBER);
    doc_set_bool(is, "datetime", t->kind == INPUT_KIND_DATE_TIME);
    doc_set(field, "is", is);
    doc_set_cstring(field, "type", t->word);
    doc_set_cstring(field, "control", t->control);
}

/* Where its options come from: which inputs first, whether one types, and what went wrong. */
static void set_source(struct exchange *x, json_t *field, const json_t *input,
                       const struct form *form)
{
    const struct place_filter *filters = form->scope->filters;
    const json_t *found = doc_get(form->found, json_string_value(doc_get(input, "id")));
    json_t *ids = options_depend_on(x->arena, form->applied, input, filters), *id, *other;
    int from = json_is_object(doc_get(input, "options_from"));
    str before = STR("");
    size_t i, k;

    json_array_foreach (ids, i, id) {
        json_array_foreach (doc_get(form->applied, "inputs"), k, other) {
            if (json_equal(doc_get(other, "id"), id))
                before = arena_printf(x->arena, "%.*s%s%.*s", STR_ARG(before), before.n ? ", " : "",
                                      STR_ARG(input_label(other)));
        }
    }
    doc_set_bool(field, "from", from);
    doc_set(field, "depends", ids);
    doc_set_bool(field, "searches", options_search(x->arena, form->applied, input, filters));
    doc_set_str(field, "search",
                doc_get_str(form->search, json_string_value(doc_get(input, "id"))));
    doc_set_cstring(field, "search_field",
                    arena_printf(x->arena, "s:%s", json_string_value(doc_get(input, "id"))).p);
    doc_set_str(field, "first", from && !found && before.n ? before : (str){NULL, 0});
    doc_set_bool(field, "cut", json_is_true(doc_get(found, "cut")));
    doc_set_str(field, "problem", found ? doc_get_str(found, "problem") : (str){NULL, 0});
}

static json_t *field_doc(struct exchange *x, const json_t *input, const json_t *value,
                         const struct form *form)
{
    const json_t *errors = form->errors;
    const struct input_type *t = input_type_find(doc_get_str(input, "type"));
    static const char *const TEXTS[] = {"placeholder", "help", "pattern"};
    json_t *field = doc_object(x->arena);
    const char *id = json_string_value(doc_get(input, "id"));
    str text = value_text(x, value);

    doc_set_cstring(field, "id", id);
    doc_set_cstring(field, "field", field_name(x, input));
    doc_set_str(field, "label", input_label(input));
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++)
        doc_set_str(field, TEXTS[i],
                    doc_get_str(input, TEXTS[i]).n ? doc_get_str(input, TEXTS[i]) : (str){NULL, 0});
    doc_set_bool(field, "mandatory", json_is_true(doc_get(input, "mandatory")));
    set_bound(field, input, "min");
    set_bound(field, input, "max");
    set_kind(x, field, t);
    if (t->kind == INPUT_KIND_DATE_TIME)
        text = str_slice(text, 0, 16); /* as the browser's field wants it */
    doc_set_str(field, "value", text);
    doc_set_bool(field, "checked", json_is_true(value));
    doc_set(field, "options", options_doc(x, input, value, form->found));
    set_source(x, field, input, form);
    doc_set_str(field, "error", errors ? doc_get_str(errors, id) : (str){NULL, 0});
    return field;
}

/* What the field begins with: entered, or the default. */
static const json_t *first_value(struct exchange *x, const json_t *input, const json_t *entered,
                                 int any, const struct fill_scope *scope)
{
    json_t *value = doc_get(entered, json_string_value(doc_get(input, "id")));

    if (value || any)
        return value;
    return input_default(x->arena, NULL, input, scope, &value) ? NULL : value;
}

static json_t *fields_doc(struct exchange *x, const json_t *entered, const struct form *form)
{
    json_t *list = doc_array(x->arena), *input;
    int any = json_object_size(entered) > 0;
    size_t i;

    json_array_foreach (doc_get(form->applied, "inputs"), i, input) {
        const json_t *value = first_value(x, input, entered, any, form->scope);
        if (!json_is_true(doc_get(input, "hidden")))
            doc_append(list, field_doc(x, input, value, form));
    }
    return list;
}

/* --- connections ------------------------------------------------------------------------------ */

static enum err add_connection(struct exchange *x, str id, str return_to, json_t *list)
{
    struct connection_row n = {0};
    struct effective effective = {0};
    json_t *doc = NULL;
    enum err e = connection_find(x->work, id, &n);

    if (!e)
        e = credentials_effective(x->work, &n, &effective);
    if (e || effective.decision == DECISION_USE)
        return e;
    e = connection_doc(x, &n, &effective, &doc);
    if (e)
        return e;
    doc_set_str(doc, "return_to", return_to);
    doc_append(list, doc);
    return ERR_OK;
}

static int is_listed(const json_t *seen, const json_t *id)
{
    json_t *one;
    size_t i;

    json_array_foreach ((json_t *)(uintptr_t)seen, i, one) {
        if (json_equal(one, id))
            return 1;
    }
    return 0;
}

enum err action_connect_first(struct exchange *x, const struct action_row *row,
                              const json_t *applied, str draft, json_t **ret)
{
    str back = action_path(x, row, "/form");
    json_t *list = doc_array(x->arena), *seen = doc_array(x->arena), *request;
    const char *name;
    enum err e = ERR_OK;

    if (draft.p)
        back = arena_printf(x->arena, "%.*s?draft=%.*s", STR_ARG(back), STR_ARG(draft));
    json_object_foreach (doc_get(applied, "requests"), name, request) {
        json_t *id = doc_get(request, "connection");
        if (e || !json_is_string(id) || is_listed(seen, id))
            continue;
        doc_append(seen, id);
        e = add_connection(x, doc_get_str(request, "connection"), back, list);
        if (e == ERR_NOT_FOUND) /* deleted since: the run says so */
            e = ERR_OK;
    }
    *ret = list;
    return e;
}

/* --- looking up ------------------------------------------------------------------------------- */

struct looking {
    struct runner *runner;
    struct access_query who;
    struct options_order order;
};

static void start_looking(void *arg, struct loop *loop, void (*done)(void *token), void *token)
{
    const struct looking *l = arg;

    options_start(l->runner, loop, &l->order, done, token);
}

/* The values so far, as they were entered: nothing of them has to be right. */
static json_t *values_so_far(struct exchange *x, const json_t *applied, const json_t *entered)
{
    struct fill_scope scope = {.values = scope_values(x->work), .filters = scope_filters(x->work)};
    json_t *values = (json_t *)(uintptr_t)scope.values, *inputs = doc_get(values, "input"), *input;
    int any = json_object_size(entered) > 0;
    size_t i;

    json_array_foreach (doc_get(applied, "inputs"), i, input) {
        const char *id = json_string_value(doc_get(input, "id"));
        int hidden = json_is_true(doc_get(input, "hidden"));
        const json_t *value =
            first_value(x, input, hidden ? NULL : entered, any && !hidden, &scope);
        if (value)
            doc_set(inputs, id, (json_t *)(uintptr_t)value);
        else
            doc_set_null(inputs, id);
    }
    return values;
}

/* What is typed into the search fields: the API's "search", or the form's "s:ID". */
static json_t *search_of(struct exchange *x, const json_t *applied)
{
    json_t *given = doc_get(x->input, "search"), *search = doc_object(x->arena), *input;
    size_t i;

    if (!x->is_form)
        return json_is_object(given) ? given : search;
    json_array_foreach (doc_get(applied, "inputs"), i, input) {
        const char *id = json_string_value(doc_get(input, "id"));
        json_t *text = doc_get(x->input, arena_printf(x->arena, "s:%s", id).p);
        if (text)
            doc_set(search, id, text);
    }
    return search;
}

enum err action_look_up(struct exchange *x, struct action_page *page, const struct action_row *row,
                        const json_t *applied, const json_t *entered)
{
    struct looking *l = arena_new_of(x->arena, struct looking);
    json_t *missing = NULL;
    enum err e = action_connect_first(x, row, applied, (str){NULL, 0}, &missing);

    page->found = doc_object(x->arena);
    if (e || json_array_size(missing))
        return e;
    l->runner = x->work->services->runner;
    l->who = *(const struct access_query *)x->work->authorize_arg;
    l->order = (struct options_order){
        .who = &l->who,
        .applied = applied,
        .values = values_so_far(x, applied, entered),
        .search = search_of(x, applied),
        .found = page->found,
    };
    if (options_wanted(x->arena, &l->order, scope_filters(x->work)))
        x->wait = (struct exchange_wait){start_looking, l};
    return ERR_OK;
}

/* --- the page --------------------------------------------------------------------------------- */

static enum err kept_draft(struct exchange *x, json_t **ret)
{
    str id = exchange_text(x, "draft");
    json_t *kept = NULL;
    enum err e = str_empty(id) ? ERR_OK : draft_find(x->work, id, &kept);

    *ret = kept && doc_get(kept, "inputs") ? doc_get(kept, "inputs") : doc_object(x->arena);
    return e;
}

/* Those of an earlier run of one's own, with what Jira said of them. */
static enum err of_run(struct exchange *x, struct action_page *p, json_t **ret)
{
    struct run_row run = {0};
    json_t *inputs = NULL, *errors = NULL;
    enum err e = run_find(x->work, exchange_text(x, "run"), &run);

    *ret = doc_object(x->arena);
    if (e == ERR_NOT_FOUND)
        fault_clear(&x->fault);
    if (e || !run_is_mine(x->work, &run))
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    if (doc_parse(x->arena, NULL, run.inputs, &inputs) == ERR_OK)
        *ret = inputs;
    if (run.input_errors.p && doc_parse(x->arena, NULL, run.input_errors, &errors) == ERR_OK) {
        p->errors = errors;
        p->run = run.id;
        p->sentence = run.sentence;
    }
    return ERR_OK;
}

static enum err entered_so_far(struct exchange *x, struct action_page *p, const json_t *applied,
                               json_t **ret)
{
    if (!x->is_form && exchange_has(x, "run"))
        return of_run(x, p, ret);
    if (!x->is_form && !doc_get(x->input, "inputs"))
        return kept_draft(x, ret);
    *ret = action_entered(x, applied);
    return ERR_OK;
}

static enum err show(struct exchange *x, const struct action_page *p, const struct action_row *row,
                     const json_t *applied, const json_t *entered)
{
    struct fill_scope scope = {.values = scope_values(x->work), .filters = scope_filters(x->work)};
    const struct form form = {applied, &scope, p->errors, p->found, search_of(x, applied)};
    json_t *connect = NULL, *doc = exchange_doc(x), *fields = fields_doc(x, entered, &form), *one;
    int from = 0, gained = 0;
    size_t i;
    enum err e = action_connect_first(x, row, applied,
                                      p->draft.p ? p->draft : exchange_text(x, "draft"), &connect);

    if (!e)
        e = run_gained_write(x->work, row, action_writes(applied), &gained);
    if (e)
        return e;
    json_array_foreach (fields, i, one) {
        from |= json_is_true(doc_get(one, "from"));
    }
    doc_set(doc, "action", action_doc(x, row));
    doc_set(doc, "fields", fields);
    doc_set_bool(doc, "loads", from);
    doc_set_str(doc, "failed_run", p->run);
    doc_set_str(doc, "failed_why", p->sentence);
    doc_set_bool(doc, "writes", action_writes(applied) > 0);
    doc_set_bool(doc, "gained_write", gained);
    doc_set_bool(doc, "confirm", json_is_true(doc_get(applied, "confirm")));
    doc_set(doc, "connect", connect);
    doc_set_bool(doc, "ready", json_array_size(connect) == 0);
    return ERR_OK;
}

/* Of the first half, of the second, and of a run that could not begin: options that were looked up
 * are not looked up again. */
static enum err form_or_wait(struct exchange *x)
{
    struct action_page *p = x->carried;
    struct action_row row = {0};
    json_t *applied = NULL, *entered = NULL;
    enum err e = app_doc_fill(x, APP_TAB_ACTIONS);

    if (!p)
        x->carried = p = arena_new_of(x->arena, struct action_page);
    if (!e)
        e = action_runnable(x, &row, &applied);
    if (!e)
        e = entered_so_far(x, p, applied, &entered);
    if (!e && !p->found)
        e = action_look_up(x, p, &row, applied, entered);
    if (e || x->wait.start)
        return e;
    return show(x, p, &row, applied, entered);
}

enum err action_form(struct exchange *x)
{
    return form_or_wait(x);
}

enum err action_form_finish(struct exchange *x)
{
    return form_or_wait(x);
}

/* The same with what was entered so far, for selects that depend on it. */
enum err action_form_again(struct exchange *x)
{
    return form_or_wait(x);
}
