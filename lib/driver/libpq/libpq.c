/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/libpq/replication.h"

const incload__driver incload__driver_libpq = {
    .name = "libpq",
    .connect = incload__pq_connect,
    .close = incload__pq_close,
    .ping = incload__pq_ping,
    .cancel = incload__pq_cancel,
    .execute = incload__pq_execute,
    .select = incload__pq_select,
    .begin = incload__pq_begin,
    .commit = incload__pq_commit,
    .rollback = incload__pq_rollback,
    .describe = incload__pq_describe,
    .read_open = incload__pq_read_open,
    .read_next = incload__pq_read_next,
    .read_close = incload__pq_read_close,
    .write_open = incload__pq_write_open,
    .write_batch = incload__pq_write_batch,
    .write_close = incload__pq_write_close,
    .write_abandon = incload__pq_write_abandon,
    .relay = incload__pq_relay,
    .read_before = "COPY (",
    .read_after = "\n) TO STDOUT (FORMAT binary)",
    .write_text = incload__pq_write_text,
    .replication = &incload__pq_replication,
};
