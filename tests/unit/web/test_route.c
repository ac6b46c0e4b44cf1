/* The route table's look-up, as tables of paths. */
#include "web_support.h"

#include "http/route.h"

static enum err nothing(struct exchange *x)
{
    (void)x;
    return ERR_OK;
}

#define R(method, path)                                                                            \
    {                                                                                              \
        method, path, PERMISSION_PUBLIC, ROUTE_BODY_NONE, "", nothing, NULL, NULL                  \
    }
static const struct route routes[] = {
    R(ROUTE_GET, "/"),
    R(ROUTE_GET, "/apps"),
    R(ROUTE_POST, "/apps"),
    R(ROUTE_GET, "/apps/{app}"),
    R(ROUTE_PATCH, "/apps/{app}"),
    R(ROUTE_DELETE, "/apps/{app}"),
    R(ROUTE_GET, "/apps/new"),
    R(ROUTE_GET, "/apps/{app}/connections/{connection}"),
    R(ROUTE_GET, "/apps/{app}/connections/new"),
    R(ROUTE_POST, "/apps/{app}/connections/{connection}/connect"),
    R(ROUTE_GET, "/a/{x}/c"),
    R(ROUTE_GET, "/{x}/b/c"),
};
static const struct route_table table = {routes, COUNT_OF(routes)};

static const struct {
    const char *method;
    const char *path;
    const char *route;  /* or NULL: not found, or see allow */
    const char *params; /* joined by '|' */
    const char *allow;
} cases[] = {
    {"GET", "/", "/", "", NULL},
    {"GET", "/apps", "/apps", "", NULL},
    {"HEAD", "/apps", "/apps", "", NULL},
    {"GET", "/apps/new", "/apps/new", "", NULL},
    {"GET", "/apps/%6eew", "/apps/new", "", NULL},
    {"GET", "/apps/New", "/apps/{app}", "New", NULL},
    {"GET", "/apps/a%20b+c", "/apps/{app}", "a b+c", NULL},
    {"GET", "/apps/%C3%BC", "/apps/{app}", "\u00fc", NULL},
    {"GET", "/apps/\u00fc", "/apps/{app}", "\u00fc", NULL},
    {"GET", "/apps/%25%32%66", "/apps/{app}", "%2f", NULL}, /* decoded once only */
    {"GET", "/apps/...", "/apps/{app}", "...", NULL},
    {"GET", "/apps/{app}", "/apps/{app}", "{app}", NULL},
    {"GET", "/apps/x/connections/new", "/apps/{app}/connections/new", "x", NULL},
    {"GET", "/apps/new/connections/y", "/apps/{app}/connections/{connection}", "new|y", NULL},
    {"POST", "/apps/x/connections/y/connect", "/apps/{app}/connections/{connection}/connect", "x|y",
     NULL},
    {"GET", "/a/b/c", "/a/{x}/c", "b", NULL}, /* the earlier literal wins */
    /* wrong methods */
    {"PUT", "/apps", NULL, "", "GET, HEAD, POST"},
    {"get", "/apps", NULL, "", "GET, HEAD, POST"},
    {"POST", "/apps/x", NULL, "", "GET, HEAD, PATCH, DELETE"},
    {"PATCH", "/apps/new", NULL, "", "GET, HEAD"}, /* not the app "new" */
    {"GET", "/apps/x/connections/y/connect", NULL, "", "POST"},
    {"HEAD", "/apps/x/connections/y/connect", NULL, "", "POST"},
    {"", "/", NULL, "", "GET, HEAD"},
    /* not found */
    {"GET", "", NULL, "", NULL},
    {"GET", "apps", NULL, "", NULL},
    {"GET", "//apps", NULL, "", NULL},
    {"GET", "/apps/", NULL, "", NULL},
    {"GET", "/apps//", NULL, "", NULL},
    {"GET", "/apps/x/", NULL, "", NULL},
    {"GET", "/apps//connections/y", NULL, "", NULL},
    {"GET", "/Apps", NULL, "", NULL},
    {"GET", "/apps/a%2Fb", NULL, "", NULL},
    {"GET", "/apps/a%2fb", NULL, "", NULL},
    {"GET", "/apps/.", NULL, "", NULL},
    {"GET", "/apps/..", NULL, "", NULL},
    {"GET", "/apps/%2e%2E", NULL, "", NULL},
    {"GET", "/apps/x/../x", NULL, "", NULL},
    {"GET", "/apps/%", NULL, "", NULL},
    {"GET", "/apps/%4", NULL, "", NULL},
    {"GET", "/apps/%zz", NULL, "", NULL},
    {"GET", "/apps/%00", NULL, "", NULL},
    {"GET", "/apps/a%00b", NULL, "", NULL},
    {"GET", "/apps/%ff", NULL, "", NULL},
    {"GET", "/apps/%ed%a0%80", NULL, "", NULL}, /* a surrogate */
    {"GET", "/apps/%c0%af", NULL, "", NULL},    /* overlong '/' */
    {"GET", "/apps/x/connections", NULL, "", NULL},
    {"GET", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", NULL, "", NULL},
};

static str joined(struct arena *a, const struct route_match *m)
{
    str all = STR("");

    for (size_t i = 0; i < ROUTE_PARAMS_MAX && m->params[i].p; i++)
        all = arena_printf(a, "%.*s%s%.*s", STR_ARG(all), i ? "|" : "", STR_ARG(m->params[i]));
    return all;
}

static void finds(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena *a = arena_new((size_t)1 << 20);
        struct route_match match = {0};
        str allow = {NULL, 0};
        enum err e = route_find(&table, a, str_from(cases[i].method), str_from(cases[i].path),
                                &match, &allow);
        enum err expected = ERR_OK;

        if (cases[i].route == NULL)
            expected = cases[i].allow ? ERR_METHOD_NOT_ALLOWED : ERR_NOT_FOUND;
        if (e != expected)
            fail_msg("%s %s: %s", cases[i].method, cases[i].path, err_name(e));
        assert_str(allow, cases[i].allow ? cases[i].allow : "");
        if (e == ERR_OK) {
            assert_string_equal(match.route->path, cases[i].route);
            assert_str(joined(a, &match), cases[i].params);
        }
        arena_free(a);
    }
}

