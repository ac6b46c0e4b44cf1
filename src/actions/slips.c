/* See the header. */
#include "actions/slips.h"

#include <stdarg.h>

void slips_init(struct slips *s, struct arena *a)
{
    *s = (struct slips){.arena = a};
}

void slips_add(struct slips *s, const char *field, const char *format, ...)
{
    struct fault f = {.code = ERR_OK};
    va_list args;

    va_start(args, format);
    (void)fault_vset(&f, ERR_INVALID, __func__, format, args);
    va_end(args);
    slips_add_fault(s, field, &f);
}

void slips_add_fault(struct slips *s, const char *field, struct fault *f)
{
    if (s->count < SLIPS_MAX)
        s->list[s->count++] = (struct slip){arena_cstring(s->arena, str_from(field)),
                                            arena_cstring(s->arena, str_from(fault_text(f)))};
    fault_clear(f);
}

const char *slips_field(struct slips *s, const char *list, size_t index, const char *member)
{
    return arena_cstring(s->arena, arena_printf(s->arena, "%s[%zu]%s%s", list, index,
                                                member ? "." : "", member ? member : ""));
}
