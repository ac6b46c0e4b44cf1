/* See the header. */
#include "relay/headers.h"

/* Both are as long. */
static int is_name(str name, str of)
{
    return (name.p[0] | 0x20) == (of.p[0] | 0x20) && str_eq_nocase(name, of);
}

int headers_asked(str name)
{
#define ASKED(of) || (name.n == sizeof(of) - 1 && is_name(name, STR(of)))
#define ANSWERED(of)
    return 0
#include "relay_headers.def"
        ;
#undef ASKED
#undef ANSWERED
}

int headers_answered(str name)
{
#define ASKED(of)
#define ANSWERED(of) || (name.n == sizeof(of) - 1 && is_name(name, STR(of)))
    return 0
#include "relay_headers.def"
        ;
#undef ASKED
#undef ANSWERED
}

size_t headers_of_request(struct arena *a, const struct http_request *r,
                          const struct upstream_header **ret)
{
    struct upstream_header *list = arena_alloc_array(a, r->header_count + 1, sizeof(*list));
    size_t n = 0;

    for (size_t i = 0; i < r->header_count; i++) {
        const struct http_header *h = &r->headers[i];
        if (headers_asked(h->name) && !str_has_control(h->value))
            list[n++] =
                (struct upstream_header){arena_str(a, h->name), arena_str(a, str_trim(h->value))};
    }
    *ret = list;
    return n;
}

size_t headers_of_answer(const struct upstream_call *call, struct http_header *to)
{
    size_t n = 0;

    for (size_t i = 0; i < call->reply_header_count && n < HEADERS_MAX; i++) {
        const struct upstream_header *h = &call->reply_headers[i];
        if (headers_answered(h->name) && !str_has_control(h->value))
            to[n++] = (struct http_header){h->name, h->value};
    }
    return n;
}
