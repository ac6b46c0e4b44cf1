/* jira/adf.h: pairs of Markdown and ADF in both directions, what is kept as text, HTML, limits. */
#include "support.h"

#include <stdio.h>

#include "../../fuzz/adf_check.h"
#include "base/doc.h"
#include "jira/adf.h"

#define ARENA_MAX ((size_t)256 << 20)
#define DOC(content) "{\"type\":\"doc\",\"version\":1,\"content\":[" content "]}"
#define P(content) "{\"type\":\"paragraph\",\"content\":[" content "]}"
#define T(text) "{\"type\":\"text\",\"text\":\"" text "\"}"
#define M(text, marks) "{\"type\":\"text\",\"text\":\"" text "\",\"marks\":[" marks "]}"
#define EM "{\"type\":\"em\"}"
#define STRONG "{\"type\":\"strong\"}"
#define STRIKE "{\"type\":\"strike\"}"
#define CODE "{\"type\":\"code\"}"
#define LINK(href) "{\"type\":\"link\",\"attrs\":{\"href\":\"" href "\"}}"
#define BR "{\"type\":\"hardBreak\"}"
#define LI(content) "{\"type\":\"listItem\",\"content\":[" content "]}"
#define UL(content) "{\"type\":\"bulletList\",\"content\":[" content "]}"
#define OL(content) "{\"type\":\"orderedList\",\"content\":[" content "]}"
#define QUOTE(content) "{\"type\":\"blockquote\",\"content\":[" content "]}"
#define TR(content) "{\"type\":\"tableRow\",\"content\":[" content "]}"
#define TH(content) "{\"type\":\"tableHeader\",\"content\":[" P(content) "]}"
#define TD(content) "{\"type\":\"tableCell\",\"content\":[" P(content) "]}"
#define TABLE(content) "{\"type\":\"table\",\"content\":[" content "]}"
#define TASK(state, content)                                                                       \
    "{\"type\":\"taskItem\",\"attrs\":{\"state\":\"" state "\"},\"content\":[" content "]}"
#define TASKS(content) "{\"type\":\"taskList\",\"attrs\":{},\"content\":[" content "]}"
#define NODE(type, attrs) "{\"type\":\"" type "\",\"attrs\":{" attrs "}}"
#define HOLDER(type, attrs, content)                                                               \
    "{\"type\":\"" type "\",\"attrs\":{" attrs "},\"content\":[" content "]}"

struct pair {
    const char *markdown;
    const char *adf;
};

