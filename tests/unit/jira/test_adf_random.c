/* jira/adf.h over made-up texts: documents of what both sides know come back equal, documents of
 * anything keep their words, Markdown is stable, HTML is harmless (adf_check.h). The seeds are
 * fixed; ADF_SEED=N with ADF_RUNS=N tries others.
 */
#include "support.h"

#include <stdio.h>

#include "../../fuzz/adf_check.h"
#include "base/doc.h"
#include "jira/adf.h"
#include "jira/adf_int.h"

enum { RUNS = 200 };

#define ARENA_MAX ((size_t)64 << 20)

struct dice {
    uint64_t state;
    unsigned ids;
};

static uint32_t next(struct dice *d)
{
    d->state = d->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(d->state >> 33);
}

static size_t below(struct dice *d, size_t n)
{
    return next(d) % n;
}

static int chance(struct dice *d, size_t one_in)
{
    return below(d, one_in) == 0;
}

static size_t number_of(const char *name, size_t otherwise)
{
    const char *text = getenv(name);
    int64_t n;

    return text && str_to_int64(str_from(text), &n) && n > 0 ? (size_t)n : otherwise;
}

/* Words, and what is apt to be taken for Markdown. */
static const char *const pieces[] = {
    "word",
    "a",
    "Zoe",
    "X-1",
    "snake_case",
    " ",
    " ",
    "  ",
    "*",
    "**",
    "_",
    "__",
    "~~",
    "`",
    "``",
    "[",
    "]",
    "](x)",
    "![",
    "<",
    ">",
    "<b>",
    "<br>",
    "</p>",
    "&",
    "&amp;",
    "&#65;",
    "\\",
    "\\\\",
    "|",
    "-",
    "- ",
    "+ ",
    "# ",
    "#",
    "1. ",
    "12) ",
    "=",
    "---",
    "```",
    "~~~",
    ":",
    "http://x.y/z",
    "https:",
    "//",
    "www.x.y",
    "a@b.c",
    "[ ] ",
    "[x] ",
    "!",
    ".",
    "(",
    ")",
    "\"",
    "'",
    "{",
    "}",
    "\xc3\xa4",
    "\xe4\xb8\xad\xe6\x96\x87",
    "\xe2\x82\xac",
    "\xe3\x80\x82",
    "\xf0\x9f\x98\x80",
    "\xc2\xa0",
    "\xe2\x80\x94",
    "\t",
    "\x01",
    "\x7f",
    "\xe2\x80\x8b",
    "\xe3\x80\x80",
    "$",
    "@anna",
};

static str words(struct arena *a, struct dice *d, size_t max)
{
    str parts[8];
    size_t n = 1 + below(d, max < 8 ? max : 8);

    for (size_t i = 0; i < n; i++)
        parts[i] = str_from(pieces[below(d, COUNT_OF(pieces))]);
    return arena_join(a, parts, n);
}

static str some_url(struct arena *a, struct dice *d)
{
    static const char *const urls[] = {
        "https://x.y/z",   "http://x.y/a_b_c?d=e&f=g#h",
        "https://x.y/(a)", "mailto:a@b.c",
        "/browse/X-1",     "#part",
        "https://x/*_*",   "https://x/a|b",
        "http://x/&amp;",  "http://x/<>\"'`[]~",
        "ftp://x/y",       "https://x/\xc3\xa4",
    };

    return arena_str_from(a, urls[below(d, COUNT_OF(urls))]);
}

