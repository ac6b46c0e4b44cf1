/* The search that Jira has removed (GET and POST /rest/api/{2,3}/search), answered by way of those
 * that replaced it: /search/jql, which pages by tokens, and /search/approximate-count.
 *
 * What is asked of Jira, in order:
 *   SKIPPING   pages of ids alone, until `startAt` issues are behind us (none when it is 0)
 *   READING    pages of what the caller wants, until maxResults are together or none are left
 *   COUNTING   how many there are in all, unless the last page told
 * Jira's refusal of any of these is the answer. Nothing is remembered between two searches, so that
 * a caller who pages costs one more call from the second page on; within one, what went wrong can
 * be asked again (core/provider.h: progress).
 *
 * Sources: Atlassian's changelog CHANGE-2046 and the REST API v3 reference.
 */
#include "base/check.h"
#include "base/doc.h"
#include "base/url.h"
#include "jira/failure.h"
#include "jira/jira_int.h"
#include "jira/paths.h"

#define REPLY_MAX ((size_t)32 * 1024 * 1024)
#define PAGE_DEFAULT 50
#define PAGE_MAX 5000
#define ISSUES_MAX 5000
#define CALLS_MAX 60
#define ASKED_MAX ((size_t)128 * 1024)      /* of the caller's body: it is sent with every page */
#define READ_MAX ((size_t)64 * 1024 * 1024) /* of all pages; the answer is printed from them */

enum step { SKIPPING, READING, COUNTING };

struct search {
    str api; /* "/rest/api/3" */
    enum step step;
    json_t *asked;  /* the caller's body, or what the query made of it */
    json_t *answer; /* being made */
    json_t *issues;
    str expand;
    size_t read; /* bytes of pages */
    str token;   /* of the next page, empty on the first */
    int64_t start;
    int64_t max;
    int64_t skipped;
    int calls;
    int last; /* no more issues follow */
};

static void ask(struct jira_flow *f);

static void answer_json(struct jira_flow *f, int status, json_t *body)
{
    static const struct provider_header headers[] = {
        {STR("Content-Type"), STR("application/json;charset=UTF-8")},
        {STR("X-Mortise-Mapped"), STR("search/jql")},
    };
    struct provider_request *r = &f->op->request;

    r->status = status;
    r->reply_headers = headers;
    r->reply_header_count = sizeof(headers) / sizeof(headers[0]);
    r->reply_body = doc_print(f->op->arena, body);
    r->meaning = MEANING_OK;
    jira_flow_end(f, ERR_OK);
}

/* A refusal in Jira's own shape. */
static void refuse(struct jira_flow *f, const char *sentence)
{
    struct arena *a = f->op->arena;
    json_t *body = doc_object(a), *list = doc_array(a), *text = json_string(sentence);

    doc_append(list, text);
    json_decref(text);
    doc_set(body, "errorMessages", list);
    doc_set(body, "errors", doc_object(a));
    answer_json(f, 400, body);
}

/* --- what was asked --------------------------------------------------------------------------- */

static json_t *list_of(struct arena *a, str text)
{
    json_t *list = doc_array(a);

    while (text.n) {
        str one = str_trim(str_take_until(&text, ','));
        if (one.n == 0)
            continue;
        json_t *s = json_stringn(one.p, one.n);
        doc_append(list, s);
        json_decref(s);
    }
    return list;
}

/* The query's parameters under the names of the body's. Lists may be given several times. */
static int read_query(struct arena *a, str query, json_t *asked)
{
    static const char *const texts[] = {"jql", "expand", "startAt", "maxResults", "fieldsByKeys"};
    static const char *const lists[] = {"fields", "properties"};

    while (query.n) {
        str value = str_take_until(&query, '&'), name;
        str raw = str_take_until(&value, '=');
        if (!url_decode(a, raw, URL_PLUS_IS_SPACE, &name) ||
            !url_decode(a, value.p ? value : STR(""), URL_PLUS_IS_SPACE, &value) ||
            !str_is_utf8(value))
            return 0;
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
            if (str_eq(name, str_from(texts[i])))
                doc_set_str(asked, texts[i], value);
        }
        for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
            if (!str_eq(name, str_from(lists[i])))
                continue;
            json_t *all = doc_get(asked, lists[i]);
            if (all)
                must(json_array_extend(all, list_of(a, value)) == 0);
            else
                doc_set(asked, lists[i], list_of(a, value));
        }
    }
    return 1;
}

