/* A small workspace for cases on people and apps: a migrated database of either kind (contract.h),
 * a vault, and units of work for whoever is signed in. Test programs only.
 */
#ifndef TESTS_CORE_WORLD_H
#define TESTS_CORE_WORLD_H

#include "contract.h"
#include "core/access.h"
#include "core/settings.h"
#include "store/apps.h"

struct world {
    struct contract *c;
    struct vault *vault;
    struct password_gate *gate;
    struct settings settings;
    struct services services;
    char key_file[160];
    int64_t now_ms; /* what every unit of work made here begins with */
};

void world_open(struct world *o, void **state);
void world_close(struct world *o);

/* A unit of work of nobody, on db (NULL: the case's own), without a check of rights. */
struct work *world_work(struct world *o, struct db *db);
/* A unit of work of a user who is signed in, in the app with this slug (NULL: in none), with the
 * check that a route of that level makes. Fails the case when the right is refused. */
struct work *world_as(struct world *o, const char *user, const char *slug, enum access_level level);
/* The same on another connection and arena, for another thread, without checking. token: of
 * world_token(). */
struct work *world_thread(struct world *o, struct arena *a, struct fault *f, struct db *db,
                          str token, str slug, enum access_level level);
/* A new session's token. */
str world_token(struct world *o, const char *user);

/* Rows; id is name and key at once, e-mail is id@x.test. password: hashed when not NULL. */
void world_user(struct world *o, const char *id, enum user_state state, const char *password);
void world_admin(struct world *o, const char *id); /* active workspace admin */
void world_app(struct world *o, const char *slug);
void world_permission(struct world *o, const char *app, enum permission_kind kind,
                      const char *principal, enum permission_role role);
struct user_row world_find(struct world *o, const char *id);
size_t world_sessions(struct world *o, const char *id);

/* Ends the half as the hooks do: commits or rolls back. */
enum err world_end(struct work *w, enum err e);

/* Runs fn(arg1) and fn(arg2) in two threads that begin together. */
void world_race(void *(*fn)(void *), void *arg1, void *arg2);

/* assert_int_equal() that shows names. */
#define assert_err(e, expected) assert_err_at((e), (expected), __FILE__, __LINE__)
void assert_err_at(enum err e, enum err expected, const char *file, int line);

#endif
