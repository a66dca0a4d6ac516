/* SPDX-License-Identifier: Apache-2.0 */
/* What reports are made of: durations, tallies, the critical path, the graph as it is drawn, and files. */
#include "harness.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pictures.h"
#include "run/report/layout.h"
#include "run/report/report.h"
#include "run/report/trace.h"

enum { FORMATS = INCLOAD__REPORT_LINEAGE };

static const incload__mem *mem = &incload__mem_libc;

/* ---- words and numbers ---- */

START_TEST(a_duration_is_told_in_the_unit_a_person_would_use)
{
    static const struct {
        int64_t us;
        const char *text;
    } cases[] = { { 0, "0 ms" },
                  { 999999, "999 ms" },
                  { 1000000, "1.0 s" },
                  { 59949000, "59.9 s" },
                  { 245000000, "4 min 05 s" },
                  { 12000000000, "3 h 20 min" },
                  { INT64_C(187200000000), "2 d 04 h" },
                  { -5, "0 ms" } };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        incload__str out = INCLOAD__STR(mem);
        incload__picture_duration(&out, cases[i].us);
        ck_assert_str_eq(incload__str_text(&out), cases[i].text);
        incload__str_free(&out);
    }
}
END_TEST

START_TEST(an_amount_has_three_digits_and_its_scale)
{
    static const struct {
        int64_t value;
        const char *text;
    } cases[] = { { 0, "0" },           { 950, "950" },         { 12345, "12.3 k" },
                  { 1900000, "1.9 M" }, { 123456789, "123 M" }, { INT64_MAX, "9223372 T" } };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        incload__str out = INCLOAD__STR(mem);
        incload__picture_amount(&out, cases[i].value);
        ck_assert_str_eq(incload__str_text(&out), cases[i].text);
        incload__str_free(&out);
    }
}
END_TEST

START_TEST(an_instant_before_1970_is_a_date_too)
{
    incload__str out = INCLOAD__STR(mem);

    incload__picture_instant(&out, -1);
    ck_assert_str_eq(incload__str_text(&out), "1969-12-31T23:59:59.999999Z");
    incload__str_free(&out);
}
END_TEST

START_TEST(units_that_have_not_begun_are_counted_as_pending)
{
    const incload__picture *picture = picture_named("chunks");
    incload__picture_tally each;
    incload__picture_tally all;

    incload__picture_tallies(picture, &each, &all);
    ck_assert_int_eq(all.total, 10000);
    ck_assert_int_eq(all.by_status[INCLOAD_STATUS_SUCCESS], 3999);
    ck_assert_int_eq(all.by_status[INCLOAD_STATUS_FAILED], 1);
    ck_assert_int_eq(all.by_status[INCLOAD_STATUS_PENDING], 6000);
}
END_TEST

START_TEST(a_picture_whose_edge_leads_nowhere_is_refused)
{
    incload__picture_edge edge = { 0, 7, false, NULL };
    incload__picture picture = *picture_named("nightly");
    incload_error *err = NULL;

    picture.edges = &edge;
    picture.edge_count = 1;
    ck_assert_int_eq(incload__picture_check(&picture, &err), INCLOAD_E_INVALID);
    ck_assert_str_eq(incload_error_message(err), "edge 0 of the picture leads to no step");
    incload_error_unref(err);
}
END_TEST

/* ---- the critical path ---- */

START_TEST(the_critical_path_leads_through_what_ended_last_also_past_skipped_steps)
{
    const incload__picture *picture = picture_named("nightly");
    incload__critical critical;

    ck_assert_int_eq(incload__critical_find(&critical, mem, picture, NULL), INCLOAD_OK);
    /* clean up waited for the skipped report, which had waited for history, which waited for customers. */
    ck_assert_int_eq(critical.count, 3);
    ck_assert_str_eq(picture->steps[critical.steps[0]].name, "customers");
    ck_assert_str_eq(picture->steps[critical.steps[1]].name, "history");
    ck_assert_str_eq(picture->steps[critical.steps[2]].name, "clean up");
    ck_assert_int_eq(critical.work_us, (179 + 475 + 10) * INT64_C(1000000));
    ck_assert_int_eq(critical.wait_us, (1 + 20 + 5) * INT64_C(1000000));
    incload__critical_free(&critical, mem);
}
END_TEST

