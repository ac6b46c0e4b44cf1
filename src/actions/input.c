/* Inputs: types and declarations. Values are input_value.c's. See the header. */
#include "actions/input.h"

#include "actions/names.h"
#include "actions/pattern.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/doc.h"

#define ID_MAX 50
#define SCRATCH_MAX ((size_t)256 << 20)

static const struct input_type TYPES[] = {
#define INPUT_TYPE(name, word, label, kind, control) {word, label, INPUT_KIND_##kind, control},
#include "input_types.def"
#undef INPUT_TYPE
};

const struct input_type *input_types(size_t *ret_count)
{
    *ret_count = sizeof(TYPES) / sizeof(TYPES[0]);
    return TYPES;
}

const struct input_type *input_type_find(str word)
{
    for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
        if (str_eq(word, str_from(TYPES[i].word)))
            return &TYPES[i];
    }
    return NULL;
}

int input_id_valid(str id)
{
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        int letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '-')))
            return 0;
    }
    return id.n > 0 && id.n <= ID_MAX;
}

str input_label(const json_t *declared)
{
    str label = doc_get_str(declared, "label");

    return str_empty(label) ? doc_get_str(declared, "id") : label;
}

/* --- declarations ----------------------------------------------------------------------------- */

struct declaring {
    struct slips *slips;
    size_t index;
    const json_t *input;
    const struct input_type *type;
    const struct place_filter *filters;
};

static const char *field(const struct declaring *d, const char *member)
{
    return slips_field(d->slips, "inputs", d->index, member);
}

static void check_members(const struct declaring *d)
{
    static const char *const MEMBERS[] = {
        "id",      "type", "label", "placeholder", "help",    "mandatory",   "hidden",
        "default", "min",  "max",   "pattern",     "options", "options_from"};
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)d->input, name, value) {
        size_t i = 0;
        while (i < sizeof(MEMBERS) / sizeof(MEMBERS[0]) && strcmp(name, MEMBERS[i]) != 0)
            i++;
        if (i == sizeof(MEMBERS) / sizeof(MEMBERS[0]))
            slips_add(d->slips, field(d, NULL), "An input has no \"%.60s\".", name);
    }
}

static void check_texts(const struct declaring *d)
{
    static const char *const TEXTS[] = {"label", "placeholder", "help"};

    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
        const json_t *value = doc_get(d->input, TEXTS[i]);
        str text = doc_get_str(d->input, TEXTS[i]);
        if (value && !json_is_null(value) && !json_is_string(value))
            slips_add(d->slips, field(d, TEXTS[i]), "This has to be a text.");
        else if (text.n && str_utf8_length(text) > INPUT_LABEL_MAX * (i == 2 ? 5 : 1))
            slips_add(d->slips, field(d, TEXTS[i]), "This text is too long.");
    }
}

static void check_flags(const struct declaring *d)
{
    static const char *const FLAGS[] = {"mandatory", "hidden"};

    for (size_t i = 0; i < 2; i++) {
        const json_t *value = doc_get(d->input, FLAGS[i]);
        if (value && !json_is_boolean(value) && !json_is_null(value))
            slips_add(d->slips, field(d, FLAGS[i]), "This has to be true or false.");
    }
    if (json_is_true(doc_get(d->input, "hidden")) && !doc_get(d->input, "default"))
        slips_add(d->slips, field(d, "default"), "A hidden input needs a default.");
}

/* Bounds are numbers, or dates of dates; and min is not above max. */
static void check_bounds(const struct declaring *d)
{
    const json_t *min = doc_get(d->input, "min"), *max = doc_get(d->input, "max");
    const json_t *both[] = {min, max};
    static const char *const NAMES[] = {"min", "max"};
    int dates = d->type->kind == INPUT_KIND_DATE || d->type->kind == INPUT_KIND_DATE_TIME;
    int64_t ms;

    for (size_t i = 0; i < 2; i++) {
        if (!both[i] || json_is_null(both[i]))
            continue;
        if (dates &&
            (!json_is_string(both[i]) || !clock_parse_date(doc_get_str(d->input, NAMES[i]), &ms)))
            slips_add(d->slips, field(d, NAMES[i]), "Write the date as YYYY-MM-DD.");
        if (!dates && !json_is_number(both[i]))
            slips_add(d->slips, field(d, NAMES[i]), "This has to be a number.");
    }
    if (json_is_number(min) && json_is_number(max) &&
        json_number_value(min) > json_number_value(max))
        slips_add(d->slips, field(d, "max"), "The maximum is below the minimum.");
    if (dates && json_is_string(min) && json_is_string(max) &&
        strcmp(json_string_value(min), json_string_value(max)) > 0)
        slips_add(d->slips, field(d, "max"), "The maximum is before the minimum.");
}

