/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of Debezium as they go out: word by word, and each value read again by what reads them. */
#include <incload/changes.h>
#include <incload/context.h>
#include <incload/debezium.h>

#include <jansson.h>
#include <string.h>

#include "../harness.h"
#include "batch/batch.h"
#include "cdc/debezium.h"
#include "cdc/encoding.h"

enum { MOST = 8, NAMES = 16 };

/* What the function was given. */
static struct {
    char *keys[MOST], *values[MOST], *headers[MOST];
    int32_t count;
    int32_t answer;
    int32_t freed;
    incload_debezium *from;
} taken;

static char *
copy(const char *text)
{
    return text != NULL ? strdup(text) : NULL;
}

static int32_t
take(const char *key, size_t key_size, const char *value, size_t value_size, void *data)
{
    incload__str header = INCLOAD__STR(&incload__mem_libc);

    (void)data;
    ck_assert_uint_eq(key_size, key != NULL ? strlen(key) : 0);
    ck_assert_uint_eq(value_size, value != NULL ? strlen(value) : 0);
    ck_assert_int_lt(taken.count, MOST);
    taken.keys[taken.count] = copy(key);
    taken.values[taken.count] = copy(value);
    incload__str_addf(&header, "%s%s", incload_debezium_header_name(taken.from),
                      incload_debezium_header_value(taken.from));
    taken.headers[taken.count++] = incload__str_take(&header);
    return taken.answer;
}

static void
note_freed(void *data)
{
    (void)data;
    taken.freed++;
}

static void
forget(void)
{
    for (int32_t i = 0; i < taken.count; i++) {
        free(taken.keys[i]);
        free(taken.values[i]);
        free(taken.headers[i]);
    }
    taken.count = 0;
}

static int64_t
fixed_us(void *data)
{
    (void)data;
    return INT64_C(1714557600250001);
}

static incload_context *
fixed_context(void)
{
    const incload_clock clock = { .struct_size = sizeof clock, .monotonic_us = fixed_us, .wall_us = fixed_us };
    incload_context *context = incload_context_new(NULL, NULL);

    ck_assert_int_eq(incload_context_set_clock(context, &clock, NULL, NULL, NULL), INCLOAD_OK);
    return context;
}

typedef struct column {
    const char *name;
    incload__type type;
} column;

static incload_debezium *
open_writer(const column *columns, int32_t count, const char *options, incload_error **err)
{
    incload_context *context = fixed_context();
    incload__schema schema;
    struct ArrowSchema arrow;

    incload__schema_init(&schema, &incload__mem_libc);
    for (int32_t i = 0; i < count; i++)
        ck_assert_ptr_nonnull(incload__schema_add(&schema, columns[i].name,
                                                  columns[i].type.kind == INCLOAD__NUMERIC ? "numeric" : NULL,
                                                  columns[i].type));
    ck_assert_int_eq(incload__schema_export(&schema, &arrow, NULL), INCLOAD_OK);
    /* The library's own batches have microseconds; of others the unit tells the precision. */
    for (int32_t i = 0; i < count; i++) {
        if (columns[i].type.scale == 3)
            arrow.children[i]->format = columns[i].type.kind == INCLOAD__TIME ? "ttm" : "tsm:";
    }
    incload_debezium *writer =
        incload_debezium_new_for(context, "public.items", &arrow, options, take, NULL, note_freed, err);
    ck_assert(arrow.release == NULL);
    incload__schema_free(&schema);
    incload_context_unref(context);
    taken.from = writer;
    taken.answer = INCLOAD_DONE;
    return writer;
}

static const column items[] = { { "id", { .kind = INCLOAD__INT64 } },
                                { "name", { .kind = INCLOAD__TEXT } },
                                { "qty", { .kind = INCLOAD__INT32 } } };

static incload_debezium *
open_items(const char *options)
{
    incload_error *err = NULL;
    incload_debezium *writer = open_writer(items, 3, options, &err);

    ck_assert_msg(writer != NULL, "%s", incload_error_message(err));
    return writer;
}

/* A row as "id=1 name=x qty=-", where - is NULL. */
typedef struct row {
    char text[256];
    const char *names[NAMES], *values[NAMES];
    int32_t count;
} row;

