/* core/apps.h, permissions.h and groups.h: slugs, roles, the last admin of an app, leavers. */
#include "core/apps.h"
#include "core/groups.h"
#include "core/permissions.h"
#include "core/users.h"
#include "world.h"

static str create(struct world *o, const char *user, const char *name, const char *slug,
                  enum err expected)
{
    struct work *w = world_as(o, user, NULL, ACCESS_SIGNED_IN);
    struct app_row app = {0};

    assert_err(world_end(w, apps_create(w, str_from(name), str_from(slug), STR(""), &app)),
               expected);
    return app.slug;
}

static void slugs_come_from_the_first_name(void **state)
{
    struct world o;
    struct work *w;
    struct app_row app;
    str name = STR("Renamed");

    world_open(&o, state);
    world_user(&o, "anna", USER_ACTIVE, NULL);
    assert_str(create(&o, "anna", "My Team", "", ERR_OK), "my-team");
    assert_str(create(&o, "anna", "my team!", "", ERR_OK), "my-team-2");
    assert_str(create(&o, "anna", "My Team", "", ERR_OK), "my-team-3");
    assert_str(create(&o, "anna", "new", "", ERR_OK), "app");
    assert_str(create(&o, "anna", "x", "chosen", ERR_OK), "chosen");
    (void)create(&o, "anna", "x", "chosen", ERR_NAME_TAKEN);
    w = world_as(&o, "anna", "my-team-2", ACCESS_APP_ADMIN);
    contract_ok(o.c, world_end(w, apps_change(w, &name, NULL, &app)));
    assert_str(app.slug, "my-team-2");
    assert_str(app.name, "Renamed");
    assert_str(create(&o, "anna", "Renamed", "", ERR_OK), "renamed");
    world_close(&o);
}

static void who_makes_an_app_is_its_admin(void **state)
{
    struct world o;
    struct work *w;
    struct apps_page page;

    world_open(&o, state);
    world_user(&o, "anna", USER_ACTIVE, NULL);
    world_admin(&o, "boss");
    (void)create(&o, "anna", "Sun", "", ERR_OK);
    w = world_as(&o, "anna", "sun", ACCESS_APP_ADMIN);
    contract_ok(o.c, apps_page(w, STR("SUN"), STR(""), &page));
    assert_int_equal(page.total, 1);
    assert_null(page.next.p);
    w = world_as(&o, "boss", NULL, ACCESS_WORKSPACE_ADMIN);
    contract_ok(o.c, apps_page(w, STR(""), STR(""), &page));
    assert_int_equal(page.total, 0);
    world_close(&o);
}

static void lists_go_on_page_by_page(void **state)
{
    struct world o;
    struct work *w;
    struct apps_page page;
    size_t seen = 0;
    int pages = 0;
    str after = STR("");

    world_open(&o, state);
    world_user(&o, "anna", USER_ACTIVE, NULL);
    for (int i = 0; i < 2 * APPS_PAGE + 1; i++) {
        const char *slug = arena_printf(o.c->arena, "app%03d", i).p;
        world_app(&o, slug);
        world_permission(&o, slug, PERMISSION_OF_USER, "anna", PERMISSION_ROLE_RUNNER);
    }
    w = world_as(&o, "anna", NULL, ACCESS_SIGNED_IN);
    do {
        contract_ok(o.c, apps_page(w, STR(""), after, &page));
        assert_int_equal(page.total, 2 * APPS_PAGE + 1);
        for (size_t i = 0; i < page.count; i++)
            assert_str(page.rows[i].slug, arena_printf(o.c->arena, "app%03zu", seen + i).p);
        seen += page.count;
        after = page.next;
        pages++;
    } while (after.p);
    assert_int_equal(seen, 2 * APPS_PAGE + 1);
    assert_int_equal(pages, 3);
    world_close(&o);
}

