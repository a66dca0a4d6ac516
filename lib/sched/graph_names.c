/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/graph_names.h"

#include <string.h>

#include "base/nearest.h"
#include "base/str.h"

/* Beyond these a message helps nobody; a search for a likely name among more would take long. */
enum { MOST_TOLD = 20, MOST_ON_A_PATH = 12, MOST_COMPARED = 20000, FIRST_SIZE = 16 };

typedef struct named_edge {
    char *from;
    char *to;
    int32_t branch;
} named_edge;

struct incload__graph_names {
    incload__mem mem;
    incload__graph *graph;
    char **names; /* by node */
    int32_t count;
    int32_t capacity;
    int32_t *table; /* open addressing: node + 1, 0 for none; its size is a power of two */
    uint32_t table_size;
    named_edge *edges;
    int32_t edge_count;
    int32_t edge_capacity;
    int32_t *twice; /* nodes whose name came again */
    int32_t twice_count;
    int32_t twice_capacity;
    incload__str told;
    int32_t problems;
};

incload__graph_names *
incload__graph_names_new(const incload__mem *mem)
{
    incload__graph_names *names = incload__alloc(mem, sizeof *names);

    if (names == NULL)
        return NULL;
    names->mem = *mem;
    names->graph = incload__graph_new(mem);
    names->told = (incload__str){ .mem = &names->mem };
    if (names->graph == NULL) {
        incload__free(mem, names);
        return NULL;
    }
    return names;
}

static void
free_edges(incload__graph_names *names)
{
    for (int32_t i = 0; i < names->edge_count; i++) {
        incload__free(&names->mem, names->edges[i].from);
        incload__free(&names->mem, names->edges[i].to);
    }
    incload__free(&names->mem, names->edges);
    names->edges = NULL;
    names->edge_count = names->edge_capacity = 0;
}

void
incload__graph_names_free(incload__graph_names *names)
{
    if (names == NULL)
        return;
    incload__mem mem = names->mem;
    for (int32_t i = 0; i < names->count; i++)
        incload__free(&mem, names->names[i]);
    free_edges(names);
    incload__str_free(&names->told);
    incload__graph_free(names->graph);
    incload__free(&mem, names->names);
    incload__free(&mem, names->table);
    incload__free(&mem, names->twice);
    incload__free(&mem, names);
}

static uint32_t
hash_of(const char *name)
{
    uint32_t hash = 2166136261u;

    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash ^ hash >> 15;
}

/* Where the name is, or where it would go. */
static uint32_t
place_of(const incload__graph_names *names, const char *name)
{
    uint32_t at = hash_of(name) & (names->table_size - 1);

    while (names->table[at] != 0 && strcmp(names->names[names->table[at] - 1], name) != 0)
        at = (at + 1) & (names->table_size - 1);
    return at;
}

static bool
grow_table(incload__graph_names *names)
{
    uint32_t size = names->table_size > 0 ? 2 * names->table_size : 2 * FIRST_SIZE;
    int32_t *table = incload__alloc_array(&names->mem, size, sizeof *table);

    if (table == NULL)
        return false;
    incload__free(&names->mem, names->table);
    names->table = table;
    names->table_size = size;
    for (int32_t i = 0; i < names->count; i++)
        table[place_of(names, names->names[i])] = i + 1;
    return true;
}

static bool
make_room(const incload__graph_names *names, void *slot, int32_t count, int32_t *capacity, size_t size)
{
    int32_t larger = *capacity > 0 ? 2 * *capacity : FIRST_SIZE;
    void *block;

    if (count < *capacity)
        return true;
    memcpy(&block, slot, sizeof block);
    block = incload__realloc(&names->mem, block, (size_t)larger * size);
    if (block == NULL)
        return false;
    memcpy(slot, &block, sizeof block);
    *capacity = larger;
    return true;
}

int32_t
incload__graph_names_find(const incload__graph_names *names, const char *name)
{
    return names->table_size > 0 ? names->table[place_of(names, name)] - 1 : -1;
}

int32_t
incload__graph_names_add(incload__graph_names *names, const char *name, const incload__node_spec *spec)
{
    int32_t found = incload__graph_names_find(names, name);

    if (found >= 0) {
        if (!make_room(names, &names->twice, names->twice_count, &names->twice_capacity, sizeof *names->twice))
            return INCLOAD_E_NO_MEMORY;
        names->twice[names->twice_count++] = found;
        return found;
    }
    if (!make_room(names, &names->names, names->count, &names->capacity, sizeof *names->names)
        || ((uint32_t)names->count >= names->table_size / 2 && !grow_table(names)))
        return INCLOAD_E_NO_MEMORY;
    char *copy = incload__strdup(&names->mem, name);
    if (copy == NULL)
        return INCLOAD_E_NO_MEMORY;
    int32_t node = incload__graph_add_node(names->graph, spec);
    if (node < 0) {
        incload__free(&names->mem, copy);
        return node;
    }
    names->table[place_of(names, name)] = node + 1;
    names->names[names->count++] = copy;
    return node;
}