static void
read_row(row *out, const char *text)
{
    char *rest = NULL;

    out->count = 0;
    ck_assert_uint_lt(strlen(text), sizeof out->text);
    memcpy(out->text, text, strlen(text) + 1);
    for (char *word = strtok_r(out->text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');
        *value++ = '\0';
        out->names[out->count] = word;
        out->values[out->count++] = strcmp(value, "-") == 0 ? NULL : value;
    }
}

static int32_t
try_write(incload_debezium *writer, int32_t operation, const char *old, const char *new, incload_error **err)
{
    row before, after;

    forget();
    read_row(&before, old);
    read_row(&after, new);
    return incload_debezium_write(writer, operation, before.names, before.values, before.count, after.names,
                                  after.values, after.count, 17, 3, INT64_C(1714557600000000), err);
}

static void
write_event(incload_debezium *writer, int32_t operation, const char *old, const char *new)
{
    incload_error *err = NULL;

    int32_t status = try_write(writer, operation, old, new, &err);
    ck_assert_msg(status == INCLOAD_OK, "%s", incload_error_message(err));
}

static void
expect_text(const char *found, const char *expected)
{
    if (expected == NULL)
        ck_assert_msg(found == NULL, "%s", found);
    else
        ck_assert_msg(found != NULL && strcmp(found, expected) == 0, "\n%s\n%s", found, expected);
}

/* A message: its key and value, and header with its value. */
static void
expect_message(int32_t at, const char *key, const char *value, const char *header)
{
    ck_assert_int_lt(at, taken.count);
    expect_text(taken.keys[at], key);
    expect_text(taken.values[at], value);
    expect_text(taken.headers[at], header);
}

/* ---- word by word ---- */

#define SOURCE(snapshot)                                                                                               \
    "\"source\":{\"version\":\"" INCLOAD_VERSION                                                                       \
    "\",\"connector\":\"incload\",\"name\":\"shop\",\"snapshot\":\"" snapshot                                          \
    "\",\"db\":\"crm\",\"sequence\":\"[\\\"17\\\",\\\"3\\\"]\",\"ts_ms\":1714557600000,"                               \
    "\"ts_us\":1714557600000000,\"ts_ns\":1714557600000000000,\"schema\":\"public\",\"table\":\"items\"}"
#define TIMES "\"ts_ms\":1714557600250,\"ts_us\":1714557600250001,\"ts_ns\":1714557600250001000"
#define BARE(before, after, op, snapshot)                                                                              \
    "{\"before\":" before ",\"after\":" after "," SOURCE(snapshot) ",\"op\":\"" op "\"," TIMES "}"
#define PLAIN "key=id name=shop database=crm schemas=false"

START_TEST(each_operation_is_the_message_that_debezium_documents)
{
    incload_debezium *writer = open_items(PLAIN);

    ck_assert_str_eq(incload_debezium_topic(writer), "shop.public.items");
    write_event(writer, INCLOAD_CHANGE_INSERT, "", "id=1 name=a\"\n qty=7");
    expect_message(0, "{\"id\":1}", BARE("null", "{\"id\":1,\"name\":\"a\\\"\\u000a\",\"qty\":7}", "c", "false"), "");
    write_event(writer, INCLOAD_CHANGE_READ, "", "id=1 name=a qty=-");
    expect_message(0, "{\"id\":1}", BARE("null", "{\"id\":1,\"name\":\"a\",\"qty\":null}", "r", "true"), "");
    write_event(writer, INCLOAD_CHANGE_UPDATE, "id=1 name=a qty=6", "id=1 name=a qty=7");
    expect_message(0, "{\"id\":1}",
                   BARE("{\"id\":1,\"name\":\"a\",\"qty\":6}", "{\"id\":1,\"name\":\"a\",\"qty\":7}", "u", "false"),
                   "");
    ck_assert_int_eq(taken.count, 1);
    write_event(writer, INCLOAD_CHANGE_TRUNCATE, "", "");
    expect_message(0, NULL, BARE("null", "null", "t", "false"), "");
    forget();
    incload_debezium_unref(writer);
    ck_assert_int_eq(taken.freed, 1);
}
END_TEST

START_TEST(a_delete_is_followed_by_a_tombstone)
{
    incload_debezium *writer = open_items(PLAIN);

    write_event(writer, INCLOAD_CHANGE_DELETE, "", "id=1");
    ck_assert_int_eq(taken.count, 2);
    expect_message(0, "{\"id\":1}", BARE("{\"id\":1,\"name\":null,\"qty\":null}", "null", "d", "false"), "");
    expect_message(1, "{\"id\":1}", NULL, "");
    write_event(writer, INCLOAD_CHANGE_TOMBSTONE, "", "id=4");
    expect_message(0, "{\"id\":4}", NULL, "");
    incload_debezium_unref(writer);
    writer = open_items(PLAIN " tombstones=false");
    write_event(writer, INCLOAD_CHANGE_DELETE, "", "id=1");
    ck_assert_int_eq(taken.count, 1);
    forget();
    incload_debezium_unref(writer);
}
END_TEST

START_TEST(a_changed_key_is_a_delete_a_tombstone_and_a_create_that_name_each_other)
{
    incload_debezium *writer = open_items(PLAIN);
    incload_error *err = NULL;

    write_event(writer, INCLOAD_CHANGE_UPDATE, "id=01 name=a", "id=2 qty=7");
    ck_assert_int_eq(taken.count, 3);
    expect_message(0, "{\"id\":1}", BARE("{\"id\":1,\"name\":\"a\",\"qty\":null}", "null", "d", "false"),
                   "__debezium.newkey{\"id\":2}");
    expect_message(1, "{\"id\":1}", NULL, "");
    expect_message(2, "{\"id\":2}", BARE("null", "{\"id\":2,\"name\":\"a\",\"qty\":7}", "c", "false"),
                   "__debezium.oldkey{\"id\":1}");
    /* One value has many texts. */
    write_event(writer, INCLOAD_CHANGE_UPDATE, "id=002", "id=2 name=a qty=7");
    ck_assert_int_eq(taken.count, 1);
    expect_message(0, "{\"id\":2}", BARE("null", "{\"id\":2,\"name\":\"a\",\"qty\":7}", "u", "false"), "");
    /* A row that is not whole cannot be created anew. */
    ck_assert_int_eq(try_write(writer, INCLOAD_CHANGE_UPDATE, "id=1", "id=2 qty=7", &err), INCLOAD_E_INVALID);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "'name'"));
    ck_assert_int_eq(taken.count, 0);
    incload_error_unref(err);
    incload_debezium_unref(writer);
}
END_TEST

