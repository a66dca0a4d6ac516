/* SPDX-License-Identifier: Apache-2.0 */
/* A stream as a step: a turn is a run of it, which tells the unit now and then how far it is. */
#include "cdc/stream.h"
#include "driver/database.h"
#include "run/consumer.h"

typedef struct follower {
    const incload__mem *mem;
    incload_stream *stream;
    incload__stream_run run; /* one turn at a time; other threads take its address alone */
} follower;

static void
tell(void *data)
{
    incload_unit *unit = data;

    incload__consumer_tell(incload__consumer_of(unit), unit);
}

static int32_t
turn(void *self, incload_unit *unit, const incload__consumer_values *values, incload__turn *out, incload_error **err)
{
    static const int32_t until[] = {
        [INCLOAD__CONSUME_UNTIL_CAUGHT_UP] = INCLOAD__UNTIL_CAUGHT_UP,
        [INCLOAD__CONSUME_UNTIL_STOPPED] = INCLOAD__UNTIL_STOPPED,
        [INCLOAD__CONSUME_UNTIL_POSITION] = INCLOAD__UNTIL_POSITION,
    };
    follower *f = self;
    incload__lsn position = 0;

    if (values->position != NULL)
        incload__lsn_parse(values->position, &position);
    f->run = (incload__stream_run){
        .until = until[values->until],
        .position = position,
        .told_to_stop = unit->told_to_stop,
        .enough = incload__consumer_enough(unit),
        .tell = tell,
        .data = unit,
    };
    int32_t status = incload__stream_run_for(f->stream, &f->run, err);
    if (status != INCLOAD_OK)
        return status;
    out->caught_up = out->reached = f->run.arrived;
    /* incload_stream_stop() ends what goes on until then, and is no end of the rest. */
    if (f->run.arrived || atomic_load(f->run.enough) || incload_unit_is_cancelled(unit))
        return INCLOAD_OK;
    out->stopped = true;
    return INCLOAD_OK;
}

static void
count(void *self, incload__consumed *out)
{
    const follower *f = self;
    incload__change_count done;

    incload__stream_count(f->stream, &done, &out->place);
    out->skipped = done.skipped;
    out->read = done.applied + done.skipped;
    out->written = done.written;
    out->deleted = done.deleted;
}

static void
stop(void *self)
{
    follower *f = self;

    incload__stream_break(f->stream, &f->run);
}

static void
drain(void *self)
{
    follower *f = self;

    incload__stream_nudge(f->stream, &f->run);
}

static void
follower_free(void *self)
{
    follower *f = self;

    incload_stream_unref(f->stream);
    incload__free(f->mem, f);
}

static bool
read_place(const char *text, incload__place *out)
{
    incload__lsn position = 0;
    bool read = incload__lsn_parse(text, &position);

    *out = (incload__place){ position, 0 };
    return read;
}

static const incload__consumer_ops following = {
    .options = &incload__stream_step_options,
    .read_place = read_place,
    .example = "16/B374D848",
    .turn = turn,
    .count = count,
    .stop = stop,
    .drain = drain,
    .free = follower_free,
};

incload_step *
incload_step_new_stream(incload_stream *stream, const char *options, incload_error **err)
{
    const incload__mem *mem = &incload__mem_libc;

    INCLOAD_ENTER_NULL(err);
    if (stream == NULL) {
        incload__fail(err, INCLOAD_E_INVALID, "the stream must not be NULL");
        return NULL;
    }
    follower *f = incload__alloc(mem, sizeof *f);
    if (f == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    *f = (follower){ .mem = mem, .stream = incload_stream_ref(stream) };
    return incload__consumer_step(&following, f, stream->name, incload__database_context(stream->target), options, err);
}
