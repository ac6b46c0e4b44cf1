/* actions/place.h and actions/fill.h: what a place may be, what its value becomes, and that no
 * value breaks out. */
#include "support.h"

#include "actions/fill.h"
#include "base/doc.h"

static const char VALUES[] =
    "{\"input\": {\"key\": \"DEMO-1\", \"n\": 5, \"real\": 1.5, \"yes\": true, \"none\": null,"
    "  \"words\": \"a \\\"b\\\" \\\\ c\", \"path\": \"a/b c?d#e%\", \"up\": \"..\", \"line\": "
    "\"a\\r\\nX: 1\","
    "  \"braces\": \"{{input.key}}\", \"list\": [\"x\", \"y\\\"z\"], \"object\": {\"a b\": [1, "
    "{\"c\": \"deep\"}]},"
    "  \"quote\": \"\\\", \\\"admin\\\": \\\"yes\"},"
    " \"request\": {\"Find\": {\"response\": {\"body\": {\"issues\": [{\"key\": \"A-1\"}, "
    "{\"key\": \"A-2\"}]}}}}}";

struct fixture {
    struct arena *a;
    struct fault f;
    struct fill_scope scope;
};

static str shout(struct arena *a, const json_t *value)
{
    if (json_is_null(value))
        return (str){NULL, 0};
    return json_is_string(value) ? arena_printf(a, "<%s>", json_string_value(value)) : STR("<?>");
}

static json_t *twice(struct arena *a, const json_t *value)
{
    json_t *list = doc_array(a);

    if (!json_is_string(value))
        return NULL;
    assert_int_equal(json_array_append_new(list, json_copy((json_t *)(uintptr_t)value)), 0);
    assert_int_equal(json_array_append_new(list, json_copy((json_t *)(uintptr_t)value)), 0);
    return list;
}

static const struct place_filter FILTERS[] = {
    {"shout", shout, NULL}, {"double", NULL, twice}, {NULL, NULL, NULL}};

static json_t *parse(struct fixture *x, const char *text)
{
    json_t *value;

    assert_int_equal(doc_parse(x->a, &x->f, str_from(text), &value), ERR_OK);
    return value;
}

static int set_up(void **state)
{
    static struct fixture x;

    x = (struct fixture){.a = arena_new((size_t)256 << 20)};
    x.scope = (struct fill_scope){.values = parse(&x, VALUES), .filters = FILTERS};
    *state = &x;
    return 0;
}

static int tear_down(void **state)
{
    arena_free(((struct fixture *)*state)->a);
    return 0;
}

static void test_texts(void **state)
{
    static const struct {
        const char *text;
        enum fill_use use;
        const char *filled;
    } rows[] = {
        {"", FILL_TEXT, ""},
        {"no place } }} { here", FILL_TEXT, "no place } }} { here"},
        {"{{input.key}}", FILL_TEXT, "DEMO-1"},
        {"a {{ input.key\t}} b {{input.n}}{{input.real}} {{input.yes}}{{input.none}}.", FILL_TEXT,
         "a DEMO-1 b 51.5 true."},
        {"{{request.Find.response.body.issues[1].key}}", FILL_TEXT, "A-2"},
        {"{{ request . Find [ \"response\" ] .body.issues[ 0 ][\"key\"] }}", FILL_TEXT, "A-1"},
        {"{{input.object[\"a b\"][1].c}}", FILL_TEXT, "deep"},
        {"{{input.list}}", FILL_TEXT, "[\"x\",\"y\\\"z\"]"},
        {"{{input.key | shout}}{{input.n|shout}}", FILL_TEXT, "<DEMO-1><?>"},
        {"{{input.braces}}", FILL_TEXT, "{{input.key}}"}, /* a value is no template */
        {"/issue/{{input.path}}/x", FILL_PATH, "/issue/a%2Fb%20c%3Fd%23e%25/x"},
        {"/issue/a{{input.key}}", FILL_PATH, "/issue/aDEMO-1"},
        {"{{input.line}}", FILL_QUERY, "a\r\nX: 1"},
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        str filled;
        assert_int_equal(fill_check(&x->f, str_from(rows[i].text), FILTERS, NULL, NULL), ERR_OK);
        assert_int_equal(
            fill_text(x->a, &x->f, str_from(rows[i].text), &x->scope, rows[i].use, &filled),
            ERR_OK);
        assert_str(filled, rows[i].filled);
    }
}

