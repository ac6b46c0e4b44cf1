/* Mortise keys: one's own (/me/keys) and an app's (/apps/{app}/keys), by the same handlers. The key
 * is in the answer that made it, and never again.
 */
#include "core/keys.h"

#include "base/doc.h"
#include "core/apps.h"
#include "core/settings.h"
#include "resources/app_doc.h"
#include "resources/connection_doc.h"
#include "resources/fields.h"
#include "resources/routes.h"

static enum key_kind kind_of(const struct exchange *x)
{
    return x->work->membership.app.p ? KEY_OF_APP : KEY_OF_USER;
}

static str list_path(struct exchange *x)
{
    return kind_of(x) == KEY_OF_APP ? app_doc_path(x, "/keys") : STR("/me/keys");
}

/* --- documents -------------------------------------------------------------------------------- */

static void set_named(struct exchange *x, json_t *doc, const char *key, const char *id_key, str id,
                      str name)
{
    if (!id.p) {
        doc_set_null(doc, key);
        return;
    }
    json_t *o = doc_object(x->arena);
    doc_set_str(o, id_key, id);
    doc_set_str(o, "name", name);
    doc_set(doc, key, o);
}

static json_t *key_doc(struct exchange *x, const struct key_row *k)
{
    json_t *doc = doc_object(x->arena);

    doc_set_str(doc, "id", k->id);
    doc_set_str(doc, "name", k->name);
    doc_set_str(doc, "hint", k->hint);
    set_named(x, doc, "app", "slug", k->app.p ? k->app_slug : (str){NULL, 0}, k->app_name);
    set_named(x, doc, "connection", "id", k->connection, k->connection_name);
    doc_set_str(doc, "methods", k->methods);
    doc_set_str(doc, "paths", k->paths);
    doc_set_time(doc, "created", k->created);
    if (k->maker_name.p)
        doc_set(doc, "created_by", app_doc_person(x, k->created_by, k->maker_name, k->maker_email));
    else
        doc_set_null(doc, "created_by");
    doc_set_time(doc, "expires", k->expires);
    doc_set_bool(doc, "expired", k->expires && k->expires <= x->work->now_ms);
    doc_set_time(doc, "last_used", k->last_used);
    doc_set_bool(doc, "limited", k->connection.p || k->methods.n || k->paths.n);
    return doc;
}

/* What the form offers: one's apps, or the app's connections. */
static enum err add_choices(struct exchange *x)
{
    json_t *list = doc_array(x->arena);
    struct apps_page page = {0};
    enum err e = ERR_OK;

    if (kind_of(x) == KEY_OF_APP) {
        e = connections_doc_list(x, &list);
        doc_set(exchange_doc(x), "connections", list);
        return e;
    }
    e = apps_page(x->work, STR(""), STR(""), &page);
    for (size_t i = 0; !e && i < page.count; i++) {
        json_t *app = doc_object(x->arena);
        doc_set_str(app, "slug", page.rows[i].slug);
        doc_set_str(app, "name", page.rows[i].name);
        doc_append(list, app);
    }
    doc_set(exchange_doc(x), "apps", list);
    return e;
}

enum err keys_show(struct exchange *x)
{
    json_t *list = doc_array(x->arena);
    struct key_row *rows = NULL;
    size_t count = 0;
    enum err e = kind_of(x) == KEY_OF_APP ? app_doc_fill(x, APP_TAB_SETTINGS) : ERR_OK;

    if (!e)
        e = keys_list(x->work, kind_of(x), &rows, &count);
    if (e)
        return e;
    for (size_t i = 0; i < count; i++)
        doc_append(list, key_doc(x, &rows[i]));
    doc_set(exchange_doc(x), "keys", list);
    doc_set_str(exchange_doc(x), "path", list_path(x));
    return add_choices(x);
}

/* A form that failed is shown again by the handler of its own page. */
enum err app_keys_show(struct exchange *x)
{
    return keys_show(x);
}

/* --- making and revoking ---------------------------------------------------------------------- */

static struct key_wish wish_of(struct exchange *x)
{
    int read_only = 0;
    struct key_wish wish = {
        .name = exchange_name_field(x, "name", 120),
        .app = str_trim(exchange_text(x, "app")),
        .connection = str_trim(exchange_text(x, "connection")),
        .expires = field_expiry(x, "This date has passed."),
    };

    if (!keys_check_methods(x->arena, exchange_text(x, "methods"), &wish.methods))
        exchange_field_error(x, "methods", "Write methods like GET, POST.");
    if (field_flag(x, "read_only", &read_only) && read_only)
        wish.methods = STR("GET HEAD");
    if (!keys_check_paths(x->arena, exchange_text(x, "paths"), &wish.paths))
        exchange_field_error(x, "paths",
                             "Write beginnings of paths like /rest/api/3/issue, one a line, 20 at "
                             "most, without ? and %.");
    return wish;
}

/* Says at the field what a limit cannot be. */
static enum err blame_field(struct exchange *x, enum err e)
{
    if (e != ERR_NOT_FOUND || str_empty(str_from(x->fault.message)))
        return e;
    const char *field = strstr(x->fault.message, "connection") ? "connection" : "app";
    exchange_field_error(x, field, x->fault.message);
    return exchange_field_problem(x);
}

static str example_of(struct exchange *x, const struct key_row *k)
{
    str app = k->app.p ? k->app_slug : STR("APP");
    str connection = k->connection.p ? k->connection : STR("CONNECTION");

    return arena_printf(x->arena,
                        "curl -H \"Authorization: Bearer $MORTISE_KEY\" -H 'Content-Type: "
                        "application/json' \\\n    %.*s/api/v1/apps/%.*s/connections/%.*s/request "
                        "\\\n    -d '{\"method\":\"GET\",\"path\":\"/rest/api/3/myself\"}'",
                        STR_ARG(x->work->services->settings->public_url), STR_ARG(app),
                        STR_ARG(connection));
}

enum err key_create(struct exchange *x)
{
    struct key_wish wish = wish_of(x);
    struct key_row made = {0};
    str key = {NULL, 0};
    enum err e = exchange_field_problem(x);

    if (!e)
        e = blame_field(x, keys_make(x->work, kind_of(x), &wish, &made, &key));
    if (!e && kind_of(x) == KEY_OF_APP)
        e = app_doc_fill(x, APP_TAB_SETTINGS);
    if (e)
        return e;
    x->status = 201;
    doc_set(exchange_doc(x), "key", key_doc(x, &made));
    doc_set_str(exchange_doc(x), "secret", key);
    doc_set_str(exchange_doc(x), "example", example_of(x, &made));
    doc_set_str(exchange_doc(x), "path", list_path(x));
    return ERR_OK;
}

enum err key_revoke(struct exchange *x)
{
    str id = kind_of(x) == KEY_OF_APP ? x->params[1] : x->params[0];
    enum err e = keys_revoke(x->work, kind_of(x), id);

    if (e)
        return e;
    x->location = list_path(x);
    x->notice = STR("Revoked. Whoever calls with this key is refused from now on.");
    return ERR_OK;
}
