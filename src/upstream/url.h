/* Taking a URL apart with the very parser that later fetches it (libcurl's), so that what was
 * checked is what is called. Not percent-encoding (base/url.h), no opinion about which hosts are
 * good (allow.h, jira/base_url.h). Pure; any thread.
 */
#ifndef UPSTREAM_URL_H
#define UPSTREAM_URL_H

#include "base/arena.h"
#include "base/str.h"

#define UPSTREAM_URL_MAX 16384

struct upstream_url {
    str scheme;     /* "http" or "https" */
    str host;       /* lower case, IDN as punycode, no trailing dot; IPv6 without brackets */
    int port;       /* as given, else the scheme's */
    str path;       /* begins with '/', not decoded, dot segments kept */
    str query;      /* without '?'; p == NULL: none */
    int has_user;   /* user information before an '@' */
    int is_address; /* the host is an IP address in any spelling, or ends in a number */
};

/* Returns 1, or 0 for what is not an absolute http or https URL: another scheme or none, control
 * characters, spaces or backslashes anywhere, anything but ASCII (international names come as
 * xn--..., the rest percent-encoded: libcurl's own conversion depends on the locale), a host with
 * characters that no host name has, more than UPSTREAM_URL_MAX bytes. Decimal, octal and
 * hexadecimal IPv4 spellings come out as dotted addresses. All parts are copies in the arena. */
int upstream_url_parse(struct arena *a, str text, struct upstream_url *ret);
/* 1 when it holds no byte for which upstream_url_parse() would refuse it, and is not too long. */
int upstream_url_is_clean(str text);
/* Scheme and authority of a URL as they are written, user information included; borrowed. Two that
 * are equal lead to the same place. */
str upstream_url_start(str text);
/* "https://host", with ":port" only where it is not the scheme's own (RFC 6454 section 6.2). */
str upstream_url_origin(struct arena *a, const struct upstream_url *u);

#endif
