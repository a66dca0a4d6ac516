/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/libpq/pq.h"

#include <string.h>

#include "driver/libpq/oid.h"
#include "driver/libpq/params.h"

enum { MAX_PARAMS = 65535, MAX_PLAIN = 100 };

void
incload__pq_unbind(incload__pq_bound *bound)
{
    incload__free(bound->mem, bound->types);
    incload__free(bound->mem, bound->values);
    incload__free(bound->mem, bound->lengths);
    incload__free(bound->mem, bound->formats);
    incload__free(bound->mem, bound->text);
    *bound = (incload__pq_bound){ .mem = bound->mem };
}

/* libpq wants text with a NUL behind it and would silently cut one that has a NUL within. */
static int32_t
check_params(const incload__param *params, int32_t count, size_t *size, incload_error **err)
{
    *size = 0;
    if (count < 0 || count > MAX_PARAMS)
        return incload__fail(err, INCLOAD_E_INVALID, "a statement takes at most %d parameters", (int)MAX_PARAMS);
    for (int32_t i = 0; i < count; i++) {
        if (params[i].text == NULL)
            continue;
        if (params[i].length > INT32_MAX / 2 || __builtin_add_overflow(*size, params[i].length + 1, size))
            return incload__fail(err, INCLOAD_E_DATA, "parameter %d is larger than 1 GiB", i + 1);
        if (params[i].kind != INCLOAD__BINARY && memchr(params[i].text, '\0', params[i].length) != NULL)
            return incload__fail(err, INCLOAD_E_DATA, "parameter %d holds a NUL byte, which PostgreSQL text cannot",
                                 i + 1);
    }
    return INCLOAD_OK;
}

int32_t
incload__pq_bind(incload__pq_bound *bound, const incload__mem *mem, const incload__param *params, int32_t count,
                 incload_error **err)
{
    size_t size = 0;
    int32_t status = check_params(params, count, &size, err);

    *bound = (incload__pq_bound){ .mem = mem };
    if (status != INCLOAD_OK || count == 0)
        return status;
    bound->types = incload__alloc_array(mem, (size_t)count, sizeof *bound->types);
    bound->values = incload__alloc_array(mem, (size_t)count, sizeof *bound->values);
    bound->lengths = incload__alloc_array(mem, (size_t)count, sizeof *bound->lengths);
    bound->formats = incload__alloc_array(mem, (size_t)count, sizeof *bound->formats);
    bound->text = incload__alloc(mem, size);
    if (bound->types == NULL || bound->values == NULL || bound->lengths == NULL || bound->formats == NULL
        || bound->text == NULL) {
        incload__pq_unbind(bound);
        return incload__fail_memory(err);
    }

    char *at = bound->text;
    for (int32_t i = 0; i < count; i++) {
        bool binary = params[i].kind == INCLOAD__BINARY;
        bound->types[i] = binary ? INCLOAD__OID_BYTEA : 0;
        bound->formats[i] = binary ? 1 : 0;
        bound->lengths[i] = (int)params[i].length;
        if (params[i].text == NULL)
            continue;
        memcpy(at, params[i].text, params[i].length);
        at[params[i].length] = '\0';
        bound->values[i] = at;
        at += params[i].length + 1;
    }
    return INCLOAD_OK;
}

/* Settings are text: bytes go in bytea's own hex form. */
static int32_t
add_hex(incload__str *out, const incload__param *param)
{
    incload__str_add(out, "\\x");
    incload__str_add_hex(out, param->text, param->length);
    return out->failed ? INCLOAD_E_NO_MEMORY : INCLOAD_OK;
}

typedef struct copy_params {
    const incload__mem *mem;
    int32_t count;
    incload__param *params; /* all as text */
    incload__str *hex;      /* what those stand in that were bytes */
    char **texts;           /* the expression in place of each */
    char **branch_texts;    /* and where it would be evaluated for each row */
    incload__rows types;
} copy_params;

static void
copy_params_free(copy_params *set)
{
    for (int32_t i = 0; i < set->count; i++) {
        if (set->texts != NULL)
            incload__free(set->mem, set->texts[i]);
        if (set->branch_texts != NULL)
            incload__free(set->mem, set->branch_texts[i]);
        if (set->hex != NULL)
            incload__str_free(&set->hex[i]);
    }
    incload__free(set->mem, set->params);
    incload__free(set->mem, set->hex);
    incload__free(set->mem, set->texts);
    incload__free(set->mem, set->branch_texts);
    incload__rows_free(&set->types);
}

