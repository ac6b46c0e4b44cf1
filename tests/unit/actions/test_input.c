/* actions/input.h and pattern.h: what inputs may be declared, and what may be entered. */
#include "support.h"

#include "actions/input.h"
#include "actions/pattern.h"
#include "base/doc.h"

struct fixture {
    struct arena *a;
    struct fault f;
    struct fill_scope scope;
};

static json_t *parse(struct fixture *x, const char *text)
{
    json_t *value;

    if (doc_parse(x->a, &x->f, str_from(text), &value))
        fail_msg("%s: %s", text, x->f.message);
    return value;
}

static int set_up(void **state)
{
    static struct fixture x;

    x = (struct fixture){.a = arena_new((size_t)64 << 20)};
    x.scope = (struct fill_scope){
        .values = parse(
            &x, "{\"user\": {\"email\": \"anna@x.test\"}, \"today\": \"2026-11-28\","
                " \"request\": {\"Types\": {\"response\": {\"body\": [{\"id\": 1, \"n\": \"One\"},"
                " {\"id\": \"\", \"n\": \"None\"}, {\"id\": \"2\"}]}}}}"),
        .filters = NULL};
    *state = &x;
    return 0;
}

static int tear_down(void **state)
{
    arena_free(((struct fixture *)*state)->a);
    return 0;
}

static void test_declared(void **state)
{
    static const struct {
        const char *inputs, *field; /* NULL: nothing is wrong */
    } table[] = {
        {"[]", NULL},
        {"[{\"id\":\"a\",\"type\":\"text\",\"min\":1,\"max\":9,\"pattern\":\"[a-z]+\",\"default\":"
         "\"{{user.email}}\"}]",
         NULL},
        {"[{\"id\":\"a\",\"type\":\"select\",\"options\":[{\"value\":\"1\",\"label\":\"One\"}]}]",
         NULL},
        {"[{\"id\":\"a\",\"type\":\"select\",\"options_from\":{\"request\":\"Types\",\"list\":"
         "\"{{request.Types.response.body}}\",\"value\":\"{{item.id}}\"}}]",
         NULL},
        {"{}", "inputs"},
        {"[1]", "inputs[0]"},
        {"[{\"id\":\"a b\",\"type\":\"text\"}]", "inputs[0].id"},
        {"[{\"id\":\"a\",\"type\":\"text\"},{\"id\":\"a\",\"type\":\"text\"}]", "inputs[1].id"},
        {"[{\"id\":\"a\",\"type\":\"password\"}]", "inputs[0].type"},
        {"[{\"id\":\"a\",\"type\":\"text\",\"mandatry\":true}]", "inputs[0]"},
        {"[{\"id\":\"a\",\"type\":\"text\",\"mandatory\":\"yes\"}]", "inputs[0].mandatory"},
        {"[{\"id\":\"a\",\"type\":\"text\",\"min\":5,\"max\":2}]", "inputs[0].max"},
        {"[{\"id\":\"a\",\"type\":\"date\",\"min\":5}]", "inputs[0].min"},
        {"[{\"id\":\"a\",\"type\":\"text\",\"pattern\":\"[a-z\"}]", "inputs[0].pattern"},
        {"[{\"id\":\"a\",\"type\":\"number\",\"pattern\":\"a\"}]", "inputs[0].pattern"},
        {"[{\"id\":\"a\",\"type\":\"text\",\"default\":\"{{input.b}}\"}]", "inputs[0].default"},
        {"[{\"id\":\"a\",\"type\":\"text\",\"default\":\"{{oops}}\"}]", "inputs[0].default"},
        {"[{\"id\":\"a\",\"type\":\"text\",\"hidden\":true}]", "inputs[0].default"},
        {"[{\"id\":\"a\",\"type\":\"select\"}]", "inputs[0].options"},
        {"[{\"id\":\"a\",\"type\":\"select\",\"options\":[]}]", "inputs[0].options"},
        {"[{\"id\":\"a\",\"type\":\"select\",\"options\":[{\"label\":\"x\"}]}]",
         "inputs[0].options"},
        {"[{\"id\":\"a\",\"type\":\"text\",\"options\":[{\"value\":\"x\"}]}]", "inputs[0].options"},
        {"[{\"id\":\"a\",\"type\":\"select\",\"options_from\":{\"request\":\"Lost\",\"list\":"
         "\"{{request.Types.response.body}}\",\"value\":\"{{item.id}}\"}}]",
         "inputs[0].options_from"},
        {"[{\"id\":\"a\",\"type\":\"select\",\"options_from\":{\"request\":\"Types\",\"list\":"
         "\"{{request.Types.response.body}}\",\"value\":\"{{itme.id}}\"}}]",
         "inputs[0].options_from"},
    };
    struct fixture *x = *state;
    json_t *requests = parse(x, "{\"Types\": 1}");

    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct slips s;
        slips_init(&s, x->a);
        inputs_check(&s, parse(x, table[i].inputs), requests, NULL);
        if (table[i].field ? s.count != 1 || strcmp(s.list[0].field, table[i].field) != 0
                           : s.count != 0)
            fail_msg("%s: %zu %s: %s", table[i].inputs, s.count, s.count ? s.list[0].field : "",
                     s.count ? s.list[0].message : "");
    }
}

