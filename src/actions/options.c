/* See the header. */
#include "actions/options.h"

#include "actions/action.h"
#include "actions/input.h"
#include "actions/request.h"
#include "actions/run_int.h"
#include "actions/scope.h"
#include "base/check.h"
#include "base/doc.h"

#define ARENA_MAX ((size_t)64 << 20)

/* --- what depends on what --------------------------------------------------------------------- */

static const json_t *source_of(const json_t *applied, const json_t *input)
{
    return action_request(applied, doc_get_str(doc_get(input, "options_from"), "request"));
}

static json_t *names_of(struct arena *a, const json_t *applied, const json_t *input,
                        const struct place_filter *filters)
{
    const json_t *source = source_of(applied, input);

    return source ? request_names(a, doc_get(source, "document"), filters) : doc_array(a);
}

json_t *options_depend_on(struct arena *a, const json_t *applied, const json_t *input,
                          const struct place_filter *filters)
{
    json_t *names = names_of(a, applied, input, filters), *ids = doc_array(a), *name;
    size_t i;

    json_array_foreach (names, i, name) {
        struct place place = {0};
        str id;
        if (names_read(a, NULL, str_from(json_string_value(name)), &place) ||
            !str_eq(place.steps[0].name, STR("input")) || place.step_count < 2)
            continue;
        id = place.steps[1].name;
        must(json_array_append_new(ids, json_stringn(id.p, id.n)) == 0);
    }
    return ids;
}

int options_search(struct arena *a, const json_t *applied, const json_t *input,
                   const struct place_filter *filters)
{
    json_t *names = names_of(a, applied, input, filters), *name;
    size_t i;

    json_array_foreach (names, i, name) {
        if (strcmp(json_string_value(name), "search") == 0)
            return 1;
    }
    return 0;
}

static int has_value(const json_t *value)
{
    return value && !json_is_null(value) &&
           !(json_is_string(value) && json_string_length(value) == 0) &&
           !(json_is_array(value) && json_array_size(value) == 0);
}

int options_are_known(struct arena *a, const json_t *applied, const json_t *input,
                      const json_t *inputs, const struct place_filter *filters)
{
    json_t *ids, *id;
    size_t i;

    if (!source_of(applied, input))
        return 0;
    ids = options_depend_on(a, applied, input, filters);
    json_array_foreach (ids, i, id) {
        if (!has_value(doc_get(inputs, json_string_value(id))))
            return 0;
    }
    return 1;
}

/* --- an answer -------------------------------------------------------------------------------- */

enum err options_read(struct arena *a, struct fault *f, const json_t *input,
                      const struct fill_scope *scope, const struct provider_request *reply,
                      json_t **ret, int *ret_cut)
{
    const json_t *from = doc_get(input, "options_from");
    json_t *values = doc_keep(a, json_copy((json_t *)(uintptr_t)scope->values));
    json_t *requests = doc_object(a), *step = doc_object(a), *response = doc_object(a);
    struct fill_scope with = {.values = values, .filters = scope->filters};
    json_t *body = NULL;

    if (reply->status >= 300 || reply->meaning != MEANING_OK)
        return fail(f, ERR_INVALID, "%.*s",
                    STR_ARG(str_empty(reply->sentence) ? STR("Jira did not answer as expected.")
                                                       : reply->sentence));
    if (doc_parse(a, NULL, reply->reply_body, &body))
        return fail(f, ERR_INVALID, "Jira's answer holds no list.");
    doc_set_int(response, "status", reply->status);
    doc_set(response, "body", body);
    doc_set(step, "response", response);
    doc_set(requests, arena_cstring(a, doc_get_str(from, "request")), step);
    doc_set(values, "request", requests);
    return input_options(a, f, from, &with, ret, ret_cut);
}

/* --- looking them up -------------------------------------------------------------------------- */

struct lookup {
    struct arena *arena;
    struct chain chain;
    const json_t *applied;
    json_t *values; /* own reference, with search */
    const json_t *search;
    json_t *found; /* the caller's; on this chain's thread until done() */
    const struct place_filter *filters;
    size_t next; /* input */
    size_t asked;
    void (*done)(void *token);
    void *token;
};

