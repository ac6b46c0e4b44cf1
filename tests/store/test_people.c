/* The contract of store/users.h, links.h, sessions.h, groups.h and throttles.h. */
#include "people.h"
#include "store/links.h"
#include "store/sessions.h"
#include "store/throttles.h"

static struct user_row *find(struct contract *c, const char *id)
{
    struct user_row *row = NULL;

    contract_ok(c, store_user_find(STORE(c), str_from(id), &row));
    return row;
}

static void user_comes_back_as_it_was(void **state)
{
    struct contract *c = *state;
    struct user_row in = {.id = STR("u1"),
                          .email = STR("Anna@Example.com"),
                          .email_key = STR("anna@example.com"),
                          .name = STR("Änna \xf0\x9f\x98\x80 <b>"),
                          .sort_key = STR("61u1"),
                          .search = STR("anna"),
                          .workspace_admin = 1,
                          .state = USER_INVITED,
                          .created = INT64_C(1766000000000)};
    struct user_row *out = NULL, *by_email = NULL;

    contract_ok(c, store_user_insert(STORE(c), &in));
    out = find(c, "u1");
    assert_non_null(out);
    assert_str(out->email, "Anna@Example.com");
    assert_str(out->name, "Änna \xf0\x9f\x98\x80 <b>");
    assert_null(out->password.p);
    assert_int_equal(out->workspace_admin, 1);
    assert_int_equal(out->state, USER_INVITED);
    assert_true(out->created == in.created);
    assert_true(out->last_seen == 0);
    contract_ok(c, store_user_find_email(STORE(c), STR("anna@example.com"), &by_email));
    assert_str(by_email->id, "u1");
    assert_null(find(c, "nobody"));
    contract_ok(c, store_user_find_email(STORE(c), STR("Anna@Example.com"), &by_email));
    assert_null(by_email);
}

static void email_belongs_to_one(void **state)
{
    struct contract *c = *state;
    struct user_row second = user_named("u2", USER_ACTIVE);

    add_user(c, "u1", USER_ACTIVE);
    second.email_key = STR("u1");
    assert_int_equal(store_user_insert(STORE(c), &second), ERR_CONFLICT);
    assert_null(find(c, "u2"));
}

static void password_makes_active_and_update_keeps_it(void **state)
{
    struct contract *c = *state;
    struct user_row row = user_named("u1", USER_INVITED);

    contract_ok(c, store_user_insert(STORE(c), &row));
    contract_ok(c, store_user_set_password(STORE(c), row.id, STR("hash")));
    assert_int_equal(find(c, "u1")->state, USER_ACTIVE);
    row.name = STR("New");
    row.workspace_admin = 1;
    row.state = USER_DISABLED;
    contract_ok(c, store_user_update(STORE(c), &row));
    contract_ok(c, store_user_seen(STORE(c), row.id, 77));
    assert_str(find(c, "u1")->password, "hash");
    assert_str(find(c, "u1")->name, "New");
    assert_int_equal(find(c, "u1")->state, USER_DISABLED);
    assert_int_equal(find(c, "u1")->last_seen, 77);
}

static void counts_active_admins_only(void **state)
{
    struct contract *c = *state;
    static const enum user_state states[] = {USER_INVITED, USER_ACTIVE, USER_DISABLED, USER_ACTIVE};
    static const char *const ids[] = {"a", "b", "c", "d"};
    int64_t n = -1;

    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct user_row row = user_named(ids[i], states[i]);
        row.workspace_admin = i < 3;
        contract_ok(c, store_user_insert(STORE(c), &row));
    }
    contract_ok(c, store_users_count_admins(STORE(c), &n));
    assert_int_equal(n, 1);
}

static void assert_page(struct contract *c, const char *filter, const char *after, int64_t limit,
                        const char *expected, int64_t expected_total)
{
    struct user_row *rows = NULL;
    size_t count = 0;
    int64_t total = -1;
    str ids = STR("");

    contract_ok(c, store_users_page(STORE(c), str_from(filter), str_from(after), limit, &rows,
                                    &count, &total));
    for (size_t i = 0; i < count; i++)
        ids = arena_printf(c->arena, "%.*s%.*s ", STR_ARG(ids), STR_ARG(rows[i].id));
    assert_str(ids, expected);
    assert_int_equal(total, expected_total);
}

