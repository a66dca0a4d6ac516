/* SPDX-License-Identifier: Apache-2.0 */
/* A transaction that has ended, handed over one item after the other. */
#include "cdc/assembler_internal.h"

int32_t
incload__assembler_read(incload__assembler *assembler, const incload__gathered *transaction,
                        const unsigned char **payload, size_t *length, incload_error **err)
{
    for (;;) {
        int32_t status = incload__spool_next(&assembler->reader, payload, length, err);
        if (status != INCLOAD_OK || *payload == NULL)
            return status;
        if (transaction->aborted_count == 0
            || !incload__gathered_is_aborted(transaction, incload__gathered_xid(*payload)))
            return INCLOAD_OK;
    }
}

int32_t
incload__assembler_parse(const incload__assembler *assembler, const incload__gathered *transaction,
                         const unsigned char *payload, size_t length, incload__pgoutput_message *out,
                         incload_error **err)
{
    incload__pgoutput stream = { .protocol = assembler->stream.protocol, .streaming = transaction->told.streamed };

    return incload__pgoutput_parse(&stream, payload, length, out, err);
}

static bool
tells_of_relations(const unsigned char *payload)
{
    return payload[0] == INCLOAD__PG_RELATION || payload[0] == INCLOAD__PG_TYPE;
}

int32_t
incload__assembler_take_relations(incload__assembler *assembler, incload__gathered *transaction, incload_error **err)
{
    incload__pgoutput_message message;
    const incload__relation *relation;
    const unsigned char *payload;
    size_t length;

    transaction->relations_taken = true;
    incload__spool_rewind(&assembler->reader, &transaction->spool);
    for (;;) {
        int32_t status = incload__assembler_read(assembler, transaction, &payload, &length, err);
        if (status != INCLOAD_OK)
            return status;
        if (payload == NULL)
            return INCLOAD_OK;
        if (!tells_of_relations(payload))
            continue;
        status = incload__assembler_parse(assembler, transaction, payload, length, &message, err);
        if (status == INCLOAD_OK)
            status = incload__relations_take(&assembler->relations, &message, &relation, err);
        if (status != INCLOAD_OK)
            return status;
    }
}

/* ---- items ---- */

/* Or, before it is told, what is behind all that came before and not behind it. */
static uint64_t
end_of(const incload__assembled_transaction *transaction)
{
    return transaction->end_lsn != 0 ? transaction->end_lsn : transaction->lsn + 1;
}

static void
fill(const incload__assembler *assembler, incload__assembled_kind kind, incload__assembled *out)
{
    *out = (incload__assembled){
        .kind = kind,
        .place = { end_of(&assembler->ready->told), assembler->ordinal },
        .transaction = &assembler->ready->told,
    };
}

static int32_t
unknown_relation(const incload__pgoutput_message *message, uint32_t oid, incload_error **err)
{
    return incload__fail(err, INCLOAD_E_DATA,
                         "message %s of the replication stream is of relation %u, which the stream did not tell of: "
                         "connect again",
                         incload__pgoutput_name((char)message->kind), oid);
}

static int32_t
wrong_width(const incload__relation *relation, int32_t columns, incload_error **err)
{
    return incload__fail(err, INCLOAD_E_DATA,
                         "a change of \"%s\".\"%s\" has %d columns, and the stream told of %d: connect again",
                         relation->schema, relation->name, columns, relation->count);
}

static int32_t
operation_of(incload__pgoutput_kind kind)
{
    switch (kind) {
    case INCLOAD__PG_INSERT:
        return INCLOAD_CHANGE_INSERT;
    case INCLOAD__PG_UPDATE:
        return INCLOAD_CHANGE_UPDATE;
    case INCLOAD__PG_DELETE:
        return INCLOAD_CHANGE_DELETE;
    default:
        return INCLOAD_CHANGE_TRUNCATE;
    }
}

/* One change of one relation, or first the relation when no change of this version came before. */
static int32_t
hand_over(incload__assembler *assembler, const incload__pgoutput_message *message, uint32_t oid,
          incload__assembled *out, incload_error **err)
{
    const incload__relation *relation = incload__relations_find(&assembler->relations, oid);

    if (relation == NULL)
        return unknown_relation(message, oid, err);
    if (message->row.kind != 0 && message->row.columns != relation->count)
        return wrong_width(relation, message->row.columns, err);
    if (message->old.kind != 0 && message->old.columns != relation->count)
        return wrong_width(relation, message->old.columns, err);
    incload__assembled relation_item;
    fill(assembler, INCLOAD__ASSEMBLED_RELATION, &relation_item);
    relation_item.relation = relation;
    assembler->ordinal++;
    fill(assembler, INCLOAD__ASSEMBLED_CHANGE, out);
    out->relation = relation;
    out->operation = operation_of(message->kind);
    out->message = *message;
    if (incload__relations_first_use(&assembler->relations, oid)) {
        assembler->pending = *out;
        *out = relation_item;
    }
    return INCLOAD_OK;
}

