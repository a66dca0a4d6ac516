/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/debezium.h"

#include <string.h>

#include "base/civil.h"
#include "batch/number.h"
#include "cdc/encoding.h"

typedef struct reading {
    const json_t *value;
    const json_t *field; /* its schema, or NULL */
    incload__type type;
    const incload__debezium_modes *modes;
    incload__str *out;
    incload_error **err;
} reading;

typedef int32_t (*read_fn)(const reading *r, int64_t unit);

static int32_t
refuse(const reading *r, const char *what)
{
    return incload__fail(r->err, INCLOAD_E_INVALID, "%s", what);
}

/* ---- numbers, texts and bytes ---- */

static int32_t
read_plain(const reading *r, int64_t unit)
{
    char text[INCLOAD__NUMBER_TEXT];

    (void)unit;
    switch (json_typeof(r->value)) {
    case JSON_TRUE:
        incload__str_add(r->out, "true");
        return INCLOAD_OK;
    case JSON_FALSE:
        incload__str_add(r->out, "false");
        return INCLOAD_OK;
    case JSON_INTEGER:
        incload__str_add_bytes(r->out, text, incload__int_text(json_integer_value(r->value), text));
        return INCLOAD_OK;
    case JSON_REAL:
        incload__str_add_bytes(r->out, text, incload__float_text(json_real_value(r->value), false, text));
        return INCLOAD_OK;
    case JSON_STRING:
        incload__str_add_bytes(r->out, json_string_value(r->value), json_string_length(r->value));
        return INCLOAD_OK;
    default:
        return refuse(r, "an object or array fits no column but one of JSON or text");
    }
}

static int32_t
decode(const reading *r, const json_t *value, incload__str *bytes)
{
    if (!json_is_string(value) || !incload__base64_decode(json_string_value(value), json_string_length(value), bytes))
        return refuse(r, "bytes must be text in base64");
    return bytes->failed ? incload__fail_memory(r->err) : INCLOAD_OK;
}

static int32_t
read_bytes(const reading *r, int64_t unit)
{
    incload__str bytes = INCLOAD__STR(r->out->mem);
    int32_t status = decode(r, r->value, &bytes);

    (void)unit;
    if (status == INCLOAD_OK && r->type.kind != INCLOAD__BINARY)
        status = refuse(r, "bytes fit no column but one of bytes");
    if (status == INCLOAD_OK && bytes.length > 0)
        incload__str_add_hex(r->out, bytes.data, bytes.length);
    incload__str_free(&bytes);
    return status;
}

static int32_t
write_decimal(const reading *r, const json_t *value, int64_t scale)
{
    incload__str bytes = INCLOAD__STR(r->out->mem);
    int32_t status = decode(r, value, &bytes);

    if (status == INCLOAD_OK
        && !incload__decimal_of_bytes((const unsigned char *)bytes.data, bytes.length, scale, r->out))
        status = refuse(r, "the bytes are no decimal number");
    incload__str_free(&bytes);
    return status;
}

static int32_t
read_decimal(const reading *r, int64_t unit)
{
    const char *scale = json_string_value(json_object_get(json_object_get(r->field, "parameters"), "scale"));
    uint64_t digits = 0;
    bool negative = scale != NULL && scale[0] == '-';

    (void)unit;
    if (scale == NULL || !incload__parse_uint64(scale + negative, strlen(scale + negative), &digits)
        || digits > INT32_MAX)
        return refuse(r, "the schema of a decimal number does not tell its scale");
    return write_decimal(r, r->value, negative ? -(int64_t)digits : (int64_t)digits);
}

static int32_t
read_scaled(const reading *r, int64_t unit)
{
    const json_t *scale = json_object_get(r->value, "scale");

    (void)unit;
    if (!json_is_integer(scale))
        return refuse(r, "a decimal number of variable scale must be an object with scale and value");
    return write_decimal(r, json_object_get(r->value, "value"), json_integer_value(scale));
}