/* Exactly these, each way. */
static const struct pair both_ways[] = {
    {"", DOC("")},
    {"Hello", DOC(P(T("Hello")))},
    {"one\n\ntwo", DOC(P(T("one")) "," P(T("two")))},
    {"**b** _i_ ~~s~~ `c`", DOC(P(M("b", STRONG) "," T(" ") "," M("i", EM) "," T(" ") "," M(
                                "s", STRIKE) "," T(" ") "," M("c", CODE)))},
    {"**a _b_ c**", DOC(P(M("a ", STRONG) "," M("b", EM "," STRONG) "," M(" c", STRONG)))},
    {"_a **b**_ **c**",
     DOC(P(M("a ", EM) "," M("b", EM "," STRONG) "," T(" ") "," M("c", STRONG)))},
    {"un*believ*able", DOC(P(T("un") "," M("believ", EM) "," T("able")))},
    {"fo&#111;**(bar)**&#98;az", DOC(P(T("foo") "," M("(bar)", STRONG) "," T("baz")))},
    {"\xe4\xb8\xad\xe6\x96\x87**\xe5\xbc\xba\xe8\xb0\x83**\xe4\xb8\xad\xe6\x96\x87",
     DOC(P(T("\xe4\xb8\xad\xe6\x96\x87") "," M("\xe5\xbc\xba\xe8\xb0\x83",
                                               STRONG) "," T("\xe4\xb8\xad\xe6\x96\x87")))},
    {"[a **b**](https://x.y/a_b?c=d&e=f) [`c`](/browse/X-1)",
     DOC(P(M("a ", LINK("https://x.y/a_b?c=d&e=f")) "," M(
         "b",
         LINK(
             "https://x.y/a_b?c=d&e=f") "," STRONG) "," T(" ") "," M("c",
                                                                     LINK(
                                                                         "/browse/X-1") "," CODE)))},
    {"<https://x.y/(z)>", DOC(P(M("https://x.y/(z)", LINK("https://x.y/(z)"))))},
    {"[a](<https://x.y/(z)>)", DOC(P(M("a", LINK("https://x.y/(z)"))))},
    {"a\\\nb", DOC(P(T("a") "," BR "," T("b")))},
    {"a\\\n\\\n**b\\\nc**",
     DOC(P(T("a") "," BR "," BR "," M("b", STRONG) "," BR "," M("c", STRONG)))},
    {"``a`b`` ` `` `", DOC(P(M("a`b", CODE) "," T(" ") "," M("``", CODE)))},
    /* what only looks like Markdown */
    {"1\\. a \\*b\\* snake_case_name \\[x\\](y) \\<b> \\&amp; & a \\< b C:\\\\d http\\://x",
     DOC(P(T("1. a *b* snake_case_name [x](y) <b> &amp; & a < b C:\\\\d http://x")))},
    {"\\# a\\\n\\- b\\\n\\+ c\\\n\\> d\\\n\\--- | ---\\\n\\=\\\n2\\) e",
     DOC(P(T("# a") "," BR "," T("- b") "," BR "," T("+ c") "," BR "," T("> d") "," BR "," T(
         "--- | ---") "," BR "," T("=") "," BR "," T("2) e")))},
    {"\\!\\[a\\](b) \\~x\\~ \\`y\\`", DOC(P(T("![a](b) ~x~ `y`")))},
    {"a  b   c", DOC(P(T("a  b   c")))},
    /* blocks */
    {"# a\n\n###### b \\#",
     DOC(HOLDER("heading", "\"level\":1", T("a")) "," HOLDER("heading", "\"level\":6", T("b #")))},
    {"---", DOC("{\"type\":\"rule\"}")},
    {"- a\n- b\n  - c", DOC(UL(LI(P(T("a"))) "," LI(P(T("b")) "," UL(LI(P(T("c")))))))},
    {"- a\n\n* b\n\n- c", DOC(UL(LI(P(T("a")))) "," UL(LI(P(T("b")))) "," UL(LI(P(T("c")))))},
    {"- a\n\n  b\n-\n- c", DOC(UL(LI(P(T("a")) "," P(T("b"))) "," LI(P("")) "," LI(P(T("c")))))},
    {"-\n  - a", DOC(UL(LI(P("") "," UL(LI(P(T("a")))))))},
    {"9. a\n10. b\n\n    c",
     DOC(HOLDER("orderedList", "\"order\":9", LI(P(T("a"))) "," LI(P(T("b")) "," P(T("c")))))},
    {"1. a\n\n1) b", DOC(OL(LI(P(T("a")))) "," OL(LI(P(T("b")))))},
    {"- a\n\n  2. b",
     DOC(UL(LI(P(T("a")) "," HOLDER("orderedList", "\"order\":2", LI(P(T("b")))))))},
    {"- ```\n  x\n  ```", DOC(UL(LI("{\"type\":\"codeBlock\",\"content\":[" T("x") "]}")))},
    {"- [ ] a\n  - [x] b\n- [x] c",
     DOC(TASKS(TASK("TODO", T("a")) "," TASKS(TASK("DONE", T("b"))) "," TASK("DONE", T("c"))))},
    {"- [ ]\n- [ ] **a**", DOC(TASKS(TASK("TODO", "") "," TASK("TODO", M("a", STRONG))))},
    {"- \\[ \\] a", DOC(UL(LI(P(T("[ ] a")))))},
    {"> a\n>\n> - b\n>\n> ```\n> c\n>\n> d\n> ```",
     DOC(QUOTE(P(T("a")) "," UL(LI(P(T("b")))) ",{\"type\":\"codeBlock\",\"content\":[" T(
         "c\\n\\nd") "]}"))},
    {"> a\n\n> b", DOC(QUOTE(P(T("a"))) "," QUOTE(P(T("b"))))},
    {"```c++\n\tx\n \ty\n\nz\n```",
     DOC(HOLDER("codeBlock", "\"language\":\"c++\"", T("\\tx\\n \\ty\\n\\nz")))},
    {"````\n```\n````", DOC("{\"type\":\"codeBlock\",\"content\":[" T("```") "]}")},
    {"```\n```", DOC("{\"type\":\"codeBlock\",\"content\":[]}")},
    {"| a | **b** |\n| --- | --- |\n| `x\\|y` | c\\|d<br>e |\n| | |",
     DOC(TABLE(TR(TH(T("a")) "," TH(M("b", STRONG))) "," TR(
         TD(M("x|y", CODE)) "," TD(T("c|d") "," BR "," T("e"))) "," TR(TD("") "," TD(""))))},
    {"| | |\n| --- | --- |\n| a | b |", DOC(TABLE(TR(TD(T("a")) "," TD(T("b")))))},
};

