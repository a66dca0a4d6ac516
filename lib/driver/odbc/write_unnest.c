/* SPDX-License-Identifier: Apache-2.0 */
/* INSERT ... SELECT FROM unnest(one text array a column): one round trip and one parsed statement for thousands of
 * rows. psqlODBC's own parameter arrays are one message a row, five times slower. */
#include "driver/odbc/writer.h"

#include <string.h>

/* The dialect's cast of a placeholder, for the column of unnest() in its place. Not the full native type: an explicit
 * cast to varchar(3) or bit(3) cuts in silence, where the assignment refuses. */
static int32_t
add_cast(incload__str *sql, const incload__conn *conn, const incload__column *column, incload_error **err)
{
    incload__str item = INCLOAD__STR(sql->mem);

    conn->dialect->bind_item(&item, column, 1);
    int32_t status = item.failed ? incload__fail_memory(err) : INCLOAD_OK;
    const char *cast = status == INCLOAD_OK ? strchr(incload__str_text(&item), ':') : NULL;
    if (cast != NULL)
        incload__str_add(sql, cast);
    incload__str_free(&item);
    return status;
}

int32_t
incload__write_unnest_sql(const incload__odbc_writer *writer, incload__str *sql, incload_error **err)
{
    const incload__conn *conn = &writer->conn->base;
    int32_t status = incload__write_head(writer, sql, err);

    incload__str_add(sql, "SELECT ");
    for (int32_t i = 0; i < writer->schema.count && status == INCLOAD_OK; i++) {
        incload__str_addf(sql, "%sa%d", i > 0 ? ", " : "", i + 1);
        status = add_cast(sql, conn, &writer->schema.columns[i], err);
    }
    for (int32_t i = 0; i < writer->schema.count; i++)
        incload__str_add(sql, i > 0 ? ", ?::text[]" : " FROM unnest(?::text[]");
    for (int32_t i = 0; i < writer->schema.count; i++)
        incload__str_addf(sql, "%sa%d", i > 0 ? ", " : ") AS u(", i + 1);
    incload__str_add_char(sql, ')');
    return status;
}

static int32_t
prepare(incload__odbc_writer *writer, incload_error **err)
{
    incload__str sql = INCLOAD__STR(&writer->conn->base.env->mem);
    int32_t status = incload__write_unnest_sql(writer, &sql, err);

    if (status == INCLOAD_OK && sql.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = incload__write_prepare(writer, sql.data, 1, err);
    incload__str_free(&sql);
    return status;
}

static void
add_quoted(incload__str *out, const char *bytes, size_t length)
{
    size_t from = 0;

    incload__str_add_char(out, '"');
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != '"' && bytes[i] != '\\')
            continue;
        incload__str_add_bytes(out, bytes + from, i - from);
        incload__str_add_char(out, '\\');
        from = i;
    }
    incload__str_add_bytes(out, bytes + from, length - from);
    incload__str_add_char(out, '"');
}

/* bytea's hex form, its backslash escaped. */
static void
add_bytea(incload__str *out, const char *bytes, size_t length)
{
    incload__str_add(out, "\"\\\\x");
    incload__str_add_hex(out, bytes, length);
    incload__str_add_char(out, '"');
}

/* Every value is quoted, so that the text NULL is not taken for NULL. */
static void
add_array(const incload__odbc_writer *writer, int32_t column, incload__str *out)
{
    bool binary = writer->schema.columns[column].type.kind == INCLOAD__BINARY;

    for (int32_t row = 0; row < writer->sent->rows; row++) {
        const incload__write_cell *cell = incload__write_at(writer, row, column);
        incload__str_add_char(out, row > 0 ? ',' : '{');
        if (cell->is_null)
            incload__str_add(out, "NULL");
        else if (binary)
            add_bytea(out, incload__write_bytes(writer, cell), cell->length);
        else
            add_quoted(out, incload__write_bytes(writer, cell), cell->length);
    }
    incload__str_add_char(out, '}');
}

static int32_t
bind_array(incload__odbc_writer *writer, int32_t column, incload__str *text, SQLLEN *length, incload_error **err)
{
    add_array(writer, column, text);
    if (text->failed)
        return incload__fail_memory(err);
    *length = (SQLLEN)text->length;
    SQLRETURN rc = SQLBindParameter(writer->prepared, (SQLUSMALLINT)(column + 1), SQL_PARAM_INPUT, SQL_C_CHAR,
                                    SQL_VARCHAR, text->length, 0, text->data, *length, length);
    return SQL_SUCCEEDED(rc) ? INCLOAD_OK : incload__write_fail(writer, err);
}

static int32_t
unnest_send(incload__odbc_writer *writer, int64_t *taken, incload_error **err)
{
    const incload__mem *mem = &writer->conn->base.env->mem;
    size_t columns = (size_t)writer->schema.count;
    incload__str *texts = incload__alloc_array(mem, columns, sizeof *texts);
    SQLLEN *lengths = incload__alloc_array(mem, columns, sizeof *lengths);
    int32_t status = INCLOAD_OK;

    if (texts == NULL || lengths == NULL) {
        status = incload__fail_memory(err);
        goto done;
    }
    for (int32_t i = 0; i < writer->schema.count; i++)
        texts[i] = (incload__str)INCLOAD__STR(mem);
    if (writer->prepared_rows == 0)
        status = prepare(writer, err);
    for (int32_t i = 0; i < writer->schema.count && status == INCLOAD_OK; i++)
        status = bind_array(writer, i, &texts[i], &lengths[i], err);
    if (status == INCLOAD_OK)
        status = incload__write_run(writer, taken, err);
    if (writer->prepared != NULL)
        SQLFreeStmt(writer->prepared, SQL_RESET_PARAMS);
    for (int32_t i = 0; i < writer->schema.count; i++)
        incload__str_free(&texts[i]);
done:
    incload__free(mem, texts);
    incload__free(mem, lengths);
    return status;
}

const incload__method incload__method_unnest = { .send = unnest_send };
