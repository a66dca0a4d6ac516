/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a run's units on every kind of database, from the plan to the end. */
#include "state.h"

static void
tear_down(void)
{
    close_kind();
}

static void
complete(incload__conn *conn, const incload__pipeline_run *run, const incload__claim *from, int32_t at)
{
    well(conn->driver->begin(conn, &err));
    well(land(conn, run, from, at));
    well(conn->driver->commit(conn, &err));
}

static void
kill_worker(const incload__worker *worker)
{
    char sql[100];

    snprintf(sql, sizeof sql, "UPDATE {worker} SET expires_us = 0 WHERE worker_no = %lld",
             (long long)worker->worker_no);
    run_sql(one, sql);
}

START_TEST(a_million_planned_units_are_one_row)
{
    open_kind(_i);
    incload__pipeline_run run = make_run(1000000, 0, -1);
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {pipeline_run}"), 1);
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {unit}"), 0);
    incload__worker worker = make_worker(one);
    incload__claim got = claim(one, run.run_no, &worker, 10);
    ck_assert_int_eq(got.count, 10);
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {unit}"), 10);
    ck_assert_int_eq(ask(one, "SELECT next_seq FROM {pipeline_run}"), 10);
    incload__claim_free(&got);
    incload__pipeline_run_free(&run);
    tear_down();
}
END_TEST

START_TEST(a_unit_lands_with_its_data_and_the_run_ends_once)
{
    bool finished[3];
    int32_t status = 0;

    open_kind(_i);
    incload__pipeline_run run = make_run(2, 0, -1);
    incload__worker worker = make_worker(one);
    incload__claim got = claim(one, run.run_no, &worker, 5);
    ck_assert_int_eq(got.count, 2);
    complete(one, &run, &got, 0);
    well(incload__pipeline_run_finish(&ledger, two, run.run_no, 0, &status, &finished[0], &err));
    ck_assert(!finished[0]);
    ck_assert_int_eq(status, INCLOAD__PIPELINE_RUNNING);
    complete(one, &run, &got, 1);
    well(incload__pipeline_run_finish(&ledger, two, run.run_no, 0, &status, &finished[1], &err));
    well(incload__pipeline_run_finish(&ledger, one, run.run_no, 0, &status, &finished[2], &err));
    ck_assert(finished[1] && !finished[2]);
    ck_assert_int_eq(status, INCLOAD__PIPELINE_SUCCESS);
    ck_assert_int_eq(count_data(one), 2);
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {applied}"), 2);
    incload__claim none = claim(one, run.run_no, &worker, 5);
    ck_assert_int_eq(none.count, 0);
    ck_assert_int_eq(none.hold, INCLOAD__CLAIM_ENDED);
    incload__claim_free(&none);
    incload__claim_free(&got);
    incload__pipeline_run_free(&run);
    tear_down();
}
END_TEST

START_TEST(a_dead_workers_units_are_reclaimed_once)
{
    incload__reclaimed first, second;

    open_kind(_i);
    incload__pipeline_run run = make_run(10, 0, -1);
    incload__worker dead = make_worker(one), other = make_worker(two);
    incload__claim lost = claim(one, run.run_no, &dead, 4), kept = claim(two, run.run_no, &other, 3);
    well(incload__units_reclaim(&ledger, two, run.run_no, 100, 0, 7, &first, &err));
    ck_assert_int_eq(first.orphaned, 0);
    kill_worker(&dead);
    well(incload__units_reclaim(&ledger, two, run.run_no, 100, 0, 7, &first, &err));
    well(incload__units_reclaim(&ledger, one, run.run_no, 100, 0, 7, &second, &err));
    ck_assert_int_eq(first.orphaned, 4);
    ck_assert_int_eq(second.orphaned + first.crashed + second.crashed, 0);
    incload__claim again = claim(two, run.run_no, &other, 4);
    ck_assert_int_eq(again.count, 4);
    for (int32_t i = 0; i < 4; i++) {
        ck_assert_int_lt(again.units[i].seq, 4);
        ck_assert_int_eq(again.units[i].attempt, 2);
        ck_assert_int_eq(again.units[i].orphans, 1);
    }
    ck_assert_int_gt(again.epoch, lost.epoch);
    incload__claim_free(&lost);
    incload__claim_free(&kept);
    incload__claim_free(&again);
    incload__pipeline_run_free(&run);
    tear_down();
}
END_TEST

