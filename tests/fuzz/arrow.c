/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of another producer, whose buffers are as long as its types and lengths say and hold any bytes; one byte may
 * make it break its word in a way that can be seen. What is taken is a sound batch of the expected columns; what is not
 * has an error; nothing is released that is not ours, and nothing is kept. */
#include "batch/import.h"
#include "input.h"

enum { COLUMNS = 3, BUFFERS = 4, DATA = 96 };

/* Ways to break its word. */
enum {
    HONEST,
    NEGATIVE_LENGTH,
    NEGATIVE_OFFSET,
    FAR_OFFSET,
    FAR_BATCH,
    FEW_BUFFERS,
    MANY_BUFFERS,
    NO_BUFFERS,
    NO_VALUES,
    NO_BITMAP,
    NO_CHILDREN,
    NO_CHILD,
    NO_FORMAT,
    NO_SCHEMAS,
    NO_SCHEMA,
    RELEASED,
    NO_DICTIONARY,
    NESTED_DICTIONARY,
    SHORT_CHILD,
    LIES
};

static const char *const formats[] = {
    "n",   "b",   "c",    "C",    "s",    "S",    "i",    "I",       "l",    "L",    "f",    "g",     "u",
    "U",   "vu",  "z",    "Z",    "vz",   "tdD",  "tdm",  "tts",     "ttm",  "ttu",  "ttn",  "tss:",  "tsm:",
    "tsu:", "tsn:", "tsu:UTC", "tsn:X", "d:38,4", "d:9,2,32", "d:18,0,64", "w:16", "w:0", "w:3", "+l", "d:77,0",
};
static const incload__type expected[] = {
    { .kind = INCLOAD__TEXT },    { .kind = INCLOAD__INT64 }, { .kind = INCLOAD__TIMESTAMP, .scale = 6 },
    { .kind = INCLOAD__BINARY },  { .kind = INCLOAD__DATE },  { .kind = INCLOAD__TIMESTAMPTZ, .scale = 6 },
    { .kind = INCLOAD__FLOAT64 }, { .kind = INCLOAD__UUID },  { .kind = INCLOAD__DECIMAL, .precision = 20, .scale = 2 },
    { .kind = INCLOAD__BOOL },    { .kind = INCLOAD__JSON },  { .kind = INCLOAD__NUMERIC },
};
enum { FORMATS = sizeof formats / sizeof formats[0], EXPECTED = sizeof expected / sizeof expected[0] };

typedef struct produced {
    struct ArrowSchema schema, dictionary_schema;
    struct ArrowArray array, dictionary;
    const void *buffers[BUFFERS], *dictionary_buffers[BUFFERS];
    int64_t sizes[1], dictionary_sizes[1];
} produced;

typedef struct producer {
    produced columns[COLUMNS];
    struct ArrowSchema schema, *schemas[COLUMNS];
    struct ArrowArray array, *arrays[COLUMNS];
    int32_t released;
} producer;

static producer *now;

static void
release_array(struct ArrowArray *array)
{
    now->released++;
    array->release = NULL;
}

static void
release_schema(struct ArrowSchema *schema)
{
    now->released++;
    schema->release = NULL;
}

/* Of just that size, so that a tool sees what reads behind it. */
static void *
take_buffer(input *in, size_t size)
{
    uint8_t *buffer = malloc(size + (size == 0));
    size_t there = size;

    fuzz_check(buffer != NULL, "there is memory");
    memset(buffer, 0, size + (size == 0));
    const uint8_t *bytes = take_bytes(in, &there);
    memcpy(buffer, bytes, there);
    return buffer;
}

/* Offsets may go anywhere within the data, back too. */
static void
take_offsets(input *in, const incload__arrived *arrived, size_t cells, const void *buffers[BUFFERS])
{
    size_t width = (size_t)arrived->width;
    char *offsets = take_buffer(in, (cells + 1) * width);

    for (size_t i = 0; i <= cells; i++) {
        int64_t at = (int64_t)(uint8_t)offsets[i * width] % (DATA + 1) - ((uint8_t)offsets[i * width] == 0xff);
        int32_t narrow = (int32_t)at;
        memcpy(offsets + i * width, width == 4 ? (void *)&narrow : (void *)&at, width);
    }
    buffers[1] = offsets;
    buffers[2] = take_buffer(in, DATA);
}

