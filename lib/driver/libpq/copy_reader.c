/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "driver/libpq/copy_reader.h"

#include <endian.h>
#include <string.h>

#include "driver/libpq/numeric.h"
#include "driver/libpq/oid.h"

enum { HEADER_SIZE = 19, MAX_EXTENSION = 1 << 20, MAX_FIELD = 0x3FFFFFFF };

static const uint8_t signature[11] = { 'P', 'G', 'C', 'O', 'P', 'Y', '\n', 0xFF, '\r', '\n', 0 };

/* Why a field was refused; FINE is 0. */
typedef enum fault {
    FINE,
    BAD_LENGTH,
    BAD_BYTES,
    IS_INFINITE,
    NOT_A_NUMBER,
    OUT_OF_RANGE,
    TOO_FINE,
    NOT_HELD,
    NO_MEMORY
} fault;

static const struct {
    int32_t code;
    const char *text;
} faults[] = {
    [BAD_LENGTH] = { INCLOAD_E_PROTOCOL, "came in a length that its type does not have" },
    [BAD_BYTES] = { INCLOAD_E_PROTOCOL, "came in bytes that its type does not have" },
    [IS_INFINITE] = { INCLOAD_E_DATA,
                      "holds infinity, which a batch cannot hold: filter such rows, or read the column as "
                      "text" },
    [NOT_A_NUMBER] = { INCLOAD_E_DATA,
                       "holds NaN or infinity, which a decimal cannot hold: filter such rows, or read the "
                       "column as text" },
    [OUT_OF_RANGE] = { INCLOAD_E_DATA, "holds a value out of the range of its type: read the column as text" },
    [TOO_FINE] = { INCLOAD_E_DATA, "holds a number with more fraction digits than its type" },
    [NOT_HELD] = { INCLOAD_E_DATA,
                   "holds a value that its type cannot hold (out of range, or text that is not UTF-8)" },
    [NO_MEMORY] = { INCLOAD_E_NO_MEMORY, "" },
};

typedef struct field {
    incload__builder *builder;
    int32_t column;
    incload__type type;
} field;

typedef fault (*decode_fn)(const field *to, const uint8_t *bytes, size_t length);

typedef struct column_reader {
    decode_fn decode;
    incload__type type;
} column_reader;

typedef enum stage { AT_HEADER, AT_EXTENSION, AT_ROW, AT_END } stage;

struct incload__copy_decoder {
    const incload__mem *mem;
    const incload__schema *schema;
    column_reader *columns;
    int32_t count;
    stage stage;
    size_t extension;  /* bytes of the header's extension */
    incload__str rest; /* what came but could not be taken yet */
};

static uint16_t
get16(const uint8_t *bytes)
{
    uint16_t value;

    memcpy(&value, bytes, sizeof value);
    return be16toh(value);
}

static uint32_t
get32(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof value);
    return be32toh(value);
}

static uint64_t
get64(const uint8_t *bytes)
{
    uint64_t value;

    memcpy(&value, bytes, sizeof value);
    return be64toh(value);
}

static fault
put_fault(int32_t status)
{
    if (status == INCLOAD_OK)
        return FINE;
    return status == INCLOAD_E_NO_MEMORY ? NO_MEMORY : NOT_HELD;
}

static fault
put_int(const field *to, int64_t value)
{
    return put_fault(incload__put_int(to->builder, to->column, value));
}

/* ---- one function a wire type ---- */

static fault
decode_bool(const field *to, const uint8_t *bytes, size_t length)
{
    if (length != 1)
        return BAD_LENGTH;
    return bytes[0] > 1 ? BAD_BYTES : put_int(to, bytes[0]);
}

static fault
decode_int2(const field *to, const uint8_t *bytes, size_t length)
{
    return length == 2 ? put_int(to, (int16_t)get16(bytes)) : BAD_LENGTH;
}

static fault
decode_int4(const field *to, const uint8_t *bytes, size_t length)
{
    return length == 4 ? put_int(to, (int32_t)get32(bytes)) : BAD_LENGTH;
}

static fault
decode_int8(const field *to, const uint8_t *bytes, size_t length)
{
    return length == 8 ? put_int(to, (int64_t)get64(bytes)) : BAD_LENGTH;
}

static fault
decode_oid(const field *to, const uint8_t *bytes, size_t length)
{
    return length == 4 ? put_int(to, get32(bytes)) : BAD_LENGTH;
}

