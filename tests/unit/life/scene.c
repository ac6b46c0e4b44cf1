/* See the header. */
#include "scene.h"

#include <errno.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "contract_vault.h"
#include "core/grants.h"
#include "store/connections.h"
#include "store/credentials.h"

#define SEED                                                                                       \
    "INSERT INTO users (id, email, email_key, name, sort_key, search, workspace_admin, state,"     \
    " created) VALUES ('anna', 'a@x', 'a@x', 'Anna', 'anna', '', 0, 'active', 1);"                 \
    "INSERT INTO apps (id, slug, name, sort_key, search, description, created) VALUES"             \
    " ('app1', 'one', 'One', 'one', '', '', 1);"                                                   \
    "INSERT INTO sites (id, url, name, last_seen) VALUES ('s', 'https://acme.example', 'acme', 1)"

/* --- rows ------------------------------------------------------------------------------------- */

struct given_consent {
    struct scene *scene;
    int number;
};

static enum err run_consent(struct work *w, void *arg)
{
    const struct given_consent *consent = arg;
    SECRET_AUTO struct secret access = {0};
    SECRET_AUTO struct secret refresh = {0};
    struct grant_tokens tokens = {&access, &refresh, w->now_ms + CLOCK_HOUR_MS, STR("read")};
    str lost;
    struct grant_reach reach = {STR("cred1"), STR("s"), STR("s"), NULL};
    enum err e = work_write(w);

    fake_token(&access, "access", consent->number);
    fake_token(&refresh, "refresh", consent->number);
    return e ? e
             : grant_save(w, STR("client-1"), STR("account-1"), &reach, &tokens,
                          &consent->scene->grant, &lost);
}

void scene_consent(struct scene *s, int number)
{
    struct given_consent consent = {s, number};

    contract_ok(s->c,
                work_run(s->c->arena, &s->c->fault, s->c->db, &s->services, run_consent, &consent));
    must(pthread_mutex_lock(&s->fake.mutex) == 0);
    s->fake.grant = s->grant;
    s->fake.number = s->fake.refresh_number = number;
    must(pthread_mutex_unlock(&s->fake.mutex) == 0);
}

static void add_rows(struct scene *s)
{
    struct contract *c = s->c;
    struct connection_row n = {.id = STR("con1"),
                               .app = STR("app1"),
                               .type = STR("jira_oauth2"),
                               .name = STR("Jira"),
                               .created = 1};
    struct credential_row row = {
        .id = STR("cred1"),
        .app = STR("app1"),
        .connection = STR("con1"),
        .owner = STR("anna"),
        .entered_by = STR("anna"),
        .generation = 1,
        .status = STR("connected"),
        .account_id = STR("account-1"),
        .account_name = STR("Anna"),
        .username = STR(""),
        .site_id = STR("s"),
        .entered_origin = STR("https://acme.example"),
        .origin = STR("https://api.example"),
        .base_path = STR("/ex/jira/s"),
        .sealed = STR("\1"),
        .since = 10,
    };

    contract_script(c, SEED);
    contract_ok(c, store_connection_insert(c->db, c->arena, &c->fault, &n, STR("jira")));
    scene_consent(s, 1);
    row.grant = s->grant;
    contract_ok(c, store_credential_save(c->db, c->arena, &c->fault, &row));
}

void scene_disconnect(struct scene *s)
{
    contract_script(s->c, "DELETE FROM credentials; DELETE FROM oauth_grants");
}

int64_t scene_generation(struct scene *s)
{
    struct grant_row *row = NULL;

    contract_ok(s->c, store_grant_find(s->c->db, s->c->arena, &s->c->fault, s->grant, &row));
    return row ? row->generation : 0;
}

const char *scene_status(struct scene *s)
{
    struct credential_row *row = NULL;

    contract_ok(s->c, store_credential_of(s->c->db, s->c->arena, &s->c->fault, STR("con1"),
                                          STR("anna"), &row));
    assert_non_null(row);
    return row->why.p
               ? arena_printf(s->c->arena, "%.*s: %.*s", STR_ARG(row->status), STR_ARG(row->why)).p
               : arena_cstring(s->c->arena, row->status);
}

