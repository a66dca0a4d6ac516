/* SPDX-License-Identifier: Apache-2.0 */
/* An Arrow stream of the host's: what it has, taken once. All of its functions are the host's code, so none is called
 * under a lock. */
#ifndef INCLOAD_LIB_DRIVER_ARROW_STREAM_H
#define INCLOAD_LIB_DRIVER_ARROW_STREAM_H

#include "base/env.h"
#include "batch/batch.h"

typedef struct incload__arrow_stream incload__arrow_stream;

/* Takes the stream over, also when it fails: the host's structure is then marked as released. Asks for its schema. */
incload__arrow_stream *incload__arrow_stream_new(const incload__mem *mem, struct ArrowArrayStream *stream,
                                                 incload_error **err);
/* Releases a stream that was given and is not taken. */
void incload__arrow_stream_refuse(struct ArrowArrayStream *stream);
/* Releases what is still to be released; NULL is ignored. */
void incload__arrow_stream_free(incload__arrow_stream *stream);

const incload__schema *incload__arrow_stream_columns(const incload__arrow_stream *stream);
const struct ArrowSchema *incload__arrow_stream_schema(const incload__arrow_stream *stream);

/* INCLOAD_E_STATE once its rows were claimed. Any thread. */
int32_t incload__arrow_stream_check(const incload__arrow_stream *stream, incload_error **err);
/* For one reader; for every other one INCLOAD_E_STATE. Any thread. */
int32_t incload__arrow_stream_claim(incload__arrow_stream *stream, incload_error **err);

/* For who claimed it: the next chunk, which the caller releases; out->release stays NULL at the end, and the stream is
 * then released. After a failure it is released, too. */
int32_t incload__arrow_stream_next(incload__arrow_stream *stream, struct ArrowArray *out, incload_error **err);
/* The rest is not wanted: releases it. */
void incload__arrow_stream_end(incload__arrow_stream *stream);

#endif
