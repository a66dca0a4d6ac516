/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/cells.h"

typedef struct convert_case {
    incload__type from;
    incload__type to;
    const char *cell;
    const char *result; /* NULL: INCLOAD_E_DATA */
} convert_case;

static void
check(const convert_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        incload__schema from = one_column(cases[i].from), to = one_column(cases[i].to);
        const char *const cells[] = { NULL, cases[i].cell };
        struct ArrowArray array, out;
        int32_t expected = cases[i].result != NULL ? INCLOAD_OK : INCLOAD_E_DATA;

        ck_assert_msg(incload__convertible(cases[i].to, cases[i].from), "'%s'", cases[i].cell);
        batch_of(&from, cells, 2, &array);
        ck_assert_msg(incload__convert(&incload__mem_libc, &from, &array, &to, &out, NULL) == expected, "%zu: '%s'", i,
                      cases[i].cell);
        ck_assert_ptr_null(array.release);
        if (cases[i].result != NULL) {
            ck_assert_cell(&to, &out, 0, 0, "NULL");
            ck_assert_cell(&to, &out, 0, 1, cases[i].result);
        }
        ck_assert_int_eq(out.release != NULL, cases[i].result != NULL);
        incload__array_release(&out);
        incload__schema_free(&from);
        incload__schema_free(&to);
    }
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof(cases)[0])

START_TEST(whole_numbers_convert_within_range)
{
    const convert_case cases[] = {
        { TYPE(INT64), TYPE(INT8), "127", "127" },
        { TYPE(INT64), TYPE(INT8), "128", NULL },
        { TYPE(INT8), TYPE(INT64), "-128", "-128" },
        { TYPE(INT64), TYPE(UINT64), "-1", NULL },
        { TYPE(UINT64), TYPE(INT64), "9223372036854775807", "9223372036854775807" },
        { TYPE(UINT64), TYPE(INT64), "9223372036854775808", NULL },
        { TYPE(BOOL), TYPE(INT8), "true", "1" },
        { TYPE(INT32), TYPE(BOOL), "0", "false" },
        { TYPE(INT32), TYPE(BOOL), "2", NULL },
    };
    CHECK(cases);
}
END_TEST

START_TEST(floats_and_whole_numbers_convert_only_if_equal)
{
    const convert_case cases[] = {
        { TYPE(INT64), TYPE(FLOAT64), "9007199254740992", "9.007199254740992e+15" },
        { TYPE(INT64), TYPE(FLOAT64), "9007199254740993", NULL },
        { TYPE(INT64), TYPE(FLOAT64), "9223372036854775807", NULL },
        { TYPE(INT32), TYPE(FLOAT32), "16777217", NULL },
        { TYPE(UINT64), TYPE(FLOAT64), "18446744073709551615", NULL },
        { TYPE(FLOAT64), TYPE(INT32), "-3", "-3" },
        { TYPE(FLOAT64), TYPE(INT32), "-0", "0" },
        { TYPE(FLOAT64), TYPE(INT32), "2.5", NULL },
        { TYPE(FLOAT64), TYPE(INT64), "9.3e18", NULL },
        { TYPE(FLOAT64), TYPE(UINT64), "9.3e18", "9300000000000000000" },
        { TYPE(FLOAT64), TYPE(UINT64), "1.9e19", NULL },
        { TYPE(FLOAT64), TYPE(INT64), "-9.9e18", NULL },
        { TYPE(FLOAT64), TYPE(INT64), "-1e20", NULL },
        { TYPE(FLOAT64), TYPE(INT64), "-1.5", NULL },
        { TYPE(FLOAT64), TYPE(INT64), "NaN", NULL },
        { TYPE(FLOAT64), TYPE(INT64), "Infinity", NULL },
        { TYPE(FLOAT32), TYPE(FLOAT64), "0.5", "0.5" },
        { TYPE(FLOAT64), TYPE(FLOAT32), "0.1", NULL },
        { TYPE(FLOAT64), TYPE(FLOAT32), "NaN", "NaN" },
    };
    CHECK(cases);
}
END_TEST

