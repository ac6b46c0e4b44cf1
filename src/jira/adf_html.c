/* ADF to HTML (adf.h). Only the elements and attributes written down here are ever put out; what a
 * document holds becomes escaped text, a number, or a link that was checked. Not for styling: the
 * classes begin with "adf-".
 */
#include "base/doc.h"
#include "jira/adf.h"
#include "jira/adf_int.h"

#define SPAN_MAX 64 /* columns or rows of one cell */

static void write_node(struct buf *b, const json_t *node, int depth);

static void add_escaped(struct buf *b, str s)
{
    static const char special[] = "&<>\"'";
    static const char *const names[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

    for (size_t i = 0; i < s.n; i++) {
        const char *at = s.p[i] ? strchr(special, s.p[i]) : NULL;

        if (at)
            buf_add_cstring(b, names[at - special]);
        else if (s.p[i] == 0)
            buf_add(b, STR("\xef\xbf\xbd"));
        else
            buf_add_char(b, s.p[i]);
    }
}

static void add_leaf(struct buf *b, const json_t *node)
{
    struct buf text BUF_AUTO;

    buf_init(&text, ADF_TEXT_MAX);
    adf_leaf_text(&text, node);
    add_escaped(b, buf_str(&text));
}

/* What stands for a mark; NULL for those that are not shown. */
static const char *mark_element(const json_t *mark)
{
    static const struct {
        const char *type;
        const char *element;
    } table[] = {
        {"strong", "strong"}, {"em", "em"}, {"strike", "s"}, {"underline", "u"}, {"code", "code"}};

    if (adf_is(mark, "subsup"))
        return str_eq(adf_attr(mark, "type"), STR("sub")) ? "sub" : "sup";
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (adf_is(mark, table[i].type))
            return table[i].element;
    return NULL;
}

static void open_link(struct buf *b, str url)
{
    buf_add(b, STR("<a href=\""));
    add_escaped(b, url);
    buf_add(b, STR("\" rel=\"noopener noreferrer nofollow\">"));
}

/* The last address among the marks that may be a link; one, since links do not nest. */
static str link_of(const json_t *marks)
{
    str url = {NULL, 0};

    for (size_t i = 0; i < json_array_size(marks); i++) {
        const json_t *mark = json_array_get(marks, i);
        if (adf_is(mark, "link") && adf_is_web_url(adf_attr(mark, "href")))
            url = adf_attr(mark, "href");
    }
    return url;
}

static void add_tag(struct buf *b, const char *open, const char *element)
{
    const str parts[] = {str_from(open), str_from(element), STR(">")};

    buf_add_parts(b, parts, 3);
}

#define MARKS_MAX 16

static void write_text(struct buf *b, const json_t *node)
{
    const json_t *marks = doc_get(node, "marks");
    const char *open[MARKS_MAX];
    str url = link_of(marks), text = doc_get_str(node, "text");
    size_t n = 0;

    if (url.p)
        open_link(b, url);
    for (size_t i = 0; i < json_array_size(marks) && n < MARKS_MAX; i++) {
        const char *element = mark_element(json_array_get(marks, i));
        if (element) {
            add_tag(b, "<", element);
            open[n++] = element;
        }
    }
    if (adf_is(node, "text"))
        add_escaped(b, text);
    else
        add_leaf(b, node);
    while (n > 0)
        add_tag(b, "</", open[--n]);
    if (url.p)
        buf_add(b, STR("</a>"));
}

/* A card or a file elsewhere: a link, never a picture. */
static void write_card(struct buf *b, const json_t *node)
{
    str url = adf_node_url(node), name = adf_attr(node, "alt");

    open_link(b, url);
    add_escaped(b, name.n > 0 ? name : url);
    buf_add(b, STR("</a>"));
}

static void write_leaf(struct buf *b, const json_t *node)
{
    if (adf_is(node, "hardBreak"))
        buf_add(b, STR("<br>"));
    else if (!adf_is(node, "text") && !link_of(doc_get(node, "marks")).p &&
             adf_is_web_url(adf_node_url(node)))
        write_card(b, node);
    else
        write_text(b, node);
}

/* Inline children side by side that have no block around them become a paragraph. */
static void write_children(struct buf *b, const json_t *node, int depth)
{
    size_t count = json_array_size(adf_content(node));
    int bare = !adf_is(node, "paragraph") && !adf_is(node, "heading") &&
               !adf_is(node, "taskItem") && !adf_is(node, "decisionItem");
    int open = 0;

    for (size_t i = 0; i < count && buf_ok(b); i++) {
        const json_t *child = adf_child(node, i);

        if (bare && open != adf_is_inline(child)) {
            buf_add_cstring(b, open ? "</p>" : "<p>");
            open = !open;
        }
        write_node(b, child, depth + 1);
    }
    if (open)
        buf_add(b, STR("</p>"));
}

static void write_in(struct buf *b, const char *element, const json_t *node, int depth)
{
    add_tag(b, "<", element);
    write_children(b, node, depth);
    add_tag(b, "</", element);
}

static void write_heading(struct buf *b, const json_t *node, int depth)
{
    static const char *const elements[] = {"h1", "h2", "h3", "h4", "h5", "h6"};
    int64_t level = adf_attr_int(node, "level", 1);

    write_in(b, elements[level < 1 ? 0 : level > 6 ? 5 : level - 1], node, depth);
}

static void write_ordered(struct buf *b, const json_t *node, int depth)
{
    int64_t order = adf_attr_int(node, "order", 1);

    if (order < 0 || order > 999999999)
        order = 1;
    buf_addf(b, "<ol start=\"%lld\">", (long long)order);
    write_children(b, node, depth);
    buf_add(b, STR("</ol>"));
}

static void write_code(struct buf *b, const json_t *node)
{
    struct buf code BUF_AUTO;

    buf_init(&code, ADF_TEXT_MAX);
    adf_flat_text(&code, node);
    buf_add(b, STR("<pre><code>"));
    add_escaped(b, buf_str(&code));
    buf_add(b, STR("</code></pre>"));
}

static void add_span(struct buf *b, const json_t *cell, const char *name)
{
    int64_t span = adf_attr_int(cell, name, 1);

    if (span > 1 && span <= SPAN_MAX)
        buf_addf(b, " %s=\"%d\"", name, (int)span);
}

static void write_cell(struct buf *b, const json_t *node, int depth)
{
    const char *element = adf_is(node, "tableHeader") ? "th" : "td";

    buf_add_char(b, '<');
    buf_add_cstring(b, element);
    add_span(b, node, "colspan");
    add_span(b, node, "rowspan");
    buf_add_char(b, '>');
    write_children(b, node, depth);
    add_tag(b, "</", element);
}

static void write_table(struct buf *b, const json_t *node, int depth)
{
    buf_add(b, STR("<table><tbody>"));
    write_children(b, node, depth);
    buf_add(b, STR("</tbody></table>"));
}

static void write_task(struct buf *b, const json_t *node, int depth)
{
    int done = str_eq(adf_attr(node, "state"), STR("DONE"));

    buf_add(b, STR("<li>"));
    buf_add_cstring(b, done ? "\xe2\x98\x91 " : "\xe2\x98\x90 ");
    write_children(b, node, depth);
    buf_add(b, STR("</li>"));
}

static void write_panel(struct buf *b, const json_t *node, int depth)
{
    static const char *const types[] = {"info", "note", "tip", "success", "warning", "error"};

    buf_add(b, STR("<div class=\"adf-panel"));
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (str_eq(adf_attr(node, "panelType"), str_from(types[i])))
            buf_addf(b, " adf-%s", types[i]);
    buf_add(b, STR("\">"));
    write_children(b, node, depth);
    buf_add(b, STR("</div>"));
}

static void write_expand(struct buf *b, const json_t *node, int depth)
{
    buf_add(b, STR("<details><summary>"));
    add_escaped(b, adf_attr(node, "title"));
    buf_add(b, STR("</summary>"));
    write_children(b, node, depth);
    buf_add(b, STR("</details>"));
}

/* Containers that are one element with nothing but their children; NULL for others. */
static const char *plain_element(str type)
{
    static const struct {
        const char *type;
        const char *element;
    } table[] = {
        {"paragraph", "p"},     {"blockquote", "blockquote"}, {"bulletList", "ul"},
        {"listItem", "li"},     {"taskList", "ul"},           {"decisionList", "ul"},
        {"decisionItem", "li"}, {"tableRow", "tr"},           {"mediaSingle", "div"},
        {"mediaGroup", "div"},  {"layoutSection", "div"},     {"layoutColumn", "div"},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (str_eq(type, str_from(table[i].type)))
            return table[i].element;
    return NULL;
}

static void write_other(struct buf *b, const json_t *node, int depth)
{
    str title = adf_attr(node, "title");

    if (adf_is_inline(node)) {
        write_leaf(b, node);
    } else if (json_array_size(adf_content(node)) > 0) {
        buf_add(b, STR("<div>"));
        add_escaped(b, title);
        write_children(b, node, depth);
        buf_add(b, STR("</div>"));
    } else {
        buf_add(b, STR("<p>"));
        write_leaf(b, node);
        buf_add(b, STR("</p>"));
    }
}

static void write_deep(struct buf *b, const json_t *node)
{
    struct buf text BUF_AUTO;

    buf_init(&text, ADF_TEXT_MAX);
    adf_flat_text(&text, node);
    add_escaped(b, buf_str(&text));
}

static void write_node(struct buf *b, const json_t *node, int depth)
{
    static const struct {
        const char *type;
        void (*write)(struct buf *b, const json_t *node, int depth);
    } table[] = {
        {"heading", write_heading},     {"orderedList", write_ordered}, {"table", write_table},
        {"tableCell", write_cell},      {"tableHeader", write_cell},    {"taskItem", write_task},
        {"blockTaskItem", write_task},  {"panel", write_panel},         {"expand", write_expand},
        {"nestedExpand", write_expand},
    };
    str type = adf_type(node);

    if (depth > ADF_DEPTH_MAX) {
        write_deep(b, node);
        return;
    }
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (str_eq(type, str_from(table[i].type))) {
            table[i].write(b, node, depth);
            return;
        }
    if (plain_element(type))
        write_in(b, plain_element(type), node, depth);
    else if (str_eq(type, STR("codeBlock")))
        write_code(b, node);
    else if (str_eq(type, STR("rule")) && !adf_child(node, 0))
        buf_add(b, STR("<hr>"));
    else
        write_other(b, node, depth);
}

enum err jira_adf_to_html(struct arena *a, struct fault *f, const json_t *adf, str *ret)
{
    struct buf b BUF_AUTO;

    buf_init(&b, ADF_OUTPUT_MAX);
    if (json_array_size(adf_content(adf)) > 0)
        write_children(&b, adf, 0);
    else
        write_leaf(&b, adf);
    if (!buf_ok(&b))
        return fail(f, ERR_TOO_LARGE, "The text is too long to be shown.");
    *ret = arena_str(a, b.n ? buf_str(&b) : STR(""));
    return ERR_OK;
}
