/* SPDX-License-Identifier: Apache-2.0 */
#include "run/backfill_spec.h"

#include <jansson.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <incload/backfill.h>

#include "run/backfill_internal.h"
#include "run/backfill_past.h"
#include "run/durable_internal.h"

/* ---- printing ---- */

/* The options that decide what the units are, by their names. */
static const char *const deciding[] = {
    "grain", "zone", "week_begins", "edges", "step", "naive", "column", "order", "select", "version",
};

static bool
add_text(json_t *spec, const char *name, const char *text)
{
    return text == NULL || json_object_set_new(spec, name, json_string(text)) == 0;
}

static bool
add_option(json_t *spec, const incload_step *step, const char *name)
{
    incload__str value = INCLOAD__STR(step->mem);
    bool whole = incload__options_get(&incload__backfill_options, &step->backfill->values, name, &value)
                 && !value.failed && add_text(spec, name, incload__str_text(&value));

    incload__str_free(&value);
    return whole;
}

static bool
add_keys(json_t *spec, const incload__backfill *backfill)
{
    if (backfill->keys == NULL)
        return true;
    json_t *keys = json_array();
    bool whole = keys != NULL;
    for (int64_t i = 0; i < backfill->key_count && whole; i++)
        whole = json_array_append_new(keys, json_string(backfill->keys[i])) == 0;
    return json_object_set_new(spec, "keys", keys) == 0 && whole;
}

/* What it loads, and where to. */
static bool
add_load(json_t *spec, const incload_step *load)
{
    return load == NULL
           || (add_text(spec, "source", load->query != NULL ? load->query : load->source_table)
               && add_text(spec, "target", load->target_table));
}

static json_t *
make_spec(const incload_step *step, const char *taken)
{
    const incload__backfill *backfill = step->backfill;
    json_t *spec = json_object();
    bool whole = spec != NULL && add_text(spec, "name", incload__backfill_record_name(step))
                 && add_text(spec, "from", backfill->from)
                 && add_text(spec, backfill->days ? "through" : "to", backfill->to) && add_keys(spec, backfill)
                 && add_load(spec, backfill->load) && add_text(spec, INCLOAD__SPEC_TAKEN, taken);

    for (size_t i = 0; i < sizeof deciding / sizeof deciding[0] && whole; i++)
        whole = add_option(spec, step, deciding[i]);
    if (whole)
        return spec;
    json_decref(spec);
    return NULL;
}

static int
append(const char *text, size_t length, void *data)
{
    incload__str_add_bytes(data, text, length);
    return 0;
}

int32_t
incload__backfill_spec_print(const incload_step *step, const incload__taken *taken, incload__str *out,
                             incload_error **err)
{
    incload__str text = INCLOAD__STR(step->mem);

    if (taken != NULL)
        incload__taken_print(taken, &text);
    json_t *spec = text.failed ? NULL : make_spec(step, taken != NULL ? incload__str_text(&text) : NULL);
    incload__str_free(&text);
    bool whole = spec != NULL && json_dump_callback(spec, append, out, JSON_COMPACT | JSON_SORT_KEYS) == 0;
    json_decref(spec);
    return whole && !out->failed ? INCLOAD_OK : incload__fail_memory(err);
}

