/* The key ring: master key file, wrapped keys in the database, the check value. Part of the vault;
 * nobody else includes it.
 *
 * Rows of the table keyring:
 *   'check'   a known text under the master key: tells a wrong key
 *   'hmac'    the root of the HMAC keys (vault_hmac); not rotated with the data keys
 *   <id>      a data key; one of them is active
 * Each is sealed under the master key with its id as associated data.
 */
#ifndef VAULT_KEYRING_H
#define VAULT_KEYRING_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/secret.h"
#include "db/db.h"

#define KEYRING_KEYS_MAX 64

struct data_key {
    char id[ID_LENGTH];
    struct secret key;
};

struct keyring {
    struct data_key keys[KEYRING_KEYS_MAX];
    size_t count;
    size_t active; /* index */
    struct secret hmac;
};

void keyring_done(struct keyring *k);

/* As vault_check and vault_open_keys (vault/vault.h). */
MUST_USE enum err keyring_check(struct db *d, struct arena *a, struct fault *f,
                                const char *key_file, struct secret *ret_master);
MUST_USE enum err keyring_load(struct db *d, struct arena *a, struct fault *f, const char *key_file,
                               struct secret *master, struct keyring *k);

#endif
