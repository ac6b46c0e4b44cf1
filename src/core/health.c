/* How a credential is doing. See the header. */
#include "core/health.h"

#include "base/check.h"
#include "base/clock.h"
#include "core/grants.h"

#define USED_MS CLOCK_MINUTE_MS
#define SEEN_MS CLOCK_DAY_MS
#define ERROR_MS CLOCK_HOUR_MS

/* --- what a call taught ----------------------------------------------------------------------- */

struct health_before health_before(const struct credential_row *c)
{
    return (struct health_before){c->id, c->generation, c->last_used, c->last_error,
                                  c->last_error_at};
}

/* Nothing came back, or the tokens could not be renewed. A dead grant was noted already; the rest
 * is about the caller (rights, a conflict) or about us (the database). */
enum health_outcome health_of_error(enum err err)
{
    static const enum err THEIRS[] = {
        ERR_UPSTREAM_UNREACHABLE, ERR_UPSTREAM_INTERRUPTED, ERR_UPSTREAM_TIMEOUT,
        ERR_UPSTREAM_NOT_JIRA,    ERR_CLIENT_REFUSED,       ERR_CREDENTIAL_REFUSED,
        ERR_SCOPE_MISSING,        ERR_BASE_URL_REFUSED,
    };

    for (size_t i = 0; i < sizeof(THEIRS) / sizeof(THEIRS[0]); i++) {
        if (err == THEIRS[i])
            return HEALTH_FAILED;
    }
    return HEALTH_SILENT;
}

static enum health_outcome of_failure(const struct provider_op *op, str *ret_sentence)
{
    enum health_outcome outcome = health_of_error(op->err);

    if (outcome == HEALTH_FAILED)
        *ret_sentence = str_from(fault_text(&op->fault));
    return outcome;
}

enum health_outcome health_of_meaning(enum provider_meaning meaning)
{
    switch (meaning) {
    case MEANING_LOCKED:
    case MEANING_SCOPE_MISSING:
    case MEANING_SITE_MOVED:
    case MEANING_PROVIDER_ERROR:
    case MEANING_NOT_PROVIDER:
        return HEALTH_FAILED;
    case MEANING_OK:
    case MEANING_FORBIDDEN:
    case MEANING_NOT_FOUND:
    case MEANING_INVALID:
    case MEANING_RATE_LIMITED:
    case MEANING_GONE:
        return HEALTH_WORKED;
    case MEANING_REFUSED_TOKEN:
    case MEANING_CLIENT_REFUSED:
    case MEANING_CODE_REFUSED:
    case MEANING_NO_SITE:
        break;
    }
    return HEALTH_SILENT;
}

enum health_outcome health_of_request(const struct provider_op *op, str *ret_sentence)
{
    if (op->err)
        return of_failure(op, ret_sentence);
    enum health_outcome outcome = health_of_meaning(op->request.meaning);
    if (outcome == HEALTH_FAILED)
        *ret_sentence = op->request.plain;
    return outcome;
}

enum health_outcome health_of_test(const struct provider_op *op, str *ret_sentence)
{
    if (!op->err || op->test.meaning == MEANING_REFUSED_TOKEN || op->err == ERR_NEEDS_RECONNECT)
        return HEALTH_SILENT;
    enum health_outcome outcome = of_failure(op, ret_sentence);
    if (op->test.plain.n)
        *ret_sentence = op->test.plain;
    return outcome;
}

static enum err note_outcome(struct work *w, const struct health_before *b,
                             enum health_outcome outcome, str sentence)
{
    int used = b->last_used <= w->now_ms - USED_MS || b->last_used > w->now_ms;
    int known = b->last_error.p && str_eq(b->last_error, sentence) &&
                b->last_error_at > w->now_ms - ERROR_MS && b->last_error_at <= w->now_ms;
    enum err e = ERR_OK;

    if (outcome == HEALTH_WORKED && (used || b->last_error.p)) {
        e = work_write(w);
        if (!e)
            e = store_credential_used(w->db, w->arena, w->fault, b->credential, w->now_ms);
    }
    if (outcome == HEALTH_FAILED && !known) {
        e = work_write(w);
        if (!e)
            e = store_credential_failed(w->db, w->arena, w->fault, b->credential, b->generation,
                                        sentence, w->now_ms);
    }
    return e;
}

