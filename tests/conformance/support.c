/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct party_kind parties[PARTIES] = {
    [POSTGRES_BY_LIBPQ] = { "postgres", "INCLOAD_TEST_POSTGRES", POSTGRES },
    [POSTGRES_BY_ODBC] = { "postgres-odbc", "INCLOAD_TEST_PG_ODBC", POSTGRES },
    [MARIADB_BY_ODBC] = { "mariadb", "INCLOAD_TEST_MARIADB", MARIADB },
    [SQLITE_BY_ODBC] = { "sqlite", "INCLOAD_TEST_SQLITE", SQLITE },
};

struct side source, target;
incload_database *beside_source;
const char *place_prefix = "from";

/* ---- SQL ---- */

static char *
format_text(const char *format, va_list arguments)
{
    char *text = NULL;

    ck_assert_int_ge(vasprintf(&text, format, arguments), 0);
    return text;
}

static void
expect_no_error(const char *sql, incload_error *err)
{
    if (err != NULL)
        ck_abort_msg("%s: %s, in: %.1500s", incload_error_name(err), incload_error_message(err), sql);
}

void
run_sql(incload_database *database, const char *format, ...)
{
    incload_error *err = NULL;
    va_list arguments;

    va_start(arguments, format);
    char *sql = format_text(format, arguments);
    va_end(arguments);
    incload_database_execute(database, sql, NULL, &err);
    expect_no_error(sql, err);
    free(sql);
}

static void
add_batch(struct rows *rows, const struct ArrowArray *batch)
{
    size_t cells = (size_t)(rows->count + batch->length) * (size_t)rows->columns;

    rows->cells = realloc(rows->cells, (cells + 1) * sizeof *rows->cells);
    ck_assert_ptr_nonnull(rows->cells);
    for (int64_t row = 0; row < batch->length; row++) {
        for (int32_t i = 0; i < rows->columns; i++) {
            const struct ArrowArray *column = batch->children[i];
            int64_t at = column->offset + batch->offset + row;
            const uint8_t *valid = column->buffers[0];
            const int32_t *offsets = column->buffers[1];
            const char *data = column->buffers[2];
            bool null = valid != NULL && (valid[at / 8] >> (at % 8) & 1) == 0;
            rows->cells[(rows->count + row) * rows->columns + i] =
                null ? NULL : strndup(data + offsets[at], (size_t)(offsets[at + 1] - offsets[at]));
        }
    }
    rows->count += batch->length;
}

static void
read_stream(struct ArrowArrayStream *stream, const char *sql, struct rows *rows)
{
    struct ArrowSchema schema;

    ck_assert_msg(stream->get_schema(stream, &schema) == 0, "%s: %s", sql, stream->get_last_error(stream));
    rows->columns = (int32_t)schema.n_children;
    for (int32_t i = 0; i < rows->columns; i++)
        ck_assert_msg(strcmp(schema.children[i]->format, "u") == 0, "column %d of a test's query is '%s', not text: %s",
                      (int)i + 1, schema.children[i]->format, sql);
    schema.release(&schema);
    for (;;) {
        struct ArrowArray batch;
        ck_assert_msg(stream->get_next(stream, &batch) == 0, "%s: %s", sql, stream->get_last_error(stream));
        if (batch.release == NULL)
            return;
        add_batch(rows, &batch);
        batch.release(&batch);
    }
}

static struct rows
read_text(incload_database *database, const char *sql)
{
    struct rows rows = { 0, 0, NULL };
    struct ArrowArrayStream stream;
    incload_error *err = NULL;

    incload_database_query(database, sql, &stream, &err);
    expect_no_error(sql, err);
    read_stream(&stream, sql, &rows);
    stream.release(&stream);
    return rows;
}

struct rows
read_rows(incload_database *database, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    char *sql = format_text(format, arguments);
    va_end(arguments);
    struct rows rows = read_text(database, sql);
    free(sql);
    return rows;
}

const char *
cell(const struct rows *rows, int64_t row, int32_t column)
{
    ck_assert_int_lt(row, rows->count);
    ck_assert_int_lt(column, rows->columns);
    return rows->cells[row * rows->columns + column];
}

