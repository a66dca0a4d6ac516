/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/cells.h"

#include "batch/builder.h"

static incload__builder *
new_builder(const incload__schema *schema)
{
    incload__builder *builder = incload__builder_new(&incload__mem_libc, schema, NULL);

    ck_assert_ptr_nonnull(builder);
    return builder;
}

START_TEST(cells_come_back_as_they_were_put)
{
    incload__schema schema = one_column(TYPE(INT32));
    incload__schema_add(&schema, "t", NULL, TYPE(TEXT));
    incload__builder *builder = new_builder(&schema);
    struct ArrowArray array;
    incload__view view;
    size_t length;

    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(incload__put_int(builder, 0, i - 500), INCLOAD_OK);
        ck_assert_int_eq(incload__put_bytes(builder, 1, "0123456789", (size_t)(i % 11)), INCLOAD_OK);
    }
    ck_assert_int_eq(incload__builder_rows(builder), 1000);
    ck_assert_int_ge(incload__builder_bytes(builder), 4000 + 4000 + 4900);
    ck_assert_int_eq(incload__builder_finish(builder, &array, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__view_init(&view, &incload__mem_libc, &schema, &array, NULL), INCLOAD_OK);
    ck_assert_int_eq(view.rows, 1000);
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(incload__get_int(&view, 0, i), i - 500);
        const void *bytes = incload__get_bytes(&view, 1, i, &length);
        ck_assert_uint_eq(length, (size_t)(i % 11));
        ck_assert_int_eq(memcmp(bytes, "0123456789", length), 0);
    }
    incload__view_free(&view);
    incload__array_release(&array);
    incload__builder_free(builder);
    incload__schema_free(&schema);
}
END_TEST

START_TEST(no_bitmap_without_nulls_and_the_right_bits_with_them)
{
    incload__schema schema = one_column(TYPE(BOOL));
    incload__builder *builder = new_builder(&schema);
    struct ArrowArray array;
    incload__view view;

    incload__put_int(builder, 0, 1);
    incload__builder_finish(builder, &array, NULL);
    ck_assert_ptr_null(array.children[0]->buffers[0]);
    ck_assert_int_eq(array.children[0]->null_count, 0);
    incload__array_release(&array);

    /* The first NULL at every place of a byte. */
    for (int first = 0; first < 20; first++) {
        for (int i = 0; i < 40; i++)
            ck_assert_int_eq(i >= first && i % 3 == 0 ? incload__put_null(builder, 0)
                                                      : incload__put_int(builder, 0, i % 2),
                             INCLOAD_OK);
        ck_assert_int_eq(incload__builder_finish(builder, &array, NULL), INCLOAD_OK);
        ck_assert_int_eq(incload__view_init(&view, &incload__mem_libc, &schema, &array, NULL), INCLOAD_OK);
        int64_t nulls = 0;
        for (int i = 0; i < 40; i++) {
            bool null = i >= first && i % 3 == 0;
            nulls += null;
            ck_assert_int_eq(incload__is_null(&view, 0, i), null);
            ck_assert_int_eq(null ? 0 : incload__get_int(&view, 0, i), null ? 0 : i % 2);
        }
        ck_assert_int_eq(array.children[0]->null_count, nulls);
        incload__view_free(&view);
        incload__array_release(&array);
    }
    incload__builder_free(builder);
    incload__schema_free(&schema);
}
END_TEST

