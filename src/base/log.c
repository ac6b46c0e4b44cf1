/* The log's queue and its writer thread.
 *
 * Two byte areas: callers append whole lines to `waiting` under the mutex (a copy of at most
 * LOG_LINE_MAX bytes, the only thing they may wait for); the writer exchanges it with `writing`,
 * which is its own, and writes without the mutex.
 *
 * States of the writer: idle (waits for the condition) -> writing -> idle ... -> ended, once
 * `stopping` is set and nothing waits. A reader that does not read blocks it in write(); the lines
 * that no longer fit are then counted in `dropped`, and the count is written before the next lines.
 * log_free() gives it two seconds. A writer that is still stuck then is `abandoned`: the log is its
 * own from there on, and it frees the log if it ever comes back (a thread cannot be torn out of
 * write() cleanly).
 */
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"

#define LOG_QUEUE_BYTES ((size_t)256 * 1024)
#define LOG_LINE_MAX ((size_t)4096)
#define LOG_VALUE_MAX ((size_t)1000)
#define LOG_FREE_SECONDS 2

struct log {
    int fd;
    enum log_level least;
    pthread_t writer;
    char *writing; /* the writer's */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* under the mutex: */
    char *waiting;
    size_t waiting_n;
    int64_t dropped;
    int stopping;
    int ended;
    int abandoned;
};

static const char cut_mark[] = " cut=1\n";

struct line {
    char p[LOG_LINE_MAX + sizeof(cut_mark)]; /* the mark always fits */
    size_t n;
    int full;
};

static void line_add(struct line *line, str s)
{
    if (line->full || s.n > LOG_LINE_MAX - line->n) {
        line->full = 1;
        return;
    }
    memcpy(line->p + line->n, s.p, s.n);
    line->n += s.n;
}

static int needs_quotes(str s)
{
    if (s.n == 0 || str_has_control(s) || !str_is_utf8(s))
        return 1;
    return str_find_char(s, ' ') != SIZE_MAX || str_find_char(s, '=') != SIZE_MAX ||
           str_find_char(s, '"') != SIZE_MAX || str_find_char(s, '\\') != SIZE_MAX;
}

/* One byte of a quoted value. Nothing in a value can end the line or the quotes. */
static void line_add_quoted_byte(struct line *line, unsigned char c, int utf8)
{
    char escaped[5];
    int n;

    if (c == '"' || c == '\\')
        n = snprintf(escaped, sizeof(escaped), "\\%c", c);
    else if (c == '\n')
        n = snprintf(escaped, sizeof(escaped), "\\n");
    else if (c < 0x20 || c == 0x7F || (c >= 0x80 && !utf8))
        n = snprintf(escaped, sizeof(escaped), "\\x%02x", c);
    else
        n = snprintf(escaped, sizeof(escaped), "%c", c);
    line_add(line, (str){escaped, (size_t)n});
}

static void line_add_text(struct line *line, str s)
{
    str shown = str_utf8_cut(s, LOG_VALUE_MAX);
    int utf8 = str_is_utf8(shown);

    if (!needs_quotes(shown) && shown.n == s.n) {
        line_add(line, shown);
        return;
    }
    line_add(line, STR("\""));
    for (size_t i = 0; i < shown.n; i++)
        line_add_quoted_byte(line, (unsigned char)shown.p[i], utf8);
    line_add(line, shown.n < s.n ? STR("...\"") : STR("\""));
}

static void line_add_field(struct line *line, const struct log_field *field)
{
    char number[24];

    line_add(line, STR(" "));
    line_add(line, str_from(field->key));
    line_add(line, STR("="));
    if (field->is_number) {
        int n = snprintf(number, sizeof(number), "%lld", (long long)field->number);
        line_add(line, (str){number, (size_t)n});
    } else {
        line_add_text(line, field->text);
    }
}

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_DEBUG:
        return "debug";
    case LOG_INFO:
        return "info";
    case LOG_WARNING:
        return "warning";
    case LOG_ERROR:
        return "error";
    }
    unreachable("log level");
}

/* Fields that do not fit are left out, and the line says so. */
static void line_make(struct line *line, enum log_level level, const char *event,
                      const struct log_field *fields, size_t count)
{
    char now[25];

    line->n = 0;
    line->full = 0;
    clock_format(clock_now_ms(), now);
    line_add(line, STR("time="));
    line_add(line, str_from(now));
    line_add_field(line, &LOG_STR("level", str_from(level_name(level))));
    line_add_field(line, &LOG_STR("event", str_from(event)));
    for (size_t i = 0; i < count && !line->full; i++) {
        size_t before = line->n;
        line_add_field(line, &fields[i]);
        if (line->full)
            line->n = before;
    }
    if (!line->full) {
        line->p[line->n++] = '\n';
        return;
    }
    memcpy(line->p + line->n, cut_mark, sizeof(cut_mark) - 1);
    line->n += sizeof(cut_mark) - 1;
}

