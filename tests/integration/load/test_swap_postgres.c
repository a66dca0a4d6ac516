/* SPDX-License-Identifier: Apache-2.0 */
/* write=swap into PostgreSQL: what the new table keeps of the old one, object by object in the catalog; what is refused
 * by name; and what readers see, whatever snapshot they have. */
#include <incload/incload.h>

#include <check.h>
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each test in a schema of its own, over libpq (0) or over unixODBC (1) into the same server. */
enum { LIBPQ, ODBC, ROADS };

typedef struct scene {
    PGconn *main;
    incload_database *source, *target;
    char load[40];
} scene;

static const char *
variable(const char *name)
{
    const char *text = getenv(name);

    ck_assert_msg(text != NULL, "%s is not set: run sh tests/run.sh", name);
    return text;
}

static void
no_notices(void *data, const char *message)
{
    (void)data;
    (void)message;
}

static PGconn *
connect_here(void)
{
    PGconn *conn = PQconnectdb(variable("INCLOAD_TEST_POSTGRES"));

    ck_assert_msg(PQstatus(conn) == CONNECTION_OK, "%s", PQerrorMessage(conn));
    PQsetNoticeProcessor(conn, no_notices, NULL);
    return conn;
}

static void
sql(PGconn *conn, const char *text)
{
    PGresult *result = PQexec(conn, text);
    ExecStatusType status = PQresultStatus(result);

    ck_assert_msg(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s: %s", text, PQerrorMessage(conn));
    PQclear(result);
}

/* All rows, a line each. Freed by the caller. */
static char *
ask(PGconn *conn, const char *text)
{
    PGresult *result = PQexec(conn, text);
    char *out = NULL;
    size_t size = 0;

    ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s: %s", text, PQerrorMessage(conn));
    FILE *file = open_memstream(&out, &size);
    for (int row = 0; row < PQntuples(result); row++) {
        for (int column = 0; column < PQnfields(result); column++)
            fprintf(file, "%s%s",
                    column > 0 ? "|"
                    : row > 0  ? "\n"
                               : "",
                    PQgetisnull(result, row, column) ? "NULL" : PQgetvalue(result, row, column));
    }
    fclose(file);
    PQclear(result);
    return out;
}

static void
expect(PGconn *conn, const char *expected, const char *text)
{
    char *got = ask(conn, text);

    ck_assert_msg(strcmp(got, expected) == 0, "%s: '%s' in place of '%s'", text, got, expected);
    free(got);
}

static incload_database *
database(const char *url)
{
    incload_error *err = NULL;
    incload_database *db = incload_database_new(url, NULL, &err);

    ck_assert_msg(err == NULL, "%s", err != NULL ? incload_error_message(err) : "");
    return db;
}

static scene
begin(int road)
{
    static int number;
    scene s = { .main = connect_here() };

    snprintf(s.load, sizeof s.load, "swap %d %d", road, number++);
    sql(s.main, "DROP SCHEMA IF EXISTS swap CASCADE; DROP SCHEMA IF EXISTS other CASCADE; CREATE SCHEMA swap; "
                "CREATE SCHEMA other; CREATE TABLE swap.src (id bigint PRIMARY KEY, name text, size int); "
                "INSERT INTO swap.src SELECT i, 'new ' || i, i % 7 FROM generate_series(1, 100) AS i");
    s.source = database(variable("INCLOAD_TEST_POSTGRES"));
    s.target = database(variable(road == ODBC ? "INCLOAD_TEST_PG_ODBC" : "INCLOAD_TEST_POSTGRES"));
    return s;
}

static void
end(scene *s)
{
    sql(s->main, "DROP SCHEMA swap CASCADE; DROP SCHEMA other CASCADE");
    incload_database_unref(s->source);
    incload_database_unref(s->target);
    PQfinish(s->main);
}

/* The plainest target. */
static void
plain(scene *s)
{
    sql(s->main, "CREATE TABLE swap.t (id bigint PRIMARY KEY, name text, size int); "
                 "INSERT INTO swap.t SELECT i, 'old', 0 FROM generate_series(1, 50) AS i");
}

static incload_run *
load(scene *s, const char *options, incload_error **err)
{
    incload_strategy *how = incload_strategy_new("swap", options, err);
    incload_step *step = incload_step_new_load(s->source, "swap.src", s->target, "swap.t", how, err);

    incload_step_set(step, "name", s->load, err);
    incload_run *done = incload_step_run(step, "retries=0", err);
    incload_step_unref(step);
    incload_strategy_unref(how);
    return done;
}

static void
load_ok(scene *s, const char *options)
{
    incload_error *err = NULL;
    incload_run *run = load(s, options, &err);

    ck_assert_msg(err == NULL, "%s", err != NULL ? incload_error_message(err) : "");
    ck_assert_int_eq(incload_run_rows_read(run), incload_run_rows_written(run));
    incload_run_unref(run);
}

static void
load_fails(scene *s, const char *options, int32_t code, const char *word)
{
    incload_error *err = NULL;
    incload_run *run = load(s, options, &err);

    ck_assert_ptr_nonnull(err);
    ck_assert_msg(incload_error_code(err) == code && strstr(incload_error_message(err), word) != NULL,
                  "%d: %s, which does not say '%s'", incload_error_code(err), incload_error_message(err), word);
    incload_error_unref(err);
    incload_run_unref(run);
}

/* Nothing of ours is left, in the ledger or beside it. */
static void
expect_clean(scene *s)
{
    expect(s->main, "0",
           "SELECT count(*) FROM pg_class WHERE relname LIKE 'incload\\_%' AND relkind IN ('r', 'i', 'S')");
    expect(s->main, "0", "SELECT count(*) FROM incload.object");
}

/* ---- what is kept ---- */

/* A table with one of everything. */
static void
adorned(scene *s)
{
    static const char *const statements[] = {
        "DROP ROLE IF EXISTS swap_owner; DROP ROLE IF EXISTS swap_reader; CREATE ROLE swap_owner; "
        "CREATE ROLE swap_reader; GRANT ALL ON SCHEMA swap TO swap_owner",
        "CREATE TABLE other.parent (code int PRIMARY KEY); INSERT INTO other.parent SELECT generate_series(0, 10)",
        "CREATE TABLE other.split (code int PRIMARY KEY) PARTITION BY RANGE (code); CREATE TABLE other.split_low"
        " PARTITION OF other.split DEFAULT; INSERT INTO other.split SELECT generate_series(0, 10)",
        "CREATE FUNCTION other.tick() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TABLE swap.t (gone int, id bigint NOT NULL, name text COLLATE \"C\" DEFAULT 'it''s', size int DEFAULT "
        "7,"
        " twice int GENERATED ALWAYS AS (size * 2) STORED, number bigint GENERATED ALWAYS AS IDENTITY (INCREMENT 5),"
        " old serial, \"Wide \"\"name\" text DEFAULT 'x', span int4range,"
        " CONSTRAINT \"the key\" PRIMARY KEY (id) WITH (fillfactor = 80), CONSTRAINT sane CHECK (size >= 0),"
        " CONSTRAINT apart EXCLUDE USING gist (span WITH &&),"
        " CONSTRAINT pair UNIQUE (id, name) DEFERRABLE INITIALLY DEFERRED,"
        " CONSTRAINT parent FOREIGN KEY (size) REFERENCES other.parent ON DELETE CASCADE)"
        " WITH (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_vacuum_cost_delay = 3)",
        "ALTER TABLE swap.t DROP COLUMN gone",
        "ALTER TABLE swap.t ADD CONSTRAINT divided FOREIGN KEY (size) REFERENCES other.split",
        "ALTER TABLE swap.t ADD CONSTRAINT later CHECK (id < 1000000) NOT VALID,"
        " ADD CONSTRAINT self FOREIGN KEY (twice) REFERENCES swap.t (id) NOT VALID",
        "ALTER TABLE swap.t ALTER COLUMN name SET STATISTICS 321, ALTER COLUMN name SET (n_distinct = 17),"
        " ALTER COLUMN name SET STORAGE EXTERNAL, ALTER COLUMN \"Wide \"\"name\" SET COMPRESSION pglz",
        "CREATE INDEX by_size ON swap.t (size DESC NULLS LAST) WITH (fillfactor = 60) WHERE size > 1",
        "CREATE UNIQUE INDEX \"Upper name\" ON swap.t (upper(name) text_pattern_ops) INCLUDE (size)",
        "ALTER INDEX swap.\"Upper name\" ALTER COLUMN 1 SET STATISTICS 55",
        "CREATE STATISTICS swap.linked (dependencies) ON size, name FROM swap.t; ALTER STATISTICS swap.linked SET"
        " STATISTICS 44",
        "ALTER TABLE swap.t CLUSTER ON by_size_all",
        "ALTER TABLE swap.t REPLICA IDENTITY USING INDEX \"the key\"",
        "CREATE TRIGGER watch BEFORE INSERT OR UPDATE OF name ON swap.t FOR EACH ROW WHEN (NEW.size > 3)"
        " EXECUTE FUNCTION other.tick()",
        "CREATE TRIGGER asleep AFTER DELETE ON swap.t FOR EACH STATEMENT EXECUTE FUNCTION other.tick();"
        "ALTER TABLE swap.t DISABLE TRIGGER asleep",
        "ALTER TABLE swap.t ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY mine ON swap.t AS RESTRICTIVE FOR SELECT TO swap_reader USING (size < 100 AND name <> 'x')",
        "CREATE POLICY wide ON swap.t TO PUBLIC USING (true) WITH CHECK (id IN (SELECT code FROM other.parent))",
        "COMMENT ON TABLE swap.t IS 'the table'; COMMENT ON COLUMN swap.t.name IS 'the name';"
        "COMMENT ON INDEX swap.by_size IS 'the index'; COMMENT ON CONSTRAINT sane ON swap.t IS 'the check';"
        "COMMENT ON CONSTRAINT \"the key\" ON swap.t IS 'the key''s'; COMMENT ON TRIGGER watch ON swap.t IS 'the "
        "trigger';"
        "COMMENT ON POLICY mine ON swap.t IS 'the policy'; COMMENT ON STATISTICS swap.linked IS 'the statistics'",
        "ALTER TABLE swap.t OWNER TO swap_owner",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA swap GRANT UPDATE ON TABLES TO swap_reader",
        "GRANT SELECT ON swap.t TO swap_reader WITH GRANT OPTION; GRANT INSERT (name, size) ON swap.t TO PUBLIC;"
        "REVOKE DELETE ON swap.t FROM swap_owner; GRANT USAGE ON SEQUENCE swap.t_number_seq TO swap_reader",
        "CREATE VIEW other.seen WITH (security_barrier) AS SELECT id, name AS \"Name\" FROM swap.t WHERE size > 0;"
        "GRANT SELECT ON other.seen TO swap_reader; CREATE VIEW other.upon AS SELECT count(*) AS n FROM other.seen",
        "SET session_replication_role = replica; INSERT INTO swap.t (id, name, size) SELECT i, 'old ' || i, 3 FROM"
        " generate_series(200, 260) AS i; RESET session_replication_role",
        "SELECT setval('swap.t_number_seq', 4711); SELECT setval('swap.t_old_seq', 815)",
    };

    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        if (strstr(statements[i], "by_size_all") != NULL)
            sql(s->main, "CREATE INDEX by_size_all ON swap.t (size)");
        sql(s->main, statements[i]);
    }
}

