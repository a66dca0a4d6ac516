/* SPDX-License-Identifier: Apache-2.0 */
/* Asks which strategy fits a table, makes it, says what is not well, and shows what a run would do. Changes nothing.
 *
 *     advise SOURCE_URL TABLE TARGET_URL [FACTS] */
#include <incload/incload.h>

#include <stdio.h>

int
main(int argc, char **argv)
{
    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: advise SOURCE_URL TABLE TARGET_URL [FACTS]\n");
        return 2;
    }

    incload_error *err = NULL;
    incload_database *source = incload_database_new(argv[1], NULL, &err);
    incload_database *target = incload_database_new(argv[3], NULL, &err);
    incload_recommendation *advice =
        incload_strategy_recommend_for(source, argv[2], target, argv[2], argc == 5 ? argv[4] : NULL, &err);
    incload_strategy *how = incload_strategy_new(incload_recommendation_strategy(advice),
                                                 incload_recommendation_options(advice), &err);
    incload_step *step = incload_step_new_load(source, argv[2], target, argv[2], how, &err);
    incload_lint *lint = incload_step_lint(step, &err);
    incload_plan *plan = incload_step_plan(step, &err);

    printf("%s\n%s\n%s", incload_recommendation_text(advice), incload_lint_text(lint), incload_plan_text(plan));
    if (err != NULL)
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));

    int failed = err != NULL;
    incload_plan_unref(plan);
    incload_lint_unref(lint);
    incload_step_unref(step);
    incload_strategy_unref(how);
    incload_recommendation_unref(advice);
    incload_database_unref(target);
    incload_database_unref(source);
    incload_error_unref(err);
    return failed;
}
