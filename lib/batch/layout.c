/* SPDX-License-Identifier: Apache-2.0 */
/* Arrow's formats and layouts, as far as they hold types the library knows. */
#include "batch/import.h"

#include <string.h>

#include "base/utf8.h"

#define MS_PER_DAY INT64_C(86400000)

enum { VIEW_SIZE = 16, VIEW_INLINE = 12, VIEW_FIXED_BUFFERS = 3 };

#define T(k)                                                                                                           \
    {                                                                                                                  \
        .kind = INCLOAD__##k                                                                                           \
    }
#define CLOCK(k)                                                                                                       \
    {                                                                                                                  \
        .kind = INCLOAD__##k, .scale = 6                                                                               \
    }
#define SIGNED INCLOAD__LAYOUT_SIGNED
#define UNSIGNED INCLOAD__LAYOUT_UNSIGNED

static const struct {
    const char *format;
    incload__arrived arrived;
} formats[] = {
    { "n", { T(UNKNOWN), INCLOAD__LAYOUT_NULLS, 0, 1, 1 } },
    { "b", { T(BOOL), INCLOAD__LAYOUT_BITS, 0, 1, 1 } },
    { "c", { T(INT8), SIGNED, 1, 1, 1 } },
    { "C", { T(INT16), UNSIGNED, 1, 1, 1 } },
    { "s", { T(INT16), SIGNED, 2, 1, 1 } },
    { "S", { T(INT32), UNSIGNED, 2, 1, 1 } },
    { "i", { T(INT32), SIGNED, 4, 1, 1 } },
    { "I", { T(INT64), UNSIGNED, 4, 1, 1 } },
    { "l", { T(INT64), SIGNED, 8, 1, 1 } },
    { "L", { T(UINT64), UNSIGNED, 8, 1, 1 } },
    { "f", { T(FLOAT32), INCLOAD__LAYOUT_FLOAT, 4, 1, 1 } },
    { "g", { T(FLOAT64), INCLOAD__LAYOUT_FLOAT, 8, 1, 1 } },
    { "u", { T(TEXT), INCLOAD__LAYOUT_OFFSETS, 4, 1, 1 } },
    { "U", { T(TEXT), INCLOAD__LAYOUT_OFFSETS, 8, 1, 1 } },
    { "vu", { T(TEXT), INCLOAD__LAYOUT_VIEWS, VIEW_SIZE, 1, 1 } },
    { "z", { T(BINARY), INCLOAD__LAYOUT_OFFSETS, 4, 1, 1 } },
    { "Z", { T(BINARY), INCLOAD__LAYOUT_OFFSETS, 8, 1, 1 } },
    { "vz", { T(BINARY), INCLOAD__LAYOUT_VIEWS, VIEW_SIZE, 1, 1 } },
    { "tdD", { T(DATE), SIGNED, 4, 1, 1 } },
    { "tdm", { T(DATE), SIGNED, 8, 1, MS_PER_DAY } },
    { "tts", { CLOCK(TIME), SIGNED, 4, 1000000, 1 } },
    { "ttm", { CLOCK(TIME), SIGNED, 4, 1000, 1 } },
    { "ttu", { CLOCK(TIME), SIGNED, 8, 1, 1 } },
    { "ttn", { CLOCK(TIME), SIGNED, 8, 1, 1000 } },
    { "tss:", { CLOCK(TIMESTAMP), SIGNED, 8, 1000000, 1 } },
    { "tsm:", { CLOCK(TIMESTAMP), SIGNED, 8, 1000, 1 } },
    { "tsu:", { CLOCK(TIMESTAMP), SIGNED, 8, 1, 1 } },
    { "tsn:", { CLOCK(TIMESTAMP), SIGNED, 8, 1, 1000 } },
};

/* Numbers between commas; how many, or -1 for other text. */
static int32_t
parse_numbers(const char *text, int64_t *numbers, int32_t most)
{
    for (int32_t count = 0; count < most; count++) {
        const char *comma = strchr(text, ',');
        size_t length = comma != NULL ? (size_t)(comma - text) : strlen(text);

        if (!incload__parse_int64(text, length, &numbers[count]))
            return -1;
        if (comma == NULL)
            return count + 1;
        text = comma + 1;
    }
    return -1;
}

