# SPDX-License-Identifier: Apache-2.0
"""The operator of Airflow: executed by itself, on each kind of database, and by a DAG."""

import atexit
import datetime
import json
import os
import runpy
import shutil
import tempfile
import threading
import time

import pyarrow
import pytest

# Before Airflow is imported: it makes its files there.
HOME = tempfile.mkdtemp(prefix="incload-airflow-")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ["AIRFLOW_HOME"] = HOME
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


AT_ITS_END = dict.fromkeys(JANUARY, JANUARY["data_interval_end"])


def test_an_interval_without_length_is_as_long_as_the_task_says(place):
    task = LoadOperator(task_id="orders", make=orders_of(place), interval=datetime.timedelta(days=7))
    assert task.execute(AT_ITS_END)["units"]["SUCCESS"] == 7
    assert task.execute(JANUARY)["units"]["SUCCESS"] == 21, "one that has a length is taken as it is"
    with pytest.raises(incload.ProgrammingError, match="'orders'"):
        LoadOperator(task_id="orders", make=orders_of(place), interval=datetime.timedelta(0))


def test_an_interval_without_length_is_none(place):
    with pytest.raises(incload.ProgrammingError, match="range"):
        LoadOperator(task_id="orders", make=orders_of(place)).execute(AT_ITS_END)


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


DAG = """
import datetime
import os

from airflow.sdk import DAG

import incload
from incload.airflow import LoadOperator


def orders(start, end):
    shop, lake = (incload.Database(os.environ[name]) for name in ("SHOP", "LAKE"))
    return incload.backfill_load(shop, "orders", lake, "py_copy", column="updated_at", start=start, end=end)


with DAG("loads", schedule="@daily", start_date=datetime.datetime(2024, 1, 1), catchup=False) as dag:
    LoadOperator(task_id="orders", make=orders, interval=datetime.timedelta(days=1))
"""


def test_a_run_of_a_dag_with_a_cron_schedule_loads_its_day(monkeypatch, tmp_path, lake, shop):
    from airflow.utils.db import initdb

    for name in ("shop", "lake"):
        monkeypatch.setenv(name.upper(), f"odbc:Driver=SQLite3;Database={tmp_path / name}.db")
    dags = os.path.join(HOME, "dags")
    os.mkdir(dags)
    with open(os.path.join(dags, "loads.py"), "w", encoding="utf-8") as file:
        file.write(DAG)
    # In this process: another one takes twice the time, for its imports.
    initdb()
    run = runpy.run_path(file.name)["dag"].test(logical_date=datetime.datetime(2024, 1, 4, tzinfo=UTC))
    assert run.state == "success"
    days = pyarrow.table(lake.query("SELECT DISTINCT substr(updated_at, 1, 10) AS day FROM py_copy"))
    assert days["day"].to_pylist() == ["2024-01-03"]
