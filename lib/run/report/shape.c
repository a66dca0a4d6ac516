/* SPDX-License-Identifier: Apache-2.0 */
#include "run/report/shape.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "run/report/ranks.h"

/* A step on its way to a node. */
typedef struct place {
    uint64_t likeness; /* equal for steps with the same neighbours, group, kind and status */
    int32_t step;
    int32_t level;
} place;

typedef struct workspace {
    place *places;
    int32_t *follows; /* on the critical path, the step after; else -1 */
    int32_t *node_of; /* of a step */
    incload__picture_tally *tallies;
} workspace;

static bool
workspace_make(workspace *work, const incload__mem *mem, const incload__picture *picture)
{
    size_t steps = (size_t)picture->step_count;

    work->places = incload__alloc_array(mem, steps, sizeof *work->places);
    work->follows = incload__alloc_array(mem, steps, sizeof *work->follows);
    work->node_of = incload__alloc_array(mem, steps, sizeof *work->node_of);
    work->tallies = incload__alloc_array(mem, steps, sizeof *work->tallies);
    return work->places != NULL && work->follows != NULL && work->node_of != NULL && work->tallies != NULL;
}

static void
workspace_free(workspace *work, const incload__mem *mem)
{
    incload__free(mem, work->places);
    incload__free(mem, work->follows);
    incload__free(mem, work->node_of);
    incload__free(mem, work->tallies);
}

static uint64_t
mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

static uint64_t
mix_text(uint64_t value, const char *text)
{
    for (const char *at = incload__picture_text(text); *at != '\0'; at++)
        value = mix(value ^ (unsigned char)*at);
    return mix(value);
}

/* Sums do not depend on the order of the edges. */
static void
fill_places(workspace *work, const incload__picture *picture, const incload__ranks *order)
{
    for (int32_t i = 0; i < picture->step_count; i++) {
        const incload__picture_step *step = &picture->steps[i];
        work->places[i].step = i;
        work->places[i].level = order->levels[i];
        work->places[i].likeness = mix_text(mix_text((uint64_t)step->status, step->group), step->kind);
    }
    for (int32_t i = 0; i < picture->edge_count; i++) {
        const incload__picture_edge *edge = &picture->edges[i];
        work->places[edge->to].likeness += mix((uint64_t)edge->from * 2 + 1);
        work->places[edge->from].likeness += mix((uint64_t)edge->to * 2 + 2);
    }
}

static int
by_level(const void *a, const void *b)
{
    const place *x = a;
    const place *y = b;

    if (x->level != y->level)
        return x->level < y->level ? -1 : 1;
    if (x->likeness != y->likeness)
        return x->likeness < y->likeness ? -1 : 1;
    return x->step < y->step ? -1 : x->step > y->step;
}

static int
by_level_and_step(const void *a, const void *b)
{
    const place *x = a;
    const place *y = b;

    if (x->level != y->level)
        return x->level < y->level ? -1 : 1;
    return x->step < y->step ? -1 : x->step > y->step;
}

/* A failure among many is what the reader looks for. */
static int32_t
worse(int32_t a, int32_t b)
{
    static const int8_t ranks[] = { 0, 2, 4, 1, 5, 3 };

    if (a < 0 || a > INCLOAD_STATUS_SKIPPED)
        return b;
    return b >= 0 && b <= INCLOAD_STATUS_SKIPPED && ranks[b] > ranks[a] ? b : a;
}

static void
add_to_node(incload__shape_node *node, const incload__picture *picture, const workspace *work, const place *at)
{
    const incload__picture_tally *units = &work->tallies[at->step];

    if (node->count == 0) {
        node->step = at->step;
        node->level = at->level;
        node->status = picture->steps[at->step].status;
    }
    node->count++;
    node->status = worse(node->status, picture->steps[at->step].status);
    node->units.total += units->total;
    for (int32_t i = 0; i <= INCLOAD_STATUS_SKIPPED; i++)
        node->units.by_status[i] += units->by_status[i];
}

