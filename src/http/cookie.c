/* Cookie header and Set-Cookie (RFC 6265 sections 4.1, 4.2, 5.4). What the cookies mean is not
 * known here. Pure; any thread.
 */
#include "http/cookie.h"

#include <inttypes.h>

#include "base/check.h"

str cookie_session_name(str public_url)
{
    return str_starts(public_url, STR("https://")) ? STR("__Host-mortise") : STR("mortise");
}

str cookie_get(str header, str name)
{
    while (header.p) {
        str pair = str_trim(str_take_until(&header, ';'));
        size_t equals = str_find_char(pair, '=');

        if (equals != SIZE_MAX && str_eq(str_slice(pair, 0, equals), name))
            return str_slice(pair, equals + 1, pair.n);
    }
    return (str){NULL, 0};
}

/* cookie-octet of RFC 6265 section 4.1.1. */
static int value_is_plain(str value)
{
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];

        if (c <= 0x20 || c >= 0x7f || c == '"' || c == ',' || c == ';' || c == '\\')
            return 0;
    }
    return 1;
}

str cookie_set(struct arena *a, str name, str value, int64_t max_age_s)
{
    const char *secure = str_starts(name, STR("__Host-")) ? "; Secure" : "";

    must(value_is_plain(value));
    return arena_printf(a, "%.*s=%.*s; Path=/; Max-Age=%" PRId64 "; HttpOnly; SameSite=Lax%s",
                        STR_ARG(name), STR_ARG(value), max_age_s, secure);
}
