/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_CAPTURE_H
#define INCLOAD_CAPTURE_H
#include <incload/base.h>
INCLOAD_BEGIN_DECLS
INCLOAD_API incload_capture *incload_capture_new(incload_database *source, const char *table, incload_database *target,
                                                 const char *target_table, const char *options, incload_error **err);
INCLOAD_API incload_capture *incload_capture_ref(incload_capture *table);
INCLOAD_API void incload_capture_unref(incload_capture *table);
INCLOAD_API int32_t incload_capture_install(incload_capture *table, incload_error **err);
INCLOAD_API int32_t incload_capture_remove(incload_capture *table, incload_error **err);
INCLOAD_API int32_t incload_capture_load(incload_capture *table, incload_error **err);
INCLOAD_API int32_t incload_capture_run(incload_capture *table, incload_error **err);
INCLOAD_API incload_step *incload_step_new_capture(incload_capture *table, const char *options, incload_error **err);
INCLOAD_API void incload_capture_cancel(incload_capture *table);
INCLOAD_API int32_t incload_capture_pending(incload_capture *table, int64_t *rows, int64_t *age, incload_error **err);
INCLOAD_API int64_t incload_capture_consumed(const incload_capture *table);
INCLOAD_API int64_t incload_capture_rows_written(const incload_capture *table);
INCLOAD_API int64_t incload_capture_rows_deleted(const incload_capture *table);
INCLOAD_END_DECLS
#endif
