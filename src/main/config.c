/* See the header. Values are gathered by rank, then checked once. */
#include "main/config.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/check.h"
#include "core/incidents.h"
#include "core/runs.h"
#include "io/file.h"
#include "life/keeper.h"

#define FILE_MAX_BYTES 65536
#define WORKERS_MAX 64
#define TIMEOUT_MAX_S 600
#define CONNECTIONS_MAX 1000000
#define HEAD_MIN_KIB 8
#define HEAD_MAX_KIB 256
#define CLIENT_MAX_S 3600
#define RELAY_KEEP_MAX_KIB 65536
#define RELAY_KEPT_MAX_MIB 65536
#define RELAY_TIMEOUT_MAX_S 3600
#define RELAY_WAITING_MAX 10000

#define PLAIN CONFIG_PLAIN
#define SENSITIVE CONFIG_SENSITIVE
const struct config_setting config_settings[] = {
#define SETTING(field, variable, flag, fallback, kind, help)                                       \
    {variable, flag, fallback, kind, help, offsetof(struct settings, field)},
#include "settings.def"
#undef SETTING
};
const size_t config_settings_count = sizeof config_settings / sizeof *config_settings;
#undef PLAIN
#undef SENSITIVE

#define COUNT (sizeof config_settings / sizeof *config_settings)

/* What was said where; p == NULL: nothing. */
struct given {
    str flags[COUNT];
    str file[COUNT];
    str config_flag;
};

/* A user's own words may be no text at all, and what follows a "=" may be a secret; neither is
 * repeated. */
static const char *shown(struct arena *a, const char *word)
{
    str rest = str_from(word);
    str s = str_take_until(&rest, '=');

    return str_is_utf8(s) ? arena_cstring(a, str_utf8_cut(s, 60)) : "?";
}

static int carries_password(str value)
{
    str rest = value;

    (void)str_take_until(&rest, ':');
    if (!str_starts(value, STR("postgres")) || !str_starts(rest, STR("//")))
        return str_find(value, STR("password=")) != SIZE_MAX;
    size_t at = str_find_char(rest, '@');
    size_t colon = str_find_char(str_slice(rest, 2, rest.n), ':');
    return (at != SIZE_MAX && colon != SIZE_MAX && colon + 2 < at) ||
           str_find(rest, STR("password=")) != SIZE_MAX;
}

static int is_secret(const struct config_setting *s, str value)
{
    return s->kind == CONFIG_SENSITIVE ||
           (s->offset == offsetof(struct settings, database) && carries_password(value));
}

/* Takes "--flag=VALUE" or "--flag VALUE"; 1 when argv[*i] is this flag. *ret.p stays NULL when the
 * value is missing. */
static int take_flag(const char *flag, int argc, char **argv, int *i, str *ret)
{
    size_t n = strlen(flag);

    if (n == 0 || strncmp(argv[*i], flag, n) != 0)
        return 0;
    if (argv[*i][n] == '=') {
        *ret = str_from(argv[*i] + n + 1);
        return 1;
    }
    if (argv[*i][n] != '\0')
        return 0;
    *ret = *i + 1 < argc ? str_from(argv[++*i]) : (str){NULL, 0};
    return 1;
}

static enum err read_flag(struct arena *a, struct fault *f, int argc, char **argv, int *i,
                          struct given *g)
{
    const char *word = argv[*i];
    str *target = NULL;
    str value = {NULL, 0};

    if (take_flag("--config", argc, argv, i, &value))
        target = &g->config_flag;
    for (size_t k = 0; !target && k < COUNT; k++) {
        if (!take_flag(config_settings[k].flag, argc, argv, i, &value))
            continue;
        target = &g->flags[k];
        if (value.p && is_secret(&config_settings[k], value))
            return fail(f, ERR_CONFIG,
                        "A password on the command line can be read by everybody on this machine. "
                        "Put %s into the environment or the configuration file.",
                        config_settings[k].variable);
    }
    if (!target)
        return fail(f, ERR_CONFIG, "There is no option %s. See mortise help.", shown(a, word));
    if (!value.p)
        return fail(f, ERR_CONFIG, "The option %s needs a value.", shown(a, word));
    *target = value;
    return ERR_OK;
}

static const struct config_setting *find_variable(str name, size_t *ret_index)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (!str_eq(name, str_from(config_settings[i].variable)))
            continue;
        *ret_index = i;
        return &config_settings[i];
    }
    return NULL;
}

static enum err read_line(struct arena *a, struct fault *f, const char *path, int number, str line,
                          struct given *g, int *ret_secret)
{
    size_t index;
    str value = str_trim(line);

