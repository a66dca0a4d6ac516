/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/cells.h"

/* A host's batch made by hand: everything lies on the test's stack, so release only marks. */
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

typedef struct hosts_batch {
    struct ArrowSchema schema, columns[2], dictionary_schema;
    struct ArrowArray array, cells[2], dictionary;
    struct ArrowSchema *column_pointers[2];
    struct ArrowArray *cell_pointers[2];
    const void *no_buffers[1];
} hosts_batch;

/* One column "c" of `rows` cells. */
static void
hosts_one(hosts_batch *batch, const char *format, int64_t rows, int64_t nulls, const void **buffers, int64_t count)
{
    memset(batch, 0, sizeof *batch);
    batch->columns[0] = (struct ArrowSchema){ .format = format, .name = "c", .release = release_schema };
    batch->cells[0] = (struct ArrowArray){
        .length = rows, .null_count = nulls, .n_buffers = count, .buffers = buffers, .release = release_array
    };
    batch->column_pointers[0] = &batch->columns[0];
    batch->cell_pointers[0] = &batch->cells[0];
    batch->schema = (struct ArrowSchema){
        .format = "+s", .n_children = 1, .children = batch->column_pointers, .release = release_schema
    };
    batch->array = (struct ArrowArray){ .length = rows,
                                        .n_buffers = 1,
                                        .n_children = 1,
                                        .buffers = batch->no_buffers,
                                        .children = batch->cell_pointers,
                                        .release = release_array };
}

static int32_t
import_one(const hosts_batch *batch, incload__type type, struct ArrowArray *out, incload_error **err)
{
    incload__schema expected = one_column(type);
    int32_t status = incload__import(&incload__mem_libc, &batch->schema, &batch->array, &expected, out, err);

    incload__schema_free(&expected);
    return status;
}

static void
expect_cells(const hosts_batch *batch, incload__type type, const char *const *cells, int64_t count)
{
    incload__schema expected = one_column(type);
    struct ArrowArray out;
    incload_error *err = NULL;

    int32_t status = import_one(batch, type, &out, &err);
    ck_assert_msg(status == INCLOAD_OK, "%s", incload_error_message(err));
    ck_assert_int_eq(out.length, count);
    for (int64_t i = 0; i < count; i++)
        ck_assert_cell(&expected, &out, 0, i, cells[i]);
    incload__array_release(&out);
    incload__schema_free(&expected);
    ck_assert_ptr_nonnull(batch->array.release);
}

static void
expect_failure(const hosts_batch *batch, incload__type type, int32_t code, const char *part)
{
    struct ArrowArray out;
    incload_error *err = NULL;

    ck_assert_int_eq(import_one(batch, type, &out, &err), code);
    ck_assert_ptr_null(out.release);
    ck_assert_msg(strstr(incload_error_message(err), part) != NULL, "%s", incload_error_message(err));
    incload_error_unref(err);
}

START_TEST(integers_of_every_width_and_sign_are_taken)
{
    const int8_t i8[] = { -128, 127 };
    const uint8_t u8[] = { 0, 255 };
    const int16_t i16[] = { -32768, 7 };
    const uint16_t u16[] = { 0, 65535 };
    const uint32_t u32[] = { 0, 4294967295u };
    const uint64_t u64[] = { 0, UINT64_MAX };
    hosts_batch batch;

    hosts_one(&batch, "c", 2, 0, (const void *[]){ NULL, i8 }, 2);
    expect_cells(&batch, TYPE(INT64), (const char *const[]){ "-128", "127" }, 2);
    hosts_one(&batch, "C", 2, 0, (const void *[]){ NULL, u8 }, 2);
    expect_cells(&batch, TYPE(INT32), (const char *const[]){ "0", "255" }, 2);
    expect_failure(&batch, TYPE(INT8), INCLOAD_E_DATA, "'c'");
    hosts_one(&batch, "s", 2, 0, (const void *[]){ NULL, i16 }, 2);
    expect_cells(&batch, TYPE(INT16), (const char *const[]){ "-32768", "7" }, 2);
    hosts_one(&batch, "S", 2, 0, (const void *[]){ NULL, u16 }, 2);
    expect_cells(&batch, TYPE(INT32), (const char *const[]){ "0", "65535" }, 2);
    hosts_one(&batch, "I", 2, 0, (const void *[]){ NULL, u32 }, 2);
    expect_cells(&batch, TYPE(INT64), (const char *const[]){ "0", "4294967295" }, 2);
    hosts_one(&batch, "L", 2, 0, (const void *[]){ NULL, u64 }, 2);
    expect_cells(&batch, DECIMAL(20, 0), (const char *const[]){ "0", "18446744073709551615" }, 2);
}
END_TEST

