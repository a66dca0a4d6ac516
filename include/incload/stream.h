/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file stream.h
 * @brief PostgreSQL's log into another database: every change of its tables, in the order of their commits, once.
 *
 * A stream reads what a publication of the source sends through a replication slot. At first it copies the tables in
 * the snapshot that belongs to the slot's beginning, then it follows the log from exactly there. Many transactions of
 * the source land in one of the target, together with the position of the last; only then is the source told that it
 * may forget them. So every change has its effect exactly once, however often the stream is broken off and run again.
 *
 * The source needs `wal_level=logical` and a role with REPLICATION, and is reached by libpq (`postgresql://...`).
 */
#ifndef INCLOAD_STREAM_H
#define INCLOAD_STREAM_H

#include <incload/base.h>

INCLOAD_BEGIN_DECLS

/**
 * @brief A function that sees each change before it is applied.
 *
 * It returns #INCLOAD_DONE to apply the change as it is now, #INCLOAD_SKIP to leave it out, and anything else, 0
 * included, to end the stream with #INCLOAD_E_CALLBACK: nothing of what was read since the last commit lands then, and
 * the change comes again in the next run. `change` is borrowed for the call. It is called on the thread that runs the
 * stream, with no lock of the library held and no transaction open; it may call incload_stream_stop(),
 * incload_stream_cancel() and what reports of the stream, and must call nothing else of this stream. @since 0.1
 */
typedef int32_t (*incload_change_fn)(incload_change *change, void *user_data);

/**
 * @brief Prepare to follow a database.
 * @param source  a PostgreSQL database over libpq
 * @param target  where the changes go: any database that can be a target
 * @param options  `key=value` pairs as in doc/options.md, or NULL; such as `"publication=shop tables='orders, items'"`
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Nothing is connected yet.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_UNSUPPORTED (a source that has no such log),
 * #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_stream *incload_stream_new(incload_database *source, incload_database *target, const char *options,
                                               incload_error **err);

/**
 * @brief Take another reference.
 * @param stream  a stream, or NULL (returns NULL)
 * @return the same object
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_stream *incload_stream_ref(incload_stream *stream);

/**
 * @brief Give a reference back; the last one frees the object. The slot stays.
 * @param stream  a stream, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_stream_unref(incload_stream *stream);

/**
 * @brief Let a function see every change, leave some out, or alter them.
 * @param stream  a stream that is not running
 * @param function  the function, or NULL to take it away
 * @param user_data  handed to the function
 * @param destroy  called when the stream is freed or another function takes its place, or at once on failure; may be
 *   NULL
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * It sees the changes of the log, not the rows that the first copy brings: a stream with a function whose rows must
 * pass it takes `snapshot=never`.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_STATE (the stream is running).
 * Threads: one at a time. Blocking: never. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_stream_set_function(incload_stream *stream, incload_change_fn function, void *user_data,
                                                incload_destroy_fn destroy, incload_error **err);

/**
 * @brief Follow the source on the calling thread, until what option `until` says, a stop, or a failure.
 * @param stream  a stream
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * The first run makes the publication and the slot where they are missing (option `create`), copies the tables (option
 * `snapshot`), and follows. Every later one goes on behind the position that the target has. A run that was broken off
 * in the copy begins that again: nothing of it has landed, or all. A second process waits (option `wait`) for one that
 * is at work on the first copy.
 *
 * A connection of the source that is lost is made anew (options `retries`, `retry_delay`). A thread of the library
 * takes messages in meanwhile and answers the server, so that it is not given up while the target is slow.
 *
 * Errors: #INCLOAD_E_BUSY (another one reads the slot, is at work on the first copy, or has taken that over),
 * #INCLOAD_E_EXISTS (the slot is there, and this stream did not make it; a target table has rows),
 * #INCLOAD_E_NOT_FOUND (slot, publication or table), #INCLOAD_E_STATE_MISSING (what the stream needs of the log is
 * gone: the message names the remedies), #INCLOAD_E_STATE (it is running already; the source is another server),
 * #INCLOAD_E_TYPE (a table of the source has changed, see `schema_changes`), #INCLOAD_E_CALLBACK,
 * #INCLOAD_E_CANCELLED, those of incload_changes_commit(), and errors of the servers.
 * Threads: any, one at a time. Blocking: as long as it runs. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_stream_run(incload_stream *stream, incload_error **err);

/**
 * @brief Let a run end soon: what was read whole is committed and confirmed first.
 * @param stream  a stream, or NULL (nothing happens)
 *
 * The run returns #INCLOAD_OK, also when the connection to the source is lost meanwhile: what was not committed then
 * comes again in the next run. Without a run, the next one ends as soon as it has begun.
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_stream_stop(incload_stream *stream);

/**
 * @brief Break a run off, whatever it does: nothing more lands.
 * @param stream  a stream, or NULL (nothing happens)
 *
 * The run returns #INCLOAD_E_CANCELLED, as do all later ones of this object.
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_stream_cancel(incload_stream *stream);

/**
 * @brief Take the stream away from both databases: its slot, and its position.
 * @param stream  a stream that is not running
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * A slot that nobody reads keeps the source's log until its disk is full. The publication and the tables stay. What is
 * not there is no error.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_STATE (it is running), #INCLOAD_E_BUSY (another one reads the slot), errors of
 * the servers.
 * Threads: any, one at a time. Blocking: up to `connect_timeout` and a few statements. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_stream_remove(incload_stream *stream, incload_error **err);

/**
 * @brief A step that follows the source: until the stream has caught up, a position is reached, or the run is drained.
 * @param stream  a stream; the step holds a reference; one run at a time may be at work with it
 * @param options  `key=value` pairs of the object `"stream_step"`, or NULL: until when it goes on, whatever the
 *   stream's own options `until` and `until_position` say
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * In a pipeline or alone, a run of it is one unit: it does what incload_stream_run() does, the first copy included, and
 * tells its rows and its progress as a load does; incload_stream_position() tells where it has come. What is committed
 * stays, whatever comes after. A run that is drained ends it at the next end of a transaction of the source, a first
 * copy once that has landed, and well with `until=stopped`; one that is cancelled or out of time interrupts what is
 * under way. After a failure another attempt goes on behind the committed position. incload_stream_stop() ends a step
 * with `until=stopped` well, and others with #INCLOAD_E_CANCELLED; incload_stream_cancel() ends all that the stream is
 * in. A first copy is one sign of life for the step's option `heartbeat`, and so is a commit.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_step *incload_step_new_stream(incload_stream *stream, const char *options, incload_error **err);

/* ---- how it is getting on: for any thread, at any time ---- */