static void test_what_cannot_be_read(void **state)
{
    static const char *const rows[] = {
        "{{",
        "{{}}",
        "{{ }}",
        "a {{input.key",
        "{{input.key}",
        "{{input.key}\n}",
        "{{.key}}",
        "{{input.}}",
        "{{input..key}}",
        "{{input[}}",
        "{{input[]}}",
        "{{input[x]}}",
        "{{input[-1]}}",
        "{{input[1}}",
        "{{input[\"]}}",
        "{{input[\"\"]}}",
        "{{input[9999999999]}}",
        "{{input.key key}}",
        "{{input.key + 1}}",
        "{{input.key()}}",
        "{{1}}",
        "{{\"a\"}}",
        "{{input.{{input.key}}}}",
        "{{{{input.key}}}}",
        "{{input.key | nothing}}",
        "{{input.key |}}",
        "{{input.key | shout | shout}}",
        "{{{input.key}}}",
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        str filled;
        fault_clear(&x->f);
        assert_int_equal(fill_check(&x->f, str_from(rows[i]), FILTERS, NULL, NULL), ERR_INVALID);
        assert_non_null(strstr(x->f.message, "{{"));
        assert_int_equal(fill_text(x->a, &x->f, str_from(rows[i]), &x->scope, FILL_TEXT, &filled),
                         ERR_INVALID);
    }
}

static void test_what_names_nothing_or_fits_nowhere(void **state)
{
    static const struct {
        const char *text;
        enum fill_use use;
        const char *message;
    } rows[] = {
        {"{{input.other}}", FILL_TEXT, "\"{{input.other}}\" names nothing."},
        {"x {{nothing}}", FILL_TEXT, "\"{{nothing}}\" names nothing."},
        {"{{input.key.more}}", FILL_TEXT, "\"{{input.key.more}}\" names nothing."},
        {"{{input.list[2]}}", FILL_TEXT, "\"{{input.list[2]}}\" names nothing."},
        {"{{input[0]}}", FILL_TEXT, "\"{{input[0]}}\" names nothing."},
        {"/{{input.none}}", FILL_PATH,
         "\"{{input.none}}\" is empty, which would make it another address."},
        {"/{{input.up}}/x", FILL_PATH, "\"{{input.up}}\" is no part of an address."},
        {"{{input.none | shout}}", FILL_TEXT,
         "\"{{input.none | shout}}\" cannot be written that way."},
        {"{{input.line}}", FILL_HEADER,
         "\"{{input.line}}\" has a line end or a control character in it."},
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        str filled;
        assert_int_equal(
            fill_text(x->a, &x->f, str_from(rows[i].text), &x->scope, rows[i].use, &filled),
            ERR_INVALID);
        assert_string_equal(x->f.message, rows[i].message);
    }
}

static void test_documents(void **state)
{
    struct fixture *x = *state;
    json_t *filled;
    json_t *from = parse(
        x, "{\"n\": \"{{input.n}}\", \"text\": \"{{input.n}} \", \"quote\": \"{{input.quote}}\","
           " \"same\": [1, null, true, 2.5, {}], \"none\": \"{{input.none}}\","
           " \"list\": [\"{{input.list}}\"], \"{{input.key}}\": {\"a\": \"{{input.key|shout}}\"}}");

    assert_int_equal(fill_check_document(&x->f, from, FILTERS, NULL, NULL), ERR_OK);
    assert_int_equal(fill_document(x->a, &x->f, from, &x->scope, &filled), ERR_OK);
    assert_str(doc_print(x->a, filled),
               "{\"n\":5,\"text\":\"5 \",\"quote\":\"\\\", \\\"admin\\\": \\\"yes\","
               "\"same\":[1,null,true,2.5,{}],\"none\":null,\"list\":[[\"x\",\"y\\\"z\"]],"
               "\"DEMO-1\":{\"a\":\"<DEMO-1>\"}}");
    from = parse(x, "{\"a\": [{\"b\": \"{{input.other}}\"}]}");
    assert_int_equal(fill_document(x->a, &x->f, from, &x->scope, &filled), ERR_INVALID);
    from = parse(x, "{\"a\": [{\"{{input.\": 1}]}");
    assert_int_equal(fill_check_document(&x->f, from, FILTERS, NULL, NULL), ERR_INVALID);
}

