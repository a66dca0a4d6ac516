/* SPDX-License-Identifier: Apache-2.0 */
/* The columns of a host's schema, which was made by hand. */
#include "batch/cells.h"

enum { COLUMNS = 3 };

static struct ArrowSchema arrow, children[COLUMNS], dictionary;
static struct ArrowSchema *pointers[COLUMNS];
static incload__schema taken;
static incload_error *err;

static void
release(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void
set_up(void)
{
    memset(&arrow, 0, sizeof arrow);
    memset(children, 0, sizeof children);
    for (int32_t i = 0; i < COLUMNS; i++) {
        static const char *const names[] = { "a", "b", "c" };
        children[i] = (struct ArrowSchema){ .format = "i", .name = names[i], .release = release };
        pointers[i] = &children[i];
    }
    dictionary = (struct ArrowSchema){ .format = "u", .release = release };
    arrow = (struct ArrowSchema){ .format = "+s", .n_children = 1, .children = pointers, .release = release };
    incload__schema_init(&taken, &incload__mem_libc);
    err = NULL;
}

static void
tear_down(void)
{
    incload__schema_free(&taken);
    incload_error_unref(err);
}

static int32_t
take(void)
{
    incload__schema_free(&taken);
    incload_error_unref(err);
    err = NULL;
    return incload__schema_import(&arrow, &taken, &err);
}

static void
is_refused(int32_t code, const char *part)
{
    ck_assert_int_eq(take(), code);
    ck_assert_msg(strstr(incload_error_message(err), part) != NULL, "%s", incload_error_message(err));
}

/* Arrow's metadata with one key, or with a number in the place of one of its lengths. */
static const char *
metadata(const char *key, int32_t key_length, const char *value, int32_t value_length)
{
    static char bytes[800];
    int32_t count = 1;
    char *at = bytes;

    memcpy(at, &count, 4);
    memcpy(at += 4, &key_length, 4);
    memcpy(at += 4, key, strlen(key));
    memcpy(at += strlen(key), &value_length, 4);
    memcpy(at + 4, value, strlen(value));
    return bytes;
}

static const char *
pair(const char *key, const char *value)
{
    return metadata(key, (int32_t)strlen(key), value, (int32_t)strlen(value));
}

static void
is_kind(const char *format, const char *data, incload__kind kind, int32_t scale)
{
    children[0].format = format;
    children[0].metadata = data;
    ck_assert_msg(take() == INCLOAD_OK, "%s", incload_error_message(err));
    ck_assert_int_eq(taken.columns[0].type.kind, kind);
    ck_assert_int_eq(taken.columns[0].type.scale, scale);
}

START_TEST(columns_are_taken_with_name_type_and_whether_they_may_be_null)
{
    arrow.n_children = 2;
    children[1].format = "u";
    children[1].flags = ARROW_FLAG_NULLABLE;
    ck_assert_int_eq(take(), INCLOAD_OK);
    ck_assert_int_eq(taken.count, 2);
    ck_assert_str_eq(taken.columns[0].name, "a");
    ck_assert_int_eq(taken.columns[0].type.kind, INCLOAD__INT32);
    ck_assert(!taken.columns[0].nullable && taken.columns[1].nullable);
    ck_assert_int_eq(taken.columns[1].type.kind, INCLOAD__TEXT);
}
END_TEST

START_TEST(types_follow_format_extension_and_native_name)
{
    is_kind("tss:", NULL, INCLOAD__TIMESTAMP, 0);
    is_kind("tsm:", NULL, INCLOAD__TIMESTAMP, 3);
    is_kind("tsn:UTC", NULL, INCLOAD__TIMESTAMPTZ, 6);
    is_kind("ttm", NULL, INCLOAD__TIME, 3);
    is_kind("d:9,2", NULL, INCLOAD__DECIMAL, 2);
    is_kind("n", NULL, INCLOAD__TEXT, 0);
    is_kind("u", pair("ARROW:extension:name", "arrow.json"), INCLOAD__JSON, 0);
    is_kind("u", pair("incload.native", "NUMERIC(60,2)"), INCLOAD__NUMERIC, 0);
    is_kind("u", pair("incload.native", "decimal(60,2)"), INCLOAD__NUMERIC, 0);
    is_kind("u", pair("incload.native", "varchar(7)"), INCLOAD__TEXT, 0);
    ck_assert_str_eq(taken.columns[0].native, "varchar(7)");
    is_kind("i", pair("incload.native", "numeric"), INCLOAD__INT32, 0);
    is_kind("w:16", pair("ARROW:extension:name", "arrow.uuid"), INCLOAD__UUID, 0);
    is_kind("w:16", pair("ARROW:extension:mame", "arrow.uuid"), INCLOAD__BINARY, 0);
    children[0].dictionary = &dictionary;
    is_kind("c", NULL, INCLOAD__TEXT, 0);
}
END_TEST

START_TEST(metadata_that_is_too_long_or_broken_is_passed_over)
{
    char name[300];

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    is_kind("u", pair("incload.native", name), INCLOAD__TEXT, 0);
    ck_assert_ptr_null(taken.columns[0].native);
    is_kind("u", metadata("incload.native", -1, "numeric", 7), INCLOAD__TEXT, 0);
    is_kind("u", metadata("incload.native", 14, "numeric", -1), INCLOAD__TEXT, 0);
    ck_assert_ptr_null(taken.columns[0].native);
}
END_TEST

START_TEST(columns_without_a_name_of_their_own_are_refused)
{
    arrow.n_children = 2;
    children[1].name = "a";
    is_refused(INCLOAD_E_INVALID, "the schema has column 'a' twice");
    children[1].name = "\xff";
    is_refused(INCLOAD_E_INVALID, "no name");
    children[1].name = "";
    is_refused(INCLOAD_E_INVALID, "no name");
    children[1].name = NULL;
    is_refused(INCLOAD_E_INVALID, "no name");
    pointers[1] = NULL;
    is_refused(INCLOAD_E_INVALID, "lacks the column that it counts as number 2");
}
END_TEST

START_TEST(columns_of_types_that_no_table_has_are_refused_by_name)
{
    children[0].format = "+l";
    is_refused(INCLOAD_E_TYPE, "column 'a' has the nested Arrow type '+l'");
    children[0].format = "?";
    is_refused(INCLOAD_E_TYPE, "column 'a' has Arrow type '?', which is not known: cast it");
    children[0].format = NULL;
    is_refused(INCLOAD_E_TYPE, "column 'a' has Arrow type ''");
    children[0].format = "c";
    children[0].dictionary = &dictionary;
    dictionary.format = NULL;
    is_refused(INCLOAD_E_TYPE, "column 'a' has Arrow type 'c'");
    dictionary.format = "i";
    dictionary.dictionary = &children[1];
    is_refused(INCLOAD_E_TYPE, "column 'a' has Arrow type 'c'");
}
END_TEST

START_TEST(what_is_no_struct_of_columns_is_refused)
{
    static const int64_t counts[] = { 0, -1, INT16_MAX + 1 };
    struct ArrowSchema good = arrow;

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        arrow.n_children = counts[i];
        is_refused(INCLOAD_E_INVALID, "one child a column");
    }
    arrow = good;
    arrow.children = NULL;
    is_refused(INCLOAD_E_INVALID, "one child a column");
    arrow = good;
    arrow.format = "i";
    is_refused(INCLOAD_E_INVALID, "one child a column");
    arrow.format = NULL;
    is_refused(INCLOAD_E_INVALID, "one child a column");
    arrow = good;
    arrow.release = NULL;
    is_refused(INCLOAD_E_INVALID, "not released");
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, columns_are_taken_with_name_type_and_whether_they_may_be_null);
    tcase_add_test(tests, types_follow_format_extension_and_native_name);
    tcase_add_test(tests, metadata_that_is_too_long_or_broken_is_passed_over);
    tcase_add_test(tests, columns_without_a_name_of_their_own_are_refused);
    tcase_add_test(tests, columns_of_types_that_no_table_has_are_refused_by_name);
    tcase_add_test(tests, what_is_no_struct_of_columns_is_refused);
}

HARNESS_MAIN("batch-schema-import", add_tests)
