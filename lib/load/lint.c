/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at everything that the rules judge. */
#include "load/lint.h"

#include <string.h>

#include "dialect/sql.h"

static const struct {
    const incload__dialect *dialect;
    const char *query;
} servers[] = {
    { &incload__dialect_postgres, incload__sql_postgres_lint },
    { &incload__dialect_mariadb, incload__sql_mariadb_lint },
};

/* What may not be asked stays unknown: no rule is made of it. */
static void
look_at_server(const incload__mem *mem, incload__conn *conn, incload__rows *out)
{
    out->mem = mem;
    for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++) {
        if (servers[i].dialect == conn->dialect)
            incload__look_select(conn, servers[i].query, NULL, 0, out, NULL);
    }
}

static int32_t
look_at_source(incload__linted *at, incload__load *load, incload__conn *conn, incload_error **err)
{
    at->from = conn->dialect;
    look_at_server(load->mem, conn, &at->source_server);
    if (at->spec->source_table == NULL)
        return INCLOAD_OK;
    at->has_source = true;
    return incload__look_at(load, conn, at->spec->source_table, &at->source, err);
}

static int32_t
look_at_engine(incload__linted *at, incload__load *load, incload__conn *conn, incload_error **err)
{
    const incload__table *name = &at->target.name;
    const incload__param params[] = {
        { name->schema, name->schema != NULL ? strlen(name->schema) : 0, INCLOAD__TEXT },
        { name->name, strlen(name->name), INCLOAD__TEXT },
    };

    at->target_engine.mem = load->mem;
    if (conn->dialect->engine_query == NULL)
        return INCLOAD_OK;
    return incload__look_select(conn, conn->dialect->engine_query, params, 2, &at->target_engine, err);
}

static int32_t
look_at_target(incload__linted *at, incload__load *load, incload__conn *conn, incload_error **err)
{
    incload_error *failure = NULL;

    at->to = conn->dialect;
    look_at_server(load->mem, conn, &at->target_server);
    int32_t status = incload__look_at(load, conn, at->spec->target_table, &at->target, &failure);
    at->has_target = status == INCLOAD_OK;
    /* A run would make it, in a form that no rule complains of. */
    if (status == INCLOAD_E_NOT_FOUND) {
        incload_error_unref(failure);
        return INCLOAD_OK;
    }
    if (status == INCLOAD_OK)
        status = look_at_engine(at, load, conn, &failure);
    return status == INCLOAD_OK ? status : incload__error_pass(err, failure);
}

static int32_t
look_at_side(incload__linted *at, incload__load *load, bool source, incload_error **err)
{
    incload_database *database = source ? at->spec->source : at->spec->target;
    incload__conn *conn = NULL;
    int32_t status =
        incload__database_take(database, INCLOAD__ROLE_READ, at->spec->deadline_us, at->spec->owner, &conn, err);

    if (status == INCLOAD_OK)
        status = source ? look_at_source(at, load, conn, err) : look_at_target(at, load, conn, err);
    if (status != INCLOAD_OK)
        incload__error_prefix(err, source ? "source" : "target");
    if (conn != NULL)
        incload__database_give_back(database, conn);
    return status;
}

int32_t
incload__lint(const incload__load_spec *spec, incload__findings *out, incload_error **err)
{
    const incload__env *env = incload__database_env(spec->target);
    incload__linted at = { .spec = spec, .how = spec->how };
    incload__load *load = incload__alloc(&env->mem, sizeof *load);

    memset(out, 0, sizeof *out);
    out->mem = &env->mem;
    if (load == NULL)
        return incload__fail_memory(err);
    load->env = env;
    load->mem = &env->mem;
    int32_t status = incload__list_parse(load->mem, "key", spec->how->key, &at.key, err);
    if (status == INCLOAD_OK)
        status = incload__list_parse(load->mem, "columns", spec->how->columns, &at.columns, err);
    if (status == INCLOAD_OK)
        status = look_at_side(&at, load, true, err);
    if (status == INCLOAD_OK)
        status = look_at_side(&at, load, false, err);
    if (status == INCLOAD_OK)
        status = incload__lint_judge(&at, out, err);
    incload__looked_free(load->mem, &at.source);
    incload__looked_free(load->mem, &at.target);
    incload__rows_free(&at.source_server);
    incload__rows_free(&at.target_server);
    incload__rows_free(&at.target_engine);
    incload__list_free(&at.key);
    incload__list_free(&at.columns);
    incload__free(load->mem, load);
    return status;
}

void
incload__findings_free(incload__findings *findings)
{
    for (int32_t i = 0; i < findings->count; i++)
        incload__free(findings->mem, findings->items[i].object);
    findings->count = 0;
}
