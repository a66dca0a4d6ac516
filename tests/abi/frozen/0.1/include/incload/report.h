/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_REPORT_H
#define INCLOAD_REPORT_H
#include <incload/base.h>
INCLOAD_BEGIN_DECLS
typedef int32_t (*incload_write_fn)(const char *text, size_t size, void *user_data);
INCLOAD_API int32_t incload_pipeline_render(incload_pipeline *pipeline, const char *format, const char *options,
                                            incload_write_fn write, void *user_data, incload_error **err);
INCLOAD_API int32_t incload_run_report(const incload_run *run, const char *format, const char *options,
                                       incload_write_fn write, void *user_data, incload_error **err);
INCLOAD_API int32_t incload_run_report_file(const incload_run *run, const char *format, const char *options,
                                            const char *path, incload_error **err);
INCLOAD_API int32_t incload_run_watch(incload_run *run, const char *options, incload_write_fn write, void *user_data,
                                      incload_error **err);
INCLOAD_END_DECLS
#endif
