/* SPDX-License-Identifier: Apache-2.0 */
/* The binary COPY format and PostgreSQL's numeric, without a server. */
#include "harness.h"

#include <string.h>

#include "driver/libpq/copy_reader.h"
#include "driver/libpq/copy_writer.h"
#include "driver/libpq/numeric.h"

static const incload__mem *const mem = &incload__mem_libc;

/* ---- numeric ---- */

static __int128
power10(int32_t exponent)
{
    __int128 value = 1;

    while (exponent-- > 0)
        value *= 10;
    return value;
}

START_TEST(every_decimal_makes_the_round_trip)
{
    uint8_t bytes[INCLOAD__NUMERIC_SIZE];

    for (int32_t scale = 0; scale <= 38; scale++) {
        for (int32_t digits = 0; digits <= 38; digits++) {
            const __int128 values[] = { power10(digits) - 1, power10(digits < 38 ? digits : 37), 0, 12345 };
            for (size_t i = 0; i < 8; i++) {
                __int128 value = i < 4 ? values[i] : -values[i - 4];
                __int128 back = 1;
                size_t length = incload__numeric_put(bytes, value, scale);
                ck_assert_uint_le(length, sizeof bytes);
                ck_assert_int_eq(incload__numeric_get(bytes, length, scale, &back), INCLOAD__NUMERIC_OK);
                ck_assert(back == value);
            }
        }
    }
}
END_TEST

START_TEST(text_and_decimal_give_the_same_bytes)
{
    static const struct {
        const char *text;
        int64_t unscaled;
        int32_t scale;
    } same[] = {
        { "0", 0, 0 },         { "0.00", 0, 2 },
        { "1", 1, 0 },         { "-12345.678", -12345678, 3 },
        { "10000", 10000, 0 }, { "100000000", 100000000, 0 },
        { "0.0001", 1, 4 },    { "0.00010", 10, 5 },
        { "-0.5", -5, 1 },     { "9999.9999", 99999999, 4 },
        { "-0", 0, 0 },        { "0012.50", 1250, 2 },
    };

    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        incload__str out = INCLOAD__STR(mem);
        uint8_t bytes[INCLOAD__NUMERIC_SIZE];
        size_t length = incload__numeric_put(bytes, same[i].unscaled, same[i].scale);
        ck_assert_int_eq(incload__numeric_put_text(&out, same[i].text, strlen(same[i].text)), INCLOAD__NUMERIC_OK);
        ck_assert_msg(out.length == length, "%s: %zu and %zu bytes", same[i].text, out.length, length);
        ck_assert_mem_eq(out.data, bytes, length);
        incload__str_free(&out);
    }
}
END_TEST

START_TEST(what_is_no_number_is_refused)
{
    static const char *const wrong[] = { "", "-", ".", "1e5", "+1", " 1", "1 ", "1.2.3", "nan", "0x1", "1,5", "-NaN" };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        incload__str out = INCLOAD__STR(mem);
        ck_assert_msg(incload__numeric_put_text(&out, wrong[i], strlen(wrong[i])) == INCLOAD__NUMERIC_BROKEN, "%s",
                      wrong[i]);
        incload__str_free(&out);
    }
}
END_TEST

static incload__numeric_result
get(const char *bytes, size_t length, int32_t scale)
{
    __int128 value;

    return incload__numeric_get((const uint8_t *)bytes, length, scale, &value);
}

START_TEST(broken_and_unfit_numerics_are_told_apart)
{
    ck_assert_int_eq(get("\0\0\0\0\0\0\0", 7, 2), INCLOAD__NUMERIC_BROKEN);
    ck_assert_int_eq(get("\0\1\0\0\0\0\0\0", 8, 2), INCLOAD__NUMERIC_BROKEN);
    ck_assert_int_eq(get("\0\1\0\0\0\0\0\0\x27\x10", 10, 2), INCLOAD__NUMERIC_BROKEN);
    ck_assert_int_eq(get("\0\0\0\0\x12\0\0\0", 8, 2), INCLOAD__NUMERIC_BROKEN);
    ck_assert_int_eq(get("\0\0\0\0\xC0\0\0\0", 8, 2), INCLOAD__NUMERIC_SPECIAL);
    ck_assert_int_eq(get("\0\0\0\0\xF0\0\0\0", 8, 2), INCLOAD__NUMERIC_SPECIAL);
    ck_assert_int_eq(get("\0\1\xFF\xFF\0\0\0\4\0\1", 10, 3), INCLOAD__NUMERIC_TOO_FINE);
    ck_assert_int_eq(get("\0\1\xFF\xFE\0\0\0\x8\0\1", 10, 3), INCLOAD__NUMERIC_TOO_FINE);
    ck_assert_int_eq(get("\0\1\x7F\xFF\0\0\0\0\0\1", 10, 0), INCLOAD__NUMERIC_TOO_BIG);
    ck_assert_int_eq(get("\0\1\x80\0\0\0\0\0\0\1", 10, 0), INCLOAD__NUMERIC_TOO_FINE);
}
END_TEST

