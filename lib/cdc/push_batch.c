/* SPDX-License-Identifier: Apache-2.0 */
/* A batch of events: its columns become the target's types as a whole, then each row an event. */
#include <string.h>

#include "base/utf8.h"
#include "batch/import.h"
#include "batch/number.h"
#include "cdc/changes.h"

typedef struct batch_values {
    char *operation;
    char *position;
    char *ordinal;
} batch_values;

#define AT(field) offsetof(batch_values, field)

static const incload__option batch_option_list[] = {
    { "operation", INCLOAD_OPTION_TEXT, AT(operation), "op", 0, 0, "", "", "0.1",
      "The column that says what each row does." },
    { "position", INCLOAD_OPTION_TEXT, AT(position), "", 0, 0, "", "", "0.1",
      "The column with each row's position, a whole number. When empty the events have none." },
    { "ordinal", INCLOAD_OPTION_TEXT, AT(ordinal), "", 0, 0, "", "", "0.1",
      "The column with its place among events of one position; 0 when empty." },
};

const incload__option_table incload__changes_batch_options = INCLOAD__OPTION_TABLE("changes_batch", batch_option_list);

typedef struct batch {
    incload__change_set *set;
    incload__change_member *member; /* its table, with that index in the set */
    int32_t table;
    batch_values values;
    incload__schema expected; /* what the columns that count are to become */
    int32_t *of_column;       /* for each of the target's columns, which of those it is; -1: none */
    int32_t operation, position, ordinal;
    /* The batch without the columns that do not count. */
    struct ArrowSchema schema;
    struct ArrowArray array;
    struct ArrowArray rows; /* in the types of `expected` */
    incload__view view;
    incload__str text; /* scratch: of one row */
    int64_t pending, skipped; /* events that were added, or were over */
    incload_error **err;
} batch;

/* ---- its columns ---- */

static bool
is_named(const char *option, const char *name)
{
    return option != NULL && name != NULL && strcmp(option, name) == 0;
}

/* Where instants are kept as civil time in UTC, one with a zone names what is kept. */
static incload__type
type_for(const batch *b, const struct ArrowSchema *child, int32_t column)
{
    const incload__change_table *table = &b->member->table;
    incload__type type = table->columns.columns[column].type;
    incload__arrived arrived;

    if (type.kind == INCLOAD__TIMESTAMP && table->dialect->civil_is_utc && child->format != NULL
        && incload__format_parse(child->format, type.kind, &arrived) && arrived.type.kind == INCLOAD__TIMESTAMPTZ)
        type.kind = INCLOAD__TIMESTAMPTZ;
    return type;
}

/* What a column is to become; UNKNOWN: it does not count. */
static int32_t
choose_type(batch *b, const struct ArrowSchema *child, incload__type *type)
{
    const incload__type word = { .kind = INCLOAD__TEXT }, number = { .kind = INCLOAD__UINT64 };
    int32_t at = -1;

    *type = (incload__type){ .kind = INCLOAD__UNKNOWN };
    if (is_named(b->values.operation, child->name)) {
        b->operation = b->expected.count;
        *type = word;
    } else if (is_named(b->values.position, child->name)) {
        b->position = b->expected.count;
        *type = number;
    } else if (is_named(b->values.ordinal, child->name)) {
        b->ordinal = b->expected.count;
        *type = number;
    } else {
        int32_t status = incload__change_column(b->member, child->name, false, &at, b->err);
        if (status != INCLOAD_OK)
            return status;
    }
    if (at >= 0) {
        b->of_column[at] = b->expected.count;
        *type = type_for(b, child, at);
    }
    return INCLOAD_OK;
}

static int32_t
add_column(batch *b, struct ArrowSchema *child, struct ArrowArray *values)
{
    incload__type type;

    if (child->name != NULL && incload__schema_find(&b->expected, child->name) >= 0)
        return incload__fail(b->err, INCLOAD_E_INVALID, "it has column '%.64s' twice", child->name);
    int32_t status = choose_type(b, child, &type);
    if (status != INCLOAD_OK || type.kind == INCLOAD__UNKNOWN)
        return status;
    if (incload__schema_add(&b->expected, child->name, NULL, type) == NULL)
        return incload__fail_memory(b->err);
    b->schema.children[b->schema.n_children++] = child;
    b->array.children[b->array.n_children++] = values;
    return INCLOAD_OK;
}