static fault
decode_float4(const field *to, const uint8_t *bytes, size_t length)
{
    float value;

    if (length != 4)
        return BAD_LENGTH;
    uint32_t bits = get32(bytes);
    memcpy(&value, &bits, sizeof value);
    return put_fault(incload__put_float(to->builder, to->column, (double)value));
}

static fault
decode_float8(const field *to, const uint8_t *bytes, size_t length)
{
    double value;

    if (length != 8)
        return BAD_LENGTH;
    uint64_t bits = get64(bytes);
    memcpy(&value, &bits, sizeof value);
    return put_fault(incload__put_float(to->builder, to->column, value));
}

static fault
decode_numeric(const field *to, const uint8_t *bytes, size_t length)
{
    static const fault faults_of[] = {
        [INCLOAD__NUMERIC_OK] = FINE,           [INCLOAD__NUMERIC_SPECIAL] = NOT_A_NUMBER,
        [INCLOAD__NUMERIC_TOO_FINE] = TOO_FINE, [INCLOAD__NUMERIC_TOO_BIG] = OUT_OF_RANGE,
        [INCLOAD__NUMERIC_BROKEN] = BAD_BYTES,
    };
    __int128 unscaled;
    incload__numeric_result result = incload__numeric_get(bytes, length, to->type.scale, &unscaled);

    if (result != INCLOAD__NUMERIC_OK)
        return faults_of[result];
    return put_fault(incload__put_decimal(to->builder, to->column, unscaled));
}

static fault
decode_date(const field *to, const uint8_t *bytes, size_t length)
{
    if (length != 4)
        return BAD_LENGTH;
    int32_t days = (int32_t)get32(bytes);
    if (days == INT32_MAX || days == INT32_MIN)
        return IS_INFINITE;
    int64_t shifted = days + INCLOAD__PG_EPOCH_DAYS;
    return shifted > INT32_MAX ? OUT_OF_RANGE : put_int(to, shifted);
}

static fault
decode_time(const field *to, const uint8_t *bytes, size_t length)
{
    return decode_int8(to, bytes, length);
}

static fault
decode_timestamp(const field *to, const uint8_t *bytes, size_t length)
{
    int64_t shifted;

    if (length != 8)
        return BAD_LENGTH;
    int64_t us = (int64_t)get64(bytes);
    if (us == INT64_MAX || us == INT64_MIN)
        return IS_INFINITE;
    if (__builtin_add_overflow(us, INCLOAD__PG_EPOCH_US, &shifted))
        return OUT_OF_RANGE;
    return put_int(to, shifted);
}

static fault
decode_bytes(const field *to, const uint8_t *bytes, size_t length)
{
    return put_fault(incload__put_bytes(to->builder, to->column, bytes, length));
}

/* The server's text has a version in front. */
static fault
decode_jsonb(const field *to, const uint8_t *bytes, size_t length)
{
    if (length < 1)
        return BAD_LENGTH;
    return bytes[0] == 1 ? decode_bytes(to, bytes + 1, length - 1) : BAD_BYTES;
}

static fault
decode_uuid(const field *to, const uint8_t *bytes, size_t length)
{
    return length == 16 ? decode_bytes(to, bytes, length) : BAD_LENGTH;
}

/* ---- which function reads which kind from which type ---- */

#define KIND(k) (UINT32_C(1) << INCLOAD__##k)
#define INTS (KIND(INT8) | KIND(INT16) | KIND(INT32) | KIND(INT64) | KIND(UINT64))
#define TEXTS (KIND(TEXT) | KIND(JSON) | KIND(NATIVE) | KIND(NUMERIC))

static const struct {
    uint32_t oid;
    uint32_t kinds;
    decode_fn decode;
} readers[] = {
    { INCLOAD__OID_BOOL, KIND(BOOL), decode_bool },
    { INCLOAD__OID_INT2, INTS, decode_int2 },
    { INCLOAD__OID_INT4, INTS, decode_int4 },
    { INCLOAD__OID_INT8, INTS, decode_int8 },
    { INCLOAD__OID_OID, INTS, decode_oid },
    { INCLOAD__OID_FLOAT4, KIND(FLOAT32) | KIND(FLOAT64), decode_float4 },
    { INCLOAD__OID_FLOAT8, KIND(FLOAT64), decode_float8 },
    { INCLOAD__OID_NUMERIC, KIND(DECIMAL), decode_numeric },
    { INCLOAD__OID_DATE, KIND(DATE), decode_date },
    { INCLOAD__OID_TIME, KIND(TIME), decode_time },
    { INCLOAD__OID_TIMESTAMP, KIND(TIMESTAMP), decode_timestamp },
    { INCLOAD__OID_TIMESTAMPTZ, KIND(TIMESTAMPTZ), decode_timestamp },
    { INCLOAD__OID_UUID, KIND(UUID), decode_uuid },
    { INCLOAD__OID_BYTEA, KIND(BINARY), decode_bytes },
    { INCLOAD__OID_TEXT, TEXTS, decode_bytes },
    { INCLOAD__OID_VARCHAR, TEXTS, decode_bytes },
    { INCLOAD__OID_BPCHAR, TEXTS, decode_bytes },
    { INCLOAD__OID_NAME, TEXTS, decode_bytes },
    { INCLOAD__OID_UNKNOWN, TEXTS, decode_bytes },
    { INCLOAD__OID_JSON, TEXTS, decode_bytes },
    { INCLOAD__OID_JSONB, TEXTS, decode_jsonb },
};