static int64_t number_of(const json_t *asked, const char *name, int64_t fallback)
{
    int64_t n;

    if (str_to_int64(doc_get_str(asked, name), &n))
        return n;
    return doc_get_int(asked, name, fallback);
}

/* An array of texts as the one text that /search/jql wants. */
static str joined(struct arena *a, const json_t *list)
{
    str *parts = arena_alloc_array(a, 2 * json_array_size(list) + 1, sizeof(*parts));
    size_t n = 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        if (!json_is_string(one))
            continue;
        if (n)
            parts[n++] = STR(",");
        parts[n++] = str_from(json_string_value(one));
    }
    return arena_join(a, parts, n);
}

static str expand_of(struct arena *a, const json_t *asked)
{
    const json_t *expand = doc_get(asked, "expand");

    return json_is_array(expand) ? joined(a, expand) : doc_get_str(asked, "expand");
}

static int read_asked(struct jira_flow *f, struct search *s)
{
    const struct provider_request *r = &f->op->request;
    struct arena *a = f->op->arena;

    s->asked = doc_object(a);
    if (r->body.n > ASKED_MAX)
        return 0;
    if (str_eq(r->method, STR("POST")) &&
        (doc_parse(a, NULL, r->body, &s->asked) || !json_is_object(s->asked)))
        return 0;
    if (!read_query(a, r->query, s->asked))
        return 0;
    s->expand = expand_of(a, s->asked);
    s->start = number_of(s->asked, "startAt", 0);
    s->max = number_of(s->asked, "maxResults", PAGE_DEFAULT);
    if (s->max < 0)
        s->max = PAGE_DEFAULT;
    if (s->max > ISSUES_MAX)
        s->max = ISSUES_MAX;
    return s->start >= 0;
}

/* --- asking ----------------------------------------------------------------------------------- */

static void put_wanted(struct jira_flow *f, const struct search *s, json_t *body)
{
    static const char *const kept[] = {"fields", "properties", "fieldsByKeys"};

    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (doc_get(s->asked, kept[i]))
            doc_set(body, kept[i], doc_get(s->asked, kept[i]));
    }
    if (json_array_size(doc_get(body, "fields")) == 0)
        doc_set(body, "fields", list_of(f->op->arena, STR("*navigable")));
    if (json_is_string(doc_get(body, "fieldsByKeys")))
        doc_set_bool(body, "fieldsByKeys", str_eq(doc_get_str(body, "fieldsByKeys"), STR("true")));
    if (s->expand.n)
        doc_set_str(body, "expand", s->expand);
}

static json_t *body_of(struct jira_flow *f, const struct search *s)
{
    struct arena *a = f->op->arena;
    json_t *body = doc_object(a);
    str jql = doc_get_str(s->asked, "jql");

    doc_set_str(body, "jql", jql.p ? jql : STR(""));
    if (s->step == COUNTING)
        return body;
    if (s->token.n)
        doc_set_str(body, "nextPageToken", s->token);
    int64_t left =
        s->step == SKIPPING ? s->start - s->skipped : s->max - (int64_t)json_array_size(s->issues);
    doc_set_int(body, "maxResults", left > PAGE_MAX ? PAGE_MAX : left);
    if (s->step == SKIPPING)
        doc_set(body, "fields", list_of(a, STR("id")));
    else
        put_wanted(f, s, body);
    return body;
}

/* --- answering -------------------------------------------------------------------------------- */

static void end_with(struct jira_flow *f, struct search *s, int64_t total)
{
    json_t *answer = s->answer;
    str expand = STR("schema,names");

    doc_set_str(answer, "expand", expand);
    doc_set_int(answer, "startAt", s->start);
    doc_set_int(answer, "maxResults", s->max);
    doc_set_int(answer, "total", total);
    doc_set(answer, "issues", s->issues);
    answer_json(f, 200, answer);
}

static int64_t seen(const struct search *s)
{
    return s->skipped + (int64_t)json_array_size(s->issues);
}

static int is_full(const struct search *s)
{
    return (int64_t)json_array_size(s->issues) >= s->max;
}

static void next(struct jira_flow *f)
{
    struct search *s = f->state;

    if (s->last) {
        end_with(f, s, seen(s));
        return;
    }
    if (s->calls >= CALLS_MAX) {
        refuse(f,
               "startAt is too far: this search has been removed from Jira, and Mortise walks to "
               "it page by page. Use /rest/api/3/search/jql.");
        return;
    }
    if (s->step == SKIPPING && s->skipped >= s->start)
        s->step = READING;
    if (s->step == READING && is_full(s))
        s->step = COUNTING;
    ask(f);
}

