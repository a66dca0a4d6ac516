/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing with write=scd2: every version of a row stays in the target, with the time from which and to which it was
 * valid. A key has at most one current version, and no two of its versions overlap. */
#include "dialect/scd2.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/utf8.h"
#include "driver/failpoint.h"
#include "load/internal.h"

/* 9999-12-31 23:59:59.999999, the last moment that every database holds. */
enum { LAST_YEAR = 9999 };

static int64_t
last_moment(void)
{
    return incload__days_from_civil(LAST_YEAR + 1, 1, 1) * INT64_C(86400000000) - 1;
}

/* The least step of valid_from, in microseconds. */
static int64_t
tick(const incload__load *load)
{
    int64_t step = 1;

    for (int32_t digits = load->history.columns[INCLOAD__HISTORY_FROM].type.scale; digits < 6; digits++)
        step *= 10;
    return step;
}

/* With all digits, so that moments compare as they should also where they are text. */
static void
write_moment(char text[48], int64_t us)
{
    char seconds[48];

    incload__format_timestamp(us - us % 1000000, false, seconds);
    snprintf(text, 48, "%.19s.%06d", seconds, (int)(us % 1000000));
}

int32_t
incload__scd2_begin(incload__load *load, incload_error **err)
{
    incload__rows rows = { .mem = load->mem };
    incload__str sql = INCLOAD__STR(load->mem);
    int64_t now = 0;

    incload__str_addf(&sql, "SELECT %s", load->to->dialect->now_us);
    int32_t status = sql.failed ? incload__fail_memory(err)
                                : load->to->driver->select(load->to, incload__str_text(&sql), NULL, 0, &rows, err);
    incload__str_free(&sql);
    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "reading the target's clock");
    const char *text = rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
    if (text == NULL || !incload__parse_int64(text, strlen(text), &now) || now < 0 || now > last_moment())
        status = incload__fail(err, INCLOAD_E_PROTOCOL, "the target named its time in an unknown form");
    incload__rows_free(&rows);
    load->moment_us = now - now % tick(load);
    return status;
}

/* ---- running ---- */

/* Runs the statements of the list and empties it; *affected (may be NULL) gets the rows of those that count. */
static int32_t
run(incload__load *load, incload__statements *list, int64_t *affected, incload_error **err)
{
    int32_t status = INCLOAD_OK;
    int64_t sum = 0;

    for (int32_t i = 0; i < list->count && status == INCLOAD_OK; i++) {
        int64_t rows = 0;
        status = incload__load_check(load, err);
        if (status == INCLOAD_OK)
            status = load->to->driver->execute(load->to, list->items[i].sql, NULL, 0, &rows, err);
        INCLOAD__FAILPOINT_ON(status, load->to, "scd2.statement", INCLOAD_E_CONFLICT, err);
        if (list->items[i].counts && rows > 0)
            sum += rows;
    }
    if (affected != NULL)
        *affected = sum;
    incload__statements_free(list);
    return status;
}

static int32_t
drop(incload__load *load, const char *table, incload_error **err)
{
    incload__str sql = INCLOAD__STR(load->mem);

    load->to->dialect->drop_staging(&sql, table);
    return incload__execute(load, &sql, err);
}

/* ---- what changes ---- */

static void
name_temporary(incload__load *load, const char *what, char name[64])
{
    snprintf(name, 64, "incload_%s_%08lx", what, (unsigned long)(incload__random(load->env) & 0xffffffffu));
}

static int32_t
make_versions(incload__load *load, const char *name, incload_error **err)
{
    static const incload__type small = { INCLOAD__INT16, 0, 0 };
    const incload__column *from = &load->history.columns[INCLOAD__HISTORY_FROM];
    incload__str sql = INCLOAD__STR(load->mem), native = INCLOAD__STR(load->mem);
    incload__schema columns;

    incload__schema_init(&columns, load->mem);
    int32_t status = incload__schema_copy(&columns, &load->target, err);
    if (status == INCLOAD_OK)
        status = load->to->dialect->native_type(&native, INCLOAD__VERSION_GONE, small, false, err);
    if (status == INCLOAD_OK
        && (native.failed
            || incload__schema_add(&columns, INCLOAD__VERSION_FROM, from->native, from->type) == NULL
            || incload__schema_add(&columns, INCLOAD__VERSION_GONE, incload__str_text(&native), small) == NULL))
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = load->to->dialect->create_staging(&sql, name, &columns, err);
    if (status == INCLOAD_OK)
        status = incload__execute(load, &sql, err);
    incload__str_free(&sql);
    incload__str_free(&native);
    incload__schema_free(&columns);
    return status;
}

