/* SPDX-License-Identifier: Apache-2.0 */
#include "odbc_support.h"

const char *url;
const incload__driver *const driver = &incload__driver_odbc;

incload__conn *
dial(incload__role role)
{
    incload_error *err = NULL;
    incload__conn *conn = NULL;
    incload__connect how = {
        .env = &incload__env_system, .url = url, .role = role, .application_name = "incload test"
    };

    ok(driver->connect(&how, &conn, &err));
    ck_assert_ptr_nonnull(conn);
    return conn;
}

bool
is(const incload__conn *conn, const char *dialect)
{
    return strcmp(conn->dialect->name, dialect) == 0;
}

bool
url_names(const char *part)
{
    return strstr(url, part) != NULL;
}

void
run(incload__conn *conn, const char *sql)
{
    incload_error *err = NULL;

    ok(driver->execute(conn, sql, NULL, 0, NULL, &err));
}

int64_t
number(incload__conn *conn, const char *sql)
{
    incload_error *err = NULL;
    incload__rows rows;
    int64_t value = -1;

    ok(driver->select(conn, sql, NULL, 0, &rows, &err));
    ck_assert_int_eq(rows.count, 1);
    const char *cell = incload__rows_get(&rows, 0, 0);
    ck_assert_ptr_nonnull(cell);
    ck_assert(incload__parse_int64(cell, strlen(cell), &value));
    incload__rows_free(&rows);
    return value;
}

void
expect(int32_t status, int32_t code, incload_error **err)
{
    ck_assert_msg(status == code, "%s instead of %s: %s", incload_status_name(status), incload_status_name(code),
                  incload_error_message(*err));
    ck_assert_int_eq(incload_error_code(*err), code);
    incload_error_unref(*err);
    *err = NULL;
}

incload__type
type_of(incload__kind kind, int32_t precision, int32_t scale)
{
    return (incload__type){ .kind = kind, .precision = precision, .scale = scale };
}

/* Adds a column in the database's own type; false when it has none for the kind. */
bool
add_column(const incload__conn *conn, incload__schema *schema, const char *name, incload__type type)
{
    incload__str native = INCLOAD__STR(&incload__mem_libc);
    incload__str item = INCLOAD__STR(&incload__mem_libc);
    incload_error *err = NULL;
    incload__column probe = { .name = (char *)(uintptr_t)name, .type = type, .nullable = true };

    bool can = conn->dialect->native_type(&native, name, type, false, &err) == INCLOAD_OK;
    probe.native = native.data;
    can = can && conn->dialect->select_item(&item, &probe, INCLOAD__WIRE_TEXT, &err) == INCLOAD_OK;
    if (can) {
        incload__column *column = incload__schema_add(schema, name, native.data, type);
        ck_assert_ptr_nonnull(column);
        column->nullable = true;
    }
    incload_error_unref(err);
    incload__str_free(&native);
    incload__str_free(&item);
    return can;
}

/* Makes the table anew. */
void
make_table(incload__conn *conn, const char *name, const incload__schema *schema)
{
    incload_error *err = NULL;
    incload__table table = { .name = (char *)(uintptr_t)name };
    incload__str sql = INCLOAD__STR(&incload__mem_libc);

    incload__str_addf(&sql, "DROP TABLE IF EXISTS %s", name);
    run(conn, sql.data);
    incload__str_clear(&sql);
    ok(conn->dialect->create_table(&sql, &table, schema, NULL, 0, &err));
    run(conn, sql.data);
    incload__str_free(&sql);
}

void
write_all(incload__conn *conn, const char *table, const incload__schema *schema, const incload__view *view)
{
    incload_error *err = NULL;
    incload__writer *writer = NULL;
    int64_t rows = 0;

    ok(driver->begin(conn, &err));
    ok(driver->write_open(conn, table, schema, &writer, &err));
    ok(driver->write_batch(writer, view, &err));
    ok(driver->write_close(writer, &rows, &err));
    ck_assert_int_eq(rows, view->rows);
    ok(driver->commit(conn, &err));
}

char *
select_text(incload__conn *conn, const char *table, const incload__schema *schema, const char *order)
{
    incload_error *err = NULL;
    incload__str sql = INCLOAD__STR(&incload__mem_libc);

    for (int32_t i = 0; i < schema->count; i++) {
        incload__str_add(&sql, i > 0 ? ", " : "SELECT ");
        ok(conn->dialect->select_item(&sql, &schema->columns[i], INCLOAD__WIRE_TEXT, &err));
    }
    incload__str_addf(&sql, " FROM %s ORDER BY %s", table, order);
    return incload__str_take(&sql);
}

