/* Refreshing a grant; states and invariants are in the header. */
#include "core/grant_refresh.h"

#include "base/check.h"
#include "base/fault_point.h"
#include "core/grants_int.h"
#include "core/oauth_clients.h"
#include "core/scopes_lost.h"
#include "core/stops.h"
#include "crypto/random.h"
#include "io/process.h"
#include "store/connections.h"
#include "store/consents.h"
#include "store/journal.h"

/* --- whose turn ------------------------------------------------------------------------------- */

/* What is on file, as somebody finds it who wants to refresh. */
struct looked {
    struct grant_row *grant;
    struct journal_row *journal; /* NULL: never refreshed */
    int64_t now;                 /* the database's clock */
};

static int is_leased(const struct looked *l, str process)
{
    const struct journal_row *j = l->journal;

    return j && j->owner.p && !str_eq(j->owner, process) && j->until > l->now &&
           j->until <= l->now + GRANT_LEASE_MS && !process_is_gone(j->owner);
}

static int backs_off(const struct looked *l)
{
    return l->grant->next_try > l->now && l->grant->next_try <= l->now + GRANT_TRY_MAX_MS;
}

static enum err refuse_for_now(struct work *w, const struct grant_row *g)
{
    char at[25];

    clock_format(g->next_try, at);
    int client = str_eq(g->last_class, STR("client"));
    return work_fail(w, client ? ERR_CLIENT_REFUSED : ERR_UPSTREAM_UNREACHABLE,
                     "%.*s Mortise tries again at %.8s UTC.", STR_ARG(g->last_error), at + 11);
}

/* A try whose outcome is not known is finished whatever happens: its token would be lost. */
static enum err check_stop(struct work *w, const struct grant_question *q, const struct looked *l)
{
    const struct journal_row *j = l->journal;
    int stopped = 0;

    if (j && j->began && j->generation == l->grant->generation)
        return ERR_OK;
    enum err e = store_stop_covers_grant(w->db, w->arena, w->fault, q->grant, &stopped);
    return !e && stopped ? work_fail(w, ERR_STOPPED, "") : e;
}

/* GRANT_OURS means: it could be. */
static enum err look(struct work *w, const struct grant_question *q, struct looked *l,
                     enum grant_turn *ret)
{
    enum err e = grant_find(w, q->grant, &l->grant);
    if (!e)
        e = store_journal_find(w->db, w->arena, w->fault, q->grant, &l->journal);
    if (!e)
        e = db_clock_ms(w->db, w->arena, w->fault, &l->now);
    if (e)
        return e;
    must(l->grant != NULL);
    if (l->grant->generation != q->generation && l->grant->access_expires > w->now_ms)
        *ret = GRANT_FRESH;
    else if (is_leased(l, q->process))
        *ret = GRANT_ELSEWHERE;
    else if (q->haste == GRANT_OBEY_BACKOFF && backs_off(l))
        return refuse_for_now(w, l->grant);
    else
        *ret = GRANT_OURS;
    return *ret == GRANT_OURS ? check_stop(w, q, l) : ERR_OK;
}

/* Rule 9: a grant is refreshed only with the client that made it. */
static enum err open_client(struct work *w, const struct grant_row *g, str app, str connection,
                            struct provider_client *ret)
{
    struct connection_row n = {0};
    struct oauth_client client = {0};
    enum err e = store_connection_find(w->db, w->arena, w->fault, app, connection, &n);

    if (e == ERR_NOT_FOUND)
        return work_fail(w, ERR_NEEDS_RECONNECT, GRANT_GONE);
    if (!e)
        e = oauth_client_of(w, &n, &client);
    if (e)
        return e;
    if (!str_eq(client.client_id, g->client_id))
        return work_fail(w, ERR_NEEDS_RECONNECT, "The OAuth client was changed. Reconnect.");
    return oauth_client_open(w, &client, ret);
}

static enum err take(struct work *w, const struct grant_question *q, const struct looked *l,
                     struct grant_lease *ret)
{
    const struct journal_row *before = l->journal;
    struct grant_lease lease = {
        .generation = l->grant->generation, .asked = l->now, .began = l->now};

    if (before && before->began && before->generation == lease.generation)
        lease.interrupted = before->began < l->now ? before->began : l->now;
    if (lease.interrupted)
        lease.began = lease.interrupted;
    struct journal_row row = {.generation = lease.generation,
                              .owner = q->process,
                              .until = l->now + GRANT_LEASE_MS,
                              .began = lease.began};
    enum err e = store_journal_take(w->db, w->arena, w->fault, q->grant, &row, &lease.fence);
    if (!e)
        *ret = lease;
    return e;
}

static void forget(struct grant_refresh *r)
{
    secret_wipe(&r->access);
    secret_wipe(&r->refresh);
    secret_wipe(&r->client.client_secret);
}

static enum err open_for_us(struct work *w, const struct grant_question *q, const struct looked *l,
                            struct grant_refresh *r)
{
    enum err e = grant_open_refresh(w, l->grant, &r->refresh);
    if (!e)
        e = open_client(w, l->grant, q->app, q->connection, &r->client);
    if (!e)
        e = take(w, q, l, &r->lease);
    fault_point(FAULT_POINT_TAKING);
    return e;
}

