/* SPDX-License-Identifier: Apache-2.0 */
#include "load/mode.h"

#include <string.h>

#include "base/utf8.h"
#include "load/interval.h"

#define ALL (1u << INCLOAD__WINDOW_ALL)
#define SINCE (1u << INCLOAD__WINDOW_SINCE)
#define INTERVAL (1u << INCLOAD__WINDOW_INTERVAL)

static const incload__mode modes[] = {
    [INCLOAD__WRITE_APPEND] = { .name = "append", .windows = ALL | SINCE | INTERVAL },
    [INCLOAD__WRITE_MERGE] = { .name = "merge", .windows = ALL | SINCE | INTERVAL, .needs_key = true,
                               .needs_unique = true, .bears_repeats = true, .bears_removal = true },
    [INCLOAD__WRITE_INSERT_NEW] = { .name = "insert_new", .windows = ALL | SINCE | INTERVAL, .needs_key = true,
                                    .needs_unique = true, .bears_repeats = true },
    [INCLOAD__WRITE_DELETE_INSERT] = { .name = "delete_insert", .windows = ALL | SINCE | INTERVAL, .needs_key = true,
                                       .bears_repeats = true, .takes_out = true },
    [INCLOAD__WRITE_REPLACE_INTERVAL] = { .name = "replace_interval", .windows = INTERVAL,
                                          .wants = "window=interval: it replaces the rows of one interval",
                                          .bears_repeats = true, .takes_out = true },
    [INCLOAD__WRITE_REPLACE] = { .name = "replace", .windows = ALL,
                                 .wants = "window=all: rows that are not read would be lost; take write=merge or "
                                          "delete_insert for some of them",
                                 .bears_repeats = true, .takes_out = true },
    [INCLOAD__WRITE_SWAP] = { .name = "swap", .windows = ALL | INTERVAL,
                              .wants = "window=all: the new table must have every row", .bears_repeats = true },
    [INCLOAD__WRITE_SCD2] = { .name = "scd2", .windows = ALL | SINCE | INTERVAL, .needs_key = true,
                              .bears_repeats = true },
};

const incload__mode *
incload__mode_by_write(int32_t write)
{
    return &modes[write];
}

const incload__mode *
incload__mode_of(const incload__load *load)
{
    return &modes[load->how->write];
}

static int32_t
check_window(const incload__load *load, const incload__mode *mode, incload_error **err)
{
    const incload__strategy_values *how = load->how;
    bool bounded = how->initial != NULL || how->until != NULL;

    if ((mode->windows & 1u << how->window) == 0)
        return incload__fail(err, INCLOAD_E_INVALID, "write=%s needs %s", mode->name, mode->wants);
    if (how->write == INCLOAD__WRITE_SWAP && how->window == INCLOAD__WINDOW_INTERVAL
        && how->swap_by != INCLOAD__SWAP_PARTITION)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "write=swap needs window=all: the new table must have every row; an interval takes the "
                             "place of a partition with swap_by=partition");
    if (how->window == INCLOAD__WINDOW_SINCE && how->cursor == NULL)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "window=since needs option 'cursor': the column that grows when a row changes");
    if (how->window == INCLOAD__WINDOW_INTERVAL && how->cursor == NULL)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "window=interval needs option 'cursor': the column whose values the interval bounds");
    if (how->window == INCLOAD__WINDOW_INTERVAL && (how->initial == NULL || how->until == NULL))
        return incload__fail(err, INCLOAD_E_INVALID,
                             "window=interval needs options 'initial' and 'until': rows with initial <= '%.64s' < "
                             "until are read",
                             how->cursor);
    if (how->window == INCLOAD__WINDOW_ALL && bounded)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "options 'initial' and 'until' need window=since or window=interval");
    return INCLOAD_OK;
}

static int32_t
check_removal(const incload__load *load, const incload__mode *mode, incload_error **err)
{
    const incload__strategy_values *how = load->how;

    if (load->verified)
        return INCLOAD_OK;
    if (how->detect_deletes != INCLOAD__DELETES_NONE && !mode->bears_removal)
        return incload__fail(err, INCLOAD_E_INVALID, "detect_deletes needs write=merge: rows are told by their key");
    if (how->delete_marker != NULL && !mode->bears_removal)
        return incload__fail(err, INCLOAD_E_INVALID, "delete_marker needs write=merge: rows are told by their key");
    /* A replay unmarks a row that comes back, and looks for none that is gone. */
    if (how->deletes == INCLOAD__REMOVE_SOFT && how->delete_marker == NULL && !load->spec->replay
        && how->detect_deletes == INCLOAD__DELETES_NONE)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "deletes=soft needs delete_marker or detect_deletes, which say what is deleted");
    return INCLOAD_OK;
}