static int64_t
take_column_buffers(input *in, const char *format, incload__kind kind, size_t cells, const void *buffers[BUFFERS],
                    int64_t sizes[1])
{
    incload__arrived arrived;

    if (!incload__format_parse(format, kind, &arrived)) {
        buffers[1] = take_buffer(in, 16 * cells);
        return 2;
    }
    switch (arrived.layout) {
    case INCLOAD__LAYOUT_NULLS:
        return 0;
    case INCLOAD__LAYOUT_OFFSETS:
        take_offsets(in, &arrived, cells, buffers);
        return 3;
    case INCLOAD__LAYOUT_VIEWS:
        buffers[1] = take_buffer(in, 16 * cells);
        buffers[2] = take_buffer(in, DATA);
        sizes[0] = DATA;
        buffers[3] = sizes;
        return 4;
    case INCLOAD__LAYOUT_BITS:
        buffers[1] = take_buffer(in, (cells + 7) / 8);
        return 2;
    default:
        buffers[1] = take_buffer(in, (size_t)arrived.width * cells);
        return 2;
    }
}

static void
fill(input *in, const char *format, incload__kind kind, uint8_t shape, int64_t rows, struct ArrowArray *array,
     const void *buffers[BUFFERS], int64_t sizes[1])
{
    *array = (struct ArrowArray){ .length = rows, .offset = shape % 3, .buffers = buffers, .release = release_array };
    size_t cells = (size_t)(array->length + array->offset);
    array->n_buffers = take_column_buffers(in, format, kind, cells, buffers, sizes);
    if (array->n_buffers > 0 && (shape & 0x40) != 0) {
        buffers[0] = take_buffer(in, (cells + 7) / 8);
        array->null_count = -1;
    }
}

static void
take_column(input *in, produced *p, const incload__column *column, int64_t rows)
{
    uint8_t shape = take_byte(in);
    const char *format = formats[take_byte(in) % FORMATS];
    bool encoded = (shape & 0x80) != 0;

    p->schema = (struct ArrowSchema){ .format = format, .name = column->name, .release = release_schema };
    if (encoded) {
        p->dictionary_schema = (struct ArrowSchema){ .format = format, .release = release_schema };
        p->schema.format = formats[2 + shape % 8];
        p->schema.dictionary = &p->dictionary_schema;
        fill(in, format, column->type.kind, shape, 4, &p->dictionary, p->dictionary_buffers, p->dictionary_sizes);
        p->array.dictionary = &p->dictionary;
    }
    fill(in, p->schema.format, encoded ? INCLOAD__UNKNOWN : column->type.kind, shape, rows, &p->array, p->buffers,
         p->sizes);
    if (encoded)
        p->array.dictionary = &p->dictionary;
}

/* True when the batch as a whole is one that must be refused. */
static bool
break_word(producer *p, int32_t lie)
{
    produced *first = &p->columns[0];

    switch (lie) {
    case NEGATIVE_LENGTH:
        p->array.length = -1;
        return true;
    case NEGATIVE_OFFSET:
        first->array.offset = -1;
        return true;
    case FAR_OFFSET:
        first->array.offset = INT64_MAX;
        return true;
    case FAR_BATCH:
        p->array.offset = INT64_MAX - 1;
        return true;
    case FEW_BUFFERS:
        first->array.n_buffers = first->array.n_buffers > 0 ? 1 : 0;
        return first->array.n_buffers > 0;
    case MANY_BUFFERS:
        first->array.n_buffers = INT64_MIN;
        return first->array.buffers[1] != NULL;
    case NO_BUFFERS:
        first->array.buffers = NULL;
        return first->array.n_buffers > 0;
    case NO_VALUES:
        first->array.null_count = 0;
        return false;
    case NO_BITMAP:
        first->array.null_count = first->buffers[0] == NULL;
        return first->buffers[0] == NULL && first->array.n_buffers > 0;
    case NO_CHILDREN:
        p->array.children = NULL;
        return true;
    case NO_CHILD:
        p->arrays[1] = NULL;
        return true;
    case NO_FORMAT:
        p->columns[1].schema.format = NULL;
        return true;
    case NO_SCHEMAS:
        p->schema.children = NULL;
        return true;
    case NO_SCHEMA:
        p->schemas[1] = NULL;
        return true;
    case RELEASED:
        first->array.release = NULL;
        return true;
    case NO_DICTIONARY:
        first->array.dictionary = NULL;
        return first->schema.dictionary != NULL;
    case NESTED_DICTIONARY:
        first->dictionary_schema.dictionary = &p->columns[1].schema;
        return first->schema.dictionary != NULL;
    case SHORT_CHILD:
        first->array.length--;
        return true;
    default:
        return false;
    }
}