#define COLUMNS                                                                                                        \
    "[{\"type\":\"int64\",\"optional\":false,\"field\":\"id\"},"                                                       \
    "{\"type\":\"string\",\"optional\":true,\"field\":\"name\"},"                                                      \
    "{\"type\":\"int32\",\"optional\":true,\"field\":\"qty\"}]"

START_TEST(a_schema_stands_before_the_payload)
{
    incload_debezium *writer = open_items("key=id name=shop");
    json_error_t error;

    write_event(writer, INCLOAD_CHANGE_INSERT, "", "id=1 name=a qty=7");
    expect_text(
        taken.keys[0],
        "{\"schema\":{\"type\":\"struct\",\"fields\":[{\"type\":\"int64\",\"optional\":false,\"field\":\"id\"}],"
        "\"optional\":false,\"name\":\"shop.public.items.Key\"},\"payload\":{\"id\":1}}");
    const char head[] = "{\"schema\":{\"type\":\"struct\",\"fields\":[{\"type\":\"struct\",\"fields\":" COLUMNS
                        ",\"optional\":true,\"name\":\"shop.public.items.Value\",\"field\":\"before\"},"
                        "{\"type\":\"struct\",\"fields\":" COLUMNS
                        ",\"optional\":true,\"name\":\"shop.public.items.Value\",\"field\":\"after\"},";
    ck_assert_msg(strncmp(taken.values[0], head, strlen(head)) == 0, "%s", taken.values[0]);
    json_t *whole = json_loads(taken.values[0], JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(whole != NULL, "%s: %s", error.text, taken.values[0]);
    json_t *schema = json_object_get(whole, "schema"), *payload = json_object_get(whole, "payload");
    ck_assert_str_eq(json_string_value(json_object_get(schema, "name")), "shop.public.items.Envelope");
    /* Each field of the payload is told, with its type. */
    size_t fields = json_array_size(json_object_get(schema, "fields"));
    ck_assert_uint_eq(fields, json_object_size(payload));
    for (size_t i = 0; i < fields; i++) {
        json_t *field = json_array_get(json_object_get(schema, "fields"), i);
        json_t *value = json_object_get(payload, json_string_value(json_object_get(field, "field")));
        ck_assert_ptr_nonnull(value);
        ck_assert_int_eq(strncmp(json_string_value(json_object_get(field, "type")), "int", 3) == 0,
                         json_is_integer(value));
    }
    json_t *source = json_array_get(json_object_get(schema, "fields"), 2);
    ck_assert_str_eq(json_string_value(json_object_get(source, "name")), "io.debezium.connector.incload.Source");
    ck_assert_uint_eq(json_array_size(json_object_get(source, "fields")),
                      json_object_size(json_object_get(payload, "source")));
    json_decref(whole);
    forget();
    incload_debezium_unref(writer);
}
END_TEST

START_TEST(a_column_that_is_not_brought_is_unavailable_or_refused)
{
    static const column facts[] = { { "id", { .kind = INCLOAD__INT64 } },
                                    { "note", { .kind = INCLOAD__TEXT } },
                                    { "data", { .kind = INCLOAD__BINARY } } };
    incload_error *err = NULL;
    incload_debezium *writer = open_writer(facts, 3, PLAIN, &err);

    write_event(writer, INCLOAD_CHANGE_UPDATE, "", "id=1");
    expect_message(0, "{\"id\":1}",
                   BARE("null",
                        "{\"id\":1,\"note\":\"__debezium_unavailable_value\","
                        "\"data\":\"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==\"}",
                        "u", "false"),
                   "");
    /* What is told must not be taken for it. */
    ck_assert_int_eq(
        try_write(writer, INCLOAD_CHANGE_UPDATE, "", "id=1 note=__debezium_unavailable_value data=00", &err),
        INCLOAD_E_DATA);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "'unavailable'"));
    incload_error_unref(err);
    err = NULL;
    incload_debezium_unref(writer);
    writer = open_items(PLAIN);
    ck_assert_int_eq(try_write(writer, INCLOAD_CHANGE_UPDATE, "", "id=1 name=a", &err), INCLOAD_E_INVALID);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "'qty'"));
    incload_error_unref(err);
    incload_debezium_unref(writer);
    writer = open_items(PLAIN " partial=omit unavailable=gone");
    write_event(writer, INCLOAD_CHANGE_UPDATE, "", "id=1");
    expect_message(0, "{\"id\":1}", BARE("null", "{\"id\":1,\"name\":\"gone\"}", "u", "false"), "");
    forget();
    incload_debezium_unref(writer);
}
END_TEST

