/* core/keys.h: limits as they are typed, and a key's life on both databases. */
#include "base/clock.h"
#include "core/keys.h"
#include "world.h"

static void methods(void **state)
{
    static const struct {
        const char *typed, *kept; /* NULL: refused */
    } table[] = {
        {"", ""},
        {" , ", ""},
        {"get", "GET"},
        {"POST, get,GET", "GET POST"},
        {"GET\nHEAD", "GET HEAD"},
        {"DELETE", "DELETE"},
        {"FETCH", NULL},
        {"GETPOST", NULL},
        {"GET;POST", NULL},
        {"GET, TRACE", NULL},
    };
    const struct contract *c = *state;

    for (size_t i = 0; i < COUNT_OF(table); i++) {
        str kept = STR("");
        int ok = keys_check_methods(c->arena, str_from(table[i].typed), &kept);
        if (ok != (table[i].kept != NULL) || (ok && !str_eq(kept, str_from(table[i].kept))))
            fail_msg("\"%s\": %d \"%.*s\"", table[i].typed, ok, STR_ARG(kept));
    }
}

static void paths(void **state)
{
    static const struct {
        const char *typed, *kept;
    } table[] = {
        {"", ""},
        {"/rest/api/3/issue", "/rest/api/3/issue"},
        {" /rest/api/3/issue/ ,\r\n/rest/agile ", "/rest/api/3/issue /rest/agile"},
        {"rest/api", NULL},
        {"/api", NULL},
        {"/rest", NULL},
        {"/rest/api/3/%69ssue", NULL},
        {"/rest/api?x", NULL},
        {"/rest/api/../x", NULL},
        {"/rest//api", NULL},
        {"/rest/a\\b", NULL},
        {"/rest/\xc3\xa4", NULL},
    };
    const struct contract *c = *state;

    for (size_t i = 0; i < COUNT_OF(table); i++) {
        str kept = STR("");
        int ok = keys_check_paths(c->arena, str_from(table[i].typed), &kept);
        if (ok != (table[i].kept != NULL) || (ok && !str_eq(kept, str_from(table[i].kept))))
            fail_msg("\"%s\": %d \"%.*s\"", table[i].typed, ok, STR_ARG(kept));
    }
}

static enum err permit(struct work *w, struct key_row *key, const char *connection, int shared,
                       const char *method, const char *path)
{
    struct connection_row n = {.id = str_from(connection), .name = STR("n"), .shared = shared};

    w->actor.key = key;
    return keys_permit(w, &n, method ? str_from(method) : (str){NULL, 0}, str_from(path));
}

static void limits(void **state)
{
    struct world o;

    world_open(&o, state);
    struct work *w = world_work(&o, NULL);
    struct key_row mine = {.user = STR("u"), .methods = STR(""), .paths = STR("")};
    struct key_row apps = {.app = STR("a"), .methods = STR(""), .paths = STR("")};
    assert_err(permit(w, NULL, "n1", 0, "DELETE", "/rest/x"), ERR_OK);
    assert_err(permit(w, &mine, "n1", 0, "DELETE", "/rest/x"), ERR_OK);
    assert_err(permit(w, &apps, "n1", 1, "GET", "/rest/x"), ERR_OK);
    assert_err(permit(w, &apps, "n1", 0, NULL, ""), ERR_BLOCKED_BY_POLICY);
    mine.connection = STR("n1");
    assert_err(permit(w, &mine, "n1", 0, NULL, ""), ERR_OK);
    assert_err(permit(w, &mine, "n2", 0, NULL, ""), ERR_BLOCKED_BY_POLICY);
    mine.methods = STR("GET HEAD");
    assert_err(permit(w, &mine, "n1", 0, "HEAD", "/rest/x"), ERR_OK);
    assert_err(permit(w, &mine, "n1", 0, "HEA", "/rest/x"), ERR_BLOCKED_BY_POLICY);
    assert_err(permit(w, &mine, "n1", 0, "get", "/rest/x"), ERR_BLOCKED_BY_POLICY);
    mine.paths = STR("/rest/a/issue /rest/b");
    assert_err(permit(w, &mine, "n1", 0, "GET", "/rest/a/issue"), ERR_OK);
    assert_err(permit(w, &mine, "n1", 0, "GET", "/rest/b/c/d"), ERR_OK);
    assert_err(permit(w, &mine, "n1", 0, "GET", "/rest/a/issueLink"), ERR_BLOCKED_BY_POLICY);
    assert_err(permit(w, &mine, "n1", 0, "GET", "/rest/a"), ERR_BLOCKED_BY_POLICY);
    assert_err(world_end(w, ERR_OK), ERR_OK);
    world_close(&o);
}

static struct access_query with_key(str key, const char *slug)
{
    return (struct access_query){
        .level = ACCESS_APP_MEMBER, .key = key, .app = str_from(slug), .token = STR("")};
}

static void populate(struct world *o)
{
    world_user(o, "anna", USER_ACTIVE, NULL);
    world_user(o, "bob", USER_ACTIVE, NULL);
    world_app(o, "sun");
    world_app(o, "moon");
    world_permission(o, "sun", PERMISSION_OF_USER, "anna", PERMISSION_ROLE_ADMIN);
    world_permission(o, "moon", PERMISSION_OF_USER, "anna", PERMISSION_ROLE_ADMIN);
    world_permission(o, "sun", PERMISSION_OF_USER, "bob", PERMISSION_ROLE_RUNNER);
}