/* Other ways to write Markdown, and what Jira has no place for. */
static const struct pair to_adf[] = {
    {"a\nb", DOC(P(T("a b")))},
    {"a  \nb<br>c<br />d", DOC(P(T("a") "," BR "," T("b") "," BR "," T("c") "," BR "," T("d")))},
    {"&copy; &hearts; &#65;&#x42; &nope; &lt;b&gt; &quot;&amp;&quot; &NotEqualTilde;",
     DOC(P(T("\xc2\xa9 \xe2\x99\xa5 AB &nope; <b> \\\"&\\\" \xe2\x89\x82\xcc\xb8")))},
    {"__a__ *b*", DOC(P(M("a", STRONG) "," T(" ") "," M("b", EM)))},
    {"**a `b`**", DOC(P(M("a", STRONG) "," T(" ") "," M("b", CODE)))},
    {"see https://x.y/z.",
     DOC(P(T("see ") "," M("https://x.y/z", LINK("https://x.y/z")) "," T(".")))},
    {"[<http://a>](/b)", DOC(P(M("http://a", LINK("/b"))))},
    {"(see https://x.y/z) https://x.y/(a)?! xhttp://y",
     DOC(P(T("(see ") "," M("https://x.y/z", LINK("https://x.y/z")) "," T(") ") "," M(
         "https://x.y/(a)", LINK("https://x.y/(a)")) "," T("?! xhttp://y")))},
    {"@anna :smile: X-1 {color}", DOC(P(T("@anna :smile: X-1 {color}")))},
    {"<b>x</b> <!-- y -->", DOC(P(T("<b>x</b> <!-- y -->")))},
    {"<div>\n*x*\n</div>", DOC(P(T("<div> ") "," M("x", EM) "," T(" </div>")))},
    {"[a](javascript:alert(1)) [b](b.html) <x:y>",
     DOC(P(T("a (javascript:alert(1)) b (b.html) <x:y>")))},
    {"![a](http://b) ![](http://c) [![d](http://e)](http://f) ![g](h)",
     DOC(P(M("a", LINK("http://b")) "," T(" ") "," M("http://c", LINK("http://c")) "," T(" ") "," M(
         "d (http://e)", LINK("http://f")) "," T(" g (h)")))},
    {"[a][r]\n\n[r]: http://b", DOC(P(M("a", LINK("http://b"))))},
    {"Title\n===", DOC(HOLDER("heading", "\"level\":1", T("Title")))},
    {"    code", DOC("{\"type\":\"codeBlock\",\"content\":[" T("code") "]}")},
    {"> # h\n> ---\n> > q\n> > > r",
     DOC(QUOTE(P(M("h", STRONG)) "," P(T("---")) "," P(T("> q")) "," P(T("> > r"))))},
    {"- # h\n- > q\n- [x] t",
     DOC(UL(LI(P(M("h", STRONG))) "," LI(P(T("> q"))) "," LI(P(T("[x] t")))))},
    {"- a\n\n  |x|y|\n  |---|---|\n  |1|2|3|",
     DOC(UL(LI(
         P(T("a")) "," P(M("x", STRONG) "," T(" | ") "," M("y", STRONG)) "," P(T("1 | 2 | 3")))))},
    {"|a|b|\n|---|---|\n|1|2|three|**4**|\n|5|",
     DOC(TABLE(TR(TH(T("a")) "," TH(T("b"))) "," TR(TD(T("1")) "," TD(T("2 | three|**4**"))) "," TR(
         TD(T("5")) "," TD(""))))},
    {"|a|b|\n|---|---|\n| | | c |\n| | |\n| | | | d |",
     DOC(TABLE(TR(TH(T("a")) "," TH(T("b"))) "," TR(TD("") "," TD(T("| c"))) "," TR(
         TD("") "," TD("")) "," TR(TD("") "," TD(T("| | d")))))},
    {"1. [ ] a", DOC(OL(LI(P(T("[ ] a")))))},
    {"> - [ ] a", DOC(QUOTE(UL(LI(P(T("[ ] a"))))))},
    {"- [ ] a\n\n  b", DOC(UL(LI(P(T("[ ] a")) "," P(T("b")))))},
    {"#\n\n>\n\n- ", DOC(UL(LI(P(""))))},
};

