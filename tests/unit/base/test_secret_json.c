/* base/secret_json.h: escapes, what is refused, and that a taken string is gone from its document.
 */
#include "support.h"

#include <malloc.h>

#include "base/doc.h"
#include "base/secret_json.h"

static struct secret secret_of(const char *text)
{
    struct secret s = {0};

    secret_set(&s, text, strlen(text));
    return s;
}

static void test_escapes(void **state)
{
    static const struct {
        const char *value;
        const char *json;
    } rows[] = {
        {"", "{\"k\":\"\"}"},
        {"plain", "{\"k\":\"plain\"}"},
        {"a\"b\\c/d", "{\"k\":\"a\\\"b\\\\c/d\"}"},
        {"\",\"x\":\"", "{\"k\":\"\\\",\\\"x\\\":\\\"\"}"},
        {"\n\r\t\b\f\x01\x1f\x7f", "{\"k\":\"\\u000a\\u000d\\u0009\\u0008\\u000c\\u0001\\u001f"
                                   "\\u007f\"}"},
        {"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "{\"k\":\"\xc3\xa9 \xe2\x82\xac "
                                                   "\xf0\x9f\x98\x80\"}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct secret value = secret_of(rows[i].value);
        struct secret_json_field text = {.key = "k", .text = str_from(rows[i].value)};
        struct secret_json_field field = {.key = "k", .secret = &value};
        struct secret made = {0};
        assert_int_equal(secret_json_make(&text, 1, &made), 1);
        assert_str(secret_expose(&made), rows[i].json);
        assert_int_equal(secret_json_make(&field, 1, &made), 1); /* the earlier one is wiped */
        assert_str(secret_expose(&made), rows[i].json);
        secret_wipe(&made);
        secret_wipe(&value);
    }
}

/* jansson, which nobody here wrote, reads every value back as it was. */
static void test_reads_back(void **state)
{
    struct arena *a = arena_new((size_t)1 << 20);
    char all[128] = {0};
    struct secret secret = {0};
    struct secret made = {0};
    json_t *doc = NULL;

    (void)state;
    for (int c = 1; c < 128; c++)
        all[c - 1] = (char)c;
    secret = secret_of(all);
    const struct secret_json_field fields[] = {
        {.key = "first", .text = STR("one")},
        {.key = "second", .secret = &secret},
        {.key = "third", .text = {NULL, 0}},
    };
    assert_int_equal(secret_json_make(fields, 3, &made), 1);
    assert_int_equal(doc_parse(a, NULL, secret_expose(&made), &doc), ERR_OK);
    assert_int_equal(json_object_size(doc), 3);
    assert_str(doc_get_str(doc, "first"), "one");
    assert_str(doc_get_str(doc, "second"), all);
    assert_str(doc_get_str(doc, "third"), "");
    assert_int_equal(secret_json_make(NULL, 0, &made), 1);
    assert_str(secret_expose(&made), "{}");
    secret_wipe(&made);
    secret_wipe(&secret);
    arena_free(a);
}

static void test_what_is_not_utf8(void **state)
{
    static const str rows[] = {
        {"\xff", 1}, {"a\xc3", 2}, {"\xed\xa0\x80", 3}, {"\xc0\xaf", 2}, {"a\0b", 3},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct secret bad = {0};
        struct secret made = secret_of("as before");
        struct secret_json_field text = {.key = "k", .text = rows[i]};
        struct secret_json_field field = {.key = "k", .secret = &bad};
        secret_set(&bad, rows[i].p, rows[i].n);
        assert_int_equal(secret_json_make(&text, 1, &made), 0);
        assert_int_equal(secret_json_make(&field, 1, &made), 0);
        assert_str(secret_expose(&made), "as before");
        secret_wipe(&made);
        secret_wipe(&bad);
    }
}

static void key_with_quote(void *arg)
{
    static const struct secret_json_field field = {.key = "a\"b"};
    int made = secret_json_make(&field, 1, arg);

    (void)made;
}

static void test_keys_are_ours(void **state)
{
    struct secret made = {0};

    (void)state;
    assert_true(aborts(key_with_quote, &made));
}

static void test_take(void **state)
{
    struct arena *a = arena_new((size_t)1 << 20);
    struct secret taken = {0};
    struct secret none = {0};
    json_t *doc = NULL;

    (void)state;
    assert_int_equal(
        doc_parse(a, NULL, STR("{\"t\":\"canary\\u00e9\",\"n\":5,\"e\":\"\",\"z\":null}"), &doc),
        ERR_OK);
    assert_int_equal(secret_json_take(doc, "t", &taken), 1);
    assert_str(secret_expose(&taken), "canary\xc3\xa9");
    assert_null(doc_get(doc, "t"));
    assert_int_equal(secret_json_take(doc, "t", &none), 0);
    assert_int_equal(secret_json_take(doc, "n", &none), 0);
    assert_int_equal(secret_json_take(doc, "z", &none), 0);
    assert_int_equal(secret_json_take(NULL, "t", &none), 0);
    assert_int_equal(doc_get_int(doc, "n", 0), 5);
    assert_false(secret_is_set(&none));
    assert_int_equal(secret_json_take(doc, "e", &none), 1); /* empty is a string */
    assert_int_equal(none.n, 0);
    secret_wipe(&none);
    secret_wipe(&taken);
    arena_free(a);
}

/* What jansson gave back when the string was taken. */
static size_t dirty_frees;

static void *plain_alloc(size_t n)
{
    return malloc(n);
}

static void watching_free(void *p)
{
    if (p && memmem(p, malloc_usable_size(p), "canary-token", 12))
        dirty_frees++;
    free(p);
}

/* The document lets go of the string at once, not with its arena. */
static void test_taken_memory_is_given_back(void **state)
{
    json_t *doc;
    struct secret taken = {0};

    (void)state;
    json_set_alloc_funcs(plain_alloc, watching_free);
    doc = json_pack("{s:s}", "t", "canary-token");
    dirty_frees = 0;
    assert_int_equal(secret_json_take(doc, "t", &taken), 1);
    assert_int_equal(dirty_frees, 1);
    json_decref(doc);
    assert_int_equal(dirty_frees, 1);
    secret_wipe(&taken);
    doc_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_reads_back),
        cmocka_unit_test(test_what_is_not_utf8),
        cmocka_unit_test(test_keys_are_ours),
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_taken_memory_is_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