static void take_page(struct jira_flow *f, struct search *s, json_t *page)
{
    json_t *issues = doc_get(page, "issues");
    const char *key;
    json_t *value;

    s->token = arena_str(f->op->arena, doc_get_str(page, "nextPageToken"));
    s->last = json_is_true(doc_get(page, "isLast")) || s->token.n == 0;
    if (s->step == SKIPPING) {
        s->skipped += (int64_t)json_array_size(issues);
        if (json_array_size(issues) == 0)
            s->last = 1;
        return;
    }
    must(json_array_extend(s->issues, issues) == 0);
    json_object_foreach (page, key, value) { /* names, schema, warningMessages */
        if (strcmp(key, "issues") != 0 && strcmp(key, "isLast") != 0 &&
            strcmp(key, "nextPageToken") != 0)
            doc_set(s->answer, key, value);
    }
}

static void heard(struct upstream_call *call, void *flow)
{
    struct jira_flow *f = flow;
    struct search *s = f->state;
    struct provider_request *r = &f->op->request;
    json_t *page = NULL;

    r->jira_ms += call->took_ms;
    r->last = call;
    if (call->outcome != UPSTREAM_ANSWERED) {
        jira_flow_end(f, jira_failure(&f->op->fault, call));
        return;
    }
    if (call->status != 200 ||
        jira_classify(f->op->arena, call, f->route, r->target.auth).meaning != MEANING_OK) {
        jira_request_heard(f); /* Jira's refusal is the answer */
        return;
    }
    s->read += call->reply_body.n;
    if (s->read > READ_MAX) {
        jira_flow_end(f, fail(&f->op->fault, ERR_UPSTREAM_TOO_LARGE, ""));
        return;
    }
    if (doc_parse(f->op->arena, NULL, call->reply_body, &page) || !json_is_object(page)) {
        jira_flow_end(f, fail(&f->op->fault, ERR_UPSTREAM_NOT_JIRA, ""));
        return;
    }
    if (s->step == COUNTING) {
        int64_t total = doc_get_int(page, "count", 0);
        int64_t least = seen(s) + (s->last ? 0 : 1);
        end_with(f, s, total > least ? total : least);
        return;
    }
    take_page(f, s, page);
    next(f);
}

static void ask(struct jira_flow *f)
{
    static const struct upstream_header headers[] = {
        {STR("Accept"), STR("application/json")},
        {STR("Content-Type"), STR("application/json")},
    };
    struct search *s = f->state;
    struct provider_request *r = &f->op->request;
    struct arena *a = f->op->arena;

    s->calls++;
    f->call = (struct upstream_call){
        .method = STR("POST"),
        .url = arena_printf(a, "%.*s%.*s%.*s/search/%s", STR_ARG(r->target.origin),
                            STR_ARG(r->target.base_path), STR_ARG(s->api),
                            s->step == COUNTING ? "approximate-count" : "jql"),
        .headers = headers,
        .header_count = sizeof(headers) / sizeof(headers[0]),
        .auth = r->target.auth == PROVIDER_BEARER ? UPSTREAM_BEARER : UPSTREAM_BASIC,
        .username = r->target.username,
        .secret = &r->target.secret,
        .body = doc_print(a, body_of(f, s)),
        .body_max = REPLY_MAX,
    };
    jira_flow_call(f, heard);
}

static void begin_anew(struct jira_flow *f)
{
    struct provider_request *r = &f->op->request;
    struct arena *a = f->op->arena;
    struct search *s = arena_new_of(a, struct search);

    f->state = s;
    r->progress = s;
    s->api = str_slice(r->path, 0, sizeof("/rest/api/3") - 1);
    s->answer = doc_object(a);
    s->issues = doc_array(a);
    if (!read_asked(f, s))
        refuse(f, "Invalid request payload. Refer to the REST API documentation and try again.");
    else
        next(f);
}

void jira_search_begin(struct jira_flow *f)
{
    struct provider_request *r = &f->op->request;
    enum err e =
        jira_flow_route(f, r->target.auth, r->target.origin, r->target.base_path, &f->route);

    r->last = NULL;
    f->state = r->progress;
    if (e)
        jira_flow_end(f, e);
    else if (f->state)
        ask(f);
    else
        begin_anew(f);
}
