/* Reading the clocks, and dates of the Gregorian calendar in UTC. */
#include "base/clock.h"

#include <time.h>

#include "base/check.h"

#define CLOCK_LAST_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

static struct timespec read_clock(clockid_t which)
{
    struct timespec t;

    must(clock_gettime(which, &t) == 0);
    return t;
}

int64_t clock_now_ms(void)
{
    struct timespec t = read_clock(CLOCK_REALTIME);

    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_monotonic_us(void)
{
    struct timespec t = read_clock(CLOCK_MONOTONIC);

    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_monotonic_ms(void)
{
    return clock_monotonic_us() / 1000;
}

static void put_digits(char *at, int digits, int value)
{
    for (int i = digits - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
}

void clock_format(int64_t ms, char ret[static 25])
{
    time_t seconds;
    struct tm t;

    if (ms < 0)
        ms = 0;
    if (ms > CLOCK_LAST_MS)
        ms = CLOCK_LAST_MS;
    seconds = (time_t)(ms / 1000);
    must(gmtime_r(&seconds, &t) != NULL);
    memcpy(ret, "YYYY-MM-DDThh:mm:ss.000Z", 25);
    put_digits(ret, 4, t.tm_year + 1900);
    put_digits(ret + 5, 2, t.tm_mon + 1);
    put_digits(ret + 8, 2, t.tm_mday);
    put_digits(ret + 11, 2, t.tm_hour);
    put_digits(ret + 14, 2, t.tm_min);
    put_digits(ret + 17, 2, t.tm_sec);
    put_digits(ret + 20, 3, (int)(ms % 1000));
}

/* text has the form of pattern, where 9 stands for any digit. */
static int has_form(str text, str pattern)
{
    if (text.n != pattern.n)
        return 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (pattern.p[i] == '9' ? c < '0' || c > '9' : c != pattern.p[i])
            return 0;
    }
    return 1;
}

static int digits_at(str text, size_t at, size_t digits)
{
    int value = 0;

    for (size_t i = at; i < at + digits; i++)
        value = value * 10 + (text.p[i] - '0');
    return value;
}

static int is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01; negative when it is before that or there is no such day. */
static int64_t days_of(int year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = is_leap(year);
    int y = year - 1; /* whole years before this one */

    if (month < 1 || month > 12)
        return -1;
    if (day < 1 || day > length[month - 1] + (month == 2 && leap))
        return -1;
    return (int64_t)(year - 1970) * 365 + (y / 4 - y / 100 + y / 400) -
           (1969 / 4 - 1969 / 100 + 1969 / 400) + before[month - 1] + (month > 2 && leap) + day - 1;
}

int clock_parse_date(str text, int64_t *ret_ms)
{
    int with_time = has_form(text, STR("9999-99-99T99:99:99.999Z"));
    int64_t days;
    int hour, minute, second;

    if (!with_time && !has_form(text, STR("9999-99-99")))
        return 0;
    days = days_of(digits_at(text, 0, 4), digits_at(text, 5, 2), digits_at(text, 8, 2));
    if (days < 0)
        return 0;
    if (!with_time) {
        *ret_ms = (days + 1) * CLOCK_DAY_MS - 1;
        return 1;
    }
    hour = digits_at(text, 11, 2);
    minute = digits_at(text, 14, 2);
    second = digits_at(text, 17, 2);
    if (hour > 23 || minute > 59 || second > 59)
        return 0;
    *ret_ms = days * CLOCK_DAY_MS + hour * CLOCK_HOUR_MS + minute * CLOCK_MINUTE_MS +
              second * CLOCK_SECOND_MS + digits_at(text, 20, 3);
    return 1;
}
