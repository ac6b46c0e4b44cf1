/* What an account may do in the projects its connection is used for: the last stage of a test,
 * after prove.c or grant.c proved the credential. Lacking a right is an answer, not a failure.
 *
 * One call a project (GET /mypermissions), in order:
 *   asking -answered, or the project is not visible-> asking the next -> done
 *          -the credential is refused, CAPTCHA------> ended with that refusal
 *          -anything else---------------------------> done; rights_failure says why the rest is
 * open Invariant: nothing is sent after a refusal or a failure.
 */
#include "base/clock.h"
#include "base/doc.h"
#include "jira/failure.h"
#include "jira/jira_int.h"
#include "jira/permissions.h"

#define ANSWER_MAX ((size_t)512 * 1024)

/* f->state from here on. */
struct asking {
    struct jira_flow *flow;
    size_t next;
};

static void ask(struct asking *s);

static void end_refused(struct asking *s, const struct jira_verdict *v)
{
    struct provider_op *op = s->flow->op;
    int by_token = op->test.target.auth == PROVIDER_BEARER && v->meaning == MEANING_REFUSED_TOKEN;

    op->test.stage = STAGE_PERMISSIONS;
    op->test.meaning = v->meaning;
    jira_flow_end(s->flow, fail(&op->fault, by_token ? ERR_NEEDS_RECONNECT : ERR_CREDENTIAL_REFUSED,
                                "%.*s", STR_ARG(v->sentence)));
}

static void end_open(struct asking *s, str why)
{
    s->flow->op->test.rights_failure = why;
    jira_flow_end(s->flow, ERR_OK);
}

static str join(struct arena *a, str list, const char *between, str more)
{
    return list.n ? arena_printf(a, "%.*s%s%.*s", STR_ARG(list), between, STR_ARG(more)) : more;
}

/* {"permissions":{"CREATE_ISSUES":{"havePermission":true,...},...}}; 0: it is something else. */
static int read_rights(struct arena *a, str body, struct provider_right *r)
{
    json_t *doc = NULL, *all;

    if (doc_parse(a, NULL, body, &doc) != ERR_OK)
        return 0;
    all = doc_get(doc, "permissions");
    for (size_t i = 0; i < r->permission_count; i++) {
        json_t *have = doc_get(doc_get(all, arena_cstring(a, r->permissions[i])), "havePermission");
        if (!json_is_boolean(have))
            return 0;
        if (json_is_true(have))
            continue;
        r->lacking = join(a, r->lacking, " ", r->permissions[i]);
        r->words = join(a, r->words, ", ", jira_permission_words(r->permissions[i]));
    }
    r->answer = r->lacking.n ? RIGHT_LACKING : RIGHT_GRANTED;
    return 1;
}

static void heard(struct upstream_call *call, void *token)
{
    struct jira_flow *f = token;
    struct asking *s = f->state;
    struct provider_test *t = &f->op->test;
    struct provider_right *r = &t->rights[s->next];
    struct jira_verdict v;

    if (call->outcome != UPSTREAM_ANSWERED) {
        (void)!jira_failure(&f->op->fault, call);
        str why = arena_printf(f->op->arena, "%s", fault_text(&f->op->fault));
        fault_clear(&f->op->fault);
        end_open(s, why);
        return;
    }
    v = jira_classify(f->op->arena, call, f->route, t->target.auth);
    if (v.meaning == MEANING_REFUSED_TOKEN || v.meaning == MEANING_LOCKED) {
        end_refused(s, &v);
        return;
    }
    if (v.meaning == MEANING_NOT_FOUND)
        r->answer = RIGHT_INVISIBLE;
    else if (v.meaning != MEANING_OK)
        end_open(s, v.sentence);
    else if (call->status != 200 || !read_rights(f->op->arena, call->reply_body, r))
        end_open(s, STR("Jira's answer does not say what this account may do."));
    if (r->answer == RIGHT_NOT_ASKED)
        return;
    s->next++;
    ask(s);
}

static str url_of(const struct jira_flow *f, const struct provider_right *r)
{
    const struct provider_target *at = &f->op->test.target;
    struct arena *a = f->op->arena;
    str keys = STR("");

    for (size_t i = 0; i < r->permission_count; i++)
        keys = join(a, keys, ",", r->permissions[i]);
    return arena_printf(a, "%.*s%.*s/rest/api/%s/mypermissions?permissions=%.*s&projectKey=%.*s",
                        STR_ARG(at->origin), STR_ARG(at->base_path),
                        f->route == JIRA_SERVER ? "2" : "3", STR_ARG(keys), STR_ARG(r->project));
}

static void ask(struct asking *s)
{
    static const struct upstream_header accept[] = {{STR("Accept"), STR("application/json")}};
    struct jira_flow *f = s->flow;
    struct provider_test *t = &f->op->test;

    if (s->next == t->right_count) {
        jira_flow_end(f, ERR_OK);
        return;
    }
    f->call = (struct upstream_call){
        .method = STR("GET"),
        .url = url_of(f, &t->rights[s->next]),
        .headers = accept,
        .header_count = 1,
        .auth = t->target.auth == PROVIDER_BEARER ? UPSTREAM_BEARER : UPSTREAM_BASIC,
        .username = t->target.username,
        .secret = &t->target.secret,
        .body_max = ANSWER_MAX,
    };
    jira_flow_call(f, heard);
}

/* What an earlier round answered, with a token that was renewed since, does not count. */
static void forget(struct provider_test *t)
{
    t->rights_failure = STR("");
    for (size_t i = 0; i < t->right_count; i++) {
        t->rights[i].answer = RIGHT_NOT_ASKED;
        t->rights[i].lacking = t->rights[i].words = STR("");
    }
}

void jira_rights_begin(struct jira_flow *f)
{
    struct asking *s = arena_new_of(f->op->arena, struct asking);
    struct provider_test *t = &f->op->test;

    s->flow = f;
    f->state = s;
    f->deadline_ms = clock_monotonic_ms() + f->jira->timeout_ms;
    forget(t);
    if (jira_flow_route(f, t->target.auth, t->target.origin, t->target.base_path, &f->route))
        jira_flow_end(f, f->op->fault.code);
    else
        ask(s);
}
