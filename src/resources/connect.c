/* Connecting one's credential for a connection: the dialog of both types, and all of Jira (API).
 * The journey by way of Atlassian is oauth.c.
 *
 * An API key in two halves. begin: checks the fields, counts the attempt, remembers what is on file
 * (struct credential_moment), and lets the provider prove what was entered. finish: saves it in one
 * transaction if nothing moved meanwhile; a refusal or failure changes nothing but the count of
 * refused attempts. No attempt is ever repeated by us: accounts lock.
 */
#include "base/check.h"
#include "base/clock.h"
#include "base/doc.h"
#include "core/connections.h"
#include "core/names.h"
#include "core/settings.h"
#include "core/stops.h"
#include "core/throttle.h"
#include "resources/app_doc.h"
#include "resources/connect_doc.h"
#include "resources/connection_doc.h"
#include "resources/fields.h"
#include "resources/provider_wait.h"
#include "resources/routes.h"

#define API_KEY_MAX 4096
#define USERNAME_MAX 254

static const struct throttle BY_USER = {"connect", 20, 15 * CLOCK_MINUTE_MS};
static const struct throttle REFUSED = {"connect-refused", 4, 15 * CLOCK_MINUTE_MS};

static const str NONE = {NULL, 0};

/* --- the dialog ------------------------------------------------------------------------------- */

/* The site to be chosen; ERR_CONFIRM_EXPIRED when `confirm` is not of such a question. */
static enum err add_choice(struct exchange *x, const struct connection_row *n,
                           const struct credential_row *old, str confirm, str *ret_return_to)
{
    struct authorize_choice choice = {0};
    enum err e = authorize_choice_show(x->work, n, confirm, &choice);
    if (e)
        return e;
    str entered = exchange_text(x, "site");
    str on_file = old ? old->site_id : NONE;
    json_t *o = doc_object(x->arena);
    doc_set(o, "sites",
            connect_sites_doc(x, choice.sites, choice.site_count,
                              str_empty(entered) ? on_file : entered));
    doc_set_int(o, "count", (int64_t)choice.site_count);
    doc_set(exchange_doc(x), "choice", o);
    doc_set_str(exchange_doc(x), "confirm", confirm);
    if (!str_empty(choice.return_to))
        *ret_return_to = choice.return_to;
    return ERR_OK;
}

/* The question, if one was just asked or is asked for by ?confirm=: which site, or whether account
 * and site shall be replaced. An expired one leaves the dialog without. */
static enum err add_question(struct exchange *x, const struct connection_row *n,
                             const struct credential_row *old, str *ret_return_to)
{
    const struct connecting *c = x->carried;
    json_t *doc = exchange_doc(x);
    str confirm = c ? c->confirm : exchange_text(x, "confirm");
    doc_set_null(doc, "confirm");
    doc_set_null(doc, "choice");
    doc_set_null(doc, "before");
    doc_set_null(doc, "now");
    if (str_empty(confirm))
        return ERR_OK;
    struct credential_found now = {0};
    struct credential_row before = {0};
    enum err e = add_choice(x, n, old, confirm, ret_return_to);
    if (e != ERR_CONFIRM_EXPIRED)
        return e;
    e = credentials_question(x->work, n, confirm, &now, &before);
    if (e == ERR_OK)
        connect_put_question(x, confirm, &before, &now.identity, now.username);
    return e == ERR_CONFIRM_EXPIRED ? ERR_OK : e;
}

/* Why nobody can connect at the moment, for the dialog of a type that needs an OAuth client. */
static enum err reason_of(struct exchange *x, const struct connection_row *n, str *ret)
{
    const struct connection_type *type = connection_type_find(n->type);
    str reason = STR("");
    enum err e = type ? connection_type_reason(x->work, type, n, &reason) : ERR_OK;
    if (!e)
        *ret = str_empty(reason) ? NONE : reason;
    return e;
}

static enum err form_doc(struct exchange *x, const struct connection_row *n,
                         const struct credential_row *old, json_t **ret)
{
    json_t *form = doc_object(x->arena);
    str base_url = n->base_url, reason = NONE;
    if (!n->base_url_fixed && old)
        base_url = old->entered_origin;
    char date[25] = "";
    if (old && old->expires > x->work->now_ms)
        clock_format(old->expires, date);
    enum err e = reason_of(x, n, &reason);
    if (e)
        return e;
    doc_set_str(form, "base_url", base_url);
    doc_set_bool(form, "base_url_fixed", n->base_url_fixed);
    doc_set_str(form, "username", old ? old->username : NONE);
    doc_set_str(form, "expires", date[0] ? (str){date, 10} : NONE);
    doc_set_str(form, "token_page", x->work->services->settings->token_page_url);
    doc_set_str(form, "callback_url", oauth_redirect_uri(x->work));
    doc_set_str(form, "reason", reason);
    *ret = form;
    return ERR_OK;
}

