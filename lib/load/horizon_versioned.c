/* SPDX-License-Identifier: Apache-2.0 */
/* MariaDB's transaction-precise system versioning: the cursor is the column that GENERATED ALWAYS AS ROW START fills
 * with the id of the transaction that wrote the row. As exact as PostgreSQL, whatever stamps say.
 *
 * The snapshot's read view tells the least id N that it may lack. Rows whose id is at or past the N of the load before,
 * less those delivered then, are what changed since. */
#include <string.h>

#include "batch/number.h"
#include "load/horizon_mariadb.h"

static bool
same_text(const char *a, const char *b)
{
    return (a == NULL || b == NULL) ? a == b : strcmp(a, b) == 0;
}

int32_t
incload__mariadb_read_view(incload__conn *conn, const incload__mem *mem, uint64_t *least, incload_error **err)
{
    incload__rows rows = { .mem = mem };
    uint64_t thread = 0;

    int32_t status = conn->driver->select(conn, "SELECT CAST(CONNECTION_ID() AS CHAR)", NULL, 0, &rows, err);
    if (status != INCLOAD_OK)
        return status;
    const char *text = rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
    bool found = text != NULL && incload__parse_uint64(text, strlen(text), &thread);
    incload__rows_free(&rows);
    rows = (incload__rows){ .mem = mem };
    status = conn->driver->select(conn, "SHOW ENGINE INNODB STATUS", NULL, 0, &rows, err);
    if (status != INCLOAD_OK)
        return status;
    text = rows.count > 0 ? incload__rows_get(&rows, 0, 2) : NULL;
    found = found && text != NULL && incload__innodb_read_view(text, thread, least);
    incload__rows_free(&rows);
    if (found)
        return INCLOAD_OK;
    status = incload__fail(err, INCLOAD_E_CONFLICT,
                           "the engine's status does not show the reader's own snapshot, perhaps since too many "
                           "transactions are open: run it again later");
    incload__error_set_retryable(err, true);
    return status;
}

/* Leaves out what was delivered, also where the window begins earlier than it had to. A name with a question mark
 * cannot stand in a filter. */
static int32_t
set_filter(incload__load *load, incload_error **err)
{
    const incload__mark *mark = &load->mark;
    const char *name = load->shape.columns[load->cursor].name;
    incload__str filter = INCLOAD__STR(load->mem);

    if (mark->done_overflow || strchr(name, '?') != NULL) {
        load->window.repeats = true;
        return INCLOAD_OK;
    }
    int32_t status = load->from->dialect->quote(&filter, "column", name, err);
    incload__str_addf(&filter, " >= %llu", (unsigned long long)mark->xmin);
    if (status == INCLOAD_OK && mark->done_count > 0) {
        incload__str_add(&filter, " AND ");
        status = load->from->dialect->quote(&filter, "column", name, err);
    }
    for (int32_t i = 0; i < mark->done_count; i++)
        incload__str_addf(&filter, "%s%llu", i == 0 ? " NOT IN (" : ", ", (unsigned long long)mark->done[i]);
    incload__str_add(&filter, mark->done_count > 0 ? ")" : "");
    load->window.filter = incload__str_take(&filter);
    return status == INCLOAD_OK && load->window.filter == NULL ? incload__fail_memory(err) : status;
}

static int32_t
check_not_behind(const incload__load *load, uint64_t least, incload_error **err)
{
    if (least >= load->mark.xmin)
        return INCLOAD_OK;
    incload__fail(err, INCLOAD_E_CONFLICT,
                  "the source is behind the watermark of load '%s': a copy restored from before; reset the watermark",
                  load->spec->name);
    incload__error_set_retryable(err, true);
    return INCLOAD_E_CONFLICT;
}

static int32_t
bound(incload__load *load, incload_error **err)
{
    char text[INCLOAD__NUMBER_TEXT];
    uint64_t least = 0;

    int32_t status = incload__mariadb_read_view(load->from, load->mem, &least, err);
    if (status == INCLOAD_OK)
        status = incload__mariadb_note_source(load, err);
    if (status != INCLOAD_OK)
        return status;
    load->window.level = "EXACT";
    load->after.xmin = least;
    load->after.clock = incload__mariadb_found_of(load)->now;
    load->after.deep_clock = load->mark.deep_clock;
    bool goes_on = incload__mariadb_goes_on(load, INCLOAD__MARK_VERSIONED)
                   && same_text(load->mark.source, load->after.source)
                   && same_text(load->mark.table, load->after.table);
    if (goes_on) {
        status = check_not_behind(load, least, err);
        text[incload__uint_text(load->mark.xmin, text)] = '\0';
        if (status == INCLOAD_OK)
            status = incload__mariadb_keep_text(load, &load->window.low, text, err);
        load->window.any_position = load->how->deep == INCLOAD__DEEP_ALWAYS;
        load->window.repeats = load->window.any_position;
        if (status == INCLOAD_OK && !load->window.any_position)
            status = set_filter(load, err);
    } else {
        status = incload__mariadb_bound_anew(load, INCLOAD__MARK_VERSIONED, err);
    }
    /* Inside one database the rows are read a moment later than the view: some of them come again. */
    if (load->road == INCLOAD__ROAD_SAME_DATABASE)
        load->window.repeats = true;
    return status == INCLOAD_OK ? incload__mariadb_say_who_holds(load, err) : status;
}

/* The transactions at or past the read view's least id whose rows are visible in it. */
static int32_t
close(incload__load *load, incload_error **err)
{
    char least[INCLOAD__NUMBER_TEXT];
    incload__param param = { least, incload__uint_text(load->after.xmin, least), INCLOAD__TEXT };
    incload__str sql = INCLOAD__STR(load->mem), name = INCLOAD__STR(load->mem);
    incload__rows rows = { .mem = load->mem };
    int32_t status = load->from->dialect->quote(&name, "column", load->shape.columns[load->cursor].name, err);

    least[param.length] = '\0';
    if (status == INCLOAD_OK && name.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK) {
        incload__str_addf(&sql, "SELECT DISTINCT CAST(%s AS CHAR) FROM ", incload__str_text(&name));
        status = incload__quote_table(load->from->dialect, &sql, &load->source_name, err);
        incload__str_addf(&sql, " WHERE %s >= CAST(? AS UNSIGNED) LIMIT %d", incload__str_text(&name),
                          INCLOAD__MARK_DONE_LIMIT + 1);
    }
    if (status == INCLOAD_OK && sql.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = load->from->driver->select(load->from, incload__str_text(&sql), &param, 1, &rows, err);
    for (int64_t i = 0; i < rows.count && status == INCLOAD_OK; i++) {
        const char *text = incload__rows_get(&rows, i, 0);
        uint64_t id;
        if (text != NULL && incload__parse_uint64(text, strlen(text), &id))
            status = incload__mark_add_done(&load->after, id, err);
    }
    incload__mark_sort_done(&load->after);
    incload__rows_free(&rows);
    incload__str_free(&name);
    incload__str_free(&sql);
    return status;
}

/* Found by the MariaDB finder, which makes the lists. */
const incload__finder incload__finder_versioned = {
    .kind = INCLOAD__MARK_VERSIONED, .bound = bound, .close = close, .free = incload__mariadb_free,
};
