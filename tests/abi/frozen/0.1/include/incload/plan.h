/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_PLAN_H
#define INCLOAD_PLAN_H
#include <incload/base.h>
INCLOAD_BEGIN_DECLS
INCLOAD_API incload_plan *incload_step_plan(incload_step *step, incload_error **err);
INCLOAD_API incload_plan *incload_plan_ref(incload_plan *plan);
INCLOAD_API void incload_plan_unref(incload_plan *plan);
INCLOAD_API const char *incload_plan_road(const incload_plan *plan);
INCLOAD_API const char *incload_plan_road_reason(const incload_plan *plan);
INCLOAD_API const char *incload_plan_watermark(const incload_plan *plan);
INCLOAD_API const char *incload_plan_low(const incload_plan *plan);
INCLOAD_API const char *incload_plan_high(const incload_plan *plan);
INCLOAD_API const char *incload_plan_level(const incload_plan *plan);
INCLOAD_API const char *incload_plan_level_reason(const incload_plan *plan);
INCLOAD_API const char *incload_plan_estimate_origin(const incload_plan *plan);
INCLOAD_API const char *incload_plan_busy(const incload_plan *plan);
INCLOAD_API const char *incload_plan_text(const incload_plan *plan);
INCLOAD_API const char *incload_plan_json(const incload_plan *plan);
INCLOAD_API int64_t incload_plan_estimated_rows(const incload_plan *plan);
INCLOAD_API int32_t incload_plan_creates_target(const incload_plan *plan);
INCLOAD_API int32_t incload_plan_creates_ledger(const incload_plan *plan);
INCLOAD_API int32_t incload_plan_is_idle(const incload_plan *plan);
INCLOAD_API int32_t incload_plan_statement_count(const incload_plan *plan);
INCLOAD_API const char *incload_plan_statement(const incload_plan *plan, int32_t index);
INCLOAD_API const char *incload_plan_statement_side(const incload_plan *plan, int32_t index);
INCLOAD_API const char *incload_plan_statement_purpose(const incload_plan *plan, int32_t index);
INCLOAD_API const char *incload_plan_statement_lock(const incload_plan *plan, int32_t index);
INCLOAD_API int32_t incload_plan_statement_parameters(const incload_plan *plan, int32_t index);
INCLOAD_END_DECLS
#endif
