/* io/file.h, in a scratch folder of its own. */
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "io/file.h"

struct scratch {
    char folder[64];
    char path[128]; /* of the last path_of() */
    struct arena *arena;
};

static int set_up(void **state)
{
    static struct scratch s;

    s.arena = arena_new(1000000);
    (void)snprintf(s.folder, sizeof(s.folder), "/tmp/mortise-file-XXXXXX");
    assert_non_null(mkdtemp(s.folder));
    *state = &s;
    return 0;
}

static void remove_all(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        char path[512];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (unlink(path) != 0)
            remove_all(path);
    }
    assert_int_equal(closedir(dir), 0);
    assert_int_equal(rmdir(folder), 0);
}

static int tear_down(void **state)
{
    struct scratch *s = *state;

    arena_free(s->arena);
    remove_all(s->folder);
    return 0;
}

static const char *path_of(struct scratch *s, const char *name)
{
    (void)snprintf(s->path, sizeof(s->path), "%s/%s", s->folder, name);
    return s->path;
}

static void write_file(const char *path, const char *text, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), (ssize_t)n);
    assert_int_equal(close(fd), 0);
}

static size_t entries_in(const char *folder)
{
    DIR *dir = opendir(folder);
    size_t n = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL)
        n++;
    assert_int_equal(closedir(dir), 0);
    return n - 2; /* . and .. */
}

static unsigned mode_of(const char *path)
{
    struct stat s;

    assert_int_equal(stat(path, &s), 0);
    return s.st_mode & 07777;
}

static void test_reads(void **state)
{
    struct scratch *s = *state;
    const char *path = path_of(s, "a");
    SECRET_AUTO struct secret secret = {0};
    static char big[10000];
    str text;

    memset(big, 'b', sizeof(big));
    write_file(path, "one\0two\n", 8);
    assert_int_equal(file_read(s->arena, NULL, path, 8, &text), ERR_OK);
    assert_true(str_eq(text, (str){"one\0two\n", 8}));
    assert_int_equal(file_read_secret(NULL, path, 8, &secret), ERR_OK);
    assert_true(str_eq(secret_expose(&secret), text));
    write_file(path, "", 0);
    assert_int_equal(file_read(s->arena, NULL, path, 0, &text), ERR_OK);
    assert_non_null(text.p);
    assert_int_equal(text.n, 0);
    assert_int_equal(file_read_secret(NULL, path, 0, &secret), ERR_OK);
    assert_int_equal(secret.n, 0);
    write_file(path, big, sizeof(big));
    assert_int_equal(file_read(s->arena, NULL, path, sizeof(big), &text), ERR_OK);
    assert_int_equal(text.n, sizeof(big));
    assert_memory_equal(text.p, big, sizeof(big));
}

static void test_read_failures(void **state)
{
    struct scratch *s = *state;
    const char *path = path_of(s, "a");
    SECRET_AUTO struct secret secret = {0};
    struct fault f = {0};
    str text = STR("untouched");

    assert_int_equal(file_read(s->arena, &f, path, 10, &text), ERR_NOT_FOUND);
    assert_non_null(strstr(f.message, path));
    assert_int_equal(file_read_secret(&f, path, 10, &secret), ERR_NOT_FOUND);
    write_file(path, "12345", 5);
    assert_int_equal(file_read(s->arena, &f, path, 4, &text), ERR_TOO_LARGE);
    assert_int_equal(file_read_secret(&f, path, 4, &secret), ERR_TOO_LARGE);
    assert_int_equal(file_read(s->arena, &f, s->folder, 10, &text), ERR_CONFIG);
    assert_non_null(strstr(f.message, "directory"));
    assert_int_equal(file_read_secret(&f, path_of(s, "a/b"), 10, &secret), ERR_CONFIG);
    assert_false(secret_is_set(&secret));
    assert_str(text, "untouched");
}

static void test_creates(void **state)
{
    struct scratch *s = *state;
    const char *path = path_of(s, "x/y/key");
    SECRET_AUTO struct secret secret = {0};
    SECRET_AUTO struct secret back = {0};
    struct fault f = {0};

    assert_false(file_exists(path));
    secret_set(&secret, "0123456789", 10);
    assert_int_equal(file_create_secret(&f, path, &secret), ERR_OK);
    assert_true(file_exists(path));
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(file_read_secret(&f, path, 100, &back), ERR_OK);
    assert_str(secret_expose(&back), "0123456789");
    assert_int_equal(mode_of(path_of(s, "x")), 0700);
    assert_int_equal(mode_of(path_of(s, "x/y")), 0700);
    assert_int_equal(entries_in(path_of(s, "x/y")), 1); /* nothing temporary stays */
}

static void test_never_overwrites(void **state)
{
    struct scratch *s = *state;
    const char *path = path_of(s, "key");
    SECRET_AUTO struct secret secret = {0};
    struct fault f = {0};
    str text;

    write_file(path, "old", 3);
    secret_set(&secret, "new", 3);
    assert_int_equal(file_create_secret(&f, path, &secret), ERR_CONFLICT);
    assert_non_null(strstr(f.message, path));
    assert_int_equal(file_read(s->arena, &f, path, 100, &text), ERR_OK);
    assert_str(text, "old");
    assert_int_equal(entries_in(s->folder), 1);
}

/* A full disk, as a limit on the size of files: no file, and nothing temporary. */
static void create_with_limit(void *arg)
{
    struct scratch *s = arg;
    struct secret secret = {0};
    struct fault f = {0};
    struct rlimit limit = {100, 100};

    (void)signal(SIGXFSZ, SIG_IGN);
    secret_alloc(&secret, 5000);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
        file_create_secret(&f, path_of(s, "key"), &secret) != ERR_CONFIG || f.message[0] == '\0')
        return;
    if (file_exists(path_of(s, "key")) || entries_in(s->folder) != 0)
        return;
    abort(); /* all as it should be */
}

static void test_disk_full(void **state)
{
    assert_true(aborts(create_with_limit, *state));
}

static void test_create_failures(void **state)
{
    struct scratch *s = *state;
    SECRET_AUTO struct secret secret = {0};
    struct fault f = {0};
    char long_path[5000];

    secret_set(&secret, "new", 3);
    write_file(path_of(s, "file"), "x", 1);
    assert_int_equal(file_create_secret(&f, path_of(s, "file/key"), &secret), ERR_CONFIG);
    assert_non_null(strstr(f.message, "file"));
    assert_int_equal(file_make_folder_of(&f, path_of(s, "file/key")), ERR_CONFIG);
    assert_int_equal(file_create_secret(&f, "/proc/nowhere/key", &secret), ERR_CONFIG);
    assert_int_equal(file_create_secret(&f, "", &secret), ERR_CONFIG);
    memset(long_path, 'x', sizeof(long_path));
    long_path[0] = '/';
    long_path[sizeof(long_path) - 1] = '\0';
    assert_int_equal(file_create_secret(&f, long_path, &secret), ERR_CONFIG);
}

static void test_makes_folders(void **state)
{
    struct scratch *s = *state;

    assert_int_equal(file_make_folder_of(NULL, path_of(s, "a//b/./c/name")), ERR_OK);
    assert_true(file_exists(path_of(s, "a/b/c")));
    assert_false(file_exists(path_of(s, "a/b/c/name")));
    assert_int_equal(file_make_folder_of(NULL, path_of(s, "a/b/c/name")), ERR_OK);
    assert_int_equal(file_make_folder_of(NULL, "name"), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_read_failures, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_creates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_never_overwrites, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_disk_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_create_failures, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_makes_folders, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
