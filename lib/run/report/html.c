/* SPDX-License-Identifier: Apache-2.0 */
/* The page around the sections. */
#include "run/report/html.h"

#include "base/error.h"

enum { USUAL_UNITS = 5000, USUAL_NODES = 120 };

void
incload__page_title(incload__str *out, const char *name, int32_t status, const char *reason, int64_t duration_us)
{
    incload__str_add(out, "<title>");
    incload__put_html(out, name);
    incload__str_addf(out, ": %s", incload__picture_word(status));
    if (incload__picture_text(reason)[0] != '\0') {
        incload__str_add(out, ", ");
        incload__put_html(out, reason);
    }
    if (duration_us > 0) {
        incload__str_add(out, ", ");
        incload__picture_duration(out, duration_us);
    }
    incload__str_add(out, "</title>");
}

int64_t
incload__page_took(const incload__picture *picture, const incload__picture_unit *unit)
{
    if (unit->attempt_count == 0 || unit->attempts[0].start_us == 0)
        return 0;
    const incload__picture_attempt *last = &unit->attempts[unit->attempt_count - 1];
    return incload__picture_end(picture, unit->attempts[0].start_us, last->end_us) - unit->attempts[0].start_us;
}

bool
incload__page_is_step(const incload__page *page, const incload__picture_unit *unit)
{
    return page->tallies[unit->step].total < 2 && page->picture->steps[unit->step].unit_total <= 0;
}

