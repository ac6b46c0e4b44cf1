/* core/sessions.h, links.h and users.h: signing in, one-time links, disabling, the last workspace
 * admin. */
#include "base/clock.h"
#include "core/links.h"
#include "core/sessions.h"
#include "core/throttle.h"
#include "core/users.h"
#include "world.h"

#define GOOD "correct horse battery"

static struct secret secret_of(const char *text)
{
    struct secret s = {0};

    secret_set(&s, text, strlen(text));
    return s;
}

static enum err sign_in(struct world *o, const char *email, const char *password,
                        struct session_made *ret)
{
    SECRET_AUTO struct secret s = secret_of(password);
    struct sign_in in = {
        .email = str_from(email), .password = &s, .remote = STR("192.0.2.1"), .agent = STR("curl")};
    struct work *w = world_work(o, NULL);
    int wait_s = 0;
    enum err e = world_end(w, sessions_sign_in(w, &in, &wait_s, ret));

    assert_int_equal(wait_s > 0, e == ERR_TOO_MANY_ATTEMPTS);
    return e;
}

static void whoever_cannot_sign_in_gets_one_answer(void **state)
{
    static const char *const emails[] = {"active@x.test", "invited@x.test", "disabled@x.test",
                                         "nobody@x.test", "not an address"};
    struct world o;
    struct session_made made;

    world_open(&o, state);
    world_user(&o, "active", USER_ACTIVE, GOOD);
    world_user(&o, "invited", USER_INVITED, NULL);
    world_user(&o, "disabled", USER_DISABLED, GOOD);
    for (size_t i = 0; i < COUNT_OF(emails); i++) {
        const char *password = i == 0 ? "wrong" : GOOD;
        int64_t start = clock_monotonic_ms();
        assert_err(sign_in(&o, emails[i], password, &made), ERR_SIGN_IN_FAILED);
        assert_true(clock_monotonic_ms() - start > 20); /* a password was hashed all the same */
        assert_string_equal(fault_text(&o.c->fault), err_sentence(ERR_SIGN_IN_FAILED));
    }
    assert_err(sign_in(&o, " Active@X.test ", GOOD, &made), ERR_OK);
    world_close(&o);
}

static void signing_in_makes_a_session_and_ends_the_old_one(void **state)
{
    struct world o;
    struct session_made made;
    struct work *w;
    SECRET_AUTO struct secret s = secret_of(GOOD);
    struct sign_in in = {.email = STR("anna@x.test"), .password = &s, .remote = STR("::1")};
    int wait_s;

    world_open(&o, state);
    world_user(&o, "anna", USER_ACTIVE, GOOD);
    w = world_as(&o, "anna", NULL, ACCESS_PUBLIC);
    str before = w->actor.session;
    contract_ok(o.c, world_end(w, sessions_sign_in(w, &in, &wait_s, &made)));
    assert_int_equal(world_sessions(&o, "anna"), 1);
    assert_false(str_eq(before, made.id));
    assert_str(made.user.id, "anna");
    assert_true(access_csrf_fits(w, made.id, made.csrf));
    w = world_thread(&o, o.c->arena, &o.c->fault, o.c->db, made.token, STR(""), ACCESS_SIGNED_IN);
    contract_ok(o.c, access_authorize(w, w->authorize_arg));
    assert_str(w->actor.session, made.id.p);
    contract_ok(o.c, world_end(w, sessions_sign_out(w)));
    assert_int_equal(world_sessions(&o, "anna"), 0);
    world_close(&o);
}

static void an_email_has_ten_attempts(void **state)
{
    struct world o;
    struct session_made made;

    world_open(&o, state);
    world_user(&o, "anna", USER_ACTIVE, GOOD);
    for (int i = 0; i < 9; i++)
        assert_err(sign_in(&o, "anna@x.test", "wrong", &made), ERR_SIGN_IN_FAILED);
    assert_err(sign_in(&o, "anna@x.test", GOOD, &made), ERR_OK); /* clears the count */
    for (int i = 0; i < 10; i++)
        assert_err(sign_in(&o, "ANNA@x.test", "wrong", &made), ERR_SIGN_IN_FAILED);
    assert_err(sign_in(&o, "anna@x.test", GOOD, &made), ERR_TOO_MANY_ATTEMPTS);
    assert_err(sign_in(&o, "other@x.test", GOOD, &made), ERR_SIGN_IN_FAILED);
    o.now_ms += 15 * CLOCK_MINUTE_MS;
    assert_err(sign_in(&o, "anna@x.test", GOOD, &made), ERR_OK);
    world_close(&o);
}

