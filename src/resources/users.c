/* Users, for workspace admins. */
#include "core/users.h"

#include "base/doc.h"
#include "core/groups.h"
#include "core/keys.h"
#include "core/links.h"
#include "core/names.h"
#include "resources/fields.h"
#include "resources/people_doc.h"
#include "resources/routes.h"
#include "resources/stop_doc.h"

enum err users_list(struct exchange *x)
{
    json_t *doc = exchange_doc(x);
    json_t *list = doc_array(x->arena);
    struct users_page page = {0};
    str query = str_trim(exchange_text(x, "query"));
    enum err e = users_page(x->work, query, exchange_text(x, "after"), &page);

    if (e)
        return e;
    for (size_t i = 0; i < page.count; i++)
        doc_append(list, people_doc_user(x, &page.rows[i]));
    doc_set(doc, "users", list);
    doc_set_int(doc, "total", page.total);
    doc_set_str(doc, "query", query.p ? query : STR(""));
    doc_set_str(doc, "next", page.next);
    return ERR_OK;
}

/* "anna@example.com" -> "anna": until she says her name herself. */
static str name_of_email(str email)
{
    return str_utf8_cut(str_slice(email, 0, str_find_char(email, '@')), NAMES_LENGTH_MAX);
}

static str path_of(struct exchange *x, str user)
{
    return arena_printf(x->arena, "/users/%.*s", STR_ARG(user));
}

/* A form is answered by the page with the link, which is shown this once; so no redirect. */
static void answer_link(struct exchange *x, const struct user_row *user,
                        const struct link_made *link)
{
    people_doc_link(x, user, link);
    if (x->representation == EXCHANGE_JSON)
        x->location = path_of(x, user->id);
}

enum err user_invite(struct exchange *x)
{
    int admin = 0;
    str email = field_email(x, "email");
    str name = name_of_email(email);
    struct user_row user = {0};
    struct link_made link = {0};
    enum err e;

    if (!str_empty(str_trim(exchange_text(x, "name"))))
        name = exchange_name_field(x, "name", NAMES_LENGTH_MAX);
    field_flag(x, "workspace_admin", &admin);
    e = exchange_field_problem(x);
    if (!e)
        e = users_invite(x->work, email, name, admin ? USER_WORKSPACE_ADMIN : USER_PLAIN, &user);
    if (!e)
        e = links_make(x->work, &user, &link);
    if (e)
        return e;
    answer_link(x, &user, &link);
    return ERR_OK;
}

static enum err fill_user(struct exchange *x, const struct user_row *user)
{
    json_t *groups = doc_array(x->arena);
    struct group_row *rows = NULL;
    size_t count = 0;
    int64_t keys = 0;
    enum err e = groups_of(x->work, user->id, &rows, &count);

    if (!e)
        e = keys_count(x->work, user->id, &keys);
    if (e)
        return e;
    for (size_t i = 0; i < count; i++) {
        json_t *group = doc_object(x->arena);
        doc_set_str(group, "id", rows[i].id);
        doc_set_str(group, "name", rows[i].name);
        doc_append(groups, group);
    }
    x->doc = people_doc_user(x, user);
    doc_set(x->doc, "groups", groups);
    doc_set_int(x->doc, "keys", keys);
    return stop_doc_put_open(x, x->doc, STOP_USER, user->id);
}

enum err user_show(struct exchange *x)
{
    struct user_row user = {0};
    enum err e = users_get(x->work, x->params[0], &user);

    return e ? e : fill_user(x, &user);
}

enum err user_update(struct exchange *x)
{
    str room = {NULL, 0};
    int admin, disabled;
    struct user_change change = {.name = field_name_if_given(x, "name", &room)};
    struct user_row user = {0};
    enum err e;

    if (field_flag(x, "workspace_admin", &admin))
        change.workspace_admin = &admin;
    if (field_flag(x, "disabled", &disabled))
        change.disabled = &disabled;
    e = exchange_field_problem(x);
    if (!e)
        e = users_change(x->work, x->params[0], &change, &user);
    if (e)
        return e;
    x->location = path_of(x, user.id);
    x->notice = STR("Saved.");
    if (change.disabled)
        x->notice = *change.disabled
                        ? STR("Disabled: signed out everywhere, and links made before are void.")
                        : STR("Enabled.");
    return fill_user(x, &user);
}

enum err user_link(struct exchange *x)
{
    struct user_row user = {0};
    struct link_made link = {0};
    enum err e = links_make_for(x->work, x->params[0], &link, &user);

    if (e)
        return e;
    answer_link(x, &user, &link);
    return ERR_OK;
}
