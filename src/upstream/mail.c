/* See the header. One easy handle, used by the mailer's thread only. */
#include "upstream/mail.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/thread.h"
#include "upstream/guard.h"

#define SYSTEM_CA_FILE "/etc/ssl/certs/ca-certificates.crt"
#define CONNECT_MS 10000L
#define ADDRESS_MAX 254

struct mailer {
    char *url;
    char *user;
    char *password;
    char *ca_file;
    char *from; /* <address> */
    int plain;  /* the host is this machine: no TLS, and nothing but loopback sockets */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct mail_call *queue;
    struct mail_call **queue_end;
    atomic_int stopping;
    CURL *easy;
};

/* What is being sent. */
struct upload {
    const struct mailer *mailer;
    str rest;
    int guarded;
};

/* --- addresses -------------------------------------------------------------------------------- */

static int is_atext(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

int mail_address_valid(str address)
{
    str domain = address;
    str local = str_take_until(&domain, '@');

    if (address.n > ADDRESS_MAX || str_empty(local) || str_empty(domain))
        return 0;
    for (size_t i = 0; i < address.n; i++)
        if (i != local.n && !is_atext(address.p[i]))
            return 0;
    return 1;
}

static int is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24 ==
               127;
    return address->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct upload *u = arg;

    if (purpose != CURLSOCKTYPE_IPCXN || guard_judge(&address->addr) == GUARD_METADATA ||
        (u->mailer->plain && !is_loopback(&address->addr))) {
        u->guarded = 1;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                  address->protocol);
}

/* --- one mail --------------------------------------------------------------------------------- */

static size_t read_message(char *to, size_t one, size_t n, void *arg)
{
    struct upload *u = arg;
    size_t count = one * n < u->rest.n ? one * n : u->rest.n;

    if (count)
        memcpy(to, u->rest.p, count);
    u->rest = str_slice(u->rest, count, u->rest.n);
    return count;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct mailer *m = arg;

    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return atomic_load(&m->stopping);
}

#define SET(m, option, value) must(curl_easy_setopt((m)->easy, option, value) == CURLE_OK)

