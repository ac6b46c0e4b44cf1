/* Shared by provider.c (what core sees), prove.c (connect and test by API key), grant.c (all that
 * is OAuth 2.0) and request.c.
 */
#ifndef JIRA_INT_H
#define JIRA_INT_H

#include "core/provider.h"
#include "jira/classify.h"
#include "jira/policy.h"
#include "upstream/client.h"

struct jira {
    struct arena *arena; /* the policy's */
    struct jira_policy policy;
    struct upstream *upstream;
    int64_t timeout_ms;
};

/* One operation under way; in its arena. */
struct jira_flow {
    struct jira *jira;
    struct loop *loop;
    struct provider_op *op;
    void (*done)(void *token);
    void *token;
    int64_t deadline_ms; /* of the calls that follow; grant.c sets it anew a step */
    struct upstream_call call;
    enum jira_route route;
    void *state; /* of prove.c and grant.c */
};

/* provider.c: sends f->call (url, method and the rest are set) on the flow's loop; `heard` gets
 * the flow as its token. */
void jira_flow_call(struct jira_flow *f, void (*heard)(struct upstream_call *call, void *flow));
/* provider.c: gives the outcome to the caller, later. The flow is gone afterwards. */
void jira_flow_end(struct jira_flow *f, enum err outcome);
/* The route of an origin and base path; ERR_BASE_URL_REFUSED when the settings no longer allow it,
 * or when it is none that this provider hands out: for PROVIDER_BEARER anything but a cloud id's
 * place on the gateway. */
MUST_USE enum err jira_flow_route(struct jira_flow *f, enum provider_auth auth, str origin,
                                  str base_path, enum jira_route *ret);
/* The same without a flow. */
MUST_USE enum err jira_route_of(const struct jira *j, struct arena *a, struct fault *f,
                                enum provider_auth auth, str origin, str base_path,
                                enum jira_route *ret);
/* Where a site is on the gateway: "/ex/jira/<cloud id>". */
str jira_flow_base_path(const struct jira_flow *f, str cloud_id);

/* PROVIDER_CONNECT, and PROVIDER_TEST of an API key. */
void jira_prove_begin(struct jira_flow *f);
/* PROVIDER_CLIENT_CHECK, _EXCHANGE, _IDENTIFY, _REFRESH, and PROVIDER_TEST of an access token. */
void jira_grant_begin(struct jira_flow *f);
void jira_request_begin(struct jira_flow *f);
/* request.c: ends the flow with the answer of its call, judged. */
void jira_request_heard(struct jira_flow *f);
/* search.c: PROVIDER_SEARCH. */
void jira_search_begin(struct jira_flow *f);

#endif