/* One text of everything that the catalog says of the table, without its numbers. */
static const char *const described[] = {
    "SELECT attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, attstattarget, "
    "attstorage,"
    " attcompression,"
    " (SELECT array_agg(o) FROM unnest(attoptions) o WHERE o LIKE 'n_distinct%'), attacl, attcollation::regcollation, "
    "pg_get_expr(d.adbin, d.adrelid),"
    " col_description(attrelid, attnum) FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = attrelid AND d.adnum "
    "="
    " attnum WHERE attrelid = 'swap.t'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
    "SELECT relname, relowner::regrole, relpersistence, reloptions, relreplident, relrowsecurity, relforcerowsecurity,"
    " reltablespace, relam, (SELECT array_agg(a ORDER BY a::text) FROM unnest(relacl) a),"
    " obj_description(oid, 'pg_class'), (SELECT reloptions FROM pg_class t WHERE t.oid = c.reltoastrelid)"
    " FROM pg_class c WHERE oid = 'swap.t'::regclass",
    "SELECT pg_get_indexdef(indexrelid), indisclustered, indisreplident, indisprimary, obj_description(indexrelid,"
    " 'pg_class'), reloptions, relowner::regrole, (SELECT array_agg(attstattarget ORDER BY attnum) FROM pg_attribute "
    "WHERE"
    " attrelid = indexrelid) FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE indrelid = 'swap.t'::regclass"
    " ORDER BY indexrelid::regclass::text",
    "SELECT conname, contype, pg_get_constraintdef(oid), convalidated, condeferrable, condeferred, conindid::regclass,"
    " obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conrelid = 'swap.t'::regclass AND conparentid = 0"
    " ORDER BY conname",
    "SELECT contype, count(*) FROM pg_constraint WHERE conrelid = 'swap.t'::regclass GROUP BY contype ORDER BY contype",
    "SELECT tgname, tgenabled, pg_get_triggerdef(oid), obj_description(oid, 'pg_trigger') FROM pg_trigger"
    " WHERE tgrelid = 'swap.t'::regclass AND NOT tgisinternal ORDER BY tgname",
    "SELECT polname, polcmd, polpermissive, polroles::regrole[], pg_get_expr(polqual, polrelid),"
    " pg_get_expr(polwithcheck, polrelid), obj_description(oid, 'pg_policy') FROM pg_policy"
    " WHERE polrelid = 'swap.t'::regclass ORDER BY polname",
    "SELECT pg_get_statisticsobjdef(oid), stxname, stxowner::regrole, stxstattarget, obj_description(oid,"
    " 'pg_statistic_ext') FROM pg_statistic_ext WHERE stxrelid = 'swap.t'::regclass",
    "SELECT a.attname, s.relname, d.deptype, s.relowner::regrole, s.relacl, q.seqstart, q.seqincrement, q.seqmax, "
    "q.seqmin,"
    " q.seqcycle FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'"
    " JOIN pg_sequence q ON q.seqrelid = s.oid JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum ="
    " d.refobjsubid WHERE d.refobjid = 'swap.t'::regclass ORDER BY a.attnum",
    "SELECT c.relname, c.relowner::regrole, c.reloptions, c.relacl, pg_get_viewdef(c.oid) FROM pg_class c"
    " WHERE c.relnamespace = 'other'::regnamespace AND c.relkind = 'v' ORDER BY c.relname",
};
enum { DESCRIBED = sizeof described / sizeof described[0] };

