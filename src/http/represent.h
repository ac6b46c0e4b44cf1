/* Makes the answer of an exchange: JSON, the route's page, a redirect, or problem+json (RFC 9457),
 * and the headers that go with every answer. Not for assets' content (http/asset.h). Pure but for
 * what it is given; a struct represent is immutable: any thread.
 */
#ifndef HTTP_REPRESENT_H
#define HTTP_REPRESENT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "http/server.h"

#define ANSWER_HEADERS_MAX 20
#define ANSWER_BODY_MAX ((size_t)8 * 1024 * 1024)

struct exchange;
struct represent;
struct asset; /* http/asset.h */
struct ui;

/* Header values live in the exchange's arena or in the struct represent. */
struct answer {
    int status;
    struct http_header headers[ANSWER_HEADERS_MAX];
    size_t header_count;
    struct buf body;
    str content;          /* sent instead of body when not NULL: lives longer than the exchange */
    const char *template; /* of a page, else NULL */
    str missing;          /* a name that the template asked for and the document lacks, or empty */
};
void answer_done(struct answer *a);

/* ui and the texts must outlive it. ERR_CONFIG names the template that cannot be used. */
MUST_USE enum err represent_new(struct fault *f, const struct ui *ui, str public_url,
                                str extra_form_action, struct represent **ret);
void represent_free(struct represent *r);

/* The answer to x, whose handler ended with `result` (x->fault tells more); fills
 * x->private->answer, an older one is dropped.
 *
 * With x->private->failed set and result ERR_OK, x holds the document of the page that shows that
 * failure. A page that cannot be made becomes the problem page, and that one plain text. */
void represent_exchange(const struct represent *r, struct exchange *x, enum err result);
/* A redirect outside of any handler, with the status 302. */
void represent_moved(const struct represent *r, struct exchange *x, str url);
/* An asset: Cache-Control immutable; its content is not copied into the answer's body. */
void represent_asset(const struct represent *r, struct exchange *x, const struct asset *asset);

#endif
