/* The first page, and the two questions an operator's monitoring asks. */
#include "base/doc.h"
#include "core/users.h"
#include "resources/routes.h"

enum err root_show(struct exchange *x)
{
    doc_set_cstring(exchange_doc(x), "name", "Mortise");
    doc_set(exchange_doc(x), "me", x->me);
    x->location = STR("/apps");
    return ERR_OK;
}

/* The process runs. Asks nothing of the database. */
enum err health_show(struct exchange *x)
{
    doc_set_cstring(exchange_doc(x), "status", "ok");
    return ERR_OK;
}

/* The process can serve: the database answers. */
enum err ready_show(struct exchange *x)
{
    int ignored;
    enum err e;

    if (x->work->db == NULL)
        return fail(&x->fault, ERR_STORAGE_FAILED, "");
    e = users_need_setup(x->work, &ignored);
    if (e)
        return e;
    doc_set_cstring(exchange_doc(x), "status", "ready");
    return ERR_OK;
}
