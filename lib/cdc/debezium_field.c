/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/debezium_field.h"

#include <string.h>

#include "base/civil.h"
#include "batch/number.h"
#include "cdc/encoding.h"

enum { ANY = -1, MILLISECONDS = 1000, MICROSECONDS = 1, MOST_DIGITS = 6, UINT64_DIGITS = 20 };

/* ---- which form ---- */

#define FIELD(t, n, f)                                                                                                 \
    {                                                                                                                  \
        .type = (t), .name = (n), .form = INCLOAD__FORM_##f, .most = INT64_MAX                                         \
    }
#define CLOCK(t, n, f, u, m)                                                                                           \
    {                                                                                                                  \
        .type = (t), .name = (n), .form = INCLOAD__FORM_##f, .unit = (u), .most = (m)                                  \
    }
#define UNKNOWABLE(t)                                                                                                  \
    {                                                                                                                  \
        .type = (t), .form = INCLOAD__FORM_TEXT, .placeholder = true                                                   \
    }
#define CONNECT(name) "org.apache.kafka.connect.data." name
#define SCALED "io.debezium.data.VariableScaleDecimal"

/* The first that fits is the one; `mode` is one of decimals or of times, by the kind; `digits` the most behind the
 * second. */
static const struct rule {
    incload__kind kind;
    int32_t mode;
    int32_t digits;
    incload__debezium_field field;
} rules[] = {
    { INCLOAD__BOOL, ANY, MOST_DIGITS, FIELD("boolean", NULL, PLAIN) },
    { INCLOAD__INT8, ANY, MOST_DIGITS, FIELD("int16", NULL, PLAIN) },
    { INCLOAD__INT16, ANY, MOST_DIGITS, FIELD("int16", NULL, PLAIN) },
    { INCLOAD__INT32, ANY, MOST_DIGITS, FIELD("int32", NULL, PLAIN) },
    { INCLOAD__INT64, ANY, MOST_DIGITS, FIELD("int64", NULL, PLAIN) },
    { INCLOAD__UINT64, INCLOAD__OUT_STRING, MOST_DIGITS, FIELD("string", NULL, TEXT) },
    { INCLOAD__UINT64, ANY, MOST_DIGITS, FIELD("bytes", CONNECT("Decimal"), DECIMAL) },
    { INCLOAD__FLOAT32, ANY, MOST_DIGITS, FIELD("float", NULL, FLOAT) },
    { INCLOAD__FLOAT64, ANY, MOST_DIGITS, FIELD("double", NULL, FLOAT) },
    { INCLOAD__DECIMAL, INCLOAD__OUT_PRECISE, MOST_DIGITS, FIELD("bytes", CONNECT("Decimal"), DECIMAL) },
    { INCLOAD__DECIMAL, INCLOAD__OUT_STRING, MOST_DIGITS, FIELD("string", NULL, TEXT) },
    { INCLOAD__DECIMAL, ANY, MOST_DIGITS, FIELD("double", NULL, DOUBLE) },
    { INCLOAD__NUMERIC, INCLOAD__OUT_PRECISE, MOST_DIGITS, FIELD("struct", SCALED, SCALED) },
    { INCLOAD__NUMERIC, INCLOAD__OUT_STRING, MOST_DIGITS, FIELD("string", NULL, TEXT) },
    { INCLOAD__NUMERIC, ANY, MOST_DIGITS, FIELD("double", NULL, DOUBLE) },
    { INCLOAD__DATE, INCLOAD__OUT_CONNECT, MOST_DIGITS, FIELD("int32", CONNECT("Date"), PLAIN) },
    { INCLOAD__DATE, INCLOAD__OUT_ISO, MOST_DIGITS, FIELD("string", "io.debezium.time.IsoDate", ISO) },
    { INCLOAD__DATE, ANY, MOST_DIGITS, FIELD("int32", "io.debezium.time.Date", PLAIN) },
    { INCLOAD__TIME, INCLOAD__OUT_ADAPTIVE, 3,
      CLOCK("int32", "io.debezium.time.Time", CLOCK, MILLISECONDS, INT32_MAX) },
    { INCLOAD__TIME, INCLOAD__OUT_CONNECT, MOST_DIGITS,
      CLOCK("int32", CONNECT("Time"), COARSE, MILLISECONDS, INT32_MAX) },
    { INCLOAD__TIME, INCLOAD__OUT_ISO, MOST_DIGITS, FIELD("string", "io.debezium.time.IsoTime", ISO) },
    { INCLOAD__TIME, ANY, MOST_DIGITS, CLOCK("int64", "io.debezium.time.MicroTime", CLOCK, MICROSECONDS, INT64_MAX) },
    { INCLOAD__TIMESTAMP, INCLOAD__OUT_CONNECT, MOST_DIGITS,
      CLOCK("int64", CONNECT("Timestamp"), COARSE, MILLISECONDS, INT64_MAX) },
    { INCLOAD__TIMESTAMP, INCLOAD__OUT_ISO, MOST_DIGITS, FIELD("string", "io.debezium.time.IsoTimestamp", ISO) },
    { INCLOAD__TIMESTAMP, ANY, 3, CLOCK("int64", "io.debezium.time.Timestamp", CLOCK, MILLISECONDS, INT64_MAX) },
    { INCLOAD__TIMESTAMP, ANY, MOST_DIGITS,
      CLOCK("int64", "io.debezium.time.MicroTimestamp", CLOCK, MICROSECONDS, INT64_MAX) },
    { INCLOAD__TIMESTAMPTZ, ANY, MOST_DIGITS, FIELD("string", "io.debezium.time.ZonedTimestamp", ISO) },
    { INCLOAD__TEXT, ANY, MOST_DIGITS, UNKNOWABLE("string") },
    { INCLOAD__BINARY, ANY, MOST_DIGITS, { .type = "bytes", .form = INCLOAD__FORM_BYTES, .placeholder = true } },
    { INCLOAD__UUID, ANY, MOST_DIGITS, FIELD("string", "io.debezium.data.Uuid", TEXT) },
    { INCLOAD__JSON,
      ANY,
      MOST_DIGITS,
      { .type = "string", .name = "io.debezium.data.Json", .form = INCLOAD__FORM_TEXT, .placeholder = true } },
};

