/* core/authorize.h: a state counts once, for whoever it was made for and while nothing moved; what
 * is refused changes nothing. */
#include "base/clock.h"
#include "core/sweep.h"
#include "crypto/pkce.h"
#include "jira.h"

static struct pending_state {
    int exists;
    int used;
    int has_secret;
} pending_of(struct jira *x)
{
    struct pending_state p = {0};

    p.exists = jira_number(x, "SELECT count(*) FROM pending_connects") > 0;
    p.used = jira_number(x, "SELECT count(*) FROM pending_connects WHERE used IS NOT NULL") > 0;
    p.has_secret =
        jira_number(x, "SELECT count(*) FROM pending_connects WHERE sealed IS NOT NULL") > 0;
    return p;
}

static void a_state_is_good_once(void **state)
{
    struct jira x;
    struct authorize_claim claim;

    jira_open(&x, state);
    str url = jira_begin_url(&x, "bob", "con1");
    str sent = jira_param(url, "state");
    assert_int_equal(sent.n, 43);
    assert_str(jira_param(url, "client_id"), "env-client");
    contract_ok(x.o.c, jira_claim(&x, "bob", sent, &claim));
    assert_str(claim.app, "sun");
    assert_str(claim.connection, "con1");
    assert_str(claim.return_to, "/apps/back");
    assert_str(claim.client.client_id, "env-client");
    assert_str(claim.client.redirect_uri, "http://localhost:8080/oauth/callback");
    assert_str(secret_expose(&claim.client.client_secret), "env-secret");
    assert_true(
        str_eq(pkce_challenge(x.o.c->arena, &claim.verifier), jira_param(url, "challenge")));
    assert_str(claim.moment.connection, "con1");
    assert_null(claim.moment.credential.p);
    jira_done(&claim);
    struct pending_state p = pending_of(&x);
    assert_true(p.exists && p.used && !p.has_secret);
    assert_err(jira_claim(&x, "bob", sent, &claim), ERR_STATE_EXPIRED);
    assert_non_null(strstr(x.o.c->fault.message, "counts once"));
    assert_str(claim.connection, "con1"); /* the way back is told */
    assert_false(secret_is_set(&claim.verifier) || secret_is_set(&claim.client.client_secret));
    jira_close(&x);
}

static void two_tabs_have_a_state_each(void **state)
{
    struct jira x;
    struct authorize_claim one, two;

    jira_open(&x, state);
    str first = jira_begin(&x, "bob", "con1");
    str second = jira_begin(&x, "bob", "con2");
    assert_false(str_eq(first, second));
    contract_ok(x.o.c, jira_claim(&x, "bob", second, &two));
    contract_ok(x.o.c, jira_claim(&x, "bob", first, &one));
    assert_str(one.connection, "con1");
    assert_str(two.connection, "con2");
    assert_false(str_eq(secret_expose(&one.verifier), secret_expose(&two.verifier)));
    jira_done(&one);
    jira_done(&two);
    jira_close(&x);
}

/* --- refused ---------------------------------------------------------------------------------- */

static void other_session(struct jira *x)
{
    jira_sign_in_again(x, "bob");
}

static void signed_out(struct jira *x)
{
    struct work *w = jira_as(x, "bob", "con1");
    jira_sql(x, arena_printf(w->arena, "DELETE FROM sessions WHERE id = '%.*s'",
                             STR_ARG(w->actor.session))
                    .p);
}

static void ten_minutes(struct jira *x)
{
    x->o.now_ms += AUTHORIZE_MS;
}

static void other_tab_connects(struct jira *x)
{
    jira_connect(x, "bob", "con1", "acc");
}

static void disconnects(struct jira *x)
{
    assert_err(jira_disconnect(x, "bob", "con1"), ERR_OK);
}

static void switches_on(struct jira *x)
{
    jira_switch(x, "con1", 1);
}

static void switches_there_and_back(struct jira *x)
{
    jira_switch(x, "con1", 1);
    jira_switch(x, "con1", 0);
}

static void environment_changes(struct jira *x)
{
    x->o.settings.jira_client_id = STR("env-other");
}

static void environment_goes(struct jira *x)
{
    x->o.settings.jira_client_id = STR("");
}

