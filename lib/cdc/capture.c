/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/capture.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "state/statement.h"

#define AT(field) offsetof(incload__capture_values, field)
#define DEFAULT_NAME "incload_changes_"
#define MARK "made by libincload for the changes of "

static const incload__option capture_option_list[] = {
    { "key", INCLOAD_OPTION_LIST, AT(key), "", 0, 0, "", "", "0.1",
      "The columns that identify a row, on exactly which both tables must have a primary key or unique index. The "
      "source's primary key, or its first unique index without NULLs, when empty." },
    { "change_table", INCLOAD_OPTION_TEXT, AT(change_table), "", 0, 0, "", "", "0.1",
      "The name of the change table, in the schema of the source's table; its triggers are named after it. "
      "incload_changes_ and the table's name when empty. Each consumer of a table needs a change table of its own." },
    { "name", INCLOAD_OPTION_TEXT, AT(name), "", 0, 0, "", "", "0.1",
      "The name under which the position is kept in the target, as a watermark. The target table as it was given, with "
      ":changes behind it, when empty." },
    { "deletes", INCLOAD_OPTION_CHOICE, AT(deletes), "auto", 0, 0, "", "auto hard soft", "0.1",
      "What becomes of a deleted row: with hard it is deleted; with soft it keeps its values and is marked by "
      "deleted_column and deleted_at_column; auto is soft where the target has both of these columns." },
    { "deleted_column", INCLOAD_OPTION_TEXT, AT(deleted_column), "", 0, 0, "", "", "0.1",
      "The target's column, boolean or integer, that is true for a deleted row. _deleted when empty." },
    { "deleted_at_column", INCLOAD_OPTION_TEXT, AT(deleted_at_column), "", 0, 0, "", "", "0.1",
      "The target's timestamp column for when a delete was applied, in UTC. deleted_at when empty." },
    { "unknown_columns", INCLOAD_OPTION_CHOICE, AT(unknown_columns), "error", 0, 0, "", "error ignore", "0.1",
      "What to do about a column of the source that the target does not have: stop with an error that names it, while "
      "changes wait; or leave the column out." },
    { "batch_rows", INCLOAD_OPTION_INTEGER, AT(batch_rows), "10000", 1, 250000, "rows", "", "0.1",
      "The most changes that are consumed in one transaction of the target. With by=versions a transaction of the "
      "source is the smallest batch, however many it changed." },
    { "memory", INCLOAD_OPTION_INTEGER, AT(memory), "67108864", 65536, 1099511627776, "bytes", "", "0.1",
      "The most memory for the rows of a batch; folding them takes about as much again. A batch that has more is read "
      "again in smaller parts. A single larger row still passes. With by=versions the rows of one transaction of the "
      "source must fit." },
    { "until", INCLOAD_OPTION_CHOICE, AT(until), "empty", 0, 0, "", "empty cancelled", "0.1",
      "When incload_capture_run() ends: once it has consumed all that one snapshot showed, or only by "
      "incload_capture_cancel()." },
    { "poll", INCLOAD_OPTION_DURATION, AT(poll), "1s", 1, 86400000, "ms", "", "0.1",
      "With until=cancelled: the pause before it looks again when there was no change." },
    { "timeout", INCLOAD_OPTION_DURATION, AT(timeout), "0", 0, 2592000000, "ms", "", "0.1",
      "How long each part of the work may take (reading a batch, its commit, its deletion from the change table, "
      "making "
      "the triggers); 0 sets no limit." },
    { "lock_timeout", INCLOAD_OPTION_DURATION, AT(lock_timeout), "5s", 1, 86400000, "ms", "", "0.1",
      "The longest that making or dropping the triggers waits for the table's lock, and so the longest that writers "
      "stand in line behind it. SQLite's busy timeout stays 10s." },
    { "lease", INCLOAD_OPTION_DURATION, AT(lease), "30s", 0, 86400000, "ms", "", "0.1",
      "For how long a commit holds the right to be the only one under this name; it is renewed while the commit is at "
      "work. At least 100ms, or 0 for no lease." },
    { "wait", INCLOAD_OPTION_DURATION, AT(wait), "0", 0, 2592000000, "ms", "", "0.1",
      "How long to wait for another load or commit under this name to end." },
    { "retries", INCLOAD_OPTION_INTEGER, AT(retries), "3", 0, 100, "attempts", "", "0.1",
      "How often a batch is started over after an error that may pass: a lost connection, a deadlock, a full disk." },
    { "retry_delay", INCLOAD_OPTION_DURATION, AT(retry_delay), "500ms", 0, 86400000, "ms", "", "0.1",
      "The longest pause before the first retry; it doubles with each one." },
    { "retry_max_delay", INCLOAD_OPTION_DURATION, AT(retry_max_delay), "30s", 0, 86400000, "ms", "", "0.1",
      "What the longest pause does not grow past." },
    { "by", INCLOAD_OPTION_CHOICE, AT(by), "triggers", 0, 0, "", "triggers versions", "0.1",
      "What tells of changes: triggers that fill a change table; or the versions that MariaDB itself keeps of the rows "
      "of a table WITH SYSTEM VERSIONING whose row start and end are BIGINT UNSIGNED, numbers of transactions: then "
      "nothing is made in the source. That needs the privilege PROCESS." },
    { "delete_all", INCLOAD_OPTION_BOOLEAN, AT(delete_all), "false", 0, 0, "", "", "0.1",
      "Let incload_capture_load() take every row out of the target when the source has none; else it refuses that. "
      "Changes that are consumed may take out every row: each deletion was told." },
    { "max_shrink", INCLOAD_OPTION_INTEGER, AT(max_shrink), "-1", -1, 100, "per cent", "", "0.1",
      "The same of a load that would take more than this share of the rows out. 100 sets no limit; -1 stands for 50, "
      "with tables of fewer than 1,000 rows left alone." },
};

