/* SPDX-License-Identifier: Apache-2.0 */
/* How a column looks in Debezium's JSON: the schema that names its encoding, and the encoding. */
#ifndef INCLOAD_LIB_CDC_DEBEZIUM_FIELD_H
#define INCLOAD_LIB_CDC_DEBEZIUM_FIELD_H

#include "batch/batch.h"

/* Indexes into the words of the option table, by Debezium's decimal.handling.mode and time.precision.mode. */
enum { INCLOAD__OUT_PRECISE, INCLOAD__OUT_STRING, INCLOAD__OUT_DOUBLE };
enum { INCLOAD__OUT_ADAPTIVE_US, INCLOAD__OUT_ADAPTIVE, INCLOAD__OUT_CONNECT, INCLOAD__OUT_ISO };

typedef enum incload__debezium_form {
    INCLOAD__FORM_PLAIN,   /* as it stands: true, 17 */
    INCLOAD__FORM_FLOAT,   /* NaN and infinities as strings */
    INCLOAD__FORM_DECIMAL, /* bytes of the number without its point */
    INCLOAD__FORM_SCALED,  /* the same with its scale */
    INCLOAD__FORM_DOUBLE,  /* a decimal as the nearest double */
    INCLOAD__FORM_TEXT,
    INCLOAD__FORM_BYTES,
    INCLOAD__FORM_CLOCK,  /* microseconds over `unit` without a rest */
    INCLOAD__FORM_COARSE, /* the same, cut */
    INCLOAD__FORM_ISO,    /* a date or time with Z behind it */
} incload__debezium_form;

typedef struct incload__debezium_field {
    const char *type; /* of Kafka Connect */
    const char *name; /* of the schema, or NULL */
    incload__debezium_form form;
    int64_t unit;
    int64_t most;     /* of the number that stands for a time */
    bool placeholder; /* a value that is not known can be told */
} incload__debezium_field;

incload__debezium_field incload__debezium_field_of(incload__type type, int32_t decimal, int32_t time);
/* Appends the schema, as it stands among the fields of a structure. */
void incload__debezium_field_schema(const incload__debezium_field *field, const incload__column *column, bool optional,
                                    incload__str *out);
/* Appends the value of a cell that is not NULL. INCLOAD_E_DATA, without the place. */
int32_t incload__debezium_field_value(const incload__debezium_field *field, const incload__view *view, int32_t column,
                                      int64_t row, incload__str *out, incload_error **err);

#endif
