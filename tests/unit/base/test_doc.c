/* base/doc.h: making, reading, parsing, printing and re-indenting documents. */
#include "support.h"

#include "base/doc.h"

static int set_up(void **state)
{
    *state = arena_new(10 * 1000 * 1000);
    return 0;
}

static int tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

static void test_makes_and_prints(void **state)
{
    struct arena *a = *state;
    json_t *doc = doc_object(a);
    json_t *list = doc_array(a);
    char text[] = "sent\xE2\x82\xAC\"ence\n";

    doc_set_str(doc, "text", str_from(text));
    text[0] = 'X';
    doc_set_str(doc, "empty", STR(""));
    doc_set_str(doc, "none", (str){NULL, 0});
    doc_set_cstring(doc, "no_c", NULL);
    doc_set_int(doc, "big", INT64_MAX);
    doc_set_bool(doc, "yes", 7);
    doc_set_bool(doc, "no", 0);
    doc_set_null(doc, "null");
    doc_set_time(doc, "at", 1);
    doc_set_time(doc, "never", 0);
    doc_append(list, doc_object(a));
    doc_append(list, list == NULL ? NULL : doc_array(a));
    doc_set(doc, "list", list);
    assert_str(doc_print(a, doc),
               "{\"text\":\"sent\xE2\x82\xAC\\\"ence\\n\",\"empty\":\"\",\"none\":null,"
               "\"no_c\":null,\"big\":9223372036854775807,\"yes\":true,\"no\":false,"
               "\"null\":null,\"at\":\"1970-01-01T00:00:00.001Z\",\"never\":null,"
               "\"list\":[{},[]]}");
}

static void test_reads(void **state)
{
    json_t *doc = NULL;

    assert_int_equal(
        doc_parse(*state, NULL, STR("{\"s\":\"a\\tb\",\"n\":-5,\"o\":{\"x\":1},\"r\":1.5}"), &doc),
        ERR_OK);
    assert_str(doc_get_str(doc, "s"), "a\tb");
    assert_null(doc_get_str(doc, "n").p);
    assert_null(doc_get_str(doc, "missing").p);
    assert_null(doc_get_str(NULL, "s").p);
    assert_int_equal(doc_get_int(doc, "n", 9), -5);
    assert_int_equal(doc_get_int(doc, "s", 9), 9);
    assert_int_equal(doc_get_int(doc, "r", 9), 9);
    assert_int_equal(doc_get_int(NULL, "n", 9), 9);
    assert_int_equal(doc_get_int(doc_get(doc, "o"), "x", 9), 1);
    assert_null(doc_get(doc_get(doc, "s"), "x")); /* not an object */
}

static void test_numbers_print_back(void **state)
{
    static const char *const texts[] = {
        "0.1",   "[0.1,2.5,-3]", "0.30000000000000004", "{\"a\":[1.7976931348623157e308]}", "true",
        "\"x\"", "[1e-7]",
    };
    static const char *const expected[] = {
        "0.1",   "[0.1,2.5,-3]", "0.30000000000000004", "{\"a\":[1.7976931348623157e308]}", "true",
        "\"x\"", "[1e-7]",
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        json_t *doc = NULL;
        assert_int_equal(doc_parse(*state, NULL, str_from(texts[i]), &doc), ERR_OK);
        assert_str(doc_print(*state, doc), expected[i]);
    }
}

static void test_refuses(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"", "The JSON text is empty."},
        {" \n", "The JSON text is empty."},
        {"{\"a\":1,\n \"a\":2}", "line 2, column 4: a key occurs twice."},
        {"{\"key\": \"TOPSECRET", "the text ends too early."},
        {"{\"a\":TOPSECRET}", "line 1, column 14: this is not valid here."},
        {"[\"TOPSECRET\"] x", "something follows after the end."},
        {"[1,]", "this is not valid here."},
        {"[\"\xFF\"]", "the text is not UTF-8."},
        {"[\"\xED\xA0\x80\"]", "the text is not UTF-8."},
        {"[\"\\ud800\"]", "this is not valid here."},
        {"[\"\\u0000\"]", "the character U+0000 is not accepted."},
        {"[99999999999999999999]", "a number is too large."},
        {"[1e999]", "a number is too large."},
        {"['a']", "this is not valid here."},
        {"// x", "this is not valid here."},
        {"NaN", "this is not valid here."},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fault f = {0};
        json_t *doc = NULL;
        assert_int_equal(doc_parse(*state, &f, str_from(cases[i].text), &doc), ERR_MALFORMED);
        assert_null(doc);
        if (!str_ends(str_from(f.message), str_from(cases[i].message)))
            fail_msg("%s: %s", cases[i].text, f.message);
        assert_null(strstr(f.message, "TOPSECRET"));
        assert_null(strstr(f.detail, "TOPSECRET"));
    }
}

