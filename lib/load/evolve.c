/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of the target's columns: gathered, carried out, recorded with the rows, and told. */
#include "load/evolve.h"

#include <stdarg.h>
#include <string.h>

/* ---- gathering ---- */

void
incload__refuse(incload__matching *m, int32_t code, const char *format, ...)
{
    va_list args;

    if (m->code == INCLOAD_OK)
        m->code = code;
    else
        incload__str_add(&m->refusals, "; ");
    va_start(args, format);
    incload__str_addv(&m->refusals, format, args);
    va_end(args);
}

const char *
incload__type_words(const char *native, incload__type type, char *buffer, size_t size)
{
    return native != NULL && native[0] != '\0' ? native : incload__type_text(type, buffer, size);
}

/* Room for one more in an array that is never large. */
static void *
grow(incload__load *load, void *array, int32_t count, size_t size)
{
    return incload__realloc(load->mem, array, ((size_t)count + 1) * size);
}

int32_t
incload__evolve_say(incload__load *load, incload__str *text, incload_error **err)
{
    struct incload__evolve *evolve = load->evolve;
    char *line = incload__str_take(text);
    char **told = line != NULL ? grow(load, evolve->told, evolve->told_count, sizeof *told) : NULL;

    if (told == NULL) {
        incload__free(load->mem, line);
        incload__str_free(text);
        return incload__fail_memory(err);
    }
    evolve->told = told;
    evolve->told[evolve->told_count++] = line;
    return INCLOAD_OK;
}

int32_t
incload__evolve_add(incload__matching *m, incload__change_kind kind, const incload__column *column, const char *native,
                    incload__type to, incload_error **err)
{
    incload__load *load = m->load;
    struct incload__evolve *evolve = load->evolve;
    incload__change change = { .kind = kind, .from = column->type, .to = to, .required = column->required };
    incload__change *changes = grow(load, evolve->changes, evolve->change_count, sizeof *changes);

    if (changes == NULL)
        return incload__fail_memory(err);
    evolve->changes = changes;
    change.name = incload__strdup(load->mem, column->name);
    change.native = native != NULL ? incload__strdup(load->mem, native) : NULL;
    if (change.name == NULL || (native != NULL && change.native == NULL)) {
        incload__free(load->mem, change.name);
        incload__free(load->mem, change.native);
        return incload__fail_memory(err);
    }
    changes[evolve->change_count++] = change;
    return INCLOAD_OK;
}

void
incload__evolve_free(incload__load *load)
{
    struct incload__evolve *evolve = load->evolve;

    if (evolve == NULL)
        return;
    for (int32_t i = 0; i < evolve->change_count; i++) {
        incload__free(load->mem, evolve->changes[i].name);
        incload__free(load->mem, evolve->changes[i].native);
    }
    for (int32_t i = 0; i < evolve->told_count; i++)
        incload__free(load->mem, evolve->told[i]);
    incload__free(load->mem, evolve->changes);
    incload__free(load->mem, evolve->told);
    incload__free(load->mem, evolve->document);
    incload__loaded_free(&evolve->before);
    incload__loaded_free(&evolve->after);
    incload__free(load->mem, evolve);
    load->evolve = NULL;
}

/* ---- carrying out ---- */

static incload__param
text_param(const char *text)
{
    return (incload__param){ text, text != NULL ? strlen(text) : 0, INCLOAD__TEXT };
}

static int32_t
ask_about(incload__load *load, const char *query, const incload__change *change, incload__rows *rows,
          incload_error **err)
{
    const incload__param params[] = { text_param(load->target_name.schema), text_param(load->target_name.name),
                                      text_param(change->name) };

    *rows = (incload__rows){ .mem = load->mem };
    return load->to->driver->select(load->to, query, params, 3, rows, err);
}

/* Asked first: the refusal of the server would end the transaction, and need not name them. */
static int32_t
check_dependents(incload__load *load, const char *query, const incload__change *change, incload_error **err)
{
    incload__str views = INCLOAD__STR(load->mem);
    incload__rows rows;

    if (query == NULL || change->kind == INCLOAD__ADD_COLUMN)
        return INCLOAD_OK;
    int32_t status = ask_about(load, query, change, &rows, err);
    for (int64_t i = 0; i < rows.count && status == INCLOAD_OK; i++)
        incload__str_addf(&views, "%s%.130s", i > 0 ? ", " : "", incload__rows_get(&rows, i, 0));
    if (status == INCLOAD_OK && views.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK && rows.count > 0)
        status = incload__fail(err, INCLOAD_E_UNSUPPORTED,
                               "views depend on it, and the database changes no column under a view: %s; drop them, "
                               "run the load, and make them again, or set %s",
                               incload__str_text(&views),
                               change->kind == INCLOAD__DROP_COLUMN ? "dropped_columns=ignore"
                                                                    : "widened_types=ignore or changed_types=ignore");
    incload__rows_free(&rows);
    incload__str_free(&views);
    return status;
}

