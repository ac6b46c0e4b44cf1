/* What the program says of itself: `mortise help` and `mortise version`, from the tables of
 * commands and settings, and the sentence of a command that failed. */
#include <stdio.h>

#include "main/commands.h"
#include "main/config.h"

static void print_settings(void)
{
    for (size_t i = 0; i < config_settings_count; i++) {
        const struct config_setting *s = &config_settings[i];
        (void)printf("  %-26s %s\n", s->variable, s->help);
        (void)printf("  %-26s ", *s->flag ? s->flag : "(no flag)");
        if (*s->fallback)
            (void)printf("Without it: %s", s->fallback);
        (void)printf("\n");
    }
}

int command_help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    (void)printf("Mortise connects a team's apps to Jira.\n\nCommands:\n");
    for (const struct command *c = commands; c->name; c++)
        (void)printf("  mortise %-8s%-31s %s\n", c->name, c->arguments, c->summary);
    (void)printf(
        "\nSettings, as environment variables, as flags of serve, user and stop, or as NAME=VALUE "
        "lines\nof a file named by --config or MORTISE_CONFIG. A flag wins over the "
        "environment, the\nenvironment over the file.\n\n");
    print_settings();
    return EXIT_OK;
}

int command_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    (void)printf("mortise %s\n", MORTISE_VERSION);
    return EXIT_OK;
}

int complain(const struct fault *f)
{
    (void)fprintf(stderr, "mortise: %s", fault_text(f));
    if (f->detail[0])
        (void)fprintf(stderr, " (%s)", f->detail);
    (void)fprintf(stderr, "\n");
    return EXIT_FAILED;
}
