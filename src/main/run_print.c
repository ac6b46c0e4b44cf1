/* See the header. */
#include "main/run_print.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/doc.h"
#include "base/mem.h"

#define COLUMN_MAX 60
#define COLUMNS_MAX 32
#define BAR_MAX 40

/* Nothing in it moves the cursor or colours the terminal, C1 controls (two bytes, C2 80 to C2 9F)
 * either. Line ends pass where `lines` is 1. */
static void print_text(FILE *to, str text, int lines)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        unsigned char next = i + 1 < text.n ? (unsigned char)text.p[i + 1] : 0;
        int is_c1 = c == 0xc2 && next >= 0x80 && next <= 0x9f;
        int passes = c >= 0x20 || (lines && (c == '\n' || c == '\t'));
        (void)fputc(!passes || c == 0x7f || is_c1 ? '?' : text.p[i], to);
        i += (size_t)is_c1;
    }
}

static str text_of(const json_t *value)
{
    return (str){json_string_value(value), json_string_length(value)};
}

/* At most so many characters, the last of them dots where something is missing. */
static void print_cell(str text, size_t width, int last)
{
    size_t length = str_utf8_length(text), n = 0;
    str shown = text;

    if (length > COLUMN_MAX && !last) {
        while (n < text.n && str_utf8_length(str_slice(text, 0, n)) < COLUMN_MAX - 3)
            n++;
        shown = str_utf8_cut(text, n);
        length = str_utf8_length(shown) + 3;
    }
    print_text(stdout, shown, 0);
    if (shown.n < text.n)
        (void)printf("...");
    for (; !last && length < width + 2; length++)
        (void)putchar(' ');
}

static size_t width_of(str text)
{
    size_t length = str_utf8_length(text);

    return length > COLUMN_MAX ? COLUMN_MAX : length;
}

static void print_table(const json_t *o)
{
    size_t widths[COLUMNS_MAX] = {0}, i, k, columns = json_array_size(doc_get(o, "columns"));
    json_t *row;

    columns = columns > COLUMNS_MAX ? COLUMNS_MAX : columns;
    for (k = 0; k < columns; k++)
        widths[k] = width_of(text_of(json_array_get(doc_get(o, "columns"), k)));
    json_array_foreach (doc_get(o, "rows"), i, row) {
        for (k = 0; k < columns; k++) {
            size_t w = width_of(doc_get_str(json_array_get(doc_get(row, "cells"), k), "text"));
            widths[k] = w > widths[k] ? w : widths[k];
        }
    }
    for (k = 0; k < columns; k++)
        print_cell(text_of(json_array_get(doc_get(o, "columns"), k)), widths[k], k + 1 == columns);
    (void)putchar('\n');
    json_array_foreach (doc_get(o, "rows"), i, row) {
        for (k = 0; k < columns; k++)
            print_cell(doc_get_str(json_array_get(doc_get(row, "cells"), k), "text"), widths[k],
                       k + 1 == columns);
        (void)putchar('\n');
    }
}

static void print_pairs(const json_t *o)
{
    size_t i, width = 0;
    json_t *pair;

    json_array_foreach (doc_get(o, "pairs"), i, pair) {
        size_t w = width_of(doc_get_str(pair, "label"));
        width = w > width ? w : width;
    }
    json_array_foreach (doc_get(o, "pairs"), i, pair) {
        print_cell(doc_get_str(pair, "label"), width, 0);
        print_cell(doc_get_str(pair, "text"), 0, 1);
        (void)putchar('\n');
    }
}

static void print_bars(const json_t *o)
{
    double most = json_number_value(doc_get(o, "most"));
    size_t i, width = 0;
    json_t *bar;

    json_array_foreach (doc_get(o, "bars"), i, bar) {
        size_t w = width_of(doc_get_str(bar, "label"));
        width = w > width ? w : width;
    }
    json_array_foreach (doc_get(o, "bars"), i, bar) {
        int n = most > 0 ? (int)(json_number_value(doc_get(bar, "value")) / most * BAR_MAX) : 0;
        print_cell(doc_get_str(bar, "label"), width, 0);
        for (int k = 0; k < n; k++)
            (void)putchar('#');
        (void)printf(n ? " " : "");
        print_cell(doc_get_str(bar, "text"), 0, 1);
        (void)putchar('\n');
    }
}