static void a_remote_address_has_sixty(void **state)
{
    static const struct throttle remote = {"sign-in-remote", 60, 15 * CLOCK_MINUTE_MS};
    struct world o;
    struct session_made made;
    struct work *w;
    int wait_s;

    world_open(&o, state);
    world_user(&o, "anna", USER_ACTIVE, GOOD);
    w = world_work(&o, NULL);
    for (int i = 0; i < 59; i++)
        contract_ok(o.c, world_end(w, throttle_take(w, &remote, STR("192.0.2.1"), &wait_s)));
    assert_err(sign_in(&o, "anna@x.test", GOOD, &made), ERR_OK);
    assert_err(sign_in(&o, "anna@x.test", GOOD, &made), ERR_TOO_MANY_ATTEMPTS);
    world_close(&o);
}

static void password_lengths(void **state)
{
    static const struct {
        const char *unit;
        size_t count;
        int ok;
    } table[] = {{"a", 11, 0}, {"a", 12, 1},        {"a", 256, 1},        {"a", 257, 0},
                 {"", 1, 0},   {"\xc3\xa4", 11, 0}, {"\xc3\xa4", 256, 1}, {"\xc3\xa4", 257, 0}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        char text[600] = "";
        size_t n = strlen(table[i].unit);
        for (size_t k = 0; k < table[i].count; k++)
            memcpy(text + k * n, table[i].unit, n);
        SECRET_AUTO struct secret s = {0};
        secret_set(&s, text, n * table[i].count);
        assert_int_equal(sessions_password_problem(&s) == NULL, table[i].ok);
    }
}

static void changing_the_password_signs_out_the_others(void **state)
{
    struct world o;
    struct session_made made;
    struct work *w;
    SECRET_AUTO struct secret wrong = secret_of("wrong"), good = secret_of(GOOD);
    SECRET_AUTO struct secret wanted = secret_of("another good one");
    int wait_s, fits = -1;

    world_open(&o, state);
    world_user(&o, "anna", USER_ACTIVE, GOOD);
    (void)world_token(&o, "anna");
    w = world_as(&o, "anna", NULL, ACCESS_SIGNED_IN);
    contract_ok(o.c, world_end(w, sessions_change_password(w, &wrong, &wanted, &wait_s, &fits)));
    assert_int_equal(fits, 0);
    assert_int_equal(world_sessions(&o, "anna"), 2);
    contract_ok(o.c, world_end(w, sessions_change_password(w, &good, &wanted, &wait_s, &fits)));
    assert_int_equal(fits, 1);
    assert_int_equal(world_sessions(&o, "anna"), 1);
    contract_ok(o.c, access_authorize(w, w->authorize_arg)); /* this one goes on */
    assert_err(sign_in(&o, "anna@x.test", GOOD, &made), ERR_SIGN_IN_FAILED);
    assert_err(sign_in(&o, "anna@x.test", "another good one", &made), ERR_OK);
    world_close(&o);
}

static enum err accept_on(struct work *w, str token, const char *name, const char *email,
                          struct session_made *ret)
{
    SECRET_AUTO struct secret s = secret_of(GOOD);
    struct link_acceptance acceptance = {.token = token,
                                         .name = str_from(name),
                                         .email = str_from(email),
                                         .password = &s,
                                         .agent = STR("test")};

    return world_end(w, links_accept(w, &acceptance, ret));
}

static enum err accept_link(struct world *o, str token, const char *name, const char *email)
{
    struct session_made made;

    return accept_on(world_work(o, NULL), token, name, email, &made);
}

