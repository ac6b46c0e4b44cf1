/* OAuth 2.0 clients; the invariants are in the header. */
#include "core/oauth_clients.h"

#include "base/check.h"
#include "base/id.h"
#include "core/grant_refresh.h"
#include "core/settings.h"
#include "core/stops.h"

str oauth_redirect_uri(const struct work *w)
{
    str url = w->services->settings->public_url;

    while (str_ends(url, STR("/")))
        url = str_slice(url, 0, url.n - 1);
    return arena_printf(w->arena, "%.*s/oauth/callback", STR_ARG(url));
}

#define SCOPES_SHOWN_MAX 120

/* --- scopes ----------------------------------------------------------------------------------- */

/* RFC 6749 section 3.3: %x21 / %x23-5B / %x5D-7E. */
static int is_scope_char(char c)
{
    return c > 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static str next_scope(str *rest)
{
    size_t from = 0, to;

    while (from < rest->n &&
           (rest->p[from] == ' ' || rest->p[from] == ',' || rest->p[from] == '\t' ||
            rest->p[from] == '\n' || rest->p[from] == '\r'))
        from++;
    to = from;
    while (to < rest->n && is_scope_char(rest->p[to]) && rest->p[to] != ',')
        to++;
    str found = str_slice(*rest, from, to);
    *rest = str_slice(*rest, to, rest->n);
    return found;
}

enum err oauth_scopes_read(struct work *w, str entered, str *ret)
{
    str rest = str_empty(str_trim(entered)) ? w->services->settings->jira_scopes : entered;
    str scopes = STR("");

    if (rest.n > OAUTH_SCOPES_MAX)
        return work_fail(w, ERR_INVALID, "These are too many scopes; fewer than 50 work best.");
    for (;;) {
        size_t before = rest.n;
        str one = next_scope(&rest);

        if (rest.n == before)
            break;
        if (one.n == 0 || str_eq(one, STR("offline_access")) || str_has_word(scopes, one))
            continue;
        scopes = arena_printf(w->arena, "%.*s%s%.*s", STR_ARG(scopes), scopes.n ? " " : "",
                              STR_ARG(one));
    }
    if (rest.n)
        return work_fail(w, ERR_INVALID, "Write scopes like read:jira-work, separated by spaces.");
    if (str_empty(scopes))
        return work_fail(w, ERR_INVALID, "Name at least one scope of Jira's, like read:jira-work.");
    *ret = scopes;
    return ERR_OK;
}

/* --- which one -------------------------------------------------------------------------------- */

static struct oauth_client in_force(const struct work *w, const struct oauth_client_row *own,
                                    const struct oauth_client_row *workspace)
{
    const struct settings *s = w->services->settings;

    if (own)
        return (struct oauth_client){OAUTH_CLIENT_OWN, own->client_id, own->scopes, own};
    if (workspace)
        return (struct oauth_client){OAUTH_CLIENT_WORKSPACE, workspace->client_id,
                                     workspace->scopes, workspace};
    if (!str_empty(s->jira_client_id))
        return (struct oauth_client){OAUTH_CLIENT_ENVIRONMENT, s->jira_client_id, s->jira_scopes,
                                     NULL};
    return (struct oauth_client){OAUTH_CLIENT_NONE, STR(""), s->jira_scopes, NULL};
}

enum err oauth_client_of(struct work *w, const struct connection_row *n, struct oauth_client *ret)
{
    struct oauth_client_row *own = NULL, *workspace = NULL;
    enum err e = ERR_OK;

    if (n)
        e = store_oauth_client_of(w->db, w->arena, w->fault, n->id, &own);
    if (!e)
        e = store_oauth_client_of(w->db, w->arena, w->fault, (str){NULL, 0}, &workspace);
    if (!e)
        *ret = in_force(w, own, workspace);
    return e;
}

enum err oauth_client_of_all(struct work *w, const struct connection_row *rows, size_t count,
                             struct oauth_client **ret)
{
    struct oauth_client_row *found = NULL;
    size_t n = 0;
    enum err e =
        store_oauth_clients_of_app(w->db, w->arena, w->fault, w->membership.app, &found, &n);
    if (e)
        return e;
    struct oauth_client *all = arena_alloc_array(w->arena, count + 1, sizeof(*all));
    for (size_t i = 0; i < count; i++) {
        const struct oauth_client_row *own = NULL, *workspace = NULL;
        for (size_t k = 0; k < n; k++) {
            if (!found[k].connection.p)
                workspace = &found[k];
            else if (str_eq(found[k].connection, rows[i].id))
                own = &found[k];
        }
        all[i] = in_force(w, own, workspace);
    }
    *ret = all;
    return ERR_OK;
}

static str union_of(struct arena *a, str scopes, str more)
{
    while (more.n) {
        str one = str_take_until(&more, ' ');
        if (one.n && !str_has_word(scopes, one))
            scopes =
                arena_printf(a, "%.*s%s%.*s", STR_ARG(scopes), scopes.n ? " " : "", STR_ARG(one));
    }
    return scopes;
}

enum err oauth_client_consent_scopes(struct work *w, const struct oauth_client *c, str *ret)
{
    const struct settings *s = w->services->settings;
    struct oauth_client_row *same = NULL, *workspace = NULL;
    size_t count = 0;
    str scopes = c->scopes;
    enum err e =
        store_oauth_clients_with_id(w->db, w->arena, w->fault, c->client_id, &same, &count);

    if (!e)
        e = store_oauth_client_of(w->db, w->arena, w->fault, (str){NULL, 0}, &workspace);
    if (e)
        return e;
    for (size_t i = 0; i < count; i++)
        scopes = union_of(w->arena, scopes, same[i].scopes);
    if (!workspace && str_eq(s->jira_client_id, c->client_id))
        scopes = union_of(w->arena, scopes, s->jira_scopes);
    *ret = scopes;
    return ERR_OK;
}

/* --- its secret ------------------------------------------------------------------------------- */

static struct vault_binding binding_of(const struct work *w, const struct oauth_client_row *c)
{
    return (struct vault_binding){
        .table = STR("oauth_clients"),
        .row = c->id,
        .column = STR("sealed"),
        .generation = c->generation,
        .connection = c->connection.p ? c->connection : STR(""),
        .type = c->client_id,
        .destination = w->services->provider->auth_origin,
    };
}

enum err oauth_client_open(struct work *w, const struct oauth_client *c,
                           struct provider_client *ret)
{
    struct secret secret = {0};

    if (c->source == OAUTH_CLIENT_NONE)
        return work_fail(w, ERR_TYPE_UNAVAILABLE,
                         "No OAuth client is set up. A workspace admin does that in Settings.");
    if (c->source == OAUTH_CLIENT_ENVIRONMENT) {
        str plain = w->services->settings->jira_client_secret;
        secret_set(&secret, plain.p, plain.n);
    } else {
        struct vault_binding binding = binding_of(w, c->row);
        if (vault_open(w->services->vault, w->fault, &binding, c->row->sealed, &secret))
            return work_fail(w, ERR_CLIENT_REFUSED,
                             "The stored secret of the OAuth client cannot be opened. Whoever"
                             " entered it has to enter it again.");
    }
    *ret = (struct provider_client){c->client_id, secret, oauth_redirect_uri(w), c->scopes};
    return ERR_OK;
}

/* --- changing --------------------------------------------------------------------------------- */

enum err oauth_client_cost(struct work *w, const struct connection_row *n,
                           struct oauth_client_cost *ret)
{
    return store_credentials_on_client(w->db, w->arena, w->fault, n ? n->id : (str){NULL, 0},
                                       &ret->credentials, &ret->connections);
}

static enum err wipe_others(struct work *w, str connection, str environment, int64_t *ret_lost)
{
    enum err e =
        store_credentials_wipe_other_client(w->db, w->arena, w->fault, connection, environment,
                                            STR(OAUTH_CLIENT_CHANGED), w->now_ms, ret_lost);
    if (!e && *ret_lost)
        e = store_grants_drop_unused(w->db, w->arena, w->fault);
    return e;
}

/* In the transaction of the change: what it costs is what it did, and undone when that is more than
 * was agreed to. */
static enum err take_out_of_use(struct work *w, const struct connection_row *n,
                                int64_t confirm_lost, int64_t *ret_lost)
{
    str environment = w->services->settings->jira_client_id;
    struct stop_row *kept = NULL;
    int64_t lost = 0;
    enum err e = ERR_OK;

    if (n)
        e = stops_that_keep(w, &(struct stop_loss){.app = n->app, .connection = n->id}, &kept);
    if (!e)
        e = wipe_others(w, n ? n->id : (str){NULL, 0}, environment.p ? environment : STR(""),
                        &lost);

    if (e)
        return e;
    *ret_lost = lost;
    if (lost && kept)
        return stops_refuse_loss(w, kept);
    if (lost <= confirm_lost)
        return ERR_OK;
    return work_fail(w, ERR_CONFIRM_REQUIRED,
                     "%lld %s on the present OAuth client and would have to be reconnected."
                     " Confirm that to go on.",
                     (long long)lost, lost == 1 ? "credential stands" : "credentials stand");
}

/* Those of `held` that `scopes` lacks, each once; offline_access is always asked for. */
static str add_lacking(struct arena *a, str scopes, str held, str lacking)
{
    while (held.n) {
        str one = str_take_until(&held, ' ');
        if (one.n && !str_has_word(scopes, one) && !str_eq(one, STR("offline_access")))
            lacking = union_of(a, lacking, one);
    }
    return lacking;
}

enum err oauth_client_check_fewer(struct work *w, str client_id, str scopes, int64_t confirm_fewer,
                                  int64_t *ret_fewer)
{
    struct granted_scopes *held = NULL;
    size_t count = 0;
    int64_t fewer = 0;
    str all = STR("");
    enum err e = store_granted_scopes(w->db, w->arena, w->fault, client_id, &held, &count);

    for (size_t i = 0; !e && i < count; i++) {
        str lacking = add_lacking(w->arena, scopes, held[i].scopes, STR(""));
        fewer += lacking.n ? held[i].credentials : 0;
        all = union_of(w->arena, all, lacking);
    }
    if (e || fewer <= confirm_fewer)
        return e;
    *ret_fewer = fewer;
    return work_fail(w, ERR_CONFIRM_REQUIRED,
                     "%lld %s may use %.*s, which these scopes leave out. Nothing changes until"
                     " somebody connects again with the same account, in whatever app: that takes"
                     " it from all that stands on that authorisation. Confirm that, and enter the"
                     " secret again if it is a new one.",
                     (long long)fewer, fewer == 1 ? "credential" : "credentials",
                     STR_ARG(str_utf8_cut(all, SCOPES_SHOWN_MAX)));
}

static str first_missing(str has, str wanted)
{
    while (wanted.n) {
        str one = str_take_until(&wanted, ' ');
        if (!str_has_word(has, one))
            return one;
    }
    return STR("");
}

static enum err has_all(struct work *w, str scopes, str of_others)
{
    str missing = first_missing(scopes, of_others);

    if (missing.n == 0)
        return ERR_OK;
    return work_fail(w, ERR_INVALID,
                     "This Client ID is used elsewhere in Mortise with the scope %.*s. Whoever"
                     " connected here would take it from everybody there: add it, or register"
                     " another OAuth app.",
                     STR_ARG(missing));
}

/* At Atlassian a consent replaces the scopes of the whole grant, and connections with the same
 * client id share it. */
static enum err check_scopes(struct work *w, const struct oauth_client_row *row)
{
    const struct settings *s = w->services->settings;
    struct oauth_client_row *same = NULL;
    size_t count = 0;
    enum err e =
        store_oauth_clients_with_id(w->db, w->arena, w->fault, row->client_id, &same, &count);

    if (!e && row->connection.p && str_eq(s->jira_client_id, row->client_id))
        e = has_all(w, row->scopes, s->jira_scopes);
    for (size_t i = 0; !e && i < count; i++)
        if (!str_eq(same[i].id, row->id))
            e = has_all(w, row->scopes, same[i].scopes);
    return e;
}

enum err oauth_client_save(struct work *w, const struct connection_row *n, str client_id,
                           const struct secret *client_secret, str scopes, int64_t confirm_lost,
                           int64_t *ret_lost)
{
    struct oauth_client_row *old = NULL;
    int64_t retried = 0;
    enum err e = work_write(w);

    if (!e)
        e = store_oauth_client_of(w->db, w->arena, w->fault, n ? n->id : (str){NULL, 0}, &old);
    if (e)
        return e;
    struct oauth_client_row row = {
        .id = old ? old->id : id_new(w->arena),
        .connection = n ? n->id : (str){NULL, 0},
        .client_id = client_id,
        .scopes = scopes,
        .generation = old ? old->generation + 1 : 1,
        .saved = w->now_ms,
        .saved_by = w->actor.user,
    };
    struct vault_binding binding = binding_of(w, &row);
    row.sealed = vault_seal(w->services->vault, w->arena, &binding, client_secret);
    e = check_scopes(w, &row);
    if (e)
        return e;
    e = store_oauth_client_save(w->db, w->arena, w->fault, &row);
    if (!e)
        e = grants_retry_client(w, client_id, &retried);
    return e ? e : take_out_of_use(w, n, confirm_lost, ret_lost);
}

enum err oauth_client_delete(struct work *w, const struct connection_row *n, int64_t confirm_lost,
                             int64_t *ret_lost)
{
    struct oauth_client_row *old = NULL;
    enum err e = work_write(w);

    if (!e)
        e = store_oauth_client_of(w->db, w->arena, w->fault, n ? n->id : (str){NULL, 0}, &old);
    if (e)
        return e;
    if (!old)
        return work_fail(w, ERR_NOT_FOUND, "There is no OAuth client here to remove.");
    e = store_oauth_client_delete(w->db, w->arena, w->fault, old->id);
    return e ? e : take_out_of_use(w, n, confirm_lost, ret_lost);
}