static str repeat(struct arena *a, char open, size_t n)
{
    char *text = arena_alloc(a, 2 * n + 1);

    memset(text, open, n);
    memset(text + n, open == '[' ? ']' : '}', n);
    return (str){text, 2 * n};
}

static void test_deep_nesting(void **state)
{
    struct fault f = {0};
    json_t *doc = NULL;
    str pretty = {NULL, 0};

    assert_int_equal(doc_parse(*state, &f, repeat(*state, '[', 2000), &doc), ERR_OK);
    doc = NULL;
    assert_int_equal(doc_parse(*state, &f, repeat(*state, '[', 100000), &doc), ERR_MALFORMED);
    assert_true(str_ends(str_from(f.message), STR("it is nested too deeply.")));
    assert_false(doc_pretty(*state, repeat(*state, '[', 2000), 1000000, &pretty));
    assert_false(doc_pretty(*state, repeat(*state, '[', 100000), 1000000, &pretty));
    assert_null(pretty.p);
}

static void test_pretty(void **state)
{
    static const struct {
        const char *text;
        const char *pretty;
    } cases[] = {
        {"1.10", "1.10"},
        {" { } ", "{}"},
        {"[\n]", "[]"},
        {"[ { }, [ ] ]", "[\n  {},\n  []\n]"},
        {"{\"a\":1.0,\"b\":[1e3,-0,123456789012345678901234567890]}",
         "{\n  \"a\": 1.0,\n  \"b\": [\n    1e3,\n    -0,\n    123456789012345678901234567890\n  "
         "]\n}"},
        {"\t{\"x{,:\\\"}\\\\\" : \"\\u00e4\\u0000[]\" }\n",
         "{\n  \"x{,:\\\"}\\\\\": \"\\u00e4\\u0000[]\"\n}"},
        {"{\"a\":1,\"a\":2}", "{\n  \"a\": 1,\n  \"a\": 2\n}"},
        {"[true,false,null,\"\xE2\x82\xAC\"]",
         "[\n  true,\n  false,\n  null,\n  \"\xE2\x82\xAC\"\n]"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str pretty = {NULL, 0};
        str again = {NULL, 0};
        assert_true(doc_pretty(*state, str_from(cases[i].text), 1000, &pretty));
        assert_str(pretty, cases[i].pretty);
        assert_true(doc_pretty(*state, pretty, 1000, &again));
        assert_str(again, cases[i].pretty);
    }
}

static void test_pretty_refuses(void **state)
{
    static const char *const bad[] = {"", " ", "{", "[1,]", "<html>", "[\"\xFF\"]", "{} {}", "\"a"};
    str pretty = STR("untouched");

    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(doc_pretty(*state, str_from(bad[i]), 1000, &pretty));
    assert_false(doc_pretty(*state, STR("[1,2]"), 11, &pretty));
    assert_str(pretty, "untouched");
    assert_true(doc_pretty(*state, STR("[1,2]"), 12, &pretty));
    assert_int_equal(pretty.n, 12);
}

static void set_bad_utf8(void *arg)
{
    doc_set_str(doc_object(arg), "x", STR("\xFF"));
}

static void test_bad_text_aborts(void **state)
{
    assert_true(aborts(set_bad_utf8, *state));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_makes_and_prints),   cmocka_unit_test(test_reads),
        cmocka_unit_test(test_numbers_print_back), cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_deep_nesting),       cmocka_unit_test(test_pretty),
        cmocka_unit_test(test_pretty_refuses),     cmocka_unit_test(test_bad_text_aborts),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
