/* See the header. */
#include "jira/permissions.h"

#include "base/doc.h"
#include "jira/scopes.h"

#define BODY_MAX ((size_t)64 * 1024)
#define KEY_MAX 40

enum place { PLACE_ISSUE, PLACE_PROJECT, PLACE_FIELDS, PLACE_OUTWARD };

static const struct {
    str method;
    str path;
    str permission;
    enum place place;
} calls[] = {
#define JIRA_PERMISSION(method, path, permission, place)                                           \
    {STR(#method), STR(path), STR(#permission), PLACE_##place},
#define JIRA_PERMISSION_NAME(key, name, words)
#include "jira_permissions.def"
#undef JIRA_PERMISSION
#undef JIRA_PERMISSION_NAME
};

static const struct {
    str key;
    str words;
} names[] = {
#define JIRA_PERMISSION(method, path, permission, place)
#define JIRA_PERMISSION_NAME(key, name, words) {STR(#key), STR(words)},
#include "jira_permissions.def"
#undef JIRA_PERMISSION
#undef JIRA_PERMISSION_NAME
};

static int is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int jira_is_project_key(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_letter(s.p[i]) && (i == 0 || (!is_digit(s.p[i]) && s.p[i] != '_')))
            return 0;
    }
    return s.n > 0 && s.n <= KEY_MAX;
}

/* "acme" of "acme-12"; empty for an id. */
static str project_of_issue(str key)
{
    str project = str_take_until(&key, '-');

    for (size_t i = 0; i < key.n; i++) {
        if (!is_digit(key.p[i]))
            return STR("");
    }
    return key.n ? project : STR("");
}

/* What stands in the path where the table has its first "*". */
static str first_star(str wanted, str path)
{
    while (wanted.n) {
        str segment = str_take_until(&path, '/');
        if (str_eq(str_take_until(&wanted, '/'), STR("*")))
            return segment;
    }
    return STR("");
}

static str in_body(struct arena *a, str body, enum place place)
{
    json_t *doc = NULL;

    if (body.n > BODY_MAX || doc_parse(a, NULL, body, &doc) != ERR_OK)
        return STR("");
    if (place == PLACE_OUTWARD)
        return project_of_issue(doc_get_str(doc_get(doc, "outwardIssue"), "key"));
    return doc_get_str(doc_get(doc_get(doc, "fields"), "project"), "key");
}

static str project_of(struct arena *a, size_t i, str path, str body)
{
    str found = first_star(calls[i].path, path);

    if (calls[i].place == PLACE_ISSUE)
        return project_of_issue(found);
    if (calls[i].place == PLACE_PROJECT) /* not "search" and the like */
        return found.n && found.p[0] >= 'A' && found.p[0] <= 'Z' ? found : STR("");
    return in_body(a, body, calls[i].place);
}

static str capitals(struct arena *a, str s)
{
    char *p = arena_cstring(a, s);

    for (size_t i = 0; i < s.n; i++) {
        if (p[i] >= 'a' && p[i] <= 'z')
            p[i] = (char)(p[i] - 'a' + 'A');
    }
    return (str){p, s.n};
}

int jira_permission_of(struct arena *a, str method, str url, str body, str *ret_permission,
                       str *ret_project)
{
    str path = jira_api_path(url);

    for (size_t i = 0; path.n && i < sizeof(calls) / sizeof(calls[0]); i++) {
        int more = 1;
        if (!str_eq(calls[i].method, method) || !jira_path_fits(calls[i].path, path, &more) || more)
            continue;
        str project = project_of(a, i, path, body);
        if (!jira_is_project_key(project))
            return 0;
        *ret_permission = calls[i].permission;
        *ret_project = capitals(a, project);
        return 1;
    }
    return 0;
}

int jira_permission_in_body(str method, str path)
{
    int more = 0;

    if (!str_eq(method, STR("POST"))) /* most calls */
        return 0;
    path = jira_api_path(path);
    for (size_t i = 0; path.n && i < sizeof(calls) / sizeof(calls[0]); i++) {
        if ((calls[i].place == PLACE_FIELDS || calls[i].place == PLACE_OUTWARD) &&
            str_eq(calls[i].method, method) && jira_path_fits(calls[i].path, path, &more) && !more)
            return 1;
    }
    return 0;
}

str jira_permission_words(str permission)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (str_eq(names[i].key, permission))
            return names[i].words;
    }
    return permission;
}