static int32_t
check_named(const batch *b)
{
    const struct {
        const char *option, *name;
        int32_t at;
    } named[] = { { "operation", b->values.operation, b->operation },
                  { "position", b->values.position, b->position },
                  { "ordinal", b->values.ordinal, b->ordinal } };

    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        if (named[i].name != NULL && named[i].at < 0)
            return incload__fail(b->err, INCLOAD_E_NOT_FOUND, "it has no column '%.64s', which option '%s' names",
                                 named[i].name, named[i].option);
    }
    return INCLOAD_OK;
}

static int32_t
choose_columns(batch *b, const struct ArrowSchema *schema, const struct ArrowArray *array)
{
    const incload__mem *mem = b->set->mem;
    int32_t columns = b->member->table.columns.count, status = INCLOAD_OK;

    if (schema->release == NULL || array->release == NULL || schema->format == NULL || strcmp(schema->format, "+s") != 0
        || schema->n_children != array->n_children || schema->n_children < 1)
        return incload__fail(b->err, INCLOAD_E_INVALID,
                             "it must be an Arrow struct with a child for each column, and not released");
    b->schema = *schema;
    b->array = *array;
    b->schema.n_children = b->array.n_children = 0;
    b->schema.children = incload__alloc_array(mem, (size_t)schema->n_children, sizeof(struct ArrowSchema *));
    b->array.children = incload__alloc_array(mem, (size_t)schema->n_children, sizeof(struct ArrowArray *));
    b->of_column = incload__alloc_array(mem, (size_t)columns, sizeof *b->of_column);
    if (b->schema.children == NULL || b->array.children == NULL || b->of_column == NULL)
        return incload__fail_memory(b->err);
    for (int32_t i = 0; i < columns; i++)
        b->of_column[i] = -1;
    for (int64_t i = 0; i < schema->n_children && status == INCLOAD_OK; i++)
        status = add_column(b, schema->children[i], array->children[i]);
    return status == INCLOAD_OK ? check_named(b) : status;
}

/* ---- its values ---- */

static int32_t
convert(batch *b, int64_t rows, incload_error **err)
{
    b->array.length = rows;
    return incload__import(b->set->mem, &b->schema, &b->array, &b->expected, &b->rows, err);
}

/* The first row without which those before it are sound. */
static int32_t
fail_row(batch *b, int64_t rows)
{
    int64_t sound = 0, bad = rows;

    while (bad - sound > 1) {
        int64_t middle = sound + (bad - sound) / 2;
        incload_error *failure = NULL;
        bool fits = convert(b, middle, &failure) == INCLOAD_OK;
        incload__array_release(&b->rows);
        incload_error_unref(failure);
        sound = fits ? middle : sound;
        bad = fits ? bad : middle;
    }
    int32_t status = convert(b, bad, b->err);
    return status == INCLOAD_OK ? INCLOAD_E_DATA : incload__error_prefix(b->err, "row %lld", (long long)bad - 1);
}

static int32_t
read_values(batch *b)
{
    const incload__schema *columns = &b->member->table.columns;
    int64_t rows = b->array.length;
    incload_error *failure = NULL;
    int32_t status = convert(b, rows, &failure);

    if (status == INCLOAD_E_DATA) {
        incload_error_unref(failure);
        return fail_row(b, rows);
    }
    if (status != INCLOAD_OK)
        return incload__error_pass(b->err, failure);
    status = incload__view_init(&b->view, b->set->mem, &b->expected, &b->rows, b->err);
    for (int32_t i = 0; i < columns->count && status == INCLOAD_OK; i++) {
        if (b->of_column[i] >= 0)
            b->view.columns[b->of_column[i]].type.kind = columns->columns[i].type.kind;
    }
    return status;
}

/* ---- its rows ---- */

static const struct {
    const char *word;
    int32_t operation;
} words[] = {
    { "c", INCLOAD_CHANGE_INSERT },
    { "insert", INCLOAD_CHANGE_INSERT },
    { "u", INCLOAD_CHANGE_UPDATE },
    { "update", INCLOAD_CHANGE_UPDATE },
    { "upsert", INCLOAD_CHANGE_UPDATE },
    { "d", INCLOAD_CHANGE_DELETE },
    { "delete", INCLOAD_CHANGE_DELETE },
    { "r", INCLOAD_CHANGE_READ },
    { "read", INCLOAD_CHANGE_READ },
    { "t", INCLOAD_CHANGE_TRUNCATE },
    { "truncate", INCLOAD_CHANGE_TRUNCATE },
    { "m", INCLOAD_CHANGE_TOMBSTONE },
    { "tombstone", INCLOAD_CHANGE_TOMBSTONE },
};

