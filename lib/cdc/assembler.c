/* SPDX-License-Identifier: Apache-2.0 */
/* Messages go to the transaction they belong to, which is over with one of them. Changes are kept as they came and
 * looked at when their transaction is handed over: one that is rolled back costs nothing but its bytes. */
#include "cdc/assembler.h"

#include <string.h>

#include "cdc/assembler_internal.h"
#include "cdc/pgoutput_reader.h"

int32_t
incload__assembler_init(incload__assembler *assembler, const incload__mem *mem,
                        const incload__assembler_options *options, incload_error **err)
{
    *assembler = (incload__assembler){ .mem = mem, .after = options->after, .at_once = options->at_once };
    if (options->protocol < 1 || options->protocol > 4)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "version %d of the replication protocol is none of 1 to 4 that are known",
                             options->protocol);
    assembler->stream.protocol = options->protocol;
    incload__relations_init(&assembler->relations, mem);
    incload__spool_space_init(&assembler->space, mem, options->directory, options->memory);
    return INCLOAD_OK;
}

static void
free_all(incload__gathered *list)
{
    while (list != NULL) {
        incload__gathered *next = list->next;
        incload__gathered_free(list);
        list = next;
    }
}

void
incload__assembler_free(incload__assembler *assembler)
{
    if (assembler->mem == NULL)
        return;
    incload__spool_reader_free(&assembler->reader);
    free_all(assembler->streamed);
    free_all(assembler->prepared);
    if (assembler->ready != assembler->open)
        incload__gathered_free(assembler->ready);
    incload__gathered_free(assembler->open);
    while (assembler->holds != NULL) {
        incload__assembler_hold *next = assembler->holds->next;
        incload__free(assembler->mem, assembler->holds);
        assembler->holds = next;
    }
    incload__relations_free(&assembler->relations);
    incload__spool_space_free(&assembler->space);
    *assembler = (incload__assembler){ .mem = NULL };
}

bool
incload__assembler_is_idle(const incload__assembler *assembler)
{
    return assembler->open == NULL && assembler->part == NULL && assembler->ready == NULL
           && assembler->pending.kind == INCLOAD__ASSEMBLED_NOTHING;
}

static int32_t
out_of_turn(const incload__pgoutput_message *message, const char *problem, incload_error **err)
{
    return incload__fail(err, INCLOAD_E_DATA,
                         "message %s of the replication stream came out of turn: %s: connect again",
                         incload__pgoutput_name((char)message->kind), problem);
}

/* ---- lists ---- */

static incload__gathered **
find_xid(incload__gathered **list, uint32_t xid)
{
    while (*list != NULL && (*list)->told.xid != xid)
        list = &(*list)->next;
    return list;
}

static incload__gathered **
find_gid(incload__gathered **list, const incload__pgoutput_message *message)
{
    while (*list != NULL && ((*list)->told.xid != message->xid || strcmp((*list)->gid, message->name.data) != 0))
        list = &(*list)->next;
    return list;
}

static incload__gathered *
take_out(incload__gathered **at)
{
    incload__gathered *transaction = *at;

    *at = transaction->next;
    transaction->next = NULL;
    return transaction;
}

/* ---- the end of a transaction ---- */

/* Takes over the transaction. */
static int32_t
finish(incload__assembler *assembler, incload__gathered *transaction, const incload__pgoutput_message *message,
       incload_error **err)
{
    bool known = message->end_lsn <= assembler->after;

    if (message->end_lsn <= assembler->last) {
        incload__gathered_free(transaction);
        return out_of_turn(message, "it ends before the transaction that came last", err);
    }
    assembler->last = message->end_lsn;
    transaction->told.lsn = message->lsn;
    transaction->told.end_lsn = message->end_lsn;
    transaction->told.time_us = message->time_us;
    if (known) {
        int32_t status = incload__assembler_take_relations(assembler, transaction, err);
        incload__gathered_free(transaction);
        return status;
    }
    assembler->ready = transaction;
    if (transaction->state == INCLOAD__GATHERED_WAITS)
        assembler->ordinal = 0;
    incload__spool_rewind(&assembler->reader, &transaction->spool);
    return INCLOAD_OK;
}

