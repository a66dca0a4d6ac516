/* SPDX-License-Identifier: Apache-2.0 */
/* Which message is laid out how, and where it may come: the formats of the server's proto.c, one reader for each. */
#include "cdc/pgoutput.h"

#include <string.h>

#include "cdc/pgoutput_reader.h"

/* Where a message may stand. */
enum { OUTSIDE = 1, INSIDE = 2, ANYWHERE = OUTSIDE | INSIDE };
enum { CASCADE = 1, RESTART = 2, TRANSACTIONAL = 1, KEY = 1 };
enum { STREAMS_SINCE = 2, PREPARED_SINCE = 3, ABORT_TIME_SINCE = 4 };

typedef struct message_kind {
    char letter;
    const char *name;
    int32_t since;  /* protocol version */
    int32_t where;  /* of a streamed part */
    bool of_change; /* inside of one it begins with an xid */
    void (*read)(incload__pg_reader *reader, int32_t protocol, incload__pgoutput_message *m);
} message_kind;

/* ---- parts that several messages share ---- */

static uint64_t
read_lsn(incload__pg_reader *reader)
{
    const unsigned char *at = reader->at;
    uint64_t lsn = incload__pg_u64(reader);

    if (lsn == 0)
        incload__pg_refuse(reader, at, "a log position is 0");
    return lsn;
}

static uint32_t
read_xid(incload__pg_reader *reader)
{
    const unsigned char *at = reader->at;
    uint32_t xid = incload__pg_u32(reader);

    if (xid == 0)
        incload__pg_refuse(reader, at, "a transaction id is 0");
    return xid;
}

/* Flags that have a meaning; the server may give others one some day, and what they say must not be passed over. */
static uint8_t
read_flags(incload__pg_reader *reader, unsigned known)
{
    const unsigned char *at = reader->at;
    uint8_t flags = incload__pg_u8(reader);

    if ((flags & ~known) != 0)
        incload__pg_refuse(reader, at, "a flag is unknown");
    return flags;
}

static void
read_positions(incload__pg_reader *reader, incload__pgoutput_message *m)
{
    m->lsn = read_lsn(reader);
    m->end_lsn = read_lsn(reader);
    m->time_us = incload__pg_time(reader);
}

static void
read_value(incload__pg_reader *reader)
{
    const unsigned char *at = reader->at;
    uint8_t kind = incload__pg_u8(reader);

    if (kind == INCLOAD__PG_NULL || kind == INCLOAD__PG_UNCHANGED)
        return;
    if (kind != INCLOAD__PG_TEXT && kind != INCLOAD__PG_BINARY)
        incload__pg_refuse(reader, at, "a value is neither NULL, unchanged, text nor binary");
    incload__pg_skip(reader, incload__pg_u32(reader));
}

static void
read_tuple(incload__pg_reader *reader, char kind, incload__pg_tuple *out)
{
    uint16_t columns = incload__pg_u16(reader);
    const unsigned char *start = reader->at;

    for (int32_t i = 0; i < columns && reader->problem == NULL; i++)
        read_value(reader);
    if (reader->problem == NULL)
        *out = (incload__pg_tuple){ kind, columns, start, (size_t)(reader->at - start) };
}

/* ---- messages ---- */

static void
read_begin(incload__pg_reader *reader, int32_t protocol, incload__pgoutput_message *m)
{
    (void)protocol;
    m->lsn = read_lsn(reader);
    m->time_us = incload__pg_time(reader);
    m->xid = read_xid(reader);
}

static void
read_commit(incload__pg_reader *reader, int32_t protocol, incload__pgoutput_message *m)
{
    (void)protocol;
    read_flags(reader, 0);
    read_positions(reader, m);
}

static void
read_origin(incload__pg_reader *reader, int32_t protocol, incload__pgoutput_message *m)
{
    (void)protocol;
    m->lsn = incload__pg_u64(reader);
    m->name = incload__pg_string(reader);
}

static void
read_relation(incload__pg_reader *reader, int32_t protocol, incload__pgoutput_message *m)
{
    (void)protocol;
    m->oid = incload__pg_u32(reader);
    m->schema = incload__pg_string(reader);
    m->name = incload__pg_string(reader);
    const unsigned char *at = reader->at;
    m->identity = (char)incload__pg_u8(reader);
    if (memchr("dnfi", m->identity, 4) == NULL)
        incload__pg_refuse(reader, at, "the replica identity is none that is known");
    m->count = incload__pg_u16(reader);
    m->list = reader->at;
    for (int32_t i = 0; i < m->count && reader->problem == NULL; i++) {
        read_flags(reader, KEY);
        incload__pg_string(reader);
        incload__pg_skip(reader, 8);
    }
}

static void
read_type(incload__pg_reader *reader, int32_t protocol, incload__pgoutput_message *m)
{
    (void)protocol;
    m->oid = incload__pg_u32(reader);
    m->schema = incload__pg_string(reader);
    m->name = incload__pg_string(reader);
}

