/* main/config.h: which value wins, what is refused and in which words; docs/configuration.md. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "io/file.h"
#include "main/config.h"

struct fixture {
    char path[64];
    struct arena *arena;
    struct fault fault;
    struct config config;
};

static void clear_environment(void)
{
    (void)unsetenv("MORTISE_CONFIG");
    for (size_t i = 0; i < config_settings_count; i++)
        (void)unsetenv(config_settings[i].variable);
}

static int setup(void **state)
{
    struct fixture *x = calloc(1, sizeof *x);

    clear_environment();
    (void)snprintf(x->path, sizeof x->path, "/tmp/mortise-config.XXXXXX");
    int fd = mkstemp(x->path);
    assert_true(fd >= 0);
    (void)close(fd);
    x->arena = arena_new(1 << 20);
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *x = *state;

    clear_environment();
    (void)unlink(x->path);
    arena_free(x->arena);
    free(x);
    return 0;
}

/* flags: separated by one space. */
static enum err load(struct fixture *x, const char *flags)
{
    char *argv[16];
    int argc = 0;
    str rest = str_from(flags);

    while (!str_empty(rest))
        argv[argc++] = arena_cstring(x->arena, str_take_until(&rest, ' '));
    memset(&x->config, 0, sizeof x->config);
    return config_load(x->arena, &x->fault, argc, argv, &x->config);
}

static void write_file(struct fixture *x, const char *text, mode_t mode)
{
    FILE *file = fopen(x->path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(x->path, mode), 0);
    assert_int_equal(setenv("MORTISE_CONFIG", x->path, 1), 0);
}

static void needs_nothing(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(load(x, ""), ERR_OK);
    assert_str(x->config.settings.listen, "127.0.0.1:8080");
    assert_str(x->config.settings.public_url, "http://localhost:8080");
    assert_str(x->config.settings.database, "sqlite:./var/mortise.db");
    assert_str(x->config.settings.key_file, "./var/key/master.key");
    assert_str(x->config.settings.proxy, "");
    assert_int_equal(x->config.numbers.workers, 8);
    assert_int_equal(x->config.numbers.connections, 10000);
    assert_int_equal(x->config.numbers.connections_address, 1000);
    assert_int_equal(x->config.numbers.head_kib, 32);
    assert_int_equal(x->config.numbers.head_s, 10);
    assert_int_equal(x->config.numbers.stall_s, 30);
    assert_int_equal(x->config.numbers.idle_s, 60);
    assert_int_equal(x->config.numbers.relay_keep_kib, 1024);
    assert_int_equal(x->config.numbers.relay_kept_mib, 128);
    assert_int_equal(x->config.numbers.relay_timeout_s, 60);
    assert_int_equal(x->config.numbers.relay_waiting, 200);
    assert_int_equal(x->config.log, LOG_INFO);
}

static void flag_wins_over_environment_over_file(void **state)
{
    struct fixture *x = *state;

    write_file(
        x,
        "# a comment\n\n MORTISE_LISTEN = 1.1.1.1:1 \nMORTISE_LOG=error\r\nMORTISE_PROXY=", 0644);
    assert_int_equal(load(x, ""), ERR_OK);
    assert_str(x->config.settings.listen, "1.1.1.1:1");
    assert_int_equal(x->config.log, LOG_ERROR);
    assert_int_equal(setenv("MORTISE_LISTEN", "2.2.2.2:2", 1), 0);
    assert_int_equal(load(x, ""), ERR_OK);
    assert_str(x->config.settings.listen, "2.2.2.2:2");
    assert_int_equal(load(x, "--listen 3.3.3.3:3 --workers=2"), ERR_OK);
    assert_str(x->config.settings.listen, "3.3.3.3:3");
    assert_int_equal(x->config.numbers.workers, 2);
    assert_int_equal(setenv("MORTISE_LISTEN", "", 1), 0);
    assert_int_equal(load(x, ""), ERR_OK);
    assert_str(x->config.settings.listen, "1.1.1.1:1");
}