START_TEST(a_cycle_in_a_picture_is_drawn_and_ends)
{
    incload__picture_edge edges[] = { { 0, 1, false, NULL }, { 1, 2, false, NULL }, { 2, 0, false, NULL } };
    incload__picture picture = *picture_named("nightly");
    incload__shape shape;

    picture.edges = edges;
    picture.edge_count = 3;
    ck_assert_int_eq(incload__shape_make(&shape, mem, &picture, 0, NULL), INCLOAD_OK);
    ck_assert_int_eq(shape.node_count, 7);
    ck_assert_int_eq(shape.edge_count, 3);
    incload__shape_free(&shape);
}
END_TEST

/* ---- the graph ---- */

START_TEST(steps_alike_are_drawn_as_one_and_the_failed_among_them_as_another)
{
    const incload__picture *picture = picture_named("wide");
    incload__shape shape;
    incload__str title = INCLOAD__STR(mem);

    ck_assert_int_eq(incload__shape_make(&shape, mem, picture, 0, NULL), INCLOAD_OK);
    ck_assert_int_eq(shape.node_count, 4);
    ck_assert_int_eq(shape.level_count, 3);
    ck_assert_int_eq(shape.edge_count, 4);
    for (int32_t i = 0; i < shape.node_count; i++) {
        incload__shape_title(picture, &shape.nodes[i], &title, incload__put_plain);
        incload__str_add_char(&title, '\n');
    }
    ck_assert_ptr_nonnull(strstr(incload__str_text(&title), "step 1 \xc3\x97"
                                                            "362\n"));
    ck_assert_ptr_nonnull(strstr(incload__str_text(&title), "step 8 \xc3\x97"
                                                            "3\n"));
    incload__str_free(&title);
    incload__shape_free(&shape);
}
END_TEST

START_TEST(where_nothing_is_alike_the_rest_is_drawn_as_one)
{
    incload__shape shape;
    int32_t steps = 0;

    ck_assert_int_eq(incload__shape_make(&shape, mem, picture_named("lattice"), 50, NULL), INCLOAD_OK);
    ck_assert_int_eq(shape.node_count, 50);
    ck_assert(shape.nodes[49].rest);
    for (int32_t i = 0; i < shape.node_count; i++)
        steps += shape.nodes[i].count;
    ck_assert_int_eq(steps, 400);
    incload__shape_free(&shape);
}
END_TEST

START_TEST(no_two_nodes_are_drawn_at_one_place_and_edges_lead_rightwards)
{
    incload__shape shape;
    incload__layout layout;

    ck_assert_int_eq(incload__shape_make(&shape, mem, picture_named("lattice"), 400, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__layout_make(&layout, mem, &shape, NULL), INCLOAD_OK);
    for (int32_t i = 0; i < layout.item_count; i++) {
        ck_assert_int_lt(layout.items[i].row, layout.column_rows[layout.items[i].level]);
        for (int32_t j = 0; j < i; j++)
            ck_assert(layout.items[i].level != layout.items[j].level || layout.items[i].row != layout.items[j].row);
    }
    for (int32_t i = 0; i < layout.link_count; i++)
        ck_assert_int_eq(layout.items[layout.links[i].to].level, layout.items[layout.links[i].from].level + 1);
    incload__layout_free(&layout);
    incload__shape_free(&shape);
}
END_TEST

/* ---- writing ---- */

static int32_t
gather(void *user_data, const char *text, size_t size)
{
    incload__str_add_bytes(user_data, text, size);
    return INCLOAD_OK;
}

static int32_t
refuse(void *user_data, const char *text, size_t size)
{
    (void)text;
    (void)size;
    return ++*(int32_t *)user_data == 2 ? INCLOAD_E_CALLBACK : INCLOAD_OK;
}

START_TEST(a_host_that_takes_no_more_ends_the_report_with_its_own_code)
{
    int32_t calls = 0;
    incload_error *err = NULL;

    ck_assert_int_eq(
        incload__report_write(mem, picture_named("chunks"), INCLOAD__REPORT_TRACE, NULL, refuse, &calls, &err),
        INCLOAD_E_CALLBACK);
    ck_assert_int_eq(calls, 2);
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_CALLBACK);
    incload_error_unref(err);
}
END_TEST

