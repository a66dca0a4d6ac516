/* SPDX-License-Identifier: Apache-2.0 */
/* The limits that loads into MariaDB are held against, by its own client library, in one transaction:
 *
 *     bare_mariadb bulk    prepared INSERT with arrays of parameters (STMT_ATTR_ARRAY_SIZE)
 *     bare_mariadb infile  LOAD DATA LOCAL INFILE, fed from memory by what COPY in text form brings
 *
 *     bare_mariadb HOW SOURCE_URL TABLE SOCKET USER PASSWORD DATABASE TABLE */
#include <errmsg.h>
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/copy_rows.h"

enum { ROWS = 5000 };

typedef struct arrays {
    int64_t numbers[COLUMNS][ROWS];
    double reals[COLUMNS][ROWS];
    char *texts[COLUMNS][ROWS];
    unsigned long lengths[COLUMNS][ROWS];
    char indicators[COLUMNS][ROWS];
    char bytes[COLUMNS][ROWS][TEXT_SIZE];
} arrays;

static MYSQL *
open_target(char **where)
{
    MYSQL *target = mysql_init(NULL);
    unsigned int local = 1;

    mysql_options(target, MYSQL_OPT_LOCAL_INFILE, &local);
    mysql_options(target, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (mysql_real_connect(target, NULL, where[1], where[2], where[3], 0, where[0], 0) == NULL)
        die("connecting", mysql_error(target));
    return target;
}

static void
run(MYSQL *target, const char *sql)
{
    if (mysql_real_query(target, sql, (unsigned long)strlen(sql)) != 0)
        die(sql, mysql_error(target));
}

/* ---- bulk ---- */

static void
bind_column(MYSQL_BIND *bind, arrays *a, int column)
{
    memset(bind, 0, sizeof *bind);
    bind->u.indicator = a->indicators[column];
    if (forms[column] == FORM_INT) {
        bind->buffer_type = MYSQL_TYPE_LONGLONG;
        bind->buffer = a->numbers[column];
    } else if (forms[column] == FORM_DOUBLE) {
        bind->buffer_type = MYSQL_TYPE_DOUBLE;
        bind->buffer = a->reals[column];
    } else {
        bind->buffer_type = MYSQL_TYPE_STRING;
        bind->buffer = a->texts[column];
        bind->length = a->lengths[column];
    }
}

static void
store(arrays *a, const cell *cells, int row)
{
    for (int i = 0; i < COLUMNS; i++) {
        a->indicators[i][row] = cells[i].is_null ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE;
        a->numbers[i][row] = cells[i].number;
        a->reals[i][row] = cells[i].real;
        if (forms[i] != FORM_TEXT || cells[i].is_null)
            continue;
        if (cells[i].length > TEXT_SIZE)
            die("bulk", "a text is longer than the bench's own");
        memcpy(a->bytes[i][row], cells[i].text, (size_t)cells[i].length);
        a->lengths[i][row] = (unsigned long)cells[i].length;
    }
}

static void
send_rows(MYSQL_STMT *insert, MYSQL_BIND *binds, unsigned int count)
{
    if (count == 0)
        return;
    mysql_stmt_attr_set(insert, STMT_ATTR_ARRAY_SIZE, &count);
    if (mysql_stmt_bind_param(insert, binds) != 0 || mysql_stmt_execute(insert) != 0)
        die("INSERT", mysql_stmt_error(insert));
}

static void
bulk(MYSQL *target, char **from, const char *table)
{
    arrays *a = calloc(1, sizeof *a);
    MYSQL_STMT *insert = mysql_stmt_init(target);
    MYSQL_BIND binds[COLUMNS];
    cell cells[COLUMNS];
    unsigned int count = 0;
    copy_rows rows;
    char sql[512];

    if (a == NULL)
        die("bulk", "no memory");
    snprintf(sql, sizeof sql, "INSERT INTO %s %s VALUES (?, ?, ?, ?, ?, ?, ?, ?)", table, insert_columns);
    if (mysql_stmt_prepare(insert, sql, (unsigned long)strlen(sql)) != 0)
        die(sql, mysql_stmt_error(insert));
    for (int i = 0; i < COLUMNS; i++) {
        bind_column(&binds[i], a, i);
        for (int row = 0; row < ROWS; row++)
            a->texts[i][row] = a->bytes[i][row];
    }
    copy_open(&rows, from[0], from[1]);
    while (copy_next(&rows, cells)) {
        store(a, cells, (int)count++);
        if (count == ROWS) {
            send_rows(insert, binds, count);
            count = 0;
        }
    }
    send_rows(insert, binds, count);
    copy_close(&rows);
    mysql_stmt_close(insert);
    free(a);
}

/* ---- infile ---- */

typedef struct feed {
    PGconn *conn;
    char *row;
    int length;
    int used;
    bool ended; /* a further call would fail */
} feed;

static int
feed_init(void **handle, const char *name, void *data)
{
    (void)name;
    *handle = data;
    return 0;
}

static int
feed_read(void *handle, char *buffer, unsigned int size)
{
    feed *f = handle;
    unsigned int filled = 0;

    while (filled < size) {
        if (f->used == f->length) {
            PQfreemem(f->row);
            f->row = NULL;
            f->used = f->length = 0;
            int length = f->ended ? -1 : PQgetCopyData(f->conn, &f->row, 0);
            if (length == -2)
                return -1;
            f->ended = length < 0;
            if (f->ended)
                break;
            f->length = length;
        }
        int part = f->length - f->used;
        if ((unsigned int)part > size - filled)
            part = (int)(size - filled);
        memcpy(buffer + filled, f->row + f->used, (size_t)part);
        f->used += part;
        filled += (unsigned int)part;
    }
    return (int)filled;
}

static void
feed_end(void *handle)
{
    (void)handle;
}

static int
feed_error(void *handle, char *text, unsigned int size)
{
    feed *f = handle;

    snprintf(text, size, "%s", PQerrorMessage(f->conn));
    return CR_UNKNOWN_ERROR;
}

/* The two text forms are the same: tabs, \N, and a backslash before what is special. */
static void
infile(MYSQL *target, char **from, const char *table)
{
    feed f = { .conn = PQconnectdb(from[0]) };
    char sql[512];

    if (PQstatus(f.conn) != CONNECTION_OK)
        die("connecting", PQerrorMessage(f.conn));
    snprintf(sql, sizeof sql, "COPY %s TO STDOUT", from[1]);
    PGresult *result = PQexec(f.conn, sql);
    if (PQresultStatus(result) != PGRES_COPY_OUT)
        die(sql, PQerrorMessage(f.conn));
    PQclear(result);
    mysql_set_local_infile_handler(target, feed_init, feed_read, feed_end, feed_error, &f);
    snprintf(sql, sizeof sql, "LOAD DATA LOCAL INFILE 'rows' INTO TABLE %s CHARACTER SET utf8mb4 %s", table,
             insert_columns);
    run(target, sql);
    PQfreemem(f.row);
    PQfinish(f.conn);
}

int
main(int argc, char **argv)
{
    if (argc != 9 || (strcmp(argv[1], "bulk") != 0 && strcmp(argv[1], "infile") != 0)) {
        fprintf(stderr, "usage: bare_mariadb bulk|infile SOURCE_URL TABLE SOCKET USER PASSWORD DATABASE TABLE\n");
        return 2;
    }
    MYSQL *target = open_target(argv + 4);
    run(target, "START TRANSACTION");
    if (strcmp(argv[1], "bulk") == 0)
        bulk(target, argv + 2, argv[8]);
    else
        infile(target, argv + 2, argv[8]);
    run(target, "COMMIT");
    mysql_close(target);
    return 0;
}
