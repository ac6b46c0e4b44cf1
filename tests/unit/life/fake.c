/* See the header. */
#include "support.h" /* before whatever defines fail() */

#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"
#include "core/grants.h"
#include "fake.h"

struct fake_answer {
    struct fake_answer *next;
    struct loop *loop;
    struct provider_op *op;
    void (*done)(void *token);
    void *token;
};

void fake_token(struct secret *ret, const char *kind, int number)
{
    char text[40];

    secret_set(ret, text, (size_t)snprintf(text, sizeof(text), "%s-%d", kind, number));
}

static int is_token(const struct secret *s, const char *kind, int number)
{
    SECRET_AUTO struct secret expected = {0};

    fake_token(&expected, kind, number);
    return str_eq(secret_expose(s), secret_expose(&expected));
}

/* --- the token endpoint ----------------------------------------------------------------------- */

static enum err refuse(struct provider_op *op, enum provider_meaning meaning, enum err e)
{
    op->refresh.meaning = meaning;
    return fail(&op->fault, e, "the fake says no");
}

static enum err rotate(struct fake *k, struct provider_op *op)
{
    k->number++;
    if (k->token_endpoint == FAKE_ROTATES) {
        k->refresh_number = k->number;
        fake_token(&op->refresh.tokens.refresh, "refresh", k->number);
    }
    fake_token(&op->refresh.tokens.access, "access", k->number);
    op->refresh.tokens.expires_in_s = 3600;
    op->refresh.meaning = MEANING_OK;
    return ERR_OK;
}

static enum err answer_refresh(struct fake *k, struct provider_op *op)
{
    struct provider_refresh *r = &op->refresh;

    switch (k->token_endpoint) {
    case FAKE_ROTATES:
    case FAKE_KEEPS:
        break;
    case FAKE_DEAD_GRANT:
        return refuse(op, MEANING_REFUSED_TOKEN, ERR_CREDENTIAL_REFUSED);
    case FAKE_WRONG_CLIENT:
        return refuse(op, MEANING_CLIENT_REFUSED, ERR_CLIENT_REFUSED);
    case FAKE_DOWN:
        return refuse(op, MEANING_PROVIDER_ERROR, ERR_UPSTREAM_TIMEOUT);
    }
    if (!is_token(&r->refresh, "refresh", k->refresh_number) ||
        !str_eq(r->client.client_id, STR("client-1")) ||
        !str_eq(secret_expose(&r->client.client_secret), STR("s3cret")))
        k->wrong++;
    return rotate(k, op);
}

static void deliver(void *arg)
{
    struct fake_answer *a = arg;
    void (*done)(void *token) = a->done;
    void *token = a->token;

    mem_free(a);
    done(token);
}

/* --- the API ---------------------------------------------------------------------------------- */

static void compare_with_file(struct fake *k, const struct secret *shown)
{
    SECRET_AUTO struct secret on_file = {0};
    struct arena *a = arena_new(1 << 20);
    struct fault f;
    struct grant_row row;
    struct work w = {.arena = a, .fault = &f, .db = k->db, .services = k->services};

    if (grant_access(&w, k->grant, &on_file, &row) != ERR_OK ||
        !str_eq(secret_expose(&on_file), secret_expose(shown)))
        k->uncommitted++;
    arena_free(a);
}

static void answer_test(struct provider_test *t, struct provider_op *op, enum provider_meaning m)
{
    t->meaning = m;
    t->stage = m == MEANING_OK ? STAGE_DONE : STAGE_TOKEN;
    op->err = m == MEANING_OK ? ERR_OK : fail(&op->fault, ERR_CREDENTIAL_REFUSED, "");
}

/* The status of the gateway's odd answers; 0: the token decides. */
static int odd_status(const struct fake *k, const struct secret *shown)
{
    if (k->api == FAKE_MISSING_EVER)
        return 404;
    if (!is_token(shown, "access", 1))
        return 0;
    return k->api == FAKE_FORBIDDEN ? 403 : k->api == FAKE_MISSING ? 404 : 0;
}

