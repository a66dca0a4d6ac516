/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/relation.h"

#include <string.h>

enum { FIRST_SLOTS = 64 };

typedef struct incload__relation_slot {
    const incload__relation *relation; /* NULL: free */
    bool used;
} relation_slot;

/* One version with its columns and names. */
typedef struct incload__relation_block {
    struct incload__relation_block *next;
    incload__relation relation;
    incload__relation_column columns[];
} relation_block;

typedef struct incload__relation_type {
    struct incload__relation_type *next;
    uint32_t oid;
    const char *schema;
    const char *name;
    char texts[];
} relation_type;

void
incload__relations_init(incload__relations *relations, const incload__mem *mem)
{
    *relations = (incload__relations){ .mem = mem };
}

void
incload__relations_free(incload__relations *relations)
{
    while (relations->blocks != NULL) {
        relation_block *next = relations->blocks->next;
        incload__free(relations->mem, relations->blocks);
        relations->blocks = next;
    }
    while (relations->types != NULL) {
        relation_type *next = relations->types->next;
        incload__free(relations->mem, relations->types);
        relations->types = next;
    }
    incload__free(relations->mem, relations->slots);
    incload__relations_init(relations, relations->mem);
}

/* ---- by oid ---- */

/* Where the relation is, or would be. There is always a free slot. */
static relation_slot *
slot_of(relation_slot *slots, size_t size, uint32_t oid)
{
    size_t at = (size_t)oid * 2654435761u & (size - 1);

    while (slots[at].relation != NULL && slots[at].relation->oid != oid)
        at = (at + 1) & (size - 1);
    return &slots[at];
}

const incload__relation *
incload__relations_find(const incload__relations *relations, uint32_t oid)
{
    return relations->size > 0 ? slot_of(relations->slots, relations->size, oid)->relation : NULL;
}

bool
incload__relations_first_use(incload__relations *relations, uint32_t oid)
{
    relation_slot *slot = relations->size > 0 ? slot_of(relations->slots, relations->size, oid) : NULL;

    if (slot == NULL || slot->relation == NULL || slot->used)
        return false;
    slot->used = true;
    return true;
}

bool
incload__relations_is_unused(const incload__relations *relations, uint32_t oid)
{
    return relations->size == 0 || !slot_of(relations->slots, relations->size, oid)->used;
}

/* At most half full. */
static bool
make_room(incload__relations *relations)
{
    if (relations->count * 2 < relations->size)
        return true;
    size_t size = relations->size == 0 ? FIRST_SLOTS : relations->size * 2;
    relation_slot *slots = incload__alloc_array(relations->mem, size, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < relations->size; i++) {
        const incload__relation *relation = relations->slots[i].relation;
        if (relation != NULL)
            *slot_of(slots, size, relation->oid) = relations->slots[i];
    }
    incload__free(relations->mem, relations->slots);
    relations->slots = slots;
    relations->size = size;
    return true;
}

/* ---- versions ---- */

/* The schema that the server leaves empty. */
static const char *
schema_of(const incload__pgoutput_message *message)
{
    return message->schema.length > 0 ? message->schema.data : "pg_catalog";
}

static bool
same_column(const incload__relation_column *a, incload__pg_column b)
{
    return a->key == b.key && a->type == b.type && a->typmod == b.typmod && strcmp(a->name, b.name.data) == 0;
}

static bool
tells_the_same(const incload__relation *known, const incload__pgoutput_message *message)
{
    size_t at = 0;

    if (known->count != message->count || known->identity != message->identity
        || strcmp(known->name, message->name.data) != 0 || strcmp(known->schema, schema_of(message)) != 0)
        return false;
    for (int32_t i = 0; i < known->count; i++) {
        if (!same_column(&known->columns[i], incload__pgoutput_column(message, &at)))
            return false;
    }
    return true;
}

static const char *
copy_text(char **to, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = memcpy(*to, text, size);

    *to += size;
    return copy;
}

static size_t
size_of_texts(const incload__pgoutput_message *message)
{
    size_t size = strlen(schema_of(message)) + message->name.length + 2;
    size_t at = 0;

    for (int32_t i = 0; i < message->count; i++)
        size += incload__pgoutput_column(message, &at).name.length + 1;
    return size;
}

