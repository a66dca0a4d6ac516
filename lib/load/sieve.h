/* SPDX-License-Identifier: Apache-2.0 */
/* The window of a source that cannot be asked for it: rows are looked at as they come, and only those of the window are
 * kept. What a server's WHERE and MAX would have told is known at the end. */
#ifndef INCLOAD_LIB_LOAD_SIEVE_H
#define INCLOAD_LIB_LOAD_SIEVE_H

#include "load/internal.h"

/* A value of the cursor, to be compared with others of it. */
typedef struct incload__cursor_value {
    bool is_float;
    bool set;
    __int128 number; /* integers, decimals at the column's scale, days, microseconds */
    double real;
} incload__cursor_value;

typedef struct incload__sieve {
    incload__cursor_value low, until, high; /* low <= value < until; high: the greatest that was kept */
} incload__sieve;

/* INCLOAD_E_TYPE for a cursor whose order is the business of a database's collation. */
int32_t incload__sieve_open(const incload__load *load, incload__sieve *sieve, incload_error **err);
/* Keeps the window's rows of a batch in the layout `travel`; notes the greatest position in load->high, and counts the
 * rows without one. Takes `array` over: it holds what is kept. */
int32_t incload__sieve_batch(incload__load *load, incload__sieve *sieve, struct ArrowArray *array, incload_error **err);

#endif
