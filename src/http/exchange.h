/* One request and its answer, as a handler sees them: parameters in, one document out. Which of
 * the two representations the caller gets (JSON or the route's page) is http/represent.c's work.
 *
 * Life: made on the loop by http/dispatch.c when a head arrives; filled with the parsed input;
 * handed to a worker, where the hooks make the unit of work and check the permission, and the
 * handler runs; with a `wait`, back to the loop until what it waits for is done, then `finish` on a
 * worker; answered on the loop; freed. One thread at a time has it.
 *
 * A handler runs again from its start when its transaction has to be repeated (ERR_RETRY): it
 * changes nothing but the database and the answer.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/str.h"
#include "http/route.h"
#include "io/loop.h"

struct work; /* core/work.h */

enum exchange_representation { EXCHANGE_JSON, EXCHANGE_PAGE };

/* What a handler asks to be done on the loop between begin and finish. start() is called on a loop
 * thread after begin's transaction was committed; it arranges for done(token) to be called later,
 * once, on that loop. The client may be gone by then; finish runs all the same. */
struct exchange_wait {
    void (*start)(void *arg, struct loop *loop, void (*done)(void *token), void *token);
    void *arg; /* in the exchange's arena */
};

/* A file that the browser saves. type NULL: none. */
struct exchange_file {
    const char *type; /* Content-Type */
    str name;         /* ASCII letters, digits, '.', '-', '_' */
    str content;
};

struct exchange {
    struct arena *arena;
    struct fault fault;

    /* the request */
    const struct route *route;
    str params[ROUTE_PARAMS_MAX];
    enum exchange_representation representation;
    int is_form; /* the body was a form */
    str method;  /* "GET", ... after ?_method=; of a HEAD, "GET" */
    int is_head;
    str path;    /* encoded, without /api/v1 and query */
    str query;   /* encoded; without _method */
    str remote;  /* address for throttling */
    str agent;   /* the User-Agent header as sent, may be any bytes; empty when none */
    int at_home; /* asked at the public URL's host: only there cookies count */
    str key;     /* what the Authorization header holds (http/authorization.h); p == NULL: none */
    str cookie;  /* the Cookie header as sent, empty when they do not count */
    str csrf_header; /* X-CSRF-Token, or the form's _csrf */
    json_t *input;   /* object: query parameters, over them the body's; never NULL */

    /* set by the hooks (resources/hooks.c): who calls */
    struct work *work;
    str session_csrf; /* token to put into forms; empty when not signed in */
    json_t *me;       /* {id, name, email, workspace_admin} or NULL */

    /* the answer */
    int status;       /* 0: 200 */
    json_t *doc;      /* object; NULL: 204, or {} on pages */
    str location;     /* path without prefix; a form post is redirected there (303), a JSON POST
                         that made something gets 201 with it when status is 201 */
    str notice;       /* shown once on the next page after the redirect */
    str set_cookie;   /* a whole Set-Cookie value, or empty */
    const char *page; /* another template than the route's, or NULL */
    struct exchange_file file; /* to be saved, instead of either representation */
    const char *raw_key;       /* with raw_json: a member written into the JSON as it is */
    str raw_json;
    int retry_after_s;    /* 0: none */
    json_t *field_errors; /* array of {field, message}; see exchange_field_error */

    /* going on later */
    struct exchange_wait wait; /* start == NULL: none */
    void *carried;             /* begin's memory for finish, and for the page shown again */

    struct exchange_private *private; /* dispatch.c's own */
};

/* Input. Text is trimmed of nothing; missing or of another type gives an empty str, p == NULL.
 * Forms give text only, so integers and booleans are read from text as well ("true", "on", "1"). */
str exchange_text(const struct exchange *x, const char *name);
int exchange_has(const struct exchange *x, const char *name);
int exchange_flag(const struct exchange *x, const char *name);
int64_t exchange_int(const struct exchange *x, const char *name, int64_t fallback);
/* A parameter of tables/secret_fields.def, or an unset secret. Borrowed from the exchange. */
const struct secret *exchange_secret(const struct exchange *x, const char *name);

/* A required text: trimmed, 1..max code points, no control characters. Otherwise notes a field
 * error and returns an empty str; handlers go on to collect all errors, then call
 * exchange_field_problem(). */
str exchange_name_field(struct exchange *x, const char *name, size_t max);
/* The same, but may be empty or absent, and may hold line breaks. */
str exchange_text_field(struct exchange *x, const char *name, size_t max);
void exchange_field_error(struct exchange *x, const char *field, const char *message);
/* ERR_OK when no field error was noted, else ERR_INVALID. */
MUST_USE enum err exchange_field_problem(struct exchange *x);

/* The document of the answer, made at the first call. */
json_t *exchange_doc(struct exchange *x);
/* "/apps/x/request?a=b" when the input's return_to is such a local path, else fallback. Refuses
 * "//", "\", control characters and schemes (open redirects). */
str exchange_return_to(const struct exchange *x, str fallback);

#endif
