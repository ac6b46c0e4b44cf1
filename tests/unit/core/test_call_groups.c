/* core/call_batch.h and core/call_groups.h: what is the same is kept once, what differs is kept
 * apart; groups hold one app and a minute; what was packed is read again, what is damaged is not.
 */
#include "support.h"

#include <stdio.h>

#include "base/id.h"
#include "core/call_groups.h"

#define START INT64_C(1751500000000)

static struct call_kind kind_of(const char *key)
{
    return (struct call_kind){
        .app = STR("desk"),
        .connection = STR("con"),
        .connection_name = STR("Jira"),
        .key = str_from(key),
        .key_name = STR("Key"),
        .user = STR("anna"),
        .credential = STR("cred"),
        .method = STR("GET"),
        .template = STR("/rest/api/3/issue/{issue}"),
    };
}

static void add(struct call_batch *b, struct call_kind kind, int64_t at)
{
    call_batch_add(b, &kind, &(struct call_note){.at = START + at, .ms = 5, .status = 200});
}

/* --- batches ---------------------------------------------------------------------------------- */

static void keeps_the_same_once(void **state)
{
    struct call_batch *b = call_batch_new();
    char key[32];

    (void)state;
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(key, sizeof(key), "01jddq2rj5key%013d", i * 7 % 40); /* is overwritten */
        add(b, kind_of(key), i);
        assert_str(b->kinds[b->notes[i].kind].key, key);
    }
    assert_int_equal(b->count, 5000);
    assert_int_equal(b->kind_count, 40);
    call_batch_free(b);
}

/* More kinds at once than are remembered: some stand there again, none is wrong. */
static void forgets_and_keeps_again(void **state)
{
    struct call_batch *b = call_batch_new();
    char key[32];

    (void)state;
    for (int i = 0; i < 6000; i++) {
        (void)snprintf(key, sizeof(key), "01jddq2rj5key%013d", i % 2000);
        add(b, kind_of(key), i);
        assert_str(b->kinds[b->notes[i].kind].key, key);
    }
    assert_in_range(b->kind_count, 2000, 6000);
    call_batch_free(b);
}

static size_t kinds_of_two(struct call_kind one, struct call_kind two)
{
    struct call_batch *b = call_batch_new();
    size_t n;

    for (int i = 0; i < 3; i++) {
        add(b, one, i);
        add(b, two, i);
    }
    n = b->kind_count;
    call_batch_free(b);
    return n;
}

static void keeps_apart_what_differs_in_anything(void **state)
{
    struct call_kind one = kind_of("key"), k = one;
    str *const texts[] = {&k.app,        &k.connection, &k.connection_name, &k.key,  &k.key_name,
                          &k.credential, &k.method,     &k.template,        &k.user, &k.code};

    (void)state;
    assert_int_equal(kinds_of_two(one, one), 1);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        k = one;
        *texts[i] = STR("xyz");
        assert_int_equal(kinds_of_two(one, k), 2);
        *texts[i] = STR("");
        assert_int_equal(kinds_of_two(one, k), 2);
    }
    k = one;
    one.user = STR("");
    k.user = (str){NULL, 0};
    assert_int_equal(kinds_of_two(one, k), 2);
}

static void leaves_out_what_is_no_issue(void **state)
{
    struct call_batch *b = call_batch_new();
    struct call_kind kind = kind_of("key");
    char text[CALL_ISSUE_MAX + 1];

    (void)state;
    memset(text, 'A', sizeof(text));
    call_batch_add(b, &kind, &(struct call_note){.issue = {text, sizeof(text) - 1}});
    call_batch_add(b, &kind, &(struct call_note){.issue = {text, sizeof(text)}});
    assert_int_equal(b->notes[0].issue.n, CALL_ISSUE_MAX);
    assert_null(b->notes[1].issue.p);
    call_batch_free(b);
}

/* --- groups ----------------------------------------------------------------------------------- */

struct packed {
    struct arena *a;
    struct call_batch *b;
    struct call_group_row *rows;
    size_t count;
};

static void pack_begin(struct packed *p)
{
    *p = (struct packed){.a = arena_new(64 << 20), .b = call_batch_new()};
}

static void pack(struct packed *p)
{
    call_groups_of(p->a, p->b, &p->rows, &p->count);
}

static void pack_end(struct packed *p)
{
    call_batch_free(p->b);
    arena_free(p->a);
}