static int judges(enum fake_api api)
{
    return api == FAKE_JUDGES || api == FAKE_FORBIDDEN || api == FAKE_MISSING;
}

static void answer_call(struct fake *k, struct provider_op *op)
{
    struct provider_request *r = &op->request;
    const struct secret *shown =
        op->kind == PROVIDER_TEST ? &op->test.target.secret : &r->target.secret;
    int odd = odd_status(k, shown);
    int fits = judges(k->api) && is_token(shown, "access", k->number);
    enum provider_meaning meaning = odd == 403                   ? MEANING_FORBIDDEN
                                    : odd == 404                 ? MEANING_NOT_FOUND
                                    : fits                       ? MEANING_OK
                                    : k->api == FAKE_LACKS_SCOPE ? MEANING_SCOPE_MISSING
                                                                 : MEANING_REFUSED_TOKEN;
    k->calls++;
    compare_with_file(k, shown);
    (void)usleep((useconds_t)k->slow_ms * 1000);
    if (op->kind == PROVIDER_TEST) {
        answer_test(&op->test, op, meaning);
        return;
    }
    op->err = ERR_OK;
    r->status = odd ? odd : fits || k->api == FAKE_STRANGER ? 200 : 401;
    r->meaning = meaning;
    r->reply_body = STR("{}");
    r->sentence = fits ? (str){NULL, 0} : STR("no");
}

static void begin(void *self, struct loop *loop, struct provider_op *op, void (*done)(void *token),
                  void *token)
{
    struct fake *k = self;
    struct fake_answer *a = mem_new(struct fake_answer);
    int holds;

    *a = (struct fake_answer){.loop = loop, .op = op, .done = done, .token = token};
    must(pthread_mutex_lock(&k->mutex) == 0);
    holds = op->kind == PROVIDER_REFRESH && k->hold;
    if (op->kind == PROVIDER_REFRESH) {
        k->refreshes++;
        op->err = answer_refresh(k, op);
    } else {
        answer_call(k, op);
    }
    if (holds) {
        a->next = k->held;
        k->held = a;
    }
    must(pthread_mutex_unlock(&k->mutex) == 0);
    if (!holds)
        loop_post(loop, deliver, a);
}

/* --- the test's side -------------------------------------------------------------------------- */

void fake_release(struct fake *k)
{
    struct fake_answer *a, *next;

    must(pthread_mutex_lock(&k->mutex) == 0);
    a = k->held;
    k->held = NULL;
    k->hold = 0;
    must(pthread_mutex_unlock(&k->mutex) == 0);
    for (; a; a = next) {
        next = a->next;
        loop_post(a->loop, deliver, a);
    }
}

void fake_wait_asked(struct fake *k, int refreshes)
{
    for (int i = 0; i < 2000; i++) {
        must(pthread_mutex_lock(&k->mutex) == 0);
        int seen = k->refreshes;
        must(pthread_mutex_unlock(&k->mutex) == 0);
        if (seen >= refreshes)
            return;
        (void)usleep(5000);
    }
    fail_msg("the provider was not asked to refresh");
}

void fake_open(struct fake *k, struct services *services, struct db *db)
{
    *k = (struct fake){.services = services, .db = db, .number = 1, .refresh_number = 1};
    must(pthread_mutex_init(&k->mutex, NULL) == 0);
    k->provider = (struct provider){.self = k,
                                    .auth_origin = STR("https://auth.example"),
                                    .gateway = STR("https://api.example/ex/jira"),
                                    .begin = begin};
    services->provider = &k->provider;
}

void fake_close(struct fake *k)
{
    must(k->held == NULL);
    must(pthread_mutex_destroy(&k->mutex) == 0);
    db_close(k->db);
}