void
free_rows(struct rows *rows)
{
    for (int64_t i = 0; i < rows->count * rows->columns; i++)
        free(rows->cells[i]);
    free(rows->cells);
    *rows = (struct rows){ 0, 0, NULL };
}

static char *
read_single(incload_database *database, const char *sql)
{
    struct rows rows = read_text(database, sql);

    ck_assert_msg(rows.count == 1 && rows.columns == 1, "%lld rows of %d columns, not one text: %s",
                  (long long)rows.count, (int)rows.columns, sql);
    char *text = rows.cells[0];
    rows.cells[0] = NULL;
    free_rows(&rows);
    return text;
}

char *
read_one(incload_database *database, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    char *sql = format_text(format, arguments);
    va_end(arguments);
    char *text = read_single(database, sql);
    free(sql);
    return text;
}

void
expect_one(incload_database *database, const char *expected, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    char *sql = format_text(format, arguments);
    va_end(arguments);
    char *text = read_single(database, sql);
    ck_assert_msg(text != NULL && strcmp(text, expected) == 0, "expected '%s', found '%s': %s", expected,
                  text != NULL ? text : "NULL", sql);
    free(text);
    free(sql);
}

/* ---- loads ---- */

static void
add_words(struct outcome *out, const char *words)
{
    size_t length = strlen(out->words);

    snprintf(out->words + length, sizeof out->words - length, "%s%s", length > 0 ? " / " : "", words);
}

static void
note_error(struct outcome *out, const incload_error *err)
{
    for (const incload_error *at = err; at != NULL; at = incload_error_cause(at)) {
        add_words(out, incload_error_message(at));
        for (int32_t i = 0; i < incload_error_detail_count(at); i++)
            add_words(out, incload_error_detail_value(at, i));
    }
}

static int32_t
look_on(incload_unit *unit, incload_batch *batch, void *user_data)
{
    struct ArrowSchema schema;
    struct ArrowArray rows;

    (void)user_data;
    if (incload_batch_export(batch, &schema, &rows, NULL) != INCLOAD_OK)
        return incload_unit_fail(unit, "the batch cannot be exported");
    schema.release(&schema);
    rows.release(&rows);
    return INCLOAD_DONE;
}

struct outcome
run_load(const struct load *load)
{
    struct outcome out = { .code = INCLOAD_OK };
    incload_error *err = NULL;
    incload_strategy *how = incload_strategy_new(load->preset, load->options, &err);
    incload_step *step = load->query
                             ? incload_step_new_query_load(load->from, load->source, load->to, load->target, how, &err)
                             : incload_step_new_load(load->from, load->source, load->to, load->target, how, &err);

    if (load->typed) {
        incload_strategy_set(how, "road", "batches", &err);
        incload_step_set_batch_function(step, look_on, NULL, NULL, &err);
    }
    incload_run *run = incload_step_run(step, "timeout=2min", &err);
    out.code = incload_error_code(err);
    note_error(&out, err);
    out.rows_read = incload_run_rows_read(run);
    out.rows_written = incload_run_rows_written(run);
    out.rows_skipped = incload_run_rows_skipped(run);
    out.rows_rejected = incload_run_rows_rejected(run);
    snprintf(out.road, sizeof out.road, "%s", run != NULL ? incload_run_road(run) : "");
    incload_run_unref(run);
    incload_step_unref(step);
    incload_strategy_unref(how);
    incload_error_unref(err);
    return out;
}

/* A verification is asked of every load: an alarm about a target that is right would be false. */
bool
expect_verified(const struct load *load, const char *digest, const char *why)
{
    incload_error *err = NULL;
    incload_strategy *how = incload_strategy_new(load->preset, load->options, &err);
    incload_step *step = load->query
                             ? incload_step_new_query_load(load->from, load->source, load->to, load->target, how, &err)
                             : incload_step_new_load(load->from, load->source, load->to, load->target, how, &err);
    incload_verification *found = incload_verify(step, digest, &err);
    bool asked = incload_error_code(err) != INCLOAD_E_UNSUPPORTED;

    if (asked) {
        ck_assert_msg(err == NULL, "%s, verified with %s: %s: %s", why, digest, incload_error_name(err),
                      incload_error_message(err));
        ck_assert_msg(incload_verification_is_equal(found) == 1,
                      "%s, verified with %s: false alarm, %lld missing, %lld extra, %lld changed; %s: %s", why, digest,
                      (long long)incload_verification_missing(found), (long long)incload_verification_extra(found),
                      (long long)incload_verification_changed(found), incload_verification_difference_key(found, 0),
                      incload_verification_difference_columns(found, 0));
        ck_assert_str_eq(incload_verification_source_digest(found), incload_verification_target_digest(found));
    }
    incload_verification_unref(found);
    incload_step_unref(step);
    incload_strategy_unref(how);
    incload_error_unref(err);
    return asked;
}

