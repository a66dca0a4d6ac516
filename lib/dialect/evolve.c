/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/evolve.h"

#include "dialect/clause.h"
#include "dialect/sql.h"

static incload__clause
alter(const incload__dialect *dialect, incload__str *out, const incload__table *table, incload_error **err)
{
    incload__clause clause = { dialect, out, err, INCLOAD_OK };

    incload__clause_add(&clause, "ALTER TABLE ");
    incload__clause_table(&clause, table);
    return clause;
}

/* ---- PostgreSQL ---- */

static int32_t
postgres_add(incload__str *out, const incload__table *table, const char *name, const char *native, incload_error **err)
{
    incload__clause clause = alter(&incload__dialect_postgres, out, table, err);

    incload__clause_name(&clause, " ADD COLUMN IF NOT EXISTS ", name);
    incload__clause_add(&clause, " ");
    incload__clause_add(&clause, native);
    return incload__clause_status(&clause);
}

/* A boolean is cast to integer only, and from there to other numbers. */
static int32_t
postgres_change(incload__str *out, const incload__table *table, const incload__column *column, const char *native,
                incload__kind kind, const char *rest, incload_error **err)
{
    incload__clause clause = alter(&incload__dialect_postgres, out, table, err);

    (void)rest;
    incload__clause_name(&clause, " ALTER COLUMN ", column->name);
    incload__clause_add(&clause, " TYPE ");
    incload__clause_add(&clause, native);
    incload__clause_name(&clause, " USING ", column->name);
    incload__clause_add(&clause, column->type.kind == INCLOAD__BOOL && kind != INCLOAD__TEXT ? "::integer::" : "::");
    incload__clause_add(&clause, native);
    return incload__clause_status(&clause);
}

static int32_t
postgres_drop(incload__str *out, const incload__table *table, const char *name, incload_error **err)
{
    incload__clause clause = alter(&incload__dialect_postgres, out, table, err);

    incload__clause_name(&clause, " DROP COLUMN IF EXISTS ", name);
    return incload__clause_status(&clause);
}

static int32_t
postgres_drop_not_null(incload__str *out, const incload__table *table, const char *name, incload_error **err)
{
    incload__clause clause = alter(&incload__dialect_postgres, out, table, err);

    incload__clause_name(&clause, " ALTER COLUMN ", name);
    incload__clause_add(&clause, " DROP NOT NULL");
    return incload__clause_status(&clause);
}

static const incload__evolution postgres = {
    .before = "SET LOCAL lock_timeout = '3s'",
    .after = "SET LOCAL lock_timeout TO DEFAULT",
    .dependents_query = incload__sql_postgres_dependents,
    .add_column = postgres_add,
    .change_type = postgres_change,
    .drop_column = postgres_drop,
    .drop_not_null = postgres_drop_not_null,
};

/* ---- MariaDB: WAIT bounds the wait for the table's lock, which is a day by default ---- */

static int32_t
mariadb_add(incload__str *out, const incload__table *table, const char *name, const char *native, incload_error **err)
{
    incload__clause clause = alter(&incload__dialect_mariadb, out, table, err);

    incload__clause_name(&clause, " WAIT 3 ADD COLUMN IF NOT EXISTS ", name);
    incload__clause_add(&clause, " ");
    incload__clause_add(&clause, native);
    incload__clause_add(&clause, " NULL");
    return incload__clause_status(&clause);
}

static int32_t
mariadb_change(incload__str *out, const incload__table *table, const incload__column *column, const char *native,
               incload__kind kind, const char *rest, incload_error **err)
{
    incload__clause clause = alter(&incload__dialect_mariadb, out, table, err);

    (void)kind;
    incload__clause_name(&clause, " WAIT 3 MODIFY COLUMN ", column->name);
    incload__clause_add(&clause, " ");
    incload__clause_add(&clause, native);
    incload__clause_add(&clause, rest);
    return incload__clause_status(&clause);
}

static int32_t
mariadb_drop(incload__str *out, const incload__table *table, const char *name, incload_error **err)
{
    incload__clause clause = alter(&incload__dialect_mariadb, out, table, err);

    incload__clause_name(&clause, " WAIT 3 DROP COLUMN IF EXISTS ", name);
    return incload__clause_status(&clause);
}

static const incload__evolution mariadb = {
    .rest_query = incload__sql_mariadb_rest,
    .folds_names = true,
    .numeric_is_bounded = true,
    .add_column = mariadb_add,
    .change_type = mariadb_change,
    .drop_column = mariadb_drop,
};

/* ---- SQLite: a column's type changes only with the whole table ---- */

static int32_t
sqlite_add(incload__str *out, const incload__table *table, const char *name, const char *native, incload_error **err)
{
    incload__clause clause = alter(&incload__dialect_sqlite, out, table, err);

    incload__clause_name(&clause, " ADD COLUMN ", name);
    incload__clause_add(&clause, " ");
    incload__clause_add(&clause, native);
    return incload__clause_status(&clause);
}

static int32_t
sqlite_drop(incload__str *out, const incload__table *table, const char *name, incload_error **err)
{
    incload__clause clause = alter(&incload__dialect_sqlite, out, table, err);

    incload__clause_name(&clause, " DROP COLUMN ", name);
    return incload__clause_status(&clause);
}

static const incload__evolution sqlite = {
    .folds_names = true,
    .add_column = sqlite_add,
    .drop_column = sqlite_drop,
};

const incload__evolution *
incload__evolution_of(const incload__dialect *dialect)
{
    static const struct {
        const incload__dialect *dialect;
        const incload__evolution *evolution;
    } known[] = {
        { &incload__dialect_postgres, &postgres },
        { &incload__dialect_mariadb, &mariadb },
        { &incload__dialect_sqlite, &sqlite },
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].dialect == dialect)
            return known[i].evolution;
    }
    return NULL;
}
