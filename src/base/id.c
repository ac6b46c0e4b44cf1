/* Making and recognising row ids. */
#include "base/id.h"

#include <errno.h>
#include <sys/random.h>

#include "base/check.h"
#include "base/clock.h"

#define TIME_LENGTH 10
#define GROUP_LENGTH 13
#define INDEX_LENGTH 3

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

/* count characters for the lowest 5 * count bits of value, highest first. */
static void put_bits(char *at, int count, uint64_t value)
{
    for (int i = count - 1; i >= 0; i--) {
        at[i] = alphabet[value & 31];
        value >>= 5;
    }
}

static void put_time(char *at, int64_t ms)
{
    put_bits(at, TIME_LENGTH, (uint64_t)ms & UINT64_C(0xFFFFFFFFFFFF));
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
    put_time(p, clock_now_ms());
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

void id_of_member(char ret[static ID_LENGTH + 1], int64_t ms, str group, size_t index)
{
    must(group.n == ID_LENGTH && index < ID_MEMBERS_MAX);
    put_time(ret, ms);
    memcpy(ret + TIME_LENGTH, group.p + TIME_LENGTH, GROUP_LENGTH);
    put_bits(ret + TIME_LENGTH + GROUP_LENGTH, INDEX_LENGTH, index);
    ret[ID_LENGTH] = '\0';
}

str id_lowest(struct arena *a, int64_t ms)
{
    char *p = arena_alloc(a, ID_LENGTH + 1);

    put_time(p, ms);
    memset(p + TIME_LENGTH, alphabet[0], ID_LENGTH - TIME_LENGTH);
    return (str){p, ID_LENGTH};
}

int64_t id_ms(str id)
{
    int64_t ms = 0;

    must(id.n == ID_LENGTH);
    for (size_t i = 0; i < TIME_LENGTH; i++)
        ms = ms << 5 | (strchr(alphabet, id.p[i]) - alphabet);
    return ms;
}
