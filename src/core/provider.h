/* What the rules ask of a provider of connections (today: Jira, src/jira). The provider knows how
 * its credentials work and what its answers mean; core and resources know neither URLs nor
 * Atlassian's oddities.
 *
 * An operation is begun on a loop thread, runs there as a state machine over one or several calls,
 * and ends by one call of done() on the same thread, always, within its deadline. It holds no
 * worker and no database connection. Its memory is its own arena's, which the caller owns and keeps
 * until done().
 */
#ifndef CORE_PROVIDER_H
#define CORE_PROVIDER_H

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/str.h"
#include "io/loop.h"

/* How a secret is shown to the provider: with the user name (RFC 7617), or alone (RFC 6750). */
enum provider_auth { PROVIDER_BASIC, PROVIDER_BEARER };

/* Where a proven credential is used: origin "https://acme.atlassian.net" or the gateway's, and
 * base_path "" or "/ex/jira/<cloud id>". The secret never goes anywhere else. */
struct provider_target {
    enum provider_auth auth;
    str origin;
    str base_path;
    str username;         /* PROVIDER_BASIC */
    struct secret secret; /* API token, or access token */
};

/* An OAuth 2.0 client (RFC 6749 section 2) as it is registered at the provider. */
struct provider_client {
    str client_id;
    struct secret client_secret; /* wiped by the caller */
    str redirect_uri;
    str scopes; /* separated by spaces; that a refresh token is wanted is added by the provider */
};

/* The answer of a token endpoint (RFC 6749 section 5.1). Wiped by the caller. */
struct provider_tokens {
    struct secret access;
    struct secret refresh; /* unset: none came; the one before stays valid */
    int64_t expires_in_s;  /* of the access token; 0: not said */
    str scopes;            /* empty: not said, as asked for */
};

/* Who a credential belongs to, as the provider answered. */
struct provider_identity {
    str account_id;
    str account_name;
    str site_id;  /* cloud id, or "host:<origin>" */
    str site_url; /* for people: "https://acme.atlassian.net" */
    str site_name;
};

/* The steps of proving a credential, in order. */
enum provider_stage {
    STAGE_ADDRESS,
    STAGE_TLS,
    STAGE_TOKEN,
    STAGE_IDENTITY,
    STAGE_SITE,
    STAGE_SCOPES,
    STAGE_PERMISSIONS,
    STAGE_DONE
};

/* What a call's answer means for the credential and the caller. */
enum provider_meaning {
    MEANING_OK,            /* the call was answered as this account */
    MEANING_REFUSED_TOKEN, /* wrong, expired, revoked, or answered as anonymous: needs reconnecting
                            */
    MEANING_LOCKED,        /* CAPTCHA: sign in by browser once; do not retry */
    MEANING_SCOPE_MISSING, /* works, lacks a scope */
    MEANING_FORBIDDEN,     /* Jira's own permissions */
    MEANING_NOT_FOUND,     /* missing or invisible */
    MEANING_INVALID,       /* Jira refuses the input: 400, 409, 413, 415, 422 */
    MEANING_RATE_LIMITED,
    MEANING_GONE,           /* 410: removed API */
    MEANING_SITE_MOVED,     /* the site was renamed or is no longer there */
    MEANING_PROVIDER_ERROR, /* 5xx */
    MEANING_NOT_PROVIDER,   /* HTML or something else that is not the API */
    MEANING_CLIENT_REFUSED, /* client id and secret do not fit: the operator's fault, nobody else's
                             */
    MEANING_CODE_REFUSED,   /* the authorization code is bad, used or too old */
    MEANING_NO_SITE         /* the account has no site, or not the one that is wanted */
};

/* Prove what somebody entered: address -> TLS -> token -> who am I -> site. At most one call with
 * the secret to the site's host and one to the gateway. */
struct provider_connect {
    str entered_url; /* as typed; a pasted board or issue URL is fine */
    str username;
    struct secret secret; /* wiped by the caller */
    /* set on success */
    struct provider_identity identity;
    str origin;
    str base_path;
    /* set always */
    enum provider_stage stage; /* where it stopped; STAGE_DONE on success */
    /* the sentence is in fault; meaning tells REFUSED_TOKEN and LOCKED apart from bad luck */
    enum provider_meaning meaning;
};

