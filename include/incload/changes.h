/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file changes.h
 * @brief Change events from anywhere into a table: one transaction a commit, at most one write a key.
 *
 * The host pushes events as it reads them (from Kafka, a log, a queue) and commits when it likes. What was pushed is
 * folded by key and written in one transaction of the target, together with the position of the last event, so that
 * every event has its effect exactly once however often it is told. A group of changes does so for several tables.
 *
 * What the table holds in the end is what the events would have made of it one after the other:
 * - insert, update and read write the columns that they bring: to the row of that key, else as a new row, which has
 *   defaults in other columns. A row that was marked as deleted is no longer;
 * - delete takes the row out, or marks it (option `deletes`);
 * - an update that changed the key moves the row with all of its columns;
 * - truncate deletes (or marks) every row;
 * - a tombstone does nothing: the delete before it did.
 */
#ifndef INCLOAD_CHANGES_H
#define INCLOAD_CHANGES_H

#include <incload/arrow.h>
#include <incload/base.h>

INCLOAD_BEGIN_DECLS

/** What an event did to its row. @since 0.1 */
enum {
    INCLOAD_CHANGE_INSERT = 1,
    INCLOAD_CHANGE_UPDATE = 2,
    INCLOAD_CHANGE_DELETE = 3,
    INCLOAD_CHANGE_TRUNCATE = 4, /**< every row is gone: no columns */
    INCLOAD_CHANGE_READ = 5,     /**< the row was there when a snapshot was taken */
    INCLOAD_CHANGE_TOMBSTONE = 6 /**< nothing more will come for this key */
};

/**
 * @brief Pushes the next events, for a step made by incload_step_new_changes().
 *
 * It is called again and again, and pushes what is there: when incload_changes_pending() is 0, what comes behind
 * incload_changes_position(), else what comes behind the events that it pushed last. It returns #INCLOAD_YIELD when
 * there may be more (after incload_unit_again_in() not before that time), #INCLOAD_DONE when it has caught up, and
 * anything else, 0 included, for a failure; to say why, call incload_unit_fail() first. One that waits for events
 * should return now and then, and when incload_unit_is_cancelled() says so: commits are made between the calls.
 * `changes` and `unit` are borrowed for the call, which comes from a thread that drives the run, with no lock of the
 * library held. @since 0.1
 */
typedef int32_t (*incload_changes_fetch_fn)(incload_changes *changes, incload_unit *unit, void *user_data);

/**
 * @brief Prepare to apply changes to a table.
 * @param target  the database
 * @param table  the table, as `"table"` or `"schema.table"`, with a unique key on the columns of option `key`
 * @param options  `key=value` pairs as in doc/options.md, or NULL; such as `"key=id deletes=soft"`
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Looks at the table and at the position that was committed last.
 *
 * Errors: #INCLOAD_E_NOT_FOUND (the table or a column of it), #INCLOAD_E_CONSTRAINT (no unique key on those columns; a
 * table without any takes `match=whole`), #INCLOAD_E_TYPE (a column cannot mark deleted rows),
 * #INCLOAD_E_UNSUPPORTED (this database, or a table without transactions), #INCLOAD_E_UNKNOWN_OPTION,
 * #INCLOAD_E_INVALID, and errors of the server.
 * Threads: any. Blocking: up to `connect_timeout` and a few statements. Callback-safe: no. @since 0.1
 */
INCLOAD_API incload_changes *incload_changes_new(incload_database *target, const char *table, const char *options,
                                                 incload_error **err);

/**
 * @brief Prepare to apply changes to several tables, which land together.
 * @param target  the database
 * @param name  the name under which their position is kept, as a watermark
 * @param options  `key=value` pairs as in doc/options.md, or NULL: those about commits, and what holds for all of the
 *   tables unless they have their own; no `key` and no `name`
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Add tables to it, and push the events of each to what incload_changes_add_table() gives: they have one order of
 * positions, one limit of memory and one transaction a commit. All other functions of changes take the group or any of
 * its tables; what they tell is of that table, or the sum of all.
 *
 * Tables that foreign keys of the target tie together are written in an order that these accept: rows that others refer
 * to come before them and go after them. Constraints that can be deferred wait for the end of the transaction. What is
 * refused all the same is written again in the order of the events, in the same transaction.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_DATA (the watermark of that name is no position),
 * and errors of the server.
 * Threads: any. Blocking: up to `connect_timeout` and a few statements. Callback-safe: no. @since 0.1
 */
INCLOAD_API incload_changes *incload_changes_new_group(incload_database *target, const char *name, const char *options,
                                                       incload_error **err);

