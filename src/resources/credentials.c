/* What is on file for a connection: shown before it is disconnected, and disconnected. Testing it
 * is credential_test.c's. */
#include "core/credentials.h"

#include "base/doc.h"
#include "core/connections.h"
#include "core/settings.h"
#include "resources/app_doc.h"
#include "resources/connection_doc.h"
#include "resources/routes.h"

static int is_by_oauth(const struct connection_row *n)
{
    const struct connection_type *type = connection_type_find(n->type);
    return type && type->by_oauth;
}

/* --- disconnect ------------------------------------------------------------------------------- */

/* What disconnecting leaves at Atlassian. */
struct remains {
    int stored;    /* there is a secret to erase */
    int elsewhere; /* the grant stays: another credential stands on it */
    str page;      /* where to take it back */
};

static enum err remains_of(struct exchange *x, const struct connection_row *n,
                           const struct credential_row *row, struct remains *ret)
{
    const struct settings *s = x->work->services->settings;
    struct remains r = {
        .stored = row && row->sealed.p,
        .page = is_by_oauth(n) ? s->grants_page_url : s->token_page_url,
    };
    enum err e = row ? credentials_grant_is_used_elsewhere(x->work, row, &r.elsewhere) : ERR_OK;
    if (!e)
        *ret = r;
    return e;
}

enum err credential_show(struct exchange *x)
{
    struct connection_row n = {0};
    struct effective effective = {0};
    struct remains r = {0};
    enum err e = app_doc_fill(x, APP_TAB_DESCRIPTION);
    if (!e)
        e = connection_of_path(x, &n, &effective);
    if (!e)
        e = remains_of(x, &n, effective.row, &r);
    if (!e)
        e = connection_doc_put(x, exchange_doc(x), &n, &effective);
    if (e)
        return e;
    doc_set_bool(exchange_doc(x), "stored", r.stored);
    doc_set_bool(exchange_doc(x), "elsewhere", r.elsewhere);
    doc_set_str(exchange_doc(x), "revoke_page", r.page);
    doc_set_str(exchange_doc(x), "return_to", exchange_return_to(x, app_doc_path(x, "")));
    return ERR_OK;
}

static str disconnected_sentence(struct exchange *x, const struct connection_row *n,
                                 const struct remains *r)
{
    if (!r->stored)
        return STR("Disconnected. Nothing of it was stored here any more.");
    if (!is_by_oauth(n))
        return arena_printf(x->arena,
                            "Disconnected. Mortise erased the API key; at Atlassian it stays valid"
                            " until you revoke it at %.*s.",
                            STR_ARG(r->page));
    if (r->elsewhere)
        return arena_printf(x->arena,
                            "Disconnected. Mortise keeps the tokens of this Atlassian account,"
                            " because another connection uses them; at Atlassian the access stays"
                            " until you remove it at %.*s, which ends both.",
                            STR_ARG(r->page));
    return arena_printf(x->arena,
                        "Disconnected. Mortise erased its tokens for this connection; at Atlassian"
                        " the access stays until you remove it at %.*s.",
                        STR_ARG(r->page));
}

enum err credential_delete(struct exchange *x)
{
    struct connection_row n = {0};
    struct effective effective = {0};
    struct remains r = {0};
    enum err e = work_write(x->work);
    if (!e)
        e = connection_of_path(x, &n, &effective);
    if (!e)
        e = remains_of(x, &n, effective.row, &r);
    if (!e)
        e = credentials_disconnect(x->work, &n);
    if (!e)
        e = connection_of_path(x, &n, &effective);
    if (e)
        return e;
    x->doc = doc_object(x->arena);
    e = connection_doc_put(x, x->doc, &n, &effective);
    if (e)
        return e;
    x->notice = disconnected_sentence(x, &n, &r);
    doc_set_str(x->doc, "sentence", x->notice);
    x->location = exchange_return_to(x, app_doc_path(x, ""));
    return ERR_OK;
}
