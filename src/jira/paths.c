/* The rules for paths and queries; headers and methods are in headers.c. */
#include "jira/paths.h"

#include "base/buf.h"
#include "base/url.h"

#define invalid(f, ...) fail((f), ERR_INVALID, __VA_ARGS__)
#define blocked(f, ...) fail((f), ERR_BLOCKED_BY_POLICY, __VA_ARGS__)

static int is_escape(str s, size_t i)
{
    return s.p[i] == '%' && i + 2 < s.n && str_hex_value(s.p[i + 1]) >= 0 &&
           str_hex_value(s.p[i + 2]) >= 0;
}

static int is_plain(char c, const char *also)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~!$&'()*+,=:", c) != NULL) || (c && strchr(also, c) != NULL);
}

/* Percent-encodes what may not stand in a URL and keeps escapes; 0 for a broken escape. */
static int encode(struct arena *a, str s, const char *also, str *ret)
{
    static const char hex[] = "0123456789ABCDEF";
    char *p = arena_alloc(a, s.n * 3 + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '%' && !is_escape(s, i))
            return 0;
        if (c == '%' || is_plain(s.p[i], also)) {
            p[n++] = s.p[i];
            continue;
        }
        p[n++] = '%';
        p[n++] = hex[c >> 4];
        p[n++] = hex[c & 15];
    }
    *ret = (str){p, n};
    return 1;
}

static int has_escape(str s)
{
    for (size_t i = str_find_char(s, '%'); i < s.n; i++) {
        if (is_escape(s, i))
            return 1;
    }
    return 0;
}

static size_t count_char(str s, char c)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == c;
    return n;
}

static int has_dot_segment(str path)
{
    while (path.n) {
        str segment = str_take_until(&path, '/');
        if (str_eq(segment, STR(".")) || str_eq(segment, STR("..")))
            return 1;
    }
    return 0;
}

/* `word` begins with a small letter. */
static int contains_nocase(str s, str word)
{
    for (size_t i = 0; i + word.n <= s.n; i++) {
        if ((s.p[i] | 0x20) == word.p[0] && str_eq_nocase(str_slice(s, i, i + word.n), word))
            return 1;
    }
    return 0;
}

/* KEY-123: an issue of a project that happens to be called TOKEN. */
static int is_issue_key(str s)
{
    size_t dash = str_find_char(s, '-');

    if (dash == SIZE_MAX || dash == 0 || dash + 1 == s.n)
        return 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        int digit = c >= '0' && c <= '9';
        int letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (i != dash && !(digit || (letter && i < dash)))
            return 0;
    }
    return 1;
}

static int is_about_secrets(str path)
{
    static const char *const folders[] = {"auth", "pat", "oauth2"};
    str rest = str_slice(path, sizeof("/rest/") - 1, path.n);
    str first = rest;

    first = str_take_until(&first, '/');
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        if (str_eq_nocase(first, str_from(folders[i])))
            return 1;
    }
    while (rest.n) {
        str segment = str_take_until(&rest, '/');
        if (contains_nocase(segment, STR("token")) && !is_issue_key(segment))
            return 1;
    }
    return 0;
}

/* `path` is decoded once; `slashes` counts those of the encoded form. */
static enum err check_decoded(struct fault *f, str path, size_t slashes)
{
    if (str_has_control(path) || !str_is_utf8(path))
        return invalid(f, "The path contains a line break or another character that no path has.");
    if (has_escape(path))
        return blocked(f, "The path is percent-encoded twice. Encode it once.");
    if (str_find_char(path, '\\') != SIZE_MAX || str_find_char(path, '@') != SIZE_MAX ||
        str_find_char(path, ';') != SIZE_MAX)
        return blocked(f, "The path must not contain a backslash, an @ or a semicolon.");
    if (count_char(path, '/') != slashes)
        return blocked(f, "The path must not contain an encoded slash (%%2F).");
    if (str_find(path, STR("//")) != SIZE_MAX || has_dot_segment(path))
        return blocked(f, "The path must not contain \"//\", \"/./\" or \"/../\".");
    if (!str_starts(path, STR("/rest/")))
        return blocked(f, "Mortise sends requests to Jira's REST API only: the path must begin "
                          "with /rest/, like /rest/api/3/myself.");
    if (is_about_secrets(path))
        return blocked(f, "Mortise does not send requests to paths that make or show "
                          "credentials.");
    return ERR_OK;
}

enum err jira_path_check(struct arena *a, struct fault *f, str path, str *ret_path)
{
    str encoded;
    str decoded;
    enum err e;

    if (path.n == 0)
        return invalid(f, "Enter a path, like /rest/api/3/myself.");
    if (path.n > JIRA_PATH_MAX)
        return invalid(f, "The path is longer than %d bytes.", JIRA_PATH_MAX);
    if (str_has_control(path) || !str_is_utf8(path))
        return invalid(f, "The path contains a line break or another character that no path has.");
    if (str_find(path, STR("://")) != SIZE_MAX)
        return invalid(f, "Enter only the path, like /rest/api/3/myself, without the address of "
                          "the site.");
    if (str_find_char(path, '#') != SIZE_MAX)
        return invalid(f, "The path must not contain a #.");
    if (path.p[0] != '/')
        path = arena_printf(a, "/%.*s", STR_ARG(path));
    if (!encode(a, path, "/\\@;", &encoded) || !url_decode(a, encoded, URL_PLUS_IS_PLUS, &decoded))
        return invalid(f, "The path contains a percent sign that is not followed by two "
                          "hexadecimal digits. Write %%25 for a percent sign.");
    e = check_decoded(f, decoded, count_char(encoded, '/'));
    if (!e)
        *ret_path = encoded;
    return e;
}

enum err jira_query_check(struct arena *a, struct fault *f, str query, str *ret_query)
{
    str encoded;

    if (str_has_control(query) || !str_is_utf8(query))
        return invalid(f, "The query contains a line break or another character that no query "
                          "has. Write %%0A for a line break.");
    if (!encode(a, query, "/?@;", &encoded))
        return invalid(f, "The query contains a percent sign that is not followed by two "
                          "hexadecimal digits. Write %%25 for a percent sign.");
    if (encoded.n > JIRA_QUERY_MAX)
        return invalid(f,
                       "The query is longer than %d bytes. Jira takes long queries as a POST "
                       "to /rest/api/3/search/jql.",
                       JIRA_QUERY_MAX);
    *ret_query = encoded;
    return ERR_OK;
}
