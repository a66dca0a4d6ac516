/* SPDX-License-Identifier: Apache-2.0 */
/* A verification from begin to end: plan as the load does, one snapshot on each side, one pass over both that leaves
 * digests of key ranges, and only for ranges that differ a second look, row by row. */
#include "load/verify.h"

#include <incload/verify.h>

#include <stddef.h>
#include <string.h>

#include "base/utf8.h"
#include "dialect/raw.h"
#include "load/verify_internal.h"

enum {
    RANGES_HERE = 1 << 16,    /* buckets of a pass computed here: 1.5 MB a side */
    RANGES_DATABASE = 1 << 12, /* in a server, where each is a group in its work_mem */
    GAP_ROWS = 500,           /* reading so many equal rows costs no more than another statement */
    TRIM_SCALE_VERSION = 130000,
    MOST_ROUNDS = 16          /* scans of everything, in search of single rows */
};

#define AT(field) offsetof(incload__verify_values, field)

static const incload__option verify_option_list[] = {
    { "timeout", INCLOAD_OPTION_DURATION, AT(timeout), "0", 0, 2592000000, "ms", "", "0.1",
      "How long the verification may take, connecting included; 0 sets no limit." },
    { "list", INCLOAD_OPTION_INTEGER, AT(list), "100", 0, 1000000, "differences", "", "0.1",
      "The most differences that are kept with their keys. All are counted in any case." },
    { "window", INCLOAD_OPTION_CHOICE, AT(window), "all", 0, 0, "", "all loaded", "0.1",
      "Which rows are compared: all that the load ever reads, or only those at or before its watermark, without what "
      "changed in the source since." },
    { "digest", INCLOAD_OPTION_CHOICE, AT(digest), "auto", 0, 0, "", "auto database client", "0.1",
      "Where the digests are computed: in the two databases, so that no row crosses the wire unless it differs (two "
      "PostgreSQL servers from 14 on), or here. The cheaper one by itself." },
    { "memory", INCLOAD_OPTION_INTEGER, AT(memory), "33554432", 1048576, 1099511627776, "bytes", "", "0.1",
      "About the most memory for rows that are compared one by one. With less, more rows that differ take more time." },
};

const incload__option_table incload__verify_options = INCLOAD__OPTION_TABLE("verify", verify_option_list);

/* ---- the plan ---- */

static int32_t
connect_both(verify *v, incload_error **err)
{
    const incload__load_spec *spec = &v->spec;
    incload__load *load = &v->load;
    int32_t status =
        incload__database_take(spec->source, INCLOAD__ROLE_READ, spec->deadline_us, spec->owner, &load->from, err);

    if (status == INCLOAD_OK && load->from->once)
        status = incload__fail(err, INCLOAD_E_UNSUPPORTED,
                               "a stream of rows is read once, by its load: there is nothing left to compare with");
    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "source");
    status = incload__database_take(spec->target, INCLOAD__ROLE_READ, spec->deadline_us, spec->owner, &load->to, err);
    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "target");
    return incload__ledger_init(&load->ledger, v->mem, load->to->dialect, incload__database_ledger(spec->target), err);
}

/* The load's own plan, told to make nothing: names, types and what converts into what are the load's. */
static int32_t
plan(verify *v, incload_error **err)
{
    int32_t null_cursor = v->how.null_cursor;
    verify_history history;

    incload__verify_as_append(v, &history);
    v->how.create_target = false;
    v->how.road = INCLOAD__ROAD_AUTO;
    v->how.allow_empty = false;
    v->how.missing_state = INCLOAD__MISSING_FAIL;
    v->how.null_cursor = INCLOAD__NULL_CURSOR_RAISE;
    int32_t status = incload__plan(&v->load, err);
    v->how.null_cursor = null_cursor;
    return status == INCLOAD_OK ? incload__verify_leave_out(v, &history, err) : status;
}

static bool
is_padded(const incload__conn *conn, const incload__column *column)
{
    return strcmp(conn->dialect->name, "postgres") == 0 && column->native != NULL
           && (strncmp(column->native, "character(", 10) == 0 || strcmp(column->native, "character") == 0
               || strcmp(column->native, "bpchar") == 0);
}

