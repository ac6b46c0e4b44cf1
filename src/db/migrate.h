/* Brings a database to the newest schema: the numbered scripts of tables/migrations, embedded,
 * each applied in one transaction together with its line in schema_migrations (version, checksum,
 * time). A script already applied must have the checksum it had then; a database newer than the
 * program is refused. Several processes may start at once: one does it, the others find it done.
 */
#ifndef DB_MIGRATE_H
#define DB_MIGRATE_H

#include "db/db.h"

struct migration {
    int version; /* position, from 1 */
    const char *name;
    const char *sql;      /* the word BLOB is written BYTEA for PostgreSQL */
    const char *checksum; /* SHA-256 of the file, in hexadecimal; made when embedding */
};

/* scripts: sorted by version. *ret_applied: how many were new. */
MUST_USE enum err db_migrate(struct db *d, struct fault *f, const struct migration *scripts,
                             size_t count, int *ret_applied);

/* The scripts of tables/migrations, made into C at build time. Static storage. */
const struct migration *migrations_embedded(size_t *ret_count);

#endif