static void set_server(struct mailer *m)
{
    SET(m, CURLOPT_URL, m->url);
    SET(m, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    SET(m, CURLOPT_USE_SSL, (long)(m->plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    SET(m, CURLOPT_CAINFO, m->ca_file);
    SET(m, CURLOPT_CAPATH, NULL);
    SET(m, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(m, CURLOPT_NOSIGNAL, 1L);
    SET(m, CURLOPT_FORBID_REUSE, 1L); /* no connection lies idle at a mail server */
    SET(m, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    SET(m, CURLOPT_TIMEOUT_MS, MAIL_SENDING_MS);
    SET(m, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(m, CURLOPT_PROXY, "");
    SET(m, CURLOPT_NOPROXY, "");
    SET(m, CURLOPT_MAXAGE_CONN, 10L);
    SET(m, CURLOPT_NOPROGRESS, 0L);
    SET(m, CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(m, CURLOPT_XFERINFODATA, m);
    if (m->user[0]) {
        SET(m, CURLOPT_USERNAME, m->user);
        SET(m, CURLOPT_PASSWORD, m->password);
    }
}

static void explain(struct mail_call *call, CURLcode code, const struct upload *u)
{
    const char *why = "The connection to the mail server broke.";

    if (u->guarded)
        why = "The mail server's name leads to an address that mail may not go to.";
    else if (code == CURLE_COULDNT_RESOLVE_HOST)
        why = "The mail server's name could not be resolved.";
    else if (code == CURLE_COULDNT_CONNECT)
        why = "The mail server could not be reached.";
    else if (code == CURLE_OPERATION_TIMEDOUT)
        why = "The mail server did not answer in time.";
    else if (code == CURLE_LOGIN_DENIED)
        why = "The mail server did not accept the user name and password.";
    else if (code == CURLE_USE_SSL_FAILED)
        why = "The mail server does not offer STARTTLS, and nothing was sent without it.";
    else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR ||
             code == CURLE_SSL_CACERT_BADFILE)
        why = "No secure connection to the mail server could be made.";
    else if (call->status >= 400)
        why = NULL;
    if (why)
        (void)snprintf(call->error, sizeof(call->error), "%s", why);
    else
        (void)snprintf(call->error, sizeof(call->error), "The mail server answered %d.",
                       call->status);
}

static void send_one(struct mailer *m, struct mail_call *call)
{
    struct upload u = {m, call->message, 0};
    char to[ADDRESS_MAX + 3];
    long status = 0;

    must(mail_address_valid(call->to));
    (void)snprintf(to, sizeof(to), "<%.*s>", STR_ARG(call->to));
    struct curl_slist *recipients = curl_slist_append(NULL, to);
    must(recipients != NULL);
    curl_easy_reset(m->easy);
    set_server(m);
    SET(m, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(m, CURLOPT_OPENSOCKETDATA, &u);
    SET(m, CURLOPT_MAIL_FROM, m->from);
    SET(m, CURLOPT_MAIL_RCPT, recipients);
    SET(m, CURLOPT_UPLOAD, 1L);
    SET(m, CURLOPT_READFUNCTION, read_message);
    SET(m, CURLOPT_READDATA, &u);
    CURLcode code = curl_easy_perform(m->easy);
    (void)curl_easy_getinfo(m->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(recipients);
    call->tried = code != CURLE_ABORTED_BY_CALLBACK;
    call->sent = code == CURLE_OK;
    call->status = (int)status;
    if (call->tried && !call->sent)
        explain(call, code, &u);
}

/* --- the thread ------------------------------------------------------------------------------- */

static void deliver(void *arg)
{
    struct mail_call *call = arg;

    call->done(call, call->token);
}

/* NULL: the end. */
static struct mail_call *next_call(struct mailer *m)
{
    must(pthread_mutex_lock(&m->lock) == 0);
    while (!m->queue && !atomic_load(&m->stopping))
        must(pthread_cond_wait(&m->wake, &m->lock) == 0);
    struct mail_call *call = m->queue;
    if (call) {
        m->queue = call->next;
        if (!m->queue)
            m->queue_end = &m->queue;
    }
    must(pthread_mutex_unlock(&m->lock) == 0);
    return call;
}

static void *run(void *arg)
{
    struct mailer *m = arg;
    struct mail_call *call;

    while ((call = next_call(m)) != NULL) {
        if (!atomic_load(&m->stopping))
            send_one(m, call);
        loop_post(call->loop, deliver, call);
    }
    return NULL;
}

void mailer_send(struct mailer *m, struct mail_call *call)
{
    call->tried = call->sent = call->status = 0;
    call->error[0] = '\0';
    call->next = NULL;
    must(pthread_mutex_lock(&m->lock) == 0);
    if (atomic_load(&m->stopping)) {
        loop_post(call->loop, deliver, call);
    } else {
        *m->queue_end = call;
        m->queue_end = &call->next;
        must(pthread_cond_signal(&m->wake) == 0);
    }
    must(pthread_mutex_unlock(&m->lock) == 0);
}

/* --- life ------------------------------------------------------------------------------------- */

static char *heap_copy(str s)
{
    char *p = mem_alloc(s.n + 1);

    if (s.n)
        memcpy(p, s.p, s.n);
    return p;
}

static int host_is_here(const char *host)
{
    struct in_addr in;

    return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (inet_pton(AF_INET, host, &in) == 1 && ntohl(in.s_addr) >> 24 == 127);
}

/* scheme://host[:port] and nothing else. */
static int read_url(const char *text, int *ret_plain)
{
    CURLU *u = curl_url();
    char *scheme = NULL, *host = NULL, *path = NULL, *user = NULL, *query = NULL;
    int ok = 0;

    must(u != NULL);
    if (curl_url_set(u, CURLUPART_URL, text, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_PATH, &path, 0) == CURLUE_OK)
        ok = (strcmp(scheme, "smtp") == 0 || strcmp(scheme, "smtps") == 0) &&
             strcmp(path, "/") == 0 && curl_url_get(u, CURLUPART_USER, &user, 0) != CURLUE_OK &&
             curl_url_get(u, CURLUPART_QUERY, &query, 0) != CURLUE_OK;
    *ret_plain = ok && strcmp(scheme, "smtp") == 0 && host_is_here(host);
    curl_free(scheme);
    curl_free(host);
    curl_free(path);
    curl_free(user);
    curl_free(query);
    curl_url_cleanup(u);
    return ok;
}

static enum err check(struct fault *f, const struct mailer_config *config, const char *url,
                      int *ret_plain)
{
    if (!read_url(url, ret_plain))
        return fail(f, ERR_CONFIG,
                    "MORTISE_SMTP_URL must be like smtps://mail.example.com:465 or"
                    " smtp://mail.example.com:587, without a user or password in it.");
    if (!mail_address_valid(config->from))
        return fail(f, ERR_CONFIG,
                    "MORTISE_MAIL_FROM must be one plain address, like mortise@example.com, when"
                    " MORTISE_SMTP_URL is set.");
    if (str_empty(config->user) != str_empty(config->password))
        return fail(f, ERR_CONFIG,
                    "MORTISE_SMTP_USER and MORTISE_SMTP_PASSWORD belong together. Set both, or"
                    " neither.");
    return ERR_OK;
}

static void release(struct mailer *m)
{
    mem_free(m->url);
    mem_free(m->user);
    mem_free(m->password);
    mem_free(m->ca_file);
    mem_free(m->from);
    mem_free(m);
}

static char *in_angles(str address)
{
    char *p = mem_alloc(address.n + 3);

    (void)snprintf(p, address.n + 3, "<%.*s>", STR_ARG(address));
    return p;
}

enum err mailer_new(struct fault *f, const struct mailer_config *config, struct mailer **ret)
{
    struct mailer *m = mem_new(struct mailer);

    must(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    m->url = heap_copy(config->url);
    m->user = heap_copy(config->user);
    m->password = heap_copy(config->password);
    m->ca_file = heap_copy(config->ca_file.n ? config->ca_file : STR(SYSTEM_CA_FILE));
    m->from = in_angles(config->from);
    enum err e = check(f, config, m->url, &m->plain);
    if (e) {
        release(m);
        curl_global_cleanup();
        return e;
    }
    m->queue_end = &m->queue;
    m->easy = curl_easy_init();
    must(m->easy != NULL);
    must(pthread_mutex_init(&m->lock, NULL) == 0 && pthread_cond_init(&m->wake, NULL) == 0);
    m->thread = thread_start("mailer", run, m);
    *ret = m;
    return ERR_OK;
}

void mailer_stop(struct mailer *m)
{
    must(pthread_mutex_lock(&m->lock) == 0);
    atomic_store(&m->stopping, 1);
    must(pthread_cond_signal(&m->wake) == 0);
    must(pthread_mutex_unlock(&m->lock) == 0);
}

void mailer_free(struct mailer *m)
{
    if (!m)
        return;
    mailer_stop(m);
    must(pthread_join(m->thread, NULL) == 0);
    must(pthread_mutex_destroy(&m->lock) == 0 && pthread_cond_destroy(&m->wake) == 0);
    curl_easy_cleanup(m->easy);
    release(m);
    curl_global_cleanup();
}
