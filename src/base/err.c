/* The error table as look-ups, and filling a struct fault. */
#include "base/err.h"

#include <stdio.h>

#include "base/check.h"

struct err_row {
    const char *name;
    const char *code;
    int status;
    const char *sentence;
};

static const struct err_row rows[ERR_COUNT] = {
    [ERR_OK] = {"ERR_OK", "ok", 200, ""},
#define ERR(name, code, status, sentence) [ERR_##name] = {"ERR_" #name, code, status, sentence},
#include "errors.def"
#undef ERR
};

static const struct err_row *row_of(enum err e)
{
    must(e < ERR_COUNT);
    return &rows[e];
}

const char *err_code(enum err e)
{
    return row_of(e)->code;
}

int err_status(enum err e)
{
    return row_of(e)->status;
}

const char *err_sentence(enum err e)
{
    return row_of(e)->sentence;
}

const char *err_name(enum err e)
{
    return row_of(e)->name;
}

/* Makes text safe to show and to log, whatever a caller put into it: whole characters, one line. */
static void clean(char *text, int cut)
{
    size_t n = strlen(text);
    int valid;

    if (cut) { /* the end may be half a character */
        while (n > 0 && ((unsigned char)text[n - 1] & 0xC0) == 0x80)
            n--;
        if (n > 0 && (unsigned char)text[n - 1] >= 0xC0)
            n--;
        /* It may also have been a whole one. */
        if (!str_is_utf8(str_from(text)))
            text[n] = '\0';
    }
    valid = str_is_utf8(str_from(text));
    for (char *c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = ' ';
        else if (!valid && (unsigned char)*c >= 0x80)
            *c = '?';
    }
}

enum err fault_vset(struct fault *f, enum err code, const char *where, const char *format,
                    va_list args)
{
    int n;

    must(code < ERR_COUNT && code != ERR_OK);
    if (f == NULL)
        return code;
    f->code = code;
    f->where = where;
    f->detail[0] = '\0';
    n = vsnprintf(f->message, sizeof(f->message), format, args);
    clean(f->message, n >= (int)sizeof(f->message));
    return code;
}

enum err fault_set(struct fault *f, enum err code, const char *where, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)fault_vset(f, code, where, format, args);
    va_end(args);
    return code;
}

enum err fault_detail(struct fault *f, const char *format, ...)
{
    va_list args;
    int n;

    if (f == NULL)
        return ERR_INTERNAL;
    va_start(args, format);
    n = vsnprintf(f->detail, sizeof(f->detail), format, args);
    va_end(args);
    clean(f->detail, n >= (int)sizeof(f->detail));
    return f->code;
}

const char *fault_text(const struct fault *f)
{
    return f->message[0] ? f->message : err_sentence(f->code);
}

void fault_clear(struct fault *f)
{
    *f = (struct fault){.code = ERR_OK};
}
