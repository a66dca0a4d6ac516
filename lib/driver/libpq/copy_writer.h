/* SPDX-License-Identifier: Apache-2.0 */
/* A batch into the binary COPY format. Knows bytes, no connection. */
#ifndef INCLOAD_LIB_DRIVER_LIBPQ_COPY_WRITER_H
#define INCLOAD_LIB_DRIVER_LIBPQ_COPY_WRITER_H

#include "batch/batch.h"

typedef struct incload__copy_encoder incload__copy_encoder;

/* True when cells of that kind have a binary form that a column of type `oid` takes for the same value. */
bool incload__copy_encodable(incload__kind kind, uint32_t oid);

/* Every column must be encodable. The schema is borrowed. */
int32_t incload__copy_encoder_new(const incload__mem *mem, const incload__schema *schema, const uint32_t *type_oids,
                                  incload__copy_encoder **out, incload_error **err);
void incload__copy_encoder_free(incload__copy_encoder *encoder);

void incload__copy_encode_header(incload__str *out);
/* Appends rows from *row on, which moves, until `out` holds `enough` bytes or the view ends. INCLOAD_E_DATA names the
 * column. */
int32_t incload__copy_encode(incload__copy_encoder *encoder, const incload__view *view, int64_t *row, size_t enough,
                             incload__str *out, incload_error **err);
void incload__copy_encode_trailer(incload__str *out);

#endif