static str make(struct world *o, const char *user, enum key_kind kind, const struct key_wish *wish)
{
    struct work *w = world_as(o, user, "sun", ACCESS_APP_MEMBER);
    struct key_row row = {0};
    str key = {NULL, 0};

    assert_err(world_end(w, keys_make(w, kind, wish, &row, &key)), ERR_OK);
    assert_int_equal(key.n, 46);
    return key;
}

/* Who a key acts as, in "sun" or "moon". */
static enum err act(struct world *o, str key, const char *slug, struct work **ret)
{
    struct work *w = world_work(o, NULL);
    struct access_query q = with_key(key, slug);

    *ret = w;
    return access_decide(w, &q);
}

static void a_life(void **state)
{
    const struct key_wish plain = {.name = STR("k"), .methods = STR(""), .paths = STR("")};
    struct key_wish sun_only = plain, ends = plain;
    struct world o;
    struct work *w;

    world_open(&o, state);
    populate(&o);
    sun_only.app = STR("sun");
    ends.expires = o.now_ms + CLOCK_DAY_MS;
    str annas = make(&o, "anna", KEY_OF_USER, &plain);
    str suns = make(&o, "anna", KEY_OF_APP, &plain);
    str narrow = make(&o, "anna", KEY_OF_USER, &sun_only);
    str mortal = make(&o, "bob", KEY_OF_USER, &ends);

    assert_err(act(&o, annas, "moon", &w), ERR_OK);
    assert_str(w->actor.user, "anna");
    assert_null(w->actor.session.p);
    assert_int_equal(w->membership.role, PERMISSION_ROLE_ADMIN);
    assert_err(act(&o, suns, "sun", &w), ERR_OK);
    assert_null(w->actor.user.p);
    assert_int_equal(w->membership.role, PERMISSION_ROLE_RUNNER);
    assert_err(act(&o, suns, "moon", &w), ERR_NOT_FOUND);
    assert_err(act(&o, narrow, "sun", &w), ERR_OK);
    assert_err(act(&o, narrow, "moon", &w), ERR_BLOCKED_BY_POLICY);
    assert_err(act(&o, mortal, "moon", &w), ERR_NOT_FOUND);
    assert_err(act(&o, mortal, "sun", &w), ERR_OK);
    o.now_ms += CLOCK_DAY_MS;
    assert_err(act(&o, mortal, "sun", &w), ERR_KEY_REFUSED);
    assert_err(act(&o, STR("mk_nosuch"), "sun", &w), ERR_KEY_REFUSED);
    assert_err(act(&o, STR(""), "sun", &w), ERR_KEY_REFUSED);
    contract_script(o.c, "UPDATE users SET state = 'disabled' WHERE id = 'anna'");
    assert_err(act(&o, annas, "sun", &w), ERR_KEY_REFUSED);
    assert_err(act(&o, suns, "sun", &w), ERR_OK); /* the app's stays */
    contract_script(o.c, "DELETE FROM apps WHERE id = 'sun'");
    assert_err(act(&o, suns, "sun", &w), ERR_KEY_REFUSED);
    world_close(&o);
}

static void lists_and_revoking(void **state)
{
    const struct key_wish plain = {.name = STR("k"), .methods = STR(""), .paths = STR("")};
    struct world o;
    struct key_row *rows = NULL, *of_app = NULL;
    size_t count = 0, app_count = 0;

    world_open(&o, state);
    populate(&o);
    str key = make(&o, "anna", KEY_OF_USER, &plain);
    (void)make(&o, "anna", KEY_OF_APP, &plain);
    struct work *w = world_as(&o, "anna", "sun", ACCESS_APP_ADMIN);
    assert_err(keys_list(w, KEY_OF_USER, &rows, &count), ERR_OK);
    assert_err(keys_list(w, KEY_OF_APP, &of_app, &app_count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(app_count, 1);
    assert_true(str_starts(key, rows[0].hint));
    assert_err(keys_revoke(w, KEY_OF_APP, rows[0].id), ERR_NOT_FOUND); /* hers, not the app's */
    assert_err(keys_revoke(w, KEY_OF_USER, of_app[0].id), ERR_NOT_FOUND);
    assert_err(keys_revoke(w, KEY_OF_USER, rows[0].id), ERR_OK);
    assert_err(world_end(w, ERR_OK), ERR_OK);
    w = world_as(&o, "bob", "sun", ACCESS_APP_MEMBER);
    assert_err(keys_list(w, KEY_OF_USER, &rows, &count), ERR_OK);
    assert_int_equal(count, 0);
    assert_err(world_end(w, ERR_OK), ERR_OK);
    assert_err(act(&o, key, "sun", &w), ERR_KEY_REFUSED);
    world_close(&o);
}

int main(void)
{
    static const struct contract_case cases[] = {
        CONTRACT(methods),
        CONTRACT(paths),
        CONTRACT(limits),
        CONTRACT(a_life),
        CONTRACT(lists_and_revoking),
    };

    return contract_run(cases, COUNT_OF(cases));
}
