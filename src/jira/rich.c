/* See the header. */
#include "jira/rich.h"

#include "jira/adf.h"

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

enum err jira_rich_html(struct arena *a, struct fault *f, str markdown, str *ret)
{
    json_t *document = NULL;
    enum err e = jira_adf_from_markdown(a, f, markdown, &document);

    return e ? e : jira_adf_to_html(a, f, document, ret);
}