/* ---- what is refused ---- */

START_TEST(an_event_that_cannot_be_told_is_refused_with_its_column)
{
    static const struct {
        int32_t operation;
        const char *row;
        int32_t code;
        const char *word;
    } cases[] = {
        { 0, "id=1", INCLOAD_E_INVALID, "operation" },
        { 7, "id=1", INCLOAD_E_INVALID, "operation" },
        { INCLOAD_CHANGE_INSERT, "name=secret qty=1", INCLOAD_E_INVALID, "key" },
        { INCLOAD_CHANGE_INSERT, "id=- name=secret qty=1", INCLOAD_E_INVALID, "key" },
        { INCLOAD_CHANGE_INSERT, "id=1 nobody=secret", INCLOAD_E_NOT_FOUND, "'nobody'" },
        { INCLOAD_CHANGE_INSERT, "id=1 name=secret name=secret", INCLOAD_E_INVALID, "'name' twice" },
        { INCLOAD_CHANGE_INSERT, "id=1 name=x qty=secret", INCLOAD_E_DATA, "'qty'" },
    };
    incload_debezium *writer = open_items(PLAIN);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        incload_error *err = NULL;
        int32_t status = try_write(writer, cases[i].operation, "", cases[i].row, &err);
        ck_assert_msg(status == cases[i].code, "%s: %s", cases[i].row, incload_error_message(err));
        ck_assert_ptr_nonnull(strstr(incload_error_message(err), cases[i].word));
        ck_assert_ptr_null(strstr(incload_error_message(err), "secret"));
        ck_assert_int_eq(taken.count, 0);
        incload_error_unref(err);
        /* The next one is not harmed. */
        write_event(writer, INCLOAD_CHANGE_INSERT, "", "id=1 name=x qty=2");
        ck_assert_int_eq(taken.count, 1);
    }
    forget();
    incload_debezium_unref(writer);
}
END_TEST

