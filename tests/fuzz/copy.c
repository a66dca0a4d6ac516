/* SPDX-License-Identifier: Apache-2.0 */
/* The binary COPY format: bytes that no server sends are an error, and rows that are taken are, written again and read
 * again, the same rows. A byte for the number of columns, one for each column's type, one for where the stream is cut;
 * all else is the stream, or behind an odd cut the rows of one, without a header. */
#include "batch/builder.h"
#include "driver/libpq/copy_reader.h"
#include "driver/libpq/copy_writer.h"
#include "driver/libpq/oid.h"
#include "input.h"

enum { MOST_COLUMNS = 6 };

static const struct {
    uint32_t oid;
    incload__type type;
} kinds[] = {
    { INCLOAD__OID_BOOL, { .kind = INCLOAD__BOOL } },
    { INCLOAD__OID_INT2, { .kind = INCLOAD__INT16 } },
    { INCLOAD__OID_INT4, { .kind = INCLOAD__INT32 } },
    { INCLOAD__OID_INT8, { .kind = INCLOAD__INT64 } },
    { INCLOAD__OID_FLOAT4, { .kind = INCLOAD__FLOAT32 } },
    { INCLOAD__OID_FLOAT8, { .kind = INCLOAD__FLOAT64 } },
    { INCLOAD__OID_NUMERIC, { .kind = INCLOAD__DECIMAL, .precision = 38, .scale = 4 } },
    { INCLOAD__OID_NUMERIC, { .kind = INCLOAD__DECIMAL, .precision = 9, .scale = 0 } },
    { INCLOAD__OID_DATE, { .kind = INCLOAD__DATE } },
    { INCLOAD__OID_TIME, { .kind = INCLOAD__TIME, .scale = 6 } },
    { INCLOAD__OID_TIMESTAMP, { .kind = INCLOAD__TIMESTAMP, .scale = 6 } },
    { INCLOAD__OID_TIMESTAMPTZ, { .kind = INCLOAD__TIMESTAMPTZ, .scale = 6 } },
    { INCLOAD__OID_UUID, { .kind = INCLOAD__UUID } },
    { INCLOAD__OID_BYTEA, { .kind = INCLOAD__BINARY } },
    { INCLOAD__OID_TEXT, { .kind = INCLOAD__TEXT } },
    { INCLOAD__OID_JSONB, { .kind = INCLOAD__JSON } },
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

typedef struct shape {
    incload__schema schema;
    uint32_t oids[MOST_COLUMNS];
} shape;

static void
take_shape(input *in, shape *out)
{
    int32_t count = take_byte(in) % MOST_COLUMNS + 1;

    incload__schema_init(&out->schema, &incload__mem_libc);
    for (int32_t i = 0; i < count; i++) {
        char name[] = { (char)('a' + i), '\0' };
        size_t kind = take_byte(in) % KINDS;
        fuzz_check(incload__schema_add(&out->schema, name, NULL, kinds[kind].type) != NULL, "there is memory");
        out->oids[i] = kinds[kind].oid;
    }
}

static incload__builder *
new_builder(const shape *s)
{
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &s->schema, NULL);

    fuzz_check(builder != NULL, "there is memory");
    return builder;
}

/* What was taken, as a batch; false when the stream was refused. */
static bool
decode(const shape *s, const void *const pieces[2], const size_t sizes[2], struct ArrowArray *out)
{
    incload__copy_decoder *decoder = NULL;
    incload__builder *builder = new_builder(s);
    incload_error *err = NULL;
    int64_t rows = 0;

    fuzz_check(incload__copy_decoder_new(&incload__mem_libc, &s->schema, s->oids, &decoder, NULL) == INCLOAD_OK,
               "the types can be read");
    int32_t status = incload__copy_decode(decoder, pieces[0], sizes[0], builder, INT64_MAX, &rows, &err);
    if (status == INCLOAD_OK)
        status = incload__copy_decode(decoder, pieces[1], sizes[1], builder, INT64_MAX, &rows, &err);
    if (status == INCLOAD_OK)
        status = incload__copy_decode_end(decoder, &err);
    fuzz_check(status == INCLOAD_OK || status == INCLOAD_E_DATA || status == INCLOAD_E_PROTOCOL,
               "a malformed stream is an error of data or protocol");
    bool taken = status == INCLOAD_OK;
    check_outcome(status, &err, NULL);
    if (taken) {
        fuzz_check(rows == incload__builder_rows(builder), "every row is told");
        fuzz_check(incload__builder_finish(builder, out, NULL) == INCLOAD_OK, "the columns are of one length");
    }
    incload__copy_decoder_free(decoder);
    incload__builder_free(builder);
    return taken;
}

