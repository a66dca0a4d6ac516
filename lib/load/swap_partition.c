/* SPDX-License-Identifier: Apache-2.0 */
/* Which table's place is taken: the target's, or with swap_by=partition that of one of its partitions. */
#include <string.h>

#include "load/mode.h"
#include "load/swap.h"

/* A row of the dialect's `partitions`. */
enum { STRATEGY, KEY, KEY_TYPE, SCHEMA, NAME, KIND, LOW, HIGH };

static int32_t
check_partitioned(const incload__swap *swap, const incload__rows *rows, incload_error **err)
{
    char name[200];

    incload__table_text(&swap->load->target_name, name, sizeof name);
    if (incload__rows_get(rows, 0, STRATEGY) == NULL)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "swap_by=partition exchanges a partition of the target, and target table %s is not "
                             "partitioned: take swap_by=rename",
                             name);
    if (incload__rows_get(rows, 0, NAME) == NULL)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "target table %s has no partition to be exchanged: create the one that the rows belong "
                             "to",
                             name);
    return INCLOAD_OK;
}

static bool
is_named(const incload__rows *rows, int64_t row, const char *wanted)
{
    const char *schema = incload__rows_get(rows, row, SCHEMA), *name = incload__rows_get(rows, row, NAME);
    size_t length = schema != NULL ? strlen(schema) : 0;

    if (strcmp(name, wanted) == 0)
        return true;
    return schema != NULL && strncmp(wanted, schema, length) == 0 && wanted[length] == '.'
           && strcmp(wanted + length + 1, name) == 0;
}

static int32_t
choose_by_name(const incload__swap *swap, const incload__rows *rows, int64_t *chosen, incload_error **err)
{
    const char *wanted = swap->load->how->swap_partition;
    char name[200];

    incload__table_text(&swap->load->target_name, name, sizeof name);
    for (int64_t i = 0; i < rows->count && wanted != NULL; i++) {
        if (!is_named(rows, i, wanted))
            continue;
        *chosen = i;
        return INCLOAD_OK;
    }
    if (wanted != NULL)
        return incload__fail(err, INCLOAD_E_NOT_FOUND,
                             "target table %s has no partition '%.130s': option swap_partition takes a partition's "
                             "name, with its schema or without",
                             name, wanted);
    if (rows->count > 1)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "target table %s has %lld partitions: name the one that all rows belong to by option "
                             "swap_partition, or take window=interval with the bounds of one",
                             name, (long long)rows->count);
    *chosen = 0;
    return INCLOAD_OK;
}

/* The bounds of the interval as the target writes values of its partition key. */
static int32_t
read_bounds(incload__swap *swap, const char *type, incload__rows *out, incload_error **err)
{
    incload__load *load = swap->load;
    incload__str sql = INCLOAD__STR(load->mem);
    char *bounds[2] = { NULL, NULL };

    *out = (incload__rows){ .mem = load->mem };
    int32_t status = incload__bound_in_target(load, load->how->initial, &bounds[0], err);
    if (status == INCLOAD_OK)
        status = incload__bound_in_target(load, load->how->until, &bounds[1], err);
    /* A type's name as the catalog writes it is quoted where it must be. */
    incload__str_addf(&sql, "SELECT CAST($1::text AS %s)::text, CAST($2::text AS %s)::text", type, type);
    if (status == INCLOAD_OK && sql.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK) {
        const incload__param params[] = { { bounds[0], strlen(bounds[0]), INCLOAD__TEXT },
                                          { bounds[1], strlen(bounds[1]), INCLOAD__TEXT } };
        status = load->to->driver->select(load->to, incload__str_text(&sql), params, 2, out, err);
    }
    incload__free(load->mem, bounds[0]);
    incload__free(load->mem, bounds[1]);
    incload__str_free(&sql);
    return status;
}

static bool
equal(const char *one, const char *other)
{
    return one != NULL && other != NULL && strcmp(one, other) == 0;
}

/* More than the interval must not go, and less could not be told from rows that the source has lost. */
static int32_t
choose_by_bounds(incload__swap *swap, const incload__rows *rows, int64_t *chosen, incload_error **err)
{
    const incload__load *load = swap->load;
    const char *key = incload__rows_get(rows, 0, KEY), *cursor = load->target.columns[load->cursor].name;
    const char *strategy = incload__rows_get(rows, 0, STRATEGY), *wanted = load->how->swap_partition;
    incload__rows bounds = { .mem = load->mem };
    char name[200];

    incload__table_text(&load->target_name, name, sizeof name);
    if (!equal(strategy, "r") || !equal(key, cursor))
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "swap_by=partition with window=interval needs a target that is partitioned BY RANGE of "
                             "the cursor, and target table %s is not by '%.64s' alone: take window=all with option "
                             "swap_partition",
                             name, cursor);
    int32_t status = read_bounds(swap, incload__rows_get(rows, 0, KEY_TYPE), &bounds, err);
    *chosen = -1;
    for (int64_t i = 0; i < rows->count && status == INCLOAD_OK && *chosen < 0; i++) {
        if ((wanted == NULL || is_named(rows, i, wanted))
            && equal(incload__rows_get(rows, i, LOW), incload__rows_get(&bounds, 0, 0))
            && equal(incload__rows_get(rows, i, HIGH), incload__rows_get(&bounds, 0, 1)))
            *chosen = i;
    }
    incload__rows_free(&bounds);
    if (status == INCLOAD_OK && *chosen < 0)
        status = incload__fail(err, INCLOAD_E_INVALID,
                               "no partition of target table %s has exactly the bounds of the interval, and a part of "
                               "one or several cannot be exchanged: set 'initial' and 'until' to the bounds of one, or "
                               "take write=replace_interval",
                               name);
    return status;
}

static int32_t
take(incload__swap *swap, const incload__rows *rows, int64_t row, incload_error **err)
{
    incload__load *load = swap->load;
    char name[200];

    if (equal(incload__rows_get(rows, row, KIND), "p"))
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "partition %.64s of target table %s is partitioned itself: make it the target of the load",
                             incload__rows_get(rows, row, NAME),
                             incload__table_text(&load->target_name, name, sizeof name));
    swap->partition.schema = incload__strdup(load->mem, incload__rows_get(rows, row, SCHEMA));
    swap->partition.name = incload__strdup(load->mem, incload__rows_get(rows, row, NAME));
    if (swap->partition.schema == NULL || swap->partition.name == NULL)
        return incload__fail_memory(err);
    swap->replaced = load->replaced = &swap->partition;
    swap->stage.schema = swap->old.schema = swap->partition.schema;
    return INCLOAD_OK;
}

int32_t
incload__swap_find_partition(incload__swap *swap, incload_error **err)
{
    incload__load *load = swap->load;
    incload__rows rows = { .mem = load->mem };
    int64_t chosen = 0;

    if (load->how->swap_by != INCLOAD__SWAP_PARTITION)
        return INCLOAD_OK;
    int32_t status = incload__swap_ask(swap, swap->rules->partitions, &load->target_name, NULL, &rows, err);
    if (status == INCLOAD_OK)
        status = check_partitioned(swap, &rows, err);
    if (status == INCLOAD_OK)
        status = load->how->window == INCLOAD__WINDOW_INTERVAL ? choose_by_bounds(swap, &rows, &chosen, err)
                                                               : choose_by_name(swap, &rows, &chosen, err);
    if (status == INCLOAD_OK)
        status = take(swap, &rows, chosen, err);
    incload__rows_free(&rows);
    return status;
}
