/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_STEP_H
#define INCLOAD_STEP_H
#include <incload/base.h>
#include <incload/batch.h>
INCLOAD_BEGIN_DECLS
typedef int32_t (*incload_check_fn)(incload_unit *unit, int64_t rows_read, int64_t rows_staged, void *user_data);
typedef int32_t (*incload_unit_fn)(incload_unit *unit, void *user_data);
INCLOAD_API incload_step *incload_step_new_load(incload_database *source, const char *source_table, incload_database
                                                *target, const char *target_table, incload_strategy *strategy,
                                                incload_error **err);
INCLOAD_API incload_step *incload_step_new_query_load(incload_database *source, const char *query, incload_database
                                                      *target, const char *target_table, incload_strategy *strategy,
                                                      incload_error **err);
INCLOAD_API incload_step *incload_step_new_group(incload_step *const *loads, int32_t count, const char *options,
                                                 incload_error **err);
INCLOAD_API incload_step *incload_step_new_function(incload_unit_fn function, void *user_data,
                                                    incload_destroy_fn destroy, incload_error **err);
INCLOAD_API int32_t incload_step_set_context(incload_step *step, incload_context *context, incload_error **err);
INCLOAD_API incload_step *incload_step_ref(incload_step *step);
INCLOAD_API void incload_step_unref(incload_step *step);
INCLOAD_API int32_t incload_step_set(incload_step *step, const char *name, const char *value, incload_error **err);
INCLOAD_API int32_t incload_step_set_primary(incload_step *step, incload_database *primary, incload_error **err);
INCLOAD_API int32_t incload_step_bind(incload_step *step, int32_t index, const char *value, incload_error **err);
INCLOAD_API int32_t incload_step_set_batch_function(incload_step *step, incload_batch_fn function, void *user_data,
                                                    incload_destroy_fn destroy, incload_error **err);
INCLOAD_API int32_t incload_step_add_check(incload_step *step, const char *name, const char *sql, incload_error **err);
INCLOAD_API int32_t incload_step_set_check_function(incload_step *step, incload_check_fn function, void *user_data,
                                                    incload_destroy_fn destroy, incload_error **err);
INCLOAD_API incload_run *incload_step_run(incload_step *step, const char *options, incload_error **err);
INCLOAD_API incload_run *incload_step_replay_rejects(incload_step *step, const char *options, incload_error **err);
INCLOAD_API incload_run *incload_step_start(incload_step *step, const char *options, incload_error **err);
INCLOAD_API incload_run *incload_step_start_replay(incload_step *step, const char *options, incload_error **err);
INCLOAD_END_DECLS
#endif