static int32_t
read_bits(const reading *r, int64_t unit)
{
    const char *text = json_string_value(json_object_get(json_object_get(r->field, "parameters"), "length"));
    incload__str bytes = INCLOAD__STR(r->out->mem);
    uint64_t length = 0;
    int32_t status = decode(r, r->value, &bytes);

    (void)unit;
    if (status == INCLOAD_OK && text != NULL && !incload__parse_uint64(text, strlen(text), &length))
        status = refuse(r, "the schema of bits does not tell their number");
    int64_t bits = text != NULL && length <= INT32_MAX ? (int64_t)length : (int64_t)bytes.length * 8;
    if (status == INCLOAD_OK && !incload__bits_of_bytes((const unsigned char *)bytes.data, bytes.length, bits, r->out))
        status = refuse(r, "there are fewer bits than the schema tells");
    incload__str_free(&bytes);
    return status;
}

/* ---- dates and times: numbers in units of so many to a microsecond, or microseconds to a unit ---- */

enum { NANOSECONDS = -1000, MICROSECONDS = 1, MILLISECONDS = 1000 };

static int32_t
take_us(const reading *r, int64_t unit, int64_t *us)
{
    if (!json_is_integer(r->value))
        return refuse(r, "a date or time must be a whole number");
    *us = json_integer_value(r->value);
    if (unit == NANOSECONDS && *us % 1000 != 0)
        return refuse(r, "a time has nanoseconds, and databases keep microseconds");
    if (unit == NANOSECONDS)
        *us /= 1000;
    else if (__builtin_mul_overflow(*us, unit, us))
        return refuse(r, "a time is out of range");
    return INCLOAD_OK;
}

static int32_t
read_date(const reading *r, int64_t unit)
{
    enum { MOST_DAYS = 100000000 };
    char text[40];

    (void)unit;
    if (!json_is_integer(r->value))
        return refuse(r, "a date must be a whole number of days");
    int64_t days = json_integer_value(r->value);
    if (days > MOST_DAYS || days < -MOST_DAYS)
        return refuse(r, "a date is out of range");
    incload__str_add_bytes(r->out, text, incload__format_date(days, text));
    return INCLOAD_OK;
}

static int32_t
read_time(const reading *r, int64_t unit)
{
    int64_t us = 0;
    char text[40];
    int32_t status = take_us(r, unit, &us);

    if (status == INCLOAD_OK)
        incload__str_add_bytes(r->out, text, incload__format_time(us, text));
    return status;
}

static int32_t
read_timestamp(const reading *r, int64_t unit)
{
    int64_t us = 0;
    char text[40];
    int32_t status = take_us(r, unit, &us);

    if (status == INCLOAD_OK)
        incload__str_add_bytes(r->out, text, incload__format_timestamp(us, r->type.kind == INCLOAD__TIMESTAMPTZ, text));
    return status;
}

static int32_t
read_duration(const reading *r, int64_t unit)
{
    int32_t status = read_plain(r, unit);

    if (r->type.kind == INCLOAD__NATIVE && json_is_integer(r->value))
        incload__str_add(r->out, " microseconds");
    return status;
}

static int
add_piece(const char *text, size_t length, void *data)
{
    incload__str_add_bytes(data, text, length);
    return 0;
}