static relation_block *
new_version(const incload__mem *mem, const incload__pgoutput_message *message)
{
    size_t columns = (size_t)message->count * sizeof(incload__relation_column);
    relation_block *block = incload__alloc(mem, sizeof *block + columns + size_of_texts(message));
    size_t at = 0;

    if (block == NULL)
        return NULL;
    char *texts = (char *)block->columns + columns;
    block->relation = (incload__relation){
        .oid = message->oid,
        .version = 1,
        .schema = copy_text(&texts, schema_of(message)),
        .name = copy_text(&texts, message->name.data),
        .identity = message->identity,
        .count = message->count,
        .columns = block->columns,
    };
    for (int32_t i = 0; i < message->count; i++) {
        incload__pg_column column = incload__pgoutput_column(message, &at);
        block->columns[i] = (incload__relation_column){
            .name = copy_text(&texts, column.name.data),
            .type = column.type,
            .typmod = column.typmod,
            .key = column.key,
        };
    }
    return block;
}

static int32_t
take_relation(incload__relations *relations, const incload__pgoutput_message *message, const incload__relation **out,
              incload_error **err)
{
    const incload__relation *known = incload__relations_find(relations, message->oid);

    if (known != NULL && tells_the_same(known, message))
        return INCLOAD_OK;
    if (!make_room(relations))
        return incload__fail_memory(err);
    relation_block *block = new_version(relations->mem, message);
    if (block == NULL)
        return incload__fail_memory(err);
    if (known != NULL) {
        block->relation.version = known->version + 1;
        block->relation.before = known;
    }
    block->next = relations->blocks;
    relations->blocks = block;
    *slot_of(relations->slots, relations->size, message->oid) = (relation_slot){ &block->relation, false };
    relations->count += known == NULL;
    *out = &block->relation;
    return INCLOAD_OK;
}

/* ---- types ---- */

static relation_type **
type_at(incload__relations *relations, uint32_t oid)
{
    relation_type **at = &relations->types;

    while (*at != NULL && (*at)->oid != oid)
        at = &(*at)->next;
    return at;
}

/* Names serve messages alone: the newest is enough. */
static int32_t
take_type(incload__relations *relations, const incload__pgoutput_message *message, incload_error **err)
{
    size_t size = sizeof(relation_type) + strlen(schema_of(message)) + message->name.length + 2;
    relation_type **at = type_at(relations, message->oid);

    if (*at != NULL && strcmp((*at)->schema, schema_of(message)) == 0 && strcmp((*at)->name, message->name.data) == 0)
        return INCLOAD_OK;
    relation_type *type = incload__alloc(relations->mem, size);
    if (type == NULL)
        return incload__fail_memory(err);
    char *texts = type->texts;
    type->oid = message->oid;
    type->schema = copy_text(&texts, schema_of(message));
    type->name = copy_text(&texts, message->name.data);
    relation_type *old = *at;
    type->next = old != NULL ? old->next : NULL;
    *at = type;
    incload__free(relations->mem, old);
    return INCLOAD_OK;
}

int32_t
incload__relations_take(incload__relations *relations, const incload__pgoutput_message *message,
                        const incload__relation **out, incload_error **err)
{
    *out = NULL;
    return message->kind == INCLOAD__PG_RELATION ? take_relation(relations, message, out, err)
                                                 : take_type(relations, message, err);
}

/* Those that tables are commonly made of. */
static const struct {
    uint32_t oid;
    const char *name;
} built_in[] = {
    { 16, "bool" },       { 17, "bytea" },    { 20, "int8" },      { 21, "int2" },        { 23, "int4" },
    { 25, "text" },       { 114, "json" },    { 700, "float4" },   { 701, "float8" },     { 1042, "bpchar" },
    { 1043, "varchar" },  { 1082, "date" },   { 1083, "time" },    { 1114, "timestamp" }, { 1184, "timestamptz" },
    { 1186, "interval" }, { 1266, "timetz" }, { 1700, "numeric" }, { 2950, "uuid" },      { 3802, "jsonb" },
    { 869, "inet" },      { 1560, "bit" },    { 1562, "varbit" },  { 1007, "int4[]" },    { 1009, "text[]" },
    { 1016, "int8[]" },
};

void
incload__relations_print_type(const incload__relations *relations, uint32_t type, incload__str *out)
{
    for (size_t i = 0; i < sizeof built_in / sizeof built_in[0]; i++) {
        if (built_in[i].oid == type) {
            incload__str_add(out, built_in[i].name);
            return;
        }
    }
    const relation_type *own = relations->types;
    while (own != NULL && own->oid != type)
        own = own->next;
    if (own != NULL)
        incload__str_addf(out, "%s.%s", own->schema, own->name);
    else
        incload__str_addf(out, "type %u", type);
}
