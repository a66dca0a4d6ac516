/* SPDX-License-Identifier: Apache-2.0 */
/* What the ODBC drivers themselves cost: the same rows by hand through unixODBC, in one transaction.
 *
 *     bare_odbc array   column-wise parameter arrays, for MariaDB's driver
 *     bare_odbc values  INSERT ... VALUES with many rows, for SQLite's driver, whose arrays store wrong values
 *
 *     bare_odbc HOW SOURCE_URL TABLE CONNECTION_STRING TABLE */
#include <sql.h>
#include <sqlext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/copy_rows.h"

enum { ROWS = 5000, VALUES_ROWS = 100 };

typedef struct arrays {
    int64_t numbers[COLUMNS][ROWS];
    double reals[COLUMNS][ROWS];
    char texts[COLUMNS][ROWS][TEXT_SIZE];
    SQLLEN lengths[COLUMNS][ROWS];
} arrays;

static void
check(SQLRETURN rc, SQLSMALLINT type, SQLHANDLE handle, const char *doing)
{
    SQLCHAR state[6] = "", message[512] = "";
    SQLINTEGER native;

    if (SQL_SUCCEEDED(rc))
        return;
    SQLGetDiagRec(type, handle, 1, state, &native, message, sizeof message, NULL);
    die(doing, (const char *)message);
}

static void
run(SQLHDBC dbc, const char *sql)
{
    SQLHSTMT stmt;

    SQLAllocHandle(SQL_HANDLE_STMT, dbc, &stmt);
    check(SQLExecDirect(stmt, (SQLCHAR *)(uintptr_t)sql, SQL_NTS), SQL_HANDLE_STMT, stmt, sql);
    SQLFreeHandle(SQL_HANDLE_STMT, stmt);
}

static void
store(arrays *a, const cell *cells, int row)
{
    for (int i = 0; i < COLUMNS; i++) {
        a->numbers[i][row] = cells[i].number;
        a->reals[i][row] = cells[i].real;
        a->lengths[i][row] = cells[i].is_null ? SQL_NULL_DATA : (SQLLEN)sizeof(int64_t);
        if (forms[i] != FORM_TEXT || cells[i].is_null)
            continue;
        if (cells[i].length > TEXT_SIZE)
            die("arrays", "a text is longer than the bench's own");
        memcpy(a->texts[i][row], cells[i].text, (size_t)cells[i].length);
        a->lengths[i][row] = cells[i].length;
    }
}

/* The parameter `number` (from 1) is the column's cell of `row`, and of those behind it in an array. */
static void
bind_cell(SQLHSTMT stmt, int number, arrays *a, int column, int row)
{
    static const SQLSMALLINT c_types[] = { SQL_C_SBIGINT, SQL_C_DOUBLE, SQL_C_CHAR };
    static const SQLSMALLINT sql_types[] = { SQL_BIGINT, SQL_DOUBLE, SQL_VARCHAR };
    form how = forms[column];
    SQLPOINTER value = how == FORM_INT      ? (SQLPOINTER)&a->numbers[column][row]
                       : how == FORM_DOUBLE ? (SQLPOINTER)&a->reals[column][row]
                                            : (SQLPOINTER)a->texts[column][row];
    SQLLEN size = how == FORM_TEXT ? TEXT_SIZE : (SQLLEN)sizeof(int64_t);

    check(SQLBindParameter(stmt, (SQLUSMALLINT)number, SQL_PARAM_INPUT, c_types[how], sql_types[how], (SQLULEN)size, 0,
                           value, size, &a->lengths[column][row]),
          SQL_HANDLE_STMT, stmt, "binding");
}

