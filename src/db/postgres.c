/* The PostgreSQL driver. Statements go out with their arguments beside the text, never inside it;
 * types are inferred by the server, results read by their type.
 *
 * A connection that was lost is opened again by the next begin or statement outside a transaction;
 * inside one, the transaction fails. When it is lost during COMMIT nobody knows the outcome, and
 * the message says so.
 */
#include <libpq-fe.h>
#include <poll.h>

#include "base/check.h"
#include "base/mem.h"
#include "db/driver_int.h"

/* pg_type.oid of the results we read; fixed since they exist. */
#define TYPE_BOOL 16
#define TYPE_BYTEA 17
#define TYPE_INT8 20
#define TYPE_INT2 21
#define TYPE_INT4 23
#define TYPE_TEXT 25
#define TYPE_NAME 19
#define TYPE_VARCHAR 1043

struct postgres {
    struct db db;
    PGconn *handle; /* NULL only while opening */
    char *url;
    int64_t busy_ms;
};

static struct postgres *of(struct db *d)
{
    return (struct postgres *)d;
}

static void result_clear(PGresult **r)
{
    PQclear(*r);
}
#define RESULT_AUTO CLEANUP(result_clear)

/* SQLSTATE (PostgreSQL appendix A) -> what it means for us. */
static enum err code_of(const char *state)
{
    static const struct {
        const char *prefix;
        enum err code;
    } table[] = {
        {"40001", ERR_RETRY},          /* serialization_failure */
        {"40P01", ERR_RETRY},          /* deadlock_detected */
        {"23505", ERR_CONFLICT},       /* unique_violation */
        {"23503", ERR_CONFLICT},       /* foreign_key_violation */
        {"55P03", ERR_STORAGE_BUSY},   /* lock_not_available */
        {"57014", ERR_STORAGE_BUSY},   /* query_canceled: the statement's time was over */
        {"53300", ERR_STORAGE_BUSY},   /* too_many_connections */
        {"25006", ERR_STORAGE_FAILED}, /* read_only_sql_transaction */
        {"42501", ERR_STORAGE_FAILED}, /* insufficient_privilege */
        {"08", ERR_STORAGE_FAILED},    /* connection */
        {"28", ERR_STORAGE_FAILED},    /* authorization */
        {"3D", ERR_STORAGE_FAILED},    /* no such database */
        {"53", ERR_STORAGE_FAILED},    /* disk full, out of memory */
        {"57P", ERR_STORAGE_FAILED},   /* shutting down */
        {"58", ERR_STORAGE_FAILED},    /* system error */
        {"XX", ERR_STORAGE_FAILED},    /* corrupt */
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strncmp(state, table[i].prefix, strlen(table[i].prefix)) == 0)
            return table[i].code;
    return ERR_INTERNAL;
}

/* The server's primary message and the constraint: no row's values, which stand in its details. */
static enum err failed(struct postgres *p, struct fault *f, const PGresult *r)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    const char *constraint = PQresultErrorField(r, PG_DIAG_CONSTRAINT_NAME);

    if (!state) { /* no answer from the server */
        fail(f, ERR_STORAGE_FAILED, "");
        return fault_detail(f, "PostgreSQL: %s", PQerrorMessage(p->handle));
    }
    fail(f, code_of(state), "");
    return fault_detail(f, "PostgreSQL %s: %s%s%s", state, message ? message : "",
                        constraint ? ": " : "", constraint ? constraint : "");
}

