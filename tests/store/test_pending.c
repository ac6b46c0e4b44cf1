/* The contract of store/pending.h for connects under way. */
#include "connected.h"
#include "store/pending.h"

#define DAY_MS (24 * 60 * 60 * 1000)

static void seed_sessions(struct contract *c)
{
    struct db_rows r;

    seed(c);
    contract_ok(c,
                db_query(c->db, c->arena, &c->fault, &r,
                         "INSERT INTO sessions (id, token_hmac, user_id, agent, created,"
                         " last_seen, expires) VALUES ('ses-a', $1, 'anna', '', 1, 1, 9),"
                         " ('ses-a2', $2, 'anna', '', 1, 1, 9), ('ses-b', $3, 'bob', '', 1, 1, 9)",
                         DB_B(STR("t1")), DB_B(STR("t2")), DB_B(STR("t3"))));
}

/* anna's, begun at 1000, good until 2000. Its token is its id. */
static struct pending_row pending(const char *id, const char *kind)
{
    return (struct pending_row){
        .id = str_from(id),
        .kind = str_from(kind),
        .token_hmac = str_from(id),
        .app = STR("app1"),
        .connection = STR("con1"),
        .user = STR("anna"),
        .session = STR("ses-a"),
        .switch_counter = 4,
        .credential = STR("cred1"),
        .generation = 3,
        .client_id = STR("client"),
        .found = STR("{\"a\":1}"),
        .sealed = STR("s\0one"),
        .sealed_refresh = STR("s\0two"),
        .return_to = STR("/apps/one"),
        .created = 1000,
        .until = 2000,
    };
}

static void insert(struct contract *c, const struct pending_row *row)
{
    contract_ok(c, store_pending_insert(c->db, c->arena, &c->fault, row));
}

static void add(struct contract *c, const char *id, const char *kind)
{
    struct pending_row row = pending(id, kind);
    insert(c, &row);
}

static struct pending_row *find(struct contract *c, const char *id, const char *kind)
{
    struct pending_row *row = NULL;
    contract_ok(c,
                store_pending_find(c->db, c->arena, &c->fault, str_from(kind), str_from(id), &row));
    return row;
}

static int claim(struct contract *c, const char *id, int64_t now_ms)
{
    int claimed = -1;
    contract_ok(c, store_pending_claim(c->db, c->arena, &c->fault, str_from(id), now_ms, &claimed));
    return claimed;
}

static void comes_back_as_it_was_saved(void **state)
{
    struct contract *c = *state;
    seed_sessions(c);
    add(c, "p1", "authorize");
    struct pending_row *row = find(c, "p1", "authorize");
    assert_non_null(row);
    assert_str(row->app, "app1");
    assert_str(row->app_slug, "one");
    assert_str(row->connection, "con1");
    assert_str(row->user, "anna");
    assert_str(row->session, "ses-a");
    assert_int_equal(row->switch_counter, 4);
    assert_str(row->credential, "cred1");
    assert_int_equal(row->generation, 3);
    assert_str(row->client_id, "client");
    assert_str(row->found, "{\"a\":1}");
    assert_true(str_eq(row->sealed, STR("s\0one")));
    assert_true(str_eq(row->sealed_refresh, STR("s\0two")));
    assert_str(row->return_to, "/apps/one");
    assert_int_equal(row->created, 1000);
    assert_int_equal(row->until, 2000);
    assert_int_equal(row->used, 0);
    assert_null(row->outcome.p);

    struct pending_row bare = pending("p2", "identity");
    bare.credential = bare.client_id = bare.sealed_refresh = bare.return_to = NONE;
    bare.generation = 0;
    insert(c, &bare);
    row = find(c, "p2", "identity");
    assert_true(!row->credential.p && !row->client_id.p && !row->sealed_refresh.p &&
                !row->return_to.p);
}