/* Reads everything in steps of `step` rows into one array. */
void
read_all(incload__conn *conn, const char *table, const incload__schema *schema, int64_t step, struct ArrowArray *out)
{
    incload_error *err = NULL;
    incload__reader *reader = NULL;
    incload__builder *builder = incload__builder_new(&incload__mem_libc, schema, &err);
    char *sql = select_text(conn, table, schema, schema->columns[0].name);
    int64_t rows;

    ok(driver->read_open(conn, sql, NULL, 0, schema, &reader, &err));
    do {
        ok(driver->read_next(reader, builder, step, 64 << 20, &rows, &err));
        ck_assert_int_le(rows, step);
    } while (rows > 0);
    driver->read_close(reader);
    ok(incload__builder_finish(builder, out, &err));
    incload__builder_free(builder);
    free(sql);
}

void
expect_equal_cells(const incload__view *a, const incload__view *b)
{
    incload__str x = INCLOAD__STR(&incload__mem_libc);
    incload__str y = INCLOAD__STR(&incload__mem_libc);

    ck_assert_int_eq(a->rows, b->rows);
    for (int64_t row = 0; row < a->rows; row++) {
        for (int32_t i = 0; i < a->schema->count; i++) {
            const char *name = a->schema->columns[i].name;
            ck_assert_msg(incload__is_null(a, i, row) == incload__is_null(b, i, row),
                          "%s, row %" PRId64 ": NULL or not", name, row);
            if (incload__is_null(a, i, row))
                continue;
            incload__str_clear(&x);
            incload__str_clear(&y);
            incload__cell_text(a, i, row, &x);
            incload__cell_text(b, i, row, &y);
            ck_assert_msg(x.length == y.length && (x.length == 0 || memcmp(x.data, y.data, x.length) == 0),
                          "%s, row %" PRId64 ": wrote %.80s (%zu), read %.80s (%zu)", name, row, incload__str_text(&x),
                          x.length, incload__str_text(&y), y.length);
        }
    }
    incload__str_free(&x);
    incload__str_free(&y);
}

/* Writes what the builder holds into `table`, reads it back, compares. */
void
expect_round_trip(incload__conn *conn, const char *table, const incload__schema *schema, incload__builder *builder)
{
    incload_error *err = NULL;
    struct ArrowArray wrote, got;
    incload__view a, b;
    incload__conn *reader = dial(INCLOAD__ROLE_READ);

    ok(incload__builder_finish(builder, &wrote, &err));
    ok(incload__view_init(&a, &incload__mem_libc, schema, &wrote, &err));
    write_all(conn, table, schema, &a);
    read_all(reader, table, schema, 700, &got);
    ok(incload__view_init(&b, &incload__mem_libc, schema, &got, &err));
    expect_equal_cells(&a, &b);
    incload__view_free(&a);
    incload__view_free(&b);
    incload__array_release(&wrote);
    incload__array_release(&got);
    incload__builder_free(builder);
    driver->close(reader);
}

void
put(incload__builder *builder, int32_t column, const char *text)
{
    int32_t status = text == NULL ? incload__put_null(builder, column)
                                  : incload__put_text(builder, column, text, strlen(text));

    ck_assert_msg(status == INCLOAD_OK, "put %s", text);
}

/* A table `name` of an int64 column id and one column v of that type. */
bool
two_columns(incload__conn *conn, const char *name, incload__type type, incload__schema *schema)
{
    incload__schema_init(schema, &incload__mem_libc);
    add_column(conn, schema, "id", type_of(INCLOAD__INT64, 0, 0));
    if (!add_column(conn, schema, "v", type))
        return false;
    make_table(conn, name, schema);
    return true;
}

/* Writes `count` texts and NULL between them into a column of that type and reads them back. */
void
round_trip_texts(incload__type type, const char *const *texts, size_t count)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__schema schema;

    if (two_columns(conn, "t_kind", type, &schema)) {
        incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, &err);
        for (size_t i = 0; i < 2 * count; i++) {
            incload__put_int(builder, 0, (int64_t)i);
            put(builder, 1, i % 2 == 0 ? texts[i / 2] : NULL);
        }
        expect_round_trip(conn, "t_kind", &schema, builder);
    }
    incload__schema_free(&schema);
    driver->close(conn);
}


int
odbc_main(int argc, char **argv, void (*add_tests)(TCase *tests))
{
    url = getenv(argc > 1 ? argv[1] : "INCLOAD_TEST_ODBC");
    if (url == NULL || url[0] == '\0') {
        puts("1..0 # SKIP INCLOAD_TEST_ODBC names no database");
        return 0;
    }
    Suite *suite = suite_create("odbc");
    TCase *tests = tcase_create("odbc");
    tcase_set_timeout(tests, 60);
    add_tests(tests);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
