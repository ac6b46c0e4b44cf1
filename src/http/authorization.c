/* See the header. */
#include "http/authorization.h"

#include "base/url.h"

/* base64 (RFC 4648 section 4) to what url_unbase64() reads. */
static str to_url_alphabet(struct arena *a, str text)
{
    char *copy = arena_cstring(a, text);

    while (text.n && text.p[text.n - 1] == '=')
        text.n--;
    for (size_t i = 0; i < text.n; i++) {
        if (copy[i] == '+' || copy[i] == '/')
            copy[i] = copy[i] == '+' ? '-' : '_';
        else if (copy[i] == '-' || copy[i] == '_')
            return STR("");
    }
    return (str){copy, text.n};
}

static str password_of(struct arena *a, str credentials)
{
    str pair;

    if (!url_unbase64(a, to_url_alphabet(a, credentials), &pair))
        return STR("");
    (void)str_take_until(&pair, ':');
    return pair.p ? pair : STR("");
}

str authorization_key(struct arena *a, str header)
{
    str rest = str_trim(header);

    if (!header.p)
        return (str){NULL, 0};
    str scheme = str_take_until(&rest, ' ');
    rest = str_trim(rest);
    if (str_eq_nocase(scheme, STR("Bearer")))
        return arena_str(a, rest.p ? rest : STR(""));
    if (!str_eq_nocase(scheme, STR("Basic")))
        return (str){NULL, 0};
    str password = password_of(a, rest);
    return str_starts(password, STR("mk_")) ? password : (str){NULL, 0};
}