static void is_found_by_its_token_and_kind_only(void **state)
{
    struct contract *c = *state;
    seed_sessions(c);
    add(c, "p1", "authorize");
    assert_null(find(c, "p1", "site"));
    assert_null(find(c, "p2", "authorize"));
    struct pending_row twice = pending("p3", "site");
    twice.token_hmac = STR("p1");
    assert_int_equal(store_pending_insert(c->db, c->arena, &c->fault, &twice), ERR_CONFLICT);
}

static void is_claimed_once_and_loses_its_secrets(void **state)
{
    struct contract *c = *state;
    seed_sessions(c);
    add(c, "p1", "authorize");
    add(c, "p2", "authorize");
    assert_int_equal(claim(c, "p1", 1999), 1);
    assert_int_equal(claim(c, "p1", 1999), 0);
    struct pending_row *row = find(c, "p1", "authorize");
    assert_int_equal(row->used, 1999);
    assert_true(!row->sealed.p && !row->sealed_refresh.p);
    assert_true(find(c, "p2", "authorize")->sealed.p != NULL);
    assert_int_equal(claim(c, "p2", 2000), 0); /* too late */
    assert_int_equal(find(c, "p2", "authorize")->used, 0);
    assert_int_equal(claim(c, "none", 1), 0);
}

static void an_outcome_is_kept(void **state)
{
    struct contract *c = *state;
    seed_sessions(c);
    add(c, "p1", "authorize");
    add(c, "p2", "authorize");
    contract_ok(c, store_pending_outcome(c->db, c->arena, &c->fault, STR("p1"), STR("no_site")));
    assert_str(find(c, "p1", "authorize")->outcome, "no_site");
    assert_null(find(c, "p2", "authorize")->outcome.p);
}

static void the_latest_of_a_session_and_of_a_user(void **state)
{
    struct contract *c = *state;
    struct pending_row *row = NULL;
    seed_sessions(c);
    contract_ok(c, store_pending_latest_of_session(c->db, c->arena, &c->fault, STR("authorize"),
                                                   STR("ses-a"), &row));
    assert_null(row);
    struct pending_row p = pending("p2", "authorize");
    p.created = 1500;
    insert(c, &p);
    p = pending("p1", "authorize");
    p.created = 1200;
    insert(c, &p);
    p = pending("p3", "site");
    p.created = 1900;
    insert(c, &p);
    p = pending("p4", "authorize");
    p.created = 1800;
    p.session = STR("ses-a2");
    p.app = STR("app2");
    p.connection = STR("con2");
    insert(c, &p);
    p = pending("p5", "authorize");
    p.created = 1950;
    p.user = STR("bob");
    p.session = STR("ses-b");
    insert(c, &p);
    contract_ok(c, store_pending_latest_of_session(c->db, c->arena, &c->fault, STR("authorize"),
                                                   STR("ses-a"), &row));
    assert_str(row->id, "p2");
    contract_ok(c, store_pending_latest_of_session(c->db, c->arena, &c->fault, STR("authorize"),
                                                   STR("ses-a2"), &row));
    assert_str(row->id, "p4");
    assert_str(row->app_slug, "two");
    contract_ok(c, store_pending_latest_of_user(c->db, c->arena, &c->fault, STR("authorize"),
                                                STR("con1"), STR("anna"), &row));
    assert_str(row->id, "p2");
    contract_ok(c, store_pending_latest_of_user(c->db, c->arena, &c->fault, STR("authorize"),
                                                STR("con2"), STR("bob"), &row));
    assert_null(row);
}

/* authorize p1 and site p2 of anna's, site p3 of bob's, site p4 of anna's elsewhere. */
static void add_four(struct contract *c)
{
    add(c, "p1", "authorize");
    add(c, "p2", "site");
    struct pending_row p = pending("p3", "site");
    p.user = STR("bob");
    p.session = STR("ses-b");
    insert(c, &p);
    p = pending("p4", "site");
    p.app = STR("app2");
    p.connection = STR("con2");
    insert(c, &p);
}

