/* SPDX-License-Identifier: Apache-2.0 */
/* Whole transactions from the messages of a replication stream, in the order of their commits.
 *
 *     incload__assembler assembler;
 *     incload__assembler_options options = { .protocol = 2, .memory = 64 << 20, .after = position };
 *     status = incload__assembler_init(&assembler, mem, &options, err);
 *     for each XLogData:
 *         status = incload__assembler_push(&assembler, payload, length, err);
 *         while (status == INCLOAD_OK) {
 *             incload__assembled item;
 *             status = incload__assembler_next(&assembler, &item, err);
 *             if (status != INCLOAD_OK || item.kind == INCLOAD__ASSEMBLED_NOTHING)
 *                 break;
 *             ...
 *         }
 *     incload__assembler_free(&assembler);
 *
 * After each push everything is to be taken before the next. After an error the assembler is to be freed and the
 * connection begun again: whatever was not applied comes again.
 *
 * A transaction is handed over when its commit came, one change after the other, each with its place: (the end of the
 * commit in the log, its number in the transaction from 1). The place is the same whenever the transaction is sent. Of
 * streamed transactions what an aborted subtransaction did is left out; of prepared ones everything waits for COMMIT
 * PREPARED. What waits lies in memory and beyond `memory` in files (spool.h), so that a transaction of any size takes
 * no more of it than that, and the sixteen bytes of each turn from one subtransaction to another.
 *
 * With `at_once` a transaction that is committed as its first message comes, which is one that is not streamed, is
 * handed over as it comes. Where it ends is told by its commit alone: until then `end_lsn` is 0, and its places, behind
 * all before it, have a stand-in for it. What comes from the first relation amid it on, and what is to wait by
 * incload__assembler_gather(), is handed over after the commit, with the numbers that follow.
 *
 * A relation comes as an item of its own before the first change of it, and again before the first change after its
 * definition changed. Those of a transaction that is left out are taken all the same. */
#ifndef INCLOAD_LIB_CDC_ASSEMBLER_H
#define INCLOAD_LIB_CDC_ASSEMBLER_H

#include "cdc/event.h"
#include "cdc/pgoutput.h"
#include "cdc/relation.h"
#include "cdc/spool.h"

typedef struct incload__assembler_options {
    int32_t protocol;      /* that was asked for, 1 to 4 */
    size_t memory;         /* bytes of transactions that wait */
    const char *directory; /* for what goes beyond, borrowed; NULL: /var/tmp */
    uint64_t after;        /* transactions that end here or before were applied: they are left out */
    bool at_once;
} incload__assembler_options;

typedef enum incload__assembled_kind {
    INCLOAD__ASSEMBLED_NOTHING, /* more is to be pushed */
    INCLOAD__ASSEMBLED_BEGIN,
    INCLOAD__ASSEMBLED_RELATION, /* a version of `relation` that no change had yet; its `before` tells what was */
    INCLOAD__ASSEMBLED_CHANGE,   /* of one relation: a truncate of several is several changes */
    INCLOAD__ASSEMBLED_MESSAGE,  /* of pg_logical_emit_message(); `transaction` is NULL where it belongs to none */
    INCLOAD__ASSEMBLED_COMMIT    /* also of transactions without a change */
} incload__assembled_kind;

typedef struct incload__assembled_transaction {
    uint32_t xid;
    uint64_t lsn;       /* of the commit */
    uint64_t end_lsn;   /* behind it: a target that has the transaction has this position. 0: not told yet */
    int64_t time_us;    /* since 1970 */
    const char *gid;    /* of a prepared one, or NULL */
    const char *origin; /* from which it was replicated to the source, or NULL */
    bool streamed;      /* parts came before its commit */
} incload__assembled_transaction;

/* All that it points to lives until the next call, relations as long as the assembler. */
typedef struct incload__assembled {
    incload__assembled_kind kind;
    incload__place place; /* of a begin with 0; of a commit with the number of the last change */
    const incload__assembled_transaction *transaction;
    const incload__relation *relation; /* of a change or relation */
    int32_t operation;                 /* of a change: INCLOAD_CHANGE_INSERT, UPDATE, DELETE or TRUNCATE */
    incload__pgoutput_message message; /* of a change: for image.h */
} incload__assembled;

typedef struct incload__assembler {
    const incload__mem *mem;
    incload__relations relations;
    incload__spool_space space;
    incload__pgoutput stream;
    uint64_t after;
    uint64_t last;                         /* end of the last transaction */
    bool at_once;
    bool passing;                          /* the open transaction, as it comes */
    const unsigned char *passed;           /* its message that is taken next, or NULL */
    size_t passed_length;
    struct incload__gathered *open;        /* from B or b on */
    struct incload__gathered *streamed;    /* those that are not ended */
    struct incload__gathered *part;        /* of them, the one between S and E */
    struct incload__gathered *prepared;    /* those that are neither committed nor rolled back */
    struct incload__gathered *ready;       /* that is being taken; may be the open one */
    struct incload__assembler_hold *holds; /* prepared ones whose changes the target does not have */
    incload__spool_reader reader;
    uint64_t ordinal;
    incload__assembled pending; /* is taken next */
    incload__pgoutput_message truncate;
    int32_t truncated; /* relations of it that were handed over */
} incload__assembler;

/* The assembler must not move afterwards. */
int32_t incload__assembler_init(incload__assembler *assembler, const incload__mem *mem,
                                const incload__assembler_options *options, incload_error **err);
void incload__assembler_free(incload__assembler *assembler);
/* One message, whose bytes must stay until the next push. INCLOAD_E_DATA: it is malformed or out of turn;
 * INCLOAD_E_STATE: something of the push before was not taken, or a file cannot be written. */
int32_t incload__assembler_push(incload__assembler *assembler, const void *payload, size_t length, incload_error **err);
int32_t incload__assembler_next(incload__assembler *assembler, incload__assembled *out, incload_error **err);
/* What is still to come of the open transaction waits for its commit. */
void incload__assembler_gather(incload__assembler *assembler);
/* Everything that was committed below the position which the server says it has sent was taken, so that the target's
 * may go on to there. Streamed transactions that have not ended do not matter: they are committed behind it, and the
 * server sends them again from their begin. */
bool incload__assembler_is_idle(const incload__assembler *assembler);
/* How far the server may be told that its log is no longer needed, when the target durably has everything up to
 * `applied`. Before it while a transaction is prepared: the server sends its changes with PREPARE alone. Who uses
 * two-phase slots therefore begins again at 0/0, which is what was last acknowledged, with `after` as applied. */
uint64_t incload__assembler_acknowledge(incload__assembler *assembler, uint64_t applied);

#endif
