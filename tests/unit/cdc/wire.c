/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include <string.h>

/* What ends at position n began LENGTH before it. */
enum { LENGTH = 8 };

void
wire_u8(wire *w, unsigned value)
{
    if (w->length < sizeof w->bytes)
        w->bytes[w->length++] = (unsigned char)value;
}

void
wire_u16(wire *w, unsigned value)
{
    wire_u8(w, value >> 8 & 0xff);
    wire_u8(w, value & 0xff);
}

void
wire_u32(wire *w, uint32_t value)
{
    wire_u16(w, value >> 16);
    wire_u16(w, value & 0xffff);
}

void
wire_u64(wire *w, uint64_t value)
{
    wire_u32(w, (uint32_t)(value >> 32));
    wire_u32(w, (uint32_t)value);
}

static void
wire_bytes(wire *w, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        wire_u8(w, (unsigned char)bytes[i]);
}

void
wire_text(wire *w, const char *text)
{
    wire_bytes(w, text, strlen(text) + 1);
}

void
wire_begin(wire *w, char letter, uint32_t xid)
{
    w->length = 0;
    wire_u8(w, (unsigned char)letter);
    if (xid != 0)
        wire_u32(w, xid);
}

void
wire_tuple(wire *w, char letter, const char *const *values, unsigned count)
{
    wire_u8(w, (unsigned char)letter);
    wire_u16(w, count);
    for (unsigned i = 0; i < count; i++) {
        const char *value = values[i];
        if (value == NULL || strcmp(value, "~") == 0) {
            wire_u8(w, value == NULL ? 'n' : 'u');
            continue;
        }
        wire_u8(w, value[0] == '#' ? 'b' : 't');
        wire_u32(w, (uint32_t)strlen(value));
        wire_bytes(w, value, strlen(value));
    }
}

void
wire_transaction(wire *w, uint32_t xid, uint64_t lsn)
{
    wire_begin(w, 'B', 0);
    wire_u64(w, lsn - LENGTH);
    wire_u64(w, lsn);
    wire_u32(w, xid);
}

static void
wire_end(wire *w, uint64_t lsn)
{
    wire_u8(w, 0);
    wire_u64(w, lsn - LENGTH);
    wire_u64(w, lsn);
    wire_u64(w, lsn);
}

void
wire_commit(wire *w, uint64_t lsn)
{
    wire_begin(w, 'C', 0);
    wire_end(w, lsn);
}

void
wire_relation(wire *w, uint32_t xid, uint32_t oid, const char *name)
{
    wire_begin(w, 'R', xid);
    wire_u32(w, oid);
    wire_text(w, "public");
    wire_text(w, name);
    wire_u8(w, 'd');
    wire_u16(w, 2);
    wire_u8(w, 1);
    wire_text(w, "id");
    wire_u32(w, 23);
    wire_u32(w, UINT32_MAX);
    wire_u8(w, 0);
    wire_text(w, "t");
    wire_u32(w, 25);
    wire_u32(w, UINT32_MAX);
}

void
wire_insert(wire *w, uint32_t xid, uint32_t oid, const char *id, const char *text)
{
    wire_begin(w, 'I', xid);
    wire_u32(w, oid);
    wire_tuple(w, 'N', (const char *const[]){ id, text }, 2);
}

void
wire_stream_start(wire *w, uint32_t xid, int first)
{
    wire_begin(w, 'S', xid);
    wire_u8(w, first != 0);
}

void
wire_stream_stop(wire *w)
{
    wire_begin(w, 'E', 0);
}

void
wire_stream_commit(wire *w, uint32_t xid, uint64_t lsn)
{
    wire_begin(w, 'c', xid);
    wire_end(w, lsn);
}

void
wire_stream_abort(wire *w, uint32_t xid, uint32_t subxid)
{
    wire_begin(w, 'A', xid);
    wire_u32(w, subxid);
}

void
wire_prepared(wire *w, char letter, uint32_t xid, uint64_t lsn, const char *gid)
{
    wire_begin(w, letter, 0);
    if (letter != 'b')
        wire_u8(w, 0);
    wire_u64(w, lsn - LENGTH);
    wire_u64(w, lsn);
    wire_u64(w, lsn);
    wire_u32(w, xid);
    wire_text(w, gid);
}

void
wire_rollback_prepared(wire *w, uint32_t xid, uint64_t lsn, const char *gid)
{
    wire_begin(w, 'r', 0);
    wire_end(w, lsn);
    wire_u64(w, lsn);
    wire_u32(w, xid);
    wire_text(w, gid);
}

void
wire_message(wire *w, uint32_t xid, unsigned flags, const char *prefix, const char *content)
{
    wire_begin(w, 'M', xid);
    wire_u8(w, flags);
    wire_u64(w, 77);
    wire_text(w, prefix);
    wire_u32(w, (uint32_t)strlen(content));
    wire_bytes(w, content, strlen(content));
}

void
wire_truncate(wire *w, uint32_t xid, unsigned flags, const uint32_t *oids, unsigned count)
{
    wire_begin(w, 'T', xid);
    wire_u32(w, count);
    wire_u8(w, flags);
    for (unsigned i = 0; i < count; i++)
        wire_u32(w, oids[i]);
}
