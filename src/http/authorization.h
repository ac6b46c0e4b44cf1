/* The Authorization header of a request to us: Bearer (RFC 6750), or Basic (RFC 7617), whose
 * password counts and whose user name does not, for clients that know nothing else.
 */
#ifndef HTTP_AUTHORIZATION_H
#define HTTP_AUTHORIZATION_H

#include "base/arena.h"
#include "base/str.h"

/* The token or password in the header's value. Empty when the scheme is another one or it cannot be
 * read; p == NULL when there is no header. */
str authorization_key(struct arena *a, str header);

#endif
