/* The configuration: tables/settings.def filled from flags, the environment and one file. A flag
 * wins over the environment, the environment over the file; an empty value counts as none. Values
 * are checked here as far as that needs nobody else; what they name (addresses, files) is checked
 * by who uses it. Main thread, at start.
 */
#ifndef MAIN_CONFIG_H
#define MAIN_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "core/settings.h"

enum config_kind { CONFIG_PLAIN, CONFIG_SENSITIVE };

struct config_setting {
    const char *variable;
    const char *flag; /* "" where there is none */
    const char *fallback;
    enum config_kind kind;
    const char *help;
    size_t offset; /* of the str in struct settings */
};
extern const struct config_setting config_settings[];
extern const size_t config_settings_count;

struct config_numbers {
    int64_t connections;
    int64_t connections_address;
    int64_t head_kib;
    int64_t head_s;
    int64_t stall_s;
    int64_t idle_s;
    int64_t workers;
    int64_t relay_keep_kib;
    int64_t relay_kept_mib;
    int64_t relay_timeout_s;
    int64_t relay_waiting;
};

struct config {
    struct settings settings;      /* public_url without a slash at the end */
    struct config_numbers numbers; /* of them, those that nobody else reads */
    enum log_level log;
};

/* argv: flags only ("--listen VALUE" or "--listen=VALUE", and --config PATH). Values live in the
 * arena. ERR_CONFIG with a sentence: unknown flag or key, a value that cannot be used, a file with
 * secrets that others may read, a password in a flag. */
MUST_USE enum err config_load(struct arena *a, struct fault *f, int argc, char **argv,
                              struct config *ret);

#endif