START_TEST(nulls_and_offsets_of_the_host_are_honoured)
{
    const int32_t values[] = { 9, 1, 2, 3, 4 };
    const uint8_t valid[] = { 0x0B };
    hosts_batch batch;

    hosts_one(&batch, "i", 4, -1, (const void *[]){ valid, values }, 2);
    batch.cells[0].offset = 1;
    expect_cells(&batch, TYPE(INT32), (const char *const[]){ "1", "NULL", "3", "NULL" }, 4);
    batch.array.offset = 1;
    batch.array.length = 2;
    expect_cells(&batch, TYPE(INT32), (const char *const[]){ "NULL", "3" }, 2);
}
END_TEST

START_TEST(a_column_of_nulls_alone_has_any_type)
{
    hosts_batch batch;

    hosts_one(&batch, "n", 2, 2, NULL, 0);
    expect_cells(&batch, TYPE(UUID), (const char *const[]){ "NULL", "NULL" }, 2);
    expect_cells(&batch, TYPE(TEXT), (const char *const[]){ "NULL", "NULL" }, 2);
}
END_TEST

START_TEST(text_comes_with_small_large_and_no_offsets)
{
    const int32_t small[] = { 0, 1, 1, 20 };
    const int64_t large[] = { 0, 1, 1, 20 };
    const char bytes[] = "a0123456789 long text";
    unsigned char views[48] = { 1, 0, 0, 0, 'a' };
    const int64_t sizes[] = { 21 };
    hosts_batch batch;
    const char *const expected[] = { "a", "", "0123456789 long tex" };

    memcpy(views + 32, (const int32_t[]){ 19, 0, 0, 1 }, 16);
    hosts_one(&batch, "u", 3, 0, (const void *[]){ NULL, small, bytes }, 3);
    expect_cells(&batch, TYPE(TEXT), expected, 3);
    hosts_one(&batch, "U", 3, 0, (const void *[]){ NULL, large, bytes }, 3);
    expect_cells(&batch, TYPE(TEXT), expected, 3);
    hosts_one(&batch, "vu", 3, 0, (const void *[]){ NULL, views, bytes, sizes }, 4);
    expect_cells(&batch, TYPE(TEXT), expected, 3);
    expect_failure(&batch, TYPE_P(TEXT, 5), INCLOAD_E_DATA, "text(5)");
}
END_TEST

START_TEST(buffers_that_point_outside_are_refused)
{
    const int32_t backward[] = { 5, 1 };
    unsigned char view[16] = { 0 };
    const int64_t sizes[] = { 10 };
    hosts_batch batch;

    hosts_one(&batch, "u", 1, 0, (const void *[]){ NULL, backward, "abcdef" }, 3);
    expect_failure(&batch, TYPE(TEXT), INCLOAD_E_INVALID, "'c'");
    memcpy(view, (const int32_t[]){ 19, 0, 0, 0 }, 16);
    hosts_one(&batch, "vu", 1, 0, (const void *[]){ NULL, view, "0123456789", sizes }, 4);
    expect_failure(&batch, TYPE(TEXT), INCLOAD_E_INVALID, "'c'");
    memcpy(view, (const int32_t[]){ 13, 0, 3, 0 }, 16);
    expect_failure(&batch, TYPE(TEXT), INCLOAD_E_INVALID, "'c'");
    hosts_one(&batch, "i", 1, 0, (const void *[]){ NULL, NULL }, 2);
    expect_failure(&batch, TYPE(INT32), INCLOAD_E_INVALID, "layout");
    hosts_one(&batch, "i", 1, 0, (const void *[]){ NULL, backward, NULL }, 3);
    expect_failure(&batch, TYPE(INT32), INCLOAD_E_INVALID, "layout");
}
END_TEST

START_TEST(text_of_the_host_must_be_utf8)
{
    const int32_t offsets[] = { 0, 1 };
    hosts_batch batch;

    hosts_one(&batch, "u", 1, 0, (const void *[]){ NULL, offsets, "\xFF" }, 3);
    expect_failure(&batch, TYPE(TEXT), INCLOAD_E_DATA, "'c'");
}
END_TEST

