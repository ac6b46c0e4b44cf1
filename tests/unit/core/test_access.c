/* core/access.h: who may what, sessions' time, and the decision again inside the transaction; and
 * core/throttle.h. */
#include "base/clock.h"
#include "core/throttle.h"
#include "store/sessions.h"
#include "world.h"

/* sun and moon are apps; the people are named after what they are to sun. */
static void populate(struct world *o)
{
    world_admin(o, "boss");
    world_user(o, "stranger", USER_ACTIVE, NULL);
    world_user(o, "runner", USER_ACTIVE, NULL);
    world_user(o, "appadmin", USER_ACTIVE, NULL);
    world_user(o, "other", USER_ACTIVE, NULL);
    world_app(o, "sun");
    world_app(o, "moon");
    world_permission(o, "sun", PERMISSION_OF_USER, "runner", PERMISSION_ROLE_RUNNER);
    world_permission(o, "sun", PERMISSION_OF_USER, "appadmin", PERMISSION_ROLE_ADMIN);
    world_permission(o, "moon", PERMISSION_OF_USER, "other", PERMISSION_ROLE_ADMIN);
}

static enum err decide_as(struct world *o, str token, const char *slug, enum access_level level)
{
    struct work *w =
        world_thread(o, o->c->arena, &o->c->fault, o->c->db, token, str_from(slug), level);

    return access_authorize(w, w->authorize_arg);
}

static void every_level_for_everybody(void **state)
{
    static const struct {
        const char *user;  /* NULL: signed out */
        enum err level[5]; /* PUBLIC, SIGNED_IN, WORKSPACE_ADMIN, APP_MEMBER, APP_ADMIN */
    } table[] = {
        {NULL,
         {ERR_OK, ERR_NOT_SIGNED_IN, ERR_NOT_SIGNED_IN, ERR_NOT_SIGNED_IN, ERR_NOT_SIGNED_IN}},
        {"stranger", {ERR_OK, ERR_OK, ERR_NOT_WORKSPACE_ADMIN, ERR_NOT_FOUND, ERR_NOT_FOUND}},
        {"runner", {ERR_OK, ERR_OK, ERR_NOT_WORKSPACE_ADMIN, ERR_OK, ERR_NOT_APP_ADMIN}},
        {"appadmin", {ERR_OK, ERR_OK, ERR_NOT_WORKSPACE_ADMIN, ERR_OK, ERR_OK}},
        {"other", {ERR_OK, ERR_OK, ERR_NOT_WORKSPACE_ADMIN, ERR_NOT_FOUND, ERR_NOT_FOUND}},
        {"boss", {ERR_OK, ERR_OK, ERR_OK, ERR_NOT_FOUND, ERR_NOT_FOUND}},
    };
    struct world o;

    world_open(&o, state);
    populate(&o);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        str token = table[i].user ? world_token(&o, table[i].user) : STR("");
        for (size_t level = 0; level < 5; level++) {
            enum err e = decide_as(&o, token, "sun", (enum access_level)level);
            if (e != table[i].level[level])
                fail_msg("%s at level %zu: %s", table[i].user ? table[i].user : "nobody", level,
                         err_name(e));
        }
        if (table[i].user)
            assert_err(decide_as(&o, token, "mars", ACCESS_APP_MEMBER), ERR_NOT_FOUND);
    }
    world_close(&o);
}

static void actor_and_membership_are_filled(void **state)
{
    struct world o;
    struct work *w;

    world_open(&o, state);
    populate(&o);
    w = world_as(&o, "appadmin", "sun", ACCESS_APP_MEMBER);
    assert_str(w->actor.user, "appadmin");
    assert_str(w->actor.email, "appadmin@x.test");
    assert_false(w->actor.workspace_admin);
    assert_str(w->membership.app, "sun");
    assert_int_equal(w->membership.role, PERMISSION_ROLE_ADMIN);
    w = world_as(&o, "boss", NULL, ACCESS_WORKSPACE_ADMIN);
    assert_true(w->actor.workspace_admin);
    assert_null(w->membership.app.p);
    world_close(&o);
}

