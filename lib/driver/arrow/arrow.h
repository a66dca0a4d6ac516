/* SPDX-License-Identifier: Apache-2.0 */
/* What the driver's two halves share: the connection (conn.c), and the one reading (reader.c). */
#ifndef INCLOAD_LIB_DRIVER_ARROW_ARROW_H
#define INCLOAD_LIB_DRIVER_ARROW_ARROW_H

#include "driver/arrow/stream.h"
#include "driver/driver.h"

typedef struct incload__arrow_conn {
    incload__conn base;
    incload__arrow_stream *stream; /* the database's */
} incload__arrow_conn;

int32_t incload__arrow_read_open(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                                 const incload__schema *schema, incload__reader **out, incload_error **err);
int32_t incload__arrow_read_next(incload__reader *reader, incload__builder *builder, int64_t max_rows,
                                 int64_t max_bytes, int64_t *rows, incload_error **err);
void incload__arrow_read_close(incload__reader *reader);

#endif