/* ---- COPY ---- */

static const uint32_t oids[] = { 23, 25 };

static void
make_schema(incload__schema *schema)
{
    incload__schema_init(schema, mem);
    incload__schema_add(schema, "n", "integer", (incload__type){ INCLOAD__INT32, 0, 0 });
    incload__schema_add(schema, "t", "text", (incload__type){ INCLOAD__TEXT, 0, 0 });
}

/* Three rows: (1, 'one'), (NULL, ''), (-3, NULL). */
static void
make_stream(const incload__schema *schema, incload__str *out)
{
    incload_error *err = NULL;
    incload__copy_encoder *encoder = NULL;
    struct ArrowArray array = { 0 };
    incload__view view;
    int64_t row = 0;
    incload__builder *builder = incload__builder_new(mem, schema, &err);

    incload__put_int(builder, 0, 1);
    incload__put_bytes(builder, 1, "one", 3);
    incload__put_null(builder, 0);
    incload__put_bytes(builder, 1, "", 0);
    incload__put_int(builder, 0, -3);
    incload__put_null(builder, 1);
    ck_assert_int_eq(incload__builder_finish(builder, &array, &err), INCLOAD_OK);
    ck_assert_int_eq(incload__view_init(&view, mem, schema, &array, &err), INCLOAD_OK);
    ck_assert_int_eq(incload__copy_encoder_new(mem, schema, oids, &encoder, &err), INCLOAD_OK);
    incload__copy_encode_header(out);
    ck_assert_int_eq(incload__copy_encode(encoder, &view, &row, SIZE_MAX, out, &err), INCLOAD_OK);
    ck_assert_int_eq(row, 3);
    incload__copy_encode_trailer(out);
    incload__copy_encoder_free(encoder);
    incload__view_free(&view);
    incload__array_release(&array);
    incload__builder_free(builder);
}