/* The staged keys in a table of their own, with the index that staging has not. */
static int32_t
make_keys(incload__load *load, const incload__history *history, incload_error **err)
{
    const incload__dialect *dialect = load->to->dialect;
    incload__str sql = INCLOAD__STR(load->mem);
    incload__clause clause = { dialect, &sql, err, INCLOAD_OK };
    incload__schema columns;
    int32_t status = INCLOAD_OK;

    incload__schema_init(&columns, load->mem);
    for (int32_t i = 0; i < load->key_count && status == INCLOAD_OK; i++) {
        const incload__column *from = &load->target.columns[load->key[i]];
        if (incload__schema_add(&columns, from->name, from->native, from->type) == NULL)
            status = incload__fail_memory(err);
    }
    if (status == INCLOAD_OK)
        status = dialect->create_keys(&sql, history->keys, &columns, err);
    if (status == INCLOAD_OK)
        status = incload__execute(load, &sql, err);
    incload__schema_free(&columns);
    if (status != INCLOAD_OK) {
        incload__str_free(&sql);
        return status;
    }
    incload__clause_name(&clause, "INSERT INTO ", history->keys);
    incload__clause_add(&clause, " SELECT ");
    incload__clause_key(&clause, history->rows, "");
    incload__clause_name(&clause, " FROM ", history->rows->staging);
    status = incload__clause_status(&clause);
    if (status == INCLOAD_OK)
        return incload__execute(load, &sql, err);
    incload__str_free(&sql);
    return status;
}

/* A row without a time could not be put in order. */
static int32_t
check_stamps(incload__load *load, incload_error **err)
{
    const incload__dialect *dialect = load->to->dialect;
    const incload__column *stamp = load->stamp >= 0 ? &load->target.columns[load->stamp] : NULL;
    incload__str sql = INCLOAD__STR(load->mem), quoted = INCLOAD__STR(load->mem);
    incload__rows rows = { .mem = load->mem };

    if (stamp == NULL)
        return INCLOAD_OK;
    int32_t status = dialect->quote(&quoted, "column", stamp->name, err);
    incload__str_addf(&sql, "SELECT COUNT(*) FROM %s WHERE ", load->destination);
    if (status == INCLOAD_OK && !quoted.failed)
        dialect->no_position(&sql, stamp, incload__str_text(&quoted));
    if (status == INCLOAD_OK && (quoted.failed || sql.failed))
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = load->to->driver->select(load->to, incload__str_text(&sql), NULL, 0, &rows, err);
    const char *count = status == INCLOAD_OK && rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
    if (count != NULL && strcmp(count, "0") != 0)
        status = incload__fail(err, INCLOAD_E_DATA,
                               "%.20s rows have no time in '%.64s' (NULL or infinite), which "
                               "scd2_compare=timestamp needs of each: leave them out, or take scd2_compare=columns",
                               count, stamp->name);
    incload__rows_free(&rows);
    incload__str_free(&quoted);
    incload__str_free(&sql);
    return status;
}

static bool
parse_moment(const char *text, int64_t *us)
{
    bool has_zone = false;
    int32_t seconds = 0;

    if (!incload__parse_timestamp(text, strlen(text), us, &has_zone, &seconds))
        return false;
    *us -= has_zone ? (int64_t)seconds * 1000000 : 0;
    return true;
}

/* Versions that must follow one which lies ahead of the target's clock (it went back, two loads fell into one tick of
 * valid_from, or the source's clock is ahead) begin a tick behind the last of those. */
static int32_t
settle(incload__load *load, const incload__history *history, incload_error **err)
{
    incload__statements list = { .mem = load->mem };
    incload__str sql = INCLOAD__STR(load->mem);
    incload__rows rows = { .mem = load->mem };
    int64_t last = INT64_MIN, us = 0;
    char later[48], table[200];

    int32_t status = incload__history_ahead(&sql, history, load->to->dialect, err);
    if (status == INCLOAD_OK)
        status = load->to->driver->select(load->to, incload__str_text(&sql), NULL, 0, &rows, err);
    incload__str_free(&sql);
    if (status != INCLOAD_OK)
        return status;
    for (int32_t i = 0; i < 2 && rows.count > 0 && status == INCLOAD_OK; i++) {
        const char *text = incload__rows_get(&rows, 0, i);
        if (text == NULL)
            continue;
        if (!parse_moment(text, &us) || us > last_moment() - tick(load))
            status = incload__fail(err, INCLOAD_E_DATA,
                                   "target table %s has a version at the end of time in '%.64s', which no other can "
                                   "follow: correct it there",
                                   incload__table_text(&load->target_name, table, sizeof table),
                                   load->history.columns[i].name);
        last = us > last ? us : last;
    }
    incload__rows_free(&rows);
    if (status != INCLOAD_OK || last == INT64_MIN)
        return status;
    last = last > load->moment_us ? last : load->moment_us;
    write_moment(later, last - last % tick(load) + tick(load));
    status = incload__history_settle(&list, history, later, load->to->dialect, err);
    return status == INCLOAD_OK ? run(load, &list, NULL, err) : status;
}

