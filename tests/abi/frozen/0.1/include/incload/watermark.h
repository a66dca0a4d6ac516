/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_WATERMARK_H
#define INCLOAD_WATERMARK_H
#include <incload/base.h>
INCLOAD_BEGIN_DECLS
INCLOAD_API incload_watermark *incload_watermark_open(incload_database *target, const char *load, incload_error **err);
INCLOAD_API incload_watermark *incload_watermark_ref(incload_watermark *watermark);
INCLOAD_API void incload_watermark_unref(incload_watermark *watermark);
INCLOAD_API int32_t incload_watermark_refresh(incload_watermark *watermark, incload_error **err);
INCLOAD_API const char *incload_watermark_load(const incload_watermark *watermark);
INCLOAD_API const char *incload_watermark_value(const incload_watermark *watermark);
INCLOAD_API const char *incload_watermark_type(const incload_watermark *watermark);
INCLOAD_API const char *incload_watermark_document(const incload_watermark *watermark);
INCLOAD_API const char *incload_watermark_describe(incload_watermark *watermark);
INCLOAD_API const char *incload_watermark_level(const incload_watermark *watermark);
INCLOAD_API int64_t incload_watermark_version(const incload_watermark *watermark);
INCLOAD_API int64_t incload_watermark_updated_us(const incload_watermark *watermark);
INCLOAD_API int32_t incload_watermark_set(incload_watermark *watermark, const char *value, incload_error **err);
INCLOAD_API int32_t incload_watermark_reset(incload_watermark *watermark, incload_error **err);
INCLOAD_API int32_t incload_watermark_history_count(incload_watermark *watermark, incload_error **err);
INCLOAD_API const char *incload_watermark_history_value(const incload_watermark *watermark, int32_t index);
INCLOAD_API int64_t incload_watermark_history_version(const incload_watermark *watermark, int32_t index);
INCLOAD_API int64_t incload_watermark_history_time_us(const incload_watermark *watermark, int32_t index);
INCLOAD_API const char *incload_watermark_history_run_id(const incload_watermark *watermark, int32_t index);
INCLOAD_API incload_watermark_list *incload_watermark_list_new(incload_database *target, incload_error **err);
INCLOAD_API void incload_watermark_list_unref(incload_watermark_list *list);
INCLOAD_API int32_t incload_watermark_list_count(const incload_watermark_list *list);
INCLOAD_API const char *incload_watermark_list_load(const incload_watermark_list *list, int32_t index);
INCLOAD_API const char *incload_watermark_list_value(const incload_watermark_list *list, int32_t index);
INCLOAD_END_DECLS
#endif