static decode_fn
reader_of(incload__kind kind, uint32_t oid)
{
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        if (readers[i].oid == oid && (readers[i].kinds >> kind & 1) != 0)
            return readers[i].decode;
    }
    return NULL;
}

void
incload__copy_decoder_free(incload__copy_decoder *decoder)
{
    if (decoder == NULL)
        return;
    incload__str_free(&decoder->rest);
    incload__free(decoder->mem, decoder->columns);
    incload__free(decoder->mem, decoder);
}

int32_t
incload__copy_decoder_new(const incload__mem *mem, const incload__schema *schema, const uint32_t *type_oids,
                          incload__copy_decoder **out, incload_error **err)
{
    incload__copy_decoder *decoder = incload__alloc(mem, sizeof *decoder);
    char text[48];

    *out = NULL;
    if (decoder == NULL)
        return incload__fail_memory(err);
    decoder->mem = mem;
    decoder->schema = schema;
    decoder->rest.mem = mem;
    decoder->count = schema->count;
    decoder->columns = incload__alloc_array(mem, (size_t)schema->count, sizeof *decoder->columns);
    if (decoder->columns == NULL) {
        incload__copy_decoder_free(decoder);
        return incload__fail_memory(err);
    }
    for (int32_t i = 0; i < schema->count; i++) {
        const incload__column *column = &schema->columns[i];
        decoder->columns[i] = (column_reader){ reader_of(column->type.kind, type_oids[i]), column->type };
        if (decoder->columns[i].decode != NULL)
            continue;
        incload__copy_decoder_free(decoder);
        return incload__fail(err, INCLOAD_E_TYPE,
                             "column '%s': the query gives type OID %u, which cannot be read as %s; if the table was "
                             "changed, start again",
                             column->name, type_oids[i], incload__type_text(column->type, text, sizeof text));
    }
    *out = decoder;
    return INCLOAD_OK;
}

/* ---- the stream ---- */

static int32_t
fail_format(incload_error **err)
{
    return incload__fail(err, INCLOAD_E_PROTOCOL, "the server sent bytes that are not binary COPY data");
}

static int32_t
fail_field(const incload__copy_decoder *decoder, int32_t column, fault why, incload_error **err)
{
    if (why == NO_MEMORY)
        return incload__fail_memory(err);
    return incload__fail(err, faults[why].code, "column '%s' %s", decoder->schema->columns[column].name,
                         faults[why].text);
}

/* The steps take what is whole: they return the bytes used, 0 when more are needed, -1 after a failure. */
static int64_t
take_header(incload__copy_decoder *decoder, const uint8_t *bytes, size_t length, incload_error **err)
{
    if (length < HEADER_SIZE)
        return 0;
    decoder->extension = get32(bytes + 15);
    /* Critical flags there are none that we know of (bit 16 meant OIDs up to PostgreSQL 11). */
    if (memcmp(bytes, signature, sizeof signature) != 0 || get32(bytes + 11) >> 16 != 0
        || decoder->extension > MAX_EXTENSION) {
        fail_format(err);
        return -1;
    }
    decoder->stage = decoder->extension > 0 ? AT_EXTENSION : AT_ROW;
    return HEADER_SIZE;
}

static int64_t
take_extension(incload__copy_decoder *decoder, size_t length)
{
    if (length < decoder->extension)
        return 0;
    decoder->stage = AT_ROW;
    return (int64_t)decoder->extension;
}

