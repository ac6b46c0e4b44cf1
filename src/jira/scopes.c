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

static int fits_path(str wanted, str path)
{
    while (wanted.n) {
        str one = str_take_until(&wanted, '/');
        str segment = str_take_until(&path, '/');
        if (!str_eq(one, segment) && !(str_eq(one, STR("*")) && segment.n))
            return 0;
    }
    return 1;
}

/* "issue/ACME-1" of ".../rest/api/3/issue/ACME-1?fields=x" */
static str path_of(str url)
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
    str path = path_of(url);

    for (size_t i = 0; path.n && i < sizeof(scopes) / sizeof(scopes[0]); i++) {
        if (fits_method(scopes[i].method, method) && fits_path(scopes[i].path, path))
            return scopes[i].scope;
    }
    return STR("");
}
