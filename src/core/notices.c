/* See the header. */
#include "core/notices.h"

enum err notices_page(struct work *w, str before, struct notice_row **ret, size_t *ret_count,
                      str *ret_next)
{
    struct notice_row *rows = NULL;
    size_t count = 0;
    enum err e = store_notices_page(w->db, w->arena, w->fault, w->actor.user, before,
                                    NOTICES_PAGE + 1, &rows, &count);

    if (e)
        return e;
    *ret_next = (str){NULL, 0};
    if (count > NOTICES_PAGE) {
        count = NOTICES_PAGE;
        *ret_next = rows[count - 1].id;
    }
    *ret = rows;
    *ret_count = count;
    return ERR_OK;
}

enum err notices_unread(struct work *w, int64_t *ret)
{
    return store_notices_unread(w->db, w->arena, w->fault, w->actor.user, NOTICES_COUNTED, ret);
}

enum err notices_read(struct work *w, str id)
{
    int64_t count = 0;
    enum err e = work_write(w);

    if (!e)
        e = store_notices_read(w->db, w->arena, w->fault, w->actor.user, id, w->now_ms, &count);
    if (!e && id.n && !count)
        e = work_fail(w, ERR_NOT_FOUND, "There is no such notice.");
    return e;
}
