/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of Debezium: the envelope, and the images in it. */
#include "cdc/debezium.h"

#include <string.h>

#include "cdc/changes.h"

/* A payload with its schema, NULL where it came without. */
typedef struct message {
    json_t *whole;
    const json_t *payload;
    const json_t *schema;
} message;

/* One row on its way to incload__change_set_push(). */
typedef struct images {
    const incload__change_member *member;
    bool keys_only; /* the other columns do not count, whatever is in them */
    incload__debezium_modes modes;
    incload__str text;
    const char **names;
    const char **values;
    size_t *lengths;
    int32_t count;
    int32_t capacity;
} images;

/* ---- the envelope ---- */

static int32_t
fail_place(incload_error **err, const char *place, const char *what)
{
    return incload__fail(err, INCLOAD_E_INVALID, "%s: %s", place, what);
}

static int32_t
parse(const char *text, const char *which, message *out, incload_error **err)
{
    json_error_t error;

    *out = (message){ .whole = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error) };
    if (out->whole == NULL && json_error_code(&error) == json_error_out_of_memory)
        return incload__fail_memory(err);
    /* The parser's own words would show data. */
    if (out->whole == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the message's %s is no JSON: line %d, column %d", which,
                             error.line, error.column);
    out->payload = json_object_get(out->whole, "payload");
    out->schema = json_object_get(out->whole, "schema");
    if (out->payload != NULL && out->schema != NULL && json_object_size(out->whole) == 2)
        return INCLOAD_OK;
    out->payload = out->whole;
    out->schema = NULL;
    return INCLOAD_OK;
}

/* Of a structure's schema that of one field, or NULL. */
static const json_t *
field_of(const json_t *schema, const char *name)
{
    const json_t *fields = json_object_get(schema, "fields");

    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *field = json_array_get(fields, i);
        const char *found = json_string_value(json_object_get(field, "field"));
        if (found != NULL && strcmp(found, name) == 0)
            return field;
    }
    return NULL;
}

static int32_t
operation_of(const json_t *payload, int32_t *out, incload_error **err)
{
    static const struct {
        const char *op;
        int32_t operation;
    } operations[] = {
        { "c", INCLOAD_CHANGE_INSERT }, { "u", INCLOAD_CHANGE_UPDATE },   { "d", INCLOAD_CHANGE_DELETE },
        { "r", INCLOAD_CHANGE_READ },   { "t", INCLOAD_CHANGE_TRUNCATE }, { "m", INCLOAD_CHANGE_TOMBSTONE },
    };
    const char *op = json_string_value(json_object_get(payload, "op"));

    for (size_t i = 0; op != NULL && i < sizeof operations / sizeof operations[0]; i++) {
        if (strcmp(operations[i].op, op) == 0) {
            *out = operations[i].operation;
            return INCLOAD_OK;
        }
    }
    if (op != NULL)
        return fail_place(err, "payload.op", "this is none of c, u, d, r, t and m");
    return fail_place(err, "payload.op",
                      "it is missing, so this is no change event of Debezium: send messages as they come from the "
                      "connector, without the transformation that unwraps them");
}

/* ---- images ---- */

static bool
make_room(images *row)
{
    const incload__mem *mem = row->member->table.mem;
    int32_t capacity = row->capacity * 2 + 16;

    if (row->count < row->capacity)
        return true;
    const char **names = incload__realloc(mem, row->names, (size_t)capacity * sizeof *names);
    if (names != NULL)
        row->names = names;
    const char **values = incload__realloc(mem, row->values, (size_t)capacity * sizeof *values);
    if (values != NULL)
        row->values = values;
    size_t *lengths = incload__realloc(mem, row->lengths, (size_t)capacity * sizeof *lengths);
    if (lengths != NULL)
        row->lengths = lengths;
    if (names == NULL || values == NULL || lengths == NULL)
        return false;
    row->capacity = capacity;
    return true;
}

/* Columns that the target does not have are told by name alone: what is to be done about them is decided later. */
static int32_t
add_value(images *row, const char *name, const json_t *value, const json_t *schema, const char *place,
          incload_error **err)
{
    const incload__schema *columns = &row->member->table.columns;
    int32_t at = incload__schema_find(columns, name);
    incload__debezium_state state = INCLOAD__DEBEZIUM_NULL;
    size_t before = row->text.length;
    int32_t status = INCLOAD_OK;

    if (row->keys_only && (at < 0 || incload__change_key_at(&row->member->table, at) < 0))
        return INCLOAD_OK;
    if (at >= 0)
        status = incload__debezium_value(value, field_of(schema, name), columns->columns[at].type, &row->modes,
                                         &row->text, &state, err);
    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "%s.%.64s", place, name);
    if (state == INCLOAD__DEBEZIUM_ABSENT)
        return INCLOAD_OK;
    if (!make_room(row))
        return incload__fail_memory(err);
    row->names[row->count] = name;
    /* Texts move as they grow: where each begins is known at the end. */
    row->lengths[row->count] = state == INCLOAD__DEBEZIUM_NULL ? SIZE_MAX : row->text.length - before;
    row->count++;
    return INCLOAD_OK;
}

static int32_t
add_image(images *row, const json_t *image, const json_t *schema, const char *place, incload_error **err)
{
    const char *name;
    json_t *value;

    if (!json_is_object(image))
        return fail_place(err, place, "the row must be an object with its columns");
    json_object_foreach((json_t *)(uintptr_t)image, name, value)
    {
        int32_t status = add_value(row, name, value, schema, place, err);
        if (status != INCLOAD_OK)
            return status;
    }
    return INCLOAD_OK;
}

