/* See the header. */
#include "relay/headers.h"

static const str asked[] = {
#define ASKED(name) STR(name),
#define ANSWERED(name)
#include "relay_headers.def"
#undef ASKED
#undef ANSWERED
};

static const str answered[] = {
#define ASKED(name)
#define ANSWERED(name) STR(name),
#include "relay_headers.def"
#undef ASKED
#undef ANSWERED
};

static int has_name(const str *list, size_t count, str name)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].n == name.n && (list[i].p[0] | 0x20) == (name.p[0] | 0x20) &&
            str_eq_nocase(list[i], name))
            return 1;
    }
    return 0;
}

int headers_asked(str name)
{
    return has_name(asked, sizeof(asked) / sizeof(asked[0]), name);
}

int headers_answered(str name)
{
    return has_name(answered, sizeof(answered) / sizeof(answered[0]), name);
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