incload__debezium_field
incload__debezium_field_of(incload__type type, int32_t decimal, int32_t time)
{
    /* What only one database reads stands in that database's text. */
    const incload__debezium_field native = UNKNOWABLE("string");
    bool number = type.kind == INCLOAD__DECIMAL || type.kind == INCLOAD__NUMERIC || type.kind == INCLOAD__UINT64;
    bool clock = type.kind == INCLOAD__TIME || type.kind == INCLOAD__TIMESTAMP;

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const struct rule *rule = &rules[i];
        if (rule->kind == type.kind && (rule->mode == ANY || rule->mode == (number ? decimal : time))
            && (!clock || type.scale <= rule->digits))
            return rule->field;
    }
    return native;
}

/* ---- its schema ---- */

static void
add_decimal_parameters(incload__type type, incload__str *out)
{
    bool whole = type.kind == INCLOAD__UINT64;

    incload__str_addf(out, ",\"version\":1,\"parameters\":{\"scale\":\"%d\",\"connect.decimal.precision\":\"%d\"}",
                      whole ? 0 : (int)type.scale, whole ? UINT64_DIGITS : (int)type.precision);
}

void
incload__debezium_field_schema(const incload__debezium_field *field, const incload__column *column, bool optional,
                               incload__str *out)
{
    incload__str_addf(out, "{\"type\":\"%s\"", field->type);
    if (field->form == INCLOAD__FORM_SCALED)
        incload__str_add(out, ",\"fields\":[{\"type\":\"int32\",\"optional\":false,\"field\":\"scale\"},"
                              "{\"type\":\"bytes\",\"optional\":false,\"field\":\"value\"}]");
    incload__str_addf(out, ",\"optional\":%s", optional ? "true" : "false");
    if (field->name != NULL)
        incload__str_addf(out, ",\"name\":\"%s\"", field->name);
    if (field->form == INCLOAD__FORM_DECIMAL)
        add_decimal_parameters(column->type, out);
    else if (field->name != NULL)
        incload__str_add(out, ",\"version\":1");
    incload__str_add(out, ",\"field\":");
    incload__json_string(column->name, strlen(column->name), out);
    incload__str_add_char(out, '}');
}

/* ---- its value ---- */

typedef struct cell {
    const incload__debezium_field *field;
    const incload__view *view;
    int32_t column;
    int64_t row;
    const char *text; /* as incload__cell_text() gives it; bytes as they are */
    size_t length;
    incload__str *out;
    incload_error **err;
} cell;

typedef int32_t (*write_fn)(const cell *c);

static int32_t
refuse(const cell *c, const char *what)
{
    return incload__fail(c->err, INCLOAD_E_DATA, "%s", what);
}

static int32_t
write_plain(const cell *c)
{
    if (c->view->columns[c->column].type.kind == INCLOAD__DATE)
        incload__str_addf(c->out, "%lld", (long long)incload__get_int(c->view, c->column, c->row));
    else
        incload__str_add_bytes(c->out, c->text, c->length);
    return INCLOAD_OK;
}

static int32_t
write_text(const cell *c)
{
    incload__json_string(c->text, c->length, c->out);
    return INCLOAD_OK;
}

static int32_t
write_base64(const cell *c, const char *bytes, size_t length)
{
    incload__str_add_char(c->out, '"');
    incload__base64_encode((const unsigned char *)bytes, length, c->out);
    incload__str_add_char(c->out, '"');
    return INCLOAD_OK;
}

