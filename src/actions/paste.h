/* Filters of every template that read what people paste into a text area. They check nothing:
 * what is not there is simply not in what they make. What is larger than the limits is not read
 * (NULL). Pure; any thread. Results are in the arena.
 */
#ifndef ACTIONS_PASTE_H
#define ACTIONS_PASTE_H

#include <jansson.h>

#include "base/arena.h"

#define PASTE_TEXT_MAX ((size_t)1 << 20) /* bytes */
#define PASTE_ITEMS_MAX 10000            /* rows, or words */
#define PASTE_COLUMNS_MAX 1000           /* the rest is left out */

/* `table`: lines with a line of headings first, as spreadsheets copy them (tabs) or write them
 * (RFC 4180, also with semicolons): a list of objects, "Due date" being the member "due_date".
 * Cells are texts; empty ones are left out, and so are empty lines and what has no heading.
 * null: an empty list. NULL: it is no text. */
json_t *paste_table(struct arena *a, const json_t *value);
/* `list`: words with spaces, commas, semicolons or line ends between them, each once. A list stays
 * as it is, and null is nothing: it can be left out. */
json_t *paste_list(struct arena *a, const json_t *value);

#endif