static void takes_the_file_from_a_flag(void **state)
{
    struct fixture *x = *state;

    write_file(x, "MORTISE_LISTEN=1.1.1.1:1\n", 0600);
    (void)unsetenv("MORTISE_CONFIG");
    assert_int_equal(load(x, arena_printf(x->arena, "--config %s", x->path).p), ERR_OK);
    assert_str(x->config.settings.listen, "1.1.1.1:1");
    assert_int_equal(load(x, "--config /nonexistent/x"), ERR_CONFIG);
    assert_non_null(strstr(x->fault.message, "/nonexistent/x"));
}

static void refuses_wrong_flags_and_values(void **state)
{
    static const struct {
        const char *flags;
        const char *says;
    } table[] = {
        {"--bogus 1", "no option --bogus"},
        {"listen", "no option listen"},
        {"--listening x", "no option --listening"},
        {"--listen", "--listen needs a value"},
        {"--config", "--config needs a value"},
        {"--workers 0", "MORTISE_WORKERS must be a number from 1 to 64"},
        {"--workers 65", "MORTISE_WORKERS"},
        {"--workers many", "MORTISE_WORKERS"},
        {"--upstream-timeout -1", "MORTISE_UPSTREAM_TIMEOUT"},
        {"--connections 0", "MORTISE_CONNECTIONS must be a number from 1 to 1000000."},
        {"--connections-address 1000001", "MORTISE_CONNECTIONS_ADDRESS must be a number from 1"},
        {"--head-kib 4", "MORTISE_HEAD_KIB must be a number from 8 to 256."},
        {"--head-kib 257", "MORTISE_HEAD_KIB must be a number from 8 to 256."},
        {"--head-seconds 0", "MORTISE_HEAD_SECONDS must be a number from 1 to 3600."},
        {"--stall-seconds 3601", "MORTISE_STALL_SECONDS must be a number from 1 to 3600."},
        {"--idle-seconds 1m", "MORTISE_IDLE_SECONDS must be a number from 1 to 3600."},
        {"--relay-keep 65537", "MORTISE_RELAY_KEEP must be a number from 0 to 65536."},
        {"--relay-kept-mib -1", "MORTISE_RELAY_KEPT_MIB must be a number from 0 to 65536."},
        {"--relay-timeout 0", "MORTISE_RELAY_TIMEOUT must be a number from 1 to 3600."},
        {"--relay-waiting 0", "MORTISE_RELAY_WAITING must be a number from 1 to 10000."},
        {"--log loud", "MORTISE_LOG must be debug, info, warning or error"},
        {"--public-url localhost:8080", "MORTISE_PUBLIC_URL"},
        {"--listen 127.0.0.1:0", "MORTISE_PUBLIC_URL must be set too"},
        {"--public-url http://", "MORTISE_PUBLIC_URL"},
        {"--public-url ftp://x", "MORTISE_PUBLIC_URL"},
        {"--public-url https://x/path", "without a path"},
        {"--public-url https://u@x", "MORTISE_PUBLIC_URL"},
        {"--public-url https://x?y", "MORTISE_PUBLIC_URL"},
        {"--ca-file a\tb", "MORTISE_CA_FILE"},
        {"--ca-file \xff", "MORTISE_CA_FILE"},
        {"--database postgresql://u:CANARY@h/d", "Put MORTISE_DATABASE into the environment"},
        {"--database=postgresql:///d?user=u&password=CANARY", "command line"},
        {"--database postgres://h/d?password=CANARY", "command line"},
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(table); i++) {
        fault_clear(&x->fault);
        if (load(x, table[i].flags) != ERR_CONFIG || !strstr(x->fault.message, table[i].says))
            fail_msg("%s: \"%s\"", table[i].flags, x->fault.message);
        assert_null(strstr(x->fault.message, "CANARY"));
    }
    assert_int_equal(load(x, "--database postgresql://u@h:5432/d"), ERR_OK);
    assert_int_equal(load(x, "--listen [::1]:9001"), ERR_OK);
    assert_str(x->config.settings.public_url, "http://localhost:9001");
    assert_int_equal(load(x, "--public-url https://mortise.example:8443//"), ERR_OK);
    assert_str(x->config.settings.public_url, "https://mortise.example:8443");
}

