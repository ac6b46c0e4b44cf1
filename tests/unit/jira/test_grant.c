/* OAuth 2.0 through jira/provider.h, against a server that plays Atlassian's authorization server
 * and its gateway. What it answers is decided by a name that goes from the code or refresh token
 * ("code-NAME", "rt-NAME") into the tokens it gives out ("at-NAME", "rt2-NAME").
 *
 * Linked with --wrap=mmap64 and munmap: secrets have mappings of their own, which must all go, and
 * be empty when they do.
 */
#include "support.h"

#include <semaphore.h>
#include <stdio.h>
#include <sys/mman.h>

#include "../upstream/server.h"
#include "base/doc.h"
#include "jira/provider.h"

#define ACME_ID "1d1f4c5e-7a52-4d0e-9b5b-2c8f6a3e9d70"
#define BETA_ID "2d1f4c5e-7a52-4d0e-9b5b-2c8f6a3e9d70"
#define WIKI_ID "3d1f4c5e-7a52-4d0e-9b5b-2c8f6a3e9d70"
#define SCOPES "read:jira-work read:jira-user"

static _Atomic int mapped;       /* secrets that there are */
static _Atomic int munmap_dirty; /* mappings that went with bytes in them */

void *__real_mmap64(void *p, size_t n, int protection, int flags, int fd, off_t at);
void *__wrap_mmap64(void *p, size_t n, int protection, int flags, int fd, off_t at);

void *__wrap_mmap64(void *p, size_t n, int protection, int flags, int fd, off_t at)
{
    mapped++;
    return __real_mmap64(p, n, protection, flags, fd, at);
}

int __real_munmap(void *p, size_t n);
int __wrap_munmap(void *p, size_t n);

int __wrap_munmap(void *p, size_t n)
{
    const unsigned char *bytes = p;

    mapped--;
    for (size_t i = 0; i < n; i++) {
        if (bytes[i]) {
            munmap_dirty++;
            break;
        }
    }
    return __real_munmap(p, n);
}

/* --- the server ------------------------------------------------------------------------------- */

/* What follows `mark` up to a quote, a space or the end of the line. */
static const char *name_after(const char *text, const char *mark, char name[32])
{
    const char *at = text ? strstr(text, mark) : NULL;
    size_t n = at ? strcspn(at + strlen(mark), "\" \r\n") : 0;

    name[0] = '\0';
    if (at && n < 32) {
        memcpy(name, at + strlen(mark), n);
        name[n] = '\0';
    }
    return name;
}

static void give_tokens(struct server_request *r, const char *name)
{
    const char *scopes = strcmp(name, "narrow") ? SCOPES : "read:jira-work";
    char body[512];

    (void)snprintf(body, sizeof(body),
                   "{\"access_token\":\"at-%s\",%s%s%s\"expires_in\":3600,\"scope\":\"%s\","
                   "\"token_type\":\"Bearer\"}",
                   name, strcmp(name, "kept") ? "\"refresh_token\":\"rt2-" : "",
                   strcmp(name, "kept") ? name : "", strcmp(name, "kept") ? "\"," : "", scopes);
    server_reply(r, 200, "application/json", "", body);
}

static int play_token(struct server_request *r)
{
    char name[32];

    if (strcmp(r->method, "POST") || server_has(r, "\r\nAuthorization:") ||
        !server_has(r, "Content-Type: application/json")) {
        server_reply(r, 500, "text/plain", "", "not a token call");
        return 1;
    }
    if (!strstr(r->body, "\"client_secret\":\"canary-secret\"")) {
        server_reply(r, 401, "application/json", "",
                     "{\"error\":\"access_denied\",\"error_description\":\"Unauthorized\"}");
        return 1;
    }
    if (strstr(r->body, "\"grant_type\":\"refresh_token\""))
        name_after(r->body, "\"refresh_token\":\"rt-", name);
    else if (strstr(r->body, "\"code_verifier\":\"canary-verifier\""))
        name_after(r->body, "\"code\":\"code-", name);
    else
        name[0] = '\0';
    if (!strcmp(name, "cut"))
        return 0;
    if (!strcmp(name, "hang")) {
        server_wait(r, 60000);
        return 0;
    }
    if (!strcmp(name, "slow"))
        server_wait(r, 2500); /* more than any other call has */
    if (!strcmp(name, "revoked"))
        server_reply(r, 403, "application/json", "",
                     "{\"error\":\"unauthorized_client\",\"error_description\":\"refresh_token is "
                     "invalid\"}");
    else if (name[0])
        give_tokens(r, name);
    else
        server_reply(r, 400, "application/json", "",
                     "{\"error\":\"invalid_request\",\"error_description\":\"authorization_code is "
                     "invalid\"}");
    return 1;
}

