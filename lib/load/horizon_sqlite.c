/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite: one writer at a time, who reads the clock and takes a rowid inside the write lock. So stamps and numbers that
 * SQL makes are in the order of commits, and a row that comes later is at or past the watermark. Those at it come
 * twice; equal ones are not written. */
#include <string.h>

#include "dialect/sql.h"
#include "load/internal.h"

/* The columns of dialect/sql/sqlite/facts.sql. */
enum { FACT_FILE, FACT_KIND, FACT_ROWID, FACT_ONCE, FACT_DEFAULT, FACT_INDEXED, FACT_TRIGGERS };

typedef struct sqlite_found {
    incload__rows facts;
    bool mixed; /* timestamps are written in more than one form, which sort apart */
} sqlite_found;

static sqlite_found *
found_of(const incload__load *load)
{
    return load->found;
}

static void
found_free(incload__load *load)
{
    if (load->found == NULL)
        return;
    incload__rows_free(&found_of(load)->facts);
    incload__free(load->mem, load->found);
    load->found = NULL;
}

/* "" for a query. */
static const char *
fact(const incload__load *load, int32_t which)
{
    const char *text = incload__rows_get(&found_of(load)->facts, 0, which);

    return text != NULL ? text : "";
}

static bool
is_fact(const incload__load *load, int32_t which)
{
    return strcmp(fact(load, which), "1") == 0;
}

static int32_t
list(incload__load *load, incload_error **err)
{
    const char *texts[] = { load->source_name.schema, load->source_name.name, load->shape.columns[load->cursor].name };
    incload__param params[3];

    load->found = incload__alloc(load->mem, sizeof(sqlite_found));
    if (load->found == NULL)
        return incload__fail_memory(err);
    found_of(load)->facts.mem = load->mem;
    if (load->spec->query != NULL)
        return INCLOAD_OK;
    for (int32_t i = 0; i < 3; i++)
        params[i] = (incload__param){ texts[i], texts[i] != NULL ? strlen(texts[i]) : 0, INCLOAD__TEXT };
    int32_t status = load->from->driver->select(load->from, incload__sql_sqlite_facts, params, 3,
                                                &found_of(load)->facts, err);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "looking at the source's table");
}

/* `SELECT` whether what follows the date differs, digits aside: " ", "T", "TZ", " +", ... Of the window only. */
static int32_t
write_forms(const incload__load *load, incload__sql *sql, incload_error **err)
{
    const incload__column *cursor = &load->shape.columns[load->cursor];
    incload__str name = INCLOAD__STR(load->mem);
    int32_t status = load->from->dialect->quote(&name, "column", cursor->name, err);
    const char *c = incload__str_text(&name);

    if (status == INCLOAD_OK && c == NULL)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK) {
        incload__str_addf(&sql->text,
                          "SELECT CASE WHEN min(f) <> max(f) THEN '1' ELSE '0' END "
                          "FROM (SELECT substr(%s, 11, 1) || ltrim(substr(%s, 12), '.:0123456789') AS f", c, c);
        status = incload__sql_from(load, sql, err);
        incload__str_addf(&sql->text, " WHERE typeof(%s) = 'text'", c);
        if (load->window.low != NULL)
            incload__str_addf(&sql->text, " AND %s >= ", c);
    }
    if (status == INCLOAD_OK && load->window.low != NULL)
        status = incload__sql_bind(sql, load->from->dialect, cursor, load->window.low, strlen(load->window.low), err);
    incload__str_add(&sql->text, ") AS forms");
    incload__str_free(&name);
    return status == INCLOAD_OK ? incload__sql_check(sql, err) : status;
}

/* Texts sort as times only within one form. */
static int32_t
find_mixed_forms(incload__load *load, incload_error **err)
{
    incload__rows rows = { .mem = load->mem };
    incload__sql sql;

    if (incload__cursor_unit_of(load) != INCLOAD__UNIT_MICROS
        || load->shape.columns[load->cursor].type.kind == INCLOAD__DATE)
        return INCLOAD_OK;
    incload__sql_init(load, &sql);
    int32_t status = write_forms(load, &sql, err);
    if (status == INCLOAD_OK)
        status = load->from->driver->select(load->from, incload__str_text(&sql.text), sql.params, sql.count, &rows,
                                            err);
    const char *text = status == INCLOAD_OK && rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
    found_of(load)->mixed = text != NULL && strcmp(text, "1") == 0;
    incload__rows_free(&rows);
    incload__sql_free(&sql);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "looking at how the cursor is written");
}

