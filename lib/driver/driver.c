/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "driver/driver.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { MAX_SELECT_CELLS = 1000000, FIRST_ROWS = 8, MAX_PAIRS = 4 };

static const struct {
    const char *prefix;
    const incload__driver *driver; /* NULL: this build left it out */
    const char *needs;
} schemes[] = {
#ifdef INCLOAD_HAVE_LIBPQ
    { "postgresql://", &incload__driver_libpq, NULL },
    { "postgres://", &incload__driver_libpq, NULL },
#else
    { "postgresql://", NULL, "this library was built without libpq: build it with libpq, or use odbc:Driver=..." },
    { "postgres://", NULL, "this library was built without libpq: build it with libpq, or use odbc:Driver=..." },
#endif
#ifdef INCLOAD_HAVE_ODBC
    { "odbc:", &incload__driver_odbc, NULL },
#else
    { "odbc:", NULL, "this library was built without unixODBC: build it with unixODBC, or use postgresql://..." },
#endif
    { "mock:", &incload__driver_mock, NULL },
};

/* The URL may hold a password, so no message repeats any of it. */
int32_t
incload__driver_find(const char *url, const incload__driver **out, incload_error **err)
{
    *out = NULL;
    /* The case counts, as it does for libpq, which would take "POSTGRESQL://..." for key=value pairs. */
    for (size_t i = 0; url != NULL && i < sizeof schemes / sizeof schemes[0]; i++) {
        if (strncmp(url, schemes[i].prefix, strlen(schemes[i].prefix)) != 0)
            continue;
        if (schemes[i].driver == NULL)
            return incload__fail(err, INCLOAD_E_UNSUPPORTED, "%s", schemes[i].needs);
        *out = schemes[i].driver;
        return INCLOAD_OK;
    }
    return incload__fail(err, INCLOAD_E_INVALID, "a database is named postgresql://... or odbc:Driver=...;...");
}

bool
incload__is_refusal(const char *sqlstate)
{
    static const char *const doubtful[] = { "08", "57", "58", "70", "XX", "HY", "S1", "IM", "40003" };

    for (size_t i = 0; i < sizeof doubtful / sizeof doubtful[0]; i++) {
        if (strncmp(sqlstate, doubtful[i], strlen(doubtful[i])) == 0)
            return false;
    }
    return sqlstate[0] != '\0';
}

/* The number of parameters. */
static int32_t
about_params(const incload__conn *conn, const char *sql, const char *schema, const char *table,
             incload__param params[2 * MAX_PAIRS])
{
    const char *texts[] = { schema, table };
    int32_t count = 0;

    for (const char *at = strchr(sql, '?'); at != NULL && count < 2 * MAX_PAIRS; at = strchr(at + 1, '?'))
        count++;
    if (conn->dialect->numbered_params)
        count = 2;
    for (int32_t i = 0; i < count; i++)
        params[i] = (incload__param){ texts[i % 2], texts[i % 2] != NULL ? strlen(texts[i % 2]) : 0, INCLOAD__TEXT };
    return count;
}

int32_t
incload__select_about(incload__conn *conn, const char *sql, const char *schema, const char *table, incload__rows *rows,
                      incload_error **err)
{
    incload__param params[2 * MAX_PAIRS];
    int32_t count = about_params(conn, sql, schema, table, params);

    return conn->driver->select(conn, sql, params, count, rows, err);
}

int32_t
incload__ask_about(incload__conn *conn, const char *sql, const char *schema, const char *table, incload_error **err)
{
    incload__param params[2 * MAX_PAIRS];
    int32_t count = about_params(conn, sql, schema, table, params);

    return conn->driver->ask(conn, sql, params, count, err);
}

int32_t
incload__conn_post(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                   incload__posted *out, incload_error **err)
{
    *out = (incload__posted){ .done.affected = -1 };
    if (conn->driver->post != NULL)
        return conn->driver->post(conn, sql, params, count, out, err);
    int32_t status = conn->driver->execute(conn, sql, params, count, &out->done.affected, err);
    out->done.failed = status != INCLOAD_OK;
    return status;
}

incload__answer
incload__conn_answer(const incload__conn *conn, const incload__posted *posted)
{
    return posted->number != 0 ? conn->driver->answer(conn, posted->number) : posted->done;
}

