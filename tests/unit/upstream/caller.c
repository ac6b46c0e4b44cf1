/* See the header. Each call has an arena of its own. */
#include "caller.h"

#include <string.h>

#include "base/check.h"

struct caller *caller_new(const char *allow, const char *ca_file, const char *proxy, int connect_ms)
{
    struct caller *c = mem_new(struct caller);
    struct upstream_config config = {
        .ca_file = str_from(ca_file),
        .proxy = str_from(proxy),
        .user_agent = STR("Mortise/test"),
        .connect_timeout_ms = connect_ms,
    };
    struct allow_list *list = NULL;

    c->arena = arena_new(1 << 20);
    must(allow_list_parse(c->arena, NULL, "", str_from(allow), &list) == ERR_OK);
    config.allow = list;
    c->loops = loops_start(1);
    must(upstream_new(NULL, c->loops, &config, &c->upstream) == ERR_OK);
    return c;
}

void caller_free(struct caller *c)
{
    upstream_free(c->upstream);
    loops_stop(c->loops);
    arena_free(c->arena);
    mem_free(c);
}

static void on_done(struct upstream_call *call, void *token)
{
    struct caller_call *x = token;

    must(call == &x->call);
    must(sem_post(&x->done) == 0);
}

static void begin(void *arg)
{
    struct caller_call *x = arg;

    upstream_call(x->caller->upstream, loops_at(x->caller->loops, 0), &x->call);
}

struct caller_call *caller_prepare(struct caller *c, const char *method, const char *body,
                                   int timeout_ms, const char *url)
{
    static const struct upstream_header json[] = {{STR("Content-Type"), STR("application/json")}};
    struct caller_call *x = mem_new(struct caller_call);
    struct arena *a = arena_new((size_t)64 << 20);

    x->caller = c;
    must(sem_init(&x->done, 0, 0) == 0);
    secret_set(&x->secret, "canary-token", 12);
    x->call = (struct upstream_call){
        .arena = a,
        .method = str_from(method),
        .url = arena_str_from(a, url),
        .headers = json,
        .header_count = body ? 1 : 0,
        .username = STR("anna@acme.example"),
        .secret = &x->secret,
        .body = str_from(body),
        .body_max = (size_t)1 << 20,
        .deadline_ms = clock_monotonic_ms() + timeout_ms,
        .done = on_done,
        .token = x,
    };
    return x;
}

void caller_start(struct caller_call *x)
{
    loop_post(loops_at(x->caller->loops, 0), begin, x);
}

struct caller_call *caller_begin(struct caller *c, const char *method, const char *body,
                                 int timeout_ms, const char *url)
{
    struct caller_call *x = caller_prepare(c, method, body, timeout_ms, url);

    caller_start(x);
    return x;
}

struct upstream_call *caller_wait(struct caller_call *x)
{
    while (sem_wait(&x->done) != 0)
        continue;
    return &x->call;
}

void caller_call_free(struct caller_call *x)
{
    arena_free(x->call.arena);
    secret_wipe(&x->secret);
    must(sem_destroy(&x->done) == 0);
    mem_free(x);
}