static void list_sites(struct server_request *r, int acme, int beta, int wiki)
{
    int port = server_port(r->server);
    char body[1024];
    size_t n = 1;

    body[0] = '[';
    if (wiki)
        n += (size_t)snprintf(body + n, sizeof(body) - n,
                              "{\"id\":\"" WIKI_ID "\",\"name\":\"wiki\",\"url\":\"http://"
                              "wiki.localhost:%d\",\"scopes\":[\"search:confluence\"]},",
                              port);
    if (beta)
        n += (size_t)snprintf(body + n, sizeof(body) - n,
                              "{\"id\":\"" BETA_ID "\",\"name\":\"beta\",\"url\":\"http://"
                              "beta.localhost:%d\",\"scopes\":[\"read:jira-work\"]},",
                              port);
    if (acme)
        n += (size_t)snprintf(body + n, sizeof(body) - n,
                              "{\"id\":\"" ACME_ID "\",\"name\":\"acme\",\"url\":\"http://"
                              "acme.localhost:%d\",\"scopes\":[\"read:jira-work\"]},",
                              port);
    body[n > 1 ? n - 1 : n] = ']';
    body[n > 1 ? n : n + 1] = '\0';
    server_reply(r, 200, "application/json", "", body);
}

static int play_resources(struct server_request *r, const char *name)
{
    if (!strncmp(name, "several", 7))
        list_sites(r, 1, 1, 1);
    else if (!strcmp(name, "none"))
        list_sites(r, 0, 0, 0);
    else if (!strcmp(name, "wiki"))
        list_sites(r, 0, 0, 1);
    else if (!strcmp(name, "dead"))
        server_reply(r, 401, "application/json", "", "{\"code\":401,\"message\":\"Unauthorized\"}");
    else if (!strcmp(name, "barred"))
        server_reply(r, 403, "application/json", "", "{\"code\":403,\"message\":\"Forbidden\"}");
    else if (!strcmp(name, "html"))
        server_reply(r, 200, "text/html", "", "<html>");
    else if (!strcmp(name, "object"))
        server_reply(r, 200, "application/json", "", "{\"values\":[]}");
    else if (!strcmp(name, "ill"))
        server_reply(r, 503, "text/html", "", "<html>");
    else if (!strcmp(name, "lost"))
        server_wait(r, 60000);
    else
        list_sites(r, 1, 0, 1);
    return strcmp(name, "lost") != 0;
}

static int play_myself(struct server_request *r, const char *name)
{
    if (!strncmp(name, "several-", 8))
        name += 8;
    if (!strcmp(name, "hang"))
        server_wait(r, 60000);
    else if (!strcmp(name, "unlicensed"))
        server_reply(r, 403, "text/html", "", "<html>");
    else if (!strcmp(name, "userless"))
        server_reply(r, 401, "application/json", "",
                     "{\"code\":401,\"message\":\"Unauthorized; scope does not match\"}");
    else if (!strcmp(name, "nobody"))
        server_reply(r, 200, "application/json", "", "{\"displayName\":\"Somebody\"}");
    else if (!strcmp(name, "gone"))
        server_reply(r, 404, "text/html", "", "<html>");
    else if (!strcmp(name, "limited"))
        server_reply(r, 429, "application/json", "Retry-After: 9\r\n", "{}");
    else if (!strcmp(name, "expired"))
        server_reply(r, 401, "application/json", "", "{\"code\":401,\"message\":\"Unauthorized\"}");
    else if (!strcmp(name, "hidden"))
        server_reply(r, 200, "application/json", "",
                     "{\"accountId\":\"5b10\",\"displayName\":\"Anna\",\"emailAddress\":\"\"}");
    else
        server_reply(r, 200, "application/json", "",
                     "{\"accountId\":\"5b10\",\"displayName\":\"Anna\",\"emailAddress\":"
                     "\"anna@acme.example\"}");
    return strcmp(name, "hang") != 0;
}

static int answer(struct server_request *r)
{
    char name[32];

    if (!strcmp(r->target, "/as/oauth/token"))
        return play_token(r);
    if (!*name_after(r->head, "\r\nAuthorization: Bearer at-", name))
        server_reply(r, 401, "application/json", "", "no token of ours");
    else if (!strcmp(r->target, "/gw/oauth/token/accessible-resources"))
        return play_resources(r, name);
    else if (!strcmp(r->target, "/gw/ex/jira/" ACME_ID "/rest/api/3/myself"))
        return play_myself(r, name);
    else if (!strcmp(r->target, "/gw/ex/jira/" BETA_ID "/rest/api/3/myself"))
        return play_myself(r, strcmp(name, "several-unlicensed") ? name : "one");
    else if (!strcmp(r->target, "/gw/ex/jira/" ACME_ID "/rest/api/3/issue/A-1"))
        server_reply(r, 200, "application/json", "", r->head);
    else
        server_reply(r, 500, "text/plain", "", "nobody asks for this");
    return 1;
}

