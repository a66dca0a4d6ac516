/* SPDX-License-Identifier: Apache-2.0 */
/* A batch into COPY's text format, for columns that only the server's own parser knows. */
#ifndef INCLOAD_LIB_DRIVER_LIBPQ_TEXT_WRITER_H
#define INCLOAD_LIB_DRIVER_LIBPQ_TEXT_WRITER_H

#include "dialect/dialect.h"

/* As incload__copy_encode(), with the dialect's text of each cell. `cell` is scratch space. */
int32_t incload__text_encode(const incload__dialect *dialect, const incload__schema *schema, const incload__view *view,
                             int64_t *row, size_t enough, incload__str *cell, incload__str *out, incload_error **err);

#endif
