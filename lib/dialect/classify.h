/* SPDX-License-Identifier: Apache-2.0 */
/* What an error means, read from a table of rules: the first rule that fits counts. */
#ifndef INCLOAD_LIB_DIALECT_CLASSIFY_H
#define INCLOAD_LIB_DIALECT_CLASSIFY_H

#include "dialect/dialect.h"

typedef struct incload__error_rule {
    const char *sqlstate; /* 5 characters, or the 2 of a class; NULL: any */
    int64_t native_code;  /* 0: any */
    int32_t code;
    bool retryable;
} incload__error_rule;

/* Looks in `rules` (ended by one with code 0), then in what the SQL standard and ODBC say of every server. */
incload__error_class incload__classify(const incload__error_rule *rules, const char *sqlstate, int64_t native_code);

#endif
