/* SPDX-License-Identifier: Apache-2.0 */
/* The form of the system's time zone files (RFC 8536), from bytes that may be broken in any way. */
#ifndef INCLOAD_LIB_BASE_TZIF_H
#define INCLOAD_LIB_BASE_TZIF_H

#include "base/error.h"
#include "base/mem.h"
#include "base/tzrule.h"

typedef struct incload__tzif {
    incload__tzrule_event *changes; /* ascending, each to another offset */
    int32_t count;
    int32_t first_offset; /* before the first of them */
    bool has_rule;        /* for what comes after the last */
    incload__tzrule rule;
} incload__tzif;

/* On failure nothing has to be freed. `name` is for messages. */
int32_t incload__tzif_parse(const incload__mem *mem, const char *name, const void *bytes, size_t length,
                            incload__tzif *out, incload_error **err);
void incload__tzif_free(const incload__mem *mem, incload__tzif *tzif);

#endif
