/* The contract of store/apps.h and permissions.h. */
#include "people.h"

/* u, v, w active, i invited, x disabled; group g holds v and x; group e nobody. */
static void populate(struct contract *c)
{
    add_user(c, "u", USER_ACTIVE);
    add_user(c, "v", USER_ACTIVE);
    add_user(c, "w", USER_ACTIVE);
    add_user(c, "i", USER_INVITED);
    add_user(c, "x", USER_DISABLED);
    add_group(c, "g");
    add_group(c, "e");
    contract_ok(c, store_group_member_add(STORE(c), STR("g"), STR("v"), 5));
    contract_ok(c, store_group_member_add(STORE(c), STR("g"), STR("x"), 5));
}

static enum permission_role role(struct contract *c, const char *app, const char *user)
{
    enum permission_role found = PERMISSION_ROLE_NONE;

    contract_ok(c, store_permission_role(STORE(c), str_from(app), str_from(user), &found));
    return found;
}

static void app_comes_back_and_slug_is_unique(void **state)
{
    struct contract *c = *state;
    struct app_row in = {.id = STR("a1"),
                         .slug = STR("team"),
                         .name = STR("Team"),
                         .sort_key = STR("74a1"),
                         .search = STR("team"),
                         .description = STR("line\nline"),
                         .created = 7,
                         .created_by = STR("u")};
    struct app_row *out = NULL;

    contract_ok(c, store_app_insert(STORE(c), &in));
    in.id = STR("a2");
    in.sort_key = STR("74a2");
    assert_int_equal(store_app_insert(STORE(c), &in), ERR_CONFLICT);
    contract_ok(c, store_app_find_slug(STORE(c), STR("team"), &out));
    assert_str(out->id, "a1");
    assert_str(out->description, "line\nline");
    assert_str(out->created_by, "u");
    out->name = STR("Other");
    out->slug = STR("ignored");
    contract_ok(c, store_app_update(STORE(c), out));
    contract_ok(c, store_app_find(STORE(c), STR("a1"), &out));
    assert_str(out->name, "Other");
    assert_str(out->slug, "team");
    contract_ok(c, store_app_find_slug(STORE(c), STR("TEAM"), &out));
    assert_null(out);
}

static void deleting_an_app_takes_its_permissions(void **state)
{
    struct contract *c = *state;
    struct permission_row *rows = NULL;
    size_t count = 9;

    add_app(c, "a");
    add_permission(c, "p", "a", PERMISSION_OF_USER, "u", PERMISSION_ROLE_ADMIN);
    contract_ok(c, store_app_delete(STORE(c), STR("a")));
    contract_ok(c, store_permissions_list(STORE(c), STR("a"), &rows, &count));
    assert_int_equal(count, 0);
}

static void highest_role_wins(void **state)
{
    struct contract *c = *state;

    populate(c);
    add_app(c, "a");
    add_app(c, "b");
    assert_int_equal(role(c, "a", "u"), PERMISSION_ROLE_NONE);
    add_permission(c, "p1", "a", PERMISSION_OF_USER, "u", PERMISSION_ROLE_ADMIN);
    add_permission(c, "p2", "a", PERMISSION_OF_USER, "v", PERMISSION_ROLE_RUNNER);
    add_permission(c, "p3", "b", PERMISSION_OF_USER, "w", PERMISSION_ROLE_ADMIN);
    assert_int_equal(role(c, "a", "u"), PERMISSION_ROLE_ADMIN);
    assert_int_equal(role(c, "a", "v"), PERMISSION_ROLE_RUNNER);
    assert_int_equal(role(c, "a", "w"), PERMISSION_ROLE_NONE); /* another app's counts nothing */
    add_permission(c, "p4", "a", PERMISSION_OF_GROUP, "g", PERMISSION_ROLE_ADMIN);
    assert_int_equal(role(c, "a", "v"), PERMISSION_ROLE_ADMIN);
    assert_int_equal(role(c, "a", "w"), PERMISSION_ROLE_NONE);
    add_permission(c, "p5", "a", PERMISSION_OF_EVERYONE, "", PERMISSION_ROLE_RUNNER);
    assert_int_equal(role(c, "a", "w"), PERMISSION_ROLE_RUNNER);
    assert_int_equal(role(c, "a", "u"), PERMISSION_ROLE_ADMIN);
    contract_ok(c, store_permission_set_role(STORE(c), STR("a"), STR("p5"), PERMISSION_ROLE_ADMIN));
    assert_int_equal(role(c, "a", "w"), PERMISSION_ROLE_ADMIN);
    /* a group's id is not a user's */
    add_permission(c, "p6", "b", PERMISSION_OF_USER, "g", PERMISSION_ROLE_ADMIN);
    assert_int_equal(role(c, "b", "v"), PERMISSION_ROLE_NONE);
}

