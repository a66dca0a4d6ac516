/* SPDX-License-Identifier: Apache-2.0 */
/* Reading: a block cursor, column by column, as long as the type of every column bounds its cells. Sizes that
 * drivers report bound nothing, and a cut cell cannot be fetched again in a way that is right with all drivers
 * (SQLSetPos gives row 1 in one, a relative fetch other rows in another). So a column without a bound makes the
 * block one row, and is taken by SQLGetData in as many pieces as it needs. */
#include <string.h>

#include "base/civil.h"
#include "driver/odbc/cell.h"

enum {
    BLOCK_ROWS = 1000,
    BLOCK_BYTES = 1 << 20,
    BOUND_LIMIT = 4096, /* bytes of a bound cell */
    UTF8_MAX = 4,
};

typedef struct slot {
    incload__cell form;
    size_t width; /* bytes of a bound cell, for text with its NUL; 0: by SQLGetData */
    char *cells;  /* width * block rows */
    SQLLEN *lengths;
} slot;

struct incload__odbc_reader {
    incload__thing thing;
    incload__odbc_conn *conn;
    incload__builder *builder;
    incload__schema schema;
    incload__stmt stmt;
    slot *slots;
    incload__str cell; /* for SQLGetData */
    SQLUSMALLINT *row_status;
    SQLULEN fetched;
    SQLULEN taken;
    int64_t block_rows;
    bool ended;
};

/* ---- how wide a cell can be ---- */

/* Bytes of the longest text of each kind; 0: no bound. */
static size_t
text_width(incload__type type)
{
    switch (type.kind) {
    case INCLOAD__BOOL:
        return 8;
    case INCLOAD__INT8:
    case INCLOAD__INT16:
    case INCLOAD__INT32:
    case INCLOAD__INT64:
    case INCLOAD__UINT64:
        return 24;
    case INCLOAD__FLOAT32:
    case INCLOAD__FLOAT64:
    case INCLOAD__DATE:
    case INCLOAD__TIME:
        return 48;
    case INCLOAD__DECIMAL:
    case INCLOAD__TIMESTAMP:
    case INCLOAD__TIMESTAMPTZ:
    case INCLOAD__UUID:
        return 64;
    case INCLOAD__TEXT:
        return type.precision > 0 && type.precision <= BOUND_LIMIT / UTF8_MAX ? (size_t)type.precision * UTF8_MAX + 1
                                                                              : 0;
    default:
        return 0;
    }
}

static size_t
slot_width(const incload__odbc_profile *profile, const slot *s, incload__type type)
{
    if (!profile->blocks)
        return 0;
    switch (s->form) {
    case INCLOAD__CELL_INT:
        return sizeof(int64_t);
    case INCLOAD__CELL_DOUBLE:
        return sizeof(double);
    case INCLOAD__CELL_BYTES:
        return type.kind == INCLOAD__BINARY && type.precision > 0 && type.precision <= BOUND_LIMIT
                   ? (size_t)type.precision
                   : 0;
    default:
        return text_width(type);
    }
}

/* ---- opening ---- */

static int32_t
plan(incload__odbc_reader *reader, incload_error **err)
{
    incload__conn *conn = &reader->conn->base;
    size_t row_bytes = 0;
    bool bounded = true;

    reader->slots = incload__alloc_array(&conn->env->mem, (size_t)reader->schema.count, sizeof *reader->slots);
    if (reader->slots == NULL)
        return incload__fail_memory(err);
    for (int32_t i = 0; i < reader->schema.count; i++) {
        const incload__column *column = &reader->schema.columns[i];
        slot *s = &reader->slots[i];
        int32_t status = incload__cell_read(conn, reader->conn->profile, column, &s->form, err);
        if (status != INCLOAD_OK)
            return status;
        s->width = slot_width(reader->conn->profile, s, column->type);
        bounded = bounded && s->width > 0;
        row_bytes += s->width + sizeof *s->lengths;
    }
    reader->block_rows = 1;
    if (bounded && row_bytes > 0)
        reader->block_rows = BLOCK_BYTES / (int64_t)row_bytes;
    if (reader->block_rows > BLOCK_ROWS)
        reader->block_rows = BLOCK_ROWS;
    if (reader->block_rows < 1)
        reader->block_rows = 1;
    return INCLOAD_OK;
}

