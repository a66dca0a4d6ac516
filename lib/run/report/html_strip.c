/* SPDX-License-Identifier: Apache-2.0 */
/* The units of a backfill as a strip of cells: a row for each month and a cell for each day where their names are days,
 * a row for each year where they are months, and else in their order. Several units in one cell show the worst. */
#include "run/report/html.h"

#include <string.h>

#include "base/civil.h"
#include "base/error.h"

enum { CELL = 17, NAMES = 70, ROW_CELLS = 50, MAX_CELLS = 1500, MAX_DAYS = 20 * 366, MAX_STRIPS = 20 };
enum { BY_ORDER = 0, BY_DAY = 1, BY_MONTH = 2 };

typedef struct cell {
    int64_t count;
    int32_t status;
    int32_t attempts; /* of the one that needed most */
    const char *label;
} cell;

typedef struct strip {
    incload__page *page;
    int32_t step;
    int32_t kind;
    int64_t first; /* the day or month of the first cell */
    int64_t last;
    int64_t per_cell; /* units, when in their order */
    int64_t total;
    int64_t cell_count;
    cell *cells;
} strip;

/* By status: which of two is shown. */
static const int8_t ranks[INCLOAD_STATUS_SKIPPED + 1] = { 0, 2, 4, 1, 5, 3 };

static int32_t
known(int32_t status)
{
    return status > 0 && status <= INCLOAD_STATUS_SKIPPED ? status : 0;
}

static bool
ends_here(char c)
{
    return c == '\0' || c == ' ' || c == 'T';
}

/* BY_DAY or BY_MONTH with the place on the calendar, or BY_ORDER for other names. */
static int32_t
place_of(const char *label, int64_t *place)
{
    const char *text = incload__picture_text(label);
    size_t length = strlen(text);
    char month[11] = "";
    int64_t year;
    int32_t month_of_year;
    int32_t day;

    if (length >= 10 && ends_here(text[10]) && incload__parse_date(text, 10, place))
        return BY_DAY;
    if (length < 7 || !ends_here(text[7]))
        return BY_ORDER;
    memcpy(month, text, 7);
    memcpy(month + 7, "-01", 4);
    if (!incload__parse_date(month, 10, place))
        return BY_ORDER;
    incload__civil_from_days(*place, &year, &month_of_year, &day);
    *place = year * 12 + month_of_year - 1;
    return BY_MONTH;
}

/* Of a range of which a part was done before there are more than the run had units. */
static int64_t
count_places(const strip *drawn)
{
    const incload__picture *picture = drawn->page->picture;
    int64_t count = drawn->page->tallies[drawn->step].total;

    for (int64_t i = 0; i < picture->unit_count; i++) {
        if (picture->units[i].step == drawn->step && picture->units[i].number > count)
            count = picture->units[i].number;
    }
    return count;
}

static void
find_kind(strip *drawn)
{
    const incload__picture *picture = drawn->page->picture;
    int64_t seen = 0;

    for (int64_t i = 0; i < picture->unit_count; i++) {
        int64_t place = 0;
        if (picture->units[i].step != drawn->step)
            continue;
        int32_t kind = place_of(picture->units[i].label, &place);
        drawn->kind = seen == 0 || kind == drawn->kind ? kind : BY_ORDER;
        drawn->first = seen == 0 || place < drawn->first ? place : drawn->first;
        drawn->last = seen == 0 || place > drawn->last ? place : drawn->last;
        seen++;
        if (drawn->kind == BY_ORDER)
            break;
    }
    if (drawn->kind != BY_ORDER && drawn->last - drawn->first < MAX_DAYS) {
        drawn->cell_count = drawn->last - drawn->first + 1;
        return;
    }
    drawn->kind = BY_ORDER;
    drawn->total = count_places(drawn);
    drawn->per_cell = drawn->total / MAX_CELLS + (drawn->total % MAX_CELLS != 0);
    drawn->cell_count = drawn->total / drawn->per_cell + (drawn->total % drawn->per_cell != 0);
}

static void
add(cell *to, int32_t status, int32_t attempts, const char *label)
{
    if (to->count == 0 || ranks[known(status)] > ranks[known(to->status)]) {
        to->status = known(status);
        to->label = label;
    }
    to->attempts = attempts > to->attempts ? attempts : to->attempts;
    to->count++;
}

