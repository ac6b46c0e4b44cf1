/* See the header. */
#include "core/webhooks.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/id.h"
#include "core/deliveries.h"
#include "core/settings.h"
#include "core/throttle.h"
#include "crypto/signing.h"

static const struct throttle SENDING = {"notify-by-hand", 60, 15 * CLOCK_MINUTE_MS};

/* --- the secret ------------------------------------------------------------------------------- */

static struct vault_binding binding_of(const struct webhook_row *hook)
{
    return (struct vault_binding){
        .table = STR("webhooks"),
        .row = hook->id,
        .column = STR("sealed"),
        .generation = hook->generation,
        .app = hook->app.p ? hook->app : STR(""),
        .type = STR("webhook"),
    };
}

enum err webhook_open(struct work *w, const struct webhook_row *hook, struct secret *ret)
{
    struct vault_binding binding = binding_of(hook);

    return vault_open(w->services->vault, w->fault, &binding, hook->sealed, ret);
}

/* Under the row's generation. */
static str give_secret(struct work *w, struct webhook_row *hook)
{
    SECRET_AUTO struct secret secret = {0};
    struct vault_binding binding = binding_of(hook);

    signing_make(&secret);
    hook->sealed = vault_seal(w->services->vault, w->arena, &binding, &secret);
    return signing_show(w->arena, &secret);
}

/* --- webhooks --------------------------------------------------------------------------------- */

enum err webhook_check_url(struct work *w, str entered, str *ret)
{
    const struct notifier *n = w->services->notifier;

    must(n != NULL);
    if (entered.n > WEBHOOK_URL_MAX)
        return work_fail(w, ERR_INVALID, "This is too long for an address.");
    return n->check_url(n->self, w->arena, w->fault, entered, ret);
}

enum err webhooks_list(struct work *w, struct webhook_row **ret, size_t *ret_count)
{
    return store_webhooks_of(w->db, w->arena, w->fault, w->membership.app, ret, ret_count);
}

enum err webhook_find(struct work *w, str id, struct webhook_row *ret)
{
    struct webhook_row *found = NULL;
    enum err e = store_webhook_find(w->db, w->arena, w->fault, w->membership.app, id, &found);

    if (e)
        return e;
    if (!found)
        return work_fail(w, ERR_NOT_FOUND, "There is no such webhook.");
    *ret = *found;
    return ERR_OK;
}

/* In the write transaction. */
static enum err find_to_write(struct work *w, str id, struct webhook_row *ret)
{
    enum err e = work_write(w);
    return e ? e : webhook_find(w, id, ret);
}

enum err webhook_make(struct work *w, str url, struct webhook_row *ret, str *ret_secret)
{
    struct webhook_row *all = NULL;
    size_t count = 0;
    enum err e = work_write(w);

    if (!e)
        e = webhooks_list(w, &all, &count);
    if (e)
        return e;
    if (count >= WEBHOOKS_MAX)
        return work_fail(w, ERR_INVALID, "There are %d webhooks already. Remove one first.",
                         WEBHOOKS_MAX);
    struct webhook_row hook = {
        .id = id_new(w->arena),
        .app = w->membership.app,
        .url = url,
        .active = 1,
        .generation = 1,
        .created = w->now_ms,
        .created_by = w->actor.user,
    };
    *ret_secret = give_secret(w, &hook);
    *ret = hook;
    return store_webhook_save(w->db, w->arena, w->fault, &hook);
}

enum err webhook_change(struct work *w, str id, const str *url, const int *active,
                        struct webhook_row *ret)
{
    struct webhook_row hook = {0};
    enum err e = find_to_write(w, id, &hook);

    if (e)
        return e;
    if (url)
        hook.url = *url;
    if (active && *active) {
        hook.active = 1;
        hook.off_why = (str){NULL, 0};
    }
    e = store_webhook_save(w->db, w->arena, w->fault, &hook);
    if (!e && active && !*active && hook.active) {
        hook.active = 0;
        e = store_webhook_off(w->db, w->arena, w->fault, id, (str){NULL, 0});
    }
    *ret = hook;
    return e;
}

enum err webhook_remove(struct work *w, str id)
{
    struct webhook_row hook = {0};
    enum err e = find_to_write(w, id, &hook);

    return e ? e : store_webhook_delete(w->db, w->arena, w->fault, id);
}

enum err webhook_renew(struct work *w, str id, struct webhook_row *ret, str *ret_secret)
{
    struct webhook_row hook = {0};
    enum err e = find_to_write(w, id, &hook);