static enum err only_input(void *arg, struct fault *f, const struct place *place)
{
    (*(int *)arg)++;
    if (str_eq(place->steps[0].name, STR("input")))
        return ERR_OK;
    return fail(f, ERR_INVALID, "unknown %.*s", STR_ARG(place->source));
}

static void test_every_place_is_checked(void **state)
{
    struct fixture *x = *state;
    int seen = 0;

    assert_int_equal(fill_check(&x->f, STR("{{input.a}} {{input.b}}"), NULL, only_input, &seen),
                     ERR_OK);
    assert_int_equal(seen, 2);
    assert_int_equal(fill_check(&x->f, STR("{{input.a}} {{user}}"), NULL, only_input, &seen),
                     ERR_INVALID);
    assert_string_equal(x->f.message, "unknown {{user}}");
}

/* One text is at most 1 MB, and one document not much more, however often a long value is named. */
static void test_sizes(void **state)
{
    struct fixture *x = *state;
    json_t *values = doc_object(x->a);
    json_t *many = doc_array(x->a);
    char *mega = arena_alloc(x->a, ((size_t)1 << 20) + 1);
    json_t *filled;
    str text;

    memset(mega, 'x', (size_t)1 << 20);
    doc_set_str(values, "long", (str){mega, (size_t)1 << 20});
    struct fill_scope scope = {.values = values, .filters = NULL};
    assert_int_equal(fill_text(x->a, &x->f, STR("{{long}}"), &scope, FILL_TEXT, &text), ERR_OK);
    assert_int_equal(fill_text(x->a, &x->f, STR("{{long}}."), &scope, FILL_TEXT, &text),
                     ERR_INVALID);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(json_array_append_new(many, json_string("{{long}}")), 0);
    assert_int_equal(fill_document(x->a, &x->f, many, &scope, &filled), ERR_INVALID);
    json_t *named = doc_object(x->a); /* names of members count, too */
    doc_set_str(values, "half", (str){mega, (size_t)1 << 19});
    for (int i = 0; i < 300; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "{{half}}%d", i);
        doc_set_null(named, arena_printf(x->a, "%s", name).p);
    }
    assert_int_equal(fill_document(x->a, &x->f, named, &scope, &filled), ERR_INVALID);
}

static str filled(struct fixture *x, const char *document)
{
    json_t *value = NULL;

    fault_clear(&x->f);
    if (fill_document(x->a, &x->f, parse(x, document), &x->scope, &value))
        return str_from(fault_text(&x->f));
    return doc_print(x->a, value);
}

static void test_optional(void **state)
{
    static const struct {
        const char *document, *becomes;
    } CASES[] = {
        {"{\"a\": \"{{input.key?}}\", \"b\": \"{{input.none?}}\", \"c\": \"{{input.none}}\"}",
         "{\"a\":\"DEMO-1\",\"c\":null}"},
        {"{\"a\": \"{{input.unheard ?}}\"}", "{}"},
        {"[\"{{input.unheard?}}\", \"x\", \"{{input.none | shout?}}\"]",
         "\"{{input.none | shout?}}\" cannot be written that way."},
        {"{\"a\": {\"id\": \"{{input.none?}}\"}, \"b\": [\"{{input.none?}}\"], \"c\": {}, \"d\": "
         "[]}",
         "{\"c\":{},\"d\":[]}"},
        {"{\"a\": \"-{{input.unheard?}}-\"}", "{\"a\":\"--\"}"},
        {"\"{{input.unheard?}}\"", "null"},
        {"{\"a\": \"{{input.unheard}}\"}", "\"{{input.unheard}}\" names nothing."},
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(CASES); i++)
        assert_str(filled(x, CASES[i].document), CASES[i].becomes);
}

static void test_converting(void **state)
{
    struct fixture *x = *state;
    str text = {NULL, 0};

    assert_str(filled(x, "{\"a\": \"{{input.key | double}}\"}"), "{\"a\":[\"DEMO-1\",\"DEMO-1\"]}");
    assert_int_equal(
        fill_text(x->a, &x->f, STR("in {{input.key|double}}"), &x->scope, FILL_TEXT, &text),
        ERR_OK);
    assert_str(text, "in [\"DEMO-1\",\"DEMO-1\"]");
    assert_str(filled(x, "\"{{input.n | double}}\""),
               "\"{{input.n | double}}\" cannot be read that way.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_texts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_names_nothing_or_fits_nowhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_documents, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_place_is_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sizes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_optional, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_converting, set_up, tear_down),
    };

    doc_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
