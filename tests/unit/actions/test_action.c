/* actions/action.h and output.h: what an action may hold, what is applied, and what outputs become.
 */
#include "support.h"

#include "actions/action.h"
#include "actions/output.h"
#include "base/doc.h"

struct fixture {
    struct arena *a;
    struct fault f;
    struct action_surroundings around;
};

static enum err check(void *self, struct arena *a, struct fault *f, struct provider_request *r)
{
    (void)self;
    (void)a;
    (void)f;
    (void)r;
    return ERR_OK;
}

static const struct provider PROVIDER = {.check_request = check};

static json_t *parse(struct fixture *x, const char *text)
{
    json_t *value;

    if (doc_parse(x->a, &x->f, str_from(text), &value))
        fail_msg("%s: %s", text, x->f.message);
    return value;
}

#define REQUEST(method, path, body)                                                                \
    "{\"connection\":\"n1\",\"document\":{\"method\":\"" method "\",\"path\":\"" path              \
    "\",\"query\":[],\"headers\":[],\"body\":" body "}}"

static int set_up(void **state)
{
    static struct fixture x;

    x = (struct fixture){.a = arena_new((size_t)64 << 20)};
    x.around = (struct action_surroundings){
        parse(&x,
              "{\"Find\":" REQUEST("GET", "/rest/issue/{{input.key}}", "null") ",\"Move\":" REQUEST(
                  "POST", "/rest/{{item.key}}",
                  "\"{{request.Find.response.body.key}}\"") ",\"Lost\":{\"connection\":null,"
                                                            "\"document\":{\"method\":\"GET\","
                                                            "\"path\":\"/rest/x\",\"query\":[],"
                                                            "\"headers\":[],\"body\":null}}}"),
        NULL, &PROVIDER};
    *state = &x;
    return 0;
}

static int tear_down(void **state)
{
    arena_free(((struct fixture *)*state)->a);
    return 0;
}

#define KEY "{\"id\":\"key\",\"type\":\"text\"}"
#define FIND "{\"request\":\"Find\"}"
#define EACH "\"for_each\":\"{{request.Find.response.body.issues}}\""

