/* `mortise stop ...`: emergency stops from the server's machine, while the server runs or not. It
 * acts for nobody, so it may stop any app, and lift what a workspace admin has set. What has to be
 * revoked at Atlassian is printed, one line a thing.
 *
 *   mortise stop app|user|site NAME [--reason TEXT]
 *   mortise stop list
 *   mortise stop show ID
 *   mortise stop lift ID
 *   mortise stop erase ID --confirm-lost N
 */
#include <stdio.h>

#include "base/clock.h"
#include "core/stops.h"
#include "crypto/random.h"
#include "io/signals.h"
#include "main/commands.h"
#include "main/store.h"

#define ARENA_MAX ((size_t)512 << 20)
#define USAGE                                                                                      \
    "mortise: use it as one of\n"                                                                  \
    "  mortise stop app|user|site NAME [--reason TEXT]\n"                                          \
    "  mortise stop list\n"                                                                        \
    "  mortise stop show|lift ID\n"                                                                \
    "  mortise stop erase ID --confirm-lost N\n"

struct order {
    const char *verb;
    str name; /* of the subject, or the stop's id */
    str reason;
    int64_t confirm_lost;
    /* what came of it */
    struct stop_row *rows;
    size_t count;
    struct stop_item *items;
    size_t item_count;
    int64_t lost;
};

/* --- doing ------------------------------------------------------------------------------------ */

static enum err keep_items(struct work *w, struct order *o)
{
    return store_stop_items(w->db, w->arena, w->fault, o->rows[0].id, 0, INT64_MAX, &o->items,
                            &o->item_count);
}

static enum err set(struct work *w, enum stop_kind kind, struct order *o)
{
    struct stop_subject subject = {0};
    enum err e = stop_subject_find(w, kind, o->name, &subject);

    if (!e)
        e = stop_set(w, &subject, o->reason, o->rows);
    return e ? e : keep_items(w, o);
}

static enum err list(struct work *w, struct order *o)
{
    const struct stops_filter all = {{NULL, 0}, {NULL, 0}};

    return store_stops_page(w->db, w->arena, w->fault, &all, 0, INT64_MAX, &o->rows, &o->count);
}

static enum err carry_out(struct work *w, void *arg)
{
    struct order *o = arg;
    enum stop_kind kind = STOP_APP;

    o->rows = arena_new_of(w->arena, struct stop_row);
    o->count = 1;
    if (stop_kind_read(str_from(o->verb), &kind))
        return set(w, kind, o);
    if (strcmp(o->verb, "list") == 0)
        return list(w, o);
    if (strcmp(o->verb, "lift") == 0)
        return stop_lift(w, o->name, o->rows);
    if (strcmp(o->verb, "erase") == 0)
        return stop_erase(w, o->name, o->confirm_lost, o->rows, &o->lost);
    enum err e = stop_find(w, o->name, o->rows);
    return e ? e : keep_items(w, o);
}

/* --- printing --------------------------------------------------------------------------------- */

/* Names are people's: nothing in them moves the cursor or colours the terminal. Also no C1 control:
 * U+0080 to U+009F are two bytes, C2 80 to C2 9F. */
static void print_text(str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        unsigned char next = i + 1 < text.n ? (unsigned char)text.p[i + 1] : 0;
        int is_c1 = c == 0xc2 && next >= 0x80 && next <= 0x9f;
        (void)putchar(c < 0x20 || c == 0x7f || is_c1 ? '?' : text.p[i]);
        i += (size_t)is_c1;
    }
}

static void print_time(const char *before, int64_t ms)
{
    char at[25];

    if (!ms)
        return;
    clock_format(ms, at);
    (void)printf("%s%.10s %.5s UTC", before, at, at + 11);
}

static void print_row(const struct stop_row *row)
{
    print_text(row->id);
    (void)printf("  %s  ", stop_kind_text(row->kind).p);
    print_text(row->label);
    (void)printf(" (");
    print_text(row->detail);
    print_time(")  stopped ", row->stopped);
    print_time(", erased ", row->erased);
    print_time(", lifted ", row->lifted);
    (void)printf(", %lld to revoke\n", (long long)row->items);
}

static void print_item(const struct stop_item *item, const struct settings *s)
{
    (void)printf("%s\t", item->by_oauth ? "OAuth access" : "API token");
    print_text(item->account_name);
    (void)printf(" <");
    print_text(item->account_email);
    (void)printf(">\t");
    print_text(item->site_url);
    if (item->sites > 1)
        (void)printf(" and %lld more", (long long)item->sites - 1);
    (void)printf("\tentered by ");
    print_text(item->person_email);
    if (item->people > 1)
        (void)printf(" and %lld more", (long long)item->people - 1);
    if (item->client_id.p)
        (void)printf("\tOAuth client ");
    print_text(item->client_id);
    print_time("\tsince ", item->since);
    print_time(item->last_used ? "\tlast used " : "", item->last_used);
    (void)printf("\t%.*s\n", STR_ARG(item->by_oauth ? s->grants_page_url : s->token_page_url));
}

