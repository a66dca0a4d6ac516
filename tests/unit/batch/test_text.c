/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/cells.h"

typedef struct text_case {
    incload__type type;
    const char *text;
    const char *canonical; /* NULL: refused */
} text_case;

static void
check(const text_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        incload__schema schema = one_column(cases[i].type);
        incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, NULL);
        struct ArrowArray array;
        int32_t expected = cases[i].canonical != NULL ? INCLOAD_OK : INCLOAD_E_DATA;

        ck_assert_msg(incload__put_text(builder, 0, cases[i].text, strlen(cases[i].text)) == expected, "'%s'",
                      cases[i].text);
        ck_assert_int_eq(incload__builder_finish(builder, &array, NULL), INCLOAD_OK);
        if (cases[i].canonical != NULL)
            ck_assert_cell(&schema, &array, 0, 0, cases[i].canonical);
        incload__array_release(&array);
        incload__builder_free(builder);
        incload__schema_free(&schema);
    }
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof(cases)[0])

START_TEST(numbers_have_one_canonical_text)
{
    const text_case cases[] = {
        { TYPE(INT16), "+0012", "12" },
        { TYPE(INT16), "32768", NULL },
        { TYPE(INT64), "1.0", NULL },
        { TYPE(UINT64), "18446744073709551615", "18446744073709551615" },
        { TYPE(UINT64), "18446744073709551616", NULL },
        { TYPE(UINT64), "-1", NULL },
        { TYPE(FLOAT64), "1.50e0", "1.5" },
        { TYPE(FLOAT64), "infinity", "Infinity" },
        { TYPE(FLOAT64), "1e999", NULL },
        { TYPE(FLOAT32), "0.1", "0.1" },
        { TYPE(FLOAT32), "16777217", "1.6777216e+07" },
        { DECIMAL(6, 2), "12.5", "12.50" },
        { DECIMAL(6, 2), "-0.10", "-0.10" },
        { DECIMAL(6, 2), "12345", NULL },
        { DECIMAL(6, 2), "1.234", NULL },
        { TYPE(NUMERIC), "123456789012345678901234567890123456789012345.10",
          "123456789012345678901234567890123456789012345.10" },
        { TYPE(NUMERIC), "NaN", "NaN" },
        { TYPE(NUMERIC), "-Infinity", "-Infinity" },
        { TYPE(NUMERIC), "12,5", NULL },
        { TYPE(NUMERIC), "", NULL },
    };
    CHECK(cases);
}
END_TEST

START_TEST(booleans_are_read_in_six_spellings)
{
    const text_case cases[] = {
        { TYPE(BOOL), "t", "true" },         { TYPE(BOOL), "f", "false" }, { TYPE(BOOL), "true", "true" },
        { TYPE(BOOL), "FALSE", "false" },    { TYPE(BOOL), "1", "true" },  { TYPE(BOOL), "0", "false" },
        { TYPE(BOOL), "yes", NULL },         { TYPE(BOOL), "", NULL },     { TYPE(BOOL), "2", NULL },
        { TYPE(BOOL), "truely long", NULL },
    };
    CHECK(cases);
}
END_TEST

START_TEST(dates_and_clocks_are_read_strictly)
{
    const text_case cases[] = {
        { TYPE(DATE), "2024-02-29", "2024-02-29" },
        { TYPE(DATE), "0044-03-15 BC", "0044-03-15 BC" },
        { TYPE(DATE), "2024-02-29 00:00:00", NULL },
        { TYPE(DATE), "5881580-07-12", NULL },
        { TYPE_S(TIME, 6), "-838:59:59", "-838:59:59" },
        { TYPE_S(TIME, 6), "12:00:00+01", NULL },
        { TYPE_S(TIMESTAMP, 6), "2024-01-01T12:00:00.5", "2024-01-01 12:00:00.500000" },
        { TYPE_S(TIMESTAMP, 6), "2024-01-01 12:00:00Z", NULL },
        { TYPE_S(TIMESTAMP, 6), "2024-01-01 12:00:00.1234567", NULL },
        { TYPE_S(TIMESTAMP, 6), "2024-01-01 12:00:00.1234560", "2024-01-01 12:00:00.123456" },
        { TYPE_S(TIMESTAMPTZ, 6), "2024-01-01 12:00:00+02", "2024-01-01 10:00:00+00" },
        { TYPE_S(TIMESTAMPTZ, 6), "2024-01-01T12:00:00-03:30", "2024-01-01 15:30:00+00" },
        { TYPE_S(TIMESTAMPTZ, 6), "2024-01-01 12:00:00Z", "2024-01-01 12:00:00+00" },
        { TYPE_S(TIMESTAMPTZ, 6), "2024-01-01 12:00:00", NULL },
        { TYPE_S(TIMESTAMPTZ, 6), "0001-01-01 00:00:00+00 BC", "0001-01-01 00:00:00+00 BC" },
    };
    CHECK(cases);
}
END_TEST

START_TEST(text_and_bytes_are_read_as_they_are)
{
    const text_case cases[] = {
        { TYPE(TEXT), "", "" },
        { TYPE(TEXT), "gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F" },
        { TYPE(TEXT), "\xC3", NULL },
        { TYPE(JSON), "{\"a\" : 1}", "{\"a\" : 1}" },
        { TYPE(NATIVE), "192.168.0.1/24", "192.168.0.1/24" },
        { TYPE(BINARY), "00FFa5", "00ffa5" },
        { TYPE(BINARY), "", "" },
        { TYPE(BINARY), "0", NULL },
        { TYPE(BINARY), "0g", NULL },
        { TYPE(BINARY), "~0", NULL },
        { TYPE(BINARY), "0:", NULL },
        { TYPE(UUID), "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" },
        { TYPE(UUID), "a0eebc999c0b4ef8bb6d6bb9bd380a11", NULL },
        { TYPE(UUID), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1-", NULL },
        { TYPE(UUID), "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", NULL },
    };
    CHECK(cases);
}
END_TEST

START_TEST(a_nul_byte_is_part_of_a_text)
{
    incload__schema schema = one_column(TYPE(TEXT));
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, NULL);
    struct ArrowArray array;
    incload__view view;
    size_t length;

    ck_assert_int_eq(incload__put_text(builder, 0, "a\0b", 3), INCLOAD_OK);
    ck_assert_int_eq(incload__builder_finish(builder, &array, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__view_init(&view, &incload__mem_libc, &schema, &array, NULL), INCLOAD_OK);
    ck_assert_int_eq(memcmp(incload__get_bytes(&view, 0, 0, &length), "a\0b", 3), 0);
    ck_assert_uint_eq(length, 3);
    incload__view_free(&view);
    incload__array_release(&array);
    incload__builder_free(builder);
    incload__schema_free(&schema);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, numbers_have_one_canonical_text);
    tcase_add_test(tests, booleans_are_read_in_six_spellings);
    tcase_add_test(tests, dates_and_clocks_are_read_strictly);
    tcase_add_test(tests, text_and_bytes_are_read_as_they_are);
    tcase_add_test(tests, a_nul_byte_is_part_of_a_text);
}

HARNESS_MAIN("batch-text", add_tests)