static void workspace_client_comes(struct jira *x)
{
    (void)jira_client(x, NULL, "ws-client");
}

static void own_client_comes(struct jira *x)
{
    (void)jira_client(x, "con1", "own-client");
}

static const struct {
    const char *what;
    int connected_before;
    const char *sql;
    void (*act)(struct jira *x);
    const char *who; /* comes back; NULL: nobody is signed in */
    enum err expected;
    int is_gone; /* the row; else it is there, unused */
} REFUSED[] = {
    {"nothing, but by carl", 0, NULL, NULL, "carl", ERR_STATE_FOREIGN, 0},
    {"nothing, but by an admin", 0, NULL, NULL, "anna", ERR_STATE_FOREIGN, 0},
    {"nothing, but by nobody", 0, NULL, NULL, NULL, ERR_STATE_FOREIGN, 0},
    {"another session of the same user", 0, NULL, other_session, "bob", ERR_STATE_FOREIGN, 0},
    {"signed out", 0, NULL, signed_out, "bob", ERR_STATE_FOREIGN, 1},
    {"disabled", 0, "UPDATE users SET state = 'disabled' WHERE id = 'bob'", NULL, "bob",
     ERR_STATE_FOREIGN, 0},
    {"until moved", 0, "UPDATE pending_connects SET until = 5", NULL, "bob", ERR_STATE_EXPIRED, 0},
    {"ten minutes", 0, NULL, ten_minutes, "bob", ERR_STATE_EXPIRED, 0},
    {"permission withdrawn", 0, "DELETE FROM permissions WHERE principal = 'bob'", NULL, "bob",
     ERR_NOT_FOUND, 0},
    {"connected in another tab", 0, NULL, other_tab_connects, "bob", ERR_CONFLICT, 0},
    {"reconnected in another tab", 1, NULL, other_tab_connects, "bob", ERR_CONFLICT, 0},
    {"generation moved", 1, "UPDATE credentials SET generation = 2", NULL, "bob", ERR_CONFLICT, 0},
    {"another row", 1, "UPDATE credentials SET id = 'x'", NULL, "bob", ERR_CONFLICT, 0},
    {"the row is gone", 1, "DELETE FROM credentials", NULL, "bob", ERR_CONFLICT, 0},
    {"disconnected", 1, NULL, disconnects, "bob", ERR_STATE_FOREIGN, 1},
    {"switched on", 0, NULL, switches_on, "bob", ERR_STATE_FOREIGN, 1},
    {"switched on and off", 1, NULL, switches_there_and_back, "bob", ERR_STATE_FOREIGN, 1},
    {"switched by SQL", 0, "UPDATE connections SET shared = 1, switch_counter = 1", NULL, "bob",
     ERR_NOT_APP_ADMIN, 0},
    {"there and back by SQL", 0, "UPDATE connections SET switch_counter = 2", NULL, "bob",
     ERR_CONFLICT, 0},
    {"environment's client changed", 0, NULL, environment_changes, "bob", ERR_CONFLICT, 0},
    {"environment's client gone", 0, NULL, environment_goes, "bob", ERR_CONFLICT, 0},
    {"workspace's client came", 0, NULL, workspace_client_comes, "bob", ERR_CONFLICT, 0},
    {"own client came", 0, NULL, own_client_comes, "bob", ERR_CONFLICT, 0},
    {"connection deleted", 0, "DELETE FROM connections WHERE id = 'con1'", NULL, "bob",
     ERR_STATE_FOREIGN, 1},
    {"app deleted", 0, "DELETE FROM apps WHERE id = 'sun'", NULL, "bob", ERR_STATE_FOREIGN, 1},
};

