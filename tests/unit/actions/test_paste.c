/* actions/paste.h: tables and lists as people paste them. */
#include "support.h"

#include "actions/paste.h"
#include "base/buf.h"
#include "base/doc.h"

static str read_by(struct arena *a, json_t *(*filter)(struct arena *a, const json_t *value),
                   json_t *value)
{
    json_t *list = filter(a, doc_keep(a, value));

    return list ? doc_print(a, list) : STR("nothing");
}

static void test_tables(void **state)
{
    static const struct {
        const char *text, *becomes;
    } CASES[] = {
        {"Summary\tDue date\nA\t2026-12-01\nB\t\n",
         "[{\"summary\":\"A\",\"due_date\":\"2026-12-01\"},"
         "{\"summary\":\"B\"}]"},
        {"summary,description\r\n\"A, \"\"b\"\"\",\"one\ntwo\"\r\n\r\n,\r\n",
         "[{\"summary\":\"A, \\\"b\\\"\",\"description\":\"one\\ntwo\"}]"},
        {"Summary;Größe (x)\nA;1,5", "[{\"summary\":\"A\",\"größe_x\":\"1,5\"}]"},
        {"\xEF\xBB\xBFKey,,Key2\nA-1,lost,b,more", "[{\"key\":\"A-1\",\"key2\":\"b\"}]"},
        {"Summary", "[]"},
        {"", "[]"},
        {"a,b\n\"never closed", "[{\"a\":\"never closed\"}]"},
    };
    struct arena *a = arena_new(1 << 20);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(CASES); i++)
        assert_str(read_by(a, paste_table, json_string(CASES[i].text)), CASES[i].becomes);
    assert_str(read_by(a, paste_table, json_null()), "[]");
    assert_str(read_by(a, paste_table, json_integer(5)), "nothing");
    arena_free(a);
}

static void test_lists(void **state)
{
    struct arena *a = arena_new(1 << 20);

    (void)state;
    assert_str(read_by(a, paste_list, json_string(" A-1, A-2;A-1\r\n\tB-3 ")),
               "[\"A-1\",\"A-2\",\"B-3\"]");
    assert_str(read_by(a, paste_list, json_string("")), "[]");
    assert_str(read_by(a, paste_list, json_null()), "null");
    assert_str(read_by(a, paste_list, json_pack("[s]", "x y")), "[\"x y\"]");
    assert_str(read_by(a, paste_list, json_true()), "nothing");
    arena_free(a);
}

/* "WORD\n", n times, behind a heading. */
static json_t *lines(const char *word, size_t n)
{
    BUF_AUTO struct buf b = {0};

    buf_init(&b, (size_t)8 << 20);
    buf_add(&b, STR("a\n"));
    for (size_t i = 0; i < n; i++)
        buf_addf(&b, "%s%zu\n", word, i);
    return json_stringn(buf_str(&b).p, buf_str(&b).n);
}

static void test_limits(void **state)
{
    struct arena *a = arena_new((size_t)64 << 20);
    json_t *(*const filters[])(struct arena *, const json_t *) = {paste_table, paste_list};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(filters); i++) {
        json_t *most = filters[i](a, doc_keep(a, lines("w", PASTE_ITEMS_MAX - i)));
        assert_int_equal(json_array_size(most), PASTE_ITEMS_MAX);
        assert_null(filters[i](a, doc_keep(a, lines("w", PASTE_ITEMS_MAX + 1))));
        assert_null(filters[i](a, doc_keep(a, lines("a long line, and not many of them", 40000))));
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