static int32_t
bind_slots(incload__odbc_reader *reader, incload_error **err)
{
    const incload__mem *mem = &reader->conn->base.env->mem;
    SQLHSTMT stmt = reader->stmt.handle;
    size_t rows = (size_t)reader->block_rows;
    SQLRETURN rc = SQL_SUCCESS;

    reader->row_status = incload__alloc_array(mem, rows, sizeof *reader->row_status);
    if (reader->row_status == NULL)
        return incload__fail_memory(err);
    SQLSetStmtAttr(stmt, SQL_ATTR_ROW_BIND_TYPE, (SQLPOINTER)SQL_BIND_BY_COLUMN, 0);
    SQLSetStmtAttr(stmt, SQL_ATTR_ROW_STATUS_PTR, reader->row_status, 0);
    SQLSetStmtAttr(stmt, SQL_ATTR_ROWS_FETCHED_PTR, &reader->fetched, 0);
    if (rows > 1)
        rc = SQLSetStmtAttr(stmt, SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER)rows, 0);
    for (int32_t i = 0; SQL_SUCCEEDED(rc) && i < reader->schema.count; i++) {
        slot *s = &reader->slots[i];
        if (s->width == 0)
            continue;
        s->cells = incload__alloc_array(mem, rows, s->width);
        s->lengths = incload__alloc_array(mem, rows, sizeof *s->lengths);
        if (s->cells == NULL || s->lengths == NULL)
            return incload__fail_memory(err);
        rc = SQLBindCol(stmt, (SQLUSMALLINT)(i + 1), incload__cell_c_type(s->form), s->cells, (SQLLEN)s->width,
                        s->lengths);
    }
    return SQL_SUCCEEDED(rc) ? INCLOAD_OK
                             : incload__odbc_fail(reader->conn, SQL_HANDLE_STMT, stmt, "binding columns", err);
}

static int32_t
check_columns(incload__odbc_reader *reader, incload_error **err)
{
    SQLSMALLINT columns = 0;
    SQLRETURN rc = SQLNumResultCols(reader->stmt.handle, &columns);

    if (!SQL_SUCCEEDED(rc))
        return incload__odbc_fail(reader->conn, SQL_HANDLE_STMT, reader->stmt.handle, "reading", err);
    if (columns != reader->schema.count)
        return incload__fail(err, INCLOAD_E_PROTOCOL, "the query gives %d columns and %d were expected", (int)columns,
                             reader->schema.count);
    return INCLOAD_OK;
}

/* SQLite buffers the whole result of a statement that has parameters; as literals they cost nothing. */
static int32_t
set_text(incload__odbc_reader *reader, const char *sql, const incload__param *params, int32_t count,
         incload_error **err)
{
    if (count > 0 && reader->conn->profile->stream_needs_literals)
        return incload__params_inline(&reader->conn->base, sql, params, count, &reader->stmt.sql, err);
    return incload__stmt_bind(&reader->stmt, sql, params, count, err);
}

static int32_t
start(incload__odbc_reader *reader, const char *sql, const incload__param *params, int32_t count, incload_error **err)
{
    int32_t status = incload__stmt_open(&reader->stmt, reader->conn, err);

    if (status != INCLOAD_OK)
        return status;
    SQLSetStmtAttr(reader->stmt.handle, SQL_ATTR_CURSOR_TYPE, (SQLPOINTER)SQL_CURSOR_FORWARD_ONLY, 0);
    SQLSetStmtAttr(reader->stmt.handle, SQL_ATTR_CONCURRENCY, (SQLPOINTER)SQL_CONCUR_READ_ONLY, 0);
    status = set_text(reader, sql, params, count, err);
    if (status == INCLOAD_OK)
        status = plan(reader, err);
    if (status == INCLOAD_OK)
        status = bind_slots(reader, err);
    if (status == INCLOAD_OK)
        status = incload__watch_enter(reader->conn, reader->stmt.handle, err);
    if (status != INCLOAD_OK)
        return status;
    status = incload__stmt_run(&reader->stmt, "reading", err);
    incload__watch_leave(reader->conn);
    return status == INCLOAD_OK ? check_columns(reader, err) : status;
}

static void
reader_free(incload__thing *thing)
{
    incload__odbc_reader *reader = (incload__odbc_reader *)(void *)thing;
    const incload__mem *mem = &reader->conn->base.env->mem;

    incload__stmt_close(&reader->stmt);
    for (int32_t i = 0; reader->slots != NULL && i < reader->schema.count; i++) {
        incload__free(mem, reader->slots[i].cells);
        incload__free(mem, reader->slots[i].lengths);
    }
    incload__free(mem, reader->slots);
    incload__free(mem, reader->row_status);
    incload__builder_free(reader->builder);
    incload__str_free(&reader->cell);
    incload__schema_free(&reader->schema);
    incload__free(mem, reader);
}

