/* The files of ui/, embedded into the binary by tools/embed.py: templates as sources, all others
 * under /assets/<name>.<hash>.<ext>, the hash being of the content, so that browsers may keep them
 * for ever. Immutable; any thread.
 */
#ifndef HTTP_ASSET_H
#define HTTP_ASSET_H

#include <stddef.h>

#include "base/str.h"
#include "http/template.h"

struct asset {
    const char *name; /* "style.css", "icons/jira.svg" */
    const char *key;  /* the name for templates: "style_css", "icons_jira_svg" */
    const char *path; /* "/assets/style.0123456789ab.css" */
    const char *type; /* Content-Type */
    str content;
};

struct ui {
    const struct template_source *templates;
    size_t template_count;
    const struct asset *assets;
    size_t asset_count;
};

/* What was embedded. */
const struct ui *ui_embedded(void);

/* By the path of a request, or NULL. */
const struct asset *asset_find(const struct ui *ui, str path);
/* By name, or NULL. */
const struct asset *asset_named(const struct ui *ui, const char *name);

#endif
