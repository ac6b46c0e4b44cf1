/* `mortise serve`: makes every part, puts them together, waits for a signal, takes them apart.
 *
 * Order of the start: harden, loops and provider (which judge the settings), database and keys
 * (nothing is touched under a wrong key), workers, dispatcher, port. Order of the end: the port;
 * refreshes under way, whose answer would be lost; what else Atlassian is being asked; handlers
 * that still run; workers; the provider, which they use; loops. Nothing acknowledged waits for any
 * of this: it was committed before.
 */
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "actions/run.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/doc.h"
#include "core/links.h"
#include "core/provider.h"
#include "crypto/random.h"
#include "http/dispatch.h"
#include "io/pool.h"
#include "io/signals.h"
#include "jira/provider.h"
#include "life/keeper.h"
#include "main/client_check.h"
#include "main/commands.h"
#include "main/store.h"
#include "main/sweeper.h"
#include "notify/notifier.h"
#include "relay/relay.h"
#include "resources/hooks.h"
#include "resources/routes.h"

#define ARENA_MAX ((size_t)16 << 20)
#define LOOPS_MAX 16
#define QUEUE_MAX 1024
#define GRACE_MS 5000
#define DRAIN_MS 2000
#define REFRESH_MS 10000
#define LAST_DRAIN_MS 10000
#define DESCRIPTORS_OTHERS 500 /* database, resolver, mail, webhooks, refreshes */

struct server {
    struct arena *arena;
    struct config config;
    struct log *log;
    struct db *db; /* the start's own; workers open theirs */
    struct services services;
    _Atomic uint64_t moves; /* of what rights are made from, by any worker */
    struct provider provider;
    struct notifier notifier;
    struct notify *notify;
    struct loops *loops;
    struct pool *pool;
    struct dispatch *dispatch;
    struct relay *relay;
    struct http_server *http;
    struct sweeper *sweeper;
    struct keeper *keeper;
    struct client_check *client_check;
    char *database;
};

/* -- a worker's database connection -- */

static void *open_worker(void *arg)
{
    struct server *s = arg;
    struct fault f = {.code = ERR_OK};
    struct db *d = NULL;

    if (db_open(&f, s->database, STORE_BUSY_MS, &d) == ERR_OK) {
        db_count_moves(d, &s->moves);
        return d;
    }
    log_event(s->log, LOG_ERROR, "database_away", LOG_STR("detail", str_from(f.detail)));
    return NULL;
}

static void close_worker(void *state, void *arg)
{
    (void)arg;
    db_close(state);
}

/* -- start -- */

static enum err open_storage(struct server *s, struct fault *f)
{
    s->database = arena_cstring(s->arena, s->config.settings.database);
    return store_open(s->arena, f, &s->config.settings, STORE_MAY_MAKE, &s->db, &s->services.vault);
}

/* As many as there are cores that it may use: in a container, or pinned, not all of the machine. */
static size_t loop_count(void)
{
    cpu_set_t mine;
    int cores = sched_getaffinity(0, sizeof(mine), &mine) == 0 ? CPU_COUNT(&mine) : 1;

    return cores > LOOPS_MAX ? LOOPS_MAX : (size_t)cores;
}

static enum err open_provider(struct server *s, struct fault *f)
{
    s->loops = loops_start(loop_count());
    enum err e = jira_provider_new(f, &s->config.settings, s->loops, &s->provider);
    if (e == ERR_OK)
        e = notify_new(f, &s->config.settings, s->loops, &s->notify, &s->notifier);
    if (e != ERR_OK)
        return e;
    s->services.provider = &s->provider;
    s->services.notifier = &s->notifier;
    return ERR_OK;
}