START_TEST(clocks_of_every_unit_are_taken_when_they_are_whole_microseconds)
{
    const int64_t ns[] = { 1500000000, -1000 };
    const int64_t odd_ns[] = { 1 };
    const int64_t s[] = { 1704067200, INT64_MAX / 1000 };
    const int32_t ms32[] = { 45296500 };
    const int64_t days_ms[] = { 86400000, -86400000 };
    hosts_batch batch;

    hosts_one(&batch, "tsn:", 2, 0, (const void *[]){ NULL, ns }, 2);
    expect_cells(&batch, TYPE_S(TIMESTAMP, 6),
                 (const char *const[]){ "1970-01-01 00:00:01.500000", "1969-12-31 23:59:59.999999" }, 2);
    hosts_one(&batch, "tsn:", 1, 0, (const void *[]){ NULL, odd_ns }, 2);
    expect_failure(&batch, TYPE_S(TIMESTAMP, 6), INCLOAD_E_DATA, "'c'");
    hosts_one(&batch, "tss:Europe/Berlin", 1, 0, (const void *[]){ NULL, s }, 2);
    expect_cells(&batch, TYPE_S(TIMESTAMPTZ, 0), (const char *const[]){ "2024-01-01 00:00:00+00" }, 1);
    expect_failure(&batch, TYPE_S(TIMESTAMP, 6), INCLOAD_E_TYPE, "time zone");
    hosts_one(&batch, "tss:", 2, 0, (const void *[]){ NULL, s }, 2);
    expect_failure(&batch, TYPE_S(TIMESTAMP, 6), INCLOAD_E_DATA, "'c'");
    hosts_one(&batch, "ttm", 1, 0, (const void *[]){ NULL, ms32 }, 2);
    expect_cells(&batch, TYPE_S(TIME, 3), (const char *const[]){ "12:34:56.500000" }, 1);
    hosts_one(&batch, "tdm", 2, 0, (const void *[]){ NULL, days_ms }, 2);
    expect_cells(&batch, TYPE(DATE), (const char *const[]){ "1970-01-02", "1969-12-31" }, 2);
}
END_TEST

START_TEST(floats_decimals_booleans_and_fixed_bytes_are_taken)
{
    const float halves[] = { 0.5f };
    const double whole[] = { 3.0, -0.0 };
    const int64_t cents[] = { 12345 };
    const int32_t small[] = { 7 };
    const __int128 wide[] = { -5 };
    const uint8_t bits[] = { 2 };
    const char uuid[] = "0123456789abcdef";
    hosts_batch batch;

    hosts_one(&batch, "g", 2, 0, (const void *[]){ NULL, whole }, 2);
    expect_cells(&batch, TYPE(INT32), (const char *const[]){ "3", "0" }, 2);
    hosts_one(&batch, "f", 1, 0, (const void *[]){ NULL, halves }, 2);
    expect_cells(&batch, TYPE(FLOAT64), (const char *const[]){ "0.5" }, 1);
    hosts_one(&batch, "d:9,2,128", 1, 0, (const void *[]){ NULL, wide }, 2);
    expect_cells(&batch, DECIMAL(9, 2), (const char *const[]){ "-0.05" }, 1);
    hosts_one(&batch, "d:5,2,32", 1, 0, (const void *[]){ NULL, small }, 2);
    expect_cells(&batch, DECIMAL(5, 2), (const char *const[]){ "0.07" }, 1);
    hosts_one(&batch, "d:9,2,64", 1, 0, (const void *[]){ NULL, cents }, 2);
    expect_cells(&batch, DECIMAL(12, 3), (const char *const[]){ "123.450" }, 1);
    hosts_one(&batch, "d:9,2", 1, 0, (const void *[]){ NULL, wide }, 2);
    expect_cells(&batch, DECIMAL(9, 2), (const char *const[]){ "-0.05" }, 1);
    hosts_one(&batch, "b", 2, 0, (const void *[]){ NULL, bits }, 2);
    expect_cells(&batch, TYPE(BOOL), (const char *const[]){ "false", "true" }, 2);
    hosts_one(&batch, "w:16", 1, 0, (const void *[]){ NULL, uuid }, 2);
    expect_cells(&batch, TYPE(UUID), (const char *const[]){ "30313233-3435-3637-3839-616263646566" }, 1);
    hosts_one(&batch, "w:4", 1, 0, (const void *[]){ NULL, uuid }, 2);
    expect_cells(&batch, TYPE(BINARY), (const char *const[]){ "30313233" }, 1);
    hosts_one(&batch, "w:16", 1, 0, (const void *[]){ NULL, uuid }, 2);
    expect_cells(&batch, TYPE(BINARY), (const char *const[]){ "30313233343536373839616263646566" }, 1);
    hosts_one(&batch, "w:0", 1, 0, (const void *[]){ NULL, NULL }, 2);
    expect_cells(&batch, TYPE(BINARY), (const char *const[]){ "" }, 1);
}
END_TEST