static void test_checked(void **state)
{
    static const struct {
        const char *inputs, *steps, *outputs;
        const char *field; /* NULL: nothing is wrong */
        const char *says;
    } table[] = {
        {KEY, FIND, "", NULL, ""},
        {KEY, FIND ",{\"request\":\"Move\"," EACH ",\"limit\":5,\"run_if\":\"{{input.key}}\"}",
         "{\"type\":\"table\",\"rows\":\"{{request.Move.results}}\",\"columns\":[{\"label\":\"K\","
         "\"value\":\"{{item.item.key}}\"}]},{\"type\":\"raw\",\"step\":\"Find\"}",
         NULL, ""},
        {KEY,
         FIND ",{\"request\":\"Find\",\"name\":\"Again\",\"run_if\":"
              "\"{{request.Find.response.body.key}}\"}",
         "", NULL, ""},
        {"", FIND, "", "steps[0].request", "{{input.key}}"},
        {KEY, "{\"request\":\"Nothing\"}", "", "steps[0].request", "Nothing"},
        {KEY, "{\"request\":\"Lost\"}", "", "steps[0].request", "deleted"},
        {KEY, "{\"request\":\"Move\"," EACH "}," FIND, "", "steps[0].for_each", "Find"},
        {KEY, FIND ",{\"request\":\"Move\"}", "", "steps[1].request", "{{item.key}}"},
        {KEY, FIND "," FIND, "", "steps[1].name", "another"},
        {KEY, "{\"request\":\"Find\",\"name\":\"a b\"}", "", "steps[0].name", ""},
        {KEY, "{\"request\":\"Find\",\"limit\":1001}", "", "steps[0].limit", "1000"},
        {KEY, "{\"request\":\"Find\",\"limit\":0}", "", "steps[0].limit", ""},
        {KEY, "{\"request\":\"Find\",\"fails\":\"maybe\"}", "", "steps[0].fails", "never"},
        {KEY, "{\"request\":\"Find\",\"on_failure\":\"x\"}", "", "steps[0].on_failure", "go_on"},
        {KEY, "{\"request\":\"Find\",\"run_if\":\"{{request.Find.count}}\"}", "", "steps[0].run_if",
         "before"},
        {KEY, "{\"request\":\"Find\",\"fails_if\":\"{{request.Find.response.body.error}}\"}", "",
         NULL, ""},
        {KEY, "{\"request\":\"Find\",\"retry\":5}", "", "steps[0]", "retry"},
        {KEY, "{\"request\":\"Find\",\"run_if\":5}", "", "steps[0].run_if", "text"},
        {KEY, "7", "", "steps[0]", ""},
        {KEY, FIND, "{\"type\":\"pie\"}", "outputs[0].type", ""},
        {KEY, FIND, "{\"type\":\"raw\",\"step\":\"Move\"}", "outputs[0].step", "Move"},
        {KEY, FIND, "{\"type\":\"text\",\"text\":\"{{oops}}\"}", "outputs[0].text", "{{oops}}"},
        {KEY, FIND, "{\"type\":\"text\",\"text\":\"{{item}}\"}", "outputs[0].text", "{{item}}"},
        {KEY, FIND, "{\"type\":\"text\"}", "outputs[0].text", ""},
        {KEY, FIND, "{\"type\":\"table\",\"rows\":\"{{input.key}}\",\"columns\":[]}",
         "outputs[0].columns", ""},
        {KEY, FIND, "{\"type\":\"text\",\"text\":\"x\",\"rows\":\"x\"}", "outputs[0]", "rows"},
        {"{\"id\":\"s\",\"type\":\"select\",\"options_from\":{\"request\":\"Move\",\"list\":"
         "\"{{request.Move.response.body}}\",\"value\":\"{{item.id}}\"}}," KEY,
         FIND, "", "inputs[0].options_from", ""},
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(table); i++) {
        str text = arena_printf(x->a, "{\"inputs\":[%s],\"steps\":[%s],\"outputs\":[%s]}",
                                table[i].inputs, table[i].steps, table[i].outputs);
        struct slips s;
        slips_init(&s, x->a);
        action_check_whole(&s, parse(x, text.p), &x->around);
        if (table[i].field ? s.count == 0 || strcmp(s.list[0].field, table[i].field) != 0 ||
                                 !strstr(s.list[0].message, table[i].says)
                           : s.count != 0)
            fail_msg("%s: %zu %s: %s", text.p, s.count, s.count ? s.list[0].field : "",
                     s.count ? s.list[0].message : "");
    }
}

static void test_shapes(void **state)
{
    static const char *const wrong[] = {"5", "[]", "{}", "{\"inputs\":[],\"steps\":[]}",
                                        "{\"inputs\":[],\"steps\":[],\"outputs\":[],\"more\":1}"};
    struct fixture *x = *state;
    struct slips s;

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        slips_init(&s, x->a);
        action_check(&s, parse(x, wrong[i]), &x->around);
        if (s.count == 0)
            fail_msg("%s passed", wrong[i]);
    }
    slips_init(&s, x->a);
    action_check(&s, action_empty(x->a), &x->around);
    assert_int_equal(s.count, 0);
    action_check_whole(&s, action_empty(x->a), &x->around);
    assert_int_equal(s.count, 1);
}

static void test_applied(void **state)
{
    struct fixture *x = *state;
    json_t *draft = parse(x, "{\"inputs\":[" KEY "],\"steps\":[" FIND "],\"outputs\":[]}");
    json_t *applied = action_freeze(x->a, draft, x->around.requests);

    assert_int_equal(json_object_size(doc_get(applied, "requests")), 1);
    assert_null(action_request(applied, STR("Move")));
    assert_int_equal(action_writes(applied), 0);
    /* what is changed later is not changed here */
    doc_set_cstring(doc_get(doc_get(x->around.requests, "Find"), "document"), "method", "DELETE");
    assert_true(
        str_eq(doc_get_str(doc_get(action_request(applied, STR("Find")), "document"), "method"),
               STR("GET")));
    assert_int_equal(action_writes(action_freeze(x->a, draft, x->around.requests)), 1);
}

static const char VALUES[] =
    "{\"request\":{\"Find\":{\"response\":{\"status\":200,\"body\":{\"issues\":[{\"key\":\"A-1\","
    "\"n\":3,\"who\":{\"name\":\"Anna\"}},{\"key\":\"A-2\",\"n\":\"x\",\"who\":null}],\"token\":"
    "\"canary\"}}}},\"input\":{\"key\":\"<b>\"}}";

