/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file capture.h
 * @brief Changes of a table whose database shows no log: triggers write down which rows were touched, in a change table
 * beside it, and what they are now is carried to the target.
 *
 * A change table holds keys, not values. A batch takes some of its rows and reads, in the same snapshot, how the rows
 * of these keys are now: what is there is upserted in the target, what is not is deleted. Then exactly what was read is
 * deleted from the change table. A change that became visible late is still there for the next batch, whatever its
 * number; one that is read twice does no harm, since it says only that there is something to look at. After all is
 * consumed the target is what the source was in one snapshot; before that, single rows may be ahead of others.
 *
 * In the order: incload_capture_install(), incload_capture_load(), and incload_capture_run() as often as there may be
 * changes. Writers need not be stopped for any of them. A change table has one consumer; a second target needs a second
 * one (option `change_table`).
 *
 * With option `by=versions` MariaDB's own history of a system-versioned table is read in the place of a change table:
 * nothing is made in the source, and nothing is written there. What is said here of a change table then holds for the
 * versions behind the position that the target keeps.
 *
 * Sources: PostgreSQL, MariaDB and SQLite; targets the same. Each write to the source writes a row more, and what
 * fires no trigger is not seen: TRUNCATE outside of PostgreSQL, partitions that are attached or dropped.
 */
#ifndef INCLOAD_CAPTURE_H
#define INCLOAD_CAPTURE_H

#include <incload/base.h>

INCLOAD_BEGIN_DECLS

/**
 * @brief Prepare to carry changes from a table to another.
 * @param source  the database with the table that is watched
 * @param table  that table, as `"table"` or `"schema.table"`, with a primary key or unique index on columns that are
 *   never NULL
 * @param target  the database that gets the changes; may be the same
 * @param target_table  the table there, with a unique key on the same columns
 * @param options  `key=value` pairs as in doc/options.md, or NULL; such as `"key=id deletes=soft"`
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Looks at the source's table; nothing is made.
 *
 * Errors: #INCLOAD_E_NOT_FOUND (the table or a column of it), #INCLOAD_E_CONSTRAINT (no key), #INCLOAD_E_UNSUPPORTED
 * (this database has no change tables), #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_INVALID, and errors of the server.
 * Threads: any. Blocking: up to `connect_timeout` and a few statements. Callback-safe: no. @since 0.1
 */
INCLOAD_API incload_capture *incload_capture_new(incload_database *source, const char *table, incload_database *target,
                                                 const char *target_table, const char *options, incload_error **err);

