/* Parameters: queries, forms, JSON, the accessors that handlers use, return_to; and that a secret
 * leaves nothing behind in memory.
 */
#include "web_support.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/doc.h"
#include "http/exchange_int.h"

static struct exchange *x;

static int make_exchange(void **state)
{
    (void)state;
    x = exchange_new();
    return 0;
}

static int free_exchange(void **state)
{
    (void)state;
    exchange_free(x);
    return 0;
}

static void again(void)
{
    exchange_free(x);
    x = exchange_new();
}

static enum err read_body(enum input_type type, str text)
{
    struct input_body body = {0};

    input_body_add(&body, str_slice(text, 0, 3)); /* in two pieces */
    input_body_add(&body, str_slice(text, 3, text.n));
    enum err e = input_read_body(x, type, &body);
    assert_null(body.p);
    return e;
}

static enum err read_query(const char *query)
{
    x->query = str_from(query);
    return input_read_query(x);
}

static void forms(void **state)
{
    static const struct {
        const char *form;
        const char *input; /* as JSON; NULL: malformed */
    } cases[] = {
        {"", "{}"},
        {"a=b", "{\"a\":\"b\"}"},
        {"a=b&c=d", "{\"a\":\"b\",\"c\":\"d\"}"},
        {"a=b&a=c", "{\"a\":\"c\"}"}, /* hidden field, then a check box */
        {"a", "{\"a\":\"\"}"},
        {"a=", "{\"a\":\"\"}"},
        {"&&a=b&&", "{\"a\":\"b\"}"},
        {"a=b=c", "{\"a\":\"b=c\"}"},
        {"a+b=c+d%2B", "{\"a b\":\"c d+\"}"},
        {"%61=%C3%BC%F0%9F%8E%89", "{\"a\":\"\u00fc\U0001F389\"}"},
        {"a=%0D%0A", "{\"a\":\"\\r\\n\"}"},
        {"a=\u00fc", "{\"a\":\"\u00fc\"}"},
        {"a=%2541", "{\"a\":\"%41\"}"},
        {"a=;b=c", "{\"a\":\";b=c\"}"},
        {"=b", NULL},
        {"=", NULL},
        {"a=%", NULL},
        {"a=%1", NULL},
        {"a=%g0", NULL},
        {"%=a", NULL},
        {"a=%00", NULL},
        {"a%00=b", NULL},
        {"a=%ff", NULL},
        {"a=%ed%a0%80", NULL},
        {"a=\xff", NULL},
        {"a=b&c=%", NULL},
        {"0123456789012345678901234567890123456789012345678901234567890123=x",
         "{\"0123456789012345678901234567890123456789012345678901234567890123\":\"x\"}"},
        {"01234567890123456789012345678901234567890123456789012345678901234=x", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        again();
        enum err e = read_body(INPUT_FORM, str_from(cases[i].form));

        if (e != (cases[i].input ? ERR_OK : ERR_MALFORMED))
            fail_msg("%s: %s", cases[i].form, err_name(e));
        if (cases[i].input)
            assert_str(doc_print(x->arena, x->input), cases[i].input);
    }
}

static void json_bodies(void **state)
{
    static const struct {
        const char *json;
        enum err expected;
    } cases[] = {
        {"{}", ERR_OK},
        {"{\"a\":{\"b\":[1,null,true]}}", ERR_OK},
        {" {\"a\":1} ", ERR_OK},
        {"[]", ERR_MALFORMED},
        {"null", ERR_MALFORMED},
        {"1", ERR_MALFORMED},
        {"", ERR_OK},
        {"{\"a\":1}x", ERR_MALFORMED},
        {"{\"a\":1,}", ERR_MALFORMED},
        {"{\"a\":1,\"a\":1}", ERR_MALFORMED},
        {"{'a':1}", ERR_MALFORMED},
        {"{\"a\":\"\xff\"}", ERR_MALFORMED},
        {"{\"a\":\"\\u0000\"}", ERR_MALFORMED},
        {"{\"\":1}", ERR_MALFORMED},
        {"{\"01234567890123456789012345678901234567890123456789012345678901234\":1}",
         ERR_MALFORMED},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        again();
        enum err e = read_body(INPUT_JSON, str_from(cases[i].json));

        if (e != cases[i].expected)
            fail_msg("%s: %s", cases[i].json, err_name(e));
    }
}

static void count_is_bounded(void **state)
{
    struct buf form = {0}, json = {0};
    (void)state;

    buf_init(&form, 65536);
    buf_init(&json, 65536);
    for (int i = 0; i < INPUT_PARAMETERS_MAX; i++) {
        buf_addf(&form, "%sp%d=x", i ? "&" : "", i);
        buf_addf(&json, "%s\"p%d\":1", i ? "," : "{", i);
    }
    assert_int_equal(read_body(INPUT_FORM, buf_str(&form)), ERR_OK);
    assert_int_equal(json_object_size(x->input), INPUT_PARAMETERS_MAX);
    buf_add(&form, STR("&one=more"));
    assert_int_equal(read_body(INPUT_FORM, buf_str(&form)), ERR_MALFORMED);
    again();
    buf_add(&json, STR(",\"one\":1}"));
    assert_int_equal(read_body(INPUT_JSON, buf_str(&json)), ERR_MALFORMED);
    buf_done(&form);
    buf_done(&json);
}

static void body_over_query(void **state)
{
    (void)state;
    assert_int_equal(read_query("a=query&b=query"), ERR_OK);
    assert_int_equal(read_body(INPUT_JSON, STR("{\"a\":\"body\",\"c\":1}")), ERR_OK);
    assert_str(exchange_text(x, "a"), "body");
    assert_str(exchange_text(x, "b"), "query");
    assert_int_equal(exchange_int(x, "c", 0), 1);
    assert_int_equal(read_query("a=%ff"), ERR_MALFORMED);
}

static void secrets(void **state)
{
    (void)state;
    again();
    assert_int_equal(read_body(INPUT_FORM, STR("password=a%26b&x=1&_csrf=tok")), ERR_OK);
    assert_str(secret_expose(exchange_secret(x, "password")), "a&b");
    assert_str(doc_print(x->arena, x->input), "{\"x\":\"1\"}");
    assert_str(x->csrf_header, "tok");
    assert_true(exchange_has(x, "password"));
    assert_false(exchange_has(x, "new_password"));
    assert_false(secret_is_set(exchange_secret(x, "api_key")));
    again();
    assert_int_equal(
        read_body(INPUT_JSON, STR("{\"api_key\":\"k\",\"password\":7,\"_csrf\":\"t\"}")), ERR_OK);
    assert_str(secret_expose(exchange_secret(x, "api_key")), "k");
    assert_false(exchange_has(x, "password"));
    assert_str(doc_print(x->arena, x->input), "{\"_csrf\":\"t\"}");
    assert_int_equal(x->csrf_header.n, 0);
    assert_int_equal(read_query("password=x"), ERR_MALFORMED);
    assert_int_equal(read_query("%70assword=x"), ERR_MALFORMED);
}

static void unknown_secret(void *arg)
{
    (void)exchange_secret(arg, "token");
}

static void types_of_content(void **state)
{
    static const struct {
        const char *header;
        enum err err;
        enum input_type type;
    } cases[] = {
        {"", ERR_OK, INPUT_NONE},
        {"application/json", ERR_OK, INPUT_JSON},
        {"Application/JSON; charset=UTF-8", ERR_OK, INPUT_JSON},
        {"application/json;charset=\"utf-8\"", ERR_OK, INPUT_JSON},
        {"application/x-www-form-urlencoded", ERR_OK, INPUT_FORM},
        {"application/x-www-form-urlencoded; charset=utf-8 ; x=y", ERR_OK, INPUT_FORM},
        {"application/json; charset=utf-16", ERR_UNSUPPORTED_MEDIA_TYPE, INPUT_NONE},
        {"application/jsonp", ERR_UNSUPPORTED_MEDIA_TYPE, INPUT_NONE},
        {"application/problem+json", ERR_UNSUPPORTED_MEDIA_TYPE, INPUT_NONE},
        {"text/plain", ERR_UNSUPPORTED_MEDIA_TYPE, INPUT_NONE},
        {"multipart/form-data; boundary=x", ERR_UNSUPPORTED_MEDIA_TYPE, INPUT_NONE},
        {"application/json, text/plain", ERR_UNSUPPORTED_MEDIA_TYPE, INPUT_NONE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fault f = {0};
        enum input_type type = INPUT_NONE;

        if (input_type_of(&f, str_from(cases[i].header), &type) != cases[i].err)
            fail_msg("%s: %s", cases[i].header, err_name(f.code));
        assert_int_equal(type, cases[i].type);
    }
}

static void method_in_the_query(void **state)
{
    static const struct {
        const char *query;
        const char *method;
        const char *rest;
    } cases[] = {
        {"", "", ""},
        {"a=b", "", "a=b"},
        {"_method=PATCH", "PATCH", ""},
        {"a=b&_method=DELETE&c=d", "DELETE", "a=b&c=d"},
        {"_method=PATCH&a=b", "PATCH", "a=b"},
        {"x_method=PATCH", "", "x_method=PATCH"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str query = str_from(cases[i].query);

        assert_str(input_take_method(x->arena, &query), cases[i].method);
        assert_str(query, cases[i].rest);
    }
}

static void accessors(void **state)
{
    static const struct {
        const char *json; /* the value of "v" */
        const char *text; /* NULL: none */
        int flag;
        int64_t number;
    } cases[] = {
        {"\"x\"", "x", 0, -1},     {"\"true\"", "true", 1, -1},
        {"\"on\"", "on", 1, -1},   {"\"1\"", "1", 1, 1},
        {"\"0\"", "0", 0, 0},      {"\"false\"", "false", 0, -1},
        {"\" 12\"", " 12", 0, -1}, {"\"-12\"", "-12", 0, -12},
        {"true", NULL, 1, -1},     {"false", NULL, 0, -1},
        {"42", NULL, 0, 42},       {"1.5", NULL, 0, -1},
        {"null", NULL, 0, -1},     {"[]", NULL, 0, -1},
        {"\"\"", "", 0, -1},       {"\"99999999999999999999\"", "99999999999999999999", 0, -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        again();
        assert_int_equal(read_body(INPUT_JSON, arena_printf(x->arena, "{\"v\":%s}", cases[i].json)),
                         ERR_OK);
        assert_int_equal(exchange_text(x, "v").p != NULL, cases[i].text != NULL);
        assert_str(exchange_text(x, "v"), cases[i].text ? cases[i].text : "");
        assert_int_equal(exchange_flag(x, "v"), cases[i].flag);
        assert_int_equal(exchange_int(x, "v", -1), cases[i].number);
        assert_true(exchange_has(x, "v"));
    }
    assert_false(exchange_has(x, "w"));
    assert_null(exchange_text(x, "w").p);
    assert_int_equal(exchange_int(x, "w", 5), 5);
    assert_true(aborts(unknown_secret, x));
}

static void fields(void **state)
{
    static const struct {
        const char *json;
        const char *name; /* what exchange_name_field gives; NULL: an error */
        const char *text; /* the same of exchange_text_field */
    } cases[] = {
        {"\"Anna\"", "Anna", "Anna"},
        {"\"  Anna B \"", "Anna B", "Anna B"},
        {"\"12345678\"", "12345678", "12345678"},
        {"\"\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\"",
         "\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc",
         "\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc"},
        {"\"123456789\"", NULL, NULL},
        {"\"\"", NULL, ""},
        {"\"   \"", NULL, ""},
        {"null", NULL, ""},
        {"7", NULL, NULL},
        {"[\"a\"]", NULL, NULL},
        {"\"a\\nb\"", NULL, "a\nb"},
        {"\"a\\tb\"", NULL, "a\tb"},
        {"\"a\\u0007b\"", NULL, NULL},
        {"\"a\\u007fb\"", NULL, NULL},
        {"\"a\\u0085b\"", NULL, NULL}, /* C1 */
        {"\"a\\u202eb\"", NULL, NULL}, /* right-to-left override */
        {"\"a\\u2066b\"", NULL, NULL},
        {"\"a\\u00a0b\"", "a\u00a0b", "a\u00a0b"},
        {"\"\\ud83d\\udc69\\u200d\\ud83d\\udcbb\"", "\U0001F469\u200D\U0001F4BB",
         "\U0001F469\u200D\U0001F4BB"},
        {"\"<b>&\"", "<b>&", "<b>&"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        again();
        assert_int_equal(read_body(INPUT_JSON, arena_printf(x->arena, "{\"v\":%s}", cases[i].json)),
                         ERR_OK);
        assert_str(exchange_name_field(x, "v", 8), cases[i].name ? cases[i].name : "");
        size_t errors = json_array_size(x->field_errors);
        assert_int_equal(errors, cases[i].name ? 0 : 1);
        assert_str(exchange_text_field(x, "v", 8), cases[i].text ? cases[i].text : "");
        assert_int_equal(json_array_size(x->field_errors), errors + (cases[i].text ? 0 : 1));
        assert_int_equal(exchange_field_problem(x),
                         json_array_size(x->field_errors) ? ERR_INVALID : ERR_OK);
    }
}

static void return_to(void **state)
{
    static const struct {
        const char *form; /* of the parameter, encoded */
        const char *path; /* NULL: the fallback */
    } cases[] = {
        {"/apps/x", "/apps/x"},
        {"/apps/x?a=b%26c", "/apps/x?a=b&c"},
        {"/apps/x%23part", "/apps/x#part"},
        {"/", "/"},
        {"", NULL},
        {"apps", NULL},
        {"//evil.test", NULL},
        {"///evil.test", NULL},
        {"/%5Cevil.test", NULL},
        {"/apps%5C..%5Cx", NULL},
        {"%5C%5Cevil.test", NULL},
        {"/%09/evil.test", NULL},
        {"/%0A/evil.test", NULL},
        {"/%0D%0ASet-Cookie:a=b", NULL},
        {"%09//evil.test", NULL},
        {"%20/apps", NULL},
        {"https://evil.test", NULL},
        {"https:/evil.test", NULL},
        {"HTTPS:evil.test", NULL},
        {"javascript:alert(1)", NULL},
        {"data:text/html,x", NULL},
        {"?a=b", NULL},
        {"#a", NULL},
        {".", NULL},
        {"@evil.test", NULL},
        {"/@evil.test", "/@evil.test"}, /* a path here, nothing else */
        {"/%7F", NULL},
    };
    char long_path[2100];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        again();
        assert_int_equal(
            read_body(INPUT_FORM, arena_printf(x->arena, "return_to=%s", cases[i].form)), ERR_OK);
        assert_str(exchange_return_to(x, STR("/fallback")),
                   cases[i].path ? cases[i].path : "/fallback");
    }
    again();
    assert_str(exchange_return_to(x, STR("/fallback")), "/fallback");
    memset(long_path, 'a', sizeof(long_path));
    long_path[0] = '/';
    doc_set_str(x->input, "return_to", (str){long_path, sizeof(long_path)});
    assert_str(exchange_return_to(x, STR("/fallback")), "/fallback");
}

/* -- what is left in memory -- */

#define SECRET_LENGTH 48
#define TAIL 24 /* what is looked for: free() writes over the beginning */
#define MASK 0x55

/* Built at run time, and kept masked, so that only copies are found. */
static void make_masked(unsigned char masked[SECRET_LENGTH])
{
    for (unsigned i = 0; i < SECRET_LENGTH; i++)
        masked[i] = (unsigned char)(('A' + (i * 7 + 3) % 26) ^ MASK);
}

static size_t count_in(const unsigned char *p, size_t n, const unsigned char *masked)
{
    int first = masked[SECRET_LENGTH - TAIL] ^ MASK;
    size_t found = 0;

    for (size_t i = 0; i + TAIL <= n; i++) {
        const unsigned char *next = memchr(p + i, first, n - TAIL + 1 - i);
        size_t same = 0;

        if (next == NULL)
            break;
        i = (size_t)(next - p);

        while (same < TAIL && (p[i + same] ^ MASK) == masked[SECRET_LENGTH - TAIL + same])
            same++;
        found += same == TAIL;
    }
    return found;
}

/* In all writable memory of this process but the huge shadows of sanitizers and the stack. */
static size_t count_in_memory(const unsigned char *masked)
{
    static unsigned char piece[1 << 16];
    FILE *maps = fopen("/proc/self/maps", "re");
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    char line[512];
    size_t found = 0;

    assert_true(maps && memory >= 0);
    while (fgets(line, sizeof(line), maps)) {
        unsigned long from = strtoul(line, NULL, 16);
        unsigned long to = strtoul(strchr(line, '-') + 1, NULL, 16);

        if (strstr(line, " rw") == NULL || strstr(line, "[stack]") || to - from > 1UL << 30)
            continue;
        for (unsigned long at = from; at < to; at += sizeof(piece) - TAIL + 1) {
            size_t wanted = to - at < sizeof(piece) ? to - at : sizeof(piece);
            ssize_t n = pread(memory, piece, wanted, (off_t)at);

            if (n > 0 && !(at < (unsigned long)piece && (unsigned long)piece < at + (size_t)n))
                found += count_in(piece, (size_t)n, masked);
            explicit_bzero(piece, sizeof(piece));
        }
    }
    (void)fclose(maps);
    (void)close(memory);
    return found;
}

static void add_secret(struct input_body *b, const unsigned char *masked)
{
    for (size_t i = 0; i < SECRET_LENGTH; i++) {
        char c = (char)(masked[i] ^ MASK);

        input_body_add(b, (str){&c, 1});
    }
}

static void check_nothing_left(enum input_type type, str before, str after)
{
    unsigned char masked[SECRET_LENGTH];
    struct input_body body = {0};
    char padding[5000]; /* so that the body grows with the secret in it */

    memset(padding, ' ', sizeof(padding));
    make_masked(masked);
    input_body_add(&body, before);
    add_secret(&body, masked);
    assert_true(count_in_memory(masked) >= 1); /* the search works */
    input_body_add(&body, after);
    if (type == INPUT_JSON)
        input_body_add(&body, (str){padding, sizeof(padding)});
    assert_int_equal(input_read_body(x, type, &body), ERR_OK);
    assert_int_equal(exchange_secret(x, "api_key")->n, SECRET_LENGTH);
    assert_int_equal(count_in_memory(masked), 1); /* the secret's own page */
    again();
    assert_int_equal(count_in_memory(masked), 0);
}

static void nothing_left_of_a_form(void **state)
{
    (void)state;
    check_nothing_left(INPUT_FORM, STR("name=x&api_key="), STR("&other=y"));
}

static void nothing_left_of_json(void **state)
{
    (void)state;
    check_nothing_left(INPUT_JSON, STR("{\"name\":\"x\",\"api_key\":\""), STR("\",\"o\":\"y\"}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(json_bodies),
        cmocka_unit_test(count_is_bounded),
        cmocka_unit_test(body_over_query),
        cmocka_unit_test(secrets),
        cmocka_unit_test(types_of_content),
        cmocka_unit_test(method_in_the_query),
        cmocka_unit_test(accessors),
        cmocka_unit_test(fields),
        cmocka_unit_test(return_to),
        cmocka_unit_test(nothing_left_of_a_form),
        cmocka_unit_test(nothing_left_of_json),
    };

    doc_init();
    return cmocka_run_group_tests(tests, make_exchange, free_exchange);
}
