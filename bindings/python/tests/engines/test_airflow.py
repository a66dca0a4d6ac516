# SPDX-License-Identifier: Apache-2.0
"""The operator of Airflow: executed by itself, on each kind of database."""

import datetime
import json
import os
import threading
import time

import pytest

# Before Airflow is imported: it makes its files there.
os.environ.setdefault("AIRFLOW_HOME", os.path.join(os.environ.get("TMPDIR", "/tmp"), f"incload-airflow-{os.getpid()}"))
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"

from work import calls, fails_on, orders_of  # noqa: E402

import incload  # noqa: E402
from incload.airflow import LoadOperator, database  # noqa: E402

UTC = datetime.timezone.utc
JANUARY = {
    "data_interval_start": datetime.datetime(2024, 1, 1, tzinfo=UTC),
    "data_interval_end": datetime.datetime(2024, 1, 29, tzinfo=UTC),
}


def test_the_data_interval_is_loaded_once(place):
    task = LoadOperator(task_id="orders", make=orders_of(place))
    told = task.execute(JANUARY)
    assert told["rows_written"] == 100 and told["units"]["SUCCESS"] == 28 and told["failed"] == []
    assert json.loads(json.dumps(told)) == told
    again = task.execute(JANUARY)
    assert again["rows_written"] == 0 and again["units"]["SUCCESS"] == 0


def test_what_failed_is_told_and_alone_runs_again(place):
    make = fails_on(place, "2024-01-03")
    task = LoadOperator(task_id="days", make=lambda start, end: make())
    with pytest.raises(incload.CallbackError) as told:
        task.execute({})
    assert isinstance(told.value.__cause__, ConnectionError) and len(calls(place)) == 28
    open(os.path.join(place.signs, "mended"), "w").close()
    assert task.execute({})["units"]["SUCCESS"] == 1 and len(calls(place)) == 29


def test_a_load_goes_on_from_its_watermark(place):
    def orders(start, end):
        assert start is end is None
        strategy = incload.timestamp(cursor="updated_at", key="id")
        return incload.Load(incload.Database(place.shop), "orders", place.database(), "py_copy", strategy)

    task = LoadOperator(task_id="orders", make=orders)
    assert task.execute({})["rows_written"] == 100
    again = task.execute({})
    assert again["rows_written"] == 0 and again["watermark"].startswith("2024-01-28")


def test_a_task_that_is_killed_cancels_its_run():
    entered = threading.Event()

    def waits(unit):
        entered.set()
        while not unit.cancelled:
            time.sleep(0.01)
        raise incload.Fail("told to stop")

    task = LoadOperator(task_id="waits", make=lambda start, end: incload.Function(waits, name="waits"))

    def kill():
        entered.wait(30)
        task.on_kill()

    thread = threading.Thread(target=kill)
    thread.start()
    with pytest.raises(incload.CancelledError):
        task.execute({})
    thread.join()


def test_a_connection_names_a_database(monkeypatch, place):
    monkeypatch.setenv("AIRFLOW_CONN_LAKE", json.dumps({"conn_type": "odbc", "extra": {"incload_url": place.lake}}))
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", "mysql://u@h/d")
    with database("lake") as lake:
        lake.check()
    with pytest.raises(incload.ProgrammingError, match="incload_url"):
        database("other")