static void test_entered(void **state)
{
    static const struct {
        const char *declared; /* behind {"id":"a", */
        const char *entered;
        const char *value; /* NULL: refused */
    } table[] = {
        {"\"type\":\"text\"", "{\"a\":\" x \"}", "\" x \""},
        {"\"type\":\"text\"", "{}", "null"},
        {"\"type\":\"text\"", "{\"a\":\"\"}", "null"},
        {"\"type\":\"text\",\"mandatory\":true", "{\"a\":\" \"}", NULL},
        {"\"type\":\"text\",\"mandatory\":true", "{}", NULL},
        {"\"type\":\"text\",\"max\":2", "{\"a\":\"\xc3\xa4\xc3\xa4\"}", "\"\xc3\xa4\xc3\xa4\""},
        {"\"type\":\"text\",\"max\":2", "{\"a\":\"abc\"}", NULL},
        {"\"type\":\"text\",\"min\":2", "{\"a\":\"a\"}", NULL},
        {"\"type\":\"text\"", "{\"a\":5}", NULL},
        {"\"type\":\"text\"", "{\"a\":\"a\\nb\"}", NULL},
        {"\"type\":\"textarea\"", "{\"a\":\"a\\nb\"}", "\"a\\nb\""},
        {"\"type\":\"text\",\"pattern\":\"[a-z]+\"", "{\"a\":\"abc\"}", "\"abc\""},
        {"\"type\":\"text\",\"pattern\":\"[a-z]+\"", "{\"a\":\"abc1\"}", NULL},
        {"\"type\":\"text\",\"pattern\":\"(a+)+b\"", "{\"a\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
         NULL},
        {"\"type\":\"text\",\"default\":\"{{user.email}}\"", "{}", "\"anna@x.test\""},
        {"\"type\":\"text\",\"default\":\"{{user.email}}\"", "{\"a\":\"\"}", "null"},
        {"\"type\":\"text\"", "{\"a\":\"{{user.email}}\"}", "\"{{user.email}}\""},
        {"\"type\":\"text\",\"hidden\":true,\"default\":\"x\"", "{}", "\"x\""},
        {"\"type\":\"text\",\"hidden\":true,\"default\":\"x\"", "{\"a\":\"y\"}", NULL},
        {"\"type\":\"text\"", "{\"b\":\"x\"}", NULL},
        {"\"type\":\"number\"", "{\"a\":\"12.5\"}", "12.5"},
        {"\"type\":\"number\"", "{\"a\":\"12\"}", "12"},
        {"\"type\":\"number\"", "{\"a\":1.5}", "1.5"},
        {"\"type\":\"number\"", "{\"a\":\"nan\"}", NULL},
        {"\"type\":\"number\"", "{\"a\":\"1e999\"}", NULL},
        {"\"type\":\"number\"", "{\"a\":\"0x10\"}", NULL},
        {"\"type\":\"number\",\"max\":2.5", "{\"a\":\"2.6\"}", NULL},
        {"\"type\":\"integer\"", "{\"a\":\"7\"}", "7"},
        {"\"type\":\"integer\"", "{\"a\":\"7.5\"}", NULL},
        {"\"type\":\"integer\",\"min\":1", "{\"a\":0}", NULL},
        {"\"type\":\"checkbox\"", "{\"a\":\"on\"}", "true"},
        {"\"type\":\"checkbox\"", "{}", "false"},
        {"\"type\":\"checkbox\"", "{\"a\":false}", "false"},
        {"\"type\":\"checkbox\"", "{\"a\":\"maybe\"}", NULL},
        {"\"type\":\"checkbox\",\"mandatory\":true", "{\"a\":false}", NULL},
        {"\"type\":\"date\"", "{\"a\":\"2026-02-28\"}", "\"2026-02-28\""},
        {"\"type\":\"date\"", "{\"a\":\"2026-02-30\"}", NULL},
        {"\"type\":\"date\",\"min\":\"2026-03-01\"", "{\"a\":\"2026-02-28\"}", NULL},
        {"\"type\":\"date\",\"default\":\"{{today}}\"", "{}", "\"2026-11-28\""},
        {"\"type\":\"datetime\"", "{\"a\":\"2026-02-28T23:50\"}",
         "\"2026-02-28T23:50:00.000+0000\""},
        {"\"type\":\"datetime\"", "{\"a\":\"2026-02-28T23:50:07Z\"}",
         "\"2026-02-28T23:50:07.000+0000\""},
        {"\"type\":\"datetime\"", "{\"a\":\"2026-02-28T24:00\"}", NULL},
        {"\"type\":\"datetime\"", "{\"a\":\"2026-02-28T23:50+02:00\"}", NULL},
        {"\"type\":\"datetime\"", "{\"a\":\"2026-02-28T23:5\"}", NULL},
        {"\"type\":\"email\"", "{\"a\":\"x@y.test\"}", "\"x@y.test\""},
        {"\"type\":\"email\"", "{\"a\":\"x\"}", NULL},
        {"\"type\":\"link\"", "{\"a\":\"https://x.test/a\"}", "\"https://x.test/a\""},
        {"\"type\":\"link\"", "{\"a\":\"javascript:alert(1)\"}", NULL},
        {"\"type\":\"select\",\"options\":[{\"value\":\"1\"}]", "{\"a\":\"1\"}", "\"1\""},
        {"\"type\":\"select\",\"options\":[{\"value\":\"1\"}]", "{\"a\":\"2\"}", NULL},
        {"\"type\":\"select\",\"options\":[{\"value\":\"1\"}]", "{\"a\":1}", NULL},
        {"\"type\":\"multiselect\",\"options\":[{\"value\":\"1\"},{\"value\":\"2\"}]",
         "{\"a\":[\"2\",\"1\"]}", "[\"2\",\"1\"]"},
        {"\"type\":\"multiselect\",\"options\":[{\"value\":\"1\"}]", "{\"a\":\"1\"}", "[\"1\"]"},
        {"\"type\":\"multiselect\",\"options\":[{\"value\":\"1\"}]", "{\"a\":[\"1\",\"3\"]}", NULL},
        {"\"type\":\"multiselect\",\"options\":[{\"value\":\"1\"}]", "{\"a\":{}}", NULL},
        {"\"type\":\"multiselect\",\"options\":[{\"value\":\"1\"}]", "{\"a\":[]}", "null"},
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(table); i++) {
        json_t *inputs = parse(x, arena_printf(x->a, "[{\"id\":\"a\",%s}]", table[i].declared).p);
        struct slips s;
        slips_init(&s, x->a);
        json_t *values = inputs_read(&s, inputs, parse(x, table[i].entered), &x->scope);
        str got = doc_print(x->a, doc_get(values, "a"));
        if (table[i].value ? s.count || !str_eq(got, str_from(table[i].value)) : s.count != 1)
            fail_msg("%s %s: %.*s, %zu %s", table[i].declared, table[i].entered, STR_ARG(got),
                     s.count, s.count ? s.list[0].message : "");
    }
}

