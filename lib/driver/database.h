/* SPDX-License-Identifier: Apache-2.0 */
/* The database behind the public handle: its options, its pool, and what the layers above need of them. */
#ifndef INCLOAD_LIB_DRIVER_DATABASE_H
#define INCLOAD_LIB_DRIVER_DATABASE_H

#include <incload/call.h>
#include <incload/database.h>

#include "base/option.h"
#include "driver/driver.h"
#include "sched/context.h"

extern const incload__option_table incload__database_options;

incload_context *incload__database_context(const incload_database *database);
const incload__env *incload__database_env(const incload_database *database);
/* Schema or prefix of the library's own tables. */
const char *incload__database_ledger(const incload_database *database);
/* What servers and other runs see as the program's name. */
const char *incload__database_application(const incload_database *database);
/* "libpq", "odbc", "mock" */
const char *incload__database_driver(const incload_database *database);

/* As incload__url_place. */
void incload__database_place(const incload_database *database, incload__str *space, incload__str *base);

/* The deadline of a statement that begins now, by the option statement_timeout; 0: none. */
int64_t incload__database_statement_deadline(const incload_database *database);

/* The most that can be taken at one time. */
int64_t incload__database_max_connections(const incload_database *database);
/* How many wait for a connection. */
int32_t incload__database_waiting(const incload_database *database);
/* A connection of the pool; `owner` groups connections for incload__database_cancel(). The connection's deadline is
 * set. */
int32_t incload__database_take(incload_database *database, incload__role role, int64_t deadline_us, const void *owner,
                               incload__conn **out, incload_error **err);
/* The same for what incload_call_cancel() interrupts: the call owns the connection. NULL: nobody's, which is never
 * cancelled. */
int32_t incload__database_take_for(incload_database *database, incload_call *call, incload__role role,
                                   int64_t deadline_us, incload__conn **out, incload_error **err);
void incload__database_give_back(incload_database *database, incload__conn *conn);
/* INCLOAD_E_UNSUPPORTED where there is no such log. Does not connect. */
int32_t incload__database_check_log(const incload_database *database, incload_error **err);
/* A connection to the server's log, outside of the pool: the taker closes it. `cancelled` (may be NULL) ends the
 * connecting. INCLOAD_E_UNSUPPORTED where there is no such log. */
int32_t incload__database_open_log(incload_database *database, int64_t deadline_us, const atomic_bool *cancelled,
                                   incload__conn **out, incload_error **err);
void incload__database_cancel(incload_database *database, const void *owner);

/* How far this server's clock went back against ours since the last call of this process; negative or 0 when it did
 * not. Both in microseconds. */
int64_t incload__database_clock_back(incload_database *database, int64_t server_us);

/* incload_database_check(), _execute() and _query(), for a call or for NULL. */
int32_t incload__database_check(incload_database *database, incload_call *call, incload_error **err);
int32_t incload__database_execute(incload_database *database, incload_call *call, const char *sql, int64_t *rows,
                                  incload_error **err);
int32_t incload__database_query(incload_database *database, incload_call *call, const char *sql,
                                struct ArrowArrayStream *out, incload_error **err);

/* SELECT of `schema`'s columns from `(query) AS q`, or the query itself where every column can be read as it stands. */
int32_t incload__wrap_query(const incload__conn *conn, const char *query, const incload__schema *schema,
                            incload__str *out, incload_error **err);

#endif
