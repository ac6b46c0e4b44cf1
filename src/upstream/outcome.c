/* From libcurl's codes to what a person can be told. Nothing here matches on texts, except where
 * libcurl gives nothing else (TLS towards a server that does not speak it).
 */
#include <openssl/x509_vfy.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "upstream/client_int.h"

/* The clause after "No secure connection to HOST could be made: ". */
static const char *verify_reason(long verify)
{
    switch (verify) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "its certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "its certificate is not valid yet (is this machine's clock right?)";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return "its certificate is self-signed";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return "its certificate comes from an authority that this machine does not trust";
    case X509_V_ERR_CERT_REVOKED:
        return "its certificate was revoked";
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return "its certificate chain is broken";
    case X509_V_OK:              /* the chain is good; libcurl compares the name by itself */
    case X509_V_ERR_UNSPECIFIED: /* libcurl's value until the chain is known to be good */
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "its certificate is for another host name";
    default:
        return "its certificate could not be verified";
    }
}

static const char *tls_reason(const struct transfer *t, CURLcode code)
{
    long verify = 0;

    (void)curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &verify);
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return verify_reason(verify);
    if (code == CURLE_SSL_CACERT_BADFILE)
        return "the file of certificate authorities (MORTISE_CA_FILE) cannot be read";
    if (strstr(t->error, "wrong version number"))
        return "it does not speak https on this port";
    return "the TLS handshake failed";
}

static enum upstream_phase phase_of(const struct transfer *t)
{
    curl_off_t looked_up = 0;
    curl_off_t connected = 0;

    if (t->easy == NULL)
        return UPSTREAM_QUEUED;
    (void)curl_easy_getinfo(t->easy, CURLINFO_NAMELOOKUP_TIME_T, &looked_up);
    (void)curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connected);
    if (t->reply_bytes)
        return UPSTREAM_ANSWERING;
    if (t->prereqs)
        return UPSTREAM_SENT;
    if (connected)
        return UPSTREAM_SECURING;
    return looked_up ? UPSTREAM_CONNECTING : UPSTREAM_RESOLVING;
}

static int is_proxied(const struct transfer *t)
{
    return t->client->upstream->proxy[0] != '\0';
}

static enum upstream_outcome no_connection(const struct transfer *t)
{
    if (t->guarded)
        return UPSTREAM_GUARDED;
    return is_proxied(t) ? UPSTREAM_PROXY : UPSTREAM_REFUSED;
}

static int is_tls(CURLcode code)
{
    static const CURLcode codes[] = {
        CURLE_SSL_CONNECT_ERROR,
        CURLE_PEER_FAILED_VERIFICATION,
        CURLE_SSL_CACERT_BADFILE,
        CURLE_SSL_CERTPROBLEM,
        CURLE_SSL_CIPHER,
        CURLE_SSL_ISSUER_ERROR,
        CURLE_SSL_INVALIDCERTSTATUS,
        CURLE_USE_SSL_FAILED,
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i] == code)
            return 1;
    }
    return 0;
}

static enum upstream_outcome outcome_of(const struct transfer *t, CURLcode code)
{
    if (t->full) /* also when libcurl has all of it: what stood behind was dropped */
        return UPSTREAM_FULL;
    if (code == CURLE_OK) /* libcurl takes headers that break off for an answer without a body */
        return t->head_whole ? UPSTREAM_ANSWERED : UPSTREAM_CUT;
    if (t->too_large)
        return UPSTREAM_TOO_LARGE;
    if (code == CURLE_COULDNT_RESOLVE_HOST)
        return UPSTREAM_NO_HOST;
    if (code == CURLE_COULDNT_RESOLVE_PROXY)
        return UPSTREAM_PROXY;
    if (code == CURLE_OPERATION_TIMEDOUT)
        return UPSTREAM_SLOW;
    if (t->prereqs == 0 && is_tls(code))
        return UPSTREAM_TLS;
    if (t->prereqs == 0)
        return no_connection(t);
    if (code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UNSUPPORTED_PROTOCOL ||
        code == CURLE_BAD_CONTENT_ENCODING)
        return UPSTREAM_GARBLED;
    return UPSTREAM_CUT;
}

struct kept_body {
    struct buf buf;
    struct held *held;
    size_t counted;
};

static void release_body(void *object)
{
    struct kept_body *b = object;

    buf_done(&b->buf);
    held_subtract(b->held, b->counted);
    held_unref(b->held);
    mem_free(b);
}

/* The body moves to the heap memory that the call's arena releases. */
static str hand_over_plain(struct transfer *t)
{
    struct kept_body *b = mem_new(struct kept_body);

    auth_mask(&t->auth, t->call->secret, t->body.p, t->body.n);
    *b = (struct kept_body){t->body, held_ref(t->client->upstream->held), t->held};
    buf_init(&t->body, 0);
    t->held = 0;
    arena_defer(t->call->arena, release_body, b);
    return b->buf.n ? buf_str(&b->buf) : STR("");
}

static void release_secret(void *object)
{
    struct secret *s = object;

    secret_wipe(s);
    mem_free(s);
}

/* The same in a secret's memory. */
static str hand_over_secret(struct transfer *t)
{
    struct secret *s = mem_new(struct secret);

    secret_take(s, &t->secret_body);
    arena_defer(t->call->arena, release_secret, s);
    return (str){(const char *)s->p, t->secret_size};
}

static void hand_over(struct transfer *t)
{
    struct upstream_call *call = t->call;
    long status = 0;
    long version = 0;

    (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
    if (!(call->stream && call->stream->is_bulk)) /* which was kept to HTTP/1.1 */
        t->origin->protocol = version == CURL_HTTP_VERSION_2_0 ? ORIGIN_HTTP2 : ORIGIN_HTTP1;
    call->status = (int)status;
    if (call->stream) {
        stream_tell_head(t); /* an answer without a body */
        call->reply_body = STR("");
        return;
    }
    call->reply_headers = t->reply;
    call->reply_header_count = t->reply_count;
    call->reply_body =
        call->reply == UPSTREAM_REPLY_SECRET ? hand_over_secret(t) : hand_over_plain(t);
}

void outcome_judge(struct transfer *t, CURLcode code)
{
    struct upstream_call *call = t->call;

    call->outcome = outcome_of(t, code);
    call->phase = phase_of(t);
    call->sent = t->prereqs > 0;
    call->took_ms = clock_monotonic_ms() - t->began_ms;
    call->reason = NULL;
    call->detail = arena_str_from(call->arena, code == CURLE_OK ? ""
                                               : t->error[0]    ? t->error
                                                                : curl_easy_strerror(code));
    if (call->outcome == UPSTREAM_TLS)
        call->reason = tls_reason(t, code);
    if (call->outcome == UPSTREAM_GUARDED)
        call->reason = "its name leads to an address inside a private network";
    if (call->outcome == UPSTREAM_ANSWERED)
        hand_over(t);
}
