/* The actions of an app: list, make, design, apply, revert, enable, delete. Running one is
 * action_run.c, its form action_form.c.
 */
#include "core/actions.h"

#include "base/doc.h"
#include "core/names.h"
#include "resources/action_doc.h"
#include "resources/app_doc.h"
#include "resources/fields.h"
#include "resources/routes.h"

/* What is shown again when a draft is refused. */
struct designing {
    json_t *slips;
};

enum err actions_show(struct exchange *x)
{
    json_t *list = doc_array(x->arena);
    struct action_row *rows = NULL;
    size_t count = 0;
    enum err e = app_doc_fill(x, APP_TAB_ACTIONS);

    if (!e)
        e = actions_list(x->work, &rows, &count);
    for (size_t i = 0; !e && i < count; i++)
        doc_append(list, action_doc(x, &rows[i]));
    if (!e)
        doc_set(exchange_doc(x), "actions", list);
    return e;
}

enum err action_new(struct exchange *x)
{
    return app_doc_fill(x, APP_TAB_ACTIONS);
}

/* --- the page of one -------------------------------------------------------------------------- */

/* What the draft says, in words for the page: nothing of it has to be right. */
static json_t *summary(struct exchange *x, const json_t *draft)
{
    static const char *const LISTS[] = {"inputs", "steps", "outputs"};
    json_t *doc = doc_object(x->arena);

    for (size_t i = 0; i < sizeof(LISTS) / sizeof(LISTS[0]); i++) {
        json_t *list = doc_array(x->arena), *one;
        size_t k;
        json_array_foreach (doc_get(draft, LISTS[i]), k, one) {
            json_t *row = doc_object(x->arena);
            str name = doc_get_str(one, i == 0 ? "label" : i == 1 ? "name" : "title");
            str kind = doc_get_str(one, i == 1 ? "request" : "type");
            doc_set_str(row, "name", name.n ? name : i == 0 ? doc_get_str(one, "id") : kind);
            doc_set_str(row, "kind", kind);
            doc_set_bool(row, "conditional", doc_get_str(one, "run_if").n > 0);
            doc_set_bool(row, "repeated", doc_get_str(one, "for_each").n > 0);
            doc_set_bool(row, "mandatory", json_is_true(doc_get(one, "mandatory")));
            doc_append(list, row);
        }
        doc_set(doc, LISTS[i], list);
    }
    return doc;
}

static str draft_text(struct exchange *x, const struct action_row *row)
{
    str entered = exchange_text(x, "draft"), pretty = row->draft;

    if (entered.p)
        return entered;
    (void)doc_pretty(x->arena, row->draft, 4 * ACTION_DOCUMENT_MAX, &pretty);
    return pretty;
}

/* Whether Apply changes would do. */
static enum err add_problems(struct exchange *x, const json_t *draft)
{
    const struct designing *d = x->carried;
    struct action_surroundings around;
    struct slips s;
    enum err e = action_surroundings(x, &around);

    if (e)
        return e;
    slips_init(&s, x->arena);
    action_check_whole(&s, draft, &around);
    doc_set(exchange_doc(x), "problems", d && d->slips ? d->slips : action_slips_doc(x, &s));
    doc_set_bool(exchange_doc(x), "refused", d && d->slips);
    return ERR_OK;
}

static enum err stale_requests(struct exchange *x, const struct action_row *row, int *ret)
{
    struct action_surroundings around;
    json_t *applied = NULL, *draft = NULL;
    enum err e = ERR_OK;

    *ret = 0;
    if (!row->applied.p || action_is_draft(row))
        return ERR_OK;
    e = action_surroundings(x, &around);
    if (!e)
        e = action_document(x, row, row->applied, &applied);
    if (!e)
        e = action_document(x, row, row->draft, &draft);
    if (!e)
        *ret = !json_equal(doc_get(applied, "requests"),
                           doc_get(action_freeze(x->arena, draft, around.requests), "requests"));
    return e;
}

enum err action_show(struct exchange *x)
{
    struct action_row row = {0};
    json_t *draft = NULL;
    int stale = 0;
    enum err e = app_doc_fill(x, APP_TAB_ACTIONS);

    if (!e)
        e = action_find(x->work, x->params[1], &row);
    if (!e)
        e = action_document(x, &row, row.draft, &draft);
    if (!e)
        e = add_problems(x, draft);
    if (!e)
        e = stale_requests(x, &row, &stale);
    if (e)
        return e;
    doc_set(exchange_doc(x), "action", action_doc(x, &row));
    doc_set(exchange_doc(x), "draft", draft);
    doc_set_bool(exchange_doc(x), "requests_changed", stale);
    if (x->representation == EXCHANGE_PAGE) {
        doc_set(exchange_doc(x), "summary", summary(x, draft));
        doc_set_str(exchange_doc(x), "text", draft_text(x, &row));
    }
    return ERR_OK;
}

/* --- changing --------------------------------------------------------------------------------- */

/* Every slip is an error at "draft" for a form, and at its own place for a program. */
static enum err refuse_draft(struct exchange *x, const struct slips *s)
{
    struct designing *d = arena_new_of(x->arena, struct designing);

    d->slips = action_slips_doc(x, s);
    x->carried = d;
    for (size_t i = 0; i < s->count; i++)
        exchange_field_error(x, s->list[i].field, s->list[i].message);
    return fail(&x->fault, ERR_INVALID, "This draft cannot be saved as it is: %s: %s",
                s->list[0].field, s->list[0].message);
}

