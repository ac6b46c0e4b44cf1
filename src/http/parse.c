/* Collects a head, checks its lines, has llhttp take it apart; counts or decodes the body. The
 * rules for what a head may say are parse_head.c's.
 *
 * The request line is checked as soon as it is there, to refuse early, and again when the head's
 * memory has moved because it grew; nothing else points into it before it is complete.
 */
#include "http/parse.h"

#include "base/check.h"
#include "base/mem.h"

/* The default mode of llhttp lets a bare CR, a space before the colon and a bad end of a chunk
 * pass, which is how requests are smuggled (CVE-2023-30589). */
#if !LLHTTP_STRICT_MODE
#error "llhttp must be compiled with -DLLHTTP_STRICT_MODE=1, and so must this file"
#endif

enum {
    HEAD_ROOM_FIRST = 1024,
    HEAD_ROOM_KEPT = 8192,
    /* Bytes between two pieces of a chunked body: size line with its extension, or trailers. */
    FRAMING_MAX = 4096,
    AT_ONCE = 64,
};

static enum parse_result refuse(struct parser *p, enum err code, const char *why)
{
    p->refusal = code;
    p->why = why;
    return PARSE_REFUSED;
}

/* NULL, or why the byte may not follow. */
static const char *scan_byte(struct line_scan *scan, unsigned char c)
{
    unsigned char last = scan->last;

    scan->last = c;
    if (last == '\r') {
        scan->column = 0;
        return c == '\n' ? NULL : "CR without LF";
    }
    if (c == '\r')
        return NULL;
    if (c == '\n')
        return "LF without CR";
    if ((c < 0x20 && c != '\t') || c == 0x7f)
        return "control byte";
    if (scan->column++ == 0 && last == '\n' && (c == ' ' || c == '\t'))
        return "folded line";
    return NULL;
}

static int is_visible(char c)
{
    return (unsigned char)c >= 0x20 && c != 0x7f;
}

/* How many bytes at the front are visible, of those that are looked at together: up to the end of
 * the line, and not so many that a line full of tabs is looked at again and again. */
static size_t visible_at_once(str bytes)
{
    str piece = str_slice(bytes, 0, AT_ONCE);

    piece = str_slice(piece, 0, str_find_char(piece, '\r'));
    return str_has_control(piece) ? 0 : piece.n;
}

/* Over bytes that any line may hold behind its first, which are nearly all of them. */
static size_t scan_visible(struct line_scan *scan, const char *p, size_t n)
{
    size_t i = 0, more;

    if (scan->column == 0 || scan->last == '\r')
        return 0;
    while ((more = visible_at_once((str){p + i, n - i})) > 0)
        i += more;
    while (i < n && is_visible(p[i]))
        i++;
    if (i)
        scan->last = (unsigned char)p[i - 1];
    scan->column += i;
    return i;
}

/* llhttp's callbacks. The whole head is given in one piece, so that spans stay valid. */

static void span_extend(str *span, const char *at, size_t n)
{
    if (!span->p)
        span->p = at;
    span->n = (size_t)(at - span->p) + n;
}

static int take_name(llhttp_t *l, const char *at, size_t n)
{
    struct parser *p = l->data;

    if (!p->head_complete)
        span_extend(&p->current.name, at, n);
    return 0;
}

static int take_value(llhttp_t *l, const char *at, size_t n)
{
    struct parser *p = l->data;

    if (!p->head_complete)
        span_extend(&p->current.value, at, n);
    return 0;
}

static int take_header(llhttp_t *l)
{
    struct parser *p = l->data;
    struct http_request *r = &p->request;
    str value;

    if (p->head_complete)
        return 0;
    if (r->header_count == p->header_room)
        return HPE_USER;
    value = str_trim(p->current.value);
    p->headers[r->header_count++] =
        (struct http_header){p->current.name, value.n ? value : STR("")};
    p->current = (struct http_header){{NULL, 0}, {NULL, 0}};
    return 0;
}

static int take_head_end(llhttp_t *l)
{
    struct parser *p = l->data;

    p->head_complete = 1;
    l->upgrade = 0; /* "Upgrade" is ignored, as RFC 9110 section 7.8 allows */
    return 0;
}

