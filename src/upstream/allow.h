/* The operator's list of hosts that may be called although they are not Jira Cloud's, may be plain
 * http, and may have private addresses (setting allow_hosts). Never makes a metadata address
 * reachable (guard.h). Webhooks have a list of their own (webhook_hosts) by the same rules.
 *
 * The text: entries separated by commas or spaces. An entry is `host`, `host:port`, or either with
 * `http://` or `https://` before it; without a scheme it means https, without a port the scheme's
 * own. `*.` before the host means every name below it, not the name itself.
 * Made once, read-only, any thread.
 */
#ifndef UPSTREAM_ALLOW_H
#define UPSTREAM_ALLOW_H

#include "base/arena.h"
#include "base/err.h"
#include "upstream/url.h"

struct allow_list;

/* In the arena, which must live as long. ERR_CONFIG with a sentence that names the setting
 * (`variable`) and the entry which cannot be read. Empty text gives an empty list. */
MUST_USE enum err allow_list_parse(struct arena *a, struct fault *f, const char *variable, str text,
                                   struct allow_list **ret);
/* Scheme, host and port all fit one entry. */
int allow_list_has(const struct allow_list *l, const struct upstream_url *u);
/* Adds the origin of u, for addresses that come from another setting. */
void allow_list_add(struct arena *a, struct allow_list *l, const struct upstream_url *u);

#endif