int32_t
incload__mode_check_options(const incload__load *load, incload_error **err)
{
    const incload__strategy_values *how = load->how;
    const incload__mode *mode = incload__mode_of(load);
    int32_t status = check_window(load, mode, err);

    if (status == INCLOAD_OK)
        status = check_removal(load, mode, err);
    if (status != INCLOAD_OK)
        return status;
    if (mode->needs_key && how->key == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "write=%s needs option 'key': the columns that identify a %s",
                             mode->name, how->write == INCLOAD__WRITE_DELETE_INSERT ? "group of rows" : "row");
    if (!mode->bears_repeats && how->null_cursor == INCLOAD__NULL_CURSOR_INCLUDE)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "null_cursor=include needs write=merge: such rows come again in every load");
    if (!mode->bears_repeats && how->missing_state == INCLOAD__MISSING_FULL)
        return incload__fail(err, INCLOAD_E_INVALID, "missing_state=full needs write=merge: it reads every row again");
    if (how->allow_empty && how->write != INCLOAD__WRITE_REPLACE && how->write != INCLOAD__WRITE_SWAP)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "allow_empty needs write=replace or write=swap: nothing else empties a target");
    if (how->swap_partition != NULL && how->swap_by != INCLOAD__SWAP_PARTITION)
        return incload__fail(err, INCLOAD_E_INVALID, "swap_partition needs swap_by=partition");
    if (how->bad_rows == INCLOAD__BAD_ROWS_REJECT && how->write == INCLOAD__WRITE_SWAP)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "bad_rows=reject is not possible with write=swap, whose new table is checked as a whole: "
                             "take write=replace, or bad_rows=fail");
    return incload__scd2_check_options(load, err);
}

/* A group of which only the changed rows are read would lose the others. */
static bool
splits_groups(const incload__load *load)
{
    return load->how->write == INCLOAD__WRITE_DELETE_INSERT && load->how->window != INCLOAD__WINDOW_ALL
           && !load->one_per_key;
}

int32_t
incload__mode_check_key(const incload__load *load, incload_error **err)
{
    const incload__mode *mode = incload__mode_of(load);
    char table[200];

    incload__table_text(&load->target_name, table, sizeof table);
    if (mode->needs_unique && !load->one_per_key)
        return incload__fail(err, INCLOAD_E_CONSTRAINT,
                             "target table %s has no primary key or unique index on exactly the columns of option "
                             "'key': create one, since without it write=%s could double rows",
                             table, mode->name);
    if (splits_groups(load))
        return incload__fail(err, INCLOAD_E_INVALID,
                             "write=delete_insert by a key that several rows of target table %s may share needs "
                             "window=all: another window would bring a part of a group, and the rest would be deleted; "
                             "take window=all with a query that gives whole groups, or create a unique index on the "
                             "key",
                             table);
    return INCLOAD_OK;
}

int32_t
incload__mode_created_key(const incload__load *load, int32_t *key)
{
    bool a_group = load->how->write == INCLOAD__WRITE_DELETE_INSERT && !load->key_is_unique;
    const int32_t *from = load->key;
    int32_t count = load->key_count;

    /* Rows appended as they change repeat their key by design; a whole table that is copied keeps it. */
    if (count == 0 || a_group) {
        from = load->page_key;
        count = load->how->window == INCLOAD__WINDOW_ALL ? load->page_key_count : 0;
    }
    for (int32_t i = 0; i < count; i++)
        key[i] = load->marker >= 0 && from[i] > load->marker ? from[i] - 1 : from[i];
    return count;
}

static bool
may_order_otherwise(const incload__load *load)
{
    incload__kind kind = load->target.columns[load->cursor].type.kind;
    bool by_collation = kind == INCLOAD__TEXT || kind == INCLOAD__NATIVE;

    return load->road == INCLOAD__ROAD_BATCHES || (load->road == INCLOAD__ROAD_RELAY && by_collation);
}

