/* Where md4c is in the document (markdown_int.h): the nodes that are open, and the block that takes
 * text. Not for what Markdown says.
 */
#include "base/check.h"
#include "base/doc.h"
#include "jira/adf.h"
#include "jira/markdown_int.h"

#define FLAT 0x80     /* a level without a frame */
#define QUOTED_MAX 16 /* "> " in front of a paragraph */

json_t *markdown_new_node(struct reader *r, const char *type)
{
    json_t *node = json_pack("{s:s}", "type", type);

    must(node);
    (void)markdown_count(r, 1, 0);
    return node;
}

json_t *markdown_add_content(json_t *node)
{
    json_t *content = json_array();

    must(content && json_object_set_new(node, "content", content) == 0);
    return content;
}

void markdown_set_attrs(json_t *node, json_t *attrs)
{
    must(attrs && json_object_set_new(node, "attrs", attrs) == 0);
}

void markdown_append(json_t *content, json_t *node)
{
    must(json_array_append_new(content, node) == 0);
}

struct frame *markdown_top(struct reader *r)
{
    return &r->frames[r->depth - 1];
}

/* A node inside the top frame that becomes the top frame. */
struct frame *markdown_push_frame(struct reader *r, enum frame_kind kind, const char *type)
{
    json_t *node = markdown_new_node(r, type);
    struct frame *frame;

    markdown_append(markdown_top(r)->content, node);
    must(r->depth < FRAMES_MAX);
    frame = &r->frames[r->depth++];
    *frame = (struct frame){.kind = kind, .node = node, .content = markdown_add_content(node)};
    r->lists += kind == FRAME_LIST;
    return frame;
}

void markdown_push_level(struct reader *r, enum frame_kind kind, int flat)
{
    buf_add_char(&r->levels, (char)(kind | (flat ? FLAT : 0)));
}

/* Takes the level away; 1 when it has a frame. */
int markdown_pop_level(struct reader *r)
{
    unsigned char level = (unsigned char)r->levels.p[--r->levels.n];

    return !(level & FLAT);
}

int markdown_is_flat_level(const struct reader *r)
{
    return r->levels.n > 0 && ((unsigned char)r->levels.p[r->levels.n - 1] & FLAT);
}

void markdown_begin_leaf(struct reader *r, enum leaf_kind leaf)
{
    r->leaf = leaf;
    r->base = 0;
    r->marks = 0;
    memset(r->counts, 0, sizeof(r->counts));
    r->images = 0;
    r->links = 0;
    r->sign = 0;
    runs_clear(&r->runs);
    buf_clear(&r->code);
}

/* A quote that could not become a node shows in front of its paragraphs, as in mails. */
static void add_quote_signs(struct reader *r)
{
    size_t quotes = 0;

    while (quotes < QUOTED_MAX && quotes < r->levels.n &&
           (unsigned char)r->levels.p[r->levels.n - 1 - quotes] == (FRAME_QUOTE | FLAT))
        quotes++;
    for (; quotes > 0; quotes--)
        runs_add(&r->runs, 0, NULL, STR("> "));
}

void markdown_begin_paragraph(struct reader *r)
{
    markdown_begin_leaf(r, LEAF_PARAGRAPH);
    add_quote_signs(r);
}

void markdown_begin_text(struct reader *r)
{
    if (r->leaf == LEAF_NONE)
        markdown_begin_paragraph(r);
}

void markdown_count_runs(struct reader *r)
{
    for (size_t i = 0; i < runs_count(&r->runs); i++)
        (void)markdown_count(r, 1 + (size_t)__builtin_popcount(runs_at(&r->runs, i)->marks), 0);
}

static void add_inline(struct reader *r, json_t *content)
{
    json_t *list;

    markdown_count_runs(r);
    if (r->too_large)
        return;
    list = adf_runs_json(&r->runs);
    must(json_array_extend(content, list) == 0);
    json_decref(list);
}

static void add_paragraph(struct reader *r, json_t *content)
{
    json_t *node = markdown_new_node(r, "paragraph");

    add_inline(r, markdown_add_content(node));
    markdown_append(content, node);
}

static void add_heading(struct reader *r)
{
    json_t *node = markdown_new_node(r, "heading");

    markdown_set_attrs(node, json_pack("{s:i}", "level", r->level));
    add_inline(r, markdown_add_content(node));
    markdown_append(markdown_top(r)->content, node);
}

static int is_language(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= 0x20 || s.p[i] == '`' || s.p[i] == '\\' || s.p[i] == '&')
            return 0;
    return s.n > 0 && s.n <= 100;
}

static void add_code_block(struct reader *r)
{
    json_t *node = markdown_new_node(r, "codeBlock"), *text, *content;
    str code = buf_str(&r->code);

    if (is_language(r->language))
        markdown_set_attrs(node, json_pack("{s:s%}", "language", r->language.p, r->language.n));
    content = markdown_add_content(node);
    code.n -= str_ends(code, STR("\n")) ? 1 : 0;
    if (code.n > 0) {
        text = json_pack("{s:s, s:s%}", "type", "text", "text", code.p, code.n);
        must(text);
        markdown_append(content, text);
    }
    markdown_append(markdown_top(r)->content, node);
}

void markdown_end_leaf(struct reader *r)
{
    enum leaf_kind leaf = r->leaf;

    if (leaf == LEAF_NONE)
        return;
    r->leaf = LEAF_NONE;
    runs_normalise(&r->runs);
    if (!runs_ok(&r->runs) || !buf_ok(&r->code))
        r->too_large = 1;
    else if (leaf == LEAF_CODE)
        add_code_block(r);
    else if (leaf == LEAF_HEADING && runs_count(&r->runs) > 0)
        add_heading(r);
    else if (leaf == LEAF_CELL || (leaf == LEAF_PARAGRAPH && runs_count(&r->runs) > 0))
        add_paragraph(r, markdown_top(r)->content);
}
