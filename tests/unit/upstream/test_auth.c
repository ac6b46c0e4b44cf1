/* upstream/auth.h. */
#include "support.h"

#include "upstream/auth.h"

static struct auth_line make(const char *username, const char *password)
{
    struct auth_line line = {0};
    struct secret s = {0};

    secret_set(&s, password, strlen(password));
    auth_make_basic(&line, str_from(username), &s);
    secret_wipe(&s);
    return line;
}

static void test_rfc7617_and_paddings(void **state)
{
    static const struct {
        const char *username;
        const char *password;
        const char *line;
    } rows[] = {
        {"Aladdin", "open sesame", "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
        {"test", "123\xc2\xa3", "Authorization: Basic dGVzdDoxMjPCow=="},
        {"", "", "Authorization: Basic Og=="},
        {"a", "", "Authorization: Basic YTo="},
        {"a", "b", "Authorization: Basic YTpi"},
        {"a", "b?>", "Authorization: Basic YTpiPz4="},
        {"a", "\xff\xff\xff", "Authorization: Basic YTr///8="},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct auth_line line = make(rows[i].username, rows[i].password);
        assert_string_equal(line.node.data, rows[i].line);
        assert_null(line.node.next);
        auth_wipe(&line);
        assert_null(line.node.data);
        assert_null(line.text.p);
    }
}

static void test_rfc6750(void **state)
{
    struct auth_line line = {0};
    struct secret s = {0};
    char visible[95] = {0};

    (void)state;
    for (int c = 0x21; c < 0x7F; c++)
        visible[c - 0x21] = (char)c;
    secret_set(&s, visible, 94);
    auth_make_bearer(&line, &s);
    assert_int_equal(strncmp(line.node.data, "Authorization: Bearer !\"#", 24), 0);
    assert_string_equal(line.node.data + 22, visible);
    assert_null(line.node.next);
    auth_wipe(&line);
    assert_null(line.node.data);
    secret_wipe(&s);
}

static void bearer(void *arg)
{
    const str *token = arg;
    struct auth_line line = {0};
    struct secret s = {0};

    secret_set(&s, token->p, token->n);
    auth_make_bearer(&line, &s);
}

/* What would begin another header, or end this one, never becomes one. */
static void test_bad_tokens_are_a_bug(void **state)
{
    static str rows[] = {
        {"a\r\nX-Evil: 1", 12}, {"a\nb", 3},  {"a\rb", 3}, {"a b", 3}, {"a\tb", 3}, {"a\0b", 3},
        {"a\xc3\xa9", 3},       {"a\x7f", 2}, {"", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!aborts(bearer, &rows[i]))
            fail_msg("token %zu was taken", i);
    }
}

static void colon(void *arg)
{
    (void)arg;
    (void)make("a:b", "c");
}

static void test_a_colon_is_a_bug(void **state)
{
    (void)state;
    assert_true(aborts(colon, NULL));
}

static void test_mask(void **state)
{
    struct secret s = {0};
    struct auth_line line = {0};
    char text[] = "open sesame, QWxhZGRpbjpvcGVuIHNlc2FtZQ==, open sesam, open sesameopen sesame";
    char short_text[] = "a b a b";

    (void)state;
    secret_set(&s, "open sesame", 11);
    auth_mask(&line, &s, text, sizeof(text) - 1); /* an empty line: nothing */
    assert_true(strncmp(text, "open", 4) == 0);
    auth_make_basic(&line, STR("Aladdin"), &s);
    auth_mask(&line, &s, text, sizeof(text) - 1);
    assert_string_equal(text, "***********, ****************************, open sesam, "
                              "**********************");
    auth_mask(&line, &s, NULL, 0);
    auth_wipe(&line);
    secret_set(&s, "b", 1);
    auth_make_basic(&line, STR("x"), &s);
    auth_mask(&line, &s, short_text, sizeof(short_text) - 1);
    assert_string_equal(short_text, "a b a b");
    auth_wipe(&line);
    secret_wipe(&s);
}

static void test_mask_bearer(void **state)
{
    struct secret token = {0};
    struct auth_line line = {0};
    char text[] = "Bearer eyJ0.abc, eyJ0.ab, eyJ0.abceyJ0.abc";

    (void)state;
    secret_set(&token, "eyJ0.abc", 8);
    auth_make_bearer(&line, &token);
    auth_mask(&line, &token, text, sizeof(text) - 1);
    assert_string_equal(text, "Bearer ********, eyJ0.ab, ****************");
    auth_wipe(&line);
    secret_wipe(&token);
}

/* Made once: the same line for every call, masked like one of its own, and no call ends it. */
static void test_borrowed(void **state)
{
    struct upstream_authorization made = {0};
    struct secret s = {0};

    (void)state;
    secret_set(&s, "open sesame", 11);
    upstream_authorization_make(&made, UPSTREAM_BASIC, STR("Aladdin"), &s);
    for (int call = 0; call < 2; call++) {
        struct auth_line line = {0};
        char text[] = "QWxhZGRpbjpvcGVuIHNlc2FtZQ== open sesame";
        auth_borrow(&line, &made);
        assert_string_equal(line.node.data, "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        auth_mask(&line, &s, text, sizeof(text) - 1);
        assert_string_equal(text, "**************************** ***********");
        auth_wipe(&line);
        assert_null(line.node.data);
    }
    secret_set(&s, "eyJ0.abc", 8);
    upstream_authorization_make(&made, UPSTREAM_BEARER, STR(""), &s);
    assert_str(secret_expose(&made.text), "Authorization: Bearer eyJ0.abc");
    secret_wipe(&made.text);
    secret_wipe(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc7617_and_paddings),
        cmocka_unit_test(test_rfc6750),
        cmocka_unit_test(test_bad_tokens_are_a_bug),
        cmocka_unit_test(test_a_colon_is_a_bug),
        cmocka_unit_test(test_mask),
        cmocka_unit_test(test_mask_bearer),
        cmocka_unit_test(test_borrowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
