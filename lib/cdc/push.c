/* SPDX-License-Identifier: Apache-2.0 */
/* An event on its way into the log: its columns are found, its values looked at, its key brought into one form. */
#include <string.h>

#include "base/utf8.h"
#include "cdc/set.h"

/* What each operation needs. */
static const struct rule {
    bool known;
    bool row;      /* has one, with its key */
    bool key_only; /* of which only the key counts */
} rules[] = {
    [INCLOAD_CHANGE_INSERT] = { true, true, false }, [INCLOAD_CHANGE_UPDATE] = { true, true, false },
    [INCLOAD_CHANGE_DELETE] = { true, true, true },  [INCLOAD_CHANGE_TRUNCATE] = { true, false, false },
    [INCLOAD_CHANGE_READ] = { true, true, false },   [INCLOAD_CHANGE_TOMBSTONE] = { true, false, false },
};

/* ---- columns ---- */

static int32_t
fail_column(const incload__change_member *member, const char *name, incload_error **err)
{
    if (incload__schema_find(&member->table.marks, name) >= 0)
        return incload__fail(
            err, INCLOAD_E_INVALID,
            "an event brings column '%.64s', by which deleted rows of table %.80s are marked: leave it "
            "out, take deletes=hard, or name other columns in deleted_column and deleted_at_column",
            name, member->given);
    return incload__fail(err, INCLOAD_E_NOT_FOUND,
                         "an event brings column '%.64s', which table %.80s does not have: add it there, or set "
                         "unknown_columns=ignore and make the changes anew",
                         name, member->given);
}

int32_t
incload__change_column(const incload__change_member *member, const char *name, bool key_only, int32_t *at,
                       incload_error **err)
{
    const incload__change_table *table = &member->table;

    if (name == NULL || !incload__utf8_valid(name, strlen(name)))
        return incload__fail(err, INCLOAD_E_INVALID, "a column of an event has no name, or one that is not UTF-8");
    *at = incload__schema_find(&table->columns, name);
    if (*at >= 0) {
        if (key_only && incload__change_key_at(table, *at) < 0)
            *at = -1;
        return INCLOAD_OK;
    }
    if (key_only || incload__schema_find(&table->computed, name) >= 0
        || member->values.unknown_columns == INCLOAD__UNKNOWN_IGNORE)
        return INCLOAD_OK;
    return fail_column(member, name, err);
}

/* In the order of the columns; *count of them. */
static int32_t
take_cells(const incload__change_member *member, const incload__image *image, bool key_only, incload__cell *cells,
           int32_t *count, incload_error **err)
{
    int32_t columns = member->table.columns.count;

    for (int32_t i = 0; i < columns; i++)
        cells[i].column = -1;
    for (int32_t i = 0; i < image->count; i++) {
        int32_t at = -1;
        int32_t status = incload__change_column(member, image->names[i], key_only, &at, err);
        if (status != INCLOAD_OK)
            return status;
        if (at < 0)
            continue;
        if (cells[at].column >= 0)
            return incload__fail(err, INCLOAD_E_INVALID, "an event brings column '%.64s' twice", image->names[i]);
        size_t length = image->values[i] == NULL ? 0
                        : image->lengths != NULL ? image->lengths[i]
                                                 : strlen(image->values[i]);
        if (length > INT32_MAX)
            return incload__fail(err, INCLOAD_E_DATA, "an event's value for column '%.64s' is larger than 2 GiB",
                                 image->names[i]);
        cells[at] = (incload__cell){ image->values[i], (uint32_t)length, at };
    }
    *count = 0;
    for (int32_t i = 0; i < columns; i++) {
        if (cells[i].column >= 0)
            cells[(*count)++] = cells[i];
    }
    return INCLOAD_OK;
}

/* One value must have one text, since keys are compared as texts. */
static int32_t
settle_key(const incload__change_member *member, incload__cell *cells, int32_t count, const incload__str *key,
           incload_error **err)
{
    const incload__change_table *table = &member->table;
    int32_t found = 0;

    for (int32_t i = 0; i < count; i++) {
        int32_t at = incload__change_key_at(table, cells[i].column);
        if (at < 0 || cells[i].text == NULL)
            continue;
        cells[i].text = incload__str_text(&key[at]);
        cells[i].length = (uint32_t)key[at].length;
        found++;
    }
    for (int32_t i = 0; i < table->key_count && found < table->key_count; i++) {
        const incload__cell *cell = incload__cell_of(cells, count, table->key[i]);
        if (cell == NULL || cell->text == NULL)
            return incload__fail(err, INCLOAD_E_INVALID,
                                 "an event for table %.80s %s its key column '%.64s', so its row cannot be told",
                                 member->given, cell == NULL ? "does not bring" : "brings NULL for",
                                 table->columns.columns[table->key[i]].name);
    }
    return INCLOAD_OK;
}

/* Without a key a row that is there is told by all of its columns. */
static int32_t
check_whole(const incload__change_member *member, const incload__cell *cells, int32_t count, incload_error **err)
{
    const incload__schema *columns = &member->table.columns;

    for (int32_t i = 0; i < columns->count; i++) {
        if (incload__cell_of(cells, count, i) == NULL)
            return incload__fail(err, INCLOAD_E_INVALID,
                                 "an event for table %.80s does not bring column '%.64s' of the row as it was before: "
                                 "without a key a row is told by all of its columns",
                                 member->given, columns->columns[i].name);
    }
    return INCLOAD_OK;
}

