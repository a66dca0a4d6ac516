# SPDX-License-Identifier: Apache-2.0
"""Change events, on each kind of database."""

import json

import pyarrow as pa
import pytest
from conftest import cell, count

import incload


@pytest.fixture
def customers(server):
    server.execute(
        "CREATE TABLE py_orders (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20), "
        "_deleted SMALLINT, deleted_at TIMESTAMP NULL)"
    )
    return server


def test_events_are_folded_and_deletes_are_soft(customers):
    with customers.changes("py_orders", key="id", deletes="soft") as changes:
        changes.push("INSERT", {"id": 1, "name": "a"}, position=1)
        changes.push("INSERT", {"id": 2, "name": "b"}, position=2)
        changes.push("UPDATE", {"id": 1, "name": "A"}, position=3)
        changes.push("DELETE", {"id": 2}, position=(3, 1))
        assert changes.pending == 4
        changes.commit()
        assert changes.position == (3, 1) and changes.rows_written >= 1
    assert cell(customers, "SELECT name FROM py_orders WHERE id = 1") == "A"
    assert count(customers, "SELECT count(*) FROM py_orders WHERE _deleted = 1") == 1
    with customers.changes("py_orders", key="id", deletes="soft") as changes:
        changes.push("INSERT", {"id": 1, "name": "old"}, position=1)
        changes.commit()
        assert changes.skipped == 1
    assert cell(customers, "SELECT name FROM py_orders WHERE id = 1") == "A"


def test_an_exception_in_the_block_drops_them(customers):
    with pytest.raises(RuntimeError):
        with customers.changes("py_orders", key="id") as changes:
            changes.push("insert", {"id": 1})
            raise RuntimeError
    assert count(customers, "SELECT count(*) FROM py_orders") == 0


def test_an_update_of_the_key_moves_the_row(customers):
    with customers.changes("py_orders", key="id", deletes="hard") as changes:
        changes.push("c", {"id": 1, "name": "x"})
        changes.commit()
        changes.push("u", {"id": 9}, old={"id": 1})
    assert cell(customers, "SELECT name FROM py_orders WHERE id = 9") == "x"
    assert count(customers, "SELECT count(*) FROM py_orders") == 1


def test_debezium(customers):
    with customers.changes("py_orders", key="id") as changes:
        changes.push_debezium(
            json.dumps({"op": "c", "after": {"id": 4, "name": "d"}}), json.dumps({"id": 4}), position=7
        )
    assert cell(customers, "SELECT name FROM py_orders WHERE id = 4") == "d"


def test_what_is_wrong_is_told(customers):
    with customers.changes("py_orders", key="id") as changes:
        with pytest.raises(ValueError, match="upsurt"):
            changes.push("upsurt", {"id": 1})
        with pytest.raises(incload.ProgrammingError, match="nosuch"):
            changes.push("insert", {"id": 1, "nosuch": 2})
        with pytest.raises(incload.DataError):
            changes.push("insert", {"id": "one"})


def test_tables_of_a_group_land_together(customers):
    customers.execute("CREATE TABLE py_copy (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20))")
    with customers.change_group("py:crm") as group:
        people, copies = group.table("py_orders", key="id", deletes="hard"), group.table("py_copy", key="id")
        people.push("insert", {"id": 1, "name": "a"}, position=5)
        copies.push("insert", {"id": 2, "name": "b"}, position=(5, 1))
        assert group.pending == 2
        group.commit()
        assert group.position == (5, 1)
        copies.push("delete", {"id": 2}, position=6)
    assert count(customers, "SELECT count(*) FROM py_orders") == 1
    assert count(customers, "SELECT count(*) FROM py_copy") == 0


def test_rows_of_arrow_are_events(customers):
    rows = pa.table({"op": ["c", "c", "d"], "at": [1, 2, 3], "id": [1, 2, 2], "name": ["a", "b", None]})
    with customers.changes("py_orders", key="id", deletes="hard") as changes:
        changes.push_batch(rows, position="at")
        assert changes.pending == 3
        changes.commit()
        assert changes.position == (3, 0)
        with pytest.raises(incload.Error):
            changes.push_batch(pa.table({"op": ["c"], "nosuch": [1]}))
    assert cell(customers, "SELECT name FROM py_orders") == "a"


