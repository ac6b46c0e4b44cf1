/* Kept request forms. See the header. */
#include "core/drafts.h"

#include "base/clock.h"
#include "base/doc.h"
#include "store/pending.h"

enum err draft_save(struct work *w, const json_t *content, str *ret_id)
{
    enum err e = work_write(w);
    if (e)
        return e;
    return store_draft_save(w->db, w->arena, w->fault, w->membership.app, w->actor.user,
                            doc_print(w->arena, content), w->now_ms + CLOCK_DAY_MS, ret_id);
}

enum err draft_find(struct work *w, str id, json_t **ret)
{
    str content = {NULL, 0};
    enum err e = store_draft_find(w->db, w->arena, w->fault, w->membership.app, w->actor.user, id,
                                  w->now_ms, &content);
    if (e)
        return e;
    *ret = NULL;
    return content.p ? doc_parse(w->arena, w->fault, content, ret) : ERR_OK;
}
