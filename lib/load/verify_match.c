/* SPDX-License-Identifier: Apache-2.0 */
/* Compares rows one by one: of both sides, all whose bucket differs, as many at a time as memory allows. What is kept
 * of a row are digests: of its key, of the whole, and while the list has room, of each column with the key's text. */
#include <incload/verify.h>

#include <string.h>

#include "load/verify_internal.h"

enum { NO_NAME = 0, NO_RECORD = 0, LONGEST_VALUE = 256, NAME_GUESS = 64 };

/* One distinct row, with how often each side has it. */
typedef struct record {
    incload__digest key;
    incload__digest whole;
    uint32_t next; /* in its chain, counted from 1 */
    uint32_t name; /* where the key's text begins; NO_NAME: it was not kept */
    int32_t rows[2];
    bool pending; /* changed in the source since the load */
    bool judged;
} record;

typedef struct table {
    verify *v;
    const verify_pass *pass;
    const uint8_t *picked;
    bool listing; /* names and columns are kept */
    record *records;
    uint32_t *columns; /* 32 bits of each column's digest, record by record */
    uint32_t count;
    uint32_t capacity;
    uint32_t most;
    uint32_t *heads;
    uint32_t head_count; /* a power of two */
    incload__str names;
    bool full;
} table;

static size_t
record_size(const verify *v, bool listing)
{
    size_t size = sizeof(record) + 2 * sizeof(uint32_t);

    if (listing)
        size += (size_t)v->common.count * sizeof(uint32_t) + NAME_GUESS;
    return size;
}

static bool
has_room(const verify *v)
{
    return v->result->list_count < v->values->list;
}

int64_t
incload__verify_match_rows(const verify *v)
{
    return v->values->memory / (int64_t)record_size(v, has_room(v));
}

/* ---- the table ---- */

static bool
grow_heads(table *t)
{
    uint32_t count = t->head_count == 0 ? 1024 : t->head_count * 2;
    uint32_t *heads = incload__alloc_array(t->v->mem, count, sizeof *heads);

    if (heads == NULL)
        return false;
    incload__free(t->v->mem, t->heads);
    t->heads = heads;
    t->head_count = count;
    for (uint32_t i = 0; i < t->count; i++) {
        uint32_t *head = &heads[t->records[i].key.low & (count - 1)];
        t->records[i].next = *head;
        *head = i + 1;
    }
    return true;
}

static bool
grow_records(table *t)
{
    uint32_t capacity = t->capacity == 0 ? 1024 : t->capacity + t->capacity / 2;
    size_t width = (size_t)t->v->common.count;
    record *records = incload__realloc(t->v->mem, t->records, capacity * sizeof *records);

    if (records == NULL)
        return false;
    t->records = records;
    if (t->listing) {
        uint32_t *columns = incload__realloc(t->v->mem, t->columns, capacity * width * sizeof *columns);
        if (columns == NULL)
            return false;
        t->columns = columns;
    }
    t->capacity = capacity;
    return true;
}

static record *
find(const table *t, incload__digest key, const incload__digest *whole)
{
    for (uint32_t at = t->heads[key.low & (t->head_count - 1)]; at != NO_RECORD; at = t->records[at - 1].next) {
        record *r = &t->records[at - 1];
        if (incload__digest_equal(r->key, key) && (whole == NULL || incload__digest_equal(r->whole, *whole)))
            return r;
    }
    return NULL;
}

/* ---- what a listed difference shows ---- */

static void
add_value(incload__str *out, const incload__view *view, int32_t column, int64_t row)
{
    size_t before = out->length, length;
    incload__kind kind = view->columns[column].type.kind;
    bool quoted = kind >= INCLOAD__DATE;

    if (incload__is_null(view, column, row)) {
        incload__str_add(out, "NULL");
        return;
    }
    incload__str_add(out, quoted ? "'" : "");
    if (kind == INCLOAD__TEXT || kind == INCLOAD__JSON || kind == INCLOAD__NATIVE) {
        const char *text = incload__get_bytes(view, column, row, &length);
        for (size_t i = 0; i < length && out->length - before < LONGEST_VALUE; i++) {
            if (text[i] == '\'')
                incload__str_add_char(out, '\'');
            /* NUL would end the text for who reads it. */
            incload__str_add_char(out, text[i] == '\0' ? '?' : text[i]);
        }
    } else {
        incload__cell_text(view, column, row, out);
    }
    if (out->length - before >= LONGEST_VALUE && !out->failed) {
        size_t end = before + LONGEST_VALUE - 1;
        while (end > before && ((unsigned char)out->data[end] & 0xc0) == 0x80)
            end--;
        out->length = end;
        out->data[end] = '\0';
        incload__str_add(out, "...");
    }
    incload__str_add(out, quoted ? "'" : "");
}