START_TEST(a_worker_whose_row_is_gone_is_dead_and_may_not_take_units)
{
    incload__reclaimed told;
    incload__claim none;

    open_kind(_i);
    incload__pipeline_run run = make_run(3, 0, -1);
    incload__worker worker = make_worker(one);
    incload__claim got = claim(one, run.run_no, &worker, 1);
    run_sql(one, "DELETE FROM {worker}");
    well(incload__units_reclaim(&ledger, two, run.run_no, 100, 0, 7, &told, &err));
    ck_assert_int_eq(told.orphaned, 1);
    ck_assert_int_eq(incload__units_claim(&ledger, one, run.run_no, &worker, 1, &none, &err), INCLOAD_E_BUSY);
    ck_assert_int_eq(one->txn, INCLOAD__TXN_IDLE);
    incload__claim_free(&got);
    incload__pipeline_run_free(&run);
    tear_down();
}
END_TEST

START_TEST(a_heartbeat_keeps_a_worker_alive_and_never_raises_the_dead)
{
    incload__worker_progress told = { 5, 1, 700 }, sum;
    int64_t alive = -1;

    open_kind(_i);
    incload__pipeline_run run = make_run(3, 0, -1);
    incload__worker worker;
    well(incload__worker_register(&ledger, one, run.run_no, "a test", 60000000, &worker, &err));
    ck_assert(incload__worker_trusted(&worker, &incload__env_system));
    int64_t before = ask(one, "SELECT expires_us FROM {worker}");
    run_sql(one, "UPDATE {worker} SET expires_us = expires_us - 30000000");
    well(incload__worker_beat(&ledger, one, &worker, &told, &err));
    ck_assert_int_ge(ask(one, "SELECT expires_us FROM {worker}"), before);
    well(incload__worker_sum(&ledger, two, run.run_no, &sum, &alive, &err));
    ck_assert_int_eq(sum.units_done, 5);
    ck_assert_int_eq(sum.units_bad, 1);
    ck_assert_int_eq(sum.rows_written, 700);
    ck_assert_int_eq(alive, 1);
    kill_worker(&worker);
    ck_assert_int_eq(incload__worker_beat(&ledger, one, &worker, &told, &err), INCLOAD_E_BUSY);
    ck_assert(!incload__worker_trusted(&worker, &incload__env_system));
    ck_assert_int_eq(ask(one, "SELECT expires_us FROM {worker}"), 0);
    well(incload__worker_prune(&ledger, one, 1000000, NULL));
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {worker}"), 0);
    incload__pipeline_run_free(&run);
    tear_down();
}
END_TEST

START_TEST(a_zombies_completion_is_refused_and_its_data_rolled_back)
{
    incload__reclaimed told;

    open_kind(_i);
    incload__pipeline_run run = make_run(1, 0, -1);
    incload__worker zombie = make_worker(one), other = make_worker(two);
    incload__claim old = claim(one, run.run_no, &zombie, 1);
    incload__held_unit was = held(&old, 0);
    kill_worker(&zombie);
    well(incload__units_reclaim(&ledger, two, run.run_no, 10, 0, 7, &told, &err));
    incload__claim now = claim(two, run.run_no, &other, 1);
    ck_assert_int_eq(now.count, 1);

    well(one->driver->begin(one, &err));
    ck_assert_int_eq(incload__unit_fence(&ledger, one, &was, &err), INCLOAD_E_BUSY);
    forget();
    ck_assert_int_eq(land(one, &run, &old, 0), INCLOAD_E_BUSY);
    forget();
    well(one->driver->rollback(one, &err));
    ck_assert_int_eq(count_data(one), 0);
    complete(two, &run, &now, 0);

    well(one->driver->begin(one, &err));
    ck_assert_int_eq(land(one, &run, &old, 0), INCLOAD_E_BUSY);
    forget();
    well(one->driver->rollback(one, &err));
    ck_assert_int_eq(count_data(one), 1);
    ck_assert_int_eq(ask(one, "SELECT epoch FROM {applied}"), now.epoch);
    incload__claim_free(&old);
    incload__claim_free(&now);
    incload__pipeline_run_free(&run);
    tear_down();
}
END_TEST

