/* See the header. */
#include "jira.h"

#include "base/check.h"
#include "store/connections.h"
#include "store/credentials.h"

static str authorize_url(void *self, struct arena *a, const struct provider_client *client,
                         str state, str challenge)
{
    (void)self;
    return arena_printf(a, "https://auth.test/authorize?client_id=%.*s&state=%.*s&challenge=%.*s",
                        STR_ARG(client->client_id), STR_ARG(state), STR_ARG(challenge));
}

static void add_connection(struct jira *x, const char *id, const char *app, const char *type)
{
    struct contract *c = x->o.c;
    struct connection_row row = {
        .id = str_from(id),
        .app = str_from(app),
        .type = str_from(type),
        .name = str_from(id),
        .created = 1,
        .created_by = STR("anna"),
    };

    contract_ok(c, store_connection_insert(c->db, c->arena, &c->fault, &row, row.id));
}

static void populate(struct jira *x)
{
    static const char *const people[] = {"anna", "bob", "carl", "dora"};

    world_app(&x->o, "sun");
    world_app(&x->o, "moon");
    for (size_t i = 0; i < COUNT_OF(people); i++) {
        world_user(&x->o, people[i], USER_ACTIVE, NULL);
        world_permission(&x->o, "sun", PERMISSION_OF_USER, people[i],
                         i == 0 ? PERMISSION_ROLE_ADMIN : PERMISSION_ROLE_RUNNER);
    }
    world_permission(&x->o, "moon", PERMISSION_OF_USER, "anna", PERMISSION_ROLE_ADMIN);
    world_permission(&x->o, "moon", PERMISSION_OF_USER, "bob", PERMISSION_ROLE_RUNNER);
    add_connection(x, "con1", "sun", "jira_oauth2");
    add_connection(x, "con2", "sun", "jira_oauth2");
    add_connection(x, "con3", "moon", "jira_oauth2");
    add_connection(x, "key1", "sun", "jira_api");
    add_connection(x, "key2", "sun", "jira_api");
}

void jira_open(struct jira *x, void **state)
{
    *x = (struct jira){0};
    world_open(&x->o, state);
    x->provider = (struct provider){
        .auth_origin = STR("https://auth.test"),
        .gateway = STR(JIRA_GATEWAY),
        .authorize_url = authorize_url,
    };
    x->o.services.provider = &x->provider;
    x->o.settings.jira_client_id = STR("env-client");
    x->o.settings.jira_client_secret = STR("env-secret");
    x->o.settings.jira_scopes = STR("read:jira-work");
    populate(x);
}

void jira_close(struct jira *x)
{
    world_close(&x->o);
}

void jira_close_and_empty(struct jira *x)
{
    jira_close(x);
    jira_sql(x, "DELETE FROM throttles; DELETE FROM apps; DELETE FROM oauth_grants;"
                "DELETE FROM oauth_clients; DELETE FROM users; DELETE FROM sites;"
                "DELETE FROM keyring");
}

/* --- who acts --------------------------------------------------------------------------------- */

static str token_of(struct jira *x, const char *user)
{
    for (size_t i = 0; i < x->token_count; i++)
        if (strcmp(x->tokens[i].user, user) == 0)
            return x->tokens[i].token;
    must(x->token_count < COUNT_OF(x->tokens));
    x->tokens[x->token_count].user = user;
    x->tokens[x->token_count].token = world_token(&x->o, user);
    return x->tokens[x->token_count++].token;
}

void jira_sign_in_again(struct jira *x, const char *user)
{
    (void)token_of(x, user);
    for (size_t i = 0; i < x->token_count; i++)
        if (strcmp(x->tokens[i].user, user) == 0)
            x->tokens[i].token = world_token(&x->o, user);
}

static struct work *work_of(struct jira *x, str token, str slug, enum access_level level)
{
    struct contract *c = x->o.c;
    struct work *w = world_thread(&x->o, c->arena, &c->fault, c->db, token, slug, level);

    contract_ok(c, access_authorize(w, w->authorize_arg));
    return w;
}

struct work *jira_as(struct jira *x, const char *user, const char *connection)
{
    str slug = strcmp(connection, "con3") == 0 ? STR("moon") : STR("sun");

    return work_of(x, token_of(x, user), slug, ACCESS_APP_MEMBER);
}

struct work *jira_callback(struct jira *x, const char *user)
{
    return work_of(x, user ? token_of(x, user) : STR(""), STR(""), ACCESS_PUBLIC);
}

/* --- connecting ------------------------------------------------------------------------------- */