/* `id = 7`, `region = 'eu', id = 7`: the key, or the whole row where there is none. */
static void
add_name(table *t, const incload__view *view, int64_t row, record *r)
{
    const verify *v = t->v;
    const int32_t *columns = v->key_count > 0 ? v->key : v->all;
    int32_t count = v->key_count > 0 ? v->key_count : view->schema->count;

    if (t->names.length == 0)
        incload__str_add_char(&t->names, '\0');
    /* Long keys must not take more than was set aside for them. */
    if (t->names.length > (size_t)v->values->memory / 2 || t->names.length > UINT32_MAX / 2)
        return;
    r->name = (uint32_t)t->names.length;
    for (int32_t i = 0; i < count; i++) {
        incload__str_addf(&t->names, "%s%s = ", i > 0 ? ", " : "", v->load.shape.columns[columns[i]].name);
        add_value(&t->names, view, columns[i], row);
    }
    incload__str_add_char(&t->names, '\0');
}

static bool
add_columns(table *t, const incload__view *view, int64_t row, uint32_t *out)
{
    incload__digest cell;

    for (int32_t i = 0; i < view->schema->count; i++) {
        if (!incload__hash_cells(&t->v->rows, view, &i, 1, row, &cell))
            return false;
        out[i] = (uint32_t)cell.low;
    }
    return true;
}

static record *
insert(table *t, const incload__view *view, int64_t row, incload__digest key, incload__digest whole)
{
    if (t->count == t->most) {
        t->full = true;
        return NULL;
    }
    if ((t->count == t->capacity && !grow_records(t)) || (t->count >= t->head_count && !grow_heads(t)))
        return NULL;
    record *r = &t->records[t->count];
    uint32_t *head = &t->heads[key.low & (t->head_count - 1)];
    *r = (record){ .key = key, .whole = whole, .next = *head };
    if (t->listing) {
        add_name(t, view, row, r);
        if (t->names.failed || !add_columns(t, view, row, &t->columns[t->count * (size_t)view->schema->count]))
            return NULL;
    }
    *head = ++t->count;
    return r;
}

/* ---- reading ---- */

static bool
is_picked(const table *t, const incload__view *view, int64_t row, incload__digest key)
{
    if (t->picked == NULL)
        return true;
    int32_t bucket = incload__verify_bucket_of(t->v, t->pass, view, row, key);
    return (t->picked[bucket >> 3] >> (bucket & 7) & 1) != 0;
}

/* A row that the window leaves out matters only to a key that is in it on the other side: changed in the source since
 * the load, it is no difference yet; in the target, it is what the source's row is to be compared with. */
static int32_t
take_outside(table *t, int32_t side, const incload__view *view, int64_t row, incload__digest key,
             incload__digest whole, incload_error **err)
{
    record *r = find(t, key, NULL);

    if (r == NULL)
        return INCLOAD_OK;
    if (side == SOURCE) {
        for (; r != NULL; r = r->next != NO_RECORD ? &t->records[r->next - 1] : NULL)
            r->pending |= incload__digest_equal(r->key, key);
        return INCLOAD_OK;
    }
    r = find(t, key, &whole);
    if (r == NULL)
        r = insert(t, view, row, key, whole);
    if (r != NULL)
        r->rows[TARGET]++;
    return r != NULL || t->full ? INCLOAD_OK : incload__fail_memory(err);
}

static int32_t
take_batch(table *t, int32_t side, bool outside, const incload__view *view, incload_error **err)
{
    incload__digest key, whole;

    for (int64_t row = 0; row < view->rows && !t->full; row++) {
        int32_t status = incload__verify_digests(t->v, view, row, &whole, &key, err);
        if (status != INCLOAD_OK)
            return status;
        if (!is_picked(t, view, row, key))
            continue;
        if (outside) {
            status = take_outside(t, side, view, row, key, whole, err);
            if (status != INCLOAD_OK)
                return status;
            continue;
        }
        record *r = find(t, key, &whole);
        if (r == NULL)
            r = insert(t, view, row, key, whole);
        if (r != NULL)
            r->rows[side]++;
        else if (!t->full)
            return incload__fail_memory(err);
    }
    return INCLOAD_OK;
}

static int32_t
take_side(table *t, const verify_slice *slice, int32_t side, bool outside, incload_error **err)
{
    verify_slice wanted = *slice;
    verify_reader *reader = NULL;

    wanted.outside = outside;
    int32_t status = incload__verify_open(t->v, side, &wanted, &reader, err);
    while (status == INCLOAD_OK && !t->full) {
        status = incload__verify_next(reader, err);
        if (status != INCLOAD_OK || reader->view.rows == 0)
            break;
        status = take_batch(t, side, outside, &reader->view, err);
    }
    incload__verify_close(reader);
    return status;
}

/* ---- judging ---- */

/* What is known of one key. */
typedef struct key_facts {
    int64_t rows[2];
    int64_t surplus[2]; /* rows without an equal on the other side */
    const record *odd[2];
    const record *any;
    bool pending;
} key_facts;

