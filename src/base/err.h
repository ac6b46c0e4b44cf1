/* What can go wrong, as one enum made from tables/errors.def, and the detail that travels beside
 * it. Failures return; bugs abort (base/check.h). Nobody below the top of a request logs.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

#include "base/attr.h"
#include "base/str.h"

enum err {
    ERR_OK = 0,
#define ERR(name, code, status, sentence) ERR_##name,
#include "errors.def"
#undef ERR
    ERR_COUNT
};

/* The detail of one failure. `message` is for the person who caused it: plain words, no secret,
 * no internals. `detail` is for the log only: library texts, errno, SQLSTATE; no secret either. */
struct fault {
    enum err code;
    const char *where; /* __func__ of the failing function */
    char message[320]; /* UTF-8; empty: the table's sentence holds */
    char detail[240];
};

/* Table look-ups. Static storage. */
const char *err_code(enum err e);
int err_status(enum err e);
const char *err_sentence(enum err e);
/* Only the enum's name, "ERR_X", for logs. */
const char *err_name(enum err e);

/* Fills f (which may be NULL) with code, place and message, and returns the code, so that
 * `return fail(f, ERR_X, "...")` is one statement. An empty format keeps the table's sentence.
 * A message too long is cut at a UTF-8 boundary; control characters become spaces, and bytes
 * that are not UTF-8 question marks. An older detail is forgotten. */
#define fail(f, code, ...) fault_set((f), (code), __func__, __VA_ARGS__)
enum err fault_set(struct fault *f, enum err code, const char *where, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* The same with the arguments as a list. */
enum err fault_vset(struct fault *f, enum err code, const char *where, const char *format,
                    va_list args) PRINTF_LIKE(4, 0);
/* Adds the log-only detail (cleaned in the same way); returns f->code (or ERR_INTERNAL with f
 * NULL). */
enum err fault_detail(struct fault *f, const char *format, ...) PRINTF_LIKE(2, 3);
/* The message, or the table's sentence where there is none. */
const char *fault_text(const struct fault *f);
void fault_clear(struct fault *f);

#endif
