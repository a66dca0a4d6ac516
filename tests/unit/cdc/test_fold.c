/* SPDX-License-Identifier: Apache-2.0 */
/* The fold against a model that does one event after the other: every sequence of up to six events on two keys, from
 * every state of the target, with deleted rows gone or marked. */
#include <string.h>

#include "../harness.h"
#include "cdc/fold.h"

enum { COLUMNS = 3, KEYS = 2, LONGEST = 6, DEFAULT = 9, KINDS = 9 };
#include "fold_model.h"

typedef struct scene {
    bool soft;
    table target;
    incload__event events[LONGEST];
    incload__cell cells[LONGEST][COLUMNS];
    incload__cell old[LONGEST];
    incload__cell found[KEYS][COLUMNS];
    int32_t lookups;
} scene;

static const char *const digits[] = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" };

static incload__cell
cell(int32_t column, int32_t value)
{
    return (incload__cell){ digits[value], 1, column };
}

static int32_t
find_base(void *data, const incload__cell *const *key, const incload__cell **cells, bool *found, incload_error **err)
{
    scene *s = data;
    int32_t at = value_of(key[0]);

    (void)err;
    s->lookups++;
    *found = s->target.rows[at].there;
    for (int32_t i = 0; i < COLUMNS && *found; i++) {
        s->found[at][i] = cell(i, s->target.rows[at].values[i]);
        if (cells[i] == NULL)
            cells[i] = &s->found[at][i];
    }
    return INCLOAD_OK;
}

static const int32_t key_column[] = { 0 };

static void
fold_events(scene *s, int32_t count, table *out)
{
    incload__fold fold;
    table target = s->target;

    incload__fold_init(&fold, &incload__mem_libc, key_column, 1, COLUMNS, s->soft, (incload__base){ find_base, s });
    /* Check notes every assertion, which takes longer than the fold: only one that fails is made. */
    for (int32_t i = 0; i < count; i++) {
        if (incload__fold_add(&fold, &s->events[i], NULL) != INCLOAD_OK)
            ck_abort_msg("event %d is refused", (int)i);
    }
    for (int32_t i = 0; i < KEYS && fold.truncated; i++)
        model_delete(&target.rows[i], s->soft);
    for (int64_t i = 0; i < fold.count; i++)
        apply_row(&target, &fold, &fold.rows[i]);
    incload__fold_free(&fold);
    *out = target;
}

/* ---- every sequence ---- */

/* One of KINDS events, the `at`th of its sequence: its values tell which one wrote them. */
static void
set_event(scene *s, int32_t at, int32_t kind)
{
    incload__event *event = &s->events[at];
    incload__cell *cells = s->cells[at];
    int32_t key = kind % 2, value = at + 1;

    *event = (incload__event){ .operation = INCLOAD_CHANGE_UPDATE, .cells = cells, .count = 1 };
    cells[0] = cell(0, key);
    switch (kind) {
    case 0:
    case 1: /* a whole row */
        event->operation = INCLOAD_CHANGE_INSERT;
        cells[1] = cell(1, value);
        cells[2] = cell(2, value);
        event->count = 3;
        break;
    case 2:
    case 3: /* one column */
        cells[1] = cell(at % 2 == 0 ? 1 : 2, value);
        event->count = 2;
        break;
    case 4:
    case 5:
        event->operation = INCLOAD_CHANGE_DELETE;
        break;
    case 6:
    case 7: /* another key, and one column */
        s->old[at] = cell(0, 1 - key);
        event->old = &s->old[at];
        event->old_count = 1;
        cells[1] = cell(2, value);
        event->count = 2;
        break;
    default:
        event->operation = INCLOAD_CHANGE_TRUNCATE;
        event->count = 0;
    }
}

static void
set_target(scene *s, int32_t state)
{
    memset(&s->target, 0, sizeof s->target);
    for (int32_t i = 0; i < KEYS; i++) {
        row *r = &s->target.rows[i];
        r->there = state >> i & 1;
        for (int32_t column = 0; column < COLUMNS && r->there; column++)
            r->values[column] = column == 0 ? i : 7 + i;
    }
}

static bool
same(const table *a, const table *b)
{
    for (int32_t i = 0; i < KEYS; i++) {
        const row *x = &a->rows[i], *y = &b->rows[i];
        if (x->there != y->there || x->marked != y->marked)
            return false;
        if (x->there && memcmp(x->values, y->values, sizeof x->values) != 0)
            return false;
    }
    return true;
}

static void
check_sequence(scene *s, int32_t length, int64_t number)
{
    table expected = s->target, got;

    for (int32_t i = 0; i < length; i++)
        model_event(&expected, &s->events[i], s->soft);
    fold_events(s, length, &got);
    if (!same(&expected, &got))
        ck_abort_msg("sequence %lld of %d events, %s deletes", (long long)number, (int)length,
                     s->soft ? "soft" : "hard");
}