static int32_t
read_operation(const batch *b, int64_t row, int32_t *operation)
{
    char word[16] = "";
    size_t length = 0;

    if (!incload__is_null(&b->view, b->operation, row)) {
        const char *text = incload__get_bytes(&b->view, b->operation, row, &length);
        if (length > 0 && length < sizeof word)
            memcpy(word, text, length);
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (incload__ascii_equal(words[i].word, word)) {
            *operation = words[i].operation;
            return INCLOAD_OK;
        }
    }
    return incload__fail(b->err, INCLOAD_E_INVALID,
                         "column '%.64s' has no operation: c, r, u, d, t, m, insert, read, update, upsert, delete, "
                         "truncate or tombstone",
                         b->values.operation);
}

static int32_t
read_number(const batch *b, int32_t column, int64_t row, uint64_t *out)
{
    *out = 0;
    if (column < 0)
        return INCLOAD_OK;
    if (incload__is_null(&b->view, column, row))
        return incload__fail(b->err, INCLOAD_E_INVALID, "column '%.64s' is NULL where the event's position stands",
                             b->expected.columns[column].name);
    *out = incload__get_uint(&b->view, column, row);
    return INCLOAD_OK;
}

static void
point_to_text(const batch *b, incload__event *event)
{
    incload__cell *cells = b->member->cells;
    const char *at = incload__str_text(&b->text);

    for (int32_t i = 0; i < event->count; i++) {
        bool null = cells[i].text == NULL;
        cells[i].text = null ? NULL : at;
        at += null ? 0 : cells[i].length;
    }
    event->cells = cells;
}

/* With `key_only`, of the key alone. */
static int32_t
read_cells(batch *b, int64_t row, bool key_only, incload__event *event)
{
    const incload__change_table *table = &b->member->table;

    incload__str_clear(&b->text);
    for (int32_t i = 0; i < table->columns.count; i++) {
        int32_t from = b->of_column[i];
        bool is_key = incload__change_key_at(table, i) >= 0;
        bool null = from < 0 || incload__is_null(&b->view, from, row);
        if (is_key && null)
            return incload__fail(b->err, INCLOAD_E_INVALID, "key column '%.64s' %s, so its row cannot be told",
                                 table->columns.columns[i].name, from < 0 ? "is missing" : "is NULL");
        if (from < 0 || (key_only && !is_key))
            continue;
        size_t before = b->text.length;
        if (!null)
            incload__cell_text(&b->view, from, row, &b->text);
        size_t length = b->text.length - before;
        if (length > INT32_MAX)
            return incload__fail(b->err, INCLOAD_E_DATA, "the value of column '%.64s' is larger than 2 GiB",
                                 table->columns.columns[i].name);
        b->member->cells[event->count++] = (incload__cell){ null ? NULL : "", (uint32_t)length, i };
    }
    if (b->text.failed)
        return incload__fail_memory(b->err);
    point_to_text(b, event);
    return INCLOAD_OK;
}

/* Without a key a row that is there is told by all of its columns, which a batch has of one moment alone. */
static int32_t
check_keyless(const batch *b, int32_t operation)
{
    const incload__schema *columns = &b->member->table.columns;

    if (operation == INCLOAD_CHANGE_UPDATE)
        return incload__fail(b->err, INCLOAD_E_INVALID,
                             "a batch does not tell the row as it was before, which an update of a table without a key "
                             "needs: make it a delete and an insert");
    for (int32_t i = 0; i < columns->count && operation == INCLOAD_CHANGE_DELETE; i++) {
        if (b->of_column[i] < 0)
            return incload__fail(b->err, INCLOAD_E_INVALID,
                                 "column '%.64s' is missing: without a key a row is told by all of its columns",
                                 columns->columns[i].name);
    }
    return INCLOAD_OK;
}

static int32_t
add_row(batch *b, int64_t row)
{
    incload__event event = { .table = b->table };
    bool keyed = b->member->table.key_count > 0;
    int32_t status = read_operation(b, row, &event.operation);

    if (status == INCLOAD_OK)
        status = read_number(b, b->position, row, &event.place.major);
    if (status == INCLOAD_OK)
        status = read_number(b, b->ordinal, row, &event.place.minor);
    if (status != INCLOAD_OK)
        return status;
    if (incload__place_is_told(event.place) && incload__place_order(event.place, b->set->place) <= 0) {
        b->skipped++;
        return INCLOAD_OK;
    }
    bool no_row = event.operation == INCLOAD_CHANGE_TRUNCATE || event.operation == INCLOAD_CHANGE_TOMBSTONE;
    if (!no_row && !keyed)
        status = check_keyless(b, event.operation);
    if (status == INCLOAD_OK && !no_row)
        status = read_cells(b, row, keyed && event.operation == INCLOAD_CHANGE_DELETE, &event);
    if (status == INCLOAD_OK)
        status = incload__log_add(&b->set->log, &event, b->err);
    b->pending += status == INCLOAD_OK;
    return status;
}

