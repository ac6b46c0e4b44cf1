/* See the header. An object with a member "" is open: template.c does not call names missing that
 * it lacks.
 */
#include "http/page.h"

#include "base/check.h"
#include "base/doc.h"
#include "base/url.h"
#include "http/exchange_int.h"
#include "http/status.h"

static json_t *open_object(struct arena *a)
{
    json_t *object = doc_object(a);

    doc_set_bool(object, "", 1);
    return object;
}

static void set_or_null(json_t *object, const char *key, json_t *value)
{
    if (value)
        doc_set(object, key, value);
    else
        doc_set_null(object, key);
}

static json_t *problem_of(const struct exchange *x, const struct page_problem *p)
{
    json_t *object = doc_object(x->arena);
    int status = err_status(p->fault->code);

    if (p->extras)
        must(json_object_update(object, p->extras) == 0);
    doc_set_cstring(object, "code", err_code(p->fault->code));
    doc_set_int(object, "status", status);
    doc_set_cstring(object, "title", status_phrase(status));
    doc_set_cstring(object, "sentence", fault_text(p->fault));
    if (p->retry_after_s)
        doc_set_int(object, "retry_after", p->retry_after_s);
    else
        doc_set_null(object, "retry_after");
    doc_set_str(object, "instance", x->private->request_id);
    return object;
}

static void set_field_errors(const struct exchange *x, json_t *page, json_t *errors)
{
    json_t *by_name = open_object(x->arena), *entry;
    size_t i;

    json_array_foreach (errors, i, entry) {
        str field = doc_get_str(entry, "field");

        if (doc_get(by_name, field.p) == NULL) /* the first one of a field */
            doc_set_str(by_name, field.p, doc_get_str(entry, "message"));
    }
    doc_set(page, "field_errors", by_name);
    set_or_null(page, "field_error_list", errors ? errors : doc_array(x->arena));
}

static json_t *entered(const struct exchange *x)
{
    json_t *object = open_object(x->arena);

    must(json_object_update(object, x->input) == 0);
    return object;
}

static void set_place(const struct exchange *x, json_t *page)
{
    str rest = str_slice(x->path, 1, x->path.n);
    str first = str_take_until(&rest, '/');
    str below = str_take_until(&rest, '/');
    json_t *in = open_object(x->arena);
    str path = x->private->page_path;

    if (!str_is_utf8(first))
        first = STR("");
    doc_set_str(page, "section", first.p ? first : STR(""));
    if (str_eq(first, STR("me")))
        first = str_eq(below, STR("connections")) || str_eq(below, STR("notices")) ||
                        str_eq(below, STR("keys"))
                    ? below
                    : STR("account");
    doc_set_bool(in, arena_cstring(x->arena, first), 1);
    doc_set(page, "in", in);
    doc_set_str(page, "path", path);
    doc_set_str(page, "path_encoded", url_encode(x->arena, path));
    doc_set_str(page, "api_path", arena_printf(x->arena, "/api/v1%.*s", STR_ARG(path)));
}

static void set_asset(json_t *assets, const struct ui *ui, const char *key, const char *name)
{
    const struct asset *asset = asset_named(ui, name);

    doc_set_cstring(assets, key, asset ? asset->path : NULL);
}

static json_t *asset_paths(struct arena *a, const struct ui *ui)
{
    json_t *assets = doc_object(a);

    for (size_t i = 0; i < ui->asset_count; i++)
        doc_set_cstring(assets, ui->assets[i].key, ui->assets[i].path);
    set_asset(assets, ui, "css", "style.css");
    set_asset(assets, ui, "js", "app.js");
    set_asset(assets, ui, "icon", "favicon.svg");
    set_asset(assets, ui, "logo", "logo.svg");
    return assets;
}

json_t *page_context(const struct exchange *x, const struct ui *ui, str notice,
                     const struct page_problem *problem)
{
    json_t *page = doc_object(x->arena);

    doc_set_str(page, "csrf", str_empty(x->session_csrf) ? (str){NULL, 0} : x->session_csrf);
    set_or_null(page, "me", x->me);
    doc_set_str(page, "notice", str_empty(notice) ? (str){NULL, 0} : notice);
    set_or_null(page, "problem", problem->fault ? problem_of(x, problem) : NULL);
    set_field_errors(x, page, problem->errors);
    doc_set(page, "entered", entered(x));
    set_place(x, page);
    doc_set(page, "assets", asset_paths(x->arena, ui));
    doc_set_str(page, "request_id", x->private->request_id);
    return page;
}