/* What Markdown has no words for. */
static const struct pair to_markdown[] = {
    {"@Anna :a: \\[DONE\\] 2026-11-28 \\[file: p.png\\] @7",
     DOC(P(NODE("mention", "\"id\":\"7\",\"text\":\"@Anna\"") "," T(" ") "," NODE(
         "emoji",
         "\"shortNa"
         "me\":\":"
         "a:\"") "," T(" ") "," NODE("status",
                                     "\"text\":\"DONE\"") "," T(" ") "," NODE("date",
                                                                              "\"timestamp\":"
                                                                              "\"1795824000000"
                                                                              "\"") "," T(" ") "," NODE("mediaInline",
                                                                                                        "\"id\":\"9\","
                                                                                                        "\"alt\":\"p."
                                                                                                        "png\"") "," T(" ") "," NODE("mention",
                                                                                                                                     "\"id\":\"7\"")))},
    {"<https://x.y/z> [n](https://x.y/p.png)",
     DOC(P(NODE("inlineCard", "\"url\":\"https://x.y/z\"") "," T(" ") "," NODE(
         "media", "\"type\":\"external\",\"url\":\"https://x.y/p.png\",\"alt\":\"n\"")))},
    {"<https://x.y/z>", DOC(NODE("blockCard", "\"url\":\"https://x.y/z\""))},
    {"> # a",
     DOC(HOLDER("panel", "\"panelType\":\"info\"", HOLDER("heading", "\"level\":1", T("a"))))},
    {"**More**\n\na\n\nb",
     DOC(HOLDER("expand", "\"title\":\"More\"", P(T("a"))) "," HOLDER(
         "layoutSection", "", HOLDER("layoutColumn", "\"width\":50", P(T("b")))))},
    {"\\[file: a.png\\]\n\n_c_",
     DOC("{\"type\":\"mediaSingle\",\"content\":[" NODE(
         "media",
         "\"id\":\"9\",\"alt\":\"a.png\"") ",{\"type\":\"caption\",\"content\":[" M("c",
                                                                                    EM) "]}]}")},
    {"- a", DOC(HOLDER("decisionList", "\"localId\":\"1\"",
                       HOLDER("decisionItem", "\"state\":\"DECIDED\"", T("a"))))},
    {"\\[extension: toc\\] x\n\n\\[future\\]\n\nsome\n\ninner",
     DOC(NODE("extension", "\"extensionKey\":\"toc\",\"text\":\"x\"") "," NODE(
         "future", "") "," NODE("future", "\"text\":\"some\"") "," HOLDER("future", "",
                                                                          P(T("inner"))))},
    {"- [x]\n  ```\n  x\n  ```",
     DOC(TASKS(HOLDER("blockTaskItem", "\"state\":\"DONE\"",
                      "{\"type\":\"codeBlock\",\"content\":[" T("x") "]}")))},
    {"inline\n\nb", DOC(T("inline") "," P(T("b")))},
    {"**a** b", DOC(P(M("a ", STRONG) "," T("b ") "," BR))},
    {"a", DOC(P(M("a", "{\"type\":\"underline\"},{\"type\":\"textColor\",\"attrs\":{\"color\":\"#"
                       "f00\"}},{\"type\":\"future\"}")))},
    {"`a`", DOC(P(M("a", CODE "," STRONG)))},
    {"[a\\]: b](/c)", DOC(P(M("a]: b", LINK("/c") "," CODE)))},
    {"a\\\nb", DOC(P(T("a\\nb")))},
    {"| | | |\n| --- | --- | --- |\n| a<br>b | | c |\n| `d`<br>`e` | | |",
     DOC(TABLE(TR(
         "{\"type\":\"tableCell\",\"attrs\":{\"colspan\":2},\"content\":[" UL(LI(P(T("a"))) "," LI(
             P(T("b")))) "]}," TH(T("c"))) "," TR("{\"type\":\"tableCell\",\"content\":["
                                                  "{\"type\":\"codeBlock\",\"content\":[" T(
                                                      "d\\ne") "]}]}")))},
    {"a", "{\"type\":\"text\",\"text\":\"a\"}"},
    {"", "7"},
    {"", "{}"},
};

