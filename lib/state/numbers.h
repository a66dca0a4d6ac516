/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of whole numbers of our own in a statement's text. */
#ifndef INCLOAD_LIB_STATE_NUMBERS_H
#define INCLOAD_LIB_STATE_NUMBERS_H

#include "state/args.h"

void incload__numbers_add(incload__str *out, int64_t number);
/* 1,2,3 */
void incload__numbers_add_list(incload__str *out, const int64_t *numbers, int64_t count);
/* PostgreSQL's text of an array, element by element onto what is empty at first; its end is a closing brace. */
void incload__array_add_number(incload__str *out, int64_t number);
void incload__array_add_text(incload__str *out, const char *text);
/* A column of a result. */
void incload__numbers_add_column(incload__str *out, const incload__rows *rows, int32_t column);

#endif