static void
free_buffers(const void *buffers[BUFFERS], const int64_t *sizes)
{
    for (int32_t i = 0; i < BUFFERS; i++) {
        if (buffers[i] != sizes)
            free((void *)(uintptr_t)buffers[i]);
    }
}

/* Every cell is read. */
static void
check_batch(const incload__schema *schema, const struct ArrowArray *array, int64_t rows)
{
    incload__str text = INCLOAD__STR(&incload__mem_libc);
    incload__view view;

    fuzz_check(incload__view_init(&view, &incload__mem_libc, schema, array, NULL) == INCLOAD_OK, "it is a batch");
    fuzz_check(view.rows == rows, "of as many rows");
    for (int64_t row = 0; row < rows; row++) {
        for (int32_t i = 0; i < schema->count; i++) {
            incload__str_clear(&text);
            if (incload__is_null(&view, i, row))
                continue;
            incload__cell_text(&view, i, row, &text);
            fuzz_check(text.length == 0 || incload__utf8_valid(text.data, text.length), "a cell's text is UTF-8");
        }
    }
    incload__view_free(&view);
    incload__str_free(&text);
}

static void
import(producer *p, const incload__schema *schema, bool broken)
{
    struct ArrowArray out = { .release = NULL };
    incload_error *err = NULL;
    incload__schema types;

    int32_t status = incload__import(&incload__mem_libc, &p->schema, &p->array, schema, &out, &err);
    fuzz_check(status != INCLOAD_OK || !broken, "a batch that breaks its word is refused");
    if (status == INCLOAD_OK)
        check_batch(schema, &out, p->array.length);
    else
        fuzz_check(out.release == NULL, "nothing is left of a refused one");
    check_outcome(status, &err, NULL);
    incload__array_release(&out);
    fuzz_check(p->released == 0, "the host's own is not released");
    incload__schema_init(&types, &incload__mem_libc);
    status = incload__schema_import(&p->schema, &types, &err);
    check_outcome(status, &err, NULL);
    incload__schema_free(&types);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static producer p;
    input in = { data, size };
    incload__schema schema;
    int32_t lie = take_byte(&in) % LIES;
    int64_t rows = take_byte(&in) % 5 + 1;

    memset(&p, 0, sizeof p);
    now = &p;
    incload__schema_init(&schema, &incload__mem_libc);
    for (int32_t i = 0; i < COLUMNS; i++) {
        const char name[] = { (char)('a' + i), '\0' };
        incload__column *column = incload__schema_add(&schema, name, NULL, expected[take_byte(&in) % EXPECTED]);
        fuzz_check(column != NULL, "there is memory");
    }
    for (int32_t i = 0; i < COLUMNS; i++) {
        take_column(&in, &p.columns[i], &schema.columns[i], rows);
        p.schemas[i] = &p.columns[i].schema;
        p.arrays[i] = &p.columns[i].array;
    }
    p.schema = (struct ArrowSchema){
        .format = "+s", .n_children = COLUMNS, .children = p.schemas, .release = release_schema
    };
    p.array = (struct ArrowArray){
        .length = rows, .n_children = COLUMNS, .children = p.arrays, .release = release_array
    };
    import(&p, &schema, break_word(&p, lie));
    for (int32_t i = 0; i < COLUMNS; i++) {
        free_buffers(p.columns[i].buffers, p.columns[i].sizes);
        free_buffers(p.columns[i].dictionary_buffers, p.columns[i].dictionary_sizes);
    }
    incload__schema_free(&schema);
    return 0;
}