static json_t *parse(struct arena *a, const char *text)
{
    struct fault f;
    json_t *value;

    if (doc_parse(a, &f, str_from(text), &value) != ERR_OK)
        fail_msg("%s: %s", f.message, text);
    return value;
}

static json_t *from_markdown(struct arena *a, str markdown)
{
    struct fault f;
    json_t *adf = NULL;

    assert_int_equal(jira_adf_from_markdown(a, &f, markdown, &adf), ERR_OK);
    if (!adf_check_is_valid(adf))
        fail_msg("not valid ADF: %.*s", STR_ARG(doc_print(a, adf)));
    adf_check_strip_ids(adf);
    return adf;
}

static void check_adf(struct arena *a, const struct pair *pair)
{
    json_t *adf = from_markdown(a, str_from(pair->markdown));

    if (!json_equal(adf, parse(a, pair->adf)))
        fail_msg("%s\n gave     %.*s\n expected %s", pair->markdown, STR_ARG(doc_print(a, adf)),
                 pair->adf);
}

static void check_markdown(struct arena *a, const struct pair *pair)
{
    struct fault f;
    str markdown;

    assert_int_equal(jira_adf_to_markdown(a, &f, parse(a, pair->adf), &markdown), ERR_OK);
    assert_str(markdown, pair->markdown);
}

static void each(const struct pair *pairs, size_t count,
                 void (*check)(struct arena *a, const struct pair *pair))
{
    struct arena *a = arena_new(ARENA_MAX);

    for (size_t i = 0; i < count; i++)
        check(a, &pairs[i]);
    arena_free(a);
}

static void test_both_ways(void **state)
{
    (void)state;
    each(both_ways, COUNT_OF(both_ways), check_adf);
    each(both_ways, COUNT_OF(both_ways), check_markdown);
}

static void test_to_adf(void **state)
{
    (void)state;
    each(to_adf, COUNT_OF(to_adf), check_adf);
}

static void test_to_markdown(void **state)
{
    (void)state;
    each(to_markdown, COUNT_OF(to_markdown), check_markdown);
}

static str to_html(struct arena *a, const json_t *adf)
{
    struct fault f;
    str html = {NULL, 0};

    assert_int_equal(jira_adf_to_html(a, &f, adf, &html), ERR_OK);
    if (!adf_check_is_harmless(html))
        fail_msg("harmful: %.*s", STR_ARG(html));
    return html;
}

#define REL " rel=\"noopener noreferrer nofollow\""