static void users_filter_and_page(void **state)
{
    struct contract *c = *state;

    add_user(c, "c_1", USER_ACTIVE);
    add_user(c, "a%1", USER_INVITED);
    add_user(c, "b!1", USER_DISABLED);
    add_user(c, "d\\1", USER_ACTIVE);
    assert_page(c, "", "", 10, "a%1 b!1 c_1 d\\1 ", 4);
    assert_page(c, "", "", 2, "a%1 b!1 ", 4);
    assert_page(c, "", "b!1", 2, "c_1 d\\1 ", 4);
    assert_page(c, "1", "", 10, "a%1 b!1 c_1 d\\1 ", 4);
    /* nothing in a filter is special */
    assert_page(c, "%", "", 10, "a%1 ", 1);
    assert_page(c, "_", "", 10, "c_1 ", 1);
    assert_page(c, "!", "", 10, "b!1 ", 1);
    assert_page(c, "\\", "", 10, "d\\1 ", 1);
    assert_page(c, "zzz", "", 10, "", 0);
}

static void disabled_users_are_not_offered(void **state)
{
    struct contract *c = *state;
    struct person_row *people = NULL;
    size_t count = 0;

    add_user(c, "a", USER_ACTIVE);
    add_user(c, "b", USER_INVITED);
    add_user(c, "c", USER_DISABLED);
    contract_ok(c, store_users_choosable(STORE(c), USERS_AND_INVITED, 10, &people, &count));
    assert_int_equal(count, 2);
    assert_str(people[1].email, "b");
    contract_ok(c, store_users_choosable(STORE(c), USERS_ACTIVE, 10, &people, &count));
    assert_int_equal(count, 1);
    contract_ok(c, store_users_choosable(STORE(c), USERS_AND_INVITED, 1, &people, &count));
    assert_int_equal(count, 1);
}

static void add_link(struct contract *c, const char *token, enum link_kind kind, const char *user,
                     int64_t expires)
{
    struct link_row row = {.id = str_from(token),
                           .kind = kind,
                           .token_hmac = str_from(token),
                           .user = str_from(user),
                           .created = 1,
                           .expires = expires};

    contract_ok(c, store_link_insert(STORE(c), &row));
}

static int use_link(struct contract *c, const char *token, int64_t now)
{
    int done = -1;

    contract_ok(c, store_link_use(STORE(c), str_from(token), now, &done));
    return done;
}

static int link_exists(struct contract *c, const char *token)
{
    struct link_row *row = NULL;

    contract_ok(c, store_link_find(STORE(c), str_from(token), &row));
    return row != NULL;
}

static void link_is_used_once_and_in_time(void **state)
{
    struct contract *c = *state;
    struct link_row *row = NULL;

    add_user(c, "u", USER_INVITED);
    add_link(c, "t1", LINK_INVITE, "u", 100);
    add_link(c, "t2", LINK_RESET, "u", 100);
    assert_int_equal(use_link(c, "unknown", 50), 0);
    assert_int_equal(use_link(c, "t1", 100), 0);
    assert_int_equal(use_link(c, "t1", 99), 1);
    assert_int_equal(use_link(c, "t1", 99), 0);
    contract_ok(c, store_link_find(STORE(c), STR("t1"), &row));
    assert_int_equal(row->used, 99);
    assert_int_equal(row->kind, LINK_INVITE);
    assert_str(row->user, "u");
    assert_int_equal(use_link(c, "t2", 99), 1);
}

static void links_are_voided_by_user_kind_and_time(void **state)
{
    struct contract *c = *state;

    add_user(c, "u", USER_INVITED);
    add_user(c, "v", USER_INVITED);
    add_link(c, "u1", LINK_INVITE, "u", 100);
    add_link(c, "v1", LINK_INVITE, "v", 100);
    add_link(c, "v2", LINK_INVITE, "v", 200);
    add_link(c, "v3", LINK_INVITE, "v", 200);
    add_link(c, "s1", LINK_SETUP, NULL, 200);
    contract_ok(c, store_links_delete_user(STORE(c), STR("u")));
    assert_false(link_exists(c, "u1"));
    assert_true(link_exists(c, "v1"));
    contract_ok(c, store_links_delete_setup(STORE(c)));
    assert_false(link_exists(c, "s1"));
    assert_int_equal(use_link(c, "v3", 50), 1);
    contract_ok(c, store_links_expire(STORE(c), 100));
    assert_false(link_exists(c, "v1"));
    assert_false(link_exists(c, "v3"));
    assert_true(link_exists(c, "v2"));
}

