/* For the transport's tests: a server on an address of its own, and a plain blocking client which
 * knows nothing but the bytes it is told to send and answers with a length. Each test runs on one
 * thread, the server on its loops.
 */
#ifndef TESTS_HTTP_SUPPORT_H
#define TESTS_HTTP_SUPPORT_H

#include "../support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "http/server.h"

struct test_server {
    struct loops *loops;
    struct http_server *http;
};

/* Short enough for tests, long enough for a slow machine. */
struct http_limits test_limits(void);
void test_server_start(struct test_server *t, struct http_limits limits,
                       struct http_serving serving);
void test_server_stop(struct test_server *t);

/* Accepts up to a megabyte and answers 200 with "METHOD TARGET HOST BODY". */
struct http_serving serving_mirror(void);

int client_connect(const struct test_server *t);
/* -1 when nobody listens there. */
int client_try_connect(int port);
/* All of it, or as much as the server takes before it resets: returns 1 when all went out. */
int client_send(int fd, str bytes);
/* Sends byte by byte, each in a packet of its own. */
int client_send_slowly(int fd, str bytes);

struct answer {
    int status; /* 0: closed before an answer */
    char head[8192];
    char body[8192]; /* cut */
    size_t body_n;   /* whole length */
};
/* Reads one answer (with Content-Length, chunked or none); bodyless: after HEAD. */
enum client_expects { CLIENT_BODY, CLIENT_NO_BODY };
void client_read(int fd, enum client_expects expects, struct answer *ret);
/* 1 when the header line is in the head, "Connection: close". */
int answer_has(const struct answer *a, const char *line);
/* Waits until the server has closed its half; 1, or 0 for other bytes, -1 for a reset. */
int client_is_closed(int fd);

/* Waits up to five seconds for *counter to reach at_least. */
void wait_for(atomic_int *counter, int at_least);
#endif
