/* SPDX-License-Identifier: Apache-2.0 */
/* The mark as JSON. Version 1 held the cursor value only; readers of a version know every older one. */
#include <jansson.h>
#include <string.h>

#include "state/mark.h"

static const char *const kind_names[] = { "cursor", "xid", "in-flight", "versioned", "one-writer" };
enum { KINDS = sizeof kind_names / sizeof kind_names[0] };

/* ---- reading ---- */

static int32_t
fail_damaged(incload_error **err)
{
    return incload__fail(err, INCLOAD_E_DATA,
                         "the watermark's document in the ledger is damaged: set the watermark by "
                         "incload_watermark_set(), or reset it by incload_watermark_reset()");
}

/* NULL when it is missing or no text. */
static const char *
text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static int64_t
number_of(const json_t *object, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(object, key));
}

static bool
take_number(const char **at, uint64_t *value)
{
    bool any = false;

    *value = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++, any = true) {
        uint64_t digit = (uint64_t)(**at - '0');
        if (*value > (UINT64_MAX - digit) / 10)
            return false;
        *value = *value * 10 + digit;
    }
    return any;
}

/* "17,20-25,31" */
static int32_t
read_done(incload__mark *mark, const char *text, incload_error **err)
{
    while (text != NULL && *text != '\0') {
        uint64_t first, last;
        if (!take_number(&text, &first))
            return fail_damaged(err);
        last = first;
        if (*text == '-' && (text++, !take_number(&text, &last)))
            return fail_damaged(err);
        if (last < first || last - first > INCLOAD__MARK_DONE_LIMIT || (*text != '\0' && *text != ','))
            return fail_damaged(err);
        for (uint64_t i = 0; i <= last - first; i++) {
            int32_t status = incload__mark_add_done(mark, first + i, err);
            if (status != INCLOAD_OK)
                return status;
        }
        text += *text == ',';
    }
    return INCLOAD_OK;
}

static int32_t
read_flights(incload__mark *mark, const json_t *flights, incload_error **err)
{
    for (size_t i = 0; i < json_array_size(flights); i++) {
        const json_t *flight = json_array_get(flights, i);
        const char *who = json_string_value(json_array_get(flight, 0));
        const json_t *bound = json_array_get(flight, 1);
        if (who == NULL)
            return fail_damaged(err);
        int32_t status =
            incload__mark_add_flight(mark, who, (int64_t)json_integer_value(bound), json_is_integer(bound), err);
        if (status != INCLOAD_OK)
            return status;
    }
    return INCLOAD_OK;
}

static int32_t
read_horizon(incload__mark *mark, const json_t *horizon, incload_error **err)
{
    int32_t status = incload__mark_text(mark, &mark->source, text_of(horizon, "source"), err);

    if (status == INCLOAD_OK)
        status = incload__mark_text(mark, &mark->table, text_of(horizon, "table"), err);
    if (status == INCLOAD_OK)
        status = incload__mark_text(mark, &mark->policy, text_of(horizon, "policy"), err);
    if (status == INCLOAD_OK)
        status = read_flights(mark, json_object_get(horizon, "in_flight"), err);
    if (status == INCLOAD_OK)
        status = read_done(mark, text_of(horizon, "done"), err);
    mark->started = number_of(horizon, "started");
    mark->clock = number_of(horizon, "clock");
    mark->xmin = (uint64_t)number_of(horizon, "xmin");
    mark->done_overflow = mark->done_overflow || json_is_true(json_object_get(horizon, "done_overflow"));
    mark->deep_xmin = (uint64_t)number_of(horizon, "deep_xmin");
    mark->deep_clock = number_of(horizon, "deep_clock");
    mark->lateness = number_of(horizon, "lateness");
    mark->late_rows = number_of(horizon, "late_rows");
    return status;
}

static bool
read_kind(incload__mark *mark, const char *name)
{
    for (int32_t i = 0; name != NULL && i < KINDS; i++) {
        if (strcmp(name, kind_names[i]) == 0) {
            mark->kind = (incload__mark_kind)i;
            return true;
        }
    }
    return false;
}

static int32_t
read_root(const json_t *root, incload__mark *mark, incload_error **err)
{
    int64_t version = number_of(root, "version");
    const json_t *horizon = json_object_get(root, "horizon");

    if (version > INCLOAD__MARK_VERSION)
        return incload__fail(
            err, INCLOAD_E_UNSUPPORTED,
            "the watermark was written by a newer libincload (document version %lld, this one knows up "
            "to %d): use that one, or reset the watermark",
            (long long)version, (int)INCLOAD__MARK_VERSION);
    if (version < 1 || !read_kind(mark, text_of(root, "kind")))
        return fail_damaged(err);
    int32_t status = incload__mark_text(mark, &mark->column, text_of(root, "column"), err);
    if (status == INCLOAD_OK)
        status = incload__mark_text(mark, &mark->type, text_of(root, "type"), err);
    if (status == INCLOAD_OK)
        status = incload__mark_text(mark, &mark->value, text_of(root, "value"), err);
    if (status != INCLOAD_OK || mark->kind == INCLOAD__MARK_CURSOR)
        return json_is_object(horizon) && status == INCLOAD_OK ? read_horizon(mark, horizon, err) : status;
    return json_is_object(horizon) ? read_horizon(mark, horizon, err) : fail_damaged(err);
}