static int32_t
write_change_of_type(incload__load *load, const incload__table *table, const incload__evolution *rules,
                     const incload__change *change, incload__str *sql, incload_error **err)
{
    const incload__column column = { .name = change->name, .type = change->from };
    incload__rows rows = { .mem = load->mem };
    const char *rest = "";
    int32_t status = rules->rest_query != NULL ? ask_about(load, rules->rest_query, change, &rows, err) : INCLOAD_OK;

    if (status == INCLOAD_OK && rules->rest_query != NULL) {
        rest = incload__rows_get(&rows, 0, 0);
        if (rest == NULL)
            status = incload__fail(err, INCLOAD_E_UNSUPPORTED,
                                   "its definition holds more than can be repeated, such as a CHECK: change the type "
                                   "by hand to %.200s",
                                   change->native);
    }
    if (status == INCLOAD_OK)
        status = rules->change_type(sql, table, &column, change->native, change->to.kind, rest, err);
    incload__rows_free(&rows);
    return status;
}

static int32_t
write_change(incload__load *load, const incload__table *table, const incload__evolution *rules,
             const incload__change *change, incload__str *sql, incload_error **err)
{
    switch (change->kind) {
    case INCLOAD__ADD_COLUMN:
        return rules->add_column(sql, table, change->name, change->native, err);
    case INCLOAD__DROP_COLUMN:
        return rules->drop_column(sql, table, change->name, err);
    default:
        return write_change_of_type(load, table, rules, change, sql, err);
    }
}

static int32_t
carry_out(incload__load *load, const incload__table *table, const incload__evolution *rules,
          const incload__change *change, incload_error **err)
{
    static const char *const doing[] = { "adding", "changing the type of", "dropping" };
    incload__str sql = INCLOAD__STR(load->mem);
    char name[200];
    int32_t status = incload__load_check(load, err);

    if (status != INCLOAD_OK)
        return status;
    status = check_dependents(load, rules->dependents_query, change, err);
    if (status == INCLOAD_OK)
        status = write_change(load, table, rules, change, &sql, err);
    if (status == INCLOAD_OK && sql.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = load->to->driver->execute(load->to, incload__str_text(&sql), NULL, 0, NULL, err);
    if (status != INCLOAD_OK)
        incload__error_prefix(err, "%s column '%.64s' of target table %s", doing[change->kind], change->name,
                              incload__table_text(&load->target_name, name, sizeof name));
    incload__str_free(&sql);
    return status;
}

static bool
is_there(const incload__change *change, const incload__schema *all)
{
    int32_t at = incload__schema_find(all, change->name);

    if (change->kind == INCLOAD__DROP_COLUMN)
        return at < 0;
    return at >= 0 && incload__type_equal(all->columns[at].type, change->to);
}

/* IF NOT EXISTS is content with any column of that name, and somebody else may change the same table. */
static int32_t
check_outcome(incload__load *load, incload_error **err)
{
    const struct incload__evolve *evolve = load->evolve;
    incload__schema all;
    char table[200];

    incload__schema_init(&all, load->mem);
    incload__memo_distrust(load, INCLOAD__TARGET_SIDE);
    int32_t status = incload__inspect_table(load, load->to, &load->target_name, &all, err);
    for (int32_t i = 0; i < evolve->change_count && status == INCLOAD_OK; i++) {
        if (is_there(&evolve->changes[i], &all))
            continue;
        status = incload__fail(err, INCLOAD_E_CONFLICT,
                               "column '%.64s' of target table %s was changed by somebody else at the same time: run "
                               "the load again",
                               evolve->changes[i].name,
                               incload__table_text(&load->target_name, table, sizeof table));
        incload__error_set_retryable(err, true);
    }
    incload__schema_free(&all);
    return status;
}

static int32_t
run_if_any(incload__load *load, const char *sql, incload_error **err)
{
    return sql == NULL ? INCLOAD_OK : load->to->driver->execute(load->to, sql, NULL, 0, NULL, err);
}

/* ---- write=swap ---- */

int32_t
incload__evolve_refuse(const incload__load *load, incload_error **err)
{
    const struct incload__evolve *evolve = load->evolve;
    char table[200];

    if (evolve->change_count == 0)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                         "the source's columns have changed ('%.64s'), and a partition has the columns of its table: "
                         "change target table %s by hand, or set new_columns=ignore, widened_types=ignore or "
                         "dropped_columns=ignore",
                         evolve->changes[0].name, incload__table_text(&load->target_name, table, sizeof table));
}

