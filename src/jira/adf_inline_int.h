/* What the files that write a line of Markdown share (adf_int.h). Not for anybody else. */
#ifndef JIRA_ADF_INLINE_INT_H
#define JIRA_ADF_INLINE_INT_H

#include "jira/adf_int.h"

/* What CommonMark sees in a character beside a delimiter. Unsure: may be punctuation. */
enum char_class { CLASS_BLANK, CLASS_PUNCT, CLASS_LETTER, CLASS_UNSURE };

/* A mark that is open, until before the run `end`. */
struct open_mark {
    unsigned mark;
    size_t end;
    const char *delimiter;
};

enum { OPEN_MAX = 5 }; /* each mark once */

struct writer {
    struct buf *b;
    const struct runs *runs;
    enum inline_place place;
    str prefix;
    size_t line; /* of the line in b */
    struct open_mark open[OPEN_MAX];
    size_t depth;
    int encode_next; /* the next character, if text, as an entity */
};

/* adf_chars.c, then adf_text.c. A text is never empty where a character of it is asked for. */
uint32_t adf_decode(str s, size_t *ret_n);
int adf_is_alnum(char c);
int adf_is_unicode_blank(uint32_t c);
str adf_last_of(str s);
enum char_class adf_class_of_str(str s);
enum char_class adf_class_in(str text, str character);
int adf_may_be_entity(str s, size_t i);
int adf_needs_target_escape(str s, size_t i);
void adf_add_target_text(struct buf *b, str s);
int adf_is_plain_target(str href);
void adf_add_entity(struct buf *b, uint32_t code);
void adf_add_code(struct writer *w, str s);
void adf_add_text(struct writer *w, str s);
void adf_add_break(struct writer *w);

#endif
