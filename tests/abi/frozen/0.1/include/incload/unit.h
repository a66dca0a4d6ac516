/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_UNIT_H
#define INCLOAD_UNIT_H
#include <incload/base.h>
INCLOAD_BEGIN_DECLS
enum {
    INCLOAD_SKIP = 0x1C05C,
    INCLOAD_SHORT_CIRCUIT = 0x1C05D,
    INCLOAD_RETRY = 0x1C0A7,
    INCLOAD_FAIL = 0x1C0FA,
    INCLOAD_THROTTLED = 0x1C077,
    INCLOAD_YIELD = 0x1C07E
};
INCLOAD_API const char *incload_unit_label(const incload_unit *unit);
INCLOAD_API const char *incload_unit_step(const incload_unit *unit);
INCLOAD_API const char *incload_unit_run_id(const incload_unit *unit);
INCLOAD_API int32_t incload_unit_attempt(const incload_unit *unit);
INCLOAD_API int32_t incload_unit_is_cancelled(const incload_unit *unit);
INCLOAD_API int32_t incload_unit_fail(incload_unit *unit, const char *message);
INCLOAD_API int32_t incload_unit_again_in(incload_unit *unit, int64_t delay_ms);
INCLOAD_API int32_t incload_unit_beat(incload_unit *unit);
INCLOAD_API int32_t incload_unit_add_rows(incload_unit *unit, int64_t rows_read, int64_t rows_written);
INCLOAD_API int32_t incload_unit_set_result(incload_unit *unit, const void *data, size_t size, incload_error **err);
INCLOAD_API const void *incload_unit_input(const incload_unit *unit, const char *step_name, size_t *size);
INCLOAD_API int32_t incload_unit_leave_out(incload_unit *unit, const char *step_name, incload_error **err);
INCLOAD_API int32_t incload_unit_add_step(incload_unit *unit, const char *name, incload_step *step, const char *before,
                                          incload_error **err);
INCLOAD_API int64_t incload_unit_low(const incload_unit *unit);
INCLOAD_API const char *incload_unit_key(const incload_unit *unit);
INCLOAD_API int64_t incload_unit_high(const incload_unit *unit);
INCLOAD_API int32_t incload_unit_complete(incload_unit *unit, int32_t outcome, incload_error **err);
INCLOAD_END_DECLS
#endif
