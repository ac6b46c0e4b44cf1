/* actions/names.h and mask.h: which names are known, and that a place is found again where it was
 * put; what counts as a secret. */
#include "support.h"

#include "actions/mask.h"
#include "actions/names.h"
#include "base/doc.h"

struct fixture {
    struct arena *a;
    struct fault f;
};

static json_t *parse(struct fixture *x, const char *text)
{
    json_t *value;

    assert_int_equal(doc_parse(x->a, &x->f, str_from(text), &value), ERR_OK);
    return value;
}

static int set_up(void **state)
{
    static struct fixture x;

    x = (struct fixture){.a = arena_new((size_t)16 << 20)};
    *state = &x;
    return 0;
}

static int tear_down(void **state)
{
    arena_free(((struct fixture *)*state)->a);
    return 0;
}

static void test_known(void **state)
{
    static const struct {
        const char *text;
        int outside, inside; /* of a list: known */
    } table[] = {
        {"{{input.key}}", 1, 1},
        {"{{input.key.more}}", 1, 1},
        {"{{input.kye}}", 0, 0},
        {"{{input}}", 0, 0},
        {"{{input[0]}}", 0, 0},
        {"{{request.Find.response.body.issues[0].key}}", 1, 1},
        {"{{request.Find.response.status}}", 1, 1},
        {"{{request.Find.response.headers[\"X-A\"]}}", 1, 1},
        {"{{request.Find.response}}", 1, 1},
        {"{{request.Find.results[3].ok}}", 1, 1},
        {"{{request.Find.count}}", 1, 1},
        {"{{request.Find.failed}}", 1, 1},
        {"{{request.Find.count.x}}", 0, 0},
        {"{{request.Find.response.boddy}}", 0, 0},
        {"{{request.Find}}", 0, 0},
        {"{{request.Lost.response.body}}", 0, 0},
        {"{{user.email}}", 1, 1},
        {"{{user.password}}", 0, 0},
        {"{{user}}", 0, 0},
        {"{{now}}", 1, 1},
        {"{{today}}", 1, 1},
        {"{{now.year}}", 0, 0},
        {"{{item}}", 0, 1},
        {"{{item.key}}", 0, 1},
        {"{{index}}", 0, 1},
        {"{{index.x}}", 0, 0},
        {"{{inptu.key}}", 0, 0},
        {"{{secrets}}", 0, 0},
    };
    struct fixture *x = *state;
    struct names outside = {parse(x, "{\"key\": 1}"), parse(x, "{\"Find\": 1}"), 0};
    struct names inside = outside;

    inside.in_list = 1;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        str text = str_from(table[i].text);
        struct fault f = {.code = ERR_OK};
        int out = fill_check(&f, text, NULL, names_check, &outside) == ERR_OK;
        if (!out && !strstr(f.message, table[i].text))
            fail_msg("%s is not quoted: %s", table[i].text, f.message);
        int in = fill_check(NULL, text, NULL, names_check, &inside) == ERR_OK;
        if (out != table[i].outside || in != table[i].inside)
            fail_msg("%s: %d %d", table[i].text, out, in);
    }
}

static void test_any_name_when_nothing_is_known(void **state)
{
    struct names any = {0};

    (void)state;
    assert_int_equal(fill_check(NULL, STR("{{input.whatever}}"), NULL, names_check, &any), ERR_OK);
    assert_int_equal(fill_check(NULL, STR("{{input}}"), NULL, names_check, &any), ERR_INVALID);
}

