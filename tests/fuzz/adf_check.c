/* See the header. The rules of ADF are written down here once more, from Atlassian's JSON schema
 * (npm's @atlaskit/adf-schema, json-schema/v1/full.json), so that both would have to be wrong.
 */
#include "adf_check.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/doc.h"
#include "jira/adf.h"

struct rule {
    const char *type;
    const char *children; /* their types, or "" */
    const char *attrs;    /* all that may be there */
};

static const struct rule rules[] = {
    {"doc", " paragraph heading blockquote bulletList orderedList taskList codeBlock rule table ",
     " "},
    {"paragraph", " text hardBreak ", " "},
    {"heading", " text hardBreak ", " level "},
    {"blockquote", " paragraph bulletList orderedList codeBlock ", " "},
    {"bulletList", " listItem ", " "},
    {"orderedList", " listItem ", " order "},
    {"listItem", " paragraph bulletList orderedList taskList codeBlock ", " "},
    {"taskList", " taskItem taskList ", " localId "},
    {"taskItem", " text hardBreak ", " localId state "},
    {"codeBlock", " text ", " language "},
    {"table", " tableRow ", " "},
    {"tableRow", " tableHeader tableCell ", " "},
    {"tableHeader", " paragraph ", " "},
    {"tableCell", " paragraph ", " "},
    {"rule", "", " "},
    {"hardBreak", "", " "},
    {"text", "", " "},
};

static const struct rule *rule_of(str type)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (str_eq(type, str_from(rules[i].type)))
            return &rules[i];
    return NULL;
}

static int is_listed(const char *list, str word)
{
    char text[64];

    if (word.n == 0 || word.n > 40)
        return 0;
    (void)snprintf(text, sizeof(text), " %.*s ", STR_ARG(word));
    return strstr(list, text) != NULL;
}

static int are_marks_valid(const json_t *marks)
{
    int code = 0, other = 0;

    if (marks && json_array_size(marks) == 0)
        return 0;
    for (size_t i = 0; i < json_array_size(marks); i++) {
        const json_t *mark = json_array_get(marks, i);
        str type = doc_get_str(mark, "type");

        code |= str_eq(type, STR("code"));
        other |= is_listed(" em strong strike ", type);
        if (!is_listed(" em strong strike code link ", type))
            return 0;
        if (str_eq(type, STR("link")) && doc_get_str(doc_get(mark, "attrs"), "href").n == 0)
            return 0;
    }
    return !(code && other);
}

static int is_text_valid(const json_t *node, const char *parent)
{
    if (doc_get_str(node, "text").n == 0)
        return 0;
    if (strcmp(parent, "codeBlock") == 0)
        return doc_get(node, "marks") == NULL;
    return str_find_char(doc_get_str(node, "text"), '\n') == SIZE_MAX &&
           are_marks_valid(doc_get(node, "marks"));
}

static int are_attrs_valid(const json_t *node, const struct rule *rule)
{
    json_t *attrs = doc_get(node, "attrs"), *value;
    const char *key;

    json_object_foreach (attrs, key, value) {
        if (!is_listed(rule->attrs, str_from(key)))
            return 0;
    }
    if (strcmp(rule->type, "heading") == 0)
        return doc_get_int(attrs, "level", 0) >= 1 && doc_get_int(attrs, "level", 0) <= 6;
    if (strcmp(rule->type, "taskItem") == 0)
        return doc_get_str(attrs, "localId").n > 0 &&
               is_listed(" TODO DONE ", doc_get_str(attrs, "state"));
    return strcmp(rule->type, "taskList") != 0 || doc_get_str(attrs, "localId").n > 0;
}

static int may_be_empty(const char *type)
{
    return is_listed(" doc paragraph codeBlock taskItem rule hardBreak text ", str_from(type));
}

static int is_known_key(const char *key, const char *type)
{
    return is_listed(" type content attrs ", str_from(key)) ||
           (strcmp(type, "doc") == 0 && strcmp(key, "version") == 0) ||
           (strcmp(type, "text") == 0 && is_listed(" text marks ", str_from(key)));
}

