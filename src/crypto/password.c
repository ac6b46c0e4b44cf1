/* Argon2id behind a gate.
 *
 * Threads: `running` counts the callers inside, at most PASSWORD_AT_ONCE, `waiting` those before
 * the gate, at most PASSWORD_WAITING; both are only touched under the mutex, and the mutex is not
 * held while hashing. Hashing takes a bounded time, so waiting does.
 */
#include "crypto/password.h"

#include <pthread.h>
#include <sodium.h>

#include "base/check.h"
#include "base/mem.h"

#define PASSWORD_AT_ONCE 2
#define PASSWORD_WAITING 3 /* with those inside, fewer than there are workers (8) */
#define PASSWORD_PASSES 3
#define PASSWORD_MEMORY ((size_t)64 * 1024 * 1024)

/* Nobody's password, with the costs above: verified when there is no such user, so that the
 * answer takes as long as for one. */
static const char nobody[crypto_pwhash_STRBYTES] =
    "$argon2id$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA"
    "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

struct password_gate {
    pthread_mutex_t mutex;
    pthread_cond_t left;
    int running;
    int waiting;
};

struct password_gate *password_gate_new(void)
{
    struct password_gate *g = mem_new(struct password_gate);

    must(pthread_mutex_init(&g->mutex, NULL) == 0);
    must(pthread_cond_init(&g->left, NULL) == 0);
    return g;
}

void password_gate_free(struct password_gate *g)
{
    if (g == NULL)
        return;
    must(g->running == 0);
    pthread_cond_destroy(&g->left);
    pthread_mutex_destroy(&g->mutex);
    mem_free(g);
}

/* Under the mutex. */
static int is_full(const struct password_gate *g)
{
    return g->running == PASSWORD_AT_ONCE && g->waiting == PASSWORD_WAITING;
}

enum err password_gate_check(struct password_gate *g, struct fault *f)
{
    int full;

    must(pthread_mutex_lock(&g->mutex) == 0);
    full = is_full(g);
    must(pthread_mutex_unlock(&g->mutex) == 0);
    return full ? fail(f, ERR_OVERLOADED, "") : ERR_OK;
}

static enum err gate_enter(struct password_gate *g, struct fault *f)
{
    int full;

    must(pthread_mutex_lock(&g->mutex) == 0);
    full = is_full(g);
    g->waiting += !full;
    while (!full && g->running == PASSWORD_AT_ONCE)
        must(pthread_cond_wait(&g->left, &g->mutex) == 0);
    g->waiting -= !full;
    g->running += !full;
    must(pthread_mutex_unlock(&g->mutex) == 0);
    return full ? fail(f, ERR_OVERLOADED, "") : ERR_OK;
}

static void gate_leave(struct password_gate *g)
{
    must(pthread_mutex_lock(&g->mutex) == 0);
    g->running--;
    must(pthread_cond_signal(&g->left) == 0);
    must(pthread_mutex_unlock(&g->mutex) == 0);
}

enum err password_hash(struct password_gate *g, struct arena *a, struct fault *f,
                       const struct secret *password, str *ret)
{
    char encoded[crypto_pwhash_STRBYTES];
    str p = secret_expose(password);
    int done;
    enum err e = gate_enter(g, f);

    if (e)
        return e;
    done =
        crypto_pwhash_argon2id_str(encoded, p.p ? p.p : "", p.n, PASSWORD_PASSES, PASSWORD_MEMORY);
    gate_leave(g);
    if (done != 0)
        return fail(f, ERR_OVERLOADED, "");
    *ret = arena_str_from(a, encoded);
    return ERR_OK;
}

enum err password_fits(struct password_gate *g, struct fault *f, str encoded,
                       const struct secret *password, int *ret)
{
    char text[crypto_pwhash_STRBYTES] = {0};
    str p = secret_expose(password);
    int known = encoded.n > 0 && encoded.n < sizeof(text);
    int done;
    enum err e = gate_enter(g, f);

    if (e)
        return e;
    memcpy(text, known ? encoded.p : nobody, known ? encoded.n : sizeof(nobody));
    done = crypto_pwhash_argon2id_str_verify(text, p.p ? p.p : "", p.n);
    gate_leave(g);
    *ret = known && done == 0;
    return ERR_OK;
}

size_t password_characters(const struct secret *password)
{
    return str_utf8_length(secret_expose(password));
}