enum err grant_refresh_begin(struct work *w, const struct grant_question *q,
                             struct grant_refresh *ret)
{
    struct grant_refresh r = {0};
    struct looked l = {0};
    enum err e = look(w, q, &l, &r.turn);

    if (!e && r.turn == GRANT_OURS) { /* again, with nobody beside us */
        e = work_write(w);
        if (!e)
            e = look(w, q, &l, &r.turn);
    }
    if (e)
        return e;
    r.generation = l.grant->generation;
    if (r.turn == GRANT_FRESH)
        e = grant_open_access(w, l.grant, &r.access);
    if (r.turn == GRANT_OURS)
        e = open_for_us(w, q, &l, &r);
    if (e)
        forget(&r);
    else
        *ret = r;
    return e;
}

enum err grant_refresh_renew(struct work *w, str grant, str process,
                             const struct grant_lease *lease, int *ret_ours)
{
    int64_t now = 0;
    enum err e = work_write(w);
    if (!e)
        e = db_clock_ms(w->db, w->arena, w->fault, &now);
    return e ? e
             : store_journal_renew(w->db, w->arena, w->fault, grant, process, lease->fence,
                                   now + GRANT_LEASE_MS, ret_ours);
}

/* --- what became of it ------------------------------------------------------------------------ */

static enum err release(struct work *w, str grant, str process, const struct grant_lease *lease,
                        int64_t began)
{
    return store_journal_release(w->db, w->arena, w->fault, grant, process, lease->fence, began);
}

static enum err save_answer(struct work *w, struct grant_row *g,
                            const struct provider_tokens *tokens)
{
    SECRET_AUTO struct secret kept = {0};
    struct grant_tokens fresh = {&tokens->access, &tokens->refresh,
                                 grant_access_expires(w, tokens->expires_in_s), tokens->scopes};
    enum err e = ERR_OK;

    if (!secret_is_set(&tokens->refresh))
        e = grant_open_refresh(w, g, &kept);
    if (!e && tokens->scopes.n && !str_eq(tokens->scopes, g->scopes)) /* a consent that was left */
        e = scopes_lost_note(w, g, STR(""), tokens->scopes, &(str){NULL, 0});
    g->refreshed = w->now_ms;
    if (!e)
        e = grant_seal_and_save(w, g, &fresh, &kept);
    fault_point(FAULT_POINT_SAVING);
    return e;
}

enum err grant_refresh_save(struct work *w, str grant, str process, const struct grant_lease *lease,
                            const struct provider_tokens *tokens, struct secret *ret_access,
                            int64_t *ret_generation)
{
    struct grant_row *g = NULL;
    enum err e = work_write(w);

    if (!e)
        e = grant_find(w, grant, &g);
    if (!e && g->generation == lease->generation) {
        e = save_answer(w, g, tokens);
        if (!e)
            e = store_renewal_settle(w->db, w->arena, w->fault, grant, lease->asked);
    }
    if (!e)
        e = release(w, grant, process, lease, 0);
    if (!e)
        e = grant_open_access(w, g, ret_access);
    if (!e)
        *ret_generation = g->generation;
    return e;
}

static str interrupted_sentence(struct work *w, int64_t since)
{
    char at[25];

    clock_format(since, at);
    return arena_printf(w->arena,
                        "A renewal of this authorisation was interrupted on %.10s at %.8s UTC (the"
                        " server was stopped, or Atlassian's answer was lost), and it could not be"
                        " repeated in time: Atlassian no longer accepts what is on file.",
                        at, at + 11);
}

static str idle_sentence(struct work *w, int64_t since)
{
    char at[25];

    clock_format(since, at);
    return arena_printf(w->arena,
                        "Atlassian no longer accepts this authorisation: it was last renewed on"
                        " %.10s, and Atlassian drops what was not renewed for 90 days.",
                        at);
}

static str consent_sentence(struct work *w, int64_t since)
{
    char at[25];

    clock_format(since, at);
    return arena_printf(w->arena,
                        "Somebody went through a Connect at Atlassian on %.10s at %.8s UTC, perhaps"
                        " with this account, and this authorisation could not be renewed within the"
                        " ten minutes that Atlassian leaves for that (the server was stopped, or"
                        " Atlassian could not be reached): it is no longer accepted.",
                        at, at + 11);
}

static str aged_sentence(struct work *w, int64_t since)
{
    char at[25];

    clock_format(since, at);
    return arena_printf(w->arena,
                        "Atlassian no longer accepts this authorisation: it was given on %.10s, a"
                        " year ago or more, and possibly Atlassian lets none live longer; or it was"
                        " revoked, or the account's password was changed.",
                        at);
}

/* `why`, unless we know better: when an earlier try, or a consent, may have used the token up and
 * the leeway was over, or it was left alone for too long; when it is a year old, that may be why.
 * renew: when it was to be renewed, or 0. */