START_TEST(what_was_applied_fences_alone_where_another_database_keeps_the_run)
{
    incload__landing landing = { .load = "days", .code_version = "v1", .run_id = "r", .run_no = 1, .epoch = 8 };
    incload__landed unit = { .seq = 0, .key = "d1", .lane = "", .low = 0, .high = 1, .rows_written = 3 };
    bool by_run = false, committed = true;
    int64_t epoch = -1;

    open_kind(_i);
    well(incload__applied_find(&ledger, one, &landing, "d1", &by_run, &epoch, &err));
    ck_assert(!by_run && epoch == 0);
    well(incload__applied_resolve(&ledger, two, &landing, &unit, &committed, &err));
    ck_assert(!committed);
    well(incload__applied_add(&ledger, one, &landing, &unit, 1, &err));
    well(incload__applied_find(&ledger, one, &landing, "d1", &by_run, &epoch, &err));
    ck_assert(by_run && epoch == 8);
    well(incload__applied_resolve(&ledger, two, &landing, &unit, &committed, &err));
    ck_assert(committed);
    /* The same claim a second time is refused as much as an earlier one. */
    for (landing.epoch = 8; landing.epoch >= 7; landing.epoch--) {
        ck_assert_int_eq(incload__applied_add(&ledger, one, &landing, &unit, 1, &err), INCLOAD_E_BUSY);
        forget();
    }
    landing.epoch = 9;
    unit.rows_written = 4;
    ck_assert_int_eq(incload__applied_add(&ledger, one, &landing, &unit, 1, &err), INCLOAD_E_BUSY);
    forget();
    landing.run_id = "s";
    well(incload__applied_add(&ledger, one, &landing, &unit, 1, &err));
    ck_assert_int_eq(ask(one, "SELECT rows_written FROM {applied}"), 4);
    ck_assert_int_eq(ask(one, "SELECT epoch FROM {applied}"), 9);
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {applied} WHERE run_id = 's'"), 1);
    tear_down();
}
END_TEST

/* Two runs, each with a claim of its own, are at the same unit: whoever has looked before the other landed may not
 * land, though its claim is the later one. */
START_TEST(what_landed_since_a_unit_was_looked_at_keeps_it_from_landing)
{
    incload__landing landing = { .load = "days", .code_version = "v1", .run_id = "r", .run_no = 1, .epoch = 8 };
    incload__landed unit = { .seq = 0, .key = "d1", .lane = "", .low = 0, .high = 1, .rows_written = 3 };

    open_kind(_i);
    unit.seen = INCLOAD__SEEN_NOTHING;
    well(incload__applied_add(&ledger, one, &landing, &unit, 1, &err));
    landing.run_id = "s";
    landing.epoch = 9;
    ck_assert_int_eq(incload__applied_add(&ledger, one, &landing, &unit, 1, &err), INCLOAD_E_BUSY);
    forget();
    unit.seen = 7;
    ck_assert_int_eq(incload__applied_add(&ledger, one, &landing, &unit, 1, &err), INCLOAD_E_BUSY);
    forget();
    ck_assert_int_eq(ask(one, "SELECT epoch FROM {applied}"), 8);
    unit.seen = 8;
    well(incload__applied_add(&ledger, one, &landing, &unit, 1, &err));
    ck_assert_int_eq(ask(one, "SELECT epoch FROM {applied}"), 9);
    tear_down();
}
END_TEST

