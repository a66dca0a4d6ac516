/* SPDX-License-Identifier: Apache-2.0 */
/* Process functions: what they may make of a batch, and that nothing lands when one fails. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char columns[] = "id:i at:t name:s";

/* What a function saw and shall do. */
typedef struct notes {
    int32_t calls;
    int64_t rows;
    int32_t destroyed;
    int32_t answer;
    const char *message;
    char label[64], step[64], run_id[40];
    int32_t attempt, cancelled;
} notes;

static scene
begin(const char *name, int32_t route, const char *options, incload_batch_fn function, notes *seen)
{
    scene s = scene_begin(name, route, columns, "id", options);

    s.what.function = function;
    s.what.user_data = seen;
    table_add(s.from, s.source,
              "(1, '2024-03-01 10:00:01.000000', 'a'), (2, '2024-03-01 10:00:02.000000', 'b'),"
              " (3, '2024-03-01 10:00:03.000000', NULL), (4, '2024-03-01 10:00:04.000000', 'd'),"
              " (5, '2024-03-01 10:00:05.000000', 'e')");
    return s;
}

static int32_t
look(incload_unit *unit, incload_batch *batch, void *user_data)
{
    notes *n = user_data;

    n->calls++;
    n->rows += incload_batch_rows(batch);
    snprintf(n->label, sizeof n->label, "%s", incload_unit_label(unit));
    snprintf(n->step, sizeof n->step, "%s", incload_unit_step(unit));
    snprintf(n->run_id, sizeof n->run_id, "%s", incload_unit_run_id(unit));
    n->attempt = incload_unit_attempt(unit);
    n->cancelled = incload_unit_is_cancelled(unit);
    return INCLOAD_DONE;
}

