/* Two atomic numbers. */
#include "upstream/held.h"

#include <stdatomic.h>

#include "base/check.h"
#include "base/mem.h"

struct held {
    _Atomic size_t bytes;
    _Atomic size_t references;
    size_t max;
};

struct held *held_new(size_t max)
{
    struct held *h = mem_new(struct held);

    atomic_store(&h->references, 1);
    h->max = max;
    return h;
}

struct held *held_ref(struct held *h)
{
    atomic_fetch_add(&h->references, 1);
    return h;
}

void held_unref(struct held *h)
{
    if (h && atomic_fetch_sub(&h->references, 1) == 1)
        mem_free(h);
}

int held_add(struct held *h, size_t n)
{
    size_t before = atomic_fetch_add(&h->bytes, n);

    if (before + n <= h->max)
        return 1;
    atomic_fetch_sub(&h->bytes, n);
    return 0;
}

void held_subtract(struct held *h, size_t n)
{
    must(atomic_fetch_sub(&h->bytes, n) >= n);
}