static str why_refused(struct work *w, const struct grant_row *g, const struct grant_lease *lease,
                       int64_t renew, str why)
{
    int64_t renewed = g->refreshed > g->granted ? g->refreshed : g->granted;

    if (w->now_ms - renewed >= GRANT_IDLE_MS)
        return idle_sentence(w, renewed);
    if (lease->interrupted && lease->asked - lease->interrupted > GRANT_LEEWAY_MS)
        return interrupted_sentence(w, lease->interrupted);
    if (renew && lease->asked - (renew - CONSENT_RENEW_AFTER_MS) > GRANT_LEEWAY_MS)
        return consent_sentence(w, renew - CONSENT_RENEW_AFTER_MS);
    if (w->now_ms - g->granted >= GRANT_HARD_MS)
        return aged_sentence(w, g->granted);
    return why;
}

static enum err note_dead(struct work *w, struct grant_row *g, const struct grant_lease *lease,
                          str why)
{
    g->failures++;
    g->failing_since = g->failing_since ? g->failing_since : w->now_ms;
    g->next_try = 0;
    g->last_class = STR("dead");
    g->last_error = why;
    enum err e = store_grant_failed(w->db, w->arena, w->fault, g);
    if (!e)
        e = store_credentials_refuse_grant(w->db, w->arena, w->fault, g->id, why, w->now_ms);
    if (!e)
        e = store_renewal_settle(w->db, w->arena, w->fault, g->id, lease->asked);
    fault_point(FAULT_POINT_NOTING);
    return e;
}

enum err grant_refresh_refused(struct work *w, str grant, str process,
                               const struct grant_lease *lease, str why, struct secret *ret_access,
                               int64_t *ret_generation, str *ret_why)
{
    struct grant_row *g = NULL;
    int64_t renew = 0;
    enum err e = work_write(w);

    if (!e)
        e = grant_find(w, grant, &g);
    if (!e)
        e = release(w, grant, process, lease, 0);
    if (!e)
        e = store_renewal_of(w->db, w->arena, w->fault, grant, &renew);
    if (e)
        return e;
    must(g != NULL);
    *ret_generation = g->generation;
    *ret_why = why_refused(w, g, lease, renew, why);
    if (g->generation != lease->generation)
        return grant_open_access(w, g, ret_access);
    return note_dead(w, g, lease, *ret_why);
}

/* 5 s, 10 s, ... 5 min, a fifth more or less, at least what was asked for. */
static int64_t back_off_ms(int64_t failures, int64_t asked_ms)
{
    uint32_t part;
    int64_t ms = GRANT_BACKOFF_MAX_MS;

    random_bytes(&part, sizeof(part));
    if (failures < 7)
        ms = GRANT_BACKOFF_MIN_MS << (failures - 1);
    ms = ms * (800 + (int64_t)(part % 401)) / 1000;
    ms = ms < GRANT_BACKOFF_MIN_MS ? GRANT_BACKOFF_MIN_MS : ms;
    ms = ms > GRANT_BACKOFF_MAX_MS ? GRANT_BACKOFF_MAX_MS : ms;
    asked_ms = asked_ms > GRANT_TRY_MAX_MS ? GRANT_TRY_MAX_MS : asked_ms;
    return ms < asked_ms ? asked_ms : ms;
}

static enum err note_failure(struct work *w, struct grant_row *g,
                             const struct grant_failure *failure)
{
    int64_t now = 0;
    enum err e = db_clock_ms(w->db, w->arena, w->fault, &now);
    if (e)
        return e;
    g->failures++;
    g->failing_since = g->failing_since ? g->failing_since : w->now_ms;
    g->next_try = now + back_off_ms(g->failures, failure->retry_after_ms);
    g->last_class = failure->meaning == MEANING_CLIENT_REFUSED ? STR("client") : STR("transient");
    g->last_error = failure->sentence;
    return store_grant_failed(w->db, w->arena, w->fault, g);
}

enum err grant_refresh_failed(struct work *w, str grant, str process,
                              const struct grant_lease *lease, const struct grant_failure *failure)
{
    struct grant_row *g = NULL;
    enum err e = work_write(w);

    if (!e)
        e = grant_find(w, grant, &g);
    if (e)
        return e;
    must(g != NULL);
    if (g->generation != lease->generation)
        return release(w, grant, process, lease, 0);
    e = note_failure(w, g, failure);
    if (!e)
        e = release(w, grant, process, lease,
                    failure->spent == SPENT_NO ? lease->interrupted : lease->began);
    fault_point(FAULT_POINT_NOTING);
    return e;
}

enum err grants_retry_client(struct work *w, str client_id, int64_t *ret_count)
{
    must(db_transaction_mode(w->db) == DB_WRITE);
    return store_grants_retry_client(w->db, w->arena, w->fault, client_id, w->now_ms, ret_count);
}

enum err grants_failing_client(struct work *w, str client_id, int64_t *ret_count)
{
    return store_grants_failing_client(w->db, w->arena, w->fault, client_id, ret_count);
}
