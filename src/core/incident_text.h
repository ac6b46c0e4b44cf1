/* What people and programs read about an incident. Makes texts only: pure but for the arena. No
 * secret is in what it is made from; names are given as they are (HTML is the templates' business,
 * headers of mail src/notify's).
 */
#ifndef CORE_INCIDENT_TEXT_H
#define CORE_INCIDENT_TEXT_H

#include "core/incidents.h"

/* for_owner: speaks to whose credential it is; others are told whose. */
str incident_sentence(struct arena *a, const struct incident_row *i, enum incident_event event,
                      int for_owner, int64_t now_ms);
/* Where to do something about it: a path of ours. */
str incident_link(struct arena *a, const struct incident_row *i, int for_owner);
/* The body of a webhook's message: {"id","type","timestamp","data"} (docs/api.md). */
str incident_message(struct arena *a, str public_url, str id, const struct incident_row *i,
                     enum incident_event event, int64_t now_ms);
/* "Mortise: what it is about", from the sentence's beginning. */
str incident_mail_subject(struct arena *a, str sentence);
str incident_mail_text(struct arena *a, str public_url, str name, str sentence, str link);

#endif
