/* The sentence shown once on the page after a redirect, carried by the browser in a cookie that
 * lives a minute and is authenticated, so that nobody else can put words on our pages. The key is
 * the process's own: after a restart a notice is lost, nothing else. Pure; any thread.
 */
#ifndef HTTP_NOTICE_H
#define HTTP_NOTICE_H

#include "base/arena.h"
#include "base/secret.h"
#include "base/str.h"

/* "__Host-mortise-notice" on https, "mortise-notice" on http. */
str notice_cookie_name(str public_url);
/* The cookie's value; empty when there is no notice or it is too long for a cookie. */
str notice_seal(struct arena *a, const struct secret *key, str notice);
/* The notice, or an empty str for anything we did not seal. */
str notice_open(struct arena *a, const struct secret *key, str value);

#endif
