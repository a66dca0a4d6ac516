/* SPDX-License-Identifier: Apache-2.0 */
#include "run/report/progress.h"

#include <string.h>

#include "run/report/picture.h"

enum { USUAL_WIDTH = 80, BAR_CELLS = 12, NAME = 40, ERROR_TEXT = 200 };

static const int64_t second = 1000000;

/* By status. */
static const char *const colours[INCLOAD_STATUS_SKIPPED + 1] = {
    "", "", "\x1b[34m", "\x1b[32m", "\x1b[31m", "\x1b[33m",
};

void
incload__progress_begin(incload__progress *progress, const incload__mem *mem, const incload__progress_style *style,
                        incload__write_fn write, void *user_data, int64_t now_us)
{
    *progress = (incload__progress){ .style = *style, .began_us = now_us, .rate_us = now_us };
    progress->sink = (incload__sink){ .text = INCLOAD__STR(mem), .write = write, .user_data = user_data };
    if (style->width <= 0)
        progress->style.width = USUAL_WIDTH;
    if (style->every_us <= 0)
        progress->style.every_us = style->bar ? second / 10 : 30 * second;
    /* The first line for the whole comes after its time; the first bar at once. */
    progress->told_us = style->bar ? now_us - progress->style.every_us : now_us;
}

static void
flush(incload__progress *progress)
{
    incload__sink *sink = &progress->sink;
    const char *text = incload__str_text(&sink->text);

    /* Progress is for the eye: without memory a line is left out, and the next is tried again. */
    if (text == NULL) {
        incload__str_free(&sink->text);
        sink->text = (incload__str)INCLOAD__STR(sink->text.mem);
        return;
    }
    if (sink->status == INCLOAD_OK && sink->text.length > 0)
        sink->status = sink->write(sink->user_data, text, sink->text.length);
    incload__str_clear(&sink->text);
}

/* A line of its own goes above the bar, which the next call draws again. */
static void
begin_line(incload__progress *progress)
{
    if (progress->drawn)
        incload__str_add(&progress->sink.text, "\r\x1b[K");
    progress->drawn = false;
}

static void
put_mark(incload__progress *progress, int32_t status)
{
    bool coloured = progress->style.colour && status > 0 && status <= INCLOAD_STATUS_SKIPPED;

    incload__str_addf(&progress->sink.text, "%s%s %s%s", coloured ? colours[status] : "", incload__picture_mark(status),
                      incload__picture_word(status), coloured ? "\x1b[0m" : "");
}

void
incload__progress_unit(incload__progress *progress, const char *step, const char *label, int32_t status, int64_t rows,
                       int64_t duration_us, const char *what)
{
    incload__str *out = &progress->sink.text;

    if (status != INCLOAD_STATUS_SKIPPED)
        incload__eta_observe(&progress->eta, duration_us);
    if (progress->style.bar && status != INCLOAD_STATUS_FAILED)
        return;
    begin_line(progress);
    put_mark(progress, status);
    incload__str_add_char(out, ' ');
    incload__put_short(out, step, NAME, incload__put_plain);
    if (incload__picture_text(label)[0] != '\0') {
        incload__str_add_char(out, ' ');
        incload__put_short(out, label, NAME, incload__put_plain);
    }
    if (rows > 0) {
        incload__str_add(out, ", ");
        incload__picture_amount(out, rows);
        incload__str_add(out, " rows");
    }
    incload__str_add(out, " in ");
    incload__picture_duration(out, duration_us);
    if (incload__picture_text(what)[0] != '\0') {
        incload__str_add(out, ": ");
        incload__put_short(out, what, ERROR_TEXT, incload__put_plain);
    }
    incload__str_add_char(out, '\n');
    flush(progress);
}

/* Smoothed over about ten seconds: the rows of a unit come all at once. */
static void
take_rate(incload__progress *progress, int64_t rows, int64_t now_us)
{
    int64_t passed = now_us - progress->rate_us;
    int64_t since_began = now_us - progress->began_us;

    if (passed < second / 2)
        return;
    double now = (double)(rows - progress->rate_rows) * (double)second / (double)passed;
    double weight = (double)passed / (double)(since_began < 10 * second ? since_began : 10 * second);
    weight = weight > 1 ? 1 : weight;
    progress->rows_per_s = (int64_t)((double)progress->rows_per_s * (1 - weight) + now * weight);
    progress->rate_us = now_us;
    progress->rate_rows = rows;
}

