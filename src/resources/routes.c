/* The route table, made from tables/routes.def. */
#include "resources/routes.h"

static const struct route routes[] = {
#define ROUTE(method, path, permission, body, template, begin, finish, again)                      \
    {ROUTE_##method, path, PERMISSION_##permission, ROUTE_BODY_##body, template, begin,            \
     finish,         again},
#include "routes.def"
#undef ROUTE
};

struct route_table routes_table(void)
{
    return (struct route_table){routes, sizeof(routes) / sizeof(routes[0])};
}