str jira_param(str url, const char *name)
{
    char key[32];
    size_t at;

    (void)snprintf(key, sizeof(key), "%s=", name);
    at = str_find(url, str_from(key));
    assert_true(at < url.n);
    str rest = str_slice(url, at + strlen(key), url.n);
    return str_take_until(&rest, '&');
}

str jira_begin_url(struct jira *x, const char *user, const char *connection)
{
    struct work *w = jira_as(x, user, connection);
    struct connection_row n = {0};
    struct effective effective = {0};
    str url = {NULL, 0};

    contract_ok(x->o.c, work_write(w));
    contract_ok(x->o.c, connection_find(w, str_from(connection), &n));
    contract_ok(x->o.c, credentials_effective(w, &n, &effective));
    contract_ok(x->o.c,
                world_end(w, authorize_begin(w, &n, effective.row, STR("/apps/back"), &url)));
    return url;
}

str jira_begin(struct jira *x, const char *user, const char *connection)
{
    return jira_param(jira_begin_url(x, user, connection), "state");
}

enum err jira_claim(struct jira *x, const char *user, str state, struct authorize_claim *ret)
{
    struct work *w = jira_callback(x, user);
    enum err e = work_write(w);

    if (!e)
        e = authorize_claim(w, state, ret);
    ret->until = w->now_ms + CONSENT_WAIT_MS; /* authorize_exchanging() */
    return world_end(w, e);
}

void jira_done(struct authorize_claim *claim)
{
    secret_wipe(&claim->verifier);
    secret_wipe(&claim->client.client_secret);
}

struct provider_exchange jira_exchange(struct jira *x)
{
    static const struct provider_site sites[] = {
        {STR("cloud-1"), STR("https://one.test"), STR("One")},
        {STR("cloud-2"), STR("https://two.test"), STR("Two")},
    };
    struct provider_exchange made = {.sites = sites, .site_count = COUNT_OF(sites)};
    char text[32];

    x->serial++;
    secret_set(&made.tokens.access, text,
               (size_t)snprintf(text, sizeof(text), "access-%d", x->serial));
    secret_set(&made.tokens.refresh, text,
               (size_t)snprintf(text, sizeof(text), "refresh-%d", x->serial));
    made.tokens.expires_in_s = 3600;
    made.tokens.scopes = STR("read:jira-work offline_access");
    return made;
}

void jira_exchange_wipe(struct provider_exchange *exchange)
{
    secret_wipe(&exchange->tokens.access);
    secret_wipe(&exchange->tokens.refresh);
}

static struct credential_found found_on(const struct jira *x, const char *account, str client_id)
{
    return (struct credential_found){
        .identity = {.account_id = str_from(account),
                     .account_name = str_from(account),
                     .site_id = STR("cloud-1"),
                     .site_url = STR("https://one.test"),
                     .site_name = STR("One")},
        .username = STR(""),
        .entered_origin = STR("https://one.test"),
        .origin = STR(JIRA_GATEWAY),
        .base_path = STR("/ex/jira/cloud-1"),
        .client_id = client_id,
        .scopes = STR("read:jira-work"),
        .access_expires = x->o.now_ms + 3600 * CLOCK_SECOND_MS,
    };
}

enum err jira_save(struct jira *x, const char *user, const struct authorize_claim *claim,
                   const char *account, str *ret_confirm)
{
    struct provider_exchange made = jira_exchange(x);
    struct credential_found found = found_on(x, account, claim->client.client_id);
    struct credential_proof proof = {&made.tokens.access, &made.tokens.refresh};
    struct work *w = jira_callback(x, user);
    struct credential_row row, before;
    str confirm = STR("");
    enum err e = work_write(w);

    if (!e)
        e = access_enter(w, claim->app);
    if (!e)
        e = credentials_save(w, &claim->moment, &found, &proof, &row, &confirm, &before);
    jira_exchange_wipe(&made);
    if (ret_confirm)
        *ret_confirm = confirm;
    return world_end(w, e);
}

void jira_connect(struct jira *x, const char *user, const char *connection, const char *account)
{
    struct authorize_claim claim;

    contract_ok(x->o.c, jira_claim(x, user, jira_begin(x, user, connection), &claim));
    contract_ok(x->o.c, jira_save(x, user, &claim, account, NULL));
    jira_done(&claim);
}

void jira_connect_key(struct jira *x, const char *user, const char *connection, const char *key)
{
    SECRET_AUTO struct secret secret = {0};
    struct work *w = jira_as(x, user, connection);
    struct credential_found found = found_on(x, user, STR(""));
    struct credential_proof proof = {&secret, NULL};
    struct connection_row n = jira_connection(x, connection);
    struct credential_row *old = jira_row(x, connection, n.shared ? NULL : user);
    struct credential_moment moment = credentials_moment(w->arena, &n, old);
    struct credential_row row, before;
    str confirm;

    secret_set(&secret, key, strlen(key));
    found.origin = found.entered_origin;
    found.base_path = STR("");
    contract_ok(x->o.c, work_write(w));
    contract_ok(x->o.c, world_end(w, credentials_save(w, &moment, &found, &proof, &row, &confirm,
                                                      &before)));
}

