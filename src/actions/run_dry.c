/* Dry runs: what a step would send, and what an edit would change. See run.h.
 */
#include "actions/run_int.h"
#include "base/doc.h"

/* A write of a dry run: what would be sent is on record; of an edit it is read what it would
 * change. */
void run_dry_plan(struct run *r, struct work *w, const json_t *document)
{
    struct provider_request *p = &r->chain.call->op.request;
    struct provider_request read = {0};

    r->was_dry = 1;
    run_record_dry(r, w, document);
    if (w->services->provider->preview(r->chain.call->arena, p, &read)) {
        r->write_body = p->body;
        p->method = read.method;
        p->path = read.path;
        p->query = read.query;
        p->body = (str){NULL, 0};
        r->is_planned = r->is_preview = 1;
        r->tries++;
        return;
    }
    run_count_call(r, 0);
    if (r->items)
        run_add_result(r, 0, 0, STR("Not sent: this is a dry run."), NULL);
    run_record_dry_heard(r, (str){NULL, 0}, (str){NULL, 0});
    chain_forget(&r->chain);
    run_go_on(r, STR(""));
}

/* In a dry run, what an earlier step would have answered is not known. */
void run_dry_unknown(struct run *r, struct work *w, const json_t *document)
{
    run_record_refused(r, w, document,
                       arena_printf(w->arena, "Known only when the steps before it have run: %s",
                                    fault_text(w->fault)));
    r->pending[r->pending_count - 1].state = STR("dry");
    fault_clear(w->fault);
    run_count_call(r, 0);
    if (r->items)
        run_add_result(r, 0, 0, STR("Not sent: this is a dry run."), NULL);
    run_go_on(r, STR(""));
}

/* The read of a dry run: what the write would change. */
void run_dry_heard(struct run *r, struct work *w)
{
    const struct chain_call *call = r->chain.call;
    const struct provider_request *p = &call->op.request;
    const struct provider *provider = w->services->provider;
    int ok = !call->op.err && p->status < 300;
    str changes = {NULL, 0};

    if (ok)
        changes =
            doc_print(w->arena, provider->preview_changes(w->arena, r->write_body, p->reply_body));
    r->is_preview = 0;
    run_count_call(r, 0);
    if (r->items)
        run_add_result(r, 0, 0, STR("Not sent: this is a dry run."), NULL);
    run_record_dry_heard(r, changes,
                         ok ? (str){NULL, 0}
                            : STR("What this would change could not be read: the issue is missing, "
                                  "or this account may not see it."));
    if (run_is_hopeless(call))
        run_end(r, str_from(fault_text(&call->op.fault)));
    run_go_on(r, STR(""));
}