START_TEST(every_object_of_the_target_is_in_the_catalog_as_before)
{
    scene s = begin(_i);
    char *before[DESCRIBED];

    adorned(&s);
    for (int i = 0; i < DESCRIBED; i++)
        before[i] = ask(s.main, described[i]);
    char *oid = ask(s.main, "SELECT 'swap.t'::regclass::oid");
    load_ok(&s, NULL);
    for (int i = 0; i < DESCRIBED; i++) {
        char *after = ask(s.main, described[i]);
        ck_assert_msg(strcmp(before[i], after) == 0, "%s\nbefore: %s\nafter: %s", described[i], before[i], after);
        ck_assert_msg(after[0] != '\0', "%s: nothing", described[i]);
        free(after);
        free(before[i]);
    }
    /* It is another table, with the new rows, and figures for the planner. */
    char *now = ask(s.main, "SELECT 'swap.t'::regclass::oid");
    ck_assert_str_ne(oid, now);
    expect(s.main, "100|100", "SELECT count(*), count(*) FILTER (WHERE name LIKE 'new %') FROM swap.t");
    expect(s.main, "100|t",
           "SELECT reltuples, EXISTS (SELECT 1 FROM pg_stats WHERE schemaname = 'swap' AND tablename = 't')"
           " FROM pg_class WHERE oid = 'swap.t'::regclass");
    /* The views look at it, and the sequences go on: behind the numbers that the hundred rows took from them. */
    expect(s.main, "86", "SELECT n FROM other.upon");
    expect(s.main, "5216|916", "INSERT INTO swap.t (id, name, size) VALUES (500, 'n', 1) RETURNING number, old");
    expect_clean(&s);
    /* And all of it holds for a second time. */
    load_ok(&s, NULL);
    expect(s.main, "86", "SELECT n FROM other.upon");
    expect_clean(&s);
    sql(s.main, "DROP SCHEMA swap CASCADE; CREATE SCHEMA swap; DROP OWNED BY swap_owner, swap_reader; DROP ROLE "
                "swap_owner, swap_reader");
    free(oid);
    free(now);
    end(&s);
}
END_TEST

