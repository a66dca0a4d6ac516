/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of the same shape in every kind of database, and their contents in one form. What a value looks like is
 * decided here, from the server's own text: the library's conversions have no part in it. */
#define _GNU_SOURCE
#include "support.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const types[KINDS]['z' + 1] = {
    [POSTGRES] = { ['s'] = "varchar(200)", ['i'] = "bigint", ['f'] = "double precision", ['t'] = "timestamp",
                   ['z'] = "timestamptz" },
    [MARIADB] = { ['s'] = "varchar(200)", ['i'] = "bigint", ['f'] = "double", ['t'] = "datetime(6)",
                  ['z'] = "datetime(6)" },
    [SQLITE] = { ['s'] = "TEXT", ['i'] = "BIGINT", ['f'] = "DOUBLE", ['t'] = "TIMESTAMP", ['z'] = "TIMESTAMPTZ TEXT" },
    [PG_ODBC] = { ['s'] = "varchar(200)", ['i'] = "bigint", ['f'] = "double precision", ['t'] = "timestamp",
                  ['z'] = "timestamptz" },
};

/* One column of "id:s at:t"; false at the end. */
static bool
next_column(const char **columns, char name[64], char *type)
{
    *columns += strspn(*columns, " ");
    size_t length = strcspn(*columns, ":");

    if (**columns == '\0')
        return false;
    ck_assert_msg(length < 64 && (*columns)[length] == ':', "bad column list");
    memcpy(name, *columns, length);
    name[length] = '\0';
    *type = (*columns)[length + 1];
    *columns += length + 2;
    return true;
}

void
sql(place at, const char *format, ...)
{
    incload_error *err = NULL;
    char *text = NULL;
    va_list args;

    va_start(args, format);
    ck_assert_int_ge(vasprintf(&text, format, args), 0);
    va_end(args);
    int32_t status = incload_database_execute(at.db, text, NULL, &err);
    ck_assert_msg(status == INCLOAD_OK, "%s: %.200s: %s", kind_names[at.kind], text, incload_error_message(err));
    free(text);
}

/* ---- reading a result ---- */

typedef struct result {
    char **rows;
    size_t count;
    size_t capacity;
} result;

static void
add_row(result *all, char *row)
{
    if (all->count == all->capacity) {
        all->capacity = all->capacity * 2 + 64;
        all->rows = realloc(all->rows, all->capacity * sizeof *all->rows);
        ck_assert_ptr_nonnull(all->rows);
    }
    all->rows[all->count++] = row;
}

static bool
is_null(const struct ArrowArray *column, int64_t row)
{
    const uint8_t *valid = column->n_buffers > 0 ? column->buffers[0] : NULL;

    row += column->offset;
    return valid != NULL && (valid[row / 8] >> (row % 8) & 1) == 0;
}

/* 2018-02-07T01:26:13.84Z, 2018-02-07 01:26:13.840+00 and the like in one form. */
static void
put_timestamp(FILE *out, const char *text, size_t length)
{
    char fraction[8] = "000000";

    if (length < 19 || text[4] != '-') {
        fprintf(out, "%.*s", (int)length, text);
        return;
    }
    if (length > 20 && text[19] == '.') {
        for (size_t i = 20; i < length && i < 26 && text[i] >= '0' && text[i] <= '9'; i++)
            fraction[i - 20] = text[i];
    }
    fprintf(out, "%.10s %.8s.%s", text, text + 11, fraction);
}

static void
put_cell(FILE *out, const char *format, const struct ArrowArray *column, int64_t row, char type)
{
    int64_t at = row + column->offset;

    if (is_null(column, row)) {
        fputs("NULL", out);
    } else if (strcmp(format, "u") == 0) {
        const int32_t *offsets = column->buffers[1];
        const char *text = (const char *)column->buffers[2] + offsets[at];
        size_t length = (size_t)(offsets[at + 1] - offsets[at]);
        char *copy = strndup(text, length);
        if (type == 't' || type == 'z')
            put_timestamp(out, copy, length);
        else if (type == 'f')
            fprintf(out, "%.17g", strtod(copy, NULL));
        else
            fputs(copy, out);
        free(copy);
    } else if (strcmp(format, "l") == 0) {
        fprintf(out, "%lld", (long long)((const int64_t *)column->buffers[1])[at]);
    } else if (strcmp(format, "i") == 0) {
        fprintf(out, "%d", (int)((const int32_t *)column->buffers[1])[at]);
    } else {
        ck_abort_msg("a test's query gives a column of format %s: cast it to text", format);
    }
}

