/* SPDX-License-Identifier: Apache-2.0 */
/* Values of Debezium's JSON: what each becomes for which column, and what is refused. */
#include <string.h>

#include "../harness.h"
#include "cdc/debezium.h"
#include "cdc/encoding.h"

typedef struct value_case {
    const char *json;
    const char *field; /* its schema, NULL: without */
    incload__kind kind;
    const char *expected; /* NULL: refused */
} value_case;

static const incload__debezium_modes told = { INCLOAD__DEBEZIUM_DECIMAL_PRECISE, INCLOAD__DEBEZIUM_TIME_US, NULL,
                                              NULL };
static const incload__debezium_modes unknown = { 0, 0, NULL, NULL };

#define DECIMAL                                                                                                        \
    "{\"type\":\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"parameters\":{\"scale\":\"2\"}}"
#define NAMED(type, name) "{\"type\":\"" type "\",\"name\":\"" name "\"}"

static int32_t
read_value(const char *json, const char *field, incload__type type, const incload__debezium_modes *modes,
           incload__str *out, incload__debezium_state *state, incload_error **err)
{
    json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
    json_t *schema = field != NULL ? json_loads(field, 0, NULL) : NULL;

    ck_assert_msg(value != NULL && (field == NULL || schema != NULL), "%s %s", json, field);
    int32_t status = incload__debezium_value(value, schema, type, modes, out, state, err);
    json_decref(value);
    json_decref(schema);
    return status;
}

