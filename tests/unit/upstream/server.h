/* A small HTTP server for tests: each connection has a thread, each request is given to a function
 * of the test, which writes whatever bytes it likes, or closes, or waits. Plain or TLS.
 */
#ifndef UNIT_SERVER_H
#define UNIT_SERVER_H

#include <stddef.h>

struct server;

struct server_request {
    struct server *server;
    void *connection;
    int number; /* on this connection, from 1 */
    char method[16];
    char target[16384];
    char head[32768]; /* the header lines as they came */
    char *body;       /* NUL-terminated */
    size_t body_size;
};

/* Answers one request. Returns 1 to keep the connection, 0 to close it. */
typedef int (*server_answer)(struct server_request *r);

/* pem: NULL for plain HTTP, else a file with key and certificate. Listens on 127.0.0.1. */
struct server *server_start(server_answer answer, const char *pem);
/* Closes everything, also connections that wait; ends the threads. */
void server_stop(struct server *s);
int server_port(const struct server *s);
/* Requests whose target begins with this, of any method; connections accepted so far. */
int server_count(struct server *s, const char *target);
int server_connections(struct server *s);

/* For the answering function. */
void server_write(struct server_request *r, const char *bytes, size_t n);
/* A whole answer with Content-Length; headers end with CR LF each, "" for none. */
void server_reply(struct server_request *r, int status, const char *type, const char *headers,
                  const char *body);
/* Waits until the server stops or the client goes; at most `ms`. */
void server_wait(struct server_request *r, int ms);
/* 1 when a header line contains this text, without regard to case. */
int server_has(const struct server_request *r, const char *text);

#endif
