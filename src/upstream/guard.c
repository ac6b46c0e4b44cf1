/* The tables of addresses. */
#include "upstream/guard.h"

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"

struct range4 {
    uint32_t base;
    int bits;
    enum guard_kind kind;
};

#define IP4(a, b, c, d)                                                                            \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/* Whatever stands in no line is public. */
static const struct range4 ranges4[] = {
    {IP4(169, 254, 0, 0), 16, GUARD_METADATA},     /* link-local: AWS, Azure, GCP, ECS ... */
    {IP4(100, 100, 100, 200), 32, GUARD_METADATA}, /* Alibaba */
    {IP4(192, 0, 0, 192), 32, GUARD_METADATA},     /* Oracle */
    {IP4(168, 63, 129, 16), 32, GUARD_METADATA},   /* Azure's host */
    {IP4(0, 0, 0, 0), 8, GUARD_PRIVATE},           {IP4(10, 0, 0, 0), 8, GUARD_PRIVATE},
    {IP4(100, 64, 0, 0), 10, GUARD_PRIVATE},       {IP4(127, 0, 0, 0), 8, GUARD_PRIVATE},
    {IP4(172, 16, 0, 0), 12, GUARD_PRIVATE},       {IP4(192, 0, 0, 0), 24, GUARD_PRIVATE},
    {IP4(192, 0, 2, 0), 24, GUARD_PRIVATE},        {IP4(192, 88, 99, 0), 24, GUARD_PRIVATE},
    {IP4(192, 168, 0, 0), 16, GUARD_PRIVATE},      {IP4(198, 18, 0, 0), 15, GUARD_PRIVATE},
    {IP4(198, 51, 100, 0), 24, GUARD_PRIVATE},     {IP4(203, 0, 113, 0), 24, GUARD_PRIVATE},
    {IP4(224, 0, 0, 0), 4, GUARD_PRIVATE},         {IP4(240, 0, 0, 0), 4, GUARD_PRIVATE},
};

static enum guard_kind judge4(uint32_t address)
{
    for (size_t i = 0; i < sizeof(ranges4) / sizeof(ranges4[0]); i++) {
        uint32_t mask = UINT32_MAX << (32 - ranges4[i].bits);
        if ((address & mask) == ranges4[i].base)
            return ranges4[i].kind;
    }
    return GUARD_PUBLIC;
}

static uint32_t inner(const unsigned char *p)
{
    return IP4(p[0], p[1], p[2], p[3]);
}

static enum guard_kind worse(enum guard_kind a, enum guard_kind b)
{
    return a > b ? a : b;
}

static int is_prefix(const unsigned char *p, const char *prefix, size_t n)
{
    return memcmp(p, prefix, n) == 0;
}

static int is_metadata6(const unsigned char *p)
{
    static const unsigned char services[][16] = {
        {0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}, /* AWS fd00:ec2::254 */
        {0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x23},    /* EKS fd00:ec2::23 */
        {0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x53}, /* AWS DNS */
        {0xfd, 0x20, 0, 0xce, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}, /* GCP fd20:ce::254 */
        {0xfd, 0, 0, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x42},       /* Scaleway fd00:42::42 */
        {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xa9, 0xfe, 0xa9, 0xfe}, /* OpenStack */
    };

    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        if (memcmp(p, services[i], 16) == 0)
            return 1;
    }
    return 0;
}

/* 2000::/3 is what is handed out; the lines below are its parts that are not for hosts. */
static enum guard_kind judge_global6(const unsigned char *p)
{
    if ((p[0] & 0xE0) != 0x20)
        return GUARD_PRIVATE;
    if (is_prefix(p, "\x20\x01\x0d\xb8", 4) || (p[0] == 0x3F && p[1] == 0xFF && p[2] < 0x10))
        return GUARD_PRIVATE; /* documentation */
    if (p[0] == 0x20 && p[1] == 0x01 && p[2] < 0x02)
        return GUARD_PRIVATE; /* 2001::/23, protocol assignments */
    return GUARD_PUBLIC;
}

static enum guard_kind judge6(const unsigned char *p)
{
    static const char zeros[12];

    if (is_metadata6(p))
        return GUARD_METADATA;
    if (is_prefix(p, zeros, 12)) { /* ::, ::1 and compatible */
        uint32_t low = inner(p + 12);
        return low <= 1 ? GUARD_PRIVATE : worse(GUARD_PRIVATE, judge4(low));
    }
    if (is_prefix(p, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12)) /* mapped */
        return judge4(inner(p + 12));
    if (is_prefix(p, "\0\0\0\0\0\0\0\0\xff\xff\0\0", 12)) /* translated, RFC 2765 */
        return worse(GUARD_PRIVATE, judge4(inner(p + 12)));
    if (is_prefix(p, "\0\x64\xff\x9b\0\0\0\0\0\0\0\0", 12)) /* NAT64 */
        return judge4(inner(p + 12));
    if (is_prefix(p, "\0\x64\xff\x9b\0\x01", 6)) /* a network's own NAT64, RFC 8215 */
        return worse(GUARD_PRIVATE, judge4(inner(p + 12)));
    if (is_prefix(p, "\x20\x02", 2)) /* 6to4 */
        return judge4(inner(p + 2));
    if (is_prefix(p, "\x20\x01\0\0", 4)) /* Teredo: server, and client with its bits turned */
        return worse(judge4(inner(p + 4)), judge4(~inner(p + 12)));
    if ((p[8] & 0xFC) == 0 && is_prefix(p + 9, "\0\x5e\xfe", 3)) /* ISATAP */
        return worse(judge_global6(p), judge4(inner(p + 12)));
    return judge_global6(p);
}

enum guard_kind guard_judge(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof(in));
        return judge4(ntohl(in.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof(in6));
        return judge6(in6.sin6_addr.s6_addr);
    }
    return GUARD_METADATA;
}
