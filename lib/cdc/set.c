/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/set.h"

#include <string.h>

#include "base/utf8.h"
#include "cdc/encoding.h"
#include "driver/database.h"

/* Options that say how a commit goes, which all tables of a set share. */
static const char *const commit_options[] = { "name", "memory",  "full",        "timeout",        "lease",
                                              "wait", "retries", "retry_delay", "retry_max_delay" };

/* ---- names ---- */

static int32_t
name_after_table(incload__change_set *set, const char *table, const char *given, incload_error **err)
{
    incload__str name = INCLOAD__STR(set->mem);

    if (given != NULL)
        incload__str_add(&name, given);
    else
        incload__str_addf(&name, "%s:changes", table);
    set->name = incload__str_take(&name);
    return set->name != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

static int32_t
read_position(incload__change_set *set, incload__conn *conn, incload_error **err)
{
    incload__position position = { .value = NULL };
    incload__ledger ledger = { .mem = NULL };
    bool exists = false;
    int32_t status = incload__ledger_init(&ledger, set->mem, conn->dialect, incload__database_ledger(set->target), err);

    if (status == INCLOAD_OK)
        status = incload__ledger_find(&ledger, conn, &exists, err);
    if (status == INCLOAD_OK && exists)
        status = incload__ledger_read(&ledger, conn, set->name, &position, err);
    if (status == INCLOAD_OK && position.value != NULL)
        status = incload__place_parse(position.value, &set->place, err);
    incload__free(set->mem, set->note);
    set->note = position.document != NULL ? incload__strdup(set->mem, position.document) : NULL;
    if (status == INCLOAD_OK && position.document != NULL && set->note == NULL)
        status = incload__fail_memory(err);
    incload__position_free(&position);
    incload__ledger_free(&ledger);
    return status;
}

static int32_t
connect(incload__change_set *set, incload__conn **conn, incload_error **err)
{
    int32_t status = incload__database_take(set->target, INCLOAD__ROLE_WRITE,
                                            incload__database_statement_deadline(set->target), set->owner, conn, err);

    return status == INCLOAD_OK ? status : incload__error_prefix(err, "target");
}

static int32_t
look_up_position(incload__change_set *set, incload_error **err)
{
    incload__conn *conn = NULL;
    int32_t status = connect(set, &conn, err);

    if (status != INCLOAD_OK)
        return status;
    status = read_position(set, conn, err);
    incload__database_give_back(set->target, conn);
    return status;
}

/* ---- the set ---- */

static int32_t
init(incload__change_set *set, const char *name, const char *options, incload_error **err)
{
    int32_t status = incload__options_init(&incload__changes_options, set->mem, &set->values, err);

    if (status == INCLOAD_OK)
        status = incload__options_parse(&incload__changes_options, set->mem, &set->values, options, err);
    if (status == INCLOAD_OK && options != NULL) {
        set->options = incload__strdup(set->mem, options);
        status = set->options != NULL ? INCLOAD_OK : incload__fail_memory(err);
    }
    if (status != INCLOAD_OK || name == NULL)
        return status;
    if (set->values.key != NULL || set->values.name != NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "option '%s' cannot be one of a group of changes: %s",
                             set->values.key != NULL ? "key" : "name",
                             set->values.key != NULL ? "give each table its own" : "the group has a name already");
    set->name = incload__strdup(set->mem, name);
    return set->name != NULL ? look_up_position(set, err) : incload__fail_memory(err);
}

int32_t
incload__change_set_new(incload_database *target, const char *name, const char *options, const void *owner,
                        incload__change_set **out, incload_error **err)
{
    const incload__env *env = incload__database_env(target);
    incload__change_set *set = incload__alloc(&env->mem, sizeof *set);

    if (set == NULL)
        return incload__fail_memory(err);
    atomic_init(&set->cancelled, false);
    pthread_mutex_init(&set->lock, NULL);
    set->target = incload_database_ref(target);
    set->env = env;
    set->mem = &env->mem;
    set->owner = owner;
    incload__log_init(&set->log, set->mem);
    incload__log_init(&set->open, set->mem);
    int32_t status = init(set, name, options, err);
    if (status == INCLOAD_OK)
        *out = set;
    else
        incload__change_set_free(set);
    return status;
}

static void
member_free(const incload__change_set *set, incload__change_member *member)
{
    for (int32_t i = 0; i < INCLOAD__CHANGE_KEY; i++) {
        incload__str_free(&member->keys[0][i]);
        incload__str_free(&member->keys[1][i]);
    }
    incload__change_table_close(&member->table);
    incload__options_free(&incload__changes_options, set->mem, &member->values);
    incload__free(set->mem, member->cells);
    incload__free(set->mem, member->given);
    incload__free(set->mem, member->unavailable_bytes);
    incload__free(set->mem, member);
}

void
incload__change_set_free(incload__change_set *set)
{
    if (set == NULL)
        return;
    incload_database *target = set->target;
    for (int32_t i = 0; i < set->count; i++)
        member_free(set, set->tables[i]);
    incload__log_free(&set->log);
    incload__log_free(&set->open);
    pthread_mutex_destroy(&set->lock);
    incload__options_free(&incload__changes_options, set->mem, &set->values);
    incload__free(set->mem, set->tables);
    incload__free(set->mem, set->order);
    incload__free(set->mem, set->name);
    incload__free(set->mem, set->options);
    incload__free(set->mem, set->note);
    incload__free(set->mem, set->next_note);
    incload__free(set->mem, set);
    incload_database_unref(target);
}

int32_t
incload__change_set_refresh(incload__change_set *set, incload_error **err)
{
    set->place = (incload__place){ 0, 0 };
    return look_up_position(set, err);
}

/* ---- its tables ---- */

/* What all tables share is told once. */
static int32_t
check_table_options(const incload__change_set *set, const char *options, incload_error **err)
{
    incload__changes_values own = { .key = NULL }, none = { .key = NULL };
    const char *odd = NULL;
    int32_t status = incload__options_init(&incload__changes_options, set->mem, &own, err);

    if (status == INCLOAD_OK)
        status = incload__options_init(&incload__changes_options, set->mem, &none, err);
    if (status == INCLOAD_OK)
        status = incload__options_parse(&incload__changes_options, set->mem, &own, options, err);
    for (size_t i = 0; i < sizeof commit_options / sizeof commit_options[0] && status == INCLOAD_OK; i++) {
        incload__str a = INCLOAD__STR(set->mem), b = INCLOAD__STR(set->mem);
        incload__options_get(&incload__changes_options, &own, commit_options[i], &a);
        incload__options_get(&incload__changes_options, &none, commit_options[i], &b);
        if (a.failed || b.failed)
            status = incload__fail_memory(err);
        else if (a.length != b.length || (a.length > 0 && memcmp(a.data, b.data, a.length) != 0))
            odd = commit_options[i];
        incload__str_free(&a);
        incload__str_free(&b);
    }
    incload__options_free(&incload__changes_options, set->mem, &own);
    incload__options_free(&incload__changes_options, set->mem, &none);
    if (status == INCLOAD_OK && odd != NULL)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "option '%s' is about all tables of a group of changes: give it to "
                             "incload_changes_new_group()",
                             odd);
    return status;
}