enum err connect_show(struct exchange *x)
{
    struct connection_row n = {0};
    struct effective effective = {0};
    json_t *form = NULL;
    enum err e = app_doc_fill(x, APP_TAB_DESCRIPTION);
    if (!e)
        e = connection_of_path(x, &n, &effective);
    if (e)
        return e;
    json_t *doc = exchange_doc(x);
    str back = app_doc_path(x, "");
    int mine = !n.shared || x->work->membership.role == PERMISSION_ROLE_ADMIN;
    const struct credential_row *old = mine ? effective.row : NULL;
    e = add_question(x, &n, old, &back);
    if (!e)
        e = form_doc(x, &n, old, &form);
    if (!e)
        e = connection_doc_put(x, doc, &n, &effective);
    if (e)
        return e;
    doc_set(doc, "form", form);
    doc_set_bool(
        doc, "reconnect",
        str_eq(doc_get_str(doc_get(doc, "connection"), "connect_label"), STR("Reconnect")));
    doc_set_str(doc, "return_to", exchange_return_to(x, back));
    if (!str_empty(exchange_text(x, "confirm")) && json_is_null(doc_get(doc, "confirm")))
        x->notice = STR("That question has expired or was answered already.");
    return ERR_OK;
}

/* --- connect: begin --------------------------------------------------------------------------- */

static void base_url_field(struct exchange *x, const struct connection_row *n, str *ret_origin)
{
    const struct provider *provider = x->work->services->provider;
    str entered = str_trim(exchange_text(x, "base_url"));
    struct fault fault = {0};
    str origin = {NULL, 0};
    if (n->base_url_fixed && str_empty(entered))
        entered = n->base_url;
    if (str_empty(entered))
        exchange_field_error(x, "base_url",
                             "Enter the address of your Jira site, like"
                             " https://yourteam.atlassian.net.");
    else if (provider->check_base_url(provider->self, x->arena, &fault, entered, &origin))
        exchange_field_error(x, "base_url", fault_text(&fault));
    else if (n->base_url_fixed && !str_eq(origin, n->base_url))
        exchange_field_error(x, "base_url", "An app admin fixed the Base URL of this connection.");
    else
        *ret_origin = origin;
}

static str username_field(struct exchange *x)
{
    str username = exchange_name_field(x, "username", USERNAME_MAX);
    if (!str_empty(username) && str_find_char(username, ':') != SIZE_MAX)
        exchange_field_error(x, "username", "Enter the e-mail you sign in to Jira with.");
    return username;
}

static void api_key_field(struct exchange *x, struct secret *ret)
{
    secret_set_trimmed(ret, exchange_secret(x, "api_key"));
    if (!secret_is_set(ret) || ret->n == 0)
        exchange_field_error(x, "api_key", "Enter the API key.");
    else if (ret->n > API_KEY_MAX)
        exchange_field_error(x, "api_key", "This is too long to be an API key.");
}

/* One limit for each user, one for each host and username over all users. The second counts
 * refusals; finish gives the attempt back when it was none. */
static enum err take_attempt(struct exchange *x, const struct connecting *c)
{
    enum err e = throttle_take(x->work, &REFUSED, c->limited, &x->retry_after_s);
    return e ? e : throttle_take(x->work, &BY_USER, x->work->actor.user, &x->retry_after_s);
}

static str limited_name(struct exchange *x, str origin, str username)
{
    return arena_printf(x->arena, "%.*s %.*s", STR_ARG(origin),
                        STR_ARG(name_key(x->arena, username)));
}

/* "Yes" to the question which site. */
static enum err no_site_chosen(struct exchange *x, const struct connection_row *n, enum err expired)
{
    struct authorize_choice choice = {0};
    struct fault fault = x->fault;
    if (authorize_choice_show(x->work, n, exchange_text(x, "confirm"), &choice)) {
        x->fault = fault;
        return expired;
    }
    exchange_field_error(x, "site", "Choose one of these sites.");
    return exchange_field_problem(x);
}