#define PROVIDER_RIGHTS_MAX 10 /* projects a test asks about */

enum provider_right_answer {
    RIGHT_NOT_ASKED,
    RIGHT_GRANTED,
    RIGHT_LACKING,
    RIGHT_INVISIBLE /* the project is missing, or this account may not see it */
};

/* What the account may do in one project. */
struct provider_right {
    str project; /* its key */
    const str *permissions;
    size_t permission_count;
    /* set when it was asked about */
    enum provider_right_answer answer;
    str lacking; /* the permissions, separated by spaces */
    str words;   /* what that keeps the account from: "create issues, add comments" */
};

/* Prove a credential on file again; then, when it is good, what its account may do. */
struct provider_test {
    struct provider_target target;
    str site_id;                       /* known before */
    str site_url;                      /* known before; may be empty: then it is not renewed */
    struct provider_right *rights;     /* asked about in this order */
    size_t right_count;                /* PROVIDER_RIGHTS_MAX at most */
    struct provider_identity identity; /* on success */
    /* where it stopped: at STAGE_PERMISSIONS only when the credential was refused there after all.
     * STAGE_SCOPES is the caller's, who knows what was granted: missing_scopes(). */
    enum provider_stage stage;
    enum provider_meaning meaning;
    /* of a failure whose sentence (in fault) may quote the provider: the same without; else empty
     */
    str plain;
    str rights_failure; /* why the rest of the rights could not be asked about; empty: all were */
};

struct provider_header {
    str name;
    str value;
};

#define PROVIDER_HEADERS_MAX 20

/* One request. Not repeated by anybody when the method is not GET or HEAD. */
struct provider_request {
    struct provider_target target;
    str method; /* GET POST PUT PATCH DELETE */
    str path;   /* checked by provider->check_request: begins with /rest/ */
    str query;  /* encoded, without '?' */
    const struct provider_header *headers;
    size_t header_count; /* PROVIDER_HEADERS_MAX at most */
    str body;            /* sent as application/json unless a header says otherwise; empty: none */
    /* set when Jira answered at all (err == ERR_OK) */
    int status;
    const struct provider_header *reply_headers; /* without Set-Cookie and the like */
    size_t reply_header_count;
    str reply_body; /* at most 8 MiB, else ERR_UPSTREAM_TOO_LARGE */
    enum provider_meaning meaning;
    str sentence; /* what the answer means, in plain words; empty for a plain success */
    str plain;    /* the same without a word of the provider's, which may be private */
    /* what the call wanted, as far as that is known; empty: not known, or (scope) not asked for */
    str scope;
    str permission;
    str project;
    int64_t jira_ms;
    int retry_after_s;
    const struct upstream_call *last; /* the last call that was made, as it ended; NULL: none */
    /* PROVIDER_SEARCH: the provider's. Begun again as it is after it ended badly, the operation
     * goes on with the call that went wrong; NULL: from the beginning. */
    void *progress;
};

/* Is this client id and secret known? Asked with a code that nobody was given: ERR_OK, or
 * ERR_CLIENT_REFUSED, or why it could not be found out. Nothing of a user is touched. */
struct provider_client_check {
    struct provider_client client;
    enum provider_meaning meaning;
};

struct provider_site {
    str id; /* cloud id */
    str url;
    str name;
};

#define PROVIDER_SITES_MAX 200

/* Whether a code or refresh token may have been used up by an attempt. */
enum provider_spent {
    SPENT_UNKNOWN, /* it may have been: the answer was lost, or tells nothing */
    SPENT_NO,      /* surely not: nothing was sent, or it was refused unread */
    SPENT_YES      /* new tokens came, or the grant is dead */
};

