/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file pipeline.h
 * @brief A pipeline: steps in the order that their dependencies give, side by side where these leave it open.
 */
#ifndef INCLOAD_PIPELINE_H
#define INCLOAD_PIPELINE_H

#include <incload/base.h>
#include <incload/step.h>

INCLOAD_BEGIN_DECLS

/**
 * @brief A pipeline without steps.
 * @param name  for messages, events and the ledger
 * @param context  where events go; its memory, clock and random numbers are used. NULL: the library's own, which keeps
 *   no events
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_pipeline *incload_pipeline_new(const char *name, incload_context *context, incload_error **err);

/**
 * @brief Take another reference.
 * @param pipeline  a pipeline, or NULL (returns NULL)
 * @return the same object
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_pipeline *incload_pipeline_ref(incload_pipeline *pipeline);

/**
 * @brief Give a reference back; the last one frees the object.
 * @param pipeline  a pipeline, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_pipeline_unref(incload_pipeline *pipeline);

/**
 * @brief Add a step.
 * @param pipeline  a pipeline that was not started yet
 * @param name  of the step in this pipeline; each needs its own
 * @param step  a load, a group, a function or a backfill; the pipeline holds a reference
 * @param depends_on  names of the steps it waits for, with blanks or commas between, those with such letters in double
 *   quotes; they may be added later. NULL or empty: none
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * What is wrong with the whole of it (a name that there is twice or not at all, a cycle) is told by
 * incload_pipeline_validate(), and before a run.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_STATE, #INCLOAD_E_NO_MEMORY.
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_pipeline_add(incload_pipeline *pipeline, const char *name, incload_step *step,
                                         const char *depends_on, incload_error **err);

/**
 * @brief Set an option of a step in this pipeline.
 * @param pipeline  a pipeline that was not started yet
 * @param step_name  a step that was added
 * @param name  an option of the object `"pipeline_step"`
 * @param value  its value as text
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: #INCLOAD_E_NOT_FOUND (no such step; the message names the nearest), #INCLOAD_E_UNKNOWN_OPTION,
 * #INCLOAD_E_INVALID, #INCLOAD_E_STATE, #INCLOAD_E_NO_MEMORY.
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_pipeline_set(incload_pipeline *pipeline, const char *step_name, const char *name,
                                         const char *value, incload_error **err);

/**
 * @brief Let a function say whether a step runs.
 * @param pipeline  a pipeline that was not started yet
 * @param step_name  a step that was added, no backfill
 * @param condition  called before the step's work, once its dependencies have ended: #INCLOAD_DONE lets it run,
 *   #INCLOAD_SKIP leaves it out, anything else is a failure. NULL takes it away
 * @param user_data  handed to the function
 * @param destroy  called when the pipeline is freed or another function takes its place, or at once on failure; may be
 *   NULL
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Steps that wait for one that was left out are left out as well, unless their option `rule` says otherwise. It is no
 * failure.
 *
 * Errors: #INCLOAD_E_NOT_FOUND, #INCLOAD_E_INVALID, #INCLOAD_E_STATE.
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_pipeline_set_condition(incload_pipeline *pipeline, const char *step_name,
                                                   incload_unit_fn condition, void *user_data,
                                                   incload_destroy_fn destroy, incload_error **err);

/**
 * @brief Add a pool: so many slots, shared by the steps that name it by their option `pool`.
 * @param pipeline  a pipeline that was not started yet
 * @param name  of the pool
 * @param slots  1 to 10000
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_EXISTS, #INCLOAD_E_STATE, #INCLOAD_E_NO_MEMORY.
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_pipeline_add_pool(incload_pipeline *pipeline, const char *name, int32_t slots,
                                              incload_error **err);

/**
 * @brief Have its runs kept by a ledger: then they can be resumed, joined by other processes, and looked up later.
 * @param pipeline  a pipeline that was not started yet
 * @param database  where the ledger is, made there when it is missing; the pipeline holds a reference
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Each step is worked on by one process at a time; how it ended, and its result, are in the ledger before a step behind
 * it starts. What a process that died was at is done again by another one, once the option `lease` of the run has
 * passed. With the option `run_key` of the run any number of processes take part in one run. Steps cannot be added on
 * the way. A step's times (`timeout`, `total_timeout` and the like) are looked after by each process for itself.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_STATE.
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_pipeline_set_ledger(incload_pipeline *pipeline, incload_database *database,
                                                incload_error **err);

/**
 * @brief Check the whole of it, and tell all that is wrong at once.
 * @param pipeline  a pipeline
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: #INCLOAD_E_INVALID: names that there are twice, names of steps that there are not (with the nearest that is),
 * cycles as paths, rules that cannot be met; #INCLOAD_E_NO_MEMORY.
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_pipeline_validate(incload_pipeline *pipeline, incload_error **err);

/**
 * @brief Run it to the end.
 * @param pipeline  a pipeline; it stays as it is from now on
 * @param options  `key=value` pairs of the object `"pipeline_run"`, or NULL
 * @param err  where the error goes; may be NULL
 * @return a new reference to the finished run; NULL when it could not start. A run that failed is returned as well,
 *   with `*err` set
 *
 * It has failed when a step did that is not optional. Any number of runs of one pipeline may go on at once.
 *
 * Errors: as incload_pipeline_validate(); #INCLOAD_E_UNKNOWN_OPTION; any that its steps can meet. With a ledger also
 * #INCLOAD_E_CONFLICT: the run_key belongs to a run of other steps, or of other versions of them.
 * Threads: any. Blocking: until the run ends, at most the run's option `timeout`. Callback-safe: no. @since 0.1
 */
