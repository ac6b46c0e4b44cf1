/* core/calls.h on both databases: pages over groups that overlap show what a plain sort shows, with
 * every filter and from every place on; a long look ends, and the next goes on from there; what is
 * damaged hides nothing else. */
#include "connected.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/call_groups.h"
#include "core/call_health.h"
#include "core/calls.h"
#include "core/settings.h"
#include "core/sweep.h"

#define START INT64_C(1751500000000)
#define CALLS_MAX 8000

/* A call as the test knows it; its place in the list is its ms, so that it is known again. */
struct known {
    int64_t at;
    const char *app;
    const char *connection;
    const char *key;
    const char *user; /* NULL: as the app */
    const char *issue;
    int status;
};

struct calls {
    struct contract *c;
    struct settings settings;
    struct services services;
    struct known known[CALLS_MAX];
    size_t count;
    uint32_t random;
};

/* "GET" wants read in any project, others write. */
static struct provider_needs needs_of(void *self, struct arena *a, str method, str template,
                                      str project, str body)
{
    int reads = str_eq(method, STR("GET"));

    (void)self;
    (void)a;
    (void)template;
    if (body.n)
        project = body;
    return (struct provider_needs){reads ? STR("read") : STR("write"),
                                   project.n ? reads ? STR("SEE") : STR("CHANGE") : STR(""),
                                   project};
}

static struct calls *begin(void **state)
{
    static const struct provider fake = {.pass_needs = needs_of};
    struct contract *c = *state;
    struct calls *t = arena_new_of(c->arena, struct calls);

    t->c = c;
    t->services.settings = &t->settings;
    t->services.provider = &fake;
    t->random = 20;
    seed(c);
    return t;
}

static struct work *work(struct calls *t, const char *app)
{
    struct work *w = arena_new_of(t->c->arena, struct work);

    *w = (struct work){.arena = t->c->arena,
                       .fault = &t->c->fault,
                       .db = t->c->db,
                       .services = &t->services,
                       .now_ms = START,
                       .membership = {.app = str_from(app)}};
    return w;
}

static int64_t below(struct calls *t, int64_t limit)
{
    t->random = t->random * UINT32_C(1664525) + UINT32_C(1013904223);
    return (int64_t)(t->random >> 8) % limit;
}

#define ANY(t, list) (list)[below((t), COUNT_OF(list))]

/* --- writing ---------------------------------------------------------------------------------- */

static void note(struct calls *t, struct call_batch *b, const struct known *k)
{
    struct call_kind kind = {.app = str_from(k->app),
                             .connection = str_from(k->connection),
                             .connection_name = STR("Jira"),
                             .key = str_from(k->key),
                             .key_name = STR("Key"),
                             .user = str_from(k->user),
                             .credential = STR("cred"),
                             .method = STR("GET"),
                             .template = STR("/rest/api/3/issue/{issue}")};

    assert_true(t->count < CALLS_MAX);
    call_batch_add(b, &kind,
                   &(struct call_note){.issue = str_from(k->issue),
                                       .at = k->at,
                                       .ms = (int64_t)t->count,
                                       .status = k->status});
    t->known[t->count++] = *k;
}

static void save(struct calls *t, struct call_batch *b)
{
    struct work *w = work(t, "");

    contract_ok(t->c, calls_save(w, b));
    contract_ok(t->c, work_commit(w));
    call_batch_free(b);
}

static struct known any_call(struct calls *t, int64_t at)
{
    static const char *const apps[] = {"app1", "app1", "app1", "app2"};
    static const char *const connections[] = {"con1", "con2", "con3"};
    static const char *const keys[] = {"key1", "key2", "key3", "key4", "key5", "key6"};
    static const char *const users[] = {"anna", "bob", "somebody who is gone", NULL};
    static const char *const issues[] = {"A-1", "A-2", "A-3", NULL};
    static const int statuses[] = {200, 200, 204, 404, 429, 500, 0};
    struct known k = {.at = at,
                      .app = ANY(t, apps),
                      .connection = ANY(t, connections),
                      .key = ANY(t, keys),
                      .user = ANY(t, users),
                      .issue = ANY(t, issues),
                      .status = ANY(t, statuses)};

