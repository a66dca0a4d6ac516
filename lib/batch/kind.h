/* SPDX-License-Identifier: Apache-2.0 */
/* What each kind is made of: one table that builder, view, export and conversion all read. */
#ifndef INCLOAD_LIB_BATCH_KIND_H
#define INCLOAD_LIB_BATCH_KIND_H

#include "batch/type.h"

typedef enum incload__store {
    INCLOAD__STORE_NONE,
    INCLOAD__STORE_BITS,    /* validity, bitmap */
    INCLOAD__STORE_FIXED,   /* validity, `width` bytes a cell */
    INCLOAD__STORE_VARIABLE /* validity, 32-bit offsets, bytes */
} incload__store;

/* Kinds that convert alike. */
typedef enum incload__family {
    INCLOAD__F_NONE,
    INCLOAD__F_BOOL,
    INCLOAD__F_INT,
    INCLOAD__F_UINT,
    INCLOAD__F_FLOAT,
    INCLOAD__F_DECIMAL,
    INCLOAD__F_NUMERIC,
    INCLOAD__F_DATE,
    INCLOAD__F_TIME,
    INCLOAD__F_TIMESTAMP,
    INCLOAD__F_TIMESTAMPTZ,
    INCLOAD__F_TEXT,
    INCLOAD__F_BINARY,
    INCLOAD__F_UUID,
    INCLOAD__F_JSON,
    INCLOAD__F_NATIVE,
    INCLOAD__F_COUNT
} incload__family;

typedef struct incload__kind_traits {
    const char *name;
    const char *format;    /* Arrow's; DECIMAL's goes on with precision and scale */
    const char *extension; /* Arrow extension type, or NULL */
    incload__store store;
    incload__family family;
    size_t width;       /* bytes a cell of STORE_FIXED */
    int64_t min, max;   /* what incload__put_int() takes */
    int32_t digits;     /* integers: decimal digits that hold every value; floats: bits of the significand */
    int32_t text_limit; /* longest canonical text in characters; 0: no limit */
} incload__kind_traits;

extern const incload__kind_traits incload__kinds[INCLOAD__KIND_COUNT];

static inline const incload__kind_traits *
incload__traits(incload__type type)
{
    return &incload__kinds[type.kind];
}

/* True when a column of `from` is one of `to` as it stands: same Arrow layout, and nothing to check. */
bool incload__type_same_cells(incload__type to, incload__type from);

#endif
