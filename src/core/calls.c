/* See the header. */
#include "core/calls.h"

#include "core/credentials.h"

/* Once a credential; rows of one often stand together. */
static enum err note_uses(struct work *w, const struct call_row *rows, size_t count)
{
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < count; i++) {
        int seen = 0;
        for (size_t k = i; !seen && k-- > 0 && k + 64 > i;)
            seen = str_eq(rows[k].credential, rows[i].credential);
        if (!seen)
            e = credentials_note_use(w, rows[i].credential);
    }
    return e;
}

enum err calls_save(struct work *w, const struct call_row *rows, size_t count)
{
    enum err e = work_write(w);

    if (e)
        return e;
    db_moves_nothing(w->db);
    e = store_calls_insert(w->db, w->arena, w->fault, rows, count);
    return e ? e : note_uses(w, rows, count);
}

enum err calls_page(struct work *w, const struct call_filter *filter, struct call_row **ret,
                    size_t *ret_count, str *ret_next)
{
    enum err e = store_calls_list(w->db, w->arena, w->fault, w->membership.app, filter,
                                  CALLS_PAGE + 1, ret, ret_count);

    if (e)
        return e;
    *ret_next = (str){NULL, 0};
    if (*ret_count > CALLS_PAGE) {
        *ret_count = CALLS_PAGE;
        *ret_next = (*ret)[CALLS_PAGE - 1].id;
    }
    return ERR_OK;
}
