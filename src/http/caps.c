/* A hash table of addresses, chained; entries live while their count is above zero. See the header.
 */
#include "http/caps.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum { BUCKETS = 4096, PREFIX = 8 };

struct caps_entry {
    struct caps_entry *next;
    struct caps_address address;
    size_t count;
};

static int is_mapped(const unsigned char *bytes)
{
    static const unsigned char prefix[12] = {[10] = 0xff, [11] = 0xff};

    return memcmp(bytes, prefix, sizeof(prefix)) == 0;
}

static size_t bucket_of(struct caps_address address)
{
    size_t hash = 5381;

    for (size_t i = 0; i < sizeof(address.bytes); i++)
        hash = hash * 33 + address.bytes[i];
    return (hash ^ hash >> 12) % BUCKETS;
}

void caps_init(struct caps *c, size_t max, size_t max_address)
{
    *c = (struct caps){.max = max, .max_address = max_address};
    c->buckets = mem_alloc_array(BUCKETS, sizeof(struct caps_entry *));
}

void caps_done(struct caps *c)
{
    must(c->count == 0);
    mem_free(c->buckets);
    c->buckets = NULL;
}

static struct caps_entry **find(struct caps *c, struct caps_address address)
{
    struct caps_entry **e = &c->buckets[bucket_of(address)];

    while (*e && memcmp((*e)->address.bytes, address.bytes, sizeof(address.bytes)) != 0)
        e = &(*e)->next;
    return e;
}

enum caps_result caps_take(struct caps *c, struct caps_address address)
{
    struct caps_entry **e = find(c, address);

    if (*e && (*e)->count >= c->max_address)
        return CAPS_ADDRESS_FULL; /* said first: then room for others is of no use */
    if (c->count >= c->max)
        return CAPS_FULL;
    if (!*e) {
        *e = mem_new(struct caps_entry);
        (*e)->address = address;
    }
    (*e)->count++;
    c->count++;
    return CAPS_OK;
}

void caps_give_back(struct caps *c, struct caps_address address)
{
    struct caps_entry **e = find(c, address);
    struct caps_entry *gone = *e;

    must(gone && gone->count > 0 && c->count > 0);
    c->count--;
    if (--gone->count > 0)
        return;
    *e = gone->next;
    mem_free(gone);
}

struct caps_address caps_address_of(const struct sockaddr *peer, char ret_text[static 64])
{
    struct caps_address a = {{0}};

    ret_text[0] = '\0';
    if (peer->sa_family == AF_INET) {
        a.bytes[10] = a.bytes[11] = 0xff;
        memcpy(a.bytes + 12, &((const struct sockaddr_in *)(const void *)peer)->sin_addr, 4);
    } else if (peer->sa_family == AF_INET6) {
        memcpy(a.bytes, &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, 16);
    }
    if (is_mapped(a.bytes)) {
        inet_ntop(AF_INET, a.bytes + 12, ret_text, 64);
    } else {
        inet_ntop(AF_INET6, a.bytes, ret_text, 64);
        memset(a.bytes + PREFIX, 0, sizeof(a.bytes) - PREFIX);
    }
    return a;
}
