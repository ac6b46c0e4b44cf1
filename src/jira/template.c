/* See the header. A segment is one of Jira's own words when it consists of letters, with '-' or '_'
 * in between and not of capitals only; or is a version behind /rest/{api}/. */
#include "jira/template.h"

#include "jira/permissions.h"

#define SEGMENTS_MAX 24
#define WORD_MAX 40

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int is_word(str s)
{
    int small = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (!is_letter(s.p[i]) && !(i && (s.p[i] == '-' || s.p[i] == '_')))
            return 0;
        small |= s.p[i] >= 'a';
    }
    return small && s.n <= WORD_MAX;
}

/* What people name follows one of these, whatever it looks like. */
static int names_people(str before)
{
    return str_eq(before, STR("project")) || str_eq(before, STR("properties")) ||
           str_eq(before, STR("role")) || str_eq(before, STR("filter"));
}

static int is_version(str s, size_t at)
{
    return at == 2 && s.n <= 6 && s.n && (s.p[0] >= '0' && s.p[0] <= '9');
}

static int follows_issue(str before)
{
    return str_eq(before, STR("issue"));
}

/* ACME-12 or 10012 */
static int is_issue(str s)
{
    size_t dash = str_find_char(s, '-');
    str digits = dash == SIZE_MAX ? s : str_slice(s, dash + 1, s.n);
    int64_t n;

    return str_to_int64(digits, &n) && n > 0 && (dash == SIZE_MAX || (dash && is_letter(s.p[0])));
}

/* ACME of ACME-12; of an id none. */
static str project_of_issue(str s)
{
    size_t dash = str_find_char(s, '-');

    return dash == SIZE_MAX ? STR("") : str_slice(s, 0, dash);
}

/* Not "search" and the like. */
static int is_project(str before, str s)
{
    return (str_eq(before, STR("project")) || str_eq(before, STR("createmeta"))) &&
           jira_is_project_key(s) && s.p[0] <= 'Z';
}

void jira_template(struct arena *a, str path, str *ret_template, str *ret_issue, str *ret_project)
{
    str rest = str_slice(path, 1, path.n), before = STR("");
    str parts[2 * SEGMENTS_MAX];
    size_t n = 0;

    *ret_issue = *ret_project = STR("");
    for (size_t at = 0; rest.p && at < SEGMENTS_MAX; at++) {
        str s = str_take_until(&rest, '/'), shown = s;
        if (follows_issue(before) && is_issue(s)) {
            *ret_issue = s;
            *ret_project = project_of_issue(s);
            shown = STR("{issue}");
        } else if (s.n && (names_people(before) ? !str_eq(s, STR("search"))
                                                : !is_word(s) && !is_version(s, at))) {
            shown = STR("{id}");
            if (is_project(before, s))
                *ret_project = s;
        }
        parts[n++] = STR("/");
        parts[n++] = shown;
        before = s;
    }
    *ret_template = arena_join(a, parts, n);
}

str jira_template_path(struct arena *a, str template, str project)
{
    size_t issue = str_find(template, STR("{issue}")), id = str_find(template, STR("{id}"));
    size_t at = issue != SIZE_MAX ? issue : id;

    if (at == SIZE_MAX || project.n == 0)
        return template;
    return arena_printf(
        a, "%.*s%.*s%s%.*s", STR_ARG(str_slice(template, 0, at)), STR_ARG(project),
        at == issue ? "-1" : "",
        STR_ARG(str_slice(template, at + (at == issue ? sizeof("{issue}") - 1 : sizeof("{id}") - 1),
                          template.n)));
}
