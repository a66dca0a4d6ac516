/* SPDX-License-Identifier: Apache-2.0 */
/* Taking rows out of the target: deleted, or marked by two columns of its own (deletes=soft), where they keep their
 * values and a row that comes back is unmarked. */
#include <string.h>

#include "base/civil.h"
#include "dialect/clause.h"
#include "load/mode.h"

enum { FLAG, AT };

bool
incload__soft_is_on(const incload__load *load)
{
    return load->how->deletes == INCLOAD__REMOVE_SOFT;
}

const char *
incload__soft_name(const incload__load *load, int32_t which)
{
    if (which == FLAG)
        return load->how->deleted_column != NULL ? load->how->deleted_column : "_deleted";
    return load->how->deleted_at_column != NULL ? load->how->deleted_at_column : "deleted_at";
}

static incload__type
made_type(int32_t which)
{
    static const incload__type types[] = {
        [FLAG] = { .kind = INCLOAD__BOOL },
        [AT] = { .kind = INCLOAD__TIMESTAMPTZ, .scale = 6 },
    };

    return types[which];
}

static bool
add_column(incload__schema *columns, const char *name, const incload__str *native, incload__type type)
{
    return !native->failed && incload__schema_add(columns, name, incload__str_text(native), type) != NULL;
}

static const char *const options[] = { [FLAG] = "deleted_column", [AT] = "deleted_at_column" };

static int32_t
fail_taken(const char *name, int32_t which, incload_error **err)
{
    return incload__fail(err, INCLOAD_E_INVALID,
                         "column '%.64s' is loaded from the source, and deletes=soft would write it, too: leave it out "
                         "by option 'columns', or name another in option '%s'",
                         name, options[which]);
}

int32_t
incload__soft_add(const incload__load *load, incload__schema *columns, incload_error **err)
{
    incload__str native = INCLOAD__STR(load->mem);
    int32_t status = INCLOAD_OK;

    for (int32_t which = FLAG; incload__soft_is_on(load) && which <= AT && status == INCLOAD_OK; which++) {
        const char *name = incload__soft_name(load, which);
        incload__str_clear(&native);
        if (incload__schema_find(columns, name) >= 0) {
            status = fail_taken(name, which, err);
            break;
        }
        status = load->to->dialect->native_type(&native, name, made_type(which), false, err);
        if (status == INCLOAD_OK && !add_column(columns, name, &native, made_type(which)))
            status = incload__fail_memory(err);
    }
    incload__str_free(&native);
    return status;
}

static bool
can_mark(int32_t which, incload__kind kind)
{
    switch (kind) {
    case INCLOAD__BOOL:
    case INCLOAD__INT8:
    case INCLOAD__INT16:
    case INCLOAD__INT32:
    case INCLOAD__INT64:
        return which == FLAG;
    case INCLOAD__TIMESTAMP:
    case INCLOAD__TIMESTAMPTZ:
        return which == AT;
    default:
        return false;
    }
}

static int32_t
find_mark(incload__load *load, const incload__schema *all, int32_t which, incload_error **err)
{
    static const char *const types[] = { "boolean", "timestamp" };
    const char *name = incload__soft_name(load, which);
    int32_t at = incload__schema_find(all, name);
    char table[200];

    incload__table_text(&load->target_name, table, sizeof table);
    if (at < 0)
        return incload__fail(err, INCLOAD_E_NOT_FOUND,
                             "deletes=soft needs column '%.64s' (%s) in target table %s: add it there, or name "
                             "another in option '%s'",
                             name, types[which], table, options[which]);
    if (!can_mark(which, all->columns[at].type.kind) || all->columns[at].generated)
        return incload__fail(err, INCLOAD_E_TYPE,
                             "column '%.64s' of target table %s cannot mark deleted rows: it must be of type %s", name,
                             table, types[which]);
    incload__schema stored = incload__stored_columns(load);
    if (incload__schema_find(&stored, name) >= 0)
        return fail_taken(name, which, err);
    incload__column *column =
        incload__schema_add(&load->marks, name, all->columns[at].native, all->columns[at].type);
    if (column == NULL)
        return incload__fail_memory(err);
    column->native_id = all->columns[at].native_id;
    return INCLOAD_OK;
}

