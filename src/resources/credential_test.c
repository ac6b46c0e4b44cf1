/* Testing what is on file for a connection, in stages, up to the first rejection.
 *
 * Two halves. begin opens the credential; the loop asks Jira, by way of src/life, so that a stale
 * access token is refreshed first; finish notes what was learnt, if the credential is still the one
 * that was used, and compares scopes. Only Jira's word on a credential changes its state; an outage
 * does not, and neither does a scope or permission that is missing.
 *
 * "Needed" is what was really called through the connection in the last 90 days (core/health.h).
 */
#include "base/clock.h"
#include "base/doc.h"
#include "core/connections.h"
#include "core/credentials.h"
#include "core/health.h"
#include "core/stops.h"
#include "resources/app_doc.h"
#include "resources/connection_doc.h"
#include "resources/connection_health.h"
#include "resources/provider_wait.h"
#include "resources/routes.h"

struct testing {
    struct provider_op *op;
    struct health_before before;
    struct health_needs needs;
    str entered_by;
    str site_id;
    int by_oauth;
    int by_gateway;
};

/* What became of a stage. Only `failed` says that the connection does not work. */
enum verdict { PASSED, FAILED, LACKING, OPEN, NOT_REACHED };
static const char *const VERDICTS[] = {"passed", "failed", "lacking", "open", "not_reached"};

static const char *const LABELS[] = {"Address", "Server", "Credential", "Account",
                                     "Site",    "Scopes", "Permissions"};

struct stage {
    enum verdict verdict;
    str sentence;
};

/* In the order in which they are asked: with OAuth the site is found before the account is. */
static const enum provider_stage BY_KEY[] = {STAGE_ADDRESS,    STAGE_TLS,  STAGE_TOKEN,
                                             STAGE_IDENTITY,   STAGE_SITE, STAGE_SCOPES,
                                             STAGE_PERMISSIONS};
static const enum provider_stage BY_OAUTH[] = {STAGE_ADDRESS,    STAGE_TLS,      STAGE_TOKEN,
                                               STAGE_SITE,       STAGE_IDENTITY, STAGE_SCOPES,
                                               STAGE_PERMISSIONS};
#define STAGES (sizeof(BY_KEY) / sizeof(BY_KEY[0]))

/* --- begin ------------------------------------------------------------------------------------ */

static enum err may_test(struct exchange *x, const struct connection_row *n,
                         const struct effective *effective)
{
    if (n->shared && x->work->membership.role != PERMISSION_ROLE_ADMIN)
        return fail(&x->fault, ERR_NOT_APP_ADMIN,
                    "Shared credentials are tested by app admins. Ask one of them.");
    enum err e = effective->locked ? ERR_OK : credentials_refusal(x->work, n, effective);
    if (e == ERR_CONNECTION_REQUIRED || e == ERR_NEEDS_RECONNECT)
        doc_set_str(exchange_doc(x), "connect_url", connection_connect_url(x, n->id));
    return e;
}

static struct testing *testing_of(struct exchange *x, const struct connection_row *n,
                                  const struct credential_row *row,
                                  const struct health_needs *needs)
{
    const struct connection_type *type = connection_type_find(n->type);
    struct testing *t = arena_new_of(x->arena, struct testing);
    t->op = provider_wait_op(x, PROVIDER_TEST);
    t->op->test.site_id = row->site_id;
    t->op->test.site_url = row->site_url;
    t->op->test.rights = needs->rights;
    t->op->test.right_count = needs->right_count;
    t->before = health_before(row);
    t->needs = *needs;
    t->entered_by = row->entered_by;
    t->site_id = row->site_id;
    t->by_oauth = type && type->by_oauth;
    t->by_gateway = row->base_path.n > 0;
    return t;
}

enum err test_begin(struct exchange *x)
{
    struct connection_row n = {0};
    struct effective effective = {0};
    struct credential_grant grant = {0};
    struct health_needs needs = {0};
    enum err e = connection_of_path(x, &n, &effective);
    if (!e)
        e = may_test(x, &n, &effective);
    const struct credential_row *row = effective.locked ? effective.locked : effective.use;
    if (!e)
        e = health_needs(x->work, row, &needs);
    if (e)
        return e;
    struct testing *t = testing_of(x, &n, row, &needs);
    provider_wait_wipe(x, &t->op->test.target.secret);
    e = credentials_target(x->work, row, &t->op->test.target, &grant);
    if (e)
        return e;
    x->carried = t;
    provider_wait_use(x, t->op, row, &grant);
    return ERR_OK;
}

