/* What handlers do with an exchange: reading parameters, collecting field errors. Making and
 * freeing is dispatch's (exchange_int.h). One thread at a time.
 */
#include "http/exchange.h"

#include "base/check.h"
#include "base/doc.h"
#include "base/mem.h"
#include "http/exchange_int.h"

/* Far above what bodies and documents need, also when a half is run again (ERR_RETRY): whoever
 * passes it ends the process. */
#define EXCHANGE_ARENA_CAP ((size_t)256 * 1024 * 1024)
#define RETURN_TO_MAX 2000
#define FIELD_ERRORS_MAX 50 /* nobody reads more, and a body can hold a million faulty lines */

struct exchange *exchange_new(void)
{
    struct exchange *x = mem_new(struct exchange);

    x->arena = arena_new(EXCHANGE_ARENA_CAP);
    x->private = mem_new(struct exchange_private);
    x->input = doc_object(x->arena);
    return x;
}

void exchange_free(struct exchange *x)
{
    if (x == NULL)
        return;
    for (size_t i = 0; i < EXCHANGE_SECRET_COUNT; i++)
        secret_wipe(&x->private->secrets[i]);
    input_body_wipe(&x->private->body);
    answer_done(&x->private->answer);
    arena_free(x->arena);
    mem_free(x->private);
    mem_free(x);
}

void exchange_clear_answer(struct exchange *x)
{
    fault_clear(&x->fault);
    x->status = 0;
    x->doc = NULL;
    x->location = x->notice = x->set_cookie = x->raw_json = (str){NULL, 0};
    x->page = x->raw_key = NULL;
    x->file = (struct exchange_file){0};
    x->retry_after_s = 0;
    x->field_errors = NULL;
    x->wait = (struct exchange_wait){0};
}

enum exchange_secret_index exchange_secret_find(str name)
{
#define SECRET_FIELD(field)                                                                        \
    if (str_eq(name, STR(#field)))                                                                 \
        return EXCHANGE_SECRET_##field;
#include "secret_fields.def"
#undef SECRET_FIELD
    return EXCHANGE_SECRET_COUNT;
}

str exchange_text(const struct exchange *x, const char *name)
{
    return doc_get_str(x->input, name);
}

int exchange_has(const struct exchange *x, const char *name)
{
    enum exchange_secret_index i = exchange_secret_find(str_from(name));

    if (i != EXCHANGE_SECRET_COUNT)
        return secret_is_set(&x->private->secrets[i]);
    return doc_get(x->input, name) != NULL;
}

int exchange_flag(const struct exchange *x, const char *name)
{
    str text = exchange_text(x, name);

    return json_is_true(doc_get(x->input, name)) || str_eq(text, STR("true")) ||
           str_eq(text, STR("on")) || str_eq(text, STR("1"));
}

int64_t exchange_int(const struct exchange *x, const char *name, int64_t fallback)
{
    int64_t value;

    if (str_to_int64(exchange_text(x, name), &value))
        return value;
    return doc_get_int(x->input, name, fallback);
}

const struct secret *exchange_secret(const struct exchange *x, const char *name)
{
    enum exchange_secret_index i = exchange_secret_find(str_from(name));

    must(i != EXCHANGE_SECRET_COUNT); /* a name that is not in the table would not be kept secret */
    return &x->private->secrets[i];
}

/* C0 and DEL, C1, line and paragraph separators, and the marks that reverse the direction of the
 * text after them: nothing that belongs into a name. s is valid UTF-8. */
static int has_unwanted(str s, int line_breaks_too)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        unsigned char d = i + 1 < s.n ? (unsigned char)s.p[i + 1] : 0;
        unsigned char e = i + 2 < s.n ? (unsigned char)s.p[i + 2] : 0;

        if (c < 0x20 && (line_breaks_too || (c != '\n' && c != '\r' && c != '\t')))
            return 1;
        if (c == 0x7f || (c == 0xc2 && d < 0xa0))
            return 1;
        if (c == 0xe2 && d == 0x80 && e >= 0xa8 && e <= 0xae)
            return 1;
        if (c == 0xe2 && d == 0x81 && e >= 0xa6 && e <= 0xa9)
            return 1;
    }
    return 0;
}

/* Nothing to see: spaces of any width, zero-width characters (U+00A0, U+00AD, U+2000..U+200F,
 * U+202F, U+205F, U+2060, U+3000, U+FEFF). `s` is trimmed. */
static int is_blank(str s)
{
    static const char *const blanks[] = {
        "\xc2\xa0",     "\xc2\xad",     "\xe2\x80\xaf", "\xe2\x81\x9f",
        "\xe2\x81\xa0", "\xe3\x80\x80", "\xef\xbb\xbf", " "};

    while (s.n) {
        size_t n = 0;

        for (size_t i = 0; n == 0 && i < sizeof(blanks) / sizeof(blanks[0]); i++)
            n = str_starts(s, str_from(blanks[i])) ? strlen(blanks[i]) : 0;
        if (n == 0 && str_starts(s, STR("\xe2\x80")) && s.n > 2 && (unsigned char)s.p[2] < 0x90)
            n = 3;
        if (n == 0)
            return 0;
        s = str_slice(s, n, s.n);
    }
    return 1;
}

static str checked_text(struct exchange *x, const char *name, size_t max, int is_name)
{
    const json_t *value = doc_get(x->input, name);
    str text = str_trim(exchange_text(x, name));
    str message = {NULL, 0};

    if (value && !json_is_string(value) && !json_is_null(value))
        message = STR("This has to be text.");
    else if (is_name && is_blank(text))
        message = STR("Please fill this in.");
    else if (str_utf8_length(text) > max)
        message = arena_printf(x->arena, "At most %zu characters, please.", max);
    else if (has_unwanted(text, is_name))
        message = is_name ? STR("This must not hold line breaks or control characters.")
                          : STR("This must not hold control characters.");
    if (str_empty(message))
        return text;
    exchange_field_error(x, name, message.p);
    return (str){NULL, 0};
}

str exchange_name_field(struct exchange *x, const char *name, size_t max)
{
    return checked_text(x, name, max, 1);
}

str exchange_text_field(struct exchange *x, const char *name, size_t max)
{
    return checked_text(x, name, max, 0);
}

void exchange_field_error(struct exchange *x, const char *field, const char *message)
{
    json_t *entry;

    if (x->field_errors == NULL)
        x->field_errors = doc_array(x->arena);
    if (json_array_size(x->field_errors) >= FIELD_ERRORS_MAX)
        return;
    entry = doc_object(x->arena);
    doc_set_cstring(entry, "field", field);
    doc_set_cstring(entry, "message", message);
    doc_append(x->field_errors, entry);
}

enum err exchange_field_problem(struct exchange *x)
{
    if (json_array_size(x->field_errors) == 0)
        return ERR_OK;
    return fail(&x->fault, ERR_INVALID, "");
}

json_t *exchange_doc(struct exchange *x)
{
    if (x->doc == NULL)
        x->doc = doc_object(x->arena);
    return x->doc;
}

str exchange_return_to(const struct exchange *x, str fallback)
{
    str path = exchange_text(x, "return_to");

    if (!str_starts(path, STR("/")) || str_starts(path, STR("//")) || path.n > RETURN_TO_MAX)
        return fallback;
    if (str_find_char(path, '\\') != SIZE_MAX || str_has_control(path))
        return fallback;
    return path;
}
