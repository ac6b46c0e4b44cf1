/* Inline content of ADF as runs (adf_int.h), from one node up to all there is below a block, and
 * all text of what is nested too deeply to be followed.
 */
#include "base/check.h"
#include "base/doc.h"
#include "jira/adf_int.h"

static unsigned mark_of(const json_t *mark, struct adf_link *link)
{
    static const struct {
        const char *type;
        unsigned mark;
    } table[] = {
        {"em", MARK_EM}, {"strong", MARK_STRONG}, {"strike", MARK_STRIKE}, {"code", MARK_CODE}};

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (adf_is(mark, table[i].type))
            return table[i].mark;
    if (!adf_is(mark, "link") || adf_attr(mark, "href").n == 0)
        return 0;
    link->href = adf_attr(mark, "href");
    link->title = adf_attr(mark, "title");
    link->title.p = link->title.n > 0 ? link->title.p : NULL;
    return MARK_LINK;
}

static unsigned marks_of(const json_t *node, struct adf_link *link)
{
    const json_t *marks = doc_get(node, "marks");
    unsigned all = 0;

    for (size_t i = 0; i < json_array_size(marks); i++)
        all |= mark_of(json_array_get(marks, i), link);
    return all;
}

/* A card or a picture elsewhere: its name or address as a link to it. */
static void add_url(struct runs *r, unsigned marks, const json_t *node)
{
    struct adf_link link = {.href = adf_node_url(node)};
    str name = adf_attr(node, "alt");

    runs_add(r, marks | MARK_LINK, &link, name.n > 0 ? name : link.href);
}

void adf_add_inline(struct runs *r, const json_t *node)
{
    struct adf_link link = {{NULL, 0}, {NULL, 0}};
    struct buf text BUF_AUTO;
    unsigned marks = marks_of(node, &link);

    buf_init(&text, ADF_TEXT_MAX);
    if (adf_is(node, "hardBreak")) {
        runs_add_break(r);
    } else if (adf_is(node, "text")) {
        runs_add(r, marks, &link, doc_get_str(node, "text"));
    } else if (!(marks & MARK_LINK) && adf_is_link(adf_node_url(node))) {
        add_url(r, marks, node);
    } else {
        adf_leaf_text(&text, node);
        runs_add(r, marks, &link, buf_str(&text));
    }
}

/* Of code in a table cell: a line stays code. */
static void add_code(struct runs *r, const json_t *node)
{
    struct buf text BUF_AUTO;
    str rest;

    buf_init(&text, ADF_TEXT_MAX);
    adf_flat_text(&text, node);
    rest = buf_str(&text);
    while (rest.n > 0) {
        runs_add(r, MARK_CODE, NULL, str_take_until(&rest, '\n'));
        runs_add_break(r);
    }
}

static void add_title(struct runs *r, const json_t *node)
{
    if (adf_content(node) && adf_attr(node, "title").n > 0) {
        runs_add(r, MARK_STRONG, NULL, adf_attr(node, "title"));
        runs_add_break(r);
    }
}

void adf_add_all(struct runs *r, const json_t *node, int depth)
{
    struct buf text BUF_AUTO;
    size_t count = json_array_size(adf_content(node));

    buf_init(&text, ADF_TEXT_MAX);
    if (depth > ADF_DEPTH_MAX) {
        adf_flat_text(&text, node);
        runs_add(r, 0, NULL, buf_str(&text));
    } else if (adf_is(node, "codeBlock")) {
        add_code(r, node);
    } else if (count == 0) {
        adf_add_inline(r, node);
    } else {
        add_title(r, node);
        for (size_t i = 0; i < count; i++) {
            if (i > 0 &&
                !(adf_is_inline(adf_child(node, i)) && adf_is_inline(adf_child(node, i - 1))))
                runs_add_break(r);
            adf_add_all(r, adf_child(node, i), depth + 1);
        }
    }
}

/* Where the walk is: the next child of a node. */
struct step {
    const json_t *content;
    size_t next;
};

#define STEPS_MAX ((size_t)64 << 20)

static void push_step(struct buf *b, struct buf *steps, const json_t *node)
{
    struct step step = {adf_content(node), 0};

    buf_add(b, adf_attr(node, "title"));
    if (adf_attr(node, "title").n > 0)
        buf_add_char(b, ' ');
    buf_add_bytes(steps, &step, sizeof(step));
}

static void add_apart(struct buf *b, const json_t *node)
{
    int text = adf_is(node, "text");

    if (!text && b->n > 0 && b->p[b->n - 1] != ' ')
        buf_add_char(b, ' ');
    if (text)
        buf_add(b, doc_get_str(node, "text"));
    else if (!adf_is(node, "hardBreak"))
        adf_leaf_text(b, node);
}

void adf_flat_text(struct buf *b, const json_t *node)
{
    struct buf steps BUF_AUTO;

    buf_init(&steps, STEPS_MAX);
    if (json_array_size(adf_content(node)) == 0)
        add_apart(b, node);
    else
        push_step(b, &steps, node);
    while (steps.n > 0) {
        struct step *top = (struct step *)(void *)(steps.p + steps.n) - 1;
        const json_t *child = json_array_get(top->content, top->next++);

        if (!child) {
            steps.n -= sizeof(*top);
            if (b->n > 0 && b->p[b->n - 1] != ' ' && steps.n > 0)
                buf_add_char(b, ' ');
        } else if (json_array_size(adf_content(child)) > 0) {
            push_step(b, &steps, child);
        } else {
            add_apart(b, child);
        }
    }
}