START_TEST(the_fence_of_a_unit_tells_what_has_landed_of_its_key)
{
    incload__landing landing = { .load = "days", .code_version = "v1", .run_id = "r", .run_no = 99, .epoch = 8 };
    incload__landed unit = { .seq = 0, .key = "d1", .lane = "", .low = 0, .high = 1, .rows_written = 3 };
    int64_t seen = 0;

    open_kind(_i);
    incload__pipeline_run run = make_run(1, 0, -1);
    incload__worker worker = make_worker(one);
    incload__claim taken = claim(one, run.run_no, &worker, 1);
    incload__held_unit its = held(&taken, 0);
    well(incload__unit_fence_key(&ledger, one, &its, "days", "d1", &seen, &err));
    ck_assert_int_eq(seen, INCLOAD__SEEN_NOTHING);
    well(incload__applied_add(&ledger, one, &landing, &unit, 1, &err));
    well(incload__unit_fence_key(&ledger, one, &its, "days", "d1", &seen, &err));
    ck_assert_int_eq(seen, 8);
    its.epoch--;
    ck_assert_int_eq(incload__unit_fence_key(&ledger, one, &its, "days", "d1", &seen, &err), INCLOAD_E_BUSY);
    forget();
    incload__claim_free(&taken);
    incload__pipeline_run_free(&run);
    tear_down();
}
END_TEST

START_TEST(one_of_many_that_is_older_stops_all_of_a_batch)
{
    incload__landing landing = { .load = "days", .code_version = "v1", .run_id = "r", .run_no = 1, .epoch = 8 };
    incload__landed units[3] = { { .seq = 0, .key = "a", .lane = "", .high = 1, .rows_written = 1 },
                                 { .seq = 1, .key = "b", .lane = "", .low = 1, .high = 2, .rows_written = 1 },
                                 { .seq = 2, .key = "c", .lane = "", .low = 2, .high = 3, .rows_written = 1 } };

    open_kind(_i);
    well(incload__applied_add(&ledger, one, &landing, &units[1], 1, &err));
    landing.epoch = 5;
    well(one->driver->begin(one, &err));
    ck_assert_int_eq(incload__applied_add(&ledger, one, &landing, units, 3, &err), INCLOAD_E_BUSY);
    forget();
    well(one->driver->rollback(one, &err));
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {applied}"), 1);
    landing.epoch = 9;
    landing.run_id = "s";
    well(incload__applied_add(&ledger, one, &landing, units, 3, &err));
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {applied} WHERE epoch = 9"), 3);
    tear_down();
}
END_TEST

START_TEST(keys_of_any_text_land_as_they_are)
{
    static const char *const keys[] = { "a\"b", "c\\d", "{e,f}", "NULL", " g ", "h'i", "\xc3\xa4" };
    enum { KEYS = sizeof keys / sizeof keys[0] };
    incload__landing landing = { .load = "texts", .code_version = "v1", .run_id = "r", .run_no = 1, .epoch = 8 };
    incload__landed units[KEYS];
    bool by_run = false;
    int64_t epoch = -1;

    open_kind(_i);
    for (int32_t i = 0; i < KEYS; i++)
        units[i] = (incload__landed){ .seq = i, .key = keys[i], .lane = keys[i], .low = -i, .high = i + 1 };
    well(incload__applied_add(&ledger, one, &landing, units, KEYS, &err));
    for (int32_t i = 0; i < KEYS; i++) {
        well(incload__applied_find(&ledger, one, &landing, keys[i], &by_run, &epoch, &err));
        ck_assert_msg(by_run && epoch == 8, "%s", keys[i]);
    }
    tear_down();
}
END_TEST

