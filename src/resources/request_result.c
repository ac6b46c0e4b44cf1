/* Jira's answer to a request. See the header. */
#include "resources/request_result.h"

#include "base/doc.h"
#include "base/url.h"
#include "http/status.h"

#define PRETTY_MAX (16u * 1024 * 1024)
#define SHOWN_MAX (1024u * 1024) /* of a body, on the page */

/* Stable words for what an answer means; NULL: a plain success. */
static const char *code_of(enum provider_meaning meaning)
{
    switch (meaning) {
    case MEANING_OK:
        return NULL;
    case MEANING_REFUSED_TOKEN:
        return "needs_reconnect";
    case MEANING_LOCKED:
        return "captcha";
    case MEANING_SCOPE_MISSING:
        return "scope_missing";
    case MEANING_FORBIDDEN:
        return "forbidden";
    case MEANING_NOT_FOUND:
        return "not_found";
    case MEANING_INVALID:
        return "invalid";
    case MEANING_RATE_LIMITED:
        return "rate_limited";
    case MEANING_GONE:
        return "gone";
    case MEANING_SITE_MOVED:
        return "site_moved";
    case MEANING_PROVIDER_ERROR:
        return "jira_error";
    case MEANING_NOT_PROVIDER:
        return "upstream_not_jira";
    case MEANING_CLIENT_REFUSED: /* these three are of connecting, never of a request */
    case MEANING_CODE_REFUSED:
    case MEANING_NO_SITE:
        break;
    }
    return NULL;
}

static json_t *headers_doc(struct exchange *x, const struct provider_request *p)
{
    json_t *list = doc_array(x->arena);
    for (size_t i = 0; i < p->reply_header_count; i++) {
        const struct provider_header *h = &p->reply_headers[i];
        if (!str_is_utf8(h->name) || !str_is_utf8(h->value))
            continue;
        json_t *one = doc_object(x->arena);
        doc_set_str(one, "name", h->name);
        doc_set_str(one, "value", h->value.p ? h->value : STR(""));
        doc_append(list, one);
    }
    return list;
}

static json_t *common(struct exchange *x, const struct request_result *r)
{
    const struct provider_request *p = r->reply;
    json_t *doc = doc_object(x->arena);
    json_t *timings = doc_object(x->arena);
    json_t *credential = doc_object(x->arena);
    doc_set_int(timings, "total_ms", r->total_ms);
    doc_set_int(timings, "jira_ms", p->jira_ms);
    doc_set_str(credential, "account", r->account);
    doc_set_str(credential, "site", r->site);
    doc_set_bool(credential, "shared", r->shared);
    doc_set_int(doc, "status", p->status);
    doc_set(doc, "headers", headers_doc(x, p));
    doc_set(doc, "timings", timings);
    doc_set(doc, "credential", credential);
    doc_set_cstring(doc, "code", code_of(p->meaning));
    doc_set_str(doc, "sentence", str_empty(p->sentence) ? (str){NULL, 0} : p->sentence);
    return doc;
}

void request_result_json(struct exchange *x, const struct request_result *r)
{
    str body = r->reply->reply_body;
    json_t *parsed = NULL;
    x->doc = common(x, r);
    if (str_empty(body)) {
        doc_set_null(x->doc, "body");
        doc_set_null(x->doc, "body_encoding");
    } else if (doc_parse(x->arena, NULL, body, &parsed) == ERR_OK) {
        doc_set_cstring(x->doc, "body_encoding", "json");
        x->raw_key = "body";
        x->raw_json = body;
    } else if (str_is_utf8(body)) {
        doc_set_cstring(x->doc, "body_encoding", "text");
        doc_set_str(x->doc, "body", body);
    } else {
        doc_set_cstring(x->doc, "body_encoding", "base64url");
        doc_set_str(x->doc, "body", url_base64(x->arena, body.p, body.n));
    }
}

static str size_text(struct exchange *x, size_t n)
{
    if (n < 1000)
        return arena_printf(x->arena, "%zu bytes", n);
    if (n < 1000000)
        return arena_printf(x->arena, "%.1f kB", (double)n / 1e3);
    return arena_printf(x->arena, "%.1f MB", (double)n / 1e6);
}

static str content_type(const struct provider_request *p)
{
    for (size_t i = 0; i < p->reply_header_count; i++)
        if (str_eq_nocase(p->reply_headers[i].name, STR("Content-Type")) &&
            str_is_utf8(p->reply_headers[i].value))
            return p->reply_headers[i].value;
    return (str){NULL, 0};
}

json_t *request_result_page(struct exchange *x, const struct request_result *r)
{
    const struct provider_request *p = r->reply;
    json_t *doc = common(x, r);
    str pretty = {NULL, 0}, text = {NULL, 0};
    if (!str_empty(p->reply_body) && !doc_pretty(x->arena, p->reply_body, PRETTY_MAX, &pretty) &&
        str_is_utf8(p->reply_body))
        text = p->reply_body;
    size_t whole = pretty.p ? pretty.n : text.n;
    doc_set_str(doc, "pretty", pretty.p ? str_utf8_cut(pretty, SHOWN_MAX) : pretty);
    doc_set_str(doc, "text", text.p ? str_utf8_cut(text, SHOWN_MAX) : text);
    doc_set_bool(doc, "cut", whole > SHOWN_MAX);
    doc_set_bool(doc, "binary", !str_empty(p->reply_body) && !pretty.p && !text.p);
    doc_set_bool(doc, "ok", p->status >= 200 && p->status < 300);
    doc_set_int(doc, "size", (int64_t)p->reply_body.n);
    doc_set_str(doc, "size_text", size_text(x, p->reply_body.n));
    doc_set_cstring(doc, "status_text", status_phrase(p->status));
    doc_set_str(doc, "content_type", content_type(p));
    return doc;
}
