/* The database and the vault at the start of a command. Main thread. */
#ifndef MAIN_STORE_H
#define MAIN_STORE_H

#include "core/work.h"
#include "main/config.h"

#define STORE_BUSY_MS 5000

/* STORE_MAY_MAKE: a database and a master key are made when there is none, and migrations run.
 * STORE_MUST_EXIST: for commands beside a running server: ERR_CONFIG when there is no database. */
enum store_mode { STORE_MAY_MAKE, STORE_MUST_EXIST };

/* In this order, so that a wrong key touches nothing: open, check the key, migrate, open the data
 * keys. Both are the caller's. */
MUST_USE enum err store_open(struct arena *a, struct fault *f, const struct settings *settings,
                             enum store_mode mode, struct db **ret_db, struct vault **ret_vault);

#endif
