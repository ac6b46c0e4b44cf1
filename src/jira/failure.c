/* Outcomes of calls as errors. */
#include "jira/failure.h"

#include "base/check.h"
#include "upstream/url.h"

#define HOST_MAX 100

static int changes_something(const struct upstream_call *call)
{
    return !str_eq(call->method, STR("GET")) && !str_eq(call->method, STR("HEAD"));
}

static enum err fail_slow(struct fault *f, const struct upstream_call *call, str host)
{
    int seconds = (int)((call->took_ms + 500) / 1000);

    if (!call->sent && call->phase == UPSTREAM_RESOLVING)
        return fail(f, ERR_UPSTREAM_UNREACHABLE,
                    "Looking up the host \"%.*s\" took too long. Nothing was sent; try again.",
                    STR_ARG(host));
    if (!call->sent)
        return fail(f, ERR_UPSTREAM_UNREACHABLE,
                    "\"%.*s\" did not accept a connection within %d seconds. Nothing was sent; "
                    "check the Base URL or try again.",
                    STR_ARG(host), seconds);
    if (changes_something(call))
        return fail(f, ERR_UPSTREAM_TIMEOUT,
                    "Jira (\"%.*s\") did not answer within %d seconds. The request may have been "
                    "carried out: look in Jira before you send it again.",
                    STR_ARG(host), seconds);
    return fail(f, ERR_UPSTREAM_TIMEOUT,
                "Jira (\"%.*s\") did not answer within %d seconds. Try again, or ask for less.",
                STR_ARG(host), seconds);
}

static enum err fail_cut(struct fault *f, const struct upstream_call *call, str host)
{
    if (changes_something(call))
        return fail(f, ERR_UPSTREAM_INTERRUPTED,
                    "The connection to Jira (\"%.*s\") broke after the request was sent. It may "
                    "have been carried out: look in Jira before you send it again.",
                    STR_ARG(host));
    return fail(f, ERR_UPSTREAM_INTERRUPTED,
                "The connection to Jira (\"%.*s\") broke before the answer was complete. Try "
                "again.",
                STR_ARG(host));
}

static enum err fail_stopped(struct fault *f, const struct upstream_call *call)
{
    if (call->sent && changes_something(call))
        return fail(f, ERR_UPSTREAM_INTERRUPTED,
                    "Mortise is being stopped. The request may have been carried out: look in "
                    "Jira before you send it again.");
    return fail(f, ERR_OVERLOADED, "Mortise is being stopped. Try again in a moment.");
}

static enum err fail_large(struct fault *f, const struct upstream_call *call)
{
    if (changes_something(call))
        return fail(f, ERR_UPSTREAM_TOO_LARGE,
                    "Jira's answer is larger than Mortise passes on. The request may have been "
                    "carried out: look in Jira before you send it again.");
    return fail(f, ERR_UPSTREAM_TOO_LARGE, "");
}

static enum err fail_full(struct fault *f, const struct upstream_call *call)
{
    if (changes_something(call))
        return fail(f, ERR_OVERLOADED,
                    "Mortise is busy with other large answers and did not take Jira's. The request "
                    "may have been carried out: look in Jira before you send it again.");
    return fail(f, ERR_OVERLOADED,
                "Mortise is busy with other large answers. Try again in a moment.");
}

static enum err fail_by_outcome(struct fault *f, const struct upstream_call *call, str host)
{
    switch (call->outcome) {
    case UPSTREAM_NO_HOST:
        return fail(f, ERR_UPSTREAM_UNREACHABLE,
                    "The host \"%.*s\" could not be found. Nothing was sent; check the spelling of "
                    "the Base URL.",
                    STR_ARG(host));
    case UPSTREAM_REFUSED:
        return fail(f, ERR_UPSTREAM_UNREACHABLE,
                    "No connection to \"%.*s\" could be made. Nothing was sent; check the Base URL "
                    "or try again later.",
                    STR_ARG(host));
    case UPSTREAM_GUARDED:
        return fail(f, ERR_BASE_URL_REFUSED,
                    "Mortise does not connect to \"%.*s\": %s. Nothing was sent; only the operator "
                    "can allow such a host.",
                    STR_ARG(host), call->reason);
    case UPSTREAM_TLS:
        return fail(f, ERR_UPSTREAM_UNREACHABLE,
                    "No secure connection to \"%.*s\" could be made: %s. Nothing was sent.",
                    STR_ARG(host), call->reason);
    case UPSTREAM_PROXY:
        return fail(f, ERR_UPSTREAM_UNREACHABLE,
                    "The outbound proxy did not make a connection to \"%.*s\". Nothing was sent; "
                    "ask the operator of Mortise to check MORTISE_PROXY.",
                    STR_ARG(host));
    case UPSTREAM_SLOW:
        return fail_slow(f, call, host);
    case UPSTREAM_CUT:
        return fail_cut(f, call, host);
    case UPSTREAM_GARBLED:
        return fail(f, ERR_UPSTREAM_NOT_JIRA,
                    "What \"%.*s\" sent is not an HTTP answer. Check the Base URL.", STR_ARG(host));
    case UPSTREAM_TOO_LARGE:
        return fail_large(f, call);
    case UPSTREAM_FULL:
        return fail_full(f, call);
    case UPSTREAM_GIVEN_UP:
    case UPSTREAM_STOPPED:
        return fail_stopped(f, call);
    case UPSTREAM_ANSWERED:
        break;
    }
    unreachable("an answer is not a failure");
}

