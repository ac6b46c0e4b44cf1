/* What must hold of ADF, Markdown and HTML whatever goes in; shared by the unit tests and the fuzz
 * target. Each ends the process (must) when it does not hold.
 */
#ifndef FUZZ_ADF_CHECK_H
#define FUZZ_ADF_CHECK_H

#include <jansson.h>

#include "base/arena.h"
#include "base/str.h"

/* Jira's rules of what may stand where, for the nodes that we make. */
int adf_check_is_valid(const json_t *doc);
/* Without the ids of tasks, which differ from text to text. Changes the document. */
void adf_check_strip_ids(json_t *node);
/* Only elements and attributes that are known to be harmless, each closed in its order. */
int adf_check_is_harmless(str html);
/* Markdown -> ADF is valid and comes back equal through Markdown; its HTML is harmless. */
void adf_check_markdown(struct arena *a, str markdown);
/* Any JSON: Markdown, and the ADF of that, keep all of its words; HTML is harmless. */
void adf_check_json(struct arena *a, const json_t *adf);

#endif
