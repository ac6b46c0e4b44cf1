/* See the header. */
#include "core/incident_text.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/doc.h"

#define SENTENCE_MAX 4096
#define NAME_SHOWN 120
#define SUBJECT_SHOWN 140

struct texts {
    str code;
    str opened;
    str still;
    str closed;
    str gone;
};

static const struct texts TEXTS[] = {
#define INCIDENT(name, code, calm, opened, still, closed, gone)                                    \
    {STR(code), STR(opened), STR(still), STR(closed), STR(gone)},
#include "incidents.def"
#undef INCIDENT
};

enum incident_kind incident_kind_of(str code)
{
    int k = 0;

    while (k < INCIDENT_KINDS && !str_eq(TEXTS[k].code, code))
        k++;
    return (enum incident_kind)k;
}

str incident_event_word(enum incident_event event)
{
    static const str WORDS[] = {STR("opened"), STR("still_open"), STR("closed")};

    return WORDS[event];
}

/* --- sentences -------------------------------------------------------------------------------- */

static str count_of(struct arena *a, int64_t n, const char *unit)
{
    return arena_printf(a, "%lld %s%s", (long long)n, unit, n == 1 ? "" : "s");
}

static str span_of(struct arena *a, int64_t ms)
{
    if (ms >= 2 * CLOCK_DAY_MS)
        return count_of(a, ms / CLOCK_DAY_MS, "day");
    if (ms >= CLOCK_DAY_MS)
        return STR("a day");
    if (ms >= CLOCK_HOUR_MS)
        return count_of(a, ms / CLOCK_HOUR_MS, "hour");
    return count_of(a, ms < CLOCK_MINUTE_MS ? 1 : ms / CLOCK_MINUTE_MS, "minute");
}

static str left_of(struct arena *a, int64_t ms)
{
    int64_t days = (ms + CLOCK_DAY_MS / 2) / CLOCK_DAY_MS;

    if (ms <= 0)
        return STR("which is over");
    return days < 1 ? STR("within a day")
                    : arena_printf(a, "in %.*s", STR_ARG(count_of(a, days, "day")));
}

static str what_of(struct arena *a, const struct incident_row *i, int for_owner)
{
    if (!i->app.p)
        return STR("the workspace");
    str what = arena_printf(a, "\"%.*s\" in %.*s", STR_ARG(str_utf8_cut(i->name, NAME_SHOWN)),
                            STR_ARG(str_utf8_cut(i->app_name, NAME_SHOWN)));
    if (i->site_name.n)
        what = arena_printf(a, "%.*s on %.*s", STR_ARG(what),
                            STR_ARG(str_utf8_cut(i->site_name, NAME_SHOWN)));
    if (for_owner || !i->owner_name.p)
        return what;
    return arena_printf(a, "%.*s, connected by %.*s,", STR_ARG(what),
                        STR_ARG(str_utf8_cut(i->owner_name, NAME_SHOWN)));
}

static str value_of(struct arena *a, str name, const struct incident_row *i, int for_owner,
                    int64_t now_ms)
{
    int64_t end = i->calm_since ? i->calm_since : now_ms;
    char at[25];

    if (str_eq(name, STR("what")))
        return what_of(a, i, for_owner);
    if (str_eq(name, STR("why")))
        return i->why.n ? i->why : STR("it no longer works.");
    if (str_eq(name, STR("left")))
        return left_of(a, i->expires - now_ms);
    if (str_eq(name, STR("lasted")))
        return span_of(a, end - i->opened);
    clock_format(i->expires, at);
    return arena_str(a, (str){at, 10});
}

static str text_of(const struct incident_row *i, enum incident_event event)
{
    enum incident_kind kind = incident_kind_of(i->kind);

    if (kind == INCIDENT_KINDS)
        return STR(""); /* a later version's; lists leave it out (store/incidents.h) */
    const struct texts *t = &TEXTS[kind];
    if (event == INCIDENT_OPENED)
        return t->opened;
    if (event == INCIDENT_STILL_OPEN)
        return t->still;
    return i->works ? t->closed : t->gone;
}