const incload__option_table incload__capture_options = INCLOAD__OPTION_TABLE("capture", capture_option_list);

/* ---- the source ---- */

int32_t
incload__capture_connect(incload_capture *table, incload__role role, incload__conn **out, incload_error **err)
{
    int64_t deadline = table->values.timeout > 0 ? incload__deadline_in(table->env, table->values.timeout)
                                                 : incload__database_statement_deadline(table->source);
    int32_t status = incload__capture_check(table, err);

    if (status == INCLOAD_OK)
        status = incload__database_take(table->source, role, deadline, table, out, err);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "source");
}

int32_t
incload__capture_ask(incload_capture *table, incload__conn *conn, const char *query, const char *name,
                     incload__rows *out, incload_error **err)
{
    *out = (incload__rows){ .mem = table->mem };
    return incload__select_about(conn, query, table->table.schema, name, out, err);
}

static int32_t
name_key(incload_capture *table, incload_error **err)
{
    incload__list list;
    int32_t status = incload__list_parse(table->mem, "key", table->values.key, &list, err);

    if (status != INCLOAD_OK)
        return status;
    if (list.count > INCLOAD__CHANGE_KEY)
        status = incload__fail(err, INCLOAD_E_INVALID, "option 'key' has %d columns: %d are the most", (int)list.count,
                               INCLOAD__CHANGE_KEY);
    for (int32_t i = 0; i < list.count && status == INCLOAD_OK; i++) {
        int32_t at = incload__schema_find(&table->columns, list.items[i].name);
        table->key[table->key_count++] = at;
        if (at < 0 || list.items[i].alias != NULL)
            status = incload__fail(err, INCLOAD_E_NOT_FOUND,
                                   "option 'key' names '%.64s', which the source does not have", list.items[i].name);
    }
    incload__list_free(&list);
    return status;
}

/* SQLite lets a key be NULL for reasons of its own; where one is, the batch with it is refused. */
static bool
has_null(const incload_capture *table)
{
    for (int32_t i = 0; i < table->key_count; i++) {
        if (table->columns.columns[table->key[i]].nullable)
            return table->capture.dialect != &incload__dialect_sqlite;
    }
    return false;
}

static int32_t
find_key(incload_capture *table, const incload__rows *keys, incload_error **err)
{
    int32_t status = name_key(table, err);

    if (status != INCLOAD_OK)
        return status;
    if (table->key_count == 0)
        table->key_count = incload__keys_first(keys, &table->columns, table->key);
    if (table->key_count > 0 && incload__keys_match(keys, &table->columns, table->key, table->key_count)
        && !has_null(table))
        return INCLOAD_OK;
    return incload__fail(
        err, INCLOAD_E_CONSTRAINT,
        "the source has no primary key, or unique index without NULLs, on exactly the columns of option "
        "'key', by which changed rows are found: make one, or name the columns of one that is there");
}

/* The engine's questions about tables need no more of a load than its memory. */
static incload__load *
make_shell(const incload_capture *table, incload_error **err)
{
    incload__load *shell = incload__alloc(table->mem, sizeof *shell);

    if (shell == NULL)
        incload__fail_memory(err);
    else
        shell->mem = table->mem;
    return shell;
}

