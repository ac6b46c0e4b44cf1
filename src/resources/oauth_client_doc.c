/* An OAuth client as admins see it. See the header. */
#include "resources/oauth_client_doc.h"

#include "base/doc.h"
#include "core/grant_refresh.h"
#include "core/settings.h"
#include "resources/app_doc.h"
#include "store/users.h"

static const str NONE = {NULL, 0};

int oauth_client_is_here(const struct oauth_client *client, const struct connection_row *n)
{
    return client->source == (n ? OAUTH_CLIENT_OWN : OAUTH_CLIENT_WORKSPACE);
}

enum err oauth_client_lost(struct exchange *x, const struct connection_row *n,
                           const struct oauth_client *client, str client_id, int64_t *ret)
{
    struct oauth_client_cost cost = {0};
    enum err e = oauth_client_cost(x->work, n, &cost);
    if (!e)
        *ret = str_eq(client->client_id, client_id) ? 0 : cost.credentials;
    return e;
}

/* --- what is in force ------------------------------------------------------------------------- */

static const char *word_of(enum oauth_client_source source)
{
    switch (source) {
    case OAUTH_CLIENT_OWN:
        return "own";
    case OAUTH_CLIENT_WORKSPACE:
        return "workspace";
    case OAUTH_CLIENT_ENVIRONMENT:
        return "environment";
    case OAUTH_CLIENT_NONE:
        break;
    }
    return NULL;
}

static json_t *is_doc(struct exchange *x, enum oauth_client_source source)
{
    json_t *is = doc_object(x->arena);
    doc_set_bool(is, "own", source == OAUTH_CLIENT_OWN);
    doc_set_bool(is, "workspace", source == OAUTH_CLIENT_WORKSPACE);
    doc_set_bool(is, "environment", source == OAUTH_CLIENT_ENVIRONMENT);
    doc_set_bool(is, "none", source == OAUTH_CLIENT_NONE);
    return is;
}

/* What comes after the one stored at this place. */
static enum err next_of(struct exchange *x, const struct connection_row *n,
                        struct oauth_client *ret)
{
    const struct settings *s = x->work->services->settings;
    if (n)
        return oauth_client_of(x->work, NULL, ret);
    ret->source = str_empty(s->jira_client_id) ? OAUTH_CLIENT_NONE : OAUTH_CLIENT_ENVIRONMENT;
    ret->client_id = s->jira_client_id;
    return ERR_OK;
}

static const char *next_sentence(enum oauth_client_source next)
{
    switch (next) {
    case OAUTH_CLIENT_WORKSPACE:
        return "From then on the workspace's OAuth client is used.";
    case OAUTH_CLIENT_ENVIRONMENT:
        return "From then on the OAuth client from the server's configuration is used.";
    case OAUTH_CLIENT_OWN:
    case OAUTH_CLIENT_NONE:
        break;
    }
    return "From then on there is none: nobody can connect by Jira (OAuth2) until one is set up.";
}

static str remove_sentence(struct exchange *x, int64_t lost, enum oauth_client_source next)
{
    if (lost == 0)
        return arena_printf(x->arena, "Nobody has to reconnect. %s", next_sentence(next));
    return arena_printf(x->arena, "%lld %s out of use at once and must be reconnected. %s",
                        (long long)lost, lost == 1 ? "credential goes" : "credentials go",
                        next_sentence(next));
}

static str change_sentence(struct exchange *x, const struct oauth_client_cost *cost)
{
    if (cost->credentials == 0)
        return NONE;
    return arena_printf(x->arena,
                        "%lld %s of %lld %s on the present Client ID. With another one they go out"
                        " of use and people have to reconnect; a new secret of the same one changes"
                        " nothing for them.",
                        (long long)cost->credentials,
                        cost->credentials == 1 ? "credential" : "credentials",
                        (long long)cost->connections,
                        cost->connections != 1   ? "connections stand"
                        : cost->credentials == 1 ? "connection stands"
                                                 : "connection stand");
}

static enum err add_costs(struct exchange *x, const struct connection_row *n,
                          const struct oauth_client *client, json_t *doc)
{
    struct oauth_client_cost cost = {0};
    struct oauth_client next = {0};
    enum err e = oauth_client_cost(x->work, n, &cost);
    if (!e)
        e = next_of(x, n, &next);
    if (e)
        return e;
    int64_t lost = str_eq(next.client_id, client->client_id) ? 0 : cost.credentials;
    int here = oauth_client_is_here(client, n);
    doc_set_int(doc, "credentials", cost.credentials);
    doc_set_int(doc, "connections", cost.connections);
    doc_set_str(doc, "change_sentence", change_sentence(x, &cost));
    doc_set_cstring(doc, "next", here ? word_of(next.source) : NULL);
    doc_set_int(doc, "remove_lost", here ? lost : 0);
    doc_set_str(doc, "remove_sentence", here ? remove_sentence(x, lost, next.source) : NONE);
    return ERR_OK;
}

