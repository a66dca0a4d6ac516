/* SPDX-License-Identifier: Apache-2.0 */
/* Columnar batches in the Arrow C Data layout: a builder fills one, a view reads one. Drivers know nothing else. */
#ifndef INCLOAD_LIB_BATCH_BATCH_H
#define INCLOAD_LIB_BATCH_BATCH_H

#include "base/error.h"
#include "base/str.h"
#include "batch/type.h"

/* ---- schema to and from Arrow ---- */

/* Fills `out` (a struct type with one child a column). Column metadata: "incload.native" and extension names. */
int32_t incload__schema_export(const incload__schema *schema, struct ArrowSchema *out, incload_error **err);
/* The columns of a struct type of any producer, into an empty `out`: types by format and extension name, `native` by
 * the metadata of incload__schema_export(). Releases nothing. */
int32_t incload__schema_import(const struct ArrowSchema *schema, incload__schema *out, incload_error **err);

/* ---- building ----
 * One builder serves a whole stream: put cells column by column or row by row, finish, put again. Every put appends one
 * cell to its column. Puts return INCLOAD_OK, INCLOAD_E_NO_MEMORY, or INCLOAD_E_DATA for a value the kind cannot hold.
 */
typedef struct incload__builder incload__builder;

incload__builder *incload__builder_new(const incload__mem *mem, const incload__schema *schema, incload_error **err);
void incload__builder_free(incload__builder *builder);
const incload__schema *incload__builder_schema(const incload__builder *builder);

int32_t incload__put_null(incload__builder *builder, int32_t column);
/* BOOL, every INT kind, DATE, TIME, TIMESTAMP, TIMESTAMPTZ; range-checked against the kind. UINT64: 0..INT64_MAX. */
int32_t incload__put_int(incload__builder *builder, int32_t column, int64_t value);
int32_t incload__put_uint(incload__builder *builder, int32_t column, uint64_t value);
int32_t incload__put_float(incload__builder *builder, int32_t column, double value);
/* Unscaled value at the column's scale; |value| < 10^precision is checked. */
int32_t incload__put_decimal(incload__builder *builder, int32_t column, __int128 unscaled);
/* TEXT, JSON, NATIVE, NUMERIC (UTF-8 is checked), BINARY; UUID with 16 bytes. */
int32_t incload__put_bytes(incload__builder *builder, int32_t column, const void *bytes, size_t length);
/* Parses `text` as the column's kind, strictly and without locale; every kind. The canonical forms are those of
 * incload__cell_text(); also taken: T between date and time, Z or an offset behind a TIMESTAMPTZ (for TIMESTAMP an
 * offset is refused), fractions up to 6 digits (further digits only if 0), t/f/true/false/0/1 for BOOL, upper-case
 * UUIDs. */
int32_t incload__put_text(incload__builder *builder, int32_t column, const char *text, size_t length);

int64_t incload__builder_rows(const incload__builder *builder); /* cells in the first column */
int64_t incload__builder_bytes(const incload__builder *builder); /* memory the cells take so far, about */
/* Moves the rows out as a struct array and leaves the builder empty, ready for the next batch. All columns must be of
 * equal length. The array owns its buffers and may outlive builder and schema. */
int32_t incload__builder_finish(incload__builder *builder, struct ArrowArray *out, incload_error **err);

/* ---- reading ---- */

typedef struct incload__view_column {
    incload__type type;
    const uint8_t *validity; /* NULL: no nulls */
    const void *data;
    const int32_t *offsets; /* variable-length kinds */
    int64_t offset;         /* first row, for validity, data and offsets alike */
} incload__view_column;

typedef struct incload__view {
    const incload__schema *schema;
    int64_t rows;
    incload__view_column *columns;
    const incload__mem *mem;
} incload__view;

/* Looks at `array`, which must have exactly the layout of `schema` (as incload__builder_finish makes it, sliced or
 * not). */
int32_t incload__view_init(incload__view *view, const incload__mem *mem, const incload__schema *schema,
                           const struct ArrowArray *array, incload_error **err);
void incload__view_free(incload__view *view);

static inline bool
incload__is_null(const incload__view *view, int32_t column, int64_t row)
{
    const incload__view_column *c = &view->columns[column];
    int64_t at = row + c->offset;

    return c->validity != NULL && (c->validity[at >> 3] >> (at & 7) & 1) == 0;
}

/* The getters below must not be asked of a NULL cell. */
int64_t incload__get_int(const incload__view *view, int32_t column, int64_t row); /* kinds of incload__put_int() */
uint64_t incload__get_uint(const incload__view *view, int32_t column, int64_t row);
double incload__get_float(const incload__view *view, int32_t column, int64_t row);
__int128 incload__get_decimal(const incload__view *view, int32_t column, int64_t row);
const void *incload__get_bytes(const incload__view *view, int32_t column, int64_t row, size_t *length);

/* Appends the canonical text of a cell: integers plain; floats in the shortest form that reads back to the same bits
 * ("NaN", "Infinity", "-Infinity", "-0"); decimals with exactly `scale` digits; dates YYYY-MM-DD (years beyond 9999
 * with as many digits as needed, years before 1 as "0001-01-01 BC"); times HH:MM:SS[.ffffff] (fraction only when not 0;
 * sign and hours beyond 24 as they are); timestamps "YYYY-MM-DD HH:MM:SS[.ffffff]", TIMESTAMPTZ the same in UTC with
 * +00 behind; bool true/false; UUID lower case; BINARY as lower-case hex. */
void incload__cell_text(const incload__view *view, int32_t column, int64_t row, incload__str *out);

/* ---- converting ---- */

/* A batch of schema `from` as one of schema `to` (same number and order of columns). Every value must arrive equal: a
 * narrower integer, decimal, fraction or text is checked cell by cell, and the first that does not fit is
 * INCLOAD_E_DATA naming the column and both types, never the value. Columns of equal type are moved, not copied.
 * Releases `array` in any case. Text to a typed kind parses strictly; any kind to TEXT gives the canonical text. */
int32_t incload__convert(const incload__mem *mem, const incload__schema *from, struct ArrowArray *array,
                         const incload__schema *to, struct ArrowArray *out, incload_error **err);
/* True when incload__convert() knows the pair at all; false is INCLOAD_E_TYPE at planning time. */
bool incload__convertible(incload__type to, incload__type from);

/* Takes a batch made by the host: any Arrow producer's layout for the types the library knows (also large and view
 * strings, narrower and unsigned integers, s/ms/us/ns timestamps that are whole microseconds, date64, time32). The
 * columns are those of `expected`, by name and in any order, none missing, none more; values are converted as by
 * incload__convert(). Releases neither input. */
int32_t incload__import(const incload__mem *mem, const struct ArrowSchema *schema, const struct ArrowArray *array,
                        const incload__schema *expected, struct ArrowArray *out, incload_error **err);

/* The rows whose bit in `keep` (least significant first) is set, as a new array of the same layout. Releases `array`.
 */
int32_t incload__filter(const incload__mem *mem, const incload__schema *schema, struct ArrowArray *array,
                        const uint8_t *keep, struct ArrowArray *out, incload_error **err);

/* release(), and mark as released; harmless on one that is released already. */
void incload__array_release(struct ArrowArray *array);
void incload__arrow_schema_release(struct ArrowSchema *schema);

#endif