/* --- running one operation -------------------------------------------------------------------- */

struct fixture {
    struct server *server;
    struct loops *loops;
    struct provider provider;
    struct arena *arena;
    struct provider_op *op;
    sem_t done;
    char acme[64];
    char origin[64];
};

static int set_up(void **state)
{
    struct fixture *x = test_calloc(1, sizeof(*x));
    char allow[64];
    char auth[64];
    char api[80];
    int port;

    x->server = server_start(answer, NULL);
    port = server_port(x->server);
    (void)snprintf(allow, sizeof(allow), "http://*.localhost:%d", port);
    (void)snprintf(auth, sizeof(auth), "http://127.0.0.1:%d/as", port);
    (void)snprintf(x->acme, sizeof(x->acme), "http://acme.localhost:%d", port);
    (void)snprintf(x->origin, sizeof(x->origin), "http://127.0.0.1:%d", port);
    (void)snprintf(api, sizeof(api), "%s/gw", x->origin);
    struct settings s = {
        .allow_hosts = str_from(allow),
        .atlassian_api_url = str_from(api),
        .atlassian_auth_url = str_from(auth),
        .atlassian_sites = STR("localhost"),
        .upstream_timeout = STR("2"),
    };
    x->loops = loops_start(1);
    assert_int_equal(jira_provider_new(NULL, &s, x->loops, &x->provider), ERR_OK);
    x->arena = arena_new((size_t)64 << 20);
    assert_int_equal(sem_init(&x->done, 0, 0), 0);
    mapped = 0;
    munmap_dirty = 0;
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;

    jira_provider_free(&x->provider);
    loops_stop(x->loops);
    server_stop(x->server);
    arena_free(x->arena);
    (void)sem_destroy(&x->done);
    test_free(x);
    return munmap_dirty || mapped;
}

static void on_done(void *token)
{
    struct fixture *x = token;
    (void)sem_post(&x->done);
}

static void begin(void *arg)
{
    struct fixture *x = arg;
    int value = -1;

    x->provider.begin(x->provider.self, loops_at(x->loops, 0), x->op, on_done, x);
    (void)sem_getvalue(&x->done, &value);
    assert_int_equal(value, 0); /* never from within begin() */
}

static struct provider_op *new_op(struct fixture *x, enum provider_kind kind)
{
    x->op = arena_new_of(x->arena, struct provider_op);
    x->op->arena = x->arena;
    x->op->kind = kind;
    return x->op;
}

static void run(struct fixture *x)
{
    loop_post(loops_at(x->loops, 0), begin, x);
    while (sem_wait(&x->done) != 0)
        continue;
}

static void set_secret(struct secret *s, const char *start, const char *name)
{
    char text[64];
    int n = snprintf(text, sizeof(text), "%s%s", start, name);

    secret_set(s, text, (size_t)n);
}

static struct provider_client client_of(const char *secret)
{
    struct provider_client c = {
        .client_id = STR("client-1"),
        .redirect_uri = STR("http://localhost:8080/oauth/callback"),
        .scopes = STR(SCOPES),
    };

    set_secret(&c.client_secret, secret, "");
    return c;
}

static void prepare_exchange(struct fixture *x, const char *name, const char *site_url)
{
    struct provider_exchange *e = &new_op(x, PROVIDER_EXCHANGE)->exchange;

    e->send_until_ms = INT64_MAX;

    e->client = client_of("canary-secret");
    e->site_url = str_from(site_url);
    set_secret(&e->code, "code-", name);
    set_secret(&e->verifier, "canary-verifier", "");
}

static void wipe_exchange(struct provider_exchange *e)
{
    secret_wipe(&e->client.client_secret);
    secret_wipe(&e->code);
    secret_wipe(&e->verifier);
    secret_wipe(&e->tokens.access);
    secret_wipe(&e->tokens.refresh);
}

static struct provider_exchange *exchange(struct fixture *x, const char *name, const char *site_url)
{
    prepare_exchange(x, name, site_url);
    run(x);
    return &x->op->exchange;
}

