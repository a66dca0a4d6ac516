/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/pgoutput_reader.h"

#include <string.h>

/* From 1970 to 2000, in microseconds. */
static const int64_t epoch = INT64_C(946684800000000);

uint16_t
incload__pg_get16(const unsigned char *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

uint32_t
incload__pg_get32(const unsigned char *bytes)
{
    return (uint32_t)incload__pg_get16(bytes) << 16 | incload__pg_get16(bytes + 2);
}

size_t
incload__pg_left(const incload__pg_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

void
incload__pg_refuse(incload__pg_reader *reader, const unsigned char *at, const char *problem)
{
    if (reader->problem == NULL) {
        reader->problem = problem;
        reader->problem_at = (size_t)(at - reader->start);
    }
    reader->at = reader->end;
}

const unsigned char *
incload__pg_skip(incload__pg_reader *reader, size_t length)
{
    const unsigned char *at = reader->at;

    if (reader->problem != NULL || incload__pg_left(reader) < length) {
        incload__pg_refuse(reader, at, "the message ends too early");
        return NULL;
    }
    reader->at += length;
    return at;
}

uint8_t
incload__pg_u8(incload__pg_reader *reader)
{
    const unsigned char *bytes = incload__pg_skip(reader, 1);

    return bytes != NULL ? bytes[0] : 0;
}

uint16_t
incload__pg_u16(incload__pg_reader *reader)
{
    const unsigned char *bytes = incload__pg_skip(reader, 2);

    return bytes != NULL ? incload__pg_get16(bytes) : 0;
}

uint32_t
incload__pg_u32(incload__pg_reader *reader)
{
    const unsigned char *bytes = incload__pg_skip(reader, 4);

    return bytes != NULL ? incload__pg_get32(bytes) : 0;
}

uint64_t
incload__pg_u64(incload__pg_reader *reader)
{
    const unsigned char *bytes = incload__pg_skip(reader, 8);

    return bytes != NULL ? (uint64_t)incload__pg_get32(bytes) << 32 | incload__pg_get32(bytes + 4) : 0;
}

int64_t
incload__pg_time(incload__pg_reader *reader)
{
    const unsigned char *at = reader->at;
    int64_t since_2000 = (int64_t)incload__pg_u64(reader);

    if (since_2000 <= INT64_MAX - epoch)
        return since_2000 + epoch;
    incload__pg_refuse(reader, at, "a time is out of range");
    return 0;
}

incload__pg_text
incload__pg_string(incload__pg_reader *reader)
{
    const unsigned char *at = reader->at;
    const unsigned char *end = reader->problem == NULL ? memchr(at, '\0', incload__pg_left(reader)) : NULL;

    if (end == NULL) {
        incload__pg_refuse(reader, at, "a text has no end");
        return (incload__pg_text){ "", 0 };
    }
    reader->at = end + 1;
    return (incload__pg_text){ (const char *)at, (size_t)(end - at) };
}
