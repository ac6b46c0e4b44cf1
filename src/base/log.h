/* The log: one line an event in logfmt on standard error (key=value, quoted where needed).
 *
 * Threads: log_event() may be called from any thread and never blocks: lines go to a bounded
 * queue that one writer thread empties; when it is full, lines are dropped and counted, and the
 * count is logged as soon as there is room. No secret can be given to it (values are str or
 * integers, struct secret is neither).
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdint.h>

#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

struct log;

struct log_field {
    const char *key;
    str text; /* used when is_number is 0 */
    int64_t number;
    int is_number;
};
#define LOG_STR(key, s) ((struct log_field){(key), (s), 0, 0})
#define LOG_INT(key, i) ((struct log_field){(key), {NULL, 0}, (i), 1})

/* Writes to fd (not closed). One a process; passed to whoever logs. */
struct log *log_new(int fd, enum log_level least);
/* Writes what is queued, waiting at most two seconds for a stuck reader, then frees; nobody may log
 * any more. A writer that is stuck even then is left behind, so do this at the end of the process
 * only. Accepts NULL. */
void log_free(struct log *l);

/* log may be NULL (unit tests): nothing happens. */
#define log_event(log, level, event, ...)                                                          \
    log_write((log), (level), (event), (const struct log_field[]){__VA_ARGS__},                    \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
void log_write(struct log *l, enum log_level level, const char *event,
               const struct log_field *fields, size_t count);

#endif