static void deleting_asks_for_the_name(void **state)
{
    struct world o;
    struct work *w;

    world_open(&o, state);
    world_user(&o, "anna", USER_ACTIVE, NULL);
    (void)create(&o, "anna", "My Sun", "", ERR_OK);
    w = world_as(&o, "anna", "my-sun", ACCESS_APP_ADMIN);
    assert_err(world_end(w, apps_delete(w, STR("my sun"))), ERR_INVALID);
    assert_err(world_end(w, apps_delete(w, STR(""))), ERR_INVALID);
    contract_ok(o.c, access_authorize(w, w->authorize_arg));
    contract_ok(o.c, world_end(w, apps_delete(w, STR(" My Sun "))));
    assert_err(access_authorize(w, w->authorize_arg), ERR_NOT_FOUND);
    world_close(&o);
}

/* sun has the admins anna and berta and the runner carl; dora is in nothing. */
static void populate(struct world *o, void **state)
{
    world_open(o, state);
    world_admin(o, "boss");
    world_user(o, "anna", USER_ACTIVE, NULL);
    world_user(o, "berta", USER_ACTIVE, NULL);
    world_user(o, "carl", USER_ACTIVE, NULL);
    world_user(o, "dora", USER_ACTIVE, NULL);
    world_app(o, "sun");
    world_permission(o, "sun", PERMISSION_OF_USER, "anna", PERMISSION_ROLE_ADMIN);
    world_permission(o, "sun", PERMISSION_OF_USER, "berta", PERMISSION_ROLE_ADMIN);
    world_permission(o, "sun", PERMISSION_OF_USER, "carl", PERMISSION_ROLE_RUNNER);
}

static enum err remove_permission(struct world *o, const char *actor, const char *permission)
{
    struct work *w = world_as(o, actor, "sun", ACCESS_APP_ADMIN);

    return world_end(w, permissions_remove(w, str_from(permission)));
}

static enum err change_role(struct world *o, const char *actor, const char *permission,
                            enum permission_role role)
{
    struct work *w = world_as(o, actor, "sun", ACCESS_APP_ADMIN);
    struct permission_row row;

    return world_end(w, permissions_change(w, str_from(permission), role, &row));
}

static enum err add(struct world *o, const char *actor, enum permission_kind kind,
                    const char *principal, enum permission_role role)
{
    struct work *w = world_as(o, actor, "sun", ACCESS_APP_ADMIN);
    struct permission_row row;

    return world_end(w, permissions_add(w, kind, str_from(principal), role, &row));
}

static int is_flagged(struct world *o)
{
    struct work *w = world_as(o, "boss", NULL, ACCESS_WORKSPACE_ADMIN);
    struct app_row *rows = NULL;
    size_t count = 0;

    contract_ok(o->c, permissions_flagged(w, &rows, &count));
    return count == 1 && str_eq(rows[0].slug, STR("sun"));
}

static void the_last_admin_of_an_app_stays(void **state)
{
    struct world o;

    populate(&o, state);
    assert_err(remove_permission(&o, "anna", "sun-berta"), ERR_OK);
    assert_err(remove_permission(&o, "anna", "sun-anna"), ERR_LAST_ADMIN);
    assert_err(change_role(&o, "anna", "sun-anna", PERMISSION_ROLE_RUNNER), ERR_LAST_ADMIN);
    /* an admin who is disabled is none */
    world_user(&o, "gone", USER_DISABLED, NULL);
    world_permission(&o, "sun", PERMISSION_OF_USER, "gone", PERMISSION_ROLE_ADMIN);
    assert_err(remove_permission(&o, "anna", "sun-anna"), ERR_LAST_ADMIN);
    assert_err(remove_permission(&o, "anna", "sun-carl"), ERR_OK);
    /* Everyone as admin: then nobody is the last */
    assert_err(add(&o, "anna", PERMISSION_OF_EVERYONE, "", PERMISSION_ROLE_ADMIN), ERR_OK);
    assert_err(remove_permission(&o, "anna", "sun-anna"), ERR_OK);
    assert_false(is_flagged(&o));
    world_close(&o);
}