def test_changes_as_a_step_of_a_pipeline(customers):
    events = [(place, {"id": place, "name": f"n{place}"}) for place in range(1, 6)]

    def fetch(changes, unit):
        begin = changes.position[0] + changes.pending
        for place, row in events[begin : begin + 2]:
            changes.push("insert", row, position=place)
        return begin + 2 >= len(events)

    pipeline = incload.Pipeline("events")
    with customers.changes("py_orders", key="id") as changes:
        pipeline.add("apply", incload.ChangesStep(changes, fetch, commit_events=2))
        pipeline.step(lambda unit: count(customers, "SELECT count(*) FROM py_orders"), name="count", depends_on="apply")
        assert pipeline.run().steps["count"].result == 5


def test_a_fetch_that_raises_fails_its_step(customers):
    def fetch(changes, unit):
        raise ConnectionError("no broker")

    with customers.changes("py_orders", key="id") as changes:
        with pytest.raises(incload.CallbackError, match="no broker") as told:
            incload.ChangesStep(changes, fetch).run()
    assert isinstance(told.value.__cause__, ConnectionError)


def test_what_is_written_for_debezium_is_read_again(customers):
    messages = []
    with incload.DebeziumWriter(customers, "py_orders", lambda key, value: messages.append((key, value))) as writer:
        assert writer.topic.endswith("py_orders") and writer.header is None
        row = {"id": 1, "name": "a", "_deleted": 0, "deleted_at": None}
        writer.write("insert", row, position=1)
        writer.write("insert", {**row, "id": 2}, position=2)
        writer.write("delete", {"id": 2}, old={**row, "id": 2}, position=3)
    assert len(messages) == 4 and messages[3][1] is None and json.loads(messages[0][1])["payload"]["op"] == "c"
    with customers.changes("py_orders", key="id", deletes="hard") as changes:
        for place, (key, value) in enumerate(messages, 1):
            changes.push_debezium(value, key, position=place)
    assert cell(customers, "SELECT name FROM py_orders") == "a"


def test_a_sender_that_raises_fails_its_event():
    def send(key, value):
        raise BrokenPipeError

    schema = pa.schema([("id", pa.int32()), ("name", pa.string())])
    with incload.DebeziumWriter(None, "orders", send, schema=schema, key="id") as writer:
        with pytest.raises(incload.CallbackError) as told:
            writer.write("insert", {"id": 1, "name": "a"})
    assert isinstance(told.value.__cause__, BrokenPipeError)


def test_a_change_table_carries_what_changes(server, tmp_path):
    from conftest import sqlite

    columns = "id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20)"
    server.execute(f"CREATE TABLE py_copy ({columns})")
    server.execute("INSERT INTO py_copy (id, name) VALUES (1, 'a')")
    with sqlite(tmp_path / "target.db") as target:
        target.execute(f"CREATE TABLE people ({columns})")
        with server.capture("py_copy", target, "people", deletes="hard") as capture:
            capture.install().load()
            try:
                server.execute("UPDATE py_copy SET name = 'A' WHERE id = 1")
                server.execute("INSERT INTO py_copy (id, name) VALUES (2, 'b')")
                assert capture.pending[0] == 2
                capture.run()
                assert capture.consumed == 2 and capture.rows_written == 2 and capture.pending[0] == 0
                assert count(target, "SELECT count(*) FROM people WHERE name IN ('A', 'b')") == 2
                server.execute("DELETE FROM py_copy WHERE id = 2")
                with incload.Pipeline("hourly") as pipeline:
                    pipeline.add("people", incload.CaptureStep(capture, until="caught_up"))
                    pipeline.run()
                assert count(target, "SELECT count(*) FROM people") == 1
            finally:
                capture.remove()
