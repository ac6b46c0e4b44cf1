/* Webhooks of an app, and with the same handlers the workspace's: the path says which (a route
 * below an app has a membership). The signing secret is in the answers that make one, and nowhere
 * else.
 */
#include "core/webhooks.h"

#include "base/doc.h"
#include "resources/app_doc.h"
#include "resources/fields.h"
#include "resources/routes.h"

static int in_app(const struct exchange *x)
{
    return x->work->membership.app.p != NULL;
}

/* The path's parts behind the app. */
static str hook_of(const struct exchange *x)
{
    return x->params[in_app(x) ? 1 : 0];
}

static str delivery_of(const struct exchange *x)
{
    return x->params[in_app(x) ? 2 : 1];
}

static str place(struct exchange *x)
{
    return in_app(x) ? app_doc_path(x, "/webhooks") : STR("/settings/webhooks");
}

static str path_of(struct exchange *x, str id)
{
    return arena_printf(x->arena, "%.*s/%.*s", STR_ARG(place(x)), STR_ARG(id));
}

/* `A`, or "app": null. */
static enum err fill_place(struct exchange *x)
{
    doc_set_str(exchange_doc(x), "path", place(x));
    if (in_app(x))
        return app_doc_fill(x, APP_TAB_SETTINGS);
    doc_set_null(exchange_doc(x), "app");
    return ERR_OK;
}

static json_t *hook_doc(struct exchange *x, const struct webhook_row *hook)
{
    json_t *doc = doc_object(x->arena);

    doc_set_str(doc, "id", hook->id);
    doc_set_str(doc, "url", hook->url);
    doc_set_bool(doc, "active", hook->active);
    doc_set_str(doc, "off_why", hook->off_why);
    doc_set_time(doc, "created", hook->created);
    doc_set_str(doc, "path", path_of(x, hook->id));
    return doc;
}

static json_t *delivery_doc(struct exchange *x, const struct delivery_row *v)
{
    static const char *const STATES[] = {"pending", "delivered", "given_up"};
    json_t *doc = doc_object(x->arena), *is = doc_object(x->arena);

    doc_set_str(doc, "id", v->id);
    doc_set_str(doc, "event", v->event);
    doc_set_str(doc, "state", v->state);
    for (size_t i = 0; i < sizeof(STATES) / sizeof(STATES[0]); i++)
        doc_set_bool(is, STATES[i], str_eq(v->state, str_from(STATES[i])));
    doc_set(doc, "is", is);
    doc_set_int(doc, "attempts", v->attempts);
    doc_set_time(doc, "created", v->created);
    doc_set_time(doc, "next_try", str_eq(v->state, STR("pending")) ? v->next_try : 0);
    doc_set_time(doc, "last_try", v->last_try);
    if (v->last_status)
        doc_set_int(doc, "last_status", v->last_status);
    else
        doc_set_null(doc, "last_status");
    doc_set_str(doc, "last_error", v->last_error);
    return doc;
}

/* --- reading ---------------------------------------------------------------------------------- */

enum err webhooks_show(struct exchange *x)
{
    struct webhook_row *rows = NULL;
    size_t count = 0;
    json_t *list = doc_array(x->arena);
    enum err e = fill_place(x);

    if (!e)
        e = webhooks_list(x->work, &rows, &count);
    if (e)
        return e;
    for (size_t i = 0; i < count; i++)
        doc_append(list, hook_doc(x, &rows[i]));
    doc_set(exchange_doc(x), "webhooks", list);
    doc_set_bool(exchange_doc(x), "full", count >= WEBHOOKS_MAX);
    return ERR_OK;
}

enum err webhook_show(struct exchange *x)
{
    struct webhook_row hook = {0};
    struct delivery_row *rows = NULL;
    size_t count = 0;
    str next = {NULL, 0};
    json_t *list = doc_array(x->arena);
    enum err e = fill_place(x);