/* Writes all, or gives up when the descriptor is broken: there is nobody to tell. */
static void write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done >= 0) {
            p += done;
            n -= (size_t)done;
        } else if (errno == EAGAIN) {
            struct pollfd writable = {.fd = fd, .events = POLLOUT};
            (void)poll(&writable, 1, 1000);
        } else if (errno != EINTR) {
            return;
        }
    }
}

/* Waits for lines and takes them. Returns 0 when the log ends and nothing is left. */
static int take_waiting(struct log *l, size_t *ret_n, int64_t *ret_dropped)
{
    char *taken;

    must(pthread_mutex_lock(&l->mutex) == 0);
    while (l->waiting_n == 0 && l->dropped == 0 && !l->stopping)
        must(pthread_cond_wait(&l->changed, &l->mutex) == 0);
    taken = l->waiting;
    l->waiting = l->writing;
    l->writing = taken;
    *ret_n = l->waiting_n;
    *ret_dropped = l->dropped;
    l->waiting_n = 0;
    l->dropped = 0;
    must(pthread_mutex_unlock(&l->mutex) == 0);
    return *ret_n > 0 || *ret_dropped > 0;
}

static void release(struct log *l)
{
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->mutex);
    mem_free(l->waiting);
    mem_free(l->writing);
    mem_free(l);
}

static void *writer_run(void *arg)
{
    struct log *l = arg;
    size_t n;
    int64_t dropped;
    int abandoned;

    while (take_waiting(l, &n, &dropped)) {
        write_all(l->fd, l->writing, n);
        if (dropped > 0) {
            struct line line;
            line_make(&line, LOG_WARNING, "log_lines_dropped", &LOG_INT("count", dropped), 1);
            write_all(l->fd, line.p, line.n);
        }
    }
    must(pthread_mutex_lock(&l->mutex) == 0);
    l->ended = 1;
    abandoned = l->abandoned;
    must(pthread_cond_signal(&l->changed) == 0);
    must(pthread_mutex_unlock(&l->mutex) == 0);
    if (abandoned)
        release(l);
    return NULL;
}

static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;

    must(pthread_condattr_init(&monotonic) == 0);
    must(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    must(pthread_cond_init(condition, &monotonic) == 0);
    must(pthread_condattr_destroy(&monotonic) == 0);
}

struct log *log_new(int fd, enum log_level least)
{
    struct log *l = mem_new(struct log);

    l->fd = fd;
    l->least = least;
    l->waiting = mem_alloc(LOG_QUEUE_BYTES);
    l->writing = mem_alloc(LOG_QUEUE_BYTES);
    must(pthread_mutex_init(&l->mutex, NULL) == 0);
    init_condition(&l->changed);
    l->writer = thread_start("log", writer_run, l);
    return l;
}

/* Returns 0 when the writer is stuck and has been left to itself. */
static int end_writer(struct log *l)
{
    pthread_t writer = l->writer;
    struct timespec until;
    int ended;

    must(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    until.tv_sec += LOG_FREE_SECONDS;
    must(pthread_mutex_lock(&l->mutex) == 0);
    l->stopping = 1;
    must(pthread_cond_signal(&l->changed) == 0);
    while (!l->ended && pthread_cond_timedwait(&l->changed, &l->mutex, &until) == 0)
        ;
    ended = l->ended;
    l->abandoned = !ended;
    must(pthread_mutex_unlock(&l->mutex) == 0);
    must((ended ? pthread_join(writer, NULL) : pthread_detach(writer)) == 0);
    return ended;
}

void log_free(struct log *l)
{
    if (l && end_writer(l))
        release(l);
}

void log_write(struct log *l, enum log_level level, const char *event,
               const struct log_field *fields, size_t count)
{
    struct line line;

    if (l == NULL || level < l->least)
        return;
    line_make(&line, level, event, fields, count);
    must(pthread_mutex_lock(&l->mutex) == 0);
    if (line.n > LOG_QUEUE_BYTES - l->waiting_n) {
        l->dropped++;
    } else {
        memcpy(l->waiting + l->waiting_n, line.p, line.n);
        l->waiting_n += line.n;
    }
    must(pthread_cond_signal(&l->changed) == 0);
    must(pthread_mutex_unlock(&l->mutex) == 0);
}
