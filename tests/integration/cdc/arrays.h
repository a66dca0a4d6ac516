/* SPDX-License-Identifier: Apache-2.0 */
/* Arrow batches as a host makes them, column by column. */
#ifndef INCLOAD_TESTS_INTEGRATION_CDC_ARRAYS_H
#define INCLOAD_TESTS_INTEGRATION_CDC_ARRAYS_H

#include <incload/arrow.h>

#include <stdint.h>

enum { ARRAY_ROWS = 4096, ARRAY_COLUMNS = 12 };

typedef struct rows {
    struct ArrowSchema schema, *schemas[ARRAY_COLUMNS], schema_columns[ARRAY_COLUMNS];
    struct ArrowArray array, *arrays[ARRAY_COLUMNS], array_columns[ARRAY_COLUMNS];
    const void *buffers[ARRAY_COLUMNS][3];
    void *owned[ARRAY_COLUMNS][3];
    int64_t count;
    int32_t released; /* how often: twice is right, schema and rows */
} rows;

rows *rows_new(int64_t count);
void rows_free(rows *batch);
/* NULL for SQL NULL. */
void rows_add_texts(rows *batch, const char *name, const char *const *texts);
/* Numbers of `width` bytes in the Arrow format; none is NULL. */
void rows_add_numbers(rows *batch, const char *name, const char *format, int32_t width, const int64_t *numbers);
/* Any buffer of fixed width: of decimals 16 bytes. */
void rows_add_bytes(rows *batch, const char *name, const char *format, int32_t width, const void *cells);

#endif
