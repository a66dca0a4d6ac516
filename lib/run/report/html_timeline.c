/* SPDX-License-Identifier: Apache-2.0 */
/* The timeline: a bar for each step, under it the attempts of its units, and the path that decided how long it took. */
#include "run/report/html.h"

#include <stdlib.h>

#include "base/error.h"

enum { NAMES = 190, PLOT = 860, EDGE = 40, ROW = 24, LANE = 9, MAX_ROWS = 300, MAX_LANES = 32, TOP = 26 };

static const int64_t second = 1000000;

typedef struct span {
    int64_t start_us;
    int64_t end_us;
    const incload__picture_unit *unit;
    int32_t attempt;
    int32_t lane;
} span;

typedef struct chart {
    incload__page *page;
    int64_t zero_us;
    int64_t length_us;
    span *spans; /* of the units, by step and start */
    int64_t span_count;
    int64_t span_space;
    int64_t all_spans;
    int32_t *lanes; /* of each step */
    int32_t *tops;  /* where each step's row begins; -1: it has none */
    int32_t height;
} chart;

static int
by_step_and_start(const void *a, const void *b)
{
    const span *x = a;
    const span *y = b;

    if (x->unit->step != y->unit->step)
        return x->unit->step < y->unit->step ? -1 : 1;
    return x->start_us < y->start_us ? -1 : x->start_us > y->start_us;
}

static bool
is_drawn(const incload__page *page, const incload__picture_unit *unit)
{
    /* Its step's bar says it already. */
    return unit->attempt_count != 1 || !incload__page_is_step(page, unit);
}

static int64_t
count_spans(const incload__page *page)
{
    int64_t count = 0;

    for (int64_t i = 0; i < page->picture->unit_count; i++)
        count += is_drawn(page, &page->picture->units[i]) ? page->picture->units[i].attempt_count : 0;
    return count;
}

/* Of more than there is room for, those that failed and of the rest each so-manieth. */
static void
find_spans(chart *drawn)
{
    const incload__picture *picture = drawn->page->picture;
    int64_t stride = drawn->all_spans / drawn->span_space + (drawn->all_spans % drawn->span_space != 0);
    int64_t number = 0;

    for (int64_t i = 0; i < picture->unit_count; i++) {
        const incload__picture_unit *unit = &picture->units[i];
        for (int32_t a = 0; a < unit->attempt_count && is_drawn(drawn->page, unit); a++) {
            int64_t start = unit->attempts[a].start_us;
            int64_t end = incload__picture_end(picture, start, unit->attempts[a].end_us);
            bool wanted = number++ % stride == 0 || unit->attempts[a].status == INCLOAD_STATUS_FAILED;
            if (start != 0 && wanted && drawn->span_count < drawn->span_space)
                drawn->spans[drawn->span_count++] = (span){ start, end, unit, a, 0 };
        }
    }
    qsort(drawn->spans, (size_t)drawn->span_count, sizeof *drawn->spans, by_step_and_start);
}

/* Each attempt in the first lane that is free by then; past the last lane they overlap. */
static void
find_lanes(chart *drawn)
{
    int64_t free_at[MAX_LANES] = { 0 };
    int32_t step = -1;

    for (int64_t i = 0; i < drawn->span_count; i++) {
        span *at = &drawn->spans[i];
        if (at->unit->step != step) {
            step = at->unit->step;
            for (int32_t lane = 0; lane < MAX_LANES; lane++)
                free_at[lane] = INT64_MIN;
        }
        while (at->lane < MAX_LANES - 1 && free_at[at->lane] > at->start_us)
            at->lane++;
        free_at[at->lane] = at->end_us;
        if (at->lane >= drawn->lanes[step])
            drawn->lanes[step] = at->lane + 1;
    }
}

static void
find_rows(chart *drawn)
{
    const incload__picture *picture = drawn->page->picture;
    int32_t rows = 0;
    int64_t end = picture->start_us;

    drawn->zero_us = picture->start_us;
    drawn->height = TOP;
    for (int32_t i = 0; i < picture->step_count; i++) {
        const incload__picture_step *step = &picture->steps[i];
        int64_t last = incload__picture_end(picture, step->start_us, step->end_us);
        drawn->tops[i] = -1;
        if (step->start_us == 0)
            continue;
        if (drawn->zero_us == 0 || step->start_us < drawn->zero_us)
            drawn->zero_us = step->start_us;
        if (last > end)
            end = last;
        if (rows++ >= MAX_ROWS)
            continue;
        drawn->tops[i] = drawn->height;
        drawn->height += ROW + (drawn->lanes[i] > 0 ? drawn->lanes[i] * LANE + 5 : 0);
    }
    for (int64_t i = 0; i < drawn->span_count; i++)
        end = drawn->spans[i].end_us > end ? drawn->spans[i].end_us : end;
    drawn->length_us = end > drawn->zero_us ? end - drawn->zero_us : 1;
}

