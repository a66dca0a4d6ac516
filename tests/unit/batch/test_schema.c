/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/cells.h"

START_TEST(a_copy_has_everything_and_stands_alone)
{
    incload__schema from, to;
    incload_error *err = NULL;

    incload__schema_init(&from, &incload__mem_libc);
    incload__schema_init(&to, &incload__mem_libc);
    for (int i = 0; i < 20; i++) {
        char name[8] = { 'c', (char)('a' + i), '\0' };
        incload__column *column = incload__schema_add(&from, name, "numeric(12,2)", DECIMAL(12, 2));
        column->key_ordinal = i;
        column->native_id = 1700;
        column->nullable = i % 2 == 0;
        column->generated = i % 3 == 0;
    }
    ck_assert_int_eq(incload__schema_copy(&to, &from, &err), INCLOAD_OK);
    incload__schema_free(&from);
    ck_assert_int_eq(to.count, 20);
    int32_t at = incload__schema_find(&to, "cd");
    ck_assert_int_eq(at, 3);
    ck_assert_str_eq(to.columns[at].native, "numeric(12,2)");
    ck_assert_int_eq(to.columns[at].key_ordinal, 3);
    ck_assert_uint_eq(to.columns[at].native_id, 1700);
    ck_assert(!to.columns[at].nullable && to.columns[at].generated);
    ck_assert_int_eq(incload__schema_find(&to, "CD"), -1);
    incload__schema_free(&to);
}
END_TEST

START_TEST(types_are_named_for_messages)
{
    char text[48];

    ck_assert_str_eq(incload__type_text(TYPE(INT64), text, sizeof text), "int64");
    ck_assert_str_eq(incload__type_text(DECIMAL(12, 2), text, sizeof text), "decimal(12,2)");
    ck_assert_str_eq(incload__type_text(TYPE_S(TIMESTAMPTZ, 6), text, sizeof text), "timestamp(6) with time zone");
    ck_assert_str_eq(incload__type_text(TYPE_P(TEXT, 20), text, sizeof text), "text(20)");
    ck_assert_str_eq(incload__type_text(TYPE(TEXT), text, sizeof text), "text");
    ck_assert_str_eq(incload__type_text(TYPE(UNKNOWN), text, sizeof text), "unknown");
}
END_TEST

START_TEST(only_what_a_kind_has_counts_for_equality)
{
    ck_assert(incload__type_equal((incload__type){ INCLOAD__INT64, 19, 0 }, TYPE(INT64)));
    ck_assert(incload__type_equal((incload__type){ INCLOAD__TIME, 5, 3 }, TYPE_S(TIME, 3)));
    ck_assert(!incload__type_equal(TYPE_S(TIME, 3), TYPE_S(TIME, 6)));
    ck_assert(!incload__type_equal(DECIMAL(10, 2), DECIMAL(11, 2)));
    ck_assert(!incload__type_equal(TYPE_P(TEXT, 5), TYPE(TEXT)));
    ck_assert(!incload__type_equal(TYPE(TEXT), TYPE(JSON)));
}
END_TEST

