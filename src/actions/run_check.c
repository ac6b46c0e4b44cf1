/* Before the first step: selects whose options come from a request are looked up once more, because
 * a form is only a form. Sources that search by what somebody types are left to Jira. See run.h.
 */
#include "actions/input.h"
#include "actions/options.h"
#include "actions/run_int.h"
#include "base/check.h"
#include "base/doc.h"

#include "actions/action.h"

static const json_t *input_of(const struct run *r)
{
    return json_array_get(doc_get(r->applied, "inputs"), r->checked);
}

static const json_t *value_of(const struct run *r)
{
    return doc_get(doc_get(r->values, "input"), json_string_value(doc_get(input_of(r), "id")));
}

static int is_checked(struct run *r, struct work *w)
{
    const json_t *input = input_of(r), *value = value_of(r);

    return json_is_object(doc_get(input, "options_from")) && value && !json_is_null(value) &&
           !options_search(w->arena, r->applied, input, r->filters);
}

static void refuse(struct run *r, const char *why)
{
    str label = str_utf8_cut(input_label(input_of(r)), 120);

    run_end(r, arena_printf(r->arena, "%.*s: %s", STR_ARG(label), why));
}

void run_check_plan(struct run *r, struct work *w)
{
    const json_t *source =
        action_request(r->applied, doc_get_str(doc_get(input_of(r), "options_from"), "request"));
    struct fill_scope scope = run_scope(r);
    int fatal = 0;

    if (!is_checked(r, w)) {
        r->checked++;
        return;
    }
    if (chain_prepare(&r->chain, w, doc_get_str(source, "connection"), doc_get(source, "document"),
                      &scope, &fatal)) {
        refuse(r, fault_text(w->fault));
        fault_clear(w->fault);
        chain_forget(&r->chain);
        return;
    }
    r->row.own |= !r->chain.call->shared;
    r->is_planned = r->is_check = 1;
    r->tries++;
}

void run_check_heard(struct run *r, struct work *w)
{
    const struct provider_op *op = &r->chain.call->op;
    struct fill_scope scope = run_scope(r);
    struct fault f = {.code = ERR_OK};
    json_t *options = NULL;
    int cut = 0;

    r->is_planned = r->is_check = 0;
    r->tries = 0;
    if (op->err)
        refuse(r, fault_text(&op->fault));
    else if (options_read(w->arena, &f, input_of(r), &scope, &op->request, &options, &cut))
        refuse(r, fault_text(&f));
    else if (!cut && !input_is_among(options, value_of(r)))
        refuse(r, "what was chosen is not among the options.");
    r->checked++;
}
