/* Bare addresses in a text of Markdown (markdown_int.h), as GitHub finds them. */
#include "jira/markdown_int.h"

static int is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (unsigned char)c >= 0x80;
}

/* Bare addresses. md4c's own way loses marks behind a link to an address (0.4.8), so that it is
 * switched off. A text that reaches us in one piece has no escaped character in it. */
size_t markdown_url_begin(const struct reader *r, str s, size_t colon)
{
    static const str schemes[] = {STR("https"), STR("http")};

    for (size_t i = 0; i < 2; i++) {
        size_t n = schemes[i].n;
        const char *p = s.p + colon - n;

        if (colon >= n && str_eq(str_slice(s, colon - n, colon), schemes[i]) &&
            (p == r->input.p || !is_word(p[-1])))
            return colon - n;
    }
    return SIZE_MAX;
}

/* Where a text in Chinese or Japanese goes on behind an address: punctuation of these. */
static int is_wide_punct(str s, size_t i)
{
    str rest = str_slice(s, i, s.n);

    return str_starts(rest, STR("\xe3\x80")) || str_starts(rest, STR("\xef\xbc")) ||
           str_starts(rest, STR("\xef\xbd"));
}

/* Without the punctuation of the sentence, and without more closing brackets than it opens. */
static str without_end(str url, size_t host)
{
    size_t opened = 0, closed = 0;

    for (size_t i = 0; i < url.n; i++) {
        opened += url.p[i] == '(';
        closed += url.p[i] == ')';
    }
    while (url.n > host) {
        char last = url.p[url.n - 1];

        if (last == ')' ? closed <= opened : !strchr("?!.,:;*_~'", last))
            break;
        closed -= last == ')';
        url.n--;
    }
    return url;
}

/* The address from begin on; empty when there is none. host: where what follows "://" begins. */
str markdown_url_at(const struct reader *r, str s, size_t begin, size_t host)
{
    size_t end = host;
    const char *behind;

    if (host >= s.n || !is_word(s.p[host]))
        return STR("");
    while (end < s.n && (unsigned char)s.p[end] > 0x20 && s.p[end] != 0x7f &&
           !strchr("<>\"`\\", s.p[end]) && !is_wide_punct(s, end))
        end++;
    behind = s.p + end;
    if (end == s.n && behind < r->input.p + r->input.n && (*behind == '\\' || *behind == '&'))
        return STR(""); /* goes on in another piece */
    return end > host ? without_end(str_slice(s, begin, end), host - begin) : STR("");
}
