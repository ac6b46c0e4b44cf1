/* Which addresses are Jira and Atlassian: the settings that say so, read once. Read-only
 * afterwards, any thread.
 */
#ifndef JIRA_POLICY_H
#define JIRA_POLICY_H

#include "base/arena.h"
#include "base/err.h"
#include "core/settings.h"
#include "upstream/allow.h"

struct jira_policy {
    struct allow_list *allow;    /* allow_hosts: may be entered as a Base URL */
    struct allow_list *callable; /* the same, gateway and sign-in: may be plain or private */
    str sites;                   /* ".atlassian.net" */
    str api_origin;              /* "https://api.atlassian.com" */
    str api_path;                /* "" for Atlassian's own gateway */
    str auth_origin;             /* "https://auth.atlassian.com" */
    str auth_path;               /* "" for Atlassian's own authorization server */
};

/* In the arena, which must live as long. ERR_CONFIG with a sentence that names the setting. */
MUST_USE enum err jira_policy_make(struct arena *a, struct fault *f,
                                   const struct settings *settings, struct jira_policy *ret);
/* A Jira Cloud site by its host: below the domain of sites. Only for these is the gateway tried. */
int jira_policy_is_cloud(const struct jira_policy *p, const struct upstream_url *u);
/* A cloud id, as it may stand in the gateway's path: 8-4-4-4-12 hexadecimal digits. */
int jira_is_uuid(str s);

#endif
