/* SPDX-License-Identifier: Apache-2.0 */
/* Many that take units of one run at the same time. */
#include "state.h"

#include <pthread.h>
#include <stdatomic.h>

enum { TAKERS = 4, UNITS = 300, BATCH = 7 };

typedef struct taker {
    pthread_t thread;
    int kind;
    int64_t run_no;
    bool completes; /* each unit at once, so that room is made for more */
    int32_t failure;
    char message[300];
} taker;

static _Atomic int32_t taken[UNITS];
static _Atomic int64_t most_running;
static incload__pipeline_run run;

static int32_t
complete_all(incload__conn *conn, const incload__claim *got, incload_error **failure)
{
    incload__landing landing = landing_of(&run, got);

    for (int32_t i = 0; i < got->count; i++) {
        char key[24];
        snprintf(key, sizeof key, "%lld", (long long)got->units[i].seq);
        incload__landed landed = { .seq = got->units[i].seq, .key = key, .lane = "", .high = 1 };
        int32_t status = conn->driver->begin(conn, failure);
        if (status == INCLOAD_OK)
            status = incload__units_complete(&ledger, conn, &landing, &landed, 1, failure);
        status = incload__state_end(conn, status, failure);
        if (status != INCLOAD_OK)
            return status;
    }
    return INCLOAD_OK;
}

static void
note_running(incload__conn *conn)
{
    incload__rows rows;

    if (incload__state_select(&ledger, conn, "SELECT COUNT(*) FROM {unit} WHERE status = 2", NULL, 0, &rows, NULL)
        != INCLOAD_OK)
        return;
    int64_t now = incload__rows_number(&rows, 0, 0), most = atomic_load(&most_running);
    while (now > most && !atomic_compare_exchange_weak(&most_running, &most, now))
        ;
    incload__rows_free(&rows);
}

static int32_t
take_until_empty(taker *self, incload__conn *conn, incload_error **failure)
{
    incload__worker worker;
    int32_t status = incload__worker_register(&ledger, conn, 0, "taker", 60000000, &worker, failure);

    while (status == INCLOAD_OK) {
        incload__claim got;
        status = incload__units_claim(&ledger, conn, self->run_no, &worker, BATCH, &got, failure);
        if (status != INCLOAD_OK)
            return status;
        for (int32_t i = 0; i < got.count; i++)
            atomic_fetch_add(&taken[got.units[i].seq], 1);
        note_running(conn);
        if (self->completes)
            status = complete_all(conn, &got, failure);
        bool empty = got.count == 0 && got.hold == INCLOAD__CLAIM_EMPTY;
        incload__claim_free(&got);
        if (empty)
            return status;
    }
    return status;
}

static void *
taker_main(void *data)
{
    taker *self = data;
    incload__conn *conn = connect_to(self->kind);
    incload_error *failure = NULL;

    self->failure = take_until_empty(self, conn, &failure);
    if (self->failure != INCLOAD_OK)
        snprintf(self->message, sizeof self->message, "%s", incload_error_message(failure));
    incload_error_unref(failure);
    conn->driver->close(conn);
    return NULL;
}

static void
take_at_once(int kind, int64_t max_active, bool completes)
{
    taker takers[TAKERS];

    open_kind(kind);
    run = make_run(UNITS, max_active, -1);
    memset(takers, 0, sizeof takers);
    for (int32_t i = 0; i < TAKERS; i++) {
        takers[i].kind = kind;
        takers[i].run_no = run.run_no;
        takers[i].completes = completes;
        ck_assert_int_eq(pthread_create(&takers[i].thread, NULL, taker_main, &takers[i]), 0);
    }
    for (int32_t i = 0; i < TAKERS; i++)
        pthread_join(takers[i].thread, NULL);
    for (int32_t i = 0; i < TAKERS; i++)
        ck_assert_msg(takers[i].failure == INCLOAD_OK, "%s", takers[i].message);
    for (int32_t i = 0; i < UNITS; i++)
        ck_assert_msg(taken[i] == 1, "unit %d was handed out %d times", i, taken[i]);
    incload__pipeline_run_free(&run);
}

START_TEST(what_many_take_at_once_is_disjoint_and_everything)
{
    take_at_once(_i, 0, false);
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {unit} WHERE status = 2"), UNITS);
    close_kind();
}
END_TEST

START_TEST(no_more_run_at_once_than_may_however_many_take)
{
    take_at_once(_i, 5, true);
    ck_assert_int_gt(most_running, 0);
    ck_assert_int_le(most_running, 5);
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {unit} WHERE status = 3"), UNITS);
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {applied}"), UNITS);
    close_kind();
}
END_TEST