static json_t *show(struct fixture *x, const char *output)
{
    struct fill_scope scope = {.values = parse(x, VALUES), .filters = NULL};
    json_t *list = outputs_show(x->a, parse(x, arena_printf(x->a, "[%s]", output).p), &scope);

    return json_array_get(list, 0);
}

static void assert_shown(struct fixture *x, const json_t *value, const char *expected)
{
    str got = doc_print(x->a, value);

    if (!str_eq(got, str_from(expected)))
        fail_msg("%.*s instead of %s", STR_ARG(got), expected);
}

static void test_outputs(void **state)
{
    struct fixture *x = *state;
    json_t *o =
        show(x, "{\"type\":\"table\",\"title\":\"T\",\"rows\":"
                "\"{{request.Find.response.body.issues}}\",\"columns\":[{\"label\":\"Key\","
                "\"value\":\"{{item.key}}\",\"link\":\"https://x/{{item.key}}\"},{\"label\":"
                "\"Who\",\"value\":\"{{item.who.name}}\",\"link\":\"javascript:x\"}]}");

    assert_shown(x, doc_get(o, "columns"), "[\"Key\",\"Who\"]");
    assert_shown(x, doc_get(o, "rows"),
                 "[{\"cells\":[{\"label\":\"Key\",\"text\":\"A-1\",\"link\":\"https://x/A-1\"},"
                 "{\"label\":\"Who\",\"text\":\"Anna\",\"link\":null}]},"
                 "{\"cells\":[{\"label\":\"Key\",\"text\":\"A-2\",\"link\":\"https://x/A-2\"},"
                 "{\"label\":\"Who\",\"text\":\"\",\"link\":null}]}]");
    assert_shown(x, doc_get(o, "total"), "2");
    o = show(x, "{\"type\":\"bar\",\"rows\":\"{{request.Find.response.body.issues}}\",\"label\":"
                "\"{{item.key}}\",\"value\":\"{{item.n}}\"}");
    assert_shown(x, doc_get(o, "bars"),
                 "[{\"label\":\"A-1\",\"text\":\"3\",\"value\":3.0},"
                 "{\"label\":\"A-2\",\"text\":\"x\",\"value\":0.0}]");
    assert_shown(x, doc_get(o, "most"), "3.0");
    o = show(x,
             "{\"type\":\"key_value\",\"pairs\":[{\"label\":\"In\",\"value\":\"{{input.key}}\"}]}");
    assert_shown(x, doc_get(o, "pairs"), "[{\"label\":\"In\",\"text\":\"<b>\",\"link\":null}]");
    o = show(x, "{\"type\":\"text\",\"text\":\"{{request.Gone.response.body}}\"}");
    assert_non_null(strstr(json_string_value(doc_get(o, "problem")), "Gone"));
    o = show(x, "{\"type\":\"table\",\"rows\":\"{{input.key}}\",\"columns\":[]}");
    assert_non_null(strstr(json_string_value(doc_get(o, "problem")), "no list"));
    o = show(x, "{\"type\":\"raw\",\"step\":\"Find\"}");
    assert_null(strstr(json_string_value(doc_get(o, "text")), "canary"));
    assert_non_null(strstr(json_string_value(doc_get(o, "text")), "A-1"));
}

static void test_many_rows_are_cut(void **state)
{
    struct fixture *x = *state;
    json_t *values = doc_object(x->a), *list = doc_array(x->a), *o;
    struct fill_scope scope = {.values = values, .filters = NULL};

    for (size_t i = 0; i < 100000; i++)
        json_array_append_new(list, json_integer((json_int_t)i));
    doc_set(values, "list", list);
    o = json_array_get(
        outputs_show(x->a,
                     parse(x, "[{\"type\":\"table\",\"rows\":\"{{list}}\",\"columns\""
                              ":[{\"label\":\"n\",\"value\":\"{{item}}\"}]}]"),
                     &scope),
        0);
    assert_int_equal(json_array_size(doc_get(o, "rows")), OUTPUT_ROWS_MAX);
    assert_int_equal(doc_get_int(o, "total", 0), 100000);
    assert_true(json_is_true(doc_get(o, "cut")));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_shapes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_applied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_outputs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_rows_are_cut, set_up, tear_down),
    };

    doc_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