/* Runs in their normal form, which is what both sides know. */
static json_t *some_inline(struct arena *a, struct dice *d, int breaks)
{
    struct adf_link link = {some_url(a, d), {NULL, 0}};
    struct runs runs;
    json_t *list;

    runs_init(&runs);
    for (size_t n = 1 + below(d, 6); n > 0; n--) {
        unsigned marks = chance(d, 3) ? next(d) % 32 : 0;
        str text;

        if (chance(d, 3))
            link.href = some_url(a, d);
        link.title = chance(d, 4) ? words(a, d, 3) : (str){NULL, 0};
        if (breaks && chance(d, 6))
            runs_add_break(&runs);
        text = chance(d, 8) && (marks & MARK_LINK) ? link.href : words(a, d, 4);
        if (str_find(text, STR("]:")) != SIZE_MAX) /* not as code in a link: it stays text */
            marks &= ~(unsigned)MARK_CODE;
        runs_add(&runs, marks, &link, text);
    }
    runs_normalise(&runs);
    list = adf_runs_json(&runs);
    runs_done(&runs);
    return list;
}

static json_t *node_of(const char *type, json_t *content)
{
    return json_pack("{s:s, s:o}", "type", type, "content", content);
}

static json_t *some_paragraph(struct arena *a, struct dice *d)
{
    json_t *content;

    while (json_array_size(content = some_inline(a, d, 1)) == 0)
        json_decref(content);
    return node_of("paragraph", content);
}

static json_t *some_heading(struct arena *a, struct dice *d)
{
    json_t *node = some_paragraph(a, d);

    json_object_set_new(node, "type", json_string("heading"));
    json_object_set_new(node, "attrs", json_pack("{s:i}", "level", 1 + (int)below(d, 6)));
    return node;
}

/* Blanks alone on a line of code are not kept apart from none by md4c. */
static json_t *some_code(struct arena *a, struct dice *d)
{
    static const char *const lines[] = {"x",    "\ty",  "  z", " \t a",   "```", "````js",
                                        "",     "> q",  "- i", "| t |",   "~~~", "\\",
                                        "&lt;", "<br>", "#",   "a\t\tb  "};
    struct buf b BUF_AUTO;
    json_t *content = json_array(), *node;

    buf_init(&b, 10000);
    (void)a;
    for (size_t n = below(d, 5), i = 0; i < n; i++) {
        buf_add_cstring(&b, i ? "\n" : "");
        buf_add_cstring(&b, lines[below(d, COUNT_OF(lines))]);
    }
    if (b.n > 0)
        json_array_append_new(content, json_pack("{s:s, s:s%}", "type", "text", "text", b.p, b.n));
    node = node_of("codeBlock", content);
    if (chance(d, 2))
        json_object_set_new(node, "attrs",
                            json_pack("{s:s}", "language", chance(d, 2) ? "c++" : "js"));
    return node;
}

static json_t *some_list(struct arena *a, struct dice *d, int depth);
static json_t *some_tasks(struct arena *a, struct dice *d, int depth);

static json_t *some_item(struct arena *a, struct dice *d, int depth)
{
    json_t *content = json_array();
    int empty = chance(d, 5);

    json_array_append_new(content, empty          ? node_of("paragraph", json_array())
                                   : chance(d, 6) ? some_code(a, d)
                                                  : some_paragraph(a, d));
    if (empty || chance(d, 3)) {
        if (depth < 4 && chance(d, 2))
            json_array_append_new(content, some_list(a, d, depth + 1));
        else if (depth < 4 && chance(d, 2))
            json_array_append_new(content, some_tasks(a, d, depth + 1));
        else if (empty)
            return node_of("listItem", content);
    }
    while (chance(d, 4))
        json_array_append_new(content, chance(d, 3) ? some_code(a, d) : some_paragraph(a, d));
    return node_of("listItem", content);
}

static json_t *some_list(struct arena *a, struct dice *d, int depth)
{
    json_t *content = json_array(), *node;
    int ordered = chance(d, 2);

    for (size_t n = 1 + below(d, 3); n > 0; n--)
        json_array_append_new(content, some_item(a, d, depth));
    node = node_of(ordered ? "orderedList" : "bulletList", content);
    if (ordered && chance(d, 3))
        json_object_set_new(
            node, "attrs", json_pack("{s:i}", "order", chance(d, 3) ? 0 : 2 + (int)below(d, 2000)));
    return node;
}