int32_t
incload__conn_settle(incload__conn *conn, incload_error **err)
{
    return conn->driver->settle != NULL ? conn->driver->settle(conn, err) : INCLOAD_OK;
}

int32_t
incload__conn_leave(incload__conn *conn, incload_error **err)
{
    return (conn->driver->leave != NULL ? conn->driver->leave : conn->driver->rollback)(conn, err);
}

const char *
incload__rows_get(const incload__rows *rows, int64_t row, int32_t column)
{
    if (row < 0 || row >= rows->count || column < 0 || column >= rows->columns)
        return NULL;
    return rows->cells[row * rows->columns + column];
}

void
incload__rows_free(incload__rows *rows)
{
    if (rows->cells != NULL) {
        for (int64_t i = 0; i < rows->count * rows->columns; i++)
            incload__free(rows->mem, rows->cells[i]);
        incload__free(rows->mem, rows->cells);
    }
    rows->cells = NULL;
    rows->columns = 0;
    rows->count = 0;
}

/* The capacity is a function of the count: FIRST_ROWS, then doubled each time the count reaches it. */
static int32_t
rows_grow(incload__rows *rows)
{
    int64_t count = rows->count;
    bool full = count == 0 || (count >= FIRST_ROWS && (count & (count - 1)) == 0);

    if (!full)
        return INCLOAD_OK;
    size_t capacity = count == 0 ? FIRST_ROWS : (size_t)count * 2;
    size_t width = rows->columns > 0 ? (size_t)rows->columns : 1;
    char **cells = incload__realloc(rows->mem, rows->cells, capacity * width * sizeof *cells);
    if (cells == NULL)
        return INCLOAD_E_NO_MEMORY;
    rows->cells = cells;
    return INCLOAD_OK;
}

int32_t
incload__rows_add(incload__rows *rows, const char *const *cells, const size_t *lengths, int32_t columns)
{
    if (rows->count == 0)
        rows->columns = columns;
    if (columns < 0 || columns != rows->columns)
        return INCLOAD_E_INTERNAL;
    if ((rows->count + 1) * columns > MAX_SELECT_CELLS)
        return INCLOAD_E_UNSUPPORTED;

    int32_t status = rows_grow(rows);
    if (status != INCLOAD_OK)
        return status;

    char **row = rows->cells + rows->count * columns;
    for (int32_t i = 0; i < columns; i++) {
        row[i] = NULL;
        if (cells[i] == NULL)
            continue;
        row[i] = incload__strndup(rows->mem, cells[i], lengths != NULL ? lengths[i] : strlen(cells[i]));
        if (row[i] == NULL) {
            while (i > 0)
                incload__free(rows->mem, row[--i]);
            return INCLOAD_E_NO_MEMORY;
        }
    }
    rows->count++;
    return INCLOAD_OK;
}

/* Before a connection knows its dialect only the standard's own classes are certain. */
static incload__error_class
classify(const incload__conn *conn, const char *sqlstate, int64_t native_code)
{
    if (conn->dialect != NULL)
        return conn->dialect->classify(sqlstate, native_code);
    if (sqlstate != NULL && strncmp(sqlstate, "08", 2) == 0)
        return (incload__error_class){ INCLOAD_E_CONNECT, true };
    if (sqlstate != NULL && strncmp(sqlstate, "28", 2) == 0)
        return (incload__error_class){ INCLOAD_E_AUTH, false };
    return (incload__error_class){ INCLOAD_E_SQL, false };
}

static bool
deadline_passed(const incload__conn *conn)
{
    return conn->deadline_us != 0 && incload__monotonic_us(conn->env) >= conn->deadline_us;
}

/* Servers answer an interrupted statement in many ways; the owner is to see why it was interrupted. */
static incload__error_class
interrupted_class(incload__conn *conn, incload__error_class class)
{
    if (atomic_load(&conn->cancelled))
        return (incload__error_class){ INCLOAD_E_CANCELLED, false };
    if (class.code == INCLOAD_E_CANCELLED && deadline_passed(conn))
        return (incload__error_class){ INCLOAD_E_TIMEOUT, true };
    return class;
}