static int32_t
find_gone(incload__load *load, const incload__history *history, int64_t *gone, incload_error **err)
{
    incload__statements list = { .mem = load->mem };
    char table[200];
    int32_t status = INCLOAD_OK;

    *gone = 0;
    if (load->how->scd2_deletes == INCLOAD__SCD2_IGNORE)
        return INCLOAD_OK;
    bool apart = load->to->dialect->history->keys_apart;
    if (apart)
        status = make_keys(load, history, err);
    if (status == INCLOAD_OK)
        status = incload__history_find_gone(&list, history, load->to->dialect, err);
    if (status == INCLOAD_OK)
        status = run(load, &list, gone, err);
    if (status == INCLOAD_OK && apart)
        status = drop(load, history->keys, err);
    if (status == INCLOAD_OK && *gone > 0 && atomic_load(&load->unit->rows_written) == 0 && !load->how->delete_all
        && !load->rehearsed)
        status = incload__fail(err, INCLOAD_E_STATE,
                               "the source has no row left, so scd2_deletes would end every version in target table "
                               "%s: set delete_all=true if that is meant",
                               incload__table_text(&load->target_name, table, sizeof table));
    return status;
}

/* ---- what is written ---- */

static int32_t
write_versions(incload__load *load, const incload__history *history, int64_t *written, incload_error **err)
{
    incload__statements list = { .mem = load->mem };
    bool with_gone = load->how->scd2_deletes == INCLOAD__SCD2_NEW_RECORD;

    int32_t status = incload__history_close(&list, history, load->to->dialect, err);
    if (status == INCLOAD_OK)
        status = run(load, &list, NULL, err);
    if (status == INCLOAD_OK)
        status = incload__history_insert(&list, history, with_gone, load->to->dialect, err);
    return status == INCLOAD_OK ? run(load, &list, written, err) : status;
}

int32_t
incload__scd2_publish(incload__load *load, int64_t *written, incload_error **err)
{
    incload__statements list = { .mem = load->mem };
    char versions[64], keys[64], moment[48];
    int64_t gone = 0;
    const incload__merge rows = { .target = &load->target_name,
                                  .staging = load->staging,
                                  .columns = &load->target,
                                  .key = load->key,
                                  .key_count = load->key_count,
                                  .latest_by = load->latest_by };
    const incload__history history = {
        .rows = &rows,
        .own = &load->history,
        .compared = &load->compared,
        .versions = versions,
        .keys = load->to->dialect->history->keys_apart ? keys : load->staging,
        .moment = moment,
        .stamp = load->stamp,
        .one_each = load->key_is_unique && load->spec->function == NULL,
    };

    name_temporary(load, "versions", versions);
    name_temporary(load, "keys", keys);
    write_moment(moment, load->moment_us);
    int32_t status = check_stamps(load, err);
    if (status == INCLOAD_OK)
        status = make_versions(load, versions, err);
    if (status == INCLOAD_OK)
        status = incload__history_find(&list, &history, load->to->dialect, err);
    if (status == INCLOAD_OK)
        status = run(load, &list, NULL, err);
    if (status == INCLOAD_OK)
        status = find_gone(load, &history, &gone, err);
    if (status == INCLOAD_OK)
        status = settle(load, &history, err);
    if (status == INCLOAD_OK)
        status = write_versions(load, &history, written, err);
    if (status == INCLOAD_OK)
        status = drop(load, versions, err);
    if (status == INCLOAD_OK && load->how->scd2_deletes == INCLOAD__SCD2_NEW_RECORD)
        *written -= gone;
    if (status == INCLOAD_OK)
        atomic_fetch_add(&load->unit->rows_deleted, gone);
    return status;
}