int32_t
incload__mark_parse(const char *document, incload__mark *out, incload_error **err)
{
    if (document == NULL || document[0] == '\0')
        return INCLOAD_OK;
    json_t *root = json_loads(document, JSON_REJECT_DUPLICATES, NULL);
    int32_t status = json_is_object(root) ? read_root(root, out, err) : fail_damaged(err);
    json_decref(root);
    if (status != INCLOAD_OK) {
        const incload__mem *mem = out->mem;
        incload__mark_free(out);
        incload__mark_init(out, mem);
    }
    return status;
}

/* ---- writing ---- */

static json_t *
text_or_null(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

static json_t *
done_text(const incload__mark *mark, incload__str *buffer)
{
    for (int32_t i = 0; i < mark->done_count;) {
        int32_t last = i;
        while (last + 1 < mark->done_count && mark->done[last + 1] == mark->done[last] + 1)
            last++;
        incload__str_addf(buffer, "%s%llu", i > 0 ? "," : "", (unsigned long long)mark->done[i]);
        if (last > i)
            incload__str_addf(buffer, "-%llu", (unsigned long long)mark->done[last]);
        i = last + 1;
    }
    return buffer->failed ? NULL : json_string(incload__str_text(buffer));
}

static json_t *
flights_array(const incload__mark *mark)
{
    json_t *array = json_array();

    for (int32_t i = 0; i < mark->flight_count && array != NULL; i++) {
        const incload__flight *flight = &mark->flights[i];
        json_t *pair = json_array();
        /* The "_new" functions take the value over, and fail on a NULL one. */
        int failed = pair == NULL || json_array_append_new(pair, json_string(flight->who)) != 0
                     || json_array_append_new(pair, flight->known ? json_integer(flight->bound) : json_null()) != 0;
        if (failed)
            json_decref(pair);
        if (failed || json_array_append_new(array, pair) != 0) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

static json_t *
horizon_object(const incload__mark *mark, incload__str *buffer)
{
    json_t *horizon = json_object();
    int failed = horizon == NULL;

    failed = failed || json_object_set_new(horizon, "source", text_or_null(mark->source)) != 0
             || json_object_set_new(horizon, "table", text_or_null(mark->table)) != 0
             || json_object_set_new(horizon, "policy", text_or_null(mark->policy)) != 0
             || json_object_set_new(horizon, "started", json_integer(mark->started)) != 0
             || json_object_set_new(horizon, "clock", json_integer(mark->clock)) != 0
             || json_object_set_new(horizon, "xmin", json_integer((json_int_t)mark->xmin)) != 0
             || json_object_set_new(horizon, "done", done_text(mark, buffer)) != 0
             || json_object_set_new(horizon, "done_overflow", json_boolean(mark->done_overflow)) != 0
             || json_object_set_new(horizon, "in_flight", flights_array(mark)) != 0
             || json_object_set_new(horizon, "deep_xmin", json_integer((json_int_t)mark->deep_xmin)) != 0
             || json_object_set_new(horizon, "deep_clock", json_integer(mark->deep_clock)) != 0
             || json_object_set_new(horizon, "lateness", json_integer(mark->lateness)) != 0
             || json_object_set_new(horizon, "late_rows", json_integer(mark->late_rows)) != 0;
    if (!failed)
        return horizon;
    json_decref(horizon);
    return NULL;
}

/* A cursor by itself has none, unless deep reads have measured it. */
static bool
has_horizon(const incload__mark *mark)
{
    return mark->kind != INCLOAD__MARK_CURSOR || mark->deep_clock != 0 || mark->clock != 0;
}

static int
append_text(const char *bytes, size_t length, void *data)
{
    incload__str_add_bytes(data, bytes, length);
    return 0;
}

int32_t
incload__mark_print(const incload__mark *mark, incload__str *out, incload_error **err)
{
    incload__str buffer = INCLOAD__STR(mark->mem);
    json_t *root = json_object();
    int failed = root == NULL;

    failed = failed || json_object_set_new(root, "version", json_integer(INCLOAD__MARK_VERSION)) != 0
             || json_object_set_new(root, "kind", json_string(kind_names[mark->kind])) != 0
             || json_object_set_new(root, "column", text_or_null(mark->column)) != 0
             || json_object_set_new(root, "type", text_or_null(mark->type)) != 0
             || json_object_set_new(root, "value", text_or_null(mark->value)) != 0
             || (has_horizon(mark) && json_object_set_new(root, "horizon", horizon_object(mark, &buffer)) != 0)
             || json_dump_callback(root, append_text, out, JSON_COMPACT) != 0;
    json_decref(root);
    incload__str_free(&buffer);
    return failed || out->failed ? incload__fail_memory(err) : INCLOAD_OK;
}