START_TEST(wider_types_hold_narrower_ones)
{
    static const struct {
        incload__type to, from;
        bool holds;
    } cases[] = {
        { { INCLOAD__INT64, 0, 0 }, { INCLOAD__INT16, 0, 0 }, true },
        { { INCLOAD__INT16, 0, 0 }, { INCLOAD__INT64, 0, 0 }, false },
        { { INCLOAD__INT8, 0, 0 }, { INCLOAD__BOOL, 0, 0 }, true },
        { { INCLOAD__UINT64, 0, 0 }, { INCLOAD__INT8, 0, 0 }, false },
        { { INCLOAD__INT64, 0, 0 }, { INCLOAD__UINT64, 0, 0 }, false },
        { { INCLOAD__UINT64, 0, 0 }, { INCLOAD__UINT64, 0, 0 }, true },
        { { INCLOAD__FLOAT64, 0, 0 }, { INCLOAD__INT32, 0, 0 }, true },
        { { INCLOAD__FLOAT32, 0, 0 }, { INCLOAD__INT32, 0, 0 }, false },
        { { INCLOAD__FLOAT64, 0, 0 }, { INCLOAD__INT64, 0, 0 }, false },
        { { INCLOAD__FLOAT32, 0, 0 }, { INCLOAD__FLOAT64, 0, 0 }, false },
        { { INCLOAD__DECIMAL, 19, 0 }, { INCLOAD__INT64, 0, 0 }, true },
        { { INCLOAD__DECIMAL, 20, 2 }, { INCLOAD__INT64, 0, 0 }, false },
        { { INCLOAD__DECIMAL, 12, 4 }, { INCLOAD__DECIMAL, 10, 2 }, true },
        { { INCLOAD__DECIMAL, 12, 4 }, { INCLOAD__DECIMAL, 11, 2 }, false },
        { { INCLOAD__DECIMAL, 38, 10 }, { INCLOAD__NUMERIC, 0, 0 }, false },
        { { INCLOAD__NUMERIC, 0, 0 }, { INCLOAD__DECIMAL, 38, 10 }, true },
        { { INCLOAD__NUMERIC, 0, 0 }, { INCLOAD__FLOAT64, 0, 0 }, false },
        { { INCLOAD__INT32, 0, 0 }, { INCLOAD__DECIMAL, 9, 0 }, true },
        { { INCLOAD__INT32, 0, 0 }, { INCLOAD__DECIMAL, 10, 0 }, false },
        { { INCLOAD__TIMESTAMP, 0, 6 }, { INCLOAD__TIMESTAMP, 0, 3 }, true },
        { { INCLOAD__TIMESTAMP, 0, 0 }, { INCLOAD__TIMESTAMP, 0, 3 }, false },
        { { INCLOAD__TIMESTAMPTZ, 0, 6 }, { INCLOAD__TIMESTAMP, 0, 6 }, false },
        { { INCLOAD__TIMESTAMP, 0, 0 }, { INCLOAD__DATE, 0, 0 }, true },
        { { INCLOAD__DATE, 0, 0 }, { INCLOAD__TIMESTAMP, 0, 0 }, false },
        { { INCLOAD__TEXT, 0, 0 }, { INCLOAD__TEXT, 30, 0 }, true },
        { { INCLOAD__TEXT, 30, 0 }, { INCLOAD__TEXT, 0, 0 }, false },
        { { INCLOAD__TEXT, 20, 0 }, { INCLOAD__INT64, 0, 0 }, true },
        { { INCLOAD__TEXT, 10, 0 }, { INCLOAD__INT64, 0, 0 }, false },
        { { INCLOAD__TEXT, 13, 0 }, { INCLOAD__DECIMAL, 10, 2 }, true },
        { { INCLOAD__TEXT, 36, 0 }, { INCLOAD__UUID, 0, 0 }, true },
        { { INCLOAD__TEXT, 99, 0 }, { INCLOAD__JSON, 0, 0 }, false },
        { { INCLOAD__TEXT, 0, 0 }, { INCLOAD__BINARY, 0, 0 }, false },
        { { INCLOAD__BINARY, 9, 0 }, { INCLOAD__BINARY, 8, 0 }, true },
        { { INCLOAD__BINARY, 0, 0 }, { INCLOAD__UUID, 0, 0 }, false },
        { { INCLOAD__JSON, 0, 0 }, { INCLOAD__TEXT, 0, 0 }, false },
        { { INCLOAD__UNKNOWN, 0, 0 }, { INCLOAD__UNKNOWN, 0, 0 }, false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char to[48], from[48];
        ck_assert_msg(incload__type_holds(cases[i].to, cases[i].from) == cases[i].holds, "%s holds %s",
                      incload__type_text(cases[i].to, to, sizeof to),
                      incload__type_text(cases[i].from, from, sizeof from));
    }
}
END_TEST

START_TEST(every_type_holds_itself_and_what_is_held_is_convertible)
{
    for (int to = INCLOAD__BOOL; to < INCLOAD__KIND_COUNT; to++) {
        for (int from = INCLOAD__BOOL; from < INCLOAD__KIND_COUNT; from++) {
            incload__type a = { (incload__kind)to, to == INCLOAD__DECIMAL ? 20 : 0, 0 };
            incload__type b = { (incload__kind)from, from == INCLOAD__DECIMAL ? 20 : 0, 0 };
            ck_assert(to != from || incload__type_holds(a, b));
            ck_assert_msg(!incload__type_holds(a, b) || incload__convertible(a, b), "%d from %d", to, from);
        }
    }
}
END_TEST

START_TEST(a_type_spells_what_is_written_in_the_same_digits)
{
    static const struct {
        incload__type to, from;
        bool spells;
    } cases[] = {
        { { INCLOAD__INT64, 0, 0 }, { INCLOAD__INT16, 0, 0 }, true },
        { { INCLOAD__INT32, 0, 0 }, { INCLOAD__INT32, 0, 0 }, true },
        { { INCLOAD__NUMERIC, 0, 0 }, { INCLOAD__DECIMAL, 12, 2 }, true },
        { { INCLOAD__INT16, 0, 0 }, { INCLOAD__INT32, 0, 0 }, false },
        { { INCLOAD__INT64, 0, 0 }, { INCLOAD__BOOL, 0, 0 }, false },
        { { INCLOAD__INT64, 0, 0 }, { INCLOAD__UINT64, 0, 0 }, false },
        { { INCLOAD__DECIMAL, 12, 4 }, { INCLOAD__DECIMAL, 12, 2 }, false },
        { { INCLOAD__DECIMAL, 12, 2 }, { INCLOAD__NUMERIC, 0, 0 }, false },
        { { INCLOAD__NUMERIC, 0, 0 }, { INCLOAD__NUMERIC, 0, 0 }, false },
        { { INCLOAD__TIMESTAMP, 0, 6 }, { INCLOAD__DATE, 0, 0 }, false },
        { { INCLOAD__TEXT, 0, 0 }, { INCLOAD__INT64, 0, 0 }, false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char to[48], from[48];
        ck_assert_msg(incload__type_spells(cases[i].to, cases[i].from) == cases[i].spells, "%s spells %s",
                      incload__type_text(cases[i].to, to, sizeof to),
                      incload__type_text(cases[i].from, from, sizeof from));
        ck_assert(!cases[i].spells || incload__type_holds(cases[i].to, cases[i].from));
    }
}
END_TEST

START_TEST(an_exported_schema_says_formats_names_and_metadata)
{
    incload__schema schema = one_column(DECIMAL(12, 2));
    incload__schema_add(&schema, "u", "uuid", TYPE(UUID))->nullable = false;
    struct ArrowSchema arrow;
    incload_error *err = NULL;

    ck_assert_int_eq(incload__schema_export(&schema, &arrow, &err), INCLOAD_OK);
    ck_assert_str_eq(arrow.format, "+s");
    ck_assert_int_eq(arrow.n_children, 2);
    ck_assert_str_eq(arrow.children[0]->format, "d:12,2");
    ck_assert_str_eq(arrow.children[0]->name, "c");
    ck_assert_ptr_null(arrow.children[0]->metadata);
    ck_assert_int_eq(arrow.children[0]->flags, ARROW_FLAG_NULLABLE);
    ck_assert_str_eq(arrow.children[1]->format, "w:16");
    ck_assert_int_eq(arrow.children[1]->flags, 0);
    /* Three pairs; the first is incload.native. */
    int32_t numbers[2];
    memcpy(numbers, arrow.children[1]->metadata, sizeof numbers);
    ck_assert_int_eq(numbers[0], 3);
    ck_assert_int_eq(numbers[1], 14);
    ck_assert_int_eq(memcmp(arrow.children[1]->metadata + 8, "incload.native\x04\0\0\0uuid", 22), 0);
    incload__schema_free(&schema);
    incload__arrow_schema_release(&arrow);
    incload__arrow_schema_release(&arrow);
}
END_TEST

START_TEST(a_child_of_an_exported_schema_may_be_moved_out)
{
    incload__schema schema = one_column(TYPE(INT32));
    struct ArrowSchema arrow;

    ck_assert_int_eq(incload__schema_export(&schema, &arrow, NULL), INCLOAD_OK);
    struct ArrowSchema child = *arrow.children[0];
    arrow.children[0]->release = NULL;
    incload__arrow_schema_release(&arrow);
    ck_assert_str_eq(child.format, "i");
    ck_assert_str_eq(child.name, "c");
    incload__arrow_schema_release(&child);
    incload__schema_free(&schema);
}
END_TEST

START_TEST(a_column_of_unknown_type_is_refused_by_name)
{
    incload__schema schema = one_column(TYPE(UNKNOWN));
    struct ArrowSchema arrow;
    incload_error *err = NULL;

    ck_assert_int_eq(incload__schema_export(&schema, &arrow, &err), INCLOAD_E_TYPE);
    ck_assert_ptr_null(arrow.release);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "'c'"));
    incload_error_unref(err);
    incload__schema_free(&schema);
}
END_TEST

