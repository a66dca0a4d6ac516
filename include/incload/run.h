/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file run.h
 * @brief A run: one execution of a step, what it did, and how it ended.
 *
 * A run of a group of loads counts the rows and bytes of all of them; what it cannot add up (road, watermark, level and
 * the like) is empty there, and told for each load: see incload_run_load().
 */
#ifndef INCLOAD_RUN_H
#define INCLOAD_RUN_H

#include <incload/base.h>

INCLOAD_BEGIN_DECLS

/** Statuses of a run or unit. @since 0.1 */
enum {
    INCLOAD_STATUS_PENDING = 1,
    INCLOAD_STATUS_RUNNING = 2,
    INCLOAD_STATUS_SUCCESS = 3,
    INCLOAD_STATUS_FAILED = 4,
    INCLOAD_STATUS_SKIPPED = 5
};

/**
 * @brief Take another reference.
 * @param run  a run, or NULL (returns NULL)
 * @return the same object
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_run *incload_run_ref(incload_run *run);

/**
 * @brief Give a reference back; the last one frees the object.
 * @param run  a run, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_run_unref(incload_run *run);

/**
 * @brief Wait until a run has ended.
 * @param run  a run
 * @param timeout_ms  how long; 0 does not wait, negative waits for ever
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK when it succeeded; #INCLOAD_E_TIMEOUT when it goes on (then `*err` stays untouched, so that
 *   a progress loop can call again); else the run's own error code, with `*err` set
 *
 * Errors: as the return value says.
 * Threads: any. Blocking: up to the timeout. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_run_wait(incload_run *run, int64_t timeout_ms, incload_error **err);

/**
 * @brief Ask a run to stop: running SQL is interrupted, nothing of the open unit lands.
 * @param run  a run, or NULL (nothing happens)
 * @return #INCLOAD_OK
 *
 * Returns at once. A run that has ended stays as it is. Not async-signal-safe.
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_run_cancel(incload_run *run);

/**
 * @brief Take no further part in a run that a ledger keeps and that has a key (option `run_key`).
 * @param run  a run, or NULL (nothing happens)
 * @return #INCLOAD_OK
 *
 * What this process is at is interrupted as by incload_run_cancel() and given back; nothing of an open unit lands. The
 * other processes of the run are told nothing and go on, and whoever starts it with the same key takes part in it
 * again. Here the run ends. For a process that is asked to end while others may finish its work.
 * Any other run is cancelled by it.
 *
 * Returns at once. A run that has ended stays as it is. Not async-signal-safe.
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_run_leave(incload_run *run);

/**
 * @brief Its id: 32 hexadecimal digits, as in the ledger.
 * @param run  a run, or NULL (returns `""`)
 * @return borrowed
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_run_id(const incload_run *run);

/**
 * @brief How it stands.
 * @param run  a run, or NULL (returns 0)
 * @return one of `INCLOAD_STATUS_...`
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_run_status(const incload_run *run);

/**
 * @brief How it stands, as a word.
 * @param run  a run, or NULL (returns `""`)
 * @return `"PENDING"`, `"RUNNING"`, `"SUCCESS"`, `"FAILED"` or `"SKIPPED"`: static text
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_run_status_name(const incload_run *run);

/**
 * @brief Why it failed.
 * @param run  a run, or NULL (returns NULL)
 * @return a new reference, or NULL when it did not fail
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_error *incload_run_error(const incload_run *run);

/**
 * @brief Rows read from the source. Grows while the run goes on.
 * @param run  a run, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_run_rows_read(const incload_run *run);

/**
 * @brief Rows inserted or updated in the target. Final, and durable, when the run has succeeded.
 * @param run  a run, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_run_rows_written(const incload_run *run);

/**
 * @brief Rows read that needed no write: dropped by the process function, repeated in the batch, already there
 * unchanged, or marked as deleted.
 * @param run  a run, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_run_rows_skipped(const incload_run *run);

/**
 * @brief Rows that the target refused and the ledger keeps (see the strategy's option `bad_rows`). Read is written plus
 * skipped plus these.
 * @param run  a run, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_run_rows_rejected(const incload_run *run);

/**
 * @brief Rows of the source whose cursor is NULL or infinite, whatever the policy made of them.
 * @param run  a run, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_run_rows_without_cursor(const incload_run *run);

/**
 * @brief Bytes of row data that crossed the host; 0 on the road inside the database.
 * @param run  a run, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_run_bytes(const incload_run *run);

/**
 * @brief How long it has taken so far, or took, in microseconds.
 * @param run  a run, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_run_duration_us(const incload_run *run);

/**
 * @brief Which road the rows took: `"same-database"`, `"relay"` or `"batches"`; `""` before it is known.
 * @param run  a run, or NULL (returns `""`)
 * @return static text
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_run_road(const incload_run *run);

/**
 * @brief Why not a faster road, in one line; `""` when it was the fastest.
 * @param run  a run, or NULL (returns `""`)
 * @return borrowed
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_run_road_reason(const incload_run *run);

/**
 * @brief The watermark after the run, in the source's own text.
 * @param run  a run, or NULL (returns NULL)
 * @return borrowed; NULL when there is none
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_run_watermark(const incload_run *run);

/**
 * @brief How exact the watermark is.
 * @param run  a run, or NULL (returns `""`)
 * @return `"EXACT"`, `"EXACT_IF_STAMPED"`, `"BEST_EFFORT"` or `""`: static text
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_run_level(const incload_run *run);

/**
 * @brief Why it is not more exact, in one line.
 * @param run  a run, or NULL (returns `""`)
 * @return borrowed
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_run_level_reason(const incload_run *run);

/**
 * @brief Which transaction of the source has been open longest, in one line: when it began, and who it is where the
 * source tells.
 * @param run  a run, or NULL (returns `""`)
 * @return borrowed; `""` when none was open for longer than a moment
 *
 * It holds nothing up: what it commits is read when it has ended.
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_run_held_by(const incload_run *run);

/**
 * @brief What has changed in the source's columns since the load ran before, and what was done about it in the target:
 * a line for each change, as in the events #INCLOAD_EVENT_NOTICE.
 * @param run  a run, or NULL (returns `""`)
 * @return borrowed; `""` when nothing has changed
 *
 * See the strategy's options `new_columns`, `widened_types`, `dropped_columns` and `changed_types`.
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_run_schema_changes(const incload_run *run);

/**
 * @brief Late rows: found by a deep read behind the place where the cursor would have begun to look, and loaded now.
 * @param run  a run, or NULL (returns 0)
 *
 * More than 0 says that the cursor column cannot be trusted: it is stamped by applications' clocks, or not on every
 * change. Counted only in runs that read deep (see the strategy's options `deep` and `deep_every`).
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_run_rows_late(const incload_run *run);

/**
 * @brief How far the worst of the late rows lay behind: microseconds for a cursor of time, else a difference of
 * numbers.
 * @param run  a run, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_run_lateness(const incload_run *run);

/**
 * @brief Rows deleted from the target, or marked there, since they are gone from the source or marked as deleted in it
 * (see the strategy's options `detect_deletes`, `delete_marker` and `deletes`).
 * @param run  a run, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_run_rows_deleted(const incload_run *run);

/**
 * @brief Keys that were read from the source to find deleted rows (see the strategy's option `detect_deletes`).
 * @param run  a run, or NULL (returns 0)
 *
 * All of them with `keys`; with `digest` those of ranges that differ. 0 until the run has ended.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_run_keys_read(const incload_run *run);

/**
 * @brief How many attempts its unit took so far: 1 more than it was retried.
 * @param run  a run, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_run_attempts(const incload_run *run);

/**
 * @brief How many units it has.
 * @param run  a run, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_run_unit_count(const incload_run *run);

/**
 * @brief One of its units.
 * @param run  a run
 * @param index  0 to the count - 1
 * @return borrowed from the run; NULL past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const incload_unit *incload_run_unit(const incload_run *run, int32_t index);

/**
 * @brief How many loads it has: 1, or those of its group.
 * @param run  a run, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_run_load_count(const incload_run *run);

/**
 * @brief What one of its loads did.
 * @param run  a run
 * @param index  0 to the count - 1, in the order of the group
 * @return borrowed from the run; NULL past the end. The run itself when it is of one load
 *
 * It counts the rows of its load, has that load's watermark, and the id by which the ledger knows it. Status, error and
 * times are those of the whole run, with which it lives and ends.
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const incload_run *incload_run_load(const incload_run *run, int32_t index);

/**
 * @brief Ask a run of a pipeline or backfill to start nothing more; what is at work may end.
 * @param run  a run, or NULL (nothing happens)
 * @return #INCLOAD_OK
 *
 * It then ends as cancelled. Cleanup steps still run. A run of a load has one unit, which goes on.
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_run_drain(incload_run *run);

/**
 * @brief Let a run of a pipeline or backfill start no unit until incload_run_continue().
 * @param run  a run, or NULL (nothing happens)
 * @return #INCLOAD_OK
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_run_pause(incload_run *run);

/**
 * @brief Let a paused run go on.
 * @param run  a run, or NULL (nothing happens)
 * @return #INCLOAD_OK
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_run_continue(incload_run *run);

/**
 * @brief Do the run's work on the calling thread until there is none left.
 * @param run  a run that was started, of a pipeline or backfill
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK when all work has ended, however it ended
 *
 * Any number of threads may take part, beside the library's own or, with `parallel=0`, in their place.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_UNSUPPORTED (a run of a load), #INCLOAD_E_FORKED.
 * Threads: any. Blocking: until the run ends. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_run_participate(incload_run *run, incload_error **err);

/**
 * @brief The next unit that the host is to do: of a step that was made without a function.
 * @param run  a run that was started with `parallel=0`, of a pipeline or backfill
 * @param timeout_ms  how long to wait for one; 0 does not wait, negative waits until there is one or the run ends
 * @param err  where the error goes; may be NULL
 * @return a unit, to be ended by incload_unit_complete(); NULL when there is none now, or the run has ended, which
 *   incload_run_status() tells apart
 *
 * Units that the library can do by itself, such as loads, are done on the calling thread meanwhile. For hosts whose
 * functions cannot be called from C, or that hand work to other processes.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_UNSUPPORTED (a run of a load), #INCLOAD_E_FORKED, #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: up to the timeout, and while a load is done. Callback-safe: no. @since 0.1
 */