START_TEST(a_target_that_is_not_there_is_made)
{
    scene s = begin(_i);

    load_ok(&s, NULL);
    expect(s.main, "100", "SELECT count(*) FROM swap.t");
    expect(s.main, "PRIMARY KEY (id)",
           "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid ="
           " 'swap.t'::regclass AND contype = 'p'");
    expect_clean(&s);
    end(&s);
}
END_TEST

/* ---- what is refused ---- */

static const struct {
    const char *make;
    const char *word;
} obstacles[] = {
    { "CREATE TABLE other.child (id bigint CONSTRAINT \"to t\" REFERENCES swap.t)",
      "foreign key \"to t\" of table other.child" },
    { "CREATE PUBLICATION swap_told FOR TABLE swap.t", "publication swap_told" },
    { "CREATE MATERIALIZED VIEW other.kept AS SELECT id FROM swap.t", "materialized view other.kept" },
    { "CREATE TABLE other.heir () INHERITS (swap.t)", "table other.heir inherits from it" },
    { "CREATE RULE deaf AS ON DELETE TO swap.t DO INSTEAD NOTHING", "rule deaf on it" },
    { "CREATE FUNCTION other.of(swap.t) RETURNS int LANGUAGE sql AS 'SELECT 1'", "function other.of(swap.t)" },
    { "CREATE TABLE other.holder (whole swap.t)", "column whole of table other.holder" },
};