void
expect_load(const struct load *load, long long rows_read, long long rows_written, const char *why)
{
    struct outcome out = run_load(load);

    ck_assert_msg(out.code == INCLOAD_OK, "%s: %s: %s", why, incload_status_name(out.code), out.words);
    /* MariaDB lists the transactions of the whole server: those of others make a load look further back. */
    bool looks_back = source.party->dialect == MARIADB && out.rows_read > rows_read;
    ck_assert_msg((out.rows_read == rows_read || looks_back) && out.rows_written == rows_written,
                  "%s (road %s): %lld rows read and %lld written, expected %lld and %lld", why, out.road, out.rows_read,
                  out.rows_written, rows_read, rows_written);
    ck_assert_msg(out.rows_read == out.rows_written + out.rows_skipped,
                  "%s: %lld rows read, but %lld written and %lld skipped", why, out.rows_read, out.rows_written,
                  out.rows_skipped);
    /* What a process function does is its own affair. */
    if (!load->typed && !load->not_proved) {
        expect_verified(load, "digest=client", why);
        expect_verified(load, "digest=database", why);
    }
}

/* ---- texts ---- */

const char *
text_of(const char *expression, enum dialect dialect)
{
    static char text[200];

    if (dialect == POSTGRES)
        snprintf(text, sizeof text, "(%s)::text", expression);
    else
        snprintf(text, sizeof text, "CAST(%s AS %s)", expression, dialect == MARIADB ? "CHAR" : "TEXT");
    return text;
}

#define SQLITE_IS(class, expression)                                                                                   \
    "CASE typeof(payload) WHEN '" class "' THEN " expression " WHEN 'null' THEN NULL "                                 \
                                        "ELSE 'stored as ' || typeof(payload) END"

const char *
show(enum shown shown, enum dialect dialect)
{
    static const char *const expressions[SHOWN][DIALECTS] = {
        [WORDS] = { "payload::text", "CAST(payload AS CHAR)", SQLITE_IS("text", "payload") },
        [WHOLE] = { "payload::text", "CAST(payload AS CHAR)", SQLITE_IS("integer", "CAST(payload AS TEXT)") },
        [CHARACTERS] = { "encode(convert_to(payload::text, 'UTF8'), 'hex')",
                         "LOWER(HEX(CONVERT(payload USING utf8mb4)))", SQLITE_IS("text", "lower(hex(payload))") },
        [BYTES] = { "encode(payload, 'hex')", "LOWER(HEX(payload))", SQLITE_IS("blob", "lower(hex(payload))") },
        [SINGLE] = { "payload::float8::text", "CAST(CAST(payload AS DOUBLE) AS CHAR)",
                     SQLITE_IS("real", "printf('%!.20g', payload)") },
        [DOUBLE] = { "payload::text", "CAST(payload AS CHAR)", SQLITE_IS("real", "printf('%!.20g', payload)") },
    };

    return expressions[shown][dialect];
}

char *
as_shown(enum shown shown, const char *text)
{
    char *out = NULL;

    if (text == NULL)
        return NULL;
    if (shown != CHARACTERS)
        return strdup(text);
    if (strncmp(text, "hex:", 4) == 0)
        return strdup(text + 4);
    out = malloc(2 * strlen(text) + 1);
    ck_assert_ptr_nonnull(out);
    out[0] = '\0';
    for (size_t i = 0; text[i] != '\0'; i++)
        snprintf(out + 2 * i, 3, "%02x", (unsigned)(unsigned char)text[i]);
    return out;
}

static bool
same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