    if (below(t, 500) == 0)
        k.issue = "RARE-1";
    return k;
}

/* As several loops write them: each group begins somewhere within ten minutes, calls of the same
 * millisecond are frequent, some groups are a minute long. */
static void fill(struct calls *t)
{
    while (t->count < 4000) {
        struct call_batch *b = call_batch_new();
        int64_t at = START + below(t, 600000), step = 1 + ANY(t, ((const int64_t[]){1, 3, 3000}));
        for (int64_t n = 1 + below(t, 40); n > 0; n--) {
            struct known k = any_call(t, at);
            note(t, b, &k);
            at += below(t, step);
        }
        save(t, b);
    }
}

/* --- reading ---------------------------------------------------------------------------------- */

static int wanted(const struct known *k, const char *app, const struct call_filter *f)
{
    const struct {
        str wanted;
        const char *is;
    } texts[] = {
        {f->connection, k->connection}, {f->key, k->key}, {f->user, k->user}, {f->issue, k->issue}};

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (texts[i].wanted.n && !(texts[i].is && str_eq(texts[i].wanted, str_from(texts[i].is))))
            return 0;
    }
    return strcmp(k->app, app) == 0 && k->status >= f->status_from &&
           (!f->status_to || k->status <= f->status_to);
}

static int newer_first(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x < *y) - (*x > *y);
}

/* When those that are wanted ended, sorted. */
static size_t expect(const struct calls *t, const char *app, const struct call_filter *f,
                     int64_t *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < t->count; i++) {
        if (wanted(&t->known[i], app, f))
            ret[n++] = t->known[i].at;
    }
    qsort(ret, n, sizeof(*ret), newer_first);
    return n;
}

static struct call_page page_of(struct calls *t, const char *app, const struct call_filter *f)
{
    struct call_page page = {0};

    contract_ok(t->c, calls_page(work(t, app), f, &page));
    assert_true(page.count <= CALLS_PAGE);
    return page;
}

static void check_row(struct calls *t, const struct call_row *r, unsigned char *seen)
{
    const struct known *k = &t->known[r->call.ms];

    assert_in_range(r->call.ms, 0, t->count - 1);
    assert_false(seen[r->call.ms]);
    seen[r->call.ms] = 1;
    assert_true(id_valid(r->id));
    assert_int_equal(id_ms(r->id), k->at);
    assert_int_equal(r->call.at, k->at);
    assert_int_equal(r->call.status, k->status);
    assert_str(r->kind.key, k->key);
    assert_str(r->kind.connection, k->connection);
    assert_str(r->kind.user, k->user);
    assert_str(r->call.issue, k->issue);
    assert_str(r->user_name, k->user && strcmp(k->user, "anna") == 0  ? "Anna"
                             : k->user && strcmp(k->user, "bob") == 0 ? "Bob"
                                                                      : "");
}

/* All pages, from f->before on: in order, each once, those that a plain sort gives. How many pages
 * it took. */
static size_t check_all(struct calls *t, const char *app, struct call_filter f)
{
    unsigned char *seen = arena_alloc(t->c->arena, CALLS_MAX);
    int64_t *expected = arena_alloc_array(t->c->arena, CALLS_MAX, sizeof(*expected));
    int64_t from = f.before.n ? id_ms(f.before) : INT64_MAX;
    size_t n = expect(t, app, &f, expected), at = 0, pages = 0;
    struct call_page page;

    while (at < n && expected[at] >= from) /* calls: a lowest id */
        at++;
    do {
        page = page_of(t, app, &f);
        for (size_t i = 0; i < page.count; i++) {
            assert_true(f.before.n == 0 || str_cmp(page.rows[i].id, f.before) < 0);
            check_row(t, &page.rows[i], seen);
            assert_true(at < n);
            assert_int_equal(page.rows[i].call.at, expected[at++]);
            f.before = page.rows[i].id;
        }
        assert_true(page.count == CALLS_PAGE || page.looked_to || !page.next.p);
        f.before = page.next;
        pages++;
    } while (page.next.p);
    assert_int_equal(at, n);
    return pages;
}

