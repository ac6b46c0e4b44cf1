/* contract_vault.h */
#include "contract_vault.h"

static void release(void *vault)
{
    vault_free(vault);
}

struct vault *contract_vault(struct contract *c)
{
    SECRET_AUTO struct secret master = {0};
    struct vault *v = NULL;
    const char *path = arena_printf(c->arena, "%s/master.key", c->folder).p;

    contract_ok(c, vault_check(c->db, c->arena, &c->fault, path, &master));
    contract_ok(c, vault_open_keys(c->db, c->arena, &c->fault, path, &master, &v));
    arena_defer(c->arena, release, v);
    return v;
}
