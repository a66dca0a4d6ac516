/* SPDX-License-Identifier: Apache-2.0 */
/* The graph as SVG. */
#include "run/report/html.h"
#include "run/report/layout.h"

enum { WIDTH = 214, HEIGHT = 44, GAP_X = 56, GAP_Y = 20, EDGE = 18, TAB = 24, ROWS_IN_VIEW = 10 };
enum { NOTE = 28, FITTING = 1700 };

static int32_t
left_of(const incload__layout_item *item)
{
    return EDGE + item->level * (WIDTH + GAP_X);
}

static int32_t
middle_of(const incload__layout *layout, const incload__layout_item *item)
{
    int32_t free_rows = layout->max_rows - layout->column_rows[item->level];

    /* Columns are centred where all of them are in view at once. */
    if (layout->max_rows > ROWS_IN_VIEW)
        free_rows = 0;
    return EDGE + free_rows * (HEIGHT + GAP_Y) / 2 + item->row * (HEIGHT + GAP_Y) + HEIGHT / 2;
}

static void
put_link(incload__page *page, const incload__layout *layout, const incload__layout_link *link)
{
    const incload__shape_edge *edge = &page->shape.edges[link->edge];
    const incload__layout_item *from = &layout->items[link->from];
    const incload__layout_item *to = &layout->items[link->to];
    int32_t x = left_of(from) + WIDTH;
    int32_t end = left_of(to);
    int32_t bend = (end - x) / 2;

    /* A bend crosses its column straight. */
    incload__str *out = &page->sink->text;
    incload__str_addf(out, "<path class=\"edge%s%s\" d=\"M%d %dC%d %d %d %d %d %d", edge->critical ? " crit" : "",
                      edge->closed ? " closed" : "", x, middle_of(layout, from), x + bend, middle_of(layout, from),
                      end - bend, middle_of(layout, to), end, middle_of(layout, to));
    if (!link->last)
        incload__str_addf(out, "H%d", end + WIDTH);
    incload__str_addf(out, "\"%s/>\n", link->last ? " marker-end=\"url(#tip)\"" : "");
    incload__sink_pass(page->sink);
}

/* What is not the usual way of waiting stands above the node. */
static const char *
rule_of(const incload__page *page, const incload__shape_node *node)
{
    return node->rest ? "" : incload__picture_text(page->picture->steps[node->step].rule);
}

/* As much of it as the node is wide, or all of it. */
static void
put_note(incload__page *page, const incload__shape_node *node, int32_t limit)
{
    incload__str note = INCLOAD__STR(page->mem);

    incload__shape_note(page->picture, node, &note, incload__put_plain);
    if (note.failed)
        page->sink->text.failed = true;
    else
        incload__put_short(&page->sink->text, incload__str_text(&note), limit, incload__put_html);
    incload__str_free(&note);
}

/* What a pointer over it tells. */
static void
put_tip(incload__page *page, const incload__shape_node *node)
{
    incload__str *out = &page->sink->text;

    incload__str_add(out, "<title>");
    incload__put_html(out, node->rest ? "more steps" : page->picture->steps[node->step].name);
    incload__str_addf(out, ": %s \xc2\xb7 ", incload__picture_word(node->status));
    put_note(page, node, 200);
    incload__str_add(out, "</title>");
}

static void
put_node(incload__page *page, const incload__layout *layout, const incload__layout_item *item)
{
    const incload__shape_node *node = &page->shape.nodes[item->node];
    int32_t state = node->status > 0 && node->status <= INCLOAD_STATUS_SKIPPED ? node->status : 0;
    int32_t x = left_of(item);
    int32_t y = middle_of(layout, item) - HEIGHT / 2;
    incload__str *out = &page->sink->text;

    incload__str_addf(out, "<g class=\"s%d\">", state);
    put_tip(page, node);
    incload__str_addf(out, "<rect class=\"node%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"7\"/>",
                      node->critical ? " crit" : "", x, y, WIDTH, HEIGHT);
    incload__str_addf(out,
                      "<rect class=\"tab\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"5\"/>"
                      "<text class=\"mark\" x=\"%d\" y=\"%d\" style=\"font-size:13px\">%s</text>",
                      x + 5, y + 7, TAB - 4, HEIGHT - 14, x + 5 + (TAB - 4) / 2, y + HEIGHT / 2 + 5,
                      incload__picture_mark(state));
    incload__str_addf(out, "<text x=\"%d\" y=\"%d\">", x + TAB + 8, y + 19);
    incload__shape_title(page->picture, node, out, incload__put_html);
    incload__str_addf(out, "</text><text class=\"soft\" x=\"%d\" y=\"%d\">", x + TAB + 8, y + 35);
    put_note(page, node, NOTE);
    incload__str_add(out, "</text>");
    if (rule_of(page, node)[0] != '\0') {
        incload__str_addf(out, "<text class=\"soft\" x=\"%d\" y=\"%d\">", x + 4, y - 4);
        incload__put_short(out, rule_of(page, node), 32, incload__put_html);
        incload__str_add(out, "</text>");
    }
    incload__str_add(out, "</g>\n");
    incload__sink_pass(page->sink);
}

static void
put_graph(incload__page *page, const incload__layout *layout)
{
    incload__str *out = &page->sink->text;
    int32_t width = 2 * EDGE + page->shape.level_count * (WIDTH + GAP_X) - GAP_X;
    int32_t height = 2 * EDGE + layout->max_rows * (HEIGHT + GAP_Y) - GAP_Y;

    incload__str_addf(
        out,
        "<section id=\"graph\"><h2>Steps</h2>\n<div class=\"scroll\"><svg%s width=\"%d\" height=\"%d\" "
        "viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"The graph of the steps; the same is in the table "
        "below\">\n<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" "
        "markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"tip\" "
        "d=\"M0 0L8 4L0 8z\"/></marker></defs>\n",
        width <= FITTING ? " class=\"fit\"" : "", width, height, width, height);
    for (int32_t i = 0; i < layout->link_count; i++)
        put_link(page, layout, &layout->links[i]);
    for (int32_t i = 0; i < page->shape.node_count; i++)
        put_node(page, layout, &layout->items[i]);
    incload__str_add(out,
                     "</svg></div>\n<p class=\"note\">Thick: the critical path. Dashed: a branch that was not taken."
                     "</p>\n</section>\n");
}

int32_t
incload__page_graph(incload__page *page, incload_error **err)
{
    incload__layout layout;

    if (page->shape.node_count == 0)
        return INCLOAD_OK;
    int32_t status = incload__layout_make(&layout, page->mem, &page->shape, err);
    if (status != INCLOAD_OK)
        return status;
    put_graph(page, &layout);
    incload__layout_free(&layout);
    return INCLOAD_OK;
}