/* Takes over the transaction. Its relations count from here on, since the server takes them as told. */
static int32_t
keep_prepared(incload__assembler *assembler, incload__gathered *transaction, uint64_t lsn, incload_error **err)
{
    incload__assembler_hold *hold = incload__alloc(assembler->mem, sizeof *hold);

    transaction->next = assembler->prepared;
    assembler->prepared = transaction;
    if (hold == NULL)
        return incload__fail_memory(err);
    hold->lsn = lsn;
    hold->next = assembler->holds;
    assembler->holds = hold;
    transaction->hold = hold;
    return incload__assembler_take_relations(assembler, transaction, err);
}

uint64_t
incload__assembler_acknowledge(incload__assembler *assembler, uint64_t applied)
{
    uint64_t least = applied;
    incload__assembler_hold **at = &assembler->holds;

    while (*at != NULL) {
        incload__assembler_hold *hold = *at;
        if (hold->end_lsn != 0 && hold->end_lsn <= applied) {
            *at = hold->next;
            incload__free(assembler->mem, hold);
            continue;
        }
        least = hold->lsn < least ? hold->lsn : least;
        at = &hold->next;
    }
    return least;
}

static void
drop_hold(incload__assembler *assembler, const incload__assembler_hold *hold)
{
    incload__assembler_hold **at = &assembler->holds;

    while (*at != NULL && *at != hold)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    *at = hold->next;
    incload__free(assembler->mem, (void *)(uintptr_t)hold);
}

/* ---- messages ---- */

static int32_t
on_begin(incload__assembler *assembler, const incload__pgoutput_message *message, incload_error **err)
{
    if (assembler->open != NULL)
        return out_of_turn(message, "a transaction is open", err);
    assembler->open = incload__gathered_new(assembler->mem, &assembler->space, message->xid, false);
    if (assembler->open == NULL)
        return incload__fail_memory(err);
    assembler->open->told.lsn = message->lsn;
    if (message->kind == INCLOAD__PG_BEGIN_PREPARE)
        return incload__gathered_name(assembler->open, message->name.data) ? INCLOAD_OK : incload__fail_memory(err);
    /* One that begins behind what was applied ends behind it, too. */
    if (!assembler->at_once || message->lsn <= assembler->after)
        return INCLOAD_OK;
    if (message->lsn < assembler->last)
        return out_of_turn(message, "it ends before the transaction that came last", err);
    assembler->passing = true;
    assembler->ready = assembler->open;
    assembler->ordinal = 0;
    return INCLOAD_OK;
}

static int32_t
on_commit(incload__assembler *assembler, const incload__pgoutput_message *message, incload_error **err)
{
    incload__gathered *transaction = assembler->open;

    if (transaction == NULL || transaction->gid != NULL || transaction->told.lsn != message->lsn)
        return out_of_turn(message, "no transaction is open that ends so", err);
    assembler->open = NULL;
    assembler->passing = false;
    return finish(assembler, transaction, message, err);
}

static int32_t
on_prepare(incload__assembler *assembler, const incload__pgoutput_message *message, incload_error **err)
{
    incload__gathered *transaction = assembler->open;

    if (transaction == NULL || transaction->gid == NULL || transaction->told.lsn != message->lsn
        || strcmp(transaction->gid, message->name.data) != 0)
        return out_of_turn(message, "no transaction is open that ends so", err);
    assembler->open = NULL;
    return keep_prepared(assembler, transaction, message->lsn, err);
}

static int32_t
on_commit_prepared(incload__assembler *assembler, const incload__pgoutput_message *message, incload_error **err)
{
    incload__gathered **at = find_gid(&assembler->prepared, message);

    if (*at == NULL && message->end_lsn <= assembler->after)
        return INCLOAD_OK;
    if (*at == NULL)
        return out_of_turn(message, "its PREPARE did not come, as it does when the slot was acknowledged past it", err);
    incload__gathered *transaction = take_out(at);
    if (transaction->hold != NULL)
        transaction->hold->end_lsn = message->end_lsn;
    return finish(assembler, transaction, message, err);
}

