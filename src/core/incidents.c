/* The look, and who is told. See the header. */
#include "core/incidents.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/id.h"
#include "core/deliveries.h"
#include "core/incident_text.h"
#include "core/notifier.h"
#include "core/settings.h"

#define FAILING_MS (15 * CLOCK_MINUTE_MS)
#define EXPIRES_MS (30 * CLOCK_DAY_MS)
#define CALM_DOUBLINGS_MAX 6

static const int64_t CALM_MINUTES[] = {
#define INCIDENT(name, code, calm, opened, still, closed, gone) calm,
#include "incidents.def"
#undef INCIDENT
};
static const int64_t WARN_DAYS[] = {14, 7, 1};

static const str CODES[] = {
#define INCIDENT(name, code, calm, opened, still, closed, gone) STR(code),
#include "incidents.def"
#undef INCIDENT
};

/* --- telling ---------------------------------------------------------------------------------- */

struct people {
    struct person_row *rows;
    size_t count;
};

static void join(struct arena *a, struct people *p, const struct people *more)
{
    struct person_row *all = arena_alloc_array(a, p->count + more->count + 1, sizeof(*all));
    size_t n = p->count;

    if (n)
        memcpy(all, p->rows, n * sizeof(*all));
    for (size_t i = 0; i < more->count; i++) {
        size_t k = 0;
        while (k < p->count && !str_eq(p->rows[k].id, more->rows[i].id))
            k++;
        if (k == p->count)
            all[n++] = more->rows[i];
    }
    *p = (struct people){all, n};
}

/* Where Everyone is admin, those are told who are so by name. */
static enum err admins_of(struct work *w, str app, struct people *ret)
{

    if (!app.p)
        return store_workspace_admins(w->db, w->arena, w->fault, INCIDENTS_ADMINS, &ret->rows,
                                      &ret->count);
    return store_incident_admins(w->db, w->arena, w->fault, app, INCIDENTS_ADMINS, &ret->rows,
                                 &ret->count);
}

static int admins_hear(const struct work *w, const struct incident_row *i,
                       enum incident_event event)
{
    if (!i->owner.p)
        return 1;
    return event == INCIDENT_STILL_OPEN && (incident_kind_of(i->kind) != INCIDENT_KEY_EXPIRES ||
                                            i->expires - w->now_ms <= CLOCK_DAY_MS);
}

static enum err who_hears(struct work *w, const struct incident_row *i, enum incident_event event,
                          struct people *ret)
{
    struct people admins = {0};
    enum err e = ERR_OK;

    if (event == INCIDENT_CLOSED)
        return store_incident_told(w->db, w->arena, w->fault, i->id, i->app, &ret->rows,
                                   &ret->count);
    if (i->owner.p)
        e = store_incident_owner(w->db, w->arena, w->fault, i->app, i->owner, &ret->rows,
                                 &ret->count);
    if (e || !admins_hear(w, i, event))
        return e;
    e = admins_of(w, i->app, &admins);
    if (!e)
        join(w->arena, ret, &admins);
    return e;
}

/* Beyond so many an hour the notice alone has to do. */
static enum err mail_to(struct work *w, enum incident_event event, const struct person_row *person,
                        const struct notice_row *n)
{
    str url = w->services->settings->public_url;
    int64_t full = 0;
    struct delivery_row mail = {
        .id = id_new(w->arena),
        .user = person->id,
        .event = arena_printf(w->arena, "incident.%.*s", STR_ARG(incident_event_word(event))),
        .subject = incident_mail_subject(w->arena, n->sentence),
        .body = incident_mail_text(w->arena, url, person->name, n->sentence, n->link),
    };

    if (!w->services->notifier || !w->services->notifier->mail)
        return ERR_OK;
    enum err e = store_delivery_nth_mail(w->db, w->arena, w->fault, person->id,
                                         INCIDENTS_MAILS_AN_HOUR, &full);
    if (e || full > w->now_ms - CLOCK_HOUR_MS)
        return e;
    return delivery_add(w, &mail);
}

static enum err tell_person(struct work *w, const struct incident_row *i, enum incident_event event,
                            const struct person_row *person)
{
    int is_owner = i->owner.p && str_eq(i->owner, person->id);
    struct notice_row n = {
        .id = id_new(w->arena),
        .user = person->id,
        .incident = i->id,
        .event = incident_event_word(event),
        .sentence = incident_sentence(w->arena, i, event, is_owner, w->now_ms),
        .link = incident_link(w->arena, i, is_owner),
        .created = w->now_ms,
    };
    enum err e = store_notice_insert(w->db, w->arena, w->fault, &n);

    return e ? e : mail_to(w, event, person, &n);
}

