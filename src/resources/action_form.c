/* The form with which an action is run. See the header. */
#include "resources/action_form.h"

#include "actions/input.h"
#include "actions/scope.h"
#include "base/check.h"
#include "base/doc.h"
#include "core/connections.h"
#include "core/credentials.h"
#include "core/drafts.h"
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

/* --- fields ----------------------------------------------------------------------------------- */

static json_t *options_doc(struct exchange *x, const json_t *input, const json_t *value)
{
    json_t *list = doc_array(x->arena), *option;
    size_t i;

    json_array_foreach (doc_get(input, "options"), i, option) {
        json_t *one = doc_object(x->arena), *v = doc_get(option, "value");
        json_t *chosen;
        size_t k;
        int selected = json_equal(v, value);
        json_array_foreach ((json_t *)(uintptr_t)value, k, chosen)
            selected |= json_equal(v, chosen);
        doc_set(one, "value", v);
        doc_set_str(one, "label",
                    doc_get_str(option, "label").n ? doc_get_str(option, "label")
                                                   : doc_get_str(option, "value"));
        doc_set_bool(one, "selected", selected);
        doc_set_cstring(one, "field", box_name(x, input, i));
        doc_append(list, one);
    }
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

static json_t *field_doc(struct exchange *x, const json_t *input, const json_t *value,
                         const json_t *errors)
{
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
    doc_set(field, "options", options_doc(x, input, value));
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

static json_t *fields_doc(struct exchange *x, const json_t *applied, const json_t *entered,
                          const json_t *errors)
{
    struct fill_scope scope = {scope_values(x->work), scope_filters(x->work)};
    json_t *list = doc_array(x->arena), *input;
    int any = json_object_size(entered) > 0;
    size_t i;

    json_array_foreach (doc_get(applied, "inputs"), i, input) {
        if (json_is_true(doc_get(input, "hidden")))
            continue;
        doc_append(list, field_doc(x, input, first_value(x, input, entered, any, &scope), errors));
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

/* --- the page --------------------------------------------------------------------------------- */

static enum err kept_draft(struct exchange *x, json_t **ret)
{
    str id = exchange_text(x, "draft");
    json_t *kept = NULL;
    enum err e = str_empty(id) ? ERR_OK : draft_find(x->work, id, &kept);

    *ret = kept && doc_get(kept, "inputs") ? doc_get(kept, "inputs") : doc_object(x->arena);
    return e;
}

enum err action_form(struct exchange *x)
{
    const struct action_page *p = x->carried;
    struct action_row row = {0};
    json_t *applied = NULL, *entered = NULL, *connect = NULL;
    enum err e = app_doc_fill(x, APP_TAB_ACTIONS);

    if (!e)
        e = action_runnable(x, &row, &applied);
    if (!e && x->is_form)
        entered = action_entered(x, applied);
    else if (!e)
        e = kept_draft(x, &entered);
    if (!e)
        e = action_connect_first(x, &row, applied, p ? p->draft : exchange_text(x, "draft"),
                                 &connect);
    if (e)
        return e;
    doc_set(exchange_doc(x), "action", action_doc(x, &row));
    doc_set(exchange_doc(x), "fields", fields_doc(x, applied, entered, p ? p->errors : NULL));
    doc_set_bool(exchange_doc(x), "has_fields", json_array_size(doc_get(applied, "inputs")) > 0);
    doc_set_bool(exchange_doc(x), "writes", action_writes(applied));
    doc_set_bool(exchange_doc(x), "confirm", json_is_true(doc_get(applied, "confirm")));
    doc_set(exchange_doc(x), "connect", connect);
    doc_set_bool(exchange_doc(x), "ready", json_array_size(connect) == 0);
    return ERR_OK;
}