static void set_up_makes_the_first_admin_once(void **state)
{
    struct world o;
    struct link_made first, second, third;
    struct work *w;
    int needed = -1;
    struct user_row *user = NULL;

    world_open(&o, state);
    w = world_work(&o, NULL);
    contract_ok(o.c, links_setup(w, &first, &needed));
    assert_int_equal(needed, 1);
    assert_true(str_starts(first.url, STR("http://localhost:8080/links/")));
    assert_true(str_ends(first.url, first.token));
    contract_ok(o.c, links_setup(w, &second, &needed)); /* the next start */
    assert_err(accept_link(&o, first.token, "Boss", "boss@x.test"), ERR_LINK_EXPIRED);
    assert_err(accept_link(&o, second.token, "Boss", "Boss@x.test"), ERR_OK);
    assert_err(accept_link(&o, second.token, "Evil", "evil@x.test"), ERR_LINK_EXPIRED);
    contract_ok(o.c, store_user_find_email(w->db, w->arena, w->fault, STR("boss@x.test"), &user));
    assert_true(user->workspace_admin && user->state == USER_ACTIVE);
    assert_str(user->name, "Boss");
    contract_ok(o.c, links_setup(w, &third, &needed));
    assert_int_equal(needed, 0);
    world_close(&o);
}

static void a_set_up_link_dies_with_the_first_admin(void **state)
{
    struct world o;
    struct link_made link;
    struct work *w;
    int needed;

    world_open(&o, state);
    w = world_work(&o, NULL);
    contract_ok(o.c, links_setup(w, &link, &needed));
    world_admin(&o, "boss");
    assert_err(accept_link(&o, link.token, "Evil", "evil@x.test"), ERR_LINK_EXPIRED);
    world_close(&o);
}

static void invitation_and_reset(void **state)
{
    struct world o;
    struct link_made old, link, reset;
    struct work *w;
    struct user_row user;
    struct session_made made;

    world_open(&o, state);
    w = world_work(&o, NULL);
    contract_ok(o.c,
                world_end(w, users_invite(w, STR("Anna@X.test"), STR("Anna"), USER_PLAIN, &user)));
    assert_err(world_end(w, users_invite(w, STR("anna@x.TEST"), STR("B"), USER_PLAIN, &user)),
               ERR_NAME_TAKEN);
    contract_ok(o.c, users_link(w, STR("anna@x.test"), &old));
    contract_ok(o.c, users_link(w, STR(" ANNA@x.test"), &link));
    assert_int_equal(link.kind, LINK_INVITE);
    assert_true(link.expires == o.now_ms + 7 * CLOCK_DAY_MS);
    assert_err(accept_link(&o, old.token, "", ""), ERR_LINK_EXPIRED); /* a new one voids it */
    assert_err(accept_link(&o, STR("made-up"), "", ""), ERR_LINK_EXPIRED);
    assert_err(accept_link(&o, link.token, "Anna B", ""), ERR_OK);
    assert_err(accept_link(&o, link.token, "", ""), ERR_LINK_EXPIRED);
    assert_err(sign_in(&o, "anna@x.test", GOOD, &made), ERR_OK);
    assert_str(made.user.name, "Anna B");
    assert_int_equal(world_sessions(&o, made.user.id.p), 2);
    contract_ok(o.c, users_link(w, STR("anna@x.test"), &reset));
    assert_int_equal(reset.kind, LINK_RESET);
    assert_true(reset.expires == o.now_ms + CLOCK_DAY_MS);
    assert_err(accept_link(&o, reset.token, "", ""), ERR_OK);
    assert_int_equal(world_sessions(&o, made.user.id.p), 1); /* signed out elsewhere */
    assert_str(world_find(&o, made.user.id.p).name, "Anna B");
    world_close(&o);
}