static struct call_group read_row(struct packed *p, size_t i)
{
    struct call_group g = {0};

    assert_true(i < p->count);
    assert_true(call_group_read(p->a, &p->rows[i], &g));
    return g;
}

static void assert_same(str a, str b)
{
    assert_true(str_eq(a, b) && !a.p == !b.p);
}

static void reads_what_was_packed(void **state)
{
    static const char *const issues[] = {"ACME-1", NULL, "A\"\\\b\x1f\x7f-1", "Ü€😀-2", ""};
    struct packed p;
    struct call_kind kinds[] = {kind_of("key"), kind_of("k\"ey\\")};

    (void)state;
    pack_begin(&p);
    kinds[1].user = (str){NULL, 0};
    kinds[1].code = STR("rate_limited");
    for (size_t i = 0; i < 10; i++)
        call_batch_add(p.b, &kinds[i % 2],
                       &(struct call_note){.issue = str_from(issues[i % COUNT_OF(issues)]),
                                           .at = START + (int64_t)i * 3,
                                           .ms = (int64_t)i * 100000000000,
                                           .status = i % 3 ? 429 : 0,
                                           .repeats = (int)i});
    pack(&p);
    assert_int_equal(p.count, 1);
    assert_true(id_valid(p.rows[0].id));
    assert_str(p.rows[0].app, "desk");
    assert_int_equal(p.rows[0].first_at, START);
    assert_int_equal(p.rows[0].last_at, START + 27);
    struct call_group g = read_row(&p, 0);
    assert_int_equal(g.kind_count, 2);
    assert_int_equal(g.count, 10);
    for (size_t i = 0; i < 10; i++) {
        const struct call_note *n = &g.notes[i], *was = &p.b->notes[i];
        const struct call_kind *k = &g.kinds[n->kind], *of = &kinds[i % 2];
        assert_int_equal(n->at, was->at);
        assert_int_equal(n->ms, was->ms);
        assert_int_equal(n->status, was->status);
        assert_int_equal(n->repeats, was->repeats);
        assert_same(n->issue, str_from(issues[i % COUNT_OF(issues)]));
        const str is[] = {k->app,  k->connection, k->connection_name, k->key,      k->key_name,
                          k->user, k->credential, k->method,          k->template, k->code};
        const str as[] = {of->app,  of->connection, of->connection_name, of->key,      of->key_name,
                          of->user, of->credential, of->method,          of->template, of->code};
        for (size_t t = 0; t < COUNT_OF(is); t++)
            assert_same(is[t], as[t]);
    }
    pack_end(&p);
}

static void leaves_out_text_that_is_none(void **state)
{
    struct packed p;
    struct call_kind kind = kind_of("key");

    (void)state;
    pack_begin(&p);
    call_batch_add(p.b, &kind, &(struct call_note){.issue = STR("A\xff-1"), .at = START});
    call_batch_add(p.b, &kind, &(struct call_note){.issue = STR("A\0-1"), .at = START});
    call_batch_add(p.b, &kind, &(struct call_note){.issue = STR("A-1"), .at = START});
    pack(&p);
    struct call_group g = read_row(&p, 0);
    assert_int_equal(g.count, 3);
    assert_null(g.notes[0].issue.p);
    assert_null(g.notes[1].issue.p);
    assert_str(g.notes[2].issue, "A-1");
    pack_end(&p);
}

static void a_group_is_of_one_app_and_not_too_large(void **state)
{
    struct packed p;
    struct call_kind desk = kind_of("key"), other = kind_of("key");
    size_t calls = 0;

    (void)state;
    pack_begin(&p);
    other.app = STR("other");
    for (int i = 0; i < 3 * CALL_GROUP_MAX; i++)
        add(p.b, i % 3 ? desk : other, i);
    pack(&p);
    assert_int_equal(p.count, 3);
    for (size_t i = 0; i < p.count; i++) {
        struct call_group g = read_row(&p, i);
        assert_int_equal(g.count, CALL_GROUP_MAX);
        for (size_t k = 0; k < g.count; k++)
            assert_int_equal((g.notes[k].at - START) % 3 == 0, str_eq(p.rows[i].app, STR("other")));
        calls += g.count;
    }
    assert_int_equal(calls, 3 * CALL_GROUP_MAX);
    pack_end(&p);
}