static bool
same_native(const incload__column *a, const incload__column *b)
{
    return a->native != NULL && b->native != NULL && strcmp(a->native, b->native) == 0;
}

static bool
is_key(const verify *v, int32_t column)
{
    for (int32_t i = 0; i < v->key_count; i++) {
        if (v->key[i] == column)
            return true;
    }
    return v->key_count == 0;
}

static int32_t
quote_raw(verify *v, int32_t side, int32_t column, incload_error **err)
{
    verify_side *here = &v->sides[side];
    const incload__column *as_declared = &here->columns->columns[column];
    incload__str quoted = INCLOAD__STR(v->mem), item = INCLOAD__STR(v->mem);
    int32_t status = here->conn->dialect->quote(&quoted, "column", as_declared->name, err);

    if (status == INCLOAD_OK && quoted.failed)
        status = incload__fail_memory(err);
    bool made = status == INCLOAD_OK;
    if (made && here->conn->dialect == &incload__dialect_sqlite)
        incload__sqlite_raw_item(&item, incload__str_text(&quoted),
                                 same_native(&v->load.shape.columns[column], &v->load.target.columns[column]));
    else if (made)
        made = incload__postgres_raw_item(&item, as_declared, incload__str_text(&quoted));
    if (made) {
        here->raw[column] = incload__str_take(&item);
        if (here->raw[column] == NULL)
            status = incload__fail_memory(err);
    }
    incload__str_free(&quoted);
    incload__str_free(&item);
    return status;
}

/* Columns of one native type on both sides, between databases of one kind, are read as bytes where there is such a
 * form. Not those of the key: a list of differences is for people. */
static int32_t
set_raw(verify *v, incload_error **err)
{
    const incload__load *load = &v->load;
    bool postgres = load->from->wire == INCLOAD__WIRE_BINARY && load->to->wire == INCLOAD__WIRE_BINARY
                    && load->from->server_version >= TRIM_SCALE_VERSION
                    && load->to->server_version >= TRIM_SCALE_VERSION
                    && load->from->dialect == &incload__dialect_postgres;
    bool sqlite = load->from->dialect == &incload__dialect_sqlite && v->spec.query == NULL;
    int32_t status = INCLOAD_OK;

    if (load->from->dialect != load->to->dialect || !(postgres || sqlite))
        return INCLOAD_OK;
    for (int32_t i = 0; i < load->shape.count && status == INCLOAD_OK; i++) {
        const incload__column *from = &load->shape.columns[i], *to = &load->target.columns[i];
        /* SQLite columns may declare no type, and are copied into text. */
        bool untyped = sqlite && from->native != NULL && from->native[0] == '\0' && to->type.kind == INCLOAD__TEXT;
        if (is_key(v, i) || !(same_native(from, to) || untyped))
            continue;
        status = quote_raw(v, SOURCE, i, err);
        if (status == INCLOAD_OK)
            status = quote_raw(v, TARGET, i, err);
        if (status != INCLOAD_OK || v->sides[SOURCE].raw[i] == NULL)
            continue;
        incload__type bytes = { .kind = INCLOAD__BINARY };
        v->sides[SOURCE].read.columns[i].type = bytes;
        v->sides[TARGET].read.columns[i].type = bytes;
        v->common.columns[i].type = bytes;
    }
    return status;
}

static bool
is_number(const incload__column *column)
{
    return column->type.kind == INCLOAD__DECIMAL || column->type.kind == INCLOAD__NUMERIC;
}

static int32_t
set_rules(verify *v, incload_error **err)
{
    const incload__load *load = &v->load;
    size_t count = (size_t)load->shape.count;

    v->rules = incload__alloc_array(v->mem, count, sizeof *v->rules);
    v->all = incload__alloc_array(v->mem, count, sizeof *v->all);
    if (v->rules == NULL || v->all == NULL)
        return incload__fail_memory(err);
    for (int32_t i = 0; i < load->shape.count; i++) {
        v->all[i] = i;
        if (v->common.columns[i].type.kind == INCLOAD__NATIVE && is_number(&load->shape.columns[i]))
            v->rules[i] = INCLOAD__CELL_NUMBER;
        else if (is_padded(load->from, &load->shape.columns[i]) || is_padded(load->to, &load->target.columns[i]))
            v->rules[i] = INCLOAD__CELL_PADDED;
    }
    v->rows = (incload__hasher){ incload__random(load->env), v->rules, INCLOAD__STR(v->mem) };
    v->keys = (incload__hasher){ incload__random(load->env), v->rules, INCLOAD__STR(v->mem) };
    for (size_t i = 0; i < sizeof v->seeds / sizeof v->seeds[0]; i++)
        v->seeds[i] = incload__random(load->env);
    return INCLOAD_OK;
}

