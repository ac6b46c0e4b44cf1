/* Counting of connections by address.
 */
#include <arpa/inet.h>
#include <string.h>

#include "support.h"

#include "http/caps.h"

static struct caps_address address_of(const char *text, char shown[static 64])
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    struct sockaddr_in four = {.sin_family = AF_INET};

    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        return caps_address_of((const struct sockaddr *)&four, shown);
    assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
    return caps_address_of((const struct sockaddr *)&six, shown);
}

static void test_text(void **state)
{
    static const struct {
        const char *peer, *text;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"::ffff:192.0.2.1", "192.0.2.1"}, /* a client of IPv4 on a socket of IPv6 */
        {"2001:db8::1:2", "2001:db8::1:2"},
        {"::1", "::1"},
    };
    char shown[64];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)address_of(rows[i].peer, shown);
        assert_string_equal(shown, rows[i].text);
    }
}

static void test_counts(void **state)
{
    char shown[64];
    struct caps_address a = address_of("192.0.2.1", shown);
    struct caps_address mapped = address_of("::ffff:192.0.2.1", shown);
    struct caps_address b = address_of("192.0.2.2", shown);
    struct caps_address six = address_of("2001:db8::1", shown);
    struct caps_address same_net = address_of("2001:db8::ffff:2", shown);
    struct caps_address other_net = address_of("2001:db8:0:1::1", shown);
    struct caps c;

    (void)state;
    caps_init(&c, 5, 2);
    assert_int_equal(caps_take(&c, a), CAPS_OK);
    assert_int_equal(caps_take(&c, mapped), CAPS_OK);
    assert_int_equal(caps_take(&c, a), CAPS_ADDRESS_FULL);
    assert_int_equal(caps_take(&c, six), CAPS_OK);
    assert_int_equal(caps_take(&c, same_net), CAPS_OK);
    assert_int_equal(caps_take(&c, six), CAPS_ADDRESS_FULL);
    assert_int_equal(caps_take(&c, other_net), CAPS_OK);
    assert_int_equal(caps_take(&c, b), CAPS_FULL);
    assert_int_equal(caps_take(&c, a), CAPS_ADDRESS_FULL); /* a place for it would be of no use */
    caps_give_back(&c, mapped);
    assert_int_equal(caps_take(&c, b), CAPS_OK);
    caps_give_back(&c, a);
    caps_give_back(&c, b);
    caps_give_back(&c, six);
    caps_give_back(&c, same_net);
    caps_give_back(&c, other_net);
    caps_done(&c); /* aborts when anything is left */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_counts)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
