# SPDX-License-Identifier: Apache-2.0
"""A backfill on the worker processes of a local Ray."""

import os

import pytest
import ray
from work import all_landed_once, calls, days_of, fails_on, held_once, kill_the_held

import incload
from incload.ray import run_backfill


@pytest.fixture(scope="module", autouse=True)
def cluster():
    ray.init(num_cpus=3, include_dashboard=False, log_to_driver=False, object_store_memory=100 << 20)
    yield
    ray.shutdown()


def test_a_worker_that_is_killed_loses_nothing_and_nothing_is_loaded_twice(place):
    killer = kill_the_held(place.signs)
    run = run_backfill(days_of(place, held_once(place.signs)), lease="2s")
    killer.join()
    units = all_landed_once(place, run)
    assert run.units["SUCCESS"] == 28 and max(unit.attempts for unit in units) == 2
    again = run_backfill(days_of(place), workers=2)
    assert again.rows_written == 0 and len(again.parts) == 2 and again.units["SUCCESS"] == 0


def test_what_failed_is_told_and_alone_runs_again(place):
    make = fails_on(place, "2024-01-03")
    run = run_backfill(make, check=False)
    assert [unit.label for unit in run.failed] == ["2024-01-03"] and len(calls(place)) == 28
    with pytest.raises(incload.Error):
        run.raise_for_status()
    open(os.path.join(place.signs, "mended"), "w").close()
    assert run_backfill(make).units["SUCCESS"] == 1 and len(calls(place)) == 29