/* By a point, whatever the locale of this process is; *whole says that it is a number to its end. */
static double
number(enum shown shown, const char *text, bool *whole)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    char *end = NULL;
    double value = shown == SINGLE ? (double)strtof_l(text, &end, plain) : strtod_l(text, &end, plain);

    freelocale(plain);
    *whole = end != text && *end == '\0';
    return value;
}

bool
same_shown(enum shown shown, const char *expected, const char *found)
{
    bool whole = false;

    if (expected == NULL || found == NULL)
        return expected == found;
    if (strcmp(expected, found) == 0)
        return true;
    if (shown != SINGLE && shown != DOUBLE)
        return false;
    double value = number(DOUBLE, found, &whole);
    return whole && same_bits(value, number(shown, expected, &whole));
}

/* ---- the two databases ---- */

/* The party's URL with another database in it; the caller frees it. */
static char *
place_url(const struct party_kind *party, const char *name)
{
    static const struct {
        const char *before, *format;
    } forms[PARTIES] = {
        [POSTGRES_BY_LIBPQ] = { "/incload?", "/%s?" },
        [POSTGRES_BY_ODBC] = { "Database=incload", "Database=%s" },
        [MARIADB_BY_ODBC] = { "Database=incload", "Database=%s" },
        [SQLITE_BY_ODBC] = { "/test.db", "/%s.db" },
    };
    const char *url = getenv(party->variable), *before = forms[party - parties].before, *at = strstr(url, before);
    char part[200], *out = NULL;

    ck_assert_msg(at != NULL, "%s holds no '%s'", party->variable, before);
    snprintf(part, sizeof part, forms[party - parties].format, name);
    ck_assert_int_gt(asprintf(&out, "%.*s%s%s", (int)(at - url), url, part, at + strlen(before)), 0);
    return out;
}

/* A database of its own on the party's server, made anew: programs for other pairs run at the same time. */
static void
make_place(const struct party_kind *party, const char *name)
{
    static const char *const endings[] = { "", "-wal", "-shm", "-journal" };
    char path[500];

    if (party->dialect == SQLITE) {
        for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
            snprintf(path, sizeof path, "%s/%s.db%s", getenv("INCLOAD_TEST_DIR"), name, endings[i]);
            unlink(path);
        }
        return;
    }
    incload_database *server = incload_database_new(getenv(party->variable), NULL, NULL);
    run_sql(server, "DROP DATABASE IF EXISTS %s%s", name, party->dialect == POSTGRES ? " WITH (FORCE)" : "");
    run_sql(server, "CREATE DATABASE %s", name);
    incload_database_unref(server);
}

static incload_database *
open_place(const struct party_kind *party, const char *name)
{
    incload_error *err = NULL;
    char *url = place_url(party, name);
    incload_database *database = incload_database_new(url, NULL, &err);

    expect_no_error(url, err);
    free(url);
    return database;
}

static const struct party_kind *
find_party(const char *name)
{
    for (int i = 0; i < PARTIES; i++) {
        if (strcmp(parties[i].name, name) == 0)
            return &parties[i];
    }
    return NULL;
}

static void
underscored(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '-')
            *text = '_';
    }
}

bool
find_sides(const char *from, const char *to)
{
    source.party = find_party(from);
    target.party = find_party(to);
    return source.party != NULL && target.party != NULL;
}

const char *
missing_server(void)
{
    if (getenv(source.party->variable) == NULL)
        return source.party->variable;
    if (getenv(target.party->variable) == NULL)
        return target.party->variable;
    return getenv("INCLOAD_TEST_DIR") == NULL ? "INCLOAD_TEST_DIR" : NULL;
}

void
open_sides(void)
{
    char from[100], to[100];

    if (source.database != NULL)
        return;
    snprintf(from, sizeof from, "%s_%s_to_%s_source", place_prefix, source.party->name, target.party->name);
    snprintf(to, sizeof to, "%s_%s_to_%s_target", place_prefix, source.party->name, target.party->name);
    underscored(from);
    underscored(to);
    make_place(source.party, from);
    make_place(target.party, to);
    source.database = open_place(source.party, from);
    target.database = open_place(target.party, to);
    if (source.party->dialect == target.party->dialect)
        beside_source = open_place(target.party, from);
}

void
close_sides(void)
{
    incload_database_unref(source.database);
    incload_database_unref(target.database);
    incload_database_unref(beside_source);
}