START_TEST(a_function_sees_every_row_in_batches_of_the_size_asked_for)
{
    notes n = { 0 };
    scene s = begin("look", _i, "cursor=at key=id batch_rows=2", look, &n);
    incload_run *run = load_ok(&s.what);

    ck_assert_int_eq(n.calls, 3);
    ck_assert_int_eq(n.rows, 5);
    ck_assert_str_eq(n.step, s.target);
    ck_assert_str_ne(n.label, "");
    ck_assert_str_eq(n.run_id, incload_run_id(run));
    ck_assert_int_eq(n.attempt, 1);
    ck_assert_int_eq(n.cancelled, 0);
    incload_run_unref(run);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

static int32_t
keep_some(incload_unit *unit, incload_batch *batch, void *user_data)
{
    uint8_t odd[1] = { 0x15 };

    (void)unit;
    (void)user_data;
    ck_assert_int_eq(incload_batch_rows(batch), 5);
    ck_assert_int_eq(incload_batch_keep(batch, odd, 0, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_batch_rows(batch), 5);
    ck_assert_int_eq(incload_batch_keep(batch, odd, sizeof odd, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload_batch_rows(batch), 3);
    return INCLOAD_DONE;
}

START_TEST(rows_that_are_not_kept_do_not_land_and_count_as_skipped)
{
    scene s = begin("keep", _i, "cursor=at key=id", keep_some, NULL);
    incload_run *run = load_ok(&s.what);

    ck_assert_int_eq(incload_run_rows_read(run), 5);
    ck_assert_int_eq(incload_run_rows_written(run), 3);
    ck_assert_int_eq(incload_run_rows_skipped(run), 2);
    incload_run_unref(run);
    /* The database's order of rows decides which bit is which: the count alone is the same everywhere. */
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.target), 3);
    scene_end(&s);
}
END_TEST

static int32_t
keep_none(incload_unit *unit, incload_batch *batch, void *user_data)
{
    static const uint8_t none[1] = { 0 };

    (void)unit;
    (void)user_data;
    return incload_batch_keep(batch, none, sizeof none, NULL) == INCLOAD_OK ? INCLOAD_DONE : 0;
}

START_TEST(when_no_row_is_kept_the_watermark_moves_all_the_same)
{
    scene s = begin("none", _i, "cursor=at key=id", keep_none, NULL);

    load_counts(&s.what, 5, 0);
    s.what.function = NULL;
    /* Rows told by their transaction were delivered; elsewhere the row at the watermark comes again. Who else writes
     * to MariaDB makes a load look further back, and what it finds there is new to a target without rows. */
    bool by_transaction = s.from.kind == POSTGRES || s.from.kind == PG_ODBC;
    int64_t least = by_transaction ? 0 : 1, most = s.from.kind == MARIADB ? 5 : least;
    incload_run *run = load_ok(&s.what);
    int64_t read = incload_run_rows_read(run);
    ck_assert_msg(read >= least && read <= most, "%lld read", (long long)read);
    ck_assert_int_eq(incload_run_rows_written(run), read);
    incload_run_unref(run);
    scene_end(&s);
}
END_TEST

/* ---- replacing ---- */

static void
release_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void
release_array(struct ArrowArray *array)
{
    array->release = NULL;
}

/* Two rows with the columns in another order and a narrower integer than the table's, as a host may build them. */
static int32_t
replace_all(incload_unit *unit, incload_batch *batch, void *user_data)
{
    static const int32_t offsets[] = { 0, 3, 6 };
    static const int16_t ids[] = { 10, 20 };
    /* 2024-03-01 10:00:00 and a second later, in milliseconds. */
    static const int64_t stamps[] = { INT64_C(1709287200000), INT64_C(1709287201000) };
    const void *name_buffers[] = { NULL, offsets, "onetwo" };
    const void *id_buffers[] = { NULL, ids }, *at_buffers[] = { NULL, stamps };
    const void *no_buffers[] = { NULL };
    struct ArrowSchema fields[] = {
        { .format = "u", .name = "name", .flags = ARROW_FLAG_NULLABLE, .release = release_schema },
        { .format = "s", .name = "id", .flags = ARROW_FLAG_NULLABLE, .release = release_schema },
        { .format = "tsm:", .name = "at", .flags = ARROW_FLAG_NULLABLE, .release = release_schema },
    };
    struct ArrowArray arrays[] = {
        { .length = 2, .n_buffers = 3, .buffers = name_buffers, .release = release_array },
        { .length = 2, .n_buffers = 2, .buffers = id_buffers, .release = release_array },
        { .length = 2, .n_buffers = 2, .buffers = at_buffers, .release = release_array },
    };
    struct ArrowSchema *children[] = { &fields[0], &fields[1], &fields[2] };
    struct ArrowArray *child_arrays[] = { &arrays[0], &arrays[1], &arrays[2] };
    struct ArrowSchema schema = { .format = "+s", .name = "", .n_children = 3, .children = children,
                                  .release = release_schema };
    struct ArrowArray rows = { .length = 2, .n_buffers = 1, .buffers = no_buffers, .n_children = 3,
                               .children = child_arrays, .release = release_array };
    incload_error *err = NULL;

    (void)user_data;
    int32_t status = incload_batch_replace(batch, &schema, &rows, &err);
    /* Released in any case. */
    ck_assert(schema.release == NULL && rows.release == NULL);
    if (status != INCLOAD_OK)
        incload_unit_fail(unit, incload_error_message(err));
    incload_error_unref(err);
    return status == INCLOAD_OK ? INCLOAD_DONE : 0;
}

START_TEST(rows_can_be_replaced_by_others_of_another_layout)
{
    scene s = begin("replace", _i, "cursor=at key=id", replace_all, NULL);

    load_counts(&s.what, 5, 2);
    expect_rows(s.to, s.target, columns,
                "10|2024-03-01 10:00:00.000000|one\n20|2024-03-01 10:00:01.000000|two\n");
    scene_end(&s);
}
END_TEST

static int32_t
replace_without_a_column(incload_unit *unit, incload_batch *batch, void *user_data)
{
    static const int64_t ids[] = { 1 };
    const void *no_buffers[] = { NULL }, *buffers[] = { NULL, ids };
    struct ArrowSchema field = { .format = "l", .name = "id", .release = release_schema }, *fields[] = { &field };
    struct ArrowArray column = { .length = 1, .n_buffers = 2, .buffers = buffers, .release = release_array };
    struct ArrowArray *arrays[] = { &column };
    struct ArrowSchema schema = { .format = "+s", .name = "", .n_children = 1, .children = fields,
                                  .release = release_schema };
    struct ArrowArray rows = { .length = 1, .n_buffers = 1, .buffers = no_buffers, .n_children = 1, .children = arrays,
                               .release = release_array };
    incload_error *err = NULL;

    (void)unit;
    (void)user_data;
    int32_t status = incload_batch_replace(batch, &schema, &rows, &err);
    ck_assert_msg(status == INCLOAD_E_NOT_FOUND, "%s", incload_error_message(err));
    expect_words(incload_error_message(err), "at");
    ck_assert(schema.release == NULL && rows.release == NULL);
    incload_error_unref(err);
    /* The batch is as it was. */
    ck_assert_int_eq(incload_batch_rows(batch), 5);
    return INCLOAD_DONE;
}

START_TEST(a_replacement_that_lacks_a_column_changes_nothing)
{
    scene s = begin("unreplaced", _i, "cursor=at key=id", replace_without_a_column, NULL);

    load_counts(&s.what, 5, 5);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

/* An Arrow consumer may keep what it was lent beyond the run. */
typedef struct kept {
    struct ArrowSchema schema;
    struct ArrowArray array;
} kept;

static int32_t
keep_export(incload_unit *unit, incload_batch *batch, void *user_data)
{
    kept *k = user_data;

    (void)unit;
    return incload_batch_export(batch, &k->schema, &k->array, NULL) == INCLOAD_OK ? INCLOAD_DONE : 0;
}

START_TEST(an_export_outlives_the_run)
{
    kept k;
    scene s = begin("lent", _i, "cursor=at key=id", keep_export, NULL);

    memset(&k, 0, sizeof k);
    s.what.user_data = &k;
    load_counts(&s.what, 5, 5);
    scene_end(&s);
    ck_assert_str_eq(k.schema.format, "+s");
    ck_assert_int_eq(k.schema.n_children, 3);
    ck_assert_str_eq(k.schema.children[0]->name, "id");
    ck_assert_str_eq(k.schema.children[2]->name, "name");
    ck_assert_int_eq(k.array.length, 5);
    ck_assert_int_eq(k.array.children[2]->null_count, 1);
    k.array.release(&k.array);
    k.schema.release(&k.schema);
}
END_TEST

/* ---- failing ---- */

static void
note_destroyed(void *user_data)
{
    ((notes *)user_data)->destroyed++;
}

/* The second batch fails, when rows of the first are on their way already. */
static int32_t
fail_second(incload_unit *unit, incload_batch *batch, void *user_data)
{
    notes *n = user_data;

    (void)batch;
    if (++n->calls < 2)
        return INCLOAD_DONE;
    if (n->message != NULL)
        return incload_unit_fail(unit, n->message);
    return n->answer;
}

static const struct {
    int32_t answer;
    const char *message, *words;
} failures[] = {
    { 0, NULL, "returned 0|INCLOAD_DONE" },
    { 1, NULL, "returned 1|INCLOAD_DONE" },
    { -559038737, NULL, "returned -559038737|INCLOAD_DONE" },
    { 0, "the model is not there", "the model is not there" },
};

START_TEST(nothing_lands_when_a_function_fails)
{
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        notes n = { .answer = failures[i].answer, .message = failures[i].message };
        scene s = begin("failing", _i, "cursor=at key=id batch_rows=2", NULL, NULL);
        incload_error *err = NULL;

        s.what.name = named(named("failing", (int32_t)i), _i);
        load_counts(&s.what, 5, 5);
        incload_watermark *before = incload_watermark_open(s.to.db, s.what.name, &err);
        sql(s.from, "UPDATE %s SET name = 'changed', at = '2024-03-01 10:00:06.000000'", s.source);
        char *rows = contents(s.to, s.target, columns);
        s.what.function = fail_second;
        s.what.user_data = &n;
        s.what.destroy = note_destroyed;
        load_fails(&s.what, INCLOAD_E_CALLBACK, failures[i].words);
        ck_assert_int_eq(n.calls, 2);
        ck_assert_int_eq(n.destroyed, 1);
        expect_rows(s.to, s.target, columns, rows);
        free(rows);
        incload_watermark *after = incload_watermark_open(s.to.db, s.what.name, &err);
        ck_assert_int_eq(incload_watermark_version(after), incload_watermark_version(before));
        ck_assert_str_eq(incload_watermark_value(after), incload_watermark_value(before));
        incload_watermark_unref(before);
        incload_watermark_unref(after);
        /* What failed can be run again. */
        s.what.function = NULL;
        load_counts(&s.what, 5, 5);
        expect_equal(s.from, s.to, s.source, s.target, columns);
        scene_end(&s);
    }
}
END_TEST

START_TEST(destroy_is_called_once_whatever_becomes_of_the_function)
{
    notes first = { 0 }, second = { 0 }, third = { 0 };
    scene s = begin("destroy", _i, "cursor=at key=id", NULL, NULL);
    incload_error *err = NULL;
    incload_step *step = load_step(&s.what, &err);

    ck_assert_int_eq(incload_step_set_batch_function(step, look, &first, note_destroyed, &err), INCLOAD_OK);
    ck_assert_int_eq(incload_step_set_batch_function(step, look, &second, note_destroyed, &err), INCLOAD_OK);
    ck_assert_int_eq(first.destroyed, 1);
    incload_run_unref(incload_step_run(step, NULL, &err));
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    /* A step that was started takes no other; what was offered is given back. */
    ck_assert_int_eq(incload_step_set_batch_function(step, look, &third, note_destroyed, &err), INCLOAD_E_STATE);
    ck_assert_int_eq(third.destroyed, 1);
    ck_assert_int_eq(second.destroyed, 0);
    incload_error_unref(err);
    incload_step_unref(step);
    ck_assert_int_eq(first.destroyed, 1);
    ck_assert_int_eq(second.destroyed, 1);
    ck_assert_int_eq(third.destroyed, 1);
    ck_assert_int_eq(second.calls, 1);
    scene_end(&s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_function_sees_every_row_in_batches_of_the_size_asked_for, 0, ROUTES);
    tcase_add_loop_test(tests, rows_that_are_not_kept_do_not_land_and_count_as_skipped, 0, ROUTES);
    tcase_add_loop_test(tests, when_no_row_is_kept_the_watermark_moves_all_the_same, 0, ROUTES);
    tcase_add_loop_test(tests, rows_can_be_replaced_by_others_of_another_layout, 0, ROUTES);
    tcase_add_loop_test(tests, a_replacement_that_lacks_a_column_changes_nothing, 0, ROUTES);
    tcase_add_loop_test(tests, an_export_outlives_the_run, 0, ROUTES);
    tcase_add_loop_test(tests, nothing_lands_when_a_function_fails, 0, ROUTES);
    tcase_add_loop_test(tests, destroy_is_called_once_whatever_becomes_of_the_function, 0, DATABASES);
}

int
main(void)
{
    return run_tests("process", 60, add_tests);
}