/* Reads the connection in the transaction that saves: an admin may just have changed it. */
static enum err answer_question(struct exchange *x)
{
    struct connection_row n = {0};
    struct credential_row row = {0};
    enum err e = work_write(x->work);
    if (!e)
        e = connection_find(x->work, x->params[1], &n);
    if (!e)
        e = connect_check_right(x, &n);
    if (!e)
        e = credentials_confirm(x->work, &n, exchange_text(x, "confirm"), &row);
    if (e == ERR_CONFIRM_EXPIRED)
        return no_site_chosen(x, &n, e);
    return e ? e : connect_done(x, &n, &row, exchange_return_to(x, app_doc_path(x, "")));
}

static enum err api_key_begin(struct exchange *x, const struct connection_row *n,
                              const struct effective *effective)
{
    struct connecting *c = arena_new_of(x->arena, struct connecting);
    struct provider_op *op = provider_wait_op(x, PROVIDER_CONNECT);
    provider_wait_wipe(x, &op->connect.secret);
    base_url_field(x, n, &c->entered_origin);
    op->connect.entered_url = c->entered_origin;
    op->connect.username = username_field(x);
    api_key_field(x, &op->connect.secret);
    c->expires = field_expiry(x, "This date has passed. Make a new API key first.");
    enum err e = exchange_field_problem(x);
    if (!e)
        e = stops_check_address(x->work, c->entered_origin);
    if (e)
        return e;
    c->limited = limited_name(x, c->entered_origin, op->connect.username);
    c->moment = credentials_moment(x->arena, n, effective->row);
    c->op = op;
    e = take_attempt(x, c);
    if (e)
        return e;
    x->carried = c;
    provider_wait(x, op);
    return ERR_OK;
}

enum err connect_begin(struct exchange *x)
{
    struct connection_row n = {0};
    struct effective effective = {0};
    if (!str_empty(exchange_text(x, "confirm")))
        return exchange_has(x, "site") ? oauth_choose_begin(x) : answer_question(x);
    enum err e = connection_of_path(x, &n, &effective);
    if (!e)
        e = connect_check_right(x, &n);
    if (!e && effective.decision == DECISION_STOPPED)
        e = credentials_refusal(x->work, &n, &effective);
    if (e)
        return e;
    return connection_type_find(n.type)->by_oauth ? oauth_start(x, &n, &effective)
                                                  : api_key_begin(x, &n, &effective);
}

/* --- connect: finish -------------------------------------------------------------------------- */

/* A refusal stays counted, anything else does not; then reports where it stopped. */
static enum err not_proven(struct exchange *x, const struct connecting *c)
{
    const struct provider_connect *p = &c->op->connect;
    if (p->meaning != MEANING_REFUSED_TOKEN && p->meaning != MEANING_LOCKED) {
        enum err e = throttle_give_back(x->work, &REFUSED, c->limited);
        if (!e)
            e = work_commit(x->work); /* outlives the failure */
        if (e)
            return e;
    }
    if (p->stage < STAGE_DONE)
        doc_set_cstring(exchange_doc(x), "stage", provider_wait_stage(p->stage));
    return provider_wait_failed(x, c->op);
}

static enum err api_key_finish(struct exchange *x, struct connecting *c)
{
    const struct provider_connect *p = &c->op->connect;
    enum err e = work_write(x->work);
    if (e)
        return e;
    if (c->op->err)
        return not_proven(x, c);
    struct credential_found found = {
        .identity = p->identity,
        .username = p->username,
        .entered_origin = c->entered_origin,
        .origin = p->origin,
        .base_path = p->base_path,
        .expires = c->expires,
    };
    struct credential_proof proof = {&p->secret, NULL};
    struct credential_row row = {0}, before = {0};
    struct connection_row n = {0};
    e = throttle_clear(x->work, &REFUSED, c->limited);
    if (!e)
        e = credentials_save(x->work, &c->moment, &found, &proof, &row, &c->confirm, &before);
    if (e == ERR_IDENTITY_CHANGED)
        connect_put_question(x, c->confirm, &before, &p->identity, p->username);
    if (!e)
        e = connection_find(x->work, x->params[1], &n);
    return e ? e : connect_done(x, &n, &row, exchange_return_to(x, app_doc_path(x, "")));
}

enum err connect_finish(struct exchange *x)
{
    struct connecting *c = x->carried;
    return c->op->kind == PROVIDER_IDENTIFY ? oauth_choose_finish(x) : api_key_finish(x, c);
}
