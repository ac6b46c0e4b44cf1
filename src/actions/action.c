/* See the header. */
#include "actions/action.h"

#include "actions/input.h"
#include "actions/names.h"
#include "actions/output.h"
#include "actions/request.h"
#include "base/check.h"
#include "base/doc.h"

json_t *action_empty(struct arena *a)
{
    json_t *d = doc_object(a);

    doc_set(d, "inputs", doc_array(a));
    doc_set(d, "steps", doc_array(a));
    doc_set(d, "outputs", doc_array(a));
    return d;
}

str action_step_name(const json_t *step)
{
    str name = doc_get_str(step, "name");

    return str_empty(name) ? doc_get_str(step, "request") : name;
}

const json_t *action_request(const json_t *applied, str request)
{
    return json_object_getn(doc_get(applied, "requests"), request.p ? request.p : "", request.n);
}

int64_t action_writes(const json_t *applied)
{
    json_t *step;
    size_t i;
    int64_t n = 0;

    json_array_foreach (doc_get(applied, "steps"), i, step) {
        const json_t *request = action_request(applied, doc_get_str(step, "request"));
        n += request && request_writes(doc_get(request, "document"));
    }
    return n;
}

/* --- checking --------------------------------------------------------------------------------- */

struct checking {
    struct slips *slips;
    const struct action_surroundings *around;
    struct names names; /* inputs, and the steps so far */
    size_t index;
};

static const char *field(const struct checking *c, const char *member)
{
    return slips_field(c->slips, "steps", c->index, member);
}

static void check_members(const struct checking *c, const json_t *step)
{
    static const char *const MEMBERS[] = {"name",  "request", "run_if",   "for_each",
                                          "limit", "fails",   "fails_if", "on_failure"};
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)step, name, value) {
        size_t i = 0;
        while (i < sizeof(MEMBERS) / sizeof(MEMBERS[0]) && strcmp(name, MEMBERS[i]) != 0)
            i++;
        if (i == sizeof(MEMBERS) / sizeof(MEMBERS[0]))
            slips_add(c->slips, field(c, NULL), "A step has no \"%.60s\".", name);
    }
}

static void check_template(const struct checking *c, const json_t *step, const char *member,
                           const struct names *names)
{
    const json_t *value = doc_get(step, member);
    struct fault f = {.code = ERR_OK};

    if (!value || json_is_null(value))
        return;
    if (!json_is_string(value))
        slips_add(c->slips, field(c, member), "This has to be a text with a template.");
    else if (fill_check(&f, doc_get_str(step, member), c->around->filters, names_check,
                        (void *)(uintptr_t)names))
        slips_add_fault(c->slips, field(c, member), &f);
}

static void check_word(const struct checking *c, const json_t *step, const char *member,
                       const char *one, const char *other)
{
    const json_t *value = doc_get(step, member);

    if (!value || json_is_null(value))
        return;
    if (!json_is_string(value) || (strcmp(json_string_value(value), one) != 0 &&
                                   strcmp(json_string_value(value), other) != 0))
        slips_add(c->slips, field(c, member), "This is \"%s\" or \"%s\".", one, other);
}

static void check_limit(const struct checking *c, const json_t *step)
{
    const json_t *limit = doc_get(step, "limit");

    if (limit && !json_is_null(limit) &&
        (!json_is_integer(limit) || json_integer_value(limit) < 1 ||
         json_integer_value(limit) > STEP_LIMIT_MAX))
        slips_add(c->slips, field(c, "limit"), "A limit is a number from 1 to %d.", STEP_LIMIT_MAX);
}

/* As this step's: with the names that are known here. */
static void check_request(const struct checking *c, const json_t *step)
{
    str name = doc_get_str(step, "request");
    const json_t *request = json_object_getn(c->around->requests, name.p ? name.p : "", name.n);
    struct names names = c->names;
    struct slips inner;

    if (!request) {
        slips_add(c->slips, field(c, "request"), "There is no request \"%.*s\" in this app.",
                  STR_ARG(str_utf8_cut(name, 60)));
        return;
    }
    names.in_list = doc_get_str(step, "for_each").n > 0;
    slips_init(&inner, c->slips->arena);
    request_check(&inner, doc_get(request, "document"), &names, c->around->filters,
                  c->around->provider);
    if (!json_is_string(doc_get(request, "connection")))
        slips_add(&inner, "connection", "It was deleted; choose another one.");
    for (size_t i = 0; i < inner.count; i++)
        slips_add(c->slips, field(c, "request"), "%.*s, %s: %s", STR_ARG(name), inner.list[i].field,
                  inner.list[i].message);
}

static void check_name(const struct checking *c, const json_t *step)
{
    str name = action_step_name(step);

    if (!input_id_valid(name))
        slips_add(c->slips, field(c, "name"),
                  "A name is a letter, then letters, digits, \"-\" and \"_\".");
    else if (json_object_getn(c->names.requests, name.p, name.n))
        slips_add(c->slips, field(c, "name"), "There is another step \"%.*s\".", STR_ARG(name));
}