START_TEST(a_dictionary_is_read_through)
{
    const int8_t places[] = { 1, 0, 0, 2 };
    const uint8_t valid[] = { 0x0D };
    const int32_t offsets[] = { 0, 3, 7, 7 };
    const uint8_t words_valid[] = { 0x03 };
    hosts_batch batch;
    const void *words[] = { words_valid, offsets, "redblue" };

    hosts_one(&batch, "c", 4, 1, (const void *[]){ valid, places }, 2);
    batch.dictionary_schema = (struct ArrowSchema){ .format = "u", .name = "", .release = release_schema };
    batch.dictionary =
        (struct ArrowArray){ .length = 3, .null_count = 1, .n_buffers = 3, .buffers = words, .release = release_array };
    batch.columns[0].dictionary = &batch.dictionary_schema;
    batch.cells[0].dictionary = &batch.dictionary;
    expect_cells(&batch, TYPE(TEXT), (const char *const[]){ "blue", "NULL", "red", "NULL" }, 4);
    const uint16_t near[] = { 1, 0, 0, 1 };
    batch.columns[0].format = "S";
    batch.cells[0].buffers = (const void *[]){ valid, near };
    expect_cells(&batch, TYPE(TEXT), (const char *const[]){ "blue", "NULL", "red", "blue" }, 4);
    batch.columns[0].format = "c";
    batch.cells[0].buffers = (const void *[]){ valid, (const int8_t[]){ 0, 0, -1, 0 } };
    expect_failure(&batch, TYPE(TEXT), INCLOAD_E_INVALID, "'c'");
    batch.cells[0].buffers = (const void *[]){ valid, places };
    batch.dictionary.length = 2;
    expect_failure(&batch, TYPE(TEXT), INCLOAD_E_INVALID, "'c'");
}
END_TEST

START_TEST(types_that_are_not_known_are_refused_by_name)
{
    static const char *const formats[] = { "+l", "e", "d:40,2", "d:9,2,256", "d:9,-2", "d:0,0", "d:5,6", "d:5",
                                           "d:5,2,", "d:1,1,64,1", "w:-1", "w:2147483648", "w:4,4", "w:x", "tsuUTC",
                                           "tsx:UTC", "ts", "tiM", "", "tdDx" };
    const int64_t data[] = { 0, 0 };
    hosts_batch batch;

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        hosts_one(&batch, formats[i], 1, 0, (const void *[]){ NULL, data }, 2);
        expect_failure(&batch, TYPE(TEXT), INCLOAD_E_TYPE, formats[i]);
    }
}
END_TEST

START_TEST(columns_go_by_name_and_none_may_miss_or_be_more)
{
    const int32_t ones[] = { 1 }, twos[] = { 2 };
    hosts_batch batch;
    incload__schema expected = one_column(TYPE(INT32));
    struct ArrowArray out;
    incload_error *err = NULL;

    hosts_one(&batch, "i", 1, 0, (const void *[]){ NULL, ones }, 2);
    batch.columns[1] = (struct ArrowSchema){ .format = "i", .name = "b", .release = release_schema };
    batch.cells[1] = (struct ArrowArray){
        .length = 1, .n_buffers = 2, .buffers = (const void *[]){ NULL, twos }, .release = release_array
    };
    batch.column_pointers[1] = &batch.columns[1];
    batch.cell_pointers[1] = &batch.cells[1];
    batch.schema.n_children = batch.array.n_children = 2;
    ck_assert_int_eq(incload__import(&incload__mem_libc, &batch.schema, &batch.array, &expected, &out, &err),
                     INCLOAD_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "'b'"));
    incload_error_unref(err);

    incload__schema both;
    incload__schema_init(&both, &incload__mem_libc);
    incload__schema_add(&both, "b", NULL, TYPE(INT64));
    incload__schema_add(&both, "c", NULL, TYPE(INT32));
    ck_assert_int_eq(incload__import(&incload__mem_libc, &batch.schema, &batch.array, &both, &out, NULL), INCLOAD_OK);
    ck_assert_cell(&both, &out, 0, 0, "2");
    ck_assert_cell(&both, &out, 1, 0, "1");
    incload__array_release(&out);

    incload__schema_add(&both, "d", NULL, TYPE(INT32));
    err = NULL;
    ck_assert_int_eq(incload__import(&incload__mem_libc, &batch.schema, &batch.array, &both, &out, &err),
                     INCLOAD_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "'d'"));
    incload_error_unref(err);
    batch.columns[1].name = "c";
    ck_assert_int_eq(incload__import(&incload__mem_libc, &batch.schema, &batch.array, &expected, &out, NULL),
                     INCLOAD_E_NOT_FOUND);
    incload__schema_free(&both);
    incload__schema_free(&expected);
}
END_TEST

