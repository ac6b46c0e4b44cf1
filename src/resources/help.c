/* The user's help. Its text is docs/jira-connection.md, embedded as a template by
 * tools/help_page.py; whoever calls the API learns the title only.
 */
#include "base/doc.h"
#include "resources/routes.h"

enum err help_show(struct exchange *x)
{
    doc_set_cstring(exchange_doc(x), "title", "Jira connection");
    return ERR_OK;
}