/* How many rows there was room for. */
static int32_t
add_rows(batch *b, int64_t *fitted)
{
    const incload__change_set *set = b->set;
    int64_t before = set->log.count;

    b->pending = b->skipped = 0;
    for (*fitted = 0; *fitted < b->view.rows; ++*fitted) {
        int32_t status = add_row(b, *fitted);
        if (status != INCLOAD_OK)
            return incload__error_prefix(b->err, "row %lld", (long long)*fitted);
        bool alone = before == 0 && set->log.count == 1;
        if (!alone && set->log.bytes > (size_t)set->values.memory)
            return INCLOAD_OK;
    }
    return INCLOAD_OK;
}

static int32_t
fail_full(const batch *b, bool alone)
{
    return incload__fail(b->err, INCLOAD_E_STATE,
                         alone
                             ? "it does not fit into the memory of option 'memory': push it in parts, or set more"
                             : "there is no room for it in the memory of option 'memory' beside the events that wait: "
                               "commit them, or set more");
}

static int32_t
push(batch *b)
{
    incload__change_set *set = b->set;

    for (;;) {
        const incload__log_mark mark = incload__log_here(&set->log);
        int64_t fitted = 0;
        int32_t status = add_rows(b, &fitted);
        if (status == INCLOAD_OK && fitted == b->view.rows) {
            b->member->pending += b->pending;
            b->member->done.skipped += b->skipped;
            return INCLOAD_OK;
        }
        incload__log_rewind(&set->log, &mark);
        if (status != INCLOAD_OK)
            return status;
        if (mark.count == 0 || set->values.full != INCLOAD__FULL_COMMIT)
            return fail_full(b, mark.count == 0);
        status = incload__change_set_commit(set, b->err);
        if (status != INCLOAD_OK)
            return status;
    }
}

/* ---- as a whole ---- */

static void
batch_free(batch *b)
{
    const incload__mem *mem = b->set->mem;

    incload__view_free(&b->view);
    incload__array_release(&b->rows);
    incload__schema_free(&b->expected);
    incload__str_free(&b->text);
    incload__free(mem, b->schema.children);
    incload__free(mem, b->array.children);
    incload__free(mem, b->of_column);
    incload__options_free(&incload__changes_batch_options, mem, &b->values);
}

static int32_t
push_batch(const incload_changes *changes, const struct ArrowSchema *schema, const struct ArrowArray *array,
           const char *options, incload_error **err)
{
    const incload__mem *mem = changes->mem;
    batch b = { .set = changes->set,
                .table = changes->table,
                .operation = -1,
                .position = -1,
                .ordinal = -1,
                .text = INCLOAD__STR(mem),
                .err = err };

    if (incload__changes_member(changes, &b.member, err) != INCLOAD_OK)
        return INCLOAD_E_INVALID;
    incload__schema_init(&b.expected, mem);
    int32_t status = incload__options_init(&incload__changes_batch_options, mem, &b.values, err);
    if (status == INCLOAD_OK)
        status = incload__options_parse(&incload__changes_batch_options, mem, &b.values, options, err);
    if (status == INCLOAD_OK)
        status = choose_columns(&b, schema, array);
    if (status == INCLOAD_OK)
        status = read_values(&b);
    if (status == INCLOAD_OK)
        status = push(&b);
    batch_free(&b);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "batch for table %.80s", b.member->given);
}

int32_t
incload_changes_push_batch(incload_changes *changes, struct ArrowSchema *schema, struct ArrowArray *array,
                           const char *options, incload_error **err)
{
    int32_t status = incload__entered_with(err);

    if (status == INCLOAD_OK && (changes == NULL || schema == NULL || array == NULL))
        status = incload__fail(err, INCLOAD_E_INVALID, "changes, schema and rows must not be NULL");
    if (status == INCLOAD_OK)
        status = push_batch(changes, schema, array, options, err);
    if (schema != NULL)
        incload__arrow_schema_release(schema);
    incload__array_release(array);
    return status;
}
