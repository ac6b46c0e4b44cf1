/* Process set-up that concerns the system: signals, limits, core files. Main thread, at start. */
#ifndef IO_SIGNALS_H
#define IO_SIGNALS_H

#include <stdint.h>

/* No core files, not dumpable (PR_SET_DUMPABLE 0), SIGPIPE ignored, descriptors raised to the
 * hard limit, umask 077. Blocks SIGINT, SIGTERM and SIGHUP for every thread started later. */
void signals_harden(void);
/* How many descriptors the process may have open. */
int64_t signals_descriptors(void);
/* Waits for one of the three and returns its number. */
int signals_wait(void);

#endif
