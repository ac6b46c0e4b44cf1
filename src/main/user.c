/* `mortise user link EMAIL`: a one-time link for somebody who lost the password, while the server
 * runs or not.
 */
#include <stdio.h>

#include "base/clock.h"
#include "core/links.h"
#include "crypto/random.h"
#include "io/signals.h"
#include "main/commands.h"
#include "main/store.h"

#define ARENA_MAX ((size_t)16 << 20)

struct request {
    str email;
    struct link_made made;
};

static enum err make_link(struct work *w, void *arg)
{
    struct request *r = arg;

    return users_link(w, r->email, &r->made);
}

static void print_link(const struct link_made *made)
{
    char until[25];

    clock_format(made->expires, until);
    (void)printf("%.*s\nIt works once, until %s. Older links of this user no longer work.\n"
                 "If it opens nothing, give MORTISE_PUBLIC_URL the value that the server has.\n",
                 STR_ARG(made->url), until);
}

static enum err link(struct arena *a, struct fault *f, struct request *r, int argc, char **argv)
{
    struct config config;
    struct db *d = NULL;
    struct vault *v = NULL;

    enum err e = config_load(a, f, argc, argv, &config);
    if (e == ERR_OK)
        e = store_open(a, f, &config.settings, STORE_MUST_EXIST, &d, &v);
    if (e != ERR_OK)
        return e;
    struct services services = {.vault = v, .settings = &config.settings};
    e = work_run(a, f, d, &services, make_link, r);
    vault_free(v);
    db_close(d);
    return e;
}

int command_user(int argc, char **argv)
{
    struct fault f = {.code = ERR_OK};

    if (argc < 2 || strcmp(argv[0], "link") != 0 || argv[1][0] == '-') {
        (void)fprintf(stderr, "mortise: use it as: mortise user link EMAIL\n");
        return EXIT_USAGE;
    }
    crypto_init();
    signals_harden();
    struct request r = {.email = str_from(argv[1])};
    struct arena *a = arena_new(ARENA_MAX);
    enum err e = link(a, &f, &r, argc - 2, argv + 2);
    if (e == ERR_OK)
        print_link(&r.made);
    arena_free(a);
    return e == ERR_OK ? EXIT_OK : complain(&f);
}
