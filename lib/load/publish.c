/* SPDX-License-Identifier: Apache-2.0 */
/* Staging: a temporary table of the target session, and the statements that bring its rows into the target. */
#include <stdio.h>
#include <string.h>

#include "load/mode.h"

#include "driver/failpoint.h"

int32_t
incload__staging_columns(const incload__load *load, incload__schema *out, incload_error **err)
{
    int32_t status = incload__schema_copy(out, &load->target, err);

    return status == INCLOAD_OK ? incload__soft_extend(load, true, out, err) : status;
}

int32_t
incload__staging_make(incload__load *load, incload_error **err)
{
    incload__str sql = INCLOAD__STR(load->mem), name = INCLOAD__STR(load->mem);
    const incload__dialect *dialect = load->to->dialect;
    incload__table table = { NULL, load->staging };
    uint64_t token = incload__random(load->env);
    incload__schema columns = { .mem = load->mem };

    snprintf(load->staging, sizeof load->staging, "incload_staging_%08lx", (unsigned long)(token & 0xffffffffu));
    int32_t status = load->how->write == INCLOAD__WRITE_SCD2 ? incload__scd2_begin(load, err) : INCLOAD_OK;
    if (status == INCLOAD_OK)
        status = incload__staging_columns(load, &columns, err);
    if (status == INCLOAD_OK)
        status = dialect->create_staging(&sql, load->staging, &columns, err);
    if (status == INCLOAD_OK && sql.failed)
        status = incload__fail_memory(err);
    INCLOAD__FAILPOINT_ON(status, load->to, "staging.make.before", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK)
        status = load->to->driver->execute(load->to, incload__str_text(&sql), NULL, 0, NULL, err);
    INCLOAD__FAILPOINT_ON(status, load->to, "staging.made", INCLOAD_E_CONFLICT, err);
    if (status != INCLOAD_OK)
        incload__error_prefix(err, "making the staging table");
    if (status == INCLOAD_OK)
        status = incload__quote_table(dialect, &name, &table, err);
    if (status == INCLOAD_OK) {
        incload__free(load->mem, load->destination);
        load->destination = incload__str_take(&name);
        if (load->destination == NULL)
            status = incload__fail_memory(err);
    }
    incload__str_free(&sql);
    incload__str_free(&name);
    incload__schema_free(&columns);
    return status;
}

/* Rows read twice lie at the watermark: they are told by their cursor, compared in the target's own type. */
static int32_t
boundary_condition(const incload__load *load, incload__str *out, incload_error **err)
{
    const incload__dialect *dialect = load->to->dialect;
    const char *cursor = load->target.columns[load->cursor].name;

    incload__str_add(out, "s.");
    int32_t status = dialect->quote(out, "column", cursor, err);
    incload__str_add(out, " <= (SELECT MAX(");
    if (status == INCLOAD_OK)
        status = dialect->quote(out, "column", cursor, err);
    incload__str_add(out, ") FROM ");
    if (status == INCLOAD_OK)
        status = incload__quote_table(dialect, out, &load->target_name, err);
    incload__str_add(out, ")");
    if (status == INCLOAD_OK && out->failed)
        status = incload__fail_memory(err);
    return status;
}

static int32_t
drop_staging(incload__load *load, incload_error **err)
{
    incload__str sql = INCLOAD__STR(load->mem);

    load->to->dialect->drop_staging(&sql, load->staging);
    int32_t status = sql.failed ? incload__fail_memory(err) : INCLOAD_OK;
    INCLOAD__FAILPOINT_ON(status, load->to, "staging.drop.before", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK)
        status = load->to->driver->execute(load->to, incload__str_text(&sql), NULL, 0, NULL, err);
    INCLOAD__FAILPOINT_ON(status, load->to, "staging.dropped", INCLOAD_E_CONNECT, err);
    incload__str_free(&sql);
    return status;
}

/* One publication: the load, what its statements are told, and what they did. */
typedef struct work {
    incload__load *load;
    incload__merge merge;
    int64_t written;
    incload__posted *posted; /* rows are deleted with the next statement; NULL: at once */
} work;

/* Runs the statements and frees them. */
static int32_t
run_all(work *w, incload__statements *list, int32_t status, incload_error **err)
{
    incload__load *load = w->load;

    for (int32_t i = 0; i < list->count && status == INCLOAD_OK; i++) {
        int64_t affected = 0;
        status = incload__load_check(load, err);
        if (status == INCLOAD_OK)
            status = load->to->driver->execute(load->to, list->items[i].sql, NULL, 0, &affected, err);
        INCLOAD__FAILPOINT_ON(status, load->to, "publish.statement", INCLOAD_E_CONFLICT, err);
        if (status == INCLOAD_OK && list->items[i].counts && affected > 0)
            w->written += affected;
    }
    incload__statements_free(list);
    return status;
}