static void links_end_in_time_and_with_their_user(void **state)
{
    struct world o;
    struct link_made link;
    struct work *w;
    struct user_row user;
    int yes = 1, no = 0;
    struct user_change disable = {.disabled = &yes}, enable = {.disabled = &no};

    world_open(&o, state);
    world_user(&o, "anna", USER_ACTIVE, GOOD);
    w = world_work(&o, NULL);
    contract_ok(o.c, users_link(w, STR("anna@x.test"), &link));
    o.now_ms += CLOCK_DAY_MS;
    assert_err(accept_link(&o, link.token, "", ""), ERR_LINK_EXPIRED);
    w = world_work(&o, NULL);
    contract_ok(o.c, users_link(w, STR("anna@x.test"), &link));
    contract_ok(o.c, world_end(w, users_change(w, STR("anna"), &disable, &user)));
    assert_err(users_link(w, STR("anna@x.test"), &link), ERR_CONFLICT);
    db_rollback(w->db);
    contract_ok(o.c, world_end(w, users_change(w, STR("anna"), &enable, &user)));
    assert_err(accept_link(&o, link.token, "", ""), ERR_LINK_EXPIRED);
    assert_err(users_link(w, STR("nobody@x.test"), &link), ERR_NOT_FOUND);
    db_rollback(w->db);
    world_close(&o);
}

struct use {
    struct world *o;
    str token;
    enum err result;
};

static void *use_in_thread(void *arg)
{
    struct use *use = arg;
    struct arena *a = arena_new(1 << 20);
    struct fault f = {0};
    struct db *db = contract_connect(use->o->c, 10000);
    struct session_made made;

    do {
        struct work *w = world_thread(use->o, a, &f, db, STR(""), STR(""), ACCESS_PUBLIC);
        use->result = accept_on(w, use->token, "", "", &made);
    } while (use->result == ERR_RETRY);
    db_close(db);
    arena_free(a);
    return NULL;
}

static void a_link_used_twice_at_once_works_once(void **state)
{
    struct world o;
    struct work *w;

    world_open(&o, state);
    world_user(&o, "anna", USER_ACTIVE, GOOD);
    w = world_work(&o, NULL);
    for (int round = 0; round < 3; round++) {
        struct link_made link;
        contract_ok(o.c, users_link(w, STR("anna@x.test"), &link));
        struct use one = {&o, link.token, ERR_OK}, two = {&o, link.token, ERR_OK};
        world_race(use_in_thread, &one, &two);
        assert_true((one.result == ERR_OK) + (two.result == ERR_OK) == 1);
        assert_err(one.result ? one.result : two.result, ERR_LINK_EXPIRED);
        assert_int_equal(world_sessions(&o, "anna"), 1);
    }
    world_close(&o);
}

static void disabling_shuts_out_and_enabling_lets_back(void **state)
{
    struct world o;
    struct work *w;
    struct user_row user;
    struct session_made made;
    int yes = 1, no = 0;
    struct user_change disable = {.disabled = &yes}, enable = {.disabled = &no};

    world_open(&o, state);
    world_user(&o, "anna", USER_ACTIVE, GOOD);
    world_user(&o, "newbie", USER_INVITED, NULL);
    (void)world_token(&o, "anna");
    w = world_work(&o, NULL);
    contract_ok(o.c, world_end(w, users_change(w, STR("anna"), &disable, &user)));
    assert_int_equal(user.state, USER_DISABLED);
    assert_int_equal(world_sessions(&o, "anna"), 0);
    assert_err(sign_in(&o, "anna@x.test", GOOD, &made), ERR_SIGN_IN_FAILED);
    contract_ok(o.c, world_end(w, users_change(w, STR("anna"), &enable, &user)));
    assert_err(sign_in(&o, "anna@x.test", GOOD, &made), ERR_OK);
    contract_ok(o.c, world_end(w, users_change(w, STR("newbie"), &disable, &user)));
    contract_ok(o.c, world_end(w, users_change(w, STR("newbie"), &enable, &user)));
    assert_int_equal(world_find(&o, "newbie").state, USER_INVITED); /* still has no password */
    assert_err(world_end(w, users_change(w, STR("gone"), &enable, &user)), ERR_NOT_FOUND);
    world_close(&o);
}

