/* SPDX-License-Identifier: Apache-2.0 */
/* The graph as a Mermaid flowchart, and the timeline as a Mermaid gantt chart. */
#include "run/report/report.h"

#include <string.h>

#include "run/report/shape.h"

enum { GANTT_ROWS = 200 };

/* By status: the brackets that make the form of a node. */
static const struct {
    const char *open;
    const char *close;
} forms[INCLOAD_STATUS_SKIPPED + 1] = {
    { "[\"", "\"]" },
    [INCLOAD_STATUS_PENDING] = { "(\"", "\")" },
    [INCLOAD_STATUS_RUNNING] = { "[[\"", "\"]]" },
    [INCLOAD_STATUS_SUCCESS] = { "[\"", "\"]" },
    [INCLOAD_STATUS_FAILED] = { "{{\"", "\"}}" },
    [INCLOAD_STATUS_SKIPPED] = { "([\"", "\"])" },
};

static void
put_node(incload__str *out, const incload__picture *picture, const incload__shape_node *node, int32_t number)
{
    int32_t form = node->status > 0 && node->status <= INCLOAD_STATUS_SKIPPED ? node->status : 0;

    incload__str_addf(out, "    n%d%s", number, forms[form].open);
    if (picture->state != 0)
        incload__str_addf(out, "%s ", incload__picture_mark(node->status));
    incload__shape_title(picture, node, out, incload__put_mermaid);
    incload__str_add(out, "<br/>");
    incload__shape_note(picture, node, out, incload__put_mermaid);
    incload__str_addf(out, "%s:::s%d\n", forms[form].close, form);
    if (node->critical)
        incload__str_addf(out, "    style n%d stroke-width:4px\n", number);
}

static void
begin_group(incload__str *out, const char *name, int32_t number)
{
    incload__str_addf(out, "  subgraph g%d[\"", number);
    incload__put_mermaid(out, name);
    incload__str_add(out, "\"]\n");
}

static void
put_edge(incload__str *out, const incload__shape_edge *edge, const char *label)
{
    const char *arrow = edge->closed ? "-.->" : edge->critical ? "==>" : "-->";

    incload__str_addf(out, "  n%d %s", edge->from, arrow);
    if (label[0] != '\0') {
        incload__str_add(out, "|\"");
        incload__put_mermaid(out, label);
        incload__str_add(out, "\"|");
    }
    incload__str_addf(out, " n%d\n", edge->to);
}

static const incload__pen pen = { begin_group, "  end\n", put_node, put_edge };

int32_t
incload__render_mermaid(incload__sink *sink, const incload__picture *picture, const incload__report_options *options,
                        incload_error **err)
{
    incload__shape shape;
    int32_t status = incload__shape_make(&shape, sink->text.mem, picture, options->max_nodes, err);

    if (status != INCLOAD_OK)
        return status;
    incload__str_add(&sink->text, "flowchart LR\n");
    for (int32_t i = 0; i <= INCLOAD_STATUS_SKIPPED; i++)
        incload__str_addf(&sink->text, "  classDef s%d stroke:%s\n", i, incload__picture_colour(i));
    incload__shape_draw(&shape, picture, &pen, sink);
    incload__shape_free(&shape);
    return INCLOAD_OK;
}

/* ---- gantt ---- */

/* A bar is at least a millisecond wide: the format knows nothing less. The mark stands first, so that no name is taken
 * for a word of the format. */
static void
put_bar(incload__str *out, const char *name, int32_t status, bool critical, int64_t start_us, int64_t end_us)
{
    int64_t start = start_us / 1000;
    int64_t end = end_us / 1000 > start ? end_us / 1000 : start + 1;

    incload__str_addf(out, "    %s ", incload__picture_mark(status));
    incload__put_short(out, name, 60, incload__put_mermaid);
    incload__str_addf(out, " :%s%s%lld, %lld\n", critical || status == INCLOAD_STATUS_FAILED ? "crit, " : "",
                      status == INCLOAD_STATUS_SUCCESS   ? "done, "
                      : status == INCLOAD_STATUS_RUNNING ? "active, "
                                                         : "",
                      (long long)start, (long long)end);
}

/* Of a unit, from its first attempt to the end of its last. */
static void
put_unit(incload__str *out, const incload__picture *picture, const incload__picture_unit *unit)
{
    const incload__picture_attempt *last = &unit->attempts[unit->attempt_count - 1];

    put_bar(out, unit->label, unit->status, false, unit->attempts[0].start_us,
            incload__picture_end(picture, last->start_us, last->end_us));
}

/* Of a step of one unit its own bar says it. */
static bool
has_bar(const incload__picture *picture, const incload__picture_unit *unit, int32_t step)
{
    return unit->step == step && unit->attempt_count > 0
           && (picture->steps[step].unit_total > 0 || unit->attempt_count > 1
               || strcmp(incload__picture_text(unit->label), incload__picture_text(picture->steps[step].name)) != 0);
}

static void
put_section(incload__sink *sink, const incload__picture *picture, int32_t number, bool critical, int64_t *rows)
{
    const incload__picture_step *step = &picture->steps[number];

    if (step->start_us == 0 || *rows <= 0)
        return;
    incload__str_add(&sink->text, "  section ");
    incload__put_short(&sink->text, step->name, 40, incload__put_mermaid);
    incload__str_add(&sink->text, "\n");
    put_bar(&sink->text, step->name, step->status, critical, step->start_us,
            incload__picture_end(picture, step->start_us, step->end_us));
    (*rows)--;
}

int32_t
incload__render_gantt(incload__sink *sink, const incload__picture *picture, const incload__report_options *options,
                      incload_error **err)
{
    int64_t rows = options->max_units > 0 ? options->max_units : GANTT_ROWS;
    bool with_units = picture->unit_count + picture->step_count <= rows;
    incload__critical critical;
    int32_t status = incload__critical_find(&critical, sink->text.mem, picture, err);

    if (status != INCLOAD_OK)
        return status;
    incload__str_add(&sink->text, "gantt\n  title ");
    incload__put_short(&sink->text, picture->name, 80, incload__put_mermaid);
    incload__str_add(&sink->text, "\n  dateFormat x\n  axisFormat %H:%M:%S\n");
    for (int32_t i = 0; i < picture->step_count; i++) {
        put_section(sink, picture, i, incload__critical_has(&critical, i), &rows);
        for (int64_t u = 0; with_units && u < picture->unit_count; u++) {
            if (has_bar(picture, &picture->units[u], i))
                put_unit(&sink->text, picture, &picture->units[u]);
        }
        incload__sink_pass(sink);
    }
    /* A chart without a bar has no scale, and is not drawn. */
    if (critical.count == 0 && picture->start_us != 0)
        put_bar(&sink->text, picture->name, picture->state, false, picture->start_us,
                incload__picture_end(picture, picture->start_us, picture->end_us));
    incload__critical_free(&critical, sink->text.mem);
    return INCLOAD_OK;
}