    if (!e)
        e = webhook_find(x->work, hook_of(x), &hook);
    if (!e)
        e = webhook_deliveries(x->work, hook.id, exchange_text(x, "after"), &rows, &count, &next);
    if (e)
        return e;
    for (size_t i = 0; i < count; i++)
        doc_append(list, delivery_doc(x, &rows[i]));
    doc_set(exchange_doc(x), "webhook", hook_doc(x, &hook));
    doc_set(exchange_doc(x), "deliveries", list);
    doc_set_str(exchange_doc(x), "next", next);
    return ERR_OK;
}

/* The same under names of their own: a form that failed is shown again by its page's name. */
enum err workspace_webhooks_show(struct exchange *x)
{
    return webhooks_show(x);
}

enum err workspace_webhook_show(struct exchange *x)
{
    return webhook_show(x);
}

/* --- changing --------------------------------------------------------------------------------- */

static str url_field(struct exchange *x)
{
    str url = exchange_name_field(x, "url", WEBHOOK_URL_MAX);
    str checked = url;

    if (!str_empty(url) && webhook_check_url(x->work, url, &checked))
        exchange_field_error(x, "url", fault_text(&x->fault));
    return checked;
}

static enum err answer_secret(struct exchange *x, const struct webhook_row *hook, str secret)
{
    enum err e = fill_place(x);

    doc_set(exchange_doc(x), "webhook", hook_doc(x, hook));
    doc_set_str(exchange_doc(x), "secret", secret);
    x->status = 201;
    return e;
}

enum err webhook_create(struct exchange *x)
{
    struct webhook_row hook = {0};
    str secret = {NULL, 0};
    str url = url_field(x);
    enum err e = exchange_field_problem(x);

    if (!e)
        e = webhook_make(x->work, url, &hook, &secret);
    return e ? e : answer_secret(x, &hook, secret);
}

enum err webhook_secret(struct exchange *x)
{
    struct webhook_row hook = {0};
    str secret = {NULL, 0};
    enum err e = webhook_renew(x->work, hook_of(x), &hook, &secret);

    return e ? e : answer_secret(x, &hook, secret);
}

/* Whether it is there comes before what was entered. */
enum err webhook_update(struct exchange *x)
{
    struct webhook_row hook = {0};
    int active = 0;
    enum err e = webhook_find(x->work, hook_of(x), &hook);

    if (e)
        return e;
    int has_url = exchange_has(x, "url");
    str url = has_url ? url_field(x) : STR("");
    int has_active = field_flag(x, "active", &active);
    e = exchange_field_problem(x);
    if (!e)
        e = webhook_change(x->work, hook.id, has_url ? &url : NULL, has_active ? &active : NULL,
                           &hook);
    if (e)
        return e;
    x->location = path_of(x, hook.id);
    x->notice = STR("Saved.");
    return webhook_show(x);
}

enum err webhook_delete(struct exchange *x)
{
    enum err e = webhook_remove(x->work, hook_of(x));

    if (e)
        return e;
    x->location = place(x);
    x->notice = STR("The webhook was removed, with the list of its deliveries.");
    return ERR_OK;
}

static enum err answer_sending(struct exchange *x)
{
    x->location = path_of(x, hook_of(x));
    x->notice =
        STR("It is on its way. Reload this page in a few seconds to see what became of it.");
    return webhook_show(x);
}

enum err webhook_try(struct exchange *x)
{
    enum err e = webhook_test(x->work, hook_of(x), &x->retry_after_s);

    return e ? e : answer_sending(x);
}

enum err webhook_again(struct exchange *x)
{
    enum err e = webhook_resend(x->work, hook_of(x), delivery_of(x), &x->retry_after_s);

    return e ? e : answer_sending(x);
}

/* --- mail ------------------------------------------------------------------------------------- */

enum err mail_try(struct exchange *x)
{
    enum err e = mail_test(x->work, &x->retry_after_s);

    if (e)
        return e;
    x->location = STR("/settings");
    x->notice =
        arena_printf(x->arena, "A test mail to %.*s is on its way.", STR_ARG(x->work->actor.email));
    doc_set_str(exchange_doc(x), "sentence", x->notice);
    return ERR_OK;
}
