/* An action's outputs: how they are declared, and what they become when a run has ended.
 *
 *   {"type": "table", "title": "Issues", "rows": "{{request.Find.response.body.issues}}",
 *    "columns": [{"label": "Key", "value": "{{item.key}}", "link":
 * "https://x/browse/{{item.key}}"}]}
 *   {"type": "key_value", "title": "", "pairs": [{"label": "Made", "value": "...", "link": ""}]}
 *   {"type": "bar", "rows": "{{...}}", "label": "{{item.name}}", "value": "{{item.count}}"}
 *   {"type": "text", "text": "Made **{{request.Add.response.body.key}}**"}     Markdown
 *   {"type": "raw", "step": "Find"}                                            its answer, as it
 * came
 *
 * What is shown:
 * {"type","is","title","problem","columns","rows","total","cut","pairs","bars","text"}, all of them
 * always there. rows are lists of {"label","text","link"}. A cell that names nothing is empty; an
 * output whose list or text names nothing says so in `problem`, and the others go on. Bounded:
 * OUTPUT_ROWS_MAX rows, OUTPUT_CELL_MAX bytes a cell, OUTPUTS_SIZE_MAX of all together; what is cut
 * says so. Pure; any thread.
 */
#ifndef ACTIONS_OUTPUT_H
#define ACTIONS_OUTPUT_H

#include <jansson.h>

#include "actions/fill.h"
#include "actions/names.h"
#include "actions/slips.h"

#define OUTPUTS_MAX 10
#define OUTPUT_COLUMNS_MAX 20
#define OUTPUT_ROWS_MAX 1000
#define OUTPUT_CELL_MAX ((size_t)1000)
#define OUTPUT_TEXT_MAX ((size_t)200000)
#define OUTPUTS_SIZE_MAX ((size_t)2 << 20)

/* Collects what is wrong; fields like "outputs[0].rows". names: all inputs and steps. */
void outputs_check(struct slips *s, const json_t *outputs, const struct names *names,
                   const struct place_filter *filters);
/* A list, in the arena. */
json_t *outputs_show(struct arena *a, const json_t *outputs, const struct fill_scope *scope);

#endif