static void deletes_one_of_a_person_or_of_a_connection(void **state)
{
    struct contract *c = *state;
    int deleted = -1;
    seed_sessions(c);
    add_four(c);
    contract_ok(c, store_pending_delete_of(c->db, c->arena, &c->fault, STR("con1"), STR("anna"),
                                           STR("site")));
    assert_null(find(c, "p2", "site"));
    assert_non_null(find(c, "p1", "authorize"));
    assert_non_null(find(c, "p3", "site")); /* another person's */
    contract_ok(c, store_pending_delete(c->db, c->arena, &c->fault, STR("p3"), &deleted));
    assert_int_equal(deleted, 1);
    contract_ok(c, store_pending_delete(c->db, c->arena, &c->fault, STR("p3"), &deleted));
    assert_int_equal(deleted, 0); /* somebody had it before */
    assert_non_null(find(c, "p4", "site"));
    contract_ok(
        c, store_pending_delete_of(c->db, c->arena, &c->fault, STR("con1"), STR("anna"), NONE));
    assert_null(find(c, "p1", "authorize"));
    assert_non_null(find(c, "p4", "site"));
}

static void a_switch_deletes_everybodys(void **state)
{
    struct contract *c = *state;
    seed_sessions(c);
    add_four(c);
    contract_ok(c, store_pending_delete_of_connection(c->db, c->arena, &c->fault, STR("con1")));
    assert_null(find(c, "p1", "authorize"));
    assert_null(find(c, "p2", "site"));
    assert_null(find(c, "p3", "site"));
    assert_non_null(find(c, "p4", "site"));
}

static void goes_with_its_session_connection_or_app(void **state)
{
    struct contract *c = *state;
    seed_sessions(c);
    add_four(c);
    contract_script(c, "DELETE FROM sessions WHERE id = 'ses-b'");
    assert_null(find(c, "p3", "site"));
    contract_script(c, "DELETE FROM connections WHERE id = 'con1'");
    assert_null(find(c, "p1", "authorize"));
    contract_script(c, "DELETE FROM apps WHERE id = 'app2'");
    assert_null(find(c, "p4", "site"));
}

static void expire(struct contract *c, int64_t now_ms)
{
    contract_ok(c, store_pending_expire(c->db, c->arena, &c->fault, now_ms, now_ms - DAY_MS));
}

/* A question goes with its time; an authorize stays a day, without its secret, to explain. */
static void time_takes_questions_and_later_the_rest(void **state)
{
    struct contract *c = *state;
    seed_sessions(c);
    add(c, "p1", "authorize");
    add(c, "p2", "site");
    add(c, "p3", "identity");
    expire(c, 1999);
    assert_true(find(c, "p1", "authorize")->sealed.p != NULL);
    assert_non_null(find(c, "p2", "site"));
    assert_non_null(find(c, "p3", "identity"));
    expire(c, 2000);
    assert_null(find(c, "p2", "site"));
    assert_null(find(c, "p3", "identity"));
    struct pending_row *row = find(c, "p1", "authorize");
    assert_non_null(row);
    assert_true(!row->sealed.p && !row->sealed_refresh.p);
    expire(c, 1000 + DAY_MS - 1);
    assert_non_null(find(c, "p1", "authorize"));
    expire(c, 1000 + DAY_MS);
    assert_null(find(c, "p1", "authorize"));
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(comes_back_as_it_was_saved),
        CONTRACT(is_found_by_its_token_and_kind_only),
        CONTRACT(is_claimed_once_and_loses_its_secrets),
        CONTRACT(an_outcome_is_kept),
        CONTRACT(the_latest_of_a_session_and_of_a_user),
        CONTRACT(deletes_one_of_a_person_or_of_a_connection),
        CONTRACT(a_switch_deletes_everybodys),
        CONTRACT(goes_with_its_session_connection_or_app),
        CONTRACT(time_takes_questions_and_later_the_rest),
    };
    return contract_run(cases, COUNT_OF(cases));
}