START_TEST(a_function_that_refuses_a_message_ends_the_event)
{
    incload_debezium *writer = open_items(PLAIN);
    incload_error *err = NULL;

    taken.answer = 0;
    ck_assert_int_eq(try_write(writer, INCLOAD_CHANGE_DELETE, "", "id=1", &err), INCLOAD_E_CALLBACK);
    ck_assert_int_eq(taken.count, 1);
    incload_error_unref(err);
    forget();
    incload_debezium_unref(writer);
}
END_TEST

/* ---- values, out and in ---- */

typedef struct value_case {
    incload__type type;
    const char *text;
    const char *json[3]; /* precise and adaptive, string and isostring, double and connect; NULL: refused */
} value_case;

#define TYPE(k, p, s)                                                                                                  \
    {                                                                                                                  \
        INCLOAD__##k, p, s                                                                                             \
    }

static const value_case values[] = {
    { TYPE(BOOL, 0, 0), "true", { "true", "true", "true" } },
    { TYPE(INT16, 0, 0), "-7", { "-7", "-7", "-7" } },
    { TYPE(INT64, 0, 0),
      "-9223372036854775808",
      { "-9223372036854775808", "-9223372036854775808", "-9223372036854775808" } },
    { TYPE(UINT64, 0, 0),
      "18446744073709551615",
      { "\"AP//////////\"", "\"18446744073709551615\"", "\"AP//////////\"" } },
    { TYPE(FLOAT32, 0, 0), "0.1", { "0.1", "0.1", "0.1" } },
    { TYPE(FLOAT64, 0, 0), "1e+300", { "1e+300", "1e+300", "1e+300" } },
    { TYPE(FLOAT64, 0, 0), "5e-324", { "5e-324", "5e-324", "5e-324" } },
    { TYPE(FLOAT64, 0, 0), "-0", { "-0.0", "-0.0", "-0.0" } },
    { TYPE(FLOAT64, 0, 0), "NaN", { "\"NaN\"", "\"NaN\"", "\"NaN\"" } },
    { TYPE(FLOAT64, 0, 0), "-Infinity", { "\"-Infinity\"", "\"-Infinity\"", "\"-Infinity\"" } },
    { TYPE(DECIMAL, 12, 2), "12.34", { "\"BNI=\"", "\"12.34\"", "12.34" } },
    { TYPE(DECIMAL, 12, 2), "-0.01", { "\"/w==\"", "\"-0.01\"", "-0.01" } },
    { TYPE(DECIMAL, 12, 2), "0.00", { "\"AA==\"", "\"0.00\"", "0" } },
    { TYPE(DECIMAL, 5, 2), "1.28", { "\"AIA=\"", "\"1.28\"", "1.28" } },
    { TYPE(DECIMAL, 5, 2), "-1.28", { "\"gA==\"", "\"-1.28\"", "-1.28" } },
    { TYPE(DECIMAL, 38, 0), "99999999999999999999999999999999999999", { "\"SztMqFqGxHoJiiI//////w==\"", NULL, NULL } },
    { TYPE(NUMERIC, 0, 0), "1.50", { "{\"scale\":2,\"value\":\"AJY=\"}", "\"1.50\"", "1.5" } },
    { TYPE(NUMERIC, 0, 0), "NaN", { NULL, "\"NaN\"", "\"NaN\"" } },
    { TYPE(DATE, 0, 0), "2024-05-01", { "19844", "\"2024-05-01Z\"", "19844" } },
    { TYPE(DATE, 0, 0), "0044-03-15 BC", { "-735160", "\"0044-03-15Z BC\"", "-735160" } },
    { TYPE(TIME, 0, 6), "01:00:00.250001", { "3600250001", "\"01:00:00.250001Z\"", NULL } },
    { TYPE(TIME, 0, 6), "-838:59:59", { "-3020399000000", "\"-838:59:59Z\"", NULL } },
    { TYPE(TIME, 0, 3), "01:00:00.250000", { "3600250000", "\"01:00:00.250000Z\"", "3600250" } },
    { TYPE(TIMESTAMP, 0, 3),
      "2024-05-01 10:00:00.250000",
      { "1714557600250", "\"2024-05-01T10:00:00.250000Z\"", "1714557600250" } },
    { TYPE(TIMESTAMP, 0, 6),
      "2024-05-01 10:00:00.250001",
      { "1714557600250001", "\"2024-05-01T10:00:00.250001Z\"", NULL } },
    { TYPE(TIMESTAMP, 0, 6), "1969-12-31 23:59:59.999000", { "-1000", "\"1969-12-31T23:59:59.999000Z\"", "-1" } },
    { TYPE(TIMESTAMPTZ, 0, 6),
      "2024-05-01 10:00:00.250000+00",
      { "\"2024-05-01T10:00:00.250000Z\"", "\"2024-05-01T10:00:00.250000Z\"", "\"2024-05-01T10:00:00.250000Z\"" } },
    { TYPE(TEXT, 0, 0), "caf\xc3\xa9 \"\\", { "\"caf\xc3\xa9 \\\"\\\\\"", "\"caf\xc3\xa9 \\\"\\\\\"", NULL } },
    { TYPE(BINARY, 0, 0), "deadbeef", { "\"3q2+7w==\"", "\"3q2+7w==\"", "\"3q2+7w==\"" } },
    { TYPE(BINARY, 0, 0), "", { "\"\"", "\"\"", "\"\"" } },
    { TYPE(UUID, 0, 0),
      "0123abcd-0000-4000-8000-0123456789ab",
      { "\"0123abcd-0000-4000-8000-0123456789ab\"", NULL, NULL } },
    { TYPE(JSON, 0, 0), "{\"a\": 1}", { "\"{\\\"a\\\": 1}\"", NULL, NULL } },
    { TYPE(NATIVE, 0, 0), "{1,2}", { "\"{1,2}\"", NULL, NULL } },
};

