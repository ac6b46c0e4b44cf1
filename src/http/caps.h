/* How many connections there are, in all and from each address, with a limit on both. IPv6
 * addresses count by their /64, which one machine can have whole. Not locked: its owner does.
 */
#ifndef HTTP_CAPS_H
#define HTTP_CAPS_H

#include <stddef.h>
#include <sys/socket.h>

struct caps_address {
    unsigned char bytes[16]; /* IPv6, or IPv4 mapped into it */
};

struct caps_entry;

struct caps {
    size_t max;
    size_t max_address;
    size_t count;
    struct caps_entry **buckets;
};

enum caps_result { CAPS_OK, CAPS_FULL, CAPS_ADDRESS_FULL };

void caps_init(struct caps *c, size_t max, size_t max_address);
void caps_done(struct caps *c);
/* Counts one more, or says why not; of an address that is full, CAPS_ADDRESS_FULL. */
enum caps_result caps_take(struct caps *c, struct caps_address address);
/* Of an address that was taken. */
void caps_give_back(struct caps *c, struct caps_address address);

/* The peer's address to count by, and its text without port ("192.0.2.1", "2001:db8::1"). */
struct caps_address caps_address_of(const struct sockaddr *peer, char ret_text[static 64]);

#endif
