/* A whole server of the upper half of http over a real socket: loops, pool, dispatch and the
 * transport, with fake hooks, routes and templates that the test gives, and a client that sends
 * bytes. Everything belongs to the test's own thread.
 */
#ifndef WEB_SUPPORT_H
#define WEB_SUPPORT_H

#include "support.h"

#include "base/arena.h"
#include "http/asset.h"
#include "http/dispatch.h"

#define WEB_PUBLIC_URL "http://mortise.test"
/* Ends a request's head: the public host, and no further request. */
#define WEB_HOST "Host: mortise.test\r\nConnection: close\r\n"

struct web_setup {
    struct route_table routes;
    struct dispatch_hooks hooks;
    const struct ui *ui;
    size_t workers; /* 0: 2 */
    size_t queue;   /* 0: 64 */
};

struct web {
    struct arena *arena; /* of the texts that the functions below return */
    struct log *log;
    int log_file;
    struct pool *pool;
    struct loops *loops;
    struct dispatch *dispatch;
    struct http_server *http;
};

void web_start(struct web *w, const struct web_setup *setup);
/* Ends everything in the order that dispatch.h asks for; returns the log's text. */
str web_stop(struct web *w);
/* After web_stop and the use of the log. */
void web_free(struct web *w);

/* Hooks that know one person: cookie "mortise=anna", with the CSRF token "token-anna". They refuse
 * as core/access.c does: NOT_SIGNED_IN, CSRF, and NOT_APP_ADMIN for APP_ADMIN. calls may be NULL.
 */
struct web_calls {
    _Atomic int opens;
    _Atomic int closes;
    _Atomic int retries; /* how many times close still answers ERR_RETRY */
};
struct dispatch_hooks web_hooks(struct web_calls *calls);

/* A connection that has sent these bytes. */
int web_connect(struct web *w, str bytes);
/* All that comes until the server closes. Closes. */
str web_read(struct web *w, int fd);
/* The two together. */
str web_ask(struct web *w, const char *bytes);
/* POST of a body with its length; more_head: lines, each with its end. */
str web_post(struct web *w, const char *target, const char *type, const char *more_head,
             const char *body);

int web_status(str answer);
/* Value of the nth (from 0) header of that name, else an empty str with p == NULL. */
str web_header(str answer, const char *name, size_t nth);
str web_body(str answer);
int web_has(str text, const char *part);

#define assert_has(text, part)                                                                     \
    do {                                                                                           \
        if (!web_has((text), (part)))                                                              \
            fail_msg("%s:%d: \"%s\" is not in: %.*s", __FILE__, __LINE__, (part), STR_ARG(text));  \
    } while (0)
#define assert_lacks(text, part)                                                                   \
    do {                                                                                           \
        if (web_has((text), (part)))                                                               \
            fail_msg("%s:%d: \"%s\" is in: %.*s", __FILE__, __LINE__, (part), STR_ARG(text));      \
    } while (0)
#define assert_status(answer, status)                                                              \
    do {                                                                                           \
        if (web_status(answer) != (status))                                                        \
            fail_msg("%s:%d: expected %d, got: %.*s", __FILE__, __LINE__, (status),                \
                     STR_ARG(answer));                                                             \
    } while (0)

#endif
