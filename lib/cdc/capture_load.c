/* SPDX-License-Identifier: Apache-2.0 */
/* What a change table hands over to: the changes of the target, and a load of the whole table. */
#include "cdc/capture.h"
#include "sched/unit.h"

enum { LEAST_LEASE_MS = 100 };

/* ---- the changes ---- */

static void
add_number(incload__str *out, const char *name, int64_t value, const char *unit)
{
    incload__str_addf(out, " %s=%lld%s", name, (long long)value, unit);
}

/* A column's name in a list. */
static void
add_name(const incload_capture *table, int32_t column, incload__str *out)
{
    incload__str_add(out, out->length > 0 ? ",\"" : "\"");
    for (const char *at = table->columns.columns[column].name; *at != '\0'; at++) {
        if (*at == '"')
            incload__str_add_char(out, '"');
        incload__str_add_char(out, *at);
    }
    incload__str_add_char(out, '"');
}

/* The key's columns as a list. */
static void
add_key(const incload_capture *table, incload__str *out)
{
    for (int32_t i = 0; i < table->key_count; i++)
        add_name(table, table->key[i], out);
}

static void
add_options(const incload_capture *table, const incload__str *key, incload__str *out)
{
    static const char *const deletes[] = { "auto", "hard", "soft" }, *const unknown[] = { "error", "ignore" };
    const incload__capture_values *values = &table->values;

    incload__options_add(out, "key", incload__str_text(key));
    incload__options_add(out, "name", table->name);
    incload__options_add(out, "deletes", deletes[values->deletes]);
    incload__options_add(out, "deleted_column", values->deleted_column);
    incload__options_add(out, "deleted_at_column", values->deleted_at_column);
    incload__options_add(out, "unknown_columns", unknown[values->unknown_columns]);
    incload__options_add(out, "full", "refuse");
    add_number(out, "memory", values->memory, "");
    add_number(out, "timeout", values->timeout, "ms");
    add_number(out, "lease", values->lease, "ms");
    add_number(out, "wait", values->wait, "ms");
    add_number(out, "retries", values->retries, "");
    add_number(out, "retry_delay", values->retry_delay, "ms");
    add_number(out, "retry_max_delay", values->retry_max_delay, "ms");
}

static int32_t
keep(incload_capture *table, incload_changes *changes, incload_error **err)
{
    incload__monitor_lock(&table->monitor);
    table->changes = changes;
    incload__monitor_unlock(&table->monitor);
    /* Whoever cancelled before that did not meet it. */
    return incload__capture_check(table, err);
}

int32_t
incload__capture_applier(incload_capture *table, incload_changes **out, incload_error **err)
{
    incload__str key = INCLOAD__STR(table->mem), options = INCLOAD__STR(table->mem);
    incload_changes *changes = table->changes;
    int32_t status = INCLOAD_OK;

    *out = changes;
    if (changes != NULL)
        return INCLOAD_OK;
    add_key(table, &key);
    add_options(table, &key, &options);
    if (key.failed || options.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK) {
        changes = incload_changes_new(table->target, table->given_target, incload__str_text(&options), err);
        status = changes != NULL ? INCLOAD_OK : err != NULL ? incload_error_code(*err) : INCLOAD_E_INVALID;
    }
    incload__str_free(&key);
    incload__str_free(&options);
    if (status != INCLOAD_OK)
        return status;
    changes->set->fenced = true;
    /* What has landed is deleted in the source: it must not be lost here. */
    changes->set->durable = true;
    *out = changes;
    return keep(table, changes, err);
}

void
incload__capture_forget(incload_capture *table)
{
    incload__monitor_lock(&table->monitor);
    incload_changes *changes = table->changes;
    table->changes = NULL;
    incload__monitor_unlock(&table->monitor);
    incload_changes_unref(changes);
}

/* ---- the load ---- */