static void pages_show_what_a_plain_sort_shows(void **state)
{
    struct calls *t = begin(state);
    const struct call_filter filters[] = {
        {.status_from = 0},
        {.connection = STR("con2")},
        {.key = STR("key3")},
        {.user = STR("bob")},
        {.user = STR("somebody who is gone")},
        {.issue = STR("A-2")},
        {.issue = STR("RARE-1")},
        {.issue = STR("NONE-1")},
        {.status_from = 400, .status_to = 499},
        {.status_from = 429, .status_to = 429},
        {.status_from = 500, .status_to = 599},
        {.connection = STR("con1"), .key = STR("key1"), .user = STR("anna"), .issue = STR("A-1")},
    };

    fill(t);
    for (size_t i = 0; i < COUNT_OF(filters); i++) {
        (void)check_all(t, "app1", filters[i]);
        (void)check_all(t, "app2", filters[i]);
    }
    for (int64_t ms = -1000; ms < 700000; ms += 70001) /* and any id is a place to go on from */
        (void)check_all(t, "app1",
                        (struct call_filter){.before = id_lowest(t->c->arena, START + ms)});
}

/* The place of a call: what follows is the same as when it is paged over. */
static void goes_on_before_any_call(void **state)
{
    struct calls *t = begin(state);
    struct call_filter f = {.key = STR("key1")};

    fill(t);
    struct call_page first = page_of(t, "app1", &f);
    for (size_t i = 0; i + 1 < first.count; i++) {
        f.before = first.rows[i].id;
        struct call_page page = page_of(t, "app1", &f);
        for (size_t k = 0; i + 1 + k < first.count; k++)
            assert_true(str_eq(page.rows[k].id, first.rows[i + 1 + k].id));
    }
}

/* --- a long look ------------------------------------------------------------------------------ */

#define KIND "[\"con1\",\"Jira\",\"key1\",\"Key\",\"anna\",\"cred\",\"GET\",\"/x\",null]"

static void insert(struct calls *t, int64_t first_at, int64_t last_at, str calls)
{
    struct call_group_row row = {.id = id_new(t->c->arena),
                                 .app = STR("app1"),
                                 .first_at = first_at,
                                 .last_at = last_at,
                                 .calls = calls};

    contract_ok(t->c, store_call_group_insert(t->c->db, t->c->arena, &t->c->fault, &row));
}

/* A group of one call, which the test knows only when it is of an issue. */
static void insert_one(struct calls *t, int64_t at, const char *issue)
{
    str calls = STR("{\"kinds\":[" KIND "],\"calls\":[[0,0,200,0,0,null]]}");

    if (issue) {
        calls =
            arena_printf(t->c->arena, "{\"kinds\":[" KIND "],\"calls\":[[0,%zu,200,0,0,\"%s\"]]}",
                         t->count, issue);
        t->known[t->count++] = (struct known){at, "app1", "con1", "key1", "anna", issue, 200};
    }
    insert(t, at, at, calls);
}

static void a_long_look_ends_and_goes_on(void **state)
{
    struct calls *t = begin(state);
    struct call_filter f = {.issue = STR("RARE-1")};
    const int groups = 2 * CALLS_LOOK_GROUPS + 100, first_unread = groups - 1 - CALLS_LOOK_GROUPS;

    contract_ok(t->c, db_begin(t->c->db, &t->c->fault, DB_WRITE));
    for (int i = 0; i < groups; i++)
        insert_one(t, START + i * 1000, i == 0 || i == 1500 || i == first_unread ? "RARE-1" : NULL);
    contract_ok(t->c, db_commit(t->c->db, &t->c->fault));
    struct call_page page = page_of(t, "app1", &f);
    assert_int_equal(page.count, 0);
    assert_int_equal(page.looked_to, START + first_unread * 1000);
    assert_true(page.next.p);
    f.before = page.next;
    page = page_of(t, "app1", &f);
    assert_int_equal(page.count, 2);
    assert_int_equal(page.looked_to, START + (first_unread - CALLS_LOOK_GROUPS) * 1000);
    f.before = STR("");
    assert_int_equal(check_all(t, "app1", f), 3);
    f.issue = STR("NONE-1");
    assert_int_equal(check_all(t, "app1", f), 3);
}

