/* Markdown to ADF (adf.h): md4c's blocks as ADF's nodes. Where Jira does not allow a block (a quote
 * in a quote, a heading in a list) it becomes paragraphs that say the same. Spans and texts are
 * markdown_inline.c's.
 */
#include "base/check.h"
#include "base/doc.h"
#include "jira/adf.h"
#include "jira/markdown_int.h"

#define LEVELS_MAX ADF_INPUT_MAX

static void enter_quote(struct reader *r)
{
    int flat = markdown_top(r)->kind != FRAME_DOC;

    if (!flat)
        markdown_push_frame(r, FRAME_QUOTE, "blockquote");
    markdown_push_level(r, FRAME_QUOTE, flat);
}

static void leave_quote(struct reader *r)
{
    if (!markdown_pop_level(r))
        return;
    r->depth--;
    if (json_array_size(r->frames[r->depth].content) == 0)
        must(json_array_remove(markdown_top(r)->content,
                               json_array_size(markdown_top(r)->content) - 1) == 0);
}

static void enter_heading(struct reader *r, const MD_BLOCK_H_DETAIL *detail)
{
    if (markdown_top(r)->kind == FRAME_DOC) {
        markdown_begin_leaf(r, LEAF_HEADING);
        r->level = (int)detail->level;
    } else {
        markdown_begin_paragraph(r);
        r->base = MARK_STRONG;
    }
}

static void add_rule(struct reader *r)
{
    if (markdown_top(r)->kind == FRAME_DOC) {
        markdown_append(markdown_top(r)->content, markdown_new_node(r, "rule"));
        return;
    }
    markdown_begin_paragraph(r);
    runs_add(&r->runs, 0, NULL, STR("---"));
    markdown_end_leaf(r);
}

static void enter_code(struct reader *r, const MD_BLOCK_CODE_DETAIL *detail)
{
    markdown_begin_leaf(r, LEAF_CODE);
    r->language = markdown_attribute(r, &detail->lang);
}

/* An item without a frame has begun its paragraph already; the first thing in it goes on there. */
static int goes_on(const struct reader *r, MD_BLOCKTYPE type)
{
    return r->leaf == LEAF_PARAGRAPH && markdown_is_flat_level(r) && r->sign > 0 &&
           r->runs.text.n == r->sign &&
           (type == MD_BLOCK_P || type == MD_BLOCK_UL || type == MD_BLOCK_OL ||
            type == MD_BLOCK_LI);
}

static int enter_block(MD_BLOCKTYPE type, void *detail, void *reader)
{
    struct reader *r = reader;

    if (type != MD_BLOCK_TH && type != MD_BLOCK_TD && !goes_on(r, type))
        markdown_end_leaf(r);
    switch (type) {
    case MD_BLOCK_QUOTE:
        enter_quote(r);
        break;
    case MD_BLOCK_UL:
        markdown_enter_list(r, NULL);
        break;
    case MD_BLOCK_OL:
        markdown_enter_list(r, detail);
        break;
    case MD_BLOCK_LI:
        markdown_enter_item(r, detail);
        break;
    case MD_BLOCK_HR:
        add_rule(r);
        break;
    case MD_BLOCK_H:
        enter_heading(r, detail);
        break;
    case MD_BLOCK_CODE:
        enter_code(r, detail);
        break;
    case MD_BLOCK_P:
        markdown_begin_text(r);
        break;
    case MD_BLOCK_TABLE:
        markdown_enter_table(r);
        break;
    case MD_BLOCK_TR:
        markdown_enter_row(r);
        break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
        markdown_enter_cell(r, type == MD_BLOCK_TH);
        break;
    case MD_BLOCK_DOC:
    case MD_BLOCK_HTML:
    case MD_BLOCK_THEAD:
    case MD_BLOCK_TBODY:
        break;
    }
    return r->too_large || !buf_ok(&r->levels);
}

static int leave_block(MD_BLOCKTYPE type, void *detail, void *reader)
{
    struct reader *r = reader;

    (void)detail;
    if (type == MD_BLOCK_TH || type == MD_BLOCK_TD)
        markdown_leave_cell(r);
    else if (type == MD_BLOCK_TR)
        markdown_leave_row(r);
    else
        markdown_end_leaf(r);
    if (type == MD_BLOCK_QUOTE)
        leave_quote(r);
    else if (type == MD_BLOCK_UL || type == MD_BLOCK_OL)
        markdown_leave_list(r);
    else if (type == MD_BLOCK_LI)
        markdown_leave_item(r);
    else if (type == MD_BLOCK_THEAD)
        markdown_leave_headings(r);
    else if (type == MD_BLOCK_TABLE)
        markdown_leave_table(r);
    return r->too_large;
}

static void reader_init(struct reader *r, struct arena *a, str input)
{
    *r = (struct reader){.a = a, .input = input, .depth = 1};
    r->doc = json_pack("{s:s, s:i, s:[]}", "type", "doc", "version", 1, "content");
    must(r->doc);
    r->frames[0] = (struct frame){
        .kind = FRAME_DOC, .node = r->doc, .content = json_object_get(r->doc, "content")};
    buf_init(&r->levels, LEVELS_MAX);
    buf_init(&r->code, ADF_OUTPUT_MAX);
    runs_init(&r->runs);
}

static void reader_done(struct reader *r)
{
    buf_done(&r->levels);
    buf_done(&r->code);
    runs_done(&r->runs);
}

enum err jira_adf_from_markdown(struct arena *a, struct fault *f, str markdown, json_t **ret)
{
    MD_PARSER parser = {
        .flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS | MD_FLAG_NOHTMLBLOCKS,
        .enter_block = enter_block,
        .leave_block = leave_block,
        .enter_span = markdown_enter_span,
        .leave_span = markdown_leave_span,
        .text = markdown_text,
    };
    static const char padding[MARKDOWN_PADDING];
    struct buf copy BUF_AUTO;
    struct reader r;
    int failed;

    buf_init(&copy, ADF_INPUT_MAX + 1 + MARKDOWN_PADDING);
    if (markdown.n > ADF_INPUT_MAX)
        return fail(f, ERR_TOO_LARGE, "The text is longer than 1 MB.");
    if (!str_is_utf8(markdown))
        return fail(f, ERR_MALFORMED, "The text is not valid UTF-8.");
    buf_add(&copy, markdown);
    buf_add_char(&copy, '\n');
    buf_add_bytes(&copy, padding, MARKDOWN_PADDING);
    reader_init(&r, a, (str){copy.p, copy.n - MARKDOWN_PADDING});
    (void)doc_keep(a, r.doc);
    failed = md_parse(r.input.p, (MD_SIZE)r.input.n, &parser, &r) != 0;
    reader_done(&r);
    if (failed)
        return fail(f, ERR_TOO_LARGE, "The text has too many parts to be sent to Jira.");
    *ret = r.doc;
    return ERR_OK;
}