int32_t
incload__capture_inspect(incload_capture *table, incload__conn *conn, incload_error **err)
{
    incload__load *shell = make_shell(table, err);
    incload__rows keys = { .mem = table->mem };

    if (shell == NULL)
        return INCLOAD_E_NO_MEMORY;
    table->key_count = 0;
    incload__schema_free(&table->columns);
    incload__schema_init(&table->columns, table->mem);
    int32_t status = incload__inspect_table(shell, conn, &table->table, &table->columns, err);
    if (status == INCLOAD_OK)
        status = incload__capture_versions_look(table, conn, err);
    if (status == INCLOAD_OK)
        status = incload__inspect_keys(shell, conn, &table->table, &keys, err);
    if (status == INCLOAD_OK)
        status = find_key(table, &keys, err);
    table->capture.key_count = table->key_count;
    incload__rows_free(&keys);
    incload__free(table->mem, shell);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "source table");
}

/* ---- making it ---- */

static void
add_default_name(const incload_capture *table, incload__str *out)
{
    unsigned char digest[INCLOAD__HASH_SIZE];
    incload__hash hash;

    incload__str_add(out, DEFAULT_NAME);
    if (strlen(DEFAULT_NAME) + strlen(table->table.name) <= INCLOAD__CAPTURE_NAME) {
        incload__str_add(out, table->table.name);
        return;
    }
    incload__hash_init(&hash);
    incload__hash_text(&hash, table->table.name);
    incload__hash_end(&hash, digest);
    incload__str_add_hex(out, digest, sizeof digest);
}

static int32_t
set_names(incload_capture *table, incload_error **err)
{
    incload__str name = INCLOAD__STR(table->mem), beside = INCLOAD__STR(table->mem), mark = INCLOAD__STR(table->mem);
    const char *wanted = table->values.change_table;

    if (wanted != NULL && strlen(wanted) > INCLOAD__CAPTURE_NAME)
        return incload__fail(err, INCLOAD_E_INVALID, "option 'change_table': the name has at most %d bytes",
                             (int)INCLOAD__CAPTURE_NAME);
    if (table->values.name != NULL)
        incload__str_add(&name, table->values.name);
    else
        incload__str_addf(&name, "%s:changes", table->given_target);
    if (wanted != NULL)
        incload__str_add(&beside, wanted);
    else
        add_default_name(table, &beside);
    incload__str_add(&mark, MARK);
    int32_t status = incload__quote_table(table->capture.dialect, &mark, &table->table, err);
    table->name = incload__str_take(&name);
    table->beside.name = incload__str_take(&beside);
    table->mark = incload__str_take(&mark);
    if (table->table.schema != NULL)
        table->beside.schema = incload__strdup(table->mem, table->table.schema);
    if (status == INCLOAD_OK
        && (table->name == NULL || table->beside.name == NULL || table->mark == NULL
            || (table->table.schema != NULL && table->beside.schema == NULL)))
        status = incload__fail_memory(err);
    table->capture.mark = table->mark;
    return status;
}

static int32_t
look(incload_capture *table, incload_error **err)
{
    incload__conn *conn = NULL;
    int32_t status = incload__table_parse(table->mem, table->given, &table->table, err);

    if (status == INCLOAD_OK)
        status = incload__capture_connect(table, INCLOAD__ROLE_READ, &conn, err);
    if (status != INCLOAD_OK)
        return status;
    table->capture.dialect = conn->dialect;
    if (conn->dialect->capture == NULL)
        status = incload__fail(err, INCLOAD_E_UNSUPPORTED,
                               "there are no change tables for %s databases: take PostgreSQL, MariaDB or SQLite",
                               conn->dialect->name);
    if (status == INCLOAD_OK)
        status = incload__capture_inspect(table, conn, err);
    incload__database_give_back(table->source, conn);
    return status == INCLOAD_OK ? set_names(table, err) : status;
}

static int32_t
fill(incload_capture *table, const char *source, const char *target, const char *options, incload_error **err)
{
    const incload__option_table *list = &incload__capture_options;

    table->given = incload__strdup(table->mem, source);
    table->given_target = incload__strdup(table->mem, target);
    table->monitored = incload__monitor_init(&table->monitor) == INCLOAD_OK;
    if (table->given == NULL || table->given_target == NULL || !table->monitored)
        return incload__fail_memory(err);
    int32_t status = incload__options_init(list, table->mem, &table->values, err);
    if (status == INCLOAD_OK)
        status = incload__options_parse(list, table->mem, &table->values, options, err);
    return status == INCLOAD_OK ? look(table, err) : status;
}

