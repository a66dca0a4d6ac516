/* SPDX-License-Identifier: Apache-2.0 */
/* Whole messages of Debezium for one table: a byte for the table's key, one for the options, then a line with a key
 * (empty: there is none) and a line with a value, and again. What is taken must be an event that can be kept; what is
 * not taken has an error, and leaves nothing. */
#include <string.h>

#include "base/utf8.h"
#include "batch/builder.h"
#include "cdc/changes.h"
#include "cdc/fold.h"
#include "fuzz.h"

enum { MOST_MESSAGES = 16, COLUMNS = 8 };

/* A column of each family that values are read for. */
static const struct {
    const char *name;
    incload__kind kind;
} columns[COLUMNS] = {
    { "id", INCLOAD__INT64 },      { "name", INCLOAD__TEXT },        { "qty", INCLOAD__DECIMAL },
    { "day", INCLOAD__DATE },      { "seen", INCLOAD__TIMESTAMPTZ }, { "ok", INCLOAD__BOOL },
    { "share", INCLOAD__FLOAT64 }, { "image", INCLOAD__BINARY },
};

typedef struct scene {
    incload__change_set set;
    incload__change_member member;
    incload__change_member *members[1];
    incload_changes changes;
    incload__cell cells[2 * COLUMNS];
} scene;

/* As incload_changes_new() makes it, of no database. */
static void
begin(scene *s, uint8_t key, uint8_t options)
{
    const incload__mem *mem = &incload__mem_libc;
    incload__change_table *table = &s->member.table;

    memset(s, 0, sizeof *s);
    table->mem = mem;
    incload__schema_init(&table->columns, mem);
    incload__schema_init(&table->computed, mem);
    incload__schema_init(&table->marks, mem);
    for (int32_t i = 0; i < COLUMNS; i++) {
        incload__type type = { .kind = columns[i].kind, .precision = 20, .scale = 4 };
        fuzz_check(incload__schema_add(&table->columns, columns[i].name, "", type) != NULL, "there is memory");
    }
    for (int32_t i = 0; i < key % 4; i++)
        table->key[table->key_count++] = (i + (key >> 2)) % COLUMNS;
    s->member.given = (char *)(uintptr_t) "items";
    s->member.cells = s->cells;
    s->member.values.unknown_columns = options & 1;
    s->member.values.debezium_decimal = (options >> 1) % 3;
    s->member.values.debezium_time = (options >> 3) % 6;
    for (int32_t i = 0; i < INCLOAD__CHANGE_KEY; i++)
        s->member.keys[0][i] = s->member.keys[1][i] = (incload__str){ .mem = mem };
    s->members[0] = &s->member;
    s->set.mem = mem;
    s->set.tables = s->members;
    s->set.count = 1;
    s->set.values.memory = 1 << 20;
    s->set.values.full = INCLOAD__FULL_REFUSE;
    incload__log_init(&s->set.log, mem);
    s->changes = (incload_changes){ .mem = mem, .set = &s->set };
}

static void
end(scene *s)
{
    incload__log_free(&s->set.log);
    for (int32_t i = 0; i < INCLOAD__CHANGE_KEY; i++) {
        incload__str_free(&s->member.keys[0][i]);
        incload__str_free(&s->member.keys[1][i]);
    }
    incload__builder_free(s->member.table.builder);
    incload__schema_free(&s->member.table.columns);
}

/* ---- what was taken ---- */

static void
check_cells(const incload__cell *cells, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        fuzz_check(cells[i].column >= 0 && cells[i].column < COLUMNS, "a cell has a column");
        fuzz_check(i == 0 || cells[i].column > cells[i - 1].column, "cells are in the order of their columns");
        fuzz_check(cells[i].text == NULL || incload__utf8_valid(cells[i].text, cells[i].length), "a text is UTF-8");
    }
}

static void
check_event(const scene *s, const incload__event *event)
{
    bool row = event->operation != INCLOAD_CHANGE_TRUNCATE && event->operation != INCLOAD_CHANGE_TOMBSTONE;

    check_cells(event->cells, event->count);
    check_cells(event->old, event->old_count);
    for (int32_t i = 0; i < s->member.table.key_count && row; i++) {
        const incload__cell *cell = incload__cell_of(event->cells, event->count, s->member.table.key[i]);
        fuzz_check(cell != NULL && cell->text != NULL, "a row has its key");
    }
}

static int32_t
find_none(void *data, const incload__cell *const *key, const incload__cell **cells, bool *found, incload_error **err)
{
    (void)data;
    (void)key;
    (void)cells;
    (void)err;
    *found = false;
    return INCLOAD_OK;
}

static void
fold(const scene *s, bool soft)
{
    const incload__change_table *table = &s->member.table;
    const incload__log *log = &s->set.log;
    incload_error *err = NULL;
    incload__fold fold;

    incload__fold_init(&fold, table->mem, table->key, table->key_count, COLUMNS, soft && table->key_count > 0,
                       (incload__base){ find_none, NULL });
    for (int64_t i = 0; i < log->count; i++)
        fuzz_check(incload__fold_add(&fold, &log->events[i], &err) == INCLOAD_OK, "events that were taken are folded");
    incload__fold_free(&fold);
}

/* ---- messages ---- */

static void
push(scene *s, const char *key, const char *value)
{
    incload_error *err = NULL;
    int64_t before = s->set.log.count;

    int32_t status = incload_changes_push_debezium(&s->changes, key, value, 0, 0, &err);
    fuzz_check((status == INCLOAD_OK) == (err == NULL), "a refused message has an error, another has none");
    fuzz_check(status == incload_error_code(err), "the error is what was returned");
    fuzz_check(s->set.log.count == before + (status == INCLOAD_OK), "a message is one event, or none when refused");
    if (status == INCLOAD_OK)
        check_event(s, &s->set.log.events[before]);
    fuzz_check(err == NULL || strchr(incload_error_message(err), '\n') == NULL, "an error is one line");
    incload_error_unref(err);
}

/* The line, ended in place, and *at behind it; NULL when it is empty. */
static char *
take_line(char **at)
{
    char *line = *at;
    size_t length = strcspn(line, "\n");

    *at = line + length + (line[length] != '\0');
    line[length] = '\0';
    return length > 0 ? line : NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scene s;

    if (size < 3)
        return 0;
    char *text = malloc(size - 1);
    fuzz_check(text != NULL, "there is memory");
    memcpy(text, data + 2, size - 2);
    text[size - 2] = '\0';
    begin(&s, data[0], data[1]);
    char *at = text;
    for (int32_t i = 0; i < MOST_MESSAGES && *at != '\0'; i++) {
        const char *key = take_line(&at);
        push(&s, key, take_line(&at));
    }
    fold(&s, (data[1] & 0x80) != 0);
    end(&s);
    free(text);
    return 0;
}
