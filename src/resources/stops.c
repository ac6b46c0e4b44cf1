/* Emergency stops (core/stops.h has the rules): of an app below the app, of a user or a site for
 * workspace admins. One set of handlers for both places; the path says which. Each change is
 * committed, then logged with who made it.
 */
#include "core/stops.h"

#include "base/doc.h"
#include "base/log.h"
#include "resources/app_doc.h"
#include "resources/routes.h"
#include "resources/stop_doc.h"

static int is_in_app(const struct exchange *x)
{
    return x->work->membership.app.p != NULL;
}

static str id_of_path(const struct exchange *x)
{
    return x->params[is_in_app(x) ? 1 : 0];
}

/* `A`, or "app": null. */
static enum err put_place(struct exchange *x)
{
    if (is_in_app(x))
        return app_doc_fill(x, APP_TAB_SETTINGS);
    doc_set_null(exchange_doc(x), "app");
    return ERR_OK;
}

static enum err committed(struct exchange *x, const char *event, const struct stop_row *row,
                          int64_t secrets)
{
    const struct work *w = x->work;
    enum err e = work_commit(x->work);

    if (!e)
        log_event(w->services->log, LOG_WARNING, event, LOG_STR("kind", stop_kind_text(row->kind)),
                  LOG_STR("subject", row->subject), LOG_STR("stop", row->id),
                  LOG_STR("by", w->actor.email), LOG_INT("to_revoke", row->items),
                  LOG_INT("secrets_erased", secrets));
    return e;
}

/* --- the list of stops ------------------------------------------------------------------------ */

static enum err put_sites(struct exchange *x)
{
    json_t *list = doc_array(x->arena);
    struct stop_site *sites = NULL;
    size_t count = 0;
    enum err e =
        store_stop_sites(x->work->db, x->arena, &x->fault, STOPS_SITES_MAX, &sites, &count);

    if (e)
        return e;
    for (size_t i = 0; i < count; i++) {
        json_t *site = doc_object(x->arena);
        doc_set_str(site, "id", sites[i].id);
        doc_set_str(site, "url", sites[i].url);
        doc_set_str(site, "name", sites[i].name);
        doc_append(list, site);
    }
    doc_set(exchange_doc(x), "sites", list);
    return ERR_OK;
}

static enum err put_stops(struct exchange *x)
{
    json_t *list = doc_array(x->arena);
    struct stop_row *rows = NULL;
    size_t count = 0;
    int64_t skip = exchange_int(x, "after", 0), next = 0;
    enum err e = stops_list(x->work, skip < 0 ? 0 : skip, &rows, &count, &next);

    if (e)
        return e;
    for (size_t i = 0; i < count; i++)
        doc_append(list, stop_doc(x, &rows[i]));
    doc_set(exchange_doc(x), "stops", list);
    if (next)
        doc_set_int(exchange_doc(x), "next", next);
    else
        doc_set_null(exchange_doc(x), "next");
    return ERR_OK;
}

enum err stops_show(struct exchange *x)
{
    enum err e = put_place(x);

    if (!e)
        e = put_stops(x);
    if (!e && is_in_app(x)) {
        doc_set_null(exchange_doc(x), "sites");
        return stop_doc_put_open(x, exchange_doc(x), STOP_APP, x->work->membership.app);
    }
    doc_set_null(exchange_doc(x), "stop");
    return e ? e : put_sites(x);
}

/* --- setting ---------------------------------------------------------------------------------- */

/* The app of the path; else a user or a site by name. */
static enum err subject_of(struct exchange *x, struct stop_subject *ret)
{
    enum stop_kind kind = STOP_APP;

    if (is_in_app(x))
        return stop_subject_find(x->work, kind, x->work->membership.app, ret);
    if (!stop_kind_read(exchange_text(x, "kind"), &kind) || kind == STOP_APP)
        exchange_field_error(x, "kind", "Say what to stop: a user or a site.");
    str field = kind == STOP_SITE ? STR("site") : STR("user");
    str name = exchange_text(x, field.p);
    if (str_empty(str_trim(name)))
        exchange_field_error(x, field.p,
                             kind == STOP_SITE ? "Enter the address of the site."
                                               : "Enter the e-mail of the user.");
    enum err e = exchange_field_problem(x);
    if (!e)
        e = stop_subject_find(x->work, kind, name, ret);
    if (e == ERR_NOT_FOUND) {
        exchange_field_error(x, field.p, fault_text(&x->fault));
        e = exchange_field_problem(x);
    }
    return e;
}

enum err stop_created(struct exchange *x)
{
    str reason = exchange_text_field(x, "reason", STOPS_REASON_MAX);
    struct stop_subject subject = {0};
    struct stop_row row = {0};
    enum err e = subject_of(x, &subject);

    if (!e)
        e = exchange_field_problem(x);
    if (!e)
        e = stop_set(x->work, &subject, reason, &row);
    if (!e)
        e = committed(x, "emergency_stop_set", &row, 0);
    if (e)
        return e;
    x->doc = stop_doc(x, &row);
    x->status = 201;
    x->location = stop_doc_path(x, &row);
    x->notice = STR("Stopped. Nothing of it is used from now on.");
    return ERR_OK;
}

