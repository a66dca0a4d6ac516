/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file step.h
 * @brief A step: something that runs. Here: a load of one table, and a group of loads that land together.
 */
#ifndef INCLOAD_STEP_H
#define INCLOAD_STEP_H

#include <incload/base.h>
#include <incload/batch.h>

INCLOAD_BEGIN_DECLS

/**
 * @brief A check function: sees how many rows a load is about to publish, and lets them pass or not.
 *
 * It is called after all rows were staged and before the target is changed. It must return #INCLOAD_DONE to let them
 * pass; any other value fails the unit with #INCLOAD_E_CHECK and nothing lands. To say why, call incload_unit_fail()
 * first. `unit` is borrowed for the call. It is called from the thread that drives the run, with no lock of the library
 * held; a transaction is open on the target meanwhile. @since 0.1
 */
typedef int32_t (*incload_check_fn)(incload_unit *unit, int64_t rows_read, int64_t rows_staged, void *user_data);

/**
 * @brief A function that does the work of a unit.
 *
 * It returns #INCLOAD_DONE when the work is done, one of the other outcomes of unit.h (#INCLOAD_SKIP, #INCLOAD_RETRY
 * ...), or anything else, 0 included, for a failure; to say why, call incload_unit_fail() first. It is called from a
 * thread that drives the run, with no lock of the library held, for several units at once if the run does so. `unit` is
 * borrowed for the call. It may call every function of the library but those that say they are not callback-safe.
 * @since 0.1
 */
typedef int32_t (*incload_unit_fn)(incload_unit *unit, void *user_data);

/**
 * @brief A load of a table into a table.
 * @param source  where the rows are
 * @param source_table  `table` or `schema.table`; letters count as they are; a part with a dot, quote or space
 *   stands in double quotes
 * @param target  where they go
 * @param target_table  in the same form; created in the shape of the source when it is missing
 * @param strategy  how; the step holds a reference
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_step *incload_step_new_load(incload_database *source, const char *source_table, incload_database
                                                *target, const char *target_table, incload_strategy *strategy,
                                                incload_error **err);

/**
 * @brief A load of a query's result into a table.
 * @param source  where the query runs
 * @param query  one SELECT in the source's own SQL, with parameters as `$1`, `$2` (PostgreSQL) or `?`; no
 *   semicolon
 * @param target  where the rows go
 * @param target_table  as for incload_step_new_load()
 * @param strategy  how; the step holds a reference
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_step *incload_step_new_query_load(incload_database *source, const char *query, incload_database
                                                      *target, const char *target_table, incload_strategy *strategy,
                                                      incload_error **err);

/**
 * @brief A group of loads that land together: all of them in one transaction, or none.
 * @param loads  2 to 64 steps made by incload_step_new_load() or incload_step_new_query_load(), in the order in which
 *   their tables are published. All have the same handle as their target, each a name and a target table of its own.
 *   The group holds a reference to each; from now on they stay as they are, and can still be run alone
 * @param count  how many
 * @param options  `key=value` pairs of the object `"group"`: its name must be given
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * A run of it is one unit. Loads whose source is the same handle are read over one connection in one snapshot, so their
 * tables agree with one another as the source's did. All rows are staged and checked first; then the tables are
 * published in the given order, and one COMMIT keeps all rows, watermarks and records. Rows that detect_deletes finds
 * gone are taken out after that, in the opposite order. A failure anywhere rolls everything back and names the load it
 * came from, a retry starts all loads over. Each load has its own lease: it and the group exclude each other.
 *
 * Not for write=swap, which publishes by transactions of its own. What is told of one load alone (rejects replayed,
 * plans, linting, verifying) is asked of that load.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_step *incload_step_new_group(incload_step *const *loads, int32_t count, const char *options,
                                                 incload_error **err);

/**
 * @brief A function of the host as a step.
 * @param function  does the work; NULL: the host pulls it (see incload_run_next_unit())
 * @param user_data  handed to the function
 * @param destroy  called when the step is freed, or at once on failure; may be NULL
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Its option `name` names it where no pipeline does.
 *
 * Errors: #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_step *incload_step_new_function(incload_unit_fn function, void *user_data,
                                                    incload_destroy_fn destroy, incload_error **err);

/**
 * @brief Say where the events of a function or backfill go when it runs alone.
 * @param step  a step made by incload_step_new_function() or for a backfill of a function, not started yet
 * @param context  holds the queue of events; its clock, memory and random numbers are used as well
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * A load's events go to its target's context, those of a pipeline to the pipeline's.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_STATE, #INCLOAD_E_UNSUPPORTED (a load).
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_step_set_context(incload_step *step, incload_context *context, incload_error **err);

/**
 * @brief Take another reference.
 * @param step  a step, or NULL (returns NULL)
 * @return the same object
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_step *incload_step_ref(incload_step *step);

/**
 * @brief Give a reference back; the last one frees the object.
 * @param step  a step, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_step_unref(incload_step *step);

/**
 * @brief Set one option.
 * @param step  a step that was not started yet
 * @param name  an option of the object `"step"`
 * @param value  its value as text
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_INVALID, #INCLOAD_E_STATE, #INCLOAD_E_NO_MEMORY.
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_step_set(incload_step *step, const char *name, const char *value, incload_error **err);

/**
 * @brief Name the primary of a source that is a PostgreSQL standby.
 * @param step  a step that was not started yet
 * @param primary  the server that the source follows, or NULL to forget it
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * A standby does not show which transactions are open on its primary, so a load from one looks at the whole table each
 * time. With the primary named, a load asks it who is in flight, waits until the standby has caught up with that
 * moment, and reads by the index as elsewhere. Rows are read from the standby alone. The primary is held by the step.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_STATE (the step was started), #INCLOAD_E_UNSUPPORTED (a group).
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_step_set_primary(incload_step *step, incload_database *primary, incload_error **err);

/**
 * @brief Give a parameter of the query its value.
 * @param step  a step made by incload_step_new_query_load(), not started yet
 * @param index  1 to 1000
 * @param value  text in the form the source reads; NULL for SQL NULL
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_STATE, #INCLOAD_E_UNSUPPORTED (a group), #INCLOAD_E_NO_MEMORY.
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_step_bind(incload_step *step, int32_t index, const char *value, incload_error **err);

/**
 * @brief Let a process function see every batch.
 * @param step  a step that was not started yet
 * @param function  the function, or NULL to take it away
 * @param user_data  handed to the function
 * @param destroy  called when the step is freed or another function takes its place, or at once on failure; may be
 *   NULL
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * The rows then cross the host as decoded batches: the two faster roads are closed, and the run says so.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_STATE, #INCLOAD_E_UNSUPPORTED (a group).
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_step_set_batch_function(incload_step *step, incload_batch_fn function, void *user_data,
                                                    incload_destroy_fn destroy, incload_error **err);

/**
 * @brief Add a check of the rows that are about to be published: a query that must give no row.
 * @param step  a step that was not started yet
 * @param name  of the check, for messages; two checks of a step need two names
 * @param sql  one SELECT in the target's own SQL, without a semicolon, its columns named apart. `{staging}` stands for
 *   the table with the staged rows (the loaded columns, under the target's names), `{target}` for the target table
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Checks run in the order they were added, inside the unit's transaction on the target and before that is changed. One
 * that gives a row fails the unit with #INCLOAD_E_CHECK: nothing lands, and the watermark stays. The message names the
 * check and how many rows it gave, never the rows.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_EXISTS (the name is taken), #INCLOAD_E_STATE, #INCLOAD_E_UNSUPPORTED (a
 * group), #INCLOAD_E_NO_MEMORY.
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_step_add_check(incload_step *step, const char *name, const char *sql, incload_error **err);

/**
 * @brief Let a function of the host decide whether the staged rows are published.
 * @param step  a step that was not started yet
 * @param function  the function, or NULL to take it away
 * @param user_data  handed to the function
 * @param destroy  called when the step is freed or another function takes its place, or at once on failure; may be
 *   NULL
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_STATE, #INCLOAD_E_UNSUPPORTED (a group).
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_step_set_check_function(incload_step *step, incload_check_fn function, void *user_data,
                                                    incload_destroy_fn destroy, incload_error **err);

/**
 * @brief Run a step on the calling thread, to the end.
 * @param step  a step
 * @param options  `key=value` pairs of the object `"run"`, or NULL
 * @param err  where the error goes; may be NULL
 * @return a new reference to the finished run; NULL when it could not start. A run that failed is returned as
 *   well, with `*err` set
 *
 * Errors: any that a load can meet; see doc/guide/errors.md.
 * Threads: any. Blocking: until the run ends, at most the run's option `timeout`. Callback-safe: no. @since 0.1
 */
