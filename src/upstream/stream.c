/* Bodies that pass through: libcurl's pausing, driven by whoever reads and writes.
 *
 * A direction that is paused stays so until upstream_wake(), which only leaves a note (an event):
 * libcurl is unpaused from the loop, never from within one of its callbacks. An answer over HTTP/2
 * is never paused: what its reader does not take is kept by us (behind.c).
 */
#include "base/check.h"
#include "upstream/client_int.h"

#define SET(t, option, value) must(curl_easy_setopt((t)->easy, option, value) == CURLE_OK)

static size_t on_more(char *to, size_t one, size_t n, void *arg)
{
    struct transfer *t = arg;
    struct upstream_stream *s = t->call->stream;
    size_t given = s->more(t->call, to, one * n, t->call->token);

    must(given <= one * n);
    if (given == 0 && !s->ended)
        return CURL_READFUNC_PAUSE;
    return given;
}

/* libcurl wants to send again what it has sent: nobody kept it, so that the call ends. */
static int on_seek(void *arg, curl_off_t offset, int origin)
{
    (void)arg;
    (void)offset;
    (void)origin;
    return CURL_SEEKFUNC_FAIL;
}

void stream_prepare(struct transfer *t)
{
    const struct upstream_stream *s = t->call->stream;

    if (s->body_length == 0)
        return;
    SET(t, CURLOPT_UPLOAD, 1L);
    SET(t, CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
    SET(t, CURLOPT_READFUNCTION, on_more);
    SET(t, CURLOPT_READDATA, t);
    SET(t, CURLOPT_SEEKFUNCTION, on_seek);
    SET(t, CURLOPT_SEEKDATA, t);
    SET(t, CURLOPT_INFILESIZE_LARGE, (curl_off_t)s->body_length); /* -1: chunked */
}

void stream_tell_head(struct transfer *t)
{
    long status = 0;

    if (t->head_told)
        return;
    (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200)
        return; /* interim */
    t->head_told = 1;
    t->call->status = (int)status;
    t->call->reply_headers = t->reply;
    t->call->reply_header_count = t->reply_count;
    t->call->stream->on_head(t->call, t->call->token);
}

static int is_http2(const struct transfer *t)
{
    long version = 0;

    (void)curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
    return version == CURL_HTTP_VERSION_2_0;
}

static size_t take_none(struct transfer *t, const char *p, size_t n)
{
    if (!is_http2(t))
        return CURL_WRITEFUNC_PAUSE;         /* libcurl keeps the piece and brings it again */
    return behind_keep(t, p, n) ? n : n + 1; /* any other count ends the transfer */
}

size_t stream_take(struct transfer *t, char *p, size_t n)
{
    if (t->in_pause)
        return take_none(t, p, n);
    stream_tell_head(t);
    t->in_pause = !t->call->stream->on_data(t->call, (str){p, n}, t->call->token);
    return n;
}

void stream_wake(struct transfer *t)
{
    t->in_pause = 0;
    if (t->behind.first)
        behind_hand_on(t);
    /* Whatever comes of it is heard from the multi handle; the verdict too. */
    if (t->easy && t->state == TRANSFER_RUNNING)
        (void)curl_easy_pause(t->easy, CURLPAUSE_CONT);
}
