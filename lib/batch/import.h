/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the columns of any Arrow producer, for incload__import(). */
#ifndef INCLOAD_LIB_BATCH_IMPORT_H
#define INCLOAD_LIB_BATCH_IMPORT_H

#include "batch/batch.h"

/* How the cells of a column lie in its buffers. */
typedef enum incload__layout {
    INCLOAD__LAYOUT_NULLS,
    INCLOAD__LAYOUT_BITS,
    INCLOAD__LAYOUT_SIGNED, /* integers of `width` bytes, times `multiply`, divided by `divide` without a rest */
    INCLOAD__LAYOUT_UNSIGNED,
    INCLOAD__LAYOUT_FLOAT,
    INCLOAD__LAYOUT_DECIMAL,
    INCLOAD__LAYOUT_OFFSETS, /* of `width` bytes */
    INCLOAD__LAYOUT_VIEWS,
    INCLOAD__LAYOUT_BYTES /* `width` bytes a cell */
} incload__layout;

typedef struct incload__arrived {
    incload__type type; /* what the cells are; UNKNOWN: nothing but NULLs */
    incload__layout layout;
    int32_t width;
    int64_t multiply;
    int64_t divide;
} incload__arrived;

/* What an Arrow format stands for, given the kind that is expected (16 bytes may be a UUID). False: not known. */
bool incload__format_parse(const char *format, incload__kind expected, incload__arrived *out);
/* True when the array has the buffers its layout needs for its length. */
bool incload__arrived_fits(const incload__arrived *arrived, const struct ArrowArray *array);
/* Appends the cell at `at`, counted from the start of the buffers and not NULL. INCLOAD_E_DATA for what the type cannot
 * hold, INCLOAD_E_INVALID for buffers that contradict themselves. */
int32_t incload__arrived_put(const incload__arrived *arrived, const struct ArrowArray *array, int64_t at,
                             incload__builder *builder, int32_t column);

/* ---- column by column, for a reader that takes a batch in parts ---- */

/* One column of the host's batch, which it borrows. */
typedef struct incload__importing {
    const struct ArrowArray *array;  /* what the rows are: values, or places in the dictionary */
    const struct ArrowArray *values; /* the dictionary, or the array itself */
    incload__arrived indices;        /* of a dictionary */
    incload__arrived arrived;        /* of the values */
    int64_t offset;                  /* first row in `array` */
    const char *format;
} incload__importing;

/* The batch as a whole: a struct with the children its schema says, and no row that is NULL. */
int32_t incload__import_check(const struct ArrowSchema *schema, const struct ArrowArray *array, incload_error **err);
/* A child of a batch that was checked. */
int32_t incload__import_open(const struct ArrowSchema *schema, const struct ArrowArray *parent, int64_t child,
                             const incload__column *expected, incload__importing *out, incload_error **err);
/* Appends `rows` cells from the batch's row `first` on to a column of the builder whose type is that of the values, or
 * that takes their cells. */
int32_t incload__import_take(const incload__importing *column, int64_t first, int64_t rows, incload__builder *builder,
                             int32_t index, incload_error **err);

/* An integer cell of `width` bytes. */
int64_t incload__arrived_int(const struct ArrowArray *array, int32_t width, bool is_signed, int64_t at);

#endif
