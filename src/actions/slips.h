/* What is wrong with a document, field by field, collected so that all of it can be said at once.
 * Pure; any thread. In the arena.
 */
#ifndef ACTIONS_SLIPS_H
#define ACTIONS_SLIPS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define SLIPS_MAX 20 /* more are not kept */

struct slip {
    const char *field; /* "path", "steps[2].run_if" */
    const char *message;
};

struct slips {
    struct arena *arena;
    struct slip list[SLIPS_MAX];
    size_t count;
};

void slips_init(struct slips *s, struct arena *a);
/* Copies both; the message is cleaned as a fault's (base/err.h). */
void slips_add(struct slips *s, const char *field, const char *format, ...) PRINTF_LIKE(3, 4);
/* The message of a fault, which is cleared. */
void slips_add_fault(struct slips *s, const char *field, struct fault *f);
/* "steps[2].run_if", from "steps", 2 and "run_if"; member may be NULL. */
const char *slips_field(struct slips *s, const char *list, size_t index, const char *member);

#endif