static void permissions_list_with_names_and_members(void **state)
{
    struct contract *c = *state;
    struct permission_row *rows = NULL;
    size_t count = 0;

    populate(c);
    add_app(c, "a");
    add_permission(c, "p1", "a", PERMISSION_OF_USER, "u", PERMISSION_ROLE_RUNNER);
    add_permission(c, "p2", "a", PERMISSION_OF_GROUP, "g", PERMISSION_ROLE_ADMIN);
    add_permission(c, "p3", "a", PERMISSION_OF_EVERYONE, "", PERMISSION_ROLE_RUNNER);
    contract_ok(c, store_permissions_list(STORE(c), STR("a"), &rows, &count));
    assert_int_equal(count, 3);
    assert_str(rows[0].id, "p2");
    assert_str(rows[0].group_name, "g");
    assert_null(rows[0].user_name.p);
    assert_int_equal(rows[0].members, 1); /* v; x is disabled */
    assert_int_equal(rows[0].role, PERMISSION_ROLE_ADMIN);
    assert_str(rows[1].id, "p3");
    assert_int_equal(rows[1].kind, PERMISSION_OF_EVERYONE);
    assert_int_equal(rows[1].members, 3);
    assert_str(rows[2].user_name, "u");
    assert_str(rows[2].user_email, "u");
    assert_null(rows[2].group_name.p);
}

static void permission_is_found_in_its_app_only(void **state)
{
    struct contract *c = *state;
    struct permission_row *row = NULL;
    struct permission_row twice = {.id = STR("p9"),
                                   .app = STR("a"),
                                   .kind = PERMISSION_OF_USER,
                                   .principal = STR("u"),
                                   .role = PERMISSION_ROLE_RUNNER};

    populate(c);
    add_app(c, "a");
    add_app(c, "b");
    add_permission(c, "p1", "a", PERMISSION_OF_USER, "u", PERMISSION_ROLE_ADMIN);
    assert_int_equal(store_permission_insert(STORE(c), &twice), ERR_CONFLICT);
    contract_ok(c, store_permission_find(STORE(c), STR("b"), STR("p1"), &row));
    assert_null(row);
    contract_ok(c,
                store_permission_set_role(STORE(c), STR("b"), STR("p1"), PERMISSION_ROLE_RUNNER));
    contract_ok(c, store_permission_delete(STORE(c), STR("b"), STR("p1")));
    contract_ok(c, store_permission_find(STORE(c), STR("a"), STR("p1"), &row));
    assert_int_equal(row->role, PERMISSION_ROLE_ADMIN);
    contract_ok(c, store_permission_of(STORE(c), STR("a"), PERMISSION_OF_USER, STR("u"), &row));
    assert_str(row->id, "p1");
    contract_ok(c, store_permission_of(STORE(c), STR("a"), PERMISSION_OF_GROUP, STR("u"), &row));
    assert_null(row);
    contract_ok(c, store_permission_delete(STORE(c), STR("a"), STR("p1")));
    contract_ok(c, store_permission_find(STORE(c), STR("a"), STR("p1"), &row));
    assert_null(row);
}

static int64_t admins(struct contract *c, const char *app)
{
    struct person_row *people = NULL;
    size_t count = 0;
    int64_t total = -1;

    contract_ok(c, store_permission_admins(STORE(c), str_from(app), 1, &people, &count, &total));
    assert_int_equal(count, total > 0);
    return total;
}

static int is_flagged(struct contract *c, const char *app)
{
    struct app_row *rows = NULL;
    size_t count = 0;
    int found = 0;

    contract_ok(c, store_apps_without_admin(STORE(c), &rows, &count));
    for (size_t i = 0; i < count; i++)
        found |= str_eq(rows[i].id, str_from(app));
    return found;
}

