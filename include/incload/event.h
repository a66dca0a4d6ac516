/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file event.h
 * @brief Events: what a run does, queued by the library and polled by the host.
 */
#ifndef INCLOAD_EVENT_H
#define INCLOAD_EVENT_H

#include <incload/base.h>

INCLOAD_BEGIN_DECLS

/** Kinds of events. More may be added: ignore those you do not know. @since 0.1 */
enum {
    INCLOAD_EVENT_RUN_STARTED = 1,
    INCLOAD_EVENT_UNIT_STARTED = 2,
    INCLOAD_EVENT_PROGRESS = 3,      /**< at most about ten a second and unit */
    INCLOAD_EVENT_UNIT_FINISHED = 4, /**< with the unit's status */
    INCLOAD_EVENT_RUN_FINISHED = 5,  /**< with the run's status; the last event of a run */
    INCLOAD_EVENT_NOTICE = 6,        /**< something a person should know; see the message */
    INCLOAD_EVENT_STEP_FINISHED = 7, /**< a step of a pipeline, with its status */
    INCLOAD_EVENT_UNIT_WAITS = 8     /**< an attempt has ended and another follows; see the message */
};

/**
 * @brief Take another reference.
 * @param event  an event, or NULL (returns NULL)
 * @return the same object
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_event *incload_event_ref(incload_event *event);

/**
 * @brief Give a reference back; the last one frees the object.
 * @param event  an event, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_event_unref(incload_event *event);

/**
 * @brief Its kind.
 * @param event  an event, or NULL (returns 0 or `""`)
 * @return one of `INCLOAD_EVENT_...`
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_event_kind(const incload_event *event);

/**
 * @brief When it happened, in microseconds since 1970 UTC.
 * @param event  an event, or NULL (returns 0 or `""`)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_event_time_us(const incload_event *event);

/**
 * @brief The run it belongs to.
 * @param event  an event, or NULL (returns 0 or `""`)
 * @return borrowed from the event
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_event_run_id(const incload_event *event);

/**
 * @brief The step it belongs to.
 * @param event  an event, or NULL (returns 0 or `""`)
 * @return borrowed from the event
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_event_step(const incload_event *event);

/**
 * @brief The unit it belongs to, or `""`.
 * @param event  an event, or NULL (returns 0 or `""`)
 * @return borrowed from the event
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_event_unit(const incload_event *event);

/**
 * @brief The status of what finished.
 * @param event  an event, or NULL (returns 0 or `""`)
 * @return one of `INCLOAD_STATUS_...`, 0 for events that finish nothing
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_event_status(const incload_event *event);

/**
 * @brief Rows read from the source so far.
 * @param event  an event, or NULL (returns 0 or `""`)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_event_rows_read(const incload_event *event);

/**
 * @brief Rows written to the target so far; only a finished unit's are durable.
 * @param event  an event, or NULL (returns 0 or `""`)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_event_rows_written(const incload_event *event);

/**
 * @brief Bytes that crossed the host so far; 0 when the work was done inside the database.
 * @param event  an event, or NULL (returns 0 or `""`)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_event_bytes(const incload_event *event);

/**
 * @brief One line for a person.
 * @param event  an event, or NULL (returns 0 or `""`)
 * @return borrowed from the event
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_event_message(const incload_event *event);

INCLOAD_END_DECLS

#endif /* INCLOAD_EVENT_H */
