/* SPDX-License-Identifier: Apache-2.0 */
/* The batch of a process function: what it lends, what takes its place, and who frees what. */
#include "harness.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "batch/handle.h"

/* Memory that counts what is out, and fails from a given allocation on. */
static _Atomic int64_t out;
static int64_t left = INT64_MAX;

static void *
lend(size_t size, void *data)
{
    (void)data;
    void *block = left > 0 ? malloc(size) : NULL;
    left--;
    out += block != NULL;
    return block;
}

static void *
lend_more(void *block, size_t size, void *data)
{
    (void)data;
    return left-- > 0 ? realloc(block, size) : NULL;
}

static void
take_back(void *block, void *data)
{
    (void)data;
    out--;
    free(block);
}

static const incload__mem mem = { lend, lend_more, take_back, NULL };
static incload__schema schema;
static incload_batch *batch;
static incload_error *err;

static void
put(incload__builder *builder, int64_t id, const char *item)
{
    ck_assert_int_eq(incload__put_int(builder, 0, id), INCLOAD_OK);
    if (item == NULL)
        ck_assert_int_eq(incload__put_null(builder, 1), INCLOAD_OK);
    else
        ck_assert_int_eq(incload__put_bytes(builder, 1, item, strlen(item)), INCLOAD_OK);
}

/* Three orders: 1 tea, 2 NULL, 3 cake. */
static void
set_up(void)
{
    struct ArrowArray rows;

    left = INT64_MAX;
    err = NULL;
    incload__schema_init(&schema, &mem);
    incload__schema_add(&schema, "id", "bigint", (incload__type){ .kind = INCLOAD__INT64 });
    incload__schema_add(&schema, "item", "text", (incload__type){ .kind = INCLOAD__TEXT })->nullable = true;
    incload__builder *builder = incload__builder_new(&mem, &schema, &err);
    put(builder, 1, "tea");
    put(builder, 2, NULL);
    put(builder, 3, "cake");
    ck_assert_int_eq(incload__builder_finish(builder, &rows, &err), INCLOAD_OK);
    incload__builder_free(builder);
    batch = incload__batch_new(&mem, &schema, &rows, &err);
    ck_assert_ptr_nonnull(batch);
}

static void
tear_down(void)
{
    left = INT64_MAX;
    incload__batch_free(batch);
    incload__schema_free(&schema);
    incload_error_unref(err);
    ck_assert_int_eq(out, 0);
}

/* "1=tea 2=NULL 3=cake" */
static void
holds(const struct ArrowArray *rows, const char *expected)
{
    incload__view view;
    incload__str text = INCLOAD__STR(&mem);

    ck_assert_int_eq(incload__view_init(&view, &mem, &schema, rows, &err), INCLOAD_OK);
    for (int64_t i = 0; i < view.rows; i++) {
        if (i > 0)
            incload__str_add_char(&text, ' ');
        incload__cell_text(&view, 0, i, &text);
        incload__str_add_char(&text, '=');
        if (incload__is_null(&view, 1, i))
            incload__str_add(&text, "NULL");
        else
            incload__cell_text(&view, 1, i, &text);
    }
    ck_assert_str_eq(incload__str_text(&text), expected);
    incload__str_free(&text);
    incload__view_free(&view);
}

static void
ends_with(const char *expected)
{
    struct ArrowArray rows;

    ck_assert_int_eq(incload__batch_end(batch, &rows, &err), INCLOAD_OK);
    batch = NULL;
    holds(&rows, expected);
    incload__array_release(&rows);
}

static void
borrow(struct ArrowSchema *shape, struct ArrowArray *rows)
{
    ck_assert_int_eq(incload_batch_export(batch, shape, rows, &err), INCLOAD_OK);
}