/* Also when the clock is set back: in the order in which they came, and no group is wider. */
static void a_group_spans_a_minute(void **state)
{
    static const int64_t at[] = {100000, 160000, 160001, 100002, 100000, 220000, 219999, 160000};
    static const size_t sizes[] = {2, 2, 1, 3};
    struct packed p;
    size_t from = 0;

    (void)state;
    pack_begin(&p);
    for (size_t i = 0; i < COUNT_OF(at); i++)
        add(p.b, kind_of("key"), at[i]);
    pack(&p);
    assert_int_equal(p.count, COUNT_OF(sizes));
    for (size_t i = 0; i < p.count; i++) {
        struct call_group g = read_row(&p, i);
        assert_int_equal(g.count, sizes[i]);
        assert_true(p.rows[i].last_at - p.rows[i].first_at <= CALL_GROUP_SPAN_MS);
        for (size_t k = 0; k < g.count; k++)
            assert_int_equal(g.notes[k].at, START + at[from++]);
    }
    pack_end(&p);
}

static void nothing_becomes_no_group(void **state)
{
    struct packed p;

    (void)state;
    pack_begin(&p);
    pack(&p);
    assert_int_equal(p.count, 0);
    pack_end(&p);
}

/* --- damage ----------------------------------------------------------------------------------- */

#define KIND "[\"con\",\"Jira\",\"key\",\"Key\",null,\"cred\",\"GET\",\"/x\",null]"
#define GROUP(kinds, calls) "{\"kinds\":[" kinds "],\"calls\":[" calls "]}"

static int reads(const char *text, int64_t first_at, int64_t last_at)
{
    struct arena *a = arena_new(1 << 20);
    struct call_group_row row = {.id = id_new(a),
                                 .app = STR("desk"),
                                 .first_at = first_at,
                                 .last_at = last_at,
                                 .calls = str_from(text)};
    struct call_group g;
    int ok = call_group_read(a, &row, &g);

    arena_free(a);
    return ok;
}

static void refuses_what_is_damaged(void **state)
{
    static const char *const damaged[] = {
        "",
        "{",
        "[]",
        "null",
        "{}",
        GROUP(KIND, ""),
        GROUP("", "[0,1,200,0,0,null]"),
        GROUP(KIND, "[0,1,200,0,1,null]"),
        GROUP(KIND, "[0,1,200,0,-1,null]"),
        GROUP(KIND, "[0,1,200,0,0]"),
        GROUP(KIND, "[0,1,200,0,0,null,1]"),
        GROUP(KIND, "[11,1,200,0,0,null]"),
        GROUP(KIND, "[-1,1,200,0,0,null]"),
        GROUP(KIND, "[0,-1,200,0,0,null]"),
        GROUP(KIND, "[0,1,4294967496,0,0,null]"),
        GROUP(KIND, "[0,1,\"200\",0,0,null]"),
        GROUP(KIND, "[0,1.5,200,0,0,null]"),
        GROUP(KIND, "7"),
        GROUP(KIND ",[\"con\"]", "[0,1,200,0,0,null]"),
        GROUP(KIND ",{}", "[0,1,200,0,0,null]"),
        "{\"kinds\":{},\"calls\":[[0,1,200,0,0,null]]}",
    };

    (void)state;
    assert_true(reads(GROUP(KIND, "[10,1,200,0,0,null]"), START, START + 10));
    for (size_t i = 0; i < COUNT_OF(damaged); i++) {
        if (reads(damaged[i], START, START + 10))
            fail_msg("read: %s", damaged[i]);
    }
    assert_false(reads(GROUP(KIND, "[0,1,200,0,0,null]"), START, START - 1));
    assert_false(reads(GROUP(KIND, "[0,1,200,0,0,null]"), INT64_MIN, START));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_same_once),
        cmocka_unit_test(forgets_and_keeps_again),
        cmocka_unit_test(keeps_apart_what_differs_in_anything),
        cmocka_unit_test(leaves_out_what_is_no_issue),
        cmocka_unit_test(reads_what_was_packed),
        cmocka_unit_test(leaves_out_text_that_is_none),
        cmocka_unit_test(a_group_is_of_one_app_and_not_too_large),
        cmocka_unit_test(a_group_spans_a_minute),
        cmocka_unit_test(nothing_becomes_no_group),
        cmocka_unit_test(refuses_what_is_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
