/* See the header. */
#include "relay/links.h"

#include "base/buf.h"

#define VALUE_MAX ((size_t)12 << 10) /* an answer of such headers alone still has a head */

/* "/rest/" of "https://acme.example/rest/" */
static str path_of(str prefix)
{
    size_t host = str_find(prefix, STR("://"));
    str rest = host == SIZE_MAX ? STR("") : str_slice(prefix, host + 3, prefix.n);
    size_t path = str_find_char(rest, '/');

    return path == SIZE_MAX ? prefix : str_slice(rest, path, rest.n);
}

/* How much of a link is replaced; 0: it leads elsewhere. */
static size_t replaced_of(str link, const str *prefixes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        str path = path_of(prefixes[i]);
        if (str_starts(link, prefixes[i]))
            return prefixes[i].n;
        if (str_starts(link, path))
            return path.n;
    }
    return 0;
}

str links_location(struct arena *a, str value, const str *prefixes, size_t count, str own)
{
    size_t n = replaced_of(value, prefixes, count);
    str parts[] = {own, str_slice(value, n, value.n)};

    return n ? arena_join(a, parts, 2) : value;
}

/* Where the quoted string that begins at `at` ends (RFC 9110 section 5.6.4). */
static size_t end_of_quoted(str value, size_t at)
{
    for (at++; at < value.n && value.p[at] != '"'; at++) {
        if (value.p[at] == '\\')
            at++;
    }
    return at;
}

/* Behind the next '<' that begins a link; SIZE_MAX: there is none. */
static size_t next_link(str value, size_t at)
{
    for (; at < value.n; at++) {
        if (value.p[at] == '"')
            at = end_of_quoted(value, at);
        else if (value.p[at] == '<')
            return at + 1;
    }
    return SIZE_MAX;
}

str links_link(struct arena *a, str value, const str *prefixes, size_t count, str own)
{
    BUF_AUTO struct buf to;
    size_t done = 0;

    buf_init(&to, VALUE_MAX);
    for (size_t at = next_link(value, 0); at != SIZE_MAX; at = next_link(value, at)) {
        size_t n = replaced_of(str_slice(value, at, value.n), prefixes, count);
        if (n) {
            buf_add(&to, str_slice(value, done, at));
            buf_add(&to, own);
            done = at + n;
        }
        while (at < value.n && value.p[at] != '>') /* a link may hold quotation marks */
            at++;
    }
    buf_add(&to, str_slice(value, done, value.n));
    return done && buf_ok(&to) ? arena_str(a, buf_str(&to)) : value;
}
