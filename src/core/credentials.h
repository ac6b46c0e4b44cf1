/* The life of a credential as the rules see it: which one a user's request uses, saving a proven
 * one, asking when account or site changed, disconnecting, what a refusal by Jira does to it.
 * Without HTTP and SQL; secrets go through the vault and never leave this file unsealed except into
 * a provider target.
 *
 * States of a row (status), and what moves it:
 *   (no row)        -- save -->        connected
 *   connected       -- refused by Jira, site gone, base URL changed -->  needs_reconnect
 *   connected       -- its grant was refused --> grant_refused -- the same account consents anew,
 *                                                for whichever credential --> connected
 *   connected       -- an API key's account is locked (CAPTCHA) --> locked: as needs_reconnect, but
 *                                                              a test may ask with it
 *   connected       -- disconnect, 30 days without access --> disconnected (secret wiped)
 *   needs_reconnect, locked, disconnected -- save --> connected (same row, generation + 1)
 *   any             -- test succeeds (same generation) --> connected
 *   connected, needs_reconnect -- Shared credentials switched, OAuth client changed -->
 *                                                             needs_reconnect (secret wiped)
 * What `sealed` holds: the API token; or, for a credential that stands on an OAuth grant, the
 * grant's id, so that a link made by SQL leads nowhere. The tokens are core/grants.h's.
 * Invariants:
 *   - a row's secret opens only under its own generation, owner and destination (vault binding);
 *   - who saves something begun earlier holds the write transaction and has compared connection,
 *     switch counter and generation with those of the beginning (rule 11);
 *   - a failed or unanswered connect leaves the old row as it is (rule 4);
 *   - nothing is saved while an emergency stop (core/stops.h) is open for the app, the acting user
 *     or the site that was found.
 */
#ifndef CORE_CREDENTIALS_H
#define CORE_CREDENTIALS_H

#include "core/decide.h"
#include "core/provider.h"
#include "core/work.h"

/* What a connection offers the acting user now. */
struct effective {
    enum decision decision;
    const struct credential_row *row; /* the row that state and sentence speak of: the user's own in
                                         own scope, the shared one in shared scope; NULL: none */
    const struct credential_row *use; /* the one that runs: decide()'s answer, or NULL */
    const struct credential_row *locked; /* as decide()'s */
    struct decide_stop stop;             /* why DECISION_STOPPED */
};

/* Decides for the acting user in the app of the path. */
MUST_USE enum err credentials_effective(struct work *w, const struct connection_row *connection,
                                        struct effective *ret);
/* The same for all connections of the app at once; ret[i] belongs to rows[i]. */
MUST_USE enum err credentials_effective_all(struct work *w, const struct connection_row *rows,
                                            size_t count, struct effective **ret);
/* The acting user's own rows over all apps. */
MUST_USE enum err credentials_own(struct work *w, struct own_credential_row **ret,
                                  size_t *ret_count);
/* Why DECISION_RECONNECT, as the end of "Needs reconnecting: ". row may be NULL; client_id: of the
 * OAuth client in force, empty: none. */
str credentials_why(const struct credential_row *row, str client_id);
/* The refusal as an error with its sentence; ERR_OK for DECISION_USE. */
MUST_USE enum err credentials_refusal(struct work *w, const struct connection_row *connection,
                                      const struct effective *effective);

/* The grant that a target's access token is from; grant.p == NULL for an API key. */
struct credential_grant {
    str grant;
    int64_t generation;
    int64_t access_expires;
};
/* Opens the secret of an effective row. The target's secret is wiped by the caller; an access token
 * may be stale (src/life sees to that). */
MUST_USE enum err credentials_target(struct work *w, const struct credential_row *row,
                                     struct provider_target *ret,
                                     struct credential_grant *ret_grant);