static json_t *some_tasks(struct arena *a, struct dice *d, int depth)
{
    json_t *content = json_array(), *node;

    for (size_t n = 1 + below(d, 3); n > 0; n--) {
        json_t *item = node_of("taskItem", some_inline(a, d, 1));

        json_object_set_new(item, "attrs",
                            json_pack("{s:s}", "state", chance(d, 2) ? "DONE" : "TODO"));
        json_array_append_new(content, item);
        if (depth < 4 && chance(d, 4))
            json_array_append_new(content, some_tasks(a, d, depth + 1));
    }
    node = node_of("taskList", content);
    json_object_set_new(node, "attrs", json_object());
    return node;
}

static json_t *some_quote(struct arena *a, struct dice *d)
{
    json_t *content = json_array();

    for (size_t n = 1 + below(d, 3); n > 0; n--)
        json_array_append_new(content, chance(d, 3)   ? some_list(a, d, 2)
                                       : chance(d, 4) ? some_code(a, d)
                                                      : some_paragraph(a, d));
    return node_of("blockquote", content);
}

static json_t *some_row(struct arena *a, struct dice *d, const char *type, size_t width)
{
    json_t *row = json_array();

    for (; width > 0; width--) {
        json_t *inside = strcmp(type, "tableHeader") == 0 || !chance(d, 4)
                             ? some_paragraph(a, d)
                             : node_of("paragraph", json_array());
        json_array_append_new(row, node_of(type, json_pack("[o]", inside)));
    }
    return node_of("tableRow", row);
}

static json_t *some_table(struct arena *a, struct dice *d)
{
    json_t *rows = json_array();
    size_t width = 1 + below(d, 4);
    int headed = chance(d, 2);

    if (headed)
        json_array_append_new(rows, some_row(a, d, "tableHeader", width));
    for (size_t n = below(d, 3) + (headed ? 0 : 1); n > 0; n--)
        json_array_append_new(rows, some_row(a, d, "tableCell", width));
    return node_of("table", rows);
}

static json_t *some_block(struct arena *a, struct dice *d)
{
    switch (below(d, 10)) {
    case 0:
        return some_heading(a, d);
    case 1:
        return some_code(a, d);
    case 2:
    case 3:
        return some_list(a, d, 0);
    case 4:
        return some_tasks(a, d, 0);
    case 5:
        return some_quote(a, d);
    case 6:
        return some_table(a, d);
    case 7:
        return json_pack("{s:s}", "type", "rule");
    default:
        return some_paragraph(a, d);
    }
}

static json_t *some_doc(struct arena *a, struct dice *d)
{
    json_t *content = json_array();

    for (size_t n = below(d, 6); n > 0; n--)
        json_array_append_new(content, some_block(a, d));
    return doc_keep(a,
                    json_pack("{s:s, s:i, s:o}", "type", "doc", "version", 1, "content", content));
}

/* Calls one(arena, dice) so many times, each with its own seed. */
static void each_seed(void (*one)(struct arena *a, struct dice *d, size_t seed), size_t share)
{
    size_t first = number_of("ADF_SEED", 1), runs = number_of("ADF_RUNS", RUNS) * share;

    for (size_t i = 0; i < runs; i++) {
        struct arena *a = arena_new(ARENA_MAX);
        struct dice d = {(first + i) * 0x9e3779b97f4a7c15u, 0};

        (void)next(&d);
        one(a, &d, first + i);
        arena_free(a);
    }
}

static void one_known(struct arena *a, struct dice *d, size_t seed)
{
    json_t *adf = some_doc(a, d), *again;
    struct fault f;
    str markdown;

    assert_int_equal(jira_adf_to_markdown(a, &f, adf, &markdown), ERR_OK);
    assert_int_equal(jira_adf_from_markdown(a, &f, markdown, &again), ERR_OK);
    adf_check_strip_ids(again);
    if (json_equal(adf, again))
        return;
    (void)fprintf(stderr, "%.*s\n", STR_ARG(doc_print(a, adf))); /* too long for cmocka */
    (void)fprintf(stderr, "%.*s\n%.*s\n", STR_ARG(markdown), STR_ARG(doc_print(a, again)));
    fail_msg("seed %zu does not come back equal", seed);
}

