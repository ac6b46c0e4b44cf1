/* Connecting, testing and disconnecting one's credential for a connection.
 *
 * Connect in two halves. begin: checks the fields, counts the attempt, remembers what is on file
 * (struct credential_moment), and lets the provider prove what was entered. finish: saves it in one
 * transaction if nothing moved meanwhile; a refusal or failure changes nothing but the count of
 * refused attempts. No attempt is ever repeated by us: accounts lock.
 */
#include "core/credentials.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/doc.h"
#include "core/connections.h"
#include "core/names.h"
#include "core/settings.h"
#include "core/throttle.h"
#include "resources/app_doc.h"
#include "resources/connection_doc.h"
#include "resources/provider_wait.h"
#include "resources/routes.h"

#define API_KEY_MAX 4096
#define USERNAME_MAX 254

static const struct throttle BY_USER = {"connect", 20, 15 * CLOCK_MINUTE_MS};
static const struct throttle REFUSED = {"connect-refused", 4, 15 * CLOCK_MINUTE_MS};

/* What begin hands to finish, and both to the page that is shown again. */
struct connecting {
    struct credential_moment moment;
    struct provider_op *op;
    str entered_origin;
    str limited; /* host and username, as the throttle names them */
    int64_t expires;
    str confirm; /* the question asked, or p == NULL */
};

static str token_page(const struct exchange *x)
{
    return x->work->services->settings->token_page_url;
}

/* --- the Connect dialog ----------------------------------------------------------------------- */

static json_t *identity_doc(struct exchange *x, str account, str email, str site, str url)
{
    json_t *o = doc_object(x->arena);
    doc_set_str(o, "account", account);
    doc_set_str(o, "account_email", email);
    doc_set_str(o, "site", site);
    doc_set_str(o, "site_url", url);
    return o;
}

/* The question, if one was just asked or is asked for by ?confirm=. */
static enum err add_question(struct exchange *x, const struct connection_row *n)
{
    const struct connecting *c = x->carried;
    str confirm = c ? c->confirm : exchange_text(x, "confirm");
    doc_set_null(exchange_doc(x), "confirm");
    doc_set_null(exchange_doc(x), "before");
    doc_set_null(exchange_doc(x), "now");
    if (str_empty(confirm))
        return ERR_OK;
    struct credential_found now = {0};
    struct credential_row before = {0};
    enum err e = credentials_question(x->work, n, confirm, &now, &before);
    if (e == ERR_CONFIRM_EXPIRED)
        return ERR_OK; /* the form is shown without the question */
    if (e)
        return e;
    doc_set_str(exchange_doc(x), "confirm", confirm);
    doc_set(
        exchange_doc(x), "before",
        identity_doc(x, before.account_name, before.username, before.site_name, before.site_url));
    doc_set(exchange_doc(x), "now",
            identity_doc(x, now.identity.account_name, now.username, now.identity.site_name,
                         now.identity.site_url));
    return ERR_OK;
}

static json_t *form_doc(struct exchange *x, const struct connection_row *n,
                        const struct credential_row *old)
{
    json_t *form = doc_object(x->arena);
    str base_url = n->base_url;
    if (!n->base_url_fixed && old)
        base_url = old->entered_origin;
    char date[25] = "";
    if (old && old->expires > x->work->now_ms)
        clock_format(old->expires, date);
    doc_set_str(form, "base_url", base_url);
    doc_set_bool(form, "base_url_fixed", n->base_url_fixed);
    doc_set_str(form, "username", old ? old->username : (str){NULL, 0});
    doc_set_str(form, "expires", date[0] ? (str){date, 10} : (str){NULL, 0});
    doc_set_str(form, "token_page", token_page(x));
    return form;
}

