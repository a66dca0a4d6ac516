/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_BACKFILL_H
#define INCLOAD_BACKFILL_H
#include <incload/base.h>
#include <incload/step.h>
INCLOAD_BEGIN_DECLS
INCLOAD_API incload_step *incload_step_new_backfill(const char *from, const char *through, const char *options,
                                                    incload_unit_fn function, void *user_data,
                                                    incload_destroy_fn destroy, incload_error **err);
INCLOAD_API incload_step *incload_step_new_backfill_between(const char *from, const char *to, const char *options,
                                                            incload_unit_fn function, void *user_data,
                                                            incload_destroy_fn destroy, incload_error **err);
INCLOAD_API incload_step *incload_step_new_backfill_keys(const char *const *keys, int32_t count, const char *options,
                                                         incload_unit_fn function, void *user_data,
                                                         incload_destroy_fn destroy, incload_error **err);
INCLOAD_API int32_t incload_step_set_keys(incload_step *step, const char *const *keys, int32_t count,
                                          incload_error **err);
INCLOAD_API incload_step *incload_step_new_load_backfill(incload_step *load, const char *from, const char *through,
                                                         const char *options, incload_error **err);
INCLOAD_API incload_step *incload_step_new_load_backfill_between(incload_step *load, const char *from, const char *to,
                                                                 const char *options, incload_error **err);
INCLOAD_API int32_t incload_step_set_ledger(incload_step *step, incload_database *ledger, incload_error **err);
INCLOAD_API incload_backfill_plan *incload_backfill_plan_new(incload_step *step, incload_error **err);
INCLOAD_API incload_backfill_plan *incload_backfill_plan_ref(incload_backfill_plan *plan);
INCLOAD_API void incload_backfill_plan_unref(incload_backfill_plan *plan);
INCLOAD_API int64_t incload_backfill_plan_units(const incload_backfill_plan *plan);
INCLOAD_API int64_t incload_backfill_plan_taken(const incload_backfill_plan *plan);
INCLOAD_API const char *incload_backfill_plan_first(const incload_backfill_plan *plan);
INCLOAD_API const char *incload_backfill_plan_last(const incload_backfill_plan *plan);
INCLOAD_API const char *incload_backfill_plan_fingerprint(const incload_backfill_plan *plan);
INCLOAD_END_DECLS
#endif
