/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/odbc/cell.h"

#include <string.h>

bool
incload__kind_is_int(incload__kind kind)
{
    return kind >= INCLOAD__INT8 && kind <= INCLOAD__INT64;
}

bool
incload__kind_is_float(incload__kind kind)
{
    return kind == INCLOAD__FLOAT32 || kind == INCLOAD__FLOAT64;
}

/* True when the dialect's expression holds `part`; the profile asks for such columns to cross as bytes. */
static bool
holds(const incload__str *expression, const char *part)
{
    const char *text = incload__str_text(expression);

    return text != NULL && strstr(text, part) != NULL;
}

int32_t
incload__cell_read(const incload__conn *conn, const incload__odbc_profile *profile, const incload__column *column,
                   incload__cell *out, incload_error **err)
{
    incload__str item = INCLOAD__STR(&conn->env->mem);
    int32_t status = INCLOAD_OK;

    *out = INCLOAD__CELL_TEXT;
    if (column->type.kind == INCLOAD__BINARY) {
        *out = INCLOAD__CELL_BYTES;
    } else if (profile->text_as_bytes) {
        status = conn->dialect->select_item(&item, column, INCLOAD__WIRE_TEXT, err);
        if (status == INCLOAD_OK && item.failed)
            status = incload__fail_memory(err);
        if (status == INCLOAD_OK && holds(&item, "AS BLOB)"))
            *out = INCLOAD__CELL_BYTES;
    } else if (incload__kind_is_int(column->type.kind) && profile->ints_typed) {
        *out = INCLOAD__CELL_INT;
    } else if (incload__kind_is_float(column->type.kind) && profile->floats_typed) {
        *out = INCLOAD__CELL_DOUBLE;
    }
    incload__str_free(&item);
    return status;
}

incload__cell
incload__cell_write(const incload__conn *conn, const incload__odbc_profile *profile, const incload__column *column)
{
    if (conn->dialect->numbered_params)
        return INCLOAD__CELL_TEXT; /* throughout: PostgreSQL gives each its type by the place it stands in */
    if (column->type.kind == INCLOAD__BINARY)
        return INCLOAD__CELL_BYTES;
    if (incload__kind_is_int(column->type.kind))
        return INCLOAD__CELL_INT;
    return incload__kind_is_float(column->type.kind) && profile->floats_written ? INCLOAD__CELL_DOUBLE
                                                                                 : INCLOAD__CELL_TEXT;
}

SQLSMALLINT
incload__cell_c_type(incload__cell form)
{
    static const SQLSMALLINT types[] = {
        [INCLOAD__CELL_TEXT] = SQL_C_CHAR,
        [INCLOAD__CELL_INT] = SQL_C_SBIGINT,
        [INCLOAD__CELL_DOUBLE] = SQL_C_DOUBLE,
        [INCLOAD__CELL_BYTES] = SQL_C_BINARY,
    };
    return types[form];
}

SQLSMALLINT
incload__cell_sql_type(incload__cell form)
{
    static const SQLSMALLINT types[] = {
        [INCLOAD__CELL_TEXT] = SQL_VARCHAR,
        [INCLOAD__CELL_INT] = SQL_BIGINT,
        [INCLOAD__CELL_DOUBLE] = SQL_DOUBLE,
        [INCLOAD__CELL_BYTES] = SQL_LONGVARBINARY,
    };
    return types[form];
}
