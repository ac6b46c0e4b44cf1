/* The vault: seals secrets so that the database alone gives none away, and a sealed value moved to
 * another row, owner or host does not open. Requests and answers are plain structs, so that it can
 * become a process of its own.
 *
 * Keys: the master key (a file, 32 random bytes as 64 hexadecimal characters, mode 0600; never in
 * the database) wraps data keys (table keyring); a data key seals values. A check value, sealed
 * under the master key when the database was new, tells a wrong master key at the start, before
 * anything is touched.
 *
 * States at the start:
 *   database new,  key file missing   -> both are made
 *   database new,  key file there     -> used
 *   database used, key file missing   -> ERR_KEY, nothing touched
 *   database used, key file differs   -> ERR_KEY, nothing touched
 *   database used, key file fits      -> data keys are opened
 * A crash between writing the key file and committing the keyring leaves "new + there".
 *
 * Sealed value: 1 byte format (1) | 26 bytes data key id | AEAD (nonce, ciphertext, tag). The
 * associated data is the format, the key id and every field of the binding, each with its length.
 *
 * After vault_open_keys() it is read-only: any thread.
 */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "db/db.h"

struct vault;

/* Where a secret belongs. Unused fields stay empty; all of them are bound. */
struct vault_binding {
    str table;
    str row;
    str column;
    int64_t generation;
    str app;
    str connection;
    str owner; /* empty: shared */
    str type;
    str destination; /* origin and base path the secret may be sent to */
};

/* Before migrations: checks that key file and database belong together by the states above (reads
 * only; a missing keyring table is a new database). Returns the master key, or an unset secret
 * when it has to be made. */
MUST_USE enum err vault_check(struct db *d, struct arena *a, struct fault *f, const char *key_file,
                              struct secret *ret_master);
/* After migrations: makes what is missing (key file first, then keyring in one transaction) and
 * opens the data keys. Takes the master key. */
MUST_USE enum err vault_open_keys(struct db *d, struct arena *a, struct fault *f,
                                  const char *key_file, struct secret *master, struct vault **ret);
void vault_free(struct vault *v);

/* The sealed bytes are in the arena. */
str vault_seal(const struct vault *v, struct arena *a, const struct vault_binding *binding,
               const struct secret *plain);
/* ERR_KEY when it does not open: other binding, unknown key, altered. */
MUST_USE enum err vault_open(const struct vault *v, struct fault *f,
                             const struct vault_binding *binding, str sealed,
                             struct secret *ret_plain);

/* For a sealed value that is no secret in itself but must not be changed (the link of a credential
 * to its grant): ERR_OK when it opens and is `expected`, else ERR_KEY. */
MUST_USE enum err vault_verify(const struct vault *v, struct fault *f,
                               const struct vault_binding *binding, str sealed, str expected);

/* HMAC of a bearer token under a key of its own for each purpose, for the database. */
enum vault_purpose {
    VAULT_SESSION,
    VAULT_LINK,
    VAULT_CONFIRM,
    VAULT_THROTTLE,
    VAULT_CSRF,
    VAULT_STATE,
    VAULT_KEY
};
void vault_hmac(const struct vault *v, enum vault_purpose purpose, str data,
                unsigned char ret[static HASH_BYTES]);

#endif
