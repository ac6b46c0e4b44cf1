/* The Authorization header. States and invariants: the header. */
#include "upstream/auth.h"

#include "base/check.h"

#define MASK_MIN 8

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Standard base64 with padding (RFC 4648 section 4); returns the end. base/url.h has the other. */
static unsigned char *encode(unsigned char *to, const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i += 3) {
        uint32_t bits = (uint32_t)p[i] << 16;
        if (i + 1 < n)
            bits |= (uint32_t)p[i + 1] << 8;
        if (i + 2 < n)
            bits |= p[i + 2];
        *to++ = (unsigned char)alphabet[bits >> 18 & 63];
        *to++ = (unsigned char)alphabet[bits >> 12 & 63];
        *to++ = i + 1 < n ? (unsigned char)alphabet[bits >> 6 & 63] : '=';
        *to++ = i + 2 < n ? (unsigned char)alphabet[bits & 63] : '=';
    }
    return to;
}

/* A line with room for n more bytes; returns where they go. */
static unsigned char *begin_line(struct auth_line *line, str start, size_t n)
{
    secret_alloc(&line->text, start.n + n); /* followed by a NUL byte */
    memcpy(line->text.p, start.p, start.n);
    line->start = start.n;
    line->node = (struct curl_slist){.data = (char *)line->text.p, .next = NULL};
    return line->text.p + start.n;
}

void auth_make_basic(struct auth_line *line, str username, const struct secret *secret)
{
    SECRET_AUTO struct secret plain = {0};
    str exposed = secret_expose(secret);
    size_t n = username.n + 1 + exposed.n;
    unsigned char *to;

    must(str_find_char(username, ':') == SIZE_MAX);
    secret_alloc(&plain, n);
    if (username.n)
        memcpy(plain.p, username.p, username.n);
    plain.p[username.n] = ':';
    if (exposed.n)
        memcpy(plain.p + username.n + 1, exposed.p, exposed.n);
    to = begin_line(line, STR("Authorization: Basic "), (n + 2) / 3 * 4);
    to = encode(to, plain.p, n);
    must(to == line->text.p + line->text.n);
}

void auth_make_bearer(struct auth_line *line, const struct secret *token)
{
    str exposed = secret_expose(token);

    must(exposed.n > 0);
    for (size_t i = 0; i < exposed.n; i++)
        must(exposed.p[i] > 0x20 && exposed.p[i] < 0x7F);
    memcpy(begin_line(line, STR("Authorization: Bearer "), exposed.n), exposed.p, exposed.n);
}

void auth_borrow(struct auth_line *line, const struct upstream_authorization *made)
{
    line->borrowed = &made->text;
    line->start = made->start;
    line->node = (struct curl_slist){.data = (char *)made->text.p, .next = NULL};
}

void upstream_authorization_make(struct upstream_authorization *made, enum upstream_auth auth,
                                 str username, const struct secret *secret)
{
    struct auth_line line = {0};

    if (auth == UPSTREAM_BEARER)
        auth_make_bearer(&line, secret);
    else
        auth_make_basic(&line, username, secret);
    secret_wipe(&made->text);
    secret_take(&made->text, &line.text);
    made->start = line.start;
}

static void mask(char *p, size_t n, str what)
{
    char *at;

    if (what.n < MASK_MIN)
        return;
    while (n >= what.n && (at = memmem(p, n, what.p, what.n)) != NULL) {
        memset(at, '*', what.n);
        n -= (size_t)(at - p) + what.n;
        p = at + what.n;
    }
}

void auth_mask(const struct auth_line *line, const struct secret *secret, char *p, size_t n)
{
    str text = secret_expose(line->borrowed ? line->borrowed : &line->text);

    if (text.n == 0 || n == 0)
        return;
    mask(p, n, secret_expose(secret));
    mask(p, n, str_slice(text, line->start, text.n));
}

void auth_wipe(struct auth_line *line)
{
    secret_wipe(&line->text);
    line->borrowed = NULL;
    line->node = (struct curl_slist){NULL, NULL};
}

void auth_lend_body(CURL *easy, const struct secret *body)
{
    str exposed = secret_expose(body);

    must(curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exposed.n) == CURLE_OK);
    must(curl_easy_setopt(easy, CURLOPT_POSTFIELDS, exposed.p) == CURLE_OK);
}
