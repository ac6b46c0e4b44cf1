/* The route table's shape and the look-up of a path in it. The table itself is handed in by main,
 * so that http knows no resource.
 */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct exchange;

enum permission {
#define PERMISSION(name, code, meaning) PERMISSION_##name,
#include "permissions.def"
#undef PERMISSION
};

enum route_method { ROUTE_GET, ROUTE_POST, ROUTE_PATCH, ROUTE_DELETE };
enum route_body { ROUTE_BODY_NONE, ROUTE_BODY_FORM, ROUTE_BODY_REQUEST };

#define ROUTE_PARAMS_MAX 4

typedef enum err route_handler(struct exchange *x);

struct route {
    enum route_method method;
    const char *path;
    enum permission permission;
    enum route_body body;
    const char *page; /* template, or "" */
    route_handler *begin;
    route_handler *finish; /* NULL: answered by begin alone */
    route_handler *again;  /* NULL: plain error page */
};

struct route_table {
    const struct route *routes;
    size_t count;
};

struct route_match {
    const struct route *route;
    str params[ROUTE_PARAMS_MAX]; /* percent-decoded once, UTF-8, in the arena */
};

/* path: encoded, without query and without the /api/v1 prefix. A literal segment wins over a
 * {name}; the method is then looked for among the routes of the winning pattern only, so that
 * PATCH /apps/new is a wrong method and not the app "new". ERR_NOT_FOUND; ERR_METHOD_NOT_ALLOWED
 * with `ret_allow` such as "GET, HEAD, PATCH" (RFC 9110 section 10.2.1). Segments that are empty,
 * "." or "..", or decode to these, to '/', NUL or invalid UTF-8 are not found. HEAD matches GET. */
MUST_USE enum err route_find(const struct route_table *t, struct arena *a, str method, str path,
                             struct route_match *ret, str *ret_allow);
/* Bytes of body a route reads. */
size_t route_body_limit(enum route_body body);
/* The route's path with its parameters percent-encoded into it, in the arena. */
str route_path(struct arena *a, const struct route *route, const str *params);

#endif
