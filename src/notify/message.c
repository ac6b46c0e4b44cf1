/* See the header. */
#include "notify/message.h"

#include <time.h>

#include "base/buf.h"
#include "crypto/signing.h"

#define MESSAGE_MAX ((size_t)256 * 1024)
#define WORD_BYTES 42 /* an encoded word has at most 75 characters (RFC 2047 section 2) */
#define LINE_CHARS 76

/* RFC 5322 section 3.3, in UTC. Names of days and months are English, whatever the locale. */
static void add_date(struct buf *b, int64_t ms)
{
    static const char DAYS[] = "SunMonTueWedThuFriSat";
    static const char MONTHS[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t s = (time_t)(ms / 1000);
    struct tm t = {0};

    (void)gmtime_r(&s, &t);
    buf_addf(b, "Date: %.3s, %d %.3s %d %02d:%02d:%02d +0000\r\n", DAYS + (ptrdiff_t)3 * t.tm_wday,
             t.tm_mday, MONTHS + (ptrdiff_t)3 * t.tm_mon, t.tm_year + 1900, t.tm_hour, t.tm_min,
             t.tm_sec);
}

static void add_subject(struct arena *a, struct buf *b, str subject)
{
    buf_add(b, STR("Subject:"));
    do {
        str part = str_utf8_cut(subject, WORD_BYTES);
        buf_add(b, STR(" =?utf-8?B?"));
        buf_add(b, signing_base64(a, part.p, part.n));
        subject = str_slice(subject, part.n, subject.n);
        buf_add(b, subject.n ? STR("?=\r\n") : STR("?="));
    } while (subject.n);
    buf_add(b, STR("\r\n"));
}

static str with_crlf(struct arena *a, str text)
{
    BUF_AUTO struct buf b = {0};

    buf_init(&b, MESSAGE_MAX);
    while (text.n) {
        buf_add(&b, str_take_until(&text, '\n'));
        buf_add(&b, STR("\r\n"));
    }
    return arena_str(a, buf_str(&b));
}

static void add_text(struct arena *a, struct buf *b, str text)
{
    str lines = with_crlf(a, text);
    str coded = signing_base64(a, lines.p ? lines.p : "", lines.n);

    while (coded.n) {
        buf_add(b, str_slice(coded, 0, LINE_CHARS));
        buf_add(b, STR("\r\n"));
        coded = str_slice(coded, LINE_CHARS, coded.n);
    }
}

str message_print(struct arena *a, const struct message *m)
{
    BUF_AUTO struct buf b = {0};
    str domain = m->from;

    (void)str_take_until(&domain, '@');
    buf_init(&b, MESSAGE_MAX);
    add_date(&b, m->date_ms);
    buf_addf(&b, "From: Mortise <%.*s>\r\nTo: <%.*s>\r\n", STR_ARG(m->from), STR_ARG(m->to));
    buf_addf(&b, "Message-ID: <%.*s@%.*s>\r\n", STR_ARG(m->id), STR_ARG(domain));
    add_subject(a, &b, m->subject);
    buf_add(&b, STR("Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                    "Content-Type: text/plain; charset=utf-8\r\n"
                    "Content-Transfer-Encoding: base64\r\n\r\n"));
    add_text(a, &b, m->text);
    return arena_str(a, buf_str(&b));
}
