/* crypto/hash.h: HMAC with the vectors of RFC 4231, marks with SipHash's, SHA-256 with those of
 * FIPS 180-4, derived keys against another implementation of BLAKE2b.
 */
#include "support.h"

#include "crypto/hash.h"
#include "crypto/random.h"

static int set_up(void **state)
{
    crypto_init();
    *state = arena_new(100000);
    return 0;
}

static int tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

static str repeat(struct arena *a, char c, size_t n)
{
    char *p = arena_alloc(a, n);

    memset(p, c, n);
    return (str){p, n};
}

static void check_hmac(struct arena *a, str key, str data, const char *expected)
{
    SECRET_AUTO struct secret k = {0};
    unsigned char mac[HASH_BYTES];

    secret_set(&k, key.p, key.n);
    hash_hmac(&k, data, mac);
    assert_str(hash_hex(a, mac, sizeof(mac)), expected);
}

static void test_hmac(void **state)
{
    struct arena *a = *state;

    check_hmac(a, repeat(a, '\x0b', 20), STR("Hi There"),
               "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    check_hmac(a, STR("Jefe"), STR("what do ya want for nothing?"),
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    check_hmac(a, repeat(a, '\xaa', 20), repeat(a, '\xdd', 50),
               "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    check_hmac(a,
               STR("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13"
                   "\x14\x15\x16\x17\x18\x19"),
               repeat(a, '\xcd', 50),
               "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
    check_hmac(a, repeat(a, '\xaa', 131),
               STR("Test Using Larger Than Block-Size Key - Hash Key First"),
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    check_hmac(a, repeat(a, '\xaa', 131),
               STR("This is a test using a larger than block-size key and a larger than block-size "
                   "data. The key needs to be hashed before being used by the HMAC algorithm."),
               "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

static void check_sha256(struct arena *a, str data, const char *expected)
{
    unsigned char hash[HASH_BYTES];

    hash_sha256(data, hash);
    assert_str(hash_hex(a, hash, sizeof(hash)), expected);
}

/* Of the reference implementation: key and text count from 00. */
static void test_mark(void **state)
{
    static const char counting[] = "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17";
    SECRET_AUTO struct secret k = {0};
    unsigned char mark[HASH_MARK_BYTES];

    secret_set(&k, counting, HASH_MARK_BYTES);
    hash_mark(&k, STR(""), mark);
    assert_str(hash_hex(*state, mark, sizeof(mark)), "a3817f04ba25a8e66df67214c7550293");
    hash_mark(&k, (str){counting, 1}, mark);
    assert_str(hash_hex(*state, mark, sizeof(mark)), "da87c1d86b99af44347659119b22fc45");
}

static void test_sha256(void **state)
{
    check_sha256(*state, STR(""),
                 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_sha256(*state, STR("abc"),
                 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_sha256(*state, STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void test_equal(void **state)
{
    (void)state;
    assert_true(hash_equal(STR("same"), STR("same")));
    assert_false(hash_equal(STR("same"), STR("sane")));
    assert_false(hash_equal(STR("same"), STR("same ")));
    assert_true(hash_equal(STR(""), (str){NULL, 0}));
}

static void check_derived(struct arena *a, const char context[static 8], const char *expected)
{
    SECRET_AUTO struct secret key = {0};
    SECRET_AUTO struct secret derived = {0};

    secret_alloc(&key, 32);
    for (size_t i = 0; i < 32; i++)
        key.p[i] = (unsigned char)i;
    hash_derive(&key, context, &derived);
    assert_int_equal(derived.n, 32);
    assert_str(hash_hex(a, derived.p, derived.n), expected);
}

/* The expected values are Python's:
 * hashlib.blake2b(key=bytes(range(32)), salt=b"\1".ljust(16, b"\0"), person=context.ljust(16,
 * b"\0"), digest_size=32) */
static void test_derive(void **state)
{
    check_derived(*state, "sessions",
                  "70128410c5e3ecfd8ef1501b8e45073c3f82bba445ce967a515b9de9cb8d2274");
    check_derived(*state, "links___",
                  "9430eec4c5e9e9bb2ac24c8fec72007fa2d99f34fb43f2ddea0d551f668f2d79");
}

static void derive_from_short_key(void *arg)
{
    struct secret key = {0};
    struct secret derived = {0};

    (void)arg;
    secret_alloc(&key, 31);
    hash_derive(&key, "sessions", &derived);
}

static void test_bugs_abort(void **state)
{
    (void)state;
    assert_true(aborts(derive_from_short_key, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hmac),   cmocka_unit_test(test_mark),
        cmocka_unit_test(test_sha256), cmocka_unit_test(test_equal),
        cmocka_unit_test(test_derive), cmocka_unit_test(test_bugs_abort),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