static enum err open_dispatch(struct server *s, struct fault *f)
{
    struct forwarded forwarded;
    enum err e = forwarded_parse(s->arena, f, s->config.settings.trusted_proxies, &forwarded);
    if (e)
        return e;
    s->services.settings = &s->config.settings;
    s->services.log = s->log;
    s->services.passwords = password_gate_new();
    s->pool = pool_start((size_t)s->config.numbers.workers, QUEUE_MAX,
                         (struct pool_hooks){open_worker, close_worker, s});
    s->services.life = life_new(s->pool, &s->services);
    s->services.runner = runner_new(s->pool, s->loops, &s->services);
    return dispatch_new(f,
                        &(struct dispatch_config){
                            .routes = routes_table(),
                            .hooks = hooks_of(&s->services),
                            .pool = s->pool,
                            .log = s->log,
                            .public_url = s->config.settings.public_url,
                            .forwarded = forwarded,
                            .extra_form_action = s->provider.auth_origin,
                        },
                        &s->dispatch);
}

static void open_relay(struct server *s)
{
    const struct config_numbers *n = &s->config.numbers;

    s->relay = relay_new(&(struct relay_config){
        .loops = s->loops,
        .pool = s->pool,
        .log = s->log,
        .services = &s->services,
        .moves = &s->moves,
        .rest = dispatch_serving(s->dispatch),
        .keep_max = (size_t)n->relay_keep_kib << 10,
        .kept_together = (size_t)n->relay_kept_mib << 20,
        .timeout_ms = n->relay_timeout_s * CLOCK_SECOND_MS,
        .waiting_max = (size_t)n->relay_waiting,
    });
}

/* Of a call that is relayed there are two connections, of a client and to Jira. */
static void check_descriptors(const struct server *s)
{
    int64_t wanted = 2 * s->config.numbers.connections + DESCRIPTORS_OTHERS;
    int64_t allowed = signals_descriptors();

    if (allowed < wanted)
        log_event(s->log, LOG_WARNING, "descriptors_few", LOG_INT("allowed", allowed),
                  LOG_INT("wanted", wanted),
                  LOG_STR("hint", STR("raise the process's limit of open files (LimitNOFILE=, "
                                      "ulimit -n), or lower MORTISE_CONNECTIONS")));
}

static struct http_limits limits_of(const struct config_numbers *n)
{
    struct http_limits l = http_limits_default();

    l.connections = (size_t)n->connections;
    l.connections_address = (size_t)n->connections_address;
    l.head_bytes = (size_t)n->head_kib << 10;
    l.head_ms = (int)(n->head_s * CLOCK_SECOND_MS);
    l.body_ms = l.write_ms = (int)(n->stall_s * CLOCK_SECOND_MS);
    l.idle_ms = (int)(n->idle_s * CLOCK_SECOND_MS);
    return l;
}

static enum err open_port(struct server *s, struct fault *f)
{
    check_descriptors(s);
    return http_listen(f, s->loops, arena_cstring(s->arena, s->config.settings.listen),
                       limits_of(&s->config.numbers), relay_serving(s->relay), s->log, &s->http);
}

static enum err start(struct server *s, struct fault *f)
{
    enum err e = open_provider(s, f);
    if (e == ERR_OK)
        e = open_storage(s, f);
    if (e == ERR_OK)
        e = open_dispatch(s, f);
    if (e != ERR_OK)
        return e;
    open_relay(s);
    e = open_port(s, f);
    if (e != ERR_OK)
        return e;
    s->sweeper = sweeper_start(s->loops, s->pool, s->log, &s->services);
    s->keeper = keeper_start(s->loops, s->pool, s->services.life, &s->services);
    notify_start(s->notify, s->loops, s->pool, s->log, &s->services);
    s->client_check = client_check_start(s->loops, s->pool, s->log, &s->services);
    return ERR_OK;
}

/* -- what the operator reads -- */

struct setup {
    struct link_made made;
    int needed;
};

static enum err make_setup(struct work *w, void *arg)
{
    struct setup *setup = arg;

    return links_setup(w, &setup->made, &setup->needed);
}

