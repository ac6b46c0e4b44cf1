/* Which network addresses may be connected to: asked with the real address, just before a socket
 * is opened, so that no name, redirect or second look-up gets round it. Pure; any thread.
 *
 * Sources: IANA special-purpose address registries (RFC 6890 and later), RFC 6052 (NAT64), 3056
 * (6to4), 4380 (Teredo), 5214 (ISATAP); the clouds' documentation for metadata addresses.
 */
#ifndef UPSTREAM_GUARD_H
#define UPSTREAM_GUARD_H

#include <sys/socket.h>

enum guard_kind {
    GUARD_PUBLIC,
    GUARD_PRIVATE, /* loopback, private, link-local, shared, multicast, reserved: allowed hosts only
                    */
    GUARD_METADATA /* a cloud's metadata service, and all of 169.254.0.0/16: never */
};

/* IPv4 addresses inside IPv6 ones (mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP)
 * are judged as what they reach. Families other than IPv4 and IPv6 are GUARD_METADATA. */
enum guard_kind guard_judge(const struct sockaddr *address);

#endif
