/* The Authorization header and a body that is a secret: the one place of this layer where secrets
 * are exposed. Both live in secrets' memory and are lent to libcurl, the header as a list node, so
 * that no copy of ours stays behind (libcurl's own send buffers are out of reach).
 *
 * States of a line: empty -> made (auth_make_...) or borrowed -> lent to one transfer -> wiped
 * (auth_wipe), after the transfer has been taken off its multi handle.
 */
#ifndef UPSTREAM_AUTH_H
#define UPSTREAM_AUTH_H

#include <curl/curl.h>

#include "base/secret.h"
#include "base/str.h"
#include "upstream/client.h"

struct auth_line {
    struct secret text;            /* made for this call, or empty: */
    const struct secret *borrowed; /* made before, and outlives the call */
    size_t start;                  /* what follows the scheme begins here */
    struct curl_slist node;        /* points into the text; its next is the caller's list */
};

/* "Authorization: Basic base64(username:secret)", RFC 7617. A colon in the username is a bug. */
void auth_make_basic(struct auth_line *line, str username, const struct secret *secret);
/* "Authorization: Bearer token", RFC 6750 section 2.1. A token that is empty or has a byte that is
 * not visible ASCII is a bug: no header can be made of it (whoever receives a token checks it). */
void auth_make_bearer(struct auth_line *line, const struct secret *token);
/* A line that upstream_authorization_make() made (client.h). */
void auth_borrow(struct auth_line *line, const struct upstream_authorization *made);
/* Writes '*' over every occurrence, in p, of the secret and of what follows the scheme in the line:
 * a server that echoes what it was sent must not make an answer into a place where a secret can be
 * read. Secrets of fewer than 8 bytes are left (they would match anywhere). Does nothing for an
 * empty line. */
void auth_mask(const struct auth_line *line, const struct secret *secret, char *p, size_t n);
/* Accepts an empty one. */
void auth_wipe(struct auth_line *line);
/* Lends the body to a handle, until that is reset; libcurl does not copy it. */
void auth_lend_body(CURL *easy, const struct secret *body);

#endif
