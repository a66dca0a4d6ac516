/* SPDX-License-Identifier: Apache-2.0 */
#include "run/report/trace.h"

#include <string.h>

incload__str *
incload__trace_event(incload__trace *trace, const char *kind, const char *name, int32_t process, int64_t thread,
                     int64_t us)
{
    incload__str *out = &trace->sink->text;

    /* The comma goes before: what ends anywhere between two events is whole. */
    incload__sink_pass(trace->sink);
    incload__str_addf(out, "%s{\"ph\":\"%s\",\"name\":", trace->begun ? ",\n" : "", kind);
    incload__put_json(out, incload__picture_text(name));
    incload__str_addf(out, ",\"pid\":%d,\"tid\":%lld,\"ts\":%lld", process, (long long)thread,
                      (long long)(us > trace->zero_us ? us - trace->zero_us : 0));
    trace->begun = true;
    return out;
}

void
incload__trace_name(incload__trace *trace, const char *what, const char *name, int32_t process, int64_t thread)
{
    incload__str *out = incload__trace_event(trace, "M", what, process, thread, trace->zero_us);

    incload__str_add(out, ",\"args\":{\"name\":");
    incload__put_json(out, incload__picture_text(name));
    incload__str_add(out, "}}");
}

void
incload__trace_state(incload__str *out, int64_t duration_us, int32_t status, const char *reason)
{
    const char *word = incload__picture_word(status);

    incload__str_addf(out,
                      ",\"dur\":%lld,\"cat\":\"%s\",\"args\":{\"status\":\"%s\",\"reason\":", (long long)duration_us,
                      word, word);
    incload__put_json(out, incload__picture_text(reason));
}

void
incload__trace_begin(incload__trace *trace, incload__sink *sink, const char *run, int64_t start_us)
{
    *trace = (incload__trace){ .sink = sink, .zero_us = start_us };
    incload__str_add(&sink->text, "[\n");
    incload__trace_name(trace, "process_name", run, INCLOAD__TRACE_RUN, 0);
}

static bool
make_room(incload__trace *trace)
{
    int32_t space = trace->worker_space < 8 ? 8 : trace->worker_space * 2;

    if (trace->worker_count < trace->worker_space)
        return true;
    char **workers = incload__realloc(trace->sink->text.mem, trace->workers, (size_t)space * sizeof *workers);
    if (workers == NULL)
        return false;
    trace->workers = workers;
    trace->worker_space = space;
    return true;
}

/* The worker's process; a new one is named first. */
static int32_t
process_of(incload__trace *trace, const char *name)
{
    if (trace->last < trace->worker_count && strcmp(trace->workers[trace->last], name) == 0)
        return trace->last + 1;
    for (int32_t i = 0; i < trace->worker_count; i++) {
        if (strcmp(trace->workers[i], name) == 0) {
            trace->last = i;
            return i + 1;
        }
    }
    char *copy = make_room(trace) ? incload__strdup(trace->sink->text.mem, name) : NULL;
    if (copy == NULL) {
        trace->sink->text.failed = true;
        return INCLOAD__TRACE_RUN;
    }
    trace->last = trace->worker_count;
    trace->workers[trace->worker_count++] = copy;
    incload__trace_name(trace, "process_name", name[0] == '\0' ? "this process" : name, trace->worker_count, 0);
    return trace->worker_count;
}

void
incload__trace_attempt(incload__trace *trace, const char *step, const incload__picture_unit *unit, int32_t number,
                       int64_t end_us)
{
    const incload__picture_attempt *attempt = &unit->attempts[number];
    int32_t process = process_of(trace, incload__picture_text(attempt->worker));
    int64_t end = attempt->end_us != 0 ? attempt->end_us : end_us;
    int64_t took = end > attempt->start_us ? end - attempt->start_us : 0;
    bool last = number + 1 == unit->attempt_count;

    incload__str *out = incload__trace_event(trace, "X", unit->label, process, attempt->slot, attempt->start_us);
    incload__trace_state(out, took, attempt->status, attempt->reason);
    incload__str_add(out, ",\"step\":");
    incload__put_json(out, step);
    incload__str_addf(out, ",\"attempt\":%d,\"rows\":%lld,\"bytes\":%lld}}", number + 1,
                      last ? (long long)unit->rows : 0, last ? (long long)unit->bytes : 0);
    if (last && !incload__picture_cancelled(attempt->status, attempt->reason))
        return;
    out = incload__trace_event(trace, "i", last ? "cancelled" : "tried again", process, attempt->slot,
                               attempt->start_us + took);
    incload__str_add(out, ",\"s\":\"t\"}");
}

void
incload__trace_end(incload__trace *trace)
{
    const incload__mem *mem = trace->sink->text.mem;

    incload__str_add(&trace->sink->text, "\n]\n");
    for (int32_t i = 0; i < trace->worker_count; i++)
        incload__free(mem, trace->workers[i]);
    incload__free(mem, trace->workers);
    *trace = (incload__trace){ .sink = trace->sink };
}
