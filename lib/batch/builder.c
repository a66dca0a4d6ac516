/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/builder.h"

#include <string.h>

#include "base/utf8.h"
#include "batch/array.h"
#include "batch/kind.h"
#include "batch/number.h"

enum { SMALLEST_BUFFER = 64 };

typedef struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t last_capacity; /* of the batch before: the next one is mostly as large */
} buffer;

/* One column being filled. The validity bitmap exists from the first NULL on. */
typedef struct cells {
    incload__kind kind;
    incload__store store;
    size_t width;
    int64_t min, max;
    __int128 limit; /* DECIMAL: 10^precision */
    int64_t length;
    int64_t nulls;
    buffer validity;
    buffer data;
    buffer offsets;
} cells;

struct incload__builder {
    incload__mem mem;
    incload__schema schema;
    cells *columns;
};

/* ---- buffers ---- */

static bool
buffer_grow(const incload__mem *mem, buffer *buf, size_t extra)
{
    size_t needed, capacity = buf->capacity;

    if (__builtin_add_overflow(buf->size, extra, &needed) || needed > SIZE_MAX / 2)
        return false;
    if (capacity == 0)
        capacity = buf->last_capacity > SMALLEST_BUFFER ? buf->last_capacity : SMALLEST_BUFFER;
    while (capacity < needed)
        capacity *= 2;
    uint8_t *data = incload__realloc(mem, buf->data, capacity);
    if (data == NULL)
        return false;
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

static inline bool
buffer_reserve(const incload__mem *mem, buffer *buf, size_t extra)
{
    return buf->capacity - buf->size >= extra || buffer_grow(mem, buf, extra);
}

static inline void
buffer_add(buffer *buf, const void *bytes, size_t length)
{
    memcpy(buf->data + buf->size, bytes, length);
    buf->size += length;
}

/* Room for one more bit at `index`; the byte it opens is 0. */
static inline bool
bit_reserve(const incload__mem *mem, buffer *buf, int64_t index)
{
    if (buf->size > (size_t)(index >> 3))
        return true;
    if (!buffer_reserve(mem, buf, 1))
        return false;
    buf->data[buf->size++] = 0;
    return true;
}

static inline void
bit_set(buffer *buf, int64_t index)
{
    buf->data[index >> 3] = (uint8_t)(buf->data[index >> 3] | 1u << (index & 7));
}

static void *
buffer_take(buffer *buf)
{
    void *data = buf->data;

    *buf = (buffer){ .last_capacity = buf->capacity };
    return data;
}

static void
buffer_reset(const incload__mem *mem, buffer *buf)
{
    incload__free(mem, buf->data);
    *buf = (buffer){ .last_capacity = 0 };
}

/* ---- the builder ---- */

static void
cells_init(cells *column, incload__type type)
{
    const incload__kind_traits *traits = incload__traits(type);

    column->kind = type.kind;
    column->store = traits->store;
    column->width = traits->width;
    column->min = traits->min;
    column->max = traits->max;
    if (type.kind == INCLOAD__DECIMAL)
        column->limit = incload__power_of_ten(type.precision);
}

static void
cells_reset(const incload__mem *mem, cells *column)
{
    buffer_reset(mem, &column->validity);
    buffer_reset(mem, &column->data);
    buffer_reset(mem, &column->offsets);
    column->length = 0;
    column->nulls = 0;
}

static int32_t
check_type(const incload__column *column, incload_error **err)
{
    incload__type type = column->type;

    if (incload__traits(type)->store == INCLOAD__STORE_NONE)
        return incload__fail(err, INCLOAD_E_TYPE, "column '%s' has no known type: name a cast for it", column->name);
    if (type.kind == INCLOAD__DECIMAL
        && (type.precision < 1 || type.precision > 38 || type.scale < 0 || type.scale > type.precision))
        return incload__fail(err, INCLOAD_E_TYPE, "column '%s' has the impossible type decimal(%d,%d)", column->name,
                             type.precision, type.scale);
    return INCLOAD_OK;
}

incload__builder *
incload__builder_new(const incload__mem *mem, const incload__schema *schema, incload_error **err)
{
    incload__builder *builder = incload__alloc(mem, sizeof *builder);

    if (builder == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    builder->mem = *mem;
    incload__schema_init(&builder->schema, &builder->mem);
    if (incload__schema_copy(&builder->schema, schema, err) != INCLOAD_OK)
        goto fail;
    builder->columns = incload__alloc_array(mem, (size_t)schema->count, sizeof *builder->columns);
    if (builder->columns == NULL) {
        incload__fail_memory(err);
        goto fail;
    }
    for (int32_t i = 0; i < schema->count; i++) {
        if (check_type(&schema->columns[i], err) != INCLOAD_OK)
            goto fail;
        cells_init(&builder->columns[i], schema->columns[i].type);
    }
    return builder;

fail:
    incload__builder_free(builder);
    return NULL;
}

void
incload__builder_free(incload__builder *builder)
{
    if (builder == NULL)
        return;

    incload__mem mem = builder->mem;
    for (int32_t i = 0; builder->columns != NULL && i < builder->schema.count; i++)
        cells_reset(&mem, &builder->columns[i]);
    incload__free(&mem, builder->columns);
    incload__schema_free(&builder->schema);
    incload__free(&mem, builder);
}

void
incload__builder_swap(incload__builder *a, incload__builder *b)
{
    incload__builder held = *a;

    *a = *b;
    *b = held;
    /* A builder's schema takes its memory from the builder. */
    a->schema.mem = &a->mem;
    b->schema.mem = &b->mem;
}

const incload__schema *
incload__builder_schema(const incload__builder *builder)
{
    return &builder->schema;
}

/* ---- putting ---- */

static bool
validity_begin(const incload__mem *mem, cells *column)
{
    size_t bytes = (size_t)(column->length / 8 + 1);

    if (!buffer_reserve(mem, &column->validity, bytes))
        return false;
    memset(column->validity.data, 0xFF, bytes);
    /* Only the bits of cells that are there: those to come are set one by one. */
    column->validity.data[bytes - 1] = (uint8_t)((1u << (column->length & 7)) - 1);
    column->validity.size = bytes;
    return true;
}

/* Makes room for everything one cell needs, so that a put that fails has changed nothing. */
static inline bool
cell_open(const incload__mem *mem, cells *column, size_t bytes)
{
    if (column->validity.data != NULL && !bit_reserve(mem, &column->validity, column->length))
        return false;
    if (column->store == INCLOAD__STORE_BITS)
        return bit_reserve(mem, &column->data, column->length);
    if (column->store == INCLOAD__STORE_VARIABLE && !buffer_reserve(mem, &column->offsets, 2 * sizeof(int32_t)))
        return false;
    return buffer_reserve(mem, &column->data, bytes);
}

static inline void
offset_add(cells *column)
{
    int32_t end = (int32_t)column->data.size;

    buffer_add(&column->offsets, &end, sizeof end);
}

static inline int32_t
cell_close(cells *column)
{
    if (column->validity.data != NULL)
        bit_set(&column->validity, column->length);
    column->length++;
    return INCLOAD_OK;
}

/* `width` is a constant where it matters, so the copy is one store. */
static inline int32_t
put_fixed(incload__builder *builder, cells *column, const void *cell, size_t width)
{
    if (!cell_open(&builder->mem, column, width))
        return INCLOAD_E_NO_MEMORY;
    buffer_add(&column->data, cell, width);
    return cell_close(column);
}

static int32_t
put_variable(incload__builder *builder, cells *column, const void *bytes, size_t length)
{
    /* 32-bit offsets: a batch ends long before, so this is one cell too large for any. */
    if (length > (size_t)INT32_MAX - column->data.size)
        return INCLOAD_E_DATA;
    if (!cell_open(&builder->mem, column, length))
        return INCLOAD_E_NO_MEMORY;
    if (column->length == 0)
        offset_add(column);
    if (length > 0)
        buffer_add(&column->data, bytes, length);
    offset_add(column);
    return cell_close(column);
}

static int32_t
put_bit(incload__builder *builder, cells *column, bool value)
{
    if (!cell_open(&builder->mem, column, 0))
        return INCLOAD_E_NO_MEMORY;
    if (value)
        bit_set(&column->data, column->length);
    return cell_close(column);
}

int32_t
incload__put_null(incload__builder *builder, int32_t column_index)
{
    cells *column = &builder->columns[column_index];

    if (!cell_open(&builder->mem, column, column->width)
        || (column->validity.data == NULL && !validity_begin(&builder->mem, column)))
        return INCLOAD_E_NO_MEMORY;
    switch (column->store) {
    case INCLOAD__STORE_FIXED:
        memset(column->data.data + column->data.size, 0, column->width);
        column->data.size += column->width;
        break;
    case INCLOAD__STORE_VARIABLE:
        if (column->length == 0)
            offset_add(column);
        offset_add(column);
        break;
    default:
        break;
    }
    column->length++;
    column->nulls++;
    return INCLOAD_OK;
}

int32_t
incload__put_int(incload__builder *builder, int32_t column_index, int64_t value)
{
    cells *column = &builder->columns[column_index];

    /* Kinds that are no integers have an empty range. */
    if (value < column->min || value > column->max || column->min == column->max)
        return INCLOAD_E_DATA;
    switch (column->width) {
    case 8:
        return put_fixed(builder, column, &value, 8);
    case 4:
        return put_fixed(builder, column, &(int32_t){ (int32_t)value }, 4);
    case 2:
        return put_fixed(builder, column, &(int16_t){ (int16_t)value }, 2);
    case 1:
        return put_fixed(builder, column, &(int8_t){ (int8_t)value }, 1);
    default:
        return put_bit(builder, column, value != 0);
    }
}

int32_t
incload__put_uint(incload__builder *builder, int32_t column_index, uint64_t value)
{
    cells *column = &builder->columns[column_index];

    if (column->kind == INCLOAD__UINT64)
        return put_fixed(builder, column, &value, sizeof value);
    if (value > INT64_MAX)
        return INCLOAD_E_DATA;
    return incload__put_int(builder, column_index, (int64_t)value);
}

int32_t
incload__put_float(incload__builder *builder, int32_t column_index, double value)
{
    cells *column = &builder->columns[column_index];

    if (column->kind == INCLOAD__FLOAT64)
        return put_fixed(builder, column, &value, sizeof value);
    if (column->kind != INCLOAD__FLOAT32)
        return INCLOAD_E_DATA;

    float narrow = (float)value;
    double back = (double)narrow;
    if (back < value || back > value)
        return INCLOAD_E_DATA;
    return put_fixed(builder, column, &narrow, sizeof narrow);
}

int32_t
incload__put_decimal(incload__builder *builder, int32_t column_index, __int128 unscaled)
{
    cells *column = &builder->columns[column_index];

    if (column->kind != INCLOAD__DECIMAL || unscaled >= column->limit || unscaled <= -column->limit)
        return INCLOAD_E_DATA;
    return put_fixed(builder, column, &unscaled, sizeof unscaled);
}

int32_t
incload__put_bytes(incload__builder *builder, int32_t column_index, const void *bytes, size_t length)
{
    cells *column = &builder->columns[column_index];

    if (bytes == NULL)
        bytes = "";
    switch (column->kind) {
    case INCLOAD__BINARY:
        return put_variable(builder, column, bytes, length);
    case INCLOAD__TEXT:
    case INCLOAD__JSON:
    case INCLOAD__NATIVE:
        return incload__utf8_valid(bytes, length) ? put_variable(builder, column, bytes, length) : INCLOAD_E_DATA;
    case INCLOAD__NUMERIC:
        return incload__numeric_valid(bytes, length) ? put_variable(builder, column, bytes, length) : INCLOAD_E_DATA;
    case INCLOAD__UUID:
        return length == column->width ? put_fixed(builder, column, bytes, length) : INCLOAD_E_DATA;
    default:
        return INCLOAD_E_DATA;
    }
}

int32_t
incload__put_raw(incload__builder *builder, int32_t column_index, const void *cell, size_t length)
{
    cells *column = &builder->columns[column_index];

    if (column->store == INCLOAD__STORE_VARIABLE)
        return put_variable(builder, column, cell, length);
    return put_fixed(builder, column, cell, length);
}

/* ---- taking out ---- */

int64_t
incload__builder_rows(const incload__builder *builder)
{
    return builder->schema.count > 0 ? builder->columns[0].length : 0;
}

int64_t
incload__builder_bytes(const incload__builder *builder)
{
    size_t total = 0;

    for (int32_t i = 0; i < builder->schema.count; i++) {
        const cells *column = &builder->columns[i];
        total += column->validity.size + column->data.size + column->offsets.size;
    }
    return (int64_t)total;
}

int32_t
incload__builder_take(incload__builder *builder, int32_t column_index, struct ArrowArray *out, incload_error **err)
{
    cells *column = &builder->columns[column_index];
    bool variable = column->store == INCLOAD__STORE_VARIABLE;

    /* An empty column has its buffers too: not every consumer takes NULL for them. */
    if (!buffer_reserve(&builder->mem, &column->data, 1)
        || (variable && !buffer_reserve(&builder->mem, &column->offsets, sizeof(int32_t))))
        return incload__fail_memory(err);
    if (variable && column->length == 0)
        offset_add(column);
    int32_t status = incload__array_column(&builder->mem, variable ? 3 : 2, out, err);
    if (status != INCLOAD_OK)
        return status;

    out->length = column->length;
    out->null_count = column->nulls;
    incload__array_set_buffer(out, 0, buffer_take(&column->validity));
    if (variable)
        incload__array_set_buffer(out, 1, buffer_take(&column->offsets));
    incload__array_set_buffer(out, variable ? 2 : 1, buffer_take(&column->data));
    column->length = 0;
    column->nulls = 0;
    return INCLOAD_OK;
}

int32_t
incload__builder_finish(incload__builder *builder, struct ArrowArray *out, incload_error **err)
{
    int64_t rows = incload__builder_rows(builder);
    int32_t count = builder->schema.count;
    struct ArrowArray batch = { .release = NULL };

    *out = batch;
    for (int32_t i = 1; i < count; i++) {
        if (builder->columns[i].length != rows)
            return incload__fail(
                err, INCLOAD_E_INTERNAL, "column '%s' of a batch has %lld cells, not %lld: please report",
                builder->schema.columns[i].name, (long long)builder->columns[i].length, (long long)rows);
    }
    int32_t status = incload__array_struct(&builder->mem, count, rows, &batch, err);
    for (int32_t i = 0; i < count && status == INCLOAD_OK; i++)
        status = incload__builder_take(builder, i, batch.children[i], err);
    if (status == INCLOAD_OK) {
        *out = batch;
        return INCLOAD_OK;
    }
    /* Columns already moved out are lost with the batch: the others must not stay behind alone. */
    incload__array_release(&batch);
    for (int32_t i = 0; i < count; i++)
        cells_reset(&builder->mem, &builder->columns[i]);
    return status;
}