START_TEST(what_is_no_batch_is_refused)
{
    const int32_t ones[] = { 1, 1 };
    const uint8_t one_valid[] = { 1 };
    hosts_batch batch;

    hosts_one(&batch, "i", 2, 0, (const void *[]){ NULL, ones }, 2);
    batch.schema.format = "i";
    expect_failure(&batch, TYPE(INT32), INCLOAD_E_TYPE, "struct");
    batch.schema.format = "+s";
    batch.no_buffers[0] = one_valid;
    batch.array.null_count = 1;
    expect_failure(&batch, TYPE(INT32), INCLOAD_E_DATA, "NULL");
    batch.array.release = NULL;
    expect_failure(&batch, TYPE(INT32), INCLOAD_E_INVALID, "released");
}
END_TEST

START_TEST(what_was_exported_can_be_imported)
{
    incload__schema schema = one_column(TYPE(JSON));
    const char *const cells[] = { "{}", NULL };
    struct ArrowSchema arrow;
    struct ArrowArray array, out;

    batch_of(&schema, cells, 2, &array);
    ck_assert_int_eq(incload__schema_export(&schema, &arrow, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__import(&incload__mem_libc, &arrow, &array, &schema, &out, NULL), INCLOAD_OK);
    ck_assert_cell(&schema, &out, 0, 0, "{}");
    ck_assert_cell(&schema, &out, 0, 1, "NULL");
    incload__array_release(&out);
    incload__array_release(&array);
    incload__arrow_schema_release(&arrow);
    incload__schema_free(&schema);
}
END_TEST

/* Breaks the layout of a batch of one column of text in the way of that number; false behind the last. */
static bool
break_layout(hosts_batch *batch, int32_t way)
{
    static struct ArrowSchema *no_types[1];
    static struct ArrowArray *no_cells[1];

    switch (way) {
    case 0: batch->array.length = -1; return true;
    case 1: batch->array.offset = -1; return true;
    case 2: batch->array.length = INT64_MAX; batch->array.offset = 1; return true;
    case 3: batch->array.n_children = 0; return true;
    case 4: batch->array.children = NULL; return true;
    case 5: batch->array.children = no_cells; return true;
    case 6: batch->array.null_count = 1; batch->array.buffers = NULL; return true;
    case 7: batch->schema.children = NULL; return true;
    case 8: batch->schema.children = no_types; return true;
    case 9: batch->columns[0].format = NULL; return true;
    case 10:
        batch->columns[0].dictionary = &batch->dictionary_schema;
        return true;
    case 11:
        batch->dictionary_schema.format = "u";
        batch->dictionary_schema.dictionary = &batch->dictionary_schema;
        batch->columns[0].dictionary = &batch->dictionary_schema;
        return true;
    /* Of the column's own. */
    case 12: batch->cells[0].release = NULL; return true;
    case 13: batch->cells[0].length = -1; return true;
    case 14: batch->cells[0].offset = -1; return true;
    case 15: batch->cells[0].length = INT64_MAX; batch->cells[0].offset = 1; return true;
    case 16: batch->cells[0].buffers = NULL; return true;
    case 17: batch->cells[0].n_buffers = 2; return true;
    case 18: batch->cells[0].null_count = 1; return true;
    case 19: batch->cells[0].length = 0; return true;
    case 20: batch->columns[0].format = "vu"; batch->cells[0].n_buffers = 2; return true;
    default: return false;
    }
}

START_TEST(a_batch_whose_layout_contradicts_itself_is_refused)
{
    const int32_t offsets[] = { 0, 1 };
    hosts_batch batch;

    for (int32_t way = 0;; way++) {
        hosts_one(&batch, "u", 1, 0, (const void *[]){ NULL, offsets, "x" }, 3);
        expect_cells(&batch, TYPE(TEXT), (const char *const[]){ "x" }, 1);
        if (!break_layout(&batch, way)) {
            ck_assert_int_eq(way, 21);
            break;
        }
        expect_failure(&batch, TYPE(TEXT), INCLOAD_E_INVALID, "layout");
    }
}
END_TEST

START_TEST(a_batch_or_schema_that_is_none_is_refused)
{
    const int32_t ones[] = { 1 };
    hosts_batch batch;

    hosts_one(&batch, "i", 1, 0, (const void *[]){ NULL, ones }, 2);
    batch.schema.format = NULL;
    expect_failure(&batch, TYPE(INT32), INCLOAD_E_TYPE, "struct");
    batch.schema.release = NULL;
    expect_failure(&batch, TYPE(INT32), INCLOAD_E_INVALID, "released");
}
END_TEST

START_TEST(a_batch_without_buffers_of_its_own_is_taken)
{
    const int32_t ones[] = { 1 };
    hosts_batch batch;

    hosts_one(&batch, "i", 1, 0, (const void *[]){ NULL, ones }, 2);
    batch.array.null_count = -1;
    batch.array.n_buffers = 0;
    batch.array.buffers = NULL;
    expect_cells(&batch, TYPE(INT32), (const char *const[]){ "1" }, 1);
    const uint8_t all_valid[] = { 1 };
    batch.array.n_buffers = 1;
    batch.array.buffers = (const void *[]){ all_valid };
    expect_cells(&batch, TYPE(INT32), (const char *const[]){ "1" }, 1);
    hosts_one(&batch, "i", 0, 0, (const void *[]){ NULL, NULL }, 2);
    expect_cells(&batch, TYPE(INT32), NULL, 0);
}
END_TEST

START_TEST(a_column_without_a_name_is_not_the_one_that_is_meant)
{
    const int32_t ones[] = { 1 };
    hosts_batch batch;

    hosts_one(&batch, "i", 1, 0, (const void *[]){ NULL, ones }, 2);
    batch.columns[0].name = NULL;
    expect_failure(&batch, TYPE(INT32), INCLOAD_E_NOT_FOUND, "the batch lacks column 'c'");
    batch.schema.n_children = batch.array.n_children = 0;
    batch.schema.children = NULL;
    batch.array.children = NULL;
    expect_failure(&batch, TYPE(INT32), INCLOAD_E_NOT_FOUND, "the batch lacks column 'c'");
    batch.schema.children = batch.column_pointers;
    batch.array.children = batch.cell_pointers;
    batch.columns[1] = batch.columns[0];
    batch.cells[1] = batch.cells[0];
    batch.columns[0].name = "c";
    batch.column_pointers[1] = &batch.columns[1];
    batch.cell_pointers[1] = &batch.cells[1];
    batch.schema.n_children = batch.array.n_children = 2;
    expect_failure(&batch, TYPE(INT32), INCLOAD_E_NOT_FOUND, "the batch has column '' more than expected");
}
END_TEST

START_TEST(a_dictionary_needs_whole_numbers_and_its_words)
{
    const int32_t places[] = { 0 }, offsets[] = { 0, 1 };
    const void *words[] = { NULL, offsets, "x" };
    hosts_batch batch;

    hosts_one(&batch, "i", 1, 0, (const void *[]){ NULL, places }, 2);
    batch.dictionary_schema = (struct ArrowSchema){ .format = "u", .release = release_schema };
    batch.dictionary = (struct ArrowArray){ .length = 1, .n_buffers = 3, .buffers = words, .release = release_array };
    batch.columns[0].dictionary = &batch.dictionary_schema;
    expect_failure(&batch, TYPE(TEXT), INCLOAD_E_INVALID, "layout");
    batch.cells[0].dictionary = &batch.dictionary;
    expect_cells(&batch, TYPE(TEXT), (const char *const[]){ "x" }, 1);
    batch.cells[0].n_buffers = 3;
    expect_failure(&batch, TYPE(TEXT), INCLOAD_E_INVALID, "layout");
    batch.cells[0].n_buffers = 2;
    batch.columns[0].format = "f";
    expect_failure(&batch, TYPE(TEXT), INCLOAD_E_TYPE, "not known");
    batch.columns[0].format = "?";
    expect_failure(&batch, TYPE(TEXT), INCLOAD_E_TYPE, "not known");
    batch.columns[0].format = "i";
    batch.dictionary_schema.format = "?";
    expect_failure(&batch, TYPE(TEXT), INCLOAD_E_TYPE, "not known");
}
END_TEST

START_TEST(text_that_lies_before_its_buffer_or_in_none_is_refused)
{
    const int32_t before[] = { -1, 3 }, some[] = { 0, 3 };
    unsigned char view[16];
    const int64_t sizes[] = { 40 };
    hosts_batch batch;

    hosts_one(&batch, "u", 1, 0, (const void *[]){ NULL, before, "abc" }, 3);
    expect_failure(&batch, TYPE(TEXT), INCLOAD_E_INVALID, "'c'");
    hosts_one(&batch, "u", 1, 0, (const void *[]){ NULL, some, NULL }, 3);
    expect_failure(&batch, TYPE(TEXT), INCLOAD_E_INVALID, "'c'");
    hosts_one(&batch, "vu", 1, 0, (const void *[]){ NULL, view, "0123456789012345678901234567890123456789", sizes }, 4);
    memcpy(view, (const int32_t[]){ -5, 0, 0, 0 }, 16);
    expect_failure(&batch, TYPE(TEXT), INCLOAD_E_INVALID, "'c'");
    memcpy(view, (const int32_t[]){ 20, 0, -1, 0 }, 16);
    expect_failure(&batch, TYPE(TEXT), INCLOAD_E_INVALID, "'c'");
    memcpy(view, (const int32_t[]){ 20, 0, 1, 0 }, 16);
    expect_failure(&batch, TYPE(TEXT), INCLOAD_E_INVALID, "'c'");
    memcpy(view, (const int32_t[]){ 20, 0, 0, -1 }, 16);
    expect_failure(&batch, TYPE(TEXT), INCLOAD_E_INVALID, "'c'");
    memcpy(view, (const int32_t[]){ 20, 0, 0, 20 }, 16);
    expect_cells(&batch, TYPE(TEXT), (const char *const[]){ "01234567890123456789" }, 1);
    batch.cells[0].buffers = (const void *[]){ NULL, view, "0123456789012345678901234567890123456789", NULL };
    expect_failure(&batch, TYPE(TEXT), INCLOAD_E_INVALID, "'c'");
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, integers_of_every_width_and_sign_are_taken);
    tcase_add_test(tests, nulls_and_offsets_of_the_host_are_honoured);
    tcase_add_test(tests, a_column_of_nulls_alone_has_any_type);
    tcase_add_test(tests, text_comes_with_small_large_and_no_offsets);
    tcase_add_test(tests, buffers_that_point_outside_are_refused);
    tcase_add_test(tests, text_of_the_host_must_be_utf8);
    tcase_add_test(tests, clocks_of_every_unit_are_taken_when_they_are_whole_microseconds);
    tcase_add_test(tests, floats_decimals_booleans_and_fixed_bytes_are_taken);
    tcase_add_test(tests, a_dictionary_is_read_through);
    tcase_add_test(tests, types_that_are_not_known_are_refused_by_name);
    tcase_add_test(tests, columns_go_by_name_and_none_may_miss_or_be_more);
    tcase_add_test(tests, what_is_no_batch_is_refused);
    tcase_add_test(tests, what_was_exported_can_be_imported);
    tcase_add_test(tests, a_batch_whose_layout_contradicts_itself_is_refused);
    tcase_add_test(tests, a_batch_or_schema_that_is_none_is_refused);
    tcase_add_test(tests, a_batch_without_buffers_of_its_own_is_taken);
    tcase_add_test(tests, a_column_without_a_name_is_not_the_one_that_is_meant);
    tcase_add_test(tests, a_dictionary_needs_whole_numbers_and_its_words);
    tcase_add_test(tests, text_that_lies_before_its_buffer_or_in_none_is_refused);
}

HARNESS_MAIN("batch-import", add_tests)
