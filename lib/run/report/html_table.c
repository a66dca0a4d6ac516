/* SPDX-License-Identifier: Apache-2.0 */
/* What failed and how to resume, and all of the run as tables and as data. */
#include "run/report/html.h"

enum { LISTED_FAILURES = 200 };

static void
put_status(incload__str *out, int32_t status)
{
    int32_t known = status > 0 && status <= INCLOAD_STATUS_SKIPPED ? status : 0;

    incload__str_addf(out, "<td class=\"word s%d\">%s %s</td>", known, incload__picture_mark(known),
                      incload__picture_word(known));
}

static void
put_cell(incload__str *out, const char *text)
{
    incload__str_add(out, "<td><bdi>");
    incload__put_html(out, text);
    incload__str_add(out, "</bdi></td>");
}

static void
put_number(incload__str *out, int64_t number)
{
    incload__str_addf(out, "<td class=\"n\">%lld</td>", (long long)number);
}

static void
put_duration(incload__str *out, int64_t us)
{
    incload__str_add(out, "<td class=\"n\">");
    if (us > 0)
        incload__picture_duration(out, us);
    incload__str_add(out, "</td>");
}

/* ---- failures ---- */

static void
put_failure(incload__str *out, const char *step, const char *unit, int32_t attempts, const char *reason,
            const char *error)
{
    incload__str_add(out, "<tr>");
    put_cell(out, step);
    put_cell(out, unit);
    put_number(out, attempts);
    put_cell(out, reason);
    put_cell(out, error);
    incload__str_add(out, "</tr>\n");
}

static int64_t
put_failed_units(incload__page *page, int64_t limit)
{
    const incload__picture *picture = page->picture;
    int64_t found = 0;

    for (int64_t i = 0; i < picture->unit_count; i++) {
        const incload__picture_unit *unit = &picture->units[i];
        if (unit->status != INCLOAD_STATUS_FAILED || incload__page_is_step(page, unit) || found++ >= limit)
            continue;
        put_failure(&page->sink->text, picture->steps[unit->step].name, unit->label, unit->attempt_count, unit->reason,
                    unit->error);
        incload__sink_pass(page->sink);
    }
    return found;
}

/* Steps whose units tell it already are left out; a step of one unit tells for it. */
static int64_t
put_failed_steps(incload__page *page, int64_t limit)
{
    int64_t found = 0;

    for (int32_t i = 0; i < page->picture->step_count; i++) {
        const incload__picture_step *step = &page->picture->steps[i];
        bool by_units = page->tallies[i].by_status[INCLOAD_STATUS_FAILED] > 0 && step->unit_total > 0;
        if (step->status != INCLOAD_STATUS_FAILED || by_units || found++ >= limit)
            continue;
        put_failure(&page->sink->text, step->name, NULL, step->attempts, step->reason, step->error);
    }
    return found;
}

static void
put_resume(incload__page *page)
{
    incload__str *out = &page->sink->text;
    const char *resume = incload__picture_text(page->picture->resume);

    if (resume[0] != '\0') {
        const char *note = incload__picture_text(page->picture->resume_note);
        incload__str_add(out, "<h3>");
        incload__put_html(out, note[0] != '\0' ? note : "Resume the run: what succeeded is not done again");
        incload__str_add(out, "</h3>\n<pre id=\"resume\">");
        incload__put_html(out, resume);
        incload__str_add(out, "</pre><button id=\"copy\" type=\"button\" hidden>Copy</button>\n");
    }
    for (int32_t i = 0; i < page->picture->step_count; i++) {
        const incload__picture_step *step = &page->picture->steps[i];
        if (step->status != INCLOAD_STATUS_FAILED || incload__picture_text(step->resume)[0] == '\0')
            continue;
        incload__str_add(out, "<h3>Resume <bdi>");
        incload__put_html(out, step->name);
        incload__str_add(out, "</bdi> alone</h3>\n<pre>");
        incload__put_html(out, step->resume);
        incload__str_add(out, "</pre>\n");
    }
}