/* --- scopes ----------------------------------------------------------------------------------- */

static str needed_scopes(struct exchange *x, const struct health_needs *needs, int only_refused)
{
    str list = STR("");
    for (size_t i = 0; i < needs->scope_count; i++) {
        if (only_refused && !needs->scopes[i].refused)
            continue;
        list = arena_printf(x->arena, "%.*s%s%.*s", STR_ARG(list), list.n ? " " : "",
                            STR_ARG(needs->scopes[i].value));
    }
    return list;
}

/* "a, b and c" of a list separated by spaces. */
static str in_words(struct exchange *x, str list)
{
    str words = STR("");
    while (list.n) {
        str one = str_take_until(&list, ' ');
        const char *between = !words.n ? "" : list.n ? ", " : " and ";
        words = arena_printf(x->arena, "%.*s%s%.*s", STR_ARG(words), between, STR_ARG(one));
    }
    return words;
}

static struct stage scopes_granted(struct exchange *x, const struct testing *t, str granted)
{
    const struct provider *p = x->work->services->provider;
    str needed = needed_scopes(x, &t->needs, 0);
    str missing = arena_printf(x->arena, "%.*s %.*s", STR_ARG(needed_scopes(x, &t->needs, 1)),
                               STR_ARG(p->missing_scopes(p->self, x->arena, needed, granted)));
    missing = p->missing_scopes(p->self, x->arena, missing, STR("")); /* each once */
    if (missing.n)
        return (struct stage){
            LACKING,
            arena_printf(x->arena,
                         "This app has used %.*s, which this authorisation lacks. A workspace admin"
                         " adds it to the OAuth client, in the developer console and here; then"
                         " reconnect.",
                         STR_ARG(in_words(x, missing)))};
    return (struct stage){
        PASSED, arena_printf(x->arena, "Every scope that this app has used is granted: %.*s.",
                             STR_ARG(in_words(x, needed)))};
}

/* Which scopes a key has cannot be read anywhere: only what was refused tells. */
static struct stage scopes_of_key(struct exchange *x, const struct testing *t)
{
    str refused = needed_scopes(x, &t->needs, 1);
    if (refused.n)
        return (struct stage){
            LACKING, arena_printf(x->arena,
                                  "Jira has refused calls for the lack of a scope, probably %.*s."
                                  " Make a new API key with it, then reconnect.",
                                  STR_ARG(in_words(x, refused)))};
    if (!t->by_gateway)
        return (struct stage){PASSED,
                              STR("This API key has no scopes: it may do what the account may.")};
    return (struct stage){PASSED, STR("Which scopes this API key has cannot be read at Atlassian;"
                                      " no call lacked one so far.")};
}

static struct stage scopes_stage(struct exchange *x, const struct testing *t, str granted)
{
    if (!t->by_oauth)
        return scopes_of_key(x, t);
    if (t->needs.scope_count == 0)
        return (struct stage){PASSED, STR("This app has not called anything yet that needs another"
                                          " scope.")};
    return scopes_granted(x, t, granted);
}

/* --- permissions ------------------------------------------------------------------------------ */

static str right_sentence(struct exchange *x, const struct provider_right *r, str account)
{
    switch (r->answer) {
    case RIGHT_GRANTED:
        return arena_printf(x->arena, "%.*s may do in %.*s what was done there.", STR_ARG(account),
                            STR_ARG(r->project));
    case RIGHT_LACKING:
        return arena_printf(x->arena, "%.*s may not %.*s in %.*s.", STR_ARG(account),
                            STR_ARG(r->words), STR_ARG(r->project));
    case RIGHT_INVISIBLE:
        return arena_printf(x->arena, "There is no project %.*s any more, or %.*s may not see it.",
                            STR_ARG(r->project), STR_ARG(account));
    case RIGHT_NOT_ASKED:
        break;
    }
    return arena_printf(x->arena, "%.*s was not asked about.", STR_ARG(r->project));
}

static str stage_of_rights(struct exchange *x, const struct provider_test *t, int lacking)
{
    if (t->rights_failure.n)
        return arena_printf(x->arena, "Jira could not be asked about every project: %.*s",
                            STR_ARG(t->rights_failure));
    if (t->right_count == 0)
        return STR("Nothing was done in a project yet, so there is no permission to ask about.");
    if (lacking)
        return STR("In Jira this account lacks permissions for what was done before. A Jira"
                   " administrator can give them.");
    return t->right_count == 1
               ? STR("The account may do what was done in the project used.")
               : arena_printf(x->arena,
                              "The account may do what was done in the %zu projects used.",
                              t->right_count);
}