static int is_node_valid(json_t *node, const char *parent)
{
    const struct rule *rule = rule_of(doc_get_str(node, "type"));
    const json_t *content = doc_get(node, "content");
    const char *key;
    json_t *value;

    if (!rule || !are_attrs_valid(node, rule))
        return 0;
    json_object_foreach (node, key, value) {
        if (!is_known_key(key, rule->type))
            return 0;
    }
    if (strcmp(rule->type, "text") == 0)
        return is_text_valid(node, parent);
    if (json_array_size(content) == 0 && !may_be_empty(rule->type))
        return 0;
    if (strcmp(rule->type, "listItem") == 0 &&
        !is_listed(" paragraph codeBlock ", doc_get_str(json_array_get(content, 0), "type")))
        return 0;
    for (size_t i = 0; i < json_array_size(content); i++) {
        json_t *child = json_array_get(content, i);
        if (!is_listed(rule->children, doc_get_str(child, "type")) ||
            !is_node_valid(child, rule->type))
            return 0;
    }
    return 1;
}

int adf_check_is_valid(const json_t *doc)
{
    return str_eq(doc_get_str(doc, "type"), STR("doc")) && doc_get_int(doc, "version", 0) == 1 &&
           json_is_array(doc_get(doc, "content")) && is_node_valid((json_t *)doc, "");
}

void adf_check_strip_ids(json_t *node)
{
    json_t *content = doc_get(node, "content");

    (void)json_object_del(doc_get(node, "attrs"), "localId");
    for (size_t i = 0; i < json_array_size(content); i++)
        adf_check_strip_ids(json_array_get(content, i));
}

#define REL " rel=\"noopener noreferrer nofollow\""

static int is_number_attr(str *rest, const char *name)
{
    str text = *rest;
    size_t n = strlen(name), digits = 0;

    if (!str_starts(text, str_from(name)))
        return 0;
    while (n + digits < text.n && text.p[n + digits] >= '0' && text.p[n + digits] <= '9')
        digits++;
    if (digits == 0 || digits > 9 || n + digits >= text.n || text.p[n + digits] != '"')
        return 0;
    *rest = str_slice(text, n + digits + 1, text.n);
    return 1;
}

static int is_href(str attrs)
{
    str url;

    if (!str_starts(attrs, STR(" href=\"")) || !str_ends(attrs, STR("\"" REL)))
        return 0;
    url = str_slice(attrs, 7, attrs.n - strlen("\"" REL));
    for (size_t i = 0; i < url.n; i++)
        if ((unsigned char)url.p[i] <= 0x20 || strchr("\"'<>\\", url.p[i]))
            return 0;
    url.n = url.n > 8 ? 8 : url.n;
    return (url.n >= 7 && str_eq_nocase(str_slice(url, 0, 7), STR("http://"))) ||
           (url.n >= 7 && str_eq_nocase(str_slice(url, 0, 7), STR("mailto:"))) ||
           (url.n >= 8 && str_eq_nocase(url, STR("https://")));
}

static int are_tag_attrs_harmless(str name, str attrs)
{
    if (str_eq(name, STR("a")))
        return is_href(attrs);
    if (str_eq(name, STR("div")) && str_starts(attrs, STR(" class=\"adf-panel")))
        return str_find(attrs, STR("\"")) == 7 - 0 &&
               str_find(str_slice(attrs, 8, attrs.n), STR("\"")) == attrs.n - 9;
    if (str_eq(name, STR("ol")) && is_number_attr(&attrs, " start=\""))
        return attrs.n == 0;
    if (str_eq(name, STR("td")) || str_eq(name, STR("th"))) {
        (void)is_number_attr(&attrs, " colspan=\"");
        (void)is_number_attr(&attrs, " rowspan=\"");
    }
    return attrs.n == 0;
}

static const char elements[] = " p h1 h2 h3 h4 h5 h6 blockquote ul ol li pre code hr br table "
                               "tbody tr th td strong em s u sub sup a div details summary ";

enum { OPEN_MAX = 1000 };

struct open {
    str names[OPEN_MAX];
    size_t n;
};

