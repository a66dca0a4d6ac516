/* SPDX-License-Identifier: Apache-2.0 */
/* How a stream is getting on: any thread may ask. */
#include "cdc/stream.h"

static incload__stream_statistics
look(const incload_stream *stream)
{
    incload_stream *open = (incload_stream *)(uintptr_t)stream;
    incload__received received = { .position = 0 };

    incload__monitor_lock(&open->lock);
    if (open->receiver != NULL)
        incload__receiver_look(open->receiver, &received);
    incload__stream_statistics seen = open->seen;
    incload__monitor_unlock(&open->lock);
    if (received.position > seen.received)
        seen.received = received.position;
    if (seen.received > seen.end)
        seen.end = seen.received;
    return seen;
}

int32_t
incload_stream_position(const incload_stream *stream, uint64_t *position, uint64_t *ordinal, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (stream == NULL || position == NULL || ordinal == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "stream, position and ordinal must not be NULL");
    incload__stream_statistics seen = look(stream);
    *position = seen.committed.major;
    *ordinal = seen.committed.minor;
    return INCLOAD_OK;
}

uint64_t
incload_stream_received(const incload_stream *stream)
{
    return stream != NULL ? look(stream).received : 0;
}

uint64_t
incload_stream_confirmed(const incload_stream *stream)
{
    return stream != NULL ? look(stream).confirmed : 0;
}

int64_t
incload_stream_lag_bytes(const incload_stream *stream)
{
    if (stream == NULL)
        return 0;
    incload__stream_statistics seen = look(stream);
    return seen.end > seen.committed.major ? (int64_t)(seen.end - seen.committed.major) : 0;
}

int64_t
incload_stream_lag_us(const incload_stream *stream)
{
    return stream != NULL ? look(stream).lag_us : 0;
}

int64_t
incload_stream_retained_bytes(const incload_stream *stream)
{
    return stream != NULL ? look(stream).retained : 0;
}

int32_t
incload_stream_alarm(const incload_stream *stream)
{
    return stream != NULL && look(stream).alarm ? 1 : 0;
}

int64_t
incload_stream_changes(const incload_stream *stream, int32_t operation)
{
    int64_t sum = 0;

    if (stream == NULL || operation < 0 || operation > INCLOAD_CHANGE_TOMBSTONE)
        return 0;
    incload__stream_statistics seen = look(stream);
    for (int32_t i = 1; i <= INCLOAD_CHANGE_TOMBSTONE; i++)
        sum += seen.changes[i];
    return operation != 0 ? seen.changes[operation] : sum;
}

int64_t
incload_stream_transactions(const incload_stream *stream)
{
    return stream != NULL ? look(stream).transactions : 0;
}

int64_t
incload_stream_commits(const incload_stream *stream)
{
    return stream != NULL ? look(stream).commits : 0;
}

void
incload__stream_count(incload_stream *stream, incload__change_count *done, incload__place *committed)
{
    incload__stream_statistics seen = look(stream);

    *done = seen.done;
    *committed = seen.committed;
}