static int32_t
let_be_null(incload__load *load, const incload__table *stage, const incload__evolution *rules,
            const incload__change *change, incload_error **err)
{
    incload__str sql = INCLOAD__STR(load->mem);

    if (!change->required)
        return INCLOAD_OK;
    int32_t status = rules->drop_not_null(&sql, stage, change->name, err);
    if (status == INCLOAD_OK && sql.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = load->to->driver->execute(load->to, incload__str_text(&sql), NULL, 0, NULL, err);
    incload__str_free(&sql);
    return status;
}

int32_t
incload__evolve_stage(incload__load *load, const incload__table *stage, incload_error **err)
{
    const struct incload__evolve *evolve = load->evolve;
    const incload__evolution *rules = incload__evolution_of(load->to->dialect);
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < evolve->change_count && status == INCLOAD_OK; i++) {
        const incload__change *change = &evolve->changes[i];
        if (change->kind != INCLOAD__DROP_COLUMN || rules->drop_not_null == NULL) {
            status = carry_out(load, stage, rules, change, err);
            continue;
        }
        status = check_dependents(load, rules->dependents_query, change, err);
        if (status == INCLOAD_OK)
            status = let_be_null(load, stage, rules, change, err);
    }
    return status;
}

int32_t
incload__evolve_next_drop(const incload__load *load, int32_t *at, incload__str *sql, incload_error **err)
{
    const struct incload__evolve *evolve = load->evolve;
    const incload__evolution *rules = incload__evolution_of(load->to->dialect);

    for (; *at < evolve->change_count; (*at)++) {
        const incload__change *change = &evolve->changes[*at];
        if (change->kind != INCLOAD__DROP_COLUMN || rules->drop_not_null == NULL)
            continue;
        (*at)++;
        return rules->drop_column(sql, &load->target_name, change->name, err);
    }
    return INCLOAD_OK;
}

/* ---- and every other way ---- */

int32_t
incload__evolve_apply(incload__load *load, bool in_unit, incload_error **err)
{
    const struct incload__evolve *evolve = load->evolve;
    const incload__evolution *rules = incload__evolution_of(load->to->dialect);

    if (evolve->change_count == 0 || load->to->dialect->ddl_commits == in_unit)
        return INCLOAD_OK;
    int32_t status = run_if_any(load, rules->before, err);
    for (int32_t i = 0; i < evolve->change_count && status == INCLOAD_OK; i++)
        status = carry_out(load, &load->target_name, rules, &evolve->changes[i], err);
    if (status == INCLOAD_OK)
        status = run_if_any(load, rules->after, err);
    if (load->rehearsed)
        return status;
    if (status == INCLOAD_OK)
        status = check_outcome(load, err);
    /* What is committed is told now, whatever becomes of the unit. */
    if (status == INCLOAD_OK && !in_unit)
        incload__evolve_tell(load);
    return status;
}

/* ---- recording and telling ---- */

static int32_t
report(incload__load *load, incload_error **err)
{
    const struct incload__evolve *evolve = load->evolve;
    incload__str text = INCLOAD__STR(load->mem);

    if (evolve->told_count == 0)
        return INCLOAD_OK;
    for (int32_t i = 0; i < evolve->told_count; i++)
        incload__str_addf(&text, "%s%s", i > 0 ? "\n" : "", evolve->told[i]);
    incload__free(load->mem, load->result->schema_changes);
    load->result->schema_changes = incload__str_take(&text);
    if (load->result->schema_changes != NULL)
        return INCLOAD_OK;
    incload__str_free(&text);
    return incload__fail_memory(err);
}

static int32_t
print_after(const struct incload__evolve *evolve, incload__str *document, bool *differs, incload_error **err)
{
    int32_t status = incload__loaded_print(&evolve->after, document, err);

    *differs = status == INCLOAD_OK
               && (evolve->document == NULL || strcmp(evolve->document, incload__str_text(document)) != 0);
    return status;
}

int32_t
incload__evolve_is_due(const incload__load *load, bool *due, incload_error **err)
{
    incload__str document = INCLOAD__STR(load->mem);
    int32_t status = print_after(load->evolve, &document, due, err);

    *due = *due || load->evolve->change_count > 0;
    incload__str_free(&document);
    return status;
}

int32_t
incload__evolve_record(incload__load *load, incload_error **err)
{
    const struct incload__evolve *evolve = load->evolve;
    incload__str document = INCLOAD__STR(load->mem);
    bool differs = false;

    /* Changes that are applied have no shape of a source. */
    if (evolve == NULL)
        return INCLOAD_OK;
    int32_t status = report(load, err);

    /* What is remembered elsewhere keeps no columns of its own. */
    if (status != INCLOAD_OK || incload__is_remembered(load))
        return status;
    status = print_after(evolve, &document, &differs, err);
    if (status == INCLOAD_OK && differs)
        status = incload__loaded_write(&load->ledger, load->to, load->spec->name, document.data, load->unit->run_id,
                                       err);
    incload__str_free(&document);
    return status;
}

void
incload__evolve_tell(incload__load *load)
{
    struct incload__evolve *evolve = load->evolve;

    if (evolve == NULL)
        return;
    bool silent = load->spec->notice == NULL || evolve->is_told || load->rehearsed;
    for (int32_t i = 0; i < evolve->told_count && !silent; i++)
        load->spec->notice(load->spec->progress_data, evolve->told[i]);
    evolve->is_told = true;
}
