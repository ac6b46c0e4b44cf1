/* A small workspace in which people connect by OAuth: apps, connections, an OAuth client from the
 * environment and a provider that calls nobody. On top of world.h. Test programs only.
 *
 * anna is admin of the apps sun and moon; bob is runner of both, carl and dora of sun. Connections
 * of the type jira_oauth2: con1 and con2 in sun, con3 in moon; of jira_api: key1 and key2 in sun.
 * Everybody has one session, which stays the same.
 */
#ifndef TESTS_CORE_JIRA_H
#define TESTS_CORE_JIRA_H

#include "core/authorize.h"
#include "core/connections.h"
#include "core/credentials.h"
#include "core/grants.h"
#include "core/oauth_clients.h"
#include "core/provider.h"
#include "world.h"

#define JIRA_GATEWAY "https://gate.test"

struct jira {
    struct world o;
    struct provider provider;
    struct {
        const char *user;
        str token;
    } tokens[8];
    size_t token_count;
    int serial; /* of the tokens handed out: "access-1", "refresh-1" */
};

void jira_open(struct jira *x, void **state);
void jira_close(struct jira *x);
/* The same, and jira_open() may follow in the same case. */
void jira_close_and_empty(struct jira *x);

/* A unit of work of this user in the app of a connection; of the callback, whose route names no app
 * (user NULL: signed out). Neither is in a transaction. */
struct work *jira_as(struct jira *x, const char *user, const char *connection);
struct work *jira_callback(struct jira *x, const char *user);
/* The user signs in again: another session from here on. */
void jira_sign_in_again(struct jira *x, const char *user);

/* Presses Connect; the `state` that went to the provider, and all of its address when asked. */
str jira_begin(struct jira *x, const char *user, const char *connection);
str jira_begin_url(struct jira *x, const char *user, const char *connection);
str jira_param(str url, const char *name);
/* The callback up to its commit, or the rollback. Secrets of *ret are wiped by jira_done(). */
enum err jira_claim(struct jira *x, const char *user, str state, struct authorize_claim *ret);
void jira_done(struct authorize_claim *claim);
/* New tokens, as an exchange with one site brought them; jira_exchange_wipe() after use. */
struct provider_exchange jira_exchange(struct jira *x);
void jira_exchange_wipe(struct provider_exchange *exchange);
/* The end of a connect in a transaction of its own; confirm: of the question, may be NULL. */
enum err jira_save(struct jira *x, const char *user, const struct authorize_claim *claim,
                   const char *account, str *ret_confirm);
/* All of it; fails the case when it does not succeed. */
void jira_connect(struct jira *x, const char *user, const char *connection, const char *account);
/* An API key for key1 or key2. */
void jira_connect_key(struct jira *x, const char *user, const char *connection, const char *key);
enum err jira_disconnect(struct jira *x, const char *user, const char *connection);

struct connection_row jira_connection(struct jira *x, const char *connection);
/* owner NULL: the shared one. *row NULL: none. */
struct credential_row *jira_row(struct jira *x, const char *connection, const char *owner);
struct grant_row *jira_grant(struct jira *x, const char *connection, const char *owner);
enum decision jira_decision(struct jira *x, const char *user, const char *connection);
/* What a request would use; *ret_secret is "" on errors. */
enum err jira_use(struct jira *x, const char *user, const char *connection, str *ret_secret);
/* The secret of this row, whatever decide() says. */
enum err jira_open_row(struct jira *x, const struct credential_row *row, str *ret_secret);
/* Switches Shared credentials as anna, agreeing to every loss. */
void jira_switch(struct jira *x, const char *connection, int shared);
/* Saves an OAuth client as anna, agreeing to every loss; connection NULL: the workspace's. */
int64_t jira_client(struct jira *x, const char *connection, const char *client_id);

/* Of "SELECT count(*) ...", or another single number. */
int64_t jira_number(struct jira *x, const char *sql);
void jira_sql(struct jira *x, const char *sql);

#endif