static void print_output(const json_t *o)
{
    str type = doc_get_str(o, "type"), title = doc_get_str(o, "title");
    str problem = doc_get_str(o, "problem");

    if (title.n) {
        print_text(stdout, title, 0);
        (void)putchar('\n');
    }
    if (problem.n) {
        print_text(stdout, problem, 0);
        (void)putchar('\n');
    } else if (str_eq(type, STR("table"))) {
        print_table(o);
    } else if (str_eq(type, STR("key_value"))) {
        print_pairs(o);
    } else if (str_eq(type, STR("bar"))) {
        print_bars(o);
    } else {
        print_text(stdout, doc_get_str(o, "text"), 1);
        (void)putchar('\n');
    }
    if (json_is_true(doc_get(o, "cut")))
        (void)printf("(not all of it is shown)\n");
}

void run_print_outputs(const json_t *run)
{
    json_t *o;
    size_t i;

    json_array_foreach (doc_get(run, "outputs"), i, o) {
        if (i)
            (void)putchar('\n');
        print_output(o);
    }
}

static void print_failed(const json_t *call)
{
    (void)fputs("  ", stderr);
    print_text(stderr, doc_get_str(call, "step"), 0);
    if (json_is_integer(doc_get(call, "item")))
        (void)fprintf(stderr, " %lld", (long long)doc_get_int(call, "item", 0));
    (void)fputs(": ", stderr);
    print_text(stderr, doc_get_str(call, "sentence"), 0);
    (void)fputc('\n', stderr);
}

void run_print_status(const json_t *run)
{
    json_t *call;
    size_t i;

    print_text(stderr, doc_get_str(run, "status_text"), 0);
    if (doc_get_str(run, "sentence").n)
        (void)fputs(": ", stderr);
    print_text(stderr, doc_get_str(run, "sentence"), 0);
    (void)fputc('\n', stderr);
    json_array_foreach (doc_get(run, "steps"), i, call) {
        if (str_eq(doc_get_str(call, "state"), STR("failed")))
            print_failed(call);
    }
}

static void print_change(const json_t *change)
{
    (void)fputs("    ", stdout);
    print_text(stdout, doc_get_str(change, "name"), 0);
    (void)fputs(": ", stdout);
    print_text(stdout, doc_get_str(change, "from"), 0);
    (void)fputs(" -> ", stdout);
    print_text(stdout, doc_get_str(change, "to"), 0);
    (void)putchar('\n');
}

void run_print_dry(const json_t *run)
{
    json_t *call, *change;
    size_t i, k;

    json_array_foreach (doc_get(run, "steps"), i, call) {
        if (!str_eq(doc_get_str(call, "state"), STR("dry")))
            continue;
        print_text(stdout, doc_get_str(call, "method"), 0);
        (void)putchar(' ');
        print_text(stdout, doc_get_str(call, "path"), 0);
        (void)putchar('\n');
        if (doc_get_str(call, "request_body").n) {
            print_text(stdout, doc_get_str(call, "request_body"), 1);
            (void)putchar('\n');
        }
        json_array_foreach (doc_get(call, "changes"), k, change) {
            print_change(change);
        }
    }
    (void)fputs("Nothing was sent. To run it: --confirm ", stdout);
    print_text(stdout, doc_get_str(run, "id"), 0);
    (void)putchar('\n');
}

void run_print_json(const json_t *document)
{
    char *text = json_dumps(document, JSON_INDENT(2) | JSON_REAL_PRECISION(15));

    must(text != NULL);
    (void)puts(text);
    mem_free(text);
}
