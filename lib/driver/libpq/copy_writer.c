/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "driver/libpq/copy_writer.h"

#include <endian.h>
#include <string.h>

#include "driver/libpq/numeric.h"
#include "driver/libpq/oid.h"

enum { MAX_FIELD = 0x3FFFFFFF, FIXED_SIZE = 4 + INCLOAD__NUMERIC_SIZE };

/* Why a cell cannot go; FINE is 0. */
typedef enum fault { FINE, OUT_OF_RANGE, HOLDS_NUL, TOO_LARGE, NO_NUMBER, NO_MEMORY } fault;

static const char *const faults[] = {
    [OUT_OF_RANGE] = "holds a value that PostgreSQL's type cannot hold",
    [HOLDS_NUL] = "holds a NUL byte, which PostgreSQL text cannot: replace it in the source or in a process function",
    [TOO_LARGE] = "holds a value of more than 1 GiB",
    [NO_NUMBER] = "holds a text that is no number",
};

typedef struct cell {
    const incload__view *view;
    int64_t row;
    int32_t column;
    int32_t scale;
} cell;

/* Appends length and bytes. There is room for FIXED_SIZE; a longer one makes its own, and for all cells behind it. */
typedef fault (*encode_fn)(const cell *from, size_t room_behind, incload__str *out);

typedef struct column_writer {
    encode_fn encode;
    int32_t scale;
} column_writer;

struct incload__copy_encoder {
    const incload__mem *mem;
    const incload__schema *schema;
    column_writer *columns;
    int32_t count;
    size_t row_room; /* what a row takes when all its cells are of fixed size */
};

static inline void
put16(incload__str *out, uint16_t value)
{
    uint16_t big = htobe16(value);

    memcpy(out->data + out->length, &big, sizeof big);
    out->length += sizeof big;
}

static inline void
put32(incload__str *out, uint32_t value)
{
    uint32_t big = htobe32(value);

    memcpy(out->data + out->length, &big, sizeof big);
    out->length += sizeof big;
}

static inline void
put64(incload__str *out, uint64_t value)
{
    uint64_t big = htobe64(value);

    memcpy(out->data + out->length, &big, sizeof big);
    out->length += sizeof big;
}

static inline int64_t
int_of(const cell *from)
{
    return incload__get_int(from->view, from->column, from->row);
}

/* ---- one function a wire type ---- */

static fault
encode_bool(const cell *from, size_t room_behind, incload__str *out)
{
    (void)room_behind;
    put32(out, 1);
    out->data[out->length++] = int_of(from) != 0;
    return FINE;
}

static fault
encode_int2(const cell *from, size_t room_behind, incload__str *out)
{
    (void)room_behind;
    put32(out, 2);
    put16(out, (uint16_t)int_of(from));
    return FINE;
}

static fault
encode_int4(const cell *from, size_t room_behind, incload__str *out)
{
    (void)room_behind;
    put32(out, 4);
    put32(out, (uint32_t)int_of(from));
    return FINE;
}

static fault
encode_int8(const cell *from, size_t room_behind, incload__str *out)
{
    (void)room_behind;
    put32(out, 8);
    put64(out, (uint64_t)int_of(from));
    return FINE;
}

static fault
encode_float4(const cell *from, size_t room_behind, incload__str *out)
{
    float value = (float)incload__get_float(from->view, from->column, from->row);
    uint32_t bits;

    (void)room_behind;
    memcpy(&bits, &value, sizeof bits);
    put32(out, 4);
    put32(out, bits);
    return FINE;
}

static fault
encode_float8(const cell *from, size_t room_behind, incload__str *out)
{
    double value = incload__get_float(from->view, from->column, from->row);
    uint64_t bits;

    (void)room_behind;
    memcpy(&bits, &value, sizeof bits);
    put32(out, 8);
    put64(out, bits);
    return FINE;
}

static fault
put_numeric(incload__str *out, __int128 unscaled, int32_t scale)
{
    size_t length = incload__numeric_put((uint8_t *)out->data + out->length + 4, unscaled, scale);

    put32(out, (uint32_t)length);
    out->length += length;
    return FINE;
}

static fault
encode_decimal(const cell *from, size_t room_behind, incload__str *out)
{
    (void)room_behind;
    return put_numeric(out, incload__get_decimal(from->view, from->column, from->row), from->scale);
}

static fault
encode_int_numeric(const cell *from, size_t room_behind, incload__str *out)
{
    (void)room_behind;
    return put_numeric(out, int_of(from), 0);
}

static fault
encode_uint_numeric(const cell *from, size_t room_behind, incload__str *out)
{
    (void)room_behind;
    return put_numeric(out, (__int128)incload__get_uint(from->view, from->column, from->row), 0);
}