static int take_chunk_size(llhttp_t *l)
{
    return l->content_length > INT64_MAX ? HPE_USER : 0;
}

static const char *scan_framing(struct parser *p, const char *end)
{
    const char *why = NULL;

    for (const char *c = p->mark; c < end && !why; c++)
        why = scan_byte(&p->scan, (unsigned char)*c);
    p->framing += (size_t)(end - p->mark);
    if (!why && p->framing > FRAMING_MAX)
        why = "chunk extension or trailers too long";
    return why;
}

static int take_body(llhttp_t *l, const char *at, size_t n)
{
    struct parser *p = l->data;

    p->why = scan_framing(p, at);
    if (p->why)
        return HPE_USER;
    memmove(p->out + p->out_n, at, n);
    p->out_n += n;
    p->mark = at + n;
    p->framing = 0;
    return 0;
}

static int take_end(llhttp_t *l)
{
    struct parser *p = l->data;

    p->body_complete = 1;
    return HPE_PAUSED;
}

static const llhttp_settings_t parser_settings = {
    .on_header_field = take_name,
    .on_header_value = take_value,
    .on_header_value_complete = take_header,
    .on_headers_complete = take_head_end,
    .on_chunk_header = take_chunk_size,
    .on_body = take_body,
    .on_message_complete = take_end,
};

void parser_init(struct parser *p, struct http_limits limits)
{
    *p = (struct parser){.limits = limits};
    must(limits.head_bytes > 0 && limits.header_count > 0);
}

void parser_done(struct parser *p)
{
    mem_free(p->head);
    mem_free(p->headers);
    p->head = NULL;
    p->headers = NULL;
}

void parser_clear(struct parser *p)
{
    struct parser old = *p;

    if (old.head_room > HEAD_ROOM_KEPT) {
        mem_free(old.head);
        old.head = NULL;
        old.head_room = 0;
    }
    parser_init(p, old.limits);
    memcpy(p->request.remote, old.request.remote, sizeof(p->request.remote));
    p->head = old.head;
    p->head_room = old.head_room;
    p->headers = old.headers;
    p->header_room = old.header_room;
}

int parser_is_empty(const struct parser *p)
{
    return p->head_n == 0 && p->scan.last == 0;
}

static void head_append(struct parser *p, const char *bytes, size_t n)
{
    size_t room = p->head_room ? p->head_room : HEAD_ROOM_FIRST;

    while (room < p->head_n + n)
        room *= 2;
    if (room != p->head_room) {
        p->head = mem_realloc(p->head, room);
        p->head_room = room;
        if (p->lines) /* what was taken from the request line has moved */
            must(parser_check_line(p, (str){p->head, p->line_length}) == ERR_OK);
    }
    memcpy(p->head + p->head_n, bytes, n);
    p->head_n += n;
}

static enum err llhttp_refusal(llhttp_errno_t error)
{
    /* The request line was checked: an invalid method is one that llhttp does not know. */
    if (error == HPE_INVALID_METHOD || error == HPE_INVALID_CONSTANT ||
        error == HPE_INVALID_TRANSFER_ENCODING)
        return ERR_NOT_IMPLEMENTED;
    return ERR_MALFORMED;
}

static enum parse_result split_head(struct parser *p)
{
    llhttp_errno_t error;
    enum err refusal;

    if (p->header_room < p->lines) {
        mem_free(p->headers);
        p->headers = mem_alloc_array(p->lines, sizeof(p->headers[0]));
        p->header_room = p->lines;
    }
    p->request.headers = p->headers;
    llhttp_init(&p->llhttp, HTTP_REQUEST, &parser_settings);
    p->llhttp.data = p;
    error = llhttp_execute(&p->llhttp, p->head, p->head_n);
    if (error != HPE_OK && !(error == HPE_PAUSED && p->body_complete))
        return refuse(p, llhttp_refusal(error), llhttp_get_error_reason(&p->llhttp));
    if (!p->head_complete || p->request.header_count != p->lines - 1)
        return refuse(p, ERR_MALFORMED, "lines that are no headers");
    refusal = parser_check_headers(p);
    if (refusal)
        return refuse(p, refusal, p->why);
    p->body_left = p->request.content_length;
    p->body_complete = 0;
    p->scan = (struct line_scan){'\n', 0};
    return PARSE_DONE;
}

