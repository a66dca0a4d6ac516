/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_EVENT_H
#define INCLOAD_EVENT_H
#include <incload/base.h>
INCLOAD_BEGIN_DECLS
enum {
    INCLOAD_EVENT_RUN_STARTED = 1,
    INCLOAD_EVENT_UNIT_STARTED = 2,
    INCLOAD_EVENT_PROGRESS = 3,
    INCLOAD_EVENT_UNIT_FINISHED = 4,
    INCLOAD_EVENT_RUN_FINISHED = 5,
    INCLOAD_EVENT_NOTICE = 6,
    INCLOAD_EVENT_STEP_FINISHED = 7,
    INCLOAD_EVENT_UNIT_WAITS = 8
};
INCLOAD_API incload_event *incload_event_ref(incload_event *event);
INCLOAD_API void incload_event_unref(incload_event *event);
INCLOAD_API int32_t incload_event_kind(const incload_event *event);
INCLOAD_API int64_t incload_event_time_us(const incload_event *event);
INCLOAD_API const char *incload_event_run_id(const incload_event *event);
INCLOAD_API const char *incload_event_step(const incload_event *event);
INCLOAD_API const char *incload_event_unit(const incload_event *event);
INCLOAD_API int32_t incload_event_status(const incload_event *event);
INCLOAD_API int64_t incload_event_rows_read(const incload_event *event);
INCLOAD_API int64_t incload_event_rows_written(const incload_event *event);
INCLOAD_API int64_t incload_event_bytes(const incload_event *event);
INCLOAD_API const char *incload_event_message(const incload_event *event);
INCLOAD_END_DECLS
#endif
