/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are gone from the source: no cursor sees them, but a list of all keys that was read in the snapshot of the
 * load does. The keys travel by the load's own road, as a small load of their own. */
#include <stdio.h>
#include <string.h>

#include "load/mode.h"

static bool
is_on(const incload__load *load)
{
    return load->how->detect_deletes != INCLOAD__DELETES_NONE;
}

/* The key's columns of one schema. */
static int32_t
project(const incload__load *load, const incload__schema *from, incload__schema *to, incload_error **err)
{
    incload__schema_init(to, load->mem);
    for (int32_t i = 0; i < load->key_count; i++) {
        const incload__column *column = &from->columns[load->key[i]];
        incload__column *copy = incload__schema_add(to, column->name, column->native, column->type);
        if (copy == NULL)
            return incload__fail_memory(err);
        copy->nullable = column->nullable;
        copy->native_id = column->native_id;
    }
    return INCLOAD_OK;
}

static int32_t
make_table(incload__load *load, const incload__load *keys, char **quoted, incload_error **err)
{
    const incload__dialect *dialect = load->to->dialect;
    incload__str sql = INCLOAD__STR(load->mem), name = INCLOAD__STR(load->mem);
    incload__table table = { NULL, load->keys_table };

    snprintf(load->keys_table, sizeof load->keys_table, "incload_keys_%08lx",
             (unsigned long)(incload__random(load->env) & 0xffffffffu));
    int32_t status = dialect->create_keys(&sql, load->keys_table, &keys->target, err);
    if (status == INCLOAD_OK)
        status = sql.failed ? incload__fail_memory(err)
                            : load->to->driver->execute(load->to, incload__str_text(&sql), NULL, 0, NULL, err);
    if (status == INCLOAD_OK)
        status = incload__quote_table(dialect, &name, &table, err);
    *quoted = incload__str_take(&name);
    if (status == INCLOAD_OK && *quoted == NULL)
        status = incload__fail_memory(err);
    incload__str_free(&sql);
    return status;
}

/* Reads them as a load of all rows that has no other columns and is counted elsewhere. */
static int32_t
transfer_keys(incload__load *load, incload__load *keys, incload_error **err)
{
    incload__strategy_values how = *load->how;
    incload__load_spec spec = *load->spec;
    incload_unit unit = { .env = load->env,
                          .cancelled = load->unit->cancelled,
                          .deadline_us = load->unit->deadline_us };

    how.window = INCLOAD__WINDOW_ALL;
    how.bad_rows = INCLOAD__BAD_ROWS_FAIL;
    spec.function = NULL;
    spec.progress = NULL;
    keys->how = &how;
    keys->spec = &spec;
    keys->unit = &unit;
    keys->page_key_count = load->key_is_unique ? load->key_count : 0;
    for (int32_t i = 0; i < load->key_count; i++)
        keys->key[i] = keys->page_key[i] = i;
    keys->cursor = -1;
    keys->latest_by = -1;
    keys->staged = false;
    /* All keys, whatever the window of the rows was; its texts stay the load's own. */
    memset(&keys->window, 0, sizeof keys->window);
    int32_t status = incload__transfer(keys, err);
    load->keys_read = atomic_load(&unit.rows_read);
    load->result->keys_read = load->keys_read;
    return status;
}

int32_t
incload__deletes_read(incload__load *load, incload_error **err)
{
    char *quoted = NULL;

    if (!is_on(load))
        return INCLOAD_OK;
    if (load->how->detect_deletes == INCLOAD__DELETES_DIGEST) {
        int32_t narrowed = incload__deletes_narrow(load, err);
        if (narrowed != INCLOAD_OK)
            return incload__error_prefix(err, "comparing digests of keys to find deleted rows");
        if (load->keys_agree)
            return INCLOAD_OK;
    }
    incload__load keys = *load;
    int32_t status = project(load, &load->shape, &keys.shape, err);
    int32_t travel = project(load, &load->travel, &keys.travel, err);
    int32_t target = project(load, &load->target, &keys.target, err);
    int32_t write = project(load, &load->write, &keys.write, err);
    if (status == INCLOAD_OK && (travel != INCLOAD_OK || target != INCLOAD_OK || write != INCLOAD_OK))
        status = INCLOAD_E_NO_MEMORY;
    if (status == INCLOAD_OK)
        status = make_table(load, &keys, &quoted, err);
    keys.destination = quoted;
    if (status == INCLOAD_OK)
        status = transfer_keys(load, &keys, err);
    if (status != INCLOAD_OK)
        incload__error_prefix(err, "reading all keys of the source to find deleted rows");
    incload__free(load->mem, quoted);
    incload__schema_free(&keys.shape);
    incload__schema_free(&keys.travel);
    incload__schema_free(&keys.target);
    incload__schema_free(&keys.write);
    return status;
}

static int32_t
check_not_all(const incload__load *load, incload_error **err)
{
    char name[200];

    if (load->keys_read > 0 || load->keys_there > 0 || load->how->delete_all || load->rehearsed)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_STATE,
                         "the source has no row left, so detect_deletes would empty target table %s: set "
                         "delete_all=true if that is meant",
                         incload__table_text(&load->target_name, name, sizeof name));
}

static int32_t
target_is_empty(incload__load *load, bool *empty, incload_error **err)
{
    bool has = false;
    int32_t status = incload__target_has_rows(load, &has, err);

    *empty = !has;
    return status;
}

static int32_t
remove_rows(incload__load *load, const incload__schema *columns, const int32_t *key, incload_error **err)
{
    incload__str drop = INCLOAD__STR(load->mem);
    incload__merge merge = { .target = &load->target_name,
                             .staging = load->keys_table,
                             .columns = columns,
                             .key = key,
                             .key_count = load->key_count,
                             .latest_by = -1 };
    int64_t removed = 0;
    int32_t status = incload__remove(load, &merge, true, NULL, &removed, err);

    atomic_fetch_add(&load->unit->rows_deleted, removed);
    load->to->dialect->drop_staging(&drop, load->keys_table);
    if (status == INCLOAD_OK)
        status = drop.failed ? incload__fail_memory(err)
                             : load->to->driver->execute(load->to, incload__str_text(&drop), NULL, 0, NULL, err);
    incload__str_free(&drop);
    return status;
}

int32_t
incload__deletes_apply(incload__load *load, incload_error **err)
{
    incload__schema columns;
    int32_t key[MAX_KEY];
    bool empty = true;

    if (!is_on(load) || load->keys_agree)
        return INCLOAD_OK;
    int32_t status = target_is_empty(load, &empty, err);
    if (status == INCLOAD_OK && !empty)
        status = check_not_all(load, err);
    if (status != INCLOAD_OK)
        return status;
    for (int32_t i = 0; i < load->key_count; i++)
        key[i] = i;
    status = project(load, &load->target, &columns, err);
    if (status == INCLOAD_OK)
        status = remove_rows(load, &columns, key, err);
    if (status != INCLOAD_OK)
        incload__error_prefix(err, "deleting rows that are gone from the source");
    incload__schema_free(&columns);
    return status;
}