enum err jira_disconnect(struct jira *x, const char *user, const char *connection)
{
    struct work *w = jira_as(x, user, connection);
    struct connection_row n = {0};
    enum err e = work_write(w);

    if (!e)
        e = connection_find(w, str_from(connection), &n);
    if (!e)
        e = credentials_disconnect(w, &n);
    return world_end(w, e);
}

/* --- looking ---------------------------------------------------------------------------------- */

struct connection_row jira_connection(struct jira *x, const char *connection)
{
    struct work *w = jira_as(x, "anna", connection);
    struct connection_row n = {0};

    contract_ok(x->o.c, connection_find(w, str_from(connection), &n));
    return n;
}

struct credential_row *jira_row(struct jira *x, const char *connection, const char *owner)
{
    struct contract *c = x->o.c;
    struct credential_row *row = NULL;

    contract_ok(c, store_credential_of(c->db, c->arena, &c->fault, str_from(connection),
                                       owner ? str_from(owner) : (str){NULL, 0}, &row));
    return row;
}

struct grant_row *jira_grant(struct jira *x, const char *connection, const char *owner)
{
    struct contract *c = x->o.c;
    struct credential_row *row = jira_row(x, connection, owner);
    struct grant_row *grant = NULL;

    assert_non_null(row);
    if (row->grant.p)
        contract_ok(c, store_grant_find(c->db, c->arena, &c->fault, row->grant, &grant));
    return grant;
}

static enum err effective_of(struct jira *x, struct work *w, const char *connection,
                             struct connection_row *ret_connection, struct effective *ret)
{
    contract_ok(x->o.c, connection_find(w, str_from(connection), ret_connection));
    return credentials_effective(w, ret_connection, ret);
}

enum decision jira_decision(struct jira *x, const char *user, const char *connection)
{
    struct connection_row n = {0};
    struct effective effective = {0};

    contract_ok(x->o.c, effective_of(x, jira_as(x, user, connection), connection, &n, &effective));
    return effective.decision;
}

enum err jira_open_row(struct jira *x, const struct credential_row *row, str *ret_secret)
{
    struct provider_target target = {0};
    struct credential_grant grant = {{NULL, 0}, 0, 0};
    enum err e = credentials_target(world_work(&x->o, NULL), row, &target, &grant);

    *ret_secret = STR("");
    if (e)
        return e;
    *ret_secret = arena_str(x->o.c->arena, secret_expose(&target.secret));
    secret_wipe(&target.secret);
    return ERR_OK;
}

enum err jira_use(struct jira *x, const char *user, const char *connection, str *ret_secret)
{
    struct work *w = jira_as(x, user, connection);
    struct connection_row n = {0};
    struct effective effective = {0};
    enum err e = effective_of(x, w, connection, &n, &effective);

    *ret_secret = STR("");
    if (!e)
        e = credentials_refusal(w, &n, &effective);
    return e ? e : jira_open_row(x, effective.use, ret_secret);
}

void jira_switch(struct jira *x, const char *connection, int shared)
{
    struct work *w = jira_as(x, "anna", connection);
    struct connection_row n = jira_connection(x, connection);
    struct connection_switch cost;

    contract_ok(x->o.c, world_end(w, connection_switch(w, &n, shared, INT64_MAX, &n, &cost)));
}

int64_t jira_client(struct jira *x, const char *connection, const char *client_id)
{
    SECRET_AUTO struct secret secret = {0};
    struct work *w = jira_as(x, "anna", connection ? connection : "con1");
    struct connection_row n = {0};
    int64_t lost = -1;

    if (connection)
        n = jira_connection(x, connection);
    secret_set(&secret, "s3cret", 6);
    contract_ok(x->o.c,
                world_end(w, oauth_client_save(w, connection ? &n : NULL, str_from(client_id),
                                               &secret, STR("read:jira-work"), INT64_MAX, &lost)));
    return lost;
}

int64_t jira_number(struct jira *x, const char *sql)
{
    struct contract *c = x->o.c;
    struct db_rows r;

    contract_ok(c, db_run(c->db, c->arena, &c->fault, sql, NULL, 0, &r));
    assert_int_equal(r.count, 1);
    return db_int(&r, 0, 0);
}

void jira_sql(struct jira *x, const char *sql)
{
    contract_script(x->o.c, sql);
}
