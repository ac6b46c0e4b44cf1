/* Calls in and verdicts out: queueing by origin, choosing a multi handle, deadlines, stopping.
 * The states of a transfer stand in client_int.h.
 *
 * Stopping: upstream_stop() posts to each loop; there every transfer ends as UPSTREAM_STOPPED, and
 * so does, a turn later, every one that is begun afterwards. upstream_free() posts once more, and
 * as their done() may begin further calls, the client is taken down only when no transfer is left.
 * The semaphore tells upstream_free().
 */
#include "upstream/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "upstream/client_int.h"

#define SYSTEM_CA_FILE "/etc/ssl/certs/ca-certificates.crt"

static char *heap_copy(str s)
{
    char *p = mem_alloc(s.n + 1);

    if (s.n)
        memcpy(p, s.p, s.n);
    return p;
}

/* --- origins ---------------------------------------------------------------------------------- */

static void origin_free(struct origin **link)
{
    struct origin *o = *link;

    must(o->calls == 0);
    *link = o->next;
    curl_url_cleanup(o->url);
    mem_free(o->key);
    mem_free(o);
}

static void origin_push(struct client *c, struct origin *o)
{
    o->next = c->origins;
    c->origins = o;
}

/* The list is in order of last use. */
static struct origin *origin_find(struct client *c, str key)
{
    for (struct origin **link = &c->origins; *link; link = &(*link)->next) {
        struct origin *o = *link;
        if (!str_eq(str_from(o->key), key))
            continue;
        *link = o->next;
        origin_push(c, o);
        return o;
    }
    return NULL;
}

/* What is beyond the limit and idle is forgotten. NULL: no server can be made of the key. */
static struct origin *origin_new(struct client *c, str key)
{
    struct origin *o = mem_new(struct origin);
    size_t seen = 0;

    for (struct origin **link = &c->origins; *link;) {
        if (++seen >= ORIGINS_KEPT && (*link)->calls == 0)
            origin_free(link);
        else
            link = &(*link)->next;
    }
    o->key = heap_copy(key);
    o->url = curl_url();
    must(o->url != NULL);
    o->queue_end = &o->queue;
    origin_push(c, o);
    if (curl_url_set(o->url, CURLUPART_URL, o->key, 0) == CURLUE_OK)
        return o;
    origin_free(&c->origins);
    return NULL;
}

/* --- transfers -------------------------------------------------------------------------------- */

static void queue_add(struct transfer *t)
{
    t->state = TRANSFER_QUEUED;
    t->queue_next = NULL;
    *t->origin->queue_end = t;
    t->origin->queue_end = &t->queue_next;
    t->client->queued++;
}

static void queue_remove(struct transfer *t)
{
    struct origin *o = t->origin;
    struct transfer **link = &o->queue;

    while (*link != t)
        link = &(*link)->queue_next;
    *link = t->queue_next;
    if (t->queue_next == NULL)
        o->queue_end = link;
    t->client->queued--;
}

static void client_gone(void *arg);

/* At most one such post is under way: after it, the client's memory may be gone. */
static void post_gone(struct client *c)
{
    if (!c->leaving || c->transfers || c->gone_posted)
        return;
    c->gone_posted = 1;
    loop_post(c->loop, client_gone, c);
}

/* Whoever has room again comes first: it has a connection that has just become idle. */
static void room_add(struct client *c, struct shard *s)
{
    s->next_with_room = c->with_room;
    c->with_room = s;
}

static void stop_running(struct transfer *t)
{
    struct shard *s = t->shard;

    shard_remove(s, t);
    if (!s->http2 && s->running == SHARD_TRANSFERS - 1)
        room_add(t->client, s);
    if (t->prereqs == 0)
        t->origin->starting--;
    t->client->pump_wanted = 1;
}