static const json_t *input_at(const struct lookup *l, size_t i)
{
    return json_array_get(doc_get(l->applied, "inputs"), i);
}

static const char *id_of(const json_t *input)
{
    return json_string_value(doc_get(input, "id"));
}

static void set_found(struct lookup *l, const json_t *input, json_t *options, int cut,
                      const char *problem)
{
    json_t *one = json_object();

    if (options)
        doc_set(one, "options", options);
    else
        must(json_object_set_new(one, "options", json_array()) == 0);
    doc_set_bool(one, "cut", cut);
    doc_set_cstring(one, "problem", problem);
    must(json_object_set_new(l->found, id_of(input), one) == 0);
}

static int is_wanted(struct arena *a, const json_t *applied, const json_t *input,
                     const json_t *values, const struct place_filter *filters)
{
    return json_is_object(doc_get(input, "options_from")) &&
           !json_is_true(doc_get(input, "hidden")) &&
           options_are_known(a, applied, input, doc_get(values, "input"), filters);
}

int options_wanted(struct arena *a, const struct options_order *order,
                   const struct place_filter *filters)
{
    json_t *input;
    size_t i;

    json_array_foreach (doc_get(order->applied, "inputs"), i, input) {
        if (is_wanted(a, order->applied, input, order->values, filters))
            return 1;
    }
    return 0;
}

/* The call was that of the input before `next`. */
static void hear(struct lookup *l, struct work *w)
{
    const json_t *input = input_at(l, l->next - 1);
    const struct provider_op *op = &l->chain.call->op;
    struct fill_scope scope = {.values = l->values, .filters = l->filters};
    struct fault f = {.code = ERR_OK};
    json_t *options = NULL;
    int cut = 0;

    chain_note(&l->chain, w);
    if (op->err)
        set_found(l, input, NULL, 0, fault_text(&op->fault));
    else if (options_read(w->arena, &f, input, &scope, &op->request, &options, &cut))
        set_found(l, input, NULL, 0, fault_text(&f));
    else
        set_found(l, input, options, cut, NULL);
}

/* 1: the call is to be made. */
static int ask(struct lookup *l, struct work *w, const json_t *input)
{
    const json_t *source = source_of(l->applied, input);
    struct fill_scope scope = {.values = l->values, .filters = l->filters};
    str search = doc_get_str(l->search, id_of(input));
    int fatal = 0;

    doc_set_str(l->values, "search", search.p ? search : STR(""));
    if (chain_prepare(&l->chain, w, doc_get_str(source, "connection"), doc_get(source, "document"),
                      &scope, &fatal) == ERR_OK) {
        l->asked++;
        return 1;
    }
    set_found(l, input, NULL, 0, fault_text(w->fault));
    fault_clear(w->fault);
    chain_forget(&l->chain);
    return 0;
}

static enum chain_next turn(struct chain *c, struct work *w)
{
    struct lookup *l = c->arg;

    if (c->call)
        hear(l, w);
    chain_forget(c);
    while (!c->refused && !*c->stopping && l->asked < OPTIONS_SOURCES_MAX) {
        const json_t *input = input_at(l, l->next);
        if (!input)
            break;
        l->next++;
        if (is_wanted(w->arena, l->applied, input, l->values, l->filters) && ask(l, w, input))
            return CHAIN_CALL;
    }
    return CHAIN_END;
}

static void ended(struct chain *c)
{
    struct lookup *l = c->arg;
    void (*done)(void *token) = l->done;
    void *token = l->token;

    json_decref(l->values);
    arena_free(l->arena);
    done(token);
}

void options_start(struct runner *r, struct loop *loop, const struct options_order *order,
                   void (*done)(void *token), void *token)
{
    struct arena *a = arena_new(ARENA_MAX);
    struct lookup *l = arena_new_of(a, struct lookup);

    l->arena = a;
    l->applied = order->applied;
    l->values = json_copy((json_t *)(uintptr_t)order->values);
    must(l->values != NULL);
    l->search = order->search;
    l->found = order->found;
    l->done = done;
    l->token = token;
    runner_fill_chain(r, a, order->who, &l->chain);
    l->filters = runner_filters(r, a);
    l->chain.turn = turn;
    l->chain.end = ended;
    l->chain.arg = l;
    chain_start(&l->chain, loop);
}