/* A code for tokens, then: which sites, and whose. code -> tokens -> sites -> who am I. */
struct provider_exchange {
    struct provider_client client;
    struct secret code;
    struct secret verifier; /* RFC 7636 */
    str site_url;           /* origin; not empty: no other site will do */
    int64_t
        send_until_ms; /* the code is not sent later (clock_monotonic_ms(); MEANING_CODE_REFUSED) */
    /* set on success */
    struct provider_tokens tokens;
    const struct provider_site *sites; /* 1..PROVIDER_SITES_MAX, each once, by name */
    size_t site_count;
    str reach; /* cloud ids of all that the tokens reach, separated by spaces */
    struct provider_identity identity; /* when site_count is 1, as are the next two */
    str origin;
    str base_path;
    str email; /* the account's, empty when it is hidden */
    /* set always */
    enum provider_meaning meaning;
    enum provider_spent spent; /* SPENT_NO: no tokens were given */
    str account_id;            /* whose it is, also of a failure; empty: not found out */
};

/* Who am I on this site of a grant: the end of an exchange that found several. */
struct provider_identify {
    struct secret access;
    struct provider_site site;
    /* set on success */
    struct provider_identity identity;
    str origin;
    str base_path;
    str email;
    enum provider_meaning meaning; /* set always */
};

/* A refresh token for new tokens (RFC 6749 section 6). Called once; whether it may be called again
 * is the caller's decision. MEANING_REFUSED_TOKEN: the grant is dead. */
struct provider_refresh {
    struct provider_client client;
    struct secret refresh;
    struct provider_tokens tokens; /* on success */
    enum provider_meaning meaning; /* set always */
    enum provider_spent spent;     /* set always */
    int retry_after_s;             /* 0: not said */
};

struct upstream; /* upstream/client.h */
struct upstream_call;

/* Calls that pass through (src/relay): what they reach with a target. In the arena given. */
struct provider_place {
    str base; /* what a request's path is put behind */
    const str
        *prefixes; /* links in answers that begin so lead to this place; they end in "/rest/" */
    size_t prefix_count;
    int has_scopes; /* what a credential may do there is bounded by scopes */
};

/* A request that passes through, from its head alone. */
struct provider_pass {
    str method;
    str path; /* begins with /rest/; set to its normal form */
    str query;
    int is_bulk;       /* content rather than JSON: large, better not compressed */
    int is_old_search; /* a call that Jira has removed; PROVIDER_SEARCH answers it */
    /* For people and records: the path with {placeholders}, the issue that it names (empty: none),
     * and the key of the project, which the issue's begins with (empty: it tells none). */
    str template;
    str issue;
    str project;
    int names_in_body; /* its project stands in its body only */
};

/* The provider's limits, and none of them: many calls of a kind at once, many changes of one issue,
 * an allowance by the hour of one site's or of all. */
enum provider_limit { LIMIT_NONE, LIMIT_BURST, LIMIT_ISSUE, LIMIT_QUOTA, LIMIT_QUOTA_ALL };

/* What an answer means that passes through. */
struct provider_verdict {
    enum provider_meaning meaning;
    str sentence; /* in the arena or static; may be empty */
    int retry_after_s;
    enum provider_limit limit; /* with MEANING_RATE_LIMITED */
    str plain;                 /* the sentence without a word of the provider's */
};

/* What a call wants, as far as that is known; empty: not known. */
struct provider_needs {
    str scope;
    str permission; /* in the project */
    str project;
};

enum provider_kind {
    PROVIDER_CONNECT,
    PROVIDER_TEST,
    PROVIDER_REQUEST,
    PROVIDER_SEARCH, /* `request`: the removed search, by way of what replaced it */
    PROVIDER_CLIENT_CHECK,
    PROVIDER_EXCHANGE,
    PROVIDER_IDENTIFY,
    PROVIDER_REFRESH
};

struct provider_op {
    enum provider_kind kind;
    struct arena *arena;
    union {
        struct provider_connect connect;
        struct provider_test test;
        struct provider_request request;
        struct provider_client_check client_check;
        struct provider_exchange exchange;
        struct provider_identify identify;
        struct provider_refresh refresh;
    };
    enum err err; /* the outcome; ERR_OK for a request means: an HTTP answer of any status came */
    struct fault fault;
};

/* Writes a value as a quoted one of a language of the provider's, for templates (src/actions): a
 * value that is given so can never be anything but a value; or makes a value of the provider's of
 * it. In the arena; NULL: it cannot. */
struct provider_filter {
    const char *name; /* NULL ends a list of them */
    str (*apply)(struct arena *a, const json_t *value);
    json_t *(*convert)(struct arena *a, const json_t *value); /* instead of apply */
};