START_TEST(a_retry_waits_for_its_time)
{
    const incload__unit_failure failure = { INCLOAD_E_CONNECT, 1, "the source went away" };
    incload__unit_row row;
    int32_t count = 0;

    open_kind(_i);
    incload__pipeline_run run = make_run(1, 0, -1);
    incload__worker worker = make_worker(one);
    incload__claim got = claim(one, run.run_no, &worker, 1);
    incload__held_unit unit = held(&got, 0);
    well(incload__unit_release(&ledger, one, &unit, &failure, 3600000000, true, &err));
    incload__claim later = claim(one, run.run_no, &worker, 1);
    ck_assert_int_eq(later.count, 0);
    ck_assert_int_eq(later.hold, INCLOAD__CLAIM_LATER);
    ck_assert_int_gt(later.wait_us, 3500000000);
    ck_assert_int_le(later.wait_us, 3600000000);
    well(incload__units_read(&ledger, two, run.run_no, 0, 1, 0, &row, &count, &err));
    ck_assert_int_eq(count, 1);
    ck_assert_int_eq(row.status, INCLOAD_STATUS_PENDING);
    ck_assert_str_eq(row.error, "the source went away");
    incload__unit_row_free(&row);
    run_sql(one, "UPDATE {unit} SET not_before_us = 0");
    incload__claim again = claim(one, run.run_no, &worker, 1);
    ck_assert_int_eq(again.count, 1);
    ck_assert_int_eq(again.units[0].attempt, 2);
    /* One that is given back was no attempt. */
    unit = held(&again, 0);
    well(incload__unit_release(&ledger, one, &unit, NULL, 0, false, &err));
    incload__claim_free(&again);
    run_sql(one, "UPDATE {unit} SET not_before_us = 0");
    again = claim(one, run.run_no, &worker, 1);
    ck_assert_int_eq(again.units[0].attempt, 2);
    ck_assert_int_eq(incload__unit_release(&ledger, one, &unit, NULL, 0, false, &err), INCLOAD_E_BUSY);
    incload__claim_free(&got);
    incload__claim_free(&later);
    incload__claim_free(&again);
    incload__pipeline_run_free(&run);
    tear_down();
}
END_TEST

START_TEST(a_unit_whose_workers_die_too_often_has_failed)
{
    incload__reclaimed told = { 0, 0 };
    bool finished = false;
    int32_t status = 0;

    open_kind(_i);
    incload__pipeline_run run = make_run(1, 0, -1);
    for (int32_t i = 0; i < 3; i++) {
        incload__worker worker = make_worker(one);
        incload__claim got = claim(one, run.run_no, &worker, 1);
        ck_assert_int_eq(got.count, 1);
        well(incload__worker_retire(&ledger, one, &worker, &(incload__worker_progress){ 0, 0, 0 }, &err));
        well(incload__units_reclaim(&ledger, two, run.run_no, 10, 0, 7, &told, &err));
        ck_assert_int_eq(told.crashed, i == 2);
        ck_assert_int_eq(told.orphaned, i != 2);
        incload__claim_free(&got);
    }
    ck_assert_int_eq(ask(one, "SELECT reason FROM {unit}"), 7);
    ck_assert_int_eq(ask(one, "SELECT failed FROM {pipeline_run}"), 1);
    well(incload__pipeline_run_finish(&ledger, one, run.run_no, 0, &status, &finished, &err));
    ck_assert(finished);
    ck_assert_int_eq(status, INCLOAD__PIPELINE_FAILED);
    incload__pipeline_run_free(&run);
    tear_down();
}
END_TEST

