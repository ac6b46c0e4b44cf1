/* Limits on attempts. See the header. */
#include "core/throttle.h"

#include "base/clock.h"
#include "store/throttles.h"

static str stored_name(const struct work *w, const struct throttle *t, str name)
{
    return work_hmac(w, VAULT_THROTTLE, arena_printf(w->arena, "%s|%.*s", t->kind, STR_ARG(name)));
}

static enum err refuse(struct work *w, int64_t wait_ms, int *retry_after_s)
{
    int64_t minutes = (wait_ms + CLOCK_MINUTE_MS - 1) / CLOCK_MINUTE_MS;

    *retry_after_s = (int)((wait_ms + CLOCK_SECOND_MS - 1) / CLOCK_SECOND_MS);
    return work_fail(w, ERR_TOO_MANY_ATTEMPTS,
                     "Too many attempts. Wait %d minute%s, then try again.", (int)minutes,
                     minutes == 1 ? "" : "s");
}

static enum err check(struct work *w, const struct throttle *t, str stored, int *retry_after_s)
{
    struct throttle_row row = {0};
    enum err e = store_throttle_get(w->db, w->arena, w->fault, stored, w->now_ms, &row);

    if (e)
        return e;
    return row.count < t->limit ? ERR_OK : refuse(w, row.until - w->now_ms, retry_after_s);
}

enum err throttle_take(struct work *w, const struct throttle *t, str name, int *retry_after_s)
{
    str stored = stored_name(w, t, name);
    enum err e = work_write(w);

    if (!e)
        e = check(w, t, stored, retry_after_s);
    if (!e)
        e = store_throttle_add(w->db, w->arena, w->fault, stored, w->now_ms,
                               w->now_ms + t->window_ms);
    return e;
}

enum err throttle_give_back(struct work *w, const struct throttle *t, str name)
{
    enum err e = work_write(w);

    if (e)
        return e;
    return store_throttle_subtract(w->db, w->arena, w->fault, stored_name(w, t, name));
}

enum err throttle_clear(struct work *w, const struct throttle *t, str name)
{
    enum err e = work_write(w);

    if (e)
        return e;
    return store_throttle_delete(w->db, w->arena, w->fault, stored_name(w, t, name));
}