struct provider {
    void *self;
    const struct provider_filter *filters; /* static */
    /* HTML for the inside of an element, safe to show whatever the Markdown holds. Pure; in the
     * arena. ERR_MALFORMED, ERR_TOO_LARGE. */
    enum err (*markdown_html)(struct arena *a, struct fault *f, str markdown, str *ret);
    /* Where the secrets of a grant go, for binding them: the authorization server's origin, and the
     * gateway's with its path. Constant. */
    str auth_origin;
    str gateway;
    /* On a loop thread. */
    void (*begin)(void *self, struct loop *loop, struct provider_op *op, void (*done)(void *token),
                  void *token);
    /* Pure checks before anything is stored or sent, on any thread.
     * entered -> origin ("https://acme.atlassian.net"); ERR_BASE_URL_REFUSED with a sentence that
     * tells what to do. Names are not resolved here (the guard does that at connect time). */
    enum err (*check_base_url)(void *self, struct arena *a, struct fault *f, str entered,
                               str *ret_origin);
    /* Method, path, query and headers of a request a person typed: normalises ("rest/api/3/myself"
     * gets its slash; a query inside path is split off into *ret_query) or refuses with
     * ERR_BLOCKED_BY_POLICY / ERR_INVALID and a sentence. Sets op->request.method/path/query. */
    enum err (*check_request)(void *self, struct arena *a, struct fault *f,
                              struct provider_request *request);
    /* For dry runs: the read that tells what a write would change. 1 and *read's method, path and
     * query, or 0: there is none. Then [{"name","from","to"}] of bodies of both. Pure. */
    int (*preview)(struct arena *a, const struct provider_request *write,
                   struct provider_request *read);
    json_t *(*preview_changes)(struct arena *a, str write_body, str read_body);
    /* What an answer says of single fields of a write's body: {field: sentence}; empty: nothing.
     * Pure. */
    json_t *(*field_errors)(struct arena *a, str reply_body);
    /* Of the scopes in `needed` those that `granted` lacks (all separated by spaces). Pure. */
    str (*missing_scopes)(void *self, struct arena *a, str needed, str granted);
    /* The address to send a browser to (RFC 6749 section 4.1.1, RFC 7636 section 4.3), with all
     * that the provider wants in it; challenge: of the method S256. Pure. */
    str (*authorize_url)(void *self, struct arena *a, const struct provider_client *client,
                         str state, str challenge);

    /* For calls that pass through: what sends them, and pure functions for any thread. */
    struct upstream *upstream;
    /* May this be sent? Refuses as check_request does, without a look at headers and bodies; the
     * query stays as it is unless it holds what no URL may. */
    enum err (*pass_check)(void *self, struct arena *a, struct fault *f,
                           struct provider_pass *pass);
    /* Where a target leads to; site: its address for people, may be empty; entered: what it was
     * when it was connected, since a site can be renamed. ERR_BASE_URL_REFUSED when the settings no
     * longer allow it. */
    enum err (*pass_place)(void *self, struct arena *a, struct fault *f,
                           const struct provider_target *target, str site, str entered,
                           struct provider_place *ret);
    /* An answer to a call made with the target. body: all of it, or empty when it is not known yet
     * or does not matter (it does for a 401). */
    struct provider_verdict (*pass_judge)(void *self, struct arena *a,
                                          const struct upstream_call *call, str body,
                                          const struct provider_target *target);
    /* Where the content is that an answer to a bulk GET leads to, in the arena: to be fetched once,
     * without the credential. p == NULL: nowhere that is followed. */
    str (*pass_content)(void *self, struct arena *a, const struct upstream_call *call);
    /* The provider's own name of a limit, as it stands in RateLimit-Reason; static. */
    str (*limit_name)(enum provider_limit limit);
    /* What calls of a kind want: method, template and project of a provider_pass; body: of one that
     * names_in_body, or empty. In the arena. */
    struct provider_needs (*pass_needs)(void *self, struct arena *a, str method, str template,
                                        str project, str body);
    /* A call that was not answered, as an error with its sentence. */
    enum err (*pass_failure)(struct fault *f, const struct upstream_call *call);
};

#endif
