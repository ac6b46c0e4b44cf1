/* The meaning of Jira's answers, by rules in order: who was it answered as, then the status. */
#include "jira/classify.h"

#include <time.h>

#include "base/clock.h"
#include "base/doc.h"
#include "jira/scopes.h"

static struct jira_verdict plain(enum provider_meaning meaning, str sentence)
{
    return (struct jira_verdict){.meaning = meaning, .sentence = sentence, .plain = sentence};
}

/* A sentence of ours, with Jira's reason where it gives one. */
static struct jira_verdict with_words(struct arena *a, const struct upstream_call *call,
                                      enum provider_meaning meaning, str sentence)
{
    str words = jira_words(a, call->reply_body);
    struct jira_verdict v = plain(meaning, sentence);

    if (words.n)
        v.sentence = arena_printf(a, "%.*s Jira says: \"%.*s\"", STR_ARG(sentence), STR_ARG(words));
    return v;
}

static int header_has(const struct upstream_call *call, const char *name, str word)
{
    return str_find(upstream_reply_header(call, str_from(name)), word) != SIZE_MAX;
}

/* Content of an attachment may well be HTML. */
static int is_page(const struct upstream_call *call)
{
    str type = upstream_reply_header(call, STR("Content-Type"));

    type = str_trim(str_take_until(&type, ';'));
    return (str_eq_nocase(type, STR("text/html")) ||
            str_eq_nocase(type, STR("application/xhtml+xml"))) &&
           upstream_reply_header(call, STR("Content-Disposition")).p == NULL;
}

/* {"code":401,"message":"Unauthorized; scope does not match"}, the gateway's, never localised. */
static int lacks_scope(struct arena *a, const struct upstream_call *call)
{
    json_t *doc = NULL;

    if (call->reply_body.n > 4096 || doc_parse(a, NULL, call->reply_body, &doc) != ERR_OK)
        return 0;
    return doc_get_int(doc, "code", 0) == 401 &&
           str_find(doc_get_str(doc, "message"), STR("scope does not match")) != SIZE_MAX;
}

/* An HTTP date (RFC 9110 section 5.6.7, the form that is sent today); 0 for anything else. */
static int64_t seconds_until(str date)
{
    struct tm t = {0};
    char text[40] = "";

    if (date.n >= sizeof(text))
        return 0;
    if (date.n)
        memcpy(text, date.p, date.n);
    const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &t);
    return end && *end == '\0' ? (int64_t)timegm(&t) - clock_now_ms() / CLOCK_SECOND_MS : 0;
}

int jira_retry_after(const struct upstream_call *call)
{
    int64_t seconds;
    str value = str_trim(upstream_reply_header(call, STR("Retry-After")));

    if (!str_to_int64(value, &seconds))
        seconds = seconds_until(value);
    return seconds < 0 || seconds > 86400 ? 0 : (int)seconds;
}

static struct jira_verdict limited(struct arena *a, const struct upstream_call *call)
{
    struct jira_verdict v = plain(MEANING_RATE_LIMITED, STR(""));
    str reason = upstream_reply_header(call, STR("RateLimit-Reason"));
    str what = STR("Jira asks to slow down");

    v.retry_after_s = jira_retry_after(call);
    if (str_eq(reason, STR("jira-burst-based")))
        what = STR("Jira asks to slow down: too many calls of this kind in one second");
    else if (str_eq(reason, STR("jira-per-issue-on-write")))
        what = STR("Jira asks to slow down: too many changes to this issue in a short time");
    else if (str_starts(reason, STR("jira-quota")))
        what = STR("Jira asks to slow down: this hour's allowance of calls is used up");
    if (v.retry_after_s)
        v.sentence = arena_printf(a, "%.*s. Nothing was changed; try again in %d seconds.",
                                  STR_ARG(what), v.retry_after_s);
    else
        v.sentence =
            arena_printf(a, "%.*s. Nothing was changed; try again in a while.", STR_ARG(what));
    v.plain = v.sentence;
    return v;
}

static struct jira_verdict failed(struct arena *a, const struct upstream_call *call)
{
    struct jira_verdict v = with_words(
        a, call, MEANING_PROVIDER_ERROR,
        arena_printf(a, "Jira failed with an error of its own (%d). Try again in a while.",
                     call->status));

    v.retry_after_s = jira_retry_after(call);
    return v;
}

static struct jira_verdict refused_bearer(const struct upstream_call *call)
{
    if (call->status < 400)
        return plain(MEANING_REFUSED_TOKEN,
                     STR("Jira did not accept this authorisation and answered as to a stranger, so "
                         "this answer is not what your account would see. Reconnect."));
    return plain(MEANING_REFUSED_TOKEN,
                 STR("Atlassian no longer accepts this authorisation: it has expired or was "
                     "revoked. Reconnect."));
}

static struct jira_verdict refused(const struct upstream_call *call, enum provider_auth auth)
{
    if (auth == PROVIDER_BEARER)
        return refused_bearer(call);
    if (call->status < 400)
        return plain(MEANING_REFUSED_TOKEN,
                     STR("Jira did not accept the API key and answered as to a stranger, so this "
                         "answer is not what your account would see. Reconnect with a new API "
                         "key."));
    return plain(MEANING_REFUSED_TOKEN,
                 STR("Jira no longer accepts this API key: it has expired, was revoked, or the "
                     "site was renamed. Reconnect with a new API key."));
}

