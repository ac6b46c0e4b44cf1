/* Connections of an app: list, add, edit, switch Shared credentials, delete. What a connection
 * looks like to a caller is in connection_doc.c; connecting is connect.c, its OAuth client
 * oauth_client.c.
 */
#include "core/connections.h"

#include "base/doc.h"
#include "core/names.h"
#include "core/provider.h"
#include "core/settings.h"
#include "resources/app_doc.h"
#include "resources/connection_doc.h"
#include "resources/fields.h"
#include "resources/oauth_client_doc.h"
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

/* What can be chosen now; *ret_only: the type that can, when it is the only one. */
static enum err add_types(struct exchange *x, json_t *list, const struct connection_type **ret_only)
{
    size_t count = 0, usable = 0;
    const struct connection_type *types = connection_types(&count);
    for (size_t i = 0; i < count; i++) {
        str reason = STR("");
        enum err e = connection_type_reason(x->work, &types[i], NULL, &reason);
        if (e)
            return e;
        json_t *t = doc_object(x->arena), *is = doc_object(x->arena);
        doc_set_str(t, "type", types[i].type);
        doc_set_str(t, "label", types[i].label);
        doc_set_str(t, "summary", types[i].summary);
        doc_set_bool(t, "available", reason.n == 0);
        doc_set_str(t, "reason", reason.n ? reason : (str){NULL, 0});
        doc_set_bool(is, "jira_oauth2", str_eq(types[i].type, STR("jira_oauth2")));
        doc_set_bool(is, "jira_api", str_eq(types[i].type, STR("jira_api")));
        doc_set(t, "is", is);
        doc_append(list, t);
        if (reason.n == 0)
            *ret_only = usable++ ? NULL : &types[i];
    }
    return ERR_OK;
}

/* The one asked for, else the only one that can be used. */
static str mark_chosen(json_t *list, str asked, const struct connection_type *only)
{
    str chosen = {NULL, 0};
    json_t *t;
    size_t i;
    if (str_empty(asked) && only)
        asked = only->type;
    json_array_foreach (list, i, t) {
        int is = json_is_true(doc_get(t, "available")) && str_eq(doc_get_str(t, "type"), asked);
        doc_set_bool(t, "selected", is);
        if (is)
            chosen = doc_get_str(t, "type");
    }
    return chosen;
}

enum err connection_new(struct exchange *x)
{
    json_t *types = doc_array(x->arena);
    const struct connection_type *only = NULL;
    enum err e = app_doc_fill(x, APP_TAB_SETTINGS);
    if (!e)
        e = add_types(x, types, &only);
    if (e)
        return e;
    doc_set(exchange_doc(x), "types", types);
    doc_set_str(exchange_doc(x), "type", mark_chosen(types, exchange_text(x, "type"), only));
    return ERR_OK;
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
        .old_search = 1,
    };
    (void)field_flag(x, "old_search", &p.old_search);
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
    if (!e)
        e = connection_doc(x, &row, &effective, &x->doc);
    if (e)
        return e;
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
    if (!e)
        e = connection_doc_put(x, exchange_doc(x), &row, &effective);
    if (!e) /* the page of a connection is its row on Description */
        x->location = app_doc_path(x, "");
    return e;
}

/* What stays at Atlassian when Mortise forgets it, and where its owners end it. */
static str remains(struct exchange *x, const struct connection_type *type)
{
    const struct settings *s = x->work->services->settings;
    if (type && type->by_oauth)
        return arena_printf(x->arena,
                            "At Atlassian the access that people granted stays until each of them"
                            " removes it at %.*s.",
                            STR_ARG(s->grants_page_url));
    return arena_printf(x->arena,
                        "At Atlassian the API keys stay valid until their owners revoke them at"
                        " %.*s.",
                        STR_ARG(s->token_page_url));
}

static str cost_sentence(struct exchange *x, const struct connection_row *row, int64_t credentials,
                         int64_t people)
{
    if (credentials == 0)
        return STR("Nobody has connected; no credentials are lost.");
    str who = STR("");
    if (people)
        who = arena_printf(x->arena, ", %lld %s to connect anew elsewhere", (long long)people,
                           people == 1 ? "person has" : "people have");
    return arena_printf(x->arena, "%lld %s lost%.*s. %.*s", (long long)credentials,
                        credentials == 1 ? "stored credential is" : "stored credentials are",
                        STR_ARG(who), STR_ARG(remains(x, connection_type_find(row->type))));
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
    doc_set_str(cost, "sentence", cost_sentence(x, row, credentials, people));
    doc_set(exchange_doc(x), "cost", cost);
    return ERR_OK;
}

