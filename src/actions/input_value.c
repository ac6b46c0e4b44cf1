/* Inputs: what was entered. See the header. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "actions/input.h"
#include "actions/pattern.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/doc.h"
#include "core/names.h"

#define NUMBER_TEXT_MAX 40
#define CHOICES_MAX 1000

struct reading {
    struct slips *slips;
    const json_t *input;
    const char *id;
    const struct input_type *type;
    json_t *value; /* a new reference, or NULL */
};

static void wrong(struct reading *r, const char *message)
{
    slips_add(r->slips, r->id, "%s", message);
}

static str text_of(const json_t *value)
{
    return (str){json_string_value(value), json_string_length(value)};
}

static int is_declared(const json_t *bound)
{
    return bound && !json_is_null(bound);
}

/* --- texts ------------------------------------------------------------------------------------ */

/* How long a text is, or how many were chosen. */
static void check_count(struct reading *r, size_t n, size_t most, const char *what)
{
    const json_t *min = doc_get(r->input, "min"), *max = doc_get(r->input, "max");

    if (is_declared(min) && (double)n < json_number_value(min))
        slips_add(r->slips, r->id, "At least %lld %s, please.",
                  (long long)ceil(json_number_value(min)), what);
    else if (is_declared(max) && (double)n > json_number_value(max))
        slips_add(r->slips, r->id, "At most %lld %s, please.",
                  (long long)floor(json_number_value(max)), what);
    else if (n > most)
        slips_add(r->slips, r->id, "At most %zu %s, please.", most, what);
}

static void check_pattern(struct reading *r, str text)
{
    struct fault f = {.code = ERR_OK};
    str pattern = doc_get_str(r->input, "pattern");
    int fits = 1;

    if (str_empty(pattern))
        return;
    if (pattern_fits(&f, pattern, text, &fits))
        slips_add_fault(r->slips, r->id, &f);
    else if (!fits)
        slips_add(r->slips, r->id, "This does not have the form that is asked for: %.*s",
                  STR_ARG(str_utf8_cut(pattern, 120)));
}

static int is_link(str text)
{
    return (str_starts(text, STR("https://")) && text.n > 8) ||
           (str_starts(text, STR("http://")) && text.n > 7);
}

static void check_form(struct reading *r, str text)
{
    const char *word = r->type->word;

    if (strcmp(word, "email") == 0 && !name_email_valid(text))
        wrong(r, "Please enter one e-mail address, like anna@example.com.");
    else if (strcmp(word, "link") == 0 && (!is_link(text) || str_has_control(text)))
        wrong(r, "Please enter a link, like https://example.com/page.");
    else if (strcmp(word, "textarea") != 0 && str_has_control(text))
        wrong(r, "Please enter one line.");
}

static void read_text(struct reading *r, const json_t *given)
{
    str text = text_of(given);

    if (!json_is_string(given)) {
        wrong(r, "This has to be a text.");
        return;
    }
    check_count(r, str_utf8_length(text), INPUT_TEXT_MAX, "characters");
    check_form(r, text);
    check_pattern(r, text);
    r->value = json_incref((json_t *)(uintptr_t)given);
}

/* --- numbers ---------------------------------------------------------------------------------- */

static void check_bounds(struct reading *r, double n)
{
    const json_t *min = doc_get(r->input, "min"), *max = doc_get(r->input, "max");

    if (is_declared(min) && n < json_number_value(min))
        slips_add(r->slips, r->id, "Not less than %g, please.", json_number_value(min));
    else if (is_declared(max) && n > json_number_value(max))
        slips_add(r->slips, r->id, "Not more than %g, please.", json_number_value(max));
}

/* "12.5" of a form; nothing else that strtod() knows. */
static int parse_number(str text, double *ret)
{
    char room[NUMBER_TEXT_MAX + 1], *end = NULL;

    if (text.n == 0 || text.n > NUMBER_TEXT_MAX)
        return 0;
    for (size_t i = 0; i < text.n; i++) {
        if (!strchr("0123456789+-.eE", text.p[i]))
            return 0;
    }
    memcpy(room, text.p, text.n);
    room[text.n] = '\0';
    errno = 0;
    *ret = strtod(room, &end);
    return *end == '\0' && errno == 0 && isfinite(*ret);
}

static void read_integer(struct reading *r, const json_t *given)
{
    int64_t n = json_is_integer(given) ? json_integer_value(given) : 0;

    if (!json_is_integer(given) && !str_to_int64(str_trim(text_of(given)), &n)) {
        wrong(r, "Please enter a whole number.");
        return;
    }
    check_bounds(r, (double)n);
    r->value = json_integer(n);
}