START_TEST(nothing_holds_or_is_held_without_a_type)
{
    ck_assert(!incload__type_holds(TYPE(UNKNOWN), TYPE(INT8)));
    ck_assert(!incload__type_holds(TYPE(INT8), TYPE(UNKNOWN)));
    ck_assert(!incload__type_holds(TYPE(UINT64), DECIMAL(3, 0)));
    ck_assert(!incload__type_holds(TYPE(INT64), DECIMAL(3, 1)));
    ck_assert(incload__type_holds(TYPE(INT64), DECIMAL(3, 0)));
    ck_assert(!incload__type_holds(TYPE(INT8), DECIMAL(3, 0)));
}
END_TEST

START_TEST(more_columns_than_can_be_counted_are_refused)
{
    incload__schema schema = one_column(TYPE(INT8));
    incload__schema full = schema;

    full.count = full.capacity = 1 << 30;
    ck_assert_ptr_null(incload__schema_add(&full, "more", NULL, TYPE(INT8)));
    ck_assert_ptr_eq(full.columns, schema.columns);
    incload__schema_free(&schema);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, a_copy_has_everything_and_stands_alone);
    tcase_add_test(tests, types_are_named_for_messages);
    tcase_add_test(tests, only_what_a_kind_has_counts_for_equality);
    tcase_add_test(tests, wider_types_hold_narrower_ones);
    tcase_add_test(tests, every_type_holds_itself_and_what_is_held_is_convertible);
    tcase_add_test(tests, a_type_spells_what_is_written_in_the_same_digits);
    tcase_add_test(tests, an_exported_schema_says_formats_names_and_metadata);
    tcase_add_test(tests, a_child_of_an_exported_schema_may_be_moved_out);
    tcase_add_test(tests, a_column_of_unknown_type_is_refused_by_name);
    tcase_add_test(tests, nothing_holds_or_is_held_without_a_type);
    tcase_add_test(tests, more_columns_than_can_be_counted_are_refused);
}

HARNESS_MAIN("batch-schema", add_tests)
