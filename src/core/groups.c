/* The rules of groups. See the header. */
#include "core/groups.h"

#include "base/id.h"
#include "core/names.h"
#include "core/users.h"

static enum err name_taken(struct work *w, enum err e)
{
    if (e != ERR_CONFLICT)
        return e;
    return work_fail(w, ERR_NAME_TAKEN,
                     "There is already a group of this name. Choose another one.");
}

static void set_name(struct work *w, struct group_row *group, str name)
{
    group->name = name;
    group->name_key = name_key(w->arena, name);
    group->sort_key = name_sort_key(w->arena, name, group->id);
}

enum err groups_all(struct work *w, struct group_row **ret, size_t *ret_count)
{
    return store_groups_list(w->db, w->arena, w->fault, ret, ret_count);
}

enum err groups_of(struct work *w, str user, struct group_row **ret, size_t *ret_count)
{
    return store_groups_of_user(w->db, w->arena, w->fault, user, ret, ret_count);
}

enum err groups_people(struct work *w, str id, str after, struct groups_people *ret)
{
    struct groups_people p = {0};
    str *keys = NULL;
    enum err e = store_group_members(w->db, w->arena, w->fault, id, after, USERS_PAGE + 1,
                                     &p.members, &p.member_count, &keys);

    if (!e)
        e = store_group_candidates(w->db, w->arena, w->fault, id, USERS_CHOICES, &p.candidates,
                                   &p.candidate_count);
    if (e)
        return e;
    if (p.member_count > USERS_PAGE) {
        p.member_count = USERS_PAGE;
        p.next = keys[USERS_PAGE - 1];
    }
    *ret = p;
    return ERR_OK;
}

enum err groups_get(struct work *w, str id, struct group_row *ret)
{
    struct group_row *row = NULL;
    enum err e = store_group_find(w->db, w->arena, w->fault, id, &row);

    if (e)
        return e;
    if (row == NULL)
        return work_fail(w, ERR_NOT_FOUND, "There is no such group.");
    *ret = *row;
    return ERR_OK;
}

enum err groups_create(struct work *w, str name, str description, struct group_row *ret)
{
    struct group_row row = {
        .id = id_new(w->arena),
        .description = description,
        .created = w->now_ms,
    };
    enum err e = work_write(w);

    set_name(w, &row, name);
    if (!e)
        e = name_taken(w, store_group_insert(w->db, w->arena, w->fault, &row));
    if (e)
        return e;
    *ret = row;
    return ERR_OK;
}

enum err groups_change(struct work *w, str id, const str *name, const str *description,
                       struct group_row *ret)
{
    struct group_row row = {0};
    enum err e = work_write(w);

    if (!e)
        e = groups_get(w, id, &row);
    if (e)
        return e;
    if (name)
        set_name(w, &row, *name);
    if (description)
        row.description = *description;
    e = name_taken(w, store_group_update(w->db, w->arena, w->fault, &row));
    if (e)
        return e;
    *ret = row;
    return ERR_OK;
}

enum err groups_delete(struct work *w, str id)
{
    struct group_row row = {0};
    enum err e = work_write(w);

    if (!e)
        e = groups_get(w, id, &row);
    return e ? e : store_group_delete(w->db, w->arena, w->fault, id);
}

enum err groups_add(struct work *w, str id, str user)
{
    struct group_row row = {0};
    struct user_row *member = NULL;
    enum err e = work_write(w);

    if (!e)
        e = groups_get(w, id, &row);
    if (!e)
        e = users_find(w, user, &member);
    if (e)
        return e;
    if (member == NULL)
        return work_fail(w, ERR_INVALID, "There is no user with this e-mail.");
    if (member->state == USER_DISABLED)
        return work_fail(w, ERR_INVALID, "This user is disabled. Enable them first.");
    return store_group_member_add(w->db, w->arena, w->fault, id, member->id, w->now_ms);
}

enum err groups_remove(struct work *w, str id, str user)
{
    int done = 0;
    enum err e = work_write(w);

    if (!e)
        e = store_group_member_remove(w->db, w->arena, w->fault, id, user, &done);
    if (e)
        return e;
    return done ? ERR_OK : work_fail(w, ERR_NOT_FOUND, "This user is not in the group.");
}
