/* A compiled template, shared by template_parse.c (makes it) and template.c (renders it). */
#ifndef HTTP_TEMPLATE_INT_H
#define HTTP_TEMPLATE_INT_H

#include "http/template.h"

enum template_kind {
    TEMPLATE_TEXT,     /* text: literal */
    TEMPLATE_VALUE,    /* text: the name, as in all below */
    TEMPLATE_RAW,      /* not escaped */
    TEMPLATE_SECTION,  /* children up to `end` */
    TEMPLATE_INVERTED, /* the same */
    TEMPLATE_PARTIAL,
};

/* All str point into the source. */
struct template_node {
    enum template_kind kind;
    str text;
    str indent;      /* PARTIAL alone on its line: the white space before it; else p is NULL */
    size_t end;      /* index behind the last child */
    int starts_line; /* first on its line: gets the indentation of an indented partial */
};

struct compiled_template {
    const char *name;
    str source;
    struct template_node *nodes;
    size_t count;
    size_t room;
};

/* t has name and source; ERR_CONFIG names template and line. Nodes belong to t even then. */
MUST_USE enum err template_parse(struct fault *f, struct compiled_template *t);

#endif
