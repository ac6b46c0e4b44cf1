/* The rules for a request's head, on top of llhttp's. What they refuse is what another server in
 * front of or behind us could read differently (RFC 9112 section 11.2), and what no honest client
 * sends:
 *   - request line: one space between its parts, a method of capitals, a target of visible ASCII
 *     without '#', whole escapes in the path and no %00, HTTP/1.0 or HTTP/1.1 (505 for others);
 *   - absolute form only with http(s), with a host as below and the same as in Host; a path is
 *     wanted behind the host, except when nothing follows. Other forms of target are refused;
 *   - Host: one, not empty, a name, IPv4 or [IPv6] with an optional port; HTTP/1.0 may leave it
 * out;
 *   - Content-Length: one, digits only, not above 2^63 - 1; Transfer-Encoding: one, exactly
 *     "chunked", HTTP/1.1 only; never both;
 *   - no tab in these three;
 *   - at most one Authorization; no Expect but 100-continue (417).
 * Obs-fold, control bytes and line ends are refused in parse.c.
 */
#include "http/parse.h"

static enum err refuse(struct parser *p, enum err code, const char *why)
{
    p->why = why;
    return code;
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int is_mark(char c)
{
    return c == '-' || c == '.' || c == '_';
}

static int method_is_well_formed(str method)
{
    for (size_t i = 0; i < method.n; i++) {
        char c = method.p[i];

        if (!(c >= 'A' && c <= 'Z') && c != '-' && c != '_')
            return 0;
    }
    return method.n > 0;
}

static enum err check_version(struct parser *p, str version)
{
    if (version.n != 8 || !str_starts(version, STR("HTTP/")) || !is_digit(version.p[5]) ||
        version.p[6] != '.' || !is_digit(version.p[7]))
        return refuse(p, ERR_MALFORMED, "request line without a version");
    if (version.p[5] != '1' || version.p[7] > '1')
        return refuse(p, ERR_HTTP_VERSION, "unknown version");
    p->version_minor = version.p[7] - '0';
    return ERR_OK;
}

/* A port behind the host, or nothing. */
static int port_is_valid(str port)
{
    int64_t number;

    if (port.n == 0)
        return 1;
    if (port.p[0] != ':' || port.n < 2 || port.n > 6 || !is_digit(port.p[1]))
        return 0;
    return str_to_int64(str_slice(port, 1, port.n), &number) && number <= 65535;
}

/* RFC 9110 section 7.2 with the letters of host names only. */
static int host_is_valid(str host)
{
    size_t i = 0;

    if (host.n > 0 && host.p[0] == '[') {
        i = str_find_char(host, ']');
        if (i == SIZE_MAX || i < 3)
            return 0;
        for (size_t j = 1; j < i; j++)
            if (str_hex_value(host.p[j]) < 0 && host.p[j] != ':' && host.p[j] != '.')
                return 0;
        return port_is_valid(str_slice(host, i + 1, host.n));
    }
    while (i < host.n && (is_alnum(host.p[i]) || is_mark(host.p[i])))
        i++;
    return i > 0 && i < 256 && port_is_valid(str_slice(host, i, host.n));
}

static int path_escapes_are_valid(str path)
{
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] != '%')
            continue;
        if (i + 2 >= path.n || str_hex_value(path.p[i + 1]) < 0 || str_hex_value(path.p[i + 2]) < 0)
            return 0;
        if (path.p[i + 1] == '0' && path.p[i + 2] == '0')
            return 0;
    }
    return 1;
}

/* RFC 9112 section 3.2.2: "http://host/path". Leaves "/path" in *target. */
static enum err take_authority(struct parser *p, str *target)
{
    str rest = *target;
    size_t end;

    if (str_starts(rest, STR("http://")))
        rest = str_slice(rest, 7, rest.n);
    else if (str_starts(rest, STR("https://")))
        rest = str_slice(rest, 8, rest.n);
    else
        return refuse(p, ERR_MALFORMED, "target is no path");
    end = str_find_char(rest, '/');
    p->request.host = str_slice(rest, 0, end);
    if (!host_is_valid(p->request.host))
        return refuse(p, ERR_MALFORMED, "bad host in the target");
    *target = end == SIZE_MAX ? STR("/") : str_slice(rest, end, rest.n);
    return ERR_OK;
}

static enum err check_target(struct parser *p, str target)
{
    struct http_request *r = &p->request;
    enum err e;

    for (size_t i = 0; i < target.n; i++)
        if (target.p[i] <= 0x20 || target.p[i] >= 0x7f || target.p[i] == '#')
            return refuse(p, ERR_MALFORMED, "byte in the target that must be encoded");
    if (target.n == 0)
        return refuse(p, ERR_MALFORMED, "no target");
    if (target.p[0] != '/') {
        e = take_authority(p, &target);
        if (e)
            return e;
    }
    r->target = target;
    r->path = str_take_until(&target, '?');
    r->query = target;
    if (!path_escapes_are_valid(r->path))
        return refuse(p, ERR_MALFORMED, "bad escape in the path");
    return ERR_OK;
}

enum err parser_check_line(struct parser *p, str line)
{
    struct http_request *r = &p->request;
    str target;
    enum err e;

