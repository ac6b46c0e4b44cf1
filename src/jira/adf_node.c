/* Reading ADF nodes, which come from anywhere and hold anything (adf_int.h): what a node is, and
 * the text that stands for what Markdown has no words for. Not for blocks.
 */
#include <time.h>

#include "base/doc.h"
#include "jira/adf_int.h"

str adf_type(const json_t *node)
{
    return doc_get_str(node, "type");
}

int adf_is(const json_t *node, const char *type)
{
    return str_eq(adf_type(node), str_from(type));
}

str adf_attr(const json_t *node, const char *name)
{
    return doc_get_str(doc_get(node, "attrs"), name);
}

int64_t adf_attr_int(const json_t *node, const char *name, int64_t fallback)
{
    const json_t *value = doc_get(doc_get(node, "attrs"), name);

    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

const json_t *adf_content(const json_t *node)
{
    const json_t *content = doc_get(node, "content");

    return json_is_array(content) ? content : NULL;
}

const json_t *adf_child(const json_t *node, size_t i)
{
    return json_array_get(adf_content(node), i);
}

static int is_one_of(str type, const char *const *names)
{
    for (; *names; names++)
        if (str_eq(type, str_from(*names)))
            return 1;
    return 0;
}

int adf_is_inline(const json_t *node)
{
    static const char *const names[] = {
        "text",   "hardBreak",   "mention",     "emoji",           "inlineCard", "date",
        "status", "mediaInline", "placeholder", "inlineExtension", "media",      NULL};

    if (json_array_size(adf_content(node)) > 0)
        return 0;
    return is_one_of(adf_type(node), names) || json_is_string(node) ||
           doc_get_str(node, "text").n > 0;
}

int adf_holds_inline(const json_t *node)
{
    static const char *const names[] = {"paragraph", "heading",      "codeBlock",
                                        "taskItem",  "decisionItem", NULL};

    return is_one_of(adf_type(node), names) || adf_is_inline(adf_child(node, 0));
}

static int has_scheme(str url, str scheme)
{
    return url.n > scheme.n && str_eq_nocase(str_slice(url, 0, scheme.n), scheme);
}

/* No blank or control character may stand in an address: browsers drop some of them. */
static int is_clean(str url)
{
    for (size_t i = 0; i < url.n; i++)
        if ((unsigned char)url.p[i] <= 0x20 || url.p[i] == 0x7f || url.p[i] == '\\')
            return 0;
    return url.n > 0;
}

int adf_is_web_url(str url)
{
    return is_clean(url) && (has_scheme(url, STR("https://")) || has_scheme(url, STR("http://")) ||
                             has_scheme(url, STR("mailto:")));
}

int adf_is_link(str url)
{
    return adf_is_web_url(url) ||
           (is_clean(url) && (has_scheme(url, STR("ftp://")) || has_scheme(url, STR("tel:")) ||
                              url.p[0] == '#' || (url.p[0] == '/' && !str_starts(url, STR("//")))));
}

str adf_node_url(const json_t *node)
{
    str url = adf_attr(node, "url");

    return url.n > 0 ? url : doc_get_str(doc_get(doc_get(node, "attrs"), "data"), "url");
}

/* Milliseconds since 1970, as text or number, as a day. 1 when it was one. */
static int add_date(struct buf *b, const json_t *node)
{
    int64_t ms = adf_attr_int(node, "timestamp", -1);
    struct tm tm;
    time_t seconds;

    if (ms < 0 && (!str_to_int64(adf_attr(node, "timestamp"), &ms) || ms < 0))
        return 0;
    seconds = (time_t)(ms / 1000);
    if (seconds > (time_t)253402300799 || !gmtime_r(&seconds, &tm))
        return 0;
    buf_addf(b, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
    return 1;
}

static void add_bracketed(struct buf *b, const char *what, str text)
{
    const str parts[] = {STR("["), str_from(what), text.n > 0 && *what ? STR(": ") : STR(""), text,
                         STR("]")};

    buf_add_parts(b, parts, sizeof(parts) / sizeof(parts[0]));
}

static str first_attr(const json_t *node, const char *const *names)
{
    for (; *names; names++)
        if (adf_attr(node, *names).n > 0)
            return adf_attr(node, *names);
    return (str){NULL, 0};
}

static void add_unknown(struct buf *b, const json_t *node)
{
    static const char *const names[] = {"text", "title",        "alt",       "name", "label", "url",
                                        "href", "extensionKey", "shortName", "id",   NULL};
    str text =
        doc_get_str(node, "text").n > 0 ? doc_get_str(node, "text") : first_attr(node, names);

    if (json_is_string(node))
        text = (str){json_string_value(node), json_string_length(node)};
    if (text.n > 0)
        buf_add(b, text);
    else if (adf_type(node).n > 0)
        add_bracketed(b, "", adf_type(node));
}

static void add_extension(struct buf *b, const json_t *node)
{
    add_bracketed(b, "extension", adf_attr(node, "extensionKey"));
    if (adf_attr(node, "text").n > 0) {
        buf_add_char(b, ' ');
        buf_add(b, adf_attr(node, "text"));
    }
}

/* Blocks that say nothing while they hold nothing. */
static int is_empty_block(str type)
{
    static const char *const names[] = {
        "doc",           "paragraph",    "heading",       "bulletList",
        "orderedList",   "listItem",     "taskList",      "taskItem",
        "blockquote",    "codeBlock",    "table",         "tableRow",
        "tableCell",     "tableHeader",  "panel",         "mediaSingle",
        "mediaGroup",    "caption",      "decisionList",  "decisionItem",
        "layoutSection", "layoutColumn", "blockTaskItem", NULL};

    return is_one_of(type, names);
}

void adf_leaf_text(struct buf *b, const json_t *node)
{
    static const char *const people[] = {"text", NULL};
    static const char *const emoji[] = {"text", "shortName", "id", NULL};
    static const char *const media[] = {"alt", "id", "url", NULL};
    str type = adf_type(node);

    if (is_empty_block(type) || (!json_is_object(node) && !json_is_string(node)))
        return;
    if (str_eq(type, STR("mention")) && first_attr(node, people).n == 0) {
        buf_add_char(b, '@');
        buf_add(b, adf_attr(node, "id"));
    } else if (str_eq(type, STR("emoji")) && first_attr(node, emoji).n > 0) {
        buf_add(b, first_attr(node, emoji));
    } else if (str_eq(type, STR("status"))) {
        add_bracketed(b, "", adf_attr(node, "text"));
    } else if (str_eq(type, STR("date")) && add_date(b, node)) {
        return;
    } else if (str_eq(type, STR("media")) || str_eq(type, STR("mediaInline"))) {
        add_bracketed(b, "file", first_attr(node, media));
    } else if (str_ends(type, STR("xtension"))) {
        add_extension(b, node);
    } else if (adf_node_url(node).n > 0) {
        buf_add(b, adf_node_url(node));
    } else {
        add_unknown(b, node);
    }
}