static int32_t
publish_append(work *w, incload_error **err)
{
    incload__statements list = { .mem = w->load->mem };
    incload__str boundary = INCLOAD__STR(w->load->mem);
    /* No boundary where no row is read twice: checks want staging all the same. */
    bool repeats = incload__by_cursor(w->load) && w->load->window.repeats;
    int32_t status = INCLOAD_OK;

    if (repeats)
        status = boundary_condition(w->load, &boundary, err);
    if (status == INCLOAD_OK)
        status = w->load->to->dialect->append(&list, &w->merge, repeats ? incload__str_text(&boundary) : NULL, err);
    incload__str_free(&boundary);
    return run_all(w, &list, status, err);
}

/* Winners of their key where the target takes one row of each, else all rows. */
static int32_t
insert_rows(work *w, incload_error **err)
{
    incload__statements list = { .mem = w->load->mem };
    const incload__dialect *dialect = w->load->to->dialect;
    int32_t status;

    w->merge.insert_only = true;
    if (w->load->one_per_key)
        status = dialect->merge(&list, &w->merge, err);
    else
        status = dialect->append(&list, &w->merge, NULL, err);
    return run_all(w, &list, status, err);
}

/* DELETE FROM the target, with what `sql` holds behind it. */
static int32_t
delete_rows(work *w, incload__sql *sql, incload_error **err)
{
    incload__load *load = w->load;
    int32_t status = incload__load_check(load, err);

    if (status == INCLOAD_OK)
        status = incload__sql_check(sql, err);
    if (status == INCLOAD_OK && w->posted != NULL)
        status = incload__conn_post(load->to, incload__str_text(&sql->text), sql->params, sql->count, w->posted, err);
    else if (status == INCLOAD_OK)
        status = load->to->driver->execute(load->to, incload__str_text(&sql->text), sql->params, sql->count, NULL, err);
    INCLOAD__FAILPOINT_ON(status, load->to, "publish.rows.deleted", INCLOAD_E_CONFLICT, err);
    return status;
}

static int32_t
begin_delete(const incload__load *load, const incload__table *table, incload__sql *sql, incload_error **err)
{
    incload__sql_init(load, sql);
    incload__str_add(&sql->text, "DELETE FROM ");
    return incload__quote_table(load->to->dialect, &sql->text, table, err);
}

/* The target's rows of the keys that come. */
static int32_t
delete_keys(work *w, incload_error **err)
{
    incload__statements list = { .mem = w->load->mem };
    incload__removal how = { .missing = false };
    int64_t before = w->written;
    int32_t status = w->load->to->dialect->remove_rows(&list, &w->merge, &how, err);

    status = run_all(w, &list, status, err);
    w->written = before;
    return status;
}

static int32_t
publish_delete_insert(work *w, incload_error **err)
{
    int32_t status = delete_keys(w, err);

    return status == INCLOAD_OK ? insert_rows(w, err) : status;
}

static int32_t
delete_interval(work *w, incload_error **err)
{
    char *bounds[2] = { NULL, NULL };
    incload__sql sql;
    int32_t status = begin_delete(w->load, &w->load->target_name, &sql, err);

    incload__str_add(&sql.text, " WHERE ");
    if (status == INCLOAD_OK)
        status = incload__interval_where(w->load, &sql, "", bounds, err);
    if (status == INCLOAD_OK)
        status = delete_rows(w, &sql, err);
    incload__sql_free(&sql);
    incload__free(w->load->mem, bounds[0]);
    incload__free(w->load->mem, bounds[1]);
    return status;
}

int32_t
incload__clear_interval(incload__load *load, incload_error **err)
{
    work w = { .load = load, .posted = &load->cleared };
    int32_t status = delete_interval(&w, err);

    if (status != INCLOAD_OK)
        load->cleared = (incload__posted){ .done.failed = true };
    return incload__clearing(load, status, err);
}

int32_t
incload__clearing(const incload__load *load, int32_t status, incload_error **err)
{
    if (status == INCLOAD_OK || !incload__conn_answer(load->to, &load->cleared).failed)
        return status;
    return incload__error_prefix(err, "making way for the rows of the interval");
}