static void add_session(struct contract *c, const char *id, const char *user, int64_t expires)
{
    struct session_row row = {.id = str_from(id),
                              .user = str_from(user),
                              .agent = STR("Firefox"),
                              .created = 1,
                              .last_seen = expires / 2,
                              .expires = expires};

    contract_ok(c, store_session_insert(STORE(c), &row, str_from(id)));
}

static int session_exists(struct contract *c, const char *id)
{
    struct session_row *row = NULL;
    struct user_row *user = NULL;

    contract_ok(c, store_session_find(STORE(c), str_from(id), &row, &user));
    assert_true((row != NULL) == (user != NULL));
    return row != NULL;
}

static void session_comes_with_its_user(void **state)
{
    struct contract *c = *state;
    struct session_row *row = NULL;
    struct user_row *user = NULL;

    add_user(c, "u", USER_DISABLED);
    add_session(c, "s1", "u", 100);
    contract_ok(c, store_session_touch(STORE(c), STR("s1"), 60, 160));
    contract_ok(c, store_session_find(STORE(c), STR("s1"), &row, &user));
    assert_str(user->id, "u");
    assert_int_equal(user->state, USER_DISABLED);
    assert_int_equal(row->last_seen, 60);
    assert_int_equal(row->expires, 160);
    assert_str(row->agent, "Firefox");
    assert_false(session_exists(c, "other"));
}

static void sessions_end_one_by_one_together_and_by_time(void **state)
{
    struct contract *c = *state;
    struct session_row *rows = NULL;
    size_t count = 0;

    add_user(c, "u", USER_ACTIVE);
    add_user(c, "v", USER_ACTIVE);
    add_session(c, "u1", "u", 100);
    add_session(c, "u2", "u", 200);
    add_session(c, "u3", "u", 300);
    add_session(c, "v1", "v", 200);
    contract_ok(c, store_sessions_list(STORE(c), STR("u"), 100, &rows, &count));
    assert_int_equal(count, 2); /* u1 is over */
    assert_str(rows[0].id, "u3");
    contract_ok(c, store_session_delete(STORE(c), STR("u3")));
    assert_false(session_exists(c, "u3"));
    contract_ok(c, store_sessions_delete_user(STORE(c), STR("u"), STR("u2")));
    assert_false(session_exists(c, "u1"));
    assert_true(session_exists(c, "u2"));
    assert_true(session_exists(c, "v1"));
    contract_ok(c, store_sessions_delete_user(STORE(c), STR("u"), STR("")));
    assert_false(session_exists(c, "u2"));
    contract_ok(c, store_sessions_expire(STORE(c), 199));
    assert_true(session_exists(c, "v1"));
    contract_ok(c, store_sessions_expire(STORE(c), 200));
    assert_false(session_exists(c, "v1"));
}

static void group_name_is_unique_and_members_count(void **state)
{
    struct contract *c = *state;
    struct group_row twin = {.id = STR("h"), .name_key = STR("g"), .sort_key = STR("h")};
    struct group_row *rows = NULL;
    struct person_row *people = NULL;
    str *keys = NULL;
    size_t count = 0;

    twin.name = twin.description = STR("x");
    add_user(c, "u", USER_ACTIVE);
    add_user(c, "v", USER_INVITED);
    add_user(c, "w", USER_DISABLED);
    add_group(c, "g");
    assert_int_equal(store_group_insert(STORE(c), &twin), ERR_CONFLICT);
    contract_ok(c, store_group_member_add(STORE(c), STR("g"), STR("u"), 5));
    contract_ok(c, store_group_member_add(STORE(c), STR("g"), STR("u"), 6));
    contract_ok(c, store_groups_list(STORE(c), &rows, &count));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].members, 1);
    contract_ok(c, store_group_members(STORE(c), STR("g"), STR(""), 10, &people, &count, &keys));
    assert_int_equal(count, 1);
    assert_str(people[0].id, "u");
    contract_ok(c, store_group_members(STORE(c), STR("g"), keys[0], 10, &people, &count, &keys));
    assert_int_equal(count, 0); /* nobody behind the last */
    contract_ok(c, store_group_candidates(STORE(c), STR("g"), 10, &people, &count));
    assert_int_equal(count, 1);
    assert_str(people[0].id, "v");
    contract_ok(c, store_groups_of_user(STORE(c), STR("u"), &rows, &count));
    assert_int_equal(count, 1);
    contract_ok(c, store_groups_of_user(STORE(c), STR("v"), &rows, &count));
    assert_int_equal(count, 0);
}