static enum err tell_webhooks(struct work *w, const struct incident_row *i,
                              enum incident_event event)
{
    struct webhook_row *hooks = NULL;
    size_t count = 0;
    str url = w->services->settings->public_url;
    enum err e = store_webhooks_of(w->db, w->arena, w->fault, i->app, &hooks, &count);

    for (size_t k = 0; k < count && !e; k++) {
        if (!hooks[k].active)
            continue;
        str id = id_new(w->arena);
        struct delivery_row row = {
            .id = id,
            .webhook = hooks[k].id,
            .event = arena_printf(w->arena, "incident.%.*s", STR_ARG(incident_event_word(event))),
            .subject = STR(""),
            .body = incident_message(w->arena, url, id, i, event, w->now_ms),
        };
        e = delivery_add(w, &row);
    }
    return e;
}

static enum err tell(struct work *w, const struct incident_row *i, enum incident_event event)
{
    struct people people = {0};
    enum err e = who_hears(w, i, event, &people);

    for (size_t k = 0; k < people.count && !e; k++)
        e = tell_person(w, i, event, &people.rows[k]);
    return e ? e : tell_webhooks(w, i, event);
}

/* --- opening ---------------------------------------------------------------------------------- */

static int64_t next_warning(const struct incident_row *i, int64_t now_ms)
{
    for (size_t k = 0; k < sizeof(WARN_DAYS) / sizeof(WARN_DAYS[0]); k++)
        if (i->expires - WARN_DAYS[k] * CLOCK_DAY_MS > now_ms)
            return i->expires - WARN_DAYS[k] * CLOCK_DAY_MS;
    return 0;
}

/* What keeps coming back has to be over for longer each time, so that it is told ever more seldom.
 */
static enum err set_calm(struct work *w, struct incident_row *i)
{
    int64_t before = 0;
    enum incident_kind kind = incident_kind_of(i->kind);

    must(kind < INCIDENT_KINDS); /* find_new()'s, of this version */
    enum err e = store_incident_count(w->db, w->arena, w->fault, i->kind, i->subject,
                                      w->now_ms - CLOCK_DAY_MS, &before);

    before = before > CALM_DOUBLINGS_MAX ? CALM_DOUBLINGS_MAX : before;
    i->calm_ms = CALM_MINUTES[kind] * CLOCK_MINUTE_MS << before;
    return e;
}

static enum err open_one(struct work *w, struct incident_row *i)
{
    int opened = 0;
    int expires = incident_kind_of(i->kind) == INCIDENT_KEY_EXPIRES;

    i->id = id_new(w->arena);
    i->opened = w->now_ms;
    i->expires = expires ? i->expires : 0;
    i->remind_at = expires ? next_warning(i, w->now_ms) : w->now_ms + CLOCK_DAY_MS;
    enum err e = set_calm(w, i);
    if (!e)
        e = store_incident_open(w->db, w->arena, w->fault, i, &opened);
    if (e || !opened)
        return e;
    if (incident_kind_of(i->kind) == INCIDENT_REFRESH_FAILING)
        e = store_incident_keep_trying(w->db, w->arena, w->fault, i->subject, w->now_ms);
    return e ? e : tell(w, i, INCIDENT_OPENED);
}

/* --- closing ---------------------------------------------------------------------------------- */

static enum err close_one(struct work *w, const struct incident_row *i)
{
    int closed = 0;
    enum err e = store_incident_close(w->db, w->arena, w->fault, i->id, w->now_ms, &closed);

    return e || !closed ? e : tell(w, i, INCIDENT_CLOSED);
}

static enum err move_one(struct work *w, const struct incident_row *i)
{
    if (i->holds)
        return store_incident_calm(w->db, w->arena, w->fault, i->id, 0);
    if (i->calm_since || i->calm_ms == 0)
        return close_one(w, i);
    return store_incident_calm(w->db, w->arena, w->fault, i->id, w->now_ms);
}

/* --- still open ------------------------------------------------------------------------------- */

/* A key that Jira refuses already is told of as what it is: needs_reconnect. */
static enum err remind_one(struct work *w, const struct incident_row *i)
{
    int expires = incident_kind_of(i->kind) == INCIDENT_KEY_EXPIRES;
    enum err e = store_incident_remind(w->db, w->arena, w->fault, i->id,
                                       expires ? next_warning(i, w->now_ms) : 0);

    return e || (expires && !i->works) ? e : tell(w, i, INCIDENT_STILL_OPEN);
}

/* --- looking ---------------------------------------------------------------------------------- */

/* What is over first, so that it is not told of as still open. */
#define STEP_OPEN INCIDENT_KINDS
#define STEP_REMIND (2 * INCIDENT_KINDS)
#define STEPS (2 * INCIDENT_KINDS + 1)

