/* SPDX-License-Identifier: Apache-2.0 */
/* Streams of events folded to one write for each key, against a target that does one event after the other: the end is
 * the same. One byte says how deletes work and what the target holds; then three bytes for each event: its operation
 * and whether it moves a key, the two keys, and which columns it brings. */
#include "input.h"

enum { KEYS = 16, COLUMNS = 4, MOST_EVENTS = 64, DEFAULT = 63 };
#include "../unit/cdc/fold_model.h"

typedef struct scene {
    bool soft;
    table before, model;
    incload__event events[MOST_EVENTS];
    incload__cell cells[MOST_EVENTS][COLUMNS], old[MOST_EVENTS], found[KEYS][COLUMNS];
    int32_t count;
} scene;

static char texts[64];
static const int32_t key_column[] = { 0 };

static incload__cell
cell(int32_t column, uint8_t value)
{
    texts[value] = (char)('0' + value);
    return (incload__cell){ &texts[value], 1, column };
}

static int32_t
find_base(void *data, const incload__cell *const *key, const incload__cell **cells, bool *found, incload_error **err)
{
    scene *s = data;
    int32_t at = value_of(key[0]);

    (void)err;
    *found = s->before.rows[at].there;
    for (int32_t i = 0; i < COLUMNS && *found; i++) {
        s->found[at][i] = cell(i, (uint8_t)s->before.rows[at].values[i]);
        if (cells[i] == NULL)
            cells[i] = &s->found[at][i];
    }
    return INCLOAD_OK;
}

static void
fold_events(scene *s, table *target)
{
    incload__fold fold;

    incload__fold_init(&fold, &incload__mem_libc, key_column, 1, COLUMNS, s->soft, (incload__base){ find_base, s });
    for (int32_t i = 0; i < s->count; i++)
        fuzz_check(incload__fold_add(&fold, &s->events[i], NULL) == INCLOAD_OK, "every event is taken");
    for (int32_t i = 0; i < KEYS && fold.truncated; i++)
        model_delete(&target->rows[i], s->soft);
    fuzz_check(fold.count <= KEYS, "a key has one row");
    for (int64_t i = 0; i < fold.count; i++)
        apply_row(target, &fold, &fold.rows[i]);
    incload__fold_free(&fold);
}

/* ---- the input ---- */

static void
take_event(input *in, scene *s)
{
    uint8_t what = take_byte(in), keys = take_byte(in), columns = take_byte(in);
    incload__event *event = &s->events[s->count];
    incload__cell *cells = s->cells[s->count];
    uint8_t at = keys % KEYS, old = keys / KEYS % KEYS;

    *event = (incload__event){ .operation = what % 6 + INCLOAD_CHANGE_INSERT, .cells = cells };
    if (event->operation == INCLOAD_CHANGE_TRUNCATE) {
        s->count++;
        return;
    }
    cells[event->count++] = cell(0, at);
    bool brings = event->operation != INCLOAD_CHANGE_DELETE && event->operation != INCLOAD_CHANGE_TOMBSTONE;
    for (int32_t i = 1; i < COLUMNS && brings; i++) {
        if ((columns >> i & 1) != 0)
            cells[event->count++] = cell(i, (uint8_t)((columns + s->count + i) % DEFAULT));
    }
    if (event->operation == INCLOAD_CHANGE_UPDATE && (what & 0x80) != 0 && old != at) {
        s->old[s->count] = cell(0, old);
        event->old = &s->old[s->count];
        event->old_count = 1;
    }
    s->count++;
}

static void
fill_target(scene *s, uint8_t how)
{
    for (uint8_t i = 0; i < KEYS; i++) {
        bool there = (how >> (i % 4 + 1) & 1) != 0;
        row *r = &s->before.rows[i];
        *r = (row){ .there = there, .marked = there && s->soft && (how >> 5 & 1) != 0 };
        for (uint8_t c = 0; c < COLUMNS && there; c++)
            r->values[c] = c == 0 ? i : 20 + c;
    }
    s->model = s->before;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static scene s;
    static table target;
    input in = { data, size };
    uint8_t how = take_byte(&in);

    s = (scene){ .soft = (how & 1) != 0 };
    fill_target(&s, how);
    while (in.left > 0 && s.count < MOST_EVENTS)
        take_event(&in, &s);
    for (int32_t i = 0; i < s.count; i++)
        model_event(&s.model, &s.events[i], s.soft);
    target = s.before;
    fold_events(&s, &target);
    for (int32_t i = 0; i < KEYS; i++) {
        const row *r = &target.rows[i], *expected = &s.model.rows[i];
        fuzz_check(r->there == expected->there && r->marked == expected->marked, "the same rows are there");
        fuzz_check(!r->there || memcmp(r->values, expected->values, sizeof r->values) == 0, "with the same values");
    }
    return 0;
}
