/* See the header. */
#include "main/run_call.h"

#include <semaphore.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/doc.h"
#include "upstream/client.h"
#include "upstream/url.h"

#define CONNECT_MS 10000
#define DEADLINE_MS 90000 /* a run is waited for 50 seconds at a time */
#define ANSWER_MAX ((size_t)32 << 20)

struct run_call {
    struct arena *arena;
    str base;
    const struct secret *key;
    struct loops *loops;
    struct upstream *upstream;
    struct upstream_call call;
    sem_t done;
};

enum err run_call_open(struct arena *a, struct fault *f, const struct settings *settings, str url,
                       const struct secret *key, struct run_call **ret)
{
    struct run_call *c = arena_new_of(a, struct run_call);
    struct allow_list *allow = NULL;
    struct upstream_url u;
    struct upstream_config config = {
        .ca_file = settings->ca_file,
        .proxy = settings->proxy,
        .user_agent = STR("Mortise-run/" MORTISE_VERSION),
        .connect_timeout_ms = CONNECT_MS,
    };
    enum err e = allow_list_parse(a, f, "MORTISE_URL", STR(""), &allow);

    while (str_ends(url, STR("/")))
        url.n--;
    if (!e && !upstream_url_parse(a, url, &u))
        e = fail(f, ERR_CONFIG, "\"%.*s\" is no address of a Mortise server.", STR_ARG(url));
    if (e)
        return e;
    allow_list_add(a, allow, &u);
    config.allow = allow;
    *c = (struct run_call){.arena = a, .base = url, .key = key, .loops = loops_start(1)};
    must(sem_init(&c->done, 0, 0) == 0);
    e = upstream_new(f, c->loops, &config, &c->upstream);
    *ret = c;
    return e;
}

void run_call_close(struct run_call *c)
{
    if (!c)
        return;
    upstream_free(c->upstream);
    loops_stop(c->loops);
    must(sem_destroy(&c->done) == 0);
}

static void done(struct upstream_call *call, void *token)
{
    struct run_call *c = token;

    (void)call;
    must(sem_post(&c->done) == 0);
}

static void begin(void *arg)
{
    struct run_call *c = arg;

    upstream_call(c->upstream, loops_at(c->loops, 0), &c->call);
}

static enum err read_answer(struct run_call *c, struct fault *f, json_t **ret)
{
    if (c->call.outcome == UPSTREAM_GUARDED || c->call.outcome == UPSTREAM_NO_HOST || !c->call.sent)
        return fail(f, ERR_UPSTREAM_UNREACHABLE, "Mortise at %.*s could not be reached.",
                    STR_ARG(c->base));
    if (c->call.outcome != UPSTREAM_ANSWERED)
        return fail(f, ERR_UPSTREAM_INTERRUPTED,
                    "Mortise at %.*s did not answer. The run may have begun: look into the run "
                    "history before you start it again.",
                    STR_ARG(c->base));
    if (doc_parse(c->arena, f, c->call.reply_body, ret) || !json_is_object(*ret))
        return fail(f, ERR_UPSTREAM_NOT_JIRA, "What answers at %.*s is not Mortise.",
                    STR_ARG(c->base));
    return ERR_OK;
}

enum err run_call(struct run_call *c, struct fault *f, str path, const json_t *body,
                  int *ret_status, json_t **ret)
{
    static const struct upstream_header HEADERS[] = {
        {STR("Accept"), STR("application/json")}, {STR("Content-Type"), STR("application/json")}};

    c->call = (struct upstream_call){
        .arena = c->arena,
        .method = body ? STR("POST") : STR("GET"),
        .url = arena_printf(c->arena, "%.*s/api/v1%.*s", STR_ARG(c->base), STR_ARG(path)),
        .headers = HEADERS,
        .header_count = body ? 2 : 1,
        .auth = UPSTREAM_BEARER,
        .secret = c->key,
        .body = body ? doc_print(c->arena, body) : (str){NULL, 0},
        .body_max = ANSWER_MAX,
        .deadline_ms = clock_monotonic_ms() + DEADLINE_MS,
        .done = done,
        .token = c,
    };
    loop_post(loops_at(c->loops, 0), begin, c);
    while (sem_wait(&c->done) != 0)
        ;
    *ret_status = c->call.status;
    return read_answer(c, f, ret);
}
