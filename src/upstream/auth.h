/* The Authorization header, and nothing else: the one place of this layer where a secret is
 * exposed. The line lives in a secret's memory and is lent to libcurl as a list node, so that no
 * copy of ours stays behind (libcurl's own send buffers are out of reach).
 *
 * States: empty -> made (auth_make_basic) -> lent to one transfer -> wiped (auth_wipe), after the
 * transfer has been taken off its multi handle.
 */
#ifndef UPSTREAM_AUTH_H
#define UPSTREAM_AUTH_H

#include <curl/curl.h>

#include "base/secret.h"
#include "base/str.h"

struct auth_line {
    struct secret text;
    struct curl_slist node; /* points into text; its next is the caller's list */
};

/* "Authorization: Basic base64(username:secret)", RFC 7617. A colon in the username is a bug. */
void auth_make_basic(struct auth_line *line, str username, const struct secret *secret);
/* Writes '*' over every occurrence, in p, of the secret and of the line's base64: a server that
 * echoes what it was sent must not make an answer into a place where a secret can be read. Secrets
 * of fewer than 8 bytes are left (they would match anywhere). Does nothing for an empty line. */
void auth_mask(const struct auth_line *line, const struct secret *secret, char *p, size_t n);
/* Accepts an empty one. */
void auth_wipe(struct auth_line *line);

#endif
