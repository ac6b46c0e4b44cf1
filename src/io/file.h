/* Files read and written whole: the master key, the configuration. Blocking; start-up and
 * workers only. Where nothing else is said a failure is ERR_CONFIG, with the path and the
 * system's reason in the message.
 */
#ifndef IO_FILE_H
#define IO_FILE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"

/* The whole file, at most max bytes: else ERR_TOO_LARGE. Missing: ERR_NOT_FOUND. */
MUST_USE enum err file_read(struct arena *a, struct fault *f, const char *path, size_t max,
                            str *ret);
MUST_USE enum err file_read_secret(struct fault *f, const char *path, size_t max,
                                   struct secret *ret);
/* Creates it (mode 0600, its folder 0700 when missing) and makes file and folder durable; never
 * overwrites: ERR_CONFLICT when it exists. A crash leaves either no file or the whole one. */
MUST_USE enum err file_create_secret(struct fault *f, const char *path,
                                     const struct secret *content);
/* mkdir -p of the folder that holds path, mode 0700. */
MUST_USE enum err file_make_folder_of(struct fault *f, const char *path);
/* 1 when it exists. */
int file_exists(const char *path);

#endif
