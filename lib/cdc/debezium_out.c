/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/debezium_out.h"

#include <string.h>

#include "base/utf8.h"
#include "batch/builder.h"
#include "driver/database.h"
#include "sched/context.h"

#define AT(field) offsetof(incload__debezium_values, field)

static const incload__option debezium_option_list[] = {
    { "key", INCLOAD_OPTION_LIST, AT(key), "", 0, 0, "", "", "0.1",
      "The columns of the messages' key. When empty the table's primary key, or its first unique index without NULLs; "
      "without one the messages have no key." },
    { "name", INCLOAD_OPTION_TEXT, AT(name), "incload", 0, 0, "", "", "0.1",
      "The name of the source (Debezium's topic.prefix): the first part of the topic and of the schemas' names." },
    { "database", INCLOAD_OPTION_TEXT, AT(database), "", 0, 0, "", "", "0.1",
      "The database's name as the messages' source tells it." },
    { "connector", INCLOAD_OPTION_TEXT, AT(connector), "incload", 0, 0, "", "", "0.1",
      "The connector's name as the messages' source tells it, for readers that look at it." },
    { "schemas", INCLOAD_OPTION_BOOLEAN, AT(schemas), "true", 0, 0, "", "", "0.1",
      "Whether key and value bring their schema (Kafka Connect's schemas.enable). Without it their reader must know "
      "the encodings: decimal=string and time=isostring are the clearest." },
    { "tombstones", INCLOAD_OPTION_BOOLEAN, AT(tombstones), "true", 0, 0, "", "", "0.1",
      "Whether a delete is followed by a message without a value (Debezium's tombstones.on.delete)." },
    { "decimal", INCLOAD_OPTION_CHOICE, AT(decimal), "precise", 0, 0, "", "precise string double", "0.1",
      "How exact decimals are written (Debezium's decimal.handling.mode): as bytes with a scale, as text, or as the "
      "nearest double, which loses digits. Unsigned 64-bit integers are bytes with double, too." },
    { "time", INCLOAD_OPTION_CHOICE, AT(time), "adaptive_time_microseconds", 0, 0, "",
      "adaptive_time_microseconds adaptive connect isostring", "0.1",
      "How dates and times are written (Debezium's time.precision.mode): in the unit that the column's precision "
      "needs, "
      "in milliseconds, which loses what is finer, or as ISO 8601 text. Instants with a zone are text always." },
    { "unavailable", INCLOAD_OPTION_TEXT, AT(unavailable), "__debezium_unavailable_value", 0, 0, "", "", "0.1",
      "What stands for the text or bytes of a column that an event does not bring (Debezium's "
      "unavailable.value.placeholder)." },
    { "partial", INCLOAD_OPTION_CHOICE, AT(partial), "refuse", 0, 0, "", "refuse omit", "0.1",
      "What to do about a column of another type that an event does not bring, for which Debezium has no form: refuse "
      "the event, or leave the column out of the row. incload_changes_push_debezium() then keeps what the row has; "
      "other readers may take it for NULL." },
};

const incload__option_table incload__debezium_options = INCLOAD__OPTION_TABLE("debezium", debezium_option_list);

/* ---- the table ---- */

static int32_t
name_key(incload__change_table *table, const char *option, incload_error **err)
{
    incload__list list;
    int32_t status = incload__list_parse(table->mem, "key", option, &list, err);

    if (status != INCLOAD_OK)
        return status;
    if (list.count > INCLOAD__CHANGE_KEY)
        status = incload__fail(err, INCLOAD_E_INVALID, "option 'key' has %d columns: %d are the most", (int)list.count,
                               INCLOAD__CHANGE_KEY);
    for (int32_t i = 0; i < list.count && status == INCLOAD_OK; i++) {
        int32_t at = incload__schema_find(&table->columns, list.items[i].name);
        if (at < 0 || list.items[i].alias != NULL)
            status = incload__fail(err, INCLOAD_E_NOT_FOUND, "option 'key' names '%.64s', which is no column",
                                   list.items[i].name);
        else
            table->key[table->key_count++] = at;
    }
    incload__list_free(&list);
    return status;
}

