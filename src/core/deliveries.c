/* See the header. */
#include "core/deliveries.h"

#include "base/check.h"
#include "core/notifier.h"
#include "core/webhooks.h"
#include "crypto/random.h"
#include "crypto/signing.h"

enum err delivery_add(struct work *w, const struct delivery_row *row)
{
    struct delivery_row r = *row;
    int64_t now = 0;

    must(db_transaction_mode(w->db) == DB_WRITE);
    enum err e = db_clock_ms(w->db, w->arena, w->fault, &now);
    r.created = w->now_ms;
    r.next_try = now;
    r.until = now + DELIVERY_FOR_MS;
    return e ? e : store_delivery_insert(w->db, w->arena, w->fault, &r);
}

/* --- before ----------------------------------------------------------------------------------- */

static enum err sign(struct work *w, const struct due_delivery *due, struct delivery_try *t)
{
    SECRET_AUTO struct secret secret = {0};
    int64_t now_s = w->now_ms / 1000;
    enum err e = webhook_open(w, &due->webhook, &secret);

    if (e)
        return e;
    t->webhook = due->webhook.id;
    t->url = due->webhook.url;
    t->timestamp = arena_printf(w->arena, "%lld", (long long)now_s);
    t->signature = signing_sign(w->arena, &secret, t->id, now_s, t->body);
    return ERR_OK;
}

static enum err give_up(struct work *w, const struct delivery_row *row, str why)
{
    struct delivery_row r = *row;
    int noted = 0;

    r.state = STR("given_up");
    r.last_error = why;
    r.last_try = w->now_ms;
    return store_delivery_settle(w->db, w->arena, w->fault, &r, &noted);
}

/* Adds it to the tries, or ends it. */
static enum err ready(struct work *w, const struct due_delivery *due, struct delivery_try *tries,
                      size_t *count)
{
    const struct notifier *n = w->services->notifier;
    struct delivery_try t = {.id = due->row.id,
                             .attempts = due->row.attempts,
                             .email = due->email,
                             .subject = due->row.subject,
                             .body = due->row.body};

    if (!due->webhook.id.p && !due->email.p)
        return give_up(w, &due->row, STR("This person's account is no longer active."));
    if (!due->webhook.id.p && (!n || !n->mail))
        return give_up(w, &due->row, STR("No mail server is set up any more."));
    if (due->webhook.id.p && sign(w, due, &t))
        return give_up(w, &due->row,
                       STR("The stored signing secret cannot be opened. Make a new one."));
    tries[(*count)++] = t;
    return ERR_OK;
}

enum err deliveries_claim(struct work *w, enum delivery_way way, size_t most,
                          struct delivery_try **ret, size_t *ret_count)
{
    struct due_delivery *due = NULL;
    size_t found = 0, count = 0;
    int64_t now = 0;
    int any = 0;
    enum err e = db_clock_ms(w->db, w->arena, w->fault, &now);

    *ret = NULL;
    *ret_count = 0;
    if (!e)
        e = store_deliveries_any(w->db, w->arena, w->fault, way, now, &any);
    if (e || !any)
        return e;
    e = work_write(w);
    if (!e)
        e = store_deliveries_claim(w->db, w->arena, w->fault, way, now, now + DELIVERY_LEASE_MS,
                                   (int64_t)most, &due, &found);
    if (e)
        return e;
    struct delivery_try *tries = arena_alloc_array(w->arena, found + 1, sizeof(*tries));
    for (size_t i = 0; i < found && !e; i++)
        e = ready(w, &due[i], tries, &count);
    *ret = tries;
    *ret_count = count;
    return e;
}

/* --- afterwards ------------------------------------------------------------------------------- */

int64_t delivery_back_off_ms(int64_t attempts)
{
    int64_t ms = DELIVERY_BACKOFF_MIN_MS;
    uint32_t part;

    for (int64_t i = 1; i < attempts && ms < DELIVERY_BACKOFF_MAX_MS; i++)
        ms *= 3;
    ms = ms > DELIVERY_BACKOFF_MAX_MS ? DELIVERY_BACKOFF_MAX_MS : ms;
    random_bytes(&part, sizeof(part));
    return ms * (800 + (int64_t)(part % 401)) / 1000;
}

static enum err settle(struct work *w, const struct delivery_try *t, int64_t now)
{
    struct delivery_row row = {0};
    struct delivery_row *found = NULL;
    int noted = 0;
    enum err e = store_delivery_by_id(w->db, w->arena, w->fault, t->id, &found);

    if (e || !found)
        return e; /* its webhook was deleted meanwhile */
    row = *found;
    row.attempts = t->attempts;
    row.last_try = w->now_ms;
    row.last_status = t->status;
    row.last_error = t->delivered ? (str){NULL, 0} : t->error;
    row.state = t->delivered                     ? STR("delivered")
                : t->gone || now >= found->until ? STR("given_up")
                                                 : STR("pending");
    row.next_try = now + delivery_back_off_ms(t->attempts);
    if (row.next_try > found->until)
        row.next_try = found->until;
    e = store_delivery_settle(w->db, w->arena, w->fault, &row, &noted);
    if (!e && t->webhook.p && t->gone)
        e = store_webhook_off(w->db, w->arena, w->fault, t->webhook,
                              STR("The receiver answered 410 Gone, which means: no more."));
    else if (!e && t->webhook.p && !t->delivered && !t->status)
        e = store_deliveries_postpone(w->db, w->arena, w->fault, t->webhook, row.next_try);
    return e;
}

enum err deliveries_settle(struct work *w, const struct delivery_try *tries, size_t count)
{
    int64_t now = 0;
    enum err e = work_write(w);

    if (!e)
        e = db_clock_ms(w->db, w->arena, w->fault, &now);
    for (size_t i = 0; i < count && !e; i++)
        if (tries[i].tried)
            e = settle(w, &tries[i], now);
    return e;
}
