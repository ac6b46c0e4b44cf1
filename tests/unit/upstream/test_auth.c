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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc7617_and_paddings),
        cmocka_unit_test(test_a_colon_is_a_bug),
        cmocka_unit_test(test_mask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