static int32_t
read_options(const incload__change_set *set, incload__change_member *member, const char *options, incload_error **err)
{
    int32_t status = incload__options_init(&incload__changes_options, set->mem, &member->values, err);

    if (status == INCLOAD_OK)
        status = incload__options_parse(&incload__changes_options, set->mem, &member->values, set->options, err);
    if (status == INCLOAD_OK && options != NULL)
        status = check_table_options(set, options, err);
    if (status == INCLOAD_OK)
        status = incload__options_parse(&incload__changes_options, set->mem, &member->values, options, err);
    return status;
}

static int32_t
encode_unavailable(incload__change_member *member, const incload__mem *mem, incload_error **err)
{
    const char *text = member->values.debezium_unavailable;
    incload__str bytes = INCLOAD__STR(mem);

    if (text == NULL)
        return INCLOAD_OK;
    incload__base64_encode((const unsigned char *)text, strlen(text), &bytes);
    member->unavailable_bytes = incload__str_take(&bytes);
    return member->unavailable_bytes != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

/* Of a set that is named after its table the position is known only now. */
static int32_t
look(incload__change_set *set, incload__change_member *member, incload_error **err)
{
    incload__conn *conn = NULL;
    int32_t status = connect(set, &conn, err);

    if (status != INCLOAD_OK)
        return status;
    status = incload__change_table_open(&member->table, set->mem, conn, member->given, &member->values, err);
    if (status == INCLOAD_OK && set->name == NULL) {
        status = name_after_table(set, member->given, set->values.name, err);
        if (status == INCLOAD_OK)
            status = read_position(set, conn, err);
    }
    incload__database_give_back(set->target, conn);
    return status;
}

static int32_t
check_new(const incload__change_set *set, const incload__change_member *member, incload_error **err)
{
    const incload__table *name = &member->table.name;

    for (int32_t i = 0; i < set->count; i++) {
        if (incload__change_table_is(&set->tables[i]->table, name->schema, name->name))
            return incload__fail(err, INCLOAD_E_EXISTS, "the group of changes '%.64s' has table %.80s already",
                                 set->name, member->given);
    }
    return INCLOAD_OK;
}

static int32_t
make_cells(const incload__change_set *set, incload__change_member *member, incload_error **err)
{
    incload__free(set->mem, member->cells);
    member->cells = incload__alloc_array(set->mem, 2 * (size_t)member->table.columns.count, sizeof *member->cells);
    return member->cells != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

static int32_t
member_init(incload__change_set *set, incload__change_member *member, const char *table, const char *options,
            incload_error **err)
{
    for (int32_t i = 0; i < INCLOAD__CHANGE_KEY; i++)
        member->keys[0][i].mem = member->keys[1][i].mem = set->mem;
    member->given = incload__strdup(set->mem, table);
    int32_t status = member->given != NULL ? read_options(set, member, options, err) : incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = encode_unavailable(member, set->mem, err);
    if (status == INCLOAD_OK)
        status = look(set, member, err);
    if (status == INCLOAD_OK)
        status = check_new(set, member, err);
    if (status != INCLOAD_OK)
        return status;
    return make_cells(set, member, err);
}

static int32_t
append(incload__change_set *set, incload__change_member *member, incload_error **err)
{
    size_t count = (size_t)set->count + 1;
    incload__change_member **tables = incload__realloc(set->mem, set->tables, count * sizeof(incload__change_member *));

    if (tables == NULL)
        return incload__fail_memory(err);
    set->tables = tables;
    int32_t *order = incload__realloc(set->mem, set->order, count * sizeof *order);
    if (order == NULL)
        return incload__fail_memory(err);
    set->order = order;
    set->tables[set->count++] = member;
    int32_t status = incload__change_set_order(set, err);
    if (status != INCLOAD_OK)
        set->count--;
    return status;
}

int32_t
incload__change_set_add(incload__change_set *set, const char *table, const char *options, int32_t *index,
                        incload_error **err)
{
    incload__change_member *member;

    if (!incload__utf8_valid(table, strlen(table)))
        return incload__fail(err, INCLOAD_E_INVALID, "the name of a table of changes is not UTF-8");
    member = incload__alloc(set->mem, sizeof *member);
    if (member == NULL)
        return incload__fail_memory(err);
    int32_t status = member_init(set, member, table, options, err);
    if (status == INCLOAD_OK)
        status = append(set, member, err);
    if (status == INCLOAD_OK)
        *index = set->count - 1;
    else
        member_free(set, member);
    return status;
}

int32_t
incload__change_set_look_again(incload__change_set *set, int32_t index, incload_error **err)
{
    incload__change_member *member = set->tables[index];

    incload__change_table_close(&member->table);
    memset(&member->table, 0, sizeof member->table);
    int32_t status = look(set, member, err);
    return status == INCLOAD_OK ? make_cells(set, member, err) : status;
}