static int lacks(const struct provider_test *t)
{
    for (size_t i = 0; i < t->right_count; i++)
        if (t->rights[i].answer == RIGHT_LACKING || t->rights[i].answer == RIGHT_INVISIBLE)
            return 1;
    return 0;
}

static struct stage permissions_stage(struct exchange *x, const struct provider_test *t)
{
    int lacking = lacks(t);
    return (struct stage){t->rights_failure.n ? OPEN
                          : lacking           ? LACKING
                                              : PASSED,
                          stage_of_rights(x, t, lacking)};
}

static void append_permission(struct exchange *x, json_t *list, str permission)
{
    json_t *one = doc_object(x->arena);
    doc_set_str(one, "permission", permission);
    doc_append(list, one);
}

static json_t *rights_doc(struct exchange *x, const struct provider_test *t, int reached)
{
    static const char *const ANSWERS[] = {"not_asked", "granted", "lacking", "invisible"};
    json_t *list = doc_array(x->arena);
    for (size_t i = 0; reached && i < t->right_count; i++) {
        const struct provider_right *r = &t->rights[i];
        json_t *one = doc_object(x->arena), *missing = doc_array(x->arena);
        str lacking = r->lacking;
        while (lacking.n)
            append_permission(x, missing, str_take_until(&lacking, ' '));
        doc_set_str(one, "project", r->project);
        doc_set_cstring(one, "answer", ANSWERS[r->answer]);
        doc_set(one, "missing", missing);
        doc_set_bool(one, "ok", r->answer == RIGHT_GRANTED);
        doc_set_str(one, "sentence", right_sentence(x, r, t->identity.account_name));
        doc_append(list, one);
    }
    return list;
}

/* --- what became of it ------------------------------------------------------------------------ */

static str done_sentence(struct exchange *x, const struct testing *t, enum provider_stage stage)
{
    const struct provider_identity *who = &t->op->test.identity;
    switch (stage) {
    case STAGE_ADDRESS:
        return STR("The address was found.");
    case STAGE_TLS:
        return STR("The server there answers.");
    case STAGE_TOKEN:
        return t->by_oauth ? STR("Atlassian accepted the authorisation.")
                           : STR("Jira accepted the API key.");
    case STAGE_IDENTITY:
        return who->account_name.n ? arena_printf(x->arena, "Jira named the account: %.*s.",
                                                  STR_ARG(who->account_name))
                                   : STR("Jira named the account.");
    case STAGE_SITE:
    case STAGE_SCOPES:
    case STAGE_PERMISSIONS:
    case STAGE_DONE:
        break;
    }
    return STR("The site is the one on file.");
}

static struct stage stage_of(struct exchange *x, const struct testing *t, enum provider_stage stage,
                             str granted)
{
    if (stage == STAGE_SCOPES)
        return scopes_stage(x, t, granted);
    if (stage == STAGE_PERMISSIONS)
        return permissions_stage(x, &t->op->test);
    return (struct stage){PASSED, done_sentence(x, t, stage)};
}

static json_t *stage_doc(struct exchange *x, enum provider_stage stage, const struct stage *s)
{
    json_t *doc = doc_object(x->arena), *is = doc_object(x->arena);
    doc_set_cstring(doc, "stage", provider_wait_stage(stage));
    doc_set_cstring(doc, "label", LABELS[stage]);
    doc_set_bool(doc, "ok", s->verdict == PASSED);
    doc_set_cstring(doc, "verdict", VERDICTS[s->verdict]);
    doc_set_str(doc, "sentence", s->sentence);
    for (size_t i = 0; i < sizeof(VERDICTS) / sizeof(VERDICTS[0]); i++)
        doc_set_bool(is, VERDICTS[i], i == (size_t)s->verdict);
    doc_set(doc, "is", is);
    return doc;
}

/* The worst of the stages into *ret_worst: FAILED, else LACKING or OPEN, else PASSED. Tokens that
 * could not be refreshed end a test before any address is asked for. */
