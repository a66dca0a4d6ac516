/* SPDX-License-Identifier: Apache-2.0 */
/* In which form a cell or parameter crosses to and from an ODBC driver.
 *
 * Written, by the kind of the target column and the driver's profile:
 *   INT8..INT64              a 64-bit integer
 *   FLOAT32, FLOAT64         a double (text where the profile writes everything as text)
 *   BINARY                   bytes (text `\x...` where parameters are numbered, that is, for PostgreSQL)
 *   everything else          text made by dialect->encode
 *
 * Read, by the kind of the schema's column: integers and doubles where the driver is exact in them, bytes for BINARY
 * and (when the profile says so) for whatever dialect->select_item casts `AS BLOB)`, text for everything else. */
#ifndef INCLOAD_LIB_DRIVER_ODBC_CELL_H
#define INCLOAD_LIB_DRIVER_ODBC_CELL_H

#include "driver/odbc/odbc.h"

typedef enum incload__cell {
    INCLOAD__CELL_TEXT,
    INCLOAD__CELL_INT,
    INCLOAD__CELL_DOUBLE,
    INCLOAD__CELL_BYTES
} incload__cell;

bool incload__kind_is_int(incload__kind kind); /* INT8..INT64: a 64-bit integer holds every value */
bool incload__kind_is_float(incload__kind kind);

/* The form in which a column is read. INCLOAD_E_... when the dialect refuses the column. */
int32_t incload__cell_read(const incload__conn *conn, const incload__odbc_profile *profile,
                           const incload__column *column, incload__cell *out, incload_error **err);
/* The form in which a column is written. */
incload__cell incload__cell_write(const incload__conn *conn, const incload__odbc_profile *profile,
                                  const incload__column *column);

SQLSMALLINT incload__cell_c_type(incload__cell form);
SQLSMALLINT incload__cell_sql_type(incload__cell form);

#endif
