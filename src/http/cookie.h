/* Reading the Cookie header and writing Set-Cookie (RFC 6265). Pure. */
#ifndef HTTP_COOKIE_H
#define HTTP_COOKIE_H

#include "base/arena.h"
#include "base/str.h"

/* "__Host-mortise" on https, "mortise" on http. */
str cookie_session_name(str public_url);
/* Value of the first cookie of that name, or an empty str with p == NULL. */
str cookie_get(str header, str name);
/* HttpOnly, SameSite=Lax, Path=/, Secure with a __Host- name. max_age_s 0 deletes it. */
str cookie_set(struct arena *a, str name, str value, int64_t max_age_s);

#endif
