/* Secrets in mappings of their own, one each: the secret, a NUL, and a header in front that knows
 * the mapping's size.
 *
 * States: empty (p NULL) -> held (p behind the header) -> wiped, unmapped, empty again.
 * The mapping is written over before it is given back. Locking it in memory is done where
 * RLIMIT_MEMLOCK permits and silently left otherwise: swap is then the operator's.
 */
#include "base/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "base/poison.h"

#define SECRET_MAGIC UINT64_C(0x73656372657421FF)

struct header {
    uint64_t magic;
    size_t mapped;
};

static struct header *header_of(const struct secret *s)
{
    struct header *h = (struct header *)(void *)(s->p - sizeof(struct header));

    must(h->magic == SECRET_MAGIC);
    return h;
}

void secret_alloc(struct secret *s, size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t used = sizeof(struct header) + n + 1;
    size_t mapped = (used + page - 1) / page * page;
    struct header *h;

    secret_wipe(s);
    must(n < SIZE_MAX / 2);
    h = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(h != MAP_FAILED);
    (void)mlock(h, mapped);
    (void)madvise(h, mapped, MADV_DONTDUMP);
    *h = (struct header){SECRET_MAGIC, mapped};
    poison((unsigned char *)h + used, mapped - used);
    s->p = (unsigned char *)(h + 1);
    s->n = n;
}

void secret_set(struct secret *s, const void *p, size_t n)
{
    struct secret fresh = {0};

    secret_alloc(&fresh, n);
    if (n)
        memcpy(fresh.p, p, n); /* p may lie in what s holds */
    secret_wipe(s);
    *s = fresh;
}

void secret_wipe(struct secret *s)
{
    struct header *h;
    size_t mapped;

    if (s->p == NULL)
        return;
    h = header_of(s);
    mapped = h->mapped;
    unpoison(h, mapped);
    explicit_bzero(h, mapped);
    must(munmap(h, mapped) == 0);
    *s = (struct secret){NULL, 0};
}

void secret_take(struct secret *to, struct secret *from)
{
    must(to->p == NULL && to != from);
    *to = *from;
    *from = (struct secret){NULL, 0};
}

str secret_expose(const struct secret *s)
{
    if (s->p)
        (void)header_of(s);
    return (str){(const char *)s->p, s->n};
}

void secret_copy(struct secret *to, const struct secret *from)
{
    must(to->p == NULL);
    if (from->p != NULL)
        secret_set(to, from->p, from->n);
}

void secret_set_trimmed(struct secret *to, const struct secret *from)
{
    must(to->p == NULL);
    if (from->p == NULL)
        return;
    str trimmed = str_trim((str){(const char *)from->p, from->n});
    secret_set(to, trimmed.p, trimmed.n);
}