/* By what rows of the two sides belong together: the load's key, else the source's unique key, else the whole row. */
static int32_t
set_sides(verify *v, incload_error **err)
{
    incload__load *load = &v->load;
    verify_side *source = &v->sides[SOURCE], *target = &v->sides[TARGET];
    incload__rows keys = { .mem = v->mem };

    v->key_count = load->key_count > 0 ? load->key_count : load->page_key_count;
    memcpy(v->key, load->key_count > 0 ? load->key : load->page_key, sizeof v->key);
    *source = (verify_side){ .database = v->spec.source, .conn = load->from, .columns = &load->shape,
                             .page_key_count = load->page_key_count };
    memcpy(source->page_key, load->page_key, sizeof source->page_key);
    *target = (verify_side){ .database = v->spec.target, .conn = load->to, .columns = &load->target };
    int32_t status = incload__schema_copy(&source->read, &load->travel, err);
    if (status == INCLOAD_OK)
        status = incload__schema_copy(&target->read, &load->write, err);
    if (status == INCLOAD_OK)
        status = incload__schema_copy(&v->common, &load->write, err);
    if (status != INCLOAD_OK)
        return status;
    source->raw = incload__alloc_array(v->mem, (size_t)load->shape.count, sizeof *source->raw);
    target->raw = incload__alloc_array(v->mem, (size_t)load->shape.count, sizeof *target->raw);
    if (source->raw == NULL || target->raw == NULL)
        return incload__fail_memory(err);
    status = incload__inspect_keys(load, load->to, &load->target_name, &keys, err);
    if (status == INCLOAD_OK)
        target->page_key_count = incload__keys_first(&keys, &load->target, target->page_key);
    else
        incload__error_prefix(err, "target table");
    incload__rows_free(&keys);
    return status == INCLOAD_OK ? set_raw(v, err) : status;
}

/* ---- snapshots ---- */

/* PostgreSQL takes it with the first statement. */
static int32_t
begin(incload__conn *conn, incload_error **err)
{
    incload__rows rows = { .mem = &conn->env->mem };
    int32_t status = conn->driver->begin(conn, err);

    if (status == INCLOAD_OK)
        status = conn->driver->select(conn, "SELECT 1", NULL, 0, &rows, err);
    incload__rows_free(&rows);
    return status;
}

static int32_t
read_position(verify *v, incload__position *position, incload_error **err)
{
    incload__load *load = &v->load;
    bool exists = false;

    if (v->values->window != INCLOAD__VERIFY_LOADED)
        return INCLOAD_OK;
    int32_t status = incload__ledger_find(&load->ledger, load->to, &exists, err);
    if (status == INCLOAD_OK && exists)
        status = incload__ledger_read(&load->ledger, load->to, v->spec.name, position, err);
    return status;
}

/* The target's first: what is loaded between the two is in the source already, and rows the source gets in between are
 * past the watermark that the target's snapshot shows. */
static int32_t
begin_both(verify *v, incload_error **err)
{
    incload__position position = { .mem = v->mem };
    int32_t status = begin(v->load.to, err);

    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "target");
    status = read_position(v, &position, err);
    if (status == INCLOAD_OK) {
        status = begin(v->load.from, err);
        if (status != INCLOAD_OK)
            incload__error_prefix(err, "source");
    }
    if (status == INCLOAD_OK)
        status = incload__verify_window(v, &position, err);
    incload__position_free(&position);
    return status;
}

/* ---- ranges ---- */

static bool
is_whole(incload__kind kind)
{
    return kind >= INCLOAD__INT8 && kind <= INCLOAD__INT64;
}