static void refuses_a_wrong_file(void **state)
{
    struct fixture *x = *state;

    write_file(x, "MORTISE_LISTEN=1.1.1.1:1\nMORTISE_LISTENING=2\n", 0600);
    assert_int_equal(load(x, ""), ERR_CONFIG);
    assert_non_null(strstr(x->fault.message, "line 2"));
    write_file(x, "\nMORTISE_LISTEN\n", 0600);
    assert_int_equal(load(x, ""), ERR_CONFIG);
    assert_non_null(strstr(x->fault.message, "line 2"));
}

static void wants_a_file_with_a_password_private(void **state)
{
    struct fixture *x = *state;

    write_file(x, "MORTISE_DATABASE=postgresql://u:CANARY@h/d\n", 0644);
    assert_int_equal(load(x, ""), ERR_CONFIG);
    assert_non_null(strstr(x->fault.message, "chmod 600"));
    assert_null(strstr(x->fault.message, "CANARY"));
    write_file(x, "MORTISE_DATABASE=postgresql://u:CANARY@h/d\n", 0640);
    assert_int_equal(load(x, ""), ERR_OK);
    write_file(x, "MORTISE_DATABASE=postgresql://u@h/d\n", 0644);
    assert_int_equal(load(x, ""), ERR_OK);
}

static void wants_a_client_whole(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(load(x, "--jira-client-id abc"), ERR_CONFIG);
    assert_non_null(strstr(x->fault.message, "Set MORTISE_JIRA_CLIENT_SECRET too"));
    assert_int_equal(setenv("MORTISE_JIRA_CLIENT_SECRET", "CANARY", 1), 0);
    assert_int_equal(load(x, ""), ERR_CONFIG);
    assert_non_null(strstr(x->fault.message, "Set MORTISE_JIRA_CLIENT_ID too"));
    assert_null(strstr(x->fault.message, "CANARY"));
    assert_int_equal(load(x, "--jira-client-id abc"), ERR_OK);
    assert_str(x->config.settings.jira_client_secret, "CANARY");
}

static void keeps_the_clients_secret_off_the_command_line_and_private(void **state)
{
    struct fixture *x = *state;

    assert_int_equal(load(x, "--jira-client-secret=CANARY"), ERR_CONFIG);
    assert_non_null(strstr(x->fault.message, "no option --jira-client-secret."));
    assert_null(strstr(x->fault.message, "CANARY"));
    write_file(x, "MORTISE_JIRA_CLIENT_ID=abc\nMORTISE_JIRA_CLIENT_SECRET=CANARY\n", 0644);
    assert_int_equal(load(x, ""), ERR_CONFIG);
    assert_non_null(strstr(x->fault.message, "chmod 600"));
    assert_int_equal(chmod(x->path, 0600), 0);
    assert_int_equal(load(x, ""), ERR_OK);
    assert_str(x->config.settings.jira_client_secret, "CANARY");
}

/* docs/configuration.md has a row for each setting, with the table's own words. */
static void is_documented(void **state)
{
    struct fixture *x = *state;
    str docs;

    assert_int_equal(file_read(x->arena, &x->fault, DOCS, 65536, &docs), ERR_OK);
    for (size_t i = 0; i < config_settings_count; i++) {
        const struct config_setting *s = &config_settings[i];
        str row =
            arena_printf(x->arena, "| `%s` | %s%s%s | %s%s%s | %s |\n", s->variable,
                         *s->flag ? "`" : "", *s->flag ? s->flag : "none", *s->flag ? "`" : "",
                         *s->fallback ? "`" : "", s->fallback, *s->fallback ? "`" : "", s->help);
        if (str_find(docs, row) == SIZE_MAX)
            fail_msg("docs/configuration.md lacks the row\n%.*s", STR_ARG(row));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(needs_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(flag_wins_over_environment_over_file, setup, teardown),
        cmocka_unit_test_setup_teardown(takes_the_file_from_a_flag, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_wrong_flags_and_values, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_a_wrong_file, setup, teardown),
        cmocka_unit_test_setup_teardown(wants_a_file_with_a_password_private, setup, teardown),
        cmocka_unit_test_setup_teardown(wants_a_client_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_the_clients_secret_off_the_command_line_and_private,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(is_documented, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
