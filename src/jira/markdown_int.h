/* What the files that read Markdown share: the document in the making (adf.h). Not for anybody
 * else.
 */
#ifndef JIRA_MARKDOWN_INT_H
#define JIRA_MARKDOWN_INT_H

#include <jansson.h>
#include <md4c.h>

#include "base/arena.h"
#include "base/buf.h"
#include "jira/adf_int.h"

enum { FRAMES_MAX = 64, LISTS_MAX = 24 };

/* md4c 0.4.8 may read a byte behind its input: so many zeros follow ours, which ends in a newline.
 */
#define MARKDOWN_PADDING 16

enum frame_kind {
    FRAME_DOC,
    FRAME_QUOTE,
    FRAME_LIST,
    FRAME_ITEM,
    FRAME_TABLE,
    FRAME_ROW,
    FRAME_CELL
};

/* A node whose blocks are being read. */
struct frame {
    enum frame_kind kind;
    json_t *node;    /* owned by the parent's content */
    json_t *content; /* borrowed from node */
    int ordered;     /* FRAME_LIST */
    size_t items;    /* FRAME_LIST: so many, and so many of them could be task items */
    size_t tasks;
    char task; /* FRAME_ITEM: what stands in the brackets, or 0 */
};

/* The block that takes text now. */
enum leaf_kind { LEAF_NONE, LEAF_PARAGRAPH, LEAF_HEADING, LEAF_CODE, LEAF_CELL };

struct reader {
    struct arena *a;
    str input;
    json_t *doc;
    struct frame frames[FRAMES_MAX];
    size_t depth;      /* of frames */
    size_t lists;      /* frames that are lists */
    struct buf levels; /* one byte for each container of Markdown: enum frame_kind, or FLAT */
    enum leaf_kind leaf;
    int level; /* LEAF_HEADING */
    str language;
    struct runs runs;
    size_t sign; /* text that a list without a frame has put there, or 0 */
    struct buf code;
    unsigned marks;        /* that hold from here on */
    unsigned base;         /* that hold for the whole block */
    unsigned counts[3];    /* how often em, strong, strike are open */
    struct adf_link link;  /* with MARK_LINK */
    struct adf_link image; /* of the picture that is open */
    size_t images;         /* open, one inside another */
    size_t links;
    size_t image_at; /* texts before the picture, and before the link */
    size_t link_at;
    int image_is_text;    /* the address cannot be a link in ADF */
    int link_is_text;     /* the address cannot be a link in ADF */
    const char *seen;     /* end of the last text of this row, or NULL */
    size_t seen_cell;     /* the cell that it was in, from 0 */
    const char *row_line; /* start of the last row's line, or NULL */
    size_t cells;         /* begun in this row */
    size_t nodes;
    size_t tasks; /* numbered */
    size_t bytes; /* of texts and addresses */
    int too_large;
};

/* What md4c calls for spans and texts. */
int markdown_enter_span(MD_SPANTYPE type, void *detail, void *reader);
int markdown_leave_span(MD_SPANTYPE type, void *detail, void *reader);
int markdown_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *reader);
/* An attribute with its entities as characters, in the arena. */
str markdown_attribute(struct reader *r, const MD_ATTRIBUTE *attribute);
/* Begins a paragraph where text stands without one (an item of a tight list). */
void markdown_begin_text(struct reader *r);
/* Counts what is made; 0 from the limit on. */
int markdown_count(struct reader *r, size_t nodes, size_t bytes);

/* markdown_entity.c: appends the character; a name that nobody knows stays as it is. */
void markdown_add_entity(struct buf *b, str s);
/* markdown_url.c: where the address begins whose "://" is at colon, or SIZE_MAX; and the address
 * itself, empty when there is none. host: behind the "://". */
size_t markdown_url_begin(const struct reader *r, str s, size_t colon);
str markdown_url_at(const struct reader *r, str s, size_t begin, size_t host);

/* markdown_frame.c: nodes. A node and its content are borrowed by who made them. */
json_t *markdown_new_node(struct reader *r, const char *type);
json_t *markdown_add_content(json_t *node);
void markdown_set_attrs(json_t *node, json_t *attrs);
void markdown_append(json_t *content, json_t *node);
struct frame *markdown_top(struct reader *r);
struct frame *markdown_push_frame(struct reader *r, enum frame_kind kind, const char *type);
void markdown_push_level(struct reader *r, enum frame_kind kind, int flat);
int markdown_pop_level(struct reader *r);
int markdown_is_flat_level(const struct reader *r);
void markdown_begin_leaf(struct reader *r, enum leaf_kind leaf);
void markdown_begin_paragraph(struct reader *r);
void markdown_count_runs(struct reader *r);
void markdown_end_leaf(struct reader *r);

/* markdown_list.c, markdown_table.c: what md4c's blocks do. */
void markdown_enter_list(struct reader *r, const MD_BLOCK_OL_DETAIL *ordered);
void markdown_enter_item(struct reader *r, const MD_BLOCK_LI_DETAIL *detail);
void markdown_leave_item(struct reader *r);
void markdown_leave_list(struct reader *r);
void markdown_enter_table(struct reader *r);
void markdown_leave_table(struct reader *r);
void markdown_enter_row(struct reader *r);
void markdown_enter_cell(struct reader *r, int heading);
void markdown_leave_cell(struct reader *r);
void markdown_leave_row(struct reader *r);
void markdown_leave_headings(struct reader *r);

#endif