static void test_length_without_a_limit(void **state)
{
    struct fixture *x = *state;
    json_t *entered = doc_object(x->a);
    char *text = arena_alloc(x->a, INPUT_TEXT_MAX + 2);
    struct slips s;

    memset(text, 'a', INPUT_TEXT_MAX + 1);
    doc_set_cstring(entered, "a", text);
    slips_init(&s, x->a);
    (void)inputs_read(&s, parse(x, "[{\"id\":\"a\",\"type\":\"textarea\"}]"), entered, &x->scope);
    assert_int_equal(s.count, 1);
    text[INPUT_TEXT_MAX] = '\0';
    doc_set_cstring(entered, "a", text);
    slips_init(&s, x->a);
    (void)inputs_read(&s, parse(x, "[{\"id\":\"a\",\"type\":\"textarea\"}]"), entered, &x->scope);
    assert_int_equal(s.count, 0);
}

/* A message quotes what was entered only in part, and goes into a JSON document: whole characters.
 */
static void test_names_cut(void **state)
{
    static const char ENTERED[] =
        "{\"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeefffffffff\xc3\xa4\":1}";
    struct fixture *x = *state;
    struct slips s;

    slips_init(&s, x->a);
    (void)inputs_read(&s, parse(x, "[{\"id\":\"a\",\"type\":\"text\"}]"), parse(x, ENTERED),
                      &x->scope);
    assert_int_equal(s.count, 1);
    assert_true(str_is_utf8(str_from(s.list[0].message)));
    for (size_t n = 300; n < 420; n++) {
        char *text = arena_alloc(x->a, n + 3);
        memset(text, 'a', n);
        memcpy(text + n, "\xc3\xa4", 3);
        slips_init(&s, x->a);
        slips_add(&s, "a", "%s", text);
        assert_true(str_is_utf8(str_from(s.list[0].message)));
    }
}

