/* The workspace's settings: today the OAuth client that Mortise is at Atlassian, with what has to
 * be entered there. Changing it is oauth_client.c.
 */
#include "base/doc.h"
#include "resources/oauth_client_doc.h"
#include "resources/routes.h"

enum err settings_show(struct exchange *x)
{
    json_t *client = NULL;
    enum err e = oauth_client_doc(x, NULL, &client);
    if (e)
        return e;
    doc_set(exchange_doc(x), "oauth_client", client);
    doc_set(exchange_doc(x), "guide", oauth_client_guide_doc(x, doc_get_str(client, "scopes")));
    return ERR_OK;
}
