/* The words spoken with Atlassian's authorization server: the address a browser is sent to, the
 * body of a call to /oauth/token, and what its answer means. Not the calls themselves (grant.c).
 * Sources: Atlassian's page "OAuth 2.0 (3LO) apps", RFC 6749 sections 4.1, 5 and 6, RFC 7636, and
 * bodies that others recorded: the status alone says nothing (401 access_denied is a wrong client
 * secret, 403 unauthorized_client a dead refresh token), so `error` decides. Pure; any thread.
 *
 * Nothing of an answer goes into a fault or a sentence but its status and an `error` that RFC 6749
 * knows: descriptions may quote what was sent.
 */
#ifndef JIRA_TOKEN_H
#define JIRA_TOKEN_H

#include "core/provider.h"
#include "jira/policy.h"
#include "upstream/client.h"

/* What a token call is for. */
enum jira_token_use { JIRA_TOKEN_CHECK, JIRA_TOKEN_CODE, JIRA_TOKEN_REFRESH };

/* An access or refresh token has 1 to so many bytes of visible ASCII. */
#define JIRA_TOKEN_MAX ((size_t)16 * 1024)

/* provider.authorize_url: all that Atlassian's page names, offline_access among the scopes, and
 * the challenge. */
str jira_authorize_url(const struct jira_policy *policy, struct arena *a,
                       const struct provider_client *client, str state, str challenge);

/* What op's kind makes a token call for; another kind is a bug. */
enum jira_token_use jira_token_use_of(const struct provider_op *op);
/* The JSON body into *ret, which is the caller's. Fails, like Atlassian would, when something of it
 * is not UTF-8: ERR_CLIENT_REFUSED, ERR_CODE_REFUSED or ERR_NEEDS_RECONNECT. */
MUST_USE enum err jira_token_body(struct fault *f, const struct provider_op *op,
                                  struct secret *ret);

struct jira_token_answer {
    enum provider_meaning meaning; /* set always */
    enum provider_spent spent;     /* of the code or refresh token; set always */
    /* on success, not for JIRA_TOKEN_CHECK; with ERR_SCOPE_MISSING access alone, by which it can be
     * asked whose it is. The caller's */
    struct provider_tokens tokens;
};

/* `call` was answered. asked: the scopes of the consent; those that the answer of a
 * JIRA_TOKEN_CODE lacks are ERR_SCOPE_MISSING, and so is the lack of a refresh token. (A refresh
 * takes what comes: its old token is spent.) ERR_CLIENT_REFUSED, ERR_CODE_REFUSED,
 * ERR_NEEDS_RECONNECT (the grant is dead); ERR_RATE_LIMITED, ERR_UPSTREAM_UNREACHABLE (5xx) and
 * ERR_UPSTREAM_NOT_JIRA say nothing about client, code or grant. All with a sentence. */
MUST_USE enum err jira_token_judge(struct arena *a, struct fault *f,
                                   const struct upstream_call *call, enum jira_token_use use,
                                   str asked, struct jira_token_answer *ret);
/* The end of a sentence about a token call that came to nothing: what to do. */
const char *jira_token_advice(enum jira_token_use use);

#endif
