/* One call as a libcurl easy handle: its options and its callbacks. */
#include <sys/socket.h>

#include "base/check.h"
#include "base/mem.h"
#include "upstream/client_int.h"

#define BUFFER_SIZE 3072L /* every call in flight has one */
#define BULK_BUFFER_SIZE 32768L

/* Who streams counts and repeats by itself. */
static int repeats_safely(const struct transfer *t)
{
    if (t->call->stream)
        return 0;
    return str_eq(t->call->method, STR("GET")) || str_eq(t->call->method, STR("HEAD"));
}

/* Just before the request goes out. libcurl repeats a fully sent POST by itself when a reused
 * connection dies before the first byte of an answer, and reports success: the second time ends
 * the call. */
static int before_request(void *arg, char *ip, char *local_ip, int port, int local_port)
{
    struct transfer *t = arg;

    (void)ip;
    (void)local_ip;
    (void)port;
    (void)local_port;
    if (t->prereqs++ == 0) {
        t->origin->starting--;
        t->client->pump_wanted = 1;
        return CURL_PREREQFUNC_OK;
    }
    return repeats_safely(t) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *t = arg;
    enum guard_kind kind = guard_judge(&address->addr);
    int proxied = t->client->upstream->proxy[0] != '\0';
    curl_socket_t fd;

    if (purpose != CURLSOCKTYPE_IPCXN || kind == GUARD_METADATA ||
        (kind == GUARD_PRIVATE && !t->origin->allowed && !proxied)) {
        t->guarded = 1;
        return CURL_SOCKET_BAD;
    }
    t->opened = 1;
    fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                address->protocol);
    if (fd >= 0)
        shard_made(t->client, fd);
    return fd;
}

/* A secret's memory does not grow: no copy of half an answer stays behind. */
static size_t keep_secret(struct transfer *t, const char *p, size_t n)
{
    if (n > t->secret_body.n - t->secret_size) {
        t->too_large = 1;
        return n + 1;
    }
    memcpy(t->secret_body.p + t->secret_size, p, n);
    t->secret_size += n;
    return n;
}

static size_t on_body(char *p, size_t one, size_t n, void *arg)
{
    struct transfer *t = arg;

    if (t->call->stream)
        return stream_take(t, p, one * n);
    if (t->call->reply == UPSTREAM_REPLY_SECRET)
        return keep_secret(t, p, one * n);
    if (t->body.n + one * n > HELD_FREE) {
        t->full = !held_add(t->client->upstream->held, one * n);
        if (t->full)
            return one * n + 1;
        t->held += one * n;
    }
    buf_add_bytes(&t->body, p, one * n);
    if (buf_ok(&t->body))
        return n;
    t->too_large = 1;
    return one * n + 1; /* any other count ends the transfer */
}

static void make_reply_room(struct transfer *t)
{
    size_t room = t->reply_room ? t->reply_room * 2 : 16;
    struct upstream_header *more = arena_alloc_array(t->call->arena, room, sizeof(*more));

    if (t->reply_count)
        memcpy(more, t->reply, t->reply_count * sizeof(*more));
    t->reply = more;
    t->reply_room = room;
}

static void keep_header(struct transfer *t, str line, size_t colon)
{
    char *copy = arena_cstring(t->call->arena, line);
    str name = {copy, colon};
    str value = str_trim((str){copy + colon + 1, line.n - colon - 1});

    if (t->reply_count == t->reply_room)
        make_reply_room(t);
    auth_mask(&t->auth, t->call->secret, copy + (line.n - value.n), value.n);
    t->reply[t->reply_count++] =
        (struct upstream_header){str_trim(name), value.n ? value : STR("")};
}

static size_t on_header(char *p, size_t one, size_t n, void *arg)
{
    struct transfer *t = arg;
    size_t size = one * n;
    size_t colon;
    str line = str_trim((str){p, size});
    int is_status = str_starts((str){p, size}, STR("HTTP/"));

    t->reply_bytes += size;
    if (t->reply_bytes > REPLY_HEADERS_MAX) {
        t->too_large = 1;
        return size + 1;
    }
    t->head_whole = line.n == 0 || (t->head_whole && !is_status);
    if (t->head_told)
        return size; /* trailers: nobody is told */
    if (is_status)   /* a final answer after an interim one begins anew */
        t->reply_count = 0;
    else if (p[0] != ' ' && p[0] != '\t' && (colon = str_find_char(line, ':')) != SIZE_MAX)
        keep_header(t, line, colon);
    return size;
}

#define SET_EASY(easy, option, value) must(curl_easy_setopt((easy), option, value) == CURLE_OK)
#define SET(t, option, value) SET_EASY((t)->easy, option, value)