START_TEST(values_a_kind_cannot_hold_are_refused_and_change_nothing)
{
    incload__schema schema = one_column(TYPE(INT8));
    incload__schema_add(&schema, "u", NULL, TYPE(UINT64));
    incload__schema_add(&schema, "f", NULL, TYPE(FLOAT32));
    incload__schema_add(&schema, "d", NULL, DECIMAL(4, 2));
    incload__schema_add(&schema, "t", NULL, TYPE(TEXT));
    incload__schema_add(&schema, "g", NULL, TYPE(UUID));
    incload__schema_add(&schema, "b", NULL, TYPE(BOOL));
    incload__schema_add(&schema, "n", NULL, TYPE(NUMERIC));
    incload__schema_add(&schema, "day", NULL, TYPE(DATE));
    incload__builder *builder = new_builder(&schema);
    struct ArrowArray array;

    ck_assert_int_eq(incload__put_int(builder, 0, 128), INCLOAD_E_DATA);
    ck_assert_int_eq(incload__put_int(builder, 0, -129), INCLOAD_E_DATA);
    ck_assert_int_eq(incload__put_uint(builder, 0, UINT64_MAX), INCLOAD_E_DATA);
    ck_assert_int_eq(incload__put_float(builder, 0, 1), INCLOAD_E_DATA);
    ck_assert_int_eq(incload__put_int(builder, 1, -1), INCLOAD_E_DATA);
    ck_assert_int_eq(incload__put_float(builder, 2, 0.1), INCLOAD_E_DATA);
    ck_assert_int_eq(incload__put_float(builder, 2, 1e300), INCLOAD_E_DATA);
    ck_assert_int_eq(incload__put_int(builder, 2, 0), INCLOAD_E_DATA);
    ck_assert_int_eq(incload__put_decimal(builder, 3, 10000), INCLOAD_E_DATA);
    ck_assert_int_eq(incload__put_decimal(builder, 3, -10000), INCLOAD_E_DATA);
    ck_assert_int_eq(incload__put_bytes(builder, 4, "\xFF", 1), INCLOAD_E_DATA);
    ck_assert_int_eq(incload__put_bytes(builder, 5, "short", 5), INCLOAD_E_DATA);
    ck_assert_int_eq(incload__put_int(builder, 6, 2), INCLOAD_E_DATA);
    ck_assert_int_eq(incload__put_bytes(builder, 7, "twelve", 6), INCLOAD_E_DATA);
    ck_assert_int_eq(incload__put_int(builder, 8, INT64_C(3000000000)), INCLOAD_E_DATA);
    ck_assert_int_eq(incload__builder_finish(builder, &array, NULL), INCLOAD_OK);
    ck_assert_int_eq(array.length, 0);
    incload__array_release(&array);
    incload__builder_free(builder);
    incload__schema_free(&schema);
}
END_TEST

START_TEST(the_ends_of_every_range_are_held)
{
    incload__schema schema = one_column(TYPE(UINT64));
    incload__schema_add(&schema, "d", NULL, DECIMAL(38, 38));
    incload__schema_add(&schema, "i", NULL, TYPE(INT64));
    incload__schema_add(&schema, "f", NULL, TYPE(FLOAT32));
    incload__builder *builder = new_builder(&schema);
    struct ArrowArray array;

    ck_assert_int_eq(incload__put_uint(builder, 0, UINT64_MAX), INCLOAD_OK);
    ck_assert_int_eq(incload__put_text(builder, 1, "-.99999999999999999999999999999999999999", 40), INCLOAD_OK);
    ck_assert_int_eq(incload__put_int(builder, 2, INT64_MIN), INCLOAD_OK);
    ck_assert_int_eq(incload__put_float(builder, 3, (double)(0.0f / 0.0f)), INCLOAD_OK);
    ck_assert_int_eq(incload__builder_finish(builder, &array, NULL), INCLOAD_OK);
    ck_assert_cell(&schema, &array, 0, 0, "18446744073709551615");
    ck_assert_cell(&schema, &array, 1, 0, "-0.99999999999999999999999999999999999999");
    ck_assert_cell(&schema, &array, 2, 0, "-9223372036854775808");
    ck_assert_cell(&schema, &array, 3, 0, "NaN");
    incload__array_release(&array);
    incload__builder_free(builder);
    incload__schema_free(&schema);
}
END_TEST

START_TEST(columns_of_unequal_length_are_no_batch)
{
    incload__schema schema = one_column(TYPE(INT8));
    incload__schema_add(&schema, "second", NULL, TYPE(INT8));
    incload__builder *builder = new_builder(&schema);
    struct ArrowArray array;
    incload_error *err = NULL;

    incload__put_int(builder, 0, 1);
    ck_assert_int_eq(incload__builder_finish(builder, &array, &err), INCLOAD_E_INTERNAL);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "'second'"));
    ck_assert_ptr_null(array.release);
    incload_error_unref(err);
    incload__builder_free(builder);
    incload__schema_free(&schema);
}
END_TEST