/* The outcome, its sentence, and that this tells no secret. */
static void expect(const struct fixture *x, const char *name, enum provider_meaning meaning,
                   enum err e, enum provider_meaning expected, const char *words)
{
    static const char *const secrets[] = {"canary", "at-", "rt-", "rt2-", "code-"};
    const struct provider_op *op = x->op;

    if (op->err != e || meaning != expected)
        fail_msg("%s: %s, meaning %d: %s", name, op->err ? err_name(op->err) : "OK", meaning,
                 op->err ? fault_text(&op->fault) : "");
    if (e == ERR_OK)
        return;
    if (strstr(fault_text(&op->fault), words) == NULL)
        fail_msg("%s: \"%s\" lacks \"%s\"", name, fault_text(&op->fault), words);
    for (size_t i = 0; i < COUNT_OF(secrets); i++) {
        assert_null(strstr(op->fault.message, secrets[i]));
        assert_null(strstr(op->fault.detail, secrets[i]));
    }
}

/* --- client check ----------------------------------------------------------------------------- */

static void check_client(struct fixture *x, const char *secret, enum err e,
                         enum provider_meaning meaning, const char *words)
{
    struct provider_client_check *c = &new_op(x, PROVIDER_CLIENT_CHECK)->client_check;

    c->client = client_of(secret);
    run(x);
    expect(x, secret, c->meaning, e, meaning, words);
    secret_wipe(&c->client.client_secret);
}

static void test_client_check(void **state)
{
    struct fixture *x = *state;

    check_client(x, "canary-secret", ERR_OK, MEANING_OK, "");
    check_client(x, "canary-old", ERR_CLIENT_REFUSED, MEANING_CLIENT_REFUSED, "developer console");
    assert_int_equal(server_count(x->server, "/as/oauth/token"), 2);
    check_client(x, "\xff", ERR_CLIENT_REFUSED, MEANING_CLIENT_REFUSED, "");
    assert_int_equal(server_count(x->server, "/"), 2);
}

/* --- exchange --------------------------------------------------------------------------------- */

static void test_exchange_one_site(void **state)
{
    struct fixture *x = *state;
    struct provider_exchange *e = exchange(x, "one", "");

    expect(x, "one", e->meaning, ERR_OK, MEANING_OK, "");
    assert_str(secret_expose(&e->tokens.access), "at-one");
    assert_str(secret_expose(&e->tokens.refresh), "rt2-one");
    assert_int_equal(e->tokens.expires_in_s, 3600);
    assert_str(e->tokens.scopes, SCOPES);
    assert_int_equal(e->site_count, 1); /* the wiki has no Jira */
    assert_str(e->sites[0].id, ACME_ID);
    assert_str(e->identity.account_id, "5b10");
    assert_str(e->identity.account_name, "Anna");
    assert_str(e->identity.site_id, ACME_ID);
    assert_str(e->identity.site_url, x->acme);
    assert_str(e->identity.site_name, "acme");
    assert_str(e->email, "anna@acme.example");
    assert_str(e->origin, x->origin);
    assert_str(e->base_path, "/gw/ex/jira/" ACME_ID);
    wipe_exchange(e);
    e = exchange(x, "hidden", "");
    assert_int_equal(x->op->err, ERR_OK);
    assert_str(e->email, "");
    wipe_exchange(e);
}

static void test_exchange_several_sites(void **state)
{
    struct fixture *x = *state;
    struct provider_exchange *e = exchange(x, "several", "");

    expect(x, "several", e->meaning, ERR_OK, MEANING_OK, "");
    assert_int_equal(e->site_count, 2);
    assert_str(e->sites[0].name, "acme");
    assert_str(e->sites[1].name, "beta");
    assert_null(e->identity.account_id.p);
    assert_str(e->account_id, "5b10");
    assert_true(secret_is_set(&e->tokens.access));
    assert_int_equal(server_count(x->server, "/gw/ex/"), 1);
    wipe_exchange(e);
    /* a connection for one of them only */
    e = exchange(x, "several", x->acme);
    assert_int_equal(x->op->err, ERR_OK);
    assert_int_equal(e->site_count, 1);
    assert_str(e->identity.site_id, ACME_ID);
    assert_str(e->identity.account_id, "5b10");
    wipe_exchange(e);
}

