/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that the methods of writing send, as texts: with one row where a statement takes as many as fit. */
#include "driver/odbc/link.h"
#include "driver/odbc/writer.h"

int32_t
incload__write_array_sql(const incload__odbc_writer *writer, incload__str *sql, incload_error **err)
{
    const incload__dialect *dialect = writer->conn->base.dialect;
    int32_t status = incload__write_head(writer, sql, err);

    incload__str_add(sql, "VALUES (");
    for (int32_t i = 0; i < writer->schema.count; i++) {
        incload__str_add(sql, i > 0 ? ", " : "");
        dialect->bind_item(sql, &writer->schema.columns[i], i + 1);
    }
    incload__str_add_char(sql, ')');
    return status;
}

int32_t
incload__link_write_text(incload__conn *conn, const char *table, const incload__schema *schema, incload__str *out,
                         incload_error **err)
{
    /* Borrows all it has: it is only read. */
    incload__odbc_writer writer = { .conn = incload__link_of(conn)->far,
                                    .table = (char *)(uintptr_t)table,
                                    .schema = *schema };
    int32_t status = incload__conn_check(conn, err);

    if (status != INCLOAD_OK)
        return status;
    return writer.conn->profile->bulk == INCLOAD__BULK_UNNEST ? incload__write_unnest_sql(&writer, out, err)
                                                               : incload__write_array_sql(&writer, out, err);
}
