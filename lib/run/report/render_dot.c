/* SPDX-License-Identifier: Apache-2.0 */
/* The graph for Graphviz. The state is told by colour, by the form of the node and by a mark before the name. */
#include "run/report/report.h"

#include "run/report/shape.h"

/* By status. */
static const struct {
    const char *form;
    const char *style;
} forms[INCLOAD_STATUS_SKIPPED + 1] = {
    { "box", "rounded" },
    [INCLOAD_STATUS_PENDING] = { "box", "rounded,dotted" },
    [INCLOAD_STATUS_RUNNING] = { "cds", "solid" },
    [INCLOAD_STATUS_SUCCESS] = { "box", "rounded" },
    [INCLOAD_STATUS_FAILED] = { "octagon", "solid" },
    [INCLOAD_STATUS_SKIPPED] = { "box", "rounded,dashed" },
};

static void
put_node(incload__str *out, const incload__picture *picture, const incload__shape_node *node, int32_t number)
{
    int32_t form = node->status > 0 && node->status <= INCLOAD_STATUS_SKIPPED ? node->status : 0;
    const incload__picture_step *step = &picture->steps[node->step];

    incload__str_addf(out, "    n%d [label=\"", number);
    if (picture->state != 0)
        incload__str_addf(out, "%s ", incload__picture_mark(node->status));
    incload__shape_title(picture, node, out, incload__put_dot);
    incload__str_add(out, "\\n");
    incload__shape_note(picture, node, out, incload__put_dot);
    incload__str_add(out, "\", tooltip=\"");
    if (picture->state != 0)
        incload__str_addf(out, "%s%s", incload__picture_word(node->status), node->count == 1 ? ": " : "");
    if (node->count == 1)
        incload__put_dot(out, step->name);
    incload__str_addf(out, "\", shape=%s, style=\"%s\", color=\"%s\", penwidth=%s];\n", forms[form].form,
                      forms[form].style, incload__picture_colour(node->status), node->critical ? "3" : "1.2");
}

static void
begin_group(incload__str *out, const char *name, int32_t number)
{
    incload__str_addf(out, "  subgraph cluster_%d {\n    label=\"", number);
    incload__put_dot(out, name);
    incload__str_add(out, "\"; color=\"#9aa3ad\"; style=rounded;\n");
}

static void
put_edge(incload__str *out, const incload__shape_edge *edge, const char *label)
{
    incload__str_addf(out, "  n%d -> n%d [style=%s, penwidth=%s", edge->from, edge->to,
                      edge->closed ? "dashed" : "solid", edge->critical ? "3" : "1");
    if (label[0] != '\0') {
        incload__str_add(out, ", label=\"");
        incload__put_dot(out, label);
        incload__str_add(out, "\"");
    }
    incload__str_add(out, "];\n");
}

static const incload__pen pen = { begin_group, "  }\n", put_node, put_edge };

int32_t
incload__render_dot(incload__sink *sink, const incload__picture *picture, const incload__report_options *options,
                    incload_error **err)
{
    incload__shape shape;
    int32_t status = incload__shape_make(&shape, sink->text.mem, picture, options->max_nodes, err);

    if (status != INCLOAD_OK)
        return status;
    incload__str_add(&sink->text, "digraph run {\n  rankdir=LR;\n  label=\"");
    incload__put_dot(&sink->text, picture->name);
    if (picture->state != 0)
        incload__str_addf(&sink->text, " %s %s", incload__picture_mark(picture->state),
                          incload__picture_word(picture->state));
    incload__str_add(&sink->text, "\";\n  node [fontname=\"Helvetica\", fontsize=11];\n"
                                  "  edge [fontname=\"Helvetica\", fontsize=9, color=\"#7a8290\"];\n");
    incload__shape_draw(&shape, picture, &pen, sink);
    incload__str_add(&sink->text, "}\n");
    incload__shape_free(&shape);
    return INCLOAD_OK;
}
