/* The workspace's settings: the OAuth client that Mortise is at Atlassian, with what has to be
 * entered there (changing it is oauth_client.c), how notices are sent on, and what is wrong now.
 */
#include "base/doc.h"
#include "core/webhooks.h"
#include "resources/incident_doc.h"
#include "resources/oauth_client_doc.h"
#include "resources/routes.h"

static json_t *last_doc(struct exchange *x, const struct delivery_row *row)
{
    json_t *doc = doc_object(x->arena);

    doc_set_str(doc, "state", row->state);
    doc_set_time(doc, "created", row->created);
    doc_set_bool(doc, "delivered", str_eq(row->state, STR("delivered")));
    doc_set_str(doc, "last_error", row->last_error);
    return doc;
}

static enum err put_mail(struct exchange *x)
{
    const struct notifier *n = x->work->services->notifier;
    struct delivery_row *last = NULL;
    json_t *doc = doc_object(x->arena);
    enum err e = mail_last_test(x->work, &last);

    if (e)
        return e;
    doc_set_bool(doc, "configured", n->mail);
    doc_set_str(doc, "server", n->mail ? n->mail_server : (str){NULL, 0});
    doc_set_str(doc, "from", n->mail ? n->mail_from : (str){NULL, 0});
    if (last)
        doc_set(doc, "last_test", last_doc(x, last));
    else
        doc_set_null(doc, "last_test");
    doc_set(exchange_doc(x), "mail", doc);
    return ERR_OK;
}

enum err settings_show(struct exchange *x)
{
    json_t *client = NULL;
    enum err e = oauth_client_doc(x, NULL, &client);
    if (!e)
        e = put_mail(x);
    if (!e)
        e = incident_doc_put(x);
    if (e)
        return e;
    doc_set(exchange_doc(x), "oauth_client", client);
    doc_set(exchange_doc(x), "guide", oauth_client_guide_doc(x, doc_get_str(client, "scopes")));
    return ERR_OK;
}