/* In tenths of a pixel, so that short attempts stay apart. */
static int64_t
x_of(const chart *drawn, int64_t us)
{
    int64_t since = us > drawn->zero_us ? us - drawn->zero_us : 0;

    if (since > drawn->length_us)
        since = drawn->length_us;
    return NAMES * 10 + (int64_t)((__int128)since * (PLOT * 10) / drawn->length_us);
}

static void
put_tenths(incload__str *out, const char *name, int64_t tenths)
{
    incload__str_addf(out, " %s=\"%lld.%lld\"", name, (long long)(tenths / 10), (long long)(tenths % 10));
}

static void
put_rect(chart *drawn, const char *kind, int64_t start_us, int64_t end_us, int32_t y, int32_t height)
{
    incload__str *out = &drawn->page->sink->text;
    int64_t x = x_of(drawn, start_us);
    int64_t width = x_of(drawn, end_us) - x;

    incload__str_addf(out, "<rect class=\"%s\"", kind);
    put_tenths(out, "x", x);
    incload__str_addf(out, " y=\"%d\"", y);
    put_tenths(out, "width", width < 10 ? 10 : width);
    incload__str_addf(out, " height=\"%d\" rx=\"2\"/>", height);
}

/* Ticks at even times, eight at most. */
static void
put_ticks(chart *drawn)
{
    static const int32_t steps[] = { 1,    2,    5,    10,    15,    30,    60,    120,    300,    600,     900,
                                     1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000, 31536000 };
    incload__str *out = &drawn->page->sink->text;
    int64_t tick = drawn->length_us / 8 < second ? 1000 : 0;

    for (int32_t factor = 0; tick > 0 && drawn->length_us / tick > 8; factor++)
        tick = factor % 3 == 1 ? tick / 2 * 5 : tick * 2;
    for (size_t i = 0; tick == 0 && i < sizeof steps / sizeof steps[0]; i++) {
        if (drawn->length_us / (steps[i] * second) <= 8 || i + 1 == sizeof steps / sizeof steps[0])
            tick = steps[i] * second;
    }
    for (int64_t at = 0, count = 0; at <= drawn->length_us && count < 40; at += tick, count++) {
        int64_t x = x_of(drawn, drawn->zero_us + at);
        incload__str_add(out, "<line class=\"grid\"");
        put_tenths(out, "x1", x);
        put_tenths(out, "x2", x);
        incload__str_addf(out, " y1=\"%d\" y2=\"%d\"/><text class=\"soft\"", TOP - 8, drawn->height);
        put_tenths(out, "x", x);
        incload__str_addf(out, " y=\"%d\" text-anchor=\"middle\">", TOP - 12);
        if (at == 0)
            incload__str_add(out, "0");
        else
            incload__picture_duration(out, at);
        incload__str_add(out, "</text>\n");
    }
}

static void
put_step(chart *drawn, int32_t number)
{
    const incload__picture_step *step = &drawn->page->picture->steps[number];
    incload__str *out = &drawn->page->sink->text;
    int64_t end = incload__picture_end(drawn->page->picture, step->start_us, step->end_us);
    int32_t state = step->status > 0 && step->status <= INCLOAD_STATUS_SKIPPED ? step->status : 0;
    int32_t y = drawn->tops[number];

    incload__str_addf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s ", NAMES - 10, y + 14,
                      incload__picture_mark(state));
    incload__put_short(out, step->name, 26, incload__put_html);
    incload__str_addf(out, "</text><g class=\"s%d\">", state);
    incload__page_title(out, step->name, step->status, step->reason, end - step->start_us);
    put_rect(drawn, "bar", step->start_us, end, y + 3, ROW - 10);
    incload__str_add(out, "</g>\n");
    incload__sink_pass(drawn->page->sink);
}

static void
put_spans(chart *drawn)
{
    incload__str *out = &drawn->page->sink->text;

    for (int64_t i = 0; i < drawn->span_count; i++) {
        const span *at = &drawn->spans[i];
        const incload__picture_attempt *attempt = &at->unit->attempts[at->attempt];
        int32_t state = attempt->status > 0 && attempt->status <= INCLOAD_STATUS_SKIPPED ? attempt->status : 0;
        if (drawn->tops[at->unit->step] < 0)
            continue;
        incload__str_addf(out, "<g class=\"s%d\">", state);
        incload__page_title(out, at->unit->label, attempt->status, attempt->reason, at->end_us - at->start_us);
        put_rect(drawn, "bar thin", at->start_us, at->end_us, drawn->tops[at->unit->step] + ROW - 2 + at->lane * LANE,
                 LANE - 2);
        incload__str_add(out, "</g>\n");
        incload__sink_pass(drawn->page->sink);
    }
}

