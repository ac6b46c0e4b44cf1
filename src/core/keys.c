/* Mortise keys. See the header. */
#include "core/keys.h"

#include "base/check.h"
#include "base/id.h"
#include "core/stops.h"
#include "crypto/random.h"
#include "store/apps.h"

#define PREFIX "mk_"
#define HINT_BYTES 9 /* shown in lists: the prefix and 36 of the 256 bits */
#define PATH_MAX_BYTES 200

/* --- limits ----------------------------------------------------------------------------------- */

static const char *const METHODS[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};

static int is_separator(char c)
{
    return c == ' ' || c == ',' || c == '\n' || c == '\r' || c == '\t';
}

static str take_word(str *rest)
{
    size_t from = 0, to;

    while (from < rest->n && is_separator(rest->p[from]))
        from++;
    for (to = from; to < rest->n && !is_separator(rest->p[to]);)
        to++;
    str word = str_slice(*rest, from, to);
    *rest = str_slice(*rest, to, rest->n);
    return word;
}

static int has_word(str list, str word)
{
    for (str one = take_word(&list); one.n; one = take_word(&list)) {
        if (str_eq(one, word))
            return 1;
    }
    return 0;
}

int keys_check_methods(struct arena *a, str text, str *ret)
{
    int wanted[sizeof(METHODS) / sizeof(METHODS[0])] = {0};
    str list = STR("");

    for (str one = take_word(&text); one.n; one = take_word(&text)) {
        size_t i = 0;
        while (i < sizeof(METHODS) / sizeof(METHODS[0]) &&
               !str_eq_nocase(one, str_from(METHODS[i])))
            i++;
        if (i == sizeof(METHODS) / sizeof(METHODS[0]))
            return 0;
        wanted[i] = 1;
    }
    for (size_t i = 0; i < sizeof(METHODS) / sizeof(METHODS[0]); i++) {
        if (wanted[i])
            list = arena_printf(a, "%.*s%s%s", STR_ARG(list), list.n ? " " : "", METHODS[i]);
    }
    *ret = list;
    return 1;
}

static int is_plain_path(str path)
{
    if (path.n > PATH_MAX_BYTES || !str_starts(path, STR("/rest/")))
        return 0;
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] <= 0x20 || path.p[i] >= 0x7F || strchr("%?#\\\"<>", path.p[i]))
            return 0;
    }
    return str_find(path, STR("//")) == SIZE_MAX && str_find(path, STR("/.")) == SIZE_MAX;
}

int keys_check_paths(struct arena *a, str text, str *ret)
{
    str list = STR("");
    int count = 0;

    for (str one = take_word(&text); one.n; one = take_word(&text)) {
        while (str_ends(one, STR("/")))
            one.n--;
        if (!is_plain_path(one) || ++count > KEY_PATHS_MAX)
            return 0;
        list = arena_printf(a, "%.*s%s%.*s", STR_ARG(list), list.n ? " " : "", STR_ARG(one));
    }
    *ret = list;
    return 1;
}

/* "/rest/api/3/issue" holds itself and what is below it, and not "/rest/api/3/issueLink". What is
 * encoded in another way than the prefix is outside. */
static int is_below(str path, str prefix)
{
    return str_starts(path, prefix) && (path.n == prefix.n || path.p[prefix.n] == '/');
}

static int reaches_path(str prefixes, str path)
{
    for (str one = take_word(&prefixes); one.n; one = take_word(&prefixes)) {
        if (is_below(path, one))
            return 1;
    }
    return 0;
}

enum err keys_permit(struct work *w, const struct connection_row *n, str method, str path)
{
    const struct key_row *k = w->actor.key;

    if (k == NULL)
        return ERR_OK;
    if (k->connection.p && !str_eq(k->connection, n->id))
        return work_fail(w, ERR_BLOCKED_BY_POLICY, "This Mortise key is for another connection.");
    if (!k->user.p && !n->shared)
        return work_fail(w, ERR_BLOCKED_BY_POLICY,
                         "This Mortise key acts as the app, which has Shared credentials only, and "
                         "people connect \"%.*s\" with accounts of their own. Use a key of one of "
                         "them.",
                         STR_ARG(str_utf8_cut(n->name, 120)));
    return method.p ? keys_check_limits(w->fault, k->methods, k->paths, method, path) : ERR_OK;
}

enum err keys_check_limits(struct fault *f, str methods, str paths, str method, str path)
{
    if (methods.n && !has_word(methods, method))
        return fail(f, ERR_BLOCKED_BY_POLICY, "This Mortise key is for %.*s only.",
                    STR_ARG(methods));
    if (paths.n && !reaches_path(paths, path))
        return fail(f, ERR_BLOCKED_BY_POLICY, "This Mortise key is for paths below %.*s only.",
                    STR_ARG(str_utf8_cut(paths, 300)));
    return ERR_OK;
}

