/* SPDX-License-Identifier: Apache-2.0 */
/* An assembler that is told messages one by one, and what it hands over as text, one line an item:
 *
 *     begin 731 @500          with "streamed", "gid=...", "origin=..." behind it
 *     relation orders v1
 *     insert orders 500.1 id=7 t=a        NULL as -, an absent value not at all; before an update's old cells "was"
 *     truncate orders 500.2
 *     message mine content 500.3
 *     commit 500.3
 *
 * What is handed over at once is added when the end of its transaction is told, with that. */
#ifndef INCLOAD_TESTS_UNIT_CDC_ASSEMBLED_H
#define INCLOAD_TESTS_UNIT_CDC_ASSEMBLED_H

#include "base/str.h"
#include "cdc/assembler.h"
#include "wire.h"

typedef struct told {
    incload__assembler assembler;
    incload__str text;
    incload__str open; /* a '*' for each end that is not told yet */
    int64_t items;
} told;

void told_begin(told *t, int32_t protocol, size_t memory, uint64_t after);
void told_end(told *t);
/* Pushes it and takes everything; the first error is handed on. */
int32_t told_try(told *t, const wire *w, incload_error **err);
/* Must go well. */
void told_push(told *t, const wire *w);
/* The text since the last look. */
void told_is(told *t, const char *expected);

#endif