static int succeeded(const PGresult *r)
{
    ExecStatusType status = PQresultStatus(r);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

static enum err execute(struct postgres *p, struct fault *f, const char *sql)
{
    RESULT_AUTO PGresult *r = PQexec(p->handle, sql);
    return succeeded(r) ? ERR_OK : failed(p, f, r);
}

/* Every session alike, whatever the server's or the role's defaults are. A write outside a
 * transaction has the same guarantees as one inside; what was committed is on disk. */
static enum err set_session(struct postgres *p, struct fault *f)
{
    char sql[400];

    (void)snprintf(sql, sizeof sql,
                   "SET default_transaction_isolation = 'serializable';"
                   "SET synchronous_commit = on;"
                   "SET lock_timeout = %d;"
                   "SET statement_timeout = 60000;"
                   "SET idle_in_transaction_session_timeout = 120000;"
                   "SET client_min_messages = warning;"
                   "SET bytea_output = hex;"
                   "SET standard_conforming_strings = on",
                   (int)p->busy_ms);
    return execute(p, f, sql);
}

static void ignore_notice(void *arg, const char *message)
{
    (void)arg;
    (void)message;
}

static enum err connect_now(struct postgres *p, struct fault *f)
{
    const char *const names[] = {"dbname",           "client_encoding",
                                 "connect_timeout",  "fallback_application_name",
                                 "tcp_user_timeout", NULL};
    const char *const values[] = {p->url, "UTF8", "10", "mortise", "30000", NULL};

    PQfinish(p->handle);
    p->handle = PQconnectdbParams(names, values, 1);
    must(p->handle);
    if (PQstatus(p->handle) != CONNECTION_OK) {
        fail(f, ERR_STORAGE_FAILED, "");
        return fault_detail(f, "PostgreSQL: %s", PQerrorMessage(p->handle));
    }
    (void)PQsetNoticeProcessor(p->handle, ignore_notice, NULL);
    return set_session(p, f);
}

/* A server that went away while the connection was idle has closed the socket: reading tells,
 * behind whatever it said in parting. */
static int is_alive(PGconn *handle)
{
    struct pollfd socket = {.fd = PQsocket(handle), .events = POLLIN};

    for (int i = 0; i < 8 && PQstatus(handle) == CONNECTION_OK; i++) {
        if (poll(&socket, 1, 0) == 0)
            return 1;
        if (!PQconsumeInput(handle))
            return 0;
    }
    return PQstatus(handle) == CONNECTION_OK;
}

/* Outside a transaction only. */
static enum err reconnect_if_lost(struct postgres *p, struct fault *f)
{
    return is_alive(p->handle) ? ERR_OK : connect_now(p, f);
}

static void postgres_close(struct db *d)
{
    struct postgres *p = of(d);

    PQfinish(p->handle);
    mem_free(p->url);
    mem_free(p);
}

static enum err postgres_begin(struct db *d, struct fault *f, enum db_mode mode)
{
    struct postgres *p = of(d);

    enum err e = reconnect_if_lost(p, f);
    if (e != ERR_OK)
        return e;
    return execute(p, f,
                   mode == DB_WRITE ? "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE"
                                    : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

static void postgres_rollback(struct db *d)
{
    struct postgres *p = of(d);

    if (PQstatus(p->handle) == CONNECTION_OK && PQtransactionStatus(p->handle) != PQTRANS_IDLE)
        PQclear(PQexec(p->handle, "ROLLBACK"));
}

static enum err postgres_commit(struct db *d, struct fault *f)
{
    struct postgres *p = of(d);

    enum err e = execute(p, f, "COMMIT");
    if (e == ERR_OK)
        return ERR_OK;
    if (PQstatus(p->handle) != CONNECTION_OK) {
        fail(f, ERR_STORAGE_FAILED,
             "The connection to the database broke while this was being saved. It may have been "
             "saved: look before you try again.");
        return fault_detail(f, "PostgreSQL: %s", PQerrorMessage(p->handle));
    }
    postgres_rollback(d);
    return e;
}

struct params {
    const char **values;
    int *lengths;
    int *formats;
};

/* Numbers and text as text, blobs as bytes. */
static void set_param(struct params *ps, struct arena *a, size_t i, const struct db_value *v)
{
    switch (v->kind) {
    case DB_NULL:
        break;
    case DB_INT:
        ps->values[i] = arena_printf(a, "%lld", (long long)v->number).p;
        break;
    case DB_TEXT:
        ps->values[i] = arena_cstring(a, v->bytes);
        break;
    case DB_BLOB:
        must(v->bytes.n < (1u << 30));
        ps->values[i] = v->bytes.n ? v->bytes.p : "";
        ps->lengths[i] = (int)v->bytes.n;
        ps->formats[i] = 1;
        break;
    }
}

static struct params make_params(struct arena *a, const struct db_value *args, size_t count)
{
    struct params ps = {
        arena_alloc_array(a, count + 1, sizeof(char *)),
        arena_alloc_array(a, count + 1, sizeof(int)),
        arena_alloc_array(a, count + 1, sizeof(int)),
    };

    for (size_t i = 0; i < count; i++)
        set_param(&ps, a, i, &args[i]);
    return ps;
}

static enum err read_bytes(struct arena *a, struct fault *f, const char *text, struct db_value *ret)
{
    size_t n = 0;
    unsigned char *bytes = PQunescapeBytea((const unsigned char *)text, &n);

    if (!bytes)
        return fail(f, ERR_INTERNAL, "");
    *ret = DB_B(arena_str(a, (str){(const char *)bytes, n}));
    PQfreemem(bytes);
    return ERR_OK;
}

static enum err read_value(struct arena *a, struct fault *f, Oid type, str text,
                           struct db_value *ret)
{
    int64_t number;

    switch (type) {
    case TYPE_INT2:
    case TYPE_INT4:
    case TYPE_INT8:
        must(str_to_int64(text, &number));
        *ret = DB_I(number);
        return ERR_OK;
    case TYPE_BOOL:
        *ret = DB_I(str_eq(text, STR("t")));
        return ERR_OK;
    case TYPE_TEXT:
    case TYPE_VARCHAR:
    case TYPE_NAME:
        *ret = DB_T(arena_str(a, text));
        return ERR_OK;
    case TYPE_BYTEA:
        return read_bytes(a, f, text.p, ret);
    default:
        fail(f, ERR_INTERNAL, "");
        return fault_detail(f, "a result of type %u needs a CAST", type);
    }
}

static enum err read_rows(struct arena *a, struct fault *f, const PGresult *r, struct db_rows *ret)
{
    struct db_cells cells = {.arena = a};
    int rows = PQntuples(r);
    int columns = PQnfields(r);

    for (int row = 0; row < rows; row++) {
        struct db_value *line = db_cells_add(&cells, (size_t)columns);
        for (int i = 0; i < columns; i++) {
            line[i] = DB_N;
            if (PQgetisnull(r, row, i))
                continue;
            str text = {PQgetvalue(r, row, i), (size_t)PQgetlength(r, row, i)};
            enum err e = read_value(a, f, PQftype(r, i), text, &line[i]);
            if (e != ERR_OK)
                return e;
        }
    }
    *ret = (struct db_rows){(size_t)rows, (size_t)columns, cells.cells, 0};
    return ERR_OK;
}

static int64_t changed(PGresult *r)
{
    int64_t n;

    if (str_starts(str_from(PQcmdStatus(r)), STR("SELECT")))
        return 0;
    return str_to_int64(str_from(PQcmdTuples(r)), &n) ? n : 0;
}

static enum err postgres_run(struct db *d, struct arena *a, struct fault *f, const char *sql,
                             const struct db_value *args, size_t count, struct db_rows *ret)
{
    struct postgres *p = of(d);

    if (d->state == DB_CLOSED) {
        enum err e = reconnect_if_lost(p, f);
        if (e != ERR_OK)
            return e;
    }
    struct params ps = make_params(a, args, count);
    RESULT_AUTO PGresult *r =
        PQexecParams(p->handle, sql, (int)count, NULL, ps.values, ps.lengths, ps.formats, 0);
    if (!succeeded(r))
        return failed(p, f, r);
    enum err e = read_rows(a, f, r, ret);
    if (e == ERR_OK)
        ret->changed = changed(r);
    return e;
}

static enum err postgres_script(struct db *d, struct fault *f, const char *sql)
{
    return execute(of(d), f, sql);
}

static const struct db_driver postgres_driver = {
    .close = postgres_close,
    .begin = postgres_begin,
    .commit = postgres_commit,
    .rollback = postgres_rollback,
    .run = postgres_run,
    .script = postgres_script,
    .clock = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
    .has_table = "SELECT count(*) FROM information_schema.tables"
                 " WHERE table_schema = current_schema() AND table_name = $1",
    .lock = "SELECT count(pg_advisory_lock(7305227681))",
    .unlock = "SELECT count(pg_advisory_unlock(7305227681))",
    .is_postgres = 1,
};

/* A standby, or a role that may only read, is told at the start and not at the first save. */
static enum err check_writable(struct postgres *p, struct fault *f)
{
    RESULT_AUTO PGresult *r = PQexec(p->handle, "SHOW transaction_read_only");

    if (!succeeded(r))
        return failed(p, f, r);
    if (strcmp(PQgetvalue(r, 0, 0), "on") != 0)
        return ERR_OK;
    return fail(f, ERR_STORAGE_FAILED,
                "The PostgreSQL database is read-only (a standby?). Point MORTISE_DATABASE at the "
                "primary server.");
}

static enum err open_first(struct postgres *p, struct fault *f)
{
    enum err e = connect_now(p, f);
    if (e == ERR_OK)
        return check_writable(p, f);
    char detail[sizeof f->detail];
    memcpy(detail, f->detail, sizeof detail);
    fail(f, e,
         "The PostgreSQL database of MORTISE_DATABASE does not let us in: %.180s. Check that the "
         "server runs, the address, the user and the password.",
         detail);
    return fault_detail(f, "%s", detail);
}

enum err postgres_open(struct fault *f, const char *url, int64_t busy_ms, struct db **ret)
{
    struct fault own = {.code = ERR_OK};
    struct postgres *p = mem_new(struct postgres);

    p->db.driver = &postgres_driver;
    p->busy_ms = busy_ms;
    p->url = mem_alloc(strlen(url) + 1);
    memcpy(p->url, url, strlen(url) + 1);
    enum err e = open_first(p, &own);
    if (e != ERR_OK) {
        postgres_close(&p->db);
        if (f)
            *f = own;
        return e;
    }
    *ret = &p->db;
    return ERR_OK;
}