static int32_t
hand_over_truncated(incload__assembler *assembler, incload__assembled *out, incload_error **err)
{
    uint32_t oid = incload__pgoutput_truncated(&assembler->truncate, assembler->truncated);

    assembler->truncated++;
    return hand_over(assembler, &assembler->truncate, oid, out, err);
}

/* A message of the transaction. Leaves `out` as nothing when there is no item in it. */
static int32_t
take(incload__assembler *assembler, const incload__pgoutput_message *message, incload__assembled *out,
     incload_error **err)
{
    const incload__relation *relation;

    switch (message->kind) {
    case INCLOAD__PG_RELATION:
    case INCLOAD__PG_TYPE:
        if (assembler->ready->relations_taken)
            return INCLOAD_OK;
        return incload__relations_take(&assembler->relations, message, &relation, err);
    case INCLOAD__PG_MESSAGE:
        assembler->ordinal++;
        fill(assembler, INCLOAD__ASSEMBLED_MESSAGE, out);
        out->message = *message;
        return INCLOAD_OK;
    case INCLOAD__PG_TRUNCATE:
        assembler->truncate = *message;
        assembler->truncated = 0;
        return INCLOAD_OK;
    default:
        return hand_over(assembler, message, message->oid, out, err);
    }
}

static int32_t
read_ready(incload__assembler *assembler, const unsigned char **payload, size_t *length, incload_error **err)
{
    if (assembler->ready != assembler->open)
        return incload__assembler_read(assembler, assembler->ready, payload, length, err);
    *payload = assembler->passed;
    *length = assembler->passed_length;
    assembler->passed = NULL;
    return INCLOAD_OK;
}

/* There is no more of it: for now, or at all. */
static void
end_ready(incload__assembler *assembler, incload__assembled *out)
{
    if (assembler->ready == assembler->open) {
        assembler->ready = NULL;
        return;
    }
    fill(assembler, INCLOAD__ASSEMBLED_COMMIT, out);
    assembler->ready->state = INCLOAD__GATHERED_TAKEN;
}

/* The next message of the transaction, which may hold no item. */
static int32_t
step(incload__assembler *assembler, incload__assembled *out, incload_error **err)
{
    incload__pgoutput_message message;
    const unsigned char *payload;
    size_t length;

    if (assembler->truncated < assembler->truncate.count)
        return hand_over_truncated(assembler, out, err);
    int32_t status = read_ready(assembler, &payload, &length, err);
    if (status != INCLOAD_OK)
        return status;
    if (payload == NULL) {
        end_ready(assembler, out);
        return INCLOAD_OK;
    }
    status = incload__assembler_parse(assembler, assembler->ready, payload, length, &message, err);
    return status == INCLOAD_OK ? take(assembler, &message, out, err) : status;
}

int32_t
incload__assembler_next(incload__assembler *assembler, incload__assembled *out, incload_error **err)
{
    incload__gathered *ready = assembler->ready;
    int32_t status = INCLOAD_OK;

    *out = assembler->pending;
    assembler->pending = (incload__assembled){ .kind = INCLOAD__ASSEMBLED_NOTHING };
    if (out->kind != INCLOAD__ASSEMBLED_NOTHING || ready == NULL)
        return INCLOAD_OK;
    if (ready->state == INCLOAD__GATHERED_TAKEN) {
        incload__gathered_free(ready);
        assembler->ready = NULL;
        return INCLOAD_OK;
    }
    if (ready->state == INCLOAD__GATHERED_WAITS) {
        ready->state = INCLOAD__GATHERED_BEGUN;
        fill(assembler, INCLOAD__ASSEMBLED_BEGIN, out);
        return INCLOAD_OK;
    }
    while (status == INCLOAD_OK && out->kind == INCLOAD__ASSEMBLED_NOTHING && assembler->ready != NULL)
        status = step(assembler, out, err);
    return status;
}
