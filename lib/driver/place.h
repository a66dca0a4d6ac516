/* SPDX-License-Identifier: Apache-2.0 */
/* Where a database is, for people and their catalogues: told from its url, without user, password and options. */
#ifndef INCLOAD_LIB_DRIVER_PLACE_H
#define INCLOAD_LIB_DRIVER_PLACE_H

#include <stdbool.h>

#include "base/str.h"

/* As OpenLineage names it: `space` becomes postgres://host:5432, mysql://host:3306, sqlite:/the/file.db, odbc://name or
 * mock; `base` the database's name that goes before those of its tables, or nothing. */
void incload__url_place(const char *url, incload__str *space, incload__str *base);

#endif