START_TEST(the_stream_is_what_the_manual_says)
{
    static const char expected[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"
                                   "\0\2\0\0\0\4\0\0\0\1\0\0\0\3one"
                                   "\0\2\377\377\377\377\0\0\0\0"
                                   "\0\2\0\0\0\4\377\377\377\375\377\377\377\377"
                                   "\377\377";
    incload__schema schema;
    incload__str stream = INCLOAD__STR(mem);

    make_schema(&schema);
    make_stream(&schema, &stream);
    ck_assert_uint_eq(stream.length, sizeof expected - 1);
    ck_assert_mem_eq(stream.data, expected, stream.length);
    incload__str_free(&stream);
    incload__schema_free(&schema);
}
END_TEST

/* Feeds the stream in pieces of that size, taking max_rows at a time; every row must come. */
static void
decode_in_pieces(const incload__schema *schema, const incload__str *stream, size_t piece, int64_t max_rows)
{
    incload_error *err = NULL;
    incload__copy_decoder *decoder = NULL;
    struct ArrowArray array = { 0 };
    incload__builder *builder = incload__builder_new(mem, schema, &err);
    int64_t total = 0;

    ck_assert_int_eq(incload__copy_decoder_new(mem, schema, oids, &decoder, &err), INCLOAD_OK);
    for (size_t at = 0; at < stream->length; at += piece) {
        size_t length = stream->length - at < piece ? stream->length - at : piece;
        int64_t rows = 0;
        ck_assert_int_eq(incload__copy_decode(decoder, stream->data + at, length, builder, max_rows, &rows, &err),
                         INCLOAD_OK);
        total += rows;
        ck_assert_int_eq(incload__builder_rows(builder), total);
    }
    for (int64_t rows = 1; rows > 0; total += rows) {
        rows = 0;
        ck_assert_int_eq(incload__copy_decode(decoder, NULL, 0, builder, max_rows, &rows, &err), INCLOAD_OK);
    }
    ck_assert_int_eq(total, 3);
    ck_assert_int_eq(incload__copy_decode_end(decoder, &err), INCLOAD_OK);
    ck_assert_int_eq(incload__builder_finish(builder, &array, &err), INCLOAD_OK);
    ck_assert_int_eq(array.children[0]->null_count, 1);
    ck_assert_int_eq(array.children[1]->null_count, 1);
    incload__array_release(&array);
    incload__copy_decoder_free(decoder);
    incload__builder_free(builder);
}

START_TEST(a_stream_cut_anywhere_gives_the_same_rows)
{
    incload__schema schema;
    incload__str stream = INCLOAD__STR(mem);

    make_schema(&schema);
    make_stream(&schema, &stream);
    for (size_t piece = 1; piece <= stream.length; piece++) {
        for (int64_t max_rows = 1; max_rows <= 4; max_rows++)
            decode_in_pieces(&schema, &stream, piece, max_rows);
    }
    incload__str_free(&stream);
    incload__schema_free(&schema);
}
END_TEST

static int32_t
decode_bytes(const char *bytes, size_t length, incload_error **err)
{
    static const char header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";
    incload__schema schema;
    incload__copy_decoder *decoder = NULL;
    int64_t rows = 0;

    make_schema(&schema);
    incload__builder *builder = incload__builder_new(mem, &schema, err);
    ck_assert_int_eq(incload__copy_decoder_new(mem, &schema, oids, &decoder, err), INCLOAD_OK);
    int32_t status = incload__copy_decode(decoder, header, sizeof header - 1, builder, 100, &rows, err);
    if (status == INCLOAD_OK)
        status = incload__copy_decode(decoder, bytes, length, builder, 100, &rows, err);
    if (status == INCLOAD_OK)
        status = incload__copy_decode_end(decoder, err);
    incload__copy_decoder_free(decoder);
    incload__builder_free(builder);
    incload__schema_free(&schema);
    return status;
}

START_TEST(bytes_that_are_no_rows_are_a_protocol_error)
{
    static const struct {
        const char *bytes;
        size_t length;
    } wrong[] = {
        { "\0\1\0\0\0\4\0\0\0\1", 10 },                 /* one column of two */
        { "\0\2\0\0\0\3\0\0\1\377\377\377\377", 13 },   /* an integer of three bytes */
        { "\0\2\377\377\377\376\377\377\377\377", 10 }, /* a length of -2 */
        { "\0\2\177\377\377\377\377\377\377\377", 10 }, /* a length past a gigabyte */
        { "\377\377\0\2", 4 },                          /* rows behind the end */
        { "\0\2\0\0\0\4\0\0\0\1\0\0\0\3on", 16 },       /* the end in the middle of a row */
        { "", 0 },                                      /* no end at all */
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        incload_error *err = NULL;
        ck_assert_msg(decode_bytes(wrong[i].bytes, wrong[i].length, &err) == INCLOAD_E_PROTOCOL, "case %zu", i);
        incload_error_unref(err);
    }
}
END_TEST

START_TEST(text_that_is_not_utf8_is_refused_by_the_columns_name)
{
    incload_error *err = NULL;

    ck_assert_int_eq(decode_bytes("\0\2\377\377\377\377\0\0\0\2\300\257\377\377", 14, &err), INCLOAD_E_DATA);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "'t'"));
    incload_error_unref(err);
}
END_TEST

START_TEST(a_kind_is_read_only_from_types_of_the_same_meaning)
{
    static const uint32_t floats[] = { 700, 25 };
    incload__schema schema;
    incload__copy_decoder *decoder = NULL;
    incload_error *err = NULL;

    make_schema(&schema);
    ck_assert_int_eq(incload__copy_decoder_new(mem, &schema, floats, &decoder, &err), INCLOAD_E_TYPE);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "'n'"));
    incload_error_unref(err);
    incload__schema_free(&schema);
    ck_assert(incload__copy_encodable(INCLOAD__INT32, 20));
    ck_assert(!incload__copy_encodable(INCLOAD__INT64, 23));
    ck_assert(!incload__copy_encodable(INCLOAD__TEXT, 869));
    ck_assert(!incload__copy_encodable(INCLOAD__TIMESTAMP, 1184));
    ck_assert(incload__copy_encodable(INCLOAD__JSON, 3802));
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, every_decimal_makes_the_round_trip);
    tcase_add_test(tests, text_and_decimal_give_the_same_bytes);
    tcase_add_test(tests, what_is_no_number_is_refused);
    tcase_add_test(tests, broken_and_unfit_numerics_are_told_apart);
    tcase_add_test(tests, the_stream_is_what_the_manual_says);
    tcase_add_test(tests, a_stream_cut_anywhere_gives_the_same_rows);
    tcase_add_test(tests, bytes_that_are_no_rows_are_a_protocol_error);
    tcase_add_test(tests, text_that_is_not_utf8_is_refused_by_the_columns_name);
    tcase_add_test(tests, a_kind_is_read_only_from_types_of_the_same_meaning);
}

HARNESS_MAIN("pq_codec", add_tests)
