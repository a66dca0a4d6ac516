/* SPDX-License-Identifier: Apache-2.0 */
/* Values of Debezium's JSON as the texts that incload_changes_push() takes. */
#ifndef INCLOAD_LIB_CDC_DEBEZIUM_H
#define INCLOAD_LIB_CDC_DEBEZIUM_H

#include <jansson.h>

#include "base/error.h"
#include "base/str.h"
#include "batch/type.h"

/* How a message without a schema is to be read: indexes into the words of the option table. */
enum { INCLOAD__DEBEZIUM_DECIMAL_UNKNOWN, INCLOAD__DEBEZIUM_DECIMAL_PRECISE, INCLOAD__DEBEZIUM_DECIMAL_STRING };
enum {
    INCLOAD__DEBEZIUM_TIME_UNKNOWN,
    INCLOAD__DEBEZIUM_TIME_MS,
    INCLOAD__DEBEZIUM_TIME_US,
    INCLOAD__DEBEZIUM_TIME_NS,
    INCLOAD__DEBEZIUM_TIME_ISO,
    INCLOAD__DEBEZIUM_TIME_ADAPTIVE
};

typedef struct incload__debezium_modes {
    int32_t decimal;
    int32_t time;
    const char *unavailable;       /* what stands for a value that the source does not tell; NULL: the usual */
    const char *unavailable_bytes; /* the same in base64 */
} incload__debezium_modes;

typedef enum incload__debezium_state {
    INCLOAD__DEBEZIUM_VALUE,
    INCLOAD__DEBEZIUM_NULL,
    INCLOAD__DEBEZIUM_ABSENT /* the row keeps what it has */
} incload__debezium_state;

/* Appends the text of `value`. `field` is its schema, NULL where the message has none; `type` that of the target's
 * column. INCLOAD_E_INVALID, without the place. */
int32_t incload__debezium_value(const json_t *value, const json_t *field, incload__type type,
                                const incload__debezium_modes *modes, incload__str *out, incload__debezium_state *state,
                                incload_error **err);

#endif