static void check_pattern(const struct declaring *d)
{
    const json_t *pattern = doc_get(d->input, "pattern");
    struct fault f = {.code = ERR_OK};

    if (!pattern || json_is_null(pattern))
        return;
    if (d->type->kind != INPUT_KIND_TEXT || !json_is_string(pattern))
        slips_add(d->slips, field(d, "pattern"), "Only texts have a pattern.");
    else if (pattern_check(&f, doc_get_str(d->input, "pattern")))
        slips_add_fault(d->slips, field(d, "pattern"), &f);
}

static void check_template(const struct declaring *d, const char *name, const json_t *value,
                           const struct names *names)
{
    struct fault f = {.code = ERR_OK};

    if (fill_check_document(&f, value, d->filters, names_check, (void *)(uintptr_t)names))
        slips_add_fault(d->slips, field(d, name), &f);
}

/* Of a default: whoever runs it, and when; other inputs are not known yet. */
static void check_default(const struct declaring *d, const json_t *nothing)
{
    struct names names = {nothing, nothing, 0};

    check_template(d, "default", doc_get(d->input, "default"), &names);
}

static void check_options_from(const struct declaring *d, const json_t *from,
                               const json_t *requests)
{
    struct names list = {NULL, requests, 0}, item = {NULL, requests, 1};
    str request = doc_get_str(from, "request");

    if (!json_object_getn(requests, request.p ? request.p : "", request.n))
        slips_add(d->slips, field(d, "options_from"), "There is no request \"%.*s\" in this app.",
                  STR_ARG(str_utf8_cut(request, 60)));
    if (!doc_get_str(from, "list").n || !doc_get_str(from, "value").n)
        slips_add(d->slips, field(d, "options_from"),
                  "Say where the list is, like {{request.NAME.response.body.values}}, and what of "
                  "an item is the value, like {{item.id}}.");
    check_template(d, "options_from", doc_get(from, "list"), &list);
    check_template(d, "options_from", doc_get(from, "value"), &item);
    check_template(d, "options_from", doc_get(from, "label"), &item);
}

static int is_option(const json_t *option)
{
    return json_is_string(doc_get(option, "value")) &&
           json_string_length(doc_get(option, "value")) <= INPUT_TEXT_MAX &&
           (!doc_get(option, "label") || json_is_string(doc_get(option, "label")));
}

static void check_options(const struct declaring *d, const json_t *options)
{
    json_t *option;
    size_t i;

    if (!json_is_array(options) || json_array_size(options) == 0 ||
        json_array_size(options) > INPUT_OPTIONS_MAX) {
        slips_add(d->slips, field(d, "options"), "A select has 1 to %d options.",
                  INPUT_OPTIONS_MAX);
        return;
    }
    json_array_foreach ((json_t *)(uintptr_t)options, i, option) {
        if (!is_option(option)) {
            slips_add(d->slips, field(d, "options"),
                      "An option has a value and a label, as texts.");
            return;
        }
    }
}

static void check_choices(const struct declaring *d, const json_t *requests)
{
    const json_t *options = doc_get(d->input, "options");
    const json_t *from = doc_get(d->input, "options_from");
    int chooses = d->type->kind == INPUT_KIND_CHOICE || d->type->kind == INPUT_KIND_CHOICES;
    int has_options = options && !json_is_null(options), has_from = from && !json_is_null(from);

    if (!chooses && (has_options || has_from))
        slips_add(d->slips, field(d, "options"), "Only selects have options.");
    else if (chooses && has_options == has_from)
        slips_add(d->slips, field(d, "options"),
                  "A select has options of its own, or a request that they come from.");
    else if (has_options)
        check_options(d, options);
    else if (has_from)
        check_options_from(d, from, requests);
}

static void check_id(const struct declaring *d, const json_t *inputs)
{
    str id = doc_get_str(d->input, "id");

    if (!input_id_valid(id))
        slips_add(d->slips, field(d, "id"),
                  "An id is a letter, then letters, digits, \"-\" and \"_\", %d at most.", ID_MAX);
    for (size_t i = 0; i < d->index; i++) {
        if (id.n && str_eq(doc_get_str(json_array_get(inputs, i), "id"), id))
            slips_add(d->slips, field(d, "id"), "There is another input \"%.*s\".", STR_ARG(id));
    }
}

