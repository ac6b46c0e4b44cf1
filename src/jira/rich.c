/* See the header. */
#include "jira/rich.h"

#include "base/doc.h"
#include "jira/adf.h"

#define HEADINGS_ABOVE 3 /* of a run: the page, the action, the output */
#define HEADING_LAST 6

static str text_of(const json_t *value)
{
    return (str){json_string_value(value), json_string_length(value)};
}

json_t *jira_rich_adf(struct arena *a, const json_t *value)
{
    json_t *document = NULL;

    if (json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0))
        return json_null();
    if (!json_is_string(value) || jira_adf_from_markdown(a, NULL, text_of(value), &document))
        return NULL;
    return document;
}

str jira_rich_markdown(struct arena *a, const json_t *value)
{
    str text = {NULL, 0};

    if (json_is_null(value))
        return STR("");
    if (json_is_string(value))
        return text_of(value);
    if (jira_adf_to_markdown(a, NULL, value, &text))
        return (str){NULL, 0};
    return text;
}

/* The page has headings of its own around the text. */
static void lower_headings(json_t *node)
{
    json_t *attrs = doc_get(node, "attrs"), *child;
    size_t i;

    if (str_eq(doc_get_str(node, "type"), STR("heading"))) {
        int64_t level = doc_get_int(attrs, "level", 1) + HEADINGS_ABOVE;
        doc_set_int(attrs, "level", level > HEADING_LAST ? HEADING_LAST : level);
    }
    json_array_foreach (doc_get(node, "content"), i, child) {
        lower_headings(child);
    }
}

enum err jira_rich_html(struct arena *a, struct fault *f, str markdown, str *ret)
{
    json_t *document = NULL;
    enum err e = jira_adf_from_markdown(a, f, markdown, &document);

    if (e)
        return e;
    lower_headings(document);
    return jira_adf_to_html(a, f, document, ret);
}
