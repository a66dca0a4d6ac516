/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_RUN_H
#define INCLOAD_RUN_H
#include <incload/base.h>
INCLOAD_BEGIN_DECLS
enum {
    INCLOAD_STATUS_PENDING = 1,
    INCLOAD_STATUS_RUNNING = 2,
    INCLOAD_STATUS_SUCCESS = 3,
    INCLOAD_STATUS_FAILED = 4,
    INCLOAD_STATUS_SKIPPED = 5
};
INCLOAD_API incload_run *incload_run_ref(incload_run *run);
INCLOAD_API void incload_run_unref(incload_run *run);
INCLOAD_API int32_t incload_run_wait(incload_run *run, int64_t timeout_ms, incload_error **err);
INCLOAD_API int32_t incload_run_cancel(incload_run *run);
INCLOAD_API int32_t incload_run_leave(incload_run *run);
INCLOAD_API const char *incload_run_id(const incload_run *run);
INCLOAD_API int32_t incload_run_status(const incload_run *run);
INCLOAD_API const char *incload_run_status_name(const incload_run *run);
INCLOAD_API incload_error *incload_run_error(const incload_run *run);
INCLOAD_API int64_t incload_run_rows_read(const incload_run *run);
INCLOAD_API int64_t incload_run_rows_written(const incload_run *run);
INCLOAD_API int64_t incload_run_rows_skipped(const incload_run *run);
INCLOAD_API int64_t incload_run_rows_rejected(const incload_run *run);
INCLOAD_API int64_t incload_run_rows_without_cursor(const incload_run *run);
INCLOAD_API int64_t incload_run_bytes(const incload_run *run);
INCLOAD_API int64_t incload_run_duration_us(const incload_run *run);
INCLOAD_API const char *incload_run_road(const incload_run *run);
INCLOAD_API const char *incload_run_road_reason(const incload_run *run);
INCLOAD_API const char *incload_run_watermark(const incload_run *run);
INCLOAD_API const char *incload_run_level(const incload_run *run);
INCLOAD_API const char *incload_run_level_reason(const incload_run *run);
INCLOAD_API const char *incload_run_held_by(const incload_run *run);
INCLOAD_API const char *incload_run_schema_changes(const incload_run *run);
INCLOAD_API int64_t incload_run_rows_late(const incload_run *run);
INCLOAD_API int64_t incload_run_lateness(const incload_run *run);
INCLOAD_API int64_t incload_run_rows_deleted(const incload_run *run);
INCLOAD_API int64_t incload_run_keys_read(const incload_run *run);
INCLOAD_API int32_t incload_run_attempts(const incload_run *run);
INCLOAD_API int32_t incload_run_unit_count(const incload_run *run);
INCLOAD_API const incload_unit *incload_run_unit(const incload_run *run, int32_t index);
INCLOAD_API int32_t incload_run_load_count(const incload_run *run);
INCLOAD_API const incload_run *incload_run_load(const incload_run *run, int32_t index);
INCLOAD_API int32_t incload_run_drain(incload_run *run);
INCLOAD_API int32_t incload_run_pause(incload_run *run);
INCLOAD_API int32_t incload_run_continue(incload_run *run);
INCLOAD_API int32_t incload_run_participate(incload_run *run, incload_error **err);
INCLOAD_API incload_unit *incload_run_next_unit(incload_run *run, int64_t timeout_ms, incload_error **err);
INCLOAD_API int32_t incload_run_step_count(const incload_run *run);
INCLOAD_API const incload_run *incload_run_step(const incload_run *run, int32_t index);
INCLOAD_API const char *incload_run_step_name(const incload_run *run, int32_t index);
INCLOAD_API int32_t incload_run_step_status(const incload_run *run, int32_t index);
INCLOAD_API const char *incload_run_step_status_name(const incload_run *run, int32_t index);
INCLOAD_API const char *incload_run_step_reason(const incload_run *run, int32_t index);
INCLOAD_API const void *incload_run_step_result(const incload_run *run, int32_t index, size_t *size);
INCLOAD_API int64_t incload_run_count_units(const incload_run *run, int32_t status);
INCLOAD_API int32_t incload_run_failed_count(const incload_run *run);
INCLOAD_API const char *incload_run_failed_label(const incload_run *run, int32_t index);
INCLOAD_API incload_error *incload_run_failed_error(const incload_run *run, int32_t index);
INCLOAD_API int32_t incload_run_failed_attempts(const incload_run *run, int32_t index);
INCLOAD_END_DECLS
#endif