void
incload__page_failures(incload__page *page)
{
    incload__str *out = &page->sink->text;
    int64_t found = page->all.by_status[INCLOAD_STATUS_FAILED];

    for (int32_t i = 0; i < page->picture->step_count; i++)
        found += page->picture->steps[i].status == INCLOAD_STATUS_FAILED;
    if (found == 0 && incload__picture_text(page->picture->error)[0] == '\0')
        return;
    incload__str_add(out, "<section id=\"failures\"><h2>What failed</h2>\n");
    if (incload__picture_text(page->picture->error)[0] != '\0') {
        incload__str_add(out, "<p><bdi>");
        incload__put_html(out, page->picture->error);
        incload__str_add(out, "</bdi></p>\n");
    }
    incload__str_add(out, "<div class=\"scroll\"><table><thead><tr><th>Step</th><th>Unit</th><th class=\"n\">Attempts"
                          "</th><th>Reason</th><th>Error</th></tr></thead><tbody>\n");
    found = put_failed_steps(page, LISTED_FAILURES);
    found += put_failed_units(page, LISTED_FAILURES);
    incload__str_add(out, "</tbody></table></div>\n");
    if (found > LISTED_FAILURES)
        incload__str_addf(out, "<p class=\"note\">%lld failed; not all are listed here.</p>\n", (long long)found);
    put_resume(page);
    incload__str_add(out, "</section>\n");
}

/* ---- tables ---- */

static void
put_step_row(incload__page *page, int32_t number)
{
    const incload__picture_step *step = &page->picture->steps[number];
    incload__str *out = &page->sink->text;
    int64_t end = incload__picture_end(page->picture, step->start_us, step->end_us);

    incload__str_add(out, "<tr>");
    put_cell(out, step->name);
    put_cell(out, step->kind);
    put_status(out, step->status);
    put_cell(out, step->reason);
    incload__str_add(out, "<td>");
    incload__picture_instant(out, step->start_us);
    incload__str_add(out, "</td>");
    put_duration(out, step->start_us == 0 ? 0 : end - step->start_us);
    put_number(out, step->attempts);
    put_number(out, page->tallies[number].total);
    put_number(out, step->rows);
    incload__str_addf(out, "<td>%s%s</td></tr>\n", step->optional ? "optional " : "", step->cleanup ? "cleanup" : "");
    incload__sink_pass(page->sink);
}

static void
put_unit_row(incload__page *page, const incload__picture_unit *unit)
{
    incload__str *out = &page->sink->text;
    bool tried = unit->attempt_count > 0;

    incload__str_addf(out, "<tr data-state=\"%s\">", incload__picture_word(unit->status));
    put_cell(out, page->picture->steps[unit->step].name);
    put_cell(out, unit->label);
    put_status(out, unit->status);
    put_cell(out, unit->reason);
    incload__str_add(out, "<td>");
    incload__picture_instant(out, tried ? unit->attempts[0].start_us : 0);
    incload__str_add(out, "</td>");
    put_duration(out, incload__page_took(page->picture, unit));
    put_number(out, unit->attempt_count);
    put_number(out, unit->rows);
    put_cell(out, tried ? unit->attempts[unit->attempt_count - 1].worker : NULL);
    incload__str_add(out, "</tr>\n");
    incload__sink_pass(page->sink);
}

static int64_t
count_units(const incload__page *page)
{
    int64_t count = 0;

    for (int64_t i = 0; i < page->picture->unit_count; i++)
        count += incload__page_is_step(page, &page->picture->units[i]) ? 0 : 1;
    return count;
}

static void
put_unit_table(incload__page *page)
{
    const incload__picture *picture = page->picture;
    incload__str *out = &page->sink->text;
    int64_t count = count_units(page);
    int64_t listed = 0;

    if (count == 0)
        return;
    incload__str_add(out,
                     "<section id=\"units\"><details><summary>Units as a table</summary>\n"
                     "<p id=\"filter\" hidden><input id=\"words\" type=\"search\" aria-label=\"Words to look for\" "
                     "placeholder=\"Filter\"> <select id=\"state\" aria-label=\"Status\"><option value=\"\">all"
                     "</option>");
    for (int32_t i = INCLOAD_STATUS_PENDING; i <= INCLOAD_STATUS_SKIPPED; i++)
        incload__str_addf(out, "<option>%s</option>", incload__picture_word(i));
    incload__str_add(out,
                     "</select> <span id=\"shown\"></span></p>\n<div class=\"scroll\"><table><thead><tr><th>Step</th>"
                     "<th>Unit</th><th>Status</th><th>Reason</th><th>Start</th><th class=\"n\">Took</th>"
                     "<th class=\"n\">Attempts</th><th class=\"n\">Rows</th><th>Worker</th></tr></thead>"
                     "<tbody id=\"unit-rows\">\n");
    for (int64_t i = 0; i < picture->unit_count && listed < page->max_units; i++) {
        if (incload__page_is_step(page, &picture->units[i]))
            continue;
        put_unit_row(page, &picture->units[i]);
        listed++;
    }
    incload__str_add(out, "</tbody></table></div>\n");
    if (listed < count)
        incload__str_addf(out, "<p class=\"note\">The first %lld of %lld units.</p>\n", (long long)listed,
                          (long long)count);
    incload__str_add(out, "</details></section>\n");
}

