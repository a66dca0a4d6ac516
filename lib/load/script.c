/* SPDX-License-Identifier: Apache-2.0 */
#include "load/script.h"

#include <string.h>

#include "base/utf8.h"

/* What a statement is for, and what it locks: the first rule of the dialect (NULL: any) whose words it begins with. */
static const struct {
    const incload__dialect *dialect;
    const char *words;
    const char *purpose;
    const char *lock;
} rules[] = {
    { &incload__dialect_postgres, "COPY (", "read", "ACCESS SHARE on the tables read" },
    { &incload__dialect_postgres, "COPY ", "write", "ROW EXCLUSIVE on the table" },
    { &incload__dialect_postgres, "INSERT ", "write", "ROW EXCLUSIVE on the table, and each row it changes" },
    { &incload__dialect_postgres, "UPDATE ", "write", "ROW EXCLUSIVE on the table, and each row it changes" },
    { &incload__dialect_postgres, "DELETE ", "write", "ROW EXCLUSIVE on the table, and each row it deletes" },
    { &incload__dialect_postgres, "TRUNCATE ", "write", "ACCESS EXCLUSIVE on the table: readers wait" },
    { &incload__dialect_postgres, "ALTER ", "create", "ACCESS EXCLUSIVE on the table: readers wait" },
    { &incload__dialect_postgres, "DROP ", "create", "ACCESS EXCLUSIVE on the table dropped" },
    { &incload__dialect_postgres, "CREATE INDEX ", "create", "SHARE on the table: writers wait" },
    { &incload__dialect_postgres, "CREATE UNIQUE INDEX ", "create", "SHARE on the table: writers wait" },
    { &incload__dialect_postgres, "ANALYZE ", "write", "SHARE UPDATE EXCLUSIVE on the table" },
    { &incload__dialect_postgres, "LOCK ", "write", "as it says" },
    { &incload__dialect_postgres, "SELECT ", "look", "ACCESS SHARE on the tables read" },
    { &incload__dialect_mariadb, "INSERT ", "write",
      "metadata, shared; each row it writes, exclusive (and gaps of the index, as the isolation level has it)" },
    { &incload__dialect_mariadb, "UPDATE ", "write", "metadata, shared; each row it looks at, exclusive" },
    { &incload__dialect_mariadb, "DELETE ", "write", "metadata, shared; each row it looks at, exclusive" },
    { &incload__dialect_mariadb, "TRUNCATE ", "write", "metadata, exclusive: readers wait; commits by itself" },
    { &incload__dialect_mariadb, "ALTER ", "create", "metadata, exclusive at its begin and end; commits by itself" },
    { &incload__dialect_mariadb, "RENAME ", "write", "metadata, exclusive on all tables named; commits by itself" },
    { &incload__dialect_mariadb, "CREATE TEMPORARY ", "create", "" },
    { &incload__dialect_mariadb, "DROP TEMPORARY ", "create", "" },
    { &incload__dialect_mariadb, "DROP ", "create", "metadata, exclusive on the table dropped; commits by itself" },
    { &incload__dialect_mariadb, "SHOW ", "look", "metadata, shared, for a moment" },
    { &incload__dialect_mariadb, "SELECT ", "look", "metadata, shared; no row: it reads a snapshot" },
    { &incload__dialect_sqlite, "BEGIN IMMEDIATE", "begin", "RESERVED on the file: other writers wait" },
    { &incload__dialect_sqlite, "COMMIT", "commit",
      "EXCLUSIVE on the file for the moment of writing (with a write-ahead log: readers go on)" },
    { &incload__dialect_sqlite, "INSERT ", "write", "RESERVED on the file, until the transaction ends" },
    { &incload__dialect_sqlite, "UPDATE ", "write", "RESERVED on the file, until the transaction ends" },
    { &incload__dialect_sqlite, "DELETE ", "write", "RESERVED on the file, until the transaction ends" },
    { &incload__dialect_sqlite, "CREATE TEMP ", "create", "" },
    { &incload__dialect_sqlite, "CREATE ", "create", "EXCLUSIVE on the file for the moment of writing" },
    { &incload__dialect_sqlite, "SELECT ", "look", "SHARED on the file" },
    { NULL, "BEGIN", "begin", "" },
    { NULL, "START TRANSACTION", "begin", "" },
    { NULL, "SET ", "begin", "" },
    { NULL, "COMMIT", "commit", "" },
    { NULL, "ROLLBACK", "rollback", "" },
    { NULL, "CREATE ", "create", "" },
    { NULL, "DROP ", "create", "" },
    { NULL, "ALTER ", "create", "" },
    { NULL, "SELECT ", "look", "" },
    { NULL, "", "write", "" },
};

void
incload__script_init(incload__script *script, const incload__mem *mem)
{
    memset(script, 0, sizeof *script);
    script->mem = mem;
}

void
incload__script_free(incload__script *script)
{
    if (script->mem == NULL)
        return;
    for (int32_t i = 0; i < script->count; i++)
        incload__free(script->mem, script->items[i].sql);
    for (int32_t i = 0; i < script->read_param_count; i++)
        incload__free(script->mem, (char *)(uintptr_t)script->read_params[i].text);
    incload__free(script->mem, script->items);
    incload__free(script->mem, script->read_params);
    incload__free(script->mem, script->read);
    memset(script, 0, sizeof *script);
}

static bool
make_room(incload__script *script)
{
    if (script->count < script->capacity)
        return true;
    int32_t capacity = script->capacity * 2 + 32;
    incload__scripted *items = incload__realloc(script->mem, script->items, (size_t)capacity * sizeof *items);
    if (items == NULL)
        return false;
    script->items = items;
    script->capacity = capacity;
    return true;
}

void
incload__script_add(incload__script *script, const incload__dialect *dialect, incload__side side, const char *purpose,
                    const char *sql, int32_t parameters)
{
    char *copy = make_room(script) ? incload__strdup(script->mem, sql) : NULL;
    size_t rule = 0;

    if (copy == NULL) {
        script->failed = true;
        return;
    }
    while ((rules[rule].dialect != NULL && rules[rule].dialect != dialect)
           || !incload__ascii_prefix(sql, rules[rule].words))
        rule++;
    script->items[script->count++] = (incload__scripted){ .side = side,
                                                          .purpose = purpose != NULL ? purpose : rules[rule].purpose,
                                                          .lock = rules[rule].lock,
                                                          .sql = copy,
                                                          .parameters = parameters };
}

void
incload__script_note_read(incload__script *script, const char *sql, const incload__param *params, int32_t count)
{
    if (script->read != NULL)
        return;
    script->read = incload__strdup(script->mem, sql);
    script->read_params = incload__alloc_array(script->mem, (size_t)count + 1, sizeof *script->read_params);
    if (script->read == NULL || script->read_params == NULL) {
        script->failed = true;
        return;
    }
    for (int32_t i = 0; i < count; i++) {
        incload__param *copy = &script->read_params[script->read_param_count++];
        *copy = params[i];
        if (params[i].text == NULL)
            continue;
        copy->text = incload__strndup(script->mem, params[i].text, params[i].length);
        script->failed = script->failed || copy->text == NULL;
    }
}
