/* SPDX-License-Identifier: Apache-2.0 */
#include "load/explain.h"

#include <string.h>

#include "base/utf8.h"
#include "load/look.h"

/* A count that stands in for an estimate stops here. */
#define MOST_COUNTED "1000000"

static bool
number_at(const char *text, int64_t *out)
{
    return text != NULL && incload__parse_int64(text, strspn(text, "0123456789"), out);
}

/* The outermost node's: "Seq Scan on t  (cost=0.00..1.05 rows=5 width=36)". */
static bool
postgres_rows(const incload__rows *answer, int64_t *rows)
{
    static const char mark[] = " rows=";
    const char *line = incload__rows_get(answer, 0, 0);
    const char *at = line != NULL ? strstr(line, mark) : NULL;

    return at != NULL && number_at(at + strlen(mark), rows);
}

/* The tenth column but one, of the table that is read. */
static bool
mariadb_rows(const incload__rows *answer, int64_t *rows)
{
    return number_at(incload__rows_get(answer, 0, answer->columns - 2), rows);
}

static bool
counted_rows(const incload__rows *answer, int64_t *rows)
{
    return number_at(incload__rows_get(answer, 0, 0), rows);
}

static const struct {
    const incload__dialect *dialect;
    const char *before;
    const char *after;
    bool (*read)(const incload__rows *answer, int64_t *rows);
    const char *origin;
} estimators[] = {
    { &incload__dialect_postgres, "EXPLAIN ", "", postgres_rows, "explain" },
    { &incload__dialect_mariadb, "EXPLAIN ", "", mariadb_rows, "explain" },
    { &incload__dialect_sqlite, "SELECT COUNT(*) FROM (SELECT 1 FROM (", "\n) AS q LIMIT " MOST_COUNTED ") AS c",
      counted_rows, "counted" },
};

/* Not to be told is no failure: an estimate is a courtesy. */
static void
estimate(incload__conn *from, incload__explained *out)
{
    const incload__script *script = &out->script;
    incload__str sql = INCLOAD__STR(script->mem);
    incload__rows answer = { .mem = script->mem };

    for (size_t i = 0; i < sizeof estimators / sizeof estimators[0]; i++) {
        if (estimators[i].dialect != from->dialect || script->read == NULL)
            continue;
        incload__str_addf(&sql, "%s%s%s", estimators[i].before, script->read, estimators[i].after);
        if (!sql.failed
            && incload__look_select(from, incload__str_text(&sql), script->read_params, script->read_param_count,
                                    &answer, NULL)
                   == INCLOAD_OK
            && estimators[i].read(&answer, &out->estimated_rows))
            out->estimate = estimators[i].origin;
    }
    incload__rows_free(&answer);
    incload__str_free(&sql);
}

/* As a run enters its target. Who holds the lease is told, not waited for. */
static int32_t
enter_target(incload__load *load, incload__conn *real, incload__explained *out, incload_error **err)
{
    incload_error *busy = NULL;
    bool exists = false;
    int32_t status =
        incload__ledger_init(&load->ledger, load->mem, load->to->dialect,
                             incload__database_ledger(load->spec->target), err);

    if (status == INCLOAD_OK)
        status = incload__ledger_find(&load->ledger, real, &exists, err);
    out->makes_ledger = !exists;
    if (status == INCLOAD_OK)
        status = incload__ledger_ensure(&load->ledger, load->to, err);
    if (status != INCLOAD_OK)
        return status;
    status = incload__lease_take(load->lease, &load->ledger, load->to, NULL, &busy);
    if (status == INCLOAD_E_BUSY) {
        out->busy = incload__strdup(load->mem, incload_error_message(busy));
        load->lease->epoch = 1;
        status = out->busy != NULL ? INCLOAD_OK : incload__fail_memory(err);
        incload_error_unref(busy);
        busy = NULL;
    }
    if (busy != NULL)
        return incload__error_pass(err, busy);
    return status == INCLOAD_OK ? incload__ledger_read(&load->ledger, load->to, load->spec->name, &load->before, err)
                                : status;
}

static int32_t
keep(const incload__load *load, const char *text, char **out, incload_error **err)
{
    *out = text != NULL ? incload__strdup(load->mem, text) : NULL;
    return text != NULL && *out == NULL ? incload__fail_memory(err) : INCLOAD_OK;
}

