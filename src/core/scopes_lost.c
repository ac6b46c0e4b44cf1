/* See the header. */
#include "core/scopes_lost.h"

#include "store/incidents.h"
#include "store/scopes_lost.h"

/* `found`, and behind it those of `held` that `scopes` lacks. */
static str add_lacking(struct work *w, str found, str held, str scopes)
{
    while (held.n) {
        str one = str_take_until(&held, ' ');
        if (one.n && !str_has_word(scopes, one) && !str_has_word(found, one) &&
            !str_eq(one, STR("offline_access")))
            found = arena_printf(w->arena, "%.*s%s%.*s", STR_ARG(found), found.n ? " " : "",
                                 STR_ARG(one));
    }
    return found;
}

static enum err note(struct work *w, const struct scopes_lost_row *c, str lost)
{
    enum err e;

    if (str_eq(c->lost, lost))
        return ERR_OK;
    e = store_scopes_lost_save(w->db, w->arena, w->fault, c->credential, lost);
    if (e || str_empty(lost) || str_empty(c->lost))
        return e;
    return store_incident_lost_changed(w->db, w->arena, w->fault, c->credential, lost, w->now_ms);
}

enum err scopes_lost_note(struct work *w, const struct grant_row *grant, str credential, str scopes,
                          str *ret_lost)
{
    struct scopes_lost_row *others = NULL;
    size_t count = 0;
    str now = scopes.n ? add_lacking(w, STR(""), grant->scopes, scopes) : STR("");
    enum err e =
        store_scopes_lost_of(w->db, w->arena, w->fault, grant->id, credential, &others, &count);

    for (size_t i = 0; !e && i < count && scopes.n; i++)
        e = note(w, &others[i], add_lacking(w, now, others[i].lost, scopes));
    *ret_lost = count ? now : STR("");
    return e;
}
