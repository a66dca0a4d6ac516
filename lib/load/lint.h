/* SPDX-License-Identifier: Apache-2.0 */
/* What of a load's tables, columns and servers will cost speed or rows, before it does. */
#ifndef INCLOAD_LIB_LOAD_LINT_H
#define INCLOAD_LIB_LOAD_LINT_H

#include "load/load.h"
#include "load/look.h"

enum { INCLOAD__SEVERITY_INFO = 1, INCLOAD__SEVERITY_WARNING, INCLOAD__SEVERITY_ERROR };

typedef struct incload__finding {
    const char *id; /* static */
    int32_t severity;
    char *object;
    const char *text;   /* static: what happens */
    const char *remedy; /* static */
} incload__finding;

typedef struct incload__findings {
    const incload__mem *mem;
    incload__finding items[24];
    int32_t count;
} incload__findings;

/* A server's row of lint.sql. */
enum { INCLOAD__LINT_TRACKED, INCLOAD__LINT_OLDEST, INCLOAD__LINT_ZONE };

/* Everything that the rules look at. */
typedef struct incload__linted {
    const incload__load_spec *spec;
    const incload__strategy_values *how;
    const incload__dialect *from;
    const incload__dialect *to;
    incload__looked source;
    bool has_source; /* false: a query */
    incload__looked target;
    bool has_target;
    incload__rows source_server;
    incload__rows target_server;
    incload__rows target_engine;
    incload__list key;
    incload__list columns;
} incload__linted;

/* lint_rules.c: the findings, in the order of the rules. */
int32_t incload__lint_judge(const incload__linted *at, incload__findings *out, incload_error **err);

/* Looks in read-only transactions, and judges. `out` is to be freed also after a failure. */
int32_t incload__lint(const incload__load_spec *spec, incload__findings *out, incload_error **err);
void incload__findings_free(incload__findings *findings);

#endif