/* What has not begun is in no picture: after those that came in their order, or wherever there is none. */
static void
fill_rest(strip *drawn, int64_t order)
{
    bool waits = drawn->page->tallies[drawn->step].by_status[INCLOAD_STATUS_PENDING] > 0;

    for (; order > 0 && order < drawn->total; order++)
        add(&drawn->cells[order / drawn->per_cell], INCLOAD_STATUS_PENDING, 0, NULL);
    for (int64_t i = 0; i < drawn->cell_count && waits; i++) {
        if (drawn->cells[i].count == 0)
            add(&drawn->cells[i], INCLOAD_STATUS_PENDING, 0, NULL);
    }
}

static void
fill(strip *drawn)
{
    const incload__picture *picture = drawn->page->picture;
    int64_t order = 0;

    for (int64_t i = 0; i < picture->unit_count; i++) {
        const incload__picture_unit *unit = &picture->units[i];
        int64_t place = 0;
        if (unit->step != drawn->step)
            continue;
        if (drawn->kind == BY_ORDER)
            place = (unit->number > 0 ? unit->number - 1 : order++) / drawn->per_cell;
        else if (place_of(unit->label, &place) != BY_ORDER)
            place -= drawn->first;
        add(&drawn->cells[place], unit->status, unit->attempt_count, unit->label);
    }
    if (drawn->kind == BY_ORDER)
        fill_rest(drawn, order);
}

static void
put_cell(strip *drawn, const cell *at, int32_t column, int32_t row)
{
    incload__str *out = &drawn->page->sink->text;
    int32_t x = NAMES + column * CELL;
    int32_t y = row * CELL;

    if (at->count == 0) {
        incload__str_addf(out, "<rect class=\"cell none\" x=\"%d.5\" y=\"%d.5\" width=\"%d\" height=\"%d\" rx=\"3\"/>",
                          x, y, CELL - 3, CELL - 3);
        return;
    }
    incload__str_addf(out, "<g class=\"s%d\" data-label=\"", at->status);
    incload__put_html(out, at->label);
    incload__str_add(out, "\"><title>");
    incload__put_html(out, at->label);
    incload__str_addf(out, ": %s", incload__picture_word(at->status));
    if (at->count > 1)
        incload__str_addf(out, " (the worst of %lld units)", (long long)at->count);
    if (at->attempts > 1)
        incload__str_addf(out, ", %d attempts", at->attempts);
    incload__str_addf(out, "</title><rect class=\"cell\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\"/>", x, y,
                      CELL - 2, CELL - 2);
    if (at->status != INCLOAD_STATUS_SUCCESS || at->attempts > 1) {
        incload__str_addf(out, "<text class=\"mark\" x=\"%d\" y=\"%d\">", x + (CELL - 2) / 2, y + CELL - 5);
        if (at->status == INCLOAD_STATUS_SUCCESS)
            incload__str_addf(out, "%d", at->attempts < 100 ? at->attempts : 99);
        else
            incload__str_add(out, incload__picture_mark(at->status));
        incload__str_add(out, "</text>");
    }
    incload__str_add(out, "</g>\n");
    incload__sink_pass(drawn->page->sink);
}

/* The row's name (a month, a year or the number of its first unit), and the cell's column. */
static int64_t
row_of(const strip *drawn, int64_t number, int32_t *column)
{
    int64_t place = drawn->first + number;
    int64_t year;
    int32_t month;
    int32_t day;

    if (drawn->kind == BY_ORDER) {
        *column = (int32_t)(number % ROW_CELLS);
        return number / ROW_CELLS * ROW_CELLS * drawn->per_cell + 1;
    }
    if (drawn->kind == BY_MONTH) {
        *column = (int32_t)(place % 12);
        return place / 12;
    }
    incload__civil_from_days(place, &year, &month, &day);
    *column = day - 1;
    return year * 100 + month;
}

