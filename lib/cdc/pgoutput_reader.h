/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of one message, read from front to back with a sticky failure: read on, ask once at the end. After a failure
 * everything reads as zero, and the first problem stays. */
#ifndef INCLOAD_LIB_CDC_PGOUTPUT_READER_H
#define INCLOAD_LIB_CDC_PGOUTPUT_READER_H

#include "cdc/pgoutput.h"

typedef struct incload__pg_reader {
    const unsigned char *start;
    const unsigned char *at;
    const unsigned char *end;
    const char *problem; /* NULL: none yet */
    size_t problem_at;   /* byte from 0 */
} incload__pg_reader;

size_t incload__pg_left(const incload__pg_reader *reader);
/* Tells a problem with what begins at `at`, unless there is one already. */
void incload__pg_refuse(incload__pg_reader *reader, const unsigned char *at, const char *problem);

uint8_t incload__pg_u8(incload__pg_reader *reader);
uint16_t incload__pg_u16(incload__pg_reader *reader);
uint32_t incload__pg_u32(incload__pg_reader *reader);
uint64_t incload__pg_u64(incload__pg_reader *reader);
/* Microseconds since 2000 on the wire, since 1970 here. */
int64_t incload__pg_time(incload__pg_reader *reader);
incload__pg_text incload__pg_string(incload__pg_reader *reader);
/* The next `length` bytes. */
const unsigned char *incload__pg_skip(incload__pg_reader *reader, size_t length);

/* ---- bytes that are known to be there ---- */

uint16_t incload__pg_get16(const unsigned char *bytes);
uint32_t incload__pg_get32(const unsigned char *bytes);

#endif
