/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of a load, each a count of rows that should not be: of NULLs, of repeated values, of what the host's own
 * SQL finds; and the host's function, which sees the counts. */
#include <string.h>

#include "load/internal.h"

/* A loaded column as staging names it, quoted. Options name columns as the source does. */
static int32_t
add_staged_column(const incload__load *load, const char *option, const char *name, incload__str *out,
                  incload_error **err)
{
    int32_t at = incload__schema_find(&load->shape, name);

    if (at < 0)
        return incload__fail(err, INCLOAD_E_NOT_FOUND,
                             "option '%s' names '%.64s', which is not among the loaded columns of the source", option,
                             name);
    return load->to->dialect->quote(out, "column", load->target.columns[at].name, err);
}

static int32_t
fail_check(const incload__load *load, const char *name, int64_t failed, int64_t staged, const char *what,
           incload_error **err)
{
    char target[200], count[24];
    incload__str text = INCLOAD__STR(load->mem);

    incload__fail(err, INCLOAD_E_CHECK,
                  "check '%.64s' failed: %lld of %lld rows %s; nothing was published into target table %s", name,
                  (long long)failed, (long long)staged, what,
                  incload__table_text(&load->target_name, target, sizeof target));
    incload__str_addf(&text, "%lld", (long long)failed);
    if (!text.failed && text.length < sizeof count) {
        incload__error_add_detail(err, "check", name);
        incload__error_add_detail(err, "rows", incload__str_text(&text));
    }
    incload__str_free(&text);
    return INCLOAD_E_CHECK;
}

static int32_t
check_column_not_null(incload__load *load, const char *name, int64_t staged, incload_error **err)
{
    incload__str sql = INCLOAD__STR(load->mem), what = INCLOAD__STR(load->mem);
    int64_t failed = 0;

    incload__str_addf(&sql, "SELECT COUNT(*) FROM %s WHERE ", load->destination);
    int32_t status = add_staged_column(load, "check_not_null", name, &sql, err);
    incload__str_add(&sql, " IS NULL");
    if (status == INCLOAD_OK)
        status = incload__audit_number(load, &sql, "option 'check_not_null'", &failed, err);
    if (status == INCLOAD_OK && failed > 0) {
        incload__str_addf(&what, "have NULL in column '%.64s'", name);
        status = what.failed ? incload__fail_memory(err)
                             : fail_check(load, "check_not_null", failed, staged, incload__str_text(&what), err);
    }
    incload__str_free(&what);
    incload__str_free(&sql);
    return status;
}

static int32_t
check_not_null(incload__load *load, int64_t staged, incload_error **err)
{
    incload__list list;
    int32_t status = incload__list_parse(load->mem, "check_not_null", load->how->check_not_null, &list, err);

    for (int32_t i = 0; i < list.count && status == INCLOAD_OK; i++)
        status = check_column_not_null(load, list.items[i].name, staged, err);
    incload__list_free(&list);
    return status;
}

/* The rows of each value beyond its first. */
static int32_t
write_repeated(incload__load *load, const incload__list *list, incload__str *sql, incload_error **err)
{
    incload__str columns = INCLOAD__STR(load->mem), present = INCLOAD__STR(load->mem);
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < list->count && status == INCLOAD_OK; i++) {
        incload__str_add(&columns, i > 0 ? ", " : "");
        status = add_staged_column(load, "check_unique", list->items[i].name, &columns, err);
        incload__str_add(&present, i > 0 ? " AND " : "");
        if (status == INCLOAD_OK)
            status = add_staged_column(load, "check_unique", list->items[i].name, &present, err);
        incload__str_add(&present, " IS NOT NULL");
    }
    if (status == INCLOAD_OK && (columns.failed || present.failed))
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        incload__str_addf(sql,
                          "SELECT COALESCE(SUM(d.surplus), 0) FROM (SELECT COUNT(*) - 1 AS surplus FROM %s WHERE %s"
                          " GROUP BY %s HAVING COUNT(*) > 1) AS d",
                          load->destination, incload__str_text(&present), incload__str_text(&columns));
    incload__str_free(&columns);
    incload__str_free(&present);
    return status;
}