static enum err note_need(struct work *w, str credential, const char *kind, str project, str value,
                          int refused)
{
    struct need_row *old = NULL;
    struct need_row now = {str_from(kind), project, value, w->now_ms, refused ? w->now_ms : 0};
    enum err e =
        store_need_find(w->db, w->arena, w->fault, credential, now.kind, project, value, &old);

    if (e || (old && old->last_seen > w->now_ms - SEEN_MS && old->last_seen <= w->now_ms &&
              (old->refused != 0) == refused))
        return e;
    if (old && old->refused && refused)
        now.refused = old->refused;
    e = work_write(w);
    return e ? e : store_need_save(w->db, w->arena, w->fault, credential, &now);
}

enum err health_note_scope(struct work *w, str credential, str scope, int lacks)
{
    return note_need(w, credential, "scope", STR(""), scope, lacks);
}

enum err health_note_permission(struct work *w, str credential, str project, str permission)
{
    return note_need(w, credential, "permission", project, permission, 0);
}

/* What went wrong for another reason tells nothing of what is needed: the path may be a slip. */
static enum err note_needs(struct work *w, str credential, const struct provider_request *r)
{
    int lacks = r->meaning == MEANING_SCOPE_MISSING;
    int reached = r->meaning == MEANING_OK || r->meaning == MEANING_FORBIDDEN;
    enum err e = ERR_OK;

    if (r->scope.n && (lacks || reached))
        e = health_note_scope(w, credential, r->scope, lacks);
    if (!e && reached && r->permission.n && r->project.n)
        e = health_note_permission(w, credential, r->project, r->permission);
    return e;
}

enum err health_note(struct work *w, const struct health_before *before,
                     const struct provider_op *op)
{
    int is_request = op->kind == PROVIDER_REQUEST;
    str sentence = STR("");
    enum health_outcome outcome =
        is_request ? health_of_request(op, &sentence) : health_of_test(op, &sentence);
    enum err e = note_outcome(w, before, outcome, sentence);

    if (!e && is_request && !op->err)
        e = note_needs(w, before->credential, &op->request);
    return e;
}

/* --- what a connection is used for ------------------------------------------------------------ */

/* Rows come project by project. */
static void add_right(struct work *w, struct health_needs *n, const struct need_row *row)
{
    must(n->rights != NULL);
    struct provider_right *last = n->right_count ? &n->rights[n->right_count - 1] : NULL;

    if (!last || !str_eq(last->project, row->project)) {
        if (n->right_count == PROVIDER_RIGHTS_MAX)
            return;
        last = &n->rights[n->right_count++];
        last->project = row->project;
    }
    str *all = arena_alloc_array(w->arena, last->permission_count + 1, sizeof(*all));
    for (size_t i = 0; i < last->permission_count; i++)
        all[i] = last->permissions[i];
    all[last->permission_count++] = row->value;
    last->permissions = all;
}

enum err health_needs(struct work *w, const struct credential_row *c, struct health_needs *ret)
{
    int64_t since = w->now_ms - HEALTH_NEEDS_MS;
    struct health_needs n = {0};
    struct need_row *rows = NULL;
    size_t count = 0;
    enum err e = store_needs_scopes(w->db, w->arena, w->fault, c->connection, c->id, since,
                                    &n.scopes, &n.scope_count);

    if (!e)
        e = store_needs_permissions(w->db, w->arena, w->fault, c->id, since, &rows, &count);
    if (e)
        return e;
    n.rights = arena_alloc_array(w->arena, PROVIDER_RIGHTS_MAX, sizeof(*n.rights));
    for (size_t i = 0; i < count; i++)
        add_right(w, &n, &rows[i]);
    *ret = n;
    return ERR_OK;
}

/* --- when it ends ----------------------------------------------------------------------------- */

struct health_idle health_idle(const struct credential_row *c, int64_t idle_days, int64_t now_ms)
{
    const struct credential_grant_health *g = &c->tokens;
    int64_t renewed = g->refreshed > g->granted ? g->refreshed : g->granted;
    int64_t last = g->last_used > g->since ? g->last_used : g->since;

    must(c->grant.p != NULL);
    if (idle_days == 0 && !c->suspended)
        return (struct health_idle){.kept = 1};
    while (!c->suspended) {
        int64_t next = renewed + GRANT_KEEP_MS > now_ms ? renewed + GRANT_KEEP_MS : now_ms;
        if (last <= next - idle_days * CLOCK_DAY_MS)
            break;
        renewed = next;
    }
    return (struct health_idle){.expires = renewed + GRANT_IDLE_MS};
}

int64_t health_hard_expires(const struct credential_row *c)
{
    return c->tokens.granted ? c->tokens.granted + GRANT_HARD_MS : 0;
}
