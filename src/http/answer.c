/* What goes out: heads of answers, bodies whole or in pieces, the transport's own refusals. What
 * happens to the rest of the request is decided here at an answer's end (settle_input).
 */
#include <limits.h>
#include <time.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/doc.h"
#include "http/connection_int.h"
#include "http/status.h"

/* RFC 9110 section 6.6.1, made once a second. */
static const char *date_now(struct http_part *part)
{
    time_t now = (time_t)(clock_now_ms() / CLOCK_SECOND_MS);
    struct tm tm;

    if (now != part->date_s) {
        gmtime_r(&now, &tm);
        must(strftime(part->date, sizeof(part->date), "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0);
        part->date_s = now;
    }
    return part->date;
}

static int name_is_ours(str name)
{
    return str_eq_nocase(name, STR("content-length")) || str_eq_nocase(name, STR("date")) ||
           str_eq_nocase(name, STR("transfer-encoding")) || str_eq_nocase(name, STR("connection"));
}

struct ends {
    size_t cr, lf, nul;
};

/* Without a way out and in numbers of one byte, so that it is done many at a time. */
static void count_ends(const char *p, size_t n, struct ends *ends)
{
    unsigned char cr = 0, lf = 0, nul = 0;

    for (size_t i = 0; i < n; i++) {
        cr = (unsigned char)(cr + (p[i] == '\r'));
        lf = (unsigned char)(lf + (p[i] == '\n'));
        nul = (unsigned char)(nul + (p[i] == '\0'));
    }
    ends->cr += cr;
    ends->lf += lf;
    ends->nul += nul;
}

/* In one go over all lines: each has one end, its own. */
static int lines_are(str text, size_t count)
{
    struct ends ends = {0};

    for (size_t at = 0; at < text.n; at += UCHAR_MAX)
        count_ends(text.p + at, text.n - at < UCHAR_MAX ? text.n - at : UCHAR_MAX, &ends);
    return ends.cr == count && ends.lf == count && ends.nul == 0;
}

static void add_headers(struct buf *b, const struct http_header *headers, size_t count)
{
    size_t from = b->n;

    for (size_t i = 0; i < count; i++) {
        must(headers[i].name.n > 0 && !name_is_ours(headers[i].name));
        buf_add_parts(b, (str[]){headers[i].name, STR(": "), headers[i].value, STR("\r\n")}, 4);
    }
    must(buf_ok(b) && lines_are(str_slice(buf_str(b), from, b->n), count));
}

static void add_framing(struct http_stream *s, struct buf *b, int status, int64_t length)
{
    if (status == 204 || status == 304)
        return;
    if (length >= 0) {
        buf_add(b, STR("Content-Length: "));
        buf_add_int(b, length);
        buf_add(b, STR("\r\n"));
    } else if (s->parser.version_minor > 0) {
        buf_add(b, STR("Transfer-Encoding: chunked\r\n"));
    } else {
        s->keep = 0;
    }
}

static void add_status(struct buf *b, int status, const char *date)
{
    buf_add(b, STR("HTTP/1.1 "));
    buf_add_int(b, status);
    buf_add_char(b, ' ');
    buf_add_cstring(b, status_phrase(status));
    buf_add(b, STR("\r\nDate: "));
    buf_add_cstring(b, date);
    buf_add(b, STR("\r\n"));
}

/* length -1: not known. Sets what later writing goes by. */
static void write_head(struct http_stream *s, int status, const struct http_header *headers,
                       size_t count, int64_t length)
{
    struct buf *b = &s->part->scratch;

    must(status >= 200 && status <= 599 && length >= -1);
    s->out_bodyless =
        status == 204 || status == 304 || str_eq(s->parser.request.method, STR("HEAD"));
    s->out_left = length;
    s->out_chunked = length < 0 && s->parser.version_minor > 0 && !s->out_bodyless;
    buf_clear(b);
    add_status(b, status, date_now(s->part));
    add_headers(b, headers, count);
    add_framing(s, b, status, length);
    if (!s->keep)
        buf_add(b, STR("Connection: close\r\n"));
    else if (s->parser.version_minor == 0)
        buf_add(b, STR("Connection: keep-alive\r\n"));
    buf_add(b, STR("\r\n"));
    must(buf_ok(b));
}

static void send_parts(struct http_stream *s, const str *parts, size_t count)
{
    wire_add(&s->wire, parts, count);
    if (!s->unsent)
        connection_poke(s);
    s->unsent = 1;
}

static void send_bytes(struct http_stream *s, str bytes)
{
    send_parts(s, &bytes, 1);
}

static int body_is_complete(const struct http_stream *s)
{
    return s->in == IN_DONE || s->body_ended || !parser_has_body(&s->parser);
}

/* Whether the rest of the body will be read for the sake of keeping the connection. */
static int rest_is_small(const struct http_stream *s)
{
    return s->continue_sent && s->parser.request.content_length >= 0 &&
           s->parser.body_left <= DROP_MAX;
}

static void settle_input(struct http_stream *s)
{
    s->out = OUT_ENDED;
    event_del(&s->read_timer);
    if (body_is_complete(s)) {
        s->in = IN_DONE;
    } else if (s->keep && rest_is_small(s)) {
        s->in = IN_DROP;
        must(event_add(&s->read_timer, s->part->deadlines[DEADLINE_BODY]) == 0);
    } else {
        s->in = IN_LINGER;
    }
    connection_poke(s);
}

static void check_use(const struct http_stream *s)
{
    must(loop_is_current(s->part->loop));
    must(!s->dead);
}

void http_accept_body(struct http_stream *s, struct http_callbacks callbacks, size_t max_bytes)
{
    check_use(s);
    must(s->in == IN_HELD && !s->accepted && callbacks.on_gone);
    s->callbacks = callbacks;
    s->accepted = 1;
    s->body_max = max_bytes;
    s->in = IN_BODY;
    if (!s->lost && parser_has_body(&s->parser))
        must(event_add(&s->read_timer, s->part->deadlines[DEADLINE_BODY]) == 0);
    connection_poke(s);
}

void http_pause_body(struct http_stream *s)
{
    check_use(s);
    s->paused = 1;
    if (s->in == IN_BODY)
        event_del(&s->read_timer);
}

void http_resume_body(struct http_stream *s)
{
    check_use(s);
    if (!s->paused)
        return;
    s->paused = 0;
    if (s->in == IN_BODY && parser_has_body(&s->parser))
        must(event_add(&s->read_timer, s->part->deadlines[DEADLINE_BODY]) == 0);
    connection_poke(s);
}

void http_respond(struct http_stream *s, int status, const struct http_header *headers,
                  size_t count, str body)
{
    check_use(s);
    must(s->in != IN_HEAD && s->out == OUT_NONE);
    if (s->lost) {
        connection_drop(s);
        return;
    }
    s->keep = s->keep && (body_is_complete(s) || rest_is_small(s));
    write_head(s, status, headers, count, (int64_t)body.n);
    send_bytes(s, buf_str(&s->part->scratch));
    if (!s->out_bodyless && body.n > 0)
        send_bytes(s, body);
    settle_input(s);
}

void http_start(struct http_stream *s, int status, const struct http_header *headers, size_t count,
                int64_t content_length)
{
    check_use(s);
    must(s->in != IN_HEAD && s->out == OUT_NONE);
    s->out = OUT_STREAM;
    s->broken = 0;
    s->want_drain = 0;
    write_head(s, status, headers, count, content_length);
    if (!s->lost)
        send_bytes(s, buf_str(&s->part->scratch));
}

static int has_room(struct http_stream *s)
{
    s->want_drain = wire_waiting(&s->wire) >= OUT_HIGH;
    return !s->want_drain;
}

/* RFC 9112 section 7.1. */
static void send_chunk(struct http_stream *s, str chunk)
{
    char size[2 * sizeof(chunk.n)];
    size_t first = sizeof(size);

    for (size_t n = chunk.n; n; n >>= 4)
        size[--first] = "0123456789abcdef"[n & 15];
    str parts[] = {{size + first, sizeof(size) - first}, STR("\r\n"), chunk, STR("\r\n")};
    send_parts(s, parts, 4);
}

int http_write(struct http_stream *s, str chunk)
{
    check_use(s);
    must(s->out == OUT_STREAM);
    if (s->lost || s->out_bodyless)
        return 1;
    if (s->out_left >= 0 && chunk.n > (size_t)s->out_left)
        s->broken = 1;
    if (chunk.n == 0 || s->broken)
        return has_room(s);
    if (s->out_left >= 0)
        s->out_left -= (int64_t)chunk.n;
    if (s->out_chunked)
        send_chunk(s, chunk);
    else
        send_bytes(s, chunk);
    return has_room(s);
}

void http_end(struct http_stream *s)
{
    check_use(s);
    must(s->out == OUT_STREAM);
    if (s->lost || s->broken || (s->out_left > 0 && !s->out_bodyless)) {
        connection_drop(s);
        return;
    }
    if (s->out_chunked)
        send_bytes(s, STR("0\r\n\r\n"));
    settle_input(s);
    connection_send(s);
}

void http_abort(struct http_stream *s)
{
    check_use(s);
    must(s->in != IN_HEAD && s->out != OUT_ENDED);
    connection_drop(s);
}

struct loop *http_stream_loop(struct http_stream *s)
{
    return s->part->loop;
}

void answer_continue(struct http_stream *s)
{
    send_bytes(s, STR("HTTP/1.1 100 Continue\r\n\r\n"));
}

static str problem_text(struct arena *a, enum err code)
{
    json_t *problem = doc_object(a);

    doc_set_cstring(problem, "type", "about:blank");
    doc_set_cstring(problem, "title", status_phrase(err_status(code)));
    doc_set_int(problem, "status", err_status(code));
    doc_set_cstring(problem, "code", err_code(code));
    doc_set_cstring(problem, "detail", err_sentence(code));
    return doc_print(a, problem);
}

void answer_refusal(struct http_stream *s, enum err code)
{
    static const struct http_header headers[] = {
        {STR("Content-Type"), STR("application/problem+json")},
        {STR("Cache-Control"), STR("no-store")},
        {STR("X-Content-Type-Options"), STR("nosniff")},
    };
    struct arena *a = arena_new(16384);
    str body = problem_text(a, code);

    s->keep = 0;
    write_head(s, err_status(code), headers, sizeof(headers) / sizeof(headers[0]), (int64_t)body.n);
    send_bytes(s, buf_str(&s->part->scratch));
    if (!s->out_bodyless)
        send_bytes(s, body);
    arena_free(a);
    s->out = OUT_ENDED;
    s->in = IN_LINGER;
    event_del(&s->read_timer);
    connection_poke(s);
}