    r->method = str_take_until(&line, ' ');
    target = str_take_until(&line, ' ');
    if (!method_is_well_formed(r->method))
        return refuse(p, ERR_MALFORMED, "bad method");
    e = check_version(p, line);
    if (e)
        return e;
    if (str_eq(r->method, STR("CONNECT")))
        return refuse(p, ERR_NOT_IMPLEMENTED, "CONNECT");
    return check_target(p, target);
}

static enum err check_host(struct parser *p, size_t count, str host)
{
    struct http_request *r = &p->request;

    if (count > 1)
        return refuse(p, ERR_MALFORMED, "several Host headers");
    if (count == 0 && p->version_minor > 0)
        return refuse(p, ERR_MALFORMED, "no Host header");
    if (count == 1 && !host_is_valid(host))
        return refuse(p, ERR_MALFORMED, "bad Host header");
    if (count == 1 && r->host.n > 0 && !str_eq_nocase(host, r->host))
        return refuse(p, ERR_MALFORMED, "target and Host differ");
    if (count == 1)
        r->host = host;
    return ERR_OK;
}

static enum err check_length(struct parser *p, size_t count, str value)
{
    if (count > 1)
        return refuse(p, ERR_MALFORMED, "several Content-Length headers");
    if (count == 0)
        return ERR_OK;
    if (value.n == 0 || !is_digit(value.p[0]) || !str_to_int64(value, &p->request.content_length))
        return refuse(p, ERR_MALFORMED, "bad Content-Length");
    return ERR_OK;
}

static enum err check_transfer(struct parser *p, size_t count, str value, size_t lengths)
{
    if (count == 0)
        return ERR_OK;
    if (count > 1 || lengths > 0 || p->version_minor == 0)
        return refuse(p, ERR_MALFORMED, "Transfer-Encoding twice, with a length or in HTTP/1.0");
    if (!str_eq_nocase(value, STR("chunked")))
        return refuse(p, ERR_NOT_IMPLEMENTED, "unknown Transfer-Encoding");
    p->request.content_length = -1;
    return ERR_OK;
}

static enum err check_expect(struct parser *p, size_t count, str value)
{
    if (count == 0)
        return ERR_OK;
    if (count > 1 || !str_eq_nocase(value, STR("100-continue")))
        return refuse(p, ERR_EXPECTATION_FAILED, "unknown Expect");
    p->expect_continue = p->version_minor > 0;
    return ERR_OK;
}

static void note_connection(struct parser *p, str list)
{
    while (list.p) {
        str token = str_trim(str_take_until(&list, ','));

        if (str_eq_nocase(token, STR("close")))
            p->keep_alive = 0;
        else if (str_eq_nocase(token, STR("keep-alive")) && p->keep_alive < 0)
            p->keep_alive = 1;
    }
}

/* Around a value a tab is white space (RFC 9110 section 5.6.3), but not to everybody: nginx takes
 * it as part of the value. So it may not stand beside what frames a request. */
static int line_has_tab(str name)
{
    const char *end = name.p + name.n;

    while (*end != '\r' && *end != '\t')
        end++;
    return *end == '\t';
}

enum header_kind {
    KIND_HOST,
    KIND_LENGTH,
    KIND_TRANSFER, /* these three say where a request ends and for whom it is */
    KIND_AUTHORIZATION,
    KIND_EXPECT,
    KIND_CONNECTION,
    KIND_COUNT
};

static enum header_kind kind_of(str name)
{
    static const struct {
        str name;
        enum header_kind kind;
    } names[] = {
        {STR("host"), KIND_HOST},
        {STR("content-length"), KIND_LENGTH},
        {STR("transfer-encoding"), KIND_TRANSFER},
        {STR("authorization"), KIND_AUTHORIZATION},
        {STR("expect"), KIND_EXPECT},
        {STR("connection"), KIND_CONNECTION},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (str_eq_nocase(name, names[i].name))
            return names[i].kind;
    return KIND_COUNT;
}

enum err parser_check_headers(struct parser *p)
{
    size_t counts[KIND_COUNT + 1] = {0};
    str values[KIND_COUNT + 1] = {{NULL, 0}};
    enum err e;

    p->keep_alive = -1;
    for (size_t i = 0; i < p->request.header_count; i++) {
        const struct http_header *h = &p->headers[i];
        enum header_kind kind = kind_of(h->name);

        if (h->name.n == 0)
            return refuse(p, ERR_MALFORMED, "header without a name");
        if (kind <= KIND_TRANSFER && line_has_tab(h->name))
            return refuse(p, ERR_MALFORMED, "tab in a header that frames");
        counts[kind]++;
        values[kind] = h->value;
        if (kind == KIND_CONNECTION)
            note_connection(p, h->value);
    }
    if (p->keep_alive < 0)
        p->keep_alive = p->version_minor > 0;
    if (counts[KIND_AUTHORIZATION] > 1)
        return refuse(p, ERR_MALFORMED, "several Authorization headers");
    e = check_host(p, counts[KIND_HOST], values[KIND_HOST]);
    if (!e)
        e = check_length(p, counts[KIND_LENGTH], values[KIND_LENGTH]);
    if (!e)
        e = check_transfer(p, counts[KIND_TRANSFER], values[KIND_TRANSFER], counts[KIND_LENGTH]);
    return e ? e : check_expect(p, counts[KIND_EXPECT], values[KIND_EXPECT]);
}