/* Off every list and out of libcurl, then the caller hears of it. */
static void transfer_end(struct transfer *t)
{
    struct client *c = t->client;
    struct upstream_call *call = t->call;

    if (t->state == TRANSFER_QUEUED)
        queue_remove(t);
    if (t->state == TRANSFER_RUNNING)
        stop_running(t);
    if (t->origin)
        t->origin->calls--;
    *t->link = t->next;
    if (t->next)
        t->next->link = t->link;
    transfer_release(t);
    must(event_del(&t->timer) == 0);
    if (call->stream)
        must(event_del(&t->wake) == 0);
    call->ours = NULL;
    c->pump_wanted = 1;
    call->done(call, call->token);
    post_gone(c);
}

/* Its connection will serve others. Earlier libcurl does not say which one it is, and while it is
 * connecting libcurl closes it without a word to us. */
static void tell_opened(struct transfer *t)
{
    curl_socket_t fd = CURL_SOCKET_BAD;

    if (curl_easy_getinfo(t->easy, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK && fd >= 0)
        shard_opened(t->shard, fd);
}

void client_ended(struct transfer *t, CURLcode code)
{
    if (t->opened && code == CURLE_OK)
        tell_opened(t);
    outcome_judge(t, code);
    if (t->behind.first && t->call->outcome == UPSTREAM_ANSWERED) {
        stop_running(t);
        t->state = TRANSFER_EMPTYING;
        return;
    }
    if (t->call->outcome == UPSTREAM_ANSWERED && t->call->stream && t->call->stream->on_whole)
        t->call->stream->on_whole(t->call, t->call->token);
    transfer_end(t);
}

/* 1 when all was said and nothing is left. */
static int wake(struct transfer *t)
{
    if (t->given_up || t->full) {
        if (t->state != TRANSFER_FAILING)
            outcome_judge(t, t->given_up ? CURLE_ABORTED_BY_CALLBACK : CURLE_WRITE_ERROR);
        if (t->given_up)
            t->call->outcome = UPSTREAM_GIVEN_UP;
        return 1;
    }
    stream_wake(t);
    return t->state == TRANSFER_EMPTYING && t->behind.first == NULL;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct transfer *t = arg;
    struct client *c = t->client;

    (void)fd;
    (void)what;
    if (!wake(t))
        return;
    transfer_end(t);
    client_pump(c);
}

void upstream_wake(struct upstream_call *call)
{
    must(call->ours != NULL && call->stream != NULL);
    event_active(&call->ours->wake, EV_TIMEOUT, 0);
}

void upstream_give_up(struct upstream_call *call)
{
    must(call->ours != NULL && call->stream != NULL);
    call->ours->given_up = 1;
    event_active(&call->ours->wake, EV_TIMEOUT, 0);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    struct transfer *t = arg;
    struct client *c = t->client;

    (void)fd;
    (void)what;
    if (t->state != TRANSFER_FAILING)
        outcome_judge(t, CURLE_OPERATION_TIMEDOUT);
    transfer_end(t);
    client_pump(c);
}

static struct transfer *transfer_new(struct client *c, struct upstream_call *call)
{
    struct transfer *t = arena_new_of(call->arena, struct transfer);

    t->client = c;
    t->call = call;
    t->began_ms = clock_monotonic_ms();
    t->next = c->transfers;
    t->link = &c->transfers;
    if (t->next)
        t->next->link = &t->next;
    c->transfers = t;
    must(event_assign(&t->timer, loop_base(c->loop), -1, 0, on_deadline, t) == 0);
    if (call->stream)
        must(event_assign(&t->wake, loop_base(c->loop), -1, 0, on_wake, t) == 0);
    call->ours = t;
    return t;
}

/* Never from within upstream_call(): the verdict comes by the timer. */
static void fail_later(struct transfer *t, enum upstream_outcome outcome, const char *reason)
{
    t->state = TRANSFER_FAILING;
    t->call->outcome = outcome;
    t->call->phase = UPSTREAM_QUEUED;
    t->call->sent = 0;
    t->call->took_ms = 0;
    t->call->reason = reason;
    t->call->detail = STR("");
    event_active(&t->timer, EV_TIMEOUT, 0);
}

/* Where the call goes; NULL: nowhere, and its verdict is under way. A URL is taken apart when its
 * origin is met for the first time; what follows the origin cannot change where it leads. */
static struct origin *origin_for(struct transfer *t)
{
    const struct upstream_call *call = t->call;
    str key = upstream_url_start(call->url);
    struct origin *o = origin_find(t->client, key);
    struct upstream_url url;
    int allowed;

    if (o && upstream_url_is_clean(call->url))
        return o;
    if (!upstream_url_parse(call->arena, call->url, &url) || url.has_user) {
        fail_later(t, UPSTREAM_NO_HOST, NULL);
        return NULL;
    }
    allowed = allow_list_has(t->client->upstream->allow, &url);
    if (!allowed && str_eq(url.scheme, STR("http"))) {
        fail_later(t, UPSTREAM_GUARDED, "plain http is not allowed for it");
        return NULL;
    }
    o = origin_new(t->client, key);
    if (o == NULL) {
        fail_later(t, UPSTREAM_NO_HOST, NULL);
        return NULL;
    }
    o->allowed = allowed;
    o->is_plain = str_eq(url.scheme, STR("http"));
    return o;
}

/* --- starting --------------------------------------------------------------------------------- */

static struct shard *shard_with_room(struct client *c)
{
    struct shard *s = c->with_room;

    if (s == NULL) {
        s = shard_new(c, 0);
        s->next = c->shards;
        c->shards = s;
        room_add(c, s);
    }
    must(s->running < SHARD_TRANSFERS);
    if (s->running == SHARD_TRANSFERS - 1)
        c->with_room = s->next_with_room;
    return s;
}

static struct shard *shard_for(struct client *c, const struct transfer *t)
{
    int bulk = t->call->stream && t->call->stream->is_bulk;

    if (bulk || t->origin->protocol != ORIGIN_HTTP2)
        return shard_with_room(c);
    if (c->http2 == NULL)
        c->http2 = shard_new(c, 1);
    return c->http2;
}

static void start(struct transfer *t)
{
    queue_remove(t);
    t->state = TRANSFER_RUNNING;
    t->origin->starting++;
    transfer_prepare(t);
    shard_add(shard_for(t->client, t), t);
}

void client_pump(struct client *c)
{
    while (c->pump_wanted && !c->stopping) {
        c->pump_wanted = 0; /* who starts may make room for others of its server */
        for (struct origin *o = c->origins; o && c->queued; o = o->next) {
            while (o->queue && o->starting < STARTING_MAX)
                start(o->queue);
        }
    }
}

static struct client *client_of(struct upstream *u, const struct loop *loop)
{
    must(loop_is_current(loop));
    for (size_t i = 0; i < u->count; i++) {
        if (u->clients[i].loop == loop)
            return &u->clients[i];
    }
    unreachable("a loop of somebody else");
}

static void start_clock(struct transfer *t)
{
    int64_t left = t->call->deadline_ms - t->began_ms;
    struct timeval tv = {left > 0 ? left / 1000 : 0, left > 0 ? left % 1000 * 1000 : 0};

    must(event_add(&t->timer, &tv) == 0);
}

void upstream_call(struct upstream *u, struct loop *loop, struct upstream_call *call)
{
    struct client *c = client_of(u, loop);
    struct transfer *t = transfer_new(c, call);

    must(call->deadline_ms || call->stream);
    if (c->stopping) {
        fail_later(t, UPSTREAM_STOPPED, NULL);
        return;
    }
    t->origin = origin_for(t);
    if (t->origin == NULL)
        return;
    if (call->deadline_ms)
        start_clock(t);
    t->origin->calls++;
    queue_add(t);
    c->pump_wanted = 1;
    client_pump(c);
}

str upstream_reply_header(const struct upstream_call *call, str name)
{
    for (size_t i = 0; i < call->reply_header_count; i++) {
        if (str_eq_nocase(call->reply_headers[i].name, name))
            return call->reply_headers[i].value;
    }
    return (str){NULL, 0};
}

/* --- life ------------------------------------------------------------------------------------- */

static void client_gone(void *arg)
{
    struct client *c = arg;

    c->gone_posted = 0;
    if (c->transfers)
        return; /* one more call came: its end posts again */
    while (c->shards) {
        struct shard *s = c->shards;
        c->shards = s->next;
        shard_free(s);
    }
    if (c->http2)
        shard_free(c->http2);
    shard_forget_sockets(c);
    while (c->origins)
        origin_free(&c->origins);
    while (c->idle_count)
        curl_easy_cleanup(c->idle[--c->idle_count]);
    must(sem_post(c->stopped) == 0);
}

static void client_stop(void *arg)
{
    struct client *c = arg;

    c->stopping = 1;
    for (struct transfer *t = c->transfers, *next; t; t = next) {
        next = t->next;
        if (t->state == TRANSFER_FAILING)
            continue; /* its verdict is under way */
        outcome_judge(t, CURLE_ABORTED_BY_CALLBACK);
        t->call->outcome = UPSTREAM_STOPPED;
        transfer_end(t);
    }
}

static void client_leave(void *arg)
{
    struct client *c = arg;

    client_stop(c);
    c->leaving = 1;
    post_gone(c);
}

static void post_to_all(struct upstream *u, void (*fn)(void *arg))
{
    for (size_t i = 0; i < u->count; i++) {
        must(!loop_is_current(u->clients[i].loop));
        loop_post(u->clients[i].loop, fn, &u->clients[i]);
    }
}

void upstream_stop(struct upstream *u)
{
    post_to_all(u, client_stop);
}

void upstream_free(struct upstream *u)
{
    sem_t stopped;

    if (u == NULL)
        return;
    must(sem_init(&stopped, 0, 0) == 0);
    for (size_t i = 0; i < u->count; i++)
        u->clients[i].stopped = &stopped;
    post_to_all(u, client_leave);
    for (size_t i = 0; i < u->count; i++) {
        while (sem_wait(&stopped) != 0)
            continue; /* a signal */
    }
    must(sem_destroy(&stopped) == 0);
    mem_free(u->clients);
    mem_free(u->ca_file);
    mem_free(u->proxy);
    mem_free(u->user_agent);
    held_unref(u->held);
    mem_free(u);
    curl_global_cleanup();
}

static enum err check_config(struct fault *f, const struct upstream_config *config)
{
    struct arena *a = arena_new(16384);
    struct upstream_url proxy = {0};
    enum err e = ERR_OK;

    if (config->ca_file.n && access(arena_cstring(a, config->ca_file), R_OK) != 0)
        e = fail(f, ERR_CONFIG, "The file of certificate authorities \"%.*s\" cannot be read.",
                 STR_ARG(str_utf8_cut(config->ca_file, 200)));
    else if (config->proxy.n &&
             (!upstream_url_parse(a, config->proxy, &proxy) || proxy.has_user ||
              !str_eq(proxy.scheme, STR("http")) || !str_eq(proxy.path, STR("/")) || proxy.query.p))
        e = fail(f, ERR_CONFIG,
                 "The proxy (MORTISE_PROXY) cannot be used. Write it as http://host:port.");
    arena_free(a);
    return e;
}

enum err upstream_new(struct fault *f, struct loops *loops, const struct upstream_config *config,
                      struct upstream **ret)
{
    struct upstream *u;
    enum err e = check_config(f, config);

    if (e)
        return e;
    must(curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, free, realloc, strdup, mem_calloc) ==
         CURLE_OK);
    u = mem_new(struct upstream);
    u->ca_file = heap_copy(config->ca_file.n ? config->ca_file : STR(SYSTEM_CA_FILE));
    u->proxy = heap_copy(config->proxy);
    u->user_agent = mem_alloc(sizeof("User-Agent: ") + config->user_agent.n);
    (void)snprintf(u->user_agent, sizeof("User-Agent: ") + config->user_agent.n, "User-Agent: %.*s",
                   STR_ARG(config->user_agent));
    u->allow = config->allow;
    u->held = held_new(UPSTREAM_HELD_MAX);
    u->connect_timeout_ms = (long)config->connect_timeout_ms;
    u->count = loops_count(loops);
    u->clients = mem_alloc_array(u->count, sizeof(*u->clients));
    for (size_t i = 0; i < u->count; i++) {
        u->clients[i].upstream = u;
        u->clients[i].loop = loops_at(loops, i);
    }
    *ret = u;
    return ERR_OK;
}