static fault
encode_text_numeric(const cell *from, size_t room_behind, incload__str *out)
{
    size_t length = 0;
    const char *text = incload__get_bytes(from->view, from->column, from->row, &length);
    size_t start = out->length;

    put32(out, 0);
    incload__numeric_result result = incload__numeric_put_text(out, text, length);
    if (result != INCLOAD__NUMERIC_OK)
        return result == INCLOAD__NUMERIC_TOO_BIG ? OUT_OF_RANGE : NO_NUMBER;
    if (!incload__str_reserve(out, room_behind))
        return NO_MEMORY;
    uint32_t big = htobe32((uint32_t)(out->length - start - 4));
    memcpy(out->data + start, &big, sizeof big);
    return FINE;
}

static fault
encode_date(const cell *from, size_t room_behind, incload__str *out)
{
    int64_t days = int_of(from) - INCLOAD__PG_EPOCH_DAYS;

    (void)room_behind;
    /* The two ends mean infinity to the server. */
    if (days <= INT32_MIN || days >= INT32_MAX)
        return OUT_OF_RANGE;
    put32(out, 4);
    put32(out, (uint32_t)days);
    return FINE;
}

static fault
encode_time(const cell *from, size_t room_behind, incload__str *out)
{
    int64_t us = int_of(from);

    (void)room_behind;
    if (us < 0 || us > INT64_C(86400000000))
        return OUT_OF_RANGE;
    put32(out, 8);
    put64(out, (uint64_t)us);
    return FINE;
}

static fault
encode_timestamp(const cell *from, size_t room_behind, incload__str *out)
{
    int64_t us;

    (void)room_behind;
    if (__builtin_sub_overflow(int_of(from), INCLOAD__PG_EPOCH_US, &us) || us == INT64_MIN)
        return OUT_OF_RANGE;
    put32(out, 8);
    put64(out, (uint64_t)us);
    return FINE;
}

/* `prefix` 0 or 1 bytes of version in front. */
static fault
put_bytes(const void *bytes, size_t length, bool version, size_t room_behind, incload__str *out)
{
    size_t size = length + (version ? 1 : 0);

    if (size > MAX_FIELD)
        return TOO_LARGE;
    if (!incload__str_reserve(out, 4 + size + room_behind))
        return NO_MEMORY;
    put32(out, (uint32_t)size);
    if (version)
        out->data[out->length++] = 1;
    if (length > 0)
        memcpy(out->data + out->length, bytes, length);
    out->length += length;
    return FINE;
}

static fault
encode_bytes(const cell *from, size_t room_behind, incload__str *out)
{
    size_t length = 0;
    const void *bytes = incload__get_bytes(from->view, from->column, from->row, &length);

    return put_bytes(bytes, length, false, room_behind, out);
}

static fault
encode_text(const cell *from, size_t room_behind, incload__str *out)
{
    size_t length = 0;
    const void *bytes = incload__get_bytes(from->view, from->column, from->row, &length);

    if (length > 0 && memchr(bytes, '\0', length) != NULL)
        return HOLDS_NUL;
    return put_bytes(bytes, length, false, room_behind, out);
}

static fault
encode_jsonb(const cell *from, size_t room_behind, incload__str *out)
{
    size_t length = 0;
    const void *bytes = incload__get_bytes(from->view, from->column, from->row, &length);

    if (length > 0 && memchr(bytes, '\0', length) != NULL)
        return HOLDS_NUL;
    return put_bytes(bytes, length, true, room_behind, out);
}

/* ---- which function writes which kind into which type ---- */

#define KIND(k) (UINT32_C(1) << INCLOAD__##k)
#define SMALL_INTS (KIND(INT8) | KIND(INT16))
#define MEDIUM_INTS (SMALL_INTS | KIND(INT32))
#define LARGE_INTS (MEDIUM_INTS | KIND(INT64))

static const struct {
    uint32_t oid;
    uint32_t kinds;
    encode_fn encode;
} writers[] = {
    { INCLOAD__OID_BOOL, KIND(BOOL), encode_bool },
    { INCLOAD__OID_INT2, SMALL_INTS, encode_int2 },
    { INCLOAD__OID_INT4, MEDIUM_INTS, encode_int4 },
    { INCLOAD__OID_INT8, LARGE_INTS, encode_int8 },
    { INCLOAD__OID_FLOAT4, KIND(FLOAT32), encode_float4 },
    { INCLOAD__OID_FLOAT8, KIND(FLOAT32) | KIND(FLOAT64), encode_float8 },
    { INCLOAD__OID_NUMERIC, KIND(DECIMAL), encode_decimal },
    { INCLOAD__OID_NUMERIC, KIND(NUMERIC), encode_text_numeric },
    { INCLOAD__OID_NUMERIC, LARGE_INTS, encode_int_numeric },
    { INCLOAD__OID_NUMERIC, KIND(UINT64), encode_uint_numeric },
    { INCLOAD__OID_DATE, KIND(DATE), encode_date },
    { INCLOAD__OID_TIME, KIND(TIME), encode_time },
    { INCLOAD__OID_TIMESTAMP, KIND(TIMESTAMP), encode_timestamp },
    { INCLOAD__OID_TIMESTAMPTZ, KIND(TIMESTAMPTZ), encode_timestamp },
    { INCLOAD__OID_UUID, KIND(UUID), encode_bytes },
    { INCLOAD__OID_BYTEA, KIND(BINARY), encode_bytes },
    { INCLOAD__OID_TEXT, KIND(TEXT) | KIND(JSON) | KIND(NATIVE) | KIND(NUMERIC), encode_text },
    { INCLOAD__OID_VARCHAR, KIND(TEXT) | KIND(JSON) | KIND(NATIVE) | KIND(NUMERIC), encode_text },
    { INCLOAD__OID_BPCHAR, KIND(TEXT), encode_text },
    { INCLOAD__OID_JSON, KIND(JSON), encode_text },
    { INCLOAD__OID_JSONB, KIND(JSON), encode_jsonb },
};