static const value_case values[] = {
    { "17", "{\"type\":\"int64\"}", INCLOAD__INT64, "17" },
    { "true", "{\"type\":\"boolean\"}", INCLOAD__BOOL, "true" },
    { "0.1", "{\"type\":\"double\"}", INCLOAD__FLOAT64, "0.1" },
    { "\"x\"", "{\"type\":\"string\"}", INCLOAD__TEXT, "x" },
    { "{\"a\":[1,null]}", "{\"type\":\"string\"}", INCLOAD__JSON, "{\"a\":[1,null]}" },
    { "\"BNI=\"", DECIMAL, INCLOAD__DECIMAL, "12.34" },
    { "\"/w==\"", DECIMAL, INCLOAD__DECIMAL, "-0.01" },
    { "\"AA==\"", DECIMAL, INCLOAD__DECIMAL, "0.00" },
    { "\"_w\"", DECIMAL, INCLOAD__DECIMAL, "-0.01" },
    { "\"\"", DECIMAL, INCLOAD__DECIMAL, NULL },
    { "\"*\"", DECIMAL, INCLOAD__DECIMAL, NULL },
    { "12.34", DECIMAL, INCLOAD__DECIMAL, NULL },
    { "\"BNI=\"", NAMED("bytes", "org.apache.kafka.connect.data.Decimal"), INCLOAD__DECIMAL, NULL },
    { "{\"scale\":1,\"value\":\"BNI=\"}", NAMED("struct", "io.debezium.data.VariableScaleDecimal"), INCLOAD__NUMERIC,
      "123.4" },
    { "{\"scale\":-2,\"value\":\"Aw==\"}", NAMED("struct", "io.debezium.data.VariableScaleDecimal"), INCLOAD__NUMERIC,
      "300" },
    { "{\"value\":\"Aw==\"}", NAMED("struct", "io.debezium.data.VariableScaleDecimal"), INCLOAD__NUMERIC, NULL },
    { "19844", NAMED("int32", "io.debezium.time.Date"), INCLOAD__DATE, "2024-05-01" },
    { "-1", NAMED("int32", "org.apache.kafka.connect.data.Date"), INCLOAD__DATE, "1969-12-31" },
    { "9223372036854775807", NAMED("int32", "io.debezium.time.Date"), INCLOAD__DATE, NULL },
    { "3600250", NAMED("int32", "io.debezium.time.Time"), INCLOAD__TIME, "01:00:00.250000" },
    { "3600250000", NAMED("int64", "io.debezium.time.MicroTime"), INCLOAD__TIME, "01:00:00.250000" },
    { "1714557600250", NAMED("int64", "io.debezium.time.Timestamp"), INCLOAD__TIMESTAMP, "2024-05-01 10:00:00.250000" },
    { "1714557600250000", NAMED("int64", "io.debezium.time.MicroTimestamp"), INCLOAD__TIMESTAMP,
      "2024-05-01 10:00:00.250000" },
    { "1714557600250000000", NAMED("int64", "io.debezium.time.NanoTimestamp"), INCLOAD__TIMESTAMPTZ,
      "2024-05-01 10:00:00.250000+00" },
    { "1714557600250000001", NAMED("int64", "io.debezium.time.NanoTimestamp"), INCLOAD__TIMESTAMPTZ, NULL },
    { "9223372036825200000", NAMED("int64", "io.debezium.time.Timestamp"), INCLOAD__TIMESTAMP, NULL },
    { "\"2024-05-01T10:00:00.25Z\"", NAMED("string", "io.debezium.time.ZonedTimestamp"), INCLOAD__TIMESTAMPTZ,
      "2024-05-01T10:00:00.25Z" },
    { "5000000", NAMED("int64", "io.debezium.time.MicroDuration"), INCLOAD__NATIVE, "5000000 microseconds" },
    { "\"3q2+7w==\"", "{\"type\":\"bytes\"}", INCLOAD__BINARY, "deadbeef" },
    { "\"\"", "{\"type\":\"bytes\"}", INCLOAD__BINARY, "" },
    { "\"3q2+7w=\"", "{\"type\":\"bytes\"}", INCLOAD__BINARY, NULL },
    { "\"BQ==\"", "{\"type\":\"bytes\",\"name\":\"io.debezium.data.Bits\",\"parameters\":{\"length\":\"4\"}}",
      INCLOAD__NATIVE, "0101" },
    { "\"BQ==\"", "{\"type\":\"bytes\",\"name\":\"io.debezium.data.Bits\",\"parameters\":{\"length\":\"9\"}}",
      INCLOAD__NATIVE, NULL },
    { "[1,2]", "{\"type\":\"array\"}", INCLOAD__INT64, NULL },
    /* Without a schema: the column tells. */
    { "19844", NULL, INCLOAD__DATE, "2024-05-01" },
    { "\"BNI=\"", NULL, INCLOAD__DECIMAL, "12.34" },
    { "12.5", NULL, INCLOAD__DECIMAL, "12.5" },
    { "\"BNI=\"", NULL, INCLOAD__NUMERIC, NULL },
    { "1714557600250000", NULL, INCLOAD__TIMESTAMP, "2024-05-01 10:00:00.250000" },
    { "\"2024-05-01T10:00:00Z\"", NULL, INCLOAD__TIMESTAMPTZ, "2024-05-01T10:00:00Z" },
    { "3600250000", NULL, INCLOAD__TIME, "01:00:00.250000" },
    { "\"3q2+7w==\"", NULL, INCLOAD__BINARY, "deadbeef" },
    { "{\"a\":1}", NULL, INCLOAD__TEXT, "{\"a\":1}" },
    { "17", NULL, INCLOAD__INT32, "17" },
};

START_TEST(each_encoding_becomes_the_text_of_its_column)
{
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const value_case *c = &values[i];
        incload__type type = { .kind = c->kind, .precision = 12, .scale = 2 };
        incload__str out = INCLOAD__STR(&incload__mem_libc);
        incload__debezium_state state;
        incload_error *err = NULL;
        int32_t status = read_value(c->json, c->field, type, &told, &out, &state, &err);
        if (c->expected == NULL) {
            ck_assert_msg(status == INCLOAD_E_INVALID, "%s is taken", c->json);
            ck_assert_msg(strlen(incload_error_message(err)) > 10, "%s", c->json);
        } else {
            ck_assert_msg(status == INCLOAD_OK, "%s: %s", c->json, incload_error_message(err));
            ck_assert_int_eq(state, INCLOAD__DEBEZIUM_VALUE);
            ck_assert_str_eq(incload__str_text(&out), c->expected);
        }
        incload_error_unref(err);
        incload__str_free(&out);
    }
}
END_TEST