bool
incload__mode_clears_first(const incload__load *load)
{
    return load->how->write == INCLOAD__WRITE_REPLACE_INTERVAL && load->road == INCLOAD__ROAD_RELAY
           && !load->one_per_key && !may_order_otherwise(load);
}

bool
incload__mode_needs_staging(const incload__load *load, bool has_rows)
{
    if (load->how->write == INCLOAD__WRITE_APPEND)
        return incload__by_cursor(load) && has_rows && load->window.repeats;
    if (load->how->write == INCLOAD__WRITE_SCD2)
        return true;
    /* Others of the same backfill write into the table as well: it is empty no more when this one commits. */
    if (load->spec->interval != NULL)
        return !incload__mode_clears_first(load);
    bool may_repeat = load->one_per_key && (!load->key_is_unique || load->spec->function != NULL);
    return (has_rows && !incload__mode_clears_first(load)) || may_repeat || load->marker >= 0 || load->marks.count > 0;
}

int32_t
incload__mode_check_rows(const incload__load *load, bool has_rows, incload_error **err)
{
    char table[200];

    if (!has_rows || incload__by_cursor(load) || load->how->write != INCLOAD__WRITE_APPEND
        || load->how->append_to_rows)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_STATE,
                         "target table %s has rows, and window=%s write=append would load %s again: take "
                         "write=merge, or empty the table, or set append_to_rows=true if repeated rows are wanted",
                         incload__table_text(&load->target_name, table, sizeof table),
                         load->how->window == INCLOAD__WINDOW_ALL ? "all" : "interval",
                         load->how->window == INCLOAD__WINDOW_ALL ? "all rows" : "the rows of a repeated interval");
}

/* One number about the rows that came. */
static int32_t
ask(incload__load *load, const incload__sql *sql, int64_t *answer, incload_error **err)
{
    incload__rows rows = { .mem = load->mem };
    int32_t status = incload__sql_check(sql, err);

    *answer = 0;
    if (status == INCLOAD_OK)
        status = load->to->driver->select(load->to, incload__str_text(&sql->text), sql->params, sql->count, &rows, err);
    if (status != INCLOAD_OK)
        return status;
    const char *text = rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
    /* A rehearsal gets no answer. */
    if (text != NULL && !incload__parse_int64(text, strlen(text), answer))
        status =
            incload__fail(err, INCLOAD_E_PROTOCOL, "the target answered a question about staged rows by no number");
    incload__rows_free(&rows);
    return status;
}

/* PostgreSQL refuses NULL where a column is NOT NULL; the others make up a number where they count by themselves. */
static bool
may_hold_null(const incload__load *load, int32_t column)
{
    bool fills_in = load->to->dialect != &incload__dialect_postgres;

    return load->target.columns[column].nullable
           || (fills_in && (load->shape.columns[column].nullable || load->spec->function != NULL));
}

/* Under a key with NULL in it a row is never found again: each load would add it once more. */
static int32_t
check_null_keys(incload__load *load, incload_error **err)
{
    int32_t status = INCLOAD_OK, asked = 0;
    int64_t answer = 0;
    incload__sql sql;

    incload__sql_init(load, &sql);
    incload__str_add(&sql.text, "SELECT CASE");
    for (int32_t i = 0; i < load->key_count && status == INCLOAD_OK; i++) {
        if (!may_hold_null(load, load->key[i]))
            continue;
        incload__str_addf(&sql.text, " WHEN EXISTS (SELECT 1 FROM %s AS s WHERE s.", load->destination);
        status = load->to->dialect->quote(&sql.text, "column", load->target.columns[load->key[i]].name, err);
        incload__str_addf(&sql.text, " IS NULL) THEN %d", (int)(i + 1));
        asked++;
    }
    incload__str_add(&sql.text, " ELSE 0 END");
    if (status == INCLOAD_OK && asked > 0)
        status = ask(load, &sql, &answer, err);
    incload__sql_free(&sql);
    if (status == INCLOAD_OK && answer > 0 && answer <= load->key_count)
        status = incload__fail(err, INCLOAD_E_DATA,
                               "rows came with NULL in key column '%.64s', and could never be found again: leave them "
                               "out by a query, take bad_rows=reject, or name another key",
                               load->target.columns[load->key[answer - 1]].name);
    return status;
}

