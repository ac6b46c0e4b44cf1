/* base/log.h: the form of lines, levels, a full queue, a stuck reader, many threads. */
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"

struct logged {
    int ends[2];
    struct log *log;
    struct buf text;
};

static void open_log(struct logged *l, enum log_level least)
{
    assert_int_equal(pipe2(l->ends, O_CLOEXEC), 0);
    l->log = log_new(l->ends[1], least);
    buf_init(&l->text, 100 * 1000 * 1000);
}

static void read_rest(struct logged *l)
{
    char part[65536];
    ssize_t got;

    while ((got = read(l->ends[0], part, sizeof(part))) > 0)
        buf_add_bytes(&l->text, part, (size_t)got);
    assert_int_equal(got, 0);
    (void)close(l->ends[0]);
}

static void close_log(struct logged *l)
{
    log_free(l->log);
    (void)close(l->ends[1]);
    read_rest(l);
}

/* The line's part behind the time, without the newline. */
static str line_of(struct logged *l, str *rest)
{
    str line = str_take_until(rest, '\n');
    int64_t ms;

    (void)l;
    assert_true(str_starts(line, STR("time=")));
    assert_true(clock_parse_date(str_slice(line, 5, 29), &ms));
    return str_slice(line, 30, line.n);
}

static void test_lines(void **state)
{
    static const struct {
        str value;
        const char *shown;
    } cases[] = {
        {STR("plain/42.x"), "v=plain/42.x"},
        {STR(""), "v=\"\""},
        {{NULL, 0}, "v=\"\""},
        {STR("two words"), "v=\"two words\""},
        {STR("a=b"), "v=\"a=b\""},
        {STR("say \"hi\" \\o/"), "v=\"say \\\"hi\\\" \\\\o/\""},
        {STR("x\nlevel=error event=forged"), "v=\"x\\nlevel=error event=forged\""},
        {STR("\x1B[31m\r\x7F"), "v=\"\\x1b[31m\\x0d\\x7f\""},
        {STR("\xE2\x82\xAC"), "v=\xE2\x82\xAC"},
        {STR("\xFF\xE2\x82\xAC"), "v=\"\\xff\\xe2\\x82\\xac\""},
    };
    struct logged l;
    str rest;

    (void)state;
    open_log(&l, LOG_DEBUG);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        log_event(l.log, LOG_INFO, "test", LOG_STR("v", cases[i].value));
    log_event(l.log, LOG_ERROR, "bare");
    log_event(l.log, LOG_WARNING, "two", LOG_INT("n", INT64_MIN), LOG_STR("s", STR("t")));
    close_log(&l);
    rest = buf_str(&l.text);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char expected[200];
        (void)snprintf(expected, sizeof(expected), "level=info event=test %s", cases[i].shown);
        assert_str(line_of(&l, &rest), expected);
    }
    assert_str(line_of(&l, &rest), "level=error event=bare");
    assert_str(line_of(&l, &rest), "level=warning event=two n=-9223372036854775808 s=t");
    assert_str(rest, "");
    buf_done(&l.text);
}

static void test_levels(void **state)
{
    struct logged l;
    str rest;

    (void)state;
    log_event(NULL, LOG_ERROR, "nowhere");
    log_free(NULL);
    open_log(&l, LOG_WARNING);
    log_event(l.log, LOG_DEBUG, "no");
    log_event(l.log, LOG_INFO, "no");
    log_event(l.log, LOG_WARNING, "yes");
    log_event(l.log, LOG_ERROR, "yes");
    close_log(&l);
    rest = buf_str(&l.text);
    assert_str(line_of(&l, &rest), "level=warning event=yes");
    assert_str(line_of(&l, &rest), "level=error event=yes");
    assert_str(rest, "");
    buf_done(&l.text);
}