static void a_group_can_hold_the_last_admin(void **state)
{
    struct world o;
    struct group_row group;
    struct permission_row row;
    struct work *w;

    populate(&o, state);
    w = world_as(&o, "boss", NULL, ACCESS_WORKSPACE_ADMIN);
    contract_ok(o.c, world_end(w, groups_create(w, STR("Ops"), STR(""), &group)));
    assert_err(world_end(w, groups_create(w, STR("OPS"), STR(""), &group)), ERR_NAME_TAKEN);
    w = world_as(&o, "anna", "sun", ACCESS_APP_ADMIN);
    contract_ok(o.c, world_end(w, permissions_add(w, PERMISSION_OF_GROUP, group.id,
                                                  PERMISSION_ROLE_ADMIN, &row)));
    assert_err(remove_permission(&o, "anna", "sun-berta"), ERR_OK);
    /* the group is empty: anna is still the last */
    assert_err(remove_permission(&o, "anna", "sun-anna"), ERR_LAST_ADMIN);
    w = world_as(&o, "boss", NULL, ACCESS_WORKSPACE_ADMIN);
    contract_ok(o.c, world_end(w, groups_add(w, group.id, STR("dora@x.test"))));
    assert_err(remove_permission(&o, "anna", "sun-anna"), ERR_OK);
    (void)world_as(&o, "dora", "sun", ACCESS_APP_ADMIN);
    /* a workspace admin may take her out all the same: the app is flagged */
    w = world_as(&o, "boss", NULL, ACCESS_WORKSPACE_ADMIN);
    contract_ok(o.c, world_end(w, groups_remove(w, group.id, STR("dora"))));
    assert_true(is_flagged(&o));
    assert_err(world_end(w, groups_remove(w, group.id, STR("dora"))), ERR_NOT_FOUND);
    contract_ok(o.c, world_end(w, groups_delete(w, group.id)));
    assert_true(is_flagged(&o));
    world_close(&o);
}

static void a_leaver_is_disabled_and_a_new_admin_appointed(void **state)
{
    struct world o;
    struct work *w;
    struct user_row user;
    struct app_row app;
    int yes = 1;
    struct user_change disable = {.disabled = &yes};

    populate(&o, state);
    w = world_as(&o, "boss", NULL, ACCESS_WORKSPACE_ADMIN);
    assert_err(world_end(w, permissions_appoint(w, STR("sun"), STR("boss"), &app)),
               ERR_NOT_FOUND); /* it has admins: not even its name is told */
    contract_ok(o.c, world_end(w, users_change(w, STR("anna"), &disable, &user)));
    assert_false(is_flagged(&o));
    contract_ok(o.c, world_end(w, users_change(w, STR("berta"), &disable, &user)));
    assert_true(is_flagged(&o));
    assert_err(world_end(w, permissions_appoint(w, STR("sun"), STR("berta"), &app)), ERR_INVALID);
    assert_err(world_end(w, permissions_appoint(w, STR("sun"), STR("nobody"), &app)), ERR_INVALID);
    assert_err(world_end(w, permissions_appoint(w, STR("mars"), STR("dora"), &app)), ERR_NOT_FOUND);
    /* the runner is made admin, by e-mail */
    contract_ok(o.c, world_end(w, permissions_appoint(w, STR("sun"), STR("carl@x.test"), &app)));
    assert_false(is_flagged(&o));
    (void)world_as(&o, "carl", "sun", ACCESS_APP_ADMIN);
    assert_err(world_end(w, permissions_appoint(w, STR("sun"), STR("dora"), &app)), ERR_NOT_FOUND);
    world_close(&o);
}

static void whom_one_may_add(void **state)
{
    struct world o;

    populate(&o, state);
    world_user(&o, "newbie", USER_INVITED, NULL);
    world_user(&o, "gone", USER_DISABLED, NULL);
    assert_err(add(&o, "anna", PERMISSION_OF_USER, " Dora@x.test ", PERMISSION_ROLE_RUNNER),
               ERR_OK);
    assert_err(add(&o, "anna", PERMISSION_OF_USER, "newbie", PERMISSION_ROLE_RUNNER), ERR_OK);
    assert_err(add(&o, "anna", PERMISSION_OF_USER, "gone", PERMISSION_ROLE_RUNNER), ERR_INVALID);
    assert_err(add(&o, "anna", PERMISSION_OF_USER, "nobody@x.test", PERMISSION_ROLE_RUNNER),
               ERR_INVALID);
    assert_err(add(&o, "anna", PERMISSION_OF_GROUP, "dora", PERMISSION_ROLE_RUNNER), ERR_INVALID);
    /* once each: adding is no way to change a role */
    assert_err(add(&o, "anna", PERMISSION_OF_USER, "berta", PERMISSION_ROLE_RUNNER),
               ERR_NAME_TAKEN);
    assert_err(add(&o, "anna", PERMISSION_OF_EVERYONE, "", PERMISSION_ROLE_RUNNER), ERR_OK);
    assert_err(add(&o, "anna", PERMISSION_OF_EVERYONE, "", PERMISSION_ROLE_ADMIN), ERR_NAME_TAKEN);
    assert_err(change_role(&o, "anna", "sun-berta", PERMISSION_ROLE_RUNNER), ERR_OK);
    world_close(&o);
}

