/* The exchange as its makers see it (dispatch, input, represent); handlers include
 * http/exchange.h alone.
 */
#ifndef HTTP_EXCHANGE_INT_H
#define HTTP_EXCHANGE_INT_H

#include "http/exchange.h"
#include "http/input.h"
#include "http/represent.h"
#include "http/server.h"

enum exchange_secret_index {
#define SECRET_FIELD(name) EXCHANGE_SECRET_##name,
#include "secret_fields.def"
#undef SECRET_FIELD
    EXCHANGE_SECRET_COUNT
};

struct dispatch;

struct exchange_private {
    struct secret secrets[EXCHANGE_SECRET_COUNT];
    str request_id;
    str allow;     /* of a 405 */
    int prefixed;  /* came with /api/v1 */
    str page_path; /* path and query of the page, to come back to it */

    /* a failure that is shown by the page of another handler (route->again) */
    int failed;
    struct fault problem;
    int problem_retry_after_s;
    json_t *problem_errors; /* NULL: none */
    json_t *problem_extras; /* NULL: none */

    /* dispatch.c's own */
    struct dispatch *dispatch;
    struct loop *loop;
    struct http_stream *stream; /* on the loop's thread only; NULL when the client is gone */
    int submitted;              /* on the loop's thread only; a worker or a wait has had it */
    struct input_body body;
    size_t held; /* of the body, what is counted in dispatch->held */
    enum input_type body_type;
    struct answer answer;
    const struct route *asked; /* the route of the request, for the log */
    str asked_method;
    int64_t started_us;
};

/* An empty exchange with arena, input object and private part; work starts with what is zero. */
MUST_USE struct exchange *exchange_new(void);
/* Wipes secrets and body, frees all. */
void exchange_free(struct exchange *x);
/* EXCHANGE_SECRET_COUNT when the name is no secret's. */
enum exchange_secret_index exchange_secret_find(str name);
/* Puts the answer's fields back to nothing, before a half or another handler runs. */
void exchange_clear_answer(struct exchange *x);

#endif
