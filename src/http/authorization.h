/* The Authorization header of a request to us: Bearer (RFC 6750), or Basic (RFC 7617), whose
 * password counts and whose user name does not, for clients that know nothing else. A Basic whose
 * password is no Mortise key's, and any other scheme, is somebody else's business (a reverse proxy
 * that asks for a password of its own) and as if it were not there.
 */
#ifndef HTTP_AUTHORIZATION_H
#define HTTP_AUTHORIZATION_H

#include "base/arena.h"
#include "base/str.h"

/* The Bearer's token, or the Basic's password when it begins as Mortise keys do ("mk_"). A Bearer
 * is always meant for us: empty when there is nothing in it. p == NULL: no header, or not for us.
 */
str authorization_key(struct arena *a, str header);

#endif
