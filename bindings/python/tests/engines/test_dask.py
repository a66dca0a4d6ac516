# SPDX-License-Identifier: Apache-2.0
"""A backfill on the worker processes of a local cluster of Dask."""

import os
import signal
import threading
import time

import pytest
from distributed import Client, LocalCluster
from work import all_landed_once, calls, days_of, fails_on, held_once, kill_the_held

import incload
from incload.dask import run_backfill


@pytest.fixture(scope="module")
def client():
    with LocalCluster(n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            yield client


def test_a_worker_that_is_killed_loses_nothing_and_nothing_is_loaded_twice(client, place):
    killer = kill_the_held(place.signs)
    run = run_backfill(client, days_of(place, held_once(place.signs)), lease="2s")
    killer.join()
    units = all_landed_once(place, run)
    assert run.units["SUCCESS"] == 28 and max(unit.attempts for unit in units) == 2
    client.wait_for_workers(3)
    again = run_backfill(client, days_of(place))
    assert again.rows_written == 0 and again.run_id != run.run_id and again.units["SUCCESS"] == 0


def test_what_failed_is_told_and_alone_runs_again(client, place):
    bad = ["2024-01-03", "2024-01-17"]
    make = fails_on(place, *bad)
    with pytest.raises(incload.Error, match="2") as told:
        run_backfill(client, make, parallel=2)
    assert sorted(unit.label for unit in told.value.run.failed) == bad
    assert all("ConnectionError" in str(unit.error) for unit in told.value.run.failed)
    assert len(calls(place)) == 28
    open(os.path.join(place.signs, "mended"), "w").close()
    run = run_backfill(client, make)
    assert run.units["SUCCESS"] == 2 and calls(place).count(bad[0]) == calls(place).count(bad[1]) == 2
    assert len(calls(place)) == 30


def test_the_same_key_is_the_same_run(client, place):
    first = run_backfill(client, fails_on(place), run_key="january")
    second = run_backfill(client, fails_on(place), run_key="january", workers=1)
    assert first.run_id == second.run_id and len(calls(place)) == 28 and len(second.parts) == 1


def test_an_interrupt_cancels_it_on_all_workers(client, place):
    signs, lake, ledger = place.signs, place.lake, place.ledger

    def make():
        @incload.backfill(start=0, end=6, name="waits")
        def waits(unit):
            open(os.path.join(signs, f"in-{unit.low}"), "w").close()
            while not unit.cancelled:
                time.sleep(0.01)
            raise incload.Fail("told to stop")

        return waits.kept_in(incload.Database(lake, **({"ledger": ledger} if ledger else {})))

    def interrupt():
        until = time.monotonic() + 60
        while not any(name.startswith("in-") for name in os.listdir(signs)) and time.monotonic() < until:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run_backfill(client, make, lease="2s")
    thread.join()
    with place.database() as database:
        assert next(incload.history_of(database, "waits")).status == "CANCELLED"


def test_without_workers_there_is_an_answer():
    with LocalCluster(n_workers=0, dashboard_address=None) as cluster, Client(cluster) as client:
        with pytest.raises(ValueError, match="no worker"):
            run_backfill(client, lambda: None)