START_TEST(decimals_convert_without_losing_a_digit)
{
    const convert_case cases[] = {
        { DECIMAL(10, 2), DECIMAL(10, 4), "12.34", "12.3400" },
        { DECIMAL(10, 4), DECIMAL(10, 2), "12.3400", "12.34" },
        { DECIMAL(10, 4), DECIMAL(10, 2), "12.3450", NULL },
        { DECIMAL(10, 2), DECIMAL(5, 2), "1000.00", NULL },
        { DECIMAL(38, 0), DECIMAL(38, 10), "99999999999999999999999999999999999999", NULL },
        { DECIMAL(10, 2), DECIMAL(12, 2), "1.00", "1.00" },
        { DECIMAL(10, 2), TYPE(INT32), "7.00", "7" },
        { DECIMAL(10, 2), TYPE(INT32), "7.50", NULL },
        { DECIMAL(20, 0), TYPE(INT64), "9223372036854775808", NULL },
        { DECIMAL(20, 0), TYPE(UINT64), "18446744073709551615", "18446744073709551615" },
        { TYPE(INT64), DECIMAL(6, 2), "1234", "1234.00" },
        { TYPE(INT64), DECIMAL(6, 2), "12345", NULL },
        { TYPE(UINT64), TYPE(NUMERIC), "18446744073709551615", "18446744073709551615" },
        { DECIMAL(10, 2), TYPE(NUMERIC), "0.50", "0.50" },
        { TYPE(NUMERIC), DECIMAL(10, 2), "0.500", "0.50" },
        { TYPE(NUMERIC), DECIMAL(10, 2), "0.505", NULL },
        { TYPE(NUMERIC), DECIMAL(10, 2), "NaN", NULL },
        { TYPE(NUMERIC), TYPE(INT16), "300.0", "300" },
        { TYPE(NUMERIC), TYPE(INT16), "40000", NULL },
        { TYPE(NUMERIC), TYPE(TEXT), "1.50", "1.50" },
    };
    CHECK(cases);
}
END_TEST

START_TEST(clocks_convert_without_losing_time)
{
    const convert_case cases[] = {
        { TYPE(DATE), TYPE_S(TIMESTAMP, 0), "2024-02-29", "2024-02-29 00:00:00" },
        { TYPE(DATE), TYPE_S(TIMESTAMP, 0), "300000-01-01", NULL },
        { TYPE_S(TIMESTAMP, 6), TYPE(DATE), "2024-02-29 00:00:00", "2024-02-29" },
        { TYPE_S(TIMESTAMP, 6), TYPE(DATE), "1969-12-31 00:00:00", "1969-12-31" },
        { TYPE_S(TIMESTAMP, 6), TYPE(DATE), "2024-02-29 00:00:01", NULL },
        { TYPE_S(TIMESTAMP, 6), TYPE_S(TIMESTAMP, 3), "2024-02-29 00:00:00.125", "2024-02-29 00:00:00.125000" },
        { TYPE_S(TIMESTAMP, 6), TYPE_S(TIMESTAMP, 3), "2024-02-29 00:00:00.1255", NULL },
        { TYPE_S(TIMESTAMPTZ, 6), TYPE_S(TIMESTAMPTZ, 0), "2024-02-29 00:00:00+01", "2024-02-28 23:00:00+00" },
        { TYPE_S(TIME, 6), TYPE_S(TIME, 0), "-00:00:00.5", NULL },
        { TYPE(TEXT), TYPE_S(TIME, 0), "10:00:00.5", NULL },
        { TYPE(TEXT), TYPE_S(TIMESTAMP, 0), "2024-01-01", "2024-01-01 00:00:00" },
        { TYPE(TEXT), TYPE_S(TIME, 6), "10:00:00.000001", "10:00:00.000001" },
        { TYPE(DATE), TYPE_S(TIMESTAMP, 6), "2024-01-01", "2024-01-01 00:00:00" },
        { TYPE(TEXT), TYPE_S(TIMESTAMPTZ, 6), "2024-01-01 00:00:00", NULL },
        { TYPE(TEXT), TYPE_S(TIMESTAMPTZ, 6), "2024-01-01 00:00:99Z", NULL },
        { TYPE(TEXT), TYPE_S(TIMESTAMPTZ, 6), "294247-01-10 04:00:54-01", NULL },
        { TYPE_S(TIMESTAMP, 0), TYPE_S(TIMESTAMP, 6), "2024-01-01 00:00:00", "2024-01-01 00:00:00" },
    };
    CHECK(cases);
}
END_TEST