    if (str_empty(value) || value.p[0] == '#')
        return ERR_OK;
    int has_value = str_find_char(value, '=') != SIZE_MAX;
    str name = str_trim(str_take_until(&value, '='));
    const struct config_setting *s = find_variable(name, &index);
    if (!s || !has_value)
        return fail(f, ERR_CONFIG,
                    "%.150s, line %d: expected NAME=VALUE with a name of mortise help.", path,
                    number);
    g->file[index] = arena_str(a, str_trim(value));
    if (is_secret(s, g->file[index]))
        *ret_secret = 1;
    return ERR_OK;
}

static enum err read_file(struct arena *a, struct fault *f, const char *path, struct given *g)
{
    struct stat info;
    int secret = 0;
    int number = 1;
    str text;

    if (file_read(a, f, path, FILE_MAX_BYTES, &text) != ERR_OK)
        return fail(f, ERR_CONFIG, "The configuration file %.150s cannot be read.", path);
    for (; !str_empty(text); number++) {
        enum err e = read_line(a, f, path, number, str_take_until(&text, '\n'), g, &secret);
        if (e != ERR_OK)
            return e;
    }
    if (secret && stat(path, &info) == 0 && info.st_mode & (S_IRWXO | S_IWGRP))
        return fail(f, ERR_CONFIG,
                    "The configuration file %.120s holds a secret and may be read by everybody "
                    "or written by a group. Run chmod 600 on it.",
                    path);
    return ERR_OK;
}

/* Shells and service files often set a variable to nothing when they mean not to set it. */
static str environment(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? str_from(value) : (str){NULL, 0};
}

static enum err choose(struct fault *f, const struct given *g, struct settings *settings)
{
    for (size_t i = 0; i < COUNT; i++) {
        const struct config_setting *s = &config_settings[i];
        str value = g->flags[i];
        if (str_empty(value))
            value = environment(s->variable);
        if (str_empty(value))
            value = g->file[i];
        if (str_empty(value))
            value = str_from(s->fallback);
        if (!str_is_utf8(value) || str_has_control(value))
            return fail(f, ERR_CONFIG, "%s holds characters that it may not. Correct it.",
                        s->variable);
        memcpy((char *)settings + s->offset, &value, sizeof value);
    }
    return ERR_OK;
}

static enum err check_number(struct fault *f, const char *variable, str value, int64_t least,
                             int64_t most, int64_t *ret)
{
    int64_t n;

    if (!str_to_int64(value, &n) || n < least || n > most)
        return fail(f, ERR_CONFIG, "%s must be a number from %lld to %lld.", variable,
                    (long long)least, (long long)most);
    *ret = n;
    return ERR_OK;
}

static enum err check_numbers(struct fault *f, const struct settings *s, struct config_numbers *ret)
{
    int64_t others; /* who uses them reads them again */
    const struct {
        const char *variable;
        str value;
        int64_t least;
        int64_t most;
        int64_t *ret;
    } numbers[] = {
        {"MORTISE_CONNECTIONS", s->connections, 1, CONNECTIONS_MAX, &ret->connections},
        {"MORTISE_CONNECTIONS_ADDRESS", s->connections_address, 1, CONNECTIONS_MAX,
         &ret->connections_address},
        {"MORTISE_HEAD_KIB", s->head_kib, HEAD_MIN_KIB, HEAD_MAX_KIB, &ret->head_kib},
        {"MORTISE_HEAD_SECONDS", s->head_seconds, 1, CLIENT_MAX_S, &ret->head_s},
        {"MORTISE_STALL_SECONDS", s->stall_seconds, 1, CLIENT_MAX_S, &ret->stall_s},
        {"MORTISE_IDLE_SECONDS", s->idle_seconds, 1, CLIENT_MAX_S, &ret->idle_s},
        {"MORTISE_WORKERS", s->workers, 1, WORKERS_MAX, &ret->workers},
        {"MORTISE_RELAY_KEEP", s->relay_keep, 0, RELAY_KEEP_MAX_KIB, &ret->relay_keep_kib},
        {"MORTISE_RELAY_KEPT_MIB", s->relay_kept_mib, 0, RELAY_KEPT_MAX_MIB, &ret->relay_kept_mib},
        {"MORTISE_RELAY_TIMEOUT", s->relay_timeout, 1, RELAY_TIMEOUT_MAX_S, &ret->relay_timeout_s},
        {"MORTISE_RELAY_WAITING", s->relay_waiting, 1, RELAY_WAITING_MAX, &ret->relay_waiting},
        {"MORTISE_UPSTREAM_TIMEOUT", s->upstream_timeout, 1, TIMEOUT_MAX_S, &others},
        {"MORTISE_KEEPER_PERIOD", s->keeper_period, 1, KEEPER_PERIOD_MAX_S, &others},
        {"MORTISE_INCIDENT_PERIOD", s->incident_period, 1, INCIDENT_PERIOD_MAX_S, &others},
        {"MORTISE_RUN_DAYS", s->run_days, 1, RUNS_DAYS_MAX, &others},
        {"MORTISE_IDLE_DAYS", s->idle_days, 0, KEEPER_IDLE_DAYS_MAX, &others},
    };
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < sizeof(numbers) / sizeof(numbers[0]); i++)
        e = check_number(f, numbers[i].variable, numbers[i].value, numbers[i].least,
                         numbers[i].most, numbers[i].ret);
    return e;
}

