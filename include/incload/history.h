/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file history.h
 * @brief What the ledger of a database knows of runs: of pipelines and backfills, of their steps and units.
 */
#ifndef INCLOAD_HISTORY_H
#define INCLOAD_HISTORY_H

#include <incload/base.h>
#include <incload/run.h>

INCLOAD_BEGIN_DECLS

/** Statuses of a run in the ledger, beside #INCLOAD_STATUS_RUNNING, #INCLOAD_STATUS_SUCCESS and
 * #INCLOAD_STATUS_FAILED. @since 0.1 */
enum {
    INCLOAD_STATUS_PARTIAL = 6,  /**< only optional steps failed */
    INCLOAD_STATUS_CANCELLED = 7 /**< it was cancelled before it was through; it can be resumed */
};

/**
 * @brief The runs that a ledger keeps, the newest first.
 * @param database  the one whose ledger it is: of a pipeline the database of incload_pipeline_set_ledger(), of a
 *   backfill of a load its target
 * @param name  of the pipeline or backfill; NULL: runs of all
 * @param limit  how many at the most, 1 to 1000
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * A picture of one moment. A database without a ledger has no runs, which is no error.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_NO_MEMORY, #INCLOAD_E_CONNECT and other errors of the server,
 * #INCLOAD_E_UNSUPPORTED (the ledger was made by a newer version).
 * Threads: any. Blocking: up to `connect_timeout` and a query. Callback-safe: no. @since 0.1
 */
INCLOAD_API incload_history *incload_history_new(incload_database *database, const char *name, int32_t limit,
                                                 incload_error **err);

/**
 * @brief Take another reference.
 * @param history  a history, or NULL (returns NULL)
 * @return the same object
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_history *incload_history_ref(incload_history *history);

/**
 * @brief Give a reference back; the last one frees the object.
 * @param history  a history, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_history_unref(incload_history *history);

/**
 * @brief How many there are.
 * @param history  a history, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_history_count(const incload_history *history);

/**
 * @brief Its id: 32 hexadecimal digits, as incload_run_id() tells it.
 * @param history  a history, or NULL (returns `""`)
 * @param index  0 to incload_history_count() - 1; `""` past the end
 * @return borrowed
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_history_run_id(const incload_history *history, int32_t index);

/**
 * @brief The name of the pipeline or backfill.
 * @param history  a history, or NULL (returns `""`)
 * @param index  0 to incload_history_count() - 1; `""` past the end
 * @return borrowed
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_history_name(const incload_history *history, int32_t index);

/**
 * @brief The idempotency key: the option `run_key` that it was started with.
 * @param history  a history, or NULL (returns `""`)
 * @param index  0 to incload_history_count() - 1; `""` past the end
 * @return borrowed; `""` when it has none
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_history_key(const incload_history *history, int32_t index);

/**
 * @brief What it is a run of.
 * @param history  a history, or NULL (returns `""`)
 * @param index  0 to incload_history_count() - 1; `""` past the end
 * @return `"pipeline"` or `"backfill"`: static text
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_history_kind(const incload_history *history, int32_t index);

/**
 * @brief How it stands.
 * @param history  a history, or NULL (returns 0)
 * @param index  0 to incload_history_count() - 1; 0 past the end
 * @return #INCLOAD_STATUS_RUNNING, #INCLOAD_STATUS_SUCCESS, #INCLOAD_STATUS_FAILED, #INCLOAD_STATUS_PARTIAL or
 *   #INCLOAD_STATUS_CANCELLED. A run whose processes died is running until it is resumed or joined
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_history_status(const incload_history *history, int32_t index);

/**
 * @brief How it stands, as a word.
 * @param history  a history, or NULL (returns `""`)
 * @param index  0 to incload_history_count() - 1; `""` past the end
 * @return `"RUNNING"`, `"SUCCESS"`, `"FAILED"`, `"PARTIAL"` or `"CANCELLED"`: static text
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_history_status_name(const incload_history *history, int32_t index);

/**
 * @brief When it was started: microseconds since 1970, by the clock of the database.
 * @param history  a history, or NULL (returns 0)
 * @param index  0 to incload_history_count() - 1; 0 past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_history_started_us(const incload_history *history, int32_t index);

/**
 * @brief When it ended.
 * @param history  a history, or NULL (returns 0)
 * @param index  0 to incload_history_count() - 1; 0 past the end
 * @return microseconds since 1970; 0 while it goes on
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_history_finished_us(const incload_history *history, int32_t index);

/**
 * @brief How many units or steps it has.
 * @param history  a history, or NULL (returns 0)
 * @param index  0 to incload_history_count() - 1; 0 past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_history_units(const incload_history *history, int32_t index);

/**
 * @brief How many of them failed for good in its present attempt.
 * @param history  a history, or NULL (returns 0)
 * @param index  0 to incload_history_count() - 1; 0 past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_history_failed(const incload_history *history, int32_t index);

/**
 * @brief Which attempt it is: 1, and one more each time it is resumed.
 * @param history  a history, or NULL (returns 0)
 * @param index  0 to incload_history_count() - 1; 0 past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_history_attempt(const incload_history *history, int32_t index);

/**
 * @brief Ask a run to stop, in all processes that take part in it.
 * @param history  a history that lists it
 * @param index  0 to incload_history_count() - 1
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * As incload_run_cancel() in one of them, which need not be this one. They hear of it within a third of their lease; a
 * run that no process is at any more ends when it is joined.
 *
 * Errors: #INCLOAD_E_INVALID (also an index past the end), #INCLOAD_E_STATE (it has ended), #INCLOAD_E_CONNECT and
 * other errors of the server.
 * Threads: any. Blocking: up to `connect_timeout` and a statement. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_history_cancel(incload_history *history, int32_t index, incload_error **err);

/**
 * @brief The steps or units of one run, in their order.
 * @param database  as for incload_history_new()
 * @param run_id  as incload_history_run_id() or incload_run_id() tell it
 * @param from  the place of the first that is wanted, from 0
 * @param limit  how many at the most, 1 to 1000
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * A picture of one moment. Units of a backfill that were never handed out are not among them.
 *
 * Errors: #INCLOAD_E_NOT_FOUND (no such run), and as incload_history_new().
 * Threads: any. Blocking: up to `connect_timeout` and a few queries. Callback-safe: no. @since 0.1
 */
