/* Cookies, hosts and origins, notices, the embedded ui/: pure functions, as tables. */
#include "web_support.h"

#include "crypto/random.h"
#include "http/cookie.h"
#include "http/guard.h"
#include "http/notice.h"

static struct arena *arena;

static int make_arena(void **state)
{
    (void)state;
    arena = arena_new((size_t)1 << 20);
    return 0;
}

static int free_arena(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void cookies_read(void **state)
{
    static const struct {
        const char *header;
        const char *value; /* NULL: none */
    } cases[] = {
        {"mortise=abc", "abc"},
        {"a=b; mortise=abc; c=d", "abc"},
        {"a=b;mortise=abc", "abc"},
        {"  mortise=abc  ", "abc"},
        {"mortise=one; mortise=two", "one"},
        {"mortise=", ""},
        {"mortise=a=b=", "a=b="},
        {"xmortise=abc", NULL},
        {"mortise2=abc", NULL},
        {"Mortise=abc", NULL},
        {"mortise", NULL},
        {"mortise =abc", NULL},
        {"a=mortise=abc", NULL},
        {";;;", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str value = cookie_get(str_from(cases[i].header), STR("mortise"));

        assert_int_equal(value.p != NULL, cases[i].value != NULL);
        assert_str(value, cases[i].value ? cases[i].value : "");
    }
    assert_null(cookie_get((str){NULL, 0}, STR("mortise")).p);
}

static void set_bad_value(void *arg)
{
    (void)cookie_set(arena, STR("a"), str_from(arg), 1);
}

static void cookies_written(void **state)
{
    (void)state;
    assert_str(cookie_session_name(STR("http://localhost:8080")), "mortise");
    assert_str(cookie_session_name(STR("https://m.example")), "__Host-mortise");
    assert_str(cookie_set(arena, STR("mortise"), STR("abc"), 60),
               "mortise=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
    assert_str(cookie_set(arena, STR("__Host-mortise"), STR(""), 0),
               "__Host-mortise=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure");
    assert_true(aborts(set_bad_value, "a;b"));
    assert_true(aborts(set_bad_value, "a\r\nSet-Cookie: x"));
    assert_false(aborts(set_bad_value, "a-b_c.d"));
}

static void hosts(void **state)
{
    static const struct {
        const char *url;
        const char *host;
        int same;
    } cases[] = {
        {"http://localhost:8080", "localhost:8080", 1},
        {"http://localhost:8080", "LOCALHOST:8080", 1},
        {"http://localhost:8080", "localhost", 0},
        {"http://localhost:8080", "127.0.0.1:8080", 0},
        {"http://localhost:8080", "localhost:80801", 0},
        {"http://m.example", "m.example", 1},
        {"http://m.example", "m.example:80", 1},
        {"http://m.example", "m.example:443", 0},
        {"https://m.example", "m.example:443", 1},
        {"https://m.example:443", "m.example", 1},
        {"https://m.example", "m.example.", 0},
        {"https://m.example", "m.example@evil.test", 0},
        {"https://m.example", "evil.test", 0},
        {"https://[::1]:8443", "[::1]:8443", 1},
        {"https://m.example", "", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (guard_host_is_public(str_from(cases[i].url), str_from(cases[i].host)) != cases[i].same)
            fail_msg("%s %s", cases[i].url, cases[i].host);
}

static void origins(void **state)
{
    static const struct {
        const char *origin;
        const char *fetch_site;
        int passes;
    } cases[] = {
        {"", "", 1},
        {"https://m.example", "", 1},
        {"https://m.example:443", "", 1},
        {"HTTPS://M.example", "", 1},
        {"https://m.example", "same-origin", 1},
        {"", "same-origin", 1},
        {"", "none", 1},
        {"http://m.example", "", 0},
        {"https://m.example:8443", "", 0},
        {"https://x.m.example", "", 0},
        {"https://m.example.evil.test", "", 0},
        {"https://evil.test/https://m.example", "", 0},
        {"null", "", 0},
        {"m.example", "", 0},
        {"://m.example", "", 0},
        {"https://", "", 0},
        {"", "cross-site", 0},
        {"", "Cross-Site", 0},
        {"", "same-site", 0},
        {"https://m.example", "cross-site", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fault f = {0};
        enum err e = guard_origin(&f, STR("https://m.example"), str_from(cases[i].origin),
                                  str_from(cases[i].fetch_site));

        if (e != (cases[i].passes ? ERR_OK : ERR_CSRF))
            fail_msg("%s %s", cases[i].origin, cases[i].fetch_site);
    }
}

static void notices(void **state)
{
    static const char *const texts[] = {"Saved.", "a; b=c, \"d\"\n\u00fc", "x"};
    SECRET_AUTO struct secret key = {0};
    SECRET_AUTO struct secret other = {0};
    (void)state;

    secret_set(&key, "k1", 2);
    secret_set(&other, "k2", 2);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        str sealed = notice_seal(arena, &key, str_from(texts[i]));

        assert_str(notice_open(arena, &key, sealed), texts[i]);
        assert_str(notice_open(arena, &other, sealed), "");
        assert_str(notice_open(arena, &key, str_slice(sealed, 0, sealed.n - 1)), "");
        assert_str(notice_open(arena, &key, str_slice(sealed, 1, sealed.n)), "");
        /* goes into a cookie as it is */
        assert_has(cookie_set(arena, STR("n"), sealed, 1), "Max-Age=1");
    }
    assert_str(notice_seal(arena, &key, STR("")), "");
    char *long_text = arena_alloc(arena, 4000);
    memset(long_text, 'x', 4000);
    assert_str(notice_seal(arena, &key, (str){long_text, 4000}), "");
}

/* What was built into this binary from ui/. */
static void embedded_files(void **state)
{
    const struct ui *ui = ui_embedded();
    struct template_set *set;
    struct fault f = {0};
    (void)state;

    if (template_set_new(&f, ui->templates, ui->template_count, &set))
        fail_msg("%s", fault_text(&f));
    template_set_free(set);
    assert_true(ui->template_count > 0);
    for (size_t i = 0; i < ui->asset_count; i++) {
        const struct asset *asset = &ui->assets[i];

        assert_ptr_equal(asset_find(ui, str_from(asset->path)), asset);
        assert_ptr_equal(asset_named(ui, asset->name), asset);
        assert_true(str_starts(str_from(asset->path), STR("/assets/")));
        assert_true(asset->content.n > 0);
    }
    assert_null(asset_find(ui, STR("/assets/style.css")));
    assert_null(asset_named(ui, "nothing.css"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cookies_read), cmocka_unit_test(cookies_written),
        cmocka_unit_test(hosts),        cmocka_unit_test(origins),
        cmocka_unit_test(notices),      cmocka_unit_test(embedded_files),
    };

    crypto_init();
    return cmocka_run_group_tests(tests, make_arena, free_arena);
}