/**
 * @brief Take another reference.
 * @param table  a change table, or NULL (returns NULL)
 * @return the same object
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_capture *incload_capture_ref(incload_capture *table);

/**
 * @brief Give a reference back; the last one frees the object. Nothing in a database changes.
 * @param table  a change table, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_capture_unref(incload_capture *table);

/**
 * @brief Make the change table and its triggers in the source, or complete what there is of them.
 * @param table  a change table
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Waits for transactions that are writing to the table, at most `lock_timeout`, in which others wait behind it. From
 * its return on, every change is caught. Where everything is there already nothing happens. Change tables of sources
 * that were dropped are dropped as well.
 *
 * Errors: #INCLOAD_E_STATE (another table has this name), #INCLOAD_E_UNSUPPORTED (triggers would not see all changes of
 * this table, or, with `by=versions`, it keeps none that would do; the message says which), #INCLOAD_E_TIMEOUT,
 * #INCLOAD_E_CONFLICT (the lock was not to be had in time),
 * #INCLOAD_E_PERMISSION, #INCLOAD_E_CANCELLED, and errors of the server.
 * Threads: one at a time. Blocking: up to option `timeout`. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_capture_install(incload_capture *table, incload_error **err);

/**
 * @brief Take the triggers and the change table out of the source, with the changes that were not consumed.
 * @param table  a change table
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Where there is none nothing happens.
 *
 * Errors: #INCLOAD_E_STATE (the library did not make that table), and those of incload_capture_install().
 * Threads: one at a time. Blocking: up to option `timeout`. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_capture_remove(incload_capture *table, incload_error **err);

/**
 * @brief Bring the target to what the source is now: all of its rows are read.
 * @param table  a change table that is installed
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Rows are upserted, and rows of the target that the source does not have are deleted, or marked. A target that is
 * missing is made. Changes that were made before and during it are still consumed later, which does no harm.
 *
 * Errors: #INCLOAD_E_STATE (not installed; the source has no row and option `delete_all` is not set), #INCLOAD_E_CHECK
 * (the target would lose more rows than option `max_shrink` allows), #INCLOAD_E_BUSY (another process is at work under
 * this name; nothing was kept), and those of incload_step_run() for a load with `detect_deletes=keys`.
 * Threads: one at a time. Blocking: up to option `timeout`. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_capture_load(incload_capture *table, incload_error **err);

/**
 * @brief Consume the changes that there are; with option `until` = `cancelled` also those that come, until it is
 * cancelled.
 * @param table  a change table that is installed
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Each batch lands in one transaction of the target. After an error, or a crash at any point, it goes on where it was.
 *
 * Errors: #INCLOAD_E_STATE (not installed, or a trigger is missing: changes may be lost), #INCLOAD_E_STATE_MISSING
 * (with `by=versions`: the target has no position, or one of another table: load first), #INCLOAD_E_BUSY (another
 * consumer is at work: only one is right), #INCLOAD_E_NOT_FOUND (the source has a column that the target has not; the
 * message names it), #INCLOAD_E_CANCELLED, and those of incload_changes_commit().
 * Threads: one at a time. Blocking: up to option `timeout` for each batch. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_capture_run(incload_capture *table, incload_error **err);

/**
 * @brief A step that consumes the changes: until there are no more, or the run is drained.
 * @param table  a change table that is installed; the step holds a reference; one run at a time may work with it, and
 *   nobody else meanwhile
 * @param options  `key=value` pairs of the object `"capture_step"`, or NULL: until when it goes on, whatever the change
 *   table's own option `until` says
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * In a pipeline or alone, a run of it is one unit: batches as those of incload_capture_run(), whose rows and progress
 * are told as those of a load. A run that is drained ends it behind a batch, and well with `until=stopped`; one that is
 * cancelled or out of time interrupts what is under way. After a failure another attempt goes on where it was.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_step *incload_step_new_capture(incload_capture *table, const char *options, incload_error **err);

/**
 * @brief Interrupt what is under way, and refuse all later calls.
 * @param table  a change table, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_capture_cancel(incload_capture *table);

/**
 * @brief How many changes wait in the source; asks it.
 * @param table  a change table that is installed
 * @param rows  gets their number: several changes of one row count each
 * @param age  gets how long ago the oldest of them was written, in microseconds; 0 when there is none, or when the
 *     source does not know. May be NULL
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: #INCLOAD_E_STATE (not installed), #INCLOAD_E_CANCELLED, and errors of the server.
 * Threads: one at a time. Blocking: up to option `timeout`. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_capture_pending(incload_capture *table, int64_t *rows, int64_t *age, incload_error **err);

/**
 * @brief Changes that this object has consumed.
 * @param table  a change table, or NULL (returns 0)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_capture_consumed(const incload_capture *table);

/**
 * @brief Rows of the target that were inserted or updated by this object, without those of incload_capture_load().
 * @param table  a change table, or NULL (returns 0)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_capture_rows_written(const incload_capture *table);

/**
 * @brief Rows of the target that were deleted or marked by this object, without those of incload_capture_load().
 * @param table  a change table, or NULL (returns 0)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_capture_rows_deleted(const incload_capture *table);

INCLOAD_END_DECLS

#endif /* INCLOAD_CAPTURE_H */