static void print_items(const struct order *o, const struct settings *s)
{
    (void)printf("To be revoked at Atlassian, by the owner of each account (an organisation admin"
                 " can revoke all):\n");
    for (size_t i = 0; i < o->item_count; i++)
        print_item(&o->items[i], s);
    if (o->item_count == 0)
        (void)printf("nothing\n");
}

static void print(const struct order *o, const struct settings *s)
{
    enum stop_kind kind;
    int is_set = stop_kind_read(str_from(o->verb), &kind);

    if (is_set)
        (void)printf("Stopped; nothing of it is used from now on.\n");
    if (strcmp(o->verb, "lift") == 0)
        (void)printf("Lifted.\n");
    if (strcmp(o->verb, "erase") == 0)
        (void)printf("Erased: %lld.\n", (long long)o->lost);
    for (size_t i = 0; i < o->count; i++)
        print_row(&o->rows[i]);
    if (is_set || strcmp(o->verb, "show") == 0)
        print_items(o, s);
    if (strcmp(o->verb, "list") == 0 && o->count == 0)
        (void)printf("There is no stop.\n");
}

/* --- the command ------------------------------------------------------------------------------ */

/* The same events as the server's, on standard error. */
static void log_order(const struct order *o, enum log_level least)
{
    enum stop_kind kind;
    const char *event = strcmp(o->verb, "lift") == 0               ? "emergency_stop_lifted"
                        : strcmp(o->verb, "erase") == 0            ? "emergency_stop_erased"
                        : stop_kind_read(str_from(o->verb), &kind) ? "emergency_stop_set"
                                                                   : NULL;
    if (!event)
        return;
    struct log *l = log_new(2, least);
    log_event(l, LOG_WARNING, event, LOG_STR("kind", stop_kind_text(o->rows[0].kind)),
              LOG_STR("subject", o->rows[0].subject), LOG_STR("stop", o->rows[0].id),
              LOG_STR("by", STR("command line")), LOG_INT("to_revoke", o->rows[0].items),
              LOG_INT("secrets_erased", o->lost));
    log_free(l);
}

static enum err run(struct arena *a, struct fault *f, struct order *o, int argc, char **argv)
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
    e = work_run(a, f, d, &services, carry_out, o);
    if (e == ERR_OK) {
        print(o, &config.settings);
        log_order(o, config.log);
    }
    vault_free(v);
    db_close(d);
    return e;
}

/* Takes "--flag VALUE" out of the arguments; the rest are settings. 1 when it was there. */
static int take_option(const char *flag, int *argc, char **argv, str *ret)
{
    for (int i = 0; i + 1 < *argc; i++) {
        if (strcmp(argv[i], flag) != 0)
            continue;
        *ret = str_from(argv[i + 1]);
        for (int k = i; k + 2 < *argc; k++)
            argv[k] = argv[k + 2];
        *argc -= 2;
        return 1;
    }
    return 0;
}

/* 1 when the words make sense; *ret_used: how many of them. */
static int read_order(int *argc, char **argv, struct order *o, int *ret_used)
{
    static const char *const NAMED[] = {"app", "user", "site", "show", "lift", "erase"};
    str lost = {NULL, 0};

    o->verb = *argc ? argv[0] : "";
    if (strcmp(o->verb, "list") == 0) {
        *ret_used = 1;
        return 1;
    }
    (void)take_option("--reason", argc, argv, &o->reason);
    if (take_option("--confirm-lost", argc, argv, &lost) && !str_to_int64(lost, &o->confirm_lost))
        return 0;
    *ret_used = 2;
    for (size_t i = 0; i < sizeof(NAMED) / sizeof(NAMED[0]); i++) {
        if (strcmp(o->verb, NAMED[i]) != 0 || *argc < 2 || argv[1][0] == '-')
            continue;
        o->name = str_from(argv[1]);
        return str_is_utf8(o->name) && str_is_utf8(o->reason) && o->reason.n <= STOPS_REASON_MAX;
    }
    return 0;
}

int command_stop(int argc, char **argv)
{
    struct fault f = {.code = ERR_OK};
    struct order o = {.verb = ""};
    int used = 0;

    if (!read_order(&argc, argv, &o, &used)) {
        (void)fprintf(stderr, USAGE);
        return EXIT_USAGE;
    }
    crypto_init();
    signals_harden();
    struct arena *a = arena_new(ARENA_MAX);
    enum err e = run(a, &f, &o, argc - used, argv + used);
    arena_free(a);
    return e == ERR_OK ? EXIT_OK : complain(&f);
}
