/* upstream/guard.h: every range, its edges, and IPv4 hidden in IPv6. */
#include "support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "upstream/guard.h"

struct row {
    const char *address;
    enum guard_kind kind;
};

static enum guard_kind judge(const char *text)
{
    struct sockaddr_storage s = {0};

    if (strchr(text, ':')) {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
        assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
        memcpy(&s, &in6, sizeof(in6));
    } else {
        struct sockaddr_in in = {.sin_family = AF_INET};
        assert_int_equal(inet_pton(AF_INET, text, &in.sin_addr), 1);
        memcpy(&s, &in, sizeof(in));
    }
    return guard_judge((struct sockaddr *)&s);
}

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum guard_kind kind = judge(rows[i].address);
        if (kind != rows[i].kind)
            fail_msg("%s: got %d, expected %d", rows[i].address, kind, rows[i].kind);
    }
}

static void test_ipv4(void **state)
{
    static const struct row rows[] = {
        {"0.0.0.0", GUARD_PRIVATE},         {"0.255.255.255", GUARD_PRIVATE},
        {"1.0.0.0", GUARD_PUBLIC},          {"9.255.255.255", GUARD_PUBLIC},
        {"10.0.0.0", GUARD_PRIVATE},        {"10.255.255.255", GUARD_PRIVATE},
        {"11.0.0.0", GUARD_PUBLIC},         {"100.63.255.255", GUARD_PUBLIC},
        {"100.64.0.0", GUARD_PRIVATE},      {"100.127.255.255", GUARD_PRIVATE},
        {"100.128.0.0", GUARD_PUBLIC},      {"126.255.255.255", GUARD_PUBLIC},
        {"127.0.0.1", GUARD_PRIVATE},       {"127.255.255.255", GUARD_PRIVATE},
        {"128.0.0.0", GUARD_PUBLIC},        {"169.253.255.255", GUARD_PUBLIC},
        {"169.254.0.0", GUARD_METADATA},    {"169.254.169.254", GUARD_METADATA},
        {"169.254.170.2", GUARD_METADATA},  {"169.254.255.255", GUARD_METADATA},
        {"169.255.0.0", GUARD_PUBLIC},      {"172.15.255.255", GUARD_PUBLIC},
        {"172.16.0.0", GUARD_PRIVATE},      {"172.31.255.255", GUARD_PRIVATE},
        {"172.32.0.0", GUARD_PUBLIC},       {"191.255.255.255", GUARD_PUBLIC},
        {"192.0.0.0", GUARD_PRIVATE},       {"192.0.0.192", GUARD_METADATA},
        {"192.0.0.255", GUARD_PRIVATE},     {"192.0.1.0", GUARD_PUBLIC},
        {"192.0.2.0", GUARD_PRIVATE},       {"192.0.2.255", GUARD_PRIVATE},
        {"192.0.3.0", GUARD_PUBLIC},        {"192.88.98.255", GUARD_PUBLIC},
        {"192.88.99.1", GUARD_PRIVATE},     {"192.88.100.0", GUARD_PUBLIC},
        {"192.167.255.255", GUARD_PUBLIC},  {"192.168.0.0", GUARD_PRIVATE},
        {"192.168.255.255", GUARD_PRIVATE}, {"192.169.0.0", GUARD_PUBLIC},
        {"198.17.255.255", GUARD_PUBLIC},   {"198.18.0.0", GUARD_PRIVATE},
        {"198.19.255.255", GUARD_PRIVATE},  {"198.20.0.0", GUARD_PUBLIC},
        {"198.51.99.255", GUARD_PUBLIC},    {"198.51.100.1", GUARD_PRIVATE},
        {"198.51.101.0", GUARD_PUBLIC},     {"203.0.112.255", GUARD_PUBLIC},
        {"203.0.113.1", GUARD_PRIVATE},     {"203.0.114.0", GUARD_PUBLIC},
        {"223.255.255.255", GUARD_PUBLIC},  {"224.0.0.1", GUARD_PRIVATE},
        {"239.255.255.255", GUARD_PRIVATE}, {"240.0.0.0", GUARD_PRIVATE},
        {"255.255.255.255", GUARD_PRIVATE}, {"100.100.100.200", GUARD_METADATA},
        {"100.100.100.201", GUARD_PRIVATE}, {"168.63.129.16", GUARD_METADATA},
        {"168.63.129.17", GUARD_PUBLIC},    {"104.192.142.1", GUARD_PUBLIC},
        {"8.8.8.8", GUARD_PUBLIC},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

static void test_ipv6(void **state)
{
    static const struct row rows[] = {
        {"::", GUARD_PRIVATE},
        {"::1", GUARD_PRIVATE},
        {"::2", GUARD_PRIVATE},
        {"100::1", GUARD_PRIVATE},
        {"1fff:ffff::", GUARD_PRIVATE},
        {"2000::", GUARD_PUBLIC},
        {"2001:1ff:ffff::1", GUARD_PRIVATE},
        {"2001:200::1", GUARD_PUBLIC},
        {"2001:4860:4860::8888", GUARD_PUBLIC},
        {"2001:db7:ffff::1", GUARD_PUBLIC},
        {"2001:db8::1", GUARD_PRIVATE},
        {"2001:db8:ffff::1", GUARD_PRIVATE},
        {"2001:db9::1", GUARD_PUBLIC},
        {"2401:1d80:3000::1", GUARD_PUBLIC},
        {"3fff:fff::1", GUARD_PRIVATE},
        {"3fff:1000::1", GUARD_PUBLIC},
        {"3ffe:ffff::1", GUARD_PUBLIC},
        {"4000::1", GUARD_PRIVATE},
        {"5f00::1", GUARD_PRIVATE},
        {"fbff::1", GUARD_PRIVATE},
        {"fc00::1", GUARD_PRIVATE},
        {"fdff:ffff::1", GUARD_PRIVATE},
        {"fe80::1", GUARD_PRIVATE},
        {"fec0::1", GUARD_PRIVATE},
        {"ff02::1", GUARD_PRIVATE},
        {"fd00:ec2::254", GUARD_METADATA},
        {"fd00:ec2::23", GUARD_METADATA},
        {"fd00:ec2::253", GUARD_METADATA},
        {"fd00:ec2::255", GUARD_PRIVATE},
        {"fd20:ce::254", GUARD_METADATA},
        {"fd00:42::42", GUARD_METADATA},
        {"fe80::a9fe:a9fe", GUARD_METADATA},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

static void test_ipv4_inside_ipv6(void **state)
{
    static const struct row rows[] = {
        {"::ffff:8.8.8.8", GUARD_PUBLIC},
        {"::ffff:127.0.0.1", GUARD_PRIVATE},
        {"::ffff:10.1.2.3", GUARD_PRIVATE},
        {"::ffff:169.254.169.254", GUARD_METADATA},
        {"::ffff:0:8.8.8.8", GUARD_PRIVATE},
        {"::ffff:0:169.254.169.254", GUARD_METADATA},
        {"::8.8.8.8", GUARD_PRIVATE},
        {"::127.0.0.1", GUARD_PRIVATE},
        {"::169.254.169.254", GUARD_METADATA},
        {"64:ff9b::8.8.8.8", GUARD_PUBLIC},
        {"64:ff9b::192.168.1.1", GUARD_PRIVATE},
        {"64:ff9b::169.254.169.254", GUARD_METADATA},
        {"64:ff9b:1::8.8.8.8", GUARD_PRIVATE},
        {"64:ff9b:1::169.254.169.254", GUARD_METADATA},
        {"2002:808:808::1", GUARD_PUBLIC},
        {"2002:7f00:1::1", GUARD_PRIVATE},
        {"2002:c0a8:101::1", GUARD_PRIVATE},
        {"2002:a9fe:a9fe::1", GUARD_METADATA},
        /* Teredo: server 8.8.8.8, client with turned bits */
        {"2001:0:808:808:0:0:f7f7:f7f7", GUARD_PUBLIC},   /* client 8.8.8.8 */
        {"2001:0:808:808:0:0:80ff:fffe", GUARD_PRIVATE},  /* client 127.0.0.1 */
        {"2001:0:808:808:0:0:5601:5601", GUARD_METADATA}, /* client 169.254.169.254 */
        {"2001:0:a00:1:0:0:f7f7:f7f7", GUARD_PRIVATE},    /* server 10.0.0.1 */
        /* ISATAP */
        {"2001:4860::5efe:8.8.8.8", GUARD_PUBLIC},
        {"2001:4860::5efe:10.0.0.1", GUARD_PRIVATE},
        {"2001:4860::200:5efe:10.0.0.1", GUARD_PRIVATE},
        {"2001:4860::5efe:169.254.169.254", GUARD_METADATA},
    };

    (void)state;
    check(rows, COUNT_OF(rows));
}

static void test_other_families_never(void **state)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/run/docker.sock"};

    (void)state;
    assert_int_equal(guard_judge((struct sockaddr *)&un), GUARD_METADATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ipv4),
        cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_ipv4_inside_ipv6),
        cmocka_unit_test(test_other_families_never),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
