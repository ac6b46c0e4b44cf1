/* The commands of the program. Each gets the arguments behind its name and returns the exit code.
 * What they print is for people: to standard output what was asked for, to standard error one
 * sentence when it cannot be done.
 */
#ifndef MAIN_COMMANDS_H
#define MAIN_COMMANDS_H

#include "base/err.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct command {
    const char *name;
    const char *arguments;
    const char *summary;
    int (*run)(int argc, char **argv);
};

/* Ends with a nameless one. */
extern const struct command commands[];

int command_serve(int argc, char **argv);
int command_run(int argc, char **argv);
int command_stop(int argc, char **argv);
int command_user(int argc, char **argv);
int command_help(int argc, char **argv);
int command_version(int argc, char **argv);

/* "mortise: SENTENCE (DETAIL)" on standard error; returns EXIT_FAILED. */
int complain(const struct fault *f);

#endif
