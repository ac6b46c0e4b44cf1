/* What an HTTP answer of Jira's (or of something in front of it) means for the credential and the
 * caller. Pure; any thread. Tested by a table of recorded answers.
 *
 * Never matched: Jira's sentences, which are localised. Matched: status, media type, the header
 * X-Seraph-LoginReason and its like, the shape of JSON, and the gateway's one fixed text for a
 * missing scope. Sources: Atlassian's basic-auth and rate-limiting pages, the knowledge base on
 * CAPTCHA_CHALLENGE, live measurements of the anonymous answers.
 */
#ifndef JIRA_CLASSIFY_H
#define JIRA_CLASSIFY_H

#include "core/provider.h"
#include "upstream/client.h"

enum jira_route {
    JIRA_SITE,    /* a Cloud site's own host */
    JIRA_GATEWAY, /* api.atlassian.com/ex/jira/... */
    JIRA_SERVER   /* Data Center, or whatever else the operator allowed */
};

struct jira_verdict {
    enum provider_meaning meaning;
    str sentence;      /* empty for a plain success */
    str plain;         /* the same without Jira's own words and addresses */
    int retry_after_s; /* 0: not said */
};

/* `call` was answered (UPSTREAM_ANSWERED) and carried a credential of the kind `auth`, which the
 * sentences are about: an API key, or an authorisation by OAuth 2.0. */
struct jira_verdict jira_classify(struct arena *a, const struct upstream_call *call,
                                  enum jira_route route, enum provider_auth auth);
/* The header Retry-After in seconds, also when it is a date; 0: not said, or not within a day. */
int jira_retry_after(const struct upstream_call *call);

/* The first sentence that Jira gives as the reason in an error body: errorMessages, errors.<field>
 * ("field: text"), message, detail, error; p == NULL when there is none. At most 200 bytes, one
 * line. For showing to people as Jira's words; never for decisions. */
str jira_words(struct arena *a, str body);

#endif
