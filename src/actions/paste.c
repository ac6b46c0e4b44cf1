/* See the header. libcsv reads the cells, as forgivingly as spreadsheets do. */
#include "actions/paste.h"

#include <csv.h>

#include "base/check.h"
#include "base/doc.h"

static str text_of(const json_t *value)
{
    return (str){json_string_value(value), json_string_length(value)};
}

/* --- table ------------------------------------------------------------------------------------ */

struct pasting {
    struct arena *arena;
    json_t *names; /* of the columns; an empty one is left out */
    int has_names;
    json_t *rows;
    json_t *row;
    size_t column;
    int is_too_large;
};

static int is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

/* "Due date" -> "due_date": what can stand in a template. */
static str member_of(struct arena *a, str heading)
{
    char *name = arena_alloc(a, heading.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < heading.n; i++) {
        char c = heading.p[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (is_plain(c))
            name[n++] = c;
        else if (n && name[n - 1] != '_')
            name[n++] = '_';
    }
    while (n && name[n - 1] == '_')
        n--;
    return (str){name, n};
}

static void take_cell(void *cell, size_t n, void *arg)
{
    struct pasting *p = arg;
    str text = {cell, n}, name;

    if (!p->has_names && json_array_size(p->names) == PASTE_COLUMNS_MAX)
        return;
    if (!p->has_names) {
        text = str_starts(text, STR("\xEF\xBB\xBF")) ? str_slice(text, 3, n) : text;
        name = member_of(p->arena, text);
        must(json_array_append_new(p->names, json_stringn(name.p, name.n)) == 0);
        return;
    }
    name = text_of(json_array_get(p->names, p->column++));
    if (name.n && n && !p->is_too_large)
        must(json_object_setn_new(p->row, name.p, name.n, json_stringn(text.p, n)) == 0);
}

static void end_row(int last, void *arg)
{
    struct pasting *p = arg;

    (void)last;
    if (p->has_names && json_object_size(p->row)) {
        doc_append(p->rows, p->row);
        p->row = doc_object(p->arena);
    }
    p->has_names = 1;
    p->column = 0;
    p->is_too_large |= json_array_size(p->rows) > PASTE_ITEMS_MAX;
}

static size_t count_in(str line, char c)
{
    size_t n = 0;

    for (size_t i = 0; i < line.n; i++)
        n += line.p[i] == c;
    return n;
}

static unsigned char separator_of(str text)
{
    size_t end = str_find_char(text, '\n');
    str line = str_slice(text, 0, end == SIZE_MAX ? text.n : end);

    if (count_in(line, '\t'))
        return CSV_TAB;
    return count_in(line, ';') > count_in(line, ',') ? ';' : CSV_COMMA;
}

json_t *paste_table(struct arena *a, const json_t *value)
{
    struct pasting p = {a, doc_array(a), 0, doc_array(a), doc_object(a), 0, 0};
    struct csv_parser parser;
    str text = text_of(value);

    if (json_is_null(value))
        return p.rows;
    if (!json_is_string(value) || text.n > PASTE_TEXT_MAX)
        return NULL;
    must(csv_init(&parser, 0) == 0);
    csv_set_delim(&parser, separator_of(text));
    must(csv_parse(&parser, text.p, text.n, take_cell, end_row, &p) == text.n);
    must(csv_fini(&parser, take_cell, end_row, &p) == 0);
    csv_free(&parser);
    return p.is_too_large ? NULL : p.rows;
}

/* --- list ------------------------------------------------------------------------------------- */

static int separates(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == ';';
}

static void add_word(json_t *list, json_t *seen, str word)
{
    if (!word.n || json_object_getn(seen, word.p, word.n))
        return;
    must(json_object_setn_new(seen, word.p, word.n, json_true()) == 0);
    must(json_array_append_new(list, json_stringn(word.p, word.n)) == 0);
}

json_t *paste_list(struct arena *a, const json_t *value)
{
    json_t *list = doc_array(a), *seen = doc_object(a);
    str text = text_of(value);

    if (json_is_array(value))
        return doc_keep(a, json_deep_copy(value));
    if (!json_is_string(value))
        return json_is_null(value) ? json_null() : NULL;
    if (text.n > PASTE_TEXT_MAX)
        return NULL;
    for (size_t i = 0, from = 0; i <= text.n; i++) {
        if (i < text.n && !separates(text.p[i]))
            continue;
        add_word(list, seen, str_slice(text, from, i));
        if (json_array_size(list) > PASTE_ITEMS_MAX)
            return NULL;
        from = i + 1;
    }
    return list;
}