static void refuse(void **state, size_t i)
{
    struct jira x;
    struct authorize_claim claim = {0};
    struct pending_state p;

    jira_open(&x, state);
    if (REFUSED[i].connected_before) {
        jira_connect(&x, "bob", "con1", "acc");
        jira_sql(&x, "DELETE FROM pending_connects");
    }
    str sent = jira_begin(&x, "bob", "con1");
    if (REFUSED[i].sql)
        jira_sql(&x, REFUSED[i].sql);
    if (REFUSED[i].act)
        REFUSED[i].act(&x);
    jira_sql(&x, "DELETE FROM pending_connects WHERE used IS NOT NULL"); /* another tab's */
    enum err e = jira_claim(&x, REFUSED[i].who, sent, &claim);
    if (e != REFUSED[i].expected)
        fail_msg("%s: %s", REFUSED[i].what, e ? err_name(e) : "ERR_OK");
    assert_false(secret_is_set(&claim.verifier) || secret_is_set(&claim.client.client_secret));
    if ((claim.connection.p != NULL) != (e != ERR_STATE_FOREIGN))
        fail_msg("%s: the way back", REFUSED[i].what);
    p = pending_of(&x);
    if (p.exists == REFUSED[i].is_gone || p.used)
        fail_msg("%s: row there %d, used %d", REFUSED[i].what, p.exists, p.used);
    jira_close_and_empty(&x);
}

static void what_moved_is_refused(void **state)
{
    for (size_t i = 0; i < COUNT_OF(REFUSED); i++)
        refuse(state, i);
}

static void a_second_less_than_ten_minutes(void **state)
{
    struct jira x;
    struct authorize_claim claim;

    jira_open(&x, state);
    str sent = jira_begin(&x, "bob", "con1");
    x.o.now_ms += AUTHORIZE_MS - 1;
    contract_ok(x.o.c, jira_claim(&x, "bob", sent, &claim));
    jira_done(&claim);
    jira_close(&x);
}

static void what_is_no_state(void **state)
{
    struct jira x;
    struct authorize_claim claim;
    str right;
    char wrong[64];

    jira_open(&x, state);
    right = jira_begin(&x, "bob", "con1");
    assert_err(jira_claim(&x, "bob", STR(""), &claim), ERR_STATE_FOREIGN);
    assert_err(jira_claim(&x, "bob", (str){NULL, 0}, &claim), ERR_STATE_FOREIGN);
    assert_err(jira_claim(&x, "bob", STR("guess"), &claim), ERR_STATE_FOREIGN);
    assert_err(jira_claim(&x, "bob", str_slice(right, 0, right.n - 1), &claim), ERR_STATE_FOREIGN);
    memcpy(wrong, right.p, right.n);
    wrong[0] = wrong[0] == 'A' ? 'B' : 'A';
    assert_err(jira_claim(&x, "bob", (str){wrong, right.n}, &claim), ERR_STATE_FOREIGN);
    contract_ok(x.o.c, jira_claim(&x, "bob", right, &claim));
    jira_done(&claim);
    jira_close(&x);
}

static void an_admin_made_runner_connects_no_shared_one(void **state)
{
    struct jira x;
    struct authorize_claim claim;

    jira_open(&x, state);
    jira_switch(&x, "con1", 1);
    str sent = jira_begin(&x, "anna", "con1");
    jira_sql(&x, "UPDATE permissions SET role = 'runner' WHERE principal = 'anna'");
    assert_err(jira_claim(&x, "anna", sent, &claim), ERR_NOT_APP_ADMIN);
    jira_sql(&x, "UPDATE permissions SET role = 'admin' WHERE principal = 'anna'");
    contract_ok(x.o.c, jira_claim(&x, "anna", sent, &claim));
    jira_done(&claim);
    jira_close(&x);
}

/* A new secret of the same client is the same client. */
static void a_new_secret_meanwhile_is_used(void **state)
{
    struct jira x;
    struct authorize_claim claim;

    jira_open(&x, state);
    str sent = jira_begin(&x, "bob", "con1");
    (void)jira_client(&x, NULL, "env-client");
    contract_ok(x.o.c, jira_claim(&x, "bob", sent, &claim));
    assert_str(secret_expose(&claim.client.client_secret), "s3cret");
    jira_done(&claim);
    jira_close(&x);
}

/* --- in parallel ------------------------------------------------------------------------------ */

struct racer {
    struct jira *x;
    str token;
    str state;
    enum err result;
};

static void *claim_in_thread(void *arg)
{
    struct racer *r = arg;
    struct arena *a = arena_new(1 << 20);
    struct fault f = {0};
    struct db *db = contract_connect(r->x->o.c, 10000);

    do {
        struct authorize_claim claim = {0};
        struct work *w = world_thread(&r->x->o, a, &f, db, r->token, STR(""), ACCESS_PUBLIC);
        r->result = work_write(w);
        if (!r->result)
            r->result = authorize_claim(w, r->state, &claim);
        r->result = world_end(w, r->result);
        jira_done(&claim);
    } while (r->result == ERR_RETRY);
    db_close(db);
    arena_free(a);
    return NULL;
}