/* Whoever changes only the port gets links that work. */
static enum err default_public_url(struct arena *a, struct fault *f, struct settings *s)
{
    str port = s->listen;

    if (!str_empty(s->public_url))
        return ERR_OK;
    while (str_find_char(port, ':') != SIZE_MAX)
        (void)str_take_until(&port, ':');
    if (str_eq(port, STR("0")))
        return fail(f, ERR_CONFIG,
                    "With port 0 in MORTISE_LISTEN, MORTISE_PUBLIC_URL must be set too.");
    s->public_url = arena_printf(a, "http://localhost:%.*s", STR_ARG(port));
    return ERR_OK;
}

static enum err check_public_url(struct fault *f, str *url)
{
    while (str_ends(*url, STR("/")))
        url->n--;
    str rest = *url;
    if (str_starts(rest, STR("https://")))
        rest = str_slice(rest, 8, rest.n);
    else if (str_starts(rest, STR("http://")))
        rest = str_slice(rest, 7, rest.n);
    else
        rest = STR("");
    for (size_t i = 0; i < rest.n; i++)
        if (strchr("/?#@\\ \"", rest.p[i]))
            rest = STR("");
    if (str_empty(rest))
        return fail(f, ERR_CONFIG,
                    "MORTISE_PUBLIC_URL must be like https://mortise.example.com, without a path.");
    return ERR_OK;
}

/* Half a client is a slip, and would show only when somebody connects. */
static enum err check_client(struct fault *f, const struct settings *s)
{
    if (str_empty(s->jira_client_id) == str_empty(s->jira_client_secret))
        return ERR_OK;
    return fail(
        f, ERR_CONFIG,
        "MORTISE_JIRA_CLIENT_ID and MORTISE_JIRA_CLIENT_SECRET belong together. Set %s too, "
        "or neither.",
        str_empty(s->jira_client_id) ? "MORTISE_JIRA_CLIENT_ID" : "MORTISE_JIRA_CLIENT_SECRET");
}

static enum err check_log(struct fault *f, str value, enum log_level *ret)
{
    static const char *const names[] = {[LOG_DEBUG] = "debug",
                                        [LOG_INFO] = "info",
                                        [LOG_WARNING] = "warning",
                                        [LOG_ERROR] = "error"};

    for (enum log_level level = LOG_DEBUG; level <= LOG_ERROR; level++) {
        if (!str_eq(value, str_from(names[level])))
            continue;
        *ret = level;
        return ERR_OK;
    }
    return fail(f, ERR_CONFIG, "MORTISE_LOG must be debug, info, warning or error.");
}

enum err config_load(struct arena *a, struct fault *f, int argc, char **argv, struct config *ret)
{
    struct given *g = arena_new_of(a, struct given);
    struct config c = {.log = LOG_INFO};
    enum err e = ERR_OK;

    for (int i = 0; e == ERR_OK && i < argc; i++)
        e = read_flag(a, f, argc, argv, &i, g);
    if (e != ERR_OK)
        return e;
    str path = str_empty(g->config_flag) ? environment("MORTISE_CONFIG") : g->config_flag;
    if (!str_empty(path))
        e = read_file(a, f, arena_cstring(a, path), g);
    if (e == ERR_OK)
        e = choose(f, g, &c.settings);
    if (e == ERR_OK)
        e = check_numbers(f, &c.settings, &c.numbers);
    if (e == ERR_OK)
        e = default_public_url(a, f, &c.settings);
    if (e == ERR_OK)
        e = check_public_url(f, &c.settings.public_url);
    if (e == ERR_OK)
        e = check_client(f, &c.settings);
    if (e == ERR_OK)
        e = check_log(f, c.settings.log, &c.log);
    if (e != ERR_OK)
        return e;
    *ret = c;
    return ERR_OK;
}
