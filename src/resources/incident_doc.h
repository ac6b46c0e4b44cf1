/* Open incidents in documents, for those who may see all of a place's: an app's admins, workspace
 * admins.
 */
#ifndef RESOURCES_INCIDENT_DOC_H
#define RESOURCES_INCIDENT_DOC_H

#include "http/exchange.h"

/* {"slug","name"}, or JSON null for the workspace (slug.p == NULL). */
json_t *incident_doc_app(struct exchange *x, str slug, str name);
/* Puts "incidents": [{"id","kind","sentence","link","opened"}] and "incidents_more" of the app of
 * the path, or outside an app the workspace's, into the document. */
MUST_USE enum err incident_doc_put(struct exchange *x);

#endif
