/* Gates: what they are for, turns, the end of the queue, leaving. On a loop that is not turned by
 * libevent's time: who is let through is heard of by posts. */
#include "support.h"

#include <semaphore.h>

#include "base/check.h"
#include "relay/gates.h"

#define WAITING_MAX 200

static struct loops *loops;
static struct gates *gs;
static char order[64];
static size_t order_n;
static sem_t done;

struct caller {
    struct gate_pass pass;
    char name;
};

static void go(void *arg)
{
    const struct caller *c = arg;

    order[order_n++] = c->name;
    must(sem_post(&done) == 0);
}

static void init(struct caller *c, char name, str key)
{
    *c = (struct caller){.name = name};
    c->pass = (struct gate_pass){loops_at(loops, 0), key, go, c, NULL, 0, 0, NULL};
}

static const struct gate_call GET_ISSUE = {STR("https://a"), STR("GET"), STR("/issue/{issue}"),
                                           STR("A-1"), 0};
static const struct gate_call PUT_ISSUE = {STR("https://a"), STR("PUT"), STR("/issue/{issue}"),
                                           STR("A-1"), 1};
static const struct gate_call PUT_OTHER = {STR("https://a"), STR("PUT"), STR("/issue/{issue}"),
                                           STR("A-2"), 1};
static const struct gate_call ELSEWHERE = {STR("https://b"), STR("GET"), STR("/issue/{issue}"),
                                           STR("A-1"), 0};

static enum gate_answer enter(const struct gate_call *call, struct caller *c, char name, str key)
{
    enum provider_limit limit;
    int64_t ms;

    init(c, name, key);
    return gates_enter(gs, call, &c->pass, &ms, &limit);
}

static int set_up(void **state)
{
    (void)state;
    gs = gates_new(WAITING_MAX);
    order_n = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    gates_free(gs);
    return 0;
}

static void check_passes(const struct gate_call *call, enum gate_answer expected)
{
    struct caller c;

    assert_int_equal(enter(call, &c, 'x', STR("k")), expected);
    (void)gates_leave(gs, &c.pass, 1);
}

static void test_what_they_are_for(void **state)
{
    (void)state;
    check_passes(&GET_ISSUE, GATE_OPEN);
    gates_close(gs, &PUT_ISSUE, LIMIT_ISSUE, 60000);
    check_passes(&PUT_ISSUE, GATE_WAIT);
    check_passes(&PUT_OTHER, GATE_OPEN);
    check_passes(&GET_ISSUE, GATE_OPEN);
    gates_close(gs, &GET_ISSUE, LIMIT_BURST, 60000);
    check_passes(&GET_ISSUE, GATE_WAIT);
    check_passes(&PUT_OTHER, GATE_OPEN);
    gates_close(gs, &GET_ISSUE, LIMIT_QUOTA, 60000);
    check_passes(&PUT_OTHER, GATE_WAIT);
    check_passes(&ELSEWHERE, GATE_OPEN);
}

static void test_turns_between_keys(void **state)
{
    struct caller c[6];
    static const char names[] = "abcXY";
    static const char *const keys[] = {"1", "1", "1", "2", "2"};

    (void)state;
    gates_close(gs, &GET_ISSUE, LIMIT_BURST, 500); /* long enough to come to it */
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(enter(&GET_ISSUE, &c[i], names[i], str_from(keys[i])), GATE_WAIT);
    while (gates_look(gs, &c[0].pass) != 0)
        continue;
    for (size_t through = 0; through < 5; through++) { /* limited: one at a time */
        must(sem_wait(&done) == 0);
        size_t who = (size_t)(strchr(names, order[through]) - names);
        (void)gates_leave(gs, &c[who].pass, 1);
    }
    order[order_n] = '\0';
    assert_string_equal(order, "aXbYc");
}

static void test_more_go_when_it_works(void **state)
{
    struct caller c[4];

    (void)state;
    gates_close(gs, &GET_ISSUE, LIMIT_BURST, 500); /* long enough to come to it */
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(enter(&GET_ISSUE, &c[i], (char)('a' + i), STR("k")), GATE_WAIT);
    while (gates_look(gs, &c[0].pass) != 0)
        continue;
    must(sem_wait(&done) == 0);
    assert_false(c[1].pass.through);
    (void)gates_leave(gs, &c[0].pass, 0);
    assert_true(c[1].pass.through && c[2].pass.through && !c[3].pass.through);
    (void)gates_leave(gs, &c[1].pass, 0);
    assert_true(c[3].pass.through);
    (void)gates_leave(gs, &c[2].pass, 0);
    (void)gates_leave(gs, &c[3].pass, 0);
    for (size_t i = 0; i < 3; i++)
        must(sem_wait(&done) == 0);
    check_passes(&GET_ISSUE, GATE_OPEN);
}

static void test_the_queue_has_an_end(void **state)
{
    static struct caller c[WAITING_MAX + 1];

    (void)state;
    gates_close(gs, &GET_ISSUE, LIMIT_BURST, 60000);
    for (size_t i = 0; i < WAITING_MAX; i++)
        assert_int_equal(enter(&GET_ISSUE, &c[i], 'x', STR("k")), GATE_WAIT);
    assert_int_equal(enter(&GET_ISSUE, &c[WAITING_MAX], 'x', STR("other")), GATE_FULL);
    assert_int_equal(gates_leave(gs, &c[7].pass, 0), 0);
    assert_int_equal(enter(&GET_ISSUE, &c[7], 'x', STR("other")), GATE_WAIT);
    for (size_t i = 0; i < WAITING_MAX; i++)
        assert_int_equal(gates_leave(gs, &c[i].pass, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_they_are_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_turns_between_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_more_go_when_it_works, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_queue_has_an_end, set_up, tear_down),
    };

    loops = loops_start(1);
    must(sem_init(&done, 0, 0) == 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    loops_stop(loops);
    return failed;
}
