/* One request to Jira between two halves. See the header. */
#include "resources/sending.h"

#include "base/clock.h"
#include "core/connections.h"
#include "core/credentials.h"
#include "core/keys.h"
#include "core/stops.h"
#include "resources/provider_wait.h"

void sending_init(struct exchange *x, struct sending *s)
{
    s->op = provider_wait_op(x, PROVIDER_REQUEST);
    provider_wait_wipe(x, &s->op->request.target.secret);
}

enum err sending_go(struct exchange *x, struct sending *s, const struct connection_row *connection,
                    const struct credential_row *use)
{
    struct provider_request *p = &s->op->request;
    struct credential_grant grant = {0};
    enum err e = keys_permit(x->work, connection, p->method, p->path);

    if (!e)
        e = credentials_target(x->work, use, &p->target, &grant);
    if (e)
        return e;
    s->connection = connection->id;
    s->before = health_before(use);
    s->account = use->account_name;
    s->site = use->site_name;
    s->site_id = use->site_id;
    s->entered_by = use->entered_by;
    s->shared = connection->shared;
    s->started_ms = clock_monotonic_ms();
    provider_wait_use(x, s->op, use, &grant);
    return ERR_OK;
}

/* A stop that was set while Jira was asked: its answer is not shown, also when the credential was
 * wiped or replaced since, and that Jira was asked is kept. */
static enum err refuse_if_stopped(struct exchange *x, const struct sending *s,
                                  const struct connection_row *n)
{
    struct effective effective = {0};
    enum err e = credentials_effective(x->work, n, &effective);
    struct decide_stop stop = effective.stop;
    if (!e && stop.of == STOPPED_NOT)
        e = stops_of_credential(x->work, s->entered_by, s->site_id, &stop);
    if (e || stop.of == STOPPED_NOT)
        return e;
    e = work_commit(x->work);
    return e ? e
             : fail(&x->fault, ERR_STOPPED,
                    "%.*s. Jira had been asked before that and may have carried it out; its answer"
                    " is not shown.",
                    STR_ARG(stops_sentence(x->arena, &stop)));
}

/* So that no further call with the key prolongs it. */
static enum err note_locked(struct exchange *x, const struct sending *s)
{
    const struct provider_request *p = &s->op->request;
    if (s->op->err || p->meaning != MEANING_LOCKED || p->target.auth != PROVIDER_BASIC)
        return ERR_OK;
    enum err e = work_write(x->work);
    return e ? e
             : credentials_note(x->work, s->before.credential, s->before.generation,
                                CREDENTIAL_LOCKED, p->plain);
}

/* Committed, so that it outlives a failure; and a large answer takes long to show: others may write
 * meanwhile. A database that is busy loses the note, not the answer: Jira has done it. */
static enum err note(struct exchange *x, struct sending *s)
{
    enum err e = health_note(x->work, &s->before, s->op);
    if (!e)
        e = note_locked(x, s);
    if (!e)
        e = work_commit(x->work);
    if (e != ERR_RETRY && e != ERR_STORAGE_BUSY && e != ERR_STORAGE_FAILED)
        return e;
    db_rollback(x->work->db);
    fault_clear(&x->fault);
    return ERR_OK;
}

/* An answer given as anybody, or refused, is not shown as if it were this person's. */
static enum err token_refused(struct exchange *x, const struct sending *s)
{
    const struct provider_request *p = &s->op->request;
    enum err e = work_write(x->work);

    if (!e)
        e = credentials_note(x->work, s->before.credential, s->before.generation,
                             CREDENTIAL_REFUSED, p->sentence);
    if (!e)
        e = work_commit(x->work);
    return e ? e : fail(&x->fault, ERR_NEEDS_RECONNECT, "%.*s", STR_ARG(p->sentence));
}

enum err sending_heard(struct exchange *x, struct sending *s)
{
    const struct provider_request *p = &s->op->request;
    struct connection_row n;
    enum err e = connection_find(x->work, s->connection, &n); /* it may be gone: nothing to show */

    if (!e)
        e = note(x, s);
    if (e)
        return e;
    if (s->op->err) /* nothing was answered; tokens that could not be renewed are noted already */
        return provider_wait_failed(x, s->op);
    e = refuse_if_stopped(x, s, &n);
    if (e)
        return e;
    if (p->meaning == MEANING_REFUSED_TOKEN)
        return token_refused(x, s);
    if (p->meaning == MEANING_NOT_PROVIDER)
        return fail(&x->fault, ERR_UPSTREAM_NOT_JIRA, "%.*s", STR_ARG(p->sentence));
    return ERR_OK;
}

struct request_result sending_result(const struct sending *s)
{
    return (struct request_result){
        .reply = &s->op->request,
        .account = s->account,
        .site = s->site,
        .shared = s->shared,
        .total_ms = clock_monotonic_ms() - s->started_ms,
    };
}
