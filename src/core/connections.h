/* The rules of connections: types, names, Base URL. Without HTTP and SQL. The membership of the
 * unit of work names the app; that the caller is its admin was decided before.
 */
#ifndef CORE_CONNECTIONS_H
#define CORE_CONNECTIONS_H

#include "core/work.h"
#include "store/connections.h"

/* The types of connection, in the order they are offered. */
struct connection_type {
    str type;
    str label;    /* "Jira (API)" */
    str summary;  /* one sentence for the person who chooses */
    int by_oauth; /* people connect by way of the provider's authorization server */
};
/* Static; *ret_count of them. Jira (OAuth2) can be added when there is an OAuth client for all
 * (core/oauth_clients.h); a connection with a client of its own can be used without. */
const struct connection_type *connection_types(size_t *ret_count);
/* NULL when there is no such type. */
const struct connection_type *connection_type_find(str type);

/* What an app admin sets. base_url: an origin (already checked) or p == NULL. */
struct connection_properties {
    str name; /* 1..NAMES_LENGTH_MAX code points */
    str base_url;
    int base_url_fixed;      /* only together with base_url */
    int runners_may_request; /* ad hoc requests on shared credentials (rule 10) */
    int old_search;          /* the relay answers the search that Jira has removed */
};

/* Pages show them all at once, so there is an end to them. */
#define CONNECTIONS_MAX 200

/* Why a type cannot be used now (no OAuth client): a sentence for `w`'s actor, empty when it can.
 * n == NULL: for a new connection. */
MUST_USE enum err connection_type_reason(struct work *w, const struct connection_type *type,
                                         const struct connection_row *n, str *ret_reason);

/* ERR_TYPE_UNAVAILABLE, ERR_NAME_TAKEN, ERR_INVALID (no such type, or CONNECTIONS_MAX reached).
 * Write transaction. */
MUST_USE enum err connection_create(struct work *w, str type,
                                    const struct connection_properties *properties,
                                    struct connection_row *ret);
/* Replaces the properties. A newly fixed or changed fixed Base URL takes every credential that was
 * entered for another one out of use; *ret_lost tells how many (rule 9). ERR_NAME_TAKEN. */
MUST_USE enum err connection_update(struct work *w, const struct connection_row *row,
                                    const struct connection_properties *properties,
                                    struct connection_row *ret, int64_t *ret_lost);
/* What switching Shared credentials costs, and the sentence that an admin confirms. */
struct connection_switch {
    int to_shared;
    int64_t credentials; /* that go out of use */
    int64_t connected;   /* of them, those that work today */
    str sentence;
};
MUST_USE enum err connection_switch_cost(struct work *w, const struct connection_row *row,
                                         struct connection_switch *ret);
/* Write transaction, rule 3: every credential of the connection is wiped, both ways, and the switch
 * counter moves. Nothing happens when it is so already. confirm_lost: how many credentials the
 * caller knows to be lost; when it is more than that: ERR_CONFIRM_REQUIRED with the sentence. */
MUST_USE enum err connection_switch(struct work *w, const struct connection_row *row, int shared,
                                    int64_t confirm_lost, struct connection_row *ret,
                                    struct connection_switch *ret_cost);
/* Erases it with every credential for it. */
MUST_USE enum err connection_delete(struct work *w, const struct connection_row *row);
/* Within the app of the path; ERR_NOT_FOUND. */
MUST_USE enum err connection_find(struct work *w, str id, struct connection_row *ret);
/* The same by id or, as it is unique in its app, by name. */
MUST_USE enum err connection_find_named(struct work *w, str id_or_name, struct connection_row *ret);
/* Rule 10: ad hoc requests on shared credentials are for app admins unless the connection says that
 * runners may. ERR_BLOCKED_BY_POLICY. */
MUST_USE enum err connection_permits_requests(struct work *w, const struct connection_row *row);
MUST_USE enum err connections_list(struct work *w, struct connection_row **ret, size_t *ret_count);
/* Secrets on file and people they belong to: what deleting costs. */
MUST_USE enum err connection_cost(struct work *w, str id, int64_t *ret_credentials,
                                  int64_t *ret_people);
/* The same for the whole app. */
MUST_USE enum err connections_cost(struct work *w, int64_t *ret_credentials, int64_t *ret_people);
/* How many connections of an app wait for the acting user to connect. */
MUST_USE enum err connections_todo(struct work *w, str app, int64_t *ret);

#endif