/* The letter before a tuple. */
static char
read_tuple_kind(incload__pg_reader *reader, const char *known)
{
    const unsigned char *at = reader->at;
    char kind = (char)incload__pg_u8(reader);

    if (kind == '\0' || strchr(known, kind) == NULL)
        incload__pg_refuse(reader, at, "a tuple is of a kind that does not belong here");
    return kind;
}

static void
read_insert(incload__pg_reader *reader, int32_t protocol, incload__pgoutput_message *m)
{
    (void)protocol;
    m->oid = incload__pg_u32(reader);
    read_tuple(reader, read_tuple_kind(reader, "N"), &m->row);
}

static void
read_update(incload__pg_reader *reader, int32_t protocol, incload__pgoutput_message *m)
{
    (void)protocol;
    m->oid = incload__pg_u32(reader);
    char kind = read_tuple_kind(reader, "KON");
    if (kind != 'N') {
        read_tuple(reader, kind, &m->old);
        kind = read_tuple_kind(reader, "N");
    }
    read_tuple(reader, kind, &m->row);
}

static void
read_delete(incload__pg_reader *reader, int32_t protocol, incload__pgoutput_message *m)
{
    (void)protocol;
    m->oid = incload__pg_u32(reader);
    read_tuple(reader, read_tuple_kind(reader, "KO"), &m->old);
}

static void
read_truncate(incload__pg_reader *reader, int32_t protocol, incload__pgoutput_message *m)
{
    (void)protocol;
    const unsigned char *at = reader->at;
    uint32_t count = incload__pg_u32(reader);
    uint8_t flags = read_flags(reader, CASCADE | RESTART);
    m->cascade = (flags & CASCADE) != 0;
    m->restart = (flags & RESTART) != 0;
    m->list = reader->at;
    if (count > incload__pg_left(reader) / 4 || count > INT32_MAX) {
        incload__pg_refuse(reader, at, "it tells of more relations than it has");
        return;
    }
    m->count = (int32_t)count;
    incload__pg_skip(reader, (size_t)count * 4);
}

static void
read_message(incload__pg_reader *reader, int32_t protocol, incload__pgoutput_message *m)
{
    (void)protocol;
    m->transactional = (read_flags(reader, TRANSACTIONAL) & TRANSACTIONAL) != 0;
    m->lsn = incload__pg_u64(reader);
    m->name = incload__pg_string(reader);
    m->content_length = incload__pg_u32(reader);
    m->content = (const char *)incload__pg_skip(reader, m->content_length);
}

static void
read_stream_start(incload__pg_reader *reader, int32_t protocol, incload__pgoutput_message *m)
{
    (void)protocol;
    m->xid = read_xid(reader);
    m->first = read_flags(reader, 1) == 1;
}

static void
read_stream_stop(incload__pg_reader *reader, int32_t protocol, incload__pgoutput_message *m)
{
    (void)reader;
    (void)protocol;
    (void)m;
}

static void
read_stream_commit(incload__pg_reader *reader, int32_t protocol, incload__pgoutput_message *m)
{
    m->xid = read_xid(reader);
    read_commit(reader, protocol, m);
}

/* Position and time come with streaming = parallel alone, which the message itself does not tell. */
static void
read_stream_abort(incload__pg_reader *reader, int32_t protocol, incload__pgoutput_message *m)
{
    m->xid = read_xid(reader);
    m->subxid = read_xid(reader);
    if (protocol < ABORT_TIME_SINCE || incload__pg_left(reader) == 0)
        return;
    m->lsn = incload__pg_u64(reader);
    m->time_us = incload__pg_time(reader);
}

static void
read_begin_prepare(incload__pg_reader *reader, int32_t protocol, incload__pgoutput_message *m)
{
    (void)protocol;
    read_positions(reader, m);
    m->xid = read_xid(reader);
    m->name = incload__pg_string(reader);
}

/* Prepare, commit prepared and stream prepare alike. */
static void
read_prepared(incload__pg_reader *reader, int32_t protocol, incload__pgoutput_message *m)
{
    read_flags(reader, 0);
    read_begin_prepare(reader, protocol, m);
}

static void
read_rollback_prepared(incload__pg_reader *reader, int32_t protocol, incload__pgoutput_message *m)
{
    (void)protocol;
    read_flags(reader, 0);
    m->lsn = read_lsn(reader);
    m->end_lsn = read_lsn(reader);
    incload__pg_time(reader);
    m->time_us = incload__pg_time(reader);
    m->xid = read_xid(reader);
    m->name = incload__pg_string(reader);
}

