/* An action's inputs: how they are declared, and what may be entered.
 *
 *   {"id": "summary", "type": "text", "label": "Summary", "placeholder": "", "help": "",
 *    "mandatory": true, "hidden": false, "default": "{{today}}", "min": 1, "max": 255,
 *    "pattern": "[A-Z].*", "options": [{"value": "1", "label": "One"}],
 *    "options_from": {"request": "Types", "list": "{{request.Types.response.body.values}}",
 *                     "value": "{{item.id}}", "label": "{{item.name}}"}}
 *
 * Only id and type have to be there (tables/input_types.def). min and max are lengths of texts,
 * bounds of numbers, dates of dates, how many of a multi-select. A hidden input always has its
 * default. Values: texts as texts, numbers as numbers, a checkbox true or false, a date
 * "2026-11-28", date and time "2026-11-28T23:50:00.000+0000", a select its option's value, a
 * multi-select a list of them; what was left empty is null.
 * What templates name in a value is never filled: only defaults are templates. Pure; any thread.
 */
#ifndef ACTIONS_INPUT_H
#define ACTIONS_INPUT_H

#include <jansson.h>

#include "actions/fill.h"
#include "actions/slips.h"

#define INPUTS_MAX 50
#define INPUT_OPTIONS_MAX 1000         /* of a select; of a request's answer the rest is cut */
#define INPUT_TEXT_MAX ((size_t)32768) /* characters, where nothing less was declared */
#define INPUT_LABEL_MAX ((size_t)200)

enum input_kind {
    INPUT_KIND_TEXT,
    INPUT_KIND_NUMBER,
    INPUT_KIND_INTEGER,
    INPUT_KIND_FLAG,
    INPUT_KIND_DATE,
    INPUT_KIND_DATE_TIME,
    INPUT_KIND_CHOICE,
    INPUT_KIND_CHOICES
};

struct input_type {
    const char *word;
    const char *label;
    enum input_kind kind;
    const char *control;
};

/* Static; *ret_count of them. */
const struct input_type *input_types(size_t *ret_count);
/* NULL: there is no such type. */
const struct input_type *input_type_find(str word);

/* Letters, digits, "_" and "-", beginning with a letter or "_", 50 at most: can stand in a
 * template. */
int input_id_valid(str id);
/* What people read: its label, or its id. Borrowed. */
str input_label(const json_t *declared);

/* Collects what is wrong with a list of declarations; the fields are "inputs[2].max". `requests`:
 * an object with a member for every request of the app. */
void inputs_check(struct slips *s, const json_t *inputs, const json_t *requests,
                  const struct place_filter *filters);

/* Checks what was entered (an object; texts of a form, or values of JSON) against the declarations
 * and gives a member for every input. The fields are the inputs' ids. `scope`: what defaults can
 * name. Selects with options_from are not looked up here. In the slips' arena. */
json_t *inputs_read(struct slips *s, const json_t *inputs, const json_t *entered,
                    const struct fill_scope *scope);
/* A default, filled; null without one. ERR_INVALID. In the arena. */
MUST_USE enum err input_default(struct arena *a, struct fault *f, const json_t *declared,
                                const struct fill_scope *scope, json_t **ret);

/* Options [{"value","label"}] of a list, with value and label as templates of options_from; the
 * first INPUT_OPTIONS_MAX, *ret_cut 1 when there are more. Items without a value are left out. */
MUST_USE enum err input_options(struct arena *a, struct fault *f, const json_t *options_from,
                                const struct fill_scope *scope, json_t **ret, int *ret_cut);
/* 1 when the value, or every one of a list, is among the options. */
int input_is_among(const json_t *options, const json_t *value);

#endif
