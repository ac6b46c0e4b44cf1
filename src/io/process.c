/* See the header. name: "<boot id>/<pid namespace>/<pid>/<start, in ticks since boot>". */
#include "io/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/check.h"

#define TEXT_MAX 512
#define STAT_START 22 /* proc(5): field 22 of /proc/PID/stat */

/* The beginning of a small file as text; empty when there is none. */
static str read_text(const char *path, char buffer[static TEXT_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return STR("");
    ssize_t n = read(fd, buffer, TEXT_MAX);
    (void)close(fd);
    return n > 0 ? str_trim((str){buffer, (size_t)n}) : STR("");
}

/* The program's name stands in parentheses and may hold anything: fields are counted behind it. */
static str start_of(int64_t pid, char buffer[static TEXT_MAX])
{
    char path[40];
    (void)snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
    str text = read_text(path, buffer);
    size_t end = text.n;
    while (end > 0 && text.p[end - 1] != ')')
        end--;
    text = str_trim(str_slice(text, end, text.n));
    for (int field = 3; text.n && field < STAT_START; field++)
        (void)str_take_until(&text, ' ');
    return str_take_until(&text, ' ');
}

static str place(struct arena *a)
{
    char boot[TEXT_MAX];
    char space[TEXT_MAX];
    ssize_t n = readlink("/proc/self/ns/pid", space, sizeof(space));
    str id = read_text("/proc/sys/kernel/random/boot_id", boot);
    return arena_printf(a, "%.*s/%.*s/", STR_ARG(id), (int)(n > 0 ? n : 0), space);
}

str process_name(struct arena *a)
{
    char stat[TEXT_MAX];
    int64_t pid = getpid();
    return arena_printf(a, "%.*s%lld/%.*s", STR_ARG(place(a)), (long long)pid,
                        STR_ARG(start_of(pid, stat)));
}

int process_is_gone(str name)
{
    struct arena *a = arena_new(8192);
    str here = place(a);
    char stat[TEXT_MAX];
    int64_t pid = 0;
    int gone = 0;

    if (here.n > 2 && str_starts(name, here)) {
        str rest = str_slice(name, here.n, name.n);
        str number = str_take_until(&rest, '/');
        /* start_of() is empty when nobody has the number. */
        gone = str_to_int64(number, &pid) && pid > 0 && !str_eq(start_of(pid, stat), rest);
    }
    arena_free(a);
    return gone;
}
