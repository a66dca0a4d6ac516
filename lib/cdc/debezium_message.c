/* SPDX-License-Identifier: Apache-2.0 */
/* Debezium's messages: the schemas before the payload, the envelope around the rows, and which messages an event is. */
#include <string.h>

#include "batch/builder.h"
#include "cdc/debezium_out.h"
#include "cdc/encoding.h"

/* ---- topic and schemas ---- */

static void
add_text(const char *text, incload__str *out)
{
    incload__json_string(text, strlen(text), out);
}

static void
add_topic_name(const incload_debezium *debezium, const char *kind, incload__str *out)
{
    incload__str name = INCLOAD__STR(debezium->mem);

    incload__str_addf(&name, "%s.%s", debezium->topic, kind);
    if (name.failed)
        out->failed = true;
    else
        add_text(incload__str_text(&name), out);
    incload__str_free(&name);
}

static void
add_key_schema(const incload_debezium *debezium, incload__str *out)
{
    const incload__change_table *table = &debezium->table;

    incload__str_add(out, "{\"schema\":{\"type\":\"struct\",\"fields\":[");
    for (int32_t i = 0; i < table->key_count; i++) {
        incload__str_add(out, i > 0 ? "," : "");
        incload__debezium_field_schema(&debezium->fields[table->key[i]], &table->columns.columns[table->key[i]], false,
                                       out);
    }
    incload__str_add(out, "],\"optional\":false,\"name\":");
    add_topic_name(debezium, "Key", out);
    incload__str_add(out, "},\"payload\":");
}

static void
add_row_schema(const incload_debezium *debezium, const char *field, incload__str *out)
{
    const incload__change_table *table = &debezium->table;

    incload__str_add(out, "{\"type\":\"struct\",\"fields\":[");
    for (int32_t i = 0; i < table->columns.count; i++) {
        /* Of rows that are gone some sources tell the key alone. */
        bool optional = incload__change_key_at(table, i) < 0;
        incload__str_add(out, i > 0 ? "," : "");
        incload__debezium_field_schema(&debezium->fields[i], &table->columns.columns[i], optional, out);
    }
    incload__str_add(out, "],\"optional\":true,\"name\":");
    add_topic_name(debezium, "Value", out);
    incload__str_addf(out, ",\"field\":\"%s\"},", field);
}

typedef struct fact {
    const char *type;
    const char *field;
    bool optional;
} fact;

static void
add_facts(const fact *facts, size_t count, incload__str *out)
{
    for (size_t i = 0; i < count; i++)
        incload__str_addf(out, "%s{\"type\":\"%s\",\"optional\":%s,\"field\":\"%s\"}", i > 0 ? "," : "", facts[i].type,
                          facts[i].optional ? "true" : "false", facts[i].field);
}

static void
add_source_schema(const incload_debezium *debezium, incload__str *out)
{
    static const fact facts[] = {
        { "string", "version", false }, { "string", "connector", false }, { "string", "name", false },
        { "string", "db", false },      { "string", "sequence", true },   { "int64", "ts_ms", false },
        { "int64", "ts_us", true },     { "int64", "ts_ns", true },       { "string", "schema", true },
        { "string", "table", false },
    };
    static const char snapshot[] = ",{\"type\":\"string\",\"optional\":true,\"name\":\"io.debezium.data.Enum\","
                                   "\"version\":1,\"parameters\":{\"allowed\":\"true,last,false,incremental\"},"
                                   "\"default\":\"false\",\"field\":\"snapshot\"}";
    incload__str name = INCLOAD__STR(debezium->mem);

    incload__str_add(out, "{\"type\":\"struct\",\"fields\":[");
    add_facts(facts, sizeof facts / sizeof facts[0], out);
    incload__str_add(out, snapshot);
    incload__str_add(out, "],\"optional\":false,\"name\":");
    incload__str_addf(&name, "io.debezium.connector.%s.Source", debezium->values.connector);
    add_text(name.failed ? "" : incload__str_text(&name), out);
    out->failed = out->failed || name.failed;
    incload__str_free(&name);
    incload__str_add(out, ",\"version\":1,\"field\":\"source\"},");
}

