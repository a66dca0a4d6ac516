/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_ADVICE_H
#define INCLOAD_ADVICE_H
#include <incload/base.h>
INCLOAD_BEGIN_DECLS
enum {
    INCLOAD_VERDICT_DECIDED = 1,
    INCLOAD_VERDICT_STANDS_IN = 2,
    INCLOAD_VERDICT_FITS = 3,
    INCLOAD_VERDICT_REFUSED = 4
};
INCLOAD_API incload_recommendation *incload_strategy_recommend(const char *facts, incload_error **err);
INCLOAD_API incload_recommendation *incload_strategy_recommend_in(incload_context *context, const char *facts,
                                                                  incload_error **err);
INCLOAD_API incload_recommendation *incload_strategy_recommend_for(incload_database *source, const char *source_table,
                                                                   incload_database *target, const char *target_table,
                                                                   const char *facts, incload_error **err);
INCLOAD_API incload_recommendation *incload_recommendation_ref(incload_recommendation *recommendation);
INCLOAD_API void incload_recommendation_unref(incload_recommendation *recommendation);
INCLOAD_API const char *incload_recommendation_strategy(const incload_recommendation *recommendation);
INCLOAD_API const char *incload_recommendation_options(const incload_recommendation *recommendation);
INCLOAD_API const char *incload_recommendation_ideal(const incload_recommendation *recommendation);
INCLOAD_API const char *incload_recommendation_rule(const incload_recommendation *recommendation);
INCLOAD_API const char *incload_recommendation_reason(const incload_recommendation *recommendation);
INCLOAD_API const char *incload_recommendation_better(const incload_recommendation *recommendation);
INCLOAD_API int32_t incload_recommendation_rule_count(const incload_recommendation *recommendation);
INCLOAD_API const char *incload_recommendation_rule_id(const incload_recommendation *recommendation, int32_t index);
INCLOAD_API const char *incload_recommendation_rule_strategy(const incload_recommendation *recommendation,
                                                             int32_t index);
INCLOAD_API int32_t incload_recommendation_rule_verdict(const incload_recommendation *recommendation, int32_t index);
INCLOAD_API const char *incload_recommendation_rule_text(const incload_recommendation *recommendation, int32_t index);
INCLOAD_API const char *incload_recommendation_fact(const incload_recommendation *recommendation, const char *name);
INCLOAD_API const char *incload_recommendation_fact_origin(const incload_recommendation *recommendation,
                                                           const char *name);
INCLOAD_API const char *incload_recommendation_fact_note(const incload_recommendation *recommendation,
                                                         const char *name);
INCLOAD_API const char *incload_recommendation_text(const incload_recommendation *recommendation);
INCLOAD_API const char *incload_recommendation_json(const incload_recommendation *recommendation);
enum {
    INCLOAD_SEVERITY_INFO = 1,
    INCLOAD_SEVERITY_WARNING = 2,
    INCLOAD_SEVERITY_ERROR = 3
};
INCLOAD_API incload_lint *incload_step_lint(incload_step *step, incload_error **err);
INCLOAD_API incload_lint *incload_lint_ref(incload_lint *lint);
INCLOAD_API void incload_lint_unref(incload_lint *lint);
INCLOAD_API int32_t incload_lint_count(const incload_lint *lint);
INCLOAD_API const char *incload_lint_id(const incload_lint *lint, int32_t index);
INCLOAD_API const char *incload_lint_object(const incload_lint *lint, int32_t index);
INCLOAD_API const char *incload_lint_what(const incload_lint *lint, int32_t index);
INCLOAD_API const char *incload_lint_remedy(const incload_lint *lint, int32_t index);
INCLOAD_API int32_t incload_lint_severity(const incload_lint *lint, int32_t index);
INCLOAD_API const char *incload_lint_text(const incload_lint *lint);
INCLOAD_API const char *incload_lint_json(const incload_lint *lint);
INCLOAD_END_DECLS
#endif