int32_t
incload__conn_fail(incload__conn *conn, incload_error **err, const char *doing, const char *sqlstate,
                   int64_t native_code, const char *server_message)
{
    incload__error_class class = classify(conn, sqlstate, native_code);

    if (class.code == INCLOAD_E_CONNECT)
        conn->txn = INCLOAD__TXN_DEAD;
    else if (conn->txn == INCLOAD__TXN_OPEN)
        conn->txn = INCLOAD__TXN_FAILED;

    class = interrupted_class(conn, class);
    if (err != NULL && *err != NULL)
        return class.code;

    const char *said = server_message;
    if (said == NULL || said[0] == '\0')
        said = "the server gave no reason";
    if (sqlstate != NULL && sqlstate[0] != '\0')
        incload__fail(err, class.code, "%s: %s (SQLSTATE %.5s)", doing, said, sqlstate);
    else
        incload__fail(err, class.code, "%s: %s", doing, said);
    incload__error_set_server(err, sqlstate, native_code, class.retryable);
    return class.code;
}

static const char *
state_refusal(incload__txn txn)
{
    switch (txn) {
    case INCLOAD__TXN_FAILED:
        return "a statement of this transaction has failed: roll it back and start the unit again";
    case INCLOAD__TXN_DEAD:
        return "the connection is gone: take another one and start the unit again";
    default:
        return NULL;
    }
}

int32_t
incload__conn_check(incload__conn *conn, incload_error **err)
{
    int saved = errno;
    bool forked = conn->pid != (int32_t)getpid();
    errno = saved;

    if (forked)
        return incload__fail(err, INCLOAD_E_FORKED,
                             "the connection belongs to the parent process: open the database again after fork()");
    if (atomic_load(&conn->cancelled))
        return incload__fail(err, INCLOAD_E_CANCELLED, "cancelled by the host");
    if (deadline_passed(conn)) {
        bool first = err != NULL && *err == NULL;
        incload__fail(err, INCLOAD_E_TIMEOUT, "the deadline of this call has passed");
        if (first)
            incload__error_set_retryable(err, true);
        return INCLOAD_E_TIMEOUT;
    }
    const char *refusal = state_refusal(conn->txn);
    return refusal != NULL ? incload__fail(err, INCLOAD_E_STATE, "%s", refusal) : INCLOAD_OK;
}

/* Milliseconds. A late call gets a moment at least: what was idle answers within that. */
static const struct {
    int64_t past_deadline;
    int64_t past_cancel;
    int64_t moment;
    int64_t longest; /* without a deadline; 0: as long as it takes */
} manners[INCLOAD__MANNERS] = {
    [INCLOAD__MANNER_STATEMENT] = { 160, 300, 0, 0 },
    [INCLOAD__MANNER_RELEASE] = { 175, 330, 20, 5000 },
    [INCLOAD__MANNER_ROLLBACK] = { 190, 380, 40, 30000 },
    [INCLOAD__MANNER_CLOSE] = { 205, 420, 40, 1000 },
};

static int64_t
sooner(int64_t a, int64_t b)
{
    if (a == 0 || b == 0)
        return a == 0 ? b : a;
    return a < b ? a : b;
}

int64_t
incload__conn_limit(const incload__conn *conn, incload__manner manner, int64_t began_us)
{
    int64_t cancelled_us = atomic_load(&conn->cancelled_us);
    int64_t limit = 0;

    if (conn->deadline_us != 0)
        limit = conn->deadline_us + manners[manner].past_deadline * 1000;
    if (atomic_load(&conn->cancelled) && cancelled_us != 0)
        limit = sooner(limit, cancelled_us + manners[manner].past_cancel * 1000);
    if (limit == 0 || manner == INCLOAD__MANNER_CLOSE)
        limit = sooner(limit, manners[manner].longest != 0 ? began_us + manners[manner].longest * 1000 : 0);
    if (limit != 0 && limit < began_us + manners[manner].moment * 1000)
        limit = began_us + manners[manner].moment * 1000;
    return limit;
}

void
incload__conn_set_cancelled(incload__conn *conn)
{
    int64_t never = 0;

    atomic_compare_exchange_strong(&conn->cancelled_us, &never, incload__monotonic_us(conn->env));
    atomic_store(&conn->cancelled, true);
}
