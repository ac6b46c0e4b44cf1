/* Rows of `links`. See the header. */
#include "store/links.h"

#include "base/check.h"

str link_kind_text(enum link_kind kind)
{
    switch (kind) {
    case LINK_SETUP:
        return STR("setup");
    case LINK_INVITE:
        return STR("invite");
    case LINK_RESET:
        return STR("reset");
    }
    unreachable("link kind");
}

static enum link_kind kind_of(str text)
{
    if (str_eq(text, STR("setup")))
        return LINK_SETUP;
    return str_eq(text, STR("invite")) ? LINK_INVITE : LINK_RESET;
}

enum err store_link_insert(struct db *d, struct arena *a, struct fault *f,
                           const struct link_row *row)
{
    struct db_rows r;

    return db_query(d, a, f, &r,
                    "INSERT INTO links (id, kind, token_hmac, user_id, created_by, created,"
                    " expires) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                    DB_T(row->id), DB_T(link_kind_text(row->kind)), DB_B(row->token_hmac),
                    db_text_or_null(row->user), db_text_or_null(row->created_by),
                    DB_I(row->created), DB_I(row->expires));
}

enum err store_link_find(struct db *d, struct arena *a, struct fault *f, str token_hmac,
                         struct link_row **ret)
{
    struct db_rows r;
    struct link_row *row;
    enum err e = db_query(d, a, f, &r,
                          "SELECT id, kind, user_id, created_by, created, expires, used"
                          " FROM links WHERE token_hmac = $1",
                          DB_B(token_hmac));

    if (e)
        return e;
    *ret = NULL;
    if (r.count == 0)
        return ERR_OK;
    row = arena_new_of(a, struct link_row);
    *row = (struct link_row){
        .id = db_text(&r, 0, 0),
        .kind = kind_of(db_text(&r, 0, 1)),
        .token_hmac = token_hmac,
        .user = db_text(&r, 0, 2),
        .created_by = db_text(&r, 0, 3),
        .created = db_int(&r, 0, 4),
        .expires = db_int(&r, 0, 5),
        .used = db_int(&r, 0, 6),
    };
    *ret = row;
    return ERR_OK;
}

enum err store_link_use(struct db *d, struct arena *a, struct fault *f, str token_hmac,
                        int64_t now_ms, int *ret_done)
{
    struct db_rows r;
    enum err e = db_query(d, a, f, &r,
                          "UPDATE links SET used = $1"
                          " WHERE token_hmac = $2 AND used IS NULL AND expires > $3",
                          DB_I(now_ms), DB_B(token_hmac), DB_I(now_ms));

    if (e)
        return e;
    *ret_done = r.changed == 1;
    return ERR_OK;
}

enum err store_links_delete_user(struct db *d, struct arena *a, struct fault *f, str user)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "DELETE FROM links WHERE user_id = $1", DB_T(user));
}

enum err store_links_delete_setup(struct db *d, struct arena *a, struct fault *f)
{
    struct db_rows r;

    return db_query_none(d, a, f, &r, "DELETE FROM links WHERE kind = 'setup'");
}

enum err store_links_expire(struct db *d, struct arena *a, struct fault *f, int64_t now_ms)
{
    struct db_rows r;

    return db_query(d, a, f, &r, "DELETE FROM links WHERE used IS NOT NULL OR expires <= $1",
                    DB_I(now_ms));
}