str incident_sentence(struct arena *a, const struct incident_row *i, enum incident_event event,
                      int for_owner, int64_t now_ms)
{
    BUF_AUTO struct buf b = {0};
    str text = text_of(i, event);

    buf_init(&b, SENTENCE_MAX);
    while (text.n) {
        buf_add(&b, str_take_until(&text, '{'));
        if (text.p)
            buf_add(&b, value_of(a, str_take_until(&text, '}'), i, for_owner, now_ms));
    }
    return arena_str(a, str_utf8_cut(buf_str(&b), SENTENCE_MAX));
}

str incident_link(struct arena *a, const struct incident_row *i, int for_owner)
{
    const char *page = "connect";

    if (!i->app.p)
        return STR("/settings");
    if (incident_kind_of(i->kind) == INCIDENT_CLIENT_REFUSED)
        page = "edit";
    else if (!for_owner && i->owner.p)
        page = "credentials";
    return arena_printf(a, "/apps/%.*s/connections/%.*s/%s", STR_ARG(i->app_slug),
                        STR_ARG(i->connection), page);
}

/* --- messages --------------------------------------------------------------------------------- */

static json_t *pair(struct arena *a, const char *first, str one, const char *second, str two)
{
    json_t *o = doc_object(a);

    doc_set_str(o, first, one);
    doc_set_str(o, second, two);
    return o;
}

static void set_if(json_t *o, const char *key, int is, json_t *value)
{
    if (is)
        doc_set(o, key, value);
    else
        doc_set_null(o, key);
}

static json_t *incident_doc(struct arena *a, const struct incident_row *i,
                            enum incident_event event, int64_t now_ms)
{
    json_t *o = pair(a, "id", i->id, "kind", i->kind);

    doc_set_time(o, "opened", i->opened);
    doc_set_time(o, "closed", event == INCIDENT_CLOSED ? now_ms : 0);
    doc_set_time(o, "expires", i->expires);
    return o;
}

str incident_message(struct arena *a, str public_url, str id, const struct incident_row *i,
                     enum incident_event event, int64_t now_ms)
{
    json_t *o = doc_object(a), *data = doc_object(a), *owner = doc_object(a);
    str link = incident_link(a, i, 0);

    doc_set_str(owner, "name", i->owner_name);
    doc_set(data, "incident", incident_doc(a, i, event, now_ms));
    set_if(data, "app", i->app.p != NULL, pair(a, "slug", i->app_slug, "name", i->app_name));
    set_if(data, "connection", i->connection.p != NULL,
           pair(a, "id", i->connection, "name", i->name));
    set_if(data, "site", i->site_url.n != 0, pair(a, "name", i->site_name, "url", i->site_url));
    set_if(data, "owner", i->owner_name.p != NULL, owner);
    doc_set_str(data, "sentence", incident_sentence(a, i, event, 0, now_ms));
    doc_set_str(data, "link", arena_printf(a, "%.*s%.*s", STR_ARG(public_url), STR_ARG(link)));
    doc_set_str(o, "id", id);
    doc_set_str(o, "type", arena_printf(a, "incident.%.*s", STR_ARG(incident_event_word(event))));
    doc_set_time(o, "timestamp", now_ms);
    doc_set(o, "data", data);
    return doc_print(a, o);
}

str incident_mail_subject(struct arena *a, str sentence)
{
    size_t n = sentence.n;

    for (size_t i = 0; i + 1 < sentence.n && n == sentence.n; i++)
        if (sentence.p[i + 1] == ' ' && (sentence.p[i] == ':' || sentence.p[i] == '.'))
            n = i;
    return arena_printf(a, "Mortise: %.*s",
                        STR_ARG(str_utf8_cut((str){sentence.p, n}, SUBJECT_SHOWN)));
}

str incident_mail_text(struct arena *a, str public_url, str name, str sentence, str link)
{
    return arena_printf(a,
                        "Hello %.*s,\n\n%.*s\n\n%.*s%.*s\n\nYour notices: %.*s/me/notices\n\n"
                        "-- \nMortise at %.*s\n",
                        STR_ARG(name), STR_ARG(sentence), STR_ARG(public_url), STR_ARG(link),
                        STR_ARG(public_url), STR_ARG(public_url));
}
