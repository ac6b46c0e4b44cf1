/* See the header. */
#include "actions/scope.h"

#include "actions/paste.h"
#include "base/clock.h"
#include "base/doc.h"
#include "core/provider.h"

#define DATE_LENGTH 10 /* of what clock_format() makes */

/* What no provider has to bring. The last one ends the list. */
static const struct place_filter OWN[] = {
    {"table", NULL, paste_table},
    {"list", NULL, paste_list},
    {NULL, NULL, NULL},
};

const struct place_filter *scope_filters(const struct work *w)
{
    const struct provider_filter *from = w->services->provider->filters;
    struct place_filter *all;
    size_t n = 0;

    while (from[n].name)
        n++;
    all = arena_alloc_array(w->arena, n + sizeof(OWN) / sizeof(OWN[0]), sizeof(*all));
    for (size_t i = 0; i < n; i++)
        all[i] = (struct place_filter){from[i].name, from[i].apply, from[i].convert};
    for (size_t i = 0; OWN[i].name; i++)
        all[n + i] = OWN[i];
    return all;
}

json_t *scope_values(const struct work *w)
{
    json_t *values = doc_object(w->arena), *user = doc_object(w->arena);
    char now[25];

    clock_format(w->now_ms, now);
    doc_set_str(user, "id", w->actor.user);
    doc_set_str(user, "name", w->actor.user.p ? w->actor.name : (str){NULL, 0});
    doc_set_str(user, "email", w->actor.user.p ? w->actor.email : (str){NULL, 0});
    doc_set(values, "input", doc_object(w->arena));
    doc_set(values, "request", doc_object(w->arena));
    doc_set(values, "user", user);
    doc_set_cstring(values, "now", now);
    doc_set_cstring(values, "search", "");
    doc_set_str(values, "today", str_slice(str_from(now), 0, DATE_LENGTH));
    return values;
}
