/* See the header. */
#include "world.h"

#include <pthread.h>
#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/id.h"
#include "core/sessions.h"
#include "core/users.h"

void world_open(struct world *o, void **state)
{
    SECRET_AUTO struct secret master = {0};

    *o = (struct world){.c = *state, .now_ms = clock_now_ms()};
    (void)snprintf(o->key_file, sizeof(o->key_file), "%s/master.key", o->c->folder);
    contract_ok(o->c, vault_check(o->c->db, o->c->arena, &o->c->fault, o->key_file, &master));
    contract_ok(o->c, vault_open_keys(o->c->db, o->c->arena, &o->c->fault, o->key_file, &master,
                                      &o->vault));
    o->gate = password_gate_new();
    o->settings.public_url = STR("http://localhost:8080");
    o->services =
        (struct services){.vault = o->vault, .passwords = o->gate, .settings = &o->settings};
}

void world_close(struct world *o)
{
    vault_free(o->vault);
    password_gate_free(o->gate);
    (void)unlink(o->key_file);
}

struct work *world_work(struct world *o, struct db *db)
{
    struct work *w = arena_new_of(o->c->arena, struct work);

    *w = (struct work){.arena = o->c->arena,
                       .fault = &o->c->fault,
                       .db = db ? db : o->c->db,
                       .services = &o->services,
                       .now_ms = o->now_ms};
    return w;
}

struct work *world_thread(struct world *o, struct arena *a, struct fault *f, struct db *db,
                          str token, str slug, enum access_level level)
{
    struct work *w = arena_new_of(a, struct work);
    struct access_query *q = arena_new_of(a, struct access_query);

    *q = (struct access_query){.level = level, .token = token, .app = slug};
    *w = (struct work){.arena = a,
                       .fault = f,
                       .db = db,
                       .services = &o->services,
                       .now_ms = o->now_ms,
                       .authorize = access_authorize,
                       .authorize_arg = q};
    return w;
}

struct work *world_as(struct world *o, const char *user, const char *slug, enum access_level level)
{
    struct work *w = world_thread(o, o->c->arena, &o->c->fault, o->c->db, world_token(o, user),
                                  str_from(slug), level);

    contract_ok(o->c, access_authorize(w, w->authorize_arg));
    return w;
}

str world_token(struct world *o, const char *user)
{
    struct work *w = world_work(o, NULL);
    struct user_row row = world_find(o, user);
    struct session_made made;

    contract_ok(o->c, world_end(w, sessions_make(w, &row, STR("test"), &made)));
    return made.token;
}

void world_user(struct world *o, const char *id, enum user_state state, const char *password)
{
    struct work *w = world_work(o, NULL);
    str email = arena_printf(o->c->arena, "%s@x.test", id);
    struct user_row row = users_row(w, email, str_from(id));

    row.id = str_from(id);
    row.state = state;
    users_set_name(w, &row, row.name);
    if (password) {
        SECRET_AUTO struct secret s = {0};
        secret_set(&s, password, strlen(password));
        contract_ok(o->c, password_hash(o->gate, o->c->arena, &o->c->fault, &s, &row.password));
    }
    contract_ok(o->c, store_user_insert(w->db, w->arena, w->fault, &row));
}

void world_admin(struct world *o, const char *id)
{
    struct work *w = world_work(o, NULL);
    struct user_row row;

    world_user(o, id, USER_ACTIVE, NULL);
    row = world_find(o, id);
    row.workspace_admin = 1;
    contract_ok(o->c, store_user_update(w->db, w->arena, w->fault, &row));
}

void world_app(struct world *o, const char *slug)
{
    str s = str_from(slug);
    struct app_row row = {
        .id = s, .slug = s, .name = s, .sort_key = s, .search = s, .description = STR("")};

    contract_ok(o->c, store_app_insert(o->c->db, o->c->arena, &o->c->fault, &row));
}

void world_permission(struct world *o, const char *app, enum permission_kind kind,
                      const char *principal, enum permission_role role)
{
    struct permission_row row = {
        .id = arena_printf(o->c->arena, "%s-%s", app, principal),
        .app = str_from(app),
        .kind = kind,
        .principal = str_from(principal),
        .role = role,
    };

    contract_ok(o->c, store_permission_insert(o->c->db, o->c->arena, &o->c->fault, &row));
}

struct user_row world_find(struct world *o, const char *id)
{
    struct user_row *row = NULL;

    contract_ok(o->c, store_user_find(o->c->db, o->c->arena, &o->c->fault, str_from(id), &row));
    assert_non_null(row);
    return *row;
}

size_t world_sessions(struct world *o, const char *id)
{
    struct session_row *rows = NULL;
    size_t count = 0;

    contract_ok(o->c, store_sessions_list(o->c->db, o->c->arena, &o->c->fault, str_from(id),
                                          o->now_ms, &rows, &count));
    return count;
}

enum err world_end(struct work *w, enum err e)
{
    if (!e)
        return work_commit(w);
    db_rollback(w->db);
    return e;
}

void world_race(void *(*fn)(void *), void *arg1, void *arg2)
{
    pthread_t first, second;

    must(pthread_create(&first, NULL, fn, arg1) == 0);
    must(pthread_create(&second, NULL, fn, arg2) == 0);
    must(pthread_join(first, NULL) == 0);
    must(pthread_join(second, NULL) == 0);
}

void assert_err_at(enum err e, enum err expected, const char *file, int line)
{
    if (e == expected)
        return;
    print_error("%s:%d: got %s, expected %s\n", file, line, e ? err_name(e) : "ERR_OK",
                expected ? err_name(expected) : "ERR_OK");
    _fail(file, line);
}
