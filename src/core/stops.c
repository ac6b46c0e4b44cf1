/* Emergency stops; states and invariants are in the header. */
#include "core/stops.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/id.h"
#include "core/users.h"
#include "store/apps.h"
#include "store/keys.h"
#include "store/oauth.h"

#define LIST_TRIES 5

static const str NONE = {NULL, 0};

/* --- what is in force ------------------------------------------------------------------------- */

/* Nobody acts with a key of an app: it stands for whoever made it. */
static str responsible(const struct work *w)
{
    str user = w->actor.user.p || !w->actor.key ? w->actor.user : w->actor.key->created_by;

    return user.p ? user : STR("");
}

enum err stops_in_force(struct work *w, struct stops_in_force *ret)
{
    str app = w->membership.app.p ? w->membership.app : STR("");

    return store_stops_in_force(w->db, w->arena, w->fault, app, responsible(w), &ret->app,
                                &ret->user);
}

enum err stops_of_credential(struct work *w, str entered_by, str site, struct decide_stop *ret)
{
    int64_t of_user = 0, of_site = 0;
    enum err e =
        store_stops_of_credential(w->db, w->arena, w->fault, entered_by, site, &of_user, &of_site);

    if (e)
        return e;
    *ret = (struct decide_stop){STOPPED_NOT, 0};
    if (of_user)
        *ret = (struct decide_stop){STOPPED_ENTERER, of_user};
    else if (of_site)
        *ret = (struct decide_stop){STOPPED_SITE, of_site};
    return ERR_OK;
}

str stops_sentence(struct arena *a, const struct decide_stop *stop)
{
    static const char *const TEXTS[] = {
        [STOPPED_APP] = "everything of this app. Ask an app admin or a workspace admin",
        [STOPPED_USER] = "everything that you connected. Ask a workspace admin",
        [STOPPED_MAKER] =
            "everything of the person who made this Mortise key. Ask a workspace admin",
        [STOPPED_ENTERER] = "everything of the person who entered this. Ask a workspace admin",
        [STOPPED_SITE] = "everything on this Jira site. Ask a workspace admin",
    };
    char at[25];

    must(stop->of != STOPPED_NOT);
    clock_format(stop->since, at);
    return arena_printf(a, "Stopped by an admin since %.10s %.5s UTC: %s", at, at + 11,
                        TEXTS[stop->of]);
}

enum err stops_refuse(struct work *w, const struct decide_stop *stop)
{
    return work_fail(w, ERR_STOPPED, "%.*s.", STR_ARG(stops_sentence(w->arena, stop)));
}

static enum err refuse_site(struct work *w, const struct stop_row *row)
{
    return stops_refuse(w, &(struct decide_stop){STOPPED_SITE, row->stopped});
}

enum err stops_check_connect(struct work *w, str site)
{
    struct stops_in_force in_force = {0};
    struct stop_row *of_site = NULL;
    enum err e = stops_in_force(w, &in_force);

    if (!e && !str_empty(site))
        e = store_stop_open(w->db, w->arena, w->fault, STOP_SITE, site, &of_site);
    if (e)
        return e;
    if (in_force.app)
        return stops_refuse(w, &(struct decide_stop){STOPPED_APP, in_force.app});
    if (in_force.user)
        return stops_refuse(w, &(struct decide_stop){STOPPED_USER, in_force.user});
    return of_site ? refuse_site(w, of_site) : ERR_OK;
}

enum err stops_check_key(struct work *w, str app)
{
    struct stops_in_force in_force = {0};
    enum err e = store_stops_in_force(w->db, w->arena, w->fault, app.p ? app : STR(""),
                                      responsible(w), &in_force.app, &in_force.user);

    if (e)
        return e;
    if (in_force.app)
        return stops_refuse(w, &(struct decide_stop){STOPPED_APP, in_force.app});
    return in_force.user ? stops_refuse(w, &(struct decide_stop){STOPPED_USER, in_force.user})
                         : ERR_OK;
}

enum err stops_check_address(struct work *w, str url)
{
    struct stop_row *row = NULL;
    enum err e = store_stop_of_address(w->db, w->arena, w->fault, url, &row);

    return !e && row ? refuse_site(w, row) : e;
}

enum err stops_that_keep(struct work *w, const struct stop_loss *loss, struct stop_row **ret)
{
    return store_stop_that_keeps(w->db, w->arena, w->fault, loss, ret);
}

enum err stops_refuse_loss(struct work *w, const struct stop_row *row)
{
    static const char *const WHAT[STOP_KINDS] = {"this app", "a person whose credentials are here",
                                                 "a Jira site of credentials that are here"};
    char at[25];

    clock_format(row->stopped, at);
    return work_fail(
        w, ERR_STOPPED,
        "A workspace admin stopped %s, on %.10s %.5s UTC. What is stored under the stop"
        " is kept until a workspace admin lifts it.",
        WHAT[row->kind], at, at + 11);
}

enum err stops_check_loss(struct work *w, const struct stop_loss *loss)
{
    struct stop_row *row = NULL;
    enum err e = stops_that_keep(w, loss, &row);