static void test_long_values_are_cut(void **state)
{
    struct logged l;
    char text[3000];
    str value = {text, sizeof(text)};
    str rest;
    str line;

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text + 998, "\xE2\x82\xAC", 3); /* across the cut */
    open_log(&l, LOG_INFO);
    log_event(l.log, LOG_INFO, "one", LOG_STR("v", value));
    memset(text, '\x01', sizeof(text)); /* four bytes each when escaped */
    log_event(l.log, LOG_INFO, "four", LOG_STR("a", value), LOG_INT("b", 1), LOG_STR("c", value),
              LOG_INT("d", 2));
    close_log(&l);
    rest = buf_str(&l.text);
    line = line_of(&l, &rest);
    assert_int_equal(line.n, strlen("level=info event=one v=\"...\"") + 998);
    assert_true(str_ends(line, STR("x...\"")));
    line = line_of(&l, &rest);
    assert_true(str_find(line, STR(" a=\"\\x01")) != SIZE_MAX);
    assert_true(str_ends(line, STR("...\" b=1 cut=1")));
    assert_true(line.n < 4096);
    buf_done(&l.text);
}

static void *reader_run(void *arg)
{
    read_rest(arg);
    return NULL;
}

/* Nobody reads for a while: nobody waits, and afterwards the missing lines are accounted for. */
static void test_full_queue_drops_and_counts(void **state)
{
    enum { LINES = 20000 };
    struct logged l;
    int64_t before = clock_monotonic_ms();
    int64_t seen = 0;
    int64_t dropped = 0;
    str rest;

    (void)state;
    open_log(&l, LOG_INFO);
    for (int64_t i = 0; i < LINES; i++)
        log_event(l.log, LOG_INFO, "flood", LOG_INT("i", i));
    assert_true(clock_monotonic_ms() - before < 5000);
    {
        pthread_t reader;
        assert_int_equal(pthread_create(&reader, NULL, reader_run, &l), 0);
        log_free(l.log);
        (void)close(l.ends[1]);
        assert_int_equal(pthread_join(reader, NULL), 0);
    }
    for (rest = buf_str(&l.text); rest.n;) {
        str line = line_of(&l, &rest);
        int64_t n;
        size_t at = str_find(line, STR("event=log_lines_dropped count="));
        if (at == SIZE_MAX) {
            seen++;
            continue;
        }
        assert_true(str_starts(line, STR("level=warning ")));
        assert_true(str_to_int64(str_slice(line, at + 30, line.n), &n));
        dropped += n;
    }
    assert_true(dropped > 0);
    assert_int_equal(seen + dropped, LINES);
    buf_done(&l.text);
}

static void test_free_gives_up_on_a_stuck_reader(void **state)
{
    struct logged l;
    int64_t before;
    int64_t took;

    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    open_log(&l, LOG_INFO);
    for (int i = 0; i < 3000; i++) /* more than the pipe takes */
        log_event(l.log, LOG_INFO, "flood", LOG_INT("i", i));
    before = clock_monotonic_ms();
    log_free(l.log);
    took = clock_monotonic_ms() - before;
    assert_in_range(took, 1900, 4000);
    (void)close(l.ends[0]); /* frees the writer, which frees the log: LeakSanitizer looks */
    (void)nanosleep(&(struct timespec){0, 100000000}, NULL);
    /* ends[1] stays open: it is the writer's, and nobody can tell when that is done with it */
    buf_done(&l.text);
}

static void test_broken_pipe_is_survived(void **state)
{
    struct logged l;

    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    open_log(&l, LOG_INFO);
    (void)close(l.ends[0]);
    log_event(l.log, LOG_INFO, "to_nobody");
    log_free(l.log);
    (void)close(l.ends[1]);
    buf_done(&l.text);
}

static void *log_hundred(void *log)
{
    for (int i = 0; i < 100; i++)
        log_event(log, LOG_INFO, "many", LOG_INT("i", i));
    return NULL;
}

static void test_threads_do_not_mix_lines(void **state)
{
    struct logged l;
    pthread_t threads[4];
    size_t lines = 0;
    str rest;

    (void)state;
    open_log(&l, LOG_INFO);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_hundred, l.log), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    close_log(&l);
    for (rest = buf_str(&l.text); rest.n; lines++)
        assert_true(str_starts(line_of(&l, &rest), STR("level=info event=many i=")));
    assert_int_equal(lines, 400);
    buf_done(&l.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_long_values_are_cut),
        cmocka_unit_test(test_full_queue_drops_and_counts),
        cmocka_unit_test(test_free_gives_up_on_a_stuck_reader),
        cmocka_unit_test(test_broken_pipe_is_survived),
        cmocka_unit_test(test_threads_do_not_mix_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