static const struct pair as_html[] = {
    {"<p>a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;<br>e</p>",
     DOC(P(T("a <b> & \\\"c\\\" 'd'") "," BR "," T("e")))},
    {"<h1>a</h1><h6>b</h6><hr>", DOC(HOLDER("heading", "\"level\":-3", T("a")) "," HOLDER(
                                     "heading", "\"level\":99", T("b")) ",{\"type\":\"rule\"}")},
    {"<p><a href=\"https://x.y/?a=b&amp;c\"" REL "><strong>a</strong></a></p>",
     DOC(P(M("a", STRONG "," LINK("https://x.y/?a=b&c"))))},
    {"<p><a href=\"mailto:a@b.c\"" REL ">m</a>/browse/X-1</p>",
     DOC(P(M("m", LINK("mailto:a@b.c")) "," M("/browse/X-1", LINK("/browse/X-1"))))},
    {"<p><u>a</u><sub>b</sub><sup>c</sup><s>d</s><code>e</code></p>",
     DOC(P(M("a", "{\"type\":\"underline\"}") "," M(
         "b",
         "{\"type\":\"subsup\",\"attrs\":{\"type\":"
         "\"sub\"}}") "," M("c", "{\"type\":\"subsup\"}") "," M("d", STRIKE) "," M("e", CODE)))},
    {"<ol start=\"3\"><li><p>a</p></li></ol><ul><li><p>b</p></li></ul>",
     DOC(HOLDER("orderedList", "\"order\":3", LI(P(T("a")))) "," UL(LI(P(T("b")))))},
    {"<pre><code>&lt;script&gt;\n</code></pre>",
     DOC("{\"type\":\"codeBlock\",\"attrs\":{\"language\":\"\\\" onload=x\"},\"content\":[" T(
         "<script>\\n") "]}")},
    {"<table><tbody><tr><th><p>a</p></th><td colspan=\"2\"><p>b</p></td></tr></tbody></table>",
     DOC(TABLE(
         TR(TH(T("a")) "," HOLDER("tableCell", "\"colspan\":2,\"rowspan\":100000", P(T("b"))))))},
    {"<div class=\"adf-panel adf-info\"><p>a</p></div>"
     "<details><summary>&lt;t&gt;</summary><p>b</p></details>",
     DOC(HOLDER("panel", "\"panelType\":\"info\"",
                P(T("a"))) "," HOLDER("expand", "\"title\":\"<t>\"", P(T("b"))))},
    {"<ul><li>\xe2\x98\x91 a</li></ul>", DOC(TASKS(TASK("DONE", T("a"))))},
    {"<p>@A<a href=\"http://x\"" REL ">http://x</a></p>",
     DOC(P(NODE("mention", "\"text\":\"@A\"") "," NODE("inlineCard", "\"url\":\"http://x\"")))},
    {"<div><p>[file: &lt;img&gt;]</p></div>",
     DOC(HOLDER("mediaSingle", "", NODE("media", "\"id\":\"1\",\"alt\":\"<img>\"")))},
    {"<p>a</p>", DOC(T("a"))},
};

static void check_html(struct arena *a, const struct pair *pair)
{
    assert_str(to_html(a, parse(a, pair->adf)), pair->markdown);
}

static void test_html(void **state)
{
    (void)state;
    each(as_html, COUNT_OF(as_html), check_html);
}

/* Ways to bring script onto a page, as text and as an address. */
static const char *const vectors[] = {
    "<script>alert(1)</script>",
    "<ScRiPt src=//x></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe srcdoc='<script>1</script>'>",
    "<a href='javascript:alert(1)'>x</a>",
    "</p></div><script>1</script>",
    "\" onmouseover=\"alert(1)",
    "' onmouseover='alert(1)",
    "x\" style=\"background:url(javascript:1)",
    "&lt;script&gt;",
    "<!--<script>-->",
    "<![CDATA[<script>]]>",
    "<math><mtext></p><style><img src onerror=1>",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "\x01javascript:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    "javascript&colon;alert(1)",
    "javascript://x.y/%0aalert(1)",
    "data:text/html,<script>1</script>",
    "data:image/svg+xml;base64,PHN2Zz4=",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "//evil.example/x",
    "/\\evil.example",
    "https:evil",
    "http://x\" onclick=\"alert(1)",
    "http://x' onclick='alert(1)",
    "http://x><script>1</script>",
    "http://x\n.y",
    "http://",
    "feed:javascript:alert(1)",
    "view-source:http://x",
    "blob:http://x/1",
    ("\xe2\x80\xae"
     "javascript:1"),
};

/* In every place of a document that holds text. */
static json_t *hostile_adf(const char *v)
{
    return json_pack("{s:s, s:["
                     "{s:s, s:[{s:s, s:s, s:[{s:s, s:{s:s, s:s}}, {s:s, s:{s:s}}]}]},"
                     "{s:s, s:{s:s}, s:[{s:s, s:s}]},"
                     "{s:s, s:{s:s}, s:[{s:s, s:s}]},"
                     "{s:s, s:{s:s, s:s, s:s}},"
                     "{s:s, s:{s:s}},"
                     "{s:s, s:{s:s}, s:[{s:s, s:{s:s, s:s}, s:[{s:s, s:{s:s}}]}]}"
                     "]}",
                     "type", "doc", "content",
                     /* a linked text */
                     "type", "paragraph", "content", "type", "text", "text", v, "marks", "type",
                     "link", "attrs", "href", v, "title", v, "type", v, "attrs", "type", v,
                     /* a panel and an expand */
                     "type", "panel", "attrs", "panelType", v, "content", "type", v, "text", v,
                     "type", "expand", "attrs", "title", v, "content", "type", "text", "text", v,
                     /* a picture, a card, a cell */
                     "type", "media", "attrs", "url", v, "alt", v, "id", v, "type", "blockCard",
                     "attrs", "url", v, "type", "orderedList", "attrs", "order", v, "content",
                     "type", "tableCell", "attrs", "colspan", v, "background", v, "content", "type",
                     "mention", "attrs", "text", v);
}

