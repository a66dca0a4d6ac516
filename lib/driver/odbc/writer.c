/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/odbc/writer.h"

#include <string.h>

void
incload__write_free(incload__thing *thing)
{
    incload__odbc_writer *writer = (incload__odbc_writer *)(void *)thing;
    const incload__mem *mem = &writer->conn->base.env->mem;

    if (writer->prepared != NULL)
        SQLFreeHandle(SQL_HANDLE_STMT, writer->prepared);
    if (writer->counter != NULL)
        SQLFreeHandle(SQL_HANDLE_STMT, writer->counter);
    for (int32_t i = 0; i < 2; i++) {
        incload__str_free(&writer->gathered[i].text);
        incload__free(mem, writer->gathered[i].cells);
    }
    incload__free(mem, writer->block);
    incload__free(mem, writer->numbers);
    incload__free(mem, writer->lengths);
    incload__free(mem, writer->slots);
    incload__free(mem, writer->moved);
    incload__free(mem, writer->forms);
    incload__free(mem, writer->table);
    incload__schema_free(&writer->schema);
    incload__free(mem, writer);
}

int32_t
incload__write_send(incload__odbc_writer *writer, int64_t *taken, incload_error **err)
{
    *taken = 0;
    int32_t status = writer->method->send(writer, taken, err);
    if (status == INCLOAD_OK && *taken != writer->sent->rows)
        status = incload__fail(err, INCLOAD_E_DATA,
                               "%s took %lld of %d rows: a trigger or rule of the table drops or adds rows",
                               writer->table, (long long)*taken, writer->sent->rows);
    if (status != INCLOAD_OK && writer->conn->base.txn == INCLOAD__TXN_OPEN)
        writer->conn->base.txn = INCLOAD__TXN_FAILED;
    writer->sent->rows = 0;
    incload__str_clear(&writer->sent->text);
    return status;
}

/* ---- for the methods ---- */

int32_t
incload__write_head(const incload__odbc_writer *writer, incload__str *sql, incload_error **err)
{
    incload__str_addf(sql, "INSERT INTO %s (", writer->table);
    int32_t status = incload__quote_columns(writer->conn->base.dialect, sql, &writer->schema, "", err);
    incload__str_add(sql, ") ");
    return status;
}

static int32_t
write_fail_on(incload__odbc_writer *writer, SQLHSTMT handle, incload_error **err)
{
    incload__str doing = INCLOAD__STR(&writer->conn->base.env->mem);

    incload__str_addf(&doing, "writing into %s", writer->table);
    const char *text = incload__str_text(&doing);
    int32_t status =
        incload__odbc_fail(writer->conn, SQL_HANDLE_STMT, handle, text != NULL ? text : "writing", err);
    incload__str_free(&doing);
    return status;
}

int32_t
incload__write_fail(incload__odbc_writer *writer, incload_error **err)
{
    return write_fail_on(writer, writer->prepared, err);
}

static int32_t
write_check(incload__odbc_writer *writer, SQLHSTMT handle, SQLRETURN rc, incload_error **err)
{
    if (rc == SQL_SUCCESS)
        return INCLOAD_OK;
    if (rc != SQL_SUCCESS_WITH_INFO)
        return write_fail_on(writer, handle, err);
    return incload__odbc_check(writer->conn, handle, rc, "writing", err);
}

int32_t
incload__write_prepare_on(incload__odbc_writer *writer, SQLHSTMT *handle, const char *sql, incload_error **err)
{
    if (*handle != NULL)
        SQLFreeHandle(SQL_HANDLE_STMT, *handle);
    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, writer->conn->dbc, handle))) {
        *handle = NULL;
        return incload__odbc_fail(writer->conn, SQL_HANDLE_DBC, writer->conn->dbc, "starting to write", err);
    }
    int32_t status = incload__watch_enter(writer->conn, *handle, err);
    if (status != INCLOAD_OK)
        return status;
    SQLRETURN rc = SQLPrepare(*handle, incload__sqlchar(sql), SQL_NTS);
    incload__watch_leave(writer->conn);
    return write_check(writer, *handle, rc, err);
}

int32_t
incload__write_prepare(incload__odbc_writer *writer, const char *sql, int32_t rows, incload_error **err)
{
    writer->prepared_rows = 0;
    int32_t status = incload__write_prepare_on(writer, &writer->prepared, sql, err);
    if (status == INCLOAD_OK)
        writer->prepared_rows = rows;
    return status;
}

int32_t
incload__write_run(incload__odbc_writer *writer, int64_t *taken, incload_error **err)
{
    SQLLEN count = 0;

    int32_t status = incload__watch_enter(writer->conn, writer->prepared, err);
    if (status != INCLOAD_OK)
        return status;
    SQLRETURN rc = incload__odbc_exec(writer->conn, writer->prepared, NULL);
    incload__watch_leave(writer->conn);
    if (rc == SQL_NO_DATA)
        return INCLOAD_OK;
    status = write_check(writer, writer->prepared, rc, err);
    if (status == INCLOAD_OK && SQL_SUCCEEDED(SQLRowCount(writer->prepared, &count)) && count > 0)
        *taken += count;
    return status;
}
