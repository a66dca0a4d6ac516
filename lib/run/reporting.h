/* SPDX-License-Identifier: Apache-2.0 */
/* A host's function for text, as the internal sink calls it. */
#ifndef INCLOAD_LIB_RUN_REPORTING_H
#define INCLOAD_LIB_RUN_REPORTING_H

#include <incload/report.h>

#include "base/option.h"

extern const incload__option_table incload__reporting_options;
extern const incload__option_table incload__watching_options;

typedef struct incload__writer {
    incload_write_fn write;
    void *user_data;
} incload__writer;

/* As incload__write_fn; `user_data` is an incload__writer. */
int32_t incload__writer_pass(void *user_data, const char *text, size_t size);

#endif