/* Whose it is is asked of another site when one does not tell, and is not needed to go on. */
static void test_exchange_whose(void **state)
{
    static const struct {
        const char *name;
        const char *site; /* label of the wanted site */
        const char *account;
        int asked;
    } rows[] = {
        {"one", NULL, "5b10", 1},
        {"several-unlicensed", NULL, "5b10", 2},
        {"several-expired", NULL, "", 2},
        {"several-hang", NULL, "", 1},
        {"several", "zeta", "5b10", 1},
        {"unlicensed", NULL, "", 1},
        {"none", NULL, "", 0},
        {"narrow", NULL, "5b10", 1}, /* refused: it lacks a scope */
        {"several-limited", NULL, "", 1},
    };
    struct fixture *x = *state;
    char site[64];
    int asked = 0;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct provider_exchange *e;
        (void)snprintf(site, sizeof(site), "http://%s.localhost:%d",
                       rows[i].site ? rows[i].site : "", server_port(x->server));
        e = exchange(x, rows[i].name, rows[i].site ? site : "");
        assert_str(e->account_id.p ? e->account_id : STR(""), rows[i].account);
        assert_int_not_equal(e->spent, SPENT_NO);
        asked += rows[i].asked;
        assert_int_equal(server_count(x->server, "/gw/ex/"), asked);
        wipe_exchange(e);
    }
}

/* Whether tokens may have been given. */
static void test_exchange_spent(void **state)
{
    static const struct {
        const char *name;
        enum provider_spent spent;
    } rows[] = {
        {"", SPENT_NO},
        {"narrow", SPENT_UNKNOWN},
        {"cut", SPENT_UNKNOWN},
        {"wiki", SPENT_YES},
    };
    struct fixture *x = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct provider_exchange *e = exchange(x, rows[i].name, "");
        assert_int_equal(e->spent, rows[i].spent);
        wipe_exchange(e);
    }
}

static void test_a_code_is_not_sent_too_late(void **state)
{
    struct fixture *x = *state;

    prepare_exchange(x, "one", "");
    x->op->exchange.send_until_ms = 1;
    run(x);
    expect(x, "one", x->op->exchange.meaning, ERR_CODE_REFUSED, MEANING_CODE_REFUSED, "connect");
    assert_int_equal(x->op->exchange.spent, SPENT_NO);
    assert_int_equal(server_count(x->server, "/"), 0);
    wipe_exchange(&x->op->exchange);
}

static void test_exchange_failures(void **state)
{
    static const struct {
        const char *name;
        const char *site; /* label of the wanted site */
        enum err err;
        enum provider_meaning meaning;
        const char *words;
    } rows[] = {
        {"", NULL, ERR_CODE_REFUSED, MEANING_CODE_REFUSED, "connect again"},
        {"narrow", NULL, ERR_SCOPE_MISSING, MEANING_SCOPE_MISSING, "read:jira-user"},
        {"kept", NULL, ERR_SCOPE_MISSING, MEANING_SCOPE_MISSING, "offline_access"},
        {"none", NULL, ERR_NO_SITE, MEANING_NO_SITE, "no Jira site"},
        {"wiki", NULL, ERR_NO_SITE, MEANING_NO_SITE, "but not to Jira there"},
        {"none", "acme", ERR_NO_SITE, MEANING_NO_SITE, "this connection is for http://acme."},
        {"several", "wiki", ERR_NO_SITE, MEANING_NO_SITE, "but not to Jira there"},
        {"several", "zeta", ERR_NO_SITE, MEANING_NO_SITE, "but this connection is for http://zeta"},
        {"several", "zeta", ERR_NO_SITE, MEANING_NO_SITE, "gave access to http://acme."},
        {"dead", NULL, ERR_NEEDS_RECONNECT, MEANING_REFUSED_TOKEN, "Nothing was connected"},
        {"barred", NULL, ERR_CREDENTIAL_REFUSED, MEANING_FORBIDDEN, "which sites"},
        {"html", NULL, ERR_UPSTREAM_NOT_JIRA, MEANING_NOT_PROVIDER, "A web page"},
        {"object", NULL, ERR_UPSTREAM_NOT_JIRA, MEANING_NOT_PROVIDER, "which sites"},
        {"ill", NULL, ERR_UPSTREAM_UNREACHABLE, MEANING_PROVIDER_ERROR, "(503)"},
        {"lost", NULL, ERR_UPSTREAM_TIMEOUT, MEANING_PROVIDER_ERROR, "within 2 seconds"},
        {"unlicensed", NULL, ERR_CREDENTIAL_REFUSED, MEANING_FORBIDDEN, "may not use Jira on http"},
        {"userless", NULL, ERR_SCOPE_MISSING, MEANING_SCOPE_MISSING, "read:jira-user"},
        {"nobody", NULL, ERR_UPSTREAM_NOT_JIRA, MEANING_NOT_PROVIDER, "whose authorisation"},
        {"gone", NULL, ERR_UPSTREAM_NOT_JIRA, MEANING_NOT_PROVIDER, "A web page"},
        {"limited", NULL, ERR_RATE_LIMITED, MEANING_RATE_LIMITED, "9 seconds"},
        {"expired", NULL, ERR_NEEDS_RECONNECT, MEANING_REFUSED_TOKEN, "Nothing was connected"},
    };
    struct fixture *x = *state;
    char site[64];

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct provider_exchange *e;
        (void)snprintf(site, sizeof(site), "http://%s.localhost:%d",
                       rows[i].site ? rows[i].site : "", server_port(x->server));
        e = exchange(x, rows[i].name, rows[i].site ? site : "");
        expect(x, rows[i].name, e->meaning, rows[i].err, rows[i].meaning, rows[i].words);
        assert_false(secret_is_set(&e->tokens.access));
        assert_false(secret_is_set(&e->tokens.refresh));
        assert_null(e->identity.account_id.p);
        assert_int_equal(e->site_count, 0);
        wipe_exchange(e);
    }
}

