/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_HISTORY_H
#define INCLOAD_HISTORY_H
#include <incload/base.h>
#include <incload/run.h>
INCLOAD_BEGIN_DECLS
enum {
    INCLOAD_STATUS_PARTIAL = 6,
    INCLOAD_STATUS_CANCELLED = 7
};
INCLOAD_API incload_history *incload_history_new(incload_database *database, const char *name, int32_t limit,
                                                 incload_error **err);
INCLOAD_API incload_history *incload_history_ref(incload_history *history);
INCLOAD_API void incload_history_unref(incload_history *history);
INCLOAD_API int32_t incload_history_count(const incload_history *history);
INCLOAD_API const char *incload_history_run_id(const incload_history *history, int32_t index);
INCLOAD_API const char *incload_history_name(const incload_history *history, int32_t index);
INCLOAD_API const char *incload_history_key(const incload_history *history, int32_t index);
INCLOAD_API const char *incload_history_kind(const incload_history *history, int32_t index);
INCLOAD_API int32_t incload_history_status(const incload_history *history, int32_t index);
INCLOAD_API const char *incload_history_status_name(const incload_history *history, int32_t index);
INCLOAD_API int64_t incload_history_started_us(const incload_history *history, int32_t index);
INCLOAD_API int64_t incload_history_finished_us(const incload_history *history, int32_t index);
INCLOAD_API int64_t incload_history_units(const incload_history *history, int32_t index);
INCLOAD_API int64_t incload_history_failed(const incload_history *history, int32_t index);
INCLOAD_API int64_t incload_history_attempt(const incload_history *history, int32_t index);
INCLOAD_API int32_t incload_history_cancel(incload_history *history, int32_t index, incload_error **err);
INCLOAD_API incload_unit_history *incload_unit_history_new(incload_database *database, const char *run_id,
                                                             int64_t from, int32_t limit, incload_error **err);
INCLOAD_API incload_unit_history *incload_unit_history_ref(incload_unit_history *units);
INCLOAD_API void incload_unit_history_unref(incload_unit_history *units);
INCLOAD_API int32_t incload_unit_history_count(const incload_unit_history *units);
INCLOAD_API int64_t incload_unit_history_place(const incload_unit_history *units, int32_t index);
INCLOAD_API const char *incload_unit_history_label(const incload_unit_history *units, int32_t index);
INCLOAD_API int32_t incload_unit_history_status(const incload_unit_history *units, int32_t index);
INCLOAD_API const char *incload_unit_history_status_name(const incload_unit_history *units, int32_t index);
INCLOAD_API int32_t incload_unit_history_attempts(const incload_unit_history *units, int32_t index);
INCLOAD_API int64_t incload_unit_history_rows_written(const incload_unit_history *units, int32_t index);
INCLOAD_API int64_t incload_unit_history_started_us(const incload_unit_history *units, int32_t index);
INCLOAD_API int64_t incload_unit_history_finished_us(const incload_unit_history *units, int32_t index);
INCLOAD_API int32_t incload_unit_history_error_code(const incload_unit_history *units, int32_t index);
INCLOAD_API const char *incload_unit_history_error(const incload_unit_history *units, int32_t index);
INCLOAD_END_DECLS
#endif
