/* See the header. The only user of PCRE2. */
#include "actions/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/check.h"

#define NESTING_MAX 20
#define TRIES_MAX 200000
#define DEPTH_MAX 2000
#define HEAP_KIB_MAX 2048

static enum err compile(struct fault *f, str pattern, pcre2_code **ret)
{
    pcre2_compile_context *limits = pcre2_compile_context_create(NULL);
    int number = 0;
    size_t at = 0;

    must(limits != NULL);
    if (pattern.n == 0 || pattern.n > PATTERN_MAX) {
        pcre2_compile_context_free(limits);
        return fail(f, ERR_INVALID, "A pattern has 1 to %zu characters.", PATTERN_MAX);
    }
    (void)pcre2_set_parens_nest_limit(limits, NESTING_MAX);
    (void)pcre2_set_max_pattern_length(limits, PATTERN_MAX);
    *ret = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n,
                         PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_BACKSLASH_C,
                         &number, &at, limits);
    pcre2_compile_context_free(limits);
    if (*ret)
        return ERR_OK;
    PCRE2_UCHAR why[120];
    if (pcre2_get_error_message(number, why, sizeof(why)) < 0)
        why[0] = '\0';
    return fail(f, ERR_INVALID, "This is no pattern: %s, at character %zu.", (const char *)why,
                at + 1);
}

enum err pattern_check(struct fault *f, str pattern)
{
    pcre2_code *code = NULL;
    enum err e = compile(f, pattern, &code);

    pcre2_code_free(code);
    return e;
}

static int match(pcre2_code *code, str text)
{
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    int result;

    must(data != NULL && limits != NULL);
    (void)pcre2_set_match_limit(limits, TRIES_MAX);
    (void)pcre2_set_depth_limit(limits, DEPTH_MAX);
    (void)pcre2_set_heap_limit(limits, HEAP_KIB_MAX);
    result = pcre2_match(code, (PCRE2_SPTR)(text.p ? text.p : ""), text.n, 0, 0, data, limits);
    pcre2_match_context_free(limits);
    pcre2_match_data_free(data);
    return result;
}

enum err pattern_fits(struct fault *f, str pattern, str text, int *ret_fits)
{
    pcre2_code *code = NULL;
    enum err e = compile(f, pattern, &code);
    int result;

    if (e)
        return e;
    result = match(code, text);
    pcre2_code_free(code);
    if (result < 0 && result != PCRE2_ERROR_NOMATCH)
        return fail(f, ERR_INVALID,
                    "The pattern of this input takes too long for this text. An app admin can make "
                    "it simpler.");
    *ret_fits = result >= 0;
    return ERR_OK;
}
