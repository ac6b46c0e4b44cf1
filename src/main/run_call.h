/* Calls of the command line to a Mortise server over HTTP: with a Mortise key, one after the other.
 * Not for the server itself. Main thread.
 */
#ifndef MAIN_RUN_CALL_H
#define MAIN_RUN_CALL_H

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "core/settings.h"

struct run_call;

/* url: the server's, "https://mortise.example.com". What is given must outlive it. ERR_CONFIG. */
MUST_USE enum err run_call_open(struct arena *a, struct fault *f, const struct settings *settings,
                                str url, const struct secret *key, struct run_call **ret);
void run_call_close(struct run_call *c);
/* path: behind /api/v1, encoded; body NULL: a GET, else a POST of it. *ret the answer's document,
 * whatever its status; *ret_status. Errors when there was no answer, or one that is not Mortise's.
 */
MUST_USE enum err run_call(struct run_call *c, struct fault *f, str path, const json_t *body,
                           int *ret_status, json_t **ret);

#endif