START_TEST(everything_but_bytes_becomes_its_canonical_text)
{
    const convert_case cases[] = {
        { TYPE(INT64), TYPE(TEXT), "-42", "-42" },
        { TYPE(FLOAT64), TYPE_P(TEXT, 3), "0.5", "0.5" },
        { TYPE(FLOAT64), TYPE_P(TEXT, 2), "0.5", NULL },
        { TYPE(BOOL), TYPE(TEXT), "true", "true" },
        { TYPE(UUID), TYPE(TEXT), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" },
        { TYPE_S(TIMESTAMPTZ, 6), TYPE(TEXT), "2024-01-01 00:00:00+00", "2024-01-01 00:00:00+00" },
        { TYPE(JSON), TYPE_P(TEXT, 4), "[ ]", "[ ]" },
        { TYPE(NATIVE), TYPE(TEXT), "{1,2}", "{1,2}" },
    };
    CHECK(cases);
}
END_TEST

START_TEST(lengths_are_counted_in_characters_for_text_and_in_bytes_for_binary)
{
    const convert_case cases[] = {
        { TYPE(TEXT), TYPE_P(TEXT, 2), "\xC3\xA4\xC3\xB6", "\xC3\xA4\xC3\xB6" },
        { TYPE(TEXT), TYPE_P(TEXT, 2), "abc", NULL },
        { TYPE_P(TEXT, 9), TYPE_P(TEXT, 3), "abc", "abc" },
        { TYPE(BINARY), TYPE_P(BINARY, 2), "ffff", "ffff" },
        { TYPE(BINARY), TYPE_P(BINARY, 2), "ffffff", NULL },
        { TYPE_P(BINARY, 2), TYPE(BINARY), "ffff", "ffff" },
    };
    CHECK(cases);
}
END_TEST

START_TEST(text_is_parsed_strictly)
{
    const convert_case cases[] = {
        { TYPE(TEXT), TYPE(INT32), "12", "12" },
        { TYPE(TEXT), TYPE(INT32), "12 ", NULL },
        { TYPE(TEXT), TYPE(UINT64), "+7", "7" },
        { TYPE(TEXT), TYPE(UINT64), "+", NULL },
        { TYPE(NUMERIC), TYPE(INT32), "1.5", NULL },
        { TYPE(TEXT), TYPE(FLOAT64), "0.1", "0.1" },
        { TYPE(TEXT), DECIMAL(4, 1), "0.1", "0.1" },
        { TYPE(TEXT), TYPE(NUMERIC), "1e", NULL },
        { TYPE(TEXT), TYPE(DATE), "2024-13-01", NULL },
        { TYPE(TEXT), TYPE(BOOL), "t", "true" },
        { TYPE(TEXT), TYPE(UUID), "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" },
        { TYPE(TEXT), TYPE(JSON), "not judged here", "not judged here" },
        { TYPE(TEXT), TYPE(NATIVE), "{1}", "{1}" },
    };
    CHECK(cases);
}
END_TEST

START_TEST(pairs_without_an_equal_value_are_refused_at_planning_time)
{
    const struct {
        incload__type to, from;
    } pairs[] = {
        { TYPE_S(TIMESTAMPTZ, 6), TYPE_S(TIMESTAMP, 6) },
        { TYPE_S(TIMESTAMP, 6), TYPE_S(TIMESTAMPTZ, 6) },
        { TYPE_S(TIMESTAMP, 6), TYPE(INT64) },
        { TYPE_S(TIMESTAMPTZ, 6), TYPE(DATE) },
        { TYPE(TEXT), TYPE(BINARY) },
        { TYPE(BINARY), TYPE(TEXT) },
        { DECIMAL(10, 2), TYPE(FLOAT64) },
        { TYPE(FLOAT64), DECIMAL(10, 2) },
        { TYPE(UUID), TYPE(BINARY) },
        { TYPE(NATIVE), TYPE(JSON) },
        { TYPE(INT64), TYPE(JSON) },
        { TYPE(UNKNOWN), TYPE(UNKNOWN) },
        { TYPE(TEXT), TYPE(UNKNOWN) },
    };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        ck_assert_msg(!incload__convertible(pairs[i].to, pairs[i].from), "%zu", i);
}
END_TEST

START_TEST(an_impossible_pair_is_an_error_that_names_column_and_types)
{
    incload__schema from = one_column(TYPE(BINARY)), to = one_column(TYPE(TEXT));
    const char *const cells[] = { "5ec2e7" };
    struct ArrowArray array, out;
    incload_error *err = NULL;

    batch_of(&from, cells, 1, &array);
    ck_assert_int_eq(incload__convert(&incload__mem_libc, &from, &array, &to, &out, &err), INCLOAD_E_TYPE);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "'c'"));
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "binary"));
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "text"));
    incload_error_unref(err);
    incload__schema_free(&from);
    incload__schema_free(&to);
}
END_TEST

