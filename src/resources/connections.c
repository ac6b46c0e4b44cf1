/* Connections of an app: list, add, edit, delete. What a connection looks like to a caller is in
 * connection_doc.c; connecting is credentials.c.
 */
#include "core/connections.h"

#include "base/doc.h"
#include "core/names.h"
#include "core/provider.h"
#include "resources/app_doc.h"
#include "resources/connection_doc.h"
#include "resources/routes.h"

enum err connections_show(struct exchange *x)
{
    json_t *list = NULL;
    enum err e = app_doc_fill(x, APP_TAB_DESCRIPTION);
    if (!e)
        e = connections_doc_list(x, &list);
    if (!e)
        doc_set(exchange_doc(x), "connections", list);
    return e;
}

static void add_types(struct exchange *x, str chosen)
{
    size_t count = 0;
    const struct connection_type *types = connection_types(&count);
    json_t *list = doc_array(x->arena);
    const struct connection_type *found = connection_type_find(chosen);
    for (size_t i = 0; i < count; i++) {
        json_t *t = doc_object(x->arena);
        doc_set_str(t, "type", types[i].type);
        doc_set_str(t, "label", types[i].label);
        doc_set_str(t, "summary", types[i].summary);
        doc_set_bool(t, "available", types[i].available);
        doc_set_str(t, "reason", types[i].available ? (str){NULL, 0} : types[i].reason);
        doc_set_bool(t, "selected", &types[i] == found && types[i].available);
        json_t *is = doc_object(x->arena);
        doc_set_bool(is, "jira_oauth2", str_eq(types[i].type, STR("jira_oauth2")));
        doc_set_bool(is, "jira_api", str_eq(types[i].type, STR("jira_api")));
        doc_set(t, "is", is);
        doc_append(list, t);
    }
    doc_set(exchange_doc(x), "types", list);
    doc_set_str(exchange_doc(x), "type", found && found->available ? found->type : (str){NULL, 0});
}

enum err connection_new(struct exchange *x)
{
    enum err e = app_doc_fill(x, APP_TAB_SETTINGS);
    if (!e)
        add_types(x, exchange_text(x, "type"));
    return e;
}

/* The Base URL an admin sets: empty, or an address Mortise would connect to. */
static void base_url_field(struct exchange *x, struct connection_properties *p)
{
    const struct provider *provider = x->work->services->provider;
    str entered = str_trim(exchange_text(x, "base_url"));
    if (str_empty(entered)) {
        if (p->base_url_fixed)
            exchange_field_error(x, "base_url", "Enter the Base URL that everybody shall use.");
        p->base_url = (str){NULL, 0};
        return;
    }
    struct fault fault = {0};
    if (provider->check_base_url(provider->self, x->arena, &fault, entered, &p->base_url))
        exchange_field_error(x, "base_url", fault_text(&fault));
}

enum err connection_add(struct exchange *x)
{
    struct connection_row row = {0};
    struct connection_properties p = {
        .name = exchange_name_field(x, "name", NAMES_LENGTH_MAX),
        .base_url_fixed = exchange_flag(x, "base_url_fixed"),
    };
    base_url_field(x, &p);
    if (!connection_type_find(exchange_text(x, "type")))
        exchange_field_error(x, "type", "Choose a type of connection.");
    enum err e = exchange_field_problem(x);
    if (!e)
        e = connection_create(x->work, exchange_text(x, "type"), &p, &row);
    if (e)
        return e;
    struct effective effective = {0};
    e = credentials_effective(x->work, &row, &effective);
    if (e)
        return e;
    x->doc = connection_doc(x, &row, &effective);
    x->status = 201;
    x->location = x->is_form
                      ? app_doc_path(x, "/settings")
                      : arena_printf(x->arena, "%.*s/%.*s",
                                     STR_ARG(app_doc_path(x, "/connections")), STR_ARG(row.id));
    x->notice = arena_printf(x->arena, "\"%.*s\" was added. Connect it here or on Description.",
                             STR_ARG(row.name));
    return ERR_OK;
}

