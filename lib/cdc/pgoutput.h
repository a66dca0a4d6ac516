/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of PostgreSQL's logical replication (plugin pgoutput, protocol versions 1 to 4), taken apart where they lie.
 * Knows no connection: bytes in, one message out.
 *
 *     incload__pgoutput stream = { .protocol = 2 };
 *     incload__pgoutput_message m;
 *     int32_t status = incload__pgoutput_parse(&stream, payload, length, &m, err);
 *
 * `payload` is what follows the 25 bytes of an XLogData envelope. All texts, tuples and columns of a message point into
 * it and live as long as it does. A message that was parsed is whole: what it counts is there, so that reading its
 * tuples, columns and oids cannot fail. Anything else is refused with INCLOAD_E_DATA, which names the message and the
 * byte and never a value.
 *
 * From here on a change goes: assembler.h (whole transactions in the order of their commits), relation.h (tables as the
 * stream describes them), image.h (a change's tuples as cells). */
#ifndef INCLOAD_LIB_CDC_PGOUTPUT_H
#define INCLOAD_LIB_CDC_PGOUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* The letter on the wire. */
typedef enum incload__pgoutput_kind {
    INCLOAD__PG_BEGIN = 'B',
    INCLOAD__PG_COMMIT = 'C',
    INCLOAD__PG_ORIGIN = 'O',
    INCLOAD__PG_RELATION = 'R',
    INCLOAD__PG_TYPE = 'Y',
    INCLOAD__PG_INSERT = 'I',
    INCLOAD__PG_UPDATE = 'U',
    INCLOAD__PG_DELETE = 'D',
    INCLOAD__PG_TRUNCATE = 'T',
    INCLOAD__PG_MESSAGE = 'M',
    INCLOAD__PG_STREAM_START = 'S',
    INCLOAD__PG_STREAM_STOP = 'E',
    INCLOAD__PG_STREAM_COMMIT = 'c',
    INCLOAD__PG_STREAM_ABORT = 'A',
    INCLOAD__PG_BEGIN_PREPARE = 'b',
    INCLOAD__PG_PREPARE = 'P',
    INCLOAD__PG_COMMIT_PREPARED = 'K',
    INCLOAD__PG_ROLLBACK_PREPARED = 'r',
    INCLOAD__PG_STREAM_PREPARE = 'p'
} incload__pgoutput_kind;

/* Ends with NUL, which `length` does not count. NULL where the message has none. */
typedef struct incload__pg_text {
    const char *data;
    size_t length;
} incload__pg_text;

/* ---- tuples ---- */

typedef enum incload__pg_value_kind {
    INCLOAD__PG_NULL = 'n',
    INCLOAD__PG_UNCHANGED = 'u', /* a large value that the statement did not touch: not told, and no NULL */
    INCLOAD__PG_TEXT = 't',
    INCLOAD__PG_BINARY = 'b' /* only where START_REPLICATION asked for binary */
} incload__pg_value_kind;

typedef struct incload__pg_value {
    incload__pg_value_kind kind;
    const char *bytes; /* without a NUL behind them */
    uint32_t length;
} incload__pg_value;

typedef struct incload__pg_tuple {
    char kind; /* 'N' new, 'K' old with values for its identity alone, 'O' old and whole; 0: there is none */
    int32_t columns;
    const unsigned char *bytes; /* of the columns */
    size_t length;
} incload__pg_tuple;

/* Reads one value after the other: `*at` is 0 before the first. Not to be called more than `columns` times. */
incload__pg_value incload__pg_tuple_next(const incload__pg_tuple *tuple, size_t *at);

/* ---- messages ---- */

typedef struct incload__pg_column {
    bool key; /* belongs to the replica identity */
    incload__pg_text name;
    uint32_t type;
    int32_t typmod;
} incload__pg_column;

typedef struct incload__pgoutput_message {
    incload__pgoutput_kind kind;
    /* Of the transaction; of a change, relation, type or message inside of a stream the transaction or subtransaction
     * that did it. 0: not told (in B..C it is that of the B). */
    uint32_t xid;
    uint32_t subxid;    /* A: what is aborted; equal to `xid`: all of it */
    uint64_t lsn;       /* B C c K: the commit's; b P p: the prepare's; r: the end of the prepare; A: the abort's or 0;
                         * O: at the origin; M: its own */
    uint64_t end_lsn;   /* C c b P K p r: behind that record. The position that a commit has reached */
    int64_t time_us;    /* since 1970, of what lsn tells; r: of the rollback */
    bool first;         /* S: the first part of its transaction */
    bool transactional; /* M: belongs to its transaction; else it is outside of all */
    bool cascade;       /* T */
    bool restart;       /* T: the sequences begin again */
    uint32_t oid;       /* R I U D: of the relation; Y: of the type */
    incload__pg_text schema;   /* R Y: "" is pg_catalog */
    incload__pg_text name;     /* R Y O, M: its prefix; b P K r p: the gid */
    char identity;             /* R: 'd' default, 'n' nothing, 'f' full, 'i' an index */
    int32_t count;             /* R: columns; T: relations */
    const unsigned char *list; /* of those */
    incload__pg_tuple old;     /* U D */
    incload__pg_tuple row;     /* I U */
    const char *content;       /* M */
    size_t content_length;
} incload__pgoutput_message;

/* What must be known to read the next message. All zero but `protocol` (1 to 4) before the first. */
typedef struct incload__pgoutput {
    int32_t protocol;
    bool streaming; /* between S and E, where messages begin with an xid; kept by parse */
} incload__pgoutput;

/* INCLOAD_E_DATA. `stream` changes only when the message was right. */
int32_t incload__pgoutput_parse(incload__pgoutput *stream, const void *payload, size_t length,
                                incload__pgoutput_message *out, incload_error **err);

/* Columns of an R, one after the other: `*at` is 0 before the first. Not to be called more than `count` times. */
incload__pg_column incload__pgoutput_column(const incload__pgoutput_message *relation, size_t *at);
/* The relations of a T, `index` from 0. */
uint32_t incload__pgoutput_truncated(const incload__pgoutput_message *truncate, int32_t index);
/* "Insert", as PostgreSQL's documentation calls it; "?" for none. */
const char *incload__pgoutput_name(char kind);

#endif