static int32_t
copy_params_init(copy_params *set, const incload__mem *mem, const incload__param *params, int32_t count)
{
    *set = (copy_params){ .mem = mem, .count = count, .types = { .mem = mem } };
    set->params = incload__alloc_array(mem, (size_t)count, sizeof *set->params);
    set->hex = incload__alloc_array(mem, (size_t)count, sizeof *set->hex);
    set->texts = incload__alloc_array(mem, (size_t)count, sizeof *set->texts);
    set->branch_texts = incload__alloc_array(mem, (size_t)count, sizeof *set->branch_texts);
    if (set->params == NULL || set->hex == NULL || set->texts == NULL || set->branch_texts == NULL)
        return INCLOAD_E_NO_MEMORY;
    for (int32_t i = 0; i < count; i++) {
        set->params[i] = params[i];
        set->hex[i].mem = mem;
        if (params[i].kind != INCLOAD__BINARY || params[i].text == NULL)
            continue;
        if (add_hex(&set->hex[i], &params[i]) != INCLOAD_OK)
            return INCLOAD_E_NO_MEMORY;
        set->params[i] = (incload__param){ set->hex[i].data, set->hex[i].length, INCLOAD__TEXT };
    }
    return INCLOAD_OK;
}

/* One round trip sets the values and asks for the types' names. Typmod -1 matters: without it format_type() says
 * "character" for bpchar, which in a cast means one character. */
static int32_t
send_params(incload__pq *pq, copy_params *set, const PGresult *shape, incload_error **err)
{
    incload__str sql = INCLOAD__STR(set->mem);
    const char *local = pq->head.txn == INCLOAD__TXN_OPEN ? "true" : "false";

    incload__str_add(&sql, "SELECT ");
    for (int32_t i = 0; i < set->count; i++) {
        /* A NULL becomes '' here, and NULL in the query. */
        incload__str_addf(&sql, "%spg_catalog.format_type(%u, -1), pg_catalog.set_config('incload.p%d', $%d::text, %s)",
                          i > 0 ? ", " : "", PQparamtype(shape, i), i + 1, i + 1, local);
    }
    if (sql.failed) {
        incload__str_free(&sql);
        return incload__fail_memory(err);
    }
    int32_t status = incload__pq_select(&pq->head, sql.data, set->params, set->count, &set->types, err);
    incload__str_free(&sql);
    if (status == INCLOAD_OK && (set->types.count != 1 || set->types.columns != 2 * set->count))
        return incload__fail(err, INCLOAD_E_PROTOCOL, "the server did not take the query's parameters");
    return status;
}

/* Of numbers and times the text is known to be harmless, and its type to be the server's own: no round trip is needed.
 * What else there may be is nothing that should stand in a statement, which the server shows to others. */
static const struct {
    uint32_t oid;
    const char *name;
} plain_types[] = {
    { INCLOAD__OID_INT2, "int2" },       { INCLOAD__OID_INT4, "int4" },     { INCLOAD__OID_INT8, "int8" },
    { INCLOAD__OID_FLOAT4, "float4" },   { INCLOAD__OID_FLOAT8, "float8" }, { INCLOAD__OID_NUMERIC, "numeric" },
    { INCLOAD__OID_DATE, "date" },       { INCLOAD__OID_TIME, "time" },     { INCLOAD__OID_TIMESTAMP, "timestamp" },
    { INCLOAD__OID_TIMESTAMPTZ, "timestamptz" },
};