static void
take_batch(result *all, const struct ArrowSchema *schema, const struct ArrowArray *batch, const char *types_of_columns)
{
    for (int64_t row = 0; row < batch->length; row++) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        for (int64_t i = 0; i < batch->n_children; i++) {
            if (i > 0)
                fputc('|', out);
            put_cell(out, schema->children[i]->format, batch->children[i], row + batch->offset,
                     types_of_columns != NULL ? types_of_columns[i] : 's');
        }
        fputc('\n', out);
        fclose(out);
        add_row(all, text);
    }
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *
joined(result *all)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (all->count > 0)
        qsort(all->rows, all->count, sizeof *all->rows, by_text);
    for (size_t i = 0; i < all->count; i++) {
        fputs(all->rows[i], out);
        free(all->rows[i]);
    }
    fclose(out);
    free(all->rows);
    return text;
}

static char *
query(place at, const char *text, const char *types_of_columns)
{
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArray batch;
    incload_error *err = NULL;
    result all = { NULL, 0, 0 };

    int32_t status = incload_database_query(at.db, text, &stream, &err);
    ck_assert_msg(status == INCLOAD_OK, "%s: %.300s: %s", kind_names[at.kind], text, incload_error_message(err));
    ck_assert_int_eq(stream.get_schema(&stream, &schema), 0);
    for (;;) {
        int failed = stream.get_next(&stream, &batch);
        ck_assert_msg(failed == 0, "%s: %.300s: %s", kind_names[at.kind], text, stream.get_last_error(&stream));
        if (batch.release == NULL)
            break;
        take_batch(&all, &schema, &batch, types_of_columns);
        batch.release(&batch);
    }
    schema.release(&schema);
    stream.release(&stream);
    return joined(&all);
}

