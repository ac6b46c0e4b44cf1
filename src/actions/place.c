/* See the header. */
#include "actions/place.h"

#define QUOTED_MAX 120 /* of a place in a message */

enum err place_error(struct fault *f, str source, const char *why)
{
    str shown = str_utf8_cut(source, QUOTED_MAX);

    return fail(f, ERR_INVALID, "\"%.*s%s\" %s", STR_ARG(shown), shown.n < source.n ? "..." : "",
                why);
}

static int is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static str take(str *s, size_t n)
{
    str taken = str_slice(*s, 0, n);

    *s = str_slice(*s, n, s->n);
    return taken;
}

static void skip_spaces(str *s)
{
    while (s->n && (s->p[0] == ' ' || s->p[0] == '\t'))
        (void)take(s, 1);
}

/* 1 when it was there. */
static int take_char(str *s, char c)
{
    skip_spaces(s);
    if (s->n == 0 || s->p[0] != c)
        return 0;
    (void)take(s, 1);
    return 1;
}

static str take_name(str *s)
{
    size_t n = 0;

    skip_spaces(s);
    if (s->n && is_name_start(s->p[0]))
        while (n < s->n && (is_name_start(s->p[n]) || is_digit(s->p[n]) || s->p[n] == '-'))
            n++;
    return take(s, n);
}

/* What stands behind "[": an index or a quoted name. */
static int take_index(str *s, struct place_step *step)
{
    size_t n = 0;

    if (take_char(s, '"')) {
        n = str_find_char(*s, '"');
        if (n == SIZE_MAX || n == 0)
            return 0;
        step->name = take(s, n);
        (void)take(s, 1);
        return take_char(s, ']');
    }
    while (n < s->n && n < 9 && is_digit(s->p[n]))
        step->index = step->index * 10 + (size_t)(s->p[n++] - '0');
    (void)take(s, n);
    return n > 0 && take_char(s, ']');
}

/* 1 when a step was read, 0 when none follows, -1 when something else does. */
static int take_step(str *s, struct place_step *step)
{
    *step = (struct place_step){.index = 0};
    if (take_char(s, '['))
        return take_index(s, step) ? 1 : -1;
    if (!take_char(s, '.'))
        return 0;
    step->name = take_name(s);
    return step->name.n ? 1 : -1;
}

static const char *take_reference(str *s, struct place *place)
{
    int more;

    place->step_count = 0;
    place->steps[0] = (struct place_step){.name = take_name(s)};
    if (place->steps[0].name.n == 0)
        return "names nothing: a name such as input.key belongs between the braces.";
    do {
        if (++place->step_count == PLACE_STEPS_MAX)
            return "has too many steps.";
        more = take_step(s, &place->steps[place->step_count]);
    } while (more > 0);
    return more < 0 ? "cannot be read: write input.key, list[0] or [\"a name\"]." : NULL;
}

static const char *take_filter(struct place_reader *r, str *s, struct place *place)
{
    str name;

    place->filter = NULL;
    if (!take_char(s, '|'))
        return NULL;
    name = take_name(s);
    for (const struct place_filter *f = r->filters; f && f->name; f++)
        if (str_eq(str_from(f->name), name))
            place->filter = f;
    return place->filter ? NULL : "has a filter that does not exist.";
}

/* For messages: to the end of the place, or of its line, when that can be found. */
static str extent_of(str s)
{
    size_t end = str_find(s, STR("}}"));
    size_t line = str_find_char(s, '\n');

    end = end == SIZE_MAX ? s.n : end + 2;
    return str_slice(s, 0, line < end ? line : end);
}

static enum err take_place(struct place_reader *r, struct place *place)
{
    str at = r->rest;
    str s = str_slice(at, 2, at.n);
    const char *why = take_reference(&s, place);

    if (!why)
        why = take_filter(r, &s, place);
    place->is_optional = !why && take_char(&s, '?');
    skip_spaces(&s);
    if (!why && str_find(extent_of(str_slice(at, 2, at.n)), STR("{{")) != SIZE_MAX)
        why = "has another one within it.";
    if (!why && !str_starts(s, STR("}}")))
        why = "does not end: }} is missing, or something else stands before it.";
    if (why)
        return place_error(r->fault, extent_of(at), why);
    place->source = str_slice(at, 0, (size_t)(s.p - at.p) + 2);
    r->rest = str_slice(at, place->source.n, at.n);
    return ERR_OK;
}

enum err place_next(struct place_reader *r, str *before, struct place *place, int *found)
{
    size_t at = str_find(r->rest, STR("{{"));

    *found = at != SIZE_MAX;
    *before = take(&r->rest, *found ? at : r->rest.n);
    return *found ? take_place(r, place) : ERR_OK;
}
