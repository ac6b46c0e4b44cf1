/* The list of what has to be revoked, as a CSV file. See resources/stop_doc.h. */
#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "resources/stop_doc.h"

#define CSV_MAX ((size_t)24 << 20)

static const char HEADER[] = "kind,account,account_email,account_id,oauth_client_id,person,person_"
                             "email,people,site,site_url,"
                             "sites,credentials,since,last_used,revoke_page\r\n";

static int begins_formula(str text)
{
    static const str SIGNS[] = {STR("="),  STR("+"),  STR("-"),  STR("@"),
                                STR("＝"), STR("＋"), STR("－"), STR("＠")};

    for (size_t i = 0; i < sizeof(SIGNS) / sizeof(SIGNS[0]); i++)
        if (str_starts(text, SIGNS[i]))
            return 1;
    return 0;
}

/* OWASP "CSV Injection": what begins a formula, also behind white space that is trimmed. */
static int is_formula(str text)
{
    return begins_formula(str_trim(text)) || (text.n && memchr("\t\r\n", text.p[0], 3) != NULL);
}

/* Whether a cell begins behind this character for programs that split at more than commas, and
 * what follows would be a formula there. */
static int parts_formula(char c, str rest)
{
    if (memchr(";\t\r\n", c, 4) == NULL)
        return 0;
    while (rest.n && memchr(" \"'", rest.p[0], 3) != NULL)
        rest = str_slice(rest, 1, rest.n);
    return begins_formula(rest);
}

static void add_text(struct buf *b, str text)
{
    buf_add_char(b, '"');
    if (is_formula(text))
        buf_add_char(b, '\'');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            buf_add_char(b, '"');
        buf_add_char(b, text.p[i]);
        if (parts_formula(text.p[i], str_slice(text, i + 1, text.n)))
            buf_add_char(b, '\'');
    }
    buf_add_cstring(b, "\",");
}

static void add_time(struct buf *b, int64_t ms)
{
    char at[25] = "";

    if (ms)
        clock_format(ms, at);
    buf_addf(b, "%s,", at);
}

static void add_item(struct exchange *x, struct buf *b, const struct stop_item *item)
{
    add_text(b, item->by_oauth ? STR("OAuth access") : STR("API token"));
    add_text(b, item->account_name);
    add_text(b, item->account_email);
    add_text(b, item->account_id);
    add_text(b, item->client_id);
    add_text(b, item->person_name);
    add_text(b, item->person_email);
    buf_addf(b, "%lld,", (long long)item->people);
    add_text(b, item->site_name);
    add_text(b, item->site_url);
    buf_addf(b, "%lld,%lld,", (long long)item->sites, (long long)item->credentials);
    add_time(b, item->since);
    add_time(b, item->last_used);
    add_text(b, stop_doc_revoke_page(x, item));
    b->n--; /* the last comma */
    buf_add_cstring(b, "\r\n");
}

str stop_csv(struct exchange *x, const struct stop_item *items, size_t count)
{
    struct buf b;

    buf_init(&b, CSV_MAX);
    buf_add_cstring(&b, HEADER);
    for (size_t i = 0; i < count; i++)
        add_item(x, &b, &items[i]);
    must(buf_ok(&b)); /* STOP_CSV_PAGE lines of at most 2 kB */
    str text = arena_str(x->arena, buf_str(&b));
    buf_done(&b);
    return text;
}