START_TEST(an_empty_batch_has_all_its_buffers)
{
    incload__schema schema = one_column(TYPE(TEXT));
    incload__builder *builder = new_builder(&schema);
    struct ArrowArray array;

    ck_assert_int_eq(incload__builder_finish(builder, &array, NULL), INCLOAD_OK);
    ck_assert_int_eq(array.children[0]->n_buffers, 3);
    ck_assert_int_eq(((const int32_t *)array.children[0]->buffers[1])[0], 0);
    ck_assert_ptr_nonnull(array.children[0]->buffers[2]);
    incload__array_release(&array);
    incload__array_release(&array);
    incload__builder_free(builder);
    incload__schema_free(&schema);
}
END_TEST

START_TEST(a_batch_outlives_builder_and_schema_and_its_children_outlive_it)
{
    incload__schema schema = one_column(TYPE(INT64));
    incload__builder *builder = new_builder(&schema);
    struct ArrowArray array;

    incload__put_int(builder, 0, 77);
    incload__builder_finish(builder, &array, NULL);
    incload__builder_free(builder);
    incload__schema_free(&schema);

    struct ArrowArray child = *array.children[0];
    array.children[0]->release = NULL;
    incload__array_release(&array);
    ck_assert_int_eq(((const int64_t *)child.buffers[1])[0], 77);
    incload__array_release(&child);
}
END_TEST

START_TEST(a_sliced_batch_is_read_from_its_first_row)
{
    incload__schema schema = one_column(TYPE(TEXT));
    const char *const cells[] = { "a", "bb", NULL, "dddd", "e", NULL };
    struct ArrowArray array;

    batch_of(&schema, cells, 6, &array);
    /* Both ways: the batch from 1, of it the column from 1 more. */
    array.offset = 1;
    array.length = 3;
    array.children[0]->offset = 1;
    array.children[0]->length = 5;
    ck_assert_cell(&schema, &array, 0, 0, "NULL");
    ck_assert_cell(&schema, &array, 0, 1, "dddd");
    ck_assert_cell(&schema, &array, 0, 2, "e");
    incload__array_release(&array);
    incload__schema_free(&schema);
}
END_TEST

START_TEST(a_batch_of_another_layout_is_not_looked_at)
{
    incload__schema text = one_column(TYPE(TEXT)), number = one_column(TYPE(INT32));
    const char *const cells[] = { "1" };
    struct ArrowArray array;
    incload__view view;
    incload_error *err = NULL;

    batch_of(&number, cells, 1, &array);
    ck_assert_int_eq(incload__view_init(&view, &incload__mem_libc, &text, &array, &err), INCLOAD_E_INTERNAL);
    incload__view_free(&view);
    incload_error_unref(err);
    incload__array_release(&array);
    incload__schema_free(&text);
    incload__schema_free(&number);
}
END_TEST

static void
check_filtered(incload__type type, const char *const *cells)
{
    incload__schema schema = one_column(type);
    const uint8_t keep[] = { 0x4A, 0x02 }; /* rows 1, 3, 6, 9 */
    const int kept[] = { 1, 3, 6, 9 };
    struct ArrowArray array, out;

    batch_of(&schema, cells, 10, &array);
    ck_assert_int_eq(incload__filter(&incload__mem_libc, &schema, &array, keep, &out, NULL), INCLOAD_OK);
    ck_assert_ptr_null(array.release);
    ck_assert_int_eq(out.length, 4);
    for (int i = 0; i < 4; i++)
        ck_assert_cell(&schema, &out, 0, i, cells[kept[i]] != NULL ? cells[kept[i]] : "NULL");
    incload__array_release(&out);
    incload__schema_free(&schema);
}

START_TEST(a_filter_keeps_the_marked_rows_of_every_layout)
{
    check_filtered(TYPE(INT16), (const char *const[]){ "0", "1", "2", NULL, "4", "5", "6", "7", "8", "-9" });
    check_filtered(TYPE(TEXT), (const char *const[]){ "0", "one", "2", NULL, "4", "5", "", "7", "8", "nine" });
    check_filtered(TYPE(BOOL), (const char *const[]){ "true", "true", "true", NULL, "true", "true", "false", "true",
                                                      "true", "true" });
    check_filtered(DECIMAL(10, 1), (const char *const[]){ "0", "1.5", "2", NULL, "4", "5", "6.5", "7", "8", "-9.5" });
}
END_TEST

