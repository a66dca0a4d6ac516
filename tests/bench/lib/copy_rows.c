/* SPDX-License-Identifier: Apache-2.0 */
#include "copy_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 19 };

const form forms[COLUMNS] = { FORM_INT, FORM_INT, FORM_TEXT, FORM_TEXT, FORM_TEXT, FORM_TEXT, FORM_DOUBLE, FORM_INT };
const char insert_columns[] = "(id, customer, amount, state, note, at, score, items)";

void
die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

void
copy_open(copy_rows *rows, const char *url, const char *table)
{
    char sql[512];

    rows->conn = PQconnectdb(url);
    if (PQstatus(rows->conn) != CONNECTION_OK)
        die("connecting", PQerrorMessage(rows->conn));
    snprintf(sql, sizeof sql,
             "COPY (SELECT id, customer::bigint, amount::text, state, note, at::text, score, items::bigint FROM %s) "
             "TO STDOUT (FORMAT binary)",
             table);
    PGresult *result = PQexec(rows->conn, sql);
    if (PQresultStatus(result) != PGRES_COPY_OUT)
        die("COPY", PQerrorMessage(rows->conn));
    PQclear(result);
    rows->message = NULL;
    rows->first = true;
}

static uint64_t
big_endian(const char *at, int32_t length)
{
    uint64_t value = 0;

    for (int32_t i = 0; i < length; i++)
        value = value << 8 | (unsigned char)at[i];
    return value;
}

static const char *
take_cell(const char *at, form how, cell *out)
{
    int32_t length = (int32_t)big_endian(at, 4);

    at += 4;
    *out = (cell){ .is_null = length < 0 };
    if (length < 0)
        return at;
    if (how == FORM_TEXT) {
        out->text = at;
        out->length = length;
    } else {
        out->number = (int64_t)big_endian(at, length);
        memcpy(&out->real, &out->number, sizeof out->real);
    }
    return at + length;
}

bool
copy_next(copy_rows *rows, cell *cells)
{
    PQfreemem(rows->message);
    int length = PQgetCopyData(rows->conn, &rows->message, 0);

    if (length == -2)
        die("COPY", PQerrorMessage(rows->conn));
    if (length < 0)
        return false;
    const char *at = rows->message + (rows->first ? HEADER : 0);
    rows->first = false;
    if ((int16_t)big_endian(at, 2) < 0)
        return copy_next(rows, cells); /* the trailer */
    at += 2;
    for (int32_t i = 0; i < COLUMNS; i++)
        at = take_cell(at, forms[i], &cells[i]);
    return true;
}

void
copy_close(copy_rows *rows)
{
    PQfreemem(rows->message);
    PQfinish(rows->conn);
}
