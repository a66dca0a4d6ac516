/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_PIPELINE_H
#define INCLOAD_PIPELINE_H
#include <incload/base.h>
#include <incload/step.h>
INCLOAD_BEGIN_DECLS
INCLOAD_API incload_pipeline *incload_pipeline_new(const char *name, incload_context *context, incload_error **err);
INCLOAD_API incload_pipeline *incload_pipeline_ref(incload_pipeline *pipeline);
INCLOAD_API void incload_pipeline_unref(incload_pipeline *pipeline);
INCLOAD_API int32_t incload_pipeline_add(incload_pipeline *pipeline, const char *name, incload_step *step,
                                         const char *depends_on, incload_error **err);
INCLOAD_API int32_t incload_pipeline_set(incload_pipeline *pipeline, const char *step_name, const char *name,
                                         const char *value, incload_error **err);
INCLOAD_API int32_t incload_pipeline_set_condition(incload_pipeline *pipeline, const char *step_name,
                                                   incload_unit_fn condition, void *user_data,
                                                   incload_destroy_fn destroy, incload_error **err);
INCLOAD_API int32_t incload_pipeline_add_pool(incload_pipeline *pipeline, const char *name, int32_t slots,
                                              incload_error **err);
INCLOAD_API int32_t incload_pipeline_set_ledger(incload_pipeline *pipeline, incload_database *database,
                                                incload_error **err);
INCLOAD_API int32_t incload_pipeline_validate(incload_pipeline *pipeline, incload_error **err);
INCLOAD_API incload_run *incload_pipeline_run(incload_pipeline *pipeline, const char *options, incload_error **err);
INCLOAD_API incload_run *incload_pipeline_start(incload_pipeline *pipeline, const char *options, incload_error **err);
INCLOAD_API incload_run *incload_pipeline_resume(incload_pipeline *pipeline, const char *run_id, const char *options,
                                                 incload_error **err);
INCLOAD_API incload_run *incload_pipeline_start_resume(incload_pipeline *pipeline, const char *run_id,
                                                       const char *options, incload_error **err);
INCLOAD_END_DECLS
#endif