static enum err announce(struct server *s, struct fault *f)
{
    struct setup setup = {.needed = 0};

    enum err e = work_run(s->arena, f, s->db, &s->services, make_setup, &setup);
    if (e != ERR_OK)
        return e;
    log_event(s->log, LOG_INFO, "started", LOG_STR("version", STR(MORTISE_VERSION)),
              LOG_STR("listen", s->config.settings.listen),
              LOG_INT("port", http_server_port(s->http)));
    (void)printf("Mortise is ready on %.*s\n", STR_ARG(s->config.settings.public_url));
    if (setup.needed)
        (void)printf("Open this link once to create the workspace admin:\n  %.*s\n",
                     STR_ARG(setup.made.url));
    (void)fflush(stdout);
    return ERR_OK;
}

/* -- stop -- */

/* Returns 0 when something hangs: then nothing that it may use is freed. */
static int quiesce(struct server *s)
{
    if (s->sweeper)
        sweeper_stop(s->sweeper);
    if (s->services.runner)
        runner_stop(s->services.runner);
    keeper_stop(s->keeper);
    notify_stop(s->notify);
    if (s->http)
        http_close(s->http, GRACE_MS);
    if (s->dispatch)
        (void)dispatch_drain(s->dispatch, DRAIN_MS);
    (void)relay_drain(s->relay, DRAIN_MS);
    (void)life_drain(s->services.life, REFRESH_MS);
    jira_provider_stop(&s->provider);
    client_check_end(s->client_check);
    size_t handlers = s->dispatch ? dispatch_drain(s->dispatch, LAST_DRAIN_MS) : 0;
    size_t flights = life_drain(s->services.life, LAST_DRAIN_MS);
    size_t relayed = relay_drain(s->relay, LAST_DRAIN_MS);
    size_t runs = s->services.runner ? runner_drain(s->services.runner, LAST_DRAIN_MS) : 0;
    if (handlers == 0 && flights == 0 && relayed == 0 && runs == 0)
        return 1;
    log_event(s->log, LOG_ERROR, "stopped_hard", LOG_INT("handlers", (int64_t)handlers),
              LOG_INT("refreshes", (int64_t)flights), LOG_INT("relayed", (int64_t)relayed),
              LOG_INT("runs", (int64_t)runs));
    return 0;
}

static void release(struct server *s)
{
    notify_close(s->notify);
    if (s->pool)
        pool_stop(s->pool);
    relay_free(s->relay);
    jira_provider_free(&s->provider);
    loops_stop(s->loops);
    keeper_free(s->keeper);
    notify_free(s->notify);
    life_free(s->services.life);
    runner_free(s->services.runner);
    sweeper_free(s->sweeper);
    dispatch_free(s->dispatch);
    password_gate_free(s->services.passwords);
    vault_free(s->services.vault);
    db_close(s->db);
}

static int run(struct server *s, struct fault *f)
{
    int code = EXIT_FAILED;
    enum err e = start(s, f);

    if (e == ERR_OK)
        e = announce(s, f);
    if (e == ERR_OK) {
        int number = signals_wait();
        log_event(s->log, LOG_INFO, "stopping", LOG_INT("signal", number));
        code = EXIT_OK;
    }
    if (!quiesce(s)) {
        log_free(s->log);
        _exit(EXIT_FAILED);
    }
    release(s);
    return e == ERR_OK ? code : complain(f);
}

int command_serve(int argc, char **argv)
{
    struct fault f = {.code = ERR_OK};
    struct server s = {.arena = arena_new(ARENA_MAX)};
    int code;

    crypto_init();
    signals_harden();
    doc_init();
    if (config_load(s.arena, &f, argc, argv, &s.config) != ERR_OK) {
        code = complain(&f);
    } else {
        s.log = log_new(STDERR_FILENO, s.config.log);
        code = run(&s, &f);
        log_free(s.log);
    }
    arena_free(s.arena);
    return code;
}