incload_capture *
incload_capture_new(incload_database *source, const char *table, incload_database *target, const char *target_table,
                    const char *options, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    if (source == NULL || target == NULL || table == NULL || target_table == NULL
        || !incload__utf8_valid(table, strlen(table)) || !incload__utf8_valid(target_table, strlen(target_table))) {
        incload__fail(err, INCLOAD_E_INVALID,
                      "a change table needs a source and a target database and the names of their tables, in UTF-8");
        return NULL;
    }
    const incload__env *env = incload__database_env(target);
    incload_capture *made = incload__alloc(&env->mem, sizeof *made);
    if (made == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    atomic_init(&made->refs, 1);
    atomic_init(&made->cancelled, false);
    made->source = incload_database_ref(source);
    made->target = incload_database_ref(target);
    made->env = env;
    made->mem = &env->mem;
    incload__schema_init(&made->columns, made->mem);
    made->capture = (incload__capture){
        .source = &made->table, .changes = &made->beside, .columns = &made->columns, .key = made->key
    };
    incload_error *failure = NULL;
    if (fill(made, table, target_table, options, &failure) != INCLOAD_OK) {
        if (made->given != NULL)
            incload__capture_tell(made, failure, err);
        else
            incload__error_pass(err, failure);
        incload_capture_unref(made);
        return NULL;
    }
    return made;
}

incload_capture *
incload_capture_ref(incload_capture *table)
{
    if (table != NULL)
        atomic_fetch_add_explicit(&table->refs, 1, memory_order_relaxed);
    return table;
}

void
incload_capture_unref(incload_capture *table)
{
    if (table == NULL || atomic_fetch_sub_explicit(&table->refs, 1, memory_order_acq_rel) != 1)
        return;
    incload_database *source = table->source, *target = table->target;
    incload_changes_unref(table->changes);
    if (table->monitored)
        incload__monitor_free(&table->monitor);
    incload__options_free(&incload__capture_options, table->mem, &table->values);
    incload__table_free(table->mem, &table->table);
    incload__table_free(table->mem, &table->beside);
    incload__schema_free(&table->columns);
    incload__free(table->mem, table->given);
    incload__free(table->mem, table->given_target);
    incload__free(table->mem, table->name);
    incload__free(table->mem, table->mark);
    incload__free(table->mem, table->start);
    incload__free(table->mem, table->end);
    incload__free(table->mem, table->server);
    incload__free(table->mem, table->storage);
    incload__free(table->mem, table);
    incload_database_unref(source);
    incload_database_unref(target);
}

/* ---- cancel ---- */

static bool
is_cancelled(const incload_capture *table)
{
    return atomic_load(&table->cancelled) || (table->told_to_stop != NULL && atomic_load(table->told_to_stop));
}

int32_t
incload__capture_check(const incload_capture *table, incload_error **err)
{
    if (!is_cancelled(table))
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_CANCELLED, "it was cancelled");
}

void
incload_capture_cancel(incload_capture *table)
{
    if (table == NULL)
        return;
    incload__monitor_lock(&table->monitor);
    atomic_store(&table->cancelled, true);
    incload_changes *changes = incload_changes_ref(table->changes);
    incload__monitor_notify(&table->monitor);
    incload__monitor_unlock(&table->monitor);
    incload_changes_cancel(changes);
    incload_changes_unref(changes);
    incload__database_cancel(table->source, table);
    incload__database_cancel(table->target, table);
}

void
incload__capture_break(incload_capture *table)
{
    incload__monitor_lock(&table->monitor);
    incload_changes *changes = incload_changes_ref(table->changes);
    incload__monitor_notify(&table->monitor);
    incload__monitor_unlock(&table->monitor);
    if (changes != NULL)
        incload__change_set_interrupt(changes->set);
    incload_changes_unref(changes);
    incload__database_cancel(table->source, table);
    incload__database_cancel(table->target, table);
}

void
incload__capture_pause(incload_capture *table, int64_t duration_us)
{
    int64_t until = incload__monotonic_us(table->env) + duration_us;

    incload__monitor_lock(&table->monitor);
    while (!is_cancelled(table) && incload__monotonic_us(table->env) < until)
        incload__monitor_wait(&table->monitor, table->env, until);
    incload__monitor_unlock(&table->monitor);
}

int32_t
incload__capture_tell(const incload_capture *table, incload_error *failure, incload_error **err)
{
    int32_t code = incload_error_code(failure);

    if (is_cancelled(table) && code != INCLOAD_E_CANCELLED && code != INCLOAD_E_COMMIT_UNKNOWN) {
        incload_error *told = NULL;
        incload__fail(&told, INCLOAD_E_CANCELLED, "it was cancelled: what had not landed waits in the change table");
        incload__error_set_cause(&told, failure);
        failure = told;
    }
    incload__error_prefix(&failure, "change table of %.80s", table->given);
    return incload__error_pass(err, failure);
}

/* ---- what was done ---- */

int64_t
incload_capture_consumed(const incload_capture *table)
{
    return table != NULL ? table->consumed : 0;
}

int64_t
incload_capture_rows_written(const incload_capture *table)
{
    return table != NULL ? table->written : 0;
}

int64_t
incload_capture_rows_deleted(const incload_capture *table)
{
    return table != NULL ? table->deleted : 0;
}
