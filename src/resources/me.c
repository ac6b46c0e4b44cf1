/* One's own account: name, password, sessions. (My connections: my_connections.c.) */
#include "base/doc.h"
#include "core/sessions.h"
#include "core/users.h"
#include "resources/fields.h"
#include "resources/people_doc.h"
#include "resources/routes.h"

static json_t *session_doc(struct exchange *x, const struct session_row *row)
{
    json_t *doc = doc_object(x->arena);

    doc_set_str(doc, "id", row->id);
    doc_set_time(doc, "created", row->created);
    doc_set_time(doc, "last_seen", row->last_seen);
    doc_set_bool(doc, "current", str_eq(row->id, x->work->actor.session));
    doc_set_str(doc, "agent", row->agent);
    return doc;
}

enum err me_show(struct exchange *x)
{
    json_t *doc = exchange_doc(x);
    json_t *list = doc_array(x->arena);
    struct session_row *rows = NULL;
    size_t count = 0;
    struct user_row user = {0};
    enum err e = users_get(x->work, x->work->actor.user, &user);

    if (!e)
        e = sessions_list(x->work, &rows, &count);
    if (e)
        return e;
    for (size_t i = 0; i < count; i++)
        doc_append(list, session_doc(x, &rows[i]));
    doc_set_str(doc, "id", user.id);
    doc_set_str(doc, "name", user.name);
    doc_set_str(doc, "email", user.email);
    doc_set_bool(doc, "workspace_admin", user.workspace_admin);
    doc_set_time(doc, "created", user.created);
    doc_set(doc, "sessions", list);
    return ERR_OK;
}

enum err me_update(struct exchange *x)
{
    str room = {NULL, 0};
    struct user_row user = {0};
    struct user_change change = {.name = field_name_if_given(x, "name", &room)};
    enum err e = exchange_field_problem(x);

    if (!e)
        e = users_change(x->work, x->work->actor.user, &change, &user);
    if (e)
        return e;
    x->location = STR("/me");
    x->notice = STR("Saved.");
    return me_show(x);
}

enum err me_password(struct exchange *x)
{
    const struct secret *wanted = field_password(x, "new_password");
    int fits = 0;
    enum err e = exchange_field_problem(x);

    if (!e)
        e = sessions_change_password(x->work, exchange_secret(x, "current_password"), wanted,
                                     &x->retry_after_s, &fits);
    if (e)
        return e;
    if (!fits) {
        exchange_field_error(x, "current_password", "This is not your current password.");
        return exchange_field_problem(x);
    }
    x->location = STR("/me");
    x->notice =
        STR("Your password was changed. You were signed out everywhere else, and your Mortise keys"
            " were revoked.");
    return ERR_OK;
}

enum err me_sessions_delete(struct exchange *x)
{
    enum err e = sessions_sign_out_everywhere(x->work);

    if (e)
        return e;
    people_doc_signed_out(x);
    x->location = STR("/session");
    x->notice = STR("You are signed out everywhere, and your Mortise keys were revoked.");
    return ERR_OK;
}