static int32_t
check_unique(incload__load *load, int64_t staged, incload_error **err)
{
    incload__list list;
    incload__str sql = INCLOAD__STR(load->mem), what = INCLOAD__STR(load->mem);
    int64_t failed = 0;
    int32_t status = incload__list_parse(load->mem, "check_unique", load->how->check_unique, &list, err);

    if (status == INCLOAD_OK && list.count > 0) {
        status = write_repeated(load, &list, &sql, err);
        if (status == INCLOAD_OK)
            status = incload__audit_number(load, &sql, "option 'check_unique'", &failed, err);
    }
    if (status == INCLOAD_OK && failed > 0) {
        incload__str_addf(&what, "repeat a value of '%.200s'", load->how->check_unique);
        status = what.failed ? incload__fail_memory(err)
                             : fail_check(load, "check_unique", failed, staged, incload__str_text(&what), err);
    }
    incload__list_free(&list);
    incload__str_free(&sql);
    incload__str_free(&what);
    return status;
}

/* The host's SQL as a table, with the two names put in. The line break ends a comment at its end. */
static int32_t
write_host_check(const incload__load *load, const char *text, incload__str *sql, incload_error **err)
{
    static const char staging[] = "{staging}", target[] = "{target}";
    int32_t status = INCLOAD_OK;

    incload__str_add(sql, "SELECT COUNT(*) FROM (");
    while (*text != '\0' && status == INCLOAD_OK) {
        if (strncmp(text, staging, sizeof staging - 1) == 0) {
            incload__str_add(sql, load->destination);
            text += sizeof staging - 1;
        } else if (strncmp(text, target, sizeof target - 1) == 0) {
            status = incload__quote_table(load->to->dialect, sql, &load->target_name, err);
            text += sizeof target - 1;
        } else {
            incload__str_add_char(sql, *text++);
        }
    }
    incload__str_add(sql, "\n) AS incload_check");
    return status;
}

static int32_t
check_by_sql(incload__load *load, const incload__check *check, int64_t staged, incload_error **err)
{
    incload__str sql = INCLOAD__STR(load->mem), doing = INCLOAD__STR(load->mem);
    int64_t failed = 0;

    incload__str_addf(&doing, "check '%.64s'", check->name);
    int32_t status = write_host_check(load, check->sql, &sql, err);
    if (status == INCLOAD_OK && doing.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = incload__audit_number(load, &sql, incload__str_text(&doing), &failed, err);
    if (status == INCLOAD_OK && failed > 0)
        status = fail_check(load, check->name, failed, staged, "break it", err);
    incload__str_free(&sql);
    incload__str_free(&doing);
    return status;
}

static int32_t
check_by_function(incload__load *load, int64_t staged, incload_error **err)
{
    incload_unit *unit = load->unit;

    incload__free(load->mem, unit->failure);
    unit->failure = NULL;
    int32_t answer =
        load->spec->check_function(unit, atomic_load(&unit->rows_read), staged, load->spec->check_data);
    if (answer == INCLOAD_DONE)
        return INCLOAD_OK;
    if (unit->failure != NULL)
        return incload__fail(err, INCLOAD_E_CHECK, "the check function refused the rows: %.400s; nothing was published",
                             unit->failure);
    return incload__fail(err, INCLOAD_E_CHECK,
                         "the check function returned %d, where INCLOAD_DONE (%d) lets the rows pass: nothing was "
                         "published",
                         (int)answer, INCLOAD_DONE);
}

int32_t
incload__audit_checks(incload__load *load, int64_t staged, incload_error **err)
{
    int32_t status = check_not_null(load, staged, err);

    if (status == INCLOAD_OK)
        status = check_unique(load, staged, err);
    for (int32_t i = 0; i < load->spec->check_count && status == INCLOAD_OK; i++)
        status = check_by_sql(load, &load->spec->checks[i], staged, err);
    if (load->spec->check_function == NULL || load->rehearsed)
        return status;
    if (status == INCLOAD_OK)
        status = incload__load_check(load, err);
    if (status == INCLOAD_OK)
        status = check_by_function(load, staged, err);
    return status;
}
