/* SPDX-License-Identifier: Apache-2.0 */
/* Compares a load's target with its source: what incload_verify() stands on. Reads only. */
#ifndef INCLOAD_LIB_LOAD_VERIFY_H
#define INCLOAD_LIB_LOAD_VERIFY_H

#include "load/load.h"
#include "load/verify_digest.h"

extern const incload__option_table incload__verify_options;

/* Indexes into the words of the option table: the order is fixed. */
enum { INCLOAD__VERIFY_ALL, INCLOAD__VERIFY_LOADED };
enum { INCLOAD__DIGEST_AUTO, INCLOAD__DIGEST_DATABASE, INCLOAD__DIGEST_CLIENT };

typedef struct incload__verify_values {
    int64_t timeout;
    int64_t list;
    int32_t window;
    int32_t digest;
    int64_t memory;
} incload__verify_values;

typedef struct incload__difference {
    int32_t kind; /* INCLOAD_DIFFERENCE_... */
    char *key;
    char *columns;
    int64_t source_rows; /* with that key, or equal to that row */
    int64_t target_rows;
} incload__difference;

/* Owned by the caller, from mem. */
typedef struct incload__verify_result {
    const char *digest; /* static text */
    char *digest_reason;
    incload__bucket source; /* the whole of each side */
    incload__bucket target;
    int64_t missing;
    int64_t extra;
    int64_t different;
    int64_t duplicated;
    int64_t pending;
    bool at_least; /* further differences are certain to be there, or were not looked at */
    incload__difference *list;
    int32_t list_count;
} incload__verify_result;

/* The unit's counters say what was read; its flag cancels. spec->function must be NULL. */
int32_t incload__verify_run(const incload__load_spec *spec, const incload__verify_values *values, incload_unit *unit,
                            incload__verify_result *result, incload_error **err);
void incload__verify_result_free(const incload__mem *mem, incload__verify_result *result);

#endif