/* The code may be spent: it is not sent a second time. */
static void test_a_token_call_is_sent_once(void **state)
{
    struct fixture *x = *state;
    struct provider_exchange *e = exchange(x, "cut", "");

    expect(x, "cut", e->meaning, ERR_UPSTREAM_INTERRUPTED, MEANING_PROVIDER_ERROR,
           "Nothing was connected");
    assert_int_equal(server_count(x->server, "/as/oauth/token"), 1);
    wipe_exchange(e);
}

/* Longer than the setting: the token endpoint is given more time, the steps after it their own. */
static void test_a_slow_token_endpoint(void **state)
{
    struct fixture *x = *state;
    struct provider_exchange *e = exchange(x, "slow", "");

    expect(x, "slow", e->meaning, ERR_OK, MEANING_OK, "");
    assert_str(e->identity.account_id, "5b10");
    wipe_exchange(e);
}

static void test_stopping(void **state)
{
    struct fixture *x = *state;

    prepare_exchange(x, "hang", "");
    loop_post(loops_at(x->loops, 0), begin, x);
    while (server_count(x->server, "/as/oauth/token") == 0)
        (void)usleep(1000);
    jira_provider_free(&x->provider);
    while (sem_wait(&x->done) != 0)
        continue;
    expect(x, "hang", x->op->exchange.meaning, ERR_OVERLOADED, MEANING_PROVIDER_ERROR, "stopped");
    wipe_exchange(&x->op->exchange);
}

/* --- identify --------------------------------------------------------------------------------- */

static struct provider_identify *identify(struct fixture *x, const char *name, const char *id)
{
    struct provider_identify *i = &new_op(x, PROVIDER_IDENTIFY)->identify;

    set_secret(&i->access, "at-", name);
    i->site = (struct provider_site){str_from(id), str_from(x->acme), STR("Acme Inc")};
    run(x);
    secret_wipe(&i->access);
    return i;
}

static void test_identify(void **state)
{
    struct fixture *x = *state;
    struct provider_identify *i = identify(x, "several", ACME_ID);

    expect(x, "several", i->meaning, ERR_OK, MEANING_OK, "");
    assert_str(i->identity.account_id, "5b10");
    assert_str(i->identity.site_name, "Acme Inc");
    assert_str(i->identity.site_url, x->acme);
    assert_str(i->email, "anna@acme.example");
    assert_str(i->origin, x->origin);
    assert_str(i->base_path, "/gw/ex/jira/" ACME_ID);
    i = identify(x, "unlicensed", ACME_ID);
    expect(x, "unlicensed", i->meaning, ERR_CREDENTIAL_REFUSED, MEANING_FORBIDDEN, "may not use");
    assert_null(i->identity.account_id.p);
    i = identify(x, "expired", ACME_ID);
    expect(x, "expired", i->meaning, ERR_NEEDS_RECONNECT, MEANING_REFUSED_TOKEN, "connect again");
    assert_int_equal(server_count(x->server, "/gw/ex/"), 3);
    i = identify(x, "one", ACME_ID "/../x");
    expect(x, "no id", i->meaning, ERR_BASE_URL_REFUSED, MEANING_INVALID, "Nothing was sent");
    assert_int_equal(server_count(x->server, "/"), 3);
}

/* --- refresh ---------------------------------------------------------------------------------- */

static struct provider_refresh *refresh(struct fixture *x, const char *name, const char *secret)
{
    struct provider_refresh *r = &new_op(x, PROVIDER_REFRESH)->refresh;

    r->client = client_of(secret);
    set_secret(&r->refresh, "rt-", name);
    run(x);
    secret_wipe(&r->client.client_secret);
    secret_wipe(&r->refresh);
    return r;
}

