/* The rules for methods, headers and the request as a whole; paths and queries are in paths.c. */
#include "jira/paths.h"

#define invalid(f, ...) fail((f), ERR_INVALID, __VA_ARGS__)

/* Everything else is Mortise's own to say: who is calling, whom, and how the body is framed. */
static const char *const allowed[] = {
    "Accept",
    "Accept-Language",
    "Content-Type",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "X-Atlassian-Token",
    "X-ExperimentalApi",
    "X-Force-Accept-Language",
};

static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

static int is_allowed(str name)
{
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        if (str_eq_nocase(name, str_from(allowed[i])))
            return 1;
    }
    return 0;
}

static enum err check_header(struct fault *f, const struct provider_header *h)
{
    str shown = str_is_utf8(h->name) ? str_utf8_cut(h->name, 40) : STR("?");

    if (str_eq_nocase(h->name, STR("Authorization")) || str_eq_nocase(h->name, STR("Cookie")))
        return invalid(f,
                       "The header %.*s cannot be given: Mortise sends the connection's own "
                       "credentials.",
                       STR_ARG(shown));
    if (!is_allowed(h->name))
        return invalid(f,
                       "The header \"%.*s\" cannot be given. Possible are Accept, "
                       "Accept-Language, Content-Type, If-Match, If-None-Match, "
                       "If-Modified-Since, X-Atlassian-Token, X-ExperimentalApi and "
                       "X-Force-Accept-Language.",
                       STR_ARG(shown));
    if (str_has_control(h->value) || !str_is_utf8(h->value))
        return invalid(f,
                       "The value of the header %.*s contains a line break or another "
                       "character that no header has.",
                       STR_ARG(shown));
    if (h->value.n > JIRA_HEADER_VALUE_MAX)
        return invalid(f, "The value of the header %.*s is longer than %d bytes.", STR_ARG(shown),
                       JIRA_HEADER_VALUE_MAX);
    return ERR_OK;
}

enum err jira_headers_check(struct fault *f, const struct provider_header *headers, size_t count)
{
    if (count > PROVIDER_HEADERS_MAX)
        return invalid(f, "A request can have %d headers at most.", PROVIDER_HEADERS_MAX);
    for (size_t i = 0; i < count; i++) {
        enum err e = check_header(f, &headers[i]);
        if (e)
            return e;
        for (size_t k = 0; k < i; k++) {
            if (str_eq_nocase(headers[k].name, headers[i].name))
                return invalid(f, "The header %.*s is given twice.", STR_ARG(headers[i].name));
        }
    }
    return ERR_OK;
}

static enum err check_method(struct fault *f, str method, str *ret_method)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (str_eq_nocase(method, str_from(methods[i]))) {
            *ret_method = str_from(methods[i]);
            return ERR_OK;
        }
    }
    return invalid(f, "Choose one of the methods GET, POST, PUT, PATCH and DELETE.");
}

enum err jira_request_check(struct arena *a, struct fault *f, struct provider_request *request)
{
    str path = str_trim(request->path);
    str query = request->query;
    str inline_query;
    str method;
    enum err e = check_method(f, str_trim(request->method), &method);

    if (e)
        return e;
    inline_query = path;
    path = str_take_until(&inline_query, '?');
    if (str_starts(query, STR("?")))
        query = str_slice(query, 1, query.n);
    if (inline_query.n && query.n)
        query = arena_printf(a, "%.*s&%.*s", STR_ARG(inline_query), STR_ARG(query));
    else if (inline_query.n)
        query = inline_query;
    e = jira_path_check(a, f, path, &path);
    if (!e)
        e = jira_query_check(a, f, query, &query);
    if (!e)
        e = jira_headers_check(f, request->headers, request->header_count);
    if (!e && request->body.n && str_eq(method, STR("GET")))
        e = invalid(f, "A GET request has no body. Remove the body, or choose another method.");
    if (e)
        return e;
    request->method = method;
    request->path = path;
    request->query = query;
    return ERR_OK;
}