static void the_last_workspace_admin_stays(void **state)
{
    struct world o;
    struct work *w;
    struct user_row user;
    int yes = 1, no = 0;
    struct user_change disable = {.disabled = &yes}, demote = {.workspace_admin = &no};
    struct user_change promote = {.workspace_admin = &yes};

    world_open(&o, state);
    world_admin(&o, "boss");
    world_user(&o, "anna", USER_ACTIVE, NULL);
    world_user(&o, "newbie", USER_INVITED, NULL);
    w = world_work(&o, NULL);
    contract_ok(o.c, world_end(w, users_change(w, STR("newbie"), &promote, &user)));
    /* the invited one is no active admin */
    assert_err(world_end(w, users_change(w, STR("boss"), &disable, &user)), ERR_LAST_ADMIN);
    assert_err(world_end(w, users_change(w, STR("boss"), &demote, &user)), ERR_LAST_ADMIN);
    assert_int_equal(world_find(&o, "boss").state, USER_ACTIVE);
    contract_ok(o.c, world_end(w, users_change(w, STR("anna"), &promote, &user)));
    contract_ok(o.c, world_end(w, users_change(w, STR("boss"), &demote, &user)));
    assert_err(world_end(w, users_change(w, STR("anna"), &demote, &user)), ERR_LAST_ADMIN);
    contract_ok(o.c, world_end(w, users_change(w, STR("newbie"), &demote, &user)));
    world_close(&o);
}

struct demotion {
    struct world *o;
    str token;
    str victim;
    enum err result;
};

static void *demote_in_thread(void *arg)
{
    struct demotion *d = arg;
    struct arena *a = arena_new(1 << 20);
    struct fault f = {0};
    struct db *db = contract_connect(d->o->c, 10000);
    int no = 0;
    struct user_change demote = {.workspace_admin = &no};
    struct user_row user;

    do {
        struct work *w = world_thread(d->o, a, &f, db, d->token, STR(""), ACCESS_WORKSPACE_ADMIN);
        d->result = world_end(w, users_change(w, d->victim, &demote, &user));
    } while (d->result == ERR_RETRY);
    db_close(db);
    arena_free(a);
    return NULL;
}

static void two_admins_demote_at_once(void **state)
{
    struct world o;
    int64_t admins = 0;

    world_open(&o, state);
    world_admin(&o, "ying");
    world_admin(&o, "yang");
    for (int round = 0; round < 10; round++) {
        int each_other = round % 2;
        struct demotion ying = {&o, world_token(&o, "ying"), each_other ? STR("yang") : STR("ying"),
                                ERR_OK};
        struct demotion yang = {&o, world_token(&o, "yang"), each_other ? STR("ying") : STR("yang"),
                                ERR_OK};
        contract_script(o.c, "UPDATE users SET workspace_admin = 1");
        world_race(demote_in_thread, &ying, &yang);
        assert_true((ying.result == ERR_OK) + (yang.result == ERR_OK) == 1);
        assert_err(ying.result ? ying.result : yang.result,
                   each_other ? ERR_NOT_WORKSPACE_ADMIN : ERR_LAST_ADMIN);
        contract_ok(o.c, store_users_count_admins(o.c->db, o.c->arena, &o.c->fault, &admins));
        assert_int_equal(admins, 1);
    }
    world_close(&o);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(whoever_cannot_sign_in_gets_one_answer),
        CONTRACT(signing_in_makes_a_session_and_ends_the_old_one),
        CONTRACT(an_email_has_ten_attempts),
        CONTRACT(a_remote_address_has_sixty),
        CONTRACT(password_lengths),
        CONTRACT(changing_the_password_signs_out_the_others),
        CONTRACT(set_up_makes_the_first_admin_once),
        CONTRACT(a_set_up_link_dies_with_the_first_admin),
        CONTRACT(invitation_and_reset),
        CONTRACT(links_end_in_time_and_with_their_user),
        CONTRACT(a_link_used_twice_at_once_works_once),
        CONTRACT(disabling_shuts_out_and_enabling_lets_back),
        CONTRACT(the_last_workspace_admin_stays),
        CONTRACT(two_admins_demote_at_once),
    };

    return contract_run(cases, COUNT_OF(cases));
}