static enum err add_switch(struct exchange *x, const struct connection_row *row)
{
    struct connection_switch cost = {0};
    enum err e = connection_switch_cost(x->work, row, &cost);
    if (e)
        return e;
    json_t *doc = doc_object(x->arena);
    doc_set_bool(doc, "to_shared", cost.to_shared);
    doc_set_int(doc, "credentials", cost.credentials);
    doc_set_int(doc, "connected", cost.connected);
    doc_set_str(doc, "sentence", cost.sentence);
    doc_set_str(doc, "remains",
                cost.credentials ? remains(x, connection_type_find(row->type)) : (str){NULL, 0});
    doc_set(exchange_doc(x), "switch", doc);
    return ERR_OK;
}

static enum err add_client(struct exchange *x, const struct connection_row *row)
{
    const struct connection_type *type = connection_type_find(row->type);
    json_t *client = NULL;
    doc_set_null(exchange_doc(x), "oauth_client");
    doc_set_null(exchange_doc(x), "guide");
    if (!type || !type->by_oauth)
        return ERR_OK;
    enum err e = oauth_client_doc(x, row, &client);
    if (e)
        return e;
    doc_set(exchange_doc(x), "oauth_client", client);
    doc_set(exchange_doc(x), "guide", oauth_client_guide_doc(x, doc_get_str(client, "scopes")));
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
        e = add_switch(x, &row);
    if (!e)
        e = add_client(x, &row);
    if (!e)
        e = connection_doc_put(x, exchange_doc(x), &row, &effective);
    return e;
}

/* --- PATCH: what is not given stays ----------------------------------------------------------- */

static void patched(struct exchange *x, const struct connection_row *row,
                    struct connection_properties *p)
{
    *p = (struct connection_properties){row->name, row->base_url, row->base_url_fixed,
                                        row->runners_may_request, row->old_search};
    if (exchange_has(x, "name"))
        p->name = exchange_name_field(x, "name", NAMES_LENGTH_MAX);
    if (exchange_has(x, "base_url_fixed"))
        p->base_url_fixed = exchange_flag(x, "base_url_fixed");
    if (exchange_has(x, "base_url"))
        base_url_field(x, p);
    (void)field_flag(x, "runners_may_request", &p->runners_may_request);
    (void)field_flag(x, "old_search", &p->old_search);
    if (exchange_has(x, "type"))
        exchange_field_error(x, "type", "The type is fixed. Add another connection instead.");
}

/* Rule 3. The question is asked with the number it is about. */
static enum err switch_scope(struct exchange *x, struct connection_row *row, int shared)
{
    struct connection_switch cost = {0};
    int was = row->shared;
    enum err e =
        connection_switch(x->work, row, shared, exchange_int(x, "confirm_lost", 0), row, &cost);
    if (e == ERR_CONFIRM_REQUIRED) {
        doc_set_int(exchange_doc(x), "lost", cost.credentials);
        doc_set_str(exchange_doc(x), "sentence", cost.sentence);
        exchange_field_error(x, "shared", fault_text(&x->fault));
    }
    if (!e && !was != !shared)
        x->notice = arena_printf(x->arena, "Shared credentials are %s for \"%.*s\". %s",
                                 shared ? "on" : "off", STR_ARG(row->name),
                                 shared ? "Reconnect it now: everybody runs on the account you"
                                          " connect."
                                        : "Each person has to connect an account of their own.");
    return e;
}

static str saved_notice(struct exchange *x, int64_t lost)
{
    if (lost == 0)
        return STR("Saved.");
    return arena_printf(x->arena, "Saved. %lld %s for another Base URL and must be reconnected.",
                        (long long)lost, lost == 1 ? "credential was" : "credentials were");
}

enum err connection_change(struct exchange *x)
{
    struct connection_row row = {0}, saved = {0};
    struct effective effective = {0};
    struct connection_properties p = {0};
    int64_t lost = 0;
    int shared = 0;
    enum err e = work_write(x->work);
    if (!e)
        e = connection_of_path(x, &row, &effective);
    if (e)
        return e;
    patched(x, &row, &p);
    int is_switch = field_flag(x, "shared", &shared);
    e = exchange_field_problem(x);
    if (!e)
        e = connection_update(x->work, &row, &p, &saved, &lost);
    if (!e) {
        x->notice = saved_notice(x, lost);
        if (is_switch)
            e = switch_scope(x, &saved, shared);
    }
    if (!e)
        e = credentials_effective(x->work, &saved, &effective);
    if (!e)
        e = connection_doc(x, &saved, &effective, &x->doc);
    if (!e)
        x->location = app_doc_path(x, "/settings");
    return e;
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
