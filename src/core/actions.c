/* The rules of actions. See the header. */
#include "core/actions.h"

#include "base/id.h"
#include "core/names.h"

#define SUFFIX_MAX 9999

int action_can_run(const struct action_row *row)
{
    return row->enabled && row->applied_version > 0;
}

int action_is_draft(const struct action_row *row)
{
    return row->applied_version == 0 || row->applied_from != row->draft_version;
}

static int sees_all(const struct work *w)
{
    return w->membership.role == PERMISSION_ROLE_ADMIN;
}

enum err actions_list(struct work *w, struct action_row **ret, size_t *ret_count)
{
    struct action_row *rows = NULL;
    size_t count = 0, n = 0;
    enum err e = store_actions_list(w->db, w->arena, w->fault, w->membership.app, &rows, &count);

    if (e)
        return e;
    for (size_t i = 0; i < count; i++) {
        if (sees_all(w) || action_can_run(&rows[i]))
            rows[n++] = rows[i];
    }
    *ret = rows;
    *ret_count = n;
    return ERR_OK;
}

enum err action_find(struct work *w, str wanted, struct action_row *ret)
{
    struct action_row row = {0};
    enum err e = store_action_find(w->db, w->arena, w->fault, w->membership.app, wanted,
                                   name_key(w->arena, wanted), &row);

    if (e)
        return e;
    if (!sees_all(w) && !action_can_run(&row))
        return work_fail(w, ERR_NOT_FOUND, "There is no such action in this app.");
    *ret = row;
    return ERR_OK;
}

/* --- changing --------------------------------------------------------------------------------- */

static enum err check_room(struct work *w)
{
    struct action_row *rows = NULL;
    size_t count = 0;
    enum err e = actions_list(w, &rows, &count);

    if (e || count < ACTIONS_MAX)
        return e;
    return work_fail(w, ERR_INVALID,
                     "An app can have %d actions at most. Delete one that nobody needs.",
                     ACTIONS_MAX);
}

/* The first free one of "create-issue", "create-issue-2", ... in this app. */
static enum err make_slug(struct work *w, str name, str *ret)
{
    str base = name_slug(w->arena, name), slug = base;

    for (int n = 2; n <= SUFFIX_MAX; n++) {
        int taken = 0;
        enum err e =
            store_action_slug_taken(w->db, w->arena, w->fault, w->membership.app, slug, &taken);
        if (e)
            return e;
        if (!taken) {
            *ret = slug;
            return ERR_OK;
        }
        slug = arena_printf(w->arena, "%.*s-%d", STR_ARG(base), n);
    }
    return work_fail(w, ERR_NAME_TAKEN, "");
}

static enum err name_taken(struct work *w, enum err e)
{
    if (e != ERR_CONFLICT)
        return e;
    return work_fail(w, ERR_NAME_TAKEN,
                     "This app already has an action of that name. Choose another one.");
}

enum err action_create(struct work *w, str name, str description, str draft, struct action_row *ret)
{
    struct action_row row = {
        .id = id_new(w->arena),
        .app = w->membership.app,
        .name = name,
        .description = description,
        .enabled = 1,
        .draft = draft,
        .draft_version = 1,
        .created = w->now_ms,
        .created_by = w->actor.user,
        .changed = w->now_ms,
    };
    enum err e = work_write(w);

    if (!e)
        e = check_room(w);
    if (!e)
        e = make_slug(w, name, &row.slug);
    if (!e)
        e = name_taken(
            w, store_action_insert(w->db, w->arena, w->fault, &row, name_key(w->arena, name)));
    return e ? e : action_find(w, row.id, ret);
}

/* Saves `next` when what is on file is still as it was read. */
static enum err save(struct work *w, struct action_row *next, int64_t version,
                     struct action_row *ret)
{
    int done = 0;
    enum err e = work_write(w);

    next->changed = w->now_ms;
    if (!e)
        e = name_taken(w, store_action_update(w->db, w->arena, w->fault, next,
                                              name_key(w->arena, next->name), version, &done));
    if (e)
        return e;
    return done ? action_find(w, next->id, ret) : work_fail(w, ERR_CONFLICT, "");
}

enum err action_change(struct work *w, const struct action_row *row,
                       const struct action_change *change, struct action_row *ret)
{
    struct action_row next = *row;

    if (change->name)
        next.name = *change->name;
    if (change->description)
        next.description = *change->description;
    if (change->enabled)
        next.enabled = *change->enabled;
    if (change->draft && !str_eq(*change->draft, row->draft)) {
        next.draft = *change->draft;
        next.draft_version++;
    }
    return save(w, &next, row->draft_version, ret);
}

enum err action_set_entry(struct work *w, const struct action_row *row, str entry)
{
    enum err e = work_write(w);

    if (!e)
        e = store_action_set_entry(w->db, w->arena, w->fault, row->app, row->id, entry);
    return e;
}

enum err action_free_name(struct work *w, str name, str *ret)
{
    struct action_row row = {0};
    str wanted = name;

    for (int n = 2; n <= SUFFIX_MAX; n++) {
        enum err e = store_action_find(w->db, w->arena, w->fault, w->membership.app, wanted,
                                       name_key(w->arena, wanted), &row);
        if (e != ERR_NOT_FOUND) {
            if (e)
                return e;
            wanted = arena_printf(w->arena, "%.*s %d", STR_ARG(name), n);
            continue;
        }
        fault_clear(w->fault);
        *ret = wanted;
        return ERR_OK;
    }
    return work_fail(w, ERR_NAME_TAKEN, "");
}

enum err action_apply(struct work *w, const struct action_row *row, str applied,
                      struct action_row *ret)
{
    struct action_row next = *row;

    next.applied = applied;
    next.applied_version++;
    next.applied_from = row->draft_version;
    next.applied_at = w->now_ms;
    next.applied_by = w->actor.user;
    return save(w, &next, row->draft_version, ret);
}

enum err action_revert(struct work *w, const struct action_row *row, str draft,
                       struct action_row *ret)
{
    struct action_row next = *row;

    if (row->applied_version == 0)
        return work_fail(w, ERR_CONFLICT,
                         "This action was never applied, so there is nothing to "
                         "go back to.");
    next.draft = draft;
    next.draft_version++;
    next.applied_from = next.draft_version;
    return save(w, &next, row->draft_version, ret);
}

enum err action_delete(struct work *w, const struct action_row *row)
{
    int done = 0;
    enum err e = work_write(w);

    if (!e)
        e = store_action_delete(w->db, w->arena, w->fault, row->app, row->id, &done);
    if (e)
        return e;
    return done ? ERR_OK : work_fail(w, ERR_NOT_FOUND, "There is no such action in this app.");
}
