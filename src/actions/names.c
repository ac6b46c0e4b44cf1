/* See the header. */
#include "actions/names.h"

#include "base/check.h"

static int step_is(const struct place *place, size_t i, const char *name)
{
    return i < place->step_count && place->steps[i].name.p &&
           str_eq(place->steps[i].name, str_from(name));
}

static int knows(const json_t *set, const struct place *place, size_t i)
{
    if (i >= place->step_count || !place->steps[i].name.p)
        return 0;
    return !set || json_object_getn(set, place->steps[i].name.p, place->steps[i].name.n) != NULL;
}

static enum err check_input(const struct names *n, struct fault *f, const struct place *place)
{
    if (!knows(n->inputs, place, 1))
        return place_error(f, place->source, "names no input of this action.");
    return ERR_OK;
}

static enum err check_request(const struct names *n, struct fault *f, const struct place *place)
{
    if (!knows(n->requests, place, 1))
        return place_error(f, place->source, "names no request that runs before it.");
    if (step_is(place, 2, "results"))
        return ERR_OK;
    if (place->step_count == 3 &&
        (step_is(place, 2, "count") || step_is(place, 2, "failed") || step_is(place, 2, "site")))
        return ERR_OK;
    if (step_is(place, 2, "response") &&
        (place->step_count == 3 || step_is(place, 3, "status") || step_is(place, 3, "headers") ||
         step_is(place, 3, "body")))
        return ERR_OK;
    return place_error(f, place->source,
                       "names nothing: behind a request's name stands .response.status, "
                       ".response.headers, .response.body, .results, .count, .failed or .site.");
}

static enum err check_user(struct fault *f, const struct place *place)
{
    if (place->step_count == 2 &&
        (step_is(place, 1, "id") || step_is(place, 1, "name") || step_is(place, 1, "email")))
        return ERR_OK;
    return place_error(f, place->source,
                       "names nothing: there are user.id, user.name, user.email.");
}

enum err names_check(void *arg, struct fault *f, const struct place *place)
{
    const struct names *n = arg;

    if (step_is(place, 0, "input"))
        return check_input(n, f, place);
    if (step_is(place, 0, "request"))
        return check_request(n, f, place);
    if (step_is(place, 0, "user"))
        return check_user(f, place);
    if (place->step_count == 1 &&
        (step_is(place, 0, "now") || step_is(place, 0, "today") || step_is(place, 0, "search")))
        return ERR_OK;
    if (step_is(place, 0, "item") || (place->step_count == 1 && step_is(place, 0, "index")))
        return n->in_list ? ERR_OK
                          : place_error(f, place->source, "stands for nothing outside of a list.");
    return place_error(f, place->source,
                       "names nothing: a name begins with input, request, user, now, today, "
                       "search, item or index.");
}

/* --- a place as text, and back ---------------------------------------------------------------- */

static int is_plain(str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        int letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '-')))
            return 0;
    }
    return name.n > 0;
}

str names_reference(struct arena *a, const struct place *place)
{
    str text = arena_str(a, place->steps[0].name);

    for (size_t i = 1; i < place->step_count; i++) {
        const struct place_step *step = &place->steps[i];
        if (!step->name.p)
            text = arena_printf(a, "%.*s[%zu]", STR_ARG(text), step->index);
        else if (is_plain(step->name))
            text = arena_printf(a, "%.*s.%.*s", STR_ARG(text), STR_ARG(step->name));
        else
            text = arena_printf(a, "%.*s[\"%.*s\"]", STR_ARG(text), STR_ARG(step->name));
    }
    return text;
}

enum err names_read(struct arena *a, struct fault *f, str reference, struct place *ret)
{
    struct place_reader r = {arena_printf(a, "{{%.*s}}", STR_ARG(reference)), f, NULL};
    str before;
    int found = 0;
    enum err e = place_next(&r, &before, ret, &found);

    if (e)
        return e;
    if (!found || before.n || r.rest.n)
        return place_error(f, reference, "is no name.");
    return ERR_OK;
}

/* A borrowed container for the step that follows: what is there, or a new one. NULL: neither. */
static json_t *container(json_t *at, const struct place_step *step, const struct place_step *next)
{
    json_t *there = step->name.p ? json_object_getn(at, step->name.p, step->name.n)
                                 : json_array_get(at, step->index);

    if (there && !json_is_null(there))
        return (next->name.p ? json_is_object(there) : json_is_array(there)) ? there : NULL;
    there = next->name.p ? json_object() : json_array();
    if (step->name.p)
        must(json_object_setn_new(at, step->name.p, step->name.n, there) == 0);
    else
        must(json_array_set_new(at, step->index, there) == 0);
    return there;
}

static int make_room(json_t *at, const struct place_step *step)
{
    if (step->name.p)
        return json_is_object(at);
    if (!json_is_array(at) || step->index > NAMES_INDEX_MAX)
        return 0;
    while (json_array_size(at) <= step->index)
        must(json_array_append_new(at, json_null()) == 0);
    return 1;
}

enum err names_set(struct fault *f, json_t *values, const struct place *place, json_t *value)
{
    const struct place_step *last = &place->steps[place->step_count - 1];
    json_t *at = values;

    for (size_t i = 0; at && i + 1 < place->step_count; i++)
        at = make_room(at, &place->steps[i]) ? container(at, &place->steps[i], &place->steps[i + 1])
                                             : NULL;
    if (!at || !make_room(at, last)) {
        json_decref(value);
        return place_error(f, place->source, "does not fit beside the other values.");
    }
    if (last->name.p)
        must(json_object_setn_new(at, last->name.p, last->name.n, value) == 0);
    else
        must(json_array_set_new(at, last->index, value) == 0);
    return ERR_OK;
}
