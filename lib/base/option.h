/* SPDX-License-Identifier: Apache-2.0 */
/* One table per configurable object drives parsing, validation, introspection and the generated reference. Values live
 * in a plain struct of the object; the table says at which offset. */
#ifndef INCLOAD_LIB_BASE_OPTION_H
#define INCLOAD_LIB_BASE_OPTION_H

#include <incload/option.h>

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

typedef struct incload__option {
    const char *name;
    int32_t type;             /* INCLOAD_OPTION_... */
    size_t offset; /* of a char * (TEXT, LIST), int64_t (INTEGER, DURATION), bool, or int32_t index (CHOICE) */
    const char *default_text; /* "" for a text that is NULL when unset */
    int64_t minimum;
    int64_t maximum;
    const char *unit;
    const char *choices; /* words with spaces between */
    const char *since;
    const char *description;
} incload__option;

typedef struct incload__option_table {
    const char *object;
    const incload__option *options;
    int32_t count;
} incload__option_table;

#define INCLOAD__OPTION_TABLE(object_name, array)                                                                     \
    { .object = (object_name), .options = (array), .count = (int32_t)(sizeof(array) / sizeof((array)[0])) }

/* The tables of all objects, for introspection: defined by run/, the top of the house. */
extern const incload__option_table *const incload__option_tables[];
extern const int32_t incload__option_table_count;

/* Puts the defaults into `values` (zeroed before). */
int32_t incload__options_init(const incload__option_table *table, const incload__mem *mem, void *values,
                              incload_error **err);
void incload__options_free(const incload__option_table *table, const incload__mem *mem, void *values);
int32_t incload__options_set(const incload__option_table *table, const incload__mem *mem, void *values,
                             const char *name, const char *value, incload_error **err);
/* `key=value key='a value' ...` as in libpq: single quotes around a value, backslash before a quote or backslash.
 * NULL and "" set nothing. */
int32_t incload__options_parse(const incload__option_table *table, const incload__mem *mem, void *values,
                               const char *text, incload_error **err);
/* ` name=value` as incload__options_parse() reads it back, between quotes where these are needed; nothing for NULL. */
void incload__options_add(incload__str *out, const char *name, const char *value);
/* The value as text, appended; false for an unknown name. */
bool incload__options_get(const incload__option_table *table, const void *values, const char *name, incload__str *out);

/* ---- lists: "id, \"odd, name\", other:renamed" ---- */

typedef struct incload__list_item {
    char *name;
    char *alias; /* behind a colon, or NULL */
} incload__list_item;

typedef struct incload__list {
    const incload__mem *mem;
    incload__list_item *items;
    int32_t count;
} incload__list;

/* NULL or "" is an empty list. `what` names the option in messages. */
int32_t incload__list_parse(const incload__mem *mem, const char *what, const char *text, incload__list *out,
                            incload_error **err);
void incload__list_free(incload__list *list);

#endif
