/* SPDX-License-Identifier: Apache-2.0 */
/* A cell's canonical text, and back. */
#include <string.h>

#include "base/civil.h"
#include "base/utf8.h"
#include "batch/batch.h"
#include "batch/builder.h"
#include "batch/kind.h"
#include "batch/number.h"

enum { UUID_BYTES = 16, UUID_TEXT = 36 };

/* ---- to text ---- */

typedef void (*write_fn)(const incload__view *view, int32_t column, int64_t row, incload__str *out);

static void
write_bool(const incload__view *view, int32_t column, int64_t row, incload__str *out)
{
    incload__str_add(out, incload__get_int(view, column, row) != 0 ? "true" : "false");
}

static void
write_int(const incload__view *view, int32_t column, int64_t row, incload__str *out)
{
    char text[INCLOAD__NUMBER_TEXT];

    incload__str_add_bytes(out, text, incload__int_text(incload__get_int(view, column, row), text));
}

static void
write_uint(const incload__view *view, int32_t column, int64_t row, incload__str *out)
{
    char text[INCLOAD__NUMBER_TEXT];

    incload__str_add_bytes(out, text, incload__uint_text(incload__get_uint(view, column, row), text));
}

static void
write_float(const incload__view *view, int32_t column, int64_t row, incload__str *out)
{
    char text[INCLOAD__NUMBER_TEXT];
    bool single = view->columns[column].type.kind == INCLOAD__FLOAT32;

    incload__str_add_bytes(out, text, incload__float_text(incload__get_float(view, column, row), single, text));
}

static void
write_decimal(const incload__view *view, int32_t column, int64_t row, incload__str *out)
{
    char text[INCLOAD__NUMBER_TEXT];
    int32_t scale = view->columns[column].type.scale;

    incload__str_add_bytes(out, text, incload__decimal_text(incload__get_decimal(view, column, row), scale, text));
}

static void
write_date(const incload__view *view, int32_t column, int64_t row, incload__str *out)
{
    char text[40];

    incload__str_add_bytes(out, text, incload__format_date(incload__get_int(view, column, row), text));
}

static void
write_time(const incload__view *view, int32_t column, int64_t row, incload__str *out)
{
    char text[40];

    incload__str_add_bytes(out, text, incload__format_time(incload__get_int(view, column, row), text));
}

static void
write_timestamp(const incload__view *view, int32_t column, int64_t row, incload__str *out)
{
    char text[40];
    bool utc = view->columns[column].type.kind == INCLOAD__TIMESTAMPTZ;

    incload__str_add_bytes(out, text, incload__format_timestamp(incload__get_int(view, column, row), utc, text));
}

static void
write_bytes(const incload__view *view, int32_t column, int64_t row, incload__str *out)
{
    size_t length;
    const void *bytes = incload__get_bytes(view, column, row, &length);

    incload__str_add_bytes(out, bytes, length);
}

static void
write_binary(const incload__view *view, int32_t column, int64_t row, incload__str *out)
{
    size_t length;
    const unsigned char *bytes = incload__get_bytes(view, column, row, &length);

    incload__str_add_hex(out, bytes, length);
}

static void
write_uuid(const incload__view *view, int32_t column, int64_t row, incload__str *out)
{
    static const size_t ends[] = { 0, 4, 6, 8, 10, UUID_BYTES };
    size_t length;
    const unsigned char *bytes = incload__get_bytes(view, column, row, &length);

    for (size_t part = 0; part + 1 < sizeof ends / sizeof ends[0]; part++) {
        if (part > 0)
            incload__str_add_char(out, '-');
        incload__str_add_hex(out, bytes + ends[part], ends[part + 1] - ends[part]);
    }
}

void
incload__cell_text(const incload__view *view, int32_t column, int64_t row, incload__str *out)
{
    static const write_fn writers[INCLOAD__F_COUNT] = {
        [INCLOAD__F_BOOL] = write_bool,           [INCLOAD__F_INT] = write_int,
        [INCLOAD__F_UINT] = write_uint,           [INCLOAD__F_FLOAT] = write_float,
        [INCLOAD__F_DECIMAL] = write_decimal,     [INCLOAD__F_NUMERIC] = write_bytes,
        [INCLOAD__F_DATE] = write_date,           [INCLOAD__F_TIME] = write_time,
        [INCLOAD__F_TIMESTAMP] = write_timestamp, [INCLOAD__F_TIMESTAMPTZ] = write_timestamp,
        [INCLOAD__F_TEXT] = write_bytes,          [INCLOAD__F_BINARY] = write_binary,
        [INCLOAD__F_UUID] = write_uuid,           [INCLOAD__F_JSON] = write_bytes,
        [INCLOAD__F_NATIVE] = write_bytes,
    };

    writers[incload__traits(view->columns[column].type)->family](view, column, row, out);
}

/* ---- from text ---- */

typedef int32_t (*read_fn)(incload__builder *builder, int32_t column, const char *text, size_t length);

static int32_t
read_bool(incload__builder *builder, int32_t column, const char *text, size_t length)
{
    static const struct {
        const char *word;
        int64_t value;
    } words[] = { { "t", 1 }, { "f", 0 }, { "1", 1 }, { "0", 0 }, { "true", 1 }, { "false", 0 } };

    char copy[8] = { 0 };

    if (length >= sizeof copy)
        return INCLOAD_E_DATA;
    memcpy(copy, text, length);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i].word) == length && incload__ascii_equal(copy, words[i].word))
            return incload__put_int(builder, column, words[i].value);
    }
    return INCLOAD_E_DATA;
}