static void
fill_nodes(incload__shape *shape, const incload__picture *picture, workspace *work, int32_t max_nodes)
{
    bool crowded = picture->step_count > max_nodes;

    qsort(work->places, (size_t)picture->step_count, sizeof *work->places, crowded ? by_level : by_level_and_step);
    for (int32_t i = 0; i < picture->step_count; i++) {
        const place *at = &work->places[i];
        bool alike = crowded && i > 0 && at->level == at[-1].level && at->likeness == at[-1].likeness;
        if (!alike && shape->node_count < max_nodes)
            shape->node_count++;
        else if (!alike)
            shape->nodes[shape->node_count - 1].rest = true;
        add_to_node(&shape->nodes[shape->node_count - 1], picture, work, at);
        work->node_of[at->step] = shape->node_count - 1;
        if (at->level >= shape->level_count)
            shape->level_count = at->level + 1;
    }
    for (int32_t i = 0; i < shape->critical.count; i++)
        shape->nodes[work->node_of[shape->critical.steps[i]]].critical = true;
}

static int
by_ends(const void *a, const void *b)
{
    const incload__shape_edge *x = a;
    const incload__shape_edge *y = b;

    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return x->to < y->to ? -1 : x->to > y->to;
}

static void
fill_edges(incload__shape *shape, const incload__picture *picture, workspace *work)
{
    int32_t *follows = work->follows;
    int32_t kept = 0;

    for (int32_t i = 0; i < picture->step_count; i++)
        follows[i] = -1;
    for (int32_t i = 1; i < shape->critical.count; i++)
        follows[shape->critical.steps[i - 1]] = shape->critical.steps[i];
    for (int32_t i = 0; i < picture->edge_count; i++) {
        const incload__picture_edge *edge = &picture->edges[i];
        shape->edges[i] = (incload__shape_edge){ work->node_of[edge->from], work->node_of[edge->to], edge->closed,
                                                 follows[edge->from] == edge->to, edge->label };
    }
    qsort(shape->edges, (size_t)picture->edge_count, sizeof *shape->edges, by_ends);
    for (int32_t i = 0; i < picture->edge_count; i++) {
        incload__shape_edge *edge = &shape->edges[i];
        incload__shape_edge *last = kept > 0 ? &shape->edges[kept - 1] : NULL;
        if (edge->from == edge->to)
            continue;
        if (last != NULL && last->from == edge->from && last->to == edge->to) {
            last->closed = last->closed && edge->closed;
            last->critical = last->critical || edge->critical;
        } else {
            shape->edges[kept++] = *edge;
        }
    }
    shape->edge_count = kept;
}

int32_t
incload__shape_make(incload__shape *shape, const incload__mem *mem, const incload__picture *picture, int32_t max_nodes,
                    incload_error **err)
{
    workspace work = { 0 };
    incload__picture_tally all;
    incload__ranks order;
    int32_t status = incload__ranks_make(&order, mem, picture, err);

    *shape = (incload__shape){ .mem = mem };
    if (status != INCLOAD_OK)
        return status;
    shape->nodes = incload__alloc_array(mem, (size_t)picture->step_count, sizeof *shape->nodes);
    shape->edges = incload__alloc_array(mem, (size_t)picture->edge_count, sizeof *shape->edges);
    status = incload__critical_find(&shape->critical, mem, picture, err);
    if (shape->nodes == NULL || shape->edges == NULL || !workspace_make(&work, mem, picture))
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK) {
        incload__picture_tallies(picture, work.tallies, &all);
        fill_places(&work, picture, &order);
        fill_nodes(shape, picture, &work, max_nodes > 0 ? max_nodes : INCLOAD__SHAPE_NODES);
        fill_edges(shape, picture, &work);
    }
    workspace_free(&work, mem);
    incload__ranks_free(&order);
    if (status != INCLOAD_OK)
        incload__shape_free(shape);
    return status;
}