static const message_kind kinds[] = {
    { 'I', "Insert", 1, ANYWHERE, true, read_insert },
    { 'U', "Update", 1, ANYWHERE, true, read_update },
    { 'D', "Delete", 1, ANYWHERE, true, read_delete },
    { 'B', "Begin", 1, OUTSIDE, false, read_begin },
    { 'C', "Commit", 1, OUTSIDE, false, read_commit },
    { 'O', "Origin", 1, ANYWHERE, false, read_origin },
    { 'R', "Relation", 1, ANYWHERE, true, read_relation },
    { 'Y', "Type", 1, ANYWHERE, true, read_type },
    { 'T', "Truncate", 1, ANYWHERE, true, read_truncate },
    { 'M', "Message", 1, ANYWHERE, true, read_message },
    { 'S', "Stream Start", STREAMS_SINCE, OUTSIDE, false, read_stream_start },
    { 'E', "Stream Stop", STREAMS_SINCE, INSIDE, false, read_stream_stop },
    { 'c', "Stream Commit", STREAMS_SINCE, OUTSIDE, false, read_stream_commit },
    { 'A', "Stream Abort", STREAMS_SINCE, OUTSIDE, false, read_stream_abort },
    { 'b', "Begin Prepare", PREPARED_SINCE, OUTSIDE, false, read_begin_prepare },
    { 'P', "Prepare", PREPARED_SINCE, OUTSIDE, false, read_prepared },
    { 'K', "Commit Prepared", PREPARED_SINCE, OUTSIDE, false, read_prepared },
    { 'r', "Rollback Prepared", PREPARED_SINCE, OUTSIDE, false, read_rollback_prepared },
    { 'p', "Stream Prepare", PREPARED_SINCE, OUTSIDE, false, read_prepared },
};

static const message_kind *
kind_of(char letter)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].letter == letter)
            return &kinds[i];
    }
    return NULL;
}

const char *
incload__pgoutput_name(char kind)
{
    const message_kind *known = kind_of(kind);

    return known != NULL ? known->name : "?";
}

/* ---- one message ---- */

static void
check_turn(incload__pg_reader *reader, const incload__pgoutput *stream, const message_kind *kind)
{
    if (kind == NULL)
        incload__pg_refuse(reader, reader->start, "there is no message of that kind");
    else if (kind->since > stream->protocol)
        incload__pg_refuse(reader, reader->start, "this version of the protocol does not have it");
    else if ((kind->where & (stream->streaming ? INSIDE : OUTSIDE)) == 0)
        incload__pg_refuse(reader, reader->start,
                           stream->streaming ? "it came inside of a streamed part" : "no streamed part is open");
}

static int32_t
fail(const incload__pg_reader *reader, const message_kind *kind, incload_error **err)
{
    return incload__fail(err, INCLOAD_E_DATA,
                         "message %s of the replication stream is malformed at byte %zu of %zu: %s: connect again, and "
                         "if it comes again check that the slot's plugin is pgoutput",
                         kind != NULL ? kind->name : "(unknown)", reader->problem_at,
                         (size_t)(reader->end - reader->start), reader->problem);
}

int32_t
incload__pgoutput_parse(incload__pgoutput *stream, const void *payload, size_t length, incload__pgoutput_message *out,
                        incload_error **err)
{
    const unsigned char *bytes = payload;
    incload__pg_reader reader = { .start = bytes, .at = bytes, .end = bytes + length };

    *out = (incload__pgoutput_message){ .kind = INCLOAD__PG_BEGIN };
    char letter = (char)incload__pg_u8(&reader);
    const message_kind *kind = reader.problem == NULL ? kind_of(letter) : NULL;
    check_turn(&reader, stream, kind);
    if (reader.problem != NULL)
        return fail(&reader, kind, err);
    out->kind = (incload__pgoutput_kind)letter;
    if (stream->streaming && kind->of_change)
        out->xid = read_xid(&reader);
    kind->read(&reader, stream->protocol, out);
    if (reader.problem == NULL && incload__pg_left(&reader) > 0)
        incload__pg_refuse(&reader, reader.at, "the message goes on behind its end");
    if (reader.problem != NULL)
        return fail(&reader, kind, err);
    if (letter == INCLOAD__PG_STREAM_START || letter == INCLOAD__PG_STREAM_STOP)
        stream->streaming = letter == INCLOAD__PG_STREAM_START;
    return INCLOAD_OK;
}

/* ---- what a message that was parsed holds ---- */

incload__pg_value
incload__pg_tuple_next(const incload__pg_tuple *tuple, size_t *at)
{
    const unsigned char *bytes = tuple->bytes + *at;
    incload__pg_value value = { .kind = (incload__pg_value_kind)bytes[0] };

    *at += 1;
    if (value.kind == INCLOAD__PG_NULL || value.kind == INCLOAD__PG_UNCHANGED)
        return value;
    value.length = incload__pg_get32(bytes + 1);
    value.bytes = (const char *)bytes + 5;
    *at += 4 + (size_t)value.length;
    return value;
}

incload__pg_column
incload__pgoutput_column(const incload__pgoutput_message *relation, size_t *at)
{
    const unsigned char *bytes = relation->list + *at;
    const char *name = (const char *)bytes + 1;
    size_t length = strlen(name);

    *at += length + 10;
    return (incload__pg_column){
        .key = (bytes[0] & KEY) != 0,
        .name = { name, length },
        .type = incload__pg_get32(bytes + length + 2),
        .typmod = (int32_t)incload__pg_get32(bytes + length + 6),
    };
}

uint32_t
incload__pgoutput_truncated(const incload__pgoutput_message *truncate, int32_t index)
{
    return incload__pg_get32(truncate->list + (size_t)index * 4);
}
