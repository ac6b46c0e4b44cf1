/* Who calls, and may they: session token -> session -> active user -> role in the app -> decision
 * by tables/permissions.def. The one place where a right is decided, for reading before a handler
 * and again inside the transaction of every write. No HTTP: resources/hooks.c brings the cookie and
 * the route.
 *
 * Rules:
 *   - a session counts while its row exists, its time is not over and its user is active; anything
 *     else is the same as no session;
 *   - a session lives 14 days after it was last seen and 90 days altogether. last_seen is written
 *     at most every 10 minutes, in a transaction of its own whose failure fails no request;
 *   - a Mortise key acts as its user, or as its app with the role of a runner; ERR_KEY_REFUSED when
 * it is worth nothing. Which routes are for keys is the caller's to know;
 *   - a role comes from the user's own permission, those of the user's groups and Everyone's; the
 *     highest wins. Being a workspace admin gives none;
 *   - an app that is unknown and one that the caller is no member of are the same: ERR_NOT_FOUND.
 */
#ifndef CORE_ACCESS_H
#define CORE_ACCESS_H

#include "base/clock.h"
#include "core/work.h"

/* The levels of tables/permissions.def; the same order as http/route.h's enum permission. */
enum access_level {
#define PERMISSION(name, code, meaning) ACCESS_##name,
#include "permissions.def"
#undef PERMISSION
};

/* Whether a level is one of an app's: the path names it first. */
int access_is_in_app(enum access_level level);

/* What is asked. All borrowed; must live as long as the work. */
struct access_query {
    enum access_level level;
    str token; /* the session cookie's value; empty: none */
    str key;   /* a Mortise key; p != NULL: the cookie does not count, whatever the key is worth */
    str app;   /* slug of the path; used where access_is_in_app() */
    /* filled by access_decide(): the session found, 0 without one */
    int64_t session_created;
    int64_t session_last_seen;
};

/* Fills w->actor and w->membership (both emptied first) and decides. ERR_NOT_SIGNED_IN,
 * ERR_NOT_FOUND, or the level's own error. On a refusal the actor stays filled, so that the answer
 * can be shown to the person signed in. Only reads: inside or outside a transaction. */
MUST_USE enum err access_decide(struct work *w, struct access_query *q);
/* For a route whose path names no app (the OAuth callback): from here on the unit of work acts in
 * the app of this slug, as its member, now and again inside the transaction of every write. Errors
 * as access_decide(); then the query is as it was. w->authorize_arg must be a struct access_query.
 */
MUST_USE enum err access_enter(struct work *w, str app_slug);
/* The same with the type of w->authorize; arg is the struct access_query. */
MUST_USE enum err access_authorize(struct work *w, void *arg);
/* Lets the actor's session live on (see above), or notes that the key was used, a minute apart;
 * does nothing inside a transaction. */
void access_touch(struct work *w, const struct access_query *q);
/* The CSRF token of a session (row id) as 64 hexadecimal characters, in the arena. */
str access_csrf(const struct work *w, str session);
/* 1 when `given` is that token; in constant time. */
int access_csrf_fits(const struct work *w, str session, str given);

#define ACCESS_SESSION_IDLE_MS (14 * CLOCK_DAY_MS)
#define ACCESS_SESSION_MAX_MS (90 * CLOCK_DAY_MS)

#endif