/* Whatever it is, as JSON. */
static int32_t
read_json(const reading *r)
{
    if (json_dump_callback(r->value, add_piece, r->out, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
        return incload__fail_memory(r->err);
    return INCLOAD_OK;
}

/* What has no zone is written as if in UTC, with Z behind it. */
static int32_t
read_iso(const reading *r, int64_t unit)
{
    const char *text = json_string_value(r->value);
    bool civil = r->type.kind == INCLOAD__DATE || r->type.kind == INCLOAD__TIME || r->type.kind == INCLOAD__TIMESTAMP;
    const char *zone = text != NULL ? strchr(text, 'Z') : NULL;

    (void)unit;
    if (!civil || zone == NULL)
        return read_plain(r, 0);
    incload__str_add_bytes(r->out, text, (size_t)(zone - text));
    incload__str_add(r->out, zone + 1);
    return INCLOAD_OK;
}

/* ---- which of them ---- */

/* By the name of the field's schema. */
static const struct {
    const char *name;
    read_fn read;
    int64_t unit;
} named[] = {
    { "org.apache.kafka.connect.data.Decimal", read_decimal, 0 },
    { "io.debezium.data.VariableScaleDecimal", read_scaled, 0 },
    { "io.debezium.data.Bits", read_bits, 0 },
    { "io.debezium.time.Date", read_date, 0 },
    { "org.apache.kafka.connect.data.Date", read_date, 0 },
    { "io.debezium.time.Time", read_time, MILLISECONDS },
    { "org.apache.kafka.connect.data.Time", read_time, MILLISECONDS },
    { "io.debezium.time.MicroTime", read_time, MICROSECONDS },
    { "io.debezium.time.NanoTime", read_time, NANOSECONDS },
    { "io.debezium.time.Timestamp", read_timestamp, MILLISECONDS },
    { "org.apache.kafka.connect.data.Timestamp", read_timestamp, MILLISECONDS },
    { "io.debezium.time.MicroTimestamp", read_timestamp, MICROSECONDS },
    { "io.debezium.time.NanoTimestamp", read_timestamp, NANOSECONDS },
    { "io.debezium.time.MicroDuration", read_duration, 0 },
    { "io.debezium.time.IsoDate", read_iso, 0 },
    { "io.debezium.time.IsoTime", read_iso, 0 },
    { "io.debezium.time.IsoTimestamp", read_iso, 0 },
};

static int32_t
read_with_schema(const reading *r)
{
    const char *name = json_string_value(json_object_get(r->field, "name"));
    const char *type = json_string_value(json_object_get(r->field, "type"));

    for (size_t i = 0; name != NULL && i < sizeof named / sizeof named[0]; i++) {
        if (strcmp(named[i].name, name) == 0)
            return named[i].read(r, named[i].unit);
    }
    if (type != NULL && strcmp(type, "bytes") == 0)
        return read_bytes(r, 0);
    return read_plain(r, 0);
}

static int32_t
read_bare_decimal(const reading *r)
{
    if (json_is_object(r->value))
        return read_scaled(r, 0);
    if (!json_is_string(r->value) || r->modes->decimal == INCLOAD__DEBEZIUM_DECIMAL_STRING)
        return read_plain(r, 0);
    if (r->modes->decimal == INCLOAD__DEBEZIUM_DECIMAL_UNKNOWN)
        return refuse(r, "without a schema nothing tells whether a text is a decimal number or its bytes: say so by "
                         "option 'debezium_decimal'");
    if (r->type.kind != INCLOAD__DECIMAL && r->type.kind != INCLOAD__UINT64)
        return refuse(r, "without a schema only the scale of the target's column tells where the point stands, and it "
                         "has none");
    return write_decimal(r, r->value, r->type.scale);
}

static int32_t
read_bare_time(const reading *r)
{
    static const int64_t units[] = { [INCLOAD__DEBEZIUM_TIME_MS] = MILLISECONDS,
                                     [INCLOAD__DEBEZIUM_TIME_US] = MICROSECONDS,
                                     [INCLOAD__DEBEZIUM_TIME_NS] = NANOSECONDS };
    int32_t mode = r->modes->time;

    if (json_is_string(r->value) && mode == INCLOAD__DEBEZIUM_TIME_ISO)
        return read_iso(r, 0);
    if (json_is_string(r->value))
        return read_plain(r, 0);
    if (mode == INCLOAD__DEBEZIUM_TIME_ISO)
        return refuse(r, "a time is a number where option 'debezium_time' says that it is text");
    /* Debezium writes times of day in microseconds, and timestamps in the unit that their digits need. */
    if (mode == INCLOAD__DEBEZIUM_TIME_ADAPTIVE)
        mode =
            r->type.kind != INCLOAD__TIME && r->type.scale <= 3 ? INCLOAD__DEBEZIUM_TIME_MS : INCLOAD__DEBEZIUM_TIME_US;
    if (mode == INCLOAD__DEBEZIUM_TIME_UNKNOWN)
        return refuse(r, "without a schema nothing tells the unit of a time that is a number: say it by option "
                         "'debezium_time'");
    return (r->type.kind == INCLOAD__TIME ? read_time : read_timestamp)(r, units[mode]);
}

/* Bytes in base64 may look like digits. */
static int32_t
read_bare_whole(const reading *r)
{
    if (json_is_string(r->value) && r->modes->decimal == INCLOAD__DEBEZIUM_DECIMAL_PRECISE)
        return refuse(r, "a text may be the bytes of a decimal number, and without a schema nothing tells its scale");
    return read_plain(r, 0);
}

/* By the type of the target's column. */
static int32_t
read_without_schema(const reading *r)
{
    switch (r->type.kind) {
    case INCLOAD__DECIMAL:
    case INCLOAD__NUMERIC:
    case INCLOAD__UINT64:
        return read_bare_decimal(r);
    case INCLOAD__INT8:
    case INCLOAD__INT16:
    case INCLOAD__INT32:
    case INCLOAD__INT64:
        return read_bare_whole(r);
    case INCLOAD__DATE:
        return !json_is_string(r->value)                      ? read_date(r, 0)
               : r->modes->time == INCLOAD__DEBEZIUM_TIME_ISO ? read_iso(r, 0)
                                                              : read_plain(r, 0);
    case INCLOAD__TIME:
    case INCLOAD__TIMESTAMP:
    case INCLOAD__TIMESTAMPTZ:
        return read_bare_time(r);
    case INCLOAD__BINARY:
        return read_bytes(r, 0);
    default:
        return read_plain(r, 0);
    }
}

/* The placeholder, also as it looks among bytes, or as the only element of an array. */
static bool
is_unavailable(const json_t *value, const incload__debezium_modes *modes)
{
    static const char usual[] = "__debezium_unavailable_value";
    static const char usual_bytes[] = "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==";

    if (json_is_array(value) && json_array_size(value) == 1)
        value = json_array_get(value, 0);
    const char *text = json_string_value(value);
    if (text == NULL)
        return false;
    if (modes->unavailable != NULL)
        return strcmp(text, modes->unavailable) == 0
               || (modes->unavailable_bytes != NULL && strcmp(text, modes->unavailable_bytes) == 0);
    return strcmp(text, usual) == 0 || strcmp(text, usual_bytes) == 0;
}

static bool
takes_json(const json_t *value, incload__type type)
{
    bool loose = type.kind == INCLOAD__JSON || type.kind == INCLOAD__TEXT;

    return loose && (json_is_object(value) || json_is_array(value));
}

int32_t
incload__debezium_value(const json_t *value, const json_t *field, incload__type type,
                        const incload__debezium_modes *modes, incload__str *out, incload__debezium_state *state,
                        incload_error **err)
{
    const reading r = { value, field, type, modes, out, err };

    *state = json_is_null(value)            ? INCLOAD__DEBEZIUM_NULL
             : is_unavailable(value, modes) ? INCLOAD__DEBEZIUM_ABSENT
                                            : INCLOAD__DEBEZIUM_VALUE;
    if (*state != INCLOAD__DEBEZIUM_VALUE)
        return INCLOAD_OK;
    int32_t status = takes_json(value, type) && (field == NULL || json_object_get(field, "name") == NULL)
                         ? read_json(&r)
                     : field != NULL ? read_with_schema(&r)
                                     : read_without_schema(&r);
    return status == INCLOAD_OK && out->failed ? incload__fail_memory(err) : status;
}