/* A line is complete in p->head. */
static enum parse_result end_line(struct parser *p, size_t length)
{
    enum err refusal;

    if (length == 0 && p->lines > 0)
        return split_head(p);
    if (length == 0 && !p->blank_seen) {
        /* RFC 9112 section 2.2: an empty line before the request is skipped; not any number. */
        p->blank_seen = 1;
        p->head_n = 0;
        p->scan = (struct line_scan){0, 0};
        return PARSE_MORE;
    }
    if (p->lines++ == 0) {
        p->line_length = length;
        refusal = parser_check_line(p, (str){p->head, length});
        if (refusal)
            return refuse(p, refusal, p->why);
    }
    if (p->lines > p->limits.header_count + 1)
        return refuse(p, ERR_HEADERS_TOO_LARGE, "too many headers");
    return PARSE_MORE;
}

/* Takes bytes up to and with the next LF. */
static enum parse_result feed_line(struct parser *p, str bytes, size_t *ret_used)
{
    size_t room = p->limits.head_bytes - p->head_n;
    size_t n = bytes.n < room ? bytes.n : room;
    size_t length = 0;
    const char *why;

    for (size_t i = 0; i < n; i++) {
        i += scan_visible(&p->scan, bytes.p + i, n - i);
        if (i == n)
            break;
        length = p->scan.column;
        why = scan_byte(&p->scan, (unsigned char)bytes.p[i]);
        if (why)
            return refuse(p, ERR_MALFORMED, why);
        if (bytes.p[i] == '\n') {
            head_append(p, bytes.p, i + 1);
            *ret_used = i + 1;
            return end_line(p, length);
        }
    }
    head_append(p, bytes.p, n);
    *ret_used = n;
    if (n == bytes.n)
        return PARSE_MORE;
    return refuse(p, p->lines ? ERR_HEADERS_TOO_LARGE : ERR_TARGET_TOO_LONG, "head too long");
}

enum parse_result parser_head(struct parser *p, str bytes, size_t *ret_used)
{
    enum parse_result result = PARSE_MORE;
    size_t used;

    *ret_used = 0;
    while (result == PARSE_MORE && bytes.n > 0) {
        used = 0;
        result = feed_line(p, bytes, &used);
        *ret_used += used;
        bytes = str_slice(bytes, used, bytes.n);
    }
    return result;
}

int parser_has_body(const struct parser *p)
{
    return p->request.content_length != 0;
}

static enum parse_result feed_counted(struct parser *p, char *bytes, size_t n, size_t *ret_used,
                                      str *ret_body)
{
    size_t take = (uint64_t)p->body_left < n ? (size_t)p->body_left : n;

    p->body_left -= (int64_t)take;
    *ret_used = take;
    *ret_body = (str){bytes, take};
    return p->body_left == 0 ? PARSE_DONE : PARSE_MORE;
}

static enum parse_result feed_chunked(struct parser *p, char *bytes, size_t n, size_t *ret_used,
                                      str *ret_body)
{
    llhttp_errno_t error;
    const char *end = bytes + n;

    p->mark = bytes;
    p->out = bytes;
    p->out_n = 0;
    p->why = NULL;
    error = llhttp_execute(&p->llhttp, bytes, n);
    if (p->body_complete)
        end = llhttp_get_error_pos(&p->llhttp);
    else if (error != HPE_OK)
        return refuse(p, ERR_MALFORMED, p->why ? p->why : llhttp_get_error_reason(&p->llhttp));
    p->why = scan_framing(p, end);
    if (p->why)
        return refuse(p, ERR_MALFORMED, p->why);
    *ret_used = (size_t)(end - bytes);
    *ret_body = (str){bytes, p->out_n};
    return p->body_complete ? PARSE_DONE : PARSE_MORE;
}

enum parse_result parser_body(struct parser *p, char *bytes, size_t n, size_t *ret_used,
                              str *ret_body)
{
    *ret_used = 0;
    *ret_body = (str){bytes, 0};
    if (p->request.content_length >= 0)
        return feed_counted(p, bytes, n, ret_used, ret_body);
    return feed_chunked(p, bytes, n, ret_used, ret_body);
}
