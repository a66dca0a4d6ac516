/* SPDX-License-Identifier: Apache-2.0 */
/* conformance SOURCE TARGET: the whole suite for one pair of databases, as TAP.
 * conformance --types: what doc/types.md says, as Markdown.
 *
 * INCLOAD_TEST_CASE=NAME runs one test case, such as "numeric(38,10)". */
#include "conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TCase *
add_case(Suite *suite, const char *name)
{
    TCase *tests = tcase_create(name);

    tcase_add_checked_fixture(tests, open_sides, NULL);
    suite_add_tcase(suite, tests);
    return tests;
}

static int
run_tests(void)
{
    Suite *suite = suite_create("conformance");

    add_type_tests(suite);
    add_key_tests(suite);
    add_cursor_tests(suite);
    add_shape_tests(suite);
    add_large_tests(suite);

    SRunner *runner = srunner_create(suite);
    /* In one process: connections are made once, not for each of hundreds of tests. */
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_set_tap(runner, "-");
    srunner_run(runner, NULL, getenv("INCLOAD_TEST_CASE"), CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    close_sides();
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--types") == 0) {
        print_types();
        return EXIT_SUCCESS;
    }
    if (argc != 3 || !find_sides(argv[1], argv[2])) {
        fprintf(stderr, "usage: conformance SOURCE TARGET (postgres, postgres-odbc, mariadb, sqlite) or --types\n");
        return 2;
    }
    if (missing_server() != NULL) {
        printf("1..0 # SKIP %s is not set: run by tests/servers.sh\n", missing_server());
        return EXIT_SUCCESS;
    }
    return run_tests();
}