/* --- making, listing, revoking ---------------------------------------------------------------- */

static str owner_of(const struct work *w, enum key_kind kind)
{
    return kind == KEY_OF_USER ? w->actor.user : (str){NULL, 0};
}

static enum err find_connection(struct work *w, const struct key_wish *wish, struct key_row *k)
{
    struct connection_row *rows = NULL;
    size_t count = 0;
    enum err e = ERR_OK;

    if (str_empty(wish->connection))
        return ERR_OK;
    if (k->app.p)
        e = store_connections_list(w->db, w->arena, w->fault, k->app, &rows, &count);
    for (size_t i = 0; !e && i < count; i++) {
        if (!str_eq(rows[i].id, wish->connection) && !str_eq_nocase(rows[i].name, wish->connection))
            continue;
        k->connection = rows[i].id;
        k->connection_name = rows[i].name;
        return ERR_OK;
    }
    return e ? e : work_fail(w, ERR_NOT_FOUND, "There is no such connection in that app.");
}

static enum err find_app(struct work *w, const struct key_wish *wish, struct key_row *k)
{
    struct app_row *app = NULL;
    enum permission_role role = PERMISSION_ROLE_NONE;
    enum err e = ERR_OK;

    if (str_empty(wish->app))
        return ERR_OK;
    e = store_app_find_slug(w->db, w->arena, w->fault, wish->app, &app);
    if (!e && app)
        e = store_permission_role(w->db, w->arena, w->fault, app->id, w->actor.user, &role);
    if (e)
        return e;
    if (!app || role == PERMISSION_ROLE_NONE)
        return work_fail(w, ERR_NOT_FOUND, "You have no app with this address.");
    k->app = app->id;
    k->app_slug = app->slug;
    k->app_name = app->name;
    return ERR_OK;
}

static enum err check_count(struct work *w, enum key_kind kind)
{
    struct key_row *rows = NULL;
    size_t count = 0;
    enum err e = keys_list(w, kind, &rows, &count);

    if (e || count < KEYS_MAX)
        return e;
    return work_fail(w, ERR_CONFLICT, "There are %d keys already. Revoke one first.", KEYS_MAX);
}

enum err keys_make(struct work *w, enum key_kind kind, const struct key_wish *wish,
                   struct key_row *ret, str *ret_key)
{
    str key = arena_printf(w->arena, PREFIX "%.*s", STR_ARG(random_token(w->arena)));
    struct key_row k = {
        .id = id_new(w->arena),
        .hint = str_slice(key, 0, HINT_BYTES),
        .name = wish->name,
        .user = owner_of(w, kind),
        .app = kind == KEY_OF_APP ? w->membership.app : (str){NULL, 0},
        .app_slug = w->membership.slug,
        .methods = wish->methods,
        .paths = wish->paths,
        .created = w->now_ms,
        .created_by = w->actor.user,
        .expires = wish->expires,
        .maker_name = w->actor.name,
        .maker_email = w->actor.email,
    };
    enum err e = work_write(w);
    if (!e)
        e = check_count(w, kind);
    if (!e && kind == KEY_OF_USER)
        e = find_app(w, wish, &k);
    if (!e)
        e = stops_check_key(w, k.app);
    if (!e)
        e = find_connection(w, wish, &k);
    if (!e)
        e = store_key_insert(w->db, w->arena, w->fault, &k, work_hmac(w, VAULT_KEY, key));
    if (e)
        return e;
    *ret = k;
    *ret_key = key;
    return ERR_OK;
}

enum err keys_list(struct work *w, enum key_kind kind, struct key_row **ret, size_t *ret_count)
{
    return store_keys_of(w->db, w->arena, w->fault, owner_of(w, kind), w->membership.app, ret,
                         ret_count);
}

enum err keys_count(struct work *w, str user, int64_t *ret)
{
    return store_keys_count_user(w->db, w->arena, w->fault, user, ret);
}

enum err keys_revoke(struct work *w, enum key_kind kind, str id)
{
    int done = 0;
    enum err e = work_write(w);

    if (!e)
        e = store_key_delete(w->db, w->arena, w->fault, id, owner_of(w, kind), w->membership.app,
                             &done);
    if (e)
        return e;
    return done ? ERR_OK : work_fail(w, ERR_NOT_FOUND, "");
}

enum err keys_find(struct work *w, str key, struct key_row **ret)
{
    struct key_row *k = NULL;
    enum err e = ERR_OK;

    if (str_starts(key, STR(PREFIX)))
        e = store_key_find(w->db, w->arena, w->fault, work_hmac(w, VAULT_KEY, key), &k);
    if (e)
        return e;
    *ret = k && k->expires && k->expires <= w->now_ms ? NULL : k;
    return ERR_OK;
}
