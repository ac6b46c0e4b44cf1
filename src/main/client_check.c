/* See the header. Asked on a loop; `ended` tells the main thread that the loop is done with it. */
#include "main/client_check.h"

#include <semaphore.h>

#include "base/check.h"
#include "base/mem.h"
#include "core/grant_refresh.h"
#include "core/oauth_clients.h"
#include "core/settings.h"

#define ARENA_MAX ((size_t)16 << 20)

struct client_check {
    struct loop *loop;
    struct pool *pool;
    struct log *log;
    const struct services *services;
    struct arena *arena;
    struct provider_op op;
    sem_t ended;
};

static void report(struct client_check *c)
{
    const struct provider_op *op = &c->op;

    if (op->err == ERR_OK)
        log_event(c->log, LOG_INFO, "oauth_client_ok",
                  LOG_STR("client_id", c->services->settings->jira_client_id));
    else if (op->err == ERR_CLIENT_REFUSED)
        log_event(c->log, LOG_ERROR, "oauth_client_refused",
                  LOG_STR("message", STR("Atlassian does not accept MORTISE_JIRA_CLIENT_ID with "
                                         "MORTISE_JIRA_CLIENT_SECRET. Correct them and start "
                                         "again; nobody needs to reconnect for that.")));
    else
        log_event(c->log, LOG_WARNING, "oauth_client_unknown",
                  LOG_STR("message", STR("Whether Atlassian accepts MORTISE_JIRA_CLIENT_ID with "
                                         "MORTISE_JIRA_CLIENT_SECRET could not be found out.")),
                  LOG_STR("error", str_from(fault_text(&op->fault))),
                  LOG_STR("detail", str_from(op->fault.detail)));
}

static enum err run_retry(struct work *w, void *arg)
{
    struct client_check *c = arg;
    int64_t count = 0;
    enum err e = work_write(w);

    return e ? e : grants_retry_client(w, c->op.client_check.client.client_id, &count);
}

/* When it fails they are tried again all the same, in five minutes at most. */
static void retry(void *arg, void *db)
{
    struct client_check *c = arg;

    if (db)
        (void)!work_run(c->arena, &c->op.fault, db, c->services, run_retry, c);
    must(sem_post(&c->ended) == 0);
}

static void heard(void *token)
{
    struct client_check *c = token;

    report(c);
    if (c->op.err == ERR_OK)
        pool_submit_always(c->pool, retry, c);
    else
        must(sem_post(&c->ended) == 0);
}

static void begin(void *arg)
{
    struct client_check *c = arg;
    const struct provider *p = c->services->provider;

    p->begin(p->self, c->loop, &c->op, heard, c);
}

/* The environment's client needs no database. */
static void open_client(struct client_check *c, const struct settings *settings)
{
    struct oauth_client client = {.source = OAUTH_CLIENT_ENVIRONMENT,
                                  .client_id = settings->jira_client_id,
                                  .scopes = settings->jira_scopes};
    struct work w = {.arena = c->arena, .fault = &c->op.fault, .services = c->services};

    must(oauth_client_open(&w, &client, &c->op.client_check.client) == ERR_OK);
}

struct client_check *client_check_start(struct loops *loops, struct pool *pool, struct log *log,
                                        const struct services *services)
{
    struct client_check *c;

    if (str_empty(services->settings->jira_client_id))
        return NULL;
    c = mem_new(struct client_check);
    c->loop = loops_next(loops);
    c->pool = pool;
    c->log = log;
    c->services = services;
    c->arena = arena_new(ARENA_MAX);
    c->op = (struct provider_op){.kind = PROVIDER_CLIENT_CHECK, .arena = c->arena};
    must(sem_init(&c->ended, 0, 0) == 0);
    open_client(c, services->settings);
    loop_post(c->loop, begin, c);
    return c;
}

void client_check_end(struct client_check *c)
{
    if (!c)
        return;
    while (sem_wait(&c->ended) != 0)
        ;
    secret_wipe(&c->op.client_check.client.client_secret);
    must(sem_destroy(&c->ended) == 0);
    arena_free(c->arena);
    mem_free(c);
}