static void a_session_counts_only_while_it_should(void **state)
{
    struct world o;
    str token;

    world_open(&o, state);
    populate(&o);
    token = world_token(&o, "runner");
    assert_err(decide_as(&o, STR("made-up"), NULL, ACCESS_SIGNED_IN), ERR_NOT_SIGNED_IN);
    o.now_ms += ACCESS_SESSION_IDLE_MS - 1;
    assert_err(decide_as(&o, token, NULL, ACCESS_SIGNED_IN), ERR_OK);
    o.now_ms += 1;
    assert_err(decide_as(&o, token, NULL, ACCESS_SIGNED_IN), ERR_NOT_SIGNED_IN);
    assert_err(decide_as(&o, token, NULL, ACCESS_PUBLIC), ERR_OK);
    token = world_token(&o, "runner");
    contract_script(o.c, "UPDATE users SET state = 'disabled' WHERE id = 'runner'");
    assert_err(decide_as(&o, token, NULL, ACCESS_SIGNED_IN), ERR_NOT_SIGNED_IN);
    contract_script(o.c, "UPDATE users SET state = 'active' WHERE id = 'runner'");
    assert_err(decide_as(&o, token, NULL, ACCESS_SIGNED_IN), ERR_OK);
    contract_script(o.c, "DELETE FROM sessions");
    assert_err(decide_as(&o, token, NULL, ACCESS_SIGNED_IN), ERR_NOT_SIGNED_IN);
    world_close(&o);
}

static struct session_row only_session(struct world *o, const char *user)
{
    struct session_row *rows = NULL;
    size_t count = 0;

    contract_ok(o->c, store_sessions_list(o->c->db, o->c->arena, &o->c->fault, str_from(user), 0,
                                          &rows, &count));
    assert_int_equal(count, 1);
    return rows[0];
}

static void touch_at(struct world *o, str token, int64_t now_ms)
{
    struct work *w;

    o->now_ms = now_ms;
    w = world_thread(o, o->c->arena, &o->c->fault, o->c->db, token, STR(""), ACCESS_SIGNED_IN);
    contract_ok(o->c, access_authorize(w, w->authorize_arg));
    access_touch(w, w->authorize_arg);
}

static void a_session_slides_to_its_end(void **state)
{
    struct world o;
    str token;
    int64_t start, t;

    world_open(&o, state);
    populate(&o);
    start = o.now_ms;
    token = world_token(&o, "runner");
    touch_at(&o, token, start + 10 * CLOCK_MINUTE_MS - 1);
    assert_true(only_session(&o, "runner").last_seen == start); /* too early to write */
    touch_at(&o, token, start + 10 * CLOCK_MINUTE_MS);
    assert_true(only_session(&o, "runner").last_seen == start + 10 * CLOCK_MINUTE_MS);
    assert_true(only_session(&o, "runner").expires ==
                start + 10 * CLOCK_MINUTE_MS + ACCESS_SESSION_IDLE_MS);
    assert_true(world_find(&o, "runner").last_seen == start + 10 * CLOCK_MINUTE_MS);
    for (t = start; t < start + ACCESS_SESSION_MAX_MS; t += 13 * CLOCK_DAY_MS)
        touch_at(&o, token, t);
    assert_true(only_session(&o, "runner").expires == start + ACCESS_SESSION_MAX_MS);
    o.now_ms = start + ACCESS_SESSION_MAX_MS;
    assert_err(decide_as(&o, token, NULL, ACCESS_SIGNED_IN), ERR_NOT_SIGNED_IN);
    world_close(&o);
}

/* Rule 11: what was allowed when the handler began is decided again where it writes. */
static void writing_decides_again(void **state)
{
    static const struct {
        const char *what;
        enum err expected;
    } table[] = {
        {"DELETE FROM permissions WHERE principal = 'appadmin'", ERR_NOT_FOUND},
        {"UPDATE permissions SET role = 'runner' WHERE principal = 'appadmin'", ERR_NOT_APP_ADMIN},
        {"UPDATE users SET state = 'disabled' WHERE id = 'appadmin'", ERR_NOT_SIGNED_IN},
        {"DELETE FROM sessions", ERR_NOT_SIGNED_IN},
        {"DELETE FROM apps", ERR_NOT_FOUND},
    };
    struct world o;

    world_open(&o, state);
    populate(&o);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct work *w = world_as(&o, "appadmin", "sun", ACCESS_APP_ADMIN);
        contract_ok(o.c, world_end(w, work_write(w)));
        contract_script(o.c, table[i].what);
        assert_err(work_write(w), table[i].expected);
        assert_false(db_in_transaction(w->db));
        contract_script(o.c, "UPDATE users SET state = 'active'");
        contract_script(o.c, "DELETE FROM permissions");
        if (i + 1 < COUNT_OF(table))
            world_permission(&o, "sun", PERMISSION_OF_USER, "appadmin", PERMISSION_ROLE_ADMIN);
    }
    world_close(&o);
}