/* Ranges of a key of whole numbers, which an index on both sides finds again: a second look then reads what differs,
 * and not everything once more. Other keys sort in different ways in different databases. */
static bool
has_ranges(const verify *v)
{
    int32_t column = v->key[0];

    if (v->key_count == 0 || v->spec.query != NULL)
        return false;
    for (int32_t side = SOURCE; side <= TARGET; side++) {
        if (v->sides[side].page_key_count == 0 || v->sides[side].page_key[0] != column)
            return false;
    }
    return is_whole(v->sides[SOURCE].read.columns[column].type.kind) && is_whole(v->common.columns[column].type.kind);
}

static int32_t
widen(verify *v, int32_t side, verify_slice *slice, bool *any, incload_error **err)
{
    verify_side *here = &v->sides[side];
    incload__str quoted = INCLOAD__STR(v->mem);
    incload__rows rows = { .mem = v->mem };
    incload__sql sql;
    int64_t ends[2] = { 0, 0 };

    incload__sql_init(&v->load, &sql);
    int32_t status = here->conn->dialect->quote(&quoted, "column", here->columns->columns[v->key[0]].name, err);
    if (status == INCLOAD_OK && quoted.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK) {
        /* Two subqueries: MariaDB and SQLite use the index for one end at a time. */
        incload__str_addf(&sql.text, "SELECT (SELECT MIN(%s)", incload__str_text(&quoted));
        status = incload__verify_from(v, side, &sql, err);
    }
    if (status == INCLOAD_OK) {
        incload__str_addf(&sql.text, ") AS a, (SELECT MAX(%s)", incload__str_text(&quoted));
        status = incload__verify_from(v, side, &sql, err);
    }
    incload__str_add(&sql.text, ") AS z");
    if (status == INCLOAD_OK)
        status = incload__sql_check(&sql, err);
    if (status == INCLOAD_OK)
        status = here->conn->driver->select(here->conn, incload__str_text(&sql.text), sql.params, sql.count, &rows,
                                            err);
    for (int32_t i = 0; i < 2 && status == INCLOAD_OK; i++) {
        const char *text = incload__rows_get(&rows, 0, i);
        if (text == NULL)
            goto done; /* no rows */
        if (!incload__parse_int64(text, strlen(text), &ends[i]))
            status = incload__fail(err, INCLOAD_E_PROTOCOL, "the least and greatest key are no whole numbers");
    }
    if (status == INCLOAD_OK) {
        slice->low = !*any || ends[0] < slice->low ? ends[0] : slice->low;
        slice->high = !*any || ends[1] > slice->high ? ends[1] : slice->high;
        *any = true;
    }
done:
    incload__rows_free(&rows);
    incload__sql_free(&sql);
    incload__str_free(&quoted);
    return status != INCLOAD_OK ? incload__error_prefix(err, side == SOURCE ? "source" : "target") : status;
}

/* ---- passes, and what they find ---- */

static int32_t search(verify *v, const verify_slice *slice, bool by_range, int32_t depth, incload_error **err);

static int64_t
rows_of(const verify_pass *pass, int32_t bucket)
{
    return pass->buckets[SOURCE][bucket].rows + pass->buckets[TARGET][bucket].rows;
}

static bool
is_equal(const verify_pass *pass, int32_t bucket)
{
    return incload__bucket_equal(&pass->buckets[SOURCE][bucket], &pass->buckets[TARGET][bucket]);
}

/* The rows of buckets first..last, which lie side by side. */
static verify_slice
slice_of(const verify_pass *pass, int32_t first, int32_t last)
{
    verify_slice slice = pass->slice;
    __int128 low = (__int128)pass->slice.low + (__int128)pass->width * (uint32_t)first;
    __int128 high = (__int128)pass->slice.low + (__int128)pass->width * ((uint32_t)last + 1) - 1;

    slice.ranged = true;
    slice.low = (int64_t)low;
    slice.high = high < pass->slice.high ? (int64_t)high : pass->slice.high;
    return slice;
}

