/* What time does; see the header. */
#include "core/sweep.h"

#include "base/clock.h"
#include "core/calls.h"
#include "core/oauth_clients.h"
#include "store/credentials.h"
#include "store/links.h"
#include "store/pending.h"
#include "store/sessions.h"
#include "store/throttles.h"

#define ERASE_AFTER_MS (30 * CLOCK_DAY_MS)

static enum err sweep_credentials(struct work *w)
{
    enum err e = store_credentials_restore_found(w->db, w->arena, w->fault);
    if (!e)
        e = store_credentials_suspend_lost(w->db, w->arena, w->fault, w->now_ms);
    if (!e)
        e = store_credentials_erase_suspended(
            w->db, w->arena, w->fault, w->now_ms - ERASE_AFTER_MS,
            STR("erased 30 days after the access to the app was lost."));
    int64_t lost = 0;
    if (!e)
        e = oauth_clients_reconcile(w, &lost);
    if (!e)
        e = store_grants_drop_unused(w->db, w->arena, w->fault);
    return e;
}

enum err sweep_run(struct work *w)
{
    enum err e = work_write(w);
    if (!e)
        e = sweep_credentials(w);
    if (!e)
        e = store_pending_expire(w->db, w->arena, w->fault, w->now_ms, w->now_ms - CLOCK_DAY_MS);
    if (!e)
        e = store_drafts_expire(w->db, w->arena, w->fault, w->now_ms);
    if (!e)
        e = store_throttles_expire(w->db, w->arena, w->fault, w->now_ms);
    if (!e)
        e = store_links_expire(w->db, w->arena, w->fault, w->now_ms);
    if (!e)
        e = store_sessions_expire(w->db, w->arena, w->fault, w->now_ms);
    if (!e)
        e = store_calls_delete_before(w->db, w->arena, w->fault, w->now_ms - CALLS_KEPT_MS);
    return e ? e : work_commit(w);
}