INCLOAD_API incload_run *incload_pipeline_run(incload_pipeline *pipeline, const char *options, incload_error **err);

/**
 * @brief Run it on threads of the library.
 * @param pipeline  a pipeline; it stays as it is from now on
 * @param options  as for incload_pipeline_run(). With `parallel=0` the host's threads do the work: see
 *   incload_run_participate() and incload_run_next_unit()
 * @param err  where the error goes; may be NULL
 * @return a new reference to the running run, or NULL
 *
 * Errors: as incload_pipeline_validate(); #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_STATE (the system gave no thread).
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_run *incload_pipeline_start(incload_pipeline *pipeline, const char *options, incload_error **err);

/**
 * @brief Go on with a run that failed, was cancelled, or whose processes died.
 * @param pipeline  the same pipeline, with the ledger that keeps the run; it stays as it is from now on
 * @param run_id  of the run, see incload_run_id() and history.h; NULL: the newest of the pipeline that has not
 *   succeeded
 * @param options  as for incload_pipeline_run(), without `run_key`
 * @param err  where the error goes; may be NULL
 * @return a new reference to the finished run, which has the id of the one that was resumed; NULL when it could not
 *   start. A run that failed again is returned as well, with `*err` set
 *
 * Steps that succeeded are kept, with their results, as are those that were left out for a reason that stays. Run again
 * are those that failed or never ran, those whose option `version` is another one now, all that comes after one of
 * these, and what a cleanup has taken away from one of these. A run that somebody is at work on is joined, and nothing
 * of it is put back; one whose processes died is gone on with once their lease has passed.
 *
 * Errors: #INCLOAD_E_INVALID (it has no ledger), #INCLOAD_E_NOT_FOUND (no such run), #INCLOAD_E_STATE (it has
 * succeeded), #INCLOAD_E_CONFLICT (it is a run of another pipeline, or of other steps), and as incload_pipeline_run().
 * Threads: any. Blocking: until the run ends, at most the run's option `timeout`. Callback-safe: no. @since 0.1
 */
INCLOAD_API incload_run *incload_pipeline_resume(incload_pipeline *pipeline, const char *run_id, const char *options,
                                                 incload_error **err);

/**
 * @brief Go on with a run as incload_pipeline_resume() does, on threads of the library.
 * @param pipeline  as for incload_pipeline_resume()
 * @param run_id  as for incload_pipeline_resume()
 * @param options  as for incload_pipeline_start(), without `run_key`
 * @param err  where the error goes; may be NULL
 * @return a new reference to the running run, or NULL. It gets the id of the one that is resumed once it has found it
 *
 * Errors: #INCLOAD_E_INVALID (it has no ledger), and as incload_pipeline_start(). What the ledger says
 * (#INCLOAD_E_NOT_FOUND, #INCLOAD_E_STATE, #INCLOAD_E_CONFLICT) is the error of the run.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_run *incload_pipeline_start_resume(incload_pipeline *pipeline, const char *run_id,
                                                       const char *options, incload_error **err);

INCLOAD_END_DECLS

#endif /* INCLOAD_PIPELINE_H */
