/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of pgoutput made by hand: each function appends to one buffer. */
#ifndef INCLOAD_TESTS_UNIT_CDC_WIRE_H
#define INCLOAD_TESTS_UNIT_CDC_WIRE_H

#include <stddef.h>
#include <stdint.h>

typedef struct wire {
    unsigned char bytes[2048];
    size_t length;
} wire;

/* Begins a message of that letter; with `xid` 0 there is none behind it. */
void wire_begin(wire *w, char letter, uint32_t xid);
void wire_u8(wire *w, unsigned value);
void wire_u16(wire *w, unsigned value);
void wire_u32(wire *w, uint32_t value);
void wire_u64(wire *w, uint64_t value);
/* With its NUL. */
void wire_text(wire *w, const char *text);
/* Letter and values: NULL is NULL, "~" an unchanged large value, "#..." binary, else text. */
void wire_tuple(wire *w, char letter, const char *const *values, unsigned count);

/* Whole messages. */
void wire_transaction(wire *w, uint32_t xid, uint64_t lsn);
void wire_commit(wire *w, uint64_t lsn);
/* A table with the columns id (key, int4) and t (text). */
void wire_relation(wire *w, uint32_t xid, uint32_t oid, const char *name);
void wire_insert(wire *w, uint32_t xid, uint32_t oid, const char *id, const char *text);
void wire_stream_start(wire *w, uint32_t xid, int first);
void wire_stream_stop(wire *w);
void wire_stream_commit(wire *w, uint32_t xid, uint64_t lsn);
void wire_stream_abort(wire *w, uint32_t xid, uint32_t subxid);
/* b, P, K and p. */
void wire_prepared(wire *w, char letter, uint32_t xid, uint64_t lsn, const char *gid);
void wire_rollback_prepared(wire *w, uint32_t xid, uint64_t lsn, const char *gid);
void wire_message(wire *w, uint32_t xid, unsigned flags, const char *prefix, const char *content);
void wire_truncate(wire *w, uint32_t xid, unsigned flags, const uint32_t *oids, unsigned count);

#endif
