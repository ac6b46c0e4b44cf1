/* core/names.h: keys, slugs, search text, e-mail addresses. */
#include "core/names.h"
#include "support.h"

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void slugs(void **state)
{
    static const struct {
        const char *name, *slug;
    } table[] = {
        {"Team", "team"},
        {"Support & Billing", "support-billing"},
        {"  --Größe & Co.--  ", "grosse-co"},
        {"Ærø ÞÝ Łódź Ÿ ſ", "aero-thy-lodz-y-s"},
        {"÷ × ÷", "app"},
        {"new", "app"},
        {"New", "app"},
        {"a", "app"},
        {"a1", "a1"},
        {"\xe6\x97\xa5\xe6\x9c\xac", "app"},
        {"\xf0\x9f\x98\x80 fun", "fun"},
        {"<b>x</b>", "b-x-b"},
        {"../../etc", "etc"},
        {"12345678901234567890123456789012345678901234567890",
         "12345678901234567890123456789012345"},
        {"1234567890123456789012345678901234-x", "1234567890123456789012345678901234"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        str slug = name_slug(arena, str_from(table[i].name));
        assert_str(slug, table[i].slug);
        assert_true(name_slug_valid(slug));
        assert_true(slug.n + 5 <= SLUG_LENGTH_MAX);
    }
}

static void valid_slugs(void **state)
{
    static const struct {
        const char *slug;
        int valid;
    } table[] = {
        {"ab", 1},
        {"a-b", 1},
        {"0-9", 1},
        {"a", 0},
        {"", 0},
        {"-a", 0},
        {"a-", 0},
        {"aB", 0},
        {"a b", 0},
        {"a_b", 0},
        {"new", 0},
        {"new-2", 1},
        {"a/b", 0},
        {"a.b", 0},
        {"\xc3\xa4\xc3\xa4", 0},
        {"1234567890123456789012345678901234567890", 1},
        {"12345678901234567890123456789012345678901", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++)
        if (name_slug_valid(str_from(table[i].slug)) != table[i].valid)
            fail_msg("\"%s\" should be %s", table[i].slug, table[i].valid ? "valid" : "refused");
}

static void keys_fold_ascii_only(void **state)
{
    (void)state;
    assert_str(name_key(arena, STR("TeAM Z@[")), "team z@[");
    assert_str(name_key(arena, STR("Ä")), "Ä");
    assert_str(name_search(arena, STR("ÄRZTE Œuvre Straße \xe6\x97\xa5 \xc3")),
               "arzte ouvre strasse \xe6\x97\xa5 \xc3");
}

static void sort_keys_sort_as_names_do(void **state)
{
    static const char *const names[] = {"",      "anna",   "Anna B", "\xc3\x84rzte",
                                        "Berta", "berta2", "z",      "\xe6\x97\xa5"};
    str before = STR("");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        str key = name_sort_key(arena, str_from(names[i]), STR("01id"));
        for (size_t k = 0; k < key.n; k++)
            assert_true((key.p[k] >= '0' && key.p[k] <= '9') ||
                        (key.p[k] >= 'a' && key.p[k] <= 'z'));
        assert_true(str_ends(key, STR("01id")));
        assert_int_equal(str_cmp(before, key), -1);
        before = key;
    }
}

static void emails(void **state)
{
    static const struct {
        const char *email;
        int valid;
    } table[] = {
        {"anna@example.com", 1},
        {"a@b", 1},
        {"a+b'c@example.com", 1},
        {"", 0},
        {"anna", 0},
        {"@b", 0},
        {"a@", 0},
        {"a@b@c", 0},
        {"a b@c", 0},
        {"a@b c", 0},
        {"a\n@b", 0},
        {"a@b\x7f", 0},
        {" a@b", 0},
        {"a@b\t", 0},
    };
    char *longest = arena_alloc(arena, 256);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++)
        if (name_email_valid(str_from(table[i].email)) != table[i].valid)
            fail_msg("\"%s\" should be %s", table[i].email, table[i].valid ? "valid" : "refused");
    memset(longest, 'a', 255);
    longest[1] = '@';
    assert_true(name_email_valid((str){longest, 254}));
    assert_false(name_email_valid((str){longest, 255}));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(slugs),
        cmocka_unit_test(valid_slugs),
        cmocka_unit_test(keys_fold_ascii_only),
        cmocka_unit_test(sort_keys_sort_as_names_do),
        cmocka_unit_test(emails),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