START_TEST(what_is_lent_is_the_rows_themselves)
{
    struct ArrowSchema shape;
    struct ArrowArray first, second;

    borrow(&shape, &first);
    ck_assert_str_eq(shape.format, "+s");
    ck_assert_int_eq(shape.n_children, 2);
    ck_assert_str_eq(shape.children[0]->name, "id");
    ck_assert_str_eq(shape.children[1]->name, "item");
    shape.release(&shape);
    borrow(&shape, &second);
    ck_assert_ptr_eq(first.children[0]->buffers[1], second.children[0]->buffers[1]);
    shape.release(&shape);
    first.release(&first);
    holds(&second, "1=tea 2=NULL 3=cake");
    second.release(&second);
    ends_with("1=tea 2=NULL 3=cake");
}
END_TEST

START_TEST(what_is_lent_outlives_the_batch)
{
    struct ArrowSchema shape;
    struct ArrowArray rows;

    borrow(&shape, &rows);
    incload__batch_free(batch);
    batch = NULL;
    holds(&rows, "1=tea 2=NULL 3=cake");
    rows.release(&rows);
    ck_assert_ptr_null(rows.release);
    shape.release(&shape);
    ck_assert_ptr_null(shape.release);
}
END_TEST

START_TEST(what_is_lent_outlives_rows_that_move_on)
{
    struct ArrowSchema shape;
    struct ArrowArray rows, moved;

    borrow(&shape, &rows);
    ck_assert_int_eq(incload__batch_end(batch, &moved, &err), INCLOAD_OK);
    batch = NULL;
    incload__array_release(&moved);
    holds(&rows, "1=tea 2=NULL 3=cake");
    rows.release(&rows);
    shape.release(&shape);
}
END_TEST

START_TEST(a_child_that_was_moved_out_outlives_its_parent_and_the_batch)
{
    struct ArrowSchema shape;
    struct ArrowArray rows, item;

    borrow(&shape, &rows);
    item = *rows.children[1];
    rows.children[1]->release = NULL;
    rows.release(&rows);
    incload__batch_free(batch);
    batch = NULL;
    ck_assert_int_eq(item.length, 3);
    ck_assert_int_eq(memcmp(item.buffers[2], "teacake", 7), 0);
    item.release(&item);
    shape.release(&shape);
}
END_TEST

START_TEST(things_may_be_released_in_any_order)
{
    /* Each digit of the number in base 4 says what goes next: first array, second array, a moved child, the batch. */
    static const int orders[][4] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 2, 0, 3, 1 }, { 1, 3, 0, 2 }, { 3, 0, 2, 1 } };
    struct ArrowSchema shapes[2];
    struct ArrowArray rows[2], child;

    borrow(&shapes[0], &rows[0]);
    borrow(&shapes[1], &rows[1]);
    child = *rows[1].children[0];
    rows[1].children[0]->release = NULL;
    for (int i = 0; i < 4; i++) {
        int what = orders[_i][i];
        if (what < 2)
            rows[what].release(&rows[what]);
        else if (what == 2)
            child.release(&child);
        else
            incload__batch_free(batch);
        if (what == 3)
            batch = NULL;
    }
    shapes[0].release(&shapes[0]);
    shapes[1].release(&shapes[1]);
}
END_TEST

static void *
release_there(void *data)
{
    struct ArrowArray *rows = data;

    rows->release(rows);
    return NULL;
}

START_TEST(arrays_may_be_released_on_other_threads)
{
    enum { THREADS = 8 };
    struct ArrowArray rows[THREADS];
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        struct ArrowSchema shape;
        borrow(&shape, &rows[i]);
        shape.release(&shape);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, release_there, &rows[i]);
    incload__batch_free(batch);
    batch = NULL;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}
END_TEST

START_TEST(keeping_takes_the_rows_whose_bit_is_set)
{
    uint8_t bits = 5;

    ck_assert_int_eq(incload_batch_keep(batch, &bits, 1, &err), INCLOAD_OK);
    ck_assert_int_eq(incload_batch_rows(batch), 2);
    bits = 2;
    ck_assert_int_eq(incload_batch_keep(batch, &bits, 1, &err), INCLOAD_OK);
    ends_with("3=cake");
}
END_TEST

