/* What the files of ADF share (adf.h): a line of text as runs of equal marks, and reading nodes.
 * Not for anybody else. Any thread, one at a time for each object.
 */
#ifndef JIRA_ADF_INT_H
#define JIRA_ADF_INT_H

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

/* Nodes inside each other that are followed; deeper ones become flat text. */
#define ADF_DEPTH_MAX 64
/* Text of one block, bytes. */
#define ADF_TEXT_MAX ((size_t)4 << 20)

enum {
    MARK_EM = 1,
    MARK_STRONG = 2,
    MARK_STRIKE = 4,
    MARK_CODE = 8, /* excludes the three above, as in ADF */
    MARK_LINK = 16,
    MARK_FLANKING = MARK_EM | MARK_STRONG | MARK_STRIKE
};

struct adf_link {
    str href;
    str title; /* p == NULL: none */
};

/* A piece of text with one set of marks, or a hard break. */
struct run {
    unsigned marks;
    int is_break;
    size_t at; /* its text in runs.text */
    size_t n;
    struct adf_link link; /* with MARK_LINK; borrowed */
};

/* The inline content of one block. Runs side by side differ in marks or link. */
struct runs {
    struct buf text;
    struct buf list; /* of struct run */
};

void runs_init(struct runs *r);
void runs_done(struct runs *r);
void runs_clear(struct runs *r);
/* 0 when the texts became too long. */
int runs_ok(const struct runs *r);
size_t runs_count(const struct runs *r);
struct run *runs_at(const struct runs *r, size_t i);
str run_text(const struct runs *r, const struct run *run);
int run_same_marks(const struct run *a, const struct run *b);
/* link: borrowed, NULL without MARK_LINK. A newline in the text becomes a hard break, or a space
 * in code. */
void runs_add(struct runs *r, unsigned marks, const struct adf_link *link, str text);
void runs_add_break(struct runs *r);
/* The normal form that both directions agree on: no blanks at the edges of the block, beside hard
 * breaks or just inside of strong, em and strike; no hard break at the edges; a break carries the
 * marks that go on across it. */
void runs_normalise(struct runs *r);

/* A node's type; empty for anything else. */
str adf_type(const json_t *node);
int adf_is(const json_t *node, const char *type);
/* An attribute that is text and not empty, or the empty str. */
str adf_attr(const json_t *node, const char *name);
int64_t adf_attr_int(const json_t *node, const char *name, int64_t fallback);
/* An array, or NULL. Borrowed. */
const json_t *adf_content(const json_t *node);
/* The child at i, or NULL. */
const json_t *adf_child(const json_t *node, size_t i);
/* Stands in a line of text: a leaf, known or unknown, that is no block. */
int adf_is_inline(const json_t *node);
/* Holds inline nodes, whatever its type. */
int adf_holds_inline(const json_t *node);
/* The address of a card or of media elsewhere; empty when it has none. */
str adf_node_url(const json_t *node);
/* What stands for a node that is neither text nor hard break nor holds any: a name, an address, a
 * date, or its type in brackets. Appends. */
void adf_leaf_text(struct buf *b, const json_t *node);
/* All texts below the node in their order, with a blank between them; without recursion. */
void adf_flat_text(struct buf *b, const json_t *node);
/* One inline node as runs. */
void adf_add_inline(struct runs *r, const json_t *node);
/* All inline content below the node, with a break between blocks. depth: of the node. */
void adf_add_all(struct runs *r, const json_t *node, int depth);
/* http, https, mailto: what may be a link on a page. */
int adf_is_web_url(str url);
/* Those, ftp, tel, and addresses within the site ("/browse/X-1", "#part"): what may be a link in
 * ADF that people write. */
int adf_is_link(str url);

/* The runs as ADF nodes, a new reference. */
json_t *adf_runs_json(const struct runs *r);

enum inline_place { INLINE_TEXT, INLINE_HEADING, INLINE_CELL };
/* The runs as Markdown. prefix: what each further line begins with. */
void adf_runs_markdown(struct buf *b, const struct runs *r, enum inline_place place, str prefix);

#endif
