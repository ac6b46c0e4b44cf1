/* base/err.h: the table's own order, and what becomes of messages. */
#include "support.h"

#include "base/err.h"

static void test_table_is_sound(void **state)
{
    (void)state;
    for (enum err e = ERR_OK + 1; e < ERR_COUNT; e++) {
        str code = str_from(err_code(e));
        str sentence = str_from(err_sentence(e));
        assert_true(str_starts(str_from(err_name(e)), STR("ERR_")));
        assert_in_range(err_status(e), 400, 599);
        assert_true(code.n > 0 && !str_has_control(code));
        assert_true(str_ends(sentence, STR(".")));
        assert_true(sentence.n < sizeof(((struct fault *)NULL)->message));
        for (enum err other = ERR_OK; other < e; other++)
            assert_false(str_eq(code, str_from(err_code(other))));
        for (size_t i = 0; i < code.n; i++)
            assert_true(code.p[i] == '_' || (code.p[i] >= 'a' && code.p[i] <= 'z'));
    }
    assert_string_equal(err_name(ERR_NOT_FOUND), "ERR_NOT_FOUND");
    assert_string_equal(err_code(ERR_NOT_FOUND), "not_found");
    assert_int_equal(err_status(ERR_NOT_FOUND), 404);
}

static enum err fails(struct fault *f)
{
    return fail(f, ERR_NAME_TAKEN, "There is a %s already.", "boat");
}

static void test_fail_fills(void **state)
{
    struct fault f = {0};

    (void)state;
    assert_int_equal(fails(&f), ERR_NAME_TAKEN);
    assert_int_equal(f.code, ERR_NAME_TAKEN);
    assert_string_equal(f.where, "fails");
    assert_string_equal(fault_text(&f), "There is a boat already.");
    assert_int_equal(fault_detail(&f, "errno %d", 5), ERR_NAME_TAKEN);
    assert_string_equal(f.detail, "errno 5");
    assert_int_equal(fail(&f, ERR_FORBIDDEN, ""), ERR_FORBIDDEN);
    assert_string_equal(f.detail, "");
    assert_string_equal(fault_text(&f), err_sentence(ERR_FORBIDDEN));
    fault_clear(&f);
    assert_int_equal(f.code, ERR_OK);
    assert_int_equal(fails(NULL), ERR_NAME_TAKEN);
    assert_int_equal(fault_detail(NULL, "x"), ERR_INTERNAL);
}

/* Whatever the length, a message stays UTF-8, is a prefix, and loses at most one character. */
static void test_long_message_is_cut_between_characters(void **state)
{
    static const char *const characters[] = {"a", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    struct fault f;

    (void)state;
    for (size_t c = 0; c < COUNT_OF(characters); c++) {
        for (size_t pad = 0; pad < 5; pad++) {
            char text[1000] = "";
            memset(text, 'x', pad);
            while (strlen(text) < 500)
                memcpy(text + strlen(text), characters[c], strlen(characters[c]) + 1);
            (void)fail(&f, ERR_INVALID, "%s", text);
            assert_true(str_is_utf8(str_from(f.message)));
            assert_true(strlen(f.message) > sizeof(f.message) - 5);
            assert_memory_equal(f.message, text, strlen(f.message));
        }
    }
    (void)fault_detail(&f, "%0500d", 7);
    assert_int_equal(strlen(f.detail), sizeof(f.detail) - 1);
}

static void test_message_is_cleaned(void **state)
{
    struct fault f;

    (void)state;
    (void)fail(&f, ERR_INVALID, "a\r\nb\x7F%s", "\x1B[2J");
    assert_string_equal(f.message, "a  b  [2J");
    (void)fail(&f, ERR_INVALID, "bad \xFF, good \xC3\xA4");
    assert_string_equal(f.message, "bad ?, good ??");
}

static void fail_with_ok(void *arg)
{
    (void)fail(arg, ERR_OK, "");
}

static void ask_beyond(void *arg)
{
    (void)arg;
    (void)err_code((enum err)ERR_COUNT);
}

static void test_bugs_abort(void **state)
{
    (void)state;
    assert_true(aborts(fail_with_ok, NULL));
    assert_true(aborts(ask_beyond, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_sound),
        cmocka_unit_test(test_fail_fills),
        cmocka_unit_test(test_long_message_is_cut_between_characters),
        cmocka_unit_test(test_message_is_cleaned),
        cmocka_unit_test(test_bugs_abort),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
