/* See the header. */
#include "notify/notifier.h"

#include <arpa/inet.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/settings.h"
#include "notify/courier.h"
#include "notify/watch.h"
#include "upstream/guard.h"

#define CONNECT_TIMEOUT_MS (5 * CLOCK_SECOND_MS)
#define ARENA_MAX ((size_t)1024 * 1024)

struct notify {
    struct arena *arena;
    struct allow_list *allow;
    struct upstream *upstream;
    struct mailer *mailer; /* NULL: no mail */
    str from;
    struct courier *courier; /* of webhooks */
    struct courier *postman; /* of mails */
    struct watch *watch;
};

/* --- addresses -------------------------------------------------------------------------------- */

static enum guard_kind judge_literal(str host)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } address = {0};

    address.any.sa_family = AF_INET;
    if (inet_pton(AF_INET, host.p, &address.in.sin_addr) == 1)
        return guard_judge(&address.any);
    address.any.sa_family = AF_INET6;
    if (inet_pton(AF_INET6, host.p, &address.in6.sin6_addr) == 1)
        return guard_judge(&address.any);
    return GUARD_PUBLIC; /* a name: asked again when it is resolved */
}

static enum err check_url(void *self, struct arena *a, struct fault *f, str entered, str *ret)
{
    const struct notify *n = self;
    struct upstream_url u = {0};
    str text = str_trim(entered);

    if (!upstream_url_parse(a, text, &u) || u.has_user)
        return fail(f, ERR_INVALID,
                    "Enter a whole address, like https://example.com/hooks/mortise, without a user"
                    " name in it.");
    int allowed = allow_list_has(n->allow, &u);
    if (!allowed && !str_eq(u.scheme, STR("https")))
        return fail(f, ERR_INVALID, "Webhooks are called by https only.");
    enum guard_kind kind = judge_literal(u.host);
    if (kind == GUARD_METADATA || (kind == GUARD_PRIVATE && !allowed))
        return fail(f, ERR_INVALID,
                    "This address is inside a private network. The operator can allow hosts there"
                    " with MORTISE_WEBHOOK_HOSTS.");
    *ret = text;
    return ERR_OK;
}

/* --- life ------------------------------------------------------------------------------------- */

static enum err open_http(struct notify *n, struct fault *f, const struct settings *s,
                          struct loops *loops)
{
    struct upstream_config config = {
        .ca_file = s->ca_file,
        .proxy = s->proxy,
        .user_agent = STR("Mortise/" MORTISE_VERSION),
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
    };
    enum err e =
        allow_list_parse(n->arena, f, "MORTISE_WEBHOOK_HOSTS", s->webhook_hosts, &n->allow);

    config.allow = n->allow;
    return e ? e : upstream_new(f, loops, &config, &n->upstream);
}

static enum err open_mail(struct notify *n, struct fault *f, const struct settings *s)
{
    struct mailer_config config = {s->smtp_url, s->smtp_user, s->smtp_password, s->ca_file,
                                   s->mail_from};

    n->from = s->mail_from;
    return str_empty(s->smtp_url) ? ERR_OK : mailer_new(f, &config, &n->mailer);
}

enum err notify_new(struct fault *f, const struct settings *settings, struct loops *loops,
                    struct notify **ret, struct notifier *ret_notifier)
{
    struct notify *n = mem_new(struct notify);

    n->arena = arena_new(ARENA_MAX);
    enum err e = open_http(n, f, settings, loops);
    if (!e)
        e = open_mail(n, f, settings);
    if (e) {
        notify_close(n);
        notify_free(n);
        return e;
    }
    *ret = n;
    *ret_notifier = (struct notifier){
        .self = n,
        .mail = n->mailer != NULL,
        .mail_server = settings->smtp_url,
        .mail_from = settings->mail_from,
        .check_url = check_url,
    };
    return ERR_OK;
}

void notify_start(struct notify *n, struct loops *loops, struct pool *pool, struct log *log,
                  const struct services *services)
{
    struct courier_config config = {DELIVERY_TO_WEBHOOKS, pool,      log,    services,
                                    n->upstream,          n->mailer, n->from};

    n->courier = courier_start(loops, &config);
    config.way = DELIVERY_BY_MAIL;
    n->postman = courier_start(loops, &config);
    n->watch = watch_start(loops, pool, log, services);
}

void notify_stop(struct notify *n)
{
    if (!n)
        return;
    watch_stop(n->watch);
    courier_stop(n->courier);
    courier_stop(n->postman);
    upstream_stop(n->upstream);
    if (n->mailer)
        mailer_stop(n->mailer);
}

void notify_close(struct notify *n)
{
    if (!n)
        return;
    upstream_free(n->upstream);
    mailer_free(n->mailer);
    courier_close(n->courier);
    courier_close(n->postman);
}

void notify_free(struct notify *n)
{
    if (!n)
        return;
    courier_free(n->courier);
    courier_free(n->postman);
    watch_free(n->watch);
    arena_free(n->arena);
    mem_free(n);
}