enum err connect_show(struct exchange *x)
{
    struct connection_row n = {0};
    struct effective effective = {0};
    enum err e = app_doc_fill(x, APP_TAB_DESCRIPTION);
    if (!e)
        e = connection_of_path(x, &n, &effective);
    if (!e)
        e = add_question(x, &n);
    if (e)
        return e;
    json_t *doc = exchange_doc(x);
    doc_set(doc, "connection", connection_doc(x, &n, &effective));
    doc_set(doc, "form",
            form_doc(x, &n, effective.decision == DECISION_WAIT ? NULL : effective.row));
    doc_set_bool(doc, "reconnect",
                 effective.decision == DECISION_USE || effective.decision == DECISION_RECONNECT);
    doc_set_str(doc, "return_to", exchange_return_to(x, app_doc_path(x, "")));
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

static int64_t expires_field(struct exchange *x)
{
    int64_t ms = 0;
    str text = str_trim(exchange_text(x, "expires"));
    if (str_empty(text))
        return 0;
    if (!clock_parse_date(text, &ms))
        exchange_field_error(x, "expires", "Write the date as YYYY-MM-DD.");
    else if (ms < x->work->now_ms)
        exchange_field_error(x, "expires", "This date has passed. Make a new API key first.");
    return ms;
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

static enum err may_connect(struct exchange *x, const struct connection_row *n)
{
    const struct connection_type *type = connection_type_find(n->type);
    if (!type || !type->available)
        return fail(&x->fault, ERR_TYPE_UNAVAILABLE, "%.*s",
                    STR_ARG(type ? type->reason : STR("")));
    if (n->shared && x->work->membership.role != PERMISSION_ROLE_ADMIN)
        return fail(&x->fault, ERR_NOT_APP_ADMIN, "An app admin has to connect this.");
    return ERR_OK;
}

static enum err connected(struct exchange *x, const struct connection_row *n,
                          const struct credential_row *row)
{
    struct effective effective = {0};
    enum err e = credentials_effective(x->work, n, &effective);
    if (e)
        return e;
    str sentence = arena_printf(x->arena, "Connected to %.*s as %.*s.", STR_ARG(row->site_name),
                                STR_ARG(row->account_name));
    x->doc = doc_object(x->arena);
    doc_set(x->doc, "connection", connection_doc(x, n, &effective));
    doc_set_str(x->doc, "sentence", sentence);
    x->notice = sentence;
    x->location = exchange_return_to(x, app_doc_path(x, ""));
    return ERR_OK;
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
        e = may_connect(x, &n);
    if (!e)
        e = credentials_confirm(x->work, &n, exchange_text(x, "confirm"), &row);
    return e ? e : connected(x, &n, &row);
}

enum err connect_begin(struct exchange *x)
{
    struct connection_row n = {0};
    struct effective effective = {0};
    if (!str_empty(exchange_text(x, "confirm")))
        return answer_question(x);
    enum err e = connection_of_path(x, &n, &effective);
    if (!e)
        e = may_connect(x, &n);
    if (e)
        return e;

    struct connecting *c = arena_new_of(x->arena, struct connecting);
    struct provider_op *op = provider_wait_op(x, PROVIDER_CONNECT);
    provider_wait_wipe(x, &op->connect.secret);
    base_url_field(x, &n, &c->entered_origin);
    op->connect.entered_url = c->entered_origin;
    op->connect.username = username_field(x);
    api_key_field(x, &op->connect.secret);
    c->expires = expires_field(x);
    e = exchange_field_problem(x);
    if (e)
        return e;
    c->limited = limited_name(x, c->entered_origin, op->connect.username);
    c->moment = credentials_moment(x->arena, &n, effective.row);
    c->op = op;
    e = take_attempt(x, c);
    if (e)
        return e;
    x->carried = c;
    provider_wait(x, op);
    return ERR_OK;
}

/* --- connect: finish -------------------------------------------------------------------------- */

static const char *const STAGES[] = {"address", "tls", "token", "identity", "site"};

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
        doc_set_cstring(exchange_doc(x), "stage", STAGES[p->stage]);
    return provider_wait_failed(x, c->op);
}

static enum err ask(struct exchange *x, struct connecting *c, const struct credential_row *before,
                    str confirm)
{
    const struct provider_connect *p = &c->op->connect;
    c->confirm = confirm;
    doc_set_str(exchange_doc(x), "confirm", confirm);
    doc_set(exchange_doc(x), "before",
            identity_doc(x, before->account_name, before->username, before->site_name,
                         before->site_url));
    doc_set(exchange_doc(x), "now",
            identity_doc(x, p->identity.account_name, p->username, p->identity.site_name,
                         p->identity.site_url));
    return ERR_IDENTITY_CHANGED;
}

enum err connect_finish(struct exchange *x)
{
    struct connecting *c = x->carried;
    const struct provider_connect *p = &c->op->connect;
    enum err e = work_write(x->work);
    if (e)
        return e;
    if (c->op->err)
        return not_proven(x, c);
    struct credential_found found = {p->identity, p->username,  c->entered_origin,
                                     p->origin,   p->base_path, c->expires};
    struct credential_row row = {0}, before = {0};
    str confirm = {NULL, 0};
    e = throttle_clear(x->work, &REFUSED, c->limited);
    if (!e)
        e = credentials_save(x->work, &c->moment, &found, &p->secret, &row, &confirm, &before);
    if (e == ERR_IDENTITY_CHANGED)
        return ask(x, c, &before, confirm);
    struct connection_row n = {0};
    if (!e)
        e = connection_find(x->work, x->params[1], &n);
    return e ? e : connected(x, &n, &row);
}

/* --- what is on file -------------------------------------------------------------------------- */

enum err credential_show(struct exchange *x)
{
    struct connection_row n = {0};
    struct effective effective = {0};
    enum err e = app_doc_fill(x, APP_TAB_DESCRIPTION);
    if (!e)
        e = connection_of_path(x, &n, &effective);
    if (e)
        return e;
    doc_set(exchange_doc(x), "connection", connection_doc(x, &n, &effective));
    doc_set_str(exchange_doc(x), "token_page", token_page(x));
    doc_set_str(exchange_doc(x), "return_to", exchange_return_to(x, app_doc_path(x, "")));
    return ERR_OK;
}

enum err credential_delete(struct exchange *x)
{
    struct connection_row n = {0};
    struct effective effective = {0};
    enum err e = work_write(x->work);
    if (!e)
        e = connection_of_path(x, &n, &effective);
    if (!e)
        e = credentials_disconnect(x->work, &n);
    if (!e)
        e = connection_of_path(x, &n, &effective);
    if (e)
        return e;
    str sentence = arena_printf(x->arena,
                                "Disconnected. Mortise erased the API key; at Atlassian it stays"
                                " valid until you revoke it at %.*s.",
                                STR_ARG(token_page(x)));
    x->doc = doc_object(x->arena);
    doc_set(x->doc, "connection", connection_doc(x, &n, &effective));
    doc_set_str(x->doc, "sentence", sentence);
    x->notice = sentence;
    x->location = exchange_return_to(x, app_doc_path(x, ""));
    return ERR_OK;
}

/* --- test ------------------------------------------------------------------------------------- */

struct testing {
    struct provider_op *op;
    str credential;
    int64_t generation;
};

enum err test_begin(struct exchange *x)
{
    struct connection_row n = {0};
    struct effective effective = {0};
    enum err e = connection_of_path(x, &n, &effective);
    if (!e)
        e = credentials_refusal(x->work, &n, &effective);
    if (e == ERR_CONNECTION_REQUIRED || e == ERR_NEEDS_RECONNECT)
        doc_set_str(exchange_doc(x), "connect_url", connection_connect_url(x, n.id));
    if (e)
        return e;
    struct testing *t = arena_new_of(x->arena, struct testing);
    t->op = provider_wait_op(x, PROVIDER_TEST);
    provider_wait_wipe(x, &t->op->test.target.secret);
    e = credentials_target(x->work, effective.use, &t->op->test.target);
    if (e)
        return e;
    t->op->test.site_id = effective.use->site_id;
    t->op->test.site_url = effective.use->site_url;
    t->credential = effective.use->id;
    t->generation = effective.use->generation;
    x->carried = t;
    provider_wait(x, t->op);
    return ERR_OK;
}

static json_t *stages_doc(struct exchange *x, const struct provider_op *op)
{
    static const char *const DONE[] = {"The address was found.", "The server there answers.",
                                       "Jira accepted the API key.", "Jira named the account.",
                                       "The site is the one on file."};
    json_t *list = doc_array(x->arena);
    enum provider_stage last = op->err ? op->test.stage : STAGE_DONE;
    for (int i = STAGE_ADDRESS; i < STAGE_DONE && i <= (int)last; i++) {
        json_t *stage = doc_object(x->arena);
        int ok = i < (int)last;
        doc_set_cstring(stage, "stage", STAGES[i]);
        doc_set_bool(stage, "ok", ok);
        doc_set_cstring(stage, "sentence", ok ? DONE[i] : fault_text(&op->fault));
        doc_append(list, stage);
    }
    return list;
}

/* Only Jira's word on the credential changes its state; an outage does not. */
static enum err note(struct exchange *x, const struct testing *t)
{
    const struct provider_op *op = t->op;
    if (op->err == ERR_OK)
        return credentials_note(x->work, t->credential, t->generation, CREDENTIAL_FINE,
                                (str){NULL, 0});
    if (op->test.meaning == MEANING_REFUSED_TOKEN)
        return credentials_note(x->work, t->credential, t->generation, CREDENTIAL_REFUSED,
                                str_from(fault_text(&op->fault)));
    return ERR_OK;
}

enum err test_finish(struct exchange *x)
{
    const struct testing *t = x->carried;
    struct connection_row n = {0};
    struct effective effective = {0};
    enum err e = work_write(x->work);
    if (!e)
        e = note(x, t);
    if (!e)
        e = app_doc_fill(x, APP_TAB_DESCRIPTION);
    if (!e)
        e = connection_of_path(x, &n, &effective);
    if (e)
        return e;
    const struct provider_identity *who = &t->op->test.identity;
    json_t *doc = exchange_doc(x);
    doc_set(doc, "connection", connection_doc(x, &n, &effective));
    doc_set_bool(doc, "ok", t->op->err == ERR_OK);
    doc_set_str(doc, "sentence",
                t->op->err ? str_from(fault_text(&t->op->fault))
                           : arena_printf(x->arena, "Everything works: this is %.*s on %.*s.",
                                          STR_ARG(who->account_name), STR_ARG(who->site_name)));
    doc_set(doc, "stages", stages_doc(x, t->op));
    doc_set_str(doc, "return_to", exchange_return_to(x, app_doc_path(x, "")));
    return ERR_OK;
}
