/* SPDX-License-Identifier: Apache-2.0 */
/* Write, audit, publish: between staging and publishing all rows of a load can be looked at as a whole, and nothing of
 * the target was changed yet. */
#include <string.h>

#include "base/utf8.h"
#include "load/mode.h"

/* Without an own limit (max_shrink=-1) a table of this size may lose half of its rows; a smaller one anything, since a
 * few rows come and go. */
enum { OWN_LIMIT_PERCENT = 50, OWN_LIMIT_FROM_ROWS = 1000 };

bool
incload__audit_wants_staging(const incload__load *load)
{
    const incload__strategy_values *how = load->how;

    return how->min_rows > 0 || how->max_rows > 0 || how->check_not_null != NULL || how->check_unique != NULL
           || load->spec->check_count > 0 || load->spec->check_function != NULL;
}

int32_t
incload__audit_number(incload__load *load, const incload__str *sql, const char *doing, int64_t *out,
                      incload_error **err)
{
    incload__rows rows = { .mem = load->mem };

    int32_t status = incload__load_check(load, err);
    if (status == INCLOAD_OK && sql->failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = load->to->driver->select(load->to, incload__str_text(sql), NULL, 0, &rows, err);
    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "%s", doing);
    const char *text = incload__rows_get(&rows, 0, 0);
    if (text != NULL && !incload__parse_int64(text, strlen(text), out))
        status = incload__fail(err, INCLOAD_E_PROTOCOL, "%s: the server's answer is no number", doing);
    incload__rows_free(&rows);
    return status;
}

/* What the server holds, compared with what it was given: a driver that lost a row would be found here. */
static int32_t
count_staging(incload__load *load, int64_t given, incload_error **err)
{
    incload__str sql = INCLOAD__STR(load->mem);
    int64_t held = given;

    incload__str_addf(&sql, "SELECT COUNT(*) FROM %s", load->destination);
    int32_t status = incload__audit_number(load, &sql, "counting the staged rows", &held, err);
    incload__str_free(&sql);
    if (status == INCLOAD_OK && held != given && !load->rehearsed)
        status = incload__fail(err, INCLOAD_E_INTERNAL,
                               "staging holds %lld rows where %lld were sent: nothing was published; please report "
                             "this",
                               (long long)held, (long long)given);
    return status;
}

static int32_t
check_range(const incload__load *load, int64_t rows, incload_error **err)
{
    const incload__strategy_values *how = load->how;

    if (load->rehearsed)
        return INCLOAD_OK;
    if (how->min_rows > 0 && rows < how->min_rows)
        return incload__fail(err, INCLOAD_E_CHECK,
                             "the load brings %lld rows, fewer than min_rows=%lld: nothing was published; look at the "
                             "source, or lower min_rows",
                             (long long)rows, (long long)how->min_rows);
    if (how->max_rows > 0 && rows > how->max_rows)
        return incload__fail(err, INCLOAD_E_CHECK,
                             "the load brings %lld rows, more than max_rows=%lld: nothing was published; look at the "
                             "source, or raise max_rows",
                             (long long)rows, (long long)how->max_rows);
    return INCLOAD_OK;
}

/* left < before * (100 - percent) / 100, without an overflow. */
static bool
shrinks_beyond(int64_t before, int64_t left, int64_t percent)
{
    int64_t share = 100 - percent;

    return left < before / 100 * share + (before % 100 * share + 99) / 100;
}

static int32_t
check_shrink(incload__load *load, int64_t rows, incload_error **err)
{
    const incload__table *table = load->replaced != NULL ? load->replaced : &load->target_name;
    bool own = load->how->max_shrink < 0;
    bool replaces = load->how->write == INCLOAD__WRITE_REPLACE || load->how->write == INCLOAD__WRITE_SWAP;
    int64_t percent = own ? OWN_LIMIT_PERCENT : load->how->max_shrink;
    int64_t before = 0;
    incload__str sql = INCLOAD__STR(load->mem);
    char name[200];

    if (percent == 100 || (!replaces && load->how->detect_deletes == INCLOAD__DELETES_NONE))
        return INCLOAD_OK;
    incload__str_add(&sql, "SELECT COUNT(*) FROM ");
    int32_t status = incload__quote_table(load->to->dialect, &sql, table, err);
    if (status == INCLOAD_OK && load->marks.count > 0)
        status = incload__soft_only_there(load, &sql, err);
    if (status == INCLOAD_OK)
        status = incload__audit_number(load, &sql, "counting the target's rows", &before, err);
    incload__str_free(&sql);
    if (status != INCLOAD_OK || (own && before < OWN_LIMIT_FROM_ROWS))
        return status;
    /* Of digests that differ in some ranges only those ranges' keys were read. */
    int64_t keys = load->keys_there > 0 ? load->keys_there : load->keys_read;
    int64_t left = replaces ? rows : keys;
    /* With no row left both have a question of their own, answered by allow_empty or delete_all. */
    if (left == 0)
        return INCLOAD_OK;
    if (load->rehearsed || !shrinks_beyond(before, left, percent))
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_CHECK,
                         "target table %s has %lld rows and the source only %lld, a loss of more than %lld per cent: "
                         "nothing was published; look at the source, or set max_shrink=100 if that is meant",
                         incload__table_text(table, name, sizeof name), (long long)before,
                         (long long)left, (long long)percent);
}

int32_t
incload__audit_rows(incload__load *load, int64_t rows, bool staged, incload_error **err)
{
    int32_t status = check_range(load, rows, err);

    if (status == INCLOAD_OK)
        status = check_shrink(load, rows, err);
    if (status == INCLOAD_OK && staged)
        status = incload__audit_checks(load, rows, err);
    return status;
}

int32_t
incload__audit(incload__load *load, incload_error **err)
{
    int64_t rows = atomic_load(&load->unit->rows_written);
    int32_t status = load->staged ? count_staging(load, rows, err) : INCLOAD_OK;

    return status == INCLOAD_OK ? incload__audit_rows(load, rows, load->staged, err) : status;
}

int32_t
incload__audit_balance(const incload__load *load, incload_error **err)
{
    const incload_unit *unit = load->unit;
    int64_t read = atomic_load(&unit->rows_read) + load->rows_added;
    int64_t written = atomic_load(&unit->rows_written), skipped = atomic_load(&unit->rows_skipped);
    int64_t rejected = atomic_load(&unit->rows_rejected);

    if (load->rehearsed || read == written + rejected + skipped)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_INTERNAL,
                         "of %lld rows %lld were written, %lld rejected and %lld skipped, which does not add up: "
                         "nothing was kept; a trigger or rule of the target adds rows, or please report this",
                         (long long)read, (long long)written, (long long)rejected, (long long)skipped);
}