/* Row by row where the rows of some buckets fit in memory, else by ranges within the range. */
static int32_t
look_into_ranges(verify *v, const verify_pass *pass, int32_t depth, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t first = 0; first < pass->count && status == INCLOAD_OK; first++) {
        if (is_equal(pass, first))
            continue;
        int64_t most = incload__verify_match_rows(v), rows = rows_of(pass, first), gap = 0;
        int32_t last = first;
        for (int32_t i = first + 1; i < pass->count && gap <= GAP_ROWS && rows + gap <= most; i++) {
            gap += rows_of(pass, i);
            if (is_equal(pass, i) || rows + gap > most)
                continue;
            rows += gap;
            gap = 0;
            last = i;
        }
        verify_slice slice = slice_of(pass, first, last);
        if (rows <= most)
            status = incload__verify_match(v, NULL, &slice, NULL, err);
        else
            status = search(v, &slice, pass->width > 1, depth + 1, err);
        first = last;
    }
    return status;
}

/* Buckets of a digest lie all over the table, so each look reads it whole (or the server does): as many buckets at a
 * time as fit. */
static int32_t
look_into_buckets(verify *v, const verify_pass *pass, incload_error **err)
{
    uint8_t *picked = incload__alloc(v->mem, (size_t)(pass->count + 7) / 8);
    incload__str list = INCLOAD__STR(v->mem);
    int32_t status = picked != NULL ? INCLOAD_OK : incload__fail_memory(err);

    for (int32_t next = 0; next < pass->count && status == INCLOAD_OK;) {
        int64_t most = incload__verify_match_rows(v), rows = 0;
        bool any = false;
        verify_slice slice = pass->slice;

        memset(picked, 0, (size_t)(pass->count + 7) / 8);
        incload__str_clear(&list);
        for (; next < pass->count; next++) {
            if (is_equal(pass, next))
                continue;
            rows += rows_of(pass, next);
            if (any && rows > most)
                break;
            picked[next >> 3] |= (uint8_t)(1 << (next & 7));
            incload__str_addf(&list, "%s%d", any ? "," : "", (int)next);
            any = true;
        }
        if (!any)
            break;
        if (v->rounds == MOST_ROUNDS) {
            v->result->at_least = true;
            break;
        }
        v->rounds++;
        slice.buckets = v->in_database ? incload__str_text(&list) : NULL;
        if (list.failed)
            status = incload__fail_memory(err);
        else
            status = incload__verify_match(v, pass, &slice, v->in_database ? NULL : picked, err);
    }
    incload__free(v->mem, picked);
    incload__str_free(&list);
    return status;
}

static int32_t
search(verify *v, const verify_slice *slice, bool by_range, int32_t depth, incload_error **err)
{
    verify_pass pass = { .slice = *slice, .by_range = by_range, .width = 1 };

    pass.count = v->in_database ? RANGES_DATABASE : RANGES_HERE;
    if (by_range) {
        uint64_t span = (uint64_t)slice->high - (uint64_t)slice->low;
        pass.width = span / (uint64_t)pass.count + 1;
        pass.count = (int32_t)(span / pass.width) + 1;
    }
    for (int32_t side = SOURCE; side <= TARGET; side++)
        pass.buckets[side] = incload__alloc_array(v->mem, (size_t)pass.count, sizeof *pass.buckets[side]);
    int32_t status = pass.buckets[SOURCE] != NULL && pass.buckets[TARGET] != NULL ? INCLOAD_OK
                                                                                  : incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = incload__verify_scan(v, &pass, err);
    for (int32_t i = 0; i < pass.count && depth == 0 && status == INCLOAD_OK; i++) {
        incload__bucket_join(&v->result->source, &pass.buckets[SOURCE][i]);
        incload__bucket_join(&v->result->target, &pass.buckets[TARGET][i]);
    }
    if (status == INCLOAD_OK)
        status = by_range ? look_into_ranges(v, &pass, depth, err) : look_into_buckets(v, &pass, err);
    incload__free(v->mem, pass.buckets[SOURCE]);
    incload__free(v->mem, pass.buckets[TARGET]);
    return status;
}