    return !e && row ? stops_refuse_loss(w, row) : e;
}

/* --- the subject ------------------------------------------------------------------------------ */

/* "acme.atlassian.net/jira/boards/1" -> "https://acme.atlassian.net"; a cloud id stays as it is. */
static str site_address(struct arena *a, str name)
{
    size_t scheme = str_find(name, STR("://"));
    size_t from = scheme == SIZE_MAX ? 0 : scheme + 3;
    size_t length = str_find_char(str_slice(name, from, name.n), '/');

    if (length != SIZE_MAX)
        name = str_slice(name, 0, from + length);
    return scheme == SIZE_MAX ? arena_printf(a, "https://%.*s", STR_ARG(name)) : name;
}

static enum err find_site(struct work *w, str name, struct stop_subject *ret)
{
    struct stop_site *site = NULL;
    enum err e = store_stop_site_find(w->db, w->arena, w->fault, name, &site);

    if (!e && !site)
        e = store_stop_site_find(w->db, w->arena, w->fault, site_address(w->arena, name), &site);
    if (e)
        return e;
    if (!site)
        return work_fail(w, ERR_NOT_FOUND,
                         "Nobody has connected to a site of this address or cloud id.");
    *ret = (struct stop_subject){STOP_SITE, site->id, site->name, site->url};
    return ERR_OK;
}

static enum err find_user(struct work *w, str name, struct stop_subject *ret)
{
    struct user_row *user = NULL;
    enum err e = users_find(w, name, &user);

    if (e)
        return e;
    if (!user)
        return work_fail(w, ERR_NOT_FOUND, "There is no user with this e-mail.");
    *ret = (struct stop_subject){STOP_USER, user->id, user->name, user->email};
    return ERR_OK;
}

static enum err find_app(struct work *w, str name, struct stop_subject *ret)
{
    struct app_row *app = NULL;
    enum err e = store_app_find(w->db, w->arena, w->fault, name, &app);

    if (!e && !app)
        e = store_app_find_slug(w->db, w->arena, w->fault, name, &app);
    if (e)
        return e;
    if (!app)
        return work_fail(w, ERR_NOT_FOUND, "There is no app of this address.");
    *ret = (struct stop_subject){STOP_APP, app->id, app->name, app->slug};
    return ERR_OK;
}

enum err stop_subject_find(struct work *w, enum stop_kind kind, str name, struct stop_subject *ret)
{
    name = str_trim(name);
    switch (kind) {
    case STOP_APP:
        return find_app(w, name, ret);
    case STOP_USER:
        return find_user(w, name, ret);
    case STOP_SITE:
        return find_site(w, name, ret);
    }
    unreachable("kind");
}

/* --- setting and lifting ---------------------------------------------------------------------- */

/* Nobody acts: the command line, on the server's machine. */
static int acts_for_workspace(const struct work *w)
{
    return w->actor.user.p == NULL || w->actor.workspace_admin;
}

static str actor_or_none(const struct work *w)
{
    return w->actor.user.p ? w->actor.user : NONE;
}

static enum err reread(struct work *w, str id, struct stop_row *ret)
{
    struct stop_row *row = NULL;
    enum err e = store_stop_find(w->db, w->arena, w->fault, id, &row);

    if (e)
        return e;
    if (!row)
        return work_fail(w, ERR_NOT_FOUND, "There is no such stop.");
    *ret = *row;
    return ERR_OK;
}

/* In the write transaction, or opens it. */
static enum err write_list(struct work *w, struct stop_row *row)
{
    enum err e = work_write(w);

    if (!e)
        e = reread(w, row->id, row);
    if (e || row->listed)
        return e;
    e = store_stop_write_items(w->db, w->arena, w->fault, row, w->now_ms);
    return e ? e : reread(w, row->id, row);
}

void stop_list(struct work *w, struct stop_row *row)
{
    const struct stop_row before = *row;
    enum err e = ERR_OK;

    for (int i = 0; i < LIST_TRIES && !row->listed; i++) {
        e = write_list(w, row);
        if (!e)
            e = work_commit(w);
        if (!e)
            break;
        db_rollback(w->db);
        fault_clear(w->fault);
        *row = before;
    }
}

enum err stop_set(struct work *w, const struct stop_subject *subject, str reason,
                  struct stop_row *ret)
{
    struct stop_row row = {
        .id = id_new(w->arena),
        .kind = subject->kind,
        .subject = subject->id,
        .label = subject->label,
        .detail = subject->detail,
        .reason = reason.p ? reason : STR(""),
        .by_workspace = acts_for_workspace(w),
        .stopped = w->now_ms,
        .stopped_by = actor_or_none(w),
    };
    struct stop_row *open = NULL;
    enum err e = work_write(w);

    if (!e)
        e = store_stop_open(w->db, w->arena, w->fault, row.kind, row.subject, &open);
    if (!e && open)
        return work_fail(w, ERR_CONFLICT, "This is stopped already.");
    if (!e)
        e = store_stop_insert(w->db, w->arena, w->fault, &row);
    if (!e)
        e = work_commit(w);
    if (!e)
        e = reread(w, row.id, ret);
    if (!e)
        stop_list(w, ret);
    return e;
}

