/* See the header. Compiled in builds with -Dfault_points=true; linters read it in others too. */
#include "base/fault_point.h"

#ifdef MORTISE_FAULT_POINTS

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {
#define FAULT_POINT(name, text) [FAULT_POINT_##name] = text,
#include "fault_points.def"
#undef FAULT_POINT
};

static void write_name(const char *path, const char *name)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    char line[64] = {0};

    if (fd < 0)
        return;
    size_t n = strlen(name);
    memcpy(line, name, n);
    line[n] = '\n';
    if (write(fd, line, n + 1) < 0)
        abort();
    (void)close(fd);
}

void fault_point(enum fault_point p)
{
    static atomic_long passed;
    const char *log = getenv("MORTISE_FAULT_LOG");
    const char *wanted = getenv("MORTISE_FAULT_POINT");
    size_t n = strlen(names[p]);

    if (log)
        write_name(log, names[p]);
    if (!wanted || strncmp(wanted, names[p], n) != 0 || (wanted[n] != '\0' && wanted[n] != ':'))
        return;
    long at = wanted[n] == ':' ? strtol(wanted + n + 1, NULL, 10) : 1;
    if (atomic_fetch_add(&passed, 1) + 1 == at)
        (void)kill(getpid(), SIGKILL);
}

#endif