static void
check_all(int32_t length, bool soft)
{
    int64_t sequences = 1;
    scene s = { .soft = soft };

    for (int32_t i = 0; i < length; i++)
        sequences *= KINDS;
    for (int64_t number = 0; number < sequences; number++) {
        int64_t rest = number;
        for (int32_t i = 0; i < length; i++, rest /= KINDS)
            set_event(&s, i, (int32_t)(rest % KINDS));
        /* Each of the longest from one state with one kind of deletes: the shorter ones have met them all. */
        for (int32_t state = 0; state < 4; state++) {
            if (length == LONGEST && number % 8 != state + 4 * soft)
                continue;
            set_target(&s, state);
            check_sequence(&s, length, number);
        }
    }
}

START_TEST(every_sequence_ends_as_its_events_one_by_one)
{
    for (int32_t length = 1; length <= LONGEST; length++)
        check_all(length, _i == 1);
}
END_TEST

START_TEST(a_row_that_is_brought_whole_under_a_new_key_asks_for_nothing)
{
    scene s = { .soft = false };
    table got;

    set_target(&s, 1);
    set_event(&s, 0, 7);
    s.cells[0][1] = cell(1, 5);
    s.cells[0][2] = cell(2, 6);
    s.events[0].count = 3;
    fold_events(&s, 1, &got);
    ck_assert_int_eq(s.lookups, 0);
    ck_assert(!got.rows[0].there);
    ck_assert_int_eq(got.rows[1].values[1], 5);
}
END_TEST

START_TEST(a_row_without_its_key_is_refused)
{
    incload_error *err = NULL;
    incload__fold fold;
    incload__cell some[] = { cell(1, 1) }, null[] = { { NULL, 0, 0 } };
    incload__event event = { .operation = INCLOAD_CHANGE_DELETE, .cells = some, .count = 1 };

    incload__fold_init(&fold, &incload__mem_libc, key_column, 1, COLUMNS, false, (incload__base){ find_base, NULL });
    ck_assert_int_eq(incload__fold_add(&fold, &event, &err), INCLOAD_E_INVALID);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "whole key"));
    incload_error_unref(err);
    event.cells = null;
    ck_assert_int_eq(incload__fold_add(&fold, &event, NULL), INCLOAD_E_INVALID);
    incload__fold_free(&fold);
}
END_TEST

/* ---- the log ---- */

START_TEST(events_are_brought_into_the_order_of_their_places)
{
    incload__log log;
    uint64_t seed = 1;
    enum { EVENTS = 5000 };

    incload__log_init(&log, &incload__mem_libc);
    for (int32_t i = 0; i < EVENTS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        incload__cell c = cell(0, i % 10);
        incload__event event = { .place = { 1 + (seed >> 40) % 700, seed >> 60 },
                                 .operation = INCLOAD_CHANGE_READ,
                                 .cells = &c,
                                 .count = 1,
                                 .old_count = 0 };
        ck_assert_int_eq(incload__log_add(&log, &event, NULL), INCLOAD_OK);
    }
    ck_assert(log.unordered);
    ck_assert_int_eq(incload__log_sort(&log, NULL), INCLOAD_OK);
    ck_assert_int_eq(log.count, EVENTS);
    for (int32_t i = 1; i < EVENTS; i++)
        ck_assert_int_le(incload__place_order(log.events[i - 1].place, log.events[i].place), 0);
    incload__log_free(&log);
}
END_TEST

START_TEST(events_with_and_without_a_place_do_not_mix)
{
    incload__log log;
    incload_error *err = NULL;
    incload__event placed = { .place = { 1, 0 } }, other = { .place = { 0, 0 } };

    incload__log_init(&log, &incload__mem_libc);
    ck_assert_int_eq(incload__log_add(&log, &placed, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__log_add(&log, &other, &err), INCLOAD_E_INVALID);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "position"));
    ck_assert_int_eq(log.count, 1);
    incload_error_unref(err);
    incload__log_free(&log);
}
END_TEST

START_TEST(a_place_reads_back_from_its_text)
{
    static const char *const bad[] = { "", "1", "1.", ".1", "1.2.3", "-1.0", "1.18446744073709551616", "a.b" };
    incload__str text = INCLOAD__STR(&incload__mem_libc);
    incload__place place = { UINT64_MAX, 7 }, got = { 0, 0 };

    incload__place_print(place, &text);
    ck_assert_str_eq(incload__str_text(&text), "18446744073709551615.7");
    ck_assert_int_eq(incload__place_parse(incload__str_text(&text), &got, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__place_order(place, got), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(incload__place_parse(bad[i], &got, NULL) == INCLOAD_E_DATA, "%s", bad[i]);
    incload__str_free(&text);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, every_sequence_ends_as_its_events_one_by_one, 0, 2);
    tcase_add_test(tests, a_row_that_is_brought_whole_under_a_new_key_asks_for_nothing);
    tcase_add_test(tests, a_row_without_its_key_is_refused);
    tcase_add_test(tests, events_are_brought_into_the_order_of_their_places);
    tcase_add_test(tests, events_with_and_without_a_place_do_not_mix);
    tcase_add_test(tests, a_place_reads_back_from_its_text);
}

HARNESS_MAIN("fold", add_tests)
