/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file backfill.h
 * @brief A backfill: a step whose work is cut into units, the days of a range for one, that run side by side and fail
 * each for itself.
 */
#ifndef INCLOAD_BACKFILL_H
#define INCLOAD_BACKFILL_H

#include <incload/base.h>
#include <incload/step.h>

INCLOAD_BEGIN_DECLS

/**
 * @brief A function, called for each part of a range of days.
 * @param from  the first day, as in 2024-01-01
 * @param through  the last day: it is in the range
 * @param options  `key=value` pairs of the object `"backfill"`, or NULL
 * @param function  does the work of a unit (see incload_unit_label(), incload_unit_low()); NULL: the host pulls them
 * @param user_data  handed to the function
 * @param destroy  called when the step is freed, or at once on failure; may be NULL
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Run it by incload_step_run() or put it into a pipeline. A unit that fails keeps no other from running; the run fails
 * at its end and lists those that did: incload_run_failed_count().
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_step *incload_step_new_backfill(const char *from, const char *through, const char *options,
                                                    incload_unit_fn function, void *user_data,
                                                    incload_destroy_fn destroy, incload_error **err);

/**
 * @brief A function, called for each part of a range of instants or integers.
 * @param from  its begin: a day, an instant such as 2024-01-01T06:00:00+01:00, or a number
 * @param to  its end in the same form, which is not in the range
 * @param options  as for incload_step_new_backfill()
 * @param function  as there
 * @param user_data  handed to the function
 * @param destroy  as there
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_step *incload_step_new_backfill_between(const char *from, const char *to, const char *options,
                                                            incload_unit_fn function, void *user_data,
                                                            incload_destroy_fn destroy, incload_error **err);

/**
 * @brief A function, called for each key of a list.
 * @param keys  the keys; copied
 * @param count  how many
 * @param options  as for incload_step_new_backfill()
 * @param function  as there; incload_unit_label() is the key
 * @param user_data  handed to the function
 * @param destroy  as there
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_step *incload_step_new_backfill_keys(const char *const *keys, int32_t count, const char *options,
                                                         incload_unit_fn function, void *user_data,
                                                         incload_destroy_fn destroy, incload_error **err);

/**
 * @brief Do each unit of a range once for each key: 91 days of 3 regions are 273 units.
 * @param step  a backfill of a function over a range, not started yet
 * @param keys  the keys; copied
 * @param count  how many, from 1 on
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code; after a failure the step is as it was
 *
 * The keys of one day come one after the other. incload_unit_key() tells the key, incload_unit_low() the day; the
 * label has both, as in `2024-01-01 x north`.
 *
 * Errors: #INCLOAD_E_INVALID (also two keys that are alike), #INCLOAD_E_STATE, #INCLOAD_E_UNSUPPORTED (a load's
 * backfill), #INCLOAD_E_NO_MEMORY.
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_step_set_keys(incload_step *step, const char *const *keys, int32_t count,
                                          incload_error **err);

/**
 * @brief A load, done for each part of a range of days.
 * @param load  a load of a table or query; it stays as it is from now on. Its strategy's window is not used, and
 *   write=append becomes write=replace_interval, so that a unit that runs again takes the place of itself
 * @param from  the first day
 * @param through  the last day: it is in the range
 * @param options  as for incload_step_new_backfill(); `column` names the column whose values the units bound, else it
 *   is the strategy's cursor
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * A unit is one transaction on the target, which keeps the record that it landed as well: a run with select=missing
 * does what is not there yet, after a crash too. The target's ledger keeps the run: with the run's option `run_key` any
 * number of processes work on it. In the ledger a unit is a load of its own, named `name@unit`.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_UNSUPPORTED (a group, a function, write=swap),
 * #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_step *incload_step_new_load_backfill(incload_step *load, const char *from, const char *through,
                                                         const char *options, incload_error **err);

/**
 * @brief A load, done for each part of a range of instants or integers.
 * @param load  as for incload_step_new_load_backfill()
 * @param from  its begin: a day, an instant, or a number
 * @param to  its end in the same form, which is not in the range
 * @param options  as there
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_UNSUPPORTED (a group, a function),
 * #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_step *incload_step_new_load_backfill_between(incload_step *load, const char *from, const char *to,
                                                                 const char *options, incload_error **err);

/**
 * @brief Say where runs of a function's units are kept, and which are done.
 * @param step  a backfill of a function, not started yet
 * @param ledger  a database; the step holds a reference
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * A unit is recorded when its function has returned #INCLOAD_DONE, under the backfill's name, so its option `name`
 * must be set. A run with select=missing leaves out what is recorded. If the process ends between the two, the unit
 * runs once more. The run itself is kept there as well, for any number of processes: see the run's option `run_key`. A
 * load's units are recorded in its target without this.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_STATE, #INCLOAD_E_UNSUPPORTED (a step that is no backfill of a function).
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_step_set_ledger(incload_step *step, incload_database *ledger, incload_error **err);

/**
 * @brief What a run of a backfill would do now.
 * @param step  a backfill
 * @param err  where the error goes; may be NULL
 * @return a new reference to a plan, which does not change; NULL on failure
 *
 * The ledger is read; nothing is changed. To run just what was looked at, set the step's option `fingerprint` to the
 * plan's: a run refuses when range, clock, version or what has landed is not the same any more.
 *
 * Errors: #INCLOAD_E_INVALID; any that reading the ledger can meet.
 * Threads: any. Blocking: on the server, at most as long as a statement may take. Callback-safe: no. @since 0.1
 */
INCLOAD_API incload_backfill_plan *incload_backfill_plan_new(incload_step *step, incload_error **err);

/**
 * @brief Take another reference.
 * @param plan  a plan, or NULL (returns NULL)
 * @return the same object
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_backfill_plan *incload_backfill_plan_ref(incload_backfill_plan *plan);

/**
 * @brief Give a reference back; the last one frees the object.
 * @param plan  a plan, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_backfill_plan_unref(incload_backfill_plan *plan);

/**
 * @brief How many units the range has.
 * @param plan  a plan, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_backfill_plan_units(const incload_backfill_plan *plan);

/**
 * @brief How many of them a run would do.
 * @param plan  a plan, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_backfill_plan_taken(const incload_backfill_plan *plan);

/**
 * @brief The label of the first unit that a run would do, by its place in the range.
 * @param plan  a plan, or NULL (returns `""`)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_backfill_plan_first(const incload_backfill_plan *plan);

/**
 * @brief The label of the last one.
 * @param plan  a plan, or NULL (returns `""`)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_backfill_plan_last(const incload_backfill_plan *plan);

/**
 * @brief What it is known by: 32 hexadecimal digits.
 * @param plan  a plan, or NULL (returns `""`)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_backfill_plan_fingerprint(const incload_backfill_plan *plan);

INCLOAD_END_DECLS

#endif /* INCLOAD_BACKFILL_H */