static bool
same_text(const char *a, const char *b)
{
    return (a == NULL || b == NULL) ? a == b : strcmp(a, b) == 0;
}

static int32_t
report(incload__load *load, incload_error **err)
{
    const char *cursor = load->shape.columns[load->cursor].name;
    bool by_time = incload__cursor_unit_of(load) == INCLOAD__UNIT_MICROS;
    bool used_again = is_fact(load, FACT_ROWID) && !is_fact(load, FACT_ONCE);
    int32_t status = INCLOAD_OK;

    load->window.level = found_of(load)->mixed || used_again ? "BEST_EFFORT" : "EXACT_IF_STAMPED";
    if (found_of(load)->mixed)
        status = incload__window_say(load, err,
                                     "'%.64s' is written in more than one form, and texts of different forms do not "
                                     "sort as times",
                                     cursor);
    else if (used_again)
        status = incload__window_say(load, err,
                                     "'%.64s' is an INTEGER PRIMARY KEY without AUTOINCREMENT, whose numbers are used "
                                     "again after deletes",
                                     cursor);
    if (status == INCLOAD_OK)
        status = incload__window_say(load, err,
                                     "rows are found by '%.64s' in the order of commits, if SQL fills it in: values "
                                     "that a program made before it had the write lock are found by deep reads only",
                                     cursor);
    if (status == INCLOAD_OK && by_time && load->spec->query == NULL && !is_fact(load, FACT_TRIGGERS))
        status = incload__window_say(load, err,
                                     "no trigger stamps '%.64s', so an update that does not set it is found by deep "
                                     "reads only",
                                     cursor);
    if (status == INCLOAD_OK && load->spec->query == NULL && !is_fact(load, FACT_ROWID) && !is_fact(load, FACT_INDEXED))
        status = incload__window_say(load, err, "no index begins with '%.64s': each load scans the table", cursor);
    return status;
}

/* What came before the mark was found in the same way, in the same file. */
static bool
goes_on(const incload__load *load)
{
    return load->mark.kind == INCLOAD__MARK_WRITER && same_text(load->mark.source, load->after.source)
           && same_text(load->mark.column, load->after.column);
}

static int32_t
bound(incload__load *load, incload_error **err)
{
    bool by_hand = load->before.document == NULL || load->before.document[0] == '\0'
                   || !same_text(load->mark.value, load->before.value);
    const char *low = load->before.value != NULL ? load->before.value : load->how->initial;
    incload__window *window = &load->window;
    int64_t now = incload__wall_us(load->env);

    int32_t status = incload__mark_text(&load->after, &load->after.source, fact(load, FACT_FILE), err);
    if (status == INCLOAD_OK && low != NULL) {
        window->low = incload__strdup(load->mem, low);
        if (window->low == NULL)
            status = incload__fail_memory(err);
    }
    window->repeats = load->before.value != NULL;
    load->after.clock = now;
    load->after.deep_clock = load->mark.deep_clock;
    load->after.lateness = load->mark.lateness;
    load->after.late_rows = load->mark.late_rows;
    bool another = !by_hand && load->mark.kind == INCLOAD__MARK_WRITER && !goes_on(load);
    /* A first load reads all, and behind a watermark set by hand there is nothing that anybody wants. */
    if (load->before.value == NULL || by_hand)
        load->after.deep_clock = now;
    else
        window->any_position = another || incload__whole_is_due(load, now);
    if (window->any_position)
        load->after.deep_clock = now;
    if (status == INCLOAD_OK && another)
        status = incload__window_say(load, err,
                                     "the source is another file than at the last load: everything was read again and "
                                     "compared");
    if (status == INCLOAD_OK)
        status = find_mixed_forms(load, err);
    return status == INCLOAD_OK ? report(load, err) : status;
}

const incload__finder incload__finder_sqlite = {
    .kind = INCLOAD__MARK_WRITER, .list = list, .bound = bound, .free = found_free,
};