/* What was true when something long began, to be compared when it ends. */
struct credential_moment {
    str connection;
    int64_t switch_counter;
    str credential;     /* the row's id, p == NULL: there was none */
    int64_t generation; /* 0: there was none */
};
struct credential_moment credentials_moment(struct arena *a,
                                            const struct connection_row *connection,
                                            const struct credential_row *row);

struct consent;

/* A proven credential about to be saved. */
struct credential_found {
    struct provider_identity identity;
    str username;
    str entered_origin;
    str origin;
    str base_path;
    int64_t expires; /* of an API key, 0: not told */
    /* by OAuth2 only */
    str client_id; /* empty: an API key */
    str scopes;
    str reach; /* cloud ids that the tokens reach, separated by spaces; empty: not known */
    int64_t access_expires;
    const struct consent *consent; /* core/consents.h; NULL: the tokens waited for an answer */
    int64_t until;                 /* tokens wait for an answer no longer; 0: an API key */
};
/* What was proven. Both are borrowed. */
struct credential_proof {
    const struct secret *secret;  /* API key or access token */
    const struct secret *refresh; /* NULL with an API key */
};

/* Write transaction. Re-reads connection and row and compares with `moment` (ERR_CONFLICT,
 * ERR_NOT_FOUND), and refuses while a stop is open (ERR_STOPPED). Saves, unless the row on file
 * belongs to another account or site: then keeps it as a question for some minutes and returns
 * ERR_IDENTITY_CHANGED with *ret_confirm (one-time, for this session) and *ret_before. On ERR_OK
 * *ret_row is the row saved. */
MUST_USE enum err credentials_save(struct work *w, const struct credential_moment *moment,
                                   const struct credential_found *found,
                                   const struct credential_proof *proof,
                                   struct credential_row *ret_row, str *ret_confirm,
                                   struct credential_row *ret_before);
/* The question answered with yes, in a write transaction in which `connection` was read too:
 * ERR_CONFIRM_EXPIRED when it is unknown, used, too old, of another session, or anything moved
 * since it was asked. */
MUST_USE enum err credentials_confirm(struct work *w, const struct connection_row *connection,
                                      str confirm, struct credential_row *ret_row);
/* The question as it stands, for showing it again; does not use it up. */
MUST_USE enum err credentials_question(struct work *w, const struct connection_row *connection,
                                       str confirm, struct credential_found *ret_found,
                                       struct credential_row *ret_before);

/* Who has connected, for app admins: everybody with a row, by name, CREDENTIALS_PAGE at a time; the
 * shared one comes first on the first page. *ret_next: to go on after, p == NULL on the last. */
#define CREDENTIALS_PAGE 100
MUST_USE enum err credentials_people(struct work *w, const struct connection_row *connection,
                                     str after, struct connected_row **ret, size_t *ret_count,
                                     str *ret_next);
/* Who entered the shared credential; *ret NULL when there is none. */
MUST_USE enum err credentials_shared_person(struct work *w, const struct connection_row *connection,
                                            struct connected_row **ret);
/* 1 when another credential stands on the same grant. */
MUST_USE enum err credentials_grant_is_used_elsewhere(struct work *w,
                                                      const struct credential_row *row, int *ret);
/* Write transaction. What a test learnt of the site: its present name and address. */
MUST_USE enum err credentials_note_site(struct work *w, const struct provider_identity *identity);

/* Wipes the acting user's own credential (own scope) or the shared one (app admins). */
MUST_USE enum err credentials_disconnect(struct work *w, const struct connection_row *connection);

/* Write transaction. Jira's word on a credential, valid for the generation the call was made with:
 * refused -> needs_reconnect, locked -> locked, with `why`; fine -> connected. Nothing happens when
 * it moved on. */
enum credential_word { CREDENTIAL_FINE, CREDENTIAL_REFUSED, CREDENTIAL_LOCKED };
MUST_USE enum err credentials_note(struct work *w, str credential, int64_t generation,
                                   enum credential_word word, str why);

#endif
