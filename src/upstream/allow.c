/* The list of allowed hosts. */
#include "upstream/allow.h"

struct allow_entry {
    struct allow_entry *next;
    str scheme;
    str host; /* for below: ".host" */
    int port;
    int below;
};

struct allow_list {
    struct allow_entry *first;
};

static void push(struct arena *a, struct allow_list *l, const struct upstream_url *u, int below)
{
    struct allow_entry *e = arena_new_of(a, struct allow_entry);

    *e = (struct allow_entry){
        .next = l->first,
        .scheme = arena_str(a, u->scheme),
        .host = below ? arena_printf(a, ".%.*s", STR_ARG(u->host)) : arena_str(a, u->host),
        .port = u->port,
        .below = below,
    };
    l->first = e;
}

void allow_list_add(struct arena *a, struct allow_list *l, const struct upstream_url *u)
{
    push(a, l, u, 0);
}

static enum err add_entry(struct arena *a, struct fault *f, const char *variable,
                          struct allow_list *l, str entry)
{
    struct upstream_url u;
    str scheme = STR("https");
    str rest = entry;
    int below;

    if (str_starts(entry, STR("http://")))
        scheme = STR("http");
    if (str_find(entry, STR("://")) != SIZE_MAX)
        rest = str_slice(entry, str_find(entry, STR("://")) + 3, entry.n);
    if (str_starts(entry, STR("http://")) || str_starts(entry, STR("https://")) ||
        rest.n == entry.n) {
        below = str_starts(rest, STR("*."));
        rest = str_slice(rest, below ? 2 : 0, rest.n);
        if (upstream_url_parse(a, arena_printf(a, "%.*s://%.*s", STR_ARG(scheme), STR_ARG(rest)),
                               &u) &&
            !u.has_user && u.query.p == NULL && str_eq(u.path, STR("/")) &&
            !(below && u.is_address)) {
            push(a, l, &u, below);
            return ERR_OK;
        }
    }
    return fail(f, ERR_CONFIG,
                "The entry \"%.*s\" of %s cannot be read. Write host, host:port, "
                "or either with http:// or https:// before it.",
                STR_ARG(str_utf8_cut(entry, 100)), variable);
}

enum err allow_list_parse(struct arena *a, struct fault *f, const char *variable, str text,
                          struct allow_list **ret)
{
    struct allow_list *l = arena_new_of(a, struct allow_list);

    while (text.n) {
        str group = str_take_until(&text, ',');
        while (group.n) {
            str entry = str_trim(str_take_until(&group, ' '));
            enum err e = entry.n ? add_entry(a, f, variable, l, entry) : ERR_OK;
            if (e)
                return e;
        }
    }
    *ret = l;
    return ERR_OK;
}

int allow_list_has(const struct allow_list *l, const struct upstream_url *u)
{
    for (const struct allow_entry *e = l->first; e; e = e->next) {
        if (e->port == u->port && str_eq(e->scheme, u->scheme) &&
            (e->below ? str_ends(u->host, e->host) : str_eq(u->host, e->host)))
            return 1;
    }
    return 0;
}
