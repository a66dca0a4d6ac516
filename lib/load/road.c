/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the three roads the rows take, and why not a faster one. */
#include <string.h>

#include "load/swap.h"

static int32_t
identity_of(incload__load *load, incload__conn *conn, char **out, incload_error **err)
{
    incload__rows rows = { .mem = load->mem };

    *out = NULL;
    if (conn->dialect->identity_query == NULL)
        return INCLOAD_OK;
    conn->repeats = true;
    int32_t status = conn->driver->select(conn, conn->dialect->identity_query, NULL, 0, &rows, err);
    conn->repeats = false;
    if (status != INCLOAD_OK)
        return status;
    const char *text = rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
    if (text != NULL && text[0] != '\0') {
        *out = incload__strdup(load->mem, text);
        if (*out == NULL)
            status = incload__fail_memory(err);
    }
    incload__rows_free(&rows);
    return status;
}

static int32_t
same_database(incload__load *load, bool *same, incload_error **err)
{
    char *here = NULL, *there = NULL;

    *same = false;
    if (load->from->dialect != load->to->dialect
        || incload__memo_noted(load->spec->memo, INCLOAD__DATABASES_DIFFER))
        return INCLOAD_OK;
    int32_t status = identity_of(load, load->from, &here, err);
    if (status == INCLOAD_OK)
        status = identity_of(load, load->to, &there, err);
    *same = here != NULL && there != NULL && strcmp(here, there) == 0;
    if (here != NULL && there != NULL && !*same)
        incload__memo_note_that(load->spec->memo, INCLOAD__DATABASES_DIFFER);
    incload__free(load->mem, here);
    incload__free(load->mem, there);
    return status;
}

static bool
same_native(const incload__column *a, const incload__column *b)
{
    return a->native != NULL && b->native != NULL && strcmp(a->native, b->native) == 0;
}

/* The first column whose values could change if the server itself moved them, or NULL. */
static const incload__column *
first_unequal(const incload__load *load, bool by_id)
{
    for (int32_t i = 0; i < load->shape.count; i++) {
        const incload__column *from = &load->shape.columns[i], *to = &load->target.columns[i];
        bool holds = same_native(from, to) || incload__type_holds(to->type, from->type);
        /* Ids of built-in types mean the same on every PostgreSQL; others carry ids of their own server in their bytes.
         */
        if (by_id && (from->native_id == 0 || from->native_id != to->native_id || from->native_id >= 10000))
            holds = false;
        if (!holds)
            return from;
    }
    return NULL;
}

static void
say(incload__str *reason, const char *text)
{
    if (reason->length > 0)
        incload__str_add(reason, "; ");
    incload__str_add(reason, text);
}

static void
say_unequal(incload__str *reason, const incload__load *load, const incload__column *column)
{
    const incload__column *to = &load->target.columns[column - load->shape.columns];

    if (reason->length > 0)
        incload__str_add(reason, "; ");
    incload__str_addf(reason, "column '%.64s' is %.64s in the source and %.64s in the target", column->name,
                      column->native != NULL ? column->native : "computed", to->native != NULL ? to->native : "?");
}

/* Several loads are to see one state of the source, also where the target's server reads it. */
static bool
reads_one_state(const incload__load *load)
{
    return !incload__in_company(load) || load->from->dialect->export_snapshot != NULL || load->to->dialect->one_writer;
}

/* The fastest road that is open; what closes the faster ones goes into `reason`. */
static int32_t
fastest(const incload__load *load, bool same, incload__str *reason)
{
    const incload__column *column;

    if (load->spec->function != NULL) {
        say(reason, "a process function sees the rows");
        return INCLOAD__ROAD_BATCHES;
    }
    if (load->how->bad_rows == INCLOAD__BAD_ROWS_REJECT) {
        say(reason, "bad_rows=reject looks for bad rows in batches");
        return INCLOAD__ROAD_BATCHES;
    }
    bool frozen = incload__swap_freezes(load);
    column = first_unequal(load, false);
    if (same && !frozen && column == NULL && reads_one_state(load) && load->spec->snapshot == NULL)
        return INCLOAD__ROAD_SAME_DATABASE;
    if (same && load->spec->snapshot != NULL)
        say(reason, "the snapshot that all units share is older than what the target's transaction must see");
    else if (same && !reads_one_state(load))
        say(reason, "INSERT ... SELECT would not read the source in the one snapshot of all loads of the group");
    else if (same && frozen)
        say(reason, "rows that INSERT brings into a new table would be missing in older snapshots: they are copied");
    else if (same)
        say_unequal(reason, load, column);
    else
        say(reason, "source and target are different databases");

    if (load->from->driver->relay == NULL || load->from->driver != load->to->driver) {
        say(reason, "the relay needs libpq on both sides");
        return INCLOAD__ROAD_BATCHES;
    }
    if ((column = first_unequal(load, true)) != NULL) {
        say_unequal(reason, load, column);
        return INCLOAD__ROAD_BATCHES;
    }
    return INCLOAD__ROAD_RELAY;
}