static void of_callbacks_in_parallel_one_goes_on(void **state)
{
    struct jira x;

    jira_open(&x, state);
    for (int round = 0; round < 8; round++) {
        str sent = jira_begin(&x, "bob", "con1");
        (void)jira_callback(&x, "bob");
        struct racer one = {&x, x.tokens[0].token, sent, ERR_OK};
        struct racer two = one;
        world_race(claim_in_thread, &one, &two);
        assert_int_equal((one.result == ERR_OK) + (two.result == ERR_OK), 1);
        assert_err(one.result ? one.result : two.result, ERR_STATE_EXPIRED);
    }
    jira_close(&x);
}

/* --- without a state -------------------------------------------------------------------------- */

static void a_callback_without_state_finds_the_last_one(void **state)
{
    struct jira x;
    struct authorize_claim claim;
    struct work *w;

    jira_open(&x, state);
    contract_ok(x.o.c, authorize_last(jira_callback(&x, "bob"), &claim));
    assert_null(claim.connection.p);
    (void)jira_begin(&x, "bob", "con1");
    x.o.now_ms++;
    str sent = jira_begin(&x, "bob", "con3");
    w = jira_callback(&x, "bob");
    contract_ok(x.o.c, authorize_last(w, &claim));
    assert_str(claim.connection, "con3");
    assert_str(claim.app, "moon");
    assert_str(claim.return_to, "/apps/back");
    assert_str(w->membership.app, "moon");
    contract_ok(x.o.c, authorize_last(jira_callback(&x, "carl"), &claim));
    assert_null(claim.connection.p);
    contract_ok(x.o.c, authorize_last(jira_callback(&x, NULL), &claim));
    assert_null(claim.connection.p);
    assert_false(pending_of(&x).used);
    contract_ok(x.o.c, jira_claim(&x, "bob", sent, &claim)); /* it did not use it up */
    jira_done(&claim);
    jira_close(&x);
}

static void who_lost_the_app_is_not_led_back(void **state)
{
    struct jira x;
    struct authorize_claim claim;
    struct work *w;

    jira_open(&x, state);
    (void)jira_begin(&x, "bob", "con3");
    jira_sql(&x, "DELETE FROM permissions WHERE app_id = 'moon' AND principal = 'bob'");
    w = jira_callback(&x, "bob");
    contract_ok(x.o.c, authorize_last(w, &claim));
    assert_null(claim.connection.p);
    assert_null(w->membership.app.p);
    contract_ok(x.o.c, world_end(w, work_write(w))); /* what may be done is as before */
    jira_sign_in_again(&x, "bob");
    contract_ok(x.o.c, authorize_last(jira_callback(&x, "bob"), &claim));
    assert_null(claim.connection.p);
    (void)jira_begin(&x, "bob", "con1");
    jira_sql(&x, "UPDATE pending_connects SET user_id = 'carl'");
    contract_ok(x.o.c, authorize_last(jira_callback(&x, "bob"), &claim));
    assert_null(claim.connection.p);
    jira_close(&x);
}

/* --- what became of it ------------------------------------------------------------------------ */

static struct authorize_unfinished unfinished(struct jira *x, const char *user,
                                              const char *connection)
{
    struct work *w = jira_as(x, user, connection);
    struct connection_row n = jira_connection(x, connection);
    struct authorize_unfinished u = {0};

    contract_ok(x->o.c, authorize_find_unfinished(
                            w, &n, jira_row(x, connection, n.shared ? NULL : user), &u));
    return u;
}

static void set_outcome(struct jira *x, const struct authorize_claim *claim, str outcome)
{
    struct work *w = jira_callback(x, "bob");

    contract_ok(x->o.c, work_write(w));
    contract_ok(x->o.c, world_end(w, authorize_outcome(w, claim->pending, outcome)));
}

