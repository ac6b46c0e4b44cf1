/* Fuzz target: the bytes of a connection through the parser, once in one piece and once in pieces
 * of changing sizes. Both must see the same requests, bodies and refusal; what is accepted must
 * keep the promises of http/server.h. Run by tests/fuzz/smoke.sh (libFuzzer) and, over the corpus,
 * by the unit test http-corpus.
 */
#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "http/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TRACE_MAX = 4 * 1024 * 1024 };

static void check_text(str s, int spaces)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        must(c != 0x7f && (c > 0x20 || (spaces && (c == ' ' || c == '\t'))));
    }
}

static void check_request(const struct parser *p)
{
    const struct http_request *r = &p->request;
    size_t hosts = 0, lengths = 0, codings = 0;

    must(r->method.n > 0 && r->path.n > 0 && r->path.p[0] == '/');
    must(r->target.n >= r->path.n && r->content_length >= -1);
    must(r->host.n > 0 || p->version_minor == 0);
    check_text(r->method, 0);
    check_text(r->target, 0);
    check_text(r->host, 0);
    for (size_t i = 0; i < r->header_count; i++) {
        must(r->headers[i].name.n > 0 && r->headers[i].value.p != NULL);
        check_text(r->headers[i].name, 0);
        check_text(r->headers[i].value, 1);
        hosts += (size_t)str_eq_nocase(r->headers[i].name, STR("host"));
        lengths += (size_t)str_eq_nocase(r->headers[i].name, STR("content-length"));
        codings += (size_t)str_eq_nocase(r->headers[i].name, STR("transfer-encoding"));
    }
    must(hosts <= 1 && lengths + codings <= 1);
    must((r->content_length == -1) == (codings == 1));
}

static void trace_request(struct buf *trace, const struct parser *p)
{
    const struct http_request *r = &p->request;

    check_request(p);
    buf_addf(trace, "%.*s %.*s %.*s|%.*s|%d %lld %d %d\n", STR_ARG(r->method), STR_ARG(r->host),
             STR_ARG(r->path), STR_ARG(r->query), p->version_minor, (long long)r->content_length,
             p->keep_alive, p->expect_continue);
    for (size_t i = 0; i < r->header_count; i++)
        buf_addf(trace, "%.*s=%.*s\n", STR_ARG(r->headers[i].name), STR_ARG(r->headers[i].value));
}

/* Feeds one piece to whichever half is due. *in_body says which, and changes. */
static enum parse_result feed(struct parser *p, char *bytes, size_t n, int *in_body,
                              size_t *ret_used, struct buf *body, struct buf *trace)
{
    enum parse_result result;
    str part;

    if (!*in_body) {
        result = parser_head(p, (str){bytes, n}, ret_used);
        must(result != PARSE_MORE || *ret_used == n);
        if (result == PARSE_DONE)
            trace_request(trace, p);
        *in_body = result == PARSE_DONE && parser_has_body(p);
        if (result == PARSE_DONE && !*in_body)
            parser_clear(p);
        return result;
    }
    result = parser_body(p, bytes, n, ret_used, &part);
    must(part.n <= n && (part.n == 0 || (part.p >= bytes && part.p + part.n <= bytes + n)));
    must(result != PARSE_MORE || *ret_used == n);
    buf_add(body, part);
    if (result == PARSE_DONE) {
        buf_add_cstring(trace, "body ");
        buf_add(trace, buf_str(body));
        buf_clear(body);
        parser_clear(p);
        *in_body = 0;
    }
    return result;
}

/* step 0: all at once; else pieces of changing sizes up to step. */
static void run(const uint8_t *data, size_t size, size_t step, struct buf *trace)
{
    struct http_limits limits = {.head_bytes = 5000, .header_count = 20};
    struct parser p;
    struct buf body;
    size_t at = 0, piece = 1;
    enum parse_result result = PARSE_MORE;
    int in_body = 0;

    parser_init(&p, limits);
    buf_init(&body, TRACE_MAX);
    while (at < size && result != PARSE_REFUSED) {
        size_t n = size - at, used = 0;
        char *copy;

        piece = piece * 7 % 31 + 1;
        if (step && n > piece % step + 1)
            n = piece % step + 1;
        copy = mem_alloc(n); /* of exactly that size: reading beyond is seen */
        memcpy(copy, data + at, n);
        result = feed(&p, copy, n, &in_body, &used, &body, trace);
        must(used <= n);
        at += used;
        mem_free(copy);
    }
    buf_addf(trace, "\nend %d %d\n", result == PARSE_REFUSED,
             result == PARSE_REFUSED ? (int)p.refusal : in_body);
    must(result != PARSE_REFUSED || (p.refusal != ERR_OK && p.why != NULL));
    buf_done(&body);
    parser_done(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole, pieces;

    buf_init(&whole, TRACE_MAX);
    buf_init(&pieces, TRACE_MAX);
    run(data, size, 0, &whole);
    for (size_t step = 1; step <= 16; step *= 4) {
        buf_clear(&pieces);
        run(data, size, step, &pieces);
        must(str_eq(buf_str(&whole), buf_str(&pieces)));
    }
    buf_done(&whole);
    buf_done(&pieces);
    return 0;
}
