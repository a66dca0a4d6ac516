/* SPDX-License-Identifier: Apache-2.0 */
/* What gathering and handing over share. */
#ifndef INCLOAD_LIB_CDC_ASSEMBLER_INTERNAL_H
#define INCLOAD_LIB_CDC_ASSEMBLER_INTERNAL_H

#include "cdc/gathered.h"

/* The messages that belong into a transaction. */
bool incload__assembler_is_change(char letter);
/* The next message that was not aborted, in `payload` of `length`; NULL behind the last. */
int32_t incload__assembler_read(incload__assembler *assembler, const incload__gathered *transaction,
                                const unsigned char **payload, size_t *length, incload_error **err);
int32_t incload__assembler_parse(const incload__assembler *assembler, const incload__gathered *transaction,
                                 const unsigned char *payload, size_t length, incload__pgoutput_message *out,
                                 incload_error **err);
/* The relations that a transaction tells of, which is not handed over now. */
int32_t incload__assembler_take_relations(incload__assembler *assembler, incload__gathered *transaction,
                                          incload_error **err);

#endif
