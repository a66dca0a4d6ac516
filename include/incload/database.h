/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file database.h
 * @brief A database: one string names it, one handle pools its connections.
 */
#ifndef INCLOAD_DATABASE_H
#define INCLOAD_DATABASE_H

#include <incload/base.h>
#include <incload/arrow.h>

INCLOAD_BEGIN_DECLS

/**
 * @brief Name a database. Nothing is connected yet.
 * @param url  `postgresql://user@host:port/name?...` (libpq's form, with all its parameters) or
 *   `odbc:Driver=...;...` (unixODBC's form, or `odbc:DSN=...`)
 * @param options  `key=value` pairs of the object `"database"`, or NULL
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * The library reads no environment of its own; libpq and unixODBC read theirs (PGSSLMODE, odbcinst.ini, ...), and
 * what decides about values (time zone, encoding, date style) is set by the library on every connection.
 *
 * Errors: #INCLOAD_E_INVALID (not such a string; the message never repeats it, since it may hold a password),
 * #INCLOAD_E_UNSUPPORTED (this build lacks the driver), #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_database *incload_database_new(const char *url, const char *options, incload_error **err);

/**
 * @brief As incload_database_new(), in a context of the host.
 * @param context  a context; the database holds a reference
 * @param url  as for incload_database_new()
 * @param options  as for incload_database_new()
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Errors: as incload_database_new().
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_database *incload_database_new_in(incload_context *context, const char *url, const char *options,
                                                      incload_error **err);

/**
 * @brief An Arrow stream of the host's, as the source of one load.
 * @param context  a context, or NULL for one of its own; the database holds a reference
 * @param stream  the rows; the library takes it over and marks the host's structure as released, also on failure
 * @param options  `key=value` pairs of the object `"database"`, or NULL
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * It is the source of a step as any database is, with one table that has the stream's columns and goes by whatever
 * name the step gives it; it can be no target. The rows are read once: a second load of the same stream is
 * #INCLOAD_E_STATE, and a load that failed once it had begun to read is not started over by itself. One chunk is held
 * at a time. Rows of a window (options `window`, `cursor`) are picked as they come; what asks the source a question
 * (`detect_deletes`, verification, advice, a query) is #INCLOAD_E_UNSUPPORTED.
 *
 * The stream's functions are called from one thread at a time with no lock held: get_schema here, get_next from the
 * thread that drives the run, release when the last row was read, or the read was given up, or the last reference goes.
 *
 * Errors: #INCLOAD_E_INVALID (not a stream of structs), #INCLOAD_E_TYPE (a column has a nested or unknown type; the
 * message names it), #INCLOAD_E_CALLBACK (get_schema failed; its words are in the message), #INCLOAD_E_UNKNOWN_OPTION,
 * #INCLOAD_E_NO_MEMORY.
 * Ownership: `stream` is released by the library once, in any case.
 * Threads: any. Blocking: as the stream's get_schema does. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_database *incload_database_new_arrow(incload_context *context, struct ArrowArrayStream *stream,
                                                         const char *options, incload_error **err);

/**
 * @brief Take another reference.
 * @param database  a database, or NULL (returns NULL)
 * @return the same object
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_database *incload_database_ref(incload_database *database);

/**
 * @brief Give a reference back; the last one frees the object.
 * @param database  a database, or NULL (nothing happens)
 *
 * Connections are closed when the last run or child that uses the database has ended.
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_database_unref(incload_database *database);

/**
 * @brief Set one option.
 * @param database  a database that was not used yet
 * @param name  an option of the object `"database"`
 * @param value  its value as text
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_INVALID, #INCLOAD_E_STATE (it was used already),
 * #INCLOAD_E_NO_MEMORY.
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_database_set(incload_database *database, const char *name, const char *value,
                                         incload_error **err);

/**
 * @brief Connect, if no connection is open, and make sure that the server answers.
 * @param database  a database
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: #INCLOAD_E_CONNECT, #INCLOAD_E_AUTH, #INCLOAD_E_NOT_FOUND (no such database or file), #INCLOAD_E_TIMEOUT
 * (option `connect_timeout`), #INCLOAD_E_FORKED.
 * Threads: any. Blocking: up to `connect_timeout`. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_database_check(incload_database *database, incload_error **err);

/**
 * @brief The SQL dialect spoken there, found out by connecting once.
 * @param database  a database
 * @param err  where the error goes; may be NULL
 * @return `"postgres"`, `"mariadb"`, `"sqlite"`, `"sqlserver"`, `"ansi"` or, of a stream, `"arrow"`:
 *   static text; NULL on an error
 *
 * Errors: as incload_database_check().
 * Threads: any. Blocking: up to `connect_timeout`. Callback-safe: no. @since 0.1
 */
INCLOAD_API const char *incload_database_dialect(incload_database *database, incload_error **err);

/**
 * @brief Run one statement that returns no rows; the server commits it by itself.
 * @param database  a database
 * @param sql  one statement, in the database's own SQL
 * @param rows  gets the rows affected, -1 when the server does not say; may be NULL
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * For a host's own small needs, such as preparing tables. Text is not parsed: do not put values into it that others
 * supplied.
 *
 * Errors: any of the server's: #INCLOAD_E_SQL, #INCLOAD_E_CONSTRAINT, #INCLOAD_E_NOT_FOUND, ...; #INCLOAD_E_TIMEOUT
 * (option `statement_timeout`).
 * Threads: any. Blocking: until the statement ends, at most `statement_timeout`. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_database_execute(incload_database *database, const char *sql, int64_t *rows, incload_error
                                             **err);

/**
 * @brief Run one query and read its result as Arrow batches.
 * @param database  a database
 * @param sql  one query, in the database's own SQL
 * @param out  gets the stream; untouched on failure
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * The stream is used by one thread at a time. Memory is bounded by a batch (MariaDB's ODBC driver of Debian 12
 * buffers the whole result).
 *
 * Errors: as incload_database_execute(); #INCLOAD_E_TYPE for a type that cannot be read.
 * Ownership: `out` belongs to the caller, who calls its release once; it holds the database and a connection until
 * then.
 * Threads: any. Blocking: until the first rows come, at most `statement_timeout`; the stream's get_next blocks
 * likewise. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_database_query(incload_database *database, const char *sql, struct ArrowArrayStream *out,
                                           incload_error **err);

INCLOAD_END_DECLS

#endif /* INCLOAD_DATABASE_H */
