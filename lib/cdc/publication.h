/* SPDX-License-Identifier: Apache-2.0 */
/* A publication of the source: which tables' changes it sends. */
#ifndef INCLOAD_LIB_CDC_PUBLICATION_H
#define INCLOAD_LIB_CDC_PUBLICATION_H

#include "driver/driver.h"

typedef struct incload__publication {
    bool exists;
    bool whole;         /* of all tables of the database */
    incload__rows rows; /* its tables: schema, table, ... in their order */
} incload__publication;

int32_t incload__publication_look(incload__conn *conn, const char *name, incload__publication *out,
                                  incload_error **err);
void incload__publication_free(incload__publication *publication);
/* Index of a table, or -1; `schema` NULL: of any, or -2 when several have one. */
int64_t incload__publication_find(const incload__publication *publication, const char *schema, const char *table);
/* INCLOAD_E_CONSTRAINT when it publishes updates or deletes of a table whose rows cannot be told: the source's own
 * writers would be refused them. */
int32_t incload__publication_check(const incload__publication *publication, const char *name, incload_error **err);
/* Makes it, of these tables; none: of all. Nothing is made when it cannot be right. INCLOAD_E_EXISTS when another was
 * first. */
int32_t incload__publication_make(incload__conn *conn, const char *name, const incload__table *tables, int32_t count,
                                  incload_error **err);

#endif
