/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file call.h
 * @brief A host's own statements to a database, which another thread can interrupt.
 *
 * incload_database_execute() and incload_database_query() end by themselves or by `statement_timeout`. A host that
 * gives up earlier (its context ended, its user pressed a key) makes a call, works by it, and cancels it.
 */
#ifndef INCLOAD_CALL_H
#define INCLOAD_CALL_H

#include <incload/arrow.h>
#include <incload/base.h>

INCLOAD_BEGIN_DECLS

/**
 * @brief Prepare calls to a database that are cancelled together. Nothing is connected.
 * @param database  a database; the call holds a reference
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_call *incload_call_new(incload_database *database, incload_error **err);

/**
 * @brief Take another reference.
 * @param call  a call, or NULL (returns NULL)
 * @return the same object
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_call *incload_call_ref(incload_call *call);

/**
 * @brief Give a reference back; the last one frees the object. Nothing is interrupted by that: what another thread has
 * under way by this call goes on to its end.
 * @param call  a call, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_call_unref(incload_call *call);

/**
 * @brief As incload_database_check().
 * @param call  a call
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: as incload_database_check(), #INCLOAD_E_CANCELLED.
 * Threads: any. Blocking: up to `connect_timeout`, half a second once it is cancelled. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_call_check(incload_call *call, incload_error **err);

/**
 * @brief As incload_database_execute().
 * @param call  a call
 * @param sql  one statement, in the database's own SQL
 * @param rows  gets the rows affected, -1 when the server does not say; may be NULL
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: as incload_database_execute(), #INCLOAD_E_CANCELLED: the statement was interrupted at the server, whose
 * effects a server with transactions undoes, or it had ended there just before.
 * Threads: any. Blocking: until the statement ends, at most `statement_timeout`, half a second once it is cancelled.
 * Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_call_execute(incload_call *call, const char *sql, int64_t *rows, incload_error **err);

/**
 * @brief As incload_database_query().
 * @param call  a call; the stream holds a reference
 * @param sql  one query, in the database's own SQL
 * @param out  gets the stream; untouched on failure
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * The stream's get_next is interrupted by incload_call_cancel() as well, and gives `ECANCELED`.
 *
 * Errors: as incload_database_query(), #INCLOAD_E_CANCELLED.
 * Ownership: as incload_database_query().
 * Threads: any. Blocking: until the first rows come, at most `statement_timeout`, half a second once it is cancelled;
 * the stream's get_next blocks likewise. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_call_query(incload_call *call, const char *sql, struct ArrowArrayStream *out,
                                       incload_error **err);

/**
 * @brief Interrupt what is under way by this call, at the server as well, and refuse all that comes later.
 * @param call  a call, or NULL (nothing happens)
 *
 * Other calls to the same database, and runs, go on.
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_call_cancel(incload_call *call);

INCLOAD_END_DECLS

#endif /* INCLOAD_CALL_H */
