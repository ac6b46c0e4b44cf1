/* What core sees of Jira, and what every operation has in common. */
#include "jira/provider.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "jira/base_url.h"
#include "jira/failure.h"
#include "jira/jira_int.h"
#include "jira/jql.h"
#include "jira/pass.h"
#include "jira/paths.h"
#include "jira/preview.h"
#include "jira/rich.h"
#include "jira/scopes.h"
#include "jira/token.h"

#define CONNECT_TIMEOUT_MS (10 * CLOCK_SECOND_MS)
#define POLICY_ARENA ((size_t)1024 * 1024)

void jira_flow_call(struct jira_flow *f, void (*heard)(struct upstream_call *call, void *flow))
{
    f->call.arena = f->op->arena;
    f->call.deadline_ms = f->deadline_ms;
    f->call.done = heard;
    f->call.token = f;
    upstream_call(f->jira->upstream, f->loop, &f->call);
}

static void deliver(void *arg)
{
    struct jira_flow *f = arg;
    f->done(f->token);
}

void jira_flow_end(struct jira_flow *f, enum err outcome)
{
    must(outcome == ERR_OK || f->op->fault.code == outcome);
    f->op->err = outcome;
    loop_post(f->loop, deliver, f);
}

str jira_flow_base_path(const struct jira_flow *f, str cloud_id)
{
    return arena_printf(f->op->arena, "%.*s/ex/jira/%.*s", STR_ARG(f->jira->policy.api_path),
                        STR_ARG(cloud_id));
}

static int is_gateway(const struct jira *j, struct arena *a, str origin, str base_path)
{
    str start = arena_printf(a, "%.*s/ex/jira/", STR_ARG(j->policy.api_path));

    return str_eq(origin, j->policy.api_origin) && str_starts(base_path, start) &&
           jira_is_uuid(str_slice(base_path, start.n, base_path.n));
}

enum err jira_route_of(const struct jira *j, struct arena *a, struct fault *f,
                       enum provider_auth auth, str origin, str base_path, enum jira_route *ret)
{
    struct upstream_url u;
    str checked;
    enum err e;

    if (is_gateway(j, a, origin, base_path)) {
        *ret = JIRA_GATEWAY;
        return ERR_OK;
    }
    if (auth == PROVIDER_BEARER)
        return fail(f, ERR_BASE_URL_REFUSED,
                    "This connection was made for another address of Atlassian's than the one that "
                    "Mortise is set up with now. Nothing was sent; reconnect.");
    e = jira_base_url_check(&j->policy, a, f, origin, &checked);
    if (e)
        return e;
    if (!str_eq(checked, origin) || base_path.n)
        return fail(f, ERR_BASE_URL_REFUSED, "");
    must(upstream_url_parse(a, origin, &u));
    *ret = jira_policy_is_cloud(&j->policy, &u) ? JIRA_SITE : JIRA_SERVER;
    return ERR_OK;
}

enum err jira_flow_route(struct jira_flow *f, enum provider_auth auth, str origin, str base_path,
                         enum jira_route *ret)
{
    return jira_route_of(f->jira, f->op->arena, &f->op->fault, auth, origin, base_path, ret);
}

static void begin(void *self, struct loop *loop, struct provider_op *op, void (*done)(void *token),
                  void *token)
{
    struct jira_flow *f = arena_new_of(op->arena, struct jira_flow);

    *f = (struct jira_flow){
        .jira = self,
        .loop = loop,
        .op = op,
        .done = done,
        .token = token,
    };
    f->deadline_ms = clock_monotonic_ms() + f->jira->timeout_ms;
    fault_clear(&op->fault);
    switch (op->kind) {
    case PROVIDER_CONNECT:
        jira_prove_begin(f);
        return;
    case PROVIDER_TEST:
        if (op->test.target.auth == PROVIDER_BEARER)
            jira_grant_begin(f);
        else
            jira_prove_begin(f);
        return;
    case PROVIDER_REQUEST:
        jira_request_begin(f);
        return;
    case PROVIDER_SEARCH:
        jira_search_begin(f);
        return;
    case PROVIDER_CLIENT_CHECK:
    case PROVIDER_EXCHANGE:
    case PROVIDER_IDENTIFY:
    case PROVIDER_REFRESH:
        jira_grant_begin(f);
        return;
    }
    unreachable("a kind of operation");
}

