/* SPDX-License-Identifier: Apache-2.0 */
/* Reports and progress of loads that run alone, and of groups. */
#include "rig.h"

typedef struct text {
    char bytes[65536];
    size_t size;
} text;

static text told;

static int32_t
keep(const char *bytes, size_t size, void *data)
{
    text *to = data;

    if (to->size + size >= sizeof to->bytes)
        return 0;
    memcpy(to->bytes + to->size, bytes, size);
    to->size += size;
    to->bytes[to->size] = '\0';
    return INCLOAD_DONE;
}

static void
report(const rig *r, const char *format)
{
    incload_error *err = NULL;

    told = (text){ .size = 0 };
    int32_t status = incload_run_report(r->run, format, NULL, keep, &told, &err);
    ck_assert_msg(status == INCLOAD_OK, "%s", incload_error_message(err));
}

static void
has(const char *words)
{
    ck_assert_msg(strstr(told.bytes, words) != NULL, "no '%s' in %s", words, told.bytes);
}

static int
count_of(const char *words)
{
    int count = 0;

    for (const char *at = told.bytes; (at = strstr(at, words)) != NULL; at += strlen(words))
        count++;
    return count;
}

static rig
prepared(void)
{
    rig r = rig_new("postgres");

    rig_tell_earlier_load(r.to);
    rig_plan(&r, BY_TIME);
    return r;
}

START_TEST(a_load_is_a_run_of_one_step)
{
    rig r = prepared();

    ck_assert_msg(rig_run(&r) == INCLOAD_OK, "%s", incload_error_message(r.err));
    report(&r, "dot");
    has("label=\"\xe2\x9c\x93 orders\\nload");
    report(&r, "html");
    has("Steps (1)");
    ck_assert_ptr_null(strstr(told.bytes, "id=\"failures\""));
    report(&r, "trace");
    ck_assert_int_eq(count_of("\"attempt\":1"), 1);
    rig_free(&r);
}
END_TEST

START_TEST(its_lineage_names_its_tables_and_is_the_same_each_time)
{
    rig r = prepared();
    static text before;

    ck_assert_int_eq(rig_run(&r), INCLOAD_OK);
    report(&r, "openlineage");
    /* The run, its step, and the attempt. */
    ck_assert_int_eq(count_of("\"eventType\":\"START\""), 3);
    ck_assert_int_eq(count_of("\"eventType\":\"COMPLETE\""), 3);
    has("\"inputs\":[{\"namespace\":\"mock\",\"name\":\"orders\"");
    has("\"rowCount\":");
    before = told;
    report(&r, "openlineage");
    ck_assert_str_eq(told.bytes, before.bytes);
    rig_free(&r);
}
END_TEST

START_TEST(loads_of_a_group_are_drawn_together)
{
    rig r = prepared();

    rig_group(&r);
    ck_assert_int_eq(rig_run(&r), INCLOAD_OK);
    report(&r, "dot");
    has("subgraph cluster_0 {\n    label=\"shop\"");
    has("\xe2\x9c\x93 orders");
    has("\xe2\x9c\x93 lines");
    rig_free(&r);
}
END_TEST

START_TEST(a_load_that_failed_is_told_with_what_to_do)
{
    rig r = prepared();

    incload_mock_fail(r.to, "INSERT INTO %orders%", 0, "23505", 0, "duplicate key", NULL);
    ck_assert_int_ne(rig_run(&r), INCLOAD_OK);
    report(&r, "html");
    has("<section id=\"failures\">");
    has("duplicate key");
    has("incload_step_run(step, NULL, &#38;err)");
    rig_free(&r);
}
END_TEST

START_TEST(watching_a_load_ends_with_its_line)
{
    rig r = prepared();
    incload_error *err = NULL;

    ck_assert_int_eq(rig_run(&r), INCLOAD_OK);
    told = (text){ .size = 0 };
    ck_assert_int_eq(incload_run_watch(r.run, NULL, keep, &told, &err), INCLOAD_OK);
    has("\xe2\x9c\x93 SUCCESS orders");
    has("1/1 \xc2\xb7 0 running");
    rig_free(&r);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, a_load_is_a_run_of_one_step);
    tcase_add_test(tests, its_lineage_names_its_tables_and_is_the_same_each_time);
    tcase_add_test(tests, loads_of_a_group_are_drawn_together);
    tcase_add_test(tests, a_load_that_failed_is_told_with_what_to_do);
    tcase_add_test(tests, watching_a_load_ends_with_its_line);
}

HARNESS_MAIN("report-load", add_tests)