static void group_member_leaves_once(void **state)
{
    struct contract *c = *state;
    int done = -1;

    add_user(c, "u", USER_ACTIVE);
    add_group(c, "g");
    contract_ok(c, store_group_member_add(STORE(c), STR("g"), STR("u"), 5));
    contract_ok(c, store_group_member_remove(STORE(c), STR("g"), STR("u"), &done));
    assert_int_equal(done, 1);
    contract_ok(c, store_group_member_remove(STORE(c), STR("g"), STR("u"), &done));
    assert_int_equal(done, 0);
}

static void group_goes_with_its_permissions(void **state)
{
    struct contract *c = *state;
    struct permission_row *rows = NULL;
    size_t count = 0;

    add_user(c, "u", USER_ACTIVE);
    add_group(c, "g");
    add_group(c, "h");
    add_app(c, "app");
    contract_ok(c, store_group_member_add(STORE(c), STR("g"), STR("u"), 5));
    add_permission(c, "p1", "app", PERMISSION_OF_GROUP, "g", PERMISSION_ROLE_ADMIN);
    add_permission(c, "p2", "app", PERMISSION_OF_GROUP, "h", PERMISSION_ROLE_RUNNER);
    add_permission(c, "p3", "app", PERMISSION_OF_USER, "g", PERMISSION_ROLE_RUNNER);
    contract_ok(c, store_group_delete(STORE(c), STR("g")));
    contract_ok(c, store_permissions_list(STORE(c), STR("app"), &rows, &count));
    assert_int_equal(count, 2);
    assert_str(rows[0].id, "p2");
    assert_str(rows[1].id, "p3");
}

static void assert_throttle(struct contract *c, int64_t now, int64_t count, int64_t until)
{
    struct throttle_row row = {-1, -1};

    contract_ok(c, store_throttle_get(STORE(c), STR("name"), now, &row));
    assert_int_equal(row.count, count);
    assert_int_equal(row.until, until);
}

static void throttle_counts_within_its_window(void **state)
{
    struct contract *c = *state;

    assert_throttle(c, 0, 0, 0);
    contract_ok(c, store_throttle_add(STORE(c), STR("name"), 0, 100));
    contract_ok(c, store_throttle_add(STORE(c), STR("name"), 50, 150));
    contract_ok(c, store_throttle_add(STORE(c), STR("other"), 50, 400));
    assert_throttle(c, 99, 2, 100);
    assert_throttle(c, 100, 0, 0);
    contract_ok(c, store_throttle_add(STORE(c), STR("name"), 100, 200));
    assert_throttle(c, 100, 1, 200);
    contract_ok(c, store_throttles_expire(STORE(c), 199));
    assert_throttle(c, 150, 1, 200);
    contract_ok(c, store_throttle_delete(STORE(c), STR("name")));
    assert_throttle(c, 150, 0, 0);
    contract_ok(c, store_throttle_add(STORE(c), STR("name"), 150, 300));
    contract_ok(c, store_throttles_expire(STORE(c), 300));
    contract_ok(c, store_throttle_add(STORE(c), STR("name"), 150, 500));
    assert_throttle(c, 150, 1, 500); /* the expired row was gone: counted anew */
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(user_comes_back_as_it_was),
        CONTRACT(email_belongs_to_one),
        CONTRACT(password_makes_active_and_update_keeps_it),
        CONTRACT(counts_active_admins_only),
        CONTRACT(users_filter_and_page),
        CONTRACT(disabled_users_are_not_offered),
        CONTRACT(link_is_used_once_and_in_time),
        CONTRACT(links_are_voided_by_user_kind_and_time),
        CONTRACT(session_comes_with_its_user),
        CONTRACT(sessions_end_one_by_one_together_and_by_time),
        CONTRACT(group_name_is_unique_and_members_count),
        CONTRACT(group_member_leaves_once),
        CONTRACT(group_goes_with_its_permissions),
        CONTRACT(throttle_counts_within_its_window),
    };

    return contract_run(cases, COUNT_OF(cases));
}
