/* `mortise run APP/ACTION --input key=value ...`: runs an action on a Mortise server and prints
 * what came of it. It is a client like any other: over HTTP, with a Mortise key from the
 * environment, and opens neither database nor master key.
 *
 *   MORTISE_KEY   the key, mk_...
 *   MORTISE_URL   the server; without it MORTISE_PUBLIC_URL
 *   --input K=V   an input; the same one again makes a list
 *   --dry-run     nothing is written; prints what would be sent, and the run to confirm
 *   --confirm RUN the dry run that confirms this one; its inputs are used
 *   --json        the run as JSON instead of tables
 * Exit: 0 successful, 3 partially successful, 1 anything else, 2 wrong usage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/doc.h"
#include "base/url.h"
#include "crypto/random.h"
#include "io/signals.h"
#include "main/commands.h"
#include "main/config.h"
#include "main/run_call.h"
#include "main/run_print.h"

#define ARENA_MAX ((size_t)1 << 30)
#define WAIT_S 50
#define EXIT_PARTIAL 3
#define USAGE                                                                                      \
    "mortise: use it as: mortise run APP/ACTION [--input KEY=VALUE]... [--json]\n"                 \
    "                                [--dry-run | --confirm RUN]\n"                                \
    "with MORTISE_KEY in the environment, and MORTISE_URL for the server's address\n"

struct order {
    str app;
    str action;
    json_t *inputs;
    str confirm;
    int dry_run;
    int json;
};

/* --- arguments -------------------------------------------------------------------------------- */

/* The same input again makes a list. 0: it is not KEY=VALUE. */
static int add_input(struct order *o, str word)
{
    size_t at = str_find_char(word, '=');
    str name = str_slice(word, 0, at), value = str_slice(word, at + 1, word.n);
    json_t *before, *text;

    if (at == SIZE_MAX || name.n == 0 || !str_is_utf8(word))
        return 0;
    text = json_stringn(value.p, value.n);
    before = json_object_getn(o->inputs, name.p, name.n);
    if (json_is_array(before))
        return json_array_append_new(before, text) == 0;
    if (before)
        text = json_pack("[O, o]", before, text);
    return json_object_setn_new(o->inputs, name.p, name.n, text) == 0;
}

/* What is ours; the rest are settings, moved to the front of argv. 1 when the words make sense. */
static int read_order(struct order *o, int *argc, char **argv)
{
    str where = *argc ? str_from(argv[0]) : STR("");
    int rest = 0;

    o->app = str_take_until(&where, '/');
    o->action = where;
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            o->json = 1;
        else if (strcmp(argv[i], "--dry-run") == 0)
            o->dry_run = 1;
        else if (strcmp(argv[i], "--confirm") == 0 && i + 1 < *argc)
            o->confirm = str_from(argv[++i]);
        else if (strcmp(argv[i], "--input") == 0 && i + 1 < *argc) {
            if (!add_input(o, str_from(argv[++i])))
                return 0;
        } else
            argv[rest++] = argv[i];
    }
    *argc = rest;
    return o->app.n && o->action.n && str_find_char(o->action, '/') == SIZE_MAX;
}

/* Out of the environment, also for whatever this process may start. */
static enum err take_key(struct fault *f, struct secret *ret)
{
    char *key = getenv("MORTISE_KEY");

    if (!key || !*key)
        return fail(f, ERR_CONFIG,
                    "Put a Mortise key into the environment as MORTISE_KEY. Make one under My "
                    "keys.");
    secret_set(ret, key, strlen(key));
    explicit_bzero(key, strlen(key));
    (void)unsetenv("MORTISE_KEY");
    return ERR_OK;
}

/* --- running ---------------------------------------------------------------------------------- */

/* What the server refused, with what it says of single inputs. */
static enum err refused(struct fault *f, int status, const json_t *problem)
{
    json_t *one;
    size_t i;