/* --- one stop --------------------------------------------------------------------------------- */

static enum err put_list(struct exchange *x, const struct stop_row *row)
{
    json_t *list = doc_array(x->arena);
    struct stop_item *items = NULL;
    size_t count = 0;
    enum err e = store_stop_items(x->work->db, x->arena, &x->fault, row->id,
                                  exchange_int(x, "after", 0), STOP_LIST_PAGE + 1, &items, &count);

    if (e)
        return e;
    for (size_t i = 0; i < count && i < STOP_LIST_PAGE; i++)
        doc_append(list, stop_doc_item(x, &items[i]));
    doc_set(exchange_doc(x), "list", list);
    if (count > STOP_LIST_PAGE)
        doc_set_int(exchange_doc(x), "next", items[STOP_LIST_PAGE - 1].position);
    else
        doc_set_null(exchange_doc(x), "next");
    return ERR_OK;
}

/* One file, or several when the list is long. */
static void put_files(struct exchange *x, const struct stop_row *row)
{
    json_t *list = doc_array(x->arena);

    for (int64_t from = 0; from < row->items; from += STOP_CSV_PAGE) {
        int64_t to = from + STOP_CSV_PAGE < row->items ? from + STOP_CSV_PAGE : row->items;
        json_t *file = doc_object(x->arena);
        doc_set_str(file, "path",
                    arena_printf(x->arena, "%.*s/csv?after=%lld", STR_ARG(stop_doc_path(x, row)),
                                 (long long)from));
        doc_set_int(file, "from", from + 1);
        doc_set_int(file, "to", to);
        doc_set_bool(file, "several", row->items > STOP_CSV_PAGE);
        doc_append(list, file);
    }
    doc_set(exchange_doc(x), "files", list);
}

static enum err put_cost(struct exchange *x, const struct stop_row *row)
{
    int64_t secrets = 0;
    str sentence = {NULL, 0};
    enum err e = stop_cost(x->work, row, &secrets, &sentence);

    if (e)
        return e;
    doc_set_int(exchange_doc(x), "secrets", secrets);
    doc_set_str(exchange_doc(x), "erase_sentence", sentence);
    doc_set_bool(exchange_doc(x), "may_end", !row->lifted && stop_may_end(x->work, row));
    return ERR_OK;
}

static enum err put_stop(struct exchange *x, const struct stop_row *row)
{
    enum err e = put_place(x);

    if (!e)
        e = put_list(x, row);
    if (!e)
        e = put_cost(x, row);
    if (e)
        return e;
    put_files(x, row);
    doc_set(exchange_doc(x), "stop", stop_doc(x, row));
    return ERR_OK;
}

enum err stop_show(struct exchange *x)
{
    struct stop_row row = {0};
    enum err e = stop_find(x->work, id_of_path(x), &row);

    if (e)
        return e;
    stop_list(x->work, &row);
    return put_stop(x, &row);
}

enum err stop_csv_file(struct exchange *x)
{
    struct stop_row row = {0};
    struct stop_item *items = NULL;
    size_t count = 0;
    enum err e = stop_find(x->work, id_of_path(x), &row);

    if (!e)
        stop_list(x->work, &row);
    if (!e)
        e = store_stop_items(x->work->db, x->arena, &x->fault, row.id, exchange_int(x, "after", 0),
                             STOP_CSV_PAGE, &items, &count);
    if (e)
        return e;
    x->file = (struct exchange_file){
        .type = "text/csv; charset=utf-8; header=present",
        .name = arena_printf(x->arena, "to-revoke-%.*s.csv", STR_ARG(row.id)),
        .content = stop_csv(x, items, count),
    };
    return ERR_OK;
}

/* --- lifting, erasing ------------------------------------------------------------------------- */

static void answer(struct exchange *x, const struct stop_row *row, str notice)
{
    x->doc = stop_doc(x, row);
    x->location = stop_doc_path(x, row);
    x->notice = notice;
}

enum err stop_lifted(struct exchange *x)
{
    struct stop_row row = {0};
    enum err e = stop_lift(x->work, id_of_path(x), &row);

    if (!e)
        e = committed(x, "emergency_stop_lifted", &row, 0);
    if (e)
        return e;
    answer(x, &row,
           row.erased ? STR("Lifted. What was erased has to be reconnected.")
                      : STR("Lifted. Everything works again as before."));
    return ERR_OK;
}

enum err stop_erased(struct exchange *x)
{
    struct stop_row row = {0};
    int64_t lost = 0;
    enum err e =
        stop_erase(x->work, id_of_path(x), exchange_int(x, "confirm_lost", 0), &row, &lost);

    if (e == ERR_CONFIRM_REQUIRED) {
        doc_set_int(exchange_doc(x), "lost", lost);
        doc_set_cstring(exchange_doc(x), "sentence", fault_text(&x->fault));
    }
    if (!e)
        e = committed(x, "emergency_stop_erased", &row, lost);
    if (e)
        return e;
    answer(x, &row,
           lost ? arena_printf(x->arena, "Erased: %lld stored %s. The list below stays.",
                               (long long)lost, lost == 1 ? "secret" : "secrets")
                : STR("There was nothing left to erase."));
    return ERR_OK;
}