START_TEST(a_unit_whose_data_are_being_written_is_not_taken_away)
{
    incload__reclaimed told;

    open_kind(_i);
    run = make_run(2, 0, -1);
    incload__worker slow = make_worker(one);
    incload__claim got = claim(one, run.run_no, &slow, 2);
    incload__held_unit first = held(&got, 0);
    well(one->driver->begin(one, &err));
    well(incload__unit_fence(&ledger, one, &first, &err));
    run_sql(two, "UPDATE {worker} SET expires_us = 0");
    well(incload__units_reclaim(&ledger, two, run.run_no, 10, 0, 7, &told, &err));
    ck_assert_int_eq(told.orphaned, 1);
    well(land(one, &run, &got, 0));
    well(one->driver->commit(one, &err));
    well(incload__units_reclaim(&ledger, two, run.run_no, 10, 0, 7, &told, &err));
    ck_assert_int_eq(told.orphaned, 0);
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {unit} WHERE status = 3"), 1);
    incload__claim_free(&got);
    incload__pipeline_run_free(&run);
    close_kind();
}
END_TEST

START_TEST(what_was_not_begun_is_given_back_and_no_attempt_was_made)
{
    int64_t seqs[] = { 1, 2, 3 };

    open_kind(_i);
    run = make_run(4, 0, -1);
    incload__worker first = make_worker(one), second = make_worker(two);
    incload__claim got = claim(one, run.run_no, &first, 3), other = claim(two, run.run_no, &second, 1);
    ck_assert_int_eq(other.units[0].seq, 3);
    well(incload__units_give_back(&ledger, one, run.run_no, first.worker_no, seqs, 3, &err));
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {unit} WHERE status = 1 AND attempt = 0 AND worker_no = 0"), 2);
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {unit} WHERE status = 2 AND seq IN (0, 3)"), 2);
    incload__claim again = claim(two, run.run_no, &second, 4);
    ck_assert_int_eq(again.count, 2);
    ck_assert_int_eq(again.units[0].seq, 1);
    ck_assert_int_eq(again.units[0].attempt, 1);
    ck_assert_int_gt(again.epoch, got.epoch);
    incload__claim_free(&got);
    incload__claim_free(&other);
    incload__claim_free(&again);
    incload__pipeline_run_free(&run);
    close_kind();
}
END_TEST

/* A run of 40 units of which a dead worker had ten. */
START_TEST(what_a_dead_worker_had_comes_in_small_portions_and_before_new_units)
{
    incload__reclaimed told;
    incload__claim got;

    open_kind(_i);
    run = make_run(40, 0, -1);
    incload__worker dead = make_worker(one), alive = make_worker(two);
    incload__claim lost = claim(one, run.run_no, &dead, 10);
    well(incload__worker_retire(&ledger, one, &dead, &(incload__worker_progress){ 0, 0, 0 }, &err));
    well(incload__units_reclaim(&ledger, two, run.run_no, 100, 0, 7, &told, &err));
    ck_assert_int_eq(told.orphaned, 10);
    for (int32_t i = 0; i < 6; i++) {
        well(incload__units_claim_portion(&ledger, two, run.run_no, &alive, 20, 2, &got, &err));
        ck_assert_int_eq(got.count, i < 5 ? 2 : 20);
        ck_assert_int_eq(got.units[0].seq, 2 * i);
        ck_assert_int_eq(got.units[0].orphans, i < 5);
        ck_assert_int_eq(got.hold, INCLOAD__CLAIM_FULL);
        incload__claim_free(&got);
    }
    incload__claim_free(&lost);
    incload__pipeline_run_free(&run);
    close_kind();
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, what_many_take_at_once_is_disjoint_and_everything, 0, KINDS);
    tcase_add_loop_test(tests, no_more_run_at_once_than_may_however_many_take, 0, KINDS);
    tcase_add_loop_test(tests, what_was_not_begun_is_given_back_and_no_attempt_was_made, 0, KINDS);
    tcase_add_loop_test(tests, what_a_dead_worker_had_comes_in_small_portions_and_before_new_units, 0, KINDS);
    /* SQLite has one writer: while data are written nobody can take anything. */
    tcase_add_loop_test(tests, a_unit_whose_data_are_being_written_is_not_taken_away, 0, SQLITE);
}

HARNESS_MAIN("claims", add_tests)
