/* What the ways of connecting have in common. See the header. */
#include "resources/connect_doc.h"

#include "base/doc.h"
#include "base/url.h"
#include "core/connections.h"
#include "core/stops.h"
#include "resources/app_doc.h"
#include "resources/connection_doc.h"

#define SCOPES_SHOWN_MAX 120

enum err connect_check_right(struct exchange *x, const struct connection_row *n)
{
    const struct connection_type *type = connection_type_find(n->type);
    str reason = STR("");
    if (!type)
        return fail(&x->fault, ERR_TYPE_UNAVAILABLE, "");
    enum err e = connection_type_reason(x->work, type, n, &reason);
    if (e)
        return e;
    if (!str_empty(reason))
        return fail(&x->fault, ERR_TYPE_UNAVAILABLE, "%.*s", STR_ARG(reason));
    if (n->shared && x->work->membership.role != PERMISSION_ROLE_ADMIN)
        return fail(&x->fault, ERR_NOT_APP_ADMIN, "An app admin has to connect this.");
    return stops_check_connect(x->work, (str){NULL, 0});
}

static str with_commas(struct arena *a, str words)
{
    str all = str_take_until(&words, ' ');

    while (words.n) {
        str one = str_take_until(&words, ' ');
        all = arena_printf(a, "%.*s, %.*s", STR_ARG(all), STR_ARG(one));
    }
    return all;
}

enum err connect_done(struct exchange *x, const struct connection_row *n,
                      const struct credential_row *row, str return_to)
{
    struct effective effective = {0};
    str sentence = arena_printf(x->arena, "Connected to %.*s as %.*s.", STR_ARG(row->site_name),
                                STR_ARG(row->account_name));
    if (row->scopes_lost.n)
        sentence = arena_printf(
            x->arena,
            "%.*s Other connections with this account may no longer use %.*s: the OAuth client's"
            " scopes are fewer than before. Once they are more again, connect again.",
            STR_ARG(sentence),
            STR_ARG(str_utf8_cut(with_commas(x->arena, row->scopes_lost), SCOPES_SHOWN_MAX)));
    x->doc = doc_object(x->arena);
    enum err e = credentials_effective(x->work, n, &effective);
    if (!e)
        e = connection_doc_put(x, x->doc, n, &effective);
    if (e)
        return e;
    doc_set_str(x->doc, "sentence", sentence);
    x->notice = sentence;
    x->location = return_to;
    return ERR_OK;
}

static json_t *identity_doc(struct exchange *x, str account, str email, str site, str url)
{
    json_t *o = doc_object(x->arena);
    doc_set_str(o, "account", account);
    doc_set_str(o, "account_email", email);
    doc_set_str(o, "site", site);
    doc_set_str(o, "site_url", url);
    return o;
}

void connect_put_question(struct exchange *x, str confirm, const struct credential_row *before,
                          const struct provider_identity *now, str now_email)
{
    json_t *doc = exchange_doc(x);
    doc_set_str(doc, "confirm", confirm);
    doc_set(doc, "before",
            identity_doc(x, before->account_name, before->username, before->site_name,
                         before->site_url));
    doc_set(doc, "now",
            identity_doc(x, now->account_name, now_email, now->site_name, now->site_url));
}

json_t *connect_sites_doc(struct exchange *x, const struct provider_site *sites, size_t count,
                          str selected)
{
    json_t *list = doc_array(x->arena);
    size_t chosen = 0;
    for (size_t i = 0; i < count; i++)
        if (!str_empty(selected) && str_eq(sites[i].id, selected))
            chosen = i;
    for (size_t i = 0; i < count; i++) {
        json_t *site = doc_object(x->arena);
        doc_set_str(site, "id", sites[i].id);
        doc_set_str(site, "url", sites[i].url);
        doc_set_str(site, "name", sites[i].name);
        doc_set_bool(site, "selected", i == chosen);
        doc_append(list, site);
    }
    return list;
}

str connect_question_path(struct exchange *x, str connection, str confirm, str return_to)
{
    str path = arena_printf(x->arena, "%.*s/%.*s/connect?confirm=%.*s",
                            STR_ARG(app_doc_path(x, "/connections")), STR_ARG(connection),
                            STR_ARG(url_encode(x->arena, confirm)));
    if (str_empty(return_to))
        return path;
    return arena_printf(x->arena, "%.*s&return_to=%.*s", STR_ARG(path),
                        STR_ARG(url_encode(x->arena, return_to)));
}