static int take_tag(struct open *open, str tag)
{
    size_t blank = str_find_char(tag, ' ');
    str name = str_slice(tag, 0, blank);

    if (str_starts(tag, STR("/")))
        return open->n > 0 && str_eq(open->names[--open->n], str_slice(tag, 1, tag.n));
    if (!is_listed(elements, name) || !are_tag_attrs_harmless(name, str_slice(tag, blank, tag.n)))
        return 0;
    if (str_eq(name, STR("br")) || str_eq(name, STR("hr")))
        return 1;
    must(open->n < OPEN_MAX);
    open->names[open->n++] = name;
    return 1;
}

int adf_check_is_harmless(str html)
{
    static struct open open;

    open.n = 0;
    if (!str_is_utf8(html))
        return 0;
    for (size_t i = 0; i < html.n; i++) {
        str rest = str_slice(html, i + 1, html.n);
        size_t end = str_find_char(rest, '>');

        if (html.p[i] == '>' || html.p[i] == '"' || html.p[i] == '\'')
            return 0;
        if (html.p[i] != '<')
            continue;
        if (end == SIZE_MAX || !take_tag(&open, str_slice(rest, 0, end)))
            return 0;
        i += end + 1;
    }
    return open.n == 0;
}

static void check_html(struct arena *a, const json_t *adf)
{
    struct fault f;
    str html;

    if (jira_adf_to_html(a, &f, adf, &html) == ERR_OK)
        must(adf_check_is_harmless(html));
}

static void show(const char *what, struct arena *a, const json_t *adf)
{
    str text = doc_print(a, adf);

    (void)fprintf(stderr, "%s: %.*s\n", what, STR_ARG(text));
}

void adf_check_markdown(struct arena *a, str markdown)
{
    json_t *first, *second;
    struct fault f;
    str again;

    if (jira_adf_from_markdown(a, &f, markdown, &first) != ERR_OK)
        return;
    if (!adf_check_is_valid(first)) {
        show("not valid", a, first);
        unreachable("ADF that is not valid");
    }
    check_html(a, first);
    if (jira_adf_to_markdown(a, &f, first, &again) != ERR_OK || again.n > ADF_INPUT_MAX)
        return;
    must(jira_adf_from_markdown(a, &f, again, &second) == ERR_OK);
    adf_check_strip_ids(first);
    adf_check_strip_ids(second);
    if (!json_equal(first, second)) {
        (void)fprintf(stderr, "from: %.*s\nagain: %.*s\n", STR_ARG(markdown), STR_ARG(again));
        show("first ", a, first);
        show("second", a, second);
        unreachable("a round trip changes it");
    }
}

static int is_word_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Adds letters and digits of all texts of the tree. */
static void add_words(struct buf *b, const json_t *node)
{
    const json_t *content = doc_get(node, "content");
    str text = doc_get_str(node, "text");

    for (size_t i = 0; i < text.n; i++)
        if (is_word_char(text.p[i]))
            buf_add_char(b, text.p[i]);
    for (size_t i = 0; i < json_array_size(content); i++)
        add_words(b, json_array_get(content, i));
}

/* How many characters of few occur in many, in their order. */
static size_t held(str many, str few)
{
    size_t at = 0;

    for (size_t i = 0; i < many.n && at < few.n; i++)
        at += many.p[i] == few.p[at];
    return at;
}

void adf_check_json(struct arena *a, const json_t *adf)
{
    struct buf words BUF_AUTO, back BUF_AUTO;
    struct fault f;
    json_t *again;
    str markdown;

    check_html(a, adf);
    if (jira_adf_to_markdown(a, &f, adf, &markdown) != ERR_OK || markdown.n > ADF_INPUT_MAX)
        return;
    adf_check_markdown(a, markdown);
    if (jira_adf_from_markdown(a, &f, markdown, &again) != ERR_OK)
        return;
    buf_init(&words, ADF_OUTPUT_MAX);
    buf_init(&back, ADF_OUTPUT_MAX);
    add_words(&words, adf);
    add_words(&back, again);
    if (held(buf_str(&back), buf_str(&words)) < words.n) {
        str lost = str_slice(buf_str(&words), held(buf_str(&back), buf_str(&words)), words.n);

        show("lost words of", a, adf);
        (void)fprintf(stderr, "from here on: %.*s\n", STR_ARG(lost));
        (void)fprintf(stderr, "markdown: %.*s\n", STR_ARG(markdown));
        unreachable("words are lost");
    }
}