struct list {
    struct incident_row *rows;
    size_t count;
};

static enum err find_new(struct work *w, enum incident_kind kind,
                         const struct incident_cursor *after, struct list *ret)
{
    switch (kind) {
    case INCIDENT_NEEDS_RECONNECT:
        return store_incidents_refused(w->db, w->arena, w->fault, after, INCIDENTS_AT_ONCE,
                                       &ret->rows, &ret->count);
    case INCIDENT_KEY_EXPIRES:
        return store_incidents_expiring(w->db, w->arena, w->fault, w->now_ms + EXPIRES_MS,
                                        w->now_ms - CLOCK_DAY_MS, after, INCIDENTS_AT_ONCE,
                                        &ret->rows, &ret->count);
    case INCIDENT_REFRESH_FAILING:
        return store_incidents_failing(w->db, w->arena, w->fault, w->now_ms, w->now_ms - FAILING_MS,
                                       after, INCIDENTS_AT_ONCE, &ret->rows, &ret->count);
    case INCIDENT_SCOPES_LOST:
        return store_incidents_lost(w->db, w->arena, w->fault, after, INCIDENTS_AT_ONCE, &ret->rows,
                                    &ret->count);
    case INCIDENT_CLIENT_REFUSED:
        return store_incidents_client(w->db, w->arena, w->fault, INCIDENTS_AT_ONCE, &ret->rows,
                                      &ret->count);
    case INCIDENT_KINDS:
        break;
    }
    unreachable("kind");
}

static enum err find(struct work *w, const struct incidents_round *r, struct list *ret)
{
    struct incident_cursor after = {r->expires, str_from(r->grant), str_from(r->id)};

    *ret = (struct list){NULL, 0};
    if (r->step < STEP_OPEN)
        return store_incidents_changed(w->db, w->arena, w->fault, CODES[r->step], w->now_ms,
                                       w->now_ms - FAILING_MS, &after, INCIDENTS_AT_ONCE,
                                       &ret->rows, &ret->count);
    if (r->step < STEP_REMIND)
        return find_new(w, (enum incident_kind)(r->step - STEP_OPEN), &after, ret);
    return store_incidents_due(w->db, w->arena, w->fault, w->now_ms, INCIDENTS_AT_ONCE, &ret->rows,
                               &ret->count);
}

static void keep(char *to, str s)
{
    must(s.n < INCIDENTS_CURSOR_MAX);
    if (s.n)
        memcpy(to, s.p, s.n);
    to[s.n] = '\0';
}

static void next_step(struct incidents_round *r)
{
    *r = (struct incidents_round){.step = r->step + 1};
}

/* Behind the last row of a list that was cut off, else to the next step. */
static void go_on(struct incidents_round *r, const struct list *l, const struct incident_row *last)
{
    if (l->count < INCIDENTS_AT_ONCE) {
        next_step(r);
        return;
    }
    r->expires = last->expires;
    keep(r->grant, last->grant);
    keep(r->id, r->step < STEP_OPEN ? last->id : last->subject);
}

static enum err act(struct work *w, const struct incidents_round *r, struct incident_row *i)
{
    if (r->step < STEP_OPEN)
        return move_one(w, i);
    return r->step < STEP_REMIND ? open_one(w, i) : remind_one(w, i);
}

/* In the transaction that acts, the list is read again. */
static enum err do_step(struct work *w, struct incidents_round *r)
{
    struct list l = {NULL, 0};
    struct incident_row last = {0};
    enum err e = work_write(w);

    if (!e)
        e = find(w, r, &l);
    if (!e && l.count)
        last = l.rows[l.count - 1];
    for (size_t i = 0; i < l.count && !e; i++)
        e = act(w, r, &l.rows[i]);
    if (!e)
        go_on(r, &l, &last);
    return e;
}

enum err incidents_look(struct work *w, struct incidents_round *r, int *ret_more)
{
    struct list l = {NULL, 0};
    enum err e = ERR_OK;

    *ret_more = 0;
    while (!e && r->step < STEPS) {
        e = find(w, r, &l);
        if (!e && l.count)
            break;
        next_step(r);
    }
    if (e || r->step == STEPS)
        return e;
    e = do_step(w, r);
    *ret_more = !e && r->step < STEPS;
    return e;
}

enum err incidents_of_place(struct work *w, struct incident_row **ret, size_t *ret_count,
                            int *ret_more)
{
    size_t count = 0;
    enum err e = store_incidents_of_app(w->db, w->arena, w->fault, w->membership.app,
                                        INCIDENTS_SHOWN + 1, ret, &count);

    if (e)
        return e;
    *ret_more = count > INCIDENTS_SHOWN;
    *ret_count = count - (size_t)*ret_more;
    return ERR_OK;
}
