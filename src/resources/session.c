/* Signing in and out, and one-time links. */
#include "base/doc.h"
#include "core/links.h"
#include "core/names.h"
#include "core/sessions.h"
#include "core/settings.h"
#include "core/users.h"
#include "resources/fields.h"
#include "resources/people_doc.h"
#include "resources/routes.h"

enum err session_show(struct exchange *x)
{
    json_t *doc = exchange_doc(x);
    int needs_setup = 0;
    enum err e = users_need_setup(x->work, &needs_setup);

    if (e)
        return e;
    if (x->me)
        doc_set(doc, "me", x->me);
    else
        doc_set_null(doc, "me");
    doc_set_str(doc, "csrf", x->session_csrf);
    doc_set_bool(doc, "needs_setup", needs_setup);
    return ERR_OK;
}

/* A cookie made under another name would be sent back and not be looked at. */
static enum err refuse_elsewhere(struct exchange *x)
{
    if (x->at_home)
        return ERR_OK;
    return fail(&x->fault, ERR_MISDIRECTED,
                "A session counts only at %.*s. Sign in there; nothing was changed.",
                STR_ARG(x->work->services->settings->public_url));
}

enum err session_create(struct exchange *x)
{
    struct session_made made = {0};
    struct sign_in in = {
        .email = exchange_name_field(x, "email", 254),
        .password = exchange_secret(x, "password"),
        .remote = x->remote,
        .agent = field_agent(x),
    };
    enum err e = refuse_elsewhere(x);

    if (e)
        return e;
    if (!exchange_has(x, "password"))
        exchange_field_error(x, "password", "Please fill this in.");
    e = exchange_field_problem(x);
    if (!e)
        e = sessions_sign_in(x->work, &in, &x->retry_after_s, &made);
    if (e)
        return e;
    people_doc_signed_in(x, &made);
    x->location = exchange_return_to(x, STR("/apps"));
    return ERR_OK;
}

enum err session_delete(struct exchange *x)
{
    enum err e = sessions_sign_out(x->work);

    if (e)
        return e;
    people_doc_signed_out(x);
    x->location = STR("/session");
    x->notice = STR("You are signed out.");
    return ERR_OK;
}

enum err link_show(struct exchange *x)
{
    json_t *doc = exchange_doc(x);
    json_t *is = doc_object(x->arena);
    struct link_row *link = NULL;
    struct user_row *user = NULL;
    enum err e = links_find(x->work, x->params[0], &link, &user);

    if (e)
        return e;
    doc_set_str(doc, "kind", link_kind_text(link->kind));
    doc_set_str(doc, "email", user ? user->email : (str){NULL, 0});
    doc_set_str(doc, "name", user ? user->name : (str){NULL, 0});
    doc_set_bool(is, "setup", link->kind == LINK_SETUP);
    doc_set_bool(is, "invite", link->kind == LINK_INVITE);
    doc_set_bool(is, "reset", link->kind == LINK_RESET);
    doc_set(doc, "is", is);
    return ERR_OK;
}

enum err link_accept(struct exchange *x)
{
    struct link_acceptance acceptance = {.token = x->params[0], .agent = field_agent(x)};
    struct session_made made = {0};
    struct link_row *link = NULL;
    struct user_row *user = NULL;
    enum err e = refuse_elsewhere(x);
    if (!e)
        e = links_find(x->work, x->params[0], &link, &user);
    if (e)
        return e;
    if (link->kind == LINK_SETUP)
        acceptance.email = field_email(x, "email");
    if (link->kind == LINK_SETUP || !str_empty(str_trim(exchange_text(x, "name"))))
        acceptance.name = exchange_name_field(x, "name", NAMES_LENGTH_MAX);
    acceptance.password = field_password(x, "password");
    e = exchange_field_problem(x);
    if (!e)
        e = links_accept(x->work, &acceptance, &made);
    if (e)
        return e;
    people_doc_signed_in(x, &made);
    x->location = STR("/apps");
    x->notice = arena_printf(x->arena, "Welcome, %.*s.", STR_ARG(made.user.name));
    return ERR_OK;
}