static void test_refresh(void **state)
{
    struct fixture *x = *state;
    struct provider_refresh *r = refresh(x, "one", "canary-secret");

    expect(x, "one", r->meaning, ERR_OK, MEANING_OK, "");
    assert_str(secret_expose(&r->tokens.access), "at-one");
    assert_str(secret_expose(&r->tokens.refresh), "rt2-one");
    secret_wipe(&r->tokens.access);
    secret_wipe(&r->tokens.refresh);
    r = refresh(x, "kept", "canary-secret"); /* the old refresh token stays */
    expect(x, "kept", r->meaning, ERR_OK, MEANING_OK, "");
    assert_str(secret_expose(&r->tokens.access), "at-kept");
    assert_false(secret_is_set(&r->tokens.refresh));
    secret_wipe(&r->tokens.access);
    r = refresh(x, "narrow", "canary-secret"); /* fewer scopes: kept all the same */
    expect(x, "narrow", r->meaning, ERR_OK, MEANING_OK, "");
    assert_str(r->tokens.scopes, "read:jira-work");
    secret_wipe(&r->tokens.access);
    secret_wipe(&r->tokens.refresh);
    assert_int_equal(server_count(x->server, "/gw/"), 0);
}

static void test_refresh_failures(void **state)
{
    struct fixture *x = *state;
    struct provider_refresh *r = refresh(x, "revoked", "canary-secret");

    expect(x, "revoked", r->meaning, ERR_NEEDS_RECONNECT, MEANING_REFUSED_TOKEN, "Reconnect");
    assert_false(secret_is_set(&r->tokens.access));
    r = refresh(x, "one", "canary-old");
    expect(x, "one", r->meaning, ERR_CLIENT_REFUSED, MEANING_CLIENT_REFUSED, "workspace admin");
    assert_int_equal(server_count(x->server, "/as/oauth/token"), 2);
    r = refresh(x, "cut", "canary-secret");
    expect(x, "cut", r->meaning, ERR_UPSTREAM_INTERRUPTED, MEANING_PROVIDER_ERROR, "Try again");
    assert_int_equal(server_count(x->server, "/as/oauth/token"), 3);
    server_stop(x->server);
    x->server = server_start(answer, NULL); /* on another port */
    r = refresh(x, "one", "canary-secret");
    expect(x, "one", r->meaning, ERR_UPSTREAM_UNREACHABLE, MEANING_PROVIDER_ERROR, "127.0.0.1");
    expect(x, "one", r->meaning, ERR_UPSTREAM_UNREACHABLE, MEANING_PROVIDER_ERROR,
           "Nothing was "
           "sent");
}

/* --- test and request with an access token ---------------------------------------------------- */

static struct provider_test *test_token(struct fixture *x, const char *name, const char *id)
{
    struct provider_test *t = &new_op(x, PROVIDER_TEST)->test;

    t->target.auth = PROVIDER_BEARER;
    t->target.origin = str_from(x->origin);
    t->target.base_path = arena_printf(x->arena, "/gw/ex/jira/%s", id);
    set_secret(&t->target.secret, "at-", name);
    t->site_id = str_from(id);
    t->site_url = STR("http://before.localhost");
    run(x);
    secret_wipe(&t->target.secret);
    return t;
}

static void test_testing(void **state)
{
    static const struct {
        const char *name;
        const char *id;
        enum err err;
        enum provider_meaning meaning;
        enum provider_stage stage;
        const char *words;
    } rows[] = {
        {"dead", ACME_ID, ERR_NEEDS_RECONNECT, MEANING_REFUSED_TOKEN, STAGE_TOKEN, "Reconnect"},
        {"expired", ACME_ID, ERR_NEEDS_RECONNECT, MEANING_REFUSED_TOKEN, STAGE_TOKEN, "Reconnect"},
        {"one", BETA_ID, ERR_NEEDS_RECONNECT, MEANING_NO_SITE, STAGE_SITE,
         "no longer covers http://before.localhost"},
        {"one", WIKI_ID, ERR_NEEDS_RECONNECT, MEANING_NO_SITE, STAGE_SITE, "no longer Jira there"},
        {"ill", ACME_ID, ERR_UPSTREAM_UNREACHABLE, MEANING_PROVIDER_ERROR, STAGE_SITE, "(503)"},
        {"lost", ACME_ID, ERR_UPSTREAM_TIMEOUT, MEANING_PROVIDER_ERROR, STAGE_TOKEN, "Try again"},
        {"unlicensed", ACME_ID, ERR_CREDENTIAL_REFUSED, MEANING_FORBIDDEN, STAGE_IDENTITY,
         "may not use Jira on http://acme."},
    };
    struct fixture *x = *state;
    struct provider_test *t = test_token(x, "one", ACME_ID);

    expect(x, "one", t->meaning, ERR_OK, MEANING_OK, "");
    assert_int_equal(t->stage, STAGE_DONE);
    assert_str(t->identity.account_id, "5b10");
    assert_str(t->identity.site_url, x->acme); /* its present address */
    assert_str(t->identity.site_name, "acme");
    assert_str(t->identity.site_id, ACME_ID);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        t = test_token(x, rows[i].name, rows[i].id);
        expect(x, rows[i].name, t->meaning, rows[i].err, rows[i].meaning, rows[i].words);
        assert_int_equal(t->stage, rows[i].stage);
        assert_null(t->identity.account_id.p);
    }
}

