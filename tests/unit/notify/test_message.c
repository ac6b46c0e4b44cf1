/* notify/message.h and the addresses of upstream/mail.h: what a mail looks like, and that nothing
 * in a name makes a header of its own.
 */
#include "support.h"

#include "crypto/random.h"
#include "notify/message.h"
#include "upstream/mail.h"

static struct message plain(void)
{
    return (struct message){.id = STR("01abc"),
                            .from = STR("mortise@example.com"),
                            .to = STR("anna@example.com"),
                            .subject = STR("Hello"),
                            .text = STR("One\nTwo\n"),
                            .date_ms = 951868799000}; /* 2000-02-29T23:59:59Z */
}

static void all_of_it(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct message m = plain();

    (void)state;
    assert_str(message_print(a, &m), "Date: Tue, 29 Feb 2000 23:59:59 +0000\r\n"
                                     "From: Mortise <mortise@example.com>\r\n"
                                     "To: <anna@example.com>\r\n"
                                     "Message-ID: <01abc@example.com>\r\n"
                                     "Subject: =?utf-8?B?SGVsbG8=?=\r\n"
                                     "Auto-Submitted: auto-generated\r\n"
                                     "MIME-Version: 1.0\r\n"
                                     "Content-Type: text/plain; charset=utf-8\r\n"
                                     "Content-Transfer-Encoding: base64\r\n"
                                     "\r\n"
                                     "T25lDQpUd28NCg==\r\n");
    arena_free(a);
}

/* Every line is ASCII of at most 78 bytes, and the only headers are ours. */
static void check_lines(str text)
{
    static const char *const HEADERS[] = {
        "Date:",         "From:",         "To:",
        "Message-ID:",   "Subject:",      "Auto-Submitted:",
        "MIME-Version:", "Content-Type:", "Content-Transfer-Encoding:"};
    size_t header = 0;
    int in_body = 0;

    while (text.n) {
        size_t end = str_find(text, STR("\r\n"));
        assert_true(end != SIZE_MAX && end <= 78);
        str line = str_slice(text, 0, end);
        text = str_slice(text, end + 2, text.n);
        for (size_t i = 0; i < line.n; i++)
            assert_true(line.p[i] >= 0x20 && line.p[i] < 0x7f);
        in_body |= line.n == 0;
        if (in_body || line.p[0] == ' ')
            continue;
        assert_true(header < COUNT_OF(HEADERS) && str_starts(line, str_from(HEADERS[header])));
        header++;
    }
    assert_int_equal(header, COUNT_OF(HEADERS));
}

static void no_name_makes_a_header(void **state)
{
    static const char *const subjects[] = {
        "x\r\nBcc: evil@example.com", "x\nBcc: evil@example.com\r\n\r\nbody", "", "?=\r\n",
        "\xc3\x9c"
        "ber \xf0\x9f\x9b\xa0 \xe2\x9c\x93\xe2\x9c\x93\xe2\x9c\x93\xe2\x9c\x93\xe2\x9c\x93"
        "\xe2\x9c\x93\xe2\x9c\x93\xe2\x9c\x93\xe2\x9c\x93\xe2\x9c\x93\xe2\x9c\x93\xe2\x9c\x93"
        " end"};
    struct arena *a = arena_new(1 << 20);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(subjects); i++) {
        struct message m = plain();
        m.subject = str_from(subjects[i]);
        m.text = arena_printf(a, "Hello %s\n.\n\nFrom evil\n", subjects[i]);
        check_lines(message_print(a, &m));
    }
    arena_free(a);
}

static void addresses(void **state)
{
    static const char *const good[] = {"a@b", "anna.b+c@acme.example", "o'neil@x.test", "!#$@x"};
    static const char *const bad[] = {"",        "a",       "@b",    "a@",         "a@b@c",
                                      "a b@c",   "a@b\r\n", "a@b>",  "<a@b>",      "\"a b\"@c",
                                      "a@b,c@d", "a;b@c",   "a\\@b", "\xc3\xa4@b", "a@[10.0.0.1]"};
    char lengthy[300];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_true(mail_address_valid(str_from(good[i])));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(mail_address_valid(str_from(bad[i])));
    assert_false(mail_address_valid((str){"a@b\0c", 5}));
    memset(lengthy, 'a', sizeof(lengthy));
    lengthy[1] = '@';
    assert_true(mail_address_valid((str){lengthy, 254}));
    assert_false(mail_address_valid((str){lengthy, 255}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it),
        cmocka_unit_test(no_name_makes_a_header),
        cmocka_unit_test(addresses),
    };

    crypto_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
