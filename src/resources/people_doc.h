/* People in documents (docs/api.md): `P`, `U`, `me`, and the answer to signing in. The objects go
 * with the exchange's arena.
 */
#ifndef RESOURCES_PEOPLE_DOC_H
#define RESOURCES_PEOPLE_DOC_H

#include "core/links.h"
#include "core/sessions.h"
#include "http/exchange.h"

/* {"id","name","email","workspace_admin"} */
json_t *people_doc_me(struct exchange *x, str id, str name, str email, int workspace_admin);
/* `U` */
json_t *people_doc_user(struct exchange *x, const struct user_row *user);
/* A list of `P`. */
json_t *people_doc_list(struct exchange *x, const struct person_row *people, size_t count);
/* {"user":U,"link","expires"} with status 201, into the answer. */
void people_doc_link(struct exchange *x, const struct user_row *user, const struct link_made *link);
/* {"me","csrf"} and the session's cookie, into the answer. */
void people_doc_signed_in(struct exchange *x, const struct session_made *session);
/* The cookie that ends the session in the browser. */
void people_doc_signed_out(struct exchange *x);

#endif