START_TEST(the_message_about_a_value_does_not_hold_it)
{
    incload__schema from = one_column(TYPE(INT64)), to = one_column(TYPE(INT16));
    const char *const cells[] = { "7654321" };
    struct ArrowArray array, out;
    incload_error *err = NULL;

    batch_of(&from, cells, 1, &array);
    ck_assert_int_eq(incload__convert(&incload__mem_libc, &from, &array, &to, &out, &err), INCLOAD_E_DATA);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "'c'"));
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "int64"));
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "int16"));
    ck_assert_ptr_null(strstr(incload_error_message(err), "7654321"));
    incload_error_unref(err);
    incload__schema_free(&from);
    incload__schema_free(&to);
}
END_TEST

START_TEST(columns_of_equal_type_are_moved_also_from_a_slice)
{
    incload__schema from = one_column(TYPE(TEXT)), to;
    incload__schema_add(&from, "n", NULL, TYPE(INT64));
    incload__schema_init(&to, &incload__mem_libc);
    incload__schema_add(&to, "c", NULL, TYPE(JSON));
    incload__schema_add(&to, "n", NULL, TYPE(INT16));
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &from, NULL);
    struct ArrowArray array, out;

    for (int i = 0; i < 5; i++) {
        incload__put_text(builder, 0, (const char *const[]){ "0", "1", "2", "3", "4" }[i], 1);
        ck_assert_int_eq(i == 2 ? incload__put_null(builder, 1) : incload__put_int(builder, 1, i), INCLOAD_OK);
    }
    ck_assert_int_eq(incload__builder_finish(builder, &array, NULL), INCLOAD_OK);
    const void *text = array.children[0]->buffers[2];
    array.offset = 1;
    array.length = 3;
    ck_assert_int_eq(incload__convert(&incload__mem_libc, &from, &array, &to, &out, NULL), INCLOAD_OK);
    ck_assert_ptr_eq(out.children[0]->buffers[2], text);
    ck_assert_int_eq(out.length, 3);
    ck_assert_cell(&to, &out, 0, 0, "1");
    ck_assert_cell(&to, &out, 1, 0, "1");
    ck_assert_cell(&to, &out, 1, 1, "NULL");
    ck_assert_cell(&to, &out, 0, 2, "3");
    incload__array_release(&out);
    incload__builder_free(builder);
    incload__schema_free(&from);
    incload__schema_free(&to);
}
END_TEST

