/* Runs Mustache cases from JSON files in the format of the public specification (github.com/
 * mustache/spec): {"tests": [{"name", "data", "template", "partials", "expected"}]}.
 *
 * usage: test_mustache FILE...
 * Without any file, or when a file is missing, the test is skipped (exit 77): the specification
 * comes with the tests' npm packages. tests/unit/web/mustache.json is our own and always there.
 */
#include "support.h"

#include <stdio.h>

#include "base/doc.h"
#include "base/mem.h"
#include "http/template.h"

#define SOURCES_MAX 16

static str text_of(const json_t *value)
{
    return (str){json_string_value(value), json_string_length(value)};
}

static size_t collect_sources(const json_t *test, struct template_source *sources)
{
    json_t *partials = json_object_get(test, "partials"), *value;
    const char *name;
    size_t n = 0;

    sources[n++] = (struct template_source){"*case*", text_of(json_object_get(test, "template"))};
    json_object_foreach (partials, name, value) {
        assert_true(n < SOURCES_MAX);
        sources[n++] = (struct template_source){name, text_of(value)};
    }
    return n;
}

/* {"broken": "words of the error"} instead of "expected": must not compile. */
static int expect_broken(const json_t *test, enum err e, const struct fault *f)
{
    str words = doc_get_str(test, "broken");

    return words.p && e == ERR_CONFIG && str_find(str_from(f->message), words) != SIZE_MAX;
}

static int check_output(const json_t *test, const struct buf *out, str missing)
{
    str expected = doc_get_str(test, "expected");
    str expected_missing = doc_get_str(test, "missing");

    if (!str_eq(buf_str(out), expected)) {
        print_error("got:\n%.*s|\nexpected:\n%.*s|\n", STR_ARG(buf_str(out)), STR_ARG(expected));
        return 0;
    }
    if (expected_missing.p && !str_eq(missing, expected_missing)) {
        print_error("missing name: got \"%.*s\", expected \"%.*s\"\n", STR_ARG(missing),
                    STR_ARG(expected_missing));
        return 0;
    }
    return 1;
}

static int run_case(json_t *test)
{
    struct template_source sources[SOURCES_MAX];
    size_t count = collect_sources(test, sources);
    struct template_set *set = NULL;
    struct arena *a = arena_new((size_t)1 << 20);
    struct fault f = {0};
    struct buf out = {0};
    str missing = {NULL, 0};
    int ok = 0;

    buf_init(&out, 65536);
    enum err e = template_set_new(&f, sources, count, &set);
    if (e == ERR_OK)
        e = template_render(set, a, &f, "*case*", json_object_get(test, "data"), &out, &missing);
    if (doc_get_str(test, "broken").p)
        ok = expect_broken(test, e, &f);
    else if (e == ERR_OK)
        ok = check_output(test, &out, missing);
    if (e && !ok)
        print_error("%s: %s\n", err_name(e), f.message);
    buf_done(&out);
    template_set_free(set);
    arena_free(a);
    return ok;
}

static size_t run_file(const char *path, size_t *ret_failed)
{
    json_error_t error;
    json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &error), *test;
    size_t i;

    if (file == NULL) {
        print_error("%s: %s\n", path, error.text);
        exit(77);
    }
    json_t *tests = json_object_get(file, "tests");
    json_array_foreach (tests, i, test) {
        if (run_case(test))
            continue;
        print_error("%s: %s FAILED\n", path, json_string_value(json_object_get(test, "name")));
        (*ret_failed)++;
    }
    size_t count = json_array_size(tests);
    json_decref(file);
    return count;
}

int main(int argc, char **argv)
{
    size_t count = 0, failed = 0;

    doc_init();
    for (int i = 1; i < argc; i++)
        count += run_file(argv[i], &failed);
    if (count == 0)
        return 77;
    (void)printf("%zu cases, %zu failed\n", count, failed);
    return failed ? 1 : 0;
}