/* All but those by which versions are told. */
static int32_t
name_columns(const incload_capture *table, incload__strategy_values *how, incload_error **err)
{
    incload__str names = INCLOAD__STR(table->mem);

    for (int32_t i = 0; i < table->columns.count; i++)
        add_name(table, i, &names);
    int32_t status = names.failed ? incload__fail_memory(err)
                                  : incload__options_set(&incload__strategy_options, table->mem, how, "columns",
                                                         incload__str_text(&names), err);
    incload__str_free(&names);
    return status;
}

static int32_t
set_strategy(const incload_capture *table, bool soft, incload__strategy_values *how, incload_error **err)
{
    const incload__option_table *list = &incload__strategy_options;
    incload__str key = INCLOAD__STR(table->mem);
    int32_t status = incload__options_init(list, table->mem, how, err);

    add_key(table, &key);
    if (status == INCLOAD_OK)
        status = key.failed ? incload__fail_memory(err)
                            : incload__options_set(list, table->mem, how, "key", incload__str_text(&key), err);
    if (status == INCLOAD_OK && soft && table->values.deleted_column != NULL)
        status = incload__options_set(list, table->mem, how, "deleted_column", table->values.deleted_column, err);
    if (status == INCLOAD_OK && soft && table->values.deleted_at_column != NULL)
        status = incload__options_set(list, table->mem, how, "deleted_at_column", table->values.deleted_at_column, err);
    if (status == INCLOAD_OK && table->end != NULL && table->end[0] != '\0')
        status = name_columns(table, how, err);
    how->window = INCLOAD__WINDOW_ALL;
    how->write = INCLOAD__WRITE_MERGE;
    how->detect_deletes = INCLOAD__DELETES_KEYS;
    how->delete_all = table->values.delete_all;
    how->max_shrink = table->values.max_shrink;
    how->deletes = soft ? INCLOAD__REMOVE_SOFT : INCLOAD__REMOVE_HARD;
    if (table->values.unknown_columns == INCLOAD__UNKNOWN_IGNORE)
        how->new_columns = INCLOAD__EVOLVE_IGNORE;
    incload__str_free(&key);
    return status;
}

/* A target that is not there yet is made by the load, without columns for marks. */
static int32_t
look_for_marks(incload_capture *table, bool *soft, incload_error **err)
{
    incload_error *failure = NULL;
    incload_changes *changes = NULL;
    int32_t status = incload__capture_applier(table, &changes, &failure);

    *soft = status == INCLOAD_OK && changes->set->tables[0]->table.marks.count > 0;
    if (status != INCLOAD_E_NOT_FOUND || table->values.deletes == INCLOAD__CHANGES_SOFT)
        return incload__error_pass(err, failure);
    incload_error_unref(failure);
    return INCLOAD_OK;
}

static void
fill_spec(incload_capture *table, const incload__strategy_values *how, incload__load_spec *spec)
{
    const incload__capture_values *values = &table->values;

    *spec = (incload__load_spec){
        .name = table->name,
        .source = table->source,
        .source_table = table->given,
        .target = table->target,
        .target_table = table->given_target,
        .how = how,
        .owner = table,
        .deadline_us = incload__deadline_in(table->env, values->timeout),
        .lease_ms = values->lease != 0 && values->lease < LEAST_LEASE_MS ? LEAST_LEASE_MS : values->lease,
        .wait_ms = values->wait,
        .retries = (int32_t)values->retries,
        .retry_delay_ms = values->retry_delay,
        .retry_max_delay_ms = values->retry_max_delay,
    };
}

/* The position lands with the rows. From then on no batch lands that was read before: it would bring older rows. */
typedef struct start {
    const incload_capture *table;
    char *note; /* from before the snapshot of the load; NULL: the position stays */
} start;