int32_t
incload__interval_where(incload__load *load, incload__sql *sql, const char *prefix, char *bounds[2],
                        incload_error **err)
{
    const incload__dialect *dialect = load->to->dialect;
    const incload__column *cursor = &load->target.columns[load->cursor];
    incload__str quoted = INCLOAD__STR(load->mem);
    int32_t status = incload__bound_in_target(load, load->how->initial, &bounds[0], err);

    if (status == INCLOAD_OK)
        status = incload__bound_in_target(load, load->how->until, &bounds[1], err);
    for (int i = 0; i < 2 && status == INCLOAD_OK; i++)
        incload__interval_shorten(dialect, cursor, bounds[i]);
    incload__str_add(&quoted, prefix);
    if (status == INCLOAD_OK)
        status = dialect->quote(&quoted, "column", cursor->name, err);
    if (status == INCLOAD_OK && quoted.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK) {
        incload__str_addf(&sql->text, "(%s >= ", incload__str_text(&quoted));
        status = incload__sql_bind(sql, dialect, cursor, bounds[0], strlen(bounds[0]), err);
    }
    if (status == INCLOAD_OK) {
        incload__str_addf(&sql->text, " AND %s < ", incload__str_text(&quoted));
        status = incload__sql_bind(sql, dialect, cursor, bounds[1], strlen(bounds[1]), err);
    }
    incload__str_add(&sql->text, ")");
    /* Rows without a position come with every interval, and in place of those before. */
    if (status == INCLOAD_OK && load->how->null_cursor == INCLOAD__NULL_CURSOR_INCLUDE) {
        incload__str_add(&sql->text, " OR (");
        dialect->no_position(&sql->text, cursor, incload__str_text(&quoted));
        incload__str_add(&sql->text, ")");
    }
    incload__str_free(&quoted);
    return status;
}

/* Where the target does not order as the source does, or a process function moved rows: what lies outside there would
 * not be replaced by the next load of the interval, and stand twice. */
static int32_t
check_inside(incload__load *load, incload_error **err)
{
    char *bounds[2] = { NULL, NULL };
    int64_t some = 0;
    incload__sql sql;

    incload__sql_init(load, &sql);
    incload__str_addf(&sql.text, "SELECT CASE WHEN EXISTS (SELECT 1 FROM %s AS s WHERE CASE WHEN ", load->destination);
    int32_t status = incload__interval_where(load, &sql, "s.", bounds, err);
    incload__str_add(&sql.text, " THEN 0 ELSE 1 END = 1) THEN 1 ELSE 0 END");
    if (status == INCLOAD_OK)
        status = ask(load, &sql, &some, err);
    incload__sql_free(&sql);
    incload__free(load->mem, bounds[0]);
    incload__free(load->mem, bounds[1]);
    if (status == INCLOAD_OK && some != 0)
        status = incload__fail(err, INCLOAD_E_DATA,
                               "rows of the interval do not lie in it by '%.64s' as the target orders it (another "
                               "collation, or a process function that moves them), so they could not be replaced "
                               "later: take a cursor of numbers or times, and leave its values alone",
                               load->target.columns[load->cursor].name);
    return status;
}

static int32_t
check_not_emptied(const incload__load *load, bool has_rows, incload_error **err)
{
    char table[200];

    if (!has_rows || load->how->allow_empty || load->rehearsed || atomic_load(&load->unit->rows_written) > 0)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_STATE,
                         "no row came, so write=replace would empty target table %s: set allow_empty=true if that is "
                         "meant",
                         incload__table_text(&load->target_name, table, sizeof table));
}

int32_t
incload__mode_check_staged(incload__load *load, bool has_rows, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    if (load->window.empty)
        return INCLOAD_OK;
    if (incload__mode_of(load)->needs_key)
        status = check_null_keys(load, err);
    if (status == INCLOAD_OK && load->how->write == INCLOAD__WRITE_REPLACE)
        status = check_not_emptied(load, has_rows, err);
    if (status == INCLOAD_OK && load->how->write == INCLOAD__WRITE_REPLACE_INTERVAL && may_order_otherwise(load))
        status = check_inside(load, err);
    return status;
}