static enum err check_base_url(void *self, struct arena *a, struct fault *f, str entered,
                               str *ret_origin)
{
    const struct jira *j = self;
    return jira_base_url_check(&j->policy, a, f, entered, ret_origin);
}

static enum err check_request(void *self, struct arena *a, struct fault *f,
                              struct provider_request *request)
{
    (void)self;
    return jira_request_check(a, f, request);
}

static str missing_scopes(void *self, struct arena *a, str needed, str granted)
{
    (void)self;
    return jira_scopes_missing(a, needed, granted);
}

static str authorize_url(void *self, struct arena *a, const struct provider_client *client,
                         str state, str challenge)
{
    const struct jira *j = self;
    return jira_authorize_url(&j->policy, a, client, state, challenge);
}

static enum err read_timeout(struct fault *f, str text, int64_t *ret_ms)
{
    int64_t seconds;

    if (!str_to_int64(str_trim(text), &seconds) || seconds < 1 || seconds > 600)
        return fail(f, ERR_CONFIG,
                    "The setting MORTISE_UPSTREAM_TIMEOUT must be a number of seconds from 1 to "
                    "600.");
    *ret_ms = seconds * CLOCK_SECOND_MS;
    return ERR_OK;
}

static void jira_free(struct jira *j)
{
    upstream_free(j->upstream);
    arena_free(j->arena);
    mem_free(j);
}

static const struct provider_filter FILTERS[] = {
    {"jql", jira_jql_value, NULL},
    {"adf", NULL, jira_rich_adf},
    {"markdown", jira_rich_markdown, NULL},
    {NULL, NULL, NULL},
};

enum err jira_provider_new(struct fault *f, const struct settings *settings, struct loops *loops,
                           struct provider *ret)
{
    struct jira *j = mem_new(struct jira);
    struct upstream_config config = {
        .ca_file = settings->ca_file,
        .proxy = settings->proxy,
        .user_agent = STR("Mortise/" MORTISE_VERSION),
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
    };
    enum err e;

    j->arena = arena_new(POLICY_ARENA);
    e = jira_policy_make(j->arena, f, settings, &j->policy);
    config.allow = j->policy.callable;
    if (!e)
        e = read_timeout(f, settings->upstream_timeout, &j->timeout_ms);
    if (!e)
        e = upstream_new(f, loops, &config, &j->upstream);
    if (e) {
        jira_free(j);
        return e;
    }
    *ret = (struct provider){
        .self = j,
        .auth_origin = j->policy.auth_origin,
        .gateway = arena_printf(j->arena, "%.*s%.*s", STR_ARG(j->policy.api_origin),
                                STR_ARG(j->policy.api_path)),
        .begin = begin,
        .check_base_url = check_base_url,
        .filters = FILTERS,
        .markdown_html = jira_rich_html,
        .check_request = check_request,
        .field_errors = jira_field_errors,
        .preview = jira_preview,
        .preview_changes = jira_preview_changes,
        .missing_scopes = missing_scopes,
        .authorize_url = authorize_url,
        .upstream = j->upstream,
        .pass_check = jira_pass_check,
        .pass_place = jira_pass_place,
        .pass_judge = jira_pass_judge,
        .pass_content = jira_pass_content,
        .limit_name = jira_limit_name,
        .pass_needs = jira_pass_needs,
        .pass_failure = jira_failure,
    };
    return ERR_OK;
}

void jira_provider_stop(struct provider *p)
{
    struct jira *j = p->self;

    if (j)
        upstream_stop(j->upstream);
}

void jira_provider_free(struct provider *p)
{
    if (p->self)
        jira_free(p->self);
    *p = (struct provider){0};
}
