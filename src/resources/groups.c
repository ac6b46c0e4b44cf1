/* Groups and their members, for workspace admins. */
#include "core/groups.h"

#include "base/doc.h"
#include "core/names.h"
#include "resources/fields.h"
#include "resources/people_doc.h"
#include "resources/routes.h"

static str path_of(struct exchange *x, str group)
{
    return arena_printf(x->arena, "/groups/%.*s", STR_ARG(group));
}

static void fill_row(json_t *doc, const struct group_row *row)
{
    doc_set_str(doc, "id", row->id);
    doc_set_str(doc, "name", row->name);
    doc_set_str(doc, "description", row->description.p ? row->description : STR(""));
}

enum err groups_list(struct exchange *x)
{
    json_t *list = doc_array(x->arena);
    struct group_row *rows = NULL;
    size_t count = 0;
    enum err e = groups_all(x->work, &rows, &count);

    if (e)
        return e;
    for (size_t i = 0; i < count; i++) {
        json_t *group = doc_object(x->arena);
        fill_row(group, &rows[i]);
        doc_set_int(group, "members", rows[i].members);
        doc_append(list, group);
    }
    doc_set(exchange_doc(x), "groups", list);
    doc_set_int(exchange_doc(x), "total", (int64_t)count);
    return ERR_OK;
}

/* The whole document of one group. */
static enum err fill_group(struct exchange *x, str id)
{
    struct group_row row = {0};
    struct groups_people people = {0};
    json_t *doc = exchange_doc(x);
    enum err e = groups_get(x->work, id, &row);

    if (!e)
        e = groups_people(x->work, id, exchange_text(x, "after"), &people);
    if (e)
        return e;
    fill_row(doc, &row);
    doc_set_str(doc, "group_id", row.id);
    doc_set_int(doc, "total", row.members);
    doc_set(doc, "members", people_doc_list(x, people.members, people.member_count));
    doc_set_str(doc, "next", people.next);
    doc_set(doc, "candidates", people_doc_list(x, people.candidates, people.candidate_count));
    return ERR_OK;
}

enum err group_show(struct exchange *x)
{
    return fill_group(x, x->params[0]);
}

enum err group_create(struct exchange *x)
{
    str name = exchange_name_field(x, "name", NAMES_LENGTH_MAX);
    str description = exchange_text_field(x, "description", NAMES_DESCRIPTION_MAX);
    struct group_row row = {0};
    enum err e = exchange_field_problem(x);

    if (!e)
        e = groups_create(x->work, name, description, &row);
    if (e)
        return e;
    x->status = 201;
    x->location = path_of(x, row.id);
    return fill_group(x, row.id);
}

enum err group_update(struct exchange *x)
{
    str name = {NULL, 0}, description = {NULL, 0};
    const str *new_name = field_name_if_given(x, "name", &name);
    const str *new_description = field_description_if_given(x, &description);
    struct group_row row = {0};
    enum err e = exchange_field_problem(x);

    if (!e)
        e = groups_change(x->work, x->params[0], new_name, new_description, &row);
    if (e)
        return e;
    x->location = path_of(x, row.id);
    x->notice = STR("Saved.");
    return fill_group(x, row.id);
}

enum err group_delete(struct exchange *x)
{
    enum err e = groups_delete(x->work, x->params[0]);

    if (e)
        return e;
    x->location = STR("/groups");
    x->notice = STR("The group was deleted, with its permissions in all apps.");
    return ERR_OK;
}

enum err group_member_add(struct exchange *x)
{
    str user = exchange_name_field(x, "user", 254);
    enum err e = exchange_field_problem(x);

    if (!e)
        e = groups_add(x->work, x->params[0], user);
    if (e)
        return e;
    x->location = path_of(x, x->params[0]);
    return fill_group(x, x->params[0]);
}

enum err group_member_remove(struct exchange *x)
{
    enum err e = groups_remove(x->work, x->params[0], x->params[1]);

    if (e)
        return e;
    x->location = path_of(x, x->params[0]);
    return fill_group(x, x->params[0]);
}
