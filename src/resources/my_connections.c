/* My connections: the caller's own credentials over all apps. */
#include "base/doc.h"
#include "core/credentials.h"
#include "core/work.h"
#include "resources/connection_doc.h"
#include "resources/routes.h"

enum err me_connections(struct exchange *x)
{
    struct own_credential_row *rows = NULL;
    size_t count = 0;
    enum err e = credentials_own(x->work, &rows, &count);
    if (e)
        return e;
    json_t *list = doc_array(x->arena);
    for (size_t i = 0; i < count; i++) {
        json_t *one = NULL;
        e = connection_doc_own(x, &rows[i], &one);
        if (e)
            return e;
        doc_append(list, one);
    }
    doc_set(exchange_doc(x), "connections", list);
    return ERR_OK;
}
