/* Bytes of one connection -> request heads and bodies, and nothing else: no sockets, no time, no
 * answers. Fed by http/connection.c, the unit tests and the fuzz target alike.
 *
 * A head is collected whole (bounded), its lines are checked as they come, then llhttp (strict)
 * takes it apart and this file's own rules are laid on top. What those are stands in
 * http/parse_head.c; the table of odd requests (tests/unit/http/odd_requests.c) shows each.
 * A body with Content-Length is counted here; a chunked one is decoded by llhttp.
 *
 * Memory: struct parser lives with its connection and owns the head and the header array, which
 * are used again for the next request. One thread at a time.
 */
#ifndef HTTP_PARSE_H
#define HTTP_PARSE_H

#include <llhttp.h>

#include "http/server.h"

enum parse_result {
    PARSE_MORE,    /* everything was used; more bytes are needed */
    PARSE_DONE,    /* the head, or the body, is complete */
    PARSE_REFUSED, /* see refusal and why; the connection cannot go on */
};

/* Line discipline of everything that is not a body: CR LF in pairs, no line that starts with a
 * space, no control byte but the tab. */
struct line_scan {
    unsigned char last;
    size_t column;
};

struct parser {
    struct http_request request; /* valid after parser_head gave PARSE_DONE */
    enum err refusal;
    const char *why; /* for the log; a literal */
    int version_minor;
    int keep_alive;
    int expect_continue;

    /* the rest is parse.c's own */
    struct http_limits limits;
    char *head;
    size_t head_n;
    size_t head_room;
    size_t lines;
    size_t line_length; /* of the request line */
    int blank_seen;
    struct line_scan scan;
    struct http_header *headers;
    size_t header_room;
    struct http_header current;
    llhttp_t llhttp;
    int head_complete;
    int body_complete;
    int64_t body_left;
    size_t framing;
    const char *mark;
    char *out;
    size_t out_n;
};

void parser_init(struct parser *p, struct http_limits limits);
void parser_done(struct parser *p);
/* Before the next request: forgets the request, keeps the memory (a large head is given back). */
void parser_clear(struct parser *p);
/* 1 when no byte of a head was seen yet. */
int parser_is_empty(const struct parser *p);

/* Takes bytes of the head, never one behind it. *ret_used is set in any case. */
enum parse_result parser_head(struct parser *p, str bytes, size_t *ret_used);
/* Whether a body follows the head. */
int parser_has_body(const struct parser *p);
/* Takes bytes of the body, never one behind it (trailers are dropped). Chunks are decoded in
 * place: what *ret_body shows lies within bytes. All three outputs are set in any case. */
enum parse_result parser_body(struct parser *p, char *bytes, size_t n, size_t *ret_used,
                              str *ret_body);

/* parse_head.c, for parse.c: the rules. Each returns ERR_OK, or the error with p->why set. */
MUST_USE enum err parser_check_line(struct parser *p, str line);
MUST_USE enum err parser_check_headers(struct parser *p);

#endif
