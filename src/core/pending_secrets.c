/* See the header. */
#include "core/pending_secrets.h"

#include "crypto/hash.h"

/* What is known, which client asks, and whether a refresh token belongs to it: none of them can be
 * changed, or taken away, on its own. */
static struct vault_binding binding_of_pending(struct arena *a, const struct pending_row *p,
                                               str column, int has_refresh)
{
    unsigned char digest[HASH_BYTES];
    hash_sha256(
        arena_printf(a, "%.*s\n%.*s\n%d", STR_ARG(p->found), STR_ARG(p->client_id), has_refresh),
        digest);
    return (struct vault_binding){
        .table = STR("pending_connects"),
        .row = p->id,
        .column = column,
        .generation = p->generation,
        .app = p->app,
        .connection = p->connection,
        .owner = p->user,
        .type = p->kind,
        .destination = hash_hex(a, digest, HASH_BYTES),
    };
}

void pending_seal(struct work *w, struct pending_row *p, const struct secret *first,
                  const struct secret *refresh)
{
    int both = refresh && secret_is_set(refresh);
    struct vault_binding binding = binding_of_pending(w->arena, p, STR("sealed"), both);
    p->sealed = vault_seal(w->services->vault, w->arena, &binding, first);
    if (!both)
        return;
    binding = binding_of_pending(w->arena, p, STR("sealed_refresh"), both);
    p->sealed_refresh = vault_seal(w->services->vault, w->arena, &binding, refresh);
}

enum err pending_open(struct work *w, const struct pending_row *p, struct secret *ret_first,
                      struct secret *ret_refresh)
{
    SECRET_AUTO struct secret opened = {0};
    int both = p->sealed_refresh.p != NULL;
    struct vault_binding binding = binding_of_pending(w->arena, p, STR("sealed"), both);
    if (vault_open(w->services->vault, w->fault, &binding, p->sealed, &opened))
        return work_fail(w, ERR_CONFIRM_EXPIRED, "");
    binding = binding_of_pending(w->arena, p, STR("sealed_refresh"), both);
    if (both && vault_open(w->services->vault, w->fault, &binding, p->sealed_refresh, ret_refresh))
        return work_fail(w, ERR_CONFIRM_EXPIRED, "");
    secret_take(ret_first, &opened);
    return ERR_OK;
}
