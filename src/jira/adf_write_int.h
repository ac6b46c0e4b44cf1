/* What the files that write Markdown share (adf.h). Not for anybody else. */
#ifndef JIRA_ADF_WRITE_INT_H
#define JIRA_ADF_WRITE_INT_H

#include "jira/adf_int.h"

struct output {
    struct buf b;
    struct buf prefix; /* of every line: quotes and indentation */
    struct runs runs;
    int fresh;  /* the line has its prefix and nothing else */
    int closed; /* nothing can go on with the line: the end of code, or a marker alone */
};

/* What was written before, in the same container. */
struct before {
    int any;
    int paragraph; /* the last block is one */
    int in_item;   /* the container is a list's item */
    char list;     /* its marker when it is a list, or 0 */
};

/* Every block begins with begin_block, unless it writes nothing; tight: without an empty line.
 * Further lines of it begin with next_line. push_prefix gives what pop_prefix takes. */
void adf_next_line(struct output *o);
void adf_begin_block(struct output *o, struct before *before, int tight);
size_t adf_push_prefix(struct output *o, str s);
void adf_pop_prefix(struct output *o, size_t n);
void adf_write_runs(struct output *o, enum inline_place place);
void adf_write_leaf(struct output *o, const json_t *node, struct before *before);
int adf_is_stray_leaf(const json_t *node);
void adf_write_blocks(struct output *o, const json_t *node, int depth, struct before *before);
int adf_is_list_type(str type);
void adf_write_list(struct output *o, const json_t *list, int depth, struct before *before);
void adf_write_tasks(struct output *o, const json_t *list, int depth, struct before *before);
void adf_write_table(struct output *o, const json_t *table, struct before *before);

#endif