static key_facts
gather(table *t, record *first)
{
    key_facts facts = { .any = first };
    uint32_t at = t->heads[first->key.low & (t->head_count - 1)];

    for (; at != NO_RECORD; at = t->records[at - 1].next) {
        record *r = &t->records[at - 1];
        if (!incload__digest_equal(r->key, first->key))
            continue;
        r->judged = true;
        facts.pending |= r->pending;
        for (int32_t side = SOURCE; side <= TARGET; side++) {
            facts.rows[side] += r->rows[side];
            if (r->rows[side] <= r->rows[!side])
                continue;
            facts.surplus[side] += r->rows[side] - r->rows[!side];
            facts.odd[side] = r;
        }
    }
    return facts;
}

static void
name_columns(const table *t, const key_facts *facts, incload__str *out)
{
    const incload__schema *schema = &t->v->load.shape;
    size_t width = (size_t)schema->count;
    const uint32_t *here, *there;

    if (facts->odd[SOURCE] == NULL || facts->odd[TARGET] == NULL)
        return;
    here = &t->columns[(size_t)(facts->odd[SOURCE] - t->records) * width];
    there = &t->columns[(size_t)(facts->odd[TARGET] - t->records) * width];
    for (int32_t i = 0; i < schema->count; i++) {
        if (here[i] != there[i])
            incload__str_addf(out, "%s%s", out->length > 0 ? ", " : "", schema->columns[i].name);
    }
}

static int32_t
list_one(table *t, int32_t kind, const key_facts *facts, incload_error **err)
{
    incload__verify_result *result = t->v->result;
    incload__str columns = INCLOAD__STR(t->v->mem);

    if (!t->listing || !has_room(t->v) || facts->any->name == NO_NAME)
        return INCLOAD_OK;
    incload__difference *one = &result->list[result->list_count];
    if (kind == INCLOAD_DIFFERENCE_CHANGED)
        name_columns(t, facts, &columns);
    one->kind = kind;
    one->source_rows = facts->rows[SOURCE];
    one->target_rows = facts->rows[TARGET];
    one->key = incload__strdup(t->v->mem, t->names.data + facts->any->name);
    one->columns = incload__str_take(&columns);
    result->list_count++;
    return one->key != NULL && one->columns != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

static int32_t
count_one(table *t, int32_t kind, int64_t rows, int64_t *total, const key_facts *facts, incload_error **err)
{
    if (rows == 0)
        return INCLOAD_OK;
    *total += rows;
    return list_one(t, kind, facts, err);
}

/* A key that both sides have: as many rows as can be paired are changed ones, the rest is there too often. */
static int32_t
judge(table *t, record *first, incload_error **err)
{
    incload__verify_result *result = t->v->result;
    key_facts facts = gather(t, first);
    int64_t here = facts.surplus[SOURCE], there = facts.surplus[TARGET];
    int64_t pairs = here < there ? here : there;

    if (facts.pending) {
        result->pending++;
        return INCLOAD_OK;
    }
    if (facts.rows[SOURCE] == 0)
        return count_one(t, INCLOAD_DIFFERENCE_EXTRA, there, &result->extra, &facts, err);
    int32_t status = count_one(t, INCLOAD_DIFFERENCE_CHANGED, pairs, &result->different, &facts, err);
    if (status == INCLOAD_OK)
        status = count_one(t, INCLOAD_DIFFERENCE_MISSING, here - pairs, &result->missing, &facts, err);
    if (status == INCLOAD_OK)
        status = count_one(t, INCLOAD_DIFFERENCE_DUPLICATED, there - pairs, &result->duplicated, &facts, err);
    return status;
}

int32_t
incload__verify_match(verify *v, const verify_pass *pass, const verify_slice *slice, const uint8_t *picked,
                      incload_error **err)
{
    /* Twice what was asked for: rows that the window left out were not counted. */
    int64_t most = incload__verify_match_rows(v) * 2;
    table t = { .v = v, .pass = pass, .picked = picked, .listing = has_room(v), .names = INCLOAD__STR(v->mem) };

    t.most = most > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)most;
    int32_t status = grow_heads(&t) ? INCLOAD_OK : incload__fail_memory(err);
    for (int32_t turn = 0; turn < 4 && status == INCLOAD_OK; turn++) {
        bool outside = turn >= 2;
        if (!outside || (v->windowed && v->key_count > 0))
            status = take_side(&t, slice, turn % 2, outside, err);
    }
    if (t.full)
        v->result->at_least = true; /* half a comparison says nothing */
    for (uint32_t i = 0; i < t.count && status == INCLOAD_OK && !t.full; i++) {
        if (!t.records[i].judged)
            status = judge(&t, &t.records[i], err);
    }
    incload__free(v->mem, t.records);
    incload__free(v->mem, t.columns);
    incload__free(v->mem, t.heads);
    incload__str_free(&t.names);
    return status;
}