int32_t
incload__graph_names_edge(incload__graph_names *names, const char *from, const char *to, int32_t branch)
{
    if (branch < 0 || branch > INCLOAD__GRAPH_MAX_BRANCH)
        return INCLOAD_E_INVALID;
    if (!make_room(names, &names->edges, names->edge_count, &names->edge_capacity, sizeof *names->edges))
        return INCLOAD_E_NO_MEMORY;
    named_edge edge = { incload__strdup(&names->mem, from), incload__strdup(&names->mem, to), branch };
    if (edge.from == NULL || edge.to == NULL) {
        incload__free(&names->mem, edge.from);
        incload__free(&names->mem, edge.to);
        return INCLOAD_E_NO_MEMORY;
    }
    names->edges[names->edge_count++] = edge;
    return INCLOAD_OK;
}

const char *
incload__graph_names_of(const incload__graph_names *names, int32_t node)
{
    return node >= 0 && node < names->count ? names->names[node] : "";
}

incload__graph *
incload__graph_names_graph(const incload__graph_names *names)
{
    return names->graph;
}

/* ---- problems as text ---- */

/* Begins the next one; false when enough were told. */
static bool
begin_problem(incload__graph_names *names)
{
    names->problems++;
    if (names->problems > MOST_TOLD)
        return false;
    if (names->problems > 1)
        incload__str_add(&names->told, "; ");
    return true;
}

static const char *
nearest_to(const incload__graph_names *names, const char *name)
{
    const char *nearest = NULL;
    int32_t least = INCLOAD__NEAREST_EDITS + 1;

    for (int32_t i = 0; i < names->count && i < MOST_COMPARED; i++) {
        int32_t edits = incload__edit_distance(name, names->names[i]);
        if (edits < least) {
            least = edits;
            nearest = names->names[i];
        }
    }
    return nearest;
}

static void
tell_unknown(incload__graph_names *names, const char *unknown, const char *of, const char *relation)
{
    if (!begin_problem(names))
        return;
    incload__str_addf(&names->told, "there is no step '%.64s', which '%.64s' %s", unknown, of, relation);
    const char *nearest = nearest_to(names, unknown);
    if (nearest != NULL)
        incload__str_addf(&names->told, ": did you mean '%s'?", nearest);
}

static void
tell_cycle(incload__graph_names *names, const incload__graph_problem *problem)
{
    incload__str_add(&names->told, "the cycle ");
    for (int32_t i = 0; i < problem->count; i++) {
        if (i == MOST_ON_A_PATH && problem->count > MOST_ON_A_PATH + 1) {
            incload__str_addf(&names->told, "... (%d more) -> ", problem->count - 1 - MOST_ON_A_PATH);
            i = problem->count - 1;
        }
        incload__str_addf(&names->told, "%s -> ", incload__graph_names_of(names, problem->nodes[i]));
    }
    incload__str_add(&names->told, incload__graph_names_of(names, problem->nodes[0]));
}

static void
tell_problem(void *data, const incload__graph_problem *problem)
{
    incload__graph_names *names = data;
    const char *first = incload__graph_names_of(names, problem->nodes[0]);

    if (!begin_problem(names))
        return;
    if (problem->kind == INCLOAD__PROBLEM_CYCLE)
        tell_cycle(names, problem);
    else if (problem->kind == INCLOAD__PROBLEM_TWICE)
        incload__str_addf(&names->told, "the edge %s -> %s is there twice", first,
                          incload__graph_names_of(names, problem->nodes[1]));
    else
        incload__str_addf(&names->told, "step '%s' %s", first, problem->text);
}

static int32_t
resolve_edges(incload__graph_names *names)
{
    for (int32_t i = 0; i < names->edge_count; i++) {
        const named_edge *edge = &names->edges[i];
        int32_t from = incload__graph_names_find(names, edge->from), to = incload__graph_names_find(names, edge->to);
        if (from < 0)
            tell_unknown(names, edge->from, edge->to, "waits for");
        if (to < 0)
            tell_unknown(names, edge->to, edge->from, "comes before");
        if (from < 0 || to < 0)
            continue;
        int32_t status = incload__graph_add_edge(names->graph, from, to, edge->branch);
        if (status != INCLOAD_OK)
            return status;
    }
    free_edges(names);
    return INCLOAD_OK;
}

int32_t
incload__graph_names_freeze(incload__graph_names *names, const char *what, incload_error **err)
{
    incload__str_clear(&names->told);
    names->problems = 0;
    for (int32_t i = 0; i < names->twice_count; i++) {
        if (begin_problem(names))
            incload__str_addf(&names->told, "step '%s' is there twice",
                              incload__graph_names_of(names, names->twice[i]));
    }
    int32_t status = resolve_edges(names);
    if (status == INCLOAD_OK && names->problems > 0)
        status = incload__graph_check(names->graph, tell_problem, names);
    else if (status == INCLOAD_OK)
        status = incload__graph_freeze(names->graph, tell_problem, names);
    if (status == INCLOAD_E_NO_MEMORY || names->told.failed)
        return incload__fail_memory(err);
    if (names->problems > MOST_TOLD)
        incload__str_addf(&names->told, "; and %d more", names->problems - MOST_TOLD);
    if (names->problems > 0)
        return incload__fail(err, INCLOAD_E_INVALID, "%s has %d problem%s: %s", what, names->problems,
                             names->problems == 1 ? "" : "s", incload__str_text(&names->told));
    if (status != INCLOAD_OK)
        return incload__fail(err, status, "%s was built already", what);
    return INCLOAD_OK;
}
