/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/odbc/odbc.h"

#include "driver/odbc/connect.h"

const incload__driver incload__driver_odbc = {
    .name = "odbc",
    .connect = incload__odbc_connect,
    .close = incload__odbc_close,
    .ping = incload__odbc_ping,
    .cancel = incload__odbc_cancel,
    .execute = incload__odbc_execute,
    .select = incload__odbc_select,
    .begin = incload__odbc_begin,
    .commit = incload__odbc_commit,
    .rollback = incload__odbc_rollback,
    .describe = incload__odbc_describe,
    .read_open = incload__odbc_read_open,
    .read_next = incload__odbc_read_next,
    .read_close = incload__odbc_read_close,
    .write_open = incload__odbc_write_open,
    .write_batch = incload__odbc_write_batch,
    .write_close = incload__odbc_write_close,
    .write_abandon = incload__odbc_write_abandon,
    .relay = NULL, /* no two ODBC drivers share an undecoded form */
};