START_TEST(too_many_failures_stop_a_run_which_a_resume_goes_on_with)
{
    const incload__unit_failure failure = { INCLOAD_E_DATA, 1, NULL };
    int64_t counts[INCLOAD_STATUS_SKIPPED + 1], again = 0;
    bool finished = false;
    int32_t status = 0;

    open_kind(_i);
    incload__pipeline_run run = make_run(10, 0, 1);
    incload__worker worker = make_worker(one);
    incload__claim got = claim(one, run.run_no, &worker, 3);
    incload__held_unit first = held(&got, 0), second = held(&got, 1);
    well(incload__unit_fail(&ledger, one, &first, &failure, &err));
    ck_assert_int_eq(incload__unit_fail(&ledger, one, &first, &failure, &err), INCLOAD_E_BUSY);
    forget();
    well(incload__unit_fail(&ledger, one, &second, &failure, &err));
    incload__claim none = claim(one, run.run_no, &worker, 3);
    ck_assert_int_eq(none.hold, INCLOAD__CLAIM_ENDED);
    well(incload__pipeline_run_finish(&ledger, one, run.run_no, 0, &status, &finished, &err));
    ck_assert(!finished); /* the third one runs */
    complete(one, &run, &got, 2);
    well(incload__pipeline_run_finish(&ledger, one, run.run_no, 0, &status, &finished, &err));
    ck_assert(finished);
    ck_assert_int_eq(status, INCLOAD__PIPELINE_FAILED);
    well(incload__units_count(&ledger, two, run.run_no, counts, &err));
    ck_assert_int_eq(counts[INCLOAD_STATUS_PENDING], 7);
    ck_assert_int_eq(counts[INCLOAD_STATUS_FAILED], 2);
    ck_assert_int_eq(counts[INCLOAD_STATUS_SUCCESS], 1);

    well(incload__pipeline_run_resume(&ledger, two, run.run_no, &again, &err));
    ck_assert_int_eq(again, 2);
    incload__claim_free(&none);
    none = claim(one, run.run_no, &worker, 100);
    ck_assert_int_eq(none.count, 9);
    ck_assert_int_eq(none.units[0].seq, 0);
    ck_assert_int_eq(none.units[0].attempt, 1);
    ck_assert_int_eq(none.units[1].seq, 1);
    ck_assert_int_eq(none.units[2].seq, 3);
    for (int32_t i = 0; i < none.count; i++)
        complete(one, &run, &none, i);
    well(incload__pipeline_run_finish(&ledger, one, run.run_no, 0, &status, &finished, &err));
    ck_assert(finished);
    ck_assert_int_eq(status, INCLOAD__PIPELINE_SUCCESS);
    ck_assert_int_eq(ask(one, "SELECT attempt FROM {pipeline_run}"), 2);
    incload__claim_free(&none);
    incload__claim_free(&got);
    incload__pipeline_run_free(&run);
    tear_down();
}
END_TEST

START_TEST(a_run_is_paused_goes_on_and_is_cancelled)
{
    bool finished = false;
    int32_t status = 0;

    open_kind(_i);
    incload__pipeline_run run = make_run(10, 0, -1);
    incload__worker worker = make_worker(one);
    well(incload__pipeline_run_want(&ledger, two, run.run_no, INCLOAD__WANT_PAUSE, "night", &err));
    incload__claim got = claim(one, run.run_no, &worker, 1);
    ck_assert_int_eq(got.hold, INCLOAD__CLAIM_PAUSED);
    incload__claim_free(&got);
    well(incload__pipeline_run_finish(&ledger, one, run.run_no, 0, &status, &finished, &err));
    ck_assert(!finished);
    well(incload__pipeline_run_want(&ledger, two, run.run_no, INCLOAD__WANT_RUN, NULL, &err));
    got = claim(one, run.run_no, &worker, 1);
    ck_assert_int_eq(got.count, 1);
    well(incload__pipeline_run_want(&ledger, two, run.run_no, INCLOAD__WANT_CANCEL, "wrong month", &err));
    incload__claim none = claim(one, run.run_no, &worker, 1);
    ck_assert_int_eq(none.hold, INCLOAD__CLAIM_ENDED);
    ck_assert_int_eq(none.want, INCLOAD__WANT_CANCEL);
    incload__held_unit unit = held(&got, 0);
    well(incload__unit_skip(&ledger, one, &unit, 37, true, &err));
    well(incload__pipeline_run_finish(&ledger, one, run.run_no, 0, &status, &finished, &err));
    ck_assert(finished);
    ck_assert_int_eq(status, INCLOAD__PIPELINE_CANCELLED);
    ck_assert_int_eq(incload__pipeline_run_want(&ledger, two, run.run_no, INCLOAD__WANT_RUN, NULL, &err),
                     INCLOAD_E_STATE);
    incload__claim_free(&got);
    incload__claim_free(&none);
    incload__pipeline_run_free(&run);
    tear_down();
}
END_TEST