/* "precision,scale" of 128 bits, or with a third number for others. */
static bool
parse_decimal(const char *numbers_text, incload__arrived *out)
{
    int64_t numbers[3] = { 0, 0, 128 };

    if (parse_numbers(numbers_text, numbers, 3) < 2 || numbers[0] < 1 || numbers[0] > 38 || numbers[1] < 0
        || numbers[1] > numbers[0] || (numbers[2] != 32 && numbers[2] != 64 && numbers[2] != 128))
        return false;
    *out = (incload__arrived){
        .type = { .kind = INCLOAD__DECIMAL, .precision = (int32_t)numbers[0], .scale = (int32_t)numbers[1] },
        .layout = INCLOAD__LAYOUT_DECIMAL,
        .width = (int32_t)(numbers[2] / 8),
    };
    return true;
}

static bool
parse_bytes(const char *width_text, incload__kind expected, incload__arrived *out)
{
    int64_t width;

    if (parse_numbers(width_text, &width, 1) != 1 || width < 0 || width > INT32_MAX)
        return false;
    *out = (incload__arrived){
        .type = { .kind = width == 16 && expected == INCLOAD__UUID ? INCLOAD__UUID : INCLOAD__BINARY },
        .layout = INCLOAD__LAYOUT_BYTES,
        .width = (int32_t)width,
    };
    return true;
}

bool
incload__format_parse(const char *format, incload__kind expected, incload__arrived *out)
{
    if (strncmp(format, "d:", 2) == 0)
        return parse_decimal(format + 2, out);
    if (strncmp(format, "w:", 2) == 0)
        return parse_bytes(format + 2, expected, out);

    bool is_timestamp = strncmp(format, "ts", 2) == 0 && strlen(format) > 4 && format[3] == ':';
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcmp(formats[i].format, format) != 0 && !(is_timestamp && strncmp(formats[i].format, format, 4) == 0))
            continue;
        *out = formats[i].arrived;
        /* Whatever the zone's name: the instants behind it are in UTC. */
        if (is_timestamp)
            out->type.kind = INCLOAD__TIMESTAMPTZ;
        return true;
    }
    return false;
}

bool
incload__arrived_fits(const incload__arrived *arrived, const struct ArrowArray *array)
{
    static const int64_t buffers[] = {
        [INCLOAD__LAYOUT_NULLS] = 0,    [INCLOAD__LAYOUT_BITS] = 2,  [INCLOAD__LAYOUT_SIGNED] = 2,
        [INCLOAD__LAYOUT_UNSIGNED] = 2, [INCLOAD__LAYOUT_FLOAT] = 2, [INCLOAD__LAYOUT_DECIMAL] = 2,
        [INCLOAD__LAYOUT_OFFSETS] = 3,  [INCLOAD__LAYOUT_VIEWS] = 3, [INCLOAD__LAYOUT_BYTES] = 2,
    };
    bool views = arrived->layout == INCLOAD__LAYOUT_VIEWS;

    if (array->release == NULL || array->length < 0 || array->offset < 0 || array->length > INT64_MAX - array->offset)
        return false;
    if (arrived->layout == INCLOAD__LAYOUT_NULLS)
        return true;
    if (array->buffers == NULL
        || (views ? array->n_buffers < buffers[arrived->layout] : array->n_buffers != buffers[arrived->layout]))
        return false;
    /* No NULLs without a bitmap; all else needs its buffer once there is a cell. */
    if (array->null_count > 0 && array->buffers[0] == NULL)
        return false;
    return array->length == 0 || array->buffers[1] != NULL || arrived->width == 0;
}

/* ---- cells ---- */

int64_t
incload__arrived_int(const struct ArrowArray *array, int32_t width, bool is_signed, int64_t at)
{
    const void *data = array->buffers[1];

    switch (width) {
    case 1:
        return is_signed ? ((const int8_t *)data)[at] : ((const uint8_t *)data)[at];
    case 2:
        return is_signed ? ((const int16_t *)data)[at] : ((const uint16_t *)data)[at];
    case 4:
        return is_signed ? ((const int32_t *)data)[at] : (int64_t)((const uint32_t *)data)[at];
    default:
        return ((const int64_t *)data)[at];
    }
}

static int32_t
put_signed(const incload__arrived *arrived, const struct ArrowArray *array, int64_t at, incload__builder *builder,
           int32_t column)
{
    int64_t value = incload__arrived_int(array, arrived->width, true, at);

    if (value % arrived->divide != 0 || __builtin_mul_overflow(value / arrived->divide, arrived->multiply, &value))
        return INCLOAD_E_DATA;
    return incload__put_int(builder, column, value);
}