int32_t
incload__odbc_read_open(incload__odbc_conn *conn, const char *sql, const incload__param *params, int32_t count,
                        incload__schema *schema, incload__odbc_reader **out, incload_error **err)
{
    const incload__mem *mem = &conn->base.env->mem;
    incload__odbc_reader *reader = incload__alloc(mem, sizeof *reader);

    *out = NULL;
    if (reader == NULL)
        return incload__fail_memory(err);
    incload__thing_add(conn, &reader->thing, reader_free);
    reader->conn = conn;
    reader->cell = (incload__str)INCLOAD__STR(mem);
    reader->schema = *schema;
    incload__schema_init(schema, mem);
    int32_t status = incload__conn_check(&conn->base, err);
    if (status == INCLOAD_OK) {
        reader->builder = incload__builder_new(mem, &reader->schema, err);
        status = reader->builder != NULL ? INCLOAD_OK : INCLOAD_E_NO_MEMORY;
    }
    if (status == INCLOAD_OK)
        status = start(reader, sql, params, count, err);
    if (status == INCLOAD_OK)
        *out = reader;
    else
        incload__thing_drop(conn, &reader->thing);
    return status;
}

incload__builder *
incload__odbc_reader_builder(incload__odbc_reader *reader)
{
    return reader->builder;
}

/* ---- cells ---- */

static int32_t
put_failed(incload__odbc_reader *reader, int32_t column, int32_t status, incload_error **err)
{
    const incload__column *c = &reader->schema.columns[column];
    char kind[64];

    if (status == INCLOAD_E_NO_MEMORY)
        return incload__fail_memory(err);
    return incload__fail(err, INCLOAD_E_DATA, "column %s holds a value that is no %s", c->name,
                         incload__type_text(c->type, kind, sizeof kind));
}

/* A database without zones keeps instants as civil time in UTC; its text says no zone. */
static int32_t
put_text(const incload__dialect *dialect, incload__builder *builder, int32_t column, incload__type type,
         const char *text, size_t length)
{
    int64_t us;
    bool has_zone;
    int32_t zone_seconds = 0;

    if (type.kind == INCLOAD__TIMESTAMPTZ && dialect->civil_is_utc
        && incload__parse_timestamp(text, length, &us, &has_zone, &zone_seconds) && !has_zone)
        return incload__put_int(builder, column, us);
    return incload__put_text(builder, column, text, length);
}

static int32_t
put_value(const incload__odbc_reader *reader, incload__builder *builder, int32_t column, const char *value,
          size_t length)
{
    const incload__dialect *dialect = reader->conn->base.dialect;
    incload__type type = reader->schema.columns[column].type;
    int64_t number;
    double real;

    switch (reader->slots[column].form) {
    case INCLOAD__CELL_INT:
        memcpy(&number, value, sizeof number);
        return incload__put_int(builder, column, number);
    case INCLOAD__CELL_DOUBLE:
        memcpy(&real, value, sizeof real);
        return incload__put_float(builder, column, real);
    case INCLOAD__CELL_BYTES:
        if (type.kind == INCLOAD__BINARY)
            return incload__put_bytes(builder, column, value, length);
        return put_text(dialect, builder, column, type, value, length);
    default:
        return put_text(dialect, builder, column, type, value, length);
    }
}

static int32_t
put_bound(incload__odbc_reader *reader, incload__builder *builder, int32_t column, SQLULEN row, incload_error **err)
{
    const slot *s = &reader->slots[column];
    SQLLEN length = s->lengths[row];
    size_t room = s->width - (s->form == INCLOAD__CELL_TEXT ? 1 : 0);
    int32_t status;

    if (length == SQL_NULL_DATA) {
        status = incload__put_null(builder, column);
    } else if (length < 0 || (size_t)length > room) {
        /* Some drivers report SQL_SUCCESS here: only the length tells that the cell was cut. */
        return incload__fail(err, INCLOAD_E_DATA, "column %s holds a value that is longer than its type allows",
                             reader->schema.columns[column].name);
    } else {
        status = put_value(reader, builder, column, s->cells + row * s->width, (size_t)length);
    }
    return status == INCLOAD_OK ? INCLOAD_OK : put_failed(reader, column, status, err);
}