START_TEST(a_key_gives_the_run_it_belongs_to_or_a_conflict)
{
    incload__run_spec spec = { .name = "days",
                               .kind = INCLOAD__RUN_OF_BACKFILL,
                               .key = "2024-03",
                               .hash = "0a",
                               .spec = "March",
                               .units = 31,
                               .max_failures = -1 };
    incload__pipeline_run first, second, list[3];
    bool created = false;
    int32_t count = 0;

    open_kind(_i);
    well(incload__pipeline_run_create(&ledger, one, &spec, &first, &created, &err));
    ck_assert(created);
    well(incload__pipeline_run_create(&ledger, two, &spec, &second, &created, &err));
    ck_assert(!created);
    ck_assert_int_eq(first.run_no, second.run_no);
    ck_assert_str_eq(first.run_id, second.run_id);
    ck_assert_str_eq(second.spec, "March");
    incload__pipeline_run_free(&second);
    spec.hash = "0b";
    ck_assert_int_eq(incload__pipeline_run_create(&ledger, two, &spec, &second, &created, &err), INCLOAD_E_CONFLICT);
    ck_assert_int_eq(incload_error_is_retryable(err), 0);
    forget();
    ck_assert_int_eq(incload__pipeline_run_read(&ledger, one, 999999, &second, &err), INCLOAD_E_NOT_FOUND);
    forget();
    spec.key = NULL;
    well(incload__pipeline_run_create(&ledger, two, &spec, &second, &created, &err));
    well(incload__pipeline_run_list(&ledger, one, "days", 0, 3, list, &count, &err));
    ck_assert_int_eq(count, 2);
    ck_assert_int_eq(list[0].run_no, second.run_no);
    ck_assert_int_eq(list[1].run_no, first.run_no);
    incload__pipeline_run_free(&list[0]);
    incload__pipeline_run_free(&list[1]);
    well(incload__pipeline_run_list(&ledger, one, "weeks", 0, 3, list, &count, &err));
    ck_assert_int_eq(count, 0);
    incload__pipeline_run_free(&first);
    incload__pipeline_run_free(&second);
    tear_down();
}
END_TEST

START_TEST(a_run_without_a_key_that_is_made_twice_is_one)
{
    incload__run_spec spec = { .run_id = "0190c0ff-twice",
                               .name = "twice",
                               .kind = INCLOAD__RUN_OF_BACKFILL,
                               .hash = "0a",
                               .spec = "March",
                               .units = 31,
                               .max_failures = -1 };
    incload__pipeline_run first, second, list[3];
    bool created = false;
    int32_t count = 0;

    open_kind(_i);
    well(incload__pipeline_run_create(&ledger, one, &spec, &first, &created, &err));
    ck_assert(created);
    well(incload__pipeline_run_create(&ledger, two, &spec, &second, &created, &err));
    ck_assert(!created);
    ck_assert_int_eq(first.run_no, second.run_no);
    ck_assert_ptr_null(second.key);
    well(incload__pipeline_run_list(&ledger, one, "twice", 0, 3, list, &count, &err));
    ck_assert_int_eq(count, 1);
    incload__pipeline_run_free(&list[0]);
    incload__pipeline_run_free(&first);
    incload__pipeline_run_free(&second);
    tear_down();
}
END_TEST

START_TEST(a_commit_without_an_answer_is_resolved_from_the_units_row)
{
    bool committed = true;

    open_kind(_i);
    incload__pipeline_run run = make_run(2, 0, -1);
    incload__worker worker = make_worker(one);
    incload__claim got = claim(one, run.run_no, &worker, 2);
    incload__held_unit first = held(&got, 0), second = held(&got, 1);
    complete(one, &run, &got, 0);
    well(one->driver->begin(one, &err));
    well(land(one, &run, &got, 1));
    well(one->driver->rollback(one, &err));
    well(incload__unit_resolve(&ledger, two, &first, &committed, &err));
    ck_assert(committed);
    well(incload__unit_resolve(&ledger, two, &second, &committed, &err));
    ck_assert(!committed);
    /* A claim's own commit is told from what the worker has. */
    incload__claim lost = { .mem = &incload__mem_libc,
                            .run_no = got.run_no,
                            .worker_no = got.worker_no,
                            .epoch = got.epoch,
                            .units = got.units,
                            .count = 2 };
    well(incload__claim_resolve(&ledger, two, &lost, &err));
    ck_assert_int_eq(lost.count, 1);
    ck_assert_int_eq(lost.units[0].seq, second.seq);
    incload__claim_free(&got);
    incload__pipeline_run_free(&run);
    tear_down();
}
END_TEST

