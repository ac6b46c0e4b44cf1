/* See the header. */
#include "actions/slips.h"

#include <stdarg.h>
#include <stdio.h>

#define MESSAGE_MAX 400

void slips_init(struct slips *s, struct arena *a)
{
    *s = (struct slips){.arena = a};
}

static void add(struct slips *s, const char *field, str message)
{
    if (s->count == SLIPS_MAX)
        return;
    s->list[s->count++] =
        (struct slip){arena_cstring(s->arena, str_from(field)), arena_cstring(s->arena, message)};
}

void slips_add(struct slips *s, const char *field, const char *format, ...)
{
    char text[MESSAGE_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    add(s, field, str_utf8_cut(str_from(text), sizeof(text)));
}

void slips_add_fault(struct slips *s, const char *field, struct fault *f)
{
    add(s, field, str_from(fault_text(f)));
    fault_clear(f);
}

const char *slips_field(struct slips *s, const char *list, size_t index, const char *member)
{
    return arena_cstring(s->arena, arena_printf(s->arena, "%s[%zu]%s%s", list, index,
                                                member ? "." : "", member ? member : ""));
}
