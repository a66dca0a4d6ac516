/* SPDX-License-Identifier: Apache-2.0 */
/* What the ledger keeps of a backfill's run, so that any process tells any of its units by its place: the range as it
 * was written, the order, and which ordinals are taken. */
#ifndef INCLOAD_LIB_RUN_BACKFILL_SPEC_H
#define INCLOAD_LIB_RUN_BACKFILL_SPEC_H

#include "run/backfill.h"

/* Ordinals that are taken, as ranges; places count them in ascending order. */
typedef struct incload__taken {
    const incload__mem *mem;
    struct {
        int64_t first;
        int64_t last;
        int64_t before; /* places of the ranges before */
    } * ranges;
    int64_t count;
    int64_t capacity;
    int64_t places;
} incload__taken;

#define INCLOAD__TAKEN(mem_pointer)                                                                                    \
    {                                                                                                                  \
        .mem = (mem_pointer)                                                                                           \
    }

/* Ascending. */
int32_t incload__taken_add(incload__taken *taken, int64_t ordinal, incload_error **err);
/* "0-54,57,60-90" */
void incload__taken_print(const incload__taken *taken, incload__str *out);
/* False for what is no such text, or names an ordinal past `units`. */
bool incload__taken_parse(incload__taken *taken, const char *text, int64_t units);
int64_t incload__taken_at(const incload__taken *taken, int64_t place);
void incload__taken_free(incload__taken *taken);

/* Which unit is handed out as the one of number `seq`. */
typedef struct incload__sequence {
    const incload__mem *mem;
    incload__taken taken;
    int32_t order;
    int32_t *bisected; /* places in their order; NULL of the other orders */
} incload__sequence;

int32_t incload__sequence_init(incload__sequence *sequence, int32_t order, incload_error **err);
int64_t incload__sequence_at(const incload__sequence *sequence, int64_t seq);
void incload__sequence_free(incload__sequence *sequence);

enum { INCLOAD__SPEC_HASH_SIZE = 33 };

/* JSON; `taken` NULL: without, which is what the hash is of. */
int32_t incload__backfill_spec_print(const incload_step *step, const incload__taken *taken, incload__str *out,
                                     incload_error **err);
void incload__backfill_spec_hash(const char *spec, char out[INCLOAD__SPEC_HASH_SIZE]);
/* The sequence of a run, from what the ledger has of it. INCLOAD_E_STATE for what this library did not write. */
int32_t incload__backfill_spec_read(const incload__mem *mem, const char *spec, int64_t units, incload__sequence *out,
                                    incload_error **err);
/* A backfill of a function without work, with the range of that run; NULL for what this library did not write. */
incload_step *incload__backfill_spec_step(const char *spec);

#endif