static void test_options(void **state)
{
    struct fixture *x = *state;
    json_t *options = NULL;
    int cut = 7;

    assert_int_equal(input_options(x->a, &x->f,
                                   parse(x, "{\"list\":\"{{request.Types.response.body}}\","
                                            "\"value\":\"{{item.id}}\",\"label\":\"\"}"),
                                   &x->scope, &options, &cut),
                     ERR_OK);
    assert_true(str_eq(doc_print(x->a, options), STR("[{\"value\":\"1\",\"label\":\"1\"},"
                                                     "{\"value\":\"2\",\"label\":\"2\"}]")));
    assert_int_equal(cut, 0);
    assert_true(input_is_among(options, parse(x, "\"2\"")));
    assert_false(input_is_among(options, parse(x, "\"3\"")));
    assert_true(input_is_among(options, parse(x, "[\"1\",\"2\"]")));
    assert_false(input_is_among(options, parse(x, "[\"1\",\"3\"]")));
    assert_int_equal(input_options(x->a, &x->f,
                                   parse(x, "{\"list\":\"{{user}}\",\"value\":\"{{item}}\"}"),
                                   &x->scope, &options, &cut),
                     ERR_INVALID);
}

static void test_a_hundred_thousand_options_are_cut(void **state)
{
    struct fixture *x = *state;
    json_t *values = doc_object(x->a), *list = doc_array(x->a), *options = NULL;
    struct fill_scope scope = {.values = values, .filters = NULL};
    int cut = 0;

    for (size_t i = 0; i < 100000; i++)
        json_array_append_new(list, json_integer((json_int_t)i));
    doc_set(values, "list", list);
    assert_int_equal(input_options(x->a, &x->f,
                                   parse(x, "{\"list\":\"{{list}}\",\"value\":\"{{item}}\"}"),
                                   &scope, &options, &cut),
                     ERR_OK);
    assert_int_equal(json_array_size(options), INPUT_OPTIONS_MAX);
    assert_int_equal(cut, 1);
}

static void test_patterns(void **state)
{
    struct fault f = {.code = ERR_OK};
    int fits = 7;

    (void)state;
    assert_int_equal(pattern_check(&f, STR("")), ERR_INVALID);
    assert_int_equal(pattern_check(&f, STR("(((((((((((((((((((((((a)))))))))))))))))))))))")),
                     ERR_INVALID);
    assert_int_equal(pattern_check(&f, STR("\\C")), ERR_INVALID);
    assert_int_equal(pattern_fits(&f, STR("a|ab"), STR("ab"), &fits), ERR_OK);
    assert_int_equal(fits, 1);
    assert_int_equal(pattern_fits(&f, STR("^b$"), STR("a\nb"), &fits), ERR_OK);
    assert_int_equal(fits, 0);
    assert_int_equal(pattern_fits(&f, STR("."), STR("\xc3\xa4"), &fits), ERR_OK);
    assert_int_equal(fits, 1);
    assert_int_equal(pattern_fits(&f, STR("(?:a+)+[^a]"),
                                  STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
                                  &fits),
                     ERR_INVALID);
    assert_non_null(strstr(f.message, "too long"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_declared, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_entered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_length_without_a_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_names_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_options, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_hundred_thousand_options_are_cut, set_up, tear_down),
        cmocka_unit_test(test_patterns),
    };

    doc_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
