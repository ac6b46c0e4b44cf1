/* See the header: states and invariants. */
#include "core/consents.h"

#include "base/check.h"
#include "core/throttle.h"
#include "store/consents.h"

#define MARKS_AT_ONCE 200 /* in one transaction */

/* Counted before it is known whose they are. */
static const struct throttle OF_NOBODY = {"consent", 10, 15 * CLOCK_MINUTE_MS};

static struct consent_row row_of(const struct consent *c)
{
    return (struct consent_row){.id = c->id,
                                .client_id = c->client_id,
                                .account_id = STR(""),
                                .due = c->claimed + CONSENT_RENEW_AFTER_MS};
}

enum err consent_begins(struct work *w, struct consent *c, int *retry_after_s)
{
    must(db_transaction_mode(w->db) == DB_WRITE);
    enum err e = throttle_take(w, &OF_NOBODY, w->actor.user, retry_after_s);
    if (!e)
        e = db_clock_ms(w->db, w->arena, w->fault, &c->claimed);
    if (e)
        return e;
    struct consent_row row = row_of(c);
    return store_consent_save(w->db, w->arena, w->fault, &row);
}

/* Once: it may be written again, in a transaction that is tried again. */
static enum err give_back(struct work *w, const struct consent_row *row)
{
    int unknown = 0;
    enum err e = store_consent_is_unknown(w->db, w->arena, w->fault, row->id, &unknown);

    return e || !unknown ? e : throttle_give_back(w, &OF_NOBODY, w->actor.user);
}

static enum err write_end(struct work *w, const struct consent_row *row, enum consent_end end)
{
    enum err e = end == CONSENT_UNKNOWN ? ERR_OK : give_back(w, row);

    if (e)
        return e;
    return end == CONSENT_NOTHING ? store_consent_delete(w->db, w->arena, w->fault, row->id)
                                  : store_consent_save(w->db, w->arena, w->fault, row);
}

/* An exchange that took longer than it can (the process was stopped) may have come after a refresh
 * at the time that was set: then once more. */
enum err consent_happened(struct work *w, const struct consent *c, enum consent_end end,
                          str account_id)
{
    struct work own = *w; /* acts for the same user, and asks nobody whether it may */
    struct consent_row row = row_of(c);
    int64_t now = 0;
    enum err e = db_clock_ms(w->db, w->arena, w->fault, &now);

    own.authorize = NULL;
    if (e)
        return e;
    row.due = row.due < now ? now : row.due;
    row.account_id = end == CONSENT_KNOWN ? account_id : STR("");
    e = work_write(&own);
    if (!e)
        e = write_end(&own, &row, end);
    return e ? e : work_commit(&own);
}

/* Of what was to be renewed, that counts no more which was over before the consent began. */
enum err consent_saved(struct work *w, str grant, const struct consent *c)
{
    int64_t now = 0;
    enum err e = db_clock_ms(w->db, w->arena, w->fault, &now);

    if (!e)
        e = store_consent_owns(w->db, w->arena, w->fault, c ? c->id : STR(""), grant);
    if (e)
        return e;
    if (c && now >= c->claimed + CONSENT_WAIT_MS)
        return work_fail(w, ERR_STATE_EXPIRED,
                         "Atlassian took too long over this sign-in. Nothing was changed; please"
                         " connect again.");
    if (!c || now >= c->claimed + CONSENT_FRESH_MS)
        return store_renewal_add(w->db, w->arena, w->fault, grant, now, 0);
    return store_renewal_settle(w->db, w->arena, w->fault, grant, c->claimed);
}

/* --- marking ---------------------------------------------------------------------------------- */

static enum err mark_some(struct work *w, const struct consent_row *c)
{
    str *ids = NULL;
    size_t count = 0;
    enum err e = store_consent_grants(w->db, w->arena, w->fault, c, MARKS_AT_ONCE, &ids, &count);

    for (size_t i = 0; !e && i < count; i++)
        e = store_renewal_add(w->db, w->arena, w->fault, ids[i], c->due, str_empty(c->account_id));
    if (e)
        return e;
    return count < MARKS_AT_ONCE
               ? store_consent_delete(w->db, w->arena, w->fault, c->id)
               : store_consent_marked(w->db, w->arena, w->fault, c->id, ids[count - 1]);
}

/* What lies ahead of what it can, was written before the clock was set back. */
static enum err pull(struct work *w, int64_t now)
{
    enum err e = store_consents_pull(w->db, w->arena, w->fault, now + CONSENT_RENEW_AFTER_MS);

    return e ? e : store_renewals_pull(w->db, w->arena, w->fault, now);
}

/* The clock is read in the transaction: whatever is on file then was written by it. */
static enum err mark_next(struct work *w)
{
    struct consent_row *c = NULL;
    int64_t now = 0;
    enum err e = work_write(w);

    if (e)
        return e;
    db_moves_nothing(w->db);
    e = db_clock_ms(w->db, w->arena, w->fault, &now);
    if (!e)
        e = pull(w, now);
    if (!e)
        e = store_consent_due(w->db, w->arena, w->fault, now, &c);
    return e || !c ? e : mark_some(w, c);
}

enum err consents_mark(struct work *w, int *ret_more)
{
    int64_t now = 0;
    enum err e = db_clock_ms(w->db, w->arena, w->fault, &now);

    *ret_more = 0;
    if (!e)
        e = store_consents_wait(w->db, w->arena, w->fault, now, now + CONSENT_RENEW_AFTER_MS,
                                ret_more);
    return e || !*ret_more ? e : mark_next(w);
}