START_TEST(a_filter_that_keeps_all_moves_the_batch)
{
    incload__schema schema = one_column(TYPE(INT16));
    const char *const cells[] = { "1", "2" };
    const uint8_t keep[] = { 3 };
    struct ArrowArray array, out;

    batch_of(&schema, cells, 2, &array);
    const void *buffer = array.children[0]->buffers[1];
    ck_assert_int_eq(incload__filter(&incload__mem_libc, &schema, &array, keep, &out, NULL), INCLOAD_OK);
    ck_assert_ptr_eq(out.children[0]->buffers[1], buffer);
    incload__array_release(&out);
    incload__schema_free(&schema);
}
END_TEST

START_TEST(a_column_of_no_possible_type_is_refused_by_name)
{
    const incload__type types[] = { TYPE(UNKNOWN), DECIMAL(0, 0), DECIMAL(39, 0), DECIMAL(5, -1), DECIMAL(5, 6) };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        incload__schema schema = one_column(types[i]);
        incload_error *err = NULL;

        ck_assert_ptr_null(incload__builder_new(&incload__mem_libc, &schema, &err));
        ck_assert_int_eq(incload_error_code(err), INCLOAD_E_TYPE);
        ck_assert_ptr_nonnull(strstr(incload_error_message(err), "column 'c'"));
        incload_error_unref(err);
        incload__schema_free(&schema);
    }
}
END_TEST

START_TEST(bytes_go_into_columns_of_bytes_alone)
{
    incload__schema schema = one_column(TYPE(BINARY));
    incload__schema_add(&schema, "n", NULL, TYPE(INT64));
    incload__schema_add(&schema, "d", NULL, DECIMAL(4, 2));
    incload__builder *builder = new_builder(&schema);
    struct ArrowArray array;

    ck_assert_int_eq(incload__put_bytes(builder, 0, NULL, 0), INCLOAD_OK);
    ck_assert_int_eq(incload__put_bytes(builder, 0, "", (size_t)INT32_MAX + 1), INCLOAD_E_DATA);
    ck_assert_int_eq(incload__put_bytes(builder, 1, "12345678", 8), INCLOAD_E_DATA);
    ck_assert_int_eq(incload__put_decimal(builder, 1, 1), INCLOAD_E_DATA);
    ck_assert_int_eq(incload__put_raw(builder, 1, "", SIZE_MAX), INCLOAD_E_NO_MEMORY);
    ck_assert_int_eq(incload__put_int(builder, 1, 8), INCLOAD_OK);
    ck_assert_int_eq(incload__put_raw(builder, 1, "", SIZE_MAX - 4), INCLOAD_E_NO_MEMORY);
    ck_assert_int_eq(incload__put_text(builder, 2, NULL, 0), INCLOAD_E_DATA);
    ck_assert_int_eq(incload__put_text(builder, 2, "1.5", 3), INCLOAD_OK);
    ck_assert_int_eq(incload__builder_finish(builder, &array, NULL), INCLOAD_OK);
    ck_assert_cell(&schema, &array, 0, 0, "");
    ck_assert_cell(&schema, &array, 1, 0, "8");
    incload__array_release(&array);
    incload__builder_free(builder);
    incload__schema_free(&schema);
}
END_TEST

START_TEST(two_builders_change_places)
{
    incload__schema text = one_column(TYPE(TEXT)), number = one_column(TYPE(INT64)), none;
    incload__builder *a = new_builder(&text), *b = new_builder(&number);

    incload__schema_init(&none, &incload__mem_libc);
    incload__builder *empty = new_builder(&none);
    ck_assert_int_eq(incload__put_text(a, 0, "x", 1), INCLOAD_OK);
    incload__builder_swap(a, b);
    ck_assert_int_eq(incload__builder_rows(a), 0);
    ck_assert_int_eq(incload__builder_rows(b), 1);
    ck_assert_int_eq(incload__builder_schema(a)->columns[0].type.kind, INCLOAD__INT64);
    ck_assert_int_eq(incload__put_int(a, 0, 5), INCLOAD_OK);
    ck_assert_int_eq(incload__put_text(b, 0, "y", 1), INCLOAD_OK);
    /* What one takes from its schema's memory it gives back there, also when the other is gone. */
    incload__builder_free(a);
    ck_assert_int_eq(incload__builder_rows(b), 2);
    ck_assert_int_eq(incload__builder_rows(empty), 0);
    incload__builder_free(b);
    incload__builder_free(empty);
    incload__schema_free(&text);
    incload__schema_free(&number);
}
END_TEST

