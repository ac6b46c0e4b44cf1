/* A connection's socket: what waits on either side of it, in order and counted.
 */
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support.h"

#include "base/mem.h"
#include "http/wire.h"

#define HIGH ((size_t)20000)

/* One loop with two connections; what the client has is peer[]. */
struct scene {
    struct event_base *base;
    struct wire_gather gather;
    _Atomic size_t queued;
    struct wire wire[2];
    int peer[2];
};

static void nothing(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

static int begin(void **state)
{
    struct scene *s = mem_new(struct scene);

    s->base = event_base_new();
    wire_gather_init(&s->gather, &s->queued);
    for (int i = 0; i < 2; i++) {
        int pair[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        wire_open(&s->wire[i], &s->gather, s->base, pair[0], nothing, nothing, NULL);
        s->peer[i] = pair[1];
    }
    *state = s;
    return 0;
}

static int end(void **state)
{
    struct scene *s = *state;

    for (int i = 0; i < 2; i++) {
        wire_close(&s->wire[i]);
        close(s->peer[i]);
    }
    wire_gather_done(&s->gather); /* aborts when a closed one still has it */
    event_base_free(s->base);
    assert_int_equal(atomic_load(&s->queued), 0);
    mem_free(s);
    return 0;
}

static void add(struct wire *w, const char *text)
{
    str parts[] = {str_slice(str_from(text), 0, 1), str_slice(str_from(text), 1, strlen(text))};

    wire_add(w, parts, 2);
}

static void assert_arrived(int peer, const char *text)
{
    char got[64] = {0};

    assert_int_equal(read(peer, got, sizeof(got) - 1), strlen(text));
    assert_string_equal(got, text);
}

static void test_two_answers_at_once(void **state)
{
    struct scene *s = *state;

    add(&s->wire[0], "first ");
    add(&s->wire[1], "other ");
    add(&s->wire[0], "second");
    assert_int_equal(wire_waiting(&s->wire[0]), 12);
    assert_int_equal(atomic_load(&s->queued), 6); /* the other's */
    assert_int_equal(wire_send(&s->wire[0]), 1);
    add(&s->wire[1], "again"); /* behind what waits already, although the gather is free */
    assert_int_equal(wire_send(&s->wire[1]), 1);
    assert_arrived(s->peer[0], "first second");
    assert_arrived(s->peer[1], "other again");
    assert_int_equal(wire_waiting(&s->wire[0]) + wire_waiting(&s->wire[1]), 0);
    assert_int_equal(wire_send(&s->wire[1]), 0);
}

static void test_more_than_the_kernel_takes(void **state)
{
    struct scene *s = *state;
    size_t size = 1 << 20, got = 0;
    char *sent = mem_alloc(size), *back = mem_alloc(size);

    for (size_t i = 0; i < size; i++)
        sent[i] = (char)(i * 31 + (i >> 8));
    for (size_t at = 0; at < size; at += 4096)
        wire_add(&s->wire[0], (str[]){{sent + at, 4096}}, 1);
    assert_int_equal(wire_send(&s->wire[0]), 1);
    assert_int_equal(wire_send(&s->wire[0]), 0);
    assert_true(wire_waiting(&s->wire[0]) > 0);
    assert_int_equal(wire_waiting(&s->wire[0]), atomic_load(&s->queued));
    while (got < size) {
        ssize_t n = read(s->peer[0], back + got, size - got);
        if (n > 0)
            got += (size_t)n;
        else
            assert_int_equal(wire_send(&s->wire[0]), 1);
    }
    assert_memory_equal(back, sent, size);
    assert_int_equal(wire_waiting(&s->wire[0]), 0);
    mem_free(sent);
    mem_free(back);
}

/* What the kernel took only in part from the gather goes on behind it, in order. */
static void test_gathered_in_part(void **state)
{
    struct scene *s = *state;
    char fill[4096] = {0}, drained[4096];

    while (write(s->wire[0].fd, fill, sizeof(fill)) > 0)
        continue;
    add(&s->wire[0], "one ");
    assert_int_equal(wire_send(&s->wire[0]), 0);
    assert_ptr_equal(s->gather.of, NULL);
    add(&s->wire[0], "two");
    while (read(s->peer[0], drained, sizeof(drained)) > 0)
        continue;
    assert_int_equal(wire_send(&s->wire[0]), 1);
    assert_arrived(s->peer[0], "one two");
}

static void test_broken(void **state)
{
    struct scene *s = *state;

    close(s->peer[0]);
    s->peer[0] = dup(s->peer[1]);
    add(&s->wire[0], "nobody");
    assert_int_equal(wire_send(&s->wire[0]), -1);
    assert_int_equal(wire_send(&s->wire[0]), -1); /* said again to who asks again */
}

static void assert_next(struct wire *w, const char *text)
{
    str next = wire_peek(w);

    assert_int_equal(next.n, strlen(text));
    assert_memory_equal(next.p, text, next.n);
}

static void test_what_nobody_took_is_kept(void **state)
{
    struct scene *s = *state;
    struct wire *w = &s->wire[0];
    char room[WIRE_READ];

    assert_int_equal(write(s->peer[0], "abcdef", 6), 6);
    assert_int_equal(wire_read(w, room), 6);
    wire_use(w, 2);
    assert_next(w, "cdef");
    wire_settle(w, 1, HIGH);
    memset(room, 'x', sizeof(room));
    assert_next(w, "cdef");
    wire_use(w, 1);
    assert_int_equal(write(s->peer[0], "ghi", 3), 3);
    assert_int_equal(wire_read(w, room), 3);
    wire_settle(w, 1, HIGH);
    assert_next(w, "defghi");
    assert_true(w->reads);
    wire_use(w, 6);
    assert_ptr_equal(w->rest, NULL);
    assert_next(w, "");
    close(s->peer[0]);
    s->peer[0] = dup(s->peer[1]);
    assert_int_equal(wire_read(w, room), 0);
}

static void test_reading_stops_when_much_is_kept(void **state)
{
    struct scene *s = *state;
    struct wire *w = &s->wire[0];
    char room[WIRE_READ], bytes[WIRE_READ];

    memset(bytes, 'b', sizeof(bytes));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(write(s->peer[0], bytes, sizeof(bytes)), sizeof(bytes));
        assert_int_equal(wire_read(w, room), sizeof(bytes));
        wire_settle(w, 1, HIGH);
        assert_int_equal(w->reads, i == 0);
    }
    assert_int_equal(wire_peek(w).n, WIRE_READ); /* no larger piece than one reading brings */
    wire_use(w, WIRE_READ);
    wire_settle(w, 1, HIGH);
    assert_true(w->reads);
    wire_settle(w, 0, HIGH);
    assert_false(w->reads);
    assert_int_equal(wire_use_all(w), WIRE_READ);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_two_answers_at_once, begin, end),
        cmocka_unit_test_setup_teardown(test_more_than_the_kernel_takes, begin, end),
        cmocka_unit_test_setup_teardown(test_gathered_in_part, begin, end),
        cmocka_unit_test_setup_teardown(test_broken, begin, end),
        cmocka_unit_test_setup_teardown(test_what_nobody_took_is_kept, begin, end),
        cmocka_unit_test_setup_teardown(test_reading_stops_when_much_is_kept, begin, end),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* as io/signals.h has it */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
