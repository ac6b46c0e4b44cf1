/* A vault on the database of a contract case, for cases above the store (core, resources). Its key
 * file is in the case's folder; it is freed with the case's arena.
 */
#ifndef CONTRACT_VAULT_H
#define CONTRACT_VAULT_H

#include "contract.h"
#include "vault/vault.h"

struct vault *contract_vault(struct contract *c);

#endif