enum { RELEASED, FEWER_COLUMNS, OFFSET, COLUMN_RELEASED, COLUMN_BUFFERS, COLUMN_OFFSET, COLUMN_DICTIONARY, COLUMN_SHORT,
       COLUMN_BITMAP, COLUMN_DATA, BREAKS };

START_TEST(a_batch_that_is_not_its_schemas_is_not_looked_at)
{
    incload__schema schema = one_column(TYPE(INT64));
    const char *const cells[] = { "1", "2" };

    for (int broken = 0; broken < BREAKS; broken++) {
        struct ArrowArray array, other = { .release = NULL };
        incload__view view;
        incload_error *err = NULL;
        batch_of(&schema, cells, 2, &array);
        struct ArrowArray *column = array.children[0], batch_was = array, column_was = *column;
        const void *no_buffers[] = { NULL, NULL };

        switch (broken) {
        case RELEASED: array.release = NULL; break;
        case FEWER_COLUMNS: array.n_children = 0; break;
        case OFFSET: array.offset = -1; break;
        case COLUMN_RELEASED: column->release = NULL; break;
        case COLUMN_BUFFERS: column->n_buffers = 3; break;
        case COLUMN_OFFSET: column->offset = -1; break;
        case COLUMN_DICTIONARY: column->dictionary = &other; break;
        case COLUMN_SHORT: column->length = 1; break;
        case COLUMN_BITMAP: column->null_count = 1; break;
        case COLUMN_DATA: column->buffers = no_buffers; break;
        }
        ck_assert_msg(incload__view_init(&view, &incload__mem_libc, &schema, &array, &err) == INCLOAD_E_INTERNAL, "%d",
                      broken);
        ck_assert_ptr_nonnull(strstr(incload_error_message(err), "please report"));
        incload_error_unref(err);
        incload__view_free(&view);
        array = batch_was;
        *column = column_was;
        incload__array_release(&array);
    }
    incload__schema_free(&schema);
}
END_TEST

START_TEST(rows_without_cells_need_no_data)
{
    incload__schema schema = one_column(TYPE(INT64));
    struct ArrowArray array;
    incload__view view;

    batch_of(&schema, NULL, 0, &array);
    const void *no_buffers[] = { NULL, NULL }, **buffers = array.children[0]->buffers;
    array.children[0]->buffers = no_buffers;
    ck_assert_int_eq(incload__view_init(&view, &incload__mem_libc, &schema, &array, NULL), INCLOAD_OK);
    ck_assert_int_eq(view.rows, 0);
    incload__view_free(&view);
    array.children[0]->buffers = buffers;
    incload__array_release(&array);
    incload__array_release(NULL);
    incload__arrow_schema_release(NULL);
    incload__schema_free(&schema);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, cells_come_back_as_they_were_put);
    tcase_add_test(tests, no_bitmap_without_nulls_and_the_right_bits_with_them);
    tcase_add_test(tests, values_a_kind_cannot_hold_are_refused_and_change_nothing);
    tcase_add_test(tests, the_ends_of_every_range_are_held);
    tcase_add_test(tests, columns_of_unequal_length_are_no_batch);
    tcase_add_test(tests, an_empty_batch_has_all_its_buffers);
    tcase_add_test(tests, a_batch_outlives_builder_and_schema_and_its_children_outlive_it);
    tcase_add_test(tests, a_sliced_batch_is_read_from_its_first_row);
    tcase_add_test(tests, a_batch_of_another_layout_is_not_looked_at);
    tcase_add_test(tests, a_filter_keeps_the_marked_rows_of_every_layout);
    tcase_add_test(tests, a_filter_that_keeps_all_moves_the_batch);
    tcase_add_test(tests, a_column_of_no_possible_type_is_refused_by_name);
    tcase_add_test(tests, bytes_go_into_columns_of_bytes_alone);
    tcase_add_test(tests, two_builders_change_places);
    tcase_add_test(tests, a_batch_that_is_not_its_schemas_is_not_looked_at);
    tcase_add_test(tests, rows_without_cells_need_no_data);
}

HARNESS_MAIN("batch-builder", add_tests)
