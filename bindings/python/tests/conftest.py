# SPDX-License-Identifier: Apache-2.0
"""Databases to test with: SQLite always, the private servers where tests/servers.sh has told them."""

import os
import threading
import time
import uuid
from dataclasses import dataclass

import pytest

import incload


def sqlite(path):
    return incload.Database(f"odbc:Driver=SQLite3;Database={path}")


def _urls():
    found = {"sqlite": None}
    for kind, variable in (
        ("postgres", "INCLOAD_TEST_POSTGRES"),
        ("postgres-odbc", "INCLOAD_TEST_PG_ODBC"),
        ("mariadb", "INCLOAD_TEST_MARIADB"),
    ):
        if os.environ.get(variable):
            found[kind] = os.environ[variable]
    return found


URLS = _urls()


@pytest.fixture
def lake(tmp_path):
    with sqlite(tmp_path / "lake.db") as database:
        yield database


@pytest.fixture
def shop(tmp_path):
    """A source with 100 orders."""
    with sqlite(tmp_path / "shop.db") as database:
        fill(database)
        yield database


@pytest.fixture(params=sorted(URLS))
def server(request, tmp_path):
    """A database of each kind that there is."""
    url = URLS[request.param]
    ledger = "py_" + uuid.uuid4().hex[:12]
    with sqlite(tmp_path / "server.db") if url is None else incload.Database(url, ledger=ledger) as database:
        for table in ("py_orders", "py_copy"):
            database.execute(f"DROP TABLE IF EXISTS {table}")
        yield database
        for table in ("py_orders", "py_copy"):
            database.execute(f"DROP TABLE IF EXISTS {table}")


@dataclass
class Place:
    """A source with 100 orders, a target, and a directory for signs."""

    shop: str
    lake: str
    ledger: str
    signs: str

    def database(self):
        options = {"ledger": self.ledger} if self.ledger else {}
        return incload.Database(self.lake, **options)


@pytest.fixture(params=sorted(set(URLS) & {"sqlite", "postgres", "mariadb"}))
def place(request, tmp_path):
    shop = tmp_path / "shop.db"
    with sqlite(shop) as database:
        fill(database)
    url, ledger = URLS[request.param], "py_" + uuid.uuid4().hex[:12]
    if url is None:
        url, ledger = f"odbc:Driver=SQLite3;Database={tmp_path / 'lake.db'}", ""
    made = Place(f"odbc:Driver=SQLite3;Database={shop}", url, ledger, str(tmp_path))
    with made.database() as lake:
        lake.execute("DROP TABLE IF EXISTS py_copy")
        yield made
        lake.execute("DROP TABLE IF EXISTS py_copy")


def fill(database, table="orders", rows=100):
    database.execute(
        f"CREATE TABLE {table} (id INTEGER NOT NULL PRIMARY KEY, state VARCHAR(20), updated_at TIMESTAMP NOT NULL)"
    )
    values = ", ".join(
        f"({i}, '{'paid' if i % 2 else 'open'}', '2024-01-{1 + i % 28:02} 10:00:00')" for i in range(rows)
    )
    database.execute(f"INSERT INTO {table} VALUES {values}")


def cell(database, sql):
    """The one value of a query."""
    import pyarrow

    return pyarrow.table(database.query(sql)).column(0)[0].as_py()


def count(database, sql):
    return int(cell(database, sql))  # SQLite tells no type of an expression


def until_cancelled(unit):
    """Returns when the unit is told to stop."""
    until = time.monotonic() + 30
    while not unit.cancelled:
        assert time.monotonic() < until, "the unit was not told to stop within 30 s"
        time.sleep(0.01)


def in_thread(work):
    """A thread and what it will have come to: a result or an exception."""
    ended = []

    def run():
        try:
            ended.append(work())
        except BaseException as exception:
            ended.append(exception)

    thread = threading.Thread(target=run, name="other")
    thread.start()
    return thread, ended


by_time = {"cursor": "updated_at", "key": "id"}
