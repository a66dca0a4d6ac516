/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/gathered.h"

#include "cdc/pgoutput_reader.h"

enum { FIRST_ROOM = 16 };

incload__gathered *
incload__gathered_new(const incload__mem *mem, incload__spool_space *space, uint32_t xid, bool streamed)
{
    incload__gathered *transaction = incload__alloc(mem, sizeof *transaction);

    if (transaction == NULL)
        return NULL;
    transaction->mem = mem;
    transaction->told.xid = xid;
    transaction->told.streamed = streamed;
    incload__spool_init(&transaction->spool, space);
    return transaction;
}

void
incload__gathered_free(incload__gathered *transaction)
{
    if (transaction == NULL)
        return;
    incload__spool_free(&transaction->spool);
    incload__free(transaction->mem, transaction->runs);
    incload__free(transaction->mem, transaction->aborted);
    incload__free(transaction->mem, transaction->gid);
    incload__free(transaction->mem, transaction->origin);
    incload__free(transaction->mem, transaction);
}

static bool
keep_text(const incload__mem *mem, char **slot, const char **told, const char *text)
{
    char *copy = incload__strdup(mem, text);

    if (copy == NULL)
        return false;
    incload__free(mem, *slot);
    *slot = copy;
    *told = copy;
    return true;
}

bool
incload__gathered_name(incload__gathered *transaction, const char *gid)
{
    return keep_text(transaction->mem, &transaction->gid, &transaction->told.gid, gid);
}

bool
incload__gathered_come_from(incload__gathered *transaction, const char *origin)
{
    return keep_text(transaction->mem, &transaction->origin, &transaction->told.origin, origin);
}

uint32_t
incload__gathered_xid(const unsigned char *payload)
{
    return incload__pg_get32(payload + 1);
}

/* ---- messages ---- */

static bool
begin_run(incload__gathered *transaction, uint32_t xid)
{
    size_t count = transaction->run_count;

    if (count > 0 && transaction->runs[count - 1].xid == xid)
        return true;
    if (count == transaction->run_room) {
        size_t room = count == 0 ? FIRST_ROOM : count * 2;
        incload__gathered_run *runs = incload__realloc(transaction->mem, transaction->runs, room * sizeof *runs);
        if (runs == NULL)
            return false;
        transaction->runs = runs;
        transaction->run_room = room;
    }
    transaction->runs[transaction->run_count++] = (incload__gathered_run){ transaction->spool.end, xid };
    return true;
}

int32_t
incload__gathered_add(incload__gathered *transaction, uint32_t xid, const void *payload, size_t length,
                      incload_error **err)
{
    /* Only streamed transactions can lose a part. */
    if (transaction->told.streamed && !begin_run(transaction, xid))
        return incload__fail_memory(err);
    return incload__spool_add(&transaction->spool, payload, length, err);
}

/* ---- aborted subtransactions ---- */

static uint32_t *
slot_of(uint32_t *slots, size_t size, uint32_t xid)
{
    size_t at = (size_t)xid * 2654435761u & (size - 1);

    while (slots[at] != 0 && slots[at] != xid)
        at = (at + 1) & (size - 1);
    return &slots[at];
}

bool
incload__gathered_is_aborted(const incload__gathered *transaction, uint32_t xid)
{
    return transaction->aborted_count > 0 && *slot_of(transaction->aborted, transaction->aborted_size, xid) == xid;
}

/* At most half full. */
static bool
make_room(incload__gathered *transaction)
{
    if (transaction->aborted_count * 2 < transaction->aborted_size)
        return true;
    size_t size = transaction->aborted_size == 0 ? FIRST_ROOM : transaction->aborted_size * 2;
    uint32_t *slots = incload__alloc_array(transaction->mem, size, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < transaction->aborted_size; i++) {
        if (transaction->aborted[i] != 0)
            *slot_of(slots, size, transaction->aborted[i]) = transaction->aborted[i];
    }
    incload__free(transaction->mem, transaction->aborted);
    transaction->aborted = slots;
    transaction->aborted_size = size;
    return true;
}

/* Its messages are left out when they are read. As a rule they are the last ones and can be forgotten at once, which
 * keeps a transaction small that tries again and again. */
int32_t
incload__gathered_abort(incload__gathered *transaction, uint32_t subxid, incload_error **err)
{
    if (!make_room(transaction))
        return incload__fail_memory(err);
    uint32_t *slot = slot_of(transaction->aborted, transaction->aborted_size, subxid);
    transaction->aborted_count += *slot == 0;
    *slot = subxid;
    uint64_t end = transaction->spool.end;
    while (transaction->run_count > 0
           && incload__gathered_is_aborted(transaction, transaction->runs[transaction->run_count - 1].xid))
        end = transaction->runs[--transaction->run_count].start;
    return end < transaction->spool.end ? incload__spool_cut(&transaction->spool, end, err) : INCLOAD_OK;
}
