/* The harness of contract.h: makes a fresh database of either kind for each case and removes it. */
#include "contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "crypto/random.h"
#include "db/migrate.h"

#define NAME_MAX_LENGTH 512

struct fixture {
    struct contract contract; /* first */
    char folder[64];
    char schema[64];
    char url[NAME_MAX_LENGTH];
};

static const char *postgres_url(void)
{
    const char *url = getenv("MORTISE_TEST_POSTGRES");
    return url && *url ? url : NULL;
}

static struct db *open_url(const char *url, int64_t busy_ms)
{
    struct fault f = {.code = ERR_OK};
    struct db *d = NULL;

    if (db_open(&f, url, busy_ms, &d) != ERR_OK)
        fail_msg("cannot open %s: %s (%s)", url, fault_text(&f), f.detail);
    return d;
}

static void run_script(struct db *d, const char *sql)
{
    struct fault f = {.code = ERR_OK};

    if (db_script(d, &f, sql) != ERR_OK)
        fail_msg("%s: %s (%s)", sql, fault_text(&f), f.detail);
}

static void make_schema(struct fixture *x)
{
    const char *base = postgres_url();
    char sql[128];
    unsigned char random[8];

    random_bytes(random, sizeof random);
    (void)snprintf(x->schema, sizeof x->schema, "t%02x%02x%02x%02x%02x%02x%02x%02x", random[0],
                   random[1], random[2], random[3], random[4], random[5], random[6], random[7]);
    (void)snprintf(x->url, sizeof x->url, "%s%coptions=-csearch_path%%3D%s", base,
                   strchr(base, '?') ? '&' : '?', x->schema);
    (void)snprintf(sql, sizeof sql, "CREATE SCHEMA %s", x->schema);
    struct db *d = open_url(base, 5000);
    run_script(d, sql);
    db_close(d);
}

static void drop_schema(const struct fixture *x)
{
    char sql[128];

    (void)snprintf(sql, sizeof sql, "DROP SCHEMA %s CASCADE", x->schema);
    struct db *d = open_url(postgres_url(), 5000);
    run_script(d, sql);
    db_close(d);
}

static void migrate(struct db *d)
{
    struct fault f = {.code = ERR_OK};
    size_t count;
    const struct migration *scripts = migrations_embedded(&count);
    int applied;

    if (db_migrate(d, &f, scripts, count, &applied) != ERR_OK)
        fail_msg("migration: %s (%s)", fault_text(&f), f.detail);
}

static int setup(void **state)
{
    struct fixture *x = mem_new(struct fixture);

    x->contract.kind = *state;
    (void)snprintf(x->folder, sizeof x->folder, "/tmp/mortise-contract.XXXXXX");
    must(mkdtemp(x->folder));
    if (strcmp(x->contract.kind, "postgres") == 0)
        make_schema(x);
    else
        (void)snprintf(x->url, sizeof x->url, "sqlite:%s/test.db", x->folder);
    x->contract.url = x->url;
    x->contract.folder = x->folder;
    x->contract.arena = arena_new(64 << 20);
    x->contract.db = open_url(x->url, 5000);
    migrate(x->contract.db);
    *state = x;
    return 0;
}

static void remove_files(const struct fixture *x)
{
    static const char *const names[] = {"test.db", "test.db-wal", "test.db-shm", "master.key"};
    char path[128];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", x->folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(x->folder);
}

static int teardown(void **state)
{
    struct fixture *x = *state;

    db_close(x->contract.db);
    arena_free(x->contract.arena);
    if (x->schema[0])
        drop_schema(x);
    remove_files(x);
    mem_free(x);
    return 0;
}

struct db *contract_connect(const struct contract *c, int64_t busy_ms)
{
    return open_url(c->url, busy_ms);
}

void contract_script(struct contract *c, const char *sql)
{
    run_script(c->db, sql);
}

void contract_ok_at(const struct contract *c, enum err e, const char *file, int line)
{
    if (e == ERR_OK)
        return;
    print_error("%s: %s: %s (%s)\n", c->kind, err_name(e), fault_text(&c->fault), c->fault.detail);
    _fail(file, line);
}

static void no_postgres(void **state)
{
    (void)state;
    print_message("skipped: MORTISE_TEST_POSTGRES is not set (tools/with-postgres.sh sets it)\n");
    skip();
}

static size_t add_cases(struct CMUnitTest *tests, char (*names)[NAME_MAX_LENGTH],
                        const struct contract_case *cases, size_t count, char *kind)
{
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(names[i], NAME_MAX_LENGTH, "%s: %s", kind, cases[i].name);
        tests[i] = (struct CMUnitTest){names[i], cases[i].run, setup, teardown, kind};
    }
    return count;
}

int contract_run(const struct contract_case *cases, size_t count)
{
    static char sqlite[] = "sqlite";
    static char postgres[] = "postgres";
    struct CMUnitTest *tests = mem_alloc_array(2 * count + 1, sizeof *tests);
    char(*names)[NAME_MAX_LENGTH] = mem_alloc_array(2 * count + 1, NAME_MAX_LENGTH);
    size_t n;

    crypto_init();
    n = add_cases(tests, names, cases, count, sqlite);
    if (postgres_url())
        n += add_cases(tests + n, names + n, cases, count, postgres);
    else
        tests[n++] = (struct CMUnitTest){"postgres", no_postgres, NULL, NULL, NULL};
    int failures = _cmocka_run_group_tests("contract", tests, n, NULL, NULL);
    mem_free(names);
    mem_free(tests);
    return failures;
}
