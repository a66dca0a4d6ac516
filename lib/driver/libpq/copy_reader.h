/* SPDX-License-Identifier: Apache-2.0 */
/* The binary COPY format into a batch. Knows bytes, no connection. Nothing in the bytes is trusted. */
#ifndef INCLOAD_LIB_DRIVER_LIBPQ_COPY_READER_H
#define INCLOAD_LIB_DRIVER_LIBPQ_COPY_READER_H

#include "batch/batch.h"

typedef struct incload__copy_decoder incload__copy_decoder;

/* `type_oids` are the types that the query's columns really have: INCLOAD_E_TYPE names the first that the schema's kind
 * cannot be read from. The schema is borrowed. */
int32_t incload__copy_decoder_new(const incload__mem *mem, const incload__schema *schema, const uint32_t *type_oids,
                                  incload__copy_decoder **out, incload_error **err);
void incload__copy_decoder_free(incload__copy_decoder *decoder);

/* Takes the next piece of the stream, cut anywhere, and puts whole rows until *rows, which grows, is max_rows; the rest
 * waits for the next call, whose length may be 0. INCLOAD_E_DATA names column and fault, INCLOAD_E_PROTOCOL is for
 * bytes that are no COPY data. */
int32_t incload__copy_decode(incload__copy_decoder *decoder, const void *bytes, size_t length,
                             incload__builder *builder, int64_t max_rows, int64_t *rows, incload_error **err);
/* Fails unless the stream has ended where it should. */
int32_t incload__copy_decode_end(const incload__copy_decoder *decoder, incload_error **err);

#endif
