/* SPDX-License-Identifier: Apache-2.0 */
/* Writing JSON: members of objects that are flat enough to be written as they come. */
#ifndef INCLOAD_LIB_RUN_JSON_H
#define INCLOAD_LIB_RUN_JSON_H

#include "base/str.h"

/* A string with its quotes; NULL is null. */
void incload__json_text(incload__str *out, const char *text);
/* `"name":` with a comma before it, unless an object or array has just begun. */
void incload__json_name(incload__str *out, const char *name);
void incload__json_member(incload__str *out, const char *name, const char *text);
void incload__json_number(incload__str *out, const char *name, int64_t value);
/* A comma before the next element, unless the array has just begun. */
void incload__json_next(incload__str *out);

#endif