/* --- threads ---------------------------------------------------------------------------------- */

static void *open_worker(void *arg)
{
    struct scene *s = arg;

    return s->database_away ? NULL : contract_connect(s->c, 5000);
}

static void close_worker(void *state, void *arg)
{
    (void)arg;
    db_close(state);
}

void scene_open(struct scene *s, void **state, size_t workers)
{
    *s = (struct scene){.c = *state};
    s->settings.public_url = STR("http://localhost:8080");
    s->settings.jira_client_id = STR("client-1");
    s->settings.jira_client_secret = STR("s3cret");
    s->settings.jira_scopes = STR("read");
    s->services.settings = &s->settings;
    s->services.vault = contract_vault(s->c);
    fake_open(&s->fake, &s->services, contract_connect(s->c, 5000));
    add_rows(s);
    s->loops = loops_start(2);
    s->pool = pool_start(workers, 16, (struct pool_hooks){open_worker, close_worker, s});
    s->life = life_new(s->pool, &s->services);
}

void scene_close(struct scene *s)
{
    assert_int_equal(life_drain(s->life, 10000), 0);
    pool_stop(s->pool);
    loops_stop(s->loops);
    life_free(s->life);
    assert_int_equal(s->fake.uncommitted, 0);
    assert_int_equal(s->fake.wrong, 0);
    fake_close(&s->fake);
}

/* --- uses ------------------------------------------------------------------------------------- */

void shot_open(struct shot *t, struct scene *s, size_t loop, int number, int64_t lives_ms)
{
    *t = (struct shot){.scene = s, .arena = arena_new(1 << 20), .loop = loops_at(s->loops, loop)};
    t->op = (struct provider_op){.kind = PROVIDER_REQUEST, .arena = t->arena};
    t->op.request.method = STR("GET");
    fake_token(&t->op.request.target.secret, "access", number);
    t->use = (struct life_use){.op = &t->op,
                               .app = STR("app1"),
                               .connection = STR("con1"),
                               .grant = s->grant,
                               .grant_generation = number,
                               .access_expires = clock_now_ms() + lives_ms};
    must(sem_init(&t->landed, 0, 0) == 0);
}

void shot_close(struct shot *t)
{
    struct provider_op *op = &t->op;

    secret_wipe(op->kind == PROVIDER_TEST ? &op->test.target.secret : &op->request.target.secret);
    must(sem_destroy(&t->landed) == 0);
    arena_free(t->arena);
}

static void done(void *token)
{
    struct shot *t = token;

    t->done++;
    t->elsewhere = !loop_is_current(t->loop);
    must(sem_post(&t->landed) == 0);
}

struct start {
    struct shot *shot;
    sem_t begun;
    int at_once;
};

static void start(void *arg)
{
    struct start *x = arg;

    life_begin(x->shot->scene->life, x->shot->loop, &x->shot->use, done, x->shot);
    x->at_once = x->shot->done;
    must(sem_post(&x->begun) == 0);
}

static void wait_for(sem_t *sem)
{
    struct timespec until;

    must(clock_gettime(CLOCK_REALTIME, &until) == 0);
    until.tv_sec += 10;
    while (sem_timedwait(sem, &until) != 0)
        if (errno != EINTR)
            fail_msg("waited ten seconds for nothing");
}

void shot_begin(struct shot *t)
{
    struct start x = {.shot = t};

    must(sem_init(&x.begun, 0, 0) == 0);
    loop_post(t->loop, start, &x);
    wait_for(&x.begun);
    must(sem_destroy(&x.begun) == 0);
    assert_int_equal(x.at_once, 0);
}

void shot_wait(struct shot *t)
{
    wait_for(&t->landed);
    assert_int_equal(t->done, 1);
    assert_int_equal(t->elsewhere, 0);
}

void shot_run(struct shot *t)
{
    shot_begin(t);
    shot_wait(t);
}