START_TEST(a_format_that_does_not_exist_is_refused)
{
    incload_error *err = NULL;

    ck_assert_int_eq(incload__report_write(mem, picture_named("empty"), 99, NULL, refuse, NULL, &err),
                     INCLOAD_E_INVALID);
    incload_error_unref(err);
}
END_TEST

typedef struct lender {
    int64_t left;
    int64_t live;
} lender;

static void *
lend(size_t size, void *data)
{
    lender *from = data;

    if (from->left-- <= 0)
        return NULL;
    from->live++;
    return malloc(size);
}

static void *
lend_more(void *block, size_t size, void *data)
{
    lender *from = data;

    if (from->left-- <= 0)
        return NULL;
    from->live += block == NULL;
    return realloc(block, size);
}

static void
take_back(void *block, void *data)
{
    ((lender *)data)->live -= block != NULL;
    free(block);
}

static int32_t
count_bytes(void *user_data, const char *text, size_t size)
{
    (void)text;
    *(size_t *)user_data += size;
    return INCLOAD_OK;
}

START_TEST(every_allocation_of_a_report_may_fail)
{
    const incload__picture *picture = picture_named("running");
    int32_t format = _i + 1;
    int32_t status = INCLOAD_E_NO_MEMORY;

    for (int64_t allowed = 0; status != INCLOAD_OK; allowed++) {
        lender from = { .left = allowed };
        incload__mem lent = { lend, lend_more, take_back, &from };
        size_t bytes = 0;
        status = incload__report_write(&lent, picture, format, NULL, count_bytes, &bytes, NULL);
        ck_assert(status == INCLOAD_OK || status == INCLOAD_E_NO_MEMORY);
        ck_assert_int_eq(from.live, 0);
        ck_assert_int_lt(allowed, 10000);
    }
}
END_TEST

START_TEST(every_format_takes_an_empty_run)
{
    incload__str text = INCLOAD__STR(mem);

    ck_assert_int_eq(incload__report_write(mem, picture_named("empty"), _i + 1, NULL, gather, &text, NULL), INCLOAD_OK);
    ck_assert_uint_gt(text.length, 0);
    incload__str_free(&text);
}
END_TEST

START_TEST(a_trace_that_was_never_ended_loads_up_to_its_last_event)
{
    const incload__picture *picture = picture_named("nightly");
    incload__str text = INCLOAD__STR(mem);
    incload__sink sink = { .text = INCLOAD__STR(mem), .write = gather, .user_data = &text };
    incload__trace trace;

    incload__trace_begin(&trace, &sink, "nightly", picture->start_us);
    for (int32_t i = 0; i < 3; i++)
        incload__trace_attempt(&trace, "history", &picture->units[i], 0, 0);
    incload__sink_flush(&sink);
    incload__str_add(&text, "]");
    json_t *events = json_loads(incload__str_text(&text), 0, NULL);
    /* The run's name, three attempts, and their two workers' names. */
    ck_assert_uint_eq(json_array_size(events), 6);
    json_decref(events);
    incload__trace_end(&trace);
    ck_assert_int_eq(incload__sink_end(&sink, NULL), INCLOAD_OK);
    incload__str_free(&text);
}
END_TEST

/* ---- files ---- */

static char folder[64];

