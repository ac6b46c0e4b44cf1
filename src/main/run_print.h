/* A run on a terminal: its outputs as tables and text, or the whole document as JSON. What Jira and
 * people wrote moves no cursor. */
#ifndef MAIN_RUN_PRINT_H
#define MAIN_RUN_PRINT_H

#include <jansson.h>

/* X of docs/api.md. */
void run_print_outputs(const json_t *run);
/* Status, and what went wrong where: on standard error. */
void run_print_status(const json_t *run);
/* Of a dry run: what would be sent and changed, and its id, which confirms a real one. */
void run_print_dry(const json_t *run);
/* Indented JSON. */
void run_print_json(const json_t *document);

#endif