void
incload__backfill_spec_hash(const char *spec, char out[INCLOAD__SPEC_HASH_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    XXH128_hash_t hash = XXH3_128bits(spec, strlen(spec));

    for (int i = 0; i < 16; i++) {
        out[15 - i] = digits[hash.high64 >> (4 * i) & 15];
        out[31 - i] = digits[hash.low64 >> (4 * i) & 15];
    }
    out[32] = '\0';
}

/* ---- reading ---- */

static int32_t
fail_unreadable(incload_error **err)
{
    return incload__fail(err, INCLOAD_E_STATE,
                         "the ledger has a run of this name that this version of the library cannot read: let the "
                         "version that made it end it, or begin a run with another run_key");
}

static const char *
text_of(const json_t *spec, const char *name)
{
    return json_string_value(json_object_get(spec, name));
}

static int32_t
order_of(const json_t *spec)
{
    static const char *const orders[] = {
        [INCLOAD__ORDER_OLDEST] = "oldest", [INCLOAD__ORDER_NEWEST] = "newest", [INCLOAD__ORDER_BISECT] = "bisect"
    };
    const char *text = text_of(spec, "order");

    for (int32_t i = 0; i < (int32_t)(sizeof orders / sizeof orders[0]) && text != NULL; i++) {
        if (strcmp(orders[i], text) == 0)
            return i;
    }
    return -1;
}

int32_t
incload__backfill_spec_read(const incload__mem *mem, const char *text, int64_t units, incload__sequence *out,
                            incload_error **err)
{
    json_t *spec = text != NULL ? json_loads(text, 0, NULL) : NULL;
    const char *taken = text_of(spec, INCLOAD__SPEC_TAKEN);
    int32_t order = order_of(spec);

    *out = (incload__sequence){ .mem = mem, .taken = { .mem = mem } };
    bool readable = taken != NULL && order >= 0 && incload__taken_parse(&out->taken, taken, INT64_MAX)
                    && out->taken.places == units;
    json_decref(spec);
    return readable ? incload__sequence_init(out, order, err) : fail_unreadable(err);
}

/* A backfill of keys alone, or (`ends`) that of ends with each of the keys, which is taken over. */
static incload_step *
step_of_keys(incload_step *ends, const json_t *keys)
{
    size_t count = json_array_size(keys);
    const char **list = incload__alloc_array(&incload__env_system.mem, count, sizeof *list);
    bool whole = list != NULL && count <= INT32_MAX;
    incload_step *step = NULL;

    for (size_t i = 0; i < count && whole; i++)
        list[i] = json_string_value(json_array_get(keys, i));
    if (whole && ends == NULL)
        step = incload_step_new_backfill_keys(list, (int32_t)count, NULL, NULL, NULL, NULL, NULL);
    else if (whole && incload_step_set_keys(ends, list, (int32_t)count, NULL) == INCLOAD_OK)
        step = incload_step_ref(ends);
    incload_step_unref(ends);
    incload__free(&incload__env_system.mem, list);
    return step;
}

/* The options first, since a range may be none without them: a grain, edges. */
static void
add_setting(const json_t *spec, const char *name, incload__str *out)
{
    const char *value = text_of(spec, name);

    if (value == NULL || value[0] == '\0')
        return;
    incload__str_addf(out, "%s='", name);
    for (; *value != '\0'; value++) {
        if (*value == '\'' || *value == '\\')
            incload__str_add_char(out, '\\');
        incload__str_add_char(out, *value);
    }
    incload__str_add(out, "' ");
}

static incload_step *
step_of_ends(const json_t *spec)
{
    incload__str options = INCLOAD__STR(&incload__env_system.mem);
    const char *from = text_of(spec, "from"), *through = text_of(spec, "through"), *to = text_of(spec, "to");
    incload_step *step = NULL;

    for (size_t i = 0; i < sizeof deciding / sizeof deciding[0]; i++)
        add_setting(spec, deciding[i], &options);
    if (options.failed || from == NULL || (through == NULL && to == NULL))
        step = NULL;
    else if (through != NULL)
        step = incload_step_new_backfill(from, through, incload__str_text(&options), NULL, NULL, NULL, NULL);
    else
        step = incload_step_new_backfill_between(from, to, incload__str_text(&options), NULL, NULL, NULL, NULL);
    incload__str_free(&options);
    return step;
}

incload_step *
incload__backfill_spec_step(const char *text)
{
    json_t *spec = text != NULL ? json_loads(text, 0, NULL) : NULL;
    const json_t *keys = json_object_get(spec, "keys");
    bool has_ends = text_of(spec, "from") != NULL;
    incload_step *step = has_ends ? step_of_ends(spec) : NULL;

    if (keys != NULL && (step != NULL || !has_ends))
        step = step_of_keys(step, keys);
    json_decref(spec);
    return step;
}