/* What ended at one moment is read in one go, however much it is: the next look must begin further
 * back. */
static void a_long_look_goes_on_where_thousands_ended_at_once(void **state)
{
    struct calls *t = begin(state);

    contract_ok(t->c, db_begin(t->c->db, &t->c->fault, DB_WRITE));
    for (int i = 0; i < CALLS_LOOK_GROUPS + 100; i++)
        insert_one(t, START, i % 500 ? NULL : "RARE-1");
    for (int i = 1; i < 10; i++)
        insert_one(t, START - i * 1000, "RARE-1");
    contract_ok(t->c, db_commit(t->c->db, &t->c->fault));
    assert_int_equal(check_all(t, "app1", (struct call_filter){.issue = STR("RARE-1")}), 3);
}

/* count calls, evenly over a minute; the first is of an issue. */
static void insert_minute(struct calls *t, int64_t at, int count)
{
    BUF_AUTO struct buf b;

    buf_init(&b, 1 << 20);
    buf_addf(&b, "{\"kinds\":[" KIND "],\"calls\":[[0,%zu,200,0,0,\"RARE-1\"]", t->count);
    for (int i = 1; i < count; i++)
        buf_addf(&b, ",[%" PRId64 ",0,200,0,0,null]", i * CALL_GROUP_SPAN_MS / (count - 1));
    buf_add(&b, STR("]}"));
    t->known[t->count++] = (struct known){at, "app1", "con1", "key1", "anna", "RARE-1", 200};
    insert(t, at, at + CALL_GROUP_SPAN_MS, buf_str(&b));
}

/* Where it ends, groups that were read and groups that were not overlap: what is older than the
 * next group's end is the next page's, though it was seen. */
static void a_long_look_ends_amid_groups_that_overlap(void **state)
{
    struct calls *t = begin(state);
    struct call_filter f = {.issue = STR("RARE-1")};
    const int groups = CALLS_LOOK_CALLS / CALL_GROUP_MAX + 10;

    contract_ok(t->c, db_begin(t->c->db, &t->c->fault, DB_WRITE));
    for (int i = 0; i < groups; i++)
        insert_minute(t, START + i * (CALL_GROUP_SPAN_MS / 2), CALL_GROUP_MAX);
    contract_ok(t->c, db_commit(t->c->db, &t->c->fault));
    struct call_page page = page_of(t, "app1", &f);
    assert_int_equal(page.looked_to, START + 9 * (CALL_GROUP_SPAN_MS / 2) + CALL_GROUP_SPAN_MS);
    assert_int_equal(page.count, groups - 12); /* 10 were not read, 2 began before that ended */
    assert_int_equal(check_all(t, "app1", f), 2);
}

/* Groups are read in the order of their ids, calls are shown in the order of theirs. */
static void many_groups_of_one_millisecond_are_paged(void **state)
{
    struct calls *t = begin(state);

    contract_ok(t->c, db_begin(t->c->db, &t->c->fault, DB_WRITE));
    for (int i = 0; i < 3 * CALLS_PAGE; i++)
        insert_one(t, START, "A-1");
    contract_ok(t->c, db_commit(t->c->db, &t->c->fault));
    assert_int_equal(check_all(t, "app1", (struct call_filter){0}), 3);
}

/* --- what can be wrong ------------------------------------------------------------------------ */