void
incload__page_tables(incload__page *page)
{
    incload__str *out = &page->sink->text;
    int64_t count = page->picture->step_count;
    int64_t listed = count < page->max_units ? count : page->max_units;

    incload__str_add(out, "<section id=\"steps\"><details><summary>Steps as a table</summary>\n<div class=\"scroll\">"
                          "<table><thead><tr><th>Step</th><th>Kind</th><th>Status</th><th>Reason</th><th>Start</th>"
                          "<th class=\"n\">Took</th><th class=\"n\">Attempts</th><th class=\"n\">Units</th>"
                          "<th class=\"n\">Rows</th><th></th></tr></thead><tbody>\n");
    for (int32_t i = 0; i < listed; i++)
        put_step_row(page, i);
    incload__str_add(out, "</tbody></table></div>\n");
    if (listed < count)
        incload__str_addf(out, "<p class=\"note\">The first %lld of %lld steps.</p>\n", (long long)listed,
                          (long long)count);
    incload__str_add(out, "</details></section>\n");
    put_unit_table(page);
}

/* ---- data ---- */

static void
put_data_text(incload__str *out, const char *name, const char *text)
{
    incload__str_addf(out, ",\"%s\":", name);
    incload__put_json(out, incload__picture_text(text));
}

static void
put_data_times(incload__str *out, int64_t start_us, int64_t end_us)
{
    incload__str_addf(out, ",\"start_us\":%lld,\"end_us\":%lld", (long long)start_us, (long long)end_us);
}

static void
put_data_step(incload__str *out, const incload__picture_step *step, int32_t number)
{
    incload__str_addf(out, "%s\n{\"number\":%d", number > 0 ? "," : "", number);
    put_data_text(out, "name", step->name);
    put_data_text(out, "kind", step->kind);
    put_data_text(out, "status", incload__picture_word(step->status));
    put_data_text(out, "reason", step->reason);
    put_data_text(out, "error", step->error);
    put_data_times(out, step->start_us, step->end_us);
    incload__str_addf(out, ",\"attempts\":%d,\"rows\":%lld,\"bytes\":%lld}", step->attempts, (long long)step->rows,
                      (long long)step->bytes);
}

static void
put_data_unit(incload__str *out, const incload__picture_unit *unit, int64_t number)
{
    bool tried = unit->attempt_count > 0;

    incload__str_addf(out, "%s\n{\"step\":%d", number > 0 ? "," : "", unit->step);
    put_data_text(out, "label", unit->label);
    put_data_text(out, "status", incload__picture_word(unit->status));
    put_data_text(out, "reason", unit->reason);
    put_data_text(out, "error", unit->error);
    put_data_times(out, tried ? unit->attempts[0].start_us : 0,
                   tried ? unit->attempts[unit->attempt_count - 1].end_us : 0);
    incload__str_addf(out, ",\"lo\":%lld,\"hi\":%lld,\"attempts\":%d,\"rows\":%lld,\"bytes\":%lld}",
                      (long long)unit->lo, (long long)unit->hi, unit->attempt_count, (long long)unit->rows,
                      (long long)unit->bytes);
}

void
incload__page_data(incload__page *page)
{
    const incload__picture *picture = page->picture;
    incload__str *out = &page->sink->text;

    incload__str_add(out, "<script type=\"application/json\" id=\"run-data\">\n{\"format\":1");
    put_data_text(out, "run", picture->run_id);
    put_data_text(out, "name", picture->name);
    put_data_text(out, "state", incload__picture_word(picture->state));
    put_data_text(out, "resume", picture->resume);
    put_data_times(out, picture->start_us, picture->end_us);
    incload__str_addf(out, ",\"unit_count\":%lld,\"steps\":[", (long long)picture->unit_count);
    for (int32_t i = 0; i < picture->step_count; i++) {
        put_data_step(out, &picture->steps[i], i);
        incload__sink_pass(page->sink);
    }
    incload__str_add(out, "],\n\"edges\":[");
    for (int32_t i = 0; i < picture->edge_count; i++) {
        incload__str_addf(out, "%s[%d,%d,%d]", i > 0 ? "," : "", picture->edges[i].from, picture->edges[i].to,
                          picture->edges[i].closed ? 1 : 0);
        incload__sink_pass(page->sink);
    }
    incload__str_add(out, "],\n\"units\":[");
    for (int64_t i = 0; i < picture->unit_count && i < page->max_units; i++) {
        put_data_unit(out, &picture->units[i], i);
        incload__sink_pass(page->sink);
    }
    incload__str_add(out, "]}\n</script>\n");
}
