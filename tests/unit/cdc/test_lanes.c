/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of work on several threads: each is done once, and the first failure ends all. */
#include "harness.h"

#include "cdc/lanes.h"

enum { PIECES = 500 };

typedef struct desk {
    atomic_int done[PIECES];
    int32_t bad; /* piece that fails; -1: none */
    atomic_int stops;
} desk;

static int32_t
do_piece(void *data, int32_t lane, int32_t piece, incload_error **err)
{
    desk *d = data;

    (void)lane;
    atomic_fetch_add(&d->done[piece], 1);
    return piece == d->bad ? incload__fail(err, INCLOAD_E_DATA, "piece %d is bad", (int)piece) : INCLOAD_OK;
}

static void
stop(void *data)
{
    desk *d = data;

    atomic_fetch_add(&d->stops, 1);
}

static int32_t
run(desk *d, int32_t lanes, int32_t pieces, incload_error **err)
{
    incload__lanes all = { .count = lanes, .pieces = pieces, .work = do_piece, .stop = stop, .data = d };

    return incload__lanes_run(&all, &incload__mem_libc, err);
}

static int32_t
times_done(const desk *d, int32_t pieces)
{
    int32_t times = 0;

    for (int32_t i = 0; i < pieces; i++)
        times += atomic_load(&d->done[i]);
    return times;
}

START_TEST(each_piece_is_done_once)
{
    static const int32_t lanes[] = { 1, 2, 7, 64 }, pieces[] = { 0, 1, 3, PIECES };

    for (int i = 0; i < 16; i++) {
        desk d = { .bad = -1 };
        incload_error *err = NULL;
        ck_assert_int_eq(run(&d, lanes[i / 4], pieces[i % 4], &err), INCLOAD_OK);
        for (int32_t k = 0; k < pieces[i % 4]; k++)
            ck_assert_int_eq(atomic_load(&d.done[k]), 1);
        ck_assert_int_eq(times_done(&d, PIECES), pieces[i % 4]);
        ck_assert_int_eq(atomic_load(&d.stops), 0);
    }
}
END_TEST

START_TEST(the_first_failure_ends_all_and_is_told)
{
    for (int32_t lanes = 1; lanes <= 8; lanes++) {
        desk d = { .bad = 20 };
        incload_error *err = NULL;
        ck_assert_int_eq(run(&d, lanes, PIECES, &err), INCLOAD_E_DATA);
        ck_assert_str_eq(incload_error_message(err), "piece 20 is bad");
        incload_error_unref(err);
        ck_assert_int_eq(atomic_load(&d.stops), 1);
        if (lanes == 1)
            ck_assert_int_eq(times_done(&d, PIECES), 21);
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, each_piece_is_done_once);
    tcase_add_test(tests, the_first_failure_ends_all_and_is_told);
}

HARNESS_MAIN("lanes", add_tests)