/* Of one whose PREPARE did not come there is nothing to roll back. */
static int32_t
on_rollback_prepared(incload__assembler *assembler, const incload__pgoutput_message *message, incload_error **err)
{
    (void)err;
    incload__gathered **at = find_gid(&assembler->prepared, message);

    if (*at == NULL)
        return INCLOAD_OK;
    incload__gathered *transaction = take_out(at);
    drop_hold(assembler, transaction->hold);
    incload__gathered_free(transaction);
    return INCLOAD_OK;
}

static int32_t
on_stream_start(incload__assembler *assembler, const incload__pgoutput_message *message, incload_error **err)
{
    incload__gathered *known = *find_xid(&assembler->streamed, message->xid);

    if (assembler->open != NULL)
        return out_of_turn(message, "a transaction is open", err);
    if ((known == NULL) != message->first)
        return out_of_turn(message, known == NULL ? "the first part did not come" : "the first part comes again", err);
    assembler->part = known;
    if (known != NULL)
        return INCLOAD_OK;
    incload__gathered *transaction = incload__gathered_new(assembler->mem, &assembler->space, message->xid, true);
    if (transaction == NULL)
        return incload__fail_memory(err);
    transaction->next = assembler->streamed;
    assembler->streamed = assembler->part = transaction;
    return INCLOAD_OK;
}

static int32_t
on_stream_stop(incload__assembler *assembler, const incload__pgoutput_message *message, incload_error **err)
{
    (void)message;
    (void)err;
    assembler->part = NULL;
    return INCLOAD_OK;
}

/* Commit, prepare and abort of a transaction that was streamed. */
static int32_t
on_stream_end(incload__assembler *assembler, const incload__pgoutput_message *message, incload_error **err)
{
    incload__gathered **at = find_xid(&assembler->streamed, message->xid);

    if (assembler->open != NULL)
        return out_of_turn(message, "a transaction is open", err);
    if (*at == NULL)
        return out_of_turn(message, "no part of its transaction came", err);
    if (message->kind == INCLOAD__PG_STREAM_ABORT && message->subxid != message->xid)
        return incload__gathered_abort(*at, message->subxid, err);
    incload__gathered *transaction = take_out(at);
    if (message->kind == INCLOAD__PG_STREAM_COMMIT)
        return finish(assembler, transaction, message, err);
    if (message->kind == INCLOAD__PG_STREAM_PREPARE && incload__gathered_name(transaction, message->name.data))
        return keep_prepared(assembler, transaction, message->lsn, err);
    incload__gathered_free(transaction);
    return message->kind == INCLOAD__PG_STREAM_ABORT ? INCLOAD_OK : incload__fail_memory(err);
}

static int32_t
on_origin(incload__assembler *assembler, const incload__pgoutput_message *message, incload_error **err)
{
    incload__gathered *transaction = assembler->part != NULL ? assembler->part : assembler->open;

    if (transaction == NULL)
        return out_of_turn(message, "no transaction is open", err);
    return incload__gathered_come_from(transaction, message->name.data) ? INCLOAD_OK : incload__fail_memory(err);
}

/* What belongs to no transaction. */
static int32_t
on_single(incload__assembler *assembler, const incload__pgoutput_message *message, incload_error **err)
{
    const incload__relation *relation;

    if (message->kind == INCLOAD__PG_RELATION || message->kind == INCLOAD__PG_TYPE)
        return incload__relations_take(&assembler->relations, message, &relation, err);
    if (message->kind != INCLOAD__PG_MESSAGE || message->transactional)
        return out_of_turn(message, "no transaction is open", err);
    assembler->pending = (incload__assembled){
        .kind = INCLOAD__ASSEMBLED_MESSAGE,
        .place = { .major = message->lsn },
        .message = *message,
    };
    return INCLOAD_OK;
}

