/* Fuzz target: bytes as Markdown and, where they are JSON, as ADF; what must hold is in
 * adf_check.h. Run by tests/fuzz/smoke.sh (libFuzzer) and, over the corpus, by the unit test
 * jira-adf-corpus.
 */
#include "adf_check.h"
#include "base/doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new((size_t)256 << 20);
    str text = {(const char *)data, size};
    struct fault f;
    json_t *adf;

    adf_check_markdown(a, text);
    if (doc_parse(a, &f, text, &adf) == ERR_OK)
        adf_check_json(a, adf);
    arena_free(a);
    return 0;
}