static int32_t
put_long(incload__odbc_reader *reader, incload__builder *builder, int32_t column, incload_error **err)
{
    const slot *s = &reader->slots[column];
    bool is_null = false;

    incload__str_clear(&reader->cell);
    int32_t status = incload__stmt_get(reader->conn, reader->stmt.handle, column, incload__cell_c_type(s->form),
                                       &reader->cell, &is_null, err);
    if (status != INCLOAD_OK)
        return status;
    if (is_null)
        status = incload__put_null(builder, column);
    else
        status = put_value(reader, builder, column, reader->cell.data, reader->cell.length);
    return status == INCLOAD_OK ? INCLOAD_OK : put_failed(reader, column, status, err);
}

/* Rows [taken, taken + count) of the block. */
static int32_t
put_rows(incload__odbc_reader *reader, incload__builder *builder, SQLULEN count, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < reader->schema.count && status == INCLOAD_OK; i++) {
        if (reader->slots[i].width == 0) {
            status = put_long(reader, builder, i, err); /* then the block is one row */
            continue;
        }
        for (SQLULEN row = 0; row < count && status == INCLOAD_OK; row++)
            status = put_bound(reader, builder, i, reader->taken + row, err);
    }
    reader->taken += count;
    return status;
}

/* ---- blocks ---- */

/* A driver that does not write a length must not leave the last block's. */
static void
forget_block(incload__odbc_reader *reader)
{
    for (int32_t i = 0; i < reader->schema.count; i++) {
        slot *s = &reader->slots[i];
        for (int64_t row = 0; s->lengths != NULL && row < reader->block_rows; row++)
            s->lengths[row] = SQL_NO_TOTAL;
    }
    for (int64_t row = 0; row < reader->block_rows; row++)
        reader->row_status[row] = SQL_ROW_SUCCESS;
    reader->fetched = 0;
    reader->taken = 0;
}

static int32_t
fetch_block(incload__odbc_reader *reader, incload_error **err)
{
    forget_block(reader);
    SQLRETURN rc = incload__stmt_fetch(&reader->stmt);
    if (rc == SQL_NO_DATA) {
        reader->fetched = 0;
        reader->ended = true;
        return INCLOAD_OK;
    }
    if (!SQL_SUCCEEDED(rc))
        return incload__odbc_fail(reader->conn, SQL_HANDLE_STMT, reader->stmt.handle, "reading", err);
    if (reader->block_rows == 1)
        reader->fetched = 1; /* a driver may leave the count alone without a block */
    for (SQLULEN row = 0; row < reader->fetched; row++) {
        if (reader->row_status[row] == SQL_ROW_ERROR)
            return incload__odbc_fail(reader->conn, SQL_HANDLE_STMT, reader->stmt.handle, "reading", err);
    }
    return INCLOAD_OK;
}

static int32_t
read_some(incload__odbc_reader *reader, incload__builder *builder, int64_t max_rows, int64_t max_bytes, int64_t *rows,
          incload_error **err)
{
    int64_t bytes_before = incload__builder_bytes(builder);
    int32_t status = INCLOAD_OK;

    while (*rows < max_rows && (max_bytes <= 0 || incload__builder_bytes(builder) - bytes_before < max_bytes)) {
        if (reader->taken == reader->fetched) {
            status = reader->ended ? INCLOAD_OK : incload__conn_check(&reader->conn->base, err);
            if (status == INCLOAD_OK && !reader->ended)
                status = fetch_block(reader, err);
            if (status != INCLOAD_OK || reader->ended)
                return status;
        }
        SQLULEN count = reader->fetched - reader->taken;
        if ((int64_t)count > max_rows - *rows)
            count = (SQLULEN)(max_rows - *rows);
        status = put_rows(reader, builder, count, err);
        if (status != INCLOAD_OK)
            return status;
        *rows += (int64_t)count;
    }
    return INCLOAD_OK;
}

int32_t
incload__odbc_read_next(incload__odbc_reader *reader, int64_t max_rows, int64_t max_bytes, int64_t *rows,
                        incload_error **err)
{
    incload__odbc_conn *conn = reader->conn;

    *rows = 0;
    int32_t status = incload__conn_check(&conn->base, err);
    if (status != INCLOAD_OK)
        return status;
    /* Where SQLFetch never waits there is nothing to interrupt. */
    if (conn->profile->fetch_waits)
        incload__watch_enter_always(conn, reader->stmt.handle);
    status = read_some(reader, reader->builder, max_rows, max_bytes, rows, err);
    if (conn->profile->fetch_waits)
        incload__watch_leave(conn);
    return status;
}