static void test_known(void **state)
{
    (void)state;
    each_seed(one_known, 4);
}

/* Any structure, of any nodes. */
static json_t *some_json(struct arena *a, struct dice *d, int depth)
{
    static const char *const types[] = {
        "doc",         "paragraph",     "heading",         "blockquote",   "bulletList",
        "orderedList", "listItem",      "taskList",        "taskItem",     "codeBlock",
        "table",       "tableRow",      "tableCell",       "tableHeader",  "rule",
        "panel",       "expand",        "nestedExpand",    "mention",      "emoji",
        "status",      "date",          "inlineCard",      "media",        "mediaGroup",
        "mediaSingle", "layoutSection", "extension",       "decisionList", "decisionItem",
        "hardBreak",   "blockTaskItem", "bodiedExtension", "future",       "placeholder",
        "caption",
    };
    json_t *node = json_pack("{s:s}", "type", types[below(d, COUNT_OF(types))]), *content;

    if (chance(d, 2)) {
        str text = words(a, d, 4);
        json_object_set_new(node, "attrs",
                            json_pack("{s:s%, s:s%, s:i, s:i}", chance(d, 2) ? "text" : "title",
                                      text.p, text.n, chance(d, 2) ? "url" : "id", text.p, text.n,
                                      "colspan", (int)below(d, 70), "level", (int)below(d, 9)));
    }
    if (depth == 0 || chance(d, 4))
        return node;
    content = json_array();
    for (size_t n = below(d, 5); n > 0; n--)
        json_array_append_new(content, some_json(a, d, depth - 1));
    if (chance(d, 2)) {
        json_t *line = some_inline(a, d, 1);
        json_array_extend(content, line);
        json_decref(line);
    }
    json_object_set_new(node, "content", content);
    return node;
}

static void one_unknown(struct arena *a, struct dice *d, size_t seed)
{
    (void)seed;
    adf_check_json(a, doc_keep(a, some_json(a, d, 6)));
}

static void test_unknown(void **state)
{
    (void)state;
    each_seed(one_unknown, 1);
}

static void one_markdown(struct arena *a, struct dice *d, size_t seed)
{
    static const char *const joins[] = {
        "",     "",       "",      " ",    "\n", "\n\n",        "\n> ",    "\n- ",
        "\n  ", "\n    ", "\n1. ", "\\\n", "|",  "|---|---|\n", "\n```\n", "<br>"};
    struct buf b BUF_AUTO;

    (void)seed;
    buf_init(&b, 100000);
    for (size_t n = 1 + below(d, 40); n > 0; n--) {
        buf_add(&b, words(a, d, 4));
        buf_add_cstring(&b, joins[below(d, COUNT_OF(joins))]);
    }
    adf_check_markdown(a, buf_str(&b));
}

static void test_markdown(void **state)
{
    (void)state;
    each_seed(one_markdown, 4);
}

/* A text of the other kind with bytes put in, taken out and repeated. */
static void one_mutated(struct arena *a, struct dice *d, size_t seed)
{
    struct fault f;
    str text;
    char *bytes;

    (void)seed;
    assert_int_equal(jira_adf_to_markdown(a, &f, some_doc(a, d), &text), ERR_OK);
    bytes = arena_cstring(a, text);
    for (size_t n = 1 + below(d, 4); n > 0 && text.n > 4; n--) {
        size_t from = below(d, text.n - 2), to = below(d, text.n - 2);
        if (chance(d, 2))
            bytes[from] = "*_`[]()<>|~\\&#-\n \t!x"[below(d, 20)];
        else
            memmove(bytes + to, bytes + from, (from > to ? text.n - from : text.n - to) / 2);
    }
    adf_check_markdown(a, (str){bytes, text.n});
}

static void test_mutated(void **state)
{
    (void)state;
    each_seed(one_mutated, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_mutated),
    };

    doc_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
