/* Signing in and out. See the header. */
#include "core/sessions.h"

#include <arpa/inet.h>

#include "base/clock.h"
#include "base/id.h"
#include "core/access.h"
#include "core/names.h"
#include "core/throttle.h"
#include "crypto/random.h"
#include "store/keys.h"
#include "store/links.h"

#define AGENT_MAX 200

/* Few attempts at one account from one network, so that nobody can lock others out of theirs by
 * failing on purpose; many more over all networks; and a limit on a network over all accounts. */
static const struct throttle by_email_here = {"sign-in-email-here", 10, 15 * CLOCK_MINUTE_MS};
static const struct throttle by_email = {"sign-in-email", 100, 15 * CLOCK_MINUTE_MS};
static const struct throttle by_remote = {"sign-in-remote", 60, 15 * CLOCK_MINUTE_MS};
static const struct throttle by_user = {"own-password", 10, 15 * CLOCK_MINUTE_MS};

const char *sessions_password_problem(const struct secret *password)
{
    size_t n = password_characters(password);

    if (n < SESSION_PASSWORD_MIN)
        return "Please use at least 12 characters.";
    if (n > SESSION_PASSWORD_MAX)
        return "At most 256 characters, please.";
    return NULL;
}

static enum err insert_session(struct work *w, const struct user_row *user, str agent,
                               struct session_made *ret)
{
    str cut = str_utf8_cut(agent, AGENT_MAX);
    struct session_row row = {
        .id = id_new(w->arena),
        .user = user->id,
        .agent = cut.p ? cut : STR(""),
        .created = w->now_ms,
        .last_seen = w->now_ms,
        .expires = w->now_ms + ACCESS_SESSION_IDLE_MS,
    };
    str token = random_token(w->arena);
    enum err e;

    e = store_session_insert(w->db, w->arena, w->fault, &row, work_hmac(w, VAULT_SESSION, token));
    if (!e)
        e = store_user_seen(w->db, w->arena, w->fault, user->id, w->now_ms);
    if (e)
        return e;
    *ret = (struct session_made){
        .id = row.id,
        .token = token,
        .max_age_s = ACCESS_SESSION_MAX_MS / CLOCK_SECOND_MS,
        .csrf = access_csrf(w, row.id),
        .user = *user,
    };
    ret->user.last_seen = w->now_ms;
    return ERR_OK;
}

enum err sessions_make(struct work *w, const struct user_row *user, str agent,
                       struct session_made *ret)
{
    enum err e = sessions_sign_out(w);

    return e ? e : insert_session(w, user, agent, ret);
}

/* An address, or of IPv6 the /64: anybody has 2^64 addresses in theirs. */
static str network_of(struct work *w, str remote)
{
    unsigned char bytes[16];

    if (inet_pton(AF_INET6, arena_cstring(w->arena, remote), bytes) != 1)
        return remote;
    return arena_printf(w->arena, "%.*s/64", STR_ARG(hash_hex(w->arena, bytes, 8)));
}

static str here(struct work *w, str email_key, str network)
{
    return arena_printf(w->arena, "%.*s %.*s", STR_ARG(network), STR_ARG(email_key));
}

static enum err count_attempt(struct work *w, str network, str email_key, int *retry_after_s)
{
    enum err e = throttle_take(w, &by_remote, network, retry_after_s);

    if (!e)
        e = throttle_take(w, &by_email_here, here(w, email_key, network), retry_after_s);
    if (!e)
        e = throttle_take(w, &by_email, email_key, retry_after_s);
    return e ? e : work_commit(w);
}

/* The encoded password of somebody who may sign in; empty for all others. */
static str usable_password(const struct user_row *user)
{
    if (user == NULL || user->state != USER_ACTIVE || user->password.p == NULL)
        return (str){NULL, 0};
    return user->password;
}

enum err sessions_sign_in(struct work *w, const struct sign_in *in, int *retry_after_s,
                          struct session_made *ret)
{
    str key = name_key(w->arena, str_trim(in->email));
    str network = network_of(w, in->remote);
    struct user_row *before = NULL, *now = NULL;
    int fits = 0;
    enum err e = password_gate_check(w->services->passwords, w->fault);

    if (!e)
        e = count_attempt(w, network, key, retry_after_s);
    if (!e)
        e = store_user_find_email(w->db, w->arena, w->fault, key, &before);
    if (!e)
        e = password_fits(w->services->passwords, w->fault, usable_password(before), in->password,
                          &fits);
    if (e)
        return e;
    if (!fits)
        return work_fail(w, ERR_SIGN_IN_FAILED, "");
    e = throttle_clear(w, &by_email_here, here(w, key, network));
    if (!e)
        e = store_user_find_email(w->db, w->arena, w->fault, key, &now);
    if (e)
        return e;
    if (!str_eq(usable_password(now), usable_password(before)))
        return work_fail(w, ERR_SIGN_IN_FAILED, "");
    return sessions_make(w, now, in->agent, ret);
}

enum err sessions_sign_out(struct work *w)
{
    enum err e = work_write(w);

    if (e || w->actor.session.p == NULL)
        return e;
    return store_session_delete(w->db, w->arena, w->fault, w->actor.session);
}

enum err sessions_shut(struct work *w, str user, str but)
{
    enum err e = store_sessions_delete_user(w->db, w->arena, w->fault, user, but);

    return e ? e : store_keys_delete_user(w->db, w->arena, w->fault, user);
}

enum err sessions_sign_out_everywhere(struct work *w)
{
    enum err e = work_write(w);

    if (e)
        return e;
    return sessions_shut(w, w->actor.user, STR(""));
}

enum err sessions_list(struct work *w, struct session_row **ret, size_t *ret_count)
{
    return store_sessions_list(w->db, w->arena, w->fault, w->actor.user, w->now_ms, ret, ret_count);
}

/* In one transaction: nobody set another password since it was compared. */
static enum err replace_password(struct work *w, str before, str encoded)
{
    struct user_row *user = NULL;
    enum err e = work_write(w);

    if (!e)
        e = store_user_find(w->db, w->arena, w->fault, w->actor.user, &user);
    if (e)
        return e;
    if (!str_eq(usable_password(user), before))
        return work_fail(w, ERR_CONFLICT, "");
    e = store_user_set_password(w->db, w->arena, w->fault, user->id, encoded);
    if (!e)
        e = sessions_shut(w, user->id, w->actor.session);
    if (!e) /* a link to set another one must not outlive it */
        e = store_links_delete_user(w->db, w->arena, w->fault, user->id);
    return e ? e : throttle_clear(w, &by_user, user->id);
}

enum err sessions_change_password(struct work *w, const struct secret *current,
                                  const struct secret *wanted, int *retry_after_s, int *ret_fits)
{
    struct user_row *user = NULL;
    str before = {NULL, 0}, encoded = {NULL, 0};
    int fits = 0;
    enum err e = password_gate_check(w->services->passwords, w->fault);

    if (!e)
        e = throttle_take(w, &by_user, w->actor.user, retry_after_s);
    if (!e)
        e = work_commit(w);
    if (!e)
        e = store_user_find(w->db, w->arena, w->fault, w->actor.user, &user);
    if (e)
        return e;
    before = usable_password(user);
    e = password_fits(w->services->passwords, w->fault, before, current, &fits);
    if (e)
        return e;
    if (!fits) {
        *ret_fits = 0;
        return ERR_OK;
    }
    e = password_hash(w->services->passwords, w->arena, w->fault, wanted, &encoded);
    if (!e)
        e = replace_password(w, before, encoded);
    if (e)
        return e;
    *ret_fits = 1;
    return ERR_OK;
}