static encode_fn
writer_of(incload__kind kind, uint32_t oid)
{
    for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++) {
        if (writers[i].oid == oid && (writers[i].kinds >> kind & 1) != 0)
            return writers[i].encode;
    }
    return NULL;
}

bool
incload__copy_encodable(incload__kind kind, uint32_t oid)
{
    return writer_of(kind, oid) != NULL;
}

void
incload__copy_encoder_free(incload__copy_encoder *encoder)
{
    if (encoder == NULL)
        return;
    incload__free(encoder->mem, encoder->columns);
    incload__free(encoder->mem, encoder);
}

int32_t
incload__copy_encoder_new(const incload__mem *mem, const incload__schema *schema, const uint32_t *type_oids,
                          incload__copy_encoder **out, incload_error **err)
{
    incload__copy_encoder *encoder = incload__alloc(mem, sizeof *encoder);

    *out = NULL;
    if (encoder == NULL)
        return incload__fail_memory(err);
    encoder->mem = mem;
    encoder->schema = schema;
    encoder->count = schema->count;
    encoder->row_room = 2 + (size_t)schema->count * FIXED_SIZE;
    encoder->columns = incload__alloc_array(mem, (size_t)schema->count, sizeof *encoder->columns);
    if (encoder->columns == NULL) {
        incload__copy_encoder_free(encoder);
        return incload__fail_memory(err);
    }
    for (int32_t i = 0; i < schema->count; i++) {
        const incload__type *type = &schema->columns[i].type;
        encoder->columns[i] = (column_writer){ writer_of(type->kind, type_oids[i]), type->scale };
        if (encoder->columns[i].encode != NULL)
            continue;
        incload__copy_encoder_free(encoder);
        return incload__fail(err, INCLOAD_E_INTERNAL, "column '%s' has no binary form", schema->columns[i].name);
    }
    *out = encoder;
    return INCLOAD_OK;
}

void
incload__copy_encode_header(incload__str *out)
{
    static const char header[19] = { 'P', 'G', 'C', 'O', 'P', 'Y', '\n', (char)0xFF, '\r', '\n' };

    incload__str_add_bytes(out, header, sizeof header);
}

void
incload__copy_encode_trailer(incload__str *out)
{
    incload__str_add_bytes(out, "\xFF\xFF", 2);
}

static int32_t
fail_cell(const incload__copy_encoder *encoder, int32_t column, fault why, incload_error **err)
{
    if (why == NO_MEMORY)
        return incload__fail_memory(err);
    return incload__fail(err, INCLOAD_E_DATA, "column '%s' %s", encoder->schema->columns[column].name, faults[why]);
}

static int32_t
encode_row(const incload__copy_encoder *encoder, const incload__view *view, int64_t row, incload__str *out,
           incload_error **err)
{
    cell from = { .view = view, .row = row };

    if (!incload__str_reserve(out, encoder->row_room))
        return incload__fail_memory(err);
    put16(out, (uint16_t)encoder->count);
    for (int32_t i = 0; i < encoder->count; i++) {
        if (incload__is_null(view, i, row)) {
            put32(out, UINT32_MAX);
            continue;
        }
        from.column = i;
        from.scale = encoder->columns[i].scale;
        fault why = encoder->columns[i].encode(&from, encoder->row_room, out);
        if (why != FINE)
            return fail_cell(encoder, i, why, err);
    }
    return INCLOAD_OK;
}

int32_t
incload__copy_encode(incload__copy_encoder *encoder, const incload__view *view, int64_t *row, size_t enough,
                     incload__str *out, incload_error **err)
{
    while (*row < view->rows && out->length < enough) {
        int32_t status = encode_row(encoder, view, *row, out, err);
        if (status != INCLOAD_OK)
            return status;
        *row += 1;
    }
    return out->failed ? incload__fail_memory(err) : INCLOAD_OK;
}