/**
 * @brief Add a table to a group of changes.
 * @param group  what incload_changes_new_group() gave; kept as long as the table's handle
 * @param table  the table, as in incload_changes_new()
 * @param options  options of this table, such as `"key=id deletes=soft"`, or NULL; none about commits
 * @param err  where the error goes; may be NULL
 * @return a new reference, to which the events of this table are pushed, or NULL
 *
 * The group knows its tables to its end, whatever becomes of their handles.
 *
 * Errors: as incload_changes_new(), and #INCLOAD_E_EXISTS (the group has the table).
 * Threads: one at a time, of the group and all of its tables together. Blocking: up to `connect_timeout` and a few
 * statements. Callback-safe: no. @since 0.1
 */
INCLOAD_API incload_changes *incload_changes_add_table(incload_changes *group, const char *table, const char *options,
                                                       incload_error **err);

/**
 * @brief Take another reference.
 * @param changes  changes, or NULL (returns NULL)
 * @return the same object
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_changes *incload_changes_ref(incload_changes *changes);

/**
 * @brief Give a reference back; the last one frees the object. Events that are not committed are dropped.
 * @param changes  changes, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_changes_unref(incload_changes *changes);

/**
 * @brief Push one event.
 * @param changes  changes
 * @param operation  one of INCLOAD_CHANGE_...
 * @param names  the columns that it brings; may be NULL when `count` is 0
 * @param values  their values as text, NULL for SQL NULL: numbers in digits with a point, `true` and `false`, dates and
 *   times as `2024-05-01 10:00:00.25+00`, bytes in hexadecimal digits, UUIDs, and else what the target reads
 * @param count  how many columns: for a delete those of the key suffice; with option `match` = `whole` all of the row
 * @param position  where the event stands in the order of all, such as an offset or a commit's log position; 0 with
 *   `ordinal` 0 when there is none
 * @param ordinal  its place among events of one `position`, such as its number in the transaction
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Texts are copied. `position` and `ordinal` together must name one event alone: of two that are equal the second is
 * taken for a repetition. Events at or before the committed position are skipped; those of one commit may come in any
 * order. Without positions events count as they come, and those that are told again are applied again.
 *
 * With option `full` = `commit`, an event for which there is no room first commits those before it.
 *
 * Errors: #INCLOAD_E_INVALID (no such operation; the key is missing, NULL, or was changed; some events have a position
 * and some have none), #INCLOAD_E_NOT_FOUND (a column that the target does not have), #INCLOAD_E_DATA (a value that its
 * column cannot hold; the message names the column), #INCLOAD_E_STATE (`memory` is full), #INCLOAD_E_NO_MEMORY: the
 * event was not taken then, and the others stay. When there is no room also those of incload_changes_commit().
 * Threads: one at a time. Blocking: never, but for a commit of its own. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_changes_push(incload_changes *changes, int32_t operation, const char *const *names,
                                         const char *const *values, int32_t count, uint64_t position, uint64_t ordinal,
                                         incload_error **err);

/**
 * @brief Push an update that may have changed the key.
 * @param changes  changes
 * @param old_names  columns of the row as it was before: at least the key, and others are ignored; with option `match`
 *   = `whole` all of them, and what the update does not bring stays as it was
 * @param old_values  their values
 * @param old_count  how many
 * @param names  the columns that it brings
 * @param values  their values
 * @param count  how many columns
 * @param position  as in incload_changes_push()
 * @param ordinal  as in incload_changes_push()
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: as incload_changes_push().
 * Threads: one at a time. Blocking: never, but for a commit of its own. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_changes_push_update(incload_changes *changes, const char *const *old_names,
                                                const char *const *old_values, int32_t old_count,
                                                const char *const *names, const char *const *values, int32_t count,
                                                uint64_t position, uint64_t ordinal, incload_error **err);

/**
 * @brief Push one message of Debezium, in JSON.
 * @param changes  changes
 * @param key  the message's key; NULL where there is none, and the value has the whole key
 * @param value  the message's value; NULL for a tombstone
 * @param position  as in incload_changes_push(): of a message from Kafka its offset, of one partition
 * @param ordinal  as in incload_changes_push()
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Both may hold a schema (`{"schema":...,"payload":...}`) or the payload alone. Operations c, u, d, r and t are
 * applied; a message of the log (m) only moves the position. Decimals, bytes, bits, dates and times are read in
 * each of the encodings that a schema names; without a schema the target's column tells the type, and the options
 * `debezium_decimal` and `debezium_time` the rest. Values that are unavailable stay as they are.
 *
 * Errors: #INCLOAD_E_INVALID (the message is none of these; the error names the place, never the value), and those of
 * incload_changes_push().
 * Threads: one at a time. Blocking: never, but for a commit of its own. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_changes_push_debezium(incload_changes *changes, const char *key, const char *value,
                                                  uint64_t position, uint64_t ordinal, incload_error **err);

/**
 * @brief Push the rows of a batch, each an event: all of them, or none.
 * @param changes  changes
 * @param schema  of a struct: a column with the operation, others with position and ordinal if they are named, and the
 *   columns of the target that the events bring, by name
 * @param array  the rows; any number, also 0
 * @param options  `key=value` pairs of the object `"changes_batch"`, or NULL
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * An operation is one of the letters c, r, u, d, t and m that Debezium writes, or of the words insert, read, update,
 * upsert, delete, truncate and tombstone, in upper or lower case. NULL in a column is SQL NULL. Values are converted to
 * the target's types where that loses nothing, column by column. A changed key is a delete and an insert; so is, with
 * option `match` = `whole`, every update. The rows of an incload_batch are pushed by way of incload_batch_export().
 *
 * With option `full` = `commit`, events before the batch are committed when there is no room beside them. A batch of
 * several rows that alone is larger than `memory` is refused: push it in parts.
 *
 * Errors: as incload_changes_push(), with the row's number from 0 and the column; #INCLOAD_E_TYPE (a column's Arrow
 * type does not become that of the target's column), #INCLOAD_E_UNKNOWN_OPTION. No row of the batch was taken then.
 * Ownership: both are copied from, and released by the library in any case.
 * Threads: one at a time. Blocking: never, but for a commit of its own. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_changes_push_batch(incload_changes *changes, struct ArrowSchema *schema,
                                               struct ArrowArray *array, const char *options, incload_error **err);

/**
 * @brief Write what was pushed, with its position, in one transaction of the target.
 * @param changes  changes
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Events that were committed already are skipped, also when another process did it. After an error nothing was written,
 * or with #INCLOAD_E_COMMIT_UNKNOWN all or nothing: the events are still there, so it may be called again. Without
 * events nothing happens.
 *
 * Errors: #INCLOAD_E_BUSY (another process is applying changes under this name), #INCLOAD_E_CONSTRAINT,
 * #INCLOAD_E_TIMEOUT, #INCLOAD_E_CANCELLED, #INCLOAD_E_COMMIT_UNKNOWN, and errors of the server.
 * Threads: one at a time. Blocking: up to option `timeout`. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_changes_commit(incload_changes *changes, incload_error **err);

/**
 * @brief Drop what was pushed and not committed.
 * @param changes  changes, or NULL (nothing happens)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_changes_discard(incload_changes *changes);

/**
 * @brief Interrupt a commit under way, and refuse all later ones.
 * @param changes  changes, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_changes_cancel(incload_changes *changes);

/**
 * @brief Where the last committed event stood: whoever reads events goes on behind it.
 * @param changes  changes
 * @param position  gets its position; 0 when none was committed
 * @param ordinal  gets its ordinal
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * It is what this object knows: by its own commits, and by what it found when it was made.
 *
 * Errors: #INCLOAD_E_INVALID.
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_changes_position(incload_changes *changes, uint64_t *position, uint64_t *ordinal,
                                             incload_error **err);

/**
 * @brief Events that wait for a commit.
 * @param changes  changes, or NULL (returns 0)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_changes_pending(const incload_changes *changes);

/**
 * @brief Events that were committed.
 * @param changes  changes, or NULL (returns 0)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_changes_applied(const incload_changes *changes);

/**
 * @brief Events that were skipped, since they were committed before or came twice.
 * @param changes  changes, or NULL (returns 0)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_changes_skipped(const incload_changes *changes);

/**
 * @brief Rows of the target that were inserted or updated.
 * @param changes  changes, or NULL (returns 0)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_changes_rows_written(const incload_changes *changes);

/**
 * @brief Rows of the target that were deleted, or marked as deleted by a delete or truncate alone.
 * @param changes  changes, or NULL (returns 0)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_changes_rows_deleted(const incload_changes *changes);

/**
 * @brief A step that applies changes: a function of the host brings the events, the library commits them.
 * @param changes  of a table, or a group, to whose tables the function pushes then; the step holds a reference; one run
 *   at a time may work with them, and nobody else meanwhile
 * @param options  `key=value` pairs of the object `"changes_step"`, or NULL: until when it goes on (caught up, a
 *   position, or stopped), and how often it commits
 * @param fetch  pushes the next events
 * @param user_data  handed to the function
 * @param destroy  called when the step is freed, or at once on failure; may be NULL
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * In a pipeline or alone, a run of it is one unit: it fetches and commits until it is through, and tells its rows and
 * its progress as a load does. What is committed stays, whatever comes after. A run that is drained ends it once what
 * was fetched is committed, and well with `until=stopped`; one that is cancelled or out of time interrupts a commit
 * under way, and drops what is not committed. So does a failure, after which another attempt goes on behind the
 * committed position.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_step *incload_step_new_changes(incload_changes *changes, const char *options,
                                                   incload_changes_fetch_fn fetch, void *user_data,
                                                   incload_destroy_fn destroy, incload_error **err);

INCLOAD_END_DECLS

#endif /* INCLOAD_CHANGES_H */