static void
put_row_name(strip *drawn, int64_t name, int32_t row)
{
    incload__str *out = &drawn->page->sink->text;

    incload__str_addf(out, "<text class=\"soft\" x=\"%d\" y=\"%d\" text-anchor=\"end\">", NAMES - 8,
                      row * CELL + CELL - 5);
    if (drawn->kind == BY_DAY)
        incload__str_addf(out, "%04lld-%02lld", (long long)(name / 100), (long long)(name % 100));
    else
        incload__str_addf(out, "%lld", (long long)name);
    incload__str_add(out, "</text>");
}

static int32_t
count_rows(const strip *drawn)
{
    int32_t rows = 0;
    int64_t last = INT64_MIN;

    for (int64_t i = 0; i < drawn->cell_count; i++) {
        int32_t column;
        int64_t name = row_of(drawn, i, &column);
        rows += name != last;
        last = name;
    }
    return rows;
}

static void
put_strip(strip *drawn)
{
    const incload__picture_tally *tally = &drawn->page->tallies[drawn->step];
    incload__str *out = &drawn->page->sink->text;
    int32_t columns = drawn->kind == BY_DAY ? 31 : drawn->kind == BY_MONTH ? 12 : ROW_CELLS;
    int32_t height = count_rows(drawn) * CELL;
    int32_t row = -1;
    int64_t last = INT64_MIN;

    incload__str_add(out, "<h3><bdi>");
    incload__put_html(out, drawn->page->picture->steps[drawn->step].name);
    incload__str_addf(out, "</bdi>: %lld of %lld done", (long long)tally->by_status[INCLOAD_STATUS_SUCCESS],
                      (long long)tally->total);
    if (tally->by_status[INCLOAD_STATUS_FAILED] > 0)
        incload__str_addf(out, ", %lld failed", (long long)tally->by_status[INCLOAD_STATUS_FAILED]);
    incload__str_addf(out,
                      "</h3>\n<div class=\"scroll\"><svg width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
                      "role=\"img\" aria-label=\"A cell for each unit; the same is in the table below\">\n",
                      NAMES + columns * CELL, height, NAMES + columns * CELL, height);
    for (int64_t i = 0; i < drawn->cell_count; i++) {
        int32_t column;
        int64_t name = row_of(drawn, i, &column);
        if (name != last)
            put_row_name(drawn, name, ++row);
        last = name;
        put_cell(drawn, &drawn->cells[i], column, row);
    }
    incload__str_add(out, "</svg></div>\n");
    if (drawn->kind == BY_ORDER && drawn->per_cell > 1)
        incload__str_addf(out, "<p class=\"note\">A cell stands for %lld units and shows the worst of them.</p>\n",
                          (long long)drawn->per_cell);
}

static int32_t
draw(incload__page *page, int32_t step, incload_error **err)
{
    strip drawn = { .page = page, .step = step };

    find_kind(&drawn);
    drawn.cells = incload__alloc_array(page->mem, (size_t)drawn.cell_count, sizeof *drawn.cells);
    if (drawn.cells == NULL)
        return incload__fail_memory(err);
    fill(&drawn);
    put_strip(&drawn);
    incload__free(page->mem, drawn.cells);
    return INCLOAD_OK;
}

static void
put_legend(incload__str *out)
{
    incload__str_add(out, "<p class=\"note legend\">");
    for (int32_t i = INCLOAD_STATUS_PENDING; i <= INCLOAD_STATUS_SKIPPED; i++)
        incload__str_addf(out, "<span class=\"s%d\"><i></i>%s %s</span>", i, incload__picture_mark(i),
                          incload__picture_word(i));
    incload__str_add(out, " A number: so many attempts.</p>\n</section>\n");
}

int32_t
incload__page_strips(incload__page *page, incload_error **err)
{
    int32_t strips = 0;

    for (int32_t i = 0; i < page->picture->step_count && strips < MAX_STRIPS; i++) {
        if (page->tallies[i].total < 2)
            continue;
        if (strips++ == 0)
            incload__str_add(&page->sink->text, "<section id=\"strip\"><h2>Units</h2>\n");
        int32_t status = draw(page, i, err);
        if (status != INCLOAD_OK)
            return status;
    }
    if (strips > 0)
        put_legend(&page->sink->text);
    return INCLOAD_OK;
}