static void
put_head(incload__page *page)
{
    incload__str *out = &page->sink->text;

    incload__str_add(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                          "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
                          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    incload__put_html(out, page->picture->name);
    incload__str_addf(out, ": %s</title>\n<style>\n%s", incload__picture_word(page->picture->state), incload__page_css);
    for (int32_t i = 0; i < INCLOAD__PICTURE_STATES; i++)
        incload__str_addf(out, ".s%d { --c: %s; }\n", i, incload__picture_colour(i));
    incload__str_add(out, "</style></head>\n<body>\n");
}

static void
begin_fact(incload__str *out, const char *name)
{
    incload__str_addf(out, "<div><dt>%s</dt><dd>", name);
}

static void
put_instant_fact(incload__str *out, const char *name, int64_t us)
{
    if (us == 0)
        return;
    begin_fact(out, name);
    incload__picture_instant(out, us);
    incload__str_add(out, "</dd></div>\n");
}

static void
put_counts(incload__str *out, const incload__picture_tally *tally)
{
    for (int32_t i = INCLOAD_STATUS_PENDING; i <= INCLOAD_STATUS_SKIPPED; i++) {
        if (tally->by_status[i] > 0)
            incload__str_addf(out, " <span class=\"word s%d\">%s %lld %s</span>", i, incload__picture_mark(i),
                              (long long)tally->by_status[i], incload__picture_word(i));
    }
}

/* Of steps that have some: a step that is one unit itself is told as a step. */
static incload__picture_tally
units_of(const incload__page *page)
{
    incload__picture_tally units = { 0 };

    for (int32_t i = 0; i < page->picture->step_count; i++) {
        const incload__picture_tally *one = &page->tallies[i];
        if (incload__page_is_step(page, &(incload__picture_unit){ .step = i }))
            continue;
        units.total += one->total;
        for (int32_t status = 0; status <= INCLOAD_STATUS_SKIPPED; status++)
            units.by_status[status] += one->by_status[status];
    }
    return units;
}

static int64_t
count_left_out(const incload__picture *picture)
{
    int64_t count = 0;

    for (int32_t i = 0; i < picture->step_count; i++) {
        for (int32_t status = 1; status <= INCLOAD_STATUS_SKIPPED; status++)
            count += picture->steps[i].left_out[status];
    }
    return count;
}

static void
put_summary(incload__page *page)
{
    const incload__picture *picture = page->picture;
    incload__str *out = &page->sink->text;
    incload__picture_tally steps = { 0 };
    incload__picture_tally units = units_of(page);
    int64_t rows = 0;

    for (int32_t i = 0; i < picture->step_count; i++) {
        int32_t status = picture->steps[i].status;
        steps.by_status[status > 0 && status <= INCLOAD_STATUS_SKIPPED ? status : 0]++;
        rows += picture->steps[i].rows;
    }
    int32_t state = picture->state > 0 && picture->state < INCLOAD__PICTURE_STATES ? picture->state : 0;
    incload__str_add(out, "<header><h1><bdi>");
    incload__put_html(out, picture->name);
    incload__str_addf(out, "</bdi></h1><span class=\"badge s%d\" id=\"run-state\">%s %s</span></header>\n<dl>\n", state,
                      incload__picture_mark(state), incload__picture_word(state));
    begin_fact(out, "Run");
    incload__put_html(out, picture->run_id);
    incload__str_add(out, "</dd></div>\n");
    put_instant_fact(out, "Started", picture->start_us);
    put_instant_fact(out, "Ended", picture->end_us);
    if (picture->start_us != 0) {
        begin_fact(out, "Took");
        incload__picture_duration(out, incload__picture_end(picture, picture->start_us, picture->end_us)
                                           - picture->start_us);
        incload__str_add(out, "</dd></div>\n");
    }
    begin_fact(out, "Rows");
    incload__picture_amount(out, rows);
    incload__str_addf(out, "</dd></div>\n<div><dt>Steps (%d)</dt><dd>", picture->step_count);
    put_counts(out, &steps);
    incload__str_add(out, "</dd></div>\n");
    if (units.total > 0) {
        incload__str_addf(out, "<div><dt>Units (%lld)</dt><dd>", (long long)units.total);
        put_counts(out, &units);
        incload__str_add(out, "</dd></div>\n");
    }
    incload__str_add(out, "</dl>\n");
    int64_t left_out = count_left_out(picture);
    if (left_out > 0)
        incload__str_addf(out,
                          "<p class=\"note\" id=\"left-out\">%lld units are counted and not listed: of so many, those "
                          "that failed or were tried again are, and an even sample of the others.</p>\n",
                          (long long)left_out);
}

static int32_t
put_page(incload__page *page, incload_error **err)
{
    put_head(page);
    put_summary(page);
    incload__page_failures(page);
    int32_t status = incload__page_graph(page, err);
    if (status == INCLOAD_OK)
        status = incload__page_timeline(page, err);
    if (status == INCLOAD_OK)
        status = incload__page_strips(page, err);
    if (status == INCLOAD_OK)
        status = incload__page_histogram(page, err);
    if (status != INCLOAD_OK)
        return status;
    incload__page_tables(page);
    incload__page_data(page);
    incload__str_addf(&page->sink->text, "<script>\n%s</script>\n</body></html>\n", incload__page_js);
    return INCLOAD_OK;
}

int32_t
incload__render_html(incload__sink *sink, const incload__picture *picture, const incload__report_options *options,
                     incload_error **err)
{
    incload__page page = { .sink = sink, .mem = sink->text.mem, .picture = picture };
    int32_t max_nodes = options->max_nodes > 0 ? options->max_nodes : USUAL_NODES;

    page.max_units = options->max_units > 0 ? options->max_units : USUAL_UNITS;
    int32_t status = incload__shape_make(&page.shape, page.mem, picture, max_nodes, err);
    if (status != INCLOAD_OK)
        return status;
    page.tallies = incload__alloc_array(page.mem, (size_t)picture->step_count, sizeof *page.tallies);
    if (page.tallies == NULL) {
        status = incload__fail_memory(err);
    } else {
        incload__picture_tallies(picture, page.tallies, &page.all);
        status = put_page(&page, err);
    }
    incload__free(page.mem, page.tallies);
    incload__shape_free(&page.shape);
    return status;
}