/* False when a cell is refused, by its column: a text with a NUL byte, or a clock that PostgreSQL does not know. */
static bool
encode(const shape *s, const struct ArrowArray *batch, incload__str *out)
{
    int32_t status = INCLOAD_OK;
    incload_error *err = NULL;
    incload__copy_encoder *encoder = NULL;
    incload__view view;
    int64_t row = 0;

    fuzz_check(incload__copy_encoder_new(&incload__mem_libc, &s->schema, s->oids, &encoder, NULL) == INCLOAD_OK,
               "the types can be written");
    fuzz_check(incload__view_init(&view, &incload__mem_libc, &s->schema, batch, NULL) == INCLOAD_OK, "it is a batch");
    incload__copy_encode_header(out);
    while (row < view.rows && status == INCLOAD_OK)
        status = incload__copy_encode(encoder, &view, &row, SIZE_MAX, out, &err);
    incload__copy_encode_trailer(out);
    fuzz_check(status == INCLOAD_OK || status == INCLOAD_E_DATA, "what cannot be sent is an error of data");
    fuzz_check(status == INCLOAD_OK || strstr(incload_error_message(err), "column") != NULL, "that names its column");
    bool sent = status == INCLOAD_OK;
    check_outcome(status, &err, NULL);
    fuzz_check(!out->failed, "there is memory");
    incload__view_free(&view);
    incload__copy_encoder_free(encoder);
    return sent;
}

static void
write_cells(const shape *s, const struct ArrowArray *batch, incload__str *out)
{
    incload__view view;

    fuzz_check(incload__view_init(&view, &incload__mem_libc, &s->schema, batch, NULL) == INCLOAD_OK, "it is a batch");
    for (int64_t row = 0; row < view.rows; row++) {
        for (int32_t i = 0; i < s->schema.count; i++) {
            incload__str_add(out, incload__is_null(&view, i, row) ? "NULL" : "=");
            if (!incload__is_null(&view, i, row))
                incload__cell_text(&view, i, row, out);
            incload__str_add_char(out, '\0');
        }
    }
    incload__view_free(&view);
}

static void
write_and_read(const shape *s, struct ArrowArray *batch)
{
    incload__str bytes = INCLOAD__STR(&incload__mem_libc), first = INCLOAD__STR(&incload__mem_libc);
    incload__str second = INCLOAD__STR(&incload__mem_libc);
    struct ArrowArray again = { .release = NULL };

    if (!encode(s, batch, &bytes)) {
        incload__str_free(&bytes);
        return;
    }
    const void *const pieces[2] = { bytes.data, bytes.data + bytes.length / 2 };
    const size_t sizes[2] = { bytes.length / 2, bytes.length - bytes.length / 2 };
    fuzz_check(decode(s, pieces, sizes, &again), "what was written is read");
    write_cells(s, batch, &first);
    write_cells(s, &again, &second);
    fuzz_check(first.length == second.length
                   && (first.length == 0 || memcmp(first.data, second.data, first.length) == 0),
               "and is the same");
    incload__array_release(&again);
    incload__str_free(&bytes);
    incload__str_free(&first);
    incload__str_free(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = { data, size };
    incload__str stream = INCLOAD__STR(&incload__mem_libc);
    struct ArrowArray batch = { .release = NULL };
    shape s;

    take_shape(&in, &s);
    size_t cut = take_byte(&in);
    if (cut % 2 != 0)
        incload__copy_encode_header(&stream);
    incload__str_add_bytes(&stream, in.at, in.left);
    if (cut % 2 != 0)
        incload__copy_encode_trailer(&stream);
    cut = cut < stream.length ? cut : stream.length;
    const char *bytes = stream.length > 0 ? stream.data : "";
    const void *const pieces[2] = { bytes, bytes + cut };
    const size_t sizes[2] = { cut, stream.length - cut };
    if (decode(&s, pieces, sizes, &batch))
        write_and_read(&s, &batch);
    incload__array_release(&batch);
    incload__str_free(&stream);
    incload__schema_free(&s.schema);
    return 0;
}
