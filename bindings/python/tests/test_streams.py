# SPDX-License-Identifier: Apache-2.0
"""Following PostgreSQL's log into SQLite."""

import threading
import time
import uuid

import pytest
from conftest import URLS, cell, count

import incload


@pytest.fixture
def source():
    if "postgres" not in URLS:
        pytest.skip("no PostgreSQL server: start it by tests/servers.sh")
    with incload.Database(URLS["postgres"]) as database:
        database.execute("DROP TABLE IF EXISTS py_people")
        database.execute("CREATE TABLE py_people (id bigint PRIMARY KEY, name text)")
        database.execute("INSERT INTO py_people VALUES (1, 'a'), (2, 'b')")
        yield database
        database.execute("DROP TABLE py_people")


@pytest.fixture
def names(source):
    name = "py_" + uuid.uuid4().hex[:12]
    yield {"slot": name, "publication": name, "tables": "py_people"}
    source.execute(f"DROP PUBLICATION IF EXISTS {name}")


def test_a_copy_and_then_every_change_once(source, lake, names):
    first = incload.follow(source, into=lake, until="caught_up", **names)
    assert first.changes["read"] == 2 and count(lake, "SELECT count(*) FROM py_people") == 2
    source.execute("UPDATE py_people SET name = 'B' WHERE id = 2")
    source.execute("DELETE FROM py_people WHERE id = 1")

    def process(change):
        assert change.table == "py_people" and change.position > (0, 0)
        if change.operation == "update":
            assert change.row == {"id": "2", "name": "B"}
            change["name"] = change["name"] + "!"

    with incload.Follower(source, lake, process=process, until="caught_up", **names) as follower:
        follower.run()
        assert (follower.changes["update"], follower.changes["delete"], follower.transactions) == (1, 1, 2)
        assert cell(lake, "SELECT name FROM py_people") == "B!"
        source.execute("INSERT INTO py_people VALUES (7, 'left out')")
        follower.run()
        assert follower.position > (0, 0) and follower.lag_seconds >= 0 and not follower.alarm
        follower.remove()


def test_it_is_a_step_of_a_pipeline(source, lake, names):
    with incload.Follower(source, lake, **names) as follower, incload.Pipeline("hourly") as pipeline:
        pipeline.add("people", incload.FollowerStep(follower, until="caught_up"))
        run = pipeline.run()
        assert run.steps["people"].rows_written == 2 and count(lake, "SELECT count(*) FROM py_people") == 2
        source.execute("DELETE FROM py_people WHERE id = 1")
        pipeline.run()
        assert count(lake, "SELECT count(*) FROM py_people") == 1
        follower.remove()


def test_an_exception_ends_it_and_nothing_lands(source, lake, names):
    incload.follow(source, into=lake, until="caught_up", **names)
    source.execute("INSERT INTO py_people VALUES (3, 'c')")

    def fail(change):
        raise LookupError("odd")

    follower = incload.Follower(source, lake, process=fail, until="caught_up", **names)
    with pytest.raises(incload.CallbackError) as told:
        follower.run()
    assert isinstance(told.value.__cause__, LookupError)
    assert count(lake, "SELECT count(*) FROM py_people") == 2
    incload.Follower(source, lake, process=lambda change: False, until="caught_up", **names).run().remove()
    assert count(lake, "SELECT count(*) FROM py_people") == 2


def test_it_is_stopped_from_another_thread(source, lake, names):
    follower = incload.Follower(source, lake, **names)
    timer = threading.Timer(1.0, follower.stop)
    begun = time.monotonic()
    timer.start()
    follower.run()
    assert time.monotonic() - begun < 20
    follower.remove()