static void read_number(struct reading *r, const json_t *given)
{
    double n = json_number_value(given);
    int64_t whole;

    if (!json_is_number(given) && !parse_number(str_trim(text_of(given)), &n)) {
        wrong(r, "Please enter a number, like 12.5.");
        return;
    }
    check_bounds(r, n);
    if (json_is_integer(given))
        r->value = json_integer(json_integer_value(given));
    else if (json_is_string(given) && str_to_int64(str_trim(text_of(given)), &whole))
        r->value = json_integer(whole);
    else
        r->value = json_real(n);
}

static void read_flag(struct reading *r, const json_t *given)
{
    str text = text_of(given);

    if (json_is_boolean(given))
        r->value = json_boolean(json_is_true(given));
    else if (str_eq(text, STR("on")) || str_eq(text, STR("true")) || str_eq(text, STR("1")))
        r->value = json_true();
    else if (str_eq(text, STR("off")) || str_eq(text, STR("false")) || str_eq(text, STR("0")))
        r->value = json_false();
    else
        wrong(r, "This has to be true or false.");
}

/* --- dates ------------------------------------------------------------------------------------ */

static void check_days(struct reading *r, str day)
{
    str min = doc_get_str(r->input, "min"), max = doc_get_str(r->input, "max");

    if (min.n && str_cmp(day, str_slice(min, 0, 10)) < 0)
        slips_add(r->slips, r->id, "Not before %.*s, please.", STR_ARG(min));
    else if (max.n && str_cmp(day, str_slice(max, 0, 10)) > 0)
        slips_add(r->slips, r->id, "Not after %.*s, please.", STR_ARG(max));
}

static void read_date(struct reading *r, const json_t *given)
{
    str text = str_trim(text_of(given));
    int64_t ms;

    if (text.n != 10 || !clock_parse_date(text, &ms)) {
        wrong(r, "Write the date as YYYY-MM-DD.");
        return;
    }
    check_days(r, text);
    r->value = json_stringn(text.p, text.n);
}

static int two_digits(str s, size_t at, int most)
{
    int n;

    if (at + 2 > s.n || s.p[at] < '0' || s.p[at] > '9' || s.p[at + 1] < '0' || s.p[at + 1] > '9')
        return -1;
    n = (s.p[at] - '0') * 10 + s.p[at + 1] - '0';
    return n <= most ? n : -1;
}

/* "2026-11-28T23:50", with seconds, and what may stand behind them: Z, +0000 or milliseconds and
 * one of these. In UTC. */
static void read_date_time(struct reading *r, const json_t *given)
{
    str text = str_trim(text_of(given)), day = str_slice(text, 0, 10);
    int hour = two_digits(text, 11, 23), minute = two_digits(text, 14, 59);
    int second = text.n > 16 ? two_digits(text, 17, 59) : 0;
    int64_t ms;

    str rest = str_slice(text, text.n > 16 ? 19 : 16, text.n);
    int known = str_empty(rest) || str_eq(rest, STR("Z")) || str_eq(rest, STR("+0000")) ||
                str_eq(rest, STR("+00:00")) || str_eq(rest, STR(".000Z")) ||
                str_eq(rest, STR(".000+0000"));
    if (text.n < 16 || !clock_parse_date(day, &ms) || (text.p[10] != 'T' && text.p[10] != ' ') ||
        text.p[13] != ':' || hour < 0 || minute < 0 || second < 0 ||
        (text.n > 16 && text.p[16] != ':') || !known) {
        wrong(r, "Write date and time as YYYY-MM-DDTHH:MM, in UTC.");
        return;
    }
    check_days(r, day);
    r->value = json_string(arena_printf(r->slips->arena, "%.*sT%02d:%02d:%02d.000+0000",
                                        STR_ARG(day), hour, minute, second)
                               .p);
}

/* --- choices ---------------------------------------------------------------------------------- */

static void check_among(struct reading *r)
{
    const json_t *options = doc_get(r->input, "options");

    if (json_is_array(options) && r->value && !input_is_among(options, r->value))
        wrong(r, "Please choose one of the options.");
}

static void read_choice(struct reading *r, const json_t *given)
{
    if (!json_is_string(given) || json_string_length(given) > INPUT_TEXT_MAX) {
        wrong(r, "Please choose one of the options.");
        return;
    }
    r->value = json_incref((json_t *)(uintptr_t)given);
    check_among(r);
}