START_TEST(keeping_none_leaves_an_empty_batch_of_the_same_columns)
{
    uint8_t bits[4] = { 0xf8, 0xff, 0xff, 0xff };

    ck_assert_int_eq(incload_batch_keep(batch, bits, sizeof bits, &err), INCLOAD_OK);
    ck_assert_int_eq(incload_batch_rows(batch), 0);
    ck_assert_int_eq(incload_batch_keep(batch, bits, 0, &err), INCLOAD_OK);
    ends_with("");
}
END_TEST

START_TEST(what_was_lent_does_not_see_a_later_keep_or_replace)
{
    struct ArrowSchema shape;
    struct ArrowArray before, after;
    uint8_t bits = 1;

    borrow(&shape, &before);
    ck_assert_int_eq(incload_batch_keep(batch, &bits, 1, &err), INCLOAD_OK);
    shape.release(&shape);
    borrow(&shape, &after);
    holds(&before, "1=tea 2=NULL 3=cake");
    holds(&after, "1=tea");
    ck_assert_int_eq(incload_batch_replace(batch, &shape, &before, &err), INCLOAD_OK);
    ck_assert_int_eq(incload_batch_rows(batch), 3);
    holds(&after, "1=tea");
    after.release(&after);
}
END_TEST

START_TEST(keeping_is_refused_without_a_bit_for_each_row)
{
    uint8_t bits = 0xff;

    ck_assert_int_eq(incload_batch_keep(batch, &bits, 0, &err), INCLOAD_E_INVALID);
    ck_assert_str_eq(incload_error_message(err), "bits must hold one bit a row: 1 bytes, not 0");
    ck_assert_int_eq(incload_batch_keep(batch, NULL, 1, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_batch_keep(NULL, &bits, 1, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_batch_rows(batch), 3);
}
END_TEST

START_TEST(replacing_releases_what_it_was_given_also_when_it_is_refused)
{
    struct ArrowSchema shape;
    struct ArrowArray rows;

    borrow(&shape, &rows);
    shape.children[1]->name = "stranger";
    ck_assert_int_eq(incload_batch_replace(batch, &shape, &rows, &err), INCLOAD_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "item"));
    ck_assert_ptr_null(shape.release);
    ck_assert_ptr_null(rows.release);
    incload_error_unref(err);
    err = NULL;
    ck_assert_int_eq(incload_batch_replace(batch, &shape, &rows, &err), INCLOAD_E_INVALID);
    ck_assert_str_eq(incload_error_message(err), "the schema or array was released already");
    incload_error_unref(err);
    err = NULL;
    borrow(&shape, &rows);
    incload__array_release(&rows);
    ck_assert_int_eq(incload_batch_replace(batch, &shape, &rows, &err), INCLOAD_E_INVALID);
    ck_assert_ptr_null(shape.release);
    incload_error_unref(err);
    err = NULL;
    ends_with("1=tea 2=NULL 3=cake");
}
END_TEST

START_TEST(a_sticky_error_refuses_a_replacement_and_still_releases_it)
{
    struct ArrowSchema shape;
    struct ArrowArray rows;

    borrow(&shape, &rows);
    incload__fail(&err, INCLOAD_E_BUSY, "earlier");
    ck_assert_int_eq(incload_batch_replace(batch, &shape, &rows, &err), INCLOAD_E_BUSY);
    ck_assert_ptr_null(shape.release);
    ck_assert_ptr_null(rows.release);
    ck_assert_int_eq(incload_batch_export(batch, &shape, &rows, &err), INCLOAD_E_BUSY);
    ck_assert_int_eq(incload_batch_keep(batch, (const uint8_t *)"", 1, &err), INCLOAD_E_BUSY);
}
END_TEST

START_TEST(null_is_refused_or_empty)
{
    struct ArrowSchema shape = { 0 };
    struct ArrowArray rows = { 0 };

    ck_assert_int_eq(incload_batch_rows(NULL), 0);
    ck_assert_int_eq(incload_batch_export(NULL, &shape, &rows, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_batch_export(batch, NULL, &rows, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_batch_export(batch, &shape, NULL, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_batch_replace(NULL, &shape, &rows, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_batch_replace(batch, NULL, NULL, NULL), INCLOAD_E_INVALID);
    struct ArrowSchema lent;
    struct ArrowArray lent_rows;
    borrow(&lent, &lent_rows);
    ck_assert_int_eq(incload_batch_replace(batch, &lent, NULL, NULL), INCLOAD_E_INVALID);
    ck_assert_ptr_null(lent.release);
    incload__array_release(&lent_rows);
}
END_TEST

/* ---- memory that runs out ---- */

static int32_t
use_it_all(void)
{
    struct ArrowSchema shape;
    struct ArrowArray rows, moved;
    uint8_t bits = 3;
    int32_t status = incload_batch_export(batch, &shape, &rows, NULL);

    if (status == INCLOAD_OK)
        status = incload_batch_replace(batch, &shape, &rows, NULL);
    if (status == INCLOAD_OK)
        status = incload_batch_keep(batch, &bits, 1, NULL);
    if (status != INCLOAD_OK)
        return status;
    status = incload_batch_export(batch, &shape, &rows, NULL);
    if (status != INCLOAD_OK)
        return status;
    status = incload__batch_end(batch, &moved, NULL);
    batch = NULL;
    if (status == INCLOAD_OK)
        incload__array_release(&moved);
    rows.release(&rows);
    shape.release(&shape);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    int32_t status = INCLOAD_E_NO_MEMORY;
    int64_t tried = 0;

    for (; status != INCLOAD_OK; tried++) {
        ck_assert_int_lt(tried, 400);
        if (batch == NULL) {
            incload__schema_free(&schema);
            set_up();
        }
        left = tried;
        status = use_it_all();
        left = INT64_MAX;
        ck_assert_msg(status == INCLOAD_OK || status == INCLOAD_E_NO_MEMORY, "%s", incload_status_name(status));
        incload__batch_free(batch);
        batch = NULL;
        incload__schema_free(&schema);
        ck_assert_msg(out == 0, "allocation %lld: %lld blocks were not given back", (long long)tried, (long long)out);
    }
    ck_assert_int_gt(tried, 20);
}
END_TEST

START_TEST(a_batch_that_cannot_be_made_releases_its_rows)
{
    for (int64_t have = 0; have < 2; have++) {
        struct ArrowArray rows;
        ck_assert_int_eq(incload__batch_end(batch, &rows, &err), INCLOAD_OK);
        left = have;
        batch = incload__batch_new(&mem, &schema, &rows, NULL);
        left = INT64_MAX;
        ck_assert_ptr_null(batch);
        ck_assert_ptr_null(rows.release);
        incload__schema_free(&schema);
        ck_assert_int_eq(out, 0);
        set_up();
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, what_is_lent_is_the_rows_themselves);
    tcase_add_test(tests, what_is_lent_outlives_the_batch);
    tcase_add_test(tests, what_is_lent_outlives_rows_that_move_on);
    tcase_add_test(tests, a_child_that_was_moved_out_outlives_its_parent_and_the_batch);
    tcase_add_loop_test(tests, things_may_be_released_in_any_order, 0, 5);
    tcase_add_test(tests, arrays_may_be_released_on_other_threads);
    tcase_add_test(tests, keeping_takes_the_rows_whose_bit_is_set);
    tcase_add_test(tests, keeping_none_leaves_an_empty_batch_of_the_same_columns);
    tcase_add_test(tests, what_was_lent_does_not_see_a_later_keep_or_replace);
    tcase_add_test(tests, keeping_is_refused_without_a_bit_for_each_row);
    tcase_add_test(tests, replacing_releases_what_it_was_given_also_when_it_is_refused);
    tcase_add_test(tests, a_sticky_error_refuses_a_replacement_and_still_releases_it);
    tcase_add_test(tests, null_is_refused_or_empty);
    tcase_add_test(tests, every_allocation_may_fail);
    tcase_add_test(tests, a_batch_that_cannot_be_made_releases_its_rows);
}

HARNESS_MAIN("batch handle", add_tests)