static int32_t
compare(verify *v, incload_error **err)
{
    verify_slice slice = { .outside = false };
    bool any = false, by_range = has_ranges(v);
    int32_t status = INCLOAD_OK;

    for (int32_t side = SOURCE; side <= TARGET && by_range && status == INCLOAD_OK; side++)
        status = widen(v, side, &slice, &any, err);
    if (status != INCLOAD_OK || (by_range && !any))
        return status; /* two empty tables */
    /* A server subtracts with 63 bits. */
    if ((uint64_t)slice.high - (uint64_t)slice.low > INT64_MAX)
        by_range = false;
    slice.ranged = false;
    return search(v, &slice, by_range, 0, err);
}

/* ---- begin to end ---- */

static void
verify_free(verify *v)
{
    incload__load *load = &v->load;

    for (int32_t side = SOURCE; side <= TARGET; side++) {
        incload__free(v->mem, v->only[side]);
        for (int32_t i = 0; i < BOUNDS; i++)
            incload__free(v->mem, v->sides[side].bounds[i]);
        for (int32_t i = 0; i < load->shape.count && v->sides[side].raw != NULL; i++)
            incload__free(v->mem, v->sides[side].raw[i]);
        incload__free(v->mem, v->sides[side].raw);
        if (v->sides[side].read.mem != NULL)
            incload__schema_free(&v->sides[side].read);
        incload__free(v->mem, v->sides[side].items);
        incload__free(v->mem, v->sides[side].bucket);
    }
    if (load->from != NULL) {
        load->from->driver->rollback(load->from, NULL);
        incload__database_give_back(v->spec.source, load->from);
    }
    if (load->to != NULL) {
        load->to->driver->rollback(load->to, NULL);
        incload__database_give_back(v->spec.target, load->to);
    }
    incload__str_free(&v->rows.bytes);
    incload__str_free(&v->keys.bytes);
    if (v->common.mem != NULL)
        incload__schema_free(&v->common);
    incload__free(v->mem, v->rules);
    incload__free(v->mem, v->all);
    incload__ledger_free(&load->ledger);
    incload__table_free(v->mem, &load->source_name);
    incload__table_free(v->mem, &load->target_name);
    incload__schema_free(&load->shape);
    incload__schema_free(&load->travel);
    incload__schema_free(&load->target);
    incload__schema_free(&load->write);
    incload__schema_free(&load->history);
    incload__schema_free(&load->compared);
    incload__schema_free(&load->marks);
    incload__evolve_free(load);
    incload__load_result_free(v->mem, &v->report);
    incload__free(v->mem, v);
}

static void
set_up(verify *v)
{
    incload__load *load = &v->load;

    v->how = *v->spec.how;
    v->spec.how = &v->how;
    load->spec = &v->spec;
    load->how = &v->how;
    load->unit = v->unit;
    load->result = &v->report;
    load->mem = v->mem;
    incload__load_init(load);
}

int32_t
incload__verify_run(const incload__load_spec *spec, const incload__verify_values *values, incload_unit *unit,
                    incload__verify_result *result, incload_error **err)
{
    const incload__env *env = incload__database_env(spec->target);
    verify *v = incload__alloc(&env->mem, sizeof *v);

    if (v == NULL)
        return incload__fail_memory(err);
    v->spec = *spec;
    v->values = values;
    v->result = result;
    v->unit = unit;
    v->mem = &env->mem;
    v->load.env = env;
    set_up(v);
    result->list = incload__alloc_array(v->mem, (size_t)values->list, sizeof *result->list);
    int32_t status = result->list != NULL ? INCLOAD_OK : incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = connect_both(v, err);
    if (status == INCLOAD_OK)
        status = plan(v, err);
    if (status == INCLOAD_OK)
        status = set_sides(v, err);
    if (status == INCLOAD_OK)
        status = set_rules(v, err);
    if (status == INCLOAD_OK)
        status = incload__verify_database_prepare(v, err);
    if (status == INCLOAD_OK)
        status = begin_both(v, err);
    if (status == INCLOAD_OK)
        status = compare(v, err);
    verify_free(v);
    return status;
}

void
incload__verify_result_free(const incload__mem *mem, incload__verify_result *result)
{
    for (int32_t i = 0; i < result->list_count; i++) {
        incload__free(mem, result->list[i].key);
        incload__free(mem, result->list[i].columns);
    }
    incload__free(mem, result->list);
    incload__free(mem, result->digest_reason);
    memset(result, 0, sizeof *result);
}
