/* Whose word on a client's address is believed.
 */
#include "support.h"

#include "http/forwarded.h"

#define PROXIES "127.0.0.1, 10.0.0.0/8,2001:db8:1::/48 ,192.0.2.128/25"

static str client_of(const struct forwarded *f, const char *peer, const char *first,
                     const char *second)
{
    static struct http_header headers[3];
    struct http_request r = {.headers = headers};

    headers[0] = (struct http_header){STR("X-Forwarded-For"), str_from(first)};
    headers[1] = (struct http_header){STR("Accept"), STR("9.9.9.9")};
    headers[2] = (struct http_header){STR("x-forwarded-for"), str_from(second)};
    r.header_count = second[0] ? 3 : first[0] ? 2 : 0;
    (void)snprintf(r.remote, sizeof(r.remote), "%s", peer);
    str client = forwarded_client(f, &r);
    /* the peer's text is the request's, which ends here */
    return client.p == r.remote ? str_from(peer) : client;
}

static void test_clients(void **state)
{
    static const struct {
        const char *peer, *first, *second, *client;
    } rows[] = {
        {"127.0.0.1", "", "", "127.0.0.1"},
        {"127.0.0.1", "198.51.100.7", "", "198.51.100.7"},
        {"127.0.0.1", "1.1.1.1, 198.51.100.7", "", "198.51.100.7"}, /* a word of the client's own */
        {"127.0.0.1", "1.1.1.1, 198.51.100.7 , 10.9.8.7", "", "198.51.100.7"},
        {"127.0.0.1", "198.51.100.7", "10.1.1.1", "198.51.100.7"}, /* two lines are one list */
        {"127.0.0.1", "198.51.100.7", "203.0.113.5", "203.0.113.5"},
        {"198.51.100.7", "1.1.1.1", "", "198.51.100.7"}, /* no proxy of ours */
        {"127.0.0.2", "1.1.1.1", "", "127.0.0.2"},
        {"10.255.0.1", "198.51.100.7", "", "198.51.100.7"},
        {"192.0.2.127", "1.1.1.1", "", "192.0.2.127"},
        {"192.0.2.200", "1.1.1.1", "", "1.1.1.1"},
        {"2001:db8:1:ffff::1", "2001:db8:2::5", "", "2001:db8:2::5"},
        {"2001:db8:2::1", "1.1.1.1", "", "2001:db8:2::1"},
        {"127.0.0.1", "198.51.100.7:4711", "", "198.51.100.7"},
        {"127.0.0.1", "[2001:db8:2::5]:4711", "", "2001:db8:2::5"},
        {"127.0.0.1", "198.51.100.7, unknown", "", "127.0.0.1"},
        {"127.0.0.1", "198.51.100.7, unknown, 10.0.0.3", "", "10.0.0.3"},
        {"127.0.0.1", "<script>", "", "127.0.0.1"},
        {"127.0.0.1", ",,", "", "127.0.0.1"},
        {"127.0.0.1", "10.0.0.1, 10.0.0.2", "", "10.0.0.1"}, /* proxies only */
    };
    struct arena *a = arena_new(65536);
    struct fault fault = {0};
    struct forwarded f;

    (void)state;
    assert_int_equal(forwarded_parse(a, &fault, STR(PROXIES), &f), ERR_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        str client = client_of(&f, rows[i].peer, rows[i].first, rows[i].second);
        if (!str_eq(client, str_from(rows[i].client)))
            fail_msg("row %zu: %.*s", i, STR_ARG(client));
    }
    assert_int_equal(forwarded_parse(a, &fault, STR(" "), &f), ERR_OK);
    assert_true(str_eq(client_of(&f, "127.0.0.1", "1.1.1.1", ""), STR("127.0.0.1")));
    arena_free(a);
}

static void test_setting(void **state)
{
    static const char *const bad[] = {"localhost",    "10.0.0.0/33", "10.0.0.0/-1", "fd00::/129",
                                      "10.0.0.0/8/8", "10.0.0",      "*",           "10.0.0.0/"};
    struct arena *a = arena_new(65536);
    struct forwarded f;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fault fault = {0};
        if (forwarded_parse(a, &fault, str_from(bad[i]), &f) != ERR_CONFIG ||
            !strstr(fault.message, "MORTISE_TRUSTED_PROXIES"))
            fail_msg("%s", bad[i]);
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clients),
        cmocka_unit_test(test_setting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
