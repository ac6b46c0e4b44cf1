/* People in documents. See the header. */
#include "resources/people_doc.h"

#include "base/doc.h"
#include "core/settings.h"
#include "http/cookie.h"
#include "resources/app_doc.h"

json_t *people_doc_me(struct exchange *x, str id, str name, str email, int workspace_admin)
{
    json_t *me = app_doc_person(x, id, name, email);

    doc_set_bool(me, "workspace_admin", workspace_admin);
    return me;
}

json_t *people_doc_user(struct exchange *x, const struct user_row *user)
{
    json_t *u = people_doc_me(x, user->id, user->name, user->email, user->workspace_admin);
    json_t *is = doc_object(x->arena);

    doc_set_str(u, "state", user_state_text(user->state));
    doc_set_time(u, "created", user->created);
    doc_set_time(u, "last_seen", user->last_seen);
    doc_set_bool(is, "invited", user->state == USER_INVITED);
    doc_set_bool(is, "active", user->state == USER_ACTIVE);
    doc_set_bool(is, "disabled", user->state == USER_DISABLED);
    doc_set(u, "is", is);
    return u;
}

json_t *people_doc_list(struct exchange *x, const struct person_row *people, size_t count)
{
    json_t *list = doc_array(x->arena);

    for (size_t i = 0; i < count; i++)
        doc_append(list, app_doc_person(x, people[i].id, people[i].name, people[i].email));
    return list;
}

void people_doc_link(struct exchange *x, const struct user_row *user, const struct link_made *link)
{
    json_t *doc = exchange_doc(x);

    doc_set(doc, "user", people_doc_user(x, user));
    doc_set_str(doc, "link", link->url);
    doc_set_time(doc, "expires", link->expires);
    x->status = 201;
}

static str session_cookie_name(const struct exchange *x)
{
    return cookie_session_name(x->work->services->settings->public_url);
}

void people_doc_signed_in(struct exchange *x, const struct session_made *session)
{
    const struct user_row *user = &session->user;

    x->set_cookie =
        cookie_set(x->arena, session_cookie_name(x), session->token, session->max_age_s);
    x->session_csrf = session->csrf;
    x->me = people_doc_me(x, user->id, user->name, user->email, user->workspace_admin);
    if (x->representation == EXCHANGE_PAGE) { /* counted from the next page on */
        doc_set_null(x->me, "unread");
        doc_set_bool(x->me, "unread_more", 0);
    }
    doc_set_str(exchange_doc(x), "csrf", session->csrf);
    doc_set(exchange_doc(x), "me", x->me);
}

void people_doc_signed_out(struct exchange *x)
{
    x->set_cookie = cookie_set(x->arena, session_cookie_name(x), STR(""), 0);
    x->session_csrf = (str){NULL, 0};
    x->me = NULL;
}
