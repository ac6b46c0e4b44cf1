/* See the header. */
#include "core/calls.h"

#include "base/id.h"
#include "base/log.h"
#include "core/call_groups.h"
#include "core/call_health.h"
#include "store/users.h"

/* --- writing ---------------------------------------------------------------------------------- */

enum err calls_save(struct work *w, const struct call_batch *batch)
{
    struct call_group_row *rows;
    size_t count;
    enum err e = work_write(w);

    if (e)
        return e;
    db_moves_nothing(w->db);
    call_groups_of(w->arena, batch, &rows, &count);
    for (size_t i = 0; !e && i < count; i++)
        e = store_call_group_insert(w->db, w->arena, w->fault, &rows[i]);
    return e ? e : call_health_note(w, batch);
}

/* --- reading ---------------------------------------------------------------------------------- */

#define AT_ONCE 16 /* groups of one query */
#define SCRATCH_MAX ((size_t)256 << 20)

struct look {
    struct work *w;
    const struct call_filter *filter;
    int64_t before_ms; /* what ended later does not fit */
    struct call_group_place place;
    struct call_row best[CALLS_PAGE + 1]; /* the newest that fit, the newest first */
    size_t count;
    int groups;
    int64_t calls;
    int over;
    int64_t looked_to; /* 0: to the end of what was needed */
};

static int fits_text(str wanted, str is)
{
    return wanted.n == 0 || str_eq(wanted, is);
}

static int fits(const struct call_filter *f, const struct call_kind *k, const struct call_note *n)
{
    return fits_text(f->connection, k->connection) && fits_text(f->key, k->key) &&
           fits_text(f->user, k->user) && fits_text(f->issue, n->issue) &&
           n->status >= f->status_from && (f->status_to == 0 || n->status <= f->status_to);
}

static struct call_row row_of(struct arena *a, const char *id, const struct call_kind *k,
                              const struct call_note *n)
{
    struct call_row row = {.id = arena_str_from(a, id), .kind = *k, .call = *n};
    str *const texts[] = {&row.kind.app,        &row.kind.connection, &row.kind.connection_name,
                          &row.kind.key,        &row.kind.key_name,   &row.kind.user,
                          &row.kind.credential, &row.kind.method,     &row.kind.template,
                          &row.kind.code,       &row.call.issue};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        *texts[i] = arena_str(a, *texts[i]);
    return row;
}

/* Among the best, when it is one of them. */
static void consider(struct look *l, str group, size_t index, const struct call_kind *k,
                     const struct call_note *n)
{
    const size_t room = sizeof(l->best) / sizeof(l->best[0]);
    char id[ID_LENGTH + 1];
    size_t at = l->count;

    if (n->at > l->before_ms || !fits(l->filter, k, n))
        return;
    id_of_member(id, n->at, group, index);
    if (l->filter->before.n && str_cmp(str_from(id), l->filter->before) >= 0)
        return;
    while (at && str_cmp(str_from(id), l->best[at - 1].id) > 0)
        at--;
    if (at == room)
        return;
    l->count += l->count < room;
    memmove(&l->best[at + 1], &l->best[at], (l->count - at - 1) * sizeof(l->best[0]));
    l->best[at] = row_of(l->w->arena, id, k, n);
}

/* From its newest on, so that few are taken in vain. */
static void look_at(struct look *l, struct arena *scratch, const struct call_group_row *row)
{
    struct call_group g;

    l->groups++;
    if (!call_group_read(scratch, row, &g)) {
        log_event(l->w->services->log, LOG_WARNING, "call_group_damaged", LOG_STR("id", row->id));
        return;
    }
    l->calls += (int64_t)g.count;
    for (size_t i = g.count; i-- > 0;)
        consider(l, row->id, i, &g.kinds[g.notes[i].kind], &g.notes[i]);
}

/* Nothing that ended until then can be among the page's. */
static int is_found(const struct look *l, int64_t last_at)
{
    return l->count > CALLS_PAGE && l->best[CALLS_PAGE - 1].call.at > last_at;
}

/* Looked long enough; and the next look begins further back than this one. */
static int is_enough(const struct look *l, int64_t last_at)
{
    return (l->groups >= CALLS_LOOK_GROUPS || l->calls >= CALLS_LOOK_CALLS) &&
           last_at + 1 < l->before_ms;
}

static enum err look_at_some(struct look *l, struct arena *scratch)
{
    struct work *w = l->w;
    struct call_group_row *rows = NULL;
    size_t count = 0;
    enum err e = store_call_groups_list(w->db, scratch, w->fault, w->membership.app, l->before_ms,
                                        l->place, AT_ONCE, &rows, &count);

    if (e)
        return e;
    l->over = count < AT_ONCE;
    for (size_t i = 0; i < count; i++) {
        if (is_found(l, rows[i].last_at) || is_enough(l, rows[i].last_at)) {
            l->over = 1;
            l->looked_to = is_found(l, rows[i].last_at) ? 0 : rows[i].last_at;
            return ERR_OK;
        }
        look_at(l, scratch, &rows[i]);
    }
    if (count)
        l->place = (struct call_group_place){rows[count - 1].last_at,
                                             arena_str(w->arena, rows[count - 1].id)};
    return ERR_OK;
}

static enum err look(struct look *l)
{
    struct arena *scratch = arena_new(SCRATCH_MAX);
    enum err e = ERR_OK;

    while (!e && !l->over) {
        e = look_at_some(l, scratch);
        arena_clear(scratch);
    }
    arena_free(scratch);
    return e;
}

/* --- a page ----------------------------------------------------------------------------------- */

static enum err add_user(struct work *w, struct call_row *rows, size_t at)
{
    struct user_row *user = NULL;

    for (size_t i = 0; i < at; i++) {
        if (str_eq(rows[i].kind.user, rows[at].kind.user)) {
            rows[at].user_name = rows[i].user_name;
            rows[at].user_email = rows[i].user_email;
            return ERR_OK;
        }
    }
    enum err e = store_user_find(w->db, w->arena, w->fault, rows[at].kind.user, &user);
    if (!e && user) {
        rows[at].user_name = user->name;
        rows[at].user_email = user->email;
    }
    return e;
}

/* When it gave up, what ended later than the next group is complete; the rest is the next page's.
 */
static void cut(struct look *l, struct call_page *ret)
{
    if (l->looked_to) {
        while (l->count && l->best[l->count - 1].call.at <= l->looked_to)
            l->count--;
        ret->next = id_lowest(l->w->arena, l->looked_to + 1);
    } else if (l->count > CALLS_PAGE) {
        l->count = CALLS_PAGE;
        ret->next = l->best[CALLS_PAGE - 1].id;
    }
    ret->count = l->count;
    ret->looked_to = l->looked_to;
}

enum err calls_page(struct work *w, const struct call_filter *filter, struct call_page *ret)
{
    struct look *l = arena_new_of(w->arena, struct look);

    l->w = w;
    l->filter = filter;
    l->before_ms = filter->before.n ? id_ms(filter->before) : INT64_MAX - CALL_GROUP_SPAN_MS - 1;
    l->place = (struct call_group_place){l->before_ms + CALL_GROUP_SPAN_MS + 1, STR("")};
    enum err e = look(l);
    if (e)
        return e;
    struct call_page page = {.rows = l->best};
    cut(l, &page);
    for (size_t i = 0; !e && i < page.count; i++)
        e = page.rows[i].kind.user.p ? add_user(w, page.rows, i) : ERR_OK;
    if (!e)
        *ret = page;
    return e;
}
