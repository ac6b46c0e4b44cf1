/* How a credential is doing, in words. See the header. */
#include "resources/connection_health.h"

#include "base/clock.h"
#include "base/doc.h"
#include "core/grants.h"
#include "core/health.h"
#include "core/settings.h"

static const str NONE = {NULL, 0};

/* "4 December 2026" */
static str date_of(struct arena *a, int64_t ms)
{
    static const char *const MONTHS[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    char text[25];
    clock_format(ms, text);
    int month = (text[5] - '0') * 10 + text[6] - '0';
    const char *day = text[8] == '0' ? text + 9 : text + 8;
    return arena_printf(a, "%.*s %s %.4s", (int)(text + 10 - day), day, MONTHS[(month + 11) % 12],
                        text);
}

int64_t connection_health_since(const struct credential_row *c, enum decision decision)
{
    if (decision == DECISION_NO_ACCESS)
        return c->suspended;
    int connected = str_eq(c->status, STR("connected"));
    if (decision == DECISION_USE)
        return c->status_since > c->since ? c->status_since : c->since;
    return connected ? 0 : c->status_since; /* out of use for a reason that is not the row's */
}

void connection_health_put_error(struct exchange *x, json_t *doc, const struct credential_row *c)
{
    if (!c->last_error.p) {
        doc_set_null(doc, "last_error");
        return;
    }
    json_t *o = doc_object(x->arena);
    doc_set_str(o, "sentence", c->last_error);
    doc_set_time(o, "at", c->last_error_at);
    doc_set(doc, "last_error", o);
}

/* --- an API key's own date -------------------------------------------------------------------- */

static const char *const LEVELS[] = {"fine", "month", "fortnight", "week", "day", "past"};
enum level { FINE, MONTH, FORTNIGHT, WEEK, DAY, PAST };

static enum level level_of(int64_t left_ms)
{
    if (left_ms < 0)
        return PAST;
    int64_t days = left_ms / CLOCK_DAY_MS;
    return days <= 1 ? DAY : days <= 7 ? WEEK : days <= 14 ? FORTNIGHT : days <= 30 ? MONTH : FINE;
}

static str expiry_sentence(struct exchange *x, int64_t at, int64_t left_ms)
{
    str date = date_of(x->arena, at);
    int64_t days = left_ms / CLOCK_DAY_MS;
    if (left_ms < 0)
        return arena_printf(x->arena,
                            "The API key was noted to expire on %.*s. If it still works, Reconnect"
                            " with its new date.",
                            STR_ARG(date));
    if (days == 0)
        return arena_printf(x->arena, "The API key expires today, %.*s.", STR_ARG(date));
    if (days == 1)
        return arena_printf(x->arena, "The API key expires tomorrow, %.*s.", STR_ARG(date));
    if (days <= 30)
        return arena_printf(x->arena, "The API key expires in %lld days, on %.*s.", (long long)days,
                            STR_ARG(date));
    return arena_printf(x->arena, "The API key expires on %.*s.", STR_ARG(date));
}

/* The date is what somebody entered: Atlassian does not tell it. */
static void put_expiry(struct exchange *x, json_t *doc, const struct credential_row *c)
{
    if (!c->expires) {
        doc_set_null(doc, "expiry");
        return;
    }
    int64_t left = c->expires - x->work->now_ms;
    enum level level = level_of(left);
    json_t *o = doc_object(x->arena), *is = doc_object(x->arena);
    doc_set_time(o, "at", c->expires);
    doc_set_int(o, "days", left < 0 ? 0 : left / CLOCK_DAY_MS);
    doc_set_cstring(o, "level", LEVELS[level]);
    doc_set_str(o, "sentence", expiry_sentence(x, c->expires, left));
    doc_set_bool(is, "soon", level == MONTH || level == FORTNIGHT);
    doc_set_bool(is, "urgent", level >= WEEK);
    doc_set(o, "is", is);
    doc_set(doc, "expiry", o);
}

/* --- what it stands on ------------------------------------------------------------------------ */

static int is_failing(const struct credential_row *c)
{
    return c->grant.p && c->tokens.failing_since && !str_eq(c->tokens.last_class, STR("dead"));
}

static void put_failing(struct exchange *x, json_t *doc, const struct credential_row *c)
{
    if (!is_failing(c)) {
        doc_set_null(doc, "renewal_failing");
        return;
    }
    json_t *o = doc_object(x->arena);
    int operator_s = str_eq(c->tokens.last_class, STR("client"));
    doc_set_time(o, "since", c->tokens.failing_since);
    doc_set_time(o, "next_try", c->tokens.next_try);
    doc_set_cstring(o, "fault", operator_s ? "operator" : "transient");
    doc_set_cstring(o, "advice",
                    operator_s ? "Nobody has to reconnect: a workspace admin corrects the OAuth"
                                 " client, and this works again."
                               : "Nothing has to be done: Mortise goes on trying.");
    doc_set_str(o, "sentence", c->tokens.last_error);
    doc_set_bool(o, "is_last_error", str_eq(c->tokens.last_error, c->last_error));
    doc_set(doc, "renewal_failing", o);
}

static int64_t idle_days(const struct exchange *x)
{
    int64_t days = 0;
    return str_to_int64(x->work->services->settings->idle_days, &days) ? days : 0;
}

static str idle_sentence(struct exchange *x, const struct credential_row *c, int kept, int64_t at)
{
    str date = at ? date_of(x->arena, at) : NONE;
    if (kept && at)
        return arena_printf(x->arena,
                            "Mortise renews it whether it is used or not. If renewing goes on"
                            " failing, Atlassian drops it on %.*s, 90 days after the last time.",
                            STR_ARG(date));
    if (kept)
        return STR(
            "Atlassian drops an authorisation that is not renewed for 90 days. Mortise renews"
            " it in time, whether it is used or not.");
    if (c->suspended)
        return arena_printf(x->arena,
                            "While it is suspended it is not renewed: Atlassian drops it on %.*s.",
                            STR_ARG(date));
    return arena_printf(x->arena,
                        "If nobody uses it, it ends on %.*s: this server lets authorisations lapse"
                        " that are idle for %lld days, and Atlassian drops them 90 days after the"
                        " last renewal.",
                        STR_ARG(date), (long long)idle_days(x));
}

static void put_idle(struct exchange *x, json_t *doc, const struct credential_row *c)
{
    int lives = c->grant.p && str_eq(c->status, STR("connected"));
    struct health_idle idle = {0};
    if (lives)
        idle = health_idle(c, idle_days(x), x->work->now_ms);
    if (lives && idle.kept && is_failing(c))
        idle.expires =
            (c->tokens.refreshed > c->tokens.granted ? c->tokens.refreshed : c->tokens.granted) +
            GRANT_IDLE_MS;
    doc_set_bool(doc, "idle_kept", idle.kept);
    doc_set_time(doc, "idle_expires", idle.expires);
    doc_set_str(doc, "idle_sentence", lives ? idle_sentence(x, c, idle.kept, idle.expires) : NONE);
}

static void put_hard(struct exchange *x, json_t *doc, const struct credential_row *c)
{
    int64_t at = str_eq(c->status, STR("connected")) ? health_hard_expires(c) : 0;
    doc_set_time(doc, "hard_expires", at);
    doc_set_str(doc, "hard_sentence",
                at ? arena_printf(x->arena,
                                  "Possibly it ends on %.*s, a year after it was granted: Atlassian"
                                  " does not say clearly whether there is such a limit. If so, you"
                                  " will be asked to reconnect then.",
                                  STR_ARG(date_of(x->arena, at)))
                   : NONE);
}

json_t *connection_health_doc(struct exchange *x, const struct credential_row *c,
                              enum decision decision)
{
    json_t *doc = doc_object(x->arena);
    doc_set_time(doc, "state_since", connection_health_since(c, decision));
    doc_set_time(doc, "last_checked", c->last_checked);
    connection_health_put_error(x, doc, c);
    put_expiry(x, doc, c);
    doc_set_time(doc, "granted", c->tokens.granted);
    doc_set_time(doc, "renewed", c->tokens.refreshed);
    doc_set_str(doc, "scopes", c->tokens.scopes);
    put_failing(x, doc, c);
    put_idle(x, doc, c);
    put_hard(x, doc, c);
    return doc;
}