static void
add_value_schema(const incload_debezium *debezium, incload__str *out)
{
    static const fact facts[] = {
        { "string", "op", false }, { "int64", "ts_ms", true }, { "int64", "ts_us", true }, { "int64", "ts_ns", true }
    };

    incload__str_add(out, "{\"schema\":{\"type\":\"struct\",\"fields\":[");
    add_row_schema(debezium, "before", out);
    add_row_schema(debezium, "after", out);
    add_source_schema(debezium, out);
    add_facts(facts, sizeof facts / sizeof facts[0], out);
    incload__str_add(out, "],\"optional\":false,\"name\":");
    add_topic_name(debezium, "Envelope", out);
    incload__str_add(out, ",\"version\":1},\"payload\":");
}

int32_t
incload__debezium_heads(incload_debezium *debezium, incload_error **err)
{
    const incload__table *name = &debezium->table.name;
    incload__str text = INCLOAD__STR(debezium->mem);

    incload__str_addf(&text, "%s.%s%s%s", debezium->values.name, name->schema != NULL ? name->schema : "",
                      name->schema != NULL ? "." : "", name->name);
    debezium->topic = incload__str_take(&text);
    if (debezium->topic == NULL)
        return incload__fail_memory(err);
    if (debezium->values.schemas)
        add_key_schema(debezium, &text);
    debezium->key_head = incload__str_take(&text);
    if (debezium->values.schemas)
        add_value_schema(debezium, &text);
    debezium->value_head = incload__str_take(&text);
    incload__str_free(&text);
    return debezium->key_head != NULL && debezium->value_head != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

/* ---- one event ---- */

typedef struct event {
    incload_debezium *debezium;
    int32_t operation;
    incload__place place;
    int64_t committed_us;
    int64_t now_us;
    incload__debezium_row row;
    incload__debezium_row old;
    bool has_old;
    incload_error **err;
} event;

/* What each operation is called, and whether it has a row. */
static const struct {
    const char *op;
    bool row;
} operations[] = {
    [INCLOAD_CHANGE_INSERT] = { "c", true }, [INCLOAD_CHANGE_UPDATE] = { "u", true },
    [INCLOAD_CHANGE_DELETE] = { "d", true }, [INCLOAD_CHANGE_TRUNCATE] = { "t", false },
    [INCLOAD_CHANGE_READ] = { "r", true },   [INCLOAD_CHANGE_TOMBSTONE] = { "", true },
};

static void
add_times(int64_t us, incload__str *out)
{
    int64_t ms = us / 1000 - (us % 1000 < 0), ns = 0;

    incload__str_addf(out, "\"ts_ms\":%lld,\"ts_us\":%lld,\"ts_ns\":", (long long)ms, (long long)us);
    if (__builtin_mul_overflow(us, 1000, &ns))
        incload__str_add(out, "null");
    else
        incload__str_addf(out, "%lld", (long long)ns);
}

static void
add_source(const event *e, incload__str *out)
{
    const incload__debezium_values *values = &e->debezium->values;
    const incload__table *name = &e->debezium->table.name;

    incload__str_add(out, "\"source\":{\"version\":\"" INCLOAD_VERSION "\",\"connector\":");
    add_text(values->connector, out);
    incload__str_add(out, ",\"name\":");
    add_text(values->name, out);
    incload__str_addf(out, ",\"snapshot\":\"%s\",\"db\":", e->operation == INCLOAD_CHANGE_READ ? "true" : "false");
    add_text(values->database != NULL ? values->database : "", out);
    /* Text, since these have all 64 bits, and numbers of Kafka Connect a sign. */
    if (incload__place_is_told(e->place))
        incload__str_addf(out, ",\"sequence\":\"[\\\"%llu\\\",\\\"%llu\\\"]\",", (unsigned long long)e->place.major,
                          (unsigned long long)e->place.minor);
    else
        incload__str_add(out, ",\"sequence\":null,");
    add_times(e->committed_us, out);
    incload__str_add(out, ",\"schema\":");
    if (name->schema != NULL)
        add_text(name->schema, out);
    else
        incload__str_add(out, "null");
    incload__str_add(out, ",\"table\":");
    add_text(name->name, out);
    incload__str_add(out, "},");
}

static void
add_tail(const event *e, const char *op, incload__str *out)
{
    incload__str_add_char(out, ',');
    add_source(e, out);
    incload__str_addf(out, "\"op\":\"%s\",", op);
    add_times(e->now_us, out);
    incload__str_add(out, e->debezium->values.schemas ? "}}" : "}");
}

/* A message with its rows, each NULL for none; what is not in `after` is that of the row before. */
static int32_t
write_value(const event *e, const char *op, const incload__debezium_row *before, const incload__debezium_row *after,
            bool whole, incload__str *out)
{
    int32_t status = INCLOAD_OK;

    incload__str_clear(out);
    incload__str_add(out, e->debezium->value_head);
    incload__str_add(out, "{\"before\":");
    if (before == NULL)
        incload__str_add(out, "null");
    else
        status = incload__debezium_row_before(e->debezium, before, out, e->err);
    incload__str_add(out, ",\"after\":");
    if (status == INCLOAD_OK && after == NULL)
        incload__str_add(out, "null");
    else if (status == INCLOAD_OK)
        status = incload__debezium_row_after(e->debezium, after, e->has_old ? &e->old : NULL, whole, out, e->err);
    add_tail(e, op, out);
    return status == INCLOAD_OK && out->failed ? incload__fail_memory(e->err) : status;
}

static int32_t
write_key(const event *e, const incload__debezium_row *row, incload__str *out)
{
    incload__str_clear(out);
    if (e->debezium->table.key_count == 0)
        return INCLOAD_OK;
    incload__str_add(out, e->debezium->key_head);
    int32_t status = incload__debezium_row_key(e->debezium, row, out, e->err);
    incload__str_add(out, e->debezium->values.schemas ? "}" : "");
    return status == INCLOAD_OK && out->failed ? incload__fail_memory(e->err) : status;
}

/* ---- handing messages over ---- */

static int32_t
hand_over(const event *e, const incload__str *key, const incload__str *value)
{
    incload_debezium *debezium = e->debezium;
    const char *key_text = key != NULL && key->length > 0 ? key->data : NULL;

    int32_t answer =
        debezium->function(key_text, key_text != NULL ? key->length : 0, value != NULL ? value->data : NULL,
                           value != NULL ? value->length : 0, debezium->user_data);
    if (answer == INCLOAD_DONE)
        return INCLOAD_OK;
    return incload__fail(e->err, INCLOAD_E_CALLBACK,
                         "the function that takes the messages returned %d where INCLOAD_DONE says that it has one",
                         (int)answer);
}

static int32_t
hand_tombstone(const event *e, const incload__str *key)
{
    return e->debezium->values.tombstones && key->length > 0 ? hand_over(e, key, NULL) : INCLOAD_OK;
}

static int32_t
hand_moved(const event *e)
{
    incload_debezium *debezium = e->debezium;
    incload__str *keys = debezium->keys, *messages = debezium->messages;
    int32_t status = write_value(e, "d", &e->old, NULL, false, &messages[0]);

    if (status == INCLOAD_OK)
        status = write_value(e, "c", NULL, &e->row, true, &messages[1]);
    if (status != INCLOAD_OK)
        return status;
    debezium->header_name = "__debezium.newkey";
    debezium->header_value = keys[1].data;
    status = hand_over(e, &keys[0], &messages[0]);
    debezium->header_name = NULL;
    debezium->header_value = NULL;
    if (status == INCLOAD_OK)
        status = hand_tombstone(e, &keys[0]);
    debezium->header_name = "__debezium.oldkey";
    debezium->header_value = keys[0].data;
    if (status == INCLOAD_OK)
        status = hand_over(e, &keys[1], &messages[1]);
    debezium->header_name = NULL;
    debezium->header_value = NULL;
    return status;
}

static int32_t
hand_row(const event *e)
{
    incload_debezium *debezium = e->debezium;
    bool deleted = e->operation == INCLOAD_CHANGE_DELETE;
    bool old_is_whole = e->has_old && e->old.count == debezium->table.columns.count;
    const incload__debezium_row *before = deleted ? &e->row : old_is_whole ? &e->old : NULL;
    const incload__str *key = &debezium->keys[1];

    if (e->operation == INCLOAD_CHANGE_TOMBSTONE)
        return key->length > 0 ? hand_over(e, key, NULL) : INCLOAD_OK;
    int32_t status =
        write_value(e, operations[e->operation].op, before, deleted ? NULL : &e->row, false, &debezium->messages[0]);
    if (status == INCLOAD_OK)
        status = hand_over(e, key, &debezium->messages[0]);
    return status == INCLOAD_OK && deleted ? hand_tombstone(e, key) : status;
}

static int32_t
hand_truncate(const event *e)
{
    int32_t status = write_value(e, "t", NULL, NULL, false, &e->debezium->messages[0]);

    return status == INCLOAD_OK ? hand_over(e, NULL, &e->debezium->messages[0]) : status;
}

/* ---- the public face ---- */

static bool
is_moved(const event *e)
{
    const incload__str *keys = e->debezium->keys;

    return keys[0].length > 0
           && (keys[0].length != keys[1].length || memcmp(keys[0].data, keys[1].data, keys[0].length) != 0);
}

static int32_t
write_event(event *e, const incload__image *old, const incload__image *row)
{
    incload_debezium *debezium = e->debezium;
    int32_t status = INCLOAD_OK;

    incload__str_clear(&debezium->keys[0]);
    if (!operations[e->operation].row)
        return hand_truncate(e);
    status = incload__debezium_row_take(debezium, row, debezium->present, &e->row, e->err);
    if (status == INCLOAD_OK)
        status = write_key(e, &e->row, &debezium->keys[1]);
    e->has_old = old->count > 0 && e->operation == INCLOAD_CHANGE_UPDATE;
    if (status == INCLOAD_OK && e->has_old)
        status = incload__debezium_row_take(debezium, old, debezium->present + debezium->table.columns.count, &e->old,
                                            e->err);
    if (status == INCLOAD_OK && e->has_old && incload__debezium_row_has_key(debezium, &e->old))
        status = write_key(e, &e->old, &debezium->keys[0]);
    if (status != INCLOAD_OK)
        return status;
    return is_moved(e) ? hand_moved(e) : hand_row(e);
}

static bool
is_image(const char *const *names, const char *const *values, int32_t count)
{
    return count == 0 || (count > 0 && names != NULL && values != NULL);
}

int32_t
incload_debezium_write(incload_debezium *debezium, int32_t operation, const char *const *old_names,
                       const char *const *old_values, int32_t old_count, const char *const *names,
                       const char *const *values, int32_t count, uint64_t position, uint64_t ordinal,
                       int64_t committed_us, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (debezium == NULL || !is_image(old_names, old_values, old_count) || !is_image(names, values, count))
        return incload__fail(err, INCLOAD_E_INVALID, "the writer, names and values must not be NULL");
    if (operation < 1 || operation >= (int32_t)(sizeof operations / sizeof operations[0]))
        return incload__fail(err, INCLOAD_E_INVALID, "%d is no operation: take one of INCLOAD_CHANGE_...",
                             (int)operation);
    incload__image old = { old_names, old_values, NULL, old_count }, row = { names, values, NULL, count };
    int64_t now = incload__wall_us(debezium->env);
    event e = { .debezium = debezium,
                .operation = operation,
                .place = { position, ordinal },
                .committed_us = committed_us != 0 ? committed_us : now,
                .now_us = now,
                .err = err };

    int32_t status = write_event(&e, &old, &row);
    incload__debezium_row_free(&e.row);
    incload__debezium_row_free(&e.old);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "Debezium's message of %.80s", debezium->topic);
}
