/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_VERIFY_H
#define INCLOAD_VERIFY_H
#include <incload/base.h>
INCLOAD_BEGIN_DECLS
enum {
    INCLOAD_DIFFERENCE_MISSING = 1,
    INCLOAD_DIFFERENCE_EXTRA = 2,
    INCLOAD_DIFFERENCE_CHANGED = 3,
    INCLOAD_DIFFERENCE_DUPLICATED = 4
};
INCLOAD_API incload_verification *incload_verify(incload_step *step, const char *options, incload_error **err);
INCLOAD_API incload_verification *incload_verification_new(incload_step *step, const char *options, incload_error
                                                           **err);
INCLOAD_API incload_verification *incload_verification_ref(incload_verification *verification);
INCLOAD_API void incload_verification_unref(incload_verification *verification);
INCLOAD_API int32_t incload_verification_run(incload_verification *verification, incload_error **err);
INCLOAD_API void incload_verification_cancel(incload_verification *verification);
INCLOAD_API int32_t incload_verification_is_equal(const incload_verification *verification);
INCLOAD_API int64_t incload_verification_source_rows(const incload_verification *verification);
INCLOAD_API int64_t incload_verification_target_rows(const incload_verification *verification);
INCLOAD_API int64_t incload_verification_missing(const incload_verification *verification);
INCLOAD_API int64_t incload_verification_extra(const incload_verification *verification);
INCLOAD_API int64_t incload_verification_changed(const incload_verification *verification);
INCLOAD_API int64_t incload_verification_duplicated(const incload_verification *verification);
INCLOAD_API int64_t incload_verification_pending(const incload_verification *verification);
INCLOAD_API int32_t incload_verification_is_exact(const incload_verification *verification);
INCLOAD_API const char *incload_verification_source_digest(const incload_verification *verification);
INCLOAD_API const char *incload_verification_target_digest(const incload_verification *verification);
INCLOAD_API const char *incload_verification_digest(const incload_verification *verification);
INCLOAD_API const char *incload_verification_digest_reason(const incload_verification *verification);
INCLOAD_API int64_t incload_verification_rows_read(const incload_verification *verification);
INCLOAD_API int64_t incload_verification_bytes(const incload_verification *verification);
INCLOAD_API int64_t incload_verification_duration_us(const incload_verification *verification);
INCLOAD_API int32_t incload_verification_difference_count(const incload_verification *verification);
INCLOAD_API int32_t incload_verification_difference_kind(const incload_verification *verification, int32_t index);
INCLOAD_API const char *incload_verification_difference_key(const incload_verification *verification, int32_t index);
INCLOAD_API const char *incload_verification_difference_columns(const incload_verification *verification, int32_t
                                                                index);
INCLOAD_API int64_t incload_verification_difference_source_rows(const incload_verification *verification, int32_t
                                                                index);
INCLOAD_API int64_t incload_verification_difference_target_rows(const incload_verification *verification, int32_t
                                                                index);
INCLOAD_END_DECLS
#endif