static int32_t
put_unsigned(const incload__arrived *arrived, const struct ArrowArray *array, int64_t at, incload__builder *builder,
             int32_t column)
{
    return incload__put_uint(builder, column, (uint64_t)incload__arrived_int(array, arrived->width, false, at));
}

static int32_t
put_bits(const incload__arrived *arrived, const struct ArrowArray *array, int64_t at, incload__builder *builder,
         int32_t column)
{
    const uint8_t *bits = array->buffers[1];

    (void)arrived;
    return incload__put_int(builder, column, bits[at >> 3] >> (at & 7) & 1);
}

static int32_t
put_float(const incload__arrived *arrived, const struct ArrowArray *array, int64_t at, incload__builder *builder,
          int32_t column)
{
    const void *data = array->buffers[1];
    double value = arrived->width == 4 ? (double)((const float *)data)[at] : ((const double *)data)[at];

    return incload__put_float(builder, column, value);
}

static int32_t
put_decimal(const incload__arrived *arrived, const struct ArrowArray *array, int64_t at, incload__builder *builder,
            int32_t column)
{
    __int128 value;

    if (arrived->width < (int32_t)sizeof value)
        return incload__put_decimal(builder, column, incload__arrived_int(array, arrived->width, true, at));
    memcpy(&value, (const char *)array->buffers[1] + at * (int64_t)sizeof value, sizeof value);
    return incload__put_decimal(builder, column, value);
}

static int32_t
put_slice(const void *data, int64_t start, int64_t length, incload__builder *builder, int32_t column)
{
    if (start < 0 || length < 0 || (length > 0 && data == NULL))
        return INCLOAD_E_INVALID;
    return incload__put_bytes(builder, column, length > 0 ? (const char *)data + start : "", (size_t)length);
}

static int32_t
put_by_offsets(const incload__arrived *arrived, const struct ArrowArray *array, int64_t at, incload__builder *builder,
               int32_t column)
{
    int64_t start = incload__arrived_int(array, arrived->width, true, at);
    int64_t end = incload__arrived_int(array, arrived->width, true, at + 1);

    return put_slice(array->buffers[2], start, start <= end ? end - start : -1, builder, column);
}

/* A view is a length and either the bytes, or four of them, the number of a buffer and the place in it. The last buffer
 * has the sizes of those between. */
static int32_t
put_view(const incload__arrived *arrived, const struct ArrowArray *array, int64_t at, incload__builder *builder,
         int32_t column)
{
    const char *view = (const char *)array->buffers[1] + at * VIEW_SIZE;
    const int64_t *sizes = array->buffers[array->n_buffers - 1];
    int32_t length, buffer, start;

    (void)arrived;
    memcpy(&length, view, sizeof length);
    if (length <= VIEW_INLINE)
        return put_slice(view + sizeof length, 0, length, builder, column);
    memcpy(&buffer, view + 8, sizeof buffer);
    memcpy(&start, view + 12, sizeof start);
    if (buffer < 0 || buffer >= array->n_buffers - VIEW_FIXED_BUFFERS || sizes == NULL || start < 0
        || (int64_t)start + length > sizes[buffer])
        return INCLOAD_E_INVALID;
    return put_slice(array->buffers[2 + buffer], start, length, builder, column);
}

static int32_t
put_by_width(const incload__arrived *arrived, const struct ArrowArray *array, int64_t at, incload__builder *builder,
             int32_t column)
{
    return put_slice(array->buffers[1], at * arrived->width, arrived->width, builder, column);
}

int32_t
incload__arrived_put(const incload__arrived *arrived, const struct ArrowArray *array, int64_t at,
                     incload__builder *builder, int32_t column)
{
    static int32_t (*const puts[])(const incload__arrived *arrived, const struct ArrowArray *array, int64_t at,
                                   incload__builder *builder, int32_t column) = {
        [INCLOAD__LAYOUT_BITS] = put_bits,         [INCLOAD__LAYOUT_SIGNED] = put_signed,
        [INCLOAD__LAYOUT_UNSIGNED] = put_unsigned, [INCLOAD__LAYOUT_FLOAT] = put_float,
        [INCLOAD__LAYOUT_DECIMAL] = put_decimal,   [INCLOAD__LAYOUT_OFFSETS] = put_by_offsets,
        [INCLOAD__LAYOUT_VIEWS] = put_view,        [INCLOAD__LAYOUT_BYTES] = put_by_width,
    };

    return puts[arrived->layout](arrived, array, at, builder, column);
}