/* A row whose cursor went out of its interval is met again under its key, wherever it lies now. */
static int32_t
publish_replace_interval(work *w, incload_error **err)
{
    int32_t status = delete_interval(w, err);

    if (status == INCLOAD_OK && w->load->one_per_key)
        status = delete_keys(w, err);
    return status == INCLOAD_OK ? insert_rows(w, err) : status;
}

/* DELETE, not TRUNCATE: that would show readers of older snapshots an empty table, and commit on MariaDB. */
static int32_t
publish_replace(work *w, incload_error **err)
{
    incload__sql sql;
    int32_t status = begin_delete(w->load, &w->load->target_name, &sql, err);

    if (status == INCLOAD_OK)
        status = delete_rows(w, &sql, err);
    incload__sql_free(&sql);
    return status == INCLOAD_OK ? insert_rows(w, err) : status;
}

/* Only the last row of a key says whether it is deleted. */
static int32_t
settle_winners(work *w, incload_error **err)
{
    incload__statements list = { .mem = w->load->mem };

    if (w->load->key_is_unique && w->load->spec->function == NULL)
        return INCLOAD_OK;
    return run_all(w, &list, w->load->to->dialect->keep_winners(&list, &w->merge, err), err);
}

/* Rows that are marked as deleted leave the target, or are marked there, and then staging. */
static int32_t
remove_marked(work *w, incload_error **err)
{
    incload__load *load = w->load;
    incload__table staging = { NULL, load->staging };
    incload__str marked = INCLOAD__STR(load->mem);
    int64_t removed = 0;
    incload__sql sql;
    int32_t status = settle_winners(w, err);

    if (status == INCLOAD_OK)
        status = incload__marker_condition(load, "s.", &marked, err);
    if (status == INCLOAD_OK)
        status = incload__remove(load, &w->merge, false, incload__str_text(&marked), &removed, err);
    incload__str_free(&marked);
    if (status != INCLOAD_OK)
        return status;
    atomic_fetch_add(&load->unit->rows_deleted, removed);
    status = begin_delete(load, &staging, &sql, err);
    incload__str_add(&sql.text, " WHERE ");
    if (status == INCLOAD_OK)
        status = incload__marker_condition(load, "", &sql.text, err);
    if (status == INCLOAD_OK)
        status = delete_rows(w, &sql, err);
    incload__sql_free(&sql);
    return status;
}

static int32_t
publish_merge(work *w, incload_error **err)
{
    incload__statements list = { .mem = w->load->mem };
    int32_t status = w->load->marker >= 0 ? remove_marked(w, err) : INCLOAD_OK;

    if (status == INCLOAD_OK)
        status = w->load->to->dialect->merge(&list, &w->merge, err);
    return run_all(w, &list, status, err);
}

static int32_t
publish_versions(work *w, incload_error **err)
{
    return incload__scd2_publish(w->load, &w->written, err);
}

int32_t
incload__publish(incload__load *load, incload_error **err)
{
    static int32_t (*const ways[])(work *, incload_error **) = {
        [INCLOAD__WRITE_APPEND] = publish_append,
        [INCLOAD__WRITE_MERGE] = publish_merge,
        [INCLOAD__WRITE_INSERT_NEW] = insert_rows,
        [INCLOAD__WRITE_DELETE_INSERT] = publish_delete_insert,
        [INCLOAD__WRITE_REPLACE_INTERVAL] = publish_replace_interval,
        [INCLOAD__WRITE_REPLACE] = publish_replace,
        [INCLOAD__WRITE_SCD2] = publish_versions,
    };
    incload__schema stored = incload__stored_columns(load), columns = { .mem = load->mem };
    work w = { .load = load,
               .merge = { .target = &load->target_name,
                          .staging = load->staging,
                          .columns = &columns,
                          .key = load->key,
                          .key_count = load->key_count,
                          .latest_by = load->latest_by } };
    int32_t status = incload__schema_copy(&columns, &stored, err);

    if (status == INCLOAD_OK)
        status = incload__soft_extend(load, false, &columns, err);
    if (status == INCLOAD_OK)
        status = ways[load->how->write](&w, err);
    if (status == INCLOAD_OK)
        status = drop_staging(load, err);
    if (status == INCLOAD_OK) {
        int64_t staged = atomic_exchange(&load->unit->rows_written, w.written);
        if (staged > w.written)
            atomic_fetch_add(&load->unit->rows_skipped, staged - w.written);
    } else {
        incload__error_prefix(err, "publishing the staged rows");
    }
    incload__schema_free(&columns);
    return status;
}
