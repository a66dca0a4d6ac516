/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL's replication connection: commands in replication.c, the stream in replication_stream.c. */
#ifndef INCLOAD_LIB_DRIVER_LIBPQ_REPLICATION_H
#define INCLOAD_LIB_DRIVER_LIBPQ_REPLICATION_H

#include "driver/libpq/pq.h"
#include "driver/replication.h"

extern const incload__replication incload__pq_replication;

int32_t incload__pq_log_receive(incload__conn *conn, int64_t until_us, bool wants, incload__log_message *out,
                                incload_error **err);
void incload__pq_log_free_message(incload__log_message *message);
void incload__pq_log_nudge(incload__conn *conn);
int32_t incload__pq_log_confirm(incload__conn *conn, incload__lsn received, incload__lsn durable, bool ask,
                                incload_error **err);
void incload__pq_log_stop(incload__conn *conn);

#endif
