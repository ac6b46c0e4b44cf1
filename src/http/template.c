/* Rendering compiled templates from a JSON document. Parsing is template_parse.c. The set is
 * immutable after template_set_new: any thread; a rendering belongs to its caller's thread.
 *
 * Falsy, as in mustache.js: missing, null, false, "", 0 and the empty list.
 */
#include "http/template.h"

#include <stdint.h>

#include "base/mem.h"
#include "http/template_int.h"

#define CONTEXTS_MAX 64
#define PARTIALS_MAX 32

struct template_set {
    struct compiled_template *templates;
    size_t count;
};

struct rendering {
    const struct template_set *set;
    struct arena *arena;
    struct fault *fault;
    struct buf *out;
    str missing;
    const json_t *stack[CONTEXTS_MAX];
    size_t depth;
    size_t partials;
    str indent;
};

enum err template_set_new(struct fault *f, const struct template_source *sources, size_t count,
                          struct template_set **ret)
{
    struct template_set *s = mem_new(struct template_set);

    s->templates = mem_alloc_array(count ? count : 1, sizeof(struct compiled_template));
    s->count = count;
    for (size_t i = 0; i < count; i++) {
        s->templates[i].name = sources[i].name;
        s->templates[i].source = sources[i].text;
        enum err e = template_parse(f, &s->templates[i]);
        if (e) {
            template_set_free(s);
            return e;
        }
    }
    *ret = s;
    return ERR_OK;
}

void template_set_free(struct template_set *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->count; i++)
        mem_free(s->templates[i].nodes);
    mem_free(s->templates);
    mem_free(s);
}

static const struct compiled_template *find(const struct template_set *s, str name)
{
    for (size_t i = 0; i < s->count; i++)
        if (str_eq(str_from(s->templates[i].name), name))
            return &s->templates[i];
    return NULL;
}

static void note_missing(struct rendering *r, str name)
{
    if (str_empty(r->missing))
        r->missing = arena_str(r->arena, name);
}

/* Its members are not known beforehand: a name it lacks is not a mistake. */
static int is_open(const json_t *object)
{
    return json_object_get(object, "") != NULL;
}

/* The first part of a dotted name, from the innermost context outwards. */
static const json_t *look_up_first(const struct rendering *r, str name, int *ret_excused)
{
    for (size_t i = r->depth; i-- > 0;) {
        const json_t *value = json_object_getn(r->stack[i], name.p, name.n);

        if (value)
            return value;
        *ret_excused |= is_open(r->stack[i]);
    }
    return NULL;
}

/* NULL when there is nothing; the rest of a dotted name is looked for in the first part's value
 * alone. */
static const json_t *look_up(struct rendering *r, str name)
{
    str rest = name;
    int excused = 0;

    if (str_eq(name, STR(".")))
        return r->stack[r->depth - 1];
    const json_t *value = look_up_first(r, str_take_until(&rest, '.'), &excused);
    while (value && rest.p) {
        str part = str_take_until(&rest, '.');

        excused = json_is_null(value) || is_open(value);
        value = json_object_getn(value, part.p, part.n);
    }
    if (value == NULL && !excused)
        note_missing(r, name);
    return value;
}

static int is_falsy(const json_t *value)
{
    return value == NULL || json_is_null(value) || json_is_false(value) ||
           (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_string(value) && json_string_length(value) == 0) ||
           (json_is_number(value) && json_number_value(value) == 0.0);
}

static void add_escaped(struct buf *out, str s)
{
    size_t from = 0;

    for (size_t i = 0; i < s.n; i++) {
        const char *entity = NULL;

        if (s.p[i] == '&')
            entity = "&amp;";
        else if (s.p[i] == '<')
            entity = "&lt;";
        else if (s.p[i] == '>')
            entity = "&gt;";
        else if (s.p[i] == '"')
            entity = "&quot;";
        else if (s.p[i] == '\'')
            entity = "&#39;";
        if (entity == NULL)
            continue;
        buf_add(out, str_slice(s, from, i));
        buf_add_cstring(out, entity);
        from = i + 1;
    }
    buf_add(out, str_slice(s, from, s.n));
}