/* Since when, and by whom; the environment's is nobody's. */
static enum err add_saved(struct exchange *x, const struct oauth_client_row *row, json_t *doc)
{
    struct user_row *user = NULL;
    enum err e = ERR_OK;
    if (row)
        e = store_user_find(x->work->db, x->arena, &x->fault, row->saved_by, &user);
    if (e)
        return e;
    doc_set_time(doc, "saved", row ? row->saved : 0);
    doc_set_str(doc, "saved_by", user ? user->name : NONE);
    return ERR_OK;
}

/* What the operator's mistake costs at present, for whoever can mend it here. */
static enum err add_failing(struct exchange *x, const struct connection_row *n,
                            const struct oauth_client *client, json_t *doc)
{
    int64_t count = 0;
    enum err e = ERR_OK;
    if (client->client_id.n && (!n || oauth_client_is_here(client, n)))
        e = grants_failing_client(x->work, client->client_id, &count);
    if (e)
        return e;
    doc_set_int(doc, "failing", count);
    doc_set_str(doc, "failing_sentence",
                count ? arena_printf(x->arena,
                                     "%lld %s cannot be renewed, because Atlassian refuses this"
                                     " OAuth client. Enter the right secret, or put the client in"
                                     " order at Atlassian and try all again. Nobody has to"
                                     " reconnect.",
                                     (long long)count,
                                     count == 1 ? "authorisation" : "authorisations")
                      : NONE);
    return ERR_OK;
}

static str path_of(struct exchange *x, const struct connection_row *n)
{
    if (!n)
        return STR("/settings/oauth-client");
    return arena_printf(x->arena, "%.*s/%.*s/oauth-client",
                        STR_ARG(app_doc_path(x, "/connections")), STR_ARG(n->id));
}

enum err oauth_client_doc(struct exchange *x, const struct connection_row *n, json_t **ret)
{
    struct oauth_client client = {0};
    json_t *doc = doc_object(x->arena);
    enum err e = oauth_client_of(x->work, n, &client);
    if (!e)
        e = add_saved(x, client.row, doc);
    if (!e)
        e = add_costs(x, n, &client, doc);
    if (!e)
        e = add_failing(x, n, &client, doc);
    if (e)
        return e;
    doc_set_cstring(doc, "source", word_of(client.source));
    doc_set(doc, "is", is_doc(x, client.source));
    doc_set_bool(doc, "here", oauth_client_is_here(&client, n));
    doc_set_bool(doc, "of_connection", n != NULL);
    doc_set_str(doc, "client_id", str_empty(client.client_id) ? NONE : client.client_id);
    doc_set_str(doc, "scopes", client.scopes);
    doc_set_str(doc, "path", path_of(x, n));
    *ret = doc;
    return ERR_OK;
}

/* --- the guide -------------------------------------------------------------------------------- */

/* Classic scopes; developer.atlassian.com, "Jira scopes for OAuth 2.0 (3LO) and Forge apps". */
static const struct {
    str scope;
    const char *what;
} SCOPES[] = {
    {STR("read:jira-user"), "who an account is; connecting needs it"},
    {STR("read:jira-work"), "read projects, issues, comments, attachments and worklogs"},
    {STR("write:jira-work"), "create and change issues, comments and worklogs"},
    {STR("manage:jira-project"), "change projects, their components and versions"},
    {STR("manage:jira-configuration"), "change fields, workflows and other settings of Jira"},
    {STR("manage:jira-webhook"), "register webhooks"},
    {STR("manage:jira-data-provider"), "send development and deployment data"},
};

static const char *what_of(str scope)
{
    for (size_t i = 0; i < sizeof(SCOPES) / sizeof(SCOPES[0]); i++)
        if (str_eq(SCOPES[i].scope, scope))
            return SCOPES[i].what;
    return NULL;
}

/* Atlassian registers http callbacks for localhost only. */
static int is_refused_at_atlassian(str url)
{
    static const char HOST[] = "http://localhost";
    if (!str_starts(url, STR("http://")))
        return 0;
    if (!str_starts(url, str_from(HOST)))
        return 1;
    char end = url.n > sizeof(HOST) - 1 ? url.p[sizeof(HOST) - 1] : '/';
    return end != ':' && end != '/';
}

json_t *oauth_client_guide_doc(struct exchange *x, str scopes)
{
    const struct settings *s = x->work->services->settings;
    json_t *list = doc_array(x->arena);
    json_t *doc = doc_object(x->arena);
    while (!str_empty(scopes)) {
        str scope = str_take_until(&scopes, ' ');
        if (str_empty(scope))
            continue;
        json_t *one = doc_object(x->arena);
        doc_set_str(one, "scope", scope);
        doc_set_cstring(one, "what", what_of(scope));
        doc_append(list, one);
    }
    doc_set_str(doc, "console_url", s->console_url);
    doc_set_str(doc, "redirect_uri", oauth_redirect_uri(x->work));
    doc_set_bool(doc, "redirect_refused", is_refused_at_atlassian(s->public_url));
    doc_set_str(doc, "public_url", s->public_url);
    doc_set(doc, "scopes", list);
    return doc;
}