static void test_put_and_found(void **state)
{
    static const char *const references[] = {"input.key", "input.list[2].name",
                                             "request.Find.response.body.issues[0].key",
                                             "request.Find.response.body[\"a b\"]", "item[1][0]"};
    struct fixture *x = *state;
    json_t *values = doc_object(x->a);
    struct fill_scope scope = {.values = values, .filters = NULL};
    str found;

    for (size_t i = 0; i < COUNT_OF(references); i++) {
        struct place place = {0};
        assert_int_equal(names_read(x->a, &x->f, str_from(references[i]), &place), ERR_OK);
        str back = names_reference(x->a, &place);
        assert_int_equal(back.n, strlen(references[i]));
        assert_memory_equal(back.p, references[i], back.n);
        assert_int_equal(names_set(&x->f, values, &place, json_integer((json_int_t)i)), ERR_OK);
    }
    for (size_t i = 0; i < COUNT_OF(references); i++) {
        str text = arena_printf(x->a, "{{%s}}", references[i]);
        assert_int_equal(fill_text(x->a, &x->f, text, &scope, FILL_TEXT, &found), ERR_OK);
        assert_int_equal(found.p[0], '0' + (int)i);
    }
}

static enum err put(struct fixture *x, json_t *values, const char *reference)
{
    struct place place = {0};
    enum err e = names_read(x->a, &x->f, str_from(reference), &place);

    return e ? e : names_set(&x->f, values, &place, json_true());
}

static void test_what_does_not_fit(void **state)
{
    struct fixture *x = *state;
    json_t *values = parse(x, "{\"input\": {\"key\": \"text\"}}");

    assert_int_equal(put(x, values, "input.key.deeper"), ERR_INVALID);
    assert_int_equal(put(x, values, "input[0]"), ERR_INVALID);
    assert_int_equal(put(x, values, "item[101]"), ERR_INVALID);
    assert_int_equal(put(x, values, "item[100]"), ERR_OK);
    assert_int_equal(put(x, values, "no name"), ERR_INVALID);
    assert_int_equal(put(x, values, ""), ERR_INVALID);
    assert_int_equal(put(x, values, "a}} and {{b"), ERR_INVALID);
}

static void test_masks(void **state)
{
    static const struct {
        const char *body, *masked;
    } table[] = {
        {"{\"password\":\"x\",\"a\":1}", "{\"password\":\"***\",\"a\":1}"},
        {"{\"API-Key\":\"x\"}", "{\"API-Key\":\"***\"}"},
        {"{\"apiKeys\":[{\"clientSecret\":5}]}", "{\"apiKeys\":[{\"clientSecret\":\"***\"}]}"},
        {"{\"access_token\":\"x\",\"nextPageToken\":\"keep\"}",
         "{\"access_token\":\"***\",\"nextPageToken\":\"keep\"}"},
        {"{\"key\":\"ACME-1\",\"real\":0.1}", "{\"key\":\"ACME-1\",\"real\":0.1}"},
        {"{ \"spaces\" : \"stay\" }", "{ \"spaces\" : \"stay\" }"},
        {"not json password=x", "not json password=x"},
        {"", ""},
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(table); i++) {
        str masked = mask_body(x->a, str_from(table[i].body));
        if (!str_eq(masked, str_from(table[i].masked)))
            fail_msg("%s: %.*s", table[i].body, STR_ARG(masked));
    }
}

static void test_cuts(void **state)
{
    struct fixture *x = *state;
    str none = mask_cut(x->a, (str){NULL, 0}, 10);
    str cut = mask_cut(x->a, STR("\"\xc3\xa4\xc3\xa4\xc3\xa4\""), 4);

    assert_null(none.p);
    assert_true(str_eq(cut, STR("\"\xc3\xa4...")));
    assert_true(str_eq(mask_cut(x->a, STR("1234"), 4), STR("1234")));
    assert_true(str_eq(mask_cut(x->a, STR("\xff\xfe"), 4), STR("(2 bytes that are not text)")));
    /* masked before it is cut: half a secret is none */
    assert_true(
        str_eq(mask_cut(x->a, STR("{\"token\":\"abcdefghijkl\"}"), 12), STR("{\"token\":\"**...")));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_any_name_when_nothing_is_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_put_and_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_does_not_fit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_masks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cuts, set_up, tear_down),
    };

    doc_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