/* The count of active admins and the list of apps without one are two statements: they agree. */
static void admins_are_active_users_by_any_way(void **state)
{
    struct contract *c = *state;
    static const struct {
        enum permission_kind kind;
        const char *principal;
        enum permission_role role;
        int64_t admins;
    } table[] = {
        {PERMISSION_OF_USER, "u", PERMISSION_ROLE_ADMIN, 1},
        {PERMISSION_OF_USER, "u", PERMISSION_ROLE_RUNNER, 0},
        {PERMISSION_OF_USER, "i", PERMISSION_ROLE_ADMIN, 0},
        {PERMISSION_OF_USER, "x", PERMISSION_ROLE_ADMIN, 0},
        {PERMISSION_OF_USER, "gone", PERMISSION_ROLE_ADMIN, 0},
        {PERMISSION_OF_GROUP, "g", PERMISSION_ROLE_ADMIN, 1},
        {PERMISSION_OF_GROUP, "g", PERMISSION_ROLE_RUNNER, 0},
        {PERMISSION_OF_GROUP, "e", PERMISSION_ROLE_ADMIN, 0},
        {PERMISSION_OF_EVERYONE, "", PERMISSION_ROLE_ADMIN, 3},
        {PERMISSION_OF_EVERYONE, "", PERMISSION_ROLE_RUNNER, 0},
    };

    populate(c);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const char *app = arena_printf(c->arena, "app%zu", i).p;
        add_app(c, app);
        add_permission(c, arena_printf(c->arena, "p%zu", i).p, app, table[i].kind,
                       table[i].principal, table[i].role);
        assert_int_equal(admins(c, app), table[i].admins);
        assert_int_equal(is_flagged(c, app), table[i].admins == 0);
    }
    add_app(c, "bare");
    assert_int_equal(admins(c, "bare"), 0);
    assert_true(is_flagged(c, "bare"));
}

static void assert_apps(struct contract *c, const char *user, const char *filter, const char *after,
                        int64_t limit, const char *expected, int64_t all)
{
    struct app_seen_row *rows = NULL;
    size_t count = 0;
    int64_t total = -1;
    str got = STR("");

    contract_ok(c, store_apps_page(STORE(c), str_from(user), str_from(filter), str_from(after),
                                   limit, &rows, &count, &total));
    for (size_t i = 0; i < count; i++)
        got = arena_printf(c->arena, "%.*s%.*s:%.*s ", STR_ARG(got), STR_ARG(rows[i].slug),
                           STR_ARG(permission_role_text(rows[i].role)));
    assert_str(got, expected);
    assert_int_equal(total, all);
}

static void people_see_only_their_apps(void **state)
{
    struct contract *c = *state;

    populate(c);
    add_app(c, "a");
    add_app(c, "b");
    add_app(c, "c");
    add_permission(c, "p1", "a", PERMISSION_OF_USER, "u", PERMISSION_ROLE_ADMIN);
    add_permission(c, "p2", "b", PERMISSION_OF_USER, "v", PERMISSION_ROLE_RUNNER);
    add_permission(c, "p3", "b", PERMISSION_OF_GROUP, "g", PERMISSION_ROLE_ADMIN);
    add_permission(c, "p4", "c", PERMISSION_OF_EVERYONE, "", PERMISSION_ROLE_RUNNER);
    assert_apps(c, "u", "", "", 10, "a:admin c:runner ", 2);
    assert_apps(c, "v", "", "", 10, "b:admin c:runner ", 2);
    assert_apps(c, "w", "", "", 10, "c:runner ", 1);
    assert_apps(c, "u", "", "", 1, "a:admin ", 2);
    assert_apps(c, "u", "", "a", 1, "c:runner ", 2);
    assert_apps(c, "u", "b", "", 10, "", 0);
}

static void connections_are_counted(void **state)
{
    struct contract *c = *state;
    struct app_seen_row *rows = NULL;
    size_t count = 0;
    int64_t total = 0;

    add_app(c, "a");
    add_permission(c, "p1", "a", PERMISSION_OF_EVERYONE, "", PERMISSION_ROLE_RUNNER);
    contract_script(c, "INSERT INTO connections (id, app_id, type, name, name_key, base_url_fixed,"
                       " shared, switch_counter, created) VALUES"
                       " ('c1', 'a', 'jira_api', 'x', 'x', 0, 0, 1, 1),"
                       " ('c2', 'a', 'jira_api', 'y', 'y', 0, 0, 1, 1)");
    contract_ok(c,
                store_apps_page(STORE(c), STR("u"), STR(""), STR(""), 10, &rows, &count, &total));
    assert_int_equal(rows[0].connections, 2);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(app_comes_back_and_slug_is_unique),
        CONTRACT(deleting_an_app_takes_its_permissions),
        CONTRACT(highest_role_wins),
        CONTRACT(permissions_list_with_names_and_members),
        CONTRACT(permission_is_found_in_its_app_only),
        CONTRACT(admins_are_active_users_by_any_way),
        CONTRACT(people_see_only_their_apps),
        CONTRACT(connections_are_counted),
    };

    return contract_run(cases, COUNT_OF(cases));
}