/* fails_if is asked after its own step. */
static void note_step(struct checking *c, const json_t *step, json_t *steps)
{
    str name = action_step_name(step);
    struct names after;

    if (name.p)
        must(json_object_setn_new(steps, name.p, name.n, json_true()) == 0);
    after = c->names;
    after.in_list = doc_get_str(step, "for_each").n > 0;
    check_template(c, step, "fails_if", &after);
}

static void check_step(struct checking *c, const json_t *step, json_t *steps)
{
    if (!json_is_object(step)) {
        slips_add(c->slips, field(c, NULL), "A step is an object.");
        return;
    }
    check_members(c, step);
    check_name(c, step);
    check_template(c, step, "run_if", &c->names);
    check_template(c, step, "for_each", &c->names);
    check_limit(c, step);
    check_word(c, step, "fails", "status", "never");
    check_word(c, step, "on_failure", "stop", "go_on");
    check_request(c, step);
    note_step(c, step, steps);
}

static void check_steps(struct checking *c, const json_t *list, json_t *steps)
{
    json_t *step;

    if (!json_is_array(list) || json_array_size(list) > STEPS_MAX) {
        slips_add(c->slips, "steps", "Give a list of %d steps at most.", STEPS_MAX);
        return;
    }
    json_array_foreach ((json_t *)(uintptr_t)list, c->index, step) {
        check_step(c, step, steps);
    }
}

/* Requests that options come from may name inputs; steps have not run then. */
static void check_sources(struct checking *c, const json_t *inputs)
{
    struct names names = {c->names.inputs, doc_object(c->slips->arena), 0};
    json_t *input;
    size_t i;

    json_array_foreach ((json_t *)(uintptr_t)inputs, i, input) {
        str name = doc_get_str(doc_get(input, "options_from"), "request");
        const json_t *request =
            name.p ? json_object_getn(c->around->requests, name.p, name.n) : NULL;
        struct slips inner;
        if (!request)
            continue;
        slips_init(&inner, c->slips->arena);
        request_check(&inner, doc_get(request, "document"), &names, c->around->filters,
                      c->around->provider);
        if (request_writes(doc_get(request, "document")))
            slips_add(&inner, "method", "Options come from a request that only reads.");
        for (size_t k = 0; k < inner.count; k++)
            slips_add(c->slips, slips_field(c->slips, "inputs", i, "options_from"), "%.*s, %s: %s",
                      STR_ARG(name), inner.list[k].field, inner.list[k].message);
    }
}

static void check_top(struct slips *s, const json_t *draft)
{
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)draft, name, value) {
        if (strcmp(name, "inputs") != 0 && strcmp(name, "steps") != 0 &&
            strcmp(name, "outputs") != 0 && strcmp(name, "confirm") != 0)
            slips_add(s, "document", "An action has inputs, steps and outputs, and no \"%.60s\".",
                      name);
    }
    if (doc_get(draft, "confirm") && !json_is_boolean(doc_get(draft, "confirm")))
        slips_add(s, "confirm", "This has to be true or false.");
    if (doc_print(s->arena, draft).n > ACTION_DOCUMENT_MAX)
        slips_add(s, "document", "This action is larger than 512 kB.");
}

void action_check(struct slips *s, const json_t *draft, const struct action_surroundings *around)
{
    json_t *ids = doc_object(s->arena), *steps = doc_object(s->arena), *input;
    struct checking c = {s, around, {ids, steps, 0}, 0};
    size_t i;

    if (!json_is_object(draft)) {
        slips_add(s, "document", "An action is an object with inputs, steps and outputs.");
        return;
    }
    check_top(s, draft);
    inputs_check(s, doc_get(draft, "inputs"), around->requests, around->filters);
    json_array_foreach (doc_get(draft, "inputs"), i, input) {
        str id = doc_get_str(input, "id");
        if (id.p)
            must(json_object_setn_new(ids, id.p, id.n, json_true()) == 0);
    }
    check_sources(&c, doc_get(draft, "inputs"));
    check_steps(&c, doc_get(draft, "steps"), steps);
    outputs_check(s, doc_get(draft, "outputs"), &c.names, around->filters);
}

void action_check_whole(struct slips *s, const json_t *draft,
                        const struct action_surroundings *around)
{
    action_check(s, draft, around);
    if (json_is_array(doc_get(draft, "steps")) && json_array_size(doc_get(draft, "steps")) == 0)
        slips_add(s, "steps", "An action needs a step before it can be applied.");
}

/* --- applying --------------------------------------------------------------------------------- */

static void keep(json_t *kept, const json_t *requests, str name)
{
    json_t *request = name.p ? json_object_getn(requests, name.p, name.n) : NULL;

    if (request)
        must(json_object_setn_new(kept, name.p, name.n, json_deep_copy(request)) == 0);
}

json_t *action_freeze(struct arena *a, const json_t *draft, const json_t *requests)
{
    json_t *applied = doc_keep(a, json_deep_copy(draft)), *kept = doc_object(a), *one;
    size_t i;

    json_array_foreach (doc_get(draft, "steps"), i, one) {
        keep(kept, requests, doc_get_str(one, "request"));
    }
    json_array_foreach (doc_get(draft, "inputs"), i, one) {
        keep(kept, requests, doc_get_str(doc_get(one, "options_from"), "request"));
    }
    doc_set(applied, "requests", kept);
    return applied;
}
