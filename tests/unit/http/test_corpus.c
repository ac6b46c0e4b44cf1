/* Replays the fuzz target's corpus; the target itself asserts (must).
 */
#include <dirent.h>
#include <stdio.h>

#include "support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t replay(const char *folder, const char *name)
{
    static uint8_t bytes[1 << 20];
    char path[1024];
    size_t n;
    FILE *f;

    if (name[0] == '.')
        return 0;
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "rbe");
    assert_non_null(f);
    n = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    assert_int_equal(LLVMFuzzerTestOneInput(bytes, n), 0);
    return 1;
}

static void test_corpus(void **state)
{
    const char *folder = *state;
    DIR *dir = opendir(folder);
    size_t count = 0;

    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;)
        count += replay(folder, e->d_name);
    closedir(dir);
    assert_true(count >= 20);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_corpus, argc > 1 ? argv[1] : "."),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