static struct provider_request *request(struct fixture *x, const char *origin,
                                        const char *base_path)
{
    struct provider_request *r = &new_op(x, PROVIDER_REQUEST)->request;

    r->target.auth = PROVIDER_BEARER;
    r->target.origin = str_from(origin);
    r->target.base_path = str_from(base_path);
    set_secret(&r->target.secret, "at-", "canary");
    r->method = STR("GET");
    r->path = STR("/rest/api/3/issue/A-1");
    run(x);
    secret_wipe(&r->target.secret);
    return r;
}

static void test_a_request(void **state)
{
    struct fixture *x = *state;
    struct provider_request *r = request(x, x->origin, "/gw/ex/jira/" ACME_ID);

    assert_int_equal(x->op->err, ERR_OK);
    assert_int_equal(r->status, 200);
    assert_true(str_find(r->reply_body, STR("Authorization: Bearer *********")) != SIZE_MAX);
    assert_int_equal(str_find(r->reply_body, STR("canary")), SIZE_MAX);
}

/* Not to a site's own host, however good, nor anywhere else on the gateway. */
static void test_bearer_goes_to_the_gateway_only(void **state)
{
    struct fixture *x = *state;
    const struct {
        const char *origin;
        const char *base_path;
    } rows[] = {
        {x->acme, ""},
        {x->acme, "/gw/ex/jira/" ACME_ID},
        {x->origin, ""},
        {x->origin, "/ex/jira/" ACME_ID},
        {x->origin, "/gw/ex/jira/"},
        {x->origin, "/gw/ex/jira/" ACME_ID "/"},
        {x->origin, "/gw/ex/jira/../../../../../../../../xxxxxxxxxxxxx"},
        {"https://evil.example", "/gw/ex/jira/" ACME_ID},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct provider_test *t;
        (void)request(x, rows[i].origin, rows[i].base_path);
        assert_int_equal(x->op->err, ERR_BASE_URL_REFUSED);
        t = &new_op(x, PROVIDER_TEST)->test;
        t->target = (struct provider_target){.auth = PROVIDER_BEARER,
                                             .origin = str_from(rows[i].origin),
                                             .base_path = str_from(rows[i].base_path)};
        set_secret(&t->target.secret, "at-", "one");
        run(x);
        assert_int_equal(x->op->err, ERR_BASE_URL_REFUSED);
        secret_wipe(&t->target.secret);
    }
    assert_int_equal(server_count(x->server, "/"), 0);
}

static void test_addresses(void **state)
{
    struct fixture *x = *state;
    struct provider_client c = {.client_id = STR("c"), .scopes = STR("s")};
    char expected[160];
    str url = x->provider.authorize_url(x->provider.self, x->arena, &c, STR("st"), STR("ch"));

    assert_str(x->provider.auth_origin, x->origin);
    (void)snprintf(expected, sizeof(expected), "%s/gw", x->origin);
    assert_str(x->provider.gateway, expected);
    (void)snprintf(expected, sizeof(expected),
                   "%s/as/authorize?audience=api.atlassian.com&client_id=c"
                   "&scope=s%%20offline_access&",
                   x->origin);
    assert_true(str_starts(url, str_from(expected)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_client_check),
        TEST(test_exchange_one_site),
        TEST(test_exchange_several_sites),
        TEST(test_exchange_whose),
        TEST(test_exchange_spent),
        TEST(test_a_code_is_not_sent_too_late),
        TEST(test_exchange_failures),
        TEST(test_a_token_call_is_sent_once),
        TEST(test_a_slow_token_endpoint),
        TEST(test_stopping),
        TEST(test_identify),
        TEST(test_refresh),
        TEST(test_refresh_failures),
        TEST(test_testing),
        TEST(test_a_request),
        TEST(test_bearer_goes_to_the_gateway_only),
        TEST(test_addresses),
    };

    doc_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
