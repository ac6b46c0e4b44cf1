/* A libcurl multi handle driven by the event loop (libcurl's "multi_socket" interface).
 *
 * Rule: nothing here calls a multi function from within a libcurl callback, except
 * curl_multi_assign(), which is made for that.
 *
 * A transfer that is added begins at once, not with the loop's next turn. When it ends at once,
 * too, that is heard of in the next turn: nobody is told of an end from within the call that began
 * it.
 */
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "upstream/client_int.h"

#define SHARD_CONNECTIONS 96 /* kept or used, HTTP/1.1 */
#define HTTP2_CONNECTIONS 256

/* A socket that libcurl wants watched. One that is connected rests between two calls: it stays
 * known to the kernel, as to take it out and to put it back would cost two system calls each time.
 */
struct watch {
    struct watch *next; /* while it is nobody's */
    struct shard *shard;
    struct event event;
    short bits;  /* it is watched for; 0: not watched */
    int is_open; /* connected: in client->opened until it is closed */
    int rests;
};

static void collect(struct shard *s)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(s->multi, &left)) != NULL) {
        struct transfer *t = NULL;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        must(curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t) == CURLE_OK);
        client_ended(t, code); /* message is gone after this */
    }
}

static void act(struct shard *s, curl_socket_t fd, int what)
{
    int running;

    must(curl_multi_socket_action(s->multi, fd, what, &running) == CURLM_OK);
    collect(s);
    client_pump(s->client);
}

static void stop_watching(struct watch *w)
{
    if (w->bits)
        must(event_del(&w->event) == 0);
    w->bits = 0;
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    struct watch *w = arg;
    int bits = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

    if (w->rests)
        stop_watching(w); /* closed by the server, or garbage: seen when it is used again */
    else
        act(w->shard, fd, bits);
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int want_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct shard *s = arg;
    struct timeval tv = {timeout_ms / 1000, timeout_ms % 1000 * 1000};

    (void)multi;
    if (s->adding) /* it is about to be asked */
        return 0;
    if (timeout_ms < 0)
        (void)event_del(s->timer);
    else
        must(event_add(s->timer, &tv) == 0);
    return 0;
}

static struct watch *watch_new(struct shard *s)
{
    struct client *c = s->client;
    struct watch *w = c->spare;

    if (w == NULL)
        w = mem_new(struct watch);
    else
        c->spare = w->next;
    *w = (struct watch){.shard = s};
    return w;
}

static void watch_release(struct client *c, struct watch *w)
{
    stop_watching(w);
    w->next = c->spare;
    c->spare = w;
}

/* --- sockets of ours -------------------------------------------------------------------------- */

static struct watch **opened_at(struct client *c, curl_socket_t fd)
{
    size_t room = c->opened_room ? c->opened_room : 64;

    while (room <= (size_t)fd)
        room *= 2;
    if (room > c->opened_room) {
        c->opened = mem_realloc(c->opened, room * sizeof(*c->opened));
        memset(c->opened + c->opened_room, 0, (room - c->opened_room) * sizeof(*c->opened));
        c->opened_room = room;
    }
    return &c->opened[fd];
}

void shard_opened(struct shard *s, curl_socket_t fd)
{
    struct watch **at = opened_at(s->client, fd);

    if (*at)
        return;
    *at = watch_new(s);
    (*at)->is_open = 1;
}

void shard_made(struct client *c, curl_socket_t fd)
{
    struct watch **at = opened_at(c, fd);

    if (*at)
        watch_release(c, *at);
    *at = NULL;
}

int shard_close(void *client, curl_socket_t fd)
{
    shard_made(client, fd);
    return close(fd);
}

/* --- what libcurl wants ----------------------------------------------------------------------- */

static void watch_for(struct watch *w, curl_socket_t fd, short bits)
{
    w->rests = 0;
    if (w->bits == bits)
        return;
    stop_watching(w);
    must(event_assign(&w->event, loop_base(w->shard->client->loop), fd, bits, on_ready, w) == 0);
    must(event_add(&w->event, NULL) == 0);
    w->bits = bits;
}

static void leave(struct shard *s, curl_socket_t fd, struct watch *w)
{
    if (w == NULL)
        return;
    w->rests = 1;
    if (w->is_open)
        return;
    watch_release(s->client, w);
    (void)curl_multi_assign(s->multi, fd, NULL);
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    struct shard *s = arg;
    struct watch *w = known ? known : *opened_at(s->client, fd);
    short bits = EV_PERSIST;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        leave(s, fd, w);
        return 0;
    }
    if (what & CURL_POLL_IN)
        bits |= EV_READ;
    if (what & CURL_POLL_OUT)
        bits |= EV_WRITE;
    if (w == NULL)
        w = watch_new(s);
    if (known == NULL)
        must(curl_multi_assign(s->multi, fd, w) == CURLM_OK);
    watch_for(w, fd, bits);
    return 0;
}

#define SET(s, option, value) must(curl_multi_setopt((s)->multi, option, value) == CURLM_OK)

struct shard *shard_new(struct client *c, int http2)
{
    struct shard *s = mem_new(struct shard);

    s->client = c;
    s->http2 = http2;
    s->multi = curl_multi_init();
    must(s->multi != NULL);
    s->timer = event_new(loop_base(c->loop), -1, 0, on_time, s);
    s->ended = event_new(loop_base(c->loop), -1, 0, on_time, s);
    must(s->timer != NULL && s->ended != NULL);
    SET(s, CURLMOPT_SOCKETFUNCTION, want_socket);
    SET(s, CURLMOPT_SOCKETDATA, s);
    SET(s, CURLMOPT_TIMERFUNCTION, want_timer);
    SET(s, CURLMOPT_TIMERDATA, s);
    SET(s, CURLMOPT_MAXCONNECTS, (long)(http2 ? HTTP2_CONNECTIONS : SHARD_CONNECTIONS));
    SET(s, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    return s;
}

void shard_free(struct shard *s)
{
    must(s->running == 0);
    must(curl_multi_cleanup(s->multi) == CURLM_OK); /* closes idle connections, unwatches them */
    event_free(s->timer);
    event_free(s->ended);
    mem_free(s);
}

void shard_forget_sockets(struct client *c)
{
    for (size_t i = 0; i < c->opened_room; i++)
        must(c->opened[i] == NULL);
    mem_free(c->opened);
    while (c->spare) {
        struct watch *w = c->spare;
        c->spare = w->next;
        mem_free(w);
    }
}

/* 7.88 opens a connection a call in a burst unless it is told a limit. Only for servers known to
 * multiplex: elsewhere the limit would make one hanging call hold up all others. */
static void limit_connections(struct shard *s)
{
    if (s->http2)
        SET(s, CURLMOPT_MAX_HOST_CONNECTIONS, (long)(1 + s->running / STREAMS_A_CONNECTION));
}

void shard_add(struct shard *s, struct transfer *t)
{
    int running;

    t->shard = s;
    s->running++;
    limit_connections(s);
    s->adding = 1;
    must(curl_multi_add_handle(s->multi, t->easy) == CURLM_OK);
    s->adding = 0;
    must(curl_multi_socket_action(s->multi, CURL_SOCKET_TIMEOUT, 0, &running) == CURLM_OK);
    if ((size_t)running < s->running)
        event_active(s->ended, EV_TIMEOUT, 0);
}

void shard_remove(struct shard *s, struct transfer *t)
{
    must(curl_multi_remove_handle(s->multi, t->easy) == CURLM_OK);
    s->running--;
    t->shard = NULL;
    limit_connections(s);
}