static int32_t
sort_columns(incload__change_table *table, const incload__schema *all, incload_error **err)
{
    for (int32_t i = 0; i < all->count; i++) {
        const incload__column *from = &all->columns[i];
        incload__schema *to = from->generated ? &table->computed : &table->columns;
        incload__column *column = incload__schema_add(to, from->name, from->native, from->type);
        if (column == NULL)
            return incload__fail_memory(err);
        column->nullable = from->nullable;
    }
    return INCLOAD_OK;
}

static int32_t
inspect(incload__change_table *table, incload__load *shell, const char *key, incload_error **err)
{
    incload__rows keys = { .mem = table->mem };
    incload__schema all;

    incload__schema_init(&all, table->mem);
    int32_t status = incload__inspect_table(shell, shell->to, &table->name, &all, err);
    if (status == INCLOAD_OK)
        status = sort_columns(table, &all, err);
    if (status == INCLOAD_OK)
        status = name_key(table, key, err);
    if (status == INCLOAD_OK && table->key_count == 0)
        status = incload__inspect_keys(shell, shell->to, &table->name, &keys, err);
    if (status == INCLOAD_OK && table->key_count == 0)
        table->key_count = incload__keys_first(&keys, &table->columns, table->key);
    incload__rows_free(&keys);
    incload__schema_free(&all);
    return status;
}

static int32_t
look(incload_debezium *debezium, incload_error **err)
{
    incload__conn *conn = NULL;
    int32_t status =
        incload__database_take(debezium->source, INCLOAD__ROLE_READ,
                               incload__database_statement_deadline(debezium->source), debezium, &conn, err);

    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "source");
    incload__load *shell = incload__alloc(debezium->mem, sizeof *shell);
    if (shell != NULL) {
        shell->mem = debezium->mem;
        shell->to = conn;
        shell->marker = -1;
        debezium->table.dialect = conn->dialect;
        status = inspect(&debezium->table, shell, debezium->values.key, err);
        incload__free(debezium->mem, shell);
    } else {
        status = incload__fail_memory(err);
    }
    incload__database_give_back(debezium->source, conn);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "source table");
}

/* ---- making it ---- */

static int32_t
choose_fields(incload_debezium *debezium, incload_error **err)
{
    const incload__schema *columns = &debezium->table.columns;
    size_t count = (size_t)columns->count;

    debezium->fields = incload__alloc_array(debezium->mem, count, sizeof *debezium->fields);
    debezium->present = incload__alloc_array(debezium->mem, 2 * count, sizeof *debezium->present);
    if (debezium->fields == NULL || debezium->present == NULL)
        return incload__fail_memory(err);
    for (int32_t i = 0; i < columns->count; i++)
        debezium->fields[i] =
            incload__debezium_field_of(columns->columns[i].type, debezium->values.decimal, debezium->values.time);
    return incload__debezium_heads(debezium, err);
}

/* `schema`: of the columns, or NULL: they are looked up. */
static int32_t
fill(incload_debezium *debezium, const char *table, const struct ArrowSchema *schema, const char *options,
     incload_error **err)
{
    const incload__option_table *list = &incload__debezium_options;
    int32_t status = incload__options_init(list, debezium->mem, &debezium->values, err);

    if (status == INCLOAD_OK)
        status = incload__options_parse(list, debezium->mem, &debezium->values, options, err);
    if (status == INCLOAD_OK)
        status = incload__table_parse(debezium->mem, table, &debezium->table.name, err);
    if (status == INCLOAD_OK && schema != NULL)
        status = incload__schema_import(schema, &debezium->table.columns, err);
    if (status == INCLOAD_OK && schema != NULL)
        status = name_key(&debezium->table, debezium->values.key, err);
    if (status == INCLOAD_OK && schema == NULL)
        status = look(debezium, err);
    return status == INCLOAD_OK ? choose_fields(debezium, err) : status;
}