INCLOAD_API incload_unit *incload_run_next_unit(incload_run *run, int64_t timeout_ms, incload_error **err);

/**
 * @brief How many steps it has: 0 unless it is of a pipeline, function or backfill. Grows when units add steps.
 * @param run  a run, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_run_step_count(const incload_run *run);

/**
 * @brief What one of its steps did: rows, bytes, times, watermark, error and the like.
 * @param run  a run
 * @param index  0 to the count - 1, in the order in which they were added
 * @return borrowed from the run, with which it lives; NULL past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const incload_run *incload_run_step(const incload_run *run, int32_t index);

/**
 * @brief The name of a step.
 * @param run  a run, or NULL (returns `""`)
 * @param index  as for incload_run_step()
 * @return borrowed; `""` past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_run_step_name(const incload_run *run, int32_t index);

/**
 * @brief How a step stands.
 * @param run  a run, or NULL (returns 0)
 * @param index  as for incload_run_step()
 * @return one of `INCLOAD_STATUS_...`; 0 past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_run_step_status(const incload_run *run, int32_t index);

/**
 * @brief How a step stands, as a word.
 * @param run  a run, or NULL (returns `""`)
 * @param index  as for incload_run_step()
 * @return as incload_run_status_name(): static text
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_run_step_status_name(const incload_run *run, int32_t index);

/**
 * @brief Why a step stands so: what it waits for, why it was left out or failed.
 * @param run  a run, or NULL (returns `""`)
 * @param index  as for incload_run_step()
 * @return a word such as `"UPSTREAM_FAILED"`, `"WAITING_POOL"` or `"BACKOFF"`; `""` for none: static text
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_run_step_reason(const incload_run *run, int32_t index);

/**
 * @brief What the unit of a step left by incload_unit_set_result().
 * @param run  a run, or NULL (returns NULL)
 * @param index  as for incload_run_step()
 * @param size  its size in bytes; may be NULL
 * @return borrowed from the run; NULL when there is none
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const void *incload_run_step_result(const incload_run *run, int32_t index, size_t *size);

/**
 * @brief How many of its units, over all steps, stand so.
 * @param run  a run, or NULL (returns 0)
 * @param status  one of `INCLOAD_STATUS_...` but #INCLOAD_STATUS_PENDING
 * @return how many; units of a backfill count one by one
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_run_count_units(const incload_run *run, int32_t status);

/**
 * @brief How many units have failed for good and are listed: at most 10,000 are.
 * @param run  a run, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_run_failed_count(const incload_run *run);

/**
 * @brief The label of a unit that failed.
 * @param run  a run, or NULL (returns `""`)
 * @param index  0 to the count - 1, in the order in which they failed
 * @return borrowed; `""` past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_run_failed_label(const incload_run *run, int32_t index);

/**
 * @brief Why a unit failed; the error names its step.
 * @param run  a run, or NULL (returns NULL)
 * @param index  as for incload_run_failed_label()
 * @return a new reference, or NULL past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_error *incload_run_failed_error(const incload_run *run, int32_t index);

/**
 * @brief How many attempts a unit that failed took.
 * @param run  a run, or NULL (returns 0)
 * @param index  as for incload_run_failed_label()
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_run_failed_attempts(const incload_run *run, int32_t index);

INCLOAD_END_DECLS

#endif /* INCLOAD_RUN_H */