START_TEST(a_ledger_of_version_three_keeps_everything_and_gets_the_tables_of_runs)
{
    static const char *const gone[] = { "pipeline_run", "run_key", "unit",     "step",
                                        "worker",       "applied", "coverage", "rate" };
    const incload__run_record record = { .run_id = "r1", .load = "days", .rows_written = 5 };
    const incload__position to = { .value = (char *)(uintptr_t) "9", .type = (char *)(uintptr_t) "bigint" };
    char sql[60];

    open_kind(_i);
    well(incload__ledger_add_run(&ledger, one, &record, &err));
    well(incload__ledger_move(&ledger, one, "days", 0, &to, "r1", &err));
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) {
        snprintf(sql, sizeof sql, "DROP TABLE {%s}", gone[i]);
        run_sql(one, sql);
    }
    run_sql(one, _i == SQLITE ? "DROP TABLE {epoch}" : "DROP SEQUENCE {epoch}");
    run_sql(one, "UPDATE {meta} SET version = 3");
    well(incload__ledger_ensure(&ledger, one, &err));
    ck_assert_int_eq(ask(one, "SELECT MAX(version) FROM {meta}"), 4);
    ck_assert_int_eq(ask(one, "SELECT rows_written FROM {run}"), 5);
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {watermark}"), 1);
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {history}"), 1);
    incload__pipeline_run run = make_run(1, 0, -1);
    ck_assert_int_gt(run.run_no, 0);
    incload__pipeline_run_free(&run);
    tear_down();
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_million_planned_units_are_one_row, 0, KINDS);
    tcase_add_loop_test(tests, a_unit_lands_with_its_data_and_the_run_ends_once, 0, KINDS);
    tcase_add_loop_test(tests, a_dead_workers_units_are_reclaimed_once, 0, KINDS);
    tcase_add_loop_test(tests, a_worker_whose_row_is_gone_is_dead_and_may_not_take_units, 0, KINDS);
    tcase_add_loop_test(tests, a_heartbeat_keeps_a_worker_alive_and_never_raises_the_dead, 0, KINDS);
    tcase_add_loop_test(tests, a_zombies_completion_is_refused_and_its_data_rolled_back, 0, KINDS);
    tcase_add_loop_test(tests, what_was_applied_fences_alone_where_another_database_keeps_the_run, 0, KINDS);
    tcase_add_loop_test(tests, what_landed_since_a_unit_was_looked_at_keeps_it_from_landing, 0, KINDS);
    tcase_add_loop_test(tests, the_fence_of_a_unit_tells_what_has_landed_of_its_key, 0, KINDS);
    tcase_add_loop_test(tests, one_of_many_that_is_older_stops_all_of_a_batch, 0, KINDS);
    tcase_add_loop_test(tests, keys_of_any_text_land_as_they_are, 0, KINDS);
    tcase_add_loop_test(tests, a_retry_waits_for_its_time, 0, KINDS);
    tcase_add_loop_test(tests, a_unit_whose_workers_die_too_often_has_failed, 0, KINDS);
    tcase_add_loop_test(tests, too_many_failures_stop_a_run_which_a_resume_goes_on_with, 0, KINDS);
    tcase_add_loop_test(tests, a_run_is_paused_goes_on_and_is_cancelled, 0, KINDS);
    tcase_add_loop_test(tests, a_key_gives_the_run_it_belongs_to_or_a_conflict, 0, KINDS);
    tcase_add_loop_test(tests, a_run_without_a_key_that_is_made_twice_is_one, 0, KINDS);
    tcase_add_loop_test(tests, a_commit_without_an_answer_is_resolved_from_the_units_row, 0, KINDS);
    tcase_add_loop_test(tests, a_ledger_of_version_three_keeps_everything_and_gets_the_tables_of_runs, 0, KINDS);
}

HARNESS_MAIN("units", add_tests)