static int32_t
read_int(incload__builder *builder, int32_t column, const char *text, size_t length)
{
    int64_t value;

    return incload__parse_int64(text, length, &value) ? incload__put_int(builder, column, value) : INCLOAD_E_DATA;
}

static int32_t
read_uint(incload__builder *builder, int32_t column, const char *text, size_t length)
{
    uint64_t value;

    return incload__parse_uint64(text, length, &value) ? incload__put_uint(builder, column, value) : INCLOAD_E_DATA;
}

static incload__type
type_at(const incload__builder *builder, int32_t column)
{
    return incload__builder_schema(builder)->columns[column].type;
}

static int32_t
read_float(incload__builder *builder, int32_t column, const char *text, size_t length)
{
    bool single = type_at(builder, column).kind == INCLOAD__FLOAT32;
    double value;

    if (!incload__float_parse(text, length, single, &value))
        return INCLOAD_E_DATA;
    return incload__put_float(builder, column, value);
}

static int32_t
read_decimal(incload__builder *builder, int32_t column, const char *text, size_t length)
{
    __int128 value;

    if (!incload__decimal_parse(text, length, type_at(builder, column).scale, &value))
        return INCLOAD_E_DATA;
    return incload__put_decimal(builder, column, value);
}

static int32_t
read_date(incload__builder *builder, int32_t column, const char *text, size_t length)
{
    int64_t days;

    return incload__parse_date(text, length, &days) ? incload__put_int(builder, column, days) : INCLOAD_E_DATA;
}

bool
incload__clock_parse(incload__kind kind, const char *text, size_t length, int64_t *us)
{
    int32_t zone;
    bool has_zone;

    switch (kind) {
    case INCLOAD__TIME:
        return incload__parse_time(text, length, us);
    case INCLOAD__TIMESTAMP:
        return incload__parse_timestamp(text, length, us, NULL, NULL);
    default:
        /* Without an offset the text names no instant. */
        return incload__parse_timestamp(text, length, us, &has_zone, &zone) && has_zone
               && !__builtin_sub_overflow(*us, (int64_t)zone * 1000000, us);
    }
}

static int32_t
read_clock(incload__builder *builder, int32_t column, const char *text, size_t length)
{
    int64_t us;

    if (!incload__clock_parse(type_at(builder, column).kind, text, length, &us))
        return INCLOAD_E_DATA;
    return incload__put_int(builder, column, us);
}

static int
hex_value(char c)
{
    c = incload__ascii_lower(c);
    if (incload__is_digit(c))
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
read_hex(const char *text, size_t bytes, unsigned char *out)
{
    for (size_t i = 0; i < bytes; i++) {
        int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static int32_t
read_binary(incload__builder *builder, int32_t column, const char *text, size_t length)
{
    const incload__mem *mem = incload__builder_schema(builder)->mem;
    int32_t status = INCLOAD_E_DATA;

    if (length % 2 != 0)
        return INCLOAD_E_DATA;
    unsigned char *bytes = incload__alloc(mem, length / 2);
    if (bytes == NULL)
        return INCLOAD_E_NO_MEMORY;
    if (read_hex(text, length / 2, bytes))
        status = incload__put_bytes(builder, column, bytes, length / 2);
    incload__free(mem, bytes);
    return status;
}

static int32_t
read_uuid(incload__builder *builder, int32_t column, const char *text, size_t length)
{
    char digits[2 * UUID_BYTES];
    unsigned char bytes[UUID_BYTES];
    size_t count = 0;

    if (length != UUID_TEXT)
        return INCLOAD_E_DATA;
    for (size_t i = 0; i < length; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash != (text[i] == '-'))
            return INCLOAD_E_DATA;
        if (!dash)
            digits[count++] = text[i];
    }
    return read_hex(digits, UUID_BYTES, bytes) ? incload__put_bytes(builder, column, bytes, UUID_BYTES)
                                               : INCLOAD_E_DATA;
}

static int32_t
read_bytes(incload__builder *builder, int32_t column, const char *text, size_t length)
{
    return incload__put_bytes(builder, column, text, length);
}

int32_t
incload__put_text(incload__builder *builder, int32_t column, const char *text, size_t length)
{
    static const read_fn readers[INCLOAD__F_COUNT] = {
        [INCLOAD__F_BOOL] = read_bool,         [INCLOAD__F_INT] = read_int,         [INCLOAD__F_UINT] = read_uint,
        [INCLOAD__F_FLOAT] = read_float,       [INCLOAD__F_DECIMAL] = read_decimal, [INCLOAD__F_NUMERIC] = read_bytes,
        [INCLOAD__F_DATE] = read_date,         [INCLOAD__F_TIME] = read_clock,      [INCLOAD__F_TIMESTAMP] = read_clock,
        [INCLOAD__F_TIMESTAMPTZ] = read_clock, [INCLOAD__F_TEXT] = read_bytes,      [INCLOAD__F_BINARY] = read_binary,
        [INCLOAD__F_UUID] = read_uuid,         [INCLOAD__F_JSON] = read_bytes,      [INCLOAD__F_NATIVE] = read_bytes,
    };

    return readers[incload__traits(type_at(builder, column))->family](builder, column, text != NULL ? text : "",
                                                                      length);
}