enum err connection_show(struct exchange *x)
{
    struct connection_row row = {0};
    struct effective effective = {0};
    enum err e = app_doc_fill(x, APP_TAB_DESCRIPTION);
    if (!e)
        e = connection_of_path(x, &row, &effective);
    if (e)
        return e;
    doc_set(exchange_doc(x), "connection", connection_doc(x, &row, &effective));
    x->location = app_doc_path(x, ""); /* the page of a connection is its row on Description */
    return ERR_OK;
}

static enum err add_cost(struct exchange *x, const struct connection_row *row)
{
    int64_t credentials = 0, people = 0;
    enum err e = connection_cost(x->work, row->id, &credentials, &people);
    if (e)
        return e;
    json_t *cost = doc_object(x->arena);
    doc_set_int(cost, "credentials", credentials);
    doc_set_int(cost, "people", people);
    doc_set_str(
        cost, "sentence",
        credentials == 0
            ? STR("Nobody has connected; no credentials are lost.")
            : arena_printf(x->arena,
                           "%lld %s lost, %lld %s to connect anew elsewhere. At Atlassian"
                           " the API keys stay valid until their owners revoke them.",
                           (long long)credentials,
                           credentials == 1 ? "stored credential is" : "stored credentials are",
                           (long long)people, people == 1 ? "person has" : "people have"));
    doc_set(exchange_doc(x), "cost", cost);
    return ERR_OK;
}

enum err connection_edit(struct exchange *x)
{
    struct connection_row row = {0};
    struct effective effective = {0};
    enum err e = app_doc_fill(x, APP_TAB_SETTINGS);
    if (!e)
        e = connection_of_path(x, &row, &effective);
    if (!e)
        e = add_cost(x, &row);
    if (!e)
        doc_set(exchange_doc(x), "connection", connection_doc(x, &row, &effective));
    return e;
}

/* PATCH: what is not given stays. */
static void patched(struct exchange *x, const struct connection_row *row,
                    struct connection_properties *p)
{
    *p = (struct connection_properties){row->name, row->base_url, row->base_url_fixed};
    if (exchange_has(x, "name"))
        p->name = exchange_name_field(x, "name", NAMES_LENGTH_MAX);
    if (exchange_has(x, "base_url_fixed"))
        p->base_url_fixed = exchange_flag(x, "base_url_fixed");
    if (exchange_has(x, "base_url"))
        base_url_field(x, p);
    if (exchange_has(x, "shared"))
        exchange_field_error(x, "shared", "This version has no Shared credentials yet.");
    if (exchange_has(x, "type"))
        exchange_field_error(x, "type", "The type is fixed. Add another connection instead.");
}

enum err connection_change(struct exchange *x)
{
    struct connection_row row = {0}, saved = {0};
    struct effective effective = {0};
    struct connection_properties p = {0};
    int64_t lost = 0;
    enum err e = work_write(x->work);
    if (!e)
        e = connection_of_path(x, &row, &effective);
    if (e)
        return e;
    patched(x, &row, &p);
    e = exchange_field_problem(x);
    if (!e)
        e = connection_update(x->work, &row, &p, &saved, &lost);
    if (!e)
        e = credentials_effective(x->work, &saved, &effective);
    if (e)
        return e;
    x->doc = connection_doc(x, &saved, &effective);
    x->location = app_doc_path(x, "/settings");
    x->notice =
        lost
            ? arena_printf(x->arena, "Saved. %lld %s for another Base URL and must be reconnected.",
                           (long long)lost, lost == 1 ? "credential was" : "credentials were")
            : STR("Saved.");
    return ERR_OK;
}

enum err connection_remove(struct exchange *x)
{
    struct connection_row row = {0};
    enum err e = work_write(x->work);
    if (!e)
        e = connection_find(x->work, x->params[1], &row);
    if (e)
        return e;
    if (!str_eq(str_trim(exchange_text(x, "confirm")), row.name)) {
        exchange_field_error(x, "confirm", "Type the connection's name exactly as it is.");
        return exchange_field_problem(x);
    }
    e = connection_delete(x->work, &row);
    if (e)
        return e;
    x->location = app_doc_path(x, "/settings");
    x->notice = arena_printf(x->arena, "\"%.*s\" was deleted.", STR_ARG(row.name));
    return ERR_OK;
}
