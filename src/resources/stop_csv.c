/* The list of what has to be revoked, as a CSV file. See resources/stop_doc.h. */
#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "resources/csv.h"
#include "resources/stop_doc.h"

#define CSV_MAX ((size_t)24 << 20)

static const char HEADER[] = "kind,account,account_email,account_id,oauth_client_id,person,person_"
                             "email,people,site,site_url,"
                             "sites,credentials,since,last_used,revoke_page\r\n";

static void add_time(struct buf *b, int64_t ms)
{
    char at[25] = "";

    if (ms)
        clock_format(ms, at);
    buf_addf(b, "%s,", at);
}

static void add_item(struct exchange *x, struct buf *b, const struct stop_item *item)
{
    csv_add(b, item->by_oauth ? STR("OAuth access") : STR("API token"));
    csv_add(b, item->account_name);
    csv_add(b, item->account_email);
    csv_add(b, item->account_id);
    csv_add(b, item->client_id);
    csv_add(b, item->person_name);
    csv_add(b, item->person_email);
    buf_addf(b, "%lld,", (long long)item->people);
    csv_add(b, item->site_name);
    csv_add(b, item->site_url);
    buf_addf(b, "%lld,%lld,", (long long)item->sites, (long long)item->credentials);
    add_time(b, item->since);
    add_time(b, item->last_used);
    csv_add(b, stop_doc_revoke_page(x, item));
    csv_end(b);
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
