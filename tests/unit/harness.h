/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test program needs: Check, and a main that speaks TAP.
 *
 *     START_TEST(merge_keeps_the_latest_of_two_rows_with_one_key) { ... } END_TEST
 *     static void add_tests(TCase *tests) { tcase_add_test(tests, merge_keeps_...); }
 *     HARNESS_MAIN("merge", add_tests)
 */
#ifndef INCLOAD_TESTS_UNIT_HARNESS_H
#define INCLOAD_TESTS_UNIT_HARNESS_H

#include <check.h>
#include <stdlib.h>

#define HARNESS_MAIN(title, add_tests)                                                                                \
    int main(void)                                                                                                    \
    {                                                                                                                 \
        Suite *suite = suite_create(title);                                                                           \
        TCase *tests = tcase_create(title);                                                                           \
        tcase_set_timeout(tests, 30);                                                                                 \
        add_tests(tests);                                                                                             \
        suite_add_tcase(suite, tests);                                                                                \
        SRunner *runner = srunner_create(suite);                                                                      \
        srunner_set_tap(runner, "-");                                                                                 \
        srunner_run_all(runner, CK_SILENT);                                                                           \
        int failed = srunner_ntests_failed(runner);                                                                   \
        srunner_free(runner);                                                                                         \
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;                                                             \
    }

#endif