int stop_may_end(const struct work *w, const struct stop_row *row)
{
    int of_self = row->kind == STOP_USER && w->actor.user.p && str_eq(row->subject, w->actor.user);

    return !of_self && (!row->by_workspace || acts_for_workspace(w));
}

/* The row, in the write transaction, if it is open and the actor may. */
static enum err begin_end(struct work *w, str id, struct stop_row *ret)
{
    enum err e = work_write(w);

    if (!e)
        e = stop_find(w, id, ret);
    if (e)
        return e;
    if (ret->lifted)
        return work_fail(w, ERR_CONFLICT, "This stop was lifted already.");
    if (stop_may_end(w, ret))
        return write_list(w, ret);
    if (ret->by_workspace && !acts_for_workspace(w))
        return work_fail(w, ERR_NOT_WORKSPACE_ADMIN,
                         "A workspace admin set this stop, so only a workspace admin may do this.");
    return work_fail(w, ERR_FORBIDDEN,
                     "This stop is of you. Another workspace admin has to do this.");
}

enum err stop_lift(struct work *w, str id, struct stop_row *ret)
{
    struct stop_row row = {0};
    enum err e = begin_end(w, id, &row);

    row.lifted = w->now_ms;
    row.lifted_by = actor_or_none(w);
    if (!e)
        e = store_stop_update(w->db, w->arena, w->fault, &row);
    return e ? e : reread(w, row.id, ret);
}

static str erase_sentence(struct arena *a, int64_t secrets)
{
    if (secrets == 0)
        return STR("Nothing of it is stored here any more.");
    return arena_printf(a,
                        "%lld stored %s erased for good. When the stop is lifted, everybody"
                        " concerned has to reconnect.",
                        (long long)secrets, secrets == 1 ? "secret is" : "secrets are");
}

enum err stop_cost(struct work *w, const struct stop_row *row, int64_t *ret_secrets,
                   str *ret_sentence)
{
    enum err e = store_stop_cost(w->db, w->arena, w->fault, row->kind, row->subject, ret_secrets);

    if (!e)
        *ret_sentence = erase_sentence(w->arena, *ret_secrets);
    return e;
}

static enum err wipe(struct work *w, struct stop_row *row)
{
    char at[25];
    int64_t count = 0;

    clock_format(w->now_ms, at);
    str why = arena_printf(w->arena,
                           "an admin stopped this in an emergency and erased what was stored, on"
                           " %.10s.",
                           at);
    enum err e =
        store_stop_wipe(w->db, w->arena, w->fault, row->kind, row->subject, why, w->now_ms, &count);
    if (!e)
        e = store_grants_drop_unused(w->db, w->arena, w->fault);
    row->erased = w->now_ms;
    row->erased_by = actor_or_none(w);
    row->erased_count += count;
    return e ? e : store_stop_update(w->db, w->arena, w->fault, row);
}

enum err stop_erase(struct work *w, str id, int64_t confirm_lost, struct stop_row *ret,
                    int64_t *ret_lost)
{
    struct stop_row row = {0};
    str sentence = NONE;
    enum err e = begin_end(w, id, &row);

    if (!e)
        e = stop_cost(w, &row, ret_lost, &sentence);
    if (e)
        return e;
    if (*ret_lost > confirm_lost)
        return work_fail(w, ERR_CONFIRM_REQUIRED, "%.*s Confirm this.", STR_ARG(sentence));
    if (*ret_lost > 0)
        e = wipe(w, &row);
    return e ? e : reread(w, row.id, ret);
}

/* --- looking ---------------------------------------------------------------------------------- */

static int is_seen(const struct work *w, const struct stop_row *row)
{
    if (w->membership.app.p)
        return row->kind == STOP_APP && str_eq(row->subject, w->membership.app);
    if (row->kind != STOP_APP || w->actor.user.p == NULL)
        return 1;
    return row->stopped_by.p && str_eq(row->stopped_by, w->actor.user);
}

enum err stop_find(struct work *w, str id, struct stop_row *ret)
{
    enum err e = reread(w, id, ret);

    return !e && !is_seen(w, ret) ? work_fail(w, ERR_NOT_FOUND, "There is no such stop.") : e;
}

enum err stop_open_of(struct work *w, enum stop_kind kind, str subject, struct stop_row **ret)
{
    return store_stop_open(w->db, w->arena, w->fault, kind, subject, ret);
}

enum err stops_list(struct work *w, int64_t skip, struct stop_row **ret, size_t *ret_count,
                    int64_t *ret_next)
{
    struct stops_filter filter = {w->membership.app, w->membership.app.p ? NONE : w->actor.user};
    enum err e =
        store_stops_page(w->db, w->arena, w->fault, &filter, skip, STOPS_PAGE + 1, ret, ret_count);

    if (e)
        return e;
    *ret_next = 0;
    if (*ret_count > STOPS_PAGE) {
        *ret_count = STOPS_PAGE;
        *ret_next = skip + STOPS_PAGE;
    }
    return ERR_OK;
}
