/* Whom a request is from, behind reverse proxies: the field X-Forwarded-For (a de-facto standard,
 * described in RFC 7239 section 7.4) is believed as far as it was written by proxies that the
 * operator named (MORTISE_TRUSTED_PROXIES), and not a word further. For limits of attempts and the
 * log only; no right depends on it. Pure; any thread.
 */
#ifndef HTTP_FORWARDED_H
#define HTTP_FORWARDED_H

#include "base/arena.h"
#include "http/server.h"

/* An address or network; IPv4 is mapped into IPv6 (RFC 4291 section 2.5.5.2). */
struct forwarded_range {
    unsigned char base[16];
    int bits; /* 0..128 that count */
};

struct forwarded {
    const struct forwarded_range *proxies;
    size_t count;
};

/* "127.0.0.1, 10.0.0.0/8, fd00::/8"; empty: nobody is trusted. ERR_CONFIG names what cannot be
 * read. */
MUST_USE enum err forwarded_parse(struct arena *a, struct fault *f, str proxies,
                                  struct forwarded *ret);
/* The nearest address that is no trusted proxy's, as text: the peer's own when that is none. What
 * is no address ends the search at the proxy that passed it on. Borrowed from the request. */
str forwarded_client(const struct forwarded *f, const struct http_request *r);

#endif