static void who_did_not_come_back_is_told(void **state)
{
    struct jira x;
    struct authorize_claim claim;
    struct authorize_unfinished u;

    jira_open(&x, state);
    assert_true(unfinished(&x, "bob", "con1").began == 0);
    str sent = jira_begin(&x, "bob", "con1");
    u = unfinished(&x, "bob", "con1");
    assert_true(u.began == x.o.now_ms && !u.expired && !u.outcome.p);
    assert_true(unfinished(&x, "carl", "con1").began == 0);
    assert_true(unfinished(&x, "bob", "con2").began == 0);
    contract_ok(x.o.c, jira_claim(&x, "bob", sent, &claim));
    set_outcome(&x, &claim, STR("no_site"));
    assert_str(unfinished(&x, "bob", "con1").outcome, "no_site");
    set_outcome(&x, &claim, STR("ok"));
    assert_true(unfinished(&x, "bob", "con1").began == 0);
    jira_done(&claim);

    x.o.now_ms++;
    (void)jira_begin(&x, "bob", "con1");
    x.o.now_ms += AUTHORIZE_MS;
    u = unfinished(&x, "bob", "con1");
    assert_true(u.began && u.expired && !u.outcome.p);
    jira_connect(&x, "bob", "con1", "acc");
    assert_true(unfinished(&x, "bob", "con1").began == 0);
    x.o.now_ms++;
    (void)jira_begin(&x, "bob", "con1");
    assert_true(unfinished(&x, "bob", "con1").began > 0);
    jira_sql(&x, "UPDATE connections SET switch_counter = 2");
    assert_true(unfinished(&x, "bob", "con1").began == 0);
    jira_close(&x);
}

static void it_is_explained_for_a_day(void **state)
{
    struct jira x;
    int64_t began;

    jira_open(&x, state);
    (void)jira_begin(&x, "bob", "con1");
    began = x.o.now_ms;
    x.o.now_ms = began + AUTHORIZE_MS - 1;
    contract_ok(x.o.c, sweep_run(world_work(&x.o, NULL)));
    assert_true(pending_of(&x).has_secret);
    x.o.now_ms = began + AUTHORIZE_MS;
    contract_ok(x.o.c, sweep_run(world_work(&x.o, NULL)));
    assert_false(pending_of(&x).has_secret);
    assert_true(unfinished(&x, "bob", "con1").expired);
    x.o.now_ms = began + CLOCK_DAY_MS;
    contract_ok(x.o.c, sweep_run(world_work(&x.o, NULL)));
    assert_false(pending_of(&x).exists);
    jira_close(&x);
}

static void without_a_client_nothing_begins(void **state)
{
    struct jira x;
    struct work *w;
    struct connection_row n;
    str url = STR("");

    jira_open(&x, state);
    environment_goes(&x);
    n = jira_connection(&x, "con1");
    w = jira_as(&x, "bob", "con1");
    contract_ok(x.o.c, work_write(w));
    assert_err(world_end(w, authorize_begin(w, &n, NULL, STR("/"), &url)), ERR_TYPE_UNAVAILABLE);
    (void)jira_client(&x, "con1", "own");
    jira_sql(&x, "UPDATE oauth_clients SET client_id = 'moved'");
    w = jira_as(&x, "bob", "con1");
    contract_ok(x.o.c, work_write(w));
    assert_err(world_end(w, authorize_begin(w, &n, NULL, STR("/"), &url)), ERR_CLIENT_REFUSED);
    assert_str(url, "");
    assert_false(pending_of(&x).exists);
    jira_close(&x);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(a_state_is_good_once),
        CONTRACT(two_tabs_have_a_state_each),
        CONTRACT(what_moved_is_refused),
        CONTRACT(a_second_less_than_ten_minutes),
        CONTRACT(what_is_no_state),
        CONTRACT(an_admin_made_runner_connects_no_shared_one),
        CONTRACT(a_new_secret_meanwhile_is_used),
        CONTRACT(of_callbacks_in_parallel_one_goes_on),
        CONTRACT(a_callback_without_state_finds_the_last_one),
        CONTRACT(who_lost_the_app_is_not_led_back),
        CONTRACT(who_did_not_come_back_is_told),
        CONTRACT(it_is_explained_for_a_day),
        CONTRACT(without_a_client_nothing_begins),
    };

    return contract_run(cases, COUNT_OF(cases));
}
