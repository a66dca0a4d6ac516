/* SPDX-License-Identifier: Apache-2.0 */
/* Events on their way out, as messages of Debezium. */
#ifndef INCLOAD_LIB_CDC_DEBEZIUM_OUT_H
#define INCLOAD_LIB_CDC_DEBEZIUM_OUT_H

#include <incload/debezium.h>

#include <stdatomic.h>

#include "cdc/changes.h"
#include "cdc/debezium_field.h"

/* Indexes into the words of the option table: the order is fixed. */
enum { INCLOAD__PARTIAL_REFUSE, INCLOAD__PARTIAL_OMIT };

typedef struct incload__debezium_values {
    char *key; /* list */
    char *name;
    char *database;
    char *connector;
    bool schemas;
    bool tombstones;
    int32_t decimal;
    int32_t time;
    char *unavailable;
    int32_t partial;
} incload__debezium_values;

extern const incload__option_table incload__debezium_options;

/* One image of an event, with its values in the types of the columns. */
typedef struct incload__debezium_row {
    struct ArrowArray array;
    incload__view view;
    bool *present; /* one a column */
    int32_t count; /* of those present */
} incload__debezium_row;

struct incload_debezium {
    atomic_int refs;
    incload_database *source; /* or */
    incload_context *context; /* may be NULL: what the memory belongs to */
    const incload__env *env;
    const incload__mem *mem;
    incload_debezium_fn function;
    void *user_data;
    incload_destroy_fn destroy;
    incload__debezium_values values;
    incload__change_table table; /* its columns and key */
    incload__debezium_field *fields;
    bool *present; /* room for two rows */
    char *topic;
    char *key_head; /* of messages, up to the payload: "" without schemas */
    char *value_head;
    incload__str keys[2];     /* scratch: old and new */
    incload__str messages[2]; /* scratch: of one event */
    const char *header_name;
    const char *header_value;
};

/* debezium_row.c: `row` is all zero before. Columns that the image does not bring are not present. */
int32_t incload__debezium_row_take(incload_debezium *debezium, const incload__image *image, bool *present,
                                   incload__debezium_row *row, incload_error **err);
void incload__debezium_row_free(incload__debezium_row *row);
/* Appends the key as an object; INCLOAD_E_INVALID when it is not whole. */
int32_t incload__debezium_row_key(const incload_debezium *debezium, const incload__debezium_row *row, incload__str *out,
                                  incload_error **err);
bool incload__debezium_row_has_key(const incload_debezium *debezium, const incload__debezium_row *row);
/* Appends the row as an object, of a row that is gone: what is not present is null. */
int32_t incload__debezium_row_before(const incload_debezium *debezium, const incload__debezium_row *row,
                                     incload__str *out, incload_error **err);
/* Of a row that is there: what is not present is that of `old`, if that has it. `whole`: there is no other way. */
int32_t incload__debezium_row_after(const incload_debezium *debezium, const incload__debezium_row *row,
                                    const incload__debezium_row *old, bool whole, incload__str *out,
                                    incload_error **err);

/* debezium_message.c: fills in topic and heads. */
int32_t incload__debezium_heads(incload_debezium *debezium, incload_error **err);

#endif