/* NULL: not of one of these types, or longer or of other characters than any value of them has. */
static const char *
plain_type(const PGresult *shape, int32_t index, const incload__param *param)
{
    static const char harmless[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-.:/ ";

    if (param->text == NULL || param->length > MAX_PLAIN || strspn(param->text, harmless) != param->length)
        return NULL;
    for (size_t i = 0; i < sizeof plain_types / sizeof plain_types[0]; i++) {
        if (plain_types[i].oid == PQparamtype(shape, index))
            return plain_types[i].name;
    }
    return NULL;
}

static bool
all_plain(const copy_params *set, const PGresult *shape)
{
    for (int32_t i = 0; i < set->count; i++) {
        if (plain_type(shape, i, &set->params[i]) == NULL)
            return false;
    }
    return true;
}

static int32_t
write_plain(copy_params *set, const PGresult *shape)
{
    for (int32_t i = 0; i < set->count; i++) {
        incload__str text = INCLOAD__STR(set->mem);
        incload__str_addf(&text, "('%.*s'::pg_catalog.%s)", (int)set->params[i].length, set->params[i].text,
                          plain_type(shape, i, &set->params[i]));
        set->texts[i] = incload__str_take(&text);
        set->branch_texts[i] = set->texts[i] != NULL ? incload__strdup(set->mem, set->texts[i]) : NULL;
        if (set->branch_texts[i] == NULL)
            return INCLOAD_E_NO_MEMORY;
    }
    return INCLOAD_OK;
}

/* current_setting() is STABLE: in a condition of its own the planner takes its value for estimates and for an index's
 * range, and evaluates it once. In a filter it would be evaluated for each row, half a microsecond each; a subquery is
 * evaluated once, but its value is unknown to the planner. */
static int32_t
write_texts(copy_params *set)
{
    for (int32_t i = 0; i < set->count; i++) {
        incload__str text = INCLOAD__STR(set->mem);
        incload__str branch = INCLOAD__STR(set->mem);
        const char *type = incload__rows_get(&set->types, 0, 2 * i);
        bool is_null = set->params[i].text == NULL;

        if (type == NULL)
            type = "text";
        if (is_null)
            incload__str_addf(&text, "(NULL::%s)", type);
        else
            incload__str_addf(&text, "(pg_catalog.current_setting('incload.p%d')::%s)", i + 1, type);
        if (!text.failed)
            incload__str_addf(&branch, is_null ? "%s" : "(SELECT %s)", text.data);
        set->branch_texts[i] = incload__str_take(&branch);
        set->texts[i] = incload__str_take(&text);
        if (set->texts[i] == NULL || set->branch_texts[i] == NULL)
            return INCLOAD_E_NO_MEMORY;
    }
    return INCLOAD_OK;
}

int32_t
incload__pq_bind_copy(incload__pq *pq, const char *sql, const PGresult *shape, const incload__param *params,
                      int32_t count, incload__str *out, incload_error **err)
{
    copy_params set;

    if (PQnparams(shape) != count)
        return incload__fail(err, INCLOAD_E_INVALID, "the query has %d parameters, but %d are given", PQnparams(shape),
                             count);
    if (count == 0)
        return incload__params_replace(out, sql, NULL, NULL, 0, err);
    /* Each takes two columns of a select list of at most 1664. */
    if (count > 800)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED, "a query that is read by COPY takes at most 800 parameters");

    int32_t status = copy_params_init(&set, &pq->head.env->mem, params, count);
    bool plain = status == INCLOAD_OK && all_plain(&set, shape);
    if (plain)
        status = write_plain(&set, shape);
    else if (status == INCLOAD_OK)
        status = send_params(pq, &set, shape, err);
    if (status == INCLOAD_OK && !plain)
        status = write_texts(&set);
    if (status == INCLOAD_OK)
        status = incload__params_replace(out, sql, (const char *const *)set.texts,
                                         (const char *const *)set.branch_texts, count, err);
    if (status == INCLOAD_E_NO_MEMORY)
        incload__fail_memory(err);
    copy_params_free(&set);
    return status;
}

void
incload__pq_forget_params(incload__pq *pq, int32_t count)
{
    incload__str sql = INCLOAD__STR(&pq->head.env->mem);

    if (count == 0 || pq->head.txn != INCLOAD__TXN_IDLE)
        return;
    incload__str_add(&sql, "SELECT ");
    for (int32_t i = 0; i < count; i++)
        incload__str_addf(&sql, "%spg_catalog.set_config('incload.p%d', NULL, false)", i > 0 ? ", " : "", i + 1);
    if (!sql.failed)
        incload__pq_run(pq, sql.data, NULL, 0, true, "forgetting parameters", NULL, NULL);
    incload__str_free(&sql);
}
