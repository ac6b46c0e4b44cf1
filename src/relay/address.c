/* See the header. */
#include "relay/address.h"

#include "base/url.h"

static int take_name(struct arena *a, str *rest, str *ret)
{
    str segment = str_take_until(rest, '/');

    return segment.n && segment.n <= 1500 && url_decode(a, segment, URL_PLUS_IS_PLUS, ret) &&
           str_is_utf8(*ret) && !str_has_control(*ret);
}

int address_parse(struct arena *a, str path, struct address *ret)
{
    struct address found = {0};
    str rest = str_slice(path, sizeof(ADDRESS_START) - 1, path.n);

    if (!str_starts(path, STR(ADDRESS_START)) || !take_name(a, &rest, &found.app) ||
        !take_name(a, &rest, &found.connection) || rest.p == NULL)
        return 0;
    found.path = (str){rest.p - 1, rest.n + 1}; /* with the '/' that was taken last */
    found.base = str_slice(path, 0, path.n - found.path.n);
    *ret = found;
    return 1;
}
