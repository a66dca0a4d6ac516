/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file unit.h
 * @brief A unit: the part of a step that commits or fails as a whole.
 */
#ifndef INCLOAD_UNIT_H
#define INCLOAD_UNIT_H

#include <incload/base.h>

INCLOAD_BEGIN_DECLS

/** What a function that does a unit's work returns beside #INCLOAD_DONE. Anything else is a failure. @since 0.1 */
enum {
    INCLOAD_SKIP = 0x1C05C,          /**< it left itself out: those that wait for it are left out as well */
    INCLOAD_SHORT_CIRCUIT = 0x1C05D, /**< it succeeded, and those that wait for it are left out */
    INCLOAD_RETRY = 0x1C0A7,         /**< it failed, and may be tried again */
    INCLOAD_FAIL = 0x1C0FA,          /**< it failed for good */
    INCLOAD_THROTTLED = 0x1C077,     /**< the other side is overloaded: again later; no attempt is used up */
    INCLOAD_YIELD = 0x1C07E          /**< it is not through and is to be called again; no attempt is used up */
};

/**
 * @brief What it covers, for people: a table, a day.
 * @param unit  a unit, or NULL (returns `""` or 0)
 * @return borrowed
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_unit_label(const incload_unit *unit);

/**
 * @brief The name of its step.
 * @param unit  a unit, or NULL (returns `""` or 0)
 * @return borrowed
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_unit_step(const incload_unit *unit);

/**
 * @brief The id of its run.
 * @param unit  a unit, or NULL (returns `""` or 0)
 * @return borrowed
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_unit_run_id(const incload_unit *unit);

/**
 * @brief Which attempt this is, from 1. A retry starts the unit over: its process function sees every batch again.
 * @param unit  a unit, or NULL (returns `""` or 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_unit_attempt(const incload_unit *unit);

/**
 * @brief 1 once the run is cancelled, out of time or has lost its lease: a long process function should then return;
 * else 0.
 * @param unit  a unit, or NULL (returns `""` or 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_unit_is_cancelled(const incload_unit *unit);

/**
 * @brief Say why the process function is about to fail.
 * @param unit  the unit it was given
 * @param message  one line; copied; becomes part of the run's error, so keep row data and secrets out of it
 * @return 0, which the process function can return at once: it is not #INCLOAD_DONE
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_unit_fail(incload_unit *unit, const char *message);

/**
 * @brief When to call again, for a function that is about to return #INCLOAD_RETRY, #INCLOAD_THROTTLED or
 * #INCLOAD_YIELD.
 * @param unit  the unit it was given
 * @param delay_ms  in how many milliseconds; 0 is what the step's options say
 * @return #INCLOAD_OK, or #INCLOAD_E_INVALID
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_unit_again_in(incload_unit *unit, int64_t delay_ms);

/**
 * @brief A sign of life, for steps with the option `heartbeat`.
 * @param unit  a unit that is at work
 * @return 1 when it should stop, as incload_unit_is_cancelled(); else 0
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_unit_beat(incload_unit *unit);

/**
 * @brief Count rows that the function moved by itself, for the run's figures.
 * @param unit  the unit it was given
 * @param rows_read  added to what was read
 * @param rows_written  added to what was written
 * @return #INCLOAD_OK, or #INCLOAD_E_INVALID
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_unit_add_rows(incload_unit *unit, int64_t rows_read, int64_t rows_written);

/**
 * @brief Leave a result for steps that come later. Control data: a name, a number, a list of files; no rows.
 * @param unit  the unit of a function, no backfill's
 * @param data  copied; takes the place of one that was left before. It counts when the unit is done
 * @param size  at most 65536 bytes
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_UNSUPPORTED, #INCLOAD_E_NO_MEMORY.
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_unit_set_result(incload_unit *unit, const void *data, size_t size, incload_error **err);

/**
 * @brief The result of another step of the pipeline that has succeeded.
 * @param unit  a unit of a pipeline
 * @param step_name  the other step
 * @param size  its size in bytes; may be NULL
 * @return borrowed from the run; NULL when there is none
 *
 * Threads: any. Blocking: while the end of that step is being recorded. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const void *incload_unit_input(const incload_unit *unit, const char *step_name, size_t *size);

/**
 * @brief Leave out a step that waits for this one, once it is done: a branch that is not taken.
 * @param unit  the unit of a function in a pipeline
 * @param step_name  one of the first 64 steps that were added to wait for it
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_NOT_FOUND.
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_unit_leave_out(incload_unit *unit, const char *step_name, incload_error **err);

/**
 * @brief Add a step to the run, which waits for this unit's.
 * @param unit  a unit that is at work, of a step that is no backfill
 * @param name  of the new step; no other may have it
 * @param step  a load, a group or a function; the run holds a reference
 * @param before  names of steps that come after this unit's and wait still: they then wait for the new one as well.
 *   In the form of incload_pipeline_add(); NULL or empty: none
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * The run's option `max_added` bounds how many may be.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_EXISTS, #INCLOAD_E_NOT_FOUND, #INCLOAD_E_STATE (too many),
 * #INCLOAD_E_CONFLICT (this attempt was given up), #INCLOAD_E_NO_MEMORY.
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_unit_add_step(incload_unit *unit, const char *name, incload_step *step, const char *before,
                                          incload_error **err);

/**
 * @brief What a backfill's unit covers: the first instant in microseconds since 1970 UTC, or the first number; of a key
 * its place in the list.
 * @param unit  a unit, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_unit_low(const incload_unit *unit);

/**
 * @brief The key of a backfill's unit, of a list of keys or of a range with keys.
 * @param unit  a unit, or NULL (returns `""`)
 * @return the key, which lives as long as the unit; `""` where there is none
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_unit_key(const incload_unit *unit);

/**
 * @brief The first instant or number that it does not cover any more.
 * @param unit  a unit, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_unit_high(const incload_unit *unit);

/**
 * @brief End a unit that incload_run_next_unit() gave.
 * @param unit  the unit; it must not be used any more, whatever is returned
 * @param outcome  #INCLOAD_DONE or another outcome, as a function would return it
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK; #INCLOAD_E_CONFLICT when the attempt was given up before, by its timeout and the step's `grace`
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_CONFLICT.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_unit_complete(incload_unit *unit, int32_t outcome, incload_error **err);

INCLOAD_END_DECLS

#endif /* INCLOAD_UNIT_H */
