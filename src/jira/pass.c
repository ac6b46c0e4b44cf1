/* See the header. */
#include "jira/pass.h"

#include "jira/jira_int.h"
#include "jira/paths.h"
#include "jira/permissions.h"
#include "jira/scopes.h"
#include "jira/template.h"

/* --- requests --------------------------------------------------------------------------------- */

static int method_passes(str method)
{
    static const char *const methods[] = {"GET",   "HEAD",   "POST",   "PUT",
                                          "PATCH", "DELETE", "OPTIONS"};

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (str_eq(method, str_from(methods[i])))
            return 1;
    }
    return 0;
}

/* What a URL may hold stays untouched, in whatever way it is encoded. */
static int is_clean(str query)
{
    for (size_t i = 0; i < query.n; i++) {
        unsigned char c = (unsigned char)query.p[i];
        if (c <= 0x20 || c >= 0x7F || c == '\\' || c == '"' || c == '<' || c == '>' || c == '#')
            return 0;
    }
    return query.n <= JIRA_QUERY_MAX;
}

/* /rest/api/{2,3}/attachment/{content,thumbnail}/ID */
static int is_content(str path)
{
    return str_find(path, STR("/attachment/content/")) != SIZE_MAX ||
           str_find(path, STR("/attachment/thumbnail/")) != SIZE_MAX;
}

static int is_search(const struct provider_pass *pass)
{
    return (str_eq(pass->path, STR("/rest/api/3/search")) ||
            str_eq(pass->path, STR("/rest/api/2/search"))) &&
           (str_eq(pass->method, STR("GET")) || str_eq(pass->method, STR("POST")));
}

enum err jira_pass_check(void *self, struct arena *a, struct fault *f, struct provider_pass *pass)
{
    enum err e;

    (void)self;
    if (!method_passes(pass->method))
        return fail(f, ERR_METHOD_NOT_ALLOWED, "Mortise does not send this method to Jira.");
    e = jira_path_check(a, f, pass->path, &pass->path);
    if (!e && !is_clean(pass->query))
        e = jira_query_check(a, f, pass->query, &pass->query);
    if (e)
        return e;
    pass->is_bulk = is_content(pass->path);
    pass->is_old_search = is_search(pass);
    jira_template(a, pass->path, &pass->template, &pass->issue, &pass->project);
    pass->names_in_body = jira_permission_in_body(pass->method, pass->path);
    return ERR_OK;
}

/* --- places ----------------------------------------------------------------------------------- */

enum { PREFIXES_MAX = 3 };

static void add_prefix(struct arena *a, str *list, size_t *count, str base)
{
    while (str_ends(base, STR("/")))
        base.n--;
    str prefix = arena_printf(a, "%.*s/rest/", STR_ARG(base));
    for (size_t i = 0; i < *count; i++) {
        if (str_eq(list[i], prefix))
            return;
    }
    list[(*count)++] = prefix;
}

enum err jira_pass_place(void *self, struct arena *a, struct fault *f,
                         const struct provider_target *target, str site, str entered,
                         struct provider_place *ret)
{
    const struct jira *j = self;
    enum jira_route route;
    str *list = arena_alloc_array(a, PREFIXES_MAX, sizeof(*list));
    struct provider_place place = {.prefixes = list};
    enum err e = jira_route_of(j, a, f, target->auth, target->origin, target->base_path, &route);

    if (e)
        return e;
    place.has_scopes = route == JIRA_GATEWAY;
    place.base = arena_printf(a, "%.*s%.*s", STR_ARG(target->origin), STR_ARG(target->base_path));
    add_prefix(a, list, &place.prefix_count, place.base);
    if (site.n)
        add_prefix(a, list, &place.prefix_count, site);
    if (entered.n)
        add_prefix(a, list, &place.prefix_count, entered);
    *ret = place;
    return ERR_OK;
}

/* --- answers ---------------------------------------------------------------------------------- */

str jira_limit_name(enum provider_limit limit)
{
    static const str names[] = {
        [LIMIT_NONE] = STR(""),
        [LIMIT_BURST] = STR("jira-burst-based"),
        [LIMIT_ISSUE] = STR("jira-per-issue-on-write"),
        [LIMIT_QUOTA] = STR("jira-quota-tenant-based"),
        [LIMIT_QUOTA_ALL] = STR("jira-quota-global-based"),
    };

    return names[limit];
}

/* Other names of quotas stand in older texts of Atlassian's. */
static enum provider_limit limit_of(const struct upstream_call *call)
{
    str reason = upstream_reply_header(call, STR("RateLimit-Reason"));

    if (str_eq(reason, jira_limit_name(LIMIT_QUOTA_ALL)))
        return LIMIT_QUOTA_ALL;
    if (str_starts(reason, STR("jira-quota")) || str_starts(reason, STR("jira-cost")))
        return LIMIT_QUOTA;
    return str_eq(reason, jira_limit_name(LIMIT_ISSUE)) ? LIMIT_ISSUE : LIMIT_BURST;
}

/* Most answers: nothing in them speaks of the credential. */
static int is_plain(const struct upstream_call *call)
{
    str reason = upstream_reply_header(call, STR("X-Seraph-LoginReason"));

    return call->status < 400 && (reason.p == NULL || str_eq(reason, STR("OK")));
}

struct provider_verdict jira_pass_judge(void *self, struct arena *a,
                                        const struct upstream_call *call, str body,
                                        const struct provider_target *target)
{
    const struct jira *j = self;
    struct upstream_call judged = *call;
    struct fault ignored;
    struct provider_verdict v = {MEANING_OK, STR(""), 0, LIMIT_NONE, STR("")};
    enum jira_route route;

    if (is_plain(call))
        return v;
    if (jira_route_of(j, a, &ignored, target->auth, target->origin, target->base_path, &route))
        route = JIRA_SERVER;
    judged.reply_body = body.p ? body : STR("");
    struct jira_verdict found = jira_classify(a, &judged, route, target->auth);
    v.meaning = found.meaning;
    v.sentence = found.sentence;
    v.plain = found.plain;
    v.retry_after_s = found.retry_after_s;
    if (v.meaning == MEANING_RATE_LIMITED)
        v.limit = limit_of(call);
    return v;
}

struct provider_needs jira_pass_needs(void *self, struct arena *a, str method, str template,
                                      str project, str body)
{
    str path = jira_template_path(a, template, project);
    struct provider_needs needs = {jira_scope_of(method, path), STR(""), STR("")};

    (void)self;
    (void)jira_permission_of(a, method, path, body, &needs.permission, &needs.project);
    return needs;
}

/* --- content ---------------------------------------------------------------------------------- */

static int serves_content(str host)
{
    static const char *const hosts[] = {
#define CONTENT_HOST(name) name,
#include "jira_content_hosts.def"
#undef CONTENT_HOST
    };

    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        if (str_eq(host, str_from(hosts[i])))
            return 1;
    }
    return 0;
}

str jira_pass_content(void *self, struct arena *a, const struct upstream_call *call)
{
    const struct jira *j = self;
    str to = upstream_reply_header(call, STR("Location"));
    struct upstream_url u;

    if (call->status != 303 || !upstream_url_parse(a, to, &u) || u.has_user)
        return (str){NULL, 0};
    if (str_eq(u.scheme, STR("https")) && u.port == 443 && serves_content(u.host))
        return arena_str(a, to);
    return allow_list_has(j->policy.allow, &u) ? arena_str(a, to) : (str){NULL, 0};
}
