/* SPDX-License-Identifier: Apache-2.0 */
/* A value of Debezium's JSON: one byte for the kind of the column, one for the modes, a line with the value's schema
 * (empty: there is none), then the value. */
#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"
#include "cdc/debezium.h"
#include "fuzz.h"

static json_t *
load(const char *text, size_t length)
{
    return json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

static void
read_value(const json_t *value, const json_t *schema, incload__type type, const incload__debezium_modes *modes)
{
    incload__str out = INCLOAD__STR(&incload__mem_libc);
    incload__debezium_state state = INCLOAD__DEBEZIUM_ABSENT;
    incload_error *err = NULL;
    int32_t status = incload__debezium_value(value, schema, type, modes, &out, &state, &err);

    fuzz_check((status == INCLOAD_OK) == (err == NULL), "a refused value has an error, another has none");
    if (status == INCLOAD_OK && state == INCLOAD__DEBEZIUM_VALUE) {
        fuzz_check(incload__str_text(&out) != NULL, "a value has a text");
        fuzz_check(incload__utf8_valid(incload__str_text(&out), out.length), "a text is UTF-8");
    }
    incload_error_unref(err);
    incload__str_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data + 2;
    const char *line = size > 2 ? memchr(text, '\n', size - 2) : NULL;

    if (line == NULL)
        return 0;
    incload__type type = { .kind = (incload__kind)(data[0] % INCLOAD__KIND_COUNT), .precision = 38, .scale = 6 };
    incload__debezium_modes modes = { .decimal = data[1] & 3, .time = data[1] >> 2 & 7 };
    modes.decimal = modes.decimal > INCLOAD__DEBEZIUM_DECIMAL_STRING ? 0 : modes.decimal;
    modes.time = modes.time > INCLOAD__DEBEZIUM_TIME_ADAPTIVE ? 0 : modes.time;
    json_t *schema = load(text, (size_t)(line - text));
    json_t *value = load(line + 1, size - 2 - (size_t)(line + 1 - text));
    if (value != NULL)
        read_value(value, schema, type, &modes);
    json_decref(value);
    json_decref(schema);
    return 0;
}