    json_array_foreach (doc_get(problem, "errors"), i, one) {
        (void)fprintf(stderr, "  %s: %s\n", json_string_value(doc_get(one, "field")),
                      json_string_value(doc_get(one, "message")));
    }
    if (json_is_string(doc_get(problem, "connect_url")))
        (void)fprintf(stderr, "  %s\n", json_string_value(doc_get(problem, "connect_url")));
    return fail(f, status == 404 ? ERR_NOT_FOUND : ERR_INVALID, "%s",
                json_is_string(doc_get(problem, "detail"))
                    ? json_string_value(doc_get(problem, "detail"))
                    : "The server refused it.");
}

static enum err ask(struct run_call *c, struct fault *f, str path, const json_t *body, json_t **ret)
{
    int status = 0;
    enum err e = run_call(c, f, path, body, &status, ret);

    if (!e && status >= 300)
        e = refused(f, status, *ret);
    return e;
}

static int is_running(const json_t *run)
{
    return str_eq(doc_get_str(run, "status"), STR("running"));
}

static void show_progress(const json_t *run)
{
    const json_t *calls = doc_get(run, "calls");

    if (isatty(STDERR_FILENO))
        (void)fprintf(stderr, "\r%lld of %lld calls", (long long)doc_get_int(calls, "done", 0),
                      (long long)doc_get_int(calls, "planned", 0));
}

static enum err run(struct arena *a, struct fault *f, struct run_call *c, const struct order *o,
                    json_t **ret)
{
    str app = url_encode(a, o->app);
    str path = arena_printf(a, "/apps/%.*s/actions/%.*s/run", STR_ARG(app),
                            STR_ARG(url_encode(a, o->action)));
    json_t *body = doc_object(a), *answer = NULL;
    enum err e;

    doc_set(body, "inputs", o->inputs);
    doc_set_int(body, "wait", WAIT_S);
    doc_set_bool(body, "dry_run", o->dry_run);
    if (o->confirm.n && str_is_utf8(o->confirm))
        doc_set_str(body, "confirm", o->confirm);
    e = ask(c, f, path, body, ret);
    path =
        e ? STR("")
          : arena_printf(a, "/apps/%.*s/runs/%.*s", STR_ARG(app), STR_ARG(doc_get_str(*ret, "id")));
    while (!e && is_running(*ret)) {
        show_progress(*ret);
        (void)sleep(1);
        e = ask(c, f, path, NULL, &answer);
        if (!e)
            *ret = doc_get(answer, "run");
    }
    if (isatty(STDERR_FILENO))
        (void)fputc('\r', stderr);
    return e;
}

static enum err carry_out(struct arena *a, struct fault *f, const struct order *o, int argc,
                          char **argv, json_t **ret)
{
    SECRET_AUTO struct secret key = {0};
    struct config config;
    struct run_call *c = NULL;
    const char *url = getenv("MORTISE_URL");
    enum err e = config_load(a, f, argc, argv, &config);

    if (!e)
        e = take_key(f, &key);
    if (!e)
        e = run_call_open(a, f, &config.settings,
                          url && *url ? str_from(url) : config.settings.public_url, &key, &c);
    if (!e)
        e = run(a, f, c, o, ret);
    run_call_close(c);
    return e;
}

static int exit_code(const json_t *run)
{
    str status = doc_get_str(run, "status");

    if (str_eq(status, STR("successful")))
        return EXIT_OK;
    return str_eq(status, STR("partial")) ? EXIT_PARTIAL : EXIT_FAILED;
}

static int finish(const struct order *o, const json_t *run)
{
    if (o->json)
        run_print_json(run);
    else
        run_print_outputs(run);
    if (!o->json && o->dry_run)
        run_print_dry(run);
    if (exit_code(run) != EXIT_OK || doc_get_str(run, "sentence").n)
        run_print_status(run);
    return exit_code(run);
}

int command_run(int argc, char **argv)
{
    struct fault f = {.code = ERR_OK};
    struct arena *a;
    json_t *done = NULL;
    int code;

    crypto_init();
    signals_harden();
    doc_init();
    a = arena_new(ARENA_MAX);
    struct order o = {.inputs = doc_object(a)};
    if (!read_order(&o, &argc, argv)) {
        (void)fputs(USAGE, stderr);
        arena_free(a);
        return EXIT_USAGE;
    }
    enum err e = carry_out(a, &f, &o, argc, argv, &done);
    code = e ? complain(&f) : finish(&o, done);
    arena_free(a);
    return code;
}
