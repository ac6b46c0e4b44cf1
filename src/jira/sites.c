/* Reading, merging by id (sorted first: the answer may be long), parting and sorting by name. */
#include "jira/sites.h"

#include "base/doc.h"
#include "jira/base_url.h"

#define LISTED_MAX 2
#define URL_SHOWN_MAX 80

struct entry {
    struct provider_site site;
    int is_jira;
};

static int has_jira_scope(const json_t *resource)
{
    const json_t *scopes = doc_get(resource, "scopes");
    json_t *scope;
    size_t i;

    json_array_foreach (scopes, i, scope) {
        if (json_is_string(scope) && strstr(json_string_value(scope), "jira"))
            return 1;
    }
    return 0;
}

static str first_label(str origin)
{
    str host = str_slice(origin, str_find(origin, STR("://")) + 3, origin.n);

    return str_take_until(&host, '.');
}

static int read_entry(const struct jira_policy *p, struct arena *a, const json_t *resource,
                      struct entry *ret)
{
    str id = doc_get_str(resource, "id");
    struct upstream_url u;
    str url;

    if (!jira_is_uuid(id) ||
        jira_base_url_check(p, a, NULL, doc_get_str(resource, "url"), &url) != ERR_OK ||
        !upstream_url_parse(a, url, &u) || !jira_policy_is_cloud(p, &u))
        return 0;
    ret->site.id = arena_str(a, id);
    ret->site.url = url;
    /* as prove.c does: one site has one name, by whichever type people connect */
    ret->site.name = first_label(url);
    ret->is_jira = has_jira_scope(resource);
    return 1;
}

/* Of one site's entries Jira's is the first. */
static int by_id(const void *left, const void *right)
{
    const struct entry *l = left;
    const struct entry *r = right;
    int order = str_cmp(l->site.id, r->site.id);

    return order ? order : r->is_jira - l->is_jira;
}

static int by_name(const void *left, const void *right)
{
    const struct provider_site *l = left;
    const struct provider_site *r = right;
    int order = str_cmp(l->name, r->name);

    return order ? order : str_cmp(l->id, r->id);
}

static struct provider_site *part(struct arena *a, const struct entry *all, size_t count, int jira,
                                  size_t *ret_count)
{
    struct provider_site *sites = arena_alloc_array(a, count + 1, sizeof(*sites));
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        int first = i == 0 || !str_eq(all[i].site.id, all[i - 1].site.id);
        if (first && all[i].is_jira == jira)
            sites[n++] = all[i].site;
    }
    qsort(sites, n, sizeof(*sites), by_name);
    *ret_count = n;
    return sites;
}

int jira_sites_read(const struct jira_policy *p, struct arena *a, str body, struct jira_sites *ret)
{
    json_t *doc = NULL;
    json_t *resource;
    struct entry *all;
    size_t n = 0;
    size_t i;

    if (doc_parse(a, NULL, body, &doc) != ERR_OK || !json_is_array(doc))
        return 0;
    all = arena_alloc_array(a, json_array_size(doc) + 1, sizeof(*all));
    json_array_foreach (doc, i, resource)
        n += (size_t)read_entry(p, a, resource, &all[n]);
    qsort(all, n, sizeof(*all), by_id);
    ret->jira = part(a, all, n, 1, &ret->jira_count);
    ret->other = part(a, all, n, 0, &ret->other_count);
    return 1;
}

const struct provider_site *jira_sites_by_id(const struct provider_site *sites, size_t count,
                                             str id)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq_nocase(sites[i].id, id))
            return &sites[i];
    }
    return NULL;
}

const struct provider_site *jira_sites_by_url(const struct provider_site *sites, size_t count,
                                              str url)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(sites[i].url, url))
            return &sites[i];
    }
    return NULL;
}

str jira_sites_list(struct arena *a, const struct provider_site *sites, size_t count)
{
    str list = STR("");

    for (size_t i = 0; i < count && i < LISTED_MAX; i++) {
        str url = str_utf8_cut(sites[i].url, URL_SHOWN_MAX);
        list = arena_printf(a, "%.*s%s%.*s", STR_ARG(list), i ? ", " : "", STR_ARG(url));
    }
    if (count > LISTED_MAX)
        list = arena_printf(a, "%.*s and %zu others", STR_ARG(list), count - LISTED_MAX);
    return list;
}
