/* Mortise keys: what scripts and bots call with, instead of a browser session. A key acts as its
 * user, or, when app admins made it for the app, as the app, on Shared credentials only. It opens
 * requests to Jira, running actions among them, and nothing else of Mortise. Without HTTP and SQL.
 *
 * Secret here: the key (256 random bits), given out once and stored as HMAC. Invariants:
 *   - whether a key counts is read anew at every call, and again in the transaction of every write:
 *     revoked, expired, its user disabled or out of the app, and the very next call is refused;
 *   - a key never reaches further than whom it acts as, and its limits only take away;
 *   - what somebody made for themselves only they see and revoke; an app's keys are its admins'.
 */
#ifndef CORE_KEYS_H
#define CORE_KEYS_H

#include "core/work.h"
#include "store/connections.h"
#include "store/keys.h"

#define KEYS_MAX 100 /* of one user, and of one app */
#define KEY_PATHS_MAX 20

enum key_kind { KEY_OF_USER, KEY_OF_APP };

/* What is asked for. Empty texts: no limit. */
struct key_wish {
    str name;
    str app;        /* slug or name; KEY_OF_USER only */
    str connection; /* id or name, in that app */
    str methods;    /* as keys_check_methods() gives them */
    str paths;
    int64_t expires; /* 0: never */
};

/* "get, post" -> "GET POST": methods of HTTP that Jira knows, in that order, each once. 0 when
 * there is another among them. */
int keys_check_methods(struct arena *a, str text, str *ret);
/* Prefixes separated by white space or commas: each begins with /rest/ and holds nothing that would
 * have to be decoded. 0 when one is not so, or there are more than KEY_PATHS_MAX. */
int keys_check_paths(struct arena *a, str text, str *ret);

/* For the acting user, or the app of the membership. Write transaction. *ret_key: for the answer
 * only. ERR_NOT_FOUND with a sentence: no such app or connection; ERR_CONFLICT: KEYS_MAX. */
MUST_USE enum err keys_make(struct work *w, enum key_kind kind, const struct key_wish *wish,
                            struct key_row *ret, str *ret_key);
/* The newest first. */
MUST_USE enum err keys_list(struct work *w, enum key_kind kind, struct key_row **ret,
                            size_t *ret_count);
/* How many act as a user. */
MUST_USE enum err keys_count(struct work *w, str user, int64_t *ret);
/* Write transaction. ERR_NOT_FOUND: no such key here. */
MUST_USE enum err keys_revoke(struct work *w, enum key_kind kind, str id);

/* The key that a call came with; *ret NULL: it is unknown or has expired. */
MUST_USE enum err keys_find(struct work *w, str key, struct key_row **ret);
/* Whether the acting key, if it is one, reaches this connection and request: ERR_BLOCKED_BY_POLICY
 * with a sentence. method.p NULL: only the connection is known yet. */
MUST_USE enum err keys_permit(struct work *w, const struct connection_row *connection, str method,
                              str path);
/* The limits of a key that are about the request. Pure. */
MUST_USE enum err keys_check_limits(struct fault *f, str methods, str paths, str method, str path);

#endif