void
incload__shape_free(incload__shape *shape)
{
    incload__critical_free(&shape->critical, shape->mem);
    incload__free(shape->mem, shape->nodes);
    incload__free(shape->mem, shape->edges);
    *shape = (incload__shape){ .mem = shape->mem };
}

void
incload__shape_title(const incload__picture *picture, const incload__shape_node *node, incload__str *out,
                     void (*put)(incload__str *out, const char *text))
{
    if (node->rest) {
        incload__str_addf(out, "%d more steps", node->count);
        return;
    }
    incload__put_short(out, picture->steps[node->step].name, 25, put);
    if (node->count > 1)
        incload__str_addf(out, " \xc3\x97%d", node->count);
}

static void
dot_between(incload__str *out, size_t start)
{
    if (out->length > start)
        incload__str_add(out, " \xc2\xb7 ");
}

void
incload__shape_note(const incload__picture *picture, const incload__shape_node *node, incload__str *out,
                    void (*put)(incload__str *out, const char *text))
{
    const incload__picture_step *step = &picture->steps[node->step];
    const int64_t *units = node->units.by_status;
    size_t start = out->length;

    if (!node->rest)
        incload__put_short(out, step->kind, 16, put);
    if (node->units.total > node->count) {
        dot_between(out, start);
        incload__str_addf(out, "%lld/%lld units", (long long)units[INCLOAD_STATUS_SUCCESS],
                          (long long)node->units.total);
        if (units[INCLOAD_STATUS_FAILED] > 0)
            incload__str_addf(out, ", %lld failed", (long long)units[INCLOAD_STATUS_FAILED]);
    }
    if (node->count == 1 && step->start_us != 0) {
        dot_between(out, start);
        incload__picture_duration(out, incload__picture_end(picture, step->start_us, step->end_us) - step->start_us);
    }
    if (node->count == 1 && step->rows > 0) {
        dot_between(out, start);
        incload__picture_amount(out, step->rows);
        incload__str_add(out, " rows");
    }
    if (node->status != INCLOAD_STATUS_SUCCESS && incload__picture_text(step->reason)[0] != '\0') {
        dot_between(out, start);
        incload__put_short(out, step->reason, 24, put);
    }
}

/* ---- drawing ---- */

static const char *
group_of(const incload__picture *picture, const incload__shape_node *node)
{
    return node->rest ? "" : incload__picture_text(picture->steps[node->step].group);
}

/* Nodes of one group, told when its first is met. */
static void
draw_group(const incload__shape *shape, const incload__picture *picture, const incload__pen *pen, incload__str *out,
           int32_t first)
{
    const char *group = group_of(picture, &shape->nodes[first]);

    for (int32_t i = 0; i < first; i++) {
        if (strcmp(group_of(picture, &shape->nodes[i]), group) == 0)
            return;
    }
    pen->begin_group(out, group, first);
    for (int32_t i = first; i < shape->node_count; i++) {
        if (strcmp(group_of(picture, &shape->nodes[i]), group) == 0)
            pen->node(out, picture, &shape->nodes[i], i);
    }
    incload__str_add(out, pen->end_group);
}

void
incload__shape_draw(const incload__shape *shape, const incload__picture *picture, const incload__pen *pen,
                    incload__sink *sink)
{
    for (int32_t i = 0; i < shape->node_count; i++) {
        if (group_of(picture, &shape->nodes[i])[0] != '\0')
            draw_group(shape, picture, pen, &sink->text, i);
        else
            pen->node(&sink->text, picture, &shape->nodes[i], i);
        incload__sink_pass(sink);
    }
    for (int32_t i = 0; i < shape->edge_count; i++) {
        const incload__shape_edge *edge = &shape->edges[i];
        const incload__shape_node *to = &shape->nodes[edge->to];
        const char *label = incload__picture_text(edge->label);
        if (label[0] == '\0' && !to->rest)
            label = incload__picture_text(picture->steps[to->step].rule);
        pen->edge(&sink->text, edge, label);
        incload__sink_pass(sink);
    }
}