/* Kinds whose text in the server's own words holds more than the typed value: infinities, NaN, BC, further types. */
static bool
travels_as_text(incload__kind kind)
{
    switch (kind) {
    case INCLOAD__DECIMAL:
    case INCLOAD__NUMERIC:
    case INCLOAD__DATE:
    case INCLOAD__TIME:
    case INCLOAD__TIMESTAMP:
    case INCLOAD__TIMESTAMPTZ:
    case INCLOAD__UUID:
    case INCLOAD__JSON:
    case INCLOAD__NATIVE:
        return true;
    default:
        return false;
    }
}

static int32_t
plan_travel(incload__load *load, incload_error **err)
{
    bool plain = load->spec->function == NULL && load->from->dialect == load->to->dialect;
    int32_t status = incload__schema_copy(&load->travel, &load->shape, err);

    if (status == INCLOAD_OK)
        status = incload__schema_copy(&load->write, &load->target, err);
    for (int32_t i = 0; i < load->travel.count && status == INCLOAD_OK; i++) {
        incload__column *from = &load->travel.columns[i], *to = &load->write.columns[i];
        if (plain && same_native(from, to) && travels_as_text(from->type.kind)) {
            from->type = (incload__type){ .kind = INCLOAD__NATIVE };
            to->type = from->type;
        }
    }
    return status;
}

int32_t
incload__plan_road(incload__load *load, incload_error **err)
{
    static const char *const names[] = { "", "same-database", "relay", "batches" };
    incload__str reason = INCLOAD__STR(load->mem);
    int32_t wanted = load->how->road;
    bool same = false;

    if (load->how->bad_rows == INCLOAD__BAD_ROWS_REJECT && load->to->dialect->load_order == NULL)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "bad_rows=reject is not known for %s targets: take bad_rows=fail",
                             load->to->dialect->name);
    int32_t status = same_database(load, &same, err);
    if (status != INCLOAD_OK)
        return status;
    if (same && load->spec->query == NULL && strcmp(load->source_name.name, load->target_name.name) == 0
        && (load->source_name.schema == load->target_name.schema
            || (load->source_name.schema != NULL && load->target_name.schema != NULL
                && strcmp(load->source_name.schema, load->target_name.schema) == 0)))
        return incload__fail(err, INCLOAD_E_INVALID, "source and target are the same table of the same database");

    load->road = fastest(load, same, &reason);
    if (wanted > load->road) {
        /* A slower road always works, but for the relay, which needs what first_unequal() looks at. */
        bool open = wanted == INCLOAD__ROAD_BATCHES
                    || (load->from->driver->relay != NULL && load->from->driver == load->to->driver
                        && first_unequal(load, true) == NULL);
        if (open) {
            load->road = wanted;
            incload__str_clear(&reason);
            say(&reason, "option 'road' asked for it");
        }
    }
    if (reason.failed) {
        incload__str_free(&reason);
        return incload__fail_memory(err);
    }
    if (wanted != INCLOAD__ROAD_AUTO && wanted != load->road) {
        status = incload__fail(err, INCLOAD_E_UNSUPPORTED, "road=%s is closed: %s", names[wanted],
                               incload__str_text(&reason));
        incload__str_free(&reason);
        return status;
    }
    atomic_store(&load->result->road, names[load->road]);
    load->result->road_reason = incload__str_take(&reason);
    if (load->result->road_reason == NULL)
        return incload__fail_memory(err);
    return plan_travel(load, err);
}