static void another_apps_permission_is_not_found(void **state)
{
    struct world o;

    populate(&o, state);
    world_app(&o, "moon");
    world_permission(&o, "moon", PERMISSION_OF_USER, "dora", PERMISSION_ROLE_ADMIN);
    assert_err(remove_permission(&o, "anna", "moon-dora"), ERR_NOT_FOUND);
    assert_err(change_role(&o, "anna", "moon-dora", PERMISSION_ROLE_RUNNER), ERR_NOT_FOUND);
    assert_err(remove_permission(&o, "anna", "unknown"), ERR_NOT_FOUND);
    (void)world_as(&o, "dora", "moon", ACCESS_APP_ADMIN);
    world_close(&o);
}

struct removal {
    struct world *o;
    str token;
    str permission;
    enum err result;
};

static void *remove_in_thread(void *arg)
{
    struct removal *r = arg;
    struct arena *a = arena_new(1 << 20);
    struct fault f = {0};
    struct db *db = contract_connect(r->o->c, 10000);

    do {
        struct work *w = world_thread(r->o, a, &f, db, r->token, STR("sun"), ACCESS_APP_ADMIN);
        r->result = world_end(w, permissions_remove(w, r->permission));
    } while (r->result == ERR_RETRY);
    db_close(db);
    arena_free(a);
    return NULL;
}

/* In turn: each removes the other, each removes themselves. */
static void two_admins_remove_at_once(void **state)
{
    struct world o;
    struct person_row *people = NULL;
    size_t count = 0;
    int64_t total = 0;

    populate(&o, state);
    for (int round = 0; round < 10; round++) {
        int each_other = round % 2;
        struct removal anna = {&o, world_token(&o, "anna"),
                               each_other ? STR("sun-berta") : STR("sun-anna"), ERR_OK};
        struct removal berta = {&o, world_token(&o, "berta"),
                                each_other ? STR("sun-anna") : STR("sun-berta"), ERR_OK};
        contract_script(o.c, "DELETE FROM permissions");
        world_permission(&o, "sun", PERMISSION_OF_USER, "anna", PERMISSION_ROLE_ADMIN);
        world_permission(&o, "sun", PERMISSION_OF_USER, "berta", PERMISSION_ROLE_ADMIN);
        world_race(remove_in_thread, &anna, &berta);
        assert_true((anna.result == ERR_OK) + (berta.result == ERR_OK) == 1);
        assert_err(anna.result ? anna.result : berta.result,
                   each_other ? ERR_NOT_FOUND : ERR_LAST_ADMIN);
        contract_ok(o.c, store_permission_admins(o.c->db, o.c->arena, &o.c->fault, STR("sun"), 9,
                                                 &people, &count, &total));
        assert_int_equal(total, 1);
    }
    world_close(&o);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(slugs_come_from_the_first_name),
        CONTRACT(who_makes_an_app_is_its_admin),
        CONTRACT(lists_go_on_page_by_page),
        CONTRACT(deleting_asks_for_the_name),
        CONTRACT(the_last_admin_of_an_app_stays),
        CONTRACT(a_group_can_hold_the_last_admin),
        CONTRACT(a_leaver_is_disabled_and_a_new_admin_appointed),
        CONTRACT(whom_one_may_add),
        CONTRACT(another_apps_permission_is_not_found),
        CONTRACT(two_admins_remove_at_once),
    };

    return contract_run(cases, COUNT_OF(cases));
}