static const char *const modes[3] = { "key=id decimal=precise time=adaptive_time_microseconds",
                                      "key=id decimal=string time=isostring", "key=id decimal=double time=connect" };

/* The value's JSON and its field's schema, borrowed from the message. */
static json_t *
field_in(json_t *whole, json_t **schema)
{
    json_t *after = json_array_get(json_object_get(json_object_get(whole, "schema"), "fields"), 1);

    *schema = json_array_get(json_object_get(after, "fields"), 1);
    return json_object_get(json_object_get(json_object_get(whole, "payload"), "after"), "v");
}

static void
expect_read_again(json_t *whole, const value_case *c)
{
    const incload__debezium_modes none = { 0, 0, NULL, NULL };
    incload__str out = INCLOAD__STR(&incload__mem_libc);
    incload__debezium_state state;
    incload_error *err = NULL;
    json_t *schema = NULL, *value = field_in(whole, &schema);

    int32_t status = incload__debezium_value(value, schema, c->type, &none, &out, &state, &err);
    ck_assert_msg(status == INCLOAD_OK, "%s: %s", c->text, incload_error_message(err));
    ck_assert_int_eq(state, INCLOAD__DEBEZIUM_VALUE);
    /* Whatever text that is, it is the same value. */
    incload__schema one;
    struct ArrowArray array;
    incload__view view;
    incload__str again = INCLOAD__STR(&incload__mem_libc);
    incload__schema_init(&one, &incload__mem_libc);
    ck_assert_ptr_nonnull(incload__schema_add(&one, "v", NULL, c->type));
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &one, NULL);
    ck_assert_msg(incload__put_text(builder, 0, incload__str_text(&out), out.length) == INCLOAD_OK, "%s: %s", c->text,
                  incload__str_text(&out));
    ck_assert_int_eq(incload__builder_finish(builder, &array, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__view_init(&view, &incload__mem_libc, &one, &array, NULL), INCLOAD_OK);
    incload__cell_text(&view, 0, 0, &again);
    ck_assert_str_eq(incload__str_text(&again), c->text);
    incload__view_free(&view);
    incload__array_release(&array);
    incload__builder_free(builder);
    incload__schema_free(&one);
    incload__str_free(&out);
    incload__str_free(&again);
}

