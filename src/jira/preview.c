/* See the header. */
#include "jira/preview.h"

#include "base/buf.h"
#include "base/doc.h"
#include "base/url.h"
#include "jira/template.h"

#define FIELDS_MAX 50
#define FIELD_NAME_MAX 255 /* of Jira's none is as long */
#define QUERY_MAX ((size_t)8 * 1024)
#define TEXT_MAX ((size_t)300)

static int is_edit(struct arena *a, const struct provider_request *write)
{
    str template = {NULL, 0}, issue = {NULL, 0}, project = {NULL, 0};

    if (!str_eq(write->method, STR("PUT")))
        return 0;
    jira_template(a, write->path, &template, &issue, &project);
    return str_eq(template, STR("/rest/api/3/issue/{issue}")) ||
           str_eq(template, STR("/rest/api/2/issue/{issue}"));
}

int jira_preview(struct arena *a, const struct provider_request *write,
                 struct provider_request *read)
{
    json_t *body = NULL, *value;
    const char *name;
    struct buf query;
    size_t n = 0;

    if (!is_edit(a, write) || doc_parse(a, NULL, write->body, &body))
        return 0;
    buf_init(&query, QUERY_MAX);
    buf_add(&query, STR("fields="));
    json_object_foreach (doc_get(body, "fields"), name, value) {
        if (n++ == FIELDS_MAX || !buf_ok(&query))
            break;
        if (n > 1)
            buf_add_char(&query, ',');
        buf_add(&query, url_encode(a, str_utf8_cut(str_from(name), FIELD_NAME_MAX)));
    }
    read->method = STR("GET");
    read->path = write->path;
    read->query = buf_ok(&query) ? arena_str(a, buf_str(&query)) : (str){NULL, 0};
    buf_done(&query);
    return read->query.p && (n > 0 || json_object_size(doc_get(body, "update")) > 0);
}

/* Everything of what is written is there already. */
static int is_so(const json_t *now, const json_t *written)
{
    const char *name;
    json_t *value;
    size_t i;

    if (json_is_array(written)) {
        if (json_array_size(now) != json_array_size(written))
            return 0;
        json_array_foreach ((json_t *)(uintptr_t)written, i, value) {
            if (!is_so(json_array_get(now, i), value))
                return 0;
        }
        return json_is_array(now);
    }
    if (!json_is_object(written))
        return json_equal(now, written) || (!now && json_is_null(written));
    json_object_foreach ((json_t *)(uintptr_t)written, name, value) {
        if (!is_so(doc_get(now, name), value))
            return 0;
    }
    return json_is_object(now);
}

/* What a person calls it. */
static str words(struct arena *a, const json_t *value)
{
    static const char *const NAMES[] = {"displayName", "name", "value", "key"};
    json_t *one;
    size_t i;
    str list = STR("");

    if (!value || json_is_null(value))
        return STR("");
    if (json_is_string(value))
        return str_utf8_cut((str){json_string_value(value), json_string_length(value)}, TEXT_MAX);
    for (i = 0; json_is_object(value) && i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        if (json_is_string(doc_get(value, NAMES[i])))
            return str_utf8_cut(doc_get_str(value, NAMES[i]), TEXT_MAX);
    }
    if (!json_is_array(value))
        return str_utf8_cut(doc_print(a, value), TEXT_MAX);
    json_array_foreach ((json_t *)(uintptr_t)value, i, one) {
        if (list.n < TEXT_MAX)
            list =
                arena_printf(a, "%.*s%s%.*s", STR_ARG(list), i ? ", " : "", STR_ARG(words(a, one)));
    }
    return str_utf8_cut(list, TEXT_MAX);
}

static void add_change(struct arena *a, json_t *list, const char *name, str from, str to)
{
    json_t *change = doc_object(a);

    doc_set_cstring(change, "name", name);
    doc_set_str(change, "from", from);
    doc_set_str(change, "to", to);
    doc_append(list, change);
}

json_t *jira_preview_changes(struct arena *a, str write_body, str read_body)
{
    json_t *list = doc_array(a), *write = NULL, *read = NULL, *value;
    const char *name;

    if (doc_parse(a, NULL, write_body, &write) || doc_parse(a, NULL, read_body, &read) ||
        !doc_get(read, "fields"))
        return list;
    json_object_foreach (doc_get(write, "fields"), name, value) {
        const json_t *now = doc_get(doc_get(read, "fields"), name);
        if (!is_so(now, value))
            add_change(a, list, name, words(a, now), words(a, value));
    }
    json_object_foreach (doc_get(write, "update"), name, value) {
        add_change(a, list, name, STR(""), words(a, value));
    }
    return list;
}

json_t *jira_field_errors(struct arena *a, str reply_body)
{
    json_t *found = doc_object(a), *reply = NULL, *value;
    const char *name;

    if (doc_parse(a, NULL, reply_body, &reply))
        return found;
    json_object_foreach (doc_get(reply, "errors"), name, value) {
        if (json_is_string(value))
            doc_set(found, name, value);
    }
    return found;
}