static incload_debezium *
make(const incload__env *env, incload_database *source, incload_context *context, const char *table,
     const struct ArrowSchema *schema, const char *options, incload_error **err)
{
    incload_debezium *debezium = incload__alloc(&env->mem, sizeof *debezium);

    if (debezium == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    atomic_init(&debezium->refs, 1);
    debezium->env = env;
    debezium->mem = &env->mem;
    debezium->source = incload_database_ref(source);
    debezium->context = incload_context_ref(context);
    debezium->table.mem = debezium->mem;
    incload__schema_init(&debezium->table.columns, debezium->mem);
    incload__schema_init(&debezium->table.computed, debezium->mem);
    incload__schema_init(&debezium->table.marks, debezium->mem);
    for (int32_t i = 0; i < 2; i++)
        debezium->keys[i].mem = debezium->messages[i].mem = debezium->mem;
    if (fill(debezium, table, schema, options, err) == INCLOAD_OK)
        return debezium;
    incload__error_prefix(err, "messages of %.80s", table);
    incload_debezium_unref(debezium);
    return NULL;
}

/* The host's data is its own from the first moment, and given back in any case. */
static incload_debezium *
adopt(incload_debezium *debezium, incload_debezium_fn function, void *user_data, incload_destroy_fn destroy)
{
    if (debezium == NULL && destroy != NULL)
        destroy(user_data);
    if (debezium == NULL)
        return NULL;
    debezium->function = function;
    debezium->user_data = user_data;
    debezium->destroy = destroy;
    return debezium;
}

static bool
is_sound(const char *table, incload_debezium_fn function, incload_error **err)
{
    if (table != NULL && incload__utf8_valid(table, strlen(table)) && function != NULL)
        return true;
    incload__fail(err, INCLOAD_E_INVALID, "messages need the name of their table, in UTF-8, and a function");
    return false;
}

incload_debezium *
incload_debezium_new(incload_database *source, const char *table, const char *options, incload_debezium_fn function,
                     void *user_data, incload_destroy_fn destroy, incload_error **err)
{
    incload_debezium *debezium = NULL;

    if (incload__entered_with(err) == INCLOAD_OK && source == NULL)
        incload__fail(err, INCLOAD_E_INVALID, "the source must not be NULL");
    else if (incload__entered_with(err) == INCLOAD_OK && is_sound(table, function, err))
        debezium = make(incload__database_env(source), source, NULL, table, NULL, options, err);
    return adopt(debezium, function, user_data, destroy);
}

incload_debezium *
incload_debezium_new_for(incload_context *context, const char *table, struct ArrowSchema *schema, const char *options,
                         incload_debezium_fn function, void *user_data, incload_destroy_fn destroy, incload_error **err)
{
    const incload__env *env = context != NULL ? incload__context_env(context) : &incload__env_system;
    incload_debezium *debezium = NULL;

    if (incload__entered_with(err) == INCLOAD_OK && schema == NULL)
        incload__fail(err, INCLOAD_E_INVALID, "the schema must not be NULL");
    else if (incload__entered_with(err) == INCLOAD_OK && is_sound(table, function, err)) {
        if (context != NULL)
            incload__context_freeze(context);
        debezium = make(env, NULL, context, table, schema, options, err);
    }
    if (schema != NULL)
        incload__arrow_schema_release(schema);
    return adopt(debezium, function, user_data, destroy);
}

incload_debezium *
incload_debezium_ref(incload_debezium *debezium)
{
    if (debezium != NULL)
        atomic_fetch_add_explicit(&debezium->refs, 1, memory_order_relaxed);
    return debezium;
}

void
incload_debezium_unref(incload_debezium *debezium)
{
    if (debezium == NULL || atomic_fetch_sub_explicit(&debezium->refs, 1, memory_order_acq_rel) != 1)
        return;
    incload_database *source = debezium->source;
    incload_context *context = debezium->context;
    const incload__mem *mem = debezium->mem;
    if (debezium->destroy != NULL)
        debezium->destroy(debezium->user_data);
    for (int32_t i = 0; i < 2; i++) {
        incload__str_free(&debezium->keys[i]);
        incload__str_free(&debezium->messages[i]);
    }
    incload__change_table_close(&debezium->table);
    incload__options_free(&incload__debezium_options, mem, &debezium->values);
    incload__free(mem, debezium->fields);
    incload__free(mem, debezium->present);
    incload__free(mem, debezium->topic);
    incload__free(mem, debezium->key_head);
    incload__free(mem, debezium->value_head);
    incload__free(mem, debezium);
    incload_database_unref(source);
    incload_context_unref(context);
}

/* ---- what is known ---- */

const char *
incload_debezium_topic(const incload_debezium *debezium)
{
    return debezium != NULL ? debezium->topic : "";
}

const char *
incload_debezium_header_name(const incload_debezium *debezium)
{
    return debezium != NULL && debezium->header_name != NULL ? debezium->header_name : "";
}

const char *
incload_debezium_header_value(const incload_debezium *debezium)
{
    return debezium != NULL && debezium->header_value != NULL ? debezium->header_value : "";
}