START_TEST(a_value_that_is_unavailable_is_absent)
{
    static const char *const absent[] = { "\"__debezium_unavailable_value\"",
                                          "\"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==\"",
                                          "[\"__debezium_unavailable_value\"]" };
    const incload__debezium_modes other = { 0, 0, "gone", "Z29uZQ==" };
    incload__type text = { .kind = INCLOAD__TEXT };
    incload__str out = INCLOAD__STR(&incload__mem_libc);
    incload__debezium_state state;

    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        ck_assert_int_eq(read_value(absent[i], NULL, text, &told, &out, &state, NULL), INCLOAD_OK);
        ck_assert_int_eq(state, INCLOAD__DEBEZIUM_ABSENT);
    }
    ck_assert_int_eq(read_value("\"gone\"", NULL, text, &other, &out, &state, NULL), INCLOAD_OK);
    ck_assert_int_eq(state, INCLOAD__DEBEZIUM_ABSENT);
    ck_assert_int_eq(read_value(absent[0], NULL, text, &other, &out, &state, NULL), INCLOAD_OK);
    ck_assert_int_eq(state, INCLOAD__DEBEZIUM_VALUE);
    ck_assert_int_eq(read_value("null", NULL, text, &told, &out, &state, NULL), INCLOAD_OK);
    ck_assert_int_eq(state, INCLOAD__DEBEZIUM_NULL);
    incload__str_free(&out);
}
END_TEST

START_TEST(what_nothing_tells_is_refused_with_the_option_that_does)
{
    static const struct {
        const char *json;
        incload__kind kind;
        const char *option;
    } cases[] = { { "\"BNI=\"", INCLOAD__DECIMAL, "debezium_decimal" },
                  { "1714557600250", INCLOAD__TIMESTAMP, "debezium_time" },
                  { "3600000", INCLOAD__TIME, "debezium_time" } };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        incload__str out = INCLOAD__STR(&incload__mem_libc);
        incload__debezium_state state;
        incload_error *err = NULL;
        incload__type type = { .kind = cases[i].kind, .precision = 12, .scale = 2 };
        ck_assert_int_eq(read_value(cases[i].json, NULL, type, &unknown, &out, &state, &err), INCLOAD_E_INVALID);
        ck_assert_ptr_nonnull(strstr(incload_error_message(err), cases[i].option));
        incload_error_unref(err);
        incload__str_free(&out);
    }
}
END_TEST

START_TEST(decimals_of_many_digits_lose_none)
{
    static const struct {
        const char *bytes;
        size_t length;
        int64_t scale;
        const char *expected;
    } cases[] = {
        { "\x0d\xe0\xb6\xb3\xa7\x64\x00\x00", 8, 0, "1000000000000000000" },
        { "\xf2\x1f\x49\x4c\x58\x9c\x00\x00", 8, 18, "-1.000000000000000000" },
        { "\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 16, 3,
          "-170141183460469231731687303715884105.728" },
        { "\x00\x00\x05", 3, 4, "0.0005" },
        { "\xff\xff", 2, 0, "-1" },
    };
    incload__str out = INCLOAD__STR(&incload__mem_libc);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        incload__str_clear(&out);
        ck_assert(
            incload__decimal_of_bytes((const unsigned char *)cases[i].bytes, cases[i].length, cases[i].scale, &out));
        ck_assert_str_eq(incload__str_text(&out), cases[i].expected);
    }
    ck_assert(!incload__decimal_of_bytes((const unsigned char *)"", 0, 0, &out));
    ck_assert(!incload__decimal_of_bytes((const unsigned char *)"\1", 1, 100000, &out));
    incload__str_free(&out);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, each_encoding_becomes_the_text_of_its_column);
    tcase_add_test(tests, a_value_that_is_unavailable_is_absent);
    tcase_add_test(tests, what_nothing_tells_is_refused_with_the_option_that_does);
    tcase_add_test(tests, decimals_of_many_digits_lose_none);
}

HARNESS_MAIN("debezium", add_tests)
