/* SPDX-License-Identifier: Apache-2.0 */
/* A spool from its first record to its last: what is in the file first, through a buffer, then its blocks. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cdc/spool_internal.h"

enum { BUFFER = 256 * 1024, PREFIX = sizeof(uint32_t) };

void
incload__spool_rewind(incload__spool_reader *reader, const incload__spool *spool)
{
    reader->mem = spool->space->mem;
    reader->spool = spool;
    reader->at = 0;
    reader->block = spool->first;
    reader->filled = 0;
    reader->base = 0;
}

void
incload__spool_reader_free(incload__spool_reader *reader)
{
    if (reader->mem != NULL)
        incload__free(reader->mem, reader->buffer);
    *reader = (incload__spool_reader){ .at = 0 };
}

static int32_t
grow(incload__spool_reader *reader, size_t size, incload_error **err)
{
    if (reader->size >= size)
        return INCLOAD_OK;
    char *buffer = incload__realloc(reader->mem, reader->buffer, size);
    if (buffer == NULL)
        return incload__fail_memory(err);
    reader->buffer = buffer;
    reader->size = size;
    return INCLOAD_OK;
}

/* Reads on into the buffer, which begins at the place to read from. */
static int32_t
fill(incload__spool_reader *reader, incload_error **err)
{
    uint64_t left = reader->spool->saved - reader->at;
    size_t wanted = left < reader->size ? (size_t)left : reader->size;
    int saved = errno;

    reader->base = reader->at;
    reader->filled = 0;
    while (reader->filled < wanted) {
        ssize_t got = pread(reader->spool->file, reader->buffer + reader->filled, wanted - reader->filled,
                            (off_t)(reader->base + reader->filled));
        if (got < 0 && errno != EINTR)
            return incload__spool_fail(reader->spool, "read", err);
        if (got == 0)
            return incload__fail(err, INCLOAD_E_STATE,
                                 "a file for large transactions is shorter than it was written: connect again");
        if (got > 0)
            reader->filled += (size_t)got;
    }
    errno = saved;
    return INCLOAD_OK;
}

/* Makes `length` bytes from the place to read on stand in the buffer. */
static int32_t
want(incload__spool_reader *reader, size_t length, incload_error **err)
{
    if (reader->at >= reader->base && reader->at + length <= reader->base + reader->filled)
        return INCLOAD_OK;
    int32_t status = grow(reader, length > BUFFER ? length : BUFFER, err);
    if (status != INCLOAD_OK)
        return status;
    return fill(reader, err);
}

static int32_t
next_of_file(incload__spool_reader *reader, const unsigned char **bytes, size_t *length, incload_error **err)
{
    uint32_t size;
    int32_t status = want(reader, PREFIX, err);

    if (status != INCLOAD_OK)
        return status;
    memcpy(&size, reader->buffer + (reader->at - reader->base), PREFIX);
    status = want(reader, PREFIX + (size_t)size, err);
    if (status != INCLOAD_OK)
        return status;
    *bytes = (const unsigned char *)reader->buffer + (reader->at - reader->base) + PREFIX;
    *length = size;
    reader->at += PREFIX + (uint64_t)size;
    return INCLOAD_OK;
}

static void
next_of_blocks(incload__spool_reader *reader, const unsigned char **bytes, size_t *length)
{
    const spool_block *block = reader->block;
    uint32_t size;

    while (block != NULL && reader->at >= block->base + block->used)
        block = block->next;
    reader->block = block;
    *bytes = NULL;
    *length = 0;
    if (block == NULL)
        return;
    const char *record = block->data + (reader->at - block->base);
    memcpy(&size, record, PREFIX);
    *bytes = (const unsigned char *)record + PREFIX;
    *length = size;
    reader->at += PREFIX + (uint64_t)size;
}

int32_t
incload__spool_next(incload__spool_reader *reader, const unsigned char **bytes, size_t *length, incload_error **err)
{
    if (reader->at < reader->spool->saved)
        return next_of_file(reader, bytes, length, err);
    next_of_blocks(reader, bytes, length);
    return INCLOAD_OK;
}
