/* What a person or a script may ask of Jira's REST API: method, path, query, headers, body. Checked
 * before anything is sent. Says nothing about whether the call makes sense. Pure; any thread.
 *
 * The path, after one round of percent-decoding:
 *   - begins with /rest/ (exactly so);
 *   - has no "." or ".." segment, no "//", no '\', no '@', no ';' (Tomcat's path parameters), no
 *     encoded '/', no control character, and nothing that would decode a second time;
 *   - makes or shows no credentials: nothing below /rest/auth, /rest/pat and /rest/oauth2, and no
 *     segment that contains "token", in any letter case. (Issue keys like TOKEN-12 are let
 *     through.) The rule names /rest/api/...token...; we take it for all of /rest/.
 * Refusals of these are ERR_BLOCKED_BY_POLICY; what cannot be read at all (CR and LF, broken
 * escapes, unknown methods and headers, lengths) is ERR_INVALID. Both with a sentence.
 */
#ifndef JIRA_PATHS_H
#define JIRA_PATHS_H

#include "core/provider.h"

#define JIRA_PATH_MAX 2000
#define JIRA_QUERY_MAX 8000
#define JIRA_HEADER_VALUE_MAX 1000

/* provider.check_request. Normalises: the method to capitals, a missing first slash, a query that
 * stands in the path (put before the one given), spaces and other characters to their
 * percent-encoded form. On failure the request is as before. */
MUST_USE enum err jira_request_check(struct arena *a, struct fault *f,
                                     struct provider_request *request);

/* The pieces, for the table test. */
MUST_USE enum err jira_path_check(struct arena *a, struct fault *f, str path, str *ret_path);
MUST_USE enum err jira_query_check(struct arena *a, struct fault *f, str query, str *ret_query);
MUST_USE enum err jira_headers_check(struct fault *f, const struct provider_header *headers,
                                     size_t count);

#endif
