# SPDX-License-Identifier: Apache-2.0
"""The asset of Dagster, materialized in this process."""

import os

import dagster
import pytest
from work import calls, fails_on, orders_of

import incload
from incload.dagster import load_asset

DAILY = dagster.DailyPartitionsDefinition(start_date="2024-01-01", end_date="2024-01-29")


def orders_asset(place):
    return load_asset(orders_of(place), partitions_def=DAILY)


def metadata(result):
    (made,) = result.asset_materializations_for_node("orders")[:1]
    return {name: value.value for name, value in made.metadata.items()}


def over(first, last):
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}


def test_a_partition_is_loaded_once(place):
    asset = orders_asset(place)
    first = metadata(dagster.materialize([asset], partition_key="2024-01-05"))
    assert first["rows_written"] == 4 and first["units"] == 1 and len(first["run_id"]) == 32
    again = metadata(dagster.materialize([asset], partition_key="2024-01-05"))
    assert again["rows_written"] == 0 and again["units"] == 0


def test_a_range_of_partitions_is_one_run_that_does_what_is_missing(place):
    from conftest import count

    asset = orders_asset(place)
    dagster.materialize([asset], partition_key="2024-01-05")
    rest = metadata(dagster.materialize([asset], tags=over("2024-01-01", "2024-01-28")))
    assert rest["rows_written"] == 96 and rest["units"] == 27
    with place.database() as lake:
        assert count(lake, "SELECT count(DISTINCT id) FROM py_copy") == 100
        assert count(lake, "SELECT count(*) FROM py_copy") == 100


def test_what_failed_fails_the_asset_and_alone_runs_again(place):
    days = fails_on(place, "2024-01-03")
    asset = load_asset(days, name="days")
    with pytest.raises(incload.CallbackError):
        dagster.materialize([asset])
    assert len(calls(place)) == 28
    open(os.path.join(place.signs, "mended"), "w").close()
    assert dagster.materialize([asset]).success and len(calls(place)) == 29


def test_static_partitions_are_keys(place):
    lake = place.database()

    def regions(keys):
        @incload.backfill(keys=keys, name="regions")
        def region(unit):
            with open(os.path.join(place.signs, "calls"), "a", encoding="ascii") as file:
                file.write(unit.key + "\n")

        return region.kept_in(lake)

    asset = load_asset(regions, partitions_def=dagster.StaticPartitionsDefinition(["north", "south"]))
    dagster.materialize([asset], partition_key="north")
    dagster.materialize([asset], tags=over("north", "south"))
    assert calls(place) == ["north", "south"]