static void
check_value(const value_case *c, int32_t mode)
{
    const column columns[] = { { "id", { .kind = INCLOAD__INT64 } }, { "v", c->type } };
    const char *const names[] = { "id", "v" }, *const texts[] = { "1", c->text };
    incload_error *err = NULL;
    incload_debezium *writer = open_writer(columns, 2, modes[mode], &err);
    json_t *schema = NULL;

    ck_assert_msg(writer != NULL, "%s", incload_error_message(err));
    forget();
    int32_t status =
        incload_debezium_write(writer, INCLOAD_CHANGE_INSERT, NULL, NULL, 0, names, texts, 2, 0, 0, 0, &err);
    /* NaN has no bytes, and a long time no milliseconds in 32 bits. */
    bool refused = (strcmp(c->text, "NaN") == 0 && c->type.kind == INCLOAD__NUMERIC && mode == 0)
                   || (strcmp(c->text, "-838:59:59") == 0 && mode == 2);
    ck_assert_msg(status == (refused ? INCLOAD_E_DATA : INCLOAD_OK), "%s: %s", c->text, incload_error_message(err));
    incload_error_unref(err);
    if (!refused) {
        json_t *whole = json_loads(taken.values[0], JSON_REJECT_DUPLICATES, NULL);
        ck_assert_msg(whole != NULL, "%s", taken.values[0]);
        char *json = json_dumps(field_in(whole, &schema), JSON_ENCODE_ANY | JSON_COMPACT);
        if (c->json[mode] != NULL) {
            incload__str wanted = INCLOAD__STR(&incload__mem_libc);
            incload__str_addf(&wanted, ",\"v\":%s}", c->json[mode]);
            ck_assert_msg(strstr(taken.values[0], incload__str_text(&wanted)) != NULL, "%s\n%s",
                          incload__str_text(&wanted), taken.values[0]);
            incload__str_free(&wanted);
        }
        /* Doubles and milliseconds lose what they cannot hold. */
        if (mode < 2)
            expect_read_again(whole, c);
        free(json);
        json_decref(whole);
    }
    forget();
    incload_debezium_unref(writer);
}

START_TEST(each_value_is_written_in_each_mode_and_read_again)
{
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        for (int32_t mode = 0; mode < 3; mode++)
            check_value(&values[i], mode);
    }
}
END_TEST

START_TEST(decimals_of_any_length_are_read_as_they_were_written)
{
    static const char *const texts[] = { "0",
                                         "-1",
                                         "127",
                                         "128",
                                         "-128",
                                         "-129",
                                         "255.5",
                                         "-256",
                                         "0.000000000000000000000000000000000000000000001",
                                         "123456789012345678901234567890123456789012345678901234567890.123456789",
                                         "-999999999999999999999999999999999999999999999999999999999999" };
    incload__str bytes = INCLOAD__STR(&incload__mem_libc), out = INCLOAD__STR(&incload__mem_libc);
    int64_t scale = 0;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        incload__str_clear(&bytes);
        incload__str_clear(&out);
        ck_assert(incload__bytes_of_decimal(texts[i], strlen(texts[i]), &scale, &bytes));
        ck_assert(incload__decimal_of_bytes((const unsigned char *)bytes.data, bytes.length, scale, &out));
        ck_assert_str_eq(incload__str_text(&out), texts[i]);
    }
    incload__str_clear(&bytes);
    incload__str_clear(&out);
    ck_assert(incload__bytes_of_decimal("1.5e3", 5, &scale, &bytes));
    ck_assert_int_eq(scale, -2);
    ck_assert(incload__decimal_of_bytes((const unsigned char *)bytes.data, bytes.length, scale, &out));
    ck_assert_str_eq(incload__str_text(&out), "1500");
    static const char *const none[] = { "", "-", ".", "1.2.3", "x", "1e", "1e99999", "Infinity" };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        ck_assert_msg(!incload__bytes_of_decimal(none[i], strlen(none[i]), &scale, &bytes), "%s", none[i]);
    incload__str_free(&bytes);
    incload__str_free(&out);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, each_operation_is_the_message_that_debezium_documents);
    tcase_add_test(tests, a_delete_is_followed_by_a_tombstone);
    tcase_add_test(tests, a_changed_key_is_a_delete_a_tombstone_and_a_create_that_name_each_other);
    tcase_add_test(tests, a_schema_stands_before_the_payload);
    tcase_add_test(tests, a_column_that_is_not_brought_is_unavailable_or_refused);
    tcase_add_test(tests, an_event_that_cannot_be_told_is_refused_with_its_column);
    tcase_add_test(tests, a_function_that_refuses_a_message_ends_the_event);
    tcase_add_test(tests, each_value_is_written_in_each_mode_and_read_again);
    tcase_add_test(tests, decimals_of_any_length_are_read_as_they_were_written);
}

HARNESS_MAIN("debezium out", add_tests)
