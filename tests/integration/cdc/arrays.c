/* SPDX-License-Identifier: Apache-2.0 */
#include "arrays.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static void
release_schema(struct ArrowSchema *schema)
{
    ((rows *)schema->private_data)->released++;
    schema->release = NULL;
}

static void
release_array(struct ArrowArray *array)
{
    ((rows *)array->private_data)->released++;
    array->release = NULL;
}

static void
leave_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void
leave_array(struct ArrowArray *array)
{
    array->release = NULL;
}

rows *
rows_new(int64_t count)
{
    rows *batch = calloc(1, sizeof *batch);

    batch->count = count;
    batch->schema = (struct ArrowSchema){
        .format = "+s", .name = "", .children = batch->schemas, .release = release_schema, .private_data = batch
    };
    batch->array = (struct ArrowArray){ .length = count,
                                        .n_buffers = 1,
                                        .buffers = batch->buffers[ARRAY_COLUMNS - 1],
                                        .children = batch->arrays,
                                        .release = release_array,
                                        .private_data = batch };
    return batch;
}

void
rows_free(rows *batch)
{
    for (int32_t i = 0; i < ARRAY_COLUMNS; i++) {
        for (int32_t j = 0; j < 3; j++)
            free(batch->owned[i][j]);
    }
    free(batch);
}

static int32_t
add_column(rows *batch, const char *name, const char *format, int32_t buffers)
{
    int32_t at = (int32_t)batch->schema.n_children;

    ck_assert_int_lt(at, ARRAY_COLUMNS - 1);
    batch->schema_columns[at] =
        (struct ArrowSchema){ .format = format, .name = name, .flags = ARROW_FLAG_NULLABLE, .release = leave_schema };
    batch->schemas[at] = &batch->schema_columns[at];
    batch->array_columns[at] = (struct ArrowArray){
        .length = batch->count, .n_buffers = buffers, .buffers = batch->buffers[at], .release = leave_array
    };
    batch->arrays[at] = &batch->array_columns[at];
    batch->schema.n_children = batch->array.n_children = at + 1;
    return at;
}

static void *
own(rows *batch, int32_t column, int32_t buffer, size_t size)
{
    batch->owned[column][buffer] = calloc(1, size + 1);
    batch->buffers[column][buffer] = batch->owned[column][buffer];
    return batch->owned[column][buffer];
}

void
rows_add_texts(rows *batch, const char *name, const char *const *texts)
{
    int32_t at = add_column(batch, name, "u", 3);
    size_t size = 0;

    for (int64_t i = 0; i < batch->count; i++)
        size += texts[i] != NULL ? strlen(texts[i]) : 0;
    uint8_t *valid = own(batch, at, 0, (size_t)batch->count / 8 + 1);
    int32_t *offsets = own(batch, at, 1, ((size_t)batch->count + 1) * sizeof *offsets);
    char *bytes = own(batch, at, 2, size);
    for (int64_t i = 0; i < batch->count; i++) {
        size_t length = texts[i] != NULL ? strlen(texts[i]) : 0;
        if (texts[i] != NULL) {
            valid[i / 8] = (uint8_t)(valid[i / 8] | 1 << (i % 8));
            memcpy(bytes + offsets[i], texts[i], length);
        } else {
            batch->array_columns[at].null_count++;
        }
        offsets[i + 1] = offsets[i] + (int32_t)length;
    }
}

void
rows_add_numbers(rows *batch, const char *name, const char *format, int32_t width, const int64_t *numbers)
{
    int32_t at = add_column(batch, name, format, 2);
    char *cells = own(batch, at, 1, (size_t)batch->count * (size_t)width);

    /* Little-endian, as all that this runs on. */
    for (int64_t i = 0; i < batch->count; i++)
        memcpy(cells + i * width, &numbers[i], (size_t)width);
}

void
rows_add_bytes(rows *batch, const char *name, const char *format, int32_t width, const void *cells)
{
    int32_t at = add_column(batch, name, format, 2);

    memcpy(own(batch, at, 1, (size_t)batch->count * (size_t)width), cells, (size_t)batch->count * (size_t)width);
}
