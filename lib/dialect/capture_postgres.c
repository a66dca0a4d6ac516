/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL: one trigger for rows and one for TRUNCATE, with one function. */
#include "dialect/capture.h"
#include "dialect/sql.h"

static int32_t
make_table(incload__statements *out, const incload__capture *capture, incload_error **err)
{
    incload__str made = INCLOAD__STR(out->mem), numbered = INCLOAD__STR(out->mem), marked = INCLOAD__STR(out->mem);
    incload__clause table = { capture->dialect, &made, err, INCLOAD_OK };
    incload__clause number = { capture->dialect, &numbered, err, INCLOAD_OK };
    incload__clause mark = { capture->dialect, &marked, err, INCLOAD_OK };

    /* From the source's own columns: with their types and collations, and without NOT NULL. */
    incload__clause_add(&table, "CREATE TABLE ");
    incload__clause_table(&table, capture->changes);
    incload__clause_add(&table, " AS SELECT CAST('R' AS text) AS incload_op, CAST(0 AS bigint) AS incload_us");
    incload__capture_keys(&table, capture, ", ");
    incload__clause_add(&table, " FROM ");
    incload__clause_table(&table, capture->source);
    incload__clause_add(&table, " WHERE false");
    int32_t status = incload__clause_finish(&table, out, false);

    incload__clause_add(&number, "ALTER TABLE ");
    incload__clause_table(&number, capture->changes);
    incload__clause_add(&number, " ADD COLUMN incload_no bigserial PRIMARY KEY");
    if (status == INCLOAD_OK)
        status = incload__clause_finish(&number, out, false);

    incload__clause_add(&mark, "COMMENT ON TABLE ");
    incload__clause_table(&mark, capture->changes);
    incload__clause_add(&mark, " IS ");
    incload__capture_literal(&mark, capture->mark);
    if (status == INCLOAD_OK)
        status = incload__clause_finish(&mark, out, false);
    incload__str_free(&made);
    incload__str_free(&numbered);
    incload__str_free(&marked);
    return status;
}

static void
add_function(incload__clause *clause, const incload__capture *capture)
{
    incload__capture_full_name(clause, capture, "_f");
    incload__clause_add(clause, "()");
}

/* Whoever may write to the table may do so as before: the change table is written by its owner. */
static int32_t
make_function(incload__statements *out, const incload__capture *capture, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { capture->dialect, &sql, err, INCLOAD_OK };

    incload__clause_add(&clause, "CREATE OR REPLACE FUNCTION ");
    add_function(&clause, capture);
    incload__clause_add(&clause, " RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog,"
                                 " pg_temp AS $incload$ BEGIN IF TG_OP = 'TRUNCATE' THEN ");
    incload__capture_insert(&clause, capture, NULL, NULL, NULL);
    incload__clause_add(&clause, "; ELSIF TG_OP = 'INSERT' THEN ");
    incload__capture_insert(&clause, capture, "NEW.", "NEW.", NULL);
    incload__clause_add(&clause, "; ELSIF TG_OP = 'UPDATE' THEN ");
    incload__capture_insert(&clause, capture, "OLD.", "NEW.", NULL);
    incload__clause_add(&clause, "; ELSE ");
    incload__capture_insert(&clause, capture, "OLD.", "OLD.", NULL);
    incload__clause_add(&clause, "; END IF; RETURN NULL; END $incload$");
    int32_t status = incload__clause_finish(&clause, out, false);
    incload__str_free(&sql);
    return status;
}

/* <before>"name"<middle>table<after> */
static int32_t
add_statement(incload__statements *out, const incload__capture *capture, const char *before, const char *suffix,
              const char *middle, bool call, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { capture->dialect, &sql, err, INCLOAD_OK };

    incload__clause_add(&clause, before);
    incload__capture_name(&clause, capture, suffix);
    incload__clause_add(&clause, middle);
    incload__clause_table(&clause, capture->source);
    if (call) {
        incload__clause_add(&clause, suffix[1] == 'r' ? " FOR EACH ROW EXECUTE PROCEDURE "
                                                      : " FOR EACH STATEMENT EXECUTE PROCEDURE ");
        add_function(&clause, capture);
    }
    int32_t status = incload__clause_finish(&clause, out, false);
    incload__str_free(&sql);
    return status;
}

/* Also for what logical replication or a restore writes. */
static int32_t
enable(incload__statements *out, const incload__capture *capture, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { capture->dialect, &sql, err, INCLOAD_OK };

    incload__clause_add(&clause, "ALTER TABLE ");
    incload__clause_table(&clause, capture->source);
    incload__clause_add(&clause, " ENABLE ALWAYS TRIGGER ");
    incload__capture_name(&clause, capture, "_r");
    incload__clause_add(&clause, ", ENABLE ALWAYS TRIGGER ");
    incload__capture_name(&clause, capture, "_t");
    int32_t status = incload__clause_finish(&clause, out, false);
    incload__str_free(&sql);
    return status;
}

static int32_t
make_triggers(incload__statements *out, const incload__capture *capture, incload_error **err)
{
    int32_t status = make_function(out, capture, err);

    if (status == INCLOAD_OK)
        status = add_statement(out, capture, "DROP TRIGGER IF EXISTS ", "_r", " ON ", false, err);
    if (status == INCLOAD_OK)
        status = add_statement(out, capture, "DROP TRIGGER IF EXISTS ", "_t", " ON ", false, err);
    if (status == INCLOAD_OK)
        status =
            add_statement(out, capture, "CREATE TRIGGER ", "_r", " AFTER INSERT OR UPDATE OR DELETE ON ", true, err);
    if (status == INCLOAD_OK)
        status = add_statement(out, capture, "CREATE TRIGGER ", "_t", " AFTER TRUNCATE ON ", true, err);
    return status == INCLOAD_OK ? enable(out, capture, err) : status;
}

static int32_t
drop(incload__statements *out, const incload__capture *capture, incload_error **err)
{
    incload__str function = INCLOAD__STR(out->mem), table = INCLOAD__STR(out->mem);
    incload__clause first = { capture->dialect, &function, err, INCLOAD_OK };
    incload__clause second = { capture->dialect, &table, err, INCLOAD_OK };
    int32_t status = add_statement(out, capture, "DROP TRIGGER IF EXISTS ", "_r", " ON ", false, err);

    if (status == INCLOAD_OK)
        status = add_statement(out, capture, "DROP TRIGGER IF EXISTS ", "_t", " ON ", false, err);
    incload__clause_add(&first, "DROP FUNCTION IF EXISTS ");
    add_function(&first, capture);
    if (status == INCLOAD_OK)
        status = incload__clause_finish(&first, out, false);
    incload__clause_add(&second, "DROP TABLE IF EXISTS ");
    incload__clause_table(&second, capture->changes);
    if (status == INCLOAD_OK)
        status = incload__clause_finish(&second, out, false);
    incload__str_free(&function);
    incload__str_free(&table);
    return status;
}

const incload__capture_rules incload__capture_postgres = {
    .found = incload__sql_postgres_capture_found,
    .triggers = 2,
    .obstacles = incload__sql_postgres_capture_obstacles,
    .orphans = incload__sql_postgres_capture_orphans,
    .make_table = make_table,
    .make_triggers = make_triggers,
    .drop = drop,
    .exact = { "CAST(", " AS text)" },
    .remove = { "DELETE FROM ", "", " WHERE incload_no" },
};
