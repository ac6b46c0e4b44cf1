/* Whole files: reading, and creating a secret one so that a crash leaves none or all of it.
 *
 * Creating: a temporary file of a random name beside the target is written and synced, then
 * linked to the target's name, which fails when that exists, and removed; then the folder is
 * synced. A crash in between may leave the temporary file (mode 0600), never half a target.
 */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"

#define FOLDER_MODE 0700
#define PATH_LENGTH_MAX ((size_t)4000)

static void close_fd(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}
#define FD_AUTO CLEANUP(close_fd)

static int is_path(const char *path)
{
    return path[0] != '\0' && strlen(path) <= PATH_LENGTH_MAX;
}

static enum err fail_open(struct fault *f, const char *path)
{
    if (errno == ENOENT)
        return fail(f, ERR_NOT_FOUND, "There is no file %s.", path);
    return fail(f, ERR_CONFIG, "The file %s cannot be read: %m.", path);
}

static enum err fail_too_large(struct fault *f, const char *path, size_t max)
{
    return fail(f, ERR_TOO_LARGE, "The file %s is larger than the %zu bytes it may have.", path,
                max);
}

/* Reads up to n bytes, until the end of the file. -1 with errno on failure. */
static ssize_t read_up_to(int fd, void *p, size_t n)
{
    size_t have = 0;

    while (have < n) {
        ssize_t got = read(fd, (char *)p + have, n - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        have += (size_t)got;
    }
    return (ssize_t)have;
}

static enum err read_into(struct buf *b, struct fault *f, int fd, const char *path)
{
    char part[4096];
    ssize_t got;

    do {
        got = read_up_to(fd, part, sizeof(part));
        if (got < 0)
            return fail(f, ERR_CONFIG, "The file %s cannot be read: %m.", path);
        buf_add_bytes(b, part, (size_t)got);
        if (!buf_ok(b))
            return fail_too_large(f, path, b->max);
    } while (got > 0);
    return ERR_OK;
}

enum err file_read(struct arena *a, struct fault *f, const char *path, size_t max, str *ret)
{
    FD_AUTO int fd = open(path, O_RDONLY | O_CLOEXEC);
    BUF_AUTO struct buf content = {0};
    enum err e;

    if (fd < 0)
        return fail_open(f, path);
    buf_init(&content, max);
    e = read_into(&content, f, fd, path);
    if (e == ERR_OK)
        *ret = arena_str(a, content.n ? buf_str(&content) : STR(""));
    return e;
}

enum err file_read_secret(struct fault *f, const char *path, size_t max, struct secret *ret)
{
    FD_AUTO int fd = open(path, O_RDONLY | O_CLOEXEC);
    SECRET_AUTO struct secret room = {0};
    ssize_t got;

    if (fd < 0)
        return fail_open(f, path);
    secret_alloc(&room, max + 1);
    got = read_up_to(fd, room.p, max + 1);
    if (got < 0)
        return fail(f, ERR_CONFIG, "The file %s cannot be read: %m.", path);
    if ((size_t)got > max)
        return fail_too_large(f, path, max);
    secret_set(ret, room.p, (size_t)got);
    return ERR_OK;
}

/* Makes the entries of the folder that holds path durable. path is changed in between only. */
static int sync_folder_of(char *path)
{
    char *slash = strrchr(path, '/');
    int fd;
    int done;

    if (slash == path || slash == NULL) {
        fd = open(slash ? "/" : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    } else {
        *slash = '\0';
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        *slash = '/';
    }
    if (fd < 0)
        return -1;
    done = fsync(fd);
    (void)close(fd);
    return done;
}

static int make_folder(char *path)
{
    struct stat there;

    if (mkdir(path, FOLDER_MODE) == 0)
        return sync_folder_of(path);
    if (errno != EEXIST && errno != EROFS)
        return -1;
    if (stat(path, &there) != 0)
        return -1;
    if (S_ISDIR(there.st_mode))
        return 0;
    errno = ENOTDIR;
    return -1;
}

enum err file_make_folder_of(struct fault *f, const char *path)
{
    char folder[PATH_LENGTH_MAX + 1];

    if (!is_path(path))
        return fail(f, ERR_CONFIG, "The path of a file is empty or too long.");
    memcpy(folder, path, strlen(path) + 1);
    for (char *c = folder + 1; *c; c++) {
        if (*c != '/')
            continue;
        *c = '\0';
        if (make_folder(folder) != 0)
            return fail(f, ERR_CONFIG, "The folder %s cannot be made: %m.", folder);
        *c = '/';
    }
    return ERR_OK;
}

static int write_and_sync(int fd, str content)
{
    while (content.n > 0) {
        ssize_t done = write(fd, content.p, content.n);
        if (done < 0 && errno != EINTR)
            return -1;
        if (done > 0)
            content = str_slice(content, (size_t)done, content.n);
    }
    return fsync(fd);
}

/* Writes the temporary file and gives it its name. -1 with errno on failure. */
static int create_whole(const char *path, const char *temporary, int fd, str content)
{
    if (write_and_sync(fd, content) != 0)
        return -1;
    return link(temporary, path);
}

enum err file_create_secret(struct fault *f, const char *path, const struct secret *content)
{
    static const char suffix[] = ".XXXXXX";
    char temporary[PATH_LENGTH_MAX + sizeof(suffix)];
    enum err e = file_make_folder_of(f, path);
    FD_AUTO int fd = -1;
    int done;
    int why;

    if (e != ERR_OK)
        return e;
    memcpy(temporary, path, strlen(path));
    memcpy(temporary + strlen(path), suffix, sizeof(suffix));
    fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return fail(f, ERR_CONFIG, "The file %s cannot be made: %m.", path);
    done = create_whole(path, temporary, fd, secret_expose(content));
    why = errno;
    (void)unlink(temporary);
    errno = why;
    if (done != 0 && errno == EEXIST)
        return fail(f, ERR_CONFLICT, "The file %s exists already.", path);
    if (done != 0 || sync_folder_of(temporary) != 0)
        return fail(f, ERR_CONFIG, "The file %s cannot be written: %m.", path);
    return ERR_OK;
}

int file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}
