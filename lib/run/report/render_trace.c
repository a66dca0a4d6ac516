/* SPDX-License-Identifier: Apache-2.0 */
/* All of a picture as a Chrome trace: steps, what they waited for, attempts, and counters. */
#include "run/report/report.h"

#include <stdlib.h>

#include "base/error.h"
#include "run/report/trace.h"

typedef struct moment {
    int64_t us;
    int64_t rows;
    int32_t change; /* of the number that is running */
} moment;

static int64_t
attempts_of(const incload__picture *picture)
{
    int64_t count = 0;

    for (int64_t i = 0; i < picture->unit_count; i++)
        count += picture->units[i].attempt_count;
    return count;
}

static void
put_steps(incload__trace *trace, const incload__picture *picture)
{
    for (int32_t i = 0; i < picture->step_count; i++)
        incload__trace_name(trace, "thread_name", picture->steps[i].name, INCLOAD__TRACE_RUN, i + 1);
    for (int32_t i = 0; i < picture->step_count; i++) {
        const incload__picture_step *step = &picture->steps[i];
        if (step->start_us == 0)
            continue;
        int64_t end = incload__picture_end(picture, step->start_us, step->end_us);
        incload__str *out = incload__trace_event(trace, "X", step->name, INCLOAD__TRACE_RUN, i + 1, step->start_us);
        incload__trace_state(out, end - step->start_us, step->status, step->reason);
        incload__str_addf(out, ",\"rows\":%lld,\"bytes\":%lld}}", (long long)step->rows, (long long)step->bytes);
    }
}

/* Arrows from the end of a step to the begin of the one that waited for it. */
static void
put_edges(incload__trace *trace, const incload__picture *picture)
{
    for (int32_t i = 0; i < picture->edge_count; i++) {
        const incload__picture_edge *edge = &picture->edges[i];
        const incload__picture_step *from = &picture->steps[edge->from];
        const incload__picture_step *to = &picture->steps[edge->to];
        if (from->start_us == 0 || from->end_us == 0 || to->start_us == 0)
            continue;
        /* A flow belongs to the slice it lies in, which its end is not part of. */
        int64_t leave = from->end_us > from->start_us ? from->end_us - 1 : from->start_us;
        incload__str *out = incload__trace_event(trace, "s", "waits for", INCLOAD__TRACE_RUN, edge->from + 1, leave);
        incload__str_addf(out, ",\"cat\":\"dependency\",\"id\":%d}", i + 1);
        out = incload__trace_event(trace, "f", "waits for", INCLOAD__TRACE_RUN, edge->to + 1, to->start_us);
        incload__str_addf(out, ",\"cat\":\"dependency\",\"id\":%d,\"bp\":\"e\"}", i + 1);
    }
}

static int
by_time(const void *a, const void *b)
{
    const moment *x = a;
    const moment *y = b;

    if (x->us != y->us)
        return x->us < y->us ? -1 : 1;
    return x->change < y->change ? -1 : x->change > y->change;
}

static int64_t
find_moments(const incload__picture *picture, moment *moments)
{
    int64_t count = 0;

    for (int64_t i = 0; i < picture->unit_count; i++) {
        const incload__picture_unit *unit = &picture->units[i];
        for (int32_t a = 0; a < unit->attempt_count; a++) {
            const incload__picture_attempt *attempt = &unit->attempts[a];
            bool kept = a + 1 == unit->attempt_count && unit->status == INCLOAD_STATUS_SUCCESS;
            if (attempt->start_us == 0)
                continue;
            moments[count++] = (moment){ attempt->start_us, 0, 1 };
            if (attempt->end_us != 0)
                moments[count++] = (moment){ attempt->end_us, kept ? unit->rows : 0, -1 };
        }
    }
    qsort(moments, (size_t)count, sizeof *moments, by_time);
    return count;
}

/* How many ran, and how many rows were durable, at every moment that changed it. */
static void
put_counters(incload__trace *trace, const moment *moments, int64_t count)
{
    int64_t running = 0;
    int64_t rows = 0;

    for (int64_t i = 0; i < count; i++) {
        running += moments[i].change;
        rows += moments[i].rows;
        if (i + 1 < count && moments[i + 1].us == moments[i].us)
            continue;
        incload__str *out = incload__trace_event(trace, "C", "running", INCLOAD__TRACE_RUN, 0, moments[i].us);
        incload__str_addf(out, ",\"args\":{\"units\":%lld}}", (long long)running);
        out = incload__trace_event(trace, "C", "rows", INCLOAD__TRACE_RUN, 0, moments[i].us);
        incload__str_addf(out, ",\"args\":{\"written\":%lld}}", (long long)rows);
    }
}

static void
put_attempts(incload__trace *trace, const incload__picture *picture, int64_t limit)
{
    int64_t left = limit > 0 ? limit : INT64_MAX;

    for (int64_t i = 0; i < picture->unit_count; i++) {
        const incload__picture_unit *unit = &picture->units[i];
        for (int32_t a = 0; a < unit->attempt_count && left > 0; a++, left--) {
            if (unit->attempts[a].start_us != 0)
                incload__trace_attempt(trace, picture->steps[unit->step].name, unit, a, picture->now_us);
        }
    }
}

static int64_t
zero_of(const incload__picture *picture)
{
    int64_t zero = picture->start_us;

    for (int32_t i = 0; i < picture->step_count; i++) {
        int64_t start = picture->steps[i].start_us;
        if (start != 0 && (zero == 0 || start < zero))
            zero = start;
    }
    return zero;
}

int32_t
incload__render_trace(incload__sink *sink, const incload__picture *picture, const incload__report_options *options,
                      incload_error **err)
{
    const incload__mem *mem = sink->text.mem;
    moment *moments = incload__alloc_array(mem, (size_t)attempts_of(picture) * 2, sizeof *moments);
    incload__trace trace;

    if (moments == NULL)
        return incload__fail_memory(err);
    incload__trace_begin(&trace, sink, picture->name, zero_of(picture));
    put_steps(&trace, picture);
    put_edges(&trace, picture);
    put_attempts(&trace, picture, options->max_units);
    put_counters(&trace, moments, find_moments(picture, moments));
    incload__trace_end(&trace);
    incload__free(mem, moments);
    return INCLOAD_OK;
}