INCLOAD_API incload_unit_history *incload_unit_history_new(incload_database *database, const char *run_id,
                                                             int64_t from, int32_t limit, incload_error **err);

/**
 * @brief Take another reference.
 * @param units  units of a run, or NULL (returns NULL)
 * @return the same object
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_unit_history *incload_unit_history_ref(incload_unit_history *units);

/**
 * @brief Give a reference back; the last one frees the object.
 * @param units  units of a run, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_unit_history_unref(incload_unit_history *units);

/**
 * @brief How many there are.
 * @param units  units of a run, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_unit_history_count(const incload_unit_history *units);

/**
 * @brief Its place in the run, from 0.
 * @param units  units of a run, or NULL (returns 0)
 * @param index  0 to incload_unit_history_count() - 1; 0 past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_unit_history_place(const incload_unit_history *units, int32_t index);

/**
 * @brief The name of the step, or what the unit is for people.
 * @param units  units of a run, or NULL (returns `""`)
 * @param index  0 to incload_unit_history_count() - 1; `""` past the end
 * @return borrowed
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_unit_history_label(const incload_unit_history *units, int32_t index);

/**
 * @brief How it stands.
 * @param units  units of a run, or NULL (returns 0)
 * @param index  0 to incload_unit_history_count() - 1; 0 past the end
 * @return one of `INCLOAD_STATUS_...`
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_unit_history_status(const incload_unit_history *units, int32_t index);

/**
 * @brief How it stands, as a word.
 * @param units  units of a run, or NULL (returns `""`)
 * @param index  0 to incload_unit_history_count() - 1; `""` past the end
 * @return `"PENDING"`, `"RUNNING"`, `"SUCCESS"`, `"FAILED"` or `"SKIPPED"`: static text
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_unit_history_status_name(const incload_unit_history *units, int32_t index);

/**
 * @brief How often it was begun since the run was last resumed, by workers that died included.
 * @param units  units of a run, or NULL (returns 0)
 * @param index  0 to incload_unit_history_count() - 1; 0 past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_unit_history_attempts(const incload_unit_history *units, int32_t index);

/**
 * @brief How many rows it wrote, if it has succeeded.
 * @param units  units of a run, or NULL (returns 0)
 * @param index  0 to incload_unit_history_count() - 1; 0 past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_unit_history_rows_written(const incload_unit_history *units, int32_t index);

/**
 * @brief When it was last begun.
 * @param units  units of a run, or NULL (returns 0)
 * @param index  0 to incload_unit_history_count() - 1; 0 past the end
 * @return microseconds since 1970; 0 when it never was
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_unit_history_started_us(const incload_unit_history *units, int32_t index);

/**
 * @brief When it ended.
 * @param units  units of a run, or NULL (returns 0)
 * @param index  0 to incload_unit_history_count() - 1; 0 past the end
 * @return microseconds since 1970; 0 when it has not
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_unit_history_finished_us(const incload_unit_history *units, int32_t index);

/**
 * @brief Why it failed, or was last begun again.
 * @param units  units of a run, or NULL (returns 0)
 * @param index  0 to incload_unit_history_count() - 1; 0 past the end
 * @return an error code; 0 when there was no error
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_unit_history_error_code(const incload_unit_history *units, int32_t index);

/**
 * @brief The message of that error.
 * @param units  units of a run, or NULL (returns `""`)
 * @param index  0 to incload_unit_history_count() - 1; `""` past the end
 * @return borrowed; `""` when there is none
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_unit_history_error(const incload_unit_history *units, int32_t index);

INCLOAD_END_DECLS

#endif /* INCLOAD_HISTORY_H */