int32_t
incload__soft_find(incload__load *load, const incload__schema *all, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t which = FLAG; incload__soft_is_on(load) && which <= AT && status == INCLOAD_OK; which++)
        status = find_mark(load, all, which, err);
    return status;
}

int32_t
incload__soft_extend(const incload__load *load, bool with_default, incload__schema *columns, incload_error **err)
{
    incload__str native = INCLOAD__STR(load->mem);
    int32_t status = INCLOAD_OK;

    for (int32_t which = 0; which < load->marks.count && status == INCLOAD_OK; which++) {
        const incload__column *mark = &load->marks.columns[which];
        bool is_bool = mark->type.kind == INCLOAD__BOOL;
        incload__str_clear(&native);
        incload__str_add(&native, mark->native);
        /* Rows are staged without it, so each of them says that it is there. */
        if (with_default && which == FLAG)
            incload__str_addf(&native, " DEFAULT %s", is_bool ? load->to->dialect->words[0] : "0");
        if (!add_column(columns, mark->name, &native, mark->type))
            status = incload__fail_memory(err);
    }
    incload__str_free(&native);
    return status;
}

int32_t
incload__soft_only_there(const incload__load *load, incload__str *sql, incload_error **err)
{
    incload__clause clause = { load->to->dialect, sql, err, INCLOAD_OK };
    const incload__removal how = { .flag = &load->marks.columns[FLAG], .at = &load->marks.columns[AT] };

    incload__clause_add(&clause, " AS t WHERE 1 = 1");
    incload__clause_unmarked(&clause, &how, "t.");
    return incload__clause_status(&clause);
}

/* By the clock of this run, as the column holds it. */
static incload__param
moment(const incload__load *load, char text[64])
{
    const incload__column *at = &load->marks.columns[AT];
    bool zone = at->type.kind == INCLOAD__TIMESTAMPTZ && !load->to->dialect->civil_is_utc;
    size_t length = incload__format_timestamp(incload__wall_us(load->env), zone, text);

    return (incload__param){ text, length, at->type.kind };
}

/* detect_deletes=digest has read the keys of some ranges alone. WHERE is the last clause of the statement, and the
 * target's rows are t, where digests are computed. */
static int32_t
restrict_to(const incload__load *load, incload__statements *list, incload_error **err)
{
    for (int32_t i = 0; i < list->count; i++) {
        incload__str sql = INCLOAD__STR(load->mem);
        incload__str_addf(&sql, "%s AND (%s)", list->items[i].sql, load->only_target);
        incload__free(load->mem, list->items[i].sql);
        list->items[i].sql = incload__str_take(&sql);
        if (list->items[i].sql == NULL)
            return incload__fail_memory(err);
    }
    return INCLOAD_OK;
}

int32_t
incload__remove(incload__load *load, const incload__merge *merge, bool missing, const char *staged, int64_t *removed,
                incload_error **err)
{
    bool soft = load->marks.count > 0;
    incload__statements list = { .mem = load->mem };
    incload__removal how = { .missing = missing, .staged = staged };
    incload__param param;
    char text[64];

    if (soft) {
        how.flag = &load->marks.columns[FLAG];
        how.at = &load->marks.columns[AT];
        param = moment(load, text);
    }
    int32_t status = load->to->dialect->remove_rows(&list, merge, &how, err);
    if (status == INCLOAD_OK && missing && load->only_target != NULL)
        status = restrict_to(load, &list, err);
    for (int32_t i = 0; i < list.count && status == INCLOAD_OK; i++) {
        int64_t affected = 0;
        status = incload__load_check(load, err);
        if (status == INCLOAD_OK)
            status = load->to->driver->execute(load->to, list.items[i].sql, soft ? &param : NULL, soft ? 1 : 0,
                                               &affected, err);
        if (status == INCLOAD_OK && affected > 0)
            *removed += affected;
    }
    incload__statements_free(&list);
    return status;
}