/* --- handles ---------------------------------------------------------------------------------- */

static void set_connection(CURL *easy, struct client *c)
{
    const struct upstream *u = c->upstream;

    SET_EASY(easy, CURLOPT_NOSIGNAL, 1L);
    SET_EASY(easy, CURLOPT_QUICK_EXIT, 1L); /* else giving up waits for the resolver's thread */
    SET_EASY(easy, CURLOPT_CONNECTTIMEOUT_MS, u->connect_timeout_ms);
    SET_EASY(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    SET_EASY(easy, CURLOPT_FOLLOWLOCATION, 0L);
    SET_EASY(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    SET_EASY(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET_EASY(easy, CURLOPT_PROXY, u->proxy); /* "" switches the environment's off */
    SET_EASY(easy, CURLOPT_NOPROXY, "");
    SET_EASY(easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    SET_EASY(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET_EASY(easy, CURLOPT_CAINFO, u->ca_file);
    SET_EASY(easy, CURLOPT_CAPATH, NULL); /* a path switches the cache of the parsed bundle off */
    SET_EASY(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET_EASY(easy, CURLOPT_MAXAGE_CONN, 30L);
    SET_EASY(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    SET_EASY(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET_EASY(easy, CURLOPT_CLOSESOCKETFUNCTION, shard_close);
    SET_EASY(easy, CURLOPT_CLOSESOCKETDATA, c);
    SET_EASY(easy, CURLOPT_PREREQFUNCTION, before_request);
}

/* All that is the same for every call. 0: a handle whose last call did not end well may still hold
 * its old buffer, and then refuses another size. */
static int easy_dress(CURL *easy, struct client *c)
{
    if (curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_SIZE) != CURLE_OK)
        return 0;
    set_connection(easy, c);
    SET_EASY(easy, CURLOPT_WRITEFUNCTION, on_body);
    SET_EASY(easy, CURLOPT_HEADERFUNCTION, on_header);
    SET_EASY(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    return 1;
}

static CURL *easy_take(struct client *c)
{
    CURL *easy;

    if (c->idle_count)
        return c->idle[--c->idle_count];
    easy = curl_easy_init();
    must(easy != NULL && easy_dress(easy, c));
    return easy;
}

/* Nothing of the call stays in it: what pointed into the call is taken back one by one. After
 * anything but a plain GET the handle is made anew, as libcurl has no options to take a body back;
 * so is one that had bad luck, whose count of libcurl's own repeats would go on. */
static void easy_give_back(struct transfer *t)
{
    struct client *c = t->client;
    CURL *easy = t->easy;
    int is_dressed = !t->is_special && t->call->outcome == UPSTREAM_ANSWERED && t->prereqs == 1;

    if (is_dressed) {
        SET(t, CURLOPT_CURLU, NULL);
        SET(t, CURLOPT_HTTPHEADER, NULL);
        SET(t, CURLOPT_ERRORBUFFER, NULL);
        SET(t, CURLOPT_PRIVATE, NULL);
    } else {
        curl_easy_reset(easy);
    }
    if (c->idle_count < EASY_KEPT && !c->stopping && (is_dressed || easy_dress(easy, c)))
        c->idle[c->idle_count++] = easy;
    else
        curl_easy_cleanup(easy);
}

/* --- one call --------------------------------------------------------------------------------- */

/* What the request line names (RFC 9112 section 3.2): the path with the query as they were written,
 * and all of the URL where a proxy has to find the server itself. */
static const char *target_of(const struct transfer *t)
{
    str url = str_slice(t->call->url, 0, str_find_char(t->call->url, '#'));
    str rest = str_slice(url, strlen(t->origin->key), url.n);
    str slash = str_starts(rest, STR("/")) ? STR("") : STR("/");
    int proxied = t->client->upstream->proxy[0] != '\0' && t->origin->is_plain;
    str parts[] = {proxied ? str_from(t->origin->key) : STR(""), slash, rest};

    return arena_join(t->call->arena, parts, 3).p;
}

/* The server as it was taken apart before: libcurl would take the URL apart, and put it together
 * again, for every call. */
static void set_place(struct transfer *t)
{
    int bulk = t->call->stream && t->call->stream->is_bulk;

    SET(t, CURLOPT_CURLU, t->origin->url);
    SET(t, CURLOPT_REQUEST_TARGET, target_of(t));
    SET(t, CURLOPT_HTTP_VERSION, (long)(bulk ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
    t->is_special |= bulk;
    if (bulk)
        (void)curl_easy_setopt(t->easy, CURLOPT_BUFFERSIZE, BULK_BUFFER_SIZE);
    SET(t, CURLOPT_PIPEWAIT, !bulk && t->origin->protocol == ORIGIN_HTTP2 ? 1L : 0L);
}

/* An empty one counts where the method is about one: Content-Length: 0 is sent. */
static int has_body(const struct upstream_call *call)
{
    return call->body.n || call->secret_body || (call->stream && call->stream->body_length != 0) ||
           str_eq(call->method, STR("POST")) || str_eq(call->method, STR("PUT")) ||
           str_eq(call->method, STR("PATCH"));
}

static void set_body(struct transfer *t)
{
    const struct upstream_call *call = t->call;

    must(call->body.n == 0 || call->secret_body == NULL);
    must(call->stream == NULL || (call->body.n == 0 && call->secret_body == NULL));
    if (call->stream && call->stream->body_length != 0) {
        stream_prepare(t);
    } else if (call->secret_body) {
        auth_lend_body(t->easy, call->secret_body);
    } else {
        SET(t, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.n);
        SET(t, CURLOPT_POSTFIELDS, call->body.n ? call->body.p : "");
    }
}

static void set_method(struct transfer *t)
{
    str method = t->call->method;
    int is_head = str_eq(method, STR("HEAD"));

    t->has_body = has_body(t->call);
    if (str_eq(method, STR("GET")) && !t->has_body)
        return;
    t->is_special = 1;
    if (t->has_body)
        set_body(t);
    if (is_head)
        SET(t, CURLOPT_NOBODY, 1L);
    else
        SET(t, CURLOPT_CUSTOMREQUEST, arena_cstring(t->call->arena, method));
}

static void add_node(struct transfer *t, const char *line)
{
    struct curl_slist *node = arena_new_of(t->call->arena, struct curl_slist);

    node->data = (char *)(uintptr_t)line; /* libcurl only reads it */
    *t->headers_end = node;
    t->headers_end = &node->next;
}

static void add_header(struct transfer *t, const struct upstream_header *h)
{
    /* "Name;" is libcurl's spelling of an empty value. */
    str parts[] = {h->name, h->value.n ? STR(": ") : STR(";"), h->value};

    add_node(t, arena_join(t->call->arena, parts, 3).p);
}

static void set_headers(struct transfer *t)
{
    const struct upstream_call *call = t->call;
    int unpacks = call->reply == UPSTREAM_REPLY_PLAIN && /* that would leave copies behind */
                  !(call->stream && call->stream->is_bulk);

    if (!unpacks) {
        t->is_special = 1;
        SET(t, CURLOPT_ACCEPT_ENCODING, NULL);
    }
    t->headers_end = &t->headers;
    /* Lines that libcurl need not print by itself, which costs it more than all the rest. */
    add_node(t, t->client->upstream->user_agent);
    if (unpacks)
        add_node(t, "Accept-Encoding: gzip");
    if (t->has_body) {
        add_node(t, "Expect:");       /* libcurl would wait for 100 Continue */
        add_node(t, "Content-Type:"); /* and call any body a form; one of the call counts */
    }
    for (size_t i = 0; i < call->header_count; i++)
        add_header(t, &call->headers[i]);
    must(call->credential == NULL || (call->stream && call->secret == NULL));
    if (call->credential)
        auth_show(&t->auth, call->credential);
    else if (call->secret && call->auth == UPSTREAM_BEARER)
        auth_make_bearer(&t->auth, call->secret);
    else if (call->secret)
        auth_make_basic(&t->auth, call->username, call->secret);
    t->auth.node.next = t->headers;
    SET(t, CURLOPT_HTTPHEADER, call->secret || call->credential ? &t->auth.node : t->headers);
}

void transfer_prepare(struct transfer *t)
{
    t->easy = easy_take(t->client);
    SET(t, CURLOPT_PRIVATE, t);
    SET(t, CURLOPT_ERRORBUFFER, t->error);
    SET(t, CURLOPT_OPENSOCKETDATA, t);
    SET(t, CURLOPT_PREREQDATA, t);
    SET(t, CURLOPT_WRITEDATA, t);
    SET(t, CURLOPT_HEADERDATA, t);
    set_place(t);
    set_method(t);
    set_headers(t);
    buf_init(&t->body, t->call->body_max);
    if (t->call->reply == UPSTREAM_REPLY_SECRET) {
        must(t->call->body_max <= UPSTREAM_SECRET_MAX);
        secret_alloc(&t->secret_body, t->call->body_max);
    }
}

void transfer_release(struct transfer *t)
{
    if (t->easy)
        easy_give_back(t);
    auth_wipe(&t->auth);
    buf_done(&t->body);
    secret_wipe(&t->secret_body);
    behind_drop(t);
    held_subtract(t->client->upstream->held, t->held);
}