static const struct {
    incload__pgoutput_kind kind;
    int32_t (*take)(incload__assembler *assembler, const incload__pgoutput_message *message, incload_error **err);
} takers[] = {
    { INCLOAD__PG_BEGIN, on_begin },
    { INCLOAD__PG_COMMIT, on_commit },
    { INCLOAD__PG_ORIGIN, on_origin },
    { INCLOAD__PG_STREAM_START, on_stream_start },
    { INCLOAD__PG_STREAM_STOP, on_stream_stop },
    { INCLOAD__PG_STREAM_COMMIT, on_stream_end },
    { INCLOAD__PG_STREAM_ABORT, on_stream_end },
    { INCLOAD__PG_STREAM_PREPARE, on_stream_end },
    { INCLOAD__PG_BEGIN_PREPARE, on_begin },
    { INCLOAD__PG_PREPARE, on_prepare },
    { INCLOAD__PG_COMMIT_PREPARED, on_commit_prepared },
    { INCLOAD__PG_ROLLBACK_PREPARED, on_rollback_prepared },
};

static int32_t
take_message(incload__assembler *assembler, const incload__pgoutput_message *message, incload_error **err)
{
    for (size_t i = 0; i < sizeof takers / sizeof takers[0]; i++) {
        if (takers[i].kind == message->kind)
            return takers[i].take(assembler, message, err);
    }
    return on_single(assembler, message, err);
}

bool
incload__assembler_is_change(char letter)
{
    return letter != '\0' && strchr("IUDTRYM", letter) != NULL;
}

/* Whether a change is kept as it is: inside of a streamed part it must have the xid that it is kept under. */
static bool
can_gather(const incload__assembler *assembler, const unsigned char *payload, size_t length)
{
    if (length == 0 || !incload__assembler_is_change((char)payload[0]))
        return false;
    if (assembler->part != NULL)
        return length > 4 && incload__gathered_xid(payload) != 0;
    return assembler->open != NULL;
}

void
incload__assembler_gather(incload__assembler *assembler)
{
    assembler->passing = false;
}

/* Whether a change is handed over as it comes. What is told of relations may bring more than changes: it comes first,
 * or after the commit. */
static bool
can_pass(const incload__assembler *assembler, const unsigned char *payload, size_t length)
{
    bool first = assembler->ordinal == 0;

    if (!assembler->passing)
        return false;
    switch (payload[0]) {
    case INCLOAD__PG_RELATION:
    case INCLOAD__PG_TYPE:
        return first;
    case INCLOAD__PG_INSERT:
    case INCLOAD__PG_UPDATE:
    case INCLOAD__PG_DELETE:
        return first
               || (length > 4
                   && !incload__relations_is_unused(&assembler->relations, incload__pg_get32(payload + 1)));
    default:
        return false;
    }
}

int32_t
incload__assembler_push(incload__assembler *assembler, const void *payload, size_t length, incload_error **err)
{
    incload__pgoutput_message message;
    incload__gathered *part = assembler->part;

    if (assembler->ready != NULL || assembler->pending.kind != INCLOAD__ASSEMBLED_NOTHING)
        return incload__fail(err, INCLOAD_E_STATE, "what the last message brought was not taken");
    if (can_gather(assembler, payload, length)) {
        assembler->passing = can_pass(assembler, payload, length);
        if (assembler->passing) {
            assembler->ready = assembler->open;
            assembler->passed = payload;
            assembler->passed_length = length;
            return INCLOAD_OK;
        }
        uint32_t xid = part != NULL ? incload__gathered_xid(payload) : 0;
        return incload__gathered_add(part != NULL ? part : assembler->open, xid, payload, length, err);
    }
    int32_t status = incload__pgoutput_parse(&assembler->stream, payload, length, &message, err);
    return status == INCLOAD_OK ? take_message(assembler, &message, err) : status;
}
