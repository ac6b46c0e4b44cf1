/* The program: a table of commands. Each is a file of its own. */
#include "main/commands.h"

#include <stdio.h>
#include <string.h>

const struct command commands[] = {
    {"serve", "[OPTION...]", "Starts the server.", command_serve},
    {"run", "APP/ACTION --input KEY=VALUE ...",
     "Runs an action on a server and prints what came of it; with MORTISE_KEY and MORTISE_URL.",
     command_run},
    {"user", "link EMAIL", "Makes a one-time link for a user who lost the password.", command_user},
    {"stop", "app|user|site NAME, list, ...",
     "Emergency stop: nothing of it is used; prints what has to be revoked at Atlassian.",
     command_stop},
    {"help", "", "Shows the commands and every setting.", command_help},
    {"version", "", "Shows the version.", command_version},
    {NULL, NULL, NULL, NULL},
};

static int asks_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static const struct command *find(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "help";

    /* also behind a command: `mortise serve --help` */
    if (asks_help(name) || (argc == 3 && asks_help(argv[2])))
        name = "help";
    if (strcmp(name, "--version") == 0)
        name = "version";
    for (const struct command *c = commands; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

int main(int argc, char **argv)
{
    const struct command *command = find(argc, argv);

    if (!command) {
        (void)fprintf(stderr, "mortise: there is no command \"%s\". See mortise help.\n", argv[1]);
        return EXIT_USAGE;
    }
    return command->run(argc > 1 ? argc - 2 : 0, argv + (argc > 1 ? 2 : 1));
}
