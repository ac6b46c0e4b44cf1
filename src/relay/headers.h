/* Which headers pass, in both directions: tables/relay_headers.def and nothing else. Names with '_'
 * are in neither list, nor is anything that a server could read as another name. Pure; any thread.
 */
#ifndef RELAY_HEADERS_H
#define RELAY_HEADERS_H

#include "base/arena.h"
#include "http/server.h"
#include "upstream/client.h"

/* 1 when a request's header goes on to Jira; an answer's, to the caller. */
int headers_asked(str name);
int headers_answered(str name);

/* The request's headers that pass, copied into the arena; values that hold control characters are
 * left out. */
size_t headers_of_request(struct arena *a, const struct http_request *r,
                          const struct upstream_header **ret);
/* The answer's headers that pass into `to`, which has room for HEADERS_MAX; borrowed. */
#define HEADERS_MAX 64
size_t headers_of_answer(const struct upstream_call *call, struct http_header *to);

#endif