static int32_t
move_on(const start *at, const incload__position *now, const incload__ledger *ledger, incload__conn *to,
        incload_error **err)
{
    char run_id[INCLOAD__RUN_ID_SIZE];
    incload__str text = INCLOAD__STR(at->table->mem);
    incload__place place = { 0, 0 };
    int32_t status = now->value != NULL ? incload__place_parse(now->value, &place, err) : INCLOAD_OK;

    incload__run_id(to->env, run_id);
    incload__place_print(incload__capture_end(at->table, place.major + 1), &text);
    if (status == INCLOAD_OK && text.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK) {
        const incload__position next = { .value = text.data,
                                         .type = (char *)(uintptr_t) "position",
                                         .level = (char *)(uintptr_t) "EXACT",
                                         .document = at->note };
        status = incload__ledger_move(ledger, to, at->table->name, now->version, &next, run_id, err);
    }
    incload__str_free(&text);
    return status;
}

static int32_t
land(void *data, const incload__ledger *ledger, incload__conn *to, int64_t rows_written, incload_error **err)
{
    const start *at = data;
    incload__position now;
    int32_t status = incload__ledger_read(ledger, to, at->table->name, &now, err);

    (void)rows_written;
    if (status == INCLOAD_OK)
        status = move_on(at, &now, ledger, to, err);
    incload__position_free(&now);
    return status;
}

/* Under the name of the changes, so that of a load and a commit of changes that overlap only one lands. */
static int32_t
run_load(incload_capture *table, const incload__strategy_values *how, start *at, incload_error **err)
{
    char id[INCLOAD__RUN_ID_SIZE];
    const incload__load_landing landing = { .land = land, .data = at };
    incload__load_result result = { .road_reason = NULL };
    incload_unit *unit = incload__alloc(table->mem, sizeof *unit);
    incload__load_part part = { .unit = unit, .result = &result };

    if (unit == NULL)
        return incload__fail_memory(err);
    incload__run_id(table->env, id);
    int32_t status = incload__unit_init(unit, table->env, table->name, table->name, id);
    if (status != INCLOAD_OK)
        incload__fail_memory(err);
    if (status == INCLOAD_OK) {
        fill_spec(table, how, &part.spec);
        part.spec.landing = at->note != NULL ? &landing : NULL;
        unit->cancelled = &table->cancelled;
        unit->deadline_us = part.spec.deadline_us;
        status = incload__load_run(&part, 1, unit, err);
        incload__load_result_free(table->mem, &result);
    }
    incload__unit_free(unit);
    incload__free(table->mem, unit);
    return status;
}

static int32_t
load_all(incload_capture *table, incload_error **err)
{
    incload__strategy_values how = { .key = NULL };
    incload__conn *conn = NULL;
    start at = { .table = table };
    bool soft = false;
    int32_t status = incload__capture_connect(table, INCLOAD__ROLE_WRITE, &conn, err);

    if (status == INCLOAD_OK) {
        status = incload__capture_installed(table, conn, err);
        if (status == INCLOAD_OK)
            status = incload__capture_inspect(table, conn, err);
        incload__database_give_back(table->source, conn);
    }
    if (status == INCLOAD_OK)
        status = look_for_marks(table, &soft, err);
    if (status == INCLOAD_OK && table->values.by == INCLOAD__BY_VERSIONS)
        status = incload__capture_versions_begin(table, &at.note, err);
    if (status == INCLOAD_OK)
        status = set_strategy(table, soft, &how, err);
    if (status == INCLOAD_OK)
        status = run_load(table, &how, &at, err);
    incload__options_free(&incload__strategy_options, table->mem, &how);
    incload__free(table->mem, at.note);
    return status;
}

int32_t
incload_capture_load(incload_capture *table, incload_error **err)
{
    incload_error *failure = NULL;

    INCLOAD_ENTER(err);
    if (table == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the change table must not be NULL");
    int32_t status = load_all(table, &failure);
    incload__capture_forget(table);
    return status == INCLOAD_OK ? status : incload__capture_tell(table, failure, err);
}