static void what_is_damaged_hides_nothing_else(void **state)
{
    struct calls *t = begin(state);
    struct call_filter f = {0};
    char logged[4096] = "";
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    t->services.log = log_new(ends[1], LOG_WARNING);
    insert_one(t, START, "A-1");
    insert(t, START + 1, START + 1, STR("{\"kinds\":[" KIND "],\"calls\":[[0,0,2"));
    insert(t, START + 2, START + 2, STR(""));
    insert_one(t, START + 3, "A-2");
    assert_int_equal(check_all(t, "app1", f), 1);
    log_free(t->services.log);
    t->services.log = NULL;
    (void)close(ends[1]);
    assert_true(read(ends[0], logged, sizeof(logged) - 1) > 0);
    const char *first = strstr(logged, "call_group_damaged id=");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, "call_group_damaged id="));
    (void)close(ends[0]);
}

static void an_app_that_is_gone_is_left_out(void **state)
{
    struct calls *t = begin(state);
    struct call_batch *b = call_batch_new();
    struct known k = {START, "app1", "con1", "key1", "bob", NULL, 200};

    note(t, b, &k);
    k.app = "gone";
    note(t, b, &k);
    save(t, b);
    assert_int_equal(check_all(t, "app1", (struct call_filter){0}), 1);
    assert_int_equal(page_of(t, "gone", &(struct call_filter){0}).count, 0);
}

static int64_t last_used(struct calls *t, const char *credential)
{
    struct db_rows r;

    contract_ok(t->c, db_query(t->c->db, t->c->arena, &t->c->fault, &r,
                               "SELECT last_used FROM credentials WHERE id = $1",
                               DB_T(str_from(credential))));
    return db_int(&r, 0, 0);
}

/* Of the credentials, those that Jira answered, whatever the answer. */
static void notes_which_credentials_were_used(void **state)
{
    static const int statuses[] = {401, 200, 404, 0, 500};
    static const enum provider_meaning meanings[] = {
        MEANING_REFUSED_TOKEN, MEANING_OK, MEANING_NOT_FOUND, MEANING_OK, MEANING_PROVIDER_ERROR};
    static const char *const ids[] = {"never", "anna's", "bob's"}, *const owners[] = {"", "anna",
                                                                                      "bob"};
    struct calls *t = begin(state);
    struct call_batch *b = call_batch_new();

    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct credential_row row = credential(str_from(ids[i]), i ? str_from(owners[i]) : NONE);
        contract_ok(t->c, store_credential_save(t->c->db, t->c->arena, &t->c->fault, &row));
    }
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        struct call_kind kind = {.app = STR("app1"), .key = STR("key"), .method = STR("GET")};
        kind.credential = str_from(ids[i % COUNT_OF(ids)]);
        call_batch_add(b, &kind,
                       &(struct call_note){.at = START,
                                           .status = statuses[i],
                                           .answered = statuses[i] != 0,
                                           .meaning = (unsigned char)meanings[i]});
    }
    save(t, b);
    assert_int_equal(last_used(t, "never"), 0);
    assert_int_equal(last_used(t, "anna's"), START);
    assert_int_equal(last_used(t, "bob's"), START);
}

/* --- what calls taught ------------------------------------------------------------------------ */

static void add_call(struct call_batch *b, const char *method, const char *issue,
                     enum provider_meaning meaning, const char *failure)
{
    struct call_kind kind = {.app = STR("app1"),
                             .connection = STR("con1"),
                             .key = STR("key1"),
                             .credential = STR("cred"),
                             .method = str_from(method),
                             .template = STR("/rest/x"),
                             .generation = 1,
                             .has_scopes = 1,
                             .failure = str_from(failure)};
    struct call_note n = {.issue = str_from(issue), .at = START, .status = 200};

    n.answered = meaning != MEANING_PROVIDER_ERROR;
    n.meaning = (unsigned char)meaning;
    n.project_n = (unsigned char)(issue ? strcspn(issue, "-") : 0);
    call_batch_add(b, &kind, &n);
}