static json_t *stages_doc(struct exchange *x, const struct testing *t, str granted,
                          enum verdict *ret_worst)
{
    const struct provider_op *op = t->op;
    const enum provider_stage *order = t->by_oauth ? BY_OAUTH : BY_KEY;
    json_t *list = doc_array(x->arena);
    *ret_worst = PASSED;
    size_t i = t->by_oauth && op->err && op->test.stage == STAGE_TOKEN ? STAGE_TOKEN : 0;
    for (; i < STAGES; i++) {
        struct stage s = {NOT_REACHED, STR("Not reached.")};
        if (op->err && order[i] == op->test.stage)
            s = (struct stage){FAILED, str_from(fault_text(&op->fault))};
        else if (*ret_worst != FAILED)
            s = stage_of(x, t, order[i], granted);
        if (s.verdict == FAILED || (s.verdict != NOT_REACHED && *ret_worst == PASSED))
            *ret_worst = s.verdict;
        doc_append(list, stage_doc(x, order[i], &s));
    }
    return list;
}

static enum err note(struct exchange *x, const struct testing *t)
{
    const struct provider_op *op = t->op;
    if (op->err == ERR_OK) {
        enum err e = credentials_note(x->work, t->before.credential, t->before.generation,
                                      CREDENTIAL_FINE, (str){NULL, 0});
        return e ? e : credentials_note_site(x->work, &op->test.identity);
    }
    if (op->test.meaning == MEANING_REFUSED_TOKEN || op->err == ERR_NEEDS_RECONNECT)
        return credentials_note(x->work, t->before.credential, t->before.generation,
                                CREDENTIAL_REFUSED, str_from(fault_text(&op->fault)));
    if (op->test.meaning == MEANING_LOCKED && !t->by_oauth)
        return credentials_note(x->work, t->before.credential, t->before.generation,
                                CREDENTIAL_LOCKED, str_from(fault_text(&op->fault)));
    return health_note(x->work, &t->before, op);
}

static str verdict_sentence(struct exchange *x, const struct testing *t, enum verdict worst)
{
    const struct provider_identity *who = &t->op->test.identity;
    if (worst == FAILED)
        return str_from(fault_text(&t->op->fault));
    return arena_printf(x->arena, "%s: this is %.*s on %.*s.%s",
                        worst == PASSED ? "Everything works" : "It works",
                        STR_ARG(who->account_name), STR_ARG(who->site_name),
                        worst == PASSED    ? ""
                        : worst == LACKING ? " But not all that it was used for is permitted."
                                           : " But not everything could be found out.");
}

/* again_first: it failed, and reconnecting is not the answer. */
static void fill(struct exchange *x, const struct testing *t, const struct effective *now)
{
    str granted = now->row ? now->row->tokens.scopes : (str){NULL, 0};
    enum verdict worst = PASSED;
    json_t *doc = exchange_doc(x);
    json_t *stages = stages_doc(x, t, granted, &worst);
    doc_set_bool(doc, "ok", worst == PASSED);
    doc_set_bool(doc, "works", worst != FAILED);
    doc_set_bool(doc, "again_first", worst == FAILED && (now->use || now->locked));
    doc_set_str(doc, "sentence", verdict_sentence(x, t, worst));
    doc_set(doc, "stages", stages);
    doc_set_bool(doc, "has_lacks", worst != FAILED && lacks(&t->op->test));
    doc_set(doc, "projects", rights_doc(x, &t->op->test, worst != FAILED));
    doc_set_str(doc, "return_to", exchange_return_to(x, app_doc_path(x, "")));
}

/* A stop set meanwhile counts, also when the credential was wiped or replaced since: nothing is
 * learnt from the answer. */
static enum err refuse_if_stopped(struct exchange *x, const struct testing *t)
{
    struct connection_row n = {0};
    struct effective effective = {0};
    struct decide_stop stop = {0};
    if (t->op->err == ERR_STOPPED)
        return provider_wait_failed(x, t->op);
    enum err e = connection_of_path(x, &n, &effective);
    if (!e && effective.decision == DECISION_STOPPED)
        e = credentials_refusal(x->work, &n, &effective);
    if (!e)
        e = stops_of_credential(x->work, t->entered_by, t->site_id, &stop);
    return !e && stop.of != STOPPED_NOT ? stops_refuse(x->work, &stop) : e;
}

enum err test_finish(struct exchange *x)
{
    const struct testing *t = x->carried;
    struct connection_row n = {0};
    struct effective effective = {0};
    enum err e = work_write(x->work);
    if (!e)
        e = refuse_if_stopped(x, t);
    if (!e)
        e = note(x, t);
    if (!e)
        e = app_doc_fill(x, APP_TAB_DESCRIPTION);
    if (!e)
        e = connection_of_path(x, &n, &effective);
    if (!e)
        e = connection_doc_put(x, exchange_doc(x), &n, &effective);
    if (e)
        return e;
    /* as a renewal may have changed them meanwhile */
    fill(x, t, &effective);
    return ERR_OK;
}