static int32_t
keep_bounds(const incload__load *load, incload__explained *out, incload_error **err)
{
    bool from_initial = load->window.low == NULL && incload__by_cursor(load);
    int32_t status = keep(load, from_initial ? load->how->initial : load->window.low, &out->low, err);

    if (status == INCLOAD_OK)
        status = keep(load, load->high, &out->high, err);
    if (status == INCLOAD_OK)
        status = keep(load, load->before.value, &out->before, err);
    out->makes_target = load->target_made;
    out->is_idle = load->window.empty || (incload__by_cursor(load) && load->high == NULL
                                          && !incload__window_has(load, PART_POSITIONLESS));
    return status;
}

static incload__load *
load_begin(const incload__load_spec *spec, incload_unit *unit, incload__explained *out, incload__lease *lease,
           atomic_bool *settling)
{
    const incload__env *env = incload__database_env(spec->target);
    incload__load *load = incload__alloc(&env->mem, sizeof *load);

    if (load == NULL)
        return NULL;
    load->spec = spec;
    load->how = spec->how;
    load->unit = unit;
    load->result = &out->result;
    load->env = env;
    load->mem = &env->mem;
    load->lease = lease;
    load->settling = settling;
    incload__load_init(load);
    load->rehearsed = true;
    return load;
}

static int32_t
rehearse(incload__load *load, incload__conn *target, incload__explained *out, incload_error **err)
{
    static const int32_t alone[] = { 0 };
    incload__group group = { .loads = &load, .by_name = alone, .count = 1, .unit = load->unit };
    int32_t status = enter_target(load, target, out, err);

    load->group = &group;
    if (status == INCLOAD_OK)
        status = incload__plan(load, err);
    if (status == INCLOAD_OK)
        status = incload__carry_out(&group, err);
    load->group = NULL;
    if (status == INCLOAD_OK && out->script.failed)
        status = incload__fail_memory(err);
    return status == INCLOAD_OK ? keep_bounds(load, out, err) : status;
}

int32_t
incload__explain(const incload__load_spec *spec, incload_unit *unit, incload__explained *out, incload_error **err)
{
    const incload__env *env = incload__database_env(spec->target);
    incload__rehearsal *rehearsal = NULL;
    incload__conn *from = NULL, *to = NULL;
    atomic_bool settling = false;
    incload__lease lease;

    memset(out, 0, sizeof *out);
    incload__script_init(&out->script, &env->mem);
    out->estimated_rows = -1;
    out->estimate = "not known";
    incload__lease_init(&lease, env, spec->name, unit->run_id, spec->lease_ms,
                        incload__database_application(spec->target));
    incload__load *load = load_begin(spec, unit, out, &lease, &settling);
    if (load == NULL)
        return incload__fail_memory(err);
    int32_t status =
        incload__database_take(spec->target, INCLOAD__ROLE_READ, spec->deadline_us, spec->owner, &to, err);
    if (status != INCLOAD_OK)
        incload__error_prefix(err, "target");
    if (status == INCLOAD_OK) {
        status = incload__database_take(spec->source, INCLOAD__ROLE_READ, spec->deadline_us, spec->owner, &from, err);
        if (status != INCLOAD_OK)
            incload__error_prefix(err, "source");
    }
    if (status == INCLOAD_OK) {
        rehearsal = incload__rehearsal_new(&env->mem, from, to, &out->script, err);
        status = rehearsal != NULL ? INCLOAD_OK : INCLOAD_E_NO_MEMORY;
    }
    if (status == INCLOAD_OK) {
        load->from = incload__rehearsal_source(rehearsal);
        load->to = incload__rehearsal_target(rehearsal);
        status = rehearse(load, to, out, err);
    }
    if (status == INCLOAD_OK && !out->is_idle)
        estimate(from, out);
    incload__load_free(load);
    incload__rehearsal_free(rehearsal);
    if (from != NULL)
        incload__database_give_back(spec->source, from);
    if (to != NULL)
        incload__database_give_back(spec->target, to);
    return status;
}

void
incload__explained_free(const incload__mem *mem, incload__explained *explained)
{
    incload__load_result_free(mem, &explained->result);
    incload__script_free(&explained->script);
    incload__free(mem, explained->low);
    incload__free(mem, explained->high);
    incload__free(mem, explained->before);
    incload__free(mem, explained->busy);
    memset(explained, 0, sizeof *explained);
}