static void check_vector(struct arena *a, const char *vector)
{
    const char *const forms[] = {"%s",
                                 "[x](%s)",
                                 "[x](<%s>)",
                                 "![%s](%s)",
                                 "<%s>",
                                 "`%s`",
                                 "> # %s\n\n- [ ] %s\n\n|%s|\n|---|\n|%s|",
                                 "[x][r]\n\n[r]: %s"};
    char text[1024];

    (void)to_html(a, doc_keep(a, hostile_adf(vector)));
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(text, sizeof(text), forms[i], vector, vector, vector, vector);
#pragma GCC diagnostic pop
        (void)to_html(a, from_markdown(a, str_from(text)));
    }
}

static void test_no_script(void **state)
{
    struct arena *a = arena_new(ARENA_MAX);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(vectors); i++)
        check_vector(a, vectors[i]);
    arena_free(a);
}

/* The judge itself. */
static void test_judge(void **state)
{
    static const char *const harmful[] = {
        "<script>",
        "<p onclick=\"1\"></p>",
        "<img src=\"x\">",
        "<p>",
        "</p>",
        "<p><b></p></b>",
        "a\"b",
        "<a href=\"javascript:1\"" REL ">x</a>",
        "<a href=\"http://x\">y</a>",
        "<p/>",
        "<div class=\"x\"></div>",
        "<div class=\"adf-panel\" id=\"x\"></div>",
        "a>b",
        "<P></P>",
        "<ol start=\"x\"></ol>",
        "\xff",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(harmful); i++)
        if (adf_check_is_harmless(str_from(harmful[i])))
            fail_msg("found harmless: %s", harmful[i]);
}

static str repeat(struct arena *a, const char *what, size_t count, const char *end)
{
    size_t n = strlen(what);
    char *text = arena_alloc(a, n * count + strlen(end) + 1);

    for (size_t i = 0; i < count; i++)
        memcpy(text + i * n, what, n);
    memcpy(text + n * count, end, strlen(end) + 1);
    return (str){text, n * count + strlen(end)};
}

static int has_word(const json_t *node, str word)
{
    const json_t *content = json_object_get(node, "content");
    size_t count = json_array_size(content);

    if (str_find(doc_get_str(node, "text"), word) != SIZE_MAX)
        return 1;
    for (size_t i = 0; i < count; i++)
        if (has_word(json_array_get(content, i), word))
            return 1;
    return 0;
}

/* Nothing overflows, and what is inside is still there. */
static void test_deep_markdown(void **state)
{
    static const char *const nests[] = {"> ",       "- ", "1. ", "- > ", "* - ",
                                        "> - [ ] ", "[",  "![",  "**a ", "*a _b ",
                                        "~~a ",     "x`", "<",   "\\",   "&"};
    struct arena *a = arena_new(ARENA_MAX);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(nests); i++) {
        str text = repeat(a, nests[i], 10000, "needle");
        if (!has_word(from_markdown(a, text), STR("needle")))
            fail_msg("lost in 10,000 times \"%s\"", nests[i]);
        adf_check_markdown(a, text);
    }
    arena_free(a);
}

static json_t *nested_adf(const char *type, size_t depth)
{
    json_t *node = json_pack("{s:s, s:s}", "type", "text", "text", "needle");

    for (size_t i = 0; i < depth; i++)
        node = json_pack("{s:s, s:[o]}", "type", type, "content", node);
    return node;
}

