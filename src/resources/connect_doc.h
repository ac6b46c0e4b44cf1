/* What the ways of connecting have in common (connect.c: the dialog and API keys; oauth.c: by way
 * of Atlassian): who may, the questions that are asked before something is replaced, the answer
 * when it is done. Workers only; documents go with the exchange's arena.
 */
#ifndef RESOURCES_CONNECT_DOC_H
#define RESOURCES_CONNECT_DOC_H

#include "core/authorize.h"
#include "core/credentials.h"
#include "http/exchange.h"

/* What POST connect's begin hands to finish, and both to the dialog that is shown again. */
struct connecting {
    struct provider_op *op; /* PROVIDER_CONNECT, or PROVIDER_IDENTIFY when a site was chosen */
    str confirm;            /* the question that the dialog shows; p == NULL: none */
    /* of an API key */
    struct credential_moment moment;
    str entered_origin;
    str limited; /* host and username, as the throttle names them */
    int64_t expires;
    /* of a site that was chosen */
    struct authorize_choice *choice;
};

/* ERR_TYPE_UNAVAILABLE, ERR_NOT_APP_ADMIN, ERR_STOPPED. */
MUST_USE enum err connect_check_right(struct exchange *x, const struct connection_row *n);
/* Fills the answer of a connect that succeeded: {"connection","sentence"}, notice and redirect. */
MUST_USE enum err connect_done(struct exchange *x, const struct connection_row *n,
                               const struct credential_row *row, str return_to);

/* Into the answer: {"confirm","before","now"}, the question of ERR_IDENTITY_CHANGED. */
void connect_put_question(struct exchange *x, str confirm, const struct credential_row *before,
                          const struct provider_identity *now, str now_email);
/* [{"id","url","name","selected"}]; `selected` is a site's id, the first one when it is not among
 * them. */
json_t *connect_sites_doc(struct exchange *x, const struct provider_site *sites, size_t count,
                          str selected);
/* The dialog's path with ?confirm= and return_to (p == NULL: none), for a redirect. */
str connect_question_path(struct exchange *x, str connection, str confirm, str return_to);

/* oauth.c, for connect.c: POST connect of a connection by OAuth (begin alone), and of a site that
 * was chosen (both halves). */
MUST_USE enum err oauth_start(struct exchange *x, const struct connection_row *n,
                              const struct effective *effective);
MUST_USE enum err oauth_choose_begin(struct exchange *x);
MUST_USE enum err oauth_choose_finish(struct exchange *x);

#endif
