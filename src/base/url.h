/* Percent-encoding and base64url, and nothing else of URLs (parsing them is libcurl's work, in
 * upstream and jira). Pure; any thread.
 */
#ifndef BASE_URL_H
#define BASE_URL_H

#include "base/arena.h"
#include "base/str.h"

/* RFC 3986: everything but unreserved characters is encoded. */
str url_encode(struct arena *a, str s);
/* One round of decoding; URL_PLUS_IS_SPACE for forms. Returns 1, or 0 for a bad escape. */
enum url_plus { URL_PLUS_IS_PLUS, URL_PLUS_IS_SPACE };
int url_decode(struct arena *a, str s, enum url_plus plus, str *ret);

/* base64url without padding (RFC 4648 section 5). */
str url_base64(struct arena *a, const void *p, size_t n);
/* Returns 1, or 0 for anything not canonical. */
int url_unbase64(struct arena *a, str s, str *ret);

#endif
