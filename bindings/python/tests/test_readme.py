# SPDX-License-Identifier: Apache-2.0
"""The programs of README.md, one after the other, as they are printed there."""

import datetime
import pathlib
import re

import pyarrow
import pytest
from conftest import URLS, cell, count, fill, sqlite

import incload

PAGE = pathlib.Path(__file__).parent.parent / "README.md"
ENGINES = ("dask", "airflow", "dagster")


def programs():
    """With those of engines left out, which have tests of their own; Python must be able to read them."""
    found = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    for text in found:
        compile(text, PAGE.name, "exec")
    return [text for text in found if not any(f"incload.{engine}" in text for engine in ENGINES)]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The directory of the programs, where a shop is, and what they take from elsewhere."""
    monkeypatch.chdir(tmp_path)
    with sqlite("shop.db") as shop, sqlite("lake.db") as lake:
        fill(shop)
        shop.execute("CREATE TABLE prices (id INTEGER NOT NULL PRIMARY KEY, cents INTEGER)")
        shop.execute(
            "INSERT INTO prices WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
            "SELECT i, 100 * i FROM n"
        )
        lake.execute(
            "CREATE TABLE customers (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20), "
            "_deleted BOOLEAN NOT NULL DEFAULT FALSE, deleted_at TIMESTAMP)"
        )
    days = []

    def fetch(day):
        days.append(day)
        if day == "2024-02-03" and days.count(day) == 1:
            raise incload.Fail("not yet")

    return {
        "days": days,
        "fetch": fetch,
        "frame": pyarrow.table({"id": [1000], "state": ["new"], "updated_at": [datetime.datetime(2024, 1, 29)]}),
        "events": [
            {"operation": "insert", "data": {"id": 1, "name": "Ada"}},
            {"operation": "insert", "data": {"id": 2, "name": "Blaise"}},
            {"operation": "delete", "data": {"id": 2}},
        ],
    }


def test_the_programs_do_what_they_are_printed_for(here, capsys):
    texts = [text for text in programs() if "incload.follow(" not in text]
    assert len(texts) == 7
    for text in texts:
        exec(text.replace("postgresql://app@db/shop", "odbc:Driver=SQLite3;Database=shop.db"), here)
    lake, said = here["lake"], capsys.readouterr().out
    assert said.startswith("100 batches 2024-01-28 10:00:00 EXACT_IF_STAMPED\n")
    assert count(lake, "SELECT count(*) FROM orders") == 101, "with the row of the frame"
    assert len(here["days"]) == 91 + 1 and "2024-02-03 1 " in said, "one of 91 days failed, and alone ran again"
    assert count(lake, "SELECT sum(_deleted) FROM customers") == 1 and cell(lake, "SELECT max(name) FROM customers")
    assert count(lake, "SELECT count(*) FROM prices") == 1000
    assert "strategy: swap" in said and said.endswith("50 orders are paid\n")
    assert pathlib.Path("nightly.html").read_text(encoding="utf-8").endswith("</html>\n")


def test_the_program_that_follows_a_log(here, lake):
    url = URLS.get("postgres")
    if url is None:
        pytest.skip("needs PostgreSQL")
    (text,) = (text for text in programs() if "incload.follow(" in text)
    table = "py_readme"
    with incload.Database(url) as shop:
        shop.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY)")
        try:
            shop.execute(f"INSERT INTO {table} VALUES (1), (2)")
            shop.execute(f"CREATE PUBLICATION all_tables FOR TABLE {table}")
            exec(text, {"incload": incload, "shop": shop, "lake": lake})
            assert count(lake, f"SELECT count(*) FROM {table}") == 2
            incload.Follower(shop, lake, publication="all_tables").remove()
        finally:
            shop.execute("DROP PUBLICATION IF EXISTS all_tables")
            shop.execute(f"DROP TABLE {table}")