static struct jira_verdict forbidden(struct arena *a, const struct upstream_call *call,
                                     enum jira_route route)
{
    if (is_page(call))
        return plain(MEANING_FORBIDDEN,
                     STR("Access was blocked before Jira's API was reached, perhaps by a list of "
                         "permitted IP addresses. Ask your Jira administrator."));
    if (route == JIRA_GATEWAY)
        return with_words(a, call, MEANING_FORBIDDEN,
                          STR("This account may not do this, or has no access to the site. Ask "
                              "your Jira administrator."));
    return with_words(a, call, MEANING_FORBIDDEN,
                      STR("This account may not do this in Jira. Ask your Jira administrator."));
}

static struct jira_verdict missing(struct arena *a, const struct upstream_call *call,
                                   enum jira_route route)
{
    if (is_page(call) && route == JIRA_SITE)
        return plain(MEANING_SITE_MOVED,
                     STR("There is no Jira site at this address any more, or it is switched off. "
                         "If it was renamed, reconnect with its new address."));
    if (is_page(call))
        return plain(MEANING_NOT_PROVIDER,
                     STR("The answer is a web page (404), not Jira's REST API. Check the path and "
                         "the Base URL."));
    return with_words(a, call, MEANING_NOT_FOUND,
                      STR("Jira found nothing here: it does not exist, or this account may not "
                          "see it."));
}

static struct jira_verdict redirected(struct arena *a, const struct upstream_call *call)
{
    str to = upstream_reply_header(call, STR("Location"));
    struct jira_verdict v =
        plain(MEANING_NOT_PROVIDER,
              STR("The answer is a redirection, not Jira's REST API. Check the Base URL."));

    if (call->status == 304)
        return plain(MEANING_OK, STR("Not changed since the version you named."));
    if (call->status == 303)
        return plain(MEANING_OK, STR("Jira names another address for the content (see the header "
                                     "Location). Mortise does not follow it."));
    if (to.n && str_is_utf8(to)) /* which may be signed: for the caller alone */
        v.sentence = arena_printf(a,
                                  "The answer is a redirection to %.*s, not Jira's REST API. "
                                  "Check the Base URL.",
                                  STR_ARG(str_utf8_cut(to, 120)));
    return v;
}

static struct jira_verdict succeeded(const struct upstream_call *call)
{
    if (is_page(call))
        return plain(MEANING_NOT_PROVIDER,
                     STR("The answer is a web page, not Jira's REST API. Check the Base URL, and "
                         "whether a sign-in page or a proxy stands before Jira."));
    return plain(MEANING_OK, STR(""));
}

static struct jira_verdict invalid(struct arena *a, const struct upstream_call *call)
{
    if (is_page(call))
        return plain(MEANING_NOT_PROVIDER,
                     arena_printf(a,
                                  "The answer is a web page (%d), not Jira's REST API. Check "
                                  "the path and the Base URL.",
                                  call->status));
    return with_words(a, call, MEANING_INVALID,
                      arena_printf(a, "Jira refused the request as it is (%d).", call->status));
}

/* Basic credentials that did not hold: Jira then answers as to a stranger, with 200 or 404 and
 * nothing but a header to tell. */
static int is_locked(const struct upstream_call *call)
{
    return header_has(call, "X-Authentication-Denied-Reason", STR("CAPTCHA")) ||
           header_has(call, "X-Seraph-LoginReason", STR("AUTHENTICATION_DENIED"));
}

/* The gateway does not say which. */
static struct jira_verdict without_scope(struct arena *a, const struct upstream_call *call,
                                         enum provider_auth auth)
{
    str scope = jira_scope_of(call->method, call->url);
    str which = scope.n ? arena_printf(a, ", probably %.*s", STR_ARG(scope)) : STR("");

    if (auth == PROVIDER_BEARER)
        return plain(MEANING_SCOPE_MISSING,
                     arena_printf(a,
                                  "This authorisation works, but lacks a scope that this call "
                                  "needs%.*s. Whoever manages the OAuth app adds it under "
                                  "Permissions in the developer console and to the scopes in "
                                  "Mortise's settings; then reconnect.",
                                  STR_ARG(which)));
    return plain(MEANING_SCOPE_MISSING,
                 arena_printf(a,
                              "The API key works, but lacks a scope that this call needs%.*s. Make "
                              "a new API key with that scope, then reconnect.",
                              STR_ARG(which)));
}

static struct jira_verdict unauthorized(struct arena *a, const struct upstream_call *call,
                                        enum provider_auth auth)
{
    if (lacks_scope(a, call))
        return without_scope(a, call, auth);
    return refused(call, auth);
}

struct jira_verdict jira_classify(struct arena *a, const struct upstream_call *call,
                                  enum jira_route route, enum provider_auth auth)
{
    int status = call->status;

    if (is_locked(call))
        return plain(MEANING_LOCKED,
                     STR("Jira has locked this account's API sign-in after failed attempts. Sign "
                         "in to Jira once in a browser and solve the CAPTCHA, then Test."));
    if (header_has(call, "X-Seraph-LoginReason", STR("AUTHENTICATED_FAILED")))
        return refused(call, auth);
    if (status == 401)
        return unauthorized(a, call, auth);
    if (status == 403)
        return forbidden(a, call, route);
    if (status == 404)
        return missing(a, call, route);
    if (status == 410)
        return with_words(a, call, MEANING_GONE,
                          STR("Atlassian has removed this part of the API."));
    if (status == 429)
        return limited(a, call);
    if (status >= 500)
        return failed(a, call);
    if (status >= 400)
        return invalid(a, call);
    return status >= 300 ? redirected(a, call) : succeeded(call);
}
