/* SPDX-License-Identifier: Apache-2.0 */
/* Late rows: what a deep read has met behind the place where the cursor would have begun, and the target does not have.
 * Counted between staging and publishing, when both can be compared. */
#include <string.h>

#include "base/civil.h"
#include "base/utf8.h"
#include "load/mode.h"
#include "load/lookback.h"

/* The low end as the target's column compares it. Between databases of one kind a text is the same on both sides. */
static int32_t
low_in_target(const incload__load *load, incload__str *out, incload_error **err)
{
    const char *low = load->window.low;
    int64_t us;
    int32_t seconds = 0;
    bool has_zone = false;
    char text[64];

    if (load->from->dialect == load->to->dialect || incload__cursor_unit_of(load) != INCLOAD__UNIT_MICROS
        || load->shape.columns[load->cursor].type.kind == INCLOAD__DATE
        || !incload__parse_timestamp(low, strlen(low), &us, &has_zone, &seconds)) {
        incload__str_add(out, low);
    } else {
        bool zone = load->shape.columns[load->cursor].type.kind == INCLOAD__TIMESTAMPTZ
                    && !load->to->dialect->civil_is_utc;
        us -= has_zone ? (int64_t)seconds * 1000000 : 0;
        incload__str_add_bytes(out, text, incload__format_timestamp(us, zone, text));
    }
    return out->failed ? incload__fail_memory(err) : INCLOAD_OK;
}

/* Rows that are marked as deleted are in no target, and of rows that are only inserted the key alone tells. */
static int32_t
add_unlike(const incload__load *load, incload__sql *sql, incload_error **err)
{
    const incload__dialect *dialect = load->to->dialect;
    bool by_key = load->how->write == INCLOAD__WRITE_INSERT_NEW;
    incload__schema columns = incload__stored_columns(load);
    incload__merge merge = { .target = &load->target_name, .staging = load->staging, .columns = &columns,
                             .key = load->key, .key_count = load->key_count, .latest_by = -1 };
    int32_t status = INCLOAD_OK;

    if (load->marker >= 0) {
        incload__str_add(&sql->text, " AND CASE WHEN ");
        status = incload__marker_condition(load, "s.", &sql->text, err);
        incload__str_add(&sql->text, " THEN 1 ELSE 0 END = 0");
    }
    incload__str_add(&sql->text, " AND ");
    if (status != INCLOAD_OK || !by_key)
        return status == INCLOAD_OK ? dialect->unlike(&sql->text, &merge, err) : status;

    incload__schema key = { .mem = load->mem };
    int32_t all[MAX_KEY];
    for (int32_t i = 0; i < load->key_count && status == INCLOAD_OK; i++) {
        const incload__column *column = &columns.columns[load->key[i]];
        all[i] = i;
        if (incload__schema_add(&key, column->name, column->native, column->type) == NULL)
            status = incload__fail_memory(err);
    }
    merge.columns = &key;
    merge.key = all;
    if (status == INCLOAD_OK)
        status = dialect->unlike(&sql->text, &merge, err);
    incload__schema_free(&key);
    return status;
}

/* SELECT of the number of such rows and the least of their cursors. */
static int32_t
write_count(incload__load *load, incload__sql *sql, const incload__str *low, incload_error **err)
{
    const incload__dialect *dialect = load->to->dialect;
    const incload__column *cursor = &load->target.columns[load->cursor];
    incload__str name = INCLOAD__STR(load->mem), least = INCLOAD__STR(load->mem);
    int32_t status;

    incload__str_add(&name, "s.");
    status = dialect->quote(&name, "column", cursor->name, err);
    if (status == INCLOAD_OK && !name.failed)
        incload__str_addf(&least, "MIN(%s)", incload__str_text(&name));
    if (status == INCLOAD_OK && (name.failed || least.failed))
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK) {
        incload__str_add(&sql->text, "SELECT COUNT(*), ");
        dialect->exact_text(&sql->text, cursor, incload__str_text(&least));
        incload__str_addf(&sql->text, " FROM %s AS s WHERE %s < ", load->destination, incload__str_text(&name));
        status = incload__sql_bind(sql, dialect, cursor, incload__str_text(low), low->length, err);
    }
    if (status == INCLOAD_OK)
        status = add_unlike(load, sql, err);
    incload__str_free(&name);
    incload__str_free(&least);
    return status == INCLOAD_OK ? incload__sql_check(sql, err) : status;
}

static int32_t
say_late(incload__load *load, incload_error **err)
{
    incload__cursor_unit unit = incload__cursor_unit_of(load);
    int64_t worst = load->lateness;

    if (unit == INCLOAD__UNIT_MICROS && worst > 0)
        return incload__window_say(load, err,
                                   "%lld rows were found behind the watermark, the worst by %lld.%03lld s: their "
                                   "stamps are older than their commit shows (a program's clock?)",
                                   (long long)load->late_rows, (long long)(worst / 1000000),
                                   (long long)(worst / 1000 % 1000));
    return incload__window_say(load, err,
                               "%lld rows were found behind the watermark, the worst by %lld: their values are older "
                               "than their commit shows",
                               (long long)load->late_rows, (long long)worst);
}

static int32_t
note_late(incload__load *load, const char *count, const char *least, incload_error **err)
{
    /* Where a lookback decides, lateness is what it would have had to be. */
    bool by_lookback = load->finder->kind == INCLOAD__MARK_CURSOR && load->before.value != NULL;
    const char *from = by_lookback ? load->before.value : load->window.low;
    int64_t lateness = 0;

    load->late_rows = 0;
    load->lateness = 0;
    if (count != NULL)
        incload__parse_int64(count, strlen(count), &load->late_rows);
    if (load->late_rows == 0)
        return INCLOAD_OK;
    if (incload__distance_between(incload__cursor_unit_of(load), least, from, &lateness) && lateness > 0)
        load->lateness = lateness;
    load->after.late_rows += load->late_rows;
    if (load->lateness > load->after.lateness)
        load->after.lateness = load->lateness;
    return say_late(load, err);
}

int32_t
incload__late_count(incload__load *load, incload_error **err)
{
    incload__str low = INCLOAD__STR(load->mem);
    incload__rows rows = { .mem = load->mem };
    incload__sql sql;

    if (!incload__by_cursor(load) || !load->staged || !load->window.any_position || load->window.low == NULL
        || load->to->dialect->unlike == NULL)
        return INCLOAD_OK;
    incload__sql_init(load, &sql);
    int32_t status = low_in_target(load, &low, err);
    if (status == INCLOAD_OK)
        status = write_count(load, &sql, &low, err);
    if (status == INCLOAD_OK)
        status = load->to->driver->select(load->to, incload__str_text(&sql.text), sql.params, sql.count, &rows, err);
    if (status == INCLOAD_OK && rows.count > 0)
        status = note_late(load, incload__rows_get(&rows, 0, 0), incload__rows_get(&rows, 0, 1), err);
    incload__rows_free(&rows);
    incload__sql_free(&sql);
    incload__str_free(&low);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "counting late rows");
}
