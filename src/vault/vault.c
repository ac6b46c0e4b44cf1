/* Sealing and opening values, and the HMACs of bearer tokens, with the keys that the key ring
 * (vault/keyring.h) has opened.
 */
#include "vault/vault.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "crypto/aead.h"
#include "vault/keyring.h"

#define FORMAT 1
#define HEAD_BYTES (1 + ID_LENGTH)
#define BINDING_MAX 65536
#define PURPOSES 7

struct vault {
    struct keyring ring;
    struct secret hmac[PURPOSES]; /* prepared keys, by enum vault_purpose */
};

enum err vault_check(struct db *d, struct arena *a, struct fault *f, const char *key_file,
                     struct secret *ret_master)
{
    return keyring_check(d, a, f, key_file, ret_master);
}

static void derive_hmac_keys(struct vault *v)
{
    static const char contexts[PURPOSES][9] = {
        [VAULT_SESSION] = "session_",  [VAULT_LINK] = "link____", [VAULT_CONFIRM] = "confirm_",
        [VAULT_THROTTLE] = "throttle", [VAULT_CSRF] = "csrf____", [VAULT_STATE] = "state___",
        [VAULT_KEY] = "key_____",
    };

    for (size_t i = 0; i < PURPOSES; i++) {
        SECRET_AUTO struct secret key = {0};
        hash_derive(&v->ring.hmac, contexts[i], &key);
        hash_hmac_prepare(&key, &v->hmac[i]);
    }
}

enum err vault_open_keys(struct db *d, struct arena *a, struct fault *f, const char *key_file,
                         struct secret *master, struct vault **ret)
{
    SECRET_AUTO struct secret key = {0};
    struct vault *v = mem_new(struct vault);

    secret_take(&key, master);
    enum err e = keyring_load(d, a, f, key_file, &key, &v->ring);
    if (e != ERR_OK) {
        vault_free(v);
        return e;
    }
    derive_hmac_keys(v);
    *ret = v;
    return ERR_OK;
}

void vault_free(struct vault *v)
{
    if (!v)
        return;
    for (size_t i = 0; i < PURPOSES; i++)
        secret_wipe(&v->hmac[i]);
    keyring_done(&v->ring);
    mem_free(v);
}

static void add_number(struct buf *b, uint64_t n)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        buf_add_char(b, (char)(n >> shift & 0xff));
}

/* Length before content: no two bindings give the same bytes. */
static void add_field(struct buf *b, str s)
{
    add_number(b, s.n);
    buf_add(b, s);
}

static void write_associated(struct buf *b, str head, const struct vault_binding *binding)
{
    buf_add(b, head);
    add_field(b, binding->table);
    add_field(b, binding->row);
    add_field(b, binding->column);
    add_number(b, (uint64_t)binding->generation);
    add_field(b, binding->app);
    add_field(b, binding->connection);
    add_field(b, binding->owner);
    add_field(b, binding->type);
    add_field(b, binding->destination);
    must(buf_ok(b));
}

str vault_seal(const struct vault *v, struct arena *a, const struct vault_binding *binding,
               const struct secret *plain)
{
    BUF_AUTO struct buf associated;
    const struct data_key *key = &v->ring.keys[v->ring.active];
    char head[HEAD_BYTES] = {FORMAT};

    memcpy(head + 1, key->id, ID_LENGTH);
    buf_init(&associated, BINDING_MAX);
    write_associated(&associated, (str){head, sizeof head}, binding);
    str body = aead_seal(a, &key->key, buf_str(&associated), plain);
    char *sealed = arena_alloc(a, sizeof head + body.n);
    memcpy(sealed, head, sizeof head);
    memcpy(sealed + sizeof head, body.p, body.n);
    return (str){sealed, sizeof head + body.n};
}

static const struct data_key *find_key(const struct vault *v, str sealed)
{
    if (sealed.n < HEAD_BYTES || sealed.p[0] != FORMAT)
        return NULL;
    str id = str_slice(sealed, 1, HEAD_BYTES);
    for (size_t i = 0; i < v->ring.count; i++)
        if (str_eq(id, (str){v->ring.keys[i].id, ID_LENGTH}))
            return &v->ring.keys[i];
    return NULL;
}

enum err vault_open(const struct vault *v, struct fault *f, const struct vault_binding *binding,
                    str sealed, struct secret *ret_plain)
{
    BUF_AUTO struct buf associated;
    SECRET_AUTO struct secret plain = {0};
    const struct data_key *key = find_key(v, sealed);

    buf_init(&associated, BINDING_MAX);
    if (key)
        write_associated(&associated, str_slice(sealed, 0, HEAD_BYTES), binding);
    if (!key || !aead_open(&key->key, buf_str(&associated), str_slice(sealed, HEAD_BYTES, sealed.n),
                           &plain)) {
        fail(f, ERR_KEY, "");
        return fault_detail(f, "a sealed value of table %.*s, row %.*s does not open: %s",
                            STR_ARG(binding->table), STR_ARG(binding->row),
                            key ? "moved or altered" : "unknown key or format");
    }
    secret_take(ret_plain, &plain);
    return ERR_OK;
}

enum err vault_verify(const struct vault *v, struct fault *f, const struct vault_binding *binding,
                      str sealed, str expected)
{
    SECRET_AUTO struct secret plain = {0};
    enum err e = vault_open(v, f, binding, sealed, &plain);

    if (e || str_eq(secret_expose(&plain), expected))
        return e;
    fail(f, ERR_KEY, "");
    return fault_detail(f, "a sealed value of table %.*s, row %.*s says something else",
                        STR_ARG(binding->table), STR_ARG(binding->row));
}

void vault_hmac(const struct vault *v, enum vault_purpose purpose, str data,
                unsigned char ret[static HASH_BYTES])
{
    hash_hmac_prepared(&v->hmac[purpose], data, ret);
}
