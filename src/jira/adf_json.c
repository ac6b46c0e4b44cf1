/* Runs as ADF's inline nodes (adf_int.h). Not for blocks. */
#include "base/check.h"
#include "jira/adf_int.h"

static void add_mark(json_t *marks, const char *type)
{
    must(json_array_append_new(marks, json_pack("{s:s}", "type", type)) == 0);
}

static json_t *link_mark(const struct adf_link *link)
{
    json_t *mark =
        json_pack("{s:s, s:{s:s%}}", "type", "link", "attrs", "href", link->href.p, link->href.n);

    must(mark);
    if (link->title.p)
        must(json_object_set_new(json_object_get(mark, "attrs"), "title",
                                 json_stringn(link->title.p, link->title.n)) == 0);
    return mark;
}

static json_t *marks_json(const struct run *run)
{
    json_t *marks = json_array();

    must(marks);
    if (run->marks & MARK_LINK)
        must(json_array_append_new(marks, link_mark(&run->link)) == 0);
    if (run->marks & MARK_EM)
        add_mark(marks, "em");
    if (run->marks & MARK_STRONG)
        add_mark(marks, "strong");
    if (run->marks & MARK_STRIKE)
        add_mark(marks, "strike");
    if (run->marks & MARK_CODE)
        add_mark(marks, "code");
    return marks;
}

static json_t *run_json(const struct runs *r, const struct run *run)
{
    str text = run_text(r, run);
    json_t *node;

    if (run->is_break) {
        node = json_pack("{s:s}", "type", "hardBreak");
        must(node);
        return node;
    }
    node = json_pack("{s:s, s:s%}", "type", "text", "text", text.p, text.n);
    must(node);
    if (run->marks)
        must(json_object_set_new(node, "marks", marks_json(run)) == 0);
    return node;
}

json_t *adf_runs_json(const struct runs *r)
{
    json_t *list = json_array();

    must(list);
    for (size_t i = 0; i < runs_count(r); i++)
        must(json_array_append_new(list, run_json(r, runs_at(r, i))) == 0);
    return list;
}