/* A list, or one text. */
static void read_choices(struct reading *r, const json_t *given)
{
    json_t *one;
    size_t i;

    r->value = json_array();
    if (json_is_string(given))
        must(json_array_append(r->value, (json_t *)(uintptr_t)given) == 0);
    else
        must(json_is_array(given) ? json_array_extend(r->value, (json_t *)(uintptr_t)given) == 0
                                  : 1);
    json_array_foreach (r->value, i, one) {
        if (!json_is_string(one) || json_string_length(one) > INPUT_TEXT_MAX) {
            wrong(r, "Please choose some of the options.");
            return;
        }
    }
    if (!json_is_array(given) && !json_is_string(given))
        wrong(r, "Please choose some of the options.");
    check_count(r, json_array_size(r->value), CHOICES_MAX, "of them");
    check_among(r);
}

/* --- all of them ------------------------------------------------------------------------------ */

static int is_empty(const json_t *given)
{
    return !given || json_is_null(given) ||
           (json_is_string(given) && str_empty(str_trim(text_of(given)))) ||
           (json_is_array(given) && json_array_size(given) == 0);
}

static void read_value(struct reading *r, const json_t *given)
{
    switch (r->type->kind) {
    case INPUT_KIND_TEXT:
        read_text(r, given);
        return;
    case INPUT_KIND_NUMBER:
        read_number(r, given);
        return;
    case INPUT_KIND_INTEGER:
        read_integer(r, given);
        return;
    case INPUT_KIND_FLAG:
        read_flag(r, given);
        return;
    case INPUT_KIND_DATE:
        read_date(r, given);
        return;
    case INPUT_KIND_DATE_TIME:
        read_date_time(r, given);
        return;
    case INPUT_KIND_CHOICE:
        read_choice(r, given);
        return;
    case INPUT_KIND_CHOICES:
        read_choices(r, given);
        return;
    }
}

enum err input_default(struct arena *a, struct fault *f, const json_t *declared,
                       const struct fill_scope *scope, json_t **ret)
{
    const json_t *value = doc_get(declared, "default");

    if (value)
        return fill_document(a, f, value, scope, ret);
    *ret = doc_keep(a, json_null());
    return ERR_OK;
}

static const json_t *default_of(struct reading *r, const struct fill_scope *scope)
{
    struct fault f = {.code = ERR_OK};
    json_t *value = NULL;

    if (input_default(r->slips->arena, &f, r->input, scope, &value) == ERR_OK)
        return value;
    slips_add_fault(r->slips, r->id, &f);
    return NULL;
}

/* A new reference, never NULL. */
static json_t *read_one(struct slips *s, const json_t *input, const json_t *entered,
                        const struct fill_scope *scope)
{
    struct reading r = {s, input, json_string_value(doc_get(input, "id")),
                        input_type_find(doc_get_str(input, "type")), NULL};
    const json_t *given = doc_get(entered, r.id);
    int hidden = json_is_true(doc_get(input, "hidden"));
    int flag = r.type->kind == INPUT_KIND_FLAG;

    if (hidden && given)
        wrong(&r, "This input is not for being entered.");
    if (hidden || !given)
        given = default_of(&r, scope);
    if (!is_empty(given))
        read_value(&r, given);
    if (json_is_true(doc_get(input, "mandatory")) &&
        (is_empty(given) || (flag && json_is_false(r.value))))
        wrong(&r, flag ? "This has to be ticked." : "Please fill this in.");
    if (!r.value)
        r.value = flag ? json_false() : json_null();
    return r.value;
}

static void refuse_unknown(struct slips *s, const json_t *inputs, const json_t *entered)
{
    const char *name;
    json_t *value, *input;
    size_t i;

    json_object_foreach ((json_t *)(uintptr_t)entered, name, value) {
        int known = 0;
        json_array_foreach ((json_t *)(uintptr_t)inputs, i, input) {
            known |= str_eq(doc_get_str(input, "id"), str_from(name));
        }
        if (!known)
            slips_add(s, name, "This action has no input \"%.60s\".", name);
    }
}

json_t *inputs_read(struct slips *s, const json_t *inputs, const json_t *entered,
                    const struct fill_scope *scope)
{
    json_t *values = doc_object(s->arena), *input;
    size_t i;

    refuse_unknown(s, inputs, entered);
    json_array_foreach ((json_t *)(uintptr_t)inputs, i, input) {
        json_t *value = read_one(s, input, entered, scope);
        doc_set(values, json_string_value(doc_get(input, "id")), value);
        json_decref(value);
    }
    return values;
}