/* From JSON the document, from a form its text. */
static enum err draft_field(struct exchange *x, json_t **ret)
{
    struct fault f = {.code = ERR_OK};
    json_t *given = doc_get(x->input, "draft");

    *ret = given;
    if (!json_is_string(given) || doc_parse(x->arena, &f, exchange_text(x, "draft"), ret) == ERR_OK)
        return ERR_OK;
    exchange_field_error(x, "draft", fault_text(&f));
    return fail(&x->fault, ERR_INVALID, "%s", fault_text(&f));
}

static enum err read_draft(struct exchange *x, str *ret)
{
    struct action_surroundings around;
    struct slips s;
    json_t *draft = NULL;
    enum err e = draft_field(x, &draft);

    if (!e)
        e = action_surroundings(x, &around);
    if (e)
        return e;
    slips_init(&s, x->arena);
    action_check(&s, draft, &around);
    if (s.count)
        return refuse_draft(x, &s);
    *ret = doc_print(x->arena, draft);
    return ERR_OK;
}

enum err action_add(struct exchange *x)
{
    struct action_row row = {0};
    str name = exchange_name_field(x, "name", NAMES_LENGTH_MAX);
    str description = exchange_text_field(x, "description", NAMES_DESCRIPTION_MAX);
    str draft = doc_print(x->arena, action_empty(x->arena));
    enum err e = exchange_field_problem(x);

    if (!e && exchange_has(x, "draft"))
        e = read_draft(x, &draft);
    if (!e)
        e = action_create(x->work, name, description.p ? description : STR(""), draft, &row);
    if (e)
        return e;
    x->doc = action_doc(x, &row);
    x->status = 201;
    x->location = action_path(x, &row, "");
    x->notice = arena_printf(x->arena, "\"%.*s\" was added. Say what it does, then apply it.",
                             STR_ARG(row.name));
    return ERR_OK;
}

static enum err take_version(struct exchange *x, const struct action_row *row)
{
    if (exchange_has(x, "version") && exchange_int(x, "version", 0) != row->draft_version)
        return fail(&x->fault, ERR_CONFLICT, "");
    return ERR_OK;
}

enum err action_update(struct exchange *x)
{
    struct action_row row = {0}, next = {0};
    struct action_change change = {0};
    str name, description, draft;
    int enabled = 0;
    enum err e = action_find(x->work, x->params[1], &row);

    change.name = field_name_if_given(x, "name", &name);
    change.description = field_description_if_given(x, &description);
    if (field_flag(x, "enabled", &enabled))
        change.enabled = &enabled;
    if (!e)
        e = exchange_field_problem(x);
    if (!e)
        e = take_version(x, &row);
    if (!e && exchange_has(x, "draft")) {
        e = read_draft(x, &draft);
        change.draft = &draft;
    }
    if (!e)
        e = action_change(x->work, &row, &change, &next);
    if (e)
        return e;
    x->doc = action_doc(x, &next);
    x->location = action_path(x, &next, "");
    x->notice = !change.draft ? STR("Saved.")
                              : STR("The draft was saved. Runs go on with what was applied until "
                                    "you apply it.");
    return ERR_OK;
}

enum err action_applied(struct exchange *x)
{
    struct action_surroundings around;
    struct action_row row = {0}, next = {0};
    json_t *draft = NULL;
    struct slips s;
    enum err e = action_find(x->work, x->params[1], &row);

    if (!e)
        e = take_version(x, &row);
    if (!e)
        e = action_document(x, &row, row.draft, &draft);
    if (!e)
        e = action_surroundings(x, &around);
    if (e)
        return e;
    slips_init(&s, x->arena);
    action_check_whole(&s, draft, &around);
    if (s.count)
        return refuse_draft(x, &s);
    draft = action_freeze(x->arena, draft, around.requests);
    e = action_apply(x->work, &row, doc_print(x->arena, draft), &next);
    if (e)
        return e;
    x->doc = action_doc(x, &next);
    x->location = action_path(x, &next, "");
    x->notice = STR("Applied. Runs use this from now on.");
    return ERR_OK;
}

enum err action_reverted(struct exchange *x)
{
    struct action_row row = {0}, next = {0};
    json_t *applied = NULL;
    str draft = {NULL, 0};
    enum err e = action_find(x->work, x->params[1], &row);

    if (!e)
        e = take_version(x, &row);
    if (!e && row.applied.p)
        e = action_document(x, &row, row.applied, &applied);
    if (!e && applied) {
        (void)json_object_del(applied, "requests");
        draft = doc_print(x->arena, applied);
    }
    if (!e)
        e = action_revert(x->work, &row, draft, &next);
    if (e)
        return e;
    x->doc = action_doc(x, &next);
    x->location = action_path(x, &next, "");
    x->notice = STR("The draft is again what is applied.");
    return ERR_OK;
}

enum err action_remove(struct exchange *x)
{
    struct action_row row = {0};
    enum err e = action_find(x->work, x->params[1], &row);

    if (!e)
        e = action_delete(x->work, &row);
    if (e)
        return e;
    x->location = app_doc_path(x, "/actions");
    x->notice =
        arena_printf(x->arena, "\"%.*s\" was deleted. Its run history stays.", STR_ARG(row.name));
    return ERR_OK;
}