static void test_deep_adf(void **state)
{
    static const char *const types[] = {"blockquote", "bulletList", "listItem", "table",
                                        "tableCell",  "panel",      "future",   "taskList",
                                        "codeBlock",  "paragraph",  "expand"};
    struct arena *a = arena_new(ARENA_MAX);
    struct fault f;
    str text;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        json_t *adf = doc_keep(a, nested_adf(types[i], 3000)); /* jansson frees by recursion */
        assert_int_equal(jira_adf_to_markdown(a, &f, adf, &text), ERR_OK);
        if (str_find(text, STR("needle")) == SIZE_MAX)
            fail_msg("lost in %s: %.*s", types[i], STR_ARG(text));
        assert_true(str_find(to_html(a, adf), STR("needle")) != SIZE_MAX);
    }
    arena_free(a);
}

static void test_limits(void **state)
{
    struct arena *a = arena_new(ARENA_MAX);
    struct fault f;
    json_t *adf;
    str text;

    (void)state;
    assert_int_equal(jira_adf_from_markdown(a, &f, STR("a\xff"), &adf), ERR_MALFORMED);
    assert_int_equal(jira_adf_from_markdown(a, &f, STR("a\0b"), &adf), ERR_MALFORMED);
    text = repeat(a, "a", ADF_INPUT_MAX, "");
    assert_int_equal(jira_adf_from_markdown(a, &f, text, &adf), ERR_OK);
    text = repeat(a, "a", ADF_INPUT_MAX + 1, "");
    assert_int_equal(jira_adf_from_markdown(a, &f, text, &adf), ERR_TOO_LARGE);
    text = repeat(a, "*\n", ADF_INPUT_MAX / 2, "");
    assert_int_equal(jira_adf_from_markdown(a, &f, text, &adf), ERR_TOO_LARGE);
    /* one long address that many links use, and a row that is narrower than a wide table */
    text = arena_printf(a, "[a]: http://%.*s\n\n%.*s", STR_ARG(repeat(a, "x", 100000, "")),
                        STR_ARG(repeat(a, "[a] ", 1000, "")));
    assert_int_equal(jira_adf_from_markdown(a, &f, text, &adf), ERR_TOO_LARGE);
    text =
        arena_printf(a, "%.*s%.*s%.*s", STR_ARG(repeat(a, "|x", 1000, "|\n")),
                     STR_ARG(repeat(a, "|---", 1000, "|\n")), STR_ARG(repeat(a, "|a\n", 9000, "")));
    assert_int_equal(jira_adf_from_markdown(a, &f, text, &adf), ERR_TOO_LARGE);
    /* a megabyte of code, deep inside */
    text = arena_printf(a, "- - - - - - - - ```\n%.*s",
                        STR_ARG(repeat(a, "\n", ADF_INPUT_MAX - 100, "")));
    assert_int_equal(jira_adf_from_markdown(a, &f, text, &adf), ERR_OK);
    arena_free(a);
}

static void test_output_limits(void **state)
{
    struct arena *a = arena_new(ARENA_MAX);
    str text = repeat(a, "&\n", ADF_OUTPUT_MAX / 4, "");
    struct fault f;
    json_t *adf;

    (void)state;
    adf = doc_keep(a,
                   json_pack("{s:s, s:[{s:s, s:[{s:s, s:s%}]}]}", "type", "doc", "content", "type",
                             "bulletList", "content", "type", "codeBlock", "text", text.p, text.n));
    json_object_set_new(
        json_array_get(
            json_object_get(json_array_get(json_object_get(adf, "content"), 0), "content"), 0),
        "content", json_pack("[{s:s, s:s%}]", "type", "text", "text", text.p, text.n));
    assert_int_equal(jira_adf_to_html(a, &f, adf, &text), ERR_TOO_LARGE);
    assert_int_equal(jira_adf_to_markdown(a, &f, adf, &text), ERR_TOO_LARGE);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),     cmocka_unit_test(test_to_adf),
        cmocka_unit_test(test_to_markdown),   cmocka_unit_test(test_html),
        cmocka_unit_test(test_no_script),     cmocka_unit_test(test_judge),
        cmocka_unit_test(test_deep_markdown), cmocka_unit_test(test_deep_adf),
        cmocka_unit_test(test_limits),        cmocka_unit_test(test_output_limits),
    };

    doc_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
