/* Which names a request may come under, and whether a write comes from one of our own pages
 * (Origin, RFC 6454 section 7; Fetch Metadata, w3.org/TR/fetch-metadata). The token of the session
 * is checked by the hooks in addition. Pure; any thread.
 */
#ifndef HTTP_GUARD_H
#define HTTP_GUARD_H

#include "base/err.h"
#include "base/str.h"

/* 1 when a Host header names public_url ("http://localhost:8080"); default ports may be absent. */
int guard_host_is_public(str public_url, str host);
/* ERR_CSRF when a browser says that a write does not come from a page under public_url: an Origin
 * that is another one ("null" included), or Sec-Fetch-Site cross-site or same-site (another port
 * of our host is somebody else). Empty headers say nothing. */
MUST_USE enum err guard_origin(struct fault *f, str public_url, str origin, str fetch_site);

#endif