/* A statement for `rows` rows: in an array, or in so many lists of values. */
static SQLHSTMT
prepare(SQLHDBC dbc, const char *table, int rows)
{
    char *sql = malloc(512 + (size_t)rows * 40);
    SQLHSTMT stmt;

    if (sql == NULL)
        die("preparing", "no memory");
    size_t used = (size_t)snprintf(sql, 512, "INSERT INTO %s %s VALUES ", table, insert_columns);
    for (int row = 0; row < rows; row++)
        used += (size_t)snprintf(sql + used, 40, "%s(?, ?, ?, ?, ?, ?, ?, ?)", row > 0 ? ", " : "");
    SQLAllocHandle(SQL_HANDLE_STMT, dbc, &stmt);
    check(SQLPrepare(stmt, (SQLCHAR *)sql, SQL_NTS), SQL_HANDLE_STMT, stmt, "preparing");
    free(sql);
    return stmt;
}

static void
array(SQLHDBC dbc, copy_rows *rows, const char *table, arrays *a)
{
    SQLHSTMT stmt = prepare(dbc, table, 1);
    cell cells[COLUMNS];
    bool more = true;

    for (int i = 0; i < COLUMNS; i++)
        bind_cell(stmt, i + 1, a, i, 0);
    while (more) {
        int count = 0;
        while (count < ROWS && (more = copy_next(rows, cells)))
            store(a, cells, count++);
        SQLSetStmtAttr(stmt, SQL_ATTR_PARAMSET_SIZE, (SQLPOINTER)(uintptr_t)count, 0);
        if (count > 0)
            check(SQLExecute(stmt), SQL_HANDLE_STMT, stmt, "INSERT");
    }
    SQLFreeHandle(SQL_HANDLE_STMT, stmt);
}

static void
values(SQLHDBC dbc, copy_rows *rows, const char *table, arrays *a)
{
    SQLHSTMT stmt = prepare(dbc, table, VALUES_ROWS);
    int prepared = VALUES_ROWS;
    cell cells[COLUMNS];
    bool more = true;

    while (more) {
        int count = 0;
        while (count < VALUES_ROWS && (more = copy_next(rows, cells)))
            store(a, cells, count++);
        if (count == 0)
            break;
        if (count != prepared) {
            SQLFreeHandle(SQL_HANDLE_STMT, stmt);
            stmt = prepare(dbc, table, count);
            prepared = count;
        }
        for (int row = 0; row < count; row++) {
            for (int i = 0; i < COLUMNS; i++)
                bind_cell(stmt, row * COLUMNS + i + 1, a, i, row);
        }
        check(SQLExecute(stmt), SQL_HANDLE_STMT, stmt, "INSERT");
    }
    SQLFreeHandle(SQL_HANDLE_STMT, stmt);
}

int
main(int argc, char **argv)
{
    arrays *a = calloc(1, sizeof *a);
    copy_rows rows;
    SQLHENV env;
    SQLHDBC dbc;

    if (argc != 6 || a == NULL || (strcmp(argv[1], "array") != 0 && strcmp(argv[1], "values") != 0)) {
        fprintf(stderr, "usage: bare_odbc array|values SOURCE_URL TABLE CONNECTION_STRING TABLE\n");
        return 2;
    }
    SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &env);
    SQLSetEnvAttr(env, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    SQLAllocHandle(SQL_HANDLE_DBC, env, &dbc);
    check(SQLDriverConnect(dbc, NULL, (SQLCHAR *)argv[4], SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT), SQL_HANDLE_DBC,
          dbc, "connecting");
    bool is_array = strcmp(argv[1], "array") == 0;
    run(dbc, is_array ? "START TRANSACTION" : "BEGIN IMMEDIATE");
    copy_open(&rows, argv[2], argv[3]);
    if (is_array)
        array(dbc, &rows, argv[5], a);
    else
        values(dbc, &rows, argv[5], a);
    copy_close(&rows);
    run(dbc, "COMMIT");
    SQLDisconnect(dbc);
    SQLFreeHandle(SQL_HANDLE_DBC, dbc);
    SQLFreeHandle(SQL_HANDLE_ENV, env);
    free(a);
    return 0;
}
