/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_ERROR_H
#define INCLOAD_ERROR_H
#include <incload/base.h>
INCLOAD_BEGIN_DECLS
INCLOAD_API incload_error *incload_error_ref(incload_error *error);
INCLOAD_API void incload_error_unref(incload_error *error);
INCLOAD_API int32_t incload_error_code(const incload_error *error);
INCLOAD_API const char *incload_error_name(const incload_error *error);
INCLOAD_API const char *incload_error_message(const incload_error *error);
INCLOAD_API const char *incload_error_sqlstate(const incload_error *error);
INCLOAD_API int64_t incload_error_native_code(const incload_error *error);
INCLOAD_API int32_t incload_error_is_retryable(const incload_error *error);
INCLOAD_API const char *incload_error_step(const incload_error *error);
INCLOAD_API const char *incload_error_unit(const incload_error *error);
INCLOAD_API int32_t incload_error_detail_count(const incload_error *error);
INCLOAD_API const char *incload_error_detail_key(const incload_error *error, int32_t index);
INCLOAD_API const char *incload_error_detail_value(const incload_error *error, int32_t index);
INCLOAD_API const incload_error *incload_error_cause(const incload_error *error);
INCLOAD_API int32_t incload_status_count(void);
INCLOAD_API int32_t incload_status_code(int32_t index);
INCLOAD_API const char *incload_status_name(int32_t code);
INCLOAD_END_DECLS
#endif
