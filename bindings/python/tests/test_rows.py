# SPDX-License-Identifier: Apache-2.0
"""Rows that the program has, as the source of a load: of every library that speaks Arrow, and in batches."""

from datetime import datetime, timezone
from decimal import Decimal

import pyarrow as pa
import pytest

import incload

ROWS = {
    "id": [1, 2, 3],
    "state": ["new", None, "\u00e9"],
    "updated_at": [datetime(2024, 3, 1, 10, 0, second) for second in (1, 2, 3)],
}
UPSERT = {"key": "id"}


def states(database, table="py_copy"):
    rows = pa.table(database.query(f"SELECT id, state FROM {table}")).to_pylist()
    return {int(row["id"]): row["state"] for row in rows}


def load(rows, database, strategy=None):
    return incload.load(rows, "rows", database, "py_copy", strategy or incload.upsert(**UPSERT))


EXPECTED = {1: "new", 2: None, 3: "\u00e9"}


def test_a_table_of_pyarrow_is_loaded(server):
    run = load(pa.table(ROWS), server)
    assert (run.rows_read, run.rows_written, run.road) == (3, 3, "batches")
    assert states(server) == EXPECTED


def test_a_dataframe_of_pandas_is_loaded(server):
    pandas = pytest.importorskip("pandas", minversion="2.2")
    assert load(pandas.DataFrame(ROWS), server).rows_written == 3
    assert states(server) == EXPECTED


def test_a_dataframe_of_polars_is_loaded(server):
    polars = pytest.importorskip("polars")
    assert load(polars.DataFrame(ROWS), server).rows_written == 3
    assert states(server) == EXPECTED


def test_a_relation_of_duckdb_is_loaded(server):
    duckdb = pytest.importorskip("duckdb")
    rows = pa.table(ROWS)
    with duckdb.connect() as connection:
        connection.register("rows", rows)
        assert load(connection.sql("SELECT * FROM rows"), server).rows_written == 3
    assert states(server) == EXPECTED


def test_batches_are_loaded_as_they_are_made(server):
    def batches():
        for i in range(3):
            yield pa.record_batch({name: values[i : i + 1] for name, values in typed.items()})

    typed = {name: pa.array(values) for name, values in ROWS.items()}
    assert load(batches(), server).rows_read == 3
    assert states(server) == EXPECTED


def test_a_query_of_another_database_is_loaded(shop, lake):
    run = incload.load(shop.query("SELECT * FROM orders"), "rows", lake, "copy", incload.upsert(key="id"))
    assert run.rows_written == 100


def test_rows_before_the_watermark_stay_out(server):
    strategy = {"cursor": "updated_at", "key": "id", "deep": "never"}
    assert load(pa.table(ROWS), server, incload.timestamp(**strategy)).rows_written == 3
    later = pa.table(
        {"id": [1, 4], "state": ["late", "d"], "updated_at": [ROWS["updated_at"][0], datetime(2025, 1, 1)]}
    )
    run = load(later, server, incload.timestamp(**strategy))
    assert (run.rows_read, run.rows_written) == (1, 1)
    assert states(server) == {**EXPECTED, 4: "d"}


def test_types_of_all_sorts_arrive(lake):
    rows = pa.table(
        {
            "id": pa.array([1], pa.uint32()),
            "amount": pa.array([Decimal("12.50")], pa.decimal128(10, 2)),
            "label": pa.array(["x"]).dictionary_encode(),
            "long": pa.array(["y"], pa.large_string()),
            "at": pa.array([datetime(2024, 3, 1, tzinfo=timezone.utc)], pa.timestamp("ms", "UTC")),
            "nothing": pa.nulls(1),
        }
    )
    assert load(rows, lake).rows_written == 1
    row = pa.table(lake.query("SELECT * FROM py_copy")).to_pylist()[0]
    assert (row["label"], row["long"], row["nothing"]) == ("x", "y", None)
    assert Decimal(str(row["amount"])) == Decimal("12.50")


def test_a_nested_column_is_refused_by_its_name(lake):
    with pytest.raises(incload.Error, match="'tags'.*nested"):
        load(pa.table({"id": [1], "tags": [["a", "b"]]}), lake)


def test_an_iterator_that_fails_lands_nothing(lake):
    def batches():
        yield pa.record_batch({"id": pa.array([1])})
        raise RuntimeError("the feed went away")

    load(pa.table({"id": [7]}), lake, incload.full_refresh())
    with pytest.raises(incload.CallbackError, match="the feed went away"):
        load(batches(), lake, incload.full_refresh())
    assert pa.table(lake.query("SELECT id FROM py_copy")).to_pylist() == [{"id": 7}]


def test_rows_are_read_once(lake):
    with incload.Database.of_rows(pa.table(ROWS)) as rows:
        assert rows.dialect == "arrow"
        load(rows, lake)
        with pytest.raises(incload.Error, match="read once"):
            load(rows, lake)


def test_what_is_no_rows_is_refused(lake):
    for wrong in (7, "rows", [], [1]):
        with pytest.raises((TypeError, ValueError)):
            load(wrong, lake)