static void
make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/incload-report-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static const char *
in_folder(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void
remove_folder(void)
{
    unlink(in_folder("run.html"));
    ck_assert_int_eq(rmdir(folder), 0); /* nothing else is left */
}

START_TEST(a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it)
{
    struct stat before;
    struct stat after;

    make_folder();
    errno = 77;
    ck_assert_int_eq(
        incload__report_file(mem, picture_named("nightly"), INCLOAD__REPORT_HTML, NULL, in_folder("run.html"), NULL),
        INCLOAD_OK);
    ck_assert_int_eq(errno, 77);
    ck_assert_int_eq(stat(in_folder("run.html"), &before), 0);
    ck_assert_int_eq(
        incload__report_file(mem, picture_named("empty"), INCLOAD__REPORT_HTML, NULL, in_folder("run.html"), NULL),
        INCLOAD_OK);
    ck_assert_int_eq(stat(in_folder("run.html"), &after), 0);
    ck_assert(before.st_ino != after.st_ino);
    ck_assert(before.st_size > after.st_size);
    remove_folder();
}
END_TEST

START_TEST(a_report_that_fails_leaves_the_old_file_as_it_was)
{
    incload__picture broken = *picture_named("nightly");
    struct stat before;
    struct stat after;
    incload_error *err = NULL;

    make_folder();
    ck_assert_int_eq(
        incload__report_file(mem, picture_named("nightly"), INCLOAD__REPORT_HTML, NULL, in_folder("run.html"), NULL),
        INCLOAD_OK);
    ck_assert_int_eq(stat(in_folder("run.html"), &before), 0);
    broken.step_count = 1;
    ck_assert_int_eq(incload__report_file(mem, &broken, INCLOAD__REPORT_HTML, NULL, in_folder("run.html"), &err),
                     INCLOAD_E_INVALID);
    incload_error_unref(err);
    ck_assert_int_eq(stat(in_folder("run.html"), &after), 0);
    ck_assert(before.st_ino == after.st_ino && before.st_size == after.st_size);
    remove_folder();
}
END_TEST

START_TEST(a_folder_that_does_not_exist_is_named_with_the_remedy)
{
    incload_error *err = NULL;

    ck_assert_int_eq(incload__report_file(mem, picture_named("empty"), INCLOAD__REPORT_DOT, NULL,
                                          "/nonexistent/folder/run.dot", &err),
                     INCLOAD_E_NOT_FOUND);
    ck_assert_str_eq(incload_error_message(err),
                     "cannot write the report /nonexistent/folder/run.dot: there is no such "
                     "folder: make it first");
    incload_error_unref(err);
}
END_TEST

START_TEST(a_path_that_is_a_folder_is_refused_and_nothing_is_left)
{
    incload_error *err = NULL;

    make_folder();
    ck_assert_int_eq(mkdir(in_folder("run.html"), 0700), 0);
    ck_assert_int_eq(
        incload__report_file(mem, picture_named("empty"), INCLOAD__REPORT_HTML, NULL, in_folder("run.html"), &err),
        INCLOAD_E_INVALID);
    incload_error_unref(err);
    ck_assert_int_eq(rmdir(in_folder("run.html")), 0);
    remove_folder();
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, a_duration_is_told_in_the_unit_a_person_would_use);
    tcase_add_test(tests, an_amount_has_three_digits_and_its_scale);
    tcase_add_test(tests, an_instant_before_1970_is_a_date_too);
    tcase_add_test(tests, units_that_have_not_begun_are_counted_as_pending);
    tcase_add_test(tests, a_picture_whose_edge_leads_nowhere_is_refused);
    tcase_add_test(tests, the_critical_path_leads_through_what_ended_last_also_past_skipped_steps);
    tcase_add_test(tests, a_cycle_in_a_picture_is_drawn_and_ends);
    tcase_add_test(tests, steps_alike_are_drawn_as_one_and_the_failed_among_them_as_another);
    tcase_add_test(tests, where_nothing_is_alike_the_rest_is_drawn_as_one);
    tcase_add_test(tests, no_two_nodes_are_drawn_at_one_place_and_edges_lead_rightwards);
    tcase_add_test(tests, a_host_that_takes_no_more_ends_the_report_with_its_own_code);
    tcase_add_test(tests, a_format_that_does_not_exist_is_refused);
    tcase_add_loop_test(tests, every_allocation_of_a_report_may_fail, 0, FORMATS);
    tcase_add_loop_test(tests, every_format_takes_an_empty_run, 0, FORMATS);
    tcase_add_test(tests, a_trace_that_was_never_ended_loads_up_to_its_last_event);
    tcase_add_test(tests, a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it);
    tcase_add_test(tests, a_report_that_fails_leaves_the_old_file_as_it_was);
    tcase_add_test(tests, a_folder_that_does_not_exist_is_named_with_the_remedy);
    tcase_add_test(tests, a_path_that_is_a_folder_is_refused_and_nothing_is_left);
}

HARNESS_MAIN("report", add_tests)