START_TEST(what_cannot_be_carried_over_is_refused_by_its_name)
{
    scene s = begin(LIBPQ);

    plain(&s);
    sql(s.main, "DROP PUBLICATION IF EXISTS swap_told");
    sql(s.main, obstacles[_i].make);
    load_fails(&s, NULL, INCLOAD_E_UNSUPPORTED, obstacles[_i].word);
    expect(s.main, "50", "SELECT count(*) FROM swap.t WHERE name = 'old'");
    expect_clean(&s);
    sql(s.main, "DROP PUBLICATION IF EXISTS swap_told");
    end(&s);
}
END_TEST

START_TEST(a_partitioned_table_and_a_view_are_refused)
{
    scene s = begin(LIBPQ);

    sql(s.main, "CREATE TABLE swap.t (id bigint, name text, size int) PARTITION BY RANGE (id)");
    load_fails(&s, NULL, INCLOAD_E_UNSUPPORTED, "it is a partitioned table");
    sql(s.main, "DROP TABLE swap.t; CREATE VIEW swap.t AS SELECT id, name, size FROM swap.src");
    load_fails(&s, NULL, INCLOAD_E_UNSUPPORTED, "it is a view");
    end(&s);
}
END_TEST

START_TEST(no_row_in_the_source_is_refused_unless_it_is_meant)
{
    scene s = begin(_i);

    plain(&s);
    sql(s.main, "TRUNCATE swap.src");
    load_fails(&s, NULL, INCLOAD_E_STATE, "allow_empty=true");
    expect(s.main, "50", "SELECT count(*) FROM swap.t");
    expect_clean(&s);
    load_ok(&s, "allow_empty=true");
    expect(s.main, "0", "SELECT count(*) FROM swap.t");
    /* Empty already: nothing is lost. */
    load_ok(&s, NULL);
    end(&s);
}
END_TEST

START_TEST(rows_that_break_a_constraint_leave_the_target_as_it_was)
{
    scene s = begin(_i);

    plain(&s);
    sql(s.main, "DELETE FROM swap.t WHERE id > 1; ALTER TABLE swap.t ADD CONSTRAINT small UNIQUE (size)");
    load_fails(&s, NULL, INCLOAD_E_CONSTRAINT, "building the staging table");
    expect_clean(&s);
    end(&s);
}
END_TEST