static str host_of(const struct upstream_call *call)
{
    struct upstream_url u;

    return upstream_url_parse(call->arena, call->url, &u) ? str_utf8_cut(u.host, HOST_MAX)
                                                          : STR("?");
}

/* Atlassian was not reached: why, as a clause. */
static const char *unreached_reason(const struct upstream_call *call)
{
    switch (call->outcome) {
    case UPSTREAM_NO_HOST:
        return "its name could not be found";
    case UPSTREAM_GUARDED:
    case UPSTREAM_TLS:
        return call->reason;
    case UPSTREAM_PROXY:
        return "the outbound proxy made no connection";
    case UPSTREAM_SLOW:
        return "it did not accept a connection in time";
    case UPSTREAM_REFUSED:
    case UPSTREAM_CUT:
    case UPSTREAM_GARBLED:
    case UPSTREAM_TOO_LARGE:
    case UPSTREAM_FULL:
    case UPSTREAM_GIVEN_UP:
    case UPSTREAM_STOPPED:
    case UPSTREAM_ANSWERED:
        break;
    }
    return "no connection could be made";
}

static enum err fail_grant(struct fault *f, const struct upstream_call *call, str host,
                           const char *advice)
{
    if (call->outcome == UPSTREAM_STOPPED)
        return fail(f, ERR_OVERLOADED, "Mortise is being stopped. %s", advice);
    if (call->outcome == UPSTREAM_FULL)
        return fail(f, ERR_OVERLOADED, "Mortise is busy with large answers. %s", advice);
    if (!call->sent)
        return fail(f, ERR_UPSTREAM_UNREACHABLE,
                    "Atlassian (\"%.*s\") could not be reached: %s. Nothing was sent. %s",
                    STR_ARG(host), unreached_reason(call), advice);
    if (call->outcome == UPSTREAM_SLOW)
        return fail(f, ERR_UPSTREAM_TIMEOUT,
                    "Atlassian (\"%.*s\") did not answer within %d seconds. %s", STR_ARG(host),
                    (int)((call->took_ms + 500) / 1000), advice);
    if (call->outcome == UPSTREAM_CUT)
        return fail(f, ERR_UPSTREAM_INTERRUPTED,
                    "The connection to Atlassian (\"%.*s\") broke before the answer was complete. "
                    "%s",
                    STR_ARG(host), advice);
    must(call->outcome == UPSTREAM_GARBLED || call->outcome == UPSTREAM_TOO_LARGE);
    return fail(f, ERR_UPSTREAM_NOT_JIRA,
                "What \"%.*s\" sent is not an answer that Atlassian gives. %s", STR_ARG(host),
                advice);
}

enum err jira_grant_failure(struct fault *f, const struct upstream_call *call, const char *advice)
{
    enum err e = fail_grant(f, call, host_of(call), advice);

    (void)fault_detail(f, "%.*s", STR_ARG(call->detail));
    return e;
}

enum err jira_failure(struct fault *f, const struct upstream_call *call)
{
    enum err e = fail_by_outcome(f, call, host_of(call));

    (void)fault_detail(f, "%.*s", STR_ARG(call->detail));
    return e;
}

enum provider_stage jira_failure_stage(const struct upstream_call *call,
                                       enum provider_stage otherwise)
{
    switch (call->outcome) {
    case UPSTREAM_NO_HOST:
    case UPSTREAM_REFUSED:
    case UPSTREAM_GUARDED:
    case UPSTREAM_PROXY:
        return STAGE_ADDRESS;
    case UPSTREAM_TLS:
        return STAGE_TLS;
    case UPSTREAM_SLOW:
        if (call->sent)
            return otherwise;
        return call->phase == UPSTREAM_SECURING ? STAGE_TLS : STAGE_ADDRESS;
    case UPSTREAM_GARBLED:
        return STAGE_ADDRESS;
    case UPSTREAM_CUT:
    case UPSTREAM_TOO_LARGE:
    case UPSTREAM_FULL:
    case UPSTREAM_GIVEN_UP:
    case UPSTREAM_STOPPED:
    case UPSTREAM_ANSWERED:
        return otherwise;
    }
    return otherwise;
}