static void order_of_the_table_is_no_matter(void **state)
{
    struct route turned[COUNT_OF(routes)];
    const struct route_table other = {turned, COUNT_OF(turned)};
    struct arena *a = arena_new((size_t)1 << 20);
    (void)state;

    for (size_t i = 0; i < COUNT_OF(routes); i++)
        turned[i] = routes[COUNT_OF(routes) - 1 - i];
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct route_match match = {0};
        str allow;

        if (cases[i].route == NULL)
            continue;
        assert_int_equal(route_find(&other, a, str_from(cases[i].method), str_from(cases[i].path),
                                    &match, &allow),
                         ERR_OK);
        assert_string_equal(match.route->path, cases[i].route);
    }
    arena_free(a);
}

static void path_back_from_params(void **state)
{
    const str params[] = {STR("a b/\u00fc"), STR("x")};
    struct arena *a = arena_new((size_t)1 << 20);
    (void)state;

    assert_str(route_path(a, &routes[7], params), "/apps/a%20b%2F%C3%BC/connections/x");
    assert_str(route_path(a, &routes[0], params), "/");
    arena_free(a);
}

static void body_limits(void **state)
{
    (void)state;
    assert_int_equal(route_body_limit(ROUTE_BODY_NONE), 0);
    assert_int_equal(route_body_limit(ROUTE_BODY_FORM), 65536);
    assert_int_equal(route_body_limit(ROUTE_BODY_REQUEST), 4194304);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds),
        cmocka_unit_test(order_of_the_table_is_no_matter),
        cmocka_unit_test(path_back_from_params),
        cmocka_unit_test(body_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
