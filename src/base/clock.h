/* Time. Stored and compared times are milliseconds since 1970 UTC; waiting uses the monotonic
 * clock. Any thread.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#include "base/str.h"

int64_t clock_now_ms(void);
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);
/* RFC 3339 in UTC with milliseconds, "2026-11-23T19:18:22.123Z"; 25 bytes with the NUL.
 * Times outside 1970-9999 are shown as that range's first or last moment. */
void clock_format(int64_t ms, char ret[static 25]);
/* "2026-11-23" -> the last millisecond of that day UTC; also takes what clock_format makes.
 * Returns 1 and sets *ret_ms, or 0. Years 1970-9999. */
int clock_parse_date(str text, int64_t *ret_ms);

#define CLOCK_SECOND_MS INT64_C(1000)
#define CLOCK_MINUTE_MS (60 * CLOCK_SECOND_MS)
#define CLOCK_HOUR_MS (60 * CLOCK_MINUTE_MS)
#define CLOCK_DAY_MS (24 * CLOCK_HOUR_MS)

#endif
