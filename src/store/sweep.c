/* The sweep's statements; see the header. A condition stands once, in what finds and in what does.
 */
#include "store/sweep.h"

#include "store/credentials_int.h"
#include "store/people_int.h"

#define RESTORE " FROM credentials c WHERE c.suspended IS NOT NULL AND " OWNER_HAS_APP
#define LOST                                                                                       \
    " FROM credentials c WHERE c.owner IS NOT NULL AND c.suspended IS NULL AND NOT " OWNER_HAS_APP
#define OVERDUE(before)                                                                            \
    " FROM credentials c WHERE c.sealed IS NOT NULL AND c.suspended IS NOT NULL"                   \
    " AND c.suspended < " before
#define OTHER_CLIENT(environment)                                                                  \
    " FROM credentials c JOIN oauth_grants g ON g.id = c.grant_id WHERE g.client_id <> COALESCE("  \
    "(SELECT o.client_id FROM oauth_clients o WHERE o.connection_id = c.connection_id),"           \
    " (SELECT o.client_id FROM oauth_clients o WHERE o.connection_id IS NULL), " environment ")"
#define UNUSED                                                                                     \
    " FROM oauth_grants g WHERE NOT EXISTS (SELECT 1 FROM credentials c WHERE c.grant_id = g.id)"
#define TOO_LATE(before) " FROM oauth_grants g WHERE g.keep_at > " before

/* What finds: the condition's value, the limit. What does: what is set, the condition's value, the
 * id. */
static const struct {
    const char *find;
    const char *apply;
} tasks[SWEEP_TASKS] = {
    [SWEEP_RESTORE] = {"SELECT c.id" RESTORE " LIMIT $1",
                       "UPDATE credentials SET suspended = NULL WHERE id IN (SELECT c.id" RESTORE
                       " AND c.id = $1)"},
    [SWEEP_SUSPEND] = {"SELECT c.id" LOST " LIMIT $1",
                       "UPDATE credentials SET suspended = $1 WHERE id IN (SELECT c.id" LOST
                       " AND c.id = $2)"},
    [SWEEP_ERASE] = {"SELECT c.id" OVERDUE("$1") " LIMIT $2",
                     "UPDATE credentials SET " WIPED(
                         "'disconnected'", "$1",
                         "$2") " WHERE id IN (SELECT c.id" OVERDUE("$3") " AND c.id = $4)"},
    [SWEEP_OTHER_CLIENT] =
        {"SELECT c.id" OTHER_CLIENT("$1") " LIMIT $2",
         "UPDATE credentials SET " WIPED(
             "'needs_reconnect'", "$1",
             "$2") " WHERE id IN (SELECT c.id" OTHER_CLIENT("$3") " AND c.id = $4)"},
    [SWEEP_GRANTS] = {"SELECT g.id" UNUSED " LIMIT $1",
                      "DELETE FROM oauth_grants WHERE id IN (SELECT g.id" UNUSED " AND g.id = $1)"},
    [SWEEP_KEEP] = {"SELECT g.id" TOO_LATE("$1") " LIMIT $2",
                    "UPDATE oauth_grants SET keep_at = $1 + keep_at % 86400000"
                    " WHERE id IN (SELECT g.id" TOO_LATE("$2") " AND g.id = $3)"},
};

struct arguments {
    struct db_value values[4];
    size_t count;
};

static void add(struct arguments *args, struct db_value value)
{
    args->values[args->count++] = value;
}

static void add_what_is_set(struct arguments *args, enum sweep_task task,
                            const struct sweep_terms *t)
{
    if (task != SWEEP_RESTORE && task != SWEEP_GRANTS)
        add(args, DB_I(t->now_ms));
    if (task == SWEEP_ERASE)
        add(args, DB_T(t->erased_why));
    if (task == SWEEP_OTHER_CLIENT)
        add(args, DB_T(t->client_why));
}

static void add_condition(struct arguments *args, enum sweep_task task, const struct sweep_terms *t)
{
    if (task == SWEEP_ERASE)
        add(args, DB_I(t->erase_before));
    if (task == SWEEP_OTHER_CLIENT)
        add(args, db_text_or_null(t->environment));
    if (task == SWEEP_KEEP)
        add(args, DB_I(t->keep_before));
}

enum err store_sweep_find(struct db *d, struct arena *a, struct fault *f, enum sweep_task task,
                          const struct sweep_terms *terms, int64_t limit, str **ret,
                          size_t *ret_count)
{
    struct arguments args = {.count = 0};
    struct db_rows r;

    add_condition(&args, task, terms);
    add(&args, DB_I(limit));
    enum err e = db_run(d, a, f, tasks[task].find, args.values, args.count, &r);
    if (e)
        return e;
    str *ids = arena_alloc_array(a, r.count + 1, sizeof(*ids));
    for (size_t i = 0; i < r.count; i++)
        ids[i] = db_text(&r, i, 0);
    *ret = ids;
    *ret_count = r.count;
    return ERR_OK;
}

enum err store_sweep_do(struct db *d, struct arena *a, struct fault *f, enum sweep_task task,
                        const struct sweep_terms *terms, str id)
{
    struct arguments args = {.count = 0};
    struct db_rows r;

    add_what_is_set(&args, task, terms);
    add_condition(&args, task, terms);
    add(&args, DB_T(id));
    return db_run(d, a, f, tasks[task].apply, args.values, args.count, &r);
}