static void csrf_token_belongs_to_one_session(void **state)
{
    struct world o;
    struct work *w;
    str mine;

    world_open(&o, state);
    w = world_work(&o, NULL);
    mine = access_csrf(w, STR("session-1"));
    assert_int_equal(mine.n, 64);
    assert_true(access_csrf_fits(w, STR("session-1"), mine));
    assert_false(access_csrf_fits(w, STR("session-2"), mine));
    assert_false(access_csrf_fits(w, STR("session-1"), STR("")));
    assert_false(access_csrf_fits(w, STR("session-1"), str_slice(mine, 0, 63)));
    world_close(&o);
}

static void throttle_refuses_beyond_its_limit(void **state)
{
    static const struct throttle t = {"kind", 3, CLOCK_MINUTE_MS};
    static const struct throttle t2 = {"kin", 3, CLOCK_MINUTE_MS};
    struct world o;
    struct work *w;
    int wait_s = -1;

    world_open(&o, state);
    w = world_work(&o, NULL);
    for (int i = 0; i < 3; i++)
        contract_ok(o.c, world_end(w, throttle_take(w, &t, STR("anna"), &wait_s)));
    assert_int_equal(wait_s, -1);
    w->now_ms += 1500;
    assert_err(world_end(w, throttle_take(w, &t, STR("anna"), &wait_s)), ERR_TOO_MANY_ATTEMPTS);
    assert_int_equal(wait_s, 59);
    assert_non_null(strstr(o.c->fault.message, "Wait 1 minute,"));
    contract_ok(o.c, world_end(w, throttle_take(w, &t, STR("berta"), &wait_s)));
    contract_ok(o.c, world_end(w, throttle_take(w, &t2, STR("d|anna"), &wait_s)));
    w->now_ms += 58500; /* the first attempt is a minute old: being refused prolongs nothing */
    contract_ok(o.c, world_end(w, throttle_take(w, &t, STR("anna"), &wait_s)));
    world_close(&o);
}

static void throttle_is_cleared(void **state)
{
    static const struct throttle t = {"kind", 1, CLOCK_MINUTE_MS};
    struct world o;
    struct work *w;
    int wait_s;

    world_open(&o, state);
    w = world_work(&o, NULL);
    contract_ok(o.c, world_end(w, throttle_take(w, &t, STR("anna"), &wait_s)));
    contract_ok(o.c, world_end(w, throttle_take(w, &t, STR("berta"), &wait_s)));
    contract_ok(o.c, world_end(w, throttle_clear(w, &t, STR("anna"))));
    contract_ok(o.c, world_end(w, throttle_take(w, &t, STR("anna"), &wait_s)));
    assert_err(world_end(w, throttle_take(w, &t, STR("berta"), &wait_s)), ERR_TOO_MANY_ATTEMPTS);
    world_close(&o);
}

static void throttle_takes_an_attempt_back(void **state)
{
    static const struct throttle t = {"kind", 1, CLOCK_MINUTE_MS};
    struct world o;
    struct work *w;
    int wait_s;

    world_open(&o, state);
    w = world_work(&o, NULL);
    contract_ok(o.c, world_end(w, throttle_give_back(w, &t, STR("anna")))); /* none: no matter */
    contract_ok(o.c, world_end(w, throttle_take(w, &t, STR("anna"), &wait_s)));
    contract_ok(o.c, world_end(w, throttle_give_back(w, &t, STR("anna"))));
    contract_ok(o.c, world_end(w, throttle_give_back(w, &t, STR("anna")))); /* never below none */
    contract_ok(o.c, world_end(w, throttle_take(w, &t, STR("anna"), &wait_s)));
    assert_err(world_end(w, throttle_take(w, &t, STR("anna"), &wait_s)), ERR_TOO_MANY_ATTEMPTS);
    world_close(&o);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(every_level_for_everybody),
        CONTRACT(actor_and_membership_are_filled),
        CONTRACT(a_session_counts_only_while_it_should),
        CONTRACT(a_session_slides_to_its_end),
        CONTRACT(writing_decides_again),
        CONTRACT(csrf_token_belongs_to_one_session),
        CONTRACT(throttle_refuses_beyond_its_limit),
        CONTRACT(throttle_is_cleared),
        CONTRACT(throttle_takes_an_attempt_back),
    };

    return contract_run(cases, COUNT_OF(cases));
}