    if (e)
        return e;
    hook.generation++;
    *ret_secret = give_secret(w, &hook);
    *ret = hook;
    return store_webhook_save(w->db, w->arena, w->fault, &hook);
}

/* --- by hand ---------------------------------------------------------------------------------- */

static enum err find_to_send(struct work *w, str id, int *ret_retry_s, struct webhook_row *ret)
{
    enum err e = throttle_take(w, &SENDING, w->actor.user, ret_retry_s);

    if (!e)
        e = find_to_write(w, id, ret);
    if (!e && !ret->active)
        e = work_fail(w, ERR_CONFLICT, "This webhook is switched off. Switch it on first.");
    return e;
}

static str test_message(struct work *w, str id)
{
    json_t *o = doc_object(w->arena), *data = doc_object(w->arena);

    doc_set_cstring(data, "sentence",
                    "This is a test: somebody pressed \"Send a test\" in Mortise.");
    doc_set_str(data, "link", w->services->settings->public_url);
    doc_set_str(o, "id", id);
    doc_set_str(o, "type", DELIVERY_TEST);
    doc_set_time(o, "timestamp", w->now_ms);
    doc_set(o, "data", data);
    return doc_print(w->arena, o);
}

enum err webhook_test(struct work *w, str id, int *ret_retry_s)
{
    struct webhook_row hook = {0};
    enum err e = find_to_send(w, id, ret_retry_s, &hook);

    if (e)
        return e;
    str message = id_new(w->arena);
    struct delivery_row row = {
        .id = message,
        .webhook = hook.id,
        .event = DELIVERY_TEST,
        .subject = STR(""),
        .body = test_message(w, message),
    };
    return delivery_add(w, &row);
}

enum err webhook_resend(struct work *w, str id, str delivery, int *ret_retry_s)
{
    struct webhook_row hook = {0};
    struct delivery_row *row = NULL;
    int64_t now = 0;
    enum err e = find_to_send(w, id, ret_retry_s, &hook);

    if (!e)
        e = store_delivery_find(w->db, w->arena, w->fault, hook.id, delivery, &row);
    if (!e && !row)
        e = work_fail(w, ERR_NOT_FOUND, "There is no such delivery.");
    if (!e)
        e = db_clock_ms(w->db, w->arena, w->fault, &now);
    return e ? e
             : store_delivery_again(w->db, w->arena, w->fault, delivery, now,
                                    now + DELIVERY_FOR_MS);
}

enum err webhook_deliveries(struct work *w, str id, str before, struct delivery_row **ret,
                            size_t *ret_count, str *ret_next)
{
    struct delivery_row *rows = NULL;
    size_t count = 0;
    enum err e = store_deliveries_of(w->db, w->arena, w->fault, id, before, DELIVERIES_PAGE + 1,
                                     &rows, &count);

    if (e)
        return e;
    *ret_next = (str){NULL, 0};
    if (count > DELIVERIES_PAGE) {
        count = DELIVERIES_PAGE;
        *ret_next = rows[count - 1].id;
    }
    *ret = rows;
    *ret_count = count;
    return ERR_OK;
}

enum err mail_test(struct work *w, int *ret_retry_s)
{
    const struct notifier *n = w->services->notifier;
    str url = w->services->settings->public_url;

    if (!n || !n->mail)
        return work_fail(w, ERR_CONFLICT,
                         "No mail server is set up. The operator does that with MORTISE_SMTP_URL.");
    enum err e = throttle_take(w, &SENDING, w->actor.user, ret_retry_s);
    if (!e)
        e = work_write(w);
    if (e)
        return e;
    struct delivery_row row = {
        .id = id_new(w->arena),
        .user = w->actor.user,
        .event = DELIVERY_MAIL_TEST,
        .subject = STR("Mortise: a test"),
        .body = arena_printf(w->arena,
                             "Hello %.*s,\n\nThis is a test: you pressed \"Send me a test mail\" in"
                             " Mortise. Mail works.\n\n-- \nMortise at %.*s\n",
                             STR_ARG(w->actor.name), STR_ARG(url)),
    };
    return delivery_add(w, &row);
}

enum err mail_last_test(struct work *w, struct delivery_row **ret)
{
    return store_delivery_last_mail(w->db, w->arena, w->fault, w->actor.user, DELIVERY_MAIL_TEST,
                                    ret);
}
