/* The dispatcher's two hooks (http/dispatch.h): makes the unit of work around each half of a
 * handler, from the worker's database connection, the session cookie and the route's permission.
 * The decision itself is core/access.h's.
 *
 * The worker's state (io/pool.h) is its struct db, or NULL while the database is away: then only
 * /healthz and /readyz are answered, everything else is ERR_STORAGE_FAILED. Those two never get a
 * session looked up.
 */
#ifndef RESOURCES_HOOKS_H
#define RESOURCES_HOOKS_H

#include "core/work.h"
#include "http/dispatch.h"

/* services: kept, must outlive the dispatcher; read-only, any thread. */
struct dispatch_hooks hooks_of(const struct services *services);

#endif
