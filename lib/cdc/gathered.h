/* SPDX-License-Identifier: Apache-2.0 */
/* One transaction while it is sent: its messages as they came, and which of its subtransactions were aborted. */
#ifndef INCLOAD_LIB_CDC_GATHERED_H
#define INCLOAD_LIB_CDC_GATHERED_H

#include "cdc/assembler.h"

/* Messages of one (sub)transaction in a row. */
typedef struct incload__gathered_run {
    uint64_t start;
    uint32_t xid;
} incload__gathered_run;

typedef enum incload__gathered_state {
    INCLOAD__GATHERED_WAITS,
    INCLOAD__GATHERED_BEGUN, /* to be taken */
    INCLOAD__GATHERED_TAKEN
} incload__gathered_state;

/* A prepared transaction, until the target has it. */
typedef struct incload__assembler_hold {
    struct incload__assembler_hold *next;
    uint64_t lsn;     /* of PREPARE */
    uint64_t end_lsn; /* of COMMIT PREPARED; 0: not yet */
} incload__assembler_hold;

typedef struct incload__gathered {
    struct incload__gathered *next;
    const incload__mem *mem;
    incload__assembled_transaction told;
    char *gid;
    char *origin;
    incload__assembler_hold *hold; /* borrowed */
    incload__spool spool;
    incload__gathered_run *runs;
    size_t run_count, run_room;
    uint32_t *aborted; /* a set by hash; 0 is free */
    size_t aborted_count, aborted_size;
    incload__gathered_state state;
    bool relations_taken;
} incload__gathered;

/* NULL: no memory. */
incload__gathered *incload__gathered_new(const incload__mem *mem, incload__spool_space *space, uint32_t xid,
                                         bool streamed);
void incload__gathered_free(incload__gathered *transaction);
/* Copies the text; false: no memory. */
bool incload__gathered_name(incload__gathered *transaction, const char *gid);
bool incload__gathered_come_from(incload__gathered *transaction, const char *origin);
/* `xid` is that of the subtransaction. */
int32_t incload__gathered_add(incload__gathered *transaction, uint32_t xid, const void *payload, size_t length,
                              incload_error **err);
/* What the subtransaction did is left out; its own subtransactions are told one by one. */
int32_t incload__gathered_abort(incload__gathered *transaction, uint32_t subxid, incload_error **err);
bool incload__gathered_is_aborted(const incload__gathered *transaction, uint32_t xid);
/* Of a message inside: that of the (sub)transaction that did it. */
uint32_t incload__gathered_xid(const unsigned char *payload);

#endif