/* ---- readers ---- */

START_TEST(a_reader_with_an_older_snapshot_finds_the_new_rows_and_never_an_empty_table)
{
    scene s = begin(LIBPQ);
    PGconn *reader = connect_here();

    plain(&s);
    sql(reader, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
    load_ok(&s, NULL);
    expect(reader, "100", "SELECT count(*) FROM swap.t");
    expect(reader, "1", "SELECT count(*) FROM swap.t WHERE id = 77");
    sql(reader, "COMMIT");
    PQfinish(reader);
    end(&s);
}
END_TEST

/* A row that a function changes goes by batches: they freeze it as well. */
START_TEST(batches_are_frozen_too)
{
    scene s = begin(LIBPQ);
    PGconn *reader = connect_here();

    plain(&s);
    sql(reader, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
    load_ok(&s, "road=batches");
    expect(reader, "100", "SELECT count(*) FROM swap.t");
    PQfinish(reader);
    end(&s);
}
END_TEST

START_TEST(over_odbc_a_swap_waits_for_older_snapshots_and_names_them)
{
    scene s = begin(ODBC);
    PGconn *reader = connect_here();

    plain(&s);
    sql(reader, "SET application_name = 'the old snapshot'; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
    load_fails(&s, "swap_wait=300ms", INCLOAD_E_CONFLICT, "the old snapshot");
    expect(reader, "50", "SELECT count(*) FROM swap.t");
    sql(reader, "COMMIT");
    expect_clean(&s);
    load_ok(&s, NULL);
    expect(s.main, "100", "SELECT count(*) FROM swap.t");
    PQfinish(reader);
    end(&s);
}
END_TEST

START_TEST(a_reader_in_the_way_is_named_when_time_is_over_and_nothing_stays_behind)
{
    scene s = begin(_i);
    PGconn *reader = connect_here();

    plain(&s);
    sql(reader, "SET application_name = 'the slow reader'; BEGIN; SELECT count(*) FROM swap.t");
    load_fails(&s, "lock_timeout=20ms swap_wait=400ms", INCLOAD_E_CONFLICT, "the slow reader");
    load_fails(&s, "lock_timeout=20ms swap_retries=2", INCLOAD_E_CONFLICT, "in 3 tries");
    expect_clean(&s);
    expect(s.main, "50", "SELECT count(*) FROM swap.t");
    sql(reader, "COMMIT");
    load_ok(&s, NULL);
    expect(s.main, "100", "SELECT count(*) FROM swap.t");
    PQfinish(reader);
    end(&s);
}
END_TEST

START_TEST(an_old_table_that_is_still_read_is_dropped_by_the_next_load)
{
    scene s = begin(LIBPQ);
    PGconn *reader = connect_here();

    plain(&s);
    /* A lock that lets the rename through and not the drop cannot be had: the registry's row is made by hand. */
    load_ok(&s, NULL);
    sql(s.main, "CREATE TABLE swap.incload_0123456789abcdef_old (id int); COMMENT ON TABLE"
                " swap.incload_0123456789abcdef_old IS 'made by libincload for run gone'; INSERT INTO incload.object"
                " VALUES ('incload_0123456789abcdef_old', 'swap', 'swap.t', 'gone', 'gone', 'old', 0, 0, 0, 0)");
    sql(reader, "BEGIN; SELECT count(*) FROM swap.incload_0123456789abcdef_old");
    load_ok(&s, NULL);
    expect(s.main, "1", "SELECT count(*) FROM incload.object");
    sql(reader, "COMMIT");
    load_ok(&s, NULL);
    expect_clean(&s);
    PQfinish(reader);
    end(&s);
}
END_TEST

START_TEST(a_table_without_our_mark_is_never_dropped)
{
    scene s = begin(LIBPQ);

    plain(&s);
    load_ok(&s, NULL);
    sql(s.main, "CREATE TABLE swap.incload_0123456789abcdef (id int); INSERT INTO incload.object"
                " VALUES ('incload_0123456789abcdef', 'swap', 'swap.t', 'gone', 'gone', 'staging', 0, 0, 0, 0)");
    load_ok(&s, NULL);
    expect(s.main, "1", "SELECT count(*) FROM pg_class WHERE relname = 'incload_0123456789abcdef'");
    expect(s.main, "0", "SELECT count(*) FROM incload.object");
    end(&s);
}
END_TEST

START_TEST(a_target_that_is_altered_while_it_loads_is_not_replaced)
{
    scene s = begin(LIBPQ);
    incload_error *err = NULL;

    plain(&s);
    /* A trigger on DDL alters the target once the staging table is there: between plan and lock. */
    sql(s.main, "CREATE FUNCTION other.meddle() RETURNS event_trigger LANGUAGE plpgsql AS "
                "'BEGIN ALTER TABLE swap.t ADD COLUMN IF NOT EXISTS more int; END'");
    sql(s.main, "CREATE EVENT TRIGGER swap_meddle ON ddl_command_end WHEN TAG IN ('CREATE TABLE')"
                " EXECUTE FUNCTION other.meddle()");
    incload_run *run = load(&s, NULL, &err);
    sql(s.main, "DROP EVENT TRIGGER swap_meddle");
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_CONFLICT);
    ck_assert_int_eq(incload_error_is_retryable(err), 1);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "was changed while the new rows were loaded"));
    expect(s.main, "50", "SELECT count(*) FROM swap.t");
    expect_clean(&s);
    incload_error_unref(err);
    incload_run_unref(run);
    load_ok(&s, NULL);
    expect(s.main, "100", "SELECT count(*) FROM swap.t WHERE more IS NULL");
    end(&s);
}
END_TEST