static void check_one(struct declaring *d, const json_t *inputs, const json_t *requests,
                      const json_t *nothing)
{
    d->type = input_type_find(doc_get_str(d->input, "type"));
    check_members(d);
    check_id(d, inputs);
    if (!d->type) {
        slips_add(d->slips, field(d, "type"), "There is no type \"%.*s\".",
                  STR_ARG(str_utf8_cut(doc_get_str(d->input, "type"), 60)));
        return;
    }
    check_texts(d);
    check_flags(d);
    check_bounds(d);
    check_pattern(d);
    check_default(d, nothing);
    check_choices(d, requests);
}

void inputs_check(struct slips *s, const json_t *inputs, const json_t *requests,
                  const struct place_filter *filters)
{
    json_t *nothing = doc_object(s->arena), *input;
    size_t i;

    if (!json_is_array(inputs) || json_array_size(inputs) > INPUTS_MAX) {
        slips_add(s, "inputs", "Give a list of %d inputs at most.", INPUTS_MAX);
        return;
    }
    json_array_foreach ((json_t *)(uintptr_t)inputs, i, input) {
        struct declaring d = {s, i, input, NULL, filters};
        if (json_is_object(input))
            check_one(&d, inputs, requests, nothing);
        else
            slips_add(s, field(&d, NULL), "An input is an object.");
    }
}

/* --- options ---------------------------------------------------------------------------------- */

/* Filled in an arena of its own: a value may be large of which nothing is an option. */
static enum err option_of(struct arena *a, struct arena *scratch, struct fault *f,
                          const json_t *from, const struct fill_scope *scope, json_t **ret)
{
    str value = {NULL, 0}, label = {NULL, 0};
    enum err e;

    arena_clear(scratch);
    e = fill_text(scratch, f, doc_get_str(from, "value"), scope, FILL_TEXT, &value);
    *ret = NULL;
    if (!e && doc_get_str(from, "label").n &&
        fill_text(scratch, NULL, doc_get_str(from, "label"), scope, FILL_TEXT, &label))
        label = STR(""); /* some items have none: the value is shown */
    if (e || value.n == 0 || value.n > INPUT_TEXT_MAX)
        return e;
    *ret = doc_object(a);
    doc_set_str(*ret, "value", value);
    doc_set_str(*ret, "label", str_utf8_cut(str_empty(label) ? value : label, INPUT_LABEL_MAX));
    return ERR_OK;
}

enum err input_options(struct arena *a, struct fault *f, const json_t *options_from,
                       const struct fill_scope *scope, json_t **ret, int *ret_cut)
{
    json_t *list, *values = json_copy((json_t *)(uintptr_t)scope->values), *option = NULL;
    struct fill_scope inside = {.values = doc_keep(a, values), .filters = scope->filters};
    enum err e = fill_value(a, f, doc_get_str(options_from, "list"), scope, &list);

    struct arena *scratch = arena_new(SCRATCH_MAX);
    *ret = doc_array(a);
    if (!e && !json_is_array(list))
        e = fail(f, ERR_INVALID, "\"%.*s\" is no list.",
                 STR_ARG(str_utf8_cut(doc_get_str(options_from, "list"), 120)));
    *ret_cut = !e && json_array_size(list) > INPUT_OPTIONS_MAX;
    for (size_t i = 0; !e && i < json_array_size(list) && i < INPUT_OPTIONS_MAX; i++) {
        doc_set(values, "item", json_array_get(list, i));
        doc_set_int(values, "index", (int64_t)i);
        e = option_of(a, scratch, f, options_from, &inside, &option);
        if (!e && option)
            doc_append(*ret, option);
    }
    arena_free(scratch);
    return e;
}

int input_is_among(const json_t *options, const json_t *value)
{
    json_t *one;
    size_t i;

    if (json_is_array(value)) {
        json_array_foreach ((json_t *)(uintptr_t)value, i, one) {
            if (!input_is_among(options, one))
                return 0;
        }
        return 1;
    }
    json_array_foreach ((json_t *)(uintptr_t)options, i, one) {
        if (json_equal(doc_get(one, "value"), value))
            return 1;
    }
    return 0;
}