START_TEST(a_batch_of_fewer_columns_is_an_error_and_is_released)
{
    incload__schema from = one_column(TYPE(TEXT)), to = one_column(TYPE(TEXT));
    const char *const cells[] = { "a" };
    struct ArrowArray array, out;
    incload_error *err = NULL;

    incload__schema_add(&to, "more", NULL, TYPE(TEXT));
    batch_of(&from, cells, 1, &array);
    ck_assert_int_eq(incload__convert(&incload__mem_libc, &from, &array, &to, &out, &err), INCLOAD_E_INTERNAL);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "1 columns is to become one of 2"));
    ck_assert_ptr_null(array.release);
    ck_assert_ptr_null(out.release);
    incload_error_unref(err);
    incload__schema_free(&from);
    incload__schema_free(&to);
}
END_TEST

/* Column "c" moves, column "n" is made anew: rows `from` to `from + rows`. */
static void
check_moved(int64_t from_row, int64_t rows, int64_t nulls)
{
    incload__schema from = one_column(TYPE(TEXT)), to = one_column(TYPE(TEXT));
    incload__schema_add(&from, "n", NULL, TYPE(INT64));
    incload__schema_add(&to, "n", NULL, TYPE(INT16));
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &from, NULL);
    struct ArrowArray array, out;

    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(i == 0 ? incload__put_null(builder, 0) : incload__put_text(builder, 0, "x", 1), INCLOAD_OK);
        ck_assert_int_eq(incload__put_int(builder, 1, i), INCLOAD_OK);
    }
    ck_assert_int_eq(incload__builder_finish(builder, &array, NULL), INCLOAD_OK);
    array.offset = from_row;
    array.length = rows;
    ck_assert_int_eq(incload__convert(&incload__mem_libc, &from, &array, &to, &out, NULL), INCLOAD_OK);
    ck_assert_int_eq(out.length, rows);
    ck_assert_int_eq(out.children[0]->length, rows);
    ck_assert_int_eq(out.children[0]->null_count, nulls);
    for (int64_t i = 0; i < rows; i++)
        ck_assert_cell(&to, &out, 0, i, from_row + i == 0 ? "NULL" : "x");
    incload__array_release(&out);
    incload__builder_free(builder);
    incload__schema_free(&from);
    incload__schema_free(&to);
}

START_TEST(the_nulls_of_a_moved_slice_are_for_its_reader_to_count)
{
    check_moved(0, 4, 1);
    check_moved(0, 2, -1);
    check_moved(1, 3, -1);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, whole_numbers_convert_within_range);
    tcase_add_test(tests, floats_and_whole_numbers_convert_only_if_equal);
    tcase_add_test(tests, decimals_convert_without_losing_a_digit);
    tcase_add_test(tests, clocks_convert_without_losing_time);
    tcase_add_test(tests, everything_but_bytes_becomes_its_canonical_text);
    tcase_add_test(tests, lengths_are_counted_in_characters_for_text_and_in_bytes_for_binary);
    tcase_add_test(tests, text_is_parsed_strictly);
    tcase_add_test(tests, pairs_without_an_equal_value_are_refused_at_planning_time);
    tcase_add_test(tests, an_impossible_pair_is_an_error_that_names_column_and_types);
    tcase_add_test(tests, the_message_about_a_value_does_not_hold_it);
    tcase_add_test(tests, columns_of_equal_type_are_moved_also_from_a_slice);
    tcase_add_test(tests, a_batch_of_fewer_columns_is_an_error_and_is_released);
    tcase_add_test(tests, the_nulls_of_a_moved_slice_are_for_its_reader_to_count);
}

HARNESS_MAIN("batch-convert", add_tests)