/* kind, project, value, whether it was refused; sorted. */
static const char *needs_on_file(struct calls *t)
{
    struct db_rows r;
    str all = STR("");

    contract_ok(t->c, db_query(t->c->db, t->c->arena, &t->c->fault, &r,
                               "SELECT kind, project, value, refused FROM credential_needs"
                               " WHERE credential_id = 'cred' ORDER BY kind, project, value"));
    for (size_t i = 0; i < r.count; i++)
        all = arena_printf(t->c->arena, "%.*s%.*s%.*s %.*s%s; ", STR_ARG(all),
                           STR_ARG(db_text(&r, i, 0)),
                           STR_ARG(db_text(&r, i, 1).n ? arena_printf(t->c->arena, " %.*s",
                                                                      STR_ARG(db_text(&r, i, 1)))
                                                       : STR("")),
                           STR_ARG(db_text(&r, i, 2)), db_int(&r, i, 3) ? " refused" : "");
    return arena_cstring(t->c->arena, all);
}

static const char *last_error(struct calls *t)
{
    struct db_rows r;

    contract_ok(t->c, db_query(t->c->db, t->c->arena, &t->c->fault, &r,
                               "SELECT COALESCE(last_error, 'none') FROM credentials"
                               " WHERE id = 'cred'"));
    return arena_cstring(t->c->arena, db_text(&r, 0, 0));
}

static void put_credential(struct calls *t)
{
    struct credential_row row = credential(STR("cred"), STR("anna"));

    contract_ok(t->c, store_credential_save(t->c->db, t->c->arena, &t->c->fault, &row));
    contract_script(t->c, "UPDATE credentials SET generation = 1 WHERE id = 'cred'");
}

/* The last call counts, of whatever kind. */
static void notes_the_last_error(void **state)
{
    struct calls *t = begin(state);
    struct call_batch *b = call_batch_new();

    put_credential(t);
    add_call(b, "GET", NULL, MEANING_OK, NULL);
    add_call(b, "POST", NULL, MEANING_PROVIDER_ERROR, "Jira failed.");
    add_call(b, "GET", NULL, MEANING_PROVIDER_ERROR, "Nobody answered.");
    save(t, b);
    assert_string_equal(last_error(t), "Nobody answered.");
    assert_int_equal(last_used(t, "cred"), START);
    b = call_batch_new();
    add_call(b, "GET", NULL, MEANING_PROVIDER_ERROR, "Jira failed.");
    add_call(b, "POST", NULL, MEANING_NOT_FOUND, NULL);
    save(t, b);
    assert_string_equal(last_error(t), "none");
    contract_script(t->c, "UPDATE credentials SET generation = 2 WHERE id = 'cred'");
    b = call_batch_new();
    add_call(b, "GET", NULL, MEANING_PROVIDER_ERROR, "Of the one before.");
    save(t, b);
    assert_string_equal(last_error(t), "none");
}

static void notes_what_was_needed(void **state)
{
    struct calls *t = begin(state);
    struct call_batch *b = call_batch_new();

    put_credential(t);
    add_call(b, "GET", "A-1", MEANING_OK, NULL);
    add_call(b, "GET", "A-2", MEANING_OK, NULL);
    add_call(b, "GET", "B-1", MEANING_FORBIDDEN, NULL);
    add_call(b, "GET", "NONE-1", MEANING_NOT_FOUND, NULL); /* may be a slip */
    add_call(b, "POST", "A-1", MEANING_SCOPE_MISSING, "It lacks write.");
    save(t, b);
    assert_string_equal(needs_on_file(t),
                        "permission A SEE; permission B SEE; scope read; scope write refused; ");
    assert_string_equal(last_error(t), "It lacks write.");
    b = call_batch_new();
    add_call(b, "POST", "A-1", MEANING_OK, NULL);
    save(t, b);
    assert_string_equal(needs_on_file(t), "permission A CHANGE; permission A SEE; permission B SEE;"
                                          " scope read; scope write; ");
}