INCLOAD_API incload_run *incload_step_run(incload_step *step, const char *options, incload_error **err);

/**
 * @brief Load the step's rejected rows once more (strategy option `bad_rows`), on the calling thread.
 * @param step  a step
 * @param options  as for incload_step_run()
 * @param err  where the error goes; may be NULL
 * @return a new reference to the finished run, or NULL, as for incload_step_run()
 *
 * Each row that the ledger holds for this load and that has not landed since is written as the step's strategy says
 * (write=replace, replace_interval and swap: by plain insert), in one transaction on the target. Those that land are
 * marked so; those that are refused again stay, with the new reason, and are counted by incload_run_rows_rejected().
 * A row that is older than the target's by the cursor is left out. The watermark does not move. Rows that were
 * stored as they were read pass through the step's process function; others were seen by it already.
 *
 * Errors: as incload_step_run(); #INCLOAD_E_UNSUPPORTED for a write mode that cannot land rows one by one (scd2), and
 * for a group.
 * Threads: any. Blocking: until the run ends, at most the run's option `timeout`. Callback-safe: no. @since 0.1
 */
INCLOAD_API incload_run *incload_step_replay_rejects(incload_step *step, const char *options, incload_error **err);

/**
 * @brief Run a step on a thread of the library.
 * @param step  a step
 * @param options  as for incload_step_run()
 * @param err  where the error goes; may be NULL
 * @return a new reference to the running run, or NULL
 *
 * The thread has all signals blocked. It ends by itself; releasing the last reference to a run that is going on asks
 * it to stop and does not wait.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_NO_MEMORY, #INCLOAD_E_STATE (the system gave no
 * thread).
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_run *incload_step_start(incload_step *step, const char *options, incload_error **err);

/**
 * @brief Load the step's rejected rows once more as incload_step_replay_rejects() does, on a thread of the library.
 * @param step  a step
 * @param options  as for incload_step_run()
 * @param err  where the error goes; may be NULL
 * @return a new reference to the running run, or NULL
 *
 * Errors: #INCLOAD_E_UNSUPPORTED for a group, and as incload_step_start().
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_run *incload_step_start_replay(incload_step *step, const char *options, incload_error **err);

INCLOAD_END_DECLS

#endif /* INCLOAD_STEP_H */
