/* See the header. */
#include "jira/scopes.h"

enum scope_method { SCOPE_ANY, SCOPE_GET, SCOPE_WRITE };

static const struct {
    enum scope_method method;
    str path;
    str scope;
} scopes[] = {
#define JIRA_SCOPE(method, path, scope) {SCOPE_##method, STR(path), STR(scope)},
#include "jira_scopes.def"
#undef JIRA_SCOPE
};

static int fits_method(enum scope_method wanted, str method)
{
    int reads = str_eq(method, STR("GET")) || str_eq(method, STR("HEAD"));

    return wanted == SCOPE_ANY || (wanted == SCOPE_GET) == reads;
}

int jira_path_fits(str wanted, str path, int *ret_more)
{
    while (wanted.n) {
        str one = str_take_until(&wanted, '/');
        str segment = str_take_until(&path, '/');
        if (!str_eq(one, segment) && !(str_eq(one, STR("*")) && segment.n))
            return 0;
    }
    *ret_more = path.n > 0;
    return 1;
}

str jira_api_path(str url)
{
    str path = str_take_until(&url, '?');
    size_t at = str_find(path, STR("/rest/api/"));

    if (at == SIZE_MAX)
        return STR("");
    path = str_slice(path, at + strlen("/rest/api/"), path.n);
    (void)str_take_until(&path, '/'); /* the version */
    return path;
}

str jira_scope_of(str method, str url)
{
    str path = jira_api_path(url);
    int more;

    for (size_t i = 0; path.n && i < sizeof(scopes) / sizeof(scopes[0]); i++) {
        if (fits_method(scopes[i].method, method) && jira_path_fits(scopes[i].path, path, &more))
            return scopes[i].scope;
    }
    return STR("");
}

static int has(str list, str scope)
{
    while (list.n) {
        if (str_eq(str_take_until(&list, ' '), scope))
            return 1;
    }
    return 0;
}

static int has_granular(str list)
{
    while (list.n) {
        if (str_ends(str_take_until(&list, ' '), STR(":jira")))
            return 1;
    }
    return 0;
}

str jira_scopes_missing(struct arena *a, str needed, str granted)
{
    str missing = STR("");

    while (needed.n && !has_granular(granted)) {
        str scope = str_take_until(&needed, ' ');
        if (scope.n && !has(granted, scope) && !has(missing, scope))
            missing = arena_printf(a, "%.*s%s%.*s", STR_ARG(missing), missing.n ? " " : "",
                                   STR_ARG(scope));
    }
    return missing;
}
