/* Finds the route of a path. Not for assets, and decides nothing about rights. Pure; any thread.
 *
 * Two steps: the most specific pattern that fits the path, then the method among the routes with
 * that pattern. So PATCH /apps/new is a wrong method, and not the app whose slug is "new".
 */
#include "http/route.h"

#include <stdint.h>

#include "base/check.h"
#include "base/url.h"

#define SEGMENTS_MAX 16

struct segments {
    str at[SEGMENTS_MAX];
    size_t count;
};

static int segment_is_param(str s)
{
    return str_starts(s, STR("{"));
}

/* "/a/b" -> "a", "b"; "/" -> nothing. */
static int split(str path, struct segments *ret)
{
    ret->count = 0;
    if (!str_starts(path, STR("/")))
        return 0;
    str rest = str_slice(path, 1, path.n);
    if (str_empty(rest))
        return 1;
    do {
        if (ret->count == SEGMENTS_MAX)
            return 0;
        ret->at[ret->count++] = str_take_until(&rest, '/');
    } while (rest.p);
    return 1;
}

static int decode_segment(struct arena *a, str *s)
{
    str decoded;

    if (str_empty(*s) || !url_decode(a, *s, URL_PLUS_IS_PLUS, &decoded))
        return 0;
    if (!str_is_utf8(decoded) || str_find_char(decoded, '/') != SIZE_MAX)
        return 0;
    if (str_eq(decoded, STR(".")) || str_eq(decoded, STR("..")))
        return 0;
    *s = decoded;
    return 1;
}

static int split_request(struct arena *a, str path, struct segments *ret)
{
    if (!split(path, ret))
        return 0;
    for (size_t i = 0; i < ret->count; i++)
        if (!decode_segment(a, &ret->at[i]))
            return 0;
    return 1;
}

static int fits(const struct segments *pattern, const struct segments *path)
{
    if (pattern->count != path->count)
        return 0;
    for (size_t i = 0; i < path->count; i++)
        if (!segment_is_param(pattern->at[i]) && !str_eq(pattern->at[i], path->at[i]))
            return 0;
    return 1;
}

/* Of two patterns that fit the same path: 1 when a has a literal where b first has a parameter,
 * -1 the other way round, 0 when they are alike. */
static int more_specific(const struct segments *a, const struct segments *b)
{
    for (size_t i = 0; i < a->count; i++) {
        int difference = segment_is_param(b->at[i]) - segment_is_param(a->at[i]);

        if (difference)
            return difference;
    }
    return 0;
}

static str method_name(enum route_method m)
{
    switch (m) {
    case ROUTE_GET:
        return STR("GET");
    case ROUTE_POST:
        return STR("POST");
    case ROUTE_PATCH:
        return STR("PATCH");
    case ROUTE_DELETE:
        return STR("DELETE");
    }
    unreachable("route method");
}

static int method_matches(enum route_method m, str method)
{
    return str_eq(method_name(m), method) || (m == ROUTE_GET && str_eq(method, STR("HEAD")));
}

static void add_allowed(struct arena *a, str *allow, enum route_method m)
{
    str name = m == ROUTE_GET ? STR("GET, HEAD") : method_name(m);

    *allow =
        str_empty(*allow) ? name : arena_printf(a, "%.*s, %.*s", STR_ARG(*allow), STR_ARG(name));
}

static void fill_params(const struct segments *pattern, const struct segments *path,
                        struct route_match *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < path->count; i++) {
        if (!segment_is_param(pattern->at[i]))
            continue;
        must(n < ROUTE_PARAMS_MAX);
        ret->params[n++] = path->at[i];
    }
}

static int find_pattern(const struct route_table *t, const struct segments *path,
                        struct segments *ret)
{
    int found = 0;

    for (size_t i = 0; i < t->count; i++) {
        struct segments pattern;

        must(split(str_from(t->routes[i].path), &pattern));
        if (!fits(&pattern, path) || (found && more_specific(&pattern, ret) <= 0))
            continue;
        *ret = pattern;
        found = 1;
    }
    return found;
}

enum err route_find(const struct route_table *t, struct arena *a, str method, str path,
                    struct route_match *ret, str *ret_allow)
{
    struct segments asked, best;
    str allow = {NULL, 0};

    if (!split_request(a, path, &asked) || !find_pattern(t, &asked, &best))
        return ERR_NOT_FOUND;
    for (size_t i = 0; i < t->count; i++) {
        struct segments pattern;

        must(split(str_from(t->routes[i].path), &pattern));
        if (!fits(&pattern, &asked) || more_specific(&pattern, &best) != 0)
            continue;
        if (method_matches(t->routes[i].method, method)) {
            *ret = (struct route_match){.route = &t->routes[i]};
            fill_params(&pattern, &asked, ret);
            return ERR_OK;
        }
        add_allowed(a, &allow, t->routes[i].method);
    }
    *ret_allow = allow;
    return ERR_METHOD_NOT_ALLOWED;
}

size_t route_body_limit(enum route_body body)
{
    switch (body) {
    case ROUTE_BODY_NONE:
        return 0;
    case ROUTE_BODY_FORM:
        return (size_t)64 * 1024;
    case ROUTE_BODY_REQUEST:
        return (size_t)4 * 1024 * 1024;
    }
    unreachable("route body");
}

str route_path(struct arena *a, const struct route *route, const str *params)
{
    struct segments pattern;
    str path = {NULL, 0};
    size_t n = 0;

    must(split(str_from(route->path), &pattern));
    for (size_t i = 0; i < pattern.count; i++) {
        str s = segment_is_param(pattern.at[i]) ? url_encode(a, params[n++]) : pattern.at[i];

        path = arena_printf(a, "%.*s/%.*s", STR_ARG(path), STR_ARG(s));
    }
    return pattern.count ? path : STR("/");
}
