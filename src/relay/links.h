/* Links in an answer's headers that lead to Jira's REST API, made to lead to the relay: Location,
 * and in Link (RFC 8288) what stands between < and >. What stands in quotation marks is a title,
 * not a link. A link may leave out scheme and host: it then leads to the same place. Links in
 * bodies: relay/rewrite.h. Pure; any thread.
 */
#ifndef RELAY_LINKS_H
#define RELAY_LINKS_H

#include "base/arena.h"
#include "base/str.h"

/* 1 when the header holds links. */
static inline int links_are_in(str name)
{
    return (name.n == 8 && str_eq_nocase(name, STR("Location"))) ||
           (name.n == 4 && str_eq_nocase(name, STR("Link")));
}

/* The value with every link that leads to one of the prefixes ("https://acme.example/rest/")
 * beginning with `own` instead; in the arena, or as it came. */
str links_location(struct arena *a, str value, const str *prefixes, size_t count, str own);
str links_link(struct arena *a, str value, const str *prefixes, size_t count, str own);

#endif
