/* See the header. A template is read anew each time that it is filled. */
#include "actions/fill.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/doc.h"
#include "base/url.h"

static str text_in(const json_t *string)
{
    return (str){json_string_value(string), json_string_length(string)};
}

/* A new reference. Values are UTF-8 (doc_parse), and so are templates. */
static json_t *new_text(str text)
{
    json_t *value = json_stringn(text.p ? text.p : "", text.n);

    must(value != NULL);
    return value;
}

/* --- checking --------------------------------------------------------------------------------- */

enum err fill_check(struct fault *f, str text, const struct place_filter *filters,
                    fill_check_fn *check, void *arg)
{
    struct place_reader r = {text, f, filters};
    struct place place;
    str before;
    int found = 1;
    enum err e = ERR_OK;

    while (!e && found) {
        e = place_next(&r, &before, &place, &found);
        if (!e && found && check)
            e = check(arg, f, &place);
    }
    return e;
}

enum err fill_check_document(struct fault *f, const json_t *document,
                             const struct place_filter *filters, fill_check_fn *check, void *arg)
{
    const char *key;
    json_t *value;
    size_t i;
    enum err e = ERR_OK;

    if (json_is_string(document))
        return fill_check(f, text_in(document), filters, check, arg);
    json_object_foreach ((json_t *)(uintptr_t)document, key, value) {
        if (!e)
            e = fill_check(f, str_from(key), filters, check, arg);
        if (!e)
            e = fill_check_document(f, value, filters, check, arg);
    }
    json_array_foreach (document, i, value) {
        if (!e)
            e = fill_check_document(f, value, filters, check, arg);
    }
    return e;
}

/* --- filling ---------------------------------------------------------------------------------- */

struct filling {
    struct arena *arena;
    struct fault *fault;
    const struct fill_scope *scope;
    size_t left; /* of FILL_DOCUMENT_MAX */
};

static size_t weight_of(const json_t *value)
{
    size_t n = 16;
    const char *key;
    json_t *member;
    size_t i;

    if (json_is_string(value))
        n += json_string_length(value);
    json_object_foreach ((json_t *)(uintptr_t)value, key, member)
        n += strlen(key) + weight_of(member);
    json_array_foreach (value, i, member)
        n += weight_of(member);
    return n;
}

static enum err spend(struct filling *x, size_t n)
{
    if (n > x->left)
        return fail(x->fault, ERR_INVALID, "This would become larger than 8 MB when it is filled.");
    x->left -= n;
    return ERR_OK;
}

/* Borrowed; NULL: it names nothing. */
static const json_t *look_up(const struct filling *x, const struct place *place)
{
    const json_t *at = x->scope->values;

    for (size_t i = 0; at && i < place->step_count; i++) {
        const struct place_step *step = &place->steps[i];
        if (step->name.p)
            at = json_object_getn(at, step->name.p, step->name.n);
        else
            at = json_array_get(at, step->index);
    }
    return at;
}

static enum err find(const struct filling *x, const struct place *place, const json_t **ret)
{
    *ret = look_up(x, place);
    if (!*ret && place->is_optional)
        *ret = json_null(); /* jansson's own, never freed */
    return *ret ? ERR_OK : place_error(x->fault, place->source, "names nothing.");
}

/* What a filter makes of a value; borrowed. What it reads counts too: it may make little of much.
 */
static enum err convert(struct filling *x, const struct place *place, const json_t *value,
                        const json_t **ret)
{
    enum err e = spend(x, weight_of(value));

    if (e)
        return e;
    *ret = place->filter->convert(x->arena, value);
    return *ret ? ERR_OK : place_error(x->fault, place->source, "cannot be read that way.");
}

static int add_piece(const char *p, size_t n, void *to)
{
    buf_add_bytes(to, p, n);
    return buf_ok(to) ? 0 : -1;
}

/* p == NULL: it is too long to stand in a text; most of that is not written for nothing. */
static str print(struct arena *a, const json_t *value, size_t max)
{
    struct buf to;
    str text = {NULL, 0};

    buf_init(&to, max);
    if (json_dump_callback(value, add_piece, &to, JSON_COMPACT | JSON_ENCODE_ANY) == 0)
        text = arena_str(a, buf_str(&to));
    buf_done(&to);
    return text;
}

static enum err text_of(struct filling *x, const struct place *place, const json_t *value, str *ret)
{
    enum err e = ERR_OK;

    if (place->filter && place->filter->convert)
        e = convert(x, place, value, &value);
    if (e)
        return e;
    if (place->filter && place->filter->apply)
        *ret = place->filter->apply(x->arena, value);
    else if (json_is_null(value))
        *ret = STR("");
    else
        *ret =
            json_is_object(value) || json_is_array(value)
                ? print(x->arena, value, x->scope->print_max ? x->scope->print_max : FILL_TEXT_MAX)
            : json_is_string(value) ? text_in(value)
                                    : doc_print(x->arena, value);
    return ret->p ? ERR_OK : place_error(x->fault, place->source, "cannot be written that way.");
}

static enum err add_segment(const struct filling *x, struct buf *to, const struct place *place,
                            str value)
{
    if (value.n == 0)
        return place_error(x->fault, place->source,
                           "is empty, which would make it another address.");
    if (str_eq(value, STR(".")) || str_eq(value, STR("..")))
        return place_error(x->fault, place->source, "is no part of an address.");
    buf_add(to, url_encode(x->arena, value));
    return ERR_OK;
}