/**
 * @brief Where the last committed change stands: the end of its transaction in the source's log, and its number there.
 * @param stream  a stream
 * @param position  gets the position in the log; 0 when nothing was committed
 * @param ordinal  gets the number in the transaction, from 1
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * It is what this object knows from its runs.
 *
 * Errors: #INCLOAD_E_INVALID.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_stream_position(const incload_stream *stream, uint64_t *position, uint64_t *ordinal,
                                            incload_error **err);

/**
 * @brief How far the log was received.
 * @param stream  a stream, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API uint64_t incload_stream_received(const incload_stream *stream);

/**
 * @brief Up to where the source was told that it may forget its log: never past what the target has.
 * @param stream  a stream, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API uint64_t incload_stream_confirmed(const incload_stream *stream);

/**
 * @brief Bytes of the source's log between its end, as it was seen last, and the committed position.
 * @param stream  a stream, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_stream_lag_bytes(const incload_stream *stream);

/**
 * @brief How old the last committed change was when it was committed in the target, in microseconds: by the clock of
 *   the source and that of this machine.
 * @param stream  a stream, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_stream_lag_us(const incload_stream *stream);

/**
 * @brief Bytes of log that the source keeps for the slot, as it was asked last (option `slot_interval`).
 * @param stream  a stream, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_stream_retained_bytes(const incload_stream *stream);

/**
 * @brief Whether that is more than option `slot_alarm` allows: 1 or 0.
 * @param stream  a stream, or NULL (returns 0)
 *
 * Beyond `max_slot_wal_keep_size` the source throws the log away, and the stream is lost.
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_stream_alarm(const incload_stream *stream);

/**
 * @brief Changes of one kind that were read from the log and handed to the target.
 * @param stream  a stream, or NULL (returns 0)
 * @param operation  one of INCLOAD_CHANGE_...; 0: all; #INCLOAD_CHANGE_READ: rows that the first copy brought
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_stream_changes(const incload_stream *stream, int32_t operation);

/**
 * @brief Transactions of the source that were read to their end.
 * @param stream  a stream, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_stream_transactions(const incload_stream *stream);

/**
 * @brief Commits in the target, each of many transactions of the source.
 * @param stream  a stream, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_stream_commits(const incload_stream *stream);

/* ---- one change, for the function ---- */

/**
 * @brief What it did: one of INCLOAD_CHANGE_...
 * @param change  a change
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_change_operation(const incload_change *change);

/**
 * @brief The schema of its table in the source.
 * @param change  a change
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_change_schema(const incload_change *change);

/**
 * @brief Its table in the source.
 * @param change  a change
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_change_table(const incload_change *change);

/**
 * @brief How many columns its table has in the source; 0 for a truncate.
 * @param change  a change
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_change_column_count(const incload_change *change);

/**
 * @brief The name of a column.
 * @param change  a change
 * @param index  from 0
 * @return the name, or NULL for an index that is out of range
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_change_column_name(const incload_change *change, int32_t index);

/**
 * @brief The value of a column, of a delete as far as the log tells it.
 * @param change  a change
 * @param index  from 0
 * @param length  gets its length in bytes, -1 where the change does not tell the column; may be NULL. The text is not
 *   ended by NUL
 * @return the value as PostgreSQL's text, or NULL for SQL NULL and for what is not told
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_change_value(const incload_change *change, int32_t index, int64_t *length);

/**
 * @brief The value that an update replaced, where the log tells it: of the key if that changed, or of all columns.
 * @param change  a change
 * @param index  from 0
 * @param length  as in incload_change_value()
 * @return as incload_change_value()
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_change_old_value(const incload_change *change, int32_t index, int64_t *length);

/**
 * @brief Put another value in the place of one.
 * @param change  a change
 * @param index  from 0
 * @param value  a text that the target can read, or NULL for SQL NULL; copied
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * The key is to be left alone: rows are told by it.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_NO_MEMORY.
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_change_set_value(incload_change *change, int32_t index, const char *value,
                                             incload_error **err);

/**
 * @brief Where it stands: the end of its transaction in the source's log, and its number there.
 * @param change  a change
 * @param position  gets the position
 * @param ordinal  gets the number, from 1
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: #INCLOAD_E_INVALID.
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_change_position(const incload_change *change, uint64_t *position, uint64_t *ordinal,
                                            incload_error **err);

/**
 * @brief When its transaction was committed, in microseconds since 1970 by the source's clock.
 * @param change  a change
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_change_committed_us(const incload_change *change);

INCLOAD_END_DECLS

#endif /* INCLOAD_STREAM_H */