/* Bytes of the row that begins here, 0 when its end has not come yet, -1 for a length that cannot be. */
static int64_t
row_size(const uint8_t *bytes, size_t length, int32_t count)
{
    size_t at = 2;

    for (int32_t i = 0; i < count; i++) {
        if (length - at < 4)
            return 0;
        uint32_t size = get32(bytes + at);
        at += 4;
        if (size == UINT32_MAX)
            continue;
        if (size > MAX_FIELD)
            return -1;
        if (length - at < size)
            return 0;
        at += size;
    }
    return (int64_t)at;
}

/* The hot path. The row is whole: a builder never sees half of one. */
static int32_t
put_row(incload__copy_decoder *decoder, const uint8_t *at, incload__builder *builder, incload_error **err)
{
    at += 2;
    for (int32_t i = 0; i < decoder->count; i++) {
        uint32_t size = get32(at);
        fault why;

        at += 4;
        if (size == UINT32_MAX) {
            why = put_fault(incload__put_null(builder, i));
        } else {
            field to = { builder, i, decoder->columns[i].type };
            why = decoder->columns[i].decode(&to, at, size);
            at += size;
        }
        if (why != FINE)
            return fail_field(decoder, i, why, err);
    }
    return INCLOAD_OK;
}

static int64_t
take_row(incload__copy_decoder *decoder, const uint8_t *bytes, size_t length, incload__builder *builder, int64_t *rows,
         incload_error **err)
{
    if (length < 2)
        return 0;
    int32_t count = (int16_t)get16(bytes);
    if (count == -1) {
        decoder->stage = AT_END;
        return 2;
    }
    if (count != decoder->count) {
        incload__fail(err, INCLOAD_E_PROTOCOL, "the server sent a row of %d columns where %d were asked for", count,
                      decoder->count);
        return -1;
    }
    int64_t size = row_size(bytes, length, count);
    if (size < 0)
        fail_format(err);
    if (size <= 0)
        return size;
    if (put_row(decoder, bytes, builder, err) != INCLOAD_OK)
        return -1;
    *rows += 1;
    return size;
}

static int64_t
take(incload__copy_decoder *decoder, const uint8_t *bytes, size_t length, incload__builder *builder, int64_t *rows,
     incload_error **err)
{
    switch (decoder->stage) {
    case AT_HEADER:
        return take_header(decoder, bytes, length, err);
    case AT_EXTENSION:
        return take_extension(decoder, length);
    case AT_ROW:
        return take_row(decoder, bytes, length, builder, rows, err);
    case AT_END:
        break;
    }
    fail_format(err);
    return -1;
}

/* Bytes used of those given, or -1. */
static int64_t
take_all(incload__copy_decoder *decoder, const uint8_t *bytes, size_t length, incload__builder *builder,
         int64_t max_rows, int64_t *rows, incload_error **err)
{
    size_t used = 0;

    while (used < length && *rows < max_rows) {
        int64_t taken = take(decoder, bytes + used, length - used, builder, rows, err);
        if (taken < 0)
            return -1;
        if (taken == 0)
            break;
        used += (size_t)taken;
    }
    return (int64_t)used;
}

int32_t
incload__copy_decode(incload__copy_decoder *decoder, const void *bytes, size_t length, incload__builder *builder,
                     int64_t max_rows, int64_t *rows, incload_error **err)
{
    incload_error *own = NULL;
    bool carried = decoder->rest.length > 0;

    /* PostgreSQL sends whole rows, so nothing is carried over as a rule; the protocol does not promise it. */
    if (carried && length > 0)
        incload__str_add_bytes(&decoder->rest, bytes, length);
    if (decoder->rest.failed)
        return incload__fail_memory(err);
    const uint8_t *from = carried ? (const uint8_t *)decoder->rest.data : bytes;
    size_t size = carried ? decoder->rest.length : length;

    int64_t used = take_all(decoder, from, size, builder, max_rows, rows, &own);
    if (used < 0) {
        int32_t status = incload_error_code(own);
        if (err != NULL && *err == NULL)
            *err = incload_error_ref(own);
        incload_error_unref(own);
        return status;
    }
    if (carried) {
        memmove(decoder->rest.data, decoder->rest.data + used, size - (size_t)used);
        decoder->rest.length = size - (size_t)used;
    } else if ((size_t)used < size) {
        incload__str_add_bytes(&decoder->rest, from + used, size - (size_t)used);
    }
    return decoder->rest.failed ? incload__fail_memory(err) : INCLOAD_OK;
}

int32_t
incload__copy_decode_end(const incload__copy_decoder *decoder, incload_error **err)
{
    if (decoder->stage == AT_END && decoder->rest.length == 0)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_PROTOCOL, "the COPY data ended in the middle");
}