/* Judges the cells, and brings those of the key into one form. */
static int32_t
settle(incload__change_member *member, incload__cell *cells, int32_t count, bool before, int32_t which,
       incload_error **err)
{
    int32_t status = incload__change_check(&member->table, cells, count, member->keys[which], err);

    if (status == INCLOAD_OK && before && member->table.key_count == 0)
        status = check_whole(member, cells, count, err);
    return status == INCLOAD_OK ? settle_key(member, cells, count, member->keys[which], err) : status;
}

static bool
same_key(const incload__change_member *member)
{
    for (int32_t i = 0; i < member->table.key_count; i++) {
        const incload__str *a = &member->keys[0][i], *b = &member->keys[1][i];
        if (a->length != b->length || memcmp(a->data, b->data, a->length) != 0)
            return false;
    }
    return member->table.key_count > 0;
}

/* ---- room ---- */

static int32_t
make_room(incload__change_set *set, const incload__event *event, incload_error **err)
{
    size_t size = sizeof *event + (size_t)(event->count + event->old_count) * sizeof *event->cells;

    for (int32_t i = 0; i < event->count; i++)
        size += event->cells[i].length;
    if (set->log.count == 0 || set->log.bytes + size <= (size_t)set->values.memory || set->feed != NULL)
        return INCLOAD_OK;
    if (set->values.full == INCLOAD__FULL_COMMIT)
        return incload__change_set_commit(set, err);
    return incload__fail(err, INCLOAD_E_STATE,
                         "%lld events for %.80s fill the memory of option 'memory': commit them, or set more",
                         (long long)set->log.count, set->count == 1 ? set->tables[0]->given : set->name);
}

static int32_t
add(incload__change_set *set, const incload__event *event, incload_error **err)
{
    int32_t status = set->opening ? INCLOAD_OK : make_room(set, event, err);

    if (status == INCLOAD_OK)
        status = incload__log_add(set->opening ? &set->open : &set->log, event, err);
    if (status == INCLOAD_OK)
        set->tables[event->table]->pending++;
    return status;
}

/* *over: it was committed before. */
static int32_t
begin(const incload__change_set *set, int32_t table, int32_t operation, incload__place place, bool *over,
      incload_error **err)
{
    *over = false;
    if (operation < 0 || operation >= (int32_t)(sizeof rules / sizeof rules[0]) || !rules[operation].known)
        return incload__fail(err, INCLOAD_E_INVALID, "%d is no operation: take one of INCLOAD_CHANGE_...",
                             (int)operation);
    *over = incload__place_is_told(place) && incload__place_order(place, set->place) <= 0;
    if (*over)
        set->tables[table]->done.skipped++;
    return INCLOAD_OK;
}

/* The cells are in the member's scratch. */
static int32_t
push_scratch(incload__change_set *set, incload__event *event, incload_error **err)
{
    incload__change_member *member = set->tables[event->table];
    incload__cell *row = member->cells, *old = member->cells + member->table.columns.count;
    bool keyed = member->table.key_count > 0;
    int32_t status = settle(member, row, event->count, event->operation == INCLOAD_CHANGE_DELETE, 0, err);

    event->cells = row;
    event->old = old;
    if (status == INCLOAD_OK && event->operation == INCLOAD_CHANGE_UPDATE && (event->old_count > 0 || !keyed))
        status = settle(member, old, event->old_count, true, 1, err);
    if (status == INCLOAD_OK && event->old_count > 0 && same_key(member))
        event->old_count = 0;
    return status == INCLOAD_OK ? add(set, event, err) : status;
}

int32_t
incload__change_set_push(incload__change_set *set, int32_t table, int32_t operation, const incload__image *old,
                         const incload__image *row, incload__place place, incload_error **err)
{
    incload__change_member *member = set->tables[table];
    incload__event event = { .place = place, .operation = operation, .table = table };
    bool over = false, keyed = member->table.key_count > 0;
    int32_t status = begin(set, table, operation, place, &over, err);

    if (status != INCLOAD_OK || over)
        return status;
    if (!rules[operation].row)
        return add(set, &event, err);
    status = take_cells(member, row, rules[operation].key_only && keyed, member->cells, &event.count, err);
    if (status == INCLOAD_OK && old != NULL && operation == INCLOAD_CHANGE_UPDATE)
        status = take_cells(member, old, keyed, member->cells + member->table.columns.count, &event.old_count, err);
    return status == INCLOAD_OK ? push_scratch(set, &event, err) : status;
}

/* Of a row that is only looked for the key's cells. */
static int32_t
copy_cells(const incload__change_member *member, const incload__cell *from, int32_t count, bool key_only,
           incload__cell *to)
{
    int32_t copied = 0;

    for (int32_t i = 0; i < count; i++) {
        if (!key_only || incload__change_key_at(&member->table, from[i].column) >= 0)
            to[copied++] = from[i];
    }
    return copied;
}

int32_t
incload__change_set_push_cells(incload__change_set *set, int32_t table, int32_t operation, const incload__cell *old,
                               int32_t old_count, const incload__cell *row, int32_t count, incload__place place,
                               incload_error **err)
{
    incload__change_member *member = set->tables[table];
    incload__event event = { .place = place, .operation = operation, .table = table };
    bool over = false, keyed = member->table.key_count > 0;
    int32_t status = begin(set, table, operation, place, &over, err);

    if (status != INCLOAD_OK || over)
        return status;
    if (!rules[operation].row)
        return add(set, &event, err);
    event.count = copy_cells(member, row, count, rules[operation].key_only && keyed, member->cells);
    if (operation == INCLOAD_CHANGE_UPDATE)
        event.old_count = copy_cells(member, old, old_count, keyed, member->cells + member->table.columns.count);
    return push_scratch(set, &event, err);
}