static enum err add_value(struct filling *x, struct buf *to, const struct place *place,
                          enum fill_use use)
{
    const json_t *value;
    enum err e = find(x, place, &value);
    str text;

    if (e)
        return e;
    e = text_of(x, place, value, &text);
    if (e)
        return e;
    if (use == FILL_PATH)
        return add_segment(x, to, place, text);
    if (use == FILL_HEADER && str_has_control(text))
        return place_error(x->fault, place->source, "has a line end or a control character in it.");
    buf_add(to, text);
    return ERR_OK;
}

static enum err fill(struct filling *x, str text, enum fill_use use, str *ret)
{
    struct place_reader r = {text, x->fault, x->scope->filters};
    struct place place;
    struct buf to;
    str before;
    int found = 1;
    enum err e = ERR_OK;

    buf_init(&to, FILL_TEXT_MAX);
    while (!e && found && buf_ok(&to)) {
        e = place_next(&r, &before, &place, &found);
        if (e)
            break;
        buf_add(&to, before);
        if (found)
            e = add_value(x, &to, &place, use);
    }
    if (!e && !buf_ok(&to))
        e = fail(x->fault, ERR_INVALID, "A text would become longer than 1 MB when it is filled.");
    if (!e)
        *ret = arena_str(x->arena, buf_str(&to));
    buf_done(&to);
    return e;
}

enum err fill_text(struct arena *a, struct fault *f, str text, const struct fill_scope *scope,
                   enum fill_use use, str *ret)
{
    return fill(&(struct filling){a, f, scope, FILL_DOCUMENT_MAX}, text, use, ret);
}

/* A new reference. */
static enum err typed(struct filling *x, const struct place *place, json_t **ret)
{
    const json_t *value;
    str text;
    enum err e = find(x, place, &value);

    if (!e && place->filter && place->filter->convert)
        e = convert(x, place, value, &value);
    if (!e)
        e = spend(x, weight_of(value));
    if (e)
        return e;
    if (!place->filter || place->filter->convert) {
        *ret = json_deep_copy(value);
        return ERR_OK;
    }
    e = text_of(x, place, value, &text);
    if (!e)
        *ret = new_text(text);
    return e;
}

/* A new reference; NULL: it is left out. */
static enum err value_of(struct filling *x, str text, json_t **ret)
{
    struct place_reader r = {text, x->fault, x->scope->filters};
    struct place place;
    str filled;
    int found;
    enum err e = place_next(&r, &filled, &place, &found);

    if (e)
        return e;
    if (found && filled.n == 0 && r.rest.n == 0) {
        e = typed(x, &place, ret);
        if (!e && place.is_optional && json_is_null(*ret))
            *ret = NULL;
        return e;
    }
    e = fill(x, text, FILL_TEXT, &filled);
    if (!e)
        e = spend(x, filled.n);
    if (!e)
        *ret = new_text(filled);
    return e;
}

/* A new reference; NULL: it is left out. */
static enum err copy(struct filling *x, const json_t *from, json_t **ret);

static enum err copy_object(struct filling *x, const json_t *from, json_t *to)
{
    const char *key;
    json_t *value;
    json_t *filled;
    str name;
    enum err e = ERR_OK;

    json_object_foreach ((json_t *)(uintptr_t)from, key, value) {
        e = fill(x, str_from(key), FILL_TEXT, &name);
        if (!e)
            e = spend(x, name.n);
        if (!e)
            e = copy(x, value, &filled);
        if (e)
            break;
        must(!filled || json_object_setn_new(to, name.p, name.n, filled) == 0);
    }
    return e;
}

static enum err copy_array(struct filling *x, const json_t *from, json_t *to)
{
    json_t *filled;
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < json_array_size(from); i++) {
        e = copy(x, json_array_get(from, i), &filled);
        if (!e)
            must(!filled || json_array_append_new(to, filled) == 0);
    }
    return e;
}

static size_t size_of(const json_t *value)
{
    return json_is_object(value) ? json_object_size(value) : json_array_size(value);
}

static enum err copy(struct filling *x, const json_t *from, json_t **ret)
{
    json_t *to;
    enum err e;

    if (json_is_string(from))
        return value_of(x, text_in(from), ret);
    if (!json_is_object(from) && !json_is_array(from)) {
        *ret = json_deep_copy(from);
        return ERR_OK;
    }
    to = json_is_object(from) ? json_object() : json_array();
    e = json_is_object(from) ? copy_object(x, from, to) : copy_array(x, from, to);
    *ret = to;
    if (e || (size_of(from) > 0 && size_of(to) == 0)) {
        json_decref(to);
        *ret = NULL;
    }
    return e;
}

enum err fill_value(struct arena *a, struct fault *f, str text, const struct fill_scope *scope,
                    json_t **ret)
{
    json_t *value;
    enum err e = value_of(&(struct filling){a, f, scope, FILL_DOCUMENT_MAX}, text, &value);

    if (!e)
        *ret = doc_keep(a, value ? value : json_null());
    return e;
}

enum err fill_document(struct arena *a, struct fault *f, const json_t *document,
                       const struct fill_scope *scope, json_t **ret)
{
    json_t *value;
    enum err e = copy(&(struct filling){a, f, scope, FILL_DOCUMENT_MAX}, document, &value);

    if (!e && !value)
        value = json_is_object(document)  ? json_object()
                : json_is_array(document) ? json_array()
                                          : json_null();
    if (!e)
        *ret = doc_keep(a, value);
    return e;
}