START_TEST(of_a_table_with_the_longest_name_every_name_of_ours_fits)
{
    scene s = begin(LIBPQ);
    char text[400], name[64];

    memset(name, 'n', 63);
    name[63] = '\0';
    snprintf(text, sizeof text, "CREATE TABLE swap.%s (id bigserial PRIMARY KEY, name text UNIQUE, size int)", name);
    sql(s.main, text);
    snprintf(text, sizeof text, "swap.%s", name);
    incload_error *err = NULL;
    incload_strategy *how = incload_strategy_new("swap", NULL, &err);
    incload_step *step = incload_step_new_load(s.source, "swap.src", s.target, text, how, &err);
    for (int i = 0; i < 2; i++)
        incload_run_unref(incload_step_run(step, NULL, &err));
    ck_assert_msg(err == NULL, "%s", err != NULL ? incload_error_message(err) : "");
    snprintf(text, sizeof text, "SELECT count(*) FROM swap.%s", name);
    expect(s.main, "100", text);
    expect_clean(&s);
    incload_step_unref(step);
    incload_strategy_unref(how);
    end(&s);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("swap into PostgreSQL");
    TCase *tests = tcase_create("swap");

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, every_object_of_the_target_is_in_the_catalog_as_before, 0, ROADS);
    tcase_add_loop_test(tests, a_target_that_is_not_there_is_made, 0, ROADS);
    tcase_add_loop_test(tests, what_cannot_be_carried_over_is_refused_by_its_name, 0,
                        sizeof obstacles / sizeof obstacles[0]);
    tcase_add_test(tests, a_partitioned_table_and_a_view_are_refused);
    tcase_add_loop_test(tests, no_row_in_the_source_is_refused_unless_it_is_meant, 0, ROADS);
    tcase_add_loop_test(tests, rows_that_break_a_constraint_leave_the_target_as_it_was, 0, ROADS);
    tcase_add_test(tests, a_reader_with_an_older_snapshot_finds_the_new_rows_and_never_an_empty_table);
    tcase_add_test(tests, batches_are_frozen_too);
    tcase_add_test(tests, over_odbc_a_swap_waits_for_older_snapshots_and_names_them);
    tcase_add_loop_test(tests, a_reader_in_the_way_is_named_when_time_is_over_and_nothing_stays_behind, 0, ROADS);
    tcase_add_test(tests, an_old_table_that_is_still_read_is_dropped_by_the_next_load);
    tcase_add_test(tests, a_table_without_our_mark_is_never_dropped);
    tcase_add_test(tests, a_target_that_is_altered_while_it_loads_is_not_replaced);
    tcase_add_test(tests, of_a_table_with_the_longest_name_every_name_of_ours_fits);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
