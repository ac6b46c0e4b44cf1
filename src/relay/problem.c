/* See the header. */
#include "relay/problem.h"

#include "base/doc.h"
#include "http/status.h"

static json_t *messages(struct arena *a, const struct problem *p)
{
    json_t *list = doc_array(a);
    str text = str_from(fault_text(p->fault));
    str all = text;

    if (p->connect_url.n)
        all = arena_printf(a, "%.*s %.*s", STR_ARG(text), STR_ARG(p->connect_url));
    json_t *one = json_stringn(all.p, all.n);
    doc_append(list, one);
    json_decref(one);
    return list;
}

str problem_body(struct arena *a, const struct problem *p)
{
    json_t *doc = doc_object(a);
    enum err e = p->fault->code;

    doc_set_cstring(doc, "type", "about:blank");
    doc_set_cstring(doc, "title", status_phrase(err_status(e)));
    doc_set_int(doc, "status", err_status(e));
    doc_set_cstring(doc, "detail", fault_text(p->fault));
    doc_set_cstring(doc, "code", err_code(e));
    doc_set_str(doc, "connect_url", p->connect_url.n ? p->connect_url : (str){NULL, 0});
    doc_set_str(doc, "reason", p->reason.n ? p->reason : (str){NULL, 0});
    doc_set_str(doc, "instance", p->instance);
    doc_set(doc, "errorMessages", messages(a, p));
    doc_set(doc, "errors", doc_object(a));
    return doc_print(a, doc);
}