/* Under the bars of the path; dashed from one to the next, with what was waited between them. */
static void
put_critical(chart *drawn)
{
    const incload__critical *critical = &drawn->page->shape.critical;
    const incload__picture *picture = drawn->page->picture;
    incload__str *out = &drawn->page->sink->text;
    int64_t last_x = 0;
    int32_t last_y = -1;

    for (int32_t i = 0; i < critical->count; i++) {
        const incload__picture_step *step = &picture->steps[critical->steps[i]];
        int64_t x = x_of(drawn, step->start_us);
        int64_t end = x_of(drawn, incload__picture_end(picture, step->start_us, step->end_us));
        int32_t y = drawn->tops[critical->steps[i]] + ROW - 6;
        if (drawn->tops[critical->steps[i]] < 0)
            continue;
        if (last_y >= 0)
            incload__str_addf(out, "<path class=\"wait\" d=\"M%lld %dV%dH%lld\"/>", (long long)last_x / 10, last_y, y,
                              (long long)x / 10);
        incload__str_addf(out, "<path class=\"crit-line\" d=\"M%lld %dH%lld\"/>\n", (long long)x / 10, y,
                          (long long)end / 10);
        last_x = end;
        last_y = y;
    }
}

static void
put_chart(chart *drawn)
{
    const incload__critical *critical = &drawn->page->shape.critical;
    const incload__picture *picture = drawn->page->picture;
    incload__str *out = &drawn->page->sink->text;
    int32_t width = NAMES + PLOT + EDGE;

    incload__str_addf(
        out,
        "<section id=\"timeline\"><h2>Timeline</h2>\n<div class=\"scroll\"><svg width=\"%d\" "
        "height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"When each step ran; the same is in "
        "the table below\">\n",
        width, drawn->height + 6, width, drawn->height + 6);
    put_ticks(drawn);
    for (int32_t i = 0; i < picture->step_count; i++) {
        if (drawn->tops[i] >= 0)
            put_step(drawn, i);
    }
    put_spans(drawn);
    put_critical(drawn);
    incload__str_add(out, "</svg></div>\n<p class=\"note\" id=\"critical\">Critical path: ");
    for (int32_t i = 0; i < critical->count && i < 30; i++) {
        incload__str_add(out, i > 0 ? " \xe2\x86\x92 <bdi>" : "<bdi>");
        incload__put_short(out, picture->steps[critical->steps[i]].name, 60, incload__put_html);
        incload__str_add(out, "</bdi>");
    }
    if (critical->count > 30)
        incload__str_addf(out, " \xe2\x86\x92 %d more", critical->count - 30);
    incload__str_add(out, ". At work ");
    incload__picture_duration(out, critical->work_us);
    incload__str_add(out, ", waiting ");
    incload__picture_duration(out, critical->wait_us);
    incload__str_add(out, ".</p>\n");
    if (drawn->span_count < drawn->all_spans)
        incload__str_addf(out, "<p class=\"note\">%lld of %lld attempts of units are drawn.</p>\n",
                          (long long)drawn->span_count, (long long)drawn->all_spans);
    incload__str_add(out, "</section>\n");
}

int32_t
incload__page_timeline(incload__page *page, incload_error **err)
{
    size_t steps = (size_t)page->picture->step_count;
    chart drawn = { .page = page };
    int32_t status = INCLOAD_OK;

    if (page->shape.critical.count == 0)
        return INCLOAD_OK;
    drawn.all_spans = count_spans(page);
    drawn.span_space = drawn.all_spans < page->max_units ? drawn.all_spans + 1 : page->max_units;
    drawn.spans = incload__alloc_array(page->mem, (size_t)drawn.span_space, sizeof *drawn.spans);
    drawn.lanes = incload__alloc_array(page->mem, steps, sizeof *drawn.lanes);
    drawn.tops = incload__alloc_array(page->mem, steps, sizeof *drawn.tops);
    if (drawn.spans == NULL || drawn.lanes == NULL || drawn.tops == NULL) {
        status = incload__fail_memory(err);
    } else {
        find_spans(&drawn);
        find_lanes(&drawn);
        find_rows(&drawn);
        put_chart(&drawn);
    }
    incload__free(page->mem, drawn.spans);
    incload__free(page->mem, drawn.lanes);
    incload__free(page->mem, drawn.tops);
    return status;
}