static int32_t
write_bytes(const cell *c)
{
    return write_base64(c, c->text, c->length);
}

/* NaN and infinities are no numbers of JSON; and -0 would be read as a whole number, which has no sign. */
static int32_t
write_float(const cell *c)
{
    char last = c->length > 0 ? c->text[c->length - 1] : '0';

    if (last < '0' || last > '9')
        return write_text(c);
    incload__str_add_bytes(c->out, c->text, c->length);
    if (c->length == 2 && memcmp(c->text, "-0", 2) == 0)
        incload__str_add(c->out, ".0");
    return INCLOAD_OK;
}

static int32_t
write_decimal(const cell *c)
{
    incload__str bytes = INCLOAD__STR(c->out->mem);
    int64_t scale = 0;
    int32_t status = INCLOAD_OK;

    if (!incload__bytes_of_decimal(c->text, c->length, &scale, &bytes))
        status = refuse(c, "NaN, an infinity or a number of more than 19,000 digits has no form but as text: take "
                           "decimal=string");
    else if (bytes.failed)
        status = incload__fail_memory(c->err);
    else if (c->field->form == INCLOAD__FORM_SCALED)
        incload__str_addf(c->out, "{\"scale\":%lld,\"value\":", (long long)scale);
    if (status == INCLOAD_OK)
        write_base64(c, bytes.data, bytes.length);
    if (status == INCLOAD_OK && c->field->form == INCLOAD__FORM_SCALED)
        incload__str_add_char(c->out, '}');
    incload__str_free(&bytes);
    return status;
}

static int32_t
write_double(const cell *c)
{
    char text[INCLOAD__NUMBER_TEXT];
    double value = 0;

    if (!incload__float_parse(c->text, c->length, false, &value))
        return refuse(c, "a number is out of the range of a double: take decimal=string or precise");
    cell near = *c;
    near.text = text;
    near.length = incload__float_text(value, false, text);
    return write_float(&near);
}

static int32_t
write_clock(const cell *c)
{
    int64_t us = incload__get_int(c->view, c->column, c->row), unit = c->field->unit;
    int64_t value = us / unit - (us % unit < 0);

    if (c->field->form == INCLOAD__FORM_CLOCK && us % unit != 0)
        return refuse(c, "a time is finer than the milliseconds of its column");
    if (value > c->field->most || value < -c->field->most)
        return refuse(c, "a time is out of the range of its encoding: take time=adaptive_time_microseconds");
    incload__str_addf(c->out, "%lld", (long long)value);
    return INCLOAD_OK;
}

/* "2024-05-01 10:00:00.25+00" becomes "2024-05-01T10:00:00.25Z"; years before 1 keep their " BC". */
static int32_t
write_iso(const cell *c)
{
    const char *era = c->length > 3 && memcmp(c->text + c->length - 3, " BC", 3) == 0 ? " BC" : "";
    const char *end = c->text + c->length - strlen(era);

    if (end - c->text > 3 && memcmp(end - 3, "+00", 3) == 0)
        end -= 3;
    incload__str_add_char(c->out, '"');
    for (const char *at = c->text; at < end; at++)
        incload__str_add_char(c->out, *at == ' ' ? 'T' : *at);
    incload__str_addf(c->out, "Z%s\"", era);
    return INCLOAD_OK;
}

int32_t
incload__debezium_field_value(const incload__debezium_field *field, const incload__view *view, int32_t column,
                              int64_t row, incload__str *out, incload_error **err)
{
    static const write_fn writers[] = {
        [INCLOAD__FORM_PLAIN] = write_plain,     [INCLOAD__FORM_FLOAT] = write_float,
        [INCLOAD__FORM_DECIMAL] = write_decimal, [INCLOAD__FORM_SCALED] = write_decimal,
        [INCLOAD__FORM_DOUBLE] = write_double,   [INCLOAD__FORM_TEXT] = write_text,
        [INCLOAD__FORM_BYTES] = write_bytes,     [INCLOAD__FORM_CLOCK] = write_clock,
        [INCLOAD__FORM_COARSE] = write_clock,    [INCLOAD__FORM_ISO] = write_iso,
    };
    incload__str text = INCLOAD__STR(out->mem);
    cell c = { .field = field, .view = view, .column = column, .row = row, .out = out, .err = err };

    if (field->form == INCLOAD__FORM_BYTES) {
        c.text = incload__get_bytes(view, column, row, &c.length);
        c.text = c.length > 0 ? c.text : "";
    } else {
        incload__cell_text(view, column, row, &text);
        c.text = incload__str_text(&text);
        c.length = text.length;
    }
    int32_t status = c.text != NULL ? writers[field->form](&c) : incload__fail_memory(err);
    incload__str_free(&text);
    return status == INCLOAD_OK && out->failed ? incload__fail_memory(err) : status;
}
