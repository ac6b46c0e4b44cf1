/* Making and recognising row ids. */
#include "base/id.h"

#include <errno.h>
#include <sys/random.h>

#include "base/check.h"
#include "base/clock.h"

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

/* count characters for the lowest 5 * count bits of value, highest first. */
static void put_bits(char *at, int count, uint64_t value)
{
    for (int i = count - 1; i >= 0; i--) {
        at[i] = alphabet[value & 31];
        value >>= 5;
    }
}

static void fill_random(void *p, size_t n)
{
    ssize_t got;

    do
        got = getrandom(p, n, 0);
    while (got < 0 && errno == EINTR);
    must(got == (ssize_t)n); /* up to 256 bytes are never cut short: getrandom(2) */
}

str id_new(struct arena *a)
{
    char *p = arena_alloc(a, ID_LENGTH + 1);
    uint64_t random[2];

    fill_random(random, sizeof(random));
    put_bits(p, 10, (uint64_t)clock_now_ms() & UINT64_C(0xFFFFFFFFFFFF));
    put_bits(p + 10, 8, random[0]);
    put_bits(p + 18, 8, random[1]);
    return (str){p, ID_LENGTH};
}

int id_valid(str s)
{
    if (s.n != ID_LENGTH)
        return 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\0' || strchr(alphabet, s.p[i]) == NULL)
            return 0;
    }
    return 1;
}