static bool
has_name(const images *row, const char *name)
{
    for (int32_t i = 0; i < row->count; i++) {
        if (strcmp(row->names[i], name) == 0)
            return true;
    }
    return false;
}

/* The key's columns that the row does not bring. */
static int32_t
add_key(images *row, const message *key, incload_error **err)
{
    const incload__change_table *table = &row->member->table;

    for (int32_t i = 0; key->whole != NULL && i < table->key_count; i++) {
        const char *name = table->columns.columns[table->key[i]].name;
        const json_t *value = json_object_get(key->payload, name);
        if (value == NULL || has_name(row, name))
            continue;
        int32_t status = add_value(row, name, value, key->schema, "the key's payload", err);
        if (status != INCLOAD_OK)
            return status;
    }
    return INCLOAD_OK;
}

static int32_t
finish_image(images *row, incload__image *out, incload_error **err)
{
    const char *at = incload__str_text(&row->text);

    if (at == NULL)
        return incload__fail_memory(err);
    for (int32_t i = 0; i < row->count; i++) {
        bool null = row->lengths[i] == SIZE_MAX;
        row->values[i] = null ? NULL : at;
        at += null ? 0 : row->lengths[i];
    }
    *out = (incload__image){ row->names, row->values, row->lengths, row->count };
    return INCLOAD_OK;
}

static void
images_init(images *row, const incload__change_member *member, bool keys_only)
{
    const incload__changes_values *values = &member->values;

    *row = (images){ .member = member,
                     .keys_only = keys_only,
                     .modes = { values->debezium_decimal, values->debezium_time, values->debezium_unavailable,
                                member->unavailable_bytes },
                     .text = INCLOAD__STR(member->table.mem) };
}

static void
images_free(images *row)
{
    const incload__mem *mem = row->member->table.mem;

    incload__str_free(&row->text);
    incload__free(mem, row->names);
    incload__free(mem, row->values);
    incload__free(mem, row->lengths);
}

/* ---- messages ---- */

/* The row before an update tells of a change of its key, where the source tells the row before at all. */
static bool
brings_key(const incload__change_member *member, const json_t *image)
{
    if (!json_is_object(image))
        return false;
    for (int32_t i = 0; i < member->table.key_count; i++) {
        const json_t *value = json_object_get(image, member->table.columns.columns[member->table.key[i]].name);
        if (value == NULL || json_is_null(value))
            return false;
    }
    return true;
}

static int32_t
push_row(const incload_changes *changes, int32_t operation, const message *key, const message *value,
         incload__place place, incload_error **err)
{
    const incload__change_member *member = changes->set->tables[changes->table];
    const json_t *before = json_object_get(value->payload, "before");
    const json_t *after = json_object_get(value->payload, "after");
    bool deletes = operation == INCLOAD_CHANGE_DELETE;
    bool keyed = !deletes && operation == INCLOAD_CHANGE_UPDATE && brings_key(member, before);
    const json_t *image = deletes ? before : after;
    images row, old;
    incload__image new_image = { .count = 0 }, old_image = { .count = 0 };
    int32_t status = INCLOAD_OK;

    images_init(&row, member, deletes && member->table.key_count > 0);
    images_init(&old, member, member->table.key_count > 0);
    if (!deletes || brings_key(member, before))
        status = add_image(&row, image, field_of(value->schema, deletes ? "before" : "after"),
                           deletes ? "payload.before" : "payload.after", err);
    if (status == INCLOAD_OK)
        status = add_key(&row, key, err);
    if (status == INCLOAD_OK)
        status = finish_image(&row, &new_image, err);
    if (status == INCLOAD_OK && keyed)
        status = add_image(&old, before, field_of(value->schema, "before"), "payload.before", err);
    if (status == INCLOAD_OK && keyed)
        status = finish_image(&old, &old_image, err);
    if (status == INCLOAD_OK)
        status = incload__change_set_push(changes->set, changes->table, operation, keyed ? &old_image : NULL,
                                          &new_image, place, err);
    images_free(&row);
    images_free(&old);
    return status;
}

static int32_t
push_message(const incload_changes *changes, const message *key, const message *value, incload__place place,
             incload_error **err)
{
    int32_t operation = INCLOAD_CHANGE_TOMBSTONE;
    int32_t status = INCLOAD_OK;

    if (!json_is_null(value->payload) && !json_is_object(value->payload))
        return fail_place(err, "payload", "it must be an object, or null");
    if (!json_is_null(value->payload))
        status = operation_of(value->payload, &operation, err);
    if (status != INCLOAD_OK)
        return status;
    if (operation != INCLOAD_CHANGE_TRUNCATE && operation != INCLOAD_CHANGE_TOMBSTONE)
        return push_row(changes, operation, key, value, place, err);
    return incload__change_set_push(changes->set, changes->table, operation, NULL, NULL, place, err);
}

int32_t
incload_changes_push_debezium(incload_changes *changes, const char *key, const char *value, uint64_t position,
                              uint64_t ordinal, incload_error **err)
{
    message parsed_key = { .whole = NULL }, parsed = { .whole = NULL };
    incload__change_member *member = NULL;

    INCLOAD_ENTER(err);
    if (incload__changes_member(changes, &member, err) != INCLOAD_OK)
        return INCLOAD_E_INVALID;
    int32_t status = parse(value != NULL ? value : "null", "value", &parsed, err);
    if (status == INCLOAD_OK && key != NULL)
        status = parse(key, "key", &parsed_key, err);
    if (status == INCLOAD_OK)
        status = push_message(changes, &parsed_key, &parsed, (incload__place){ position, ordinal }, err);
    json_decref(parsed.whole);
    json_decref(parsed_key.whole);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "Debezium's message for %.80s", member->given);
}
