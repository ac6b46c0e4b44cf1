/* A unit of work: what one half of a handler (or one job) needs to decide and remember something.
 *
 * Made on a worker for one half, on that worker's database connection. Reads happen as they come;
 * before the first write, work_write() opens the write transaction and decides the caller's right
 * again inside it (rule 11: whoever finishes something begun earlier re-reads user, right, switch
 * counter and generation in the transaction that saves it). Everything written is committed when
 * the half succeeds and rolled back when it fails.
 */
#ifndef CORE_WORK_H
#define CORE_WORK_H

#include "base/arena.h"
#include "base/err.h"
#include "crypto/password.h"
#include "db/db.h"
#include "store/permissions.h"
#include "vault/vault.h"

struct key_row;
struct life;
struct log;
struct notifier;
struct provider;
struct runner;
struct settings;

/* Process-wide things that handlers need; made once by main, read-only afterwards. */
struct services {
    struct vault *vault;
    struct password_gate *passwords;
    const struct provider *provider;
    const struct settings *settings; /* core/settings.h */
    struct life *life;               /* life/life.h; NULL in commands beside the server */
    struct runner *runner;           /* actions/run.h; NULL there too */
    struct log *log;                 /* base/log.h; what people do that an operator has to see */
    const struct notifier *notifier; /* core/notifier.h; NULL there too */
};

/* Who acts. user.p == NULL: nobody is signed in, or a key of an app. */
struct actor {
    str user;
    str name;
    str email;
    int workspace_admin;
    str session;               /* session row's id; p == NULL with a key */
    const struct key_row *key; /* the Mortise key that was called with (core/keys.h), or NULL */
};

/* What the actor is in the app of the path; app.p == NULL outside an app. */
struct membership {
    str app; /* id */
    str slug;
    enum permission_role role;
};

struct work {
    struct arena *arena;
    struct fault *fault;
    struct db *db;
    const struct services *services;
    int64_t now_ms;
    struct actor actor;
    struct membership membership;
    /* Decides the right again; set by whoever made the work, NULL for jobs. */
    enum err (*authorize)(struct work *w, void *arg);
    void *authorize_arg;
};

/* Opens the write transaction and re-authorizes. At once ERR_OK when it is open already. */
MUST_USE enum err work_write(struct work *w);
/* Commits what was written so far, for halves that go on with something slow (a password hash). */
MUST_USE enum err work_commit(struct work *w);

/* Outside of a request: runs one unit of work that commits by itself, or is committed here when it
 * left its transaction open; rolled back when it fails; again when it has to be repeated (run()
 * then sets its outputs anew). It acts for nobody. In arena a: whatever run() wants to leave
 * behind. On a worker, or wherever blocking is allowed, with that thread's connection d. */
MUST_USE enum err work_run(struct arena *a, struct fault *f, struct db *d,
                           const struct services *services,
                           enum err (*run)(struct work *w, void *arg), void *arg);

/* vault_hmac() into the arena. */
str work_hmac(const struct work *w, enum vault_purpose purpose, str data);

/* `return work_fail(w, ERR_X, "...")` */
#define work_fail(w, code, ...) fail((w)->fault, (code), __VA_ARGS__)

#endif