/* Of one call of the kind and batch, and only of one that Jira carried out or forbade. */
static void notes_what_a_body_names(void **state)
{
    static const char *const bodies[] = {"", "NEW", "OTHER"};
    struct calls *t = begin(state);
    struct call_batch *b = call_batch_new();

    put_credential(t);
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct call_kind kind = {.app = STR("app1"),
                                 .credential = STR("cred"),
                                 .method = STR("POST"),
                                 .body = str_from(bodies[i])};
        call_batch_add(b, &kind, &(struct call_note){.at = START, .status = 201, .answered = 1});
    }
    assert_int_equal(b->kind_count, 1);
    assert_str(b->kinds[0].body, "NEW");
    save(t, b);
    assert_string_equal(needs_on_file(t), "permission NEW CHANGE; ");
}

static void keeps_few_bytes_of_bodies(void **state)
{
    struct call_batch *b = call_batch_new();
    str body = {memset(mem_alloc(CALL_BODY_MAX + 1), 'x', CALL_BODY_MAX + 1), CALL_BODY_MAX + 1};
    size_t kept = 0;

    (void)state;
    for (char key = 'a'; key <= 'z'; key++) {
        struct call_kind kind = {.key = {&key, 1}, .body = str_slice(body, 0, CALL_BODY_MAX)};
        call_batch_add(b, &kind, &(struct call_note){.at = START});
    }
    struct call_kind large = {.key = STR("large"), .body = body};
    call_batch_add(b, &large, &(struct call_note){.at = START});
    for (size_t i = 0; i < b->kind_count; i++)
        kept += b->kinds[i].body.n;
    assert_int_equal(b->kind_count, 27);
    assert_int_equal(kept, CALL_BODIES_MAX);
    assert_int_equal(b->kinds[26].body.n, 0);
    call_batch_free(b);
    mem_free((char *)(uintptr_t)body.p);
}

/* What is asked of the database is bounded by the kinds, not by what the calls name. */
static void notes_few_projects_of_a_kind(void **state)
{
    struct calls *t = begin(state);
    struct call_batch *b = call_batch_new();
    struct db_rows r;

    put_credential(t);
    for (int i = 0; i < 100; i++)
        add_call(b, "GET", arena_cstring(t->c->arena, arena_printf(t->c->arena, "P%d-1", i)),
                 MEANING_OK, NULL);
    assert_int_equal(b->kind_count, 1);
    save(t, b);
    contract_ok(t->c, db_query(t->c->db, t->c->arena, &t->c->fault, &r,
                               "SELECT count(*) FROM credential_needs WHERE kind = 'permission'"));
    assert_int_equal(db_int(&r, 0, 0), CALL_HEALTH_PROJECTS);
}

static void is_swept_after_its_time(void **state)
{
    struct calls *t = begin(state);
    struct call_batch *b = call_batch_new();
    struct known old = {START - CALLS_KEPT_MS - 1, "app1", "con1", "key1", "bob", NULL, 200};
    struct known kept = old;

    kept.at = START - CALLS_KEPT_MS;
    note(t, b, &old);
    save(t, b);
    b = call_batch_new();
    note(t, b, &kept);
    save(t, b);
    contract_ok(t->c, sweep_run(work(t, "")));
    t->known[0].app = "swept";
    assert_int_equal(check_all(t, "app1", (struct call_filter){0}), 1);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(pages_show_what_a_plain_sort_shows),
        CONTRACT(goes_on_before_any_call),
        CONTRACT(a_long_look_ends_and_goes_on),
        CONTRACT(a_long_look_goes_on_where_thousands_ended_at_once),
        CONTRACT(a_long_look_ends_amid_groups_that_overlap),
        CONTRACT(many_groups_of_one_millisecond_are_paged),
        CONTRACT(what_is_damaged_hides_nothing_else),
        CONTRACT(an_app_that_is_gone_is_left_out),
        CONTRACT(notes_which_credentials_were_used),
        CONTRACT(notes_the_last_error),
        CONTRACT(notes_what_was_needed),
        CONTRACT(notes_what_a_body_names),
        CONTRACT(keeps_few_bytes_of_bodies),
        CONTRACT(notes_few_projects_of_a_kind),
        CONTRACT(is_swept_after_its_time),
    };

    return contract_run(cases, COUNT_OF(cases));
}