static int64_t
ended(const incload__progress_state *state)
{
    return state->done + state->failed + state->skipped;
}

static void
put_bar(incload__str *out, const incload__progress_state *state)
{
    int64_t full = state->total > 0 ? (int64_t)((double)ended(state) * BAR_CELLS / (double)state->total) : 0;

    for (int64_t i = 0; i < BAR_CELLS; i++)
        incload__str_add(out, i < full ? "\xe2\x96\xb0" : "\xe2\x96\xb1");
    incload__str_add_char(out, ' ');
}

static void
put_estimate(incload__progress *progress, const incload__progress_state *state, incload__str *out)
{
    incload__eta_left left = { .waiting = state->total - ended(state) - state->running,
                               .parallel = state->parallel,
                               .running = state->running_us };
    int64_t p50 = 0;
    int64_t p90 = 0;

    left.running_count = state->running_us == NULL ? 0 : state->running;
    if (state->running_us == NULL)
        left.waiting += state->running;
    left.waiting = left.waiting < 0 ? 0 : left.waiting;
    if (state->total <= ended(state) || !incload__eta_tell(&progress->eta, &left, &p50, &p90))
        return;
    incload__str_add(out, " \xc2\xb7 ETA ");
    incload__picture_duration(out, p50);
    incload__str_add(out, " (p90 ");
    incload__picture_duration(out, p90);
    incload__str_add(out, ")");
}

/* In the order of what is dropped last when the terminal is narrow. */
static void
put_state(incload__progress *progress, const incload__progress_state *state, incload__str *out)
{
    incload__str_addf(out, "%lld", (long long)ended(state));
    if (state->total > 0)
        incload__str_addf(out, "/%lld", (long long)state->total);
    incload__str_addf(out, " \xc2\xb7 %d running", state->running);
    if (state->failed > 0)
        incload__str_addf(out, " \xc2\xb7 %lld failed", (long long)state->failed);
    if (state->skipped > 0)
        incload__str_addf(out, " \xc2\xb7 %lld skipped", (long long)state->skipped);
    incload__str_add(out, " \xc2\xb7 ");
    incload__picture_amount(out, progress->rows_per_s);
    incload__str_add(out, " rows/s");
    put_estimate(progress, state, out);
}

/* One that wraps could not be drawn over: the last column stays free. */
static void
draw(incload__progress *progress, const incload__progress_state *state)
{
    incload__str line = INCLOAD__STR(progress->sink.text.mem);
    incload__str *out = &progress->sink.text;

    put_bar(&line, state);
    put_state(progress, state, &line);
    if (!line.failed) {
        bool failed = progress->style.colour && state->failed > 0;
        incload__str_add(out, "\r");
        if (progress->style.colour)
            incload__str_add(out, failed ? colours[INCLOAD_STATUS_FAILED] : colours[INCLOAD_STATUS_SUCCESS]);
        incload__put_short(out, incload__str_text(&line), progress->style.width - 2, incload__put_plain);
        incload__str_add(out, progress->style.colour ? "\x1b[0m\x1b[K" : "\x1b[K");
        progress->drawn = true;
    }
    incload__str_free(&line);
}

static void
tell(incload__progress *progress, const incload__progress_state *state, int64_t now_us)
{
    take_rate(progress, state->rows, now_us);
    if (progress->style.bar) {
        draw(progress, state);
    } else {
        put_state(progress, state, &progress->sink.text);
        incload__str_add_char(&progress->sink.text, '\n');
    }
    flush(progress);
    progress->told_us = now_us;
}

void
incload__progress_tell(incload__progress *progress, const incload__progress_state *state, int64_t now_us)
{
    if (now_us - progress->told_us >= progress->style.every_us)
        tell(progress, state, now_us);
}

int32_t
incload__progress_end(incload__progress *progress, const incload__progress_state *state, int64_t now_us,
                      incload_error **err)
{
    tell(progress, state, now_us);
    if (progress->drawn)
        incload__str_add_char(&progress->sink.text, '\n');
    progress->drawn = false;
    return incload__sink_end(&progress->sink, err);
}
