/* SPDX-License-Identifier: Apache-2.0 */
/* A change table as a step: a turn is a batch of it. */
#include "cdc/capture.h"
#include "driver/database.h"
#include "run/consumer.h"

typedef struct catcher {
    const incload__mem *mem;
    incload_capture *table;
    incload__consuming at;
} catcher;

static int32_t
turn(void *self, incload_unit *unit, const incload__consumer_values *values, incload__turn *out, incload_error **err)
{
    catcher *c = self;

    (void)values;
    int32_t status = incload__capture_turn(&c->at, unit->told_to_stop, unit->deadline_us, err);
    if (status != INCLOAD_OK)
        return status;
    out->caught_up = c->at.emptied;
    out->idle = c->at.count == 0;
    return INCLOAD_OK;
}

static void
count(void *self, incload__consumed *out)
{
    const catcher *c = self;

    out->read = c->table->consumed;
    out->written = c->table->written;
    out->deleted = c->table->deleted;
}

static void
stop(void *self)
{
    catcher *c = self;

    incload__capture_break(c->table);
}

static void
catcher_free(void *self)
{
    catcher *c = self;

    incload_capture_unref(c->table);
    incload__free(c->mem, c);
}

static const incload__consumer_ops catching = {
    .options = &incload__capture_step_options,
    .turn = turn,
    .count = count,
    .stop = stop,
    .free = catcher_free,
};

incload_step *
incload_step_new_capture(incload_capture *table, const char *options, incload_error **err)
{
    const incload__mem *mem = &incload__mem_libc;

    INCLOAD_ENTER_NULL(err);
    if (table == NULL) {
        incload__fail(err, INCLOAD_E_INVALID, "the change table must not be NULL");
        return NULL;
    }
    catcher *c = incload__alloc(mem, sizeof *c);
    if (c == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    *c = (catcher){ .mem = mem, .table = incload_capture_ref(table), .at = { .table = table } };
    return incload__consumer_step(&catching, c, table->name, incload__database_context(table->target), options, err);
}