static void render_value(struct rendering *r, const struct template_node *node)
{
    const json_t *value = look_up(r, node->text);

    if (json_is_string(value)) {
        str s = {json_string_value(value), json_string_length(value)};

        if (node->kind == TEMPLATE_RAW)
            buf_add(r->out, s);
        else
            add_escaped(r->out, s);
    } else if (json_is_integer(value)) {
        buf_addf(r->out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_real(value)) {
        buf_addf(r->out, "%.15g", json_real_value(value));
    } else if (json_is_boolean(value)) {
        buf_add_cstring(r->out, json_is_true(value) ? "true" : "false");
    } else if (json_is_object(value) || json_is_array(value)) {
        note_missing(r, node->text); /* a document where a text was expected */
    }
}

static void render_text(struct rendering *r, str text)
{
    if (str_empty(r->indent)) {
        buf_add(r->out, text);
        return;
    }
    while (text.n) {
        size_t newline = str_find_char(text, '\n');
        size_t n = newline == SIZE_MAX ? text.n : newline + 1;

        buf_add(r->out, str_slice(text, 0, n));
        text = str_slice(text, n, text.n);
        if (text.n)
            buf_add(r->out, r->indent);
    }
}

static enum err render_nodes(struct rendering *r, const struct compiled_template *t, size_t from,
                             size_t to);

static enum err render_inside(struct rendering *r, const struct compiled_template *t,
                              size_t section, const json_t *context)
{
    if (r->depth == CONTEXTS_MAX)
        return fail(r->fault, ERR_INTERNAL, "The page could not be made.");
    r->stack[r->depth++] = context;
    enum err e = render_nodes(r, t, section + 1, t->nodes[section].end);
    r->depth--;
    return e;
}

static enum err render_section(struct rendering *r, const struct compiled_template *t,
                               size_t section)
{
    const struct template_node *node = &t->nodes[section];
    const json_t *value = look_up(r, node->text);
    enum err e = ERR_OK;

    if (node->kind == TEMPLATE_INVERTED)
        return is_falsy(value) ? render_nodes(r, t, section + 1, node->end) : ERR_OK;
    if (is_falsy(value))
        return ERR_OK;
    if (!json_is_array(value))
        return render_inside(r, t, section, value);
    for (size_t i = 0; i < json_array_size(value) && e == ERR_OK && buf_ok(r->out); i++)
        e = render_inside(r, t, section, json_array_get(value, i));
    return e;
}

static enum err render_partial(struct rendering *r, const struct template_node *node)
{
    const struct compiled_template *t = find(r->set, node->text);
    str outer = r->indent;

    if (t == NULL) {
        note_missing(r, arena_printf(r->arena, "> %.*s", STR_ARG(node->text)));
        return ERR_OK;
    }
    if (r->partials == PARTIALS_MAX)
        return fail(r->fault, ERR_INTERNAL, "The page could not be made.");
    if (node->indent.p)
        r->indent = arena_printf(r->arena, "%.*s%.*s", STR_ARG(outer), STR_ARG(node->indent));
    else
        r->indent = (str){NULL, 0};
    r->partials++;
    enum err e = render_nodes(r, t, 0, t->count);
    r->partials--;
    r->indent = outer;
    return e;
}

static enum err render_nodes(struct rendering *r, const struct compiled_template *t, size_t from,
                             size_t to)
{
    enum err e = ERR_OK;

    for (size_t i = from; i < to && e == ERR_OK; i++) {
        const struct template_node *node = &t->nodes[i];

        if (node->starts_line)
            buf_add(r->out, r->indent);
        switch (node->kind) {
        case TEMPLATE_TEXT:
            render_text(r, node->text);
            break;
        case TEMPLATE_VALUE:
        case TEMPLATE_RAW:
            render_value(r, node);
            break;
        case TEMPLATE_SECTION:
        case TEMPLATE_INVERTED:
            e = render_section(r, t, i);
            i = node->end - 1;
            break;
        case TEMPLATE_PARTIAL:
            e = render_partial(r, node);
            break;
        }
    }
    return e;
}

enum err template_render(const struct template_set *s, struct arena *a, struct fault *f,
                         const char *name, json_t *context, struct buf *out, str *ret_missing)
{
    const struct compiled_template *t = find(s, str_from(name));
    struct rendering r = {.set = s, .arena = a, .fault = f, .out = out};

    if (t == NULL)
        return fail(f, ERR_NOT_FOUND, "");
    r.stack[r.depth++] = context;
    enum err e = render_nodes(&r, t, 0, t->count);
    if (e)
        return e;
    if (!buf_ok(out))
        return fail(f, ERR_TOO_LARGE, "The page would be larger than Mortise makes pages.");
    if (ret_missing)
        *ret_missing = r.missing;
    return ERR_OK;
}
