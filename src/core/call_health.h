/* What relayed calls taught of their credentials: last use, last error, and what was needed, as
 * core/health.h notes it of a single request. Of a batch at once and off the calls' way: what is
 * asked of the database is bounded by the kinds of calls, not by the calls. Without HTTP and SQL.
 * What only a body names (the project of a new issue) is known of one call of a kind and batch.
 */
#ifndef CORE_CALL_HEALTH_H
#define CORE_CALL_HEALTH_H

#include "core/call_batch.h"
#include "core/provider.h"
#include "core/work.h"

/* Projects of one kind that are looked at: as many as a test asks about. */
#define CALL_HEALTH_PROJECTS PROVIDER_RIGHTS_MAX

/* Write transaction. */
MUST_USE enum err call_health_note(struct work *w, const struct call_batch *batch);

#endif