static char *ask_list(place at, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

static char *
ask_list(place at, const char *format, va_list args)
{
    char *text = NULL;

    ck_assert_int_ge(vasprintf(&text, format, args), 0);
    char *found = query(at, text, NULL);
    free(text);
    return found;
}

char *
ask(place at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *found = ask_list(at, format, args);
    va_end(args);
    return found;
}

void
expect(place at, const char *expected, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *found = ask_list(at, format, args);
    va_end(args);
    ck_assert_msg(strcmp(found, expected) == 0, "%s: %s gives\n%sinstead of\n%s", kind_names[at.kind], format, found,
                  expected);
    free(found);
}

int64_t
ask_number(place at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *found = ask_list(at, format, args);
    va_end(args);
    int64_t number = strtoll(found, NULL, 10);
    free(found);
    return number;
}

void
await_number(place at, int64_t number, const char *format, ...)
{
    enum { PATIENCE_MS = 30000, LOOK_AGAIN_MS = 5 };
    int64_t until = now_ms() + PATIENCE_MS, found = number - 1;

    while (found < number) {
        va_list args;
        va_start(args, format);
        char *text = ask_list(at, format, args);
        va_end(args);
        found = strtoll(text, NULL, 10);
        free(text);
        ck_assert_msg(found >= number || now_ms() < until, "%s: %lld instead of %lld: %s", kind_names[at.kind],
                      (long long)found, (long long)number, format);
        if (found < number)
            pause_ms(LOOK_AGAIN_MS);
    }
}

const char *
ledger_of(place at)
{
    return at.kind == POSTGRES || at.kind == PG_ODBC ? "incload." : "incload_";
}

/* ---- tables ---- */

static const char *
quote_of(place at)
{
    return at.kind == MARIADB ? "`" : "\"";
}

void
table_make(place at, const char *table, const char *columns, const char *key)
{
    const char *q = quote_of(at);
    char name[64], type, *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    table_drop(at, table);
    fprintf(out, "CREATE TABLE %s (", table);
    for (bool first = true; next_column(&columns, name, &type); first = false)
        fprintf(out, "%s%s%s%s %s", first ? "" : ", ", q, name, q, types[at.kind][(unsigned char)type]);
    if (key != NULL)
        fprintf(out, ", PRIMARY KEY (%s)", key);
    fputc(')', out);
    fclose(out);
    sql(at, "%s", text);
    free(text);
}

void
table_drop(place at, const char *table)
{
    sql(at, "DROP TABLE IF EXISTS %s", table);
}

void
table_add(place at, const char *table, const char *values)
{
    sql(at, "INSERT INTO %s VALUES %s", table, values);
}

char *
contents(place at, const char *table, const char *columns)
{
    static const char *const texts[KINDS] = { "text", "CHAR", "TEXT", "text" };
    const char *q = quote_of(at);
    char name[64], type, types_of_columns[64], *text = NULL;
    size_t size = 0, count = 0;
    FILE *out = open_memstream(&text, &size);

    while (next_column(&columns, name, &type)) {
        fputs(count == 0 ? "SELECT " : ", ", out);
        /* A cast to text drops digits there; printf makes 0 of NULL. */
        if (at.kind == SQLITE && type == 'f')
            fprintf(out, "CASE WHEN \"%s\" IS NOT NULL THEN printf('%%!.17g', \"%s\") END", name, name);
        else
            fprintf(out, "CAST(%s%s%s AS %s)", q, name, q, texts[at.kind]);
        fprintf(out, " AS c%d", (int)count);
        ck_assert_int_lt((int)count, 63);
        types_of_columns[count++] = type;
    }
    fprintf(out, " FROM %s", table);
    fclose(out);
    char *found = query(at, text, types_of_columns);
    free(text);
    return found;
}

void
expect_rows(place at, const char *table, const char *columns, const char *expected)
{
    char *found = contents(at, table, columns);

    ck_assert_msg(strcmp(found, expected) == 0, "%s: %s holds\n%sinstead of\n%s", kind_names[at.kind], table, found,
                  expected);
    free(found);
}

void
expect_equal(place source, place target, const char *source_table, const char *target_table, const char *columns)
{
    char *wanted = contents(source, source_table, columns), *found = contents(target, target_table, columns);

    if (strcmp(wanted, found) != 0) {
        size_t at = 0;
        while (wanted[at] == found[at])
            at++;
        while (at > 0 && wanted[at - 1] != '\n')
            at--;
        ck_abort_msg("%s to %s: %s differs from its source, first in a row that should be\n%.200s\nand is\n%.200s",
                     kind_names[source.kind], kind_names[target.kind], target_table, wanted + at, found + at);
    }
    free(wanted);
    free(found);
}

int64_t
staging_tables(place at)
{
    static const char *const queries[KINDS] = {
        "SELECT count(*)::text AS c FROM pg_class WHERE relname LIKE 'incload\\_staging%'",
        "SELECT CAST(count(*) AS CHAR) AS c FROM information_schema.tables WHERE table_name LIKE 'incload\\_staging%'",
        "SELECT CAST(count(*) AS TEXT) AS c FROM sqlite_master WHERE name LIKE 'incload\\_staging%' ESCAPE '\\'",
        "SELECT count(*)::text AS c FROM pg_class WHERE relname LIKE 'incload\\_staging%'",
    };

    return ask_number(at, "%s", queries[at.kind]);
}

bool
table_has_column(place at, const char *table, const char *column)
{
    if (at.kind == SQLITE)
        return ask_number(at, "SELECT COUNT(*) AS c FROM pragma_table_info('%s') WHERE name = '%s'", table, column) > 0;
    return ask_number(at,
                      "SELECT COUNT(*) AS c FROM information_schema.columns WHERE table_name = '%s' AND column_name = "
                      "'%s' AND table_schema = %s",
                      table, column, at.kind == MARIADB ? "DATABASE()" : "'public'")
           > 0;
}
